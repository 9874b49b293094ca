// SPDX-License-Identifier: GPL-2.0
/*
 * Runs of like packets: whatever is to be sent is built twice, with runs and packet by
 * packet, in two connections that are the same otherwise. What is built, what is noted of
 * it and what is counted must be the same; and there must have been runs, or none.
 */
#include "unit.h"
#include "../shim/pair.h"
#include "unit_pair.h"
#include "../../kmod/core/stream.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC
#define ROUNDS	16	/* batches at most */
#define PLENTY	(1ULL << 30)
#define NOTES	4096
#define BATCH	44
#define FIRST	0	/* stream, of ours */

/**
 * struct job - what is to be sent
 * @name: for the log
 * @chunk: bytes in one piece
 * @chunks: how many
 * @lead: bytes in front of the first, which make the others lie less well
 * @more: streams that have as much, or a little less, besides
 * @batch: packets in one at most; 0: as many as there are by default
 * @set: what else is so
 * @none: there must be no run; else there must
 */
struct job {
	const char *name;
	u32 chunk;
	u32 chunks;
	u32 lead;
	u32 more;
	u32 batch;
	void (*set)(struct pair *p, struct quic_conn *conn, struct quic_stream *st);
	bool none;
};

static u32 notes[2][NOTES];	/* sums of all that was built, packet by packet */

static u32 sum_of(u32 sum, const void *data, u32 len)
{
	const u8 *p = data;

	while (len--)
		sum = (sum ^ *p++) * 16777619;
	return sum;
}

static u32 sum_pkt(const struct quic_conn *conn, const struct quic_tx_pkt *p)
{
	const struct quic_sent_pkt *rec = quic_sent_get(&conn->space[QUIC_SPACE_APP].sent, p->pn);
	u64 said[] = {
		p->pn, p->len, p->hdr_len, p->prefix_len, p->pn_off, p->pn_len, p->level,
		p->key_gen, p->n_pieces, p->dgram_end, rec->time, rec->size, rec->flags,
		rec->dgrams, rec->range.id, rec->range.offset, rec->range.len, rec->range.fin,
		rec->range.crypto, rec->range.used, !!rec->range.next,
		p->n_pieces ? p->piece[0].before : 0,
	};
	u32 sum = sum_of(2166136261U, said, sizeof(said)), i;

	sum = sum_of(sum, p->buf, p->hdr_len + p->prefix_len);
	for (i = 0; i < p->n_pieces; i++)
		sum = sum_of(sum, p->piece[i].data, p->piece[i].len);
	return sum;
}

static u32 sum_stream(u32 sum, const struct quic_stream *st)
{
	u64 said[] = {
		st->id, st->tx.next, st->flow_tx.used, st->flow_tx.blocked_at, st->send_state,
		st->tx_place, st->tx_turn, st->tx_round,
	};

	return sum_of(sum, said, sizeof(said));
}

static u32 sum_conn(struct quic_conn *conn)
{
	const struct quic_pnspace *s = &conn->space[QUIC_SPACE_APP];
	const struct quic_sched_level *l = &conn->streams.sched.usual;
	const struct quic_stream *st;
	u64 said[] = {
		s->tx_next, s->sent.next, s->sent.n_eliciting, s->last_eliciting, s->ect_sent,
		conn->path.cc.bytes_in_flight, conn->path.tx_bytes, conn->path.pacer.budget,
		conn->path.app_limited, conn->path.ecn.tested, conn->path.ecn.test_end,
		conn->flow_tx.used, conn->flow_tx.blocked_at, conn->stats.pkts_sent,
		conn->stats.bytes_sent, conn->stats.stream_bytes_sent, conn->stats.paced,
		conn->pacing_deadline, conn->loss_deadline, conn->skips.next, conn->skips.n,
		conn->grease, conn->hold.sent, conn->streams.sched.n, l->most, l->round, l->turn,
		l->again_went,
	};
	u32 sum = sum_of(2166136261U, said, sizeof(said));
	u64 id;

	for (id = FIRST; (st = quic_conn_stream_find(conn, id)); id += 4)
		sum = sum_stream(sum, st);
	return sum;
}

/* Queue @len bytes, no two neighbours alike. */
static void queue(struct unit *t, struct quic_conn *conn, struct quic_stream *st, u32 len, u32 seed)
{
	struct quic_txbuf *buf = shim_txbuf_new(len);
	bool merged;
	u32 i;

	for (i = 0; i < len; i++)
		buf->data[i] = (i * 7 + seed) ^ i >> 8;
	buf->held = len;
	EXPECT_EQ(t, quic_stream_append(conn, st, buf->data, len, buf, &merged), 0);
}

static u32 build_all(struct pair_end *e, u32 batch, u64 now, u32 *note)
{
	u32 i, n = 0, round;

	for (round = 0; round < ROUNDS; round++) {
		e->batch.n = 0;
		e->batch.n_dgrams = 0;
		e->batch.max_dgrams = batch;
		e->batch.host = &e->arena;
		e->arena.used = 0;
		if (!quic_conn_build(e->conn, &e->batch, now))
			break;
		note[n++] = e->batch.n << 16 | e->batch.n_dgrams;
		for (i = 0; i < e->batch.n; i++)
			note[n++] = sum_pkt(e->conn, &e->batch.pkt[i]);
		note[n++] = sum_conn(e->conn);
	}
	return n;
}

/* Stream number @i: the first has what the job says, what others have ends a little earlier. */
static struct quic_stream *open_with(struct unit *t, struct quic_conn *conn, const struct job *j,
				     u32 i)
{
	struct quic_stream *st;
	u32 k;

	EXPECT_EQ(t, quic_conn_stream_open(conn, false, &st), 0);
	st->flow_tx.limit = PLENTY;
	if (j->lead)
		queue(t, conn, st, j->lead, 1);
	for (k = 0; k < j->chunks; k++)
		queue(t, conn, st, j->chunk - i * 777, k + i);
	return st;
}

/* Return: how many notes; @asked: places asked for, @pkts: packets built. */
static u32 once(struct unit *t, const struct job *j, bool one_by_one, u32 *asked, u64 *pkts)
{
	struct pair_cfg cfg;
	struct quic_stream *st;
	struct quic_conn *conn;
	struct pair *p;
	u32 i, n;

	pair_defaults(&cfg);
	cfg.local[0].grease_quic_bit = true;
	cfg.local[1].grease_quic_bit = true;
	cfg.local[PAIR_SERVER].initial_max_streams_bidi = j->more + 1;
	shim_host_reset(7);
	p = unit_connected(t, &cfg);
	conn = p->end[PAIR_CLIENT].conn;
	conn->path.cc.cwnd = PLENTY;
	conn->path.pacer.rate = 0;
	conn->flow_tx.limit += PLENTY;
	st = open_with(t, conn, j, 0);
	for (i = 1; i <= j->more; i++)
		open_with(t, conn, j, i);
	if (j->set)
		j->set(p, conn, st);
	p->end[PAIR_CLIENT].arena.one_by_one = one_by_one;
	p->end[PAIR_CLIENT].arena.asked = 0;
	*pkts = conn->stats.pkts_sent;
	n = build_all(&p->end[PAIR_CLIENT], j->batch ? j->batch : BATCH, p->now,
		      notes[one_by_one]);
	*pkts = conn->stats.pkts_sent - *pkts;
	*asked = p->end[PAIR_CLIENT].arena.asked;
	pair_free(p);
	return n;
}

static void same(struct unit *t, const struct job *j)
{
	u32 asked[2], n[2], i;
	u64 pkts[2];

	n[0] = once(t, j, false, &asked[0], &pkts[0]);
	n[1] = once(t, j, true, &asked[1], &pkts[1]);
	EXPECT_GT(t, pkts[0], 20);
	EXPECT_EQ(t, pkts[0], pkts[1]);
	EXPECT_EQ(t, n[0], n[1]);
	for (i = 0; i < min(n[0], n[1]); i++)
		if (!EXPECT_EQ(t, notes[0][i], notes[1][i]))
			break;
	if (j->none)
		EXPECT_EQ(t, asked[0], asked[1]);
	else
		EXPECT_LT(t, asked[0], asked[1] * 3 / 4);
	if (t->failures)
		unit_log("# %s: %u of %u notes, places %u and %u", j->name, i, n[0], asked[0],
			 asked[1]);
}

/* ---- limits, each of which ends a run ---- */

static void window(struct pair *p, struct quic_conn *conn, struct quic_stream *st)
{
	conn->path.cc.cwnd = conn->path.cc.bytes_in_flight + 70000;
}

static void pacing(struct pair *p, struct quic_conn *conn, struct quic_stream *st)
{
	conn->path.pacer.rate = 100 << 20;
	conn->path.pacer.burst = 90000;
	conn->path.pacer.budget = 90000;
	conn->path.pacer.last = p->now;
}

static void stream_credit(struct pair *p, struct quic_conn *conn, struct quic_stream *st)
{
	st->flow_tx.limit = 100001;
	quic_stream_tx_update(conn, st);
}

static void conn_credit(struct pair *p, struct quic_conn *conn, struct quic_stream *st)
{
	conn->flow_tx.limit = conn->flow_tx.used + 100001;
}

static void fin(struct pair *p, struct quic_conn *conn, struct quic_stream *st)
{
	quic_stream_finish(conn, st);
}

/* The number grows from two bytes to three within a train. */
static void longer_number(struct pair *p, struct quic_conn *conn, struct quic_stream *st)
{
	struct quic_pnspace *s = &conn->space[QUIC_SPACE_APP];

	s->tx_next = s->largest_acked + (1 << 15) - 20;
	conn->skips.next = s->tx_next + 100;
	s->sent.base = s->tx_next;
	s->sent.next = s->tx_next;
}

static void skipped(struct pair *p, struct quic_conn *conn, struct quic_stream *st)
{
	conn->skips.next = conn->space[QUIC_SPACE_APP].tx_next + 10;
}

static void marked(struct pair *p, struct quic_conn *conn, struct quic_stream *st)
{
	memset(&conn->path.ecn, 0, sizeof(conn->path.ecn));
}

/* ---- what makes all the difference ---- */

static void lost_before(struct pair *p, struct quic_conn *conn, struct quic_stream *st)
{
	st->tx.next = 70000;
	quic_sendbuf_lost(&st->tx, 100, 60000, false);
	quic_stream_tx_update(conn, st);
}

/* ---- streams whose turn it is ---- */

static void urgent(struct pair *p, struct quic_conn *conn, struct quic_stream *st)
{
	quic_stream_set_priority(conn, st, 1, true);
}

static void in_order(struct pair *p, struct quic_conn *conn, struct quic_stream *st)
{
	u64 id;

	for (id = FIRST; (st = quic_conn_stream_find(conn, id)); id += 4)
		quic_stream_set_priority(conn, st, QUIC_URGENCY_DEFAULT, false);
}

/* All the others share, and it does not. */
static void both_kinds(struct pair *p, struct quic_conn *conn, struct quic_stream *st)
{
	quic_stream_set_priority(conn, st, QUIC_URGENCY_DEFAULT, false);
}

static void ends_soon(struct pair *p, struct quic_conn *conn, struct quic_stream *st)
{
	fin(p, conn, quic_conn_stream_find(conn, FIRST + 4));
	fin(p, conn, st);
}

static void ends(struct unit *t)
{
	static const struct job jobs[] = {
		{ .name = "one chunk", .chunk = 200000, .chunks = 1 },
		{ .name = "lies badly", .chunk = 200000, .chunks = 1, .lead = 1213 },
		{ .name = "short chunks", .chunk = 32768, .chunks = 6 },
		{ .name = "odd chunks", .chunk = 30001, .chunks = 6 },
		{ .name = "ends in what is copied", .chunk = 16892, .chunks = 4 },
		{ .name = "window", .chunk = 200000, .chunks = 1, .set = window },
		{ .name = "pacing", .chunk = 200000, .chunks = 1, .set = pacing },
		{ .name = "stream's credit", .chunk = 200000, .chunks = 1, .set = stream_credit },
		{ .name = "connection's credit", .chunk = 200000, .chunks = 1, .set = conn_credit },
		{ .name = "end", .chunk = 200000, .chunks = 1, .set = fin },
		{ .name = "longer number", .chunk = 200000, .chunks = 1, .set = longer_number },
		{ .name = "a number left out", .chunk = 200000, .chunks = 1, .set = skipped },
		{ .name = "ECN's test", .chunk = 200000, .chunks = 1, .set = marked },
		{ .name = "repeated before", .chunk = 200000, .chunks = 1, .set = lost_before },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		same(t, &jobs[i]);
}

/* Whatever is left for the last packet, it has the FIN. */
static void end_anywhere(struct unit *t)
{
	struct job j = { .name = "end", .chunks = 1, .set = fin };

	for (j.chunk = 60000; j.chunk < 60000 + 1500; j.chunk += QUIC_TX_ALIGN)
		same(t, &j);
}

/* With others a run is as long as a turn. */
static void turns(struct unit *t)
{
	static const struct job jobs[] = {
		{ .name = "two streams", .chunk = 200000, .chunks = 1, .more = 1 },
		{ .name = "eight", .chunk = 80000, .chunks = 1, .more = 7 },
		{ .name = "eight, short chunks", .chunk = 20000, .chunks = 4, .more = 7 },
		{ .name = "eight, lie badly", .chunk = 80000, .chunks = 1, .lead = 1213,
		  .more = 7 },
		{ .name = "22", .chunk = 40000, .chunks = 1, .more = 21 },
		{ .name = "eight, batches of 20", .chunk = 80000, .chunks = 1, .more = 7,
		  .batch = 20 },
		{ .name = "three, window", .chunk = 80000, .chunks = 1, .more = 2, .set = window },
		{ .name = "three, pacing", .chunk = 80000, .chunks = 1, .more = 2, .set = pacing },
		{ .name = "three, a stream's credit", .chunk = 150000, .chunks = 1, .more = 2,
		  .set = stream_credit },
		{ .name = "three, credit", .chunk = 150000, .chunks = 1, .more = 2,
		  .set = conn_credit },
		{ .name = "three, two end", .chunk = 80000, .chunks = 1, .more = 2,
		  .set = ends_soon },
		{ .name = "three, longer number", .chunk = 80000, .chunks = 1, .more = 2,
		  .set = longer_number },
		{ .name = "three, a number left out", .chunk = 80000, .chunks = 1, .more = 2,
		  .set = skipped },
		{ .name = "three, one repeated", .chunk = 200000, .chunks = 1, .more = 2,
		  .set = lost_before },
		{ .name = "urgent", .chunk = 80000, .chunks = 1, .more = 2, .set = urgent },
		{ .name = "in order", .chunk = 80000, .chunks = 1, .more = 2, .set = in_order },
		{ .name = "in order, short trains", .chunk = 80000, .chunks = 1, .more = 2,
		  .set = in_order, .batch = 10 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		same(t, &jobs[i]);
}

static void no_run(struct unit *t)
{
	static const struct job jobs[] = {
		{ .name = "short trains", .chunk = 200000, .chunks = 1, .more = 1, .batch = 15,
		  .none = true },
		{ .name = "more than half of the packets", .chunk = 20000, .chunks = 1, .more = 22,
		  .set = window, .none = true },
		{ .name = "one shares, one does not", .chunk = 100000, .chunks = 1, .more = 1,
		  .set = both_kinds, .none = true },
		{ .name = "a chunk for each packet", .chunk = 1400, .chunks = 60, .none = true },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		same(t, &jobs[i]);
}

static const struct unit_case cases[] = {
	UNIT_CASE(ends),
	UNIT_CASE(end_anywhere),
	UNIT_CASE(turns),
	UNIT_CASE(no_run),
};

UNIT_SUITE(tx_run, cases);
