// SPDX-License-Identifier: GPL-2.0
/*
 * When an ACK is owed (RFC 9000 13.2): after every second packet, at once on
 * disorder, never for ACKs alone; and the delay that it reports.
 */
#include "unit.h"
#include "../shim/shim_host.h"
#include "../../kmod/core/ackwait.h"
#include "../../kmod/core/pnspace.h"

#define MS	QUIC_NS_PER_MS

static struct quic_pnspace s;
static struct quic_ackwait rule;

static void fresh(void)
{
	quic_pnspace_init(&s);
	quic_ackwait_init(&rule);
}

static void got(u64 pn, bool eliciting, u64 now)
{
	quic_pnspace_received(&s, pn, eliciting, false, &rule, 25 * MS, now);
}

static void every_second(struct unit *t)
{
	fresh();
	got(0, true, 1000);
	EXPECT(t, !quic_pnspace_ack_due(&s, 1000));
	EXPECT_EQ(t, s.ack_deadline, 1000 + 25 * MS);
	EXPECT(t, quic_pnspace_ack_due(&s, 1000 + 25 * MS));
	got(1, true, 2000);
	EXPECT(t, quic_pnspace_ack_due(&s, 2000));
	quic_pnspace_ack_sent(&s);
	EXPECT(t, !quic_pnspace_ack_due(&s, 1000 * MS));
	EXPECT_EQ(t, s.ack_deadline, QUIC_TIME_NEVER);
	/* The deadline is the first packet's, not pushed out. */
	got(2, true, 3000);
	got(3, false, 9000);
	EXPECT_EQ(t, s.ack_deadline, 3000 + 25 * MS);
	EXPECT(t, !quic_pnspace_ack_due(&s, 9000));
}

static void not_for_acks(struct unit *t)
{
	u64 pn;

	fresh();
	for (pn = 0; pn < 100; pn++)
		got(pn, false, pn);
	EXPECT_EQ(t, s.ack_pending, 0);
	EXPECT(t, !quic_pnspace_ack_due(&s, 1000 * MS));
	EXPECT_EQ(t, s.rx_next, 100);
}

/* A gap, or a packet that fills one, is answered at once. */
static void disorder(struct unit *t)
{
	fresh();
	got(0, true, 1);
	quic_pnspace_ack_sent(&s);
	got(2, true, 2);
	EXPECT(t, quic_pnspace_ack_due(&s, 2));
	quic_pnspace_ack_sent(&s);
	got(1, true, 3);
	EXPECT(t, quic_pnspace_ack_due(&s, 3));
	quic_pnspace_ack_sent(&s);
	got(3, true, 4);
	EXPECT(t, !quic_pnspace_ack_due(&s, 4));
	EXPECT_EQ(t, s.rx_next, 4);
	EXPECT_EQ(t, s.rx_largest_time, 4);
}

/* What is missing counts also below packets that elicited no ACK. */
static void gap_below_an_ack(struct unit *t)
{
	fresh();
	got(0, true, 1);
	quic_pnspace_ack_sent(&s);
	got(2, false, 2);
	EXPECT(t, !quic_pnspace_ack_due(&s, 2));
	got(3, true, 3);
	EXPECT(t, quic_pnspace_ack_due(&s, 3));
	quic_pnspace_ack_sent(&s);
	/* Not again for the same gap. */
	got(4, true, 4);
	EXPECT(t, !quic_pnspace_ack_due(&s, 4));
	quic_pnspace_ack_sent(&s);
	/* Numbers that are forgotten are not missing. */
	got(5, false, 5);
	quic_rangeset_drop_below(&s.rx, 5);
	got(6, true, 6);
	EXPECT(t, !quic_pnspace_ack_due(&s, 6));
}

static void handshake_at_once(struct unit *t)
{
	fresh();
	quic_pnspace_received(&s, 0, true, true, &rule, 25 * MS, 1);
	EXPECT(t, quic_pnspace_ack_due(&s, 1));
}

/* The delay is since the largest arrived, in units of the exponent. */
static void delay_field(struct unit *t)
{
	struct quic_error err = {};
	struct quic_frame f;
	struct quic_wcur w;
	struct quic_rcur r;
	u8 buf[64];

	fresh();
	got(7, true, 1 * MS);
	got(5, true, 2 * MS);
	w = quic_wcur_init(buf, sizeof(buf));
	EXPECT(t, quic_pnspace_put_ack(&s, &w, 3, 60, 5 * MS));
	r = quic_rcur_init(buf, w.p - buf);
	ASSERT_EQ(t, quic_frame_parse(&r, QUIC_F_1, &f, &err), 0);
	EXPECT_EQ(t, f.u.ack.largest, 7);
	EXPECT_EQ(t, f.u.ack.delay, 500);
	EXPECT_EQ(t, f.u.ack.range_count, 1);
	/* A clock that stands still. */
	w = quic_wcur_init(buf, sizeof(buf));
	EXPECT(t, quic_pnspace_put_ack(&s, &w, 3, 60, 0));
	EXPECT_EQ(t, quic_pnspace_put_ack(&s, &w, 3, 2, 0), 0);
}

/* TLS bytes that come after the room for them was given back go on where they were. */
static void crypto_again(struct unit *t)
{
	struct quic_crypto *c;
	u64 off, len;

	fresh();
	EXPECT(t, !quic_pnspace_crypto_ready(&s));
	EXPECT_EQ(t, shim_host_live(), 0);
	shim_host_fail_at(1);
	EXPECT(t, !quic_pnspace_crypto(&s));
	shim_host_fail_at(0);
	c = quic_pnspace_crypto(&s);
	ASSERT(t, c);
	EXPECT(t, quic_pnspace_crypto(&s) == c);
	ASSERT_EQ(t, quic_sendbuf_append_copy(&c->tx, (const u8 *)"0123456789", 10), 0);
	EXPECT(t, quic_pnspace_crypto_ready(&s));
	quic_sendbuf_sent(&c->tx, 0, 10, false);
	quic_sendbuf_acked(&c->tx, NULL, 0, 10, false);
	EXPECT_EQ(t, quic_recvbuf_add(&c->rx, 0, (const u8 *)"abcdefg", 7, NULL), 0);
	quic_recvbuf_consume(&c->rx, 7);
	quic_pnspace_free_crypto(&s, NULL);
	EXPECT(t, !quic_pnspace_crypto_ready(&s));
	EXPECT_EQ(t, shim_host_live(), 0);
	c = quic_pnspace_crypto(&s);
	ASSERT(t, c);
	EXPECT(t, !quic_pnspace_crypto_ready(&s));
	ASSERT_EQ(t, quic_sendbuf_append_copy(&c->tx, (const u8 *)"xyz", 3), 0);
	EXPECT(t, quic_sendbuf_next(&c->tx, QUIC_VARINT_MAX, &off, &len));
	EXPECT_EQ(t, off, 10);
	EXPECT_EQ(t, len, 3);
	/* What came before is known, also when it comes again. */
	EXPECT_EQ(t, quic_recvbuf_add(&c->rx, 0, (const u8 *)"abcdefgh", 8, NULL), 0);
	EXPECT_EQ(t, c->rx.contig - c->rx.read, 1);
	quic_pnspace_free(&s, NULL);
}

static const struct unit_case cases[] = {
	UNIT_CASE(every_second),
	UNIT_CASE(not_for_acks),
	UNIT_CASE(disorder),
	UNIT_CASE(gap_below_an_ack),
	UNIT_CASE(handshake_at_once),
	UNIT_CASE(delay_field),
	UNIT_CASE(crypto_again),
};

UNIT_SUITE(pnspace, cases);
