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
 * A SOCK_STREAM socket has no messages: no control message, and the end of its one
 * stream is a read of 0 bytes, every time. What waits for bytes (MSG_WAITALL,
 * SO_RCVLOWAT) or throws them away (MSG_TRUNC) as for TCP does so there only.
 *
 * A datagram is returned in its turn, by arrival (sock_dgram.c).
 *
 * There are no events or handshake messages yet.
 */
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "sock_ops.h"

/* Copy this much before letting waiting packets in. */
#define RECV_SLICE	(256U << 10)

/**
 * struct recv_req - one recvmsg()
 * @msg: destination
 * @len: room
 * @done: bytes returned, or shown, so far
 * @target: bytes to wait for
 * @flags: MSG_*
 * @one: the socket is one stream
 * @fin: the end of the stream is reached; it may be gone
 */
struct recv_req {
	struct msghdr *msg;
	size_t len;
	size_t done;
	size_t target;
	int flags;
	bool one;
	bool fin;
};

bool quic_sock_readable(const struct sock *sk)
{
	const struct quic_conn *conn;
	bool readable;

	/* a connection that could not be attached is freed after a grace period */
	rcu_read_lock();
	/* pairs with the release of whoever made it */
	conn = smp_load_acquire(&quic_sk(sk)->conn);
	readable = conn && (!list_empty(&conn->streams.readable) ||
			    READ_ONCE(conn->dgrams.rx.n));
	rcu_read_unlock();
	return readable;
}

void quic_recv_discard(struct sock *sk)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	struct quic_stream *stream;
	u64 code;
	u32 len;

	quic_dgram_discard(sk);
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
static void put_stream_info(const struct recv_req *r, u64 id)
{
	struct quic_stream_info info = {
		.stream_id = id,
		.stream_flags = r->fin ? MSG_QUIC_STREAM_FIN : 0,
	};
	struct msghdr *msg = r->msg;

	if (r->one)
		return;
	put_cmsg(msg, SOL_QUIC, QUIC_STREAM_INFO, sizeof(info), &info);
	if (msg->msg_flags & MSG_CTRUNC)
		msg->msg_flags |= info.stream_flags;
}

/* Bytes that were shown and not taken: where peeking goes on. */
static u64 shown(const struct recv_req *r)
{
	return r->flags & MSG_PEEK ? r->done : 0;
}

/* Is nothing but the end of the stream behind what was taken, or shown? */
static bool at_fin(const struct quic_stream *stream, const struct recv_req *r)
{
	return stream->rx.fin && stream->rx.read + shown(r) == stream->rx.final_size;
}

/* Some of the next bytes to the user. Return: how many, 0 a fault. */
static size_t copy_out(struct recv_req *r, const u8 *data, u32 len)
{
	if (r->one && (r->flags & MSG_TRUNC))
		return len;
	return copy_to_iter(data, len, &r->msg->msg_iter);
}

/*
 * Copy what the stream has, up to @max bytes.
 * Return: 0; -EFAULT, then some may have been copied.
 */
static int copy_stream(struct sock *sk, struct quic_stream *stream, struct recv_req *r,
		       size_t max)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	size_t stop = r->done + max, n;
	const u8 *data;
	u32 len;

	while (r->done < stop && !r->fin) {
		data = quic_stream_peek_at(stream, shown(r), &len);
		if (!data)
			break;
		len = min_t(size_t, len, stop - r->done);
		n = copy_out(r, data, len);
		r->done += n;
		if (n && !(r->flags & MSG_PEEK))
			r->fin = quic_stream_consume(conn, stream, n);
		if (n < len)
			return -EFAULT;
	}
	/* the end came on its own, or shows behind what was peeked at */
	if (!r->fin && at_fin(stream, r))
		r->fin = r->flags & MSG_PEEK || quic_stream_consume(conn, stream, 0);
	return 0;
}

/* The reset of a message stream is told once, that of the only stream each time. */
static int recv_reset(struct sock *sk, struct quic_stream *stream, struct recv_req *r)
{
	u64 id = stream->id, code;

	if (!r->one && !(r->flags & MSG_PEEK))
		quic_stream_take_reset(quic_sk(sk)->conn, stream, &code);
	put_stream_info(r, id);
	return -ECONNRESET;
}

/*
 * Copy from one stream until it has no more, the user has no more room, or the
 * end. Between slices packets are let in, after which the stream is looked up
 * again. Return: 0; -ECONNRESET; -EFAULT.
 */
static int recv_stream(struct sock *sk, struct quic_stream *stream, struct recv_req *r)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	size_t want, before;
	u64 id = stream->id;
	int err = 0;

	if (quic_stream_reset_received(stream))
		return recv_reset(sk, stream, r);
	while (stream && !quic_stream_reset_received(stream)) {
		want = min_t(size_t, r->len - r->done, RECV_SLICE);
		before = r->done;
		err = copy_stream(sk, stream, r, want);
		if (err || r->fin || r->done - before < want || r->done == r->len)
			break;
		quic_settle(sk);	/* more credit for the peer */
		quic_rx_flush(sk);
		stream = quic_conn_stream_find(conn, id);
	}
	put_stream_info(r, id);
	return err;
}

/* The stream to read from, or NULL: it has nothing that was not shown yet. */
static struct quic_stream *recv_next(struct sock *sk, const struct recv_req *r)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	struct quic_stream *stream = conn ? quic_conn_readable(conn) : NULL;
	u32 len;

	if (!stream || !shown(r) || quic_stream_reset_received(stream) || at_fin(stream, r))
		return stream;
	return quic_stream_peek_at(stream, shown(r), &len) ? stream : NULL;
}

/*
 * Nothing to read: 1 wait; 0 end of file; else why there will never be anything. Who
 * reads that has no need to ask SO_ERROR, for which TCP programs check.
 */
static int recv_state(struct sock *sk)
{
	struct quic_sock *quic = quic_sk(sk);

	if (sock_flag(sk, SOCK_DONE))
		return 0;
	if (quic->ended && quic_one(sk))
		sock_error(sk);
	if (quic->ended)
		return -quic->end_errno;
	if (!quic->conn)
		return -ENOTCONN;
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		return 0;
	return 1;
}

/*
 * Sleep until something happens. It can only while the lock is given up, and then
 * the wait queue has us: what happens wakes. What is held back, by MSG_MORE or for small
 * writes to share packets, leaves: the peer's answer may be what we wait for. So do ACKs, if
 * giving up the lock does not open more.
 */
static int recv_wait(struct sock *sk, long *timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);

	if (!*timeo)
		return -EAGAIN;
	if (signal_pending(current))
		return sock_intr_errno(*timeo);
	if (quic_sk(sk)->attached) {
		quic_conn_push(quic_sk(sk)->conn);
		if (!quic_sealed_any(sk))
			quic_conn_reader_sleeps(quic_sk(sk)->conn);
	}
	quic_settle(sk);
	add_wait_queue(sk_sleep(sk), &wait);
	sk_set_bit(SOCKWQ_ASYNC_WAITDATA, sk);
	WRITE_ONCE(quic_sk(sk)->readers, quic_sk(sk)->readers + 1);
	sk_wait_event(sk, timeo, false, &wait);
	WRITE_ONCE(quic_sk(sk)->readers, quic_sk(sk)->readers - 1);
	sk_clear_bit(SOCKWQ_ASYNC_WAITDATA, sk);
	remove_wait_queue(sk_sleep(sk), &wait);
	quic_rx_flush(sk);
	return 0;
}

static bool dgram_next(struct sock *sk, const struct recv_req *r)
{
	struct quic_conn *conn = quic_sk(sk)->conn;

	return conn && !r->one && quic_conn_dgram_is_next(conn);
}

static int recv_dgram(struct sock *sk, struct recv_req *r)
{
	int n = quic_dgram_recv(sk, r->msg, r->len, r->flags);

	if (n < 0)
		return n;
	r->done = n;
	return 0;
}

/* Lock held, given up while waiting. Return: 0, or why it ended. */
static int recv_locked(struct sock *sk, struct recv_req *r)
{
	long timeo = sock_rcvtimeo(sk, r->flags & MSG_DONTWAIT);
	struct quic_stream *stream;
	int err;

	for (;;) {
		if (dgram_next(sk, r))
			return recv_dgram(sk, r);
		stream = recv_next(sk, r);
		if (stream) {
			err = recv_stream(sk, stream, r);
			if (r->one && r->fin)
				quic_one_sync(sk);
			quic_settle(sk);
			if (err || r->fin || r->done >= r->target)
				return err;
		}
		err = recv_state(sk);
		if (err <= 0)
			return err;
		err = recv_wait(sk, &timeo);
		if (err)
			return err;
	}
}

/**
 * quic_do_recvmsg - receive bytes of one stream, or one datagram
 * @sk: socket
 * @msg: destination, control buffer
 * @len: room
 * @flags: MSG_PEEK, MSG_DONTWAIT; MSG_ERRQUEUE finds nothing; datagrams: MSG_TRUNC;
 *	SOCK_STREAM: MSG_WAITALL and MSG_TRUNC; others are ignored
 *
 * Context: process, may sleep. Return: bytes; 0 for an empty end of a stream (see
 * the control message), after an orderly close and after SHUT_RD; -EAGAIN, -EINTR,
 * -EFAULT; -ENOTCONN never connected, or a listener; -ECONNRESET the peer reset
 * this stream (or the connection), or SOCK_STREAM: closed before the stream's end;
 * errors of the connection as in SOCKET-API 11.2; -EINVAL MSG_OOB on SOCK_STREAM.
 */
int quic_do_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags)
{
	struct recv_req r = {
		.msg = msg,
		.len = min_t(size_t, len, INT_MAX),
		.flags = flags,
		.one = quic_one(sk),
	};
	int err;

	if (flags & MSG_ERRQUEUE)
		return -EAGAIN;
	if (r.one && (flags & MSG_OOB))
		return -EINVAL;
	lock_sock(sk);
	if (r.one)
		r.target = min_t(size_t, r.len,
				 sock_rcvlowat(sk, flags & MSG_WAITALL, r.len));
	err = recv_locked(sk, &r);
	release_sock(sk);
	return r.done ? (int)r.done : err;
}
