/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Timers: from_timer() is called timer_container_of() since 6.16, and an hrtimer
 * gets its function in the same call that initialises it since 6.13.
 */
#ifndef QUIC_COMPAT_TIMER_H
#define QUIC_COMPAT_TIMER_H

#include <linux/timer.h>
#include <linux/hrtimer.h>

#ifndef HAVE_TIMER_CONTAINER_OF
#define timer_container_of(var, t, field)	from_timer(var, t, field)
#endif

#ifndef HAVE_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *t,
				 enum hrtimer_restart (*fn)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(t, clock, mode);
	t->function = fn;
}
#endif

#endif /* QUIC_COMPAT_TIMER_H */
