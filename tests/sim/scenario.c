// SPDX-License-Identifier: GPL-2.0
/*
 * The scenarios: a path, a load, what happens besides, and what has to hold.
 *
 * Bounds are in the simulation's time, so that they do not depend on the machine.
 * They are set some way above what the run takes (sim --scenario NAME says): a
 * change that makes a transfer half again as slow is to be seen.
 */
#include "sim.h"

#define ECN_OK		(QUIC_ECN_STATE_CAPABLE + 1)
#define ECN_MUTE	(QUIC_ECN_STATE_UNKNOWN + 1)
#define ECN_NOT		(QUIC_ECN_STATE_FAILED + 1)

/* The same both ways. */
#define BOTH(...)	{ { __VA_ARGS__ }, { __VA_ARGS__ } }

const struct sim_scenario sim_scenarios[] = {
	{
		.name = "clean",
		.what = "20 ms, 100 Mbit/s, nothing is lost",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(100), .queue = 256 * KB),
		.load = { .n = { 1, 0 }, .bytes = { 10 * MB } },
		.done_by = 2 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "clean-newreno",
		.what = "the same with NewReno",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(100), .queue = 256 * KB),
		.load = { .n = { 1, 0 }, .bytes = { 10 * MB } },
		.newreno = true,
		.done_by = 2 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "no-loss-no-loss",
		.what = "no limit is hit: no packet may be declared lost",
		.link = BOTH(.delay = 5 * MS),
		.load = { .n = { 2, 2 }, .bytes = { 3 * MB, 3 * MB } },
		.lost_max = 1, .done_by = SEC, .closed_by = 2 * SEC,
	}, {
		.name = "lan-10g",
		.what = "10 Gbit/s, 100 us",
		.link = BOTH(.delay = 50000, .rate = MBIT(10000), .queue = 2 * MB),
		.load = { .n = { 1, 0 }, .bytes = { 60 * MB } },
		.mtu = 8952, .batch = 64, .tx_max = 8 * MB, .window = 16 * MB,
		.check_every = 4,
		.done_by = 500 * MS, .closed_by = SEC,
	}, {
		.name = "lan-1500",
		.what = "10 Gbit/s with datagrams of 1452 bytes",
		.link = BOTH(.delay = 50000, .rate = MBIT(10000), .queue = 2 * MB),
		.load = { .n = { 1, 0 }, .bytes = { 20 * MB } },
		.batch = 44, .tx_max = 8 * MB, .window = 16 * MB, .check_every = 4,
		.done_by = 500 * MS, .closed_by = SEC,
	}, {
		.name = "satellite",
		.what = "600 ms, 50 Mbit/s down, 5 Mbit/s up",
		.link = {
			{ .delay = 300 * MS, .rate = MBIT(5), .queue = 500 * KB },
			{ .delay = 300 * MS, .rate = MBIT(50), .queue = 4 * MB },
		},
		.load = { .n = { 0, 1 }, .bytes = { 0, 20 * MB } },
		.window = 16 * MB, .tx_max = 16 * MB, .check_every = 16,
		.done_by = 15 * SEC, .closed_by = 5 * SEC,
	}, {
		.name = "satellite-tuned",
		.what = "the same with small windows that grow as the reader reads",
		.link = {
			{ .delay = 300 * MS, .rate = MBIT(5), .queue = 500 * KB },
			{ .delay = 300 * MS, .rate = MBIT(50), .queue = 4 * MB },
		},
		.load = { .n = { 0, 1 }, .bytes = { 0, 20 * MB } },
		.window = 512 * KB, .stream_window = 256 * KB, .window_max = 16 * MB,
		.tx_max = 16 * MB, .check_every = 16,
		.done_by = 16 * SEC, .closed_by = 5 * SEC,
	}, {
		.name = "satellite-loss",
		.what = "the same, 1 % lost",
		.link = {
			{ .delay = 300 * MS, .rate = MBIT(5), .queue = 500 * KB, .loss = 10 },
			{ .delay = 300 * MS, .rate = MBIT(50), .queue = 4 * MB, .loss = 10 },
		},
		.load = { .n = { 0, 1 }, .bytes = { 0, 3 * MB } },
		.window = 16 * MB, .tx_max = 16 * MB, .check_every = 4,
		.done_by = 90 * SEC, .closed_by = 10 * SEC,
	}, {
		.name = "wifi-jitter",
		.what = "5 to 45 ms one way, order kept, 1 % lost",
		.link = BOTH(.delay = 5 * MS, .jitter = 40 * MS, .rate = MBIT(50),
			     .queue = 200 * KB, .loss = 10),
		.load = { .n = { 1, 1 }, .bytes = { 2 * MB, 2 * MB } },
		.done_by = 20 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "bufferbloat",
		.what = "2 Mbit/s with 2 MB of queue: seconds of delay of one's own making",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(2), .queue = 2 * MB),
		.load = { .n = { 1, 0 }, .bytes = { 3 * MB } },
		.tx_max = 4 * MB,
		.done_by = 20 * SEC, .closed_by = 15 * SEC,
	}, {
		.name = "shallow-queue",
		.what = "20 Mbit/s with a queue of 10 datagrams",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(20), .queue = 14 * KB),
		.load = { .n = { 1, 0 }, .bytes = { 4 * MB } },
		.done_by = 10 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "asymmetric",
		.what = "100 Mbit/s one way, 256 kbit/s for the ACKs",
		.link = {
			{ .delay = 10 * MS, .rate = MBIT(100), .queue = 128 * KB },
			{ .delay = 10 * MS, .rate = 32000, .queue = 16 * KB },
		},
		.load = { .n = { 1, 0 }, .bytes = { 4 * MB } },
		.done_by = 10 * SEC, .closed_by = 5 * SEC,
	}, {
		.name = "loss-1",
		.what = "1 % lost both ways",
		.link = BOTH(.delay = 20 * MS, .loss = 10),
		.load = { .n = { 2, 2 }, .bytes = { 500 * KB, 500 * KB } },
		.done_by = 20 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "loss-30",
		.what = "30 % lost both ways",
		.link = BOTH(.delay = 20 * MS, .loss = 300),
		.load = { .n = { 1, 1 }, .bytes = { 50 * KB, 50 * KB } },
		.done_by = 120 * SEC,
	}, {
		.name = "loss-bursts",
		.what = "bursts of 20 datagrams lost",
		.link = BOTH(.delay = 20 * MS, .burst = 5, .burst_len = 20),
		.load = { .n = { 1, 1 }, .bytes = { 500 * KB, 500 * KB } },
		.done_by = 60 * SEC, .closed_by = 20 * SEC,
	}, {
		.name = "loss-one-way",
		.what = "only the ACKs are lost, half of them",
		.link = { { .delay = 20 * MS }, { .delay = 20 * MS, .loss = 500 } },
		.load = { .n = { 1, 0 }, .bytes = { 2 * MB } },
		.done_by = 15 * SEC, .closed_by = 20 * SEC,
	}, {
		.name = "swaps",
		.what = "neighbours change places: that is no loss",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(100), .reorder = 100,
			     .reorder_delay = 200000),
		.load = { .n = { 1, 0 }, .bytes = { 2 * MB } },
		.lost_max = 20, .done_by = 2 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "reorder-100",
		.what = "one in twenty is overtaken by up to a hundred: losses are waited for",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(100), .queue = 256 * KB,
			     .reorder = 50, .reorder_delay = 12 * MS),
		.load = { .n = { 1, 0 }, .bytes = { 20 * MB } },
		.lost_max = 1000, .done_by = 2400 * MS, .closed_by = 2 * SEC,
	}, {
		.name = "reorder-half",
		.what = "every other one is overtaken by up to a hundred",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(100), .queue = 256 * KB,
			     .reorder = 500, .reorder_delay = 12 * MS),
		.load = { .n = { 1, 0 }, .bytes = { 20 * MB } },
		.done_by = 3 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "overtaken",
		.what = "few are in flight, and three hundred overtake one: it opens all the same",
		.link = BOTH(.delay = 2 * MS, .rate = MBIT(100), .queue = 64 * KB,
			     .reorder = 5, .reorder_delay = 40 * MS),
		.load = { .n = { 1, 0 }, .bytes = { 4 * MB } },
		.done_by = 10 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "duplicates",
		.what = "half of the datagrams come twice",
		.link = BOTH(.delay = 10 * MS, .dup = 500),
		.load = { .n = { 2, 2 }, .bytes = { MB, MB } },
		.lost_max = 1, .done_by = 2 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "corruption",
		.what = "one bit of one in ten datagrams is turned",
		.link = BOTH(.delay = 10 * MS, .corrupt = 100),
		.load = { .n = { 1, 1 }, .bytes = { 200 * KB, 200 * KB } },
		.done_by = 60 * SEC, .closed_by = 20 * SEC,
	}, {
		.name = "ecn-marks",
		.what = "one in fifty datagrams is marked CE: slower, nothing is lost",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(50), .queue = 100 * KB, .ce = 20),
		.load = { .n = { 1, 0 }, .bytes = { 4 * MB } },
		.ecn = { ECN_OK, ECN_OK }, .ce_min = 40,
		.lost_max = 1, .done_by = 9 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "ecn-queue",
		.what = "a queue that marks from 40 KB on: full speed, nothing is lost",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(50), .queue = 200 * KB,
			     .mark_at = 40 * KB),
		.load = { .n = { 1, 0 }, .bytes = { 12 * MB } },
		.ecn = { ECN_OK, ECN_OK }, .ce_min = 1,
		.lost_max = 1, .done_by = 2500 * MS, .closed_by = 2 * SEC,
	}, {
		.name = "ecn-bleached",
		.what = "a router clears half of the marks one way: noticed, and no harm done",
		.link = { { .delay = 10 * MS, .rate = MBIT(50), .queue = 200 * KB, .bleach = 500 },
			  { .delay = 10 * MS, .rate = MBIT(50), .queue = 200 * KB } },
		.load = { .n = { 1, 1 }, .bytes = { 2 * MB, 2 * MB } },
		.ecn = { ECN_NOT, ECN_OK },
		.done_by = 2 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "ecn-all-marked",
		.what = "every packet comes marked CE: that means nothing",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(50), .queue = 200 * KB, .ce = 1000),
		.load = { .n = { 1, 0 }, .bytes = { 4 * MB } },
		.ecn = { ECN_NOT, ECN_NOT }, .ce_min = 10,
		.done_by = 2 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "ecn-dropped",
		.what = "marked datagrams vanish: connects all the same, and then without",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(50), .queue = 200 * KB, .no_ect = true),
		.load = { .n = { 1, 1 }, .bytes = { 2 * MB, 2 * MB } },
		.ecn = { ECN_MUTE, ECN_MUTE },
		.done_by = 6 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "optimistic-acks",
		.what = "a peer that acknowledges what it did not get is told so, and left",
		.link = BOTH(.delay = 50 * MS, .rate = MBIT(50), .queue = 500 * KB),
		.load = { .n = { 0, 1 }, .bytes = { 0, 50 * MB } },
		.event = { { 2 * SEC, SIM_OPTIMIST, PAIR_SERVER, 0 } },
		.end = SIM_END_EVENT, .code = QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION + 1,
		.closed_by = 2 * SEC,
	}, {
		.name = "mtu-drop",
		.what = "the path's MTU falls from 1452 to 1280 in the middle",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(50), .queue = 200 * KB,
			     .mtu_at = 300 * MS, .mtu_then = 1280),
		.load = { .n = { 1, 0 }, .bytes = { 4 * MB } },
		.done_by = 20 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "mtu-small",
		.what = "the path carries 1200 bytes and no more",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(50), .queue = 200 * KB, .mtu = 1200),
		.load = { .n = { 1, 0 }, .bytes = { 2 * MB } },
		.done_by = 3 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "blackout",
		.what = "nothing passes for 10 s: few probes, then it goes on",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(10), .queue = 100 * KB,
			     .down_at = 500 * MS, .down_for = 10 * SEC),
		.load = { .n = { 1, 0 }, .bytes = { 2 * MB } },
		.dgrams_max = 2700, .done_by = 40 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "blackout-idle",
		.what = "nothing passes any more: both ends give up",
		.link = BOTH(.delay = 20 * MS, .down_at = 300 * MS, .down_for = 1000 * SEC),
		.load = { .n = { 1, 0 }, .bytes = { 50 * MB } },
		.event = { { 100 * SEC, SIM_SHUTDOWN, PAIR_CLIENT, 0 } },
		.end = SIM_END_EVENT, .closed_by = SEC,
	}, {
		.name = "rebinding",
		.what = "a NAT gives the client another address, and the first again",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(10), .queue = 100 * KB),
		.load = { .n = { 1, 1 }, .bytes = { MB, MB } },
		.rebind_at = { 400 * MS, 4 * SEC }, .rebind_to = { 1, 0 },
		.moves_min = 1, .moves_max = 2, .done_by = 5 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "rebinding-port",
		.what = "another port every 300 ms: less slow than with another address",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(20), .queue = 100 * KB),
		.load = { .n = { 1, 1 }, .bytes = { 3 * MB, 3 * MB } },
		.rebind_at = { 300 * MS, 600 * MS, 900 * MS, 1200 * MS },
		.rebind_to = { 1, 2, 3, 4 }, .rebind_port = true,
		.moves_min = 4, .moves_max = 4, .done_by = 3 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "rebinding-loss",
		.what = "new addresses where a fifth is lost: challenges are repeated",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(20), .queue = 100 * KB, .loss = 200),
		.load = { .n = { 1, 1 }, .bytes = { 200 * KB, 200 * KB } },
		.rebind_at = { 3 * SEC, 5 * SEC, 8 * SEC, 12 * SEC },
		.rebind_to = { 1, 2, 3, 4 }, .moves_min = 2, .done_by = 60 * SEC,
	}, {
		.name = "spoofed",
		.what = "one in ten datagrams is overtaken by a copy from another address",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(5), .queue = 100 * KB),
		.load = { .n = { 1, 1 }, .bytes = { 4 * MB, MB } },
		.spoof = 100,
		.moves_min = 5, .failed_min = 1, .done_by = 20 * SEC, .closed_by = 20 * SEC,
	}, {
		.name = "spoofed-all",
		.what = "every datagram is: it goes on all the same",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(20), .queue = 100 * KB),
		.load = { .n = { 1, 0 }, .bytes = { MB } },
		.spoof = 1000,
		.moves_min = 50, .done_by = 2 * SEC,
	}, {
		.name = "migration",
		.what = "the client moves to another address twice, in the middle",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(20), .queue = 100 * KB),
		.load = { .n = { 1, 1 }, .bytes = { 3 * MB, 3 * MB } },
		.event = { { 500 * MS, SIM_MIGRATE, PAIR_CLIENT, 0 },
			   { SEC, SIM_MIGRATE, PAIR_CLIENT, 0 } },
		.moves_min = 2, .moves_max = 2, .done_by = 3500 * MS, .closed_by = 2 * SEC,
	}, {
		.name = "migration-loss",
		.what = "the same with losses, only the server has something to say",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(20), .queue = 100 * KB, .loss = 50),
		.load = { .n = { 0, 1 }, .bytes = { 0, MB } },
		.event = { { 500 * MS, SIM_MIGRATE, PAIR_CLIENT, 0 } },
		.moves_min = 1, .done_by = 30 * SEC,
	}, {
		.name = "many-streams",
		.what = "a thousand streams of 2 KB, a hundred at a time",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(50), .queue = 200 * KB),
		.load = { .n = { 1000, 0 }, .bytes = { 2 * KB } },
		.streams = 100,
		.done_by = 5 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "many-at-once",
		.what = "300 streams at once, both ways, with losses",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(50), .queue = 200 * KB, .loss = 20),
		.load = { .n = { 300, 300 }, .bytes = { 5 * KB, 5 * KB }, .uni = true },
		.streams = 400, .check_every = 8,
		.done_by = 20 * SEC, .closed_by = 5 * SEC,
	}, {
		.name = "urgent",
		.what = "100 KB of urgency 0 overtake eight streams of urgency 3 in mid-transfer",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(20), .queue = 50 * KB),
		.load = { .n = { 8, 0 }, .bytes = { 400 * KB } },
		.event = {
			{ 500 * MS, SIM_URGENT, PAIR_CLIENT, 100 },
			{ 620 * MS, SIM_OVERTOOK, PAIR_CLIENT, 0 },
		},
		.tx_max = 4 * MB,
		.done_by = 2 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "urgent-loss",
		.what = "the same, 1 % lost: what is sent again is urgent too",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(20), .queue = 50 * KB, .loss = 10),
		.load = { .n = { 8, 0 }, .bytes = { 1200 * KB } },
		.event = {
			{ 3000 * MS, SIM_URGENT, PAIR_CLIENT, 100 },
			{ 3400 * MS, SIM_OVERTOOK, PAIR_CLIENT, 0 },
		},
		.tx_max = 12 * MB,
		.done_by = 30 * SEC, .closed_by = 20 * SEC,
	}, {
		.name = "shared-evenly",
		.what = "eight incremental streams move at one speed",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(20)),
		.load = { .n = { 8, 0 }, .bytes = { 400 * KB } },
		.event = {
			{ 200 * MS, SIM_EVEN, PAIR_CLIENT, 3 },
			{ 500 * MS, SIM_EVEN, PAIR_CLIENT, 3 },
			{ 800 * MS, SIM_EVEN, PAIR_CLIENT, 3 },
			{ 1100 * MS, SIM_EVEN, PAIR_CLIENT, 3 },
		},
		.tx_max = 4 * MB,
		.done_by = 2 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "tiny-streams",
		.what = "2000 streams of one byte, 16 at a time",
		.link = BOTH(.delay = MS),
		.load = { .n = { 2000, 0 }, .bytes = { 1 }, .uni = true },
		.done_by = 3 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "empty-streams",
		.what = "FIN and nothing else, with losses",
		.link = BOTH(.delay = 10 * MS, .loss = 50),
		.load = { .n = { 300, 300 }, .bytes = { 0, 0 } },
		.done_by = 30 * SEC, .closed_by = 5 * SEC,
	}, {
		.name = "tiny-windows",
		.what = "flow control of 3000 bytes, 1000 a stream",
		.link = BOTH(.delay = 10 * MS, .loss = 20),
		.load = { .n = { 8, 8 }, .bytes = { 20 * KB, 20 * KB } },
		.window = 3000, .stream_window = 1000, .streams = 4,
		.done_by = 60 * SEC, .closed_by = 5 * SEC,
	}, {
		.name = "both-directions",
		.what = "a bulk transfer each way over the same bottleneck",
		.link = BOTH(.delay = 15 * MS, .rate = MBIT(30), .queue = 150 * KB),
		.load = { .n = { 2, 2 }, .bytes = { 2 * MB, 2 * MB } },
		.done_by = 6 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "reader-stops",
		.what = "the server does not read for 20 s",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(50), .queue = 200 * KB),
		.load = { .n = { 1, 0 }, .bytes = { 8 * MB } },
		.event = {
			{ 200 * MS, SIM_STOP_READING, PAIR_SERVER, 0 },
			{ 20200 * MS, SIM_READ, PAIR_SERVER, 0 },
		},
		.window = 400 * KB,
		.done_by = 30 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "reader-stops-tuned",
		.what = "the same where windows grow: no more than they are is held",
		.link = BOTH(.delay = 40 * MS, .rate = MBIT(50), .queue = 400 * KB),
		.load = { .n = { 2, 0 }, .bytes = { 6 * MB } },
		.event = {
			{ 1200 * MS, SIM_STOP_READING, PAIR_SERVER, 0 },
			{ 10 * SEC, SIM_READ, PAIR_SERVER, 0 },
		},
		.window = 60 * KB, .stream_window = 30 * KB, .window_max = 3 * MB,
		.done_by = 13 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "resets",
		.what = "streams are reset and stopped while they move, with losses",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(20), .queue = 100 * KB, .loss = 30),
		.load = { .n = { 8, 8 }, .bytes = { 300 * KB, 300 * KB } },
		.event = {
			{ 100 * MS, SIM_RESET, PAIR_CLIENT, 0 },
			{ 120 * MS, SIM_RESET, PAIR_CLIENT, 3 },
			{ 150 * MS, SIM_STOP, PAIR_SERVER, 1 },
			{ 200 * MS, SIM_STOP, PAIR_CLIENT, 9 },
			{ 250 * MS, SIM_RESET, PAIR_SERVER, 10 },
			{ 300 * MS, SIM_STOP, PAIR_SERVER, 4 },
		},
		.window = 200 * KB, .stream_window = 60 * KB,
		.done_by = 60 * SEC, .closed_by = 5 * SEC,
	}, {
		.name = "long-life",
		.what = "two minutes of a slow transfer: longer than any idle time-out",
		.link = BOTH(.delay = 100 * MS, .rate = 20000, .queue = 20 * KB),
		.load = { .n = { 1, 0 }, .bytes = { 2 * MB } },
		.idle_ms = 10000,
		.done_by = 180 * SEC, .closed_by = 30 * SEC,
	}, {
		.name = "idle",
		.what = "all is said; both ends fall silent and give up",
		.link = BOTH(.delay = 10 * MS),
		.load = { .n = { 1, 1 }, .bytes = { 1000, 1000 } },
		.end = SIM_END_IDLE,
		.dgrams_max = 40, .lost_max = 1, .done_by = SEC, .closed_by = 31 * SEC,
	}, {
		.name = "retry",
		.what = "the server wants the address proved: one round trip more",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(100), .queue = 256 * KB),
		.load = { .n = { 1, 1 }, .bytes = { MB, MB } },
		.retry = true,
		.lost_max = 1, .done_by = SEC, .closed_by = 2 * SEC,
	}, {
		.name = "retry-loss-5",
		.what = "the same, 5 % lost both ways",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(100), .queue = 256 * KB, .loss = 50),
		.load = { .n = { 1, 1 }, .bytes = { 200 * KB, 200 * KB } },
		.retry = true,
		.done_by = 20 * SEC,
	}, {
		.name = "retry-everything",
		.what = "Retry with a third lost, a third twice, order lost, damage",
		.link = BOTH(.delay = 20 * MS, .loss = 300, .dup = 300, .corrupt = 50,
			     .reorder = 200, .reorder_delay = 100 * MS),
		.load = { .n = { 1, 1 }, .bytes = { 20 * KB, 20 * KB } },
		.retry = true, .idle_ms = 300000,
		.done_by = 120 * SEC,
	}, {
		.name = "memory-fails",
		.what = "one allocation in twenty fails, from the first packets on",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(20), .queue = 100 * KB, .loss = 10),
		.load = { .n = { 4, 4 }, .bytes = { 200 * KB, 200 * KB } },
		.event = { { 30 * MS, SIM_MEMORY, PAIR_CLIENT, 50 } },
		.done_by = 60 * SEC, .closed_by = 20 * SEC,
	}, {
		.name = "big-flight",
		.what = "a certificate chain of 8000 bytes, with losses",
		.link = BOTH(.delay = 30 * MS, .loss = 150),
		.load = { .n = { 1, 0 }, .bytes = { 1000 } },
		.flight = 8000,
		.done_by = 60 * SEC,
	}, {
		.name = "datagrams",
		.what = "datagrams beside a stream, 1 % lost: each gets its share",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(20), .queue = 100 * KB,
			     .loss = 10),
		.load = { .n = { 1, 1 }, .bytes = { 3 * MB, 500 * KB },
			  .msgs = { 4000, 2000 }, .msg_len = 1400 },
		.done_by = 16 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "datagrams-alone",
		.what = "no stream at all, no loss: nothing may be declared lost",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(50), .queue = 500 * KB),
		.load = { .msgs = { 5000, 0 }, .msg_len = 1100 },
		.lost_max = 1, .done_by = 2 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "datagrams-anyhow",
		.what = "loss, duplicates, swaps, damage; a reader that stops for seconds",
		.link = BOTH(.delay = 30 * MS, .rate = MBIT(5), .queue = 60 * KB, .loss = 30,
			     .dup = 100, .corrupt = 10, .reorder = 50,
			     .reorder_delay = 20 * MS, .burst = 2, .burst_len = 5),
		.load = { .n = { 2, 2 }, .bytes = { 100 * KB, 100 * KB },
			  .msgs = { 2000, 2000 }, .msg_len = 1500 },
		.event = { { SEC, SIM_STOP_READING, PAIR_SERVER, 0 },
			   { 4 * SEC, SIM_READ, PAIR_SERVER, 0 } },
		.done_by = 60 * SEC, .closed_by = 30 * SEC,
	}, {
		.name = "key-updates",
		.what = "both ends update keys every few packets, with loss and reordering",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(20), .queue = 100 * KB, .loss = 30,
			     .dup = 20, .reorder = 100, .reorder_delay = 15 * MS),
		.load = { .n = { 3, 3 }, .bytes = { 400 * KB, 400 * KB } },
		.update_every = { 5, 7 }, .hasty = true, .updates_min = 20,
		.done_by = 30 * SEC, .closed_by = 5 * SEC,
	}, {
		.name = "key-updates-clean",
		.what = "the same without trouble and without haste: that costs nothing",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(20), .queue = 256 * KB),
		.load = { .n = { 1, 1 }, .bytes = { 3 * MB, 3 * MB } },
		.window = 100 * KB, .stream_window = 100 * KB,
		.update_every = { 20, 20 }, .updates_min = 5, .lost_max = 1,
		.done_by = 3 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "key-updates-slow-host",
		.what = "the peer's packets come long before there are keys for them",
		.link = BOTH(.delay = 5 * MS, .rate = MBIT(20), .queue = 100 * KB, .reorder = 50,
			     .reorder_delay = 20 * MS),
		.load = { .n = { 2, 2 }, .bytes = { 500 * KB, 500 * KB } },
		.update_every = { 10, 0 }, .hasty = true, .keys_ms = 40, .updates_min = 3,
		.done_by = 30 * SEC, .closed_by = 5 * SEC,
	}, {
		.name = "everything-at-once",
		.what = "loss, duplicates, swaps, jitter, damage, a slow queue",
		.link = BOTH(.delay = 30 * MS, .rate = MBIT(5), .queue = 60 * KB, .loss = 30,
			     .dup = 30, .corrupt = 10, .reorder = 50, .reorder_delay = 20 * MS,
			     .jitter = 10 * MS, .burst = 2, .burst_len = 5),
		.load = { .n = { 6, 6 }, .bytes = { 100 * KB, 100 * KB } },
		.done_by = 90 * SEC, .closed_by = 30 * SEC,
	},
};

const u32 sim_n_scenarios = ARRAY_SIZE(sim_scenarios);

const struct sim_scenario *sim_find(const char *name)
{
	u32 i;

	for (i = 0; i < sim_n_scenarios; i++) {
		if (!strcmp(sim_scenarios[i].name, name))
			return &sim_scenarios[i];
	}
	return NULL;
}
