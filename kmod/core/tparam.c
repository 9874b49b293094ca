// SPDX-License-Identifier: GPL-2.0
/*
 * Transport parameters: id, length, value, in any order.
 *
 * One row per parameter, made from the lists of defs_tparam.h, drives decoder
 * and encoder; a kind says how the value looks. A value must fill its length
 * exactly. Unknown parameters are skipped, as RFC 9000 7.4.2 asks; those we
 * know may come once. Linear in the input times the rows, once a connection.
 *
 * preferred_address is checked and then ignored: we do not migrate to it.
 */
#include "tparam.h"
#include "plant.h"
#include "version.h"

enum quic_tparam_kind {
	QUIC_TPARAM_INT,
	QUIC_TPARAM_FLAG,
	QUIC_TPARAM_CID,
	QUIC_TPARAM_TOKEN,
	QUIC_TPARAM_ADDRESS,
	QUIC_TPARAM_VERSIONS,
};

/**
 * struct quic_tparam_row - one parameter
 * @id: on the wire
 * @kind: how its value is encoded
 * @server_only: a client must not send it
 * @off: of the value in struct quic_tparams
 * @has_off: of the flag that it is present, where there is one
 * @def: integers: what absence means
 * @min: integers: smallest legal value
 * @max: integers: largest
 * @invalid: reason for a bad value
 * @repeated: reason for a second one
 * @misplaced: reason for one from a client
 */
struct quic_tparam_row {
	u16 id;
	u8 kind;
	bool server_only;
	u16 off;
	u16 has_off;
	u64 def;
	u64 min;
	u64 max;
	const char *invalid;
	const char *repeated;
	const char *misplaced;
};

#define QUIC_TPARAM_TEXTS(name) \
	.invalid = "invalid " #name, \
	.repeated = "repeated " #name, \
	.misplaced = "client sent " #name

static const struct quic_tparam_row quic_tparam_rows[] = {
#define X(field, _id, _def, _min, _max) { \
	.id = _id, .kind = QUIC_TPARAM_INT, \
	.off = offsetof(struct quic_tparams, field), \
	.def = _def, .min = _min, .max = _max, QUIC_TPARAM_TEXTS(field) },
	QUIC_TPARAMS_INT(X)
#undef X
#define X(field, _id) { \
	.id = _id, .kind = QUIC_TPARAM_FLAG, \
	.off = offsetof(struct quic_tparams, field), QUIC_TPARAM_TEXTS(field) },
	QUIC_TPARAMS_FLAG(X)
#undef X
#define X(field, _id, server) { \
	.id = _id, .kind = QUIC_TPARAM_CID, .server_only = server, \
	.off = offsetof(struct quic_tparams, field), \
	.has_off = offsetof(struct quic_tparams, has_##field), \
	QUIC_TPARAM_TEXTS(field) },
	QUIC_TPARAMS_CID(X)
#undef X
	{
		.id = QUIC_TPARAM_STATELESS_RESET_TOKEN,
		.kind = QUIC_TPARAM_TOKEN, .server_only = true,
		.off = offsetof(struct quic_tparams, stateless_reset_token),
		.has_off = offsetof(struct quic_tparams, has_stateless_reset_token),
		QUIC_TPARAM_TEXTS(stateless_reset_token)
	}, {
		.id = QUIC_TPARAM_PREFERRED_ADDRESS,
		.kind = QUIC_TPARAM_ADDRESS, .server_only = true,
		.has_off = offsetof(struct quic_tparams, has_preferred_address),
		QUIC_TPARAM_TEXTS(preferred_address)
	}, {
		.id = QUIC_TPARAM_VERSION_INFORMATION,
		.kind = QUIC_TPARAM_VERSIONS,
		.off = offsetof(struct quic_tparams, version_information),
		.has_off = offsetof(struct quic_tparams, has_version_information),
		QUIC_TPARAM_TEXTS(version_information)
	},
};

static const struct quic_tparam_row *quic_tparam_find(u64 id)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(quic_tparam_rows); i++) {
		if (quic_tparam_rows[i].id == id)
			return &quic_tparam_rows[i];
	}
	return NULL;
}

void quic_tparams_init(struct quic_tparams *tp)
{
	const struct quic_tparam_row *row = quic_tparam_rows;

	memset(tp, 0, sizeof(*tp));
	for (; row < quic_tparam_rows + ARRAY_SIZE(quic_tparam_rows); row++) {
		if (row->kind == QUIC_TPARAM_INT)
			*(u64 *)((u8 *)tp + row->off) = row->def;
	}
}

/* Addresses and ports of both families, connection ID, token (RFC 9000 18.2). */
static void quic_tparam_skip_address(struct quic_rcur *c)
{
	u8 len;

	quic_get_bytes(c, 4 + 2 + 16 + 2);
	len = quic_get_u8(c);
	if (len < 1 || len > QUIC_CID_MAX_LEN)
		c->bad = true;
	quic_get_bytes(c, len);
	quic_get_bytes(c, QUIC_RESET_TOKEN_LEN);
}

/* Return: the value at @c is legal and fills it. */
static bool quic_tparam_get(const struct quic_tparam_row *row, bool from_server,
			    struct quic_rcur *c, struct quic_tparams *tp)
{
	u8 *at = (u8 *)tp + row->off;
	size_t len = quic_rcur_left(c);
	u64 v;

	switch (row->kind) {
	case QUIC_TPARAM_INT:
		v = quic_get_varint(c);
		if (v < row->min || v > row->max + QUIC_PLANTED(23))
			return false;
		*(u64 *)at = v;
		break;
	case QUIC_TPARAM_FLAG:
		*(bool *)at = true;
		break;
	case QUIC_TPARAM_CID:
		if (len > QUIC_CID_MAX_LEN)
			return false;
		quic_cid_set((struct quic_cid *)at, quic_get_bytes(c, len), len);
		break;
	case QUIC_TPARAM_TOKEN:
		if (len != QUIC_RESET_TOKEN_LEN)
			return false;
		memcpy(at, quic_get_bytes(c, len), len);
		break;
	case QUIC_TPARAM_ADDRESS:
		quic_tparam_skip_address(c);
		break;
	case QUIC_TPARAM_VERSIONS:
		if (!quic_version_info_get(c, from_server, (struct quic_version_info *)at))
			return false;
		break;
	}
	if (row->has_off)
		*(bool *)((u8 *)tp + row->has_off) = true;
	return !c->bad && !quic_rcur_left(c);
}

/* One parameter. Return: NULL or the reason why not. */
static const char *quic_tparam_next(struct quic_rcur *c, bool from_server,
				    struct quic_tparams *tp, u32 *seen)
{
	const struct quic_tparam_row *row;
	struct quic_rcur value;
	const u8 *p;
	u64 id, len;
	u32 bit;

	id = quic_get_varint(c);
	len = quic_get_varint(c);
	p = quic_get_bytes(c, len);
	if (!p)
		return "transport parameters cut short";
	row = quic_tparam_find(id);
	if (!row)
		return NULL;
	bit = 1U << (row - quic_tparam_rows);
	if (*seen & bit)
		return row->repeated;
	*seen |= bit;
	if (row->server_only && !from_server)
		return row->misplaced;
	value = quic_rcur_init(p, len);
	return quic_tparam_get(row, from_server, &value, tp) ? NULL : row->invalid;
}

int quic_tparams_decode(struct quic_tparams *tp, bool from_server,
			const u8 *data, u32 len, struct quic_error *err)
{
	struct quic_rcur c = quic_rcur_init(data, len);
	const char *reason;
	u32 seen = 0;

	BUILD_BUG_ON(ARRAY_SIZE(quic_tparam_rows) > 32);
	quic_tparams_init(tp);
	while (quic_rcur_left(&c)) {
		reason = quic_tparam_next(&c, from_server, tp, &seen);
		if (reason)
			return quic_error_set(err, QUIC_TRANSPORT_ERROR_TRANSPORT_PARAM,
					      0, reason);
	}
	return 0;
}

static void quic_tparam_put_bytes(struct quic_wcur *c, u64 id, const u8 *p,
				  u32 len)
{
	quic_put_varint(c, id);
	quic_put_varint(c, len);
	quic_put_bytes(c, p, len);
}

static void quic_tparam_put(const struct quic_tparam_row *row,
			    struct quic_wcur *c, const struct quic_tparams *tp)
{
	const u8 *at = (const u8 *)tp + row->off;
	const struct quic_cid *cid = (const struct quic_cid *)at;
	const struct quic_version_info *vi = (const struct quic_version_info *)at;
	u64 v;

	if (row->has_off && !*(const bool *)((const u8 *)tp + row->has_off))
		return;
	switch (row->kind) {
	case QUIC_TPARAM_INT:
		v = *(const u64 *)at;
		if (v == row->def)
			break;
		quic_put_varint(c, row->id);
		quic_put_varint(c, quic_varint_len(v));
		quic_put_varint(c, v);
		break;
	case QUIC_TPARAM_FLAG:
		if (*(const bool *)at)
			quic_tparam_put_bytes(c, row->id, NULL, 0);
		break;
	case QUIC_TPARAM_CID:
		quic_tparam_put_bytes(c, row->id, cid->id, cid->len);
		break;
	case QUIC_TPARAM_TOKEN:
		quic_tparam_put_bytes(c, row->id, at, QUIC_RESET_TOKEN_LEN);
		break;
	case QUIC_TPARAM_VERSIONS:
		quic_put_varint(c, row->id);
		quic_put_varint(c, 4 * (1 + vi->n));
		quic_version_info_put(c, vi);
		break;
	default:
		break;
	}
}

/* A reserved parameter, 31 * N + 27, with 0 to 7 bytes of nothing. */
static void quic_tparam_put_grease(struct quic_wcur *c, u64 grease)
{
	u8 bytes[8];

	put_unaligned_be64(grease, bytes);
	quic_tparam_put_bytes(c, 31 * (grease & 0xffffffffffffULL) + 27, bytes,
			      grease >> 61);
}

int quic_tparams_encode(const struct quic_tparams *tp, bool server, u64 grease,
			u8 *buf, u32 len)
{
	struct quic_wcur c = quic_wcur_init(buf, len);
	const struct quic_tparam_row *row = quic_tparam_rows;

	for (; row < quic_tparam_rows + ARRAY_SIZE(quic_tparam_rows); row++) {
		if (server || !row->server_only)
			quic_tparam_put(row, &c, tp);
	}
	if (grease)
		quic_tparam_put_grease(&c, grease);
	return c.bad ? -ENOSPC : (int)(c.p - buf);
}
