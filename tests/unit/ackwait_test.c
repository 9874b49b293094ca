// SPDX-License-Identifier: GPL-2.0
/*
 * How many packets have one ACK: two, more while a reader says when he sleeps, two again
 * behind a gap and where he does not come back; never later than the deadline.
 */
#include "unit.h"
#include "../shim/pair.h"
#include "unit_pair.h"
#include "../../kmod/core/ackwait.h"
#include "../../kmod/core/pnspace.h"

#define MS	QUIC_NS_PER_MS
#define MOST	64

static struct quic_pnspace s;
static struct quic_ackwait rule;

/* A reader has slept, and may sleep again. */
static void fresh(void)
{
	quic_pnspace_init(&s);
	quic_ackwait_init(&rule);
	rule.most = MOST;
}

static void got(u64 pn, bool marked, u64 now)
{
	quic_pnspace_received(&s, pn, true, marked, &rule, 25 * MS, now);
}

/* Packets in order until an ACK is due, which leaves. Return: how many. */
static u32 until_ack(u64 now)
{
	u32 n = 0;

	while (!s.ack_now && n < 2 * MOST) {
		got(s.rx_next, false, now);
		n++;
	}
	quic_pnspace_ack_sent(&s);
	return n;
}

static void grows(struct unit *t)
{
	u32 n;

	fresh();
	for (n = 2; n < MOST; n *= 2)
		EXPECT_EQ(t, until_ack(1), n);
	EXPECT_EQ(t, until_ack(1), MOST);
	EXPECT_EQ(t, until_ack(1), MOST);
	/* a train counts once, however many it has */
	rule.every = 2;
	quic_pnspace_received_run(&s, 40, &rule, 25 * MS, 1);
	EXPECT(t, s.ack_now);
	EXPECT_EQ(t, rule.every, 4);
	quic_pnspace_received_run(&s, 40, &rule, 25 * MS, 1);
	EXPECT_EQ(t, rule.every, 4);
}

/* Without a reader who sleeps each second packet has one, as ever. */
static void two_else(struct unit *t)
{
	u32 i;

	quic_pnspace_init(&s);
	quic_ackwait_init(&rule);
	for (i = 0; i < 10; i++)
		EXPECT_EQ(t, until_ack(1), 2);
}

/* A gap and a mark of congestion: at once, and each second packet after that. */
static void hurry(struct unit *t)
{
	fresh();
	rule.every = MOST;
	got(s.rx_next + 1, false, 1);
	EXPECT(t, s.ack_now);
	quic_pnspace_ack_sent(&s);
	EXPECT_EQ(t, rule.every, 2);
	rule.every = MOST;
	got(s.rx_next, true, 1);
	EXPECT(t, s.ack_now);
	quic_pnspace_ack_sent(&s);
	EXPECT_EQ(t, until_ack(1), 2);
}

/* One packet has the usual time, more have less, counted from the second. */
static void deadlines(struct unit *t)
{
	fresh();
	rule.every = MOST;
	got(0, false, 1 * MS);
	EXPECT_EQ(t, s.ack_deadline, 26 * MS);
	got(1, false, 2 * MS);
	EXPECT_EQ(t, s.ack_deadline, 2 * MS + QUIC_ACK_MANY_NS);
	got(2, false, 4 * MS);
	EXPECT_EQ(t, s.ack_deadline, 2 * MS + QUIC_ACK_MANY_NS);
	EXPECT(t, !quic_pnspace_ack_due(&s, 4 * MS));
	EXPECT(t, quic_pnspace_ack_due(&s, 2 * MS + QUIC_ACK_MANY_NS));
	/* the first one's may be sooner */
	fresh();
	rule.every = MOST;
	got(0, false, 0);
	got(1, false, 24 * MS);
	EXPECT_EQ(t, s.ack_deadline, 25 * MS);
}

/* --- in a connection --- */

static struct pair_cfg cfg;

/* @n packets of the client's arrive at the server, whose ACK is not built. */
static void arrive(struct unit *t, struct quic_conn *conn, u32 n, u64 now)
{
	struct quic_pnspace *rx = &conn->space[QUIC_SPACE_APP];

	quic_pnspace_received_run(rx, n, &conn->ackwait, 25 * MS, now);
	EXPECT_EQ(t, rx->ack_pending, n);
}

static void sleeper(struct unit *t)
{
	struct quic_ackwait *w;
	struct quic_pnspace *rx;
	struct quic_conn *conn;
	struct pair *p;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	conn = p->end[1].conn;
	rx = &conn->space[QUIC_SPACE_APP];
	w = &conn->ackwait;
	quic_pnspace_ack_sent(rx);
	quic_conn_take_want(conn);
	EXPECT_EQ(t, w->most, QUIC_ACK_EVERY);
	/* with nothing owed he only says that he will tell */
	quic_conn_reader_sleeps(conn);
	EXPECT_EQ(t, w->most, QUIC_ACK_TOGETHER / conn->path.mtu);
	EXPECT_EQ(t, w->every, QUIC_ACK_EVERY);
	EXPECT_EQ(t, quic_conn_take_want(conn) & QUIC_WANT_TX, 0);
	/* what waits leaves when he sleeps, and fewer wait next time */
	w->every = 32;
	arrive(t, conn, 20, p->now);
	EXPECT(t, !rx->ack_now);
	quic_conn_reader_sleeps(conn);
	EXPECT(t, rx->ack_now);
	EXPECT(t, quic_conn_take_want(conn) & QUIC_WANT_TX);
	EXPECT_EQ(t, w->every, 16);
	/* once for an ACK */
	quic_conn_reader_sleeps(conn);
	EXPECT_EQ(t, w->every, 16);
	quic_pnspace_ack_sent(rx);
	/* one packet waits as ever: more may come, or what is said next takes it along */
	arrive(t, conn, 1, p->now);
	quic_conn_reader_sleeps(conn);
	EXPECT(t, !rx->ack_now);
	/* he does not come back */
	quic_pnspace_ack_sent(rx);
	arrive(t, conn, 10, p->now);
	quic_conn_on_timer(conn, rx->ack_deadline);
	EXPECT(t, rx->ack_now);
	EXPECT_EQ(t, w->every, QUIC_ACK_EVERY);
	EXPECT_EQ(t, w->most, QUIC_ACK_EVERY);
	pair_free(p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(grows),
	UNIT_CASE(two_else),
	UNIT_CASE(hurry),
	UNIT_CASE(deadlines),
	UNIT_CASE(sleeper),
};

UNIT_SUITE(ackwait, cases);
