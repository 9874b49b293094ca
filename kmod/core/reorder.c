// SPDX-License-Identifier: GPL-2.0
/*
 * How late a packet may be before it counts as lost.
 *
 * RFC 9002 declares a packet lost when one sent three later was acknowledged, or one
 * sent later at all and 9/8 of a round trip has passed. On a path where packets overtake
 * each other by more that is wrong again and again: bytes are sent twice and the window
 * is reduced, which undo.c takes back a round trip later. RFC 9002 6.1 lets a sender
 * be more patient there. Packet numbers are used once, so that a spurious loss tells
 * exactly how far the packet was overtaken; how much time it would have taken is found
 * step by step, as RACK does (RFC 8985 6.2):
 *
 *   spurious loss    packet threshold: as far as it was overtaken and a quarter more, up
 *                    to QUIC_REORDER_PKTS_MAX
 *                    time threshold: a quarter of min_rtt more, once a round trip, up to
 *                    one smoothed round trip more in all
 *   16 reductions of the window in a row without one: half of both
 *
 * What it costs: a loss is noticed later, by one round trip at most, since either
 * threshold is enough; and each ACK looks at the records from the oldest packet in
 * flight to the largest acknowledged, no more than the packet threshold. A peer that
 * feigns reordering gets no more than that.
 *
 * Initial and Handshake packets are too few: their thresholds are the RFC's. Nothing is
 * learnt from losses that undo.c has no list of.
 */
#include "reorder.h"

void quic_reorder_spurious(struct quic_conn *conn, u64 pn)
{
	const struct quic_pnspace *s = &conn->space[QUIC_SPACE_APP];
	struct quic_reorder *r = &conn->path.reorder;
	u64 late = s->largest_acked > pn ? s->largest_acked - pn : 0, more;

	more = min_t(u64, late + late / 4, QUIC_REORDER_PKTS_MAX - QUIC_PACKET_THRESHOLD);
	r->more = max_t(u32, r->more, more);
	r->keep = QUIC_REORDER_KEEP;
	if (pn < r->round)
		return;
	r->round = s->tx_next;
	if (quic_reorder_delay(&conn->path) < quic_rtt_loss_delay(&conn->path.rtt) +
					      conn->path.rtt.smoothed && r->quarters < U8_MAX)
		r->quarters++;
}

void quic_reorder_reduced(struct quic_path *path)
{
	struct quic_reorder *r = &path->reorder;

	if (likely(!r->keep) || --r->keep)
		return;
	r->more /= 2;
	r->quarters /= 2;
	if (r->more || r->quarters)
		r->keep = QUIC_REORDER_KEEP;
}

u64 quic_reorder_delay(const struct quic_path *path)
{
	const struct quic_rtt *rtt = &path->rtt;

	return quic_rtt_loss_delay(rtt) +
	       min(path->reorder.quarters * (rtt->min / 4), rtt->smoothed);
}
