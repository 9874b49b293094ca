// SPDX-License-Identifier: GPL-2.0
/*
 * Packets to send: payload encrypted into place, header protection on.
 *
 * The core leaves a header and a few bytes of frames where the packet is to stand
 * on the wire, and the rest of the plaintext as references into stream memory.
 * One AEAD request per packet reads both and writes the packet. The crypto API takes about
 * 230 instructions for each part that its input is in, so header and prefix are put in
 * front of the only piece while the request runs, over bytes that other packets have carried
 * or will, which are restored afterwards:
 *
 *   src  .. bytes before | header | prefix | piece |      all of it in stream memory
 *   dst  | header | ciphertext     | tag |
 *
 * Where that cannot be (more pieces than one, nothing of ours in front of it) input is in
 * several parts:
 *
 *   src  | header prefix | piece | piece |        references, not copied
 *   dst  | header | ciphertext     | tag |        the same bytes at the front
 *
 * Header and prefix are one entry, being neighbours; the prefix is a multiple of
 * the cipher's chunk when pieces follow: otherwise the crypto API allocates a
 * bounce buffer for the chunk that straddles two entries. The core makes it one of
 * 16 bytes, which does for AES; for ChaCha20's 64 the first bytes of the pieces are
 * copied behind it. Afterwards the samples of all packets that share keys are
 * gathered and become masks by one request (RFC 9001 5.4).
 *
 * Invariants: a packet number of a level is sealed once with its keys; the core
 * never gives one out twice, and a batch that fails is not sent, so its numbers
 * are lost, not used again. The packets of a batch are of one generation of keys, and
 * a batch of an older one than the batch before it does not exist.
 *
 * Not here: when keys are updated (core/keyphase.c).
 */
#include "packet.h"

#define HDR_LONG		0x80
#define HDR_LONG_PROTECTED	0x0f
#define HDR_SHORT_PROTECTED	0x1f

/* Bytes of header and prefix that are put in front of a piece. */
#define BORROW_MIN		24
#define BORROW_MAX		48

/*
 * Copy the first bytes of the pieces behind the prefix, where their ciphertext is
 * to be: as many as make it a multiple of @chunk. @skip counts them by piece.
 * Return: bytes of header, prefix and copies.
 */
static u32 copy_front(const struct quic_tx_pkt *p, u32 chunk, u32 *skip)
{
	u32 front = p->hdr_len + p->prefix_len, want = -p->prefix_len & (chunk - 1);
	u32 i, n;

	if (likely(!want))
		return front;
	for (i = 0; want && i < p->n_pieces; i++) {
		n = min(want, p->piece[i].len);
		memcpy(p->buf + front, p->piece[i].data, n);
		front += n;
		want -= n;
		skip[i] = n;
	}
	return front;
}

/*
 * All of the input in one part, in front of and in the only piece. The bytes there go to
 * @saved. Return: it could be done.
 */
static bool borrow_front(struct quic_creq *q, const struct quic_tx_pkt *p, u8 *saved)
{
	u32 front = p->hdr_len + p->prefix_len;
	u8 *data = (u8 *)p->piece[0].data;

	if (p->n_pieces != 1 || p->piece[0].before < BORROW_MAX || front > BORROW_MAX ||
	    front < BORROW_MIN)
		return false;
	memcpy(saved, data - BORROW_MAX, BORROW_MAX);
	/* in two parts, of a length that the compiler knows: no call */
	BUILD_BUG_ON(BORROW_MAX > 2 * BORROW_MIN);
	memcpy(data - front, p->buf, BORROW_MIN);
	memcpy(data - BORROW_MIN, p->buf + front - BORROW_MIN, BORROW_MIN);
	sg_set_buf(q->src, data - front, front + p->piece[0].len);
	quic_creq_end(q, 1);
	return true;
}

/* In parts, as they lie. */
static void seal_parts(struct quic_creq *q, const struct quic_tx_pkt *p, u32 chunk)
{
	u32 n = 0, skip[QUIC_TX_PIECES_MAX] = {}, i;

	sg_set_buf(&q->src[n++], p->buf, copy_front(p, chunk, skip));
	for (i = 0; i < p->n_pieces; i++)
		if (skip[i] < p->piece[i].len)
			sg_set_buf(&q->src[n++], p->piece[i].data + skip[i],
				   p->piece[i].len - skip[i]);
	quic_creq_end(q, n);
}

/* What is to be sealed is as long as it has to be: else the core is confused. */
static bool fits(const struct quic_tx_pkt *p)
{
	u32 len = p->hdr_len + p->prefix_len + QUIC_TAG_LEN, i;

	for (i = 0; i < p->n_pieces; i++)
		len += p->piece[i].len;
	return !WARN_ON_ONCE(len != p->len);
}

static int seal_payload(const struct quic_keys *keys, const struct quic_tx_pkt *p)
{
	struct quic_creq *q = quic_creq_aead();
	struct quic_aead_op op = {
		.keys = keys,
		.pn = p->pn,
		.assoclen = p->hdr_len,
		.cryptlen = p->len - p->hdr_len - QUIC_TAG_LEN,
	};
	u8 saved[BORROW_MAX];
	bool borrowed;
	int err;

	if (!q)
		return -ENOMEM;
	if (!fits(p))
		return -EINVAL;
	op.src = q->src;
	op.dst = q->src;
	if (!p->n_pieces) {
		sg_set_buf(q->src, p->buf, p->len);
		quic_creq_end(q, 1);
		return quic_aead_run(&op, true);
	}
	op.dst = q->dst;
	sg_set_buf(q->dst, p->buf, p->len);
	borrowed = borrow_front(q, p, saved);
	if (!borrowed)
		seal_parts(q, p, keys->cipher->chunk);
	err = quic_aead_run(&op, true);
	if (borrowed)
		memcpy((u8 *)p->piece[0].data - BORROW_MAX, saved, BORROW_MAX);
	return err;
}

/*
 * Without a branch on the number's length, which may not show in time (RFC 9001 9.5):
 * the bytes behind a short one are masked with zeros.
 */
static void protect(const struct quic_tx_pkt *p, const u8 *mask)
{
	u8 *pn = p->buf + p->pn_off;
	u32 keep = U32_MAX >> 8 * (QUIC_PN_MAX_LEN - p->pn_len);

	p->buf[0] ^= mask[0] & (p->buf[0] & HDR_LONG ? HDR_LONG_PROTECTED :
						       HDR_SHORT_PROTECTED);
	put_unaligned_le32(get_unaligned_le32(pn) ^ (get_unaligned_le32(mask + 1) & keep), pn);
}

/*
 * The keys of a packet. The core may have gone on to the next generation when it
 * began the batch; those keys are there, or it would not have.
 */
static const struct quic_keys *seal_keys(struct quic_sock *qs, const struct quic_tx_pkt *p)
{
	struct quic_keys **slot;

	if (WARN_ON_ONCE(p->level >= QUIC_CRYPTO_LEVELS))
		return NULL;
	slot = &qs->keys_tx[p->level];
	if (WARN_ON_ONCE(!*slot))
		return NULL;
	if (unlikely((*slot)->gen != p->key_gen))
		quic_phase_switch_tx(slot);
	return WARN_ON_ONCE((*slot)->gen != p->key_gen) ? NULL : *slot;
}

/* Header protection of all packets of one level. */
static int protect_level(const struct quic_keys *keys, const struct quic_tx_batch *batch,
			 u8 level)
{
	struct quic_creq *q = quic_creq_hp();
	const struct quic_tx_pkt *p;
	u32 n = 0, i;
	int err;

	if (!q)
		return -ENOMEM;
	for (i = 0; i < batch->n; i++) {
		p = &batch->pkt[i];
		if (p->level == level)
			memcpy(q->block + QUIC_HP_SAMPLE_LEN * n++,
			       p->buf + p->pn_off + QUIC_PN_MAX_LEN, QUIC_HP_SAMPLE_LEN);
	}
	err = quic_hp_run(keys, n);
	if (err)
		return err;
	for (i = 0, n = 0; i < batch->n; i++)
		if (batch->pkt[i].level == level)
			protect(&batch->pkt[i], q->block + QUIC_HP_SAMPLE_LEN * n++);
	return 0;
}

int quic_seal(struct sock *sk, struct quic_tx_batch *batch)
{
	struct quic_sock *qs = quic_sk(sk);
	const struct quic_keys *keys;
	u32 levels = 0, level, i;
	int err = 0;

	BUILD_BUG_ON(QUIC_TX_PKTS_MAX > QUIC_RX_SLICES);	/* of block */
	BUILD_BUG_ON(1 + QUIC_TX_PIECES_MAX > QUIC_SG_MAX);
	for (i = 0; !err && i < batch->n; i++) {
		keys = seal_keys(qs, &batch->pkt[i]);
		if (!keys)
			return -EINVAL;
		levels |= BIT(batch->pkt[i].level);
		err = seal_payload(keys, &batch->pkt[i]);
	}
	for (level = 0; !err && level < QUIC_CRYPTO_LEVELS; level++)
		if (levels & BIT(level))
			err = protect_level(qs->keys_tx[level], batch, level);
	if (err == -EINPROGRESS)
		quic_mib_inc(sock_net(sk), CryptoAsync);
	return err;
}
