// SPDX-License-Identifier: GPL-2.0
/*
 * The ring of packets in flight: it grows, slides and skips numbers, keeps its
 * limits, and each packet keeps the ranges it was given.
 */
#include "unit.h"
#include "../shim/shim_host.h"
#include "../../kmod/core/sent.h"

#define FLYING	(QUIC_SENT_OUTSTANDING | QUIC_SENT_IN_FLIGHT)

static struct quic_sent s;

static void send_pn(struct unit *t, u64 pn)
{
	struct quic_sent_pkt *p;

	ASSERT_EQ(t, quic_sent_reserve(&s, pn), 0);
	p = quic_sent_add(&s, pn);
	EXPECT_EQ(t, p->flags, 0);
	p->flags = FLYING;
	p->time = pn * 3;
}

static void grows(struct unit *t)
{
	u64 pn;

	memset(&s, 0, sizeof(s));
	for (pn = 0; pn < 5000; pn++)
		send_pn(t, pn);
	EXPECT_EQ(t, s.cap, 8192);
	for (pn = 0; pn < 5000; pn++)
		EXPECT_EQ(t, quic_sent_get(&s, pn)->time, pn * 3);
	quic_sent_free(&s);
	EXPECT_EQ(t, shim_host_live(), 0);
}

/* The base follows what is settled; the ring does not grow for ever. */
static void slides(struct unit *t)
{
	u64 pn;

	memset(&s, 0, sizeof(s));
	for (pn = 0; pn < 100000; pn++) {
		send_pn(t, pn);
		if (pn >= 50) {
			quic_sent_clear(quic_sent_get(&s, pn - 50));
			quic_sent_advance(&s);
			EXPECT_EQ(t, s.base, pn - 49);
		}
	}
	EXPECT_EQ(t, s.cap, 64);
	quic_sent_free(&s);
}

/* Numbers that were skipped read as never sent. */
static void skipped_numbers(struct unit *t)
{
	memset(&s, 0, sizeof(s));
	send_pn(t, 3);
	send_pn(t, 9);
	EXPECT_EQ(t, s.next, 10);
	EXPECT_EQ(t, quic_sent_get(&s, 5)->flags, 0);
	EXPECT_EQ(t, quic_sent_get(&s, 3)->flags, FLYING);
	quic_sent_advance(&s);
	EXPECT_EQ(t, s.base, 3);
	quic_sent_clear(quic_sent_get(&s, 3));
	quic_sent_advance(&s);
	EXPECT_EQ(t, s.base, 9);
	quic_sent_free(&s);
}

static void limits(struct unit *t)
{
	memset(&s, 0, sizeof(s));
	EXPECT_EQ(t, quic_sent_reserve(&s, QUIC_SENT_CAP_MAX), -ENOBUFS);
	EXPECT_EQ(t, quic_sent_reserve(&s, QUIC_PN_MAX), -ENOBUFS);
	EXPECT(t, !s.ring);
	send_pn(t, 0);
	shim_host_fail_at(1);
	EXPECT_EQ(t, quic_sent_reserve(&s, 40), -ENOMEM);
	EXPECT_EQ(t, s.cap, QUIC_SENT_CAP_MIN);
	EXPECT_EQ(t, quic_sent_get(&s, 0)->flags, FLYING);
	EXPECT_EQ(t, quic_sent_reserve(&s, 40), 0);
	quic_sent_free(&s);
}

/* What is far too large is made smaller, what is empty goes, and numbers go on. */
static void shrinks(struct unit *t)
{
	u64 pn;

	memset(&s, 0, sizeof(s));
	for (pn = 0; pn < 2000; pn++)
		send_pn(t, pn);
	quic_sent_shrink(&s, false);
	EXPECT_EQ(t, s.cap, 2048);
	for (pn = 0; pn < 1990; pn++)
		quic_sent_clear(quic_sent_get(&s, pn));
	quic_sent_advance(&s);
	shim_host_fail_at(1);
	quic_sent_shrink(&s, true);
	EXPECT_EQ(t, s.cap, 2048);
	quic_sent_shrink(&s, false);
	EXPECT_EQ(t, s.cap, QUIC_SENT_CAP_MIN);
	EXPECT_EQ(t, s.base, 1990);
	for (pn = 1990; pn < 2000; pn++) {
		EXPECT_EQ(t, quic_sent_get(&s, pn)->flags, FLYING);
		EXPECT_EQ(t, quic_sent_get(&s, pn)->time, pn * 3);
	}
	quic_sent_shrink(&s, true);
	EXPECT(t, s.ring);
	for (pn = 1990; pn < 2000; pn++)
		quic_sent_clear(quic_sent_get(&s, pn));
	quic_sent_advance(&s);
	quic_sent_shrink(&s, false);
	EXPECT(t, s.ring);
	/* An ACK that nobody acknowledges is not waited for. */
	send_pn(t, 2001);
	quic_sent_get(&s, 2001)->flags = QUIC_SENT_OUTSTANDING;
	quic_sent_shrink(&s, true);
	EXPECT(t, !s.ring);
	EXPECT_EQ(t, shim_host_live(), 0);
	send_pn(t, 2005);
	EXPECT_EQ(t, quic_sent_get(&s, 2005)->time, 2005 * 3);
	quic_sent_clear(quic_sent_get(&s, 2005));
	quic_sent_advance(&s);
	EXPECT_EQ(t, s.base, 2006);
	quic_sent_free(&s);
}

static void ranges(struct unit *t)
{
	struct quic_sent_pkt *p;
	struct quic_sent_range *r;
	u32 i, n = 0;

	memset(&s, 0, sizeof(s));
	send_pn(t, 0);
	p = quic_sent_get(&s, 0);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(t, quic_sent_note_range(p, i, 10 * i, 7, i == 4, false), 0);
	EXPECT_EQ(t, shim_host_live_kind(QUIC_OBJ_SENT_EXTRA), 4);
	for (r = &p->range; r; r = r->next) {
		EXPECT_EQ(t, r->offset, 10 * r->id);
		EXPECT_EQ(t, r->fin, r->id == 4);
		n |= 1 << r->id;
	}
	EXPECT_EQ(t, n, 0x1f);
	/* They survive a move of the ring. */
	send_pn(t, 100);
	p = quic_sent_get(&s, 0);
	for (r = &p->range, n = 0; r; r = r->next)
		n++;
	EXPECT_EQ(t, n, 5);
	shim_host_fail_at(1);
	EXPECT_EQ(t, quic_sent_note_range(p, 9, 0, 1, false, false), -ENOMEM);
	quic_sent_free(&s);
	EXPECT_EQ(t, shim_host_live(), 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(grows),
	UNIT_CASE(slides),
	UNIT_CASE(skipped_numbers),
	UNIT_CASE(limits),
	UNIT_CASE(shrinks),
	UNIT_CASE(ranges),
};

UNIT_SUITE(sent, cases);
