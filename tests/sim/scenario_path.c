// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios: paths that change while data moves both ways: addresses given by a NAT,
 * claimed by others or taken by the client; smaller datagrams; nothing passes at all.
 */
#include "sim.h"

static const struct sim_scenario scenarios[] = {
	{
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
		.persistent_min = 1, .dgrams_max = 2700, .done_by = 40 * SEC, .closed_by = 2 * SEC,
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
		/* enough to say that it is not over before the second */
		.load = { .n = { 1, 1 }, .bytes = { 800 * KB, 800 * KB } },
		.rebind_at = { 5 * SEC, 7 * SEC, 10 * SEC, 14 * SEC },
		.rebind_to = { 1, 2, 3, 4 }, .moves_min = 2, .done_by = 120 * SEC,
	}, {
		.name = "rebinding-each-second",
		.what = "another address each second, for half a minute, data both ways",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(10), .queue = 100 * KB),
		.load = { .n = { 2, 2 }, .bytes = { 14 * MB, 14 * MB } },
		.rebind_every = SEC,
		/* a full queue may drop the CONNECTION_CLOSE: then by silence */
		.moves_min = 29, .done_by = 45 * SEC, .closed_by = 32 * SEC,
	}, {
		.name = "rebinding-each-second-port",
		.what = "the same, but only the port is another",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(10), .queue = 100 * KB),
		.load = { .n = { 2, 2 }, .bytes = { 16 * MB, 6 * MB } },
		.rebind_every = SEC, .rebind_port = true,
		.moves_min = 29, .done_by = 45 * SEC, .closed_by = 2 * SEC,
	}, {
		.name = "rebinding-each-second-loss",
		.what = "the same with 2 % lost, and the server alone has something to say",
		.link = BOTH(.delay = 20 * MS, .rate = MBIT(10), .queue = 100 * KB, .loss = 20),
		.load = { .n = { 0, 2 }, .bytes = { 0, 12 * MB } },
		.rebind_every = SEC,
		.moves_min = 29, .done_by = 90 * SEC,
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
		.load = { .n = { 0, 1 }, .bytes = { 0, 2 * MB } },
		.event = { { 3 * SEC, SIM_MIGRATE, PAIR_CLIENT, 0 } },
		.moves_min = 1, .done_by = 30 * SEC,
	},
};

const struct sim_set sim_set_path = { scenarios, ARRAY_SIZE(scenarios) };
