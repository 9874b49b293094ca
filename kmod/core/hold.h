/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small writes share packets: see hold.c.
 */
#ifndef QUIC_CORE_HOLD_H
#define QUIC_CORE_HOLD_H

#include "conn.h"

/**
 * quic_hold_until - is what waits on streams to wait for more of it?
 * @conn: connection
 * @batch: bytes that the next batch would take if there were so many
 * @now: time, ns
 *
 * Return: until when at most, ns; 0: it leaves now.
 */
u64 quic_hold_until(const struct quic_conn *conn, u32 batch, u64 now);

/* Stream bytes leave that had not left before. */
static inline void quic_hold_sent(struct quic_conn *conn, u64 now)
{
	conn->hold.sent = now;
	conn->hold.heard = false;
}

/* Stream bytes came that had not come before: what is written next may be the answer. */
static inline void quic_hold_heard(struct quic_conn *conn)
{
	conn->hold.heard = true;
}

/* Not what is queued now. */
static inline void quic_hold_off(struct quic_conn *conn)
{
	conn->hold.off = true;
}

/* Everything has left. */
static inline void quic_hold_done(struct quic_conn *conn)
{
	conn->hold.off = false;
}

#endif /* QUIC_CORE_HOLD_H */
