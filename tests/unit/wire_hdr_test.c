// SPDX-License-Identifier: GPL-2.0
/*
 * Packet headers and packet numbers (RFC 9000 17, A.2, A.3; RFC 9369 3.2): every
 * form there and back, cut at every byte, wrong lengths, the RFC's vectors.
 */
#include "unit.h"
#include "../../kmod/core/wire_hdr.h"
#include "../../kmod/core/stateless.h"

#define PAYLOAD	24	/* behind the packet number: more than a sample */

static u8 buf[600];

/* One header to write and to find again. */
struct hdr_case {
	enum quic_pkt_type type;
	u32 version;
	struct quic_cid dcid;
	struct quic_cid scid;
	u8 token[64];
	u32 token_len;
	u64 pn;
	u8 pn_len;
};

static void rand_cid(struct unit *t, struct quic_cid *cid)
{
	u8 id[QUIC_CID_MAX_LEN];

	unit_bytes(t, id, sizeof(id));
	quic_cid_set(cid, id, unit_below(t, QUIC_CID_MAX_LEN + 1));
}

static void rand_case(struct unit *t, struct hdr_case *h)
{
	static const enum quic_pkt_type types[] = {
		QUIC_PKT_INITIAL, QUIC_PKT_0RTT, QUIC_PKT_HANDSHAKE,
	};

	h->type = types[unit_below(t, ARRAY_SIZE(types))];
	h->version = unit_below(t, 2) ? QUIC_VERSION_V1 : QUIC_VERSION_V2;
	rand_cid(t, &h->dcid);
	rand_cid(t, &h->scid);
	unit_bytes(t, h->token, sizeof(h->token));
	h->token_len = h->type == QUIC_PKT_INITIAL ?
		       unit_below(t, sizeof(h->token) + 1) : 0;
	h->pn = unit_rand_bits(t, 62);
	h->pn_len = 1 + unit_below(t, 4);
}

/* Return: bytes of the packet. */
static u32 write_case(const struct hdr_case *h)
{
	struct quic_wcur c = quic_wcur_init(buf, sizeof(buf));
	u32 length_off;

	length_off = quic_hdr_put_long(&c, h->type, h->version, &h->dcid, &h->scid,
				       h->token, h->token_len, h->pn, h->pn_len);
	quic_put_space(&c, PAYLOAD);
	quic_hdr_set_length(buf, length_off, h->pn_len + PAYLOAD);
	return c.bad ? 0 : c.p - buf;
}

static u64 read_pn(u32 off, u8 len)
{
	u64 pn = 0;

	while (len--)
		pn = pn << 8 | buf[off++];
	return pn;
}

static void expect_case(struct unit *t, const struct hdr_case *h, u32 len)
{
	struct quic_hdr got;

	ASSERT_EQ(t, quic_hdr_parse(buf, len, 8, &got), 0);
	EXPECT_EQ(t, got.type, h->type);
	EXPECT_EQ(t, got.version, h->version);
	EXPECT(t, quic_cid_equal(&got.dcid, &h->dcid));
	EXPECT(t, quic_cid_equal(&got.scid, &h->scid));
	EXPECT_EQ(t, got.token_len, h->token_len);
	if (h->token_len)
		EXPECT_MEM_EQ(t, got.token, h->token, h->token_len);
	EXPECT_EQ(t, got.pn_off + h->pn_len + PAYLOAD, got.len);
	EXPECT_EQ(t, read_pn(got.pn_off, h->pn_len),
		  h->pn & ((1ULL << 8 * h->pn_len) - 1));
	EXPECT_EQ(t, (buf[0] & 3) + 1, h->pn_len);
}

static void long_round_trip(struct unit *t)
{
	struct hdr_case h;
	u32 i, len;

	for (i = 0; i < 5000; i++) {
		rand_case(t, &h);
		len = write_case(&h);
		ASSERT(t, len);
		expect_case(t, &h, len);
		/* A coalesced packet behind it changes nothing. */
		expect_case(t, &h, len + 100);
	}
}

/* Every prefix of a long header packet is refused, and writes nothing. */
static void long_truncated(struct unit *t)
{
	struct quic_hdr got, before;
	struct hdr_case h;
	u32 i, cut, len;

	memset(&before, 0x5a, sizeof(before));
	for (i = 0; i < 200; i++) {
		rand_case(t, &h);
		len = write_case(&h);
		for (cut = 0; cut < len; cut++) {
			got = before;
			EXPECT_EQ(t, quic_hdr_parse(buf, cut, 8, &got), -EBADMSG);
			EXPECT_MEM_EQ(t, &got, &before, sizeof(got));
		}
	}
}

/* Every room that is too small fails the cursor and stays inside it. */
static void long_no_room(struct unit *t)
{
	struct hdr_case h;
	struct quic_wcur c;
	u32 len, room;

	rand_case(t, &h);
	len = write_case(&h) - PAYLOAD;
	for (room = 0; room <= len; room++) {
		memset(buf, 0xee, sizeof(buf));
		c = quic_wcur_init(buf, room);
		quic_hdr_put_long(&c, h.type, h.version, &h.dcid, &h.scid, h.token,
				  h.token_len, h.pn, h.pn_len);
		EXPECT_EQ(t, c.bad, room < len);
		EXPECT_EQ(t, buf[room], 0xee);
	}
}

static void type_bits(struct unit *t)
{
	static const struct {
		enum quic_pkt_type type;
		u32 version;
		u8 bits;
	} rows[] = {
		{ QUIC_PKT_INITIAL, QUIC_VERSION_V1, 0 },
		{ QUIC_PKT_0RTT, QUIC_VERSION_V1, 1 },
		{ QUIC_PKT_HANDSHAKE, QUIC_VERSION_V1, 2 },
		{ QUIC_PKT_INITIAL, QUIC_VERSION_V2, 1 },
		{ QUIC_PKT_0RTT, QUIC_VERSION_V2, 2 },
		{ QUIC_PKT_HANDSHAKE, QUIC_VERSION_V2, 3 },
	};
	struct hdr_case h = { .pn_len = 2 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		h.type = rows[i].type;
		h.version = rows[i].version;
		write_case(&h);
		EXPECT_EQ(t, buf[0], 0xc0 | rows[i].bits << 4 | 1);
	}
}

static void length_field(struct unit *t)
{
	struct hdr_case h = { .type = QUIC_PKT_HANDSHAKE,
			      .version = QUIC_VERSION_V1, .pn_len = 4 };
	u32 len = write_case(&h), off = 1 + 4 + 1 + 1;
	struct quic_hdr got;

	/* The least that a number and a sample need. */
	quic_hdr_set_length(buf, off, 20);
	EXPECT_EQ(t, quic_hdr_parse(buf, len, 8, &got), 0);
	quic_hdr_set_length(buf, off, 19);
	EXPECT_EQ(t, quic_hdr_parse(buf, len, 8, &got), -EBADMSG);
	quic_hdr_set_length(buf, off, 0);
	EXPECT_EQ(t, quic_hdr_parse(buf, len, 8, &got), -EBADMSG);
	/* One more than there is. */
	quic_hdr_set_length(buf, off, 4 + PAYLOAD);
	EXPECT_EQ(t, quic_hdr_parse(buf, len, 8, &got), 0);
	quic_hdr_set_length(buf, off, 4 + PAYLOAD + 1);
	EXPECT_EQ(t, quic_hdr_parse(buf, len, 8, &got), -EBADMSG);
	/* 2^62-1 as Length, and as the token's. */
	memset(buf + off, 0xff, 8);
	EXPECT_EQ(t, quic_hdr_parse(buf, len, 8, &got), -EBADMSG);
	buf[0] = 0xc0;
	EXPECT_EQ(t, quic_hdr_parse(buf, len, 8, &got), -EBADMSG);
}

/* Parse what is in buf with both values of the fixed bit. Nothing else may differ. */
static void both_fixed(struct unit *t, u32 len, bool means)
{
	struct quic_hdr set, cleared;

	buf[0] |= 0x40;
	ASSERT_EQ(t, quic_hdr_parse(buf, len, 8, &set), 0);
	EXPECT(t, set.fixed);
	buf[0] &= ~0x40;
	ASSERT_EQ(t, quic_hdr_parse(buf, len, 8, &cleared), 0);
	EXPECT_EQ(t, cleared.fixed, !means);
	EXPECT_EQ(t, quic_hdr_fixed_ok(&cleared, false), !means);
	EXPECT(t, quic_hdr_fixed_ok(&cleared, true));
	EXPECT(t, quic_hdr_fixed_ok(&set, false));
	cleared.fixed = set.fixed;
	EXPECT_MEM_EQ(t, &cleared, &set, sizeof(set));
}

/* RFC 9287: it is told, and whoever gets the packet judges. */
static void fixed_bit(struct unit *t)
{
	struct hdr_case h;
	u32 i;

	for (i = 0; i < 200; i++) {
		rand_case(t, &h);
		both_fixed(t, write_case(&h), true);
	}
	memset(buf, 0, 64);
	both_fixed(t, 64, true);		/* a short header */
	buf[0] = 0x80;
	both_fixed(t, 11, false);		/* Version Negotiation with one */
	memcpy(buf + 1, "\x1a\x2a\x3a\x4a", 4);
	both_fixed(t, 64, false);		/* another version */
}

static void cid_lengths(struct unit *t)
{
	struct quic_hdr got;
	u32 len;

	memset(buf, 0, sizeof(buf));
	buf[0] = 0xe0;
	buf[4] = 1;
	for (len = 0; len < 256; len++) {
		buf[5] = len;
		buf[6 + len] = 0;	/* SCID */
		put_unaligned_be16(0x4000 | 40, buf + 7 + len);
		EXPECT_EQ(t, quic_hdr_parse(buf, sizeof(buf), 8, &got),
			  len <= 20 ? 0 : -EBADMSG);
		if (len <= 20)
			EXPECT_EQ(t, got.dcid.len, len);
		buf[6 + len] = 0xa7;
	}
}

static void short_header(struct unit *t)
{
	struct quic_wcur c;
	struct quic_hdr got;
	struct quic_cid cid;
	u32 i, len, cut;
	u8 pn_len, phase, spin;
	u64 pn;

	for (i = 0; i < 500; i++) {
		rand_cid(t, &cid);
		pn = unit_rand_bits(t, 62);
		pn_len = 1 + unit_below(t, 4);
		phase = unit_below(t, 2);
		spin = unit_below(t, 2);
		c = quic_wcur_init(buf, sizeof(buf));
		quic_hdr_put_short(&c, &cid, pn, pn_len, phase, spin);
		EXPECT_EQ(t, c.p - buf, 1 + cid.len + pn_len);
		EXPECT_EQ(t, buf[0], 0x40 | spin << 5 | phase << 2 | (pn_len - 1));
		len = 1 + cid.len + 20;
		for (cut = 0; cut < len; cut++)
			EXPECT_EQ(t, quic_hdr_parse(buf, cut, cid.len, &got), -EBADMSG);
		ASSERT_EQ(t, quic_hdr_parse(buf, len, cid.len, &got), 0);
		EXPECT_EQ(t, got.type, QUIC_PKT_1RTT);
		EXPECT_EQ(t, got.version, 0);
		EXPECT(t, quic_cid_equal(&got.dcid, &cid));
		EXPECT_EQ(t, got.pn_off, 1 + cid.len);
		EXPECT_EQ(t, got.len, len);
		EXPECT_EQ(t, read_pn(got.pn_off, pn_len),
			  pn & ((1ULL << 8 * pn_len) - 1));
	}
	/* No room: nothing is written. */
	memset(buf, 0xee, 8);
	c = quic_wcur_init(buf, cid.len + pn_len);
	quic_hdr_put_short(&c, &cid, pn, pn_len, 0, 0);
	EXPECT(t, c.bad);
	EXPECT_EQ(t, buf[0], 0xee);
	EXPECT_EQ(t, quic_hdr_parse(buf, 64, 21, &got), -EBADMSG);
}

static void version_negotiation(struct unit *t)
{
	static const u32 versions[] = { QUIC_VERSION_V1, QUIC_VERSION_V2, 0x1a2a3a4a };
	struct quic_wcur c = quic_wcur_init(buf, sizeof(buf));
	struct quic_cid dcid, scid;
	struct quic_hdr got;
	u8 ids[2 + 2 * QUIC_CID_MAX_LEN];
	u32 len, cut, list;

	rand_cid(t, &dcid);
	rand_cid(t, &scid);
	/* from who was asked, to who asked */
	ids[0] = scid.len;
	memcpy(ids + 1, scid.id, scid.len);
	ids[1 + scid.len] = dcid.len;
	memcpy(ids + 2 + scid.len, dcid.id, dcid.len);
	quic_hdr_put_version_neg(&c, ids, versions, 3, 0xff);
	len = c.p - buf;
	EXPECT_EQ(t, buf[0], 0xff);
	ASSERT_EQ(t, quic_hdr_parse(buf, len, 8, &got), 0);
	EXPECT_EQ(t, got.type, QUIC_PKT_VERSION_NEG);
	EXPECT_EQ(t, got.version, 0);
	EXPECT(t, quic_cid_equal(&got.dcid, &dcid));
	EXPECT(t, quic_cid_equal(&got.scid, &scid));
	EXPECT_EQ(t, got.token_len, 12);
	EXPECT_EQ(t, get_unaligned_be32(got.token + 8), 0x1a2a3a4a);
	EXPECT_EQ(t, got.pn_off, 0);
	EXPECT_EQ(t, got.len, len);
	list = len - 12;
	for (cut = 0; cut < len; cut++)
		EXPECT_EQ(t, quic_hdr_parse(buf, cut, 8, &got),
			  cut > list && (cut - list) % 4 == 0 ? 0 : -EBADMSG);
}

static void retry(struct unit *t)
{
	struct quic_hdr got;
	struct quic_cid cid;
	u32 version, head, len;
	struct quic_wcur c;
	u32 i;

	for (i = 0; i < 2; i++) {
		version = i ? QUIC_VERSION_V2 : QUIC_VERSION_V1;
		rand_cid(t, &cid);
		c = quic_wcur_init(buf, sizeof(buf));
		quic_put_u8(&c, i ? 0xc5 : 0xf5);
		quic_put_be32(&c, version);
		quic_put_u8(&c, cid.len);
		quic_put_bytes(&c, cid.id, cid.len);
		quic_put_u8(&c, cid.len);
		quic_put_bytes(&c, cid.id, cid.len);
		head = c.p - buf;
		/* An empty token is no Retry (RFC 9000 17.2.5.2). */
		for (len = 0; len <= head + 16; len++)
			EXPECT_EQ(t, quic_hdr_parse(buf, len, 8, &got), -EBADMSG);
		ASSERT_EQ(t, quic_hdr_parse(buf, head + 16 + 9, 8, &got), 0);
		EXPECT_EQ(t, got.type, QUIC_PKT_RETRY);
		EXPECT(t, got.token == buf + head);
		EXPECT_EQ(t, got.token_len, 9);
		EXPECT_EQ(t, got.pn_off, 0);
		EXPECT_EQ(t, got.len, head + 25);
	}
}

/* Of an unknown version only what RFC 8999 says is believed. */
static void unknown_version(struct unit *t)
{
	struct hdr_case h;
	struct quic_hdr got;
	u32 len;

	rand_case(t, &h);
	h.version = 0x1a2a3a4a;
	len = write_case(&h);
	buf[0] = 0x80;	/* not even the fixed bit */
	ASSERT_EQ(t, quic_hdr_parse(buf, len, 8, &got), 0);
	EXPECT_EQ(t, got.version, 0x1a2a3a4a);
	EXPECT_EQ(t, got.type, QUIC_PKT_INITIAL);
	EXPECT_EQ(t, got.pn_off, 0);
	EXPECT_EQ(t, got.len, len);
	EXPECT(t, quic_cid_equal(&got.dcid, &h.dcid));
	EXPECT(t, quic_cid_equal(&got.scid, &h.scid));
	len = 7 + h.dcid.len + h.scid.len;
	EXPECT_EQ(t, quic_hdr_parse(buf, len, 8, &got), 0);
	EXPECT_EQ(t, quic_hdr_parse(buf, len - 1, 8, &got), -EBADMSG);
}

/* RFC 9000 17.2.1: IDs that only another version may have come back whole. */
static void unknown_version_long_ids(struct unit *t)
{
	static const u32 lens[] = { 0, 20, 21, 255 };
	struct quic_hdr got, back;
	u8 out[QUIC_VERSION_NEG_MAX];
	u32 i, dlen, slen, len, ours = QUIC_VERSION_V1;
	struct quic_wcur c;

	for (i = 0; i < ARRAY_SIZE(lens) * ARRAY_SIZE(lens); i++) {
		dlen = lens[i / ARRAY_SIZE(lens)];
		slen = lens[i % ARRAY_SIZE(lens)];
		len = 7 + dlen + slen;
		unit_bytes(t, buf, len);
		buf[0] = 0x80;
		put_unaligned_be32(0x1a2a3a4a, buf + 1);
		buf[5] = dlen;
		buf[6 + dlen] = slen;
		ASSERT_EQ(t, quic_hdr_parse(buf, len, 8, &got), 0);
		EXPECT_EQ(t, quic_hdr_parse(buf, len - 1, 8, &back), -EBADMSG);
		EXPECT_EQ(t, got.dcid.len, dlen <= 20 ? dlen : 0);
		EXPECT_EQ(t, got.scid.len, slen <= 20 ? slen : 0);
		c = quic_wcur_init(out, sizeof(out));
		quic_stateless_put_version_neg(&c, &got, &ours, 1, unit_rand(t));
		ASSERT(t, !c.bad);
		EXPECT_EQ(t, c.p - out, len + 8);
		EXPECT_EQ(t, out[5], slen);
		EXPECT_MEM_EQ(t, out + 6, buf + 7 + dlen, slen);
		EXPECT_EQ(t, out[6 + slen], dlen);
		EXPECT_MEM_EQ(t, out + 7 + slen, buf + 6, dlen);
		/* ours may not be that long, nor may a Version Negotiation to us */
		put_unaligned_be32(i & 1 ? QUIC_VERSION_V1 : 0, buf + 1);
		if (dlen > 20 || slen > 20)
			EXPECT_EQ(t, quic_hdr_parse(buf, len, 8, &back), -EBADMSG);
	}
}

/* Whatever comes: an answer, and what it says lies inside the datagram. */
static void random_bytes(struct unit *t)
{
	struct quic_hdr got;
	u32 i, len;

	for (i = 0; i < 50000; i++) {
		len = unit_below(t, 80);
		unit_bytes(t, buf, len);
		if (unit_below(t, 2) && len > 5) {
			put_unaligned_be32(unit_below(t, 3), buf + 1);
			buf[5] %= 24;
		}
		if (quic_hdr_parse(buf, len, unit_below(t, 21), &got))
			continue;
		EXPECT_LE(t, got.len, len);
		EXPECT_LE(t, got.dcid.len, 20);
		EXPECT_LE(t, got.scid.len, 20);
		if (got.pn_off)
			EXPECT_LE(t, got.pn_off + 20, got.len);
		if (got.token_len)
			EXPECT(t, got.token > buf &&
			       got.token + got.token_len <= buf + len);
	}
}

/* RFC 9000 A.2 and A.3 */
static void pn_vectors(struct unit *t)
{
	EXPECT_EQ(t, quic_pn_len(0xac5c02, 0xabe8b3, false), 2);
	EXPECT_EQ(t, quic_pn_len(0xace8fe, 0xabe8b3, false), 3);
	EXPECT_EQ(t, quic_pn_decode(0xa82f30ea, false, 0x9b32, 2), 0xa82f9b32);
	EXPECT_EQ(t, quic_pn_len(0, 0, true), 1);
	EXPECT_EQ(t, quic_pn_len(126, 0, true), 1);
	EXPECT_EQ(t, quic_pn_len(127, 0, true), 2);
	EXPECT_EQ(t, quic_pn_decode(12345, true, 0, 1), 0);
	EXPECT_EQ(t, quic_pn_decode(0, true, 0xff, 1), 0xff);
	/* The window is (expected - win / 2, expected + win / 2]. */
	EXPECT_EQ(t, quic_pn_decode(0x17f, false, 0x00, 1), 0x200);
	EXPECT_EQ(t, quic_pn_decode(0x17e, false, 0x00, 1), 0x100);
	EXPECT_EQ(t, quic_pn_decode(0x17f, false, 0x01, 1), 0x101);
	EXPECT_EQ(t, quic_pn_decode(0x31f, false, 0xa1, 1), 0x2a1);
	EXPECT_EQ(t, quic_pn_decode(0x31f, false, 0xa0, 1), 0x3a0);
	EXPECT_EQ(t, quic_pn_len(1 << 15, 0, false), 3);
	EXPECT_EQ(t, quic_pn_len((1 << 15) - 1, 0, false), 2);
	EXPECT_EQ(t, quic_pn_len(1 << 23, 0, false), 4);
	EXPECT_EQ(t, quic_pn_len((1 << 23) - 1, 0, false), 3);
	/* Nothing above 2^62-1 comes out. */
	EXPECT_EQ(t, quic_pn_decode(QUIC_PN_MAX, false, 0, 1), QUIC_PN_MAX - 255);
	EXPECT_EQ(t, quic_pn_decode(QUIC_PN_MAX - 1, false, 0xff, 1), QUIC_PN_MAX);
}

/*
 * What a sender chooses, a receiver decodes, whatever part of the packets that
 * are not acknowledged yet it has seen.
 */
static void pn_round_trip(struct unit *t)
{
	u64 acked, pn, largest, unacked;
	u32 i;
	u8 len;

	for (i = 0; i < 100000; i++) {
		acked = unit_rand_bits(t, 62);
		unacked = 1 + unit_rand_bits(t, 30);
		if (acked > QUIC_PN_MAX - unacked)
			acked = QUIC_PN_MAX - unacked;
		pn = acked + unacked;
		len = quic_pn_len(pn, acked, false);
		/* RFC 9000 17.1: more than twice the range */
		EXPECT_GT(t, 1ULL << 8 * len, 2 * unacked);
		largest = acked + unit_below(t, unacked);
		EXPECT_EQ(t, quic_pn_decode(largest, false,
					    pn & ((1ULL << 8 * len) - 1), len), pn);
	}
}

/* The decoder against the definition: the closest number to the expected one. */
static void pn_closest(struct unit *t)
{
	u64 largest, expected, pn, truncated, win, best;
	u32 i;
	u8 len;

	for (i = 0; i < 100000; i++) {
		largest = unit_rand_bits(t, 40);
		expected = largest + 1;
		len = 1 + unit_below(t, 4);
		win = 1ULL << 8 * len;
		truncated = unit_rand(t) & (win - 1);
		pn = quic_pn_decode(largest, false, truncated, len);
		EXPECT_EQ(t, pn & (win - 1), truncated);
		best = pn > expected ? pn - expected : expected - pn;
		if (best > win / 2)
			EXPECT_LT(t, pn, win);	/* nothing lower exists */
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(long_round_trip),
	UNIT_CASE(long_truncated),
	UNIT_CASE(long_no_room),
	UNIT_CASE(type_bits),
	UNIT_CASE(length_field),
	UNIT_CASE(fixed_bit),
	UNIT_CASE(cid_lengths),
	UNIT_CASE(short_header),
	UNIT_CASE(version_negotiation),
	UNIT_CASE(retry),
	UNIT_CASE(unknown_version),
	UNIT_CASE(unknown_version_long_ids),
	UNIT_CASE(random_bytes),
	UNIT_CASE(pn_vectors),
	UNIT_CASE(pn_round_trip),
	UNIT_CASE(pn_closest),
};

UNIT_SUITE(wire_hdr, cases);
