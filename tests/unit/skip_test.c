// SPDX-License-Identifier: GPL-2.0
/*
 * Packet numbers that are left out (RFC 9000 21.4): that there are some, that nothing
 * but an ACK of one of them is wrong, and that such an ACK is.
 */
#include "unit_pair.h"
#include "../../kmod/core/skip.h"

#define SEC	QUIC_NS_PER_SEC

static struct pair_cfg cfg;
static u64 sent[4096];		/* bits: 1-RTT packet numbers that the client sent */

static void note_sent(struct pair *p, enum pair_side from, const struct pair_dgram *d)
{
	u32 i;

	for (i = 0; from == PAIR_CLIENT && i < d->n; i++) {
		if (d->pkt[i].level == QUIC_CRYPTO_APP && d->pkt[i].pn < 64 * ARRAY_SIZE(sent))
			sent[d->pkt[i].pn / 64] |= 1ULL << d->pkt[i].pn % 64;
	}
}

static bool was_sent(u64 pn)
{
	return sent[pn / 64] >> pn % 64 & 1;
}

/* A transfer of @bytes that is done and acknowledged. */
static struct pair *moved(struct unit *t, u64 bytes)
{
	struct pair *p;

	pair_defaults(&cfg);
	cfg.link[PAIR_CLIENT].tap = note_sent;
	memset(sent, 0, sizeof(sent));
	p = unit_connected(t, &cfg);
	pair_flow(p, PAIR_CLIENT, bytes);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 100 * SEC));
	pair_run(p, NULL, p->now + SEC);
	return p;
}

static void some_are_left_out(struct unit *t)
{
	struct quic_conn *conn;
	u64 pn, missing = 0, before = 0;
	struct pair *p;

	p = moved(t, 4 << 20);
	conn = p->end[PAIR_CLIENT].conn;
	for (pn = 0; pn < conn->space[QUIC_SPACE_APP].tx_next; pn++) {
		if (was_sent(pn))
			continue;
		missing++;
		EXPECT_GE(t, pn - before, QUIC_SKIP_SPAN);
		before = pn;
	}
	EXPECT_GE(t, missing, conn->space[QUIC_SPACE_APP].tx_next / (4 * QUIC_SKIP_SPAN));
	/* The latest are remembered, and no more. */
	EXPECT_EQ(t, conn->skips.n, QUIC_SKIPS);
	EXPECT_EQ(t, conn->skips.pn[QUIC_SKIPS - 1], before);
	for (pn = 0; pn < QUIC_SKIPS; pn++)
		EXPECT(t, !was_sent(conn->skips.pn[pn]));
	unit_no_errors(t, p);
	pair_free(p);
}

/* They are no losses, and do not make others losses. */
static void costs_nothing(struct unit *t)
{
	struct pair *p = moved(t, 1 << 20);
	u32 i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(t, p->end[i].conn->stats.pkts_lost, 0);
		EXPECT_EQ(t, p->end[i].conn->stats.pkts_retrans, 0);
		EXPECT_EQ(t, p->end[i].conn->stats.pto_total, 0);
	}
	unit_no_errors(t, p);
	pair_free(p);
}

/* One range [lo, hi], and below it [lo2, hi2] if @hi2 is not 0. */
static u32 put_ack(u8 *buf, u32 room, u64 lo, u64 hi, u64 lo2, u64 hi2)
{
	struct quic_wcur w = quic_wcur_init(buf, room);

	quic_put_u8(&w, QUIC_FRAME_ACK);
	quic_put_varint(&w, hi);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, hi2 ? 1 : 0);
	quic_put_varint(&w, hi - lo);
	if (hi2) {
		quic_put_varint(&w, lo - hi2 - 2);
		quic_put_varint(&w, hi2 - lo2);
	}
	return w.p - buf;
}

static bool claimed(struct unit *t, const struct quic_skips *k, u64 lo, u64 hi, u64 lo2,
		    u64 hi2)
{
	struct quic_error err = {};
	struct quic_frame f;
	struct quic_rcur c;
	u8 buf[64];

	c = quic_rcur_init(buf, put_ack(buf, sizeof(buf), lo, hi, lo2, hi2));
	EXPECT_EQ(t, quic_frame_parse(&c, QUIC_F_1, &f, &err), 0);
	return quic_skip_claimed(k, &f);
}

static void which_acks(struct unit *t)
{
	struct quic_skips k = {};

	EXPECT(t, !claimed(t, &k, 0, 1000, 0, 0));
	k = (struct quic_skips){ .pn = { 200, 400, 600 }, .n = 3 };
	EXPECT(t, claimed(t, &k, 200, 200, 0, 0));
	EXPECT(t, claimed(t, &k, 0, 1000, 0, 0));
	EXPECT(t, claimed(t, &k, 600, 700, 0, 0));
	EXPECT(t, claimed(t, &k, 500, 600, 0, 0));
	EXPECT(t, claimed(t, &k, 700, 800, 600, 650));
	EXPECT(t, claimed(t, &k, 601, 800, 100, 599));
	EXPECT(t, claimed(t, &k, 601, 800, 400, 400));
	EXPECT(t, !claimed(t, &k, 601, 800, 401, 599));
	EXPECT(t, !claimed(t, &k, 401, 599, 201, 399));
	EXPECT(t, !claimed(t, &k, 0, 199, 0, 0));
	EXPECT(t, !claimed(t, &k, 1000, 2000, 700, 900));
	EXPECT_EQ(t, quic_skip_below(&k, 199), 0);
	EXPECT_EQ(t, quic_skip_below(&k, 200), 200);
	EXPECT_EQ(t, quic_skip_below(&k, 599), 400);
	EXPECT_EQ(t, quic_skip_below(&k, 5000), 600);
}

static void inject(struct pair *p, u64 lo, u64 hi, u64 lo2, u64 hi2)
{
	struct quic_conn *conn = p->end[PAIR_CLIENT].conn;
	u8 buf[64];

	pair_inject(p, PAIR_CLIENT, QUIC_CRYPTO_APP, conn->space[QUIC_SPACE_APP].rx_next,
		    buf, put_ack(buf, sizeof(buf), lo, hi, lo2, hi2));
}

/* A peer that acknowledges all there may be: the end, and the reason says why. */
static void optimist(struct unit *t)
{
	struct pair *p = moved(t, 1 << 20);
	struct quic_conn *conn = p->end[PAIR_CLIENT].conn;
	const struct quic_close_info *info = quic_conn_close_info(conn);
	u64 skip, acks = conn->stats.acks_recv;

	ASSERT(t, conn->skips.n);
	skip = conn->skips.pn[conn->skips.n - 1];
	/* Around it: that is what an honest one says. */
	inject(p, skip + 1, conn->space[QUIC_SPACE_APP].tx_next - 1, skip - 2, skip - 1);
	EXPECT_EQ(t, quic_conn_state(conn), QUIC_CONN_ESTABLISHED);
	EXPECT_EQ(t, conn->stats.acks_recv, acks + 1);
	inject(p, skip, conn->space[QUIC_SPACE_APP].tx_next - 1, 0, 0);
	EXPECT_EQ(t, quic_conn_state(conn), QUIC_CONN_CLOSING);
	EXPECT_EQ(t, conn->stats.acks_recv, acks + 1);
	EXPECT_EQ(t, info->code, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION);
	EXPECT_EQ(t, info->frame_type, QUIC_FRAME_ACK);
	EXPECT(t, !strcmp(info->reason, "ACK of a packet number that was skipped"));
	pair_free(p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(some_are_left_out),
	UNIT_CASE(costs_nothing),
	UNIT_CASE(which_acks),
	UNIT_CASE(optimist),
};

UNIT_SUITE(skip, cases);
