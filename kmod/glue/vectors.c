// SPDX-License-Identifier: GPL-2.0
/*
 * The packets of RFC 9001 appendix A, byte by byte, through quic_seal() and
 * quic_open() themselves: with this kernel's drivers when a debug build of the
 * module loads, with Nettle in tests/glue.
 *
 * There is no connection yet. A socket of zeros, which nobody else ever sees, holds
 * what the two functions look at: keys, namespace, largest packet number. Each
 * packet is sealed with its plaintext in one piece and in several, as the core hands
 * it over, and opened in place and from page fragments; with any bit of it turned
 * it must not open.
 *
 * Not here: the keys' own vectors, which kdf.c checks in every build. Packets with
 * 1-RTT keys are not damaged, for then quic_open() wants the socket's lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "packet.h"
#include "vectors.h"
#include "../compat/hex.h"

#define PACKET_MAX	1200

/**
 * struct vector_test - one packet on its way
 * @v: the vector
 * @sk: of zeros, with what is needed
 * @batch: one packet
 * @out: where it is sealed
 * @payload: plaintext, PADDING included
 * @packet: what it must look like
 * @hdr_len: bytes of the header, packet number included
 * @len: bytes of @packet
 */
struct vector_test {
	const struct quic_packet_vector *v;
	struct quic_sock *sk;
	struct quic_tx_batch batch;
	u8 out[PACKET_MAX];
	u8 payload[PACKET_MAX];
	u8 packet[PACKET_MAX];
	u32 hdr_len;
	u32 len;
};

/* ---- sealing ---- */

/* The header and @prefix bytes of plaintext in place, the rest in @n pieces. */
static void lay_out(struct vector_test *t, u32 prefix, u32 n)
{
	struct quic_tx_pkt *p = &t->batch.pkt[0];
	u32 left = t->v->payload_len - prefix, i, len;
	const u8 *from = t->payload + prefix;

	memset(t->out, 0xaa, sizeof(t->out));
	WARN_ON(hex2bin(t->out, t->v->header, t->hdr_len));
	memcpy(t->out + t->hdr_len, t->payload, prefix);
	*p = (struct quic_tx_pkt){
		.buf = t->out,
		.len = t->len,
		.hdr_len = t->hdr_len,
		.prefix_len = prefix,
		.pn_off = t->hdr_len - t->v->pn_len,
		.pn_len = t->v->pn_len,
		.level = t->v->keys->level,
		.pn = t->v->pn,
		.n_pieces = n,
	};
	for (i = 0; i < n; i++) {
		len = i + 1 < n ? left / 3 : left;
		p->piece[i].data = from;
		p->piece[i].len = len;
		from += len;
		left -= len;
	}
	t->batch.n = 1;
}

static int seal_once(struct vector_test *t, u32 prefix, u32 n)
{
	int err;

	lay_out(t, prefix, n);
	local_bh_disable();
	err = quic_seal(&t->sk->inet.sk, &t->batch);
	local_bh_enable();
	return err ?: memcmp(t->out, t->packet, t->len) ? -EBADMSG : 0;
}

static int check_seal(struct vector_test *t)
{
	u32 prefix = round_down(t->v->payload_len / 2, 16), n;
	int err = seal_once(t, t->v->payload_len, 0);

	for (n = 1; !err && n <= QUIC_TX_PIECES_MAX; n++)
		err = seal_once(t, prefix, n) ?: seal_once(t, 0, n);
	return err;
}

/* ---- opening ---- */

/* An skb of @packet, in its linear part or in a page fragment. */
static struct sk_buff *make_skb(const struct vector_test *t, const u8 *packet, bool linear)
{
	struct sk_buff *skb = alloc_skb(linear ? t->len : 0, GFP_KERNEL);
	struct page *page;

	if (!skb)
		return NULL;
	if (linear) {
		skb_put_data(skb, packet, t->len);
		return skb;
	}
	page = alloc_page(GFP_KERNEL);
	if (!page) {
		kfree_skb(skb);
		return NULL;
	}
	memcpy(page_address(page), packet, t->len);
	skb_add_rx_frag(skb, 0, page, 0, t->len, PAGE_SIZE);
	return skb;
}

static bool is_payload(const struct vector_test *t, const struct quic_rxbuf *buf)
{
	const struct quic_rx_pkt *pkt = &buf->pkts[0];

	return buf->n == 1 && pkt->pn == t->v->pn && pkt->len == t->v->payload_len &&
	       pkt->level == t->v->keys->level && !memcmp(pkt->data, t->payload, pkt->len);
}

/* Return: 0 it opened and is right, -EBADMSG it is not, -EKEYREJECTED it did not open. */
static int open_once(struct vector_test *t, const u8 *packet, bool linear)
{
	struct quic_rx_slice slice = {
		.len = t->len,
		.dgram_len = t->len,
		.pn_off = t->hdr_len - t->v->pn_len,
		.level = t->v->keys->level,
		.keys = t->v->keys->level,
	};
	struct sk_buff *skb = make_skb(t, packet, linear);
	struct quic_rxbuf *buf;
	int err;

	if (!skb)
		return -ENOMEM;
	local_bh_disable();
	rcu_read_lock();
	buf = quic_open(&t->sk->inet.sk, skb, &slice, 1, 0);
	rcu_read_unlock();
	local_bh_enable();
	err = !buf ? -EKEYREJECTED : is_payload(t, buf) ? 0 : -EBADMSG;
	if (buf)
		quic_rxbuf_free(buf);
	kfree_skb(skb);
	return err;
}

/* One bit of each byte in turn. */
static int check_damage(struct vector_test *t)
{
	int err;
	u32 i;

	for (i = 0; i < t->len; i++) {
		memcpy(t->out, t->packet, t->len);
		t->out[i] ^= BIT(i % 8);
		err = open_once(t, t->out, i & 1);
		if (err != -EKEYREJECTED)
			return err ?: -EBADMSG;
	}
	return 0;
}

static int check_open(struct vector_test *t)
{
	int err = open_once(t, t->packet, true) ?: open_once(t, t->packet, false);

	if (err || t->v->keys->level == QUIC_CRYPTO_APP)
		return err;
	return check_damage(t);
}

/* ---- one vector ---- */

static int test_keys(struct vector_test *t)
{
	const struct quic_key_vector *k = t->v->keys;
	const struct quic_cipher *cipher = quic_cipher_find(k->cipher);
	u8 secret[QUIC_SECRET_MAX_LEN];
	struct quic_keys *rx, *tx;

	if (!cipher)
		return -ENOENT;
	if (hex2bin(secret, k->secret, cipher->secret_len))
		return -EINVAL;
	tx = quic_keys_create(cipher, k->version, secret);
	if (IS_ERR(tx))
		return PTR_ERR(tx);
	t->sk->keys_tx[k->level] = tx;
	rx = quic_keys_create(cipher, k->version, secret);
	if (IS_ERR(rx))
		return PTR_ERR(rx);
	rcu_assign_pointer(t->sk->keys_rx[k->level], rx);
	return 0;
}

static int test_init(struct vector_test *t)
{
	const struct quic_packet_vector *v = t->v;

	t->hdr_len = strlen(v->header) / 2;
	t->len = strlen(v->packet) / 2;
	if (t->len != t->hdr_len + v->payload_len + QUIC_TAG_LEN || t->len > PACKET_MAX ||
	    hex2bin(t->payload, v->payload, strlen(v->payload) / 2) ||
	    hex2bin(t->packet, v->packet, t->len))
		return -EINVAL;
	t->sk = kzalloc(sizeof(*t->sk), GFP_KERNEL);
	if (!t->sk)
		return -ENOMEM;
	write_pnet(&t->sk->inet.sk.sk_net, &init_net);
	t->sk->conn = kzalloc(sizeof(*t->sk->conn), GFP_KERNEL);
	if (!t->sk->conn)
		return -ENOMEM;
	t->sk->conn->space[quic_level_space(v->keys->level)].rx_next = v->pn;
	return test_keys(t);
}

static void test_free(struct vector_test *t)
{
	u8 level = t->v->keys->level;

	if (t->sk) {
		quic_keys_free(t->sk->keys_tx[level]);
		quic_keys_free(rcu_dereference_protected(t->sk->keys_rx[level], true));
		kfree(t->sk->conn);
		kfree(t->sk);
	}
	kfree(t);
}

/**
 * quic_vector_check - seal and open the packet of a vector
 * @v: vector
 * Context: process, may sleep; namespaces have their counters.
 * Return: 0; -ENOENT: this kernel lacks the cipher; -EBADMSG: wrong bytes;
 * -EKEYREJECTED: does not open; other errors of memory and drivers.
 */
int quic_vector_check(const struct quic_packet_vector *v)
{
	struct vector_test *t = kzalloc(sizeof(*t), GFP_KERNEL);
	int err;

	if (!t)
		return -ENOMEM;
	t->v = v;
	err = test_init(t) ?: check_seal(t) ?: check_open(t);
	test_free(t);
	return err;
}

/**
 * quic_vectors_check - all of them, when the module loads
 * Context: as above. Return: 0 or -errno.
 */
int quic_vectors_check(void)
{
	int err;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(quic_packet_vectors); i++) {
		const struct quic_packet_vector *v = &quic_packet_vectors[i];

		err = quic_vector_check(v);
		if (err && err != -ENOENT) {
			pr_err("%s: the packet is protected wrong: %pe\n", v->name, ERR_PTR(err));
			return err;
		}
		pr_info("%s: %s\n", v->name, err ? "no such cipher here" :
			"sealed and opened as it is written");
	}
	return 0;
}
