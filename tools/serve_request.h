/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve_request.h - what quicserve's threads know, and requests of a connection
 */
#ifndef QUIC_TOOLS_SERVE_REQUEST_H
#define QUIC_TOOLS_SERVE_REQUEST_H

#include <netdb.h>
#include <pthread.h>

#include "util.h"

struct request;

/**
 * struct server - what all threads share; read-only but for the counter
 * @c: common options
 * @dirfd: the directory
 * @upload: --upload
 * @lock: guards @running
 * @idle: signalled when @running falls to 0
 * @running: connections being served
 */
struct server {
	struct common	c;
	int		dirfd;
	int		upload;
	pthread_mutex_t	lock;
	pthread_cond_t	idle;
	unsigned int	running;
};

/**
 * struct conn - one connection, owned by its thread
 * @srv: the server
 * @fd: connection
 * @list: requests under way
 * @peer: address of the client as text
 * @requests: seen
 * @failed: of these, refused or broken off
 * @bytes_out: of files sent
 * @bytes_in: of files stored
 * @first: now_s() at the first request, 0 none
 * @last: now_s() when the last piece had been sent or stored
 * @buf: HQ_PIECE bytes
 */
struct conn {
	struct server	*srv;
	int		fd;
	struct request	*list;
	char		peer[NI_MAXHOST + NI_MAXSERV + 4];
	unsigned int	requests;
	unsigned int	failed;
	uint64_t	bytes_out;
	uint64_t	bytes_in;
	double		first;
	double		last;
	char		buf[HQ_PIECE];
};

/**
 * request_piece() - bytes of a stream came
 * @c: connection; they are in its buffer
 * @sid: stream
 * @n: bytes
 * @end: its last ones
 *
 * Answers the request when it is complete. Blocks as long as the client takes to
 * read the file.
 */
void request_piece(struct conn *c, int64_t sid, size_t n, int end);

/* The connection is over: what was not answered has failed. */
void request_drop_all(struct conn *c);

#endif /* QUIC_TOOLS_SERVE_REQUEST_H */
