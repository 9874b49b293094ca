// SPDX-License-Identifier: GPL-2.0
/*
 * Routes: from which address packets leave, by which device, and how large they may be.
 *
 * A socket keeps the route of the path in use (sk_dst_cache) until it is stale; then the
 * next batch looks for it again, in softirq too. Probes of other paths, and answers
 * without a connection, look for theirs each time.
 *
 * The MTU is that of the route as this host has it: of the device, or what an
 * administrator or a router advertisement has set. Not what ICMP messages have made of
 * it for this destination: the stack believes these by addresses and one port, for
 * all sockets, and down to 552 bytes; ours are judged in icmp.c. So packets leave as if
 * nobody had said anything (IP_PMTUDISC_PROBE, sock.c).
 *
 * A route that does not carry QUIC_MIN_UDP_PAYLOAD is none (RFC 9000 14.2): nothing is
 * begun on it, and a connection whose route becomes so says CONNECTION_CLOSE and ends.
 */
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/lwtunnel.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "path.h"

/* Two such datagrams fit a page block; the core's long headers end at 16383. */
#define ROUTE_MTU_MAX	16320

u32 quic_headers_len(const union quic_addr *a)
{
	return sizeof(struct udphdr) + (a->sa.sa_family == AF_INET6 ?
					sizeof(struct ipv6hdr) : sizeof(struct iphdr));
}

static void flow4_init(struct flowi4 *fl4, struct sock *sk, const union quic_addr *peer,
		       const union quic_addr *local)
{
	__be32 saddr = local->sa.sa_family == AF_INET ? local->v4.sin_addr.s_addr : 0;

	flowi4_init_output(fl4, READ_ONCE(sk->sk_bound_dev_if), READ_ONCE(sk->sk_mark),
			   ip_sock_rt_tos(sk), ip_sock_rt_scope(sk), IPPROTO_UDP,
			   inet_sk_flowi_flags(sk), peer->v4.sin_addr.s_addr, saddr,
			   peer->v4.sin_port, local->v4.sin_port,
			   sock_net_uid(sock_net(sk), sk));
	security_sk_classify_flow(sk, flowi4_to_flowi_common(fl4));
}

static int route4(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	struct flowi4 fl4;
	struct rtable *rt;

	flow4_init(&fl4, sk, &qs->peer, &qs->local);
	rt = ip_route_output_flow(sock_net(sk), &fl4, sk);
	if (IS_ERR(rt))
		return PTR_ERR(rt);
	if (rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)) {
		ip_rt_put(rt);
		return -ENETUNREACH;
	}
	qs->local.sa.sa_family = AF_INET;
	qs->local.v4.sin_addr.s_addr = fl4.saddr;
	sk_setup_caps(sk, &rt->dst);
	return 0;
}

#if IS_ENABLED(CONFIG_IPV6)
static void flow6_init(struct flowi6 *fl6, struct sock *sk, const union quic_addr *peer,
		       const union quic_addr *local)
{
	memset(fl6, 0, sizeof(*fl6));
	fl6->flowi6_oif = peer->v6.sin6_scope_id ?: READ_ONCE(sk->sk_bound_dev_if);
	fl6->flowi6_mark = READ_ONCE(sk->sk_mark);
	fl6->flowi6_proto = IPPROTO_UDP;
	fl6->flowi6_uid = sock_net_uid(sock_net(sk), sk);
	fl6->daddr = peer->v6.sin6_addr;
	fl6->saddr = local->v6.sin6_addr;
	fl6->fl6_dport = peer->v6.sin6_port;
	fl6->fl6_sport = local->v6.sin6_port;
	security_sk_classify_flow(sk, flowi6_to_flowi_common(fl6));
}

static int route6(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	struct dst_entry *dst;
	struct flowi6 fl6;

	if (!inet6_sk(sk))
		return -EAFNOSUPPORT;
	flow6_init(&fl6, sk, &qs->peer, &qs->local);
	dst = ip6_dst_lookup_flow(sock_net(sk), sk, &fl6, NULL);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	qs->local.v6.sin6_addr = fl6.saddr;
	inet6_sk(sk)->dst_cookie = rt6_get_cookie((struct rt6_info *)dst);
	sk_setup_caps(sk, dst);
	return 0;
}
#else
static int route6(struct sock *sk)
{
	return -EAFNOSUPPORT;
}
#endif

/* Also called again in softirq when the route went stale; it does not sleep. */
int quic_route(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);

	/* a port does not move between the families, nor does its offset */
	BUILD_BUG_ON(offsetof(struct sockaddr_in, sin_port) !=
		     offsetof(struct sockaddr_in6, sin6_port));
	if (!sk->sk_txhash)
		sk_set_txhash(sk);
	return qs->peer.sa.sa_family == AF_INET ? route4(sk) : route6(sk);
}

struct dst_entry *quic_route_between(struct sock *sk, const union quic_addr *peer,
				     const union quic_addr *local)
{
	struct flowi4 fl4;
	struct rtable *rt;

	if (peer->sa.sa_family == AF_INET) {
		flow4_init(&fl4, sk, peer, local);
		rt = ip_route_output_flow(sock_net(sk), &fl4, sk);
		return IS_ERR(rt) ? ERR_CAST(rt) : &rt->dst;
	}
#if IS_ENABLED(CONFIG_IPV6)
	{
		struct flowi6 fl6;

		flow6_init(&fl6, sk, peer, local);
		return ip6_dst_lookup_flow(sock_net(sk), sk, &fl6, NULL);
	}
#else
	return ERR_PTR(-EAFNOSUPPORT);
#endif
}

/* ---- MTU ---- */

static u32 own_mtu4(const struct dst_entry *dst)
{
	return dst_metric_raw(dst, RTAX_MTU) ?: READ_ONCE(dst->dev->mtu);
}

#if IS_ENABLED(CONFIG_IPV6)
/* An exception has ICMP's as its metric; what it was made from has not. */
static u32 own_mtu6(const struct dst_entry *dst)
{
	const struct rt6_info *rt = container_of(dst, const struct rt6_info, dst);
	const struct fib6_info *from;
	const struct inet6_dev *idev;
	u32 mtu;

	rcu_read_lock();
	from = rcu_dereference(rt->from);
	mtu = from ? from->fib6_pmtu : 0;
	idev = __in6_dev_get(dst->dev);
	if (!mtu)
		mtu = idev ? READ_ONCE(idev->cnf.mtu6) : READ_ONCE(dst->dev->mtu);
	rcu_read_unlock();
	return mtu;
}
#else
static u32 own_mtu6(const struct dst_entry *dst)
{
	return 0;
}
#endif

/* UDP payload that a route carries, of a datagram to @peer; may be below 1200. */
static u32 payload_of(const struct dst_entry *dst, const union quic_addr *peer)
{
	u32 hdrs = quic_headers_len(peer), mtu;

	if (dst_xfrm(dst)) {
		mtu = dst_mtu(dst);	/* what IPsec adds, only it knows */
	} else {
		mtu = peer->sa.sa_family == AF_INET6 ? own_mtu6(dst) : own_mtu4(dst);
		mtu -= lwtunnel_headroom(dst->lwtstate, mtu);
	}
	return min_t(u32, mtu > hdrs ? mtu - hdrs : 0, ROUTE_MTU_MAX);
}

int quic_route_fits(struct sock *sk, const struct quic_ends *ends)
{
	struct dst_entry *dst = quic_route_between(sk, &ends->peer, &ends->local);
	u32 mtu;

	if (IS_ERR(dst))
		return PTR_ERR(dst);
	mtu = payload_of(dst, &ends->peer);
	dst_release(dst);
	return mtu < QUIC_MIN_UDP_PAYLOAD ? -EHOSTUNREACH : 0;
}

/* The route of a connection is another one, or has another MTU. */
static void note_mtu(struct quic_conn *conn, u32 mtu)
{
	if (mtu >= QUIC_MIN_UDP_PAYLOAD)
		quic_conn_set_max_mtu(conn, mtu);
	else
		quic_conn_close(conn, false, QUIC_TRANSPORT_ERROR_NO_VIABLE_PATH,
				"the MTU of the route has become too small for QUIC, which needs 1200 bytes and headers",
				quic_now());
}

struct dst_entry *quic_route_dst(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	u32 cookie = 0;
	struct dst_entry *dst;

#if IS_ENABLED(CONFIG_IPV6)
	if (qs->peer.sa.sa_family == AF_INET6 && inet6_sk(sk))
		cookie = inet6_sk(sk)->dst_cookie;
#endif
	dst = __sk_dst_check(sk, cookie);
	if (dst)
		return dst;
	if (quic_route(sk))
		return NULL;
	dst = __sk_dst_get(sk);
	if (qs->conn)
		note_mtu(qs->conn, payload_of(dst, &qs->peer));
	return dst;
}

u32 quic_route_mtu(struct sock *sk)
{
	struct dst_entry *dst = quic_route_dst(sk);

	return dst ? payload_of(dst, &quic_sk(sk)->peer) : 0;
}
