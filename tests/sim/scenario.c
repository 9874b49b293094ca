// SPDX-License-Identifier: GPL-2.0
/*
 * All scenarios, which stand by subject in scenario_*.c: a path, a load, what happens
 * besides, and what has to hold.
 *
 * Bounds are in the simulation's time, so that they do not depend on the machine.
 * They are set some way above what the run takes (sim --scenario NAME says): a
 * change that makes a transfer half again as slow is to be seen.
 */
#include "sim.h"

static const struct sim_set *const sets[] = {
	&sim_set_link,
	&sim_set_cc,
	&sim_set_path,
	&sim_set_load,
	&sim_set_begin,
	&sim_set_life,
};

u32 sim_n_scenarios(void)
{
	u32 i, n = 0;

	for (i = 0; i < ARRAY_SIZE(sets); i++)
		n += sets[i]->n;
	return n;
}

const struct sim_scenario *sim_nth_scenario(u32 nth)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		if (nth < sets[i]->n)
			return &sets[i]->row[nth];
		nth -= sets[i]->n;
	}
	return NULL;
}

s32 sim_find(const char *name)
{
	u32 i, n = sim_n_scenarios();

	for (i = 0; i < n; i++) {
		if (!strcmp(sim_nth_scenario(i)->name, name))
			return i;
	}
	return -1;
}
