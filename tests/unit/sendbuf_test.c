// SPDX-License-Identifier: GPL-2.0
/* What a stream has to send, against a model of one state per byte. */
#include "unit.h"
#include "../shim/shim_host.h"
#include "../../kmod/core/sendbuf.h"
#include "../../kmod/core/core.h"

#define MODEL	20000
#define FRAMES	4096

enum state {
	UNSENT,
	FLYING,
	LOST,
	ACKED,
};

static u8 model[MODEL];
static struct quic_sendbuf sb;

static u8 byte_at(u64 off)
{
	return off * 131 + (off >> 8) * 17;
}

/* Frames sent and not settled. */
static struct frame {
	u64 off;
	u32 len;
	bool fin;
} frames[FRAMES];
static u32 n_frames;

/* Append @len bytes of the pattern, in pieces of one buffer. */
static bool append(struct unit *t, u32 len)
{
	struct quic_txbuf *buf = shim_txbuf_new(len);
	u32 i, done = 0, n;
	bool merged, ok = true;

	for (i = 0; i < len; i++)
		buf->data[i] = byte_at(sb.end + i);
	while (ok && done < len) {
		n = min_t(u32, len - done, 1 + unit_below(t, len));
		shim_txbuf_get(buf);
		ok = !quic_sendbuf_append(&sb, buf->data + done, n, buf, &merged);
		if (ok) {
			buf->held += n;
			done += n;
		}
		if (!ok || merged)
			quic_host_txbuf_put(NULL, buf, 0);
		EXPECT(t, !ok || merged == (done != n));
	}
	quic_host_txbuf_put(NULL, buf, 0);
	return ok;
}

static void mark(u64 off, u64 len, u8 state)
{
	u64 i;

	for (i = off; i < off + len; i++) {
		if (model[i] != ACKED)
			model[i] = state;
	}
}

/* The bytes that map and copy give are the pattern's. */
static void check_bytes(struct unit *t, u64 off, u32 len)
{
	static struct quic_tx_piece piece[128];
	static u8 copy[2048];
	u32 n, i, j;
	u64 at = off;

	if (!len)
		return;
	n = quic_sendbuf_map(&sb, off, len, piece, ARRAY_SIZE(piece));
	ASSERT(t, n || len > ARRAY_SIZE(piece));
	for (i = 0; i < n; i++) {
		EXPECT(t, piece[i].len);
		for (j = 0; j < piece[i].len; j++, at++)
			ASSERT_EQ(t, piece[i].data[j], byte_at(at));
	}
	if (n)
		EXPECT_EQ(t, at, off + len);
	quic_sendbuf_copy(&sb, off, len, copy);
	for (j = 0; j < len; j++)
		ASSERT_EQ(t, copy[j], byte_at(off + j));
}

/* Send one frame of at most @max bytes, if there is one. */
static void send_one(struct unit *t, u64 credit, u32 max)
{
	struct frame *f = &frames[n_frames];
	u64 off, len, fresh;
	bool fin;

	if (!quic_sendbuf_next(&sb, credit, &off, &len))
		return;
	len = min_t(u64, len, max);
	ASSERT_LE(t, off + len, sb.end);
	check_bytes(t, off, len);
	fin = quic_sendbuf_fin_at(&sb, off + len);
	EXPECT(t, len || fin);
	fresh = off + len > sb.next ? off + len - sb.next : 0;
	EXPECT_EQ(t, quic_sendbuf_sent(&sb, off, len, fin), fresh);
	EXPECT_LE(t, fresh, credit);
	mark(off, len, FLYING);
	f->off = off;
	f->len = len;
	f->fin = fin;
	n_frames++;
	WARN_ON(n_frames == FRAMES);
}

static void settle(struct unit *t, bool acked)
{
	u32 i = unit_below(t, n_frames);
	struct frame f = frames[i];
	u64 base = sb.base;

	frames[i] = frames[--n_frames];
	if (acked) {
		mark(f.off, f.len, ACKED);
		EXPECT_EQ(t, quic_sendbuf_acked(&sb, NULL, f.off, f.len, f.fin),
			  sb.base - base);
	} else {
		mark(f.off, f.len, LOST);
		quic_sendbuf_lost(&sb, f.off, f.len, f.fin);
	}
}

/* Exact while memory does not fail: lost bytes and base are the model's. */
static void check_model(struct unit *t)
{
	const struct quic_span *r = sb.lost.cap ? sb.lost.r : &sb.lost.one;
	u64 v, i;

	for (v = 0; v < sb.end && model[v] == ACKED; v++)
		;
	EXPECT_EQ(t, sb.base, v);
	for (i = 0, v = sb.base; i < sb.lost.n; i++) {
		for (; v < r[i].lo; v++)
			EXPECT_NE(t, model[v], LOST);
		for (; v < r[i].hi; v++)
			EXPECT_EQ(t, model[v], LOST);
	}
	for (; v < sb.next; v++)
		EXPECT_NE(t, model[v], LOST);
}

static void start(void)
{
	memset(model, 0, sizeof(model));
	n_frames = 0;
	quic_sendbuf_init(&sb);
}

/* A life: append, send, settle in any order, until all is acknowledged. */
static void life(struct unit *t, u32 total, bool exact)
{
	u32 steps = 0;

	start();
	while (!quic_sendbuf_done(&sb)) {
		if (++steps > 200000) {
			EXPECT(t, !"it ends");
			break;
		}
		switch (unit_below(t, 4)) {
		case 0:
			if (sb.end < total)
				append(t, min_t(u64, total - sb.end, 1 + unit_below(t, 900)));
			else
				sb.fin = true;
			break;
		case 1:
		case 2:
			if (n_frames < 60)
				send_one(t, unit_below(t, 3000), 1 + unit_below(t, 700));
			break;
		default:
			if (n_frames)
				settle(t, unit_below(t, 3));
			break;
		}
		if (exact)
			check_model(t);
	}
	EXPECT_EQ(t, sb.base, total);
	EXPECT(t, list_empty(&sb.chunks));
	quic_sendbuf_free(&sb, NULL);
	EXPECT_EQ(t, shim_host_live(), 0);
}

static void against_model(struct unit *t)
{
	u32 i;

	for (i = 0; i < 20; i++)
		life(t, 1 + unit_below(t, 8000), true);
}

/* Memory short all the time: slower, and never a byte lost or wrong. */
static void memory_fails(struct unit *t)
{
	u32 i;

	for (i = 0; i < 40; i++) {
		shim_host_fail_some(100 + 20 * i);
		life(t, 1 + unit_below(t, 8000), false);
	}
	shim_host_fail_some(0);
}

static void only_fin(struct unit *t)
{
	u64 off, len;

	start();
	EXPECT(t, !quic_sendbuf_next(&sb, 1000, &off, &len));
	sb.fin = true;
	EXPECT(t, quic_sendbuf_next(&sb, 0, &off, &len));
	EXPECT_EQ(t, off | len, 0);
	EXPECT_EQ(t, quic_sendbuf_sent(&sb, 0, 0, true), 0);
	EXPECT(t, !quic_sendbuf_next(&sb, 0, &off, &len));
	quic_sendbuf_lost(&sb, 0, 0, true);
	EXPECT(t, quic_sendbuf_next(&sb, 0, &off, &len));
	quic_sendbuf_sent(&sb, 0, 0, true);
	EXPECT(t, !quic_sendbuf_done(&sb));
	quic_sendbuf_acked(&sb, NULL, 0, 0, true);
	EXPECT(t, quic_sendbuf_done(&sb));
	/* A late loss of the other copy changes nothing. */
	quic_sendbuf_lost(&sb, 0, 0, true);
	EXPECT(t, !quic_sendbuf_next(&sb, 0, &off, &len));
}

/*
 * In somebody else's memory nothing may be written in front of a piece. Ours in a row are one
 * chunk, his are one by owner.
 */
static void lent(struct unit *t)
{
	struct quic_txbuf *his = shim_txbuf_new(200);
	struct quic_tx_piece piece[3];
	bool merged;

	start();
	append(t, 100);
	shim_txbuf_get(his);
	his->held = 200;
	EXPECT_EQ(t, quic_sendbuf_append(&sb, his->data, 60, quic_txbuf_lend(his), &merged), 0);
	EXPECT(t, !merged);
	EXPECT_EQ(t, quic_sendbuf_append(&sb, his->data + 60, 90, quic_txbuf_lend(his), &merged),
		  0);
	EXPECT(t, merged);
	/* the same memory, not lent: another owner */
	EXPECT_EQ(t, quic_sendbuf_append(&sb, his->data + 150, 50, his, &merged), 0);
	EXPECT(t, !merged);
	EXPECT_EQ(t, quic_sendbuf_map(&sb, 50, 250, piece, ARRAY_SIZE(piece)), 3);
	EXPECT_EQ(t, piece[0].before, 50);
	EXPECT_EQ(t, piece[1].before, 0);
	EXPECT_EQ(t, piece[1].len, 150);
	EXPECT(t, piece[1].data == his->data);
	EXPECT_EQ(t, quic_sendbuf_map(&sb, 110, 50, piece, 1), 1);
	EXPECT_EQ(t, piece[0].before, 0);
	EXPECT_EQ(t, quic_sendbuf_map(&sb, 270, 10, piece, 1), 1);
	EXPECT_EQ(t, piece[0].before, 20);
	quic_sendbuf_free(&sb, NULL);	/* the shim complains of references that are left */
}

/* Lost bytes do not make the FIN go again, and more pieces than asked for are none. */
static void fin_and_pieces(struct unit *t)
{
	struct quic_tx_piece piece[2];
	u64 off, len;

	start();
	append(t, 100);
	append(t, 100);
	append(t, 100);
	sb.fin = true;
	EXPECT_GE(t, quic_sendbuf_map(&sb, 0, 100, piece, 1), 1);
	EXPECT_EQ(t, quic_sendbuf_map(&sb, 50, 100, piece, 2), 2);
	EXPECT_EQ(t, quic_sendbuf_map(&sb, 50, 100, piece, 1), 0);
	EXPECT_EQ(t, quic_sendbuf_map(&sb, 50, 200, piece, 2), 0);
	EXPECT_EQ(t, quic_sendbuf_map(&sb, 100, 100, piece, 2), 1);
	quic_sendbuf_sent(&sb, 0, 300, true);
	EXPECT(t, !quic_sendbuf_next(&sb, 0, &off, &len));
	quic_sendbuf_lost(&sb, 0, 100, false);
	EXPECT(t, quic_sendbuf_next(&sb, 0, &off, &len));
	quic_sendbuf_sent(&sb, 0, 100, false);
	EXPECT(t, !quic_sendbuf_next(&sb, 0, &off, &len));
	quic_sendbuf_free(&sb, NULL);
}

/* Credit holds back new bytes, not lost ones. */
static void credit(struct unit *t)
{
	u64 off, len;

	start();
	append(t, 1000);
	EXPECT(t, !quic_sendbuf_next(&sb, 0, &off, &len));
	EXPECT(t, quic_sendbuf_next(&sb, 300, &off, &len));
	EXPECT_EQ(t, len, 300);
	quic_sendbuf_sent(&sb, 0, 300, false);
	EXPECT(t, !quic_sendbuf_next(&sb, 0, &off, &len));
	quic_sendbuf_lost(&sb, 100, 50, false);
	EXPECT(t, quic_sendbuf_next(&sb, 0, &off, &len));
	EXPECT_EQ(t, off, 100);
	EXPECT_EQ(t, len, 50);
	/* Acknowledged after all. */
	quic_sendbuf_acked(&sb, NULL, 90, 30, false);
	EXPECT(t, quic_sendbuf_next(&sb, 0, &off, &len));
	EXPECT_EQ(t, off, 120);
	EXPECT_EQ(t, len, 30);
	quic_sendbuf_free(&sb, NULL);
}

static void crypto_copies(struct unit *t)
{
	static const u8 hello[] = "hello";
	u8 out[10];

	start();
	EXPECT_EQ(t, quic_sendbuf_append_copy(&sb, hello, 5), 0);
	EXPECT_EQ(t, quic_sendbuf_append_copy(&sb, hello, 5), 0);
	quic_sendbuf_copy(&sb, 0, 10, out);
	EXPECT_MEM_EQ(t, out, "hellohello", 10);
	quic_sendbuf_sent(&sb, 0, 10, false);
	EXPECT_EQ(t, quic_sendbuf_acked(&sb, NULL, 0, 7, false), 7);
	quic_sendbuf_copy(&sb, 7, 3, out);
	EXPECT_MEM_EQ(t, out, "llo", 3);
	quic_sendbuf_free(&sb, NULL);
}

/* Range lists against a bitmap. */
#define BITS	512
static bool bits[BITS];

static void check_list(struct unit *t, const struct quic_rangelist *l)
{
	const struct quic_span *r = l->cap ? l->r : &l->one;
	u32 i, v = 0;

	for (i = 0; i < l->n; i++) {
		EXPECT_LT(t, r[i].lo, r[i].hi);
		EXPECT(t, !i || r[i].lo > r[i - 1].hi);
		for (; v < r[i].lo; v++)
			EXPECT(t, !bits[v]);
		for (; v < r[i].hi; v++)
			EXPECT(t, bits[v]);
	}
	for (; v < BITS; v++)
		EXPECT(t, !bits[v]);
}

static void range_lists(struct unit *t)
{
	struct quic_rangelist l = {};
	u32 i, lo, hi;
	bool add;
	int rc;

	memset(bits, 0, sizeof(bits));
	for (i = 0; i < 20000; i++) {
		if (i % 1000 == 0)
			shim_host_fail_some(i / 1000 % 2 * 300);
		lo = unit_below(t, BITS);
		hi = lo + 1 + unit_below(t, min_t(u32, BITS - lo, 40));
		add = unit_below(t, 2);
		rc = add ? quic_rangelist_add(&l, lo, hi) :
			   quic_rangelist_del(&l, lo, hi);
		if (rc)
			EXPECT_EQ(t, (u64)rc, (u64)-ENOMEM);
		else
			memset(bits + lo, add, hi - lo);
		check_list(t, &l);
	}
	shim_host_fail_some(0);
	quic_rangelist_free(&l);
}

static const struct unit_case cases[] = {
	UNIT_CASE(against_model),
	UNIT_CASE(memory_fails),
	UNIT_CASE(only_fin),
	UNIT_CASE(lent),
	UNIT_CASE(fin_and_pieces),
	UNIT_CASE(credit),
	UNIT_CASE(crypto_copies),
	UNIT_CASE(range_lists),
};

UNIT_SUITE(sendbuf, cases);
