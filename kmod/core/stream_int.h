/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of streams share: stream.c, stream_recv.c, stream_send.c. */
#ifndef QUIC_CORE_STREAM_INT_H
#define QUIC_CORE_STREAM_INT_H

#include "conn.h"

/* The peer broke a rule about streams. Return: -EPROTO. */
static inline int quic_stream_error(struct quic_conn *conn, u64 code, u64 type,
				    const char *reason)
{
	return quic_error_set(&conn->err, code, type, reason);
}

/**
 * quic_stream_of_frame - the stream that a frame is about
 * @conn: connection
 * @id: stream ID in the frame
 * @tx: the frame is about our sending half
 * @frame: QUIC_FRAME_*, for the error
 * @s: result; NULL when the stream has ended
 *
 * A peer's stream that is new is opened, and all lower ones of its type
 * (RFC 9000 3.2, 19.4, 19.5, 19.8, 19.10, 19.13).
 *
 * Return: 0, -EPROTO with conn->err filled, or -ENOMEM.
 */
int quic_stream_of_frame(struct quic_conn *conn, u64 id, bool tx, u64 frame,
			 struct quic_stream **s);

/**
 * quic_stream_maybe_free - free a stream whose halves have both ended
 * @conn: connection
 * @s: stream
 *
 * Return: true when it is gone.
 */
bool quic_stream_maybe_free(struct quic_conn *conn, struct quic_stream *s);

#endif /* QUIC_CORE_STREAM_INT_H */
