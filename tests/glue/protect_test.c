// SPDX-License-Identifier: GPL-2.0
/*
 * Packet protection of kmod/glue in userspace: key derivation, sealing, opening and
 * the choice of ciphers, with Nettle behind the crypto API.
 *
 * RFC 9001 A.1, A.2, A.3 and A.5, its "ku" included, byte by byte (kmod/glue/vectors.h).
 * A.4, the tag of a Retry packet, is in token_test.c.
 */
#include <nettle/gcm.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>

#include "../unit/unit.h"
#include "glue_test.h"
#include "../../kmod/glue/vectors.h"

#define TRAIN		60		/* packets */
#define TRAIN_LEN	1000		/* bytes of each */

static const u8 levels[] = { QUIC_CRYPTO_INITIAL, QUIC_CRYPTO_HANDSHAKE, QUIC_CRYPTO_APP };

static void begin(struct unit *t)
{
	glue_missing = "";
	memset(&glue_unopened, 0, sizeof(glue_unopened));
	EXPECT_EQ(t, quic_crypto_init(), 0);
}

static void end(struct unit *t)
{
	quic_crypto_exit();
	EXPECT_EQ(t, glue_tfms, 0);
	EXPECT_EQ(t, glue_pages, 0);
	EXPECT_EQ(t, glue_skbs, 0);
}

/* ---- vectors ---- */

static void key_vectors(struct unit *t)
{
	EXPECT_EQ(t, quic_kdf_selftest(), 0);
}

static void packet_vectors(struct unit *t)
{
	u32 i;

	begin(t);
	for (i = 0; i < ARRAY_SIZE(quic_packet_vectors); i++)
		EXPECT_EQ(t, quic_vector_check(&quic_packet_vectors[i]), 0);
	EXPECT_EQ(t, quic_vectors_check(), 0);
	end(t);
}

/* A byte of the packet that is not as the RFC has it would be noticed. */
static void vectors_can_fail(struct unit *t)
{
	char wrong[2 * 1200 + 1];
	u32 i, n;

	begin(t);
	for (i = 0; i < ARRAY_SIZE(quic_packet_vectors); i++) {
		struct quic_packet_vector v = quic_packet_vectors[i];
		size_t digits = strlen(v.packet);

		for (n = 0; n < digits; n += 7) {
			strcpy(wrong, quic_packet_vectors[i].packet);
			wrong[n] = wrong[n] == '0' ? '1' : '0';
			v.packet = wrong;
			EXPECT_EQ(t, quic_vector_check(&v), -EBADMSG);
		}
	}
	end(t);
}

/* @v's sample, taken where RFC 9001 5.4.2 says. */
static void mask_vectors(struct unit *t)
{
	u32 i, sample_off;

	begin(t);
	for (i = 0; i < ARRAY_SIZE(quic_packet_vectors); i++) {
		const struct quic_packet_vector *v = &quic_packet_vectors[i];
		const struct quic_cipher *cipher = quic_cipher_find(v->keys->cipher);
		u8 secret[32], want[QUIC_HP_MASK_LEN], *block = quic_creq_hp()->block;
		struct quic_keys *keys;

		hex2bin(secret, v->keys->secret, sizeof(secret));
		hex2bin(want, v->mask, sizeof(want));
		sample_off = strlen(v->header) / 2 - v->pn_len + QUIC_PN_MAX_LEN;
		/* the same sample in the first and in the last place of a request */
		hex2bin(block, v->packet + 2 * sample_off, QUIC_HP_SAMPLE_LEN);
		memcpy(block + 63 * QUIC_HP_SAMPLE_LEN, block, QUIC_HP_SAMPLE_LEN);
		keys = quic_keys_create(cipher, v->keys->version, secret);
		ASSERT(t, !IS_ERR(keys));
		EXPECT_EQ(t, quic_hp_run(keys, 64), 0);
		EXPECT(t, !memcmp(block, want, sizeof(want)));
		EXPECT(t, !memcmp(block + 63 * QUIC_HP_SAMPLE_LEN, want, sizeof(want)));
		quic_keys_free(keys);
	}
	end(t);
}

/* ---- SHA-384 and AES-256, of which the RFC has no vector ---- */

static void label384(const u8 *secret, const char *label, u8 *out, u32 len)
{
	struct hmac_sha384_ctx ctx;
	u8 info[64] = { 0, len, 6 + strlen(label) };

	memcpy(info + 3, "tls13 ", 6);
	memcpy(info + 9, label, strlen(label));
	hmac_sha384_set_key(&ctx, 48, secret);
	hkdf_expand(&ctx, (nettle_hash_update_func *)hmac_sha384_update,
		    (nettle_hash_digest_func *)hmac_sha384_digest, 48,
		    10 + strlen(label), info, len, out);
}

/**
 * struct ends - a socket of zeros that sends to itself
 * @sk: see kmod/glue/vectors.c
 * @batch: what it seals
 * @wire: where
 */
struct ends {
	struct quic_sock *sk;
	struct quic_tx_batch batch;
	u8 wire[TRAIN * TRAIN_LEN];
};

static struct ends *ends_new(void)
{
	struct ends *e = calloc(1, sizeof(*e));

	e->sk = calloc(1, sizeof(*e->sk));
	e->sk->conn = calloc(1, sizeof(*e->sk->conn));
	write_pnet(&e->sk->inet.sk.sk_net, &init_net);
	return e;
}

static void ends_keys(struct unit *t, struct ends *e, u8 level, u16 id, const u8 *secret)
{
	const struct quic_cipher *cipher = quic_cipher_find(id);

	ASSERT(t, cipher);
	e->sk->keys_tx[level] = quic_keys_create(cipher, QUIC_VERSION_V1, secret);
	e->sk->keys_rx[level] = quic_keys_create(cipher, QUIC_VERSION_V1, secret);
	EXPECT(t, !IS_ERR(e->sk->keys_tx[level]) && !IS_ERR(e->sk->keys_rx[level]));
}

static void ends_free(struct ends *e)
{
	u32 i;

	for (i = 0; i < QUIC_CRYPTO_LEVELS; i++) {
		quic_phase_free(e->sk->keys_tx[i]);
		quic_phase_free(e->sk->keys_rx[i]);
	}
	free(e->sk->conn);
	free(e->sk);
	free(e);
}

/* A packet of the batch: short header, @len bytes on the wire, @prefix of them first. */
static struct quic_tx_pkt *add_packet(struct ends *e, u8 *at, u8 level, u32 len, u32 prefix,
				      const u8 *plain)
{
	struct quic_tx_pkt *p = &e->batch.pkt[e->batch.n++];
	u32 body = len - 12 - QUIC_TAG_LEN;

	*p = (struct quic_tx_pkt){
		.buf = at, .len = len, .hdr_len = 12, .prefix_len = prefix, .pn_off = 9,
		.pn_len = 3, .level = level, .pn = e->batch.n - 1,
	};
	memset(at, 0x77, len);
	at[0] = level == QUIC_CRYPTO_APP ? 0x42 : 0xc2;
	at[9] = 0;
	put_unaligned_be16(p->pn, at + 10);
	memcpy(at + 12, plain, prefix);
	while (prefix < body) {
		u32 n = min(body - prefix, 400U);

		p->piece[p->n_pieces].data = plain + prefix;
		p->piece[p->n_pieces++].len = n;
		prefix += n;
	}
	return p;
}

static void aes256_by_hand(struct unit *t)
{
	u8 secret[48], key[32], hp[32], iv[12], nonce[12], plain[256], want[256];
	struct gcm_aes256_ctx gcm;
	struct aes256_ctx aes;
	struct quic_tx_pkt *p;
	u8 mask[16], hdr[12];
	struct ends *e;
	u32 i;

	begin(t);
	e = ends_new();
	unit_bytes(t, secret, sizeof(secret));
	unit_bytes(t, plain, sizeof(plain));
	ends_keys(t, e, QUIC_CRYPTO_APP, TLS_CIPHER_AES_GCM_256, secret);
	p = add_packet(e, e->wire, QUIC_CRYPTO_APP, 12 + 200 + 16, 32, plain);
	memcpy(hdr, e->wire, sizeof(hdr));
	ASSERT(t, !quic_seal(&e->sk->inet.sk, &e->batch));

	label384(secret, "quic key", key, sizeof(key));
	label384(secret, "quic iv", iv, sizeof(iv));
	label384(secret, "quic hp", hp, sizeof(hp));
	memcpy(nonce, iv, sizeof(iv));
	nonce[11] ^= p->pn;
	gcm_aes256_set_key(&gcm, key);
	gcm_aes256_set_iv(&gcm, sizeof(nonce), nonce);
	gcm_aes256_update(&gcm, sizeof(hdr), hdr);
	gcm_aes256_encrypt(&gcm, 200, want, plain);
	gcm_aes256_digest(&gcm, 16, want + 200);
	EXPECT(t, !memcmp(e->wire + 12, want, 216));
	aes256_set_encrypt_key(&aes, hp);
	aes256_encrypt(&aes, 16, mask, e->wire + 9 + 4);
	EXPECT_EQ(t, e->wire[0], hdr[0] ^ (mask[0] & 0x1f));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(t, e->wire[9 + i], hdr[9 + i] ^ mask[1 + i]);
	EXPECT(t, !memcmp(e->wire + 1, hdr + 1, 8));
	ends_free(e);
	end(t);
}

/* ---- trains ---- */

/* Where piece @i of the train begins when it lies in fragments of odd sizes. */
static u32 frag_at(u32 i)
{
	return i * (TRAIN * TRAIN_LEN / 16) + (i % 16 ? i * 13 : 0);
}

static struct sk_buff *train_skb(const struct ends *e, bool linear)
{
	struct sk_buff *skb = alloc_skb(linear ? sizeof(e->wire) : 0, GFP_KERNEL);
	struct page *page;
	u32 i, n;

	if (linear) {
		skb_put_data(skb, e->wire, sizeof(e->wire));
		return skb;
	}
	for (i = 0; i < 16; i++) {
		n = frag_at(i + 1) - frag_at(i);
		page = alloc_pages(GFP_KERNEL, get_order(n));
		memcpy(page_address(page), e->wire + frag_at(i), n);
		skb_add_rx_frag(skb, i, page, 0, n, n);
	}
	return skb;
}

static void open_train(struct unit *t, struct ends *e, const u8 *plain, bool linear)
{
	static struct quic_rx_slice slices[TRAIN];
	struct sk_buff *skb = train_skb(e, linear);
	struct quic_rxbuf *buf;
	u32 i;

	for (i = 0; i < TRAIN; i++)
		slices[i] = (struct quic_rx_slice){
			.off = i * TRAIN_LEN, .len = TRAIN_LEN, .pn_off = 9,
			.level = e->batch.pkt[i].level,
			.keys = e->batch.pkt[i].level,
		};
	buf = quic_open(&e->sk->inet.sk, skb, slices, TRAIN, 0);
	ASSERT(t, buf);
	EXPECT_EQ(t, buf->n, TRAIN);
	EXPECT_EQ(t, !!buf->bounce, !linear);
	for (i = 0; i < buf->n; i++) {
		EXPECT_EQ(t, buf->pkts[i].pn, i);
		EXPECT_EQ(t, buf->pkts[i].level, slices[i].level);
		EXPECT_EQ(t, buf->pkts[i].len, TRAIN_LEN - 28);
		EXPECT(t, !memcmp(buf->pkts[i].data, plain, TRAIN_LEN - 28));
	}
	quic_rxbuf_free(buf);
	kfree_skb(skb);
}

/* Levels change from packet to packet, or in runs; each has another cipher. */
static void mixed_train(struct unit *t)
{
	static const u16 ciphers[] = {
		TLS_CIPHER_AES_GCM_128, TLS_CIPHER_AES_GCM_256, TLS_CIPHER_CHACHA20_POLY1305,
	};
	u8 secret[48], plain[TRAIN_LEN];
	struct ends *e;
	u32 i, run;

	begin(t);
	unit_bytes(t, plain, sizeof(plain));
	for (run = 1; run <= TRAIN; run *= 3) {
		e = ends_new();
		for (i = 0; i < ARRAY_SIZE(levels); i++) {
			unit_bytes(t, secret, sizeof(secret));
			ends_keys(t, e, levels[i], ciphers[i], secret);
		}
		for (i = 0; i < TRAIN; i++)
			add_packet(e, e->wire + i * TRAIN_LEN, levels[i / run % 3], TRAIN_LEN,
				   i % 8 * 16, plain);
		EXPECT_EQ(t, quic_seal(&e->sk->inet.sk, &e->batch), 0);
		open_train(t, e, plain, true);
		open_train(t, e, plain, false);
		ends_free(e);
	}
	end(t);
}

/* The plaintext of a packet: mostly bulk. Return: bytes in front of its data, 0: none. */
static u32 put_bulk(u8 *plain, u32 len, u32 dice, u64 off)
{
	u32 head = dice % 16 ? 16 : 10 + dice / 16 % 40;

	if (dice / 1024 % 10 == 0) {
		plain[0] = QUIC_FRAME_PING;
		return 0;
	}
	memset(plain, 0, head);
	plain[head - 6] = QUIC_FRAME_STREAM | QUIC_STREAM_F_OFF;
	plain[head - 5] = 4;
	put_unaligned_be32(0x80000000 | off, plain + head - 4);
	return head;
}

/*
 * Data of bulk packets is joined; whatever is between them, and whatever of it does not
 * open, each packet has its own bytes in the end.
 */
static void joined_train(struct unit *t)
{
	static u8 plain[TRAIN][TRAIN_LEN], secret[32];
	static struct quic_rx_slice slices[TRAIN];
	u32 head[TRAIN], i, n, round, joined = 0, moved = 0;
	const struct quic_rx_pkt *pkt;
	struct quic_rxbuf *buf;
	struct sk_buff *skb;
	struct ends *e;

	begin(t);
	unit_bytes(t, secret, sizeof(secret));
	for (round = 0; round < 100; round++) {
		e = ends_new();
		ends_keys(t, e, QUIC_CRYPTO_APP, TLS_CIPHER_AES_GCM_128, secret);
		unit_bytes(t, &plain[0][0], sizeof(plain));
		for (i = 0; i < TRAIN; i++) {
			head[i] = put_bulk(plain[i], TRAIN_LEN, unit_rand(t), 1000 * (i + 1));
			add_packet(e, e->wire + i * TRAIN_LEN, QUIC_CRYPTO_APP, TRAIN_LEN,
				   TRAIN_LEN - 28, plain[i]);
			slices[i] = (struct quic_rx_slice){
				.off = i * TRAIN_LEN, .len = TRAIN_LEN, .pn_off = 9,
				.level = QUIC_CRYPTO_APP, .keys = QUIC_CRYPTO_APP,
			};
		}
		EXPECT_EQ(t, quic_seal(&e->sk->inet.sk, &e->batch), 0);
		i = unit_rand(t) % TRAIN;
		e->wire[i * TRAIN_LEN + 700] ^= 1;	/* forged */
		skb = train_skb(e, false);
		buf = quic_open(&e->sk->inet.sk, skb, slices, TRAIN, 0);
		ASSERT(t, buf);
		EXPECT_EQ(t, buf->n, TRAIN - 1);
		for (n = 0; n < buf->n; n++) {
			pkt = &buf->pkts[n];
			ASSERT_EQ(t, pkt->pn, n + (n >= i));
			ASSERT_EQ(t, pkt->is_bulk, !!head[pkt->pn]);
			ASSERT_EQ(t, pkt->len, TRAIN_LEN - 28 - head[pkt->pn]);
			ASSERT(t, !memcmp(pkt->data, plain[pkt->pn] + head[pkt->pn], pkt->len));
			if (!pkt->is_bulk)
				continue;
			EXPECT_EQ(t, pkt->bulk.id, 4);
			EXPECT_EQ(t, pkt->bulk.offset, 1000 * (pkt->pn + 1));
			if (n && pkt->data == pkt[-1].data + pkt[-1].len)
				joined++;
			else if (n && pkt[-1].is_bulk)
				moved++;
		}
		quic_rxbuf_free(buf);
		kfree_skb(skb);
		ends_free(e);
	}
	EXPECT_GT(t, joined, 1000);
	EXPECT_GT(t, moved, 100);
	end(t);
}

/* As the core lays packets out, no cipher makes the kernel allocate. */
static void sealing_allocates_nothing(struct unit *t)
{
	static const u16 ciphers[] = {
		TLS_CIPHER_AES_GCM_128, TLS_CIPHER_AES_GCM_256, TLS_CIPHER_CHACHA20_POLY1305,
	};
	u8 secret[48], plain[TRAIN_LEN];
	struct quic_tx_pkt *p;
	struct ends *e;
	u32 i, prefix;

	begin(t);
	unit_bytes(t, secret, sizeof(secret));
	unit_bytes(t, plain, sizeof(plain));
	for (i = 0; i < ARRAY_SIZE(ciphers); i++) {
		e = ends_new();
		ends_keys(t, e, QUIC_CRYPTO_APP, ciphers[i], secret);
		glue_slow_walks = 0;
		for (prefix = 16; prefix <= 400; prefix += 16) {
			e->batch.n = 0;
			p = add_packet(e, e->wire, QUIC_CRYPTO_APP, TRAIN_LEN, prefix, plain);
			/* one piece, as nearly always */
			p->n_pieces = 1;
			p->piece[0].len = TRAIN_LEN - 28 - prefix;
			EXPECT_EQ(t, quic_seal(&e->sk->inet.sk, &e->batch), 0);
		}
		EXPECT_EQ(t, glue_slow_walks, 0);
		ends_free(e);
	}
	end(t);
}

/* With room in front of the piece the same comes out, and the room is as before. */
static void sealing_borrows_room(struct unit *t)
{
	u8 secret[48], plain[64 + TRAIN_LEN], before[64 + TRAIN_LEN], want[TRAIN_LEN];
	struct quic_tx_pkt *p;
	struct ends *e;
	u32 prefix, room;

	begin(t);
	unit_bytes(t, secret, sizeof(secret));
	unit_bytes(t, plain, sizeof(plain));
	memcpy(before, plain, sizeof(plain));
	e = ends_new();
	ends_keys(t, e, QUIC_CRYPTO_APP, TLS_CIPHER_AES_GCM_128, secret);
	for (prefix = 0; prefix <= 48; prefix += 16) {
		for (room = 0; room <= 64; room += 4) {
			e->batch.n = 0;
			p = add_packet(e, e->wire, QUIC_CRYPTO_APP, TRAIN_LEN, prefix, plain + 64);
			p->n_pieces = 1;
			p->piece[0].data = plain + 64;
			p->piece[0].len = TRAIN_LEN - 28 - prefix;
			p->piece[0].before = room;
			ASSERT_EQ(t, quic_seal(&e->sk->inet.sk, &e->batch), 0);
			if (room)
				EXPECT_MEM_EQ(t, e->wire, want, TRAIN_LEN);
			else
				memcpy(want, e->wire, TRAIN_LEN);
			EXPECT_MEM_EQ(t, plain, before, sizeof(plain));
		}
	}
	ends_free(e);
	end(t);
}

/* ---- generations ---- */

static const u8 no_secret[QUIC_SECRET_MAX_LEN];

static void ku_of(struct unit *t, const struct quic_key_vector *v)
{
	struct quic_keys_seed seed;
	struct quic_keys *keys, *next;
	u8 secret[32], ku[32];

	hex2bin(secret, v->secret, sizeof(secret));
	hex2bin(ku, v->ku, sizeof(ku));
	keys = quic_keys_create(quic_cipher_find(v->cipher), v->version, secret);
	ASSERT(t, !IS_ERR(keys));
	EXPECT_MEM_EQ(t, keys->next_secret, no_secret, sizeof(no_secret));
	EXPECT_EQ(t, quic_keys_derive_next(keys, secret), 0);
	EXPECT_MEM_EQ(t, keys->next_secret, ku, sizeof(ku));
	quic_phase_seed(keys, &seed);
	EXPECT_MEM_EQ(t, seed.secret, ku, sizeof(ku));
	next = quic_keys_grow(&seed);
	quic_keys_seed_drop(&seed);
	EXPECT_MEM_EQ(t, seed.secret, no_secret, sizeof(no_secret));
	ASSERT(t, !IS_ERR(next));
	EXPECT_EQ(t, next->gen, 1);
	EXPECT(t, next->hp == keys->hp);
	EXPECT(t, memcmp(next->iv, keys->iv, sizeof(next->iv)));
	quic_phase_attach(keys, next);
	EXPECT_MEM_EQ(t, keys->next_secret, no_secret, sizeof(no_secret));
	quic_phase_free(keys);
}

/* RFC 9001 A.5, RFC 9369 A.5: secret, then the next one; header protection stays. */
static void ku_vector(struct unit *t)
{
	u32 i, n = 0;

	begin(t);
	for (i = 0; i < ARRAY_SIZE(quic_key_vectors); i++) {
		if (!quic_key_vectors[i].ku)
			continue;
		ku_of(t, &quic_key_vectors[i]);
		n++;
	}
	EXPECT_EQ(t, n, 2);
	end(t);
}

/* SHA-384, against Nettle: key, IV and secret of three generations. */
static void ku_by_hand(struct unit *t)
{
	u8 secret[48], next[48], iv[12];
	struct quic_keys_seed seed;
	struct quic_keys *keys;
	u32 gen;

	begin(t);
	unit_bytes(t, secret, sizeof(secret));
	keys = quic_keys_create(quic_cipher_find(TLS_CIPHER_AES_GCM_256), QUIC_VERSION_V1, secret);
	ASSERT(t, !IS_ERR(keys) && !quic_keys_derive_next(keys, secret));
	for (gen = 1; gen <= 3; gen++) {
		label384(secret, "quic ku", next, sizeof(next));
		EXPECT_MEM_EQ(t, keys->next_secret, next, sizeof(next));
		memcpy(secret, next, sizeof(secret));
		quic_phase_seed(keys, &seed);
		quic_keys_free(keys);		/* the seed holds what it needs */
		keys = quic_keys_grow(&seed);
		quic_keys_seed_drop(&seed);
		ASSERT(t, !IS_ERR(keys));
		EXPECT_EQ(t, keys->gen, gen);
		label384(secret, "quic iv", iv, sizeof(iv));
		EXPECT_MEM_EQ(t, keys->iv, iv, sizeof(iv));
	}
	quic_keys_free(keys);
	end(t);
}

#define PHASES		3		/* generations, ten packets of each */
#define PHASE_PKTS	10

static void attach_next(struct unit *t, struct quic_keys *cur)
{
	struct quic_keys_seed seed;
	struct quic_keys *next;

	quic_phase_seed(cur, &seed);
	next = quic_keys_grow(&seed);
	quic_keys_seed_drop(&seed);
	ASSERT(t, !IS_ERR(next));
	quic_phase_attach(cur, next);
}

/* Ends with 1-RTT keys that know what follows. */
static struct ends *ends_phases(struct unit *t, u16 id)
{
	struct ends *e = ends_new();
	u8 secret[48];

	unit_bytes(t, secret, sizeof(secret));
	ends_keys(t, e, QUIC_CRYPTO_APP, id, secret);
	EXPECT_EQ(t, quic_keys_derive_next(e->sk->keys_tx[QUIC_CRYPTO_APP], secret), 0);
	EXPECT_EQ(t, quic_keys_derive_next(e->sk->keys_rx[QUIC_CRYPTO_APP], secret), 0);
	return e;
}

/* @PHASE_PKTS packets of generation @gen, sealed as a batch. */
static void seal_phase(struct unit *t, struct ends *e, u32 gen, const u8 *plain)
{
	u32 first = gen * PHASE_PKTS, i;
	struct quic_tx_pkt *p;

	if (gen)
		attach_next(t, e->sk->keys_tx[QUIC_CRYPTO_APP]);
	e->batch.n = 0;
	for (i = 0; i < PHASE_PKTS; i++) {
		p = add_packet(e, e->wire + (first + i) * TRAIN_LEN, QUIC_CRYPTO_APP,
			       TRAIN_LEN, 16, plain);
		p->pn = first + i;
		p->key_gen = gen;
		p->buf[0] |= (gen & 1) << 2;
		put_unaligned_be16(p->pn, p->buf + 10);
	}
	EXPECT_EQ(t, quic_seal(&e->sk->inet.sk, &e->batch), 0);
	EXPECT_EQ(t, e->sk->keys_tx[QUIC_CRYPTO_APP]->gen, gen);
}

/* Open packets [@from, @to) of the wire; @slices is filled. */
static struct quic_rxbuf *open_phases(struct ends *e, struct sk_buff *skb, u32 from, u32 to,
				      struct quic_rx_slice *slices)
{
	u32 i;

	for (i = from; i < to; i++)
		slices[i - from] = (struct quic_rx_slice){
			.off = i * TRAIN_LEN, .len = TRAIN_LEN, .pn_off = 9,
			.level = QUIC_CRYPTO_APP,
			.keys = QUIC_CRYPTO_APP,
		};
	return quic_open(&e->sk->inet.sk, skb, slices, to - from, 0);
}

/* In one train packets of the previous, the current and the next keys. */
static void three_phases(struct unit *t)
{
	static struct quic_rx_slice slices[TRAIN];
	u8 plain[TRAIN_LEN];
	struct quic_rxbuf *buf;
	struct sk_buff *skb;
	struct ends *e;
	u32 i, round;

	begin(t);
	unit_bytes(t, plain, sizeof(plain));
	e = ends_phases(t, TLS_CIPHER_AES_GCM_128);
	for (i = 0; i < PHASES; i++)
		seal_phase(t, e, i, plain);
	attach_next(t, e->sk->keys_rx[QUIC_CRYPTO_APP]);
	EXPECT(t, quic_phase_switch_rx(&e->sk->keys_rx[QUIC_CRYPTO_APP]));
	EXPECT(t, !quic_phase_switch_rx(&e->sk->keys_rx[QUIC_CRYPTO_APP]));
	attach_next(t, e->sk->keys_rx[QUIC_CRYPTO_APP]);
	e->sk->conn->keyphase.rx_first[1] = PHASE_PKTS;
	for (round = 0; round < 2; round++) {
		skb = train_skb(e, !round);
		buf = open_phases(e, skb, 0, PHASES * PHASE_PKTS, slices);
		ASSERT(t, buf);
		EXPECT_EQ(t, buf->n, PHASES * PHASE_PKTS);
		for (i = 0; i < buf->n; i++) {
			EXPECT_EQ(t, buf->pkts[i].pn, i);
			EXPECT_EQ(t, buf->pkts[i].key_gen, i / PHASE_PKTS);
			EXPECT(t, !memcmp(buf->pkts[i].data, plain, TRAIN_LEN - 28));
		}
		quic_rxbuf_free(buf);
		kfree_skb(skb);
	}
	EXPECT_EQ(t, glue_unopened.calls, 0);
	/* the next update lets go of the first keys; then the second ones, too */
	EXPECT(t, quic_phase_switch_rx(&e->sk->keys_rx[QUIC_CRYPTO_APP]));
	EXPECT_EQ(t, e->sk->keys_rx[QUIC_CRYPTO_APP]->prev->gen, 1);
	quic_phase_drop_old(e->sk->keys_rx[QUIC_CRYPTO_APP]);
	EXPECT(t, !e->sk->keys_rx[QUIC_CRYPTO_APP]->prev);
	ends_free(e);
	end(t);
}

/*
 * Keys that are not made yet: the packets are marked and their bytes as they came;
 * once there, they open. Whatever happens to it, a packet costs one AEAD pass.
 */
static void early_phase(struct unit *t, bool linear)
{
	static struct quic_rx_slice slices[TRAIN];
	u8 plain[TRAIN_LEN], all[2 * PHASE_PKTS * TRAIN_LEN];
	struct quic_rxbuf *buf;
	struct sk_buff *skb;
	struct ends *e;
	u32 i;

	begin(t);
	unit_bytes(t, plain, sizeof(plain));
	e = ends_phases(t, TLS_CIPHER_AES_GCM_128);
	seal_phase(t, e, 0, plain);
	seal_phase(t, e, 1, plain);
	skb = train_skb(e, linear);
	glue_aead_runs = 0;
	buf = open_phases(e, skb, 0, 2 * PHASE_PKTS, slices);
	ASSERT(t, buf);
	EXPECT_EQ(t, buf->n, PHASE_PKTS);
	EXPECT_EQ(t, glue_aead_runs, 2 * PHASE_PKTS);
	for (i = 0; i < 2 * PHASE_PKTS; i++)
		EXPECT_EQ(t, slices[i].early, i >= PHASE_PKTS);
	quic_rxbuf_free(buf);
	EXPECT_EQ(t, skb_copy_bits(skb, 0, all, sizeof(all)), 0);
	EXPECT_MEM_EQ(t, all + PHASE_PKTS * TRAIN_LEN, e->wire + PHASE_PKTS * TRAIN_LEN,
		      PHASE_PKTS * TRAIN_LEN);
	/* a stateless reset may look like that, a forged packet it is not yet */
	EXPECT_EQ(t, glue_unopened.calls, 1);
	EXPECT_EQ(t, glue_unopened.forged, 0);
	attach_next(t, e->sk->keys_rx[QUIC_CRYPTO_APP]);
	buf = open_phases(e, skb, PHASE_PKTS, 2 * PHASE_PKTS, slices);
	ASSERT(t, buf);
	EXPECT_EQ(t, buf->n, PHASE_PKTS);
	EXPECT_EQ(t, buf->pkts[0].key_gen, 1);
	quic_rxbuf_free(buf);
	kfree_skb(skb);
	ends_free(e);
	end(t);
}

static void early_phase_in_place(struct unit *t)
{
	early_phase(t, true);
}

static void early_phase_bounced(struct unit *t)
{
	early_phase(t, false);
}

/* Old keys are gone: as if forged, with the same number of AEAD passes. */
static void late_phase(struct unit *t)
{
	static struct quic_rx_slice slices[TRAIN];
	u8 plain[TRAIN_LEN];
	struct quic_keys __rcu **rx;
	struct quic_rxbuf *buf;
	struct sk_buff *skb;
	struct ends *e;
	u32 i;

	begin(t);
	unit_bytes(t, plain, sizeof(plain));
	e = ends_phases(t, TLS_CIPHER_CHACHA20_POLY1305);
	rx = &e->sk->keys_rx[QUIC_CRYPTO_APP];
	seal_phase(t, e, 0, plain);
	seal_phase(t, e, 1, plain);
	attach_next(t, *rx);
	quic_phase_switch_rx(rx);
	quic_phase_drop_old(*rx);
	e->sk->conn->keyphase.rx_first[1] = PHASE_PKTS;
	skb = train_skb(e, true);
	glue_aead_runs = 0;
	buf = open_phases(e, skb, 0, 2 * PHASE_PKTS, slices);
	ASSERT(t, buf);
	EXPECT_EQ(t, buf->n, PHASE_PKTS);
	EXPECT_EQ(t, glue_aead_runs, 2 * PHASE_PKTS);
	EXPECT_EQ(t, glue_unopened.forged, PHASE_PKTS);
	for (i = 0; i < 2 * PHASE_PKTS; i++)
		EXPECT(t, !slices[i].early);
	quic_rxbuf_free(buf);
	kfree_skb(skb);
	ends_free(e);
	end(t);
}

/* A header of the next phase over the current keys: they fit, and it is not taken. */
static void phase_that_lies(struct unit *t)
{
	static struct quic_rx_slice slices[TRAIN];
	u8 plain[TRAIN_LEN];
	struct sk_buff *skb;
	struct ends *e;
	u32 i;

	begin(t);
	unit_bytes(t, plain, sizeof(plain));
	e = ends_phases(t, TLS_CIPHER_AES_GCM_128);
	for (i = 0; i < PHASE_PKTS; i++)
		add_packet(e, e->wire + i * TRAIN_LEN, QUIC_CRYPTO_APP, TRAIN_LEN, 16,
			   plain)->buf[0] |= 4;
	EXPECT_EQ(t, quic_seal(&e->sk->inet.sk, &e->batch), 0);
	skb = train_skb(e, true);
	EXPECT(t, !open_phases(e, skb, 0, PHASE_PKTS, slices));
	EXPECT(t, slices[0].early && slices[PHASE_PKTS - 1].early);
	attach_next(t, e->sk->keys_rx[QUIC_CRYPTO_APP]);
	EXPECT(t, !open_phases(e, skb, 0, PHASE_PKTS, slices));
	EXPECT_EQ(t, glue_unopened.forged, PHASE_PKTS);
	kfree_skb(skb);
	ends_free(e);
	end(t);
}

/* RFC 9000 17.2, 17.3.1: reserved bits are authentic when they are seen. */
static void reserved_bits(struct unit *t)
{
	static struct quic_rx_slice slices[TRAIN];
	u8 plain[TRAIN_LEN];
	struct quic_rxbuf *buf;
	struct sk_buff *skb;
	struct ends *e;
	u32 i;

	begin(t);
	unit_bytes(t, plain, sizeof(plain));
	e = ends_phases(t, TLS_CIPHER_AES_GCM_128);
	for (i = 0; i < PHASE_PKTS; i++)
		add_packet(e, e->wire + i * TRAIN_LEN, QUIC_CRYPTO_APP, TRAIN_LEN, 16,
			   plain)->buf[0] |= i % 4 << 3;
	EXPECT_EQ(t, quic_seal(&e->sk->inet.sk, &e->batch), 0);
	skb = train_skb(e, true);
	buf = open_phases(e, skb, 0, PHASE_PKTS, slices);
	ASSERT(t, buf);
	EXPECT_EQ(t, buf->n, PHASE_PKTS);
	for (i = 0; i < buf->n; i++)
		EXPECT_EQ(t, buf->pkts[i].reserved, i % 4 != 0);
	quic_rxbuf_free(buf);
	kfree_skb(skb);
	ends_free(e);
	end(t);
}

/* ---- what does not open ---- */

static void forged_are_counted(struct unit *t)
{
	static struct quic_rx_slice slices[TRAIN];
	u8 secret[48], plain[TRAIN_LEN];
	struct quic_rxbuf *buf;
	struct sk_buff *skb;
	struct ends *e;
	u32 i;

	begin(t);
	unit_bytes(t, secret, sizeof(secret));
	unit_bytes(t, plain, sizeof(plain));
	e = ends_new();
	ends_keys(t, e, QUIC_CRYPTO_APP, TLS_CIPHER_CHACHA20_POLY1305, secret);
	for (i = 0; i < TRAIN; i++) {
		add_packet(e, e->wire + i * TRAIN_LEN, QUIC_CRYPTO_APP, TRAIN_LEN, 16, plain);
		slices[i] = (struct quic_rx_slice){
			.off = i * TRAIN_LEN, .len = TRAIN_LEN, .pn_off = 9,
			.level = QUIC_CRYPTO_APP,
			.keys = QUIC_CRYPTO_APP,
		};
	}
	EXPECT_EQ(t, quic_seal(&e->sk->inet.sk, &e->batch), 0);
	/* every third one: in the body, where no header protection looks */
	for (i = 0; i < TRAIN; i += 3)
		e->wire[i * TRAIN_LEN + 500] ^= 1;
	skb = train_skb(e, true);
	buf = quic_open(&e->sk->inet.sk, skb, slices, TRAIN, 0);
	ASSERT(t, buf);
	EXPECT_EQ(t, buf->n, TRAIN - TRAIN / 3);
	EXPECT_EQ(t, glue_unopened.calls, 1);
	EXPECT_EQ(t, glue_unopened.forged, TRAIN / 3);
	EXPECT(t, !memcmp(glue_unopened.token, e->wire + (TRAIN - 2) * TRAIN_LEN - 16, 16));
	quic_rxbuf_free(buf);
	kfree_skb(skb);
	ends_free(e);
	end(t);
}

/* ---- what a kernel has ---- */

static void missing_cipher(struct unit *t)
{
	static const struct {
		const char *name;
		u32 id;
	} rows[] = {
		{ "rfc7539(chacha20,poly1305)", TLS_CIPHER_CHACHA20_POLY1305 },
		{ "hmac(sha384)", TLS_CIPHER_AES_GCM_256 },
		{ "", 0 },
	};
	u32 i, id, mask = 0;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		glue_missing = rows[i].name;
		EXPECT_EQ(t, quic_crypto_init(), 0);
		for (id = TLS_CIPHER_AES_GCM_128; id <= TLS_CIPHER_CHACHA20_POLY1305; id++) {
			bool have = id != rows[i].id && id != TLS_CIPHER_AES_CCM_128;

			EXPECT_EQ(t, !!quic_cipher_find(id), have);
			mask = have ? mask | 1 << (id - 51) : mask & ~(1 << (id - 51));
		}
		EXPECT_EQ(t, quic_cipher_mask(), mask);
		EXPECT(t, !quic_cipher_find(0) && !quic_cipher_find(1U << 31));
		end(t);
	}
}

static void needed_cipher(struct unit *t)
{
	static const char * const names[] = { "gcm(aes)", "ecb(aes)", "hmac(sha256)" };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		glue_missing = names[i];
		EXPECT_EQ(t, quic_crypto_init(), -ENOENT);
		EXPECT_EQ(t, quic_cipher_mask(), 0);
		EXPECT_EQ(t, glue_tfms, 0);
	}
	glue_missing = "";
}

static const struct unit_case cases[] = {
	UNIT_CASE(key_vectors),
	UNIT_CASE(packet_vectors),
	UNIT_CASE(vectors_can_fail),
	UNIT_CASE(mask_vectors),
	UNIT_CASE(aes256_by_hand),
	UNIT_CASE(mixed_train),
	UNIT_CASE(joined_train),
	UNIT_CASE(sealing_allocates_nothing),
	UNIT_CASE(sealing_borrows_room),
	UNIT_CASE(ku_vector),
	UNIT_CASE(ku_by_hand),
	UNIT_CASE(three_phases),
	UNIT_CASE(early_phase_in_place),
	UNIT_CASE(early_phase_bounced),
	UNIT_CASE(late_phase),
	UNIT_CASE(phase_that_lies),
	UNIT_CASE(reserved_bits),
	UNIT_CASE(forged_are_counted),
	UNIT_CASE(missing_cipher),
	UNIT_CASE(needed_cipher),
};

UNIT_SUITE(protect, cases);
