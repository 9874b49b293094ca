// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client of quicperf on many connections: at once, one after the other, or idle
 *
 * At once: a thread for each. All connect and are told that the server is ready; then
 * they meet at a barrier and begin. The time is that from the first thread's start to
 * the last one's answer, the rate that of all bytes in it.
 *
 * Handshakes: a thread connects, sends a byte, receives one and closes, over and over;
 * the close is timed, too, for the next connection waits for it. Of TCP that is its
 * three-way handshake. kTLS has none here (its keys come in the clear), so it is not
 * offered.
 *
 * Idle: connections are made one after the other, one byte goes each way, and all stay
 * until standard input ends: to look at the memory they take. PINGs keep them.
 */
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "perf.h"

#define KEEPALIVE_MS	10000

/**
 * struct worker - a thread of many
 * @thread: itself
 * @p: its run
 * @r: what came of it
 * @start: clock when it began
 * @end: clock when it was done
 * @us: handshakes: how long each took
 */
struct worker {
	pthread_t	thread;
	struct perf	p;
	struct perf_result r;
	double		start;
	double		end;
	double		*us;
};

static pthread_barrier_t all_ready;

static void *bulk_main(void *arg)
{
	struct worker *w = arg;
	struct link l;

	perf_begin(&w->p, &l);
	pthread_barrier_wait(&all_ready);
	w->start = now_s();
	w->end = perf_bulk(&w->p, &l, &w->r);
	close(l.fd);
	return NULL;
}

/* Connect; a byte each way. */
static void ping(struct perf *p, struct link *l)
{
	char why[QUICSOCK_TEXT_SIZE], c = PERF_PING;

	if (link_connect(l, p->mode, p->host, p->port, &p->c))
		errx(EXIT_ENV, "%s port %s: %s", p->host, p->port, p->c.why);
	if (link_send(l, &c, 1, 0) || link_recv_all(l, &c, 1))
		errx(EXIT_FAILED, "%s", link_explain(l, errno, why, sizeof(why)));
	if (c != PERF_PING)
		errx(EXIT_FAILED, "the server answers something else");
}

static void *shake_main(void *arg)
{
	double cpu = perf_cpu_s(), begin;
	struct worker *w = arg;
	struct link l;
	uint64_t i;

	pthread_barrier_wait(&all_ready);
	w->start = now_s();
	for (i = 0; i < w->p.count; i++) {
		begin = now_s();
		ping(&w->p, &l);
		close(l.fd);
		w->us[i] = (now_s() - begin) * 1e6;
	}
	w->end = now_s();
	w->r.cpu = perf_cpu_s() - cpu;
	return NULL;
}

/* Run @main in a thread for each worker until all have ended. Times are added up. */
static void run_workers(struct worker *w, unsigned int n, void *(*main)(void *),
			struct perf_result *r)
{
	struct perf_ticks ticks = perf_ticks();
	double start, end = 0;
	unsigned int i;
	int ret;

	pthread_barrier_init(&all_ready, NULL, n);
	for (i = 0; i < n; i++) {
		ret = pthread_create(&w[i].thread, NULL, main, &w[i]);
		if (ret)
			errx(EXIT_FAILED, "thread: %s", strerror(ret));
	}
	for (i = 0; i < n; i++)
		pthread_join(w[i].thread, NULL);
	r->busy = perf_busy(ticks);
	start = w[0].start;
	for (i = 0; i < n; i++) {
		start = w[i].start < start ? w[i].start : start;
		end = w[i].end > end ? w[i].end : end;
		r->cpu += w[i].r.cpu;
		r->bytes += w[i].r.bytes;
	}
	r->seconds = end - start;
}

static struct worker *make_workers(const struct perf *p)
{
	struct worker *w = calloc(p->connections, sizeof(*w));
	unsigned int i;

	if (!w)
		err(EXIT_FAILED, "memory");
	for (i = 0; i < p->connections; i++)
		perf_copy(&w[i].p, p);
	return w;
}

int perf_many(struct perf *p)
{
	struct perf_result r = { 0 };
	struct worker *w;
	unsigned int i;
	int match = 1;

	perf_source(p);
	w = make_workers(p);
	for (i = 0; i < p->connections; i++) {
		w[i].p.bytes = p->bytes / p->connections;
		if (i + 1 == p->connections)
			w[i].p.bytes = p->bytes - w[i].p.bytes * i;
	}
	run_workers(w, p->connections, bulk_main, &r);
	for (i = 0; i < p->connections; i++)
		match &= w[i].r.bytes == w[i].p.bytes &&
			 !strcmp(w[i].r.hash, w[i].r.peer_hash);
	perf_report(p, NULL, &r, match);
	if (!match)
		warnx("the server has other bytes");
	free(w);
	return match ? EXIT_OK : EXIT_FAILED;
}

int perf_shake(struct perf *p)
{
	double *us = perf_memory(p->count * sizeof(*us));
	struct worker *w = make_workers(p);
	struct perf_result r = { 0 };
	uint64_t each = p->count / p->connections;
	unsigned int i;

	for (i = 0; i < p->connections; i++) {
		w[i].us = us + each * i;
		w[i].p.count = i + 1 < p->connections ? each : p->count - each * i;
	}
	run_workers(w, p->connections, shake_main, &r);
	perf_percentiles(&r, us, p->count);
	perf_report(p, NULL, &r, 1);
	free(w);
	return EXIT_OK;
}

int perf_hold(struct perf *p)
{
	struct perf_result r = { .busy = -1 };
	double start = now_s();
	struct link l;
	uint64_t i;
	char c;

	p->c.opts.keepalive_ms = KEEPALIVE_MS;
	for (i = 0; i < p->count; i++)
		ping(p, &l);	/* exit(2) closes it */
	r.seconds = now_s() - start;
	perf_report(p, NULL, &r, 1);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	return EXIT_OK;
}
