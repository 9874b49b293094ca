// SPDX-License-Identifier: GPL-2.0
/*
 * 0-RTT packets that nobody owns yet: they have overtaken their Initial, or it still
 * waits for the worker that makes an embryo of it.
 *
 *   softirq   quic_early_keep()   a copy of the datagram, in a queue of the port
 *   worker    quic_early_take()   the embryo is there: they go to it, which keeps them
 *                                 until it has keys (rx.c)
 *             early_work_fn()     KEEP old: dropped
 *
 * All that is known of such a packet is the connection ID that its client has drawn, so
 * what a stranger can have us hold is bounded: QUIC_EARLY_MAX datagrams and
 * QUIC_EARLY_BYTES for a port, an eighth of it for a group of sources once half is
 * taken, each for KEEP. Who lost one sends its bytes again.
 *
 * None is missed: whether a connection has the ID is asked under the queue's lock, and
 * the worker publishes an embryo's ID before it takes that lock.
 *
 * None stays: a port without listeners keeps nothing, which is looked at under the lock
 * as well, and the last listener to go empties the queue. So no work is left then, nor
 * a reference of it.
 *
 * Worst case: QUIC_EARLY_MAX headers compared for a new connection.
 */
#include "packet.h"

#define KEEP	HZ		/* the first PTO: then the Initial is sent again, and 0-RTT */

/* Lock held. */
static void unlink_early(struct quic_early_ring *r, struct sk_buff *skb,
			 struct sk_buff_head *list)
{
	__skb_unlink(skb, &r->q);
	r->bytes -= skb->truesize;
	r->of[quic_share_of(skb)]--;
	__skb_queue_tail(list, skb);
}

static void drop_early(struct quic_udp *udp, struct sk_buff_head *list)
{
	quic_mib_add(udp->net, DropEarly, skb_queue_len(list));
	__skb_queue_purge(list);
}

/**
 * quic_early_room - is there a place for a datagram of this skb?
 * @udp: where it came in
 * @skb: it, or a train
 * Context: any. Return: a hint.
 */
bool quic_early_room(const struct quic_udp *udp, const struct sk_buff *skb)
{
	const struct quic_early_ring *r = &udp->early;

	return quic_share_left(READ_ONCE(r->of[quic_share_of(skb)]),
			       skb_queue_len_lockless(&r->q), QUIC_EARLY_MAX) &&
	       READ_ONCE(r->bytes) < QUIC_EARLY_BYTES;
}

/* Lock held. Return: it is kept. */
static bool add(struct quic_udp *udp, struct sk_buff *skb)
{
	struct quic_early_ring *r = &udp->early;
	u32 share = quic_share_of(skb);

	if (hlist_empty(&udp->listeners) ||
	    !quic_share_left(r->of[share], skb_queue_len(&r->q), QUIC_EARLY_MAX) ||
	    r->bytes + skb->truesize > QUIC_EARLY_BYTES)
		return false;
	/* data_ready may be here without a reference: one for the work */
	if (!refcount_inc_not_zero(&udp->refs))
		return false;
	if (!queue_delayed_work(quic_wq, &r->work, KEEP))
		quic_udp_put(udp);
	skb->tstamp = ktime_get();
	r->bytes += skb->truesize;
	r->of[share]++;
	__skb_queue_tail(&r->q, skb);
	return true;
}

/**
 * quic_early_keep - 0-RTT that no connection owns
 * @udp: where it came in, with listeners, which have let it pass
 * @skb: copy of its datagram, linear; consumed
 * @dcid: its destination
 *
 * Without a place it is dropped and counted.
 * Context: BH off, RCU read lock. Return: false: a connection has it, now: not kept.
 */
bool quic_early_keep(struct quic_udp *udp, struct sk_buff *skb, const struct quic_cid *dcid)
{
	struct quic_early_ring *r = &udp->early;
	bool owned, kept;

	spin_lock(&r->q.lock);
	owned = quic_listen_owned(udp, dcid);
	kept = !owned && add(udp, skb);
	spin_unlock(&r->q.lock);
	if (kept) {
		quic_mib_inc(udp->net, EarlyKept);
		return true;
	}
	if (!owned)
		quic_mib_inc(udp->net, DropEarly);
	kfree_skb(skb);
	return !owned;
}

/* Long headers begin alike in all versions (RFC 8999 5.1), and this one was parsed. */
static bool is_for(const struct sk_buff *skb, const struct quic_cid *dcid)
{
	return skb->data[5] == dcid->len && !memcmp(skb->data + 6, dcid->id, dcid->len);
}

/**
 * quic_early_take - the 0-RTT packets of a connection
 * @udp: the port
 * @dcid: an ID of the connection, which is published
 * @list: receives them, in the order in which they came
 * Context: process.
 */
void quic_early_take(struct quic_udp *udp, const struct quic_cid *dcid,
		     struct sk_buff_head *list)
{
	struct quic_early_ring *r = &udp->early;
	struct sk_buff *skb, *next;

	spin_lock_bh(&r->q.lock);
	skb_queue_walk_safe(&r->q, skb, next)
		if (is_for(skb, dcid))
			unlink_early(r, skb, list);
	spin_unlock_bh(&r->q.lock);
}

/* Jiffies until it is old, 0: it is. */
static unsigned long left(const struct sk_buff *skb)
{
	s64 age = ktime_to_ns(ktime_sub(ktime_get(), skb->tstamp));
	unsigned long old = nsecs_to_jiffies(max_t(s64, age, 0));

	return old < KEEP ? KEEP - old : 0;
}

static void early_work_fn(struct work_struct *work)
{
	struct quic_udp *udp = container_of(to_delayed_work(work), struct quic_udp, early.work);
	struct quic_early_ring *r = &udp->early;
	struct sk_buff_head old;
	struct sk_buff *skb;
	bool again;

	__skb_queue_head_init(&old);
	spin_lock_bh(&r->q.lock);
	while ((skb = skb_peek(&r->q)) && !left(skb))
		unlink_early(r, skb, &old);
	again = skb && queue_delayed_work(quic_wq, &r->work, left(skb));
	spin_unlock_bh(&r->q.lock);
	drop_early(udp, &old);
	if (!again)
		quic_udp_put(udp);
}

/**
 * quic_early_purge - nobody will ask for any of them
 * @udp: port that has no listener any more
 * Context: process.
 */
void quic_early_purge(struct quic_udp *udp)
{
	struct quic_early_ring *r = &udp->early;
	struct sk_buff_head all;
	bool queued;

	__skb_queue_head_init(&all);
	spin_lock_bh(&r->q.lock);
	while (!skb_queue_empty(&r->q))
		unlink_early(r, skb_peek(&r->q), &all);
	queued = cancel_delayed_work(&r->work);
	spin_unlock_bh(&r->q.lock);
	drop_early(udp, &all);
	if (queued)
		quic_udp_put(udp);
}

/**
 * quic_early_init - an empty queue
 * @udp: port that cannot receive yet
 */
void quic_early_init(struct quic_udp *udp)
{
	skb_queue_head_init(&udp->early.q);
	INIT_DELAYED_WORK(&udp->early.work, early_work_fn);
}
