/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet protection keys (RFC 9001 5): transforms of the kernel's crypto API,
 * per-CPU scratch for requests, and key derivation.
 */
#ifndef QUIC_GLUE_CRYPTO_H
#define QUIC_GLUE_CRYPTO_H

#include <linux/types.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>
#include <crypto/aead.h>
#include <crypto/skcipher.h>

struct quic_cid;

#define QUIC_IV_LEN		12
#define QUIC_HP_MASK_LEN	5	/* RFC 9001 5.4.1 */
#define QUIC_KEY_MAX_LEN	32
#define QUIC_SECRET_MAX_LEN	48

/**
 * struct quic_cipher - a row of the cipher table (crypto.c)
 * @id: TLS_CIPHER_* of linux/tls.h
 * @name: for the log and procfs
 * @aead: crypto API name, e.g. "gcm(aes)"
 * @hp: block cipher that makes the masks of many packets by one request
 *	(RFC 9001 5.4.3); NULL: a ChaCha20 block for each packet (5.4.4)
 * @hash: "hmac(sha256)"
 * @key_len: bytes
 * @secret_len: bytes, also of the hash
 * @chunk: plaintext is best cut at multiples of so many bytes: the crypto API
 *	allocates memory for a chunk that lies in two pieces
 * @confidentiality_limit: packets to seal with one key at most (RFC 9001 6.6)
 * @confidentiality_limit_2k: the same when none is longer than 2^11 bytes (B.1.1)
 * @integrity_limit: packets of a connection that may fail to open
 */
struct quic_cipher {
	u16 id;
	const char *name;
	const char *aead;
	const char *hp;
	const char *hash;
	u8 key_len;
	u8 secret_len;
	u8 chunk;
	u64 confidentiality_limit;
	u64 confidentiality_limit_2k;
	u64 integrity_limit;
};

/**
 * struct quic_hp - header protection, which all generations share (RFC 9001 6.1)
 * @refs: keys, and seeds of keys
 * @tfm: key set; NULL where @chacha is used
 * @chacha: the key as ChaCha20 takes it
 */
struct quic_hp {
	refcount_t refs;
	struct crypto_skcipher *tfm;
	u32 chacha[8];
};

/**
 * struct quic_keys - keys of one level, direction and generation
 * @cipher: what they are for
 * @version: QUIC version, of the labels
 * @gen: 0 the handshake's, then one for each key update
 * @aead: payload, key set
 * @hp: header protection, a reference
 * @iv: combined with the packet number (RFC 9001 5.3)
 * @next_secret: 1-RTT: of the generation after it, until that is attached; then, and
 *	at other levels, zeros
 * @prev: receiving, while it is current: the generation before, or NULL
 * @next: the generation after it, or NULL
 * @rwork: frees them in process context after a grace period
 *
 * Immutable once published but for the three in the middle, which belong to the
 * socket lock; @prev and @next are read under RCU as well (phase.c).
 */
struct quic_keys {
	const struct quic_cipher *cipher;
	u32 version;
	u32 gen;
	struct crypto_aead *aead;
	struct quic_hp *hp;
	u8 iv[QUIC_IV_LEN];
	u8 next_secret[QUIC_SECRET_MAX_LEN];
	struct quic_keys __rcu *prev;
	struct quic_keys __rcu *next;
	struct rcu_work rwork;
};

/**
 * struct quic_keys_seed - what keys of the next generation are made from
 * @cipher: row
 * @version: QUIC version
 * @gen: of the keys to be
 * @hp: a reference
 * @secret: of that generation
 */
struct quic_keys_seed {
	const struct quic_cipher *cipher;
	u32 version;
	u32 gen;
	struct quic_hp *hp;
	u8 secret[QUIC_SECRET_MAX_LEN];
};

int quic_crypto_init(void);
void quic_crypto_exit(void);

/* Row of a cipher, or NULL when we, or this kernel, do not have it. */
const struct quic_cipher *quic_cipher_find(u32 id);

/* limits.c: @limit of a cipher, packets, or less where a test says so */
u64 quic_limit_seal(u64 limit);
u64 quic_limit_forged(u64 limit);

/* The ciphers that this kernel has, as a mask for QUIC_HS_A_CIPHERS. */
u32 quic_cipher_mask(void);

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

/**
 * quic_keys_derive_next - have keys know the secret of the generation after them
 * @keys: of 1-RTT packets, not published
 * @secret: they were made from it
 * Context: process, may sleep. Return: 0 or -errno.
 */
int quic_keys_derive_next(struct quic_keys *keys, const u8 *secret);

/**
 * quic_keys_grow - keys of the next generation, which know the secret after them
 * @seed: from quic_phase_seed()
 * Context: process, may sleep; the socket lock is not needed. Return: keys or ERR_PTR.
 */
struct quic_keys *quic_keys_grow(const struct quic_keys_seed *seed);

/* Zeroise. Context: process. */
void quic_keys_seed_drop(struct quic_keys_seed *seed);

/* Readers under RCU may still use them; any context. NULL is fine. */
void quic_keys_free(struct quic_keys *keys);

/* ---- phase.c: the generations of one direction, a chain ---- */

/**
 * quic_phase_seed - what to make the generation after @keys from
 * @keys: current ones, socket lock held
 * @seed: filled; quic_keys_seed_drop() follows
 */
void quic_phase_seed(const struct quic_keys *keys, struct quic_keys_seed *seed);

/* The generation after @cur is there. Socket lock held; its secret is zeroised. */
void quic_phase_attach(struct quic_keys *cur, struct quic_keys *next);

/*
 * Let @slot, of which NULL is not expected, point to the generation after it. Socket
 * lock held, any context. Receiving keeps the former as prev; sending frees it.
 * Return: false: there is none.
 */
bool quic_phase_switch_rx(struct quic_keys __rcu **slot);
bool quic_phase_switch_tx(struct quic_keys **slot);

/* The generation before is over. Socket lock held, any context. */
void quic_phase_drop_old(struct quic_keys *cur);

/* Keys and what hangs on them, as quic_keys_free(). */
void quic_phase_free(struct quic_keys *keys);

/**
 * quic_phase_pick - the keys of a packet
 * @cur: current ones, under RCU
 * @gen: quic_key_gen_of(): @cur's generation, the one before, or after
 * Return: keys; NULL: these are not there.
 */
const struct quic_keys *quic_phase_pick(const struct quic_keys *cur, u32 gen);

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
 * @secret_len: its bytes
 * @label: without "tls13 "
 * @out: @out_len bytes, at most the hash's length
 * @out_len: its bytes
 */
int quic_hkdf_expand_label(const char *hash, const u8 *secret, u32 secret_len,
			   const char *label, u8 *out, u32 out_len);

#endif /* QUIC_GLUE_CRYPTO_H */
