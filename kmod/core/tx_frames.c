// SPDX-License-Identifier: GPL-2.0
/*
 * What goes into a packet: an ACK if one is owed, TLS bytes, values to announce, then
 * stream data and DATAGRAM frames, which take turns.
 *
 * Bulk data goes in by reference, small frames are copied. The crypto API is a third slower,
 * and allocates, where plaintext or ciphertext is cut, by a piece's or a page's end,
 * elsewhere than at a multiple of 16 bytes. So data by reference begins at such a multiple
 * of the plaintext, reached by PADDING in front of the STREAM frame, and at such an address:
 * the bytes before that are copied behind the frame's header. Ciphertext begins at such an
 * address as well, which is the host's part for the first datagram; a train's others follow
 * from it, their length being a multiple of 16.
 *
 *   buf                hdr_len                    prefix_len         pieces        tag
 *    | header           | ACK, .. PADDING, STREAM header, < 16 bytes | by reference | 16 |
 *
 * Each frame that goes in is noted in the packet's record, and counts as sent.
 *
 * Invariant: the room that is left includes no tag. Not here: whether anything may leave
 * at all (conn_tx.c), further packets of the same kind (tx_run.c).
 */
#include "tx.h"
#include "pnspace.h"
#include "stream.h"
#include "dgram.h"
#include "early.h"
#include "hold.h"
#include "plant.h"

#define TX_COPY_MAX	128	/* STREAM data up to this is copied */
#define CRYPTO_MAX	16383	/* bytes of one frame: its Length takes two */

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

static void put_vals(struct tx_ctx *x, struct tx_pkt *p)
{
	struct quic_valsyncs *vals = &x->conn->vals;
	struct quic_valsync *v, *n;
	struct quic_frame f;

	list_for_each_entry_safe(v, n, &vals->wanted, node) {
		if (unlikely(quic_early_val_waits(x->conn, p->level, v)))
			continue;
		quic_stream_tune_window(x->conn, v, x->now);
		quic_val_fill_frame(x->conn, v, &f);
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
	return -(u32)(p->w.p - p->payload + hdr) & (QUIC_TX_ALIGN - 1);
}

/*
 * The last frame of the packet, its data by reference. Return: bytes of data,
 * or 0 when copying is the better way.
 */
static u32 put_stream_ref(struct tx_ctx *x, struct tx_pkt *p, struct quic_stream *s, u64 off,
			  u64 len)
{
	u32 hdr = quic_frame_stream_hdr_len(s->id, off, 0, false);
	u32 front = quic_sendbuf_misalign(&s->tx, off);
	u32 pad = align_pad(p, hdr + front), left = quic_wcur_left(&p->w), n;

	if (left < pad + hdr + TX_COPY_MAX || len <= front)
		return 0;
	n = min_t(u64, len, left - pad - hdr);
	p->out->n_pieces = quic_sendbuf_map(&s->tx, off + front, n - front, p->out->piece,
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
	if (front)
		quic_sendbuf_copy(&s->tx, off, front, quic_put_space(&p->w, front));
	x->conn->stats.bytes_copied += front;
	p->pieces_len = n - front;
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

	fills = len + 2 * QUIC_TX_ALIGN + 24 >= quic_wcur_left(&p->w);
	if (len > TX_COPY_MAX && !p->expand && !p->copy && (fills || !others_wait(conn)))
		n = put_stream_ref(x, p, s, off, len);
	if (!n) {
		if (!put_stream_copy(p, s, off, len, &n))
			return false;
		conn->stats.bytes_copied += n;
	}
	if (off < next)
		p->retrans = true;
	else
		quic_hold_sent(conn, x->now);
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
	p->pieces_len = quic_dgram_put_ref(&p->w, p->out, p->payload, QUIC_TX_ALIGN, d);
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

void quic_tx_put_frames(struct tx_ctx *x, struct tx_pkt *p)
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
