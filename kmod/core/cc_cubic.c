// SPDX-License-Identifier: GPL-2.0
/*
 * CUBIC (RFC 9438) with HyStart++ (RFC 9406) for the first slow start.
 *
 *   cwnd
 *    |                                   / convex: probing for a new w_max
 *  w_max - - - - - - - - - - ___-------'
 *    |              _____----
 *    |          ___/ concave
 *    | cwnd  __/
 *    | epoch|
 *    +------+------------------+------------> t
 *           0                  K
 *
 * In congestion avoidance the window follows W(t) = C (t - K)^3 + w_max, where
 * t runs from the epoch's start, or Reno's window w_est where that is larger
 * (RFC 9438 4.3: small bandwidth-delay products). Time during which the
 * application did not fill the window does not count as t (RFC 9438 5.8).
 *
 * HyStart++ measures rounds by send times: a round is over when an ACK covers a
 * packet sent after the round began. A round whose lowest RTT rose makes growth
 * four times slower for up to five rounds; if the rise stays, slow start ends
 * before it overruns the queue. Packets are paced, so growth is not limited per
 * ACK (L is infinite, RFC 9406 4.3).
 *
 * Integers. Windows are bytes below 2^40, times in the cubic are microseconds
 * below 2^31, so (t - K)^2 fits 64 bits and every mul_u64_u64_div_u64() has a
 * quotient that does too. Fractions of bytes are kept in 1/1024ths: a window of
 * 1 GB that should grow 0.1 byte per ACK grows. O(1) per ACK: two products with
 * division; one cube root (22 steps) per congestion event.
 *
 * A reduction found spurious is undone by undo.c: it keeps a copy of all this.
 */
#include "cc.h"
#include <linux/quic.h>

#define QUIC_CUBIC_SHIFT	10		/* fractions of a byte */
#define QUIC_CUBIC_TIME_CAP	(1ULL << 31)	/* us */

/* RFC 9406 4.3 */
#define QUIC_HYSTART_MIN_THRESH	(4 * QUIC_NS_PER_MS)
#define QUIC_HYSTART_MAX_THRESH	(16 * QUIC_NS_PER_MS)
#define QUIC_HYSTART_SAMPLES	8
#define QUIC_CSS_DIVISOR	4
#define QUIC_CSS_ROUNDS		5

/**
 * struct quic_cubic - state in quic_cc.priv
 * @w_max: plateau of the curve, bytes; 0: none known
 * @cwnd_prior: window before the latest reduction, bytes
 * @epoch_start: when this congestion avoidance began, ns; 0: not yet
 * @k: time from there to the plateau, us
 * @w_est: window that Reno would have, bytes << QUIC_CUBIC_SHIFT
 * @limited_since: the application stopped filling the window, ns; 0: it fills it
 * @frac: growth below one byte, in 1 / (1 << QUIC_CUBIC_SHIFT)
 * @round_start: when the round began, ns
 * @round_min: lowest RTT of the round, ns; U64_MAX none
 * @last_min: the same of the round before
 * @css_baseline: lowest RTT of the round that entered conservative slow start
 * @samples: RTTs seen in the round, saturating
 * @css_rounds: rounds completed in conservative slow start
 * @css: in conservative slow start
 * @in_round: a first round began
 */
struct quic_cubic {
	u64 w_max;
	u64 cwnd_prior;
	u64 epoch_start;
	u64 k;
	u64 w_est;
	u64 limited_since;
	u64 round_start;
	u64 round_min;
	u64 last_min;
	u64 css_baseline;
	u16 frac;
	u8 samples;
	u8 css_rounds;
	bool css;
	bool in_round;
};

static struct quic_cubic *quic_cubic(struct quic_cc *cc)
{
	BUILD_BUG_ON(sizeof(struct quic_cubic) > sizeof(cc->priv));
	return (struct quic_cubic *)cc->priv;
}

/* Largest r with r^3 <= v, bit by bit. */
static u32 quic_cubic_root(u64 v)
{
	const u64 largest = 2642245;	/* root of U64_MAX */
	u64 root = 0;
	int bit;

	for (bit = 21; bit >= 0; bit--) {
		u64 r = root | BIT_ULL(bit);

		if (r <= largest && r * r * r <= v)
			root = r;
	}
	return root;
}

/*
 * Time in us for the curve to climb @bytes to its plateau: the cube root of
 * bytes / (C * mss) with C = 0.4, to the millisecond.
 */
static u64 quic_cubic_k(u64 bytes, u32 mss)
{
	u64 ms3 = mul_u64_u64_div_u64(5 * bytes, 1000000000, 2 * max_t(u32, mss, 256));

	return 1000ULL * quic_cubic_root(ms3);
}

/* W(t): where the curve is @t us into the epoch. */
static u64 quic_cubic_w(const struct quic_cubic *cb, u64 t, u32 mss)
{
	u64 off = t > cb->k ? t - cb->k : cb->k - t;
	u64 bytes;

	/* 0.4 * mss * off^3, off from us to seconds */
	off = min_t(u64, off, QUIC_CUBIC_TIME_CAP);
	bytes = mul_u64_u64_div_u64(off * off, off * 2 * min_t(u32, mss, U16_MAX),
				    5000000000000000000ULL);
	if (t > cb->k)
		return cb->w_max + bytes;
	return cb->w_max - min(bytes, cb->w_max);
}

static void quic_cubic_start_epoch(struct quic_cc *cc, u64 now)
{
	struct quic_cubic *cb = quic_cubic(cc);

	cb->epoch_start = max_t(u64, now, 1);
	cb->limited_since = 0;
	cb->frac = 0;
	cb->w_est = cc->cwnd << QUIC_CUBIC_SHIFT;
	if (cb->w_max > cc->cwnd) {
		cb->k = quic_cubic_k(cb->w_max - cc->cwnd, cc->mss);
	} else {
		/* No loss taught us a plateau: this is it (RFC 9438 4.10). */
		cb->k = 0;
		cb->w_max = cc->cwnd;
	}
}

/* RFC 9438 4.3: what Reno with the same average window would have. */
static u64 quic_cubic_reno(const struct quic_cc *cc, struct quic_cubic *cb,
			   u64 bytes)
{
	u64 step = (u64)cc->mss << QUIC_CUBIC_SHIFT;

	if (cb->w_est >> QUIC_CUBIC_SHIFT < cb->cwnd_prior)
		step = div_u64(step * 9, 17);	/* 3 (1 - 0.7) / (1 + 0.7) */
	cb->w_est += mul_u64_u64_div_u64(step, bytes, cc->cwnd);
	cb->w_est = min_t(u64, cb->w_est, QUIC_CC_MAX_WINDOW << QUIC_CUBIC_SHIFT);
	return cb->w_est >> QUIC_CUBIC_SHIFT;
}

static void quic_cubic_avoid(struct quic_cc *cc, u64 bytes,
			     const struct quic_rtt *rtt, u64 now)
{
	struct quic_cubic *cb = quic_cubic(cc);
	u64 t, reno, target, inc;

	if (!cb->epoch_start)
		quic_cubic_start_epoch(cc, now);
	if (cb->limited_since) {
		cb->epoch_start += now - cb->limited_since;
		cb->limited_since = 0;
	}
	t = now > cb->epoch_start ? div_u64(now - cb->epoch_start, 1000) : 0;
	bytes = min(bytes, cc->cwnd);
	reno = quic_cubic_reno(cc, cb, bytes);
	if (quic_cubic_w(cb, t, cc->mss) < reno) {
		cc->cwnd = max(cc->cwnd, reno);
		return;
	}
	target = quic_cubic_w(cb, t + div_u64(rtt->smoothed, 1000), cc->mss);
	target = clamp(target, cc->cwnd, cc->cwnd + cc->cwnd / 2);
	inc = mul_u64_u64_div_u64((target - cc->cwnd) << QUIC_CUBIC_SHIFT, bytes,
				  cc->cwnd) + cb->frac;
	cb->frac = inc & ((1 << QUIC_CUBIC_SHIFT) - 1);
	quic_cc_grow(cc, inc >> QUIC_CUBIC_SHIFT);
}

/* A round is over. Five of them in conservative slow start are enough. */
static void quic_hystart_round(struct quic_cc *cc, struct quic_cubic *cb, u64 now)
{
	if (cb->css && ++cb->css_rounds >= QUIC_CSS_ROUNDS)
		cc->ssthresh = cc->cwnd;
	cb->in_round = true;
	cb->round_start = now;
	cb->last_min = cb->round_min;
	cb->round_min = U64_MAX;
	cb->samples = 0;
}

/* RFC 9406 4.2: one RTT sample of the first slow start. */
static void quic_hystart_sample(struct quic_cc *cc, struct quic_cubic *cb,
				u64 sent, u64 now)
{
	u64 thresh;

	if (!cb->in_round || sent >= cb->round_start)
		quic_hystart_round(cc, cb, now);
	cb->round_min = min(cb->round_min, now - sent);
	if (cb->samples < QUIC_HYSTART_SAMPLES)
		cb->samples++;
	if (cb->samples < QUIC_HYSTART_SAMPLES)
		return;
	if (cb->css) {
		if (cb->round_min < cb->css_baseline)
			cb->css = false;	/* the rise was not ours */
		return;
	}
	if (cb->last_min == U64_MAX)
		return;
	thresh = clamp_t(u64, cb->last_min / 8, QUIC_HYSTART_MIN_THRESH,
			 QUIC_HYSTART_MAX_THRESH);
	if (cb->round_min >= cb->last_min + thresh) {
		cb->css = true;
		cb->css_rounds = 0;
		cb->css_baseline = cb->round_min;
	}
}

static void quic_cubic_init(struct quic_cc *cc)
{
	*quic_cubic(cc) = (struct quic_cubic){
		.round_min = U64_MAX,
		.last_min = U64_MAX,
	};
}

static void quic_cubic_on_ack(struct quic_cc *cc, u64 bytes, u64 sent,
			      bool app_limited, const struct quic_rtt *rtt,
			      u64 now)
{
	struct quic_cubic *cb = quic_cubic(cc);

	if (quic_cc_in_recovery(cc, sent))
		return;
	if (app_limited) {
		if (cb->epoch_start && !cb->limited_since)
			cb->limited_since = now;
		return;
	}
	if (!quic_cc_slow_start(cc)) {
		quic_cubic_avoid(cc, bytes, rtt, now);
		return;
	}
	if (cc->ssthresh != QUIC_CC_NO_SSTHRESH) {
		quic_cc_grow(cc, bytes);
		return;
	}
	quic_cc_grow(cc, cb->css ? bytes / QUIC_CSS_DIVISOR : bytes);
	quic_hystart_sample(cc, cb, min(sent, now), now);
}

static void quic_cubic_on_congestion(struct quic_cc *cc, u64 sent, u64 now)
{
	struct quic_cubic *cb = quic_cubic(cc);

	if (quic_cc_in_recovery(cc, sent))
		return;
	cc->recovery_start = max_t(u64, now, 1);
	/* Fast convergence: below the old plateau, make room for newcomers. */
	if (cc->cwnd < cb->w_max)
		cb->w_max = div_u64(cc->cwnd * 17, 20);
	else
		cb->w_max = cc->cwnd;
	cb->cwnd_prior = cc->cwnd;
	cb->epoch_start = 0;
	cb->limited_since = 0;
	cc->cwnd = max(div_u64(cc->cwnd * 7, 10), quic_cc_min_window(cc));
	cc->ssthresh = cc->cwnd;
}

/* RFC 9438 4.8: the curve starts anew where slow start will end. */
static void quic_cubic_on_persistent(struct quic_cc *cc)
{
	struct quic_cubic *cb = quic_cubic(cc);

	cb->w_max = 0;
	cb->epoch_start = 0;
	cb->limited_since = 0;
	cc->cwnd = quic_cc_min_window(cc);
	cc->recovery_start = 0;
}

const struct quic_cc_ops quic_cc_cubic = {
	.name = "cubic",
	.algo = QUIC_CONG_ALG_CUBIC,
	.init = quic_cubic_init,
	.on_ack = quic_cubic_on_ack,
	.on_congestion = quic_cubic_on_congestion,
	.on_persistent = quic_cubic_on_persistent,
};
