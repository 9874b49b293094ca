// SPDX-License-Identifier: GPL-2.0
/*
 * Path MTU discovery (RFC 9000 14.3, RFC 8899): the probe finds the target, a
 * black hole is noticed from the start and later, loss is not mistaken for one.
 */
#include "../../kmod/core/pmtud.h"
#include "unit_pair.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC
#define MB	(1ULL << 20)

static struct pair_cfg cfg;

static void finish(struct unit *t, struct pair *p)
{
	if (!EXPECT_EQ(t, p->errors, 0))
		unit_log("# %s", p->error);
	pair_free(p);
}

/* The smaller of the route's and the peer's, both ways by itself. */
static void finds_the_target(struct unit *t)
{
	static const struct {
		u32 mtu;
		u32 peer_max;
		u32 found;
	} rows[] = {
		{ 1452, 65527, 1452 }, { 1452, 1400, 1400 }, { 1452, 1200, 1200 },
		{ 1200, 65527, 1200 }, { 8952, 65527, 8952 }, { 8952, 4000, 4000 },
		{ 65507, 65527, 65507 },
	};
	struct quic_conn *conn;
	struct pair *p;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		pair_defaults(&cfg);
		cfg.mtu = rows[i].mtu;
		cfg.local[PAIR_SERVER].max_udp_payload_size = rows[i].peer_max;
		p = unit_connected(t, &cfg);
		conn = p->end[PAIR_CLIENT].conn;
		if (rows[i].mtu < 10000)
			EXPECT_EQ(t, p->end[PAIR_SERVER].conn->path.mtu, rows[i].mtu);
		pair_flow(p, PAIR_CLIENT, MB);
		EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
		/* A probe above the initial window waits until there is room. */
		pair_run(p, NULL, p->now + SEC);
		EXPECT_EQ(t, conn->path.mtu, rows[i].found);
		EXPECT_EQ(t, conn->path.cc.mss, rows[i].found);
		finish(t, p);
	}
}

/* @mtu is what a link of 1300 bytes carries, but for less than a step. */
static bool is_close(u32 mtu)
{
	return mtu <= 1300 && mtu > 1300 - QUIC_PMTUD_STEP;
}

/* Less than the limit, found between it and the base without a sign of congestion. */
static void finds_less(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;

	pair_defaults(&cfg);
	cfg.link[0].mtu = 1300;
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_CLIENT].conn;
	pair_flow(p, PAIR_CLIENT, MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	EXPECT(t, is_close(conn->path.mtu));
	EXPECT_EQ(t, conn->path.cc.mss, conn->path.mtu);
	EXPECT_EQ(t, p->end[PAIR_SERVER].conn->path.mtu, 1452);
	/* 1452, 1326 and 1310 fail */
	EXPECT_EQ(t, p->end[PAIR_CLIENT].pmtu_dropped, 9);
	EXPECT_EQ(t, conn->stats.pkts_lost, 0);
	EXPECT_EQ(t, conn->path.cc.recovery_start, 0);
	finish(t, p);
}

/* It worked, then no longer: noticed after some PTOs, and what works is found. */
static void black_hole_later(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_CLIENT].conn;
	pair_flow(p, PAIR_CLIENT, 10 * MB);
	pair_run(p, NULL, p->now + 300 * MS);
	EXPECT_EQ(t, conn->path.mtu, 1452);
	p->cfg.link[0].mtu = 1300;
	EXPECT(t, pair_run(p, pair_all_done, p->now + 60 * SEC));
	EXPECT(t, is_close(conn->path.mtu));
	finish(t, p);
}

/* The path gets wider: found by the search that comes 600 s after the first. */
static void looks_again(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;

	pair_defaults(&cfg);
	cfg.link[0].mtu = 1300;
	cfg.local[PAIR_CLIENT].max_idle_timeout = 0;
	cfg.local[PAIR_SERVER].max_idle_timeout = 0;
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_CLIENT].conn;
	pair_flow(p, PAIR_CLIENT, MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	EXPECT(t, is_close(conn->path.mtu));
	p->cfg.link[0].mtu = 0;
	pair_flow(p, PAIR_CLIENT, MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	EXPECT(t, is_close(conn->path.mtu));
	pair_run(p, NULL, p->now + QUIC_PMTUD_RAISE);
	/* nothing is sent for it alone */
	EXPECT(t, is_close(conn->path.mtu));
	pair_flow(p, PAIR_CLIENT, MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	/* a window full of data leaves no room before it is acknowledged */
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, conn->path.mtu, 1452);
	finish(t, p);
}

/* Switched off: 1200 bytes, whatever the route. */
static void stays_when_off(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;

	pair_defaults(&cfg);
	p = pair_new(&cfg);
	if (!EXPECT(t, p))
		return;
	conn = p->end[PAIR_CLIENT].conn;
	quic_conn_set_pmtud(conn, false, 0);
	pair_flow(p, PAIR_CLIENT, MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	EXPECT_EQ(t, conn->path.mtu, 1200);
	quic_conn_set_max_mtu(conn, 8952);
	EXPECT(t, !conn->pmtud.wanted);
	finish(t, p);
}

/* The route says otherwise: less is taken at once, and probed; more is, too. */
static void follows_the_route(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_CLIENT].conn;
	pair_flow(p, PAIR_CLIENT, MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	EXPECT_EQ(t, conn->path.mtu, 1452);
	quic_conn_set_max_mtu(conn, 1380);
	EXPECT_EQ(t, conn->path.mtu, 1200);
	pair_flow(p, PAIR_CLIENT, MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	EXPECT_EQ(t, conn->path.mtu, 1380);
	quic_conn_set_max_mtu(conn, 1452);
	EXPECT_EQ(t, conn->path.mtu, 1380);
	pair_flow(p, PAIR_CLIENT, MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	EXPECT_EQ(t, conn->path.mtu, 1452);
	/* below what every path carries there is nothing */
	quic_conn_set_max_mtu(conn, 576);
	EXPECT_EQ(t, conn->path.mtu, 1200);
	EXPECT_EQ(t, conn->max_mtu, 1200);
	finish(t, p);
}

static void move(struct unit *t, struct pair *p)
{
	pair_flow(p, PAIR_CLIENT, MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
}

/* RFC 9000 14.2.1: what ICMP says lowers the size, a probe decides, nothing raises it. */
static void hints(struct unit *t)
{
	static const u32 useless[] = { 0, 68, 1199, 1380, 1381, 1452, 9000, U32_MAX };
	struct quic_conn *conn;
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_CLIENT].conn;
	EXPECT_EQ(t, conn->path.mtu, 1452);
	quic_conn_mtu_hint(conn, 1380);
	EXPECT_EQ(t, conn->path.mtu, 1200);
	move(t, p);
	EXPECT_EQ(t, conn->path.mtu, 1380);
	for (i = 0; i < ARRAY_SIZE(useless); i++) {
		quic_conn_mtu_hint(conn, useless[i]);
		EXPECT_EQ(t, conn->path.mtu, 1380);
		EXPECT(t, !conn->pmtud.wanted);
	}
	quic_conn_mtu_hint(conn, 1200);
	EXPECT_EQ(t, conn->path.mtu, 1200);
	EXPECT(t, !conn->pmtud.wanted);
	move(t, p);
	EXPECT_EQ(t, conn->path.mtu, 1200);
	EXPECT_EQ(t, conn->max_mtu, 1452);
	finish(t, p);
}

/* One that lied is believed for one search; one that promised too much, for a few probes. */
static void wrong_hints(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;

	pair_defaults(&cfg);
	p = pair_new(&cfg);
	conn = p->end[PAIR_CLIENT].conn;
	quic_conn_mtu_hint(conn, 1300);		/* too early */
	quic_conn_set_pmtud(conn, true, 30 * SEC);
	EXPECT(t, pair_run(p, pair_confirmed, p->now + 20 * SEC));
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, conn->path.mtu, 1452);
	quic_conn_mtu_hint(conn, 1300);
	move(t, p);
	EXPECT_EQ(t, conn->path.mtu, 1300);
	pair_run(p, NULL, p->now + 25 * SEC);
	move(t, p);
	EXPECT_EQ(t, conn->path.mtu, 1300);
	pair_run(p, NULL, p->now + 10 * SEC);
	move(t, p);
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, conn->path.mtu, 1452);
	p->cfg.link[0].mtu = 1300;
	quic_conn_mtu_hint(conn, 1400);
	pair_flow(p, PAIR_CLIENT, 4 * MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 60 * SEC));
	EXPECT(t, is_close(conn->path.mtu));
	finish(t, p);
}

/*
 * The same where small packets get through and are acknowledged: what PTOs send
 * besides the data, or what other streams do.
 */
static void black_hole_for_large_ones(struct unit *t)
{
	struct quic_conn *conn;
	struct pair_flow *f;
	struct pair *p;
	u32 ping;

	for (ping = 0; ping < 2; ping++) {
		pair_defaults(&cfg);
		p = unit_connected(t, &cfg);
		conn = p->end[PAIR_CLIENT].conn;
		EXPECT_EQ(t, conn->path.mtu, 1452);
		p->cfg.link[0].mtu = 1300;
		f = pair_flow(p, PAIR_CLIENT, 1350);
		pair_pump(p);
		while (!f->done && p->now < p->begin + 20 * SEC) {
			if (ping && p->n_flows < cfg.max_flows)
				pair_flow(p, PAIR_CLIENT, 10);
			pair_run(p, NULL, p->now + 30 * MS);
		}
		EXPECT(t, f->done);
		pair_flow(p, PAIR_CLIENT, MB);
		EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
		EXPECT(t, is_close(conn->path.mtu));
		finish(t, p);
	}
}

/*
 * The oldest packets are small and lost as well, and stay the oldest: nothing that is
 * acknowledged shows that they are lost, since all that follows is large.
 */
static void black_hole_behind_small_ones(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_CLIENT].conn;
	p->cfg.link[0].mtu = 10;
	for (i = 0; i < 3; i++) {
		pair_flow(p, PAIR_CLIENT, 10);
		pair_pump(p);
	}
	p->cfg.link[0].mtu = 1300;
	pair_flow(p, PAIR_CLIENT, MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	EXPECT(t, is_close(conn->path.mtu));
	finish(t, p);
}

/* Ordinary loss, however heavy, does not shrink a size that works. */
static void loss_is_no_black_hole(struct unit *t)
{
	struct pair *p;
	u32 seed, kept = 0;

	for (seed = 1; seed <= 60; seed++) {
		pair_defaults(&cfg);
		cfg.seed = seed;
		cfg.link[0].loss = 50;
		cfg.link[1].loss = 50;
		p = unit_connected(t, &cfg);
		pair_flow(p, PAIR_CLIENT, MB);
		EXPECT(t, pair_run(p, pair_all_done, p->now + 200 * SEC));
		kept += p->end[PAIR_CLIENT].conn->path.mtu == 1452;
		finish(t, p);
	}
	/* at half of all packets lost, nine of ten keep it */
	EXPECT_GE(t, kept, 50);
}

static const struct unit_case cases[] = {
	UNIT_CASE(finds_the_target),
	UNIT_CASE(finds_less),
	UNIT_CASE(looks_again),
	UNIT_CASE(stays_when_off),
	UNIT_CASE(follows_the_route),
	UNIT_CASE(hints),
	UNIT_CASE(wrong_hints),
	UNIT_CASE(black_hole_later),
	UNIT_CASE(black_hole_for_large_ones),
	UNIT_CASE(black_hole_behind_small_ones),
	UNIT_CASE(loss_is_no_black_hole),
};

UNIT_SUITE(pmtud, cases);
