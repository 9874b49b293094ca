// SPDX-License-Identifier: GPL-2.0
/*
 * The TLS of a pair, which is none: messages of the right number, size and level.
 *
 * Each message is a length (4 bytes), the length of the transport parameters (4
 * bytes), those, then filler that is checked. The client says one, the server
 * one at Initial and one at Handshake level, the client one to finish. The highest bit
 * of the second length is a client's early_data, or a server's answer to it.
 */
#include "pair_int.h"

#define MSG_HDR		8		/* length, length of parameters */
#define CH_LEN		300
#define SH_LEN		90
#define FIN_LEN		52
#define EARLY_DATA	(1U << 31)

static u8 tls_filler(u8 level, u32 off)
{
	return 0x40 + level * 16 + off % 13;
}

/* Does the message that is about to leave speak of 0-RTT? */
static u32 tls_early(const struct pair_end *e, u8 level)
{
	u8 early = quic_conn_early(e->conn);

	if (e->side == PAIR_CLIENT)
		return early == QUIC_EARLY_OFFERED ? EARLY_DATA : 0;
	return level == QUIC_CRYPTO_HANDSHAKE && early == QUIC_EARLY_ACCEPTED ? EARLY_DATA : 0;
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
	put_unaligned_be32(n | tls_early(e, level), msg + 4);
	if (quic_conn_crypto_send(e->conn, level, msg, len)) {
		e->tls.failed = true;
		quic_conn_handshake_fail(e->conn, 80, "no memory", e->pair->now);
	}
}

static void tls_key(struct pair_end *e, u8 level)
{
	quic_conn_key_ready(e->conn, level, false, e->pair->now);
	quic_conn_key_ready(e->conn, level, true, e->pair->now);
}

static void tls_complete(struct pair_end *e)
{
	if (!quic_conn_handshake_complete(e->conn, e->pair->now))
		return;
	if (quic_conn_state(e->conn) == QUIC_CONN_HANDSHAKE)
		pair_error(e->pair, "the handshake could not be completed");
}

static void tls_server_msg(struct pair_end *e, u8 level, const u8 *params, u32 len,
			   bool early)
{
	if (level == QUIC_CRYPTO_HANDSHAKE) {
		quic_conn_key_ready(e->conn, QUIC_CRYPTO_APP, false, e->pair->now);
		tls_complete(e);
		return;
	}
	if (e->pair->cfg.selects && e->pair->cfg.selects != e->conn->version &&
	    quic_conn_select_version(e->conn, e->pair->cfg.selects))
		pair_error(e->pair, "another version is refused");
	if (quic_conn_set_peer_tparams(e->conn, params, len, e->pair->now))
		return;
	if (early && e->pair->cfg.early == PAIR_EARLY_ACCEPTED)
		quic_conn_key_ready(e->conn, QUIC_CRYPTO_EARLY, false, e->pair->now);
	tls_send(e, QUIC_CRYPTO_INITIAL, SH_LEN, false);
	tls_key(e, QUIC_CRYPTO_HANDSHAKE);
	if (!e->tls.failed)
		tls_send(e, QUIC_CRYPTO_HANDSHAKE, e->pair->cfg.flight, true);
	quic_conn_key_ready(e->conn, QUIC_CRYPTO_APP, true, e->pair->now);
}

static void tls_client_msg(struct pair_end *e, u8 level, const u8 *params, u32 len,
			   bool early)
{
	if (level == QUIC_CRYPTO_INITIAL) {
		tls_key(e, QUIC_CRYPTO_HANDSHAKE);
		return;
	}
	quic_conn_early_result(e->conn, early, e->pair->now);
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
void pair_tls_read(struct pair_end *e, u8 level)
{
	u32 *have = &e->tls.have[level], len, params;
	u8 *in = e->tls.in[level];
	bool early;

	*have += quic_conn_crypto_read(e->conn, level, in + *have,
				       sizeof(e->tls.in[0]) - *have);
	if (*have < MSG_HDR)
		return;
	len = get_unaligned_be32(in);
	params = get_unaligned_be32(in + 4) & ~EARLY_DATA;
	early = get_unaligned_be32(in + 4) & EARLY_DATA;
	if (*have < len)
		return;
	if (*have > len || params > len - MSG_HDR) {
		pair_error(e->pair, "CRYPTO bytes that were never sent");
		return;
	}
	tls_check_filler(e, level, MSG_HDR + params, len);
	*have = 0;
	if (e->side == PAIR_SERVER)
		tls_server_msg(e, level, in + MSG_HDR, params, early);
	else
		tls_client_msg(e, level, in + MSG_HDR, params, early);
}

static u64 part(u64 v, u32 percent)
{
	return percent ? v * percent / 100 : v;
}

void pair_remembered(const struct pair_cfg *cfg, struct quic_tparams *tp)
{
	u32 of = cfg->remembered;

	*tp = cfg->local[PAIR_SERVER];
	tp->initial_max_data = part(tp->initial_max_data, of);
	tp->initial_max_stream_data_bidi_local = part(tp->initial_max_stream_data_bidi_local, of);
	tp->initial_max_stream_data_bidi_remote = part(tp->initial_max_stream_data_bidi_remote, of);
	tp->initial_max_stream_data_uni = part(tp->initial_max_stream_data_uni, of);
	tp->initial_max_streams_bidi = part(tp->initial_max_streams_bidi, of);
	tp->initial_max_streams_uni = part(tp->initial_max_streams_uni, of);
}

/* The client has been there before. */
static void tls_remember(struct pair_end *e)
{
	struct quic_tparams tp;
	u8 buf[256];
	int n;

	pair_remembered(&e->pair->cfg, &tp);
	n = quic_tparams_encode(&tp, true, 0, buf, sizeof(buf));
	if (n < 0 || quic_conn_early_begin(e->conn, buf, n))
		pair_error(e->pair, "0-RTT cannot be begun");
	quic_conn_key_ready(e->conn, QUIC_CRYPTO_EARLY, true, e->pair->now);
}

void pair_tls_start(struct pair_end *e)
{
	if (e->pair->cfg.early && !quic_conn_early(e->conn))
		tls_remember(e);
	tls_send(e, QUIC_CRYPTO_INITIAL, CH_LEN, true);
}
