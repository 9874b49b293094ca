/* SPDX-License-Identifier: GPL-2.0 */
/* Round-trip time estimate and the probe time-out (RFC 9002 5, 6.2.1). */
#ifndef QUIC_CORE_RTT_H
#define QUIC_CORE_RTT_H

#include "types.h"

#define QUIC_INITIAL_RTT	(333 * QUIC_NS_PER_MS)	/* RFC 9002 6.2.2 */
#define QUIC_GRANULARITY	(1 * QUIC_NS_PER_MS)	/* kGranularity */

/**
 * struct quic_rtt - estimate of one path, all in ns
 * @has_sample: a first sample was taken
 */
struct quic_rtt {
	u64 latest;			/* latest_rtt */
	u64 min;			/* min_rtt */
	u64 smoothed;			/* smoothed_rtt */
	u64 var;			/* rttvar */
	u64 first_sample_time;		/* when the first was taken */
	bool has_sample;
};

/**
 * quic_rtt_init - before any sample
 * @r: estimate
 * @initial: assumed round trip, ns (RFC 9002 6.2.2: 333 ms)
 */
void quic_rtt_init(struct quic_rtt *r, u64 initial);

/**
 * quic_rtt_sample - take a sample (RFC 9002 5.3)
 * @r: estimate
 * @latest: time from sending the largest newly acknowledged packet to now
 * @ack_delay: as the peer reported, already limited to its max_ack_delay once
 *	the handshake is confirmed; 0 for Initial packets
 * @now: time of the sample
 */
void quic_rtt_sample(struct quic_rtt *r, u64 latest, u64 ack_delay, u64 now);

/**
 * quic_rtt_pto - probe time-out without backoff (RFC 9002 6.2.1)
 * @r: estimate
 * @max_ack_delay: the peer's, ns; 0 for Initial and Handshake
 *
 * Return: ns.
 */
u64 quic_rtt_pto(const struct quic_rtt *r, u64 max_ack_delay);

/**
 * quic_rtt_loss_delay - time threshold of loss detection (RFC 9002 6.1.2)
 * @r: estimate
 *
 * Return: ns, at least the granularity.
 */
u64 quic_rtt_loss_delay(const struct quic_rtt *r);

#endif /* QUIC_CORE_RTT_H */
