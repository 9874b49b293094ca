/* SPDX-License-Identifier: GPL-2.0 */
/* Frames on the wire: decoding into, and encoding from, struct quic_frame. */
#ifndef QUIC_CORE_WIRE_FRAME_H
#define QUIC_CORE_WIRE_FRAME_H

#include "types.h"
#include "varint.h"
#include "defs_frame.h"

/**
 * struct quic_frame - one decoded frame
 * @type: as on the wire (STREAM keeps its bits, ACK 2 or 3)
 * @u: fields under the RFC's names (RFC 9000 19). Pointers point into the
 *	payload. CRYPTO uses @stream with id 0. @max and @blocked serve
 *	MAX_DATA, MAX_STREAM_DATA, MAX_STREAMS and the three *_BLOCKED frames
 *	(id only where the frame has one).
 */
struct quic_frame {
	u64 type;
	union {
		struct {
			u64 largest;
			u64 delay;		/* raw, before ack_delay_exponent */
			u64 first_range;
			u64 range_count;	/* further (gap, length) pairs */
			const u8 *ranges;	/* the pairs, encoded, checked */
			u32 ranges_len;		/* bytes */
			u64 ect0, ect1, ce;	/* type 3 only, else 0 */
		} ack;
		struct {
			u64 id;
			u64 offset;
			const u8 *data;
			u32 len;
			bool fin;
		} stream;
		struct {
			u64 id;
			u64 code;
			u64 final_size;		/* RESET_STREAM only */
		} reset;
		struct {
			u64 id;
			u64 limit;
		} max;
		struct {
			const u8 *data;
			u32 len;
		} blob;				/* NEW_TOKEN, DATAGRAM */
		struct {
			u64 seq;
			u64 retire_prior_to;
			struct quic_cid cid;
			const u8 *token;	/* QUIC_RESET_TOKEN_LEN bytes */
		} new_cid;
		struct {
			u64 seq;
		} retire_cid;
		struct {
			const u8 *data;		/* 8 bytes */
		} path;
		struct {
			u64 code;
			u64 frame_type;		/* 0x1c only */
			const u8 *reason;
			u32 reason_len;
		} close;
		struct {
			u32 len;		/* run of PADDING */
		} padding;
	} u;
};

/**
 * struct quic_frame_info - a row of the table
 * @name: RFC name
 * @flags: QUIC_F_*
 */
struct quic_frame_info {
	const char *name;
	u8 flags;
};

/**
 * quic_frame_info - look a frame type up
 * @type: any value
 *
 * Return: its row or NULL for a type we do not know.
 */
const struct quic_frame_info *quic_frame_info(u64 type);

/**
 * quic_frame_parse - decode the next frame
 * @c: cursor over a packet's payload; moved past the frame on success
 * @pkt: QUIC_F_I, QUIC_F_H, QUIC_F_0 or QUIC_F_1: the packet it stands in
 * @f: result
 * @err: filled on failure with FRAME_ENCODING_ERROR or PROTOCOL_VIOLATION
 *
 * Checks everything that RFC 9000 12.4 and 19 ask of a frame by itself: known
 * type in its shortest encoding, allowed in this packet, complete, values that
 * do not wrap (offset plus length at most 2^62-1, ACK ranges not below 0,
 * stream counts at most 2^60, connection ID length 1 to 20, retire_prior_to
 * not above seq). A run of PADDING is one frame.
 *
 * Return: 0 or -EPROTO.
 */
int quic_frame_parse(struct quic_rcur *c, u8 pkt, struct quic_frame *f,
		     struct quic_error *err);

/**
 * quic_frame_parse_table - quic_frame_parse() without its direct decoders
 * @c: as there
 * @pkt: as there
 * @f: as there, but every byte of it is defined
 * @err: as there
 *
 * What quic_frame_parse() must agree with; called directly by tests only.
 *
 * Return: 0 or -EPROTO.
 */
int quic_frame_parse_table(struct quic_rcur *c, u8 pkt, struct quic_frame *f,
			   struct quic_error *err);

/**
 * struct quic_frames_sum - what a payload holds
 * @n: frames; PADDING in front of all others is none of them
 * @ack_eliciting: some frame elicits an ACK (RFC 9002 2)
 * @non_probing: some frame is not a probing frame (RFC 9000 9.1)
 */
struct quic_frames_sum {
	u32 n;
	bool ack_eliciting;
	bool non_probing;
};

/**
 * quic_frames_parse - parse a whole payload before anything acts on it
 * @data: payload
 * @len: its bytes; 0 is a PROTOCOL_VIOLATION (RFC 9000 12.4)
 * @pkt: as for quic_frame_parse()
 * @f: the first @max of the frames that @sum counts, decoded
 * @max: room in @f, at least 1
 * @sum: filled on success
 * @err: filled on failure
 *
 * Return: 0 or -EPROTO.
 */
int quic_frames_parse(const u8 *data, u32 len, u8 pkt, struct quic_frame *f, u32 max,
		      struct quic_frames_sum *sum, struct quic_error *err);

/* The same for one who does not want the frames. */
static inline int quic_frames_check(const u8 *data, u32 len, u8 pkt,
				    struct quic_frames_sum *sum, struct quic_error *err)
{
	struct quic_frame f;

	return quic_frames_parse(data, len, pkt, &f, 1, sum, err);
}

/**
 * struct quic_ack_iter - walks the ranges of a checked ACK frame, downwards
 */
struct quic_ack_iter {
	struct quic_rcur c;		/* at the next gap */
	u64 smallest;		/* of the range given last */
	u64 left;			/* ranges to come */
	bool first;			/* the first range is next */
	u64 largest;			/* Largest Acknowledged */
	u64 first_range;		/* First ACK Range */
};

void quic_ack_iter_init(struct quic_ack_iter *it, const struct quic_frame *f);

/**
 * quic_ack_iter_next - next range
 * @it: iterator
 * @lo: smallest packet number of the range
 * @hi: largest
 *
 * Return: false at the end.
 */
bool quic_ack_iter_next(struct quic_ack_iter *it, u64 *lo, u64 *hi);

/**
 * quic_frame_put - encode a frame
 * @c: cursor; fails when it does not fit, then nothing was written
 * @f: any frame but STREAM and ACK, which have writers of their own
 *
 * CRYPTO writes its header and its data. PADDING writes u.padding.len bytes.
 *
 * Return: bytes written, 0 if it does not fit.
 */
u32 quic_frame_put(struct quic_wcur *c, const struct quic_frame *f);

/**
 * quic_frame_put_stream_hdr - write a STREAM frame up to its data
 * @c: cursor
 * @id: stream
 * @offset: of the first byte; the OFF bit is set when it is not 0
 * @len: bytes of data
 * @with_len: write the Length field; without it the frame ends the packet
 * @fin: last data of the stream
 */
void quic_frame_put_stream_hdr(struct quic_wcur *c, u64 id, u64 offset, u32 len,
			       bool with_len, bool fin);

/* Bytes that quic_frame_put_stream_hdr() writes. */
static inline u32 quic_frame_stream_hdr_len(u64 id, u64 offset, u32 len,
					    bool with_len)
{
	return 1 + quic_varint_len(id) + (offset ? quic_varint_len(offset) : 0) +
	       (with_len ? quic_varint_len(len) : 0);
}

#endif /* QUIC_CORE_WIRE_FRAME_H */
