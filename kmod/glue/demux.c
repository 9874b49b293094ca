// SPDX-License-Identifier: GPL-2.0
/*
 * What is in a skb from a UDP socket, and whose it is.
 *
 *   quic_udp_rcv()   skb -> datagrams (gso_size) -> packets (coalesced)
 *                    packets of one socket in a row -> quic_open() ->
 *                    quic_rx_deliver()
 *
 * The skb was taken off a receive queue, so that what udp_recvmsg() would have
 * done is done here: the UDP checksum where nobody verified it yet; skb->dev,
 * which the queue overwrote, is reset before anything looks at it. A train has one
 * address pair and one TOS, but its datagrams may belong to several connections;
 * their bytes may lie anywhere, also not one of them linear. A short header is
 * peeked at; a datagram with a long header that lies in pieces is copied first,
 * these are few.
 *
 * What admins hook (socket filters, cgroup programs, LSM) ran for the UDP socket
 * and runs for the QUIC socket here, once for each skb and socket in it.
 *
 * Invariants: slices of a CPU are filled and opened with BH off, before anything
 * else can want them; a packet is counted as opened (open.c) or under one Drop
 * counter; nothing here changes a connection, whose lock is not held.
 *
 * Worst case: one lookup for each datagram of a train.
 *
 * Not here: stateless resets for unknown packets, Retry, connection migration
 * (packets of known IDs are taken from any address).
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <linux/filter.h>
#include <linux/netdevice.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "packet.h"
#include "../core/wire_hdr.h"

#define PEEK_LEN	64		/* more than a short header and its sample */
#define RESET_MIN_LEN	21		/* RFC 9000 10.3 */
#define REPLIES_MAX	32		/* stateless answers in a jiffy, per port */

/**
 * struct quic_rx - one skb being taken apart
 * @udp: where it came in
 * @skb: data at the UDP payload
 * @walk: over it, never behind the next datagram
 * @slices: of this CPU: packets collected for @sk
 * @n: how many
 * @sk: whose they are, a reference; or NULL
 * @dcid: the ID that led to @sk last
 * @dgram_len: bytes of the datagram at hand until a slice has noted it, then 0
 * @ecn: of the IP header
 */
struct quic_rx {
	struct quic_udp *udp;
	struct sk_buff *skb;
	struct quic_walk walk;
	struct quic_rx_slice *slices;
	u32 n;
	struct sock *sk;
	struct quic_cid dcid;
	u16 dgram_len;
	u8 ecn;
};

struct rx_pcpu {
	struct quic_rx_slice slices[QUIC_RX_SLICES];
	bool busy;
};

static DEFINE_PER_CPU(struct rx_pcpu, rx_pcpu);

static const u32 versions[] = { QUIC_VERSION_V1 };

static bool version_served(u32 version)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(versions); i++)
		if (versions[i] == version)
			return true;
	return false;
}

/* ---- addresses ---- */

void quic_addr_unmap(union quic_addr *addr)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };

	if (addr->sa.sa_family != AF_INET6 || !ipv6_addr_v4mapped(&addr->v6.sin6_addr))
		return;
	v4.sin_port = addr->v6.sin6_port;
	v4.sin_addr.s_addr = addr->v6.sin6_addr.s6_addr32[3];
	memset(addr, 0, sizeof(*addr));
	addr->v4 = v4;
}

void quic_udp_addrs(const struct sk_buff *skb, union quic_addr *peer,
		    union quic_addr *local)
{
	const struct udphdr *uh = udp_hdr(skb);

	if (skb->protocol == htons(ETH_P_IPV6)) {
		quic_addr_set6(peer, &ipv6_hdr(skb)->saddr, uh->source, inet6_iif(skb));
		quic_addr_set6(local, &ipv6_hdr(skb)->daddr, uh->dest, inet6_iif(skb));
	} else {
		quic_addr_set4(peer, ip_hdr(skb)->saddr, uh->source);
		quic_addr_set4(local, ip_hdr(skb)->daddr, uh->dest);
	}
}

static u8 skb_ecn(const struct sk_buff *skb)
{
	return INET_ECN_MASK & (skb->protocol == htons(ETH_P_IPV6) ?
				ipv6_get_dsfield(ipv6_hdr(skb)) : ip_hdr(skb)->tos);
}

/* ---- copies of single datagrams ---- */

/*
 * @len bytes at @off of a train as a skb of their own, which quic_udp_rcv() takes
 * like any other: IP header without options, UDP header, data at the payload.
 */
static struct sk_buff *dgram_copy(const struct sk_buff *skb, u32 off, u32 len)
{
	bool v6 = skb->protocol == htons(ETH_P_IPV6);
	u32 ip_len = v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	struct sk_buff *copy;

	copy = alloc_skb(ip_len + sizeof(struct udphdr) + len, GFP_ATOMIC | __GFP_NOWARN);
	if (!copy)
		return NULL;
	skb_reset_network_header(copy);
	skb_put_data(copy, skb_network_header(skb), ip_len);
	skb_set_transport_header(copy, ip_len);
	skb_put_data(copy, skb_transport_header(skb), sizeof(struct udphdr));
	if (!v6) {
		ip_hdr(copy)->ihl = sizeof(struct iphdr) / 4;
		ip_hdr(copy)->tot_len = htons(ip_len + sizeof(struct udphdr) + len);
	}
	udp_hdr(copy)->len = htons(sizeof(struct udphdr) + len);
	__skb_pull(copy, ip_len + sizeof(struct udphdr));
	if (skb_copy_bits(skb, off, skb_put(copy, len), len)) {
		kfree_skb(copy);
		return NULL;
	}
	copy->protocol = skb->protocol;
	copy->skb_iif = skb->skb_iif;
	copy->mark = skb->mark;
	copy->ip_summed = CHECKSUM_UNNECESSARY;
	memcpy(copy->cb, skb->cb, sizeof(copy->cb));	/* IP6CB: inet6_iif() */
	return copy;
}

/* ---- packets of a known connection ---- */

/*
 * What hooks say about this skb for this socket. It is never trimmed: it may be
 * shared by batches already.
 */
static bool filter_passes(struct quic_rx *rx, struct sock *sk)
{
	struct sk_buff *skb = rx->skb;
	bool ok;

	if (WARN_ON_ONCE(skb_transport_offset(skb) != -(int)sizeof(struct udphdr)))
		return false;
	skb->dev = dev_get_by_index_rcu(rx->udp->net, skb->skb_iif);
	__skb_push(skb, sizeof(struct udphdr));
	ok = !sk_filter_trim_cap(sk, skb, skb->len);
	__skb_pull(skb, sizeof(struct udphdr));
	skb->dev = NULL;
	return ok;
}

/* Open and deliver what was collected. The socket's reference goes with it. */
static void rx_flush(struct quic_rx *rx)
{
	struct sock *sk = rx->sk;
	struct quic_rxbuf *buf = NULL;
	u32 n = rx->n;

	rx->sk = NULL;
	rx->n = 0;
	if (!sk)
		return;
	if (!n)
		goto put;
	if (unlikely(!quic_rx_room(sk, rx->skb->truesize)))
		quic_mib_add(rx->udp->net, DropBacklog, n);
	else if (unlikely(!filter_passes(rx, sk)))
		quic_mib_add(rx->udp->net, DropFilter, n);
	else
		buf = quic_open(sk, rx->skb, rx->slices, n, rx->ecn);
	if (buf) {
		quic_rx_deliver(sk, buf);
		return;
	}
put:
	sock_put(sk);
}

/* Let @dcid's socket be the one to collect for. Return: is there one? */
static bool rx_find(struct quic_rx *rx, const struct quic_cid *dcid)
{
	struct sock *sk;

	if (rx->sk && quic_cid_equal(&rx->dcid, dcid))
		return true;
	sk = quic_lookup(rx->udp->net, dcid->id, dcid->len);
	if (!sk)
		return false;
	if (sk == rx->sk) {
		sock_put(sk);
	} else {
		rx_flush(rx);
		rx->sk = sk;
	}
	rx->dcid = *dcid;
	return true;
}

/* Keep the datagram from here on until there are keys for it. */
static void rx_park(struct quic_rx *rx, u32 off, u32 len)
{
	struct sk_buff *copy = dgram_copy(rx->skb, off, len);
	struct sock *sk = rx->sk;

	if (!copy) {
		quic_mib_inc(rx->udp->net, DropMemory);
		return;
	}
	sock_hold(sk);
	rx_flush(rx);		/* what came before it goes before it */
	quic_rx_park(sk, rx->udp, copy);
	sock_put(sk);
}

/* Return: are there keys to come for what cannot be opened now? */
static bool keys_to_come(const struct quic_sock *qs, u8 level)
{
	const struct quic_conn *conn = READ_ONCE(qs->conn);

	return conn && level != QUIC_CRYPTO_EARLY &&
	       !(quic_conn_keys_discarded(conn) & BIT(level));
}

/*
 * Collect one packet of rx->sk. Return: false: it waits for keys, the rest of the
 * datagram from here on is to be parked.
 */
static bool rx_collect(struct quic_rx *rx, const struct quic_hdr *hdr, u8 level, u32 off)
{
	struct quic_sock *qs = quic_sk(rx->sk);
	struct quic_rx_slice *s;
	struct sock *sk;

	if (unlikely(!rcu_access_pointer(qs->keys_rx[level]))) {
		if (keys_to_come(qs, level))
			return false;
		quic_mib_inc(rx->udp->net, DropNoKeys);
		return true;
	}
	if (rx->n == QUIC_RX_SLICES) {
		sk = rx->sk;
		sock_hold(sk);
		rx_flush(rx);
		rx->sk = sk;
	}
	s = &rx->slices[rx->n++];
	s->off = off;
	s->len = hdr->len;
	s->dgram_len = rx->dgram_len;
	s->pn_off = hdr->pn_off;
	s->level = level;
	s->scid = hdr->scid;
	rx->dgram_len = 0;
	return true;
}

/* ---- packets that nobody owns ---- */

static bool reply_allowed(struct quic_udp *udp)
{
	unsigned long now = jiffies;

	if (READ_ONCE(udp->reply_jiffies) != now) {
		WRITE_ONCE(udp->reply_jiffies, now);
		atomic_set(&udp->replies, 0);
	}
	return atomic_inc_return(&udp->replies) <= REPLIES_MAX;
}

/* RFC 9000 6.1: only to what could have been a client's first datagram. */
static void rx_unknown_version(struct quic_rx *rx, const struct quic_hdr *hdr, u32 dgram_len)
{
	u8 out[64];
	struct quic_wcur c = quic_wcur_init(out, sizeof(out));

	BUILD_BUG_ON(sizeof(out) < 7 + 2 * QUIC_CID_MAX_LEN + sizeof(versions));
	quic_mib_inc(rx->udp->net, DropVersion);
	if (dgram_len < QUIC_MIN_UDP_PAYLOAD || hlist_empty(&rx->udp->listeners) ||
	    !reply_allowed(rx->udp))
		return;
	quic_hdr_put_version_neg(&c, &hdr->scid, &hdr->dcid, versions,
				 ARRAY_SIZE(versions), get_random_u32());
	quic_xmit_stateless(rx->udp, rx->skb, out, c.p - out);
	quic_mib_inc(rx->udp->net, VersionNegSent);
}

/* RFC 9000 6.2; both IDs must be those of our first packet (17.2.1). */
static void rx_version_neg(struct quic_rx *rx, const struct quic_hdr *hdr)
{
	struct sock *sk = quic_lookup(rx->udp->net, hdr->dcid.id, hdr->dcid.len);
	struct quic_sock *qs;

	quic_mib_inc(rx->udp->net, DropVersion);
	if (!sk)
		return;
	qs = quic_sk(sk);
	bh_lock_sock(sk);
	/* met the lock as owned: the client's next packet gets another answer */
	if (!sock_owned_by_user(sk) && qs->attached && !qs->conn->server &&
	    quic_conn_state(qs->conn) == QUIC_CONN_HANDSHAKE &&
	    quic_cid_equal(quic_conn_dcid(qs->conn), &hdr->scid)) {
		quic_conn_recv_version_neg(qs->conn, hdr->token, hdr->token_len, quic_now());
		quic_settle(sk);
	}
	bh_unlock_sock(sk);
	sock_put(sk);
}

/* A client's first datagram, or noise (RFC 9000 14.1, 7.2). */
static void rx_new_initial(struct quic_rx *rx, const struct quic_hdr *hdr, u32 off, u32 len)
{
	struct quic_udp *udp = rx->udp;
	struct sk_buff *copy;

	if (hlist_empty(&udp->listeners)) {
		quic_mib_inc(udp->net, DropUnknownCid);
		return;
	}
	if (len < QUIC_MIN_UDP_PAYLOAD || hdr->dcid.len < QUIC_INITIAL_DCID_MIN) {
		quic_mib_inc(udp->net, DropInitialSmall);
		return;
	}
	/* data_ready may be here without a reference: one for the listener's work */
	if (!refcount_inc_not_zero(&udp->refs))
		return;
	copy = dgram_copy(rx->skb, off, len);
	if (copy)
		quic_listen_initial(udp, copy);
	else
		quic_mib_inc(udp->net, DropMemory);
	quic_udp_put(udp);
}

/*
 * A short header with an ID that is not ours: the peer may have lost its state and
 * answer with a stateless reset, whose ID is random (RFC 9000 10.3.1).
 */
static void rx_unknown_short(struct quic_rx *rx, u32 off, u32 len)
{
	u8 token[QUIC_RESET_TOKEN_LEN];
	union quic_addr peer, local;
	struct sock *sk;

	quic_mib_inc(rx->udp->net, DropUnknownCid);
	if (len < RESET_MIN_LEN ||
	    skb_copy_bits(rx->skb, off + len - sizeof(token), token, sizeof(token)))
		return;
	quic_udp_addrs(rx->skb, &peer, &local);
	sk = quic_lookup_peer(rx->udp, &peer);
	if (!sk)
		return;
	quic_rx_maybe_reset(sk, token);
	sock_put(sk);
}

/* ---- datagrams ---- */

static u8 pkt_level(enum quic_pkt_type type)
{
	switch (type) {
	case QUIC_PKT_INITIAL:
		return QUIC_CRYPTO_INITIAL;
	case QUIC_PKT_0RTT:
		return QUIC_CRYPTO_EARLY;
	case QUIC_PKT_HANDSHAKE:
		return QUIC_CRYPTO_HANDSHAKE;
	default:
		return QUIC_CRYPTO_APP;
	}
}

/*
 * One packet of a datagram that began with a long header. @len: from @off to the
 * end of the datagram; @whole: of all of it.
 * Return: go on with the next packet?
 */
static bool rx_packet(struct quic_rx *rx, const struct quic_hdr *hdr, u32 off, u32 len,
		      u32 whole)
{
	const struct quic_conn *conn;

	if (hdr->type == QUIC_PKT_VERSION_NEG) {
		rx_version_neg(rx, hdr);
		return false;
	}
	if (hdr->type != QUIC_PKT_1RTT && !version_served(hdr->version)) {
		rx_unknown_version(rx, hdr, whole);
		return false;
	}
	if (hdr->type == QUIC_PKT_RETRY) {	/* no client of ours uses them yet */
		quic_mib_inc(rx->udp->net, DropHeader);
		return false;
	}
	if (!rx_find(rx, &hdr->dcid)) {
		if (hdr->type == QUIC_PKT_INITIAL)
			rx_new_initial(rx, hdr, off, len);
		else
			quic_mib_inc(rx->udp->net, DropUnknownCid);
		return false;
	}
	conn = READ_ONCE(quic_sk(rx->sk)->conn);
	if (hdr->type == QUIC_PKT_INITIAL && conn && conn->server &&
	    whole < QUIC_MIN_UDP_PAYLOAD) {
		quic_mib_inc(rx->udp->net, DropInitialSmall);
		return false;
	}
	if (rx_collect(rx, hdr, pkt_level(hdr->type), off))
		return true;
	rx_park(rx, off, len);
	return false;
}

/* A datagram that lies in one piece at @p. RFC 9000 12.2. */
static void rx_coalesced(struct quic_rx *rx, const u8 *p, u32 off, u32 len)
{
	struct quic_cid first = {};
	struct quic_hdr hdr;
	u32 pos = 0;

	while (pos < len) {
		if (quic_hdr_parse(p + pos, len - pos, QUIC_LOCAL_CID_LEN, &hdr)) {
			quic_mib_inc(rx->udp->net, DropHeader);
			return;
		}
		if (!pos)
			first = hdr.dcid;
		if (!quic_cid_equal(&first, &hdr.dcid))
			quic_mib_inc(rx->udp->net, DropHeader);
		else if (!rx_packet(rx, &hdr, off + pos, len - pos, len))
			return;
		pos += hdr.len;
	}
}

static void rx_short(struct quic_rx *rx, const u8 *p, u32 off, u32 len)
{
	struct quic_hdr hdr;

	if (quic_hdr_parse(p, len, QUIC_LOCAL_CID_LEN, &hdr))
		quic_mib_inc(rx->udp->net, DropHeader);
	else if (!rx_find(rx, &hdr.dcid))
		rx_unknown_short(rx, off, len);
	else if (!rx_collect(rx, &hdr, QUIC_CRYPTO_APP, off))
		rx_park(rx, off, len);
}

static void rx_skb(struct quic_udp *udp, struct sk_buff *skb, struct quic_rx_slice *slices);

static void rx_dgram(struct quic_rx *rx, u32 off, u32 len)
{
	u8 buf[PEEK_LEN], *p;
	const u8 *head;
	struct sk_buff *copy;

	rx->dgram_len = len;
	head = skb_header_pointer(rx->skb, off, min_t(u32, len, PEEK_LEN), buf);
	if (!head) {
		quic_mib_inc(rx->udp->net, DropShort);
		return;
	}
	if (!(*head & 0x80)) {
		/* the parser reads nothing behind the connection ID */
		rx_short(rx, head, off, len);
		return;
	}
	p = quic_walk_find(&rx->walk, off, len);
	if (p) {
		rx_coalesced(rx, p, off, len);
		return;
	}
	copy = dgram_copy(rx->skb, off, len);
	if (!copy) {
		quic_mib_inc(rx->udp->net, DropMemory);
		return;
	}
	rx_flush(rx);		/* it owns the slices meanwhile */
	rx_skb(rx->udp, copy, rx->slices);	/* linear: goes no deeper */
	consume_skb(copy);
}

static void rx_skb(struct quic_udp *udp, struct sk_buff *skb, struct quic_rx_slice *slices)
{
	struct quic_rx rx = {
		.udp = udp,
		.skb = skb,
		.slices = slices,
		.ecn = skb_ecn(skb),
	};
	u32 size = skb->len, off;

	if (skb_is_gso(skb))
		size = skb_shinfo(skb)->gso_size;
	quic_walk_init(&rx.walk, skb);
	for (off = 0; off < skb->len; off += size)
		rx_dgram(&rx, off, min(size, skb->len - off));
	rx_flush(&rx);
}

void quic_udp_rcv(struct quic_udp *udp, struct sk_buff *skb)
{
	struct rx_pcpu *cpu = this_cpu_ptr(&rx_pcpu);

	skb->dev = NULL;	/* the receive queue kept other things there */
	if (!skb->len) {
		quic_mib_inc(udp->net, DropShort);
	} else if (!skb_csum_unnecessary(skb) && __skb_checksum_complete(skb)) {
		quic_mib_inc(udp->net, DropChecksum);
	} else if (WARN_ON_ONCE(cpu->busy)) {
		quic_mib_inc(udp->net, DropMemory);
	} else {
		cpu->busy = true;
		rcu_read_lock();
		rx_skb(udp, skb, cpu->slices);
		rcu_read_unlock();
		cpu->busy = false;
	}
	consume_skb(skb);
}
