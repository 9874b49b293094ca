/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flow control credit (RFC 9000 4), the same for a connection and a stream.
 *
 * All values are absolute offsets. Sender: used <= limit always. Receiver:
 * received <= max always, or the peer broke the rule.
 */
#ifndef QUIC_CORE_FLOW_H
#define QUIC_CORE_FLOW_H

#include "types.h"

/**
 * struct quic_flow_tx - credit that the peer gives
 * @limit: peer's latest MAX_DATA or MAX_STREAM_DATA
 * @used: bytes sent for the first time, or promised by a final size
 * @blocked_at: limit at which a *_BLOCKED frame was last wanted plus 1; 0 never
 */
struct quic_flow_tx {
	u64 limit;
	u64 used;
	u64 blocked_at;
};

/**
 * struct quic_flow_rx - credit that we give
 * @max: what we advertised last
 * @received: highest offset received (stream) or their sum (connection)
 * @consumed: bytes the application took
 * @window: how far ahead of @consumed we let the peer go
 * @mark: @consumed when the window was looked at last
 * @mark_at: when that was, ns; 0: never
 */
struct quic_flow_rx {
	u64 max;
	u64 received;
	u64 consumed;
	u64 window;
	u64 mark;
	u64 mark_at;
};

static inline u64 quic_flow_tx_credit(const struct quic_flow_tx *f)
{
	return f->limit - f->used;
}

/**
 * quic_flow_tx_raise - peer sent MAX_DATA or MAX_STREAM_DATA
 * @f: credit
 * @limit: its value; a lower one than before is ignored (RFC 9000 4.1)
 * Return: true if there is more credit now.
 */
bool quic_flow_tx_raise(struct quic_flow_tx *f, u64 limit);

/**
 * quic_flow_rx_add - bytes arrived that raise the highest offset
 * @f: credit
 * @bytes: new ones
 * Return: false if that exceeds what we advertised (nothing changed):
 * FLOW_CONTROL_ERROR.
 */
bool quic_flow_rx_add(struct quic_flow_rx *f, u64 bytes);

/**
 * quic_flow_rx_consume - the application took bytes
 * @f: credit
 * @bytes: at most received - consumed
 * Return: true if at least half of the window is used up now, so that a new
 * limit, quic_flow_rx_next(), is worth announcing.
 */
bool quic_flow_rx_consume(struct quic_flow_rx *f, u64 bytes);

/**
 * quic_flow_rx_tune - a limit is about to be announced: should the window be larger?
 * @f: credit
 * @now: time, ns
 * @rtt: smoothed round trip, ns; 0: not known
 * @ceiling: bytes that the window may have at most; 0: it stays as it is
 *
 * Doubles the window, and raises @f->max with it, when half of it was read within two
 * round trips.
 * Return: true if it did.
 */
bool quic_flow_rx_tune(struct quic_flow_rx *f, u64 now, u64 rtt, u64 ceiling);

/* The limit to announce now; never lower than before, at most 2^62-1. */
u64 quic_flow_rx_next(const struct quic_flow_rx *f);

#endif /* QUIC_CORE_FLOW_H */
