// SPDX-License-Identifier: GPL-2.0
/*
 * The sending half of streams: bytes are queued by reference, taken within the
 * peer's credit, acknowledged or lost (RFC 9000 3.1, 4.1, 19.5, 19.9 to 19.11).
 *
 * A stream with something to send, as far as its own credit goes, waits in
 * streams.sched; whether the connection has credit is asked when one is chosen. Credit
 * that ran out is announced once for each limit.
 *
 * Invariants: tx_queued is the sum of (end - base) over all sending halves; no
 * byte goes beyond either limit. What a range holds is sendbuf.c's, in which
 * packet it goes conn_tx.c's.
 */
#include "stream.h"
#include "hold.h"
#include "stream_int.h"
#include "stream_sched.h"
#include "stream_sm.h"
#include "core.h"
#include "plant.h"

bool quic_stream_writable(const struct quic_stream *stream)
{
	return stream->has_tx && !stream->tx.fin &&
	       quic_send_can(stream->send_state, QUIC_SEND_EV_WRITE);
}

static enum quic_sched_place tx_place(const struct quic_stream *s)
{
	u64 off, len;

	if (!s->has_tx || s->held || !quic_send_can(s->send_state, QUIC_SEND_EV_FRAME) ||
	    !quic_sendbuf_next(&s->tx, quic_flow_tx_credit(&s->flow_tx), &off, &len))
		return QUIC_SCHED_NONE;
	if (off < s->tx.next || !len || s->tx.announce)
		return QUIC_SCHED_AGAIN;
	return s->incremental ? QUIC_SCHED_TURNS : QUIC_SCHED_ORDERED;
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

void quic_stream_tx_update(struct quic_conn *conn, struct quic_stream *s)
{
	struct quic_sched *q = &conn->streams.sched;
	u8 before = s->tx_place;

	quic_sched_put(q, s, tx_place(s));
	if (q->fresh)
		tx_note_blocked(conn, &conn->flow_tx, &conn->data_blocked);
	if (!before && s->tx_place)
		conn->want |= QUIC_WANT_TX;
}

int quic_stream_set_priority(struct quic_conn *conn, struct quic_stream *stream,
			     u8 urgency, bool incremental)
{
	if (!stream->has_tx || urgency >= QUIC_URGENCIES)
		return -EINVAL;
	if (urgency == stream->urgency && incremental == stream->incremental)
		return 0;
	if (quic_sched_reserve(&conn->streams.sched, urgency))
		return -ENOMEM;
	quic_sched_put(&conn->streams.sched, stream, QUIC_SCHED_NONE);
	stream->urgency = urgency;
	stream->incremental = incremental;
	quic_stream_tx_update(conn, stream);
	return 0;
}

int quic_stream_append(struct quic_conn *conn, struct quic_stream *stream,
		       const u8 *data, u32 len, struct quic_txbuf *owner, bool *merged)
{
	int err;

	if (!quic_stream_writable(stream) || !quic_conn_takes_data(conn))
		return -EPIPE;
	err = quic_sendbuf_append(&stream->tx, data, len, owner, merged);
	if (err)
		return err;
	conn->streams.tx_queued += len;
	conn->streams.tx_appended += len;
	quic_stream_tx_update(conn, stream);
	/* Without any credit nothing will be sent that could note it. */
	tx_note_blocked(conn, &stream->flow_tx, &stream->blocked);
	return 0;
}

int quic_stream_announce(struct quic_conn *conn, struct quic_stream *stream)
{
	if (!quic_stream_writable(stream))
		return -EPIPE;
	if (stream->send_state != QUIC_STREAM_SEND_STATE_READY)
		return 0;
	stream->tx.announce = true;
	quic_hold_off(conn);
	quic_stream_tx_update(conn, stream);
	return 0;
}

int quic_stream_finish(struct quic_conn *conn, struct quic_stream *stream)
{
	if (!quic_stream_writable(stream))
		return -EPIPE;
	stream->tx.fin = true;
	quic_hold_off(conn);
	quic_stream_tx_update(conn, stream);
	return 0;
}

/* RESET or STOPPED, and the code to say. Return: false when it is too late for it. */
static bool tx_abandon(struct quic_conn *conn, struct quic_stream *s,
		       enum quic_send_event ev, u64 code)
{
	if (!quic_send_move(&s->send_state, ev))
		return false;
	conn->streams.tx_queued -= s->tx.end - s->tx.base;
	conn->streams.tx_appended -= s->tx.end - s->tx.next;
	s->reset_final = s->tx.next;
	s->reset_code = code;
	if (!QUIC_PLANTED(9)) {
		quic_sendbuf_free(&s->tx, conn);
		quic_sched_put(&conn->streams.sched, s, QUIC_SCHED_NONE);
	}
	quic_valsync_stop(&s->blocked);
	quic_valsync_set(&conn->vals, &s->reset_stream);
	conn->want |= QUIC_WANT_TX | QUIC_WANT_WRITABLE;
	return true;
}

int quic_stream_reset(struct quic_conn *conn, struct quic_stream *stream, u64 code)
{
	if (!stream->has_tx || !tx_abandon(conn, stream, QUIC_SEND_EV_RESET, code))
		return -EINVAL;
	return 0;
}

int quic_stream_on_stop(struct quic_conn *conn, const struct quic_frame *f)
{
	struct quic_stream *s;
	int err;

	err = quic_stream_of_frame(conn, f->u.reset.id, true, f->type, &s);
	if (err || !s)
		return err;
	s->stopped = true;
	s->peer_stop_code = f->u.reset.code;
	/* RFC 9000 3.5: answer with RESET_STREAM unless all is acknowledged. */
	tx_abandon(conn, s, QUIC_SEND_EV_STOPPED, f->u.reset.code);
	return 0;
}

int quic_stream_on_max_data(struct quic_conn *conn, const struct quic_frame *f)
{
	struct quic_stream *s;
	int err;

	err = quic_stream_of_frame(conn, f->u.max.id, true, f->type, &s);
	if (err || !s)
		return err;
	if (quic_send_move(&s->send_state, QUIC_SEND_EV_CREDIT) &&
	    quic_flow_tx_raise(&s->flow_tx, f->u.max.limit))
		quic_stream_tx_update(conn, s);
	return 0;
}

void quic_streams_on_max_data(struct quic_conn *conn, const struct quic_frame *f)
{
	if (quic_flow_tx_raise(&conn->flow_tx, f->u.max.limit))
		conn->want |= QUIC_WANT_TX;
}

bool quic_streams_tx_ready(const struct quic_conn *conn)
{
	return quic_sched_ready(&conn->streams.sched, quic_flow_tx_credit(&conn->flow_tx));
}

struct quic_stream *quic_streams_tx_pick(struct quic_conn *conn)
{
	return quic_sched_pick(&conn->streams.sched, quic_flow_tx_credit(&conn->flow_tx));
}

void quic_streams_on_max_streams(struct quic_conn *conn, const struct quic_frame *f)
{
	struct quic_streams *st = &conn->streams;
	u32 t = f->type - QUIC_FRAME_MAX_STREAMS;
	u64 was = st->max_local[t];

	if (f->u.max.limit <= was)
		return;
	st->max_local[t] = f->u.max.limit;
	quic_valsync_stop(&st->streams_blocked[t]);
	conn->want |= QUIC_WANT_WRITABLE;
	if (unlikely(st->n_held))
		quic_streams_relimit(conn, t, was);
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
	quic_send_move(&s->send_state, fin ? QUIC_SEND_EV_FRAME_FIN : QUIC_SEND_EV_FRAME);
	if (s->tx.next < s->tx.end) {
		tx_note_blocked(conn, &s->flow_tx, &s->blocked);
		tx_note_blocked(conn, &conn->flow_tx, &conn->data_blocked);
	}
	quic_stream_tx_update(conn, s);
	quic_sched_turn(&conn->streams.sched, s, fresh);
}

void quic_stream_on_acked(struct quic_conn *conn, u64 id, u64 off, u32 len, bool fin)
{
	struct quic_stream *s = quic_conn_stream_find(conn, id);
	u64 released;

	if (!s || !quic_send_move(&s->send_state, QUIC_SEND_EV_SETTLED))
		return;
	released = quic_sendbuf_acked(&s->tx, conn, off, len, fin);
	conn->streams.tx_queued -= released;
	if (released)
		conn->want |= QUIC_WANT_WRITABLE;
	quic_stream_tx_update(conn, s);
	if (!quic_sendbuf_done(&s->tx))
		return;
	quic_send_move(&s->send_state, QUIC_SEND_EV_ALL_ACKED);
	conn->want |= QUIC_WANT_WRITABLE;
	quic_stream_maybe_free(conn, s);
}

void quic_stream_on_lost(struct quic_conn *conn, u64 id, u64 off, u32 len, bool fin)
{
	struct quic_stream *s = quic_conn_stream_find(conn, id);

	if (!s || !quic_send_move(&s->send_state, QUIC_SEND_EV_SETTLED))
		return;
	quic_sendbuf_lost(&s->tx, off, len, fin && !QUIC_PLANTED(4));
	quic_stream_tx_update(conn, s);
	if (s->tx_place) {
		quic_hold_off(conn);
		conn->want |= QUIC_WANT_TX;
	}
}

void quic_stream_reset_acked(struct quic_conn *conn, struct quic_stream *s)
{
	quic_send_move(&s->send_state, QUIC_SEND_EV_RESET_ACKED);
	quic_stream_maybe_free(conn, s);
}

void quic_stream_rewind(struct quic_conn *conn, struct quic_stream *s)
{
	bool opened = s->send_state != QUIC_STREAM_SEND_STATE_READY;

	s->held = true;
	conn->streams.n_held++;
	s->flow_tx = (struct quic_flow_tx){};
	quic_valsync_stop(&s->blocked);
	quic_sendbuf_rewind(&s->tx);
	/* The peer knows nothing of bytes before a reset: no size is promised. */
	s->reset_final = 0;
	quic_send_move(&s->send_state, QUIC_SEND_EV_REFUSED);
	s->tx.announce = opened && s->send_state == QUIC_STREAM_SEND_STATE_READY &&
			 !s->tx.end && !s->tx.fin;
	quic_stream_tx_update(conn, s);
}
