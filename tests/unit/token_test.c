// SPDX-License-Identifier: GPL-2.0
/*
 * Tokens in the life of a connection: a client takes one Retry and no other (RFC 9000
 * 17.2.5.2), what it sends then (17.2.5.3), what both ends say of it in their
 * transport parameters (7.3), NEW_TOKEN (8.1.3, 19.7).
 */
#include "unit_pair.h"
#include "../../kmod/core/pnspace.h"
#include "../../kmod/core/stateless.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC

static struct pair_cfg cfg;
static const u8 tok[] = "a token of any form";

static const struct quic_cid retry_scid = { .len = 5, .id = { 1, 2, 3, 4, 5 } };

/* ---- the first Initials of a client, as they leave ---- */

static struct {
	struct quic_hdr h[8];
	u8 token[8][QUIC_PEER_TOKEN_MAX];
	u64 pn[8];
	u32 n;
} seen;

static void tap(struct pair *p, enum pair_side from, const struct pair_dgram *d)
{
	struct quic_hdr h;

	if (from != PAIR_CLIENT || seen.n == ARRAY_SIZE(seen.h) || !d->initial ||
	    quic_hdr_parse(d->buf->data, d->len, QUIC_LOCAL_CID_LEN, &h))
		return;
	if (h.token_len)
		memcpy(seen.token[seen.n], h.token, min_t(u32, h.token_len, QUIC_PEER_TOKEN_MAX));
	seen.pn[seen.n] = d->pkt[0].pn;
	seen.h[seen.n++] = h;
}

static bool drop_all(struct pair *p, enum pair_side from, u64 n)
{
	return true;
}

/* A client whose server answers nothing. */
static struct pair *lonely(void)
{
	struct pair *p;

	memset(&seen, 0, sizeof(seen));
	pair_defaults(&cfg);
	cfg.link[PAIR_CLIENT].tap = tap;
	cfg.link[PAIR_CLIENT].drop = drop_all;
	p = pair_new(&cfg);
	pair_pump(p);
	return p;
}

static void retry_is_taken(struct unit *t)
{
	struct pair *p = lonely();
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;
	struct quic_cid odcid = c->cids.odcid;
	const struct quic_hdr *h;
	u32 before;

	ASSERT_EQ(t, seen.n, 1);
	EXPECT_EQ(t, seen.h[0].token_len, 0);
	/* the probes before it, too, are forgotten */
	pair_run(p, NULL, p->now + 2 * SEC);
	before = seen.n;
	ASSERT_GE(t, before, 2);
	EXPECT_EQ(t, c->pto_count, 1);
	EXPECT(t, quic_conn_recv_retry(c, &retry_scid, tok, sizeof(tok), p->now));
	EXPECT_EQ(t, c->path.cc.bytes_in_flight, 0);
	EXPECT_EQ(t, c->pto_count, 0);
	pair_pump(p);
	ASSERT_EQ(t, seen.n, before + 1);
	h = &seen.h[before];
	EXPECT(t, quic_cid_equal(&h->dcid, &retry_scid));
	EXPECT(t, quic_cid_equal(&h->scid, &seen.h[0].scid));
	ASSERT_EQ(t, h->token_len, sizeof(tok));
	EXPECT_MEM_EQ(t, seen.token[before], tok, sizeof(tok));
	/* RFC 9000 17.2.5.3: the numbers go on, the ClientHello is the same */
	EXPECT_GT(t, seen.pn[before], seen.pn[before - 1]);
	EXPECT(t, quic_cid_equal(&c->cids.odcid, &odcid));
	EXPECT_EQ(t, c->stats.pkts_lost, 0);
	/* what it sends again later has the token, too */
	pair_run(p, NULL, p->now + 3 * SEC);
	ASSERT_GE(t, seen.n, before + 2);
	EXPECT_EQ(t, seen.h[before + 1].token_len, sizeof(tok));
	unit_no_errors(t, p);
	pair_free(p);
}

static void retry_is_ignored(struct unit *t)
{
	static u8 longest[QUIC_PEER_TOKEN_MAX + 1];
	struct quic_cid other = { .len = 8, .id = { 9 } };
	struct pair *p = lonely();
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;
	struct quic_cid dcid = *quic_conn_dcid(c);

	/* empty; too long to keep; the SCID is the DCID of what it answers */
	EXPECT(t, !quic_conn_recv_retry(c, &retry_scid, tok, 0, p->now));
	EXPECT(t, !quic_conn_recv_retry(c, &retry_scid, longest, sizeof(longest), p->now));
	EXPECT(t, !quic_conn_recv_retry(c, &dcid, tok, sizeof(tok), p->now));
	shim_host_fail_at(1);
	EXPECT(t, !quic_conn_recv_retry(c, &retry_scid, tok, sizeof(tok), p->now));
	shim_host_fail_at(0);
	EXPECT(t, !c->retried && !c->token.len && quic_cid_equal(quic_conn_dcid(c), &dcid));
	/* the longest that is kept leaves room for the ClientHello */
	EXPECT(t, quic_conn_recv_retry(c, &retry_scid, longest, QUIC_PEER_TOKEN_MAX, p->now));
	pair_pump(p);
	ASSERT_EQ(t, seen.n, 2);
	EXPECT_EQ(t, seen.h[1].token_len, QUIC_PEER_TOKEN_MAX);
	EXPECT(t, !quic_pnspace_crypto_ready(&c->space[QUIC_SPACE_INITIAL]));
	/* the second one */
	EXPECT(t, !quic_conn_recv_retry(c, &other, tok, sizeof(tok), p->now));
	EXPECT(t, quic_cid_equal(quic_conn_dcid(c), &retry_scid));
	pair_free(p);

	/* after an Initial of the server; and never a server */
	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	EXPECT(t, !quic_conn_recv_retry(p->end[0].conn, &other, tok, sizeof(tok), p->now));
	EXPECT(t, !quic_conn_recv_retry(p->end[1].conn, &other, tok, sizeof(tok), p->now));
	EXPECT_EQ(t, quic_conn_state(p->end[0].conn), QUIC_CONN_ESTABLISHED);
	pair_free(p);
}

/* RFC 9000 6.2: who took a Retry ignores Version Negotiation. */
static void no_version_after_retry(struct unit *t)
{
	static const u8 theirs[] = { 0, 0, 0, 9 };
	struct pair *p = lonely();
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;

	EXPECT(t, quic_conn_recv_retry(c, &retry_scid, tok, sizeof(tok), p->now));
	quic_conn_recv_version_neg(c, theirs, sizeof(theirs), p->now);
	EXPECT_EQ(t, quic_conn_state(c), QUIC_CONN_HANDSHAKE);
	pair_free(p);
}

/* ---- with a server ---- */

static void handshake_with_retry(struct unit *t)
{
	struct quic_conn *c, *s;
	struct pair *p;
	u64 start;

	pair_defaults(&cfg);
	cfg.retry = true;
	cfg.flight = 8000;	/* more than an address that is not validated gets */
	p = pair_new(&cfg);
	start = p->now;
	ASSERT(t, pair_run(p, pair_established, start + SEC));
	/* one round trip more, and none to wait for amplification credit */
	EXPECT_LE(t, p->now - start, 51 * MS);
	c = p->end[PAIR_CLIENT].conn;
	s = p->end[PAIR_SERVER].conn;
	EXPECT_EQ(t, p->retries, 1);
	EXPECT_EQ(t, p->retries_taken, 1);
	EXPECT(t, c->retried && s->retried && s->path.validated);
	EXPECT(t, c->remote.has_retry_source_connection_id);
	EXPECT(t, quic_cid_equal(&c->remote.retry_source_connection_id, &c->cids.retry_scid));
	EXPECT(t, quic_cid_equal(&c->remote.original_destination_connection_id,
				 &c->cids.odcid));
	EXPECT(t, !quic_cid_equal(&c->cids.odcid, &c->cids.retry_scid));
	unit_no_errors(t, p);
	pair_free(p);
}

/* Parameters of a server, as a client in @retried state sees them. */
static bool params_accepted(struct unit *t, bool retried, bool says, bool right)
{
	struct quic_tparams tp;
	struct quic_conn *c;
	struct pair *p = lonely();
	u8 buf[256];
	bool good;
	int n;

	c = p->end[PAIR_CLIENT].conn;
	if (retried)
		EXPECT(t, quic_conn_recv_retry(c, &retry_scid, tok, sizeof(tok), p->now));
	quic_tparams_init(&tp);
	c->cids.peer_scid = *quic_conn_dcid(c);
	tp.initial_source_connection_id = c->cids.peer_scid;
	tp.has_initial_source_connection_id = true;
	tp.original_destination_connection_id = c->cids.odcid;
	tp.has_original_destination_connection_id = true;
	tp.retry_source_connection_id = retry_scid;
	tp.retry_source_connection_id.id[4] ^= !right;
	tp.has_retry_source_connection_id = says;
	n = quic_tparams_encode(&tp, true, 0, buf, sizeof(buf));
	good = !quic_conn_set_peer_tparams(c, buf, n, p->now);
	if (!good)
		EXPECT_EQ(t, quic_conn_close_info(c)->code,
			  QUIC_TRANSPORT_ERROR_TRANSPORT_PARAM);
	pair_free(p);
	return good;
}

/* RFC 9000 7.3, both ways. */
static void retry_is_vouched_for(struct unit *t)
{
	EXPECT(t, params_accepted(t, false, false, true));
	EXPECT(t, params_accepted(t, true, true, true));
	EXPECT(t, !params_accepted(t, false, true, true));
	EXPECT(t, !params_accepted(t, true, false, true));
	EXPECT(t, !params_accepted(t, true, true, false));
}

/* ---- for a next time ---- */

static void new_token(struct unit *t)
{
	struct quic_conn *c, *s;
	struct pair *p;
	const u8 *got;
	u32 len;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	c = p->end[PAIR_CLIENT].conn;
	s = p->end[PAIR_SERVER].conn;
	quic_conn_new_token(c, &len);
	EXPECT_EQ(t, len, 0);
	EXPECT_EQ(t, quic_conn_send_new_token(c, tok, sizeof(tok)), -EINVAL);
	EXPECT_EQ(t, quic_conn_send_new_token(s, tok, 0), -EINVAL);
	EXPECT_EQ(t, quic_conn_send_new_token(s, tok, QUIC_PEER_TOKEN_MAX + 1), -EINVAL);
	shim_host_fail_at(1);
	EXPECT_EQ(t, quic_conn_send_new_token(s, tok, sizeof(tok)), -ENOMEM);
	shim_host_fail_at(0);
	EXPECT_EQ(t, quic_conn_send_new_token(s, tok, sizeof(tok)), 0);
	EXPECT_EQ(t, quic_conn_send_new_token(s, tok, 3), -EAGAIN);
	pair_run(p, NULL, p->now + SEC);
	got = quic_conn_new_token(c, &len);
	ASSERT_EQ(t, len, sizeof(tok));
	EXPECT_MEM_EQ(t, got, tok, len);
	quic_conn_new_token(s, &len);
	EXPECT_EQ(t, len, 0);
	/* another one takes its place */
	EXPECT_EQ(t, quic_conn_send_new_token(s, tok + 2, 5), 0);
	pair_run(p, NULL, p->now + SEC);
	got = quic_conn_new_token(c, &len);
	ASSERT_EQ(t, len, 5);
	EXPECT_MEM_EQ(t, got, tok + 2, 5);
	unit_no_errors(t, p);
	pair_free(p);
}

static u64 lost_until;

static bool drop_then(struct pair *p, enum pair_side from, u64 n)
{
	return p->now < lost_until;
}

static void new_token_again_when_lost(struct unit *t)
{
	struct pair *p;
	u32 len;

	pair_defaults(&cfg);
	cfg.link[PAIR_SERVER].drop = drop_then;
	lost_until = 0;
	p = unit_connected(t, &cfg);
	lost_until = p->now + 100 * MS;
	EXPECT_EQ(t, quic_conn_send_new_token(p->end[1].conn, tok, sizeof(tok)), 0);
	pair_run(p, NULL, p->now + 50 * MS);
	quic_conn_new_token(p->end[0].conn, &len);
	EXPECT_EQ(t, len, 0);
	pair_run(p, NULL, p->now + 2 * SEC);
	quic_conn_new_token(p->end[0].conn, &len);
	EXPECT_EQ(t, len, sizeof(tok));
	unit_no_errors(t, p);
	pair_free(p);
}

/* What a server may have a client hold: one token of QUIC_PEER_TOKEN_MAX bytes. */
static void new_tokens_are_bounded(struct unit *t)
{
	static u8 f[3 + QUIC_PEER_TOKEN_MAX + 1];
	u64 pn, before;
	struct pair *p;
	u32 len, n;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	before = shim_host_live_kind(QUIC_OBJ_VAR);
	for (pn = 1000; pn < 1500; pn++) {
		n = 1 + pn % (QUIC_PEER_TOKEN_MAX + 1);
		f[0] = QUIC_FRAME_NEW_TOKEN;
		put_unaligned_be16(0x4000 | n, f + 1);
		pair_inject(p, PAIR_CLIENT, QUIC_CRYPTO_APP, pn, f, 3 + n);
		quic_conn_new_token(p->end[0].conn, &len);
		EXPECT_LE(t, len, QUIC_PEER_TOKEN_MAX);
		if (n <= QUIC_PEER_TOKEN_MAX)
			EXPECT_EQ(t, len, n);
	}
	EXPECT_EQ(t, shim_host_live_kind(QUIC_OBJ_VAR), before + 1);
	EXPECT_EQ(t, quic_conn_state(p->end[0].conn), QUIC_CONN_ESTABLISHED);
	pair_free(p);
}

/* A token of an earlier connection stands in the first Initial. */
static void token_of_before(struct unit *t)
{
	struct quic_conn_params cp = {
		.version = QUIC_VERSION_V1, .cc = &quic_cc_cubic, .max_mtu = 1452,
		.handshake_timeout = SEC, .token = tok, .token_len = sizeof(tok),
		.scid = { .len = 8 }, .dcid = { .len = 8, .id = { 7 } },
	};
	struct quic_conn *c;

	quic_tparams_init(&cp.local);
	c = quic_conn_create(&cp, SEC);
	ASSERT(t, c);
	ASSERT_EQ(t, c->token.len, sizeof(tok));
	EXPECT_MEM_EQ(t, c->token.data, tok, sizeof(tok));
	/* a Retry's takes its place */
	EXPECT(t, quic_conn_recv_retry(c, &retry_scid, tok + 1, 4, SEC));
	EXPECT_EQ(t, c->token.len, 4);
	quic_conn_destroy(c);
	shim_host_fail_at(2);
	EXPECT(t, !quic_conn_create(&cp, SEC));
	shim_host_fail_at(0);
	cp.token_len = QUIC_PEER_TOKEN_MAX + 1;
	c = quic_conn_create(&cp, SEC);
	ASSERT(t, c);
	EXPECT_EQ(t, c->token.len, 0);
	quic_conn_destroy(c);
}

static const struct unit_case cases[] = {
	UNIT_CASE(retry_is_taken),
	UNIT_CASE(retry_is_ignored),
	UNIT_CASE(no_version_after_retry),
	UNIT_CASE(handshake_with_retry),
	UNIT_CASE(retry_is_vouched_for),
	UNIT_CASE(new_token),
	UNIT_CASE(new_token_again_when_lost),
	UNIT_CASE(new_tokens_are_bounded),
	UNIT_CASE(token_of_before),
};

UNIT_SUITE(token, cases);
