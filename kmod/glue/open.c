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
 * Bulk data is joined: where a bounced packet is nothing but a STREAM frame, what is in
 * front of its data is in nobody's interest once it was read. So the next packet is opened
 * over the end of its data, as far as its own begins behind that, and these bytes are then
 * restored: a train leaves one piece to be read instead of forty. Should the next packet
 * be of another kind it is moved.
 *
 *      bounce: | header, frame | data of 1   | restored | data of 2
 *                              opened to:    | hdr, frm | data of 2
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
 * Not here: what a reserved bit that is set means (core/conn_rx.c).
 */
#include <linux/mm.h>

#include "blocks.h"
#include "packet.h"
#include "spare.h"
#include "../core/wire_hdr.h"

#define HDR_LONG		0x80
#define HDR_LONG_PROTECTED	0x0f
#define HDR_LONG_RESERVED	0x0c
#define HDR_SHORT_PROTECTED	0x1f
#define HDR_SHORT_RESERVED	0x18
#define HDR_KEY_PHASE_SHIFT	2
#define HDR_PN_LEN		0x03

#define BOUNCE_ALIGN		QUIC_TX_ALIGN
#define JOIN_MAX		48	/* bytes in front of a packet's data, if data is joined */

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
 * @tail: where the data of the packet before ends, if the next may be joined; else NULL
 * @lead: bytes that it had in front of its data
 * @over: the packet being opened lies over its end
 * @saved: which was this
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
	u8 *tail;
	u32 lead;
	bool over;
	u8 saved[JOIN_MAX];
	bool failed;
	u32 unopened;
	u32 forged;
	u8 reset[QUIC_RESET_TOKEN_LEN];
};

/* Of a CPU: what is opened, until it was delivered. BH off. */
struct scratch {
	struct quic_rx_pkt pkts[QUIC_RX_SLICES];
};

static DEFINE_PER_CPU(struct scratch, scratch);

/* ---- bounce pages ---- */

static struct page *bounce_pages(u32 order)
{
	return quic_may_fail(QUIC_FAIL_RX, quic_block_get(order, GFP_ATOMIC));
}

/* A new block for this packet, of @len bytes, and the next ones of the batch. */
static bool bounce_more(struct opening *o, const struct quic_rx_slice *s, u32 len)
{
	const struct quic_rx_slice *last = &o->slices[o->n - 1];
	u32 want = last->off + last->len - s->off + BOUNCE_ALIGN * o->n;
	int min_order = get_order(len), order;
	struct page *page;

	order = max(min(get_order(want), QUIC_BLOCK_ORDER), min_order);
	page = bounce_pages(order);
	if (!page && order > min_order) {
		order = min_order;
		page = bounce_pages(order);
	}
	if (!page)
		return false;
	set_page_private(page, (unsigned long)o->buf->bounce);
	o->buf->bounce = page;
	o->buf->bounce_bytes += PAGE_SIZE << order;
	o->bounce = page_address(page);
	o->room = PAGE_SIZE << order;
	return true;
}

/*
 * Memory for one packet. What follows @hdr_len bytes lies at a multiple of BOUNCE_ALIGN,
 * and in a new block where the packet @at lies in its page: then both come to a page's end
 * at the same byte, which the crypto API has to stop for.
 */
static u8 *bounce_get(struct opening *o, const struct quic_rx_slice *s, u32 hdr_len,
		      const u8 *at)
{
	u32 skip = -((unsigned long)o->bounce + hdr_len) & (BOUNCE_ALIGN - 1);
	u8 *p;

	if (o->room < skip + s->len) {
		if (!bounce_more(o, s, s->len + BOUNCE_ALIGN))
			return NULL;
		skip = ALIGN(offset_in_page(at) + hdr_len, BOUNCE_ALIGN) - hdr_len;
		if (o->room < skip + s->len)
			skip = -hdr_len & (BOUNCE_ALIGN - 1);
	}
	p = o->bounce + skip;
	o->bounce = p + s->len;
	o->room -= skip + s->len;
	return p;
}

/* ---- joined data ---- */

/* Where a packet is opened whose data is to follow that of the one before. NULL: nowhere. */
static u8 *join_get(struct opening *o, const struct quic_rx_slice *s)
{
	if (!o->tail || s->level != QUIC_CRYPTO_APP ||
	    s->len > o->room + o->lead + QUIC_TAG_LEN)
		return NULL;
	memcpy(o->saved, o->tail - JOIN_MAX, JOIN_MAX);
	o->over = true;
	return o->tail - o->lead;
}

/* The packet does not lie over anything any more. */
static void join_restore(struct opening *o)
{
	if (!o->over)
		return;
	memcpy(o->tail - JOIN_MAX, o->saved, JOIN_MAX);
	o->over = false;
}

/*
 * The packet at @b was opened; its data is behind @head bytes, 0: it is no bulk. Settles
 * whether it stays over the end of the one before, and notes what the next may do.
 * Return: where it is now; NULL: no memory to move it.
 */
static u8 *join_settle(struct opening *o, const struct quic_rx_slice *s, u8 *b, u32 head)
{
	u8 *p = b;

	if (o->over && head == o->lead) {
		join_restore(o);
		o->bounce += s->len - QUIC_TAG_LEN - o->lead;
		o->room -= s->len - QUIC_TAG_LEN - o->lead;
	} else if (o->over) {
		/* to behind the packet before, or to a new block */
		p = bounce_get(o, s, head, NULL);
		if (p)
			memmove(p, b, s->len - QUIC_TAG_LEN);
		join_restore(o);
	}
	o->lead = head;
	o->tail = p && head && head <= JOIN_MAX ? p + s->len - QUIC_TAG_LEN : NULL;
	return p;
}

static void bounce_free(struct page *page)
{
	struct page *next;

	for (; page; page = next) {
		next = (struct page *)page_private(page);
		set_page_private(page, 0);
		quic_block_put(page);
	}
}

bool quic_rxbuf_keep(struct quic_rxbuf *buf)
{
	u32 bytes = buf->n * sizeof(*buf->pkts);
	struct quic_rx_pkt *own = quic_may_fail(QUIC_FAIL_RX,
						kmalloc(bytes, GFP_ATOMIC | __GFP_NOWARN));

	if (!own)
		return false;
	memcpy(own, buf->pkts, bytes);
	buf->pkts = own;
	buf->kept = true;
	return true;
}

void quic_rxbuf_free(struct quic_rxbuf *buf)
{
	quic_rx_uncharge(buf);
	if (buf->kept)
		kfree(buf->pkts);
	bounce_free(buf->bounce);
	consume_skb(buf->skb);
	kfree(buf->from);
	quic_spare_free(QUIC_SPARE_RXBUF, buf);
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
	u8 *at = b + s->pn_off;
	u32 pn_len, rest, v;

	b[0] ^= mask[0] & (b[0] & HDR_LONG ? HDR_LONG_PROTECTED : HDR_SHORT_PROTECTED);
	pn_len = (b[0] & HDR_PN_LEN) + 1;
	/* bits behind a number of fewer than four bytes */
	rest = 8 * (QUIC_PN_MAX_LEN - pn_len);
	v = get_unaligned_be32(at) ^ (get_unaligned_be32(mask + 1) >> rest << rest);
	put_unaligned_be32(v, at);
	*pn = v >> rest;
	return s->pn_off + pn_len;
}

/*
 * Where the packet's plaintext is to be: in place, or beside a copied header. @at is where
 * it is now if it lies in one piece, else NULL; @mask tells how long its header is, for
 * plaintext to lie well.
 */
static u8 *place(struct opening *o, const struct quic_rx_slice *s, const u8 *mask, u8 **at,
		 bool *in_place)
{
	u8 *p = quic_walk_find(&o->walk, s->off, s->len), first;

	*at = p;
	*in_place = p && o->walk.writable;
	if (*in_place)
		return p;
	if (p)
		first = *p;
	else if (skb_copy_bits(o->skb, s->off, &first, 1))
		return NULL;
	p = p ? join_get(o, s) : NULL;
	p = p ?: bounce_get(o, s, s->pn_off + 1 + ((first ^ *mask) & HDR_PN_LEN), p);
	if (p && likely(*at))
		memcpy(p, *at, s->pn_off + QUIC_PN_MAX_LEN);
	else if (p && skb_copy_bits(o->skb, s->off, p, s->pn_off + QUIC_PN_MAX_LEN))
		return NULL;
	return p;
}

/*
 * Decrypt to @b, where the header is. @at: NULL: in pieces; @b: in place; else where all
 * of it lies.
 */
static int decrypt(struct opening *o, const struct quic_keys *keys,
		   const struct quic_rx_slice *s, u8 *b, u8 *at, u32 hdr_len, u64 pn)
{
	struct quic_creq *q = quic_creq_aead();
	struct quic_aead_op op = {
		.keys = keys,
		.pn = pn,
		.assoclen = hdr_len,
		.cryptlen = s->len - hdr_len,
		.skb = o->skb,
	};
	int n = 1;

	if (!q)
		return -ENOMEM;
	op.src = q->src;
	op.dst = q->src;
	if (at == b) {
		sg_set_buf(q->src, b, s->len);
		quic_creq_end(q, 1);
		return quic_aead_run(&op, false);
	}
	op.dst = q->dst;
	sg_set_buf(q->dst, b, s->len - QUIC_TAG_LEN);
	sg_set_buf(q->src, b, hdr_len);
	if (likely(at)) {
		sg_set_buf(q->src + 1, at + hdr_len, op.cryptlen);
	} else {
		quic_creq_end(q, QUIC_SG_MAX);	/* it stops at the mark of the last time */
		n = skb_to_sgvec_nomark(o->skb, q->src + 1, s->off + hdr_len, op.cryptlen);
	}
	if (n < 0)
		return n;
	quic_creq_end(q, 1 + n);
	return quic_aead_run(&op, false);
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
			const struct quic_rx_slice *s, u8 *b, u8 *at, u32 hdr_len,
			u64 pn, const u8 *mask)
{
	u8 *copy = at == b ? bounce_get(o, s, hdr_len, at) : b;
	int err = 0;

	if (copy) {
		memcpy(copy, b, hdr_len);
		err = decrypt(o, cur, s, copy, at, hdr_len, pn);
	}
	if (at == b)
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

/* A packet that opened, at @b, goes into the batch. */
static void add_packet(struct opening *o, const struct quic_keys *keys,
		       const struct quic_rx_slice *s, u8 *b, u32 hdr_len, u64 pn, bool in_place)
{
	struct quic_rx_pkt *pkt = &o->buf->pkts[o->buf->n];
	u32 len = s->len - hdr_len - QUIC_TAG_LEN, head = 0;

	pkt->reserved = b[0] & (b[0] & HDR_LONG ? HDR_LONG_RESERVED : HDR_SHORT_RESERVED);
	if (likely(s->level == QUIC_CRYPTO_APP))
		head = quic_rx_bulk_head(b + hdr_len, len, &pkt->bulk);
	else
		pkt->scid = s->scid;
	pkt->is_bulk = head;
	head += hdr_len;
	if (in_place)
		o->tail = NULL;
	else
		b = join_settle(o, s, b, pkt->is_bulk ? head : 0);
	if (!b) {
		drop(o, DropMemory);
		return;
	}
	pkt->data = b + head;
	pkt->buf = o->buf;
	pkt->pn = pn;
	pkt->len = s->len - head - QUIC_TAG_LEN;
	pkt->dgram_len = s->dgram_len;
	pkt->level = s->level;
	pkt->key_gen = keys->gen;
	pkt->ecn = o->ecn;
	pkt->version = keys->version;
	o->buf->n++;
	o->in_place += in_place;
	o->early += s->level == QUIC_CRYPTO_EARLY;
}

/* Return: 0 (opened, or dropped and counted), -EINPROGRESS: give up the batch. */
static int open_packet(struct opening *o, const struct quic_keys *cur,
		       struct quic_rx_slice *s, const u8 *mask)
{
	const struct quic_keys *keys = cur;
	u32 hdr_len, gen = cur->gen;
	u64 truncated, pn;
	bool in_place;
	u8 *b, *at;
	int err;

	b = place(o, s, mask, &at, &in_place);
	if (!b) {
		drop(o, DropMemory);
		return 0;
	}
	hdr_len = unprotect(s, b, mask, &truncated);
	pn = quic_pn_decode(o->largest, o->none, truncated, hdr_len - s->pn_off);
	if (!(b[0] & HDR_LONG)) {
		gen = quic_key_gen_of(cur->gen, o->first, b[0] >> HDR_KEY_PHASE_SHIFT, pn);
		keys = quic_phase_pick(cur, gen);
	}
	if (unlikely(!keys)) {
		err = open_in_vain(o, cur, s, b, at, hdr_len, pn, mask);
		if (!err)
			count_failure(o, s, gen == cur->gen + 1);
	} else {
		err = decrypt(o, keys, s, b, at, hdr_len, pn);
		if (likely(!err))
			add_packet(o, keys, s, b, hdr_len, pn, in_place);
		else if (err != -EINPROGRESS)
			count_failure(o, s, false);
	}
	if (unlikely(err == -EINPROGRESS))
		return err;
	join_restore(o);
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
	buf = quic_may_fail(QUIC_FAIL_RX, quic_spare_alloc(QUIC_SPARE_RXBUF));
	if (!buf) {
		quic_mib_add(sock_net(sk), DropMemory, n);
		return NULL;
	}
	*buf = (struct quic_rxbuf){
		.refs = 1,
		.pkts = this_cpu_ptr(&scratch)->pkts,
		.skb = skb_get(skb),
		.recv_time = quic_now(),
	};
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
