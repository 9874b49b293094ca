/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Congestion control of one path: what every controller shares, and the table
 * by which a socket chooses one (QUIC_SOCKOPT_CONFIG, QUIC_SOCKOPT_CONGESTION).
 *
 * Calls come from recovery.c, in packet order, socket lock held. The caller
 * keeps bytes_in_flight; a controller keeps its window and may read the rest.
 */
#ifndef QUIC_CORE_CC_H
#define QUIC_CORE_CC_H

#include "types.h"
#include "rtt.h"

#define QUIC_CC_MIN_WINDOW_PKTS		2	/* RFC 9002 7.2 */
#define QUIC_CC_NO_SSTHRESH		U64_MAX
#define QUIC_CC_MAX_WINDOW		(1ULL << 40)	/* bytes; keeps products in range */

struct quic_cc;

/**
 * struct quic_cc_ops - one controller
 * @name: for QUIC_SOCKOPT_CONGESTION, e.g. "cubic"
 * @algo: QUIC_CONG_ALG_* of the uapi
 * @init: window and state for a fresh path; cc->mss is set
 * @on_ack: @bytes newly acknowledged that were in flight, the newest of them
 *	sent at @sent; @app_limited: the window was not full when they were sent
 *	(RFC 9002 7.8: no growth then)
 * @on_congestion: a loss or CE mark of a packet sent at @sent; at most one
 *	reduction per round trip (recovery period, RFC 9002 7.3.2)
 * @on_persistent: persistent congestion (RFC 9002 7.6)
 */
struct quic_cc_ops {
	const char *name;
	u8 algo;
	void (*init)(struct quic_cc *cc);
	void (*on_ack)(struct quic_cc *cc, u64 bytes, u64 sent, bool app_limited,
		       const struct quic_rtt *rtt, u64 now);
	void (*on_congestion)(struct quic_cc *cc, u64 sent, u64 now);
	void (*on_persistent)(struct quic_cc *cc);
};

/**
 * struct quic_cc - state of one path
 * @ops: controller
 * @mss: current maximum datagram size, bytes
 * @cwnd: congestion window, bytes
 * @ssthresh: slow start below it, bytes
 * @bytes_in_flight: kept by the caller
 * @recovery_start: packets sent at or before it do not reduce again; 0 none
 * @priv: the controller's own, 12 words
 */
struct quic_cc {
	const struct quic_cc_ops *ops;
	u32 mss;
	u64 cwnd;
	u64 ssthresh;
	u64 bytes_in_flight;
	u64 recovery_start;
	u64 priv[12];
};

extern const struct quic_cc_ops quic_cc_newreno;
extern const struct quic_cc_ops quic_cc_cubic;

/**
 * quic_cc_find - controller by number
 * @algo: QUIC_CONG_ALG_*
 * Return: its ops or NULL.
 */
const struct quic_cc_ops *quic_cc_find(u8 algo);

/**
 * quic_cc_init - start a path: initial window min(10 * mss, max(14720, 2 * mss))
 * @cc: state
 * @ops: controller
 * @mss: maximum datagram size, bytes
 */
void quic_cc_init(struct quic_cc *cc, const struct quic_cc_ops *ops, u32 mss);

/**
 * quic_cc_set_mss - the datagram size changed (PLPMTUD): keep the window sane
 * @cc: state
 * @mss: maximum datagram size, bytes
 */
void quic_cc_set_mss(struct quic_cc *cc, u32 mss);

static inline bool quic_cc_slow_start(const struct quic_cc *cc)
{
	return cc->cwnd < cc->ssthresh;
}

/* Was a packet sent at @sent part of the round trip that reduced the window? */
static inline bool quic_cc_in_recovery(const struct quic_cc *cc, u64 sent)
{
	return cc->recovery_start && sent <= cc->recovery_start;
}

static inline u64 quic_cc_min_window(const struct quic_cc *cc)
{
	return (u64)QUIC_CC_MIN_WINDOW_PKTS * cc->mss;
}

/* Grow the window; never past QUIC_CC_MAX_WINDOW. */
static inline void quic_cc_grow(struct quic_cc *cc, u64 bytes)
{
	cc->cwnd = min_t(u64, cc->cwnd + min_t(u64, bytes, QUIC_CC_MAX_WINDOW),
			 QUIC_CC_MAX_WINDOW);
}

static inline u64 quic_cc_room(const struct quic_cc *cc)
{
	return cc->cwnd > cc->bytes_in_flight ? cc->cwnd - cc->bytes_in_flight : 0;
}

#endif /* QUIC_CORE_CC_H */
