// SPDX-License-Identifier: GPL-2.0
/*
 * From opened packets to the core, past the socket lock.
 *
 *   quic_udp_rcv() -> quic_open() -> quic_rx_deliver()
 *                                      lock free:  core, settle
 *                                      lock owned: rx_backlog ... release_sock()
 *   no keys yet: quic_rx_park() ... keys: quic_rx_unpark() -> quic_udp_rcv()
 *
 * The backlog is a list of batches of our own, not sk_backlog: a batch exists
 * already, so that queueing allocates nothing, while sk_backlog wants an skb that
 * nobody else has, and the skb of a train may be shared by the batches of several
 * connections. quic_release_cb() works it off in process context with the
 * spinlock dropped and the lock still owned, as __release_sock() does, and runs
 * quic_settle() once for all of it: one ACK, one train of answers.
 *
 * Invariants:
 *  - Receive memory: a batch is charged with the truesize of its skb, and of its
 *    bounce pages, from delivery until its last chunk was read. sk_rmem_alloc
 *    never exceeds sk_rcvbuf: of a batch that does not fit the core keeps
 *    nothing, so its packets with data are as if lost and the peer sends them
 *    again, while ACKs and credit still count. Batches in the backlog are counted in
 *    rx_backlog_bytes and charged when they leave it, since sk_forward_alloc
 *    belongs to the owner of the lock.
 *  - rx_backlog, rx_backlog_bytes and reset_token: under the spinlock of the
 *    socket lock. Something is only added while the lock is owned, and its owner
 *    empties it in release_sock(): nothing stays behind.
 *  - The owner holds a reference on the socket until after release_sock(), hence
 *    deferred bits and the backlog need none.
 *  - The loop in quic_release_cb() ends: rx_backlog_bytes is set to 0 only when
 *    it is done, so that new batches fit sk_rcvbuf once; bits are set by events
 *    that are rarer than their handling.
 *  - Parking never sets QUIC_DEFER_UNPARK, only new keys do: what is fed again and
 *    parks again waits for the next keys.
 *
 * Worst case: sk_rcvbuf bytes of backlog processed by one release_sock().
 * Not here: finding the socket (lookup.c, udp.c), opening (open.c).
 */
#include "glue.h"

static u32 batch_bytes(const struct quic_rxbuf *buf)
{
	return (buf->skb ? buf->skb->truesize : 0) + buf->bounce_bytes;
}

/* Lock held: sk_forward_alloc is ours. */
static bool charge(struct sock *sk, struct quic_rxbuf *buf)
{
	int bytes = batch_bytes(buf), more = bytes - sk->sk_forward_alloc;

	if (atomic_read(&sk->sk_rmem_alloc) + bytes > READ_ONCE(sk->sk_rcvbuf))
		return false;
	/* sk_rmem_schedule(), which wants an skb */
	if (more > 0 && !__sk_mem_schedule(sk, more, SK_MEM_RECV))
		return false;
	atomic_add(bytes, &sk->sk_rmem_alloc);
	sk_mem_charge(sk, bytes);
	buf->sk = sk;
	buf->charged = bytes;
	return true;
}

void quic_rx_uncharge(struct quic_rxbuf *buf)
{
	if (!buf->charged)
		return;
	atomic_sub(buf->charged, &buf->sk->sk_rmem_alloc);
	sk_mem_uncharge(buf->sk, buf->charged);
	buf->charged = 0;
}

/* Lock held. The caller settles. */
static void process(struct sock *sk, struct quic_rxbuf *buf)
{
	struct quic_sock *qs = quic_sk(sk);
	bool room;

	if (!qs->attached) {
		quic_rxbuf_free(buf);
		return;
	}
	room = charge(sk, buf);
	if (unlikely(!room))
		quic_mib_add(sock_net(sk), DropRcvbuf, buf->n);
	quic_conn_set_rx_full(qs->conn, !room);
	quic_conn_recv(qs->conn, buf->pkts, buf->n, buf->recv_time);
	quic_host_rxbuf_put(buf);
}

void quic_rx_deliver(struct sock *sk, struct quic_rxbuf *buf)
{
	struct quic_sock *qs = quic_sk(sk);

	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk)) {
		process(sk, buf);
		quic_settle(sk);
	} else if (quic_rx_room(sk, batch_bytes(buf))) {
		WRITE_ONCE(qs->rx_backlog_bytes, qs->rx_backlog_bytes + batch_bytes(buf));
		list_add_tail(&buf->node, &qs->rx_backlog);
	} else {
		quic_mib_add(sock_net(sk), DropBacklog, buf->n);
		quic_rxbuf_free(buf);
	}
	bh_unlock_sock(sk);
	sock_put(sk);
}

/* ---- packets whose keys are not there yet ---- */

/*
 * Nobody is charged for parked datagrams and nothing in them is authentic, so a
 * server keeps few of them for a client that may not even exist: before its first
 * Handshake packet, which validates its address, an honest one has none to send
 * that there are no keys for. Slightly stale when the lock is owned.
 */
static u32 pending_max(const struct quic_sock *qs)
{
	const struct quic_conn *conn = qs->conn;

	return READ_ONCE(conn->path.validated) ? QUIC_PENDING_MAX : QUIC_PENDING_STRANGER;
}

/*
 * Keys may be installed between the caller's look for them and the lock taken
 * here. The datagram is then fed with the next keys, or dropped when these were
 * the last: to the peer a loss.
 */
void quic_rx_park(struct sock *sk, struct quic_udp *udp, struct sk_buff *skb)
{
	struct quic_sock *qs = quic_sk(sk);
	bool room;

	skb = skb_share_check(skb, GFP_ATOMIC);	/* a train of several connections */
	if (!skb)
		return;
	bh_lock_sock(sk);
	/*
	 * With the 1-RTT keys all there are to come have come: what still finds
	 * none belongs to a level that is over.
	 */
	room = qs->attached && !rcu_access_pointer(qs->keys_rx[QUIC_CRYPTO_APP]) &&
	       skb_queue_len(&qs->pending) < pending_max(qs) &&
	       qs->pending_bytes + skb->truesize <= QUIC_PENDING_BYTES;
	if (room) {
		spin_lock(&qs->pending.lock);
		qs->pending_bytes += skb->truesize;
		__skb_queue_tail(&qs->pending, skb);
		spin_unlock(&qs->pending.lock);
	}
	bh_unlock_sock(sk);
	if (room)
		return;
	quic_mib_inc(udp->net, DropNoKeys);
	kfree_skb(skb);
}

void quic_rx_unpark(struct sock *sk)
{
	set_bit(QUIC_DEFER_UNPARK, &quic_sk(sk)->deferred);
}

static void take_pending(struct sock *sk, struct sk_buff_head *list)
{
	struct quic_sock *qs = quic_sk(sk);

	__skb_queue_head_init(list);
	spin_lock_bh(&qs->pending.lock);
	skb_queue_splice_init(&qs->pending, list);
	qs->pending_bytes = 0;
	spin_unlock_bh(&qs->pending.lock);
}

void quic_rx_purge(struct sock *sk)
{
	struct sk_buff_head list;

	take_pending(sk, &list);
	__skb_queue_purge(&list);
}

/* Process context, lock owned, spinlock free: deliveries go to the backlog. */
static void feed_pending(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	struct sk_buff_head list;
	struct sk_buff *skb;

	take_pending(sk, &list);
	if (!qs->attached) {
		__skb_queue_purge(&list);
		return;
	}
	while ((skb = __skb_dequeue(&list))) {
		local_bh_disable();
		quic_udp_rcv(qs->udp, skb);
		local_bh_enable();
	}
}

/* ---- stateless reset ---- */

static void try_reset(struct sock *sk, const u8 *token)
{
	struct quic_sock *qs = quic_sk(sk);

	if (qs->attached && quic_conn_recv_reset(qs->conn, token, quic_now()))
		quic_mib_inc(sock_net(sk), ResetRecv);
}

/**
 * quic_rx_maybe_reset - a 1-RTT datagram did not open: is it a stateless reset?
 * @sk: socket, a reference held, its lock is not
 * @token: last QUIC_RESET_TOKEN_LEN bytes of the datagram
 *
 * While the lock is owned only the last one is remembered: a peer that lost its
 * state repeats the reset for each packet it gets.
 * Context: BH off. RFC 9000 10.3.1.
 */
void quic_rx_maybe_reset(struct sock *sk, const u8 *token)
{
	struct quic_sock *qs = quic_sk(sk);

	bh_lock_sock(sk);
	if (sock_owned_by_user(sk)) {
		memcpy(qs->reset_token, token, QUIC_RESET_TOKEN_LEN);
		set_bit(QUIC_DEFER_RESET, &qs->deferred);
	} else {
		try_reset(sk, token);
		quic_settle(sk);
	}
	bh_unlock_sock(sk);
}

/* ---- what waited for the lock ---- */

/* Process context, lock owned, spinlock free. */
static void run_deferred(struct sock *sk, unsigned long bits, const u8 *token,
			 struct list_head *batches)
{
	struct quic_rxbuf *buf, *next;

	list_for_each_entry_safe(buf, next, batches, node) {
		list_del(&buf->node);
		process(sk, buf);
		cond_resched();
	}
	if (bits & BIT(QUIC_DEFER_RESET))
		try_reset(sk, token);
	if (bits & BIT(QUIC_DEFER_UNPARK))
		feed_pending(sk);
	if (bits & BIT(QUIC_DEFER_TIMER))
		quic_timer_run(sk);
	if ((bits & BIT(QUIC_DEFER_TX)) && quic_sk(sk)->attached)
		quic_xmit(sk);
	quic_settle(sk);
}

/**
 * quic_release_cb - work off what met the lock as owned
 * @sk: socket
 *
 * Context: process, called by release_sock() with the lock owned and its
 * spinlock taken; the spinlock is dropped meanwhile.
 */
void quic_release_cb(struct sock *sk)
	__releases(&sk->sk_lock.slock) __acquires(&sk->sk_lock.slock)
{
	struct quic_sock *qs = quic_sk(sk);
	u8 token[QUIC_RESET_TOKEN_LEN];
	unsigned long bits;
	LIST_HEAD(batches);

	while (READ_ONCE(qs->deferred) || !list_empty(&qs->rx_backlog)) {
		bits = xchg(&qs->deferred, 0);
		memcpy(token, qs->reset_token, sizeof(token));
		list_splice_init(&qs->rx_backlog, &batches);
		spin_unlock_bh(&sk->sk_lock.slock);
		run_deferred(sk, bits, token, &batches);
		spin_lock_bh(&sk->sk_lock.slock);
	}
	WRITE_ONCE(qs->rx_backlog_bytes, 0);
}

void quic_rx_flush(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);

	if (!READ_ONCE(qs->deferred) && list_empty_careful(&qs->rx_backlog))
		return;
	spin_lock_bh(&sk->sk_lock.slock);
	quic_release_cb(sk);
	spin_unlock_bh(&sk->sk_lock.slock);
}
