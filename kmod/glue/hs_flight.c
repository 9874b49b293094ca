// SPDX-License-Identifier: GPL-2.0
/*
 * A flight: the actions of TLS that a worker of the daemon has the socket carry out.
 *
 * All or none: it was parsed completely (netlink.c), its sender owns the handshake,
 * its keys are derived while nothing is locked, and its order is checked against
 * what was done before the first action is. What can fail after that (memory, the
 * peer's parameters, a listener that went away) ends the handshake.
 *
 * Worst case: QUIC_HS_ACTIONS_MAX actions under one hold of the socket lock, and as
 * many derivations of keys before it.
 *
 * Secrets: they are in the message, which netlink.c zeroises, and in the keys.
 * Not here: whose handshake it is and how it ends (handshake.c).
 */
#include <linux/mm.h>
#include <net/netlink.h>

#include "handshake.h"
#include "token.h"

#define CRYPTO_QUEUE_MAX (256U << 10)	/* a chain of QUIC_HS_CHAIN_MAX fits often */

/* ---- before anything is locked ---- */

/* @why: static. The macros of netlink.h take literals only. */
static void reject(struct netlink_ext_ack *extack, const struct quic_hs_act *act,
		   const char *why)
{
	if (!extack)
		return;
	extack->_msg = why;
	NL_SET_BAD_ATTR(extack, act->nest);
}

/* 1-RTT keys know what follows them (RFC 9001 6.1). */
static int derive_act(struct quic_hs_act *act, u32 version)
{
	struct quic_keys *keys = quic_keys_create(act->cipher, version, act->data);

	if (IS_ERR(keys))
		return PTR_ERR(keys);
	act->keys = keys;
	return act->level == QUIC_CRYPTO_APP ? quic_keys_derive_next(keys, act->data) : 0;
}

/*
 * Derive all keys, with nothing locked: it may sleep, and may fail. @version: in use
 * before the flight; a client's changes with the packet that brings the TLS bytes which
 * the first secret answers to. 0-RTT keeps the one that the client began with.
 */
static int derive_keys(struct quic_hs_flight *flight, const struct quic_conn *conn,
		       struct netlink_ext_ack *extack)
{
	u32 version = READ_ONCE(conn->version), i;
	int err;

	for (i = 0; i < flight->n; i++) {
		if (flight->act[i].version)
			version = flight->act[i].version;
		if (flight->act[i].type != QUIC_HS_ACTION_SECRET)
			continue;
		err = derive_act(&flight->act[i], flight->act[i].level == QUIC_CRYPTO_EARLY ?
				 READ_ONCE(conn->chosen_version) : version);
		if (err) {
			NL_SET_ERR_MSG(extack, "the kernel cannot make these keys");
			return err;
		}
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

/* ---- order ---- */

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

/* 0-RTT has its secret before the handshake has any, and only one: the sender's. */
static const char *check_early_secret(const struct quic_hs_act *act, bool server,
				      const struct quic_hs_progress *p)
{
	u32 handshake = quic_hs_secret_bit(QUIC_CRYPTO_HANDSHAKE, true) |
			quic_hs_secret_bit(QUIC_CRYPTO_HANDSHAKE, false);

	if (server && act->send)
		return "a server sends no 0-RTT";
	if (!server && !act->send)
		return "a client receives no 0-RTT";
	if (server && !p->selected)
		return "an EARLY secret before SELECT";
	if (!server && !p->remembered)
		return "an EARLY secret before the parameters that it is used under";
	if (p->secrets & handshake)
		return "an EARLY secret after one of HANDSHAKE";
	return NULL;
}

static const char *check_secret(const struct quic_hs_act *act, bool server,
				struct quic_hs_progress *p)
{
	u32 bit = quic_hs_secret_bit(act->level, act->send);
	const char *why = NULL;

	if (p->secrets & bit)
		why = "a secret that is installed already";
	else if (act->level == QUIC_CRYPTO_EARLY)
		why = check_early_secret(act, server, p);
	p->secrets |= bit;
	return why;
}

/* What quic_conn_early_begin() would refuse, told before anything is done. */
static const char *check_remembered(const struct quic_hs_act *act,
				    const struct quic_conn *conn,
				    const struct quic_hs_progress *p)
{
	struct quic_error wrong = {};
	struct quic_tparams tp;

	if (conn->server)
		return "a server offers no 0-RTT";
	if (p->remembered)
		return "remembered parameters twice";
	if (p->params || p->secrets)
		return "remembered parameters after secrets, or those of the handshake";
	if (conn->early != QUIC_EARLY_NONE)
		return "0-RTT was offered in another version";
	if (conn->stats.pkts_sent)
		return "too late for 0-RTT: a packet was sent";
	if (quic_tparams_decode(&tp, true, act->data, act->len, &wrong))
		return "remembered parameters that are malformed";
	return NULL;
}

static const char *check_params(const struct quic_hs_act *act, const struct quic_conn *conn,
				struct quic_hs_progress *p)
{
	const char *why = NULL;

	if (act->remembered) {
		why = check_remembered(act, conn, p);
		p->remembered = true;
		return why;
	}
	if (p->params)
		why = "PEER_PARAMS twice";
	else if (act->early_accepted &&
		 !(p->secrets & quic_hs_secret_bit(QUIC_CRYPTO_EARLY, true)))
		why = "EARLY_ACCEPTED, and no 0-RTT was offered";
	p->params = true;
	return why;
}

/* May @act come after what is in @p? Adds it. Return: NULL, or what is wrong. */
static const char *check_act(const struct quic_hs_act *act, const struct quic_conn *conn,
			     struct quic_hs_progress *p)
{
	bool server = conn->server;
	const char *why = NULL;

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
		why = check_secret(act, server, p);
		break;
	case QUIC_HS_ACTION_PEER_PARAMS:
		why = check_params(act, conn, p);
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
	const struct quic_conn *conn = quic_sk(hs->sk)->conn;
	const char *why;
	u32 i;

	*p = hs->progress;
	for (i = 0; i < flight->n; i++) {
		why = check_act(&flight->act[i], conn, p);
		if (why) {
			reject(extack, &flight->act[i], why);
			return -EINVAL;
		}
	}
	return 0;
}

/* ---- actions: lock held; an error is one that ended the connection ---- */

static int do_version(struct quic_hs *hs, u32 version)
{
	int err = quic_version_select_other(hs->sk, version);

	if (err)
		quic_hs_fail(hs, -err, -1, "the connection could not go on with another version");
	return err;
}

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
	else if (act->version && act->version != qs->conn->version)
		err = do_version(hs, act->version);
	return err;
}

/*
 * Nobody is charged for TLS bytes that wait to be sent, and a worker may be root of
 * some user namespace only: bounded.
 */
static int do_crypto(struct quic_hs *hs, const struct quic_hs_act *act)
{
	struct quic_conn *conn = quic_sk(hs->sk)->conn;
	int err = -ENOBUFS;

	if (quic_conn_crypto_queued(conn, act->level) + act->len <= CRYPTO_QUEUE_MAX)
		err = quic_conn_crypto_send(conn, act->level, act->data, act->len);
	if (err)
		quic_hs_fail(hs, -err, -1, "TLS bytes of the daemon could not be queued");
	return err;
}

static int do_secret(struct quic_hs *hs, struct quic_hs_act *act)
{
	struct sock *sk = hs->sk;
	struct quic_sock *qs = quic_sk(sk);
	int err;

	/* RFC 9001 4.9: a level that was given up does not come back. */
	if (quic_conn_keys_discarded(qs->conn) & BIT(act->level))
		return 0;
	if (act->send)
		qs->keys_tx[act->level] = act->keys;
	else
		rcu_assign_pointer(qs->keys_rx[act->level], act->keys);
	act->keys = NULL;
	if (act->level == QUIC_CRYPTO_APP) {
		WRITE_ONCE(qs->cipher, act->cipher->id);
		quic_conn_set_aead_limits(qs->conn,
					  quic_limit_seal(act->cipher->confidentiality_limit_2k),
					  quic_limit_seal(act->cipher->confidentiality_limit),
					  quic_limit_forged(act->cipher->integrity_limit));
	}
	err = quic_conn_key_ready(qs->conn, act->level, act->send, quic_now());
	if (!err && !act->send)
		quic_rx_unpark(sk);
	return err;
}

static int do_params(struct quic_hs *hs, const struct quic_hs_act *act)
{
	struct quic_conn *conn = quic_sk(hs->sk)->conn;
	int err;

	if (act->remembered) {
		err = quic_conn_early_begin(conn, act->data, act->len);
		if (!err)
			quic_dgram_configure(hs->sk);
		return err;
	}
	if (act->early_accepted)
		quic_conn_early_result(conn, true, quic_now());
	/* which takes silence for a refusal */
	return quic_conn_set_peer_tparams(conn, act->data, act->len, quic_now());
}

static int do_done(struct quic_hs *hs, const struct quic_hs_act *act)
{
	struct quic_sock *qs = quic_sk(hs->sk);
	u8 *chain = NULL;
	int err;

	if (act->len) {
		chain = quic_may_fail(QUIC_FAIL_HS, kvmalloc(act->len, GFP_KERNEL));
		if (!chain) {
			quic_hs_fail(hs, ENOMEM, -1, "no memory for the peer's certificates");
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
	if (err && err != -EPROTO)	/* which closes it by itself */
		quic_hs_fail(hs, -err, -1, "the connection could not complete its handshake");
	return err;
}

static void do_fail(struct quic_hs *hs, const struct quic_hs_act *act)
{
	char text[QUIC_HS_TEXT_MAX + 1] = "the handshake daemon gave no reason";

	if (act->text)
		nla_strscpy(text, act->text, sizeof(text));
	WRITE_ONCE(hs->state, QUIC_HS_OVER);	/* it knows: no ABORT */
	quic_hs_fail(hs, act->error, act->alert, text);
}

static int do_act(struct quic_hs *hs, struct quic_hs_act *act)
{
	switch (act->type) {
	case QUIC_HS_ACTION_SELECT:
		return do_select(hs, act);
	case QUIC_HS_ACTION_CRYPTO:
		return do_crypto(hs, act);
	case QUIC_HS_ACTION_SECRET:
		return do_secret(hs, act);
	case QUIC_HS_ACTION_PEER_PARAMS:
		return do_params(hs, act);
	case QUIC_HS_ACTION_DONE:
		return do_done(hs, act);
	case QUIC_HS_ACTION_FAIL:
		do_fail(hs, act);
		return 0;
	}
	return -EINVAL;
}

/* ---- the whole ---- */

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
	struct quic_hs *hs = quic_hs_find(flight->id, net, portid);
	struct sock *sk;
	int err;

	if (!hs) {
		NL_SET_ERR_MSG(extack, "no such handshake of this worker");
		return -ENOENT;
	}
	sk = hs->sk;
	err = derive_keys(flight, quic_sk(sk)->conn, extack);
	if (err)
		goto out;
	lock_sock(sk);
	/*
	 * A handshake that runs stays with its worker, and ours cannot close its
	 * socket while it sends on it: the owner needs no second look.
	 */
	if (quic_sk(sk)->hs == hs && hs->state == QUIC_HS_RUNNING) {
		quic_hs_forget_start(hs);	/* its ID is known: it was read */
		err = run(hs, flight, extack);
		quic_settle(sk);
	} else {
		NL_SET_ERR_MSG(extack, "this handshake is over");
		err = -ENOENT;
	}
	release_sock(sk);
out:
	free_keys(flight);
	quic_hs_put(hs);
	return err;
}
