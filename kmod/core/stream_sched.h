/* SPDX-License-Identifier: GPL-2.0 */
/* Which stream sends next (RFC 9218 4, 10). */
#ifndef QUIC_CORE_STREAM_SCHED_H
#define QUIC_CORE_STREAM_SCHED_H

#include "conn.h"

/* Where a stream waits to send. */
enum quic_sched_place {
	QUIC_SCHED_NONE,	/* it has nothing to send */
	QUIC_SCHED_AGAIN,	/* what takes no credit of the connection */
	QUIC_SCHED_ORDERED,	/* new bytes, non-incremental */
	QUIC_SCHED_TURNS,	/* new bytes, incremental */
};

void quic_sched_init(struct quic_sched *q);

/* No stream is left: forget the levels. */
void quic_sched_free(struct quic_sched *q);

/**
 * quic_sched_reserve - make room for streams of an urgency
 * @q: schedule
 * @urgency: below QUIC_URGENCIES
 * Return: 0 or -ENOMEM. Streams of QUIC_URGENCY_DEFAULT need no room.
 */
int quic_sched_reserve(struct quic_sched *q, u8 urgency);

/* Streams of one urgency. */
static inline struct quic_sched_level *quic_sched_level(struct quic_sched *q, u32 urgency)
{
	return likely(urgency == QUIC_URGENCY_DEFAULT) ? &q->usual : &q->levels[urgency];
}

/**
 * quic_sched_put - let a stream wait, or not
 * @q: schedule
 * @s: stream, of an urgency that there is room for
 * @place: where; if it waits there already it keeps its turn
 * Cost: O(log n) for QUIC_SCHED_ORDERED when it was not there, else O(1).
 */
void quic_sched_put(struct quic_sched *q, struct quic_stream *s, enum quic_sched_place place);

/**
 * quic_sched_pick - who is next
 * @q: schedule
 * @credit: the connection has credit for new bytes
 * Return: a stream, which stays where it is; NULL: none can send. O(1).
 */
struct quic_stream *quic_sched_pick(struct quic_sched *q, bool credit);

/**
 * quic_sched_turn - the stream that was picked sent something
 * @q: schedule
 * @s: stream; may have nothing to send any more
 * @fresh: new bytes of it, 0: nothing that takes credit of the connection
 * When its turn is over others of its level are next, as far as they share. O(1).
 */
void quic_sched_turn(struct quic_sched *q, struct quic_stream *s, u32 fresh);

/**
 * quic_sched_train - a train of packets is about to be built: how long are turns?
 * @q: schedule
 * @pkts: that it has at most
 * @size: bytes of each
 * It says so for the rounds that begin before the next train.
 */
void quic_sched_train(struct quic_sched *q, u32 pkts, u32 size);

/**
 * quic_sched_keeps - how often in succession would the same stream be picked?
 * @q: schedule
 * @s: stream that sent new bytes last, and is next too
 * @size: new bytes that it sends each time
 * Return: so often, as long as it has them; 0: others are to be asked. O(1).
 */
u32 quic_sched_keeps(struct quic_sched *q, const struct quic_stream *s, u32 size);

/* Could any stream send? */
static inline bool quic_sched_ready(const struct quic_sched *q, bool credit)
{
	return q->again || (credit && q->fresh);
}

#endif /* QUIC_CORE_STREAM_SCHED_H */
