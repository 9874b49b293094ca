// SPDX-License-Identifier: GPL-2.0
/*
 * Skbs and pages for tests/glue: every piece has memory of its own, of its own size,
 * so that ASan sees who steps beyond it.
 */
#include <stdarg.h>

#include "glue_test.h"
#include "../../kmod/glue/blocks.h"
#include "../../kmod/glue/spare.h"

struct net init_net;
struct glue_unopened glue_unopened;
u32 glue_pages;
u32 glue_skbs;
u32 glue_credit;
u64 glue_now = QUIC_NS_PER_SEC;

struct page *alloc_pages(gfp_t gfp, int order)
{
	struct page *page = calloc(1, sizeof(*page));

	page->refs = 1;
	page->mem = malloc(PAGE_SIZE << order);
	glue_pages++;
	return page;
}

void put_page(struct page *page)
{
	if (--page->refs)
		return;
	free(page->mem);
	free(page);
	glue_pages--;
}

/* blocks.c keeps some; a test wants to see all of them go. */
struct page *quic_block_get(u32 order, gfp_t gfp)
{
	return alloc_pages(gfp, order);
}

void quic_block_put(struct page *page)
{
	put_page(page);
}

void quic_blocks_look_later(void)
{
}

/* ---- slab caches ---- */

u32 glue_objects;
u32 glue_object_allocs;

struct kmem_cache {
	u32 size;
};

struct kmem_cache *kmem_cache_create(const char *name, u32 size, u32 align, u32 flags,
				     void (*ctor)(void *p))
{
	struct kmem_cache *cache = malloc(sizeof(*cache));

	cache->size = size;
	return cache;
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	free(cache);
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	glue_objects++;
	glue_object_allocs++;
	return malloc(cache->size);
}

void kmem_cache_free(struct kmem_cache *cache, void *p)
{
	glue_objects--;
	free(p);
}

/* As the module does before all else that needs it. */
__attribute__((constructor)) static void spares_begin(void)
{
	quic_spares_init();
}

/* ---- skbs ---- */

struct sk_buff *alloc_skb(u32 size, gfp_t gfp)
{
	struct sk_buff *skb = calloc(1, sizeof(*skb));

	skb->data = malloc(size);
	skb->refs = 1;
	skb->truesize = size;
	glue_skbs++;
	return skb;
}

void skb_put_data(struct sk_buff *skb, const void *data, u32 len)
{
	memcpy(skb->data + skb->headlen, data, len);
	skb->headlen += len;
	skb->len += len;
}

void skb_add_rx_frag(struct sk_buff *skb, int i, struct page *page, int off, int size,
		     unsigned int truesize)
{
	skb->shinfo.frags[i] = (skb_frag_t){ page, off, size };
	skb->shinfo.nr_frags = i + 1;
	skb->len += size;
	skb->truesize += truesize;
}

void kfree_skb(struct sk_buff *skb)
{
	u32 i;

	if (!skb || --skb->refs)
		return;
	for (i = 0; i < skb->shinfo.nr_frags; i++)
		put_page(skb->shinfo.frags[i].page);
	free(skb->data);
	free(skb);
	glue_skbs--;
}

/* Piece @i of @skb: -1 is its linear part. Return: its bytes, in @len how many. */
static u8 *piece(const struct sk_buff *skb, int i, u32 *len)
{
	const skb_frag_t *f;

	if (i < 0) {
		*len = skb->headlen;
		return skb->data;
	}
	f = &skb->shinfo.frags[i];
	*len = f->size;
	return skb_frag_address(f);
}

int skb_to_sgvec_nomark(struct sk_buff *skb, struct scatterlist *sg, int off, int len)
{
	int i, n = 0;

	for (i = -1; len && i < skb->shinfo.nr_frags; i++) {
		u32 have;
		u8 *p = piece(skb, i, &have);

		if ((u32)off >= have) {
			off -= have;
			continue;
		}
		have = min_t(u32, have - off, len);
		if (n && sg[n - 1].end)
			return -EMSGSIZE;	/* as the kernel's */
		sg_set_buf(&sg[n++], p + off, have);
		len -= have;
		off = 0;
	}
	return len ? -EMSGSIZE : n;
}

int skb_copy_bits(const struct sk_buff *skb, int off, void *to, int len)
{
	struct scatterlist sg[MAX_SKB_FRAGS + 1], *s = sg;
	int n;

	if (off < 0 || (u32)off + len > skb->len)
		return -EFAULT;
	sg_init_table(sg, ARRAY_SIZE(sg));
	n = skb_to_sgvec_nomark((struct sk_buff *)skb, sg, off, len);
	if (n < 0)
		return -EFAULT;
	for (; n--; to = (u8 *)to + s->len, s++)
		memcpy(to, s->p, s->len);
	return 0;
}

/* ---- what open.c, seal.c and crypto.c call besides ---- */

struct quic_net *quic_pernet(const struct net *net)
{
	static struct quic_mib_pcpu mib;
	static struct quic_net qn = { .mib = &mib };

	return &qn;
}

void quic_rx_unopened(struct sock *sk, const u8 *token, u32 forged)
{
	glue_unopened.calls++;
	glue_unopened.forged += forged;
	memcpy(glue_unopened.token, token, QUIC_RESET_TOKEN_LEN);
}

void quic_rx_uncharge(struct quic_rxbuf *buf)
{
}

void glue_printk(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}

void quic_rx_credit(struct sock *sk, const struct sk_buff *skb, u32 bytes)
{
	glue_credit += bytes;
}

/* ---- randomness that is the same in every run ---- */

void get_random_bytes(void *buf, size_t len)
{
	static u64 state = 1;
	u8 *p = buf;

	while (len--) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		*p++ = state >> 56;
	}
}

u64 siphash(const void *data, size_t len, const siphash_key_t *key)
{
	u64 h = key->key[0] ^ 0xcbf29ce484222325ULL;
	const u8 *p = data;

	while (len--)
		h = (h ^ *p++) * 0x100000001b3ULL;
	h ^= h >> 32;
	return h * 0x9fb21c651e98df25ULL;
}
