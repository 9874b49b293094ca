// SPDX-License-Identifier: GPL-2.0
/*
 * Deadlines (RFC 9000 10.1, 13.2.1; RFC 9002 6.2): ACK delay, idle time-out,
 * keep-alive and closing, on a virtual clock: due then, not before, not twice.
 */
#include "unit_pair.h"
#include "../../kmod/core/recovery.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC

static struct pair_cfg cfg;

static void inject_ping(struct pair *p, enum pair_side to)
{
	static const u8 ping[] = { 0x01 };

	pair_inject(p, to, QUIC_CRYPTO_APP,
		    p->end[to].conn->space[QUIC_SPACE_APP].rx_next, ping, 1);
}

/* A single packet is acknowledged after max_ack_delay, two at once. */
static void ack_delay(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;
	u64 acks, start;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].max_ack_delay = 17;
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_SERVER].conn;
	p->cfg.link[1].loss = 1000;	/* what it acks was never sent */
	acks = conn->stats.acks_sent;
	start = p->now;
	inject_ping(p, PAIR_SERVER);
	EXPECT_EQ(t, quic_conn_deadline(conn), start + 17 * MS);
	pair_run(p, NULL, start + 17 * MS - 1);
	EXPECT_EQ(t, conn->stats.acks_sent, acks);
	pair_run(p, NULL, start + 17 * MS);
	EXPECT_EQ(t, conn->stats.acks_sent, acks + 1);
	inject_ping(p, PAIR_SERVER);
	EXPECT_EQ(t, conn->stats.acks_sent, acks + 1);
	inject_ping(p, PAIR_SERVER);
	EXPECT_EQ(t, conn->stats.acks_sent, acks + 2);
	pair_free(p);
}

/* Receiving restarts the idle timer, and so does the first sending after. */
static void idle_restarts(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;
	u64 first;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].max_idle_timeout = 5000;
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_SERVER].conn;
	EXPECT_EQ(t, conn->idle_timeout, 5 * SEC);
	EXPECT_EQ(t, p->end[PAIR_CLIENT].conn->idle_timeout, 5 * SEC);
	pair_run(p, NULL, p->now + 3 * SEC);
	p->cfg.link[0].loss = 1000;
	p->cfg.link[1].loss = 1000;
	inject_ping(p, PAIR_SERVER);
	EXPECT_EQ(t, conn->idle_deadline, p->now + 5 * SEC);
	pair_run(p, NULL, p->now + 2 * SEC);
	pair_flow(p, PAIR_SERVER, 10);
	pair_pump(p);
	first = p->now;
	EXPECT_EQ(t, conn->idle_deadline, first + 5 * SEC);
	/* Probes, which nobody answers, do not push it out. */
	pair_run(p, NULL, p->now + 4 * SEC);
	EXPECT_GT(t, conn->pto_count, 2);
	EXPECT_EQ(t, conn->idle_deadline, first + 5 * SEC);
	pair_run(p, NULL, first + 5 * SEC);
	EXPECT_EQ(t, quic_conn_state(conn), QUIC_CONN_CLOSED);
	EXPECT_EQ(t, quic_conn_deadline(conn), QUIC_TIME_NEVER);
	pair_free(p);
}

/* Never below three PTOs, however short the peers' wish (RFC 9000 10.1). */
static void idle_at_least_three_ptos(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].max_idle_timeout = 1;
	cfg.link[0].delay = 100 * MS;
	cfg.link[1].delay = 100 * MS;
	p = pair_new(&cfg);
	ASSERT(t, pair_run(p, pair_confirmed, p->now + 5 * SEC));
	conn = p->end[PAIR_CLIENT].conn;
	EXPECT_GE(t, conn->idle_deadline, p->now + 500 * MS);
	EXPECT_EQ(t, p->errors, 0);
	pair_free(p);
}

/* No time-out was asked for: none. */
static void idle_never(struct unit *t)
{
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	for (i = 0; i < 2; i++)
		cfg.local[i].max_idle_timeout = 0;
	p = unit_connected(t, &cfg);
	pair_run(p, NULL, p->now + 5 * SEC);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(t, quic_conn_deadline(p->end[i].conn), QUIC_TIME_NEVER);
	pair_free(p);
}

/* The longest that can be asked for does not wrap. */
static void idle_longest(struct unit *t)
{
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	for (i = 0; i < 2; i++)
		cfg.local[i].max_idle_timeout = QUIC_VARINT_MAX;
	p = unit_connected(t, &cfg);
	pair_run(p, NULL, p->now + 5 * SEC);
	for (i = 0; i < 2; i++)
		EXPECT_GT(t, quic_conn_deadline(p->end[i].conn), p->now + 1000000 * SEC);
	pair_free(p);
}

/*
 * A client's first Handshake packet closes: it also makes the server discard
 * its Initial space. Only the end of draining is left to wait for.
 */
static void closing_has_one_deadline(struct unit *t)
{
	static const u8 close[] = { 0x1c, 1, 0, 0 };
	struct quic_conn *conn;
	struct pair *p;

	pair_defaults(&cfg);
	p = pair_new(&cfg);
	pair_run(p, NULL, p->now + 15 * MS);
	conn = p->end[PAIR_SERVER].conn;
	ASSERT(t, conn);
	EXPECT_EQ(t, quic_conn_state(conn), QUIC_CONN_HANDSHAKE);
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_HANDSHAKE, 0, close, sizeof(close));
	EXPECT_EQ(t, quic_conn_state(conn), QUIC_CONN_DRAINING);
	EXPECT_EQ(t, quic_conn_deadline(conn), conn->close_deadline);
	EXPECT_GT(t, conn->close_deadline, p->now + 2 * SEC);
	quic_conn_on_timer(conn, conn->close_deadline);
	EXPECT_EQ(t, quic_conn_state(conn), QUIC_CONN_CLOSED);
	EXPECT_EQ(t, quic_conn_deadline(conn), QUIC_TIME_NEVER);
	pair_free(p);
}

/* Called early, late, twice: as if called once in time. */
static void calls_do_no_harm(struct unit *t)
{
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	cfg.link[0].loss = 100;
	cfg.link[1].loss = 100;
	p = pair_new(&cfg);
	for (i = 0; i < 3; i++)
		pair_flow(p, i & 1, 100000);
	for (i = 0; i < 5000 && !pair_all_done(p); i++) {
		pair_run(p, pair_all_done, p->now + unit_below(t, 10 * MS));
		quic_conn_on_timer(p->end[0].conn, p->now);
		quic_conn_on_timer(p->end[0].conn, p->now);
		if (p->end[1].conn)
			quic_conn_on_timer(p->end[1].conn, p->now);
	}
	EXPECT(t, pair_all_done(p));
	EXPECT_EQ(t, p->errors, 0);
	pair_free(p);
}

/* Silence is broken before it ends the connection (RFC 9000 10.1.2). */
static void keepalive(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;
	u64 sent;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].max_idle_timeout = 5000;
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_CLIENT].conn;
	quic_conn_set_keepalive(conn, 2 * SEC, p->now);
	EXPECT_EQ(t, conn->keepalive_deadline, p->now + 2 * SEC);
	sent = p->end[PAIR_CLIENT].sent;
	pair_run(p, NULL, p->now + 60 * SEC);
	EXPECT_EQ(t, conn->state, QUIC_CONN_ESTABLISHED);
	EXPECT_EQ(t, p->end[PAIR_SERVER].conn->state, QUIC_CONN_ESTABLISHED);
	/* one each time, and the peer's answers */
	EXPECT_GT(t, p->end[PAIR_CLIENT].sent - sent, 25);
	EXPECT_LE(t, p->end[PAIR_CLIENT].sent - sent, 31);
	/* it keeps no dead peer alive */
	p->cfg.link[PAIR_SERVER].loss = 1000;
	pair_run(p, NULL, p->now + 12 * SEC);
	EXPECT_EQ(t, conn->state, QUIC_CONN_CLOSED);
	EXPECT_EQ(t, conn->close.origin, QUIC_CLOSE_IDLE);
	pair_free(p);
}

static void keepalive_off(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].max_idle_timeout = 5000;
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_CLIENT].conn;
	quic_conn_set_keepalive(conn, 2 * SEC, p->now);
	quic_conn_set_keepalive(conn, 0, p->now);
	EXPECT_EQ(t, conn->keepalive_deadline, QUIC_TIME_NEVER);
	pair_run(p, NULL, p->now + 6 * SEC);
	EXPECT_EQ(t, conn->state, QUIC_CONN_CLOSED);
	pair_free(p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(ack_delay),
	UNIT_CASE(idle_restarts),
	UNIT_CASE(idle_at_least_three_ptos),
	UNIT_CASE(idle_never),
	UNIT_CASE(idle_longest),
	UNIT_CASE(closing_has_one_deadline),
	UNIT_CASE(calls_do_no_harm),
	UNIT_CASE(keepalive),
	UNIT_CASE(keepalive_off),
};

UNIT_SUITE(conn_timer, cases);
