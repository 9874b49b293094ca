// SPDX-License-Identifier: GPL-2.0
/*
 * First answers to a client that are no connection yet: Version Negotiation (RFC 9368
 * 2.1), and a Retry, by which it is told to prove its address (17.2.5.2).
 *
 *   softirq  quic_retry_rx()   tag right? then keep ID and token, queue the work
 *   process  quic_retry_run()  Initial keys of the new ID, then the core, then both
 *                              keys in their places: what leaves next is sealed anew
 *
 *   softirq  quic_version_neg_rx()   another version of ours? then keep it
 *   process  quic_version_neg_run()  the same with a new ID; and TLS begins anew, with
 *                                    a worker that knows nothing of the first attempt
 *
 * Transforms cannot be made in softirq, so the answer waits for the socket's work.
 * One Retry is kept at a time, and it is at most QUIC_PEER_TOKEN_MAX bytes long; the
 * core takes one in a connection's life, and one other version.
 *
 * Where memory is short the packet counts as lost: the next Initial gets another.
 */
#include <linux/slab.h>

#include "answer.h"
#include "handshake.h"

/* A Retry that waits to be acted upon. */
struct quic_retry {
	struct quic_cid scid;
	u32 len;
	u8 token[];
};

/* Without the lock: nothing looked at here goes back. */
static bool could_be_taken(const struct quic_conn *conn)
{
	return conn && !conn->server && !READ_ONCE(conn->retried) &&
	       READ_ONCE(conn->state) == QUIC_CONN_HANDSHAKE;
}

static void keep(struct sock *sk, const struct quic_hdr *hdr)
{
	struct quic_retry *r;

	r = quic_may_fail(QUIC_FAIL_RX, kmalloc(struct_size(r, token, hdr->token_len),
						GFP_ATOMIC | __GFP_NOWARN));
	if (!r) {
		quic_mib_inc(sock_net(sk), DropMemory);
		return;
	}
	r->scid = hdr->scid;
	r->len = hdr->token_len;
	memcpy(r->token, hdr->token, r->len);
	if (cmpxchg(&quic_sk(sk)->retry, NULL, r)) {
		kfree(r);
		return;
	}
	bh_lock_sock(sk);
	quic_work_queue(sk);
	bh_unlock_sock(sk);
}

void quic_retry_rx(struct sock *sk, const struct quic_hdr *hdr, const u8 *pkt, u32 len)
{
	const struct quic_conn *conn = READ_ONCE(quic_sk(sk)->conn);

	if (!could_be_taken(conn) || hdr->version != conn->version ||
	    hdr->token_len > QUIC_PEER_TOKEN_MAX ||
	    !quic_retry_tag_ok(hdr->version, &conn->cids.odcid, pkt, len)) {
		quic_mib_inc(sock_net(sk), DropHeader);
		return;
	}
	keep(sk, hdr);
}

void quic_retry_run(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	struct quic_retry *r = xchg(&qs->retry, NULL);
	struct quic_keys *rx, *tx;

	if (!r)
		return;
	if (quic_initial_keys(qs->conn->version, false, &r->scid, &rx, &tx)) {
		quic_mib_inc(sock_net(sk), DropMemory);
	} else if (quic_conn_recv_retry(qs->conn, &r->scid, r->token, r->len, quic_now())) {
		quic_mib_inc(sock_net(sk), RetryRecv);
		quic_initial_keys_set(sk, rx, tx);
	} else {
		quic_mib_inc(sock_net(sk), DropHeader);
		quic_keys_free(rx);
		quic_keys_free(tx);
	}
	kfree(r);
}

/**
 * quic_version_neg_rx - a Version Negotiation packet came
 * @sk: whose connection ID it has, a reference held; its lock is not
 * @hdr: its header
 *
 * Both IDs must be those of our first packet (RFC 9000 17.2.1). Where the lock is
 * owned it is as lost: the client's next packet gets another answer.
 * Context: BH off.
 */
void quic_version_neg_rx(struct sock *sk, const struct quic_hdr *hdr)
{
	struct quic_sock *qs = quic_sk(sk);
	u32 version;

	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk) && qs->attached && !qs->conn->server &&
	    quic_conn_state(qs->conn) == QUIC_CONN_HANDSHAKE &&
	    quic_cid_equal(quic_conn_dcid(qs->conn), &hdr->scid)) {
		version = quic_conn_recv_version_neg(qs->conn, hdr->token, hdr->token_len,
						     quic_now());
		if (version) {
			qs->next_version = version;
			quic_work_queue(sk);
		}
		quic_settle(sk);
	}
	bh_unlock_sock(sk);
}

/* TLS begins anew. Lock held. */
static void restart_tls(struct sock *sk)
{
	struct quic_conn *conn = quic_sk(sk)->conn;

	quic_hs_end(sk);
	if (quic_hs_start(sk))
		quic_conn_close(conn, false, QUIC_TRANSPORT_ERROR_INTERNAL, "out of memory",
				quic_now());
}

void quic_version_neg_run(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	u32 version = qs->next_version;
	struct quic_keys *rx, *tx;
	struct quic_cid dcid;

	if (!version)
		return;
	qs->next_version = 0;
	quic_random_cid(&dcid);
	if (quic_initial_keys(version, false, &dcid, &rx, &tx)) {
		quic_mib_inc(sock_net(sk), DropMemory);
		return;
	}
	if (!quic_conn_restart(qs->conn, version, &dcid, quic_now())) {
		quic_keys_free(rx);
		quic_keys_free(tx);
		return;
	}
	kfree(xchg(&qs->retry, NULL));	/* of the first attempt */
	quic_mib_inc(sock_net(sk), VersionNegRecv);
	quic_initial_keys_set(sk, rx, tx);
	restart_tls(sk);
}
