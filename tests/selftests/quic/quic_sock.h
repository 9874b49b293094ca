/* SPDX-License-Identifier: GPL-2.0 */
/*
 * quic_sock.h - what the QUIC selftests in C share: sockets, a connected pair,
 * messages with their stream, and a pattern that every byte can be checked by.
 */
#ifndef QUIC_SOCK_H
#define QUIC_SOCK_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <linux/quic.h>

#define SERVER_NAME	"server.test"
#define FIN		MSG_QUIC_STREAM_FIN
#define NEW		MSG_QUIC_STREAM_NEW
#define UNI		MSG_QUIC_STREAM_UNI

union addr {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static inline socklen_t addr_len(const union addr *a)
{
	return a->sa.sa_family == AF_INET6 ? sizeof(a->v6) : sizeof(a->v4);
}

static inline void addr_loopback(union addr *a, int family)
{
	memset(a, 0, sizeof(*a));
	a->sa.sa_family = family;
	if (family == AF_INET6)
		a->v6.sin6_addr = in6addr_loopback;
	else
		a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static inline int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Between two looks at what tells nobody when it changes, or two bytes of a slow sender. */
static inline void breath(int ms)
{
	poll(NULL, 0, ms);
}

/* setsockopt(2) of a string without its NUL. */
static inline int set_string(int fd, int name, const char *s)
{
	return setsockopt(fd, SOL_QUIC, name, s, strlen(s));
}

static inline int set_u32(int fd, int name, uint32_t v)
{
	return setsockopt(fd, SOL_QUIC, name, &v, sizeof(v));
}

static inline int set_knob(int fd, uint32_t knob, uint64_t value)
{
	struct quic_knob k = { .knob = knob, .value = value };

	return setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_KNOB, &k, sizeof(k));
}

/* A client's socket that would accept server.test; or -1. */
static inline int quic_client(int family, const char *alpn)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_QUIC);

	if (fd >= 0 && (set_string(fd, QUIC_SOCKOPT_ALPN, alpn) ||
			set_string(fd, QUIC_SOCKOPT_SERVER_NAME, SERVER_NAME))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A listener on the loopback; @a receives where it is bound. */
static inline int quic_listener(int family, const char *alpn, union addr *a)
{
	socklen_t len = sizeof(*a);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_QUIC);

	addr_loopback(a, family);
	if (fd < 0)
		return -1;
	if (set_string(fd, QUIC_SOCKOPT_ALPN, alpn) ||
	    bind(fd, &a->sa, addr_len(a)) || listen(fd, 16) ||
	    getsockname(fd, &a->sa, &len)) {
		close(fd);
		return -1;
	}
	return fd;
}

static inline void quic_reason(int fd, struct quic_reason *r)
{
	socklen_t len = sizeof(*r);

	memset(r, 0, sizeof(*r));
	getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_REASON, r, &len);
	r->text[sizeof(r->text) - 1] = '\0';
}

static inline uint32_t quic_state(int fd)
{
	struct quic_info info = { .state = QUIC_STATE_IDLE };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_INFO, &info, &len))
		return UINT32_MAX;
	return info.state;
}

/* Wait for events on @fd. Return: revents, 0 when the time is over. */
static inline int wait_fd(int fd, int events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, ms) > 0 ? p.revents : 0;
}

/* One message on a stream; -1 the stream opened last. As sendmsg(2). */
static inline ssize_t quic_send(int fd, int64_t sid, uint32_t stream_flags,
				const void *buf, size_t len, int flags)
{
	char control[CMSG_SPACE(sizeof(struct quic_stream_info))] = { 0 };
	struct quic_stream_info info = { .stream_id = sid, .stream_flags = stream_flags };
	struct iovec iov = { (void *)buf, len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);

	cm->cmsg_level = SOL_QUIC;
	cm->cmsg_type = QUIC_STREAM_INFO;
	cm->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(cm), &info, sizeof(info));
	return sendmsg(fd, &msg, flags | MSG_NOSIGNAL);
}

/* One message; @sid -1 when it had no stream. As recvmsg(2). */
static inline ssize_t quic_recv(int fd, void *buf, size_t len, int64_t *sid,
				uint32_t *stream_flags, int flags)
{
	char control[256] __attribute__((aligned(8)));
	struct iovec iov = { buf, len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct quic_stream_info info = { .stream_id = -1 };
	struct cmsghdr *cm;
	ssize_t n = recvmsg(fd, &msg, flags);

	for (cm = n < 0 ? NULL : CMSG_FIRSTHDR(&msg); cm; cm = CMSG_NXTHDR(&msg, cm))
		if (cm->cmsg_level == SOL_QUIC && cm->cmsg_type == QUIC_STREAM_INFO)
			memcpy(&info, CMSG_DATA(cm), sizeof(info));
	if (sid)
		*sid = info.stream_id;
	if (stream_flags)
		*stream_flags = info.stream_flags;
	return n;
}

/* The byte at an offset of a stream: no period that a packet could hide in. */
static inline uint8_t pattern_at(uint64_t offset, uint32_t seed)
{
	uint64_t x = (offset >> 3) * 0x9e3779b97f4a7c15ULL + seed;

	x ^= x >> 29;
	return (uint8_t)(x * 0xbf58476d1ce4e5b9ULL >> (8 * (offset & 7)));
}

static inline void pattern_fill(uint8_t *buf, size_t len, uint64_t offset, uint32_t seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = pattern_at(offset + i, seed);
}

/* Return: how many bytes from the start are right. */
static inline size_t pattern_check(const uint8_t *buf, size_t len, uint64_t offset,
				   uint32_t seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (buf[i] != pattern_at(offset + i, seed))
			break;
	return i;
}

/*
 * Send @len bytes of pattern on a stream, with FIN; @flags of the first message: NEW
 * or 0. Return: 0 or an errno.
 */
static inline int pattern_send(int fd, int64_t sid, uint32_t flags, uint64_t len,
			       uint32_t seed)
{
	static __thread uint8_t buf[65536];
	uint64_t off = 0;
	size_t want;
	ssize_t n;

	while (off < len) {
		want = len - off < sizeof(buf) ? len - off : sizeof(buf);
		pattern_fill(buf, want, off, seed);
		n = quic_send(fd, sid, flags | (off + want == len ? FIN : 0), buf, want, 0);
		if (n < 0)
			return errno;
		off += n;
		flags = 0;
	}
	return 0;
}

/*
 * Receive pattern until FIN; other streams have no place. Return: bytes, or
 * -errno, or -EBADMSG for a byte that is wrong.
 */
static inline int64_t pattern_recv(int fd, int64_t sid, uint32_t seed)
{
	static __thread uint8_t buf[65536];
	uint64_t off = 0;
	uint32_t flags;
	int64_t id;
	ssize_t n;

	do {
		n = quic_recv(fd, buf, sizeof(buf), &id, &flags, 0);
		if (n < 0)
			return -errno;
		if (id != sid || pattern_check(buf, n, off, seed) != (size_t)n)
			return -EBADMSG;
		off += n;
	} while (!(flags & FIN));
	return off;
}

#endif /* QUIC_SOCK_H */
