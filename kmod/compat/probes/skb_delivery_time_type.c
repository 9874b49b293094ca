// SPDX-License-Identifier: GPL-2.0
// Is the clock of a delivery time named by a type, not by a bool?
#include <linux/skbuff.h>

static_assert(!__builtin_types_compatible_p(typeof(&skb_set_delivery_time),
					    void (*)(struct sk_buff *, ktime_t, bool)));
