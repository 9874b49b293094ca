// SPDX-License-Identifier: GPL-2.0
/*
 * The receiving half of streams: bytes, FIN and reset come in, the application
 * reads, both flow control windows open (RFC 9000 3.2, 4.1, 4.5, 19.4, 19.8).
 *
 * A frame is checked against both windows and the final size before anything of
 * it is kept; what memory is short for leaves all as it was. Bytes that nobody
 * will read (after STOP_SENDING, or a reset) count as read at once, so that the
 * connection's window does not shrink for ever.
 *
 * Invariants: bytes count once in the stream's flow_rx and once in the
 * connection's; a stream is in streams.readable exactly while it has something to
 * read. stream.c has the streams' lives, recvbuf.c the reassembly.
 */
#include "stream.h"
#include "hold.h"
#include "stream_int.h"
#include "stream_sm.h"
#include "core.h"
#include "plant.h"

static bool rx_something(const struct quic_stream *s)
{
	return quic_recvbuf_readable(&s->rx) || quic_stream_reset_received(s) ||
	       s->recv_state == QUIC_STREAM_RECV_STATE_RECVD;
}

static void rx_update(struct quic_conn *conn, struct quic_stream *s)
{
	if (!rx_something(s)) {
		list_del_init(&s->rx_node);
		return;
	}
	if (!list_empty(&s->rx_node))
		return;
	list_add_tail(&s->rx_node, &conn->streams.readable);
	s->rx_seq = conn->streams.rx_seq++;
}

/* Bytes of a stream were consumed: open both windows when worth a frame. */
static void rx_credit(struct quic_conn *conn, struct quic_stream *s, u64 bytes)
{
	if (!bytes)
		return;
	if (quic_flow_rx_consume(&s->flow_rx, bytes) && !s->rx.fin && !s->rx_discard &&
	    s->recv_state == QUIC_STREAM_RECV_STATE_RECV) {
		s->flow_rx.max = quic_flow_rx_next(&s->flow_rx);
		quic_valsync_set(&conn->vals, &s->max_stream_data);
		conn->want |= QUIC_WANT_TX;
	}
	if (QUIC_PLANTED(2) && s->rx_discard)
		return;
	if (quic_flow_rx_consume(&conn->flow_rx, bytes)) {
		conn->flow_rx.max = quic_flow_rx_next(&conn->flow_rx);
		quic_valsync_set(&conn->vals, &conn->max_data);
		conn->want |= QUIC_WANT_TX;
	}
}

void quic_stream_tune_window(struct quic_conn *conn, struct quic_valsync *v, u64 now)
{
	const struct quic_rtt *rtt = &conn->path.rtt;
	struct quic_flow_rx *f = &conn->flow_rx;

	if (v->frame == QUIC_FRAME_MAX_STREAM_DATA)
		f = &container_of(v, struct quic_stream, max_stream_data)->flow_rx;
	else if (v->frame != QUIC_FRAME_MAX_DATA)
		return;
	if (quic_flow_rx_tune(f, now, rtt->has_sample ? rtt->smoothed : 0,
			      conn->rx_window_max))
		conn->stats.windows_grown++;
}

/* Raise a stream's highest offset, within both limits, and fix its final size. */
static int rx_account(struct quic_conn *conn, struct quic_stream *s, u64 end,
		      bool fin, u64 frame)
{
	u64 fresh = end > s->flow_rx.received ? end - s->flow_rx.received : 0;

	if (s->rx.fin && (end > s->rx.final_size || (fin && end != s->rx.final_size)))
		return quic_stream_error(conn, QUIC_TRANSPORT_ERROR_FINAL_SIZE, frame,
					 "data beyond, or change of, a stream's final size");
	if (fin && end < s->flow_rx.received)
		return quic_stream_error(conn, QUIC_TRANSPORT_ERROR_FINAL_SIZE, frame,
					 "final size below data already received");
	if (fresh > s->flow_rx.max - s->flow_rx.received)
		return quic_stream_error(conn, QUIC_TRANSPORT_ERROR_FLOW_CONTROL, frame,
					 "stream data beyond MAX_STREAM_DATA");
	if (!quic_flow_rx_add(&conn->flow_rx, fresh))
		return quic_stream_error(conn, QUIC_TRANSPORT_ERROR_FLOW_CONTROL, frame,
					 "stream data beyond MAX_DATA");
	quic_flow_rx_add(&s->flow_rx, fresh);
	conn->stats.stream_bytes_recv += fresh;
	if (fresh)
		quic_hold_heard(conn);
	return 0;
}

static void rx_set_fin(struct quic_conn *conn, struct quic_stream *s, u64 final_size)
{
	s->rx.fin = true;
	s->rx.final_size = final_size;
	quic_valsync_stop(&s->max_stream_data);
	quic_recv_move(&s->recv_state, QUIC_RECV_EV_FIN);
}

/* Nobody reads this half any more: give its credit back. */
static void rx_throw_away(struct quic_conn *conn, struct quic_stream *s)
{
	conn->streams.rx_queued -= quic_recvbuf_queued(&s->rx);
	quic_recvbuf_free(&s->rx);
	rx_credit(conn, s, s->flow_rx.received - s->flow_rx.consumed);
}

/* The same of one that we stopped; with its size known it has ended. */
static void rx_discard(struct quic_conn *conn, struct quic_stream *s)
{
	rx_throw_away(conn, s);
	if (s->rx.fin && s->flow_rx.received == s->rx.final_size) {
		quic_recv_move(&s->recv_state, QUIC_RECV_EV_DISCARDED);
		quic_valsync_stop(&s->stop_sending);
	}
	quic_stream_maybe_free(conn, s);
}

/* Copies are charged to nobody: the window bounds them, if it is no giant. */
static bool rx_is_full(const struct quic_conn *conn)
{
	return conn->rx_full || conn->streams.rx_pool.copies >= QUIC_RX_COPIES_MAX;
}

int quic_stream_on_data(struct quic_conn *conn, const struct quic_frame *f,
			struct quic_rxbuf *buf)
{
	u64 end = f->u.stream.offset + f->u.stream.len, contig, queued;
	struct quic_stream *s;
	int err;

	err = quic_stream_of_frame(conn, f->u.stream.id, false, f->type, &s);
	if (err || !s)
		return err;
	err = rx_account(conn, s, end, f->u.stream.fin, f->type);
	if (err)
		return err;
	if (!quic_recv_can(s->recv_state, QUIC_RECV_EV_DATA))
		return 0;
	contig = s->rx.contig;
	queued = quic_recvbuf_queued(&s->rx);
	if (!s->rx_discard) {
		if (unlikely(rx_is_full(conn) && f->u.stream.len) &&
		    !quic_recvbuf_must_take(&s->rx, f->u.stream.offset))
			return -ENOBUFS;
		err = quic_recvbuf_add(&s->rx, f->u.stream.offset, f->u.stream.data,
				       f->u.stream.len, buf);
		conn->streams.rx_queued += quic_recvbuf_queued(&s->rx) - queued;
		if (err)
			return err;
	}
	if (f->u.stream.fin && !s->rx.fin)
		rx_set_fin(conn, s, end);
	if (s->rx_discard) {
		rx_discard(conn, s);
		return 0;
	}
	if (s->rx.fin && s->rx.contig == s->rx.final_size)
		quic_recv_move(&s->recv_state, QUIC_RECV_EV_ALL_DATA);
	/* Also where the reader has left some: it may wait for so and so many. */
	if (s->rx.contig > contig || s->recv_state == QUIC_STREAM_RECV_STATE_RECVD)
		conn->want |= QUIC_WANT_READABLE;
	rx_update(conn, s);
	return 0;
}

struct quic_stream *quic_stream_rx_room(struct quic_conn *conn, u64 id, u64 offset, u64 *room)
{
	struct quic_stream *s = quic_conn_stream_find(conn, id);

	if (!s || !s->has_rx || s->recv_state != QUIC_STREAM_RECV_STATE_RECV ||
	    s->rx_discard || s->rx.contig != offset || s->flow_rx.received != offset ||
	    !RB_EMPTY_ROOT(&s->rx.ahead) || rx_is_full(conn))
		return NULL;
	*room = min(s->flow_rx.max - offset, conn->flow_rx.max - conn->flow_rx.received);
	return s;
}

void quic_stream_rx_appended(struct quic_conn *conn, struct quic_stream *s, u64 bytes)
{
	s->flow_rx.received += bytes;
	conn->flow_rx.received += bytes;
	conn->stats.stream_bytes_recv += bytes;
	quic_hold_heard(conn);
	conn->streams.rx_queued += bytes;
	conn->want |= QUIC_WANT_READABLE;
	rx_update(conn, s);
}

int quic_stream_on_reset(struct quic_conn *conn, const struct quic_frame *f)
{
	struct quic_stream *s;
	int err;

	err = quic_stream_of_frame(conn, f->u.reset.id, false, f->type, &s);
	if (err || !s)
		return err;
	err = rx_account(conn, s, f->u.reset.final_size, true, f->type);
	if (err)
		return err;
	/* RFC 9000 3.2: once all data is there, a reset changes nothing. */
	if (!quic_recv_can(s->recv_state, QUIC_RECV_EV_RESET))
		return 0;
	rx_set_fin(conn, s, f->u.reset.final_size);
	quic_recv_move(&s->recv_state, QUIC_RECV_EV_RESET);
	rx_throw_away(conn, s);
	quic_valsync_stop(&s->stop_sending);
	s->peer_reset_code = f->u.reset.code;
	if (s->rx_discard) {
		quic_recv_move(&s->recv_state, QUIC_RECV_EV_READ_RESET);
		quic_stream_maybe_free(conn, s);
		return 0;
	}
	conn->want |= QUIC_WANT_READABLE;
	rx_update(conn, s);
	return 0;
}

int quic_stream_on_blocked(struct quic_conn *conn, const struct quic_frame *f)
{
	struct quic_stream *s;

	return quic_stream_of_frame(conn, f->u.max.id, false, f->type, &s);
}

struct quic_stream *quic_conn_readable(struct quic_conn *conn)
{
	return list_first_entry_or_null(&conn->streams.readable, struct quic_stream,
					rx_node);
}

const u8 *quic_stream_peek_at(const struct quic_stream *stream, u64 skip, u32 *len)
{
	return quic_recvbuf_peek_at(&stream->rx, skip, len);
}

const u8 *quic_stream_peek_any(struct quic_stream *stream, u64 from, u64 *off, u32 *len)
{
	return quic_recvbuf_peek_any(&stream->rx, from, off, len);
}

/* @len bytes were taken, somewhere. Return: and there are no more. */
static bool rx_taken(struct quic_conn *conn, struct quic_stream *stream, u32 len)
{
	bool end;

	rx_credit(conn, stream, len);
	end = stream->recv_state == QUIC_STREAM_RECV_STATE_RECVD &&
	      quic_recvbuf_at_fin(&stream->rx);
	if (end)
		quic_recv_move(&stream->recv_state, QUIC_RECV_EV_READ_END);
	rx_update(conn, stream);
	if (end)
		quic_stream_maybe_free(conn, stream);
	return end;
}

bool quic_stream_consume(struct quic_conn *conn, struct quic_stream *stream, u32 len)
{
	/* Datagrams that came before this read are next, or would never be. */
	stream->rx_seq = conn->streams.rx_seq++;
	if (len) {
		quic_recvbuf_consume(&stream->rx, len);
		conn->streams.rx_queued -= len;
	}
	return rx_taken(conn, stream, len);
}

int quic_stream_consume_at(struct quic_conn *conn, struct quic_stream *stream, u64 off, u32 len)
{
	u64 queued = quic_recvbuf_queued(&stream->rx);
	int err = quic_recvbuf_take(&stream->rx, off, len);

	if (err)
		return err;
	stream->rx_seq = conn->streams.rx_seq++;
	conn->streams.rx_queued -= queued - quic_recvbuf_queued(&stream->rx);
	return rx_taken(conn, stream, len);
}

bool quic_stream_take_reset(struct quic_conn *conn, struct quic_stream *stream, u64 *code)
{
	if (!quic_recv_move(&stream->recv_state, QUIC_RECV_EV_READ_RESET))
		return false;
	*code = stream->peer_reset_code;
	rx_update(conn, stream);
	quic_stream_maybe_free(conn, stream);
	return true;
}

int quic_stream_stop(struct quic_conn *conn, struct quic_stream *stream, u64 code)
{
	if (!stream->has_rx || stream->rx_discard ||
	    !quic_recv_move(&stream->recv_state, QUIC_RECV_EV_STOP))
		return -EINVAL;
	stream->rx_discard = true;
	stream->stop_code = code;
	quic_valsync_set(&conn->vals, &stream->stop_sending);
	conn->want |= QUIC_WANT_TX;
	list_del_init(&stream->rx_node);
	rx_discard(conn, stream);
	return 0;
}
