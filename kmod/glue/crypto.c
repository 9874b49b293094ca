// SPDX-License-Identifier: GPL-2.0
/*
 * Transforms of the kernel's crypto API: which ciphers there are, which drivers do
 * them, and the keys of a connection.
 *
 * Drivers. On 6.1 and 6.12 the fastest AEADs are registered as asynchronous: a
 * wrapper that works at once where SIMD may be used, and through a kernel thread
 * where not. To ask for synchronous ones only would select code 15 times slower.
 * So the module asks for the best when it loads, tries that it answers at once in
 * process context with BH off, and falls back to synchronous drivers only where it
 * does not (a crypto engine). Keys are then made with the driver by its own name:
 * one that is loaded later, perhaps slower to answer, is not picked up, and nobody
 * requests modules in softirq. A kernel without AES-128-GCM cannot do QUIC (Initial
 * packets use it); any other cipher that it lacks is not offered.
 *
 * Not here: requests (creq.c), which key for which packet (open.c, seal.c), the
 * generations of a connection (phase.c).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/slab.h>
#include <linux/quic_hs.h>
#include <linux/tls.h>

#include "packet.h"

#define DRIVER_TRIES	3

static const struct quic_cipher quic_ciphers[] = {
	{
		.id = TLS_CIPHER_AES_GCM_128,
		.name = "AES-128-GCM",
		.aead = "gcm(aes)",
		.hp = "ecb(aes)",
		.hash = "hmac(sha256)",
		.key_len = 16,
		.secret_len = 32,
		.chunk = 16,
		.confidentiality_limit = 1ULL << 23,
		.confidentiality_limit_2k = 1ULL << 28,
		.integrity_limit = 1ULL << 52,
	}, {
		.id = TLS_CIPHER_AES_GCM_256,
		.name = "AES-256-GCM",
		.aead = "gcm(aes)",
		.hp = "ecb(aes)",
		.hash = "hmac(sha384)",
		.key_len = 32,
		.secret_len = 48,
		.chunk = 16,
		.confidentiality_limit = 1ULL << 23,
		.confidentiality_limit_2k = 1ULL << 28,
		.integrity_limit = 1ULL << 52,
	}, {
		.id = TLS_CIPHER_CHACHA20_POLY1305,
		.name = "ChaCha20-Poly1305",
		.aead = "rfc7539(chacha20,poly1305)",
		.hash = "hmac(sha256)",
		.key_len = 32,
		.secret_len = 32,
		.chunk = 64,
		/* more than there are packet numbers: none */
		.confidentiality_limit = 1ULL << 62,
		.confidentiality_limit_2k = 1ULL << 62,
		.integrity_limit = 1ULL << 36,
	},
};

/*
 * Of each row above: transforms that name the drivers and keep them loaded. No
 * @aead: this kernel does not have the cipher. No @hp: the cipher needs none.
 */
struct crypto_driver {
	struct crypto_aead *aead;
	struct crypto_skcipher *hp;
	struct crypto_shash *hash;
};

static struct crypto_driver crypto_drivers[ARRAY_SIZE(quic_ciphers)];
static unsigned int crypto_req_size;	/* of any request of any driver */
static struct workqueue_struct *crypto_wq;

/* ---- keys ---- */

static unsigned int aead_req_size(struct crypto_aead *tfm)
{
	return sizeof(struct aead_request) + crypto_aead_reqsize(tfm);
}

static unsigned int hp_req_size(struct crypto_skcipher *tfm)
{
	return sizeof(struct skcipher_request) + crypto_skcipher_reqsize(tfm);
}

const struct quic_cipher *quic_cipher_find(u32 id)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(quic_ciphers); i++)
		if (quic_ciphers[i].id == id && crypto_drivers[i].aead)
			return &quic_ciphers[i];
	return NULL;
}

u32 quic_cipher_mask(void)
{
	u32 mask = 0, i;

	for (i = 0; i < ARRAY_SIZE(quic_ciphers); i++)
		if (crypto_drivers[i].aead)
			mask |= QUIC_HS_CIPHER_BIT(quic_ciphers[i].id);
	return mask;
}

const char *quic_crypto_driver(const struct quic_cipher *cipher)
{
	const struct crypto_driver *d = &crypto_drivers[cipher - quic_ciphers];

	return crypto_tfm_alg_driver_name(crypto_aead_tfm(d->aead));
}

static int keys_alloc_aead(struct quic_keys *keys, const struct crypto_driver *d)
{
	struct crypto_aead *tfm;

	tfm = crypto_alloc_aead(crypto_tfm_alg_driver_name(crypto_aead_tfm(d->aead)), 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	keys->aead = tfm;
	if (WARN_ON_ONCE(aead_req_size(tfm) > crypto_req_size))
		return -EINVAL;
	return crypto_aead_setauthsize(tfm, QUIC_TAG_LEN);
}

static void hp_put(struct quic_hp *hp)
{
	if (!hp || !refcount_dec_and_test(&hp->refs))
		return;
	crypto_free_skcipher(hp->tfm);
	kfree_sensitive(hp);
}

/* Without a key. On failure keys_destroy() takes what there is. */
static int keys_alloc_hp(struct quic_keys *keys, const struct crypto_driver *d)
{
	struct crypto_skcipher *tfm;

	keys->hp = quic_may_fail(QUIC_FAIL_KEYS, kzalloc(sizeof(*keys->hp), GFP_KERNEL));
	if (!keys->hp)
		return -ENOMEM;
	refcount_set(&keys->hp->refs, 1);
	if (!d->hp)
		return 0;
	tfm = crypto_alloc_skcipher(crypto_tfm_alg_driver_name(crypto_skcipher_tfm(d->hp)), 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	keys->hp->tfm = tfm;
	return WARN_ON_ONCE(hp_req_size(tfm) > crypto_req_size) ? -EINVAL : 0;
}

/* Transforms without keys; header protection is @hp or a new one. */
static int keys_alloc(struct quic_keys *keys, struct quic_hp *hp)
{
	const struct crypto_driver *d = &crypto_drivers[keys->cipher - quic_ciphers];
	int err;

	if (quic_fail(QUIC_FAIL_KEYS))
		return -ENOMEM;
	err = keys_alloc_aead(keys, d);
	if (err || !hp)
		return err ?: keys_alloc_hp(keys, d);
	refcount_inc(&hp->refs);
	keys->hp = hp;
	return 0;
}

static int set_hp_key(struct quic_keys *keys, const u8 *key)
{
	struct quic_hp *hp = keys->hp;
	u32 i;

	if (hp->tfm)
		return crypto_skcipher_setkey(hp->tfm, key, keys->cipher->key_len);
	for (i = 0; i < ARRAY_SIZE(hp->chacha); i++)
		hp->chacha[i] = get_unaligned_le32(key + 4 * i);
	return 0;
}

/* RFC 9001 5.1; 6.1: later generations keep the first one's header protection. */
static int keys_derive(struct quic_keys *keys, const struct quic_kdf_labels *labels,
		       const u8 *secret)
{
	const struct quic_cipher *c = keys->cipher;
	struct crypto_shash *tfm;
	u8 key[QUIC_KEY_MAX_LEN];
	int err;

	tfm = quic_hkdf_open(c->hash, secret, c->secret_len);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = quic_hkdf_label(tfm, labels->key, key, c->key_len) ?:
	      crypto_aead_setkey(keys->aead, key, c->key_len) ?:
	      quic_hkdf_label(tfm, labels->iv, keys->iv, QUIC_IV_LEN);
	if (!err && !keys->gen)
		err = quic_hkdf_label(tfm, labels->hp, key, c->key_len) ?:
		      set_hp_key(keys, key);
	memzero_explicit(key, sizeof(key));
	crypto_free_shash(tfm);
	return err;
}

static void keys_destroy(struct quic_keys *keys)
{
	crypto_free_aead(keys->aead);
	hp_put(keys->hp);
	kfree_sensitive(keys);
}

static struct quic_keys *keys_make(const struct quic_keys_seed *seed)
{
	const struct quic_kdf_labels *labels = quic_kdf_labels(seed->version);
	struct quic_keys *keys;
	int err;

	if (!labels)
		return ERR_PTR(-EINVAL);
	keys = quic_may_fail(QUIC_FAIL_KEYS, kzalloc(sizeof(*keys), GFP_KERNEL));
	if (!keys)
		return ERR_PTR(-ENOMEM);
	keys->cipher = seed->cipher;
	keys->version = seed->version;
	keys->gen = seed->gen;
	err = keys_alloc(keys, seed->hp) ?: keys_derive(keys, labels, seed->secret);
	if (!err)
		return keys;
	keys_destroy(keys);
	return ERR_PTR(err);
}

struct quic_keys *quic_keys_create(const struct quic_cipher *cipher, u32 version,
				   const u8 *secret)
{
	struct quic_keys_seed seed = { .cipher = cipher, .version = version };
	struct quic_keys *keys;

	memcpy(seed.secret, secret, cipher->secret_len);
	keys = keys_make(&seed);
	memzero_explicit(&seed, sizeof(seed));
	return keys;
}

int quic_keys_derive_next(struct quic_keys *keys, const u8 *secret)
{
	const struct quic_cipher *c = keys->cipher;

	return quic_hkdf_expand_label(c->hash, secret, c->secret_len,
				      quic_kdf_labels(keys->version)->ku,
				      keys->next_secret, c->secret_len);
}

struct quic_keys *quic_keys_grow(const struct quic_keys_seed *seed)
{
	struct quic_keys *keys = keys_make(seed);
	int err;

	if (IS_ERR(keys))
		return keys;
	err = quic_keys_derive_next(keys, seed->secret);
	if (!err)
		return keys;
	keys_destroy(keys);
	return ERR_PTR(err);
}

void quic_keys_seed_drop(struct quic_keys_seed *seed)
{
	hp_put(seed->hp);
	memzero_explicit(seed, sizeof(*seed));
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

static int driver_open_hash(struct crypto_driver *d, const struct quic_cipher *c)
{
	struct crypto_shash *tfm = crypto_alloc_shash(c->hash, 0, 0);

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	d->hash = tfm;
	return crypto_shash_digestsize(tfm) == c->secret_len ? 0 : -EINVAL;
}

static void driver_close(struct crypto_driver *d)
{
	crypto_free_aead(d->aead);
	crypto_free_skcipher(d->hp);
	crypto_free_shash(d->hash);
	*d = (struct crypto_driver){};
}

static int driver_open(struct crypto_driver *d, const struct quic_cipher *c)
{
	const char *hp = "chacha20 blocks";
	unsigned int size = 0;
	int err;

	err = driver_open_hash(d, c) ?: driver_open_aead(d, c, 0);
	if (!err && c->hp)
		err = driver_open_hp(d, c, 0);
	if (err) {
		driver_close(d);
		return err;
	}
	if (d->hp) {
		size = hp_req_size(d->hp);
		hp = crypto_tfm_alg_driver_name(crypto_skcipher_tfm(d->hp));
	}
	size = max(size, aead_req_size(d->aead));
	crypto_req_size = max(crypto_req_size, size);
	pr_info("%s: %s, header protection %s\n", c->name,
		crypto_tfm_alg_driver_name(crypto_aead_tfm(d->aead)), hp);
	return 0;
}

/*
 * The first use of an algorithm waits for the kernel's tests of it, a minute at most:
 * on a machine that is slower than that they are over the next time.
 */
static int driver_open_patiently(struct crypto_driver *d, const struct quic_cipher *c)
{
	int err, tries;

	for (tries = 0; tries < DRIVER_TRIES; tries++) {
		err = driver_open(d, c);
		if (err != -ETIMEDOUT)
			break;
	}
	return err;
}

/* Only the first one, of Initial packets, is needed by every connection. */
static int drivers_open(void)
{
	int err;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(quic_ciphers); i++) {
		err = driver_open_patiently(&crypto_drivers[i], &quic_ciphers[i]);
		if (!err)
			continue;
		if (!i) {
			pr_err("%s: not usable in this kernel: %pe; modules gcm, ctr, ecb and an AES?\n",
			       quic_ciphers[i].name, ERR_PTR(err));
			return err;
		}
		pr_warn("%s is not offered: no %s, %s and %s in this kernel: %pe\n",
			quic_ciphers[i].name, quic_ciphers[i].aead,
			quic_ciphers[i].hp ?: "ChaCha20", quic_ciphers[i].hash, ERR_PTR(err));
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

	if (err)
		return err;
	crypto_wq = alloc_workqueue("quicsock_keys", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	err = crypto_wq ? 0 : -ENOMEM;
	err = err ?: drivers_open() ?: quic_creqs_init(crypto_req_size);
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
	u32 i;

	rcu_barrier();		/* queue_rcu_work() ends in the workqueue */
	if (crypto_wq)
		destroy_workqueue(crypto_wq);
	crypto_wq = NULL;
	quic_creqs_exit();
	for (i = 0; i < ARRAY_SIZE(quic_ciphers); i++)
		driver_close(&crypto_drivers[i]);
}

/* Loaded before us by modprobe, so that the first transform is the best one. */
MODULE_SOFTDEP("pre: aesni-intel");
