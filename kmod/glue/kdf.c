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
 * Not here: key update (RFC 9001 6), Retry integrity (5.8).
 */
#include <linux/string.h>
#include <crypto/hash.h>

#include "packet.h"

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
		.labels = { "quic key", "quic iv", "quic hp" },
	}, {
		.version = QUIC_VERSION_V2,		/* RFC 9369 3.3 */
		.salt = {
			0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
			0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9,
		},
		.labels = { "quicv2 key", "quicv2 iv", "quicv2 hp" },
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

/* Both appendices derive from the client's destination 0x8394c8f03e515708. */
struct kdf_answer {
	u32 version;
	u8 client[QUIC_INITIAL_SECRET_LEN];
	u8 server[QUIC_INITIAL_SECRET_LEN];
	u8 client_key[16];
	u8 client_iv[12];
	u8 client_hp[16];
};

static const struct kdf_answer kdf_answers[] = {
	{
		.version = QUIC_VERSION_V1,		/* RFC 9001 A.1 */
		.client = {
			0xc0, 0x0c, 0xf1, 0x51, 0xca, 0x5b, 0xe0, 0x75,
			0xed, 0x0e, 0xbf, 0xb5, 0xc8, 0x03, 0x23, 0xc4,
			0x2d, 0x6b, 0x7d, 0xb6, 0x78, 0x81, 0x28, 0x9a,
			0xf4, 0x00, 0x8f, 0x1f, 0x6c, 0x35, 0x7a, 0xea,
		},
		.server = {
			0x3c, 0x19, 0x98, 0x28, 0xfd, 0x13, 0x9e, 0xfd,
			0x21, 0x6c, 0x15, 0x5a, 0xd8, 0x44, 0xcc, 0x81,
			0xfb, 0x82, 0xfa, 0x8d, 0x74, 0x46, 0xfa, 0x7d,
			0x78, 0xbe, 0x80, 0x3a, 0xcd, 0xda, 0x95, 0x1b,
		},
		.client_key = {
			0x1f, 0x36, 0x96, 0x13, 0xdd, 0x76, 0xd5, 0x46,
			0x77, 0x30, 0xef, 0xcb, 0xe3, 0xb1, 0xa2, 0x2d,
		},
		.client_iv = {
			0xfa, 0x04, 0x4b, 0x2f, 0x42, 0xa3, 0xfd, 0x3b,
			0x46, 0xfb, 0x25, 0x5c,
		},
		.client_hp = {
			0x9f, 0x50, 0x44, 0x9e, 0x04, 0xa0, 0xe8, 0x10,
			0x28, 0x3a, 0x1e, 0x99, 0x33, 0xad, 0xed, 0xd2,
		},
	}, {
		.version = QUIC_VERSION_V2,		/* RFC 9369 A.1 */
		.client = {
			0x14, 0xec, 0x9d, 0x6e, 0xb9, 0xfd, 0x7a, 0xf8,
			0x3b, 0xf5, 0xa6, 0x68, 0xbc, 0x17, 0xa7, 0xe2,
			0x83, 0x76, 0x6a, 0xad, 0xe7, 0xec, 0xd0, 0x89,
			0x1f, 0x70, 0xf9, 0xff, 0x7f, 0x4b, 0xf4, 0x7b,
		},
		.server = {
			0x02, 0x63, 0xdb, 0x17, 0x82, 0x73, 0x1b, 0xf4,
			0x58, 0x8e, 0x7e, 0x4d, 0x93, 0xb7, 0x46, 0x39,
			0x07, 0xcb, 0x8c, 0xd8, 0x20, 0x0b, 0x5d, 0xa5,
			0x5a, 0x8b, 0xd4, 0x88, 0xea, 0xfc, 0x37, 0xc1,
		},
		.client_key = {
			0x8b, 0x1a, 0x0b, 0xc1, 0x21, 0x28, 0x42, 0x90,
			0xa2, 0x9e, 0x09, 0x71, 0xb5, 0xcd, 0x04, 0x5d,
		},
		.client_iv = {
			0x91, 0xf7, 0x3e, 0x23, 0x51, 0xd8, 0xfa, 0x91,
			0x66, 0x0e, 0x90, 0x9f,
		},
		.client_hp = {
			0x45, 0xb9, 0x5e, 0x15, 0x23, 0x5d, 0x6f, 0x45,
			0xa6, 0xb1, 0x9c, 0xbc, 0xb0, 0x29, 0x4b, 0xa9,
		},
	},
};

static int kdf_check_label(struct crypto_shash *tfm, const char *label,
			   const u8 *want, u32 len)
{
	u8 got[QUIC_INITIAL_SECRET_LEN];
	int err = quic_hkdf_label(tfm, label, got, len);

	return err ?: memcmp(got, want, len) ? -EBADMSG : 0;
}

static int kdf_check(const struct kdf_answer *a)
{
	static const struct quic_cid dcid = {
		.len = 8,
		.id = { 0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08 },
	};
	const struct quic_kdf_labels *labels = quic_kdf_labels(a->version);
	u8 client[QUIC_INITIAL_SECRET_LEN], server[QUIC_INITIAL_SECRET_LEN];
	struct crypto_shash *tfm;
	int err;

	err = quic_initial_secrets(a->version, &dcid, client, server);
	if (err)
		return err;
	if (memcmp(client, a->client, sizeof(client)) ||
	    memcmp(server, a->server, sizeof(server)))
		return -EBADMSG;
	tfm = quic_hkdf_open(QUIC_INITIAL_HASH, client, sizeof(client));
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = kdf_check_label(tfm, labels->key, a->client_key, sizeof(a->client_key)) ?:
	      kdf_check_label(tfm, labels->iv, a->client_iv, sizeof(a->client_iv)) ?:
	      kdf_check_label(tfm, labels->hp, a->client_hp, sizeof(a->client_hp));
	crypto_free_shash(tfm);
	return err;
}

int quic_kdf_selftest(void)
{
	int err = 0;
	u32 i;

	for (i = 0; !err && i < ARRAY_SIZE(kdf_answers); i++)
		err = kdf_check(&kdf_answers[i]);
	return err;
}
