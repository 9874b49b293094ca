// SPDX-License-Identifier: GPL-2.0
/*
 * CUBIC (RFC 9438) and HyStart++ (RFC 9406): the window over time against
 * points of the RFC's formulas; when slow start ends and when it goes on;
 * bounds under random acknowledgments and losses.
 */
#include "unit.h"
#include "../../kmod/core/cc.h"

#define MSS	1200
#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC

static struct quic_cc cc;
static struct quic_rtt rtt;
static u64 now;

static void start(u64 rtt_ns)
{
	now = 100 * SEC;
	quic_rtt_init(&rtt, rtt_ns);
	quic_cc_init(&cc, &quic_cc_cubic, MSS);
}

static void lose(void)
{
	cc.ops->on_congestion(&cc, now, now);
}

/* A window acknowledged in ten ACKs over one round trip. */
static void round_trip(u64 rtt_ns)
{
	u64 window = cc.cwnd;
	u32 i;

	for (i = 0; i < 10; i++) {
		now += rtt_ns / 10;
		cc.ops->on_ack(&cc, window / 10, now - rtt_ns, false, &rtt, now);
	}
}

/* Congestion at @cwnd, then until the first ACK of the epoch that follows. */
static void lose_at(u64 cwnd, u64 rtt_ns)
{
	cc.cwnd = cwnd;
	cc.ssthresh = cwnd;
	lose();
	now += rtt_ns + 1;
	cc.ops->on_ack(&cc, 1, now - rtt_ns, false, &rtt, now);
}

/* cwnd of @n points in time, @step ns apart, against bytes of the curve. */
static void follow(struct unit *t, const u64 *curve, u32 n, u64 step, u64 rtt_ns)
{
	u64 epoch = now;
	u32 i;

	for (i = 0; i < n; i++) {
		while (now < epoch + i * step)
			round_trip(rtt_ns);
		if (!EXPECT_NEAR(t, cc.cwnd, curve[i], 15, 0))
			unit_log("# point %u", i);
	}
}

/* 0.4 (t - K)^3 + 1000 datagrams after a loss at 1000, each second. */
static void curve_seconds(struct unit *t)
{
	static const u64 curve[] = {
		840000, 946266, 1029246, 1091819, 1136865, 1167265, 1185899,
		1195646, 1199386, 1200000, 1200367, 1203368, 1211882, 1228790,
		1256971, 1299305, 1358673, 1437955, 1540030, 1667778, 1824080,
		2011816, 2233865, 2493107,
	};

	start(100 * MS);
	lose_at(1000 * MSS, 100 * MS);
	EXPECT_NEAR(t, cc.cwnd, 700 * MSS, 1, 0);
	follow(t, curve, ARRAY_SIZE(curve), SEC, 100 * MS);
}

/* The same for a window of 145 MB, every ten seconds. */
static void curve_large(struct unit *t)
{
	static const u64 curve[] = {
		101640000, 125860469, 138869767, 144152695, 145194052, 145478638,
		148491253, 157716698, 176639771, 208745274, 257518007,
	};

	start(100 * MS);
	quic_cc_set_mss(&cc, 1452);
	lose_at(100000ULL * 1452, 100 * MS);
	follow(t, curve, ARRAY_SIZE(curve), 10 * SEC, 100 * MS);
}

/* A second loss below the plateau lowers it by 15 % more: fast convergence. */
static void fast_convergence(struct unit *t)
{
	static const u64 curve[] = {
		672000, 727372, 766345, 791798, 806612, 813665, 815839, 816014,
		817068, 821883, 833339, 854315, 887691, 936347, 1003164, 1091021,
	};

	start(100 * MS);
	lose_at(1000 * MSS, 100 * MS);
	lose_at(800 * MSS, 100 * MS);
	EXPECT_NEAR(t, cc.cwnd, 560 * MSS, 1, 0);
	follow(t, curve, ARRAY_SIZE(curve), SEC, 100 * MS);
}

static void reduction(struct unit *t)
{
	start(100 * MS);
	cc.cwnd = 100 * MSS;
	lose();
	EXPECT_EQ(t, cc.cwnd, 70 * MSS);
	EXPECT_EQ(t, cc.ssthresh, 70 * MSS);
	/* Once per round trip, and no growth from packets sent before. */
	cc.ops->on_congestion(&cc, now - MS, now + MS);
	cc.ops->on_ack(&cc, 50 * MSS, now, false, &rtt, now + MS);
	EXPECT_EQ(t, cc.cwnd, 70 * MSS);
	cc.ops->on_congestion(&cc, now + 1, now + 2);
	EXPECT_EQ(t, cc.cwnd, 49 * MSS);
	while (cc.cwnd > 2 * MSS) {
		now += SEC;
		lose();
	}
	now += SEC;
	lose();
	EXPECT_EQ(t, cc.cwnd, 2 * MSS);
}

/*
 * At 1 ms Reno is faster: 9/17 of a datagram per round trip up to the window
 * before the loss, one beyond (RFC 9438 4.3).
 */
static void reno_friendly(struct unit *t)
{
	u32 i;

	start(MS);
	lose_at(100 * MSS, MS);
	for (i = 0; i < 50; i++)
		round_trip(MS);
	EXPECT_NEAR(t, cc.cwnd, 70 * MSS + 50 * MSS * 9 / 17, 15, 0);
	for (; i < 57; i++)
		round_trip(MS);
	EXPECT_NEAR(t, cc.cwnd, 100 * MSS, 15, 0);
	for (; i < 107; i++)
		round_trip(MS);
	EXPECT_NEAR(t, cc.cwnd, 150 * MSS, 15, 0);
}

/* A pause of the application is not part of t, nor a reason to grow. */
static void app_limited(struct unit *t)
{
	u64 before;
	u32 i;

	start(100 * MS);
	lose_at(1000 * MSS, 100 * MS);
	for (i = 0; i < 90; i++)
		round_trip(100 * MS);
	before = cc.cwnd;
	EXPECT_NEAR(t, before, 1000 * MSS, 10, 0);	/* on the plateau */
	for (i = 0; i < 600; i++) {
		now += 100 * MS;
		cc.ops->on_ack(&cc, MSS, now - 100 * MS, true, &rtt, now);
	}
	EXPECT_EQ(t, cc.cwnd, before);
	for (i = 0; i < 10; i++)
		round_trip(100 * MS);
	EXPECT_NEAR(t, cc.cwnd, 1000 * MSS, 10, 0);	/* still there */
	for (i = 0; i < 100; i++)
		round_trip(100 * MS);
	/* 20.1 s into the curve: the pause is not part of it. */
	EXPECT_NEAR(t, cc.cwnd, 1535 * MSS, 20, 0);

	/* Slow start neither. */
	start(100 * MS);
	cc.ops->on_ack(&cc, 10 * MSS, now - MS, true, &rtt, now);
	EXPECT_EQ(t, cc.cwnd, 10 * MSS);
}

/* From persistent congestion: slow start to the threshold, then a new curve. */
static void persistent(struct unit *t)
{
	u64 last;
	u32 i;

	start(100 * MS);
	lose_at(1000 * MSS, 100 * MS);
	cc.ops->on_persistent(&cc);
	EXPECT_EQ(t, cc.cwnd, 2 * MSS);
	EXPECT_EQ(t, cc.recovery_start, 0);
	EXPECT(t, quic_cc_slow_start(&cc));
	for (i = 0; i < 9; i++)
		round_trip(100 * MS);
	EXPECT(t, !quic_cc_slow_start(&cc));
	/* No old plateau pulls it up. */
	last = cc.cwnd;
	round_trip(100 * MS);
	round_trip(100 * MS);
	EXPECT_NEAR(t, cc.cwnd, last, 30, 0);
}

/* ---- HyStart++ ---- */

/*
 * One round of slow start: a window in ACKs of two datagrams, each with the
 * given round trip. Return: bytes acknowledged.
 */
static u64 ss_round(u64 rtt_ns)
{
	u64 window = cc.cwnd, sent = now, acked;

	now += rtt_ns;
	for (acked = 0; acked + 2 * MSS <= window; acked += 2 * MSS)
		cc.ops->on_ack(&cc, 2 * MSS, sent, false, &rtt, now);
	now += 1;
	return acked;
}

static void hystart_steady(struct unit *t)
{
	u32 i;

	start(50 * MS);
	for (i = 0; i < 6; i++)
		ss_round(50 * MS);
	/* No rise: doubling all the way. */
	EXPECT_NEAR(t, cc.cwnd, (10 * MSS) << 6, 20, 0);
	EXPECT_EQ(t, cc.ssthresh, QUIC_CC_NO_SSTHRESH);
}

static void hystart_exit(struct unit *t)
{
	u64 before;
	u32 i;

	start(50 * MS);
	ss_round(50 * MS);
	ss_round(50 * MS);
	ss_round(50 * MS);
	/* 6.25 ms is the threshold at 50 ms. */
	before = cc.cwnd;
	ss_round(56 * MS);
	EXPECT_NEAR(t, cc.cwnd, 2 * before, 10, 0);
	before = cc.cwnd;
	ss_round(63 * MS);		/* noticed at the eighth sample */
	EXPECT_LT(t, cc.cwnd, before * 19 / 10);
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(t, cc.ssthresh, QUIC_CC_NO_SSTHRESH);
		before = cc.cwnd;
		ss_round(63 * MS);
		EXPECT_NEAR(t, cc.cwnd, before + before / 4, 10, 0);
	}
	ss_round(63 * MS);		/* the fifth round is over */
	EXPECT_NE(t, cc.ssthresh, QUIC_CC_NO_SSTHRESH);
	before = cc.cwnd;
	ss_round(63 * MS);
	EXPECT_NEAR(t, cc.cwnd, before, 30, 0);
	EXPECT_GE(t, cc.cwnd, before);
}

/* The round trip falls again: it was not us, slow start goes on. */
static void hystart_spurious(struct unit *t)
{
	u64 before;

	start(50 * MS);
	ss_round(50 * MS);
	ss_round(50 * MS);
	ss_round(50 * MS);
	ss_round(60 * MS);
	before = cc.cwnd;
	ss_round(60 * MS);
	EXPECT_NEAR(t, cc.cwnd, before + before / 4, 10, 0);
	ss_round(50 * MS);
	before = cc.cwnd;
	ss_round(50 * MS);
	EXPECT_NEAR(t, cc.cwnd, 2 * before, 10, 0);
	EXPECT_EQ(t, cc.ssthresh, QUIC_CC_NO_SSTHRESH);
}

/* Too few samples to judge by, and thresholds clamped to 4 and 16 ms. */
static void hystart_bounds(struct unit *t)
{
	u32 i;

	start(50 * MS);			/* 10 datagrams: five samples */
	ss_round(50 * MS);
	cc.cwnd = 10 * MSS;
	ss_round(90 * MS);
	EXPECT_EQ(t, cc.cwnd, 20 * MSS);

	start(MS);			/* 3 ms of rise at 1 ms: nothing */
	for (i = 0; i < 3; i++)
		ss_round(MS);
	ss_round(4 * MS);
	EXPECT_NEAR(t, cc.cwnd, (10 * MSS) << 4, 20, 0);

	start(400 * MS);		/* 17 ms of rise at 400 ms: enough */
	for (i = 0; i < 3; i++)
		ss_round(400 * MS);
	ss_round(417 * MS);
	EXPECT_LT(t, cc.cwnd, 130 * MSS);
}

/* Only the first slow start: later ones have a threshold. */
static void hystart_only_once(struct unit *t)
{
	u32 i;

	start(50 * MS);
	lose_at(1000 * MSS, 50 * MS);
	cc.ops->on_persistent(&cc);
	cc.cwnd = 40 * MSS;
	for (i = 0; i < 3; i++)
		ss_round((50 + 30 * i) * MS);
	EXPECT_NEAR(t, cc.cwnd, 320 * MSS, 10, 0);
}

/* ---- bounds ---- */

/* The largest window, and the smallest of fractions: it grows and stops there. */
static void largest_window(struct unit *t)
{
	u64 last;
	u32 i;

	start(10 * SEC);
	lose_at(QUIC_CC_MAX_WINDOW, 10 * SEC);
	last = cc.cwnd;
	for (i = 0; i < 3000; i++) {
		round_trip(10 * SEC);
		EXPECT_GE(t, cc.cwnd, last);
		last = cc.cwnd;
	}
	EXPECT_EQ(t, cc.cwnd, QUIC_CC_MAX_WINDOW);
}

/*
 * A million datagrams of window, 6 s behind the plateau: each ACK of one adds
 * 0.11 bytes, which must not be lost to rounding.
 */
static void fractions_add_up(struct unit *t)
{
	u32 i;

	start(100 * MS);
	lose_at(1000000ULL * MSS, 100 * MS);
	now += 90856 * MS + 6 * SEC;
	cc.cwnd = 1000000ULL * MSS;
	for (i = 0; i < 50000; i++)
		cc.ops->on_ack(&cc, MSS, now - MS, false, &rtt, now);
	EXPECT_NEAR(t, cc.cwnd - 1000000ULL * MSS, 5310, 10, 0);
}

/* Any order of events, any sizes and times: no overflow, and bounds hold. */
static void chaos(struct unit *t)
{
	u64 before, sent;
	u32 round, i;

	for (round = 0; round < 200; round++) {
		start(1 + unit_rand_bits(t, 38));
		cc.mss = 1200 + unit_below(t, 64000);
		cc.cwnd = 2ULL * cc.mss + unit_rand_bits(t, 40);
		cc.cwnd = min(cc.cwnd, QUIC_CC_MAX_WINDOW);
		for (i = 0; i < 300; i++) {
			now += unit_rand_bits(t, 44);
			rtt.smoothed = unit_rand_bits(t, 42);
			sent = now - unit_rand_bits(t, 36);
			before = cc.cwnd;
			switch (unit_below(t, 40)) {
			case 0:
				cc.ops->on_congestion(&cc, sent, now);
				break;
			case 1:
				cc.ops->on_persistent(&cc);
				break;
			case 2:
				quic_cc_set_mss(&cc, 1200 + unit_below(t, 64000));
				break;
			default:
				cc.ops->on_ack(&cc, unit_rand_bits(t, 64), sent,
					       !unit_below(t, 5), &rtt, now);
				EXPECT_GE(t, cc.cwnd, before);
				break;
			}
			EXPECT_GE(t, cc.cwnd, 2ULL * cc.mss);
			EXPECT_LE(t, cc.cwnd, QUIC_CC_MAX_WINDOW);
		}
	}
}

/* In congestion avoidance never faster than half a window per window. */
static void growth_limit(struct unit *t)
{
	u64 before;
	u32 i;

	start(100 * MS);
	lose_at(10 * MSS, 100 * MS);
	now += 3600 * SEC;		/* the curve is far above by now */
	for (i = 0; i < 20; i++) {
		before = cc.cwnd;
		round_trip(100 * MS);
		EXPECT_LE(t, cc.cwnd, before * 16 / 10);
		EXPECT_GE(t, cc.cwnd, before * 14 / 10);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(curve_seconds),
	UNIT_CASE(curve_large),
	UNIT_CASE(fast_convergence),
	UNIT_CASE(reduction),
	UNIT_CASE(reno_friendly),
	UNIT_CASE(app_limited),
	UNIT_CASE(persistent),
	UNIT_CASE(hystart_steady),
	UNIT_CASE(hystart_exit),
	UNIT_CASE(hystart_spurious),
	UNIT_CASE(hystart_bounds),
	UNIT_CASE(hystart_only_once),
	UNIT_CASE(largest_window),
	UNIT_CASE(fractions_add_up),
	UNIT_CASE(chaos),
	UNIT_CASE(growth_limit),
};

UNIT_SUITE(cc_cubic, cases);
