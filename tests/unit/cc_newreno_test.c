// SPDX-License-Identifier: GPL-2.0
/*
 * NewReno (RFC 9002 7.3, appendix B): growth in slow start and after it, one
 * reduction per round trip, the minimum, persistent congestion.
 */
#include "unit.h"
#include "../../kmod/core/cc.h"

#define MSS	1200
#define MS	QUIC_NS_PER_MS

static struct quic_cc cc;
static struct quic_rtt rtt;

static void start(void)
{
	quic_rtt_init(&rtt, 100 * MS);
	quic_cc_init(&cc, &quic_cc_newreno, MSS);
}

static void ack(u64 bytes, u64 sent, u64 now)
{
	cc.ops->on_ack(&cc, bytes, sent, false, &rtt, now);
}

static void slow_start(struct unit *t)
{
	start();
	ack(5 * MSS, 1, 100);
	EXPECT_EQ(t, cc.cwnd, 15 * MSS);
	cc.ops->on_ack(&cc, 5 * MSS, 1, true, &rtt, 100);	/* app limited */
	EXPECT_EQ(t, cc.cwnd, 15 * MSS);
}

static void once_per_round_trip(struct unit *t)
{
	start();
	cc.cwnd = 100 * MSS;
	cc.ops->on_congestion(&cc, 500, 1000);
	EXPECT_EQ(t, cc.cwnd, 50 * MSS);
	EXPECT_EQ(t, cc.ssthresh, 50 * MSS);
	/* Losses and ACKs of packets sent before change nothing. */
	cc.ops->on_congestion(&cc, 700, 1100);
	cc.ops->on_congestion(&cc, 1000, 1200);
	ack(50 * MSS, 1000, 1300);
	EXPECT_EQ(t, cc.cwnd, 50 * MSS);
	/* One sent after does. */
	cc.ops->on_congestion(&cc, 1001, 2000);
	EXPECT_EQ(t, cc.cwnd, 25 * MSS);
}

static void avoidance(struct unit *t)
{
	u32 round, i;

	start();
	cc.cwnd = 20 * MSS;
	cc.ops->on_congestion(&cc, 0, 1);
	EXPECT_EQ(t, cc.cwnd, 10 * MSS);
	/* One datagram per window, however it is acknowledged. */
	for (round = 0; round < 50; round++) {
		u64 window = cc.cwnd;

		for (i = 0; i < window / MSS; i++)
			ack(MSS, 2 + round, 3 + round);
		EXPECT_EQ(t, cc.cwnd, window + MSS);
	}
	ack(QUIC_CC_MAX_WINDOW, 1000, 1001);
	EXPECT_EQ(t, cc.cwnd, 61 * MSS);
}

static void minimum(struct unit *t)
{
	u64 now;

	start();
	for (now = 1; now < 100; now += 2)
		cc.ops->on_congestion(&cc, now, now + 1);
	EXPECT_EQ(t, cc.cwnd, 2 * MSS);
	EXPECT_EQ(t, cc.ssthresh, 2 * MSS);
}

static void persistent(struct unit *t)
{
	start();
	cc.cwnd = 100 * MSS;
	cc.ops->on_congestion(&cc, 5, 10);
	cc.ops->on_persistent(&cc);
	EXPECT_EQ(t, cc.cwnd, 2 * MSS);
	EXPECT_EQ(t, cc.recovery_start, 0);
	/* Slow start up to the threshold again, and packets sent before count. */
	ack(2 * MSS, 8, 20);
	EXPECT_EQ(t, cc.cwnd, 4 * MSS);
}

static void bounds(struct unit *t)
{
	u64 now = 1;
	u32 i;

	start();
	for (i = 0; i < 20000; i++) {
		now += unit_rand_bits(t, 32);
		if (!unit_below(t, 50))
			cc.ops->on_congestion(&cc, now, now + 1);
		else
			ack(unit_rand_bits(t, 64), now, now);
		EXPECT_GE(t, cc.cwnd, 2 * MSS);
		EXPECT_LE(t, cc.cwnd, QUIC_CC_MAX_WINDOW);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(slow_start),
	UNIT_CASE(once_per_round_trip),
	UNIT_CASE(avoidance),
	UNIT_CASE(minimum),
	UNIT_CASE(persistent),
	UNIT_CASE(bounds),
};

UNIT_SUITE(cc_newreno, cases);
