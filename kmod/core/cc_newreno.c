// SPDX-License-Identifier: GPL-2.0
/*
 * NewReno as RFC 9002 7.3 and appendix B describe it.
 *
 *   slow start           cwnd grows by what is acknowledged
 *   congestion avoidance by one datagram per window acknowledged
 *   congestion           half, once per round trip
 *
 * Growth in congestion avoidance is counted in whole windows of acknowledged
 * bytes, so no division is needed. Worst case per call: O(1).
 */
#include "cc.h"
#include <linux/quic.h>

/**
 * struct quic_newreno - state in quic_cc.priv
 * @acked: bytes acknowledged since the window grew last
 */
struct quic_newreno {
	u64 acked;
};

static struct quic_newreno *quic_newreno(struct quic_cc *cc)
{
	BUILD_BUG_ON(sizeof(struct quic_newreno) > sizeof(cc->priv));
	return (struct quic_newreno *)cc->priv;
}

static void quic_newreno_init(struct quic_cc *cc)
{
	quic_newreno(cc)->acked = 0;
}

static void quic_newreno_on_ack(struct quic_cc *cc, u64 bytes, u64 sent,
				bool app_limited, const struct quic_rtt *rtt,
				u64 now)
{
	struct quic_newreno *nr = quic_newreno(cc);

	if (app_limited || quic_cc_in_recovery(cc, sent))
		return;
	if (quic_cc_slow_start(cc)) {
		quic_cc_grow(cc, bytes);
		return;
	}
	/* One step per call at most: an ACK covers no more than a window. */
	nr->acked += min(bytes, cc->cwnd);
	if (nr->acked >= cc->cwnd) {
		nr->acked -= cc->cwnd;
		quic_cc_grow(cc, cc->mss);
	}
}

static void quic_newreno_on_congestion(struct quic_cc *cc, u64 sent, u64 now)
{
	if (quic_cc_in_recovery(cc, sent))
		return;
	cc->recovery_start = max_t(u64, now, 1);
	cc->cwnd = max(cc->cwnd / 2, quic_cc_min_window(cc));
	cc->ssthresh = cc->cwnd;
	quic_newreno(cc)->acked = 0;
}

static void quic_newreno_on_persistent(struct quic_cc *cc)
{
	cc->cwnd = quic_cc_min_window(cc);
	cc->recovery_start = 0;
	quic_newreno(cc)->acked = 0;
}

const struct quic_cc_ops quic_cc_newreno = {
	.name = "reno",
	.algo = QUIC_CONG_ALG_RENO,
	.init = quic_newreno_init,
	.on_ack = quic_newreno_on_ack,
	.on_congestion = quic_newreno_on_congestion,
	.on_persistent = quic_newreno_on_persistent,
};
