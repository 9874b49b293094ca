// SPDX-License-Identifier: GPL-2.0
/*
 * Packets like the one before: the fast path of bulk data.
 *
 * In the middle of a train each packet carries the next bytes of one stream and nothing
 * else. When the general way (conn_tx.c, tx_frames.c) has built such a packet, as many more
 * as there is room for in every respect are copies of it, in which the packet number and
 * the offset are written anew; what must be counted is counted once for all of them. A
 * packet costs about a tenth of the general way so.
 *
 *   last packet  | header, PN | PADDING, STREAM id, offset | < 16 bytes | bytes of a chunk
 *   next one     | the same     + 1                + length | copied     | + length
 *
 * A run ends ahead of anything that would make a difference: where a field would change
 * its length, the chunk or the host's memory ends, a packet number is to be left out, any
 * limit is reached, the stream ends, or its turn does: where streams share, a run is as long
 * as a turn at most (stream_sched.c). The general way goes on there, and notes what stopped
 * it.
 *
 * Invariant: a connection is afterwards as if the general way had built the packets.
 */
#include "tx.h"
#include "wire_hdr.h"
#include "pnspace.h"
#include "recovery.h"
#include "stream.h"
#include "stream_sched.h"
#include "cid.h"
#include "grease.h"
#include "hold.h"
#include "ecn.h"
#include "skip.h"

/* What a packet that is repeated does not carry, and is not. */
#define RUN_NEVER \
	(QUIC_SENT_CTRL | QUIC_SENT_ACK | QUIC_SENT_PMTU | QUIC_SENT_ELSEWHERE)
#define RUN_FRONT_MAX	64	/* bytes in front of the data, copied as a whole */

/**
 * struct tx_run - what all packets of a run share
 * @last: the packet that they are like
 * @rec: its record
 * @st: stream
 * @per: bytes of data in each
 * @front: those of them that are copied
 * @before: of the next byte of the stream, see struct quic_tx_piece
 * @off_at: where the offset stands in a packet
 * @off_len: bytes of it
 */
struct tx_run {
	const struct quic_tx_pkt *last;
	const struct quic_sent_pkt *rec;
	struct quic_stream *st;
	u32 per;
	u32 front;
	u32 before;
	u32 off_at;
	u32 off_len;
};

/* Could anything else than bytes of streams have to leave? */
static bool others_wait(const struct tx_ctx *x, const struct quic_pnspace *s)
{
	const struct quic_conn *conn = x->conn;

	return !conn->handshake_confirmed || conn->paths || conn->pmtud.wanted ||
	       conn->dgrams.tx.n || x->hold || !list_empty(&conn->vals.wanted) || s->probes ||
	       s->ack_pending || quic_pnspace_ack_due(s, x->now) ||
	       quic_pnspace_crypto_ready(s);
}

/* Is the last packet one to be repeated? Fills @r. */
static bool run_like(const struct tx_ctx *x, const struct quic_pnspace *s, struct tx_run *r)
{
	const struct quic_tx_pkt *last = &x->batch->pkt[x->batch->n - 1];
	const struct quic_sent_range *range;

	if (last->level != QUIC_CRYPTO_APP || last->n_pieces != 1 ||
	    last->hdr_len + last->prefix_len > RUN_FRONT_MAX)
		return false;
	r->last = last;
	r->rec = quic_sent_get(&s->sent, last->pn);
	range = &r->rec->range;
	if (r->rec->flags & RUN_NEVER || r->rec->dgrams || range->next || range->crypto ||
	    range->fin || !range->offset)
		return false;
	r->per = range->len;
	r->front = range->len - last->piece[0].len;
	r->st = quic_streams_tx_pick(x->conn);
	r->off_len = quic_varint_len(range->offset);
	r->off_at = last->hdr_len + last->prefix_len - r->front - r->off_len;
	return r->st && r->st->id == range->id && r->st->tx.next == range->offset + range->len;
}

/* Packets that @room allows, of which the last needs @least of it. */
static u32 fit(u64 room, u32 least, u32 size)
{
	return room < least ? 0 : min_t(u64, div_u64(room - least, size) + 1, QUIC_TX_PKTS_MAX);
}

/* As many as all limits allow that the general way looks at for each packet. */
static u32 run_limit(const struct tx_ctx *x, const struct quic_pnspace *s)
{
	const struct quic_path *path = &x->conn->path;
	const struct quic_tx_batch *batch = x->batch;
	u32 n = min(batch->max_dgrams - batch->n_dgrams,
		    QUIC_TX_PKTS_MAX - QUIC_CRYPTO_LEVELS + 1 - batch->n);

	n = min(n, fit(quic_cc_room(&path->cc), path->mtu, x->full));
	n = min(n, fit(x->pace, path->mtu, x->full));
	n = min(n, fit(quic_path_amp_room(path), x->full, x->full));
	return min_t(u64, n, x->conn->skips.next - min(x->conn->skips.next, s->tx_next));
}

/*
 * As many as the stream has bytes for in this chunk, and one byte more. None where @last began
 * in another that lies otherwise: the front that made it lie well is too long here, or short.
 */
static u32 run_data(const struct tx_ctx *x, struct tx_run *r)
{
	struct quic_sendbuf *sb = &r->st->tx;
	const struct quic_tx_piece *last = r->last->piece;
	struct quic_tx_piece rest;
	u64 off, len;

	if (sb->lost.n || r->per % QUIC_TX_ALIGN ||
	    !quic_stream_tx_next(x->conn, r->st, &off, &len) || len <= r->per)
		return 0;
	quic_sendbuf_at(sb, off, &rest);
	r->before = rest.before;
	if (rest.data != last->data + last->len ||
	    !IS_ALIGNED((uintptr_t)rest.data + r->front, QUIC_TX_ALIGN))
		return 0;
	return min_t(u64, len - 1, rest.len) / r->per;
}

/* Fewer, where a field of the last of @n packets would be longer than it is now. */
static u32 run_fields(const struct quic_pnspace *s, const struct tx_run *r, u32 n)
{
	u64 off = r->rec->range.offset;

	while (n && (quic_varint_len(off + (u64)n * r->per) != r->off_len ||
		     quic_tx_pn_len(s, QUIC_CRYPTO_APP, r->last->pn + n) != r->last->pn_len))
		n /= 2;
	return n;
}

/* Like @last, @k packets later. */
static void run_pkt(struct quic_conn *conn, const struct tx_run *r, struct quic_tx_pkt *p, u32 k)
{
	const struct quic_tx_pkt *last = r->last;
	u32 front = last->hdr_len + last->prefix_len;
	u64 on = (u64)k * r->per;
	struct quic_wcur w;

	/* a packet of a run has one piece */
	memcpy(p, last, offsetof(struct quic_tx_pkt, piece[1]));
	p->pn += k;
	p->buf += k * last->len;
	p->piece[0].data += on;
	p->piece[0].before = r->before ? r->before + r->front + (k - 1) * r->per : 0;
	memcpy(p->buf, last->buf, RUN_FRONT_MAX);
	if (r->front)
		memcpy(p->buf + front - r->front, p->piece[0].data - r->front, r->front);
	*p->buf |= QUIC_HDR_FIXED;
	quic_grease_bit(conn, p->buf);
	quic_hdr_put_pn(p->buf + p->pn_off, p->pn, p->pn_len);
	w = quic_wcur_init(p->buf + r->off_at, r->off_len);
	quic_put_varint_len(&w, r->rec->range.offset + on, r->off_len);
}

/* They have left, as far as this connection knows. */
static void run_account(struct tx_ctx *x, const struct tx_run *r, u32 n)
{
	u32 bytes = n * r->last->len;
	struct quic_conn *conn = x->conn;

	quic_recovery_on_run(conn, QUIC_SPACE_APP, r->last->pn, n, x->leaves);
	conn->stats.pkts_sent += n;
	conn->stats.bytes_sent += bytes;
	conn->stats.bytes_copied += n * r->front;
	conn->path.tx_bytes += bytes;
	quic_pacer_sent(&conn->path.pacer, bytes);
	x->pace -= min_t(u64, x->pace, bytes);
	quic_hold_sent(conn, x->now);
	quic_stream_tx_sent(conn, r->st, r->st->tx.next, n * r->per, false);
	x->batch->n += n;
	x->batch->n_dgrams += n;
	quic_host_tx_commit(x->batch, bytes);
}

void quic_tx_run(struct tx_ctx *x)
{
	struct quic_pnspace *s = &x->conn->space[QUIC_SPACE_APP];
	struct tx_run r;
	u32 n, k;

	if (others_wait(x, s) || !run_like(x, s, &r))
		return;
	n = min3(run_limit(x, s), run_data(x, &r),
		 quic_sched_keeps(&x->conn->streams.sched, r.st, r.per));
	n = n ? min(n, quic_host_tx_more(x->batch, r.last->len)) : 0;
	n = run_fields(s, &r, n);
	if (!n || quic_sent_reserve(&s->sent, s->tx_next + n - 1))
		return;
	/* the ring may have moved */
	r.rec = quic_sent_get(&s->sent, r.last->pn);
	for (k = 1; k <= n; k++)
		run_pkt(x->conn, &r, &x->batch->pkt[x->batch->n + k - 1], k);
	s->tx_next += n;
	run_account(x, &r, n);
}
