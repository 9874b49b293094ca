// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/glue/token.c and stateless.c in userspace, with Nettle behind them: tokens that
 * are good once, for a while, for one client; the integrity tag of Retry (RFC 9001
 * A.4); reset tokens.
 */
#include "../unit/unit.h"
#include "glue_test.h"
#include "../../kmod/glue/token.h"
#include "../../kmod/glue/vectors.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC

static struct net other_net = { .net_cookie = 7 };
static const struct quic_cid scid = { .len = 8, .id = { 1, 2, 3 } };
static const struct quic_cid odcid = { .len = 14, .id = { 9, 8, 7 } };

static union quic_addr peer4, peer6;

static void begin(struct unit *t)
{
	glue_missing = "";
	glue_now = 1000 * SEC;
	peer4.v4.sin_family = AF_INET;
	peer4.v4.sin_port = htons(5000);
	peer4.v4.sin_addr.s_addr = htonl(0xc0000201);
	peer6.v6.sin6_family = AF_INET6;
	peer6.v6.sin6_port = htons(5000);
	peer6.v6.sin6_addr.s6_addr[15] = 1;
	EXPECT_EQ(t, quic_crypto_init(), 0);
	EXPECT_EQ(t, quic_stateless_init(), 0);
	EXPECT_EQ(t, quic_tokens_init(), 0);
}

static void end(struct unit *t)
{
	quic_tokens_exit();
	quic_stateless_exit();
	quic_crypto_exit();
	EXPECT_EQ(t, glue_tfms, 0);
}

/* A token in memory of exactly its size. */
struct tok {
	u8 *p;
	u32 len;
};

static struct tok make(u8 kind, const union quic_addr *peer)
{
	bool retry = kind == QUIC_TOKEN_RETRY;
	struct quic_token_for f = {
		.net = &init_net, .peer = peer, .scid = retry ? &scid : NULL,
		.odcid = retry ? &odcid : NULL, .version = QUIC_VERSION_V1, .kind = kind,
	};
	u8 buf[QUIC_TOKEN_LEN_MAX];
	struct tok k;

	k.len = quic_token_make(&f, buf);
	k.p = malloc(k.len);
	memcpy(k.p, buf, k.len);
	return k;
}

static struct quic_hdr hdr_of(const struct tok *k)
{
	return (struct quic_hdr){
		.version = QUIC_VERSION_V1, .dcid = scid, .token = k->p, .token_len = k->len,
	};
}

static enum quic_token_verdict check_by(const struct net *net, const union quic_addr *peer,
					const struct tok *k)
{
	struct quic_hdr h = hdr_of(k);
	struct quic_admission ad;

	quic_token_check(net, peer, &h, &ad);
	return ad.verdict;
}

static enum quic_token_verdict check(const union quic_addr *peer, const struct tok *k)
{
	return check_by(&init_net, peer, k);
}

/* ---- tokens ---- */

static void good_for_whom(struct unit *t)
{
	union quic_addr moved, port;
	struct quic_admission ad;
	struct quic_hdr h;
	struct tok k, n;

	begin(t);
	k = make(QUIC_TOKEN_RETRY, &peer4);
	n = make(QUIC_TOKEN_NEW, &peer4);
	moved = peer4;
	port = peer4;
	moved.v4.sin_addr.s_addr ^= htonl(1);
	port.v4.sin_port ^= htons(1);
	h = hdr_of(&k);
	quic_token_check(&init_net, &peer4, &h, &ad);
	EXPECT_EQ(t, ad.verdict, QUIC_TOKEN_GOOD_RETRY);
	EXPECT(t, quic_cid_equal(&ad.odcid, &odcid));
	/* of another address, port, connection ID, namespace */
	EXPECT_EQ(t, check(&moved, &k), QUIC_TOKEN_BAD);
	EXPECT_EQ(t, check(&port, &k), QUIC_TOKEN_BAD);
	EXPECT_EQ(t, check(&peer6, &k), QUIC_TOKEN_BAD);
	EXPECT_EQ(t, check_by(&other_net, &peer4, &k), QUIC_TOKEN_BAD);
	h.dcid.id[0] ^= 1;
	quic_token_check(&init_net, &peer4, &h, &ad);
	EXPECT_EQ(t, ad.verdict, QUIC_TOKEN_BAD);
	/* of another version (RFC 9369 5) */
	h = hdr_of(&k);
	h.version = QUIC_VERSION_V2;
	quic_token_check(&init_net, &peer4, &h, &ad);
	EXPECT_EQ(t, ad.verdict, QUIC_TOKEN_BAD);
	h = hdr_of(&n);
	h.version = QUIC_VERSION_V2;
	quic_token_check(&init_net, &peer4, &h, &ad);
	EXPECT_EQ(t, ad.verdict, QUIC_TOKEN_NONE);
	h = hdr_of(&k);
	/* of NEW_TOKEN: any port and connection ID of the address (RFC 9000 8.1.3) */
	h.token = n.p;
	h.token_len = n.len;
	quic_token_check(&init_net, &port, &h, &ad);
	EXPECT_EQ(t, ad.verdict, QUIC_TOKEN_GOOD_NEW);
	EXPECT_EQ(t, check(&moved, &n), QUIC_TOKEN_NONE);
	EXPECT_EQ(t, check_by(&other_net, &peer4, &n), QUIC_TOKEN_NONE);
	free(k.p);
	free(n.p);
	k = make(QUIC_TOKEN_RETRY, &peer6);
	EXPECT_EQ(t, check(&peer6, &k), QUIC_TOKEN_GOOD_RETRY);
	peer6.v6.sin6_addr.s6_addr[15] = 2;
	EXPECT_EQ(t, check(&peer6, &k), QUIC_TOKEN_BAD);
	free(k.p);
	end(t);
}

/* No bit of a token can be another one, and nothing else is one. */
static void forged(struct unit *t)
{
	struct tok k, junk = { .len = 100 };
	u32 i, kind, good = 0;
	u8 got;

	begin(t);
	for (kind = 0; kind < 2; kind++) {
		k = make(kind, &peer4);
		for (i = 0; i < 8 * k.len; i++) {
			k.p[i / 8] ^= 1 << i % 8;
			got = check(&peer4, &k);
			good += got != QUIC_TOKEN_NONE && got != QUIC_TOKEN_BAD;
			k.p[i / 8] ^= 1 << i % 8;
		}
		EXPECT_NE(t, check(&peer4, &k), QUIC_TOKEN_NONE);
		k.len--;
		EXPECT_EQ(t, check(&peer4, &k), QUIC_TOKEN_NONE);
		free(k.p);
	}
	EXPECT_EQ(t, good, 0);
	junk.p = malloc(junk.len);
	for (i = 0; i < 2000; i++) {
		unit_bytes(t, junk.p, junk.len);
		junk.p[0] = 0xa0 | (i & 3);
		junk.len = i & 2 ? QUIC_TOKEN_HEAD_LEN + 8 + QUIC_TAG_LEN : QUIC_TOKEN_LEN_MAX;
		got = check(&peer4, &junk);
		EXPECT_EQ(t, got, i & 2 ? QUIC_TOKEN_NONE : QUIC_TOKEN_BAD);
	}
	free(junk.p);
	end(t);
}

static void grow_old(struct unit *t)
{
	struct tok k, n;

	begin(t);
	k = make(QUIC_TOKEN_RETRY, &peer4);
	n = make(QUIC_TOKEN_NEW, &peer4);
	glue_now += 10 * SEC - MS;
	EXPECT_EQ(t, check(&peer4, &k), QUIC_TOKEN_GOOD_RETRY);
	glue_now += MS;
	EXPECT_EQ(t, check(&peer4, &k), QUIC_TOKEN_BAD);
	glue_now += 590 * SEC - MS;
	EXPECT_EQ(t, check(&peer4, &n), QUIC_TOKEN_GOOD_NEW);
	glue_now += MS;
	EXPECT_EQ(t, check(&peer4, &n), QUIC_TOKEN_NONE);
	/* of the time before the machine's: none is from the future */
	glue_now -= 601 * SEC;
	EXPECT_EQ(t, check(&peer4, &n), QUIC_TOKEN_NONE);
	free(k.p);
	free(n.p);
	end(t);
}

static void rotation_has_no_gap(struct unit *t)
{
	struct tok k, n, later;

	begin(t);
	k = make(QUIC_TOKEN_RETRY, &peer4);
	n = make(QUIC_TOKEN_NEW, &peer4);
	EXPECT_EQ(t, quic_token_rotate(), 0);
	EXPECT_EQ(t, check(&peer4, &k), QUIC_TOKEN_GOOD_RETRY);
	EXPECT_EQ(t, check(&peer4, &n), QUIC_TOKEN_GOOD_NEW);
	later = make(QUIC_TOKEN_RETRY, &peer4);
	EXPECT_NE(t, later.p[0], k.p[0]);
	EXPECT_EQ(t, quic_token_rotate(), 0);
	EXPECT_EQ(t, check(&peer4, &later), QUIC_TOKEN_GOOD_RETRY);
	/* what sealed these is gone for good */
	EXPECT_EQ(t, check(&peer4, &k), QUIC_TOKEN_BAD);
	EXPECT_EQ(t, check(&peer4, &n), QUIC_TOKEN_NONE);
	/* without memory, or the hash, it stays as it is */
	glue_missing = "hmac(sha256)";
	EXPECT_NE(t, quic_token_rotate(), 0);
	glue_missing = "";
	EXPECT_EQ(t, check(&peer4, &later), QUIC_TOKEN_GOOD_RETRY);
	free(k.p);
	free(n.p);
	free(later.p);
	end(t);
}

static bool use(const struct tok *k)
{
	struct quic_hdr h = hdr_of(k);

	return quic_token_use(&h);
}

static void once(struct unit *t)
{
	struct tok k, n, other;

	begin(t);
	k = make(QUIC_TOKEN_RETRY, &peer4);
	n = make(QUIC_TOKEN_NEW, &peer4);
	other = make(QUIC_TOKEN_RETRY, &peer4);
	EXPECT(t, memcmp(k.p, other.p, k.len));
	EXPECT(t, use(&k) && use(&n) && use(&other));
	EXPECT(t, !use(&k) && !use(&n) && !use(&other));
	/* remembered for as long as they would be good */
	glue_now += 10 * SEC - MS;
	EXPECT(t, !use(&k) && !use(&other));
	glue_now += 590 * SEC;
	EXPECT(t, !use(&n));
	free(k.p);
	free(n.p);
	free(other.p);
	end(t);
}

/*
 * Very many in a short time: of NEW_TOKEN no more are taken than can be remembered;
 * those of Retry go on, and the last one is remembered always.
 */
static void used_are_bounded(struct unit *t)
{
	u32 i, taken = 0;
	struct tok k;

	begin(t);
	for (i = 0; i < 40000; i++) {
		k = make(QUIC_TOKEN_NEW, &peer4);
		taken += use(&k);
		EXPECT(t, !use(&k));
		free(k.p);
	}
	EXPECT(t, taken > 7000 && taken <= 8192);
	glue_now += 601 * SEC;
	k = make(QUIC_TOKEN_NEW, &peer4);
	EXPECT(t, use(&k));
	free(k.p);
	for (i = 0; i < 40000; i++) {
		k = make(QUIC_TOKEN_RETRY, &peer4);
		EXPECT(t, use(&k) && !use(&k));
		free(k.p);
	}
	end(t);
}

/* ---- the integrity tag of Retry ---- */

static void retry_tag(struct unit *t)
{
	struct quic_cid dcid = { .len = strlen(QUIC_VECTOR_DCID) / 2 };
	u8 *pkt, wrong_len;
	u32 i, bit, len;

	begin(t);
	hex2bin(dcid.id, QUIC_VECTOR_DCID, dcid.len);
	for (i = 0; i < ARRAY_SIZE(quic_retry_vectors); i++) {
		const struct quic_retry_vector *v = &quic_retry_vectors[i];

		len = strlen(v->packet) / 2;
		pkt = malloc(len);
		hex2bin(pkt, v->packet, len);
		EXPECT(t, quic_retry_tag_ok(v->version, &dcid, pkt, len));
		for (bit = 0; bit < 8 * len; bit++) {
			pkt[bit / 8] ^= 1 << bit % 8;
			EXPECT(t, !quic_retry_tag_ok(v->version, &dcid, pkt, len));
			pkt[bit / 8] ^= 1 << bit % 8;
		}
		for (wrong_len = 0; wrong_len < len; wrong_len++)
			EXPECT(t, !quic_retry_tag_ok(v->version, &dcid, pkt, wrong_len));
		EXPECT(t, !quic_retry_tag_ok(v->version, &scid, pkt, len));
		EXPECT(t, !quic_retry_tag_ok(v->version ^ 2, &dcid, pkt, len));
		free(pkt);
	}
	/* longer than any that is taken */
	pkt = calloc(1, 2000);
	EXPECT(t, !quic_retry_tag_ok(QUIC_VERSION_V1, &dcid, pkt, 2000));
	free(pkt);
	end(t);
}

/* ---- stateless reset ---- */

static void reset_tokens(struct unit *t)
{
	u8 key[QUIC_RESET_KEY_LEN] = { 1 }, a[16], b[16];
	struct quic_cid cid = scid;
	u32 i;

	begin(t);
	EXPECT_EQ(t, quic_reset_key_set(key), 0);
	quic_reset_token(&init_net, htons(443), cid.id, a);
	/* who has lost the connection knows the first bytes of its ID, and no more */
	for (i = QUIC_CID_KEY_LEN; i < QUIC_CID_MAX_LEN; i++)
		cid.id[i] ^= i;
	quic_reset_token(&init_net, htons(443), cid.id, b);
	EXPECT_MEM_EQ(t, a, b, 16);
	/* another port's, another namespace's, another ID's */
	quic_reset_token(&init_net, htons(444), cid.id, b);
	EXPECT(t, memcmp(a, b, 16));
	quic_reset_token(&other_net, htons(443), cid.id, b);
	EXPECT(t, memcmp(a, b, 16));
	for (i = 0; i < QUIC_CID_KEY_LEN; i++) {
		cid.id[i] ^= 1;
		quic_reset_token(&init_net, htons(443), cid.id, b);
		EXPECT(t, memcmp(a, b, 16));
		cid.id[i] ^= 1;
	}
	key[31] ^= 1;
	EXPECT_EQ(t, quic_reset_key_set(key), 0);
	quic_reset_token(&init_net, htons(443), cid.id, b);
	EXPECT(t, memcmp(a, b, 16));
	/* the module comes back, the machine boots: the first namespace has 0 always */
	end(t);
	init_net.net_cookie = 99;
	begin(t);
	quic_reset_token(&init_net, htons(443), cid.id, b);
	EXPECT(t, memcmp(a, b, 16));
	key[31] ^= 1;
	EXPECT_EQ(t, quic_reset_key_set(key), 0);
	quic_reset_token(&init_net, htons(443), cid.id, b);
	EXPECT_MEM_EQ(t, a, b, 16);
	init_net.net_cookie = 0;
	end(t);
}

/* Loading fails where something is missing, and nothing is left behind. */
static void missing(struct unit *t)
{
	glue_missing = "";
	EXPECT_EQ(t, quic_crypto_init(), 0);
	glue_missing = "hmac(sha256)";
	EXPECT_NE(t, quic_stateless_init(), 0);
	EXPECT_NE(t, quic_tokens_init(), 0);
	glue_missing = "";
	quic_crypto_exit();
	EXPECT_EQ(t, glue_tfms, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(good_for_whom),
	UNIT_CASE(forged),
	UNIT_CASE(grow_old),
	UNIT_CASE(rotation_has_no_gap),
	UNIT_CASE(once),
	UNIT_CASE(used_are_bounded),
	UNIT_CASE(retry_tag),
	UNIT_CASE(reset_tokens),
	UNIT_CASE(missing),
};

UNIT_SUITE(token, cases);
