// SPDX-License-Identifier: GPL-2.0
/*
 * The cryptography of two answers that need no connection: the integrity tag of
 * Retry, and stateless reset tokens.
 *
 * The tag (RFC 9001 5.8) is AES-128-GCM over nothing, with the Retry pseudo-packet as
 * associated data, under a key that everybody knows: it shows damage, and that who
 * sent the Retry saw the Initial. The key is derived from the RFC's secret as any
 * other is, and lives as long as the module, so that softirq can use it.
 *
 * A reset token (RFC 9000 10.3.2) is HMAC-SHA256 of the first QUIC_CID_KEY_LEN bytes of
 * the connection ID, of the UDP port and of the namespace, cut to 16 bytes: who answers
 * for a connection that is gone does not know how long the ID was. The key is random, or
 * the administrator's (sysctl reset_key): then a peer of a connection that an earlier
 * load of the module had can still be told that it is gone. Who changes the key leaves
 * peers of living connections with tokens that nobody will send.
 *
 * Known answers of the RFCs are checked when the module loads.
 * Not here: when to answer (answer.c).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mutex.h>
#include <linux/random.h>
#include <crypto/algapi.h>

#include "packet.h"
#include "token.h"
#include "vectors.h"
#include "../compat/hex.h"

/**
 * struct retry_version - the Retry key of a version
 * @version: QUIC version
 * @secret: key and nonce are derived from it with the version's labels
 */
struct retry_version {
	u32 version;
	u8 secret[32];
};

static const struct retry_version retry_versions[] = {
	{
		.version = QUIC_VERSION_V1,		/* RFC 9001 5.8 */
		.secret = {
			0xd9, 0xc9, 0x94, 0x3e, 0x61, 0x01, 0xfd, 0x20, 0x00, 0x21, 0x50,
			0x6b, 0xcc, 0x02, 0x81, 0x4c, 0x73, 0x03, 0x0f, 0x25, 0xc7, 0x9d,
			0x71, 0xce, 0x87, 0x6e, 0xca, 0x87, 0x6e, 0x6f, 0xca, 0x8e,
		},
	}, {
		.version = QUIC_VERSION_V2,		/* RFC 9369 3.3.3 */
		.secret = {
			0xc4, 0xdd, 0x24, 0x84, 0xd6, 0x81, 0xae, 0xfa, 0x4f, 0xf4, 0xd6,
			0x9c, 0x2c, 0x20, 0x29, 0x99, 0x84, 0xa7, 0x65, 0xa5, 0xd3, 0xc3,
			0x19, 0x82, 0xf3, 0x8f, 0xc7, 0x41, 0x62, 0x15, 0x5e, 0x9f,
		},
	},
};

static struct quic_keys *retry_keys[ARRAY_SIZE(retry_versions)];

static struct crypto_shash __rcu *reset_prf;
static DEFINE_MUTEX(reset_mutex);

/* ---- Retry ---- */

static const struct quic_keys *keys_of(u32 version)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(retry_versions); i++)
		if (retry_versions[i].version == version)
			return retry_keys[i];
	return NULL;
}

int quic_retry_tag(u32 version, const struct quic_cid *odcid, const u8 *pkt, u32 len, u8 *tag)
{
	struct quic_creq *q = quic_creq_aead();
	struct quic_aead_op op = { .keys = keys_of(version) };
	int err;

	BUILD_BUG_ON(QUIC_RETRY_PSEUDO_MAX + QUIC_RETRY_TAG_LEN > sizeof(q->block));
	if (!op.keys)
		return -EINVAL;
	if (!q)
		return -ENOMEM;
	op.assoclen = quic_stateless_retry_pseudo(odcid, pkt, len, q->block);
	if (!op.assoclen)
		return -EMSGSIZE;
	op.src = q->src;
	op.dst = q->src;
	sg_set_buf(q->src, q->block, op.assoclen + QUIC_RETRY_TAG_LEN);
	quic_creq_end(q, 1);
	err = quic_aead_run(&op, true);
	if (!err)
		memcpy(tag, q->block + op.assoclen, QUIC_RETRY_TAG_LEN);
	return err;
}

bool quic_retry_tag_ok(u32 version, const struct quic_cid *odcid, const u8 *pkt, u32 len)
{
	u8 tag[QUIC_RETRY_TAG_LEN];

	if (len <= QUIC_RETRY_TAG_LEN)
		return false;
	len -= QUIC_RETRY_TAG_LEN;
	return !quic_retry_tag(version, odcid, pkt, len, tag) &&
	       !crypto_memneq(tag, pkt + len, sizeof(tag));
}

/* ---- stateless reset ---- */

static void put_reset_input(const struct net *net, __be16 port, const u8 *id, u8 *in)
{
	/* a cookie changes with each boot, the first namespace's key shall not */
	put_unaligned_be64(net_eq(net, &init_net) ? 0 : net->net_cookie, in);
	memcpy(in + 8, &port, sizeof(port));
	memcpy(in + 10, id, QUIC_CID_KEY_LEN);
}

void quic_reset_token(const struct net *net, __be16 port, const u8 *id, u8 *token)
{
	u8 in[10 + QUIC_CID_KEY_LEN], out[32];
	int err;

	put_reset_input(net, port, id, in);
	rcu_read_lock();
	err = crypto_shash_tfm_digest(rcu_dereference(reset_prf), in, sizeof(in), out);
	rcu_read_unlock();
	/* no token is better than one that others can guess: nobody knows this one */
	if (WARN_ON_ONCE(err))
		get_random_bytes(out, sizeof(out));
	memcpy(token, out, QUIC_RESET_TOKEN_LEN);
}

int quic_reset_key_set(const u8 *key)
{
	struct crypto_shash *old, *prf = quic_hkdf_open("hmac(sha256)", key, QUIC_RESET_KEY_LEN);

	if (IS_ERR(prf))
		return PTR_ERR(prf);
	mutex_lock(&reset_mutex);
	old = rcu_replace_pointer(reset_prf, prf, lockdep_is_held(&reset_mutex));
	mutex_unlock(&reset_mutex);
	synchronize_rcu();
	crypto_free_shash(old);
	return 0;
}

/* ---- module ---- */

static int check_vector(const struct quic_retry_vector *v)
{
	struct quic_cid odcid = { .len = strlen(QUIC_VECTOR_DCID) / 2 };
	u8 pkt[64];
	u32 len = strlen(v->packet) / 2;
	bool good, damaged;
	int err;

	err = hex2bin(odcid.id, QUIC_VECTOR_DCID, odcid.len) ?: hex2bin(pkt, v->packet, len);
	if (err)
		return err;
	local_bh_disable();
	good = quic_retry_tag_ok(v->version, &odcid, pkt, len);
	pkt[len - 1] ^= 1;
	damaged = !quic_retry_tag_ok(v->version, &odcid, pkt, len);
	local_bh_enable();
	return good && damaged ? 0 : -EBADMSG;
}

static int retry_init(void)
{
	const struct quic_cipher *cipher = quic_cipher_find(TLS_CIPHER_AES_GCM_128);
	struct quic_keys *keys;
	u32 i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(retry_versions); i++) {
		keys = quic_keys_create(cipher, retry_versions[i].version,
					retry_versions[i].secret);
		if (IS_ERR(keys))
			return PTR_ERR(keys);
		retry_keys[i] = keys;
	}
	for (i = 0; !err && i < ARRAY_SIZE(quic_retry_vectors); i++) {
		err = check_vector(&quic_retry_vectors[i]);
		if (err)
			pr_err("%s: the tag is computed wrong: %pe\n",
			       quic_retry_vectors[i].name, ERR_PTR(err));
	}
	return err;
}

/**
 * quic_stateless_init - keys of Retry, checked, and a random key of reset tokens
 * Context: module init, after quic_crypto_init(). Return: 0 or -errno; nothing is left
 * behind then.
 */
int quic_stateless_init(void)
{
	u8 key[QUIC_RESET_KEY_LEN];
	int err = retry_init();

	if (!err) {
		get_random_bytes(key, sizeof(key));
		err = quic_reset_key_set(key);
		memzero_explicit(key, sizeof(key));
	}
	if (err)
		quic_stateless_exit();
	return err;
}

/**
 * quic_stateless_exit - forget them
 * Context: process; no packet comes any more, and no connection is left.
 */
void quic_stateless_exit(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(retry_keys); i++) {
		quic_keys_free(retry_keys[i]);
		retry_keys[i] = NULL;
	}
	crypto_free_shash(rcu_dereference_protected(reset_prf, true));
	RCU_INIT_POINTER(reset_prf, NULL);
}
