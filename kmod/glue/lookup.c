// SPDX-License-Identifier: GPL-2.0
/*
 * Whose packet is this: connection ID, stateless reset or quoted packet -> socket.
 *
 * Three hash tables for the whole module, of fixed size, keyed with the network
 * namespace mixed in and with random keys, so that peers cannot choose their
 * bucket (they choose the first connection ID of a server connection). Readers go
 * under RCU without a lock; writers take one of a few spinlocks.
 *
 *   cids     one entry per connection ID that packets may carry to us: those that we
 *            issued by their first QUIC_CID_KEY_LEN bytes, since a short header does
 *            not say how many more there are; those that clients chose, which have
 *            long headers only, by all of them. And those that a connection retired
 *            last: late packets with these are nobody's, but no other connection's either
 *   tokens   one entry per reset token that the peer gave for an ID in use: a stateless
 *            reset carries no ID of ours, and its address may have any number of
 *            connections, of which it is to find the one (RFC 9000 10.3.1). By a keyed
 *            hash, so that time tells nothing of a token; the core compares all of it
 *   peers    one entry per socket that has IDs: for a short header of ours that an ICMP
 *            message quotes, which carries the peer's ID alone
 *
 * Invariants:
 *  - An entry is hashed only while its socket is alive; a reader takes a reference
 *    that fails once the last one is gone, and socket memory outlives readers
 *    (SOCK_RCU_FREE).
 *  - No two IDs that we issued begin alike: a short header has one owner. What
 *    clients choose never matches one, whatever it begins with.
 *  - Entries, n_cids and peer_node of a socket change under its lock. A node that is
 *    hashed again within a grace period may lead a reader into another chain: it then
 *    ends there, having found nothing or something that it compares anyway.
 *
 * Worst case: with n entries a lookup compares n / 16384 IDs; a peer that gives all its
 * connections one token, or has many to one address, has CHAIN_MAX of them compared.
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
#define TOKEN_BITS	14
#define PEER_BITS	12
#define CHAIN_MAX	256	/* tokens, or peers, looked at for one packet */
#define LOCK_BITS	8

struct lookup {
	struct hlist_head cids[1 << CID_BITS];
	struct hlist_head tokens[1 << TOKEN_BITS];
	struct hlist_head peers[1 << PEER_BITS];
	spinlock_t locks[1 << LOCK_BITS];
	siphash_key_t key;
	u32 seed;
};

static struct lookup *lookup;

/* Lock of bucket @b of any table; no two are ever held together. */
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

bool quic_addr_equal(const union quic_addr *a, const union quic_addr *b)
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

/* Is there one of ours that begins with the QUIC_CID_KEY_LEN bytes at @id? */
static bool cid_begins(const struct net *net, u32 b, const u8 *id)
{
	struct quic_cid_entry *e;

	hlist_for_each_entry_rcu(e, &lookup->cids[b], node, lockdep_is_held(lookup_lock(b)))
		if (issued(e) && net_eq(read_pnet(&e->net), net) &&
		    !memcmp(e->cid.id, id, QUIC_CID_KEY_LEN))
			return true;
	return false;
}

/* Is there one that @e would be taken for? */
static bool cid_taken(const struct quic_cid_entry *new, u32 b)
{
	const struct net *net = read_pnet(&new->net);

	return (issued(new) && cid_begins(net, b, new->cid.id)) ||
	       cid_find(net, b, new->cid.id, new->cid.len);
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

void quic_lookup_retire(struct quic_cid_entry *e)
{
	struct quic_sock *qs = quic_sk(e->sk);
	struct quic_cid_entry **gone = &qs->cids_gone[qs->n_gone++ % QUIC_LOCAL_CIDS];

	if (*gone)
		quic_lookup_del(*gone);
	*gone = e;
	WRITE_ONCE(e->retired, true);
}

/* The socket of @e, which may be NULL, with a reference; NULL: it has none any more. */
static struct sock *entry_sock(const struct quic_cid_entry *e)
{
	return e && !READ_ONCE(e->retired) && refcount_inc_not_zero(&e->sk->sk_refcnt) ?
	       e->sk : NULL;
}

struct sock *quic_lookup(const struct net *net, const u8 *id, u8 len)
{
	struct quic_cid_entry *e;

	if (len < QUIC_CID_KEY_LEN)
		return NULL;
	e = cid_find(net, cid_bucket(net, id, QUIC_CID_KEY_LEN), id, len);
	if (!e && len > QUIC_CID_KEY_LEN)
		e = cid_find(net, cid_bucket(net, id, len), id, len);
	return entry_sock(e);
}

struct sock *quic_lookup_short(const struct net *net, const u8 *id, u32 len,
			       struct quic_cid *cid)
{
	struct quic_cid_entry *e;
	struct sock *sk;

	if (len < QUIC_CID_KEY_LEN)
		return NULL;
	e = cid_find_short(net, cid_bucket(net, id, QUIC_CID_KEY_LEN), id, len);
	sk = entry_sock(e);
	if (sk)
		*cid = e->cid;
	return sk;
}

bool quic_lookup_known(const struct net *net, const u8 *id)
{
	return cid_begins(net, cid_bucket(net, id, QUIC_CID_KEY_LEN), id);
}

/* ---- stateless resets ---- */

/* Never 0, which is an entry without a token. */
static u64 token_hash(const u8 *token)
{
	return siphash(token, QUIC_RESET_TOKEN_LEN, &lookup->key) ?: 1;
}

static u32 token_bucket(u64 hash)
{
	return hash & ((1 << TOKEN_BITS) - 1);
}

static void token_set(struct sock *sk, struct quic_token_entry *t, u64 hash)
{
	u32 b = token_bucket(t->hash);

	if (t->hash == hash)
		return;
	if (t->hash) {
		spin_lock_bh(lookup_lock(b));
		hlist_del_init_rcu(&t->node);
		spin_unlock_bh(lookup_lock(b));
	}
	t->sk = sk;
	WRITE_ONCE(t->hash, hash);
	if (!hash)
		return;
	b = token_bucket(hash);
	spin_lock_bh(lookup_lock(b));
	hlist_add_head_rcu(&t->node, &lookup->tokens[b]);
	spin_unlock_bh(lookup_lock(b));
}

void quic_lookup_sync_tokens(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	const u8 *token;
	u32 slot, n = 0;

	for (slot = 0; slot < QUIC_REMOTE_CIDS && n < ARRAY_SIZE(qs->tokens); slot++) {
		token = quic_conn_reset_token(qs->conn, slot);
		if (token)
			token_set(sk, &qs->tokens[n++], token_hash(token));
	}
	while (n < ARRAY_SIZE(qs->tokens))
		token_set(sk, &qs->tokens[n++], 0);
}

void quic_lookup_drop_tokens(struct sock *sk)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(quic_sk(sk)->tokens); i++)
		token_set(sk, &quic_sk(sk)->tokens[i], 0);
}

struct sock *quic_lookup_token(const struct quic_udp *udp, const union quic_addr *peer,
			       const u8 *token)
{
	u64 hash = token_hash(token);
	struct quic_token_entry *t;
	u32 n = 0;

	hlist_for_each_entry_rcu(t, &lookup->tokens[token_bucket(hash)], node) {
		if (READ_ONCE(t->hash) == hash && quic_udp_is_of(udp, t->sk) &&
		    quic_addr_equal(&quic_sk(t->sk)->peer, peer) &&
		    refcount_inc_not_zero(&t->sk->sk_refcnt))
			return t->sk;
		if (++n == CHAIN_MAX)
			break;
	}
	return NULL;
}

/* ---- quoted packets ---- */

/* Is @id, of which @len bytes are there, what the connection sends? */
static bool sends_to(const struct quic_sock *qs, const u8 *id, u32 len)
{
	const struct quic_conn *conn = READ_ONCE(qs->conn);
	const struct quic_cid *dcid = conn ? quic_conn_dcid(conn) : NULL;

	return dcid && dcid->len <= len && !memcmp(dcid->id, id, dcid->len);
}

struct sock *quic_lookup_sender(const struct quic_udp *udp, const union quic_addr *peer,
				const u8 *id, u32 len)
{
	struct hlist_head *head = &lookup->peers[peer_bucket(udp->net, peer)];
	struct quic_sock *qs;
	u32 n = 0;

	hlist_for_each_entry_rcu(qs, head, peer_node) {
		if (READ_ONCE(qs->udp) == udp && quic_addr_equal(&qs->peer, peer) &&
		    refcount_inc_not_zero(&qs->inet.sk.sk_refcnt)) {
			if (sends_to(qs, id, len))
				return &qs->inet.sk;
			sock_put(&qs->inet.sk);
		}
		if (++n == CHAIN_MAX)
			break;
	}
	return NULL;
}
