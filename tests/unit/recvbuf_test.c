// SPDX-License-Identifier: GPL-2.0
/*
 * Reassembly, against the pattern that was sent: bytes in any order, overlapping
 * and repeated, with failing memory; the number of chunks stays bounded.
 */
#include "unit.h"
#include "../shim/shim_host.h"
#include "../../kmod/core/recvbuf.h"

#define TOTAL	30000
#define ROOM	((QUIC_RX_SPARE_MAX + 64) * 200)

static struct quic_recvbuf rb;
static bool there[ROOM];
static bool taken[TOTAL];

static u8 byte_at(u64 off)
{
	return off * 37 + (off >> 7);
}

/* A packet with bytes [off, off + len) arrives. */
static int arrive(u64 off, u32 len)
{
	struct quic_rxbuf *buf = shim_rxbuf_new(len + 20);
	u32 i;
	int rc;

	for (i = 0; i < len; i++)
		buf->data[20 + i] = byte_at(off + i);
	rc = quic_recvbuf_add(&rb, off, buf->data + 20, len, buf);
	quic_host_rxbuf_put(buf);
	if (!rc)
		memset(there + off, true, len);
	return rc;
}

/* Read up to @max bytes and compare. */
static void read_some(struct unit *t, u32 max)
{
	const u8 *p;
	u32 len, i;

	while (max) {
		p = quic_recvbuf_peek(&rb, &len);
		EXPECT_EQ(t, !!p, quic_recvbuf_readable(&rb));
		if (!p)
			return;
		ASSERT(t, len);
		len = min(len, max);
		for (i = 0; i < len; i++)
			ASSERT_EQ(t, p[i], byte_at(rb.read + i));
		quic_recvbuf_consume(&rb, len);
		max -= len;
	}
}

/* @len bytes at @off are given to the application: for the first time, and the right ones. */
static void given(struct unit *t, u64 off, const u8 *p, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++) {
		ASSERT(t, !taken[off + i]);
		ASSERT_EQ(t, p[i], byte_at(off + i));
		taken[off + i] = true;
	}
}

/* Read in order: what was taken before is left out. */
static void read_ordered(struct unit *t, u32 max)
{
	const u8 *p;
	u32 len;

	while (max && (p = quic_recvbuf_peek(&rb, &len))) {
		len = min(len, max);
		given(t, rb.read, p, len);
		quic_recvbuf_consume(&rb, len);
		max -= len;
	}
}

/* Take some of the chunk at or behind @from, wherever that is. */
static void take_any(struct unit *t, u64 from)
{
	u8 was[1500];
	const u8 *p;
	u64 off;
	u32 len;
	int rc;

	p = quic_recvbuf_peek_any(&rb, from, &off, &len);
	if (!p) {
		if (!from)
			EXPECT_EQ(t, rb.n_chunks, rb.n_marks);
		return;
	}
	ASSERT(t, len && off >= from && len <= sizeof(was));
	if (unit_below(t, 2))
		len = 1 + unit_below(t, len);
	memcpy(was, p, len);
	rc = quic_recvbuf_take(&rb, off, len);
	if (!rc)
		given(t, off, was, len);
	else
		EXPECT_EQ(t, (u64)rc, (u64)-ENOMEM);
	EXPECT_EQ(t, (u64)quic_recvbuf_take(&rb, off, rc ? U32_MAX : 1), (u64)-EINVAL);
}

/* The counts, from the map. */
static void check_taken(struct unit *t)
{
	u64 v, n = 0;

	for (v = 0; v < rb.read; v++)
		ASSERT(t, taken[v]);
	for (; v < rb.contig; v++)
		n += taken[v];
	EXPECT_EQ(t, rb.taken, n);
	EXPECT_EQ(t, quic_recvbuf_queued(&rb), rb.contig - rb.read - n);
	EXPECT_EQ(t, quic_recvbuf_readable(&rb), quic_recvbuf_queued(&rb) > 0);
}

static void check_state(struct unit *t)
{
	u64 v;

	for (v = rb.read; v < TOTAL && there[v]; v++)
		;
	EXPECT_EQ(t, rb.contig, v);
	for (v = TOTAL; v && !there[v - 1]; v--)
		;
	EXPECT_GE(t, rb.highest, v);
}

static void start(void)
{
	memset(there, 0, sizeof(there));
	memset(taken, 0, sizeof(taken));
	quic_recvbuf_init(&rb);
}

/* A segment near the front. */
static void arrive_near(struct unit *t, u32 max_len, u32 spread)
{
	u64 off = rb.contig + unit_below(t, spread) - min_t(u64, rb.contig, spread / 4);

	if (!unit_below(t, 3))
		off = rb.contig;	/* the gap is filled now and then */
	off = min_t(u64, off, TOTAL - 1);
	arrive(off, min_t(u64, unit_below(t, max_len + 1), TOTAL - off));
}

/* Any segments, overlapping and repeated, near a moving front. */
static void life(struct unit *t, u32 max_len, u32 spread, bool exact)
{
	u32 steps = 0;

	start();
	while (rb.read < TOTAL) {
		if (++steps > 200000) {
			EXPECT(t, !"it ends");
			break;
		}
		arrive_near(t, max_len, spread);
		if (exact)
			check_state(t);
		if (!unit_below(t, 4))
			read_some(t, unit_below(t, 5000));
	}
	EXPECT_EQ(t, rb.n_chunks, 0);
	EXPECT_EQ(t, shim_host_live(), 0);
	quic_recvbuf_free(&rb);
}

/* Two readers, one in order and one not: each byte is given once, all are. */
static void life_any(struct unit *t, u32 max_len, u32 spread, bool exact)
{
	u32 steps = 0;
	u64 from;

	start();
	while (rb.read < TOTAL) {
		if (++steps > 200000) {
			EXPECT(t, !"it ends");
			break;
		}
		arrive_near(t, max_len, spread);
		from = unit_below(t, 2) ? 0 : rb.read + unit_below(t, spread);
		if (unit_below(t, 2))
			take_any(t, from);
		if (!unit_below(t, 8))
			read_ordered(t, unit_below(t, 3000));
		if (exact && !unit_below(t, 16)) {
			check_state(t);
			check_taken(t);
		}
	}
	EXPECT_EQ(t, rb.n_chunks + rb.n_marks + rb.n_copies, 0);
	EXPECT_EQ(t, shim_host_live(), 0);
	quic_recvbuf_free(&rb);
}

static void taken_in_any_order(struct unit *t)
{
	u32 i;

	for (i = 0; i < UNIT_ROUNDS(10); i++) {
		life_any(t, 1400, 8000, true);
		life_any(t, 100, 1000, true);
		life_any(t, 10, 60, true);
	}
	for (i = 0; i < 10; i++) {
		shim_host_fail_some(50 + 60 * i);
		life_any(t, 1400, 8000, false);
		life_any(t, 100, 1000, false);
	}
	shim_host_fail_some(0);
}

/* What was taken is one mark however many chunks it was; many marks are bounded. */
static void marks(struct unit *t)
{
	const u32 big = QUIC_RX_COPY_MAX + 1;
	u64 off, at;
	u32 len, i;

	start();
	for (off = 1; off + 1000 < TOTAL; off += 1000)
		EXPECT_EQ(t, arrive(off, 1000), 0);
	for (at = 1; at < off; at += 1000)
		EXPECT_EQ(t, quic_recvbuf_take(&rb, at, 1000), 0);
	EXPECT_EQ(t, rb.n_chunks, 1);
	EXPECT_EQ(t, shim_host_live(), 1);	/* no packet is held */
	EXPECT_EQ(t, arrive(5, 1000), 0);	/* a copy */
	EXPECT(t, !quic_recvbuf_peek_any(&rb, 0, &at, &len));
	EXPECT_EQ(t, arrive(0, 1), 0);
	EXPECT(t, quic_recvbuf_peek_any(&rb, 0, &at, &len));
	EXPECT_EQ(t, quic_recvbuf_take(&rb, 0, 1), 0);
	EXPECT_EQ(t, rb.read, off);
	EXPECT_EQ(t, shim_host_live(), 0);

	quic_recvbuf_init(&rb);
	for (i = 0; i < 2 * QUIC_RX_MARKS_MAX; i++) {
		struct quic_rxbuf *buf = shim_rxbuf_new(big);

		EXPECT_EQ(t, quic_recvbuf_add(&rb, 1 + i * (big + 1ULL), buf->data, big, buf), 0);
		quic_host_rxbuf_put(buf);
		if (quic_recvbuf_peek_any(&rb, 0, &at, &len))
			EXPECT_EQ(t, quic_recvbuf_take(&rb, at, len), 0);
	}
	EXPECT_EQ(t, rb.n_marks, QUIC_RX_MARKS_MAX);
	EXPECT_EQ(t, rb.n_chunks, 2 * QUIC_RX_MARKS_MAX);
	EXPECT_EQ(t, arrive(0, 1), 0);
	EXPECT(t, quic_recvbuf_peek_any(&rb, 0, &at, &len));
	EXPECT_EQ(t, at, 0);
	quic_recvbuf_free(&rb);
	EXPECT_EQ(t, rb.n_marks, 0);
	EXPECT_EQ(t, shim_host_live(), 0);
}

static void any_order(struct unit *t)
{
	u32 i;

	for (i = 0; i < UNIT_ROUNDS(10); i++) {
		life(t, 1400, 8000, true);
		life(t, 100, 1000, true);
		life(t, 10, 60, true);
	}
}

static void memory_fails(struct unit *t)
{
	u32 i;

	for (i = 0; i < 10; i++) {
		shim_host_fail_some(50 + 60 * i);
		life(t, 1400, 8000, false);
		life(t, 100, 1000, false);
	}
	shim_host_fail_some(0);
}

/* Thrown away half way: nothing is left. */
static void free_midway(struct unit *t)
{
	u32 i;

	for (i = 0; i < 50; i++) {
		start();
		arrive(unit_below(t, 20000), 1 + unit_below(t, 3000));
		arrive(unit_below(t, 20000), 1 + unit_below(t, 3000));
		arrive(0, 1 + unit_below(t, 3000));
		read_some(t, unit_below(t, 1000));
		quic_recvbuf_free(&rb);
		EXPECT_EQ(t, shim_host_live(), 0);
		EXPECT(t, !quic_recvbuf_readable(&rb));
	}
}

/* A byte per packet: copied, and together in few objects. */
static void tiny_frames_are_joined(struct unit *t)
{
	u64 off;

	start();
	for (off = 0; off < 10000; off++)
		EXPECT_EQ(t, arrive(off, 1), 0);
	EXPECT_EQ(t, shim_host_live_kind(QUIC_OBJ_RX_CHUNK), 0);
	EXPECT_LE(t, rb.n_chunks, 10000 / QUIC_RX_COPY_MAX + 1);
	EXPECT_EQ(t, shim_host_live(), rb.n_chunks);	/* no packet is held */
	read_some(t, 10000);
	EXPECT_EQ(t, rb.read, 10000);
}

/* Every other byte: the number of chunks is bounded. */
static void chunks_are_bounded(struct unit *t)
{
	u64 off;
	int rc = 0;

	start();
	for (off = 1; off < TOTAL && !rc; off += 2)
		rc = arrive(off, 1);
	EXPECT_EQ(t, (u64)rc, (u64)-ENOBUFS);
	EXPECT_EQ(t, rb.n_chunks, QUIC_RX_CHUNKS_MAX);
	quic_recvbuf_free(&rb);
}

static void final_size(struct unit *t)
{
	start();
	EXPECT_EQ(t, arrive(0, 0), 0);
	EXPECT(t, !quic_recvbuf_at_fin(&rb));
	rb.fin = true;
	rb.final_size = 0;
	EXPECT(t, quic_recvbuf_at_fin(&rb));
	start();
	arrive(0, 500);
	rb.fin = true;
	rb.final_size = 500;
	EXPECT(t, !quic_recvbuf_at_fin(&rb));
	read_some(t, 500);
	EXPECT(t, quic_recvbuf_at_fin(&rb));
}

/* Bytes further on, chunk by chunk, without taking any. */
static void peek_further(struct unit *t)
{
	const u8 *p, *q;
	u64 off;
	u32 len;

	start();
	arrive(0, 1000);
	arrive(1000, 700);
	arrive(2000, 500);
	for (off = 0; off < 1700; off += len) {
		p = quic_recvbuf_peek_at(&rb, off, &len);
		ASSERT(t, p && len && off + len <= 1700);
		/* the middle of a chunk is its end, shifted */
		q = quic_recvbuf_peek_at(&rb, off + len - 1, &len);
		EXPECT(t, q >= p);
		EXPECT_EQ(t, len, 1);
		len = q - p + 1;
	}
	EXPECT_EQ(t, off, 1700);
	EXPECT(t, !quic_recvbuf_peek_at(&rb, 1700, &len));
	EXPECT(t, !quic_recvbuf_peek_at(&rb, 2000, &len));
	EXPECT_EQ(t, rb.read, 0);
	read_some(t, 1700);
	EXPECT(t, !quic_recvbuf_peek_at(&rb, 0, &len));
	quic_recvbuf_free(&rb);
}

/* What flows allocates nothing; what was queued for a while is not all kept. */
static void spare_objects(struct unit *t)
{
	struct quic_rxpool pool;
	const u32 len = QUIC_RX_COPY_MAX + 1, n = QUIC_RX_SPARE_MAX + 10;
	u64 off = 0, allocs, end;

	start();
	quic_rxpool_init(&pool);
	rb.pool = &pool;
	for (; off < n * len; off += len)
		EXPECT_EQ(t, arrive(off, len), 0);
	EXPECT_EQ(t, shim_host_allocs(), n);
	read_some(t, off);
	EXPECT_EQ(t, pool.n_spare, QUIC_RX_SPARE_MAX);
	EXPECT_EQ(t, shim_host_live(), QUIC_RX_SPARE_MAX);
	allocs = shim_host_allocs();
	shim_host_fail_some(1000);
	for (end = off + 10 * len; off < end; off += len) {
		EXPECT_EQ(t, arrive(off, len), 0);
		read_some(t, len);
	}
	shim_host_fail_some(0);
	EXPECT_EQ(t, shim_host_allocs(), allocs);
	EXPECT_EQ(t, arrive(off + len, len), 0);
	quic_recvbuf_free(&rb);
	EXPECT_EQ(t, pool.n_spare, QUIC_RX_SPARE_MAX);
	quic_rxpool_trim(&pool);
	EXPECT_EQ(t, pool.n_spare, 0);
	EXPECT_EQ(t, shim_host_live(), 0);
	EXPECT_EQ(t, pool.copies, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(any_order),
	UNIT_CASE(memory_fails),
	UNIT_CASE(free_midway),
	UNIT_CASE(tiny_frames_are_joined),
	UNIT_CASE(chunks_are_bounded),
	UNIT_CASE(final_size),
	UNIT_CASE(peek_further),
	UNIT_CASE(taken_in_any_order),
	UNIT_CASE(marks),
	UNIT_CASE(spare_objects),
};

UNIT_SUITE(recvbuf, cases);
