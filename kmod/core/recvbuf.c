// SPDX-License-Identifier: GPL-2.0
/*
 * Reassembly of a stream, by reference.
 *
 * Chunks without a gap in front of them wait in a list: in-order arrival, the
 * rule, appends to it and reading takes from its front. Those behind a gap sit
 * in a red-black tree by offset, disjoint, and move to the list when the gap is
 * filled. A chunk references the packet it came in, so long as that is worth
 * it: at most QUIC_RX_COPY_MAX bytes are copied, or a few tiny frames would pin
 * whole trains; neighbouring small pieces share one object.
 *
 * Bytes may also be taken out of order, each once. What was taken with something in
 * front of it that was not leaves its chunk behind as a mark, without bytes: copies that
 * come are told by it, and whoever reads in order goes on after it. Neighbouring marks
 * are joined; where there are very many, bytes can be taken in order alone.
 *
 *     read                          contig
 *      | chunk | mark | chunk        |   gap   | mark |  gap  | chunk |
 *
 * Invariants: read <= contig <= highest; the list covers [read, contig), and does not
 * begin with a mark; every chunk of the tree lies above contig.
 *
 * Objects of chunks that were read wait in a pool of the connection for the next
 * packets, as many as a few trains need: data that flows allocates nothing.
 *
 * Memory: the host charges the packets that chunks reference. Copies are not
 * charged, and a byte with a gap on both sides costs a whole object: behind a
 * gap the number of copies is bounded, over all streams together, and what
 * would need more is refused and the packet not acknowledged. In order all is
 * taken, so that refusing never stops progress; there small pieces are joined, two
 * neighbours have more than QUIC_RX_COPY_MAX bytes, and flow control bounds the rest
 * (and QUIC_RX_COPIES_MAX, where the window is a giant). Flow control and final sizes
 * are stream.c's.
 */
#include "recvbuf.h"

/**
 * struct quic_rxchunk - bytes of one frame
 * @node: in quic_recvbuf.ahead
 * @list: in quic_recvbuf.ready
 * @offset: of @data in the stream
 * @len: bytes of it
 * @data: in @buf, or in @copy
 * @buf: owner, or NULL when copied, or taken
 * @small: the object is of kind QUIC_OBJ_RX_SMALL
 * @taken: a mark: its bytes were taken, out of order
 * @copy: QUIC_RX_COPY_MAX bytes, only where @small
 */
struct quic_rxchunk {
	union {
		struct rb_node node;
		struct list_head list;
	};
	u64 offset;
	const u8 *data;
	struct quic_rxbuf *buf;
	u32 len;
	bool small;
	bool taken;
	u8 copy[];
};

#define RX_SMALL_SIZE	(sizeof(struct quic_rxchunk) + QUIC_RX_COPY_MAX)

void quic_recvbuf_init(struct quic_recvbuf *rb)
{
	memset(rb, 0, sizeof(*rb));
	INIT_LIST_HEAD(&rb->ready);
	rb->ahead = RB_ROOT;
	rb->copies_max = QUIC_RX_CHUNKS_MAX;
}

static void count_copy(struct quic_recvbuf *rb, int n)
{
	rb->n_copies += n;
	if (rb->pool)
		rb->pool->copies += n;
}

static void count_mark(struct quic_recvbuf *rb, int n)
{
	rb->n_marks += n;
	if (rb->pool)
		rb->pool->marks += n;
}

void quic_rxpool_init(struct quic_rxpool *pool)
{
	memset(pool, 0, sizeof(*pool));
	INIT_LIST_HEAD(&pool->spare);
}

static struct quic_rxchunk *spare_take(struct quic_rxpool *pool)
{
	struct quic_rxchunk *c = list_first_entry(&pool->spare, struct quic_rxchunk, list);

	list_del(&c->list);
	pool->n_spare--;
	return c;
}

void quic_rxpool_trim(struct quic_rxpool *pool)
{
	while (pool->n_spare)
		quic_host_free(QUIC_OBJ_RX_CHUNK, spare_take(pool),
			       sizeof(struct quic_rxchunk));
}

/* The object of a chunk that references a packet. */
static struct quic_rxchunk *ref_alloc(struct quic_rxpool *pool)
{
	if (likely(pool && pool->n_spare))
		return spare_take(pool);
	return quic_host_alloc(QUIC_OBJ_RX_CHUNK, sizeof(struct quic_rxchunk));
}

static void ref_free(struct quic_rxpool *pool, struct quic_rxchunk *c)
{
	if (!pool || pool->n_spare == QUIC_RX_SPARE_MAX) {
		quic_host_free(QUIC_OBJ_RX_CHUNK, c, sizeof(*c));
		return;
	}
	list_add(&c->list, &pool->spare);
	pool->n_spare++;
}

static void rxchunk_free(struct quic_recvbuf *rb, struct quic_rxchunk *c)
{
	rb->n_chunks--;
	if (c->taken)
		count_mark(rb, -1);
	if (c->buf)
		quic_host_rxbuf_put(c->buf);
	if (c->small) {
		count_copy(rb, -1);
		quic_host_free(QUIC_OBJ_RX_SMALL, c, RX_SMALL_SIZE);
	} else {
		ref_free(rb->pool, c);
	}
}

static struct quic_rxchunk *ahead_first(const struct quic_recvbuf *rb)
{
	return rb_entry_safe(rb_first(&rb->ahead), struct quic_rxchunk, node);
}

static void ahead_erase(struct quic_recvbuf *rb, struct quic_rxchunk *c)
{
	rb_erase(&c->node, &rb->ahead);
	if (rb->last == c)
		rb->last = NULL;
}

void quic_recvbuf_free(struct quic_recvbuf *rb)
{
	struct quic_rxchunk *c, *n;

	list_for_each_entry_safe(c, n, &rb->ready, list)
		rxchunk_free(rb, c);
	INIT_LIST_HEAD(&rb->ready);
	while ((c = ahead_first(rb))) {
		ahead_erase(rb, c);
		rxchunk_free(rb, c);
	}
	rb->contig = rb->read;
	rb->taken = 0;
}

static u64 rxchunk_end(const struct quic_rxchunk *c)
{
	return c->offset + c->len;
}

/* One that references its packet. */
static struct quic_rxchunk *rxchunk_ref(struct quic_recvbuf *rb, u64 off, const u8 *data,
					u32 len, struct quic_rxbuf *buf)
{
	struct quic_rxchunk *c = ref_alloc(rb->pool);

	if (!c)
		return NULL;
	quic_host_rxbuf_get(buf);
	c->buf = buf;
	c->data = data;
	c->small = false;
	c->taken = false;
	c->offset = off;
	c->len = len;
	rb->n_chunks++;
	return c;
}

static struct quic_rxchunk *rxchunk_new(struct quic_recvbuf *rb, u64 off, const u8 *data,
					u32 len, struct quic_rxbuf *buf)
{
	struct quic_rxchunk *c;

	if (len > QUIC_RX_COPY_MAX)
		return rxchunk_ref(rb, off, data, len, buf);
	c = quic_host_alloc(QUIC_OBJ_RX_SMALL, RX_SMALL_SIZE);
	if (!c)
		return NULL;
	memcpy(c->copy, data, len);
	c->data = c->copy;
	c->buf = NULL;
	c->small = true;
	count_copy(rb, 1);
	c->taken = false;
	c->offset = off;
	c->len = len;
	rb->n_chunks++;
	return c;
}

/*
 * Can @c have the @len bytes that follow it as well? Those in memory right behind its own,
 * or, when it is small, copies.
 */
static bool rxchunk_extend(struct quic_rxchunk *c, u64 off, const u8 *data, u32 len,
			   const struct quic_rxbuf *buf)
{
	u32 used;

	if (c->taken || rxchunk_end(c) != off)
		return false;
	if (!c->small) {
		if (c->buf != buf || c->data + c->len != data)
			return false;
		c->len += len;
		return true;
	}
	used = c->data + c->len - c->copy;
	if (used + len > QUIC_RX_COPY_MAX)
		return false;
	memcpy(c->copy + used, data, len);
	c->len += len;
	return true;
}

/* Bytes at contig. */
static int ready_add(struct quic_recvbuf *rb, const u8 *data, u32 len,
		     struct quic_rxbuf *buf)
{
	struct quic_rxchunk *c;

	if (list_empty(&rb->ready) ||
	    !rxchunk_extend(list_last_entry(&rb->ready, struct quic_rxchunk, list),
			    rb->contig, data, len, buf)) {
		c = rxchunk_new(rb, rb->contig, data, len, buf);
		if (!c)
			return -ENOMEM;
		list_add_tail(&c->list, &rb->ready);
	}
	rb->contig += len;
	return 0;
}

/* Chunk behind the gap with the highest offset at or below @off, or NULL. */
static struct quic_rxchunk *ahead_before(struct quic_recvbuf *rb, u64 off)
{
	struct rb_node *n = rb->ahead.rb_node;
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

/* The chunk after @c, or the first. */
static struct quic_rxchunk *ahead_next(const struct quic_recvbuf *rb,
				       struct quic_rxchunk *c)
{
	struct rb_node *n;

	if (c && c == rb->last)
		return NULL;
	n = c ? rb_next(&c->node) : rb_first(&rb->ahead);
	return rb_entry_safe(n, struct quic_rxchunk, node);
}

/* Link @c behind @prev (NULL: at the very left). */
static void ahead_link(struct quic_recvbuf *rb, struct quic_rxchunk *c,
		       struct quic_rxchunk *prev, struct quic_rxchunk *next)
{
	struct rb_node **p = &rb->ahead.rb_node, *parent = NULL;

	if (prev) {
		parent = &prev->node;
		p = &parent->rb_right;
	}
	while (*p) {
		parent = *p;
		p = &parent->rb_left;
	}
	rb_link_node(&c->node, parent, p);
	rb_insert_color(&c->node, &rb->ahead);
	if (!next)
		rb->last = c;
}

static bool too_many_copies(const struct quic_recvbuf *rb, u32 len)
{
	return len <= QUIC_RX_COPY_MAX &&
	       (rb->pool ? rb->pool->copies : rb->n_copies) >= rb->copies_max;
}

/* Bytes of a gap behind the first gap, between @prev and @next. */
static int ahead_add(struct quic_recvbuf *rb, u64 off, const u8 *data, u32 len,
		     struct quic_rxbuf *buf, struct quic_rxchunk *prev,
		     struct quic_rxchunk *next)
{
	struct quic_rxchunk *c;

	if (prev && rxchunk_extend(prev, off, data, len, buf))
		return 0;
	if (too_many_copies(rb, len))
		return -ENOBUFS;
	c = rxchunk_new(rb, off, data, len, buf);
	if (!c)
		return -ENOMEM;
	ahead_link(rb, c, prev, next);
	return 0;
}

static struct quic_rxchunk *ready_first(struct quic_recvbuf *rb)
{
	return list_first_entry_or_null(&rb->ready, struct quic_rxchunk, list);
}

/* What was taken already is not read again. */
static void ready_skip(struct quic_recvbuf *rb)
{
	struct quic_rxchunk *c;

	while (rb->taken && (c = ready_first(rb)) && c->taken) {
		rb->read += c->len;
		rb->taken -= c->len;
		list_del(&c->list);
		rxchunk_free(rb, c);
	}
}

/* A gap may be filled: chunks that touch contig now are ready. */
static void ahead_gather(struct quic_recvbuf *rb)
{
	struct quic_rxchunk *c;

	while ((c = ahead_first(rb)) && c->offset == rb->contig) {
		ahead_erase(rb, c);
		list_add_tail(&c->list, &rb->ready);
		rb->contig = rxchunk_end(c);
		if (c->taken)
			rb->taken += c->len;
	}
	ready_skip(rb);
}

/* Fill what is missing of a range, piece by piece. */
static int recvbuf_fill(struct quic_recvbuf *rb, u64 off, const u8 *data, u64 end,
			struct quic_rxbuf *buf)
{
	struct quic_rxchunk *prev = ahead_before(rb, off), *next;
	int err = 0;
	u64 stop;

	while (off < end && !err) {
		stop = prev ? min(end, rxchunk_end(prev)) : off;
		if (stop > off) {	/* there already */
			data += stop - off;
			off = stop;
			continue;
		}
		next = ahead_next(rb, prev);
		stop = next ? min(end, next->offset) : end;
		if (off == rb->contig && stop > off)
			err = ready_add(rb, data, stop - off, buf);
		else if (stop > off)
			err = ahead_add(rb, off, data, stop - off, buf, prev, next);
		data += stop - off;
		off = stop;
		prev = next;
	}
	/* Also after an error: others may have filled the gap before. */
	ahead_gather(rb);
	return err;
}

bool quic_recvbuf_append(struct quic_recvbuf *rb, const u8 *data, u32 len,
			 struct quic_rxbuf *buf)
{
	int err = ready_add(rb, data, len, buf);

	rb->highest = rb->contig;
	return !err;
}

int quic_recvbuf_add(struct quic_recvbuf *rb, u64 off, const u8 *data, u32 len,
		     struct quic_rxbuf *buf)
{
	u64 end = off + len;

	rb->highest = max(rb->highest, end);
	if (off < rb->contig) {
		if (end <= rb->contig)
			return 0;
		data += rb->contig - off;
		off = rb->contig;
	}
	if (off == end)
		return 0;
	if (likely(off == rb->contig && RB_EMPTY_ROOT(&rb->ahead)))
		return ready_add(rb, data, end - off, buf);
	return recvbuf_fill(rb, off, data, end, buf);
}

const u8 *quic_recvbuf_peek_at(const struct quic_recvbuf *rb, u64 skip, u32 *len)
{
	const struct quic_rxchunk *c;

	list_for_each_entry(c, &rb->ready, list) {
		if (unlikely(c->taken))
			continue;
		if (skip < c->len) {
			*len = c->len - skip;
			return c->data + skip;
		}
		skip -= c->len;
	}
	return NULL;
}

void quic_recvbuf_consume(struct quic_recvbuf *rb, u32 len)
{
	struct quic_rxchunk *c = list_first_entry(&rb->ready, struct quic_rxchunk, list);

	rb->read += len;
	c->offset += len;
	c->data += len;
	c->len -= len;
	if (c->len)
		return;
	list_del(&c->list);
	rxchunk_free(rb, c);
	ready_skip(rb);
}

/* ---- out of order ---- */

static bool too_many_marks(const struct quic_recvbuf *rb)
{
	return (rb->pool ? rb->pool->marks : rb->n_marks) >= QUIC_RX_MARKS_MAX;
}

/* The chunk after @c, in the list or in the tree; NULL: there is none. */
static struct quic_rxchunk *any_next(const struct quic_recvbuf *rb, struct quic_rxchunk *c)
{
	if (c->offset >= rb->contig)
		return ahead_next(rb, c);
	return list_is_last(&c->list, &rb->ready) ? ahead_first(rb) : list_next_entry(c, list);
}

/* The first one that begins at @off or above. */
static struct quic_rxchunk *any_from(struct quic_recvbuf *rb, u64 off)
{
	struct quic_rxchunk *c;

	if (off >= rb->contig) {
		c = ahead_before(rb, off);
		return c && c->offset == off ? c : ahead_next(rb, c);
	}
	c = ready_first(rb) ?: ahead_first(rb);
	while (c && c->offset < off)
		c = any_next(rb, c);
	return c;
}

const u8 *quic_recvbuf_peek_any(struct quic_recvbuf *rb, u64 from, u64 *off, u32 *len)
{
	struct quic_rxchunk *c = any_from(rb, from);

	while (c && c->taken)
		c = any_next(rb, c);
	if (!c || (unlikely(too_many_marks(rb)) && c != ready_first(rb)))
		return NULL;
	*off = c->offset;
	*len = c->len;
	return c->data;
}

static void any_unlink(struct quic_recvbuf *rb, struct quic_rxchunk *c, bool ready)
{
	if (ready)
		list_del(&c->list);
	else
		ahead_erase(rb, c);
	rxchunk_free(rb, c);
}

/* The chunk before @c in the same place; NULL: there is none. */
static struct quic_rxchunk *any_prev(const struct quic_recvbuf *rb, struct quic_rxchunk *c)
{
	if (c->offset >= rb->contig)
		return rb_entry_safe(rb_prev(&c->node), struct quic_rxchunk, node);
	return list_is_first(&c->list, &rb->ready) ? NULL : list_prev_entry(c, list);
}

/* May the mark @a grow to take in the @len bytes that follow it, at @off? */
static bool mark_joins(const struct quic_rxchunk *a, u64 off, u32 len)
{
	return a && a->taken && rxchunk_end(a) == off && a->len + len >= len;
}

static void rxchunk_shorten(struct quic_rxchunk *c, u32 len)
{
	c->offset += len;
	c->data += len;
	c->len -= len;
}

/* A part at the beginning of @c: in a mark of its own. Return: it, or NULL. */
static struct quic_rxchunk *mark_split(struct quic_recvbuf *rb, struct quic_rxchunk *c, u32 len)
{
	struct quic_rxchunk *m = ref_alloc(rb->pool);
	u64 off = c->offset;

	if (!m)
		return NULL;
	*m = (struct quic_rxchunk){ .offset = off, .len = len, .taken = true };
	rxchunk_shorten(c, len);
	if (off < rb->contig)
		list_add_tail(&m->list, &c->list);
	else
		ahead_link(rb, m, ahead_before(rb, off), c);
	rb->n_chunks++;
	count_mark(rb, 1);
	return m;
}

/* All of @c is taken. */
static void mark_whole(struct quic_recvbuf *rb, struct quic_rxchunk *c)
{
	if (c->buf)
		quic_host_rxbuf_put(c->buf);
	c->buf = NULL;
	c->data = NULL;
	c->taken = true;
	count_mark(rb, 1);
}

/* The mark @m may touch the one behind it. */
static void mark_join_next(struct quic_recvbuf *rb, struct quic_rxchunk *m, bool ready)
{
	struct quic_rxchunk *next = any_next(rb, m);

	/* not from the list into the tree: what touches that is gathered first */
	if (!next || !next->taken || !mark_joins(m, next->offset, next->len))
		return;
	m->len += next->len;
	any_unlink(rb, next, ready);
}

/*
 * The first @len bytes of @c go; something before them is still there. Into the mark
 * before, one of their own, or @c becomes one. Return: the mark, or NULL: no memory.
 */
static struct quic_rxchunk *mark_taken(struct quic_recvbuf *rb, struct quic_rxchunk *c,
				       u32 len, bool ready)
{
	struct quic_rxchunk *m = any_prev(rb, c);

	if (mark_joins(m, c->offset, len)) {
		m->len += len;
		rxchunk_shorten(c, len);
		if (!c->len)
			any_unlink(rb, c, ready);
		return m;
	}
	if (len < c->len)
		return mark_split(rb, c, len);
	mark_whole(rb, c);
	return c;
}

int quic_recvbuf_take(struct quic_recvbuf *rb, u64 off, u32 len)
{
	struct quic_rxchunk *c = any_from(rb, off);
	bool ready = off < rb->contig;

	if (!len || !c || c->taken || c->offset != off || len > c->len)
		return -EINVAL;
	if (c == ready_first(rb)) {
		quic_recvbuf_consume(rb, len);
		return 0;
	}
	c = mark_taken(rb, c, len, ready);
	if (!c)
		return -ENOMEM;
	if (ready)
		rb->taken += len;
	mark_join_next(rb, c, ready);
	return 0;
}
