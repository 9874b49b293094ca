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
 * A window that is read in less than four round trips may hold the sender back: a
 * limit travels half a round trip to it, bytes half a round trip back, there are two
 * updates to a window, and in slow start the next round trip wants twice as much. So
 * the window doubles whenever half of it was read within two round trips, up to a
 * ceiling that is the host's, and comes to rest between four and eight times the
 * bandwidth-delay product of what the reader reads. Who reads slowly, or not at all,
 * gets no more than there was; a window never shrinks, and what is held for its reader
 * is never more than it.
 */
#include "flow.h"
#include "plant.h"

bool quic_flow_tx_raise(struct quic_flow_tx *f, u64 limit)
{
	if (limit <= f->limit)
		return false;
	f->limit = limit;
	return true;
}

bool quic_flow_rx_add(struct quic_flow_rx *f, u64 bytes)
{
	if (bytes > f->max - f->received - (QUIC_PLANTED(10) && bytes))
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

bool quic_flow_rx_tune(struct quic_flow_rx *f, u64 now, u64 rtt, u64 ceiling)
{
	bool fast;

	if (f->consumed - f->mark < f->window / 2)
		return false;
	fast = f->mark_at && now - f->mark_at < 2 * rtt;
	f->mark = f->consumed;
	f->mark_at = max_t(u64, now, 1);
	if (!fast || f->window >= ceiling)
		return false;
	f->window = f->window > ceiling / 2 ? ceiling : 2 * f->window;
	f->max = quic_flow_rx_next(f);
	return true;
}

u64 quic_flow_rx_next(const struct quic_flow_rx *f)
{
	u64 next;

	if (check_add_overflow(f->consumed, f->window, &next))
		next = QUIC_VARINT_MAX;
	return clamp(next, f->max, (u64)QUIC_VARINT_MAX);
}
