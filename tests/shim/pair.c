// SPDX-License-Identifier: GPL-2.0
/*
 * Two cores back to back.
 *
 * What one end builds is turned into what the other receives: the plaintext in
 * place and by reference is gathered, as sealing and opening would. TLS is four
 * messages of fixed length; what matters is when keys appear. A packet whose
 * keys the receiver does not have yet is parked, as the socket layer does.
 *
 * It knows nothing of what the connections carry: tests drive the streams.
 */
#include "pair.h"

/* Lengths of the make-believe TLS messages. */
#define TLS_CLIENT_HELLO	300
#define TLS_SERVER_HELLO	122
#define TLS_SERVER_FLIGHT	2300
#define TLS_CLIENT_FINISHED	52

void pair_tparams(struct quic_tparams *tp)
{
	quic_tparams_init(tp);
	tp->max_idle_timeout = 30000;
	tp->initial_max_data = 2 << 20;
	tp->initial_max_stream_data_bidi_local = 1 << 20;
	tp->initial_max_stream_data_bidi_remote = 1 << 20;
	tp->initial_max_stream_data_uni = 1 << 20;
	tp->initial_max_streams_bidi = 100;
	tp->initial_max_streams_uni = 100;
	tp->max_udp_payload_size = 1472;
}

int pair_init(struct pair *p, const struct quic_tparams *tp)
{
	static const u8 hello[TLS_CLIENT_HELLO];
	struct quic_conn_params params = {
		.version = QUIC_VERSION_V1, .cc = &quic_cc_cubic, .max_mtu = 1472,
		.handshake_timeout = 10 * QUIC_NS_PER_SEC,
	};
	struct quic_cid odcid = { .len = 8, .id = "original" };
	u32 i;

	memset(p, 0, sizeof(*p));
	p->now = QUIC_NS_PER_SEC;
	p->delay = 10 * QUIC_NS_PER_MS;
	INIT_LIST_HEAD(&p->flying);
	INIT_LIST_HEAD(&p->parked);
	for (i = 0; i < 2; i++) {
		params.host = p;
		params.server = i == PAIR_SERVER;
		if (tp)
			params.local = *tp;
		else
			pair_tparams(&params.local);
		quic_cid_set(&params.scid, i ? (const u8 *)"serverid" :
					       (const u8 *)"clientid", 8);
		quic_cid_set(&params.dcid, (const u8 *)"clientid", 8);
		params.odcid = odcid;
		if (!params.server)
			params.dcid = odcid;
		p->conn[i] = quic_conn_create(&params, p->now);
		if (!p->conn[i])
			return -ENOMEM;
	}
	return quic_conn_crypto_send(p->conn[PAIR_CLIENT], QUIC_CRYPTO_INITIAL,
				     hello, sizeof(hello));
}

static void dgram_free(struct pair_dgram *d)
{
	u32 i;

	list_del(&d->node);
	for (i = 0; i < d->n; i++)
		quic_host_rxbuf_put(d->pkt[i].buf);
	shim_mem_free(d);
}

void pair_free(struct pair *p)
{
	struct pair_dgram *d, *n;
	u32 i;

	list_for_each_entry_safe(d, n, &p->flying, node)
		dgram_free(d);
	list_for_each_entry_safe(d, n, &p->parked, node)
		dgram_free(d);
	for (i = 0; i < 2; i++)
		if (p->conn[i])
			quic_conn_destroy(p->conn[i]);
	p->conn[0] = NULL;
	p->conn[1] = NULL;
}

/* ---- TLS ---- */

static void tls_keys(struct pair *p, u32 side, u8 level)
{
	quic_conn_key_ready(p->conn[side], level, true);
	quic_conn_key_ready(p->conn[side], level, false);
}

static void tls_peer_params(struct pair *p, u32 side)
{
	u8 buf[512];
	int len = quic_conn_local_tparams(p->conn[!side], buf, sizeof(buf));

	WARN_ON(len < 0);
	quic_conn_set_peer_tparams(p->conn[side], buf, len, p->now);
}

static void tls_say(struct pair *p, u32 side, u8 level, u32 len)
{
	static const u8 zeros[TLS_SERVER_FLIGHT];

	if (quic_conn_crypto_send(p->conn[side], level, zeros, len))
		quic_conn_handshake_fail(p->conn[side], 80, "no memory", p->now);
}

static void tls_client(struct pair *p)
{
	const u32 *in = p->tls_in[PAIR_CLIENT];
	struct quic_conn *conn = p->conn[PAIR_CLIENT];

	if (p->tls_step[PAIR_CLIENT] == 0 && in[QUIC_CRYPTO_INITIAL] == TLS_SERVER_HELLO) {
		p->tls_step[PAIR_CLIENT] = 1;
		tls_keys(p, PAIR_CLIENT, QUIC_CRYPTO_HANDSHAKE);
	}
	if (p->tls_step[PAIR_CLIENT] == 1 &&
	    in[QUIC_CRYPTO_HANDSHAKE] == TLS_SERVER_FLIGHT) {
		p->tls_step[PAIR_CLIENT] = 2;
		tls_peer_params(p, PAIR_CLIENT);
		tls_say(p, PAIR_CLIENT, QUIC_CRYPTO_HANDSHAKE, TLS_CLIENT_FINISHED);
		tls_keys(p, PAIR_CLIENT, QUIC_CRYPTO_APP);
		quic_conn_handshake_complete(conn, p->now);
	}
}

static void tls_server(struct pair *p)
{
	const u32 *in = p->tls_in[PAIR_SERVER];
	struct quic_conn *conn = p->conn[PAIR_SERVER];

	if (p->tls_step[PAIR_SERVER] == 0 && in[QUIC_CRYPTO_INITIAL] == TLS_CLIENT_HELLO) {
		p->tls_step[PAIR_SERVER] = 1;
		tls_say(p, PAIR_SERVER, QUIC_CRYPTO_INITIAL, TLS_SERVER_HELLO);
		tls_keys(p, PAIR_SERVER, QUIC_CRYPTO_HANDSHAKE);
		tls_peer_params(p, PAIR_SERVER);
		tls_say(p, PAIR_SERVER, QUIC_CRYPTO_HANDSHAKE, TLS_SERVER_FLIGHT);
		quic_conn_key_ready(conn, QUIC_CRYPTO_APP, true);
	}
	if (p->tls_step[PAIR_SERVER] == 1 &&
	    in[QUIC_CRYPTO_HANDSHAKE] == TLS_CLIENT_FINISHED) {
		p->tls_step[PAIR_SERVER] = 2;
		quic_conn_key_ready(conn, QUIC_CRYPTO_APP, false);
		quic_conn_handshake_complete(conn, p->now);
	}
}

static void tls_run(struct pair *p, u32 side)
{
	static const u8 levels[] = { QUIC_CRYPTO_INITIAL, QUIC_CRYPTO_HANDSHAKE };
	u8 buf[256];
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(levels); i++)
		while ((n = quic_conn_crypto_read(p->conn[side], levels[i], buf,
						  sizeof(buf))))
			p->tls_in[side][levels[i]] += n;
	if (side == PAIR_CLIENT)
		tls_client(p);
	else
		tls_server(p);
}

/* ---- the link ---- */

/* Gather a built packet's plaintext, as the receiver will have it. */
static bool pkt_convert(const struct quic_conn *from, const struct quic_tx_pkt *t,
			struct quic_rx_pkt *r)
{
	struct quic_rxbuf *buf;
	u8 *at;
	u32 i;

	buf = shim_rxbuf_new(t->len - t->hdr_len - QUIC_TAG_LEN);
	if (!buf)
		return false;
	memset(r, 0, sizeof(*r));
	memcpy(buf->data, t->buf + t->hdr_len, t->prefix_len);
	at = buf->data + t->prefix_len;
	for (i = 0; i < t->n_pieces; i++) {
		memcpy(at, t->piece[i].data, t->piece[i].len);
		at += t->piece[i].len;
	}
	WARN_ON(at != buf->data + buf->len);
	WARN_ON(t->n_pieces && t->prefix_len % 16);
	r->data = buf->data;
	r->len = buf->len;
	r->buf = buf;
	r->pn = t->pn;
	r->level = t->level;
	r->key_phase = t->key_phase;
	r->scid = from->cids.local[0].cid;
	return true;
}

static void dgram_queue(struct pair *p, struct pair_dgram *d)
{
	struct pair_dgram *e;

	list_for_each_entry_reverse(e, &p->flying, node)
		if (e->at <= d->at) {
			list_add(&d->node, &e->node);
			return;
		}
	list_add(&d->node, &p->flying);
}

static void dgram_copy(struct pair *p, const struct pair_dgram *d, s64 extra)
{
	struct pair_dgram *e = shim_mem_alloc(sizeof(*e));
	u32 i;

	if (!e)
		return;
	*e = *d;
	e->at += extra;
	for (i = 0; i < e->n; i++)
		quic_host_rxbuf_get(e->pkt[i].buf);
	dgram_queue(p, e);
}

static void dgram_send(struct pair *p, struct pair_dgram *d)
{
	u64 start = max(p->now, p->busy_until[d->to]);
	s64 extra;

	d->index = p->sent[d->to]++;
	if (p->rate) {
		p->busy_until[d->to] = start +
			div64_u64((d->len + 28) * QUIC_NS_PER_SEC, p->rate);
		start = p->busy_until[d->to];
	}
	d->at = start + p->delay;
	extra = p->fate ? p->fate(p, d, true) : -1;
	if (extra >= 0)
		dgram_copy(p, d, extra);
	extra = p->fate ? p->fate(p, d, false) : 0;
	if (extra < 0) {
		INIT_LIST_HEAD(&d->node);
		dgram_free(d);
		return;
	}
	d->at += extra;
	dgram_queue(p, d);
}

static void batch_send(struct pair *p, u32 from)
{
	struct pair_dgram *d = NULL;
	u32 i;

	for (i = 0; i < p->batch.n; i++) {
		const struct quic_tx_pkt *t = &p->batch.pkt[i];

		if (!d) {
			d = shim_mem_alloc(sizeof(*d));
			if (!d)
				return;
			memset(d, 0, sizeof(*d));
			d->to = !from;
		}
		if (pkt_convert(p->conn[from], t, &d->pkt[d->n]))
			d->n++;
		d->len += t->len;
		if (!t->dgram_end)
			continue;
		d->pkt[0].dgram_len = d->len;
		dgram_send(p, d);
		d = NULL;
	}
	WARN_ON(d);
}

static void side_flush(struct pair *p, u32 side)
{
	struct quic_conn *conn = p->conn[side];

	p->want[side] |= quic_conn_take_want(conn);
	if (p->want[side] & QUIC_WANT_CRYPTO) {
		p->want[side] &= ~QUIC_WANT_CRYPTO;
		tls_run(p, side);
		p->want[side] |= quic_conn_take_want(conn);
	}
	do {
		p->arena = (struct shim_arena){ .buf = p->space, .cap = sizeof(p->space) };
		p->batch.n = 0;
		p->batch.n_dgrams = 0;
		p->batch.max_dgrams = 44;
		p->batch.host = &p->arena;
		quic_conn_build(conn, &p->batch, p->now);
		batch_send(p, side);
	} while (p->batch.n_dgrams);
	p->want[side] |= quic_conn_take_want(conn);
}

void pair_flush(struct pair *p)
{
	side_flush(p, PAIR_CLIENT);
	side_flush(p, PAIR_SERVER);
}

/* Hand over the packets that can be opened; false when some must wait. */
static bool dgram_deliver(struct pair *p, struct pair_dgram *d)
{
	struct quic_conn *conn = p->conn[d->to];
	struct quic_rx_pkt wait[ARRAY_SIZE(d->pkt)];
	u32 i, n = 0;

	for (i = 0; i < d->n; i++) {
		if (conn->rx_keys & 1 << d->pkt[i].level) {
			quic_conn_recv(conn, &d->pkt[i], 1, p->now);
			quic_host_rxbuf_put(d->pkt[i].buf);
		} else if (conn->keys_discarded & 1 << d->pkt[i].level) {
			quic_host_rxbuf_put(d->pkt[i].buf);
		} else {
			wait[n++] = d->pkt[i];
		}
	}
	memcpy(d->pkt, wait, sizeof(*wait) * n);
	d->n = n;
	side_flush(p, d->to);
	return !n;
}

static void retry_parked(struct pair *p)
{
	struct pair_dgram *d, *n;

	list_for_each_entry_safe(d, n, &p->parked, node)
		if (dgram_deliver(p, d))
			dgram_free(d);
}

static u64 next_event(struct pair *p)
{
	u64 t = QUIC_TIME_NEVER;
	u32 i;

	if (!list_empty(&p->flying))
		t = list_first_entry(&p->flying, struct pair_dgram, node)->at;
	for (i = 0; i < 2; i++) {
		t = min(t, quic_conn_deadline(p->conn[i]));
		t = min(t, quic_conn_pacing_deadline(p->conn[i]));
	}
	return t;
}

bool pair_step(struct pair *p, u64 until)
{
	struct pair_dgram *d, *n;
	u64 t = next_event(p);
	u32 i;

	if (t > until || t == QUIC_TIME_NEVER) {
		p->now = until == QUIC_TIME_NEVER ? p->now : max(p->now, until);
		return false;
	}
	p->now = max(p->now, t);
	list_for_each_entry_safe(d, n, &p->flying, node) {
		if (d->at > p->now)
			break;
		list_del_init(&d->node);
		if (dgram_deliver(p, d))
			dgram_free(d);
		else
			list_add_tail(&d->node, &p->parked);
		break;	/* the list may have changed */
	}
	retry_parked(p);
	for (i = 0; i < 2; i++) {
		if (quic_conn_deadline(p->conn[i]) <= p->now)
			quic_conn_on_timer(p->conn[i], p->now);
		side_flush(p, i);
	}
	return true;
}

bool pair_run(struct pair *p, u64 ns, bool (*done)(struct pair *p))
{
	u64 until = p->now + ns;

	pair_flush(p);
	for (;;) {
		if (done && done(p))
			return true;
		if (!pair_step(p, until))
			return done ? done(p) : true;
	}
}

bool pair_confirmed(struct pair *p)
{
	return p->conn[PAIR_CLIENT]->handshake_confirmed &&
	       p->conn[PAIR_SERVER]->handshake_confirmed;
}
