// SPDX-License-Identifier: GPL-2.0
/*
 * Time: which of a connection's deadlines comes next, and what is done then.
 *
 * Every deadline is a field that its owner sets; here is the one list of them.
 * The host asks for the earliest and calls when it passed; calling too early or
 * twice does no harm.
 */
#include "conn_int.h"
#include "ackwait.h"
#include "pnspace.h"
#include "recovery.h"
#include "keyphase.h"
#include "early.h"
#include "trim.h"
#include "plant.h"

/*
 * A connection that closes has one deadline, whatever became of the others: a
 * CONNECTION_CLOSE may stand in a packet that still discards a space and sets
 * the loss timer, which nobody would ever handle.
 */
u64 quic_conn_deadline(const struct quic_conn *conn)
{
	u64 t = min(conn->loss_deadline, conn->idle_deadline);
	u32 i;

	if (conn->state == QUIC_CONN_CLOSED)
		return QUIC_TIME_NEVER;
	if (!quic_conn_is_open(conn))
		return conn->close_deadline;
	t = min(t, conn->keepalive_deadline);
	t = min(t, conn->trim_deadline);
	t = min(t, quic_keyphase_deadline(conn));
	t = min(t, conn->shutdown_deadline);
	t = min(t, conn->handshake_deadline);
	t = min(t, conn->early_deadline);
	if (unlikely(conn->paths))
		t = min(t, quic_path_deadline(conn));
	for (i = 0; i < QUIC_SPACES && !QUIC_PLANTED(17); i++)
		t = min(t, conn->space[i].ack_deadline);
	return t;
}

void quic_conn_restart_idle(struct quic_conn *conn, u64 now)
{
	u64 t = conn->idle_timeout;

	if (conn->keepalive)
		conn->keepalive_deadline = now + conn->keepalive;
	if (t == QUIC_TIME_NEVER)
		return;
	/* RFC 9000 10.1: at least three PTOs. */
	conn->idle_deadline = now + max(t, 3 * quic_recovery_pto(conn));
}

void quic_conn_set_keepalive(struct quic_conn *conn, u64 interval, u64 now)
{
	conn->keepalive = interval;
	conn->keepalive_deadline = interval ? now + interval : QUIC_TIME_NEVER;
}

/* One probe: a PING if there is nothing else. Recovery repeats it if it is lost. */
static void keep_alive(struct quic_conn *conn)
{
	conn->keepalive_deadline = QUIC_TIME_NEVER;
	conn->space[QUIC_SPACE_APP].probes = max_t(u8, conn->space[QUIC_SPACE_APP].probes, 1);
	conn->want |= QUIC_WANT_TX;
}

void quic_conn_give_up(struct quic_conn *conn, enum quic_close_origin origin, u64 code,
		       const char *why)
{
	quic_conn_set_close(conn, origin, false, code, 0, why, strlen(why));
	conn->loss_deadline = QUIC_TIME_NEVER;
	conn->want |= QUIC_WANT_READABLE | QUIC_WANT_WRITABLE;
	quic_conn_set_state(conn, QUIC_CONN_CLOSED);
}

void quic_conn_on_timer(struct quic_conn *conn, u64 now)
{
	u32 i;

	quic_host_assert_owned(conn);
	if (conn->state == QUIC_CONN_CLOSED)
		return;
	if (!quic_conn_is_open(conn)) {
		if (conn->close_deadline <= now)
			quic_conn_set_state(conn, QUIC_CONN_CLOSED);
		return;
	}
	if (conn->handshake_deadline <= now) {
		quic_conn_give_up(conn, QUIC_CLOSE_HANDSHAKE, 0,
				  "the handshake took too long");
		return;
	}
	if (conn->idle_deadline <= now) {
		quic_conn_give_up(conn, QUIC_CLOSE_IDLE, 0,
				  "nothing was heard for the idle time-out");
		return;
	}
	if (conn->shutdown_deadline <= now) {
		quic_conn_close(conn, true, conn->shutdown_code,
				conn->close.reason, now);
		return;
	}
	for (i = 0; i < QUIC_SPACES; i++)
		if (conn->space[i].ack_deadline <= now) {
			quic_ackwait_init(&conn->ackwait);	/* nobody is at work */
			conn->space[i].ack_now = true;
			conn->space[i].ack_deadline = QUIC_TIME_NEVER;
			conn->want |= QUIC_WANT_TX;
		}
	if (conn->keepalive_deadline <= now)
		keep_alive(conn);
	if (conn->trim_deadline <= now)
		quic_trim_on_timer(conn, now);
	quic_keyphase_on_timer(conn, now);
	quic_early_on_timer(conn, now);
	quic_path_on_timer(conn, now);
	if (conn->loss_deadline <= now)
		quic_recovery_on_timeout(conn, now);
}
