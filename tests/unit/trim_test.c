// SPDX-License-Identifier: GPL-2.0
/*
 * What a connection gives back when it is at rest: all that only moving data needs, and
 * not while it may be needed; it moves data again afterwards.
 */
#include "unit_pair.h"
#include "../../kmod/core/trim.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC

static struct pair_cfg cfg;
static struct pair *p;

/* Data each way over a link that loses and reorders. */
static bool moved(struct unit *t, u64 bytes)
{
	u32 i;

	for (i = 0; i < 4; i++)
		pair_flow(p, i % 2 ? PAIR_CLIENT : PAIR_SERVER, bytes);
	return EXPECT(t, pair_run(p, pair_all_done, p->now + 300 * SEC));
}

static void start(struct unit *t)
{
	u32 i;

	pair_defaults(&cfg);
	for (i = 0; i < 2; i++) {
		cfg.link[i].loss = 20;
		cfg.link[i].reorder = 100;
		cfg.link[i].reorder_delay = 20 * MS;
	}
	p = unit_connected(t, &cfg);
}

static void finish(struct unit *t)
{
	unit_no_errors(t, p);
	pair_free(p);
}

/* Nothing but the connection itself is left, and what was left again. */
static void at_rest(struct unit *t)
{
	const struct quic_conn *conn;
	u32 round, i;

	start(t);
	for (round = 0; round < 3; round++) {
		if (!moved(t, 300000))
			break;
		for (i = 0; i < 2; i++) {
			conn = p->end[i].conn;
			EXPECT(t, conn->space[QUIC_SPACE_APP].sent.ring);
			EXPECT(t, conn->streams.recent);
			EXPECT_NE(t, conn->trim_deadline, QUIC_TIME_NEVER);
		}
		EXPECT_GT(t, shim_host_bytes(), 2 * sizeof(*conn));
		pair_run(p, NULL, p->now + 5 * SEC);
		for (i = 0; i < 2; i++) {
			conn = p->end[i].conn;
			EXPECT_EQ(t, conn->streams.n_open, 0);
			EXPECT_EQ(t, conn->trim_deadline, QUIC_TIME_NEVER);
		}
		EXPECT_EQ(t, shim_host_bytes(), 2 * sizeof(*conn));
	}
	finish(t);
}

/* A few bytes now and then: what they need stays, nothing is allocated over and over. */
static void now_and_then(struct unit *t)
{
	const struct quic_sent *sent;
	struct quic_sent_pkt *ring;
	struct quic_stream *s;
	u32 i;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	sent = &p->end[PAIR_CLIENT].conn->space[QUIC_SPACE_APP].sent;
	ASSERT_EQ(t, quic_conn_stream_open(p->end[PAIR_CLIENT].conn, false, &s), 0);
	p->end[PAIR_SERVER].reading = false;
	for (i = 0, ring = NULL; i < 50; i++) {
		EXPECT_EQ(t, unit_append(p->end[PAIR_CLIENT].conn, s, 10), 0);
		pair_pump(p);
		pair_run(p, NULL, p->now + 300 * MS);
		EXPECT(t, sent->ring && (!ring || sent->ring == ring));
		ring = sent->ring;
	}
	pair_run(p, NULL, p->now + 5 * SEC);
	EXPECT(t, !sent->ring);
	EXPECT(t, quic_conn_stream_find(p->end[PAIR_CLIENT].conn, s->id) == s);
	finish(t);
}

/* What is in flight while nothing passes stays, and arrives. */
static void in_flight(struct unit *t)
{
	const struct quic_conn *c;

	start(t);
	c = p->end[PAIR_CLIENT].conn;
	p->cfg.link[PAIR_CLIENT].loss = 1000;
	p->cfg.link[PAIR_SERVER].loss = 1000;
	pair_flow(p, PAIR_CLIENT, 100000);
	pair_run(p, NULL, p->now + 8 * SEC);
	EXPECT(t, c->space[QUIC_SPACE_APP].sent.ring);
	EXPECT_GT(t, c->space[QUIC_SPACE_APP].sent.n_eliciting, 0);
	p->cfg.link[PAIR_CLIENT].loss = 0;
	p->cfg.link[PAIR_SERVER].loss = 0;
	EXPECT(t, pair_run(p, pair_all_done, p->now + 60 * SEC));
	finish(t);
}

static const struct unit_case cases[] = {
	UNIT_CASE(at_rest),
	UNIT_CASE(now_and_then),
	UNIT_CASE(in_flight),
};

UNIT_SUITE(trim, cases);
