// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * message - bytes and the stream that they belong to
 *
 * The kernel tells and is told the stream in a control message; its flags share
 * one word with those of send(2) and recv(2) here, as the MSG_QUIC_ bits were
 * chosen not to collide with any that make sense on such a socket. On the way
 * out they are separated again: stream bits into the control message, the rest
 * into the flags argument.
 *
 * It keeps no buffer and no table of streams.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "internal.h"

#define STREAM_FLAGS	(MSG_QUIC_STREAM_NEW | MSG_QUIC_STREAM_FIN |	\
			 MSG_QUIC_STREAM_UNI | MSG_QUIC_STREAM_DONTWAIT | \
			 MSG_QUIC_STREAM_SNDBLOCK)
/* What may be asked of quicsock_recv(); never set by the kernel. */
#define RECV_FLAGS	(MSG_DONTWAIT | MSG_PEEK | MSG_WAITALL)
/* Room for ours and for what IP and SOL_SOCKET options may add. */
#define CONTROL_SIZE	256

union send_control {
	struct cmsghdr	align;
	char		buf[CMSG_SPACE(sizeof(struct quic_stream_info))];
};

union recv_control {
	struct cmsghdr	align;
	char		buf[CONTROL_SIZE];
};

static void put_stream(struct msghdr *mh, union send_control *ctl, int64_t sid,
		       uint32_t flags)
{
	struct quic_stream_info info = {
		.stream_id = sid,
		.stream_flags = flags,
	};
	struct cmsghdr *cm;

	memset(ctl, 0, sizeof(*ctl));
	mh->msg_control = ctl->buf;
	mh->msg_controllen = sizeof(ctl->buf);
	cm = CMSG_FIRSTHDR(mh);
	cm->cmsg_level = SOL_QUIC;
	cm->cmsg_type = QUIC_STREAM_INFO;
	cm->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(cm), &info, sizeof(info));
}

static int get_stream(struct msghdr *mh, struct quic_stream_info *info)
{
	struct cmsghdr *cm;
	size_t len;

	memset(info, 0, sizeof(*info));
	for (cm = CMSG_FIRSTHDR(mh); cm; cm = CMSG_NXTHDR(mh, cm)) {
		if (cm->cmsg_level != SOL_QUIC ||
		    cm->cmsg_type != QUIC_STREAM_INFO)
			continue;
		len = cm->cmsg_len - CMSG_LEN(0);
		memcpy(info, CMSG_DATA(cm),
		       len < sizeof(*info) ? len : sizeof(*info));
		return 1;
	}
	return 0;
}

ssize_t quic_sendmsg(int sd, const void *msg, size_t len, int64_t sid,
		     uint32_t flags)
{
	struct iovec iov = { .iov_base = (void *)msg, .iov_len = len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	union send_control ctl;

	if (flags & MSG_QUIC_DATAGRAM)
		return sendmsg(sd, &mh, (int)flags);
	put_stream(&mh, &ctl, sid, flags & STREAM_FLAGS);
	return sendmsg(sd, &mh, (int)(flags & ~STREAM_FLAGS));
}

ssize_t quic_recvmsg(int sd, void *msg, size_t len, int64_t *sid,
		     uint32_t *flags)
{
	struct iovec iov = { .iov_base = msg, .iov_len = len };
	union recv_control ctl;
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl.buf,
		.msg_controllen = sizeof(ctl.buf),
	};
	struct quic_stream_info info;
	ssize_t n;

	n = recvmsg(sd, &mh, flags ? (int)*flags : 0);
	if (n < 0)
		return n;
	if (get_stream(&mh, &info) && sid)
		*sid = info.stream_id;
	if (flags)
		*flags = (uint32_t)mh.msg_flags | info.stream_flags;
	return n;
}

ssize_t quicsock_send(int fd, const void *buf, size_t len, int64_t sid,
		      unsigned int flags)
{
	return quic_sendmsg(fd, buf, len, sid, flags | MSG_NOSIGNAL);
}

int quicsock_send_datagram(int fd, const void *buf, size_t len, unsigned int flags)
{
	ssize_t n = quicsock_send(fd, buf, len, -1, flags | MSG_QUIC_DATAGRAM);

	return n < 0 ? -1 : 0;
}

ssize_t quicsock_max_datagram(int fd)
{
	struct quic_info info;

	return quicsock_info(fd, &info) ? -1 : (ssize_t)info.max_datagram;
}

static int wait_writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, -1) < 0 && errno != EINTR ? -1 : 0;
}

int quicsock_send_all(int fd, const void *buf, size_t len, int64_t sid,
		      unsigned int flags)
{
	const char *p = buf;
	ssize_t n;

	if (flags & MSG_QUIC_DATAGRAM) {
		errno = EINVAL;
		return -1;
	}
	do {
		n = quicsock_send(fd, p, len, sid, flags);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			if (wait_writable(fd))
				return -1;
			continue;
		}
		if (n < 0)
			return -1;
		/* A second NEW would ask for another stream. */
		if (n > 0)
			flags &= ~(unsigned int)(MSG_QUIC_STREAM_NEW |
						 MSG_QUIC_STREAM_UNI);
		p += n;
		len -= (size_t)n;
		if (!len)
			return 0;
	} while (1);
}

ssize_t quicsock_recv(int fd, void *buf, size_t len, int64_t *sid,
		      unsigned int *flags)
{
	uint32_t asked = flags ? *flags & RECV_FLAGS : 0;
	uint32_t f = asked;
	int64_t id = -1;
	ssize_t n;

	n = quic_recvmsg(fd, buf, len, &id, &f);
	if (sid)
		*sid = id;
	if (flags)
		*flags = n < 0 ? asked : f | asked;
	return n;
}

int64_t quicsock_open_stream(int fd, unsigned int flags)
{
	struct quic_stream_info info = {
		.stream_id = -1,
		.stream_flags = flags,
	};
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_STREAM_OPEN, &info, &len))
		return -1;
	return info.stream_id;
}

int quicsock_set_priority(int fd, int64_t sid, unsigned int urgency, bool incremental)
{
	struct quic_stream_priority p = {
		.stream_id = sid,
		.urgency = urgency,
		.incremental = incremental,
	};

	if (urgency > 7) {
		errno = EINVAL;
		return -1;
	}
	return setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_STREAM_PRIORITY, &p, sizeof(p));
}

/* The option with 64-bit codes, or the draft's where the kernel is older. */
static int end_half(int fd, int name64, int name32, int64_t sid, uint64_t code)
{
	struct quic_errinfo64 e64 = { .stream_id = sid, .errcode = code };
	struct quic_errinfo e32 = {
		.stream_id = sid,
		.errcode = (uint32_t)code,
	};

	if (!setsockopt(fd, SOL_QUIC, name64, &e64, sizeof(e64)))
		return 0;
	if (errno != ENOPROTOOPT || code > UINT32_MAX)
		return -1;
	return setsockopt(fd, SOL_QUIC, name32, &e32, sizeof(e32));
}

int quicsock_reset(int fd, int64_t sid, uint64_t code)
{
	return end_half(fd, QUIC_SOCKOPT_STREAM_RESET64,
			QUIC_SOCKOPT_STREAM_RESET, sid, code);
}

int quicsock_stop(int fd, int64_t sid, uint64_t code)
{
	return end_half(fd, QUIC_SOCKOPT_STREAM_STOP64,
			QUIC_SOCKOPT_STREAM_STOP_SENDING, sid, code);
}
