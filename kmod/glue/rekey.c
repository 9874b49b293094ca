// SPDX-License-Identifier: GPL-2.0
/*
 * Key updates of a connection: keys of the next generation are made here, ahead of
 * their use, and the socket's pointers follow the core.
 *
 *	core: QUIC_WANT_NEXT_KEYS --> quic_rekey_want() --> rekey_work
 *	      seeds taken, lock dropped, keys made, lock taken, attached
 *	      --> quic_conn_next_keys_ready(), parked packets are fed again
 *	core: QUIC_WANT_KEYS --> quic_rekey_sync(): a pointer moves
 *
 * Keys of the crypto API are allocated, and given their key, in process context only;
 * hence the work item. It makes both directions, since an update changes both.
 *
 * References: a queued work item holds the socket. A socket that was detached
 * meanwhile has no keys any more; what the work made for it is freed unpublished.
 *
 * Not here: when (core/keyphase.c), the chain of generations (phase.c).
 */
#include "glue.h"

/* Both directions: of what, and what became of it. */
struct rekey {
	struct quic_keys_seed seed[2];
	struct quic_keys *keys[2];
};

static struct quic_keys *rx_keys(const struct quic_sock *qs)
{
	return rcu_dereference_protected(qs->keys_rx[QUIC_CRYPTO_APP], true);
}

void quic_rekey_sync(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	const struct quic_keyphase *kp = &qs->conn->keyphase;
	struct quic_keys **tx = &qs->keys_tx[QUIC_CRYPTO_APP];

	if (!rx_keys(qs) || !*tx)
		return;
	/* the core moves by one at a time, and only to keys that are attached */
	if (rx_keys(qs)->gen != quic_conn_rx_gen(qs->conn))
		WARN_ON_ONCE(!quic_phase_switch_rx(&qs->keys_rx[QUIC_CRYPTO_APP]));
	if ((*tx)->gen != quic_conn_tx_gen(qs->conn))
		WARN_ON_ONCE(!quic_phase_switch_tx(tx));
	if (quic_conn_old_keys_over(qs->conn))
		quic_phase_drop_old(rx_keys(qs));
	quic_mib_add(sock_net(sk), KeyUpdatesLocal, kp->updates_local - qs->key_updates[0]);
	quic_mib_add(sock_net(sk), KeyUpdatesPeer, kp->updates_peer - qs->key_updates[1]);
	qs->key_updates[0] = kp->updates_local;
	qs->key_updates[1] = kp->updates_peer;
}

/* Lock held. Return: there is something to make, in @r what from. */
static bool rekey_begin(struct sock *sk, struct rekey *r)
{
	struct quic_sock *qs = quic_sk(sk);
	struct quic_keys *rx = rx_keys(qs), *tx = qs->keys_tx[QUIC_CRYPTO_APP];

	if (!qs->attached || !rx || !tx)
		return false;
	quic_rekey_sync(sk);
	rx = rx_keys(qs);
	tx = qs->keys_tx[QUIC_CRYPTO_APP];
	if (rcu_access_pointer(rx->next) || rx->gen != tx->gen)
		return false;
	quic_phase_seed(rx, &r->seed[0]);
	quic_phase_seed(tx, &r->seed[1]);
	return true;
}

static void rekey_make(struct rekey *r)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(r->seed); i++) {
		r->keys[i] = quic_keys_grow(&r->seed[i]);
		if (IS_ERR(r->keys[i]))
			r->keys[i] = NULL;
		quic_keys_seed_drop(&r->seed[i]);
	}
}

/* Lock held. What is not attached is freed. */
static void rekey_end(struct sock *sk, struct rekey *r)
{
	struct quic_sock *qs = quic_sk(sk);
	struct quic_keys *rx = rx_keys(qs), *tx = qs->keys_tx[QUIC_CRYPTO_APP];

	if (!r->keys[0] || !r->keys[1]) {
		quic_mib_inc(sock_net(sk), KeyUpdateFails);
		if (qs->attached)
			quic_conn_next_keys_failed(qs->conn, quic_now());
	} else if (qs->attached && rx && tx) {
		/* only this work attaches, and without next keys nothing moves */
		quic_phase_attach(rx, r->keys[0]);
		quic_phase_attach(tx, r->keys[1]);
		quic_conn_next_keys_ready(qs->conn, r->keys[0]->gen, quic_now());
		return;
	}
	quic_keys_free(r->keys[0]);
	quic_keys_free(r->keys[1]);
}

static void rekey_work_fn(struct work_struct *work)
{
	struct quic_sock *qs = container_of(work, struct quic_sock, rekey_work);
	struct sock *sk = &qs->inet.sk;
	struct rekey r = {};

	lock_sock(sk);
	if (rekey_begin(sk, &r)) {
		release_sock(sk);
		rekey_make(&r);
		lock_sock(sk);
		rekey_end(sk, &r);
	}
	quic_rx_unpark(sk);
	quic_settle(sk);
	release_sock(sk);
	sock_put(sk);
}

void quic_rekey_want(struct sock *sk)
{
	/* as quic_work_queue(): the work waits for the lock that the caller holds */
	if (queue_work(quic_wq, &quic_sk(sk)->rekey_work))
		sock_hold(sk);
}

void quic_rekey_init(struct sock *sk)
{
	INIT_WORK(&quic_sk(sk)->rekey_work, rekey_work_fn);
}
