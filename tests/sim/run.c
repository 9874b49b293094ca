// SPDX-License-Identifier: GPL-2.0
/*
 * One run of a scenario, from its seed: set the pair up, let the events happen at
 * their time, see that everything arrives in time, end the connection, see that
 * nothing is left.
 *
 * Everything random comes from the seed, by two generators: the pair's for link
 * and loads, the host's (shim_host_reset()) for connection IDs and failing
 * memory. So a run is the same bit by bit wherever it is repeated.
 */
#include <stdarg.h>
#include <stdio.h>
#include "sim.h"

void sim_fail(struct sim_run *s, const char *fmt, ...)
{
	va_list ap;

	if (s->r->state == SIM_FAILED)
		return;
	s->r->state = SIM_FAILED;
	va_start(ap, fmt);
	vsnprintf(s->r->why, sizeof(s->r->why), fmt, ap);
	va_end(ap);
}

static void set_limits(struct pair_cfg *cfg, const struct sim_scenario *sc)
{
	u64 window = sc->window ? sc->window : 4 * MB;
	u64 stream = sc->stream_window ? sc->stream_window : window / 4;
	u32 streams = sc->streams ? sc->streams : 16, i;

	for (i = 0; i < 2; i++) {
		struct quic_tparams *tp = &cfg->local[i];

		tp->max_idle_timeout = sc->idle_ms ? sc->idle_ms : SIM_IDLE_MS;
		tp->initial_max_data = window;
		tp->initial_max_stream_data_bidi_local = stream;
		tp->initial_max_stream_data_bidi_remote = stream;
		tp->initial_max_stream_data_uni = stream;
		tp->initial_max_streams_bidi = streams;
		tp->initial_max_streams_uni = streams;
		tp->max_datagram_frame_size = sc->load.msgs[!i] ? 65535 : 0;
	}
}

static void set_cfg(struct pair_cfg *cfg, const struct sim_scenario *sc, u64 seed)
{
	u32 i;

	pair_defaults(cfg);
	cfg->seed = seed;
	cfg->cc = sc->newreno ? &quic_cc_newreno : &quic_cc_cubic;
	cfg->mtu = sc->mtu ? sc->mtu : cfg->mtu;
	cfg->flight = sc->flight ? sc->flight : cfg->flight;
	cfg->batch = sc->batch ? sc->batch : cfg->batch;
	cfg->tx_max = sc->tx_max ? sc->tx_max : cfg->tx_max;
	cfg->window_max = sc->window_max;
	cfg->reader_sleeps = sc->reader_sleeps;
	cfg->no_ecn[0] = sc->no_ecn;
	cfg->no_ecn[1] = sc->no_ecn;
	cfg->retry = sc->retry;
	cfg->new_token = sc->new_token;
	cfg->token = sc->token;
	cfg->token_len = sc->token_len;
	cfg->serves = sc->serves;
	cfg->selects = sc->selects;
	cfg->early = sc->early;
	cfg->remembered = sc->remembered;
	cfg->handshake_timeout = (sc->handshake_ms ? sc->handshake_ms : 1000000) * MS;
	cfg->max_flows = max(sc->load.n[0] + sc->load.n[1], 1U);
	for (i = 0; i < SIM_EVENTS; i++)
		cfg->max_flows += sc->event[i].action == SIM_URGENT;
	cfg->check_every = sc->check_every ? sc->check_every : 1;
	memcpy(cfg->link, sc->link, sizeof(cfg->link));
	memcpy(cfg->rebind_at, sc->rebind_at, sizeof(cfg->rebind_at));
	memcpy(cfg->rebind_to, sc->rebind_to, sizeof(cfg->rebind_to));
	cfg->rebind_every = sc->rebind_every;
	cfg->rebind_port = sc->rebind_port;
	cfg->spoof = sc->spoof;
	cfg->keepalive = sc->rebind_at[0] || sc->rebind_every || sc->spoof ? SEC : 0;
	cfg->keepalive = sc->keepalive_ms ? sc->keepalive_ms * MS : cfg->keepalive;
	memcpy(cfg->update_every, sc->update_every, sizeof(cfg->update_every));
	cfg->seal_limit = sc->seal_limit;
	cfg->forged_limit = sc->forged_limit;
	cfg->hasty = sc->hasty;
	cfg->keys_delay = sc->keys_ms ? sc->keys_ms * MS : cfg->keys_delay;
	set_limits(cfg, sc);
}

void sim_join(struct sim_run *s, u64 seed)
{
	const struct sim_scenario *sc = s->sc;
	struct pair_cfg cfg;
	u32 side, i;

	memset(s->r, 0, sizeof(*s->r));
	set_cfg(&cfg, sc, seed);
	cfg.late = s->late;
	for (side = 0; side < 2; side++)
		cfg.shared[side] = s->queue[side];
	s->w = sim_watch_new(s);
	cfg.hooks = &sim_watch_hooks;
	cfg.priv = s->w;
	s->p = pair_new(&cfg);
	for (side = 0; side < 2; side++)
		for (i = 0; i < sc->load.n[side]; i++)
			pair_flow(s->p, side, sc->load.bytes[side])->uni = sc->load.uni;
	for (side = 0; side < 2; side++)
		if (sc->load.msgs[side])
			pair_msgs(s->p, side, sc->load.msgs[side], sc->load.msg_len);
}

void sim_begin(struct sim_run *s, u64 seed)
{
	shim_host_reset(seed);
	sim_join(s, seed);
}

/* ---- events ---- */

static void give_up_flow(struct sim_run *s, const struct sim_event *ev)
{
	struct quic_conn *conn = s->p->end[ev->side].conn;
	struct pair_flow *f;
	struct quic_stream *stream;

	if (!s->p->n_flows)
		return;
	f = &s->p->flow[ev->arg % s->p->n_flows];
	if (!f->opened || f->done || quic_conn_state(conn) != QUIC_CONN_ESTABLISHED)
		return;
	stream = quic_conn_stream_find(conn, f->id);
	if (!stream)
		return;
	if (ev->action == SIM_STOP) {
		if (f->from == ev->side || quic_stream_stop(conn, stream, SIM_CODE_STOP))
			return;
	} else {
		if (f->from != ev->side || quic_stream_reset(conn, stream, SIM_CODE_RESET))
			return;
		f->finished = true;
	}
	f->done = true;
}

/* What a peer says that wants more and faster than it can take (RFC 9000 21.4). */
static void acknowledge_all(struct sim_run *s, enum pair_side to)
{
	const struct quic_pnspace *sp = &s->p->end[to].conn->space[QUIC_SPACE_APP];
	u8 buf[32];
	struct quic_wcur w = quic_wcur_init(buf, sizeof(buf));

	quic_put_u8(&w, QUIC_FRAME_ACK);
	quic_put_varint(&w, sp->tx_next - 1);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, sp->tx_next - 1);
	pair_inject(s->p, to, QUIC_CRYPTO_APP, sp->rx_next, buf, w.p - buf);
}

/* The stream is opened, and has its turn, as any other at first. */
static void write_urgent(struct sim_run *s, const struct sim_event *ev)
{
	struct quic_conn *conn = s->p->end[ev->side].conn;
	struct pair_flow *f = pair_flow(s->p, ev->side, ev->arg * KB);
	struct quic_stream *stream;

	pair_pump(s->p);
	stream = f->opened ? quic_conn_stream_find(conn, f->id) : NULL;
	if (!stream || quic_stream_set_priority(conn, stream, 0, false))
		sim_fail(s, "the urgent stream could not be opened");
}

/* Did the urgent stream, the last that was opened, overtake the others? */
static void look_overtook(struct sim_run *s, enum pair_side side)
{
	const struct pair_flow *f = &s->p->flow[s->p->n_flows - 1];

	if (!f->done)
		sim_fail(s, "%llu of %llu urgent bytes have arrived at %llu ms", f->received,
			 f->total, div_u64(s->p->now - s->p->begin, MS));
	while (f-- != s->p->flow)
		if (f->from == side && f->done)
			sim_fail(s, "nothing was left to overtake");
}

static void look_even(struct sim_run *s, enum pair_side side, u64 apart)
{
	u64 least = U64_MAX, most = 0;
	u32 i;

	for (i = 0; i < s->p->n_flows; i++) {
		const struct pair_flow *f = &s->p->flow[i];

		if (f->from != side)
			continue;
		least = min(least, f->received);
		most = max(most, f->received);
	}
	if (!least || most - least > apart)
		sim_fail(s, "streams that share have moved %llu to %llu bytes", least, most);
}

/* What became of an end, in a few letters. */
static const char *end_state(const struct sim_run *s, enum pair_side side, char *buf,
			     size_t len)
{
	static const char *const states[] = {
		"handshake", "established", "closing", "draining", "closed",
	};
	static const char *const origins[] = {
		"", " by itself", " by the peer", " idle", " too slow", " reset", " version",
		" tls",
	};
	const struct quic_conn *conn = s->p->end[side].conn;

	if (!conn)
		return "never there";
	snprintf(buf, len, "%s%s %#llx", states[conn->state], origins[conn->close.origin],
		 conn->close.code);
	return buf;
}

static void look_open(struct sim_run *s, const struct sim_event *ev)
{
	bool open = quic_conn_state(s->p->end[ev->side].conn) <= QUIC_CONN_ESTABLISHED;
	bool expected = ev->action == SIM_ALIVE;
	char buf[40];

	if (open != expected)
		sim_fail(s, "at %llu ms the %s is %s", div_u64(s->p->now - s->p->begin, MS),
			 ev->side ? "server" : "client",
			 end_state(s, ev->side, buf, sizeof(buf)));
}

static void happen(struct sim_run *s, const struct sim_event *ev)
{
	struct pair_end *e = &s->p->end[ev->side];

	sim_watch_mix(s->w, ev->action);
	/* A handshake may fail for it, and does so in the unit tests. */
	if (ev->action == SIM_MEMORY && pair_confirmed(s->p))
		shim_host_fail_some(ev->arg);
	if (!e->conn)
		return;
	switch (ev->action) {
	case SIM_STOP_READING:
	case SIM_READ:
		e->reading = ev->action == SIM_READ;
		break;
	case SIM_STOP_WRITING:
	case SIM_WRITE:
		e->mute = ev->action == SIM_STOP_WRITING;
		break;
	case SIM_FORGET:
		pair_forget(s->p);
		break;
	case SIM_RESET:
	case SIM_STOP:
		give_up_flow(s, ev);
		break;
	case SIM_OPTIMIST:
		acknowledge_all(s, ev->side);
		break;
	case SIM_URGENT:
		write_urgent(s, ev);
		break;
	case SIM_OVERTOOK:
		look_overtook(s, ev->side);
		break;
	case SIM_ALIVE:
	case SIM_OVER:
		look_open(s, ev);
		break;
	case SIM_EVEN:
		look_even(s, ev->side, ev->arg * KB);
		break;
	case SIM_MIGRATE:
		if (quic_conn_state(e->conn) == QUIC_CONN_ESTABLISHED)
			pair_migrate(s->p);
		break;
	case SIM_CLOSE:
		quic_conn_close(e->conn, true, SIM_CODE_CLOSE, "closed", s->p->now);
		break;
	case SIM_SHUTDOWN:
		quic_conn_shutdown(e->conn, 0, "", ev->arg * MS, s->p->now);
		break;
	default:
		break;
	}
	pair_pump(s->p);
}

/* ---- the course of it ---- */

static bool pair_failed(struct sim_run *s)
{
	if (s->p->errors)
		sim_fail(s, "%s", s->p->error);
	return s->p->errors;
}

static u64 since_begin(const struct sim_run *s)
{
	return s->p->now - s->p->begin;
}

static void count_flows(const struct sim_run *s, u32 *done, u64 *bytes)
{
	u32 i;

	*done = 0;
	*bytes = 0;
	for (i = 0; i < s->p->n_flows; i++) {
		*done += s->p->flow[i].done;
		*bytes += s->p->flow[i].received;
	}
}

static void not_done(struct sim_run *s)
{
	char a[40], b[40];
	u32 done;
	u64 bytes;

	count_flows(s, &done, &bytes);
	sim_fail(s, "at %llu ms %u of %u streams done, %llu bytes; %s, %s",
		 div_u64(since_begin(s), MS), done, s->p->n_flows, bytes,
		 end_state(s, PAIR_CLIENT, a, sizeof(a)),
		 end_state(s, PAIR_SERVER, b, sizeof(b)));
}

static void transfer(struct sim_run *s)
{
	const struct sim_scenario *sc = s->sc;
	u64 until = s->p->begin + (sc->done_by ? sc->done_by : 1000 * SEC);
	bool done = false;
	u32 i;

	for (i = 0; i < SIM_EVENTS && sc->event[i].action; i++) {
		/* What is still to come may be needed: a reader, say. */
		done = pair_run(s->p, sc->end == SIM_END_EVENT ? NULL : pair_all_done,
				s->p->begin + sc->event[i].at);
		if (pair_failed(s))
			return;
		if (!done)
			happen(s, &sc->event[i]);
	}
	if (sc->end == SIM_END_EVENT)
		return;
	if (!done)
		done = pair_run(s->p, pair_all_done, until);
	if (pair_failed(s))
		return;
	if (sc->done_by && (!done || s->p->now > until))
		not_done(s);
	s->r->done_ns = since_begin(s);
}

static void end_it(struct sim_run *s)
{
	static const struct sim_event how[] = {
		[SIM_END_SHUTDOWN] = { 0, SIM_SHUTDOWN, PAIR_CLIENT, 20000 },
		[SIM_END_CLOSE] = { 0, SIM_CLOSE, PAIR_CLIENT, 0 },
		[SIM_END_SERVER] = { 0, SIM_CLOSE, PAIR_SERVER, 0 },
	};

	s->p->end[0].reading = true;
	s->p->end[1].reading = true;
	/* all may have arrived with the ClientHello */
	if (s->sc->early)
		pair_run(s->p, pair_confirmed, s->p->now + 500 * SEC);
	if (s->sc->end < ARRAY_SIZE(how))
		happen(s, &how[s->sc->end]);
}

/*
 * A CONNECTION_CLOSE leaves once, and again only as an answer (RFC 9000 10.2.1). Where it
 * was lost a peer that has nothing to say lives on until its idle time-out; so it does
 * where the answers were lost, too. @heard: bytes that each had received when one closed.
 */
static bool close_was_lost(const struct sim_run *s, const u64 *heard)
{
	const struct pair_link *l = s->sc->link;
	const struct quic_conn *conn;
	u32 i, closed = 0, alive = 0;

	for (i = 0; i < 2; i++) {
		conn = s->p->end[i].conn;
		if (!conn)
			return false;
		alive += conn->state == QUIC_CONN_ESTABLISHED;
		closed += conn->state == QUIC_CONN_CLOSED &&
			  (conn->stats.bytes_recv == heard[i] || conn->close_sent > 1);
	}
	return closed == 1 && alive == 1 &&
	       (l[0].loss || l[0].burst || l[0].corrupt || l[1].loss || l[1].burst || l[1].corrupt);
}

static bool one_closes(struct pair *p)
{
	u32 i;

	for (i = 0; i < 2; i++)
		if (p->end[i].conn && p->end[i].conn->state > QUIC_CONN_ESTABLISHED)
			return true;
	return false;
}

void sim_close(struct sim_run *s)
{
	u64 idle = (s->sc->idle_ms ? s->sc->idle_ms : SIM_IDLE_MS) * MS;
	u64 most = s->sc->closed_by ? s->sc->closed_by : 200 * SEC;
	u64 until, heard[2] = { 0, 0 };
	char a[40], b[40];
	u32 i;

	if (s->r->state == SIM_FAILED)
		return;
	end_it(s);
	until = s->p->now + most;
	pair_run(s->p, one_closes, until);
	for (i = 0; i < 2; i++)
		if (s->p->end[i].conn)
			heard[i] = s->p->end[i].conn->stats.bytes_recv;
	if (!pair_run(s->p, pair_closed, until) &&
	    !(close_was_lost(s, heard) && pair_run(s->p, pair_closed, s->p->now + idle)) &&
	    !pair_failed(s))
		sim_fail(s, "%llu ms after the end the connection lives: %s, %s",
			 div_u64(most, MS), end_state(s, PAIR_CLIENT, a, sizeof(a)),
			 end_state(s, PAIR_SERVER, b, sizeof(b)));
	pair_failed(s);
	s->r->closed_ns = since_begin(s);
}

/*
 * Each datagram is somewhere: waits, dropped and counted, lost on its way, or read.
 * A packet that found no memory is no datagram received, though it was opened, nor
 * is one so late that its number counts as known.
 */
static void judge_msgs(struct sim_run *s, enum pair_side from)
{
	const struct pair_end *to = &s->p->end[!from];
	const char *wrong;
	u64 opened, recv;

	if (!s->p->msgs[from].total || !to->conn || !s->p->end[from].conn)
		return;
	wrong = pair_msgs_sum(s->p, from);
	if (wrong)
		sim_fail(s, "%s", wrong);
	opened = sim_watch_msgs(s->w, from);
	recv = to->conn->stats.dgram.recv;
	if (recv > opened || (recv < opened && !shim_host_failed() &&
			      !to->conn->stats.pkts_dropped &&
			      !to->conn->stats.pkts_dup && s->sc->end != SIM_END_EVENT))
		sim_fail(s, "%llu datagrams arrived, %llu were counted", opened, recv);
}

static void judge_ecn(struct sim_run *s)
{
	const struct sim_scenario *sc = s->sc;
	const struct quic_conn *conn;
	u64 ce = 0;
	u32 i;

	for (i = 0; i < 2; i++) {
		conn = s->p->end[i].conn;
		if (!conn)
			continue;
		ce += quic_conn_ce(conn);
		if (sc->ecn[i] && conn->path.ecn.state != sc->ecn[i] - 1)
			sim_fail(s, "ECN is in state %u at the end, not %u",
				 conn->path.ecn.state, sc->ecn[i] - 1);
	}
	if (ce < sc->ce_min)
		sim_fail(s, "%llu packets came marked CE, %u at least", ce, sc->ce_min);
}

static void judge_paths(struct sim_run *s)
{
	const struct quic_conn *conn = s->p->end[PAIR_SERVER].conn;
	const struct quic_paths *ps = conn ? conn->paths : NULL;
	const struct sim_scenario *sc = s->sc;
	u32 moved = ps ? ps->moved : 0, failed = ps ? ps->n_failed : 0;

	if (moved < sc->moves_min || (sc->moves_max && moved > sc->moves_max))
		sim_fail(s, "the server followed %u times, not %u to %u", moved, sc->moves_min,
			 sc->moves_max);
	if (failed < sc->failed_min)
		sim_fail(s, "%u paths could not be validated, %u at least", failed,
			 sc->failed_min);
}

/* Who came so far is where the server wanted it to be. */
static void judge_version(struct sim_run *s)
{
	u32 want = s->sc->selects ? s->sc->selects : s->sc->serves;
	const struct quic_conn *conn;
	u32 i;

	for (i = 0; i < 2 && want; i++) {
		conn = s->p->end[i].conn;
		if (conn && conn->handshake_complete && conn->version != want)
			sim_fail(s, "version 0x%x at the end, not 0x%x", conn->version, want);
	}
}

/* Who reads a reset is told the code of who gave it. */
static void judge_codes(struct sim_run *s)
{
	u32 i;

	for (i = 0; i < s->p->n_flows; i++) {
		const struct pair_flow *f = &s->p->flow[i];

		if (f->reset && f->reset_code != SIM_CODE_RESET)
			sim_fail(s, "stream %llu was reset with code %#llx", f->id,
				 f->reset_code);
	}
}

/* Congestion control, of both: what was to be seen was, and no window got out of hand. */
static void judge_windows(struct sim_run *s)
{
	const struct sim_scenario *sc = s->sc;
	const struct quic_conn *conn;
	u64 persistent = 0, undone = 0;
	u32 i;

	for (i = 0; i < 2; i++) {
		conn = s->p->end[i].conn;
		if (!conn)
			continue;
		persistent += conn->stats.persistent;
		undone += conn->stats.undone;
		if (sc->cwnd_max && conn->path.cc.cwnd > sc->cwnd_max)
			sim_fail(s, "a window of %llu bytes, %llu at most", conn->path.cc.cwnd,
				 sc->cwnd_max);
	}
	if (persistent < sc->persistent_min)
		sim_fail(s, "%llu persistent congestions, %u at least", persistent,
			 sc->persistent_min);
	if (undone < sc->undone_min)
		sim_fail(s, "%llu reductions were undone, %u at least", undone,
			 sc->undone_min);
}

static void judge_end(struct sim_run *s, enum pair_side side)
{
	const struct quic_conn *conn = s->p->end[side].conn;
	const struct sim_scenario *sc = s->sc;
	char buf[40];

	if (!conn)
		return;
	if (sc->code && conn->close.code != sc->code - 1)
		sim_fail(s, "it ends with code %#llx, not %#llx", conn->close.code,
			 sc->code - 1);
	if (sc->origin[side] && conn->close.origin + 1U != sc->origin[side])
		sim_fail(s, "the %s ends as %s, not as %u", side ? "server" : "client",
			 end_state(s, side, buf, sizeof(buf)), sc->origin[side] - 1);
}

static void judge(struct sim_run *s)
{
	const struct sim_scenario *sc = s->sc;
	struct sim_result *r = s->r;
	u32 i;

	for (i = 0; i < 2; i++) {
		const struct pair_end *e = &s->p->end[i];

		r->dgrams += e->sent;
		judge_end(s, i);
		r->lost += e->conn ? e->conn->stats.pkts_lost : 0;
		if (e->conn && e->conn->keyphase.tx_gen < sc->updates_min)
			sim_fail(s, "%u key updates, %u at least", e->conn->keyphase.tx_gen,
				 sc->updates_min);
	}
	judge_codes(s);
	judge_ecn(s);
	judge_windows(s);
	judge_paths(s);
	judge_version(s);
	judge_msgs(s, PAIR_CLIENT);
	judge_msgs(s, PAIR_SERVER);
	if (sc->lost_max && r->lost >= sc->lost_max)
		sim_fail(s, "%llu packets declared lost, %u at most", r->lost,
			 sc->lost_max - 1);
	if (sc->dgrams_max && r->dgrams > sc->dgrams_max)
		sim_fail(s, "%llu datagrams sent, %llu at most", r->dgrams,
			 sc->dgrams_max);
}

void sim_play(struct sim_run *s)
{
	transfer(s);
	sim_close(s);
	judge(s);
}

void sim_leave(struct sim_run *s)
{
	u32 i;

	for (i = 0; i < s->p->n_flows; i++)
		sim_watch_mix(s->w, s->p->flow[i].received);
	s->r->steps = s->p->steps;
	pair_free(s->p);
	s->r->digest = sim_watch_digest(s->w);
	sim_watch_free(s->w);
}

void sim_finish(struct sim_run *s)
{
	sim_leave(s);
	shim_host_fail_some(0);
	if (shim_host_live())
		sim_fail(s, "%llu objects of the core are left", shim_host_live());
	if (s->r->state == SIM_NOT_RUN)
		s->r->state = SIM_PASSED;
}

void sim_run(const struct sim_scenario *sc, u64 seed, struct sim_result *r,
	     struct sim_record *rec)
{
	struct sim_run s = { .sc = sc, .r = r, .rec = rec };

	sim_begin(&s, seed);
	sim_play(&s);
	sim_finish(&s);
}
