// SPDX-License-Identifier: GPL-2.0
/*
 * A built batch becomes one skb: route, page fragments, headers, ip_local_out().
 *
 *   quic_xmit()   quic_conn_build()  asks quic_host_tx_space() for room in page
 *                                    fragments and fills in headers and frames
 *                 quic_seal()        writes the ciphertext there
 *                 xmit_send()        UDP and IP header in front, once per train
 *
 *   skb  linear: | room for L2 | IP | UDP |   frags: | dgram | dgram | ... | dgram |
 *
 * A train is one IP packet until the device, or the stack before it, cuts it at
 * gso_size. For that it must be CHECKSUM_PARTIAL with csum_start and csum_offset
 * at the UDP header; without them it vanishes without a trace. It leaves with the
 * QUIC socket as its owner, so that cgroup programs, netfilter's owner match, fq
 * and the socket's send accounting see who sent it; hence headers are written
 * here: helpers that take the protocol from the socket would write 261 mod 256.
 *
 * Page fragments are carved from a ring of blocks per CPU, so that a small packet costs
 * its bytes and a thousand idle connections cost nothing; a block that nobody refers to
 * any more when its turn comes is used again, and while it is still under way the ring
 * grows. Each datagram lies in one piece; pieces that touch become one fragment of the skb.
 * Their ciphertext begins at multiples of 16 (core/tx_frames.c).
 *
 * Where GSO is refused (device, IPsec) a batch is one datagram. A device that stops to
 * segment is noticed with the next route; until then the stack cuts its trains. What fails to
 * leave, for want of a route, memory or MTU, is lost like what the network loses:
 * the core hears of it by its timers. Nothing is built while enough lies below (queue.c).
 *
 * Invariants: batch, page block and crypto requests of a CPU are used with BH off
 * from building to sealing, and nothing below ip_local_out() comes back into this
 * file on the same stack: what loops back is queued for softirq.
 *
 * The ECN bits of the headers are the core's, the rest of TOS or traffic class the
 * user's.
 *
 * Where fq is the device's qdisc it says so (sk_pacing_status), and holds each train until
 * its delivery time: the core then builds ahead, and the pacing timer is hardly needed.
 *
 * Worst case: BH stays off for one train, 64 packets. Not here: IP options, zero-copy;
 * which route it is, and its MTU (route.c).
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <linux/mm.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/udp.h>
#include <net/xfrm.h>
#include <asm/simd.h>
#include <crypto/internal/simd.h>

#include "blocks.h"
#include "path.h"
#include "../compat/skb_time.h"

#define RETRY_NS	(10 * QUIC_NS_PER_MS)	/* when memory was short */
#define XMIT_BLOCKS	16	/* of a CPU, at least: half a megabyte, seven trains under way */
#define XMIT_BLOCKS_MAX	128	/* and at most */
#define XMIT_BYTES_MAX	(65535 - sizeof(struct ipv6hdr) - sizeof(struct udphdr))

/**
 * struct xmit_train - the batch being built
 * @skb: allocated with the first datagram
 * @dst: route or NULL: built all the same, then dropped
 * @left: bytes that the train may still take
 * @nomem: memory was short
 */
struct xmit_train {
	struct sk_buff *skb;
	struct dst_entry *dst;
	u32 left;
	bool nomem;
};

/**
 * struct xmit_hdr - what the headers of a train say
 * @local: from here
 * @peer: to there; of the same family
 * @ttl: or hop limit
 * @tos: or traffic class
 * @flow: flow label, IPv6
 */
struct xmit_hdr {
	const union quic_addr *local;
	const union quic_addr *peer;
	u8 ttl;
	u8 tos;
	__be32 flow;
};

/**
 * struct xmit_pcpu - of a CPU, used with BH off
 * @lock: of @ring, for quic_xmit_trim(), which comes from elsewhere; taken with BH off
 * @frag: block being filled; its page is in @ring too, under one reference
 * @ring: blocks, or smaller pages where there were none
 * @used: places of @ring in use
 * @at: place of @frag's page
 * @grown: @used has grown since quic_xmit_trim() looked
 * @batch: being built
 */
struct xmit_pcpu {
	spinlock_t lock;	/* of ring, used, at */
	struct page_frag frag;
	struct page *ring[XMIT_BLOCKS_MAX];
	u32 used;
	u32 at;
	bool grown;
	struct quic_tx_batch batch;
};

static struct xmit_pcpu __percpu *xmit_pcpu;

/**
 * quic_xmit_init - batches and page blocks of all CPUs
 * Context: module init. Return: 0 or -ENOMEM.
 */
int quic_xmit_init(void)
{
	struct xmit_pcpu *x;
	int cpu;

	xmit_pcpu = alloc_percpu(struct xmit_pcpu);
	if (!xmit_pcpu)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		x = per_cpu_ptr(xmit_pcpu, cpu);
		spin_lock_init(&x->lock);
		x->used = XMIT_BLOCKS;
	}
	return 0;
}

/**
 * quic_xmit_exit - free them
 * Context: module exit, nobody sends any more.
 */
void quic_xmit_exit(void)
{
	struct xmit_pcpu *x;
	int cpu, i;

	for_each_possible_cpu(cpu) {
		x = per_cpu_ptr(xmit_pcpu, cpu);
		for (i = 0; i < XMIT_BLOCKS_MAX; i++)
			if (x->ring[i])
				put_page(x->ring[i]);
	}
	free_percpu(xmit_pcpu);
	xmit_pcpu = NULL;
}

/* ---- room for the core to write in ---- */

static struct sk_buff *train_skb(const struct dst_entry *dst)
{
	u32 room = sizeof(struct ipv6hdr) + sizeof(struct udphdr);
	struct sk_buff *skb;

	room += dst ? LL_RESERVED_SPACE(dst->dev) + dst->header_len : LL_MAX_HEADER;
	skb = quic_may_fail(QUIC_FAIL_TX, alloc_skb(room, GFP_ATOMIC | __GFP_NOWARN));
	if (skb)
		skb_reserve(skb, room);
	return skb;
}

/*
 * The next place of the ring; a new one where its block is still under way, or the block
 * would be lost to us with the skb.
 */
static struct page **next_place(struct xmit_pcpu *x)
{
	struct page **slot;

	x->at = (x->at + 1) % x->used;
	slot = &x->ring[x->at];
	if (!*slot || page_ref_count(*slot) == 1 || x->used == XMIT_BLOCKS_MAX)
		return slot;
	x->at = x->used++;
	x->grown = true;
	quic_blocks_look_later();
	return &x->ring[x->at];
}

/* The next block of the ring, or one in its place. BH off, locked. Return: success. */
static bool next_block_locked(struct xmit_pcpu *x)
{
	struct page **slot = next_place(x);

	x->frag.offset = 0;
	if (*slot && page_ref_count(*slot) == 1 && !page_is_pfmemalloc(*slot)) {
		x->frag.page = *slot;
		x->frag.size = page_size(*slot);
		return true;
	}
	if (*slot)
		put_page(*slot);
	*slot = quic_block_get(QUIC_BLOCK_ORDER, GFP_ATOMIC);
	if (unlikely(!*slot))
		*slot = alloc_page(GFP_ATOMIC | __GFP_NOWARN);
	x->frag.page = *slot;
	x->frag.size = *slot ? page_size(*slot) : 0;
	return *slot;
}

static bool next_block(struct xmit_pcpu *x)
{
	bool got;

	spin_lock(&x->lock);
	got = next_block_locked(x);
	spin_unlock(&x->lock);
	return got;
}

/* A CPU's ring gives up half of its additional places, but for those in front of @at. */
static bool ring_trim(struct xmit_pcpu *x)
{
	u32 least = max_t(u32, XMIT_BLOCKS, x->at + 1), n;

	n = x->grown || x->used <= least ? 0 : (x->used - least + 1) / 2;
	x->grown = false;
	while (n--) {
		x->used--;
		if (x->ring[x->used])
			put_page(x->ring[x->used]);
		x->ring[x->used] = NULL;
	}
	return x->used > XMIT_BLOCKS;
}

bool quic_xmit_trim(void)
{
	struct xmit_pcpu *x;
	bool more = false;
	int cpu;

	for_each_possible_cpu(cpu) {
		x = per_cpu_ptr(xmit_pcpu, cpu);
		spin_lock_bh(&x->lock);
		more |= ring_trim(x);
		spin_unlock_bh(&x->lock);
	}
	return more;
}

/*
 * Room for @len bytes of which those from @lead on are to lie well. Behind a datagram of
 * the same train nothing is moved: they are to touch. Return: success.
 */
static bool xmit_room(struct xmit_pcpu *x, u32 len, u32 lead, bool first)
{
	struct page_frag *f = &x->frag;
	u32 off;

	if (first && f->page && page_ref_count(f->page) == 1)
		f->offset = 0;
	off = first ? ALIGN(f->offset + lead, QUIC_TX_ALIGN) - lead : f->offset;
	if (likely(off + len <= f->size)) {
		f->offset = off;
		return true;
	}
	if (!next_block(x))
		return false;
	f->offset = ALIGN(lead, QUIC_TX_ALIGN) - lead;
	/* a single page may be too small for a large datagram */
	return f->offset + len <= f->size;
}

u8 *quic_host_tx_space(struct quic_tx_batch *batch, u32 len)
{
	struct xmit_pcpu *x = this_cpu_ptr(xmit_pcpu);
	struct xmit_train *t = batch->host;
	struct page_frag *f = &x->frag;

	if (len > t->left || batch->n_dgrams >= batch->max_dgrams)
		return NULL;
	if (!t->skb)
		t->skb = train_skb(t->dst);
	if (!t->skb || quic_fail(QUIC_FAIL_TX) ||
	    !xmit_room(x, len, batch->lead, !batch->n_dgrams)) {
		t->nomem = true;
		return NULL;
	}
	if (skb_shinfo(t->skb)->nr_frags == MAX_SKB_FRAGS &&
	    !skb_can_coalesce(t->skb, MAX_SKB_FRAGS, f->page, f->offset))
		return NULL;
	return page_address(f->page) + f->offset;
}

u32 quic_host_tx_more(struct quic_tx_batch *batch, u32 len)
{
	const struct page_frag *f = &this_cpu_ptr(xmit_pcpu)->frag;
	const struct xmit_train *t = batch->host;

	return quic_fail(QUIC_FAIL_TX) ? 0 : min(t->left, f->size - f->offset) / len;
}

void quic_host_tx_commit(struct quic_tx_batch *batch, u32 len)
{
	struct page_frag *f = &this_cpu_ptr(xmit_pcpu)->frag;
	struct xmit_train *t = batch->host;
	struct sk_buff *skb = t->skb;
	int n = skb_shinfo(skb)->nr_frags;

	if (skb_can_coalesce(skb, n, f->page, f->offset)) {
		skb_frag_size_add(&skb_shinfo(skb)->frags[n - 1], len);
	} else {
		get_page(f->page);
		skb_fill_page_desc(skb, n, f->page, f->offset, len);
	}
	skb->len += len;
	skb->data_len += len;
	skb->truesize += len;
	f->offset += len;
	t->left -= len;
}

/* ---- headers ---- */

static void push_udp(struct sk_buff *skb, const struct xmit_hdr *h)
{
	u32 len = skb->len + sizeof(struct udphdr);
	struct udphdr *uh = skb_push(skb, sizeof(*uh));
	__sum16 sum;

	skb_reset_transport_header(skb);
	uh->source = h->local->v4.sin_port;
	uh->dest = h->peer->v4.sin_port;
	uh->len = htons(len);
	if (h->peer->sa.sa_family == AF_INET)
		sum = csum_tcpudp_magic(h->local->v4.sin_addr.s_addr,
					h->peer->v4.sin_addr.s_addr, len, IPPROTO_UDP, 0);
	else
		sum = csum_ipv6_magic(&h->local->v6.sin6_addr, &h->peer->v6.sin6_addr,
				      len, IPPROTO_UDP, 0);
	uh->check = ~sum;
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct udphdr, check);
}

static void push_ip4(struct sk_buff *skb, const struct xmit_hdr *h, struct sock *sk, u32 segs)
{
	struct iphdr *iph = skb_push(skb, sizeof(*iph));

	skb_reset_network_header(skb);
	memset(iph, 0, sizeof(*iph));
	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->tos = h->tos;
	iph->frag_off = htons(IP_DF);	/* RFC 9000 14: never fragmented */
	iph->ttl = h->ttl;
	iph->protocol = IPPROTO_UDP;
	iph->saddr = h->local->v4.sin_addr.s_addr;
	iph->daddr = h->peer->v4.sin_addr.s_addr;
	skb->protocol = htons(ETH_P_IP);
	ip_select_ident_segs(sock_net(sk), skb, sk, segs);
}

static void push_ip6(struct sk_buff *skb, const struct xmit_hdr *h)
{
	struct ipv6hdr *ip6 = skb_push(skb, sizeof(*ip6));

	skb_reset_network_header(skb);
	ip6_flow_hdr(ip6, h->tos, h->flow);
	ip6->nexthdr = IPPROTO_UDP;
	ip6->hop_limit = h->ttl;
	ip6->saddr = h->local->v6.sin6_addr;
	ip6->daddr = h->peer->v6.sin6_addr;
	skb->protocol = htons(ETH_P_IPV6);
}

/* Payload is there, dst is set. Return: 0, or why the local stack lost it. */
static int push_and_go(struct sk_buff *skb, const struct xmit_hdr *h, struct sock *sk, u32 segs)
{
	struct net *net = sock_net(sk);
	int err;

	push_udp(skb, h);
	if (h->peer->sa.sa_family == AF_INET) {
		push_ip4(skb, h, sk, segs);
		err = ip_local_out(net, sk, skb);
	} else {
		push_ip6(skb, h);
		err = ip6_local_out(net, sk, skb);
	}
	return err > 0 ? net_xmit_errno(err) : err;
}

/* @h has its addresses. */
static void hdr_for_sock(struct xmit_hdr *h, struct sock *sk, struct sk_buff *skb,
			 const struct dst_entry *dst)
{
	int ttl;

	h->flow = 0;
	if (h->peer->sa.sa_family == AF_INET) {
		ttl = READ_ONCE(inet_sk(sk)->uc_ttl);
		h->ttl = ttl < 0 ? ip4_dst_hoplimit(dst) : ttl;
		h->tos = READ_ONCE(inet_sk(sk)->tos) & ~INET_ECN_MASK;
		return;
	}
#if IS_ENABLED(CONFIG_IPV6)
	ttl = inet6_sk(sk)->hop_limit;
	h->ttl = ttl < 0 ? ip6_dst_hoplimit((struct dst_entry *)dst) : ttl;
	h->tos = inet6_sk(sk)->tclass & ~INET_ECN_MASK;
	/* the hash is set: the flow is not looked at */
	h->flow = ip6_make_flowlabel(sock_net(sk), skb, 0, true, NULL);
#endif
}

/* ---- sending ---- */

/*
 * May this socket's packets leave as trains? Not sk_can_gso(): sk_gso_type has 16
 * bits in newer kernels and SKB_GSO_UDP_L4 is the 18th. It stays 0, with which
 * sk_setup_caps() sets the limits, and the feature is looked at here.
 */
static bool gso_allowed(const struct sock *sk, const struct dst_entry *dst)
{
	return dst && net_gso_ok(sk->sk_route_caps, SKB_GSO_UDP_L4) && !dst_xfrm(dst);
}

static void train_gso(const struct quic_tx_batch *batch, struct sk_buff *skb)
{
	u32 size = 0, i;

	for (i = 0; i < batch->n; i++) {
		size += batch->pkt[i].len;
		if (batch->pkt[i].dgram_end)
			break;
	}
	skb_shinfo(skb)->gso_size = size;
	skb_shinfo(skb)->gso_segs = batch->n_dgrams;
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
}

/* Takes over the skb, which has its hash, and @dst. */
static void xmit_send(struct sock *sk, struct sk_buff *skb, const struct quic_tx_batch *batch,
		      struct dst_entry *dst, const union quic_addr *peer,
		      const union quic_addr *local)
{
	struct xmit_hdr h = { .peer = peer, .local = local };

	if (batch->n_dgrams > 1)
		train_gso(batch, skb);
	hdr_for_sock(&h, sk, skb, dst);
	h.tos |= batch->ecn;
	skb->priority = READ_ONCE(sk->sk_priority);
	skb->mark = READ_ONCE(sk->sk_mark);
	skb_dst_set(skb, dst);
	skb_set_owner_w(skb, sk);
	if (push_and_go(skb, &h, sk, batch->n_dgrams))
		quic_mib_inc(sock_net(sk), XmitError);
}

static void count_early(struct sock *sk, const struct quic_tx_batch *batch)
{
	u32 n = 0, i;

	for (i = 0; i < batch->n; i++)
		n += batch->pkt[i].level == QUIC_CRYPTO_EARLY;
	quic_mib_add(sock_net(sk), OutEarlyPackets, n);
}

static void count(struct sock *sk, const struct quic_tx_batch *batch)
{
	if (unlikely(quic_sk(sk)->keys_tx[QUIC_CRYPTO_EARLY]))
		count_early(sk, batch);
	quic_mib_add(sock_net(sk), OutDatagrams, batch->n_dgrams);
	quic_mib_add(sock_net(sk), OutPackets, batch->n);
	if (batch->ecn)
		quic_mib_add(sock_net(sk), OutEct, batch->n_dgrams);
	if (batch->n_dgrams > 1)
		quic_mib_inc(sock_net(sk), OutTrains);
}

static void batch_init(struct quic_tx_batch *batch, struct xmit_train *t, struct sock *sk)
{
	struct dst_entry *dst = quic_route_dst(sk);
	u32 max = READ_ONCE(sk->sk_gso_max_size), hdrs = quic_headers_len(&quic_sk(sk)->peer);

	*t = (struct xmit_train){ .dst = dst, .left = XMIT_BYTES_MAX };
	batch->n = 0;
	batch->n_dgrams = 0;
	batch->max_dgrams = 1;
	batch->host = t;
	/* an administrator may have set a limit that not even one datagram fits */
	if (!gso_allowed(sk, dst) || max < hdrs + quic_sk(sk)->conn->path.mtu)
		return;
	batch->max_dgrams = min_t(u32, READ_ONCE(sk->sk_gso_max_segs), QUIC_TX_PKTS_MAX);
	t->left = min_t(u32, XMIT_BYTES_MAX, max - hdrs);
}

/* fq is to go by the time that the core knows of. */
static void set_time(struct sock *sk, struct sk_buff *skb, const struct quic_tx_batch *batch)
{
	if (likely(!quic_sk(sk)->fq_seen))
		return;
	quic_skb_leaves_at(skb, batch->leaves);
	if (batch->leaves > quic_now())
		quic_mib_inc(sock_net(sk), OutTimed);
}

/* A probe of another path than the one in use: rare, so its route is looked for. */
static void xmit_elsewhere(struct sock *sk, struct sk_buff *skb, struct quic_tx_batch *batch)
{
	const struct quic_ends *ends = quic_path_ends(sk, batch->path);
	struct dst_entry *dst = ends ? quic_route_between(sk, &ends->peer, &ends->local) :
				       ERR_PTR(-ENETUNREACH);

	if (IS_ERR(dst) || quic_seal(sk, batch)) {
		quic_mib_inc(sock_net(sk), XmitError);
		if (!IS_ERR(dst))
			dst_release(dst);
		kfree_skb(skb);
		return;
	}
	count(sk, batch);
	__skb_set_sw_hash(skb, quic_sk(sk)->paths->hash[batch->path], true);
	xmit_send(sk, skb, batch, dst, &ends->peer, &ends->local);
}

/*
 * One batch. BH off. Return: 1 go on, 0 nothing more to send, -ENOMEM.
 * The route stays: the socket keeps it and its lock is held.
 */
static int xmit_batch(struct sock *sk)
{
	struct quic_tx_batch *batch = &this_cpu_ptr(xmit_pcpu)->batch;
	struct xmit_train t;
	u32 n;

	quic_path_sync(sk);
	quic_queue_pacing(sk);
	batch_init(batch, &t, sk);
	n = quic_conn_build(quic_sk(sk)->conn, batch, quic_now());
	if (!n) {
		kfree_skb(t.skb);
		return t.nomem ? -ENOMEM : 0;
	}
	if (unlikely(batch->path != quic_sk(sk)->path_active)) {
		xmit_elsewhere(sk, t.skb, batch);
	} else if (t.dst && !quic_seal(sk, batch)) {
		count(sk, batch);
		skb_set_hash_from_sk(t.skb, sk);
		set_time(sk, t.skb, batch);
		xmit_send(sk, t.skb, batch, dst_clone(t.dst), &quic_sk(sk)->peer,
			  &quic_sk(sk)->local);
	} else {
		quic_mib_inc(sock_net(sk), XmitError);
		kfree_skb(t.skb);
	}
	return 1;
}

/* Would a batch be begun for nothing? */
static bool xmit_idle(struct sock *sk)
{
	struct quic_conn *conn = quic_sk(sk)->conn;

	return quic_conn_tx_idle(conn) ||
	       (quic_conn_tx_paced(conn) && quic_now() < quic_conn_pacing_deadline(conn));
}

void quic_xmit(struct sock *sk)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	u64 pkts = conn->stats.pkts_sent, sent = conn->hold.sent;
	int more = 1;

	while (more == 1 && !xmit_idle(sk)) {
		if (unlikely(quic_queue_full(sk)))
			return;
		local_bh_disable();
		if (likely(crypto_simd_usable())) {
			more = xmit_batch(sk);
		} else {
			quic_mib_inc(sock_net(sk), SealDeferred);
			more = -EAGAIN;
		}
		local_bh_enable();
	}
	if (conn->hold.most && conn->hold.sent != sent)
		quic_conn_tx_took(conn, conn->stats.pkts_sent - pkts, quic_now());
	/* nothing else would bring us back: what is not built has no timer */
	if (more == -EAGAIN)
		quic_work_queue(sk);
	else if (more < 0)
		quic_timers_retry(sk, RETRY_NS);
}

/* ---- without a connection ---- */

void quic_xmit_stateless(struct sock *sk, struct sk_buff *in, const u8 *data, u32 len)
{
	union quic_addr peer, local;
	struct xmit_hdr h = { .peer = &peer, .local = &local };
	struct dst_entry *dst;
	struct sk_buff *skb;
	u32 room;

	quic_udp_addrs(in, &peer, &local);
	dst = quic_route_between(sk, &peer, &local);
	if (IS_ERR(dst)) {
		quic_mib_inc(sock_net(sk), XmitError);
		return;
	}
	room = LL_RESERVED_SPACE(dst->dev) + dst->header_len + sizeof(struct ipv6hdr) +
	       sizeof(struct udphdr);
	skb = quic_may_fail(QUIC_FAIL_TX, alloc_skb(room + len, GFP_ATOMIC | __GFP_NOWARN));
	if (!skb) {
		dst_release(dst);
		quic_mib_inc(sock_net(sk), DropMemory);
		return;
	}
	skb_reserve(skb, room);
	skb_put_data(skb, data, len);
	skb_dst_set(skb, dst);
	skb->priority = READ_ONCE(sk->sk_priority);
	skb->mark = READ_ONCE(sk->sk_mark);
	/* cgroup egress programs run for skbs that are their socket's */
	skb_set_owner_w(skb, sk);
	h.ttl = peer.sa.sa_family == AF_INET ? ip4_dst_hoplimit(dst) : ip6_dst_hoplimit(dst);
	if (push_and_go(skb, &h, sk, 1))
		quic_mib_inc(sock_net(sk), XmitError);
}
