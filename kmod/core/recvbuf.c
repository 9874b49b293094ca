// SPDX-License-Identifier: GPL-2.0
/*
 * Reassembly of a stream, by reference.
 *
 * Chunks are disjoint and sit in a red-black tree by offset. In-order arrival,
 * the rule, compares with the last chunk and links behind it: no search. Bytes
 * at the end of a gap cost O(log n). A chunk references the packet it came in,
 * so long as that is worth it: at most QUIC_RX_COPY_MAX bytes are copied, or a
 * few tiny frames would pin whole trains; neighbouring small pieces share one
 * object, so that a byte of data costs a bounded amount of memory.
 *
 * Invariants: read <= contig <= highest; no chunk lies below read; contig is
 * the end of the chunk run that starts at read.
 *
 * Worst case: QUIC_RX_CHUNKS_MAX chunks; what would need more is refused and the
 * packet not acknowledged. Flow control and final sizes are stream.c's.
 */
#include "recvbuf.h"

/**
 * struct quic_rxchunk - bytes of one frame
 * @node: in quic_recvbuf.chunks
 * @offset: of @data in the stream
 * @len: bytes of it
 * @data: in @buf, or in @copy
 * @buf: owner, or NULL when copied
 * @copy: QUIC_RX_COPY_MAX bytes, only in objects of kind QUIC_OBJ_RX_SMALL
 */
struct quic_rxchunk {
	struct rb_node node;
	u64 offset;
	const u8 *data;
	struct quic_rxbuf *buf;
	u32 len;
	u8 copy[];
};

#define RX_SMALL_SIZE	(sizeof(struct quic_rxchunk) + QUIC_RX_COPY_MAX)

void quic_recvbuf_init(struct quic_recvbuf *rb)
{
	memset(rb, 0, sizeof(*rb));
	rb->chunks = RB_ROOT;
}

static void rxchunk_free(struct quic_rxchunk *c)
{
	if (c->buf) {
		quic_host_rxbuf_put(c->buf);
		quic_host_free(QUIC_OBJ_RX_CHUNK, c, sizeof(*c));
	} else {
		quic_host_free(QUIC_OBJ_RX_SMALL, c, RX_SMALL_SIZE);
	}
}

void quic_recvbuf_free(struct quic_recvbuf *rb)
{
	struct rb_node *n = rb_first(&rb->chunks);
	struct quic_rxchunk *c;

	while (n) {
		c = rb_entry(n, struct quic_rxchunk, node);
		n = rb_next(n);
		rb_erase(&c->node, &rb->chunks);
		rxchunk_free(c);
	}
	rb->last = NULL;
	rb->n_chunks = 0;
	rb->contig = rb->read;
}

static u64 rxchunk_end(const struct quic_rxchunk *c)
{
	return c->offset + c->len;
}

static struct quic_rxchunk *rxchunk_new(u64 off, const u8 *data, u32 len,
					struct quic_rxbuf *buf)
{
	struct quic_rxchunk *c;

	if (len <= QUIC_RX_COPY_MAX) {
		c = quic_host_alloc(QUIC_OBJ_RX_SMALL, RX_SMALL_SIZE);
		if (!c)
			return NULL;
		memcpy(c->copy, data, len);
		c->data = c->copy;
	} else {
		c = quic_host_alloc(QUIC_OBJ_RX_CHUNK, sizeof(*c));
		if (!c)
			return NULL;
		quic_host_rxbuf_get(buf);
		c->buf = buf;
		c->data = data;
	}
	c->offset = off;
	c->len = len;
	return c;
}

/* Does the small chunk @c have room for @len bytes that follow it? */
static bool rxchunk_extend(struct quic_rxchunk *c, u64 off, const u8 *data, u32 len)
{
	u32 used;

	if (c->buf || rxchunk_end(c) != off)
		return false;
	used = c->data + c->len - c->copy;
	if (used + len > QUIC_RX_COPY_MAX)
		return false;
	memcpy(c->copy + used, data, len);
	c->len += len;
	return true;
}

/* Chunk with the highest offset at or below @off, or NULL. */
static struct quic_rxchunk *rxchunk_before(const struct quic_recvbuf *rb, u64 off)
{
	struct rb_node *n = rb->chunks.rb_node;
	struct quic_rxchunk *c, *best = NULL;

	if (rb->last && rb->last->offset <= off)
		return rb->last;
	while (n) {
		c = rb_entry(n, struct quic_rxchunk, node);
		if (c->offset <= off) {
			best = c;
			n = n->rb_right;
		} else {
			n = n->rb_left;
		}
	}
	return best;
}

/* Link @c behind @prev (NULL: at the very left). */
static void rxchunk_link(struct quic_recvbuf *rb, struct quic_rxchunk *c,
			 struct quic_rxchunk *prev)
{
	struct rb_node **p = &rb->chunks.rb_node, *parent = NULL;

	if (prev) {
		parent = &prev->node;
		p = &parent->rb_right;
	}
	while (*p) {
		parent = *p;
		p = &parent->rb_left;
	}
	rb_link_node(&c->node, parent, p);
	rb_insert_color(&c->node, &rb->chunks);
	rb->n_chunks++;
	if (!rb->last || c->offset > rb->last->offset)
		rb->last = c;
}

static struct quic_rxchunk *rxchunk_next(const struct quic_recvbuf *rb,
					 struct quic_rxchunk *c)
{
	struct rb_node *n = c ? rb_next(&c->node) : rb_first(&rb->chunks);

	return n ? rb_entry(n, struct quic_rxchunk, node) : NULL;
}

/* Let contig run over the chunks that now touch it. */
static void recvbuf_advance(struct quic_recvbuf *rb, struct quic_rxchunk *c)
{
	while (c && c->offset <= rb->contig) {
		rb->contig = max(rb->contig, rxchunk_end(c));
		c = rxchunk_next(rb, c);
	}
}

int quic_recvbuf_add(struct quic_recvbuf *rb, u64 off, const u8 *data, u32 len,
		     struct quic_rxbuf *buf)
{
	struct quic_rxchunk *prev, *next, *c;
	u64 end = off + len, start, stop;

	if (off < rb->contig) {
		if (end <= rb->contig)
			return 0;
		data += rb->contig - off;
		off = rb->contig;
	}
	start = off;
	prev = rxchunk_before(rb, off);
	while (off < end) {
		if (prev && rxchunk_end(prev) > off) {
			stop = min(end, rxchunk_end(prev));
			data += stop - off;
			off = stop;
			continue;
		}
		next = prev == rb->last ? NULL : rxchunk_next(rb, prev);
		stop = next ? min(end, next->offset) : end;
		if (stop > off && !(prev && rxchunk_extend(prev, off, data, stop - off))) {
			if (rb->n_chunks >= QUIC_RX_CHUNKS_MAX)
				return -ENOBUFS;
			c = rxchunk_new(off, data, stop - off, buf);
			if (!c)
				return -ENOMEM;
			rxchunk_link(rb, c, prev);
			prev = c;
		}
		rb->highest = max(rb->highest, stop);
		if (off == rb->contig)
			rb->contig = stop;
		data += stop - off;
		off = stop;
		if (next)
			prev = next;
	}
	rb->highest = max(rb->highest, end);
	if (start <= rb->contig)
		recvbuf_advance(rb, rxchunk_before(rb, rb->contig));
	return 0;
}

const u8 *quic_recvbuf_peek(const struct quic_recvbuf *rb, u32 *len)
{
	struct rb_node *n = rb_first(&rb->chunks);
	struct quic_rxchunk *c;

	if (rb->contig == rb->read || !n)
		return NULL;
	c = rb_entry(n, struct quic_rxchunk, node);
	*len = c->len;
	return c->data;
}

void quic_recvbuf_consume(struct quic_recvbuf *rb, u32 len)
{
	struct quic_rxchunk *c = rb_entry(rb_first(&rb->chunks), struct quic_rxchunk, node);

	rb->read += len;
	c->offset += len;
	c->data += len;
	c->len -= len;
	if (c->len)
		return;
	rb_erase(&c->node, &rb->chunks);
	rb->n_chunks--;
	if (rb->last == c)
		rb->last = NULL;
	rxchunk_free(c);
}
