// SPDX-License-Identifier: GPL-2.0
/*
 * Round-trip time estimate.
 *
 * The estimator of RFC 9002 5.3 in integers: shifts instead of fractions, in
 * the order of RFC 9002 A.7 (the variance first, from the old mean). A peer
 * can only lie through @ack_delay, and that never pulls a sample below the
 * minimum seen. Samples are capped far above any real path, so that sums of
 * them cannot wrap whatever the clock did.
 *
 * It does not decide when to sample, nor when the minimum is stale.
 */
#include "rtt.h"

#define QUIC_RTT_CAP	(1ULL << 42)	/* 73 minutes */

void quic_rtt_init(struct quic_rtt *r, u64 initial)
{
	initial = min_t(u64, initial, QUIC_RTT_CAP);
	*r = (struct quic_rtt){
		.smoothed = initial,
		.var = initial / 2,
	};
}

void quic_rtt_sample(struct quic_rtt *r, u64 latest, u64 ack_delay, u64 now)
{
	u64 adjusted, off;

	latest = min_t(u64, latest, QUIC_RTT_CAP);
	r->latest = latest;
	if (!r->has_sample) {
		r->has_sample = true;
		r->first_sample_time = now;
		r->min = latest;
		r->smoothed = latest;
		r->var = latest / 2;
		return;
	}
	r->min = min(r->min, latest);

	/* Written so that a huge delay cannot wrap (RFC 9002 5.3). */
	adjusted = latest;
	if (latest - r->min >= ack_delay)
		adjusted -= ack_delay;

	off = adjusted > r->smoothed ? adjusted - r->smoothed :
				       r->smoothed - adjusted;
	r->var = (3 * r->var + off) / 4;
	r->smoothed = (7 * r->smoothed + adjusted) / 8;
}

u64 quic_rtt_pto(const struct quic_rtt *r, u64 max_ack_delay)
{
	return r->smoothed + max_t(u64, 4 * r->var, QUIC_GRANULARITY) +
	       max_ack_delay;
}

u64 quic_rtt_loss_delay(const struct quic_rtt *r)
{
	u64 rtt = max(r->latest, r->smoothed);

	return max_t(u64, rtt + rtt / 8, QUIC_GRANULARITY);
}
