// SPDX-License-Identifier: GPL-2.0
/*
 * Packet numbers that are left out on purpose.
 *
 * A peer that acknowledges what it has not received yet makes us send faster than the
 * path carries (RFC 9000 21.4). It cannot know which numbers of the 1-RTT space were
 * never sent: one is left out every 128 to 255 packets, by dice, or, where very much is
 * in flight, every quarter to half of that. An ACK of one of the latest eight ends the
 * connection; these are all that are in flight, and older ones release nothing.
 *
 * Initial and Handshake packets are too few to be worth it.
 *
 * Invariants: pn[0..n) rises; all are below the space's tx_next, and none was sent.
 */
#include "skip.h"

static void choose(struct quic_conn *conn, u64 from)
{
	const struct quic_sent *sent = &conn->space[QUIC_SPACE_APP].sent;
	u32 span = max_t(u64, QUIC_SKIP_SPAN, (sent->next - sent->base) / 4), dice;

	quic_host_random(&dice, sizeof(dice));
	conn->skips.next = from + span + dice % span;
}

void quic_skip_init(struct quic_conn *conn)
{
	choose(conn, 0);
}

void quic_skip_next(struct quic_conn *conn)
{
	struct quic_pnspace *s = &conn->space[QUIC_SPACE_APP];
	struct quic_skips *k = &conn->skips;

	if (k->n == QUIC_SKIPS)
		memmove(k->pn, k->pn + 1, sizeof(*k->pn) * --k->n);
	k->pn[k->n++] = s->tx_next++;
	choose(conn, s->tx_next);
}

bool quic_skip_claimed(const struct quic_skips *k, const struct quic_frame *f)
{
	struct quic_ack_iter it;
	u64 lo, hi;
	u32 i = k->n;

	if (!i || f->u.ack.largest < k->pn[0])
		return false;
	quic_ack_iter_init(&it, f);
	while (quic_ack_iter_next(&it, &lo, &hi)) {
		while (i && k->pn[i - 1] > hi)
			i--;
		if (!i)
			return false;
		if (k->pn[i - 1] >= lo)
			return true;
	}
	return false;
}

u64 quic_skip_below(const struct quic_skips *k, u64 pn)
{
	u32 i;

	for (i = k->n; i && k->pn[i - 1] > pn; i--)
		;
	return i ? k->pn[i - 1] : 0;
}
