// SPDX-License-Identifier: GPL-2.0
/*
 * Cursors and variable-length integers (RFC 9000 16 and A.1): the RFC's vectors,
 * the edges of each length, and that a cursor which failed stays failed.
 */
#include "unit.h"
#include "../../kmod/core/varint.h"

static const struct {
	u8 bytes[8];
	u8 len;
	u64 value;
} vectors[] = {
	{ { 0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c }, 8, 151288809941952652ULL },
	{ { 0x9d, 0x7f, 0x3e, 0x7d }, 4, 494878333 },
	{ { 0x7b, 0xbd }, 2, 15293 },
	{ { 0x25 }, 1, 37 },
};

/* RFC 9000 A.1 */
static void rfc_vectors(struct unit *t)
{
	static const u8 longer[] = { 0x40, 0x25 };	/* 37 in two bytes */
	struct quic_rcur c;
	struct quic_wcur w;
	u8 buf[8];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		c = quic_rcur_init(vectors[i].bytes, vectors[i].len);
		EXPECT_EQ(t, quic_get_varint(&c), vectors[i].value);
		EXPECT(t, !c.bad && c.p == c.end);

		w = quic_wcur_init(buf, sizeof(buf));
		quic_put_varint(&w, vectors[i].value);
		EXPECT_EQ(t, w.p - buf, vectors[i].len);
		EXPECT_MEM_EQ(t, buf, vectors[i].bytes, vectors[i].len);
	}
	c = quic_rcur_init(longer, sizeof(longer));
	EXPECT_EQ(t, quic_get_varint(&c), 37);
	EXPECT(t, !c.bad);
}

/* Every length at its edges, in every room that is too small and enough. */
static void edges(struct unit *t)
{
	static const u64 values[] = {
		0, 1, 62, 63, 64, 65, 16382, 16383, 16384, 16385,
		(1 << 30) - 1, 1 << 30, (1 << 30) + 1, 1ULL << 32,
		QUIC_VARINT_MAX - 1, QUIC_VARINT_MAX,
	};
	struct quic_rcur c;
	struct quic_wcur w;
	u8 buf[8];
	u32 i, room, len;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		len = quic_varint_len(values[i]);
		for (room = 0; room <= 8; room++) {
			w = quic_wcur_init(buf, room);
			quic_put_varint(&w, values[i]);
			EXPECT_EQ(t, w.bad, room < len);
			EXPECT_EQ(t, w.p - buf, room < len ? 0 : len);
		}
		for (room = 0; room <= len; room++) {
			c = quic_rcur_init(buf, room);
			EXPECT_EQ(t, quic_get_varint(&c),
				  room < len ? 0 : values[i]);
			EXPECT_EQ(t, c.bad, room < len);
		}
	}
}

static void round_trip(struct unit *t)
{
	struct quic_rcur c;
	struct quic_wcur w;
	u8 buf[8];
	u32 i, len;
	u64 v;

	for (i = 0; i < 20000; i++) {
		v = unit_rand_bits(t, 62);
		len = quic_varint_len(v) << unit_below(t, 4);
		len = min_t(u32, len, 8);
		w = quic_wcur_init(buf, sizeof(buf));
		quic_put_varint_len(&w, v, len);
		c = quic_rcur_init(buf, w.p - buf);
		EXPECT_EQ(t, quic_get_varint(&c), v);
		EXPECT_EQ(t, c.p - buf, len);
	}
}

/* A cursor that failed gives nothing more, even where bytes are left. */
static void failed_stays_failed(struct unit *t)
{
	static const u8 bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct quic_rcur c = quic_rcur_init(bytes, sizeof(bytes));
	struct quic_wcur w;
	u8 buf[4] = {};

	EXPECT(t, !quic_get_bytes(&c, 9));
	EXPECT(t, c.bad);
	EXPECT_EQ(t, quic_get_u8(&c), 0);
	EXPECT_EQ(t, quic_get_be32(&c), 0);
	EXPECT_EQ(t, quic_get_varint(&c), 0);
	EXPECT(t, !quic_get_bytes(&c, 0));
	EXPECT(t, c.p == bytes);

	c = quic_rcur_init(bytes, sizeof(bytes));
	EXPECT(t, !quic_get_bytes(&c, U64_MAX));
	c = quic_rcur_init(bytes, sizeof(bytes));
	EXPECT_EQ(t, quic_get_be32(&c), 0x01020304);
	EXPECT_EQ(t, quic_get_u8(&c), 5);
	EXPECT_EQ(t, quic_rcur_left(&c), 3);

	w = quic_wcur_init(buf, sizeof(buf));
	quic_put_bytes(&w, bytes, 5);
	EXPECT(t, w.bad);
	quic_put_u8(&w, 7);
	EXPECT_EQ(t, buf[0], 0);
	w = quic_wcur_init(buf, sizeof(buf));
	quic_put_be32(&w, 0x0a0b0c0d);
	EXPECT_EQ(t, quic_wcur_left(&w), 0);
	EXPECT_EQ(t, buf[3], 0x0d);
	quic_put_bytes(&w, NULL, 0);
	EXPECT(t, !w.bad);
}

static const struct unit_case cases[] = {
	UNIT_CASE(rfc_vectors),
	UNIT_CASE(edges),
	UNIT_CASE(round_trip),
	UNIT_CASE(failed_stays_failed),
};

UNIT_SUITE(varint, cases);
