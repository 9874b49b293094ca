// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client of quicperf on one connection: bytes in bulk, or requests and answers
 *
 *	bulk      client: | header | (kTLS starts)           | data ...          |
 *	          server:            (kTLS starts) | ready |         | count | hash |
 *	          timed by the client:                       <-------------->
 *	requests  client: | header | (kTLS starts)           | request |       | ...
 *	          server:            (kTLS starts) | ready |           | echo  | ...
 *	          timed by the client:                       <----------------> each
 *
 * Bytes that are spread over streams take turns, one message of each: all streams have
 * some to send at any time. A request is one call to send, so are its echo's bytes; the
 * echo is compared outside the timed sections.
 *
 * Failures end the program: a run that lost a connection has no figure.
 */
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "perf.h"

void perf_copy(struct perf *to, const struct perf *from)
{
	*to = *from;
	to->c.opts.reason = to->c.why;
	if (to->c.opts.pins)
		to->c.opts.pins = (const uint8_t (*)[QUIC_PIN_SIZE])to->c.pins;
}

static void __attribute__((noreturn)) lost(struct link *l)
{
	char why[QUICSOCK_TEXT_SIZE];

	errx(EXIT_FAILED, "%s", link_explain(l, errno, why, sizeof(why)));
}

static void make_header(const struct perf *p, struct perf_header *h)
{
	size_t i;

	memset(h, 0, sizeof(*h));
	memcpy(h->magic, PERF_MAGIC, sizeof(h->magic));
	h->bytes = htobe64(p->bytes);
	h->count = htobe64(p->count);
	h->streams = htobe32(p->streams);
	h->kind = (uint8_t)p->kind;
	h->hash = !p->no_hash;
	if (p->mode != PERF_KTLS)
		return;
	perf_draw(h->key[0], sizeof(h->key));
	for (i = 0; p->key && i < 16; i++) {
		h->key[0][i] = parse_hex_byte(p->key + 2 * i);
		h->key[1][i] = h->key[0][i];
	}
}

void perf_begin(struct perf *p, struct link *l)
{
	struct perf_header h;
	uint8_t ready;

	if (link_connect(l, p->mode, p->host, p->port, &p->c))
		errx(EXIT_ENV, "%s port %s: %s", p->host, p->port, p->c.why);
	make_header(p, &h);
	if (link_send(l, &h, sizeof(h), 0) ||
	    (p->mode == PERF_KTLS && link_start_ktls(l, h.key[0], h.key[1])) ||
	    link_more_streams(l, p->streams) ||
	    link_recv_all(l, &ready, sizeof(ready)))
		lost(l);
}

/* One message of a slice. Return: 0 or -1 with errno. */
static int send_message(struct perf *p, struct link *l, unsigned int i, uint64_t sent)
{
	uint64_t size, off = perf_slice(p, i, &size);
	size_t at = (size_t)((off + sent) % p->data_size), n = p->data_size - at;

	if (n > p->message)
		n = p->message;
	if (n > size - sent)
		n = (size_t)(size - sent);
	l->at = i;
	if (p->sendfile ? link_sendfile(l, p->file, (off_t)at, n, sent + n == size) :
			  link_send(l, p->data + at, n, sent + n == size))
		return -1;
	return (int)n;
}

static int send_data(struct perf *p, struct link *l)
{
	uint64_t sent[PERF_STREAMS] = { 0 }, left = p->bytes, size;
	unsigned int i;
	int n;

	while (left)
		for (i = 0; i < p->streams; i++) {
			perf_slice(p, i, &size);
			if (sent[i] == size)
				continue;
			n = send_message(p, l, i, sent[i]);
			if (n < 0)
				return -1;
			sent[i] += (uint64_t)n;
			left -= (uint64_t)n;
		}
	return 0;
}

double perf_bulk(struct perf *p, struct link *l, struct perf_result *r)
{
	static const uint8_t none[SHA256_DIGEST_SIZE];
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct perf_ticks ticks = perf_ticks();
	double start, end, cpu;
	uint64_t count;

	cpu = perf_cpu_s();
	start = now_s();
	if (send_data(p, l) || link_recv_all(l, &count, sizeof(count)))
		lost(l);
	end = now_s();
	r->seconds = end - start;
	r->cpu = perf_cpu_s() - cpu;
	r->busy = perf_busy(ticks);
	r->bytes = be64toh(count);
	if (link_recv_all(l, digest, sizeof(digest)))
		lost(l);
	if (p->no_hash || !memcmp(digest, none, sizeof(none)))
		return end;	/* one of the ends did not want it */
	perf_hex(digest, r->peer_hash);
	perf_hash(p, digest, r->hash);
	return end;
}

static int order(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The smallest value that is not exceeded by @percent of them. */
static double percentile(const double *us, size_t n, size_t percent)
{
	return us[(n * percent + 99) / 100 - 1];
}

void perf_percentiles(struct perf_result *r, double *us, size_t n)
{
	qsort(us, n, sizeof(*us), order);
	r->p50 = percentile(us, n, 50);
	r->p90 = percentile(us, n, 90);
	r->p99 = percentile(us, n, 99);
}

static void round_trips(struct perf *p, struct link *l, struct perf_result *r)
{
	double *us = perf_memory(p->count * sizeof(*us)), start, cpu = perf_cpu_s();
	uint8_t *echo = perf_memory((size_t)p->bytes);
	struct perf_ticks ticks = perf_ticks();
	uint64_t i;

	for (i = 0; i < p->count; i++) {
		start = now_s();
		if (link_send(l, p->data, (size_t)p->bytes, 0) ||
		    link_recv_all(l, echo, (size_t)p->bytes))
			lost(l);
		us[i] = (now_s() - start) * 1e6;
		r->seconds += us[i] / 1e6;
		if (memcmp(p->data, echo, (size_t)p->bytes))
			errx(EXIT_FAILED, "the echo of request %llu has other bytes",
			     (unsigned long long)i);
	}
	r->cpu = perf_cpu_s() - cpu;
	r->busy = perf_busy(ticks);
	r->bytes = p->bytes * p->count;
	perf_percentiles(r, us, p->count);
}

int perf_client(struct perf *p)
{
	struct perf_result r = { 0 };
	struct link l;
	int match;

	perf_source(p);
	perf_begin(p, &l);
	if (p->kind == PERF_RR)
		round_trips(p, &l, &r);
	else
		perf_bulk(p, &l, &r);
	match = p->kind == PERF_RR ||
		(r.bytes == p->bytes && !strcmp(r.hash, r.peer_hash));
	perf_report(p, &l, &r, match);
	close(l.fd);
	if (!match)
		warnx("the server has other bytes");
	return match ? EXIT_OK : EXIT_FAILED;
}
