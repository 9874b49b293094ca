// SPDX-License-Identifier: GPL-2.0
/*
 * The connection: its life from the first packet to the end of draining, the
 * TLS side (keys, CRYPTO bytes, transport parameters), and closing.
 *
 *   HANDSHAKE --complete--> ESTABLISHED --close--> CLOSING ---3 PTO--> CLOSED
 *       |                        +--CONNECTION_CLOSE--> DRAINING --3 PTO--+
 *       +--time-out, no version--------------------------------------> CLOSED
 *
 * Receiving is conn_rx.c, building packets conn_tx.c, time conn_timer.c, the version
 * in use version.c.
 *
 * Invariants: state only moves to the right; the first reason to close wins;
 * a discarded level never comes back.
 */
#include "conn_int.h"
#include "ackwait.h"
#include "pnspace.h"
#include "recovery.h"
#include "stream.h"
#include "cid.h"
#include "pmtud.h"
#include "dgram.h"
#include "early.h"
#include "keyphase.h"
#include "skip.h"
#include "undo.h"
#include "tls_after.h"
#include "token.h"
#include "version.h"

static void path_init(struct quic_conn *conn, const struct quic_conn_params *p, u64 now)
{
	struct quic_path *path = &conn->path;

	path->mtu = QUIC_MIN_UDP_PAYLOAD;
	path->validated = !p->server || p->addr_validated;
	if (p->no_ecn)
		path->ecn.state = QUIC_ECN_STATE_FAILED;
	quic_rtt_init(&path->rtt, p->initial_rtt ? p->initial_rtt : QUIC_INITIAL_RTT);
	quic_cc_init(&path->cc, p->cc, path->mtu);
	quic_pacer_init(&path->pacer, path->mtu, now);
}

void quic_conn_set_path(struct quic_conn *conn, const struct quic_cc_ops *cc,
			u64 initial_rtt)
{
	struct quic_path *path = &conn->path;
	u64 in_flight = path->cc.bytes_in_flight;

	quic_cc_init(&path->cc, cc, path->mtu);
	path->cc.bytes_in_flight = in_flight;
	if (!path->rtt.has_sample && initial_rtt)
		quic_rtt_init(&path->rtt, initial_rtt);
}

struct quic_conn *quic_conn_create(const struct quic_conn_params *p, u64 now)
{
	struct quic_conn *conn = quic_host_alloc(QUIC_OBJ_CONN, sizeof(*conn));
	u32 i;

	if (!conn)
		return NULL;
	conn->host = p->host;
	conn->server = p->server;
	conn->version = p->version;
	conn->chosen_version = p->version;
	conn->original_version = p->version;
	conn->version_settled = p->local.one_version;
	conn->max_mtu = max_t(u32, p->max_mtu, QUIC_MIN_UDP_PAYLOAD);
	quic_conn_set_pmtud(conn, true, 0);
	conn->created = now;
	conn->handshake_deadline = now + p->handshake_timeout;
	conn->rx_keys = 1 << QUIC_CRYPTO_INITIAL;
	conn->tx_keys = 1 << QUIC_CRYPTO_INITIAL;
	conn->loss_deadline = QUIC_TIME_NEVER;
	conn->pacing_deadline = QUIC_TIME_NEVER;
	conn->idle_timeout = QUIC_TIME_NEVER;
	conn->idle_deadline = QUIC_TIME_NEVER;
	conn->keepalive_deadline = QUIC_TIME_NEVER;
	conn->close_deadline = QUIC_TIME_NEVER;
	conn->shutdown_deadline = QUIC_TIME_NEVER;
	conn->trim_deadline = QUIC_TIME_NEVER;
	conn->early_deadline = QUIC_TIME_NEVER;
	quic_keyphase_init(&conn->keyphase);
	quic_tls_after_init(&conn->tls_after);
	quic_tparams_init(&conn->remote);
	quic_valsyncs_init(&conn->vals);
	quic_ackwait_init(&conn->ackwait);
	quic_valsync_init(&conn->handshake_done, QUIC_FRAME_HANDSHAKE_DONE);
	for (i = 0; i < QUIC_SPACES; i++)
		quic_pnspace_init(&conn->space[i]);
	path_init(conn, p, now);
	quic_skip_init(conn);
	quic_streams_init(conn);
	quic_dgrams_init(conn);
	quic_cid_init(conn, &p->scid, &p->dcid, p->server ? &p->odcid : &p->dcid);
	quic_conn_set_local(conn, &p->local);
	conn->want |= QUIC_WANT_CIDS;
	if (!quic_token_init(conn, p))
		return conn;
	quic_conn_destroy(conn);
	return NULL;
}

void quic_conn_destroy(struct quic_conn *conn)
{
	u32 i;

	quic_streams_free(conn);
	quic_dgrams_free(conn);
	quic_token_free(conn);
	quic_path_free(conn);
	quic_undo_free(conn);
	quic_cid_free(conn);
	for (i = 0; i < QUIC_SPACES; i++)
		quic_pnspace_free(&conn->space[i], conn);
	quic_host_free(QUIC_OBJ_CONN, conn, sizeof(*conn));
}

/* ---- keys and TLS ---- */

/*
 * RFC 9001 4.1.3: TLS goes on to other keys, and has read all that came before; what
 * stands behind a gap it never will. Return: 0, or -EPROTO: the connection closes.
 */
static int tls_leaves(struct quic_conn *conn, enum quic_space space, u64 now)
{
	const struct quic_crypto *c = conn->space[space].crypto;
	int err;

	if (!c || c->rx.highest == c->rx.read)
		return 0;
	err = quic_error_set(&conn->err, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION,
			     QUIC_FRAME_CRYPTO, "CRYPTO data that TLS has not read");
	quic_conn_fatal(conn, now);
	return err;
}

int quic_conn_key_ready(struct quic_conn *conn, u8 level, bool tx, u64 now)
{
	quic_host_assert_owned(conn);
	if (conn->keys_discarded & 1 << level)
		return 0;
	if (tx)
		conn->tx_keys |= 1 << level;
	else
		conn->rx_keys |= 1 << level;
	if (conn->server && level == QUIC_CRYPTO_EARLY)
		conn->early = QUIC_EARLY_ACCEPTED;
	conn->want |= QUIC_WANT_TX;
	/* 1-RTT keys of a server come before its client's last bytes */
	return tx || level != QUIC_CRYPTO_HANDSHAKE ? 0 :
	       tls_leaves(conn, QUIC_SPACE_INITIAL, now);
}

void quic_conn_discard(struct quic_conn *conn, u8 level, u64 now)
{
	enum quic_space space = quic_level_space(level);
	struct quic_pnspace *s = &conn->space[space];

	if (conn->keys_discarded & 1 << level)
		return;
	conn->keys_discarded |= 1 << level;
	conn->rx_keys &= ~(1 << level);
	conn->tx_keys &= ~(1 << level);
	s->gone = true;
	quic_recovery_discard(conn, space, now);
	quic_pnspace_free(s, conn);
	if (level == QUIC_CRYPTO_INITIAL)
		quic_token_forget(conn);
	conn->want |= QUIC_WANT_KEYS;
}

void quic_conn_confirm(struct quic_conn *conn, u64 now)
{
	if (conn->handshake_confirmed)
		return;
	conn->handshake_confirmed = true;
	conn->path.validated = true;
	quic_conn_discard(conn, QUIC_CRYPTO_INITIAL, now);
	quic_conn_discard(conn, QUIC_CRYPTO_HANDSHAKE, now);
	quic_pmtud_start(conn);
	quic_recovery_set_timer(conn, now);
}

int quic_conn_crypto_send(struct quic_conn *conn, u8 level, const u8 *data, u32 len)
{
	struct quic_crypto *c;
	int err;

	if (!(conn->tx_keys & 1 << level))
		return -EINVAL;
	c = quic_pnspace_crypto(&conn->space[quic_level_space(level)]);
	if (!c)
		return -ENOMEM;
	err = quic_sendbuf_append_copy(&c->tx, data, len);
	if (!err)
		conn->want |= QUIC_WANT_TX;
	return err;
}

u32 quic_conn_crypto_read(struct quic_conn *conn, u8 level, u8 *buf, u32 len)
{
	struct quic_crypto *c = conn->space[quic_level_space(level)].crypto;
	u32 done = 0, n;
	const u8 *p;

	while (c && done < len) {
		p = quic_recvbuf_peek(&c->rx, &n);
		if (!p)
			break;
		n = min(n, len - done);
		memcpy(buf + done, p, n);
		quic_recvbuf_consume(&c->rx, n);
		done += n;
	}
	return done;
}

/*
 * Whoever configures may ask for any number. But one frame opens all streams up to
 * the last (RFC 9000 3.2), at once and in softirq; and there is room for so many of the
 * peer's connection IDs.
 */
static void bound_local(struct quic_tparams *tp)
{
	tp->active_connection_id_limit = clamp_t(u64, tp->active_connection_id_limit, 2,
						 QUIC_REMOTE_CIDS);
	tp->initial_max_streams_bidi = min_t(u64, tp->initial_max_streams_bidi,
					     QUIC_REMOTE_STREAMS_MAX);
	tp->initial_max_streams_uni = min_t(u64, tp->initial_max_streams_uni,
					    QUIC_REMOTE_STREAMS_MAX);
}

int quic_conn_encode_tparams(const struct quic_conn *conn, const struct quic_tparams *local,
			     u32 version, u8 *buf, u32 len)
{
	struct quic_tparams tp = *local;
	u64 grease;

	bound_local(&tp);
	tp.initial_source_connection_id = conn->cids.local[0].cid;
	tp.has_initial_source_connection_id = true;
	if (conn->server) {
		tp.original_destination_connection_id = conn->cids.odcid;
		tp.has_original_destination_connection_id = true;
		tp.retry_source_connection_id = conn->cids.retry_scid;
		tp.has_retry_source_connection_id = conn->retried;
		quic_host_reset_token(conn, &conn->cids.local[0].cid,
				      tp.stateless_reset_token);
		tp.has_stateless_reset_token = true;
	}
	quic_host_random(&grease, sizeof(grease));
	quic_version_local(conn, version, grease >> 32, &tp);
	return quic_tparams_encode(&tp, conn->server, grease | 1, buf, len);
}

int quic_conn_local_tparams(const struct quic_conn *conn, u8 *buf, u32 len)
{
	return quic_conn_encode_tparams(conn, &conn->local, conn->version, buf, len);
}

void quic_conn_set_local(struct quic_conn *conn, const struct quic_tparams *local)
{
	struct quic_streams *st = &conn->streams;

	conn->local = *local;
	bound_local(&conn->local);
	conn->flow_rx.window = local->initial_max_data;
	conn->flow_rx.max = local->initial_max_data;
	st->window_remote[0] = conn->local.initial_max_streams_bidi;
	st->window_remote[1] = conn->local.initial_max_streams_uni;
	st->max_remote[0] = conn->local.initial_max_streams_bidi;
	st->max_remote[1] = conn->local.initial_max_streams_uni;
}

void quic_conn_fix_streams(struct quic_conn *conn)
{
	memset(conn->streams.window_remote, 0, sizeof(conn->streams.window_remote));
}

/* RFC 9000 7.3: what was said in the clear must be what TLS vouches for. */
static int check_peer_cids(struct quic_conn *conn, const struct quic_tparams *tp)
{
	const struct quic_cids *c = &conn->cids;
	const char *why = NULL;

	if (!tp->has_initial_source_connection_id ||
	    !quic_cid_equal(&tp->initial_source_connection_id, &c->peer_scid))
		why = "initial_source_connection_id does not match";
	else if (!conn->server && (!tp->has_original_destination_connection_id ||
				   !quic_cid_equal(&tp->original_destination_connection_id,
						   &c->odcid)))
		why = "original_destination_connection_id does not match";
	else if (tp->has_preferred_address && !c->peer_scid.len)
		why = "preferred_address of a server without connection IDs";
	else if (!conn->server)
		why = quic_token_check_retry(conn, tp);
	if (!why)
		return 0;
	return quic_error_set(&conn->err, QUIC_TRANSPORT_ERROR_TRANSPORT_PARAM, 0, why);
}

static void negotiate_idle(struct quic_conn *conn)
{
	u64 ours = conn->local.max_idle_timeout, theirs = conn->remote.max_idle_timeout;
	u64 ms = !ours ? theirs : !theirs ? ours : min(ours, theirs);

	if (ms)
		conn->idle_timeout = min(ms, U64_MAX / 2 / QUIC_NS_PER_MS) * QUIC_NS_PER_MS;
}

int quic_conn_set_peer_tparams(struct quic_conn *conn, const u8 *data, u32 len, u64 now)
{
	struct quic_tparams tp;
	int err;

	quic_host_assert_owned(conn);
	if (conn->peer_params_set)
		return -EINVAL;
	err = quic_tparams_decode(&tp, !conn->server, data, len, &conn->err);
	if (!err)
		err = check_peer_cids(conn, &tp);
	if (!err)
		err = quic_version_check(conn, &tp);
	if (conn->early == QUIC_EARLY_OFFERED)
		quic_early_refuse(conn, now);
	if (!err)
		err = quic_early_check(conn, &tp);
	if (err) {
		quic_conn_fatal(conn, now);
		return err;
	}
	conn->remote = tp;
	conn->peer_params_set = true;
	if (tp.has_stateless_reset_token)
		quic_cid_set_token(conn, tp.stateless_reset_token);
	quic_streams_set_limits(conn);
	negotiate_idle(conn);
	return 0;
}

int quic_conn_handshake_complete(struct quic_conn *conn, u64 now)
{
	u32 app = 1 << QUIC_CRYPTO_APP;

	quic_host_assert_owned(conn);
	if (conn->state != QUIC_CONN_HANDSHAKE || !conn->peer_params_set ||
	    !(conn->rx_keys & app) || !(conn->tx_keys & app))
		return -EINVAL;
	if (tls_leaves(conn, QUIC_SPACE_HANDSHAKE, now))
		return -EPROTO;
	conn->handshake_complete = true;
	conn->handshake_deadline = QUIC_TIME_NEVER;
	quic_conn_set_state(conn, QUIC_CONN_ESTABLISHED);
	quic_conn_restart_idle(conn, now);
	quic_early_complete(conn, now);
	quic_cid_issue(conn);
	if (conn->server) {
		quic_valsync_set(&conn->vals, &conn->handshake_done);
		quic_conn_confirm(conn, now);
	}
	conn->want |= QUIC_WANT_TX | QUIC_WANT_WRITABLE;
	return 0;
}

void quic_conn_handshake_fail(struct quic_conn *conn, int alert, const char *text, u64 now)
{
	u64 code = alert < 0 ? QUIC_TRANSPORT_ERROR_INTERNAL :
		   QUIC_TRANSPORT_ERROR_CRYPTO + (alert & 0xff);

	quic_host_assert_owned(conn);
	if (!quic_conn_is_open(conn))
		return;
	quic_conn_set_close(conn, QUIC_CLOSE_TLS, false, code, QUIC_FRAME_CRYPTO,
			    text, strlen(text));
	quic_conn_enter_closing(conn, QUIC_CONN_CLOSING, now);
}

/* ---- closing ---- */

void quic_conn_set_close(struct quic_conn *conn, enum quic_close_origin origin, bool app,
			 u64 code, u64 frame_type, const char *reason, u32 reason_len)
{
	struct quic_close_info *info = &conn->close;
	u32 i, n = min_t(u32, reason_len, sizeof(info->reason) - 1);

	if (info->origin != QUIC_CLOSE_NONE)
		return;
	info->origin = origin;
	info->app = app;
	info->code = code;
	info->frame_type = frame_type;
	for (i = 0; i < n; i++)
		info->reason[i] = reason[i] >= 0x20 && reason[i] < 0x7f ? reason[i] : '?';
	info->reason[n] = 0;
}

void quic_conn_enter_closing(struct quic_conn *conn, enum quic_conn_state state, u64 now)
{
	conn->close_deadline = now + 3 * quic_recovery_pto(conn);
	conn->closing_pending = state == QUIC_CONN_CLOSING;
	conn->loss_deadline = QUIC_TIME_NEVER;
	conn->pacing_deadline = QUIC_TIME_NEVER;
	conn->handshake_deadline = QUIC_TIME_NEVER;
	conn->shutdown_deadline = QUIC_TIME_NEVER;
	conn->idle_deadline = QUIC_TIME_NEVER;
	quic_dgrams_close(conn);
	quic_conn_set_state(conn, state);
	conn->want |= QUIC_WANT_READABLE | QUIC_WANT_WRITABLE;
	if (conn->closing_pending)
		conn->want |= QUIC_WANT_TX;
}

/* The reason of an error, with the name of the frame to blame in front. */
static void fatal_text(const struct quic_error *e, char *text, u32 size)
{
	const struct quic_frame_info *info;
	u32 n;

	info = e->frame_type ? quic_frame_info(e->frame_type) : NULL;
	n = info ? strlen(info->name) : 0;
	if (!info || (strlen(e->reason) > n && !memcmp(e->reason, info->name, n))) {
		strscpy(text, e->reason, size);
		return;
	}
	strscpy(text, info->name, size);
	strscpy(text + n, ": ", size - n);
	strscpy(text + n + 2, e->reason, size - n - 2);
}

void quic_conn_fatal(struct quic_conn *conn, u64 now)
{
	const struct quic_error *e = &conn->err;
	char text[sizeof(conn->close.reason)];

	if (!quic_conn_is_open(conn))
		return;
	if (WARN_ON_ONCE(!e->set))
		quic_error_set(&conn->err, QUIC_TRANSPORT_ERROR_INTERNAL, 0,
			       "an error without a description");
	fatal_text(e, text, sizeof(text));
	quic_conn_set_close(conn, QUIC_CLOSE_LOCAL, e->app, e->code, e->frame_type,
			    text, strlen(text));
	quic_conn_enter_closing(conn, QUIC_CONN_CLOSING, now);
}

void quic_conn_close(struct quic_conn *conn, bool app, u64 code, const char *reason, u64 now)
{
	quic_host_assert_owned(conn);
	if (!quic_conn_is_open(conn))
		return;
	quic_conn_set_close(conn, QUIC_CLOSE_LOCAL, app, min(code, QUIC_VARINT_MAX), 0,
			    reason, strlen(reason));
	quic_conn_enter_closing(conn, QUIC_CONN_CLOSING, now);
}

void quic_conn_check_shutdown(struct quic_conn *conn, u64 now)
{
	if (!conn->shutdown || !quic_conn_is_open(conn))
		return;
	if (unlikely(quic_early_hangs(conn)))
		return;
	if (quic_streams_all_acked(conn) && !conn->dgrams.tx.n) {
		quic_conn_close(conn, true, conn->shutdown_code,
				conn->close.reason, now);
		return;
	}
	/* A peer that reads slowly is served as long as it reads at all. */
	if (quic_conn_tx_queued(conn) < conn->shutdown_queued) {
		conn->shutdown_queued = quic_conn_tx_queued(conn);
		conn->shutdown_deadline = now + conn->shutdown_linger;
	}
}

void quic_conn_shutdown(struct quic_conn *conn, u64 code, const char *reason,
			u64 linger, u64 now)
{
	quic_host_assert_owned(conn);
	if (conn->shutdown || !quic_conn_is_open(conn))
		return;
	quic_streams_finish_all(conn);
	conn->shutdown = true;
	conn->shutdown_code = min(code, QUIC_VARINT_MAX);
	strscpy(conn->close.reason, reason, sizeof(conn->close.reason));
	conn->shutdown_linger = linger;
	conn->shutdown_queued = quic_conn_tx_queued(conn);
	conn->shutdown_deadline = now + linger;
	quic_conn_push(conn);
	quic_conn_check_shutdown(conn, now);
}

bool quic_conn_recv_reset(struct quic_conn *conn, const u8 *token, u64 now)
{
	if (!quic_conn_is_open(conn) || !quic_cid_match_token(conn, token))
		return false;
	quic_conn_set_close(conn, QUIC_CLOSE_RESET, false, 0, 0,
			    "stateless reset from the peer", 29);
	quic_conn_enter_closing(conn, QUIC_CONN_DRAINING, now);
	return true;
}
