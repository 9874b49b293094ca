/* SPDX-License-Identifier: GPL-2.0 */
/* TLS messages after the handshake (RFC 9001 4.4, 4.6.1, 6). */
#ifndef QUIC_CORE_TLS_AFTER_H
#define QUIC_CORE_TLS_AFTER_H

#include "conn.h"

/* A message begins. */
static inline void quic_tls_after_init(struct quic_tls_after *t)
{
	*t = (struct quic_tls_after){ .left = 1 };
}

/**
 * quic_tls_after_read - judge what arrived in order in CRYPTO frames of 1-RTT packets
 * @conn: connection whose handshake is complete
 * @rb: these bytes; they are taken
 *
 * Return: 0, or -EPROTO with conn->err.
 */
int quic_tls_after_read(struct quic_conn *conn, struct quic_recvbuf *rb);

#endif /* QUIC_CORE_TLS_AFTER_H */
