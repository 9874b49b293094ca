// SPDX-License-Identifier: GPL-2.0
/*
 * Explicit congestion notification (RFC 9000 13.4): which packets are marked, which
 * counts are believed, and what a CE mark does, at both ends.
 */
#include "unit_pair.h"
#include "../../kmod/core/ecn.h"
#include "../../kmod/core/pnspace.h"
#include "../../kmod/core/recovery.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC

static struct pair_cfg cfg;
static u32 marked[2], unmarked[2];	/* datagrams, by who sent them */

static void count_marks(struct pair *p, enum pair_side from, const struct pair_dgram *d)
{
	if (d->ecn == QUIC_ECN_ECT0)
		marked[from]++;
	else if (d->ecn == QUIC_ECN_NOT_ECT)
		unmarked[from]++;
}

static void defaults(void)
{
	pair_defaults(&cfg);
	cfg.link[0].tap = count_marks;
	cfg.link[1].tap = count_marks;
	memset(marked, 0, sizeof(marked));
	memset(unmarked, 0, sizeof(unmarked));
}

static u8 state_of(const struct pair *p, enum pair_side side)
{
	return p->end[side].conn->path.ecn.state;
}

/* A path that leaves the bits alone: everything is marked, from the first packet on. */
static void clean_path(struct unit *t)
{
	const struct quic_pnspace *c, *s;
	struct pair *p;

	defaults();
	p = unit_connected(t, &cfg);
	pair_flow(p, PAIR_CLIENT, 100000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 10 * SEC));
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, state_of(p, PAIR_CLIENT), QUIC_ECN_STATE_CAPABLE);
	EXPECT_EQ(t, state_of(p, PAIR_SERVER), QUIC_ECN_STATE_CAPABLE);
	EXPECT_GT(t, marked[PAIR_CLIENT], 60);
	EXPECT_EQ(t, unmarked[PAIR_CLIENT] + unmarked[PAIR_SERVER], 0);
	c = &p->end[PAIR_CLIENT].conn->space[QUIC_SPACE_APP];
	s = &p->end[PAIR_SERVER].conn->space[QUIC_SPACE_APP];
	EXPECT_EQ(t, s->ecn_rx[QUIC_ECN_ECT0], c->ect_sent);
	EXPECT_EQ(t, c->ect_sent, c->tx_next);
	EXPECT_EQ(t, s->ecn_rx[QUIC_ECN_NOT_ECT] + s->ecn_rx[QUIC_ECN_CE], 0);
	unit_no_errors(t, p);
	pair_free(p);
}

/* Whoever does not want it marks nothing, and reports the other's marks. */
static void switched_off(struct unit *t)
{
	struct pair *p;

	defaults();
	cfg.no_ecn[PAIR_CLIENT] = true;
	p = unit_connected(t, &cfg);
	EXPECT_EQ(t, marked[PAIR_CLIENT], 0);
	EXPECT_EQ(t, state_of(p, PAIR_SERVER), QUIC_ECN_STATE_CAPABLE);
	unit_no_errors(t, p);
	pair_free(p);
}

/* RFC 9000 13.4.2.1: ACKs without counts. Nothing is marked any more. */
static void bleached(struct unit *t)
{
	struct pair *p;
	u32 before;

	defaults();
	cfg.link[PAIR_CLIENT].bleach = 1000;
	p = unit_connected(t, &cfg);
	EXPECT_EQ(t, state_of(p, PAIR_CLIENT), QUIC_ECN_STATE_FAILED);
	EXPECT_EQ(t, state_of(p, PAIR_SERVER), QUIC_ECN_STATE_CAPABLE);
	before = marked[PAIR_CLIENT];
	EXPECT_GT(t, before, 0);
	pair_flow(p, PAIR_CLIENT, 100000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 10 * SEC));
	EXPECT_EQ(t, marked[PAIR_CLIENT], before);
	EXPECT_GT(t, unmarked[PAIR_CLIENT], 60);
	unit_no_errors(t, p);
	pair_free(p);
}

/* Marked packets vanish: what a PTO sends is not marked, and so the handshake ends. */
static void marks_vanish(struct unit *t)
{
	struct pair *p;

	defaults();
	cfg.link[PAIR_CLIENT].no_ect = true;
	cfg.link[PAIR_SERVER].no_ect = true;
	p = unit_connected(t, &cfg);
	EXPECT(t, pair_confirmed(p));
	EXPECT_NE(t, state_of(p, PAIR_CLIENT), QUIC_ECN_STATE_CAPABLE);
	EXPECT_NE(t, state_of(p, PAIR_SERVER), QUIC_ECN_STATE_CAPABLE);
	EXPECT_LE(t, marked[PAIR_CLIENT], QUIC_ECN_TEST_PKTS);
	unit_no_errors(t, p);
	pair_free(p);
}

/*
 * struct row - what an ACK says where 20 marked packets were sent, of which the peer
 * has reported 5 as ECT(0) and 2 as CE
 */
struct row {
	u8 type;
	u64 ect0, ect1, ce;
	u32 marked;		/* newly acknowledged */
	u8 state;		/* afterwards */
	bool more_ce;
};

static const struct row rows[] = {
	/* as it should be */
	{ 3, 8, 0, 2, 3, QUIC_ECN_STATE_CAPABLE, false },
	{ 3, 7, 0, 3, 3, QUIC_ECN_STATE_CAPABLE, true },
	{ 3, 5, 0, 5, 3, QUIC_ECN_STATE_CAPABLE, true },
	{ 3, 9, 0, 2, 3, QUIC_ECN_STATE_CAPABLE, false },	/* of packets not acked here */
	{ 3, 20, 0, 2, 3, QUIC_ECN_STATE_CAPABLE, false },
	/* nothing that was marked: proves nothing */
	{ 3, 5, 0, 2, 0, QUIC_ECN_STATE_UNKNOWN, false },
	{ 3, 5, 0, 3, 0, QUIC_ECN_STATE_UNKNOWN, true },
	{ 2, 0, 0, 0, 0, QUIC_ECN_STATE_UNKNOWN, false },
	/* no counts, or counts that do not cover what is acknowledged */
	{ 2, 0, 0, 0, 1, QUIC_ECN_STATE_FAILED, false },
	{ 3, 7, 0, 2, 3, QUIC_ECN_STATE_FAILED, false },
	{ 3, 5, 0, 2, 1, QUIC_ECN_STATE_FAILED, false },
	/* counts that fall */
	{ 3, 4, 0, 9, 3, QUIC_ECN_STATE_FAILED, false },
	{ 3, 9, 0, 1, 3, QUIC_ECN_STATE_FAILED, false },
	/* a mark that nobody makes, and more than was sent */
	{ 3, 8, 1, 2, 3, QUIC_ECN_STATE_FAILED, false },
	{ 3, 21, 0, 2, 3, QUIC_ECN_STATE_FAILED, false },
	{ 3, 8, 0, 21, 3, QUIC_ECN_STATE_FAILED, false },
	{ 3, QUIC_VARINT_MAX, 0, QUIC_VARINT_MAX, 3, QUIC_ECN_STATE_FAILED, false },
};

static void validation(struct unit *t)
{
	struct quic_frame f = {};
	struct quic_pnspace *s;
	struct quic_conn *conn;
	struct pair *p;
	u32 i;

	defaults();
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_CLIENT].conn;
	s = &conn->space[QUIC_SPACE_APP];
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		conn->path.ecn.state = QUIC_ECN_STATE_UNKNOWN;
		s->ect_sent = 20;
		s->ecn_said[0] = 5;
		s->ecn_said[1] = 2;
		f.type = rows[i].type;
		f.u.ack.ect0 = rows[i].ect0;
		f.u.ack.ect1 = rows[i].ect1;
		f.u.ack.ce = rows[i].ce;
		EXPECT_EQ(t, quic_ecn_on_ack(conn, s, &f, rows[i].marked), rows[i].more_ce);
		if (!EXPECT_EQ(t, conn->path.ecn.state, rows[i].state))
			unit_log("# row %u", i);
		/* Failed is failed. */
		s->ect_sent = 1000;
		f.type = 3;
		f.u.ack.ect0 = s->ecn_said[0] + 1;
		f.u.ack.ect1 = 0;
		f.u.ack.ce = s->ecn_said[1];
		quic_ecn_on_ack(conn, s, &f, 1);
		EXPECT_EQ(t, conn->path.ecn.state, rows[i].state == QUIC_ECN_STATE_FAILED ?
			  QUIC_ECN_STATE_FAILED : QUIC_ECN_STATE_CAPABLE);
	}
	pair_free(p);
}

/* RFC 9000 13.4.2: a path on which all of the test come as CE marks without need. */
static void all_ce(struct unit *t)
{
	struct quic_frame f = { .type = 3, .u.ack = { .ce = QUIC_ECN_TEST_PKTS - 1 } };
	struct quic_pnspace *s;
	struct quic_conn *conn;
	struct pair *p;

	defaults();
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_CLIENT].conn;
	s = &conn->space[QUIC_SPACE_APP];
	s->ect_sent = 20;
	s->ecn_said[0] = 0;
	EXPECT(t, quic_ecn_on_ack(conn, s, &f, 9));
	EXPECT_EQ(t, conn->path.ecn.state, QUIC_ECN_STATE_CAPABLE);
	f.u.ack.ce++;
	EXPECT(t, !quic_ecn_on_ack(conn, s, &f, 1));
	EXPECT_EQ(t, conn->path.ecn.state, QUIC_ECN_STATE_FAILED);
	pair_free(p);
}

/* The test: ten packets, or three PTOs; it fails when all of them are lost. */
static void test_ends(struct unit *t)
{
	struct quic_conn *conn;
	struct quic_ecn *e;
	struct pair *p;
	u32 i;

	defaults();
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_CLIENT].conn;
	e = &conn->path.ecn;
	memset(e, 0, sizeof(*e));
	for (i = 0; i < QUIC_ECN_TEST_PKTS; i++) {
		EXPECT_EQ(t, quic_ecn_mark(conn, p->now), QUIC_ECN_ECT0);
		quic_ecn_on_sent(conn, &conn->space[QUIC_SPACE_APP], 1, p->now);
	}
	EXPECT_EQ(t, quic_ecn_mark(conn, p->now), QUIC_ECN_NOT_ECT);
	EXPECT_EQ(t, e->state, QUIC_ECN_STATE_UNKNOWN);
	for (i = 0; i < QUIC_ECN_TEST_PKTS; i++) {
		EXPECT_EQ(t, e->state, QUIC_ECN_STATE_UNKNOWN);
		quic_ecn_on_lost(conn);
	}
	EXPECT_EQ(t, e->state, QUIC_ECN_STATE_FAILED);

	memset(e, 0, sizeof(*e));
	quic_ecn_on_sent(conn, &conn->space[QUIC_SPACE_APP], 1, p->now);
	EXPECT_EQ(t, e->test_end, p->now + 3 * quic_recovery_pto(conn));
	EXPECT_EQ(t, quic_ecn_mark(conn, e->test_end - 1), QUIC_ECN_ECT0);
	EXPECT_EQ(t, quic_ecn_mark(conn, e->test_end), QUIC_ECN_NOT_ECT);

	/* What a PTO sends. */
	e->state = QUIC_ECN_STATE_CAPABLE;
	EXPECT_EQ(t, quic_ecn_mark(conn, p->now), QUIC_ECN_ECT0);
	conn->pto_count = 1;
	EXPECT_EQ(t, quic_ecn_mark(conn, p->now), QUIC_ECN_NOT_ECT);
	pair_free(p);
}

/* An ACK of [lo, hi] with counts, by hand. */
static void ack_ecn(struct pair *p, u64 lo, u64 hi, u64 ect0, u64 ce)
{
	u8 buf[64];
	struct quic_wcur w = quic_wcur_init(buf, sizeof(buf));
	struct quic_conn *conn = p->end[PAIR_CLIENT].conn;

	quic_put_u8(&w, QUIC_FRAME_ACK + 1);
	quic_put_varint(&w, hi);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, hi - lo);
	quic_put_varint(&w, ect0);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, ce);
	pair_inject(p, PAIR_CLIENT, QUIC_CRYPTO_APP,
		    conn->space[QUIC_SPACE_APP].rx_next, buf, w.p - buf);
}

static bool drop_all(struct pair *p, enum pair_side from, u64 n)
{
	return true;
}

/* RFC 9002 7.1, B.7: CE is a loss to the window, once in a round trip. */
static void ce_reduces_once(struct unit *t)
{
	struct quic_conn *conn;
	u64 first, cwnd, said;
	struct pair *p;

	defaults();
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_CLIENT].conn;
	p->cfg.link[0].drop = drop_all;
	p->cfg.link[1].drop = drop_all;
	first = conn->space[QUIC_SPACE_APP].tx_next;
	said = conn->space[QUIC_SPACE_APP].ecn_said[0];
	pair_flow(p, PAIR_CLIENT, 1 << 20);
	conn->path.pacer.rate = 0;
	conn->path.cc.cwnd = 20 * conn->path.mtu;
	pair_pump(p);
	EXPECT_EQ(t, conn->space[QUIC_SPACE_APP].tx_next, first + 20);
	p->now += 20 * MS;
	cwnd = conn->path.cc.cwnd;
	ack_ecn(p, first, first + 4, said + 4, 1);
	EXPECT_LT(t, conn->path.cc.cwnd, cwnd);
	EXPECT_EQ(t, conn->path.cc.ssthresh, conn->path.cc.cwnd);
	EXPECT_EQ(t, conn->stats.congestion_events, 1);
	EXPECT_EQ(t, conn->stats.pkts_lost, 0);
	/* Sent before the reduction: the same congestion. */
	cwnd = conn->path.cc.cwnd;
	ack_ecn(p, first, first + 9, said + 6, 4);
	EXPECT_EQ(t, conn->path.cc.cwnd, cwnd);
	EXPECT_EQ(t, conn->stats.congestion_events, 1);
	EXPECT_EQ(t, conn->path.ecn.state, QUIC_ECN_STATE_CAPABLE);
	/* An older frame that comes late is no reason to fail, nor to believe it. */
	ack_ecn(p, first, first + 8, said, 0);
	EXPECT_EQ(t, conn->path.ecn.state, QUIC_ECN_STATE_CAPABLE);
	EXPECT_EQ(t, conn->space[QUIC_SPACE_APP].ecn_said[1], 4);
	unit_no_errors(t, p);
	pair_free(p);
}

/* RFC 9000 13.2.1: a packet marked CE is answered at once, others are not. */
static void ce_is_answered(struct unit *t)
{
	static const u8 ping[] = { QUIC_FRAME_PING };
	struct quic_rx_pkt pkt = {
		.data = ping, .len = sizeof(ping), .dgram_len = 30, .level = QUIC_CRYPTO_APP,
	};
	struct quic_pnspace *s;
	struct quic_conn *conn;
	struct pair *p;

	defaults();
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_SERVER].conn;
	s = &conn->space[QUIC_SPACE_APP];
	pkt.pn = s->rx_next;
	pkt.ecn = QUIC_ECN_ECT0;
	quic_conn_recv(conn, &pkt, 1, p->now);
	EXPECT(t, !quic_pnspace_ack_due(s, p->now));
	quic_pnspace_ack_sent(s);
	pkt.pn = s->rx_next;
	pkt.ecn = QUIC_ECN_CE;
	quic_conn_recv(conn, &pkt, 1, p->now);
	EXPECT(t, quic_pnspace_ack_due(s, p->now));
	EXPECT_EQ(t, quic_conn_ce(conn), 1);
	/* A repetition is none. */
	quic_conn_recv(conn, &pkt, 1, p->now);
	EXPECT_EQ(t, quic_conn_ce(conn), 1);
	pair_free(p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(clean_path),
	UNIT_CASE(switched_off),
	UNIT_CASE(bleached),
	UNIT_CASE(marks_vanish),
	UNIT_CASE(validation),
	UNIT_CASE(all_ce),
	UNIT_CASE(test_ends),
	UNIT_CASE(ce_reduces_once),
	UNIT_CASE(ce_is_answered),
};

UNIT_SUITE(ecn, cases);
