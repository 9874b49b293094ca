/* SPDX-License-Identifier: GPL-2.0 */
/* Loss detection and the probe time-out (RFC 9002, appendix A's functions). */
#ifndef QUIC_CORE_RECOVERY_H
#define QUIC_CORE_RECOVERY_H

#include "conn.h"

#define QUIC_PACKET_THRESHOLD		3	/* kPacketThreshold */
#define QUIC_PERSISTENT_THRESHOLD	3	/* kPersistentCongestionThreshold */
#define QUIC_PTO_PROBES			2	/* RFC 9002 6.2.4 */
#define QUIC_PTO_BACKOFF_MAX		16	/* doublings; the idle timer ends it */

/**
 * quic_recovery_on_ack - an ACK frame arrived
 * @conn: connection
 * @space: where
 * @f: the frame, checked by quic_frame_parse()
 * @now: when its packet arrived
 *
 * Return: 0, or -EPROTO with conn->err filled when it acknowledges a packet
 * that was never sent (RFC 9000 13.1).
 */
int quic_recovery_on_ack(struct quic_conn *conn, enum quic_space space,
			 const struct quic_frame *f, u64 now);

/* The loss deadline passed: declare losses, or send probes (OnLossDetectionTimeout). */
void quic_recovery_on_timeout(struct quic_conn *conn, u64 now);

/* Recompute conn->loss_deadline (SetLossDetectionTimer). */
void quic_recovery_set_timer(struct quic_conn *conn, u64 now);

/* A packet was built: account for it. @rec is filled except for time and size. */
void quic_recovery_on_sent(struct quic_conn *conn, enum quic_space space,
			   struct quic_sent_pkt *rec, u32 size, u64 now);

/* @n more like packet @pn, the last one, left: records and accounts (quic_sent_repeat()). */
void quic_recovery_on_run(struct quic_conn *conn, enum quic_space space, u64 pn, u32 n,
			  u64 now);

/* Keys of a space are gone: forget its packets (OnPacketNumberSpaceDiscarded). */
void quic_recovery_discard(struct quic_conn *conn, enum quic_space space, u64 now);

/*
 * What a space has in flight counts no more, and what it carried is to leave again. The
 * numbers stay used.
 */
void quic_recovery_forget(struct quic_conn *conn, enum quic_space space, u64 now);

/*
 * A Retry was taken: what left counts no more, and its bytes are to leave again
 * (RFC 9002 6.3).
 */
void quic_recovery_retry(struct quic_conn *conn, u64 now);

/* Probe time-out of the application space with backoff, ns: also for closing. */
u64 quic_recovery_pto(const struct quic_conn *conn);

#endif /* QUIC_CORE_RECOVERY_H */
