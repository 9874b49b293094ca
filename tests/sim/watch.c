// SPDX-License-Identifier: GPL-2.0
/*
 * A watcher at the wire: reads every datagram that leaves and every packet that is
 * opened, and knows the rules of RFC 9000 and 9002 that show from outside.
 *
 * It believes nothing the cores say of themselves, and so finds what is
 * consistent within and wrong without: an ACK of a packet that never arrived, a
 * limit that falls, bytes of a stream that are not those of that offset, data
 * after a reset, an ACK delay that is not the delay, a burst that pacing should
 * have spread, an ACK that does not come.
 *
 * What it holds against an end is what that end was told: limits count when the
 * packet with them was opened, not when it was sent.
 *
 * The digest of a run is made here too: a hash of all datagrams, with their
 * times and fates, and of all packets opened.
 */
#include <stdlib.h>
#include "sim.h"
#include "../../kmod/core/wire_frame.h"
#include "../../kmod/core/conn_int.h"

#define TYPES		4	/* stream IDs modulo 4 */
#define ACK_SLACK	(2 * MS)	/* of a host's timers; the simulator has none */

/* Packets one end sent in one space, by number. */
struct pkts {
	struct sim_pkt *v;
	u64 n;
	u64 cap;
};

/* What one end said of one stream, and was told of it. */
struct stream {
	u64 max_said;		/* MAX_STREAM_DATA */
	u64 max_told;
	u64 highest;		/* byte sent */
	u64 final_size;
	bool fin;
	bool reset;
	bool any;
};

struct streams {
	struct stream *v;
	u64 n;
};

/* One end, as a sender. */
struct end {
	struct pkts pkts[QUIC_SPACES];
	struct streams streams[TYPES];
	u64 max_data_said;
	u64 max_data_told;
	u64 max_streams_said[2];
	u64 data_sent;		/* sum of the streams' highest */
	u64 owed_since;		/* an ACK, in the 1-RTT space */
	u64 burst_at;
	u64 burst;		/* bytes in flight that left at once */
	u32 moved;		/* each path has a pacer of its own */
	u64 ptos;		/* that had fired when something was acknowledged */
	u64 pto_seen;		/* PTOs fired when we looked last */
	u32 ptos_mute;		/* since something was acknowledged */
	u64 pto_first;		/* of these */
	u64 pto_last;
	u64 pto_least;		/* time between two of them, the shortest */
	u32 gen;		/* of the keys that sealed the last 1-RTT packet */
	u64 sealed;		/* packets, with these */
	u32 gen_told;		/* newest of the peer's that was opened here */
	u32 gens_acked;		/* newest of ours in which a packet was acknowledged, plus 1 */
	bool progress;		/* something was, in this step */
	bool heard;		/* and be it what had been given up */
	u64 msgs_sent;		/* DATAGRAM frames */
	u64 msgs_opened;	/* of those, reached the other end */
	u64 msg_next;		/* number that the next one has, at least */
	bool closed;
	bool early;		/* a client before its first 1-RTT packet, that offers 0-RTT */
	u64 ecn[QUIC_SPACES][4];	/* packets that reached it, by their IP header's bits */
};

struct sim_watch {
	struct sim_run *s;
	struct end end[2];
	struct quic_tparams remembered;	/* that 0-RTT is sent under */
	u32 restarts;		/* a client's, that were seen: numbers begin anew */
	u64 digest;
};

struct sim_watch *sim_watch_new(struct sim_run *s)
{
	struct sim_watch *w = calloc(1, sizeof(*w));

	w->s = s;
	w->digest = 0x51a7e5eed;
	w->end[PAIR_CLIENT].early = s->sc->early;
	return w;
}

void sim_watch_free(struct sim_watch *w)
{
	u32 i, j;

	for (i = 0; i < 2; i++) {
		for (j = 0; j < QUIC_SPACES; j++)
			free(w->end[i].pkts[j].v);
		for (j = 0; j < TYPES; j++)
			free(w->end[i].streams[j].v);
	}
	free(w);
}

/* ---- digest ---- */

u64 sim_watch_digest(const struct sim_watch *w)
{
	return w->digest;
}

void sim_watch_mix(struct sim_watch *w, u64 v)
{
	u64 h = (w->digest ^ v) * 0x9fb21c651e98df25ULL;

	w->digest = h ^ h >> 32;
}

static void mix_bytes(struct sim_watch *w, const u8 *p, u32 len)
{
	u64 last = 0;

	sim_watch_mix(w, len);
	for (; len >= 8; len -= 8, p += 8)
		sim_watch_mix(w, get_unaligned_le64(p));
	while (len--)
		last = last << 8 | *p++;
	sim_watch_mix(w, last);
}

u64 sim_watch_msgs(const struct sim_watch *w, enum pair_side from)
{
	return w->end[from].msgs_opened;
}

/* ---- tables ---- */

struct sim_pkt *sim_watch_pkt(struct sim_watch *w, enum pair_side from,
			      enum quic_space space, u64 pn)
{
	struct pkts *t = &w->end[from].pkts[space];

	return pn < t->n && t->v[pn].sent ? &t->v[pn] : NULL;
}

static struct sim_pkt *pkt_add(struct pkts *t, u64 pn)
{
	if (pn >= t->cap) {
		u64 cap = max(2 * (pn + 1), 64ULL);

		t->v = realloc(t->v, cap * sizeof(*t->v));
		memset(t->v + t->cap, 0, (cap - t->cap) * sizeof(*t->v));
		t->cap = cap;
	}
	t->n = pn + 1;
	return &t->v[pn];
}

static struct stream *stream_get(struct sim_watch *w, enum pair_side side, u64 id)
{
	struct streams *t = &w->end[side].streams[id % TYPES];
	u64 n = id / TYPES;

	if (n >= t->n) {
		u64 want = max(2 * (n + 1), 16ULL);

		t->v = realloc(t->v, want * sizeof(*t->v));
		memset(t->v + t->n, 0, (want - t->n) * sizeof(*t->v));
		t->n = want;
	}
	return &t->v[n];
}

/* Where MAX_STREAM_DATA for the sender @side begins, by the peer's parameters. */
static u64 initial_limit(const struct sim_watch *w, enum pair_side side, u64 id)
{
	const struct quic_tparams *tp = w->end[side].early ? &w->remembered :
								&w->s->p->cfg.local[!side];

	if (id & QUIC_STREAM_TYPE_UNI_MASK)
		return tp->initial_max_stream_data_uni;
	return (id & QUIC_STREAM_TYPE_SERVER_MASK) == (side == PAIR_SERVER) ?
	       tp->initial_max_stream_data_bidi_remote :
	       tp->initial_max_stream_data_bidi_local;
}

/* ---- rules on what is sent ---- */

/*
 * One packet while its frames are looked at.
 * @from: who sent it
 * @gen: generation of the keys that seal it, 1-RTT
 */
struct look {
	struct sim_watch *w;
	struct end *e;
	enum pair_side from;
	enum quic_space space;
	u64 pn;
	u16 msgs;
	u32 gen;
	bool eliciting;
	bool closes;
};

static void wrong(struct look *l, const char *what)
{
	pair_error(l->w->s->p, what);
}

/* RFC 9000 13.2.1: within max_ack_delay. Not while memory fails: then packets drop. */
static void check_owed(struct sim_watch *w, enum pair_side side)
{
	const struct quic_conn *conn = w->s->p->end[side].conn;
	u64 since = w->end[side].owed_since;

	if (!conn || !since)
		return;
	/* nor to an address that has no credit (RFC 9000 8.1) */
	if (!quic_conn_is_open(conn) || shim_host_failed() || !conn->path.validated) {
		w->end[side].owed_since = 0;
		return;
	}
	if (w->s->p->now > since + conn->local.max_ack_delay * MS + ACK_SLACK)
		pair_error(w->s->p, "an ACK that did not come in time");
}

/*
 * RFC 9000 13.4.1: what came, no more and, unless packets were dropped or came too
 * late to be told from repeated ones, no less.
 */
static void sent_counts(struct look *l, const struct quic_frame *f)
{
	const u64 said[4] = { 0, f->u.ack.ect1, f->u.ack.ect0, f->u.ack.ce };
	const struct quic_conn *conn = l->w->s->p->end[l->from].conn;
	const u64 *came = l->e->ecn[l->space];
	u32 i;

	for (i = 1; i < 4; i++) {
		if (said[i] > came[i] || (said[i] < came[i] && !conn->stats.pkts_dropped &&
					  !conn->stats.pkts_dup))
			wrong(l, "ECN counts that are not those of what arrived");
	}
}

/* Only what was opened may be acknowledged, and the delay is the delay. */
static void sent_ack(struct look *l, const struct quic_frame *f)
{
	const struct pair *p = l->w->s->p;
	u64 exp = p->cfg.local[l->from].ack_delay_exponent, lo, hi, held, said;
	struct quic_ack_iter it;
	struct sim_pkt *k;

	quic_ack_iter_init(&it, f);
	while (quic_ack_iter_next(&it, &lo, &hi)) {
		for (; lo <= hi; lo++) {
			k = sim_watch_pkt(l->w, !l->from, l->space, lo);
			if (!k || !k->opened) {
				wrong(l, "an ACK of a packet that did not arrive");
				return;
			}
			/* RFC 9001 6.2 */
			if (k->gen > l->gen)
				wrong(l, "an ACK under older keys than what it acknowledges");
		}
	}
	sent_counts(l, f);
	k = sim_watch_pkt(l->w, !l->from, l->space, f->u.ack.largest);
	held = p->now - k->opened;
	said = (f->u.ack.delay << exp) * QUIC_NS_PER_US;
	/* A packet that found no memory was opened once more, later. */
	if (shim_host_failed())
		held = max(held, said);
	else if (said > held || held - said > ((2ULL << exp) + 1) * QUIC_NS_PER_US)
		wrong(l, "an ACK delay that is not the delay");
	if (l->space != QUIC_SPACE_APP)
		return;
	check_owed(l->w, l->from);
	l->e->owed_since = 0;
}

/* RFC 9221 5: none is sent again. They are numbered, and leave in order. */
static void sent_msg(struct look *l, const struct quic_frame *f)
{
	u32 n;

	l->msgs++;
	l->e->msgs_sent++;
	if (f->u.blob.len < sizeof(n)) {
		wrong(l, "a datagram that is cut");
		return;
	}
	n = get_unaligned_be32(f->u.blob.data);
	if (n < l->e->msg_next)
		wrong(l, "a datagram that is sent again");
	l->e->msg_next = n + 1ULL;
	if (l->e->msgs_sent > l->w->s->p->msgs[l->from].queued)
		wrong(l, "more datagrams than the application queued");
}

static void sent_final_size(struct look *l, struct stream *st, u64 size)
{
	if ((st->fin || st->reset) && st->final_size != size)
		wrong(l, "a final size that changes");
	if (size < st->highest)
		wrong(l, "a final size below what was sent");
	st->final_size = size;
}

static void sent_stream(struct look *l, const struct quic_frame *f)
{
	u64 id = f->u.stream.id, end = f->u.stream.offset + f->u.stream.len;
	struct stream *st = stream_get(l->w, l->from, id);

	if (!st->any) {
		st->any = true;
		st->max_told = max(st->max_told, initial_limit(l->w, l->from, id));
	}
	if (st->reset)
		wrong(l, "a STREAM frame after RESET_STREAM");
	if (st->fin && end > st->final_size)
		wrong(l, "bytes behind the FIN");
	if (end > st->highest) {
		l->e->data_sent += end - st->highest;
		st->highest = end;
	}
	if (f->u.stream.fin) {
		sent_final_size(l, st, end);
		st->fin = true;
	}
	if (st->highest > st->max_told)
		wrong(l, "bytes beyond MAX_STREAM_DATA");
	if (l->e->data_sent > l->e->max_data_told)
		wrong(l, "bytes beyond MAX_DATA");
	if (memcmp(f->u.stream.data, pair_pattern(id, f->u.stream.offset), f->u.stream.len))
		wrong(l, "bytes that are not those of their offset");
}

static void sent_reset(struct look *l, const struct quic_frame *f)
{
	struct stream *st = stream_get(l->w, l->from, f->u.reset.id);

	sent_final_size(l, st, f->u.reset.final_size);
	st->reset = true;
	/* what a shutdown cuts off has 0 */
	if (f->u.reset.code && f->u.reset.code != SIM_CODE_RESET &&
	    f->u.reset.code != SIM_CODE_STOP)
		wrong(l, "a RESET_STREAM whose code nobody gave");
}

static void sent_max(struct look *l, u64 *said, u64 limit)
{
	if (limit < *said)
		wrong(l, "a limit that falls");
	*said = limit;
}

static void sent_frame(struct look *l, const struct quic_frame *f)
{
	struct end *e = l->e;

	if ((f->type & ~7ULL) == QUIC_FRAME_STREAM) {
		sent_stream(l, f);
		return;
	}
	switch (f->type) {
	case QUIC_FRAME_ACK:
	case QUIC_FRAME_ACK + 1:
		sent_ack(l, f);
		break;
	case QUIC_FRAME_RESET_STREAM:
		sent_reset(l, f);
		break;
	case QUIC_FRAME_STOP_SENDING:
		if (f->u.reset.code != SIM_CODE_STOP)
			wrong(l, "a STOP_SENDING whose code nobody gave");
		break;
	case QUIC_FRAME_MAX_DATA:
		sent_max(l, &e->max_data_said, f->u.max.limit);
		break;
	case QUIC_FRAME_MAX_STREAM_DATA:
		sent_max(l, &stream_get(l->w, l->from, f->u.max.id)->max_said,
			 f->u.max.limit);
		break;
	case QUIC_FRAME_MAX_STREAMS:
	case QUIC_FRAME_MAX_STREAMS + 1:
		sent_max(l, &e->max_streams_said[f->type & 1], f->u.max.limit);
		break;
	case QUIC_FRAME_DATAGRAM:
	case QUIC_FRAME_DATAGRAM + 1:
		sent_msg(l, f);
		break;
	case QUIC_FRAME_CONNECTION_CLOSE:
	case QUIC_FRAME_CONNECTION_CLOSE_APP:
		l->closes = true;
		break;
	}
}

/* ---- rules on what is received ---- */

/* Does the core that gets this ACK still wait for packet @pn? */
static bool waited_for(const struct look *l, u64 pn)
{
	const struct quic_sent *sent;

	sent = &l->w->s->p->end[!l->from].conn->space[l->space].sent;
	return pn >= sent->base && pn < sent->next &&
	       quic_sent_get(sent, pn)->flags & QUIC_SENT_OUTSTANDING;
}

static void opened_ack(struct look *l, const struct quic_frame *f)
{
	struct end *to = &l->w->end[!l->from];
	struct quic_ack_iter it;
	struct sim_pkt *k;
	u64 lo, hi;

	quic_ack_iter_init(&it, f);
	while (quic_ack_iter_next(&it, &lo, &hi)) {
		for (; lo <= hi; lo++) {
			k = sim_watch_pkt(l->w, !l->from, l->space, lo);
			if (!k || k->acked)
				continue;
			k->acked = true;
			to->heard = true;
			if (l->space == QUIC_SPACE_APP)
				to->gens_acked = max(to->gens_acked, k->gen + 1);
			if (l->space == QUIC_SPACE_APP && waited_for(l, lo)) {
				to->progress = true;
				to->ptos = l->w->s->p->end[!l->from].conn->stats.pto_total;
			}
		}
	}
}

static void opened_frame(struct look *l, const struct quic_frame *f)
{
	enum pair_side to = !l->from;
	struct stream *st;

	switch (f->type) {
	case QUIC_FRAME_ACK:
	case QUIC_FRAME_ACK + 1:
		opened_ack(l, f);
		break;
	case QUIC_FRAME_MAX_DATA:
		l->w->end[to].max_data_told = max(l->w->end[to].max_data_told,
						  f->u.max.limit);
		break;
	case QUIC_FRAME_MAX_STREAM_DATA:
		st = stream_get(l->w, to, f->u.max.id);
		st->max_told = max(st->max_told, f->u.max.limit);
		break;
	}
}

/* ---- packets ---- */

static u8 level_bit(u8 level)
{
	return level == QUIC_CRYPTO_INITIAL ? QUIC_F_I :
	       level == QUIC_CRYPTO_HANDSHAKE ? QUIC_F_H : QUIC_F_1;
}

static void each_frame(struct look *l, const struct quic_rx_pkt *r,
		       void (*fn)(struct look *l, const struct quic_frame *f))
{
	struct quic_rcur c = quic_rcur_init(r->data, r->len);
	struct quic_error err = {};
	struct quic_frame f;

	while (quic_rcur_left(&c)) {
		if (quic_frame_parse(&c, level_bit(r->level), &f, &err)) {
			wrong(l, "a frame that cannot be parsed");
			return;
		}
		l->eliciting |= !(quic_frame_info(f.type)->flags & QUIC_F_N);
		fn(l, &f);
	}
}

/*
 * Pacing: what leaves in one instant is one bucket, the PTO's probes and a path
 * MTU probe. Before the first sample the window alone is the bound.
 */
static void check_burst(struct look *l, u32 size)
{
	const struct quic_conn *conn = l->w->s->p->end[l->from].conn;
	const struct quic_path *path = &conn->path;
	u64 now = l->w->s->p->now;

	if (l->w->s->p->end[l->from].batch.path != quic_conn_path_active(conn))
		return;
	if (l->e->burst_at != now || (conn->paths && conn->paths->moved != l->e->moved))
		l->e->burst = 0;
	l->e->moved = conn->paths ? conn->paths->moved : 0;
	l->e->burst_at = now;
	l->e->burst += size;
	if (path->rtt.has_sample && conn->handshake_confirmed &&
	    l->e->burst > path->pacer.burst + 4 * (u64)max(path->mtu, conn->pmtud.target))
		wrong(l, "a burst beyond what pacing lets out");
}

/* RFC 9001 6.1, 6.4, 6.6: when may the keys be others than the packet's before? */
static void check_gen(struct look *l)
{
	u64 most = l->w->s->p->cfg.seal_limit;
	struct end *e = l->e;

	if (l->space != QUIC_SPACE_APP)
		return;
	e->sealed = l->gen == e->gen ? e->sealed + 1 : 1;
	if (most && e->sealed > most)
		wrong(l, "more packets with one key than it may seal");
	if (l->gen == e->gen)
		return;
	if (l->gen != e->gen + 1)
		wrong(l, "keys that do not follow those of the packet before");
	if (e->gen_told < l->gen && e->gens_acked <= e->gen)
		wrong(l, "keys updated before the former ones were acknowledged");
	if (e->gen_told < l->gen && !l->w->s->p->end[l->from].conn->handshake_confirmed)
		wrong(l, "keys updated before the handshake is confirmed");
	e->gen = l->gen;
}

/*
 * The client's first 1-RTT packet: the handshake's limits count, and of what was refused
 * nothing was sent. RFC 9000 7.4.1, RFC 9001 4.6.2.
 */
static void early_over(struct sim_watch *w)
{
	struct end *e = &w->end[PAIR_CLIENT];
	u64 *told = &e->max_data_told, i, j;

	e->early = false;
	if (w->s->sc->early == PAIR_EARLY_REFUSED) {
		*told = 0;
		e->data_sent = 0;
	}
	*told = max(*told, w->s->p->cfg.local[PAIR_SERVER].initial_max_data);
	for (i = 0; i < TYPES; i++)
		for (j = 0; j < e->streams[i].n; j++) {
			struct stream *st = &e->streams[i].v[j];

			if (w->s->sc->early == PAIR_EARLY_REFUSED) {
				st->highest = 0;
				st->fin = false;
				st->reset = false;
				st->max_told = 0;
			}
			st->any = false;	/* it begins with the new limit, or higher */
		}
}

static void look_sent(struct sim_watch *w, enum pair_side from, const struct quic_rx_pkt *r)
{
	struct look l = {
		.w = w, .e = &w->end[from], .from = from,
		.space = quic_level_space(r->level), .pn = r->pn, .gen = r->key_gen,
	};
	struct sim_pkt *k;
	u64 next;

	if (from == PAIR_CLIENT && w->restarts != w->s->p->restarts) {
		w->restarts = w->s->p->restarts;
		l.e->pkts[QUIC_SPACE_INITIAL].n = 0;
	}
	next = l.e->pkts[l.space].n;
	if (l.e->early && r->level == QUIC_CRYPTO_APP)
		early_over(w);
	if (r->level == QUIC_CRYPTO_EARLY && !l.e->early)
		wrong(&l, "a 0-RTT packet that nobody offered, or after a 1-RTT packet");
	if (r->pn < next)
		wrong(&l, "a packet number used twice");
	k = pkt_add(&l.e->pkts[l.space], r->pn);
	k->sent = w->s->p->now;
	k->size = r->len;
	k->gen = r->key_gen;
	check_gen(&l);
	each_frame(&l, r, sent_frame);
	k->eliciting = l.eliciting;
	k->msgs = l.msgs;
	if (l.e->closed && !l.closes)
		wrong(&l, "a packet without CONNECTION_CLOSE after the first with one");
	l.e->closed |= l.closes;
	if (l.eliciting)
		check_burst(&l, r->len);
}

static void look_opened(struct sim_watch *w, enum pair_side to, const struct quic_rx_pkt *r)
{
	enum pair_side from = !to;
	struct look l = {
		.w = w, .e = &w->end[from], .from = from,
		.space = quic_level_space(r->level), .pn = r->pn,
	};
	const struct quic_conn *conn = w->s->p->end[to].conn;
	struct sim_pkt *k = sim_watch_pkt(w, from, l.space, r->pn);

	if (!k) {
		wrong(&l, "a packet that was not sent");
		return;
	}
	if (!k->opened) {
		k->opened = w->s->p->now;
		/* what comes after the end is not looked at */
		if (quic_conn_is_open(conn))
			w->end[from].msgs_opened += k->msgs;
		w->end[to].ecn[l.space][r->ecn]++;
	}
	w->end[to].gen_told = max(w->end[to].gen_told, r->key_gen);
	each_frame(&l, r, opened_frame);
	if (l.eliciting && l.space == QUIC_SPACE_APP && !w->end[to].owed_since &&
	    !quic_rangeset_contains(&conn->space[QUIC_SPACE_APP].rx, r->pn))
		w->end[to].owed_since = w->s->p->now;
}

/* ---- hooks ---- */

static void set_initial_limits(struct sim_watch *w)
{
	u32 i;

	if (w->end[PAIR_CLIENT].early)
		pair_remembered(&w->s->p->cfg, &w->remembered);
	for (i = 0; i < 2; i++) {
		u64 *told = &w->end[i].max_data_told;
		const struct quic_tparams *tp = &w->s->p->cfg.local[!i];

		if (w->end[i].early)
			tp = &w->remembered;
		*told = max(*told, tp->initial_max_data);
	}
}

static void on_sent(struct pair *p, enum pair_side from, const struct pair_dgram *d,
		    enum pair_fate fate)
{
	struct sim_watch *w = p->cfg.priv;
	u32 i;

	sim_watch_mix(w, p->now);
	sim_watch_mix(w, from << 8 | fate);
	mix_bytes(w, d->buf->data, d->len);
	set_initial_limits(w);
	for (i = 0; i < d->n; i++)
		look_sent(w, from, &d->pkt[i]);
	if (w->s->rec)
		sim_record_sent(w->s->rec, w->s, from, d);
}

static void on_opened(struct pair *p, enum pair_side to, const struct quic_rx_pkt *pkts,
		      u32 n)
{
	struct sim_watch *w = p->cfg.priv;
	u32 i;

	set_initial_limits(w);
	sim_watch_mix(w, p->now + to);
	for (i = 0; i < n; i++) {
		sim_watch_mix(w, pkts[i].pn << 2 | pkts[i].level);
		look_opened(w, to, &pkts[i]);
	}
	if (w->s->rec)
		sim_record_opened(w->s->rec, w->s, to, pkts, n);
}

/* RFC 9002 6.2.1: what is acknowledged ends the PTO's backoff. */
static void check_backoff(struct sim_watch *w, enum pair_side side)
{
	const struct quic_conn *conn = w->s->p->end[side].conn;
	struct end *e = &w->end[side];

	if (e->progress && quic_conn_is_open(conn) && !shim_host_failed() &&
	    conn->pto_count && conn->stats.pto_total == e->ptos)
		pair_error(w->s->p, "a backoff that an ACK did not end");
	e->progress = false;
}

#define PTOS_MUTE	6

/*
 * RFC 9002 6.2.1: the wait doubles from one PTO to the next while nothing is
 * acknowledged: six of them in a row take longer than five times the shortest.
 */
static void check_ptos(struct sim_watch *w, enum pair_side side)
{
	const struct quic_conn *conn = w->s->p->end[side].conn;
	u64 now = w->s->p->now;
	struct end *e = &w->end[side];
	bool fired;

	if (!conn)
		return;
	fired = conn->stats.pto_total > e->pto_seen;
	e->pto_seen = conn->stats.pto_total;
	if (e->heard || conn->paths || !quic_conn_is_open(conn) || shim_host_failed())
		e->ptos_mute = 0;
	e->heard = false;
	if (!fired)
		return;
	if (!e->ptos_mute++)
		e->pto_first = now;
	else
		e->pto_least = e->ptos_mute == 2 ? now - e->pto_last :
						   min(e->pto_least, now - e->pto_last);
	e->pto_last = now;
	if (e->ptos_mute == PTOS_MUTE && now - e->pto_first < PTOS_MUTE * e->pto_least)
		pair_error(w->s->p, "PTOs that do not wait longer from one to the next");
}

static void on_stepped(struct pair *p)
{
	struct sim_watch *w = p->cfg.priv;

	check_ptos(w, PAIR_CLIENT);
	check_ptos(w, PAIR_SERVER);
	check_backoff(w, PAIR_CLIENT);
	check_backoff(w, PAIR_SERVER);
	check_owed(w, PAIR_CLIENT);
	check_owed(w, PAIR_SERVER);
	if (w->s->rec)
		sim_record_step(w->s->rec, w->s);
}

const struct pair_hooks sim_watch_hooks = {
	.sent = on_sent,
	.opened = on_opened,
	.stepped = on_stepped,
};
