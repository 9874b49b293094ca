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
 *   no keys of its phase yet: quic_rx_park_early() ... rekey.c: quic_rx_unpark() ...
 *   0-RTT: as the first, until the secrets of HANDSHAKE show that no keys will come
 *
 *   train that a sleeper, or the lock's owner, is to open: sealed.c
 *
 * Invariants:
 *  - Receive memory: a batch is charged with the truesize of its skb, and of its
 *    bounce pages, from delivery until its last chunk was read. sk_rmem_alloc
 *    never exceeds sk_rcvbuf: of a batch that does not fit the core keeps
 *    nothing, so its packets with data are as if lost and the peer sends them
 *    again, while ACKs and credit still count. Batches in the backlog are counted in
 *    rx_backlog_bytes and charged when they leave it, since sk_forward_alloc
 *    belongs to the owner of the lock.
 *  - rx_backlog, rx_backlog_bytes, reset_token, forged, credit and mtu_hint: under the
 *    spinlock of the socket lock. Something is only added while the lock is owned, and its owner
 *    empties it in release_sock(): nothing stays behind.
 *  - The owner holds a reference on the socket until after release_sock(), hence
 *    deferred bits and the backlog need none.
 *  - The loop in quic_release_cb() ends: rx_backlog_bytes is set to 0 only when
 *    it is done, so that new batches fit sk_rcvbuf once; bits are set by events
 *    that are rarer than their handling.
 *  - Parking never sets QUIC_DEFER_UNPARK, only new keys do: what is fed again and
 *    parks again waits for the next keys. QUIC_DEFER_EARLY has them made by a work
 *    item, at most once per PTO (core/keyphase.c).
 *
 * Worst case: sk_rcvbuf bytes of backlog processed by one release_sock().
 * Not here: finding the socket (lookup.c, udp.c), opening (open.c).
 */
#include "path.h"

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

/*
 * Receive windows grow to half of what SO_RCVBUF may grow to, and take it along: the
 * other half is what skbs weigh beside their bytes. Not where the user has fixed one or
 * the other, and not while memory is short.
 */
static void tune_windows(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	u64 most = READ_ONCE(quic_sysctl_rmem[2]), want = 2 * qs->conn->flow_rx.window;
	bool pressure = READ_ONCE(*sk->sk_prot->memory_pressure);
	bool tuned = !(sk->sk_userlocks & SOCK_RCVBUF_LOCK) &&
		     quic_config_windows_tuned(&qs->cfg);

	if (tuned && qs->conn->stats.windows_grown && want > sk->sk_rcvbuf && want <= most)
		WRITE_ONCE(sk->sk_rcvbuf, want);
	quic_conn_set_rx_window_max(qs->conn, tuned && !pressure ? most / 2 : 0);
}

/* Lock held. The caller settles. */
static void process(struct sock *sk, struct quic_rxbuf *buf)
{
	struct quic_sock *qs = quic_sk(sk);
	bool room;

	if (!qs->attached || !quic_path_rx(sk, buf)) {
		quic_rxbuf_free(buf);
		return;
	}
	tune_windows(sk);
	room = charge(sk, buf);
	if (unlikely(!room))
		quic_mib_add(sock_net(sk), DropRcvbuf, buf->n);
	quic_conn_set_rx_full(qs->conn, !room);
	/* who reads no datagrams is to have room for streams all the same */
	qs->conn->dgrams.rx.max_bytes = READ_ONCE(sk->sk_rcvbuf) / 4;
	quic_conn_recv(qs->conn, buf->pkts, buf->n, buf->recv_time);
	quic_host_rxbuf_put(buf);
}

void quic_rx_deliver(struct sock *sk, struct quic_rxbuf *buf)
{
	struct quic_sock *qs = quic_sk(sk);

	if (quic_sealed_running(sk)) {
		process(sk, buf);
		sock_put(sk);
		return;
	}
	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk)) {
		process(sk, buf);
		quic_settle(sk);
	} else if (quic_rx_room(sk, batch_bytes(buf)) && quic_rxbuf_keep(buf)) {
		WRITE_ONCE(qs->rx_backlog_bytes, qs->rx_backlog_bytes + batch_bytes(buf));
		list_add_tail(&buf->node, &qs->rx_backlog);
	} else {
		quic_mib_add(sock_net(sk), DropBacklog, buf->n);
		quic_rxbuf_free(buf);
	}
	bh_unlock_sock(sk);
	sock_put(sk);
}

/* ---- bytes of which nothing opened ---- */

/* Spinlock of the lock held. */
static void credit(struct sock *sk, u32 bytes)
{
	struct quic_sock *qs = quic_sk(sk);

	if (!bytes)
		return;
	if (sock_owned_by_user(sk)) {
		qs->credit += bytes;
		set_bit(QUIC_DEFER_CREDIT, &qs->deferred);
	} else if (qs->attached) {
		quic_conn_set_rx_path(qs->conn, qs->path_active, false);
		quic_conn_recv_undecryptable(qs->conn, bytes);
		quic_settle(sk);
	}
}

void quic_rx_credit(struct sock *sk, const struct sk_buff *skb, u32 bytes)
{
	const struct quic_conn *conn = READ_ONCE(quic_sk(sk)->conn);

	/* for others it counts nowhere: spare them the lock */
	if (!bytes || !conn || !conn->server || READ_ONCE(conn->path.validated) ||
	    !quic_path_is_peer(sk, skb))
		return;
	bh_lock_sock(sk);
	credit(sk, bytes);
	bh_unlock_sock(sk);
}

/* ---- packets whose keys are not there yet ---- */

/*
 * Nobody is charged for parked datagrams and nothing in them is authentic, so a
 * server keeps few of them for a client that may not even exist: before its first
 * Handshake packet, which validates its address, an honest one has none to send
 * that there are no keys for, but 0-RTT: until TLS has read the ClientHello, and as
 * many as it may send without an answer. Slightly stale when the lock is owned.
 */
static u32 pending_max(const struct quic_sock *qs, u8 level)
{
	const struct quic_conn *conn = qs->conn;

	if (READ_ONCE(conn->path.validated))
		return QUIC_PENDING_MAX;
	return level == QUIC_CRYPTO_EARLY ? QUIC_PENDING_EARLY : QUIC_PENDING_STRANGER;
}

/* Spinlock of the socket lock held. Return: there was room for it. */
static bool keep_pending(struct quic_sock *qs, struct sk_buff *skb, u8 level)
{
	if (!qs->attached || skb_queue_len(&qs->pending) >= pending_max(qs, level) ||
	    qs->pending_bytes + skb->truesize > QUIC_PENDING_BYTES)
		return false;
	spin_lock(&qs->pending.lock);
	qs->pending_bytes += skb->truesize;
	__skb_queue_tail(&qs->pending, skb);
	spin_unlock(&qs->pending.lock);
	return true;
}

/*
 * Keys may be installed between the caller's look for them and the lock taken
 * here. The datagram is then fed with the next keys, or dropped when these were
 * the last: to the peer a loss.
 */
void quic_rx_park(struct sock *sk, struct quic_udp *udp, struct sk_buff *skb, u32 dgram_len,
		  u8 level)
{
	struct quic_sock *qs = quic_sk(sk);
	bool room;

	skb = skb_share_check(skb, GFP_ATOMIC);	/* a train of several connections */
	if (!skb)
		return;
	bh_lock_sock(sk);
	credit(sk, quic_path_is_peer(sk, skb) ? dgram_len : 0);
	/*
	 * With the 1-RTT keys all there are to come have come: what still finds
	 * none belongs to a level that is over.
	 */
	room = !rcu_access_pointer(qs->keys_rx[QUIC_CRYPTO_APP]) &&
	       keep_pending(qs, skb, level);
	bh_unlock_sock(sk);
	if (room)
		return;
	quic_mib_inc(udp->net, DropNoKeys);
	kfree_skb(skb);
}

/* Spinlock of the socket lock held, the lock not owned; or owned by the caller. */
static void early_phase(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	const struct quic_keys *cur;

	if (!qs->attached)
		return;
	quic_rekey_sync(sk);
	cur = rcu_dereference_protected(qs->keys_rx[QUIC_CRYPTO_APP], true);
	/* made meanwhile: then it only remains to feed what waits */
	if (cur && rcu_access_pointer(cur->next))
		quic_rekey_want(sk);
	else
		quic_conn_next_phase_seen(qs->conn, quic_now());
}

void quic_rx_park_early(struct sock *sk, struct quic_udp *udp, struct sk_buff *skb)
{
	struct quic_sock *qs = quic_sk(sk);
	bool room;

	bh_lock_sock(sk);
	room = keep_pending(qs, skb, QUIC_CRYPTO_APP);
	if (room && sock_owned_by_user(sk)) {
		set_bit(QUIC_DEFER_EARLY, &qs->deferred);
	} else if (room) {
		early_phase(sk);
		quic_settle(sk);
	}
	bh_unlock_sock(sk);
	if (room) {
		quic_mib_inc(udp->net, EarlyPhaseParked);
		return;
	}
	quic_mib_inc(udp->net, DropNoKeys);	/* those before it have asked for keys */
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
		quic_udp_rcv(qs->udp, skb, QUIC_RX_PARKED, NULL);
		local_bh_enable();
	}
}

/* ---- what did not open ---- */

static void take_unopened(struct sock *sk, const u8 *token, u32 forged)
{
	struct quic_sock *qs = quic_sk(sk);

	if (!qs->attached)
		return;
	if (quic_conn_recv_reset(qs->conn, token, quic_now()))
		quic_mib_inc(sock_net(sk), ResetRecv);
	else
		quic_conn_recv_forged(qs->conn, forged, quic_now());
}

/**
 * quic_rx_unopened - 1-RTT packets did not open: is it a stateless reset?
 * @sk: socket, a reference held, its lock is not
 * @token: last QUIC_RESET_TOKEN_LEN bytes of the last one's datagram
 * @forged: packets whose tag was wrong
 *
 * While the lock is owned only the last token is remembered: a peer that lost its
 * state repeats the reset for each packet it gets.
 * Context: BH off. RFC 9000 10.3.1, RFC 9001 6.6.
 */
void quic_rx_unopened(struct sock *sk, const u8 *token, u32 forged)
{
	struct quic_sock *qs = quic_sk(sk);

	bh_lock_sock(sk);
	if (sock_owned_by_user(sk)) {
		memcpy(qs->reset_token, token, QUIC_RESET_TOKEN_LEN);
		qs->forged += forged;
		set_bit(QUIC_DEFER_RESET, &qs->deferred);
	} else {
		take_unopened(sk, token, forged);
		quic_settle(sk);
	}
	bh_unlock_sock(sk);
}

/* ---- what waited for the lock ---- */

/**
 * struct rx_owed - what has met the lock as owned
 * @bits: QUIC_DEFER_*
 * @token: see struct quic_sock, reset_token
 * @forged: see struct quic_sock
 * @credit: see struct quic_sock
 * @mtu: see struct quic_sock, mtu_hint
 * @batches: the backlog
 */
struct rx_owed {
	unsigned long bits;
	u8 token[QUIC_RESET_TOKEN_LEN];
	u32 forged;
	u32 credit;
	u32 mtu;
	struct list_head batches;
};

/* Process context, lock owned, spinlock free. */
static void run_deferred(struct sock *sk, struct rx_owed *o)
{
	struct quic_rxbuf *buf, *next;
	unsigned long bits = o->bits;

	list_for_each_entry_safe(buf, next, &o->batches, node) {
		list_del(&buf->node);
		process(sk, buf);
		cond_resched();
	}
	if (quic_sealed_any(sk))
		quic_sealed_run(sk);
	if ((bits & BIT(QUIC_DEFER_CREDIT)) && quic_sk(sk)->attached) {
		quic_conn_set_rx_path(quic_sk(sk)->conn, quic_sk(sk)->path_active, false);
		quic_conn_recv_undecryptable(quic_sk(sk)->conn, o->credit);
	}
	if ((bits & BIT(QUIC_DEFER_MTU)) && quic_sk(sk)->attached)
		quic_conn_mtu_hint(quic_sk(sk)->conn, o->mtu);
	if (bits & BIT(QUIC_DEFER_RESET))
		take_unopened(sk, o->token, o->forged);
	if (bits & BIT(QUIC_DEFER_EARLY))
		early_phase(sk);
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
	struct rx_owed o;

	INIT_LIST_HEAD(&o.batches);
	while (READ_ONCE(qs->deferred) || !list_empty(&qs->rx_backlog) ||
	       !skb_queue_empty(&qs->sealed)) {
		o.bits = xchg(&qs->deferred, 0);
		memcpy(o.token, qs->reset_token, sizeof(o.token));
		o.forged = qs->forged;
		qs->forged = 0;
		o.credit = qs->credit;
		qs->credit = 0;
		o.mtu = qs->mtu_hint;
		list_splice_init(&qs->rx_backlog, &o.batches);
		spin_unlock_bh(&sk->sk_lock.slock);
		run_deferred(sk, &o);
		spin_lock_bh(&sk->sk_lock.slock);
	}
	WRITE_ONCE(qs->rx_backlog_bytes, 0);
}

void quic_rx_flush(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);

	if (!READ_ONCE(qs->deferred) && list_empty_careful(&qs->rx_backlog) &&
	    !quic_sealed_any(sk))
		return;
	spin_lock_bh(&sk->sk_lock.slock);
	quic_release_cb(sk);
	spin_unlock_bh(&sk->sk_lock.slock);
}
