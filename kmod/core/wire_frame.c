// SPDX-License-Identifier: GPL-2.0
/*
 * Frames: one decoder and one encoder, both driven by a layout per row of
 * defs_frame.h, and a direct decoder for the three types that most packets have.
 *
 * A layout is the list of fields of RFC 9000 19 in order of the wire, each with
 * its place in struct quic_frame, and the checks that a frame must pass by
 * itself. Bits of the type that add fields (STREAM, ACK, DATAGRAM) are
 * conditions of fields.
 *
 * The direct decoders accept exactly what the table accepts: on anything they
 * do not like they leave the cursor alone and the table decides, and names the
 * error. A differential test compares the two.
 *
 * Worst case: linear in the payload. An ACK of n ranges is walked once here
 * (so that quic_ack_iter_next() needs no checks of its own) and once by its
 * user; each range takes two bytes of a packet at least.
 */
#include "wire_frame.h"
#include "plant.h"

enum quic_field_op {
	QUIC_FLD_END,
	QUIC_FLD_VARINT,	/* u64 */
	QUIC_FLD_BLOB,		/* Length, then bytes */
	QUIC_FLD_REST,		/* bytes to the end of the packet */
	QUIC_FLD_BYTES8,	/* pointer to so many */
	QUIC_FLD_BYTES16,
	QUIC_FLD_CID,		/* one byte of length, 1 to 20 bytes */
	QUIC_FLD_RANGES,	/* of an ACK, by its counts */
	QUIC_FLD_RUN,		/* further zero bytes */
	QUIC_FLD_FIN,		/* from the type's bit */
	/* checks over fields decoded before */
	QUIC_CHK_OFFSET,	/* offset + length at most 2^62-1 */
	QUIC_CHK_STREAMS,	/* at most 2^60 */
	QUIC_CHK_NONEMPTY,
	QUIC_CHK_RETIRE,	/* retire_prior_to at most seq */
};

/**
 * struct quic_field - one step of a layout
 * @op: enum quic_field_op
 * @off: of the member in struct quic_frame
 * @when: bit of the type that must be set, or 0
 * @unless: bit of the type that must be clear, or 0
 */
struct quic_field {
	u8 op;
	u8 off;
	u8 when;
	u8 unless;
};

/* How BLOB, REST and RANGES lie in struct quic_frame. */
struct quic_field_blob {
	const u8 *data;
	u32 len;
};

#define QUIC_BLOB_IS(_data, _len) \
	static_assert(offsetof(struct quic_frame, u._len) - \
		      offsetof(struct quic_frame, u._data) == \
		      offsetof(struct quic_field_blob, len))

QUIC_BLOB_IS(stream.data, stream.len);
QUIC_BLOB_IS(blob.data, blob.len);
QUIC_BLOB_IS(close.reason, close.reason_len);
QUIC_BLOB_IS(ack.ranges, ack.ranges_len);
static_assert(sizeof(struct quic_frame) <= U8_MAX);

#define AT(member)			offsetof(struct quic_frame, u.member)
#define FLD(op, member)			{ QUIC_FLD_##op, AT(member), 0, 0 }
#define FLD_IF(bit, op, member)		{ QUIC_FLD_##op, AT(member), bit, 0 }
#define FLD_NOT(bit, op, member)	{ QUIC_FLD_##op, AT(member), 0, bit }
#define CHK(op, member)			{ QUIC_CHK_##op, AT(member), 0, 0 }
#define LAYOUT(name, ...) \
	static const struct quic_field quic_layout_##name[] = { __VA_ARGS__ { 0 } }

LAYOUT(PADDING, FLD(RUN, padding.len),);
LAYOUT(PING,);
LAYOUT(ACK,
       FLD(VARINT, ack.largest), FLD(VARINT, ack.delay),
       FLD(VARINT, ack.range_count), FLD(VARINT, ack.first_range),
       FLD(RANGES, ack.ranges),
       FLD_IF(1, VARINT, ack.ect0), FLD_IF(1, VARINT, ack.ect1),
       FLD_IF(1, VARINT, ack.ce),);
LAYOUT(RESET_STREAM,
       FLD(VARINT, reset.id), FLD(VARINT, reset.code),
       FLD(VARINT, reset.final_size),);
LAYOUT(STOP_SENDING, FLD(VARINT, reset.id), FLD(VARINT, reset.code),);
LAYOUT(CRYPTO,
       FLD(VARINT, stream.offset), FLD(BLOB, stream.data),
       CHK(OFFSET, stream),);
LAYOUT(NEW_TOKEN, FLD(BLOB, blob.data), CHK(NONEMPTY, blob.data),);
LAYOUT(STREAM,
       FLD(FIN, stream.fin), FLD(VARINT, stream.id),
       FLD_IF(QUIC_STREAM_F_OFF, VARINT, stream.offset),
       FLD_IF(QUIC_STREAM_F_LEN, BLOB, stream.data),
       FLD_NOT(QUIC_STREAM_F_LEN, REST, stream.data),
       CHK(OFFSET, stream),);
LAYOUT(MAX_DATA, FLD(VARINT, max.limit),);
LAYOUT(MAX_STREAM_DATA, FLD(VARINT, max.id), FLD(VARINT, max.limit),);
LAYOUT(MAX_STREAMS, FLD(VARINT, max.limit), CHK(STREAMS, max.limit),);
LAYOUT(DATA_BLOCKED, FLD(VARINT, max.limit),);
LAYOUT(STREAM_DATA_BLOCKED, FLD(VARINT, max.id), FLD(VARINT, max.limit),);
LAYOUT(STREAMS_BLOCKED, FLD(VARINT, max.limit), CHK(STREAMS, max.limit),);
LAYOUT(NEW_CONNECTION_ID,
       FLD(VARINT, new_cid.seq), FLD(VARINT, new_cid.retire_prior_to),
       FLD(CID, new_cid.cid), FLD(BYTES16, new_cid.token),
       CHK(RETIRE, new_cid),);
LAYOUT(RETIRE_CONNECTION_ID, FLD(VARINT, retire_cid.seq),);
LAYOUT(PATH_CHALLENGE, FLD(BYTES8, path.data),);
LAYOUT(PATH_RESPONSE, FLD(BYTES8, path.data),);
LAYOUT(CONNECTION_CLOSE,
       FLD(VARINT, close.code), FLD(VARINT, close.frame_type),
       FLD(BLOB, close.reason),);
LAYOUT(CONNECTION_CLOSE_APP, FLD(VARINT, close.code), FLD(BLOB, close.reason),);
LAYOUT(HANDSHAKE_DONE,);
LAYOUT(DATAGRAM, FLD_IF(1, BLOB, blob.data), FLD_NOT(1, REST, blob.data),);

/**
 * struct quic_frame_row - all we know of a frame type
 * @info: the public part
 * @layout: fields and checks
 * @cut: reason to give when a field runs over the end
 */
struct quic_frame_row {
	struct quic_frame_info info;
	const struct quic_field *layout;
	const char *cut;
};

static const struct quic_frame_row quic_frame_rows[] = {
#define X(name, first, last, pkts, attrs) \
	[first ... last] = { \
		{ #name, (pkts) | (attrs) }, \
		quic_layout_##name, \
		#name " frame is cut short", \
	},
	QUIC_FRAMES(X)
#undef X
};

static const struct quic_frame_row *quic_frame_row(u64 type)
{
	if (type >= ARRAY_SIZE(quic_frame_rows) || !quic_frame_rows[type].layout)
		return NULL;
	return &quic_frame_rows[type];
}

const struct quic_frame_info *quic_frame_info(u64 type)
{
	const struct quic_frame_row *row = quic_frame_row(type);

	return row ? &row->info : NULL;
}

/* A run of zero bytes, eight at a time where it is long. */
static u32 quic_get_padding(struct quic_rcur *c)
{
	const u8 *start = c->p;

	while (quic_rcur_left(c) >= 8 && !get_unaligned_le64(c->p))
		c->p += 8;
	while (c->p < c->end && !*c->p)
		c->p++;
	return c->p - start;
}

/*
 * Walk the ranges of an ACK down from its largest number: none may pass 0
 * (RFC 9000 19.3.1).
 */
static bool quic_get_ranges(struct quic_rcur *c, struct quic_frame *f)
{
	u64 smallest, gap, len, i;

	f->u.ack.ranges = c->p;
	if (check_sub_overflow(f->u.ack.largest, f->u.ack.first_range, &smallest))
		return false;
	for (i = 0; i < f->u.ack.range_count; i++) {
		gap = quic_get_varint(c);
		len = quic_get_varint(c);
		if (c->bad)
			return true;
		if (smallest < gap + 2 || smallest - gap - 2 < len)
			return false;
		smallest -= gap + 2 + len;
	}
	f->u.ack.ranges_len = c->p - f->u.ack.ranges;
	return true;
}

/* Return: NULL, or the rule that is broken. */
static const char *quic_field_check(const struct quic_field *fld,
				    const struct quic_frame *f)
{
	const u8 *at = (const u8 *)f + fld->off;

	switch (fld->op) {
	case QUIC_CHK_OFFSET:
		if (f->u.stream.len > QUIC_VARINT_MAX - f->u.stream.offset)
			return "data passes offset 2^62-1";
		break;
	case QUIC_CHK_STREAMS:
		if (*(const u64 *)at > QUIC_STREAMS_MAX)
			return "more than 2^60 streams";
		break;
	case QUIC_CHK_NONEMPTY:
		if (!((const struct quic_field_blob *)at)->len)
			return "NEW_TOKEN without a token";
		break;
	case QUIC_CHK_RETIRE:
		if (f->u.new_cid.retire_prior_to > f->u.new_cid.seq)
			return "Retire Prior To above the sequence number";
		break;
	}
	return NULL;
}

static const char *quic_get_cid(struct quic_rcur *c, struct quic_cid *cid)
{
	u8 len = quic_get_u8(c);
	const u8 *id;

	if (!c->bad && (len < 1 || len > QUIC_CID_MAX_LEN))
		return "connection ID length not 1 to 20";
	id = quic_get_bytes(c, len);
	if (id)
		quic_cid_set(cid, id, len);
	return NULL;
}

static void quic_get_blob(struct quic_rcur *c, struct quic_field_blob *blob,
			  u64 len)
{
	blob->data = quic_get_bytes(c, len);
	blob->len = len;
}

/* Decode one field. Return: NULL (look at c->bad) or the rule broken. */
static const char *quic_field_get(const struct quic_field *fld,
				  struct quic_rcur *c, struct quic_frame *f)
{
	void *at = (u8 *)f + fld->off;

	switch (fld->op) {
	case QUIC_FLD_VARINT:
		*(u64 *)at = quic_get_varint(c);
		break;
	case QUIC_FLD_BLOB:
		quic_get_blob(c, at, quic_get_varint(c));
		break;
	case QUIC_FLD_REST:
		quic_get_blob(c, at, quic_rcur_left(c));
		break;
	case QUIC_FLD_BYTES8:
		*(const u8 **)at = quic_get_bytes(c, 8);
		break;
	case QUIC_FLD_BYTES16:
		*(const u8 **)at = quic_get_bytes(c, 16);
		break;
	case QUIC_FLD_CID:
		return quic_get_cid(c, at);
	case QUIC_FLD_RANGES:
		return quic_get_ranges(c, f) ? NULL : "ACK range below 0";
	case QUIC_FLD_RUN:
		*(u32 *)at = 1 + quic_get_padding(c);
		break;
	case QUIC_FLD_FIN:
		*(bool *)at = f->type & QUIC_STREAM_F_FIN;
		break;
	default:
		return quic_field_check(fld, f);
	}
	return NULL;
}

static bool quic_field_applies(const struct quic_field *fld, u64 type)
{
	return (type & fld->when) == fld->when && !(type & fld->unless);
}

static int quic_frame_parse_fields(const struct quic_frame_row *row,
				   struct quic_rcur *c, struct quic_frame *f,
				   struct quic_error *err)
{
	const struct quic_field *fld;
	const char *broken;

	for (fld = row->layout; fld->op != QUIC_FLD_END; fld++) {
		if (!quic_field_applies(fld, f->type))
			continue;
		broken = quic_field_get(fld, c, f);
		if (!broken && c->bad)
			broken = row->cut;
		if (broken)
			return quic_error_set(err, QUIC_TRANSPORT_ERROR_FRAME_ENCODING,
					      f->type, broken);
	}
	return 0;
}

int quic_frame_parse_table(struct quic_rcur *c, u8 pkt, struct quic_frame *f,
			   struct quic_error *err)
{
	struct quic_rcur cur = *c;
	const struct quic_frame_row *row;
	int rc;

	memset(f, 0, sizeof(*f));
	f->type = quic_get_varint(&cur);
	row = quic_frame_row(f->type);
	if (cur.bad || !row)
		return quic_error_set(err, QUIC_TRANSPORT_ERROR_FRAME_ENCODING,
				      f->type, "unknown frame type");
	if (cur.p - c->p != quic_varint_len(f->type))
		return quic_error_set(err, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION,
				      f->type, "frame type not in its shortest form");
	if (!(row->info.flags & pkt))
		return quic_error_set(err, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION,
				      f->type, "frame not allowed in this packet");
	rc = quic_frame_parse_fields(row, &cur, f, err);
	if (!rc)
		*c = cur;
	return rc;
}

/* Return: false to let the table decide. */
static bool quic_frame_parse_stream(struct quic_rcur *c, struct quic_frame *f)
{
	struct quic_rcur cur = *c;
	u8 type = *cur.p++;
	u64 len;

	f->type = type;
	f->u.stream.fin = type & QUIC_STREAM_F_FIN;
	f->u.stream.id = quic_get_varint(&cur);
	f->u.stream.offset = type & QUIC_STREAM_F_OFF ? quic_get_varint(&cur) : 0;
	len = type & QUIC_STREAM_F_LEN ? quic_get_varint(&cur) :
					 quic_rcur_left(&cur);
	f->u.stream.data = quic_get_bytes(&cur, len);
	f->u.stream.len = len;
	if (unlikely(cur.bad ||
		     len > QUIC_VARINT_MAX - f->u.stream.offset + QUIC_PLANTED(22)))
		return false;
	*c = cur;
	return true;
}

/* Return: false to let the table decide. */
static bool quic_frame_parse_ack(struct quic_rcur *c, struct quic_frame *f)
{
	struct quic_rcur cur = *c;
	u8 type = *cur.p++;
	bool ecn = type & 1;

	f->type = type;
	f->u.ack.largest = quic_get_varint(&cur);
	f->u.ack.delay = quic_get_varint(&cur);
	f->u.ack.range_count = quic_get_varint(&cur);
	f->u.ack.first_range = quic_get_varint(&cur);
	if (!quic_get_ranges(&cur, f))
		return false;
	f->u.ack.ect0 = ecn ? quic_get_varint(&cur) : 0;
	f->u.ack.ect1 = ecn ? quic_get_varint(&cur) : 0;
	f->u.ack.ce = ecn ? quic_get_varint(&cur) : 0;
	if (unlikely(cur.bad))
		return false;
	*c = cur;
	return true;
}

int quic_frame_parse(struct quic_rcur *c, u8 pkt, struct quic_frame *f,
		     struct quic_error *err)
{
	if (likely(quic_rcur_left(c) && !c->bad)) {
		u8 type = *c->p;

		if (type == QUIC_FRAME_PADDING) {	/* in all packets */
			f->type = type;
			f->u.padding.len = quic_get_padding(c);
			return 0;
		}

		if ((type & ~7) == QUIC_FRAME_STREAM && (pkt & QUIC_F_01) &&
		    quic_frame_parse_stream(c, f))
			return 0;
		if ((type & ~1) == QUIC_FRAME_ACK && (pkt & QUIC_F_IH1) &&
		    quic_frame_parse_ack(c, f))
			return 0;
	}
	return quic_frame_parse_table(c, pkt, f, err);
}

int quic_frames_parse(const u8 *data, u32 len, u8 pkt, struct quic_frame *f, u32 max,
		      struct quic_frames_sum *sum, struct quic_error *err)
{
	struct quic_rcur c = quic_rcur_init(data, len);
	struct quic_frame rest, *at = f;
	struct quic_frames_sum s = {};
	u8 flags;

	if (!len)
		return quic_error_set(err, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION,
				      0, "packet without frames");
	/* what senders put in front of data, and nobody acts upon */
	if (!*data)
		quic_get_padding(&c);
	while (quic_rcur_left(&c)) {
		if (quic_frame_parse(&c, pkt, at, err))
			return -EPROTO;
		flags = quic_frame_rows[at->type].info.flags;
		at = ++s.n < max ? at + 1 : &rest;
		s.ack_eliciting |= !(flags & QUIC_F_N);
		s.non_probing |= !(flags & QUIC_F_P);
	}
	*sum = s;
	return 0;
}

void quic_ack_iter_init(struct quic_ack_iter *it, const struct quic_frame *f)
{
	*it = (struct quic_ack_iter){
		.c = quic_rcur_init(f->u.ack.ranges, f->u.ack.ranges_len),
		.left = f->u.ack.range_count,
		.first = true,
		.largest = f->u.ack.largest,
		.first_range = f->u.ack.first_range,
	};
}

bool quic_ack_iter_next(struct quic_ack_iter *it, u64 *lo, u64 *hi)
{
	if (it->first) {
		it->first = false;
		*hi = it->largest;
		*lo = it->largest - it->first_range;
	} else {
		if (!it->left)
			return false;
		it->left--;
		*hi = it->smallest - quic_get_varint(&it->c) - 2;
		*lo = *hi - quic_get_varint(&it->c);
	}
	it->smallest = *lo;
	return true;
}

static void quic_put_zeros(struct quic_wcur *c, u32 len)
{
	u8 *p = quic_put_space(c, len);

	if (p)
		memset(p, 0, len);
}

static void quic_field_put(const struct quic_field *fld, struct quic_wcur *c,
			   const struct quic_frame *f)
{
	const void *at = (const u8 *)f + fld->off;
	const struct quic_field_blob *blob = at;
	const struct quic_cid *cid = at;

	switch (fld->op) {
	case QUIC_FLD_VARINT:
		quic_put_varint(c, *(const u64 *)at);
		break;
	case QUIC_FLD_BLOB:
		quic_put_varint(c, blob->len);
		fallthrough;
	case QUIC_FLD_REST:
	case QUIC_FLD_RANGES:
		quic_put_bytes(c, blob->data, blob->len);
		break;
	case QUIC_FLD_BYTES8:
		quic_put_bytes(c, *(const u8 *const *)at, 8);
		break;
	case QUIC_FLD_BYTES16:
		quic_put_bytes(c, *(const u8 *const *)at, 16);
		break;
	case QUIC_FLD_CID:
		quic_put_u8(c, cid->len);
		quic_put_bytes(c, cid->id, cid->len);
		break;
	case QUIC_FLD_RUN:
		quic_put_zeros(c, *(const u32 *)at - 1);
		break;
	default:
		break;
	}
}

u32 quic_frame_put(struct quic_wcur *c, const struct quic_frame *f)
{
	const struct quic_frame_row *row = quic_frame_row(f->type);
	const struct quic_field *fld;
	u8 *start = c->p;

	if (WARN_ON_ONCE(!row))
		return 0;
	quic_put_varint(c, f->type);
	for (fld = row->layout; fld->op != QUIC_FLD_END; fld++) {
		if (quic_field_applies(fld, f->type))
			quic_field_put(fld, c, f);
	}
	if (c->bad)
		c->p = start;
	return c->p - start;
}

void quic_frame_put_stream_hdr(struct quic_wcur *c, u64 id, u64 offset, u32 len,
			       bool with_len, bool fin)
{
	quic_put_u8(c, QUIC_FRAME_STREAM | (offset ? QUIC_STREAM_F_OFF : 0) |
		       (with_len ? QUIC_STREAM_F_LEN : 0) |
		       (fin ? QUIC_STREAM_F_FIN : 0));
	quic_put_varint(c, id);
	if (offset)
		quic_put_varint(c, offset);
	if (with_len)
		quic_put_varint(c, len);
}
