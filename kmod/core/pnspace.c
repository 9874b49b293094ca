// SPDX-License-Identifier: GPL-2.0
/*
 * Received packet numbers of one space, and when an ACK is owed for them.
 *
 * An ACK is sent for every second ack-eliciting packet, or for more of them where a reader
 * says when he is done (ackwait.c), at once for one that arrives out of order, behind a gap
 * or marked CE, and after max_ack_delay at the latest (RFC 9000 13.2.1, 13.2.2). "For
 * every second" is decided per received batch: the caller builds packets after a whole
 * train, so a train gets one ACK.
 *
 * Ranges that the peer knows we acknowledged are dropped when it acknowledges
 * the packet that told it (RFC 9000 13.2.4); recovery.c calls for that.
 */
#include "pnspace.h"
#include "ackwait.h"
#include "ecn.h"
#include "plant.h"

void quic_pnspace_init(struct quic_pnspace *s)
{
	memset(s, 0, sizeof(*s));
	quic_rangeset_init(&s->rx);
	s->ack_deadline = QUIC_TIME_NEVER;
	s->loss_time = QUIC_TIME_NEVER;
}

void quic_pnspace_free(struct quic_pnspace *s, struct quic_conn *conn)
{
	quic_rangeset_free(&s->rx);
	quic_sent_free(&s->sent);
	quic_pnspace_free_crypto(s, conn);
}

struct quic_crypto *quic_pnspace_crypto(struct quic_pnspace *s)
{
	struct quic_crypto *c = s->crypto;

	if (c)
		return c;
	c = quic_host_alloc(QUIC_OBJ_VAR, sizeof(*c));
	if (!c)
		return NULL;
	quic_sendbuf_init(&c->tx);
	c->tx.base = s->crypto_sent;
	c->tx.next = s->crypto_sent;
	c->tx.end = s->crypto_sent;
	quic_recvbuf_init(&c->rx);
	c->rx.read = s->crypto_read;
	c->rx.contig = s->crypto_read;
	c->rx.highest = s->crypto_read;
	c->rx.copies_max = QUIC_RX_CRYPTO_CHUNKS_MAX;
	s->crypto = c;
	return c;
}

void quic_pnspace_free_crypto(struct quic_pnspace *s, struct quic_conn *conn)
{
	struct quic_crypto *c = s->crypto;

	if (!c)
		return;
	s->crypto_sent = c->tx.end;
	s->crypto_read = c->rx.read;
	quic_sendbuf_free(&c->tx, conn);
	quic_recvbuf_free(&c->rx);
	quic_host_free(QUIC_OBJ_VAR, c, sizeof(*c));
	s->crypto = NULL;
}

/*
 * RFC 9000 13.2.1: is the ack-eliciting packet @pn, in the set already, below one that
 * came before, or are any missing between it and the ack-eliciting one before?
 */
static bool disorder(struct quic_pnspace *s, u64 pn, u64 next)
{
	u64 before = s->rx_eliciting_next;

	if (pn < next)
		return true;
	s->rx_eliciting_next = pn + 1;
	return s->rx.r[0].lo > max(before, s->rx.floor);
}

/* An ACK is owed for what came at @now, and due if it is for enough. */
static void owe(struct quic_pnspace *s, struct quic_ackwait *w, u64 max_ack_delay, u64 now)
{
	if (s->ack_now)
		return;
	if (s->ack_pending >= w->every) {
		quic_ackwait_enough(w);
		s->ack_now = true;
		return;
	}
	if (s->ack_deadline == QUIC_TIME_NEVER)
		s->ack_deadline = now + max_ack_delay;
	if (s->ack_pending >= QUIC_ACK_EVERY)
		s->ack_deadline = min(s->ack_deadline, now + QUIC_ACK_MANY_NS);
}

void quic_pnspace_received(struct quic_pnspace *s, u64 pn, bool ack_eliciting,
			   bool immediate, struct quic_ackwait *w, u64 max_ack_delay, u64 now)
{
	u64 next = s->rx_next;

	quic_rangeset_add(&s->rx, pn);
	if (pn >= next) {
		WRITE_ONCE(s->rx_next, pn + 1);
		s->rx_largest_time = now;
	}
	if (!ack_eliciting)
		return;
	s->ack_pending++;
	if (disorder(s, pn, next) || immediate) {
		quic_ackwait_hurry(w);
		s->ack_now = true;
	}
	owe(s, w, max_ack_delay, now);
}

void quic_pnspace_received_run(struct quic_pnspace *s, u32 n, struct quic_ackwait *w,
			       u64 max_ack_delay, u64 now)
{
	u64 next = s->rx_next + n;

	s->rx.r[0].hi = next - 1;
	s->rx_eliciting_next = next;
	s->rx_largest_time = now;
	WRITE_ONCE(s->rx_next, next);
	s->ack_pending += n;
	owe(s, w, max_ack_delay, now);
}

u32 quic_pnspace_put_ack(struct quic_pnspace *s, struct quic_wcur *c, u8 exponent,
			 u32 room, u64 now)
{
	const u64 ecn[3] = {
		s->ecn_rx[QUIC_ECN_ECT0], s->ecn_rx[QUIC_ECN_ECT1], s->ecn_rx[QUIC_ECN_CE],
	};
	u64 delay_us = 0;

	if (now > s->rx_largest_time)
		delay_us = div_u64(now - s->rx_largest_time, QUIC_NS_PER_US);
	return quic_rangeset_put_ack(&s->rx, c, delay_us >> (QUIC_PLANTED(3) ? 0 : exponent),
				     ecn[0] | ecn[1] | ecn[2] ? ecn : NULL, room);
}

void quic_pnspace_trim(struct quic_pnspace *s, struct quic_conn *conn)
{
	const struct quic_crypto *c = s->crypto;

	quic_rangeset_trim(&s->rx);
	quic_sent_shrink(&s->sent, true);
	if (c && c->tx.base == c->tx.end && !c->rx.n_chunks)
		quic_pnspace_free_crypto(s, conn);
}
