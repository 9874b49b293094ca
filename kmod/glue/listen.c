// SPDX-License-Identifier: GPL-2.0
/*
 * Listeners: from an established child to a socket that accept() returns.
 *
 *   softirq   quic_listen_initial()   ring of the port, bounded (listen_initial.c)
 *   worker                            embryo: a socket with a connection, no user
 *   daemon    SELECT                  quic_listen_select(): backlog, configuration
 *             DONE                    quic_listen_established(): accept queue
 *   process   accept()                quic_listen_accept()
 *
 * An embryo belongs to no listener until SELECT, and counts against the
 * backlog of one from then on.
 *
 * Locks. The accept queue has a spinlock of its own, so that a child in softirq,
 * its own lock held, can queue itself without a second socket lock. In process
 * context two socket locks nest in two places: quic_listen_stop() holds the
 * listener and takes children of its queue, quic_listen_select() holds an embryo
 * and takes the listener. A child in a queue is established and an embryo is not,
 * so that no socket is in both places and no cycle can close.
 *
 * References. The connection of a child holds its socket (sock.c) until it is
 * closed; the accept queue holds another one, which accept() takes over. An embryo
 * holds its listener from SELECT until it is queued or over.
 *
 * Not here: Initials and embryos (listen_initial.c), addresses and the kernel UDP
 * socket (udp.c), TLS (handshake.c).
 */
#include <linux/net.h>
#include <linux/sched/signal.h>

#include "glue.h"

static atomic_t listener_ids = ATOMIC_INIT(0);

/* ---- ALPN lists: names separated by commas ---- */

static bool alpn_has(const char *list, const char *name, size_t len)
{
	size_t n;

	for (; *list; list += n + !!list[n]) {
		n = strchrnul(list, ',') - list;
		if (n == len && !memcmp(list, name, len))
			return true;
	}
	return false;
}

/* How many names of @a are in @b; -1: all of them. */
static int alpn_common(const char *a, const char *b)
{
	int common = 0, all = 0;
	size_t n;

	for (; *a; a += n + !!a[n]) {
		n = strchrnul(a, ',') - a;
		all++;
		common += alpn_has(b, a, n);
	}
	return common == all ? -1 : common;
}

/*
 * May both listen at one address? Two lists without a common name may; equal ones
 * with SO_REUSEPORT of the same user; others may not. No names at all means
 * clients that offer none, which only one listener can serve.
 */
static bool alpn_conflict(const struct sock *a, const struct sock *b)
{
	const char *la = quic_sk(a)->cfg.alpn, *lb = quic_sk(b)->cfg.alpn;
	bool equal;

	if (!*la != !*lb)
		return false;
	equal = alpn_common(la, lb) < 0 && alpn_common(lb, la) < 0;
	if (!equal)
		return alpn_common(la, lb) != 0;
	return !a->sk_reuseport || !b->sk_reuseport || !uid_eq(a->sk_uid, b->sk_uid);
}

/* ---- listeners of a port ---- */

struct sock *quic_listen_find(struct quic_udp *udp, u32 id)
{
	struct sock *sk = NULL;
	struct quic_sock *lq;

	rcu_read_lock();
	hlist_for_each_entry_rcu(lq, &udp->listeners, listen_node) {
		if (lq->listener_id != id)
			continue;
		if (refcount_inc_not_zero(&lq->inet.sk.sk_refcnt))
			sk = &lq->inet.sk;
		break;
	}
	rcu_read_unlock();
	return sk;
}

u32 quic_listen_all(struct quic_udp *udp, struct sock **sks, u32 max)
{
	struct quic_sock *lq;
	u32 n = 0;

	rcu_read_lock();
	hlist_for_each_entry_rcu(lq, &udp->listeners, listen_node) {
		if (n == max)
			break;
		if (refcount_inc_not_zero(&lq->inet.sk.sk_refcnt))
			sks[n++] = &lq->inet.sk;
	}
	rcu_read_unlock();
	return n;
}

static bool id_taken(struct quic_udp *udp, u32 id)
{
	struct quic_sock *lq;

	hlist_for_each_entry(lq, &udp->listeners, listen_node)
		if (lq->listener_id == id)
			return true;
	return !id;
}

/* Under udp->lock. */
static int join(struct quic_udp *udp, struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk), *lq;

	hlist_for_each_entry(lq, &udp->listeners, listen_node)
		if (alpn_conflict(&lq->inet.sk, sk))
			return -EADDRINUSE;
	do {
		qs->listener_id = atomic_inc_return(&listener_ids);
	} while (id_taken(udp, qs->listener_id));
	hlist_add_head_rcu(&qs->listen_node, &udp->listeners);
	WRITE_ONCE(udp->validating, udp->validating + qs->cfg.validate_peer_address);
	return 0;
}

int quic_listen_start(struct sock *sk, int backlog)
{
	struct quic_sock *qs = quic_sk(sk);
	int err;

	WRITE_ONCE(sk->sk_max_ack_backlog, backlog);
	if (sk->sk_state == TCP_LISTEN)
		return 0;
	spin_lock_bh(&qs->udp->lock);
	err = join(qs->udp, sk);
	spin_unlock_bh(&qs->udp->lock);
	if (err)
		return err;
	spin_lock_bh(&qs->accept_lock);
	qs->accept_open = true;
	spin_unlock_bh(&qs->accept_lock);
	inet_sk_set_state(sk, TCP_LISTEN);
	return 0;
}

/* ---- children that nobody will accept ---- */

/* @sk: established child, lock held; its connection closes and frees it. */
static void refuse(struct sock *sk)
{
	sock_orphan(sk);
	quic_sk(sk)->linger = true;
	if (quic_sk(sk)->attached)
		quic_conn_close(quic_sk(sk)->conn, false,
				QUIC_TRANSPORT_ERROR_CONNECTION_REFUSED,
				"the listener was closed", quic_now());
	quic_settle(sk);
}

void quic_listen_stop(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk), *cq, *next;
	LIST_HEAD(children);

	if (sk->sk_state != TCP_LISTEN)
		return;
	spin_lock_bh(&qs->udp->lock);
	hlist_del_init_rcu(&qs->listen_node);
	WRITE_ONCE(qs->udp->validating,
		   qs->udp->validating - qs->cfg.validate_peer_address);
	spin_unlock_bh(&qs->udp->lock);
	if (hlist_empty(&qs->udp->listeners))
		quic_early_purge(qs->udp);

	spin_lock_bh(&qs->accept_lock);
	qs->accept_open = false;
	list_splice_init(&qs->accept_q, &children);
	list_for_each_entry(cq, &children, accept_node)
		sk_acceptq_removed(sk);
	spin_unlock_bh(&qs->accept_lock);

	inet_sk_set_state(sk, TCP_CLOSE);
	list_for_each_entry_safe(cq, next, &children, accept_node) {
		struct sock *child = &cq->inet.sk;

		list_del_init(&cq->accept_node);
		lock_sock_nested(child, SINGLE_DEPTH_NESTING);
		refuse(child);
		release_sock(child);
		sock_put(child);	/* the queue's */
	}
	sk->sk_state_change(sk);	/* who waits in accept() */
}

/* ---- embryos become children, or nothing ---- */

void quic_listen_child_over(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	struct sock *listener = qs->listener;

	if (!qs->embryo)
		return;
	quic_listen_uncount(qs);
	sock_orphan(sk);
	qs->listener = NULL;
	if (!listener)
		return;
	if (qs->backlogged) {
		spin_lock_bh(&quic_sk(listener)->accept_lock);
		sk_acceptq_removed(listener);
		spin_unlock_bh(&quic_sk(listener)->accept_lock);
		qs->backlogged = false;
	}
	sock_put(listener);
}

/* Both socket locks held. */
static int select_locked(struct sock *sk, struct sock *listener)
{
	struct quic_sock *qs = quic_sk(sk), *lq = quic_sk(listener);
	bool room;
	int err;

	spin_lock_bh(&lq->accept_lock);
	room = lq->accept_open && lq->udp == qs->udp && !sk_acceptq_is_full(listener);
	if (room)
		sk_acceptq_added(listener);
	spin_unlock_bh(&lq->accept_lock);
	if (!room)
		return -ECONNREFUSED;
	/* From here on quic_listen_child_over() undoes it. */
	sock_hold(listener);
	qs->listener = listener;
	qs->backlogged = true;
	err = quic_sock_inherit(sk, listener);
	if (err)
		return err;
	quic_conn_set_local(qs->conn, &qs->cfg.tp);
	quic_conn_set_cid_len(qs->conn, qs->cfg.cid_len);
	if (quic_one(sk))
		quic_one_attached(sk);
	quic_conn_set_path(qs->conn, quic_cc_find(qs->cfg.cc_algo),
			   qs->cfg.initial_rtt_us * QUIC_NS_PER_US);
	quic_conn_set_pmtud(qs->conn, qs->cfg.pmtud, qs->cfg.pmtud_raise_us * QUIC_NS_PER_US);
	return 0;
}

/**
 * quic_listen_select - the daemon chose a listener
 * @sk: embryo, lock held
 * @listener: listener, a reference held, not locked
 *
 * Context: process, may sleep. Return: 0; -ECONNREFUSED when the listener is
 * closed or its backlog full; -ENOMEM. After a failure the child is to be closed.
 */
int quic_listen_select(struct sock *sk, struct sock *listener)
{
	int err;

	if (quic_sk(sk)->listener || !quic_sk(sk)->embryo)
		return -EINVAL;
	lock_sock_nested(listener, SINGLE_DEPTH_NESTING);
	err = select_locked(sk, listener);
	release_sock(listener);
	return err;
}

/**
 * quic_listen_established - the child's handshake is done
 * @sk: child, lock held
 *
 * Context: process or softirq; called by quic_settle(), which goes on with what
 * this wants when the listener is gone.
 */
void quic_listen_established(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk), *lq;
	struct sock *listener = qs->listener;
	bool open;

	if (WARN_ON_ONCE(!qs->embryo || !listener))
		return;
	quic_listen_uncount(qs);
	qs->listener = NULL;
	qs->backlogged = false;
	lq = quic_sk(listener);
	spin_lock_bh(&lq->accept_lock);
	open = lq->accept_open;
	if (open) {
		sock_hold(sk);
		list_add_tail(&qs->accept_node, &lq->accept_q);
	} else {
		sk_acceptq_removed(listener);
	}
	spin_unlock_bh(&lq->accept_lock);
	if (open) {
		quic_mib_inc(sock_net(sk), PassiveOpens);
		listener->sk_data_ready(listener);
	} else {
		refuse(sk);
	}
	sock_put(listener);
}

/* ---- accept() ---- */

static struct sock *accept_pop(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk), *cq;

	spin_lock_bh(&qs->accept_lock);
	cq = list_first_entry_or_null(&qs->accept_q, struct quic_sock, accept_node);
	if (cq) {
		list_del_init(&cq->accept_node);
		sk_acceptq_removed(sk);
	}
	spin_unlock_bh(&qs->accept_lock);
	return cq ? &cq->inet.sk : NULL;
}

/* Lock held, dropped while waiting. */
static int accept_wait(struct sock *sk, long *timeo)
{
	DEFINE_WAIT(wait);

	prepare_to_wait_exclusive(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
	release_sock(sk);
	if (list_empty_careful(&quic_sk(sk)->accept_q) &&
	    READ_ONCE(sk->sk_state) == TCP_LISTEN)
		*timeo = schedule_timeout(*timeo);
	finish_wait(sk_sleep(sk), &wait);
	lock_sock(sk);
	/* woken for a child, which wakes no other waiter: take it, signal or not */
	if (!list_empty_careful(&quic_sk(sk)->accept_q))
		return 0;
	return signal_pending(current) ? sock_intr_errno(*timeo) : 0;
}

/**
 * quic_listen_accept - take an established child
 * @sk: listener, not locked
 * @nonblock: do not wait
 * @err: receives 0 or -EINVAL (not listening, or not any more), -EAGAIN, -EINTR,
 *	-ERESTARTSYS
 *
 * Context: process, may sleep. Return: the child, its reference is the caller's,
 * or NULL. It may be closed already; what it received is still to be read.
 */
struct sock *quic_listen_accept(struct sock *sk, bool nonblock, int *err)
{
	struct sock *child = NULL;
	long timeo;

	lock_sock(sk);
	timeo = sock_rcvtimeo(sk, nonblock);
	for (;;) {
		*err = -EINVAL;
		if (sk->sk_state != TCP_LISTEN)
			break;
		*err = 0;
		child = accept_pop(sk);
		if (child)
			break;
		*err = -EAGAIN;
		if (!timeo)
			break;
		*err = accept_wait(sk, &timeo);
		if (*err)
			break;
	}
	release_sock(sk);
	return child;
}
