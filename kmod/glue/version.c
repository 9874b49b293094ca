// SPDX-License-Identifier: GPL-2.0
/*
 * Initial keys of a second version, while a connection goes from the version that the
 * client began with to another one (RFC 9368 2.3, RFC 9369 4.1).
 *
 *   server   SELECT with a version   quic_version_select_other(): Initial packets are
 *                                    sealed with its keys, and opened with these, in
 *                                    QUIC_KEYS_OTHER, as well as with those of before
 *   client   softirq   a packet of another version comes: it waits, quic_version_ask()
 *            process   quic_version_run(): keys of that version, to open and to seal
 *            softirq   it opens, the core believes it: quic_version_sync()
 *
 * A client makes those keys for the first packet that claims another version, be it
 * forged: once for each set of Initial keys. Who can forge one that opens, knowing the
 * client's connection IDs, can as well forge an Initial of the right version. What the
 * parameters say under TLS is compared with what was believed (core/version.c).
 *
 * Both go with the Initial keys of the first version.
 */
#include "handshake.h"
#include "token.h"

void quic_version_ask(struct sock *sk, u32 version)
{
	struct quic_sock *qs = quic_sk(sk);
	const struct quic_conn *conn = READ_ONCE(qs->conn);

	if (!version || !conn || conn->server || version == READ_ONCE(conn->version))
		return;
	bh_lock_sock(sk);
	if (!qs->version_asked) {
		qs->version_asked = version;
		quic_work_queue(sk);
	}
	bh_unlock_sock(sk);
}

/* Are there Initial packets yet to come, of a version that is not known? */
static bool is_open(const struct quic_sock *qs)
{
	return !(quic_conn_keys_discarded(qs->conn) & BIT(QUIC_CRYPTO_INITIAL)) &&
	       quic_version_fits(qs->conn, qs->version_asked, QUIC_CRYPTO_INITIAL) &&
	       !rcu_access_pointer(qs->keys_rx[QUIC_KEYS_OTHER]);
}

void quic_version_run(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	struct quic_keys *rx, *tx;

	if (!qs->version_asked || !is_open(qs))
		return;
	if (quic_initial_keys(qs->version_asked, false, quic_conn_initial_dcid(qs->conn),
			      &rx, &tx)) {
		quic_mib_inc(sock_net(sk), DropMemory);
		qs->version_asked = 0;	/* the next packet asks again */
		return;
	}
	qs->keys_tx[QUIC_KEYS_OTHER] = tx;
	rcu_assign_pointer(qs->keys_rx[QUIC_KEYS_OTHER], rx);
	quic_rx_unpark(sk);
}

int quic_version_select_other(struct sock *sk, u32 version)
{
	struct quic_sock *qs = quic_sk(sk);
	struct quic_keys *rx, *tx;
	int err;

	err = quic_initial_keys(version, true, quic_conn_initial_dcid(qs->conn), &rx, &tx);
	if (err)
		return err;
	err = quic_conn_select_version(qs->conn, version);
	if (err) {
		quic_keys_free(rx);
		quic_keys_free(tx);
		return err;
	}
	rcu_assign_pointer(qs->keys_rx[QUIC_KEYS_OTHER], rx);
	quic_keys_free(qs->keys_tx[QUIC_CRYPTO_INITIAL]);
	qs->keys_tx[QUIC_CRYPTO_INITIAL] = tx;
	quic_mib_inc(sock_net(sk), VersionsChanged);
	return 0;
}

void quic_version_sync(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	struct quic_keys *tx = qs->keys_tx[QUIC_KEYS_OTHER];

	if (!tx || tx->version != qs->conn->version)
		return;
	quic_keys_free(qs->keys_tx[QUIC_CRYPTO_INITIAL]);
	qs->keys_tx[QUIC_CRYPTO_INITIAL] = tx;
	qs->keys_tx[QUIC_KEYS_OTHER] = NULL;
	quic_mib_inc(sock_net(sk), VersionsChanged);
}

void quic_version_forget(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);

	qs->version_asked = 0;
	quic_keys_free(rcu_replace_pointer(qs->keys_rx[QUIC_KEYS_OTHER], NULL, true));
	quic_keys_free(qs->keys_tx[QUIC_KEYS_OTHER]);
	qs->keys_tx[QUIC_KEYS_OTHER] = NULL;
}
