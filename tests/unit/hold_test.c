// SPDX-License-Identifier: GPL-2.0
/*
 * Small writes share packets: which wait, for how long, and what does not wait.
 */
#include "unit.h"
#include "../shim/pair.h"
#include "unit_pair.h"
#include "../../kmod/core/wire_frame.h"

#define US	QUIC_NS_PER_US
#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC
#define MOST	(500 * US)

static struct pair_cfg cfg;
static struct quic_conn *conn;
static struct quic_stream *st;

/* A quiet connection whose client holds back; @delay is half of the round trip. */
static struct pair *quiet(struct unit *t, u64 delay)
{
	struct pair *p;

	pair_defaults(&cfg);
	cfg.link[0].delay = delay;
	cfg.link[1].delay = delay;
	p = unit_connected(t, &cfg);
	pair_run(p, NULL, p->now + 5 * SEC);
	conn = p->end[PAIR_CLIENT].conn;
	quic_conn_set_hold(conn, MOST);
	EXPECT_EQ(t, quic_conn_stream_open(conn, false, &st), 0);
	return p;
}

static void write_some(struct unit *t, struct pair *p, u32 len)
{
	EXPECT_EQ(t, unit_append(conn, st, len), 0);
	pair_pump(p);
}

static u64 sent(void)
{
	return conn->stats.pkts_sent;
}

/* The first leaves at once, the next ones together when the time is over. */
static void share(struct unit *t)
{
	struct pair *p = quiet(t, 10 * MS);
	u64 before = sent(), begin = p->now;
	u32 i;

	write_some(t, p, 100);
	EXPECT_EQ(t, sent(), before + 1);
	for (i = 0; i < 5; i++)
		write_some(t, p, 100);
	EXPECT_EQ(t, sent(), before + 1);
	EXPECT_EQ(t, quic_conn_pacing_deadline(conn), begin + MOST);
	pair_run(p, NULL, begin + MOST - 1);
	EXPECT_EQ(t, sent(), before + 1);
	pair_run(p, NULL, begin + MOST);
	EXPECT_EQ(t, sent(), before + 2);
	EXPECT_EQ(t, conn->flow_tx.used, conn->streams.tx_appended);
	pair_free(p);
}

/* Where a quarter of the round trip is less than the host's limit it counts. */
static void short_path(struct unit *t)
{
	struct pair *p = quiet(t, 300 * US);
	u64 begin = p->now;

	write_some(t, p, 100);
	write_some(t, p, 100);
	EXPECT_EQ(t, quic_conn_pacing_deadline(conn), begin + conn->path.rtt.smoothed / 4);
	EXPECT_GE(t, conn->path.rtt.smoothed / 4, 120 * US);
	EXPECT_LE(t, conn->path.rtt.smoothed / 4, 180 * US);
	pair_free(p);
}

/* A packet from the peer, with a few bytes of a stream. */
static void hear(struct pair *p)
{
	struct quic_rxbuf *buf = shim_rxbuf_new(64);
	struct quic_rx_pkt pkt = {
		.data = buf->data, .buf = buf, .dgram_len = 64, .level = QUIC_CRYPTO_APP,
		.pn = conn->space[QUIC_SPACE_APP].rx_next,
	};
	struct quic_wcur w = quic_wcur_init(buf->data, 64);

	quic_frame_put_stream_hdr(&w, 1, 0, 8, true, false);
	quic_put_bytes(&w, "question", 8);
	pkt.len = w.p - buf->data;
	quic_conn_recv(conn, &pkt, 1, p->now);
	quic_host_rxbuf_put(buf);
}

/* On a very short path only what may be an answer waits no longer than that. */
static void very_short_path(struct unit *t)
{
	struct pair *p = quiet(t, 20 * US);
	u64 begin = p->now, before;

	write_some(t, p, 100);
	write_some(t, p, 100);
	EXPECT_EQ(t, quic_conn_pacing_deadline(conn), begin + 100 * US);
	EXPECT_LE(t, conn->path.rtt.smoothed / 4, 30 * US);
	p->now = begin + 100 * US;
	write_some(t, p, 100);
	EXPECT_EQ(t, conn->flow_tx.used, conn->streams.tx_appended);
	hear(p);
	conn->hold.sent = p->now - conn->path.rtt.smoothed / 4;
	before = sent();
	write_some(t, p, 100);
	EXPECT_EQ(t, sent(), before + 1);
	pair_free(p);
}

/* For how long a write waits where sending @pkts packets before it took @took. */
static u64 next_waits(struct unit *t, struct pair *p, u64 pkts, u64 took)
{
	u64 begin = p->now, until;

	write_some(t, p, 100);
	EXPECT_EQ(t, conn->hold.sent, begin);
	quic_conn_tx_took(conn, pkts, begin + took);
	write_some(t, p, 100);
	until = quic_conn_pacing_deadline(conn);
	p->now = until;
	pair_pump(p);
	EXPECT_EQ(t, conn->flow_tx.used, conn->streams.tx_appended);
	p->now += MS;
	return until - begin;
}

/* Where sending takes long, more writes share a packet; trains say nothing of that. */
static void costly(struct unit *t)
{
	struct pair *p = quiet(t, 20 * US);

	EXPECT_EQ(t, next_waits(t, p, 1, 10 * US), 100 * US);
	EXPECT_EQ(t, next_waits(t, p, 1, 70 * US), 280 * US);
	EXPECT_EQ(t, next_waits(t, p, 3, 10 * US), 280 * US);
	EXPECT_EQ(t, next_waits(t, p, 2, 200 * US), MOST);
	EXPECT_EQ(t, next_waits(t, p, 0, 10 * US), MOST);
	EXPECT_EQ(t, next_waits(t, p, 1, SEC), MOST);
	EXPECT_EQ(t, next_waits(t, p, 1, 30 * US), 120 * US);
	pair_free(p);
}

/* What fills a batch leaves, and its rest waits. */
static void full_batch(struct unit *t)
{
	struct pair *p = quiet(t, 10 * MS);
	u64 before = sent();

	quic_cc_init(&conn->path.cc, conn->path.cc.ops, 64 * conn->path.mtu);
	conn->path.cc.cwnd = QUIC_NS_PER_SEC;
	quic_pacer_update(&conn->path.pacer, conn->path.cc.cwnd, MS, true, conn->path.mtu);
	write_some(t, p, 100);
	write_some(t, p, 100 * 1000);
	EXPECT_GE(t, sent(), before + 32);
	EXPECT_GE(t, conn->streams.tx_appended - conn->flow_tx.used, 1);
	EXPECT_LE(t, conn->streams.tx_appended - conn->flow_tx.used, 64 * 1452);
	pair_free(p);
}

static void push(struct unit *t)
{
	struct pair *p = quiet(t, 10 * MS);
	u64 before = sent();

	write_some(t, p, 100);
	write_some(t, p, 100);
	EXPECT_EQ(t, sent(), before + 1);
	quic_conn_push(conn);
	pair_pump(p);
	EXPECT_EQ(t, sent(), before + 2);
	/* once: what comes then waits again */
	write_some(t, p, 100);
	EXPECT_EQ(t, sent(), before + 2);
	pair_free(p);
}

/* The end of a stream, and a limit that becomes 0. */
static void end_of_it(struct unit *t)
{
	struct pair *p = quiet(t, 10 * MS);
	u64 before = sent();

	write_some(t, p, 100);
	write_some(t, p, 100);
	EXPECT_EQ(t, sent(), before + 1);
	EXPECT_EQ(t, quic_stream_finish(conn, st), 0);
	pair_pump(p);
	EXPECT_EQ(t, sent(), before + 2);
	ASSERT_EQ(t, quic_conn_stream_open(conn, false, &st), 0);
	write_some(t, p, 100);
	EXPECT_EQ(t, sent(), before + 2);
	quic_conn_set_hold(conn, 0);
	pair_pump(p);
	EXPECT_EQ(t, sent(), before + 3);
	write_some(t, p, 100);
	EXPECT_EQ(t, sent(), before + 4);
	pair_free(p);
}

/* An ACK that leaves takes along what waits. */
static void with_ack(struct unit *t)
{
	struct pair *p = quiet(t, 10 * MS);
	struct quic_conn *peer = p->end[PAIR_SERVER].conn;
	struct quic_stream *theirs;
	u64 before;

	ASSERT_EQ(t, quic_conn_stream_open(peer, false, &theirs), 0);
	write_some(t, p, 100);
	EXPECT_EQ(t, unit_append(peer, theirs, 3000), 0);
	pair_pump(p);
	pair_run(p, NULL, p->now + 10 * MS - 1);
	conn->hold.sent = p->now;
	before = sent();
	write_some(t, p, 100);
	EXPECT_EQ(t, sent(), before);
	pair_run(p, NULL, p->now + 1);	/* two packets: an ACK is due */
	EXPECT_EQ(t, sent(), before + 1);
	EXPECT_EQ(t, conn->flow_tx.used, conn->streams.tx_appended);
	pair_free(p);
}

/* Bytes of a stream that is reset before they left count no more. */
static void given_up(struct unit *t)
{
	struct pair *p = quiet(t, 10 * MS);

	write_some(t, p, 100);
	write_some(t, p, 100);
	EXPECT_EQ(t, conn->streams.tx_appended - conn->flow_tx.used, 100);
	EXPECT_EQ(t, quic_stream_reset(conn, st, 7), 0);
	EXPECT_EQ(t, conn->streams.tx_appended, conn->flow_tx.used);
	pair_pump(p);
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, conn->streams.tx_appended, conn->flow_tx.used);
	pair_free(p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(share),
	UNIT_CASE(short_path),
	UNIT_CASE(very_short_path),
	UNIT_CASE(costly),
	UNIT_CASE(full_batch),
	UNIT_CASE(push),
	UNIT_CASE(end_of_it),
	UNIT_CASE(with_ack),
	UNIT_CASE(given_up),
};

UNIT_SUITE(hold, cases);
