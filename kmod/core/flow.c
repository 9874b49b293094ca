// SPDX-License-Identifier: GPL-2.0
/*
 * Flow control credit.
 *
 * Four small rules over absolute offsets; connection and stream use the same.
 *
 *   receiver:   0 ... consumed ... received ... max = announced
 *                        |<---------- window --------->|
 *
 * Invariants: consumed <= received <= max <= 2^62-1, and max never falls. A new
 * limit is worth a frame once half of the window is used up: at most two
 * updates per window, and the sender never runs dry while one is on its way
 * unless the window is below the path's bandwidth-delay product.
 *
 * Tuning of the window is not done here.
 */
#include "flow.h"

bool quic_flow_tx_raise(struct quic_flow_tx *f, u64 limit)
{
	if (limit <= f->limit)
		return false;
	f->limit = limit;
	return true;
}

bool quic_flow_rx_add(struct quic_flow_rx *f, u64 bytes)
{
	if (bytes > f->max - f->received)
		return false;
	f->received += bytes;
	return true;
}

bool quic_flow_rx_consume(struct quic_flow_rx *f, u64 bytes)
{
	f->consumed += bytes;
	return f->max - f->consumed <= f->window / 2 &&
	       quic_flow_rx_next(f) > f->max;
}

u64 quic_flow_rx_next(const struct quic_flow_rx *f)
{
	u64 next;

	if (check_add_overflow(f->consumed, f->window, &next))
		next = QUIC_VARINT_MAX;
	return clamp(next, f->max, (u64)QUIC_VARINT_MAX);
}
