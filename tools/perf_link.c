// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * perf_link - the same byte stream over QUIC, TCP and kTLS
 *
 * quicperf compares data paths, so the three differ only where they must: QUIC
 * is one bidirectional stream of one connection, or several; TCP is TCP; kTLS is a TCP
 * connection on which both ends install AES-128-GCM keys of TLS 1.3 in the
 * kernel. There is no handshake in kTLS mode: the keys are drawn by the client
 * and travel in the clear before the switch, which is worth nothing but for
 * measuring.
 *
 * Not here: time, hashes, reports (quicperf.c).
 */
#include <errno.h>
#include <linux/tls.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "perf_link.h"

#ifndef SOL_TLS
#define SOL_TLS	282
#endif
#ifndef TCP_ULP
#define TCP_ULP	31
#endif

#define BACKLOG	128	/* as quicsock_listen() */
#define STREAM_STEP 4	/* from one bidirectional stream to the client's next */

const char * const perf_mode_names[PERF_MODES] = {
	[PERF_QUIC] = "quic",
	[PERF_TCP] = "tcp",
	[PERF_KTLS] = "ktls",
};

static int tcp_one(const struct addrinfo *ai, int listening, int nodelay)
{
	int fd, err, on = 1;

	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (nodelay)	/* a listener's connections inherit it */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (listening) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (!bind(fd, ai->ai_addr, ai->ai_addrlen) &&
		    !listen(fd, BACKLOG))
			return fd;
	} else if (!connect(fd, ai->ai_addr, ai->ai_addrlen)) {
		return fd;
	}
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

static int tcp_open(const char *host, const char *port, struct common *c,
		    int listening)
{
	struct addrinfo *list, *ai;
	struct addrinfo hints = {
		.ai_flags = listening ? AI_PASSIVE : 0,
		.ai_family = c->opts.family,
		.ai_socktype = SOCK_STREAM,
	};
	int gai, fd = -1;

	/* Both families with one socket, as quicsock_listen(). */
	if (listening && !host && !c->opts.family)
		host = "::";
	gai = getaddrinfo(host, port, &hints, &list);
	if (gai) {
		snprintf(c->why, sizeof(c->why), "%s", gai_strerror(gai));
		return -1;
	}
	for (ai = list; ai && fd < 0; ai = ai->ai_next)
		fd = tcp_one(ai, listening, c->opts.flags & QUICSOCK_NODELAY);
	if (fd < 0)
		snprintf(c->why, sizeof(c->why), "%s", strerror(errno));
	freeaddrinfo(list);
	return fd;
}

int link_connect(struct link *l, enum perf_mode mode, const char *host,
		 const char *port, struct common *c)
{
	*l = (struct link){ .mode = mode, .sid = -1, .streams = 1 };
	if (mode != PERF_QUIC) {
		l->fd = tcp_open(host, port, c, 0);
		return l->fd < 0 ? -1 : 0;
	}
	l->fd = quicsock_connect(host, port, &c->opts);
	if (l->fd < 0)
		return -1;
	l->sid = quicsock_open_stream(l->fd, 0);
	if (l->sid >= 0)
		return 0;
	quicsock_explain(l->fd, errno, c->why, sizeof(c->why));
	close(l->fd);
	return -1;
}

int link_more_streams(struct link *l, unsigned int n)
{
	int64_t sid;

	for (; l->streams < n; l->streams++) {
		sid = quicsock_open_stream(l->fd, 0);
		if (sid < 0)
			return -1;
		if (sid != l->sid + STREAM_STEP * (int64_t)l->streams) {
			errno = EPROTO;
			return -1;
		}
	}
	return 0;
}

int link_listen(enum perf_mode mode, const char *host, const char *port,
		struct common *c)
{
	if (mode == PERF_QUIC)
		return quicsock_listen(host, port, &c->opts);
	return tcp_open(host, port, c, 1);
}

int link_accept(struct link *l, enum perf_mode mode, int listener)
{
	*l = (struct link){ .mode = mode, .sid = -1, .streams = 1 };
	l->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	return l->fd < 0 ? -1 : 0;
}

int link_send(struct link *l, const void *buf, size_t len, int end)
{
	const char *p = buf;
	ssize_t n;

	if (l->mode == PERF_QUIC)
		return quicsock_send_all(l->fd, buf, len,
					 l->sid + STREAM_STEP * (int64_t)l->at,
					 end ? MSG_QUIC_STREAM_FIN : 0);
	while (len) {
		n = send(l->fd, p, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int link_sendfile(struct link *l, int file, off_t off, size_t len, int end)
{
	ssize_t n;

	while (len) {
		n = sendfile(l->fd, file, &off, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (!n)
			errno = ENODATA;
		if (n <= 0)
			return -1;
		len -= (size_t)n;
	}
	/* sendfile(2) cannot say that a stream ends */
	return end && l->mode == PERF_QUIC ?
		quicsock_send_all(l->fd, NULL, 0, l->sid, MSG_QUIC_STREAM_FIN) : 0;
}

static ssize_t quic_recv(struct link *l, void *buf, size_t len)
{
	unsigned int flags = 0;
	int64_t sid;
	ssize_t n;

	if (l->end)
		return 0;
	n = quicsock_recv(l->fd, buf, len, &sid, &flags);
	if (n < 0)
		return -1;
	l->end = !n || (flags & MSG_QUIC_STREAM_FIN);
	if (l->sid < 0)
		l->sid = sid;
	if (n && sid != l->sid) {
		errno = EPROTO;	/* a second stream has no place here */
		return -1;
	}
	return n;
}

ssize_t link_recv(struct link *l, void *buf, size_t len)
{
	ssize_t n;

	do {
		if (l->mode == PERF_QUIC)
			n = quic_recv(l, buf, len);
		else
			n = recv(l->fd, buf, len, 0);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* Which stream is @sid? Return: 0 or -1 with errno. */
static int set_at(struct link *l, int64_t sid)
{
	uint64_t at = (uint64_t)(sid - l->sid) / STREAM_STEP;

	if (sid < l->sid || (sid - l->sid) % STREAM_STEP || at >= l->streams) {
		errno = EPROTO;
		return -1;
	}
	l->at = (unsigned int)at;
	return 0;
}

ssize_t link_recv_any(struct link *l, void *buf, size_t len)
{
	unsigned int flags;
	int64_t sid;
	ssize_t n;

	do {
		flags = 0;
		n = quicsock_recv(l->fd, buf, len, &sid, &flags);
		/* a stream's end without bytes is none of the others' */
	} while ((n < 0 && errno == EINTR) || (!n && (flags & MSG_QUIC_STREAM_FIN)));
	return n <= 0 || !set_at(l, sid) ? n : -1;
}

int link_recv_all(struct link *l, void *buf, size_t len)
{
	char *p = buf;
	ssize_t n;

	while (len) {
		n = link_recv(l, p, len);
		if (n < 0)
			return -1;
		if (!n) {
			errno = EPROTO;
			return -1;
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

void link_wait_close(struct link *l)
{
	unsigned int flags;
	char rest[4096];
	ssize_t n;

	do {
		flags = 0;
		if (l->mode == PERF_QUIC)
			n = quicsock_recv(l->fd, rest, sizeof(rest), NULL, &flags);
		else
			n = recv(l->fd, rest, sizeof(rest), 0);
	} while (n > 0 || (!n && (flags & MSG_QUIC_STREAM_FIN)) ||
		 (n < 0 && errno == EINTR));
}

static int install(int fd, int direction, const uint8_t *key)
{
	struct tls12_crypto_info_aes_gcm_128 ci = {
		.info.version = TLS_1_3_VERSION,
		.info.cipher_type = TLS_CIPHER_AES_GCM_128,
	};

	memcpy(ci.key, key, sizeof(ci.key));
	memcpy(ci.salt, key + 16, sizeof(ci.salt));
	memcpy(ci.iv, key + 20, sizeof(ci.iv));
	memcpy(ci.rec_seq, key + 28, sizeof(ci.rec_seq));
	return setsockopt(fd, SOL_TLS, direction, &ci, sizeof(ci));
}

int link_start_ktls(struct link *l, const uint8_t *tx, const uint8_t *rx)
{
	if (setsockopt(l->fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")) ||
	    install(l->fd, TLS_TX, tx))
		return -1;
	return install(l->fd, TLS_RX, rx);
}

const char *link_explain(const struct link *l, int err, char *buf, size_t len)
{
	if (l->mode == PERF_QUIC)
		return quicsock_explain(l->fd, err, buf, len);
	if (l->mode == PERF_KTLS && err == ENOENT)
		snprintf(buf, len, "this kernel has no kTLS: modprobe tls");
	else
		snprintf(buf, len, "%s", strerror(err));
	return buf;
}
