/* SPDX-License-Identifier: GPL-2.0 */
/* What a connection gives back when it is at rest. */
#ifndef QUIC_CORE_TRIM_H
#define QUIC_CORE_TRIM_H

#include "conn.h"

#define QUIC_TRIM_EVERY	QUIC_NS_PER_SEC	/* ns between two looks, at least */

/* Packets were built at @now: there may be something to give back later. */
static inline void quic_trim_note(struct quic_conn *conn, u64 now)
{
	conn->trim_busy = true;
	if (unlikely(conn->trim_deadline == QUIC_TIME_NEVER))
		conn->trim_deadline = now + QUIC_TRIM_EVERY;
}

/* trim_deadline has passed: look what is not needed any more. */
void quic_trim_on_timer(struct quic_conn *conn, u64 now);

#endif /* QUIC_CORE_TRIM_H */
