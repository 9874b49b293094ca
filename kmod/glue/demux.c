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
 * What admins hook (socket filters, cgroup programs, LSM) runs for the QUIC socket
 * here, once for each skb and socket in it, before anything is done about it
 * (guard.c).
 *
 * Invariants: slices of a CPU are filled and opened with BH off, before anything
 * else can want them; a packet is counted as opened (open.c) or under one Drop
 * counter; nothing here changes a connection, whose lock is not held.
 *
 * Worst case: one lookup for each datagram of a train.
 *
 * Not here: what is answered to packets that nobody owns, and when (answer.c); what
 * it means that packets of known IDs come from another address (path.c).
 *
 * Large because each sort of packet is told from the others in one walk.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "packet.h"
#include "answer.h"
#include "path.h"

#define PEEK_LEN	64		/* more than a short header and its sample */

/**
 * struct quic_rx - one skb being taken apart
 * @udp: where it came in
 * @skb: data at the UDP payload
 * @walk: over it, never behind the next datagram
 * @slices: of this CPU: packets collected for @sk
 * @n: how many
 * @sk: whose they are, a reference; or NULL
 * @dcid: the ID that led to @sk last
 * @past: all of it was judged, perhaps counted, when it came in and had to wait
 * @judged: socket that @passes is about; compared only
 * @passes: what hooks said about the skb for it
 * @listener: who answers for what no connection owns, a reference; or NULL
 * @asked: @listener was looked for
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
	const struct sock *judged;
	enum quic_rx_past past;
	bool passes;
	bool asked;
	struct sock *listener;
	u16 dgram_len;
	u8 ecn;
};

struct rx_pcpu {
	struct quic_rx_slice slices[QUIC_RX_SLICES];
	bool busy;
};

static DEFINE_PER_CPU(struct rx_pcpu, rx_pcpu);

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

u8 quic_skb_ecn(const struct sk_buff *skb)
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

	copy = quic_may_fail(QUIC_FAIL_RX, alloc_skb(ip_len + sizeof(struct udphdr) + len,
						     GFP_ATOMIC | __GFP_NOWARN));
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

/* Is the fixed bit as the connection of @sk takes it? */
static bool rx_fixed_ok(const struct sock *sk, const struct quic_hdr *hdr)
{
	const struct quic_conn *conn = READ_ONCE(quic_sk(sk)->conn);

	if (likely(quic_hdr_fixed_ok(hdr, conn && quic_conn_greases(conn))))
		return true;
	quic_mib_inc(sock_net(sk), DropHeader);
	return false;
}

/*
 * What hooks say about this skb for this socket, asked once for the packets of a
 * socket in a row.
 */
static bool rx_passes(struct quic_rx *rx, struct sock *sk)
{
	if (rx->past == QUIC_RX_FRESH && rx->judged != sk) {
		rx->judged = sk;
		rx->passes = quic_guard_passes(sk, rx->skb);
	}
	return rx->passes;
}

/* Keep those of @n packets whose keys are to be made still. */
static void rx_park_early(struct quic_rx *rx, struct sock *sk, u32 n)
{
	const struct quic_rx_slice *s = rx->slices;
	struct sk_buff *copy;

	for (; n--; s++) {
		if (likely(!s->early))
			continue;
		copy = dgram_copy(rx->skb, s->off, s->len);
		if (copy)
			quic_rx_park_early(sk, rx->udp, copy);
		else
			quic_mib_inc(rx->udp->net, DropMemory);
	}
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
	else if (unlikely(!rx_passes(rx, sk)))
		quic_mib_add(rx->udp->net, DropFilter, n);
	else
		buf = quic_open(sk, rx->skb, rx->slices, n, rx->ecn);
	rx_park_early(rx, sk, n);
	if (buf && likely(quic_path_note(sk, rx->skb, buf))) {
		quic_rx_deliver(sk, buf);
		return;
	}
	if (buf) {
		quic_mib_add(rx->udp->net, DropMemory, buf->n);
		quic_rxbuf_free(buf);
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
	if (!quic_udp_is_of(rx->udp, sk)) {
		sock_put(sk);
		return false;
	}
	if (sk == rx->sk) {
		sock_put(sk);
	} else {
		rx_flush(rx);
		rx->sk = sk;
	}
	rx->dcid = *dcid;
	return true;
}

/*
 * Keep the datagram from here on until there are keys for it. @version: of the packet
 * that has none, 0 of a short header.
 */
static void rx_park(struct quic_rx *rx, u32 off, u32 len, u32 version)
{
	struct sock *sk = rx->sk;
	struct sk_buff *copy;

	if (!rx_passes(rx, sk)) {
		quic_mib_inc(rx->udp->net, DropFilter);
		return;
	}
	copy = dgram_copy(rx->skb, off, len);
	if (!copy) {
		quic_mib_inc(rx->udp->net, DropMemory);
		return;
	}
	sock_hold(sk);
	rx_flush(rx);		/* what came before it goes before it */
	quic_rx_park(sk, rx->udp, copy, rx->dgram_len);
	/* once it waits: who makes keys feeds what does */
	quic_version_ask(sk, version);
	sock_put(sk);
}

/* Return: are there keys to come for what cannot be opened now? */
static bool keys_to_come(const struct quic_sock *qs, u8 level)
{
	const struct quic_conn *conn = READ_ONCE(qs->conn);

	return conn && level != QUIC_CRYPTO_EARLY &&
	       !(quic_conn_keys_discarded(conn) & BIT(level));
}

/* Where the keys of a packet are: of an Initial, by its version. */
static u8 keys_place(const struct quic_sock *qs, const struct quic_hdr *hdr, u8 level)
{
	const struct quic_keys *keys;

	if (likely(level != QUIC_CRYPTO_INITIAL))
		return level;
	keys = rcu_dereference(qs->keys_rx[level]);
	return !keys || keys->version == hdr->version ? level : QUIC_KEYS_OTHER;
}

/*
 * Collect one packet of rx->sk. Return: false: it waits for keys, the rest of the
 * datagram from here on is to be parked.
 */
static bool rx_collect(struct quic_rx *rx, const struct quic_hdr *hdr, u8 level, u32 off)
{
	struct quic_sock *qs = quic_sk(rx->sk);
	u8 place = keys_place(qs, hdr, level);
	struct quic_rx_slice *s;
	struct sock *sk;

	if (unlikely(!rcu_access_pointer(qs->keys_rx[place]))) {
		if (keys_to_come(qs, level))
			return false;
		quic_mib_inc(rx->udp->net, DropNoKeys);
		quic_rx_credit(rx->sk, rx->skb, rx->dgram_len);
		rx->dgram_len = 0;
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
	s->keys = place;
	s->early = false;
	s->scid = hdr->scid;
	rx->dgram_len = 0;
	return true;
}

/* ---- packets that nobody owns ---- */

/*
 * The listener that answers for this skb, borrowed; NULL: its port has none that
 * would have it, which is counted.
 */
static struct sock *rx_listener(struct quic_rx *rx)
{
	if (!rx->asked) {
		rx->asked = true;
		rx->listener = quic_guard_listener(rx->udp, rx->skb);
	}
	if (!rx->listener)
		quic_mib_inc(rx->udp->net, DropFilter);
	return rx->listener;
}

/* RFC 9000 6.1: only to what could have been a client's first datagram. */
static void rx_unknown_version(struct quic_rx *rx, const struct quic_hdr *hdr, u32 dgram_len)
{
	struct sock *listener;

	BUILD_BUG_ON(QUIC_VERSIONS > QUIC_VERSIONS_MAX);
	quic_mib_inc(rx->udp->net, DropVersion);
	if (dgram_len < QUIC_MIN_UDP_PAYLOAD || hlist_empty(&rx->udp->listeners))
		return;
	listener = rx_listener(rx);
	if (listener)
		quic_answer_version(listener, rx->skb, hdr, quic_versions, QUIC_VERSIONS);
}

/* A client's first datagram, or noise (RFC 9000 14.1, 7.2). */
static void rx_new_initial(struct quic_rx *rx, const struct quic_hdr *hdr, u32 off, u32 len)
{
	struct quic_udp *udp = rx->udp;
	struct sock *listener;
	struct sk_buff *copy;
	bool room;

	/* one that has waited once for an embryo has found none */
	if (hlist_empty(&udp->listeners) || rx->past != QUIC_RX_FRESH) {
		quic_mib_inc(udp->net, DropUnknownCid);
		return;
	}
	if (len < QUIC_MIN_UDP_PAYLOAD || hdr->dcid.len < QUIC_INITIAL_DCID_MIN) {
		quic_mib_inc(udp->net, DropInitialSmall);
		return;
	}
	/* only a client with a token of ours may know that we do not mind (RFC 9287 3.1) */
	if (!quic_hdr_fixed_ok(hdr, hdr->token_len)) {
		quic_mib_inc(udp->net, DropHeader);
		return;
	}
	room = quic_listen_room(udp, rx->skb);
	if (!room && !quic_retry_wanted(udp)) {
		quic_mib_inc(udp->net, DropInitialQueue);
		return;
	}
	listener = rx_listener(rx);
	if (!listener || !quic_admit(udp, listener, rx->skb, hdr))
		return;
	if (!room) {
		quic_mib_inc(udp->net, DropInitialQueue);
		return;
	}
	/* data_ready may be here without a reference: one for the listener's work */
	if (!refcount_inc_not_zero(&udp->refs))
		return;
	copy = dgram_copy(rx->skb, off, len);
	if (copy) {
		sock_hold(listener);
		copy->sk = listener;
		copy->destructor = sock_efree;
		quic_listen_initial(udp, copy);
	} else {
		quic_mib_inc(udp->net, DropMemory);
	}
	quic_udp_put(udp);
}

/*
 * A short header with an ID that is not ours. The peer may have lost its state and
 * answer with a stateless reset, whose ID is random (RFC 9000 10.3.1). Or we have
 * lost ours, and tell it so; not one that has a connection to us, whose reset that
 * may have been.
 */
static void rx_unknown_short(struct quic_rx *rx, const struct quic_hdr *hdr, u32 off, u32 len)
{
	struct sock *listener;
	u8 token[QUIC_RESET_TOKEN_LEN];
	union quic_addr peer, local;
	struct sock *sk;

	quic_mib_inc(rx->udp->net, DropUnknownCid);
	if (len < QUIC_RESET_MIN_LEN ||
	    skb_copy_bits(rx->skb, off + len - sizeof(token), token, sizeof(token)))
		return;
	quic_udp_addrs(rx->skb, &peer, &local);
	sk = quic_lookup_peer(rx->udp, &peer);
	if (sk) {
		if (rx_passes(rx, sk))
			quic_rx_unopened(sk, token, 0);
		sock_put(sk);
		return;
	}
	if (hlist_empty(&rx->udp->listeners))
		return;
	listener = rx_listener(rx);
	if (listener)
		quic_answer_reset(listener, rx->skb, &hdr->dcid, len);
}

/* Retry and Version Negotiation: to a client of ours that waits for its first answer. */
static void rx_first_answer(struct quic_rx *rx, const struct quic_hdr *hdr, const u8 *p)
{
	struct sock *sk = quic_lookup(rx->udp->net, hdr->dcid.id, hdr->dcid.len);

	if (hdr->type == QUIC_PKT_VERSION_NEG)
		quic_mib_inc(rx->udp->net, DropVersion);
	if (!sk || !quic_udp_is_of(rx->udp, sk))
		quic_mib_inc(rx->udp->net, DropUnknownCid);
	else if (!rx_passes(rx, sk))
		quic_mib_inc(rx->udp->net, DropFilter);
	else if (hdr->type == QUIC_PKT_VERSION_NEG)
		quic_version_neg_rx(sk, hdr);
	else if (rx_fixed_ok(sk, hdr))
		quic_retry_rx(sk, hdr, p, hdr->len);
	if (sk)
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
 * One packet, at @p, of a datagram that began with a long header. @len: from @off to
 * the end of the datagram; @whole: of all of it.
 * Return: go on with the next packet?
 */
static bool rx_packet(struct quic_rx *rx, const struct quic_hdr *hdr, const u8 *p, u32 off,
		      u32 len, u32 whole)
{
	const struct quic_conn *conn;

	if (hdr->type != QUIC_PKT_1RTT && hdr->type != QUIC_PKT_VERSION_NEG &&
	    !quic_version_known(hdr->version)) {
		rx_unknown_version(rx, hdr, whole);
		return false;
	}
	if (hdr->type == QUIC_PKT_VERSION_NEG || hdr->type == QUIC_PKT_RETRY) {
		rx_first_answer(rx, hdr, p);
		return false;
	}
	if (!rx_find(rx, &hdr->dcid)) {
		if (hdr->type == QUIC_PKT_INITIAL)
			rx_new_initial(rx, hdr, off, len);
		else
			quic_mib_inc(rx->udp->net, DropUnknownCid);
		return false;
	}
	if (!rx_fixed_ok(rx->sk, hdr))
		return true;
	conn = READ_ONCE(quic_sk(rx->sk)->conn);
	if (hdr->version && conn &&
	    !quic_version_fits(conn, hdr->version, pkt_level(hdr->type))) {
		quic_mib_inc(rx->udp->net, DropVersion);
		return true;
	}
	if (conn && !quic_hdr_is_for(hdr, conn->server)) {
		quic_mib_inc(rx->udp->net, DropHeader);
		return true;
	}
	if (hdr->type == QUIC_PKT_INITIAL && conn && conn->server &&
	    whole < QUIC_MIN_UDP_PAYLOAD) {
		quic_mib_inc(rx->udp->net, DropInitialSmall);
		return false;
	}
	if (rx_collect(rx, hdr, pkt_level(hdr->type), off))
		return true;
	rx_park(rx, off, len, hdr->version);
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
		else if (!rx_packet(rx, &hdr, p + pos, off + pos, len - pos, len))
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
		rx_unknown_short(rx, &hdr, off, len);
	else if (rx_fixed_ok(rx->sk, &hdr) && !rx_collect(rx, &hdr, QUIC_CRYPTO_APP, off))
		rx_park(rx, off, len, 0);
}

static void rx_skb(struct quic_udp *udp, struct sk_buff *skb, enum quic_rx_past past,
		   struct quic_rx_slice *slices);

static void rx_dgram(struct quic_rx *rx, u32 off, u32 len)
{
	u8 buf[PEEK_LEN], *p;
	const u8 *head;
	struct sk_buff *copy;

	rx->dgram_len = rx->past == QUIC_RX_PARKED ? 0 : len;
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
	rx_skb(rx->udp, copy, rx->past, rx->slices);	/* linear: goes no deeper */
	consume_skb(copy);
}

static void rx_skb(struct quic_udp *udp, struct sk_buff *skb, enum quic_rx_past past,
		   struct quic_rx_slice *slices)
{
	struct quic_rx rx = {
		.udp = udp,
		.skb = skb,
		.slices = slices,
		.ecn = quic_skb_ecn(skb),
		.past = past,
		.passes = true,
	};
	u32 size = skb->len, off;

	if (skb_is_gso(skb))
		size = skb_shinfo(skb)->gso_size;
	quic_walk_init(&rx.walk, skb);
	for (off = 0; off < skb->len; off += size)
		rx_dgram(&rx, off, min(size, skb->len - off));
	rx_flush(&rx);
	if (rx.listener)
		sock_put(rx.listener);
}

void quic_udp_rcv(struct quic_udp *udp, struct sk_buff *skb, enum quic_rx_past past)
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
		rx_skb(udp, skb, past, cpu->slices);
		rcu_read_unlock();
		cpu->busy = false;
	}
	consume_skb(skb);
}
