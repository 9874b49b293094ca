// SPDX-License-Identifier: GPL-2.0
/*
 * How much of a connection may lie below it: in a queueing discipline, or a device.
 *
 * Whatever waits there can no longer be chosen anew: an ACK, another stream, or what was lost
 * has to wait behind it, and so has everybody else's traffic. So, as with TCP (TSQ),
 * transmission stops where a few trains are under way there, and goes on when one has left.
 *
 *   quic_xmit() -> quic_queue_full()            more than the limit: STOPPED
 *   skb freed or orphaned -> sock_wfree() -> sk_write_space -> quic_queue_room()
 *                                               few enough: tasklet -> quic_xmit()
 *
 * What lies below is sk_wmem_alloc: each skb is the socket's until it has left, and so are
 * its segments where the stack makes some (which it does for the owner sock_wfree() only, so
 * there is no destructor of our own). Where a device hands skbs on at once, like veth and
 * loopback, nothing ever lies there, and nothing stops.
 *
 * Limit: two trains, or what the pacing rate sends in 1 ms (a driver that needs more, as
 * those of wireless devices, says so in sk_pacing_shift). In bytes of memory, headers of skbs
 * included: the smaller the packets, the fewer bytes of theirs.
 *
 * A skb is freed in any context, with locks held, our own too, so that it does no more there
 * than to have the tasklet run; which finds the lock free, or owned, like the timers.
 *
 * netem gives an owner its memory back without telling. There, and wherever else that is
 * so, the pacing timer has a look after LOOK_NS.
 *
 * And what a queueing discipline does for us: fq paces, which is seen by what it notes in the
 * sockets whose skbs it has seen; the core is told that trains may be built ahead then.
 *
 * Invariants: while STOPPED is set, either sk_wmem_alloc will fall, and quic_queue_room() be
 * called after that, or the timer is armed. Both sides write what is theirs, then look at
 * the other's, with a barrier between: one of them sees it. DUE is set while the tasklet is
 * to run, which has a reference on the socket then.
 *
 * Not here: a connection that closes: its last packets leave at once (xmit.c).
 */
#include "glue.h"

#define QUEUE_TRAINS	2
#define TRAIN_MAX	65535U			/* bytes of a train */
#define QUEUE_MAX	(4U << 20)		/* bytes, whatever the rate */
#define LOOK_NS		(10 * QUIC_NS_PER_MS)
#define AHEAD_NS	(4 * QUIC_NS_PER_MS)	/* that fq holds a train for, at most */

/* Bits of @queue_state. */
enum {
	QUEUE_STOPPED,	/* nothing is built: enough lies below */
	QUEUE_DUE,	/* the tasklet is going to run */
};

static u32 queue_limit(const struct sock *sk)
{
	const struct quic_pacer *p = &quic_sk(sk)->conn->path.pacer;
	u64 rate = p->rate >> READ_ONCE(sk->sk_pacing_shift);

	return clamp_t(u64, rate, QUEUE_TRAINS * min(p->burst, TRAIN_MAX), QUEUE_MAX);
}

static u32 lies_below(const struct sock *sk)
{
	return refcount_read(&sk->sk_wmem_alloc);
}

bool quic_queue_full(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	u32 limit = queue_limit(sk), low = limit - limit / 4;

	if (likely(!quic_queue_stopped(sk) && lies_below(sk) <= limit))
		return false;
	/* one that ends has a packet left, and no time */
	if (quic_conn_state(qs->conn) >= QUIC_CONN_CLOSING)
		return false;
	/* not at each datagram that leaves, and before the second of two trains has */
	WRITE_ONCE(qs->queue_low, low);
	if (!test_and_set_bit(QUEUE_STOPPED, &qs->queue_state))
		quic_mib_inc(sock_net(sk), QueueStops);
	smp_mb__after_atomic();		/* pairs with quic_queue_room()'s */
	if (lies_below(sk) <= low) {
		clear_bit(QUEUE_STOPPED, &qs->queue_state);
		return false;
	}
	quic_timers_retry(sk, LOOK_NS);
	return true;
}

bool quic_queue_stopped(const struct sock *sk)
{
	return test_bit(QUEUE_STOPPED, &quic_sk(sk)->queue_state);
}

void quic_queue_room(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);

	smp_mb__after_atomic();		/* sock_wfree() has written sk_wmem_alloc */
	if (likely(!quic_queue_stopped(sk)) || lies_below(sk) > READ_ONCE(qs->queue_low))
		return;
	if (!test_and_clear_bit(QUEUE_STOPPED, &qs->queue_state) ||
	    test_and_set_bit(QUEUE_DUE, &qs->queue_state))
		return;
	/* skbs outlive the last reference */
	if (!refcount_inc_not_zero(&sk->sk_refcnt))
		return;
	quic_mib_inc(sock_net(sk), QueueResumes);
	tasklet_schedule(&qs->queue_tasklet);
}

static void queue_fn(struct tasklet_struct *t)
{
	struct quic_sock *qs = container_of(t, struct quic_sock, queue_tasklet);
	struct sock *sk = &qs->inet.sk;

	clear_bit(QUEUE_DUE, &qs->queue_state);
	smp_mb__after_atomic();		/* who sees it set now knows that we look after that */
	quic_timers_send(sk);
	sock_put(sk);
}

void quic_queue_init(struct sock *sk)
{
	tasklet_setup(&quic_sk(sk)->queue_tasklet, queue_fn);
}

void quic_queue_pacing(struct sock *sk)
{
	unsigned long max = READ_ONCE(sk->sk_max_pacing_rate);
	struct quic_sock *qs = quic_sk(sk);
	u64 rate = max == ~0UL ? U64_MAX : max;

	if (unlikely(rate != qs->conn->path.pacer.max_rate))
		quic_conn_set_max_rate(qs->conn, rate);
	if (likely(qs->fq_seen || READ_ONCE(sk->sk_pacing_status) != SK_PACING_FQ))
		return;
	qs->fq_seen = true;
	quic_conn_set_pace_ahead(qs->conn, AHEAD_NS);
}
