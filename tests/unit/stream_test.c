// SPDX-License-Identifier: GPL-2.0
/*
 * Streams as the application sees them (RFC 9000 2 and 3): opening, limits, both
 * halves' lives, wrong calls, fairness, announcements that get lost.
 */
#include "unit_pair.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC

static struct pair_cfg cfg;
static struct pair *p;
static struct quic_conn *c, *s;

static bool start(struct unit *t)
{
	p = pair_new(&cfg);
	if (!EXPECT(t, pair_run(p, pair_confirmed, p->now + 5 * SEC)))
		return false;
	pair_run(p, NULL, p->now + SEC);
	c = p->end[PAIR_CLIENT].conn;
	s = p->end[PAIR_SERVER].conn;
	/* The tests read and write themselves. */
	p->end[PAIR_CLIENT].reading = false;
	p->end[PAIR_SERVER].reading = false;
	return true;
}

static u32 read_all(struct quic_conn *conn, struct quic_stream *st, bool *end)
{
	u32 len, sum = 0;

	*end = false;
	while (!*end && quic_stream_peek(st, &len)) {
		sum += len;
		*end = quic_stream_consume(conn, st, len);
	}
	return sum;
}

static void ids(struct unit *t)
{
	struct quic_stream *st;
	u32 i;

	pair_defaults(&cfg);
	ASSERT(t, start(t));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(t, quic_conn_stream_open(c, false, &st), 0);
		EXPECT_EQ(t, st->id, 4 * i);
		EXPECT_EQ(t, quic_conn_stream_open(s, false, &st), 0);
		EXPECT_EQ(t, st->id, 4 * i + 1);
		EXPECT_EQ(t, quic_conn_stream_open(c, true, &st), 0);
		EXPECT_EQ(t, st->id, 4 * i + 2);
		EXPECT_EQ(t, quic_conn_stream_open(s, true, &st), 0);
		EXPECT_EQ(t, st->id, 4 * i + 3);
	}
	EXPECT(t, quic_conn_stream_find(c, 8) && !quic_conn_stream_find(c, 12));
	EXPECT(t, quic_conn_stream_known(c, 8) && !quic_conn_stream_known(c, 12));
	EXPECT(t, !quic_conn_stream_known(c, 1));
	pair_free(p);
}

static void limit(struct unit *t)
{
	struct quic_stream *st;
	u32 i;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].initial_max_streams_uni = 2;
	ASSERT(t, start(t));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(t, quic_conn_stream_open(c, true, &st), 0);
	EXPECT_EQ(t, quic_conn_stream_open(c, true, &st), -EAGAIN);
	EXPECT_EQ(t, quic_conn_stream_open(c, false, &st), 0);
	/* One ends: one more may be opened, and writers are told. */
	st = quic_conn_stream_find(c, 2);
	EXPECT_EQ(t, quic_stream_finish(c, st), 0);
	pair_run(p, NULL, p->now + 100 * MS);
	st = quic_conn_stream_find(s, 2);
	ASSERT(t, st);
	EXPECT(t, quic_conn_readable(s) == st);
	EXPECT(t, quic_stream_consume(s, st, 0));
	p->end[PAIR_CLIENT].want = 0;
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT(t, p->end[PAIR_CLIENT].want & QUIC_WANT_WRITABLE);
	EXPECT_EQ(t, quic_conn_stream_open(c, true, &st), 0);
	EXPECT_EQ(t, st->id, 10);
	EXPECT(t, quic_conn_stream_known(c, 2) && !quic_conn_stream_find(c, 2));
	pair_free(p);
}

/* READY, SEND, SENT, RECVD; RECV, SIZE_KNOWN, RECVD, READ. */
static void life(struct unit *t)
{
	struct quic_stream *a, *b;
	bool end;

	pair_defaults(&cfg);
	ASSERT(t, start(t));
	EXPECT_EQ(t, quic_conn_stream_open(c, true, &a), 0);
	EXPECT_EQ(t, a->send_state, QUIC_STREAM_SEND_STATE_READY);
	EXPECT(t, a->has_tx && !a->has_rx);
	EXPECT_EQ(t, unit_append(c, a, 3000), 0);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_EQ(t, a->send_state, QUIC_STREAM_SEND_STATE_SEND);
	b = quic_conn_stream_find(s, a->id);
	ASSERT(t, b);
	EXPECT(t, !b->has_tx && b->has_rx);
	EXPECT_EQ(t, b->recv_state, QUIC_STREAM_RECV_STATE_RECV);
	EXPECT_EQ(t, read_all(s, b, &end), 3000);
	EXPECT(t, !end);
	EXPECT(t, !quic_conn_readable(s));
	EXPECT_EQ(t, unit_append(c, a, 100), 0);
	EXPECT_EQ(t, quic_stream_finish(c, a), 0);
	EXPECT(t, !quic_stream_writable(a));
	EXPECT_EQ(t, unit_append(c, a, 1), -EPIPE);
	EXPECT_EQ(t, quic_stream_finish(c, a), -EPIPE);
	pair_run(p, NULL, p->now + 15 * MS);
	EXPECT_EQ(t, b->recv_state, QUIC_STREAM_RECV_STATE_RECVD);
	EXPECT_EQ(t, a->send_state, QUIC_STREAM_SEND_STATE_SENT);
	EXPECT_EQ(t, read_all(s, b, &end), 100);
	EXPECT(t, end);
	EXPECT_EQ(t, s->streams.n_open, 0);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_EQ(t, c->streams.n_open, 0);
	EXPECT_EQ(t, quic_conn_tx_queued(c), 0);
	pair_free(p);
}

/* Both halves of a bidirectional stream end on their own. */
static void halves(struct unit *t)
{
	struct quic_stream *a, *b;
	bool end;

	pair_defaults(&cfg);
	ASSERT(t, start(t));
	quic_conn_stream_open(c, false, &a);
	unit_append(c, a, 10);
	quic_stream_finish(c, a);
	pair_run(p, NULL, p->now + 100 * MS);
	b = quic_conn_stream_find(s, 0);
	ASSERT(t, b);
	read_all(s, b, &end);
	EXPECT(t, end);
	EXPECT_EQ(t, s->streams.n_open, 1);
	EXPECT_EQ(t, unit_append(s, b, 20), 0);
	quic_stream_finish(s, b);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_EQ(t, s->streams.n_open, 0);
	EXPECT_EQ(t, read_all(c, a, &end), 20);
	EXPECT(t, end);
	EXPECT_EQ(t, c->streams.n_open, 0);
	pair_free(p);
}

static void wrong_calls(struct unit *t)
{
	struct quic_stream *uni, *st;
	u64 code;

	pair_defaults(&cfg);
	ASSERT(t, start(t));
	quic_conn_stream_open(c, true, &uni);
	EXPECT_EQ(t, quic_stream_stop(c, uni, 1), -EINVAL);	/* cannot receive */
	EXPECT_EQ(t, quic_stream_reset(c, uni, 1), 0);
	EXPECT_EQ(t, quic_stream_reset(c, uni, 1), -EINVAL);	/* twice */
	EXPECT_EQ(t, unit_append(c, uni, 1), -EPIPE);
	pair_run(p, NULL, p->now + 100 * MS);
	st = quic_conn_stream_find(s, 2);
	ASSERT(t, st);
	EXPECT_EQ(t, unit_append(s, st, 1), -EPIPE);			/* cannot send */
	EXPECT_EQ(t, quic_stream_reset(s, st, 1), -EINVAL);
	EXPECT(t, quic_stream_take_reset(s, st, &code));
	EXPECT_EQ(t, code, 1);
	EXPECT_EQ(t, s->streams.n_open, 0);
	quic_conn_close(c, true, 0, "", p->now);
	EXPECT_EQ(t, quic_conn_stream_open(c, false, &st), -EPIPE);
	pair_free(p);
}

/* Ten streams with data: each gets its turn. */
static void fair(struct unit *t)
{
	struct quic_stream *st;
	u64 least = U64_MAX, most = 0;
	u32 i;

	pair_defaults(&cfg);
	cfg.link[0].rate = 1000000;
	cfg.link[0].queue = 100000;
	p = pair_new(&cfg);
	ASSERT(t, pair_run(p, pair_confirmed, p->now + 5 * SEC));
	cfg.tx_max = 100 << 20;
	p->cfg.tx_max = 100 << 20;
	for (i = 0; i < 10; i++)
		pair_flow(p, PAIR_CLIENT, 1 << 20);
	pair_run(p, NULL, p->now + 2 * SEC);
	for (i = 0; i < 10; i++) {
		st = quic_conn_stream_find(p->end[PAIR_CLIENT].conn, 4 * i);
		ASSERT(t, st);
		least = min(least, st->tx.next);
		most = max(most, st->tx.next);
	}
	EXPECT_GT(t, least, 100000);
	EXPECT_LE(t, most - least, 20000);
	EXPECT_EQ(t, p->errors, 0);
	pair_free(p);
}

/* The peer's stream 5 opens 0 to 4 as well (RFC 9000 3.2). */
static void opens_lower_ones(struct unit *t)
{
	static const u8 frame[] = { 0x08, 20, 'x' };
	u32 i;

	pair_defaults(&cfg);
	ASSERT(t, start(t));
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, 1000, frame, sizeof(frame));
	EXPECT_EQ(t, s->streams.n_open, 6);
	for (i = 0; i <= 5; i++)
		EXPECT(t, quic_conn_stream_find(s, 4 * i));
	EXPECT(t, !quic_conn_stream_find(s, 24));
	pair_free(p);
}

/* ---- a stream without bytes ---- */

static bool drop_of_client(struct pair *pair, enum pair_side from, u64 n)
{
	return from == PAIR_CLIENT;
}

/* The peer hears of a stream on which nothing was written, and writes first. */
static void announce(struct unit *t)
{
	struct quic_stream *a, *b;
	bool end;

	pair_defaults(&cfg);
	ASSERT(t, start(t));
	quic_conn_stream_open(c, false, &a);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT(t, !quic_conn_stream_find(s, 0));
	p->end[PAIR_SERVER].want = 0;
	EXPECT_EQ(t, quic_stream_announce(c, a), 0);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_EQ(t, a->send_state, QUIC_STREAM_SEND_STATE_SEND);
	EXPECT_EQ(t, c->space[QUIC_SPACE_APP].sent.n_eliciting, 0);
	EXPECT_EQ(t, c->streams.sched.n, 0);
	b = quic_conn_stream_find(s, 0);
	ASSERT(t, b);
	EXPECT(t, p->end[PAIR_SERVER].want & QUIC_WANT_WRITABLE);
	EXPECT(t, !quic_conn_readable(s));
	EXPECT_EQ(t, unit_append(s, b, 30), 0);
	quic_stream_finish(s, b);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_EQ(t, read_all(c, a, &end), 30);
	EXPECT(t, end);
	/* what follows begins at offset 0 */
	EXPECT_EQ(t, unit_append(c, a, 40), 0);
	quic_stream_finish(c, a);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_EQ(t, read_all(s, b, &end), 40);
	EXPECT(t, end);
	EXPECT_EQ(t, c->streams.n_open + s->streams.n_open, 0);
	pair_free(p);
}

static void announce_is_lost(struct unit *t)
{
	struct quic_stream *a;

	pair_defaults(&cfg);
	ASSERT(t, start(t));
	quic_conn_stream_open(c, false, &a);
	quic_stream_announce(c, a);
	p->cfg.link[PAIR_CLIENT].drop = drop_of_client;
	pair_pump(p);
	EXPECT(t, !a->tx.announce);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT(t, !quic_conn_stream_find(s, 0));
	p->cfg.link[PAIR_CLIENT].drop = NULL;
	pair_run(p, NULL, p->now + 2 * SEC);
	EXPECT(t, quic_conn_stream_find(s, 0));
	EXPECT(t, !a->tx.announce);
	EXPECT_EQ(t, c->streams.sched.n, 0);
	/* once is enough */
	a->tx.announce = false;
	quic_stream_announce(c, a);
	EXPECT(t, !a->tx.announce);
	pair_free(p);
}

/* Bytes and FIN written before it left are announcement enough. */
static void announce_with_bytes(struct unit *t)
{
	struct quic_stream *a, *b;
	u64 before;
	bool end;

	pair_defaults(&cfg);
	ASSERT(t, start(t));
	quic_conn_stream_open(c, false, &a);
	quic_stream_announce(c, a);
	EXPECT_EQ(t, unit_append(c, a, 10), 0);
	quic_stream_finish(c, a);
	before = p->end[PAIR_CLIENT].sent;
	pair_pump(p);
	EXPECT_EQ(t, p->end[PAIR_CLIENT].sent, before + 1);
	EXPECT_EQ(t, quic_stream_announce(c, a), -EPIPE);
	pair_run(p, NULL, p->now + 100 * MS);
	b = quic_conn_stream_find(s, 0);
	ASSERT(t, b);
	EXPECT_EQ(t, read_all(s, b, &end), 10);
	EXPECT(t, end);
	pair_free(p);
}

/* One stream and never another: MAX_STREAMS does not leave. */
static void fixed_number(struct unit *t)
{
	struct quic_stream *a, *b;
	bool end;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].initial_max_streams_bidi = 1;
	ASSERT(t, start(t));
	quic_conn_fix_streams(s);
	quic_conn_stream_open(c, false, &a);
	unit_append(c, a, 10);
	quic_stream_finish(c, a);
	pair_run(p, NULL, p->now + 100 * MS);
	b = quic_conn_stream_find(s, 0);
	ASSERT(t, b);
	read_all(s, b, &end);
	quic_stream_finish(s, b);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT(t, quic_stream_consume(c, a, 0));
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_EQ(t, c->streams.n_open + s->streams.n_open, 0);
	EXPECT_EQ(t, c->streams.max_local[0], 1);
	EXPECT_EQ(t, quic_conn_stream_open(c, false, &a), -EAGAIN);
	pair_free(p);
}

/* A reader that waits for more than there is hears of all that comes. */
static void readable_each_time(struct unit *t)
{
	struct quic_stream *a;
	struct pair_end *e;

	pair_defaults(&cfg);
	ASSERT(t, start(t));
	e = &p->end[PAIR_SERVER];
	quic_conn_stream_open(c, false, &a);
	unit_append(c, a, 10);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT(t, e->want & QUIC_WANT_READABLE);
	e->want = 0;
	unit_append(c, a, 10);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT(t, e->want & QUIC_WANT_READABLE);
	e->want = 0;
	quic_stream_finish(c, a);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT(t, e->want & QUIC_WANT_READABLE);
	EXPECT(t, quic_stream_end_received(quic_conn_stream_find(s, 0)));
	pair_free(p);
}

/* A frame of the client's unidirectional stream 2, with @len bytes at @off. */
static void inject_data(u32 off, u32 len, bool fin)
{
	u8 frame[512] = { 0x0e | fin, 2, 0x40 | off >> 8, off, 0x40 | len >> 8, len };
	u32 i;

	for (i = 0; i < len; i++)
		frame[6 + i] = off + i;
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, s->space[QUIC_SPACE_APP].rx_next, frame,
		    6 + len);
}

/* Take what quic_stream_peek_any() gives. Return: as quic_stream_consume_at(). */
static int take(struct unit *t, struct quic_stream *st, u64 want_off, u32 want_len)
{
	const u8 *bytes;
	u64 off = 0;
	u32 len = 0;

	bytes = quic_stream_peek_any(st, 0, &off, &len);
	EXPECT(t, bytes && *bytes == (u8)off);
	EXPECT_EQ(t, off, want_off);
	EXPECT_EQ(t, len, want_len);
	return quic_stream_consume_at(s, st, off, len);
}

/*
 * RFC 9000 2.2: what is behind a gap is there for who asks. It counts as read, for both
 * windows, once; whoever reads in order goes on after it, to the end.
 */
static void out_of_order(struct unit *t)
{
	struct quic_stream *st;
	u64 before, off;
	u32 len;
	bool end;

	pair_defaults(&cfg);
	ASSERT(t, start(t));
	before = s->flow_rx.consumed;
	inject_data(100, 300, false);
	st = quic_conn_stream_find(s, 2);
	ASSERT(t, st);
	EXPECT_EQ(t, take(t, st, 100, 300), 0);
	EXPECT(t, !quic_stream_peek_any(st, 0, &off, &len));
	EXPECT(t, !quic_stream_peek(st, &len));
	EXPECT_EQ(t, st->flow_rx.consumed, 300);
	EXPECT_EQ(t, s->flow_rx.consumed, before + 300);
	inject_data(90, 310, false);		/* ten of these are new */
	EXPECT_EQ(t, take(t, st, 90, 10), 0);
	EXPECT_EQ(t, quic_stream_consume_at(s, st, 90, 10), -EINVAL);
	inject_data(400, 300, false);
	inject_data(0, 90, false);
	EXPECT_EQ(t, s->streams.rx_queued, 390);
	EXPECT_EQ(t, read_all(s, st, &end), 390);
	EXPECT(t, !end);
	EXPECT_EQ(t, st->rx.read, 700);
	EXPECT_EQ(t, s->streams.rx_queued, 0);
	/* the last bytes are taken first: the end comes with those before them */
	inject_data(720, 30, true);
	EXPECT_EQ(t, take(t, st, 720, 30), 0);
	inject_data(700, 20, false);
	EXPECT_EQ(t, take(t, st, 700, 20), 1);
	EXPECT(t, !quic_conn_stream_find(s, 2));
	EXPECT_EQ(t, s->flow_rx.consumed, before + 750);
	pair_free(p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(ids),
	UNIT_CASE(limit),
	UNIT_CASE(life),
	UNIT_CASE(halves),
	UNIT_CASE(wrong_calls),
	UNIT_CASE(fair),
	UNIT_CASE(opens_lower_ones),
	UNIT_CASE(announce),
	UNIT_CASE(announce_is_lost),
	UNIT_CASE(announce_with_bytes),
	UNIT_CASE(fixed_number),
	UNIT_CASE(readable_each_time),
	UNIT_CASE(out_of_order),
};

UNIT_SUITE(stream, cases);
