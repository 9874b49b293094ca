// SPDX-License-Identifier: GPL-2.0
/*
 * Initials that nobody owns, and the embryos that a worker makes of them.
 *
 *   softirq   quic_listen_initial()   ring of the port, bounded
 *   worker    initial_one()           embryo: a socket with a connection, no user
 *             quic_udp_rcv()          its first packet authenticates, or it dies
 *             feed_early()            0-RTT that came before it (listen_early.c)
 *             quic_hs_start()         START lists the port's listeners
 *
 * Softirq makes no sockets and parses no ClientHello: what a stranger's packet can
 * cost there is one place in a ring of QUIC_INITIALS_MAX and QUIC_INITIALS_BYTES.
 * Embryos are bounded per port (QUIC_EMBRYOS_MAX) and by the core's handshake
 * time-out.
 *
 * Under a flood clients have to prove their addresses (answer.c) once ring or embryos
 * are half full. Besides, also where that is off: sources are counted by groups of
 * prefixes, and when ring or embryos are half full no group gets more than an eighth
 * of the places, so that who floods from one network does not shut out the others.
 * When all embryos are taken the oldest goes that has not shown that its address is
 * its own and is EVICT_AGE old: addresses that are forged at random keep nobody out
 * for a handshake's time-out, and an honest client has EVICT_AGE to answer in.
 *
 * Locks. The ring has its own, udp->lock guards the list and the counts of embryos;
 * nothing is taken inside either. The worker holds one socket's lock at a time, but
 * for quic_hs_start(), which takes listeners' with the embryo's held: listen.c says
 * why that cannot cross.
 *
 * Not here: what becomes of an embryo once a listener was selected (listen.c).
 */
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/siphash.h>

#include "answer.h"
#include "../compat/unaligned.h"
#include "../core/wire_hdr.h"

#define EVICT_AGE	HZ		/* the first PTO: who is nearer has answered */
#define EVICT_TRIES	4

/* ---- shares ---- */

/**
 * quic_share_of - the group of a packet's source
 * @skb: the packet
 *
 * Prefixes of 24 and 48 bits, hashed with a key, so that nobody can choose with whom
 * to share. Context: any. Return: below QUIC_SHARES.
 */
u32 quic_share_of(const struct sk_buff *skb)
{
	static siphash_key_t key;
	u64 prefix;

	net_get_random_once(&key, sizeof(key));
	if (skb->protocol == htons(ETH_P_IPV6))
		prefix = get_unaligned_be64(&ipv6_hdr(skb)->saddr) >> 16;
	else
		prefix = ntohl(ip_hdr(skb)->saddr) >> 8;
	return siphash_1u64(prefix, &key) % QUIC_SHARES;
}

/**
 * quic_share_left - may one more come?
 * @mine: places that its group has
 * @all: places taken
 * @max: places
 */
bool quic_share_left(u32 mine, u32 all, u32 max)
{
	return all < max / 2 || (all < max && mine < max / 8);
}

/* ---- how many embryos there are ---- */

/* Lock of @sk held. @skb: its first packet. */
static void count(struct sock *sk, const struct sk_buff *skb)
{
	struct quic_sock *qs = quic_sk(sk);
	struct quic_udp *udp = qs->udp;

	qs->embryo = true;
	qs->embryo_since = jiffies;
	qs->embryo_share = quic_share_of(skb);
	spin_lock_bh(&udp->lock);
	atomic_inc(&udp->embryos);
	udp->embryos_of[qs->embryo_share]++;
	list_add_tail(&qs->embryo_node, &udp->embryo_list);
	spin_unlock_bh(&udp->lock);
}

/* The child is no embryo any more. Lock held. */
void quic_listen_uncount(struct quic_sock *qs)
{
	struct quic_udp *udp = qs->udp;

	qs->embryo = false;
	spin_lock_bh(&udp->lock);
	atomic_dec(&udp->embryos);
	udp->embryos_of[qs->embryo_share]--;
	list_del_init(&qs->embryo_node);
	spin_unlock_bh(&udp->lock);
}

/* ---- Initials ---- */

bool quic_listen_room(const struct quic_udp *udp, const struct sk_buff *skb)
{
	return quic_share_left(READ_ONCE(udp->initials_of[quic_share_of(skb)]),
			  skb_queue_len_lockless(&udp->initials), QUIC_INITIALS_MAX) &&
	       READ_ONCE(udp->initials_bytes) < QUIC_INITIALS_BYTES;
}

/**
 * quic_listen_initial - an Initial that no connection owns
 * @udp: where it came in
 * @skb: the datagram, or a train of one client; consumed
 * Context: BH off.
 */
void quic_listen_initial(struct quic_udp *udp, struct sk_buff *skb)
{
	struct sk_buff_head *q = &udp->initials;
	u32 share = quic_share_of(skb);
	bool room;

	spin_lock(&q->lock);
	room = quic_share_left(udp->initials_of[share], skb_queue_len(q), QUIC_INITIALS_MAX) &&
	       udp->initials_bytes + skb->truesize <= QUIC_INITIALS_BYTES;
	if (room) {
		udp->initials_of[share]++;
		udp->initials_bytes += skb->truesize;
		__skb_queue_tail(q, skb);
	}
	spin_unlock(&q->lock);
	if (!room) {
		quic_mib_inc(udp->net, DropInitialQueue);
		kfree_skb(skb);
		return;
	}
	/* A reference for the work; the worker empties the ring before it drops it. */
	quic_udp_hold(udp);
	if (!queue_work(quic_wq, &udp->initial_work))
		quic_udp_put(udp);
}

static struct sk_buff *initial_pop(struct quic_udp *udp)
{
	struct sk_buff *skb;

	spin_lock_bh(&udp->initials.lock);
	skb = __skb_dequeue(&udp->initials);
	if (skb) {
		udp->initials_of[quic_share_of(skb)]--;
		udp->initials_bytes -= skb->truesize;
	}
	spin_unlock_bh(&udp->initials.lock);
	return skb;
}

static void feed(struct quic_udp *udp, struct sk_buff *skb)
{
	local_bh_disable();
	quic_udp_rcv(udp, skb, QUIC_RX_JUDGED, NULL);
	local_bh_enable();
}

/* 0-RTT that came before this Initial. */
static void feed_early(struct quic_udp *udp, const struct quic_cid *dcid)
{
	struct sk_buff_head list;
	struct sk_buff *skb;

	__skb_queue_head_init(&list);
	quic_early_take(udp, dcid, &list);
	while ((skb = __skb_dequeue(&list)))
		feed(udp, skb);
}

/**
 * quic_listen_owned - has a connection of this port that ID?
 * @udp: the port
 * @dcid: destination of a packet
 *
 * Of another port's it does not count: what is fed to such a one comes back.
 * Context: any.
 */
bool quic_listen_owned(const struct quic_udp *udp, const struct quic_cid *dcid)
{
	struct sock *sk;
	bool owned;

	rcu_read_lock();
	sk = quic_lookup(udp->net, dcid->id, dcid->len);
	rcu_read_unlock();
	if (!sk)
		return false;
	owned = quic_udp_is_of(udp, sk);
	sock_put(sk);
	return owned;
}

/*
 * An embryo that answers to @hdr's connection IDs; with a reference; or NULL. Until
 * SELECT it is guarded as the listener is that let its first packet pass, whose choice
 * of length its first connection ID has.
 */
static struct sock *embryo_make(struct quic_udp *udp, const struct sk_buff *skb,
				const struct quic_hdr *hdr,
				const struct quic_admission *ad)
{
	union quic_addr peer, local;
	struct mem_cgroup *memcg;
	struct sock *sk;
	int err;

	quic_udp_addrs(skb, &peer, &local);
	memcg = quic_guard_charge_begin(skb->sk);
	sk = quic_sock_child(udp, &peer, &local);
	if (!sk)
		goto out;
	lock_sock(sk);
	quic_guard_inherit(sk, skb->sk);
	quic_sk(sk)->cfg.cid_len = quic_sk(skb->sk)->cfg.cid_len;
	count(sk, skb);
	/* what a stranger may have us hold; quic_sock_inherit() sets the listener's */
	sk->sk_rcvbuf = min(sk->sk_rcvbuf, QUIC_EMBRYO_RCVBUF);
	err = quic_route(sk);
	if (!err && quic_route_mtu(sk) < QUIC_MIN_UDP_PAYLOAD)
		err = -EHOSTUNREACH;	/* nor could it be told */
	if (!err)
		err = quic_sock_attach_conn(sk, hdr, ad);
	if (err) {
		quic_listen_child_over(sk);
		quic_sock_detach(sk);
	}
	release_sock(sk);
	if (err) {
		sock_put(sk);
		sk = NULL;
	}
out:
	quic_guard_charge_end(memcg);
	return sk;
}

/* The oldest embryo, with a reference, if it is old enough; last in turn from now. */
static struct sock *embryo_oldest(struct quic_udp *udp)
{
	struct sock *sk = NULL;
	struct quic_sock *qs;

	spin_lock_bh(&udp->lock);
	qs = list_first_entry_or_null(&udp->embryo_list, struct quic_sock, embryo_node);
	if (qs && time_after(jiffies, qs->embryo_since + EVICT_AGE) &&
	    refcount_inc_not_zero(&qs->inet.sk.sk_refcnt)) {
		sk = &qs->inet.sk;
		list_move_tail(&qs->embryo_node, &udp->embryo_list);
	}
	spin_unlock_bh(&udp->lock);
	return sk;
}

/* Make room among the embryos. Return: is there some? */
static bool embryo_evict(struct quic_udp *udp)
{
	struct sock *sk;
	u32 i;

	for (i = 0; i < EVICT_TRIES; i++) {
		sk = embryo_oldest(udp);
		if (!sk)
			break;
		lock_sock(sk);
		if (quic_sk(sk)->embryo && quic_sk(sk)->attached &&
		    !quic_sk(sk)->conn->path.validated) {
			quic_mib_inc(udp->net, EmbryosEvicted);
			quic_listen_child_over(sk);
			quic_sock_detach(sk);
		}
		release_sock(sk);
		sock_put(sk);
		if (atomic_read(&udp->embryos) < QUIC_EMBRYOS_MAX)
			return true;
	}
	return false;
}

static bool embryo_room(struct quic_udp *udp, const struct sk_buff *skb)
{
	u32 n = atomic_read(&udp->embryos);

	if (n >= QUIC_EMBRYOS_MAX && !embryo_evict(udp))
		return false;
	n = min_t(u32, n, QUIC_EMBRYOS_MAX - 1);
	return quic_share_left(READ_ONCE(udp->embryos_of[quic_share_of(skb)]), n, QUIC_EMBRYOS_MAX);
}

/* RFC 9000 8.1.2: told at once, and no state is kept. Lock held. */
static void embryo_refuse(struct sock *sk)
{
	quic_conn_close(quic_sk(sk)->conn, false, QUIC_TRANSPORT_ERROR_INVALID_TOKEN,
			"the token is not good, or not any more", quic_now());
	quic_settle(sk);
	quic_listen_child_over(sk);
	quic_sock_detach(sk);
}

/* The embryo has seen its first datagram: on with TLS, or away with it. */
static void embryo_hatch(struct sock *sk, const struct quic_admission *ad)
{
	struct quic_sock *qs = quic_sk(sk);

	lock_sock(sk);
	if (!qs->attached) {
		release_sock(sk);
		return;
	}
	if (!qs->conn->stats.pkts_recv) {
		/* Forged, or of another version: nobody is told. */
		quic_listen_child_over(sk);
		quic_sock_detach(sk);
	} else if (ad->verdict == QUIC_TOKEN_BAD) {
		embryo_refuse(sk);
	} else {
		if (!qs->over && quic_hs_start(sk))
			quic_conn_close(qs->conn, false, QUIC_TRANSPORT_ERROR_INTERNAL,
					"out of memory", quic_now());
		quic_settle(sk);
	}
	release_sock(sk);
}

/* Bytes of the first datagram of @skb, which may be a train. */
static u32 first_len(const struct sk_buff *skb)
{
	u32 len = min_t(u32, skb->len, QUIC_MAX_UDP_PAYLOAD);

	return skb_is_gso(skb) ? min_t(u32, len, skb_shinfo(skb)->gso_size) : len;
}

static bool initial_parse(const u8 *data, u32 len, struct quic_hdr *hdr)
{
	return !quic_hdr_parse(data, len, QUIC_CID_KEY_LEN, hdr) &&
	       hdr->type == QUIC_PKT_INITIAL && quic_version_known(hdr->version) &&
	       hdr->dcid.len >= QUIC_INITIAL_DCID_MIN;
}

/* A new connection, if it is one. @skb: consumed, like its datagram at @data. */
static void initial_one(struct quic_udp *udp, struct sk_buff *skb, const u8 *data)
{
	struct quic_admission ad;
	struct quic_hdr hdr;
	struct sock *sk;

	if (!initial_parse(data, first_len(skb), &hdr)) {
		quic_mib_inc(udp->net, DropHeader);
		kfree_skb(skb);
		return;
	}
	if (quic_listen_owned(udp, &hdr.dcid)) {
		feed(udp, skb);
		return;
	}
	if (hlist_empty(&udp->listeners) || !embryo_room(udp, skb)) {
		quic_mib_inc(udp->net, DropInitialQueue);
		kfree_skb(skb);
		return;
	}
	if (!quic_admit_finally(udp, skb, &hdr, &ad)) {
		kfree_skb(skb);
		return;
	}
	sk = embryo_make(udp, skb, &hdr, &ad);
	if (!sk) {
		quic_mib_inc(udp->net, DropMemory);
		kfree_skb(skb);
		return;
	}
	feed(udp, skb);
	feed_early(udp, &hdr.dcid);
	embryo_hatch(sk, &ad);
	sock_put(sk);
}

/* Its header may lie anywhere in its pages, behind a token of any length. */
static void initial_copy(struct quic_udp *udp, struct sk_buff *skb)
{
	u32 len = first_len(skb);
	u8 *buf;

	if (skb_headlen(skb) >= len) {
		initial_one(udp, skb, skb->data);
		return;
	}
	buf = quic_may_fail(QUIC_FAIL_RX, kvmalloc(len, GFP_KERNEL));
	if (buf && !skb_copy_bits(skb, 0, buf, len)) {
		initial_one(udp, skb, buf);
	} else {
		quic_mib_inc(udp->net, DropMemory);
		kfree_skb(skb);
	}
	kvfree(buf);
}

static void initial_work_fn(struct work_struct *work)
{
	struct quic_udp *udp = container_of(work, struct quic_udp, initial_work);
	struct sk_buff *skb;

	while ((skb = initial_pop(udp))) {
		initial_copy(udp, skb);
		cond_resched();
	}
	quic_udp_put(udp);
}

void quic_listen_udp_init(struct quic_udp *udp)
{
	spin_lock_init(&udp->lock);
	INIT_HLIST_HEAD(&udp->listeners);
	skb_queue_head_init(&udp->initials);
	udp->initials_bytes = 0;
	quic_early_init(udp);
	INIT_LIST_HEAD(&udp->embryo_list);
	atomic_set(&udp->embryos, 0);
	INIT_WORK(&udp->initial_work, initial_work_fn);
}
