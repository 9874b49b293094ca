// SPDX-License-Identifier: GPL-2.0
/*
 * Whose turn it is to send (RFC 9218 4, 10): the schedule by itself against a model
 * that looks at every stream, and through the core on a link that is too slow.
 */
#include "unit_pair.h"
#include "../../kmod/core/stream.h"
#include "../../kmod/core/stream_sched.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC
#define MANY	10000
#define FULL	1456	/* bytes of a packet */
#define DATA	1400	/* new ones in it */

/* ---- the schedule alone ---- */

static struct quic_sched q;
static struct quic_stream few[64];

static void fill(void)
{
	u32 i;

	quic_sched_free(&q);
	quic_sched_init(&q);
	memset(few, 0, sizeof(few));
	for (i = 0; i < ARRAY_SIZE(few); i++) {
		few[i].id = 4 * i;
		few[i].urgency = QUIC_URGENCY_DEFAULT;
		INIT_LIST_HEAD(&few[i].tx_node);
	}
}

static void put(u32 i, u8 urgency, bool incremental)
{
	few[i].urgency = urgency;
	few[i].incremental = incremental;
	quic_sched_put(&q, &few[i], incremental ? QUIC_SCHED_TURNS : QUIC_SCHED_ORDERED);
}

/* The index of the stream that is next, and it sends a packet. */
static u64 next(bool credit)
{
	struct quic_stream *s = quic_sched_pick(&q, credit);

	if (!s)
		return U64_MAX;
	quic_sched_turn(&q, s, s->tx_place == QUIC_SCHED_AGAIN ? 0 : DATA);
	return s->id / 4;
}

/* @n packets are sent, all of stream @i. */
static bool goes_on(u32 i, u32 n)
{
	while (n && next(true) == i)
		n--;
	return !n;
}

static void urgency_first(struct unit *t)
{
	u32 i;

	fill();
	EXPECT(t, !quic_sched_pick(&q, true));
	ASSERT_EQ(t, quic_sched_reserve(&q, 0), 0);
	for (i = 0; i < 8; i++)
		put(i, 7 - i, i & 1);
	for (i = 8; i--;) {
		EXPECT_EQ(t, next(true), i);
		EXPECT_EQ(t, next(true), i);
		EXPECT_EQ(t, q.n, i + 1);
		quic_sched_put(&q, &few[i], QUIC_SCHED_NONE);
	}
	EXPECT(t, !q.again && !q.fresh && !q.n);
	quic_sched_free(&q);
}

static void in_order_of_ids(struct unit *t)
{
	static const u8 order[] = { 5, 2, 9, 1, 7 };
	u32 i;

	fill();
	for (i = 0; i < ARRAY_SIZE(order); i++)
		put(order[i], 3, false);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(t, next(true), 1);
	put(0, 3, false);		/* it comes later and goes before */
	EXPECT_EQ(t, next(true), 0);
	quic_sched_put(&q, &few[0], QUIC_SCHED_NONE);
	quic_sched_put(&q, &few[1], QUIC_SCHED_NONE);
	EXPECT_EQ(t, next(true), 2);
}

static void round_robin(struct unit *t)
{
	u32 i;

	fill();
	for (i = 0; i < 5; i++)
		put(i, 3, true);
	for (i = 0; i < 15; i++)
		EXPECT_EQ(t, next(true), i % 5);
	/* to be put where it is does not cost it its turn */
	quic_sched_put(&q, &few[0], QUIC_SCHED_TURNS);
	EXPECT_EQ(t, next(true), 0);
}

/* A long train is divided by those that wait, a short one is not. */
static void shares_of_a_train(struct unit *t)
{
	u32 i, n;

	for (n = 2; n < 12; n++) {
		fill();
		for (i = 0; i < n; i++)
			put(i, 3, true);
		quic_sched_train(&q, 45, FULL);
		for (i = 0; i < 3 * n; i++)
			EXPECT(t, goes_on(i % n, 45 / n));
		/* as soon as a round begins */
		EXPECT_EQ(t, next(true), 0);
		quic_sched_train(&q, 15, FULL);
		EXPECT(t, goes_on(0, 45 / n - 1));
		for (i = 1; i < n; i++)
			EXPECT(t, goes_on(i, 45 / n));
		for (i = 0; i < 3 * n; i++)
			EXPECT_EQ(t, next(true), i % n);
	}
	/* more than there are packets */
	fill();
	for (i = 0; i < 46; i++)
		put(i, 3, true);
	quic_sched_train(&q, 45, FULL);
	for (i = 0; i < 3 * 46; i++)
		EXPECT_EQ(t, next(true), i % 46);
}

/* Who stops and goes on, or begins, has no turn more than the others. */
static void comes_behind(struct unit *t)
{
	u32 i;

	fill();
	for (i = 0; i < 4; i++)
		put(i, 3, true);
	quic_sched_train(&q, 20, FULL);
	EXPECT(t, goes_on(0, 5));
	EXPECT(t, goes_on(1, 2));
	put(4, 3, true);
	quic_sched_put(&q, &few[0], QUIC_SCHED_NONE);
	put(0, 3, true);
	EXPECT(t, goes_on(1, 3));
	quic_sched_put(&q, &few[2], QUIC_SCHED_NONE);
	EXPECT(t, goes_on(3, 5));
	EXPECT(t, goes_on(4, 4));	/* now there are four again: the next round */
	quic_sched_put(&q, &few[4], QUIC_SCHED_NONE);
	put(4, 3, true);
	EXPECT(t, goes_on(0, 5));
	EXPECT(t, goes_on(1, 5));
	EXPECT(t, goes_on(3, 5));
	EXPECT(t, goes_on(4, 5));
	/* alone it has none, and none to catch up with */
	quic_sched_put(&q, &few[0], QUIC_SCHED_NONE);
	quic_sched_put(&q, &few[1], QUIC_SCHED_NONE);
	quic_sched_put(&q, &few[3], QUIC_SCHED_NONE);
	EXPECT(t, goes_on(4, 99));
	put(0, 3, true);
	EXPECT(t, goes_on(4, 5));
	EXPECT(t, goes_on(0, 5));
}

/* Packets of the one of @n streams that sent most, beyond those of the one that sent least. */
static u32 apart(const u32 *sent, u32 n)
{
	u32 least = U32_MAX, most = 0, i;

	for (i = 0; i < n; i++) {
		least = min(least, sent[i]);
		most = max(most, sent[i]);
	}
	return most - least;
}

/* Whatever trains there are, nobody is more than one turn ahead, and none adds to another. */
static void fair_in_the_end(struct unit *t)
{
	u32 n = 2 + unit_below(t, 9), sent[12] = { 0 }, i, round, pkts, each, longest = 0;

	fill();
	for (i = 0; i < n; i++)
		put(i, 3, true);
	for (round = 0; round < UNIT_ROUNDS(20000); round++) {
		pkts = unit_below(t, 64);
		quic_sched_train(&q, pkts, FULL);
		while (pkts--) {
			sent[next(true)]++;
			each = 1 + q.usual.most / FULL;
			longest = max(longest, each);
			ASSERT_LE(t, apart(sent, n), each);
		}
	}
	EXPECT_GT(t, longest, 4);
}

/* Neither kind starves the other. */
static void both_kinds(struct unit *t)
{
	u32 i, turns[4] = { 0 };

	fill();
	put(0, 3, false);
	put(1, 3, false);
	put(2, 3, true);
	put(3, 3, true);
	for (i = 0; i < 100; i++)
		turns[next(true)]++;
	EXPECT_EQ(t, turns[0], 50);
	EXPECT_EQ(t, turns[1], 0);
	EXPECT_EQ(t, turns[2], 25);
	EXPECT_EQ(t, turns[3], 25);
	/* nor does it in long trains, in which the turns of those that share are longer */
	quic_sched_train(&q, 40, FULL);
	for (i = 0; i < 160; i++)
		turns[next(true)]++;
	EXPECT_EQ(t, turns[0], 50 + 80);
	EXPECT_EQ(t, turns[2], 25 + 40);
	EXPECT_EQ(t, turns[3], 25 + 40);
}

/* What takes no credit goes first at its level, and alone when there is none. */
static void again_and_credit(struct unit *t)
{
	fill();
	put(0, 3, false);
	put(1, 3, true);
	EXPECT(t, !quic_sched_ready(&q, false));
	EXPECT_EQ(t, next(false), U64_MAX);
	quic_sched_put(&q, &few[5], QUIC_SCHED_AGAIN);
	EXPECT_EQ(t, next(true), 5);
	EXPECT_EQ(t, next(false), 5);
	ASSERT_EQ(t, quic_sched_reserve(&q, 2), 0);
	put(2, 2, false);
	EXPECT_EQ(t, next(true), 2);
	EXPECT_EQ(t, next(false), 5);
	quic_sched_free(&q);
}

/* What is sent again goes first, and leaves every other packet to those that share. */
static void again_shares(struct unit *t)
{
	u32 i, turns[4] = { 0 };

	fill();
	put(0, 3, true);
	put(1, 3, true);
	put(2, 3, false);
	quic_sched_put(&q, &few[3], QUIC_SCHED_AGAIN);
	EXPECT_EQ(t, quic_sched_pick(&q, true)->id, 12);
	for (i = 0; i < 100; i++)
		turns[next(true)]++;
	EXPECT_EQ(t, turns[3], 50);
	EXPECT_EQ(t, turns[0], 25);
	EXPECT_EQ(t, turns[1], 25);
	EXPECT_EQ(t, turns[2], 0);	/* it would not share, nor is it shared with */
	/* without credit, and beside those that do not share, it has all */
	for (i = 0; i < 5; i++)
		EXPECT_EQ(t, next(false), 3);
	quic_sched_put(&q, &few[0], QUIC_SCHED_NONE);
	quic_sched_put(&q, &few[1], QUIC_SCHED_NONE);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(t, next(true), 3);
}

/* The same by looking at all: level, kind, ID. */
static bool may_be_next(const struct quic_stream *s, bool credit)
{
	const struct quic_stream *o;
	u32 i;

	if (!s->tx_place || (!credit && s->tx_place != QUIC_SCHED_AGAIN))
		return false;
	for (i = 0; i < ARRAY_SIZE(few); i++) {
		o = &few[i];
		if (!o->tx_place || (!credit && o->tx_place != QUIC_SCHED_AGAIN))
			continue;
		if (o->urgency < s->urgency)
			return false;
		if (o->urgency == s->urgency && o->tx_place == QUIC_SCHED_AGAIN &&
		    s->tx_place != QUIC_SCHED_AGAIN &&
		    !(s->tx_place == QUIC_SCHED_TURNS &&
		      quic_sched_level(&q, s->urgency)->again_went))
			return false;
		if (o->urgency == s->urgency && s->tx_place == QUIC_SCHED_ORDERED &&
		    o->tx_place == QUIC_SCHED_ORDERED && o->id < s->id)
			return false;
	}
	return true;
}

/* What was said of who goes on, and what came of it. */
static void keeps(struct unit *t, u32 n)
{
	struct quic_stream *s = quic_sched_pick(&q, true), *o = s;
	bool for_ever = n == U32_MAX;
	u32 i;

	n = min(n, 50U);
	for (i = 0; i < n && o == s; i++) {
		quic_sched_turn(&q, s, DATA);
		o = quic_sched_pick(&q, true);
	}
	ASSERT_EQ(t, i, n);
	ASSERT(t, for_ever || o != s);
}

static void like_the_model(struct unit *t)
{
	u32 i, n, round, most = 0;
	struct quic_stream *s;
	bool credit;

	fill();
	ASSERT_EQ(t, quic_sched_reserve(&q, 0), 0);
	for (round = 0; round < UNIT_ROUNDS(20000); round++) {
		i = unit_below(t, ARRAY_SIZE(few));
		quic_sched_put(&q, &few[i], QUIC_SCHED_NONE);
		few[i].urgency = unit_below(t, 8);
		few[i].incremental = unit_below(t, 2);
		switch (unit_below(t, 3)) {
		case 0:
			put(i, few[i].urgency, few[i].incremental);
			break;
		case 1:
			quic_sched_put(&q, &few[i], QUIC_SCHED_AGAIN);
			break;
		}
		for (i = 0, n = 0; i < ARRAY_SIZE(few); i++)
			n += !!few[i].tx_place;
		ASSERT_EQ(t, q.n, n);
		credit = unit_below(t, 4);
		s = quic_sched_pick(&q, credit);
		ASSERT(t, !!s == quic_sched_ready(&q, credit));
		for (i = 0; !s && i < ARRAY_SIZE(few); i++)
			ASSERT(t, !may_be_next(&few[i], credit));
		ASSERT(t, !s || may_be_next(s, credit));
		if (!unit_below(t, 4))
			quic_sched_train(&q, unit_below(t, 1000), FULL);
		if (s)
			quic_sched_turn(&q, s, s->tx_place == QUIC_SCHED_AGAIN ? 0 : DATA);
		if (!s || s->tx_place == QUIC_SCHED_AGAIN || quic_sched_pick(&q, true) != s)
			continue;
		n = quic_sched_keeps(&q, s, DATA);
		most = max(most, n == U32_MAX ? 0 : n);
		if (n)
			keeps(t, n);
	}
	if (round == 20000)	/* fewer rounds need not come to long turns */
		EXPECT_GT(t, most, 5);
	quic_sched_free(&q);
}

/* ---- how deep the trees are ---- */

/* Nodes on the longest way down; the tree is walked by its parents' links. */
static u32 depth(const struct rb_root *root)
{
	const struct rb_node *n, *up;
	u32 most = 0, d;

	for (n = rb_first(root); n; n = rb_next(n)) {
		for (d = 1, up = n; rb_parent(up); up = rb_parent(up))
			d++;
		most = max(most, d);
	}
	return most;
}

/* Is it found without a look into the tree? */
static bool is_recent(const struct quic_conn *conn, u64 id)
{
	u32 i;

	for (i = 0; i < 1U << conn->streams.recent_bits; i++)
		if (conn->streams.recent[i] && conn->streams.recent[i]->id == id)
			return true;
	return false;
}

/* Ten that are used in turn, neighbours or far apart, are not looked for again. */
static void remembered(struct unit *t, struct quic_conn *conn)
{
	static const u32 steps[] = { 1, 7, 16, 100, 128, 999 };
	u32 i, k, hits;

	for (k = 0; k < ARRAY_SIZE(steps); k++) {
		for (i = 0; i < 10; i++)
			EXPECT(t, quic_conn_stream_find(conn, 4ULL * i * steps[k]));
		for (i = 0, hits = 0; i < 10; i++)
			hits += is_recent(conn, 4ULL * i * steps[k]);
		if (!EXPECT_GE(t, hits, 9))
			unit_log("# step %u", steps[k]);
	}
	EXPECT(t, quic_conn_stream_find(conn, 4) == quic_conn_stream_find(conn, 4));
	EXPECT(t, is_recent(conn, 4));
}

/*
 * What a packet costs with 10,000 streams, in comparisons: at most 2 log2(n + 1) to
 * find a stream or to put it into its order, one to find again what was used
 * lately, none to choose.
 */
static void ten_thousand(struct unit *t)
{
	struct quic_stream *st;
	struct quic_conn *c;
	struct pair_cfg cfg;
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].initial_max_streams_bidi = MANY;
	cfg.local[PAIR_SERVER].initial_max_data = 1 << 30;
	cfg.check_every = 0;
	p = unit_connected(t, &cfg);
	c = p->end[PAIR_CLIENT].conn;
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(t, quic_conn_stream_open(c, false, &st), 0);
		ASSERT_EQ(t, unit_append(c, st, 100), 0);
	}
	EXPECT_EQ(t, c->streams.sched.n, MANY);
	EXPECT_LE(t, depth(&c->streams.tree), 27);
	EXPECT_LE(t, depth(&c->streams.sched.usual.ordered.rb_root), 27);
	EXPECT(t, quic_streams_tx_pick(c) == quic_conn_stream_find(c, 0));
	st = quic_conn_stream_find(c, 4 * (MANY / 2));
	ASSERT(t, st);
	remembered(t, c);
	EXPECT_EQ(t, quic_stream_set_priority(c, st, 0, false), 0);
	EXPECT(t, quic_streams_tx_pick(c) == st);
	pair_free(p);
}

/* ---- on the link ---- */

static struct pair_cfg cfg;
static struct pair *p;
static struct quic_conn *c;

#define FLOWS	6

/* A link of 1 MB/s; flows of 200 kB whose streams are 0, 4, 8 ... */
static bool slow_link(struct unit *t)
{
	u32 i;

	pair_defaults(&cfg);
	cfg.link[0].rate = 1000000;
	cfg.link[0].queue = 100000;
	cfg.tx_max = 100 << 20;
	cfg.check_every = 1;
	for (i = 0; i < 2; i++) {
		cfg.local[i].initial_max_data = 1 << 30;
		cfg.local[i].initial_max_stream_data_bidi_remote = 1 << 28;
	}
	p = unit_connected(t, &cfg);
	c = p->end[PAIR_CLIENT].conn;
	/* Nothing leaves until the test said who is who. */
	c->path.cc.bytes_in_flight += 1ULL << 40;
	for (i = 0; i < FLOWS; i++)
		pair_flow(p, PAIR_CLIENT, 200000);
	pair_pump(p);
	return EXPECT(t, quic_conn_stream_find(c, 4 * (FLOWS - 1)));
}

static void prefer(struct unit *t, u32 i, u8 urgency, bool incremental)
{
	struct quic_stream *s = quic_conn_stream_find(c, 4 * i);

	ASSERT(t, s);
	EXPECT_EQ(t, quic_stream_set_priority(c, s, urgency, incremental), 0);
}

static void in_order(struct unit *t)
{
	u32 i;

	for (i = 0; i < FLOWS; i++)
		prefer(t, i, QUIC_URGENCY_DEFAULT, false);
}

static void done_first(struct unit *t, u32 i)
{
	u32 k;

	for (k = 0; k < 100000 && !p->flow[i].done; k++)
		pair_run(p, NULL, p->now + MS / 4);
	EXPECT(t, p->flow[i].done);
}

static void go(void)
{
	c->path.cc.bytes_in_flight -= 1ULL << 40;
	pair_pump(p);
}

/* Non-incremental ones one after the other, however they are opened and written. */
static void served_in_order(struct unit *t)
{
	u32 i, k;

	ASSERT(t, slow_link(t));
	in_order(t);
	prefer(t, 4, 1, false);
	prefer(t, 2, 5, false);
	go();
	done_first(t, 4);
	for (i = 0; i < FLOWS; i++) {
		if (i == 4 || i == 2)
			continue;
		for (k = i + 1; k < FLOWS; k++)
			if (k != 4)
				EXPECT_LT(t, p->flow[k].received, 100000);
		done_first(t, i);
	}
	EXPECT_LT(t, p->flow[2].received, 100000);
	done_first(t, 2);
	unit_no_errors(t, p);
	pair_free(p);
}

/* Incremental ones move together; one of a lower urgency does not at all. */
static void served_together(struct unit *t)
{
	u64 least, most;
	u32 i, k;

	ASSERT(t, slow_link(t));
	for (i = 0; i < FLOWS; i++)
		prefer(t, i, i == 0 ? 4 : 3, true);
	p->cfg.link[0].queue = 0;	/* what is sent again counts as a turn */
	go();
	for (k = 0; k < 10; k++) {
		pair_run(p, NULL, p->now + 50 * MS);
		least = U64_MAX;
		most = 0;
		for (i = 1; i < FLOWS; i++) {
			u64 sent = quic_conn_stream_find(c, 4 * i)->tx.next;

			least = min(least, sent);
			most = max(most, sent);
		}
		EXPECT_LE(t, most - least, 3000);	/* two packets */
		EXPECT_EQ(t, quic_conn_stream_find(c, 0)->tx.next, 0);
	}
	EXPECT_GT(t, least, 50000);
	done_first(t, 0);
	unit_no_errors(t, p);
	pair_free(p);
}

/* It may be changed while bytes wait; what is lost goes by urgency too. */
static void changes_while_it_waits(struct unit *t)
{
	u32 i;

	ASSERT(t, slow_link(t));
	in_order(t);
	p->cfg.link[0].loss = 50;
	go();
	pair_run(p, NULL, p->now + 50 * MS);
	EXPECT_EQ(t, p->flow[FLOWS - 1].received, 0);
	prefer(t, FLOWS - 1, 0, false);
	done_first(t, FLOWS - 1);
	for (i = 1; i < FLOWS - 1; i++)
		EXPECT_LT(t, p->flow[i].received, 100000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 60 * SEC));
	unit_no_errors(t, p);
	pair_free(p);
}

static void refused(struct unit *t)
{
	struct quic_stream *s;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	c = p->end[PAIR_CLIENT].conn;
	ASSERT_EQ(t, quic_conn_stream_open(c, true, &s), 0);
	EXPECT_EQ(t, s->urgency, 3);
	EXPECT(t, s->incremental);	/* all move until somebody says otherwise */
	EXPECT_EQ(t, quic_stream_set_priority(c, s, 8, false), -EINVAL);
	/* the first of another urgency takes memory */
	shim_host_fail_some(1000);
	EXPECT_EQ(t, quic_stream_set_priority(c, s, 7, true), -ENOMEM);
	EXPECT_EQ(t, s->urgency, 3);
	EXPECT_EQ(t, quic_stream_set_priority(c, s, 3, false), 0);
	shim_host_fail_some(0);
	EXPECT_EQ(t, quic_stream_set_priority(c, s, 7, false), 0);
	EXPECT_EQ(t, s->urgency, 7);
	EXPECT(t, !s->incremental);
	EXPECT_EQ(t, c->streams.sched.n, 0);
	EXPECT_EQ(t, quic_conn_stream_open(p->end[PAIR_SERVER].conn, true, &s), 0);
	EXPECT_EQ(t, unit_append(p->end[PAIR_SERVER].conn, s, 10), 0);
	p->end[PAIR_CLIENT].reading = false;
	pair_run(p, NULL, p->now + 100 * MS);
	s = quic_conn_stream_find(c, 3);
	ASSERT(t, s);
	EXPECT_EQ(t, quic_stream_set_priority(c, s, 1, false), -EINVAL);
	pair_free(p);
}

/* Without memory to remember streams by they are found in the tree. */
static void not_remembered(struct unit *t)
{
	struct quic_stream *a, *b;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	c = p->end[PAIR_CLIENT].conn;
	EXPECT(t, !c->streams.recent);
	shim_host_fail_at(2);
	ASSERT_EQ(t, quic_conn_stream_open(c, false, &a), 0);
	EXPECT(t, !c->streams.recent);
	EXPECT(t, quic_conn_stream_find(c, 0) == a);
	ASSERT_EQ(t, quic_conn_stream_open(c, false, &b), 0);
	EXPECT(t, c->streams.recent);
	EXPECT(t, quic_conn_stream_find(c, 0) == a && is_recent(c, 0));
	EXPECT(t, quic_conn_stream_find(c, 4) == b);
	EXPECT(t, !quic_conn_stream_find(c, 8));
	quic_streams_trim(&c->streams);
	EXPECT(t, c->streams.recent);
	pair_free(p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(urgency_first),
	UNIT_CASE(in_order_of_ids),
	UNIT_CASE(round_robin),
	UNIT_CASE(shares_of_a_train),
	UNIT_CASE(comes_behind),
	UNIT_CASE(fair_in_the_end),
	UNIT_CASE(both_kinds),
	UNIT_CASE(again_and_credit),
	UNIT_CASE(again_shares),
	UNIT_CASE(like_the_model),
	UNIT_CASE(ten_thousand),
	UNIT_CASE(not_remembered),
	UNIT_CASE(served_in_order),
	UNIT_CASE(served_together),
	UNIT_CASE(changes_while_it_waits),
	UNIT_CASE(refused),
};

UNIT_SUITE(stream_sched, cases);
