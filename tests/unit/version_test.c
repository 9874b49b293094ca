// SPDX-License-Identifier: GPL-2.0
/*
 * Versions: what is spoken, what both ends do in version 2 (RFC 9369), how a client
 * comes to another version than its first, and that nobody makes it do so who is not
 * the server (RFC 9368).
 */
#include "unit_pair.h"
#include "../../kmod/core/version.h"
#include "../../kmod/core/wire_hdr.h"

#define SEC	QUIC_NS_PER_SEC

static struct pair_cfg cfg;

/* ---- the list ---- */

static void known(struct unit *t)
{
	u32 bit;

	EXPECT(t, quic_version_known(QUIC_VERSION_V1));
	EXPECT(t, quic_version_known(QUIC_VERSION_V2));
	EXPECT(t, !quic_version_known(0));
	EXPECT(t, !quic_version_known(0x1a2a3a4a));
	for (bit = 0; bit < 32; bit++) {
		EXPECT(t, !quic_version_known(QUIC_VERSION_V1 ^ 1U << bit));
		EXPECT(t, !quic_version_known(QUIC_VERSION_V2 ^ 1U << bit));
	}
}

/* ---- version 2 on the wire ---- */

/* Long headers by side and by the two bits of their type, Retry included. */
static struct {
	u32 types[2][4];
	u32 others;
	u32 handshake[2];
	u32 early;
} seen;

static void tap(struct pair *p, enum pair_side from, const struct pair_dgram *d)
{
	const u8 *data = d->buf->data;
	u32 off = 0;
	u32 own = p->cfg.selects ? p->cfg.selects : p->cfg.version;
	struct quic_hdr h;

	while (off < d->len &&
	       !quic_hdr_parse(data + off, d->len - off, QUIC_LOCAL_CID_LEN, &h)) {
		if (data[off] & 0x80) {
			seen.types[from][data[off] >> 4 & 3]++;
			seen.others += get_unaligned_be32(data + off + 1) != own;
			seen.handshake[from] += h.type == QUIC_PKT_HANDSHAKE && h.version == own;
			seen.early += h.type == QUIC_PKT_0RTT && h.version == p->cfg.version;
		}
		off += h.len;
	}
}

/* A connection with a Retry, and 64 KiB each way. */
static void transfer(struct unit *t, u32 version)
{
	struct pair *p;

	memset(&seen, 0, sizeof(seen));
	pair_defaults(&cfg);
	cfg.version = version;
	cfg.retry = true;
	cfg.link[PAIR_CLIENT].tap = tap;
	cfg.link[PAIR_SERVER].tap = tap;
	p = pair_new(&cfg);
	pair_flow(p, PAIR_CLIENT, 65536);
	pair_flow(p, PAIR_SERVER, 65536);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 10 * SEC));
	EXPECT_EQ(t, p->retries_taken, 1);
	EXPECT_EQ(t, p->end[PAIR_SERVER].conn->version, version);
	unit_no_errors(t, p);
	pair_free(p);
}

/* RFC 9369 3.2: the version number, and types numbered one further. */
static void type_bits(struct unit *t)
{
	u32 i, shift;

	for (i = 0; i < QUIC_VERSIONS; i++) {
		shift = quic_versions[i] == QUIC_VERSION_V2;
		transfer(t, quic_versions[i]);
		EXPECT_EQ(t, seen.others, 0);
		EXPECT_GE(t, seen.types[PAIR_CLIENT][(0 + shift) & 3], 2);	/* Initial */
		EXPECT_GE(t, seen.types[PAIR_SERVER][(0 + shift) & 3], 1);
		EXPECT_EQ(t, seen.types[PAIR_CLIENT][(1 + shift) & 3], 0);	/* 0-RTT */
		EXPECT_GE(t, seen.types[PAIR_CLIENT][(2 + shift) & 3], 1);	/* Handshake */
		EXPECT_GE(t, seen.types[PAIR_SERVER][(2 + shift) & 3], 1);
		EXPECT_EQ(t, seen.types[PAIR_SERVER][(3 + shift) & 3], 1);	/* Retry */
	}
}

/* ---- another version than the first ---- */

static const u8 has_v1[] = { 0x1a, 0x2a, 0x3a, 0x4a, 0, 0, 0, 1 };

static void select_one(struct unit *t)
{
	static const u32 list[] = { 0x1a2a3a4a, QUIC_VERSION_V2, QUIC_VERSION_V1 };

	EXPECT_EQ(t, quic_version_select(QUIC_VERSION_V1, list, 3), QUIC_VERSION_V1);
	EXPECT_EQ(t, quic_version_select(QUIC_VERSION_V2, list, 3), QUIC_VERSION_V2);
	EXPECT_EQ(t, quic_version_select(QUIC_VERSION_V1, list, 2), QUIC_VERSION_V2);
	/* a reserved one is never taken (RFC 9368 3) */
	EXPECT_EQ(t, quic_version_select(0x1a2a3a4a, list, 3), QUIC_VERSION_V1);
	EXPECT_EQ(t, quic_version_select(QUIC_VERSION_V1, list, 1), 0);
	EXPECT_EQ(t, quic_version_select(QUIC_VERSION_V1, list, 0), 0);
}

/* A server of one version: one round trip more, and all is as if it began so. */
static void negotiated(struct unit *t)
{
	static const u8 token[] = "of version 1";
	struct quic_cid first;
	struct quic_conn *c;
	struct pair *p;
	u64 start;

	memset(&seen, 0, sizeof(seen));
	pair_defaults(&cfg);
	cfg.serves = QUIC_VERSION_V2;
	p = pair_new(&cfg);
	c = p->end[PAIR_CLIENT].conn;
	first = c->cids.odcid;
	c->token.data = quic_host_alloc(QUIC_OBJ_VAR, sizeof(token));
	c->token.len = sizeof(token);
	memcpy(c->token.data, token, sizeof(token));
	pair_flow(p, PAIR_CLIENT, 65536);
	pair_flow(p, PAIR_SERVER, 65536);
	start = p->now;
	ASSERT(t, pair_run(p, pair_established, start + SEC));
	EXPECT_LE(t, p->now - start, 51 * QUIC_NS_PER_MS);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 10 * SEC));
	EXPECT_EQ(t, p->version_negs, 1);
	EXPECT_EQ(t, p->restarts, 1);
	EXPECT_EQ(t, c->version, QUIC_VERSION_V2);
	EXPECT_EQ(t, c->original_version, QUIC_VERSION_V1);
	EXPECT_EQ(t, p->end[PAIR_SERVER].conn->version, QUIC_VERSION_V2);
	/* a new destination, no old token (RFC 9369 5) */
	EXPECT(t, !quic_cid_equal(&c->cids.odcid, &first));
	EXPECT_EQ(t, c->token.len, 0);
	EXPECT_EQ(t, c->stats.pkts_lost, 0);
	unit_no_errors(t, p);
	pair_free(p);
}

/* ... also when the link loses and repeats what it can. */
static void negotiated_with_loss(struct unit *t)
{
	struct pair *p;
	u32 seed, i;

	for (seed = 1; seed <= 60; seed++) {
		pair_defaults(&cfg);
		cfg.seed = seed;
		cfg.version = quic_versions[seed & 1];
		cfg.serves = quic_versions[!(seed & 1)];
		cfg.retry = seed & 2;
		cfg.handshake_timeout = 60 * SEC;
		for (i = 0; i < 2; i++) {
			cfg.link[i].loss = 200;
			cfg.link[i].dup = 200;
			cfg.link[i].corrupt = 50;
		}
		p = pair_new(&cfg);
		pair_flow(p, PAIR_CLIENT, 5000);
		if (!EXPECT(t, pair_run(p, pair_all_done, p->now + 60 * SEC)))
			unit_log("# seed %u", seed);
		EXPECT_EQ(t, p->restarts, 1);
		unit_no_errors(t, p);
		pair_free(p);
	}
}

static bool drop_first(struct pair *p, enum pair_side from, u64 n)
{
	return from == PAIR_CLIENT && !n;
}

/*
 * Somebody forges Version Negotiation: the server speaks the client's version, and
 * its parameters say so. RFC 9368 4.
 */
static void downgrade_is_seen(struct unit *t)
{
	const struct quic_close_info *why;
	struct quic_conn *c;
	struct pair *p;

	pair_defaults(&cfg);
	cfg.version = QUIC_VERSION_V2;
	cfg.link[PAIR_CLIENT].drop = drop_first;
	p = pair_new(&cfg);
	c = p->end[PAIR_CLIENT].conn;
	pair_pump(p);
	pair_version_neg(p, has_v1, sizeof(has_v1));
	EXPECT_EQ(t, p->restarts, 1);
	EXPECT_EQ(t, c->version, QUIC_VERSION_V1);
	EXPECT(t, pair_run(p, pair_closed, p->now + 10 * SEC));
	EXPECT(t, !c->handshake_complete);
	why = quic_conn_close_info(c);
	EXPECT_EQ(t, why->origin, QUIC_CLOSE_LOCAL);
	EXPECT_EQ(t, why->code, QUIC_TRANSPORT_ERROR_VERSION_NEGOTIATION);
	why = quic_conn_close_info(p->end[PAIR_SERVER].conn);
	EXPECT_EQ(t, why->origin, QUIC_CLOSE_PEER);
	EXPECT_EQ(t, why->code, QUIC_TRANSPORT_ERROR_VERSION_NEGOTIATION);
	EXPECT_EQ(t, p->errors, 0);
	pair_free(p);
}

/* What it acted upon once it acts upon never again; a server never does. */
static void restarts_once(struct unit *t)
{
	static const u8 has_v2[] = { 0x6b, 0x33, 0x43, 0xcf };
	static const u8 has_none[] = { 0, 0, 0, 9 };
	static const struct quic_cid dcid = { .len = 8, .id = { 7 } };
	struct quic_conn *c;
	struct pair *p;

	pair_defaults(&cfg);
	p = pair_new(&cfg);
	c = p->end[PAIR_CLIENT].conn;
	EXPECT(t, !quic_conn_restart(c, QUIC_VERSION_V1, &dcid, p->now));
	EXPECT(t, !quic_conn_restart(c, 0x1a2a3a4a, &dcid, p->now));
	/* the list has the version in use */
	EXPECT_EQ(t, quic_conn_recv_version_neg(c, has_v1, sizeof(has_v1), p->now), 0);
	EXPECT_EQ(t, quic_conn_recv_version_neg(c, has_v2, 3, p->now), 0);
	EXPECT_EQ(t, quic_conn_recv_version_neg(c, has_v2, 4, p->now), QUIC_VERSION_V2);
	EXPECT(t, quic_conn_restart(c, QUIC_VERSION_V2, &dcid, p->now));
	EXPECT(t, quic_cid_equal(quic_conn_dcid(c), &dcid));
	EXPECT_EQ(t, c->space[QUIC_SPACE_INITIAL].tx_next, 0);
	EXPECT_EQ(t, quic_conn_recv_version_neg(c, has_v1, sizeof(has_v1), p->now), 0);
	EXPECT_EQ(t, quic_conn_recv_version_neg(c, has_none, 4, p->now), 0);
	EXPECT(t, !quic_conn_restart(c, QUIC_VERSION_V1, &dcid, p->now));
	EXPECT_EQ(t, quic_conn_state(c), QUIC_CONN_HANDSHAKE);
	EXPECT(t, !pair_check(c));
	pair_free(p);

	pair_defaults(&cfg);		/* too late */
	p = unit_connected(t, &cfg);
	EXPECT_EQ(t, quic_conn_recv_version_neg(p->end[0].conn, has_v2, 4, p->now), 0);
	EXPECT_EQ(t, quic_conn_recv_version_neg(p->end[1].conn, has_v2, 4, p->now), 0);
	EXPECT(t, !quic_conn_restart(p->end[0].conn, QUIC_VERSION_V2, &dcid, p->now));
	EXPECT(t, !quic_conn_restart(p->end[1].conn, QUIC_VERSION_V2, &dcid, p->now));
	pair_free(p);
}

/* ---- another version within the connection ---- */

/*
 * RFC 9368 2.3: no round trip more. What the server says is of the other version from
 * its first TLS bytes on, 0-RTT stays what it was.
 */
static void changed(struct unit *t, u32 version, bool retry, bool early)
{
	struct quic_conn *c;
	struct pair *p;
	u64 start;

	memset(&seen, 0, sizeof(seen));
	pair_defaults(&cfg);
	cfg.version = version;
	cfg.selects = QUIC_VERSION_V1 ^ QUIC_VERSION_V2 ^ version;
	cfg.retry = retry;
	cfg.early = early ? PAIR_EARLY_ACCEPTED : PAIR_EARLY_NONE;
	cfg.link[PAIR_CLIENT].tap = tap;
	cfg.link[PAIR_SERVER].tap = tap;
	p = pair_new(&cfg);
	c = p->end[PAIR_CLIENT].conn;
	pair_flow(p, PAIR_CLIENT, 65536);
	pair_flow(p, PAIR_SERVER, 65536);
	start = p->now;
	ASSERT(t, pair_run(p, pair_established, start + SEC));
	EXPECT_LE(t, p->now - start, (retry ? 51 : 31) * QUIC_NS_PER_MS);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 10 * SEC));
	EXPECT_EQ(t, c->version, cfg.selects);
	EXPECT_EQ(t, c->chosen_version, version);
	EXPECT_EQ(t, c->original_version, version);
	EXPECT_EQ(t, p->end[PAIR_SERVER].conn->version, cfg.selects);
	EXPECT_EQ(t, p->end[PAIR_CLIENT].conn->remote.version_information.chosen, cfg.selects);
	EXPECT_EQ(t, p->end[PAIR_SERVER].conn->remote.version_information.chosen, version);
	EXPECT_GE(t, seen.handshake[PAIR_CLIENT], 1);
	EXPECT_GE(t, seen.handshake[PAIR_SERVER], 1);
	EXPECT_EQ(t, !!seen.early, early);
	EXPECT_EQ(t, p->restarts, 0);
	EXPECT_EQ(t, c->stats.pkts_lost, 0);
	EXPECT_EQ(t, c->stats.pkts_dropped, 0);
	unit_no_errors(t, p);
	pair_free(p);
}

static void changes(struct unit *t)
{
	u32 i;

	for (i = 0; i < QUIC_VERSIONS; i++) {
		changed(t, quic_versions[i], false, false);
		changed(t, quic_versions[i], true, false);
		changed(t, quic_versions[i], false, true);
	}
}

/* ... also when the link loses, repeats and damages what it can. */
static void changes_with_loss(struct unit *t)
{
	struct pair *p;
	u32 seed, i;

	for (seed = 1; seed <= 60; seed++) {
		pair_defaults(&cfg);
		cfg.seed = seed;
		cfg.version = quic_versions[seed & 1];
		cfg.selects = quic_versions[!(seed & 1)];
		cfg.retry = seed & 2;
		cfg.early = seed & 4 ? PAIR_EARLY_ACCEPTED : PAIR_EARLY_NONE;
		cfg.handshake_timeout = 60 * SEC;
		for (i = 0; i < 2; i++) {
			cfg.link[i].loss = 200;
			cfg.link[i].dup = 200;
			cfg.link[i].corrupt = 50;
			cfg.link[i].jitter = 5 * QUIC_NS_PER_MS;
		}
		p = pair_new(&cfg);
		pair_flow(p, PAIR_CLIENT, 5000);
		if (!EXPECT(t, pair_run(p, pair_all_done, p->now + 60 * SEC)))
			unit_log("# seed %u", seed);
		/* 0-RTT may have brought all of it */
		EXPECT(t, pair_run(p, pair_confirmed, p->now + 60 * SEC));
		EXPECT_EQ(t, p->end[PAIR_CLIENT].conn->version, cfg.selects);
		unit_no_errors(t, p);
		pair_free(p);
	}
}

/* Version Negotiation, and then another one of those that it named. */
static void negotiated_and_changed(struct unit *t)
{
	struct quic_conn *c;
	struct pair *p;

	pair_defaults(&cfg);
	cfg.version = QUIC_VERSION_V2;
	cfg.serves = QUIC_VERSION_V1;
	cfg.selects = QUIC_VERSION_V2;
	p = pair_new(&cfg);
	c = p->end[PAIR_CLIENT].conn;
	EXPECT(t, pair_run(p, pair_closed, p->now + 10 * SEC));
	/* who speaks V2 would not have denied it */
	EXPECT_EQ(t, p->restarts, 1);
	EXPECT_EQ(t, c->original_version, QUIC_VERSION_V2);
	EXPECT_EQ(t, c->chosen_version, QUIC_VERSION_V1);
	EXPECT_EQ(t, c->version, QUIC_VERSION_V2);
	EXPECT_EQ(t, quic_conn_close_info(c)->code, QUIC_TRANSPORT_ERROR_VERSION_NEGOTIATION);
	pair_free(p);
}

/* One opened packet of a server; @ping: no TLS bytes. */
static void server_says(struct pair *p, u8 level, u32 version, u64 pn, bool ping)
{
	static const u8 crypto[] = { QUIC_FRAME_CRYPTO, 0x08, 1, 0x40 };
	static const u8 frames[] = { QUIC_FRAME_PING, 0, 0, 0 };
	struct pair_end *e = &p->end[PAIR_CLIENT];
	struct quic_rxbuf *buf = shim_rxbuf_new(4);
	struct quic_rx_pkt pkt = {
		.data = buf->data, .buf = buf, .len = 4, .dgram_len = 1200, .pn = pn,
		.level = level, .version = version, .scid = { .len = 8, .id = { 9 } },
	};

	memcpy(buf->data, ping ? frames : crypto, 4);
	quic_conn_recv(e->conn, &pkt, 1, p->now);
	quic_host_rxbuf_put(buf);
}

/* RFC 9369 4.1: what tells a client, and what does not, or not any more. */
static void client_is_told(struct unit *t)
{
	struct quic_conn *c;
	struct pair *p;

	pair_defaults(&cfg);
	p = pair_new(&cfg);
	c = p->end[PAIR_CLIENT].conn;
	pair_pump(p);
	server_says(p, QUIC_CRYPTO_INITIAL, 0x1a2a3a4a, 0, true);
	EXPECT_EQ(t, c->stats.pkts_dropped, 1);
	server_says(p, QUIC_CRYPTO_INITIAL, QUIC_VERSION_V1, 0, true);
	EXPECT_EQ(t, c->version, QUIC_VERSION_V1);
	EXPECT(t, quic_version_fits(c, QUIC_VERSION_V2, QUIC_CRYPTO_INITIAL));
	/* it may stand behind the one that tells */
	EXPECT(t, quic_version_fits(c, QUIC_VERSION_V2, QUIC_CRYPTO_HANDSHAKE));
	EXPECT(t, !quic_version_fits(c, QUIC_VERSION_V2, QUIC_CRYPTO_EARLY));
	quic_conn_take_want(c);
	server_says(p, QUIC_CRYPTO_INITIAL, QUIC_VERSION_V2, 1, true);
	EXPECT_EQ(t, c->version, QUIC_VERSION_V2);
	EXPECT(t, quic_conn_take_want(c) & QUIC_WANT_KEYS);
	server_says(p, QUIC_CRYPTO_INITIAL, QUIC_VERSION_V1, 2, true);
	EXPECT_EQ(t, c->stats.pkts_dropped, 2);
	EXPECT(t, !quic_version_fits(c, QUIC_VERSION_V1, QUIC_CRYPTO_HANDSHAKE));
	EXPECT_EQ(t, quic_version_of_level(c, QUIC_CRYPTO_HANDSHAKE), QUIC_VERSION_V2);
	EXPECT_EQ(t, quic_version_of_level(c, QUIC_CRYPTO_EARLY), QUIC_VERSION_V1);
	pair_free(p);

	p = pair_new(&cfg);
	c = p->end[PAIR_CLIENT].conn;
	pair_pump(p);
	server_says(p, QUIC_CRYPTO_INITIAL, QUIC_VERSION_V1, 0, false);
	server_says(p, QUIC_CRYPTO_INITIAL, QUIC_VERSION_V2, 1, true);
	EXPECT_EQ(t, c->version, QUIC_VERSION_V1);
	EXPECT_EQ(t, c->stats.pkts_dropped, 1);
	pair_free(p);
}

static struct quic_conn *judge_new(u32 version, bool server)
{
	struct quic_conn_params cp = {
		.version = version, .server = server, .cc = &quic_cc_cubic, .max_mtu = 1452,
		.scid = { .len = 8, .id = { 1 } }, .dcid = { .len = 8, .id = { 2 } },
		.odcid = { .len = 8, .id = { 3 } },
	};

	quic_tparams_init(&cp.local);
	return quic_conn_create(&cp, 1);
}

/* Who says that one version is enough is asked for no other, and believes in none. */
static void one_version(struct unit *t)
{
	const struct quic_version_info *vi;
	struct quic_conn *c;
	struct pair *p;

	pair_defaults(&cfg);
	cfg.local[PAIR_CLIENT].one_version = true;
	p = pair_new(&cfg);
	c = p->end[PAIR_CLIENT].conn;
	EXPECT(t, !quic_version_fits(c, QUIC_VERSION_V2, QUIC_CRYPTO_INITIAL));
	EXPECT(t, pair_run(p, pair_established, p->now + SEC));
	vi = &p->end[PAIR_SERVER].conn->remote.version_information;
	EXPECT_EQ(t, vi->n, 1);
	EXPECT_EQ(t, vi->available[0], QUIC_VERSION_V1);
	unit_no_errors(t, p);
	pair_free(p);

	cfg.selects = QUIC_VERSION_V2;
	p = pair_new(&cfg);
	EXPECT(t, pair_run(p, pair_closed, p->now + 30 * SEC));
	EXPECT_EQ(t, quic_conn_close_info(p->end[PAIR_SERVER].conn)->code,
		  QUIC_TRANSPORT_ERROR_VERSION_NEGOTIATION);
	pair_free(p);
}

/* A server takes Initials of both, and selects once, in time. */
static void server_selects_once(struct unit *t)
{
	struct quic_conn *c = judge_new(QUIC_VERSION_V1, true);
	struct pair *p;

	EXPECT_EQ(t, quic_conn_select_version(c, 0x1a2a3a4a), -EINVAL);
	EXPECT_EQ(t, quic_conn_select_version(c, QUIC_VERSION_V2), 0);
	EXPECT_EQ(t, quic_conn_select_version(c, QUIC_VERSION_V1), -EINVAL);
	EXPECT(t, quic_version_fits(c, QUIC_VERSION_V1, QUIC_CRYPTO_INITIAL));
	EXPECT(t, quic_version_fits(c, QUIC_VERSION_V2, QUIC_CRYPTO_INITIAL));
	EXPECT(t, quic_version_fits(c, QUIC_VERSION_V1, QUIC_CRYPTO_EARLY));
	EXPECT(t, !quic_version_fits(c, QUIC_VERSION_V2, QUIC_CRYPTO_EARLY));
	EXPECT(t, !quic_version_fits(c, QUIC_VERSION_V1, QUIC_CRYPTO_HANDSHAKE));
	EXPECT(t, !quic_version_fits(c, 0x1a2a3a4a, QUIC_CRYPTO_INITIAL));
	quic_conn_destroy(c);

	c = judge_new(QUIC_VERSION_V1, true);
	EXPECT_EQ(t, quic_conn_crypto_send(c, QUIC_CRYPTO_INITIAL, (const u8 *)"late", 4), 0);
	EXPECT_EQ(t, quic_conn_select_version(c, QUIC_VERSION_V2), -EINVAL);
	quic_conn_destroy(c);
	c = judge_new(QUIC_VERSION_V1, false);
	EXPECT_EQ(t, quic_conn_select_version(c, QUIC_VERSION_V2), -EINVAL);
	quic_conn_destroy(c);
	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	EXPECT_EQ(t, quic_conn_select_version(p->end[PAIR_SERVER].conn, QUIC_VERSION_V2),
		  -EINVAL);
	pair_free(p);
}

/* ---- the parameter ---- */

/* Chosen Version, then what is available; none: no parameter. */
static void judge_value(struct quic_tparams *tp, const u32 *value, u32 n)
{
	struct quic_version_info *vi = &tp->version_information;
	u32 i;

	quic_tparams_init(tp);
	tp->has_version_information = n;
	vi->chosen = n ? value[0] : 0;
	for (i = 1; i < n; i++)
		vi->available[vi->n++] = value[i];
	vi->listed = vi->n;
}

/*
 * One end of version @version, a client perhaps after Version Negotiation, is told
 * @value. Return: the error code, 0: it goes on.
 */
static u64 judged(struct unit *t, bool server, bool again, u32 version, const u32 *value, u32 n)
{
	static const struct quic_cid dcid = { .len = 8, .id = { 7 } };
	struct quic_tparams tp;
	struct quic_conn *c;
	u64 code = 0;

	c = judge_new(again ? QUIC_VERSION_V1 ^ QUIC_VERSION_V2 ^ version : version, server);
	if (again)
		EXPECT(t, quic_conn_restart(c, version, &dcid, 1));
	judge_value(&tp, value, n);
	if (quic_version_check(c, &tp))
		code = c->err.code;
	EXPECT_EQ(t, c->err.set, !!code);
	quic_conn_destroy(c);
	return code;
}

/* RFC 9368 4, by who is told, and whether it acted upon Version Negotiation. */
static void judgement(struct unit *t)
{
#define V1	QUIC_VERSION_V1
#define V2	QUIC_VERSION_V2
	static const struct {
		bool server, again, good;
		u32 version, n, value[4];
	} rows[] = {
		/* a server: the version in use is the one chosen; none said is legal */
		{ true, false, true, V1, 0, { 0 } },
		{ true, false, true, V1, 2, { V1, V1 } },
		{ true, false, true, V2, 3, { V2, V1, V2 } },
		{ true, false, false, V1, 3, { V2, V1, V2 } },
		{ true, false, false, V2, 2, { V1, V1 } },
		{ true, false, false, V1, 2, { 0x1a2a3a4a, 0x1a2a3a4a } },
		/* a client whose first version was taken */
		{ false, false, true, V1, 0, { 0 } },
		{ false, false, true, V1, 1, { V1 } },
		{ false, false, true, V1, 3, { V1, V1, V2 } },
		{ false, false, true, V2, 2, { V2, V1 } },
		{ false, false, false, V1, 3, { V2, V1, V2 } },
		/* after Version Negotiation it wants to be told, and the same */
		{ false, true, false, V2, 0, { 0 } },
		/* but by servers of before RFC 9368 (its section 8) */
		{ false, true, true, V1, 0, { 0 } },
		{ false, true, false, V1, 1, { V1 } },
		{ false, true, true, V1, 2, { V1, V1 } },
		{ false, true, true, V2, 2, { V2, V2 } },
		{ false, true, true, V2, 2, { V2, 0x1a2a3a4a } },
		{ false, true, false, V1, 3, { V1, V1, V2 } },
		{ false, true, false, V2, 3, { V2, V2, V1 } },
		{ false, true, false, V1, 2, { V1, V2 } },
		{ false, true, false, V1, 2, { V2, V1 } },
	};
#undef V1
#undef V2
	u64 code;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		code = judged(t, rows[i].server, rows[i].again, rows[i].version, rows[i].value,
			      rows[i].n);
		if (!EXPECT_EQ(t, code, rows[i].good ? 0 :
			       QUIC_TRANSPORT_ERROR_VERSION_NEGOTIATION))
			unit_log("# row %u", i);
	}
}

/* ... by an end that was moved from @version to the other one. */
static u64 judged_moved(struct unit *t, bool server, u32 version, const u32 *value, u32 n)
{
	u32 other = QUIC_VERSION_V1 ^ QUIC_VERSION_V2 ^ version;
	struct quic_tparams tp;
	struct quic_conn *c;
	u64 code = 0;

	c = judge_new(version, server);
	if (server)
		EXPECT_EQ(t, quic_conn_select_version(c, other), 0);
	else
		quic_version_received(c, other);
	EXPECT_EQ(t, c->version, other);
	judge_value(&tp, value, n);
	if (quic_version_check(c, &tp))
		code = c->err.code;
	quic_conn_destroy(c);
	return code;
}

static void judgement_moved(struct unit *t)
{
#define V1	QUIC_VERSION_V1
#define V2	QUIC_VERSION_V2
	static const struct {
		bool server, good;
		u32 version, n, value[4];
	} rows[] = {
		{ true, true, V1, 3, { V1, V1, V2 } },
		{ true, true, V2, 3, { V2, V1, V2 } },
		/* its flight is not compatible with it, or nobody says so */
		{ true, false, V1, 2, { V1, V1 } },
		{ true, false, V1, 0, { 0 } },
		{ true, false, V1, 3, { V2, V1, V2 } },
		/* what long headers said the parameters say as well (RFC 9368 4) */
		{ false, true, V1, 3, { V2, V1, V2 } },
		{ false, true, V2, 2, { V1, V1 } },
		{ false, false, V1, 3, { V1, V1, V2 } },
		{ false, false, V1, 0, { 0 } },
		{ false, false, V2, 0, { 0 } },
	};
#undef V1
#undef V2
	u64 code;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		code = judged_moved(t, rows[i].server, rows[i].version, rows[i].value,
				    rows[i].n);
		if (!EXPECT_EQ(t, code, rows[i].good ? 0 :
			       QUIC_TRANSPORT_ERROR_VERSION_NEGOTIATION))
			unit_log("# row %u", i);
	}
}

/* What both ends say: the version in use, what is spoken, and one that nobody knows. */
static void said(struct unit *t)
{
	const struct quic_version_info *vi;
	struct pair *p;
	u32 i, side;

	for (i = 0; i < QUIC_VERSIONS; i++) {
		pair_defaults(&cfg);
		cfg.version = quic_versions[i];
		p = unit_connected(t, &cfg);
		for (side = 0; side < 2; side++) {
			vi = &p->end[side].conn->remote.version_information;
			EXPECT(t, p->end[side].conn->remote.has_version_information);
			EXPECT_EQ(t, vi->chosen, quic_versions[i]);
			/* of a client: its flight fits all that we speak */
			EXPECT_EQ(t, vi->n, QUIC_VERSIONS);
			EXPECT_EQ(t, vi->listed, vi->n + 1);
		}
		unit_no_errors(t, p);
		pair_free(p);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(known),
	UNIT_CASE(type_bits),
	UNIT_CASE(select_one),
	UNIT_CASE(negotiated),
	UNIT_CASE(negotiated_with_loss),
	UNIT_CASE(downgrade_is_seen),
	UNIT_CASE(restarts_once),
	UNIT_CASE(changes),
	UNIT_CASE(changes_with_loss),
	UNIT_CASE(negotiated_and_changed),
	UNIT_CASE(client_is_told),
	UNIT_CASE(one_version),
	UNIT_CASE(server_selects_once),
	UNIT_CASE(judgement),
	UNIT_CASE(judgement_moved),
	UNIT_CASE(said),
};

UNIT_SUITE(version, cases);
