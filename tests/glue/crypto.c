// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's crypto API over Nettle, as far as kmod/glue uses it.
 *
 * It behaves like the worst driver allowed: input is gathered from the pieces into
 * memory of exactly that size, and a packet that does not authenticate leaves
 * garbage in the output. It also counts what would make the kernel's walks allocate:
 * a chunk that lies in two pieces (glue_slow_walks).
 */
#include <assert.h>
#include <nettle/aes.h>
#include <nettle/chacha.h>
#include <nettle/chacha-poly1305.h>
#include <nettle/gcm.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>

#include "glue_test.h"

#define TAG	16

enum alg {
	GCM_AES,
	CHACHAPOLY,
	ECB_AES,
	HMAC_SHA256,
	HMAC_SHA384,
};

static const struct {
	const char *kind;
	const char *name;
	u32 chunk;
	u32 digest;
} algs[] = {
	[GCM_AES] = { "aead", "gcm(aes)", 16, 0 },
	[CHACHAPOLY] = { "aead", "rfc7539(chacha20,poly1305)", 64, 0 },
	[ECB_AES] = { "skcipher", "ecb(aes)", 16, 0 },
	[HMAC_SHA256] = { "shash", "hmac(sha256)", 0, 32 },
	[HMAC_SHA384] = { "shash", "hmac(sha384)", 0, 48 },
};

struct crypto_tfm {
	struct crypto_tfm *self;	/* what the handles of hash.h and others hold */
	enum alg alg;
	u32 key_len;
	union {
		struct gcm_aes128_ctx gcm128;
		struct gcm_aes256_ctx gcm256;
		struct chacha_poly1305_ctx chachapoly;
		struct aes128_ctx aes128;
		struct aes256_ctx aes256;
		struct hmac_sha256_ctx sha256;
		struct hmac_sha384_ctx sha384;
	} u;
};

const char *glue_missing = "";
u32 glue_slow_walks;
u32 glue_aead_runs;
u32 glue_tfms;

/* ---- transforms ---- */

void *glue_tfm_alloc(const char *kind, const char *name)
{
	struct crypto_tfm *tfm;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(algs); i++)
		if (!strcmp(algs[i].kind, kind) && !strcmp(algs[i].name, name))
			break;
	if (i == ARRAY_SIZE(algs) || !strcmp(name, glue_missing))
		return ERR_PTR(-ENOENT);
	tfm = calloc(1, sizeof(*tfm));
	tfm->self = tfm;
	tfm->alg = i;
	glue_tfms++;
	return tfm;
}

/* A handle is a transform: both begin with the pointer. */
void glue_tfm_free(void *handle)
{
	if (handle)
		glue_tfms--;
	free(handle);
}

const char *glue_tfm_name(const struct crypto_tfm *tfm)
{
	return algs[tfm->alg].name;
}

int glue_aead_setkey(struct crypto_tfm *tfm, const u8 *key, u32 len)
{
	tfm->key_len = len;
	if (tfm->alg == CHACHAPOLY && len == 32)
		chacha_poly1305_set_key(&tfm->u.chachapoly, key);
	else if (tfm->alg == GCM_AES && len == 16)
		gcm_aes128_set_key(&tfm->u.gcm128, key);
	else if (tfm->alg == GCM_AES && len == 32)
		gcm_aes256_set_key(&tfm->u.gcm256, key);
	else
		return -EINVAL;
	return 0;
}

int glue_ecb_setkey(struct crypto_tfm *tfm, const u8 *key, u32 len)
{
	tfm->key_len = len;
	if (len == 16)
		aes128_set_encrypt_key(&tfm->u.aes128, key);
	else if (len == 32)
		aes256_set_encrypt_key(&tfm->u.aes256, key);
	else
		return -EINVAL;
	return 0;
}

int glue_hmac_setkey(struct crypto_tfm *tfm, const u8 *key, u32 len)
{
	if (tfm->alg == HMAC_SHA256)
		hmac_sha256_set_key(&tfm->u.sha256, len, key);
	else
		hmac_sha384_set_key(&tfm->u.sha384, len, key);
	return 0;
}

u32 crypto_shash_digestsize(struct crypto_shash *h)
{
	return algs[h->tfm->alg].digest;
}

int crypto_shash_tfm_digest(struct crypto_shash *h, const u8 *data, u32 len, u8 *out)
{
	struct crypto_tfm *tfm = h->tfm;

	if (tfm->alg == HMAC_SHA256) {
		hmac_sha256_update(&tfm->u.sha256, len, data);
		hmac_sha256_digest(&tfm->u.sha256, 32, out);
	} else {
		hmac_sha384_update(&tfm->u.sha384, len, data);
		hmac_sha384_digest(&tfm->u.sha384, 48, out);
	}
	return 0;
}

/* ---- requests ---- */

/* @assoclen bytes are not walked, @len are. */
static void count_slow(const struct scatterlist *sg, u32 assoclen, u32 len, u32 chunk)
{
	u32 at = 0;

	for (; sg; sg = sg_next(sg)) {
		at += sg->len;
		if (at > assoclen && at - assoclen < len && (at - assoclen) % chunk)
			glue_slow_walks++;
	}
}

static u8 *gather(const struct scatterlist *sg, u32 len)
{
	u8 *flat = malloc(len), *p = flat;
	u32 n;

	for (; len; sg = sg_next(sg), len -= n, p += n) {
		assert(sg);
		n = min(len, sg->len);
		memcpy(p, sg->p, n);
	}
	return flat;
}

static void scatter(const struct scatterlist *sg, u32 skip, const u8 *from, u32 len)
{
	u32 n;

	for (; len; sg = sg_next(sg)) {
		assert(sg);
		if (skip >= sg->len) {
			skip -= sg->len;
			continue;
		}
		n = min(len, sg->len - skip);
		memcpy(sg->p + skip, from, n);
		skip = 0;
		from += n;
		len -= n;
	}
}

#define CRYPT(prefix, ctx) do {						\
	prefix##_update(ctx, assoclen, aad);				\
	if (encrypt)							\
		prefix##_encrypt(ctx, len, text, text);			\
	else								\
		prefix##_decrypt(ctx, len, text, text);			\
	prefix##_digest(ctx, TAG, tag);					\
} while (0)

/* @text is changed in place. */
static void crypt_text(struct crypto_tfm *tfm, const u8 *iv, const u8 *aad, u32 assoclen,
		       u8 *text, u32 len, u8 *tag, bool encrypt)
{
	if (tfm->alg == CHACHAPOLY) {
		chacha_poly1305_set_nonce(&tfm->u.chachapoly, iv);
		CRYPT(chacha_poly1305, &tfm->u.chachapoly);
	} else if (tfm->key_len == 16) {
		gcm_aes128_set_iv(&tfm->u.gcm128, 12, iv);
		CRYPT(gcm_aes128, &tfm->u.gcm128);
	} else {
		gcm_aes256_set_iv(&tfm->u.gcm256, 12, iv);
		CRYPT(gcm_aes256, &tfm->u.gcm256);
	}
}

int glue_aead_run(struct aead_request *req, bool encrypt)
{
	u32 len = req->cryptlen - (encrypt ? 0 : TAG), total = req->assoclen + req->cryptlen;
	u8 *flat = gather(req->src, total), *text = flat + req->assoclen;
	u8 out[TAG];
	int err = 0;

	glue_aead_runs++;
	count_slow(req->src, req->assoclen, len, algs[req->tfm->alg].chunk);
	count_slow(req->dst, req->assoclen, len, algs[req->tfm->alg].chunk);
	crypt_text(req->tfm, req->iv, flat, req->assoclen, text, len, out, encrypt);
	if (encrypt) {
		scatter(req->dst, req->assoclen, text, len);
		scatter(req->dst, req->assoclen + len, out, TAG);
	} else {
		if (!memeql_sec(out, text + len, TAG)) {
			memset(text, 0xdd, len);
			err = -EBADMSG;
		}
		scatter(req->dst, req->assoclen, text, len);
	}
	free(flat);
	return err;
}

int glue_ecb_run(struct aead_request *req)
{
	u8 *flat = gather(req->src, req->cryptlen);

	if (req->tfm->key_len == 16)
		aes128_encrypt(&req->tfm->u.aes128, req->cryptlen, flat, flat);
	else
		aes256_encrypt(&req->tfm->u.aes256, req->cryptlen, flat, flat);
	scatter(req->dst, 0, flat, req->cryptlen);
	free(flat);
	return 0;
}

/* ---- the library's ChaCha20 ---- */

void chacha_init(struct chacha_state *state, const u32 *key, const u8 *iv)
{
	u32 i;

	for (i = 0; i < 8; i++)
		put_unaligned_le32(key[i], &state->x[i]);
	memcpy(&state->x[8], iv, 16);
}

void chacha20_block(struct chacha_state *state, u8 *out)
{
	struct chacha_ctx ctx;

	/* the nonce sets the counter to 0 */
	chacha_set_key(&ctx, (const u8 *)state->x);
	chacha_set_nonce96(&ctx, (const u8 *)&state->x[9]);
	chacha_set_counter32(&ctx, (const u8 *)&state->x[8]);
	memset(out, 0, CHACHA_BLOCK_SIZE);
	chacha_crypt32(&ctx, CHACHA_BLOCK_SIZE, out, out);
}

/* ---- the library's ChaCha20-Poly1305: the nonce's last 8 bytes, little-endian ---- */

static void chachapoly_begin(struct chacha_poly1305_ctx *ctx, const u8 *ad, size_t ad_len,
			     u64 nonce, const u8 *key)
{
	u8 iv[12] = {};

	put_unaligned_le32(nonce, iv + 4);
	put_unaligned_le32(nonce >> 32, iv + 8);
	chacha_poly1305_set_key(ctx, key);
	chacha_poly1305_set_nonce(ctx, iv);
	chacha_poly1305_update(ctx, ad_len, ad);
}

void chacha20poly1305_encrypt(u8 *dst, const u8 *src, size_t len, const u8 *ad,
			      size_t ad_len, u64 nonce, const u8 *key)
{
	struct chacha_poly1305_ctx ctx;

	chachapoly_begin(&ctx, ad, ad_len, nonce, key);
	chacha_poly1305_encrypt(&ctx, len, dst, src);
	chacha_poly1305_digest(&ctx, TAG, dst + len);
}

bool chacha20poly1305_decrypt(u8 *dst, const u8 *src, size_t len, const u8 *ad,
			      size_t ad_len, u64 nonce, const u8 *key)
{
	struct chacha_poly1305_ctx ctx;
	u8 tag[TAG];

	if (len < TAG)
		return false;
	len -= TAG;
	chachapoly_begin(&ctx, ad, ad_len, nonce, key);
	chacha_poly1305_decrypt(&ctx, len, dst, src);
	chacha_poly1305_digest(&ctx, TAG, tag);
	return memeql_sec(tag, src + len, TAG);
}
