// SPDX-License-Identifier: GPL-2.0
/*
 * DATAGRAM frames (RFC 9221): messages that arrive whole, once, or not at all.
 *
 *   send() -> tx queue -> a packet -> acked or lost, counted, never sent again
 *   a packet -> rx queue -> recv()
 *
 * Both queues are bounded in number and in bytes. What happens when one is full is
 * the host's choice, per queue: the newest does not come in (a sender is told so
 * and may wait, a received one is dropped), or the oldest go. The oldest is not
 * dropped while a reader has a part of it.
 *
 * Bytes to send are the host's, by reference. Long ones leave by reference too and
 * are let go of when the next batch is built, by which time this one is sealed.
 * Bytes received are referenced where they were decrypted; up to
 * QUIC_DGRAM_COPY_MAX are copied, or a tiny datagram could keep a whole train.
 *
 * Invariants: tx.bytes is the sum of the lengths in tx.list. rx.bytes is the memory
 * that rx.list keeps: neighbours that came in one buffer count it once, with the
 * first of them. Every datagram that was queued is in a queue or counted in the
 * statistics.
 *
 * Not here: when they share a packet with streams (tx_frames.c). Congestion control
 * holds them back like all else that elicits an ACK; flow control does not.
 */
#include "core.h"
#include "wire_frame.h"

static void queue_init(struct quic_dgram_queue *q)
{
	INIT_LIST_HEAD(&q->list);
	q->max_n = QUIC_DGRAM_QUEUE_N;
	q->max_bytes = QUIC_DGRAM_QUEUE_BYTES;
}

static struct quic_dgram *queue_first(struct quic_dgram_queue *q)
{
	return list_first_entry_or_null(&q->list, struct quic_dgram, node);
}

void quic_dgrams_init(struct quic_conn *conn)
{
	queue_init(&conn->dgrams.tx);
	queue_init(&conn->dgrams.rx);
	INIT_LIST_HEAD(&conn->dgrams.built);
}

/* ---- sending ---- */

static void tx_free(struct quic_conn *conn, struct quic_dgram *d)
{
	list_del(&d->node);
	quic_host_txbuf_put(conn, d->txbuf, d->len);
	quic_host_free(QUIC_OBJ_DGRAM, d, sizeof(*d));
	conn->want |= QUIC_WANT_WRITABLE;
}

static void tx_unqueue(struct quic_conn *conn, struct quic_dgram *d)
{
	struct quic_dgram_queue *q = &conn->dgrams.tx;

	WRITE_ONCE(q->n, q->n - 1);
	WRITE_ONCE(q->bytes, q->bytes - d->len);
}

static void tx_drop(struct quic_conn *conn, struct quic_dgram *d)
{
	conn->stats.dgram.tx_dropped++;
	tx_unqueue(conn, d);
	tx_free(conn, d);
}

void quic_dgrams_release(struct quic_conn *conn)
{
	struct quic_dgram *d, *n;

	list_for_each_entry_safe(d, n, &conn->dgrams.built, node)
		tx_free(conn, d);
}

void quic_dgrams_close(struct quic_conn *conn)
{
	struct quic_dgram *d;

	while ((d = queue_first(&conn->dgrams.tx)))
		tx_drop(conn, d);
}

u32 quic_conn_dgram_max(const struct quic_conn *conn)
{
	u64 limit = conn->remote.max_datagram_frame_size, hdr;

	/* Type and Length: the Length may be left out, but only at a packet's end. */
	hdr = 1 + quic_varint_len(limit);
	if (limit <= hdr)
		return 0;
	limit -= hdr;
	/* A frame that fills the packet has no Length. */
	hdr = 1 + quic_conn_dcid(conn)->len + QUIC_PN_MAX_LEN + QUIC_TAG_LEN + 1;
	return min_t(u64, limit, conn->path.mtu - hdr);
}

int quic_conn_dgram_room(const struct quic_conn *conn, u32 len)
{
	const struct quic_dgram_queue *q = &conn->dgrams.tx;
	u32 max = quic_conn_dgram_max(conn);

	if (!quic_conn_takes_data(conn) || conn->shutdown)
		return -EPIPE;
	if (!max)
		return -EINVAL;
	if (!len || len > max || len > q->max_bytes || !q->max_n)
		return -EMSGSIZE;
	return q->drop_oldest || quic_conn_dgram_fits(conn, len) ? 0 : -EAGAIN;
}

int quic_conn_dgram_send(struct quic_conn *conn, const u8 *data, u32 len,
			 struct quic_txbuf *owner)
{
	struct quic_dgram_queue *q = &conn->dgrams.tx;
	int err = quic_conn_dgram_room(conn, len);
	struct quic_dgram *d;

	if (err)
		return err;
	d = quic_host_alloc(QUIC_OBJ_DGRAM, sizeof(*d));
	if (!d)
		return -ENOMEM;
	while (!quic_conn_dgram_fits(conn, len))
		tx_drop(conn, queue_first(q));
	d->data = data;
	d->len = len;
	d->txbuf = owner;
	list_add_tail(&d->node, &q->list);
	WRITE_ONCE(q->n, q->n + 1);
	WRITE_ONCE(q->bytes, q->bytes + len);
	conn->want |= QUIC_WANT_TX;
	return 0;
}

struct quic_dgram *quic_dgram_tx_next(struct quic_conn *conn)
{
	struct quic_dgram *d;

	while ((d = queue_first(&conn->dgrams.tx))) {
		if (likely(d->len <= quic_conn_dgram_max(conn)))
			return d;
		tx_drop(conn, d);
	}
	return NULL;
}

/* Type, with a Length unless that leaves no room for the bytes. */
void quic_dgram_put_copy(struct quic_wcur *w, const struct quic_dgram *d)
{
	u32 left = quic_wcur_left(w), pad;

	if (left >= 1 + quic_varint_len(d->len) + d->len) {
		quic_put_u8(w, QUIC_FRAME_DATAGRAM | 1);
		quic_put_varint(w, d->len);
	} else {
		/* It has to end with the packet then: PADDING goes in front. */
		pad = left - 1 - d->len;
		memset(quic_put_space(w, pad), 0, pad);
		quic_put_u8(w, QUIC_FRAME_DATAGRAM);
	}
	quic_put_bytes(w, d->data, d->len);
}

u32 quic_dgram_put_ref(struct quic_wcur *w, struct quic_tx_pkt *out, const u8 *payload,
		       u32 align, struct quic_dgram *d)
{
	u32 head;

	quic_put_u8(w, QUIC_FRAME_DATAGRAM);
	head = -(u32)(w->p - payload) & (align - 1);
	quic_put_bytes(w, d->data, head);
	out->piece[0].data = d->data + head;
	out->piece[0].len = d->len - head;
	out->piece[0].before = 0;
	out->n_pieces = 1;
	return d->len - head;
}

void quic_dgram_tx_sent(struct quic_conn *conn, struct quic_dgram *d, bool ref)
{
	conn->stats.dgram.sent++;
	tx_unqueue(conn, d);
	if (ref)
		list_move_tail(&d->node, &conn->dgrams.built);
	else
		tx_free(conn, d);
}

void quic_dgrams_acked(struct quic_conn *conn, u32 n, bool was_lost)
{
	conn->stats.dgram.acked += n;
	if (was_lost)
		conn->stats.dgram.lost -= n;
}

void quic_dgrams_lost(struct quic_conn *conn, u32 n)
{
	conn->stats.dgram.lost += n;
}

/* ---- receiving ---- */

/* NULL, or what is wrong with a frame's size. */
static const char *rx_wrong(const struct quic_conn *conn, const struct quic_frame *f)
{
	u64 len = f->u.blob.len, size = 1 + len;

	if (f->type & 1)
		size += quic_varint_len(len);
	if (!conn->local.max_datagram_frame_size)
		return "DATAGRAM frame that was not negotiated";
	if (size > conn->local.max_datagram_frame_size)
		return "DATAGRAM frame above max_datagram_frame_size";
	return NULL;
}

int quic_dgram_check(struct quic_conn *conn, const struct quic_frame *f)
{
	const char *wrong = rx_wrong(conn, f);

	return wrong ? quic_error_set(&conn->err, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION,
				      f->type, wrong) : 0;
}

static void rx_free(struct quic_dgram *d)
{
	if (d->rxbuf) {
		quic_host_rxbuf_put(d->rxbuf);
		quic_host_free(QUIC_OBJ_DGRAM, d, sizeof(*d));
	} else {
		quic_host_free(QUIC_OBJ_DGRAM_SMALL, d, QUIC_DGRAM_SMALL_SIZE);
	}
}

/* The buffer of @d stays when the next one is in it too. */
static void rx_unqueue(struct quic_dgram_queue *q, struct quic_dgram *d)
{
	struct quic_dgram *next = NULL;

	if (!list_is_last(&d->node, &q->list))
		next = list_next_entry(d, node);
	if (next && d->rxbuf && next->rxbuf == d->rxbuf)
		next->pin = d->pin;
	else
		q->bytes -= d->pin;
	list_del(&d->node);
	WRITE_ONCE(q->n, q->n - 1);
	rx_free(d);
}

/* Return: one could go. */
static bool rx_drop_oldest(struct quic_conn *conn)
{
	struct quic_dgram_queue *q = &conn->dgrams.rx;
	struct quic_dgram *d = queue_first(q);

	if (d && conn->dgrams.rx_skip)
		d = list_is_last(&d->node, &q->list) ? NULL : list_next_entry(d, node);
	if (!d)
		return false;
	rx_unqueue(q, d);
	conn->stats.dgram.rx_dropped++;
	return true;
}

/* Memory that a datagram in @buf would keep besides what is kept already. */
static u32 rx_pin(const struct quic_dgram_queue *q, u32 len, const struct quic_rxbuf *buf)
{
	if (len <= QUIC_DGRAM_COPY_MAX)
		return QUIC_DGRAM_SMALL_SIZE;
	if (q->n && list_last_entry(&q->list, struct quic_dgram, node)->rxbuf == buf)
		return 0;
	return quic_host_rxbuf_bytes(buf);
}

/* Return: there is room now, for @pin bytes of memory. */
static bool rx_make_room(struct quic_conn *conn, u32 len, const struct quic_rxbuf *buf,
			 u32 *pin)
{
	struct quic_dgram_queue *q = &conn->dgrams.rx;

	for (;;) {
		*pin = rx_pin(q, len, buf);
		if (q->n < q->max_n && (u64)q->bytes + *pin <= q->max_bytes)
			return true;
		/* what will never fit pushes nobody out */
		if (!q->drop_oldest || *pin > q->max_bytes || !rx_drop_oldest(conn))
			return false;
	}
}

static struct quic_dgram *rx_new(const u8 *data, u32 len, struct quic_rxbuf *buf)
{
	struct quic_dgram *d;

	if (len <= QUIC_DGRAM_COPY_MAX) {
		d = quic_host_alloc(QUIC_OBJ_DGRAM_SMALL, QUIC_DGRAM_SMALL_SIZE);
		if (!d)
			return NULL;
		if (len)
			memcpy(d->copy, data, len);
		d->data = d->copy;
	} else {
		d = quic_host_alloc(QUIC_OBJ_DGRAM, sizeof(*d));
		if (!d)
			return NULL;
		quic_host_rxbuf_get(buf);
		d->rxbuf = buf;
		d->data = data;
	}
	d->len = len;
	return d;
}

void quic_dgram_on_frame(struct quic_conn *conn, const struct quic_frame *f,
			 struct quic_rxbuf *buf)
{
	struct quic_dgram_queue *q = &conn->dgrams.rx;
	struct quic_dgram *d = NULL;
	u32 len = f->u.blob.len, pin = 0;

	if (rx_wrong(conn, f))
		return;		/* behind a CONNECTION_CLOSE nothing was checked */
	conn->stats.dgram.recv++;
	/* The host has not charged what cannot be kept. */
	if (!(conn->rx_full && len > QUIC_DGRAM_COPY_MAX) &&
	    rx_make_room(conn, len, buf, &pin))
		d = rx_new(f->u.blob.data, len, buf);
	if (!d) {
		conn->stats.dgram.rx_dropped++;
		return;
	}
	d->pin = pin;
	d->seq = conn->streams.rx_seq++;
	list_add_tail(&d->node, &q->list);
	q->bytes += pin;
	WRITE_ONCE(q->n, q->n + 1);
	conn->want |= QUIC_WANT_READABLE;
}

bool quic_conn_dgram_peek(struct quic_conn *conn, const u8 **data, u32 *len)
{
	const struct quic_dgram *d = queue_first(&conn->dgrams.rx);

	if (!d)
		return false;
	*data = d->data + conn->dgrams.rx_skip;
	*len = d->len - conn->dgrams.rx_skip;
	return true;
}

bool quic_conn_dgram_is_next(struct quic_conn *conn)
{
	const struct quic_dgram *d = queue_first(&conn->dgrams.rx);
	const struct quic_stream *s;

	s = list_first_entry_or_null(&conn->streams.readable, struct quic_stream, rx_node);
	return d && (!s || conn->dgrams.rx_skip || d->seq < s->rx_seq);
}

bool quic_conn_dgram_take(struct quic_conn *conn, u32 len)
{
	struct quic_dgrams *g = &conn->dgrams;
	struct quic_dgram *d = queue_first(&g->rx);

	if (len < d->len - g->rx_skip) {
		g->rx_skip += len;
		return false;
	}
	g->rx_skip = 0;
	rx_unqueue(&g->rx, d);
	return true;
}

void quic_dgrams_free(struct quic_conn *conn)
{
	struct quic_dgrams *g = &conn->dgrams;

	quic_dgrams_release(conn);
	quic_dgrams_close(conn);
	while (g->rx.n)
		rx_unqueue(&g->rx, queue_first(&g->rx));
}
