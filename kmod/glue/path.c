// SPDX-License-Identifier: GPL-2.0
/*
 * Paths: the addresses behind the numbers that the core has for them.
 *
 *   softirq    quic_path_note()  from where we send to?  yes: nothing more
 *                                no: addresses go with the batch
 *   lock held  quic_path_rx()    addresses -> place, an old or a new one -> core
 *              quic_path_sync()  another place in use -> peer, local, route
 *
 * Nearly all batches come from the peer's address: for them it is one comparison per
 * train, without the lock. It may be one change of path late; what comes with the number
 * of the path before it is then counted there, as if it had been reordered.
 *
 * A server's path is told by the peer's address, a client's by its own: a client takes
 * packets from no other address than its server's. While it moves it has two UDP
 * sockets, and packets of its connection IDs may come in at both (demux.c); the one that
 * is not used goes when the core lets go of its path.
 *
 * Invariants: ends[] of a place is right while the core uses it; the addresses of the
 * path in use are quic_sock's own as well; peer changes under the lock, and moves in the
 * table of peers with it (lookup.c).
 *
 * Not here: who is followed, and what is proved (core/path.c); packets to other paths
 * (xmit.c).
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/ipv6.h>

#include "answer.h"
#include "packet.h"
#include "path.h"

/* ---- comparing ---- */

static bool same_host(const union quic_addr *a, const union quic_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return ipv6_addr_equal(&a->v6.sin6_addr, &b->v6.sin6_addr);
}

static bool same_addr(const union quic_addr *a, const union quic_addr *b)
{
	return a->v4.sin_port == b->v4.sin_port && same_host(a, b);
}

static bool sent_by(const struct sk_buff *skb, const union quic_addr *peer)
{
	if (udp_hdr(skb)->source != peer->v4.sin_port)
		return false;
	if (skb->protocol == htons(ETH_P_IPV6))
		return peer->sa.sa_family == AF_INET6 &&
		       ipv6_addr_equal(&ipv6_hdr(skb)->saddr, &peer->v6.sin6_addr);
	return peer->sa.sa_family == AF_INET && ip_hdr(skb)->saddr == peer->v4.sin_addr.s_addr;
}

bool quic_path_is_peer(const struct sock *sk, const struct sk_buff *skb)
{
	return sent_by(skb, &quic_sk(sk)->peer);
}

bool quic_path_note(const struct sock *sk, const struct sk_buff *skb, struct quic_rxbuf *buf)
{
	const struct quic_sock *qs = quic_sk(sk);

	buf->path = READ_ONCE(qs->path_active);
	if (likely(sent_by(skb, &qs->peer) && !READ_ONCE(qs->udp_other)))
		return true;
	buf->from = quic_may_fail(QUIC_FAIL_RX, kmalloc(sizeof(*buf->from),
							GFP_ATOMIC | __GFP_NOWARN));
	if (!buf->from)
		return false;
	quic_udp_addrs(skb, &buf->from->peer, &buf->from->local);
	return true;
}

/* ---- places ---- */

/* Made with the first path that is not the one in use. */
static struct quic_sock_paths *paths_get(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	struct quic_sock_paths *ps = qs->paths;

	if (ps)
		return ps;
	ps = quic_may_fail(QUIC_FAIL_SOCK, kzalloc(sizeof(*ps), GFP_ATOMIC | __GFP_NOWARN));
	if (!ps)
		return NULL;
	ps->ends[qs->path_active].peer = qs->peer;
	ps->ends[qs->path_active].local = qs->local;
	ps->hash[qs->path_active] = sk->sk_txhash;
	qs->paths = ps;
	return ps;
}

/* Addresses that the core is to know as another path. Return: its place. */
static u8 place_new(struct sock *sk, const struct quic_ends *ends)
{
	struct quic_sock_paths *ps = paths_get(sk);
	u8 place = ps ? quic_conn_path_new(quic_sk(sk)->conn) : QUIC_PATH_NONE;

	if (place != QUIC_PATH_NONE) {
		ps->ends[place] = *ends;
		ps->hash[place] = get_random_u32() | 1;	/* 0: none */
	}
	return place;
}

static u8 place_find(struct sock *sk, const struct quic_ends *from)
{
	const struct quic_sock *qs = quic_sk(sk);
	const struct quic_conn *conn = qs->conn;
	const struct quic_ends *e;
	u8 i;

	if (conn->server ? same_addr(&qs->peer, &from->peer) :
			   same_addr(&qs->local, &from->local))
		return qs->path_active;
	for (i = 0; qs->paths && i < QUIC_PATHS; i++) {
		e = &qs->paths->ends[i];
		if (quic_conn_path_used(conn, i) &&
		    (conn->server ? same_addr(&e->peer, &from->peer) :
				    same_addr(&e->local, &from->local)))
			return i;
	}
	/* a client may have several addresses that its UDP socket takes packets for */
	return conn->server ? place_new(sk, from) : qs->path_active;
}

bool quic_path_rx(struct sock *sk, const struct quic_rxbuf *buf)
{
	struct quic_sock *qs = quic_sk(sk);
	bool port_only = false;
	u8 place = buf->path;

	quic_path_sync(sk);	/* a batch before this one may have changed it */
	if (unlikely(buf->from)) {
		if (!qs->conn->server && !same_addr(&qs->peer, &buf->from->peer)) {
			quic_mib_add(sock_net(sk), DropAddress, buf->n);
			return false;
		}
		place = place_find(sk, buf->from);
		port_only = same_host(&qs->peer, &buf->from->peer);
	} else if (unlikely(place != qs->path_active)) {
		if (!qs->paths || !quic_conn_path_used(qs->conn, place))
			place = QUIC_PATH_NONE;
		else
			port_only = same_host(&qs->peer, &qs->paths->ends[place].peer);
	}
	quic_conn_set_rx_path(qs->conn, place, port_only);
	return true;
}

const struct quic_ends *quic_path_ends(const struct sock *sk, u8 place)
{
	const struct quic_sock *qs = quic_sk(sk);

	return qs->paths ? &qs->paths->ends[place] : NULL;
}

/* ---- following the core ---- */

static void put_other(struct quic_sock *qs)
{
	struct quic_udp *udp = qs->udp_other;

	WRITE_ONCE(qs->udp_other, NULL);
	if (udp)
		quic_udp_put(udp);
}

static void change(struct sock *sk, u8 to)
{
	struct quic_sock *qs = quic_sk(sk);
	struct quic_sock_paths *ps = qs->paths;
	struct quic_udp *udp = qs->udp;

	if (qs->udp_other && ps->other == to) {
		WRITE_ONCE(qs->udp, qs->udp_other);
		WRITE_ONCE(qs->udp_other, udp);
		ps->other = qs->path_active;
	}
	quic_lookup_set_peer(sk, &ps->ends[to].peer);
	qs->local = ps->ends[to].local;
	WRITE_ONCE(sk->sk_txhash, ps->hash[to]);
	WRITE_ONCE(qs->path_active, to);
	quic_sock_set_addrs(sk);
	/* the next batch looks for the route, and its MTU */
	sk_dst_reset(sk);
}

void quic_path_sync(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	u8 active = quic_conn_path_active(qs->conn);

	if (unlikely(active != qs->path_active) && qs->paths)
		change(sk, active);
	if (unlikely(qs->udp_other) && !quic_conn_path_used(qs->conn, qs->paths->other))
		put_other(qs);
}

void quic_path_settle(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	const struct quic_paths *core = qs->conn->paths;
	struct quic_sock_paths *ps = qs->paths;

	quic_path_sync(sk);
	if (!core || !ps || !qs->conn->server || !qs->conn->path.validated ||
	    core->n_validated == ps->offered)
		return;
	ps->offered = core->n_validated;
	quic_token_offer(sk);	/* RFC 9000 9.3: it had one for the address before */
}

void quic_path_count(struct sock *sk)
{
	struct quic_sock_paths *ps = quic_sk(sk)->paths;
	const struct quic_paths *core = quic_sk(sk)->conn->paths;

	if (likely(!ps || !core))
		return;
	quic_mib_add(sock_net(sk), PathChanged, core->moved - ps->seen[0]);
	quic_mib_add(sock_net(sk), PathValidated, core->n_validated - ps->seen[1]);
	quic_mib_add(sock_net(sk), PathFailed, core->n_failed - ps->seen[2]);
	ps->seen[0] = core->moved;
	ps->seen[1] = core->n_validated;
	ps->seen[2] = core->n_failed;
}

void quic_path_release(struct sock *sk)
{
	put_other(quic_sk(sk));
}

/* ---- a client moves ---- */

static int move_check(const struct quic_sock *qs, const union quic_addr *to)
{
	bool any;

	if (!qs->attached || quic_conn_state(qs->conn) != QUIC_CONN_ESTABLISHED)
		return -EPIPE;
	if (qs->conn->server || to->sa.sa_family != qs->local.sa.sa_family)
		return -EINVAL;
	any = to->sa.sa_family == AF_INET ? !to->v4.sin_addr.s_addr :
					    ipv6_addr_any(&to->v6.sin6_addr);
	if (any || !to->v4.sin_port || same_addr(to, &qs->local))
		return -EINVAL;
	/* one is under way, or the path before may still bring late packets */
	return qs->udp_other ? -EAGAIN : 0;
}

int quic_path_move(struct sock *sk, const union quic_addr *to, bool low_port)
{
	struct quic_sock *qs = quic_sk(sk);
	struct quic_ends ends = { .peer = qs->peer, .local = *to };
	struct quic_udp *udp;
	int err;
	u8 place;

	err = move_check(qs, to);
	if (err)
		return err;
	udp = quic_udp_get(sock_net(sk), to, READ_ONCE(sk->sk_bound_dev_if), sk, low_port);
	if (IS_ERR(udp))
		return PTR_ERR(udp);
	err = quic_route_fits(sk, &ends);
	if (err)
		goto put;
	place = place_new(sk, &ends);
	err = place == QUIC_PATH_NONE ? -EAGAIN :
	      quic_conn_path_probe(qs->conn, place, same_host(to, &qs->local), quic_now());
	if (err)
		goto put;
	qs->paths->other = place;
	WRITE_ONCE(qs->udp_other, udp);
	quic_settle(sk);
	return 0;
put:
	quic_udp_put(udp);
	return err;
}

/* ---- telling ---- */

static u32 us(u64 ns)
{
	return min_t(u64, div_u64(ns, QUIC_NS_PER_US), U32_MAX);
}

static void info_ends(struct quic_path_info *i, const struct quic_ends *e)
{
	i->family = e->peer.sa.sa_family;
	i->local_port = e->local.v4.sin_port;
	i->peer_port = e->peer.v4.sin_port;
	if (i->family == AF_INET) {
		memcpy(i->local_addr, &e->local.v4.sin_addr, 4);
		memcpy(i->peer_addr, &e->peer.v4.sin_addr, 4);
	} else {
		memcpy(i->local_addr, &e->local.v6.sin6_addr, 16);
		memcpy(i->peer_addr, &e->peer.v6.sin6_addr, 16);
	}
}

static void info_active(struct quic_path_info *i, const struct quic_path *path)
{
	i->flags |= QUIC_PATH_ACTIVE;
	if (path->validated)
		i->flags |= QUIC_PATH_VALIDATED;
	if (path->ecn.state == QUIC_ECN_STATE_CAPABLE)
		i->flags |= QUIC_PATH_ECN;
	i->mtu = path->mtu;
	if (path->rtt.has_sample) {
		i->min_rtt_us = us(path->rtt.min);
		i->smoothed_rtt_us = us(path->rtt.smoothed);
		i->rttvar_us = us(path->rtt.var);
	}
	i->cwnd = path->cc.cwnd;
	i->bytes_in_flight = path->cc.bytes_in_flight;
	i->sent_bytes = path->tx_bytes;
	i->received_bytes = path->rx_bytes;
}

static void info_place(struct quic_path_info *i, const struct quic_place *p)
{
	if (p->validated)
		i->flags |= QUIC_PATH_VALIDATED;
	i->mtu = QUIC_MIN_UDP_PAYLOAD;
	i->sent_bytes = p->tx_bytes;
	i->received_bytes = p->rx_bytes;
}

int quic_path_info(const struct sock *sk, struct quic_path_info *info)
{
	const struct quic_sock *qs = quic_sk(sk);
	const struct quic_conn *conn = qs->conn;
	struct quic_ends now = { .peer = qs->peer, .local = qs->local };
	u32 n = 0;
	u8 i;

	for (i = 0; conn && i < QUIC_PATHS; i++) {
		if (!quic_conn_path_used(conn, i) || (i != qs->path_active && !qs->paths))
			continue;
		info_ends(&info[n], i == qs->path_active ? &now : &qs->paths->ends[i]);
		info[n].ifindex = READ_ONCE(sk->sk_bound_dev_if);
		if (i == qs->path_active)
			info_active(&info[n], &conn->path);
		else
			info_place(&info[n], &conn->paths->place[i]);
		if (conn->paths && conn->paths->place[i].probing)
			info[n].flags |= QUIC_PATH_PROBING;
		n++;
	}
	return n * sizeof(*info);
}
