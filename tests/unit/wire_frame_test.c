// SPDX-License-Identifier: GPL-2.0
/*
 * Frames (RFC 9000 12.4 and 19, RFC 9221 4): each goes there and back, cut at
 * every byte, with bad values and in wrong packets; the fast path equals the table.
 */
#include "unit.h"
#include "../shim/frames.h"

#define ROOM	2048
#define MAX62	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
#define TOKEN	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16

/* Frames lie at the very end of buf, so that a sanitizer sees an overread. */
static u8 buf[ROOM];
static u8 copy[ROOM];
static u8 blob[512];

static const u8 all_types[] = {
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,
	0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
	0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x30, 0x31,
};

static const u8 all_pkts[] = { QUIC_F_I, QUIC_F_H, QUIC_F_0, QUIC_F_1 };

/* ---- random frames ---- */

/* Ranges that stay above 0, encoded into blob. */
static void rand_ack(struct unit *t, struct quic_frame *f)
{
	struct quic_wcur w = quic_wcur_init(blob, sizeof(blob));
	u64 smallest, gap, len;
	u32 want = unit_below(t, 20);

	f->u.ack.largest = unit_rand_bits(t, 62);
	f->u.ack.delay = unit_rand_bits(t, 62);
	f->u.ack.first_range = unit_rand_bits(t, 62);
	if (f->u.ack.first_range > f->u.ack.largest)
		f->u.ack.first_range = unit_below(t, f->u.ack.largest + 1);
	smallest = f->u.ack.largest - f->u.ack.first_range;
	while (want-- && smallest >= 2) {
		gap = unit_below(t, min_t(u64, smallest - 2, 1 << 20) + 1);
		smallest -= gap + 2;
		len = unit_below(t, min_t(u64, smallest, 1 << 20) + 1);
		smallest -= len;
		quic_put_varint(&w, gap);
		quic_put_varint(&w, len);
		f->u.ack.range_count++;
	}
	f->u.ack.ranges = blob;
	f->u.ack.ranges_len = w.p - blob;
	if (f->type & 1) {
		f->u.ack.ect0 = unit_rand_bits(t, 62);
		f->u.ack.ect1 = unit_rand_bits(t, 62);
		f->u.ack.ce = unit_rand_bits(t, 62);
	}
}

static void rand_stream(struct unit *t, struct quic_frame *f, bool crypto)
{
	f->u.stream.len = unit_below(t, 300);
	f->u.stream.data = blob;
	f->u.stream.id = crypto ? 0 : unit_rand_bits(t, 62);
	f->u.stream.fin = !crypto && f->type & QUIC_STREAM_F_FIN;
	if (crypto || f->type & QUIC_STREAM_F_OFF)
		f->u.stream.offset = min(unit_rand_bits(t, 62),
					 QUIC_VARINT_MAX - f->u.stream.len);
}

static void rand_new_cid(struct unit *t, struct quic_frame *f)
{
	f->u.new_cid.seq = unit_rand_bits(t, 62);
	f->u.new_cid.retire_prior_to = min(f->u.new_cid.seq, unit_rand_bits(t, 62));
	quic_cid_set(&f->u.new_cid.cid, blob + 16, 1 + unit_below(t, 20));
	f->u.new_cid.token = blob;
}

static void rand_close(struct unit *t, struct quic_frame *f)
{
	f->u.close.code = unit_rand_bits(t, 62);
	if (f->type == QUIC_FRAME_CONNECTION_CLOSE)
		f->u.close.frame_type = unit_rand_bits(t, 62);
	f->u.close.reason = blob;
	f->u.close.reason_len = unit_below(t, 100);
}

static void rand_frame(struct unit *t, struct quic_frame *f, u8 type)
{
	memset(f, 0, sizeof(*f));
	f->type = type;
	unit_bytes(t, blob, sizeof(blob));
	switch (type) {
	case QUIC_FRAME_PADDING:
		f->u.padding.len = 1 + unit_below(t, 40);
		break;
	case QUIC_FRAME_ACK:
	case QUIC_FRAME_ACK + 1:
		rand_ack(t, f);
		break;
	case QUIC_FRAME_RESET_STREAM:
		f->u.reset.final_size = unit_rand_bits(t, 62);
		fallthrough;
	case QUIC_FRAME_STOP_SENDING:
		f->u.reset.id = unit_rand_bits(t, 62);
		f->u.reset.code = unit_rand_bits(t, 62);
		break;
	case QUIC_FRAME_CRYPTO:
		rand_stream(t, f, true);
		break;
	case QUIC_FRAME_STREAM ... QUIC_FRAME_STREAM + 7:
		rand_stream(t, f, false);
		break;
	case QUIC_FRAME_NEW_TOKEN:
		f->u.blob.data = blob;
		f->u.blob.len = 1 + unit_below(t, 200);
		break;
	case QUIC_FRAME_DATAGRAM:
	case QUIC_FRAME_DATAGRAM + 1:
		f->u.blob.data = blob;
		f->u.blob.len = unit_below(t, 200);
		break;
	case QUIC_FRAME_MAX_STREAM_DATA:
	case QUIC_FRAME_STREAM_DATA_BLOCKED:
		f->u.max.id = unit_rand_bits(t, 62);
		fallthrough;
	case QUIC_FRAME_MAX_DATA:
	case QUIC_FRAME_DATA_BLOCKED:
		f->u.max.limit = unit_rand_bits(t, 62);
		break;
	case QUIC_FRAME_MAX_STREAMS:
	case QUIC_FRAME_MAX_STREAMS + 1:
	case QUIC_FRAME_STREAMS_BLOCKED:
	case QUIC_FRAME_STREAMS_BLOCKED + 1:
		f->u.max.limit = unit_below(t, QUIC_STREAMS_MAX + 1);
		break;
	case QUIC_FRAME_NEW_CONNECTION_ID:
		rand_new_cid(t, f);
		break;
	case QUIC_FRAME_RETIRE_CONNECTION_ID:
		f->u.retire_cid.seq = unit_rand_bits(t, 62);
		break;
	case QUIC_FRAME_PATH_CHALLENGE:
	case QUIC_FRAME_PATH_RESPONSE:
		f->u.path.data = blob;
		break;
	case QUIC_FRAME_CONNECTION_CLOSE:
	case QUIC_FRAME_CONNECTION_CLOSE_APP:
		rand_close(t, f);
		break;
	}
}

/* Does the frame end only where the packet does? */
static bool open_ended(u8 type)
{
	return type == QUIC_FRAME_PADDING || type == QUIC_FRAME_DATAGRAM ||
	       ((type & ~7) == QUIC_FRAME_STREAM && !(type & QUIC_STREAM_F_LEN));
}

static u8 some_pkt(u8 type)
{
	u8 flags = quic_frame_info(type)->flags;

	return flags & QUIC_F_1 ? QUIC_F_1 : flags & QUIC_F_H ? QUIC_F_H : QUIC_F_I;
}

/* Encode at the end of buf. Return: start, or NULL. */
static u8 *put_frame(const struct quic_frame *f, u32 *len)
{
	struct quic_wcur w = quic_wcur_init(copy, sizeof(copy));

	*len = quic_frame_put(&w, f);
	if (!*len)
		return NULL;
	memcpy(buf + ROOM - *len, copy, *len);
	return buf + ROOM - *len;
}

/* ---- tests ---- */

static void info(struct unit *t)
{
	u64 type;
	u32 i, known = 0;

	for (type = 0; type < 0x100; type++)
		known += !!quic_frame_info(type);
	EXPECT_EQ(t, known, ARRAY_SIZE(all_types));
	for (i = 0; i < ARRAY_SIZE(all_types); i++)
		ASSERT(t, quic_frame_info(all_types[i]));
	EXPECT_STR_EQ(t, quic_frame_info(0x0d)->name, "STREAM");
	EXPECT_STR_EQ(t, quic_frame_info(0x31)->name, "DATAGRAM");
	EXPECT(t, !quic_frame_info(0x1f));
	EXPECT(t, !quic_frame_info(0x2f));
	EXPECT(t, !quic_frame_info(U64_MAX));
	EXPECT(t, !(quic_frame_info(QUIC_FRAME_PING)->flags & QUIC_F_N));
	EXPECT(t, quic_frame_info(QUIC_FRAME_ACK)->flags & QUIC_F_N);
}

static void round_trip(struct unit *t)
{
	struct quic_frame f, got;
	struct quic_error err = {};
	struct quic_rcur r;
	struct quic_wcur w;
	u32 i, round, len;
	u8 *p;

	for (i = 0; i < ARRAY_SIZE(all_types); i++) {
		for (round = 0; round < 300; round++) {
			rand_frame(t, &f, all_types[i]);
			p = put_frame(&f, &len);
			ASSERT(t, p);
			r = quic_rcur_init(p, len);
			ASSERT_EQ(t, quic_frame_parse(&r, some_pkt(f.type), &got, &err), 0);
			EXPECT_EQ(t, quic_rcur_left(&r), 0);
			EXPECT_EQ(t, got.type, f.type);
			w = quic_wcur_init(copy, sizeof(copy));
			EXPECT_EQ(t, quic_frame_put(&w, &got), len);
			EXPECT_MEM_EQ(t, copy, p, len);
		}
	}
}

/* Fields arrive under their names: one frame of each kind, spelled out. */
static void fields(struct unit *t)
{
	static const u8 close[] = { 0x1c, 0x0a, 0x06, 2, 'n', 'o' };
	static const u8 cid[] = { 0x18, 5, 2, 3, 0xa, 0xb, 0xc, 0, 1, 2, 3, 4, 5,
				  6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	static const u8 stream[] = { 0x0f, 4, 0x41, 0x00, 2, 'h', 'i' };
	static const u8 reset[] = { 0x04, 8, 9, 10 };
	struct quic_error err = {};
	struct quic_frame f;
	struct quic_rcur r;

	r = quic_rcur_init(close, sizeof(close));
	ASSERT_EQ(t, quic_frame_parse(&r, QUIC_F_I, &f, &err), 0);
	EXPECT_EQ(t, f.u.close.code, 10);
	EXPECT_EQ(t, f.u.close.frame_type, 6);
	EXPECT_EQ(t, f.u.close.reason_len, 2);
	EXPECT(t, f.u.close.reason == close + 4);
	r = quic_rcur_init(cid, sizeof(cid));
	ASSERT_EQ(t, quic_frame_parse(&r, QUIC_F_1, &f, &err), 0);
	EXPECT_EQ(t, f.u.new_cid.seq, 5);
	EXPECT_EQ(t, f.u.new_cid.retire_prior_to, 2);
	EXPECT_EQ(t, f.u.new_cid.cid.len, 3);
	EXPECT_EQ(t, f.u.new_cid.cid.id[2], 0xc);
	EXPECT(t, f.u.new_cid.token == cid + 7);
	r = quic_rcur_init(stream, sizeof(stream));
	ASSERT_EQ(t, quic_frame_parse(&r, QUIC_F_1, &f, &err), 0);
	EXPECT_EQ(t, f.u.stream.id, 4);
	EXPECT_EQ(t, f.u.stream.offset, 0x100);
	EXPECT_EQ(t, f.u.stream.len, 2);
	EXPECT(t, f.u.stream.fin && f.u.stream.data == stream + 5);
	r = quic_rcur_init(reset, sizeof(reset));
	ASSERT_EQ(t, quic_frame_parse(&r, QUIC_F_0, &f, &err), 0);
	EXPECT_EQ(t, f.u.reset.id, 8);
	EXPECT_EQ(t, f.u.reset.code, 9);
	EXPECT_EQ(t, f.u.reset.final_size, 10);
}

/* Every prefix of every frame: refused, or shorter where it has no length. */
static void truncated(struct unit *t)
{
	struct quic_frame f, got;
	struct quic_error err;
	struct quic_rcur r;
	u32 i, round, len, cut;
	u8 *p, *start;
	int rc;

	for (i = 0; i < ARRAY_SIZE(all_types); i++) {
		for (round = 0; round < 20; round++) {
			rand_frame(t, &f, all_types[i]);
			p = put_frame(&f, &len);
			memcpy(copy, p, len);
			for (cut = 0; cut < len; cut++) {
				start = buf + ROOM - cut;
				memcpy(start, copy, cut);
				r = quic_rcur_init(start, cut);
				err = (struct quic_error){};
				rc = quic_frame_parse(&r, some_pkt(f.type), &got, &err);
				if (!rc && open_ended(f.type)) {
					EXPECT_EQ(t, quic_rcur_left(&r), 0);
					continue;
				}
				EXPECT_EQ(t, (u64)rc, (u64)-EPROTO);
				EXPECT(t, r.p == start);
				EXPECT(t, err.set && err.reason);
				EXPECT_EQ(t, err.code, QUIC_TRANSPORT_ERROR_FRAME_ENCODING);
				if (cut)
					EXPECT_EQ(t, err.frame_type, f.type);
			}
		}
	}
}

/* Every room that is too small: nothing counts as written, nothing beyond is. */
static void no_room(struct unit *t)
{
	struct quic_frame f;
	struct quic_wcur w;
	u32 i, len, room;

	for (i = 0; i < ARRAY_SIZE(all_types); i++) {
		rand_frame(t, &f, all_types[i]);
		w = quic_wcur_init(buf, sizeof(buf));
		len = quic_frame_put(&w, &f);
		for (room = 0; room < len; room++) {
			memset(buf, 0xee, sizeof(buf));
			w = quic_wcur_init(buf, room);
			EXPECT_EQ(t, quic_frame_put(&w, &f), 0);
			EXPECT(t, w.bad && w.p == buf);
			EXPECT_EQ(t, buf[room], 0xee);
		}
	}
}

static int parse_bytes(const u8 *p, u32 len, u8 pkt, struct quic_frame *f,
		       struct quic_error *err)
{
	u8 *start = buf + ROOM - len;
	struct quic_rcur r;

	memcpy(start, p, len);
	*err = (struct quic_error){};
	r = quic_rcur_init(start, len);
	return quic_frame_parse(&r, pkt, f, err);
}

/* Frames that are complete and wrong. */
static void bad_values(struct unit *t)
{
	static const struct {
		u8 bytes[32];
		u8 len;
		u8 code;
	} rows[] = {
		/* unknown types */
		{ { 0x1f }, 1, 7 }, { { 0x2f }, 1, 7 }, { { 0x32 }, 1, 7 },
		{ { 0x40, 0x20 }, 2, 7 }, { { MAX62 }, 8, 7 },
		/* known ones in two, four and eight bytes */
		{ { 0x40, 0x01 }, 2, 10 }, { { 0x80, 0, 0, 0x01 }, 4, 10 },
		{ { 0xc0, 0, 0, 0, 0, 0, 0, 0x06, 0, 0 }, 10, 10 },
		/* CRYPTO and STREAM that pass 2^62-1 */
		{ { 0x06, MAX62, 1, 0 }, 11, 7 },
		{ { 0x0e, 0, MAX62, 1, 0 }, 12, 7 },
		{ { 0x0c, 0, MAX62, 1, 0 }, 12, 7 },
		/* NEW_TOKEN without a token */
		{ { 0x07, 0 }, 2, 7 },
		/* 2^60 + 1 streams */
		{ { 0x12, 0xd0, 0, 0, 0, 0, 0, 0, 1 }, 9, 7 },
		{ { 0x13, 0xd0, 0, 0, 0, 0, 0, 0, 1 }, 9, 7 },
		{ { 0x16, 0xd0, 0, 0, 0, 0, 0, 0, 1 }, 9, 7 },
		{ { 0x17, MAX62 }, 9, 7 },
		/* Retire Prior To above the sequence number; ID of 0 and 21 bytes */
		{ { 0x18, 1, 2, 1, 9, TOKEN }, 21, 7 },
		{ { 0x18, 1, 0, 0, TOKEN }, 20, 7 },
		{ { 0x18, 1, 0, 21, TOKEN }, 32, 7 },
		/* ACK: first range, gap and length that pass 0 */
		{ { 0x02, 5, 0, 0, 6 }, 5, 7 },
		{ { 0x02, 5, 0, 1, 0, 4, 0 }, 7, 7 },
		{ { 0x02, 5, 0, 1, 0, 3, 1 }, 7, 7 },
		{ { 0x02, 5, 0, 2, 0, 0, 3, 0, 0 }, 9, 7 },
		{ { 0x02, 5, 0, 1, 4, 0, 0 }, 7, 7 },
		/* more ranges than there are bytes */
		{ { 0x02, 0x3f, 0, MAX62, 0, 0, 0 }, 14, 7 },
		/* lengths of 2^62-1 */
		{ { 0x0a, 0, MAX62 }, 10, 7 },
		{ { 0x31, MAX62 }, 9, 7 },
		{ { 0x1d, 0, MAX62 }, 10, 7 },
	};
	struct quic_error err;
	struct quic_frame f;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!EXPECT_EQ(t, parse_bytes(rows[i].bytes, rows[i].len, QUIC_F_1,
					      &f, &err), -EPROTO) ||
		    !EXPECT_EQ(t, err.code, rows[i].code))
			unit_log("# row %u", i);
	}
}

/* The last values that are right. */
static void good_values(struct unit *t)
{
	static const struct {
		u8 bytes[32];
		u8 len;
	} rows[] = {
		{ { 0x06, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 1, 0 }, 11 },
		{ { 0x0e, 0, MAX62, 0 }, 11 },
		{ { 0x12, 0xd0, 0, 0, 0, 0, 0, 0, 0 }, 9 },
		{ { 0x02, 5, 0, 0, 5 }, 5 },
		{ { 0x02, 5, 0, 1, 0, 3, 0 }, 7 },
		{ { 0x18, 2, 2, 1, 9, TOKEN }, 21 },
		{ { 0x30 }, 1 },
		{ { 0x08, 0 }, 2 },
	};
	struct quic_error err;
	struct quic_frame f;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		EXPECT_EQ(t, parse_bytes(rows[i].bytes, rows[i].len, QUIC_F_1, &f,
					 &err), 0);
}

/* RFC 9000 table 3, written out once more. */
static void packet_types(struct unit *t)
{
	static const char *const table[] = {
		[0x00] = "IH01", [0x01] = "IH01", [0x02] = "IH_1", [0x03] = "IH_1",
		[0x04] = "__01", [0x05] = "__01", [0x06] = "IH_1", [0x07] = "___1",
		[0x08 ... 0x0f] = "__01", [0x10 ... 0x1a] = "__01",
		[0x1b] = "___1", [0x1c] = "IH01", [0x1d] = "__01", [0x1e] = "___1",
		[0x30 ... 0x31] = "__01",
	};
	struct quic_frame f, got;
	struct quic_error err;
	struct quic_rcur r;
	u32 i, j, len;
	u8 type;
	int rc;
	u8 *p;

	for (i = 0; i < ARRAY_SIZE(all_types); i++) {
		type = all_types[i];
		rand_frame(t, &f, type);
		p = put_frame(&f, &len);
		for (j = 0; j < 4; j++) {
			err = (struct quic_error){};
			r = quic_rcur_init(p, len);
			rc = quic_frame_parse(&r, all_pkts[j], &got, &err);
			EXPECT_EQ(t, (u64)rc, table[type][j] == '_' ? (u64)-EPROTO : 0);
			if (rc)
				EXPECT_EQ(t, err.code,
					  QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION);
		}
	}
}

/* The direct decoders of STREAM and ACK against the table. */
static void fast_path_differential(struct unit *t)
{
	struct quic_frame f;
	u32 i, len, cut, n;
	u8 *p;

	for (i = 0; i < 20000; i++) {
		rand_frame(t, &f, 2 + unit_below(t, 14));
		if (f.type > 3 && f.type < 8)
			f.type = 8;
		if (f.type == 8)
			rand_frame(t, &f, 8);
		p = put_frame(&f, &len);
		ASSERT(t, p);
		for (n = unit_below(t, 4); n; n--)	/* 0: leave it valid */
			p[unit_below(t, min_t(u32, len, 30))] = unit_rand(t);
		cut = unit_below(t, 2) ? len : unit_below(t, len + 1);
		EXPECT(t, !frames_differ(p, cut, all_pkts[unit_below(t, 4)]));
	}
}

static void random_bytes(struct unit *t)
{
	u32 i, len;

	for (i = 0; i < 50000; i++) {
		len = unit_below(t, 40);
		unit_bytes(t, buf + ROOM - len, len);
		if (len && unit_below(t, 2))
			buf[ROOM - len] = all_types[unit_below(t, ARRAY_SIZE(all_types))];
		EXPECT(t, !frames_differ(buf + ROOM - len, len, all_pkts[unit_below(t, 4)]));
	}
}

/* A model of what an ACK says: one flag per packet number. */
#define MODEL	2000
static bool model[MODEL], seen[MODEL];

/* Frame from the model, by hand. Return: bytes. */
static u32 ack_of_model(u8 *dst, u64 base, u32 highest)
{
	struct quic_wcur w = quic_wcur_init(copy, sizeof(copy));
	struct quic_wcur out = quic_wcur_init(dst, ROOM);
	u32 v = highest, end, count = 0, first, gap;

	while (v && model[v - 1])
		v--;
	first = highest - v;
	for (;;) {
		for (end = v; end && !model[end - 1]; end--)
			;
		if (!end)
			break;
		gap = v - end;			/* numbers missing */
		for (v = end - 1; v && model[v - 1]; v--)
			;
		quic_put_varint(&w, gap - 1);
		quic_put_varint(&w, end - 1 - v);
		count++;
	}
	quic_put_u8(&out, QUIC_FRAME_ACK);
	quic_put_varint(&out, base + highest);
	quic_put_varint(&out, 0);
	quic_put_varint(&out, count);
	quic_put_varint(&out, first);
	quic_put_bytes(&out, copy, w.p - copy);
	return out.bad || w.bad ? 0 : out.p - dst;
}

static void ack_ranges_model(struct unit *t)
{
	struct quic_error err = {};
	struct quic_ack_iter it;
	struct quic_frame f;
	struct quic_rcur r;
	u64 base, lo, hi, v;
	u32 round, highest, len, density;

	for (round = 0; round < 300; round++) {
		highest = unit_below(t, MODEL);
		density = 1 + unit_below(t, 12);
		base = unit_rand_bits(t, 60);
		for (v = 0; v < MODEL; v++)
			model[v] = v == highest || (v < highest && unit_below(t, density));
		memset(seen, 0, sizeof(seen));
		len = ack_of_model(buf, base, highest);
		ASSERT(t, len);
		r = quic_rcur_init(buf, len);
		ASSERT_EQ(t, quic_frame_parse(&r, QUIC_F_1, &f, &err), 0);
		quic_ack_iter_init(&it, &f);
		while (quic_ack_iter_next(&it, &lo, &hi)) {
			ASSERT(t, lo >= base && lo <= hi && hi <= base + highest);
			for (v = lo; v <= hi; v++)
				seen[v - base] = true;
		}
		EXPECT_MEM_EQ(t, seen, model, sizeof(seen));
	}
}

static void stream_header(struct unit *t)
{
	struct quic_error err = {};
	struct quic_frame f;
	struct quic_wcur w;
	struct quic_rcur r;
	u32 i, len, hdr;
	bool with_len, fin;
	u64 id, off;

	for (i = 0; i < 5000; i++) {
		id = unit_rand_bits(t, 62);
		len = unit_below(t, 1400);
		off = min(unit_rand_bits(t, 62), QUIC_VARINT_MAX - len);
		with_len = unit_below(t, 2);
		fin = unit_below(t, 2);
		w = quic_wcur_init(buf, sizeof(buf));
		quic_frame_put_stream_hdr(&w, id, off, len, with_len, fin);
		hdr = w.p - buf;
		EXPECT_EQ(t, hdr, quic_frame_stream_hdr_len(id, off, len, with_len));
		r = quic_rcur_init(buf, hdr + len);
		ASSERT_EQ(t, quic_frame_parse(&r, QUIC_F_1, &f, &err), 0);
		EXPECT_EQ(t, f.u.stream.id, id);
		EXPECT_EQ(t, f.u.stream.offset, off);
		EXPECT_EQ(t, f.u.stream.len, len);
		EXPECT_EQ(t, f.u.stream.fin, fin);
		EXPECT(t, f.u.stream.data == buf + hdr);
		w = quic_wcur_init(buf, hdr - 1);
		quic_frame_put_stream_hdr(&w, id, off, len, with_len, fin);
		EXPECT(t, w.bad);
	}
}

static int check(const u8 *p, u32 len, u8 pkt, struct quic_frames_sum *sum,
		 struct quic_error *err)
{
	u8 *start = buf + ROOM - len;

	memcpy(start, p, len);
	*err = (struct quic_error){};
	return quic_frames_check(start, len, pkt, sum, err);
}

static void whole_payloads(struct unit *t)
{
	static const u8 ack_pad[] = { 0x02, 5, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const u8 ping[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
	static const u8 challenge[] = { 0x1a, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0 };
	static const u8 bad_end[] = { 0x01, 0x01, 0x1e, 0x1f };
	struct quic_frames_sum sum = { .ack_eliciting = true, .non_probing = true };
	struct quic_error err;

	EXPECT_EQ(t, check(ack_pad, sizeof(ack_pad), QUIC_F_I, &sum, &err), 0);
	EXPECT(t, !sum.ack_eliciting && sum.non_probing);
	EXPECT_EQ(t, check(ping, sizeof(ping), QUIC_F_I, &sum, &err), 0);
	EXPECT(t, sum.ack_eliciting && sum.non_probing);
	EXPECT_EQ(t, check(challenge, sizeof(challenge), QUIC_F_1, &sum, &err), 0);
	EXPECT(t, sum.ack_eliciting && !sum.non_probing);
	EXPECT_EQ(t, check(bad_end, sizeof(bad_end), QUIC_F_1, &sum, &err), -EPROTO);
	EXPECT_EQ(t, err.code, QUIC_TRANSPORT_ERROR_FRAME_ENCODING);
	EXPECT(t, sum.ack_eliciting && !sum.non_probing);	/* as before */
	EXPECT_EQ(t, check(ping, 0, QUIC_F_1, &sum, &err), -EPROTO);
	EXPECT_EQ(t, err.code, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION);
	EXPECT_EQ(t, check(bad_end, 3, QUIC_F_H, &sum, &err), -EPROTO);
	EXPECT_EQ(t, err.code, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION);
	EXPECT_EQ(t, err.frame_type, QUIC_FRAME_HANDSHAKE_DONE);
}

static void padding_runs(struct unit *t)
{
	struct quic_error err = {};
	struct quic_frame f;
	struct quic_rcur r;
	u32 len, at;

	for (len = 1; len < 70; len++) {
		for (at = 1; at <= len; at++) {		/* at == len: none */
			memset(buf, 0, len);
			buf[at] = 0x01;
			r = quic_rcur_init(buf, len);
			ASSERT_EQ(t, quic_frame_parse(&r, QUIC_F_1, &f, &err), 0);
			EXPECT_EQ(t, f.u.padding.len, at);
			EXPECT(t, r.p == buf + at);
		}
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(info),
	UNIT_CASE(round_trip),
	UNIT_CASE(fields),
	UNIT_CASE(truncated),
	UNIT_CASE(no_room),
	UNIT_CASE(bad_values),
	UNIT_CASE(good_values),
	UNIT_CASE(packet_types),
	UNIT_CASE(fast_path_differential),
	UNIT_CASE(random_bytes),
	UNIT_CASE(ack_ranges_model),
	UNIT_CASE(stream_header),
	UNIT_CASE(whole_payloads),
	UNIT_CASE(padding_runs),
};

UNIT_SUITE(wire_frame, cases);
