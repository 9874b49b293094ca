/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * perf_link.h - one byte stream for quicperf, over QUIC, TCP or kTLS
 */
#ifndef QUIC_TOOLS_PERF_LINK_H
#define QUIC_TOOLS_PERF_LINK_H

#include "util.h"

enum perf_mode {
	PERF_QUIC,
	PERF_TCP,
	PERF_KTLS,
	PERF_MODES
};

extern const char * const perf_mode_names[PERF_MODES];

/* Key, salt, IV and first record number of AES-128-GCM, one direction. */
#define PERF_KEY_SIZE	(16 + 4 + 8 + 8)

/**
 * struct link - a connection that carries one stream each way, or several
 * @mode: transport
 * @fd: its socket
 * @sid: QUIC: the first stream; -1 until the client's first bytes tell it
 * @end: QUIC: the peer's FIN of @sid was read
 * @streams: QUIC: how many; their ids are 4 apart, for the client opened them in a row
 * @at: QUIC: which of them link_send() sends on, and link_recv_any() has received from
 */
struct link {
	enum perf_mode	mode;
	int		fd;
	int64_t		sid;
	int		end;
	unsigned int	streams;
	unsigned int	at;
};

/**
 * link_connect() - open a connection, and for QUIC its stream
 * @l: to fill
 * @mode: transport
 * @host: server
 * @port: its port
 * @c: options, QUICSOCK_NODELAY among them; @c->why tells about a failure
 *
 * Return: 0 or -1.
 */
int link_connect(struct link *l, enum perf_mode mode, const char *host,
		 const char *port, struct common *c);

/**
 * link_listen() - a listener
 * @mode: transport
 * @host: local address, null all
 * @port: port
 * @c: options; @c->why tells about a failure
 *
 * Return: descriptor or -1.
 */
int link_listen(enum perf_mode mode, const char *host, const char *port,
		struct common *c);

/* QUIC, client: open all further of @n streams. Return: 0 or -1 with errno. */
int link_more_streams(struct link *l, unsigned int n);

/* Next connection of a listener. Return: 0 or -1 with errno. */
int link_accept(struct link *l, enum perf_mode mode, int listener);

/**
 * link_send() - send all
 * @l: link
 * @buf: bytes
 * @len: their number, from 1
 * @end: these are the last ones
 *
 * Return: 0 or -1 with errno.
 */
int link_send(struct link *l, const void *buf, size_t len, int end);

/**
 * link_sendfile() - send a piece of a file, from the pages it is in
 * @l: link; QUIC: the only stream, sendfile(2) takes the one that was opened last
 * @file: descriptor
 * @off: first byte
 * @len: bytes, from 1
 * @end: these are the last ones
 *
 * SIGPIPE has to be ignored: sendfile(2) knows no MSG_NOSIGNAL.
 *
 * Return: 0 or -1 with errno (ENODATA: the file is shorter).
 */
int link_sendfile(struct link *l, int file, off_t off, size_t len, int end);

/* Up to @len bytes. Return: their number, 0 at the end, -1 with errno. */
ssize_t link_recv(struct link *l, void *buf, size_t len);

/* QUIC: the same from whichever of its streams has some; @l->at says which. */
ssize_t link_recv_any(struct link *l, void *buf, size_t len);

/* Exactly @len bytes. Return: 0, -1 with errno (EPROTO: ended early). */
int link_recv_all(struct link *l, void *buf, size_t len);

/* Until the peer closed the connection, or it broke; what comes is dropped. */
void link_wait_close(struct link *l);

/**
 * link_start_ktls() - go on in TLS 1.3 records of the kernel
 * @l: a kTLS link, nothing but the key material was exchanged
 * @tx: PERF_KEY_SIZE bytes for what we send
 * @rx: the same for what we receive
 *
 * Return: 0 or -1 with errno; ENOENT: no module tls.
 */
int link_start_ktls(struct link *l, const uint8_t *tx, const uint8_t *rx);

/* What an errno of this link means. Return: @buf. */
const char *link_explain(const struct link *l, int err, char *buf, size_t len);

#endif /* QUIC_TOOLS_PERF_LINK_H */
