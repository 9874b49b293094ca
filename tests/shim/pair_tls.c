// SPDX-License-Identifier: GPL-2.0
/*
 * The TLS of a pair, which is none: messages of the right number, size and level.
 *
 * Each message is a length (4 bytes), the length of the transport parameters (4
 * bytes), those, then filler that is checked. The client says one, the server
 * one at Initial and one at Handshake level, the client one to finish.
 */
#include "pair_int.h"

#define MSG_HDR		8		/* length, length of parameters */
#define CH_LEN		300
#define SH_LEN		90
#define FIN_LEN		52

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

static void tls_server_msg(struct pair_end *e, u8 level, const u8 *params, u32 len)
{
	if (level == QUIC_CRYPTO_HANDSHAKE) {
		quic_conn_key_ready(e->conn, QUIC_CRYPTO_APP, false, e->pair->now);
		tls_complete(e);
		return;
	}
	if (quic_conn_set_peer_tparams(e->conn, params, len, e->pair->now))
		return;
	tls_send(e, QUIC_CRYPTO_INITIAL, SH_LEN, false);
	tls_key(e, QUIC_CRYPTO_HANDSHAKE);
	if (!e->tls.failed)
		tls_send(e, QUIC_CRYPTO_HANDSHAKE, e->pair->cfg.flight, true);
	quic_conn_key_ready(e->conn, QUIC_CRYPTO_APP, true, e->pair->now);
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
void pair_tls_read(struct pair_end *e, u8 level)
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

void pair_tls_start(struct pair_end *e)
{
	tls_send(e, QUIC_CRYPTO_INITIAL, CH_LEN, true);
}
