// SPDX-License-Identifier: GPL-2.0
/*
 * What outsiders may do to a stream in each of its states, through the whole core:
 * every call of the application and every frame of the peer, in every state of
 * either half, on every kind of stream (RFC 9000 2.1, 3, 4.5, 19). The tables
 * themselves are stream_sm_test.c's.
 */
#include "unit_pair.h"
#include "../../kmod/core/stream.h"
#include "../../kmod/core/wire_frame.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC
#define S(name)	QUIC_STREAM_SEND_STATE_##name
#define R(name)	QUIC_STREAM_RECV_STATE_##name

static struct pair_cfg cfg;
static struct pair *p;
static struct quic_conn *c, *s;

static bool start(struct unit *t)
{
	p = unit_connected(t, &cfg);
	c = p->end[PAIR_CLIENT].conn;
	s = p->end[PAIR_SERVER].conn;
	p->end[PAIR_CLIENT].reading = false;
	p->end[PAIR_SERVER].reading = false;
	return c && s;
}

static void wait(void)
{
	pair_run(p, NULL, p->now + 200 * MS);
}

/* One frame for an end. @a and @b: offset and length, code and final size, limit. */
static void inject(enum pair_side to, u64 type, u64 id, u64 a, u64 b, bool fin)
{
	struct quic_conn *conn = p->end[to].conn;
	u8 buf[128];
	struct quic_wcur w = quic_wcur_init(buf, sizeof(buf));
	struct quic_frame f = { .type = type };

	if (type == QUIC_FRAME_STREAM) {
		quic_frame_put_stream_hdr(&w, id, a, b, true, fin);
		memset(quic_put_space(&w, b), 'x', b);
	} else if (type == QUIC_FRAME_RESET_STREAM || type == QUIC_FRAME_STOP_SENDING) {
		f.u.reset.id = id;
		f.u.reset.code = a;
		f.u.reset.final_size = b;
		quic_frame_put(&w, &f);
	} else {
		f.u.max.id = id;
		f.u.max.limit = a;
		quic_frame_put(&w, &f);
	}
	pair_inject(p, to, QUIC_CRYPTO_APP, conn->space[QUIC_SPACE_APP].rx_next + 100,
		    buf, w.p - buf);
}

/* STOP_SENDING without a packet: the run goes on, and no ACK of it may leave. */
static void stopped(u64 id, u64 code)
{
	struct quic_frame f = { .type = QUIC_FRAME_STOP_SENDING };

	f.u.reset.id = id;
	f.u.reset.code = code;
	quic_stream_on_stop(c, &f);
	pair_pump(p);
}

/* ---- who may ---- */

#define OK	0
#define STATE	QUIC_TRANSPORT_ERROR_STREAM_STATE
#define LIMIT	QUIC_TRANSPORT_ERROR_STREAM_LIMIT

/*
 * What a server answers to the first frame about a stream, by its type: client's
 * bidirectional, server's, client's unidirectional, server's. Those of the server
 * were opened, or not; those of the client can be, or are beyond the limit.
 */
static const struct {
	u64 frame;
	u64 opened[4];
	u64 not_opened[4];
} rights[] = {
	{ QUIC_FRAME_STREAM,		{ OK, OK, OK, STATE }, { LIMIT, STATE, LIMIT, STATE } },
	{ QUIC_FRAME_RESET_STREAM,	{ OK, OK, OK, STATE }, { LIMIT, STATE, LIMIT, STATE } },
	{ QUIC_FRAME_STREAM_DATA_BLOCKED, { OK, OK, OK, STATE }, { LIMIT, STATE, LIMIT, STATE } },
	{ QUIC_FRAME_STOP_SENDING,	{ OK, OK, STATE, OK }, { LIMIT, STATE, STATE, STATE } },
	{ QUIC_FRAME_MAX_STREAM_DATA,	{ OK, OK, STATE, OK }, { LIMIT, STATE, STATE, STATE } },
};

static void one_right(struct unit *t, enum pair_side to, u32 row, u32 type, bool beyond)
{
	u64 want = beyond ? rights[row].not_opened[type] : rights[row].opened[type];
	/* A client sees the same types with the roles exchanged. */
	u64 id = (to == PAIR_SERVER ? type : type ^ 1) | (beyond ? 4ULL << 2 : 0);
	struct quic_stream *st;
	struct quic_conn *conn;

	pair_defaults(&cfg);
	cfg.local[to].initial_max_streams_bidi = 4;
	cfg.local[to].initial_max_streams_uni = 4;
	ASSERT(t, start(t));
	conn = p->end[to].conn;
	EXPECT_EQ(t, quic_conn_stream_open(conn, false, &st), 0);
	EXPECT_EQ(t, quic_conn_stream_open(conn, true, &st), 0);
	inject(to, rights[row].frame, id, 0, 0, false);
	if (!EXPECT_EQ(t, conn->close.origin,
		       want ? QUIC_CLOSE_LOCAL : QUIC_CLOSE_NONE) ||
	    !EXPECT_EQ(t, conn->close.code, want))
		unit_log("# to %u, row %u, type %u, beyond %u", to, row, type, beyond);
	if (want) {
		EXPECT_EQ(t, conn->close.frame_type & ~7ULL, rights[row].frame & ~7ULL);
		EXPECT(t, *conn->close.reason);
	} else {
		EXPECT(t, quic_conn_stream_known(conn, id));
	}
	pair_free(p);
}

static void who_may(struct unit *t)
{
	u32 row, type;

	for (row = 0; row < ARRAY_SIZE(rights); row++) {
		for (type = 0; type < 4; type++) {
			one_right(t, PAIR_SERVER, row, type, false);
			one_right(t, PAIR_SERVER, row, type, true);
			one_right(t, PAIR_CLIENT, row, type, false);
			one_right(t, PAIR_CLIENT, row, type, true);
		}
	}
}

/* ---- sending halves ---- */

/* Stream 0 of the client, its sending half in a state; the other keeps it alive. */
static struct quic_stream *sender_in(struct unit *t, u8 state)
{
	struct quic_stream *st;

	pair_defaults(&cfg);
	if (!start(t) || quic_conn_stream_open(c, false, &st))
		return NULL;
	if (state != S(READY) && unit_append(c, st, 100))
		return NULL;
	if (state == S(SENT) || state == S(RECVD))
		quic_stream_finish(c, st);
	pair_pump(p);
	if (state == S(RESET_SENT) || state == S(RESET_RECVD)) {
		quic_stream_reset(c, st, 33);
		pair_pump(p);
	}
	if (state == S(RECVD) || state == S(RESET_RECVD))
		wait();
	return EXPECT_EQ(t, st->send_state, state) ? st : NULL;
}

enum send_deed { DO_WRITE, DO_FINISH, DO_ANNOUNCE, DO_RESET, STOPPED, CREDIT, SEND_DEEDS };

struct outcome {
	int rc;
	u8 state;
};

static const struct outcome send_outcomes[6][SEND_DEEDS] = {
	[S(READY)] = { [DO_WRITE] = { 0, S(SEND) }, [DO_FINISH] = { 0, S(SENT) },
		       [DO_ANNOUNCE] = { 0, S(SEND) }, [DO_RESET] = { 0, S(RESET_SENT) },
		       [STOPPED] = { 0, S(RESET_SENT) }, [CREDIT] = { 1, S(READY) } },
	[S(SEND)] = { [DO_WRITE] = { 0, S(SEND) }, [DO_FINISH] = { 0, S(SENT) },
		      [DO_ANNOUNCE] = { 0, S(SEND) }, [DO_RESET] = { 0, S(RESET_SENT) },
		      [STOPPED] = { 0, S(RESET_SENT) }, [CREDIT] = { 1, S(SEND) } },
	[S(SENT)] = { [DO_WRITE] = { -EPIPE, S(SENT) }, [DO_FINISH] = { -EPIPE, S(SENT) },
		      [DO_ANNOUNCE] = { -EPIPE, S(SENT) }, [DO_RESET] = { 0, S(RESET_SENT) },
		      [STOPPED] = { 0, S(RESET_SENT) }, [CREDIT] = { 0, S(SENT) } },
	[S(RECVD)] = { [DO_WRITE] = { -EPIPE, S(RECVD) }, [DO_FINISH] = { -EPIPE, S(RECVD) },
		       [DO_ANNOUNCE] = { -EPIPE, S(RECVD) }, [DO_RESET] = { -EINVAL, S(RECVD) },
		       [STOPPED] = { 0, S(RECVD) }, [CREDIT] = { 0, S(RECVD) } },
	[S(RESET_SENT)] = {
		[DO_WRITE] = { -EPIPE, S(RESET_SENT) }, [DO_FINISH] = { -EPIPE, S(RESET_SENT) },
		[DO_ANNOUNCE] = { -EPIPE, S(RESET_SENT) }, [DO_RESET] = { -EINVAL, S(RESET_SENT) },
		[STOPPED] = { 0, S(RESET_SENT) }, [CREDIT] = { 0, S(RESET_SENT) } },
	[S(RESET_RECVD)] = {
		[DO_WRITE] = { -EPIPE, S(RESET_RECVD) }, [DO_FINISH] = { -EPIPE, S(RESET_RECVD) },
		[DO_ANNOUNCE] = { -EPIPE, S(RESET_RECVD) },
		[DO_RESET] = { -EINVAL, S(RESET_RECVD) },
		[STOPPED] = { 0, S(RESET_RECVD) }, [CREDIT] = { 0, S(RESET_RECVD) } },
};

/* Return: of CREDIT, whether there is more; of others what the call says. */
static int send_do(struct quic_stream *st, enum send_deed deed)
{
	u64 limit = st->flow_tx.limit;

	switch (deed) {
	case DO_WRITE:
		return unit_append(c, st, 10);
	case DO_FINISH:
		return quic_stream_finish(c, st);
	case DO_ANNOUNCE:
		return quic_stream_announce(c, st);
	case DO_RESET:
		return quic_stream_reset(c, st, 44);
	case STOPPED:
		inject(PAIR_CLIENT, QUIC_FRAME_STOP_SENDING, st->id, 55, 0, false);
		return 0;
	default:
		inject(PAIR_CLIENT, QUIC_FRAME_MAX_STREAM_DATA, st->id, limit + 1000, 0, false);
		return st->flow_tx.limit > limit;
	}
}

/* Its code is that of who abandoned it first, its size what was sent. */
static void check_reset(struct unit *t, struct quic_stream *st, u8 before,
			enum send_deed deed)
{
	u64 code = before >= S(RESET_SENT) ? 33 : deed == DO_RESET ? 44 : 55;

	EXPECT_EQ(t, st->reset_code, code);
	EXPECT_EQ(t, st->reset_final, before == S(READY) ? 0 : 100);
	EXPECT_EQ(t, st->tx.end - st->tx.base, 0);
	EXPECT_EQ(t, quic_conn_tx_queued(c), 0);
	EXPECT(t, list_empty(&st->tx_node));
}

static void sending(struct unit *t)
{
	const struct outcome *want;
	struct quic_stream *st;
	u32 deed;
	u8 state;
	bool ok;

	for (state = S(READY); state <= S(RESET_RECVD); state++) {
		for (deed = 0; deed < SEND_DEEDS; deed++) {
			want = &send_outcomes[state][deed];
			st = sender_in(t, state);
			ASSERT(t, st);
			ok = EXPECT_EQ(t, (u32)send_do(st, deed), (u32)want->rc);
			pair_pump(p);
			ok &= EXPECT_EQ(t, st->send_state, want->state);
			if (!ok)
				unit_log("# state %u, deed %u", state, deed);
			EXPECT_EQ(t, st->stopped, deed == STOPPED);
			if (want->state >= S(RESET_SENT))
				check_reset(t, st, state, deed);
			EXPECT_EQ(t, c->close.origin, QUIC_CLOSE_NONE);
			unit_no_errors(t, p);
			pair_free(p);
		}
	}
}

/* What the peer hears when it asked us to stop: RESET_STREAM with its code, or all. */
static void stop_is_answered(struct unit *t)
{
	struct quic_stream *st, *peer;
	u64 code;
	u8 state;

	for (state = S(READY); state <= S(RECVD); state++) {
		st = sender_in(t, state);
		ASSERT(t, st);
		stopped(0, 77);
		wait();
		peer = quic_conn_stream_find(s, 0);
		ASSERT(t, peer);
		if (state == S(RECVD)) {	/* all is acknowledged: no answer */
			EXPECT_EQ(t, peer->recv_state, R(RECVD));
			EXPECT(t, !quic_stream_take_reset(s, peer, &code));
			EXPECT_EQ(t, st->reset_stream.said, 0);
		} else if (state == S(SENT)) {
			/* All of it had come: the reset changes nothing there. */
			EXPECT_EQ(t, peer->recv_state, R(RECVD));
			EXPECT_EQ(t, st->send_state, S(RESET_RECVD));
		} else {
			EXPECT(t, quic_stream_take_reset(s, peer, &code));
			EXPECT_EQ(t, code, 77);
			EXPECT_EQ(t, peer->rx.final_size, state == S(READY) ? 0 : 100);
			EXPECT_EQ(t, st->send_state, S(RESET_RECVD));
		}
		unit_no_errors(t, p);
		pair_free(p);
	}
}

/* ---- receiving halves ---- */

static void read_three(struct quic_stream *st)
{
	u32 i, len;

	for (i = 0; i < 3 && quic_stream_peek(st, &len); i++)
		quic_stream_consume(s, st, len);
}

/*
 * Stream 0 as the server has it. Bytes 0 to 10 of 30 are there in RECV, and 20 to
 * 30 with the FIN in SIZE_KNOWN, all in RECVD.
 */
static struct quic_stream *receiver_in(struct unit *t, u8 state)
{
	struct quic_stream *st;
	u64 code;

	pair_defaults(&cfg);
	if (!start(t))
		return NULL;
	inject(PAIR_SERVER, QUIC_FRAME_STREAM, 0, 0, 10, false);
	if (state > R(RECV) && state < R(RESET_RECVD))
		inject(PAIR_SERVER, QUIC_FRAME_STREAM, 0, 20, 10, true);
	if (state == R(RECVD) || state == R(READ))
		inject(PAIR_SERVER, QUIC_FRAME_STREAM, 0, 10, 10, false);
	if (state >= R(RESET_RECVD))
		inject(PAIR_SERVER, QUIC_FRAME_RESET_STREAM, 0, 66, 30, false);
	st = quic_conn_stream_find(s, 0);
	if (st && state == R(READ))
		read_three(st);
	if (st && state == R(RESET_READ))
		quic_stream_take_reset(s, st, &code);
	return st && EXPECT_EQ(t, st->recv_state, state) ? st : NULL;
}

#define SIZE	QUIC_TRANSPORT_ERROR_FINAL_SIZE
#define FLOW	QUIC_TRANSPORT_ERROR_FLOW_CONTROL

enum recv_deed {
	AGAIN,		/* bytes that were there before */
	REST,		/* all bytes, without FIN */
	REST_FIN,	/* all of them with it */
	SHORT_FIN,	/* FIN below bytes that came, or below the final size */
	LONG_FIN,	/* FIN above the final size */
	BEYOND,		/* a byte above the final size */
	WINDOW,		/* a byte above MAX_STREAM_DATA */
	RESET_30,	/* a reset that agrees about the size */
	RESET_31,	/* one that does not */
	RESET_9,	/* one below what came */
	BLOCKED,
	STOP,
	STOP_TWICE,
	TAKE_RESET,
	RECV_DEEDS
};

/* What the deed yields: an errno, or the code that the connection is closed with. */
struct recv_outcome {
	u16 error;
	u8 state;
};

#define ONE_OF_EACH(state)					\
	[AGAIN] = { OK, state }, [SHORT_FIN] = { SIZE, state },	\
	[WINDOW] = { FLOW, state }, [RESET_9] = { SIZE, state },	\
	[BLOCKED] = { OK, state }
/* once the final size is known */
#define SIZED(state)						\
	[AGAIN] = { OK, state }, [SHORT_FIN] = { SIZE, state },	\
	[LONG_FIN] = { SIZE, state }, [BEYOND] = { SIZE, state },	\
	[WINDOW] = { SIZE, state }, [RESET_31] = { SIZE, state },	\
	[RESET_9] = { SIZE, state }, [BLOCKED] = { OK, state }
/* and no more bytes are needed, or wanted */
#define ENDED(state)						\
	SIZED(state), [REST] = { OK, state }, [REST_FIN] = { OK, state },	\
	[RESET_30] = { OK, state }, [STOP] = { EINVAL, state },	\
	[STOP_TWICE] = { EINVAL, state }

static const struct recv_outcome recv_outcomes[6][RECV_DEEDS] = {
	[0] = { ONE_OF_EACH(R(RECV)), [REST] = { OK, R(RECV) }, [REST_FIN] = { OK, R(RECVD) },
		[LONG_FIN] = { OK, R(SIZE_KNOWN) }, [BEYOND] = { OK, R(RECV) },
		[RESET_30] = { OK, R(RESET_RECVD) }, [RESET_31] = { OK, R(RESET_RECVD) },
		[STOP] = { OK, R(RECV) }, [STOP_TWICE] = { EINVAL, R(RECV) },
		[TAKE_RESET] = { EINVAL, R(RECV) } },
	[1] = { SIZED(R(SIZE_KNOWN)), [REST] = { OK, R(RECVD) }, [REST_FIN] = { OK, R(RECVD) },
		[RESET_30] = { OK, R(RESET_RECVD) }, [STOP] = { OK, R(READ) },
		[STOP_TWICE] = { EINVAL, R(READ) }, [TAKE_RESET] = { EINVAL, R(SIZE_KNOWN) } },
	[2] = { ENDED(R(RECVD)), [TAKE_RESET] = { EINVAL, R(RECVD) } },
	[3] = { ENDED(R(READ)), [TAKE_RESET] = { EINVAL, R(READ) } },
	[4] = { ENDED(R(RESET_RECVD)), [TAKE_RESET] = { OK, R(RESET_READ) } },
	[5] = { ENDED(R(RESET_READ)), [TAKE_RESET] = { EINVAL, R(RESET_READ) } },
};

static int recv_do(struct quic_stream *st, enum recv_deed deed)
{
	u64 code;

	switch (deed) {
	case AGAIN:
		inject(PAIR_SERVER, QUIC_FRAME_STREAM, 0, 0, 10, false);
		break;
	case REST:
	case REST_FIN:
		inject(PAIR_SERVER, QUIC_FRAME_STREAM, 0, 0, 30, deed == REST_FIN);
		break;
	case SHORT_FIN:
		inject(PAIR_SERVER, QUIC_FRAME_STREAM, 0, 0, 9, true);
		break;
	case LONG_FIN:
		inject(PAIR_SERVER, QUIC_FRAME_STREAM, 0, 31, 0, true);
		break;
	case BEYOND:
		inject(PAIR_SERVER, QUIC_FRAME_STREAM, 0, 30, 1, false);
		break;
	case WINDOW:
		inject(PAIR_SERVER, QUIC_FRAME_STREAM, 0, st->flow_rx.max, 1, false);
		break;
	case RESET_30:
	case RESET_31:
	case RESET_9:
		inject(PAIR_SERVER, QUIC_FRAME_RESET_STREAM, 0, 66,
		       deed == RESET_9 ? 9 : deed == RESET_31 ? 31 : 30, false);
		break;
	case BLOCKED:
		inject(PAIR_SERVER, QUIC_FRAME_STREAM_DATA_BLOCKED, 0, 30, 0, false);
		break;
	case STOP_TWICE:
		quic_stream_stop(s, st, 1);
		return -quic_stream_stop(s, st, 2);
	case STOP:
		return -quic_stream_stop(s, st, 1);
	default:
		return quic_stream_take_reset(s, st, &code) && code == 66 ? 0 : EINVAL;
	}
	return s->close.code;
}

static void receiving(struct unit *t)
{
	const struct recv_outcome *want;
	struct quic_stream *st;
	u32 deed;
	u8 state;
	bool ok;

	for (state = R(RECV); state <= R(RESET_READ); state++) {
		for (deed = 0; deed < RECV_DEEDS; deed++) {
			want = &recv_outcomes[state - R(RECV)][deed];
			st = receiver_in(t, state);
			ASSERT(t, st);
			ok = EXPECT_EQ(t, recv_do(st, deed), want->error);
			ok &= EXPECT_EQ(t, st->recv_state, want->state);
			if (!ok)
				unit_log("# state %u, deed %u", state, deed);
			if (!s->close.origin)
				EXPECT_EQ(t, s->flow_rx.received, st->flow_rx.received);
			if (st->recv_state > R(RECVD))
				EXPECT_EQ(t, s->flow_rx.consumed, s->flow_rx.received);
			pair_free(p);
		}
	}
}

/* Bytes that a reset counts and that never came are credit all the same (4.5). */
static void reset_counts(struct unit *t)
{
	struct quic_stream *st = receiver_in(t, R(RECV));

	ASSERT(t, st);
	EXPECT_EQ(t, s->flow_rx.received, 10);
	inject(PAIR_SERVER, QUIC_FRAME_RESET_STREAM, 0, 1, 5000, false);
	EXPECT_EQ(t, s->flow_rx.received, 5000);
	EXPECT_EQ(t, s->flow_rx.consumed, 5000);
	EXPECT_EQ(t, s->streams.rx_queued, 0);
	pair_free(p);
	/* and are bounded by the window as bytes are (4.1) */
	st = receiver_in(t, R(RECV));
	ASSERT(t, st);
	inject(PAIR_SERVER, QUIC_FRAME_RESET_STREAM, 0, 1, st->flow_rx.max + 1, false);
	EXPECT_EQ(t, s->close.code, FLOW);
	pair_free(p);
}

/* A stream that we stopped is forgotten with its end, whichever way that comes. */
static void stopped_ends(struct unit *t)
{
	struct quic_stream *st;
	u32 how;

	for (how = 0; how < 2; how++) {
		pair_defaults(&cfg);
		ASSERT(t, start(t));
		inject(PAIR_SERVER, QUIC_FRAME_STREAM, 2, 0, 10, false);
		st = quic_conn_stream_find(s, 2);
		ASSERT(t, st);
		EXPECT_EQ(t, quic_stream_stop(s, st, 9), 0);
		EXPECT(t, !quic_conn_readable(s));
		inject(PAIR_SERVER, QUIC_FRAME_STREAM, 2, 20, 5, false);
		EXPECT_EQ(t, st->recv_state, R(RECV));
		EXPECT_EQ(t, s->streams.rx_queued, 0);
		EXPECT_EQ(t, s->flow_rx.consumed, 25);
		if (how)
			inject(PAIR_SERVER, QUIC_FRAME_RESET_STREAM, 2, 9, 30, false);
		else
			inject(PAIR_SERVER, QUIC_FRAME_STREAM, 2, 25, 5, true);
		EXPECT(t, !quic_conn_stream_find(s, 2));
		EXPECT_EQ(t, s->flow_rx.consumed, 30);
		/* What comes later is of a stream that has ended. */
		inject(PAIR_SERVER, QUIC_FRAME_STREAM, 2, 0, 10, false);
		EXPECT_EQ(t, s->close.origin, QUIC_CLOSE_NONE);
		pair_free(p);
	}
}

/* Open a stream of the client's, end it, and let it be forgotten. Return: its ID. */
static u64 ended(struct unit *t, bool stop)
{
	struct quic_stream *st;
	u64 id;

	if (!EXPECT_EQ(t, quic_conn_stream_open(c, true, &st), 0))
		return 0;
	id = st->id;
	if (stop)
		stopped(id, 3);
	else
		quic_stream_reset(c, st, 3);
	pair_pump(p);
	wait();
	EXPECT(t, !quic_conn_stream_find(c, id));
	return id;
}

/* Which streams the peer stopped is known when they are gone, of the last ones. */
static void stopped_are_known(struct unit *t)
{
	u64 id[QUIC_STOPPED_IDS + 3];
	u32 i;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].initial_max_streams_uni = 2 * QUIC_STOPPED_IDS;
	ASSERT(t, start(t));
	EXPECT(t, !quic_conn_stream_was_stopped(c, 2));		/* nor is there any */
	EXPECT(t, !quic_conn_stream_was_stopped(c, ended(t, false)));
	EXPECT(t, !quic_conn_stream_was_stopped(c, 0));
	for (i = 0; i < ARRAY_SIZE(id); i++) {
		id[i] = ended(t, true);
		EXPECT(t, quic_conn_stream_was_stopped(c, id[i]));
		EXPECT(t, !quic_conn_stream_was_stopped(c, id[i] + 4));
	}
	for (i = 0; i < ARRAY_SIZE(id); i++)
		EXPECT_EQ(t, quic_conn_stream_was_stopped(c, id[i]), i >= 3);
	pair_free(p);
}

/* ---- after RESET_STREAM ---- */

static struct {
	u64 id;
	bool gone;
	bool reset_seen;
	u32 before;
	u32 after;	/* STREAM frames of it */
} watch;

static void look(struct pair *pair, enum pair_side from, const struct pair_dgram *d)
{
	struct quic_error err = { };
	struct quic_frame f;
	struct quic_rcur cur;
	u32 i;

	for (i = 0; i < d->n && from == PAIR_CLIENT; i++) {
		if (d->pkt[i].level != QUIC_CRYPTO_APP)
			continue;
		cur = quic_rcur_init(d->pkt[i].data, d->pkt[i].len);
		while (quic_rcur_left(&cur) &&
		       !quic_frame_parse(&cur, QUIC_PKT_1RTT, &f, &err)) {
			if (f.type == QUIC_FRAME_RESET_STREAM && f.u.reset.id == watch.id)
				watch.reset_seen = true;
			if ((f.type & ~7ULL) != QUIC_FRAME_STREAM || f.u.stream.id != watch.id)
				continue;
			if (watch.gone)
				watch.after++;
			else
				watch.before++;
		}
	}
}

/* Nothing of a stream leaves after its reset: not what waits, not what is lost. */
static void silent_after_reset(struct unit *t)
{
	struct pair_flow *f, *other;
	struct quic_stream *st;
	u32 round;

	for (round = 0; round < 20; round++) {
		pair_defaults(&cfg);
		cfg.seed = round;
		cfg.link[0].loss = 200;
		cfg.link[0].rate = 1000000;
		cfg.link[0].queue = 50000;
		cfg.link[0].tap = look;
		memset(&watch, 0, sizeof(watch));
		ASSERT(t, start(t));
		p->end[PAIR_SERVER].reading = true;
		f = pair_flow(p, PAIR_CLIENT, 1 << 20);
		other = pair_flow(p, PAIR_CLIENT, 200000);
		pair_run(p, NULL, p->now + 50 * MS + unit_below(t, 100 * MS));
		watch.id = f->id;
		st = quic_conn_stream_find(c, f->id);
		ASSERT(t, st);
		EXPECT_GT(t, st->tx.next, st->tx.base);		/* some are in flight */
		EXPECT_GT(t, watch.before, 0);
		watch.gone = true;	/* from now on, not from the frame on */
		if (round & 1)
			quic_stream_reset(c, st, 1);
		else
			stopped(f->id, 1);
		f->finished = true;
		pair_pump(p);
		pair_run(p, pair_all_done, p->now + 20 * SEC);
		EXPECT_EQ(t, watch.after, 0);
		EXPECT(t, watch.reset_seen);
		EXPECT(t, f->reset && other->done);
		EXPECT_EQ(t, other->received, 200000);
		unit_no_errors(t, p);
		pair_free(p);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(who_may),
	UNIT_CASE(sending),
	UNIT_CASE(stop_is_answered),
	UNIT_CASE(receiving),
	UNIT_CASE(reset_counts),
	UNIT_CASE(stopped_ends),
	UNIT_CASE(stopped_are_known),
	UNIT_CASE(silent_after_reset),
};

UNIT_SUITE(stream_state, cases);
