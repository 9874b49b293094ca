// SPDX-License-Identifier: GPL-2.0
/*
 * Explicit congestion notification: may packets of a path be marked ECT(0), and did
 * routers say that they are congested?
 *
 *   TESTING --counts are right--------------------------> CAPABLE
 *      |                                                     |
 *      +--10 packets or 3 PTOs--> UNKNOWN --right--> CAPABLE |
 *      |                             |                       |
 *      |                             +--all were lost--+     |
 *      +--counts are wrong-------------> FAILED <------+-----+ wrong
 *
 * Only TESTING and CAPABLE mark (RFC 9000 A.4). The peer counts the marks that come,
 * per packet number space, and says the counts in its ACK frames. They are right when
 * they do not fall, cover the marked packets that the frame newly acknowledges, and
 * have no more than was sent (RFC 9000 13.4.2.1). A path on which every packet of the
 * test arrives as CE marks without need, and counts as failed too.
 *
 * The state belongs to the path, the counts to the packet number spaces: a new path
 * starts over with the counts that are. Whoever sends on several paths at a time has
 * to tell their packets apart; this does not.
 *
 * Invariants: FAILED is final; counts of frames that do not raise the largest
 * acknowledged number are never looked at, as these may be older than others.
 *
 * What a CE mark does to the window is the congestion controller's affair. That marked
 * packets alone vanish, on a path that carried them before, is not noticed: probes go
 * unmarked and keep the connection alive.
 */
#include "ecn.h"
#include "recovery.h"

u8 quic_ecn_mark(struct quic_conn *conn, u64 now)
{
	struct quic_ecn *e = &conn->path.ecn;

	if (e->state == QUIC_ECN_STATE_TESTING &&
	    (e->tested >= QUIC_ECN_TEST_PKTS || (e->tested && now >= e->test_end)))
		e->state = QUIC_ECN_STATE_UNKNOWN;
	if (e->state != QUIC_ECN_STATE_TESTING && e->state != QUIC_ECN_STATE_CAPABLE)
		return QUIC_ECN_NOT_ECT;
	return conn->pto_count ? QUIC_ECN_NOT_ECT : QUIC_ECN_ECT0;
}

void quic_ecn_on_sent(struct quic_conn *conn, struct quic_pnspace *s, u32 n, u64 now)
{
	struct quic_ecn *e = &conn->path.ecn;

	s->ect_sent += n;
	if (e->state != QUIC_ECN_STATE_TESTING)
		return;
	if (!e->tested)
		e->test_end = now + QUIC_ECN_TEST_PTOS * quic_recovery_pto(conn);
	e->tested += n;
}

void quic_ecn_on_lost(struct quic_conn *conn)
{
	struct quic_ecn *e = &conn->path.ecn;

	if (e->state != QUIC_ECN_STATE_TESTING && e->state != QUIC_ECN_STATE_UNKNOWN)
		return;
	e->lost++;
	if (e->state == QUIC_ECN_STATE_UNKNOWN && e->lost >= e->tested)
		e->state = QUIC_ECN_STATE_FAILED;
}

/* RFC 9000 13.4.2.1. All numbers are below 2^62. */
static bool counts_right(const struct quic_pnspace *s, const struct quic_frame *f, u32 marked)
{
	u64 ect0 = f->u.ack.ect0, ce = f->u.ack.ce;

	if (f->type == QUIC_FRAME_ACK)
		return !marked;
	if (ect0 < s->ecn_said[0] || ce < s->ecn_said[1])
		return false;
	if (f->u.ack.ect1 || ect0 > s->ect_sent || ce > s->ect_sent)
		return false;
	return ect0 - s->ecn_said[0] + ce - s->ecn_said[1] >= marked;
}

bool quic_ecn_on_ack(struct quic_conn *conn, struct quic_pnspace *s,
		     const struct quic_frame *f, u32 marked)
{
	struct quic_ecn *e = &conn->path.ecn;
	bool more_ce = f->u.ack.ce > s->ecn_said[1];

	if (e->state == QUIC_ECN_STATE_FAILED)
		return false;
	if (!counts_right(s, f, marked) ||
	    (!f->u.ack.ect0 && f->u.ack.ce >= QUIC_ECN_TEST_PKTS)) {
		e->state = QUIC_ECN_STATE_FAILED;
		return false;
	}
	if (f->type == QUIC_FRAME_ACK)
		return false;
	s->ecn_said[0] = f->u.ack.ect0;
	s->ecn_said[1] = f->u.ack.ce;
	if (marked)
		e->state = QUIC_ECN_STATE_CAPABLE;
	return more_ce;
}
