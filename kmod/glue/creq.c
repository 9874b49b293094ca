// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of the kernel's crypto API: whose memory they are, and what happens when
 * a driver answers later.
 *
 * Each CPU has two, one for the AEAD and one for header protection, with all that a
 * request points at; used with BH off and done when the function that uses them
 * returns. Callers look at crypto_simd_usable() before.
 *
 * Should a driver answer -EINPROGRESS all the same, it owns the request and what
 * that points at until its completion. Then the CPU gives the request up and gets
 * a new one, the packet counts as lost, and what the request reads and writes is
 * kept: pages by reference, an skb's head through the skb. Source bytes in slab
 * memory cannot be kept that way and may be freed meanwhile: they are read, and
 * the result goes into pages that nobody will look at.
 *
 *   submitter: -EINPROGRESS, takes references, parties++  \  whoever makes it 2
 *   completion:                               parties++  /   drops and frees
 *
 * Not here: transforms and keys (crypto.c).
 */
#include <linux/slab.h>
#include <linux/mm.h>
#include <linux/wait_bit.h>

#include "packet.h"
#include "../compat/chacha.h"
#include "../compat/crypto.h"

struct creq_pcpu {
	struct quic_creq *aead;
	struct quic_creq *hp;
};

static DEFINE_PER_CPU(struct creq_pcpu, creq_pcpu);
static unsigned int creq_size;		/* of any request of any driver */
static atomic_t creqs_given_up;		/* module exit waits for them */

static struct quic_creq *creq_alloc(gfp_t gfp)
{
	struct quic_creq *q = quic_may_fail(QUIC_FAIL_KEYS,
					    kzalloc(sizeof(*q) + creq_size, gfp | __GFP_NOWARN));

	if (!q)
		return NULL;
	sg_init_table(q->src, QUIC_SG_MAX);
	q->end = QUIC_SG_MAX - 1;
	sg_init_table(q->dst, 1);
	return q;
}

struct quic_creq *quic_creq_aead(void)
{
	struct creq_pcpu *c = this_cpu_ptr(&creq_pcpu);

	if (unlikely(!c->aead))
		c->aead = creq_alloc(GFP_ATOMIC);
	return c->aead;
}

struct quic_creq *quic_creq_hp(void)
{
	struct creq_pcpu *c = this_cpu_ptr(&creq_pcpu);

	if (unlikely(!c->hp))
		c->hp = creq_alloc(GFP_ATOMIC);
	return c->hp;
}

static u32 creq_hold_pages(struct scatterlist *sg)
{
	u32 held = 0, i;

	for (i = 0; sg; sg = sg_next(sg), i++) {
		struct page *page = compound_head(sg_page(sg));

		if (PageSlab(page))
			continue;
		get_page(page);
		held |= BIT(i);
	}
	return held;
}

static void creq_put_pages(struct scatterlist *sg, u32 held)
{
	for (; held; sg = sg_next(sg), held >>= 1)
		if (held & 1)
			put_page(sg_page(sg));
}

static void creq_party_done(struct quic_creq *q)
{
	if (atomic_inc_return(&q->parties) < 2)
		return;
	creq_put_pages(q->src, q->held_src);
	creq_put_pages(q->dst, q->held_dst);
	kfree_skb(q->skb);
	kfree_sensitive(q);
	if (atomic_dec_and_test(&creqs_given_up))
		wake_up_var(&creqs_given_up);
}

/* Any context; only ever called for requests that became asynchronous. */
static void creq_complete(quic_completion_arg *arg, int err)
{
	if (err != -EINPROGRESS)
		creq_party_done(quic_completion_data(arg));
}

/* The driver keeps @*slot: see at the top. */
static int creq_give_up(struct quic_creq **slot, struct sk_buff *skb, bool has_dst)
{
	struct quic_creq *q = *slot;

	WARN_ONCE(1, "quic: a crypto driver answered asynchronously\n");
	*slot = NULL;
	atomic_inc(&creqs_given_up);
	q->skb = skb ? skb_get(skb) : NULL;
	q->held_src = creq_hold_pages(q->src);
	q->held_dst = has_dst ? creq_hold_pages(q->dst) : 0;
	creq_party_done(q);
	return -EINPROGRESS;
}

int quic_aead_run(const struct quic_aead_op *op, bool seal)
{
	struct quic_creq **slot = this_cpu_ptr(&creq_pcpu.aead);
	struct aead_request *req = (void *)(*slot)->req;
	u8 *iv = (*slot)->iv;
	int err;

	memcpy(iv, op->keys->iv, QUIC_IV_LEN);
	put_unaligned_be64(get_unaligned_be64(iv + QUIC_IV_LEN - 8) ^ op->pn,
			   iv + QUIC_IV_LEN - 8);
	aead_request_set_tfm(req, op->keys->aead);
	aead_request_set_callback(req, 0, creq_complete, *slot);
	aead_request_set_crypt(req, op->src, op->dst, op->cryptlen, iv);
	aead_request_set_ad(req, op->assoclen);
	err = seal ? crypto_aead_encrypt(req) : crypto_aead_decrypt(req);
	/* without CRYPTO_TFM_REQ_MAY_BACKLOG -EBUSY is a refusal like others */
	if (likely(err != -EINPROGRESS))
		return err;
	return creq_give_up(slot, op->skb, op->dst != op->src);
}

/* RFC 9001 5.4.4: the sample is counter and nonce, the mask the block's beginning. */
static void hp_chacha(const struct quic_keys *keys, u8 *block, u32 n)
{
	u8 stream[CHACHA_BLOCK_SIZE];

	for (; n--; block += QUIC_HP_SAMPLE_LEN) {
		quic_chacha20_block(keys->hp->chacha, block, stream);
		memcpy(block, stream, QUIC_HP_MASK_LEN);
	}
	memzero_explicit(stream, sizeof(stream));
}

static int hp_ecb(const struct quic_keys *keys, u32 n)
{
	struct quic_creq **slot = this_cpu_ptr(&creq_pcpu.hp);
	struct skcipher_request *req = (void *)(*slot)->req;
	struct scatterlist *sg = (*slot)->src;
	int err;

	sg_set_buf(sg, (*slot)->block, n * QUIC_HP_SAMPLE_LEN);
	quic_creq_end(*slot, 1);
	skcipher_request_set_tfm(req, keys->hp->tfm);
	skcipher_request_set_callback(req, 0, creq_complete, *slot);
	skcipher_request_set_crypt(req, sg, sg, n * QUIC_HP_SAMPLE_LEN, NULL);
	err = crypto_skcipher_encrypt(req);
	if (likely(err != -EINPROGRESS))
		return err;
	return creq_give_up(slot, NULL, false);
}

int quic_hp_run(const struct quic_keys *keys, u32 n)
{
	if (keys->hp->tfm)
		return hp_ecb(keys, n);
	hp_chacha(keys, quic_creq_hp()->block, n);
	return 0;
}

/* ---- module init and exit ---- */

/**
 * quic_creqs_init - make the requests of every CPU
 * @req_size: bytes of any request of any driver
 * Context: module init, may sleep. Return: 0 or -ENOMEM; quic_creqs_exit() takes
 * what there is.
 */
int quic_creqs_init(unsigned int req_size)
{
	struct creq_pcpu *c;
	int cpu;

	creq_size = req_size;
	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(&creq_pcpu, cpu);
		c->aead = creq_alloc(GFP_KERNEL);
		c->hp = creq_alloc(GFP_KERNEL);
		if (!c->aead || !c->hp)
			return -ENOMEM;
	}
	return 0;
}

/**
 * quic_creqs_exit - free them, given up ones included
 * Context: process; no packet is opened or sealed any more.
 */
void quic_creqs_exit(void)
{
	struct creq_pcpu *c;
	int cpu;

	wait_var_event(&creqs_given_up, !atomic_read(&creqs_given_up));
	synchronize_rcu();	/* completions run with BH off: the last one is out */
	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(&creq_pcpu, cpu);
		kfree_sensitive(c->aead);
		kfree_sensitive(c->hp);
		c->aead = NULL;
		c->hp = NULL;
	}
}
