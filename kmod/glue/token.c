// SPDX-License-Identifier: GPL-2.0
/*
 * Address validation tokens (RFC 9000 8.1): made, checked and used up without any
 * state of the client's.
 *
 *   secret --HMAC, label and the token's random prefix--> key of one token
 *   key    --ChaCha20-Poly1305--> body sealed; bound to it as associated data:
 *            kind, namespace, QUIC version, client's address; for Retry also its
 *            port and the connection ID that the Retry gave
 *
 * A key for each token: no nonce can repeat, whatever the number of tokens. The
 * one-shot functions of the kernel's library are used, since a transform of the
 * crypto API cannot be given a key in softirq; HMAC can compute there.
 *
 * Age. A Retry token is good for RETRY_MS, which the client answers within or not at
 * all; one of NEW_TOKEN for NEW_MS. Two secrets are known at any time. The newer
 * seals; each opens what it sealed; every ROTATE the older one makes place. As
 * ROTATE is longer than any token is good, no token dies before its time.
 *
 * Once. The prefixes of used tokens are remembered in two tables of fixed size until
 * they are too old to be good. Where a bucket is full of prefixes that still count, a
 * NEW_TOKEN token is not taken: its client is as one without. A Retry's replaces the
 * one that ends first: to be replayed it would have to come from the same address,
 * port and connection ID within seconds, and who fills the table shall not be able
 * to keep clients out that did as they were told.
 *
 * Not here: when to ask for one (answer.c), the form (core/stateless.c).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <crypto/chacha20poly1305.h>

#include "packet.h"
#include "token.h"

#define RETRY_MS	10000
#define NEW_MS		600000
#define ROTATE		(3600 * HZ)
#define ROTATE_AGAIN	(60 * HZ)	/* when it did not work */

#define SECRET_LEN	32
#define LABEL		"quicsock token"
#define AD_LEN		(1 + 8 + 4 + 16 + 2 + 1 + QUIC_CID_MAX_LEN)

#define USED_BITS	11
#define USED_WAYS	4

/* Who sealed; immutable once published. */
struct secret {
	struct crypto_shash *prf;	/* HMAC-SHA256 keyed with it */
};

/**
 * struct used - a prefix that was used
 * @tag: of its hash
 * @until: second of the machine's time from which it does not matter; 0: free
 */
struct used {
	u32 tag;
	u32 until;
};

/* Of a kind of token. */
struct used_table {
	spinlock_t lock;		/* of @way */
	struct used way[1 << USED_BITS][USED_WAYS];
};

static struct secret __rcu *secrets[2];
static u8 slot_now;
static struct used_table *used_tables;	/* by enum quic_token_kind */
static siphash_key_t used_key;
static struct delayed_work rotate_work;

static const u32 good_for_ms[] = {
	[QUIC_TOKEN_RETRY] = RETRY_MS,
	[QUIC_TOKEN_NEW] = NEW_MS,
};

static u64 now_ms(void)
{
	return div_u64(quic_now(), QUIC_NS_PER_MS);
}

/* ---- secrets ---- */

static void secret_free(struct secret *s)
{
	if (!s)
		return;
	crypto_free_shash(s->prf);
	kfree(s);
}

static struct secret *secret_make(void)
{
	struct secret *s = quic_may_fail(QUIC_FAIL_KEYS, kzalloc(sizeof(*s), GFP_KERNEL));
	u8 key[SECRET_LEN];
	int err;

	if (!s)
		return ERR_PTR(-ENOMEM);
	get_random_bytes(key, sizeof(key));
	s->prf = quic_hkdf_open("hmac(sha256)", key, sizeof(key));
	memzero_explicit(key, sizeof(key));
	err = PTR_ERR_OR_ZERO(s->prf);
	if (!err)
		return s;
	kfree(s);
	return ERR_PTR(err);
}

int quic_token_rotate(void)
{
	u8 slot = !slot_now;
	struct secret *old, *fresh = secret_make();

	if (IS_ERR(fresh))
		return PTR_ERR(fresh);
	old = rcu_replace_pointer(secrets[slot], fresh, true);
	/* who reads the number finds the secret */
	smp_store_release(&slot_now, slot);
	synchronize_rcu();
	secret_free(old);
	return 0;
}

static void rotate_fn(struct work_struct *work)
{
	schedule_delayed_work(&rotate_work, quic_token_rotate() ? ROTATE_AGAIN : ROTATE);
}

/* HKDF-Expand (RFC 5869 2.3) of the prefix. Return: 0 or -errno. */
static int derive(u8 slot, const u8 *prefix, u8 *key)
{
	u8 info[sizeof(LABEL) - 1 + QUIC_TOKEN_PREFIX_LEN + 1];
	const struct secret *s;
	int err = -ENOKEY;

	BUILD_BUG_ON(CHACHA20POLY1305_KEY_SIZE != 32);
	memcpy(info, LABEL, sizeof(LABEL) - 1);
	memcpy(info + sizeof(LABEL) - 1, prefix, QUIC_TOKEN_PREFIX_LEN);
	info[sizeof(info) - 1] = 1;
	rcu_read_lock();
	s = rcu_dereference(secrets[slot]);
	if (s)
		err = crypto_shash_tfm_digest(s->prf, info, sizeof(info), key);
	rcu_read_unlock();
	return err;
}

/* ---- tokens ---- */

static void bind_addr(const union quic_addr *peer, u8 *ip, __be16 *port)
{
	if (peer->sa.sa_family == AF_INET6) {
		memcpy(ip, &peer->v6.sin6_addr, 16);
		*port = peer->v6.sin6_port;
	} else {
		memset(ip, 0, 10);
		memset(ip + 10, 0xff, 2);
		memcpy(ip + 12, &peer->v4.sin_addr, 4);
		*port = peer->v4.sin_port;
	}
}

/* What a token is bound to. @first: its first byte. */
static void put_ad(u8 *ad, u8 first, const struct quic_token_for *f)
{
	__be16 port;

	memset(ad, 0, AD_LEN);
	ad[0] = first;
	put_unaligned_be64(f->net->net_cookie, ad + 1);
	put_unaligned_be32(f->version, ad + 9);
	bind_addr(f->peer, ad + 13, &port);
	if (!f->scid)
		return;		/* RFC 9000 8.1.3: another port is another connection */
	memcpy(ad + 29, &port, 2);
	ad[31] = f->scid->len;
	memcpy(ad + 32, f->scid->id, f->scid->len);
}

u32 quic_token_make(const struct quic_token_for *f, u8 *token)
{
	u8 body[QUIC_TOKEN_BODY_MAX], ad[AD_LEN], key[CHACHA20POLY1305_KEY_SIZE];
	struct quic_token_body b = { .issued = now_ms() };
	u32 len;
	u8 slot;

	/* with quic_token_rotate(): the secret of this number is there */
	slot = smp_load_acquire(&slot_now);
	if (f->odcid)
		b.odcid = *f->odcid;
	get_random_bytes(token + 1, QUIC_TOKEN_PREFIX_LEN);
	quic_token_put_head(f->kind, slot, token);
	if (derive(slot, token + 1, key))
		return 0;
	len = quic_token_put_body(f->kind, &b, body);
	put_ad(ad, token[0], f);
	chacha20poly1305_encrypt(token + QUIC_TOKEN_HEAD_LEN, body, len, ad, sizeof(ad), 0, key);
	memzero_explicit(key, sizeof(key));
	return QUIC_TOKEN_HEAD_LEN + len + QUIC_TAG_LEN;
}

/* Return: was it sealed by us, for this client, and not too long ago? */
static bool token_open(const struct net *net, const union quic_addr *peer,
		       const struct quic_hdr *hdr, const struct quic_token_head *h,
		       struct quic_token_body *b)
{
	u8 body[QUIC_TOKEN_BODY_MAX], ad[AD_LEN], key[CHACHA20POLY1305_KEY_SIZE];
	struct quic_token_for f = {
		.net = net,
		.peer = peer,
		.scid = h->kind == QUIC_TOKEN_RETRY ? &hdr->dcid : NULL,
		.version = hdr->version,
	};
	bool good;

	if (derive(h->slot, h->prefix, key))
		return false;
	put_ad(ad, hdr->token[0], &f);
	good = chacha20poly1305_decrypt(body, h->body, h->body_len, ad, sizeof(ad), 0, key);
	memzero_explicit(key, sizeof(key));
	return good && quic_token_get_body(h->kind, body, h->body_len - QUIC_TAG_LEN, b) &&
	       now_ms() - b->issued < good_for_ms[h->kind];
}

void quic_token_check(const struct net *net, const union quic_addr *peer,
		      const struct quic_hdr *hdr, struct quic_admission *ad)
{
	struct quic_token_body b;
	struct quic_token_head h;

	*ad = (struct quic_admission){ .verdict = QUIC_TOKEN_NONE };
	if (!quic_token_parse(hdr->token, hdr->token_len, &h))
		return;
	if (token_open(net, peer, hdr, &h, &b)) {
		ad->verdict = h.kind == QUIC_TOKEN_RETRY ? QUIC_TOKEN_GOOD_RETRY :
							   QUIC_TOKEN_GOOD_NEW;
		ad->odcid = b.odcid;
	} else if (h.kind == QUIC_TOKEN_RETRY) {
		ad->verdict = QUIC_TOKEN_BAD;
	}
}

/* ---- once ---- */

/* Lock held. Where @tag is to stand, or NULL: it stands there, or there is no room. */
static struct used *used_place(struct used *way, u32 tag, u32 now, u8 kind)
{
	struct used *best = way;
	u32 i;

	for (i = 0; i < USED_WAYS; i++) {
		if (way[i].until > now && way[i].tag == tag)
			return NULL;
		if (way[i].until < best->until)
			best = &way[i];
	}
	return best->until <= now || kind == QUIC_TOKEN_RETRY ? best : NULL;
}

bool quic_token_use(const struct quic_hdr *hdr)
{
	u32 now = div_u64(now_ms(), 1000);
	struct quic_token_head h;
	struct used_table *table;
	struct used *u;
	u64 hash;

	if (!quic_token_parse(hdr->token, hdr->token_len, &h))
		return false;
	hash = siphash(h.prefix, QUIC_TOKEN_PREFIX_LEN, &used_key);
	table = &used_tables[h.kind];
	spin_lock_bh(&table->lock);
	u = used_place(table->way[hash & ((1 << USED_BITS) - 1)], hash >> 32, now, h.kind);
	if (u) {
		u->tag = hash >> 32;
		u->until = now + good_for_ms[h.kind] / 1000 + 1;
	}
	spin_unlock_bh(&table->lock);
	return u;
}

/* ---- module ---- */

/**
 * quic_tokens_init - two secrets and the tables of used tokens
 * Context: module init, may sleep. Return: 0 or -errno; nothing is left behind then.
 */
int quic_tokens_init(void)
{
	u32 i;
	int err;

	BUILD_BUG_ON(QUIC_TAG_LEN != CHACHA20POLY1305_AUTHTAG_SIZE);
	BUILD_BUG_ON(NEW_MS / 1000 * HZ > ROTATE);
	used_tables = kvcalloc(ARRAY_SIZE(good_for_ms), sizeof(*used_tables), GFP_KERNEL);
	if (!used_tables)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(good_for_ms); i++)
		spin_lock_init(&used_tables[i].lock);
	get_random_bytes(&used_key, sizeof(used_key));
	INIT_DELAYED_WORK(&rotate_work, rotate_fn);
	err = quic_token_rotate() ?: quic_token_rotate();
	if (err) {
		quic_tokens_exit();
		return err;
	}
	schedule_delayed_work(&rotate_work, ROTATE);
	return 0;
}

/**
 * quic_tokens_exit - forget them
 * Context: process; no packet comes any more.
 */
void quic_tokens_exit(void)
{
	u32 i;

	cancel_delayed_work_sync(&rotate_work);
	for (i = 0; i < ARRAY_SIZE(secrets); i++) {
		secret_free(rcu_dereference_protected(secrets[i], true));
		RCU_INIT_POINTER(secrets[i], NULL);
	}
	kvfree(used_tables);
	used_tables = NULL;
	memzero_explicit(&used_key, sizeof(used_key));
}
