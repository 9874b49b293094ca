// SPDX-License-Identifier: GPL-2.0
/*
 * Small writes share packets, and the rest of a large one the next one's train.
 *
 * A write that follows another within a fraction of a round trip is most likely not the
 * last. So what does not fill a batch is kept back a while after stream bytes left last: a
 * quarter of a round trip, or HOLD_LEAST where the path is shorter than that and nothing came
 * from the peer meanwhile, which this may answer. Where to send a packet or two takes a writer
 * long, by HOLD_COST times that: else each write would pay for a packet of its own, and take so
 * long that the next one does too. And never longer than the host says. Then, or
 * as soon as there is enough for a batch, it goes. The first write after a pause leaves at
 * once; so do questions that wait for their answer, since whoever waits has the host say so
 * (quic_conn_push()), what ends a stream, and what was lost.
 *
 * Unlike Nagle's algorithm it does not wait for ACKs, which a peer delays; unlike TCP's
 * corking of its own accord it does not need to know when a device has sent.
 *
 * Invariants: only stream bytes that were never sent are kept back, never an ACK, a value
 * to announce or a datagram; an ACK that is due takes them along; conn->pacing_deadline
 * is set while any are.
 *
 * Also what hosts ask before they send: how much is ready, and whether anything is. Not here:
 * MSG_MORE, which is the host's.
 */
#include "hold.h"
#include "conn_int.h"
#include "pnspace.h"
#include "stream.h"

#define HOLD_SHARE	4	/* of a round trip */
#define HOLD_LEAST	(100 * QUIC_NS_PER_US)
#define HOLD_COST	4	/* times what it took to send at most HOLD_FEW packets */
#define HOLD_FEW	2

u64 quic_hold_until(const struct quic_conn *conn, u32 batch, u64 now)
{
	const struct quic_hold *h = &conn->hold;
	u64 unsent = conn->streams.tx_appended - conn->flow_tx.used, until;
	u64 share = conn->path.rtt.smoothed / HOLD_SHARE;

	if (!h->most || h->off || !conn->handshake_confirmed || unsent >= batch)
		return 0;
	if (!h->heard)
		share = max3(share, HOLD_LEAST, h->took * HOLD_COST * QUIC_NS_PER_US);
	until = h->sent + min_t(u64, h->most, share);
	return until > now ? until : 0;
}

u64 quic_conn_tx_ready(const struct quic_conn *conn)
{
	const struct quic_cc *cc = &conn->path.cc;
	u64 queued = quic_conn_tx_queued(conn);

	return queued > cc->bytes_in_flight ?
	       min(queued - cc->bytes_in_flight, quic_cc_room(cc)) : 0;
}

/* Nothing that neither pacing nor a lack of bytes keeps back? */
static bool no_urgent(const struct quic_conn *conn)
{
	const struct quic_pnspace *s = &conn->space[QUIC_SPACE_APP];

	return conn->handshake_confirmed && quic_conn_is_open(conn) && !s->ack_now &&
	       !s->probes && list_empty(&conn->dgrams.built) && !conn->pmtud.wanted &&
	       !conn->paths;
}

bool quic_conn_tx_idle(struct quic_conn *conn)
{
	if (!no_urgent(conn) || quic_streams_tx_ready(conn) ||
	    !list_empty(&conn->vals.wanted) || conn->dgrams.tx.n ||
	    quic_pnspace_crypto_ready(&conn->space[QUIC_SPACE_APP]) ||
	    conn->pacing_deadline != QUIC_TIME_NEVER)
		return false;
	conn->path.app_limited = quic_cc_room(&conn->path.cc) >= conn->path.mtu;
	quic_hold_done(conn);
	return true;
}

bool quic_conn_tx_paced(const struct quic_conn *conn)
{
	return conn->paced && no_urgent(conn);
}

void quic_conn_set_hold(struct quic_conn *conn, u32 most)
{
	conn->hold.most = most;
	quic_conn_push(conn);
}

void quic_conn_tx_took(struct quic_conn *conn, u64 pkts, u64 now)
{
	struct quic_hold *h = &conn->hold;

	if (pkts && pkts <= HOLD_FEW)
		h->took = min_t(u64, (now - h->sent) / QUIC_NS_PER_US, U16_MAX);
}

void quic_conn_push(struct quic_conn *conn)
{
	if (conn->streams.tx_appended == conn->flow_tx.used)
		return;
	quic_hold_off(conn);
	conn->want |= QUIC_WANT_TX;
}
