// SPDX-License-Identifier: GPL-2.0
/*
 * Two connections back to back.
 *
 * One loop: let both ends say what they want, then jump to the next arrival or
 * deadline. The link keeps datagrams in a list by arrival time; a rate makes
 * them queue, and what the queue cannot hold is lost.
 *
 * Fake TLS: each message is a length (4 bytes), then filler, in which the
 * transport parameters stand first. The client says one, the server one at
 * Initial and one at Handshake level, the client one to finish.
 */
#include "pair.h"
#include "../../kmod/core/wire_hdr.h"

#define MS		QUIC_NS_PER_MS
#define PATTERN		65521		/* prime: offsets do not line up */
#define CHUNK		16384		/* of an application's write */
#define ARENA		(QUIC_TX_PKTS_MAX * 1600)
#define MSG_HDR		8		/* length, length of parameters */
#define CH_LEN		300
#define SH_LEN		90
#define FIN_LEN		52

static void *zalloc(size_t size)
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

static bool pair_dice(struct pair *p, u32 permille)
{
	return permille && (pair_random(p) >> 40) % 1000 < permille;
}

static void pair_error(struct pair *p, const char *what)
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
	cfg->flight = 2500;
	cfg->handshake_timeout = 10 * QUIC_NS_PER_SEC;
	cfg->batch = 16;
	cfg->tx_max = 1 << 20;
	cfg->check_every = 64;
	for (i = 0; i < 2; i++) {
		struct quic_tparams *tp = &cfg->local[i];

		quic_tparams_init(tp);
		tp->max_idle_timeout = 30000;
		tp->initial_max_data = 4 << 20;
		tp->initial_max_stream_data_bidi_local = 1 << 20;
		tp->initial_max_stream_data_bidi_remote = 1 << 20;
		tp->initial_max_stream_data_uni = 1 << 20;
		tp->initial_max_streams_bidi = 16;
		tp->initial_max_streams_uni = 16;
		cfg->link[i].delay = 10 * MS;
	}
}

/* ---- creation ---- */

static void pair_create_client(struct pair *p)
{
	struct quic_conn_params cp = {
		.host = &p->end[PAIR_CLIENT],
		.version = QUIC_VERSION_V1,
		.local = p->cfg.local[PAIR_CLIENT],
		.cc = p->cfg.cc,
		.max_mtu = p->cfg.mtu,
		.handshake_timeout = p->cfg.handshake_timeout,
	};

	cp.scid.len = QUIC_LOCAL_CID_LEN;
	quic_host_random(cp.scid.id, cp.scid.len);
	cp.dcid.len = QUIC_INITIAL_DCID_MIN;
	quic_host_random(cp.dcid.id, cp.dcid.len);
	p->end[PAIR_CLIENT].conn = quic_conn_create(&cp, p->now);
}

static void pair_create_server(struct pair *p, const struct pair_dgram *d)
{
	struct quic_conn_params cp = {
		.host = &p->end[PAIR_SERVER],
		.server = true,
		.version = QUIC_VERSION_V1,
		.local = p->cfg.local[PAIR_SERVER],
		.dcid = d->scid,
		.odcid = d->dcid,
		.cc = p->cfg.cc,
		.max_mtu = p->cfg.mtu,
		.handshake_timeout = p->cfg.handshake_timeout,
		.addr_validated = p->cfg.addr_validated,
	};

	cp.scid.len = QUIC_LOCAL_CID_LEN;
	quic_host_random(cp.scid.id, cp.scid.len);
	p->end[PAIR_SERVER].conn = quic_conn_create(&cp, p->now);
}

/* ---- fake TLS ---- */

static u8 tls_filler(u8 level, u32 off)
{
	return 0x40 + level * 16 + off % 13;
}

static void tls_send(struct pair_end *e, u8 level, u32 len, bool params)
{
	static u8 msg[8192];	/* too big for a kernel's stack */
	int n = 0;
	u32 i;

	for (i = 0; i < len; i++)
		msg[i] = tls_filler(level, i);
	if (params)
		n = quic_conn_local_tparams(e->conn, msg + MSG_HDR, len - MSG_HDR);
	if (n < 0)
		pair_error(e->pair, "transport parameters do not fit");
	put_unaligned_be32(len, msg);
	put_unaligned_be32(n, msg + 4);
	if (quic_conn_crypto_send(e->conn, level, msg, len)) {
		e->tls.failed = true;
		quic_conn_handshake_fail(e->conn, 80, "no memory", e->pair->now);
	}
}

static void tls_key(struct pair_end *e, u8 level)
{
	quic_conn_key_ready(e->conn, level, false);
	quic_conn_key_ready(e->conn, level, true);
}

static void tls_complete(struct pair_end *e)
{
	if (!quic_conn_handshake_complete(e->conn, e->pair->now))
		return;
	if (quic_conn_state(e->conn) == QUIC_CONN_HANDSHAKE)
		pair_error(e->pair, "the handshake could not be completed");
}

static void tls_server_msg(struct pair_end *e, u8 level, const u8 *params, u32 len)
{
	if (level == QUIC_CRYPTO_HANDSHAKE) {
		quic_conn_key_ready(e->conn, QUIC_CRYPTO_APP, false);
		tls_complete(e);
		return;
	}
	if (quic_conn_set_peer_tparams(e->conn, params, len, e->pair->now))
		return;
	tls_send(e, QUIC_CRYPTO_INITIAL, SH_LEN, false);
	tls_key(e, QUIC_CRYPTO_HANDSHAKE);
	if (!e->tls.failed)
		tls_send(e, QUIC_CRYPTO_HANDSHAKE, e->pair->cfg.flight, true);
	quic_conn_key_ready(e->conn, QUIC_CRYPTO_APP, true);
}

static void tls_client_msg(struct pair_end *e, u8 level, const u8 *params, u32 len)
{
	if (level == QUIC_CRYPTO_INITIAL) {
		tls_key(e, QUIC_CRYPTO_HANDSHAKE);
		return;
	}
	if (quic_conn_set_peer_tparams(e->conn, params, len, e->pair->now))
		return;
	tls_key(e, QUIC_CRYPTO_APP);
	tls_send(e, QUIC_CRYPTO_HANDSHAKE, FIN_LEN, false);
	if (!e->tls.failed)
		tls_complete(e);
}

static void tls_check_filler(struct pair_end *e, u8 level, u32 from, u32 len)
{
	u32 i;

	for (i = from; i < len; i++) {
		if (e->tls.in[level][i] != tls_filler(level, i)) {
			pair_error(e->pair, "CRYPTO bytes differ");
			return;
		}
	}
}

/* Read what arrived at a level; act once its message is whole. */
static void tls_read(struct pair_end *e, u8 level)
{
	u32 *have = &e->tls.have[level], len, params;
	u8 *in = e->tls.in[level];

	*have += quic_conn_crypto_read(e->conn, level, in + *have,
				       sizeof(e->tls.in[0]) - *have);
	if (*have < MSG_HDR)
		return;
	len = get_unaligned_be32(in);
	params = get_unaligned_be32(in + 4);
	if (*have < len)
		return;
	if (*have > len || params > len - MSG_HDR) {
		pair_error(e->pair, "CRYPTO bytes that were never sent");
		return;
	}
	tls_check_filler(e, level, MSG_HDR + params, len);
	*have = 0;
	if (e->side == PAIR_SERVER)
		tls_server_msg(e, level, in + MSG_HDR, params);
	else
		tls_client_msg(e, level, in + MSG_HDR, params);
}

/* ---- application ---- */

static const u8 *pattern_at(const struct pair *p, u64 id, u64 off)
{
	return p->pattern + (off + id * 7919) % PATTERN;
}

struct pair_flow *pair_flow(struct pair *p, enum pair_side from, u64 total)
{
	struct pair_flow *f = &p->flow[p->n_flows++];

	WARN_ON(p->n_flows > PAIR_FLOWS);
	memset(f, 0, sizeof(*f));
	f->from = from;
	f->total = total;
	return f;
}

/* Queue one piece of a buffer. Return: it was taken. */
static bool app_append(struct quic_conn *conn, struct quic_stream *s,
		       struct quic_txbuf *buf, u32 off, u32 len)
{
	bool merged = false;
	int err;

	shim_txbuf_get(buf);
	err = quic_stream_append(conn, s, buf->data + off, len, buf, &merged);
	if (!err)
		buf->held += len;
	if (err || merged)
		quic_host_txbuf_put(conn, buf, 0);
	return !err;
}

/*
 * Write in two pieces of one buffer, which the core should join. Return: false
 * when nothing more can be queued now.
 */
static bool app_write(struct pair *p, struct pair_flow *f)
{
	struct quic_conn *conn = p->end[f->from].conn;
	struct quic_stream *s = quic_conn_stream_find(conn, f->id);
	u32 len = min_t(u64, f->total - f->queued, CHUNK), half = len / 2;
	struct quic_txbuf *buf;
	bool ok = true;

	if (!s || quic_conn_tx_queued(conn) >= p->cfg.tx_max)
		return false;
	if (!len) {
		if (!quic_stream_finish(conn, s))
			f->finished = true;
		return false;
	}
	buf = shim_txbuf_new(len);
	memcpy(buf->data, pattern_at(p, f->id, f->queued), len);
	if (half) {
		ok = app_append(conn, s, buf, 0, half);
		f->queued += ok ? half : 0;
	}
	if (ok) {
		ok = app_append(conn, s, buf, half, len - half);
		f->queued += ok ? len - half : 0;
	}
	quic_host_txbuf_put(conn, buf, 0);
	return ok;
}

static void app_write_all(struct pair *p, struct pair_end *e)
{
	struct quic_stream *s;
	u32 i;

	for (i = 0; i < p->n_flows; i++) {
		struct pair_flow *f = &p->flow[i];

		if (f->from != e->side || f->finished)
			continue;
		if (!f->opened) {
			if (quic_conn_stream_open(e->conn, f->uni, &s))
				continue;
			f->id = s->id;
			f->opened = true;
		}
		while (app_write(p, f))
			;
	}
}

static struct pair_flow *app_flow(struct pair *p, u64 id)
{
	u32 i;

	for (i = 0; i < p->n_flows; i++) {
		if (p->flow[i].opened && p->flow[i].id == id)
			return &p->flow[i];
	}
	return NULL;
}

/* Bytes of a flow arrived: are they the right ones? */
static void app_check(struct pair *p, struct pair_end *e, struct pair_flow *f,
		      const u8 *data, u32 len)
{
	if (f->from == e->side) {
		pair_error(p, "bytes on a half that was ended without any");
		return;
	}
	if (memcmp(data, pattern_at(p, f->id, f->received), len))
		pair_error(p, "stream bytes differ");
	f->received += len;
	if (f->received > f->total)
		pair_error(p, "more stream bytes than were sent");
}

static bool app_read_stream(struct pair *p, struct pair_end *e, struct quic_stream *s)
{
	struct pair_flow *f = app_flow(p, s->id);
	const u8 *data;
	u32 len = 0;

	if (!f) {
		pair_error(p, "a stream that nobody opened");
		return false;
	}
	/* Nothing to say on the way back. */
	if (f->from != e->side && s->has_tx && quic_stream_writable(s))
		quic_stream_finish(e->conn, s);
	if (quic_stream_take_reset(e->conn, s, &f->reset_code)) {
		f->reset = true;
		return true;
	}
	data = quic_stream_peek(s, &len);
	len = data ? min_t(u32, len, PATTERN) : 0;
	if (data)
		app_check(p, e, f, data, len);
	if (quic_stream_consume(e->conn, s, len)) {
		if (f->from == e->side)
			return true;
		/* quic_conn_shutdown() ends what was not written to its end. */
		if (f->received != f->queued || (f->finished && f->received != f->total))
			pair_error(p, "a stream ended early");
		f->done = true;
	} else if (!data) {
		pair_error(p, "a readable stream had nothing to read");
		return false;
	}
	return true;
}

static void app_read_all(struct pair *p, struct pair_end *e)
{
	struct quic_stream *s;

	while (e->reading && (s = quic_conn_readable(e->conn)))
		if (!app_read_stream(p, e, s))
			break;
}

/* ---- link ---- */

static void dgram_free(struct pair_dgram *d)
{
	quic_host_rxbuf_put(d->buf);
	shim_mem_free(d);
}

static void link_insert(struct pair_end *to, struct pair_dgram *d)
{
	struct list_head *at = to->arrivals.prev;

	while (at != &to->arrivals &&
	       list_entry(at, struct pair_dgram, node)->at > d->at)
		at = at->prev;
	list_add(&d->node, at);
}

/* When a datagram of @len bytes sent now is there; 0: the queue is full. */
static u64 link_arrival(struct pair *p, struct pair_end *from, u32 len)
{
	struct pair_link *l = &p->cfg.link[from->side];
	u64 start = max(p->now, from->link_free), at = start;

	if (l->rate) {
		if (l->queue && (start - p->now) / 1000 * (l->rate / 1000) / 1000 > l->queue)
			return 0;
		at += len * QUIC_NS_PER_SEC / l->rate;
		from->link_free = at;
	}
	at += l->delay;
	if (pair_dice(p, l->reorder))
		at += pair_random(p) % (l->reorder_delay + 1);
	return at;
}

static bool link_drops(struct pair *p, struct pair_end *from, u32 len)
{
	struct pair_link *l = &p->cfg.link[from->side];
	u64 n = from->sent++;

	from->bytes += len;
	if (l->mtu && len > l->mtu) {
		from->pmtu_dropped++;
		return true;
	}
	if (l->drop && l->drop(p, from->side, n))
		return true;
	return pair_dice(p, l->loss);
}

static struct pair_dgram *dgram_copy(const struct pair_dgram *d)
{
	struct pair_dgram *c = zalloc(sizeof(*c));

	*c = *d;
	quic_host_rxbuf_get(c->buf);
	return c;
}

static void link_send(struct pair *p, struct pair_end *from, struct pair_dgram *d)
{
	struct pair_end *to = &p->end[!from->side];
	struct pair_dgram *copy = NULL;

	if (p->cfg.link[from->side].tap)
		p->cfg.link[from->side].tap(p, from->side, d);
	d->at = 0;
	if (!link_drops(p, from, d->len))
		d->at = link_arrival(p, from, d->len);
	if (!d->at) {
		from->lost++;
		dgram_free(d);
		return;
	}
	if (pair_dice(p, p->cfg.link[from->side].dup))
		copy = dgram_copy(d);
	link_insert(to, d);
	if (copy) {
		copy->at += 1 + pair_random(p) % MS;
		link_insert(to, copy);
	}
}

/* ---- wire ---- */

/* Header, plaintext and a tag of zeros as they would stand in the datagram. */
static u32 wire_put(struct pair *p, const struct quic_tx_pkt *t, u8 *dst)
{
	u32 n = t->hdr_len + t->prefix_len, i;

	memcpy(dst, t->buf, n);
	for (i = 0; i < t->n_pieces; i++) {
		memcpy(dst + n, t->piece[i].data, t->piece[i].len);
		n += t->piece[i].len;
	}
	memset(dst + n, 0, QUIC_TAG_LEN);
	n += QUIC_TAG_LEN;
	if (n != t->len)
		pair_error(p, "a packet's lengths do not add up");
	if (t->n_pieces && t->prefix_len % 16)
		pair_error(p, "pieces join at a place not aligned to 16");
	return n;
}

static u8 level_of_type(enum quic_pkt_type type)
{
	return type == QUIC_PKT_INITIAL ? QUIC_CRYPTO_INITIAL :
	       type == QUIC_PKT_HANDSHAKE ? QUIC_CRYPTO_HANDSHAKE :
	       QUIC_CRYPTO_APP;
}

static u64 wire_pn(const u8 *p, u8 len)
{
	u64 pn = 0;

	while (len--)
		pn = pn << 8 | *p++;
	return pn;
}

/* Take the packet at @off apart as glue would. Return: its length or 0. */
static u32 wire_get(struct pair *p, struct pair_dgram *d, u32 off,
		    const struct quic_tx_pkt *t)
{
	struct quic_rx_pkt *r = &d->pkt[d->n];
	const u8 *data = d->buf->data + off;
	struct quic_hdr h;
	u8 pn_len;

	if (quic_hdr_parse(data, d->len - off, QUIC_LOCAL_CID_LEN, &h)) {
		pair_error(p, "a header that cannot be parsed");
		return 0;
	}
	pn_len = (data[0] & 3) + 1;
	if (h.pn_off != t->pn_off || pn_len != t->pn_len || h.len != t->len ||
	    level_of_type(h.type) != t->level)
		pair_error(p, "a header says other than the batch");
	if (wire_pn(data + h.pn_off, pn_len) != (t->pn & ((1ULL << 8 * pn_len) - 1)))
		pair_error(p, "a wrong packet number in a header");
	if (!off) {
		d->dcid = h.dcid;
		d->scid = h.scid;
		d->initial = h.type == QUIC_PKT_INITIAL;
		r->dgram_len = d->len;
	} else if (!quic_cid_equal(&d->dcid, &h.dcid)) {
		pair_error(p, "coalesced packets for different connections");
	}
	d->pn_len[d->n++] = pn_len;
	r->data = data + t->hdr_len;
	r->len = t->len - t->hdr_len - QUIC_TAG_LEN;
	r->buf = d->buf;
	r->level = t->level;
	r->key_phase = t->key_phase;
	r->pn = t->pn;
	r->scid = h.scid;
	return h.len;
}

/* Packets [first, last] of a batch are one datagram: send it. */
static void wire_send(struct pair *p, struct pair_end *e, u32 first, u32 last)
{
	struct pair_dgram *d = zalloc(sizeof(*d));
	u32 i, off = 0, len;

	for (i = first; i <= last; i++)
		d->len += e->batch.pkt[i].len;
	d->buf = shim_rxbuf_new(d->len);
	for (i = first; i <= last; i++)
		off += wire_put(p, &e->batch.pkt[i], d->buf->data + off);
	for (i = first, off = 0; i <= last; i++, off += len) {
		len = wire_get(p, d, off, &e->batch.pkt[i]);
		if (!len)
			break;
	}
	if (d->initial && d->len < QUIC_MIN_UDP_PAYLOAD && e->side == PAIR_CLIENT)
		pair_error(p, "a client Initial below 1200 bytes");
	e->from_amp += d->len;
	if (e->side == PAIR_SERVER && !e->conn->path.validated &&
	    e->from_amp > 3 * e->to_amp)
		pair_error(p, "anti-amplification limit exceeded");
	link_send(p, e, d);
}

/* Every datagram of a train as long as the first, save the last. */
static void check_train(struct pair *p, struct pair_end *e, u32 len, u32 *first,
			bool last)
{
	if (!*first)
		*first = len;
	else if (len > *first || (len < *first && !last))
		pair_error(p, "datagrams of a train differ in length");
}

static bool end_build(struct pair *p, struct pair_end *e)
{
	struct quic_tx_batch *b = &e->batch;
	u32 i, start = 0, len = 0, first = 0, n;

	b->n = 0;
	b->n_dgrams = 0;
	b->max_dgrams = p->cfg.batch;
	b->host = &e->arena;
	e->arena.used = 0;
	n = quic_conn_build(e->conn, b, p->now);
	if (n != b->n_dgrams || n > b->max_dgrams || b->n > QUIC_TX_PKTS_MAX)
		pair_error(p, "a batch does not count right");
	for (i = 0; i < b->n; i++) {
		len += b->pkt[i].len;
		if (!b->pkt[i].dgram_end)
			continue;
		check_train(p, e, len, &first, i + 1 == b->n);
		wire_send(p, e, start, i);
		start = i + 1;
		len = 0;
	}
	if (start != b->n)
		pair_error(p, "a batch ends inside a datagram");
	return n > 0;
}

/* ---- the loop ---- */

static void end_unpark(struct pair *p, struct pair_end *e);

static void end_pump(struct pair *p, struct pair_end *e)
{
	static const u8 levels[] = { QUIC_CRYPTO_INITIAL, QUIC_CRYPTO_HANDSHAKE };
	u32 i, want;

	if (!e->conn)
		return;
	do {
		want = quic_conn_take_want(e->conn);
		e->want |= want;
		if (want & QUIC_WANT_CRYPTO)
			for (i = 0; i < ARRAY_SIZE(levels); i++)
				tls_read(e, levels[i]);
		if (!list_empty(&e->parked))
			end_unpark(p, e);
		if (e->conn->want & QUIC_WANT_CRYPTO)
			continue;	/* TLS first: its answer goes along */
		app_read_all(p, e);
		if (quic_conn_state(e->conn) == QUIC_CONN_ESTABLISHED)
			app_write_all(p, e);
		while (end_build(p, e))
			;
	} while (e->conn->want & ~QUIC_WANT_TX);
}

void pair_pump(struct pair *p)
{
	end_pump(p, &p->end[PAIR_CLIENT]);
	end_pump(p, &p->end[PAIR_SERVER]);
}

static bool dcid_known(const struct quic_conn *conn, const struct pair_dgram *d)
{
	const struct quic_cid *cid;
	u64 seq;
	u32 i;

	if (conn->server && quic_cid_equal(&d->dcid, &conn->cids.odcid))
		return true;
	for (i = 0; i < QUIC_LOCAL_CIDS; i++) {
		cid = quic_conn_local_cid(conn, i, &seq);
		if (cid && quic_cid_equal(cid, &d->dcid))
			return true;
	}
	return false;
}

/*
 * Can the receiver expand the number? Not that of a packet which very many
 * others overtook: then it does not authenticate, and is as good as lost.
 */
static bool pn_expands(struct pair *p, struct pair_end *e,
		       const struct quic_rx_pkt *r, u8 len)
{
	bool none;
	u64 largest = quic_conn_largest_rx(e->conn, r->level, &none);

	if (quic_pn_decode(largest, none, r->pn & ((1ULL << 8 * len) - 1), len) == r->pn)
		return true;
	if (none || r->pn > largest)
		pair_error(p, "a packet number cannot be expanded");
	return false;
}

/* Keys: a packet can be opened only once its level's are there. */
static bool can_open(const struct quic_conn *conn, const struct quic_rx_pkt *r)
{
	return conn->rx_keys & 1 << r->level;
}

/* A packet whose keys are not there yet waits for them, as glue makes it. */
static bool must_park(const struct quic_conn *conn, const struct quic_rx_pkt *r)
{
	u32 bit = 1 << r->level;

	if (conn->keys_discarded & bit)
		return false;
	return !(conn->rx_keys & bit) ||
	       (r->level == QUIC_CRYPTO_APP && !conn->handshake_complete);
}

static void end_park(struct pair_end *e, const struct pair_dgram *d, u32 first)
{
	struct pair_dgram *copy;

	if (e->n_parked == PAIR_PARKED)
		return;
	copy = dgram_copy(d);
	copy->n = 0;
	for (; first < d->n; first++) {
		copy->pn_len[copy->n] = d->pn_len[first];
		copy->pkt[copy->n] = d->pkt[first];
		copy->pkt[copy->n++].dgram_len = 0;
	}
	list_add_tail(&copy->node, &e->parked);
	e->n_parked++;
}

/* Give the core what can be opened of a datagram, park the rest. */
static void end_open(struct pair *p, struct pair_end *e, struct pair_dgram *d)
{
	struct quic_rx_pkt pkts[PAIR_DGRAM_PKTS];
	u32 i, n = 0, rest = d->pkt[0].dgram_len;

	for (i = 0; i < d->n; i++) {
		if (must_park(e->conn, &d->pkt[i])) {
			end_park(e, d, i);
			break;
		}
		if (!can_open(e->conn, &d->pkt[i]) ||
		    !pn_expands(p, e, &d->pkt[i], d->pn_len[i]))
			continue;
		pkts[n] = d->pkt[i];
		pkts[n].dgram_len = rest;
		rest = 0;
		n++;
	}
	if (n)
		quic_conn_recv(e->conn, pkts, n, p->now);
	else if (rest)
		quic_conn_recv_undecryptable(e->conn, rest);
}

/* Keys may have come: try what is parked again. */
static void end_unpark(struct pair *p, struct pair_end *e)
{
	struct pair_dgram *d, *n;
	LIST_HEAD(again);

	list_splice_init(&e->parked, &again);
	e->n_parked = 0;
	list_for_each_entry_safe(d, n, &again, node) {
		list_del(&d->node);
		end_open(p, e, d);
		dgram_free(d);
	}
}

static void end_receive(struct pair *p, struct pair_end *e, struct pair_dgram *d)
{
	if (!e->conn && e->side == PAIR_SERVER && d->initial)
		pair_create_server(p, d);
	if (!e->conn)
		return;
	e->to_amp += d->len;
	if (!dcid_known(e->conn, d) && quic_conn_state(e->conn) < QUIC_CONN_CLOSING)
		pair_error(p, "a datagram for an unknown connection ID");
	end_open(p, e, d);
}

static void end_arrivals(struct pair *p, struct pair_end *e)
{
	struct pair_dgram *d;

	while (!list_empty(&e->arrivals)) {
		d = list_first_entry(&e->arrivals, struct pair_dgram, node);
		if (d->at > p->now)
			break;
		list_del(&d->node);
		end_receive(p, e, d);
		dgram_free(d);
	}
}

static u64 end_next(const struct pair_end *e)
{
	u64 t = QUIC_TIME_NEVER;

	if (!list_empty(&e->arrivals))
		t = list_first_entry(&e->arrivals, struct pair_dgram, node)->at;
	if (e->conn) {
		t = min(t, quic_conn_deadline(e->conn));
		t = min(t, quic_conn_pacing_deadline(e->conn));
	}
	return t;
}

static void end_step(struct pair *p, struct pair_end *e)
{
	const char *wrong;

	end_arrivals(p, e);
	if (!e->conn)
		return;
	if (quic_conn_deadline(e->conn) <= p->now)
		quic_conn_on_timer(e->conn, p->now);
	end_pump(p, e);
	if (p->cfg.check_every && p->steps % p->cfg.check_every == 0) {
		wrong = pair_check(e->conn);
		if (wrong)
			pair_error(p, wrong);
	}
}

#define PAIR_STUCK	100000	/* steps without time passing */

bool pair_run(struct pair *p, bool (*done)(struct pair *p), u64 until)
{
	u32 stuck = 0;
	u64 t;

	pair_pump(p);
	for (;;) {
		if (done && done(p))
			return true;
		if (p->errors)
			return false;
		t = min(end_next(&p->end[0]), end_next(&p->end[1]));
		if (t == QUIC_TIME_NEVER || t > until) {
			p->now = max(p->now, until == QUIC_TIME_NEVER ? p->now : until);
			return false;
		}
		stuck = t > p->now ? 0 : stuck + 1;
		if (stuck > PAIR_STUCK) {
			pair_error(p, "time stands still");
			return false;
		}
		p->now = max(p->now, t);
		p->steps++;
		end_step(p, &p->end[0]);
		end_step(p, &p->end[1]);
	}
}

struct pair *pair_new(const struct pair_cfg *cfg)
{
	struct pair *p = zalloc(sizeof(*p));
	u32 i;

	p->cfg = *cfg;
	p->rnd = cfg->seed;
	p->now = 1000 * QUIC_NS_PER_SEC;
	p->pattern = zalloc(2 * PATTERN);
	for (i = 0; i < PATTERN; i++)
		p->pattern[i] = p->pattern[PATTERN + i] = pair_random(p) >> 56;
	for (i = 0; i < 2; i++) {
		struct pair_end *e = &p->end[i];

		e->pair = p;
		e->side = i;
		e->reading = true;
		INIT_LIST_HEAD(&e->arrivals);
		INIT_LIST_HEAD(&e->parked);
		e->arena.buf = zalloc(ARENA);
		e->arena.cap = ARENA;
	}
	pair_create_client(p);
	if (p->end[PAIR_CLIENT].conn)
		tls_send(&p->end[PAIR_CLIENT], QUIC_CRYPTO_INITIAL, CH_LEN, true);
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
			dgram_free(d);
		}
		if (e->conn)
			quic_conn_destroy(e->conn);
		shim_mem_free(e->arena.buf);
	}
	shim_mem_free(p->pattern);
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

void pair_inject(struct pair *p, enum pair_side to, u8 level, u64 pn,
		 const u8 *frames, u32 len)
{
	struct pair_end *e = &p->end[to];
	struct quic_rxbuf *buf = shim_rxbuf_new(len);
	struct quic_rx_pkt r = {
		.buf = buf, .len = len, .dgram_len = len + 40, .level = level,
		.pn = pn, .scid = e->conn->cids.peer_scid,
	};

	memcpy(buf->data, frames, len);
	r.data = buf->data;
	quic_conn_recv(e->conn, &r, 1, p->now);
	quic_host_rxbuf_put(buf);
	end_pump(p, e);
}

/* ---- invariants ---- */

static const char *check_sent(const struct quic_conn *conn, u64 *in_flight)
{
	u32 i;
	u64 pn;

	for (i = 0; i < QUIC_SPACES; i++) {
		const struct quic_sent *s = &conn->space[i].sent;
		u32 eliciting = 0;

		if (s->next - s->base > s->cap)
			return "more packets in flight than the ring holds";
		for (pn = s->base; pn < s->next; pn++) {
			const struct quic_sent_pkt *r = quic_sent_get(s, pn);

			if (!(r->flags & QUIC_SENT_OUTSTANDING))
				continue;
			if (r->flags & QUIC_SENT_IN_FLIGHT)
				*in_flight += r->size;
			eliciting += !!(r->flags & QUIC_SENT_ACK_ELICITING);
		}
		if (eliciting != s->n_eliciting)
			return "ack-eliciting packets are miscounted";
	}
	return NULL;
}

static const char *check_sendbuf(const struct quic_sendbuf *sb)
{
	const struct quic_rangelist *l = &sb->lost;
	const struct quic_span *r = l->cap ? l->r : &l->one;
	u32 i;

	if (sb->base > sb->next || sb->next > sb->end)
		return "sendbuf: not base <= next <= end";
	for (i = 0; i < l->n; i++) {
		if (r[i].lo >= r[i].hi || (i && r[i].lo <= r[i - 1].hi))
			return "sendbuf: lost ranges out of order";
		if (r[i].lo < sb->base || r[i].hi > sb->next)
			return "sendbuf: lost range outside base and next";
	}
	l = &sb->acked;
	r = l->cap ? l->r : &l->one;
	for (i = 0; i < l->n; i++) {
		if (r[i].lo >= r[i].hi || (i && r[i].lo <= r[i - 1].hi))
			return "sendbuf: acked ranges out of order";
		if (r[i].lo <= sb->base || r[i].hi > sb->next)
			return "sendbuf: acked range outside base and next";
	}
	return NULL;
}

static const char *check_streams(const struct quic_conn *conn)
{
	const struct quic_streams *st = &conn->streams;
	u64 tx = 0, rx = 0, n = 0;
	struct rb_node *node;
	const char *wrong;

	for (node = rb_first(&st->tree); node; node = rb_next(node), n++) {
		const struct quic_stream *s = rb_entry(node, struct quic_stream, node);

		tx += s->tx.end - s->tx.base;
		rx += s->rx.contig - s->rx.read;
		wrong = check_sendbuf(&s->tx);
		if (wrong)
			return wrong;
		if (s->flow_tx.used > s->flow_tx.limit)
			return "a stream's credit is overdrawn";
		if (s->flow_rx.received > s->flow_rx.max ||
		    s->flow_rx.consumed > s->flow_rx.received)
			return "a stream's receive window is inconsistent";
	}
	if (tx != st->tx_queued)
		return "tx_queued is not what the streams hold";
	if (rx != st->rx_queued)
		return "rx_queued is not what the streams hold";
	return n == st->n_open ? NULL : "open streams are miscounted";
}

static const char *check_vals(const struct quic_valsyncs *vals)
{
	const struct quic_valsync *v;

	list_for_each_entry(v, &vals->wanted, node) {
		if (v->state != QUIC_VAL_WANTED)
			return "a value in the wanted list is not wanted";
	}
	list_for_each_entry(v, &vals->flying, node) {
		if (v->state != QUIC_VAL_FLYING)
			return "a value in the flying list is not flying";
	}
	return NULL;
}

const char *pair_check(const struct quic_conn *conn)
{
	const char *wrong;
	u64 in_flight = 0;

	wrong = check_sent(conn, &in_flight);
	if (!wrong && in_flight != conn->path.cc.bytes_in_flight)
		wrong = "bytes_in_flight is not what is in flight";
	if (!wrong)
		wrong = check_streams(conn);
	if (!wrong)
		wrong = check_vals(&conn->vals);
	if (!wrong && conn->flow_tx.used > conn->flow_tx.limit)
		wrong = "the connection's credit is overdrawn";
	if (!wrong && conn->flow_rx.received > conn->flow_rx.max)
		wrong = "the connection's receive window is inconsistent";
	if (!wrong && conn->path.cc.cwnd < quic_cc_min_window(&conn->path.cc))
		wrong = "the congestion window is below its minimum";
	return wrong;
}
