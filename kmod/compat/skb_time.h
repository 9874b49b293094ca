/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Delivery times of skbs: which clock they are of is a type since 6.11, before it was
 * monotonic or not.
 */
#ifndef QUIC_COMPAT_SKB_TIME_H
#define QUIC_COMPAT_SKB_TIME_H

#include <linux/skbuff.h>

#ifndef HAVE_SKB_DELIVERY_TIME_TYPE
#define SKB_CLOCK_MONOTONIC	true
#endif

/* A qdisc that holds skbs until then, fq, is to hold this one until @at, ns, monotonic. */
static inline void quic_skb_leaves_at(struct sk_buff *skb, u64 at)
{
	skb_set_delivery_time(skb, ns_to_ktime(at), SKB_CLOCK_MONOTONIC);
}

#endif /* QUIC_COMPAT_SKB_TIME_H */
