/* SPDX-License-Identifier: GPL-2.0 */
/* Received packet numbers and the ACKs they are owed (RFC 9000 13.2). */
#ifndef QUIC_CORE_PNSPACE_H
#define QUIC_CORE_PNSPACE_H

#include "conn.h"

void quic_pnspace_init(struct quic_pnspace *s);
void quic_pnspace_free(struct quic_pnspace *s, struct quic_conn *conn);

/**
 * quic_pnspace_crypto - where TLS bytes of a space are kept
 * @s: space
 *
 * Allocated when the first come, or come again after quic_pnspace_free_crypto(); they
 * go on where they were.
 * Return: it, or NULL: no memory.
 */
struct quic_crypto *quic_pnspace_crypto(struct quic_pnspace *s);

/* Give back what a space at rest does not need. */
void quic_pnspace_trim(struct quic_pnspace *s, struct quic_conn *conn);

/* Drop the TLS bytes of a space. */
void quic_pnspace_free_crypto(struct quic_pnspace *s, struct quic_conn *conn);

/* Are there TLS bytes to send, for the first time or again? */
static inline bool quic_pnspace_crypto_ready(const struct quic_pnspace *s)
{
	u64 off, len;

	return s->crypto && quic_sendbuf_next(&s->crypto->tx, QUIC_VARINT_MAX, &off, &len);
}

/**
 * quic_pnspace_received - a packet was processed
 * @s: space
 * @pn: its number, not seen before
 * @ack_eliciting: it wants an ACK
 * @immediate: without delay (Initial and Handshake, or marked CE; RFC 9000 13.2.1)
 * @w: how many are enough for an ACK
 * @max_ack_delay: ours, ns
 * @now: when it arrived
 */
void quic_pnspace_received(struct quic_pnspace *s, u64 pn, bool ack_eliciting,
			   bool immediate, struct quic_ackwait *w, u64 max_ack_delay, u64 now);

/**
 * quic_pnspace_received_run - ack-eliciting packets were processed, in order
 * @s: space whose largest number came last before them, ack-eliciting as well
 * @n: how many
 * @w: how many are enough for an ACK
 * @max_ack_delay: ours, ns
 * @now: when they arrived
 */
void quic_pnspace_received_run(struct quic_pnspace *s, u32 n, struct quic_ackwait *w,
			       u64 max_ack_delay, u64 now);

/* Would the next number be the next in every respect? Else it has to be looked at alone. */
static inline bool quic_pnspace_in_order(const struct quic_pnspace *s)
{
	return s->rx_eliciting_next == s->rx_next && s->rx.n && s->rx.r[0].hi + 1 == s->rx_next;
}

/* Is an ACK due at @now, not only owed? */
static inline bool quic_pnspace_ack_due(const struct quic_pnspace *s, u64 now)
{
	return s->ack_now || s->ack_deadline <= now;
}

/**
 * quic_pnspace_put_ack - write an ACK frame of what was received
 * @s: space with something received
 * @c: cursor
 * @exponent: our ack_delay_exponent
 * @room: bytes at most
 * @now: time, for the ack delay
 *
 * Return: bytes written, 0 if it does not fit.
 */
u32 quic_pnspace_put_ack(struct quic_pnspace *s, struct quic_wcur *c, u8 exponent,
			 u32 room, u64 now);

/* The ACK left: nothing is owed until more arrives. */
static inline void quic_pnspace_ack_sent(struct quic_pnspace *s)
{
	s->ack_now = false;
	s->ack_pending = 0;
	s->ack_deadline = QUIC_TIME_NEVER;
}

#endif /* QUIC_CORE_PNSPACE_H */
