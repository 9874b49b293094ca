// SPDX-License-Identifier: GPL-2.0
/*
 * What a hostile peer can have us hold: each case fills one resource as far as it
 * goes, looks at what is held at its fullest, and tries to have us hold more.
 * Documentation/threat-model.md has the list; hostile_test.c has the other corners.
 */
#include "unit_pair.h"
#include "../../kmod/core/pnspace.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC
#define TOKEN	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16

static struct pair_cfg cfg;
static u8 frame[1400];

static bool drop_all(struct pair *unused, enum pair_side from, u64 n)
{
	return true;
}

/* An established pair; what it sends vanishes, and nobody reads. */
static struct pair *alone(struct unit *t)
{
	struct pair *p = unit_connected(t, &cfg);

	p->cfg.link[0].drop = drop_all;
	p->cfg.link[1].drop = drop_all;
	p->end[0].reading = false;
	p->end[1].reading = false;
	return p;
}

static void inject(struct pair *p, enum pair_side to, const u8 *frames, u32 len)
{
	struct quic_conn *conn = p->end[to].conn;

	pair_inject(p, to, QUIC_CRYPTO_APP, conn->space[QUIC_SPACE_APP].rx_next,
		    frames, len);
}

static void closed_with(struct unit *t, const struct quic_conn *conn, u64 code)
{
	EXPECT_EQ(t, quic_conn_state(conn), QUIC_CONN_CLOSING);
	EXPECT_EQ(t, quic_conn_close_info(conn)->origin, QUIC_CLOSE_LOCAL);
	EXPECT_EQ(t, quic_conn_close_info(conn)->code, code);
}

/* It survived, without a broken rule; and nothing is left. */
static void finish(struct unit *t, struct pair *p)
{
	unit_no_errors(t, p);
	pair_free(p);
	EXPECT_EQ(t, shim_host_live(), 0);
}

/* A STREAM or CRYPTO frame in @frame. Return: its bytes. */
static u32 put_data(bool crypto, u64 id, u64 off, u32 len)
{
	struct quic_wcur w = quic_wcur_init(frame, sizeof(frame));

	quic_put_u8(&w, crypto ? QUIC_FRAME_CRYPTO :
		    QUIC_FRAME_STREAM | QUIC_STREAM_F_OFF | QUIC_STREAM_F_LEN);
	if (!crypto)
		quic_put_varint(&w, id);
	quic_put_varint(&w, off);
	quic_put_varint(&w, len);
	memset(quic_put_space(&w, len), 'x', len);
	return w.p - frame;
}

/* ---- bytes ---- */

/* A window full of TLS bytes behind a gap, and a byte more. */
static void crypto_window(struct unit *t)
{
	struct quic_recvbuf *rb;
	struct quic_conn *s;
	struct pair *p;
	u64 off, read;
	u32 n = 0;

	pair_defaults(&cfg);
	p = alone(t);
	s = p->end[PAIR_SERVER].conn;
	rb = &quic_pnspace_crypto(&s->space[QUIC_SPACE_APP])->rx;
	read = rb->read;
	for (off = 1; off < QUIC_CRYPTO_WINDOW; off += 193, n++)
		inject(p, PAIR_SERVER, frame,
		       put_data(true, 0, read + off,
				min_t(u64, 193, QUIC_CRYPTO_WINDOW - off)));
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	EXPECT_EQ(t, rb->highest, read + QUIC_CRYPTO_WINDOW);
	EXPECT_EQ(t, rb->n_chunks, n);
	EXPECT_LE(t, n, QUIC_CRYPTO_WINDOW / (QUIC_RX_COPY_MAX + 1) + 1);
	inject(p, PAIR_SERVER, frame, put_data(true, 0, read + QUIC_CRYPTO_WINDOW, 1));
	closed_with(t, s, QUIC_TRANSPORT_ERROR_CRYPTO_BUF_EXCEEDED);
	EXPECT_EQ(t, rb->n_chunks, n);
	finish(t, p);
}

/*
 * Frames that are just too long to be copied, each behind a gap: none of them counts
 * as a copy, each keeps a packet. Flow control bounds them.
 */
static void reassembly_by_reference(struct unit *t)
{
	u32 len = QUIC_RX_COPY_MAX + 1, id, n = 0;
	u64 window = 1 << 18, off;
	struct quic_conn *s;
	struct pair *p;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].initial_max_data = window;
	p = alone(t);
	s = p->end[PAIR_SERVER].conn;
	for (id = 0; id < 16; id += 4) {
		for (off = 1; off + len <= window / 4; off += len + 1, n++)
			inject(p, PAIR_SERVER, frame, put_data(false, id, off, len));
	}
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	EXPECT_EQ(t, shim_host_live_kind(QUIC_OBJ_RX_CHUNK), n);
	EXPECT_LE(t, n, window / (len + 1));
	/* the last bytes of the window, on one more stream, and more of them */
	for (off = 1; quic_conn_state(s) == QUIC_CONN_ESTABLISHED; off += len + 1)
		inject(p, PAIR_SERVER, frame, put_data(false, 16, off, len));
	closed_with(t, s, QUIC_TRANSPORT_ERROR_FLOW_CONTROL);
	EXPECT_LE(t, shim_host_live_kind(QUIC_OBJ_RX_CHUNK), window / (len + 1) + 5);
	finish(t, p);
}

/*
 * In order, in frames that do not join: half of the room of a copy and a byte. A
 * window that its owner made a giant does not bound them any more.
 */
static void copies_in_order(struct unit *t)
{
	u32 len = QUIC_RX_COPY_MAX / 2 + 1, i, n = 0;
	struct quic_stream *stream;
	struct quic_conn *s;
	struct pair *p;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].initial_max_data = 1ULL << 40;
	cfg.local[PAIR_SERVER].initial_max_stream_data_bidi_remote = 1ULL << 40;
	cfg.check_every = 0;
	p = alone(t);
	s = p->end[PAIR_SERVER].conn;
	for (i = 0; i < QUIC_RX_COPIES_MAX + 100; i++)
		inject(p, PAIR_SERVER, frame, put_data(false, 0, (u64)i * len, len));
	EXPECT_EQ(t, s->streams.rx_pool.copies, QUIC_RX_COPIES_MAX);
	EXPECT_EQ(t, shim_host_live_kind(QUIC_OBJ_RX_SMALL), QUIC_RX_COPIES_MAX);
	EXPECT_EQ(t, s->stats.pkts_dropped, 100);
	/* A stream with nothing to read takes one frame all the same, and no second. */
	for (i = 0; i < 2; i++)
		inject(p, PAIR_SERVER, frame, put_data(false, 4, (u64)i * len, len));
	EXPECT_EQ(t, s->streams.rx_pool.copies, QUIC_RX_COPIES_MAX + 1);
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	/* Who reads gets on. */
	stream = quic_conn_stream_find(s, 0);
	for (i = 0; i < 2; i++) {
		ASSERT(t, quic_stream_peek_at(stream, 0, &n));
		quic_stream_consume(s, stream, n);
	}
	i = QUIC_RX_COPIES_MAX;
	inject(p, PAIR_SERVER, frame, put_data(false, 0, (u64)i * len, len));
	EXPECT_EQ(t, s->streams.rx_pool.copies, QUIC_RX_COPIES_MAX);
	finish(t, p);
}

/* What a window of the default size may cost in copies is less than that bound. */
static void copies_of_a_window(struct unit *t)
{
	static struct quic_recvbuf rb;
	static const u32 lens[] = { 1, 95, 96, 97, 150, 192, 193, 400 };
	struct quic_rxbuf *buf = shim_rxbuf_new(400);
	u32 i, n, total = 1 << 20;
	u64 off;

	memset(buf->data, 'x', 400);
	for (i = 0; i < ARRAY_SIZE(lens) + 1; i++) {
		quic_recvbuf_init(&rb);
		for (off = 0; off < total; off += n) {
			/* the last round: any of them */
			n = lens[i < ARRAY_SIZE(lens) ? i :
				 unit_below(t, ARRAY_SIZE(lens))];
			EXPECT_EQ(t, quic_recvbuf_add(&rb, off, buf->data, n, buf), 0);
		}
		/* two neighbours have more bytes than a copy holds */
		EXPECT_LE(t, rb.n_chunks, 2 * off / (QUIC_RX_COPY_MAX + 1) + 1);
		quic_recvbuf_free(&rb);
	}
	quic_host_rxbuf_put(buf);
	/* the default window, QUIC_SOCKOPT_CONFIG: 6 MiB */
	EXPECT_LE(t, 2 * (6 << 20) / (QUIC_RX_COPY_MAX + 1) + 1, QUIC_RX_COPIES_MAX);
}

/* ---- packet numbers ---- */

/* Every other number, for ever: the oldest ranges are forgotten. */
static void ack_ranges(struct unit *t)
{
	static const u8 padding[] = { 0 };
	struct quic_pnspace *space;
	struct quic_conn *s;
	struct pair *p;
	u64 bytes, pn;
	u32 i;

	pair_defaults(&cfg);
	p = alone(t);
	s = p->end[PAIR_SERVER].conn;
	space = &s->space[QUIC_SPACE_APP];
	pn = space->rx_next + 1;
	bytes = shim_host_bytes();
	for (i = 0; i < UNIT_ROUNDS(20000); i++, pn += 2) {
		pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, pn, padding, 1);
		EXPECT_LE(t, space->rx.n, QUIC_RANGES_MAX);
	}
	EXPECT_EQ(t, space->rx.n, QUIC_RANGES_MAX);
	EXPECT_EQ(t, shim_host_bytes(), bytes + QUIC_RANGES_MAX * sizeof(*space->rx.r));
	/* What was forgotten does not come in again. */
	EXPECT_GT(t, space->rx.floor, pn - 4 * QUIC_RANGES_MAX);
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, space->rx.floor - 2, padding, 1);
	EXPECT_EQ(t, s->stats.pkts_dup, 1);
	finish(t, p);
}

/* A peer acknowledges every other byte: ranges end, data does not. */
static void acked_ranges(struct unit *t)
{
	static struct quic_sendbuf sb;
	static u8 data[20001];
	u64 begin = shim_host_bytes(), off, len;
	u32 i;

	quic_sendbuf_init(&sb);
	ASSERT_EQ(t, quic_sendbuf_append_copy(&sb, data, sizeof(data)), 0);
	quic_sendbuf_sent(&sb, 0, sizeof(data), false);
	for (i = 1; i < sizeof(data); i += 2)
		EXPECT_EQ(t, quic_sendbuf_acked(&sb, NULL, i, 1, false), 0);
	for (i = 0; i < sizeof(data); i += 2)
		quic_sendbuf_lost(&sb, i, 1, false);
	EXPECT_EQ(t, sb.acked.n, 4096);
	EXPECT_LE(t, sb.lost.n, 4096);
	EXPECT_LE(t, shim_host_bytes() - begin,
		  sizeof(data) + 2 * 4096 * sizeof(struct quic_span) + 200);
	/* Whatever was not recorded leaves again, and all arrives in the end. */
	while (quic_sendbuf_next(&sb, 0, &off, &len) && len) {
		quic_sendbuf_sent(&sb, off, len, false);
		quic_sendbuf_acked(&sb, NULL, off, len, false);
	}
	EXPECT_EQ(t, sb.base, sizeof(data));
	quic_sendbuf_free(&sb, NULL);
	EXPECT_EQ(t, shim_host_bytes(), begin);
}

/* ---- connection IDs ---- */

/* Each ID retires those before it, and none of our answers is acknowledged. */
static void retirements(struct unit *t)
{
	u8 f[] = { 0x18, 0x40, 0, 0x40, 0, 8, 'i', 'd', 0, 0, 0, 0, 0, 0, TOKEN };
	const struct quic_cids *c;
	u32 i, j, used, owed = 0;
	struct quic_conn *s;
	struct pair *p;

	pair_defaults(&cfg);
	p = alone(t);
	s = p->end[PAIR_SERVER].conn;
	c = &s->cids;
	for (i = 20; i < 250 && quic_conn_state(s) == QUIC_CONN_ESTABLISHED; i++) {
		f[2] = i;
		f[4] = i;
		f[7] = i;
		inject(p, PAIR_SERVER, f, sizeof(f));
		for (j = 0, used = 0; j < QUIC_REMOTE_CIDS; j++)
			used += c->remote[j].used;
		EXPECT_LE(t, used, QUIC_REMOTE_CIDS);
		for (j = 0, owed = 0; c->retired && j < QUIC_RETIRED_CIDS; j++)
			owed += c->retired[j].announce.state != QUIC_VAL_IDLE;
	}
	EXPECT_EQ(t, owed, 2 * QUIC_REMOTE_CIDS);
	closed_with(t, s, QUIC_TRANSPORT_ERROR_CONNECTION_ID_LIMIT);
	EXPECT_EQ(t, quic_conn_close_info(s)->frame_type, QUIC_FRAME_NEW_CONNECTION_ID);
	finish(t, p);
}

/* The same with numbers that were retired before they came. */
static void retired_on_arrival(struct unit *t)
{
	u8 f[] = { 0x18, 0x40, 0, 0x40, 0, 8, 'i', 'd', 0, 0, 0, 0, 0, 0, TOKEN };
	struct quic_conn *s;
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	p = alone(t);
	s = p->end[PAIR_SERVER].conn;
	f[2] = 250;
	f[4] = 200;
	inject(p, PAIR_SERVER, f, sizeof(f));
	for (i = 20; i < 200 && quic_conn_state(s) == QUIC_CONN_ESTABLISHED; i++) {
		f[2] = i;
		f[4] = i;
		f[7] = i;
		inject(p, PAIR_SERVER, f, sizeof(f));
	}
	/* the four that it had went first */
	EXPECT_EQ(t, i, 20 + 2 * QUIC_REMOTE_CIDS - QUIC_LOCAL_CIDS + 1);
	closed_with(t, s, QUIC_TRANSPORT_ERROR_CONNECTION_ID_LIMIT);
	finish(t, p);
}

/* ---- streams ---- */

static u32 wanted_or_flying(const struct quic_conn *conn)
{
	const struct quic_valsync *v;
	u32 n = 0;

	list_for_each_entry(v, &conn->vals.wanted, node)
		n++;
	list_for_each_entry(v, &conn->vals.flying, node)
		n++;
	return n;
}

/*
 * One frame opens all streams. All are reset, and asked to stop: until their user has
 * heard of it they are as many as before, and make no room for others.
 */
static void streams_at_once(struct unit *t)
{
	u8 last[] = { 0x08, 0x3c, 'x', }, last_uni[] = { 0x08, 0x3e, 'x' };
	u8 reset[] = { 0x04, 0, 9, 1, 0x05, 0, 9 };
	struct quic_conn *s;
	struct pair *p;
	u32 round, i;

	pair_defaults(&cfg);
	p = alone(t);
	s = p->end[PAIR_SERVER].conn;
	inject(p, PAIR_SERVER, last, sizeof(last));
	inject(p, PAIR_SERVER, last_uni, sizeof(last_uni));
	EXPECT_EQ(t, s->streams.n_open, 32);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < 16; i++) {
			reset[1] = 4 * i;
			reset[5] = 4 * i;
			inject(p, PAIR_SERVER, reset, sizeof(reset));
			reset[1] = 4 * i + 2;
			inject(p, PAIR_SERVER, reset, 4);
		}
	}
	EXPECT_EQ(t, s->streams.n_open, 32);
	EXPECT_EQ(t, shim_host_live_kind(QUIC_OBJ_STREAM), 32);
	EXPECT_EQ(t, s->streams.max_remote[0], 16);
	EXPECT_EQ(t, s->streams.max_remote[1], 16);
	/* RESET_STREAM of each, and nothing that grows with the frames */
	EXPECT_LE(t, wanted_or_flying(s), 16 + QUIC_LOCAL_CIDS);
	last[1] = 0x40;		/* 0x40 0x78: number 30 of its kind */
	inject(p, PAIR_SERVER, last, sizeof(last));
	closed_with(t, s, QUIC_TRANSPORT_ERROR_STREAM_LIMIT);
	EXPECT_EQ(t, shim_host_live_kind(QUIC_OBJ_STREAM), 32);
	finish(t, p);
}

/* A number of streams without measure is not declared, and not given. */
static void streams_without_measure(struct unit *t)
{
	u8 last[] = { 0x08, 0x80, 0x03, 0xff, 0xfc, 'x' };	/* number 65535 */
	struct quic_tparams seen;
	struct quic_error err = {};
	struct quic_conn *s;
	struct pair *p;
	u8 tp[512];
	int len;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].initial_max_streams_bidi = QUIC_STREAMS_MAX;
	cfg.local[PAIR_SERVER].initial_max_streams_uni = 100000;
	cfg.check_every = 0;
	p = alone(t);
	s = p->end[PAIR_SERVER].conn;
	len = quic_conn_encode_tparams(s, &cfg.local[PAIR_SERVER], s->version, tp,
				       sizeof(tp));
	ASSERT(t, len > 0);
	ASSERT_EQ(t, quic_tparams_decode(&seen, true, tp, len, &err), 0);
	EXPECT_EQ(t, seen.initial_max_streams_bidi, QUIC_REMOTE_STREAMS_MAX);
	EXPECT_EQ(t, seen.initial_max_streams_uni, QUIC_REMOTE_STREAMS_MAX);
	EXPECT_EQ(t, p->end[PAIR_CLIENT].conn->streams.max_local[0],
		  QUIC_REMOTE_STREAMS_MAX);
	inject(p, PAIR_SERVER, last, sizeof(last));
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	EXPECT_EQ(t, s->streams.n_open, QUIC_REMOTE_STREAMS_MAX);
	put_unaligned_be32(0x80040000, last + 1);
	inject(p, PAIR_SERVER, last, sizeof(last));
	closed_with(t, s, QUIC_TRANSPORT_ERROR_STREAM_LIMIT);
	EXPECT_EQ(t, shim_host_live_kind(QUIC_OBJ_STREAM), QUIC_REMOTE_STREAMS_MAX);
	finish(t, p);
}

/* ---- the rest ---- */

/* Frames that announce, ask and probe leave nothing behind. */
static void frames_without_end(struct unit *t)
{
	static const u8 f[] = {
		0x01, 0x10, 0, 0x12, 0, 0x13, 0, 0x14, 9, 0x16, 9, 0x17, 9,
		0x11, 0, 9, 0x15, 0, 9, 0x19, 0x00, 0x1b, 1, 2, 3, 4, 5, 6, 7, 8,
		0x02, 0, 0, 0, 0,
	};
	struct quic_conn *s;
	struct pair *p;
	u64 live, vals;
	u32 i;

	pair_defaults(&cfg);
	p = alone(t);
	s = p->end[PAIR_SERVER].conn;
	inject(p, PAIR_SERVER, f, sizeof(f));
	live = shim_host_live();
	vals = wanted_or_flying(s);
	for (i = 0; i < UNIT_ROUNDS(5000); i++)
		inject(p, PAIR_SERVER, f, sizeof(f));
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	EXPECT_EQ(t, shim_host_live(), live);
	EXPECT_EQ(t, wanted_or_flying(s), vals);
	finish(t, p);
}

/* A phrase longer than we keep. */
static void close_phrase(struct unit *t)
{
	/* code 7, 1000 bytes of phrase */
	static const u8 head[] = { QUIC_FRAME_CONNECTION_CLOSE_APP, 7, 0x43, 0xe8 };
	const struct quic_close_info *info;
	struct pair *p;

	pair_defaults(&cfg);
	p = alone(t);
	memcpy(frame, head, sizeof(head));
	memset(frame + sizeof(head), 'p', 1000);
	inject(p, PAIR_SERVER, frame, sizeof(head) + 1000);
	info = quic_conn_close_info(p->end[PAIR_SERVER].conn);
	EXPECT_EQ(t, info->origin, QUIC_CLOSE_PEER);
	EXPECT_EQ(t, strlen(info->reason), sizeof(info->reason) - 1);
	finish(t, p);
}

/* Datagrams of which nothing opens: counted, and nothing is kept by the core. */
static void undecryptable(struct unit *t)
{
	struct quic_conn *s;
	struct pair *p;
	u64 bytes;
	u32 i;

	pair_defaults(&cfg);
	p = alone(t);
	s = p->end[PAIR_SERVER].conn;
	quic_conn_set_aead_limits(s, U64_MAX, U64_MAX, 1000);
	bytes = shim_host_bytes();
	for (i = 0; i < 1000; i++) {
		quic_conn_recv_undecryptable(s, 1200);
		quic_conn_recv_forged(s, 1, p->now);
	}
	EXPECT_EQ(t, shim_host_bytes(), bytes);
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	quic_conn_recv_forged(s, 1, p->now);
	closed_with(t, s, QUIC_TRANSPORT_ERROR_AEAD_LIMIT_REACHED);
	finish(t, p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(crypto_window),
	UNIT_CASE(reassembly_by_reference),
	UNIT_CASE(copies_in_order),
	UNIT_CASE(copies_of_a_window),
	UNIT_CASE(ack_ranges),
	UNIT_CASE(acked_ranges),
	UNIT_CASE(retirements),
	UNIT_CASE(retired_on_arrival),
	UNIT_CASE(streams_at_once),
	UNIT_CASE(streams_without_measure),
	UNIT_CASE(frames_without_end),
	UNIT_CASE(close_phrase),
	UNIT_CASE(undecryptable),
};

UNIT_SUITE(hostile_hold, cases);
