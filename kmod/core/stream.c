// SPDX-License-Identifier: GPL-2.0
/*
 * Streams: who may open them, what state their halves are in, and the credit
 * both sides give (RFC 9000 2, 3, 4).
 *
 * A stream is found by its ID in a red-black tree; the one found last is
 * remembered, which answers almost every look-up of a bulk transfer. Streams
 * with something to send wait in one list, those of them that only MAX_DATA can
 * help in a second, those with something to read in a third, so that neither
 * building a packet nor reading looks at idle ones.
 * A stream whose two halves have ended is freed; its ID counts as known for
 * ever because the counts of opened streams only grow.
 *
 * Invariants: a peer's stream below next_remote that is not in the tree has
 * ended; tx_queued is the sum of (end - base) over all sending halves; bytes
 * received on a stream count once in both flow_rx.
 *
 * It does not decide in which packet a frame goes (conn_tx.c).
 */
#include "stream.h"
#include "core.h"

static u32 id_type(u64 id)
{
	return !!(id & QUIC_STREAM_TYPE_UNI_MASK);
}

static bool id_is_local(const struct quic_conn *conn, u64 id)
{
	return !!(id & QUIC_STREAM_TYPE_SERVER_MASK) == conn->server;
}

static int stream_error(struct quic_conn *conn, u64 code, u64 type, const char *reason)
{
	return quic_error_set(&conn->err, code, type, reason);
}

void quic_streams_init(struct quic_conn *conn)
{
	struct quic_streams *st = &conn->streams;
	u32 i;

	st->tree = RB_ROOT;
	INIT_LIST_HEAD(&st->sendable);
	INIT_LIST_HEAD(&st->waiting);
	INIT_LIST_HEAD(&st->readable);
	for (i = 0; i < 2; i++) {
		quic_valsync_init(&st->max_streams[i], QUIC_FRAME_MAX_STREAMS + i);
		quic_valsync_init(&st->streams_blocked[i],
				  QUIC_FRAME_STREAMS_BLOCKED + i);
	}
	quic_valsync_init(&conn->max_data, QUIC_FRAME_MAX_DATA);
	quic_valsync_init(&conn->data_blocked, QUIC_FRAME_DATA_BLOCKED);
}

/* ---- life ---- */

static void stream_free(struct quic_conn *conn, struct quic_stream *s)
{
	struct quic_streams *st = &conn->streams;

	quic_valsync_stop(&s->max_stream_data);
	quic_valsync_stop(&s->reset_stream);
	quic_valsync_stop(&s->stop_sending);
	quic_valsync_stop(&s->blocked);
	list_del(&s->tx_node);
	list_del(&s->rx_node);
	rb_erase(&s->node, &st->tree);
	if (st->last == s)
		st->last = NULL;
	st->tx_queued -= s->tx.end - s->tx.base;
	st->rx_queued -= s->rx.contig - s->rx.read;
	st->n_open--;
	quic_sendbuf_free(&s->tx, conn);
	quic_recvbuf_free(&s->rx);
	quic_host_free(QUIC_OBJ_STREAM, s, sizeof(*s));
}

void quic_streams_free(struct quic_conn *conn)
{
	struct rb_node *n;

	while ((n = rb_first(&conn->streams.tree)))
		stream_free(conn, rb_entry(n, struct quic_stream, node));
}

/* A peer's stream ended: let it open another once that is worth a frame. */
static void remote_closed(struct quic_conn *conn, u32 type)
{
	struct quic_streams *st = &conn->streams;
	u64 max;

	st->closed_remote[type]++;
	max = min(st->closed_remote[type] + st->window_remote[type], QUIC_STREAMS_MAX);
	if (max - st->max_remote[type] < (st->window_remote[type] + 1) / 2)
		return;
	st->max_remote[type] = max;
	quic_valsync_set(&conn->vals, &st->max_streams[type]);
	conn->want |= QUIC_WANT_TX;
}

static bool send_ended(const struct quic_stream *s)
{
	return !s->has_tx || s->send_state == QUIC_STREAM_SEND_STATE_RECVD ||
	       s->send_state == QUIC_STREAM_SEND_STATE_RESET_RECVD;
}

static bool recv_ended(const struct quic_stream *s)
{
	return !s->has_rx || s->recv_state == QUIC_STREAM_RECV_STATE_READ ||
	       s->recv_state == QUIC_STREAM_RECV_STATE_RESET_READ;
}

static bool stream_maybe_free(struct quic_conn *conn, struct quic_stream *s)
{
	u64 id = s->id;

	if (!send_ended(s) || !recv_ended(s))
		return false;
	stream_free(conn, s);
	if (!id_is_local(conn, id))
		remote_closed(conn, id_type(id));
	return true;
}

static void set_windows(struct quic_conn *conn, struct quic_stream *s)
{
	bool local = id_is_local(conn, s->id);
	u64 rx, tx;

	if (id_type(s->id)) {
		rx = conn->local.initial_max_stream_data_uni;
		tx = conn->remote.initial_max_stream_data_uni;
	} else if (local) {
		rx = conn->local.initial_max_stream_data_bidi_local;
		tx = conn->remote.initial_max_stream_data_bidi_remote;
	} else {
		rx = conn->local.initial_max_stream_data_bidi_remote;
		tx = conn->remote.initial_max_stream_data_bidi_local;
	}
	s->flow_rx.window = rx;
	s->flow_rx.max = rx;
	s->flow_tx.limit = tx;
}

static struct quic_stream *stream_new(struct quic_conn *conn, u64 id)
{
	struct quic_streams *st = &conn->streams;
	struct rb_node **p = &st->tree.rb_node, *parent = NULL;
	struct quic_stream *s = quic_host_alloc(QUIC_OBJ_STREAM, sizeof(*s));

	if (!s)
		return NULL;
	s->id = id;
	s->has_tx = !id_type(id) || id_is_local(conn, id);
	s->has_rx = !id_type(id) || !id_is_local(conn, id);
	s->send_state = QUIC_STREAM_SEND_STATE_READY;
	s->recv_state = QUIC_STREAM_RECV_STATE_RECV;
	INIT_LIST_HEAD(&s->tx_node);
	INIT_LIST_HEAD(&s->rx_node);
	quic_sendbuf_init(&s->tx);
	quic_recvbuf_init(&s->rx);
	s->rx.copies = &st->rx_copies;
	quic_valsync_init(&s->max_stream_data, QUIC_FRAME_MAX_STREAM_DATA);
	quic_valsync_init(&s->reset_stream, QUIC_FRAME_RESET_STREAM);
	quic_valsync_init(&s->stop_sending, QUIC_FRAME_STOP_SENDING);
	quic_valsync_init(&s->blocked, QUIC_FRAME_STREAM_DATA_BLOCKED);
	set_windows(conn, s);
	while (*p) {
		parent = *p;
		p = id < rb_entry(parent, struct quic_stream, node)->id ?
		    &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&s->node, parent, p);
	rb_insert_color(&s->node, &st->tree);
	st->n_open++;
	return s;
}

struct quic_stream *quic_conn_stream_find(struct quic_conn *conn, u64 id)
{
	struct quic_streams *st = &conn->streams;
	struct rb_node *n = st->tree.rb_node;
	struct quic_stream *s;

	if (st->last && st->last->id == id)
		return st->last;
	while (n) {
		s = rb_entry(n, struct quic_stream, node);
		if (id == s->id) {
			st->last = s;
			return s;
		}
		n = id < s->id ? n->rb_left : n->rb_right;
	}
	return NULL;
}

bool quic_conn_stream_known(const struct quic_conn *conn, u64 id)
{
	const struct quic_streams *st = &conn->streams;
	u32 t = id_type(id);

	return id >> 2 < (id_is_local(conn, id) ? st->next_local[t] : st->next_remote[t]);
}

/* Say once per limit that it holds us back, however often we try to open. */
static void streams_note_blocked(struct quic_conn *conn, bool uni)
{
	struct quic_streams *st = &conn->streams;

	if (st->blocked_at[uni] == st->max_local[uni] + 1)
		return;
	st->blocked_at[uni] = st->max_local[uni] + 1;
	quic_valsync_set(&conn->vals, &st->streams_blocked[uni]);
	conn->want |= QUIC_WANT_TX;
}

int quic_conn_stream_open(struct quic_conn *conn, bool uni, struct quic_stream **stream)
{
	struct quic_streams *st = &conn->streams;
	struct quic_stream *s;
	u64 id;

	if (conn->state != QUIC_CONN_ESTABLISHED || conn->shutdown)
		return -EPIPE;
	if (st->next_local[uni] >= st->max_local[uni]) {
		streams_note_blocked(conn, uni);
		return -EAGAIN;
	}
	id = st->next_local[uni] << 2 | uni << 1 | conn->server;
	s = stream_new(conn, id);
	if (!s)
		return -ENOMEM;
	st->next_local[uni]++;
	*stream = s;
	return 0;
}

/* A peer's stream opens all lower ones of its type too (RFC 9000 3.2). */
static int open_remote_upto(struct quic_conn *conn, u64 id, u64 frame)
{
	struct quic_streams *st = &conn->streams;
	u32 t = id_type(id);

	if (id >> 2 >= st->max_remote[t])
		return stream_error(conn, QUIC_TRANSPORT_ERROR_STREAM_LIMIT, frame,
				    "stream beyond MAX_STREAMS");
	while (st->next_remote[t] <= id >> 2) {
		if (!stream_new(conn, st->next_remote[t] << 2 | (id & 3)))
			return -ENOMEM;
		st->next_remote[t]++;
	}
	return 0;
}

/*
 * The stream a frame is about; *s is NULL when it has ended. @tx: the frame is
 * about our sending half. RFC 9000 19.4, 19.5, 19.8, 19.10, 19.13.
 */
static int stream_of_frame(struct quic_conn *conn, u64 id, bool tx, u64 frame,
			   struct quic_stream **s)
{
	bool local = id_is_local(conn, id);
	int err;

	if (id_type(id) && local != tx)
		return stream_error(conn, QUIC_TRANSPORT_ERROR_STREAM_STATE, frame,
				    tx ? "frame for the sending half of a receive-only stream" :
					 "frame for the receiving half of a send-only stream");
	if (!quic_conn_stream_known(conn, id)) {
		if (local)
			return stream_error(conn, QUIC_TRANSPORT_ERROR_STREAM_STATE,
					    frame, "frame for a stream we never opened");
		err = open_remote_upto(conn, id, frame);
		if (err)
			return err;
	}
	*s = quic_conn_stream_find(conn, id);
	return 0;
}

void quic_streams_set_limits(struct quic_conn *conn)
{
	struct quic_streams *st = &conn->streams;

	st->max_local[0] = max(st->max_local[0], conn->remote.initial_max_streams_bidi);
	st->max_local[1] = max(st->max_local[1], conn->remote.initial_max_streams_uni);
	quic_flow_tx_raise(&conn->flow_tx, conn->remote.initial_max_data);
}

/* ---- receiving ---- */

static bool rx_something(const struct quic_stream *s)
{
	return quic_recvbuf_readable(&s->rx) || s->reset_unread ||
	       s->recv_state == QUIC_STREAM_RECV_STATE_RECVD;
}

static void rx_update(struct quic_conn *conn, struct quic_stream *s)
{
	if (!rx_something(s)) {
		list_del_init(&s->rx_node);
	} else if (list_empty(&s->rx_node)) {
		list_add_tail(&s->rx_node, &conn->streams.readable);
		conn->want |= QUIC_WANT_READABLE;
	}
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
	if (quic_flow_rx_consume(&conn->flow_rx, bytes)) {
		conn->flow_rx.max = quic_flow_rx_next(&conn->flow_rx);
		quic_valsync_set(&conn->vals, &conn->max_data);
		conn->want |= QUIC_WANT_TX;
	}
}

/* Raise a stream's highest offset, within both limits, and fix its final size. */
static int rx_account(struct quic_conn *conn, struct quic_stream *s, u64 end,
		      bool fin, u64 frame)
{
	u64 fresh = end > s->flow_rx.received ? end - s->flow_rx.received : 0;

	if (s->rx.fin && (end > s->rx.final_size || (fin && end != s->rx.final_size)))
		return stream_error(conn, QUIC_TRANSPORT_ERROR_FINAL_SIZE, frame,
				    "data beyond, or change of, a stream's final size");
	if (fin && end < s->flow_rx.received)
		return stream_error(conn, QUIC_TRANSPORT_ERROR_FINAL_SIZE, frame,
				    "final size below data already received");
	if (fresh > s->flow_rx.max - s->flow_rx.received)
		return stream_error(conn, QUIC_TRANSPORT_ERROR_FLOW_CONTROL, frame,
				    "stream data beyond MAX_STREAM_DATA");
	if (!quic_flow_rx_add(&conn->flow_rx, fresh))
		return stream_error(conn, QUIC_TRANSPORT_ERROR_FLOW_CONTROL, frame,
				    "stream data beyond MAX_DATA");
	quic_flow_rx_add(&s->flow_rx, fresh);
	conn->stats.stream_bytes_recv += fresh;
	return 0;
}

static void rx_set_fin(struct quic_conn *conn, struct quic_stream *s, u64 final_size)
{
	s->rx.fin = true;
	s->rx.final_size = final_size;
	quic_valsync_stop(&s->max_stream_data);
	if (s->recv_state == QUIC_STREAM_RECV_STATE_RECV)
		s->recv_state = QUIC_STREAM_RECV_STATE_SIZE_KNOWN;
}

/* Nobody reads this half any more: give its credit back, end it when known. */
static void rx_throw_away(struct quic_conn *conn, struct quic_stream *s)
{
	conn->streams.rx_queued -= s->rx.contig - s->rx.read;
	quic_recvbuf_free(&s->rx);
	rx_credit(conn, s, s->flow_rx.received - s->flow_rx.consumed);
	if (s->rx.fin && s->flow_rx.received == s->rx.final_size) {
		s->recv_state = QUIC_STREAM_RECV_STATE_READ;
		quic_valsync_stop(&s->stop_sending);
	}
}

int quic_stream_on_data(struct quic_conn *conn, const struct quic_frame *f,
			struct quic_rxbuf *buf)
{
	u64 end = f->u.stream.offset + f->u.stream.len, contig;
	struct quic_stream *s;
	int err;

	err = stream_of_frame(conn, f->u.stream.id, false, f->type, &s);
	if (err || !s)
		return err;
	err = rx_account(conn, s, end, f->u.stream.fin, f->type);
	if (err)
		return err;
	if (s->recv_state > QUIC_STREAM_RECV_STATE_SIZE_KNOWN)
		return 0;
	if (!s->rx_discard) {
		if (unlikely(conn->rx_full && f->u.stream.len) &&
		    !quic_recvbuf_must_take(&s->rx, f->u.stream.offset))
			return -ENOBUFS;
		contig = s->rx.contig;
		err = quic_recvbuf_add(&s->rx, f->u.stream.offset, f->u.stream.data,
				       f->u.stream.len, buf);
		conn->streams.rx_queued += s->rx.contig - contig;
		if (err)
			return err;
	}
	if (f->u.stream.fin && !s->rx.fin)
		rx_set_fin(conn, s, end);
	if (s->rx_discard) {
		rx_throw_away(conn, s);
		stream_maybe_free(conn, s);
		return 0;
	}
	if (s->rx.fin && s->rx.contig == s->rx.final_size)
		s->recv_state = QUIC_STREAM_RECV_STATE_RECVD;
	rx_update(conn, s);
	return 0;
}

int quic_stream_on_reset(struct quic_conn *conn, const struct quic_frame *f)
{
	struct quic_stream *s;
	int err;

	err = stream_of_frame(conn, f->u.reset.id, false, f->type, &s);
	if (err || !s)
		return err;
	err = rx_account(conn, s, f->u.reset.final_size, true, f->type);
	if (err)
		return err;
	/* RFC 9000 3.2: once all data is there, a reset changes nothing. */
	if (s->recv_state > QUIC_STREAM_RECV_STATE_SIZE_KNOWN)
		return 0;
	rx_set_fin(conn, s, f->u.reset.final_size);
	rx_throw_away(conn, s);
	quic_valsync_stop(&s->stop_sending);
	s->peer_reset_code = f->u.reset.code;
	if (s->rx_discard) {
		s->recv_state = QUIC_STREAM_RECV_STATE_RESET_READ;
		stream_maybe_free(conn, s);
		return 0;
	}
	s->recv_state = QUIC_STREAM_RECV_STATE_RESET_RECVD;
	s->reset_unread = true;
	rx_update(conn, s);
	return 0;
}

int quic_stream_on_blocked(struct quic_conn *conn, const struct quic_frame *f)
{
	struct quic_stream *s;

	return stream_of_frame(conn, f->u.max.id, false, f->type, &s);
}

struct quic_stream *quic_conn_readable(struct quic_conn *conn)
{
	return list_first_entry_or_null(&conn->streams.readable, struct quic_stream,
					rx_node);
}

const u8 *quic_stream_peek(const struct quic_stream *stream, u32 *len)
{
	return quic_recvbuf_peek(&stream->rx, len);
}

bool quic_stream_consume(struct quic_conn *conn, struct quic_stream *stream, u32 len)
{
	bool end;

	if (len) {
		quic_recvbuf_consume(&stream->rx, len);
		conn->streams.rx_queued -= len;
		rx_credit(conn, stream, len);
	}
	end = stream->recv_state == QUIC_STREAM_RECV_STATE_RECVD &&
	      quic_recvbuf_at_fin(&stream->rx);
	if (end)
		stream->recv_state = QUIC_STREAM_RECV_STATE_READ;
	rx_update(conn, stream);
	if (end)
		stream_maybe_free(conn, stream);
	return end;
}

bool quic_stream_take_reset(struct quic_conn *conn, struct quic_stream *stream, u64 *code)
{
	if (!stream->reset_unread)
		return false;
	*code = stream->peer_reset_code;
	stream->reset_unread = false;
	stream->recv_state = QUIC_STREAM_RECV_STATE_RESET_READ;
	rx_update(conn, stream);
	stream_maybe_free(conn, stream);
	return true;
}

int quic_stream_stop(struct quic_conn *conn, struct quic_stream *stream, u64 code)
{
	if (!stream->has_rx || stream->rx_discard ||
	    stream->recv_state > QUIC_STREAM_RECV_STATE_SIZE_KNOWN)
		return -EINVAL;
	stream->rx_discard = true;
	stream->stop_code = code;
	quic_valsync_set(&conn->vals, &stream->stop_sending);
	conn->want |= QUIC_WANT_TX;
	rx_throw_away(conn, stream);
	rx_update(conn, stream);
	stream_maybe_free(conn, stream);
	return 0;
}

/* ---- sending ---- */

bool quic_stream_writable(const struct quic_stream *stream)
{
	return stream->has_tx && !stream->tx.fin &&
	       stream->send_state <= QUIC_STREAM_SEND_STATE_SEND;
}

static bool tx_something(const struct quic_stream *s)
{
	u64 off, len;

	return s->has_tx && s->send_state <= QUIC_STREAM_SEND_STATE_SENT &&
	       quic_sendbuf_next(&s->tx, quic_flow_tx_credit(&s->flow_tx), &off, &len);
}

void quic_stream_tx_update(struct quic_conn *conn, struct quic_stream *s)
{
	if (!tx_something(s)) {
		list_del_init(&s->tx_node);
	} else if (list_empty(&s->tx_node)) {
		list_add_tail(&s->tx_node, &conn->streams.sendable);
		conn->want |= QUIC_WANT_TX;
	}
}

/* Say once per limit that it holds us back (RFC 9000 4.1). */
static void tx_note_blocked(struct quic_conn *conn, struct quic_flow_tx *flow,
			    struct quic_valsync *v)
{
	if (flow->used < flow->limit || flow->blocked_at == flow->limit + 1)
		return;
	flow->blocked_at = flow->limit + 1;
	quic_valsync_set(&conn->vals, v);
	conn->want |= QUIC_WANT_TX;
}

int quic_stream_append(struct quic_conn *conn, struct quic_stream *stream,
		       const u8 *data, u32 len, struct quic_txbuf *owner, bool *merged)
{
	int err;

	if (!quic_stream_writable(stream) || conn->state != QUIC_CONN_ESTABLISHED)
		return -EPIPE;
	err = quic_sendbuf_append(&stream->tx, data, len, owner, merged);
	if (err)
		return err;
	conn->streams.tx_queued += len;
	quic_stream_tx_update(conn, stream);
	/* Without any credit nothing will be sent that could note it. */
	tx_note_blocked(conn, &stream->flow_tx, &stream->blocked);
	return 0;
}

int quic_stream_finish(struct quic_conn *conn, struct quic_stream *stream)
{
	if (!quic_stream_writable(stream))
		return -EPIPE;
	stream->tx.fin = true;
	quic_stream_tx_update(conn, stream);
	return 0;
}

static void tx_abandon(struct quic_conn *conn, struct quic_stream *s, u64 code)
{
	conn->streams.tx_queued -= s->tx.end - s->tx.base;
	s->reset_final = s->tx.next;
	s->reset_code = code;
	s->send_state = QUIC_STREAM_SEND_STATE_RESET_SENT;
	quic_sendbuf_free(&s->tx, conn);
	list_del_init(&s->tx_node);
	quic_valsync_stop(&s->blocked);
	quic_valsync_set(&conn->vals, &s->reset_stream);
	conn->want |= QUIC_WANT_TX | QUIC_WANT_WRITABLE;
}

int quic_stream_reset(struct quic_conn *conn, struct quic_stream *stream, u64 code)
{
	if (!stream->has_tx || stream->send_state > QUIC_STREAM_SEND_STATE_SENT)
		return -EINVAL;
	tx_abandon(conn, stream, code);
	return 0;
}

int quic_stream_on_stop(struct quic_conn *conn, const struct quic_frame *f)
{
	struct quic_stream *s;
	int err;

	err = stream_of_frame(conn, f->u.reset.id, true, f->type, &s);
	if (err || !s)
		return err;
	s->stopped = true;
	s->peer_stop_code = f->u.reset.code;
	/* RFC 9000 3.5: answer with RESET_STREAM unless all is acknowledged. */
	if (s->send_state <= QUIC_STREAM_SEND_STATE_SENT)
		tx_abandon(conn, s, f->u.reset.code);
	return 0;
}

int quic_stream_on_max_data(struct quic_conn *conn, const struct quic_frame *f)
{
	struct quic_stream *s;
	int err;

	err = stream_of_frame(conn, f->u.max.id, true, f->type, &s);
	if (err || !s)
		return err;
	if (quic_flow_tx_raise(&s->flow_tx, f->u.max.limit))
		quic_stream_tx_update(conn, s);
	return 0;
}

void quic_streams_on_max_data(struct quic_conn *conn, const struct quic_frame *f)
{
	struct quic_streams *st = &conn->streams;

	if (!quic_flow_tx_raise(&conn->flow_tx, f->u.max.limit))
		return;
	list_splice_tail_init(&st->waiting, &st->sendable);
	conn->want |= QUIC_WANT_TX;
}

void quic_stream_tx_wait(struct quic_conn *conn, struct quic_stream *s)
{
	if (!tx_something(s)) {
		list_del_init(&s->tx_node);
		return;
	}
	list_move_tail(&s->tx_node, &conn->streams.waiting);
	tx_note_blocked(conn, &conn->flow_tx, &conn->data_blocked);
}

void quic_streams_on_max_streams(struct quic_conn *conn, const struct quic_frame *f)
{
	struct quic_streams *st = &conn->streams;
	u32 t = f->type - QUIC_FRAME_MAX_STREAMS;

	if (f->u.max.limit <= st->max_local[t])
		return;
	st->max_local[t] = f->u.max.limit;
	quic_valsync_stop(&st->streams_blocked[t]);
	conn->want |= QUIC_WANT_WRITABLE;
}

bool quic_stream_tx_next(struct quic_conn *conn, struct quic_stream *s, u64 *off, u64 *len)
{
	u64 credit = min(quic_flow_tx_credit(&s->flow_tx),
			 quic_flow_tx_credit(&conn->flow_tx));

	return quic_sendbuf_next(&s->tx, credit, off, len);
}

void quic_stream_tx_sent(struct quic_conn *conn, struct quic_stream *s, u64 off,
			 u32 len, bool fin)
{
	u64 fresh = quic_sendbuf_sent(&s->tx, off, len, fin);

	s->flow_tx.used += fresh;
	conn->flow_tx.used += fresh;
	conn->stats.stream_bytes_sent += fresh;
	if (s->send_state == QUIC_STREAM_SEND_STATE_READY)
		s->send_state = QUIC_STREAM_SEND_STATE_SEND;
	if (fin)
		s->send_state = QUIC_STREAM_SEND_STATE_SENT;
	if (s->tx.next < s->tx.end) {
		tx_note_blocked(conn, &s->flow_tx, &s->blocked);
		tx_note_blocked(conn, &conn->flow_tx, &conn->data_blocked);
	}
	if (!tx_something(s))
		list_del_init(&s->tx_node);
}

void quic_stream_on_acked(struct quic_conn *conn, u64 id, u64 off, u32 len, bool fin)
{
	struct quic_stream *s = quic_conn_stream_find(conn, id);
	u64 released;

	if (!s || s->send_state > QUIC_STREAM_SEND_STATE_SENT)
		return;
	released = quic_sendbuf_acked(&s->tx, conn, off, len, fin);
	conn->streams.tx_queued -= released;
	if (released)
		conn->want |= QUIC_WANT_WRITABLE;
	quic_stream_tx_update(conn, s);
	if (!quic_sendbuf_done(&s->tx))
		return;
	s->send_state = QUIC_STREAM_SEND_STATE_RECVD;
	conn->want |= QUIC_WANT_WRITABLE;
	stream_maybe_free(conn, s);
}

void quic_stream_on_lost(struct quic_conn *conn, u64 id, u64 off, u32 len, bool fin)
{
	struct quic_stream *s = quic_conn_stream_find(conn, id);

	if (!s || s->send_state > QUIC_STREAM_SEND_STATE_SENT)
		return;
	quic_sendbuf_lost(&s->tx, off, len, fin);
	quic_stream_tx_update(conn, s);
	/* To send again takes no credit. */
	if (!list_empty(&s->tx_node))
		list_move_tail(&s->tx_node, &conn->streams.sendable);
}

void quic_stream_reset_acked(struct quic_conn *conn, struct quic_stream *s)
{
	s->send_state = QUIC_STREAM_SEND_STATE_RESET_RECVD;
	stream_maybe_free(conn, s);
}

void quic_stream_fill_frame(const struct quic_conn *conn, const struct quic_valsync *v,
			    struct quic_frame *f)
{
	const struct quic_streams *st = &conn->streams;
	const struct quic_stream *s;

	switch (v->frame) {
	case QUIC_FRAME_MAX_STREAM_DATA:
		s = container_of(v, struct quic_stream, max_stream_data);
		f->u.max.id = s->id;
		f->u.max.limit = s->flow_rx.max;
		break;
	case QUIC_FRAME_STREAM_DATA_BLOCKED:
		s = container_of(v, struct quic_stream, blocked);
		f->u.max.id = s->id;
		f->u.max.limit = s->flow_tx.limit;
		break;
	case QUIC_FRAME_RESET_STREAM:
		s = container_of(v, struct quic_stream, reset_stream);
		f->u.reset.id = s->id;
		f->u.reset.code = s->reset_code;
		f->u.reset.final_size = s->reset_final;
		break;
	case QUIC_FRAME_STOP_SENDING:
		s = container_of(v, struct quic_stream, stop_sending);
		f->u.reset.id = s->id;
		f->u.reset.code = s->stop_code;
		break;
	case QUIC_FRAME_MAX_DATA:
		f->u.max.limit = conn->flow_rx.max;
		break;
	case QUIC_FRAME_DATA_BLOCKED:
		f->u.max.limit = conn->flow_tx.limit;
		break;
	case QUIC_FRAME_MAX_STREAMS:
	case QUIC_FRAME_MAX_STREAMS + 1:
		f->u.max.limit = st->max_remote[v->frame - QUIC_FRAME_MAX_STREAMS];
		break;
	default:	/* STREAMS_BLOCKED */
		f->u.max.limit = st->max_local[v->frame - QUIC_FRAME_STREAMS_BLOCKED];
		break;
	}
}

bool quic_streams_all_acked(const struct quic_conn *conn)
{
	struct rb_node *n;

	if (conn->streams.tx_queued)
		return false;
	for (n = rb_first(&conn->streams.tree); n; n = rb_next(n)) {
		const struct quic_stream *s = rb_entry(n, struct quic_stream, node);

		if (!send_ended(s) && (s->tx.end || s->tx.fin ||
				       s->send_state == QUIC_STREAM_SEND_STATE_RESET_SENT))
			return false;
	}
	return true;
}

void quic_streams_finish_all(struct quic_conn *conn)
{
	struct rb_node *n;

	for (n = rb_first(&conn->streams.tree); n; n = rb_next(n)) {
		struct quic_stream *s = rb_entry(n, struct quic_stream, node);

		if (quic_stream_writable(s) && s->tx.end)
			quic_stream_finish(conn, s);
	}
}
