// SPDX-License-Identifier: GPL-2.0
/*
 * What the core asks of its host (core/host.h): memory, randomness, tokens,
 * and the references behind received and queued bytes.
 *
 * Each kind of object of fixed size has a slab cache of its own that is never
 * merged with another, so that /proc/slabinfo counts what the core holds and a
 * test can compare before and after. One kind is needed all the time while data flows:
 * a few of it are kept (spare.c). Arrays of varying size come from kmalloc
 * and are counted here. All of it is GFP_ATOMIC: the caller holds the socket
 * lock, perhaps in softirq; the core lives with NULL.
 *
 * A quic_rxbuf is counted without atomics, since all of its users hold the
 * socket lock. A quic_txbuf is the head page of a page fragment, or of what somebody lends
 * (lend.c): the reference is the page's, and the bytes are charged to the socket (sock_send.c).
 *
 * quic_host_tx_space() and _commit() are in xmit.c, which owns the batches.
 */
#include <linux/mm.h>
#include <linux/random.h>

#include "blocks.h"
#include "spare.h"
#include "token.h"
#include "../compat/slab.h"

/* Private to recvbuf.c: a node, three words and a length. */
#define RX_CHUNK_SIZE	64

/**
 * struct host_kind - one kind of object
 * @name: of its cache; NULL: it has none here
 * @size: bytes at most
 * @to_user: recvmsg() copies from inside the object, which hardened usercopy
 *	forbids for caches that do not say so
 * @account: charged to the memory cgroup of who makes it: how many streams a user
 *	opens is limited by the peer only
 */
struct host_kind {
	const char *name;
	u32 size;
	bool to_user;
	bool account;
};

static const struct host_kind kinds[QUIC_OBJ_KINDS] = {
	[QUIC_OBJ_CONN]	= { "quic_conn", sizeof(struct quic_conn) },
	[QUIC_OBJ_STREAM] = { "quic_stream", sizeof(struct quic_stream), .account = true },
	[QUIC_OBJ_RX_CHUNK] = { "quic_rx_chunk", RX_CHUNK_SIZE },
	[QUIC_OBJ_RX_SMALL] = { "quic_rx_small", RX_CHUNK_SIZE + QUIC_RX_COPY_MAX, true },
	[QUIC_OBJ_TX_CHUNK] = { NULL, sizeof(struct quic_txchunk) },	/* spare.c's */
	[QUIC_OBJ_SENT_EXTRA] = { "quic_sent_extra", sizeof(struct quic_sent_range) },
	[QUIC_OBJ_DGRAM] = { "quic_dgram", sizeof(struct quic_dgram) },
	[QUIC_OBJ_DGRAM_SMALL] = { "quic_dgram_small", QUIC_DGRAM_SMALL_SIZE, true },
	[QUIC_OBJ_VAR] = { NULL, 0 },
};

static struct kmem_cache *caches[QUIC_OBJ_KINDS];
static atomic_long_t var_objects;

/**
 * quic_host_init - make the caches
 *
 * Context: module init. Return: 0 or -ENOMEM.
 */
int quic_host_init(void)
{
	const struct host_kind *k;
	u32 i;

	for (i = 0; i < QUIC_OBJ_KINDS; i++) {
		k = &kinds[i];
		if (!k->name)
			continue;
		caches[i] = kmem_cache_create_usercopy(k->name, k->size, 0,
						       QUIC_SLAB_NO_MERGE |
						       (k->account ? SLAB_ACCOUNT : 0), 0,
						       k->to_user ? k->size : 0,
						       NULL);
		if (!caches[i]) {
			quic_host_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

/* Also after a part of quic_host_init(). Every socket is gone. */
void quic_host_exit(void)
{
	u32 i;

	WARN_ON_ONCE(atomic_long_read(&var_objects));
	for (i = 0; i < QUIC_OBJ_KINDS; i++) {
		kmem_cache_destroy(caches[i]);
		caches[i] = NULL;
	}
}

/* Arrays that the core holds now, for /proc/net/quic/stat and leak tests. */
long quic_host_var_objects(void)
{
	return atomic_long_read(&var_objects);
}

void *quic_host_alloc(enum quic_obj kind, size_t size)
{
	void *p;

	if (quic_fail(kind))
		return NULL;
	if (kind == QUIC_OBJ_VAR) {
		p = kzalloc(size, GFP_ATOMIC | __GFP_NOWARN);
		if (p)
			atomic_long_inc(&var_objects);
		return p;
	}
	if (WARN_ON_ONCE(size > kinds[kind].size))
		return NULL;
	if (kind == QUIC_OBJ_TX_CHUNK) {
		p = quic_spare_alloc(QUIC_SPARE_TX_CHUNK);
		return p ? memset(p, 0, sizeof(struct quic_txchunk)) : NULL;
	}
	return kmem_cache_zalloc(caches[kind], GFP_ATOMIC | __GFP_NOWARN);
}

void quic_host_free(enum quic_obj kind, void *p, size_t size)
{
	if (!p)
		return;
	if (kind == QUIC_OBJ_VAR) {
		atomic_long_dec(&var_objects);
		kfree(p);
		return;
	}
	if (kind == QUIC_OBJ_TX_CHUNK)
		quic_spare_free(QUIC_SPARE_TX_CHUNK, p);
	else
		kmem_cache_free(caches[kind], p);
}

void quic_host_random(void *buf, size_t len)
{
	get_random_bytes(buf, len);
}

void quic_host_reset_token(const struct quic_conn *conn, const struct quic_cid *cid,
			   u8 *token)
{
	const struct sock *sk = quic_conn_host(conn);

	quic_reset_token(sock_net(sk), inet_sk(sk)->inet_sport, cid->id, token);
}

void quic_host_rxbuf_get(struct quic_rxbuf *buf)
{
	buf->refs++;
}

void quic_host_rxbuf_put(struct quic_rxbuf *buf)
{
	if (!--buf->refs)
		quic_rxbuf_free(buf);
}

/* What quic_rx_deliver() charges for all of its packets together. */
u32 quic_host_rxbuf_bytes(const struct quic_rxbuf *buf)
{
	return buf->charged;
}

void quic_host_txbuf_put(struct quic_conn *conn, struct quic_txbuf *buf, u32 len)
{
	struct sock *sk = quic_conn_host(conn);

	sk_wmem_queued_add(sk, -(int)len);
	sk_mem_uncharge(sk, len);
	if (unlikely(quic_txbuf_lent(buf)))
		put_page((struct page *)quic_txbuf_plain(buf));
	else
		quic_block_put((struct page *)buf);
}

void quic_host_assert_owned(const struct quic_conn *conn)
{
	const struct sock *sk = quic_conn_host(conn);

	/* Nobody else can hold a socket that has no reference left. */
	if (refcount_read(&sk->sk_refcnt))
		sock_owned_by_me(sk);
}
