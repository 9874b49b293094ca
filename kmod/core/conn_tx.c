// SPDX-License-Identifier: GPL-2.0
/*
 * Sending: fills a batch of packets, one datagram after the other.
 *
 * A datagram holds up to one packet per level: Initial, 0-RTT, Handshake, 1-RTT
 * (RFC 9000 12.2). Each packet takes an ACK if one is owed, TLS bytes, values
 * to announce, then stream data and DATAGRAM frames, which take turns. Bulk data
 * goes in by reference: the header of the last STREAM frame ends at a multiple of
 * 16 bytes of plaintext, reached by PADDING in front of it, because the crypto API
 * is a third slower where pieces join elsewhere; small frames are copied.
 *
 *   buf                hdr_len            prefix_len        pieces        tag
 *    | header           | ACK, .. PADDING, STREAM header | by reference | 16 |
 *
 * Datagrams of a batch are equally long, except that the last may be shorter:
 * the first that is not full ends the batch, so a batch is one GSO train.
 *
 * Packets count as sent once built. What is built respects, in this order: the
 * keys that exist, anti-amplification, the congestion window and pacing (which
 * PTO probes and ACKs ignore), flow control.
 *
 * Large because all that decides what goes into a packet, in which order and in
 * how much room, is one subject and shares the room that is left.
 */
#include "conn_int.h"
#include "wire_hdr.h"
#include "pnspace.h"
#include "recovery.h"
#include "stream.h"
#include "cid.h"
#include "dgram.h"
#include "early.h"
#include "grease.h"
#include "pmtud.h"
#include "keyphase.h"
#include "ecn.h"
#include "skip.h"
#include "trim.h"
#include "plant.h"

#define TX_COPY_MAX	128	/* STREAM data up to this is copied */
#define TX_ALIGN	16	/* of plaintext where pieces join */
#define TX_ROOM_MIN	128	/* bytes of a datagram that it is worth while to build */
#define CRYPTO_MAX	16383	/* bytes of one frame: its Length takes two */
#define TX_NOMEM_RETRY	QUIC_NS_PER_MS	/* when memory was short, so much later */

/**
 * struct tx_ctx - one call of quic_conn_build()
 * @conn: connection
 * @batch: being filled
 * @now: time
 * @dcid: destination connection ID of its packets
 * @pace: bytes that pacing allows
 * @paced_out: pacing stopped something
 * @nomem: want of memory did
 */
struct tx_ctx {
	struct quic_conn *conn;
	struct quic_tx_batch *batch;
	const struct quic_cid *dcid;
	u64 now;
	u64 pace;
	bool paced_out;
	bool nomem;
};

/**
 * struct tx_pkt - the packet being written
 * @out: its entry in the batch
 * @rec: its record among the packets in flight
 * @s: packet number space
 * @level: QUIC_CRYPTO_*
 * @length_off: of the Length field of a long header
 * @pieces_len: bytes of data by reference
 * @w: where the payload goes on; ends before the tag
 * @payload: its first byte
 * @eliciting_ok: congestion control lets ack-eliciting frames out
 * @retrans: it carries bytes sent before
 * @full: nothing can follow: data by reference ends the packet
 * @expand: the datagram may have to be padded to 1200 bytes: copy all data
 * @copy: something by reference will follow: copy all data
 * @nomem: memory to note a range was short
 */
struct tx_pkt {
	struct quic_tx_pkt *out;
	struct quic_sent_pkt *rec;
	struct quic_pnspace *s;
	struct quic_wcur w;
	u8 *payload;
	u8 level;
	bool eliciting_ok;
	bool retrans;
	bool full;
	bool expand;
	bool copy;
	bool nomem;
	u32 length_off;
	u32 pieces_len;
};

static bool level_open(const struct quic_conn *conn, u8 level)
{
	if (!(conn->tx_keys & 1 << level))
		return false;
	return quic_level_space(level) != QUIC_SPACE_APP || quic_early_level_open(conn, level);
}

/* ---- frames ---- */

/* Note what the packet carries. Return: false when there is no memory for it. */
static bool note_range(struct tx_pkt *p, u64 id, u64 off, u32 len, bool fin, bool crypto)
{
	if (likely(!quic_sent_note_range(p->rec, id, off, len, fin, crypto)))
		return true;
	p->nomem = true;
	return false;
}

static void put_ack(struct tx_ctx *x, struct tx_pkt *p)
{
	struct quic_pnspace *s = p->s;

	if (!s->ack_pending || !s->rx_next)
		return;
	/* Leave half of the packet for data when much is missing. */
	if (!quic_pnspace_put_ack(s, &p->w, x->conn->local.ack_delay_exponent,
				  quic_wcur_left(&p->w) / 2, x->now))
		return;
	p->rec->flags |= QUIC_SENT_ACK;
	p->rec->largest_acked = s->rx_next - 1;
	x->conn->stats.acks_sent++;
}

static void put_crypto(struct tx_ctx *x, struct tx_pkt *p)
{
	struct quic_crypto *c = p->s->crypto;
	struct quic_sendbuf *sb;
	u64 off, len;
	u32 hdr, n;

	if (likely(!c))
		return;
	sb = &c->tx;
	while (quic_sendbuf_next(sb, QUIC_VARINT_MAX, &off, &len)) {
		hdr = 1 + quic_varint_len(off) + 2;
		if (quic_wcur_left(&p->w) < hdr + 1)
			return;
		n = min_t(u64, len, quic_wcur_left(&p->w) - hdr);
		n = min_t(u32, n, CRYPTO_MAX);
		if (!note_range(p, 0, off, n, false, true))
			return;
		quic_put_u8(&p->w, QUIC_FRAME_CRYPTO);
		quic_put_varint(&p->w, off);
		quic_put_varint_len(&p->w, n, 2);
		quic_sendbuf_copy(sb, off, n, p->w.p);
		p->w.p += n;
		if (quic_sendbuf_sent(sb, off, n, false) < n)
			p->retrans = true;
		p->rec->flags |= QUIC_SENT_ACK_ELICITING;
	}
}

static void fill_val(const struct quic_conn *conn, const struct quic_valsync *v,
		     struct quic_frame *f)
{
	f->type = v->frame;
	if (v->frame == QUIC_FRAME_NEW_CONNECTION_ID ||
	    v->frame == QUIC_FRAME_RETIRE_CONNECTION_ID)
		quic_cid_fill_frame(conn, v, f);
	else if (v->frame == QUIC_FRAME_NEW_TOKEN)
		f->u.blob = (typeof(f->u.blob)){ conn->new_token.data, conn->new_token.len };
	else if (v->frame != QUIC_FRAME_HANDSHAKE_DONE)
		quic_stream_fill_frame(conn, v, f);
}

static void put_vals(struct tx_ctx *x, struct tx_pkt *p)
{
	struct quic_valsyncs *vals = &x->conn->vals;
	struct quic_valsync *v, *n;
	struct quic_frame f;

	list_for_each_entry_safe(v, n, &vals->wanted, node) {
		if (unlikely(quic_early_val_waits(x->conn, p->level, v)))
			continue;
		quic_stream_tune_window(x->conn, v, x->now);
		fill_val(x->conn, v, &f);
		if (!quic_frame_put(&p->w, &f)) {
			p->w.bad = false;
			return;
		}
		quic_valsync_sent(vals, v, p->out->pn);
		p->rec->flags |= QUIC_SENT_CTRL | QUIC_SENT_ACK_ELICITING;
	}
}

/* Bytes of PADDING that make the plaintext so far plus @hdr a multiple of 16. */
static u32 align_pad(const struct tx_pkt *p, u32 hdr)
{
	return -(u32)(p->w.p - p->payload + hdr) & (TX_ALIGN - 1);
}

/*
 * The last frame of the packet, its data by reference. Return: bytes of data,
 * or 0 when copying is the better way.
 */
static u32 put_stream_ref(struct tx_pkt *p, struct quic_stream *s, u64 off, u64 len)
{
	u32 hdr = quic_frame_stream_hdr_len(s->id, off, 0, false);
	u32 pad = align_pad(p, hdr), left = quic_wcur_left(&p->w), n;

	if (left < pad + hdr + TX_COPY_MAX)
		return 0;
	n = min_t(u64, len, left - pad - hdr);
	p->out->n_pieces = quic_sendbuf_map(&s->tx, off, n, p->out->piece,
					    QUIC_TX_PIECES_MAX);
	if (!p->out->n_pieces)
		return 0;
	if (!note_range(p, s->id, off, n, quic_sendbuf_fin_at(&s->tx, off + n), false)) {
		p->out->n_pieces = 0;
		return 0;
	}
	memset(quic_put_space(&p->w, pad), 0, pad);
	quic_frame_put_stream_hdr(&p->w, s->id, off, n, false,
				  quic_sendbuf_fin_at(&s->tx, off + n));
	p->pieces_len = n;
	p->full = true;
	return n;
}

/* A frame with its data copied. Return: false when it does not fit. */
static bool put_stream_copy(struct tx_pkt *p, struct quic_stream *s, u64 off, u64 len,
			    u32 *n)
{
	u32 left = quic_wcur_left(&p->w);
	u32 hdr = quic_frame_stream_hdr_len(s->id, off, min_t(u64, len, left), true);
	bool fin;

	if (left < hdr + min_t(u64, len, 1))
		return false;
	*n = min_t(u64, len, left - hdr);
	fin = quic_sendbuf_fin_at(&s->tx, off + *n);
	if (!note_range(p, s->id, off, *n, fin, false))
		return false;
	quic_frame_put_stream_hdr(&p->w, s->id, off, *n, true, fin);
	if (*n)
		quic_sendbuf_copy(&s->tx, off + (QUIC_PLANTED(7) && off > s->tx.base &&
						 off < s->tx.next), *n, p->w.p);
	p->w.p += *n;
	return true;
}

/* Is there anything else that wants to send after a stream? */
static bool others_wait(const struct quic_conn *conn)
{
	return conn->streams.sched.n > 1 || conn->dgrams.tx.n;
}

/* Bytes [off, off + len) of a stream. Return: false when nothing fits. */
static bool put_stream(struct tx_ctx *x, struct tx_pkt *p, struct quic_stream *s,
		       u64 off, u64 len)
{
	struct quic_conn *conn = x->conn;
	u64 next = s->tx.next;
	bool fills;
	u32 n = 0;

	fills = len + TX_ALIGN + 24 >= quic_wcur_left(&p->w);
	if (len > TX_COPY_MAX && !p->expand && !p->copy && (fills || !others_wait(conn)))
		n = put_stream_ref(p, s, off, len);
	if (!n && !put_stream_copy(p, s, off, len, &n))
		return false;
	if (off < next)
		p->retrans = true;
	p->rec->flags |= QUIC_SENT_ACK_ELICITING;
	quic_stream_tx_sent(conn, s, off, n, quic_sendbuf_fin_at(&s->tx, off + n));
	return true;
}

/* By priority (stream_sched.c). Ends because each frame takes room. */
static void put_streams(struct tx_ctx *x, struct tx_pkt *p)
{
	struct quic_stream *s;
	u64 off, len;

	while (!p->full && quic_wcur_left(&p->w) >= 8) {
		s = quic_streams_tx_pick(x->conn);
		if (!s || !quic_stream_tx_next(x->conn, s, &off, &len) ||
		    !put_stream(x, p, s, off, len))
			return;
	}
}

/*
 * A datagram that takes half of what is left, or more, ends the packet, by
 * reference; stream data is copied into the rest. So the greater part of a packet
 * is copied only when it holds many datagrams.
 */
static void put_dgram_last(struct tx_ctx *x, struct tx_pkt *p, struct quic_dgram *d)
{
	u32 need = 1 + d->len;

	p->w.end -= need;
	p->copy = true;
	put_streams(x, p);
	p->w.end += need;
	p->pieces_len = quic_dgram_put_ref(&p->w, p->out, p->payload, TX_ALIGN, d);
	p->full = true;
}

/* Datagrams, oldest first, until one does not fit: it is never split. */
static void put_dgrams(struct tx_ctx *x, struct tx_pkt *p)
{
	struct quic_conn *conn = x->conn;
	struct quic_dgram *d;
	bool ref, alone;
	u32 left;

	while (!p->full && (d = quic_dgram_tx_next(conn))) {
		left = quic_wcur_left(&p->w);
		if (1 + d->len > left)
			return;
		alone = conn->dgrams.tx.n == 1 && !quic_streams_tx_ready(conn);
		ref = d->len > TX_COPY_MAX && !p->expand && (alone || 2 * d->len >= left);
		if (ref)
			put_dgram_last(x, p, d);
		else
			quic_dgram_put_copy(&p->w, d);
		quic_dgram_tx_sent(conn, d, ref);
		p->rec->dgrams++;
		p->rec->flags |= QUIC_SENT_ACK_ELICITING;
	}
}

/*
 * Bytes to keep for a datagram that it is the turn of: else ACKs and values to
 * announce could keep one that needs a whole packet waiting for ever.
 */
static u32 keep_for_dgram(struct tx_ctx *x, const struct tx_pkt *p)
{
	struct quic_dgram *d;

	if (p->level != QUIC_CRYPTO_APP || !p->eliciting_ok || !x->conn->dgrams.turn)
		return 0;
	d = quic_dgram_tx_next(x->conn);
	return d && 1 + d->len <= quic_wcur_left(&p->w) ? 1 + d->len : 0;
}

/*
 * Streams and datagrams take turns at who fills a packet first, the other gets the
 * rest: where both have plenty each has half of the packets.
 */
static void put_data(struct tx_ctx *x, struct tx_pkt *p)
{
	struct quic_dgrams *g = &x->conn->dgrams;

	if (likely(!g->tx.n)) {
		put_streams(x, p);
		return;
	}
	if (g->turn)
		put_dgrams(x, p);
	if (!p->full)
		put_streams(x, p);
	if (!g->turn && !p->full)
		put_dgrams(x, p);
	g->turn = !g->turn;
}

/* ---- one packet ---- */

/*
 * RFC 9000 17.1: enough for a packet that arrives after others that were sent after it.
 * What is in flight says nothing of how late one comes whose address had to be resolved
 * first, or that took the path from which the peer moves away: then one byte expands to
 * another number, and a packet that arrived is lost. Two allow for 32,000 that overtake.
 */
static u8 pn_len(const struct tx_pkt *p, u64 pn)
{
	u8 len = quic_pn_len(pn, p->s->largest_acked, !p->s->acked_any);

	return quic_level_space(p->level) == QUIC_SPACE_APP ? max_t(u8, len, QUIC_PN_APP_LEN) : len;
}

static void put_header(struct tx_ctx *x, struct tx_pkt *p, u8 *buf, u32 room)
{
	static const u8 types[QUIC_CRYPTO_LEVELS] = {
		[QUIC_CRYPTO_INITIAL] = QUIC_PKT_INITIAL,
		[QUIC_CRYPTO_HANDSHAKE] = QUIC_PKT_HANDSHAKE,
		[QUIC_CRYPTO_EARLY] = QUIC_PKT_0RTT,
	};
	struct quic_conn *conn = x->conn;
	struct quic_tx_pkt *out = p->out;
	const struct quic_cid *dcid = x->dcid;
	u32 token_len = p->level == QUIC_CRYPTO_INITIAL ? conn->token.len : 0;

	out->buf = buf;
	out->pn = p->s->tx_next;
	out->pn_len = pn_len(p, out->pn);
	out->level = p->level;
	out->key_gen = p->level == QUIC_CRYPTO_APP ? conn->keyphase.tx_gen : 0;
	out->n_pieces = 0;
	out->dgram_end = false;
	p->w = quic_wcur_init(buf, room - QUIC_TAG_LEN);
	if (p->level == QUIC_CRYPTO_APP)
		quic_hdr_put_short(&p->w, dcid, out->pn, out->pn_len, out->key_gen & 1, 0);
	else
		p->length_off = quic_hdr_put_long(&p->w, types[p->level],
						  quic_version_of_level(conn, p->level),
						  dcid, &conn->cids.local[0].cid,
						  conn->token.data, token_len,
						  out->pn, out->pn_len);
	quic_grease_bit(conn, buf);
	out->hdr_len = p->w.p - buf;
	out->pn_off = out->hdr_len - out->pn_len;
	p->payload = p->w.p;
}

/* Set the lengths, after the payload is complete. Return: bytes on the wire. */
static u32 set_lengths(struct tx_pkt *p)
{
	struct quic_tx_pkt *out = p->out;

	out->prefix_len = p->w.p - p->payload;
	out->len = out->hdr_len + out->prefix_len + p->pieces_len + QUIC_TAG_LEN;
	if (p->level != QUIC_CRYPTO_APP)
		quic_hdr_set_length(out->buf, p->length_off,
				    out->len - out->hdr_len + out->pn_len);
	return out->len;
}

static void pad_to(struct tx_pkt *p, u32 payload_len)
{
	u32 have = p->w.p - p->payload + p->pieces_len;

	if (have >= payload_len)
		return;
	memset(p->w.p, 0, payload_len - have);
	p->w.p += payload_len - have;
}

static void put_frames(struct tx_ctx *x, struct tx_pkt *p)
{
	struct quic_conn *conn = x->conn;
	u32 keep = unlikely(conn->dgrams.tx.n) ? keep_for_dgram(x, p) : 0;

	p->w.end -= keep;
	if (likely(p->level != QUIC_CRYPTO_EARLY))
		put_ack(x, p);
	if (!p->eliciting_ok)
		return;
	if (likely(p->level != QUIC_CRYPTO_EARLY))
		put_crypto(x, p);
	if (quic_level_space(p->level) != QUIC_SPACE_APP)
		return;
	if (unlikely(!list_empty(&conn->vals.wanted)))
		put_vals(x, p);
	p->w.end += keep;
	put_data(x, p);
}

/* Is there anything an ack-eliciting packet of this level would carry? */
static bool has_data(const struct quic_conn *conn, const struct quic_pnspace *s, u8 level)
{
	if (quic_pnspace_crypto_ready(s) && level != QUIC_CRYPTO_EARLY)
		return true;
	return quic_level_space(level) == QUIC_SPACE_APP &&
	       (quic_streams_tx_ready(conn) || conn->dgrams.tx.n ||
		!list_empty(&conn->vals.wanted));
}

static u32 quantum(const struct quic_path *path)
{
	return quic_pacer_quantum(&path->pacer, path->cc.cwnd, path->mtu);
}

/* May ack-eliciting frames leave? Notes what stops them. */
static bool eliciting_ok(struct tx_ctx *x, const struct quic_pnspace *s)
{
	struct quic_path *path = &x->conn->path;

	if (s->probes)
		return true;
	if (quic_cc_room(&path->cc) < path->mtu)
		return false;
	if (x->pace < (x->batch->n_dgrams ? path->mtu : quantum(path))) {
		x->paced_out = true;
		return false;
	}
	return true;
}

static void account(struct tx_ctx *x, struct tx_pkt *p, enum quic_space space)
{
	struct quic_conn *conn = x->conn;
	struct quic_sent_pkt *rec = p->rec;

	if (rec->flags & QUIC_SENT_ACK_ELICITING) {
		rec->flags |= QUIC_SENT_IN_FLIGHT;
		/* a path MTU probe is in nobody's stead: its loss is not made good */
		if (p->s->probes && !(rec->flags & QUIC_SENT_PMTU))
			p->s->probes--;
		if (!conn->idle_tx_reset && conn->handshake_complete) {
			conn->idle_tx_reset = true;
			quic_conn_restart_idle(conn, x->now);
		}
	}
	if (rec->flags & QUIC_SENT_ACK) {
		quic_pnspace_ack_sent(p->s);
		if (p->level == QUIC_CRYPTO_APP)
			quic_keyphase_ack_sent(&conn->keyphase);
	}
	if (x->batch->ecn)
		rec->flags |= QUIC_SENT_ECT;
	if (p->retrans)
		conn->stats.pkts_retrans++;
	conn->stats.pkts_sent++;
	quic_recovery_on_sent(conn, space, rec, p->out->len, x->now);
	if (!(rec->flags & QUIC_SENT_IN_FLIGHT))
		return;		/* ACKs are not paced (RFC 9002 7.7) */
	quic_pacer_sent(&conn->path.pacer, p->out->len);
	x->pace -= min_t(u64, x->pace, p->out->len);
}

/*
 * Bytes that a packet has at least. A peer that lost its state may answer it with a
 * stateless reset, which is shorter (RFC 9000 10.3), and has to pass for a packet to us.
 */
static u32 whole_min(const struct quic_conn *conn, const struct tx_pkt *p)
{
	return p->level == QUIC_CRYPTO_APP && p->rec->flags & QUIC_SENT_ACK_ELICITING ?
	       QUIC_ANSWERED_MIN + conn->cids.local_len : 0;
}

/*
 * Build the packet of one level at @buf. Return: its bytes, 0 when there is
 * nothing to send; then nothing changed.
 */
static u32 build_pkt(struct tx_ctx *x, u8 level, u8 *buf, u32 room, struct tx_pkt *p)
{
	enum quic_space space = quic_level_space(level);
	struct quic_conn *conn = x->conn;
	struct quic_pnspace *s = &conn->space[space];
	bool data = has_data(conn, s, level), probe = s->probes;

	if (!data && !probe && !quic_pnspace_ack_due(s, x->now))
		return 0;
	*p = (struct tx_pkt){ .s = s, .level = level };
	p->eliciting_ok = (data || probe) && eliciting_ok(x, s);
	if (!p->eliciting_ok && !quic_pnspace_ack_due(s, x->now))
		return 0;
	if (!p->eliciting_ok && unlikely(quic_sent_crowded(&s->sent)))
		return 0;
	if (space == QUIC_SPACE_APP && unlikely(quic_skip_due(conn)))
		quic_skip_next(conn);
	if (quic_sent_reserve(&s->sent, s->tx_next)) {
		x->nomem = true;
		return 0;
	}
	p->out = &x->batch->pkt[x->batch->n];
	put_header(x, p, buf, room);
	if (p->w.bad || quic_wcur_left(&p->w) < 32)
		return 0;
	p->rec = quic_sent_add(&s->sent, s->tx_next);
	p->expand = !conn->handshake_confirmed;
	put_frames(x, p);
	x->nomem |= p->nomem;
	if (p->eliciting_ok && probe && !(p->rec->flags & QUIC_SENT_ACK_ELICITING)) {
		quic_put_u8(&p->w, QUIC_FRAME_PING);
		p->rec->flags |= QUIC_SENT_ACK_ELICITING;
	}
	if (p->w.p == p->payload) {
		s->sent.next--;
		return 0;
	}
	pad_to(p, quic_hdr_payload_min(p->out->hdr_len, p->out->pn_len, whole_min(conn, p)));
	s->tx_next++;
	x->batch->n++;
	return set_lengths(p);
}

/* ---- one datagram ---- */

static void dgram_sent(struct tx_ctx *x, u32 len)
{
	struct quic_conn *conn = x->conn;

	x->batch->pkt[x->batch->n - 1].dgram_end = true;
	x->batch->n_dgrams++;
	quic_host_tx_commit(x->batch, len);
	if (x->batch->path == quic_conn_path_active(conn))
		conn->path.tx_bytes += len;
	conn->stats.bytes_sent += len;
}

/* RFC 9000 14.1: which datagrams must have 1200 bytes? */
static bool must_pad(const struct quic_conn *conn, const struct tx_pkt *initial)
{
	return !conn->server || initial->rec->flags & QUIC_SENT_ACK_ELICITING;
}

/*
 * A datagram of the handshake: Initial, 0-RTT, Handshake and 1-RTT packets together,
 * padded if it must be. Return: its bytes.
 */
static u32 build_coalesced(struct tx_ctx *x, u8 *buf, u32 room)
{
	static const u8 order[] = {
		QUIC_CRYPTO_INITIAL, QUIC_CRYPTO_EARLY, QUIC_CRYPTO_HANDSHAKE, QUIC_CRYPTO_APP
	};
	struct quic_conn *conn = x->conn;
	struct tx_pkt pkts[ARRAY_SIZE(order)];
	u32 used = 0, n = 0, i, len;
	bool pad = false;

	for (i = 0; i < ARRAY_SIZE(order) && room - used > 64; i++) {
		if (!level_open(conn, order[i]))
			continue;
		len = build_pkt(x, order[i], buf + used, room - used, &pkts[n]);
		if (!len)
			continue;
		if (order[i] == QUIC_CRYPTO_INITIAL)
			pad = must_pad(conn, &pkts[n]);
		used += len;
		n++;
	}
	if (!n)
		return 0;
	if (pad && used < QUIC_MIN_UDP_PAYLOAD && room >= QUIC_MIN_UDP_PAYLOAD &&
	    !pkts[n - 1].pieces_len) {
		struct tx_pkt *last = &pkts[n - 1];

		used -= last->out->len;
		pad_to(last, last->w.p - last->payload + QUIC_MIN_UDP_PAYLOAD - used -
			     last->out->len);
		last->rec->flags |= QUIC_SENT_IN_FLIGHT;
		used += set_lengths(last);
	}
	for (i = 0; i < n; i++)
		account(x, &pkts[i], quic_level_space(pkts[i].level));
	return used;
}

static u32 build_app(struct tx_ctx *x, u8 *buf, u32 room)
{
	struct tx_pkt p;
	u32 len = build_pkt(x, QUIC_CRYPTO_APP, buf, room, &p);

	if (len)
		account(x, &p, QUIC_SPACE_APP);
	return len;
}

static u32 build_dgram(struct tx_ctx *x)
{
	struct quic_conn *conn = x->conn;
	u64 amp = quic_path_amp_room(&conn->path);
	u32 room = min_t(u64, conn->path.mtu, amp), len;
	u8 *buf;

	/*
	 * A server that could not even send a full Initial waits for credit; later on
	 * what there is of it is good for an ACK.
	 */
	if (room < (conn->handshake_confirmed ? TX_ROOM_MIN : QUIC_MIN_UDP_PAYLOAD))
		return 0;
	buf = quic_host_tx_space(x->batch, room);
	if (!buf)
		return 0;
	len = likely(conn->handshake_confirmed) ? build_app(x, buf, room) :
						  build_coalesced(x, buf, room);
	if (!len)
		return 0;
	dgram_sent(x, len);
	/* RFC 9001 4.9.1: a client drops Initial keys with its first Handshake. */
	if (!conn->server && conn->space[QUIC_SPACE_HANDSHAKE].tx_next)
		quic_conn_discard(conn, QUIC_CRYPTO_INITIAL, x->now);
	return len;
}

/* A path MTU probe has a datagram, and a batch, of its own. */
static bool build_pmtu_probe(struct tx_ctx *x)
{
	struct quic_conn *conn = x->conn;
	struct quic_pmtud *pm = &conn->pmtud;
	struct quic_pnspace *s = &conn->space[QUIC_SPACE_APP];
	struct tx_pkt p = { .s = s, .level = QUIC_CRYPTO_APP };
	u8 *buf;

	if (!pm->wanted || pm->flying || quic_cc_room(&conn->path.cc) < pm->target ||
	    quic_path_amp_room(&conn->path) < pm->target ||
	    quic_sent_reserve(&s->sent, s->tx_next))
		return false;
	buf = quic_host_tx_space(x->batch, pm->target);
	if (!buf)
		return false;
	p.out = &x->batch->pkt[0];
	put_header(x, &p, buf, pm->target);
	p.rec = quic_sent_add(&s->sent, s->tx_next++);
	quic_put_u8(&p.w, QUIC_FRAME_PING);
	pad_to(&p, quic_wcur_left(&p.w) + 1);
	p.rec->flags |= QUIC_SENT_ACK_ELICITING | QUIC_SENT_PMTU;
	x->batch->n++;
	set_lengths(&p);
	account(x, &p, QUIC_SPACE_APP);
	dgram_sent(x, p.out->len);
	pm->wanted = false;
	pm->flying = true;
	pm->tries++;
	return true;
}

/* RFC 9000 8.2; a packet to the path in use does more than probe (9.3.3). */
static void put_path_frames(struct tx_pkt *p, const struct quic_path_tx *tx)
{
	struct quic_frame f = { .type = QUIC_FRAME_PATH_RESPONSE };
	u32 i;

	for (i = 0; i < tx->n_responses; i++) {
		f.u.path.data = tx->response[i];
		quic_frame_put(&p->w, &f);
	}
	if (tx->challenge) {
		f.type = QUIC_FRAME_PATH_CHALLENGE;
		f.u.path.data = tx->challenge;
		quic_frame_put(&p->w, &f);
	}
	if (tx->active)
		quic_put_u8(&p->w, QUIC_FRAME_PING);
	if (tx->room >= QUIC_MIN_UDP_PAYLOAD)
		pad_to(p, p->w.p - p->payload + quic_wcur_left(&p->w));
}

/*
 * A datagram that probes a path has a batch of its own. As a probe of the PTO it does
 * not ask the window; on another path than the one in use it counts in none, and its
 * loss is the affair of the challenge's own timer.
 */
static bool build_path_probe(struct tx_ctx *x)
{
	struct quic_conn *conn = x->conn;
	struct quic_pnspace *s = &conn->space[QUIC_SPACE_APP];
	struct tx_pkt p = { .s = s, .level = QUIC_CRYPTO_APP };
	struct quic_path_tx tx;
	u8 *buf;

	if (!conn->handshake_complete || !quic_path_tx_next(conn, &tx))
		return false;
	buf = quic_sent_reserve(&s->sent, s->tx_next) ? NULL :
	      quic_host_tx_space(x->batch, tx.room);
	if (!buf) {
		x->nomem = true;
		return false;
	}
	x->batch->path = tx.place;
	x->batch->ecn = QUIC_ECN_NOT_ECT;
	x->dcid = quic_path_dcid(conn, tx.place);
	p.out = &x->batch->pkt[0];
	put_header(x, &p, buf, tx.room);
	p.rec = quic_sent_add(&s->sent, s->tx_next++);
	put_path_frames(&p, &tx);
	x->batch->n++;
	set_lengths(&p);
	p.rec->flags |= tx.active ? QUIC_SENT_ACK_ELICITING : QUIC_SENT_ELSEWHERE;
	account(x, &p, QUIC_SPACE_APP);
	dgram_sent(x, p.out->len);
	quic_path_tx_sent(conn, &tx, p.out->len, x->now);
	return true;
}

/* ---- closing ---- */

static u32 build_close_pkt(struct tx_ctx *x, u8 level, u8 *buf, u32 room, struct tx_pkt *p)
{
	struct quic_conn *conn = x->conn;
	const struct quic_close_info *info = &conn->close;
	struct quic_frame f = { .type = QUIC_FRAME_CONNECTION_CLOSE };

	*p = (struct tx_pkt){
		.s = &conn->space[quic_level_space(level)], .level = level,
		.out = &x->batch->pkt[x->batch->n],
	};
	f.u.close.code = info->code;
	f.u.close.frame_type = info->frame_type;
	f.u.close.reason = (const u8 *)info->reason;
	/* What the daemon says of certificates and profiles is for this end. */
	f.u.close.reason_len = info->origin == QUIC_CLOSE_TLS ? 0 : strlen(info->reason);
	if (info->app && level == QUIC_CRYPTO_APP) {
		f.type = QUIC_FRAME_CONNECTION_CLOSE_APP;
	} else if (info->app) {
		/* RFC 9000 10.2.3: nothing of the application's in the clear. */
		f.u.close.code = QUIC_TRANSPORT_ERROR_APPLICATION;
		f.u.close.reason_len = 0;
	}
	put_header(x, p, buf, room);
	if (p->w.bad || !quic_frame_put(&p->w, &f))
		return 0;
	pad_to(p, QUIC_PN_MAX_LEN - p->out->pn_len);
	p->s->tx_next++;
	x->batch->n++;
	conn->stats.pkts_sent++;
	return set_lengths(p);
}

/*
 * CONNECTION_CLOSE at every level that the peer may have keys for
 * (RFC 9000 10.2.3), in one datagram: datagrams of their own would differ in
 * length, and a batch is a train.
 */
static void build_close(struct tx_ctx *x)
{
	static const u8 order[] = {
		QUIC_CRYPTO_INITIAL, QUIC_CRYPTO_HANDSHAKE, QUIC_CRYPTO_APP
	};
	struct quic_conn *conn = x->conn;
	u32 room = min_t(u64, QUIC_MIN_UDP_PAYLOAD, quic_path_amp_room(&conn->path));
	u32 i, len, used = 0;
	struct tx_pkt p, last;
	u8 *buf;

	conn->closing_pending = false;
	buf = room < 128 ? NULL : quic_host_tx_space(x->batch, room);
	if (!buf)
		return;
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		if (!level_open(conn, order[i]) || room - used < 128)
			continue;
		len = build_close_pkt(x, order[i], buf + used, room - used, &p);
		if (!len)
			continue;
		used += len;
		last = p;
	}
	if (!used)
		return;
	if (x->batch->pkt[0].level == QUIC_CRYPTO_INITIAL) {
		used -= last.out->len;
		pad_to(&last, quic_wcur_left(&last.w) + (last.w.p - last.payload));
		used += set_lengths(&last);
	}
	dgram_sent(x, used);
	conn->close_sent++;
}

/*
 * RFC 9000 12.3: the end without a further packet, before a batch, with the numbers
 * that it leaves out, could pass the last one.
 */
static bool numbers_used_up(const struct quic_conn *conn)
{
	return conn->space[QUIC_SPACE_APP].tx_next > QUIC_PN_MAX - 2 * QUIC_TX_PKTS_MAX &&
	       conn->state != QUIC_CONN_CLOSED;
}

/*
 * RFC 9002 7.8: neither pacing nor the window stopped us, nor the batch's size. Pacing
 * that spreads what would not have filled the window did not stop us either; what is
 * queued includes stream bytes in flight, so that this is at most said too seldom.
 */
static bool app_limited(const struct tx_ctx *x)
{
	const struct quic_conn *conn = x->conn;
	const struct quic_cc *cc = &conn->path.cc;

	if (x->paced_out)
		return cc->bytes_in_flight + quic_conn_tx_queued(conn) < cc->cwnd;
	return x->batch->n_dgrams < x->batch->max_dgrams && quic_cc_room(cc) >= conn->path.mtu;
}

u32 quic_conn_build(struct quic_conn *conn, struct quic_tx_batch *batch, u64 now)
{
	struct tx_ctx x = {
		.conn = conn, .batch = batch, .now = now, .dcid = quic_conn_dcid(conn),
	};
	u32 first = 0, len;

	quic_host_assert_owned(conn);
	quic_dgrams_release(conn);
	conn->pacing_deadline = QUIC_TIME_NEVER;
	batch->ecn = QUIC_ECN_NOT_ECT;
	if (unlikely(numbers_used_up(conn)))
		quic_conn_give_up(conn, QUIC_CLOSE_LOCAL, QUIC_TRANSPORT_ERROR_INTERNAL,
				  "no packet numbers are left");
	batch->path = quic_conn_path_active(conn);
	if (quic_conn_is_open(conn))
		quic_keyphase_before_build(conn, now);
	if (!quic_conn_is_open(conn)) {
		if (conn->state == QUIC_CONN_CLOSING && conn->closing_pending)
			build_close(&x);
		return batch->n_dgrams;
	}
	batch->ecn = quic_ecn_mark(conn, now);
	x.pace = quic_pacer_budget(&conn->path.pacer, now);
	if ((unlikely(conn->paths) && build_path_probe(&x)) ||
	    (unlikely(conn->pmtud.wanted) && build_pmtu_probe(&x)))
		goto out;
	while (batch->n_dgrams < batch->max_dgrams &&
	       batch->n + QUIC_CRYPTO_LEVELS <= QUIC_TX_PKTS_MAX) {
		len = build_dgram(&x);
		if (!len)
			break;
		if (!first)
			first = len;
		if (len < conn->path.mtu || len < first)
			break;
	}
	if (x.paced_out) {
		conn->stats.paced++;
		conn->pacing_deadline = quic_pacer_next(&conn->path.pacer,
							quantum(&conn->path));
	}
	/* Nothing need be in flight whose ACK or loss would try again. */
	if (unlikely(x.nomem))
		conn->pacing_deadline = min(conn->pacing_deadline, now + TX_NOMEM_RETRY);
	conn->path.app_limited = app_limited(&x);
	if (batch->n_dgrams > 1)
		conn->stats.trains++;
out:
	if (batch->n_dgrams) {
		quic_recovery_set_timer(conn, now);
		quic_trim_note(conn, now);
	}
	return batch->n_dgrams;
}
