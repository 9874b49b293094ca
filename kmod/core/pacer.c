// SPDX-License-Identifier: GPL-2.0
/*
 * Pacing by a bucket of bytes.
 *
 * The bucket fills at the rate and holds one burst: 1 ms worth, so that one
 * train can leave per timer, with the part of a packet that was left over, and
 * at least 10 packets (RFC 9002 7.7 allows the initial window). To a peer that is near it
 * holds a train whatever the rate is: there a low rate means that both ends have too little
 * of a processor, and short trains take more of it. Before a rate is known nothing is
 * held back: the initial congestion window is the bound then.
 *
 * Time advances in whole bytes: a refill moves @last only over the time that
 * the bytes it added took, rounded up, so that frequent calls neither lose
 * credit nor gain any, and the long-term rate never exceeds @rate.
 *
 * Bounds: rates are capped at 2^40 bytes/s and elapsed time at 2^50 ns, so that
 * no product over a divisor leaves 64 bits (a divide error on x86).
 */
#include "pacer.h"

#define QUIC_PACER_BURST_PKTS	10
#define QUIC_PACER_RATE_CAP	(1ULL << 40)
#define QUIC_PACER_TIME_CAP	(1ULL << 50)
#define QUIC_PACER_BURST_CAP	(1U << 30)
#define QUIC_PACER_CWND_CAP	(1ULL << 40)
#define QUIC_PACER_MIN_RTT	QUIC_NS_PER_US
#define QUIC_PACER_DEBT		7	/* of a second, as a power: 8 ms at most */
#define QUIC_PACER_PATIENCE	8	/* likewise: 4 ms for a small quantum at most */

static void quic_pacer_set_burst(struct quic_pacer *p, u32 mss)
{
	u64 burst = max_t(u64, (u64)mss * QUIC_PACER_BURST_PKTS,
			  div_u64(p->rate, 1000) + mss);

	p->burst = clamp_t(u64, burst, p->near, QUIC_PACER_BURST_CAP);
}

void quic_pacer_init(struct quic_pacer *p, u32 mss, u64 now)
{
	*p = (struct quic_pacer){
		.last = now,
		.max_rate = U64_MAX,
	};
	quic_pacer_set_burst(p, mss);
	p->budget = p->burst;
}

/*
 * A debt stays as long as it was: it is what was built ahead, which leaves at times that do
 * not change any more, and a probe or two. What left unpaced is none beyond one burst.
 */
static void quic_pacer_set_rate(struct quic_pacer *p, u64 rate, u32 mss)
{
	u64 debt = p->budget < 0 ? -p->budget : 0, old = p->rate;

	p->rate = rate;
	quic_pacer_set_burst(p, mss);
	if (!debt) {
		p->budget = min_t(s64, p->budget, p->burst);
		return;
	}
	if (old)
		debt = mul_u64_u64_div_u64(debt, rate, old);
	p->budget = -(s64)min_t(u64, debt, old ? max_t(u64, p->burst, rate >> QUIC_PACER_DEBT) :
						  p->burst);
}

void quic_pacer_update(struct quic_pacer *p, u64 cwnd, u64 srtt, bool slow_start,
		       u32 mss)
{
	u64 rate;

	cwnd = min_t(u64, cwnd, QUIC_PACER_CWND_CAP);
	cwnd = slow_start ? 2 * cwnd : cwnd + cwnd / 4;
	srtt = max_t(u64, srtt, QUIC_PACER_MIN_RTT);
	rate = mul_u64_u64_div_u64(cwnd, QUIC_NS_PER_SEC, srtt);
	rate = min3(rate, p->max_rate, (u64)QUIC_PACER_RATE_CAP);
	quic_pacer_set_rate(p, max_t(u64, rate, 1), mss);
}

void quic_pacer_limit(struct quic_pacer *p, u64 max_rate, u32 mss)
{
	p->max_rate = max_rate;
	if (p->rate <= max_rate)
		return;
	quic_pacer_set_rate(p, max_t(u64, max_rate, 1), mss);
}

static void quic_pacer_fill(struct quic_pacer *p, u64 now)
{
	p->budget = p->burst;
	p->last = now;
}

u64 quic_pacer_budget(struct quic_pacer *p, u64 now)
{
	u64 elapsed, bytes;

	if (!p->rate) {
		quic_pacer_fill(p, now);
		return U64_MAX;
	}
	if (now > p->last) {
		elapsed = min_t(u64, now - p->last, QUIC_PACER_TIME_CAP);
		bytes = mul_u64_u64_div_u64(elapsed, p->rate, QUIC_NS_PER_SEC);
		if ((s64)bytes >= (s64)p->burst - p->budget) {
			quic_pacer_fill(p, now);
		} else if (bytes) {
			p->budget += bytes;
			p->last += DIV64_U64_ROUND_UP(bytes * QUIC_NS_PER_SEC,
						      p->rate);
		}
	}
	return p->budget > 0 ? p->budget : 0;
}

u32 quic_pacer_quantum(const struct quic_pacer *p, u64 cwnd, u32 mtu)
{
	u64 together = max_t(u64, mtu * QUIC_PACER_BURST_PKTS, p->near);
	u64 slow = min3((u64)p->burst / 4 * 3, together, p->rate >> QUIC_PACER_PATIENCE);

	return clamp_t(u64, min(max(p->rate >> 11, slow), cwnd / 4), mtu,
		       max_t(u32, mtu, QUIC_PACER_TRAIN));
}

u64 quic_pacer_next(const struct quic_pacer *p, u32 bytes)
{
	u64 missing;

	if (!p->rate || p->budget >= (s64)bytes)
		return p->last;
	missing = min_t(u64, bytes - p->budget, 2ULL * QUIC_PACER_BURST_CAP);
	return p->last + DIV64_U64_ROUND_UP(missing * QUIC_NS_PER_SEC, p->rate);
}
