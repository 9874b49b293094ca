// SPDX-License-Identifier: GPL-2.0
/*
 * Key derivation: HKDF (RFC 5869) as TLS 1.3 and QUIC use it, on the HMAC of the
 * crypto API, and the secrets of Initial packets.
 *
 *   dcid --Extract(salt of the version)--> initial secret
 *        --Expand-Label("client in" / "server in")--> secrets
 *        --Expand-Label(key, iv, hp of the version)--> keys (crypto.c)
 *
 * Whatever is expanded here fits one block of the hash, so that HKDF-Expand is
 * one HMAC over label || 0x01. A HMAC is keyed in process context only (setkey may
 * allocate); it is made for one derivation and freed, hence zeroised, after it.
 *
 * The answers of the RFCs' appendices are checked when the module loads: keys
 * that only we can use would look like a network that loses everything.
 *
 * Not here: Retry integrity (RFC 9001 5.8).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/string.h>
#include <crypto/hash.h>

#include "packet.h"
#include "vectors.h"
#include "../compat/hex.h"

#define QUIC_INITIAL_HASH	"hmac(sha256)"	/* RFC 9001 5.2: always */
#define QUIC_INITIAL_SECRET_LEN	32
#define QUIC_LABEL_MAX		32

/**
 * struct kdf_version - what a version changes
 * @version: QUIC version
 * @salt: of its Initial secrets
 * @labels: of its packet protection
 */
struct kdf_version {
	u32 version;
	u8 salt[20];
	struct quic_kdf_labels labels;
};

static const struct kdf_version kdf_versions[] = {
	{
		.version = QUIC_VERSION_V1,		/* RFC 9001 5.2 */
		.salt = {
			0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
			0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a,
		},
		.labels = { "quic key", "quic iv", "quic hp", "quic ku" },
	}, {
		.version = QUIC_VERSION_V2,		/* RFC 9369 3.3 */
		.salt = {
			0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
			0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9,
		},
		.labels = { "quicv2 key", "quicv2 iv", "quicv2 hp", "quicv2 ku" },
	},
};

static const struct kdf_version *kdf_version_find(u32 version)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(kdf_versions); i++)
		if (kdf_versions[i].version == version)
			return &kdf_versions[i];
	return NULL;
}

const struct quic_kdf_labels *quic_kdf_labels(u32 version)
{
	const struct kdf_version *v = kdf_version_find(version);

	return v ? &v->labels : NULL;
}

struct crypto_shash *quic_hkdf_open(const char *hash, const u8 *secret, u32 secret_len)
{
	struct crypto_shash *tfm = crypto_alloc_shash(hash, 0, 0);
	int err;

	if (IS_ERR(tfm))
		return tfm;
	err = crypto_shash_setkey(tfm, secret, secret_len);
	if (!err)
		return tfm;
	crypto_free_shash(tfm);
	return ERR_PTR(err);
}

int quic_hkdf_label(struct crypto_shash *tfm, const char *label, u8 *out, u32 out_len)
{
	u8 info[2 + 1 + 6 + QUIC_LABEL_MAX + 1 + 1];
	u8 block[HASH_MAX_DIGESTSIZE];
	size_t n = strlen(label);
	u8 *p = info;
	int err;

	if (n > QUIC_LABEL_MAX || out_len > crypto_shash_digestsize(tfm))
		return -EINVAL;
	/* struct HkdfLabel of RFC 8446 7.1, then the counter of the first block */
	put_unaligned_be16(out_len, p);
	p += 2;
	*p++ = 6 + n;
	memcpy(p, "tls13 ", 6);
	memcpy(p + 6, label, n);
	p += 6 + n;
	*p++ = 0;
	*p++ = 1;
	err = crypto_shash_tfm_digest(tfm, info, p - info, block);
	if (!err)
		memcpy(out, block, out_len);
	memzero_explicit(block, sizeof(block));
	return err;
}

int quic_hkdf_expand_label(const char *hash, const u8 *secret, u32 secret_len,
			   const char *label, u8 *out, u32 out_len)
{
	struct crypto_shash *tfm = quic_hkdf_open(hash, secret, secret_len);
	int err;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = quic_hkdf_label(tfm, label, out, out_len);
	crypto_free_shash(tfm);
	return err;
}

int quic_initial_secrets(u32 version, const struct quic_cid *dcid, u8 *client, u8 *server)
{
	const struct kdf_version *v = kdf_version_find(version);
	u8 initial[QUIC_INITIAL_SECRET_LEN];
	struct crypto_shash *tfm;
	int err;

	if (!v)
		return -EINVAL;
	tfm = quic_hkdf_open(QUIC_INITIAL_HASH, v->salt, sizeof(v->salt));
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = crypto_shash_tfm_digest(tfm, dcid->id, dcid->len, initial) ?:
	      crypto_shash_setkey(tfm, initial, sizeof(initial)) ?:
	      quic_hkdf_label(tfm, "client in", client, QUIC_INITIAL_SECRET_LEN) ?:
	      quic_hkdf_label(tfm, "server in", server, QUIC_INITIAL_SECRET_LEN);
	crypto_free_shash(tfm);
	memzero_explicit(initial, sizeof(initial));
	return err;
}

/* ---- known answers ---- */

/* Longest value of a vector that is derived: a secret of SHA-256. */
#define ANSWER_MAX	32

static int check_label(struct crypto_shash *tfm, const char *label, const char *hex)
{
	u8 got[ANSWER_MAX], want[ANSWER_MAX];
	size_t len = strlen(hex) / 2;

	if (len > sizeof(want) || hex2bin(want, hex, len))
		return -EINVAL;
	return quic_hkdf_label(tfm, label, got, len) ?: memcmp(got, want, len) ? -EBADMSG : 0;
}

/* Is @v->secret that of the connection ID? */
static int check_initial(const struct quic_key_vector *v, const u8 *secret)
{
	u8 got[2][QUIC_INITIAL_SECRET_LEN];
	struct quic_cid dcid = { .len = strlen(QUIC_VECTOR_DCID) / 2 };
	int err;

	err = hex2bin(dcid.id, QUIC_VECTOR_DCID, dcid.len) ?:
	      quic_initial_secrets(v->version, &dcid, got[0], got[1]);
	if (err)
		return err;
	return memcmp(got[v->server], secret, QUIC_INITIAL_SECRET_LEN) ? -EBADMSG : 0;
}

static int check_keys(const struct quic_key_vector *v)
{
	const struct quic_kdf_labels *labels = quic_kdf_labels(v->version);
	u8 secret[ANSWER_MAX];
	struct crypto_shash *tfm;
	int err;

	err = hex2bin(secret, v->secret, sizeof(secret));
	if (!err && v->level == QUIC_CRYPTO_INITIAL)
		err = check_initial(v, secret);
	if (err)
		return err;
	tfm = quic_hkdf_open("hmac(sha256)", secret, sizeof(secret));
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = check_label(tfm, labels->key, v->key) ?:
	      check_label(tfm, labels->iv, v->iv) ?:
	      check_label(tfm, labels->hp, v->hp);
	if (!err && v->ku)
		err = check_label(tfm, labels->ku, v->ku);
	crypto_free_shash(tfm);
	return err;
}

int quic_kdf_selftest(void)
{
	int err;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(quic_key_vectors); i++) {
		err = check_keys(&quic_key_vectors[i]);
		if (err) {
			pr_err("%s: keys are derived wrong: %pe\n", quic_key_vectors[i].name,
			       ERR_PTR(err));
			return err;
		}
	}
	return 0;
}
