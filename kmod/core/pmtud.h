/* SPDX-License-Identifier: GPL-2.0 */
/* Search for the largest datagram a path carries (RFC 8899, RFC 9000 14.3). */
#ifndef QUIC_CORE_PMTUD_H
#define QUIC_CORE_PMTUD_H

#include "conn.h"

#define QUIC_PMTUD_TRIES	3	/* MAX_PROBES of RFC 8899 5.1.2 */
#define QUIC_PMTUD_BLACK_HOLE	3	/* misses in a row at a size above the base */
#define QUIC_PMTUD_STEP		16	/* bytes that are not worth a further probe */

/* ---- for the host ---- */

#define QUIC_PMTUD_RAISE	(600 * QUIC_NS_PER_SEC)	/* RFC 8899 5.1.1 */

/**
 * quic_conn_set_pmtud - how to search for the path's MTU
 * @conn: connection whose handshake is not confirmed
 * @on: false: stay at 1200 bytes
 * @raise: ns from a search that ended below the limit to the next, 0 for
 *	QUIC_PMTUD_RAISE
 */
void quic_conn_set_pmtud(struct quic_conn *conn, bool on, u64 raise);

/**
 * quic_conn_set_max_mtu - the route carries datagrams of another size now
 * @conn: connection
 * @mtu: UDP payload in bytes
 *
 * The size in use falls to 1200 if it was above @mtu, and a search with the new
 * limit begins: a probe decides.
 *
 * Context: owned.
 */
void quic_conn_set_max_mtu(struct quic_conn *conn, u32 mtu);

/**
 * quic_conn_mtu_hint - a router says that larger datagrams do not pass (RFC 9000 14.2.1)
 * @conn: connection
 * @mtu: UDP payload in bytes that do, as it says; ignored below 1200, and where more is
 *	known already
 *
 * The size in use falls to 1200 if it was above @mtu, and a search from there to @mtu
 * begins, as quic_conn_set_pmtud() says another one to the route's limit after it.
 *
 * Context: owned.
 */
void quic_conn_mtu_hint(struct quic_conn *conn, u32 mtu);

/* ---- for the core ---- */

/* The peer's limit is known, or the path is another one: start probing. */
void quic_pmtud_start(struct quic_conn *conn);

/* Packets go elsewhere from now on: what is under way says nothing of that path. */
void quic_pmtud_leave(struct quic_conn *conn);

/* A probe of @size bytes was acknowledged: use that size. */
void quic_pmtud_acked(struct quic_conn *conn, u32 size);

/* It was lost: try again, or a smaller one. */
void quic_pmtud_lost(struct quic_conn *conn, u32 size);

/**
 * quic_pmtud_missed - packets above the base size did not get through
 * @conn: connection
 * @sent: when the newest of them left
 * @now: time
 *
 * After some in a row, all sent after the one before was noticed, the path no
 * longer carries the size: back to the base, and search below it.
 */
void quic_pmtud_missed(struct quic_conn *conn, u64 sent, u64 now);

/* One did. */
static inline void quic_pmtud_alive(struct quic_conn *conn)
{
	conn->pmtud.misses = 0;
}

/* An ACK came while the search rests below the limit: is it time for another? */
void quic_pmtud_settled(struct quic_conn *conn, u64 now);

static inline void quic_pmtud_tick(struct quic_conn *conn, u64 now)
{
	if (unlikely(conn->pmtud.settled))
		quic_pmtud_settled(conn, now);
}

#endif /* QUIC_CORE_PMTUD_H */
