// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios: how connections begin: Retry, versions, 0-RTT, long flights. What a round
 * trip costs is the subject: bounds of those without loss are round trips.
 */
#include "sim.h"

static const struct sim_scenario scenarios[] = {
	{
		.name = "retry",
		.what = "the server wants the address proved: one round trip more",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(100), .queue = 512 * KB),
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
		.name = "big-flight",
		.what = "a certificate chain of 8000 bytes, with losses",
		.link = BOTH(.delay = 30 * MS, .loss = 150),
		.load = { .n = { 1, 0 }, .bytes = { 1000 } },
		.flight = 8000,
		.done_by = 60 * SEC,
	}, {
		.name = "early",
		.what = "0-RTT: the server has the request half a round trip after it was written",
		.link = BOTH(.delay = 50 * MS),
		.load = { .n = { 3, 0 }, .bytes = { 2 * KB } },
		.early = PAIR_EARLY_ACCEPTED, .lost_max = 1,
		.done_by = 51 * MS, .closed_by = 2 * SEC,
	}, {
		.name = "early-answer",
		.what = "0.5-RTT: its answer is there with its handshake",
		.link = BOTH(.delay = 50 * MS),
		.load = { .n = { 1, 1 }, .bytes = { KB, KB } },
		.flight = 900,	/* three times the client's Initial pays for all */
		.early = PAIR_EARLY_ACCEPTED, .lost_max = 1,
		.done_by = 101 * MS, .closed_by = 2 * SEC,
	}, {
		.name = "early-more",
		.what = "the server takes it and allows ten times as much as remembered",
		.link = BOTH(.delay = 50 * MS, .rate = MBIT(50)),
		.load = { .n = { 12, 2 }, .bytes = { 100 * KB, 100 * KB } },
		.window = MB, .early = PAIR_EARLY_ACCEPTED, .remembered = 10,
		.done_by = 2 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "early-refused",
		.what = "refused 0-RTT data comes again after the handshake",
		.link = BOTH(.delay = 50 * MS),
		.load = { .n = { 3, 0 }, .bytes = { 2 * KB } },
		.early = PAIR_EARLY_REFUSED, .lost_max = 1,
		.done_by = 160 * MS, .closed_by = 2 * SEC,
	}, {
		.name = "early-refused-less",
		.what = "the same, more streams and bytes than the server allows now",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(50)),
		.load = { .n = { 40, 4 }, .bytes = { 30 * KB, 30 * KB } },
		.window = 50 * KB, .stream_window = 6 * KB, .streams = 3,
		.early = PAIR_EARLY_REFUSED, .remembered = 1000,
		.done_by = 10 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "early-loss",
		.what = "a tenth is lost, and packets come before those that open them",
		.link = BOTH(.delay = 20 * MS, .loss = 100, .reorder = 200,
			     .reorder_delay = 30 * MS),
		.load = { .n = { 5, 5 }, .bytes = { 20 * KB, 20 * KB }, .msgs = { 30, 30 },
			  .msg_len = 900 },
		.early = PAIR_EARLY_ACCEPTED,
		.done_by = 60 * SEC, .closed_by = 20 * SEC,
	}, {
		.name = "early-refused-loss",
		.what = "the same, refused",
		.link = BOTH(.delay = 20 * MS, .loss = 100, .reorder = 200,
			     .reorder_delay = 30 * MS),
		.load = { .n = { 5, 5 }, .bytes = { 20 * KB, 20 * KB }, .msgs = { 30, 30 },
			  .msg_len = 900 },
		.early = PAIR_EARLY_REFUSED,
		.done_by = 60 * SEC, .closed_by = 20 * SEC,
	}, {
		.name = "early-retry",
		.what = "what left before the Retry leaves again behind the token",
		.link = BOTH(.delay = 50 * MS),
		.load = { .n = { 3, 0 }, .bytes = { 2 * KB } },
		.retry = true, .early = PAIR_EARLY_ACCEPTED,
		.done_by = 151 * MS, .closed_by = 2 * SEC,
	}, {
		.name = "version-negotiation",
		.what = "the server speaks version 2 alone: one round trip more; order lost",
		.link = BOTH(.delay = 20 * MS, .loss = 100, .dup = 100, .reorder = 200,
			     .reorder_delay = 30 * MS),
		.load = { .n = { 2, 2 }, .bytes = { 50 * KB, 50 * KB } },
		.serves = QUIC_VERSION_V2,
		.done_by = 60 * SEC, .closed_by = 60 * SEC,
	}, {
		.name = "version-changed",
		.what = "the server goes on with version 2: no round trip more",
		.link = BOTH(.delay = 50 * MS, .rate = MBIT(100)),
		.load = { .n = { 1, 1 }, .bytes = { 2 * KB, 2 * KB } },
		.selects = QUIC_VERSION_V2,
		.lost_max = 1, .done_by = 205 * MS, .closed_by = 2 * SEC,
	}, {
		.name = "version-changed-loss",
		.what = "the same with loss, copies, swaps, Retry and 0-RTT",
		.link = BOTH(.delay = 20 * MS, .loss = 100, .dup = 100, .reorder = 200,
			     .reorder_delay = 30 * MS),
		.load = { .n = { 5, 5 }, .bytes = { 20 * KB, 20 * KB } },
		.selects = QUIC_VERSION_V2, .retry = true, .early = PAIR_EARLY_ACCEPTED,
		.done_by = 60 * SEC, .closed_by = 60 * SEC,
	},
};

const struct sim_set sim_set_begin = { scenarios, ARRAY_SIZE(scenarios) };
