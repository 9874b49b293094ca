/* SPDX-License-Identifier: GPL-2.0 */
/* Packet numbers that are left out on purpose (RFC 9000 21.4). */
#ifndef QUIC_CORE_SKIP_H
#define QUIC_CORE_SKIP_H

#include "conn.h"

#define QUIC_SKIP_SPAN	128	/* packets between two, at least; twice that at most */

/* Choose the first number to be left out. */
void quic_skip_init(struct quic_conn *conn);

/**
 * quic_skip_next - leave the next number out, and choose the one after
 * @conn: connection
 *
 * To be called ahead of a 1-RTT packet when quic_skip_due().
 */
void quic_skip_next(struct quic_conn *conn);

static inline bool quic_skip_due(const struct quic_conn *conn)
{
	return conn->space[QUIC_SPACE_APP].tx_next >= conn->skips.next;
}

/**
 * quic_skip_claimed - does an ACK frame acknowledge a number that was left out?
 * @k: numbers left out
 * @f: the frame, of the 1-RTT space
 *
 * Only of the QUIC_SKIPS latest.
 */
bool quic_skip_claimed(const struct quic_skips *k, const struct quic_frame *f);

/**
 * quic_skip_below - the latest number left out that is not above another
 * @k: numbers left out
 * @pn: the other
 * Return: it, or 0: there is none.
 */
u64 quic_skip_below(const struct quic_skips *k, u64 pn);

#endif /* QUIC_CORE_SKIP_H */
