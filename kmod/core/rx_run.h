/* SPDX-License-Identifier: GPL-2.0 */
/* Packets of bulk data, many at once. */
#ifndef QUIC_CORE_RX_RUN_H
#define QUIC_CORE_RX_RUN_H

#include "conn_int.h"

/**
 * quic_rx_run - process packets that carry the next bytes of a stream, and nothing else
 * @conn: connection; the packet in front of them was processed
 * @pkts: opened packets
 * @n: how many
 * @now: when they arrived
 *
 * Return: how many, from the first on, were processed; the next one, if there is one, has
 * to be looked at in the general way.
 */
u32 quic_rx_run(struct quic_conn *conn, const struct quic_rx_pkt *pkts, u32 n, u64 now);

#endif /* QUIC_CORE_RX_RUN_H */
