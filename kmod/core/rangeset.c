// SPDX-License-Identifier: GPL-2.0
/*
 * Received packet numbers as at most QUIC_RANGES_MAX ranges, largest first.
 *
 *   r[0]         r[1]      r[n-1]      floor
 *   [hi..lo]  >  [..]  >   [..]    >=    |  everything below counts as there
 *
 * Invariants: ranges are disjoint and not adjacent, r[n-1].lo >= floor. Almost
 * every packet is the next in order and extends r[0]; otherwise a linear look
 * from the top, at most 32 steps, because reordering is near the top. Memory
 * is bounded whatever a peer sends: the lowest range goes first, and its
 * numbers then count as duplicates, which RFC 9000 13.2.3 allows.
 *
 * A hole below the floor can never be filled: a packet that late is dropped and
 * the peer sends its content again.
 *
 * A path in order needs one range: room for a few is inline, for all of them it is
 * allocated when a path needs it, and given back when the connection is at rest.
 */
#include "rangeset.h"
#include "defs_frame.h"
#include "plant.h"

void quic_rangeset_init(struct quic_rangeset *s)
{
	s->n = 0;
	s->floor = 0;
	s->r = s->few;
}

void quic_rangeset_free(struct quic_rangeset *s)
{
	if (s->r != s->few)
		quic_host_free(QUIC_OBJ_VAR, s->r, sizeof(*s->r) * QUIC_RANGES_MAX);
	quic_rangeset_init(s);
}

void quic_rangeset_trim(struct quic_rangeset *s)
{
	if (s->r == s->few)
		return;
	for (; s->n > QUIC_RANGES_FEW; s->n--)
		s->floor = s->r[s->n - 1].hi + 1;
	memcpy(s->few, s->r, sizeof(*s->r) * s->n);
	quic_host_free(QUIC_OBJ_VAR, s->r, sizeof(*s->r) * QUIC_RANGES_MAX);
	s->r = s->few;
}

/* Is there room for another range? */
static bool quic_rangeset_make_room(struct quic_rangeset *s)
{
	struct quic_range *r;

	if (s->n < QUIC_RANGES_FEW || (s->r != s->few && s->n < QUIC_RANGES_MAX))
		return true;
	if (s->r != s->few)
		return false;
	r = quic_host_alloc(QUIC_OBJ_VAR, sizeof(*r) * QUIC_RANGES_MAX);
	if (!r)
		return false;
	memcpy(r, s->few, sizeof(s->few));
	s->r = r;
	return true;
}

bool quic_rangeset_contains(const struct quic_rangeset *s, u64 v)
{
	u32 i;

	if (v < s->floor)
		return true;
	for (i = 0; i < s->n; i++) {
		if (v >= s->r[i].lo)
			return v <= s->r[i].hi;
	}
	return false;
}

static void quic_rangeset_remove(struct quic_rangeset *s, u32 i)
{
	s->n--;
	memmove(&s->r[i], &s->r[i + 1], (s->n - i) * sizeof(s->r[0]));
}

/* A range of one number in front of r[i]. */
static void quic_rangeset_insert(struct quic_rangeset *s, u32 i, u64 v)
{
	if (!quic_rangeset_make_room(s)) {
		if (i == s->n) {
			s->floor = v + 1;
			return;
		}
		s->n--;
		s->floor = s->r[s->n].hi + 1;
	}
	memmove(&s->r[i + 1], &s->r[i], (s->n - i) * sizeof(s->r[0]));
	s->r[i].lo = v;
	s->r[i].hi = v;
	s->n++;
}

/* @v lies between r[i - 1] and r[i], either of which may not exist. */
static void quic_rangeset_add_at(struct quic_rangeset *s, u32 i, u64 v)
{
	bool above = i > 0 && s->r[i - 1].lo == v + 1;
	bool below = i < s->n && s->r[i].hi + 1 == v;

	if (above && below) {
		s->r[i - 1].lo = s->r[i].lo;
		quic_rangeset_remove(s, i);
	} else if (above) {
		s->r[i - 1].lo = v;
	} else if (below) {
		s->r[i].hi = v;
	} else {
		quic_rangeset_insert(s, i, v);
	}
}

bool quic_rangeset_add(struct quic_rangeset *s, u64 v)
{
	u32 i;

	if (likely(s->n && s->r[0].hi + 1 == v)) {
		s->r[0].hi = v;
		return true;
	}
	if (v < s->floor)
		return false;
	for (i = 0; i < s->n && v < s->r[i].lo; i++)
		;
	if (i < s->n && v <= s->r[i].hi)
		return false;
	quic_rangeset_add_at(s, i, v);
	return true;
}

void quic_rangeset_drop_below(struct quic_rangeset *s, u64 v)
{
	if (v <= s->floor)
		return;
	s->floor = v;
	while (s->n && s->r[s->n - 1].hi < v)
		s->n--;
	if (s->n && s->r[s->n - 1].lo < v)
		s->r[s->n - 1].lo = v;
}

/* Encoded size of the pair that takes an ACK from r[i - 1] to r[i]. */
static u32 quic_rangeset_pair_len(const struct quic_rangeset *s, u32 i)
{
	return quic_varint_len(s->r[i - 1].lo - s->r[i].hi - 2) +
	       quic_varint_len(s->r[i].hi - s->r[i].lo);
}

u32 quic_rangeset_put_ack(const struct quic_rangeset *s, struct quic_wcur *c,
			  u64 delay, const u64 *ecn, u32 room)
{
	u32 i, n, len;

	BUILD_BUG_ON(QUIC_RANGES_MAX > 64);	/* the count takes one byte */
	if (!s->n || c->bad)
		return 0;
	room = min_t(size_t, room, quic_wcur_left(c));
	len = 2 + quic_varint_len(s->r[0].hi) + quic_varint_len(delay) +
	      quic_varint_len(s->r[0].hi - s->r[0].lo);
	for (i = 0; ecn && i < 3; i++)
		len += quic_varint_len(ecn[i]);
	if (len > room)
		return 0;
	for (n = 1; n < s->n; n++) {
		u32 pair = quic_rangeset_pair_len(s, n);

		if (len + pair > room)
			break;
		len += pair;
	}

	quic_put_u8(c, ecn ? QUIC_FRAME_ACK + 1 : QUIC_FRAME_ACK);
	quic_put_varint(c, s->r[0].hi);
	quic_put_varint(c, delay);
	quic_put_u8(c, n - 1);
	quic_put_varint(c, s->r[0].hi - s->r[0].lo);
	for (i = 1; i < n; i++) {
		quic_put_varint(c, s->r[i - 1].lo - s->r[i].hi - 2);
		quic_put_varint(c, s->r[i].hi - s->r[i].lo + QUIC_PLANTED(6));
	}
	for (i = 0; ecn && i < 3; i++)
		quic_put_varint(c, ecn[i]);
	return len;
}
