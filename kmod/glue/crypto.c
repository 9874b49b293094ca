// SPDX-License-Identifier: GPL-2.0
/*
 * Transforms and requests of the kernel's crypto API: which driver, whose memory,
 * and what happens when a driver answers later.
 *
 * Drivers. On 6.1 and 6.12 the fastest AEADs are registered as asynchronous: a
 * wrapper that works at once where SIMD may be used, and through a kernel thread
 * where not. To ask for synchronous ones only would select code 15 times slower.
 * So the module asks for the best when it loads, tries that it answers at once in
 * process context with BH off, and falls back to synchronous drivers only where it
 * does not (a crypto engine). Keys are then made with the driver by its own name:
 * one that is loaded later, perhaps slower to answer, is not picked up, and nobody
 * requests modules in softirq.
 *
 * Requests. Each CPU has two, one for the AEAD and one for header protection,
 * with all that a request points at; used with BH off and done when the function
 * that uses them returns. Callers look at crypto_simd_usable() before.
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
 * Not here: which key for which packet (open.c, seal.c), key update.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/slab.h>
#include <linux/mm.h>
#include <linux/tls.h>
#include <linux/wait_bit.h>

#include "packet.h"
#include "../compat/crypto.h"

static const struct quic_cipher quic_ciphers[] = {
	{
		.id = TLS_CIPHER_AES_GCM_128,
		.name = "AES-128-GCM",
		.aead = "gcm(aes)",
		.hp = "ecb(aes)",
		.hash = "hmac(sha256)",
		.key_len = 16,
		.secret_len = 32,
	},
};

/* Of each row above: transforms that name the drivers and keep them loaded. */
struct crypto_driver {
	struct crypto_aead *aead;
	struct crypto_skcipher *hp;
};

struct crypto_pcpu {
	struct quic_creq *aead;
	struct quic_creq *hp;
};

static struct crypto_driver crypto_drivers[ARRAY_SIZE(quic_ciphers)];
static DEFINE_PER_CPU(struct crypto_pcpu, crypto_pcpu);
static unsigned int crypto_req_size;	/* of any request of any driver */
static struct workqueue_struct *crypto_wq;
static atomic_t creqs_given_up;		/* module exit waits for them */

/* ---- requests ---- */

static struct quic_creq *creq_alloc(gfp_t gfp)
{
	return kzalloc(sizeof(struct quic_creq) + crypto_req_size, gfp | __GFP_NOWARN);
}

struct quic_creq *quic_creq_aead(void)
{
	struct crypto_pcpu *c = this_cpu_ptr(&crypto_pcpu);

	if (unlikely(!c->aead))
		c->aead = creq_alloc(GFP_ATOMIC);
	return c->aead;
}

struct quic_creq *quic_creq_hp(void)
{
	struct crypto_pcpu *c = this_cpu_ptr(&crypto_pcpu);

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
	struct quic_creq **slot = this_cpu_ptr(&crypto_pcpu.aead);
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

int quic_hp_run(const struct quic_keys *keys, u32 n)
{
	struct quic_creq **slot = this_cpu_ptr(&crypto_pcpu.hp);
	struct skcipher_request *req = (void *)(*slot)->req;
	struct scatterlist *sg = (*slot)->src;
	int err;

	sg_init_one(sg, (*slot)->block, n * QUIC_HP_SAMPLE_LEN);
	skcipher_request_set_tfm(req, keys->hp);
	skcipher_request_set_callback(req, 0, creq_complete, *slot);
	skcipher_request_set_crypt(req, sg, sg, n * QUIC_HP_SAMPLE_LEN, NULL);
	err = crypto_skcipher_encrypt(req);
	if (likely(err != -EINPROGRESS))
		return err;
	return creq_give_up(slot, NULL, false);
}

/* ---- keys ---- */

const struct quic_cipher *quic_cipher_find(u32 id)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(quic_ciphers); i++)
		if (quic_ciphers[i].id == id)
			return &quic_ciphers[i];
	return NULL;
}

const char *quic_crypto_driver(const struct quic_cipher *cipher)
{
	const struct crypto_driver *d = &crypto_drivers[cipher - quic_ciphers];

	return crypto_tfm_alg_driver_name(crypto_aead_tfm(d->aead));
}

/* Transforms without keys. On failure keys_destroy() takes what there is. */
static int keys_alloc(struct quic_keys *keys)
{
	const struct crypto_driver *d = &crypto_drivers[keys->cipher - quic_ciphers];
	struct crypto_skcipher *hp;
	struct crypto_aead *aead;

	aead = crypto_alloc_aead(crypto_tfm_alg_driver_name(crypto_aead_tfm(d->aead)), 0, 0);
	if (IS_ERR(aead))
		return PTR_ERR(aead);
	keys->aead = aead;
	hp = crypto_alloc_skcipher(crypto_tfm_alg_driver_name(crypto_skcipher_tfm(d->hp)), 0, 0);
	if (IS_ERR(hp))
		return PTR_ERR(hp);
	keys->hp = hp;
	if (WARN_ON_ONCE(sizeof(struct aead_request) + crypto_aead_reqsize(aead) >
			 crypto_req_size ||
			 sizeof(struct skcipher_request) + crypto_skcipher_reqsize(hp) >
			 crypto_req_size))
		return -EINVAL;
	return crypto_aead_setauthsize(aead, QUIC_TAG_LEN);
}

static int keys_derive(struct quic_keys *keys, const struct quic_kdf_labels *labels,
		       const u8 *secret)
{
	const struct quic_cipher *c = keys->cipher;
	struct crypto_shash *tfm;
	u8 key[32];
	int err;

	tfm = quic_hkdf_open(c->hash, secret, c->secret_len);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = quic_hkdf_label(tfm, labels->key, key, c->key_len) ?:
	      crypto_aead_setkey(keys->aead, key, c->key_len) ?:
	      quic_hkdf_label(tfm, labels->hp, key, c->key_len) ?:
	      crypto_skcipher_setkey(keys->hp, key, c->key_len) ?:
	      quic_hkdf_label(tfm, labels->iv, keys->iv, QUIC_IV_LEN);
	memzero_explicit(key, sizeof(key));
	crypto_free_shash(tfm);
	return err;
}

static void keys_destroy(struct quic_keys *keys)
{
	crypto_free_aead(keys->aead);
	crypto_free_skcipher(keys->hp);
	kfree_sensitive(keys);
}

struct quic_keys *quic_keys_create(const struct quic_cipher *cipher, u32 version,
				   const u8 *secret)
{
	const struct quic_kdf_labels *labels = quic_kdf_labels(version);
	struct quic_keys *keys;
	int err;

	if (!labels)
		return ERR_PTR(-EINVAL);
	keys = kzalloc(sizeof(*keys), GFP_KERNEL);
	if (!keys)
		return ERR_PTR(-ENOMEM);
	keys->cipher = cipher;
	err = keys_alloc(keys) ?: keys_derive(keys, labels, secret);
	if (!err)
		return keys;
	keys_destroy(keys);
	return ERR_PTR(err);
}

static void keys_free_work(struct work_struct *work)
{
	keys_destroy(container_of(to_rcu_work(work), struct quic_keys, rwork));
}

void quic_keys_free(struct quic_keys *keys)
{
	if (!keys)
		return;
	INIT_RCU_WORK(&keys->rwork, keys_free_work);
	queue_rcu_work(crypto_wq, &keys->rwork);
}

/* ---- module init and exit ---- */

/* Does it answer at once with BH off? Return: 1 yes, 0 no, -errno. */
static int probe_aead(struct crypto_aead *tfm, u32 key_len)
{
	static const u8 zeros[32];
	u8 iv[QUIC_IV_LEN] = {};
	DECLARE_CRYPTO_WAIT(wait);
	struct aead_request *req;
	struct scatterlist sg;
	int err, now;
	u8 *buf;

	req = aead_request_alloc(tfm, GFP_KERNEL);
	buf = kzalloc(64 + QUIC_TAG_LEN, GFP_KERNEL);
	err = !req || !buf ? -ENOMEM : 0;
	err = err ?: crypto_aead_setkey(tfm, zeros, key_len) ?:
		     crypto_aead_setauthsize(tfm, QUIC_TAG_LEN);
	if (err)
		goto out;
	sg_init_one(&sg, buf, 64 + QUIC_TAG_LEN);
	aead_request_set_callback(req, 0, crypto_req_done, &wait);
	aead_request_set_crypt(req, &sg, &sg, 64, iv);
	aead_request_set_ad(req, 0);
	local_bh_disable();
	now = crypto_aead_encrypt(req);
	local_bh_enable();
	err = crypto_wait_req(now, &wait) ?: !now;
out:
	kfree(buf);
	aead_request_free(req);
	return err;
}

/* The same for header protection. */
static int probe_hp(struct crypto_skcipher *tfm, u32 key_len)
{
	static const u8 zeros[32];
	struct skcipher_request *req;
	DECLARE_CRYPTO_WAIT(wait);
	struct scatterlist sg;
	int err, now;
	u8 *buf;

	req = skcipher_request_alloc(tfm, GFP_KERNEL);
	buf = kzalloc(QUIC_HP_SAMPLE_LEN, GFP_KERNEL);
	err = !req || !buf ? -ENOMEM : crypto_skcipher_setkey(tfm, zeros, key_len);
	if (err)
		goto out;
	sg_init_one(&sg, buf, QUIC_HP_SAMPLE_LEN);
	skcipher_request_set_callback(req, 0, crypto_req_done, &wait);
	skcipher_request_set_crypt(req, &sg, &sg, QUIC_HP_SAMPLE_LEN, NULL);
	local_bh_disable();
	now = crypto_skcipher_encrypt(req);
	local_bh_enable();
	err = crypto_wait_req(now, &wait) ?: !now;
out:
	kfree(buf);
	skcipher_request_free(req);
	return err;
}

static int driver_open_aead(struct crypto_driver *d, const struct quic_cipher *c, u32 mask)
{
	struct crypto_aead *tfm = crypto_alloc_aead(c->aead, 0, mask);
	int ret;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	ret = probe_aead(tfm, c->key_len);
	if (ret == 1) {
		d->aead = tfm;
		return 0;
	}
	crypto_free_aead(tfm);
	if (ret || mask)
		return ret ?: -EINVAL;
	return driver_open_aead(d, c, CRYPTO_ALG_ASYNC);
}

static int driver_open_hp(struct crypto_driver *d, const struct quic_cipher *c, u32 mask)
{
	struct crypto_skcipher *tfm = crypto_alloc_skcipher(c->hp, 0, mask);
	int ret;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	ret = probe_hp(tfm, c->key_len);
	if (ret == 1) {
		d->hp = tfm;
		return 0;
	}
	crypto_free_skcipher(tfm);
	if (ret || mask)
		return ret ?: -EINVAL;
	return driver_open_hp(d, c, CRYPTO_ALG_ASYNC);
}

static int driver_open(struct crypto_driver *d, const struct quic_cipher *c)
{
	int err = driver_open_aead(d, c, 0) ?: driver_open_hp(d, c, 0);
	unsigned int size;

	if (err) {
		pr_err("%s: no usable %s or %s in this kernel: %d\n", c->name, c->aead,
		       c->hp, err);
		return err;
	}
	size = max(sizeof(struct aead_request) + crypto_aead_reqsize(d->aead),
		   sizeof(struct skcipher_request) + crypto_skcipher_reqsize(d->hp));
	crypto_req_size = max(crypto_req_size, size);
	pr_info("%s: %s, header protection %s\n", c->name,
		crypto_tfm_alg_driver_name(crypto_aead_tfm(d->aead)),
		crypto_tfm_alg_driver_name(crypto_skcipher_tfm(d->hp)));
	return 0;
}

static int creqs_alloc(void)
{
	struct crypto_pcpu *c;
	int cpu;

	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(&crypto_pcpu, cpu);
		c->aead = creq_alloc(GFP_KERNEL);
		c->hp = creq_alloc(GFP_KERNEL);
		if (!c->aead || !c->hp)
			return -ENOMEM;
	}
	return 0;
}

/**
 * quic_crypto_init - check the key derivation, open drivers, make requests
 * Context: module init, may sleep and load modules. Return: 0 or -errno; nothing
 * is left behind then.
 */
int quic_crypto_init(void)
{
	int err = quic_kdf_selftest();
	u32 i;

	if (err) {
		pr_err("key derivation gives wrong answers: %d\n", err);
		return err;
	}
	crypto_wq = alloc_workqueue("quicsock_keys", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	err = crypto_wq ? 0 : -ENOMEM;
	for (i = 0; !err && i < ARRAY_SIZE(quic_ciphers); i++)
		err = driver_open(&crypto_drivers[i], &quic_ciphers[i]);
	err = err ?: creqs_alloc();
	if (err)
		quic_crypto_exit();
	return err;
}

/**
 * quic_crypto_exit - free it all, keys in their grace period included
 * Context: process; no packet is opened or sealed any more.
 */
void quic_crypto_exit(void)
{
	struct crypto_pcpu *c;
	int cpu;
	u32 i;

	rcu_barrier();		/* queue_rcu_work() ends in the workqueue */
	if (crypto_wq)
		destroy_workqueue(crypto_wq);
	crypto_wq = NULL;
	wait_var_event(&creqs_given_up, !atomic_read(&creqs_given_up));
	synchronize_rcu();	/* completions run with BH off: the last one is out */
	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(&crypto_pcpu, cpu);
		kfree_sensitive(c->aead);
		kfree_sensitive(c->hp);
		c->aead = NULL;
		c->hp = NULL;
	}
	for (i = 0; i < ARRAY_SIZE(quic_ciphers); i++) {
		crypto_free_aead(crypto_drivers[i].aead);
		crypto_free_skcipher(crypto_drivers[i].hp);
		crypto_drivers[i] = (struct crypto_driver){};
	}
}

/* Loaded before us by modprobe, so that the first transform is the best one. */
MODULE_SOFTDEP("pre: aesni-intel");
