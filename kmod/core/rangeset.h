/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A bounded set of u64 ranges, kept sorted from the largest down: the received
 * packet numbers of a space (RFC 9000 13.2.3).
 */
#ifndef QUIC_CORE_RANGESET_H
#define QUIC_CORE_RANGESET_H

#include "types.h"
#include "host.h"
#include "varint.h"

#define QUIC_RANGES_MAX		32	/* kept per space; the oldest are dropped */
#define QUIC_RANGES_FEW		4	/* of them without allocating */

struct quic_range {
	u64 lo;
	u64 hi;		/* inclusive */
};

/**
 * struct quic_rangeset - the set
 * @n: ranges in use
 * @floor: numbers below count as contained (their ranges were dropped)
 * @r: ranges, r[0] the largest; disjoint and not adjacent; @few, or QUIC_RANGES_MAX
 *	that are allocated
 * @few: room for some
 */
struct quic_rangeset {
	u32 n;
	u64 floor;
	struct quic_range *r;
	struct quic_range few[QUIC_RANGES_FEW];
};

/* An empty set; it refers to itself, so it may not move. */
void quic_rangeset_init(struct quic_rangeset *s);

/* Forget all, as after quic_rangeset_init(). */
void quic_rangeset_free(struct quic_rangeset *s);

/*
 * Give back what is allocated: the lowest ranges are forgotten, until few are left, and
 * their numbers count as duplicates. Not while packets may still come late.
 */
void quic_rangeset_trim(struct quic_rangeset *s);

/**
 * quic_rangeset_contains - is a number in the set, or below its floor?
 * @s: set
 * @v: number
 */
bool quic_rangeset_contains(const struct quic_rangeset *s, u64 v);

/**
 * quic_rangeset_add - add one number
 * @s: set
 * @v: number
 *
 * O(1) for the next number in order. When the set is full, or there is no memory for
 * more ranges, the lowest is forgotten and @floor rises over it, so that its numbers
 * count as duplicates.
 *
 * Return: true if it was new.
 */
bool quic_rangeset_add(struct quic_rangeset *s, u64 v);

/**
 * quic_rangeset_drop_below - forget everything below a number
 * @s: set
 * @v: becomes the floor if above it
 */
void quic_rangeset_drop_below(struct quic_rangeset *s, u64 v);

/**
 * quic_rangeset_put_ack - write the set as an ACK frame (RFC 9000 19.3)
 * @s: set, not empty
 * @c: cursor
 * @delay: ack delay field, already scaled by our ack_delay_exponent
 * @ecn: NULL or the counts ECT(0), ECT(1), CE for type 3
 * @room: bytes the frame may take at most
 *
 * Leaves out the lowest ranges when they do not fit @room.
 *
 * Return: bytes written, 0 when not even one range fits.
 */
u32 quic_rangeset_put_ack(const struct quic_rangeset *s, struct quic_wcur *c,
			  u64 delay, const u64 *ecn, u32 room);

#endif /* QUIC_CORE_RANGESET_H */
