// SPDX-License-Identifier: GPL-2.0
/* Ranges of packet numbers and the ACK frames made of them (RFC 9000 19.3). */
#include "unit.h"
#include "../shim/shim_host.h"
#include "../../kmod/core/rangeset.h"
#include "../../kmod/core/wire_frame.h"

static struct quic_rangeset set = { .r = set.few };
static u8 buf[2048];

/* The model: one flag per number, for numbers below MODEL. */
#define MODEL	4096
static bool model[MODEL];

static void invariants(struct unit *t, const struct quic_rangeset *s)
{
	u32 i;

	EXPECT_LE(t, s->n, QUIC_RANGES_MAX);
	for (i = 0; i < s->n; i++) {
		EXPECT_LE(t, s->r[i].lo, s->r[i].hi);
		EXPECT_GE(t, s->r[i].lo, s->floor);
		if (i)
			EXPECT_GT(t, s->r[i - 1].lo, s->r[i].hi + 1);
	}
}

static void in_order(struct unit *t)
{
	u64 v;

	quic_rangeset_free(&set);
	EXPECT(t, !quic_rangeset_contains(&set, 0));
	for (v = 0; v < 1000; v++)
		EXPECT(t, quic_rangeset_add(&set, v));
	EXPECT_EQ(t, set.n, 1);
	EXPECT_EQ(t, set.r[0].lo, 0);
	EXPECT_EQ(t, set.r[0].hi, 999);
	for (v = 0; v < 1000; v++) {
		EXPECT(t, !quic_rangeset_add(&set, v));
		EXPECT(t, quic_rangeset_contains(&set, v));
	}
	EXPECT(t, !quic_rangeset_contains(&set, 1000));
}

static void joins(struct unit *t)
{
	quic_rangeset_free(&set);
	quic_rangeset_add(&set, 10);
	quic_rangeset_add(&set, 12);
	EXPECT_EQ(t, set.n, 2);
	quic_rangeset_add(&set, 11);
	EXPECT_EQ(t, set.n, 1);
	quic_rangeset_add(&set, 9);
	quic_rangeset_add(&set, 5);
	quic_rangeset_add(&set, 6);
	EXPECT_EQ(t, set.n, 2);
	EXPECT_EQ(t, set.r[0].lo, 9);
	EXPECT_EQ(t, set.r[0].hi, 12);
	EXPECT_EQ(t, set.r[1].lo, 5);
	EXPECT_EQ(t, set.r[1].hi, 6);
	EXPECT(t, quic_rangeset_add(&set, QUIC_PN_MAX));
	EXPECT(t, quic_rangeset_add(&set, QUIC_PN_MAX - 1));
	EXPECT_EQ(t, set.n, 3);
	EXPECT(t, quic_rangeset_add(&set, 0));
	invariants(t, &set);
	quic_rangeset_free(&set);
}

/* The bound: the lowest range goes, and its numbers count as seen. */
static void overflow(struct unit *t)
{
	u64 i;

	quic_rangeset_free(&set);
	for (i = 0; i < QUIC_RANGES_MAX; i++)
		quic_rangeset_add(&set, 100 + 10 * i);
	EXPECT_EQ(t, set.n, QUIC_RANGES_MAX);
	EXPECT_EQ(t, set.floor, 0);
	/* A new one above. */
	EXPECT(t, quic_rangeset_add(&set, 1000));
	EXPECT_EQ(t, set.floor, 101);
	EXPECT(t, quic_rangeset_contains(&set, 100));
	EXPECT(t, quic_rangeset_contains(&set, 7));
	EXPECT(t, !quic_rangeset_add(&set, 7));
	/* One in the middle. */
	EXPECT(t, quic_rangeset_add(&set, 205));
	EXPECT_EQ(t, set.floor, 111);
	/* One below all: new, but forgotten at once. */
	EXPECT(t, quic_rangeset_add(&set, 115));
	EXPECT_EQ(t, set.floor, 116);
	EXPECT(t, !quic_rangeset_add(&set, 115));
	EXPECT_EQ(t, set.n, QUIC_RANGES_MAX);
	/* Extending the lowest needs no room. */
	EXPECT(t, quic_rangeset_add(&set, 119));
	EXPECT_EQ(t, set.floor, 116);
	invariants(t, &set);
	quic_rangeset_free(&set);
}

static void drop_below(struct unit *t)
{
	u64 v;

	quic_rangeset_free(&set);
	for (v = 0; v < 100; v += 10) {
		quic_rangeset_add(&set, v);
		quic_rangeset_add(&set, v + 1);
		quic_rangeset_add(&set, v + 2);
	}
	quic_rangeset_drop_below(&set, 51);
	EXPECT_EQ(t, set.n, 5);
	EXPECT_EQ(t, set.r[4].lo, 51);
	EXPECT_EQ(t, set.r[4].hi, 52);
	EXPECT(t, quic_rangeset_contains(&set, 50));
	EXPECT(t, !quic_rangeset_contains(&set, 53));
	quic_rangeset_drop_below(&set, 10);		/* lower: nothing */
	EXPECT_EQ(t, set.floor, 51);
	quic_rangeset_drop_below(&set, 1000);
	EXPECT_EQ(t, set.n, 0);
	EXPECT(t, quic_rangeset_contains(&set, 999));
	EXPECT(t, quic_rangeset_add(&set, 1000));
	invariants(t, &set);
	quic_rangeset_free(&set);
}

/* Without memory for more ranges the lowest goes early; there is room again later. */
static void no_memory(struct unit *t)
{
	u64 i;

	quic_rangeset_free(&set);
	shim_host_fail_some(1000);
	for (i = 0; i < 6; i++)
		EXPECT(t, quic_rangeset_add(&set, 100 + 10 * i));
	EXPECT_EQ(t, shim_host_failed(), 2);
	EXPECT_EQ(t, set.n, QUIC_RANGES_FEW);
	EXPECT_EQ(t, set.floor, 111);
	EXPECT(t, !quic_rangeset_add(&set, 105));
	EXPECT(t, quic_rangeset_add(&set, 115));	/* below all: forgotten at once */
	EXPECT_EQ(t, set.floor, 116);
	EXPECT(t, quic_rangeset_add(&set, 121));	/* needs no room */
	shim_host_fail_some(0);
	EXPECT(t, quic_rangeset_add(&set, 160));
	EXPECT_EQ(t, set.n, QUIC_RANGES_FEW + 1);
	EXPECT_EQ(t, set.r[QUIC_RANGES_FEW].lo, 120);
	EXPECT_EQ(t, set.floor, 116);
	invariants(t, &set);
	quic_rangeset_free(&set);
}

/* What is allocated stays until it is asked for; then few ranges are left. */
static void trimmed(struct unit *t)
{
	u64 i;

	quic_rangeset_free(&set);
	for (i = 0; i < 2 * QUIC_RANGES_FEW; i++)
		quic_rangeset_add(&set, 10 * i);
	quic_rangeset_drop_below(&set, 10);
	EXPECT_EQ(t, set.n, 2 * QUIC_RANGES_FEW - 1);
	EXPECT_EQ(t, shim_host_live(), 1);
	quic_rangeset_trim(&set);
	EXPECT_EQ(t, shim_host_live(), 0);
	EXPECT_EQ(t, set.n, QUIC_RANGES_FEW);
	EXPECT_EQ(t, set.floor, 10 * (QUIC_RANGES_FEW - 1) + 1);
	for (i = 0; i < 2 * QUIC_RANGES_FEW; i++)
		EXPECT(t, quic_rangeset_contains(&set, 10 * i));
	EXPECT(t, !quic_rangeset_contains(&set, 10 * QUIC_RANGES_FEW + 1));
	quic_rangeset_trim(&set);
	EXPECT_EQ(t, set.n, QUIC_RANGES_FEW);
	invariants(t, &set);
	EXPECT_EQ(t, shim_host_allocs(), 1);
}

/* Random numbers near a moving front, against the model. */
static void against_bitmap(struct unit *t)
{
	u64 front, v;
	u32 round, i;
	bool fresh;

	for (round = 0; round < 100; round++) {
		quic_rangeset_free(&set);
		memset(model, 0, sizeof(model));
		for (i = 0, front = 0; i < 1500; i++) {
			front = min_t(u64, front + unit_below(t, 4), MODEL - 1);
			v = front - min(front, unit_rand_bits(t, 7));
			fresh = quic_rangeset_add(&set, v);
			/* A number below the floor may be old or forgotten. */
			if (v >= set.floor || fresh)
				EXPECT_EQ(t, fresh, !model[v]);
			model[v] = true;
			if (!unit_below(t, 200))
				quic_rangeset_drop_below(&set, front - min_t(u64, front, 50));
			invariants(t, &set);
		}
		for (v = 0; v < MODEL; v++)
			EXPECT_EQ(t, quic_rangeset_contains(&set, v),
				  v < set.floor || model[v]);
	}
	quic_rangeset_free(&set);
}

static void random_set(struct unit *t)
{
	u32 i, n = 1 + unit_below(t, 60);
	u64 v = unit_rand_bits(t, 60);

	quic_rangeset_free(&set);
	for (i = 0; i < n; i++) {
		quic_rangeset_add(&set, v);
		v += 1 + unit_rand_bits(t, 16) * unit_below(t, 2);
	}
}

/* What is written is what the parser finds, as far as there was room. */
static void ack_round_trip(struct unit *t)
{
	u64 ecn[3], delay, lo, hi;
	struct quic_ack_iter it;
	struct quic_error err;
	struct quic_frame f;
	struct quic_wcur w;
	struct quic_rcur r;
	u32 i, j, room, len, n;
	bool with_ecn;

	for (i = 0; i < 3000; i++) {
		random_set(t);
		delay = unit_rand_bits(t, 30);
		with_ecn = unit_below(t, 2);
		for (j = 0; j < 3; j++)
			ecn[j] = unit_rand_bits(t, 40);
		room = unit_below(t, 300);
		w = quic_wcur_init(buf, sizeof(buf));
		len = quic_rangeset_put_ack(&set, &w, delay, with_ecn ? ecn : NULL, room);
		ASSERT_LE(t, len, room);
		ASSERT_EQ(t, w.p - buf, len);
		ASSERT(t, !w.bad);
		if (!len)
			continue;
		r = quic_rcur_init(buf, len);
		err = (struct quic_error){};
		ASSERT_EQ(t, quic_frame_parse(&r, QUIC_F_1, &f, &err), 0);
		EXPECT_EQ(t, quic_rcur_left(&r), 0);
		EXPECT_EQ(t, f.type, with_ecn ? 3 : 2);
		EXPECT_EQ(t, f.u.ack.delay, delay);
		EXPECT_EQ(t, f.u.ack.ect0, with_ecn ? ecn[0] : 0);
		EXPECT_EQ(t, f.u.ack.ect1, with_ecn ? ecn[1] : 0);
		EXPECT_EQ(t, f.u.ack.ce, with_ecn ? ecn[2] : 0);
		quic_ack_iter_init(&it, &f);
		for (n = 0; quic_ack_iter_next(&it, &lo, &hi); n++) {
			ASSERT(t, n < set.n);
			EXPECT_EQ(t, lo, set.r[n].lo);
			EXPECT_EQ(t, hi, set.r[n].hi);
		}
		EXPECT_EQ(t, n, f.u.ack.range_count + 1);
		if (room >= 200 + 24)
			EXPECT_EQ(t, n, set.n);
	}
	quic_rangeset_free(&set);
}

/* Room grows byte by byte: so do ranges, and nothing is written beyond. */
static void ack_room(struct unit *t)
{
	u32 room, len, last = 0, limit;
	struct quic_wcur w;

	quic_rangeset_free(&set);
	w = quic_wcur_init(buf, 100);
	EXPECT_EQ(t, quic_rangeset_put_ack(&set, &w, 0, NULL, 100), 0);
	for (room = 0; room < 200; room += 3)
		quic_rangeset_add(&set, 1000 + room * 100);
	for (room = 0; room < 200; room++) {
		for (limit = 0; limit < 2; limit++) {
			memset(buf, 0xee, sizeof(buf));
			w = quic_wcur_init(buf, limit ? room : 200);
			len = quic_rangeset_put_ack(&set, &w, 77, NULL,
						    limit ? 1000 : room);
			EXPECT_LE(t, len, room);
			EXPECT_GE(t, len, last);
			/* 9 bytes for one range, 3 for each more. */
			EXPECT_EQ(t, len > 0, room >= 9);
			if (len && len < 9 + 31 * 3)
				EXPECT_LT(t, room - len, 3);
			EXPECT_EQ(t, buf[len], 0xee);
			EXPECT(t, !w.bad);
			last = len;
		}
	}
	EXPECT_GT(t, last, 2 * QUIC_RANGES_MAX);
	quic_rangeset_free(&set);
}

static const struct unit_case cases[] = {
	UNIT_CASE(in_order),
	UNIT_CASE(joins),
	UNIT_CASE(overflow),
	UNIT_CASE(drop_below),
	UNIT_CASE(no_memory),
	UNIT_CASE(trimmed),
	UNIT_CASE(against_bitmap),
	UNIT_CASE(ack_round_trip),
	UNIT_CASE(ack_room),
};

UNIT_SUITE(rangeset, cases);
