// SPDX-License-Identifier: GPL-2.0
/*
 * Two connections under random links, limits, readers that pause, streams that
 * are reset or stopped, and memory that fails: invariants hold after each step,
 * what nobody gave up arrives, and nothing is left.
 */
#include "unit.h"
#include "../shim/pair.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC
#define LIVES	UNIT_ROUNDS(40)

static struct pair_cfg cfg;

/*
 * One call of the dice per statement, here and below: the order within an
 * expression is the compiler's choice, and a failure should come back.
 */
static u64 sometimes(struct unit *t, u64 v)
{
	return unit_rand(t) >> 63 ? v : 0;
}

static void random_side(struct unit *t, struct pair_link *l, struct quic_tparams *tp)
{
	l->delay = unit_below(t, 60) * MS;
	l->loss = sometimes(t, unit_below(t, 200));
	l->dup = sometimes(t, unit_below(t, 200));
	l->reorder = sometimes(t, unit_below(t, 400));
	l->reorder_delay = unit_below(t, 80) * MS;
	l->rate = sometimes(t, 100000 + unit_below(t, 10000000));
	l->queue = 10000 + unit_below(t, 300000);
	tp->initial_max_data = 2000 + unit_rand_bits(t, 24);
	tp->initial_max_stream_data_bidi_local = 1000 + unit_rand_bits(t, 22);
	tp->initial_max_stream_data_bidi_remote = 1000 + unit_rand_bits(t, 22);
	tp->initial_max_stream_data_uni = 1000 + unit_rand_bits(t, 22);
	tp->initial_max_streams_bidi = 1 + unit_below(t, 20);
	tp->initial_max_streams_uni = 1 + unit_below(t, 20);
}

static void random_cfg(struct unit *t)
{
	u32 i;

	pair_defaults(&cfg);
	cfg.seed = unit_rand(t);
	cfg.check_every = 1;
	cfg.batch = 1 + unit_below(t, 64);
	cfg.tx_max = 2000 + unit_below(t, 1 << 20);
	cfg.cc = unit_below(t, 2) ? &quic_cc_cubic : &quic_cc_newreno;
	cfg.flight = 400 + unit_below(t, 7000);
	cfg.mtu = 1200 + sometimes(t, unit_below(t, 3000));
	cfg.handshake_timeout = 100 * SEC;
	for (i = 0; i < 2; i++)
		random_side(t, &cfg.link[i], &cfg.local[i]);
}

/* One side gives a stream up, if it still knows it. */
static void give_up(struct unit *t, struct pair *p)
{
	u32 side = unit_below(t, 2);
	struct pair_flow *f = &p->flow[unit_below(t, p->n_flows)];
	struct quic_conn *conn = p->end[side].conn;
	struct quic_stream *s;

	if (!conn || !f->opened || quic_conn_state(conn) != QUIC_CONN_ESTABLISHED)
		return;
	s = quic_conn_stream_find(conn, f->id);
	if (!s)
		return;
	f->done = true;
	if (unit_below(t, 2))
		quic_stream_stop(conn, s, 6);
	else if (!quic_stream_reset(conn, s, 5) && f->from == side)
		f->finished = true;
}

static void both_read(struct pair *p)
{
	p->end[0].reading = true;
	p->end[1].reading = true;
}

/* Let it run in pieces. Readers pause now and then, not for ever. */
static void stir(struct unit *t, struct pair *p, bool gives_up)
{
	u32 i;

	for (i = 0; i < 200 && !p->errors; i++) {
		if (pair_run(p, pair_all_done, p->now + unit_below(t, 200 * MS)))
			return;
		if (gives_up && !unit_below(t, 10))
			give_up(t, p);
		if (!unit_below(t, 20))
			p->end[unit_below(t, 2)].reading = false;
		if (!unit_below(t, 5))
			both_read(p);
	}
	both_read(p);
}

static void end_it(struct unit *t, struct pair *p)
{
	const char *wrong;
	u32 i;

	for (i = 0; i < 2; i++) {
		wrong = p->end[i].conn ? pair_check(p->end[i].conn) : NULL;
		if (!EXPECT(t, !wrong))
			unit_log("# side %u: %s", i, wrong);
	}
	if (unit_below(t, 2))
		quic_conn_shutdown(p->end[0].conn, 0, "", 5 * SEC, p->now);
	else
		quic_conn_close(p->end[0].conn, true, 1, "x", p->now);
	EXPECT(t, pair_run(p, pair_closed, p->now + 200 * SEC));
	pair_free(p);
	EXPECT_EQ(t, shim_host_live(), 0);
}

/* Streams to move; some of them given up on the way. */
static struct pair *life(struct unit *t, bool gives_up)
{
	struct pair_flow *f;
	struct pair *p;
	enum pair_side from;
	u32 i, n;

	random_cfg(t);
	p = pair_new(&cfg);
	if (!p->end[PAIR_CLIENT].conn)
		return p;
	n = 1 + unit_below(t, 20);
	for (i = 0; i < n; i++) {
		from = unit_below(t, 2);
		f = pair_flow(p, from, unit_rand_bits(t, 19));
		f->uni = unit_below(t, 2);
	}
	stir(t, p, gives_up);
	return p;
}

static void everything_arrives(struct unit *t)
{
	struct pair *p;
	u32 i;

	for (i = 0; i < LIVES; i++) {
		p = life(t, false);
		EXPECT(t, pair_run(p, pair_all_done, p->now + 1000 * SEC));
		if (!EXPECT_EQ(t, p->errors, 0))
			unit_log("# life %u: %s", i, p->error);
		end_it(t, p);
	}
}

static void streams_given_up(struct unit *t)
{
	struct pair *p;
	u32 i;

	for (i = 0; i < LIVES; i++) {
		p = life(t, true);
		pair_run(p, pair_all_done, p->now + 1000 * SEC);
		if (!EXPECT_EQ(t, p->errors, 0))
			unit_log("# life %u: %s", i, p->error);
		end_it(t, p);
	}
}

static void memory_fails(struct unit *t)
{
	struct pair *p;
	u32 i;

	for (i = 0; i < LIVES; i++) {
		shim_host_fail_some(unit_below(t, 100));
		p = life(t, i & 1);
		if (!EXPECT_EQ(t, p->errors, 0))
			unit_log("# life %u: %s", i, p->error);
		if (p->end[PAIR_CLIENT].conn)
			end_it(t, p);
		else
			pair_free(p);
	}
	shim_host_fail_some(0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(everything_arrives),
	UNIT_CASE(streams_given_up),
	UNIT_CASE(memory_fails),
};

UNIT_SUITE(chaos, cases);
