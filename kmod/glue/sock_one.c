// SPDX-License-Identifier: GPL-2.0
/*
 * SOCK_STREAM: a socket that is one bidirectional stream, so that a TCP program
 * whose socket() call was changed finds a connection of bytes.
 *
 * The stream is number 0, the client's first. The client opens and announces it
 * with the packet that ends its handshake, or in 0-RTT, so a server may write before
 * the client does. There is never another one: a listener declares one bidirectional stream,
 * a client none, and neither grants more when it ends. A SOCK_DGRAM peer, or one
 * of another implementation, uses its stream 0.
 *
 * The halves of the stream are those of the socket; quic_one_sync(), which
 * quic_settle() calls, translates:
 *
 *   stream                            socket
 *   FIN and all before it received    RCV_SHUTDOWN, SOCK_DONE: EOF after the bytes
 *   RESET_STREAM received             RCV_SHUTDOWN; reads say ECONNRESET
 *   STOP_SENDING received, we reset   SEND_SHUTDOWN: EPIPE
 *   both halves over and read         the connection is closed
 *
 *   shutdown(SHUT_WR)                 FIN
 *   shutdown(SHUT_RD)                 STOP_SENDING; what is unread goes
 *   close()                           both; the connection closes when all is
 *                                     acknowledged, with QUIC_CODE_UNREAD if bytes
 *                                     had come that nobody will read
 *   close() with SO_LINGER 0          QUIC_CODE_ABORTED at once
 *
 * SOCK_DONE means that reads end in 0; without it the end of the connection is an
 * error to the reader, ECONNRESET if nothing else is known: bytes may be missing.
 *
 * TCP has no idle time-out, so half of it after the last packet a PING is sent.
 *
 * Sending and receiving are those of the other type of socket (sock_send.c,
 * sock_recv.c), which ask quic_one() where they differ.
 */
#include "sock_ops.h"

/**
 * quic_one_init - configuration of a SOCK_STREAM socket
 * @sk: fresh socket, its defaults set
 */
void quic_one_init(struct sock *sk)
{
	struct quic_tparams *tp = &quic_sk(sk)->cfg.tp;

	tp->initial_max_streams_bidi = 1;
	tp->initial_max_streams_uni = 0;
}

/**
 * quic_one_attached - a SOCK_STREAM socket has got its connection
 * @sk: socket, lock held; its parameters are the connection's
 * Context: process.
 */
void quic_one_attached(struct sock *sk)
{
	quic_conn_fix_streams(quic_sk(sk)->conn);
}

static void finish(struct quic_conn *conn, struct quic_stream *stream)
{
	if (quic_stream_writable(stream))
		quic_stream_finish(conn, stream);
}

/* Ask the peer to stop, unless everything is here. */
static void stop(struct quic_conn *conn, struct quic_stream *stream, u64 code)
{
	if (!quic_stream_end_received(stream))
		quic_stream_stop(conn, stream, code);
}

/* The stream is there: catch up with a shutdown() that came before it. */
static void ready(struct sock *sk, struct quic_stream *stream)
{
	struct quic_sock *quic = quic_sk(sk);

	WRITE_ONCE(quic->one_ready, true);
	if (sk->sk_shutdown & SEND_SHUTDOWN)
		finish(quic->conn, stream);
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		stop(quic->conn, stream, 0);
	sk->sk_state_change(sk);	/* who wants to write */
}

/* Before there is a stream: the client opens it, the server waits for it. */
static struct quic_stream *await(struct sock *sk)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	struct quic_stream *stream;

	if (conn->server)
		stream = quic_conn_stream_find(conn, 0);
	else if (quic_conn_stream_open(conn, false, &stream))
		stream = NULL;		/* tried again with the next packets */
	else
		quic_stream_announce(conn, stream);
	if (stream)
		ready(sk, stream);
	return stream;
}

/* Which halves are over, as bits of sk_shutdown? Sets SOCK_DONE. */
static u8 halves_over(struct sock *sk, const struct quic_stream *stream)
{
	u8 over = 0;

	if (quic_stream_end_received(stream))
		sock_set_flag(sk, SOCK_DONE);
	if (stream->recv_state >= QUIC_STREAM_RECV_STATE_RECVD)
		over |= RCV_SHUTDOWN;
	if (stream->stopped || stream->send_state >= QUIC_STREAM_SEND_STATE_RESET_SENT)
		over |= SEND_SHUTDOWN;
	return over;
}

/**
 * quic_one_sync - what has become of the stream
 * @sk: SOCK_STREAM socket with a connection, lock held
 *
 * May close the connection; quic_settle() goes on with what that wants.
 * Context: process or softirq.
 */
void quic_one_sync(struct sock *sk)
{
	struct quic_sock *quic = quic_sk(sk);
	struct quic_stream *stream;
	u8 over;

	if (quic_conn_state(quic->conn) == QUIC_CONN_HANDSHAKE &&
	    !quic_conn_takes_data(quic->conn))
		return;
	stream = quic->one_ready ? quic_conn_stream_find(quic->conn, 0) : await(sk);
	if (!stream && quic->one_ready)
		quic_conn_close(quic->conn, true, quic->close_code, quic->close_phrase,
				quic_now());
	if (!stream)
		return;
	over = halves_over(sk, stream) & ~sk->sk_shutdown;
	if (!over)
		return;
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | over);
	sk->sk_state_change(sk);
}

/**
 * quic_one_over - the connection is over: is that the end of the file?
 * @sk: SOCK_STREAM socket, lock held
 * @err: errno of the end, 0 an orderly one
 *
 * An orderly one before the first byte is: the peer had nothing to say.
 * Return: errno for the user.
 */
int quic_one_over(struct sock *sk, int err)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	struct quic_stream *stream = quic_conn_stream_find(conn, 0);

	if (stream)
		halves_over(sk, stream);
	if (err || sock_flag(sk, SOCK_DONE))
		return err;
	if (stream && stream->flow_rx.received)
		err = ECONNRESET;
	else
		sock_set_flag(sk, SOCK_DONE);
	return err;
}

/**
 * quic_one_shutdown - end halves of the stream
 * @sk: SOCK_STREAM socket, established, lock held; sk_shutdown is set
 * @how: RCV_SHUTDOWN, SEND_SHUTDOWN or both
 *
 * When there is no stream yet quic_one_sync() does it. Context: process.
 */
void quic_one_shutdown(struct sock *sk, u8 how)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	struct quic_stream *stream = quic_conn_stream_find(conn, 0);

	if (how & RCV_SHUTDOWN)
		sock_set_flag(sk, SOCK_DONE);
	if (!stream)
		return;
	if (how & SEND_SHUTDOWN)
		finish(conn, stream);
	if (how & RCV_SHUTDOWN)
		stop(conn, stream, 0);
}

/**
 * quic_one_close - the user lets go of the socket
 * @sk: SOCK_STREAM socket with a connection, lock held
 * @abort: SO_LINGER with time 0
 *
 * Ends both halves and chooses the code of the CONNECTION_CLOSE, unless the user
 * did (option 5). Context: process.
 */
void quic_one_close(struct sock *sk, bool abort)
{
	struct quic_sock *quic = quic_sk(sk);
	bool unread = quic->conn->streams.rx_queued;

	if (!quic->close_code && (abort || unread))
		quic->close_code = abort ? QUIC_CODE_ABORTED : QUIC_CODE_UNREAD;
	quic_one_shutdown(sk, SHUTDOWN_MASK);
}
