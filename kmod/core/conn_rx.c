// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving: opened packets in, frames to their modules.
 *
 * A packet's frames are parsed completely before the first one acts
 * (quic_frames_parse()), so that a malformed packet changes nothing but the
 * connection's end. STREAM and ACK, nearly all frames there are, are dispatched
 * directly; the others through one table by type.
 *
 * A packet for which memory is short is dropped as if the network had lost it:
 * it is not acknowledged, and whatever part of it took effect will be repeated
 * by the peer, which every handler tolerates. Datagrams are not repeated, nor may
 * they be delivered twice: they are taken last, from packets that nothing refused.
 */
#include "conn_int.h"
#include "pnspace.h"
#include "recovery.h"
#include "stream.h"
#include "cid.h"
#include "dgram.h"
#include "keyphase.h"
#include "rx_run.h"
#include "ecn.h"
#include "tls_after.h"
#include "token.h"
#include "plant.h"

#define RX_FRAMES	4	/* parsed once if a packet has no more */

/* Where the frame being handled stands. */
struct rx_ctx {
	struct quic_conn *conn;
	const struct quic_rx_pkt *pkt;
	enum quic_space space;
	u64 now;
	bool dgrams;	/* the packet has some */
	bool non_probing;	/* it has frames that do more than probe a path */
};

static int rx_nothing(struct rx_ctx *x, const struct quic_frame *f)
{
	return 0;
}

static int rx_ack(struct rx_ctx *x, const struct quic_frame *f)
{
	int err = 0;

	if (x->space == QUIC_SPACE_APP)
		err = quic_keyphase_check_ack(x->conn, x->pkt->key_gen, f->u.ack.largest);
	if (!err)
		err = quic_recovery_on_ack(x->conn, x->space, f, x->now);
	if (!err)
		quic_keyphase_acked(x->conn, x->now);
	return err;
}

/* Has TLS gone on to other keys, so that all bytes of this space are known? */
static bool tls_went_on(const struct quic_conn *conn, enum quic_space space)
{
	return space == QUIC_SPACE_INITIAL ? conn->rx_keys & 1 << QUIC_CRYPTO_HANDSHAKE :
	       space == QUIC_SPACE_HANDSHAKE && conn->handshake_complete;
}

static int rx_crypto(struct rx_ctx *x, const struct quic_frame *f)
{
	struct quic_crypto *c = quic_pnspace_crypto(&x->conn->space[x->space]);
	struct quic_recvbuf *rb;
	int err;

	if (!c)
		return -ENOMEM;
	rb = &c->rx;
	if (f->u.stream.offset + f->u.stream.len > rb->read + QUIC_CRYPTO_WINDOW)
		return quic_error_set(&x->conn->err,
				      QUIC_TRANSPORT_ERROR_CRYPTO_BUF_EXCEEDED, f->type,
				      "CRYPTO data too far ahead");
	/* RFC 9001 4.1.3: only repetitions then. */
	if (f->u.stream.offset + f->u.stream.len > rb->highest &&
	    tls_went_on(x->conn, x->space))
		return quic_error_set(&x->conn->err,
				      QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION, f->type,
				      "CRYPTO data of a level that TLS has left");
	if (x->conn->rx_full && !quic_recvbuf_must_take(rb, f->u.stream.offset))
		return -ENOBUFS;
	err = quic_recvbuf_add(rb, f->u.stream.offset, f->u.stream.data,
			       f->u.stream.len, x->pkt->buf);
	if (x->space == QUIC_SPACE_INITIAL)
		quic_version_tls_came(x->conn);
	if (!quic_recvbuf_readable(rb))
		return err;
	if (x->space == QUIC_SPACE_APP)
		return quic_tls_after_read(x->conn, rb) ?: err;
	x->conn->want |= QUIC_WANT_CRYPTO;
	return err;
}

static int rx_stream(struct rx_ctx *x, const struct quic_frame *f)
{
	return quic_stream_on_data(x->conn, f, x->pkt->buf);
}

static int rx_reset(struct rx_ctx *x, const struct quic_frame *f)
{
	return quic_stream_on_reset(x->conn, f);
}

static int rx_stop(struct rx_ctx *x, const struct quic_frame *f)
{
	return quic_stream_on_stop(x->conn, f);
}

static int rx_max_data(struct rx_ctx *x, const struct quic_frame *f)
{
	quic_streams_on_max_data(x->conn, f);
	return 0;
}

static int rx_max_stream_data(struct rx_ctx *x, const struct quic_frame *f)
{
	return quic_stream_on_max_data(x->conn, f);
}

static int rx_max_streams(struct rx_ctx *x, const struct quic_frame *f)
{
	quic_streams_on_max_streams(x->conn, f);
	return 0;
}

static int rx_stream_blocked(struct rx_ctx *x, const struct quic_frame *f)
{
	return quic_stream_on_blocked(x->conn, f);
}

static int rx_new_cid(struct rx_ctx *x, const struct quic_frame *f)
{
	return quic_cid_on_new(x->conn, f);
}

static int rx_retire_cid(struct rx_ctx *x, const struct quic_frame *f)
{
	return quic_cid_on_retire(x->conn, f);
}

static int rx_path_challenge(struct rx_ctx *x, const struct quic_frame *f)
{
	return quic_path_on_challenge(x->conn, f->u.path.data);
}

static int rx_path_response(struct rx_ctx *x, const struct quic_frame *f)
{
	quic_path_on_response(x->conn, f->u.path.data, x->now);
	return 0;
}

/* Frames that only a server sends (RFC 9000 19.7, 19.20). */
static int rx_from_server(struct rx_ctx *x, const struct quic_frame *f)
{
	struct quic_conn *conn = x->conn;

	if (conn->server)
		return quic_error_set(&conn->err, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION,
				      f->type, "frame that only a server may send");
	if (f->type == QUIC_FRAME_NEW_TOKEN)
		return quic_token_on_new(conn, f);
	if (conn->handshake_complete)
		quic_conn_confirm(conn, x->now);
	return 0;
}

static int rx_close(struct rx_ctx *x, const struct quic_frame *f)
{
	quic_conn_set_close(x->conn, QUIC_CLOSE_PEER,
			    f->type == QUIC_FRAME_CONNECTION_CLOSE_APP, f->u.close.code,
			    f->u.close.frame_type, (const char *)f->u.close.reason,
			    f->u.close.reason_len);
	quic_conn_enter_closing(x->conn, QUIC_CONN_DRAINING, x->now);
	return 0;
}

/* Only its right to be there: rx_dgrams() takes it. */
static int rx_datagram(struct rx_ctx *x, const struct quic_frame *f)
{
	x->dgrams = true;
	return quic_dgram_check(x->conn, f);
}

/* By frame type below 0x20, one row for each type of defs_frame.h. */
static int (*const rx_table[])(struct rx_ctx *x, const struct quic_frame *f) = {
	[QUIC_FRAME_PADDING]			= rx_nothing,
	[QUIC_FRAME_PING]			= rx_nothing,
	[QUIC_FRAME_ACK]			= rx_ack,
	[QUIC_FRAME_ACK + 1]			= rx_ack,
	[QUIC_FRAME_RESET_STREAM]		= rx_reset,
	[QUIC_FRAME_STOP_SENDING]		= rx_stop,
	[QUIC_FRAME_CRYPTO]			= rx_crypto,
	[QUIC_FRAME_NEW_TOKEN]			= rx_from_server,
	[QUIC_FRAME_STREAM ... QUIC_FRAME_STREAM + 7] = rx_stream,
	[QUIC_FRAME_MAX_DATA]			= rx_max_data,
	[QUIC_FRAME_MAX_STREAM_DATA]		= rx_max_stream_data,
	[QUIC_FRAME_MAX_STREAMS]		= rx_max_streams,
	[QUIC_FRAME_MAX_STREAMS + 1]		= rx_max_streams,
	[QUIC_FRAME_DATA_BLOCKED]		= rx_nothing,
	[QUIC_FRAME_STREAM_DATA_BLOCKED]	= rx_stream_blocked,
	[QUIC_FRAME_STREAMS_BLOCKED]		= rx_nothing,
	[QUIC_FRAME_STREAMS_BLOCKED + 1]	= rx_nothing,
	[QUIC_FRAME_NEW_CONNECTION_ID]		= rx_new_cid,
	[QUIC_FRAME_RETIRE_CONNECTION_ID]	= rx_retire_cid,
	[QUIC_FRAME_PATH_CHALLENGE]		= rx_path_challenge,
	[QUIC_FRAME_PATH_RESPONSE]		= rx_path_response,
	[QUIC_FRAME_CONNECTION_CLOSE]		= rx_close,
	[QUIC_FRAME_CONNECTION_CLOSE_APP]	= rx_close,
	[QUIC_FRAME_HANDSHAKE_DONE]		= rx_from_server,
};

static int rx_frame(struct rx_ctx *x, const struct quic_frame *f)
{
	if (likely((f->type & ~7ULL) == QUIC_FRAME_STREAM))
		return rx_stream(x, f);
	if (f->type < ARRAY_SIZE(rx_table))
		return rx_table[f->type](x, f);
	return rx_datagram(x, f);
}

static u8 level_pkt(u8 level)
{
	return level == QUIC_CRYPTO_APP ? QUIC_F_1 :
	       level == QUIC_CRYPTO_HANDSHAKE ? QUIC_F_H :
	       level == QUIC_CRYPTO_INITIAL ? QUIC_F_I : QUIC_F_0;
}

/* Frames of a payload that has too many of them to be kept: one by one again. */
static int rx_many(struct rx_ctx *x, u8 in)
{
	const struct quic_rx_pkt *pkt = x->pkt;
	struct quic_conn *conn = x->conn;
	struct quic_frame f;
	struct quic_rcur c;
	int err;

	c = quic_rcur_init(pkt->data, pkt->len);
	while (quic_rcur_left(&c) && quic_conn_is_open(conn)) {
		err = quic_frame_parse(&c, in, &f, &conn->err);
		if (!err)
			err = rx_frame(x, &f);
		if (unlikely(err))
			return err;
	}
	return 0;
}

/* The datagrams of a payload that is accepted, by now as a whole. */
static void rx_dgrams(struct rx_ctx *x, u8 in)
{
	struct quic_rcur c = quic_rcur_init(x->pkt->data, x->pkt->len);
	struct quic_error none = {};
	struct quic_frame f;

	while (quic_rcur_left(&c) && !quic_frame_parse(&c, in, &f, &none)) {
		if ((f.type & ~1ULL) == QUIC_FRAME_DATAGRAM)
			quic_dgram_on_frame(x->conn, &f, x->pkt->buf);
	}
}

/* The host has looked at the payload, and left nothing but data of it. */
static int rx_bulk(struct rx_ctx *x, bool *ack_eliciting)
{
	const struct quic_rx_pkt *pkt = x->pkt;
	struct quic_frame f = {
		.type = QUIC_FRAME_STREAM | QUIC_STREAM_F_OFF,
		.u.stream = {
			.id = pkt->bulk.id, .offset = pkt->bulk.offset,
			.data = pkt->data, .len = pkt->len,
		},
	};

	if (unlikely(f.u.stream.len > QUIC_VARINT_MAX - f.u.stream.offset))
		return quic_error_set(&x->conn->err, QUIC_TRANSPORT_ERROR_FRAME_ENCODING,
				      f.type, "data passes offset 2^62-1");
	*ack_eliciting = true;
	x->non_probing = true;
	return rx_stream(x, &f);
}

static int rx_payload(struct rx_ctx *x, bool *ack_eliciting)
{
	const struct quic_rx_pkt *pkt = x->pkt;
	struct quic_conn *conn = x->conn;
	struct quic_frames_sum sum;
	struct quic_frame f[RX_FRAMES];
	u8 in = level_pkt(pkt->level);
	u32 i;
	int err;

	if (pkt->is_bulk)
		return rx_bulk(x, ack_eliciting);
	err = quic_frames_parse(pkt->data, pkt->len, in, f, RX_FRAMES, &sum, &conn->err);
	if (err)
		return err;
	*ack_eliciting = sum.ack_eliciting;
	x->non_probing = sum.non_probing;
	x->dgrams = false;
	if (unlikely(sum.n > RX_FRAMES))
		err = rx_many(x, in);
	for (i = 0; i < sum.n && sum.n <= RX_FRAMES && !err && quic_conn_is_open(conn); i++)
		err = rx_frame(x, &f[i]);
	if (unlikely(err))
		return err;
	if (x->dgrams)
		rx_dgrams(x, in);
	return 0;
}

/*
 * A packet in the closing state: answer the first, then after two more, four
 * more (RFC 9000 10.2.1). What arrives before an answer left does not count:
 * a whole window may be under way, and must not use up the answers.
 */
static void rx_while_closing(struct quic_conn *conn)
{
	if (conn->state != QUIC_CONN_CLOSING || conn->closing_pending || QUIC_PLANTED(14))
		return;
	if (++conn->close_rx < 1ULL << min_t(u64, conn->close_sent, 16) >> 1)
		return;
	conn->close_rx = 0;
	conn->closing_pending = true;
	conn->want |= QUIC_WANT_TX;
}

/* What the mere arrival of a packet of this level proves. */
static void rx_note_level(struct quic_conn *conn, u8 level, u64 now)
{
	if (!conn->server || level != QUIC_CRYPTO_HANDSHAKE)
		return;
	/* RFC 9000 8.1; RFC 9001 4.9.1. */
	conn->path.validated = true;
	quic_conn_discard(conn, QUIC_CRYPTO_INITIAL, now);
}

/* RFC 9000 17.2, 17.3.1: looked at when both protections are off. */
static int rx_reserved(struct quic_conn *conn)
{
	return quic_error_set(&conn->err, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION, 0,
			      "a reserved bit of a packet's header is set");
}

/* What a long header says. Return: it is this connection's. */
static bool rx_long(struct quic_conn *conn, const struct quic_rx_pkt *pkt)
{
	if (!quic_version_fits(conn, pkt->version, pkt->level) ||
	    !quic_cid_peer_scid(conn, &pkt->scid))
		return false;
	if (pkt->level != QUIC_CRYPTO_EARLY)
		quic_version_received(conn, pkt->version);
	return true;
}

static void rx_pkt(struct rx_ctx *x)
{
	const struct quic_rx_pkt *pkt = x->pkt;
	struct quic_conn *conn = x->conn;
	struct quic_pnspace *s = &conn->space[x->space];
	bool ack_eliciting = false;
	int err;

	if (s->gone || (pkt->level == QUIC_CRYPTO_APP && !conn->handshake_complete) ||
	    unlikely(pkt->level == QUIC_CRYPTO_EARLY && !conn->server)) {
		conn->stats.pkts_dropped++;
		return;
	}
	if (quic_rangeset_contains(&s->rx, pkt->pn)) {
		conn->stats.pkts_dup++;
		return;
	}
	if (unlikely(pkt->level != QUIC_CRYPTO_APP) && !rx_long(conn, pkt)) {
		conn->stats.pkts_dropped++;
		return;
	}
	err = pkt->level == QUIC_CRYPTO_APP ? quic_keyphase_check(conn, pkt) : 0;
	if (unlikely(pkt->reserved && !err))
		err = rx_reserved(conn);
	if (likely(!err))
		err = rx_payload(x, &ack_eliciting);
	if (unlikely(err == -EPROTO)) {
		quic_conn_fatal(conn, x->now);
		return;
	}
	if (unlikely(err)) {
		conn->stats.pkts_dropped++;
		return;
	}
	conn->stats.pkts_recv++;
	if (s->gone)	/* HANDSHAKE_DONE and the like may have ended it */
		return;
	if (pkt->level == QUIC_CRYPTO_APP)
		quic_keyphase_received(conn, pkt, x->now);
	quic_ecn_received(s, pkt->ecn);
	quic_pnspace_received(s, pkt->pn, ack_eliciting,
			      x->space != QUIC_SPACE_APP || pkt->ecn == QUIC_ECN_CE,
			      &conn->ackwait, conn->local.max_ack_delay * QUIC_NS_PER_MS, x->now);
	rx_note_level(conn, pkt->level, x->now);
	if (unlikely(conn->paths))
		quic_path_received(conn, x->non_probing, pkt->pn + 1 == s->rx_next, x->now);
	if (s->ack_now)
		conn->want |= QUIC_WANT_TX;
}

/* Credit for the address that they came from, and no other (RFC 9000 8.1). */
static void count_rx(struct quic_conn *conn, u32 bytes)
{
	if (likely(!conn->rx_elsewhere))
		conn->path.rx_bytes += bytes;
	else
		quic_path_count_rx(conn, bytes);
}

void quic_conn_recv(struct quic_conn *conn, const struct quic_rx_pkt *pkts, u32 n, u64 now)
{
	struct rx_ctx x = { .conn = conn, .now = now };
	bool unblocked = conn->server && !conn->path.validated;
	u64 before = conn->stats.pkts_recv;
	u32 i;

	quic_host_assert_owned(conn);
	for (i = 0; i < n; i++) {
		count_rx(conn, pkts[i].dgram_len);
		conn->stats.bytes_recv += pkts[i].dgram_len;
		if (unlikely(!quic_conn_is_open(conn))) {
			rx_while_closing(conn);
			continue;
		}
		x.pkt = &pkts[i];
		x.space = quic_level_space(pkts[i].level);
		rx_pkt(&x);
		if (likely(i + 2 < n))
			i += quic_rx_run(conn, pkts + i + 1, n - i - 1, now);
	}
	if (!quic_conn_is_open(conn))
		return;
	/* RFC 9000 10.1: packets that were processed; a repetition is none. */
	if (conn->stats.pkts_recv != before && !QUIC_PLANTED(13)) {
		conn->idle_tx_reset = false;
		quic_conn_restart_idle(conn, now);
	}
	quic_conn_check_shutdown(conn, now);
	if (unlikely(conn->paths))	/* a challenge may have waited for credit */
		conn->want |= QUIC_WANT_TX;
	if (unblocked) {
		conn->want |= QUIC_WANT_TX;
		quic_recovery_set_timer(conn, now);
	}
}

void quic_conn_recv_undecryptable(struct quic_conn *conn, u32 dgram_len)
{
	conn->stats.bytes_recv += dgram_len;
	/* later on it may have come from anywhere */
	if (!quic_conn_is_open(conn) || conn->path.validated || conn->handshake_confirmed)
		return;
	count_rx(conn, dgram_len);
	/*
	 * More may leave, and the PTO runs again (RFC 9002 6.2.2.1): from when
	 * packets left, so that the time now is not needed.
	 */
	conn->want |= QUIC_WANT_TX;
	quic_recovery_set_timer(conn, 0);
}
