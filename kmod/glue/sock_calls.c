// SPDX-License-Identifier: GPL-2.0
/*
 * bind, connect, listen, accept and getname; poll and ioctl are in sock_poll.c.
 *
 * With the daemon as handshake agent, the only one there is so far, connect()
 * returns when the handshake is over, and accept() returns established
 * connections.
 *
 * One socket is one connection: after it failed or ended, connect() is EINVAL.
 * struct socket's state follows __inet_stream_connect(): CONNECTING until a
 * connect() has told the result, so that poll and a second connect(), which
 * io_uring makes, work as for TCP.
 *
 * Every address is stored with the family that goes over the wire: IPv4-mapped
 * ones become AF_INET.
 */
#include <net/addrconf.h>
#include <net/inet_common.h>

#include "packet.h"
#include "path.h"
#include "sock_ops.h"
#include "../compat/cgroup_addr.h"

/*
 * Who finds the backlog of a TCP listener full tries again and hardly notices, so
 * programs ask for little; here he is refused.
 */
#define ONE_BACKLOG	128

/* ---- addresses ---- */

/*
 * Check an address from the user and bring it to its wire family.
 * Return: 0; -EINVAL too short, scope; -EAFNOSUPPORT.
 */
static int addr_import(struct sock *sk, const struct sockaddr *uaddr, int len,
		       union quic_addr *a)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)uaddr;

	memset(a, 0, sizeof(*a));
	if (len < offsetofend(struct sockaddr, sa_family))
		return -EINVAL;
	if (uaddr->sa_family == AF_INET && sk->sk_family == AF_INET) {
		if (len < (int)sizeof(a->v4))
			return -EINVAL;
		memcpy(&a->v4, uaddr, sizeof(a->v4));
		return 0;
	}
	if (uaddr->sa_family != AF_INET6 || sk->sk_family != AF_INET6)
		return -EAFNOSUPPORT;
	if (len < SIN6_LEN_RFC2133)
		return -EINVAL;
	if (ipv6_addr_v4mapped(&in6->sin6_addr)) {
		if (ipv6_only_sock(sk))
			return -EINVAL;
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = in6->sin6_port;
		a->v4.sin_addr.s_addr = in6->sin6_addr.s6_addr32[3];
		return 0;
	}
	memcpy(&a->v6, uaddr, min_t(size_t, len, sizeof(a->v6)));
	a->v6.sin6_flowinfo = 0;
	return 0;
}

/* A link-local address is one of a device: the scope's or the socket's. */
static int addr_scope(struct sock *sk, union quic_addr *a)
{
	int dev = READ_ONCE(sk->sk_bound_dev_if);

	if (a->sa.sa_family != AF_INET6)
		return 0;
	if (!(ipv6_addr_type(&a->v6.sin6_addr) & IPV6_ADDR_LINKLOCAL)) {
		a->v6.sin6_scope_id = 0;
		return 0;
	}
	if (a->v6.sin6_scope_id && dev && a->v6.sin6_scope_id != dev)
		return -EINVAL;
	if (a->v6.sin6_scope_id)
		WRITE_ONCE(sk->sk_bound_dev_if, a->v6.sin6_scope_id);
	else
		a->v6.sin6_scope_id = dev;
	return a->v6.sin6_scope_id ? 0 : -EINVAL;
}

static bool addr_any(const union quic_addr *a)
{
	return a->sa.sa_family == AF_INET6 ? ipv6_addr_any(&a->v6.sin6_addr) :
					     !a->v4.sin_addr.s_addr;
}

static bool addr_multicast(const union quic_addr *a)
{
	return a->sa.sa_family == AF_INET6 ? ipv6_addr_is_multicast(&a->v6.sin6_addr) :
	       ipv4_is_multicast(a->v4.sin_addr.s_addr) ||
	       ipv4_is_lbcast(a->v4.sin_addr.s_addr);
}

/* ---- bind ---- */

/* Take the UDP socket of an address. Lock held, may sleep. */
static int bind_to(struct sock *sk, const union quic_addr *a, bool low_port)
{
	struct quic_sock *quic = quic_sk(sk);
	struct quic_udp *udp;

	udp = quic_udp_get(sock_net(sk), a, READ_ONCE(sk->sk_bound_dev_if), sk,
			   low_port);
	if (IS_ERR(udp))
		return PTR_ERR(udp);
	quic->udp = udp;
	quic->local = *a;
	quic->local.v4.sin_port = udp->addr.v4.sin_port;
	quic_sock_set_addrs(sk);
	return 0;
}

static int post_bind(struct sock *sk)
{
	struct quic_sock *quic = quic_sk(sk);
	int err;

	err = quic->local.sa.sa_family == AF_INET6 ? BPF_CGROUP_RUN_PROG_INET6_POST_BIND(sk) :
						     BPF_CGROUP_RUN_PROG_INET4_POST_BIND(sk);
	if (!err)
		return 0;
	quic_udp_put(quic->udp);
	quic->udp = NULL;
	memset(&quic->local, 0, sizeof(quic->local));
	inet_sk(sk)->inet_num = 0;
	inet_sk(sk)->inet_sport = 0;
	return err;
}

/* The address that a cgroup's programs make of @uaddr, which they may write to. */
static int bind_addr(struct sock *sk, struct sockaddr *uaddr, int len, union quic_addr *a,
		     bool *low_port)
{
	int err;

	err = addr_import(sk, uaddr, len, a);
	if (err)
		return err;
	err = sk->sk_family == AF_INET6 ?
	      QUIC_CGROUP_BIND(sk, uaddr, &len, CGROUP_INET6_BIND, low_port) :
	      QUIC_CGROUP_BIND(sk, uaddr, &len, CGROUP_INET4_BIND, low_port);
	if (!err)
		err = addr_import(sk, uaddr, len, a);
	return err ? err : addr_scope(sk, a);
}

/*
 * QUIC_SOCKOPT_CONNECTION_MIGRATION: a bind() while connected, so that bind programs
 * judge it. What runs after a bind() does not: the address is not the socket's yet.
 */
int quic_migrate(struct sock *sk, const void *val, u32 len)
{
	int err, dev = READ_ONCE(sk->sk_bound_dev_if);
	struct sockaddr_storage uaddr;
	bool low_port = false;
	union quic_addr a;

	if (len > sizeof(uaddr))
		return -EINVAL;
	memset(&uaddr, 0, sizeof(uaddr));
	memcpy(&uaddr, val, len);
	if (sk->sk_state != TCP_ESTABLISHED)
		return -EPIPE;
	err = bind_addr(sk, (struct sockaddr *)&uaddr, len, &a, &low_port);
	/* the scope of a link-local address binds to its device: packets still leave here */
	if (dev != READ_ONCE(sk->sk_bound_dev_if)) {
		WRITE_ONCE(sk->sk_bound_dev_if, dev);
		return -EINVAL;
	}
	if (err)
		return err == -EAFNOSUPPORT ? -EINVAL : err;
	return quic_path_move(sk, &a, low_port);
}

/**
 * quic_bind - bind(2)
 * @sock: socket
 * @uaddr: address, perhaps changed by a cgroup program
 * @len: its length
 *
 * Several sockets may bind one address and port: the UDP socket underneath is
 * shared. Context: process. Return: 0; -EINVAL bound already; as
 * quic_udp_get().
 */
int quic_bind(struct socket *sock, quic_sockaddr *uaddr, int len)
{
	struct sock *sk = sock->sk;
	bool low_port = false;
	union quic_addr a;
	int err;

	lock_sock(sk);
	err = -EINVAL;
	if (quic_sk(sk)->udp || sk->sk_state != TCP_CLOSE || quic_sk(sk)->conn)
		goto out;
	err = bind_addr(sk, (struct sockaddr *)uaddr, len, &a, &low_port);
	if (!err)
		err = bind_to(sk, &a, low_port);
	if (!err)
		err = post_bind(sk);
out:
	release_sock(sk);
	return err;
}

/* Any port, any address of the family of @like. */
static int autobind(struct sock *sk, const union quic_addr *like)
{
	union quic_addr a = { };

	/* IPv4 goes over an IPv4 socket, also from an IPv6 one: it sees less */
	a.sa.sa_family = like ? like->sa.sa_family : sk->sk_family;
	return bind_to(sk, &a, false);
}

/*
 * Did the program of the connect hook call bpf_bind()? It has checked the address,
 * and the caller's right to the port, and left both in the socket: as
 * quic_get_port() does for the port. Take them out, since connect() may be tried
 * again. Our own bind() leaves no such marks.
 */
static bool bound_by_program(struct sock *sk, union quic_addr *a)
{
	struct inet_sock *inet = inet_sk(sk);

	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK) && !inet->inet_num)
		return false;
	memset(a, 0, sizeof(*a));
	if (sk->sk_family == AF_INET6)
		quic_addr_set6(a, &sk->sk_v6_rcv_saddr, htons(inet->inet_num), 0);
	else
		quic_addr_set4(a, inet->inet_rcv_saddr, htons(inet->inet_num));
	quic_addr_unmap(a);
	sk->sk_userlocks &= ~(SOCK_BINDADDR_LOCK | SOCK_BINDPORT_LOCK);
	inet->inet_num = 0;
	inet->inet_sport = 0;
	return true;
}

/* What connect() does for a socket that nobody has bound. Lock held, may sleep. */
static int connect_bind(struct sock *sk, const union quic_addr *peer)
{
	union quic_addr a;
	int err;

	if (!bound_by_program(sk, &a))
		return autobind(sk, peer);
	err = addr_scope(sk, &a);
	return err ? err : bind_to(sk, &a, false);
}

/* ---- connect ---- */

static int connect_peer(struct sock *sk, struct sockaddr *uaddr, int len,
			union quic_addr *a)
{
	int err;

	err = addr_import(sk, uaddr, len, a);
	if (err)
		return err;
	err = sk->sk_family == AF_INET6 ?
	      QUIC_CGROUP_ADDR(sk, uaddr, &len, CGROUP_INET6_CONNECT) :
	      QUIC_CGROUP_ADDR(sk, uaddr, &len, CGROUP_INET4_CONNECT);
	if (!err)
		err = addr_import(sk, uaddr, len, a);
	if (!err)
		err = addr_scope(sk, a);
	if (err)
		return err;
	if (!a->v4.sin_port)
		return -EINVAL;
	if (addr_multicast(a))
		return -ENETUNREACH;
	/* as TCP: the unspecified address means this machine */
	if (addr_any(a) && a->sa.sa_family == AF_INET6)
		a->v6.sin6_addr = in6addr_loopback;
	else if (addr_any(a))
		a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return 0;
}

/* The local address was bound before the peer was known: do they agree? */
static int match_families(struct quic_sock *quic)
{
	union quic_addr v4 = { .v4.sin_family = AF_INET };

	if (quic->local.sa.sa_family == quic->peer.sa.sa_family)
		return 0;
	if (quic->local.sa.sa_family == AF_INET || !addr_any(&quic->local))
		return -ENETUNREACH;
	v4.v4.sin_port = quic->local.v6.sin6_port;
	quic->local = v4;
	return 0;
}

/* connect() could not begin; the socket may try another peer. */
static int note_unreachable(struct quic_sock *quic, int err, const char *why)
{
	quic->connect_errno = -err;
	quic->reason_origin = QUIC_ORIGIN_NETWORK;
	strscpy(quic->reason, why, sizeof(quic->reason));
	return err;
}

static void forget_unreachable(struct quic_sock *quic)
{
	if (!quic->connect_errno)
		return;
	quic->connect_errno = 0;
	quic->reason_origin = QUIC_ORIGIN_NONE;
	quic->reason[0] = 0;
}

static int connect_route(struct sock *sk)
{
	struct quic_sock *quic = quic_sk(sk);
	int err = quic_route(sk);

	if (err)
		return note_unreachable(quic, err,
					"no route to that address from here: see \"ip route get ADDRESS\"");
	/* RFC 9000 14 */
	if (quic_route_mtu(sk) < QUIC_MIN_UDP_PAYLOAD)
		return note_unreachable(quic, -EHOSTUNREACH,
					"the MTU of the route to that address is too small for QUIC: it needs 1228 bytes with IPv4, 1280 with IPv6");
	return 0;
}

/* Everything up to the first packet. Lock held, may sleep. */
static int connect_start(struct sock *sk, struct sockaddr *uaddr, int len)
{
	struct quic_sock *quic = quic_sk(sk);
	union quic_addr bound;
	int err;

	if (sk->sk_state != TCP_CLOSE || quic->conn)
		return -EINVAL;
	err = connect_peer(sk, uaddr, len, &quic->peer);
	if (!err && !quic->udp)
		err = connect_bind(sk, &quic->peer);
	if (err)
		return err;
	quic_sock_limit_windows(sk);
	if (quic_one(sk))
		quic->cfg.tp.initial_max_streams_bidi = 0;	/* it opens the one */
	forget_unreachable(quic);
	bound = quic->local;
	err = match_families(quic);
	if (!err)
		err = connect_route(sk);
	if (!err) {
		quic_sock_set_addrs(sk);
		err = quic_sock_attach_conn(sk, NULL, NULL);
	}
	if (!err && quic_one(sk))
		quic_one_attached(sk);
	if (err) {
		quic->local = bound;	/* another peer may suit */
		return err;
	}
	quic_mib_inc(sock_net(sk), ActiveOpens);
	err = quic_hs_start(sk);
	if (err) {
		quic_sock_failed(sk, -err, "no memory to start the handshake");
		quic_sock_detach(sk);
		return err;
	}
	quic_settle(sk);
	return 0;
}

static bool handshaking(const struct sock *sk)
{
	return READ_ONCE(sk->sk_state) == TCP_SYN_SENT && !READ_ONCE(quic_sk(sk)->ended);
}

/* Lock held, given up while waiting. Return: 0 over, or why waiting ended. */
static int connect_wait(struct sock *sk, long timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int err = 0;

	if (!handshaking(sk))
		return 0;
	if (!timeo)
		return -EINPROGRESS;
	add_wait_queue(sk_sleep(sk), &wait);
	while (handshaking(sk)) {
		if (!timeo)
			err = -EINPROGRESS;
		else if (signal_pending(current))
			err = sock_intr_errno(timeo);
		if (err)
			break;
		sk_wait_event(sk, &timeo, !handshaking(sk), &wait);
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return err;
}

/**
 * quic_connect - connect(2)
 * @sock: socket
 * @uaddr: the server's address, perhaps changed by a cgroup program
 * @len: its length
 * @flags: O_NONBLOCK
 *
 * Context: process. Return: 0 when the handshake is done; -EINPROGRESS, then
 * -EALREADY while it runs; -EISCONN; -EINVAL bad address, listening, or a second
 * life; errors of the handshake as in SOCKET-API 11.2.
 */
int quic_connect(struct socket *sock, quic_sockaddr *uaddr, int len, int flags)
{
	struct sock *sk = sock->sk;
	int err;

	lock_sock(sk);
	switch (sock->state) {
	case SS_CONNECTED:
		err = -EISCONN;
		goto out;
	case SS_CONNECTING:
		err = handshaking(sk) ? -EALREADY : 0;
		if (err && (flags & O_NONBLOCK))
			goto out;
		break;
	default:
		err = connect_start(sk, (struct sockaddr *)uaddr, len);
		if (err)
			goto out;
		sock->state = SS_CONNECTING;
	}
	err = connect_wait(sk, sock_sndtimeo(sk, flags & O_NONBLOCK));
	if (err)
		goto out;
	if (!quic_sk(sk)->ended) {
		sock->state = SS_CONNECTED;
		goto out;
	}
	/* it may have lived and ended before we came to look */
	err = sock_error(sk) ? : -ECONNABORTED;
	sock->state = SS_UNCONNECTED;
out:
	release_sock(sk);
	return err;
}

/* ---- listen and accept ---- */

/**
 * quic_listen - listen(2)
 * @sock: socket
 * @backlog: children that may wait; 0 ends listening. SOCK_STREAM: at least
 *	ONE_BACKLOG, also for 0
 *
 * Context: process. Return: 0; -EINVAL connected; -EADDRINUSE and as bind().
 */
int quic_listen(struct socket *sock, int backlog)
{
	struct sock *sk = sock->sk;
	int err = -EINVAL;

	lock_sock(sk);
	if (sock->state != SS_UNCONNECTED || quic_sk(sk)->conn)
		goto out;
	if (quic_one(sk))
		backlog = max(backlog, ONE_BACKLOG);
	if (backlog <= 0) {
		err = 0;
		if (sk->sk_state == TCP_LISTEN)
			quic_listen_stop(sk);
		goto out;
	}
	err = quic_sk(sk)->udp ? 0 : autobind(sk, NULL);
	if (!err && sk->sk_state != TCP_LISTEN)
		quic_sock_limit_windows(sk);
	if (!err)
		err = quic_listen_start(sk, backlog);
out:
	release_sock(sk);
	return err;
}

/*
 * accept(2): @newsock gets a connection of the listener @sock. (The arguments after
 * them differ, compat/proto_ops.h.)
 * Context: process. Return: 0 or -errno of quic_listen_accept().
 */
int quic_accept(struct socket *sock, struct socket *newsock, QUIC_ACCEPT_ARGS)
{
	struct sock *sk;
	int err = -EINVAL;

	sk = quic_listen_accept(sock->sk, quic_accept_flags() & O_NONBLOCK, &err);
	if (!sk)
		return err;
	lock_sock(sk);
	/* an IPv6 listener on an IPv4-mapped address has IPv4 children */
	newsock->ops = sk->sk_family == AF_INET6 ? &quicv6_ops : &quic_ops;
	sock_graft(sk, newsock);
	newsock->state = SS_CONNECTED;
	quic_guard_accepted(sk);
	release_sock(sk);
	return 0;
}

/* ---- names ---- */

/* A TCP program with an IPv6 socket knows IPv6 addresses only. */
static void addr_map(union quic_addr *a)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = a->v4.sin_port };

	ipv6_addr_set_v4mapped(a->v4.sin_addr.s_addr, &v6.sin6_addr);
	a->v6 = v6;
}

/* What the user sees when there is no address yet. */
static void addr_empty(const struct sock *sk, union quic_addr *a)
{
	memset(a, 0, sizeof(*a));
	a->sa.sa_family = sk->sk_family;
}

/**
 * quic_getname - getsockname(2), getpeername(2)
 * @sock: socket
 * @uaddr: result, room for any address
 * @peer: the peer's name
 *
 * IPv4 addresses of an IPv6 socket are shown as AF_INET, of SOCK_STREAM as mapped
 * ones, as TCP does.
 * Context: process. Return: length or -ENOTCONN.
 */
int quic_getname(struct socket *sock, struct sockaddr *uaddr, int peer)
{
	struct sock *sk = sock->sk;
	struct quic_sock *quic = quic_sk(sk);
	union quic_addr a;
	int len, err;
	bool v6;

	lock_sock(sk);
	err = -ENOTCONN;
	if (peer && !quic->conn)
		goto out;
	a = peer ? quic->peer : quic->local;
	if (!a.sa.sa_family)
		addr_empty(sk, &a);
	if (quic_one(sk) && sk->sk_family == AF_INET6 && a.sa.sa_family == AF_INET)
		addr_map(&a);
	v6 = a.sa.sa_family == AF_INET6;
	if (!v6)
		memset(a.v4.sin_zero, 0, sizeof(a.v4.sin_zero));
	len = v6 ? sizeof(a.v6) : sizeof(a.v4);
	memcpy(uaddr, &a, len);
	if (v6 && peer)
		err = QUIC_CGROUP_ADDR(sk, uaddr, &len, CGROUP_INET6_GETPEERNAME);
	else if (v6)
		err = QUIC_CGROUP_ADDR(sk, uaddr, &len, CGROUP_INET6_GETSOCKNAME);
	else if (peer)
		err = QUIC_CGROUP_ADDR(sk, uaddr, &len, CGROUP_INET4_GETPEERNAME);
	else
		err = QUIC_CGROUP_ADDR(sk, uaddr, &len, CGROUP_INET4_GETSOCKNAME);
	if (!err)
		err = len;
out:
	release_sock(sk);
	return err;
}
