// SPDX-License-Identifier: GPL-2.0
/*
 * What the protocol core costs per packet, natively and without cryptography.
 *
 * Two established connections; then each operation is done in trains of 44
 * packets, as glue does it, and only the call into the core is timed. A figure
 * is the median of the repetitions; the spread is that of their middle half,
 * since one repetition in which another program ran says nothing. Allocation is
 * a list per kind, about what the kernel's slab costs.
 *
 *	core_bench [-c CPU] [-o FILE] [-r REPETITIONS] [--judge]
 *	core_bench --count
 *
 * --judge fails, with status 1, where a figure is above its limit: for a machine that
 * does nothing else. --count looks at what does not depend on the machine only, bytes
 * and allocations, and says it in TAP: that is part of every test.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "../shim/pair.h"
#include "../../kmod/core/wire_frame.h"
#include "../../kmod/core/pmtud.h"

#define TRAIN		44		/* datagrams of 1452 in one GSO skb */
#define PAYLOAD		1400		/* stream bytes per packet */
#define TRAINS		400		/* per repetition */
#define MAX_REPS	101
#define SLOT		2048		/* of one received packet */
#define CHUNK		(1U << 20)	/* of the application's data */
#define STREAM_WINDOW	(1ULL << 50)
#define FEW		10
#define MANY		10000

enum metric {
	INGEST,		/* quic_conn_recv(), trains */
	INGEST_ONE,	/* quic_conn_recv(), one packet per call */
	READ,		/* peek and consume, per packet's chunk */
	ACK_OUT,	/* quic_conn_build() of an ACK, per call */
	BUILD,		/* quic_conn_build(), per full packet */
	ACK_IN,		/* quic_conn_recv() of an ACK of 64 packets, per packet */
	LOSS_FEW,	/* quic_conn_recv() of an ACK with 1,000 losses, per packet lost */
	LOSS_MANY,	/* the same with 10,000 */
	BUILD_FEW,	/* the same, FEW streams that share */
	BUILD_MANY,	/* the same FEW, MANY are open */
	BUILD_ALL,	/* MANY share: every packet finds a stream that no cache has */
	INGEST_FEW,	/* trains, each packet of the next of FEW streams */
	INGEST_MANY,	/* the same FEW, MANY are open */
	INGEST_ALL,	/* of the next of MANY */
	REFERENCE,	/* 100 dependent multiplications: how fast is the machine now? */
	METRICS,
};

static const char *const names[METRICS] = {
	[INGEST] = "core.ingest_ns",
	[INGEST_ONE] = "core.ingest_single_ns",
	[READ] = "core.read_ns",
	[ACK_OUT] = "core.build_ack_ns",
	[BUILD] = "core.build_ns",
	[ACK_IN] = "core.ack_ns_per_packet",
	[LOSS_FEW] = "core.loss_1000_ns_per_packet",
	[LOSS_MANY] = "core.loss_10000_ns_per_packet",
	[BUILD_FEW] = "core.build_10_ns",
	[BUILD_MANY] = "core.build_10000_ns",
	[BUILD_ALL] = "core.build_10000_busy_ns",
	[INGEST_FEW] = "core.ingest_10_ns",
	[INGEST_MANY] = "core.ingest_10000_ns",
	[INGEST_ALL] = "core.ingest_10000_busy_ns",
	[REFERENCE] = "core.reference_ns",
};

/* Figures of which one run says all. */
enum fact {
	BUILD_RATIO,	/* medians by each other: what many open streams cost, by what few do */
	INGEST_RATIO,
	STREAMS_RATIO,	/* the larger of both */
	LOSS_RATIO,	/* a packet lost among 10,000, by one among 1,000 */
	CONN_BYTES,	/* that a connection keeps allocated when all was said, idle */
	ALLOCS,		/* in steady state: received, read, acknowledged, built */
	FACTS,
};

static struct {
	const char *name, *unit;
	double value;
} facts[FACTS] = {
	[BUILD_RATIO] = { "core.build_10000_over_10", "ratio", 0 },
	[INGEST_RATIO] = { "core.ingest_10000_over_10", "ratio", 0 },
	[STREAMS_RATIO] = { "core.streams_ratio", "ratio", 0 },
	[LOSS_RATIO] = { "core.loss_ratio", "ratio", 0 },
	[CONN_BYTES] = { "core.conn_bytes", "bytes", 0 },
	[ALLOCS] = { "core.allocs_per_packet", "allocations", 0 },
};

/* Above this a figure fails. */
static const struct limit {
	const char *name;
	double most;
	bool counted;		/* the same on every machine */
} limits[] = {
	{ .name = "core.ingest_ns", .most = 120 },
	{ .name = "core.build_ns", .most = 150 },
	{ .name = "core.ack_ns_per_packet", .most = 25 },
	{ .name = "core.streams_ratio", .most = 1.2 },
	/* linear: ten times the losses, each the same */
	{ .name = "core.loss_ratio", .most = 1.5 },
	{ .name = "core.allocs_per_packet", .most = 0, .counted = true },
	{ .name = "core.conn_bytes", .most = 4096, .counted = true },
};

static double results[METRICS][MAX_REPS];
static u64 n_allocs, n_pkts;	/* of the steady state */
static u64 clock_cost;

static u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * QUIC_NS_PER_SEC + ts.tv_nsec;
}

/* What two calls of the clock cost each other. */
static void calibrate(void)
{
	u64 best = U64_MAX, t;
	int i;

	for (i = 0; i < 10000; i++) {
		t = now_ns();
		t = now_ns() - t;
		best = min(best, t);
	}
	clock_cost = best;
}

static u64 since(u64 start)
{
	u64 t = now_ns() - start;

	return t > clock_cost ? t - clock_cost : 0;
}

static void die(const char *what)
{
	fprintf(stderr, "core_bench: %s\n", what);
	exit(1);
}

static struct pair *connected(void)
{
	struct pair_cfg cfg;
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	cfg.check_every = 0;
	for (i = 0; i < 2; i++) {
		cfg.local[i].initial_max_streams_bidi = MANY;
		cfg.local[i].initial_max_data = STREAM_WINDOW;
		cfg.local[i].initial_max_stream_data_bidi_remote = STREAM_WINDOW;
	}
	p = pair_new(&cfg);
	if (!pair_run(p, pair_confirmed, p->now + QUIC_NS_PER_SEC))
		die("no handshake");
	pair_run(p, NULL, p->now + QUIC_NS_PER_SEC);
	return p;
}

/*
 * A chain of multiplications, which takes the same number of cycles always: on
 * a machine shared with others, compare figures with it beside them.
 */
static double reference(void)
{
	u64 start = now_ns(), x = start | 1;
	u32 i;

	for (i = 0; i < 1000000; i++) {
		x *= 0x9e3779b97f4a7c15ULL;
		__asm__ __volatile__("" : "+r"(x));
	}
	return (double)since(start) / 10000;
}

/* ---- receiving ---- */

struct rx_bench {
	struct pair *p;
	struct quic_conn *conn;
	struct quic_rxbuf *buf[TRAIN];
	struct quic_rx_pkt pkt[TRAIN];
	u64 pn;
	u64 off;
};

static void rx_fill(struct rx_bench *b, u32 n)
{
	struct quic_wcur w;
	u32 i;

	for (i = 0; i < n; i++) {
		struct quic_rx_pkt *r = &b->pkt[i];

		b->buf[i] = shim_rxbuf_new(SLOT);
		w = quic_wcur_init(b->buf[i]->data, SLOT);
		quic_frame_put_stream_hdr(&w, 0, b->off, PAYLOAD, false, false);
		*r = (struct quic_rx_pkt){
			.buf = b->buf[i], .data = b->buf[i]->data,
			.len = w.p - b->buf[i]->data + PAYLOAD,
			.dgram_len = 1452, .level = QUIC_CRYPTO_APP, .pn = b->pn++,
		};
		b->off += PAYLOAD;
	}
}

static void rx_drop_refs(struct rx_bench *b, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		quic_host_rxbuf_put(b->buf[i]);
}

/* Read all; touch a byte of each chunk. Return: ns. */
static u64 rx_read(struct rx_bench *b)
{
	struct quic_stream *s;
	volatile u8 sink;
	const u8 *data;
	u64 start = now_ns();
	u32 len;

	while ((s = quic_conn_readable(b->conn))) {
		data = quic_stream_peek(s, &len);
		sink = *data;
		quic_stream_consume(b->conn, s, len);
	}
	(void)sink;
	return since(start);
}

static u64 build_once(struct pair *p, struct pair_end *e, u32 max, u32 *n)
{
	u64 start;

	e->batch.n = 0;
	e->batch.n_dgrams = 0;
	e->batch.max_dgrams = max;
	e->batch.host = &e->arena;
	e->arena.used = 0;
	start = now_ns();
	*n = quic_conn_build(e->conn, &e->batch, p->now);
	return since(start);
}

static void rx_rep(struct rx_bench *b, int rep)
{
	u64 ingest = 0, one = 0, read = 0, ack = 0, start;
	u64 allocs = shim_host_allocs();
	struct pair *p = b->p;
	u32 t, n, acks = 0;

	for (t = 0; t < TRAINS; t++) {
		p->now += 500000;
		rx_fill(b, TRAIN);
		start = now_ns();
		quic_conn_recv(b->conn, b->pkt, TRAIN, p->now);
		ingest += since(start);
		rx_drop_refs(b, TRAIN);
		read += rx_read(b);
		ack += build_once(p, &p->end[PAIR_SERVER], 1, &n);
		acks += n;

		rx_fill(b, 1);
		start = now_ns();
		quic_conn_recv(b->conn, b->pkt, 1, p->now);
		one += since(start);
		rx_drop_refs(b, 1);
		rx_read(b);
	}
	if (acks != TRAINS)
		die("an ACK per train was expected");
	n_allocs += shim_host_allocs() - allocs;
	n_pkts += TRAINS * (TRAIN + 1);
	results[INGEST][rep] = (double)ingest / TRAINS / TRAIN;
	results[INGEST_ONE][rep] = (double)one / TRAINS;
	results[READ][rep] = (double)read / TRAINS / TRAIN;
	results[ACK_OUT][rep] = (double)ack / acks;
}

static void bench_rx(int reps)
{
	struct rx_bench b = { .p = connected() };
	int rep;

	b.conn = b.p->end[PAIR_SERVER].conn;
	b.pn = b.conn->space[QUIC_SPACE_APP].rx_next;
	rx_rep(&b, 0);			/* warm up */
	n_allocs = 0;
	n_pkts = 0;
	for (rep = 0; rep < reps; rep++) {
		results[REFERENCE][rep] = reference();
		rx_rep(&b, rep);
	}
	if (b.conn->stats.stream_bytes_recv != b.off || b.conn->stats.pkts_dropped)
		die("bytes were lost on the way in");
	pair_free(b.p);
}

/* ---- sending ---- */

static void tx_refill(struct quic_conn *conn, struct quic_stream *s)
{
	struct quic_txbuf *buf;
	bool merged;

	while (quic_conn_tx_queued(conn) < 16 * CHUNK) {
		buf = shim_txbuf_new(CHUNK);
		buf->held = CHUNK;
		if (quic_stream_append(conn, s, buf->data, CHUNK, buf, &merged))
			die("append");
	}
}

/* Acknowledge @pn and up to 100,000 in front of it, if @all. Return: ns. */
static u64 tx_ack(struct pair *p, struct quic_conn *conn, u64 pn, bool all, u64 rx_pn)
{
	u8 frame[64];
	struct quic_wcur w = quic_wcur_init(frame, sizeof(frame));
	struct quic_rx_pkt r = {
		.data = frame, .dgram_len = 60, .level = QUIC_CRYPTO_APP, .pn = rx_pn,
	};
	u64 start;

	quic_put_u8(&w, QUIC_FRAME_ACK);
	quic_put_varint(&w, pn);
	quic_put_varint(&w, 10);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, all ? min_t(u64, pn, 100000) : 0);
	r.len = w.p - frame;
	start = now_ns();
	quic_conn_recv(conn, &r, 1, p->now);
	return since(start);
}

/* A window and a rate that hold nothing back. */
static void tx_open(struct quic_conn *conn)
{
	struct quic_path *path = &conn->path;

	path->cc.cwnd = 1ULL << 32;
	quic_pacer_update(&path->pacer, path->cc.cwnd, path->rtt.smoothed, true,
			  path->mtu);
}

/* One train. Return: ns. */
static u64 tx_train(struct pair *p, u32 max)
{
	u64 took;
	u32 n;

	p->now += 500000;
	took = build_once(p, &p->end[PAIR_CLIENT], max, &n);
	if (n != max)
		die("a short train");
	return took;
}

/* Acknowledge all, open the window. Return: ns. */
static u64 tx_settle(struct pair *p, u64 *rx_pn)
{
	struct quic_conn *conn = p->end[PAIR_CLIENT].conn;
	u64 took;

	p->now += 500000;
	took = tx_ack(p, conn, conn->space[QUIC_SPACE_APP].tx_next - 1, true, (*rx_pn)++);
	tx_open(conn);
	return took;
}

static void tx_rep(struct pair *p, struct quic_stream *s, u64 *rx_pn, int rep)
{
	struct quic_conn *conn = p->end[PAIR_CLIENT].conn;
	u64 build = 0, ack = 0, allocs;
	u32 t;

	for (t = 0; t < TRAINS; t++) {
		tx_refill(conn, s);
		allocs = shim_host_allocs();
		build += tx_train(p, TRAIN);
		tx_settle(p, rx_pn);
		tx_train(p, 32);
		tx_train(p, 32);
		ack += tx_settle(p, rx_pn);
		n_allocs += shim_host_allocs() - allocs;
	}
	n_pkts += TRAINS * (TRAIN + 64);
	results[BUILD][rep] = (double)build / TRAINS / TRAIN;
	results[ACK_IN][rep] = (double)ack / TRAINS / 64;
}

static void bench_tx(int reps)
{
	struct pair *p = connected();
	struct quic_conn *conn = p->end[PAIR_CLIENT].conn;
	struct quic_stream *s;
	u64 rx_pn = conn->space[QUIC_SPACE_APP].rx_next, allocs = n_allocs, pkts = n_pkts;
	int rep;

	if (quic_conn_stream_open(conn, false, &s))
		die("no stream");
	conn->skips.next = U64_MAX;	/* its ACKs are of everything */
	tx_open(conn);
	p->now += QUIC_NS_PER_SEC;
	tx_rep(p, s, &rx_pn, 0);	/* warm up, which allocates */
	n_allocs = allocs;
	n_pkts = pkts;
	for (rep = 0; rep < reps; rep++)
		tx_rep(p, s, &rx_pn, rep);
	if (conn->stats.pkts_lost || conn->stats.pkts_retrans)
		die("packets were lost on the way out");
	pair_free(p);
}

/* Only the last of @n packets in flight is acknowledged: all others are lost. */
static void bench_loss(u32 n, enum metric m, int reps)
{
	struct pair *p = connected();
	struct quic_conn *conn = p->end[PAIR_CLIENT].conn;
	u64 rx_pn = conn->space[QUIC_SPACE_APP].rx_next, lost, took;
	struct quic_stream *s;
	u32 i;
	int rep;

	if (quic_conn_stream_open(conn, false, &s))
		die("no stream");
	conn->skips.next = U64_MAX;
	p->now += QUIC_NS_PER_SEC;
	for (rep = -1; rep < reps; rep++) {
		tx_open(conn);
		for (i = 0; i < n / 40; i++) {
			tx_refill(conn, s);
			tx_train(p, 40);
		}
		p->now += 500000;
		lost = conn->stats.pkts_lost;
		took = tx_ack(p, conn, conn->space[QUIC_SPACE_APP].tx_next - 1, false, rx_pn++);
		lost = conn->stats.pkts_lost - lost;
		if (lost < n - 10)
			die("not all were lost");
		if (rep >= 0)
			results[m][rep] = (double)took / lost;
		/* All is sent again; the size of packets is to stay. */
		quic_pmtud_alive(conn);
		tx_open(conn);
		while (conn->streams.sched.again)
			tx_train(p, 8);
		tx_settle(p, &rx_pn);
	}
	pair_free(p);
}

/* ---- many streams ---- */

static struct quic_stream *open_shared(struct quic_conn *conn)
{
	struct quic_stream *s;

	if (quic_conn_stream_open(conn, false, &s) ||
	    quic_stream_set_priority(conn, s, 3, true))
		die("no stream");
	return s;
}

/*
 * @open streams, of which @n, spread over them, always have 64 KiB: a part of the train
 * of each in turn, or a packet where they are many.
 */
static void bench_build(u32 open, u32 n, enum metric m, int reps)
{
	struct pair *p = connected();
	struct quic_conn *conn = p->end[PAIR_CLIENT].conn;
	u64 rx_pn = conn->space[QUIC_SPACE_APP].rx_next, build;
	struct quic_stream **s = calloc(open, sizeof(*s));
	struct quic_txbuf *buf;
	bool merged;
	u32 i, t;
	int rep;

	for (i = 0; i < open; i++)
		s[i] = open_shared(conn);
	for (i = 0; i < n; i++)
		s[i] = s[i * (open / n)];
	conn->skips.next = U64_MAX;	/* its ACKs are of everything */
	tx_open(conn);
	p->now += QUIC_NS_PER_SEC;
	for (rep = -1; rep < reps; rep++) {
		for (build = 0, t = 0; t < TRAINS; t++) {
			for (i = 0; i < n; i++) {
				if (s[i]->tx.end - s[i]->tx.next >= 65536)
					continue;
				buf = shim_txbuf_new(65536);
				buf->held = 65536;
				if (quic_stream_append(conn, s[i], buf->data, 65536, buf, &merged))
					die("append");
			}
			build += tx_train(p, TRAIN);
			tx_settle(p, &rx_pn);
		}
		if (rep >= 0)
			results[m][rep] = (double)build / TRAINS / TRAIN;
	}
	free(s);
	pair_free(p);
}

/* Packet after packet is of the next of @n streams, spread over @open. */
static void bench_ingest(u32 open, u32 n, enum metric m, int reps)
{
	struct rx_bench b = { .p = connected() };
	u64 *off = calloc(n, sizeof(*off)), ingest, start;
	struct quic_wcur w;
	u32 i, t, id = 0;
	int rep;

	b.conn = b.p->end[PAIR_SERVER].conn;
	b.pn = b.conn->space[QUIC_SPACE_APP].rx_next;
	for (rep = -1; rep < reps; rep++) {
		for (ingest = 0, t = 0; t < TRAINS; t++) {
			b.p->now += 500000;
			rx_fill(&b, TRAIN);
			for (i = 0; i < TRAIN; i++) {
				id = (id + 7919) % n;
				w = quic_wcur_init(b.buf[i]->data, SLOT);
				quic_frame_put_stream_hdr(&w, 4ULL * (open - 1 - id * (open / n)),
							  off[id], PAYLOAD, false, false);
				b.pkt[i].len = w.p - b.buf[i]->data + PAYLOAD;
				off[id] += PAYLOAD;
			}
			start = now_ns();
			quic_conn_recv(b.conn, b.pkt, TRAIN, b.p->now);
			ingest += since(start);
			rx_drop_refs(&b, TRAIN);
			rx_read(&b);
			build_once(b.p, &b.p->end[PAIR_SERVER], 1, &i);
		}
		if (rep >= 0)
			results[m][rep] = (double)ingest / TRAINS / TRAIN;
	}
	if (b.conn->stats.pkts_dropped)
		die("packets were dropped");
	free(off);
	pair_free(b.p);
}

/* ---- memory ---- */

/*
 * Both ends have sent and received over a link that loses and reorders; then they are
 * silent for ten seconds. Streams are gone, the handshake is long over.
 */
static void bench_memory(void)
{
	struct pair_cfg cfg;
	struct pair *p;
	u32 i, left = 0;

	shim_host_reset(1);
	pair_defaults(&cfg);
	cfg.check_every = 0;
	for (i = 0; i < 2; i++) {
		cfg.link[i].loss = 20;
		cfg.link[i].reorder = 100;
		cfg.link[i].reorder_delay = 10 * QUIC_NS_PER_MS;
		cfg.local[i].max_idle_timeout = 60000;
	}
	p = pair_new(&cfg);
	for (i = 0; i < 8; i++)
		pair_flow(p, i % 2 ? PAIR_CLIENT : PAIR_SERVER, 2 << 20);
	if (!pair_run(p, pair_all_done, p->now + 1000 * QUIC_NS_PER_SEC))
		die("nothing arrives");
	pair_run(p, NULL, p->now + 10 * QUIC_NS_PER_SEC);
	for (i = 0; i < 2; i++)
		left += p->end[i].conn->streams.n_open;
	if (left || !pair_established(p))
		die("a connection is not idle");
	facts[CONN_BYTES].value = shim_host_bytes() / 2;
	pair_free(p);
}

/* ---- reporting ---- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double ratio(enum metric many, enum metric few, int reps)
{
	return results[many][reps / 2] / results[few][reps / 2];
}

/* With results[] in order. */
static void report_facts(FILE *out, int reps)
{
	u32 i;

	facts[BUILD_RATIO].value = ratio(BUILD_MANY, BUILD_FEW, reps);
	facts[INGEST_RATIO].value = ratio(INGEST_MANY, INGEST_FEW, reps);
	facts[STREAMS_RATIO].value = max(facts[BUILD_RATIO].value, facts[INGEST_RATIO].value);
	facts[LOSS_RATIO].value = ratio(LOSS_MANY, LOSS_FEW, reps);
	facts[ALLOCS].value = (double)n_allocs / n_pkts;
	for (i = 0; i < FACTS; i++) {
		printf("%-30s %9.2f %s\n", facts[i].name, facts[i].value, facts[i].unit);
		if (out)
			fprintf(out, "{\"name\":\"%s\",\"value\":%.2f,"
				"\"unit\":\"%s\",\"spread\":0}\n",
				facts[i].name, facts[i].value, facts[i].unit);
	}
}

static void report(FILE *out, int reps)
{
	double *r, median, spread;
	int m;

	printf("%-30s %9s %9s %9s %9s   (ns per packet, %d repetitions)\n", "",
	       "median", "spread", "lowest", "highest", reps);
	for (m = 0; m < METRICS; m++) {
		r = results[m];
		qsort(r, reps, sizeof(*r), by_value);
		median = r[reps / 2];
		spread = r[reps - 1 - reps / 4] - r[reps / 4];
		printf("%-30s %9.1f %9.1f %9.1f %9.1f\n", names[m], median, spread,
		       r[0], r[reps - 1]);
		if (out)
			fprintf(out, "{\"name\":\"%s\",\"value\":%.1f,"
				"\"unit\":\"ns\",\"spread\":%.1f}\n",
				names[m], median, spread);
	}
	report_facts(out, reps);
}

/* ---- judging ---- */

static double figure(const char *name, int reps)
{
	u32 i;

	for (i = 0; i < METRICS; i++)
		if (!strcmp(names[i], name))
			return results[i][reps / 2];
	for (i = 0; i < FACTS; i++)
		if (!strcmp(facts[i].name, name))
			return facts[i].value;
	die(name);
	return 0;
}

/* Return: how many figures are above their limits. */
static u32 judge(int reps)
{
	u32 i, bad = 0;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		const struct limit *l = &limits[i];
		double v = figure(l->name, reps);

		printf("%-30s %9.2f %s %g\n", l->name, v,
		       v > l->most ? "is above" : "is at most", l->most);
		bad += v > l->most;
	}
	return bad;
}

/* The figures that are counted, as a test. */
static int count(void)
{
	u32 i, n = 0, bad = 0;

	bench_memory();
	shim_host_fast();
	bench_rx(1);
	bench_tx(1);
	facts[ALLOCS].value = (double)n_allocs / n_pkts;
	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		double v = figure(limits[i].name, 1);

		if (!limits[i].counted)
			continue;
		printf("%s %u - %s is %g at most\n", v > limits[i].most ? "not ok" : "ok",
		       ++n, limits[i].name, limits[i].most);
		/* exactly: an allocation in a million packets is one */
		printf("# %.9g\n", v);
		bad += v > limits[i].most;
	}
	printf("1..%u\n", n);
	return bad ? 1 : 0;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fprintf(stderr, "core_bench: cannot be pinned to CPU %d\n", cpu);
}

int main(int argc, char **argv)
{
	static const struct option words[] = {
		{ "judge", no_argument, NULL, 'J' },
		{ "count", no_argument, NULL, 'C' },
		{ NULL, 0, NULL, 0 },
	};
	int cpu = sched_getcpu(), reps = 21, opt;
	bool judged = false;
	FILE *out = NULL;

	while ((opt = getopt_long(argc, argv, "c:o:r:", words, NULL)) != -1) {
		if (opt == 'c') {
			cpu = atoi(optarg);
		} else if (opt == 'r') {
			reps = clamp(atoi(optarg), 9, MAX_REPS);
		} else if (opt == 'o') {
			out = fopen(optarg, "w");
			if (!out)
				die("cannot write the results");
		} else if (opt == 'J') {
			judged = true;
		} else if (opt == 'C') {
			return count();
		} else {
			return 2;
		}
	}
	pin(cpu < 0 ? 0 : cpu);
	calibrate();
	bench_memory();
	shim_host_fast();
	bench_rx(reps);
	bench_tx(reps);
	bench_loss(1000, LOSS_FEW, reps);
	bench_loss(10000, LOSS_MANY, reps);
	bench_build(FEW, FEW, BUILD_FEW, reps);
	bench_build(MANY, FEW, BUILD_MANY, reps);
	bench_build(MANY, MANY, BUILD_ALL, reps);
	bench_ingest(FEW, FEW, INGEST_FEW, reps);
	bench_ingest(MANY, FEW, INGEST_MANY, reps);
	bench_ingest(MANY, MANY, INGEST_ALL, reps);
	report(out, reps);
	if (out)
		fclose(out);
	return judged && judge(reps) ? 1 : 0;
}
