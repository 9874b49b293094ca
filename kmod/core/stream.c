// SPDX-License-Identifier: GPL-2.0
/*
 * Streams: who may open them, how they are found, and when they are gone (RFC
 * 9000 2, 4.6). Their halves are stream_send.c and stream_recv.c.
 *
 * A stream is found by its ID in a red-black tree. Those opened or found lately are
 * remembered in a table that grows with their number, a place for each ID that several
 * may claim: it answers almost every look-up, however many streams are open, and where
 * there is no memory for it, or a larger one, the tree does. Streams
 * with something to send wait in stream_sched.c, those with something to read in a
 * list, so that neither building a packet nor reading looks at idle ones.
 * A stream whose two halves have ended is freed; its ID counts as known for
 * ever because the counts of opened streams only grow. Of those that the peer stopped
 * the last few IDs are kept: when the RESET_STREAM was acknowledged is nothing that
 * their writer can know, and what it is told must not depend on that.
 *
 * Invariant: a peer's stream below next_remote that is not in the tree has ended.
 *
 * It does not decide in which packet a frame goes (tx_frames.c).
 */
#include "stream.h"
#include "stream_int.h"
#include "stream_sched.h"
#include "stream_sm.h"
#include "core.h"
#include "plant.h"

static u32 id_type(u64 id)
{
	return !!(id & QUIC_STREAM_TYPE_UNI_MASK);
}

static u64 local_id(const struct quic_conn *conn, bool uni, u64 n)
{
	return n << 2 | uni << 1 | conn->server;
}

static bool id_is_local(const struct quic_conn *conn, u64 id)
{
	return !!(id & QUIC_STREAM_TYPE_SERVER_MASK) == conn->server;
}

void quic_streams_init(struct quic_conn *conn)
{
	struct quic_streams *st = &conn->streams;
	u32 i;

	st->tree = RB_ROOT;
	quic_sched_init(&st->sched);
	INIT_LIST_HEAD(&st->readable);
	quic_rxpool_init(&st->rx_pool);
	for (i = 0; i < 2; i++) {
		quic_valsync_init(&st->max_streams[i], QUIC_FRAME_MAX_STREAMS + i);
		quic_valsync_init(&st->streams_blocked[i],
				  QUIC_FRAME_STREAMS_BLOCKED + i);
	}
	quic_valsync_init(&conn->max_data, QUIC_FRAME_MAX_DATA);
	quic_valsync_init(&conn->data_blocked, QUIC_FRAME_DATA_BLOCKED);
}

/*
 * Where a stream that was found lately would be. Multiplied, so that streams at equal
 * distances do not meet in one place.
 */
static struct quic_stream **recent_slot(const struct quic_streams *st, u64 id)
{
	return &st->recent[id * 0x9e3779b97f4a7c15ULL >> (64 - st->recent_bits)];
}

static void recent_free(struct quic_streams *st)
{
	quic_host_free(QUIC_OBJ_VAR, st->recent, sizeof(*st->recent) << st->recent_bits);
	st->recent = NULL;
}

/* Another stream: places for twice as many as are open. Without memory it is as it was. */
static void recent_grow(struct quic_streams *st)
{
	u8 bits = st->recent ? st->recent_bits : QUIC_RECENT_BITS_MIN;
	struct quic_stream **places, **old = st->recent;
	u32 i, n = old ? 1U << bits : 0;

	/* Not with each: there may be no memory for long. */
	if (old && st->n_open % 16)
		return;
	while (bits < QUIC_RECENT_BITS_MAX && st->n_open >= 1U << (bits - 1))
		bits++;
	if (likely(old && bits == st->recent_bits))
		return;
	places = quic_host_alloc(QUIC_OBJ_VAR, sizeof(*places) << bits);
	if (!places)
		return;
	st->recent = places;
	swap(st->recent_bits, bits);
	for (i = 0; i < n; i++)
		if (old[i])
			*recent_slot(st, old[i]->id) = old[i];
	if (old)
		quic_host_free(QUIC_OBJ_VAR, old, sizeof(*old) << bits);
}

void quic_streams_trim(struct quic_streams *st)
{
	quic_rxpool_trim(&st->rx_pool);
	if (!st->n_open) {
		recent_free(st);
		quic_sched_free(&st->sched);
	}
}

/* ---- life ---- */

static void stream_free(struct quic_conn *conn, struct quic_stream *s)
{
	struct quic_streams *st = &conn->streams;

	quic_valsync_stop(&s->max_stream_data);
	quic_valsync_stop(&s->reset_stream);
	quic_valsync_stop(&s->stop_sending);
	quic_valsync_stop(&s->blocked);
	quic_sched_put(&st->sched, s, QUIC_SCHED_NONE);
	list_del(&s->rx_node);
	rb_erase(&s->node, &st->tree);
	if (st->recent && *recent_slot(st, s->id) == s)
		*recent_slot(st, s->id) = NULL;
	st->tx_queued -= s->tx.end - s->tx.base;
	st->tx_appended -= s->tx.end - s->tx.next;
	st->rx_queued -= quic_recvbuf_queued(&s->rx);
	st->n_open--;
	st->n_held -= s->held;
	quic_sendbuf_free(&s->tx, conn);
	quic_recvbuf_free(&s->rx);
	quic_host_free(QUIC_OBJ_STREAM, s, sizeof(*s));
}

void quic_streams_free(struct quic_conn *conn)
{
	struct rb_node *n;

	while ((n = rb_first(&conn->streams.tree)))
		stream_free(conn, rb_entry(n, struct quic_stream, node));
	quic_streams_trim(&conn->streams);
	quic_host_free(QUIC_OBJ_VAR, conn->streams.stopped, sizeof(*conn->streams.stopped));
	conn->streams.stopped = NULL;
}

/* A peer's stream ended: let it open another once that is worth a frame. */
static void remote_closed(struct quic_conn *conn, u32 type)
{
	struct quic_streams *st = &conn->streams;
	u64 max;

	st->closed_remote[type]++;
	if (!st->window_remote[type])
		return;
	max = min(st->closed_remote[type] + st->window_remote[type], QUIC_STREAMS_MAX);
	if (max - st->max_remote[type] < (st->window_remote[type] + 1) / 2)
		return;
	st->max_remote[type] = max;
	quic_valsync_set(&conn->vals, &st->max_streams[type]);
	conn->want |= QUIC_WANT_TX;
}

static bool send_ended(const struct quic_stream *s)
{
	return !s->has_tx || quic_send_over(s->send_state);
}

static bool recv_ended(const struct quic_stream *s)
{
	return !s->has_rx || quic_recv_over(s->recv_state);
}

/* Without memory for it the writer is told that the stream is over, not why. */
static void note_stopped(struct quic_streams *st, u64 id)
{
	if (!st->stopped)
		st->stopped = quic_host_alloc(QUIC_OBJ_VAR, sizeof(*st->stopped));
	if (st->stopped)
		st->stopped->id[st->stopped->n++ % QUIC_STOPPED_IDS] = id;
}

bool quic_conn_stream_was_stopped(const struct quic_conn *conn, u64 id)
{
	const struct quic_stopped *p = conn->streams.stopped;
	u64 i;

	for (i = 0; p && i < min_t(u64, p->n, QUIC_STOPPED_IDS); i++)
		if (p->id[i] == id)
			return true;
	return false;
}

bool quic_stream_maybe_free(struct quic_conn *conn, struct quic_stream *s)
{
	u64 id = s->id;

	if (!send_ended(s) || !recv_ended(s))
		return false;
	if (s->stopped)
		note_stopped(&conn->streams, id);
	stream_free(conn, s);
	if (!id_is_local(conn, id))
		remote_closed(conn, id_type(id));
	return true;
}

/* What the parameters of @of let the other end send on a stream, ours or its. */
static u64 first_limit(const struct quic_tparams *of, u64 id, bool opened_by_it)
{
	return id_type(id) ? of->initial_max_stream_data_uni :
	       opened_by_it ? of->initial_max_stream_data_bidi_local :
			      of->initial_max_stream_data_bidi_remote;
}

static void set_windows(struct quic_conn *conn, struct quic_stream *s)
{
	bool local = id_is_local(conn, s->id);

	s->flow_rx.window = first_limit(&conn->local, s->id, local);
	s->flow_rx.max = s->flow_rx.window;
	s->flow_tx.limit = first_limit(&conn->remote, s->id, !local);
}

static struct quic_stream *stream_new(struct quic_conn *conn, u64 id)
{
	struct quic_streams *st = &conn->streams;
	struct rb_node **p = &st->tree.rb_node, *parent = NULL;
	struct quic_stream *s = quic_host_alloc(QUIC_OBJ_STREAM, sizeof(*s));

	if (!s)
		return NULL;
	s->id = id;
	s->has_tx = quic_stream_has_half(id_type(id), id_is_local(conn, id), true);
	s->has_rx = quic_stream_has_half(id_type(id), id_is_local(conn, id), false);
	s->send_state = QUIC_STREAM_SEND_STATE_READY;
	s->recv_state = QUIC_STREAM_RECV_STATE_RECV;
	s->urgency = QUIC_URGENCY_DEFAULT;
	s->incremental = true;
	INIT_LIST_HEAD(&s->tx_node);
	INIT_LIST_HEAD(&s->rx_node);
	quic_sendbuf_init(&s->tx);
	quic_recvbuf_init(&s->rx);
	s->rx.pool = &st->rx_pool;
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
	recent_grow(st);
	if (st->recent)
		*recent_slot(st, id) = s;
	return s;
}

struct quic_stream *quic_conn_stream_find(struct quic_conn *conn, u64 id)
{
	struct quic_streams *st = &conn->streams;
	struct quic_stream *s = st->recent ? *recent_slot(st, id) : NULL;
	struct rb_node *n;

	if (likely(s && s->id == id))
		return s;
	for (n = st->tree.rb_node; n;) {
		s = rb_entry(n, struct quic_stream, node);
		if (id == s->id) {
			if (st->recent)
				*recent_slot(st, id) = s;
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

	if (!quic_conn_takes_data(conn) || conn->shutdown)
		return -EPIPE;
	if (st->next_local[uni] >= st->max_local[uni]) {
		streams_note_blocked(conn, uni);
		return -EAGAIN;
	}
	id = local_id(conn, uni, st->next_local[uni]);
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
		return quic_stream_error(conn, QUIC_TRANSPORT_ERROR_STREAM_LIMIT, frame,
					 "stream beyond MAX_STREAMS");
	while (st->next_remote[t] <= id >> 2) {
		if (!stream_new(conn, st->next_remote[t] << 2 | (id & 3)) &&
		    !QUIC_PLANTED(24))
			return -ENOMEM;
		st->next_remote[t]++;
	}
	if (!t)
		conn->want |= QUIC_WANT_WRITABLE;
	return 0;
}

int quic_stream_of_frame(struct quic_conn *conn, u64 id, bool tx, u64 frame,
			 struct quic_stream **s)
{
	const char *half = tx ? "frame for the sending half of a receive-only stream" :
				"frame for the receiving half of a send-only stream";
	bool local = id_is_local(conn, id);
	int err;

	if (!quic_stream_has_half(id_type(id), local, tx))
		return quic_stream_error(conn, QUIC_TRANSPORT_ERROR_STREAM_STATE, frame, half);
	if (!quic_conn_stream_known(conn, id)) {
		if (local)
			return quic_stream_error(conn, QUIC_TRANSPORT_ERROR_STREAM_STATE,
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
	u32 t;

	st->max_local[0] = max(st->max_local[0], conn->remote.initial_max_streams_bidi);
	st->max_local[1] = max(st->max_local[1], conn->remote.initial_max_streams_uni);
	quic_flow_tx_raise(&conn->flow_tx, conn->remote.initial_max_data);
	for (t = 0; t < 2 && unlikely(conn->early); t++)
		quic_streams_relimit(conn, t, 0);
}

void quic_streams_relimit(struct quic_conn *conn, bool uni, u64 from)
{
	struct quic_streams *st = &conn->streams;
	struct quic_stream *s;
	u64 id;

	for (; from < min(st->next_local[uni], st->max_local[uni]); from++) {
		id = local_id(conn, uni, from);
		s = quic_conn_stream_find(conn, id);
		if (!s)
			continue;
		st->n_held -= s->held;
		s->held = false;
		quic_flow_tx_raise(&s->flow_tx, first_limit(&conn->remote, id, false));
		quic_stream_tx_update(conn, s);
	}
	if (st->next_local[uni] > st->max_local[uni])
		streams_note_blocked(conn, uni);
	conn->want |= QUIC_WANT_TX | QUIC_WANT_WRITABLE;
}

void quic_streams_rewind(struct quic_conn *conn)
{
	struct quic_streams *st = &conn->streams;
	struct rb_node *n;
	u32 i;

	conn->flow_tx = (struct quic_flow_tx){};
	quic_valsync_stop(&conn->data_blocked);
	for (i = 0; i < 2; i++) {
		st->max_local[i] = 0;
		st->blocked_at[i] = 0;
		quic_valsync_stop(&st->streams_blocked[i]);
	}
	for (n = rb_first(&st->tree); n; n = rb_next(n))
		quic_stream_rewind(conn, rb_entry(n, struct quic_stream, node));
}

/* The stream that a value is of; NULL: of none. */
static const struct quic_stream *stream_of_val(const struct quic_valsync *v)
{
	switch (v->frame) {
	case QUIC_FRAME_MAX_STREAM_DATA:
		return container_of(v, struct quic_stream, max_stream_data);
	case QUIC_FRAME_STREAM_DATA_BLOCKED:
		return container_of(v, struct quic_stream, blocked);
	case QUIC_FRAME_RESET_STREAM:
		return container_of(v, struct quic_stream, reset_stream);
	case QUIC_FRAME_STOP_SENDING:
		return container_of(v, struct quic_stream, stop_sending);
	}
	return NULL;
}

bool quic_stream_val_held(const struct quic_valsync *v)
{
	const struct quic_stream *s = stream_of_val(v);

	return s && s->held;
}

void quic_stream_fill_frame(const struct quic_conn *conn, const struct quic_valsync *v,
			    struct quic_frame *f)
{
	const struct quic_streams *st = &conn->streams;
	const struct quic_stream *s = stream_of_val(v);

	switch (v->frame) {
	case QUIC_FRAME_MAX_STREAM_DATA:
		f->u.max.id = s->id;
		f->u.max.limit = s->flow_rx.max;
		break;
	case QUIC_FRAME_STREAM_DATA_BLOCKED:
		f->u.max.id = s->id;
		f->u.max.limit = s->flow_tx.limit;
		break;
	case QUIC_FRAME_RESET_STREAM:
		f->u.reset.id = s->id;
		f->u.reset.code = s->reset_code;
		f->u.reset.final_size = s->reset_final;
		break;
	case QUIC_FRAME_STOP_SENDING:
		f->u.reset.id = s->id;
		f->u.reset.code = s->stop_code;
		break;
	case QUIC_FRAME_MAX_DATA:
		f->u.max.limit = conn->flow_rx.max - (QUIC_PLANTED(11) && conn->max_data.said ?
						      conn->flow_rx.window : 0);
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
