// SPDX-License-Identifier: GPL-2.0
/*
 * shutdown(2) and close(2).
 *
 * Close outlives the process: queued data and the CONNECTION_CLOSE are still
 * delivered, unless the peer takes nothing for LINGER_NS; SO_LINGER with time 0
 * closes at once, with another time makes close() wait until all is acknowledged.
 * A handshake is given up at once. After the CONNECTION_CLOSE the connection, and
 * with it the socket and the module, stays for three probe time-outs (RFC 9000
 * 10.2): about 3 s when there never was a round trip to measure.
 *
 * Connections without a user are orphans, and nobody's to close: a peer that reads
 * slowly keeps one for long, a program that opens and closes makes many. A namespace
 * has max_orphans of them, with orphan_mem bytes still to be delivered when they were
 * left; above that a close() says CONNECTION_CLOSE once, and forgets.
 */
#include "sock_ops.h"

#define LINGER_NS	(30 * QUIC_NS_PER_SEC)
#define LINGER_ONE_NS	(120 * QUIC_NS_PER_SEC)	/* SOCK_STREAM: TCP waits for ever */

/*
 * Nobody will read: throw away what is there and, since quic_settle() announces
 * input through sk_data_ready, what comes. The peer's streams go on to their ends
 * instead of filling their windows.
 */
static void discard_input(struct sock *sk)
{
	sk->sk_data_ready = quic_recv_discard;
	quic_recv_discard(sk);
}

/*
 * The user goes. Return: may the connection live on? quic_sock_detach() takes it
 * out of the count again. Lock held.
 */
static bool orphan_admit(struct sock *sk)
{
	struct quic_net *qn = quic_pernet(sock_net(sk));
	struct quic_sock *quic = quic_sk(sk);
	long n, bytes;

	quic->orphan = true;
	quic->orphan_bytes = sk->sk_wmem_queued;
	n = atomic_long_inc_return(&qn->orphans);
	bytes = atomic_long_add_return(quic->orphan_bytes, &qn->orphan_bytes);
	if (n <= READ_ONCE(quic_sysctl_max_orphans) &&
	    bytes <= READ_ONCE(quic_sysctl_orphan_mem))
		return true;
	quic_mib_inc(sock_net(sk), OrphansRefused);
	return false;
}

/* Lock held. */
void quic_sock_unorphan(struct sock *sk)
{
	struct quic_net *qn = quic_pernet(sock_net(sk));
	struct quic_sock *quic = quic_sk(sk);

	if (!quic->orphan)
		return;
	quic->orphan = false;
	atomic_long_dec(&qn->orphans);
	atomic_long_sub(quic->orphan_bytes, &qn->orphan_bytes);
}

/* Tell the core to end the connection. Lock held. quic_settle() follows. */
static void close_begin(struct sock *sk, bool at_once)
{
	struct quic_sock *quic = quic_sk(sk);
	struct quic_conn *conn = quic->conn;

	switch (quic_conn_state(conn)) {
	case QUIC_CONN_HANDSHAKE:
		/* what was written as 0-RTT shall arrive, by whatever packets */
		at_once |= !quic_conn_takes_data(conn);
		break;
	case QUIC_CONN_ESTABLISHED:
		break;
	default:
		return;
	}
	if (at_once)
		quic_conn_close(conn, true, quic->close_code, quic->close_phrase, quic_now());
	else
		quic_conn_shutdown(conn, quic->close_code, quic->close_phrase,
				   quic_one(sk) ? LINGER_ONE_NS : LINGER_NS, quic_now());
}

/* End halves of the one stream, or of the connection, which has none. Lock held. */
static void shutdown_begin(struct sock *sk, u8 how)
{
	bool one = quic_one(sk) && quic_conn_takes_data(quic_sk(sk)->conn);

	if (one)
		quic_one_shutdown(sk, how);
	if (how & RCV_SHUTDOWN)
		discard_input(sk);
	if (one)
		quic_one_sync(sk);
	else if (how & SEND_SHUTDOWN)
		close_begin(sk, false);
}

/**
 * quic_shutdown - shutdown(2)
 * @sock: socket
 * @how: SHUT_WR, SHUT_RDWR: close once everything queued is acknowledged;
 *	SHUT_RD: discard what arrives. QUIC has no half-closed connection: streams
 *	end with MSG_QUIC_STREAM_FIN.
 *
 * SOCK_STREAM: of the one stream, SHUT_WR sends FIN, SHUT_RD sends STOP_SENDING;
 * the connection ends with both halves.
 *
 * On a listener SHUT_RD and SHUT_RDWR end listening. Wakes blocked callers.
 * Context: process. Return: 0; -EINVAL; -ENOTCONN.
 */
int quic_shutdown(struct socket *sock, int how)
{
	struct sock *sk = sock->sk;
	struct quic_sock *quic = quic_sk(sk);
	int err = 0;

	how++;		/* SHUT_RD, _WR, _RDWR to RCV_, SEND_SHUTDOWN and both */
	if (how < RCV_SHUTDOWN || how > SHUTDOWN_MASK)
		return -EINVAL;
	lock_sock(sk);
	if (sk->sk_state == TCP_LISTEN) {
		if (how & RCV_SHUTDOWN)
			quic_listen_stop(sk);
		goto out;
	}
	err = -ENOTCONN;
	if (!quic->conn)
		goto out;
	err = 0;
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | how);
	if (!quic->attached)
		goto out;
	shutdown_begin(sk, how);
	quic_settle(sk);
	sk->sk_state_change(sk);
out:
	release_sock(sk);
	return err;
}

/* SO_LINGER: until the core is through, or the time or the patience is over. */
static void close_wait(struct sock *sk, long timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	struct quic_sock *quic = quic_sk(sk);

	add_wait_queue(sk_sleep(sk), &wait);
	while (timeo && !quic->ended && !signal_pending(current))
		sk_wait_event(sk, &timeo, READ_ONCE(quic->ended), &wait);
	remove_wait_queue(sk_sleep(sk), &wait);
}

/**
 * quic_close - the last descriptor is gone (sk_prot->close)
 * @sk: socket
 * @timeout: jiffies to wait for delivery (SO_LINGER), 0 none
 *
 * Drops the user's reference; a connection that still has something to deliver
 * keeps the socket by its own. Context: process.
 */
void quic_close(struct sock *sk, long timeout)
{
	struct quic_sock *quic = quic_sk(sk);
	bool at_once;

	lock_sock(sk);
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	if (sk->sk_state == TCP_LISTEN)
		quic_listen_stop(sk);
	if (quic->attached) {
		at_once = sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime;
		if (quic_one(sk))
			quic_one_close(sk, at_once);
		discard_input(sk);
		close_begin(sk, at_once);
		quic_settle(sk);
		if (timeout)
			close_wait(sk, timeout);
	}
	if (quic->attached && !orphan_admit(sk)) {
		close_begin(sk, true);
		quic_settle(sk);
		quic_sock_detach(sk);
	}
	/* under the lock: who ends the connection after us sees an orphan */
	quic->linger = true;
	sock_orphan(sk);
	if (!quic->attached)
		quic_sock_detach(sk);
	release_sock(sk);
	sock_put(sk);
}
