// SPDX-License-Identifier: GPL-2.0
/*
 * What all congestion controllers share: the table, the start, the MSS.
 *
 * A controller is a row of function pointers because a socket chooses it at run
 * time; it is called per ACK, not per packet, so the indirect call is cheap.
 */
#include "cc.h"

static const struct quic_cc_ops *const quic_cc_table[] = {
	&quic_cc_newreno,
	&quic_cc_cubic,
};

const struct quic_cc_ops *quic_cc_find(u8 algo)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(quic_cc_table); i++) {
		if (quic_cc_table[i]->algo == algo)
			return quic_cc_table[i];
	}
	return NULL;
}

/* RFC 9002 7.2 */
static u64 quic_cc_initial_window(u32 mss)
{
	return min_t(u64, 10ULL * mss, max_t(u64, 14720, 2ULL * mss));
}

void quic_cc_init(struct quic_cc *cc, const struct quic_cc_ops *ops, u32 mss)
{
	*cc = (struct quic_cc){
		.ops = ops,
		.mss = mss,
		.cwnd = quic_cc_initial_window(mss),
		.ssthresh = QUIC_CC_NO_SSTHRESH,
	};
	ops->init(cc);
}

/*
 * A window that never moved is the initial one and follows the size (RFC 9002
 * 7.2); any other is in bytes already and only keeps its minimum.
 */
void quic_cc_set_mss(struct quic_cc *cc, u32 mss)
{
	if (cc->cwnd == quic_cc_initial_window(cc->mss) &&
	    cc->ssthresh == QUIC_CC_NO_SSTHRESH)
		cc->cwnd = quic_cc_initial_window(mss);
	cc->mss = mss;
	cc->cwnd = max(cc->cwnd, quic_cc_min_window(cc));
}
