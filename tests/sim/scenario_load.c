// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios: what an application moves: streams, few and many, urgent and slow, resets;
 * datagrams; readers that stop.
 */
#include "sim.h"

static const struct sim_scenario scenarios[] = {
	{
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
		.name = "shared-evenly-slow",
		.what = "the same at 1 Mbit/s, where trains are never long: a packet each",
		.link = BOTH(.delay = 50 * MS, .rate = MBIT(1)),
		.load = { .n = { 8, 0 }, .bytes = { 60 * KB } },
		.event = {
			{ 400 * MS, SIM_EVEN, PAIR_CLIENT, 3 },
			{ 800 * MS, SIM_EVEN, PAIR_CLIENT, 3 },
			{ 1600 * MS, SIM_EVEN, PAIR_CLIENT, 3 },
			{ 3200 * MS, SIM_EVEN, PAIR_CLIENT, 3 },
		},
		.batch = 44, .tx_max = 4 * MB,
		.done_by = 6 * SEC, .closed_by = 10 * SEC,
	}, {
		.name = "shared-evenly-fast",
		.what = "the same in trains of any length: an eighth of one apart at most",
		.link = BOTH(.delay = 5 * MS),
		.load = { .n = { 8, 0 }, .bytes = { 2500 * KB } },
		.event = {
			{ 80 * MS, SIM_EVEN, PAIR_CLIENT, 8 },
			{ 85 * MS, SIM_EVEN, PAIR_CLIENT, 8 },
			{ 90 * MS, SIM_EVEN, PAIR_CLIENT, 8 },
			{ 95 * MS, SIM_EVEN, PAIR_CLIENT, 8 },
			{ 100 * MS, SIM_EVEN, PAIR_CLIENT, 8 },
		},
		.window = 16 * MB, .stream_window = 16 * MB,
		.batch = 44, .tx_max = 64 * MB, .check_every = 64,
		.done_by = 1 * SEC, .closed_by = 2 * SEC,
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
		.end = SIM_END_CLOSE, .code = SIM_CODE_CLOSE + 1,
		.window = 200 * KB, .stream_window = 60 * KB,
		.done_by = 60 * SEC, .closed_by = 5 * SEC,
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
	},
};

const struct sim_set sim_set_load = { scenarios, ARRAY_SIZE(scenarios) };
