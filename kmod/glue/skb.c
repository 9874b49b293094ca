// SPDX-License-Identifier: GPL-2.0
/*
 * What a received skb says below QUIC: the addresses of its datagrams, their ECN
 * marks; and single datagrams copied out of a train.
 *
 * Invariants: the IP and UDP headers are linear, as on a UDP socket's receive queue; a
 * copy answers all that is asked here, and by the guards, as the train would.
 *
 * Not here: QUIC's own headers (demux.c).
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "packet.h"

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

struct sk_buff *quic_dgram_copy(const struct sk_buff *skb, u32 off, u32 len)
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
