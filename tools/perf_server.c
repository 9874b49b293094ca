// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The server of quicperf: a thread for each connection does what its client announced
 *
 * The first byte says what a connection is for: PERF_PING is answered by itself, and
 * that was all; else it begins a header (perf.h), and bytes in bulk or requests follow.
 * What is received is kept in memory where a hash or a file is wanted, so that neither
 * is inside the timed section; its length is bounded by --max there.
 *
 * Bytes of several streams come in any order: those that are kept are copied to their
 * place, inside the timed section, which a measurement avoids by --no-hash.
 */
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "perf.h"

#define THREAD_STACK	(256 * 1024)

/**
 * struct session - one connection of the server
 * @p: the run, with what this connection announced
 * @l: the connection
 */
struct session {
	struct perf	p;
	struct link	l;
};

static struct {
	pthread_mutex_t	lock;
	pthread_cond_t	ended;
	unsigned int	running;	/* sessions; with @lock, as is @status */
	int		status;		/* of the server */
	pthread_mutex_t	output;		/* one session writes --output */
} sessions = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.ended = PTHREAD_COND_INITIALIZER,
	.output = PTHREAD_MUTEX_INITIALIZER,
};

static int protocol_error(void)
{
	errno = EPROTO;
	return -1;
}

/* Receive what was announced; with @keep all of it into p->data. */
static int recv_data(struct perf *p, struct link *l, int keep)
{
	uint64_t got = 0;
	size_t want;
	ssize_t n;

	while (got < p->bytes) {
		want = p->bytes - got < p->message ?
			(size_t)(p->bytes - got) : p->message;
		n = link_recv(l, p->data + (keep ? got : 0), want);
		if (n < 0)
			return -1;
		if (!n)
			return protocol_error();
		got += (uint64_t)n;
	}
	return 0;
}

/* The same from all its streams, each to its slice. */
static int recv_streams(struct perf *p, struct link *l, int keep)
{
	uint64_t got[PERF_STREAMS] = { 0 }, all = 0, off, size;
	uint8_t *buf = keep ? perf_memory(p->message) : p->data;
	ssize_t n = 1;

	while (all < p->bytes && n > 0) {
		n = link_recv_any(l, buf, p->message);
		if (n <= 0)
			break;
		off = perf_slice(p, l->at, &size) + got[l->at];
		got[l->at] += (uint64_t)n;
		if (got[l->at] > size) {
			n = 0;
			break;
		}
		if (keep)
			memcpy(p->data + off, buf, (size_t)n);
		all += (uint64_t)n;
	}
	if (keep)
		munmap(buf, p->message);
	l->at = 0;
	return n ? (n < 0 ? -1 : 0) : protocol_error();
}

static int write_output(const struct perf *p)
{
	int ret;

	pthread_mutex_lock(&sessions.output);
	ret = perf_write(p);
	pthread_mutex_unlock(&sessions.output);
	return ret;
}

static int header_is_good(const struct perf *p, const struct perf_header *h)
{
	return !memcmp(h->magic, PERF_MAGIC, sizeof(h->magic)) && p->bytes &&
	       p->streams >= 1 && p->streams <= PERF_STREAMS && p->streams <= p->bytes &&
	       (p->streams == 1 || p->mode == PERF_QUIC) &&
	       (p->kind == PERF_BULK || (p->kind == PERF_RR && p->bytes <= PERF_RR_MAX));
}

/* Return: 0 or -1 with errno. */
static int begin(struct perf *p, struct link *l, struct perf_header *h)
{
	if (link_recv_all(l, h, 1))
		return -1;
	if (h->magic[0] == PERF_PING) {
		p->kind = PERF_SHAKE;
		return 0;
	}
	if (link_recv_all(l, (char *)h + 1, sizeof(*h) - 1))
		return -1;
	p->bytes = be64toh(h->bytes);
	p->count = be64toh(h->count);
	p->streams = be32toh(h->streams);
	p->kind = (enum perf_kind)h->kind;
	if (!header_is_good(p, h))
		return protocol_error();
	l->streams = p->streams;
	if (p->mode == PERF_KTLS)
		return link_start_ktls(l, h->key[1], h->key[0]);
	return 0;
}

/* What the client waits for, and the hash, which takes a while to make if there is one. */
static int answer(struct perf *p, struct link *l, int hash, struct perf_result *r)
{
	struct {
		uint64_t count;
		uint8_t digest[SHA256_DIGEST_SIZE];
	} a = { .count = htobe64(p->bytes) };

	/* in one piece: a second one that is small would wait for an ACK of the first */
	if (!hash)
		return link_send(l, &a, sizeof(a), 1);
	if (link_send(l, &a.count, sizeof(a.count), 0))
		return -1;
	perf_hash(p, a.digest, r->hash);
	return link_send(l, a.digest, sizeof(a.digest), 1);
}

static int bulk(struct perf *p, struct link *l, int hash, struct perf_result *r)
{
	int keep = hash || p->output, failed;
	double start, cpu;

	if (keep && p->bytes > p->max) {
		errno = EFBIG;
		return -1;
	}
	p->data_size = keep ? (size_t)p->bytes : p->message;
	p->data = perf_memory(p->data_size);
	failed = link_send(l, "r", 1, 0);
	cpu = perf_cpu_s();
	start = now_s();
	failed = failed ||
		 (p->streams > 1 ? recv_streams(p, l, keep) : recv_data(p, l, keep));
	r->seconds = now_s() - start;
	r->cpu = perf_cpu_s() - cpu;
	r->bytes = p->bytes;
	failed = failed || answer(p, l, hash, r) ||
		 (p->output && write_output(p));
	munmap(p->data, p->data_size);
	return failed ? -1 : 0;
}

static int echo(struct perf *p, struct link *l, struct perf_result *r)
{
	size_t size = (size_t)p->bytes;
	uint8_t *buf = perf_memory(size);
	double start = now_s(), cpu = perf_cpu_s();
	uint64_t i;
	int failed;

	failed = link_send(l, "r", 1, 0);
	for (i = 0; !failed && i < p->count; i++)
		failed = link_recv_all(l, buf, size) || link_send(l, buf, size, 0);
	r->seconds = now_s() - start;
	r->cpu = perf_cpu_s() - cpu;
	r->bytes = p->bytes * p->count;
	munmap(buf, size);
	return failed ? -1 : 0;
}

static int session_run(struct perf *p, struct link *l, struct perf_result *r)
{
	struct perf_header h;
	char c = PERF_PING;

	if (begin(p, l, &h))
		return -1;
	if (p->kind == PERF_SHAKE)
		return link_send(l, &c, 1, 0);
	if (p->kind == PERF_RR)
		return echo(p, l, r);
	return bulk(p, l, h.hash && !p->no_hash, r);
}

static int serve(struct perf *p, struct link *l)
{
	char why[QUICSOCK_TEXT_SIZE];
	struct perf_result r = { .busy = -1 };

	if (session_run(p, l, &r)) {
		warnx("%s", link_explain(l, errno, why, sizeof(why)));
		close(l->fd);
		return EXIT_FAILED;
	}
	/* The client has everything once it closes: the counters are final. */
	link_wait_close(l);
	if (p->kind != PERF_SHAKE)
		perf_report(p, l, &r, 1);
	close(l->fd);
	return EXIT_OK;
}

static void *session_main(void *arg)
{
	struct session *s = arg;
	int status = serve(&s->p, &s->l);

	free(s);
	pthread_mutex_lock(&sessions.lock);
	if (status != EXIT_OK)
		sessions.status = status;
	sessions.running--;
	pthread_cond_signal(&sessions.ended);
	pthread_mutex_unlock(&sessions.lock);
	return NULL;
}

static void session_start(const struct perf *p, const struct link *l)
{
	struct session *s = malloc(sizeof(*s));
	pthread_attr_t attr;
	pthread_t thread;
	int ret;

	if (!s)
		err(EXIT_FAILED, "memory");
	s->p = *p;
	s->l = *l;
	pthread_mutex_lock(&sessions.lock);
	sessions.running++;
	pthread_mutex_unlock(&sessions.lock);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	ret = pthread_create(&thread, &attr, session_main, s);
	if (ret)
		errx(EXIT_FAILED, "thread: %s", strerror(ret));
	pthread_attr_destroy(&attr);
}

/* Return: what the server exits with. */
static int sessions_wait(void)
{
	pthread_mutex_lock(&sessions.lock);
	while (sessions.running)
		pthread_cond_wait(&sessions.ended, &sessions.lock);
	pthread_mutex_unlock(&sessions.lock);
	return sessions.status;
}

static void say_listening(const struct perf *p)
{
	if (p->c.json)
		printf("{\"tool\":\"quicperf\",\"event\":\"listening\",\"port\":\"%s\"}\n",
		       p->port);
	else if (!p->c.quiet)
		printf("quicperf: %s, listening on port %s\n",
		       perf_mode_names[p->mode], p->port);
	fflush(stdout);
}

int perf_server(struct perf *p)
{
	struct link l;
	int listener;
	uint64_t n;

	listener = link_listen(p->mode, p->host, p->port, &p->c);
	if (listener < 0)
		errx(EXIT_ENV, "port %s: %s", p->port, p->c.why);
	say_listening(p);
	for (n = 0; !p->count || n < p->count; n++) {
		while (link_accept(&l, p->mode, listener))
			if (errno != EINTR && errno != ECONNABORTED)
				err(EXIT_FAILED, "accept");
		session_start(p, &l);
	}
	return sessions_wait();
}
