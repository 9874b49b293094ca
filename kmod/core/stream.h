/* SPDX-License-Identifier: GPL-2.0 */
/* Streams: their states, flow control and limits (RFC 9000 2, 3, 4). */
#ifndef QUIC_CORE_STREAM_H
#define QUIC_CORE_STREAM_H

#include "conn.h"

void quic_streams_init(struct quic_conn *conn);
void quic_streams_free(struct quic_conn *conn);

/* Give back what only bytes that move need; without open streams, what these do. */
void quic_streams_trim(struct quic_streams *st);

/* The peer's transport parameters are known: credit of what we may send. */
void quic_streams_set_limits(struct quic_conn *conn);

/* Frames about one stream, checked by quic_frame_parse(). Return: 0, -EPROTO
 * with conn->err filled, or -ENOMEM / -ENOBUFS: do not acknowledge the packet.
 */
int quic_stream_on_data(struct quic_conn *conn, const struct quic_frame *f,
			struct quic_rxbuf *buf);

/**
 * quic_stream_rx_room - may bytes be appended to a stream without a look at each packet?
 * @conn: connection
 * @id: stream
 * @offset: of the first
 * @room: bytes that both windows allow
 *
 * Only where they follow the last that came, nothing is missing, and somebody wants them.
 * Return: the stream, or NULL.
 */
struct quic_stream *quic_stream_rx_room(struct quic_conn *conn, u64 id, u64 offset, u64 *room);

/* @bytes were appended to its recvbuf, as many as there was room for. */
void quic_stream_rx_appended(struct quic_conn *conn, struct quic_stream *s, u64 bytes);

int quic_stream_on_reset(struct quic_conn *conn, const struct quic_frame *f);
int quic_stream_on_stop(struct quic_conn *conn, const struct quic_frame *f);
int quic_stream_on_max_data(struct quic_conn *conn, const struct quic_frame *f);
int quic_stream_on_blocked(struct quic_conn *conn, const struct quic_frame *f);
void quic_streams_on_max_data(struct quic_conn *conn, const struct quic_frame *f);
void quic_streams_on_max_streams(struct quic_conn *conn, const struct quic_frame *f);

/* What happened to a range that was sent. */
void quic_stream_on_acked(struct quic_conn *conn, u64 id, u64 off, u32 len, bool fin);
void quic_stream_on_lost(struct quic_conn *conn, u64 id, u64 off, u32 len, bool fin);
void quic_stream_reset_acked(struct quic_conn *conn, struct quic_stream *s);

/**
 * quic_stream_tx_next - what a stream would send now
 * @conn: connection
 * @s: stream
 * @off: first byte
 * @len: bytes, within both flow control limits
 * Return: false when there is nothing, or no credit.
 */
bool quic_stream_tx_next(struct quic_conn *conn, struct quic_stream *s, u64 *off, u64 *len);

/* Could any stream send now? */
bool quic_streams_tx_ready(const struct quic_conn *conn);

/* The stream whose turn it is; quic_stream_tx_next() has something. NULL: none. */
struct quic_stream *quic_streams_tx_pick(struct quic_conn *conn);

/* STREAM frames with this range were built; the turn may be another's, by priority. */
void quic_stream_tx_sent(struct quic_conn *conn, struct quic_stream *s, u64 off,
			 u32 len, bool fin);

/* Put a stream where it waits to send, or nowhere when it has nothing. */
void quic_stream_tx_update(struct quic_conn *conn, struct quic_stream *s);

/*
 * The limits that the peer gives rose, where streams of ours were opened before they were
 * known: these get what is theirs, from number @from on, and those that were held back
 * begin. However often the peer raises them, each stream is looked at once.
 */
void quic_streams_relimit(struct quic_conn *conn, bool uni, u64 from);

/*
 * All that left did so in 0-RTT packets, which the peer refused: it is as if it had not
 * left. Every stream of ours is held back until the peer's limits allow it.
 */
void quic_streams_rewind(struct quic_conn *conn);

/* The same for one stream (stream_send.c). */
void quic_stream_rewind(struct quic_conn *conn, struct quic_stream *s);

/* Is this a value of a stream that is held back? */
bool quic_stream_val_held(const struct quic_valsync *v);

/* Fill the frame that announces a value of a stream, or of all of them. */
void quic_stream_fill_frame(const struct quic_conn *conn, const struct quic_valsync *v,
			    struct quic_frame *f);

/* Everything queued on all streams is acknowledged, FINs and resets included. */
bool quic_streams_all_acked(const struct quic_conn *conn);

/* End every sending half that the application left open. */
void quic_streams_finish_all(struct quic_conn *conn);

/* A limit on receiving is about to be announced: may the window be larger (flow.c)? */
void quic_stream_tune_window(struct quic_conn *conn, struct quic_valsync *v, u64 now);

#endif /* QUIC_CORE_STREAM_H */
