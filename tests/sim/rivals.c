// SPDX-License-Identifier: GPL-2.0
/*
 * Two connections through one bottleneck: does each get its share?
 *
 * Two pairs live on one clock: whichever has the next thing to do does it. They share
 * the queues in front of the links' rates and nothing else; what one sends waits behind
 * what the other sent. Each has a transfer without end, and the bytes that were read
 * within a minute are compared. A second flow that begins with the first, some tens of
 * milliseconds apart, is counted from the first second on; one that comes late after
 * some seconds in which it finds its place.
 *
 * "Within 20 %" is: one has at least 80 % of what the other has; NewReno has to have 70 %.
 * And both together fill nine tenths of the link. What CUBIC and NewReno make of each
 * other is printed; that neither starves is judged.
 *
 * On this path losses come about once a second, and a minute averages over many. Where
 * windows are of hundreds of datagrams and both flows lose with each overflow, CUBIC's
 * shares move little from one loss to the next, and a minute has ten of these: it says
 * more of how the flows began. That is the RFC's: its formulas alone, two windows that
 * fill a queue at 100 Mbit/s and 50 ms, have 7 losses in a minute and end at 0.80 of each
 * other from 60 : 40, if both lose each time; at 0.84, of twenty runs 0.54 at worst, from
 * equal windows where one of them escapes three losses in ten; at 20 Mbit/s and 20 ms, with
 * 90 losses, at 0.99 and 0.92. The far path is judged like the mixed pair.
 */
#include <stdio.h>
#include "sim.h"

#define MINUTE		(60 * SEC)
#define RATE		MBIT(20)
#define NEAR_DELAY	(10 * MS)
#define FAR_DELAY	(50 * MS)
#define USED_LEAST	90	/* percent of what the link carries */

/**
 * struct contest - who meets whom
 * @newreno: [flow], else CUBIC
 * @delay: one way, ns; the queue holds a round trip's bytes
 * @late: when the second begins, ns of the run
 * @from: from when on a minute is counted, ns of the run
 * @least: what either has, in percent of the other's
 */
struct contest {
	bool newreno[2];
	u64 delay;
	u64 late;
	u64 from;
	u32 least;
};

/**
 * struct rivals - a run of it
 * @flow: the runs of both
 * @sc: what they play
 * @r: what becomes of each
 * @queue: by direction
 * @before: bytes that were read before they count
 */
struct rivals {
	struct sim_run flow[2];
	struct sim_scenario sc[2];
	struct sim_result r[2];
	struct pair_queue queue[2];
	u64 before[2];
};

static const struct sim_scenario endless = {
	.name = "rivals",
	.link = BOTH(.jitter = 200000, .rate = RATE),
	.load = { .n = { 1, 0 }, .bytes = { 1000 * MB } },
	.window = 4 * MB, .stream_window = 4 * MB, .tx_max = 2 * MB, .check_every = 64,
};

static u64 read_by(const struct rivals *v, u32 i)
{
	return v->flow[i].p ? v->flow[i].p->flow[0].received : 0;
}

static void begin(struct rivals *v, u32 i, u64 seed)
{
	sim_join(&v->flow[i], 2 * seed + i);
	pair_pump(v->flow[i].p);
}

static void set_link(struct pair_link *l, const struct contest *c)
{
	l->delay = c->delay;
	l->queue = RATE / 1000 * (2 * c->delay / MS);
}

static void set_up(struct rivals *v, const struct contest *c, u64 seed)
{
	u32 i;

	memset(v, 0, sizeof(*v));
	shim_host_reset(seed);
	for (i = 0; i < 2; i++) {
		v->sc[i] = endless;
		v->sc[i].newreno = c->newreno[i];
		set_link(&v->sc[i].link[0], c);
		set_link(&v->sc[i].link[1], c);
		v->flow[i] = (struct sim_run){
			.sc = &v->sc[i], .r = &v->r[i],
			.queue = { &v->queue[0], &v->queue[1] },
		};
	}
	/* up to two round trips apart, or so */
	v->flow[1].late = c->late + seed * 7919 % 97 * MS;
	begin(v, 0, seed);
}

/* Let both go on until @until. Return: no rule was broken. */
static bool go_on(struct rivals *v, u64 seed, u64 until)
{
	const struct sim_run *a = &v->flow[0], *b = &v->flow[1];
	u64 base = a->p->begin, at[2];
	struct pair *next;

	for (;;) {
		at[0] = pair_next(a->p);
		if (!b->p && at[0] >= base + b->late)
			begin(v, 1, seed);
		at[1] = b->p ? pair_next(b->p) : QUIC_TIME_NEVER;
		if (min(at[0], at[1]) > base + until)
			return true;
		next = at[1] < at[0] ? b->p : a->p;
		pair_step(next, min(at[0], at[1]));
		if (next->errors)
			return false;
	}
}

static void judge(struct rivals *v, const struct contest *c, struct sim_run *s)
{
	u64 got[2], sum, i;

	for (i = 0; i < 2; i++)
		got[i] = read_by(v, i) - v->before[i];
	sum = max(got[0] + got[1], 1ULL);
	snprintf(s->r->why, sizeof(s->r->why), "%llu and %llu bytes, %llu : %llu",
		 got[0], got[1], 100 * got[0] / sum, 100 - 100 * got[0] / sum);
	if (min(got[0], got[1]) * 100 < max(got[0], got[1]) * c->least)
		sim_fail(s, "%llu and %llu bytes in a minute: one has less than %u %% of that",
			 got[0], got[1], c->least);
	if (sum * 100 < RATE * 60 * USED_LEAST)
		sim_fail(s, "%llu and %llu bytes in a minute: the link is idle", got[0], got[1]);
}

static void compete(const struct contest *c, u32 nth, struct sim_result *r)
{
	static struct rivals v;
	struct sim_run s = { .r = r };
	u64 seed = nth + 1;
	u32 i;

	memset(r, 0, sizeof(*r));
	set_up(&v, c, seed);
	if (go_on(&v, seed, c->from)) {
		for (i = 0; i < 2; i++)
			v.before[i] = read_by(&v, i);
		if (go_on(&v, seed, c->from + MINUTE))
			judge(&v, c, &s);
	}
	for (i = 0; i < 2; i++) {
		if (!v.flow[i].p)
			continue;
		if (v.flow[i].p->errors)
			sim_fail(&s, "flow %u: %s", i, v.flow[i].p->error);
		r->dgrams += v.flow[i].p->end[0].sent + v.flow[i].p->end[1].sent;
		r->lost += v.flow[i].p->end[0].conn->stats.pkts_lost;
		sim_leave(&v.flow[i]);
		r->steps += v.r[i].steps;
		r->digest = r->digest * 0x9fb21c651e98df25ULL ^ v.r[i].digest;
	}
	r->done_ns = c->from + MINUTE;
	if (r->state == SIM_NOT_RUN)
		r->state = SIM_PASSED;
}

void sim_rivals_cubic(u32 i, struct sim_result *r, struct sim_record *rec)
{
	static const struct contest c = { .delay = NEAR_DELAY, .least = 80 };

	compete(&c, i, r);
}

void sim_rivals_cubic_late(u32 i, struct sim_result *r, struct sim_record *rec)
{
	static const struct contest c = {
		.delay = NEAR_DELAY, .late = 10 * SEC, .from = 15 * SEC, .least = 80,
	};

	compete(&c, i, r);
}

void sim_rivals_cubic_far(u32 i, struct sim_result *r, struct sim_record *rec)
{
	static const struct contest c = { .delay = FAR_DELAY, .least = 40 };

	compete(&c, i, r);
}

void sim_rivals_newreno(u32 i, struct sim_result *r, struct sim_record *rec)
{
	static const struct contest c = {
		.newreno = { true, true }, .delay = NEAR_DELAY, .least = 70,
	};

	compete(&c, i, r);
}

void sim_rivals_newreno_late(u32 i, struct sim_result *r, struct sim_record *rec)
{
	static const struct contest c = {
		.newreno = { true, true }, .delay = NEAR_DELAY,
		.late = 10 * SEC, .from = 15 * SEC, .least = 70,
	};

	compete(&c, i, r);
}

void sim_rivals_mixed(u32 i, struct sim_result *r, struct sim_record *rec)
{
	static const struct contest c = {
		.newreno = { false, true }, .delay = NEAR_DELAY, .least = 40,
	};

	compete(&c, i, r);
}
