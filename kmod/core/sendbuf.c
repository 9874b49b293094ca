// SPDX-License-Identifier: GPL-2.0
/*
 * What a stream has to send, by reference.
 *
 * Chunks hold the bytes in offset order; two short lists of ranges say which of
 * those between base and next were acknowledged out of order and which are to
 * be sent again. A byte below base is acknowledged and its chunk gone as soon
 * as the whole chunk is.
 *
 * Invariants: base <= next <= end; lost and acked are disjoint and lie in
 * [base, next).
 *
 * Worst case: a lookup walks chunks from the cursor or from the front; chunks
 * are as long as the host's page fragments (32 KiB), so a window of 16 MiB is
 * 512 of them, and only retransmissions walk.
 *
 * Memory may fail where nothing may be lost: then ranges are joined. A joined
 * lost range sends bytes again that had arrived, an unrecorded acknowledgment
 * counts as a loss. Both cost bandwidth, never data.
 */
#include "sendbuf.h"
#include "core.h"

/* ---- range lists ---- */

#define QUIC_RANGELIST_MAX	4096

void quic_rangelist_free(struct quic_rangelist *l)
{
	if (l->cap)
		quic_host_free(QUIC_OBJ_VAR, l->r, sizeof(*l->r) * l->cap);
	memset(l, 0, sizeof(*l));
}

static struct quic_span *spans(struct quic_rangelist *l)
{
	return l->cap ? l->r : &l->one;
}

static int rangelist_make_room(struct quic_rangelist *l)
{
	u32 cap = l->cap ? l->cap * 2 : 8;
	struct quic_span *r;

	if (l->n < (l->cap ? l->cap : 1))
		return 0;
	if (cap > QUIC_RANGELIST_MAX)
		return -ENOBUFS;
	r = quic_host_alloc(QUIC_OBJ_VAR, sizeof(*r) * cap);
	if (!r)
		return -ENOMEM;
	memcpy(r, spans(l), sizeof(*r) * l->n);
	if (l->cap)
		quic_host_free(QUIC_OBJ_VAR, l->r, sizeof(*r) * l->cap);
	l->r = r;
	l->cap = cap;
	return 0;
}

/* First range that ends at or after @v. A peer can make thousands of them. */
static u32 rangelist_find(struct quic_rangelist *l, u64 v)
{
	struct quic_span *r = spans(l);
	u32 lo = 0, hi = l->n, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (r[mid].hi >= v)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/**
 * quic_rangelist_add - add [lo, hi), joining what touches
 * @l: list
 * @lo: first
 * @hi: one past the last; above @lo
 *
 * Return: 0, or -ENOMEM / -ENOBUFS with the list as before.
 */
int quic_rangelist_add(struct quic_rangelist *l, u64 lo, u64 hi)
{
	u32 i = rangelist_find(l, lo), j;
	struct quic_span *r = spans(l);
	int err;

	if (i == l->n || r[i].lo > hi) {
		err = rangelist_make_room(l);
		if (err)
			return err;
		r = spans(l);
		memmove(&r[i + 1], &r[i], sizeof(*r) * (l->n - i));
		r[i].lo = lo;
		r[i].hi = hi;
		l->n++;
		return 0;
	}
	r[i].lo = min(r[i].lo, lo);
	for (j = i; j + 1 < l->n && r[j + 1].lo <= hi; j++)
		;
	r[i].hi = max(r[j].hi, hi);
	memmove(&r[i + 1], &r[j + 1], sizeof(*r) * (l->n - j - 1));
	l->n -= j - i;
	return 0;
}

/**
 * quic_rangelist_del - take [lo, hi) out
 * @l: list
 * @lo: first
 * @hi: one past the last
 *
 * Return: 0, or -ENOMEM when a range had to be split and could not be: then
 * the list is as before.
 */
int quic_rangelist_del(struct quic_rangelist *l, u64 lo, u64 hi)
{
	u32 i = rangelist_find(l, lo), keep;
	struct quic_span *r = spans(l);
	int err;

	if (i < l->n && r[i].hi == lo)
		i++;
	if (i < l->n && r[i].lo < lo && r[i].hi > hi) {
		err = rangelist_make_room(l);
		if (err)
			return err;
		r = spans(l);
		memmove(&r[i + 1], &r[i], sizeof(*r) * (l->n - i));
		l->n++;
		r[i].hi = lo;
		r[i + 1].lo = hi;
		return 0;
	}
	if (i < l->n && r[i].lo < lo)
		r[i++].hi = lo;
	for (keep = i; keep < l->n && r[keep].hi <= hi; keep++)
		;
	if (keep < l->n && r[keep].lo < hi)
		r[keep].lo = hi;
	memmove(&r[i], &r[keep], sizeof(*r) * (l->n - keep));
	l->n -= keep - i;
	return 0;
}

/* ---- chunks ---- */

void quic_sendbuf_init(struct quic_sendbuf *sb)
{
	memset(sb, 0, sizeof(*sb));
	INIT_LIST_HEAD(&sb->chunks);
}

static void chunk_free(struct quic_conn *conn, struct quic_txchunk *c)
{
	list_del(&c->node);
	if (c->owner)
		quic_host_txbuf_put(conn, c->owner, c->len);
	else
		quic_host_free(QUIC_OBJ_VAR, (void *)c->data, c->len);
	quic_host_free(QUIC_OBJ_TX_CHUNK, c, sizeof(*c));
}

void quic_sendbuf_free(struct quic_sendbuf *sb, struct quic_conn *conn)
{
	struct quic_txchunk *c, *n;

	list_for_each_entry_safe(c, n, &sb->chunks, node)
		chunk_free(conn, c);
	quic_rangelist_free(&sb->acked);
	quic_rangelist_free(&sb->lost);
	sb->cursor = NULL;
	sb->end = sb->next;
	sb->base = sb->next;
}

int quic_sendbuf_append(struct quic_sendbuf *sb, const u8 *data, u32 len,
			struct quic_txbuf *owner, bool *merged)
{
	struct quic_txchunk *c;

	*merged = false;
	if (owner && !list_empty(&sb->chunks)) {
		c = list_last_entry(&sb->chunks, struct quic_txchunk, node);
		if (c->owner == owner && c->data + c->len == data) {
			c->len += len;
			sb->end += len;
			*merged = true;
			return 0;
		}
	}
	c = quic_host_alloc(QUIC_OBJ_TX_CHUNK, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->offset = sb->end;
	c->data = data;
	c->len = len;
	c->owner = owner;
	list_add_tail(&c->node, &sb->chunks);
	sb->end += len;
	return 0;
}

int quic_sendbuf_append_copy(struct quic_sendbuf *sb, const u8 *data, u32 len)
{
	u8 *copy = quic_host_alloc(QUIC_OBJ_VAR, len);
	bool merged;
	int err;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, data, len);
	err = quic_sendbuf_append(sb, copy, len, NULL, &merged);
	if (err)
		quic_host_free(QUIC_OBJ_VAR, copy, len);
	return err;
}

/* ---- what to send ---- */

bool quic_sendbuf_next(const struct quic_sendbuf *sb, u64 credit, u64 *off, u64 *len)
{
	const struct quic_span *l = sb->lost.cap ? sb->lost.r : &sb->lost.one;

	if (unlikely(sb->lost.n)) {
		*off = l[0].lo;
		*len = l[0].hi - l[0].lo;
		return true;
	}
	*off = sb->next;
	*len = min(sb->end - sb->next, credit);
	if (*len || sb->announce)
		return true;
	/* A FIN alone needs no credit, but every byte before it sent. */
	if (sb->next == sb->end && sb->fin && !sb->fin_acked)
		return !sb->fin_sent || sb->fin_lost;
	return false;
}

u64 quic_sendbuf_sent(struct quic_sendbuf *sb, u64 off, u32 len, bool fin)
{
	u64 end = off + len, fresh = 0;

	sb->announce = false;
	if (fin) {
		sb->fin_sent = true;
		sb->fin_lost = false;
	}
	if (off < sb->next && len && sb->lost.n)
		quic_rangelist_del(&sb->lost, off, end);
	if (end > sb->next) {
		fresh = end - sb->next;
		sb->next = end;
		while (sb->cursor && sb->cursor->offset + sb->cursor->len <= end) {
			if (list_is_last(&sb->cursor->node, &sb->chunks))
				sb->cursor = NULL;
			else
				sb->cursor = list_next_entry(sb->cursor, node);
		}
	}
	return fresh;
}

static void sendbuf_release(struct quic_sendbuf *sb, struct quic_conn *conn)
{
	struct quic_txchunk *c;

	while (!list_empty(&sb->chunks)) {
		c = list_first_entry(&sb->chunks, struct quic_txchunk, node);
		if (c->offset + c->len > sb->base)
			break;
		/* Bytes may still be merged into the last, unfinished chunk. */
		if (sb->cursor == c)
			sb->cursor = NULL;
		chunk_free(conn, c);
	}
}

u64 quic_sendbuf_acked(struct quic_sendbuf *sb, struct quic_conn *conn,
		       u64 off, u32 len, bool fin)
{
	u64 end = off + len, base = sb->base;

	if (fin) {
		sb->fin_acked = true;
		sb->fin_lost = false;
	}
	if (!len || end <= base)
		return 0;
	off = max(off, base);
	if (unlikely(sb->lost.n))
		quic_rangelist_del(&sb->lost, off, end);
	if (unlikely(off > base)) {
		if (quic_rangelist_add(&sb->acked, off, end))
			quic_sendbuf_lost(sb, off, end - off, false);
		return 0;
	}
	sb->base = end;
	while (unlikely(sb->acked.n && spans(&sb->acked)->lo <= sb->base)) {
		sb->base = max(sb->base, spans(&sb->acked)->hi);
		quic_rangelist_del(&sb->acked, 0, sb->base);
		/* A split that failed may have left acked bytes among the lost. */
		quic_rangelist_del(&sb->lost, 0, sb->base);
	}
	sendbuf_release(sb, conn);
	return sb->base - base;
}

/* Add to the lost list; without memory, stretch its last range instead. */
static void lost_add(struct quic_rangelist *l, u64 lo, u64 hi)
{
	struct quic_span *r;

	if (!quic_rangelist_add(l, lo, hi))
		return;
	r = &spans(l)[l->n - 1];
	r->lo = min(r->lo, lo);
	r->hi = max(r->hi, hi);
	/* It may now reach over its neighbours; joining frees, never allocates. */
	quic_rangelist_add(l, r->lo, r->hi);
}

void quic_sendbuf_lost(struct quic_sendbuf *sb, u64 off, u32 len, bool fin)
{
	u64 end = off + len;
	struct quic_span *a = spans(&sb->acked);
	u32 i;

	if (fin && !sb->fin_acked)
		sb->fin_lost = true;
	/* Whatever left since will arrive in the end, and announces as well. */
	if (!len && !fin && !sb->next && !sb->fin_sent)
		sb->announce = true;
	off = max(off, sb->base);
	for (i = rangelist_find(&sb->acked, off); i < sb->acked.n && off < end; i++) {
		if (a[i].hi <= off)
			continue;
		if (a[i].lo >= end)
			break;
		if (a[i].lo > off)
			lost_add(&sb->lost, off, a[i].lo);
		off = a[i].hi;
	}
	if (off < end)
		lost_add(&sb->lost, off, end);
}

void quic_sendbuf_rewind(struct quic_sendbuf *sb)
{
	quic_rangelist_free(&sb->lost);
	/* bytes that a reset gave up stay given up */
	sb->end -= sb->base;
	sb->base = 0;
	sb->next = 0;
	sb->cursor = NULL;
	sb->fin_sent = false;
	sb->fin_lost = false;
}

/* ---- bytes of a range ---- */

/* The chunk that holds @off. */
static struct quic_txchunk *chunk_at(struct quic_sendbuf *sb, u64 off)
{
	struct quic_txchunk *c = sb->cursor;

	if (!c)
		c = list_last_entry(&sb->chunks, struct quic_txchunk, node);
	if (off < c->offset)
		c = list_first_entry(&sb->chunks, struct quic_txchunk, node);
	while (off >= c->offset + c->len)
		c = list_next_entry(c, node);
	if (off == sb->next)
		sb->cursor = c;
	return c;
}

/* At most @len bytes of a chunk from @skip on. Return: how many. */
static u32 piece_of(struct quic_tx_piece *piece, const struct quic_txchunk *c, u32 skip, u32 len)
{
	piece->data = c->data + skip;
	piece->len = min(len, c->len - skip);
	/* what the core itself has allocated is small: TLS bytes */
	piece->before = c->owner && !quic_txbuf_lent(c->owner) ? skip : 0;
	return piece->len;
}

void quic_sendbuf_at(struct quic_sendbuf *sb, u64 off, struct quic_tx_piece *piece)
{
	struct quic_txchunk *c = chunk_at(sb, off);

	piece_of(piece, c, off - c->offset, U32_MAX);
}

u32 quic_sendbuf_misalign(struct quic_sendbuf *sb, u64 off)
{
	struct quic_txchunk *c = chunk_at(sb, off);

	return -(uintptr_t)(c->data + (off - c->offset)) & (QUIC_TX_ALIGN - 1);
}

u32 quic_sendbuf_map(struct quic_sendbuf *sb, u64 off, u32 len,
		     struct quic_tx_piece *pieces, u32 max)
{
	struct quic_txchunk *c = chunk_at(sb, off);
	u64 skip = off - c->offset;
	u32 n = 0;

	for (;;) {
		if (n == max)
			return 0;
		len -= piece_of(&pieces[n++], c, skip, len);
		if (!len)
			return n;
		skip = 0;
		c = list_next_entry(c, node);
	}
}

void quic_sendbuf_copy(struct quic_sendbuf *sb, u64 off, u32 len, u8 *dst)
{
	struct quic_txchunk *c = chunk_at(sb, off);
	u64 skip = off - c->offset;
	u32 take;

	while (len) {
		take = min_t(u64, len, c->len - skip);
		memcpy(dst, c->data + skip, take);
		dst += take;
		len -= take;
		skip = 0;
		if (len)
			c = list_next_entry(c, node);
	}
}
