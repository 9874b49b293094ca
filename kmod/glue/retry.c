// SPDX-License-Identifier: GPL-2.0
/*
 * First answers to a client that are no connection yet: Version Negotiation (RFC 9368
 * 2.1), and a Retry, by which it is told to prove its address (17.2.5.2).
 *
 *   softirq  quic_retry_rx(), quic_version_neg_rx()   could it be one? then keep ID
 *                                    and token, or list of versions; queue the work
 *   process  quic_first_answer_run()
 *     Retry  Initial keys of the new ID, then the core, then both keys in their
 *            places: what leaves next is sealed anew
 *     Version Negotiation  the core; if it goes on with another version, the same
 *            with a new ID, and TLS begins anew, with a worker that knows nothing of
 *            the first attempt
 *
 * Transforms cannot be made in softirq, so the answer waits for the socket's work; and
 * so it is not lost while the lock is owned. One is kept at a time, of at most
 * QUIC_PEER_TOKEN_MAX bytes; the core takes one Retry in a connection's life, and one
 * other version.
 *
 * Where memory is short the packet counts as lost: the next Initial gets another.
 */
#include <linux/slab.h>

#include "answer.h"
#include "handshake.h"

/* A Retry, or a Version Negotiation packet, that waits to be acted upon. */
struct quic_first_answer {
	bool versions;
	struct quic_cid scid;
	u32 len;
	u8 data[];	/* token, or list of versions */
};

/* Without the lock: nothing looked at here goes back. */
static bool could_be_taken(const struct quic_conn *conn)
{
	return conn && !conn->server && !READ_ONCE(conn->retried) &&
	       READ_ONCE(conn->state) == QUIC_CONN_HANDSHAKE;
}

static void keep(struct sock *sk, const struct quic_hdr *hdr)
{
	struct quic_first_answer *r;

	if (hdr->token_len > QUIC_PEER_TOKEN_MAX) {
		quic_mib_inc(sock_net(sk), DropHeader);
		return;
	}
	r = quic_may_fail(QUIC_FAIL_RX, kmalloc(struct_size(r, data, hdr->token_len),
						GFP_ATOMIC | __GFP_NOWARN));
	if (!r) {
		quic_mib_inc(sock_net(sk), DropMemory);
		return;
	}
	r->versions = hdr->type == QUIC_PKT_VERSION_NEG;
	r->scid = hdr->scid;
	r->len = hdr->token_len;
	memcpy(r->data, hdr->token, r->len);
	if (cmpxchg(&quic_sk(sk)->first_answer, NULL, r)) {
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
	    !quic_retry_tag_ok(hdr->version, &conn->cids.odcid, pkt, len)) {
		quic_mib_inc(sock_net(sk), DropHeader);
		return;
	}
	keep(sk, hdr);
}

static void take_retry(struct sock *sk, const struct quic_first_answer *r)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	struct quic_keys *rx, *tx;

	if (quic_initial_keys(conn->version, false, &r->scid, &rx, &tx)) {
		quic_mib_inc(sock_net(sk), DropMemory);
	} else if (quic_conn_recv_retry(conn, &r->scid, r->data, r->len, quic_now())) {
		quic_mib_inc(sock_net(sk), RetryRecv);
		quic_initial_keys_set(sk, rx, tx);
	} else {
		quic_mib_inc(sock_net(sk), DropHeader);
		quic_keys_free(rx);
		quic_keys_free(tx);
	}
}

/* Both IDs must be those of our first packet (RFC 9000 17.2.1). */
static bool answers_us(const struct quic_conn *conn, const struct quic_cid *scid)
{
	return could_be_taken(conn) && quic_cid_equal(quic_conn_dcid(conn), scid);
}

/**
 * quic_version_neg_rx - a Version Negotiation packet came
 * @sk: whose connection ID it has, a reference held; its lock is not
 * @hdr: its header
 *
 * What the lock protects is looked at for a hint; quic_first_answer_run() looks again.
 * Context: BH off.
 */
void quic_version_neg_rx(struct sock *sk, const struct quic_hdr *hdr)
{
	if (answers_us(READ_ONCE(quic_sk(sk)->conn), &hdr->scid))
		keep(sk, hdr);
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

static void take_versions(struct sock *sk, const struct quic_first_answer *r)
{
	struct quic_sock *qs = quic_sk(sk);
	struct quic_keys *rx, *tx;
	struct quic_cid dcid;
	u32 version;

	if (!answers_us(qs->conn, &r->scid))
		return;
	version = quic_conn_recv_version_neg(qs->conn, r->data, r->len, quic_now());
	if (!version)
		return;
	quic_random_cid(&dcid, QUIC_INITIAL_DCID_MIN);
	if (quic_initial_keys(version, false, &dcid, &rx, &tx)) {
		quic_mib_inc(sock_net(sk), DropMemory);
		return;
	}
	if (!quic_conn_restart(qs->conn, version, &dcid, quic_now())) {
		quic_keys_free(rx);
		quic_keys_free(tx);
		return;
	}
	kfree(xchg(&qs->first_answer, NULL));	/* to the first attempt */
	quic_mib_inc(sock_net(sk), VersionNegRecv);
	quic_initial_keys_set(sk, rx, tx);
	restart_tls(sk);
}

void quic_first_answer_run(struct sock *sk)
{
	struct quic_first_answer *r = xchg(&quic_sk(sk)->first_answer, NULL);

	if (!r)
		return;
	if (r->versions)
		take_versions(sk, r);
	else
		take_retry(sk, r);
	kfree(r);
}
