// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target: transport parameters.
 *
 *	byte 0		bit 0: they come from a server
 *	bytes 1 to 8	grease of the encoder
 *	the rest	body of the TLS extension
 *
 * The decoder is compared with a plain reading of RFC 9000 18.2 and RFC 9368 4 here. What it
 * accepts is encoded, decoded and encoded again: the same structure, the same
 * bytes, in exactly as much room as they take. Then a connection of the other
 * role gets the bytes from its TLS and, if they name the right connection IDs,
 * lives by the limits in them.
 */
#include "solo.h"

#define BODY_MAX	2048

static u8 body[BODY_MAX];

/* ---- the model ---- */

enum model_kind {
	MODEL_INT,
	MODEL_FLAG,
	MODEL_CID,
	MODEL_TOKEN,
	MODEL_ADDRESS,
	MODEL_VERSIONS,
};

/**
 * struct model_row - a parameter as RFC 9000 18.2 describes it
 * @id: number
 * @kind: how its value looks
 * @server_only: a client must not send it
 * @min: of an integer
 * @max: of an integer
 */
struct model_row {
	u16 id;
	u8 kind;
	bool server_only;
	u64 min;
	u64 max;
};

static const struct model_row model_rows[] = {
	{ 0x00, MODEL_CID, true, 0, 0 },
	{ 0x01, MODEL_INT, false, 0, QUIC_VARINT_MAX },
	{ 0x02, MODEL_TOKEN, true, 0, 0 },
	{ 0x03, MODEL_INT, false, 1200, QUIC_VARINT_MAX },
	{ 0x04, MODEL_INT, false, 0, QUIC_VARINT_MAX },
	{ 0x05, MODEL_INT, false, 0, QUIC_VARINT_MAX },
	{ 0x06, MODEL_INT, false, 0, QUIC_VARINT_MAX },
	{ 0x07, MODEL_INT, false, 0, QUIC_VARINT_MAX },
	{ 0x08, MODEL_INT, false, 0, 1ULL << 60 },
	{ 0x09, MODEL_INT, false, 0, 1ULL << 60 },
	{ 0x0a, MODEL_INT, false, 0, 20 },
	{ 0x0b, MODEL_INT, false, 0, (1 << 14) - 1 },
	{ 0x0c, MODEL_FLAG, false, 0, 0 },
	{ 0x0d, MODEL_ADDRESS, true, 0, 0 },
	{ 0x0e, MODEL_INT, false, 2, QUIC_VARINT_MAX },
	{ 0x0f, MODEL_CID, false, 0, 0 },
	{ 0x10, MODEL_CID, true, 0, 0 },
	{ 0x11, MODEL_VERSIONS, false, 0, 0 },
	{ 0x20, MODEL_INT, false, 0, QUIC_VARINT_MAX },
	{ 0x2ab2, MODEL_FLAG, false, 0, 0 },
};

/* A varint of RFC 9000 16, digit by digit. Return: its bytes, 0: cut short. */
static u32 model_varint(const u8 *p, u32 len, u64 *v)
{
	u32 n, i;

	if (!len)
		return 0;
	n = 1 << (*p >> 6);
	if (n > len)
		return 0;
	*v = *p & 0x3f;
	for (i = 1; i < n; i++)
		*v = *v * 256 + p[i];
	return n;
}

/* Numbers of four bytes, none of them 0; a client's first is there once more. */
static bool model_versions(const u8 *p, u32 len, bool from_server)
{
	static const u8 zero[4];
	bool again = from_server;
	u32 i;

	if (!len || len % 4)
		return false;
	for (i = 0; i < len; i += 4) {
		if (!memcmp(p + i, zero, 4))
			return false;
		again |= i && !memcmp(p + i, p, 4);
	}
	return again;
}

static bool model_value(const struct model_row *row, const u8 *p, u32 len, bool from_server)
{
	u64 v;

	switch (row->kind) {
	case MODEL_INT:
		return len && model_varint(p, len, &v) == len && v >= row->min &&
		       v <= row->max;
	case MODEL_FLAG:
		return !len;
	case MODEL_CID:
		return len <= 20;
	case MODEL_TOKEN:
		return len == 16;
	case MODEL_VERSIONS:
		return model_versions(p, len, from_server);
	default:
		return len >= 25 && p[24] >= 1 && p[24] <= 20 && len == 25U + p[24] + 16;
	}
}

static bool model_accepts(const u8 *p, u32 len, bool from_server)
{
	u32 i, n, seen = 0;
	u64 id, size;

	while (len) {
		n = model_varint(p, len, &id);
		if (!n)
			return false;
		p += n;
		len -= n;
		n = model_varint(p, len, &size);
		if (!n || size > len - n)
			return false;
		p += n;
		len -= n;
		for (i = 0; i < ARRAY_SIZE(model_rows); i++)
			if (model_rows[i].id == id)
				break;
		if (i < ARRAY_SIZE(model_rows)) {
			if (seen & 1U << i || (model_rows[i].server_only && !from_server) ||
			    !model_value(&model_rows[i], p, size, from_server))
				return false;
			seen |= 1U << i;
		}
		p += size;
		len -= size;
	}
	return true;
}

/* ---- the codec ---- */

#define MEMBER(m)	{ offsetof(struct quic_tparams, m), sizeof_field(struct quic_tparams, m) }
#define X(field, ...)		MEMBER(field),
#define X_HAS(field, ...)	MEMBER(has_##field),
/* Parameters whose bytes are equal when they are. */
static const struct {
	size_t at;
	size_t size;
} plain_members[] = {
	QUIC_TPARAMS_INT(X)
	QUIC_TPARAMS_FLAG(X)
	QUIC_TPARAMS_CID(X_HAS)
	MEMBER(has_stateless_reset_token),
	MEMBER(stateless_reset_token),
	MEMBER(has_version_information),
	MEMBER(version_information.chosen),
	MEMBER(version_information.n),
	MEMBER(version_information.available),
};

#undef X_HAS
#undef X
#undef MEMBER

#define X(field, ...)	offsetof(struct quic_tparams, field),
static const size_t cid_members[] = { QUIC_TPARAMS_CID(X) };
#undef X

static bool same(const struct quic_tparams *a, const struct quic_tparams *b)
{
	const u8 *pa = (const u8 *)a, *pb = (const u8 *)b;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(plain_members); i++)
		if (memcmp(pa + plain_members[i].at, pb + plain_members[i].at,
			   plain_members[i].size))
			return false;
	for (i = 0; i < ARRAY_SIZE(cid_members); i++)
		if (!quic_cid_equal((const void *)(pa + cid_members[i]),
				    (const void *)(pb + cid_members[i])))
			return false;
	return true;
}

static void decode_again(const struct quic_tparams *tp, bool server, const u8 *p, u32 len)
{
	struct quic_error err = {};
	struct quic_tparams again;

	FUZZ_CHECK(!quic_tparams_decode(&again, server, p, len, &err));
	FUZZ_CHECK(!err.set && same(tp, &again));
	FUZZ_CHECK(quic_tparams_encode(&again, server, 0, body, sizeof(body)) <= (int)len);
}

/* Encode with and without grease; one byte too little room is -ENOSPC. */
static void round_trip(const struct quic_tparams *tp, bool server, u64 grease)
{
	int len = quic_tparams_encode(tp, server, grease, body, sizeof(body));
	u8 *exact;

	FUZZ_CHECK(len >= 0);
	exact = malloc(len ? len : 1);
	FUZZ_CHECK(quic_tparams_encode(tp, server, grease, exact, len) == len);
	FUZZ_CHECK(!memcmp(exact, body, len));
	decode_again(tp, server, exact, len);
	free(exact);
	if (!len)
		return;
	exact = malloc(len - 1 ? len - 1 : 1);
	FUZZ_CHECK(quic_tparams_encode(tp, server, grease, exact, len - 1) == -ENOSPC);
	free(exact);
}

/* ---- a connection that is told them ---- */

static void open_streams(struct solo *s, const struct quic_tparams *tp)
{
	struct quic_stream *stream;
	u32 i;
	int rc;

	for (i = 0; i < 8; i++) {
		rc = quic_conn_stream_open(s->conn, i & 1, &stream);
		FUZZ_CHECK(rc == (i / 2 < (i & 1 ? tp->initial_max_streams_uni :
					   tp->initial_max_streams_bidi) ? 0 : -EAGAIN));
	}
	FUZZ_CHECK(s->conn->flow_tx.limit == tp->initial_max_data);
}

static void connection(const struct quic_tparams *tp, bool from_server, const u8 *p,
		       u32 len, bool ok)
{
	struct solo_cfg cfg;
	struct solo s;
	int rc;

	solo_defaults(&cfg);
	cfg.server = !from_server;
	if (ok && tp->has_initial_source_connection_id)
		cfg.peer_cid = tp->initial_source_connection_id;
	solo_open(&s, &cfg);
	solo_hello(&s);
	if (ok && tp->has_original_destination_connection_id)
		s.conn->cids.odcid = tp->original_destination_connection_id;
	rc = quic_conn_set_peer_tparams(s.conn, p, len, s.now);
	ok = ok && tp->has_initial_source_connection_id;
	/* RFC 9368 4: the version in use */
	if (tp->has_version_information)
		ok = ok && tp->version_information.chosen == QUIC_VERSION_V1;
	if (from_server)
		ok = ok && tp->has_original_destination_connection_id &&
		     !tp->has_retry_source_connection_id &&
		     /* RFC 9000 5.1.1, 18.2: who has no connection IDs has none there */
		     !(tp->has_preferred_address && !cfg.peer_cid.len);
	FUZZ_CHECK(rc == (ok ? 0 : -EPROTO));
	FUZZ_CHECK((quic_conn_state(s.conn) == QUIC_CONN_HANDSHAKE) == ok);
	if (ok) {
		FUZZ_CHECK(quic_conn_set_peer_tparams(s.conn, p, len, s.now) == -EINVAL);
		FUZZ_CHECK(!quic_conn_handshake_complete(s.conn, s.now));
		open_streams(&s, tp);
	}
	solo_check(&s);
	solo_run(&s, s.now + 2 * QUIC_NS_PER_SEC);
	solo_check(&s);
	solo_close(&s);
}

/* What a listener was configured with is sent with IDs and token of its own. */
static void local_params(const struct quic_tparams *tp, bool server)
{
	struct quic_error err = {};
	struct quic_tparams sent;
	struct solo_cfg cfg;
	struct solo s;
	int len;

	solo_defaults(&cfg);
	cfg.server = server;
	solo_open(&s, &cfg);
	len = quic_conn_encode_tparams(s.conn, tp, s.conn->version, body, sizeof(body));
	FUZZ_CHECK(len > 0);
	FUZZ_CHECK(!quic_tparams_decode(&sent, server, body, len, &err));
	FUZZ_CHECK(sent.has_initial_source_connection_id &&
		   quic_cid_equal(&sent.initial_source_connection_id,
				  &s.conn->cids.local[0].cid));
	FUZZ_CHECK(sent.has_original_destination_connection_id == server &&
		   sent.has_stateless_reset_token == server);
	FUZZ_CHECK(sent.has_version_information &&
		   sent.version_information.chosen == QUIC_VERSION_V1);
	solo_close(&s);
}

static void one(const u8 *p, u32 len, bool from_server, u64 grease)
{
	struct quic_error err = {};
	struct quic_tparams tp;
	int rc = quic_tparams_decode(&tp, from_server, p, len, &err);

	FUZZ_CHECK(rc == (model_accepts(p, len, from_server) ? 0 : -EPROTO));
	FUZZ_CHECK(err.set == !!rc);
	if (rc) {
		FUZZ_CHECK(err.code == QUIC_TRANSPORT_ERROR_TRANSPORT_PARAM && *err.reason);
	} else {
		round_trip(&tp, from_server, 0);
		round_trip(&tp, from_server, grease);
		local_params(&tp, from_server);
	}
	connection(&tp, from_server, p, len, !rc);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_in in = { data, data + size };
	u8 flags = fuzz_u8(&in), *copy;
	u64 grease = fuzz_be(&in, 8);
	u32 len = fuzz_left(&in);

	shim_host_reset(1);
	copy = malloc(len ? len : 1);
	memcpy(copy, in.p, len);
	one(copy, len, flags & 1, grease);
	free(copy);
	FUZZ_CHECK(!shim_host_live());
	return 0;
}

/* ---- mutation: by whole parameters ---- */

/* One parameter, more often right than wrong. Return: bytes. */
static u32 random_param(struct fuzz_dice *d, u8 *p, u32 room)
{
	const struct model_row *row = &model_rows[fuzz_below(d, ARRAY_SIZE(model_rows))];
	struct quic_wcur w = quic_wcur_init(p, room);
	u64 v = fuzz_below(d, 4) ? fuzz_number(d) : row->max + fuzz_below(d, 3) - 1;
	u32 len;

	v &= QUIC_VARINT_MAX;
	quic_put_varint(&w, fuzz_below(d, 16) ? row->id : fuzz_number(d));
	switch (row->kind) {
	case MODEL_INT:
		quic_put_varint(&w, quic_varint_len(v));
		quic_put_varint(&w, v);
		break;
	case MODEL_FLAG:
		quic_put_varint(&w, !fuzz_below(d, 8));
		break;
	default:
		len = row->kind == MODEL_CID ? fuzz_below(d, 23) :
		      row->kind == MODEL_TOKEN ? 16 : 25 + 16 + 4;
		quic_put_varint(&w, len);
		while (len--)
			quic_put_u8(&w, 4);
		break;
	}
	return w.bad ? 0 : w.p - p;
}

/* The end of the parameter at @at, or @at at the end. */
static u32 param_end(const u8 *data, u32 size, u32 at)
{
	struct quic_rcur c = quic_rcur_init(data + at, size - at);

	quic_get_varint(&c);
	quic_get_bytes(&c, quic_get_varint(&c));
	return c.bad ? size : c.p - data;
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max, unsigned int seed)
{
	struct fuzz_dice d = { seed };
	u8 param[80];
	u32 at = 9, n;

	if (size < at || !fuzz_below(&d, 3))
		return LLVMFuzzerMutate(data, size, max);
	for (n = fuzz_below(&d, 8); n && at < size; n--)
		at = param_end(data, size, at);
	if (!fuzz_below(&d, 4))
		return fuzz_cut(data, size, at, param_end(data, size, at));
	n = random_param(&d, param, sizeof(param));
	return fuzz_insert(data, size, max, at, param, n);
}
