// SPDX-License-Identifier: GPL-2.0
/*
 * Two connections back to back: creation, and the loop.
 *
 * Let both ends say what they want, then jump to the next arrival or deadline.
 * The link is pair_link.c, datagrams out pair_wire.c and in pair_open.c, fake TLS
 * pair_tls.c, the application pair_app.c, the invariants pair_check.c.
 */
#include "pair_int.h"

#define MS		QUIC_NS_PER_MS
#define ARENA		(QUIC_TX_PKTS_MAX * 1600)

void *pair_zalloc(size_t size)
{
	void *p = shim_mem_alloc(size);

	if (p)
		memset(p, 0, size);
	return p;
}

u64 pair_random(struct pair *p)
{
	u64 z = p->rnd += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

bool pair_dice(struct pair *p, u32 permille)
{
	return permille && (pair_random(p) >> 40) % 1000 < permille;
}

void pair_error(struct pair *p, const char *what)
{
	if (!p->errors++)
		p->error = what;
}

void pair_defaults(struct pair_cfg *cfg)
{
	u32 i;

	memset(cfg, 0, sizeof(*cfg));
	cfg->seed = 1;
	cfg->cc = &quic_cc_cubic;
	cfg->mtu = 1452;
	cfg->version = QUIC_VERSION_V1;
	cfg->flight = 2500;
	cfg->handshake_timeout = 10 * QUIC_NS_PER_SEC;
	cfg->keys_delay = 100 * QUIC_NS_PER_US;
	cfg->batch = 16;
	cfg->tx_max = 1 << 20;
	cfg->max_flows = PAIR_FLOWS;
	cfg->check_every = 64;
	for (i = 0; i < 2; i++) {
		struct quic_tparams *tp = &cfg->local[i];

		cfg->cid_len[i] = QUIC_LOCAL_CID_LEN;
		quic_tparams_init(tp);
		tp->max_idle_timeout = 30000;
		tp->initial_max_data = 4 << 20;
		tp->initial_max_stream_data_bidi_local = 1 << 20;
		tp->initial_max_stream_data_bidi_remote = 1 << 20;
		tp->initial_max_stream_data_uni = 1 << 20;
		tp->initial_max_streams_bidi = 16;
		tp->initial_max_streams_uni = 16;
		tp->active_connection_id_limit = QUIC_REMOTE_CIDS;
		tp->grease_quic_bit = true;
		cfg->link[i].delay = 10 * MS;
	}
}

/* ---- creation ---- */

static void end_set(struct pair_end *e)
{
	const struct pair_cfg *cfg = &e->pair->cfg;

	if (!e->conn)
		return;
	quic_conn_set_rx_window_max(e->conn, cfg->window_max);
	if (cfg->seal_limit || cfg->forged_limit) {
		u64 seal = cfg->seal_limit ? cfg->seal_limit : U64_MAX;

		quic_conn_set_aead_limits(e->conn, seal, seal,
					  cfg->forged_limit ? cfg->forged_limit : U64_MAX);
	}
	if (cfg->hasty)
		e->conn->keyphase.wait_ptos = 0;
}

static void pair_create_client(struct pair *p)
{
	struct quic_conn_params cp = {
		.host = &p->end[PAIR_CLIENT],
		.version = p->cfg.version,
		.local = p->cfg.local[PAIR_CLIENT],
		.cc = p->cfg.cc,
		.max_mtu = p->cfg.mtu,
		.no_ecn = p->cfg.no_ecn[PAIR_CLIENT],
		.handshake_timeout = p->cfg.handshake_timeout,
		.token = p->cfg.token,
		.token_len = p->cfg.token_len,
	};

	cp.scid.len = p->cfg.cid_len[PAIR_CLIENT];
	quic_host_random(cp.scid.id, cp.scid.len);
	cp.dcid.len = QUIC_INITIAL_DCID_MIN;
	quic_host_random(cp.dcid.id, cp.dcid.len);
	p->end[PAIR_CLIENT].conn = quic_conn_create(&cp, p->now);
	end_set(&p->end[PAIR_CLIENT]);
}

void pair_end_accept(struct pair *p, const struct pair_dgram *d)
{
	struct quic_conn_params cp = {
		.host = &p->end[PAIR_SERVER],
		.server = true,
		.version = d->version,
		.local = p->cfg.local[PAIR_SERVER],
		.dcid = d->scid,
		.odcid = d->dcid,
		.cc = p->cfg.cc,
		.max_mtu = p->cfg.mtu,
		.no_ecn = p->cfg.no_ecn[PAIR_SERVER],
		.handshake_timeout = p->cfg.handshake_timeout,
		.addr_validated = p->cfg.addr_validated,
	};

	if (p->cfg.serves) {
		cp.local.version_information.available[0] = p->cfg.serves;
		cp.local.version_information.n = 1;
	}

	p->end[PAIR_SERVER].addr[0] = d->src;
	if (p->cfg.retry)
		pair_retry_accept(p, d, &cp);
	cp.scid.len = p->cfg.cid_len[PAIR_SERVER];
	quic_host_random(cp.scid.id, cp.scid.len);
	p->end[PAIR_SERVER].conn = quic_conn_create(&cp, p->now);
	end_set(&p->end[PAIR_SERVER]);
}

/* ---- keys of the next generation ---- */

static void pair_keys_wanted(struct pair_end *e, u32 want)
{
	if (want & QUIC_WANT_NEXT_KEYS)
		e->keys_at = e->pair->now + e->pair->cfg.keys_delay;
}

/* They need memory, like anything else. */
static void end_make_keys(struct pair_end *e)
{
	void *mem;

	if (e->keys_at > e->pair->now)
		return;
	e->keys_at = QUIC_TIME_NEVER;
	mem = quic_host_alloc(QUIC_OBJ_VAR, 1);
	quic_host_free(QUIC_OBJ_VAR, mem, 1);
	if (mem)
		quic_conn_next_keys_ready(e->conn, quic_conn_rx_gen(e->conn) + 1, e->pair->now);
	else
		quic_conn_next_keys_failed(e->conn, e->pair->now);
}

/*
 * -EINVAL: one is under way; this request will be made again. Not when nothing
 * moves any more: an update is said with a PING, which would keep both alive.
 */
static void end_update(struct pair_end *e)
{
	u32 every = e->pair->cfg.update_every[e->side];

	if (!every || e->sent < e->update_at || pair_all_done(e->pair))
		return;
	if (!quic_conn_update_keys(e->conn, e->pair->now))
		e->update_at = e->sent + every;
}

static void end_keep_alive(struct pair_end *e)
{
	u64 want = e->pair->cfg.keepalive;

	if (!want || e->side == PAIR_SERVER || !pair_confirmed(e->pair))
		return;
	if (pair_all_done(e->pair))
		want = 0;
	if (e->conn->keepalive != want)
		quic_conn_set_keepalive(e->conn, want, e->pair->now);
}

/* ---- the loop ---- */

void pair_end_pump(struct pair *p, struct pair_end *e)
{
	static const u8 levels[] = { QUIC_CRYPTO_INITIAL, QUIC_CRYPTO_HANDSHAKE };
	u32 i, want;

	if (!e->conn)
		return;
	do {
		want = quic_conn_take_want(e->conn);
		e->want |= want;
		pair_keys_wanted(e, want);
		if (want & QUIC_WANT_CRYPTO)
			for (i = 0; i < ARRAY_SIZE(levels); i++)
				pair_tls_read(e, levels[i]);
		if (!list_empty(&e->parked))
			pair_open_parked(p, e);
		if (e->conn->want & QUIC_WANT_CRYPTO)
			continue;	/* TLS first: its answer goes along */
		pair_app_read(p, e);
		if (quic_conn_takes_data(e->conn))
			pair_app_write(p, e);
		while (pair_wire_build(p, e))
			;
	} while (e->conn->want & ~QUIC_WANT_TX);
}

void pair_pump(struct pair *p)
{
	pair_end_pump(p, &p->end[PAIR_CLIENT]);
	pair_end_pump(p, &p->end[PAIR_SERVER]);
}

static u64 end_next(const struct pair_end *e)
{
	u64 t = QUIC_TIME_NEVER;

	if (!list_empty(&e->arrivals))
		t = list_first_entry(&e->arrivals, struct pair_dgram, node)->at;
	if (e->conn) {
		t = min(t, quic_conn_deadline(e->conn));
		t = min(t, quic_conn_pacing_deadline(e->conn));
		t = min(t, e->keys_at);
	}
	return t;
}

static void end_step(struct pair *p, struct pair_end *e)
{
	pair_open_arrivals(p, e);
	if (!e->conn)
		return;
	if (quic_conn_deadline(e->conn) <= p->now)
		quic_conn_on_timer(e->conn, p->now);
	end_make_keys(e);
	end_update(e);
	end_keep_alive(e);
	pair_retry_give(p, e);
	pair_end_pump(p, e);
}

static void check_step(struct pair *p)
{
	const char *wrong = NULL;
	u32 i;

	if (!p->cfg.check_every || p->steps % p->cfg.check_every)
		return;
	for (i = 0; i < 2 && !wrong; i++)
		wrong = p->end[i].conn ? pair_check(p->end[i].conn) : NULL;
	if (!wrong)
		wrong = pair_check_both(p);
	if (wrong)
		pair_error(p, wrong);
}

#define PAIR_STUCK	100000	/* steps without time passing */

u64 pair_next(const struct pair *p)
{
	return min(end_next(&p->end[0]), end_next(&p->end[1]));
}

void pair_step(struct pair *p, u64 at)
{
	p->stuck = at > p->now ? 0 : p->stuck + 1;
	if (p->stuck > PAIR_STUCK) {
		pair_error(p, "time stands still");
		return;
	}
	p->now = max(p->now, at);
	p->steps++;
	end_step(p, &p->end[0]);
	end_step(p, &p->end[1]);
	check_step(p);
	if (p->cfg.hooks && p->cfg.hooks->stepped)
		p->cfg.hooks->stepped(p);
}

bool pair_run(struct pair *p, bool (*done)(struct pair *p), u64 until)
{
	u64 t;

	p->stuck = 0;
	pair_pump(p);
	for (;;) {
		if (done && done(p))
			return true;
		if (p->errors)
			return false;
		t = pair_next(p);
		if (t == QUIC_TIME_NEVER || t > until) {
			p->now = max(p->now, until == QUIC_TIME_NEVER ? p->now : until);
			return false;
		}
		pair_step(p, t);
	}
}

struct pair *pair_new(const struct pair_cfg *cfg)
{
	struct pair *p = pair_zalloc(sizeof(*p));
	u32 i;

	p->cfg = *cfg;
	p->rnd = cfg->seed;
	p->begin = 1000 * QUIC_NS_PER_SEC + cfg->late;
	p->now = p->begin;
	p->flow = pair_zalloc(sizeof(*p->flow) * cfg->max_flows);
	for (i = 0; i < 4; i++)
		p->by_id[i] = pair_zalloc(sizeof(u32) * cfg->max_flows);
	for (i = 0; i < 2; i++) {
		struct pair_end *e = &p->end[i];

		e->pair = p;
		e->side = i;
		e->reading = true;
		e->keys_at = QUIC_TIME_NEVER;
		e->queue = cfg->shared[i] ? cfg->shared[i] : &e->own_queue;
		INIT_LIST_HEAD(&e->arrivals);
		INIT_LIST_HEAD(&e->parked);
		INIT_LIST_HEAD(&e->writing);
		e->arena.buf = pair_zalloc(ARENA);
		e->arena.cap = ARENA;
	}
	pair_create_client(p);
	if (p->end[PAIR_CLIENT].conn)
		pair_tls_start(&p->end[PAIR_CLIENT]);
	return p;
}

void pair_free(struct pair *p)
{
	struct pair_dgram *d, *n;
	u32 i;

	for (i = 0; i < 2; i++) {
		struct pair_end *e = &p->end[i];

		list_splice_init(&e->parked, &e->arrivals);
		list_for_each_entry_safe(d, n, &e->arrivals, node) {
			list_del(&d->node);
			pair_dgram_free(d);
		}
		if (e->conn)
			quic_conn_destroy(e->conn);
		shim_mem_free(e->arena.buf);
	}
	for (i = 0; i < 4; i++)
		shim_mem_free(p->by_id[i]);
	for (i = 0; i < 2; i++)
		shim_mem_free(p->msgs[i].seen);
	shim_mem_free(p->flow);
	shim_mem_free(p);
}

/* ---- for tests ---- */

bool pair_established(struct pair *p)
{
	u32 i;

	for (i = 0; i < 2; i++) {
		struct quic_conn *conn = p->end[i].conn;

		if (!conn || quic_conn_state(conn) != QUIC_CONN_ESTABLISHED)
			return false;
	}
	return true;
}

bool pair_confirmed(struct pair *p)
{
	return pair_established(p) && p->end[0].conn->handshake_confirmed &&
	       p->end[1].conn->handshake_confirmed;
}

bool pair_all_done(struct pair *p)
{
	u32 i;

	for (i = 0; i < p->n_flows; i++) {
		if (!p->flow[i].done)
			return false;
	}
	for (i = 0; i < 2; i++) {
		if (p->msgs[i].queued < p->msgs[i].total || p->end[i].conn->dgrams.tx.n)
			return false;
	}
	return true;
}

bool pair_closed(struct pair *p)
{
	u32 i;

	for (i = 0; i < 2; i++) {
		struct quic_conn *conn = p->end[i].conn;

		if (conn && quic_conn_state(conn) != QUIC_CONN_CLOSED)
			return false;
	}
	return true;
}

/* From where the core was told last. */
static void inject(struct pair *p, struct pair_end *e, u8 level, u64 pn,
		   const u8 *frames, u32 len)
{
	struct quic_rxbuf *buf = shim_rxbuf_new(len);
	struct quic_rx_pkt r = {
		.buf = buf, .len = len, .dgram_len = len + 40, .level = level,
		.pn = pn, .scid = e->conn->cids.peer_scid,
		.version = quic_version_of_level(e->conn, level),
		.key_gen = quic_conn_rx_gen(e->conn) + p->inject_ahead,
	};

	memcpy(buf->data, frames, len);
	p->injected = true;
	r.data = buf->data;
	quic_conn_recv(e->conn, &r, 1, p->now);
	quic_host_rxbuf_put(buf);
	pair_end_pump(p, e);
}

void pair_inject(struct pair *p, enum pair_side to, u8 level, u64 pn,
		 const u8 *frames, u32 len)
{
	struct pair_end *e = &p->end[to];
	u8 place = quic_conn_path_active(e->conn);

	p->amp[e->addr[place]].in += len + 40;
	quic_conn_set_rx_path(e->conn, place, false);
	inject(p, e, level, pn, frames, len);
}

void pair_inject_from(struct pair *p, u8 addr, u64 pn, const u8 *frames, u32 len)
{
	struct pair_end *e = &p->end[PAIR_SERVER];
	struct quic_pnspace *s = &p->end[PAIR_CLIENT].conn->space[QUIC_SPACE_APP];
	struct pair_dgram d = { .src = addr };

	/* the client will have sent it: its own have other numbers */
	s->tx_next = max(s->tx_next, pn + 1);
	p->amp[addr].in += len + 40;
	pair_path_rx(e, &d);
	inject(p, e, QUIC_CRYPTO_APP, pn, frames, len);
}
