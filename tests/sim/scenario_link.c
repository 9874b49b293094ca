// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios: what links do to datagrams: rates, delays, queues; loss, copies, swaps,
 * damage.
 */
#include "sim.h"

static const struct sim_scenario scenarios[] = {
	{
		.name = "clean",
		.what = "20 ms, 100 Mbit/s, nothing is lost",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(100), .queue = 256 * KB),
		.load = { .n = { 1, 0 }, .bytes = { 10 * MB } },
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
		.name = "lan-1500-waits",
		.what = "the same, and ACKs wait for a reader at work",
		.link = BOTH(.delay = 50000, .rate = MBIT(10000), .queue = 2 * MB),
		.load = { .n = { 1, 0 }, .bytes = { 20 * MB } },
		.batch = 44, .tx_max = 8 * MB, .window = 16 * MB, .check_every = 4,
		.reader_sleeps = 8,
		.done_by = 500 * MS, .closed_by = SEC,
	}, {
		.name = "lan-small-waits",
		.what = "the same where no more than 64 KB may be under way",
		.link = BOTH(.delay = 50000, .rate = MBIT(10000), .queue = 2 * MB),
		.load = { .n = { 1, 0 }, .bytes = { 20 * MB } },
		.batch = 44, .tx_max = 64 * KB, .window = 16 * MB, .check_every = 4,
		.reader_sleeps = 8,
		.done_by = SEC, .closed_by = SEC,
	}, {
		.name = "clean-waits",
		.what = "20 ms, 100 Mbit/s, and ACKs wait for a reader at work",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(100), .queue = 256 * KB),
		.load = { .n = { 1, 0 }, .bytes = { 10 * MB } },
		.reader_sleeps = 4,
		.done_by = 2 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "wifi-waits",
		.what = "5 to 45 ms one way, order kept, 1 % lost, and ACKs wait",
		.link = BOTH(.delay = 5 * MS, .jitter = 40 * MS, .rate = MBIT(50),
			     .queue = 200 * KB, .loss = 10),
		.load = { .n = { 1, 1 }, .bytes = { 2 * MB, 2 * MB } },
		.reader_sleeps = 4,
		.done_by = 20 * SEC, .closed_by = 2 * SEC,
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
		/* with more, eight probes in a row fail now and then: silence ends it */
		.load = { .n = { 1, 1 }, .bytes = { 20 * KB, 20 * KB } },
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
		.undone_min = 1, .lost_max = 1000, .done_by = 2400 * MS, .closed_by = 2 * SEC,
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
		.name = "everything-at-once",
		.what = "loss, duplicates, swaps, jitter, damage, a slow queue",
		.link = BOTH(.delay = 30 * MS, .rate = MBIT(5), .queue = 60 * KB, .loss = 30,
			     .dup = 30, .corrupt = 10, .reorder = 50, .reorder_delay = 20 * MS,
			     .jitter = 10 * MS, .burst = 2, .burst_len = 5),
		.load = { .n = { 6, 6 }, .bytes = { 100 * KB, 100 * KB } },
		.done_by = 90 * SEC, .closed_by = 40 * SEC,
	},
};

const struct sim_set sim_set_link = { scenarios, ARRAY_SIZE(scenarios) };
