// SPDX-License-Identifier: GPL-2.0
/*
 * Transport parameters (RFC 9000 18, RFC 9221 3, RFC 9287 3): what is encoded is
 * decoded again; cut, repeated, oversized and forbidden ones are refused.
 */
#include "unit.h"
#include "../../kmod/core/tparam.h"

#define ROOM	1024

static u8 buf[ROOM], copy[ROOM];
static struct quic_tparams tp, got;

static void rand_cid(struct unit *t, struct quic_cid *cid)
{
	u8 id[QUIC_CID_MAX_LEN];

	unit_bytes(t, id, sizeof(id));
	quic_cid_set(cid, id, unit_below(t, QUIC_CID_MAX_LEN + 1));
}

static u64 rand_between(struct unit *t, u64 min, u64 max)
{
	return clamp(unit_rand_bits(t, 62), min, max);
}

static void rand_versions(struct unit *t)
{
	struct quic_version_info *vi = &tp.version_information;
	u32 i;

	vi->chosen = unit_rand(t) | 1;
	for (i = 0; i < QUIC_VERSIONS; i++)
		vi->available[vi->n++] = quic_versions[i];
	vi->available[vi->n++] = vi->chosen;
	vi->listed = vi->n;
	tp.has_version_information = true;
}

/* Any legal set of parameters; only what a client may say when !@server. */
static void rand_tparams(struct unit *t, bool server)
{
	quic_tparams_init(&tp);
#define X(field, id, def, min, max) \
	if (unit_below(t, 2)) \
		tp.field = rand_between(t, min, max);
	QUIC_TPARAMS_INT(X)
#undef X
#define X(field, id) tp.field = unit_below(t, 2);
	QUIC_TPARAMS_FLAG(X)
#undef X
#define X(field, id, server_only) \
	if ((server || !(server_only)) && unit_below(t, 2)) { \
		rand_cid(t, &tp.field); \
		tp.has_##field = true; \
	}
	QUIC_TPARAMS_CID(X)
#undef X
	if (server && unit_below(t, 2)) {
		unit_bytes(t, tp.stateless_reset_token, QUIC_RESET_TOKEN_LEN);
		tp.has_stateless_reset_token = true;
	}
	if (unit_below(t, 2))
		rand_versions(t);
}

static void expect_same(struct unit *t, const struct quic_tparams *a,
			const struct quic_tparams *b)
{
#define X(field, id, def, min, max) EXPECT_EQ(t, a->field, b->field);
	QUIC_TPARAMS_INT(X)
#undef X
#define X(field, id) EXPECT_EQ(t, a->field, b->field);
	QUIC_TPARAMS_FLAG(X)
#undef X
#define X(field, id, server_only) \
	EXPECT_EQ(t, a->has_##field, b->has_##field); \
	EXPECT(t, quic_cid_equal(&a->field, &b->field));
	QUIC_TPARAMS_CID(X)
#undef X
	EXPECT_EQ(t, a->has_stateless_reset_token, b->has_stateless_reset_token);
	EXPECT_MEM_EQ(t, a->stateless_reset_token, b->stateless_reset_token,
		      QUIC_RESET_TOKEN_LEN);
	EXPECT_EQ(t, a->has_version_information, b->has_version_information);
	EXPECT_MEM_EQ(t, &a->version_information, &b->version_information,
		      sizeof(a->version_information));
}

/* Decode with the bytes at the very end of a buffer. */
static int decode(const u8 *p, u32 len, bool from_server, struct quic_error *err)
{
	u8 *start = copy + ROOM - len;

	memmove(start, p, len);
	*err = (struct quic_error){};
	return quic_tparams_decode(&got, from_server, start, len, err);
}

static void defaults(struct unit *t)
{
	struct quic_error err;

	quic_tparams_init(&tp);
	EXPECT_EQ(t, tp.max_idle_timeout, 0);
	EXPECT_EQ(t, tp.max_udp_payload_size, 65527);
	EXPECT_EQ(t, tp.ack_delay_exponent, 3);
	EXPECT_EQ(t, tp.max_ack_delay, 25);
	EXPECT_EQ(t, tp.active_connection_id_limit, 2);
	EXPECT_EQ(t, tp.initial_max_data, 0);
	EXPECT(t, !tp.disable_active_migration && !tp.has_stateless_reset_token);
	EXPECT_EQ(t, quic_tparams_encode(&tp, true, 0, buf, ROOM), 0);
	memset(&got, 0x5a, sizeof(got));
	EXPECT_EQ(t, decode(buf, 0, false, &err), 0);
	expect_same(t, &got, &tp);
}

static void round_trip(struct unit *t)
{
	struct quic_error err;
	bool server;
	u32 i;
	int len;

	for (i = 0; i < 3000; i++) {
		server = unit_below(t, 2);
		rand_tparams(t, server);
		len = quic_tparams_encode(&tp, server, unit_below(t, 2) * unit_rand(t),
					  buf, ROOM);
		ASSERT(t, len >= 0);
		ASSERT_EQ(t, decode(buf, len, server, &err), 0);
		expect_same(t, &got, &tp);
	}
}

/* A client never says what only a server may, whatever the struct holds. */
static void client_leaves_out(struct unit *t)
{
	struct quic_error err;
	u32 i;
	int len;

	for (i = 0; i < 200; i++) {
		rand_tparams(t, true);
		len = quic_tparams_encode(&tp, false, 0, buf, ROOM);
		EXPECT_EQ(t, decode(buf, len, false, &err), 0);
	}
}

/* Cut anywhere inside a parameter: refused; between two: a shorter list. */
static void truncated(struct unit *t)
{
	static bool boundary[ROOM];
	struct quic_error err;
	struct quic_rcur r;
	u32 i, cut;
	int len;

	for (i = 0; i < 100; i++) {
		rand_tparams(t, true);
		len = quic_tparams_encode(&tp, true, unit_rand(t) | 1, buf, ROOM);
		ASSERT(t, len > 0);
		memset(boundary, 0, sizeof(boundary));
		r = quic_rcur_init(buf, len);
		while (quic_rcur_left(&r)) {
			boundary[r.p - buf] = true;
			quic_get_varint(&r);
			quic_get_bytes(&r, quic_get_varint(&r));
		}
		for (cut = 0; cut < (u32)len; cut++) {
			EXPECT_EQ(t, (u64)decode(buf, cut, true, &err),
				  boundary[cut] ? 0 : (u64)-EPROTO);
			if (!boundary[cut])
				EXPECT_EQ(t, err.code, QUIC_TRANSPORT_ERROR_TRANSPORT_PARAM);
		}
	}
}

static void no_room(struct unit *t)
{
	u32 room;
	int len;

	rand_tparams(t, true);
	len = quic_tparams_encode(&tp, true, 12345, buf, ROOM);
	for (room = 0; room < (u32)len; room++) {
		memset(buf, 0xee, ROOM);
		EXPECT_EQ(t, quic_tparams_encode(&tp, true, 12345, buf, room), -ENOSPC);
		EXPECT_EQ(t, buf[room], 0xee);
	}
}

static u32 put(u64 id, const void *value, u32 len)
{
	struct quic_wcur w = quic_wcur_init(buf, ROOM);

	quic_put_varint(&w, id);
	quic_put_varint(&w, len);
	quic_put_bytes(&w, value, len);
	return w.p - buf;
}

static u32 put_int(u64 id, u64 v)
{
	struct quic_wcur w;
	u8 value[8];

	w = quic_wcur_init(value, sizeof(value));
	quic_put_varint(&w, v);
	return put(id, value, w.p - value);
}

/* Integers: the limits are in, one beyond is out; so is a byte too many. */
static void integer_limits(struct unit *t)
{
	struct quic_error err;
	u8 value[9] = {};
	u32 len;

#define X(field, id, def, min, max) do {				\
	EXPECT_EQ(t, decode(buf, put_int(id, min), true, &err), 0);	\
	EXPECT_EQ(t, got.field, min);					\
	EXPECT_EQ(t, decode(buf, put_int(id, max), true, &err), 0);	\
	EXPECT_EQ(t, got.field, max);					\
	if ((u64)(min) > 0)						\
		EXPECT_EQ(t, decode(buf, put_int(id, (min) - 1), true, &err), -EPROTO); \
	if ((u64)(max) < QUIC_VARINT_MAX)				\
		EXPECT_EQ(t, decode(buf, put_int(id, (max) + 1), true, &err), -EPROTO); \
	EXPECT_EQ(t, decode(buf, put(id, value, 0), true, &err), -EPROTO); \
	EXPECT_EQ(t, decode(buf, put(id, value, 2), true, &err), -EPROTO); \
} while (0);
	QUIC_TPARAMS_INT(X)
#undef X
	/* The reason names the parameter. */
	len = put_int(0x0b, 1 << 14);
	EXPECT_EQ(t, decode(buf, len, true, &err), -EPROTO);
	EXPECT_STR_EQ(t, err.reason, "invalid max_ack_delay");
	/* A longer encoding of a value is legal. */
	value[0] = 0x40;
	value[1] = 7;
	EXPECT_EQ(t, decode(buf, put(0x0b, value, 2), true, &err), 0);
	EXPECT_EQ(t, got.max_ack_delay, 7);
}

static void fixed_sizes(struct unit *t)
{
	struct quic_error err;
	u8 value[64] = {};
	u32 len;

	for (len = 0; len < 40; len++) {
		EXPECT_EQ(t, !decode(buf, put(0x0c, value, len), true, &err), len == 0);
		EXPECT_EQ(t, !decode(buf, put(0x2ab2, value, len), true, &err), len == 0);
		EXPECT_EQ(t, !decode(buf, put(0x02, value, len), true, &err), len == 16);
		EXPECT_EQ(t, !decode(buf, put(0x0f, value, len), true, &err), len <= 20);
		EXPECT_EQ(t, !decode(buf, put(0x00, value, len), true, &err), len <= 20);
	}
	/* preferred_address: 24 bytes of addresses, ID of 1 to 20, 16 of token */
	for (len = 0; len < sizeof(value); len++) {
		value[24] = len - 41;
		EXPECT_EQ(t, !decode(buf, put(0x0d, value, len), true, &err),
			  len > 41 && len <= 61);
	}
	value[24] = 3;
	EXPECT_EQ(t, decode(buf, put(0x0d, value, 45), true, &err), -EPROTO);
}

static void server_only(struct unit *t)
{
	static const u8 ids[] = { 0x00, 0x02, 0x10, 0x0d };
	static const u32 lens[] = { 8, 16, 8, 45 };
	struct quic_error err;
	u8 value[64] = {};
	u32 i;

	value[24] = 4;
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_EQ(t, decode(buf, put(ids[i], value, lens[i]), true, &err), 0);
		EXPECT_EQ(t, decode(buf, put(ids[i], value, lens[i]), false, &err), -EPROTO);
		EXPECT_EQ(t, err.code, QUIC_TRANSPORT_ERROR_TRANSPORT_PARAM);
	}
	EXPECT_STR_EQ(t, err.reason, "client sent preferred_address");
}

static void repeated(struct unit *t)
{
	struct quic_error err;
	u32 len, i;

	for (i = 0; i < 0x21; i++) {
		len = put_int(i, 0);
		if (decode(buf, len, true, &err))
			continue;	/* not an integer, or 0 is out of range */
		memcpy(buf + len, buf, len);
		EXPECT_EQ(t, !decode(buf, 2 * len, true, &err), i > 0x11 && i != 0x20);
	}
	len = put_int(0x0b, 3);
	memcpy(buf + len, buf, len);
	EXPECT_EQ(t, decode(buf, 2 * len, false, &err), -EPROTO);
	EXPECT_STR_EQ(t, err.reason, "repeated max_ack_delay");
}

/* RFC 9368 3 and 4: what a list may be, and that no list is too long to keep. */
static void version_information(struct unit *t)
{
	static const struct {
		const char *value;
		u32 len;
		bool client, server;	/* may say so */
		u32 n, listed;
	} rows[] = {
		{ "", 0, false, false, 0, 0 },
		{ "\0\0\0", 3, false, false, 0, 0 },
		{ "\0\0\0\1", 4, false, true, 0, 0 },
		{ "\0\0\0\1\0\0\0\1", 8, true, true, 1, 1 },
		{ "\0\0\0\1\x6b\x33\x43\xcf", 8, false, true, 1, 1 },
		{ "\0\0\0\1\0\0\0\1\x6b\x33\x43\xcf", 12, true, true, 2, 2 },
		{ "\0\0\0\1\x1a\x2a\x3a\x4a\0\0\0\1", 12, true, true, 1, 2 },
		{ "\0\0\0\1\0\0\0\1\0\0\0\1", 12, true, true, 1, 2 },
		{ "\0\0\0\7\0\0\0\7", 8, true, true, 1, 1 },
		{ "\0\0\0\1\0\0\0\1\0", 9, false, false, 0, 0 },
		{ "\0\0\0\1\0\0\0\1\0\0\0", 11, false, false, 0, 0 },
		{ "\0\0\0\0\0\0\0\1", 8, false, false, 0, 0 },
		{ "\0\0\0\0\0\0\0\0", 8, false, false, 0, 0 },
		{ "\0\0\0\1\0\0\0\1\0\0\0\0", 12, false, false, 0, 0 },
	};
	struct quic_error err;
	u32 i, len, from_server, good;

	for (i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		from_server = i & 1;
		good = from_server ? rows[i / 2].server : rows[i / 2].client;
		len = put(0x11, (const u8 *)rows[i / 2].value, rows[i / 2].len);
		if (!EXPECT_EQ(t, !decode(buf, len, from_server, &err), good))
			unit_log("# row %u, from server %u", i / 2, from_server);
		if (good) {
			EXPECT(t, got.has_version_information);
			EXPECT_EQ(t, got.version_information.n, rows[i / 2].n);
			EXPECT_EQ(t, got.version_information.listed, rows[i / 2].listed);
		} else {
			EXPECT_EQ(t, err.code, QUIC_TRANSPORT_ERROR_TRANSPORT_PARAM);
			EXPECT_STR_EQ(t, err.reason, "invalid version_information");
		}
	}
}

static void unknown_ignored(struct unit *t)
{
	struct quic_error err;
	u8 value[64];
	u32 i, len;

	for (i = 0; i < 500; i++) {
		unit_bytes(t, value, sizeof(value));
		len = put(0x4000 + unit_rand_bits(t, 60), value, unit_below(t, 64));
		EXPECT_EQ(t, decode(buf, len, false, &err), 0);
	}
	/* A length that is not there. */
	len = put(0x4001, value, 10);
	EXPECT_EQ(t, decode(buf, len - 1, false, &err), -EPROTO);
	memset(buf, 0xff, 16);
	EXPECT_EQ(t, decode(buf, 16, false, &err), -EPROTO);
}

static void grease(struct unit *t)
{
	struct quic_rcur r;
	u64 id, v;
	u32 i;
	int len;

	quic_tparams_init(&tp);
	for (i = 0; i < 1000; i++) {
		v = unit_rand(t) | 1;
		len = quic_tparams_encode(&tp, false, v, buf, ROOM);
		ASSERT(t, len > 0);
		r = quic_rcur_init(buf, len);
		id = quic_get_varint(&r);
		div64_u64_rem(id, 31, &v);
		EXPECT_EQ(t, v, 27);
		quic_get_bytes(&r, quic_get_varint(&r));
		EXPECT(t, !r.bad && !quic_rcur_left(&r));
	}
}

static void random_bytes(struct unit *t)
{
	struct quic_error err;
	u32 i, len;

	for (i = 0; i < 30000; i++) {
		len = unit_below(t, 60);
		unit_bytes(t, buf, len);
		if (len > 1) {
			buf[0] &= 0x3f;
			buf[1] &= 0x1f;
		}
		if (decode(buf, len, unit_below(t, 2), &err))
			EXPECT(t, err.set && err.reason);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(defaults),
	UNIT_CASE(round_trip),
	UNIT_CASE(client_leaves_out),
	UNIT_CASE(truncated),
	UNIT_CASE(no_room),
	UNIT_CASE(integer_limits),
	UNIT_CASE(fixed_sizes),
	UNIT_CASE(server_only),
	UNIT_CASE(repeated),
	UNIT_CASE(version_information),
	UNIT_CASE(unknown_ignored),
	UNIT_CASE(grease),
	UNIT_CASE(random_bytes),
};

UNIT_SUITE(tparam, cases);
