// SPDX-License-Identifier: GPL-2.0
/*
 * The test host.
 *
 * Every object carries its kind and size in front of it, so that a free which
 * does not match its allocation is caught, and a pattern is written over it, so
 * that a use after free shows also without a sanitizer. Failures are injected
 * only into what the core allocates; buffers are the test's own.
 *
 * Builds in a kernel module too, for the same tests there.
 */
#include "shim_host.h"
#include "../../kmod/core/core.h"

#ifdef __KERNEL__
#include <linux/slab.h>
#define shim_malloc(n)	kmalloc(n, GFP_KERNEL)
#define shim_free(p)	kfree(p)
#else
#include <stdlib.h>
#define shim_malloc(n)	malloc(n)
#define shim_free(p)	free(p)
#endif

/* Kinds of our own, counted behind the core's. */
enum {
	SHIM_RXBUF = QUIC_OBJ_KINDS,
	SHIM_TXBUF,
	SHIM_KINDS,
};

struct shim_obj {
	u64 size;
	u32 kind;
	u32 epoch;
	u8 data[] __aligned(16);
};

static struct {
	u64 rnd;
	u64 allocs;
	u64 failed;
	u64 fail_at;
	u64 live[SHIM_KINDS];
	u64 bytes;
	u32 fail_permille;
	u32 epoch;
	bool fast;
	struct shim_obj *free[SHIM_KINDS];	/* fast only: linked by data */
} host;

static u64 shim_random(void)
{
	u64 z = host.rnd += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

void shim_host_reset(u64 seed)
{
	u32 epoch = host.epoch + 1;

	memset(&host, 0, sizeof(host));
	host.epoch = epoch;
	host.rnd = seed;
}

void shim_host_fail_at(u64 n)
{
	host.fail_at = n ? host.allocs + n : 0;
}

void shim_host_fail_some(u32 permille)
{
	host.fail_permille = permille;
}

u64 shim_host_failed(void)
{
	return host.failed;
}

u64 shim_host_allocs(void)
{
	return host.allocs;
}

u64 shim_host_live_kind(enum quic_obj kind)
{
	return host.live[kind];
}

u64 shim_host_live(void)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < SHIM_KINDS; i++)
		sum += host.live[i];
	return sum;
}

u64 shim_host_bytes(void)
{
	return host.bytes;
}

static struct shim_obj *shim_cached(u32 kind, size_t size)
{
	struct shim_obj *o = host.free[kind];

	if (!o || o->size != size)
		return NULL;
	memcpy(&host.free[kind], o->data, sizeof(o));
	return o;
}

static void *shim_alloc(u32 kind, size_t size)
{
	struct shim_obj *o = shim_cached(kind, size);

	if (!o)
		o = shim_malloc(sizeof(*o) + max(size, sizeof(o)));
	if (!o)
		return NULL;
	o->kind = kind;
	o->size = size;
	o->epoch = host.epoch;
	host.live[kind]++;
	host.bytes += size;
	return o->data;
}

static void shim_release(u32 kind, void *p, size_t size)
{
	struct shim_obj *o = container_of((u8 (*)[])p, struct shim_obj, data);

	WARN_ON(o->kind != kind || o->size != size);
	if (o->epoch == host.epoch) {
		host.live[kind]--;
		host.bytes -= size;
	}
	if (host.fast) {
		memcpy(o->data, &host.free[kind], sizeof(o));
		host.free[kind] = o;
		return;
	}
	o->kind = ~0U;
	memset(o->data, 0xa5, size);
	shim_free(o);
}

void shim_host_fast(void)
{
	host.fast = true;
}

void *shim_mem_alloc(size_t size)
{
	return shim_malloc(size);
}

void shim_mem_free(void *p)
{
	shim_free(p);
}

static bool shim_should_fail(void)
{
	host.allocs++;
	if (host.allocs == host.fail_at)
		return true;
	return host.fail_permille &&
	       (shim_random() >> 40) % 1000 < host.fail_permille;
}

void *quic_host_alloc(enum quic_obj kind, size_t size)
{
	void *p;

	WARN_ON(kind >= QUIC_OBJ_KINDS || !size);
	if (shim_should_fail()) {
		host.failed++;
		return NULL;
	}
	p = shim_alloc(kind, size);
	if (p)
		memset(p, 0, size);
	return p;
}

void quic_host_free(enum quic_obj kind, void *p, size_t size)
{
	if (p)
		shim_release(kind, p, size);
}

void quic_host_random(void *buf, size_t len)
{
	u8 *p = buf;

	while (len--)
		*p++ = shim_random() >> 56;
}

/* Not secret: a token only has to be the same for the same ID. */
u64 shim_reset_key;

void quic_host_reset_token(const struct quic_conn *conn, const struct quic_cid *cid,
			   u8 *token)
{
	u64 h = 0xcbf29ce484222325ULL ^ shim_reset_key;
	u32 i;

	for (i = 0; i < QUIC_CID_KEY_LEN; i++)
		h = (h ^ cid->id[i]) * 0x100000001b3ULL;
	put_unaligned_be64(h, token);
	put_unaligned_be64(~h, token + 8);
}

struct quic_rxbuf *shim_rxbuf_new(u32 len)
{
	struct quic_rxbuf *buf = shim_alloc(SHIM_RXBUF, sizeof(*buf) + len);

	if (buf) {
		buf->refs = 1;
		buf->len = len;
	}
	return buf;
}

void quic_host_rxbuf_get(struct quic_rxbuf *buf)
{
	WARN_ON(!buf->refs);
	buf->refs++;
}

void quic_host_rxbuf_put(struct quic_rxbuf *buf)
{
	WARN_ON(!buf->refs);
	if (!--buf->refs)
		shim_release(SHIM_RXBUF, buf, sizeof(*buf) + buf->len);
}

u32 quic_host_rxbuf_bytes(const struct quic_rxbuf *buf)
{
	return sizeof(*buf) + buf->len;
}

struct quic_txbuf *shim_txbuf_new(u32 len)
{
	struct quic_txbuf *buf = shim_alloc(SHIM_TXBUF, sizeof(*buf) + len);

	if (buf) {
		buf->refs = 1;
		buf->len = len;
		buf->held = 0;
	}
	return buf;
}

void quic_host_txbuf_put(struct quic_conn *conn, struct quic_txbuf *buf, u32 len)
{
	buf = quic_txbuf_plain(buf);
	WARN_ON(!buf->refs || len > buf->held);
	buf->held -= len;
	if (!--buf->refs) {
		WARN_ON(buf->held);
		shim_release(SHIM_TXBUF, buf, sizeof(*buf) + buf->len);
	}
}

u8 *quic_host_tx_space(struct quic_tx_batch *batch, u32 len)
{
	struct shim_arena *a = batch->host;

	a->asked++;
	return len <= a->cap - a->used ? a->buf + a->used : NULL;
}

u32 quic_host_tx_more(struct quic_tx_batch *batch, u32 len)
{
	struct shim_arena *a = batch->host;

	return a->one_by_one ? 0 : (a->cap - a->used) / len;
}

void quic_host_tx_commit(struct quic_tx_batch *batch, u32 len)
{
	struct shim_arena *a = batch->host;

	WARN_ON(len > a->cap - a->used);
	a->used += len;
}

void quic_host_assert_owned(const struct quic_conn *conn)
{
	WARN_ON(!conn);
}
