// SPDX-License-Identifier: GPL-2.0
/*
 * One connection whose peer is the fuzzer.
 *
 * A handshake costs a few calls, not packets: the keys are said to be there,
 * the peer's transport parameters are encoded here and handed over. So ten
 * thousand connections a second live and die.
 */
#include "solo.h"
#include "../../kmod/core/wire_hdr.h"

#define ARENA	(QUIC_TX_PKTS_MAX * 1600)
#define WHEN	(1000 * QUIC_NS_PER_SEC)

static u8 arena_buf[ARENA];
static u8 plain[ARENA];
static struct quic_tx_batch batch;

void solo_defaults(struct solo_cfg *cfg)
{
	struct quic_tparams *tp = &cfg->local;

	memset(cfg, 0, sizeof(*cfg));
	cfg->cc = &quic_cc_newreno;
	cfg->peer_cid.len = 8;
	memset(cfg->peer_cid.id, 'p', cfg->peer_cid.len);
	quic_tparams_init(tp);
	tp->max_idle_timeout = 30000;
	tp->initial_max_data = 65536;
	tp->initial_max_stream_data_bidi_local = 20000;
	tp->initial_max_stream_data_bidi_remote = 20000;
	tp->initial_max_stream_data_uni = 20000;
	tp->initial_max_streams_bidi = 8;
	tp->initial_max_streams_uni = 8;
	cfg->remote = *tp;
	tp->active_connection_id_limit = QUIC_REMOTE_CIDS;
}

void solo_hello(struct solo *s)
{
	static const u8 levels[] = { QUIC_CRYPTO_HANDSHAKE, QUIC_CRYPTO_APP };
	static const u8 ping[] = { 0x01 };
	u32 i;

	solo_recv(s, QUIC_CRYPTO_INITIAL, 0, ping, sizeof(ping));
	for (i = 0; i < ARRAY_SIZE(levels); i++) {
		quic_conn_key_ready(s->conn, levels[i], true, s->now);
		quic_conn_key_ready(s->conn, levels[i], false, s->now);
	}
}

/* What TLS would bring. */
static void establish(struct solo *s, const struct solo_cfg *cfg)
{
	struct quic_tparams tp = cfg->remote;
	u8 buf[512];
	int len;

	solo_hello(s);
	tp.initial_source_connection_id = s->peer_cid;
	tp.has_initial_source_connection_id = true;
	tp.original_destination_connection_id = s->conn->cids.odcid;
	tp.has_original_destination_connection_id = !cfg->server;
	len = quic_tparams_encode(&tp, !cfg->server, 0, buf, sizeof(buf));
	FUZZ_CHECK(len > 0);
	FUZZ_CHECK(!quic_conn_set_peer_tparams(s->conn, buf, len, s->now));
	if (!cfg->server)	/* its Finished */
		FUZZ_CHECK(!quic_conn_crypto_send(s->conn, QUIC_CRYPTO_HANDSHAKE, buf, 52));
	FUZZ_CHECK(!quic_conn_handshake_complete(s->conn, s->now));
}

void solo_open(struct solo *s, const struct solo_cfg *cfg)
{
	struct quic_conn_params cp = {
		.host = s,
		.server = cfg->server,
		.version = QUIC_VERSION_V1,
		.local = cfg->local,
		.cc = cfg->cc,
		.max_mtu = 1452,
		.handshake_timeout = 10 * QUIC_NS_PER_SEC,
	};

	memset(s, 0, sizeof(*s));
	s->now = WHEN;
	s->peer_cid = cfg->peer_cid;
	cp.scid.len = QUIC_LOCAL_CID_LEN;
	memset(cp.scid.id, 's', cp.scid.len);
	cp.odcid.len = QUIC_INITIAL_DCID_MIN;
	memset(cp.odcid.id, 'o', cp.odcid.len);
	cp.dcid = cfg->server ? s->peer_cid : cp.odcid;
	s->conn = quic_conn_create(&cp, s->now);
	if (s->conn && cfg->established)
		establish(s, cfg);
}

u8 solo_pkt_flag(u8 level)
{
	return level == QUIC_CRYPTO_INITIAL ? QUIC_F_I :
	       level == QUIC_CRYPTO_HANDSHAKE ? QUIC_F_H :
	       level == QUIC_CRYPTO_APP ? QUIC_F_1 : QUIC_F_0;
}

void solo_recv(struct solo *s, u8 level, u64 pn, const u8 *data, u32 len)
{
	struct quic_rxbuf *buf = shim_rxbuf_new(len);
	u64 *next = &s->next_pn[quic_level_space(level)];
	struct quic_rx_pkt r = {
		.buf = buf, .len = len, .dgram_len = len + 40, .level = level,
		.pn = pn, .scid = s->peer_cid,
		.version = quic_version_of_level(s->conn, level),
	};

	if (len)
		memcpy(buf->data, data, len);
	r.data = buf->data;
	*next = max(*next, pn + 1);
	quic_conn_recv(s->conn, &r, 1, s->now);
	quic_host_rxbuf_put(buf);
}

/* ---- what it builds ---- */

/* A packet's plaintext in one piece. Return: its bytes. */
static u32 flatten(const struct quic_tx_pkt *t)
{
	u32 n = t->prefix_len, i;

	memcpy(plain, t->buf + t->hdr_len, n);
	for (i = 0; i < t->n_pieces; i++) {
		memcpy(plain + n, t->piece[i].data, t->piece[i].len);
		n += t->piece[i].len;
	}
	return n;
}

/* Header and frames are what the peer would accept. */
static void check_pkt(const struct solo *s, const struct quic_tx_pkt *t)
{
	struct quic_frames_sum sum;
	struct quic_error err = {};
	struct quic_hdr h;
	u32 n = flatten(t);

	FUZZ_CHECK(t->len == t->hdr_len + n + QUIC_TAG_LEN);
	FUZZ_CHECK(!t->n_pieces || t->prefix_len % 16 == 0);
	/* its last bytes, pieces and tag, are not in the arena */
	FUZZ_CHECK(!quic_hdr_parse(t->buf, t->len, quic_conn_dcid(s->conn)->len, &h));
	FUZZ_CHECK(h.len == t->len && h.pn_off == t->pn_off);
	FUZZ_NULL(quic_frames_check(plain, n, solo_pkt_flag(t->level), &sum, &err) ?
		  err.reason : NULL);
}

static u32 build(struct solo *s)
{
	struct shim_arena arena = { .buf = arena_buf, .cap = sizeof(arena_buf) };
	u32 i, n;

	batch.n = 0;
	batch.n_dgrams = 0;
	batch.max_dgrams = 16;
	batch.host = &arena;
	n = quic_conn_build(s->conn, &batch, s->now);
	FUZZ_CHECK(n == batch.n_dgrams && n <= batch.max_dgrams);
	FUZZ_CHECK(batch.n <= QUIC_TX_PKTS_MAX);
	for (i = 0; i < batch.n; i++)
		check_pkt(s, &batch.pkt[i]);
	return n;
}

void solo_pump(struct solo *s)
{
	u32 rounds = 0;

	do {
		quic_conn_take_want(s->conn);
		while (build(s))
			FUZZ_CHECK(++rounds < 10000);
	} while (s->conn->want & ~QUIC_WANT_TX);
	s->conn->want = 0;
}

static u64 next_event(const struct solo *s)
{
	return min(quic_conn_deadline(s->conn), quic_conn_pacing_deadline(s->conn));
}

void solo_run(struct solo *s, u64 until)
{
	u32 rounds = 0;

	solo_pump(s);
	while (next_event(s) <= until) {
		FUZZ_CHECK(++rounds < 10000);
		s->now = max(s->now, next_event(s));
		if (quic_conn_deadline(s->conn) <= s->now)
			quic_conn_on_timer(s->conn, s->now);
		solo_pump(s);
	}
	s->now = max(s->now, until);
}

/* ---- how it is ---- */

/* A connection that ended says why, in words the RFC has. */
static void check_close(const struct quic_conn *conn)
{
	const struct quic_close_info *info = quic_conn_close_info(conn);

	if (quic_conn_state(conn) <= QUIC_CONN_ESTABLISHED) {
		FUZZ_CHECK(info->origin == QUIC_CLOSE_NONE);
		return;
	}
	FUZZ_CHECK(info->origin != QUIC_CLOSE_NONE);
	FUZZ_CHECK(info->code <= QUIC_VARINT_MAX);
	if (info->origin != QUIC_CLOSE_LOCAL || info->app)
		return;
	FUZZ_CHECK(conn->err.set && conn->err.code == info->code && *info->reason);
	FUZZ_CHECK(info->code && info->code < QUIC_TRANSPORT_ERROR_CRYPTO + 0x100);
	FUZZ_CHECK(info->code != QUIC_TRANSPORT_ERROR_INTERNAL);
}

void solo_check(const struct solo *s)
{
	/* wants that nobody took yet may be all that keeps it going */
	if (!s->conn->want)
		FUZZ_NULL(pair_check(s->conn));
	check_close(s->conn);
}

void solo_close(struct solo *s)
{
	if (s->conn)
		quic_conn_destroy(s->conn);
	s->conn = NULL;
}
