// SPDX-License-Identifier: GPL-2.0
/*
 * recvmsg(2): stream bytes to the user.
 *
 * One call returns bytes of one stream: the one whose data arrived first. Its ID
 * and, with its last byte, MSG_QUIC_STREAM_FIN come in a QUIC_STREAM_INFO. Bytes
 * are copied from where they were decrypted, under the socket lock, which this
 * process owns: a page fault may sleep, packets that arrive meanwhile wait in
 * the socket's backlog, and quic_rx_flush() works them off between slices.
 *
 * A stream that the peer reset is reported once, as ECONNRESET. The control
 * message is then in the user's buffer although recvmsg(2) fails and leaves
 * msg_controllen alone; the connection lives on. A connection that ended with an
 * error reports it on every read after the last byte, so the two can be told
 * apart: SO_ERROR and poll say EPOLLHUP for the connection only.
 *
 * MSG_PEEK shows no more than is contiguous in memory. MSG_TRUNC is ignored, as
 * the ABI says for streams. There are no events, datagrams or handshake messages
 * yet.
 */
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "sock_ops.h"

/* Copy this much before letting waiting packets in. */
#define RECV_SLICE	(256U << 10)

bool quic_sock_readable(const struct sock *sk)
{
	const struct quic_conn *conn;
	bool readable;

	/* a connection that could not be attached is freed after a grace period */
	rcu_read_lock();
	conn = smp_load_acquire(&quic_sk(sk)->conn);
	readable = conn && !list_empty(&conn->streams.readable);
	rcu_read_unlock();
	return readable;
}

void quic_recv_discard(struct sock *sk)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	struct quic_stream *stream;
	u64 code;
	u32 len;

	while ((stream = quic_conn_readable(conn))) {
		if (quic_stream_take_reset(conn, stream, &code))
			continue;
		/* without bytes: the end, and consuming that takes it off the list */
		if (!quic_stream_peek(stream, &len))
			len = 0;
		quic_stream_consume(conn, stream, len);
	}
}

/* SOCKET-API 3: without room for the message the flags go to msg_flags. */
static void put_stream_info(struct msghdr *msg, u64 id, u32 flags)
{
	struct quic_stream_info info = {
		.stream_id = id,
		.stream_flags = flags,
	};

	put_cmsg(msg, SOL_QUIC, QUIC_STREAM_INFO, sizeof(info), &info);
	if (msg->msg_flags & MSG_CTRUNC)
		msg->msg_flags |= flags;
}

/* Is the end of the stream right behind the @copied bytes that were peeked at? */
static bool peeked_fin(const struct quic_stream *stream, size_t copied)
{
	return stream->rx.fin && stream->rx.read + copied == stream->rx.final_size;
}

/*
 * Copy what one stream has. Return: bytes, -EFAULT when not one could be copied.
 * @fin: its end was reached; the stream may be gone then.
 */
static ssize_t copy_stream(struct sock *sk, struct quic_stream *stream, struct msghdr *msg,
			   size_t size, bool peek, bool *fin)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	size_t copied = 0, n;
	const u8 *data;
	u32 len;

	*fin = false;
	while (copied < size) {
		data = quic_stream_peek(stream, &len);
		if (!data)
			break;
		len = min_t(size_t, len, size - copied);
		n = copy_to_iter(data, len, &msg->msg_iter);
		if (!n)
			return copied ? copied : -EFAULT;
		copied += n;
		if (peek) {
			*fin = peeked_fin(stream, copied);
			return copied;
		}
		*fin = quic_stream_consume(conn, stream, n);
		if (*fin || n < len)
			return copied;
	}
	/* nothing but the end is left, or came on its own */
	if (!*fin && !quic_stream_peek(stream, &len))
		*fin = peek ? peeked_fin(stream, copied) :
			      quic_stream_consume(conn, stream, 0);
	return copied;
}

/*
 * Copy from one stream until it has no more, the user has no more room, or the
 * end. Between slices packets are let in, after which the stream is looked up
 * again.
 */
static ssize_t recv_stream(struct sock *sk, struct quic_stream *stream, struct msghdr *msg,
			   size_t size, int flags)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	size_t total = 0, want;
	u64 id = stream->id, code;
	bool fin = false;
	ssize_t n;

	if (stream->reset_unread) {
		if (!(flags & MSG_PEEK))
			quic_stream_take_reset(conn, stream, &code);
		put_stream_info(msg, id, 0);
		return -ECONNRESET;
	}
	while (stream && !stream->reset_unread) {
		want = min_t(size_t, size - total, RECV_SLICE);
		n = copy_stream(sk, stream, msg, want, flags & MSG_PEEK, &fin);
		if (n < 0 && !total)
			return n;
		total += max_t(ssize_t, n, 0);
		if (fin || n < (ssize_t)want || total == size || (flags & MSG_PEEK))
			break;
		quic_settle(sk);	/* more credit for the peer */
		quic_rx_flush(sk);
		stream = quic_conn_stream_find(conn, id);
	}
	put_stream_info(msg, id, fin ? MSG_QUIC_STREAM_FIN : 0);
	return total;
}

/* Nothing to read: 1 wait; 0 end of file; else why there will never be anything. */
static int recv_state(struct sock *sk)
{
	struct quic_sock *quic = quic_sk(sk);

	if (quic->ended)
		return -quic->end_errno;
	if (!quic->conn)
		return -ENOTCONN;
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		return 0;
	return 1;
}

static bool recv_wakeup(const struct sock *sk)
{
	return quic_sock_readable(sk) || READ_ONCE(quic_sk(sk)->ended) ||
	       (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN);
}

static void recv_wait(struct sock *sk, long *timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);

	add_wait_queue(sk_sleep(sk), &wait);
	sk_set_bit(SOCKWQ_ASYNC_WAITDATA, sk);
	sk_wait_event(sk, timeo, recv_wakeup(sk), &wait);
	sk_clear_bit(SOCKWQ_ASYNC_WAITDATA, sk);
	remove_wait_queue(sk_sleep(sk), &wait);
}

/**
 * quic_do_recvmsg - receive bytes of one stream
 * @sk: socket
 * @msg: destination, control buffer
 * @len: room
 * @flags: MSG_PEEK, MSG_DONTWAIT; MSG_ERRQUEUE finds nothing; others are ignored
 *
 * Context: process, may sleep. Return: bytes; 0 for an empty end of a stream (see
 * the control message), after an orderly close and after SHUT_RD; -EAGAIN, -EINTR,
 * -EFAULT; -ENOTCONN never connected, or a listener; -ECONNRESET the peer reset
 * this stream (or the connection); errors of the connection as in SOCKET-API 11.2.
 */
int quic_do_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags)
{
	struct quic_stream *stream;
	struct quic_conn *conn;
	ssize_t ret;
	long timeo;

	if (flags & MSG_ERRQUEUE)
		return -EAGAIN;
	len = min_t(size_t, len, INT_MAX);
	lock_sock(sk);
	timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	for (;;) {
		conn = quic_sk(sk)->conn;
		stream = conn ? quic_conn_readable(conn) : NULL;
		if (stream) {
			ret = recv_stream(sk, stream, msg, len, flags);
			quic_settle(sk);
			break;
		}
		ret = recv_state(sk);
		if (ret <= 0)
			break;
		ret = -EAGAIN;
		if (!timeo)
			break;
		ret = sock_intr_errno(timeo);
		if (signal_pending(current))
			break;
		recv_wait(sk, &timeo);
	}
	release_sock(sk);
	return ret;
}
