// SPDX-License-Identifier: GPL-2.0
/*
 * Round-trip time estimate (RFC 9002 5 and 6): before a sample, the first one,
 * smoothing, the loss delay, extremes, and that it converges.
 */
#include "unit.h"
#include "../../kmod/core/rtt.h"

#define MS	QUIC_NS_PER_MS

static void before_any_sample(struct unit *t)
{
	struct quic_rtt r;

	quic_rtt_init(&r, QUIC_INITIAL_RTT);
	EXPECT(t, !r.has_sample);
	EXPECT_EQ(t, r.smoothed, 333 * MS);
	EXPECT_EQ(t, r.var, 333 * MS / 2);
	/* RFC 9002 6.2.2: about one second */
	EXPECT_EQ(t, quic_rtt_pto(&r, 0), 999 * MS);
	EXPECT_EQ(t, quic_rtt_pto(&r, 25 * MS), 1024 * MS);
}

static void first_sample(struct unit *t)
{
	struct quic_rtt r;

	quic_rtt_init(&r, QUIC_INITIAL_RTT);
	quic_rtt_sample(&r, 40 * MS, 30 * MS, 777);	/* delay is ignored */
	EXPECT(t, r.has_sample);
	EXPECT_EQ(t, r.first_sample_time, 777);
	EXPECT_EQ(t, r.latest, 40 * MS);
	EXPECT_EQ(t, r.min, 40 * MS);
	EXPECT_EQ(t, r.smoothed, 40 * MS);
	EXPECT_EQ(t, r.var, 20 * MS);
	EXPECT_EQ(t, quic_rtt_pto(&r, 25 * MS), (40 + 80 + 25) * MS);
}

static void smoothing(struct unit *t)
{
	struct quic_rtt r;

	quic_rtt_init(&r, QUIC_INITIAL_RTT);
	quic_rtt_sample(&r, 80 * MS, 0, 1);
	quic_rtt_sample(&r, 160 * MS, 0, 2);
	EXPECT_EQ(t, r.first_sample_time, 1);
	EXPECT_EQ(t, r.min, 80 * MS);
	EXPECT_EQ(t, r.smoothed, 90 * MS);		/* 7/8 80 + 1/8 160 */
	EXPECT_EQ(t, r.var, 50 * MS);			/* 3/4 40 + 1/4 80 */
	/* The peer's delay comes off, because what is left is above the minimum. */
	quic_rtt_sample(&r, 100 * MS, 18 * MS, 3);
	EXPECT_EQ(t, r.smoothed, (7 * 90 + 82) * MS / 8);
	/* Down to the minimum exactly, it does too. */
	quic_rtt_init(&r, QUIC_INITIAL_RTT);
	quic_rtt_sample(&r, 80 * MS, 0, 1);
	quic_rtt_sample(&r, 88 * MS, 8 * MS, 2);
	EXPECT_EQ(t, r.smoothed, 80 * MS);
	/* Here it would pull the sample below the minimum: not believed. */
	quic_rtt_init(&r, QUIC_INITIAL_RTT);
	quic_rtt_sample(&r, 80 * MS, 0, 1);
	quic_rtt_sample(&r, 88 * MS, 9 * MS, 2);
	EXPECT_EQ(t, r.smoothed, 81 * MS);
	quic_rtt_sample(&r, 40 * MS, U64_MAX, 3);
	EXPECT_EQ(t, r.min, 40 * MS);
}

static void loss_delay(struct unit *t)
{
	struct quic_rtt r;

	quic_rtt_init(&r, QUIC_INITIAL_RTT);
	quic_rtt_sample(&r, 80 * MS, 0, 1);
	EXPECT_EQ(t, quic_rtt_loss_delay(&r), 90 * MS);
	quic_rtt_sample(&r, 160 * MS, 0, 2);		/* latest is the larger */
	EXPECT_EQ(t, quic_rtt_loss_delay(&r), 180 * MS);
	quic_rtt_init(&r, QUIC_INITIAL_RTT);
	quic_rtt_sample(&r, 1000, 0, 1);		/* 1 us: granularity */
	EXPECT_EQ(t, quic_rtt_loss_delay(&r), 1 * MS);
	EXPECT_EQ(t, quic_rtt_pto(&r, 0), 1000 + 1 * MS);
}

/* From nanoseconds to nonsense: no wrap, and the mean stays inside. */
static void extremes(struct unit *t)
{
	struct quic_rtt r;
	u64 v;
	u32 i;

	quic_rtt_init(&r, U64_MAX);
	EXPECT_LT(t, quic_rtt_pto(&r, QUIC_NS_PER_SEC), 1ULL << 46);
	for (i = 0; i < 20000; i++) {
		v = unit_rand_bits(t, 64);
		quic_rtt_sample(&r, v, unit_rand_bits(t, 64), i);
		EXPECT_LE(t, r.smoothed, 1ULL << 42);
		EXPECT_LE(t, r.min, r.latest);
		EXPECT_GE(t, r.smoothed, r.min);
		EXPECT_LT(t, quic_rtt_pto(&r, QUIC_NS_PER_SEC), 1ULL << 46);
		EXPECT_GE(t, quic_rtt_loss_delay(&r), QUIC_GRANULARITY);
	}
}

/* A steady path converges to its round trip and a small variance. */
static void converges(struct unit *t)
{
	struct quic_rtt r;
	u32 i;

	quic_rtt_init(&r, QUIC_INITIAL_RTT);
	quic_rtt_sample(&r, 500 * MS, 0, 0);
	for (i = 0; i < 100; i++)
		quic_rtt_sample(&r, 20 * MS, 0, i);
	EXPECT_NEAR(t, r.smoothed, 20 * MS, 1, 1000);
	EXPECT_LT(t, r.var, MS);
}

static const struct unit_case cases[] = {
	UNIT_CASE(before_any_sample),
	UNIT_CASE(first_sample),
	UNIT_CASE(smoothing),
	UNIT_CASE(loss_delay),
	UNIT_CASE(extremes),
	UNIT_CASE(converges),
};

UNIT_SUITE(rtt, cases);
