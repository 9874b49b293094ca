// SPDX-License-Identifier: GPL-2.0
/*
 * DATAGRAM frames (RFC 9221): who may send them and how long, and the bounds of both
 * queues. What they do in packets is dgram_tx_test.c's.
 */
#include "unit_dgram.h"

/* ---- how long ---- */

static void max_of_the_path(struct unit *t)
{
	static const u32 mtus[] = { 1200, 1452, 1472, 8972 };
	struct quic_conn *conn;
	struct pair *p;
	const u8 *data;
	u32 i, max, len;

	for (i = 0; i < ARRAY_SIZE(mtus); i++) {
		defaults(65535);
		cfg.mtu = mtus[i];
		p = quiet_pair(t);
		conn = p->end[PAIR_CLIENT].conn;
		EXPECT_EQ(t, conn->path.mtu, mtus[i]);
		max = quic_conn_dgram_max(conn);
		/* first byte, connection ID, packet number, frame type, tag */
		EXPECT_EQ(t, max, mtus[i] - 1 - QUIC_LOCAL_CID_LEN - 4 - 1 - 16);
		EXPECT_EQ(t, pair_msg_send(conn, bytes, max + 1), -EMSGSIZE);
		EXPECT_EQ(t, pair_msg_send(conn, bytes, 0), -EMSGSIZE);
		EXPECT_EQ(t, pair_msg_send(conn, bytes, max), 0);
		pair_run(p, NULL, p->now + 100 * MS);
		if (EXPECT(t, quic_conn_dgram_peek(p->end[1].conn, &data, &len))) {
			EXPECT_EQ(t, len, max);
			EXPECT_MEM_EQ(t, data, bytes, max);
			EXPECT(t, quic_conn_dgram_take(p->end[1].conn, len));
		}
		finish(t, p);
	}
}

/* What is promised fits also with the longest packet number there is. */
static void max_with_any_packet_number(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;
	u32 i;

	defaults(65535);
	p = quiet_pair(t);
	conn = p->end[PAIR_CLIENT].conn;
	for (i = 1; i < 31; i += 3) {
		/* nothing acknowledged for so long: RFC 9000 17.1 wants more bytes */
		conn->space[QUIC_SPACE_APP].tx_next += 1ULL << i;
		quic_sent_free(&conn->space[QUIC_SPACE_APP].sent);
		conn->space[QUIC_SPACE_APP].sent.base = conn->space[QUIC_SPACE_APP].tx_next;
		conn->space[QUIC_SPACE_APP].sent.next = conn->space[QUIC_SPACE_APP].tx_next;
		conn->path.cc.bytes_in_flight = 0;
		memset(&conn->stats.dgram, 0, sizeof(conn->stats.dgram));
		EXPECT_EQ(t, pair_msg_send(conn, bytes, quic_conn_dgram_max(conn)), 0);
		pair_pump(p);
		EXPECT_EQ(t, stats(p, PAIR_CLIENT)->sent, 1);
		EXPECT_EQ(t, conn->dgrams.tx.n, 0);
	}
	pair_free(p);
}

static void max_of_the_peer(struct unit *t)
{
	static const struct {
		u64 limit;
		u32 max;
	} rows[] = {
		{ 0, 0 }, { 1, 0 }, { 2, 0 }, { 3, 1 }, { 63, 61 }, { 64, 61 }, { 100, 97 },
		{ 1200, 1197 }, { 65535, 1452 - 30 }, { QUIC_VARINT_MAX, 1452 - 30 },
	};
	struct pair *p;
	u32 i, max;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		defaults(65535);
		cfg.local[PAIR_SERVER].max_datagram_frame_size = rows[i].limit;
		p = unit_connected(t, &cfg);
		max = quic_conn_dgram_max(p->end[PAIR_CLIENT].conn);
		EXPECT_EQ(t, max, rows[i].max);
		EXPECT_EQ(t, quic_conn_dgram_room(p->end[PAIR_CLIENT].conn, 1),
			  max ? 0 : -EINVAL);
		/* The longest passes the peer's own check. */
		if (max)
			EXPECT_EQ(t, pair_msg_send(p->end[PAIR_CLIENT].conn, bytes, max), 0);
		pair_run(p, NULL, p->now + 100 * MS);
		EXPECT_EQ(t, stats(p, PAIR_SERVER)->recv, !!max);
		EXPECT(t, pair_established(p));
		finish(t, p);
	}
}

/* A path that shrinks: what no longer fits is dropped, and holds up nobody. */
static void path_shrinks(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;

	defaults(65535);
	p = quiet_pair(t);
	conn = p->end[PAIR_CLIENT].conn;
	EXPECT_EQ(t, pair_msg_send(conn, bytes, 1300), 0);
	EXPECT_EQ(t, pair_msg_send(conn, bytes, 1000), 0);
	conn->path.mtu = 1200;
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_EQ(t, stats(p, PAIR_CLIENT)->tx_dropped, 1);
	EXPECT_EQ(t, stats(p, PAIR_CLIENT)->sent, 1);
	EXPECT_EQ(t, stats(p, PAIR_SERVER)->recv, 1);
	finish(t, p);
}

/* ---- what a peer may send ---- */

static void closed_with(struct unit *t, struct pair *p, u64 frame, const char *reason)
{
	const struct quic_close_info *info = quic_conn_close_info(p->end[PAIR_SERVER].conn);

	EXPECT_EQ(t, info->origin, QUIC_CLOSE_LOCAL);
	EXPECT_EQ(t, info->code, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION);
	EXPECT_EQ(t, info->frame_type, frame);
	EXPECT_STR_EQ(t, info->reason, reason);
}

static void inject(struct pair *p, const u8 *frames, u32 len)
{
	struct quic_conn *conn = p->end[PAIR_SERVER].conn;

	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, conn->space[QUIC_SPACE_APP].rx_next,
		    frames, len);
}

static void not_negotiated(struct unit *t)
{
	static const u8 frames[2][3] = { { 0x31, 1, 7 }, { 0x30, 1, 7 } };
	struct pair *p;
	u32 i;

	for (i = 0; i < 2; i++) {
		defaults(0);
		p = quiet_pair(t);
		inject(p, frames[i], 3);
		closed_with(t, p, frames[i][0], "DATAGRAM frame that was not negotiated");
		EXPECT_EQ(t, stats(p, PAIR_SERVER)->recv, 0);
		pair_free(p);
	}
}

/* The limit counts type, Length and bytes (RFC 9221 3); at it all is well. */
static void above_the_limit(struct unit *t)
{
	u8 frame[128] = { 0x31 };
	struct pair *p;
	u32 len, with, size;

	for (with = 0; with < 2; with++) {
		for (len = 60; len < 66; len++) {
			defaults(65);
			p = quiet_pair(t);
			frame[0] = 0x30 + with;
			frame[1] = len < 64 ? len : 0x40;
			frame[2] = len;
			size = 1 + (with ? quic_varint_len(len) : 0);
			memset(frame + size, 9, len);
			size += len;
			inject(p, frame, size);
			EXPECT_EQ(t, stats(p, PAIR_SERVER)->recv, size <= 65);
			if (size > 65)
				closed_with(t, p, frame[0],
					    "DATAGRAM frame above max_datagram_frame_size");
			else
				EXPECT(t, pair_established(p));
			pair_free(p);
		}
	}
}

/* Empty ones are legal (RFC 9221 4) and come as such. */
static void empty(struct unit *t)
{
	static const u8 frames[] = { 0x31, 0, 0x31, 1, 'x', 0x30 };
	static const u32 lens[] = { 0, 1, 0 };
	struct quic_conn *conn;
	struct pair *p;
	const u8 *data;
	u32 i, len;

	defaults(100);
	p = quiet_pair(t);
	conn = p->end[PAIR_SERVER].conn;
	inject(p, frames, sizeof(frames));
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		ASSERT(t, quic_conn_dgram_peek(conn, &data, &len));
		EXPECT_EQ(t, len, lens[i]);
		EXPECT(t, quic_conn_dgram_take(conn, len));
	}
	EXPECT(t, !quic_conn_dgram_peek(conn, &data, &len));
	EXPECT(t, pair_established(p));
	pair_free(p);
}

/*
 * A packet that is refused for its stream's sake may come again: its datagram
 * counts the second time only. So also with more frames than are parsed at once.
 */
static void refused_packet(struct unit *t)
{
	static const u8 few[] = { 0x31, 2, 'h', 'i', 0x0a, 0, 2, 'y', 'o' };
	static const u8 many[] = {
		0x31, 2, 'h', 'i', 1, 1, 1, 1, 1, 0x31, 1, '!', 0x0a, 0, 2, 'y', 'o'
	};
	const u8 *frames[] = { few, many };
	const u32 lens[] = { sizeof(few), sizeof(many) };
	struct quic_conn *conn;
	struct pair *p;
	u32 i;

	for (i = 0; i < 2; i++) {
		defaults(100);
		p = quiet_pair(t);
		conn = p->end[PAIR_SERVER].conn;
		shim_host_fail_at(1);		/* the stream's own */
		inject(p, frames[i], lens[i]);
		EXPECT_EQ(t, conn->stats.pkts_dropped, 1);
		EXPECT_EQ(t, stats(p, PAIR_SERVER)->recv, 0);
		EXPECT_EQ(t, conn->dgrams.rx.n, 0);
		inject(p, frames[i], lens[i]);
		EXPECT_EQ(t, conn->dgrams.rx.n, i + 1);
		/* and a repetition of the packet is none of the datagram */
		pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP,
			    conn->space[QUIC_SPACE_APP].rx_next - 1, frames[i], lens[i]);
		EXPECT_EQ(t, conn->dgrams.rx.n, i + 1);
		EXPECT_EQ(t, stats(p, PAIR_SERVER)->recv, i + 1);
		pair_free(p);
	}
}

/* Bytes of a packet that closes count up to the close, whatever follows is not checked. */
static void beside_a_close(struct unit *t)
{
	static const u8 frames[] = { 0x31, 1, 'a', 0x1d, 0, 0, 0x31, 1, 'b' };
	struct pair *p;

	defaults(0);
	cfg.local[PAIR_SERVER].max_datagram_frame_size = 50;
	p = quiet_pair(t);
	inject(p, frames, sizeof(frames));
	EXPECT_EQ(t, quic_conn_state(p->end[PAIR_SERVER].conn), QUIC_CONN_DRAINING);
	EXPECT_GE(t, p->end[PAIR_SERVER].conn->dgrams.rx.n, 1);
	pair_free(p);
}

/* ---- queues ---- */

static void tx_queue_full(struct unit *t)
{
	struct quic_dgram_queue *q;
	struct quic_conn *conn;
	struct pair *p;
	u32 i;

	defaults(65535);
	p = quiet_pair(t);
	conn = p->end[PAIR_CLIENT].conn;
	q = &conn->dgrams.tx;
	q->max_n = 10;
	q->max_bytes = 4000;
	for (i = 0; i < 10; i++)
		EXPECT_EQ(t, pair_msg_send(conn, bytes, 100), 0);
	EXPECT_EQ(t, pair_msg_send(conn, bytes, 100), -EAGAIN);
	EXPECT_EQ(t, q->n, 10);
	EXPECT_EQ(t, quic_conn_tx_queued(conn), 1000);
	pair_pump(p);
	EXPECT_EQ(t, q->n, 0);
	EXPECT(t, p->end[PAIR_CLIENT].want & QUIC_WANT_WRITABLE);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(t, pair_msg_send(conn, bytes, 900), 0);
	EXPECT_EQ(t, pair_msg_send(conn, bytes, 401), -EAGAIN);
	EXPECT_EQ(t, pair_msg_send(conn, bytes, 400), 0);
	q->max_bytes = 300;
	EXPECT_EQ(t, pair_msg_send(conn, bytes, 301), -EMSGSIZE);
	q->max_bytes = 4000;
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_EQ(t, stats(p, PAIR_CLIENT)->sent, 15);
	EXPECT_EQ(t, stats(p, PAIR_CLIENT)->acked, 15);
	EXPECT_EQ(t, stats(p, PAIR_CLIENT)->tx_dropped, 0);
	EXPECT_EQ(t, p->end[PAIR_SERVER].conn->dgrams.rx.n, 15);
	finish(t, p);
}

static void tx_drop_oldest(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;

	defaults(65535);
	p = quiet_pair(t);
	conn = p->end[PAIR_CLIENT].conn;
	conn->dgrams.tx.max_n = 4;
	conn->dgrams.tx.drop_oldest = true;
	send_numbered(p, "abcdefg", 500);
	EXPECT_EQ(t, conn->dgrams.tx.n, 4);
	EXPECT_EQ(t, stats(p, PAIR_CLIENT)->tx_dropped, 3);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_STR_EQ(t, numbers(p->end[PAIR_SERVER].conn), "defg");
	finish(t, p);
}

static void rx_queue_full(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;

	defaults(65535);
	p = quiet_pair(t);
	conn = p->end[PAIR_SERVER].conn;
	conn->dgrams.rx.max_n = 3;
	send_numbered(p, "abcde", 1000);
	pair_run(p, NULL, p->now + 100 * MS);
	/* The newest did not come in; all are acknowledged. */
	EXPECT_EQ(t, stats(p, PAIR_CLIENT)->acked, 5);
	EXPECT_EQ(t, stats(p, PAIR_SERVER)->recv, 5);
	EXPECT_EQ(t, stats(p, PAIR_SERVER)->rx_dropped, 2);
	EXPECT_STR_EQ(t, numbers(conn), "abc");
	conn->dgrams.rx.drop_oldest = true;
	send_numbered(p, "abcde", 1000);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_STR_EQ(t, numbers(conn), "cde");
	EXPECT_EQ(t, stats(p, PAIR_SERVER)->rx_dropped, 4);
	finish(t, p);
}

/* Of the one that is being read the rest stays, whatever comes. */
static void rx_drop_oldest_but_the_begun(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;
	const u8 *data;
	u32 len;

	defaults(65535);
	p = quiet_pair(t);
	conn = p->end[PAIR_SERVER].conn;
	conn->dgrams.rx.max_n = 3;
	conn->dgrams.rx.drop_oldest = true;
	send_numbered(p, "abc", 700);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT(t, !quic_conn_dgram_take(conn, 650));
	EXPECT(t, !quic_conn_dgram_take(conn, 0));
	send_numbered(p, "de", 700);
	pair_run(p, NULL, p->now + 100 * MS);
	ASSERT(t, quic_conn_dgram_peek(conn, &data, &len));
	EXPECT_EQ(t, len, 50);
	EXPECT_MEM_EQ(t, data, bytes + 650, 50);
	EXPECT(t, quic_conn_dgram_take(conn, 50));
	EXPECT_STR_EQ(t, numbers(conn), "de");
	/* alone and begun: nothing can go for the next one */
	conn->dgrams.rx.max_n = 1;
	send_numbered(p, "f", 700);
	pair_run(p, NULL, p->now + 100 * MS);
	quic_conn_dgram_take(conn, 1);
	send_numbered(p, "g", 700);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_EQ(t, conn->dgrams.rx.n, 1);
	quic_conn_dgram_take(conn, U32_MAX);
	finish(t, p);
}

/* Memory that unread ones keep: whole buffers for long ones, once; copies of short. */
static void rx_bytes_bound(struct unit *t)
{
	struct quic_dgram_queue *q;
	struct quic_conn *conn;
	u64 live, before;
	struct pair *p;
	u32 i;

	defaults(65535);
	p = quiet_pair(t);
	conn = p->end[PAIR_SERVER].conn;
	q = &conn->dgrams.rx;
	before = shim_host_bytes();
	q->max_bytes = 20000;
	for (i = 0; i < 10; i++) {
		send_numbered(p, "aaaaaaaaaa", i & 1 ? 1200 : 10);
		pair_run(p, NULL, p->now + 100 * MS);
		EXPECT_LE(t, q->bytes, 20000);
	}
	live = shim_host_bytes() - before;
	EXPECT_LE(t, live, 20000 + q->n * sizeof(struct quic_dgram) + 1000);
	EXPECT_GT(t, q->bytes, 15000);
	EXPECT_GT(t, stats(p, PAIR_SERVER)->rx_dropped, 0);
	q->drop_oldest = true;
	send_numbered(p, "bbbbbbbbbb", 1200);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_LE(t, q->bytes, 20000);
	/* what can never fit pushes nobody out */
	q->max_bytes = 1000;
	i = q->n;
	send_numbered(p, "c", 1200);
	p->cfg.check_every = 0;
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_EQ(t, q->n, i);
	q->max_bytes = 20000;
	numbers(conn);
	finish(t, p);
}

/* Two datagrams of one packet share a buffer: it counts once, until both are gone. */
static void rx_shared_buffer(struct unit *t)
{
	u8 frames[2 * 303];
	struct quic_conn *conn;
	struct pair *p;
	u32 i, one;

	defaults(65535);
	p = quiet_pair(t);
	conn = p->end[PAIR_SERVER].conn;
	for (i = 0; i < 2; i++) {
		frames[i * 303] = 0x31;
		frames[i * 303 + 1] = 0x40 | 300 >> 8;
		frames[i * 303 + 2] = 300 & 0xff;
		memset(frames + i * 303 + 3, 'a' + i, 300);
	}
	inject(p, frames, sizeof(frames));
	one = conn->dgrams.rx.bytes;
	EXPECT_EQ(t, conn->dgrams.rx.n, 2);
	EXPECT_GE(t, one, sizeof(frames));
	EXPECT_LT(t, one, 2 * sizeof(frames));
	quic_conn_dgram_take(conn, U32_MAX);
	EXPECT_EQ(t, conn->dgrams.rx.bytes, one);
	quic_conn_dgram_take(conn, U32_MAX);
	EXPECT_EQ(t, conn->dgrams.rx.bytes, 0);
	pair_free(p);
}

/* No memory in the host, or in the core: dropped and counted, the packet stands. */
static void rx_no_memory(struct unit *t)
{
	static const u8 small[] = { 0x31, 1, 'x' };
	struct quic_conn *conn;
	u8 frame[601] = { 0x30 };
	struct pair *p;

	defaults(65535);
	p = quiet_pair(t);
	conn = p->end[PAIR_SERVER].conn;
	quic_conn_set_rx_full(conn, true);
	inject(p, frame, sizeof(frame));
	EXPECT_EQ(t, stats(p, PAIR_SERVER)->rx_dropped, 1);
	inject(p, small, sizeof(small));
	EXPECT_EQ(t, conn->dgrams.rx.n, 1);
	quic_conn_set_rx_full(conn, false);
	shim_host_fail_at(1);
	inject(p, frame, sizeof(frame));
	EXPECT_EQ(t, stats(p, PAIR_SERVER)->rx_dropped, 2);
	EXPECT_EQ(t, stats(p, PAIR_SERVER)->recv, 3);
	EXPECT_EQ(t, conn->stats.pkts_dropped, 0);
	shim_host_fail_at(1);
	EXPECT_EQ(t, pair_msg_send(conn, bytes, 100), -ENOMEM);
	EXPECT_EQ(t, conn->dgrams.tx.n, 0);
	pair_free(p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(max_of_the_path),
	UNIT_CASE(max_with_any_packet_number),
	UNIT_CASE(max_of_the_peer),
	UNIT_CASE(path_shrinks),
	UNIT_CASE(not_negotiated),
	UNIT_CASE(above_the_limit),
	UNIT_CASE(empty),
	UNIT_CASE(refused_packet),
	UNIT_CASE(beside_a_close),
	UNIT_CASE(tx_queue_full),
	UNIT_CASE(tx_drop_oldest),
	UNIT_CASE(rx_queue_full),
	UNIT_CASE(rx_drop_oldest_but_the_begun),
	UNIT_CASE(rx_bytes_bound),
	UNIT_CASE(rx_shared_buffer),
	UNIT_CASE(rx_no_memory),
};

UNIT_SUITE(dgram, cases);
