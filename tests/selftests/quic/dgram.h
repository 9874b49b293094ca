/* SPDX-License-Identifier: GPL-2.0 */
/* Datagrams for the QUIC selftests: numbered ones of a known pattern. */
#ifndef QUIC_DGRAM_TEST_H
#define QUIC_DGRAM_TEST_H

#include "quic_sock.h"

#define DGRAM_MIN	4	/* bytes: its number */
#define DGRAM_MAX	65536

static inline void dgram_fill(uint8_t *buf, uint32_t n, size_t len)
{
	pattern_fill(buf, len, 0, n);
	memcpy(buf, &n, sizeof(n));
}

/* Return: the number of a whole one, UINT32_MAX: it is not as it was sent. */
static inline uint32_t dgram_number(const uint8_t *buf, size_t len)
{
	static uint8_t want[DGRAM_MAX];
	uint32_t n;

	if (len < DGRAM_MIN || len > sizeof(want))
		return UINT32_MAX;
	memcpy(&n, buf, sizeof(n));
	dgram_fill(want, n, len);
	return memcmp(want, buf, len) ? UINT32_MAX : n;
}

/* Return: 0, or errno. */
static inline int dgram_send(int fd, uint32_t n, size_t len, int flags)
{
	static __thread uint8_t buf[DGRAM_MAX];

	dgram_fill(buf, n, len);
	if (send(fd, buf, len, flags | MSG_QUIC_DATAGRAM | MSG_NOSIGNAL) < 0)
		return errno;
	return 0;
}

/* As recvmsg(2), without room for a control message; @msg_flags: out. */
static inline ssize_t dgram_recv(int fd, void *buf, size_t len, int flags, int *msg_flags)
{
	struct iovec iov = { buf, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n = recvmsg(fd, &msg, flags);

	*msg_flags = n < 0 ? 0 : msg.msg_flags;
	return n;
}

static inline struct quic_info dgram_info(int fd)
{
	struct quic_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_INFO, &info, &len))
		memset(&info, 0, sizeof(info));
	return info;
}

#endif /* QUIC_DGRAM_TEST_H */
