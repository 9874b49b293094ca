// SPDX-License-Identifier: GPL-2.0
/*
 * Sweeps: one small connection played again and again with one thing different,
 * through all there is of it.
 *
 *  - Loss masks: bit n drops the nth datagram, over the first 14 of the handshake
 *    and the first 14 from when the connection is closed; of the client, of the
 *    server, and of both in the order they leave. All 2^14 of each.
 *  - Each single datagram of a busy connection lost, and each pair near by.
 *  - The end at any moment, by either side, in each way.
 *
 * A run of number i plays mask i * 4651 mod 2^14, so that every 16th run (make
 * test) is a sample of all masks and not those with the same low bits.
 */
#include "sim.h"

#define BITS	14
#define MASKS	(1U << BITS)

/* What is dropped; a process plays one run at a time. */
static struct {
	u64 mask;
	u64 seen;		/* datagrams counted so far */
	int side;		/* whose; -1: both */
	bool on;
	u32 dropped;
} drops;

static bool drop(struct pair *p, enum pair_side from, u64 n)
{
	u64 nth;

	if (!drops.on || (drops.side >= 0 && drops.side != (int)from))
		return false;
	nth = drops.seen++;
	if (nth >= 64 || !(drops.mask >> nth & 1))
		return false;
	drops.dropped++;
	return true;
}

static void set_drops(u64 mask, int side, bool on)
{
	drops.mask = mask;
	drops.seen = 0;
	drops.side = side;
	drops.on = on;
	drops.dropped = 0;
}

static u32 nth_mask(u32 i)
{
	return i * 4651 & (MASKS - 1);
}

/* ---- handshake ---- */

static const struct sim_scenario handshake = {
	.name = "handshake masks",
	.link = {
		{ .delay = 10 * MS, .drop = drop },
		{ .delay = 10 * MS, .drop = drop },
	},
	.load = { .n = { 1, 1 }, .bytes = { 2000, 2000 } },
	/* Nothing may end it but success; who misses its end waits. */
	.idle_ms = 300000, .closed_by = 400 * SEC,
};

/*
 * How long a handshake may take that lost @n datagrams. A PTO begins at 1 s, and
 * doubles each time nothing comes of it; one sends a probe at least. Where both
 * ends lose, both wait, and one's wait ends the other's.
 */
static u64 handshake_bound(u32 n)
{
	return SEC * ((2ULL << min(n, 9U)) + 1);
}

/* One in three offers 0-RTT, which the server takes, or refuses. */
static void play_handshake(u32 i, int side, struct sim_result *r, struct sim_record *rec)
{
	struct sim_scenario sc = handshake;
	struct sim_run s = { .sc = &sc, .r = r, .rec = rec };
	u64 bound;

	sc.early = i % 3 ? PAIR_EARLY_NONE : i % 2 ? PAIR_EARLY_ACCEPTED : PAIR_EARLY_REFUSED;

	set_drops(nth_mask(i), side, true);
	sim_begin(&s, i);
	sim_play(&s);
	bound = handshake_bound(drops.dropped);
	if (r->done_ns > bound)
		sim_fail(&s, "mask %#llx lost %u: done after %llu ms, %llu at most",
			 drops.mask, drops.dropped, div_u64(r->done_ns, MS),
			 div_u64(bound, MS));
	r->lost = drops.dropped;
	sim_finish(&s);
}

static void hs_both(u32 i, struct sim_result *r, struct sim_record *rec)
{
	play_handshake(i, -1, r, rec);
}

static void hs_client(u32 i, struct sim_result *r, struct sim_record *rec)
{
	play_handshake(i, PAIR_CLIENT, r, rec);
}

static void hs_server(u32 i, struct sim_result *r, struct sim_record *rec)
{
	play_handshake(i, PAIR_SERVER, r, rec);
}

/* ---- close ---- */

static const struct sim_scenario closing = {
	.name = "close masks",
	.link = {
		{ .delay = 10 * MS, .rate = MBIT(4), .drop = drop },
		{ .delay = 10 * MS, .rate = MBIT(4), .drop = drop },
	},
	.load = { .n = { 1, 1 }, .bytes = { 10 * MB, 10 * MB } },
	.tx_max = 32 * KB,
	.idle_ms = 5000,
	.end = SIM_END_CLOSE,
	/* Who never hears of it gives up by itself. */
	.closed_by = 6 * SEC,
};

static void play_close(u32 i, int side, struct sim_result *r, struct sim_record *rec)
{
	struct sim_run s = { .sc = &closing, .r = r, .rec = rec };
	const struct quic_close_info *info;

	set_drops(nth_mask(i), side, false);
	sim_begin(&s, i);
	if (pair_run(s.p, NULL, s.p->begin + 80 * MS) || !pair_confirmed(s.p))
		sim_fail(&s, "not established");
	drops.on = true;
	sim_close(&s);
	/* A peer that sends is told again (RFC 9000 10.2.1). */
	info = quic_conn_close_info(s.p->end[PAIR_SERVER].conn);
	if (drops.dropped <= 3 && info->origin != QUIC_CLOSE_PEER)
		sim_fail(&s, "mask %#llx lost %u: the peer never heard of the end",
			 drops.mask, drops.dropped);
	r->lost = drops.dropped;
	sim_finish(&s);
}

static void close_both(u32 i, struct sim_result *r, struct sim_record *rec)
{
	play_close(i, -1, r, rec);
}

static void close_client(u32 i, struct sim_result *r, struct sim_record *rec)
{
	play_close(i, PAIR_CLIENT, r, rec);
}

static void close_server(u32 i, struct sim_result *r, struct sim_record *rec)
{
	play_close(i, PAIR_SERVER, r, rec);
}

/* ---- a good end: everything acknowledged first ---- */

static const struct sim_scenario ending = {
	.name = "shutdown masks",
	.link = { { .delay = 10 * MS, .drop = drop }, { .delay = 10 * MS, .drop = drop } },
	.load = { .n = { 1, 1 }, .bytes = { 20 * KB, 20 * KB } },
	.idle_ms = 100000,
	.end = SIM_END_SHUTDOWN,
	.closed_by = 101 * SEC,
};

static bool begun(struct pair *p)
{
	return p->flow[0].received && p->flow[1].received;
}

static void shutdown_both(u32 i, struct sim_result *r, struct sim_record *rec)
{
	struct sim_run s = { .sc = &ending, .r = r, .rec = rec };

	set_drops(nth_mask(i), -1, false);
	sim_begin(&s, i);
	pair_run(s.p, begun, s.p->begin + SEC);
	drops.on = true;
	sim_play(&s);
	r->lost = drops.dropped;
	sim_finish(&s);
}

/* ---- key moments ---- */

#define MOMENTS	200

static const struct sim_scenario busy = {
	.name = "key moments",
	.link = {
		{ .delay = 10 * MS, .rate = MBIT(20), .queue = 60 * KB, .drop = drop },
		{ .delay = 10 * MS, .rate = MBIT(20), .queue = 60 * KB, .drop = drop },
	},
	.load = { .n = { 6, 6 }, .bytes = { 12 * KB, 12 * KB } },
	.window = 24 * KB, .stream_window = 5 * KB, .streams = 3,
	.done_by = 4 * SEC, .closed_by = 3 * SEC,
};

static bool moment_lost(struct pair *p, enum pair_side from, u64 n)
{
	u64 nth = drops.seen++;

	return nth == (drops.mask & 0xffff) || nth == drops.mask >> 16;
}

static void play_moment(u64 first, u64 second, u32 seed, struct sim_result *r,
			struct sim_record *rec)
{
	struct sim_scenario sc = busy;
	struct sim_run s = { .sc = &sc, .r = r, .rec = rec };

	sc.link[0].drop = moment_lost;
	sc.link[1].drop = moment_lost;
	set_drops(first | second << 16, -1, true);
	sim_begin(&s, seed);
	sim_play(&s);
	sim_finish(&s);
}

static void one_lost(u32 i, struct sim_result *r, struct sim_record *rec)
{
	play_moment(i, i, i, r, rec);
}

#define NEAR	12

static void two_lost(u32 i, struct sim_result *r, struct sim_record *rec)
{
	play_moment(i / NEAR, i / NEAR + 1 + i % NEAR, i, r, rec);
}

/* ---- the end at any moment ---- */

#define END_MOMENTS	120
#define END_WAYS	6

static u64 end_after;

static bool end_now(struct pair *p)
{
	return p->end[0].sent + p->end[1].sent >= end_after;
}

static void end_in_a_way(struct pair *p, u32 way)
{
	struct quic_conn *conn = p->end[way & 1].conn;

	if (!conn)
		return;
	if (way / 2 == 0)
		quic_conn_close(conn, true, 1, "any moment", p->now);
	else if (way / 2 == 1)
		quic_conn_shutdown(conn, 0, "", 3 * SEC, p->now);
	else if (quic_conn_state(conn) == QUIC_CONN_HANDSHAKE)
		quic_conn_handshake_fail(conn, 40, "any moment", p->now);
	else
		quic_conn_close(conn, false, 2, "any moment", p->now);
	pair_pump(p);
}

static void any_end(u32 i, struct sim_result *r, struct sim_record *rec)
{
	struct sim_scenario sc = busy;
	struct sim_run s = { .sc = &sc, .r = r, .rec = rec };
	struct pair *p;

	sc.end = SIM_END_EVENT;
	sc.idle_ms = 3000;
	/* A server only just created may be left alone by its client. */
	sc.handshake_ms = 5000;
	sc.closed_by = 10 * SEC;
	set_drops(0, -1, false);
	end_after = i / END_WAYS;
	sim_begin(&s, i);
	p = s.p;
	pair_run(p, end_now, p->begin + 5 * SEC);
	end_in_a_way(p, i % END_WAYS);
	sim_close(&s);
	sim_finish(&s);
}

/* ---- elsewhere ---- */

#define TOKENS	100
#define RIVALS	8

const struct sim_sweep sim_sweeps[] = {
	{ "hs-both", "handshake, 14 datagrams of both", MASKS, hs_both },
	{ "hs-client", "handshake, 14 datagrams of the client", MASKS, hs_client },
	{ "hs-server", "handshake, 14 datagrams of the server", MASKS, hs_server },
	{ "close-both", "close, 14 datagrams of both", MASKS, close_both },
	{ "close-client", "close, 14 datagrams of the client", MASKS, close_client },
	{ "close-server", "close, 14 datagrams of the server", MASKS, close_server },
	{ "shutdown-both", "a good end, 14 datagrams of both", MASKS, shutdown_both },
	{ "one-lost", "each datagram lost once", MOMENTS, one_lost },
	{ "two-lost", "each two near by", MOMENTS * NEAR, two_lost },
	{ "any-end", "the end after each datagram, in six ways",
	  END_MOMENTS * END_WAYS, any_end },
	{ "next-time", "NEW_TOKEN: given, used in the next connection, no Retry then",
	  TOKENS, sim_next_time },
	{ "rivals-cubic", "two CUBIC flows share a bottleneck for a minute, within 20 %",
	  RIVALS, sim_rivals_cubic },
	{ "rivals-cubic-late", "the same, the second comes 10 s later", RIVALS,
	  sim_rivals_cubic_late },
	{ "rivals-cubic-far", "two CUBIC flows over 100 ms: neither starves", RIVALS,
	  sim_rivals_cubic_far },
	{ "rivals-newreno", "two NewReno flows, within 20 %", RIVALS, sim_rivals_newreno },
	{ "rivals-newreno-late", "the same, the second comes 10 s later", RIVALS,
	  sim_rivals_newreno_late },
	{ "rivals-mixed", "CUBIC and NewReno: neither starves", RIVALS, sim_rivals_mixed },
};

const u32 sim_n_sweeps = ARRAY_SIZE(sim_sweeps);
