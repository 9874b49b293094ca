/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of the kernel as kmod/glue/{kdf,crypto,creq,phase,seal,open,vectors,stateless,
 * token,answer}.c see of it, for tests in userspace. The Makefile puts this file in the place
 * of each header that they include and tests/shim does not have.
 *
 * One CPU, one thread, no interrupts: locks and RCU are nothing, what is deferred
 * happens at once, memory comes from malloc(), so that ASan sees each byte. Types
 * that these files only pass by have just a size.
 *
 * The crypto API is in crypto.c, skbs are in skb.c.
 */
#ifndef GLUE_KERNEL_H
#define GLUE_KERNEL_H

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>
#include <linux/kernel.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#define KBUILD_MODNAME		"quicsock"
#define MODULE_SOFTDEP(s)	_Static_assert(sizeof(s) > 1, "")
#define pr_err(fmt, ...)	glue_printk(pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...)	glue_printk(pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...)	glue_printk(pr_fmt(fmt), ##__VA_ARGS__)
/* Lines of comment; %pe is shown as a pointer. */
void glue_printk(const char *fmt, ...);

/* ---- types that are only passed by ---- */

typedef unsigned int gfp_t;
typedef struct { uid_t val; } kuid_t;
typedef struct { int taken; } spinlock_t;
typedef struct { int counter; } atomic_t;
typedef struct { long counter; } atomic_long_t;
typedef struct { atomic_t refs; } refcount_t;
typedef struct { struct net *net; } possible_net_t;
typedef struct { const void *p; } sockptr_t;
struct net { u64 net_cookie; };
struct rcu_head { void *unused; };
struct work_struct { void (*fn)(struct work_struct *work); };
struct rcu_work { struct work_struct work; };
struct delayed_work { struct work_struct work; };
struct mutex { int taken; };
typedef struct { u64 key[2]; } siphash_key_t;
struct timer_list { int unused; };
struct hrtimer { int unused; };
struct tasklet_struct { int unused; };
struct page_frag { void *p; };
struct percpu_counter { int unused; };
struct sk_buff_head { int unused; };
struct workqueue_struct;
struct socket;
struct msghdr;
struct proto;
struct proc_dir_entry;
struct ctl_table_header;

struct sock {
	possible_net_t sk_net;
	atomic_t sk_rmem_alloc;
	int sk_rcvbuf;
	u16 sk_type;
};

struct inet_sock { struct sock sk; };
struct ipv6_pinfo { int unused; };

extern struct net init_net;

static inline bool net_eq(const struct net *a, const struct net *b)
{
	return a == b;
}

static inline struct net *sock_net(const struct sock *sk)
{
	return sk->sk_net.net;
}

static inline void write_pnet(possible_net_t *to, struct net *net)
{
	to->net = net;
}

static inline u32 ipv6_iface_scope_id(const struct in6_addr *ip, int iif)
{
	return 0;
}

#define __percpu

#define IS_ENABLED(CONFIG_option)	0

/* ---- one CPU ---- */

#define DEFINE_PER_CPU(type, name)	type name
#define this_cpu_ptr(p)			(p)
#define raw_cpu_ptr(p)			(p)
#define alloc_percpu(type)		((type *)calloc(1, sizeof(type)))
#define free_percpu(p)			free(p)
#define per_cpu_ptr(p, cpu)		((void)(cpu), (p))
#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (cpu) < 1; (cpu)++)
#define this_cpu_add(what, n)		((what) += (n))
#define local_bh_disable()		do { } while (0)
#define local_bh_enable()		do { } while (0)
#define rcu_read_lock()			do { } while (0)
#define rcu_read_unlock()		do { } while (0)
#define rcu_barrier()			do { } while (0)
#define synchronize_rcu()		do { } while (0)
#define rcu_dereference(p)		(p)
#define rcu_dereference_protected(p, c)	(p)
#define rcu_assign_pointer(p, v)	((p) = (v))
#define rcu_access_pointer(p)		(p)
#define rcu_replace_pointer(p, v, c)	({ typeof(p) __old = (p); (p) = (v); __old; })
#define RCU_INIT_POINTER(p, v)		((p) = (v))
#define refcount_set(r, n)		((r)->refs.counter = (n))
#define refcount_inc(r)			((void)((r)->refs.counter += 1))
#define refcount_dec_and_test(r)	(((r)->refs.counter -= 1) == 0)
#define spin_lock_init(l)		((void)(l))
#define spin_lock(l)			((void)(l))
#define spin_unlock(l)			((void)(l))
#define spin_lock_bh(l)			((void)(l))
#define spin_unlock_bh(l)		((void)(l))
#define DEFINE_MUTEX(m)			struct mutex m
#define mutex_lock(m)			((void)(m))
#define mutex_unlock(m)			((void)(m))
#define HZ				250
/* What time it is; set by the test. */
extern u64 glue_now;
#define ktime_get_ns()			glue_now
#define atomic_inc(a)			((void)((a)->counter++))
#define atomic_inc_return(a)		(++(a)->counter)
#define atomic_dec_and_test(a)		(--(a)->counter == 0)
#define atomic_read(a)			((a)->counter)
#define wake_up_var(v)			do { } while (0)
#define wait_var_event(v, cond)		WARN_ON(!(cond))

#define WQ_UNBOUND		1
#define WQ_MEM_RECLAIM		2
#define INIT_RCU_WORK(w, f)	((w)->work.fn = (f))
#define to_rcu_work(w)		container_of(w, struct rcu_work, work)
#define queue_rcu_work(wq, w)	((void)(wq), (w)->work.fn(&(w)->work))
#define alloc_workqueue(...)	((struct workqueue_struct *)malloc(1))
#define destroy_workqueue(wq)	free(wq)
/* Never runs by itself. */
#define INIT_DELAYED_WORK(w, f)	((w)->work.fn = (f))
#define schedule_delayed_work(w, delay) ((void)(delay), (void)(w))
#define cancel_delayed_work_sync(w) ((void)(w))

/* ---- memory ---- */

#define GFP_KERNEL		1
#define GFP_ATOMIC		2
#define __GFP_NOWARN		4
#define __GFP_COMP		8
#define PAGE_SHIFT		12
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define CRYPTO_MINALIGN_ATTR	__aligned(16)

/* Nobody makes allocations fail here (glue/fail.h). */
#define DECLARE_STATIC_KEY_FALSE(key)	struct static_key_##key
#define static_branch_unlikely(key)	0

#define kmalloc(size, gfp)	((void)(gfp), malloc(size))
#define kzalloc(size, gfp)	((void)(gfp), calloc(1, size))
#define kfree(p)		free(p)
#define kfree_sensitive(p)	free(p)
#define kvcalloc(n, size, gfp)	((void)(gfp), calloc(n, size))
#define kvfree(p)		free(p)

struct kmem_cache;
#define SLAB_NO_MERGE		1
struct kmem_cache *kmem_cache_create(const char *name, u32 size, u32 align, u32 flags,
				     void (*ctor)(void *p));
void kmem_cache_destroy(struct kmem_cache *cache);
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
void kmem_cache_free(struct kmem_cache *cache, void *p);

/* The same in every run. */
void get_random_bytes(void *buf, size_t len);
static inline u32 get_random_u32(void)
{
	u32 v;

	get_random_bytes(&v, sizeof(v));
	return v;
}

u64 siphash(const void *data, size_t len, const siphash_key_t *key);

struct page {
	unsigned long private;
	u32 refs;
	u8 *mem;
};

struct page *alloc_pages(gfp_t gfp, int order);
#define alloc_page(gfp)			alloc_pages(gfp, 0)
void put_page(struct page *page);
#define get_page(p)			((void)(p)->refs++)
#define page_address(p)			((void *)(p)->mem)
#define page_private(p)			((p)->private)
#define set_page_private(p, v)		((p)->private = (v))
#define PageSlab(p)			((void)(p), false)
#define compound_head(p)		(p)

#define offset_in_page(p)		((unsigned long)(p) & (PAGE_SIZE - 1))

static inline int get_order(unsigned long size)
{
	int order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

static inline int hex2bin(u8 *to, const char *hex, size_t n)
{
	unsigned int byte;

	for (; n--; hex += 2) {
		if (sscanf(hex, "%2x", &byte) != 1)
			return -EINVAL;
		*to++ = byte;
	}
	return 0;
}

/* ---- skbs: a linear part and page fragments ---- */

#define MAX_SKB_FRAGS	17

typedef struct {
	struct page *page;
	u32 off;
	u32 size;
} skb_frag_t;

struct skb_shared_info {
	u8 nr_frags;
	skb_frag_t frags[MAX_SKB_FRAGS];
	struct sk_buff *frag_list;
};

struct sk_buff {
	struct sk_buff *next;
	u8 *data;
	u32 len;
	u32 headlen;
	u32 truesize;
	u32 refs;
	bool cloned;
	struct skb_shared_info shinfo;
	struct sock *sk;
};

#define skb_queue_len_lockless(q)	((void)(q), 0)
#define skb_queue_empty_lockless(q)	((void)(q), true)

#define skb_shinfo(skb)			(&(skb)->shinfo)
#define skb_headlen(skb)		((skb)->headlen)
#define skb_cloned(skb)			((skb)->cloned)
#define skb_shared(skb)			((skb)->refs > 1)
#define skb_walk_frags(skb, seg)	\
	for ((seg) = (skb)->shinfo.frag_list; (seg); (seg) = (seg)->next)
#define skb_frag_address(f)		((u8 *)(f)->page->mem + (f)->off)
#define skb_frag_size(f)		((f)->size)
#define skb_get(skb)			((skb)->refs++, (skb))

struct scatterlist;
struct sk_buff *alloc_skb(u32 size, gfp_t gfp);
void skb_put_data(struct sk_buff *skb, const void *data, u32 len);
void skb_add_rx_frag(struct sk_buff *skb, int i, struct page *page, int off, int size,
		     unsigned int truesize);
int skb_copy_bits(const struct sk_buff *skb, int off, void *to, int len);
int skb_to_sgvec_nomark(struct sk_buff *skb, struct scatterlist *sg, int off, int len);
void kfree_skb(struct sk_buff *skb);
#define consume_skb(skb)		kfree_skb(skb)

/* ---- the crypto API ---- */

struct scatterlist {
	u8 *p;
	u32 len;
	bool end;
	struct page *page;
};

static inline void sg_init_table(struct scatterlist *sg, u32 n)
{
	memset(sg, 0, n * sizeof(*sg));
	sg[n - 1].end = true;
}

static inline void sg_set_buf(struct scatterlist *sg, const void *p, u32 len)
{
	sg->p = (u8 *)p;
	sg->len = len;
}

static inline void sg_init_one(struct scatterlist *sg, const void *p, u32 len)
{
	sg_init_table(sg, 1);
	sg_set_buf(sg, p, len);
}

#define sg_mark_end(sg)		((void)((sg)->end = true))
#define sg_unmark_end(sg)	((void)((sg)->end = false))
#define sg_next(sg)		((sg)->end ? NULL : (sg) + 1)
#define sg_page(sg)		((sg)->page)

#define HASH_MAX_DIGESTSIZE	64
#define CRYPTO_ALG_ASYNC	0x80

struct crypto_tfm;
struct crypto_aead { struct crypto_tfm *tfm; };
struct crypto_skcipher { struct crypto_tfm *tfm; };
struct crypto_shash { struct crypto_tfm *tfm; };
struct crypto_wait { int err; };
struct crypto_async_request { void *data; };

/* Of either kind; crypto.c looks at what it needs. */
struct aead_request {
	struct crypto_tfm *tfm;
	struct scatterlist *src;
	struct scatterlist *dst;
	u32 cryptlen;
	u32 assoclen;
	u8 *iv;
};

#define skcipher_request	aead_request

void *glue_tfm_alloc(const char *kind, const char *name);
void glue_tfm_free(void *handle);
const char *glue_tfm_name(const struct crypto_tfm *tfm);
int glue_aead_setkey(struct crypto_tfm *tfm, const u8 *key, u32 len);
int glue_ecb_setkey(struct crypto_tfm *tfm, const u8 *key, u32 len);
int glue_hmac_setkey(struct crypto_tfm *tfm, const u8 *key, u32 len);
int glue_aead_run(struct aead_request *req, bool encrypt);
int glue_ecb_run(struct aead_request *req);

#define crypto_alloc_aead(name, type, mask)	glue_tfm_alloc("aead", name)
#define crypto_alloc_skcipher(name, type, mask)	glue_tfm_alloc("skcipher", name)
#define crypto_alloc_shash(name, type, mask)	glue_tfm_alloc("shash", name)
#define crypto_free_aead(h)			glue_tfm_free(h)
#define crypto_free_skcipher(h)			glue_tfm_free(h)
#define crypto_free_shash(h)			glue_tfm_free(h)
#define crypto_aead_tfm(h)			((h)->tfm)
#define crypto_skcipher_tfm(h)			((h)->tfm)
#define crypto_tfm_alg_driver_name(tfm)		glue_tfm_name(tfm)
#define crypto_aead_reqsize(h)			((void)(h), 0U)
#define crypto_skcipher_reqsize(h)		((void)(h), 0U)
#define crypto_aead_setkey(h, key, len)		glue_aead_setkey((h)->tfm, key, len)
#define crypto_skcipher_setkey(h, key, len)	glue_ecb_setkey((h)->tfm, key, len)
#define crypto_shash_setkey(h, key, len)	glue_hmac_setkey((h)->tfm, key, len)
#define crypto_aead_setauthsize(h, n)		((n) == 16 ? 0 : -EINVAL)
#define crypto_aead_encrypt(req)		glue_aead_run(req, true)
#define crypto_aead_decrypt(req)		glue_aead_run(req, false)
#define crypto_skcipher_encrypt(req)		glue_ecb_run(req)
u32 crypto_shash_digestsize(struct crypto_shash *h);
int crypto_shash_tfm_digest(struct crypto_shash *h, const u8 *data, u32 len, u8 *out);

static inline struct aead_request *glue_request_alloc(struct crypto_tfm *tfm)
{
	struct aead_request *req = calloc(1, sizeof(*req));

	req->tfm = tfm;
	return req;
}

#define aead_request_alloc(h, gfp)	glue_request_alloc((h)->tfm)
#define skcipher_request_alloc(h, gfp)	glue_request_alloc((h)->tfm)
#define aead_request_free(req)		free(req)
#define skcipher_request_free(req)	free(req)
#define aead_request_set_tfm(req, h)	((void)((req)->tfm = (h)->tfm))
#define skcipher_request_set_tfm(req, h) ((void)((req)->tfm = (h)->tfm))
#define aead_request_set_callback(req, flags, fn, data) ((void)(fn), (void)(data))
#define skcipher_request_set_callback(req, flags, fn, data) ((void)(fn), (void)(data))
#define aead_request_set_ad(req, n)	((void)((req)->assoclen = (n)))

static inline void aead_request_set_crypt(struct aead_request *req, struct scatterlist *src,
					  struct scatterlist *dst, u32 len, u8 *iv)
{
	req->src = src;
	req->dst = dst;
	req->cryptlen = len;
	req->iv = iv;
}

#define skcipher_request_set_crypt(req, src, dst, len, iv) \
	aead_request_set_crypt(req, src, dst, len, iv)

#define DECLARE_CRYPTO_WAIT(name)	struct crypto_wait name = {}
#define crypto_req_done			NULL
#define crypto_wait_req(err, wait)	((void)(wait), (err))

#define crypto_memneq(a, b, n)		(!!memcmp(a, b, n))

/* One-shot functions of the library. */
#define CHACHA20POLY1305_KEY_SIZE	32
#define CHACHA20POLY1305_AUTHTAG_SIZE	16
void chacha20poly1305_encrypt(u8 *dst, const u8 *src, size_t len, const u8 *ad,
			      size_t ad_len, u64 nonce, const u8 *key);
bool chacha20poly1305_decrypt(u8 *dst, const u8 *src, size_t len, const u8 *ad,
			      size_t ad_len, u64 nonce, const u8 *key);

/* ChaCha20 in the form it has from 6.16 on (kmod/compat/chacha.h). */
#define HAVE_CHACHA_STATE	1
#define CHACHA_BLOCK_SIZE	64
struct chacha_state { u32 x[16]; };
void chacha_init(struct chacha_state *state, const u32 *key, const u8 *iv);
void chacha20_block(struct chacha_state *state, u8 *out);

#define HAVE_CRYPTO_COMPLETION_VOID	1

#endif /* GLUE_KERNEL_H */
