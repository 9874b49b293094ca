// SPDX-License-Identifier: GPL-2.0
/*
 * Packets in flight of one packet number space.
 *
 * A ring indexed by packet number: finding the record of an acknowledged packet
 * is one mask and one load, and loss detection walks memory in order. The ring
 * keeps the numbers [base, next); it doubles when that range outgrows it. A
 * number inside the range that was skipped, or whose record is finished with,
 * has flags 0. Before the ring grows it forgets packets at the base that are not
 * in flight: ACKs alone are acknowledged only by chance. It shrinks when trim.c says so.
 *
 * Invariants: next - base <= cap; a record with extra ranges has a non-zero
 * flags word, so freeing the ring frees them all.
 *
 * It does not know what the ranges mean: recovery.c tells their owners.
 */
#include "sent.h"

void quic_sent_clear_ranges(struct quic_sent_pkt *p)
{
	struct quic_sent_range *r = p->range.next, *next;

	for (; r; r = next) {
		next = r->next;
		quic_host_free(QUIC_OBJ_SENT_EXTRA, r, sizeof(*r));
	}
	p->range.next = NULL;
}

void quic_sent_free(struct quic_sent *s)
{
	u64 pn;

	if (!s->ring)
		return;
	for (pn = s->base; pn < s->next; pn++)
		quic_sent_clear(quic_sent_get(s, pn));
	quic_host_free(QUIC_OBJ_VAR, s->ring, sizeof(*s->ring) * s->cap);
	memset(s, 0, sizeof(*s));
}

static int quic_sent_grow(struct quic_sent *s, u32 cap)
{
	struct quic_sent_pkt *ring;
	u64 pn;

	ring = quic_host_alloc(QUIC_OBJ_VAR, sizeof(*ring) * cap);
	if (!ring)
		return -ENOMEM;
	for (pn = s->base; pn < s->next; pn++)
		ring[pn & (cap - 1)] = *quic_sent_get(s, pn);
	if (s->ring)
		quic_host_free(QUIC_OBJ_VAR, s->ring, sizeof(*ring) * s->cap);
	s->ring = ring;
	s->cap = cap;
	return 0;
}

static void quic_sent_trim(struct quic_sent *s)
{
	struct quic_sent_pkt *p;

	for (; s->base < s->next; s->base++) {
		p = quic_sent_get(s, s->base);
		if (p->flags & (QUIC_SENT_IN_FLIGHT | QUIC_SENT_ACK_ELICITING))
			break;
		quic_sent_clear(p);
	}
}

bool quic_sent_crowded(struct quic_sent *s)
{
	if (likely(s->next - s->base < QUIC_SENT_CROWD))
		return false;
	quic_sent_trim(s);
	return s->next - s->base >= QUIC_SENT_CROWD &&
	       s->n_eliciting < QUIC_SENT_CROWD / 8;
}

void quic_sent_shrink(struct quic_sent *s, bool rest)
{
	u32 cap = QUIC_SENT_CAP_MIN;

	if (rest)
		quic_sent_trim(s);
	if (rest && s->base == s->next) {
		quic_host_free(QUIC_OBJ_VAR, s->ring, sizeof(*s->ring) * s->cap);
		s->ring = NULL;
		s->cap = 0;
		return;
	}
	while (cap < 2 * (s->next - s->base))
		cap *= 2;
	if (s->cap > 4 * cap)
		quic_sent_grow(s, cap);
}

int quic_sent_reserve(struct quic_sent *s, u64 pn)
{
	u32 cap = s->cap ? s->cap : QUIC_SENT_CAP_MIN;

	if (likely(s->cap && pn - s->base < s->cap))
		return 0;
	if (cap >= QUIC_SENT_CAP_TRIM)
		quic_sent_trim(s);
	if (s->cap && pn - s->base < s->cap)
		return 0;
	while (pn - s->base >= cap) {
		if (cap >= QUIC_SENT_CAP_MAX)
			return -ENOBUFS;
		cap *= 2;
	}
	return quic_sent_grow(s, cap);
}

struct quic_sent_pkt *quic_sent_add(struct quic_sent *s, u64 pn)
{
	struct quic_sent_pkt *p;

	for (; s->next < pn; s->next++)
		memset(quic_sent_get(s, s->next), 0, sizeof(*p));
	s->next = pn + 1;
	p = quic_sent_get(s, pn);
	memset(p, 0, sizeof(*p));
	return p;
}

void quic_sent_repeat(struct quic_sent *s, u64 pn, u32 n)
{
	const struct quic_sent_pkt *last = quic_sent_get(s, pn);
	struct quic_sent_pkt *p;
	u32 i;

	WARN_ON_ONCE(s->next != pn + 1 || last->range.next);
	for (i = 1; i <= n; i++) {
		p = quic_sent_get(s, pn + i);
		*p = *last;
		p->range.offset += (u64)i * last->range.len;
	}
	s->next += n;
}

int quic_sent_note_range(struct quic_sent_pkt *p, u64 id, u64 offset, u32 len,
			 bool fin, bool crypto)
{
	struct quic_sent_range *r = &p->range;

	if (r->used) {
		r = quic_host_alloc(QUIC_OBJ_SENT_EXTRA, sizeof(*r));
		if (!r)
			return -ENOMEM;
		r->next = p->range.next;
		p->range.next = r;
	}
	r->id = id;
	r->offset = offset;
	r->len = len;
	r->fin = fin;
	r->crypto = crypto;
	r->used = true;
	return 0;
}

void quic_sent_leave_path(struct quic_sent *s, u64 pn)
{
	struct quic_sent_pkt *p;

	for (pn = max(pn, s->base); pn < s->next; pn++) {
		p = quic_sent_get(s, pn);
		if (!p->flags)
			continue;
		p->flags &= ~(QUIC_SENT_IN_FLIGHT | QUIC_SENT_ECT | QUIC_SENT_PMTU);
		p->flags |= QUIC_SENT_ELSEWHERE;
	}
}

/*
 * Records of lost packets stay behind for a while so that a late ACK can be
 * told from one for a packet never sent; they go when they hold back the base.
 */
void quic_sent_advance(struct quic_sent *s)
{
	while (s->base < s->next) {
		struct quic_sent_pkt *p = quic_sent_get(s, s->base);

		if (p->flags & QUIC_SENT_OUTSTANDING)
			break;
		quic_sent_clear(p);
		s->base++;
	}
}
