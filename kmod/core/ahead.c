// SPDX-License-Identifier: GPL-2.0
/*
 * What pacing has to say of a batch, and batches that are built before it lets them leave.
 *
 * A host whose queue holds each batch until a time, as Linux' fq does, gets the next one
 * when the one before has not left yet, with the time at which our own timer would have had it
 * built. That spares most of the timers; and what is released at its time is released
 * more exactly than what is built then.
 *
 *   now          leaves     leaves     leaves    now + pace_ahead
 *    |-------------|----------|----------|-----------|
 *      budget is     a quantum  another               the next one's time is behind this:
 *      used up       later      later                 build again when half has left
 *
 * Packets count as sent when they leave: round trips are measured from then, and so are losses.
 * What is built later leaves no earlier, whatever it is, or it would arrive before what has a
 * lower number; so what is built ahead is little. An ACK that is due takes no part in that:
 * it has a batch of its own.
 *
 * Invariants: the pacer's debt is what was built ahead; conn->leaves never falls below a time
 * that was given out. A host that does not hold what it said it would is found out by an ACK
 * of something that has not left (recovery.c). On a path longer than pace_ahead no ACK can tell;
 * there packets leave in bursts of that long, and round trips are measured as much too short.
 */
#include "tx.h"
#include "pnspace.h"

void quic_conn_set_max_rate(struct quic_conn *conn, u64 rate)
{
	quic_pacer_limit(&conn->path.pacer, rate, conn->path.mtu);
	conn->paced = false;
}

void quic_conn_set_pace_ahead(struct quic_conn *conn, u32 ahead)
{
	conn->pace_ahead = ahead;
	conn->paced = false;
}

u32 quic_tx_quantum(const struct quic_conn *conn)
{
	const struct quic_path *path = &conn->path;

	return min_t(u64, quic_pacer_quantum(&path->pacer, path->cc.cwnd, path->mtu),
		     max_t(u64, quic_conn_tx_ready(conn), path->mtu));
}

/* Where pacing allows too little for a batch now, and the host holds one until it does. */
static void build_ahead(struct tx_ctx *x)
{
	struct quic_conn *conn = x->conn;
	u32 quantum = quic_tx_quantum(conn);
	u64 at;

	if (x->pace >= quantum || quic_pnspace_ack_due(&conn->space[QUIC_SPACE_APP], x->now))
		return;
	x->ahead = conn->pace_ahead;
	at = quic_pacer_next(&conn->path.pacer, quantum);
	if (at > x->now + x->ahead)
		return;
	x->pace = quantum;
	x->leaves = max(x->leaves, at);
}

void quic_tx_pace(struct tx_ctx *x)
{
	struct quic_conn *conn = x->conn;

	x->pace = quic_pacer_budget(&conn->path.pacer, x->now);
	if (conn->paced && x->now < conn->pacing_deadline) {
		x->paced_until = conn->pacing_deadline;
		x->pace = 0;
	}
	conn->pacing_deadline = QUIC_TIME_NEVER;
	conn->paced = false;
	if (unlikely(conn->pace_ahead))
		build_ahead(x);
}

void quic_tx_paced_out(const struct tx_ctx *x)
{
	struct quic_conn *conn = x->conn;

	conn->stats.paced++;
	conn->pacing_deadline = x->paced_until;
	if (!x->paced_until)
		conn->pacing_deadline = quic_pacer_next(&conn->path.pacer, quic_tx_quantum(conn)) -
					x->ahead / 2;
	conn->paced = !x->nomem && !conn->pace_ahead;
}
