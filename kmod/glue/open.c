// SPDX-License-Identifier: GPL-2.0
/*
 * Received packets: header protection off, payload decrypted and authenticated.
 *
 * Packets of one skb that share keys go together: their samples are gathered into
 * one buffer and become masks by one request. Then each packet is opened by one
 * AEAD request:
 *
 *   in place      its bytes lie in the linear part of an skb that nobody else sees:
 *                 the header is unprotected and the payload decrypted where they
 *                 are
 *   bounced       it lies in page fragments, straddles two pieces, or the skb is
 *                 cloned (a capture, a bridge): header and plaintext are written
 *                 side by side into pages of the batch, in the same one crypto
 *                 pass. Neither linearising nor skb_cow_data() copies. The skb is
 *                 let go at once when nothing was opened in it.
 *
 * A page fragment is never written to. Whose page it is cannot be told: splice(2)
 * puts page cache of a file that its user may only read into a datagram, and the
 * flag that is to say so (SKBFL_SHARED_FRAG) is missing after splice() to UDP in
 * kernels before May 2026, and was lost on the way by several helpers.
 *
 *      in place                       bounced
 *      | header | payload | tag |     skb:    | header | pay || load | tag |
 *      `------- src = dst ------'     bounce: | header | payload |
 *
 * Packet numbers are expanded from the largest one received, read without the
 * lock while its owner may be behind. That is safe: a sender encodes a number so
 * that everyone who knows at least its largest acknowledged number A finds it
 * (RFC 9000 A.2), and what we read is at least A, since A went into the hint
 * before the acknowledgment left. So there is no second attempt, which in place
 * could not be made anyway: a failed decryption has destroyed the ciphertext.
 *
 * Invariants: nothing of a packet reaches the core before its tag was right; a
 * packet is opened for one socket only; the connection is alive as long as its
 * socket, of which the caller holds a reference.
 *
 * Key phases (RFC 9001 6.3, 6.5). Key phase bit and packet number say which of the
 * previous, the current and the next keys open a 1-RTT packet; they are picked by an
 * index. The bit is protected by the header's mask only, and who turns it on the way
 * must not learn from the time we take what it was. So a packet whose keys are not
 * there costs an AEAD pass as well, with the current keys and in vain, beside the
 * skb: if its keys are still to be made the datagram waits for them, unharmed. Once
 * made they stay, so that a forged packet makes a difference once per phase.
 *
 * Worst case: one AEAD pass over each byte received, for garbage as well.
 * Not here: 0-RTT (such packets are dropped and counted); what a reserved bit that is
 * set means (core/conn_rx.c).
 */
#include <linux/mm.h>

#include "packet.h"
#include "../core/wire_hdr.h"

#define HDR_LONG		0x80
#define HDR_LONG_PROTECTED	0x0f
#define HDR_LONG_RESERVED	0x0c
#define HDR_SHORT_PROTECTED	0x1f
#define HDR_SHORT_RESERVED	0x18
#define HDR_KEY_PHASE_SHIFT	2
#define HDR_PN_LEN		0x03

#define BOUNCE_ORDER_MAX	3	/* to be had from atomic context as a rule */
#define BOUNCE_ALIGN		16

/**
 * struct opening - one call of quic_open()
 * @qs: whose packets
 * @skb: their bytes
 * @slices: where they are in it
 * @n: how many
 * @ecn: bits of the IP header
 * @walk: over @skb, at the packet being opened
 * @buf: the result
 * @largest: hint for packet numbers of the level at hand
 * @none: there is no such hint yet
 * @first: lowest packet number of the current key phase
 * @in_place: packets opened where they were
 * @early: 0-RTT packets opened
 * @bounce: next free byte of the newest bounce block
 * @room: bytes left there
 * @failed: @reset is the end of a 1-RTT packet that did not open
 * @forged: 1-RTT packets whose tag was wrong
 * @reset: what may be a stateless reset token
 * @unopened: bytes of datagrams whose first packet did not open
 */
struct opening {
	struct quic_sock *qs;
	struct sk_buff *skb;
	struct quic_rx_slice *slices;
	u32 n;
	u8 ecn;
	struct quic_walk walk;
	struct quic_rxbuf *buf;
	u64 largest;
	bool none;
	u64 first;
	u32 in_place;
	u32 early;
	u8 *bounce;
	u32 room;
	bool failed;
	u32 unopened;
	u32 forged;
	u8 reset[QUIC_RESET_TOKEN_LEN];
};

/* ---- where bytes lie ---- */

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

u8 *quic_walk_find(struct quic_walk *w, u32 off, u32 len)
{
	while (w->seg && off >= w->off + w->len)
		walk_next(w);
	if (!w->seg || !w->p || off < w->off || off + len > w->off + w->len)
		return NULL;
	return w->p + (off - w->off);
}

/* ---- bounce pages ---- */

static struct page *bounce_pages(u32 order)
{
	return quic_may_fail(QUIC_FAIL_RX,
			     alloc_pages(GFP_ATOMIC | __GFP_NOWARN | __GFP_COMP, order));
}

/* Memory for one packet, the next ones of the batch in mind. */
static u8 *bounce_get(struct opening *o, const struct quic_rx_slice *s)
{
	const struct quic_rx_slice *last = &o->slices[o->n - 1];
	u32 len = ALIGN(s->len, BOUNCE_ALIGN);
	int min_order = get_order(len), order;
	struct page *page;
	u32 want;
	u8 *p;

	if (o->room < len) {
		want = last->off + last->len - s->off + BOUNCE_ALIGN * o->n;
		order = max(min(get_order(want), BOUNCE_ORDER_MAX), min_order);
		page = bounce_pages(order);
		if (!page && order > min_order) {
			order = min_order;
			page = bounce_pages(order);
		}
		if (!page)
			return NULL;
		set_page_private(page, (unsigned long)o->buf->bounce);
		o->buf->bounce = page;
		o->buf->bounce_bytes += PAGE_SIZE << order;
		o->bounce = page_address(page);
		o->room = PAGE_SIZE << order;
	}
	p = o->bounce;
	o->bounce += len;
	o->room -= len;
	return p;
}

static void bounce_free(struct page *page)
{
	struct page *next;

	for (; page; page = next) {
		next = (struct page *)page_private(page);
		set_page_private(page, 0);
		put_page(page);
	}
}

void quic_rxbuf_free(struct quic_rxbuf *buf)
{
	quic_rx_uncharge(buf);
	bounce_free(buf->bounce);
	consume_skb(buf->skb);
	kfree(buf->from);
	kfree(buf);
}

/* ---- one packet ---- */

#define drop(o, why)	quic_mib_inc(sock_net(&(o)->qs->inet.sk), why)

/* It did not open under our keys: is it the end of a stateless reset? */
static void note_failure(struct opening *o, const struct quic_rx_slice *s)
{
	if (s->level == QUIC_CRYPTO_APP &&
	    !skb_copy_bits(o->skb, s->off + s->len - QUIC_RESET_TOKEN_LEN, o->reset,
			   QUIC_RESET_TOKEN_LEN))
		o->failed = true;
}

/* Remove header protection at @b. Return: length of the header. */
static u32 unprotect(const struct quic_rx_slice *s, u8 *b, const u8 *mask, u64 *pn)
{
	u32 pn_len, i;

	b[0] ^= mask[0] & (b[0] & HDR_LONG ? HDR_LONG_PROTECTED : HDR_SHORT_PROTECTED);
	pn_len = (b[0] & HDR_PN_LEN) + 1;
	*pn = 0;
	for (i = 0; i < pn_len; i++) {
		b[s->pn_off + i] ^= mask[1 + i];
		*pn = *pn << 8 | b[s->pn_off + i];
	}
	return s->pn_off + pn_len;
}

/* Where the packet's plaintext is to be: in place, or beside a copied header. */
static u8 *place(struct opening *o, const struct quic_rx_slice *s, bool *in_place)
{
	u8 *p = quic_walk_find(&o->walk, s->off, s->len);

	*in_place = p && o->walk.writable;
	if (*in_place)
		return p;
	p = bounce_get(o, s);
	if (!p || skb_copy_bits(o->skb, s->off, p, s->pn_off + QUIC_PN_MAX_LEN))
		return NULL;
	return p;
}

static int decrypt(struct opening *o, const struct quic_keys *keys,
		   const struct quic_rx_slice *s, u8 *b, bool in_place, u32 hdr_len,
		   u64 pn)
{
	struct quic_creq *q = quic_creq_aead();
	struct quic_aead_op op = {
		.keys = keys,
		.pn = pn,
		.assoclen = hdr_len,
		.cryptlen = s->len - hdr_len,
		.skb = o->skb,
	};
	int n;

	if (!q)
		return -ENOMEM;
	op.src = q->src;
	op.dst = q->src;
	if (in_place) {
		sg_init_one(q->src, b, s->len);
		return quic_aead_run(&op, false);
	}
	op.dst = q->dst;
	sg_init_one(q->dst, b, s->len - QUIC_TAG_LEN);
	sg_init_table(q->src, QUIC_SG_MAX);
	sg_set_buf(q->src, b, hdr_len);
	n = skb_to_sgvec(o->skb, q->src + 1, s->off + hdr_len, op.cryptlen);
	return n < 0 ? n : quic_aead_run(&op, false);
}

/* Protect the header at @b again. */
static void reprotect(const struct quic_rx_slice *s, u8 *b, const u8 *mask, u32 hdr_len)
{
	u32 i;

	b[0] ^= mask[0] & HDR_SHORT_PROTECTED;
	for (i = s->pn_off; i < hdr_len; i++)
		b[i] ^= mask[1 + i - s->pn_off];
}

/*
 * The keys of this packet are not there: spend the time that opening it takes, and
 * leave its bytes in the skb as they came. What the current keys make of it does not
 * count, not even if they fit: then the peer's header says other than its keys.
 */
static int open_in_vain(struct opening *o, const struct quic_keys *cur,
			const struct quic_rx_slice *s, u8 *b, bool in_place, u32 hdr_len,
			u64 pn, const u8 *mask)
{
	u8 *copy = in_place ? bounce_get(o, s) : b;
	int err = 0;

	if (copy) {
		memcpy(copy, b, hdr_len);
		err = decrypt(o, cur, s, copy, false, hdr_len, pn);
	}
	if (in_place)
		reprotect(s, b, mask, hdr_len);
	return err == -EINPROGRESS ? err : 0;
}

/* A packet that no key opened, or none that there is. */
static void count_failure(struct opening *o, struct quic_rx_slice *s, bool early)
{
	s->early = early;
	if (!early) {
		drop(o, DropDecrypt);
		o->forged += s->level == QUIC_CRYPTO_APP;
	}
	note_failure(o, s);
}

/* Return: 0 (opened, or dropped and counted), -EINPROGRESS: give up the batch. */
static int open_packet(struct opening *o, const struct quic_keys *cur,
		       struct quic_rx_slice *s, const u8 *mask)
{
	struct quic_rx_pkt *pkt = &o->buf->pkts[o->buf->n];
	const struct quic_keys *keys = cur;
	u8 reserved = HDR_LONG_RESERVED;
	u64 truncated, pn;
	bool in_place;
	u32 hdr_len, gen = 0;
	int err;
	u8 *b;

	b = place(o, s, &in_place);
	if (!b) {
		drop(o, DropMemory);
		return 0;
	}
	hdr_len = unprotect(s, b, mask, &truncated);
	pn = quic_pn_decode(o->largest, o->none, truncated, hdr_len - s->pn_off);
	if (!(b[0] & HDR_LONG)) {
		reserved = HDR_SHORT_RESERVED;
		gen = quic_key_gen_of(cur->gen, o->first, b[0] >> HDR_KEY_PHASE_SHIFT, pn);
		keys = quic_phase_pick(cur, gen);
	}
	if (unlikely(!keys)) {
		err = open_in_vain(o, cur, s, b, in_place, hdr_len, pn, mask);
		if (!err)
			count_failure(o, s, gen == cur->gen + 1);
		return err;
	}
	err = decrypt(o, keys, s, b, in_place, hdr_len, pn);
	if (err == -EINPROGRESS)
		return err;
	if (err) {
		count_failure(o, s, false);
		return 0;
	}
	*pkt = (struct quic_rx_pkt){
		.data = b + hdr_len,
		.buf = o->buf,
		.pn = pn,
		.len = s->len - hdr_len - QUIC_TAG_LEN,
		.dgram_len = s->dgram_len,
		.level = s->level,
		.key_gen = gen,
		.ecn = o->ecn,
		.reserved = b[0] & reserved,
		.version = keys->version,
		.scid = s->scid,
	};
	o->buf->n++;
	o->in_place += in_place;
	o->early += s->level == QUIC_CRYPTO_EARLY;
	return 0;
}

/* ---- a batch ---- */

/* Samples of slices @from to @to into @block. */
static int gather(struct opening *o, u32 from, u32 to, u8 *block)
{
	struct quic_walk w = o->walk;
	const struct quic_rx_slice *s;
	u32 off, i;
	u8 *p;

	for (i = from; i < to; i++, block += QUIC_HP_SAMPLE_LEN) {
		s = &o->slices[i];
		off = s->off + s->pn_off + QUIC_PN_MAX_LEN;
		p = quic_walk_find(&w, off, QUIC_HP_SAMPLE_LEN);
		if (p)
			memcpy(block, p, QUIC_HP_SAMPLE_LEN);
		else if (skb_copy_bits(o->skb, off, block, QUIC_HP_SAMPLE_LEN))
			return -EFAULT;
	}
	return 0;
}

/* Slices @from to @to, all of one level and version. */
static int open_run(struct opening *o, const struct quic_conn *conn, u32 from, u32 to)
{
	u8 level = o->slices[from].level;
	const struct quic_keys *keys = rcu_dereference(o->qs->keys_rx[o->slices[from].keys]);
	struct quic_creq *q = quic_creq_hp();
	u32 i, n;
	int err;

	if (!keys) {
		quic_mib_add(sock_net(&o->qs->inet.sk), DropNoKeys, to - from);
		return 0;
	}
	if (!q || gather(o, from, to, q->block)) {
		quic_mib_add(sock_net(&o->qs->inet.sk), DropMemory, to - from);
		return 0;
	}
	err = quic_hp_run(keys, to - from);
	if (err)
		return err;
	o->largest = quic_conn_largest_rx(conn, level, &o->none);
	o->first = quic_conn_rx_first(conn, keys->gen);
	for (i = from; !err && i < to; i++) {
		n = o->buf->n;
		err = open_packet(o, keys, &o->slices[i],
				  q->block + (i - from) * QUIC_HP_SAMPLE_LEN);
		/* another packet of the datagram may open: its bytes count once */
		if (n == o->buf->n)
			o->unopened += o->slices[i].dgram_len;
	}
	return err;
}

static int open_all(struct opening *o, const struct quic_conn *conn)
{
	u32 from, to;
	int err = 0;

	for (from = 0; !err && from < o->n; from = to) {
		to = from + 1;
		while (to < o->n && o->slices[to].keys == o->slices[from].keys)
			to++;
		err = open_run(o, conn, from, to);
	}
	return err;
}

static void count(const struct opening *o)
{
	const struct net *net = sock_net(&o->qs->inet.sk);
	u32 n = o->buf->n;

	if (!n)
		return;
	quic_mib_add(net, InPackets, n);
	if (unlikely(o->early))
		quic_mib_add(net, InEarlyPackets, o->early);
	quic_mib_add(net, OpenInPlace, o->in_place);
	quic_mib_add(net, OpenBounced, n - o->in_place);
}

struct quic_rxbuf *quic_open(struct sock *sk, struct sk_buff *skb,
			     struct quic_rx_slice *slices, u32 n, u8 ecn)
{
	const struct quic_conn *conn = READ_ONCE(quic_sk(sk)->conn);
	struct opening o = {
		.qs = quic_sk(sk),
		.skb = skb,
		.slices = slices,
		.n = n,
		.ecn = ecn,
	};
	struct quic_rxbuf *buf;
	int err;

	if (!conn || WARN_ON_ONCE(n > QUIC_RX_SLICES))
		return NULL;
	buf = quic_may_fail(QUIC_FAIL_RX, kmalloc(struct_size(buf, pkts, n),
						  GFP_ATOMIC | __GFP_NOWARN));
	if (!buf) {
		quic_mib_add(sock_net(sk), DropMemory, n);
		return NULL;
	}
	memset(buf, 0, sizeof(*buf));
	buf->refs = 1;
	buf->cap = n;
	buf->skb = skb_get(skb);
	buf->recv_time = quic_now();
	o.buf = buf;
	quic_walk_init(&o.walk, skb);
	err = open_all(&o, conn);
	count(&o);
	if (!o.in_place) {
		consume_skb(buf->skb);
		buf->skb = NULL;
	}
	if (err == -EINPROGRESS)
		quic_mib_inc(sock_net(sk), CryptoAsync);
	if (o.failed)
		quic_rx_unopened(sk, o.reset, o.forged);
	quic_rx_credit(sk, skb, o.unopened);
	if (!err && buf->n)
		return buf;
	quic_rxbuf_free(buf);
	return NULL;
}
