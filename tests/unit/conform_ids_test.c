// SPDX-License-Identifier: GPL-2.0
/*
 * MUSTs about connection IDs that cid_test.c is not about: those that we issue, what
 * the parameters say of those of the handshake (RFC 9000 7.3), and how the peer's are
 * retired (19.15, 19.16). The peer of an end hears nothing of it.
 */
#include "unit_pair.h"

#define TOKEN	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16

static struct pair_cfg cfg;
static const struct quic_cid other = { .len = 5, .id = "other" };

static bool drop_all(struct pair *p, enum pair_side from, u64 n)
{
	return true;
}

/* A pair at rest that does not hear each other any more. */
static struct pair *mute(struct unit *t)
{
	struct pair *p;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	p->cfg.link[PAIR_CLIENT].drop = drop_all;
	p->cfg.link[PAIR_SERVER].drop = drop_all;
	return p;
}

static void inject(struct pair *p, enum pair_side to, const u8 *frames, u32 len)
{
	pair_inject(p, to, QUIC_CRYPTO_APP,
		    p->end[to].conn->space[QUIC_SPACE_APP].rx_next, frames, len);
}

static u64 code_of(const struct pair *p, enum pair_side side)
{
	const struct quic_close_info *info = quic_conn_close_info(p->end[side].conn);

	return info->origin == QUIC_CLOSE_LOCAL ? info->code : U64_MAX;
}

static u32 ids_in_use(const struct quic_conn *conn)
{
	u32 i, n = 0;

	for (i = 0; i < QUIC_LOCAL_CIDS; i++)
		n += conn->cids.local[i].used;
	return n;
}

/* RFC 9000 5.1: never the same twice, numbers without a gap, no more than allowed. */
static void issued_ids_differ(struct unit *t)
{
	static struct quic_cid all[64];
	struct pair *p = mute(t);
	struct quic_conn *s = p->end[PAIR_SERVER].conn;
	const struct quic_cid *cid;
	u8 retire[2] = { 0x19 };
	u32 i, j, n = 0;
	u64 seq;

	EXPECT_GE(t, s->remote.active_connection_id_limit, 2);
	for (i = 0; i < 40; i++) {
		for (j = 0; j < QUIC_LOCAL_CIDS; j++) {
			cid = quic_conn_local_cid(s, j, &seq);
			if (!cid || seq < n)
				continue;
			ASSERT(t, seq < ARRAY_SIZE(all));
			EXPECT_EQ(t, cid->len, QUIC_LOCAL_CID_LEN);
			all[seq] = *cid;
		}
		n = s->cids.local_next;
		EXPECT_EQ(t, n, QUIC_LOCAL_CIDS + i);
		retire[1] = i;
		inject(p, PAIR_SERVER, retire, sizeof(retire));
		ASSERT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	}
	for (i = 0; i < n; i++) {
		for (j = 0; j < i; j++)
			EXPECT(t, !quic_cid_equal(&all[i], &all[j]));
	}
	s->remote.active_connection_id_limit = 2;
	for (i = 40; i < 43; i++) {
		retire[1] = i;
		inject(p, PAIR_SERVER, retire, sizeof(retire));
	}
	EXPECT_EQ(t, ids_in_use(s), 2);
	pair_free(p);
}

enum param_fault {
	RIGHT, NO_ISCID, OTHER_ISCID, NO_ODCID, OTHER_ODCID, ADDRESS, ADDRESS_NO_IDS,
};

/* Does a client take parameters with this fault? An empty ID may be there as well. */
static bool params_taken(struct unit *t, enum param_fault fault)
{
	static const u8 address[] = { 0x0d, 41 + 4, [2 + 24] = 4, 'n', 'e', 'x', 't', TOKEN };
	struct quic_tparams tp;
	struct quic_conn *c;
	struct pair *p;
	u8 buf[256];
	bool taken;
	int n;

	pair_defaults(&cfg);
	p = pair_new(&cfg);
	c = p->end[PAIR_CLIENT].conn;
	c->cids.peer_scid = *quic_conn_dcid(c);
	if (fault == ADDRESS_NO_IDS)
		c->cids.peer_scid.len = 0;
	quic_tparams_init(&tp);
	tp.initial_source_connection_id = fault == OTHER_ISCID ? other : c->cids.peer_scid;
	tp.has_initial_source_connection_id = fault != NO_ISCID;
	tp.original_destination_connection_id = fault == OTHER_ODCID ? other : c->cids.odcid;
	tp.has_original_destination_connection_id = fault != NO_ODCID;
	n = quic_tparams_encode(&tp, true, 0, buf, sizeof(buf) - sizeof(address));
	if (fault >= ADDRESS) {
		memcpy(buf + n, address, sizeof(address));
		n += sizeof(address);
	}
	taken = !quic_conn_set_peer_tparams(c, buf, n, p->now);
	if (!taken)
		EXPECT_EQ(t, code_of(p, PAIR_CLIENT), QUIC_TRANSPORT_ERROR_TRANSPORT_PARAM);
	pair_free(p);
	return taken;
}

/* RFC 9000 7.3 */
static void ids_are_vouched_for(struct unit *t)
{
	enum param_fault fault;

	EXPECT(t, params_taken(t, RIGHT));
	for (fault = NO_ISCID; fault <= OTHER_ODCID; fault++)
		EXPECT(t, !params_taken(t, fault));
}

/* RFC 9000 18.2: not with an empty ID, nor from a server that has an empty one. */
static void preferred_address(struct unit *t)
{
	static const u8 empty_id[2 + 41] = { 0x0d, 41 };
	struct quic_error err = {};
	struct quic_tparams tp;

	EXPECT(t, params_taken(t, ADDRESS));
	EXPECT(t, !params_taken(t, ADDRESS_NO_IDS));
	EXPECT_EQ(t, quic_tparams_decode(&tp, true, empty_id, sizeof(empty_id), &err), -EPROTO);
	EXPECT_EQ(t, err.code, QUIC_TRANSPORT_ERROR_TRANSPORT_PARAM);
}

/* RFC 9000 19.15 */
static void peer_without_ids(struct unit *t)
{
	static const u8 id[] = { 0x18, 20, 0, 2, 'a', 'b', TOKEN };
	struct pair *p = mute(t);

	p->end[PAIR_CLIENT].conn->cids.peer_scid.len = 0;
	inject(p, PAIR_CLIENT, id, sizeof(id));
	EXPECT_EQ(t, code_of(p, PAIR_CLIENT), QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION);
	pair_free(p);
}

/* RFC 9000 19.15, 19.16: an end that wants none, as a host may that has ports instead. */
static void without_ids_of_our_own(struct unit *t)
{
	static const u8 retire[] = { 0x19, 0 };
	static struct pair_cfg cfg;
	struct quic_conn *s;
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	cfg.cid_len[PAIR_SERVER] = 0;
	p = unit_connected(t, &cfg);
	s = p->end[PAIR_SERVER].conn;
	pair_flow(p, PAIR_CLIENT, 20000);
	pair_flow(p, PAIR_SERVER, 20000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 10 * QUIC_NS_PER_SEC));
	unit_no_errors(t, p);
	for (i = 0; i < QUIC_LOCAL_CIDS; i++)
		EXPECT_EQ(t, s->cids.local[i].used, !i);
	EXPECT_EQ(t, s->cids.local_next, 1);
	inject(p, PAIR_SERVER, retire, sizeof(retire));
	EXPECT_EQ(t, code_of(p, PAIR_SERVER), QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION);
	pair_free(p);
}

static bool retiring(const struct quic_conn *conn, u64 seq)
{
	const struct quic_retired_cid *r = conn->cids.retired;
	u32 i;

	for (i = 0; r && i < QUIC_RETIRED_CIDS; i++) {
		if (r[i].announce.state != QUIC_VAL_IDLE && r[i].seq == seq)
			return true;
	}
	return false;
}

/* RFC 9000 19.15: IDs that arrive after their retirement. */
static void retired_below_an_earlier_limit(struct unit *t)
{
	static const u8 first[] = { 0x18, 30, 6, 2, 'a', 'b', TOKEN };
	static const u8 late[] = { 0x18, 5, 0, 2, 'c', 'd', TOKEN };
	static const u8 lower[] = { 0x18, 31, 2, 2, 'e', 'f', TOKEN };
	struct pair *p = mute(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;
	u32 i;

	inject(p, PAIR_CLIENT, first, sizeof(first));
	for (i = 0; i < QUIC_LOCAL_CIDS; i++)
		EXPECT(t, retiring(c, i));
	EXPECT(t, !retiring(c, 5));
	inject(p, PAIR_CLIENT, late, sizeof(late));
	EXPECT(t, retiring(c, 5));
	inject(p, PAIR_CLIENT, lower, sizeof(lower));
	EXPECT_EQ(t, c->cids.retire_prior_to, 6);
	EXPECT(t, !retiring(c, 30) && !retiring(c, 31));
	EXPECT_EQ(t, quic_conn_state(c), QUIC_CONN_ESTABLISHED);
	pair_free(p);
}

/* RFC 9000 19.16: what is retired is not what packets go to. */
static void retired_id_is_left(struct unit *t)
{
	struct pair *p = mute(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;
	const struct quic_remote_cid *r = &c->cids.remote[3];
	u8 again[4 + QUIC_LOCAL_CID_LEN + 16] = { 0x18, 3, 3, QUIC_LOCAL_CID_LEN };

	ASSERT(t, r->used && r->seq == 3);
	memcpy(again + 4, r->cid.id, QUIC_LOCAL_CID_LEN);
	memcpy(again + 4 + QUIC_LOCAL_CID_LEN, r->token, 16);
	inject(p, PAIR_CLIENT, again, sizeof(again));
	EXPECT(t, quic_cid_equal(quic_conn_dcid(c), &r->cid));
	EXPECT(t, r->used && !c->cids.remote[0].used);
	unit_no_errors(t, p);
	pair_free(p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(issued_ids_differ),
	UNIT_CASE(ids_are_vouched_for),
	UNIT_CASE(preferred_address),
	UNIT_CASE(peer_without_ids),
	UNIT_CASE(without_ids_of_our_own),
	UNIT_CASE(retired_below_an_earlier_limit),
	UNIT_CASE(retired_id_is_left),
};

UNIT_SUITE(conform_ids, cases);
