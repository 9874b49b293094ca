// SPDX-License-Identifier: GPL-2.0
/*
 * What ICMP says of our packets, and whether it is to be believed.
 *
 *   udp.c: error queue -> quic_icmp() --port unreachable--> the handshake ends
 *                                     '--too big----------> hint for the core's search
 *
 * Anybody can send an ICMP message. The stack has looked for our UDP socket by the
 * quoted packet's source port; the rest is done here (RFC 9000 14.2.1): the other port
 * and both addresses are a connection's, and the quoted bytes go as far as the connection
 * ID that this connection sends, which nobody off the path can guess. Routers that quote
 * 8 bytes, the UDP header, are not heard: time-outs and probes find out as well.
 *
 * What is believed of a size is kept by the connection alone (core/pmtud.c). The stack
 * has changed its route by then, by its own lights; route.c does not look there.
 *
 * Of several connections between the same two ports, which share a UDP socket, the one
 * is asked that the quoted packet is of: a long header carries our own ID as well, a
 * short one the peer's alone (lookup.c).
 *
 * Not here: other errors, which say nothing that lasts; local errors of sending.
 */
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "packet.h"

/* flags, version, two connection IDs with their lengths */
#define QUOTE_LEN	(5 + 2 * (1 + QUIC_CID_MAX_LEN))

/**
 * struct icmp_news - an ICMP message
 * @peer: where the quoted packet went
 * @local: and from where, without the port, which is our UDP socket's
 * @too_big: it did not fit; else nothing listens there
 * @mtu: IP packets that fit, bytes, if @too_big
 */
struct icmp_news {
	union quic_addr peer;
	union quic_addr local;
	bool too_big;
	u32 mtu;
};

static bool read4(const struct sk_buff *skb, struct icmp_news *n)
{
	const struct sock_exterr_skb *serr = SKB_EXT_ERR(skb);
	const u8 *dst = skb_network_header(skb) + serr->addr_offset;
	__be32 ip[2];

	if (serr->ee.ee_type != ICMP_DEST_UNREACH ||
	    (serr->ee.ee_code != ICMP_PORT_UNREACH && serr->ee.ee_code != ICMP_FRAG_NEEDED))
		return false;
	/* source and destination are neighbours in the quoted header */
	memcpy(ip, dst - sizeof(ip[0]), sizeof(ip));
	quic_addr_set4(&n->local, ip[0], 0);
	quic_addr_set4(&n->peer, ip[1], serr->port);
	n->too_big = serr->ee.ee_code == ICMP_FRAG_NEEDED;
	return true;
}

static bool read6(const struct sk_buff *skb, struct icmp_news *n)
{
	const struct sock_exterr_skb *serr = SKB_EXT_ERR(skb);
	const u8 *dst = skb_network_header(skb) + serr->addr_offset;
	struct in6_addr ip[2];

	n->too_big = serr->ee.ee_type == ICMPV6_PKT_TOOBIG;
	if (!n->too_big && (serr->ee.ee_type != ICMPV6_DEST_UNREACH ||
			    serr->ee.ee_code != ICMPV6_PORT_UNREACH))
		return false;
	memcpy(ip, dst - sizeof(ip[0]), sizeof(ip));
	quic_addr_set6(&n->local, &ip[0], 0, inet6_iif(skb));
	quic_addr_set6(&n->peer, &ip[1], serr->port, inet6_iif(skb));
	return true;
}

static bool read_news(const struct sk_buff *skb, struct icmp_news *n)
{
	const struct sock_exterr_skb *serr = SKB_EXT_ERR(skb);

	n->mtu = serr->ee.ee_info;
	return serr->ee.ee_origin == SO_EE_ORIGIN_ICMP ? read4(skb, n) :
	       serr->ee.ee_origin == SO_EE_ORIGIN_ICMP6 && read6(skb, n);
}

/* Is this where the connection's packets leave from? */
static bool is_local(const struct quic_sock *qs, const struct icmp_news *n)
{
	if (qs->local.sa.sa_family != n->local.sa.sa_family)
		return false;
	if (n->local.sa.sa_family == AF_INET)
		return qs->local.v4.sin_addr.s_addr == n->local.v4.sin_addr.s_addr;
	return ipv6_addr_equal(&qs->local.v6.sin6_addr, &n->local.v6.sin6_addr);
}

/* Does the quoted packet, whose payload is @skb's data, carry the ID that we send? */
static bool quotes(const struct sk_buff *skb, const struct quic_cid *dcid)
{
	u8 buf[6 + QUIC_CID_MAX_LEN];
	const u8 *p = skb_header_pointer(skb, 0, 1, buf);
	u32 off = p && *p & 0x80 ? 6 : 1;

	p = skb_header_pointer(skb, 0, off + dcid->len, buf);
	return p && (off == 1 || p[5] == dcid->len) && !memcmp(p + off, dcid->id, dcid->len);
}

/*
 * Nobody listens there: a handshake ends (SOCKET-API.md 11.2), an established
 * connection does not let itself be talked out of existence. Lock held.
 */
static void port_unreachable(struct sock *sk)
{
	static const char text[] = "nothing listens on that UDP port (ICMP port unreachable)";
	struct quic_sock *qs = quic_sk(sk);

	if (qs->conn->server || quic_conn_state(qs->conn) != QUIC_CONN_HANDSHAKE)
		return;
	qs->hs_errno = ECONNREFUSED;
	qs->reason_origin = QUIC_ORIGIN_NETWORK;
	strscpy(qs->reason, text, sizeof(qs->reason));
	quic_conn_handshake_fail(qs->conn, -1, text, quic_now());
}

/* No lock: @sk's connection stays in memory as long as we hold a reference on it. */
static bool is_about(const struct sock *sk, const struct sk_buff *skb,
		     const struct icmp_news *n)
{
	const struct quic_sock *qs = quic_sk(sk);
	const struct quic_conn *conn = READ_ONCE(qs->conn);

	return conn && is_local(qs, n) && quotes(skb, quic_conn_dcid(conn));
}

static void tell(struct sock *sk, const struct sk_buff *skb, const struct icmp_news *n)
{
	struct quic_sock *qs = quic_sk(sk);
	u32 hdrs = quic_headers_len(&n->peer), mtu = n->mtu > hdrs ? n->mtu - hdrs : 0;

	bh_lock_sock(sk);
	if (!is_about(sk, skb, n)) {
		quic_mib_inc(sock_net(sk), DropIcmp);
	} else if (sock_owned_by_user(sk)) {
		/* of a port unreachable the next packet of the handshake gets another one */
		if (n->too_big) {
			qs->mtu_hint = mtu;
			set_bit(QUIC_DEFER_MTU, &qs->deferred);
		}
	} else if (qs->attached) {
		if (n->too_big)
			quic_conn_mtu_hint(qs->conn, mtu);
		else
			port_unreachable(sk);
		quic_settle(sk);
	}
	bh_unlock_sock(sk);
}

/* The connection that sent the quoted packet, by its IDs; with a reference, or NULL. */
static struct sock *sender(const struct quic_udp *udp, const struct sk_buff *skb,
			   const struct icmp_news *n)
{
	u8 buf[QUOTE_LEN] = { 0 };
	u32 len = min_t(u32, skb->len, sizeof(buf)), scid;
	struct sock *sk;

	if (!len || skb_copy_bits(skb, 0, buf, len))
		return NULL;
	if (!(buf[0] & 0x80))
		return quic_lookup_sender(udp, &n->peer, buf + 1, len - 1);
	if (buf[5] > QUIC_CID_MAX_LEN)
		return NULL;
	scid = 6 + buf[5];
	if (buf[scid] > QUIC_CID_MAX_LEN || scid + 1 + buf[scid] > len)
		return NULL;
	sk = quic_lookup(udp->net, buf + scid + 1, buf[scid]);
	if (!sk || (quic_udp_is_of(udp, sk) && quic_addr_equal(&quic_sk(sk)->peer, &n->peer)))
		return sk;
	sock_put(sk);
	return NULL;
}

void quic_icmp(struct quic_udp *udp, const struct sk_buff *skb)
{
	struct icmp_news n;
	struct sock *sk;

	if (!read_news(skb, &n))
		return;
	sk = sender(udp, skb, &n);
	if (!sk) {
		quic_mib_inc(udp->net, DropIcmp);
		return;
	}
	tell(sk, skb, &n);
	sock_put(sk);
}
