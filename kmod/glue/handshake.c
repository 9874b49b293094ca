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
 * A flight is carried out all or none: it was parsed completely (netlink.c), its
 * sender owns the handshake, its keys are derived while nothing is locked, and
 * its order is checked against what was done before the first action is. What can
 * fail after that (memory, the peer's parameters, a listener that went away) ends
 * the handshake.
 *
 * Locks: socket lock, then quic_hs_lock; nothing is taken inside the latter except
 * what netlink takes to deliver. Messages go out with both held. Who dies
 * (URELEASE) is handled by each handshake's work item, which takes the socket lock.
 *
 * Secrets: they are in the message, which netlink.c zeroises, and in the keys.
 * Not here: bytes of messages (hs_msg.c), the family and its workers (netlink.c).
 */
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <net/netlink.h>

#include "handshake.h"

#define TABLE_BITS	10
#define CRYPTO_QUEUE_MAX (256U << 10)	/* a chain of QUIC_HS_CHAIN_MAX fits often */
#define TRIES_MAX	8	/* workers asked before waiting for a better time */

DEFINE_SPINLOCK(quic_hs_lock);

unsigned int quic_hs_fallback = 1;
unsigned int quic_hs_wait_ms = 3000;

static DEFINE_HASHTABLE(table, TABLE_BITS);
static atomic64_t ids = ATOMIC64_INIT(0);

/* ---- references ---- */

static void hs_put(struct quic_hs *hs)
{
	if (!refcount_dec_and_test(&hs->refs))
		return;
	if (hs->worker)
		quic_hs_worker_put(hs->worker);
	sock_put(hs->sk);
	kfree(hs);
}

/* The handshake with this ID if that sender runs it; with a reference. */
static struct quic_hs *hs_find(u64 id, const struct net *net, u32 portid)
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
	spin_lock_bh(&quic_hs_lock);
	hash_del(&hs->node);
	spin_unlock_bh(&quic_hs_lock);
	if (hs->state == QUIC_HS_RUNNING)
		quic_hs_send_abort(hs);
	WRITE_ONCE(hs->state, QUIC_HS_OVER);
	if (cancel_delayed_work(&hs->work))
		hs_put(hs);
	hs_put(hs);
}

/*
 * The connection cannot come up. Lock held; @hs may be gone afterwards, settle
 * follows. @alert: to send, or -1.
 */
static void fail(struct quic_hs *hs, int err, int alert, const char *text)
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

/* A message could not be delivered. As fail(). */
static void fail_send(struct quic_hs *hs, int err)
{
	switch (err) {
	case -EAGAIN:
		fail(hs, EHOSTDOWN, -1,
		     "the handshake daemon does not read its messages: is quicd stopped or overloaded?");
		break;
	case -EMSGSIZE:	/* QUIC_HS_CREDENTIAL_MAX; all else has room */
		fail(hs, EMSGSIZE, -1,
		     "the credential is too long for a message to the handshake daemon: at most 60000 bytes");
		break;
	case -ENOMEM:
		fail(hs, ENOMEM, -1, "no memory for a message to the handshake daemon");
		break;
	default:
		fail(hs, ECONNABORTED, -1,
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
			fail(hs, EHOSTDOWN, -1, "no handshake daemon: start quicd");
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
	hs_put(hs);
}

int quic_hs_start(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	struct quic_hs *hs;

	if (WARN_ON_ONCE(qs->hs))
		return -EALREADY;
	hs = kzalloc(sizeof(*hs), GFP_KERNEL);
	if (!hs)
		return -ENOMEM;
	hs->id = atomic64_inc_return(&ids);
	hs->sk = sk;
	sock_hold(sk);
	hs->version = qs->conn->version;
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

/* After the handshake: tickets, that nobody keeps yet. */
static void discard(struct quic_conn *conn)
{
	u8 buf[256];

	while (quic_conn_crypto_read(conn, QUIC_CRYPTO_APP, buf, sizeof(buf)))
		;
}

void quic_hs_crypto(struct sock *sk)
{
	static const u8 levels[] = {
		QUIC_CRYPTO_INITIAL, QUIC_CRYPTO_HANDSHAKE, QUIC_CRYPTO_APP,
	};
	struct quic_sock *qs = quic_sk(sk);
	struct quic_hs *hs = qs->hs;
	u32 i;
	int err;

	if (!hs && qs->conn->handshake_complete)
		discard(qs->conn);
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

/* ---- flights ---- */

/* @why: static. The macros of netlink.h take literals only. */
static void reject(struct netlink_ext_ack *extack, const struct quic_hs_act *act,
		   const char *why)
{
	if (!extack)
		return;
	extack->_msg = why;
	NL_SET_BAD_ATTR(extack, act->nest);
}

/* Derive all keys, with nothing locked: it may sleep, and may fail. */
static int derive_keys(struct quic_hs_flight *flight, u32 version,
		       struct netlink_ext_ack *extack)
{
	struct quic_hs_act *act;
	struct quic_keys *keys;
	u32 i;

	for (i = 0; i < flight->n; i++) {
		act = &flight->act[i];
		if (act->type != QUIC_HS_ACTION_SECRET)
			continue;
		keys = quic_keys_create(act->cipher, version, act->data);
		if (IS_ERR(keys)) {
			NL_SET_ERR_MSG(extack, "the kernel cannot make these keys");
			return PTR_ERR(keys);
		}
		act->keys = keys;
	}
	return 0;
}

static void free_keys(struct quic_hs_flight *flight)
{
	u32 i;

	for (i = 0; i < flight->n; i++) {
		quic_keys_free(flight->act[i].keys);
		flight->act[i].keys = NULL;
	}
}

static const char *check_crypto(const struct quic_hs_act *act, bool server,
				const struct quic_hs_progress *p)
{
	if (server && !p->selected)
		return "CRYPTO before SELECT";
	if (act->level != QUIC_CRYPTO_INITIAL &&
	    !(p->secrets & quic_hs_secret_bit(act->level, true)))
		return "CRYPTO before the secret of its level";
	return NULL;
}

static const char *check_done(bool server, const struct quic_hs_progress *p)
{
	u32 both = quic_hs_secret_bit(QUIC_CRYPTO_APP, true) |
		   quic_hs_secret_bit(QUIC_CRYPTO_APP, false);

	if (server && !p->selected)
		return "DONE before SELECT";
	if (!p->params)
		return "DONE before PEER_PARAMS";
	if ((p->secrets & both) != both)
		return "DONE before both APP secrets";
	return NULL;
}

/* May @act come after what is in @p? Adds it. Return: NULL, or what is wrong. */
static const char *check_act(const struct quic_hs_act *act, bool server,
			     struct quic_hs_progress *p)
{
	const char *why = NULL;
	u32 bit;

	if (p->failed)
		return "an action after FAIL";
	if (p->done && act->type != QUIC_HS_ACTION_CRYPTO)
		return "only CRYPTO may follow DONE";
	switch (act->type) {
	case QUIC_HS_ACTION_SELECT:
		if (!server || p->selected)
			why = "SELECT by a client, or twice";
		p->selected = true;
		break;
	case QUIC_HS_ACTION_CRYPTO:
		why = check_crypto(act, server, p);
		break;
	case QUIC_HS_ACTION_SECRET:
		bit = quic_hs_secret_bit(act->level, act->send);
		if (p->secrets & bit)
			why = "a secret that is installed already";
		p->secrets |= bit;
		break;
	case QUIC_HS_ACTION_PEER_PARAMS:
		if (p->params)
			why = "PEER_PARAMS twice";
		p->params = true;
		break;
	case QUIC_HS_ACTION_DONE:
		why = check_done(server, p);
		p->done = true;
		break;
	case QUIC_HS_ACTION_FAIL:
		p->failed = true;
		break;
	}
	return why;
}

static int check_order(const struct quic_hs_flight *flight, const struct quic_hs *hs,
		       struct quic_hs_progress *p, struct netlink_ext_ack *extack)
{
	bool server = quic_sk(hs->sk)->conn->server;
	const char *why;
	u32 i;

	*p = hs->progress;
	for (i = 0; i < flight->n; i++) {
		why = check_act(&flight->act[i], server, p);
		if (why) {
			reject(extack, &flight->act[i], why);
			return -EINVAL;
		}
	}
	return 0;
}

/* ---- actions: lock held; an error is one that ended the connection ---- */

static int do_select(struct quic_hs *hs, const struct quic_hs_act *act)
{
	struct quic_sock *qs = quic_sk(hs->sk);
	struct sock *listener = quic_listen_find(qs->udp, act->listener);
	int err = -ECONNREFUSED;

	if (listener) {
		err = quic_listen_select(hs->sk, listener);
		sock_put(listener);
	}
	if (err)
		quic_conn_close(qs->conn, false, QUIC_TRANSPORT_ERROR_CONNECTION_REFUSED,
				"the listener is gone or its backlog is full",
				quic_now());
	return err;
}

/*
 * Nobody is charged for TLS bytes that wait to be sent, and a worker may be root of
 * some user namespace only: bounded.
 */
static int do_crypto(struct quic_hs *hs, const struct quic_hs_act *act)
{
	struct quic_conn *conn = quic_sk(hs->sk)->conn;
	const struct quic_sendbuf *sb = &conn->space[quic_level_space(act->level)].crypto_tx;
	int err = -ENOBUFS;

	if (sb->end - sb->base + act->len <= CRYPTO_QUEUE_MAX)
		err = quic_conn_crypto_send(conn, act->level, act->data, act->len);
	if (err)
		fail(hs, -err, -1, "TLS bytes of the daemon could not be queued");
	return err;
}

static void do_secret(struct quic_hs *hs, struct quic_hs_act *act)
{
	struct sock *sk = hs->sk;
	struct quic_sock *qs = quic_sk(sk);

	/* RFC 9001 4.9: a level that was given up does not come back. */
	if (quic_conn_keys_discarded(qs->conn) & BIT(act->level))
		return;
	if (act->send)
		qs->keys_tx[act->level] = act->keys;
	else
		rcu_assign_pointer(qs->keys_rx[act->level], act->keys);
	act->keys = NULL;
	if (act->level == QUIC_CRYPTO_APP)
		qs->cipher = act->cipher->id;
	quic_conn_key_ready(qs->conn, act->level, act->send);
	if (!act->send)
		quic_rx_unpark(sk);
}

static int do_done(struct quic_hs *hs, const struct quic_hs_act *act)
{
	struct quic_sock *qs = quic_sk(hs->sk);
	u8 *chain = NULL;
	int err;

	if (act->len) {
		chain = kvmalloc(act->len, GFP_KERNEL);
		if (!chain) {
			fail(hs, ENOMEM, -1, "no memory for the peer's certificates");
			return -ENOMEM;
		}
		memcpy(chain, act->data, act->len);
	}
	if (act->text)
		nla_strscpy(qs->alpn_selected, act->text, sizeof(qs->alpn_selected));
	kvfree(qs->peer_chain);
	qs->peer_chain = chain;
	qs->peer_chain_len = act->len;
	err = quic_conn_handshake_complete(qs->conn, quic_now());
	if (err)
		fail(hs, -err, -1, "the connection could not complete its handshake");
	return err;
}

static void do_fail(struct quic_hs *hs, const struct quic_hs_act *act)
{
	char text[QUIC_HS_TEXT_MAX + 1] = "the handshake daemon gave no reason";

	if (act->text)
		nla_strscpy(text, act->text, sizeof(text));
	WRITE_ONCE(hs->state, QUIC_HS_OVER);	/* it knows: no ABORT */
	fail(hs, act->error, act->alert, text);
}

static int do_act(struct quic_hs *hs, struct quic_hs_act *act)
{
	struct quic_conn *conn = quic_sk(hs->sk)->conn;

	switch (act->type) {
	case QUIC_HS_ACTION_SELECT:
		return do_select(hs, act);
	case QUIC_HS_ACTION_CRYPTO:
		return do_crypto(hs, act);
	case QUIC_HS_ACTION_SECRET:
		do_secret(hs, act);
		return 0;
	case QUIC_HS_ACTION_PEER_PARAMS:
		return quic_conn_set_peer_tparams(conn, act->data, act->len, quic_now());
	case QUIC_HS_ACTION_DONE:
		return do_done(hs, act);
	case QUIC_HS_ACTION_FAIL:
		do_fail(hs, act);
		return 0;
	}
	return -EINVAL;
}

/* Lock held. The caller settles and has a reference on @hs. */
static int run(struct quic_hs *hs, struct quic_hs_flight *flight,
	       struct netlink_ext_ack *extack)
{
	struct quic_hs_progress after;
	u32 i;
	int err;

	err = check_order(flight, hs, &after, extack);
	if (err)
		return err;
	hs->progress = after;
	for (i = 0; i < flight->n; i++) {
		err = do_act(hs, &flight->act[i]);
		if (err) {
			reject(extack, &flight->act[i], "this action ended the connection");
			return err;
		}
	}
	if (after.done) {
		WRITE_ONCE(hs->state, QUIC_HS_OVER);
		quic_hs_end(hs->sk);
	}
	return 0;
}

int quic_hs_execute(struct quic_hs_flight *flight, const struct net *net, u32 portid,
		    struct netlink_ext_ack *extack)
{
	struct quic_hs *hs = hs_find(flight->id, net, portid);
	struct sock *sk;
	int err;

	if (!hs) {
		NL_SET_ERR_MSG(extack, "no such handshake of this worker");
		return -ENOENT;
	}
	sk = hs->sk;
	err = derive_keys(flight, hs->version, extack);
	if (err)
		goto out;
	lock_sock(sk);
	/*
	 * A handshake that runs stays with its worker, and ours cannot close its
	 * socket while it sends on it: the owner needs no second look.
	 */
	if (quic_sk(sk)->hs == hs && hs->state == QUIC_HS_RUNNING) {
		err = run(hs, flight, extack);
		quic_settle(sk);
	} else {
		NL_SET_ERR_MSG(extack, "this handshake is over");
		err = -ENOENT;
	}
	release_sock(sk);
out:
	free_keys(flight);
	hs_put(hs);
	return err;
}

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
