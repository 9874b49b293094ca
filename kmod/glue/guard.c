// SPDX-License-Identifier: GPL-2.0
/*
 * What administrators rely on, for sockets that no socket call made and packets
 * that no socket of theirs has touched yet.
 *
 * cgroup BPF, socket filters, LSM labels and memory cgroups belong to sockets, and
 * the kernel expects those to be made by the process they belong to. A QUIC
 * connection that comes in is made by a worker, a packet is received by a kernel
 * UDP socket and handed on: both would be ways around. So:
 *
 *   - the kernel UDP socket is nobody's (udp.c): what runs for it are the rules of
 *     the root cgroup, and nothing is charged for it;
 *   - a packet is judged for the QUIC socket it is for before anything is done
 *     about it, decrypting included, and once: quic_guard_passes();
 *   - a packet for no connection yet is judged for a listener of its port. The
 *     first that lets it pass answers for it: whatever is sent back bears that
 *     listener's cgroup, until SELECT says whose connection it is;
 *   - a child is guarded as its listener is: quic_guard_inherit(). Its memory is
 *     charged to the listener's memory cgroup, and what it holds moves to that of
 *     the task that accepts it, as for TCP.
 *
 * Worst case: at SELECT of a listener other than the one that answered for the
 * Initial, a packet of the handshake may pass between two socket filters.
 *
 * Not here: bind and connect hooks (sock_calls.c); output, which needs nothing but
 * the QUIC socket as the skb's owner (xmit.c).
 */
#include <linux/cgroup.h>
#include <linux/filter.h>
#include <linux/memcontrol.h>
#include <linux/netdevice.h>
#include <linux/sched/mm.h>
#include <linux/security.h>
#include <linux/udp.h>

#include "glue.h"

/* ---- packets ---- */

/**
 * quic_guard_passes - what hooks say about a received skb for a socket
 * @sk: QUIC socket
 * @skb: data at the UDP payload; maybe a train; not trimmed, since batches may
 *	share it already
 *
 * cgroup ingress programs, LSM (sock_rcv_skb) and the socket's filter, which sees
 * what it would see on a UDP socket: data at the UDP header, the device set.
 * Context: BH off, RCU read lock. The caller counts.
 */
bool quic_guard_passes(struct sock *sk, struct sk_buff *skb)
{
	bool ok;

	if (WARN_ON_ONCE(skb_transport_offset(skb) != -(int)sizeof(struct udphdr)))
		return false;
	skb->dev = dev_get_by_index_rcu(sock_net(sk), skb->skb_iif);
	__skb_push(skb, sizeof(struct udphdr));
	ok = !sk_filter_trim_cap(sk, skb, skb->len);
	__skb_pull(skb, sizeof(struct udphdr));
	skb->dev = NULL;
	return ok;
}

/**
 * quic_guard_listener - who answers for a packet of no connection
 * @udp: where it came in
 * @skb: as quic_guard_passes()
 * Context: BH off, RCU read lock. Return: the first listener of the port that lets
 * it pass, with a reference; NULL none does.
 */
struct sock *quic_guard_listener(struct quic_udp *udp, struct sk_buff *skb)
{
	struct quic_sock *lq;
	struct sock *sk;

	hlist_for_each_entry_rcu(lq, &udp->listeners, listen_node) {
		sk = &lq->inet.sk;
		if (quic_guard_passes(sk, skb) && refcount_inc_not_zero(&sk->sk_refcnt))
			return sk;
	}
	return NULL;
}

/* ---- memory ---- */

#ifdef CONFIG_MEMCG
/* Lock held. Bytes that the socket has been charged with and uses. */
static int charged_bytes(const struct sock *sk)
{
	return atomic_read(&sk->sk_rmem_alloc) + sk->sk_wmem_queued;
}

/*
 * Charge @memcg, a reference taken over, or NULL, for what the socket holds, in
 * place of who was charged so far. Where its limit does not allow that, the socket
 * owes it: no more comes in or goes out before that is paid or read away.
 */
static void memcg_move(struct sock *sk, struct mem_cgroup *memcg)
{
	struct mem_cgroup *old = sk->sk_memcg;
	int bytes = charged_bytes(sk);

	sk_mem_uncharge(sk, bytes);
	sk_mem_reclaim(sk);
	sk->sk_memcg = memcg;
	if (old)
		css_put(&old->css);
	if (bytes && !__sk_mem_schedule(sk, bytes, SK_MEM_RECV))
		quic_mib_inc(sock_net(sk), MemcgOwed);
	sk_mem_charge(sk, bytes);
}

static void memcg_inherit(struct sock *sk, const struct sock *listener)
{
	struct mem_cgroup *memcg = listener->sk_memcg;

	if (!mem_cgroup_sockets_enabled || sk->sk_memcg == memcg)
		return;
	if (memcg)
		css_get(&memcg->css);
	memcg_move(sk, memcg);
}

struct mem_cgroup *quic_guard_charge_begin(const struct sock *listener)
{
	return set_active_memcg(listener->sk_memcg);
}

void quic_guard_charge_end(struct mem_cgroup *old)
{
	set_active_memcg(old);
}

/**
 * quic_guard_accepted - who accepts a connection pays for it
 * @sk: child, lock held, accepted by the current task
 *
 * Objects made before, struct sock among them, stay charged to the listener's.
 * Context: process, may sleep.
 */
void quic_guard_accepted(struct sock *sk)
{
	struct mem_cgroup *memcg;

	/* version 1 has a limit for TCP, not for us: as the listener's */
	if (!mem_cgroup_sockets_enabled || !cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return;
	memcg = get_mem_cgroup_from_mm(current->mm);
	if (!memcg->css.parent || memcg == sk->sk_memcg)	/* root is not charged */
		css_put(&memcg->css);
	else
		memcg_move(sk, memcg);
}
#else
static void memcg_inherit(struct sock *sk, const struct sock *listener)
{
}

struct mem_cgroup *quic_guard_charge_begin(const struct sock *listener)
{
	return NULL;
}

void quic_guard_charge_end(struct mem_cgroup *old)
{
}

void quic_guard_accepted(struct sock *sk)
{
}
#endif

/* ---- children ---- */

/*
 * Packets of the child pass the listener's cgroup programs, not those of the
 * worker that made it. Every reference is counted as sk_clone_lock() does. Who is
 * looking at the former one is under RCU, as cgroups and their programs are.
 */
static void cgroup_inherit(struct sock *sk, const struct sock *listener)
{
#ifdef CONFIG_SOCK_CGROUP_DATA
	struct cgroup *old = sock_cgroup_ptr(&sk->sk_cgrp_data);
	struct cgroup *cgrp = sock_cgroup_ptr((struct sock_cgroup_data *)
					      &listener->sk_cgrp_data);

	if (old == cgrp)
		return;
	cgroup_get(cgrp);
	cgroup_bpf_get(cgrp);
	sk->sk_cgrp_data = listener->sk_cgrp_data;
	cgroup_bpf_put(old);
	cgroup_put(old);
#endif
}

/* sk_filter_charge() is the kernel's own: as it does, and __sk_destruct() undoes. */
static void filter_inherit(struct sock *sk, const struct sock *listener)
{
	struct sk_filter *fp;

	if (rcu_access_pointer(sk->sk_filter) == rcu_access_pointer(listener->sk_filter))
		goto flags;
	sock_reset_flag(sk, SOCK_FILTER_LOCKED);
	sk_detach_filter(sk);
	rcu_read_lock();
	do {
		fp = rcu_dereference(listener->sk_filter);
	} while (fp && !refcount_inc_not_zero(&fp->refcnt));
	if (fp) {
		atomic_add(bpf_prog_size(fp->prog->len), &sk->sk_omem_alloc);
		rcu_assign_pointer(sk->sk_filter, fp);
	}
	rcu_read_unlock();
flags:
	if (sock_flag(listener, SOCK_FILTER_LOCKED))
		sock_set_flag(sk, SOCK_FILTER_LOCKED);
}

/**
 * quic_guard_inherit - a child is guarded as its listener is
 * @sk: child, lock held
 * @listener: a reference held; its lock is not needed
 *
 * cgroup, memory cgroup, socket filter, LSM label, and what rules of routing and
 * netfilter go by: user and mark.
 * Context: process. May be called again with another listener.
 */
void quic_guard_inherit(struct sock *sk, const struct sock *listener)
{
	sk->sk_uid = listener->sk_uid;
	sk->sk_mark = READ_ONCE(listener->sk_mark);
	sk->sk_priority = READ_ONCE(listener->sk_priority);
	cgroup_inherit(sk, listener);
	memcg_inherit(sk, listener);
	filter_inherit(sk, listener);
	security_sk_clone(listener, sk);
}
