// SPDX-License-Identifier: GPL-2.0
/*
 * Pacing (RFC 9002 7.7): rates and bursts over virtual time, against what the
 * window and the round trip allow; no overflow at extremes.
 */
#include "unit.h"
#include "../../kmod/core/pacer.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC
#define MSS	1200

/* Until there is a rate only the congestion window holds back. */
static void unpaced(struct unit *t)
{
	struct quic_pacer p;

	quic_pacer_init(&p, MSS, 5);
	EXPECT_EQ(t, p.rate, 0);
	EXPECT_EQ(t, quic_pacer_budget(&p, 5), U64_MAX);
	quic_pacer_sent(&p, 40 * MSS);
	EXPECT_EQ(t, quic_pacer_budget(&p, 5), U64_MAX);
	EXPECT_LE(t, quic_pacer_next(&p, MSS), 5);
	/* What left before is at most one burst of debt. */
	quic_pacer_sent(&p, 4000 * MSS);
	quic_pacer_update(&p, 10 * MSS, 10 * MS, true, MSS);
	EXPECT_GE(t, p.budget + p.burst, 0);
}

static void rate_of_window(struct unit *t)
{
	struct quic_pacer p;

	quic_pacer_init(&p, MSS, 0);
	quic_pacer_update(&p, 100000, 100 * MS, true, MSS);
	EXPECT_EQ(t, p.rate, 2000000);
	EXPECT_EQ(t, p.burst, 10 * MSS);
	quic_pacer_update(&p, 100000, 100 * MS, false, MSS);
	EXPECT_EQ(t, p.rate, 1250000);
	quic_pacer_update(&p, 100000000, 10 * MS, false, MSS);
	EXPECT_EQ(t, p.rate, 12500000000ULL);
	EXPECT_EQ(t, p.burst, 12500000 + MSS);		/* 1 ms */
	p.max_rate = 1000000;
	quic_pacer_update(&p, 100000000, 10 * MS, false, MSS);
	EXPECT_EQ(t, p.rate, 1000000);
	p.max_rate = 0;
	quic_pacer_update(&p, 100000000, 10 * MS, false, MSS);
	EXPECT_EQ(t, p.rate, 1);
}

/* The user's cap: a lower one at once, and with it the burst; a higher one in time. */
static void limited(struct unit *t)
{
	struct quic_pacer p;

	quic_pacer_init(&p, MSS, 0);
	quic_pacer_limit(&p, 1000000, MSS);
	EXPECT_EQ(t, p.rate, 0);
	quic_pacer_update(&p, 100000000, 10 * MS, false, MSS);
	EXPECT_EQ(t, p.rate, 1000000);
	quic_pacer_limit(&p, U64_MAX, MSS);
	EXPECT_EQ(t, p.rate, 1000000);
	quic_pacer_update(&p, 100000000, 10 * MS, false, MSS);
	EXPECT_EQ(t, p.rate, 12500000000ULL);
	quic_pacer_budget(&p, SEC);
	quic_pacer_limit(&p, 2000000, MSS);
	EXPECT_EQ(t, p.rate, 2000000);
	EXPECT_EQ(t, p.burst, 10 * MSS);
	EXPECT_EQ(t, quic_pacer_budget(&p, SEC), 10 * MSS);
	quic_pacer_limit(&p, 0, MSS);
	EXPECT_EQ(t, p.rate, 1);
}

/* What was built ahead leaves when it was to, whatever the rate is then. */
static void debt_is_time(struct unit *t)
{
	struct quic_pacer p;

	quic_pacer_init(&p, MSS, 0);
	quic_pacer_update(&p, 100000000, 10 * SEC, true, MSS);	/* 20 MB/s */
	quic_pacer_sent(&p, p.budget + 80000);
	EXPECT_EQ(t, quic_pacer_next(&p, 0), 4 * MS);
	quic_pacer_update(&p, 10000000, 10 * SEC, true, MSS);
	EXPECT_EQ(t, p.rate, 2000000);
	EXPECT_EQ(t, p.budget, -8000);
	EXPECT_EQ(t, quic_pacer_next(&p, 0), 4 * MS);
	quic_pacer_update(&p, 1000000000, 10 * SEC, true, MSS);
	EXPECT_EQ(t, quic_pacer_next(&p, 0), 4 * MS);
	/* but for 8 ms at most */
	quic_pacer_sent(&p, 100000000);
	quic_pacer_update(&p, 1000000000, 10 * SEC, true, MSS);
	EXPECT_LE(t, quic_pacer_next(&p, 0), 8 * MS);
	EXPECT_GE(t, quic_pacer_next(&p, 0), 7 * MS);
}

/* Send whenever @mss is allowed, look every @step. Return: bytes in @span. */
static u64 send_for(struct quic_pacer *p, u64 *now, u64 span, u64 step, u32 mss)
{
	u64 end = *now + span, sent = 0;

	for (; *now < end; *now += step) {
		while (quic_pacer_budget(p, *now) >= mss) {
			quic_pacer_sent(p, mss);
			sent += mss;
		}
	}
	return sent;
}

/* However often it is asked, the rate is kept to 1 %, after one burst. */
static void rate_is_kept(struct unit *t)
{
	static const u64 steps[] = { 1000, 3333, 10000, 100000, 999983 };
	static const u64 rates[] = { 100000, 12345678, 125000000, 1250000000 };
	struct quic_pacer p;
	u64 now, span, sent;
	u32 i, j;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		for (j = 0; j < ARRAY_SIZE(rates); j++) {
			now = 1000 * SEC;
			span = 20000 * steps[i];
			quic_pacer_init(&p, MSS, now);
			p.max_rate = rates[j];
			quic_pacer_update(&p, 1ULL << 40, MS, false, MSS);
			quic_pacer_sent(&p, p.budget);	/* the burst */
			sent = send_for(&p, &now, span, steps[i], MSS);
			EXPECT_NEAR(t, sent,
				    mul_u64_u64_div_u64(span, rates[j], SEC), 10, MSS);
		}
	}
}

/* Waiting exactly as long as it says gives the rate, and packets do leave. */
static void next_is_exact(struct unit *t)
{
	struct quic_pacer p, early;
	u64 start = 7 * SEC, now = start, sent = 0, at;
	u32 i;

	quic_pacer_init(&p, MSS, now);
	p.max_rate = 9999999;
	quic_pacer_update(&p, 1ULL << 40, MS, false, MSS);
	quic_pacer_sent(&p, p.budget);
	for (i = 0; i < 10000; i++) {
		at = quic_pacer_next(&p, MSS);
		EXPECT_GE(t, at, now);
		early = p;
		EXPECT_LT(t, quic_pacer_budget(&early, at - 1), MSS);
		now = at;
		ASSERT_GE(t, quic_pacer_budget(&p, now), MSS);
		EXPECT_EQ(t, quic_pacer_next(&p, MSS), p.last);
		quic_pacer_sent(&p, MSS);
		sent += MSS;
	}
	EXPECT_NEAR(t, sent, mul_u64_u64_div_u64(now - start, 9999999, SEC), 1, MSS);
}

/* A part of what is wanted is there: wait for the rest only. */
static void next_of_the_rest(struct unit *t)
{
	struct quic_pacer p;

	quic_pacer_init(&p, MSS, SEC);
	EXPECT_EQ(t, quic_pacer_next(&p, 2 * p.burst), SEC);	/* no rate yet */
	p.max_rate = 1000000;
	quic_pacer_update(&p, 1ULL << 40, MS, false, MSS);
	quic_pacer_sent(&p, p.budget - 700);
	EXPECT_EQ(t, quic_pacer_next(&p, 700), SEC);
	EXPECT_EQ(t, quic_pacer_next(&p, 1200), SEC + 500 * QUIC_NS_PER_US);
	quic_pacer_sent(&p, 1000);
	EXPECT_EQ(t, quic_pacer_next(&p, 1200), SEC + 1500 * QUIC_NS_PER_US);
}

/* After a pause no more than one burst leaves. */
static void burst_is_bounded(struct unit *t)
{
	struct quic_pacer p;

	quic_pacer_init(&p, MSS, 0);
	quic_pacer_update(&p, 100 * MSS, 100 * MS, false, MSS);
	EXPECT_EQ(t, quic_pacer_budget(&p, 3600 * SEC), p.burst);
	quic_pacer_sent(&p, p.burst);
	EXPECT_EQ(t, quic_pacer_budget(&p, 3600 * SEC), 0);
	/* A probe may overdraw; it is paid back. */
	quic_pacer_sent(&p, 2 * MSS);
	EXPECT_EQ(t, quic_pacer_budget(&p, 3600 * SEC), 0);
	EXPECT_GT(t, quic_pacer_next(&p, MSS), 3600 * SEC + MS);
	/* The clock standing still, or a step back, gives nothing. */
	EXPECT_EQ(t, quic_pacer_budget(&p, 0), 0);
}

/*
 * How much is collected: half a millisecond's, or ten packets, but no longer than 4 ms, and a
 * quarter of the window; to a near peer a train, half of one for each 524 us.
 */
static void quantum(struct unit *t)
{
	u64 wide = 1ULL << 30;
	struct quic_pacer p;

	quic_pacer_init(&p, MSS, 0);
	quic_pacer_update(&p, 50 * MSS, 100 * MS, false, MSS);	/* 750 kB/s */
	EXPECT_EQ(t, quic_pacer_quantum(&p, wide, MSS), p.rate >> 8);
	quic_pacer_update(&p, 500 * MSS, 100 * MS, false, MSS);	/* 7.5 MB/s */
	EXPECT_EQ(t, p.burst, 10 * MSS);
	EXPECT_EQ(t, quic_pacer_quantum(&p, wide, MSS), 10 * MSS / 4 * 3);
	EXPECT_EQ(t, quic_pacer_quantum(&p, 20 * MSS, MSS), 5 * MSS);
	EXPECT_EQ(t, quic_pacer_quantum(&p, MSS, MSS), MSS);
	quic_pacer_update(&p, 5000 * MSS, 100 * MS, false, MSS);	/* 75 MB/s */
	EXPECT_EQ(t, quic_pacer_quantum(&p, wide, MSS), p.rate >> 11);
	quic_pacer_update(&p, 50000 * MSS, 100 * MS, false, MSS);
	EXPECT_EQ(t, quic_pacer_quantum(&p, wide, MSS), 65000);

	quic_pacer_set_near(&p, 0);
	EXPECT_EQ(t, p.near, 0);
	quic_pacer_set_near(&p, 600 * QUIC_NS_PER_US);
	EXPECT_EQ(t, p.near, 32500);
	quic_pacer_set_near(&p, SEC);
	EXPECT_EQ(t, p.near, 0);
	quic_pacer_set_near(&p, 50 * QUIC_NS_PER_US);
	quic_pacer_update(&p, 1000 * MSS, 100 * MS, false, MSS);	/* 15 MB/s */
	EXPECT_EQ(t, p.burst, 65000);
	EXPECT_EQ(t, quic_pacer_quantum(&p, wide, MSS), 65000 / 4 * 3);
	EXPECT_EQ(t, quic_pacer_quantum(&p, 100 * MSS, MSS), 25 * MSS);
}

/* No input divides by zero, overflows a quotient or stops for good. */
static void extremes(struct unit *t)
{
	struct quic_pacer p;
	u64 now = 0, at;
	u32 i, mss;

	quic_pacer_init(&p, MSS, now);
	for (i = 0; i < 50000; i++) {
		if (!unit_below(t, 8))
			p.max_rate = unit_rand_bits(t, 64);
		mss = 1200 + unit_below(t, 64000);
		quic_pacer_set_near(&p, unit_rand_bits(t, 64));
		quic_pacer_update(&p, unit_rand_bits(t, 64), unit_rand_bits(t, 64),
				  unit_below(t, 2), mss);
		/* what is waited for can come */
		EXPECT_LE(t, quic_pacer_quantum(&p, unit_rand_bits(t, 64), mss), p.burst);
		now += unit_rand_bits(t, 50);
		EXPECT_LE(t, quic_pacer_budget(&p, now), p.burst);
		quic_pacer_sent(&p, unit_rand_bits(t, 17));
		at = quic_pacer_next(&p, MSS);
		EXPECT_GE(t, at, p.last);
	}
	EXPECT_LT(t, now, 1ULL << 63);
}

static const struct unit_case cases[] = {
	UNIT_CASE(unpaced),
	UNIT_CASE(rate_of_window),
	UNIT_CASE(limited),
	UNIT_CASE(debt_is_time),
	UNIT_CASE(rate_is_kept),
	UNIT_CASE(next_is_exact),
	UNIT_CASE(next_of_the_rest),
	UNIT_CASE(burst_is_bounded),
	UNIT_CASE(quantum),
	UNIT_CASE(extremes),
};

UNIT_SUITE(pacer, cases);
