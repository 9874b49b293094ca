/* SPDX-License-Identifier: GPL-2.0 */
/* The QUIC bit, which is the fixed bit no longer (RFC 9287). */
#ifndef QUIC_CORE_GREASE_H
#define QUIC_CORE_GREASE_H

#include "conn.h"
#include "wire_hdr.h"

/* Dice for the packets to come. */
void quic_grease_refill(struct quic_conn *conn);

/**
 * quic_grease_bit - set the QUIC bit of a packet to 0, or do not
 * @conn: connection
 * @first: the first byte of a header that is written
 *
 * Only for a peer whose transport parameters of this very connection say that it takes
 * both: what was remembered does not count (RFC 9287 3.1).
 */
static inline void quic_grease_bit(struct quic_conn *conn, u8 *first)
{
	if (!conn->peer_params_set || !conn->remote.grease_quic_bit)
		return;
	if (unlikely(conn->grease <= 1))
		quic_grease_refill(conn);
	*first &= ~(u8)((conn->grease & 1) * QUIC_HDR_FIXED);
	conn->grease >>= 1;
}

#endif /* QUIC_CORE_GREASE_H */
