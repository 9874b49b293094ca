/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The states of both halves of a stream as tables: event x state -> state or why
 * not (RFC 9000 3.1 and 3.2).
 */
#ifndef QUIC_CORE_STREAM_SM_H
#define QUIC_CORE_STREAM_SM_H

#include "types.h"

/**
 * enum quic_send_event - what happens to a sending half
 * @QUIC_SEND_EV_WRITE: the application adds bytes or the end
 * @QUIC_SEND_EV_FRAME: a STREAM frame without FIN leaves
 * @QUIC_SEND_EV_FRAME_FIN: one with FIN does
 * @QUIC_SEND_EV_CREDIT: MAX_STREAM_DATA came
 * @QUIC_SEND_EV_SETTLED: a STREAM frame was acknowledged, or lost
 * @QUIC_SEND_EV_ALL_ACKED: every byte and the FIN are acknowledged
 * @QUIC_SEND_EV_RESET: the application abandons it
 * @QUIC_SEND_EV_STOPPED: STOP_SENDING came
 * @QUIC_SEND_EV_RESET_ACKED: our RESET_STREAM was acknowledged
 * @QUIC_SEND_EV_REFUSED: all that left did in 0-RTT packets, which the peer refused
 * @QUIC_SEND_EVENTS: how many
 */
enum quic_send_event {
	QUIC_SEND_EV_WRITE,
	QUIC_SEND_EV_FRAME,
	QUIC_SEND_EV_FRAME_FIN,
	QUIC_SEND_EV_CREDIT,
	QUIC_SEND_EV_SETTLED,
	QUIC_SEND_EV_ALL_ACKED,
	QUIC_SEND_EV_RESET,
	QUIC_SEND_EV_STOPPED,
	QUIC_SEND_EV_RESET_ACKED,
	QUIC_SEND_EV_REFUSED,
	QUIC_SEND_EVENTS
};

/**
 * enum quic_recv_event - what happens to a receiving half
 * @QUIC_RECV_EV_DATA: a STREAM frame came
 * @QUIC_RECV_EV_FIN: one with FIN did
 * @QUIC_RECV_EV_ALL_DATA: the size is known and every byte there
 * @QUIC_RECV_EV_DISCARDED: the size is known, and nobody wants the bytes
 * @QUIC_RECV_EV_RESET: RESET_STREAM came
 * @QUIC_RECV_EV_READ_END: the application read the last byte and the end
 * @QUIC_RECV_EV_READ_RESET: the application heard of the reset
 * @QUIC_RECV_EV_STOP: the application wants no more: STOP_SENDING
 * @QUIC_RECV_EVENTS: how many
 */
enum quic_recv_event {
	QUIC_RECV_EV_DATA,
	QUIC_RECV_EV_FIN,
	QUIC_RECV_EV_ALL_DATA,
	QUIC_RECV_EV_DISCARDED,
	QUIC_RECV_EV_RESET,
	QUIC_RECV_EV_READ_END,
	QUIC_RECV_EV_READ_RESET,
	QUIC_RECV_EV_STOP,
	QUIC_RECV_EVENTS
};

/* What a cell has that is not a state. */
#define QUIC_SM_LATE	0xfd	/* nothing to do any more: the peer could not know */
#define QUIC_SM_REFUSE	0xfe	/* the application may not do this, or not twice */
#define QUIC_SM_NEVER	0xff	/* we do not do this: an error of ours */

#define QUIC_SEND_STATES	(QUIC_STREAM_SEND_STATE_RESET_RECVD + 1)
#define QUIC_RECV_STATE_FIRST	QUIC_STREAM_RECV_STATE_RECV
#define QUIC_RECV_STATES	(QUIC_STREAM_RECV_STATE_RESET_READ - QUIC_RECV_STATE_FIRST + 1)

extern const u8 quic_send_table[QUIC_SEND_EVENTS][QUIC_SEND_STATES];
extern const u8 quic_recv_table[QUIC_RECV_EVENTS][QUIC_RECV_STATES];

/* Does the event act on a half in this state? */
static inline bool quic_send_can(u8 state, enum quic_send_event ev)
{
	return quic_send_table[ev][state] < QUIC_SM_LATE;
}

static inline bool quic_recv_can(u8 state, enum quic_recv_event ev)
{
	return quic_recv_table[ev][state - QUIC_RECV_STATE_FIRST] < QUIC_SM_LATE;
}

/**
 * quic_send_move - an event happens to a sending half
 * @state: enum quic_stream_state of it; the next one afterwards
 * @ev: event
 * Return: true when it acts; else the state is as before.
 */
static inline bool quic_send_move(u8 *state, enum quic_send_event ev)
{
	u8 next = quic_send_table[ev][*state];

	if (unlikely(next >= QUIC_SM_LATE)) {
		WARN_ON_ONCE(next == QUIC_SM_NEVER);
		return false;
	}
	*state = next;
	return true;
}

/**
 * quic_recv_move - an event happens to a receiving half
 * @state: enum quic_stream_state of it; the next one afterwards
 * @ev: event
 * Return: true when it acts; else the state is as before.
 */
static inline bool quic_recv_move(u8 *state, enum quic_recv_event ev)
{
	u8 next = quic_recv_table[ev][*state - QUIC_RECV_STATE_FIRST];

	if (unlikely(next >= QUIC_SM_LATE)) {
		WARN_ON_ONCE(next == QUIC_SM_NEVER);
		return false;
	}
	*state = next;
	return true;
}

/* Is it in a terminal state? */
static inline bool quic_send_over(u8 state)
{
	return state == QUIC_STREAM_SEND_STATE_RECVD ||
	       state == QUIC_STREAM_SEND_STATE_RESET_RECVD;
}

static inline bool quic_recv_over(u8 state)
{
	return state == QUIC_STREAM_RECV_STATE_READ ||
	       state == QUIC_STREAM_RECV_STATE_RESET_READ;
}

/**
 * quic_stream_has_half - which halves does a stream have?
 * @uni: it is unidirectional
 * @local: we opened it, or would
 * @tx: is our sending half meant, else our receiving half
 * Return: true if it has that half (RFC 9000 2.1).
 */
static inline bool quic_stream_has_half(bool uni, bool local, bool tx)
{
	return !uni || local == tx;
}

#endif /* QUIC_CORE_STREAM_SM_H */
