// SPDX-License-Identifier: GPL-2.0
/*
 * sendmsg(2): the user's bytes into streams.
 *
 * Bytes are copied once, into large page fragments of the task, and queued in
 * the core by reference; they stay there until acknowledged. A fragment is filled
 * without holes, so that what one stream sends in a row is one chunk, and pieces
 * of a packet are few. It is the task's and not the socket's, as for TCP: what is
 * left of it is charged to nobody, and a task has one, but a thousand sockets.
 * What comes in pages of a file stays there (lend.c).
 * After every SEND_SLICE the core may build packets, so that sending overlaps with
 * copying.
 *
 * Room: the bytes queued on all streams of a connection, sk_wmem_queued, are
 * bounded by SO_SNDBUF, which grows with the congestion window as long as the
 * user has not set it. The peer's flow control does not stop a send() but the
 * transmission. A caller that may not wait gets EAGAIN for lack of room, memory
 * and streams alike.
 *
 * Invariants: what is charged to the socket equals what is queued in the core,
 * byte by byte; host.c gives it back. After every wait the stream is looked up
 * again: it may have ended.
 *
 * MSG_QUIC_DATAGRAM makes the message a datagram (sock_dgram.c), which has a queue
 * and room of its own.
 *
 * Before connect() has ended a program may write where the daemon offers 0-RTT for it
 * (RFC 9001 4.6): it leaves at once, and again after the handshake if the server did
 * not take it. poll() says EPOLLOUT at the end of the handshake, as ever.
 *
 * Not yet: the application's own handshake: a QUIC_HANDSHAKE_INFO is EOPNOTSUPP, as
 * the daemon has the keys. From 6.5 on the kernel clears MSG_QUIC_STREAM_DONTWAIT in
 * the flags of sendmsg(2), where it is a bit of its own (MSG_SENDPAGE_NOPOLICY): it
 * works in a QUIC_STREAM_INFO only.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "blocks.h"
#include "sock_ops.h"

#define SEND_SLICE	(64U << 10)
#define STREAMS_AHEAD	4096	/* opened by one call, to reach the ID it names */

#define STREAM_FLAGS \
	(MSG_QUIC_STREAM_NEW | MSG_QUIC_STREAM_FIN | MSG_QUIC_STREAM_UNI | \
	 MSG_QUIC_STREAM_DONTWAIT | MSG_QUIC_STREAM_SNDBLOCK)

/* Bits of the kernel's own that come with sendfile(2) and 32-bit programs. */
#define INTERNAL_FLAGS \
	(MSG_SPLICE_PAGES | MSG_CMSG_COMPAT | MSG_SENDPAGE_NOTLAST)

#define SEND_FLAGS \
	(STREAM_FLAGS | MSG_MORE | MSG_DONTWAIT | MSG_NOSIGNAL | MSG_WAITALL | \
	 MSG_BATCH | MSG_EOR | MSG_QUIC_DATAGRAM | INTERNAL_FLAGS)

/**
 * struct send_req - one sendmsg()
 * @id: stream, when @has_id
 * @has_id: else the stream opened last, or the next
 * @flags: MSG_QUIC_STREAM_*
 * @dgram: the message is a datagram
 * @nonblock: do not wait for room
 * @timeo: jiffies left
 */
struct send_req {
	u64 id;
	bool has_id;
	u32 flags;
	bool dgram;
	bool nonblock;
	long timeo;
};

bool quic_sock_writeable(const struct sock *sk)
{
	/* one who waits to send a datagram is not helped by room for streams */
	return READ_ONCE(quic_sk(sk)->dgram_wish) ? quic_dgram_writeable(sk) :
						    sk_stream_is_writeable(sk);
}

/* ---- what the caller wants ---- */

/* Layouts differ in the padding only, and i386 has none (SOCKET-API 2.1). */
static int parse_stream_info(const struct cmsghdr *cmsg, struct send_req *r)
{
	size_t len = cmsg->cmsg_len - sizeof(*cmsg);
	struct quic_stream_info info = { };

	if (len != sizeof(info) && len != offsetofend(struct quic_stream_info, stream_flags))
		return -EINVAL;
	memcpy(&info, CMSG_DATA((struct cmsghdr *)cmsg), len);
	if (info.stream_flags & ~STREAM_FLAGS)
		return -EINVAL;
	if (info.stream_id < -1 || info.stream_id > (s64)QUIC_VARINT_MAX)
		return -EINVAL;
	r->has_id = info.stream_id >= 0;
	r->id = r->has_id ? info.stream_id : 0;
	r->flags = info.stream_flags;
	return 0;
}

/* At most one of ours; those of other levels are left to nobody, as in the ABI. */
static int parse_cmsgs(struct msghdr *msg, struct send_req *r)
{
	struct cmsghdr *cmsg;
	bool seen = false;
	int err;

	for_each_cmsghdr(cmsg, msg) {
		if (!CMSG_OK(msg, cmsg))
			return -EINVAL;
		if (cmsg->cmsg_level != SOL_QUIC)
			continue;
		if (seen)
			return -EINVAL;
		seen = true;
		if (cmsg->cmsg_type == QUIC_HANDSHAKE_INFO)
			return -EOPNOTSUPP;
		if (cmsg->cmsg_type != QUIC_STREAM_INFO)
			return -EINVAL;
		err = parse_stream_info(cmsg, r);
		if (err)
			return err;
	}
	return 0;
}

/*
 * As TCP, which ignores the flags that it does not know, and of whose control
 * messages none is ours. Urgent bytes and Fast Open are not there.
 */
static int parse_one(struct msghdr *msg, struct send_req *r)
{
	struct cmsghdr *cmsg;

	if (msg->msg_flags & (MSG_OOB | MSG_FASTOPEN))
		return -EOPNOTSUPP;
	for_each_cmsghdr(cmsg, msg) {
		if (!CMSG_OK(msg, cmsg))
			return -EINVAL;
		if (cmsg->cmsg_level == SOL_QUIC)
			return -EOPNOTSUPP;
	}
	r->has_id = true;	/* 0 */
	return 0;
}

static int parse_request(struct sock *sk, struct msghdr *msg, size_t len, struct send_req *r)
{
	int err;

	memset(r, 0, sizeof(*r));
	r->nonblock = msg->msg_flags & MSG_DONTWAIT;
	r->timeo = sock_sndtimeo(sk, r->nonblock);
	if (quic_one(sk))
		return parse_one(msg, r);
	if (msg->msg_flags & ~SEND_FLAGS)
		return -EINVAL;
	r->flags = msg->msg_flags & STREAM_FLAGS;
	r->dgram = msg->msg_flags & MSG_QUIC_DATAGRAM;
	if (r->dgram && r->flags)
		return -EINVAL;
	err = parse_cmsgs(msg, r);
	if (err)
		return err;
	if (r->dgram && (r->has_id || r->flags))
		return -EINVAL;		/* it belongs to no stream */
	return len || (r->flags & MSG_QUIC_STREAM_FIN) ? 0 : -EMSGSIZE;
}

/* ---- waiting ---- */

/* May anything be sent? 1: not yet, the handshake runs, and there is no 0-RTT. */
static int send_state(struct sock *sk)
{
	struct quic_sock *quic = quic_sk(sk);

	if (sk->sk_state == TCP_LISTEN)
		return -EPIPE;
	if (!quic->conn)
		return -ENOTCONN;
	if (quic->ended || (sk->sk_shutdown & SEND_SHUTDOWN))
		return -EPIPE;
	return quic_conn_takes_data(quic->conn) ? 0 : 1;
}

static bool streams_left(struct sock *sk, bool uni)
{
	const struct quic_streams *st = &quic_sk(sk)->conn->streams;

	return READ_ONCE(st->max_local[uni]) > READ_ONCE(st->next_local[uni]);
}

enum send_wait { WAIT_ESTABLISHED, WAIT_ROOM, WAIT_DGRAM, WAIT_ONE, WAIT_BIDI, WAIT_UNI };

/* Also looked at without the lock, by sk_wait_event(). */
static bool send_wakeup(struct sock *sk, enum send_wait what)
{
	if (READ_ONCE(quic_sk(sk)->ended) || (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN))
		return true;
	switch (what) {
	case WAIT_ESTABLISHED:
		return READ_ONCE(sk->sk_state) == TCP_ESTABLISHED ||
		       READ_ONCE(quic_sk(sk)->conn->early);
	case WAIT_ROOM:
		return sk_stream_is_writeable(sk);
	case WAIT_DGRAM:
		return quic_dgram_writeable(sk);
	case WAIT_ONE:
		return READ_ONCE(quic_sk(sk)->one_ready);
	default:
		return streams_left(sk, what == WAIT_UNI);
	}
}

/*
 * Sleep until the condition may hold; the lock is given up meanwhile. What is
 * queued leaves first, MSG_MORE or not: somebody waits for it.
 * Return: 0 look again; -EAGAIN no time left; -EINTR, -ERESTARTSYS.
 */
static int send_wait(struct sock *sk, struct send_req *r, enum send_wait what)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);

	if (quic_sk(sk)->attached)
		quic_conn_push(quic_sk(sk)->conn);
	quic_settle(sk);
	if (!r->timeo)
		set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);	/* for poll() */
	if (send_wakeup(sk, what))
		return 0;
	if (!r->timeo)
		return -EAGAIN;
	if (signal_pending(current))
		return sock_intr_errno(r->timeo);
	add_wait_queue(sk_sleep(sk), &wait);
	set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	sk->sk_write_pending++;
	sk_wait_event(sk, &r->timeo, send_wakeup(sk, what), &wait);
	sk->sk_write_pending--;
	remove_wait_queue(sk_sleep(sk), &wait);
	if (quic_sk(sk)->tx_owed)
		quic_settle(sk);
	return 0;
}

/* ---- which stream ---- */

static bool id_is_ours(const struct quic_conn *conn, u64 id)
{
	return !!(id & QUIC_STREAM_TYPE_SERVER_MASK) == conn->server;
}

/* A stream that exists, as far as writing on it goes. */
static int check_stream(const struct quic_stream *stream, u32 flags)
{
	if (!stream->has_tx)
		return -EINVAL;
	if ((flags & MSG_QUIC_STREAM_NEW) &&
	    (stream->tx.end || stream->tx.fin ||
	     stream->send_state != QUIC_STREAM_SEND_STATE_READY))
		return -EINVAL;
	if (stream->stopped)
		return -EPIPE;
	return quic_stream_writable(stream) ? 0 : -ENOSTR;
}

/* Why a stream that is gone takes no bytes. */
static int gone_stream(const struct quic_conn *conn, u64 id)
{
	return quic_conn_stream_was_stopped(conn, id) ? -EPIPE : -ENOSTR;
}

/*
 * Open the next stream of a type, or all up to @r->id. @stream is the last one. How
 * many there may be is the peer's word, which is not to keep us here for ever.
 * Return: 0; -EINVAL an ID far ahead; -EAGAIN when the peer allows no more and we
 * may not wait; errors.
 */
static int open_streams(struct sock *sk, struct send_req *r, bool uni,
			struct quic_stream **stream)
{
	struct quic_sock *quic = quic_sk(sk);
	int err;

	if (r->has_id && r->id >> 2 >= quic->conn->streams.next_local[uni] + STREAMS_AHEAD)
		return -EINVAL;
	for (;;) {
		err = quic_conn_stream_open(quic->conn, uni, stream);
		if (!err) {
			quic->tx_tail_stream = (*stream)->id;
			quic->has_tail_stream = true;
			if (!r->has_id || (*stream)->id >= r->id)
				return 0;
			continue;
		}
		if (err != -EAGAIN || (r->flags & MSG_QUIC_STREAM_DONTWAIT))
			return err;
		err = send_wait(sk, r, uni ? WAIT_UNI : WAIT_BIDI);
		if (!err && send_state(sk))
			err = -EPIPE;
		if (err)
			return err;
	}
}

/* SOCK_STREAM: a server may have to wait until it hears of its stream. */
static int the_one_stream(struct sock *sk, struct send_req *r, struct quic_stream **stream)
{
	struct quic_sock *quic = quic_sk(sk);
	int err = 0;

	while (!quic->one_ready && !err) {
		err = send_wait(sk, r, WAIT_ONE);
		if (!err && send_state(sk))
			err = -EPIPE;
	}
	if (err)
		return err;
	*stream = quic_conn_stream_find(quic->conn, 0);
	return *stream && quic_stream_writable(*stream) ? 0 : -EPIPE;
}

static int stream_by_id(struct sock *sk, struct send_req *r, struct quic_stream **stream)
{
	struct quic_conn *conn = quic_sk(sk)->conn;

	*stream = quic_conn_stream_find(conn, r->id);
	if (*stream)
		return check_stream(*stream, r->flags);
	if (!id_is_ours(conn, r->id) && (r->id & QUIC_STREAM_TYPE_UNI_MASK))
		return -EINVAL;		/* never was for us to write on */
	if (quic_conn_stream_known(conn, r->id))
		return (r->flags & MSG_QUIC_STREAM_NEW) ? -EINVAL : gone_stream(conn, r->id);
	if (!(r->flags & MSG_QUIC_STREAM_NEW) || !id_is_ours(conn, r->id))
		return -EINVAL;
	return open_streams(sk, r, r->id & QUIC_STREAM_TYPE_UNI_MASK, stream);
}

/*
 * The stream that a message is for, opened if need be (SOCKET-API 3).
 * Return: 0; -EINVAL, -ENOSTR, -EPIPE, -EAGAIN, -ENOMEM, -EINTR.
 */
static int choose_stream(struct sock *sk, struct send_req *r, struct quic_stream **stream)
{
	struct quic_sock *quic = quic_sk(sk);

	if (quic_one(sk))
		return the_one_stream(sk, r, stream);
	if (!r->has_id && !(r->flags & MSG_QUIC_STREAM_NEW) && quic->has_tail_stream) {
		r->id = quic->tx_tail_stream;
		r->has_id = true;
	}
	if (r->has_id)
		return stream_by_id(sk, r, stream);
	return open_streams(sk, r, r->flags & MSG_QUIC_STREAM_UNI, stream);
}

/* O_NONBLOCK: getsockopt() is not given the file's flags. Lock held. */
static bool file_nonblock(const struct sock *sk)
{
	return sk->sk_socket && sk->sk_socket->file &&
	       sk->sk_socket->file->f_flags & O_NONBLOCK;
}

/* QUIC_SOCKOPT_STREAM_OPEN: as a message that has no bytes yet. */
int quic_stream_open_wait(struct sock *sk, struct quic_stream_info *info)
{
	struct send_req r = {
		.flags = info->stream_flags | MSG_QUIC_STREAM_NEW,
		.nonblock = info->stream_flags & MSG_QUIC_STREAM_DONTWAIT ||
			    file_nonblock(sk),
		.has_id = info->stream_id >= 0,
		.id = info->stream_id >= 0 ? info->stream_id : 0,
	};
	struct quic_stream *stream;
	int err;

	if (info->stream_flags & ~STREAM_FLAGS || info->stream_id < -1 ||
	    info->stream_id > (s64)QUIC_VARINT_MAX)
		return -EINVAL;
	r.timeo = sock_sndtimeo(sk, r.nonblock);
	err = send_state(sk);
	if (err)
		return err > 0 ? -EAGAIN : -EPIPE;
	if (r.has_id && quic_conn_stream_known(quic_sk(sk)->conn, r.id))
		return -EINVAL;
	err = choose_stream(sk, &r, &stream);
	if (!err)
		info->stream_id = stream->id;
	quic_settle(sk);
	return err;
}

/* ---- bytes ---- */

/* The send buffer follows the congestion window, up to the sysctl's limit. */
static void grow_sndbuf(struct sock *sk)
{
	u64 want = 2 * quic_sk(sk)->conn->path.cc.cwnd;
	u64 max = READ_ONCE(quic_sysctl_wmem[2]);

	if (sk->sk_userlocks & SOCK_SNDBUF_LOCK)
		return;
	want = min(want, max);
	if (want > sk->sk_sndbuf)
		WRITE_ONCE(sk->sk_sndbuf, want);
}

/*
 * Copy one piece into the current fragment and queue it.
 * Return: bytes; -EAGAIN no room; -ENOMEM; -EFAULT; -EPIPE.
 */
static ssize_t send_piece(struct sock *sk, struct quic_stream *stream, struct msghdr *msg)
{
	struct quic_sock *quic = quic_sk(sk);
	struct page_frag *frag = sk_page_frag(sk);
	int room = sk->sk_sndbuf - sk->sk_wmem_queued;
	ssize_t lent;
	bool merged;
	size_t n;
	int err;
	u8 *to;

	if (room <= 0)
		return -EAGAIN;
	lent = quic_lend_piece(sk, stream, msg);
	if (lent)
		return lent;
	if (quic_fail(QUIC_FAIL_SEND) || !quic_block_refill(frag, 1, sk->sk_allocation))
		return -ENOMEM;
	n = min3(msg_data_left(msg), (size_t)(frag->size - frag->offset), (size_t)room);
	if (!sk_wmem_schedule(sk, n))
		return -ENOMEM;
	to = page_address(frag->page) + frag->offset;
	n = copy_from_iter(to, n, &msg->msg_iter);
	if (!n)
		return -EFAULT;
	err = quic_stream_append(quic->conn, stream, to, n, (struct quic_txbuf *)frag->page,
				 &merged);
	if (err) {
		iov_iter_revert(&msg->msg_iter, n);
		return err;
	}
	/* given back by quic_host_txbuf_put() */
	sk_wmem_queued_add(sk, n);
	sk_mem_charge(sk, n);
	if (!merged)
		get_page(frag->page);
	frag->offset += n;
	quic_mib_add(sock_net(sk), OutBytesCopied, n);
	return n;
}

/*
 * Queue everything. @sent counts, also on failure. The stream may be gone after
 * each wait, and after quic_settle(), so it is found anew.
 */
static int send_bytes(struct sock *sk, u64 id, struct msghdr *msg, struct send_req *r,
		      size_t *sent)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	struct quic_stream *stream;
	u32 slice = 0;
	ssize_t n;
	int err;

	while (msg_data_left(msg)) {
		err = send_state(sk);
		if (err)
			return -EPIPE;
		stream = quic_conn_stream_find(conn, id);
		if (!stream)
			return quic_one(sk) ? -EPIPE : gone_stream(conn, id);
		if (!quic_stream_writable(stream))
			return quic_one(sk) || stream->stopped ? -EPIPE : -ENOSTR;
		n = send_piece(sk, stream, msg);
		if (n == -EAGAIN) {
			grow_sndbuf(sk);
			quic_dgram_forget_wish(sk);
			err = send_wait(sk, r, WAIT_ROOM);
			if (err)
				return err;
			continue;
		}
		if (n < 0)
			return n;
		*sent += n;
		slice += n;
		if (slice >= SEND_SLICE) {
			quic_settle(sk);
			quic_rx_flush(sk);
			slice = 0;
		}
	}
	return 0;
}

static int send_fin(struct sock *sk, u64 id)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	struct quic_stream *stream = quic_conn_stream_find(conn, id);

	return stream ? quic_stream_finish(conn, stream) : gone_stream(conn, id);
}

/* One datagram, whole or not at all. */
static int send_dgram(struct sock *sk, struct msghdr *msg, struct send_req *r, size_t *sent)
{
	size_t len = msg_data_left(msg);
	int err;

	for (;;) {
		err = quic_dgram_send(sk, msg);
		if (err != -EAGAIN)
			break;
		err = send_wait(sk, r, WAIT_DGRAM);
		if (err)
			return err;
		if (send_state(sk))
			return -EPIPE;
	}
	if (!err)
		*sent = len;
	return err;
}

static int send_locked(struct sock *sk, struct msghdr *msg, struct send_req *r, size_t *sent)
{
	struct quic_stream *stream;
	u64 id;
	int err;

	err = send_state(sk);
	if (err > 0) {
		err = send_wait(sk, r, WAIT_ESTABLISHED);
		if (!err)
			err = send_state(sk);
	}
	if (!err && quic_one(sk) && !msg_data_left(msg))
		return 0;
	if (!err && r->dgram)
		return send_dgram(sk, msg, r, sent);
	if (!err)
		err = choose_stream(sk, r, &stream);
	if (err)
		return err > 0 ? -EAGAIN : err;
	id = stream->id;
	err = send_bytes(sk, id, msg, r, sent);
	if (!err && (r->flags & MSG_QUIC_STREAM_FIN))
		err = send_fin(sk, id);
	return err;
}

/**
 * quic_sendmsg - send bytes on a stream, or a datagram
 * @sk: socket
 * @msg: bytes, flags, perhaps a QUIC_STREAM_INFO
 * @len: bytes
 *
 * MSG_MORE leaves bytes for a later call to send, for 200 ms at most, unless the
 * buffer is full. A SOCK_STREAM socket takes messages as TCP does.
 * Context: process, may sleep. Return: bytes accepted, perhaps fewer than @len
 * after a stall, then without the FIN; -EAGAIN, -EINTR; -EMSGSIZE neither bytes
 * nor FIN, or a datagram too long; -EINVAL flags, stream, control message, or the
 * peer takes no datagrams; -ENOSTR finished by us; -EPIPE
 * (with SIGPIPE unless MSG_NOSIGNAL) closed, or stopped by the peer; -ENOTCONN;
 * -EFAULT, -ENOMEM; the error of a connection that ended, once.
 */
int quic_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct send_req r;
	size_t sent = 0;
	int err;

	err = parse_request(sk, msg, len, &r);
	if (err)
		return err;
	lock_sock(sk);
	err = send_locked(sk, msg, &r, &sent);
	if (quic_sk(sk)->attached && (err || !(msg->msg_flags & MSG_MORE)))
		quic_settle(sk);
	else if (sent)
		quic_timers_hold(sk);
	if (sent)
		err = sent;
	else if (err == -EPIPE)
		err = sk_stream_error(sk, msg->msg_flags, err);
	release_sock(sk);
	return err;
}

void quic_send_push(struct sock *sk)
{
	lock_sock(sk);
	quic_settle(sk);
	release_sock(sk);
}
