// SPDX-License-Identifier: GPL-2.0
// Does one call set up an hrtimer and its function?
#include <linux/hrtimer.h>

enum hrtimer_restart probe_fn(struct hrtimer *t);
void probe(struct hrtimer *t);

void probe(struct hrtimer *t)
{
	hrtimer_setup(t, probe_fn, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_PINNED_SOFT);
}
