/* SPDX-License-Identifier: GPL-2.0 */
/* Search for the largest datagram a path carries (RFC 8899, RFC 9000 14.3). */
#ifndef QUIC_CORE_PMTUD_H
#define QUIC_CORE_PMTUD_H

#include "conn.h"

#define QUIC_PMTUD_TRIES	3	/* MAX_PROBES of RFC 8899 5.1.2 */
#define QUIC_PMTUD_BLACK_HOLE	3	/* PTOs in a row at a size above the base */

/* The handshake is confirmed and the peer's limit known: start probing. */
void quic_pmtud_start(struct quic_conn *conn);

/* A probe of @size bytes was acknowledged: use that size. */
void quic_pmtud_acked(struct quic_conn *conn, u32 size);

/* It was lost: try again, or stay where we are. */
void quic_pmtud_lost(struct quic_conn *conn, u32 size);

/* The PTO fired: after some in a row, fall back to the base size. */
void quic_pmtud_on_pto(struct quic_conn *conn);

/* Something ack-eliciting got through. */
static inline void quic_pmtud_alive(struct quic_conn *conn)
{
	conn->pmtud.ptos = 0;
}

#endif /* QUIC_CORE_PMTUD_H */
