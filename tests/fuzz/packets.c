// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target: datagrams as they come off the wire.
 *
 *	byte 0		length of our connection IDs
 *	byte 1		how the packet number hint is made
 *	bytes 2 to 9	the hint
 *	the rest	a datagram
 *
 * Its packets are taken apart as glue's demux does (RFC 9000 12.2). What the
 * parser accepts lies inside the datagram, does not change when the datagram
 * ends there, and is the same after the builder wrote it again. Packet numbers
 * are expanded beside RFC 9000 A.3 in plain arithmetic. A list of versions or
 * a Retry goes to a client, a first Initial makes a server, which then gets the
 * other packets of the datagram as if they had opened. What stands in a token's
 * place is read as one of ours, as if it were not sealed.
 */
#include "solo.h"
#include "../../kmod/core/stateless.h"

#define PREFIX		10
#define PKTS_MAX	64

static bool inside(const u8 *p, u32 n, const u8 *start, u32 len)
{
	return p >= start && n <= len && p - start <= len - n;
}

static bool clean_cid(const struct quic_cid *cid)
{
	u32 i;

	if (cid->len > QUIC_CID_MAX_LEN)
		return false;
	for (i = cid->len; i < QUIC_CID_MAX_LEN; i++)
		if (cid->id[i])
			return false;
	return true;
}

static bool is_long(enum quic_pkt_type type)
{
	return type == QUIC_PKT_INITIAL || type == QUIC_PKT_0RTT ||
	       type == QUIC_PKT_HANDSHAKE;
}

static bool known(u32 version)
{
	return version == QUIC_VERSION_V1 || version == QUIC_VERSION_V2;
}

static bool same_hdr(const struct quic_hdr *a, const struct quic_hdr *b)
{
	return a->type == b->type && a->version == b->version &&
	       quic_cid_equal(&a->dcid, &b->dcid) &&
	       quic_cid_equal(&a->scid, &b->scid) && a->token_len == b->token_len &&
	       (!a->token_len || !memcmp(a->token, b->token, a->token_len));
}

/* ---- headers ---- */

static void check_bounds(const struct quic_hdr *h, const u8 *p, u32 len)
{
	FUZZ_CHECK(h->type < QUIC_PKT_TYPES);
	FUZZ_CHECK(h->len && h->len <= len);
	FUZZ_CHECK(clean_cid(&h->dcid) && clean_cid(&h->scid));
	FUZZ_CHECK(!h->token_len || inside(h->token, h->token_len, p, h->len));
	if (h->pn_off)
		FUZZ_CHECK(h->pn_off + QUIC_PN_MAX_LEN + QUIC_HP_SAMPLE_LEN <= h->len);
	else
		FUZZ_CHECK(h->type == QUIC_PKT_RETRY || h->type == QUIC_PKT_VERSION_NEG ||
			   !known(h->version));
}

/* A copy that ends where the packet does parses the same, a shorter one not. */
static void check_end(const struct quic_hdr *h, const u8 *p, u8 cid_len)
{
	struct quic_hdr again;
	u8 *copy = malloc(h->len);

	memcpy(copy, p, h->len);
	FUZZ_CHECK(!quic_hdr_parse(copy, h->len, cid_len, &again));
	FUZZ_CHECK(same_hdr(h, &again) && again.len == h->len &&
		   again.pn_off == h->pn_off);
	if (h->pn_off && h->type != QUIC_PKT_1RTT)
		FUZZ_CHECK(quic_hdr_parse(copy, h->len - 1, cid_len, &again));
	free(copy);
}

static u64 raw_pn(const u8 *p, u8 len)
{
	u64 pn = 0;

	while (len--)
		pn = pn << 8 | *p++;
	return pn;
}

/* A long header with a packet number, written again. */
static void rebuild_long(const struct quic_hdr *h, const u8 *p)
{
	u32 pn_len = (*p & 3) + 1, rest = h->len - h->pn_off, length_off, n;
	u64 pn = raw_pn(p + h->pn_off, pn_len);
	struct quic_hdr again;
	struct quic_wcur w;
	u8 *buf;

	if (rest > 16383)
		return;
	n = 64 + h->token_len + h->len;
	buf = malloc(n);
	w = quic_wcur_init(buf, n);
	length_off = quic_hdr_put_long(&w, h->type, h->version, &h->dcid, &h->scid,
				       h->token, h->token_len, pn, pn_len);
	quic_put_bytes(&w, p + h->pn_off + pn_len, rest - pn_len);
	FUZZ_CHECK(!w.bad);
	quic_hdr_set_length(buf, length_off, rest);
	FUZZ_CHECK(!quic_hdr_parse(buf, w.p - buf, 0, &again));
	FUZZ_CHECK(same_hdr(h, &again));
	FUZZ_CHECK(again.len == w.p - buf && again.len - again.pn_off == rest);
	FUZZ_CHECK(!memcmp(buf + again.pn_off, p + h->pn_off, rest));
	free(buf);
}

static void rebuild_short(const struct quic_hdr *h, const u8 *p)
{
	u32 pn_len = (*p & 3) + 1, n = h->pn_off + pn_len;
	u8 buf[1 + QUIC_CID_MAX_LEN + QUIC_PN_MAX_LEN];
	struct quic_wcur w = quic_wcur_init(buf, n);

	quic_hdr_put_short(&w, &h->dcid, raw_pn(p + h->pn_off, pn_len), pn_len,
			   *p >> 2 & 1, *p >> 5 & 1);
	FUZZ_CHECK(!w.bad && w.p == buf + n);
	/* all but the reserved bits, ours to write as 0, and the QUIC bit, as 1 (grease.c) */
	FUZZ_CHECK(h->fixed == !!(*p & 0x40));
	FUZZ_CHECK(buf[0] == ((*p & ~0x18) | 0x40) && !memcmp(buf + 1, p + 1, n - 1));
}

/* ---- version negotiation ---- */

static void rebuild_version_neg(const struct quic_hdr *h, const u8 *p)
{
	u32 n = h->token_len / 4, i;
	u32 *versions = malloc(h->token_len);
	u8 ids[2 + 2 * QUIC_CID_MAX_LEN], *buf = malloc(h->len);
	struct quic_wcur w = quic_wcur_init(buf, h->len);
	struct quic_hdr again;

	for (i = 0; i < n; i++)
		versions[i] = get_unaligned_be32(h->token + 4 * i);
	/* as if to a packet with these IDs the other way round */
	ids[0] = h->scid.len;
	memcpy(ids + 1, h->scid.id, h->scid.len);
	ids[1 + h->scid.len] = h->dcid.len;
	memcpy(ids + 2 + h->scid.len, h->dcid.id, h->dcid.len);
	quic_hdr_put_version_neg(&w, ids, versions, n, *p);
	FUZZ_CHECK(!w.bad && w.p == buf + h->len);
	FUZZ_CHECK(!memcmp(buf + 1, p + 1, h->len - 1));
	FUZZ_CHECK(!quic_hdr_parse(buf, h->len, 0, &again) && same_hdr(h, &again));
	free(buf);
	free(versions);
}

/*
 * RFC 9000 6.2, RFC 9368 2.1: a client ignores a list that has its version, goes on
 * with one of it that it speaks, once, and else gives up.
 */
static void client_version_neg(const struct quic_hdr *h)
{
	static const struct quic_cid dcid = { .len = 8, .id = { 1 } };
	bool same = false, other = false;
	struct solo_cfg cfg;
	struct solo s;
	u32 i, v;

	for (i = 0; i < h->token_len; i += 4) {
		v = get_unaligned_be32(h->token + i);
		same |= v == QUIC_VERSION_V1;
		other |= v == QUIC_VERSION_V2;
	}
	solo_defaults(&cfg);
	solo_open(&s, &cfg);
	v = quic_conn_recv_version_neg(s.conn, h->token, h->token_len, s.now);
	FUZZ_CHECK(v == (other && !same ? QUIC_VERSION_V2 : 0));
	FUZZ_CHECK(quic_conn_state(s.conn) ==
		   (same || other ? QUIC_CONN_HANDSHAKE : QUIC_CONN_CLOSED));
	if (!same && !other)
		FUZZ_CHECK(quic_conn_close_info(s.conn)->origin == QUIC_CLOSE_VERSION);
	if (v) {
		FUZZ_CHECK(quic_conn_restart(s.conn, v, &dcid, s.now));
		FUZZ_CHECK(!quic_conn_recv_version_neg(s.conn, h->token, h->token_len, s.now));
		FUZZ_CHECK(quic_conn_state(s.conn) == QUIC_CONN_HANDSHAKE);
	}
	solo_check(&s);
	solo_close(&s);
}

/* ---- Retry, tokens ---- */

/* All but the tag, which is not computed here; of the first byte, the QUIC bit is ours. */
static void rebuild_retry(const struct quic_hdr *h, const u8 *p)
{
	u32 n = h->len - QUIC_RETRY_TAG_LEN;
	u8 *buf = malloc(n), *pseudo = malloc(QUIC_RETRY_PSEUDO_MAX);
	struct quic_wcur w = quic_wcur_init(buf, n);
	u32 want = 1 + h->scid.len + n;

	quic_stateless_put_retry(&w, h->version, &h->dcid, &h->scid, h->token, h->token_len,
				 *p);
	FUZZ_CHECK(!w.bad && w.p == buf + n && buf[0] == (p[0] | 0x40) &&
		   !memcmp(buf + 1, p + 1, n - 1));
	/* any other ID in the place of the first destination */
	FUZZ_CHECK(quic_stateless_retry_pseudo(&h->scid, p, n, pseudo) ==
		   (want <= QUIC_RETRY_PSEUDO_MAX ? want : 0));
	free(pseudo);
	free(buf);
}

/* RFC 9000 17.2.5: once, not with an empty token, nor with the ID that was sent to. */
static void client_retry(const struct quic_hdr *h)
{
	struct solo_cfg cfg;
	struct solo s;
	bool good;

	solo_defaults(&cfg);
	solo_open(&s, &cfg);
	solo_pump(&s);
	good = h->token_len <= QUIC_PEER_TOKEN_MAX &&
	       !quic_cid_equal(&h->scid, quic_conn_dcid(s.conn));
	FUZZ_CHECK(quic_conn_recv_retry(s.conn, &h->scid, h->token, h->token_len, s.now) == good);
	FUZZ_CHECK(!good || quic_cid_equal(&h->scid, quic_conn_dcid(s.conn)));
	solo_check(&s);
	solo_pump(&s);
	solo_check(&s);
	FUZZ_CHECK(!good || !quic_conn_recv_retry(s.conn, &h->scid, h->token, h->token_len,
						  s.now));
	solo_close(&s);
}

static void check_token(const struct quic_hdr *h)
{
	u8 head[QUIC_TOKEN_HEAD_LEN] = {}, body[QUIC_TOKEN_BODY_MAX] = {};
	struct quic_token_body b;
	struct quic_token_head t;
	u32 n;

	if (!quic_token_parse(h->token, h->token_len, &t))
		return;
	FUZZ_CHECK(inside(t.prefix, QUIC_TOKEN_PREFIX_LEN, h->token, h->token_len));
	FUZZ_CHECK(inside(t.body, t.body_len, h->token, h->token_len));
	quic_token_put_head(t.kind, t.slot, head);
	FUZZ_CHECK(head[0] == h->token[0]);
	n = t.body_len - QUIC_TAG_LEN;
	if (!quic_token_get_body(t.kind, t.body, n, &b))
		return;
	FUZZ_CHECK(clean_cid(&b.odcid));
	FUZZ_CHECK(quic_token_put_body(t.kind, &b, body) == n);
	/* what stands behind the ID is not kept */
	FUZZ_CHECK(!memcmp(body, t.body, min_t(u32, n, 9 + b.odcid.len)));
}

/* ---- packet numbers ---- */

/* DecodePacketNumber() of RFC 9000 A.3, in numbers that cannot wrap. */
static u64 reference_pn(u64 largest, bool none, u64 truncated, u8 pn_len)
{
	__int128 expected = none ? 0 : (__int128)largest + 1;
	__int128 win = (__int128)1 << 8 * pn_len, hwin = win / 2;
	__int128 pn;

	if (expected > QUIC_PN_MAX)
		expected = QUIC_PN_MAX;
	pn = (expected & ~(win - 1)) | truncated;
	if (pn <= expected - hwin && pn < ((__int128)1 << 62) - win)
		return pn + win;
	if (pn > expected + hwin && pn >= win)
		return pn - win;
	return pn;
}

static void check_pn(u64 hint, u8 how, u64 truncated, u8 pn_len)
{
	bool none = how & 1;
	u64 largest = (hint & QUIC_PN_MAX) >> (how >> 2), pn, sent;
	u8 len;

	pn = quic_pn_decode(largest, none, truncated, pn_len);
	FUZZ_CHECK(pn == reference_pn(largest, none, truncated, pn_len));
	FUZZ_CHECK(pn <= QUIC_PN_MAX);
	FUZZ_CHECK((pn & ((1ULL << 8 * pn_len) - 1)) == truncated);

	/* What we send to somebody who has all up to @largest, it expands. */
	sent = min(largest + 1 + truncated % 4096, QUIC_PN_MAX);
	if (sent <= largest)
		return;
	len = quic_pn_len(sent, largest, false);
	FUZZ_CHECK(len >= 1 && len <= QUIC_PN_MAX_LEN);
	FUZZ_CHECK(quic_pn_decode(largest, false, sent & ((1ULL << 8 * len) - 1), len) == sent);
}

/* ---- a server ---- */

static u8 pkt_level(enum quic_pkt_type type)
{
	return type == QUIC_PKT_INITIAL ? QUIC_CRYPTO_INITIAL :
	       type == QUIC_PKT_HANDSHAKE ? QUIC_CRYPTO_HANDSHAKE :
	       type == QUIC_PKT_0RTT ? QUIC_CRYPTO_EARLY : QUIC_CRYPTO_APP;
}

/* As glue opens it, but for the decryption; levels without keys are dropped. */
static void server_packet(struct solo *s, const struct quic_hdr *h, const u8 *p)
{
	u32 pn_len = (*p & 3) + 1, hdr_len = h->pn_off + pn_len;
	u8 level = pkt_level(h->type);
	bool none;
	u64 pn;

	if (!(s->conn->rx_keys & 1 << level)) {
		quic_conn_recv_undecryptable(s->conn, h->len);
		return;
	}
	pn = quic_conn_largest_rx(s->conn, level, &none);
	pn = quic_pn_decode(pn, none, raw_pn(p + h->pn_off, pn_len), pn_len);
	if (is_long(h->type))
		s->peer_cid = h->scid;
	solo_recv(s, level, pn, p + hdr_len, h->len - hdr_len - QUIC_TAG_LEN);
	solo_check(s);
	solo_pump(s);
	solo_check(s);
	/* RFC 9000 8.1 */
	FUZZ_CHECK(s->conn->path.validated ||
		   s->conn->path.tx_bytes <= 3 * s->conn->path.rx_bytes);
}

static void one_packet(struct solo *s, const struct quic_hdr *h, const u8 *p,
		       const u8 *prefix, u8 cid_len)
{
	if (h->type == QUIC_PKT_VERSION_NEG) {
		rebuild_version_neg(h, p);
		client_version_neg(h);
	}
	if (h->type == QUIC_PKT_RETRY) {
		rebuild_retry(h, p);
		client_retry(h);
	}
	if (h->type == QUIC_PKT_RETRY || h->type == QUIC_PKT_INITIAL)
		check_token(h);
	if (!h->pn_off)
		return;
	if (is_long(h->type))
		rebuild_long(h, p);
	else
		rebuild_short(h, p);
	check_pn(raw_pn(prefix + 2, 8), prefix[1], raw_pn(p + h->pn_off, (*p & 3) + 1),
		 (*p & 3) + 1);
	if (h->type == QUIC_PKT_INITIAL && h->version == QUIC_VERSION_V1 && !s->conn) {
		struct solo_cfg cfg;

		solo_defaults(&cfg);
		cfg.server = true;
		cfg.peer_cid = h->scid;
		solo_open(s, &cfg);
	}
	if (s->conn && h->version != QUIC_VERSION_V2)
		server_packet(s, h, p);
}

static void datagram(const u8 *prefix, const u8 *p, u32 len)
{
	u8 cid_len = prefix[0] % 24;
	struct quic_hdr h, untouched;
	struct solo s = {};
	u32 pos, n = 0;

	memset(&untouched, 0xa5, sizeof(untouched));
	for (pos = 0; pos < len && n < PKTS_MAX; pos += h.len, n++) {
		memcpy(&h, &untouched, sizeof(h));
		if (quic_hdr_parse(p + pos, len - pos, cid_len, &h)) {
			FUZZ_CHECK(!memcmp(&h, &untouched, sizeof(h)));
			break;
		}
		check_bounds(&h, p + pos, len - pos);
		check_end(&h, p + pos, cid_len);
		one_packet(&s, &h, p + pos, prefix, cid_len);
	}
	if (s.conn)
		solo_close(&s);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_in in = { data, data + size };
	u8 prefix[PREFIX], *copy;
	u32 i;

	shim_host_reset(1);
	for (i = 0; i < PREFIX; i++)
		prefix[i] = fuzz_u8(&in);
	i = fuzz_left(&in);
	if (!i)
		return 0;
	/* for itself, so that nothing in front of it is read unnoticed either */
	copy = malloc(i);
	memcpy(copy, in.p, i);
	datagram(prefix, copy, i);
	free(copy);
	FUZZ_CHECK(!shim_host_live());
	return 0;
}
