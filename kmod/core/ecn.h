/* SPDX-License-Identifier: GPL-2.0 */
/* Explicit congestion notification (RFC 9000 13.4, RFC 9002 7.1). */
#ifndef QUIC_CORE_ECN_H
#define QUIC_CORE_ECN_H

#include "conn.h"

#define QUIC_ECN_TEST_PKTS	10	/* RFC 9000 A.4: marked before an answer comes */
#define QUIC_ECN_TEST_PTOS	3	/* and no longer than so many PTOs */

/* The two bits of the IP header. */
enum quic_ecn_bits {
	QUIC_ECN_NOT_ECT,
	QUIC_ECN_ECT1,
	QUIC_ECN_ECT0,
	QUIC_ECN_CE,
};

/**
 * quic_ecn_mark - how the datagrams built now are to be marked
 * @conn: connection
 * @now: time, ns
 *
 * Ends the test of the path when it has taken long enough. What a PTO sends is not
 * marked: marks may be why nothing comes back.
 * Return: QUIC_ECN_ECT0 or QUIC_ECN_NOT_ECT.
 */
u8 quic_ecn_mark(struct quic_conn *conn, u64 now);

/**
 * quic_ecn_on_sent - marked packets left
 * @conn: connection
 * @s: their space
 * @n: how many
 * @now: time, ns
 */
void quic_ecn_on_sent(struct quic_conn *conn, struct quic_pnspace *s, u32 n, u64 now);

/* A marked packet was declared lost. */
void quic_ecn_on_lost(struct quic_conn *conn);

/**
 * quic_ecn_on_ack - an ACK frame acknowledged something new
 * @conn: connection
 * @s: its space
 * @f: the frame
 * @marked: packets that it newly acknowledges and that were marked
 *
 * To be called for frames that raise the largest acknowledged number: only these may
 * fail the validation (RFC 9000 13.4.2.1), and counts of older ones are older.
 * Return: packets arrived marked CE that had not been reported (RFC 9002 B.7).
 */
bool quic_ecn_on_ack(struct quic_conn *conn, struct quic_pnspace *s,
		     const struct quic_frame *f, u32 marked);

/* A packet was processed: count how its datagram came (RFC 9000 13.4.1). */
static inline void quic_ecn_received(struct quic_pnspace *s, u8 bits)
{
	s->ecn_rx[bits & QUIC_ECN_CE]++;
}

#endif /* QUIC_CORE_ECN_H */
