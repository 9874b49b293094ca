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
