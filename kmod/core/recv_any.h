/* SPDX-License-Identifier: GPL-2.0 */
/* Reading a stream out of order (RFC 9000 2.2). Part of core.h. */
#ifndef QUIC_CORE_RECV_ANY_H
#define QUIC_CORE_RECV_ANY_H

#include "types.h"

struct quic_conn;
struct quic_stream;

/**
 * quic_stream_peek_any - bytes of a stream that came, whatever is missing before them
 * @stream: stream
 * @from: offset below which nothing is looked at
 * @off: offset of the first
 * @len: how many there are
 * Return: pointer or NULL; see quic_recvbuf_peek_any().
 */
const u8 *quic_stream_peek_any(struct quic_stream *stream, u64 from, u64 *off, u32 *len);

/**
 * quic_stream_consume_at - bytes that quic_stream_peek_any() gave were taken
 * @conn: connection
 * @stream: stream
 * @off: as it said
 * @len: at most as many as it said
 *
 * Opens flow control as reading in order does, which goes on without them.
 * Return: 1: the end of the stream was reached, and it may be gone; 0; -ENOMEM: nothing
 * was taken, all of the chunk can be; -EINVAL.
 */
int quic_stream_consume_at(struct quic_conn *conn, struct quic_stream *stream, u64 off,
			   u32 len);

#endif /* QUIC_CORE_RECV_ANY_H */
