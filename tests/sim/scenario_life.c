// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios: how connections last and end: silence, keys that wear out, memory that is
 * short. Where the end is the point it is judged who ended it, when, and with which code.
 */
#include "sim.h"

static const struct sim_scenario scenarios[] = {
	{
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
		.name = "memory-fails",
		.what = "one allocation in twenty fails, from the first packets on",
		.link = BOTH(.delay = 10 * MS, .rate = MBIT(20), .queue = 100 * KB, .loss = 10),
		.load = { .n = { 4, 4 }, .bytes = { 200 * KB, 200 * KB } },
		.event = { { 30 * MS, SIM_MEMORY, PAIR_CLIENT, 50 } },
		.done_by = 60 * SEC, .closed_by = 20 * SEC,
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
	},
};

const struct sim_set sim_set_life = { scenarios, ARRAY_SIZE(scenarios) };
