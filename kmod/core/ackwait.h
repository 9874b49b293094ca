/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many packets have one ACK: see ackwait.c.
 */
#ifndef QUIC_CORE_ACKWAIT_H
#define QUIC_CORE_ACKWAIT_H

#include "conn.h"

#define QUIC_ACK_EVERY		2		/* ack-eliciting packets, RFC 9000 13.2.2 */
#define QUIC_ACK_TOGETHER	(256 * 1024)	/* bytes that wait for one ACK at most */
#define QUIC_ACK_MANY_NS	(5 * QUIC_NS_PER_MS)	/* and how long, for more than one packet */

/* Each second packet has its ACK. */
static inline void quic_ackwait_init(struct quic_ackwait *w)
{
	w->every = QUIC_ACK_EVERY;
	w->most = QUIC_ACK_EVERY;
}

/* There were enough packets for an ACK before the reader had nothing to do. */
static inline void quic_ackwait_enough(struct quic_ackwait *w)
{
	w->every = min_t(u32, 2 * w->every, w->most);
}

/* Something is to be told at once: the sender needs to know more than that all arrived. */
static inline void quic_ackwait_hurry(struct quic_ackwait *w)
{
	w->every = QUIC_ACK_EVERY;
}

#endif /* QUIC_CORE_ACKWAIT_H */
