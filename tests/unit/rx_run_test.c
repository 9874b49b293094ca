// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of bulk data, many at once: whatever comes in one call and packet by packet
 * leaves two connections, which were the same before, the same.
 */
#include "unit.h"
#include "../shim/pair.h"
#include "unit_pair.h"
#include "../../kmod/core/rx_run.h"
#include "../../kmod/core/wire_frame.h"
#include "../../kmod/core/stream.h"
#include "../../kmod/core/ecn.h"

#define MS	QUIC_NS_PER_MS
#define PKTS	64
#define ROUNDS	400
#define DATA	600	/* bytes of a frame, about */
#define STREAM	0	/* the client's first */

enum kind {
	PLAIN,		/* the next bytes */
	PADDED,		/* PADDING in front of them */
	SHORT,		/* so few that they are copied */
	LENGTH,		/* and a Length */
	FIN,
	OTHER,		/* of another stream */
	AHEAD,		/* bytes are missing */
	AGAIN,		/* bytes that came before */
	HUGE_OFFSET,	/* beyond the windows */
	PING,
	BEHIND,		/* PLAIN, and a PING in front */
	SKIPPED,	/* PLAIN, and a number is missing */
	REPEATED,	/* the number of the packet before */
	MARKED,		/* PLAIN, its datagram came with CE */
	ECT,		/* PLAIN, with ECT(0) */
	RESERVED,	/* a reserved bit is set */
	OLD_KEY,
	BROKEN,		/* an unknown frame */
	CUT,		/* a frame that ends too early */
	KINDS,
};

struct train {
	struct quic_rx_pkt pkts[PKTS];
	struct quic_rxbuf *buf;
	u32 n;
	u64 pn;
	u64 offset;
};

static struct train tr;		/* too large for a kernel's stack */

static u8 byte_at(u64 off)
{
	return off * 11 ^ off >> 9;
}

static void put_data(struct quic_wcur *w, u64 id, u64 off, u32 len, bool length, bool fin)
{
	quic_frame_put_stream_hdr(w, id, off, len, length, fin);
	for (; len--; off++)
		quic_put_u8(w, byte_at(off));
}

static void put_pkt(struct train *tr, struct quic_wcur *w, u32 dice, enum kind kind)
{
	u32 len = kind == SHORT ? 1 + dice % 190 : DATA + dice % 100, pad = dice % 17;
	u64 off = tr->offset;

	switch (kind) {
	case PADDED:
		while (pad--)
			quic_put_u8(w, 0);
		break;
	case OTHER:
		put_data(w, STREAM + 4, dice & 1 ? off : 0, len, false, false);
		return;
	case AHEAD:
		put_data(w, STREAM, off + 1 + dice % 3000, len, false, false);
		return;
	case AGAIN:
		put_data(w, STREAM, off - min_t(u64, off, dice % 1000), len, false, false);
		tr->offset = max(off, off - min_t(u64, off, dice % 1000) + len);
		return;
	case HUGE_OFFSET:
		put_data(w, STREAM, 1ULL << 40, len, false, false);
		return;
	case BEHIND:
		quic_put_u8(w, QUIC_FRAME_PING);
		break;
	case PING:
		quic_put_u8(w, QUIC_FRAME_PING);
		return;
	case BROKEN:
		quic_put_u8(w, 0x3f);
		return;
	case CUT:
		quic_put_u8(w, QUIC_FRAME_STREAM | QUIC_STREAM_F_OFF);
		quic_put_u8(w, STREAM);
		quic_put_u8(w, 0xc0);
		return;
	default:
		break;
	}
	put_data(w, STREAM, off, len, kind == LENGTH, kind == FIN);
	tr->offset = off + len;
}

static void add_pkt(struct train *tr, u32 dice, enum kind kind)
{
	struct quic_rx_pkt *pkt = &tr->pkts[tr->n];
	struct quic_wcur w;

	pkt->data = tr->buf->data + tr->n * 1500;
	w = quic_wcur_init((u8 *)pkt->data, 1500);
	put_pkt(tr, &w, dice, kind);
	pkt->len = w.p - pkt->data;
	pkt->dgram_len = pkt->len + 28;
	pkt->buf = tr->buf;
	pkt->is_bulk = false;
	pkt->level = QUIC_CRYPTO_APP;
	pkt->ecn = kind == MARKED ? QUIC_ECN_CE : kind == ECT ? QUIC_ECN_ECT0 : 0;
	pkt->reserved = kind == RESERVED;
	pkt->key_gen = kind == OLD_KEY ? 7 : 0;
	tr->pn += kind == SKIPPED;
	pkt->pn = tr->pn - (kind == REPEATED);
	tr->pn += kind != REPEATED;
	tr->n++;
}

static u32 sum_conn(const struct quic_conn *conn, const struct quic_stream *st)
{
	const struct quic_pnspace *s = &conn->space[QUIC_SPACE_APP];
	u64 said[] = {
		s->rx_next, s->rx_eliciting_next, s->rx_largest_time, s->ack_pending, s->ack_now,
		s->ack_deadline, s->rx.n, s->rx.floor, s->ecn_rx[0], s->ecn_rx[2], s->ecn_rx[3],
		conn->flow_rx.received, conn->flow_rx.max, conn->stats.pkts_recv,
		conn->stats.pkts_dup, conn->stats.pkts_dropped, conn->stats.bytes_recv,
		conn->stats.stream_bytes_recv, conn->path.rx_bytes, conn->state, conn->want,
		conn->close.code, conn->streams.rx_queued, conn->streams.rx_seq,
		conn->idle_tx_reset, conn->keyphase.rx_first[0], conn->keyphase.next_wanted,
		st ? st->flow_rx.received : 1, st ? st->rx.contig : 1, st ? st->rx.highest : 1,
		st ? st->rx.n_chunks : 1, st ? st->recv_state : 1,
		st ? !list_empty(&st->rx_node) : 1,
	};
	const u8 *p = (const u8 *)said;
	u32 sum = 2166136261U, i;

	for (i = 0; i < sizeof(said); i++)
		sum = (sum ^ p[i]) * 16777619;
	for (i = 0; i < s->rx.n; i++)
		sum = (sum ^ s->rx.r[i].lo ^ s->rx.r[i].hi << 8) * 16777619;
	return sum;
}

/* Read half of what there is. Return: a sum of the bytes; they are the right ones. */
static u32 read_some(struct unit *t, struct quic_conn *conn, struct quic_stream *st)
{
	u64 off = st->rx.read, left = quic_recvbuf_queued(&st->rx) / 2;
	const u8 *p;
	u32 len, i;

	while (left && (p = quic_stream_peek(st, &len))) {
		len = min_t(u64, len, left);
		for (i = 0; i < len; i++)
			EXPECT_EQ(t, p[i], byte_at(off + i));
		quic_stream_consume(conn, st, len);
		off += len;
		left -= len;
	}
	return off;
}

/* As a host that has looked at the payloads hands them over. */
static void look_for_bulk(void)
{
	struct quic_rx_pkt *pkt;
	u32 head;

	for (pkt = tr.pkts; pkt < tr.pkts + tr.n; pkt++) {
		head = quic_rx_bulk_head(pkt->data, pkt->len, &pkt->bulk);
		pkt->is_bulk = head;
		pkt->data += head;
		pkt->len -= head;
	}
}

/*
 * A connection gets trains of packets that @seed throws; @at_once: each in one call; @looked:
 * the host knows what is bulk.
 */
static u32 once(struct unit *t, u64 seed, bool at_once, bool looked, u32 *sums)
{
	struct pair_cfg cfg;
	struct quic_conn *conn;
	struct quic_stream *st;
	struct pair *p;
	u32 round, i, n = 0, dice;
	u64 rnd = seed;

	pair_defaults(&cfg);
	cfg.local[1].initial_max_data = 60000 + seed % 7 * 5000;
	cfg.local[1].initial_max_stream_data_bidi_remote = 40000 + seed % 5 * 7000;
	shim_host_reset(7);
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_SERVER].conn;
	memset(&tr, 0, sizeof(tr));
	tr.pn = conn->space[QUIC_SPACE_APP].rx_next;
	for (round = 0; round < 6; round++) {
		tr.n = 0;
		tr.buf = shim_rxbuf_new(PKTS * 1500);
		for (i = 0; i < 24; i++) {
			rnd = rnd * 6364136223846793005ULL + 1442695040888963407ULL;
			dice = rnd >> 33;
			add_pkt(&tr, dice >> 8, (dice & 0xff) < 236 ? (dice & 1 ? PLAIN : PADDED) :
							dice % KINDS);
		}
		if (looked)
			look_for_bulk();
		if (at_once)
			quic_conn_recv(conn, tr.pkts, tr.n, p->now);
		for (i = 0; !at_once && i < tr.n; i++)
			quic_conn_recv(conn, &tr.pkts[i], 1, p->now);
		quic_host_rxbuf_put(tr.buf);
		st = quic_conn_stream_find(conn, STREAM);
		sums[n++] = sum_conn(conn, st);
		if (st && quic_conn_is_open(conn))
			sums[n++] = read_some(t, conn, st);
		p->now += MS;
	}
	pair_free(p);
	return n;
}

static void like_one_by_one(struct unit *t)
{
	u32 sums[2][16], n[2], seed, i, way;

	for (seed = 1; seed <= ROUNDS; seed++) {
		n[0] = once(t, seed, false, false, sums[0]);
		for (way = 1; way < 4; way++) {
			n[1] = once(t, seed, way & 1, way & 2, sums[1]);
			ASSERT_EQ(t, n[0], n[1]);
			for (i = 0; i < n[0]; i++)
				if (!EXPECT_EQ(t, sums[0][i], sums[1][i]))
					unit_log("# seed %u, note %u, way %u", seed, i, way);
		}
		if (t->failures)
			return;
	}
}

/* How many of a train are taken at once, and what ends it. */
static void where_it_ends(struct unit *t)
{
	struct pair_cfg cfg;
	struct quic_conn *conn;
	struct pair *p;
	u32 kind, took;

	for (kind = 0; kind < KINDS; kind++) {
		pair_defaults(&cfg);
		p = unit_connected(t, &cfg);
		conn = p->end[PAIR_SERVER].conn;
		memset(&tr, 0, sizeof(tr));
		tr.pn = conn->space[QUIC_SPACE_APP].rx_next;
		tr.buf = shim_rxbuf_new(PKTS * 1500);
		while (tr.n < 10)
			add_pkt(&tr, 3, PLAIN);
		add_pkt(&tr, 3, kind);
		while (tr.n < 20)
			add_pkt(&tr, 3, PLAIN);
		quic_conn_recv(conn, tr.pkts, 1, p->now);
		took = quic_rx_run(conn, tr.pkts + 1, tr.n - 1, p->now);
		EXPECT_EQ(t, took, kind == PLAIN || kind == PADDED ? 19 : 9);
		EXPECT_EQ(t, conn->space[QUIC_SPACE_APP].rx_next, tr.pkts[0].pn + took + 1);
		quic_host_rxbuf_put(tr.buf);
		unit_no_errors(t, p);
		pair_free(p);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(like_one_by_one),
	UNIT_CASE(where_it_ends),
};

UNIT_SUITE(rx_run, cases);
