// SPDX-License-Identifier: GPL-2.0
/*
 * Frames for the mutators: complete ones, with numbers that small connections
 * know or that sit at an edge, legal or not. Deterministic, from the dice.
 */
#include "gen.h"

static const u8 bytes[64];

static u64 some_id(struct fuzz_dice *d)
{
	return fuzz_below(d, 8) ? fuzz_below(d, 16) : fuzz_number(d);
}

/* Close to the end of what there can be, or anything. */
static u64 some_offset(struct fuzz_dice *d)
{
	return fuzz_below(d, 6) ? fuzz_number(d) : QUIC_VARINT_MAX - fuzz_below(d, 64);
}

/* Mostly a part of one NewSessionTicket after another, the right one for its offset. */
static void random_crypto(struct fuzz_dice *d, struct quic_frame *f)
{
	static const u8 ticket[32] = {
		4, 0, 0, 28, [14] = 1, [17] = 14, [19] = 42, [21] = 4, 0xff, 0xff, 0xff, 0xff,
		[27] = 9, [29] = 2,
	};
	static u8 tickets[3 * sizeof(ticket)];
	u32 i;

	for (i = 0; i < sizeof(tickets); i++)
		tickets[i] = ticket[i % sizeof(ticket)];
	f->u.stream.offset = some_offset(d);
	f->u.stream.data = fuzz_below(d, 8) ? tickets + f->u.stream.offset % sizeof(ticket) :
					      bytes;
	f->u.stream.len = fuzz_below(d, sizeof(bytes));
}

static void random_ack(struct fuzz_dice *d, struct quic_wcur *w)
{
	u32 n = fuzz_below(d, 4);
	u8 type = QUIC_FRAME_ACK + fuzz_below(d, 2);

	quic_put_u8(w, type);
	quic_put_varint(w, fuzz_below(d, 8) ? fuzz_below(d, 24) : fuzz_number(d));
	quic_put_varint(w, fuzz_number(d));
	quic_put_varint(w, n);
	quic_put_varint(w, fuzz_below(d, 4));
	for (n = 2 * n + (type & 1 ? 3 : 0); n; n--)
		quic_put_varint(w, fuzz_below(d, 4));
}

static void random_stream(struct fuzz_dice *d, struct quic_wcur *w)
{
	u32 len = fuzz_below(d, sizeof(bytes));
	u64 id = some_id(d), offset = some_offset(d);
	bool fin = fuzz_below(d, 2);

	quic_frame_put_stream_hdr(w, id, offset, len, true, fin);
	quic_put_bytes(w, bytes, len);
}

/* Fields of all other frames, whatever the type makes of them. */
static void random_other(struct fuzz_dice *d, struct quic_wcur *w)
{
	static const u8 types[] = {
		0x00, 0x01, 0x04, 0x05, 0x06, 0x07, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15,
		0x16, 0x17, 0x18, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x30, 0x31,
	};
	struct quic_frame f = { .type = types[fuzz_below(d, sizeof(types))] };

	switch (f.type) {
	case QUIC_FRAME_NEW_CONNECTION_ID:
		f.u.new_cid.seq = fuzz_below(d, 20);
		f.u.new_cid.retire_prior_to = fuzz_below(d, 20);
		f.u.new_cid.cid.len = 1 + fuzz_below(d, 20);
		f.u.new_cid.cid.id[0] = f.u.new_cid.seq;
		f.u.new_cid.token = bytes;
		break;
	case QUIC_FRAME_CRYPTO:
		random_crypto(d, &f);
		break;
	case QUIC_FRAME_CONNECTION_CLOSE:
	case QUIC_FRAME_CONNECTION_CLOSE_APP:
		f.u.close.code = fuzz_number(d);
		f.u.close.reason = bytes;
		f.u.close.reason_len = fuzz_below(d, sizeof(bytes));
		break;
	case QUIC_FRAME_NEW_TOKEN:
	case QUIC_FRAME_DATAGRAM ... QUIC_FRAME_DATAGRAM + 1:
		f.u.blob.data = bytes;
		f.u.blob.len = fuzz_below(d, sizeof(bytes));
		break;
	case QUIC_FRAME_PATH_CHALLENGE:
	case QUIC_FRAME_PATH_RESPONSE:
		f.u.path.data = bytes;
		break;
	case QUIC_FRAME_PADDING:
		f.u.padding.len = 1 + fuzz_below(d, 40);
		break;
	case QUIC_FRAME_RETIRE_CONNECTION_ID:
		f.u.retire_cid.seq = fuzz_below(d, 12);
		break;
	case QUIC_FRAME_MAX_DATA:
	case QUIC_FRAME_MAX_STREAMS ... QUIC_FRAME_DATA_BLOCKED:
	case QUIC_FRAME_STREAMS_BLOCKED ... QUIC_FRAME_STREAMS_BLOCKED + 1:
		f.u.max.limit = fuzz_number(d);
		break;
	default:	/* three integers, of which some are used */
		f.u.reset.id = some_id(d);
		f.u.reset.code = fuzz_number(d);
		f.u.reset.final_size = fuzz_number(d);
		break;
	}
	quic_frame_put(w, &f);
}

u32 fuzz_frame(struct fuzz_dice *d, u8 *p, u32 room)
{
	struct quic_wcur w = quic_wcur_init(p, room);
	u32 kind = fuzz_below(d, 8);

	if (kind < 2)
		random_ack(d, &w);
	else if (kind < 4)
		random_stream(d, &w);
	else
		random_other(d, &w);
	return w.bad ? 0 : w.p - p;
}
