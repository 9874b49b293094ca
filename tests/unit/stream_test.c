// SPDX-License-Identifier: GPL-2.0
/* Streams as the application sees them (RFC 9000 2 and 3). */
#include "unit.h"
#include "../shim/pair.h"

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

static int append(struct quic_conn *conn, struct quic_stream *st, u32 len)
{
	struct quic_txbuf *buf = shim_txbuf_new(len);
	bool merged;
	int err;

	memset(buf->data, 'x', len);
	buf->held = len;
	err = quic_stream_append(conn, st, buf->data, len, buf, &merged);
	if (err) {
		buf->held = 0;
		quic_host_txbuf_put(conn, buf, 0);
	}
	return err;
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
	EXPECT_EQ(t, append(c, a, 3000), 0);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_EQ(t, a->send_state, QUIC_STREAM_SEND_STATE_SEND);
	b = quic_conn_stream_find(s, a->id);
	ASSERT(t, b);
	EXPECT(t, !b->has_tx && b->has_rx);
	EXPECT_EQ(t, b->recv_state, QUIC_STREAM_RECV_STATE_RECV);
	EXPECT_EQ(t, read_all(s, b, &end), 3000);
	EXPECT(t, !end);
	EXPECT(t, !quic_conn_readable(s));
	EXPECT_EQ(t, append(c, a, 100), 0);
	EXPECT_EQ(t, quic_stream_finish(c, a), 0);
	EXPECT(t, !quic_stream_writable(a));
	EXPECT_EQ(t, append(c, a, 1), -EPIPE);
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
	append(c, a, 10);
	quic_stream_finish(c, a);
	pair_run(p, NULL, p->now + 100 * MS);
	b = quic_conn_stream_find(s, 0);
	ASSERT(t, b);
	read_all(s, b, &end);
	EXPECT(t, end);
	EXPECT_EQ(t, s->streams.n_open, 1);
	EXPECT_EQ(t, append(s, b, 20), 0);
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
	EXPECT_EQ(t, append(c, uni, 1), -EPIPE);
	pair_run(p, NULL, p->now + 100 * MS);
	st = quic_conn_stream_find(s, 2);
	ASSERT(t, st);
	EXPECT_EQ(t, append(s, st, 1), -EPIPE);			/* cannot send */
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

static const struct unit_case cases[] = {
	UNIT_CASE(ids),
	UNIT_CASE(limit),
	UNIT_CASE(life),
	UNIT_CASE(halves),
	UNIT_CASE(wrong_calls),
	UNIT_CASE(fair),
	UNIT_CASE(opens_lower_ones),
};
UNIT_SUITE(stream, cases);
