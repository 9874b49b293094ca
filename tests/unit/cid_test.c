// SPDX-License-Identifier: GPL-2.0
/*
 * Connection IDs (RFC 9000 5.1, 19.15, 19.16) between two connected cores: both
 * sides' lists agree, also under loss; retiring, "retire prior to", lengths.
 */
#include "unit_pair.h"
#include "../../kmod/core/cid.h"

#define SEC	QUIC_NS_PER_SEC

static struct pair_cfg cfg;

static u32 local_used(const struct quic_conn *conn)
{
	u32 i, n = 0;

	for (i = 0; i < QUIC_LOCAL_CIDS; i++)
		n += conn->cids.local[i].used;
	return n;
}

static const struct quic_remote_cid *remote(const struct quic_conn *conn, u64 seq)
{
	u32 i;

	for (i = 0; i < QUIC_REMOTE_CIDS; i++) {
		if (conn->cids.remote[i].used && conn->cids.remote[i].seq == seq)
			return &conn->cids.remote[i];
	}
	return NULL;
}

/* What one side issued is what the other holds, tokens too. */
static void expect_synced(struct unit *t, const struct pair *p)
{
	const struct quic_cid *cid;
	const struct quic_remote_cid *r;
	u8 token[QUIC_RESET_TOKEN_LEN];
	u32 side, i;
	u64 seq;

	for (side = 0; side < 2; side++) {
		for (i = 0; i < QUIC_LOCAL_CIDS; i++) {
			cid = quic_conn_local_cid(p->end[side].conn, i, &seq);
			if (!cid)
				continue;
			r = remote(p->end[!side].conn, seq);
			ASSERT(t, r);
			EXPECT(t, quic_cid_equal(&r->cid, cid));
			if (side == PAIR_CLIENT && !seq)
				continue;	/* a client's first has no token */
			quic_host_reset_token(p->end[side].conn, cid, token);
			EXPECT(t, r->has_token);
			EXPECT_MEM_EQ(t, r->token, token, sizeof(token));
		}
	}
}

static void exchanged(struct unit *t)
{
	struct pair *p;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	EXPECT_EQ(t, local_used(p->end[0].conn), QUIC_LOCAL_CIDS);
	EXPECT_EQ(t, local_used(p->end[1].conn), QUIC_LOCAL_CIDS);
	expect_synced(t, p);
	pair_free(p);
}

/* A frame with the ID numbered @seq, from the peer of the server. */
static void inject_new(struct pair *p, u8 seq, u8 prior)
{
	u8 frame[] = { 0x18, seq, prior, 4, 'n', 'e', 'w', seq, 1, 2, 3, 4, 5, 6, 7, 8, 9,
		       10, 11, 12, 13, 14, 15, seq };

	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP,
		    p->end[PAIR_SERVER].conn->space[QUIC_SPACE_APP].rx_next, frame, sizeof(frame));
}

static u32 remote_used(const struct quic_conn *conn)
{
	u32 i, n = 0;

	for (i = 0; i < QUIC_REMOTE_CIDS; i++)
		n += conn->cids.remote[i].used;
	return n;
}

/*
 * RFC 9000 5.1.1: as many as were declared, by a peer that issues as many as it may; one
 * more is an error, unless the same frame retires it or another.
 */
static void declared_limit(struct unit *t)
{
	u32 limit, declared, issued, seq;
	struct quic_conn *s;
	struct pair *p;

	for (limit = 0; limit <= QUIC_REMOTE_CIDS + 1; limit++) {
		declared = clamp_t(u32, limit, 2, QUIC_REMOTE_CIDS);
		issued = min_t(u32, declared, QUIC_LOCAL_CIDS);
		pair_defaults(&cfg);
		cfg.local[PAIR_SERVER].active_connection_id_limit = limit;
		p = unit_connected(t, &cfg);
		s = p->end[PAIR_SERVER].conn;
		EXPECT_EQ(t, p->end[PAIR_CLIENT].conn->remote.active_connection_id_limit,
			  declared);
		EXPECT_EQ(t, remote_used(s), issued);
		for (seq = issued; seq < declared; seq++)
			inject_new(p, seq, 0);
		EXPECT_EQ(t, remote_used(s), declared);
		inject_new(p, seq++, 1);
		EXPECT_EQ(t, remote_used(s), declared);
		EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
		inject_new(p, seq, 1);
		EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_CLOSING);
		EXPECT_EQ(t, s->close.code, QUIC_TRANSPORT_ERROR_CONNECTION_ID_LIMIT);
		pair_free(p);
	}
}

/* Under loss they are announced until they are there. */
static void exchanged_under_loss(struct unit *t)
{
	struct pair *p;
	u32 seed;

	for (seed = 1; seed <= 20; seed++) {
		pair_defaults(&cfg);
		cfg.seed = seed;
		cfg.link[0].loss = 300;
		cfg.link[1].loss = 300;
		cfg.handshake_timeout = 100 * SEC;
		p = pair_new(&cfg);
		EXPECT(t, pair_run(p, pair_confirmed, p->now + 60 * SEC));
		pair_run(p, NULL, p->now + 20 * SEC);
		if (pair_established(p))
			expect_synced(t, p);
		pair_free(p);
	}
}

/* The peer of the server retires @seq. */
static void inject_retire(struct pair *p, u8 seq)
{
	u8 frame[] = { 0x19, seq };

	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP,
		    p->end[PAIR_SERVER].conn->space[QUIC_SPACE_APP].rx_next, frame, sizeof(frame));
}

static bool lose_all;

static bool lose(struct pair *p, enum pair_side from, u64 n)
{
	return lose_all;
}

/* RFC 9000 19.15: a number has one token, whatever the host derives by now. */
static void one_token(struct unit *t)
{
	struct quic_conn *c, *s;
	struct pair *p;

	pair_defaults(&cfg);
	cfg.link[PAIR_SERVER].drop = lose;
	lose_all = false;
	p = unit_connected(t, &cfg);
	c = p->end[PAIR_CLIENT].conn;
	s = p->end[PAIR_SERVER].conn;
	lose_all = true;
	inject_retire(p, 2);
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, s->cids.local_next, QUIC_LOCAL_CIDS + 1);
	EXPECT(t, !remote(c, QUIC_LOCAL_CIDS));
	shim_reset_key = 1;
	lose_all = false;
	pair_run(p, NULL, p->now + 20 * SEC);
	shim_reset_key = 0;
	ASSERT(t, remote(c, QUIC_LOCAL_CIDS));
	expect_synced(t, p);
	pair_free(p);
}

/* A retired one is replaced, and the replacement arrives. */
static void retire(struct unit *t)
{
	static const u8 frame[] = { 0x19, 2 };
	struct quic_conn *s;
	struct pair *p;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	s = p->end[PAIR_SERVER].conn;
	p->end[PAIR_SERVER].want = 0;
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, s->space[QUIC_SPACE_APP].rx_next,
		    frame, sizeof(frame));
	EXPECT(t, p->end[PAIR_SERVER].want & QUIC_WANT_CIDS);
	EXPECT_EQ(t, local_used(s), QUIC_LOCAL_CIDS);
	EXPECT_EQ(t, s->cids.local_next, QUIC_LOCAL_CIDS + 1);
	/* The same again, as after a loss: nothing. */
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, s->space[QUIC_SPACE_APP].rx_next,
		    frame, sizeof(frame));
	EXPECT_EQ(t, s->cids.local_next, QUIC_LOCAL_CIDS + 1);
	pair_free(p);
}

/*
 * RFC 9000 5.1.2: the peer gives up what it is asked to, moves on, and gets others; until
 * it says so the old ones are ours. @loss: of both ways, permille.
 */
static void retire_ours(struct unit *t, u32 loss)
{
	u64 last, first, prior;
	struct quic_conn *s;
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	s = p->end[PAIR_SERVER].conn;
	p->cfg.link[0].loss = loss;
	p->cfg.link[1].loss = loss;
	for (i = 0; i < 10; i++) {
		quic_conn_cid_range(s, false, &last, &first);
		EXPECT_EQ(t, last, first + QUIC_LOCAL_CIDS - 1);
		EXPECT_EQ(t, quic_conn_retire_local(s, first), -EINVAL);
		EXPECT_EQ(t, quic_conn_retire_local(s, last + 1), -EINVAL);
		prior = first + 1 + i % (QUIC_LOCAL_CIDS - 1);
		EXPECT_EQ(t, quic_conn_retire_local(s, prior), 0);
		EXPECT_EQ(t, quic_conn_retire_local(s, prior), -EINVAL);
		EXPECT_EQ(t, local_used(s), QUIC_LOCAL_CIDS);
		pair_flow(p, PAIR_CLIENT, 10000);
		pair_pump(p);
		pair_run(p, NULL, p->now + 20 * SEC);
		quic_conn_cid_range(s, false, &last, &first);
		EXPECT_EQ(t, first, prior);
		EXPECT_EQ(t, local_used(s), QUIC_LOCAL_CIDS);
		EXPECT(t, pair_all_done(p));
		EXPECT_GE(t, p->end[PAIR_CLIENT].conn->cids.retire_prior_to, prior);
		expect_synced(t, p);
	}
	EXPECT_EQ(t, quic_conn_retire_local(p->end[PAIR_CLIENT].conn, 0), -EINVAL);
	unit_no_errors(t, p);
	quic_conn_close(s, true, 0, "", p->now);
	EXPECT_EQ(t, quic_conn_retire_local(s, last), -EPIPE);
	pair_free(p);
}

static void retire_local(struct unit *t)
{
	retire_ours(t, 0);
	retire_ours(t, 200);
}

/* A peer that does not obey keeps what it has, and can have us hold no more. */
static void retire_local_unheard(struct unit *t)
{
	struct quic_cid first;
	struct quic_conn *s;
	struct pair *p;
	u64 seq;
	u32 i;

	pair_defaults(&cfg);
	cfg.link[PAIR_SERVER].drop = lose;
	lose_all = false;
	p = unit_connected(t, &cfg);
	s = p->end[PAIR_SERVER].conn;
	first = *quic_conn_local_cid(s, 0, &seq);
	lose_all = true;
	for (i = 1; i < QUIC_LOCAL_CIDS; i++) {
		EXPECT_EQ(t, quic_conn_retire_local(s, i), 0);
		pair_pump(p);
		pair_run(p, NULL, p->now + SEC);
	}
	EXPECT_EQ(t, local_used(s), QUIC_LOCAL_CIDS);
	EXPECT(t, quic_cid_equal(quic_conn_local_cid(s, 0, &seq), &first));
	EXPECT_EQ(t, s->cids.local_next, QUIC_LOCAL_CIDS);
	lose_all = false;
	pair_run(p, NULL, p->now + 20 * SEC);
	EXPECT_EQ(t, s->cids.local_next, 2 * QUIC_LOCAL_CIDS - 1);
	expect_synced(t, p);
	unit_no_errors(t, p);
	pair_free(p);
}

/* The peer's: another one is used, those before are retired, others come. */
static void use_remote(struct unit *t)
{
	struct quic_conn *c, *s;
	u64 active, first;
	struct pair *p;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	c = p->end[PAIR_CLIENT].conn;
	s = p->end[PAIR_SERVER].conn;
	quic_conn_cid_range(c, true, &active, &first);
	EXPECT_EQ(t, active, 0);
	EXPECT_EQ(t, first, 0);
	EXPECT_EQ(t, quic_conn_use_remote(c, 0, 1), -EINVAL);
	EXPECT_EQ(t, quic_conn_use_remote(c, QUIC_LOCAL_CIDS, 0), -EINVAL);
	EXPECT_EQ(t, quic_conn_use_remote(c, 2, 3), -EINVAL);
	EXPECT_EQ(t, quic_conn_use_remote(c, 2, 0), 0);
	EXPECT(t, quic_cid_equal(quic_conn_dcid(c), &remote(c, 2)->cid));
	EXPECT_EQ(t, quic_conn_use_remote(c, 1, 0), -EINVAL);
	EXPECT_EQ(t, quic_conn_use_remote(c, 0, 2), 0);
	EXPECT_EQ(t, quic_conn_use_remote(c, 0, 2), -EINVAL);
	pair_flow(p, PAIR_CLIENT, 10000);
	pair_pump(p);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	pair_run(p, NULL, p->now + SEC);
	quic_conn_cid_range(c, true, &active, &first);
	EXPECT_EQ(t, active, 2);
	EXPECT_EQ(t, first, 2);
	EXPECT_EQ(t, s->cids.local_next, QUIC_LOCAL_CIDS + 2);
	expect_synced(t, p);
	unit_no_errors(t, p);
	pair_free(p);
}

/* A late copy of NEW_CONNECTION_ID does not bring back what was retired meanwhile. */
static void not_twice(struct unit *t)
{
	u8 frame[] = { 0x18, 0x40, 0, 0, 4, 'n', 'e', 'w', 'x', 1, 2, 3, 4, 5, 6, 7, 8, 9,
		       10, 11, 12, 13, 14, 15, 16 };
	struct quic_conn *s;
	struct pair *p;
	u64 seq, i;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	s = p->end[PAIR_SERVER].conn;
	seq = quic_cid_take(s);
	ASSERT(t, seq != QUIC_CID_NONE);
	memcpy(frame + 5, quic_cid_of_seq(s, seq)->id, 4);
	frame[2] = seq;
	quic_cid_give_back(s, seq);
	EXPECT(t, !remote(s, seq));
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, s->vals.flying.next == &s->vals.flying, true);
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, s->space[QUIC_SPACE_APP].rx_next,
		    frame, sizeof(frame));
	EXPECT(t, !remote(s, seq));
	/* its successor is there, and one more can come */
	EXPECT(t, remote(s, QUIC_LOCAL_CIDS));
	for (i = 0; i < QUIC_REMOTE_CIDS; i++)
		quic_cid_give_back(s, quic_cid_take(s));
	for (i = 200; i > 100; i -= 50) {
		frame[2] = i;
		frame[5] = i;
		pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, s->space[QUIC_SPACE_APP].rx_next,
			    frame, sizeof(frame));
		EXPECT(t, remote(s, i));
	}
	/* too old to be sure: retired, as it has to be */
	frame[2] = 60;
	frame[5] = 60;
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, s->space[QUIC_SPACE_APP].rx_next,
		    frame, sizeof(frame));
	EXPECT(t, !remote(s, 60));
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	pair_free(p);
}

/* Retire Prior To moves the sender on to another ID, in mid-transfer. */
static void retire_prior_to(struct unit *t)
{
	static const u8 frame[] = { 0x18, 20, 3, 4, 'n', 'e', 'w', 'x', 1, 2, 3, 4, 5, 6,
				    7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
	struct quic_conn *c;
	struct quic_cid third;
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	c = p->end[PAIR_CLIENT].conn;
	third = remote(c, 3)->cid;
	pair_flow(p, PAIR_CLIENT, 300000);
	pair_run(p, NULL, p->now + SEC / 50);
	/* Without memory for what is to be retired the packet counts as lost. */
	shim_host_fail_some(1000);
	pair_inject(p, PAIR_CLIENT, QUIC_CRYPTO_APP, 100000, frame, sizeof(frame));
	shim_host_fail_some(0);
	EXPECT_EQ(t, c->stats.pkts_dropped, 1);
	EXPECT(t, remote(c, 0) && remote(c, 1) && remote(c, 2) && !remote(c, 20));
	EXPECT_EQ(t, c->cids.retire_prior_to, 0);
	/* The number of a packet the server will not use. */
	pair_inject(p, PAIR_CLIENT, QUIC_CRYPTO_APP, 100000, frame, sizeof(frame));
	EXPECT(t, !remote(c, 0) && !remote(c, 1) && !remote(c, 2));
	EXPECT(t, remote(c, 20));
	/* What is owed stays until the peer knows of it, and no longer. */
	for (i = 0; i < 3; i++) {
		quic_cid_trim(c);
		if (!EXPECT(t, c->cids.retired))
			break;
		EXPECT_EQ(t, c->cids.retired[i].seq, i);
		quic_valsync_stop(&c->cids.retired[i].announce);
	}
	quic_cid_trim(c);
	EXPECT(t, !c->cids.retired);
	EXPECT(t, quic_cid_equal(quic_conn_dcid(c), &third) ||
	       quic_cid_equal(quic_conn_dcid(c), &remote(c, 20)->cid));
	EXPECT_EQ(t, quic_conn_state(c), QUIC_CONN_ESTABLISHED);
	pair_free(p);
}

/* IDs of the least and the greatest length that a peer may choose. */
static void lengths(struct unit *t)
{
	u8 frame[4 + 20 + 16] = { 0x18, 20, 0, 1 };
	const struct quic_remote_cid *r;
	struct quic_conn *c;
	struct pair *p;
	u32 len;

	for (len = 1; len <= 20; len += 19) {
		pair_defaults(&cfg);
		p = unit_connected(t, &cfg);
		c = p->end[PAIR_CLIENT].conn;
		frame[3] = len;
		pair_inject(p, PAIR_CLIENT, QUIC_CRYPTO_APP, 1000, frame, 4 + len + 16);
		r = remote(c, 20);
		ASSERT(t, r);
		EXPECT_EQ(t, r->cid.len, len);
		pair_free(p);
	}
}

/* All of an end's IDs have the length that its host chose for the first. */
static void expect_len(struct unit *t, const struct quic_conn *conn, u8 len)
{
	const struct quic_cid *cid;
	u32 i;
	u64 seq;

	for (i = 0; i < QUIC_LOCAL_CIDS; i++) {
		cid = quic_conn_local_cid(conn, i, &seq);
		ASSERT(t, cid);
		EXPECT_EQ(t, cid->len, len);
	}
}

/* Ends of any two lengths: both know the other's IDs, and 64 KiB arrive each way. */
static void own_lengths(struct unit *t)
{
	static const u8 lens[] = { QUIC_CID_KEY_LEN, 13, QUIC_CID_MAX_LEN };
	struct pair *p;
	u32 i;

	for (i = 0; i < 9; i++) {
		pair_defaults(&cfg);
		cfg.cid_len[PAIR_CLIENT] = lens[i % 3];
		cfg.cid_len[PAIR_SERVER] = lens[i / 3];
		cfg.retry = i & 1;
		p = unit_connected(t, &cfg);
		expect_synced(t, p);
		expect_len(t, p->end[PAIR_CLIENT].conn, lens[i % 3]);
		expect_len(t, p->end[PAIR_SERVER].conn, lens[i / 3]);
		pair_flow(p, PAIR_CLIENT, 1 << 16);
		pair_flow(p, PAIR_SERVER, 1 << 16);
		EXPECT(t, pair_run(p, pair_all_done, p->now + 10 * SEC));
		unit_no_errors(t, p);
		pair_free(p);
	}
}

/* A server that learns late how long they are to be: those that follow are. */
static void another_length(struct unit *t)
{
	const struct quic_cid *cid;
	struct quic_conn *s, *c;
	struct pair *p;
	u32 i, n = 0;
	u64 seq;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	s = p->end[PAIR_SERVER].conn;
	c = p->end[PAIR_CLIENT].conn;
	quic_conn_set_cid_len(s, 17);
	quic_cid_give_back(c, quic_cid_take(c));
	pair_flow(p, PAIR_SERVER, 1000);
	pair_run(p, NULL, p->now + SEC);
	for (i = 0; i < QUIC_LOCAL_CIDS; i++) {
		cid = quic_conn_local_cid(s, i, &seq);
		ASSERT(t, cid);
		EXPECT_EQ(t, cid->len, seq == QUIC_LOCAL_CIDS ? 17 : QUIC_LOCAL_CID_LEN);
		n += seq == QUIC_LOCAL_CIDS;
	}
	EXPECT_EQ(t, n, 1);
	expect_synced(t, p);
	pair_free(p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(exchanged),
	UNIT_CASE(declared_limit),
	UNIT_CASE(exchanged_under_loss),
	UNIT_CASE(one_token),
	UNIT_CASE(retire),
	UNIT_CASE(retire_local),
	UNIT_CASE(retire_local_unheard),
	UNIT_CASE(use_remote),
	UNIT_CASE(not_twice),
	UNIT_CASE(retire_prior_to),
	UNIT_CASE(lengths),
	UNIT_CASE(own_lengths),
	UNIT_CASE(another_length),
};

UNIT_SUITE(cid, cases);
