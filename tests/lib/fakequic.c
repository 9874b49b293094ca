// SPDX-License-Identifier: GPL-2.0
/*
 * fakequic - IPPROTO_QUIC sockets out of UNIX ones, for LD_PRELOAD
 *
 * Lets the library, the examples and the tools run end to end on a machine
 * without the module: socket(2) with IPPROTO_QUIC gives a SOCK_SEQPACKET UNIX
 * socket whose abstract name is the port, and each message carries a small
 * header with the stream and its flags:
 *
 *	| sid s64 | code u64 | flags u32 | bytes, at most CHUNK |
 *
 * sid -2 is the close of the connection with its code, sid -3 a datagram. While
 * FAKEQUIC_OLD is set there are no options with 64-bit codes. It behaves as SOCKET-API
 * says where these programs look: streams are opened in order, one stream per
 * recvmsg, FIN, resets as ECONNRESET, end of connection as 0 without a control
 * message. connect() fails for two server names: "wrong.example" (EKEYREJECTED,
 * with a reason) and "nodaemon.example" (EHOSTDOWN, without).
 *
 * No packets, no crypto, no flow control, no events, and no poll(2) for bytes
 * that were received in part. Not thread-safe within one socket. It proves
 * nothing about the kernel.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/quic.h>

#define MAX_FD		1024
#define CHUNK		32768
#define SID_CLOSE	(-2)
#define SID_DGRAM	(-3)
#define DGRAM_MAX	1000
#define F_RESET		0x80000000u
#define STREAM_FLAGS	(uint32_t)(MSG_QUIC_STREAM_NEW | MSG_QUIC_STREAM_FIN | \
			 MSG_QUIC_STREAM_UNI | MSG_QUIC_STREAM_DONTWAIT | \
			 MSG_QUIC_STREAM_SNDBLOCK)

struct wire {
	int64_t		sid;
	uint64_t	code;
	uint32_t	flags;
	char		data[CHUNK];
};

#define WIRE_HEAD	offsetof(struct wire, data)

struct fake {
	int		server;
	int		family;
	int		state;
	unsigned int	attempts;	/* to open a stream without waiting */
	int64_t		next[2];	/* next bidi and uni id */
	int64_t		last;		/* opened last, -1 none */
	int64_t		reset;		/* reset last by the peer */
	uint64_t	reset_code;	/* and with which code */
	uint64_t	close_code;
	char		close_phrase[64];
	char		name[256];
	char		alpn[129];
	struct quic_reason reason;
	struct wire	in;		/* received, maybe in part */
	size_t		in_off, in_len;
	int		in_valid;
};

static struct fake *fakes[MAX_FD];

#define REAL(ret, name, ...)						\
	((ret (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

static struct fake *get(int fd)
{
	return fd >= 0 && fd < MAX_FD ? fakes[fd] : NULL;
}

static struct fake *make(int fd, int family, int server)
{
	struct fake *f = calloc(1, sizeof(*f));

	if (!f || fd >= MAX_FD)
		abort();
	f->family = family;
	f->server = server;
	f->last = -1;
	f->reset = -1;
	f->next[0] = server;
	f->next[1] = server | QUIC_STREAM_TYPE_UNI_MASK;
	fakes[fd] = f;
	return f;
}

static int fail(int err)
{
	errno = err;
	return -1;
}

static socklen_t name_of(const struct sockaddr *sa, struct sockaddr_un *un)
{
	/* The port is at the same place in both families. */
	int port = ntohs(((const struct sockaddr_in *)(const void *)sa)->sin_port);
	const char *run = getenv("FAKEQUIC_RUN");

	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
		(size_t)snprintf(un->sun_path + 1, sizeof(un->sun_path) - 1,
				 "fakequic-%s-%d", run ? run : "", port));
}

int socket(int domain, int type, int protocol)
{
	int fd;

	if (protocol != IPPROTO_QUIC)
		return REAL(int, socket, int, int, int)(domain, type, protocol);
	type = SOCK_SEQPACKET | (type & (SOCK_CLOEXEC | SOCK_NONBLOCK));
	fd = REAL(int, socket, int, int, int)(AF_UNIX, type, 0);
	if (fd >= 0)
		make(fd, domain, 0);
	return fd;
}

int bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_un un;

	if (get(fd)) {
		len = name_of(sa, &un);
		sa = (const struct sockaddr *)&un;
	}
	return REAL(int, bind, int, const struct sockaddr *, socklen_t)(fd, sa,
									len);
}

int connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct fake *f = get(fd);
	struct sockaddr_un un;
	int r;

	if (!f)
		return REAL(int, connect, int, const struct sockaddr *,
			    socklen_t)(fd, sa, len);
	if (!strcmp(f->name, "wrong.example")) {
		f->reason.kind = QUIC_REASON_CERTIFICATE;
		f->reason.origin = QUIC_ORIGIN_DAEMON;
		strcpy(f->reason.text, "certificate is not for wrong.example");
		return fail(EKEYREJECTED);
	}
	if (!strcmp(f->name, "nodaemon.example"))
		return fail(EHOSTDOWN);
	len = name_of(sa, &un);
	r = REAL(int, connect, int, const struct sockaddr *, socklen_t)
		(fd, (const struct sockaddr *)&un, len);
	if (!r)
		f->state = QUIC_STATE_ESTABLISHED;
	return r;
}

int accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	struct fake *f = get(fd), *child;
	int new;

	new = REAL(int, accept4, int, struct sockaddr *, socklen_t *,
		   int)(fd, sa, len, flags);
	if (f && new >= 0) {
		child = make(new, f->family, 1);
		child->state = QUIC_STATE_ESTABLISHED;
		strcpy(child->alpn, f->alpn);
	}
	return new;
}

int accept(int fd, struct sockaddr *sa, socklen_t *len)
{
	return accept4(fd, sa, len, 0);
}

static int fake_address(int fd, struct sockaddr *sa, socklen_t *len)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(4433);
	(void)fd;
	memcpy(sa, &sin, *len < sizeof(sin) ? *len : sizeof(sin));
	*len = sizeof(sin);
	return 0;
}

int getpeername(int fd, struct sockaddr *sa, socklen_t *len)
{
	if (get(fd))
		return fake_address(fd, sa, len);
	return REAL(int, getpeername, int, struct sockaddr *, socklen_t *)(fd,
								       sa, len);
}

int getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	if (get(fd))
		return fake_address(fd, sa, len);
	return REAL(int, getsockname, int, struct sockaddr *, socklen_t *)(fd,
								       sa, len);
}

static int64_t open_stream(struct fake *f, uint32_t flags)
{
	int uni = !!(flags & MSG_QUIC_STREAM_UNI);

	f->last = f->next[uni];
	f->next[uni] += 4;
	return f->last;
}

static int put_wire(int fd, int64_t sid, uint32_t flags, uint64_t code,
		    struct iovec *iov, size_t len)
{
	struct wire head = { .sid = sid, .flags = flags, .code = code };
	struct iovec v[2] = {
		{ &head, WIRE_HEAD }, { iov->iov_base, len }
	};
	struct msghdr mh = { .msg_iov = v, .msg_iovlen = 2 };

	return REAL(ssize_t, sendmsg, int, const struct msghdr *,
		    int)(fd, &mh, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int take_cmsg(const struct msghdr *msg, struct quic_stream_info *info)
{
	struct cmsghdr *cm = CMSG_FIRSTHDR(msg);

	if (!cm || cm->cmsg_level != SOL_QUIC ||
	    cm->cmsg_type != QUIC_STREAM_INFO ||
	    cm->cmsg_len != CMSG_LEN(sizeof(*info)))
		return 0;
	memcpy(info, CMSG_DATA(cm), sizeof(*info));
	return 1;
}

static ssize_t fake_send(int fd, struct fake *f, const struct msghdr *msg,
			 int flags)
{
	struct quic_stream_info info = { .stream_id = -1 };
	struct iovec v = msg->msg_iov[0];
	size_t left = v.iov_len, n;

	if (flags & MSG_QUIC_DATAGRAM) {
		if (!left || left > DGRAM_MAX)
			return fail(EMSGSIZE);
		return put_wire(fd, SID_DGRAM, 0, 0, &v, left) ? -1 : (ssize_t)left;
	}
	if (!take_cmsg(msg, &info))
		info.stream_flags = (uint32_t)flags & STREAM_FLAGS;
	if (info.stream_flags & ~STREAM_FLAGS)
		return fail(EINVAL);
	if (!left && !(info.stream_flags & MSG_QUIC_STREAM_FIN))
		return fail(EMSGSIZE);
	if (info.stream_id < 0)
		info.stream_id = f->last < 0 ||
			(info.stream_flags & MSG_QUIC_STREAM_NEW) ?
			open_stream(f, info.stream_flags) : f->last;
	do {
		uint32_t out;

		n = left < CHUNK ? left : CHUNK;
		left -= n;
		out = left ? 0 : info.stream_flags & MSG_QUIC_STREAM_FIN;
		if (put_wire(fd, info.stream_id, out, 0, &v, n))
			return -1;
		v.iov_base = (char *)v.iov_base + n;
	} while (left);
	return (ssize_t)msg->msg_iov[0].iov_len;
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct fake *f = get(fd);

	if (f)
		return fake_send(fd, f, msg, flags);
	return REAL(ssize_t, sendmsg, int, const struct msghdr *, int)(fd, msg,
								   flags);
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	struct iovec v = { (void *)buf, len };
	struct msghdr mh = { .msg_iov = &v, .msg_iovlen = 1 };

	if (get(fd))
		return sendmsg(fd, &mh, flags);
	return REAL(ssize_t, send, int, const void *, size_t, int)(fd, buf, len,
							       flags);
}

/* On the stream opened last, a message at most: fewer bytes than asked for are no error. */
ssize_t sendfile(int fd, int in, off_t *off, size_t len)
{
	char buf[CHUNK];
	ssize_t n;

	if (!get(fd))
		return REAL(ssize_t, sendfile, int, int, off_t *, size_t)(fd, in, off, len);
	n = pread(in, buf, len < CHUNK ? len : CHUNK, *off);
	if (n <= 0)
		return n;
	n = send(fd, buf, (size_t)n, 0);
	*off += n > 0 ? n : 0;
	return n;
}

/* Return: 1 something is in f->in, 0 end, -1 error. */
static int fill(int fd, struct fake *f, int flags)
{
	ssize_t n;

	if (f->in_valid)
		return 1;
	n = REAL(ssize_t, recv, int, void *, size_t, int)
		(fd, &f->in, sizeof(f->in), flags & MSG_DONTWAIT);
	if (n < 0 && errno != ECONNRESET)
		return -1;
	if (n <= 0) {
		f->state = QUIC_STATE_CLOSED;
		return 0;
	}
	f->in_off = 0;
	f->in_len = (size_t)n - WIRE_HEAD;
	if (f->in.sid == SID_CLOSE) {
		f->state = QUIC_STATE_CLOSED;
		f->reason.kind = QUIC_REASON_APPLICATION;
		f->reason.origin = QUIC_ORIGIN_PEER;
		f->reason.code = f->in.code;
		snprintf(f->reason.text, sizeof(f->reason.text),
			 "the peer closed with code %llu: %.*s",
			 (unsigned long long)f->in.code, (int)f->in_len, f->in.data);
		return fail(ECONNRESET);
	}
	if (f->in.flags & F_RESET) {
		f->reset = f->in.sid;
		f->reset_code = f->in.code;
		return fail(ECONNRESET);
	}
	f->in_valid = 1;
	return 1;
}

static void put_cmsg(struct msghdr *msg, const struct quic_stream_info *info)
{
	struct cmsghdr *cm;

	if (!msg->msg_control ||
	    msg->msg_controllen < CMSG_SPACE(sizeof(*info))) {
		msg->msg_controllen = 0;
		msg->msg_flags |= MSG_CTRUNC | (int)info->stream_flags;
		return;
	}
	cm = msg->msg_control;
	cm->cmsg_level = SOL_QUIC;
	cm->cmsg_type = QUIC_STREAM_INFO;
	cm->cmsg_len = CMSG_LEN(sizeof(*info));
	memcpy(CMSG_DATA(cm), info, sizeof(*info));
	msg->msg_controllen = CMSG_SPACE(sizeof(*info));
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct quic_stream_info info = { 0 };
	struct fake *f = get(fd);
	size_t n;
	int r;

	if (!f)
		return REAL(ssize_t, recvmsg, int, struct msghdr *, int)(fd, msg,
								     flags);
	r = fill(fd, f, flags);
	msg->msg_flags = 0;
	if (r <= 0) {
		if (!r)
			msg->msg_controllen = 0;
		return r;
	}
	n = f->in_len - f->in_off;
	if (n > msg->msg_iov[0].iov_len)
		n = msg->msg_iov[0].iov_len;
	memcpy(msg->msg_iov[0].iov_base, f->in.data + f->in_off, n);
	info.stream_id = f->in.sid;
	if (f->in_off + n == f->in_len)
		info.stream_flags = f->in.flags;
	if (f->in.sid == SID_DGRAM) {
		msg->msg_controllen = 0;
		msg->msg_flags |= MSG_QUIC_DATAGRAM;
		msg->msg_flags |= f->in_off + n == f->in_len ? MSG_EOR : 0;
	} else {
		put_cmsg(msg, &info);
	}
	if (flags & MSG_PEEK)
		return (ssize_t)n;
	f->in_off += n;
	if (f->in_off == f->in_len)
		f->in_valid = 0;
	return (ssize_t)n;
}

ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	struct iovec v = { buf, len };
	struct msghdr mh = { .msg_iov = &v, .msg_iovlen = 1 };

	if (get(fd))
		return recvmsg(fd, &mh, flags);
	return REAL(ssize_t, recv, int, void *, size_t, int)(fd, buf, len, flags);
}

static int give(void *val, socklen_t *len, const void *from, size_t size)
{
	if (*len > size)
		*len = (socklen_t)size;
	memcpy(val, from, *len);
	return 0;
}

static int fake_get(struct fake *f, int name, void *val, socklen_t *len)
{
	struct quic_info info = { .state = (uint32_t)f->state, .version = 1,
				  .cipher = 51, .smoothed_rtt_us = 1234,
				  .lost_pkts = 7, .max_datagram = DGRAM_MAX };
	struct quic_stream_info *open = val;
	struct quic_stream_status *st = val;

	switch (name) {
	case QUIC_SOCKOPT_STREAM_OPEN:
		/* Every third attempt that would not wait finds no credit. */
		if ((open->stream_flags & MSG_QUIC_STREAM_DONTWAIT) &&
		    ++f->attempts % 3 == 0)
			return fail(EAGAIN);
		open->stream_id = open_stream(f, open->stream_flags);
		return 0;
	case QUIC_SOCKOPT_ALPN:
		return give(val, len, f->alpn, strlen(f->alpn));
	case QUIC_SOCKOPT_REASON:
		return give(val, len, &f->reason, sizeof(f->reason));
	case QUIC_SOCKOPT_INFO:
		return give(val, len, &info, sizeof(info));
	case QUIC_SOCKOPT_STREAM_STATUS:
		st->recv_state = st->stream_id == f->reset ?
			QUIC_STREAM_RECV_STATE_RESET_RECVD :
			QUIC_STREAM_RECV_STATE_RECV;
		st->recv_code = st->stream_id == f->reset ? f->reset_code : 0;
		return 0;
	default:
		return fail(ENOPROTOOPT);
	}
}

int getsockopt(int fd, int level, int name, void *val, socklen_t *len)
{
	if (get(fd) && level == SOL_QUIC)
		return fake_get(get(fd), name, val, len);
	return REAL(int, getsockopt, int, int, int, void *, socklen_t *)(fd,
							level, name, val, len);
}

static int fake_set(int fd, struct fake *f, int name, const void *val,
		    size_t len)
{
	const struct quic_errinfo *e = val;
	const struct quic_errinfo64 *e64 = val;
	const struct quic_connection_close *c32 = val;
	const struct quic_close64 *c = val;
	const struct quic_stream_priority *p = val;
	struct iovec none = { NULL, 0 };

	if (getenv("FAKEQUIC_OLD") && name >= QUIC_SOCKOPT_STREAM_RESET64 &&
	    name <= QUIC_SOCKOPT_CLOSE64)
		return fail(ENOPROTOOPT);
	switch (name) {
	case QUIC_SOCKOPT_ALPN:
		if (len > QUIC_ALPN_MAX)
			return fail(EINVAL);
		memcpy(f->alpn, val, len);
		f->alpn[len] = '\0';
		return 0;
	case QUIC_SOCKOPT_SERVER_NAME:
		if (len > QUIC_SERVER_NAME_MAX)
			return fail(EINVAL);
		memcpy(f->name, val, len);
		f->name[len] = '\0';
		return 0;
	case QUIC_SOCKOPT_STREAM_RESET:
		return put_wire(fd, e->stream_id, F_RESET, e->errcode, &none, 0);
	case QUIC_SOCKOPT_STREAM_RESET64:
		return put_wire(fd, e64->stream_id, F_RESET, e64->errcode, &none, 0);
	case QUIC_SOCKOPT_CONNECTION_CLOSE:
		f->close_code = c32->errcode;
		memcpy(f->close_phrase, c32->phrase, sizeof(f->close_phrase));
		return 0;
	case QUIC_SOCKOPT_CLOSE64:
		f->close_code = c->errcode;
		memcpy(f->close_phrase, c->phrase, sizeof(f->close_phrase));
		return 0;
	case QUIC_SOCKOPT_STREAM_PRIORITY:	/* of streams opened here */
		return p->stream_id < f->next[!!(p->stream_id & 2)] ? 0 : fail(EINVAL);
	case QUIC_SOCKOPT_PROFILE:
	case QUIC_SOCKOPT_VERIFY:
	case QUIC_SOCKOPT_PIN:
	case QUIC_SOCKOPT_CONFIG:
	case QUIC_SOCKOPT_TRANSPORT_PARAM:
	case QUIC_SOCKOPT_STREAM_STOP_SENDING:
	case QUIC_SOCKOPT_STREAM_STOP64:
		return 0;
	default:
		return fail(ENOPROTOOPT);
	}
}

int setsockopt(int fd, int level, int name, const void *val, socklen_t len)
{
	struct fake *f = get(fd);

	if (f && level == SOL_QUIC)
		return fake_set(fd, f, name, val, len);
	if (f && level == IPPROTO_IPV6)
		return 0;
	return REAL(int, setsockopt, int, int, int, const void *,
		    socklen_t)(fd, level, name, val, len);
}

int close(int fd)
{
	struct fake *f = get(fd);
	struct iovec v;

	if (f) {
		v.iov_base = f->close_phrase;
		if (f->close_code)
			put_wire(fd, SID_CLOSE, 0, f->close_code, &v,
				 strlen(f->close_phrase));
		fakes[fd] = NULL;
		free(f);
	}
	return REAL(int, close, int)(fd);
}
