// SPDX-License-Identifier: GPL-2.0
/*
 * What a connection gives back when it is at rest.
 *
 * What moving data needs grows with the path, the losses and the number of streams:
 * records of packets in flight, ranges received, TLS bytes, places for streams. None of
 * it shrinks by itself, or a connection that asks, waits and asks again would allocate
 * for each question. Instead, a second (three PTOs, if these are more) after packets were
 * built, it is looked at:
 *
 *   built --1 s--> built since? --yes: shrink a ring that is far too large--+
 *                       ^  |                                               |
 *                       |  no: give everything back, look no more           |
 *                       +-------------------------1 s----------------------+
 *
 * So a timer fires once a second on a connection that sends, and once on one that has
 * fallen silent. What is still needed, or finds no memory for a smaller copy of itself,
 * stays as it is. The peer notices nothing, but that a packet which comes more than a
 * second late may count as one that came twice, and is to be sent again.
 */
#include "trim.h"
#include "pnspace.h"
#include "recovery.h"
#include "stream.h"
#include "cid.h"
#include "token.h"
#include "undo.h"

static void give_back(struct quic_conn *conn)
{
	struct quic_pnspace *s = &conn->space[QUIC_SPACE_APP];

	quic_pnspace_trim(s, conn);
	if (!s->sent.n_eliciting)
		quic_undo_free(conn);
	quic_streams_trim(&conn->streams);
	quic_cid_trim(conn);
	quic_token_trim(conn);
}

void quic_trim_on_timer(struct quic_conn *conn, u64 now)
{
	if (!conn->trim_busy) {
		conn->trim_deadline = QUIC_TIME_NEVER;
		give_back(conn);
		return;
	}
	conn->trim_busy = false;
	conn->trim_deadline = now + max_t(u64, QUIC_TRIM_EVERY, 3 * quic_recovery_pto(conn));
	quic_sent_shrink(&conn->space[QUIC_SPACE_APP].sent, false);
}
