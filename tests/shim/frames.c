// SPDX-License-Identifier: GPL-2.0
/*
 * The direct decoders of frames beside the table.
 *
 * Types without a direct decoder go through the same code twice, so only the
 * fields of STREAM, ACK and PADDING are compared. What a direct decoder leaves
 * undefined is filled with a pattern first.
 */
#include "frames.h"

static bool same_ack(const struct quic_frame *a, const struct quic_frame *b)
{
	return a->u.ack.largest == b->u.ack.largest &&
	       a->u.ack.delay == b->u.ack.delay &&
	       a->u.ack.first_range == b->u.ack.first_range &&
	       a->u.ack.range_count == b->u.ack.range_count &&
	       a->u.ack.ranges == b->u.ack.ranges &&
	       a->u.ack.ranges_len == b->u.ack.ranges_len &&
	       a->u.ack.ect0 == b->u.ack.ect0 && a->u.ack.ect1 == b->u.ack.ect1 &&
	       a->u.ack.ce == b->u.ack.ce;
}

static bool same_stream(const struct quic_frame *a, const struct quic_frame *b)
{
	return a->u.stream.id == b->u.stream.id &&
	       a->u.stream.offset == b->u.stream.offset &&
	       a->u.stream.data == b->u.stream.data &&
	       a->u.stream.len == b->u.stream.len &&
	       a->u.stream.fin == b->u.stream.fin;
}

static bool same_fields(const struct quic_frame *a, const struct quic_frame *b)
{
	if ((a->type & ~1ULL) == QUIC_FRAME_ACK)
		return same_ack(a, b);
	if ((a->type & ~7ULL) == QUIC_FRAME_STREAM)
		return same_stream(a, b);
	return a->type != QUIC_FRAME_PADDING || a->u.padding.len == b->u.padding.len;
}

const char *frames_differ(const u8 *p, u32 len, u8 pkt)
{
	struct quic_rcur fast = quic_rcur_init(p, len), slow = fast;
	struct quic_error fast_err = {}, slow_err = {};
	struct quic_frame a, b;
	int rc;

	memset(&a, 0x5a, sizeof(a));
	rc = quic_frame_parse(&fast, pkt, &a, &fast_err);
	if (rc != quic_frame_parse_table(&slow, pkt, &b, &slow_err))
		return "one decoder takes the frame, the other does not";
	if (fast.p != slow.p)
		return "the decoders stop at different places";
	if (fast_err.set != slow_err.set || fast_err.code != slow_err.code ||
	    fast_err.reason != slow_err.reason)
		return "the decoders name different errors";
	if (rc)
		return NULL;
	if (a.type != b.type || !same_fields(&a, &b))
		return "the decoders fill different fields";
	return NULL;
}
