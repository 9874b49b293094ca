// SPDX-License-Identifier: GPL-2.0
/*
 * DATAGRAM frames in packets (RFC 9221): whole, once, never sent again; beside
 * streams and ACKs, none starves; held back by congestion control and not by flow
 * control; at the end of a connection; through a bad network.
 */
#include "unit_dgram.h"

/* ---- on the wire ---- */

static u64 dgram_frames, ping_frames;

static void tap(struct pair *p, enum pair_side from, const struct pair_dgram *d)
{
	struct quic_error err = {};
	struct quic_frame f;
	struct quic_rcur c;
	u32 i;

	for (i = 0; i < d->n && from == PAIR_CLIENT; i++) {
		c = quic_rcur_init(d->pkt[i].data, d->pkt[i].len);
		while (d->pkt[i].level == QUIC_CRYPTO_APP && quic_rcur_left(&c) &&
		       !quic_frame_parse(&c, QUIC_F_1, &f, &err)) {
			ping_frames += f.type == QUIC_FRAME_PING;
			dgram_frames += (f.type & ~1ULL) == QUIC_FRAME_DATAGRAM;
		}
	}
}

static bool lose_all(struct pair *p, enum pair_side from, u64 n)
{
	return true;
}

/* Lost ones are counted; the PTO's probes carry a PING, not the bytes again. */
static void never_sent_again(struct unit *t)
{
	struct pair *p;

	defaults(65535);
	cfg.link[0].tap = tap;
	p = quiet_pair(t);
	dgram_frames = 0;
	ping_frames = 0;
	p->cfg.link[0].drop = lose_all;
	EXPECT_EQ(t, pair_msg_send(p->end[PAIR_CLIENT].conn, bytes, 600), 0);
	pair_run(p, NULL, p->now + 300 * MS);
	p->cfg.link[0].drop = NULL;
	pair_run(p, NULL, p->now + 5 * SEC);
	EXPECT_EQ(t, dgram_frames, 1);
	EXPECT_GE(t, ping_frames, 2);
	EXPECT_EQ(t, stats(p, PAIR_CLIENT)->sent, 1);
	EXPECT_EQ(t, stats(p, PAIR_CLIENT)->lost, 1);
	EXPECT_EQ(t, stats(p, PAIR_CLIENT)->acked, 0);
	EXPECT_EQ(t, stats(p, PAIR_SERVER)->recv, 0);
	EXPECT_EQ(t, p->end[PAIR_CLIENT].conn->path.cc.bytes_in_flight, 0);
	finish(t, p);
}

/* Declared lost, then acknowledged after all: it moves from one count to the other. */
static void spurious_loss(struct unit *t)
{
	struct quic_sent_pkt *r;
	struct quic_sent *sent;
	struct quic_conn *conn;
	struct pair *p;
	u64 pn;

	defaults(65535);
	p = quiet_pair(t);
	conn = p->end[PAIR_CLIENT].conn;
	sent = &conn->space[QUIC_SPACE_APP].sent;
	pn = sent->next;
	EXPECT_EQ(t, pair_msg_send(conn, bytes, 600), 0);
	pair_pump(p);
	/* as after a loss whose record is still there when the ACK comes */
	r = quic_sent_get(sent, pn);
	EXPECT_EQ(t, r->dgrams, 1);
	r->flags &= ~QUIC_SENT_OUTSTANDING;
	r->flags |= QUIC_SENT_LOST;
	sent->n_eliciting--;
	conn->path.cc.bytes_in_flight -= r->size;
	quic_dgrams_lost(conn, r->dgrams);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_EQ(t, conn->stats.pkts_spurious, 1);
	EXPECT_EQ(t, stats(p, PAIR_CLIENT)->lost, 0);
	EXPECT_EQ(t, stats(p, PAIR_CLIENT)->acked, 1);
	finish(t, p);
}

/* Small ones share a packet; each is whole. */
static void bundled(struct unit *t)
{
	struct pair *p;
	u32 i, len;

	defaults(65535);
	cfg.link[0].tap = tap;
	p = quiet_pair(t);
	p->end[PAIR_CLIENT].sent = 0;
	dgram_frames = 0;
	for (i = 0; i < 26; i++) {
		bytes[0] = 'a' + i;
		EXPECT_EQ(t, pair_msg_send(p->end[PAIR_CLIENT].conn, bytes, 40 + i), 0);
	}
	pair_pump(p);
	EXPECT_EQ(t, dgram_frames, 26);
	EXPECT_EQ(t, p->end[PAIR_CLIENT].sent, 1);
	pair_run(p, NULL, p->now + 100 * MS);
	for (i = 0; i < 26; i++) {
		const u8 *data;

		ASSERT(t, quic_conn_dgram_peek(p->end[PAIR_SERVER].conn, &data, &len));
		EXPECT_EQ(t, len, 40 + i);
		EXPECT_EQ(t, data[0], 'a' + i);
		EXPECT_MEM_EQ(t, data + 1, bytes + 1, len - 1);
		quic_conn_dgram_take(p->end[PAIR_SERVER].conn, len);
	}
	finish(t, p);
}

/* All lengths, alone, in pairs, and beside stream data: whole, and in their room. */
static void every_length(struct unit *t)
{
	struct pair_msgs *m;
	struct pair *p;
	u32 i;

	for (i = 0; i < 3; i++) {
		defaults(65535);
		cfg.check_every = 16;
		p = unit_connected(t, &cfg);
		m = pair_msgs(p, PAIR_CLIENT, 3000, i == 2 ? 300 : 1452);
		if (i)
			pair_flow(p, PAIR_CLIENT, 2 * MB);
		EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
		pair_run(p, NULL, p->now + SEC);
		EXPECT_EQ(t, m->read, 3000);
		EXPECT(t, !pair_msgs_sum(p, PAIR_CLIENT));
		finish(t, p);
	}
}

/* During the handshake, and from a server before its client confirms. */
static void early(struct unit *t)
{
	struct pair *p;
	u32 i, max;

	defaults(65535);
	p = pair_new(&cfg);
	EXPECT_EQ(t, pair_msg_send(p->end[0].conn, bytes, 10), -EPIPE);
	pair_run(p, pair_established, p->now + 5 * SEC);
	for (i = 0; i < 2; i++) {
		max = quic_conn_dgram_max(p->end[i].conn);
		EXPECT_EQ(t, max, 1200 - 30);
		EXPECT_EQ(t, pair_msg_send(p->end[i].conn, bytes, max), 0);
	}
	p->end[0].reading = false;
	p->end[1].reading = false;
	pair_run(p, NULL, p->now + SEC);
	for (i = 0; i < 2; i++) {
		const u8 *data;
		u32 len = 0;

		EXPECT(t, quic_conn_dgram_peek(p->end[i].conn, &data, &len));
		EXPECT_EQ(t, len, 1200 - 30);
		quic_conn_dgram_take(p->end[i].conn, len);
	}
	finish(t, p);
}

/* ---- sharing ---- */

/* Both have plenty: neither gets less than a third of the bytes. */
static void fair_share(struct unit *t)
{
	static const u32 sizes[] = { 60, 350, 700, 1422 };
	struct pair_msgs *m;
	struct pair *p;
	u64 stream;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		defaults(65535);
		cfg.check_every = 64;
		cfg.link[0].rate = 2500000;
		cfg.link[0].queue = 60000;
		p = unit_connected(t, &cfg);
		m = pair_msgs(p, PAIR_CLIENT, 400000, sizes[i]);
		pair_flow(p, PAIR_CLIENT, 100 * MB);
		pair_run(p, NULL, p->now + 4 * SEC);
		stream = p->flow[0].received;
		EXPECT_GT(t, stream, 2 * MB);
		EXPECT_GT(t, m->bytes, 2 * MB);
		EXPECT_GT(t, 2 * stream, m->bytes);
		EXPECT_GT(t, 2 * m->bytes, stream);
		finish(t, p);
	}
}

/* Where each datagram needs a whole packet, ACKs still get theirs, and it gets its. */
static void whole_packets_and_acks(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;
	u32 max;

	defaults(65535);
	cfg.check_every = 64;
	cfg.batch = 1;
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_CLIENT].conn;
	max = quic_conn_dgram_max(conn);
	pair_flow(p, PAIR_SERVER, 4 * MB);
	while (!p->errors && !pair_all_done(p) && EXPECT(t, p->now < p->begin + 60 * SEC)) {
		while (!pair_msg_send(conn, bytes, max))
			;
		pair_run(p, NULL, p->now + 10 * MS);
		if (p->flow[0].done)
			pair_run(p, NULL, p->now + 5 * SEC);
	}
	EXPECT_GT(t, stats(p, PAIR_CLIENT)->sent, 1000);
	EXPECT_EQ(t, conn->dgrams.tx.n, 0);
	EXPECT_EQ(t, p->end[PAIR_SERVER].conn->stats.pkts_lost, 0);
	finish(t, p);
}

/* Congestion control holds datagrams back; flow control does not. */
static void window_not_credit(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;
	u32 i;

	defaults(65535);
	cfg.local[PAIR_SERVER].initial_max_data = 0;
	p = quiet_pair(t);
	conn = p->end[PAIR_CLIENT].conn;
	for (i = 0; i < 200; i++)
		EXPECT_EQ(t, pair_msg_send(conn, bytes, 1000), 0);
	pair_pump(p);
	EXPECT_LE(t, conn->path.cc.bytes_in_flight, conn->path.cc.cwnd);
	EXPECT_GT(t, conn->dgrams.tx.n, 100);
	pair_run(p, NULL, p->now + 2 * SEC);
	EXPECT_EQ(t, stats(p, PAIR_CLIENT)->sent, 200);
	EXPECT_EQ(t, stats(p, PAIR_SERVER)->recv, 200);
	finish(t, p);
}

/* What came before a read is next, however much a stream has left. */
static void order_of_reading(struct unit *t)
{
	struct quic_stream *s;
	struct quic_conn *conn;
	struct pair *p;

	defaults(65535);
	p = quiet_pair(t);
	conn = p->end[PAIR_SERVER].conn;
	send_numbered(p, "a", 300);
	pair_run(p, NULL, p->now + 50 * MS);
	pair_flow(p, PAIR_CLIENT, 100000);
	pair_run(p, NULL, p->now + 500 * MS);
	send_numbered(p, "b", 300);
	pair_run(p, NULL, p->now + 50 * MS);
	EXPECT(t, quic_conn_dgram_is_next(conn));
	quic_conn_dgram_take(conn, U32_MAX);
	EXPECT(t, !quic_conn_dgram_is_next(conn));
	s = quic_conn_readable(conn);
	ASSERT(t, s);
	quic_stream_consume(conn, s, 10);
	p->flow[0].received += 10;
	EXPECT(t, quic_conn_readable(conn));
	EXPECT(t, quic_conn_dgram_is_next(conn));
	/* one that is begun is read to its end */
	quic_conn_dgram_take(conn, 1);
	EXPECT(t, quic_conn_dgram_is_next(conn));
	EXPECT_STR_EQ(t, numbers(conn), "\x0b");
	finish(t, p);
}

/* ---- the end ---- */

/* An orderly end sends what is queued; an abrupt one drops it, and counts it. */
static void at_the_end(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;
	u32 i, how;

	for (how = 0; how < 2; how++) {
		defaults(65535);
		p = quiet_pair(t);
		conn = p->end[PAIR_CLIENT].conn;
		for (i = 0; i < 100; i++)
			EXPECT_EQ(t, pair_msg_send(conn, bytes, 1000), 0);
		if (how) {
			quic_conn_close(conn, true, 0, "", p->now);
			EXPECT_EQ(t, stats(p, PAIR_CLIENT)->tx_dropped, 100);
			EXPECT_EQ(t, shim_host_live_kind(QUIC_OBJ_DGRAM), 0);
		} else {
			quic_conn_shutdown(conn, 0, "", 10 * SEC, p->now);
			EXPECT_EQ(t, pair_msg_send(conn, bytes, 10), -EPIPE);
		}
		pair_run(p, pair_closed, p->now + 20 * SEC);
		EXPECT(t, pair_closed(p));
		EXPECT_EQ(t, stats(p, PAIR_SERVER)->recv, how ? 0 : 100);
		EXPECT_EQ(t, pair_msg_send(conn, bytes, 10), -EPIPE);
		/* what came can still be read */
		EXPECT_EQ(t, p->end[PAIR_SERVER].conn->dgrams.rx.n, how ? 0 : 100);
		finish(t, p);
	}
}

/* Loss, repetition, reordering, damage: sums add up, nothing comes twice. */
static void bad_network(struct unit *t)
{
	struct pair_msgs *m[2];
	struct pair *p;
	u32 i;

	defaults(65535);
	cfg.check_every = 32;
	for (i = 0; i < 2; i++) {
		cfg.link[i].loss = 50;
		cfg.link[i].dup = 100;
		cfg.link[i].corrupt = 20;
		cfg.link[i].reorder = 100;
		cfg.link[i].reorder_delay = 20 * MS;
	}
	p = unit_connected(t, &cfg);
	m[0] = pair_msgs(p, PAIR_CLIENT, 4000, 1452);
	m[1] = pair_msgs(p, PAIR_SERVER, 4000, 100);
	pair_flow(p, PAIR_CLIENT, 300000);
	pair_flow(p, PAIR_SERVER, 300000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 600 * SEC));
	pair_run(p, NULL, p->now + 20 * SEC);
	for (i = 0; i < 2; i++) {
		EXPECT(t, !pair_msgs_sum(p, i));
		EXPECT_EQ(t, stats(p, i)->sent + stats(p, i)->tx_dropped, 4000);
		EXPECT_GT(t, stats(p, i)->lost, 0);
		EXPECT_EQ(t, stats(p, i)->acked + stats(p, i)->lost, stats(p, i)->sent);
		EXPECT_LT(t, m[i]->read, 4000);
		EXPECT_GT(t, m[i]->read, 3000);
	}
	finish(t, p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(never_sent_again),
	UNIT_CASE(spurious_loss),
	UNIT_CASE(bundled),
	UNIT_CASE(every_length),
	UNIT_CASE(early),
	UNIT_CASE(fair_share),
	UNIT_CASE(whole_packets_and_acks),
	UNIT_CASE(window_not_credit),
	UNIT_CASE(order_of_reading),
	UNIT_CASE(at_the_end),
	UNIT_CASE(bad_network),
};

UNIT_SUITE(dgram_tx, cases);
