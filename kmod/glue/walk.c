// SPDX-License-Identifier: GPL-2.0
/*
 * Where the bytes of an skb lie: its linear part, page fragments, and the same of each skb
 * of its frag_list, in order, without copying any.
 *
 * A walk goes forward only: who looks for packets at rising offsets passes each piece once.
 * What it says of writing is about what it found last: the linear part of an skb that nobody
 * else sees, and never a page (open.c says why).
 */
#include "packet.h"

static void walk_load(struct quic_walk *w)
{
	const skb_frag_t *f;

	if (w->frag >= 0)
		w->writable = false;
	if (w->frag < 0) {
		w->p = w->seg->data;
		w->len = skb_headlen(w->seg);
	} else if (w->frag < skb_shinfo(w->seg)->nr_frags) {
		f = &skb_shinfo(w->seg)->frags[w->frag];
		w->p = skb_frag_address(f);
		w->len = skb_frag_size(f);
	} else {
		w->p = NULL;
		w->len = w->seg_end - w->off;
	}
}

/* A clone of the top skb shares its frag_list without counting in there. */
static void walk_enter(struct quic_walk *w, struct sk_buff *seg, u32 len)
{
	w->seg = seg;
	w->seg_end = w->off + len;
	w->frag = -1;
	w->writable = !skb_cloned(w->top) && !skb_cloned(seg) &&
		      (seg == w->top || !skb_shared(seg));
}

/**
 * quic_walk_init - start at an skb's first byte
 * @w: walk
 * @skb: not changed while it lasts
 * Context: any.
 */
void quic_walk_init(struct quic_walk *w, struct sk_buff *skb)
{
	u32 len = skb->len;
	struct sk_buff *seg;

	/* what is left for the skb itself; nothing has a length of its own */
	skb_walk_frags(skb, seg)
		len -= seg->len;
	w->top = skb;
	w->off = 0;
	walk_enter(w, skb, len);
	walk_load(w);
}

static void walk_next(struct quic_walk *w)
{
	struct sk_buff *next;

	w->off += w->len;
	w->frag++;
	if (w->off >= w->seg_end) {
		next = w->seg == w->top ? skb_shinfo(w->top)->frag_list : w->seg->next;
		if (!next) {
			w->seg = NULL;
			return;
		}
		walk_enter(w, next, next->len);
	}
	walk_load(w);
}

u8 *quic_walk_search(struct quic_walk *w, u32 off, u32 len)
{
	while (w->seg && off >= w->off + w->len)
		walk_next(w);
	if (!w->seg || !w->p || off < w->off || off + len > w->off + w->len)
		return NULL;
	return w->p + (off - w->off);
}
