/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * perf.h - what the parts of quicperf share: the run, its result, the header
 */
#ifndef QUIC_TOOLS_PERF_H
#define QUIC_TOOLS_PERF_H

#include <nettle/sha2.h>

#include "perf_link.h"

#define PERF_MAGIC	"qperf02"
#define PERF_PING	'p'	/* instead of a header: one byte each way is all */
#define PERF_HEX_SIZE	(2 * SHA256_DIGEST_SIZE + 1)
#define PERF_STREAMS	256
#define PERF_CONNECTIONS 10000
#define PERF_RR_MAX	(64u << 20)

/* What a connection is for. */
enum perf_kind {
	PERF_BULK,	/* bytes from client to server */
	PERF_RR,	/* a request, its echo, and again */
	PERF_SHAKE,	/* connect, one byte each way, close */
	PERF_HOLD,	/* connect, one byte each way, stay */
};

/**
 * struct perf_header - first bytes of a client, all in network order
 * @magic: PERF_MAGIC
 * @bytes: PERF_BULK: to come; PERF_RR: of a request
 * @count: PERF_RR: requests
 * @streams: PERF_BULK: streams the bytes are spread over
 * @key: kTLS: the client's, the server's
 * @hash: the client wants one
 * @kind: enum perf_kind
 * @reserved: zero
 */
struct perf_header {
	char		magic[8];
	uint64_t	bytes;
	uint64_t	count;
	uint32_t	streams;
	uint8_t		key[2][PERF_KEY_SIZE];
	uint8_t		hash;
	uint8_t		kind;
	uint8_t		reserved[2];
};

/**
 * struct perf - the run
 * @c: common options
 * @mode: transport
 * @kind: of the client's connections; server: announced
 * @server: role
 * @host: client: whom to call; server: local address or null
 * @port: --port
 * @input: --input
 * @output: --output
 * @bytes: to send; server: announced
 * @message: bytes per call
 * @max: --max
 * @count: server: --count; client: round trips, handshakes or connections to hold
 * @streams: --streams
 * @connections: --connections
 * @no_hash: --no-hash
 * @key: --key, null random
 * @sendfile: --sendfile
 * @file: with @sendfile what @data maps
 * @data: what is sent (its first @data_size bytes over and over) or received
 * @data_size: bytes of @data
 */
struct perf {
	struct common	c;
	enum perf_mode	mode;
	enum perf_kind	kind;
	int		server;
	const char	*host;
	const char	*port;
	const char	*input;
	const char	*output;
	uint64_t	bytes;
	size_t		message;
	uint64_t	max;
	uint64_t	count;
	unsigned int	streams;
	unsigned int	connections;
	int		no_hash;
	const char	*key;
	int		sendfile;
	int		file;
	uint8_t		*data;
	size_t		data_size;
};

/**
 * struct perf_result - what is reported
 * @bytes: moved
 * @seconds: timed section
 * @cpu: seconds of CPU that this end's threads used in it
 * @busy: share of the machine's CPU time that was not idle; negative: unknown. With
 *	several connections also while they were made
 * @p50: PERF_RR, PERF_SHAKE: median, microseconds
 * @p90: nine of ten took no longer
 * @p99: 99 of 100 took no longer
 * @hash: SHA-256 in hexadecimal, empty: none
 * @peer_hash: the server's, client only
 */
struct perf_result {
	uint64_t	bytes;
	double		seconds;
	double		cpu;
	double		busy;
	double		p50, p90, p99;
	char		hash[PERF_HEX_SIZE];
	char		peer_hash[PERF_HEX_SIZE];
};

/* --- quicperf.c --- */

/**
 * perf_report() - print a result
 * @p: the run
 * @l: its connection, null where there were several
 * @r: the result
 * @match: client: both ends have the same bytes
 */
void perf_report(const struct perf *p, const struct link *l,
		 const struct perf_result *r, int match);

/* --- perf_client.c, perf_many.c, perf_server.c: each returns an exit status --- */

int perf_client(struct perf *p);
int perf_many(struct perf *p);
int perf_shake(struct perf *p);
int perf_hold(struct perf *p);
int perf_server(struct perf *p);

/**
 * perf_begin() - connect and announce
 * @p: the run
 * @l: to fill
 *
 * The server is ready when it returns. Ends the program where that fails.
 */
void perf_begin(struct perf *p, struct link *l);

/**
 * perf_bulk() - send, and hear that all has come
 * @p: the run
 * @l: from perf_begin()
 * @r: bytes, seconds, cpu and hashes are filled in
 *
 * Return: the clock when the server had said so; ends the program on failure.
 */
double perf_bulk(struct perf *p, struct link *l, struct perf_result *r);

/* A copy of the run for a thread: its texts are its own. */
void perf_copy(struct perf *to, const struct perf *from);

/**
 * perf_percentiles() - fill in p50, p90 and p99
 * @r: result
 * @us: microseconds, sorted on return
 * @n: their number, from 1
 */
void perf_percentiles(struct perf_result *r, double *us, size_t n);

/* --- perf_data.c --- */

/* CPU seconds of this thread. */
double perf_cpu_s(void);
/**
 * struct perf_ticks - CPU time of the machine since its boot
 * @busy: not idle
 * @all: of all processors; what a hypervisor took is in neither
 */
struct perf_ticks {
	unsigned long long busy, all;
};

/* Now; zero where /proc/stat is not as expected. */
struct perf_ticks perf_ticks(void);
/* Share of busy time since @begin; -1 where no tick has passed. */
double perf_busy(struct perf_ticks begin);
/* Zeroed and present. Ends the program when there is none. */
void *perf_memory(size_t size);
/* Random bytes. */
void perf_draw(uint8_t *p, size_t size);
/* Fill in @data, @data_size and perhaps @file, of a file @bytes too. */
void perf_source(struct perf *p);
/* SHA-256 of @bytes bytes that repeat every @size, as digest and in hexadecimal. */
void perf_hash(const struct perf *p, uint8_t *digest, char *hex);
void perf_hex(const uint8_t *digest, char *hex);
/* Write @bytes of @data to --output. Return: 0 or -1 with errno. */
int perf_write(const struct perf *p);

/**
 * perf_slice() - the part of the bytes that a stream carries
 * @p: the run
 * @i: which stream, from 0
 * @size: out: bytes
 *
 * Return: the offset of its first byte. All are of one length, the last has the rest.
 */
uint64_t perf_slice(const struct perf *p, unsigned int i, uint64_t *size);

#endif /* QUIC_TOOLS_PERF_H */
