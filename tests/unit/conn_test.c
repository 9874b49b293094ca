// SPDX-License-Identifier: GPL-2.0
/*
 * The connection, two of them back to back (tests/shim/pair.h): handshakes,
 * bulk data, every kind of loss, closing, limits, and memory that runs out.
 */
#include "unit_pair.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC
#define MB	(1ULL << 20)

static struct pair_cfg cfg;

/* A pair after a clean handshake, or NULL. */
/* An application's code: all 62 bits count (RFC 9000 20.2). */
#define CODE	(QUIC_VARINT_MAX - 4711)

static struct pair *connected(struct unit *t)
{
	struct pair *p = pair_new(&cfg);

	if (EXPECT(t, pair_run(p, pair_confirmed, p->now + 5 * SEC)))
		return p;
	unit_log("# %s", p->error ? p->error : "time is up");
	pair_free(p);
	return NULL;
}

static const struct quic_close_info *closed_by(const struct pair *p, enum pair_side s)
{
	return quic_conn_close_info(p->end[s].conn);
}

/* ---- handshake ---- */

static void handshake(struct unit *t)
{
	struct quic_conn *c, *s;
	struct pair *p;
	u64 start;

	pair_defaults(&cfg);
	p = pair_new(&cfg);
	start = p->now;
	ASSERT(t, pair_run(p, pair_established, start + SEC));
	/* One round trip and a half: CH, SH .. FIN, FIN. */
	EXPECT_LE(t, p->now - start, 31 * MS);
	ASSERT(t, pair_run(p, pair_confirmed, start + SEC));
	EXPECT_LE(t, p->now - start, 41 * MS);
	c = p->end[PAIR_CLIENT].conn;
	s = p->end[PAIR_SERVER].conn;
	EXPECT_EQ(t, quic_conn_keys_discarded(c) & 6, 6);
	EXPECT_EQ(t, quic_conn_keys_discarded(s) & 6, 6);
	pair_run(p, NULL, p->now + 2 * SEC);
	EXPECT_EQ(t, c->stats.pkts_lost + s->stats.pkts_lost, 0);
	EXPECT_EQ(t, c->stats.pto_total + s->stats.pto_total, 0);
	EXPECT_EQ(t, c->path.cc.bytes_in_flight + s->path.cc.bytes_in_flight, 0);
	/* Path MTU was found, connection IDs were exchanged. */
	EXPECT_EQ(t, c->path.mtu, 1452);
	EXPECT_EQ(t, s->path.mtu, 1452);
	EXPECT_EQ(t, c->cids.local_next, QUIC_LOCAL_CIDS);
	unit_no_errors(t, p);
	pair_free(p);
}

/* Flights that need many datagrams, also more than amplification lets out. */
static void handshake_sizes(struct unit *t)
{
	struct pair *p;
	u32 flight;

	for (flight = 200; flight <= 8000; flight += 300) {
		pair_defaults(&cfg);
		cfg.flight = flight;
		p = connected(t);
		ASSERT(t, p);
		unit_no_errors(t, p);
		pair_free(p);
	}
}

static u64 drop_mask[2];

static bool drop_by_mask(struct pair *p, enum pair_side from, u64 n)
{
	return n < 64 && drop_mask[from] >> n & 1;
}

static void handshake_with_masks(struct unit *t, u64 client, u64 server, u64 limit,
				 u32 flight)
{
	struct pair *p;

	pair_defaults(&cfg);
	cfg.flight = flight;
	cfg.link[0].drop = drop_by_mask;
	cfg.link[1].drop = drop_by_mask;
	cfg.handshake_timeout = 100 * SEC;
	cfg.check_every = 1;
	drop_mask[PAIR_CLIENT] = client;
	drop_mask[PAIR_SERVER] = server;
	p = pair_new(&cfg);
	if (!EXPECT(t, pair_run(p, pair_confirmed, p->now + limit)))
		unit_log("# masks %#llx %#llx: %s", client, server,
			 p->error ? p->error : "time is up");
	unit_no_errors(t, p);
	pair_free(p);
}

/* Every single datagram of the handshake lost, and every pair of them. */
static void handshake_each_lost(struct unit *t)
{
	u32 i, j;

	for (i = 0; i < 10; i++) {
		for (j = 0; j < 10; j++) {
			handshake_with_masks(t, 1ULL << i, 1ULL << j, 10 * SEC, 2500);
			handshake_with_masks(t, 1ULL << i | 1ULL << j, 0, 10 * SEC, 2500);
			handshake_with_masks(t, 0, 1ULL << i | 1ULL << j, 10 * SEC, 2500);
		}
	}
}

/*
 * Half of the first datagrams lost, any half. A large flight fills the window
 * with what a client that missed the ServerHello cannot open.
 */
static void handshake_random_masks(struct unit *t)
{
	u64 masks;
	u32 i;

	for (i = 0; i < UNIT_ROUNDS(300); i++) {
		masks = unit_rand(t);
		handshake_with_masks(t, masks & 0xff, masks >> 8 & 0xff, 80 * SEC, 2500);
		handshake_with_masks(t, masks >> 16 & 0xff, masks >> 24 & 0xff,
				     80 * SEC, 7000);
	}
}

/*
 * Data goes out with the client's last handshake bytes and fills its window:
 * the server cannot open any of it when those bytes are lost.
 */
static void handshake_with_data(struct unit *t)
{
	struct pair *p;
	u64 masks;
	u32 i;

	for (i = 0; i < UNIT_ROUNDS(300); i++) {
		pair_defaults(&cfg);
		cfg.link[0].drop = drop_by_mask;
		cfg.link[1].drop = drop_by_mask;
		cfg.handshake_timeout = 400 * SEC;
		cfg.local[PAIR_CLIENT].max_idle_timeout = 0;
		cfg.local[PAIR_SERVER].max_idle_timeout = 0;
		cfg.check_every = 1;
		masks = unit_rand(t);
		drop_mask[PAIR_CLIENT] = masks & (masks >> 8) & 0xfffffe;
		drop_mask[PAIR_SERVER] = (masks >> 32) & (masks >> 40) & 0xfff;
		p = pair_new(&cfg);
		pair_flow(p, PAIR_CLIENT, 50000);
		pair_flow(p, PAIR_SERVER, 50000);
		if (!EXPECT(t, pair_run(p, pair_all_done, p->now + 300 * SEC)))
			unit_log("# masks %#llx %#llx: %s", drop_mask[PAIR_CLIENT],
				 drop_mask[PAIR_SERVER],
				 p->error ? p->error : "time is up");
		unit_no_errors(t, p);
		pair_free(p);
	}
}

static bool drop_all(struct pair *p, enum pair_side from, u64 n)
{
	return true;
}

static void handshake_nobody_there(struct unit *t)
{
	struct pair *p;
	u64 start;

	pair_defaults(&cfg);
	cfg.link[0].drop = drop_all;
	p = pair_new(&cfg);
	start = p->now;
	pair_run(p, pair_closed, start + 60 * SEC);
	EXPECT_EQ(t, p->now - start, 10 * SEC);
	EXPECT_EQ(t, closed_by(p, PAIR_CLIENT)->origin, QUIC_CLOSE_HANDSHAKE);
	/* 1 s, 2 s, 4 s: with backoff, not a storm. */
	EXPECT_LE(t, p->end[PAIR_CLIENT].sent, 12);
	EXPECT_GE(t, p->end[PAIR_CLIENT].sent, 4);
	unit_no_errors(t, p);
	pair_free(p);
}

/* ---- bulk data ---- */

static u64 retransmitted(const struct pair *p)
{
	return p->end[0].conn->stats.pkts_retrans + p->end[1].conn->stats.pkts_retrans;
}

/* Bytes both ways over the link of cfg. Return: ns it took. */
static u64 transfer(struct unit *t, u64 up, u64 down, u64 limit)
{
	struct pair *p = connected(t);
	u64 start, took;

	if (!p)
		return 0;
	start = p->now;
	if (up)
		pair_flow(p, PAIR_CLIENT, up);
	if (down)
		pair_flow(p, PAIR_SERVER, down);
	if (!EXPECT(t, pair_run(p, pair_all_done, start + limit)))
		unit_log("# %s at %llu ms: up %llu down %llu of %llu %llu",
			 p->error ? p->error : "time is up",
			 div_u64(p->now - start, MS), p->flow[0].received,
			 p->n_flows > 1 ? p->flow[1].received : 0, up, down);
	took = p->now - start;
	pair_run(p, NULL, p->now + 2 * SEC);
	EXPECT_EQ(t, p->end[0].conn->streams.n_open, 0);
	EXPECT_EQ(t, p->end[1].conn->streams.n_open, 0);
	EXPECT_EQ(t, p->end[0].conn->path.cc.bytes_in_flight, 0);
	EXPECT_EQ(t, p->end[1].conn->path.cc.bytes_in_flight, 0);
	unit_no_errors(t, p);
	if (!cfg.link[0].loss && !cfg.link[1].loss && !cfg.link[0].rate &&
	    !cfg.link[0].reorder && !cfg.link[0].drop)
		EXPECT_EQ(t, retransmitted(p), 0);
	pair_free(p);
	return took;
}

static void transfer_clean(struct unit *t)
{
	pair_defaults(&cfg);
	transfer(t, 10 * MB, 10 * MB, 60 * SEC);
}

static void transfer_newreno(struct unit *t)
{
	pair_defaults(&cfg);
	cfg.cc = &quic_cc_newreno;
	cfg.link[0].loss = 10;
	cfg.link[1].loss = 10;
	transfer(t, 3 * MB, 3 * MB, 120 * SEC);
}

static void transfer_loss(struct unit *t)
{
	pair_defaults(&cfg);
	cfg.link[0].loss = 50;
	cfg.link[1].loss = 50;
	transfer(t, 10 * MB, 10 * MB, 600 * SEC);
}

static void transfer_heavy_loss(struct unit *t)
{
	u32 seed;

	for (seed = 1; seed <= 5; seed++) {
		pair_defaults(&cfg);
		cfg.seed = seed;
		cfg.check_every = 1;
		cfg.link[0].loss = 250;
		cfg.link[1].loss = 250;
		transfer(t, 200000, 200000, 600 * SEC);
	}
}

static void transfer_reorder_dup(struct unit *t)
{
	u32 i;

	pair_defaults(&cfg);
	for (i = 0; i < 2; i++) {
		cfg.link[i].reorder = 100;
		cfg.link[i].reorder_delay = 15 * MS;
		cfg.link[i].dup = 100;
	}
	transfer(t, 5 * MB, 5 * MB, 300 * SEC);
}

static void transfer_everything(struct unit *t)
{
	u32 i, seed;

	for (seed = 1; seed <= 10; seed++) {
		pair_defaults(&cfg);
		cfg.seed = seed;
		cfg.check_every = 8;
		for (i = 0; i < 2; i++) {
			cfg.link[i].delay = unit_below(t, 50) * MS;
			cfg.link[i].loss = unit_below(t, 100);
			cfg.link[i].dup = unit_below(t, 100);
			cfg.link[i].reorder = unit_below(t, 300);
			cfg.link[i].reorder_delay = unit_below(t, 40) * MS;
			cfg.link[i].rate = 200000 + unit_below(t, 10000000);
			cfg.link[i].queue = 20000 + unit_below(t, 200000);
		}
		cfg.batch = 1 + unit_below(t, 64);
		cfg.tx_max = 5000 + unit_below(t, MB);
		transfer(t, MB, MB, 600 * SEC);
	}
}

/* A link of 10 Mbit/s, 40 ms: the window finds it and keeps it busy. */
static void transfer_uses_the_link(struct unit *t)
{
	u64 took, least;
	u32 i;

	pair_defaults(&cfg);
	for (i = 0; i < 2; i++) {
		cfg.link[i].delay = 20 * MS;
		cfg.link[i].rate = 1250000;
		cfg.link[i].queue = 50000;
	}
	took = transfer(t, 0, 10 * MB, 60 * SEC);
	least = 10 * MB * SEC / 1250000;
	EXPECT_GE(t, took, least);
	EXPECT_LE(t, took, least * 13 / 10);
}

/* Data that fits no packet, in streams that end everywhere. */
static void transfer_small(struct unit *t)
{
	static const u32 sizes[] = {
		0, 1, 2, 63, 64, 127, 128, 129, 1000, 1160, 1199, 1200, 1201,
		1300, 1400, 1440, 1452, 2000, 16383, 16384, 16385, 70000,
	};
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	cfg.check_every = 1;
	p = connected(t);
	ASSERT(t, p);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		pair_flow(p, PAIR_CLIENT, sizes[i]);
		pair_flow(p, PAIR_SERVER, sizes[i])->uni = true;
	}
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	unit_no_errors(t, p);
	pair_free(p);
}

/* More streams than are allowed at a time, under loss. */
static void many_streams(struct unit *t)
{
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	cfg.link[0].loss = 30;
	cfg.link[1].loss = 30;
	for (i = 0; i < 2; i++) {
		cfg.local[i].initial_max_streams_bidi = 3;
		cfg.local[i].initial_max_streams_uni = 1;
		cfg.local[i].initial_max_data = 50000;
	}
	p = connected(t);
	ASSERT(t, p);
	for (i = 0; i < 30; i++) {
		pair_flow(p, PAIR_CLIENT, 20000)->uni = i & 1;
		pair_flow(p, PAIR_SERVER, 20000)->uni = i & 1;
	}
	EXPECT(t, pair_run(p, pair_all_done, p->now + 200 * SEC));
	unit_no_errors(t, p);
	pair_free(p);
}

/* ---- flow control ---- */

static void blocked_reader(struct unit *t)
{
	struct pair_flow *f;
	struct pair *p;

	pair_defaults(&cfg);
	p = connected(t);
	ASSERT(t, p);
	p->end[PAIR_SERVER].reading = false;
	f = pair_flow(p, PAIR_CLIENT, 5 * MB);
	pair_run(p, NULL, p->now + 5 * SEC);
	/* The stream's window is full, and not a byte more left. */
	EXPECT_EQ(t, p->end[PAIR_CLIENT].conn->stats.stream_bytes_sent, MB);
	EXPECT_EQ(t, p->end[PAIR_SERVER].conn->streams.rx_queued, MB);
	EXPECT_EQ(t, p->end[PAIR_CLIENT].conn->path.cc.bytes_in_flight, 0);
	EXPECT_EQ(t, f->received, 0);
	EXPECT(t, !f->done);
	p->end[PAIR_SERVER].reading = true;
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	unit_no_errors(t, p);
	pair_free(p);
}

static void blocked_connection(struct unit *t)
{
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].initial_max_data = 100000;
	p = connected(t);
	ASSERT(t, p);
	p->end[PAIR_SERVER].reading = false;
	for (i = 0; i < 4; i++)
		pair_flow(p, PAIR_CLIENT, 100000);
	pair_run(p, NULL, p->now + 5 * SEC);
	EXPECT_EQ(t, p->end[PAIR_CLIENT].conn->stats.stream_bytes_sent, 100000);
	p->end[PAIR_SERVER].reading = true;
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	unit_no_errors(t, p);
	pair_free(p);
}

/* Tiny windows, and updates that get lost. */
static void tiny_windows(struct unit *t)
{
	u32 i;

	pair_defaults(&cfg);
	for (i = 0; i < 2; i++) {
		cfg.local[i].initial_max_data = 3000;
		cfg.local[i].initial_max_stream_data_bidi_local = 1000;
		cfg.local[i].initial_max_stream_data_bidi_remote = 1000;
		cfg.link[i].loss = 100;
		cfg.link[i].delay = MS;
	}
	cfg.check_every = 1;
	transfer(t, 100000, 100000, 600 * SEC);
}

/* ---- resets ---- */

static bool first_flow_reset(struct pair *p)
{
	return p->flow[0].reset;
}

static void reset_stream(struct unit *t)
{
	struct quic_stream *s;
	struct pair_flow *f;
	struct pair *p;

	pair_defaults(&cfg);
	cfg.link[0].loss = 100;
	p = connected(t);
	ASSERT(t, p);
	p->end[PAIR_SERVER].reading = false;
	f = pair_flow(p, PAIR_CLIENT, 3 * MB);
	pair_run(p, NULL, p->now + SEC);
	s = quic_conn_stream_find(p->end[PAIR_CLIENT].conn, f->id);
	ASSERT(t, s);
	EXPECT_EQ(t, quic_stream_reset(p->end[PAIR_CLIENT].conn, s, CODE), 0);
	f->finished = true;
	EXPECT_EQ(t, quic_conn_tx_queued(p->end[PAIR_CLIENT].conn), 0);
	p->end[PAIR_SERVER].reading = true;
	EXPECT(t, pair_run(p, first_flow_reset, p->now + 5 * SEC));
	EXPECT_EQ(t, f->reset_code, CODE);
	pair_run(p, NULL, p->now + 5 * SEC);
	EXPECT_EQ(t, p->end[PAIR_SERVER].conn->streams.n_open, 0);
	/* The connection's window came back. */
	EXPECT_EQ(t, p->end[PAIR_SERVER].conn->flow_rx.consumed,
		  p->end[PAIR_SERVER].conn->flow_rx.received);
	unit_no_errors(t, p);
	pair_free(p);
}

static struct quic_stream *other;

static bool stopped_and_told(struct pair *p)
{
	return other->stopped;
}

static void stop_sending(struct unit *t)
{
	struct quic_stream *s;
	struct pair_flow *f;
	struct pair *p;

	pair_defaults(&cfg);
	p = connected(t);
	ASSERT(t, p);
	p->end[PAIR_SERVER].reading = false;
	f = pair_flow(p, PAIR_CLIENT, 3 * MB);
	f->uni = true;
	pair_run(p, NULL, p->now + SEC);
	s = quic_conn_stream_find(p->end[PAIR_SERVER].conn, f->id);
	ASSERT(t, s);
	EXPECT_EQ(t, quic_stream_stop(p->end[PAIR_SERVER].conn, s, CODE), 0);
	other = quic_conn_stream_find(p->end[PAIR_CLIENT].conn, f->id);
	pair_run(p, stopped_and_told, p->now + 3 * SEC);
	/* Answered with a reset of the same code (RFC 9000 3.5). */
	ASSERT(t, other && other->stopped);
	EXPECT_EQ(t, other->peer_stop_code, CODE);
	EXPECT_EQ(t, other->reset_code, CODE);
	pair_run(p, NULL, p->now + 3 * SEC);
	/* Both ends forgot the stream. */
	EXPECT_EQ(t, p->end[PAIR_CLIENT].conn->streams.n_open, 0);
	EXPECT_EQ(t, p->end[PAIR_SERVER].conn->streams.n_open, 0);
	EXPECT_EQ(t, p->end[PAIR_SERVER].conn->flow_rx.consumed,
		  p->end[PAIR_SERVER].conn->flow_rx.received);
	unit_no_errors(t, p);
	pair_free(p);
}

/* ---- the end ---- */

static void idle_timeout(struct unit *t)
{
	struct pair *p;
	u64 start;
	u32 i;

	pair_defaults(&cfg);
	cfg.local[PAIR_CLIENT].max_idle_timeout = 7000;
	p = connected(t);
	ASSERT(t, p);
	start = p->now;
	EXPECT(t, pair_run(p, pair_closed, start + 60 * SEC));
	EXPECT_NEAR(t, p->now - start, 7 * SEC, 50, 0);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(t, closed_by(p, i)->origin, QUIC_CLOSE_IDLE);
	unit_no_errors(t, p);
	pair_free(p);
}

static void close_app(struct unit *t)
{
	struct pair *p;
	u64 start;

	pair_defaults(&cfg);
	p = connected(t);
	ASSERT(t, p);
	pair_flow(p, PAIR_SERVER, 50 * MB);
	pair_run(p, NULL, p->now + 500 * MS);
	start = p->now;
	quic_conn_close(p->end[PAIR_CLIENT].conn, true, CODE, "so long\x01", p->now);
	EXPECT_EQ(t, quic_conn_state(p->end[PAIR_CLIENT].conn), QUIC_CONN_CLOSING);
	EXPECT(t, pair_run(p, pair_closed, p->now + 60 * SEC));
	EXPECT_EQ(t, closed_by(p, PAIR_CLIENT)->origin, QUIC_CLOSE_LOCAL);
	EXPECT_EQ(t, closed_by(p, PAIR_SERVER)->origin, QUIC_CLOSE_PEER);
	EXPECT(t, closed_by(p, PAIR_SERVER)->app);
	EXPECT_EQ(t, closed_by(p, PAIR_SERVER)->code, CODE);
	EXPECT_STR_EQ(t, closed_by(p, PAIR_SERVER)->reason, "so long?");
	/* Three PTOs, not longer. */
	EXPECT_LE(t, p->now - start, SEC);
	EXPECT_EQ(t, p->errors, 0);
	pair_free(p);
}

/*
 * RFC 9001 6.6: no packet more than the key may seal, the last ones included, where
 * the host cannot make other keys.
 */
static void seal_limit(struct unit *t)
{
	const u64 limit = 1000;
	struct quic_conn *c;
	struct pair *p;

	pair_defaults(&cfg);
	cfg.keys_delay = 1000 * SEC;
	p = connected(t);
	if (!p)
		return;
	c = p->end[PAIR_CLIENT].conn;
	quic_conn_set_aead_limits(c, limit, limit, U64_MAX);
	pair_flow(p, PAIR_CLIENT, 64 * MB);
	EXPECT(t, pair_run(p, pair_closed, p->now + 60 * SEC));
	EXPECT_EQ(t, closed_by(p, PAIR_CLIENT)->origin, QUIC_CLOSE_LOCAL);
	EXPECT_EQ(t, closed_by(p, PAIR_CLIENT)->code, QUIC_TRANSPORT_ERROR_AEAD_LIMIT_REACHED);
	EXPECT_EQ(t, closed_by(p, PAIR_SERVER)->origin, QUIC_CLOSE_PEER);
	EXPECT_EQ(t, closed_by(p, PAIR_SERVER)->code, QUIC_TRANSPORT_ERROR_AEAD_LIMIT_REACHED);
	EXPECT_LE(t, c->space[QUIC_SPACE_APP].tx_next, limit);
	EXPECT_GE(t, c->space[QUIC_SPACE_APP].tx_next, limit - 2 * QUIC_TX_PKTS_MAX);
	unit_no_errors(t, p);
	pair_free(p);
}

/* As many as the limit may fail to open, one more ends the connection. */
static void forged_limit(struct unit *t)
{
	struct quic_conn *c;
	struct pair *p;

	pair_defaults(&cfg);
	p = connected(t);
	if (!p)
		return;
	c = p->end[PAIR_CLIENT].conn;
	quic_conn_set_aead_limits(c, 1 << 23, 1 << 23, 5);
	quic_conn_recv_forged(c, 3, p->now);
	quic_conn_recv_forged(c, 2, p->now);
	EXPECT_EQ(t, quic_conn_state(c), QUIC_CONN_ESTABLISHED);
	quic_conn_recv_forged(c, 1, p->now);
	EXPECT_EQ(t, quic_conn_state(c), QUIC_CONN_CLOSING);
	pair_pump(p);
	EXPECT(t, pair_run(p, pair_closed, p->now + 60 * SEC));
	EXPECT_EQ(t, closed_by(p, PAIR_SERVER)->code, QUIC_TRANSPORT_ERROR_AEAD_LIMIT_REACHED);
	unit_no_errors(t, p);
	pair_free(p);
}

/* The CONNECTION_CLOSE is lost twice: packets that still come are answered. */
static void close_repeated(struct unit *t)
{
	struct pair *p;

	pair_defaults(&cfg);
	p = connected(t);
	ASSERT(t, p);
	pair_flow(p, PAIR_SERVER, 50 * MB);
	pair_run(p, NULL, p->now + 500 * MS);
	p->cfg.link[PAIR_CLIENT].drop = drop_by_mask;
	drop_mask[PAIR_CLIENT] = ~0ULL;
	p->end[PAIR_CLIENT].sent = 62;		/* two more are lost */
	quic_conn_close(p->end[PAIR_CLIENT].conn, true, 5, "bye", p->now);
	EXPECT(t, pair_run(p, pair_closed, p->now + 60 * SEC));
	EXPECT_EQ(t, closed_by(p, PAIR_SERVER)->origin, QUIC_CLOSE_PEER);
	EXPECT_EQ(t, closed_by(p, PAIR_SERVER)->code, 5);
	EXPECT_GE(t, p->end[PAIR_CLIENT].conn->close_sent, 3);
	pair_free(p);
}

/* In the handshake the application's words are kept back. */
static void close_early(struct unit *t)
{
	struct pair *p;

	pair_defaults(&cfg);
	p = pair_new(&cfg);
	pair_run(p, NULL, p->now + 25 * MS);	/* the server's flight is here */
	ASSERT(t, p->end[PAIR_SERVER].conn);
	quic_conn_close(p->end[PAIR_SERVER].conn, true, 1234, "secret", p->now);
	pair_run(p, pair_closed, p->now + 60 * SEC);
	EXPECT_EQ(t, closed_by(p, PAIR_CLIENT)->origin, QUIC_CLOSE_PEER);
	EXPECT_EQ(t, closed_by(p, PAIR_CLIENT)->code, QUIC_TRANSPORT_ERROR_APPLICATION);
	EXPECT_STR_EQ(t, closed_by(p, PAIR_CLIENT)->reason, "");
	EXPECT_EQ(t, p->errors, 0);
	pair_free(p);
}

static void tls_failure(struct unit *t)
{
	struct pair *p;

	pair_defaults(&cfg);
	p = pair_new(&cfg);
	pair_run(p, NULL, p->now + 15 * MS);
	ASSERT(t, p->end[PAIR_SERVER].conn);
	quic_conn_handshake_fail(p->end[PAIR_SERVER].conn, 120, "no common ALPN", p->now);
	pair_run(p, pair_closed, p->now + 60 * SEC);
	EXPECT_EQ(t, closed_by(p, PAIR_SERVER)->origin, QUIC_CLOSE_TLS);
	EXPECT_EQ(t, closed_by(p, PAIR_CLIENT)->origin, QUIC_CLOSE_PEER);
	EXPECT_EQ(t, closed_by(p, PAIR_CLIENT)->code, 0x100 + 120);
	/* the text is the server's own business */
	EXPECT_EQ(t, closed_by(p, PAIR_CLIENT)->reason[0], 0);
	EXPECT_EQ(t, p->errors, 0);
	pair_free(p);
}

/* Everything queued arrives before the end, loss or not. */
static void shutdown_lingers(struct unit *t)
{
	struct pair_flow *f;
	struct pair *p;

	pair_defaults(&cfg);
	cfg.link[0].loss = 100;
	cfg.link[1].loss = 100;
	p = connected(t);
	ASSERT(t, p);
	f = pair_flow(p, PAIR_CLIENT, 300000);
	pair_pump(p);
	ASSERT_EQ(t, f->queued, 300000);
	quic_conn_shutdown(p->end[PAIR_CLIENT].conn, 7, "done", 60 * SEC, p->now);
	EXPECT(t, pair_run(p, pair_closed, p->now + 120 * SEC));
	EXPECT(t, f->done);
	EXPECT_EQ(t, f->received, 300000);
	EXPECT_EQ(t, closed_by(p, PAIR_CLIENT)->origin, QUIC_CLOSE_LOCAL);
	EXPECT_EQ(t, closed_by(p, PAIR_CLIENT)->code, 7);
	EXPECT_EQ(t, p->errors, 0);
	pair_free(p);
}

/* It does not wait for ever. */
static void shutdown_gives_up(struct unit *t)
{
	struct pair *p;
	u64 start;

	pair_defaults(&cfg);
	p = connected(t);
	ASSERT(t, p);
	pair_flow(p, PAIR_CLIENT, 300000);
	p->cfg.link[PAIR_CLIENT].drop = drop_all;
	pair_pump(p);
	start = p->now;
	quic_conn_shutdown(p->end[PAIR_CLIENT].conn, 7, "done", 3 * SEC, start);
	pair_run(p, pair_closed, start + 120 * SEC);
	EXPECT_EQ(t, quic_conn_state(p->end[PAIR_CLIENT].conn), QUIC_CONN_CLOSED);
	EXPECT_EQ(t, closed_by(p, PAIR_SERVER)->origin, QUIC_CLOSE_IDLE);
	EXPECT_EQ(t, p->errors, 0);
	pair_free(p);
}

/* A peer that reads slowly gets all of it, though that takes longer. */
static void shutdown_waits_for_a_slow_reader(struct unit *t)
{
	struct pair_end *server;
	struct pair_flow *f;
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].initial_max_data = 20000;
	cfg.local[PAIR_SERVER].initial_max_stream_data_bidi_remote = 20000;
	p = connected(t);
	ASSERT(t, p);
	server = &p->end[PAIR_SERVER];
	server->reading = false;
	f = pair_flow(p, PAIR_CLIENT, 300000);
	pair_pump(p);
	quic_conn_shutdown(p->end[PAIR_CLIENT].conn, 7, "done", 3 * SEC, p->now);
	for (i = 0; i < 60 && !f->done; i++) {
		pair_run(p, NULL, p->now + 2 * SEC);
		server->reading = true;
		pair_pump(p);
		server->reading = false;
	}
	EXPECT_GT(t, i, 10);
	EXPECT(t, f->done);
	EXPECT_EQ(t, f->received, 300000);
	EXPECT(t, pair_run(p, pair_closed, p->now + 20 * SEC));
	EXPECT_EQ(t, closed_by(p, PAIR_CLIENT)->code, 7);
	EXPECT_EQ(t, p->errors, 0);
	pair_free(p);
}

/* The path dies in mid-transfer: probes with backoff, then the idle time-out. */
static void path_dies(struct unit *t)
{
	struct pair *p;
	u64 sent;

	pair_defaults(&cfg);
	p = connected(t);
	ASSERT(t, p);
	pair_flow(p, PAIR_CLIENT, 50 * MB);
	pair_run(p, NULL, p->now + 300 * MS);
	p->cfg.link[0].drop = drop_all;
	p->cfg.link[1].drop = drop_all;
	pair_run(p, NULL, p->now + 500 * MS);
	sent = p->end[PAIR_CLIENT].sent;
	EXPECT(t, pair_run(p, pair_closed, p->now + 200 * SEC));
	EXPECT_LE(t, p->end[PAIR_CLIENT].sent - sent, 30);
	EXPECT_EQ(t, closed_by(p, PAIR_CLIENT)->origin, QUIC_CLOSE_IDLE);
	EXPECT_EQ(t, closed_by(p, PAIR_SERVER)->origin, QUIC_CLOSE_IDLE);
	EXPECT_EQ(t, p->errors, 0);
	pair_free(p);
}

/* It comes back after two seconds: so does the transfer. */
static void path_recovers(struct unit *t)
{
	struct pair *p;
	u64 start;

	pair_defaults(&cfg);
	p = connected(t);
	ASSERT(t, p);
	pair_flow(p, PAIR_CLIENT, 5 * MB);
	pair_flow(p, PAIR_SERVER, 5 * MB);
	pair_run(p, NULL, p->now + 200 * MS);
	p->cfg.link[0].drop = drop_all;
	p->cfg.link[1].drop = drop_all;
	pair_run(p, NULL, p->now + 2 * SEC);
	p->cfg.link[0].drop = NULL;
	p->cfg.link[1].drop = NULL;
	start = p->now;
	EXPECT(t, pair_run(p, pair_all_done, start + 20 * SEC));
	unit_no_errors(t, p);
	pair_free(p);
}

/* ---- memory ---- */

/* A short life with every feature in it, memory failing as set. */
static void short_life(struct unit *t)
{
	struct pair *p = pair_new(&cfg);
	u32 i;

	if (!p->end[PAIR_CLIENT].conn) {
		pair_free(p);
		return;
	}
	for (i = 0; i < 4; i++) {
		pair_flow(p, PAIR_CLIENT, 30000)->uni = i & 1;
		pair_flow(p, PAIR_SERVER, 30000);
	}
	pair_run(p, pair_all_done, p->now + 30 * SEC);
	if (p->end[PAIR_CLIENT].conn)
		quic_conn_shutdown(p->end[PAIR_CLIENT].conn, 0, "", SEC, p->now);
	pair_run(p, pair_closed, p->now + 100 * SEC);
	EXPECT_EQ(t, p->errors, 0);
	if (p->errors)
		unit_log("# %s", p->error);
	pair_free(p);
	EXPECT_EQ(t, shim_host_live(), 0);
}

static void failing_cfg(void)
{
	pair_defaults(&cfg);
	cfg.check_every = 1;
	cfg.link[0].loss = 30;
	cfg.link[1].reorder = 100;
	cfg.link[1].reorder_delay = 30 * MS;
}

/* Each single allocation of a life fails once. */
static void memory_fails_at(struct unit *t)
{
	u64 n, step = 1;

	for (n = 1; ; n += step) {
		failing_cfg();
		shim_host_reset(n);
		shim_host_fail_at(n);
		short_life(t);
		if (!EXPECT_EQ(t, t->failures, 0)) {
			unit_log("# allocation %llu failed", n);
			return;
		}
		if (!shim_host_failed())
			break;
	}
	EXPECT_GT(t, n, 50);
	unit_log("# %llu allocations in a life", n);
}

static void memory_fails_often(struct unit *t)
{
	u32 permille, seed;

	for (permille = 10; permille <= 500; permille += 70) {
		for (seed = 1; seed <= 10; seed++) {
			failing_cfg();
			cfg.seed = seed;
			shim_host_reset(seed);
			shim_host_fail_some(permille);
			short_life(t);
		}
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(handshake),
	UNIT_CASE(handshake_sizes),
	UNIT_CASE(handshake_each_lost),
	UNIT_CASE(handshake_random_masks),
	UNIT_CASE(handshake_with_data),
	UNIT_CASE(handshake_nobody_there),
	UNIT_CASE(transfer_clean),
	UNIT_CASE(transfer_newreno),
	UNIT_CASE(transfer_loss),
	UNIT_CASE(transfer_heavy_loss),
	UNIT_CASE(transfer_reorder_dup),
	UNIT_CASE(transfer_everything),
	UNIT_CASE(transfer_uses_the_link),
	UNIT_CASE(transfer_small),
	UNIT_CASE(many_streams),
	UNIT_CASE(blocked_reader),
	UNIT_CASE(blocked_connection),
	UNIT_CASE(tiny_windows),
	UNIT_CASE(reset_stream),
	UNIT_CASE(stop_sending),
	UNIT_CASE(idle_timeout),
	UNIT_CASE(close_app),
	UNIT_CASE(seal_limit),
	UNIT_CASE(forged_limit),
	UNIT_CASE(close_repeated),
	UNIT_CASE(close_early),
	UNIT_CASE(tls_failure),
	UNIT_CASE(shutdown_lingers),
	UNIT_CASE(shutdown_gives_up),
	UNIT_CASE(shutdown_waits_for_a_slow_reader),
	UNIT_CASE(path_dies),
	UNIT_CASE(path_recovers),
	UNIT_CASE(memory_fails_at),
	UNIT_CASE(memory_fails_often),
};

UNIT_SUITE(conn, cases);
