// SPDX-License-Identifier: GPL-2.0
/*
 * Headers of a skb from a UDP socket, and copies of single datagrams.
 *
 * IP and UDP headers lie in the linear part, which the stack saw to; the payload may
 * lie anywhere. skb->dev is nobody's: the receive queue kept other things there, so
 * the interface is looked for in skb_iif and the control block, which a copy has, too.
 *
 * Not here: what is in the payload (demux.c, open.c).
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "packet.h"

/**
 * quic_addr_unmap - an IPv4-mapped IPv6 address becomes the IPv4 one; others stay
 * @addr: the address
 */
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

/**
 * quic_udp_addrs - the addresses of a received datagram
 * @skb: it, or a train, which has one pair
 * @peer: receives who sent it
 * @local: receives whom it was for; an IPv4 one gives AF_INET on dual-stack sockets too
 */
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

/**
 * quic_skb_ecn - the ECN bits of a received skb's IP header; a train has one
 * @skb: data at the UDP payload
 */
u8 quic_skb_ecn(const struct sk_buff *skb)
{
	return INET_ECN_MASK & (skb->protocol == htons(ETH_P_IPV6) ?
				ipv6_get_dsfield(ipv6_hdr(skb)) : ip_hdr(skb)->tos);
}

/**
 * quic_skb_dgram - bytes of a received skb as a skb of their own
 * @skb: data at the UDP payload, may be a train
 * @off: of the first byte
 * @len: how many, at most a datagram's
 *
 * The copy is linear and is taken by quic_udp_rcv() like any other: IP header without
 * options, UDP header, data at the payload.
 * Context: any. Return: the copy; NULL when memory is short.
 */
struct sk_buff *quic_skb_dgram(const struct sk_buff *skb, u32 off, u32 len)
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
