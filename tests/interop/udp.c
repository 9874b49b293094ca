// SPDX-License-Identifier: GPL-2.0
/*
 * udp - the socket of h09peer: batches in, trains out
 *
 * In: recvmmsg(2) with UDP_GRO, so that one message may be a train of datagrams
 * of equal size. Out: one sendmsg(2) with UDP_SEGMENT for the datagrams that
 * libngtcp2 wrote one behind the other; where the kernel refuses that, one
 * sendmmsg(2). ECN marks travel both ways, and the path's MTU is found by probing:
 * packets are never fragmented.
 *
 * A client that moves has two sockets: what the first one reads is told from what the
 * second one does, since a path has a local address too.
 *
 * A train that the socket did not take stays in struct udp and goes first. It does
 * not bind to one of several addresses of a host: name it with --address.
 */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

#define BATCH		16		/* messages of one recvmmsg */
#define ROUNDS		4		/* of them before others get a turn */
#define MAX_SEGMENTS	64
#define SOCKET_BYTES	(4 << 20)

static void set(int fd, int level, int name, int value)
{
	setsockopt(fd, level, name, &value, sizeof(value));
}

static void set_options(int fd, int family)
{
	set(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BYTES);
	set(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BYTES);
	set(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BYTES);
	set(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BYTES);
	set(fd, SOL_UDP, UDP_GRO, 1);
	set(fd, SOL_IP, IP_RECVTOS, 1);
	set(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
	if (family != AF_INET6)
		return;
	set(fd, SOL_IPV6, IPV6_RECVTCLASS, 1);
	set(fd, SOL_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
}

/* Bind or connect to one address. Return: a descriptor or -1. */
static int try(const struct addrinfo *ai, bool server)
{
	int fd, e;

	fd = socket(ai->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	set_options(fd, ai->ai_family);
	if (server && ai->ai_family == AF_INET6)
		set(fd, SOL_IPV6, IPV6_V6ONLY, 0);
	if (!(server ? bind : connect)(fd, ai->ai_addr, ai->ai_addrlen))
		return fd;
	e = errno;
	close(fd);
	errno = e;
	return -1;
}

static void opened(struct udp *u, const struct options *o)
{
	u->local_len = sizeof(u->local);
	if (getsockname(u->fd, (struct sockaddr *)&u->local, &u->local_len))
		err(EXIT_ENV, "getsockname");
	u->gso = !o->no_gso;
}

void udp_open_at(struct udp *u, const struct options *o, const struct sockaddr_storage *remote,
		 socklen_t remote_len)
{
	struct addrinfo hints = {
		.ai_family = remote->ss_family,
		.ai_socktype = SOCK_DGRAM,
		.ai_flags = AI_NUMERICHOST,
	};
	struct addrinfo *ai;
	int e = getaddrinfo(o->move_to, NULL, &hints, &ai);

	if (e)
		errx(EXIT_ENV, "%s: %s", o->move_to, gai_strerror(e));
	u->fd = try(ai, true);
	if (u->fd < 0 || connect(u->fd, (const struct sockaddr *)remote, remote_len))
		err(EXIT_ENV, "%s", o->move_to);
	freeaddrinfo(ai);
	opened(u, o);
}

void udp_open(struct udp *u, const struct options *o, struct sockaddr_storage *remote,
	      socklen_t *remote_len)
{
	struct addrinfo hints = {
		.ai_family = o->family,
		.ai_socktype = SOCK_DGRAM,
		.ai_flags = o->server ? AI_PASSIVE : 0,
	};
	const char *host = o->host;
	struct addrinfo *list, *ai;
	int e;

	if (o->server && !host && o->family == AF_UNSPEC)
		host = "::";		/* and IPv4 with it */
	e = getaddrinfo(host, o->port, &hints, &list);
	if (e)
		errx(EXIT_ENV, "%s: %s", host ? host : o->port, gai_strerror(e));
	u->fd = -1;
	for (ai = list; ai && u->fd < 0; ai = ai->ai_next) {
		u->fd = try(ai, o->server);
		memcpy(remote, ai->ai_addr, ai->ai_addrlen);
		*remote_len = ai->ai_addrlen;
	}
	if (u->fd < 0)
		err(EXIT_ENV, "%s port %s", host ? host : "any address", o->port);
	freeaddrinfo(list);
	opened(u, o);
}

/* --- in --- */

/* The control messages: size of the segments (0 one datagram) and ECN marks. */
static size_t read_control(struct msghdr *m, unsigned int *ecn)
{
	struct cmsghdr *c;
	size_t segment = 0;
	int value;

	*ecn = 0;
	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_TOS) {
			*ecn = *CMSG_DATA(c) & NGTCP2_ECN_MASK;
			continue;
		}
		if (c->cmsg_len < CMSG_LEN(sizeof(value)))
			continue;
		memcpy(&value, CMSG_DATA(c), sizeof(value));
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
			segment = (size_t)value;
		else if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_TCLASS)
			*ecn = value & NGTCP2_ECN_MASK;
	}
	return segment;
}

static void take_train(struct udp *u, struct msghdr *m, size_t len,
		       void (*take)(void *ctx, const struct datagram *d), void *ctx)
{
	struct datagram d = {
		.data = m->msg_iov->iov_base,
		.from = m->msg_name,
		.from_len = m->msg_namelen,
		.at = u,
	};
	size_t segment = read_control(m, &d.ecn);

	if (!segment)
		segment = len;
	for (; len; len -= d.len, d.data += d.len) {
		d.len = len < segment ? len : segment;
		take(ctx, &d);
	}
}

int udp_receive(struct udp *u, void (*take)(void *ctx, const struct datagram *d), void *ctx)
{
	static uint8_t data[BATCH][65536], control[BATCH][128];
	static struct sockaddr_storage from[BATCH];
	struct mmsghdr m[BATCH];
	struct iovec v[BATCH];
	int i, n, round;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < BATCH; i++) {
			v[i] = (struct iovec){ data[i], sizeof(data[i]) };
			m[i].msg_hdr = (struct msghdr){
				.msg_name = &from[i], .msg_namelen = sizeof(from[i]),
				.msg_iov = &v[i], .msg_iovlen = 1,
				.msg_control = control[i],
				.msg_controllen = sizeof(control[i]),
			};
		}
		n = recvmmsg(u->fd, m, BATCH, 0, NULL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : errno;
		for (i = 0; i < n; i++)
			take_train(u, &m[i].msg_hdr, m[i].msg_len, take, ctx);
		if (n < BATCH)
			return 0;
	}
	return 0;
}

/* --- out --- */

static void add_control(struct msghdr *m, int level, int type, const void *value, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)((char *)m->msg_control + m->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), value, len);
	m->msg_controllen += CMSG_SPACE(len);
}

static bool is_ipv4(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET ||
	       IN6_IS_ADDR_V4MAPPED(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

/* Room for two control messages, aligned as the first one. */
union control {
	struct cmsghdr head;
	char room[2 * CMSG_SPACE(sizeof(int))];
};

/* The head of all messages of a train. */
static void fill_header(struct udp *u, struct msghdr *m, union control *control,
			uint16_t segment)
{
	int ecn = (int)u->ecn;

	*m = (struct msghdr){ .msg_name = &u->to, .msg_namelen = u->to_len };
	m->msg_control = control;
	if (ecn && is_ipv4(&u->to))
		add_control(m, SOL_IP, IP_TOS, &ecn, sizeof(ecn));
	else if (ecn)
		add_control(m, SOL_IPV6, IPV6_TCLASS, &ecn, sizeof(ecn));
	if (segment)
		add_control(m, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment));
}

/* Return: bytes that went, 0 the socket is full, -1 the kernel cuts no trains. */
static ssize_t send_gso(struct udp *u)
{
	union control control;
	struct iovec v = { u->train, u->pending };
	struct msghdr m;
	ssize_t n;

	fill_header(u, &m, &control, u->pending > u->segment ? (uint16_t)u->segment : 0);
	m.msg_iov = &v;
	m.msg_iovlen = 1;
	do
		n = sendmsg(u->fd, &m, 0);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == ENOBUFS)
		return 0;
	if (u->pending > u->segment && (errno == EIO || errno == EINVAL))
		return -1;
	return v.iov_len;	/* as if lost on the way: EMSGSIZE, ICMP errors */
}

static ssize_t send_singly(struct udp *u)
{
	union control control;
	struct mmsghdr m[MAX_SEGMENTS];
	struct iovec v[MAX_SEGMENTS];
	size_t off = 0, len;
	int n = 0;

	for (; off < u->pending && n < MAX_SEGMENTS; off += len, n++) {
		len = u->pending - off < u->segment ? u->pending - off : u->segment;
		v[n] = (struct iovec){ u->train + off, len };
		fill_header(u, &m[n].msg_hdr, &control, 0);
		m[n].msg_hdr.msg_iov = &v[n];
		m[n].msg_hdr.msg_iovlen = 1;
	}
	do
		n = sendmmsg(u->fd, m, (unsigned int)n, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN || errno == ENOBUFS ? 0 : (ssize_t)v[0].iov_len;
	for (off = 0; n > 0; n--)
		off += v[n - 1].iov_len;
	return (ssize_t)off;
}

bool udp_send(struct udp *u)
{
	ssize_t n;

	while (u->pending) {
		n = u->gso ? send_gso(u) : send_singly(u);
		if (n < 0) {
			u->gso = false;
			continue;
		}
		if (!n)
			return false;
		memmove(u->train, u->train + n, u->pending - (size_t)n);
		u->pending -= (size_t)n;
	}
	return true;
}

void udp_send_one(struct udp *u, const void *to, socklen_t to_len, size_t len)
{
	memcpy(&u->to, to, to_len);
	u->to_len = to_len;
	u->ecn = 0;
	u->segment = len;
	u->pending = len;
	udp_send(u);
}
