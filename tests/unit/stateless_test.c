// SPDX-License-Identifier: GPL-2.0
/*
 * Answers without a connection (RFC 9000 6, 10.3, 17.2.5; RFC 9001 5.8) and the
 * form of tokens: there and back, every length, what must not be in them.
 */
#include "unit.h"
#include "../../kmod/core/stateless.h"
#include <linux/quic.h>

static void rand_cid(struct unit *t, struct quic_cid *cid, u8 min)
{
	u8 id[QUIC_CID_MAX_LEN];

	unit_bytes(t, id, sizeof(id));
	quic_cid_set(cid, id, min + unit_below(t, QUIC_CID_MAX_LEN + 1 - min));
}

/* ---- tokens ---- */

static u32 make_token(struct unit *t, u8 kind, u8 slot, const struct quic_token_body *b,
		      u8 *token)
{
	u32 len;

	unit_bytes(t, token, QUIC_TOKEN_LEN_MAX);
	quic_token_put_head(kind, slot, token);
	len = QUIC_TOKEN_HEAD_LEN + quic_token_put_body(kind, b, token + QUIC_TOKEN_HEAD_LEN);
	return len + QUIC_TAG_LEN;
}

static void tokens_there_and_back(struct unit *t)
{
	u8 token[QUIC_TOKEN_LEN_MAX];
	struct quic_token_body b, got;
	struct quic_token_head h;
	u32 i, len;

	for (i = 0; i < 200; i++) {
		u8 kind = i & 1, slot = i >> 1 & 1;

		b = (struct quic_token_body){ .issued = unit_rand(t) };
		if (kind == QUIC_TOKEN_RETRY)
			rand_cid(t, &b.odcid, 0);
		len = make_token(t, kind, slot, &b, token);
		/* nothing that it says shows in its length */
		EXPECT_EQ(t, len, kind == QUIC_TOKEN_RETRY ? QUIC_TOKEN_LEN_MAX :
			  QUIC_TOKEN_HEAD_LEN + 8 + QUIC_TAG_LEN);
		ASSERT(t, quic_token_parse(token, len, &h));
		EXPECT_EQ(t, h.kind, kind);
		EXPECT_EQ(t, h.slot, slot);
		EXPECT(t, h.prefix == token + 1 && h.body == token + 17);
		EXPECT_EQ(t, h.body_len, len - 17);
		ASSERT(t, quic_token_get_body(kind, h.body, h.body_len - QUIC_TAG_LEN, &got));
		EXPECT_EQ(t, got.issued, b.issued);
		EXPECT(t, quic_cid_equal(&got.odcid, &b.odcid));
	}
}

/* Any other length, any other first byte: not ours. */
static void tokens_of_others(struct unit *t)
{
	u8 token[QUIC_TOKEN_LEN_MAX + 40] = {};
	u32 good[2] = { QUIC_TOKEN_LEN_MAX, QUIC_TOKEN_HEAD_LEN + 8 + QUIC_TAG_LEN };
	struct quic_token_body b = {}, was = { .issued = 5 };
	struct quic_token_head h;
	u32 first, len, n = 0;

	for (first = 0; first < 256; first++) {
		for (len = 0; len <= sizeof(token); len++) {
			token[0] = first;
			if (!quic_token_parse(token, len, &h))
				continue;
			n++;
			EXPECT(t, len == good[h.kind] && first >> 2 == 0xa0 >> 2);
		}
	}
	EXPECT_EQ(t, n, 4);
	/* a body that was sealed by us cannot be wrong; one that could be changes nothing */
	make_token(t, QUIC_TOKEN_RETRY, 0, &b, token);
	token[QUIC_TOKEN_HEAD_LEN + 8] = 21;
	b = was;
	EXPECT(t, !quic_token_get_body(QUIC_TOKEN_RETRY, token + QUIC_TOKEN_HEAD_LEN,
				       QUIC_TOKEN_RETRY_BODY, &b));
	EXPECT(t, !quic_token_get_body(QUIC_TOKEN_NEW, token, QUIC_TOKEN_RETRY_BODY, &b));
	EXPECT_EQ(t, b.issued, 5);
}

/* ---- Retry ---- */

static void retry_there_and_back(struct unit *t)
{
	u8 buf[QUIC_RETRY_LEN_MAX], token[QUIC_TOKEN_LEN_MAX], pseudo[QUIC_RETRY_PSEUDO_MAX];
	u32 versions[] = { QUIC_VERSION_V1, QUIC_VERSION_V2 }, i, n, len;
	struct quic_cid dcid, scid, odcid;
	struct quic_wcur c;
	struct quic_hdr h;

	for (i = 0; i < 200; i++) {
		rand_cid(t, &dcid, 0);
		rand_cid(t, &scid, 0);
		rand_cid(t, &odcid, 8);
		unit_bytes(t, token, sizeof(token));
		len = 1 + unit_below(t, sizeof(token));
		c = quic_wcur_init(buf, sizeof(buf));
		quic_stateless_put_retry(&c, versions[i & 1], &dcid, &scid, token, len, i);
		ASSERT(t, !c.bad);
		n = c.p - buf;
		EXPECT_EQ(t, quic_stateless_retry_pseudo(&odcid, buf, n, pseudo),
			  1 + odcid.len + n);
		EXPECT_EQ(t, pseudo[0], odcid.len);
		EXPECT_MEM_EQ(t, pseudo + 1, odcid.id, odcid.len);
		EXPECT_MEM_EQ(t, pseudo + 1 + odcid.len, buf, n);
		memset(quic_put_space(&c, QUIC_RETRY_TAG_LEN), 0, QUIC_RETRY_TAG_LEN);
		ASSERT(t, !quic_hdr_parse(buf, c.p - buf, 8, &h));
		EXPECT_EQ(t, h.type, QUIC_PKT_RETRY);
		EXPECT_EQ(t, h.version, versions[i & 1]);
		EXPECT(t, quic_cid_equal(&h.dcid, &dcid) && quic_cid_equal(&h.scid, &scid));
		ASSERT_EQ(t, h.token_len, len);
		EXPECT_MEM_EQ(t, h.token, token, len);
		EXPECT_EQ(t, buf[0] & 0x0f, i & 0x0f);
	}
}

/* A Retry from the wire may be 64 KiB long: nothing of it is copied then. */
static void retry_too_long(struct unit *t)
{
	static u8 pkt[2000];
	u8 buf[QUIC_RETRY_PSEUDO_MAX];
	struct quic_cid odcid = { .len = 20 };
	u32 max = QUIC_RETRY_PSEUDO_MAX - 21;

	EXPECT_EQ(t, quic_stateless_retry_pseudo(&odcid, pkt, max, buf), sizeof(buf));
	EXPECT_EQ(t, quic_stateless_retry_pseudo(&odcid, pkt, max + 1, buf), 0);
	EXPECT_EQ(t, quic_stateless_retry_pseudo(&odcid, pkt, sizeof(pkt), buf), 0);
}

/* ---- Version Negotiation ---- */

static void version_negotiation(struct unit *t)
{
	static const u32 ours[] = { QUIC_VERSION_V1, 0x6b3343cf };
	struct quic_hdr asked = {}, h;
	u32 i, j, n, greases = 0, first = 0, v;
	u8 buf[64], ids[2 + 2 * QUIC_CID_MAX_LEN];
	struct quic_wcur c;

	for (i = 0; i < 400; i++) {
		n = 1 + (i & 1);
		rand_cid(t, &asked.dcid, 8);
		rand_cid(t, &asked.scid, 0);
		ids[0] = asked.dcid.len;
		memcpy(ids + 1, asked.dcid.id, asked.dcid.len);
		ids[1 + asked.dcid.len] = asked.scid.len;
		memcpy(ids + 2 + asked.dcid.len, asked.scid.id, asked.scid.len);
		asked.ids = ids;
		/* what greases clients that ask for it (RFC 9000 6.3) */
		asked.version = (unit_rand(t) & 0xf0f0f0f0) | 0x0a0a0a0a;
		c = quic_wcur_init(buf, sizeof(buf));
		/* with a random number that would give the same one */
		quic_stateless_put_version_neg(&c, &asked, ours, n, asked.version);
		ASSERT(t, !c.bad && !quic_hdr_parse(buf, c.p - buf, 8, &h));
		EXPECT_EQ(t, h.type, QUIC_PKT_VERSION_NEG);
		EXPECT(t, quic_cid_equal(&h.dcid, &asked.scid) &&
		       quic_cid_equal(&h.scid, &asked.dcid));
		ASSERT_EQ(t, h.token_len, 4 * (n + 1));
		for (j = 0; j <= n; j++) {
			v = get_unaligned_be32(h.token + 4 * j);
			EXPECT(t, v != asked.version);
			greases += (v & 0x0f0f0f0f) == 0x0a0a0a0a;
			first += !j && (v & 0x0f0f0f0f) == 0x0a0a0a0a;
			EXPECT(t, (v & 0x0f0f0f0f) == 0x0a0a0a0a || v == ours[0] ||
			       (n == 2 && v == ours[1]));
		}
	}
	EXPECT_EQ(t, greases, 400);
	EXPECT(t, first > 50 && first < 350);
}

/* ---- stateless reset ---- */

static void resets(struct unit *t)
{
	u8 buf[QUIC_RESET_MAX_LEN], was[QUIC_RESET_MAX_LEN], token[QUIC_RESET_TOKEN_LEN];
	u32 trigger, len, i, seen = 0, least = 1000;

	for (trigger = 0; trigger < 1600; trigger++) {
		unit_bytes(t, token, sizeof(token));
		unit_bytes(t, buf, sizeof(buf));
		memcpy(was, buf, sizeof(buf));
		len = quic_stateless_put_reset(buf, trigger, unit_rand(t), token);
		if (trigger < 22) {
			EXPECT_EQ(t, len, 0);
			EXPECT_MEM_EQ(t, buf, was, sizeof(buf));
			continue;
		}
		/* RFC 9000 10.3.3: smaller; 10.3: by one where it is small */
		ASSERT(t, len < trigger && len >= QUIC_RESET_MIN_LEN && len <= sizeof(buf));
		if (trigger <= 43)
			EXPECT_EQ(t, len, trigger - 1);
		else
			EXPECT_LE(t, 42, len);
		EXPECT_EQ(t, buf[0], (was[0] & 0x3f) | 0x40);
		EXPECT_MEM_EQ(t, buf + 1, was + 1, len - 17);
		EXPECT_MEM_EQ(t, buf + len - 16, token, 16);
	}
	for (i = 0; i < 300; i++) {
		len = quic_stateless_put_reset(buf, 1200, unit_rand(t), token);
		seen = max(seen, len);
		least = min(least, len);
	}
	EXPECT_EQ(t, seen, QUIC_RESET_MAX_LEN);
	EXPECT_EQ(t, least, 42);
}

static const struct unit_case cases[] = {
	UNIT_CASE(tokens_there_and_back),
	UNIT_CASE(tokens_of_others),
	UNIT_CASE(retry_there_and_back),
	UNIT_CASE(retry_too_long),
	UNIT_CASE(version_negotiation),
	UNIT_CASE(resets),
};

UNIT_SUITE(stateless, cases);
