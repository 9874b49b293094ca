// SPDX-License-Identifier: GPL-2.0
/*
 * Answers that need no connection, as bytes, and the form of our tokens.
 *
 *   token   kind and slot (1)  prefix (16)  sealed: issued (8) [odcid (1 + 20)]  tag (16)
 *   Retry   header  dcid  scid  token  tag (16)
 *   reset   01xxxxxx  unpredictable (4 or more)  token (16)
 *
 * A token's kind is readable, since a server has to tell a Retry token that fails
 * from one of an earlier connection (RFC 9000 8.1.3); it is authenticated with the
 * rest. All tokens of a kind have one length, whatever they say.
 *
 * Pure functions: what is unpredictable comes from the caller, who also seals,
 * tags, limits rates and decides whether to answer at all.
 */
#include "stateless.h"
#include <linux/quic.h>

#define TOKEN_FORM	0xa0	/* upper bits of the first byte: this form */
#define TOKEN_FORM_MASK	0xfc
#define HDR_LONG_FIXED	0xc0
#define RESET_FIXED	0x40
#define RESET_LOOKS_1RTT 43	/* RFC 9000 10.3: shorter ones are told by their size */

static const u32 body_len[] = {
	[QUIC_TOKEN_RETRY] = QUIC_TOKEN_RETRY_BODY,
	[QUIC_TOKEN_NEW] = QUIC_TOKEN_NEW_BODY,
};

bool quic_token_parse(const u8 *data, u32 len, struct quic_token_head *h)
{
	u8 kind;

	if (!len || (data[0] & TOKEN_FORM_MASK) != TOKEN_FORM)
		return false;
	kind = data[0] >> 1 & 1;
	if (len != QUIC_TOKEN_HEAD_LEN + body_len[kind] + QUIC_TAG_LEN)
		return false;
	*h = (struct quic_token_head){
		.kind = kind,
		.slot = data[0] & 1,
		.prefix = data + 1,
		.body = data + QUIC_TOKEN_HEAD_LEN,
		.body_len = len - QUIC_TOKEN_HEAD_LEN,
	};
	return true;
}

void quic_token_put_head(u8 kind, u8 slot, u8 *buf)
{
	buf[0] = TOKEN_FORM | kind << 1 | slot;
}

u32 quic_token_put_body(u8 kind, const struct quic_token_body *b, u8 *buf)
{
	put_unaligned_be64(b->issued, buf);
	if (kind == QUIC_TOKEN_RETRY) {
		buf[8] = b->odcid.len;
		memcpy(buf + 9, b->odcid.id, QUIC_CID_MAX_LEN);
	}
	return body_len[kind];
}

bool quic_token_get_body(u8 kind, const u8 *buf, u32 len, struct quic_token_body *b)
{
	struct quic_token_body got = {};

	if (len != body_len[kind])
		return false;
	got.issued = get_unaligned_be64(buf);
	if (kind == QUIC_TOKEN_RETRY) {
		if (buf[8] > QUIC_CID_MAX_LEN)
			return false;
		quic_cid_set(&got.odcid, buf + 9, buf[8]);
	}
	*b = got;
	return true;
}

void quic_stateless_put_retry(struct quic_wcur *c, u32 version, const struct quic_cid *dcid,
			      const struct quic_cid *scid, const u8 *token, u32 len,
			      u8 unused)
{
	/* RFC 9369 3.2 numbers the types of version 2 one further */
	u8 type = (QUIC_PKT_RETRY + (version == QUIC_VERSION_V2)) & 3;

	quic_put_u8(c, HDR_LONG_FIXED | type << 4 | (unused & 0x0f));
	quic_put_be32(c, version);
	quic_put_u8(c, dcid->len);
	quic_put_bytes(c, dcid->id, dcid->len);
	quic_put_u8(c, scid->len);
	quic_put_bytes(c, scid->id, scid->len);
	quic_put_bytes(c, token, len);
}

u32 quic_stateless_retry_pseudo(const struct quic_cid *odcid, const u8 *pkt, u32 len, u8 *buf)
{
	struct quic_wcur c = quic_wcur_init(buf, QUIC_RETRY_PSEUDO_MAX);

	quic_put_u8(&c, odcid->len);
	quic_put_bytes(&c, odcid->id, odcid->len);
	quic_put_bytes(&c, pkt, len);
	return c.bad ? 0 : c.p - buf;
}

void quic_stateless_put_version_neg(struct quic_wcur *c, const struct quic_hdr *hdr,
				    const u32 *versions, u32 n, u32 random)
{
	u32 list[QUIC_VERSIONS_MAX + 1], grease, at, i;

	grease = (random & 0xf0f0f0f0) | 0x0a0a0a0a;	/* RFC 9000 15 */
	if (grease == hdr->version)
		grease ^= 0x10000000;
	n = min_t(u32, n, QUIC_VERSIONS_MAX);
	at = random % (n + 1);		/* no fixed place: clients must not count on one */
	for (i = 0; i < n; i++)
		list[i + (i >= at)] = versions[i];
	list[at] = grease;
	quic_hdr_put_version_neg(c, hdr->ids, list, n + 1, random >> 24);
}

u32 quic_stateless_put_reset(u8 *buf, u32 trigger_len, u32 random, const u8 *token)
{
	u32 len, max = min_t(u32, trigger_len ? trigger_len - 1 : 0, QUIC_RESET_MAX_LEN);

	if (max < QUIC_RESET_MIN_LEN)
		return 0;
	len = max;
	if (max > RESET_LOOKS_1RTT - 1)
		len = RESET_LOOKS_1RTT - 1 + random % (max - (RESET_LOOKS_1RTT - 1) + 1);
	buf[0] = RESET_FIXED | (buf[0] & 0x3f);
	memcpy(buf + len - QUIC_RESET_TOKEN_LEN, token, QUIC_RESET_TOKEN_LEN);
	return len;
}
