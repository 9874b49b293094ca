// SPDX-License-Identifier: GPL-2.0
// Is del_timer_sync called timer_delete_sync?
#include <linux/timer.h>

int probe(struct timer_list *t);

int probe(struct timer_list *t)
{
	return timer_delete_sync(t);
}
