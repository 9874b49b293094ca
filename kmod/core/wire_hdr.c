// SPDX-License-Identifier: GPL-2.0
/*
 * Packet headers.
 *
 *  long    1fTTrrpp version(4) dcidl dcid scidl scid [token] length pn...
 *  short   0fsrrkpp dcid pn...
 *
 * (f fixed bit, T type, r reserved, p packet number length, s spin, k key phase; r, p and k
 * are under header protection when a packet is parsed and are not looked at.)
 *
 * Parsing is a walk of one cursor; nothing behind the datagram's end is read
 * and @hdr is written on success only. What a header claims is believed as far
 * as lengths are checked here; authenticity is the AEAD's business.
 *
 * Connection IDs of versions that are not ours may have up to 255 bytes (RFC 8999 5.1):
 * they are known by where they stand, for the answer alone.
 *
 * Not here: when the fixed bit is sent as 0 (grease.c).
 */
#include "wire_hdr.h"
#include "plant.h"
#include "version.h"
#include <linux/quic.h>

#define QUIC_HDR_LONG		0x80

/* From the packet number on: number and sample must fit (RFC 9001 5.4.2). */
#define QUIC_PROTECTED_MIN	(QUIC_PN_MAX_LEN + QUIC_HP_SAMPLE_LEN)

/* Version 2 numbers the same four types one further (RFC 9369 3.2). */
static u8 quic_hdr_type_shift(u32 version)
{
	return version == QUIC_VERSION_V2;
}

/* @any: also one that is too long to be kept, of another version. */
static void quic_hdr_get_cid(struct quic_rcur *c, bool any, struct quic_cid *cid)
{
	u8 len = quic_get_u8(c);
	const u8 *id = quic_get_bytes(c, len);

	if (id && len <= QUIC_CID_MAX_LEN)
		quic_cid_set(cid, id, len);
	else if (!any)
		c->bad = true;
}

static void quic_hdr_get_token(struct quic_rcur *c, struct quic_hdr *h, u64 len)
{
	h->token = quic_get_bytes(c, len);
	h->token_len = len;
}

/* Length field and what it spans: sets pn_off and len. */
static void quic_hdr_get_length(struct quic_rcur *c, const u8 *data,
				struct quic_hdr *h)
{
	u64 length = quic_get_varint(c);

	if (c->bad || length < QUIC_PROTECTED_MIN ||
	    length > quic_rcur_left(c) + QUIC_PLANTED(21)) {
		c->bad = true;
		return;
	}
	h->pn_off = c->p - data;
	h->len = h->pn_off + length;
}

static void quic_hdr_get_retry(struct quic_rcur *c, struct quic_hdr *h)
{
	size_t left = quic_rcur_left(c);

	/* An empty Retry token is to be discarded (RFC 9000 17.2.5.2). */
	if (c->bad || left <= QUIC_RETRY_TAG_LEN)
		c->bad = true;
	else
		quic_hdr_get_token(c, h, left - QUIC_RETRY_TAG_LEN);
}

static void quic_hdr_get_version_neg(struct quic_rcur *c, struct quic_hdr *h)
{
	size_t left = quic_rcur_left(c);

	h->type = QUIC_PKT_VERSION_NEG;
	if (!left || left % 4)
		c->bad = true;
	else
		quic_hdr_get_token(c, h, left);
}

/* What follows the connection IDs in versions 1 and 2. */
static void quic_hdr_get_typed(struct quic_rcur *c, const u8 *data,
			       struct quic_hdr *h)
{
	u8 bits = data[0] >> 4 & 3;

	h->type = (bits - quic_hdr_type_shift(h->version)) & 3;
	h->fixed = data[0] & QUIC_HDR_FIXED;
	switch (h->type) {
	case QUIC_PKT_RETRY:
		quic_hdr_get_retry(c, h);
		break;
	case QUIC_PKT_INITIAL:
		quic_hdr_get_token(c, h, quic_get_varint(c));
		fallthrough;
	default:
		quic_hdr_get_length(c, data, h);
		break;
	}
}

static int quic_hdr_parse_long(const u8 *data, u32 len, struct quic_hdr *hdr)
{
	struct quic_rcur c = quic_rcur_init(data + 1, len - 1);
	struct quic_hdr h = { .type = QUIC_PKT_INITIAL, .len = len, .fixed = true };
	bool any;

	h.version = quic_get_be32(&c);
	any = h.version && !quic_version_known(h.version);
	h.ids = c.p;
	quic_hdr_get_cid(&c, any, &h.dcid);
	quic_hdr_get_cid(&c, any, &h.scid);
	if (c.bad)
		return -EBADMSG;
	if (!h.version)
		quic_hdr_get_version_neg(&c, &h);
	else if (!any)
		quic_hdr_get_typed(&c, data, &h);
	if (c.bad)
		return -EBADMSG;
	*hdr = h;
	return 0;
}

static int quic_hdr_parse_short(const u8 *data, u32 len, u8 cid_len,
				struct quic_hdr *hdr)
{
	u32 pn_off = 1 + cid_len;

	if (cid_len > QUIC_CID_MAX_LEN || len < pn_off + QUIC_PROTECTED_MIN)
		return -EBADMSG;
	*hdr = (struct quic_hdr){
		.type = QUIC_PKT_1RTT,
		.fixed = data[0] & QUIC_HDR_FIXED,
		.pn_off = pn_off,
		.len = len,
	};
	quic_cid_set(&hdr->dcid, data + 1, cid_len);
	return 0;
}

int quic_hdr_parse(const u8 *data, u32 len, u8 cid_len, struct quic_hdr *hdr)
{
	if (!len)
		return -EBADMSG;
	if (data[0] & QUIC_HDR_LONG)
		return quic_hdr_parse_long(data, len, hdr);
	return quic_hdr_parse_short(data, len, cid_len, hdr);
}

static void quic_hdr_put_cid(struct quic_wcur *c, const struct quic_cid *cid)
{
	quic_put_u8(c, cid->len);
	quic_put_bytes(c, cid->id, cid->len);
}

u32 quic_hdr_put_long(struct quic_wcur *c, enum quic_pkt_type type, u32 version,
		      const struct quic_cid *dcid, const struct quic_cid *scid,
		      const u8 *token, u32 token_len, u64 pn, u8 pn_len)
{
	u8 bits = (type + quic_hdr_type_shift(version)) & 3;
	const u8 *start = c->p;
	u32 length_off;

	quic_put_u8(c, QUIC_HDR_LONG | QUIC_HDR_FIXED | bits << 4 | (pn_len - 1));
	quic_put_be32(c, version);
	quic_hdr_put_cid(c, dcid);
	quic_hdr_put_cid(c, scid);
	if (type == QUIC_PKT_INITIAL) {
		quic_put_varint(c, token_len);
		quic_put_bytes(c, token, token_len);
	}
	length_off = c->p - start;
	quic_put_varint_len(c, 0, 2);
	while (pn_len--)
		quic_put_u8(c, pn >> 8 * pn_len);
	return length_off;
}

void quic_hdr_set_length(u8 *pkt, u32 length_off, u32 length)
{
	put_unaligned_be16(length | 0x4000, pkt + length_off);
}

void quic_hdr_put_version_neg(struct quic_wcur *c, const u8 *ids, const u32 *versions,
			      u32 n, u8 grease)
{
	const u8 *scid = ids + 1 + ids[0];
	u32 i;

	/* The fixed bit is kept at 1 for demultiplexing (RFC 9000 17.2.1). */
	quic_put_u8(c, QUIC_HDR_LONG | QUIC_HDR_FIXED | (grease & 0x3f));
	quic_put_be32(c, 0);
	quic_put_bytes(c, scid, 1 + scid[0]);
	quic_put_bytes(c, ids, 1 + ids[0]);
	for (i = 0; i < n; i++)
		quic_put_be32(c, versions[i]);
}

u64 quic_pn_decode(u64 largest, bool none, u64 truncated, u8 pn_len)
{
	u64 expected = none ? 0 : min(largest + 1, (u64)QUIC_PN_MAX);
	u64 win = 1ULL << 8 * pn_len;
	u64 pn = (expected & ~(win - 1)) | truncated;

	/* Sums instead of differences: none of them can wrap below 2^63. */
	if (pn + win / 2 <= expected && pn + win <= QUIC_PN_MAX)
		return pn + win;
	if (pn > expected + win / 2 && pn >= win)
		return pn - win;
	return pn;
}

u8 quic_pn_len(u64 pn, u64 largest_acked, bool none)
{
	u64 unacked = none ? pn + 1 : pn - largest_acked;

	/* More than twice the distance must be expressible (RFC 9000 17.1). */
	if (unacked < 1 << 7)
		return 1;
	if (unacked < 1 << 15)
		return 2;
	return unacked < 1 << 23 ? 3 : 4;
}
