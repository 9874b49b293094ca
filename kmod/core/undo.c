// SPDX-License-Identifier: GPL-2.0
/*
 * Taking back a reduction of the window that no loss was behind.
 *
 * Packets that arrive a hundred packets late are declared lost, and the window is
 * reduced for them. Packet numbers are used once, so an ACK that comes later tells
 * without doubt that nothing was lost. When that is so of every packet of the latest
 * reduction the controller gets back what it had (RFC 9438 4.9.2).
 *
 *   loss opens a round --> snapshot, list of numbers --all acknowledged--> as before
 *                              |
 *                              +-- CE, persistent congestion, a loss in another space,
 *                                  too many losses: the list is empty, nothing happens
 *
 * Besides the records of sent.c, which go as soon as nothing older is in flight.
 *
 * Invariants: pn[0..n) rises; n is 0 unless everything that the latest reduction is
 * for stands in the list; without a list n is 0 and nothing is open. Bounded:
 * QUIC_UNDO_PKTS numbers, allocated with the first loss, freed when the connection is at
 * rest; where memory is short nothing is undone.
 *
 * It does not make loss detection more patient: it tells reorder.c, which does.
 */
#include "reorder.h"
#include "undo.h"

void quic_undo_begin(struct quic_conn *conn)
{
	struct quic_undo *u = &conn->undo;

	if (!u->list)
		u->list = quic_host_alloc(QUIC_OBJ_VAR, sizeof(*u->list));
	if (u->list)
		u->list->before = conn->path.cc;
	u->n = 0;
	u->open = u->list;
}

void quic_undo_lost(struct quic_conn *conn, enum quic_space space, u64 pn)
{
	struct quic_undo *u = &conn->undo;

	if (!u->open)
		return;
	if (space != QUIC_SPACE_APP || u->n == QUIC_UNDO_PKTS) {
		quic_undo_spoil(conn);
		return;
	}
	u->list->pn[u->n++] = pn;
}

/*
 * Numbers in [lo, hi] go, of the first @end. Those that have a record still are counted
 * where it is found. Return: how many are below @lo.
 */
static u32 strike(struct quic_conn *conn, u32 end, u64 lo, u64 hi)
{
	u64 base = conn->space[QUIC_SPACE_APP].sent.base;
	struct quic_undo *u = &conn->undo;
	u64 *list = u->list->pn;
	u32 from;

	while (end && list[end - 1] > hi)
		end--;
	for (from = end; from && list[from - 1] >= lo; from--)
		conn->stats.pkts_spurious += list[from - 1] < base;
	if (from < end && list[from] < base)
		quic_reorder_spurious(conn, list[from]);
	memmove(list + from, list + end, sizeof(*list) * (u->n - end));
	u->n -= end - from;
	return from;
}

static void take_back(struct quic_conn *conn)
{
	const struct quic_cc *before = &conn->undo.list->before;
	struct quic_path *path = &conn->path;
	struct quic_cc *cc = &path->cc;

	cc->cwnd = max(cc->cwnd, before->cwnd);
	cc->ssthresh = before->ssthresh;
	cc->recovery_start = before->recovery_start;
	memcpy(cc->priv, before->priv, sizeof(cc->priv));
	quic_pacer_update(&path->pacer, cc->cwnd, path->rtt.smoothed,
			  quic_cc_slow_start(cc), path->mtu);
	conn->stats.undone++;
	conn->want |= QUIC_WANT_TX;
}

void quic_undo_on_ack(struct quic_conn *conn, const struct quic_frame *f)
{
	struct quic_ack_iter it;
	u32 below = conn->undo.n;
	u64 lo, hi;

	quic_ack_iter_init(&it, f);
	while (below && quic_ack_iter_next(&it, &lo, &hi))
		below = strike(conn, below, lo, hi);
	if (conn->undo.n)
		return;
	quic_undo_spoil(conn);
	take_back(conn);
}

void quic_undo_free(struct quic_conn *conn)
{
	quic_undo_spoil(conn);
	quic_host_free(QUIC_OBJ_VAR, conn->undo.list, sizeof(*conn->undo.list));
	conn->undo.list = NULL;
}
