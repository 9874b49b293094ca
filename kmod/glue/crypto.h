/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet protection keys (RFC 9001 5): transforms of the kernel's crypto API,
 * per-CPU scratch for requests, and key derivation.
 */
#ifndef QUIC_GLUE_CRYPTO_H
#define QUIC_GLUE_CRYPTO_H

#include <linux/types.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>
#include <crypto/aead.h>
#include <crypto/skcipher.h>

struct quic_cid;

#define QUIC_IV_LEN		12
#define QUIC_SECRET_MAX_LEN	48

/**
 * struct quic_cipher - a row of the cipher table (crypto.c)
 * @id: TLS_CIPHER_* of linux/tls.h
 * @aead: crypto API name, e.g. "gcm(aes)"
 * @hp: header protection cipher, e.g. "ecb(aes)"
 * @hash: "hmac(sha256)"
 * @key_len: bytes
 * @secret_len: bytes, also of the hash
 */
struct quic_cipher {
	u16 id;
	const char *name;
	const char *aead;
	const char *hp;
	const char *hash;
	u8 key_len;
	u8 secret_len;
};

/**
 * struct quic_keys - keys of one level and direction, immutable once published
 * @cipher: what they are for
 * @aead: payload, key set
 * @hp: header protection, key set
 * @iv: combined with the packet number (RFC 9001 5.3)
 * @rwork: frees them in process context after a grace period
 */
struct quic_keys {
	const struct quic_cipher *cipher;
	struct crypto_aead *aead;
	struct crypto_skcipher *hp;
	u8 iv[QUIC_IV_LEN];
	struct rcu_work rwork;
};

int quic_crypto_init(void);
void quic_crypto_exit(void);

/* Row of a cipher or NULL when we do not have it. */
const struct quic_cipher *quic_cipher_find(u32 id);

/* Name of the AEAD driver in use, for the log and procfs. */
const char *quic_crypto_driver(const struct quic_cipher *cipher);

/**
 * quic_keys_create - derive keys from a traffic secret (RFC 9001 5.1)
 * @cipher: row
 * @version: QUIC version: its labels
 * @secret: @cipher->secret_len bytes
 * Context: process, may sleep. Return: keys or ERR_PTR.
 */
struct quic_keys *quic_keys_create(const struct quic_cipher *cipher, u32 version,
				   const u8 *secret);

/* Readers under RCU may still use them; any context. NULL is fine. */
void quic_keys_free(struct quic_keys *keys);

/**
 * quic_initial_secrets - secrets of the Initial keys (RFC 9001 5.2)
 * @version: QUIC version: its salt
 * @dcid: client's first destination connection ID
 * @client: 32 bytes
 * @server: 32 bytes
 * Context: process, may sleep. Return: 0 or -errno.
 */
int quic_initial_secrets(u32 version, const struct quic_cid *dcid, u8 *client, u8 *server);

/**
 * quic_hkdf_expand_label - RFC 8446 7.1 with empty context
 * @hash: crypto API name of the HMAC
 * @secret: input, @secret_len bytes
 * @label: without "tls13 "
 * @out: @out_len bytes, at most the hash's length
 */
int quic_hkdf_expand_label(const char *hash, const u8 *secret, u32 secret_len,
			   const char *label, u8 *out, u32 out_len);

#endif /* QUIC_GLUE_CRYPTO_H */
