/* SPDX-License-Identifier: GPL-2.0 */
/* How late a packet may be before it counts as lost (RFC 9002 6.1, RFC 8985 6.2). */
#ifndef QUIC_CORE_REORDER_H
#define QUIC_CORE_REORDER_H

#include "recovery.h"

#define QUIC_REORDER_PKTS_MAX	1024	/* packet threshold, at most */
#define QUIC_REORDER_KEEP	16	/* reductions without a spurious loss before it falls */

/**
 * quic_reorder_spurious - a 1-RTT packet that was declared lost is acknowledged
 * @conn: connection; largest_acked of the space takes the ACK frame into account
 * @pn: its number
 *
 * Raises both thresholds, the one of time at most once a round trip.
 */
void quic_reorder_spurious(struct quic_conn *conn, u64 pn);

/* The window is about to be reduced for a loss: patience wears off. */
void quic_reorder_reduced(struct quic_path *path);

/**
 * quic_reorder_threshold - packet threshold of the 1-RTT space
 * @path: path
 * Return: a packet is lost when one sent so many later is acknowledged.
 */
static inline u32 quic_reorder_threshold(const struct quic_path *path)
{
	return QUIC_PACKET_THRESHOLD + path->reorder.more;
}

/**
 * quic_reorder_delay - time threshold of the 1-RTT space
 * @path: path
 * Return: ns after which a packet is lost when one sent later is acknowledged.
 */
u64 quic_reorder_delay(const struct quic_path *path);

#endif /* QUIC_CORE_REORDER_H */
