// SPDX-License-Identifier: GPL-2.0
/*
 * What a hostile peer, or one with bad luck, makes of the corners: sizes that
 * just do not fit, memory that runs out half way, floods, and ACKs that never
 * come.
 */
#include "unit_pair.h"
#include "../../kmod/core/recovery.h"
#include "../../kmod/core/stream.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC

static struct pair_cfg cfg;

static void inject(struct pair *p, enum pair_side to, const u8 *frames, u32 len)
{
	struct quic_conn *conn = p->end[to].conn;

	pair_inject(p, to, QUIC_CRYPTO_APP, conn->space[QUIC_SPACE_APP].rx_next,
		    frames, len);
}

static void finish(struct unit *t, struct pair *p)
{
	unit_no_errors(t, p);
	pair_free(p);
}

/* ---- sending ---- */

/* CONNECTION_CLOSE at two levels, the second in less room than it needs. */
static void close_in_little_room(struct unit *t)
{
	static char why[128];
	struct pair_end *e;
	struct quic_conn *s;
	struct pair *p;
	u32 room, i, sum;

	memset(why, 'w', sizeof(why) - 1);
	for (room = 100; room < 900; room += 7) {
		pair_defaults(&cfg);
		p = pair_new(&cfg);
		e = &p->end[PAIR_SERVER];
		while (!e->conn || !(e->conn->tx_keys & 1 << QUIC_CRYPTO_HANDSHAKE))
			pair_run(p, NULL, p->now + MS);
		s = e->conn;
		ASSERT(t, !s->path.validated);
		s->path.rx_bytes = s->path.tx_bytes;
		s->path.tx_bytes = 3 * s->path.rx_bytes - room;
		quic_conn_handshake_fail(s, 40, why, p->now);
		memset(&e->batch, 0xff, sizeof(e->batch));
		e->batch.n = 0;
		e->batch.n_dgrams = 0;
		e->batch.max_dgrams = 4;
		e->batch.host = &e->arena;
		e->arena.used = 0;
		EXPECT_LE(t, quic_conn_build(s, &e->batch, p->now), 1);
		for (i = 0, sum = 0; i < e->batch.n; i++)
			sum += e->batch.pkt[i].len;
		EXPECT_EQ(t, sum, e->arena.used);
		EXPECT_LE(t, sum, room);
		pair_free(p);
	}
}

/* Data in more pieces than a packet maps, in packets beyond 2^14 bytes. */
static void jumbo_copies(struct unit *t)
{
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	cfg.mtu = 65527;
	cfg.link[0].mtu = cfg.mtu;
	p = unit_connected(t, &cfg);
	p->end[PAIR_CLIENT].conn->path.cc.cwnd = 1 << 20;
	pair_flow(p, PAIR_CLIENT, 1);
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, p->end[PAIR_CLIENT].conn->path.mtu, cfg.mtu);
	for (i = 0; i < 4; i++)
		pair_flow(p, PAIR_CLIENT, 500000 + i);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	EXPECT_EQ(t, p->end[PAIR_CLIENT].pmtu_dropped, 0);
	finish(t, p);
}

/* ---- receiving ---- */

static struct quic_recvbuf rb;

static int arrive(u64 off, u32 len)
{
	struct quic_rxbuf *buf = shim_rxbuf_new(len);
	int rc;

	memset(buf->data, 'x', len);
	rc = quic_recvbuf_add(&rb, off, buf->data, len, buf);
	quic_host_rxbuf_put(buf);
	return rc;
}

/* Memory for the end of a frame only fails after its beginning filled a gap. */
static void gap_filled_then_no_memory(struct unit *t)
{
	quic_recvbuf_init(&rb);
	EXPECT_EQ(t, arrive(400, 400), 0);
	shim_host_fail_at(2);
	EXPECT_EQ(t, arrive(0, 1200), -ENOMEM);
	/* What was acknowledged does not come again. */
	EXPECT_EQ(t, arrive(0, 400), 0);
	EXPECT_EQ(t, arrive(800, 400), 0);
	EXPECT_EQ(t, rb.contig, 1200);
	quic_recvbuf_free(&rb);
}

/* A slow reader of a large window: flow control is the only bound. */
static void in_order_without_end(struct unit *t)
{
	u32 i;

	quic_recvbuf_init(&rb);
	for (i = 0; i < 2 * QUIC_RX_CHUNKS_MAX; i++)
		ASSERT_EQ(t, arrive(i * 300ULL, 300), 0);
	EXPECT_EQ(t, rb.contig, i * 300ULL);
	/* ... or, after a loss, behind a gap. */
	for (i++; i < 4 * QUIC_RX_CHUNKS_MAX; i++)
		ASSERT_EQ(t, arrive(i * 300ULL, 300), 0);
	quic_recvbuf_free(&rb);
	EXPECT_EQ(t, shim_host_live(), 0);
}

/* Packets full of frames of one byte, every other byte, on all streams. */
static void scattered_bytes(struct unit *t)
{
	u8 frames[1200];
	struct quic_wcur w;
	struct quic_conn *s;
	struct pair *p;
	u32 i, n, off = 1;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	p->end[PAIR_SERVER].reading = false;
	s = p->end[PAIR_SERVER].conn;
	for (i = 0; i < 200; i++, off += 20) {
		w = quic_wcur_init(frames, sizeof(frames));
		for (n = 0; n < 160; n++) {
			quic_put_u8(&w, 0x0e);
			quic_put_u8(&w, 4 * (n % 16));
			quic_put_varint(&w, off + n / 16 * 2);
			quic_put_u8(&w, 1);
			quic_put_u8(&w, 'x');
		}
		EXPECT(t, !w.bad);
		inject(p, PAIR_SERVER, frames, w.p - frames);
	}
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	EXPECT_EQ(t, s->streams.rx_pool.copies, shim_host_live_kind(QUIC_OBJ_RX_SMALL));
	EXPECT_EQ(t, s->streams.rx_pool.copies, QUIC_RX_CHUNKS_MAX);
	EXPECT_GT(t, s->stats.pkts_dropped, 0);
	finish(t, p);
	EXPECT_EQ(t, shim_host_live(), 0);
}

static void scattered_crypto(struct unit *t)
{
	u8 frames[1200];
	struct quic_wcur w;
	struct quic_conn *s;
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	s = p->end[PAIR_SERVER].conn;
	for (i = 0; i < 1000; i++) {
		w = quic_wcur_init(frames, sizeof(frames));
		quic_put_u8(&w, 0x06);
		quic_put_varint(&w, 1 + 2 * i);
		quic_put_u8(&w, 1);
		quic_put_u8(&w, 'x');
		inject(p, PAIR_SERVER, frames, w.p - frames);
	}
	EXPECT_EQ(t, shim_host_live_kind(QUIC_OBJ_RX_SMALL), QUIC_RX_CRYPTO_CHUNKS_MAX);
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	finish(t, p);
}

/* Memory is full of what waits behind a gap: the gap can still be filled. */
static void full_of_the_future(struct unit *t)
{
	static const u8 ahead[] = { 0x0e, 0, 2, 1, 'c' };
	static const u8 first[] = { 0x0e, 0, 0, 1, 'a' };
	static const u8 second[] = { 0x0e, 0, 1, 1, 'b' };
	struct quic_conn *s;
	struct pair *p;
	u32 len;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	p->end[PAIR_SERVER].reading = false;
	s = p->end[PAIR_SERVER].conn;
	inject(p, PAIR_SERVER, ahead, sizeof(ahead));
	quic_conn_set_rx_full(s, true);
	inject(p, PAIR_SERVER, first, sizeof(first));
	EXPECT_EQ(t, s->stats.pkts_dropped, 0);
	inject(p, PAIR_SERVER, second, sizeof(second));
	EXPECT_EQ(t, s->stats.pkts_dropped, 1);
	ASSERT(t, quic_conn_readable(s));
	ASSERT(t, quic_stream_peek(quic_conn_readable(s), &len));
	quic_stream_consume(s, quic_conn_readable(s), len);
	inject(p, PAIR_SERVER, second, sizeof(second));
	EXPECT_EQ(t, s->stats.pkts_dropped, 1);
	EXPECT_EQ(t, s->streams.rx_queued, 2);
	finish(t, p);
}

/* ---- time and acknowledgments ---- */

static const u8 ping[] = { 0x01 };

static bool drop_all(struct pair *unused, enum pair_side from, u64 n)
{
	return true;
}

/* An established pair whose packets vanish from now on. */
static struct pair *cut_off(struct unit *t)
{
	struct pair *p;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	p->cfg.link[0].drop = drop_all;
	p->cfg.link[1].drop = drop_all;
	return p;
}

/* A packet recorded and sent again by somebody else keeps nothing alive. */
static void repetition_is_no_life(struct unit *t)
{
	struct quic_conn *s;
	struct pair *p = cut_off(t);
	u64 idle, pn;

	s = p->end[PAIR_SERVER].conn;
	pn = s->space[QUIC_SPACE_APP].rx_next;
	p->now += SEC;
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, pn, ping, sizeof(ping));
	idle = s->idle_deadline;
	EXPECT_GT(t, idle, p->now);
	p->now += SEC;
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, pn, ping, sizeof(ping));
	EXPECT_EQ(t, s->stats.pkts_dup, 1);
	EXPECT_EQ(t, s->idle_deadline, idle);
	finish(t, p);
}

/* A server that may send no more hears of a datagram it cannot open. */
static void credit_from_the_unreadable(struct unit *t)
{
	struct quic_conn *s;
	struct pair *p;

	pair_defaults(&cfg);
	p = pair_new(&cfg);
	p->cfg.link[1].drop = drop_all;
	while (!p->end[PAIR_SERVER].conn)
		pair_run(p, NULL, p->now + MS);
	s = p->end[PAIR_SERVER].conn;
	ASSERT(t, !s->path.validated);
	/* Less than a datagram's worth: nothing can leave, no timer runs. */
	s->path.rx_bytes = 2000;
	s->path.tx_bytes = 6000 - 1000;
	quic_recovery_set_timer(s, p->now);
	EXPECT_EQ(t, s->loss_deadline, QUIC_TIME_NEVER);
	quic_conn_take_want(s);
	quic_conn_recv_undecryptable(s, 400);
	EXPECT(t, quic_conn_take_want(s) & QUIC_WANT_TX);
	EXPECT_NE(t, s->loss_deadline, QUIC_TIME_NEVER);
	pair_free(p);
}

/* A peer that sends PINGs and acknowledges nothing. */
static void acks_that_nobody_acks(struct unit *t)
{
	struct pair *p = cut_off(t);
	struct quic_conn *s = p->end[PAIR_SERVER].conn;
	struct quic_sent *sent = &s->space[QUIC_SPACE_APP].sent;
	u64 acks = s->stats.acks_sent;
	u32 i;

	for (i = 0; i < 4000; i++)
		inject(p, PAIR_SERVER, ping, sizeof(ping));
	EXPECT_EQ(t, s->stats.acks_sent - acks, 2000);
	EXPECT_LE(t, sent->cap, QUIC_SENT_CAP_TRIM);
	/* Nor what does want an ACK: then ACKs stop at some time. */
	pair_flow(p, PAIR_SERVER, 1);
	pair_pump(p);
	for (i = 0; i < 40000; i++)
		inject(p, PAIR_SERVER, ping, sizeof(ping));
	EXPECT_EQ(t, sent->n_eliciting, 1);
	EXPECT_LE(t, sent->cap, 2 * QUIC_SENT_CROWD);
	EXPECT_LE(t, sent->next - sent->base, QUIC_SENT_CROWD);
	/* ... but not probes. */
	pair_run(p, NULL, s->loss_deadline);
	EXPECT_EQ(t, sent->n_eliciting, 3);
	finish(t, p);
}

/* RFC 9002 7.6: that ACKs were lost in between makes it no better. */
static void persistent_in_spite_of_acks(struct unit *t)
{
	struct pair *p = cut_off(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;
	struct quic_pnspace *s = &c->space[QUIC_SPACE_APP];
	u8 frame[16] = { 0x02 };
	struct quic_wcur w = quic_wcur_init(frame + 1, sizeof(frame) - 1);
	u32 i;

	pair_flow(p, PAIR_CLIENT, 1 << 20);
	pair_pump(p);
	c->path.cc.cwnd = c->path.cc.bytes_in_flight;
	for (i = 0; i < 4; i++) {
		pair_run(p, NULL, c->loss_deadline);
		inject(p, PAIR_CLIENT, ping, sizeof(ping));
		inject(p, PAIR_CLIENT, ping, sizeof(ping));
		EXPECT_EQ(t, quic_sent_get(&s->sent, s->tx_next - 1)->flags,
			  QUIC_SENT_OUTSTANDING | QUIC_SENT_ACK);
	}
	pair_run(p, NULL, c->loss_deadline);
	p->now += 20 * MS;
	quic_put_varint(&w, s->tx_next - 1);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, 0);
	inject(p, PAIR_CLIENT, frame, w.p - frame);
	EXPECT_GT(t, c->stats.pkts_lost, 9);
	EXPECT_LE(t, c->path.cc.cwnd, quic_cc_min_window(&c->path.cc) + 1500);
	finish(t, p);
}

/* ---- connection IDs and streams ---- */

/* Numbers can be guessed: of IDs that the peer was not told of yet. */
static void retire_the_untold(struct unit *t)
{
	static const u8 told[] = { 0x19, 0, 0x19, 1, 0x19, 2, 0x19, 3 };
	static const u8 untold[] = { 0x19, 1, 0x19, 4 };
	struct pair *p = cut_off(t);
	struct quic_conn *s = p->end[PAIR_SERVER].conn;

	inject(p, PAIR_SERVER, told, sizeof(told));
	EXPECT_EQ(t, s->cids.local_next, 8);
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	finish(t, p);

	p = cut_off(t);
	s = p->end[PAIR_SERVER].conn;
	inject(p, PAIR_SERVER, untold, sizeof(untold));
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_CLOSING);
	EXPECT_EQ(t, quic_conn_close_info(s)->code, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION);
	EXPECT_EQ(t, s->cids.local_next, 5);
	finish(t, p);
}

/* RFC 9000 10.3.1: the token of an ID that no packet went to ends nothing. */
static void reset_token_of_a_spare(struct unit *t)
{
	struct pair *p = cut_off(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;
	const struct quic_cids *ids = &c->cids;
	u32 i;

	for (i = 0; i < QUIC_REMOTE_CIDS; i++) {
		if (i == ids->active || !ids->remote[i].used)
			continue;
		EXPECT(t, !quic_conn_recv_reset(c, ids->remote[i].token, p->now));
	}
	EXPECT(t, quic_conn_recv_reset(c, ids->remote[ids->active].token, p->now));
	pair_free(p);
}

/* Many streams that only MAX_DATA can help: nobody looks at them till then. */
static void waiting_for_max_data(struct unit *t)
{
	struct quic_conn *c;
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].initial_max_data = 20000;
	cfg.link[0].loss = 100;
	p = unit_connected(t, &cfg);
	p->end[PAIR_SERVER].reading = false;
	c = p->end[PAIR_CLIENT].conn;
	for (i = 0; i < 16; i++)
		pair_flow(p, PAIR_CLIENT, 30000 + i);
	pair_run(p, NULL, p->now + 2 * SEC);
	EXPECT(t, !quic_streams_tx_ready(c));
	EXPECT_GT(t, c->streams.sched.n, 0);
	EXPECT_EQ(t, c->flow_tx.used, 20000);
	p->end[PAIR_SERVER].reading = true;
	pair_pump(p);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 60 * SEC));
	EXPECT_EQ(t, c->streams.sched.n, 0);
	finish(t, p);
}

/* A stream that may send nothing at all: the peer hears that it exists. */
static void no_credit_from_the_start(struct unit *t)
{
	struct pair *p;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].initial_max_stream_data_bidi_remote = 0;
	p = unit_connected(t, &cfg);
	pair_flow(p, PAIR_CLIENT, 1000);
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, p->end[PAIR_CLIENT].conn->stats.stream_bytes_sent, 0);
	EXPECT(t, quic_conn_stream_find(p->end[PAIR_SERVER].conn, 0));
	finish(t, p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(close_in_little_room),
	UNIT_CASE(jumbo_copies),
	UNIT_CASE(gap_filled_then_no_memory),
	UNIT_CASE(in_order_without_end),
	UNIT_CASE(scattered_bytes),
	UNIT_CASE(scattered_crypto),
	UNIT_CASE(full_of_the_future),
	UNIT_CASE(repetition_is_no_life),
	UNIT_CASE(credit_from_the_unreadable),
	UNIT_CASE(acks_that_nobody_acks),
	UNIT_CASE(persistent_in_spite_of_acks),
	UNIT_CASE(retire_the_untold),
	UNIT_CASE(reset_token_of_a_spare),
	UNIT_CASE(waiting_for_max_data),
	UNIT_CASE(no_credit_from_the_start),
};

UNIT_SUITE(hostile, cases);
