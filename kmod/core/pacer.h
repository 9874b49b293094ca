/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pacing (RFC 9002 7.7): a budget of bytes that fills at N * cwnd / smoothed_rtt
 * and that bursts of at most 1 ms worth, at least 10 packets, or to a near peer a
 * train, may empty.
 */
#ifndef QUIC_CORE_PACER_H
#define QUIC_CORE_PACER_H

#include "types.h"
#include "plant.h"

#define QUIC_PACER_TRAIN	65000	/* bytes: as long as a train gets, about */

/**
 * struct quic_pacer - state of one path
 * @budget: bytes that may leave now; may be negative after a probe
 * @last: time of the last refill
 * @rate: bytes per second, 0 = not paced yet
 * @max_rate: cap by SO_MAX_PACING_RATE, bytes per second; U64_MAX none
 * @burst: bytes the budget holds at most
 * @near: bytes that it holds at least, as the peer is so near
 */
struct quic_pacer {
	s64 budget;
	u64 last;
	u64 rate;
	u64 max_rate;
	u32 burst;
	u32 near;
};

/**
 * quic_pacer_init - a fresh path may send its initial burst at once
 * @p: pacer
 * @mss: maximum datagram size
 * @now: time
 */
void quic_pacer_init(struct quic_pacer *p, u32 mss, u64 now);

/**
 * quic_pacer_set_near - how far is the peer? Counts from the next quic_pacer_update()
 * @p: pacer
 * @min_rtt: the shortest round trip seen, ns; 0 none
 *
 * To one in the same room, a whole train may leave at once whatever the rate is: half of one
 * for each 524 us that the way is longer. So does TCP (tcp_tso_rtt_log in ip-sysctl).
 */
static inline void quic_pacer_set_near(struct quic_pacer *p, u64 min_rtt)
{
	p->near = min_rtt ? QUIC_PACER_TRAIN >> min_t(u64, min_rtt >> 19, 31) : 0;
}

/**
 * quic_pacer_update - recompute the rate
 * @p: pacer
 * @cwnd: congestion window, bytes
 * @srtt: smoothed round trip, ns
 * @slow_start: pace at 2 * cwnd / srtt, else at 1.25 * cwnd / srtt
 * @mss: maximum datagram size
 *
 * Call when an ACK or loss changed the window; a division, so not per packet.
 */
void quic_pacer_update(struct quic_pacer *p, u64 cwnd, u64 srtt, bool slow_start,
		       u32 mss);

/**
 * quic_pacer_limit - set the cap of the rate
 * @p: pacer
 * @max_rate: bytes per second; U64_MAX none
 * @mss: maximum datagram size
 *
 * A lower one takes effect at once, unless no rate is known yet, a higher one with the next
 * quic_pacer_update().
 */
void quic_pacer_limit(struct quic_pacer *p, u64 max_rate, u32 mss);

/**
 * quic_pacer_budget - bytes that may leave now
 * @p: pacer
 * @now: time; refills
 */
u64 quic_pacer_budget(struct quic_pacer *p, u64 now);

static inline void quic_pacer_sent(struct quic_pacer *p, u32 bytes)
{
	p->budget -= QUIC_PLANTED(15) ? 1 : bytes;
}

/**
 * quic_pacer_quantum - bytes to collect before the first datagram of a batch leaves
 * @p: pacer
 * @cwnd: congestion window, bytes
 * @mtu: bytes of a full datagram
 *
 * Half a millisecond's, or each timer and each ACK would make a train of one or two. Where
 * that is less than ten packets, as many of these as come in 4 ms, and leave room in the
 * bucket for timers that are late. At most a quarter of the window, so that short round trips
 * do not wait for it.
 */
u32 quic_pacer_quantum(const struct quic_pacer *p, u64 cwnd, u32 mtu);

/**
 * quic_pacer_next - when will @bytes be allowed to leave?
 * @p: pacer
 * @bytes: wanted, at most the burst
 *
 * Return: absolute time, ns; p->last when at once.
 */
u64 quic_pacer_next(const struct quic_pacer *p, u32 bytes);

/* ---- for the host (ahead.c) ---- */

struct quic_conn;

/**
 * quic_conn_set_pace_ahead - may trains be built before pacing lets them leave?
 * @conn: connection
 * @ahead: so long before, ns, which is short; 0: no, as at first. The host then holds each
 *	batch until its @leaves.
 *
 * An ACK of something that has not left yet shows that it does not: that ends it.
 */
void quic_conn_set_pace_ahead(struct quic_conn *conn, u32 ahead);

/**
 * quic_conn_set_max_rate - pace at no more than this
 * @conn: connection
 * @rate: bytes per second; U64_MAX: as the window says, as at first
 */
void quic_conn_set_max_rate(struct quic_conn *conn, u64 rate);

#endif /* QUIC_CORE_PACER_H */
