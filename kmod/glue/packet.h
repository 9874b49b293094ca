/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What crypto.c, creq.c, kdf.c, open.c, seal.c, demux.c, skb.c and udp.c share and nobody
 * else needs: crypto requests of a CPU, key derivation, a walk over an skb's memory.
 */
#ifndef QUIC_GLUE_PACKET_H
#define QUIC_GLUE_PACKET_H

#include "glue.h"
#include <crypto/hash.h>

#define QUIC_RX_SLICES	64	/* packets that open.c takes at a time */
#define QUIC_SG_MAX	24	/* header, MAX_SKB_FRAGS + 1 pieces, some air */

/**
 * struct quic_creq - one crypto request and the memory it works on
 * @parties: who is done with a request that became asynchronous: its submitter,
 *	its completion. The second one frees.
 * @held_src: bit per entry of @src whose page is held for it
 * @held_dst: the same for @dst
 * @skb: held for it
 * @iv: nonce
 * @end: entry of @src that is marked as its last
 * @src: input; entry 0 begins with the associated data
 * @dst: output when it is not @src
 * @block: header protection: samples in, masks out
 * @req: struct aead_request or skcipher_request with its driver's context
 *
 * Of its CPU, used with BH off from preparing to result, hence by one user at a
 * time: the request never outlives the function that fills it.
 */
struct quic_creq {
	atomic_t parties;
	u32 held_src;
	u32 held_dst;
	struct sk_buff *skb;
	u8 iv[QUIC_IV_LEN];
	u32 end;
	struct scatterlist src[QUIC_SG_MAX];
	struct scatterlist dst[1];
	u8 block[QUIC_RX_SLICES * QUIC_HP_SAMPLE_LEN] __aligned(16);
	u8 req[] CRYPTO_MINALIGN_ATTR;
};

/*
 * @n entries of @q->src are filled. To mark the last one anew costs a fraction of
 * sg_init_table(), which clears them all.
 */
static inline void quic_creq_end(struct quic_creq *q, u32 n)
{
	sg_unmark_end(&q->src[q->end]);
	q->end = n - 1;
	sg_mark_end(&q->src[q->end]);
}

/**
 * struct quic_aead_op - a payload to encrypt or decrypt
 * @keys: with what
 * @pn: packet number
 * @src: input, see struct quic_creq
 * @dst: output, or @src: in place
 * @assoclen: bytes of associated data
 * @cryptlen: bytes after them in @src; the tag is among them when opening
 * @skb: what @src or @dst point into and page references do not keep; or NULL
 */
struct quic_aead_op {
	const struct quic_keys *keys;
	u64 pn;
	struct scatterlist *src;
	struct scatterlist *dst;
	u32 assoclen;
	u32 cryptlen;
	struct sk_buff *skb;
};

/*
 * This CPU's requests: BH off. NULL when one was given up and memory is short.
 * Both stay the same until an operation returns -EINPROGRESS.
 */
struct quic_creq *quic_creq_aead(void);
struct quic_creq *quic_creq_hp(void);

/**
 * quic_aead_run - seal or open one packet
 * @op: what to do; @op->src and @op->dst lie in quic_creq_aead()
 * @seal: encrypt
 *
 * Context: BH off, SIMD usable.
 * Return: 0; -EBADMSG: not authentic; -EINPROGRESS: the driver went
 * asynchronous: the packet is lost, its memory is looked after, and the caller
 * must not touch it again; other errors: nothing happened.
 */
int quic_aead_run(const struct quic_aead_op *op, bool seal);

/**
 * quic_hp_run - make header protection masks (RFC 9001 5.4)
 * @keys: whose
 * @n: samples in quic_creq_hp()->block, replaced by their masks
 * Context and return: as above.
 */
int quic_hp_run(const struct quic_keys *keys, u32 n);

int quic_creqs_init(unsigned int req_size);
void quic_creqs_exit(void);

/* ---- kdf.c ---- */

/**
 * quic_hkdf_open - a HMAC keyed with a secret
 * @hash: crypto API name of the HMAC
 * @secret: the key
 * @secret_len: its bytes
 *
 * Context: process, may sleep. Return: for crypto_free_shash(), or ERR_PTR.
 */
struct crypto_shash *quic_hkdf_open(const char *hash, const u8 *secret, u32 secret_len);

/* HKDF-Expand-Label with it, as quic_hkdf_expand_label(). */
int quic_hkdf_label(struct crypto_shash *tfm, const char *label, u8 *out, u32 out_len);

/* Labels of packet protection of a version (RFC 9001 5.1, RFC 9369 3.3.2). */
struct quic_kdf_labels {
	const char *key;
	const char *iv;
	const char *hp;
	const char *ku;		/* RFC 9001 6.1 */
};

const struct quic_kdf_labels *quic_kdf_labels(u32 version);

/* Known answers of keys (vectors.h). Return: 0 or -errno, and said so. */
int quic_kdf_selftest(void);

/* ---- vectors.c, in debug builds ---- */

struct quic_packet_vector;

int quic_vector_check(const struct quic_packet_vector *v);

/* ---- open.c ---- */

/**
 * struct quic_walk - where the bytes of an skb lie, visited in order
 * @top: skb
 * @seg: itself, then those of its frag_list; NULL: at the end
 * @frag: of @seg; -1: its linear part
 * @off: of the piece, from @top's data
 * @len: of the piece
 * @seg_end: offset behind @seg
 * @p: the piece's bytes; NULL: no address, or a frag_list inside a frag_list
 * @writable: nobody else sees them
 */
struct quic_walk {
	struct sk_buff *top;
	struct sk_buff *seg;
	int frag;
	u32 off;
	u32 len;
	u32 seg_end;
	u8 *p;
	bool writable;
};

void quic_walk_init(struct quic_walk *w, struct sk_buff *skb);

/* What quic_walk_find() does where it has to go on. */
u8 *quic_walk_search(struct quic_walk *w, u32 off, u32 len);

/**
 * quic_walk_find - bytes of an skb if they lie in one piece
 * @w: walk; @w->writable is about what was found
 * @off: not smaller than in calls before
 * @len: bytes
 * Return: pointer or NULL.
 */
static inline u8 *quic_walk_find(struct quic_walk *w, u32 off, u32 len)
{
	/* nearly always in the piece of the last time */
	if (likely(w->p && off >= w->off && off + len <= w->off + w->len))
		return w->p + (off - w->off);
	return quic_walk_search(w, off, len);
}

/* ---- icmp.c ---- */

/**
 * quic_icmp - a message about a packet of ours
 * @udp: UDP socket that it left from, as the stack believes
 * @skb: of its error queue: data is the quoted packet's UDP payload
 * Context: softirq, under RCU, no lock held.
 */
void quic_icmp(struct quic_udp *udp, const struct sk_buff *skb);

/* ---- skb.c ---- */

/* The ECN bits of a received skb's IP header; a train has one. */
u8 quic_skb_ecn(const struct sk_buff *skb);

/*
 * @len bytes at @off of a train as a skb of their own, linear, for quic_udp_rcv().
 * Context: any. Return: NULL when memory is short.
 */
struct sk_buff *quic_skb_dgram(const struct sk_buff *skb, u32 off, u32 len);

static inline void quic_addr_set6(union quic_addr *a, const struct in6_addr *ip,
				  __be16 port, int iif)
{
	memset(a, 0, sizeof(*a));
	a->v6.sin6_family = AF_INET6;
	a->v6.sin6_addr = *ip;
	a->v6.sin6_port = port;
	a->v6.sin6_scope_id = ipv6_iface_scope_id(ip, iif);
}

static inline void quic_addr_set4(union quic_addr *a, __be32 ip, __be16 port)
{
	memset(a, 0, sizeof(*a));
	a->v4.sin_family = AF_INET;
	a->v4.sin_addr.s_addr = ip;
	a->v4.sin_port = port;
}

#endif /* QUIC_GLUE_PACKET_H */
