// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams through a socket: sendmsg(2) and recvmsg(2) with MSG_QUIC_DATAGRAM.
 *
 * Bytes to send are copied once, into the task's page fragment or, where that is
 * too short, into pages of their own: a datagram lies in one piece. They are
 * charged to the socket until they are sealed. Bytes received are copied out of
 * where they were decrypted; what is unread keeps that memory, which is charged.
 *
 * Bounds: to be sent, knob and SO_SNDBUF, apart from what streams have queued: a
 * bulk transfer does not stand in the way of a datagram. To be read, knob and a
 * quarter of SO_RCVBUF, so that one who does not read them loses datagrams, and
 * not the use of his streams. The core counts; see core/dgram.c.
 *
 * One EPOLLOUT serves streams and datagrams. It is about whichever was refused
 * last: poll() would else return at once to a sender whose queue is full, since
 * streams have room. Lock held but where noted.
 */
#include <linux/mm.h>
#include <linux/uio.h>

#include "blocks.h"
#include "sock_ops.h"

/**
 * quic_dgram_configure - the connection follows the socket's knobs
 * @sk: socket with a connection
 */
void quic_dgram_configure(struct sock *sk)
{
	const struct quic_sock_config *cfg = &quic_sk(sk)->cfg;
	struct quic_dgrams *g = &quic_sk(sk)->conn->dgrams;

	g->tx.max_n = cfg->dgram_send_queue;
	g->rx.max_n = cfg->dgram_recv_queue;
	g->tx.drop_oldest = cfg->dgram_drop & QUIC_DATAGRAM_SEND_OLDEST;
	g->rx.drop_oldest = cfg->dgram_drop & QUIC_DATAGRAM_RECV_OLDEST;
}

/* ---- sending ---- */

/*
 * Is it worth waking who found the queue full? When what he had fits and half of
 * the queue is free. Also looked at without the lock.
 */
static bool dgram_room(const struct sock *sk, u32 len)
{
	const struct quic_conn *conn = quic_sk(sk)->conn;

	return quic_conn_dgram_fits(conn, len) &&
	       READ_ONCE(conn->dgrams.tx.n) <= READ_ONCE(conn->dgrams.tx.max_n) / 2;
}

bool quic_dgram_writeable(const struct sock *sk)
{
	u32 wish = READ_ONCE(quic_sk(sk)->dgram_wish);

	return !wish || dgram_room(sk, wish);
}

/* A stream was refused: if datagrams are not, EPOLLOUT is about streams now. */
void quic_dgram_forget_wish(struct sock *sk)
{
	if (quic_sk(sk)->dgram_wish && quic_dgram_writeable(sk))
		WRITE_ONCE(quic_sk(sk)->dgram_wish, 0);
}

/* Contiguous memory. @own: pages of which the caller has the only reference. */
static u8 *dgram_space(struct sock *sk, size_t len, struct page **own)
{
	struct page_frag *frag = sk_page_frag(sk);

	*own = NULL;
	if (quic_fail(QUIC_FAIL_SEND))
		return NULL;
	if (quic_block_refill(frag, len, sk->sk_allocation) &&
	    frag->size - frag->offset >= len)
		return page_address(frag->page) + frag->offset;
	/* large blocks are short, or forbidden by net.core.high_order_alloc_disable */
	*own = alloc_pages(sk->sk_allocation | __GFP_COMP | __GFP_NOWARN, get_order(len));
	return *own ? page_address(*own) : NULL;
}

/* Hand @data over to the core and charge it. */
static int dgram_queue(struct sock *sk, const u8 *data, u32 len, struct page *own)
{
	struct page_frag *frag = sk_page_frag(sk);
	struct page *page = own ? own : frag->page;
	int err;

	err = quic_conn_dgram_send(quic_sk(sk)->conn, data, len, (struct quic_txbuf *)page);
	if (err)
		return err;
	/* given back by quic_host_txbuf_put() */
	sk_wmem_queued_add(sk, len);
	sk_mem_charge(sk, len);
	if (!own) {
		get_page(page);
		frag->offset += len;
	}
	WRITE_ONCE(quic_sk(sk)->dgram_wish, 0);
	return 0;
}

/**
 * quic_dgram_send - queue one message
 * @sk: socket, established
 * @msg: its bytes; not consumed on failure
 *
 * Context: process, lock held, may sleep. Return: 0; -EAGAIN the queue is full, and
 * EPOLLOUT will say when it is not; -EINVAL the peer takes none; -EMSGSIZE;
 * -EPIPE; -ENOMEM; -EFAULT.
 */
int quic_dgram_send(struct sock *sk, struct msghdr *msg)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	size_t len = msg_data_left(msg);
	struct page *own;
	int err;
	u8 *to;

	conn->dgrams.tx.max_bytes = READ_ONCE(sk->sk_sndbuf);
	err = quic_conn_dgram_room(conn, min_t(size_t, len, U32_MAX));
	if (err == -EAGAIN)
		WRITE_ONCE(quic_sk(sk)->dgram_wish, len);
	if (err)
		return err;
	if (!sk_wmem_schedule(sk, len))
		return -ENOMEM;
	to = dgram_space(sk, len, &own);
	if (!to)
		return -ENOMEM;
	err = -EFAULT;
	if (copy_from_iter_full(to, len, &msg->msg_iter))
		err = dgram_queue(sk, to, len, own);
	if (err && own)
		put_page(own);
	return err;
}

/* ---- receiving ---- */

/**
 * quic_dgram_recv - (the rest of) the first datagram to the user
 * @sk: socket that has one
 * @msg: destination; msg_flags get MSG_QUIC_DATAGRAM, and MSG_EOR with the last byte
 * @room: bytes that the user has room for
 * @flags: MSG_PEEK; MSG_TRUNC: what has no room is thrown away, and counted in the
 *	result; else the next call returns it
 *
 * Context: process, lock held, may sleep. Return: bytes, or -EFAULT with the
 * datagram as it was.
 */
int quic_dgram_recv(struct sock *sk, struct msghdr *msg, size_t room, int flags)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	const u8 *data;
	u32 len, n;

	if (!quic_conn_dgram_peek(conn, &data, &len))
		return 0;
	n = min_t(size_t, len, room);
	if (copy_to_iter(data, n, &msg->msg_iter) != n)
		return -EFAULT;
	msg->msg_flags |= MSG_QUIC_DATAGRAM;
	if (n == len || (flags & MSG_TRUNC))
		msg->msg_flags |= MSG_EOR;
	if (n < len && (flags & MSG_TRUNC))
		msg->msg_flags |= MSG_TRUNC;
	if (!(flags & MSG_PEEK))
		quic_conn_dgram_take(conn, flags & MSG_TRUNC ? U32_MAX : n);
	return flags & MSG_TRUNC ? len : n;
}

/* Nobody will read them. */
void quic_dgram_discard(struct sock *sk)
{
	struct quic_conn *conn = quic_sk(sk)->conn;

	while (conn->dgrams.rx.n)
		quic_conn_dgram_take(conn, U32_MAX);
}

/* For SIOCINQ. */
u64 quic_dgram_unread(const struct sock *sk)
{
	const struct quic_dgrams *g = &quic_sk(sk)->conn->dgrams;
	const struct quic_dgram *d;
	u64 sum = 0;

	list_for_each_entry(d, &g->rx.list, node)
		sum += d->len;
	return sum - g->rx_skip;
}

/* ---- counters ---- */

/* What happened since the last look goes to the namespace's counters. */
void quic_dgram_count(struct sock *sk)
{
	const struct quic_dgram_stats *s = &quic_sk(sk)->conn->stats.dgram;
	struct quic_dgram_stats *seen = &quic_sk(sk)->dgram_seen;

	if (likely(!memcmp(s, seen, sizeof(*s))))
		return;
	quic_mib_add(sock_net(sk), DgramFramesOut, s->sent - seen->sent);
	quic_mib_add(sock_net(sk), DgramFramesIn, s->recv - seen->recv);
	/* one that was lost may be acknowledged later: that takes nothing back */
	if (s->lost > seen->lost)
		quic_mib_add(sock_net(sk), DgramFramesLost, s->lost - seen->lost);
	quic_mib_add(sock_net(sk), DropDgramSend, s->tx_dropped - seen->tx_dropped);
	quic_mib_add(sock_net(sk), DropDgramRecv, s->rx_dropped - seen->rx_dropped);
	*seen = *s;
}
