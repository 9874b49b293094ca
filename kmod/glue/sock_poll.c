// SPDX-License-Identifier: GPL-2.0
/*
 * poll and ioctl: what there is to read, and room to write.
 *
 * poll takes no lock: whoever changes what it looks at wakes it afterwards, so that a
 * value which is old is looked at again. ioctl takes it, since it walks the streams;
 * its cost is theirs.
 */
#include <linux/sockios.h>
#include <asm/ioctls.h>

#include "sock_ops.h"

/* ---- poll ---- */

static __poll_t poll_writable(struct sock *sk)
{
	/* who has ended writing does not have to wait to hear so */
	if (quic_one(sk) && (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN))
		return EPOLLOUT | EPOLLWRNORM;
	/* quic_one_sync() will wake */
	if (quic_one(sk) && !READ_ONCE(quic_sk(sk)->one_ready))
		return 0;
	if (quic_sock_writeable(sk))
		return EPOLLOUT | EPOLLWRNORM;
	set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	/* room made before the bit was set woke nobody: look again */
	smp_mb__after_atomic();
	return quic_sock_writeable(sk) ? EPOLLOUT | EPOLLWRNORM : 0;
}

/*
 * SO_ERROR is told once, a reader of messages hears it each time. As TCP, a
 * SOCK_STREAM socket shows what SO_ERROR would.
 */
static bool poll_error(const struct sock *sk)
{
	return quic_one(sk) ? READ_ONCE(sk->sk_err) : quic_sk(sk)->end_errno;
}

/**
 * quic_poll - poll(2)
 * @file: unused but for the wait
 * @sock: socket
 * @wait: one wait queue is registered, no more (9p has room for two)
 *
 * Takes no lock. Context: process. Return: events.
 */
__poll_t quic_poll(struct file *file, struct socket *sock, poll_table *wait)
{
	struct sock *sk = sock->sk;
	struct quic_sock *quic = quic_sk(sk);
	__poll_t mask = 0;
	int state;

	sock_poll_wait(file, sock, wait);
	state = inet_sk_state_load(sk);
	if (state == TCP_LISTEN)
		return list_empty(&quic->accept_q) ? 0 : EPOLLIN | EPOLLRDNORM;
	/* pairs with quic_sock_failed() */
	if (smp_load_acquire(&quic->ended)) {
		mask = EPOLLHUP | EPOLLIN | EPOLLRDNORM | EPOLLRDHUP |
		       EPOLLOUT | EPOLLWRNORM;
		return poll_error(sk) ? mask | EPOLLERR : mask;
	}
	/* it listened once and does no more: accept() would not wait either */
	if (state == TCP_CLOSE && READ_ONCE(quic->listener_id))
		mask |= EPOLLHUP;
	if (READ_ONCE(sk->sk_err))
		mask |= EPOLLERR;
	if (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN)
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
	else if (quic_sock_readable(sk))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(sk->sk_shutdown) == SHUTDOWN_MASK)
		mask |= EPOLLHUP;
	if (state == TCP_ESTABLISHED)
		mask |= poll_writable(sk);
	return mask;
}

/* ---- ioctl ---- */

static u64 bytes_unsent(struct quic_conn *conn)
{
	struct rb_node *n;
	u64 sum = conn->dgrams.tx.bytes;

	for (n = rb_first(&conn->streams.tree); n; n = rb_next(n)) {
		const struct quic_stream *s = rb_entry(n, struct quic_stream, node);

		sum += s->tx.end - s->tx.next;
	}
	return sum;
}

/**
 * quic_ioctl - SIOCINQ, SIOCOUTQ, SIOCOUTQNSD
 * @sk: socket
 * @cmd: number
 * @arg: result: bytes readable; queued and not acknowledged; never sent
 *
 * Context: process. Return: 0; -EINVAL on a listener; -ENOIOCTLCMD others.
 */
int quic_ioctl(struct sock *sk, int cmd, quic_ioctl_arg arg)
{
	struct quic_conn *conn;
	u64 bytes = 0;

	if (cmd != SIOCINQ && cmd != SIOCOUTQ && cmd != SIOCOUTQNSD)
		return -ENOIOCTLCMD;
	lock_sock(sk);
	if (sk->sk_state == TCP_LISTEN) {
		release_sock(sk);
		return -EINVAL;
	}
	conn = quic_sk(sk)->conn;
	if (conn && cmd == SIOCINQ)
		bytes = conn->streams.rx_queued + quic_dgram_unread(sk);
	else if (conn && cmd == SIOCOUTQ)
		bytes = quic_conn_tx_queued(conn);
	else if (conn)
		bytes = bytes_unsent(conn);
	release_sock(sk);
	return quic_ioctl_answer(arg, min_t(u64, bytes, INT_MAX));
}
