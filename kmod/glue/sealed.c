// SPDX-License-Identifier: GPL-2.0
/*
 * Work of softirq that is left to those who sleep for it, so that it is done on their
 * CPU.
 *
 * A train that loops back, or comes from a bridge, is in softirq on the CPU of who sent it;
 * one from a device, where that interrupts. Opening 64 KiB takes as long as sealing them did,
 * so a fast sender, or one receive queue, would do all the work there is while the
 * program that waits for the bytes sleeps on another CPU. And an ACK that opens the window
 * comes on the reader's CPU, which would seal the next train for the sleeping writer.
 *
 *   in    train -> first datagram's ID -> socket --+-- somebody sleeps in recvmsg(): @sealed,
 *                                                  |   he is woken and opens it
 *                                                  +-- the lock is owned: @sealed, its
 *                                                  |   owner opens it in release_sock()
 *                                                  '-- neither: opened here and now (demux.c)
 *   out   window opens, somebody sleeps in sendmsg(): he is woken and sends
 *
 * Single datagrams are left to sleepers as well, if there is data in them. Else the reader of
 * many small messages has next to nothing to do for each, and the scheduler, which finds
 * that it owes him time, gives him the CPU for every one of them.
 *
 * What comes behind a waiting train has to wait as well, whatever it is: packets are opened
 * in the order in which they came, or the peer would see losses that are none.
 *
 * A sleeper who is not given a CPU does not hold the connection up: a coarse timer has the
 * socket's work item open what has lain for SEALED_MAX_NS, the pacing timer sends after
 * SEND_MAX_NS.
 *
 * Invariants: @sealed grows under the spinlock of the socket lock; it counts in
 * rx_backlog_bytes, and is bounded with it; who owns the lock empties it before he gives
 * the lock up (quic_release_cb()).
 *
 * Not here: opening (open.c), delivery (rx.c).
 */
#include "packet.h"

#define SEALED_MIN	256	/* bytes of an skb that are data, and not an ACK or a question */
#define SEALED_MAX_NS	(4 * QUIC_NS_PER_MS)
#define SEND_MIN	(24U << 10)	/* bytes of window, likewise */
#define SEND_MAX_NS	QUIC_NS_PER_MS

static DEFINE_PER_CPU(const struct sock *, sealed_running);

/* ---- in ---- */

/* The socket that the first datagram is for, a reference; NULL: nobody's, or no bulk. */
static struct sock *owner_of(struct quic_udp *udp, const struct sk_buff *skb,
			     struct quic_cid *dcid)
{
	u8 buf[1 + QUIC_CID_MAX_LEN];
	const u8 *head;
	struct sock *sk;
	u32 len = min_t(u32, skb->len, sizeof(buf));

	head = skb_header_pointer(skb, 0, len, buf);
	if (!head || *head & 0x80)
		return NULL;
	sk = quic_lookup_short(udp->net, head + 1, len - 1, dcid);
	if (!sk || quic_udp_is_of(udp, sk))
		return sk;
	sock_put(sk);
	return NULL;
}

/* Would anybody take it? Without the lock: a hint. */
static bool sealed_wanted(const struct sock *sk, const struct sk_buff *skb)
{
	return quic_sealed_any(sk) || sock_owned_by_user_nocheck(sk) ||
	       (READ_ONCE(quic_sk(sk)->readers) && skb->len >= SEALED_MIN);
}

/* Spinlock of the lock held. Return: it was taken, or dropped. */
static bool sealed_add(struct sock *sk, struct quic_udp *udp, struct sk_buff *skb)
{
	struct quic_sock *qs = quic_sk(sk);
	bool owned = sock_owned_by_user(sk), first = skb_queue_empty(&qs->sealed);

	if (!qs->attached || udp != qs->udp ||
	    !rcu_access_pointer(qs->keys_rx[QUIC_CRYPTO_APP]))
		return false;
	if (first && !owned && !(qs->readers && skb->len >= SEALED_MIN))
		return false;
	if (unlikely(!quic_rx_room(sk, skb->truesize))) {
		quic_mib_inc(udp->net, DropBacklog);
		kfree_skb(skb);
		return true;
	}
	WRITE_ONCE(qs->rx_backlog_bytes, qs->rx_backlog_bytes + skb->truesize);
	skb_queue_tail(&qs->sealed, skb);
	quic_mib_inc(udp->net, TrainsLeft);
	if (owned)
		return true;
	if (first) {
		qs->sealed_since = quic_now();
		quic_timers_look(sk, qs->sealed_since + SEALED_MAX_NS);
	}
	sk->sk_data_ready(sk);
	return true;
}

bool quic_sealed_keep(struct quic_udp *udp, struct sk_buff *skb, struct quic_rx_owner *owner)
{
	struct sock *sk = owner_of(udp, skb, &owner->dcid);
	bool kept = false;

	owner->sk = sk;
	if (!sk)
		return false;
	if (sealed_wanted(sk, skb)) {
		bh_lock_sock(sk);
		kept = sealed_add(sk, udp, skb);
		bh_unlock_sock(sk);
	}
	if (kept)
		sock_put(sk);
	return kept;
}

void quic_sealed_run(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	struct sk_buff *skb;

	while ((skb = skb_dequeue(&qs->sealed))) {
		if (!qs->attached) {
			kfree_skb(skb);
			continue;
		}
		local_bh_disable();
		this_cpu_write(sealed_running, sk);
		quic_udp_rcv(qs->udp, skb, QUIC_RX_FRESH, NULL);
		this_cpu_write(sealed_running, NULL);
		local_bh_enable();
		quic_settle(sk);	/* the peer waits for its ACK, if one is due */
		cond_resched();
	}
}

bool quic_sealed_running(const struct sock *sk)
{
	return this_cpu_read(sealed_running) == sk;
}

void quic_sealed_timer(struct sock *sk)
{
	u64 at = quic_sk(sk)->sealed_since + SEALED_MAX_NS;

	if (!quic_sealed_any(sk))
		return;
	if (quic_now() < at) {
		quic_timers_look(sk, at);
		return;
	}
	quic_mib_inc(sock_net(sk), TrainsLate);
	quic_work_queue(sk);
}

void quic_sealed_purge(struct sock *sk)
{
	skb_queue_purge(&quic_sk(sk)->sealed);
}

/* ---- out ---- */

bool quic_sealed_leave_tx(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	const struct quic_conn *conn = qs->conn;
	struct socket_wq *wq;
	bool left = false;

	if (!in_serving_softirq() || !READ_ONCE(sk->sk_write_pending) || quic_queue_stopped(sk) ||
	    quic_conn_tx_ready(conn) < SEND_MIN)
		return false;
	rcu_read_lock();
	wq = rcu_dereference(sk->sk_wq);
	if (skwq_has_sleeper(wq)) {
		wake_up_interruptible_poll(&wq->wait, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
		left = true;
	}
	rcu_read_unlock();
	if (!left)
		return false;
	qs->tx_owed = true;
	quic_timers_retry(sk, SEND_MAX_NS);
	quic_mib_inc(sock_net(sk), SendsLeft);
	return true;
}
