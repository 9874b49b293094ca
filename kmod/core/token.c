// SPDX-License-Identifier: GPL-2.0
/*
 * Tokens in the life of a connection: a client that is told to prove its address,
 * and what is kept for a next time.
 *
 *   client   Initial --> Retry --> Initial with its token --> ... --> NEW_TOKEN: kept
 *   server   NEW_TOKEN is announced like any other value until acknowledged
 *
 * A client takes one Retry, before it has taken any other packet, and no empty one;
 * the glue has checked the integrity tag. What was sent before is forgotten by loss
 * recovery and congestion control (RFC 9002 6.3) and leaves again with the token, in
 * packets with new numbers (RFC 9000 17.2.5.3).
 *
 * What a hostile peer can hold: two tokens of QUIC_PEER_TOKEN_MAX bytes. A longer one is
 * not kept: a Retry with it is as if lost.
 *
 * Not here: what is in a token of ours (stateless.c, kmod/glue/token.c).
 */
#include "token.h"
#include "conn_int.h"
#include "cid.h"
#include "recovery.h"
#include "stateless.h"

static void blob_free(struct quic_blob *b)
{
	quic_host_free(QUIC_OBJ_VAR, b->data, b->len);
	*b = (struct quic_blob){};
}

/* On failure the one before stays. */
static int blob_set(struct quic_blob *b, const u8 *data, u32 len)
{
	u8 *copy = quic_host_alloc(QUIC_OBJ_VAR, len);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, data, len);
	blob_free(b);
	b->data = copy;
	b->len = len;
	return 0;
}

int quic_token_init(struct quic_conn *conn, const struct quic_conn_params *p)
{
	quic_valsync_init(&conn->new_token_sync, QUIC_FRAME_NEW_TOKEN);
	if (p->server) {
		conn->retried = p->retried;
		conn->cids.retry_scid = p->retry_scid;
		return 0;
	}
	if (!p->token_len || p->token_len > QUIC_PEER_TOKEN_MAX)
		return 0;
	return blob_set(&conn->token, p->token, p->token_len);
}

void quic_token_forget(struct quic_conn *conn)
{
	blob_free(&conn->token);
}

void quic_token_free(struct quic_conn *conn)
{
	blob_free(&conn->token);
	blob_free(&conn->new_token);
}

void quic_token_trim(struct quic_conn *conn)
{
	if (conn->server && conn->new_token_sync.state == QUIC_VAL_IDLE)
		blob_free(&conn->new_token);
}

bool quic_conn_recv_retry(struct quic_conn *conn, const struct quic_cid *scid,
			  const u8 *token, u32 len, u64 now)
{
	struct quic_cids *c = &conn->cids;

	quic_host_assert_owned(conn);
	if (conn->server || conn->state != QUIC_CONN_HANDSHAKE || conn->retried ||
	    c->have_peer_scid || !len || len > QUIC_PEER_TOKEN_MAX ||
	    quic_cid_equal(scid, quic_conn_dcid(conn)))
		return false;
	if (blob_set(&conn->token, token, len))
		return false;
	conn->retried = true;
	c->retry_scid = *scid;
	c->remote[0].cid = *scid;
	quic_recovery_retry(conn, now);
	conn->want |= QUIC_WANT_TX;
	return true;
}

const struct quic_cid *quic_conn_initial_dcid(const struct quic_conn *conn)
{
	return conn->retried ? &conn->cids.retry_scid : &conn->cids.odcid;
}

const char *quic_token_check_retry(const struct quic_conn *conn,
				   const struct quic_tparams *tp)
{
	if (!conn->retried)
		return tp->has_retry_source_connection_id ?
		       "retry_source_connection_id without a Retry" : NULL;
	if (!tp->has_retry_source_connection_id ||
	    !quic_cid_equal(&tp->retry_source_connection_id, &conn->cids.retry_scid))
		return "retry_source_connection_id does not match";
	return NULL;
}

/* ---- for a next time ---- */

int quic_token_on_new(struct quic_conn *conn, const struct quic_frame *f)
{
	if (f->u.blob.len > QUIC_PEER_TOKEN_MAX)
		return 0;
	return blob_set(&conn->new_token, f->u.blob.data, f->u.blob.len);
}

const u8 *quic_conn_new_token(const struct quic_conn *conn, u32 *len)
{
	*len = conn->server ? 0 : conn->new_token.len;
	return conn->new_token.data;
}

int quic_conn_send_new_token(struct quic_conn *conn, const u8 *token, u32 len)
{
	quic_host_assert_owned(conn);
	if (!conn->server || conn->state != QUIC_CONN_ESTABLISHED || !len ||
	    len > QUIC_PEER_TOKEN_MAX)
		return -EINVAL;
	if (conn->new_token_sync.state != QUIC_VAL_IDLE)
		return -EAGAIN;
	if (blob_set(&conn->new_token, token, len))
		return -ENOMEM;
	quic_valsync_set(&conn->vals, &conn->new_token_sync);
	conn->want |= QUIC_WANT_TX;
	return 0;
}
