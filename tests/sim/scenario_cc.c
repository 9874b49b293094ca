// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios: congestion control, one flow alone, and what it learns from: losses, ACKs,
 * ECN, silence, an application with little to say. Two flows are rivals.c's subject.
 */
#include "sim.h"

#define ECN_OK		(QUIC_ECN_STATE_CAPABLE + 1)
#define ECN_MUTE	(QUIC_ECN_STATE_UNKNOWN + 1)
#define ECN_NOT		(QUIC_ECN_STATE_FAILED + 1)

static const struct sim_scenario scenarios[] = {
	{
		.name = "cubic-fills",
		.what = "CUBIC fills 90 % of 100 Mbit/s at 50 ms, from the first packet on",
		.link = BOTH(.delay = 25 * MS, .rate = MBIT(100), .queue = 625 * KB),
		.load = { .n = { 1, 0 }, .bytes = { 60 * MB } },
		.window = 16 * MB, .stream_window = 16 * MB, .tx_max = 16 * MB,
		.check_every = 16,
		.done_by = 60 * MB * SEC / (MBIT(100) / 10 * 9), .closed_by = 2 * SEC,
	}, {
		.name = "cubic-fills-tuned",
		.what = "the same with small windows that grow as the reader reads",
		.link = BOTH(.delay = 25 * MS, .rate = MBIT(100), .queue = 625 * KB),
		.load = { .n = { 1, 0 }, .bytes = { 60 * MB } },
		.window = 256 * KB, .stream_window = 128 * KB, .window_max = 16 * MB,
		.tx_max = 16 * MB, .check_every = 16,
		.done_by = 60 * MB * SEC / (MBIT(100) / 10 * 9), .closed_by = 2 * SEC,
	}, {
		.name = "clean-newreno",
		.what = "20 ms, 100 Mbit/s, nothing is lost, with NewReno",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(100), .queue = 256 * KB),
		.load = { .n = { 1, 0 }, .bytes = { 10 * MB } },
		.newreno = true,
		.done_by = 2 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "newreno-loss",
		.what = "NewReno, 1 % lost both ways",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(50), .queue = 200 * KB, .loss = 10),
		.load = { .n = { 2, 2 }, .bytes = { 2 * MB, 2 * MB } },
		.newreno = true,
		.done_by = 20 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "newreno-loss-30",
		.what = "NewReno, 30 % lost both ways",
		.link = BOTH(.delay = 20 * MS, .loss = 300),
		/* with more, eight probes in a row fail now and then: silence ends it */
		.load = { .n = { 1, 1 }, .bytes = { 20 * KB, 20 * KB } },
		.newreno = true,
		.done_by = 120 * SEC,
	}, {
		.name = "newreno-shallow-queue",
		.what = "NewReno, 20 Mbit/s with a queue of 10 datagrams",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(20), .queue = 14 * KB),
		.load = { .n = { 1, 0 }, .bytes = { 4 * MB } },
		.newreno = true,
		.done_by = 10 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "newreno-reorder-100",
		.what = "NewReno, one in twenty overtaken by up to a hundred: that is undone",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(100), .queue = 256 * KB,
			     .reorder = 50, .reorder_delay = 12 * MS),
		.load = { .n = { 1, 0 }, .bytes = { 20 * MB } },
		.newreno = true, .undone_min = 1,
		.lost_max = 1000, .done_by = 2800 * MS, .closed_by = 2 * SEC,
	}, {
		.name = "newreno-limited",
		.what = "NewReno, 40 KB are under way at most: the window stays near that",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(100), .queue = 256 * KB),
		.load = { .n = { 1, 0 }, .bytes = { 4 * MB } },
		.newreno = true, .tx_max = 40 * KB, .cwnd_max = 130 * KB,
		.lost_max = 1, .done_by = 6 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "cubic-limited",
		.what = "CUBIC, the same",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(100), .queue = 256 * KB),
		.load = { .n = { 1, 0 }, .bytes = { 4 * MB } },
		.tx_max = 40 * KB, .cwnd_max = 130 * KB,
		.lost_max = 1, .done_by = 6 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "newreno-pauses",
		.what = "NewReno, an application that pauses for 3 s: no burst behind the silence",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(20), .queue = 100 * KB),
		.load = { .n = { 1, 0 }, .bytes = { 6 * MB } },
		.event = {
			{ 1000 * MS, SIM_STOP_WRITING, PAIR_CLIENT, 0 },
			{ 4000 * MS, SIM_WRITE, PAIR_CLIENT, 0 },
		},
		.newreno = true,
		.done_by = 7 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "persistent",
		.what = "nothing passes for 3 s in the middle of a transfer: persistent congestion",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(20), .queue = 100 * KB,
			     .down_at = 2 * SEC, .down_for = 3 * SEC),
		.load = { .n = { 1, 0 }, .bytes = { 10 * MB } },
		.persistent_min = 1, .done_by = 12 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "persistent-newreno",
		.what = "the same with NewReno",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(20), .queue = 100 * KB,
			     .down_at = 2 * SEC, .down_for = 3 * SEC),
		.load = { .n = { 1, 0 }, .bytes = { 10 * MB } },
		.newreno = true,
		.persistent_min = 1, .done_by = 12 * SEC, .closed_by = 2 * SEC,
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
	},
};

const struct sim_set sim_set_cc = { scenarios, ARRAY_SIZE(scenarios) };
