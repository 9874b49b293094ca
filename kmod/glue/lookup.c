// SPDX-License-Identifier: GPL-2.0
/*
 * Whose packet is this: connection ID -> socket, and peer address -> socket.
 *
 * Two hash tables for the whole module, of fixed size, keyed with the network
 * namespace mixed in and with random keys, so that peers cannot choose their
 * bucket (they choose the first connection ID of a server connection). Readers go
 * under RCU without a lock; writers take one of a few spinlocks.
 *
 *   cids    one entry per connection ID that packets may carry to us: those that we
 *           issued by their first QUIC_CID_KEY_LEN bytes, since a short header does
 *           not say how many more there are; those that clients chose, which have
 *           long headers only, by all of them
 *   peers   one entry per socket that has any: for what carries no ID of ours,
 *           ICMP errors and stateless resets
 *
 * Invariants:
 *  - An entry is hashed only while its socket is alive; a reader takes a reference
 *    that fails once the last one is gone, and socket memory outlives readers
 *    (SOCK_RCU_FREE).
 *  - No two IDs that we issued begin alike: a short header has one owner. What
 *    clients choose never matches one, whatever it begins with.
 *  - n_cids and peer_node of a socket change under its lock. A node that is hashed
 *    again within a grace period may lead a reader into another chain: it then
 *    ends there, having found nothing or something that it compares anyway.
 *
 * Worst case: with n entries a lookup compares n / 16384 IDs.
 * Not here: what to do with packets that nobody owns (demux.c).
 */
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/rculist.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "glue.h"

#define CID_BITS	14
#define PEER_BITS	12
#define LOCK_BITS	8

struct lookup {
	struct hlist_head cids[1 << CID_BITS];
	struct hlist_head peers[1 << PEER_BITS];
	spinlock_t locks[1 << LOCK_BITS];
	siphash_key_t key;
	u32 seed;
};

static struct lookup *lookup;

/* Lock of bucket @b of either table; no two are ever held together. */
static spinlock_t *lookup_lock(u32 b)
{
	return &lookup->locks[b & ((1 << LOCK_BITS) - 1)];
}

static u32 cid_bucket(const struct net *net, const u8 *id, u8 len)
{
	u64 h;

	BUILD_BUG_ON(sizeof(u64) != QUIC_CID_KEY_LEN);
	/* nearly all are what short headers are found by */
	if (likely(len == sizeof(u64)))
		h = siphash_1u64(get_unaligned((const u64 *)id), &lookup->key);
	else
		h = siphash(id, len, &lookup->key);
	return hash_32((u32)h ^ net_hash_mix(net), CID_BITS);
}

static u32 peer_bucket(const struct net *net, const union quic_addr *a)
{
	u32 h;

	if (a->sa.sa_family == AF_INET)
		h = jhash_2words((__force u32)a->v4.sin_addr.s_addr,
				 (__force u32)a->v4.sin_port, lookup->seed);
	else
		h = jhash_2words(ipv6_addr_hash(&a->v6.sin6_addr),
				 (__force u32)a->v6.sin6_port, lookup->seed);
	return hash_32(h ^ net_hash_mix(net), PEER_BITS);
}

static bool addr_equal(const union quic_addr *a, const union quic_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->v4.sin_port == b->v4.sin_port &&
		       a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return a->v6.sin6_port == b->v6.sin6_port &&
	       a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
	       ipv6_addr_equal(&a->v6.sin6_addr, &b->v6.sin6_addr);
}

/**
 * quic_lookup_init - make the tables
 * Context: module init. Return: 0 or -ENOMEM.
 */
int quic_lookup_init(void)
{
	u32 i;

	lookup = kvzalloc(sizeof(*lookup), GFP_KERNEL);
	if (!lookup)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(lookup->locks); i++)
		spin_lock_init(&lookup->locks[i]);
	get_random_bytes(&lookup->key, sizeof(lookup->key));
	lookup->seed = get_random_u32();
	return 0;
}

/**
 * quic_lookup_exit - free the tables
 * Context: module exit: all sockets, hence all entries, are gone, and so are the
 * readers, who were data_ready callbacks (quic_udp_exit() waits for them).
 */
void quic_lookup_exit(void)
{
	kvfree(lookup);
	lookup = NULL;
}

/* Did we issue it? Else a client chose it, for its first packets. */
static bool issued(const struct quic_cid_entry *e)
{
	return e->seq != U64_MAX;
}

static u32 entry_bucket(const struct quic_cid_entry *e)
{
	return cid_bucket(read_pnet(&e->net), e->cid.id,
			  issued(e) ? QUIC_CID_KEY_LEN : e->cid.len);
}

/* An ID that has exactly these bytes. */
static struct quic_cid_entry *cid_find(const struct net *net, u32 b, const u8 *id, u8 len)
{
	struct quic_cid_entry *e;

	hlist_for_each_entry_rcu(e, &lookup->cids[b], node, lockdep_is_held(lookup_lock(b)))
		if (e->cid.len == len && !memcmp(e->cid.id, id, len) &&
		    net_eq(read_pnet(&e->net), net))
			return e;
	return NULL;
}

/* One of ours that the @len bytes at @id, a datagram's rest, begin with. */
static struct quic_cid_entry *cid_find_short(const struct net *net, u32 b, const u8 *id,
					     u32 len)
{
	struct quic_cid_entry *e;

	hlist_for_each_entry_rcu(e, &lookup->cids[b], node, lockdep_is_held(lookup_lock(b)))
		if (e->cid.len <= len && !memcmp(e->cid.id, id, e->cid.len) &&
		    issued(e) && net_eq(read_pnet(&e->net), net))
			return e;
	return NULL;
}

/* Is there one that @e would be taken for? */
static bool cid_taken(const struct quic_cid_entry *new, u32 b)
{
	const struct net *net = read_pnet(&new->net);
	struct quic_cid_entry *e;

	hlist_for_each_entry_rcu(e, &lookup->cids[b], node, lockdep_is_held(lookup_lock(b)))
		if (issued(e) && issued(new) && net_eq(read_pnet(&e->net), net) &&
		    !memcmp(e->cid.id, new->cid.id, QUIC_CID_KEY_LEN))
			return true;
	return cid_find(net, b, new->cid.id, new->cid.len);
}

static void peer_add(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	u32 b = peer_bucket(sock_net(sk), &qs->peer);

	spin_lock_bh(lookup_lock(b));
	hlist_add_head_rcu(&qs->peer_node, &lookup->peers[b]);
	spin_unlock_bh(lookup_lock(b));
}

static void peer_del(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	u32 b = peer_bucket(sock_net(sk), &qs->peer);

	spin_lock_bh(lookup_lock(b));
	hlist_del_init_rcu(&qs->peer_node);
	spin_unlock_bh(lookup_lock(b));
}

void quic_lookup_set_peer(struct sock *sk, const union quic_addr *peer)
{
	struct quic_sock *qs = quic_sk(sk);

	if (qs->n_cids)
		peer_del(sk);
	qs->peer = *peer;
	if (qs->n_cids)
		peer_add(sk);
}

struct quic_cid_entry *quic_lookup_add(struct sock *sk, const struct quic_cid *cid, u64 seq)
{
	struct quic_sock *qs = quic_sk(sk);
	struct quic_cid_entry *e;
	bool taken;
	u32 b;

	e = quic_may_fail(QUIC_FAIL_SOCK, kzalloc(sizeof(*e), GFP_ATOMIC | __GFP_NOWARN));
	if (!e)
		return ERR_PTR(-ENOMEM);
	e->sk = sk;
	e->cid = *cid;
	e->seq = seq;
	write_pnet(&e->net, sock_net(sk));
	b = entry_bucket(e);
	spin_lock_bh(lookup_lock(b));
	taken = cid_taken(e, b);
	if (!taken)
		hlist_add_head_rcu(&e->node, &lookup->cids[b]);
	spin_unlock_bh(lookup_lock(b));
	if (taken) {
		kfree(e);
		return ERR_PTR(-EEXIST);
	}
	if (!qs->n_cids++)
		peer_add(sk);
	return e;
}

void quic_lookup_del(struct quic_cid_entry *e)
{
	u32 b = entry_bucket(e);
	struct sock *sk = e->sk;

	spin_lock_bh(lookup_lock(b));
	hlist_del_rcu(&e->node);
	spin_unlock_bh(lookup_lock(b));
	if (!--quic_sk(sk)->n_cids)
		peer_del(sk);
	kfree_rcu(e, rcu);
}

struct sock *quic_lookup(const struct net *net, const u8 *id, u8 len)
{
	struct quic_cid_entry *e;

	if (len < QUIC_CID_KEY_LEN)
		return NULL;
	e = cid_find(net, cid_bucket(net, id, QUIC_CID_KEY_LEN), id, len);
	if (!e && len > QUIC_CID_KEY_LEN)
		e = cid_find(net, cid_bucket(net, id, len), id, len);
	return e && refcount_inc_not_zero(&e->sk->sk_refcnt) ? e->sk : NULL;
}

struct sock *quic_lookup_short(const struct net *net, const u8 *id, u32 len,
			       struct quic_cid *cid)
{
	struct quic_cid_entry *e;

	if (len < QUIC_CID_KEY_LEN)
		return NULL;
	e = cid_find_short(net, cid_bucket(net, id, QUIC_CID_KEY_LEN), id, len);
	if (!e || !refcount_inc_not_zero(&e->sk->sk_refcnt))
		return NULL;
	*cid = e->cid;
	return e->sk;
}

struct sock *quic_lookup_peer(const struct quic_udp *udp, const union quic_addr *peer)
{
	struct hlist_head *head = &lookup->peers[peer_bucket(udp->net, peer)];
	struct quic_sock *qs;

	hlist_for_each_entry_rcu(qs, head, peer_node)
		if (READ_ONCE(qs->udp) == udp && addr_equal(&qs->peer, peer) &&
		    refcount_inc_not_zero(&qs->inet.sk.sk_refcnt))
			return &qs->inet.sk;
	return NULL;
}
