// SPDX-License-Identifier: GPL-2.0
/*
 * A handshake under way: TLS 1.3 that a worker of the daemon runs for a socket.
 *
 *   quic_hs_start()  WAITING --worker--> RUNNING --DONE--> over
 *                       |                   +-----FAIL, worker died, peer--> over
 *                       +--nobody came in time--> failed, EHOSTDOWN
 *
 * struct quic_hs is what a message's ID leads to. The socket points to it, and it
 * to the socket, each with a reference; quic_hs_end() cuts that, and is called
 * when the handshake is done, when the connection starts to close, and when it is
 * detached: whichever is first. From then on its ID is unknown.
 *
 * Locks: socket lock, then quic_hs_lock; nothing is taken inside the latter except
 * what netlink takes to deliver. Messages go out with both held. Who dies
 * (URELEASE) is handled by each handshake's work item, which takes the socket lock.
 *
 * Not here: what the daemon has the socket do (hs_flight.c), bytes of messages
 * (hs_msg.c), the family and its workers (netlink.c).
 */
#include <linux/hashtable.h>
#include <linux/slab.h>

#include "handshake.h"

#define TABLE_BITS	10
#define TRIES_MAX	8	/* workers asked before waiting for a better time */

DEFINE_SPINLOCK(quic_hs_lock);

unsigned int quic_hs_fallback = 1;
unsigned int quic_hs_wait_ms = 3000;

static DEFINE_HASHTABLE(table, TABLE_BITS);
static atomic64_t ids = ATOMIC64_INIT(0);

/* ---- references ---- */

void quic_hs_put(struct quic_hs *hs)
{
	if (!refcount_dec_and_test(&hs->refs))
		return;
	if (hs->worker)
		quic_hs_worker_put(hs->worker);
	sock_put(hs->sk);
	kfree(hs);
}

struct quic_hs *quic_hs_find(u64 id, const struct net *net, u32 portid)
{
	struct quic_hs *hs, *found = NULL;

	spin_lock_bh(&quic_hs_lock);
	hash_for_each_possible(table, hs, node, id) {
		if (hs->id != id)
			continue;
		/* a port that died may be another socket's by now */
		if (hs->worker && !hs->worker->dead && hs->worker->portid == portid &&
		    net_eq(hs->worker->net, net)) {
			refcount_inc(&hs->refs);
			found = hs;
		}
		break;
	}
	spin_unlock_bh(&quic_hs_lock);
	return found;
}

/*
 * Have the work run now. A reference for it if it was not queued; until the table's
 * is gone, which takes quic_hs_lock, there is one to count on.
 */
static void kick(struct quic_hs *hs)
{
	if (!mod_delayed_work(quic_wq, &hs->work, 0))
		refcount_inc(&hs->refs);
}

void quic_hs_kick_waiting(void)
{
	struct quic_hs *hs;
	int i;

	spin_lock_bh(&quic_hs_lock);
	hash_for_each(table, i, hs, node)
		if (READ_ONCE(hs->state) == QUIC_HS_WAITING)
			kick(hs);
	spin_unlock_bh(&quic_hs_lock);
}

void quic_hs_kick_orphans(const struct quic_hs_worker *w)
{
	struct quic_hs *hs;
	int i;

	lockdep_assert_held(&quic_hs_lock);
	hash_for_each(table, i, hs, node)
		if (hs->worker == w)
			kick(hs);
}

/* ---- ends ---- */

void quic_hs_end(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	struct quic_hs *hs = qs->hs;

	if (!hs)
		return;
	qs->hs = NULL;
	quic_hs_forget_start(hs);
	spin_lock_bh(&quic_hs_lock);
	hash_del(&hs->node);
	spin_unlock_bh(&quic_hs_lock);
	if (hs->state == QUIC_HS_RUNNING)
		quic_hs_send_abort(hs);
	WRITE_ONCE(hs->state, QUIC_HS_OVER);
	if (cancel_delayed_work(&hs->work))
		quic_hs_put(hs);
	quic_hs_put(hs);
}

void quic_hs_fail(struct quic_hs *hs, int err, int alert, const char *text)
{
	struct sock *sk = hs->sk;
	struct quic_sock *qs = quic_sk(sk);

	qs->hs_errno = err;
	if (qs->reason_origin == QUIC_ORIGIN_NONE) {
		qs->reason_origin = QUIC_ORIGIN_DAEMON;
		strscpy(qs->reason, text, sizeof(qs->reason));
	}
	quic_conn_handshake_fail(qs->conn, alert, text, quic_now());
	quic_hs_end(sk);
}

/* A message could not be delivered. As quic_hs_fail(). */
static void fail_send(struct quic_hs *hs, int err)
{
	switch (err) {
	case -EAGAIN:
		quic_hs_fail(hs, EHOSTDOWN, -1,
			     "the handshake daemon does not read its messages: is quicd stopped or overloaded?");
		break;
	case -EMSGSIZE:	/* QUIC_HS_CREDENTIAL_MAX; all else has room */
		quic_hs_fail(hs, EMSGSIZE, -1,
			     "the credential is too long for a message to the handshake daemon: at most 60000 bytes");
		break;
	case -ENOMEM:
		quic_hs_fail(hs, ENOMEM, -1, "no memory for a message to the handshake daemon");
		break;
	default:
		quic_hs_fail(hs, ECONNABORTED, -1,
			     "the handshake daemon died during this handshake: start quicd and try again");
	}
}

/* ---- finding a worker ---- */

/* Nobody is there. Lock held. */
static void wait_more(struct quic_hs *hs, int err)
{
	unsigned long left = hs->wait_until - jiffies;

	if (!time_before(jiffies, hs->wait_until)) {
		if (err)
			fail_send(hs, err);
		else
			quic_hs_fail(hs, EHOSTDOWN, -1, "no handshake daemon: start quicd");
		return;
	}
	/* The work waits for the lock that we hold: the reference is in time. */
	if (queue_delayed_work(quic_wq, &hs->work, left))
		refcount_inc(&hs->refs);
}

/* WAITING: give START to somebody. Lock held, process. @hs may be gone after. */
static void try_workers(struct quic_hs *hs)
{
	int err = 0, i;

	for (i = 0; i < TRIES_MAX && quic_hs_worker_pick(hs); i++) {
		err = quic_hs_send_start(hs);
		if (!err) {
			WRITE_ONCE(hs->state, QUIC_HS_RUNNING);
			quic_hs_crypto(hs->sk);
			return;
		}
		if (err != -EAGAIN && err != -ECONNREFUSED) {
			fail_send(hs, err);
			return;
		}
	}
	wait_more(hs, err);
}

static bool worker_died(const struct quic_hs *hs)
{
	bool dead;

	spin_lock_bh(&quic_hs_lock);
	dead = hs->worker && hs->worker->dead;
	spin_unlock_bh(&quic_hs_lock);
	return dead;
}

static void hs_work_fn(struct work_struct *work)
{
	struct quic_hs *hs = container_of(to_delayed_work(work), struct quic_hs, work);
	struct sock *sk = hs->sk;

	lock_sock(sk);
	if (quic_sk(sk)->hs == hs) {
		if (hs->state == QUIC_HS_WAITING) {
			try_workers(hs);
		} else if (worker_died(hs)) {
			WRITE_ONCE(hs->state, QUIC_HS_OVER);
			fail_send(hs, -ECONNREFUSED);
		}
		quic_settle(sk);
	}
	release_sock(sk);
	quic_hs_put(hs);
}

int quic_hs_start(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	struct quic_hs *hs;

	if (WARN_ON_ONCE(qs->hs))
		return -EALREADY;
	hs = quic_may_fail(QUIC_FAIL_HS, kzalloc(sizeof(*hs), GFP_KERNEL));
	if (!hs)
		return -ENOMEM;
	hs->id = atomic64_inc_return(&ids);
	hs->sk = sk;
	sock_hold(sk);
	hs->wait_until = jiffies + msecs_to_jiffies(READ_ONCE(quic_hs_wait_ms));
	INIT_DELAYED_WORK(&hs->work, hs_work_fn);
	refcount_set(&hs->refs, 1);
	qs->hs = hs;
	spin_lock_bh(&quic_hs_lock);
	hash_add(table, &hs->node, hs->id);
	spin_unlock_bh(&quic_hs_lock);
	try_workers(hs);
	return 0;
}

/* ---- TLS bytes from the peer ---- */

void quic_hs_crypto(struct sock *sk)
{
	static const u8 levels[] = { QUIC_CRYPTO_INITIAL, QUIC_CRYPTO_HANDSHAKE };
	struct quic_hs *hs = quic_sk(sk)->hs;
	u32 i;
	int err;

	if (!hs || hs->state != QUIC_HS_RUNNING)
		return;		/* they wait in the core, bounded by it */
	for (i = 0; i < ARRAY_SIZE(levels); i++) {
		do {
			err = quic_hs_send_crypto(hs, levels[i]);
		} while (!err);
		if (err == -ENOMEM && in_softirq()) {
			quic_work_queue(sk);	/* again, where memory can be waited for */
			return;
		}
		if (err < 0) {
			fail_send(hs, err);
			return;
		}
	}
}

/* ---- loading ---- */

/**
 * quic_hs_init - register the netlink family
 * Context: module init; quic_wq exists. Return: 0, or -EEXIST when another module
 * has the name, -ENOMEM.
 */
int quic_hs_init(void)
{
	return quic_hs_netlink_init();
}

/* Every socket is gone, hence every handshake. */
void quic_hs_exit(void)
{
	quic_hs_netlink_exit();
}
