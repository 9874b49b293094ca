// SPDX-License-Identifier: GPL-2.0
/*
 * The QUIC bit: 0x40 of a packet's first byte, 1 in versions 1 and 2 until both ends
 * say that they do not mind (RFC 9287). Then it is thrown by dice for each packet, so
 * that nobody on the path learns to count on it.
 *
 *   conn->grease   0 .. 0 1 b b b b     a 1 in front of the dice that are left
 *
 * Sixty-three packets share one call for randomness.
 *
 * What leaves without knowing the peer has the bit set: Retry, Version Negotiation,
 * stateless resets; and all that a client sends before the server's parameters came.
 */
#include "grease.h"
#include "host.h"

void quic_grease_refill(struct quic_conn *conn)
{
	quic_host_random(&conn->grease, sizeof(conn->grease));
	conn->grease |= 1ULL << 63;
}
