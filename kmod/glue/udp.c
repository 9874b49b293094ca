// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel UDP sockets: one per address and port, shared by the QUIC sockets of it.
 *
 *   data_ready (softirq) --+-- SIMD usable --> __skb_recv_udp() --> quic_udp_rcv()
 *                          '-- not, or enough for now --> rx_work, the same there
 *   error_report (softirq) --> quic_icmp()
 *
 * The sockets have no encap_rcv: with it the stack would split every train and
 * checksum it in software. So skbs are taken off the receive queue, whole trains;
 * demux.c does what udp_recvmsg() would have done for them.
 *
 * Life: refs counts users. The last one does not drop its reference but hands it
 * to free_work, which closes unless somebody joined meanwhile; so an address can
 * be bound again at once, and a count of 0 is never seen under the mutex. Readers
 * that data_ready left behind are waited for by RCU (free_rwork). The namespace is
 * held as long.
 *
 * Lock: quic_udp_mutex: the lists of namespaces, making, closing. Taken inside a
 * QUIC socket's lock; no QUIC socket is locked inside it.
 *
 * A train whose reader sleeps, or whose socket somebody has locked, is left to them, as
 * it came (sealed.c).
 *
 * Worst case: POLL_SKBS trains in one data_ready, then a worker goes on, where the
 * scheduler is fair.
 *
 * Not here: what is in the skbs (demux.c); sending, which goes past these sockets
 * (xmit.c); what ICMP says (icmp.c).
 */
#include <linux/errqueue.h>
#include <linux/udp.h>
#include <linux/user_namespace.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/inet_ecn.h>
#include <net/udp.h>
#include <net/udp_tunnel.h>
#include <asm/simd.h>
#include <crypto/internal/simd.h>

#include "packet.h"

#define POLL_SKBS	64		/* taken before a worker takes over */
#define UDP_RCVBUF	(8 << 20)	/* drained at once, but for busy moments */

static DEFINE_MUTEX(quic_udp_mutex);

/* ---- off the receive queue ---- */

static void count_skb(struct net *net, const struct sk_buff *skb)
{
	u32 n = 1;

	if (skb_is_gso(skb)) {
		n = DIV_ROUND_UP(skb->len, skb_shinfo(skb)->gso_size);
		quic_mib_inc(net, InTrains);
	}
	quic_mib_add(net, InDatagrams, n);
	if (quic_skb_ecn(skb) == INET_ECN_CE)
		quic_mib_add(net, InCe, n);
}

static bool queue_empty(struct sock *sk)
{
	return skb_queue_empty_lockless(&udp_sk(sk)->reader_queue) &&
	       skb_queue_empty_lockless(&sk->sk_receive_queue);
}

/* BH off, SIMD usable. Return: is there more? */
static bool udp_drain(struct quic_udp *udp, struct sock *sk)
{
	struct quic_rx_owner owner;
	struct sk_buff *skb;
	int i, off, err;

	for (i = 0; i < POLL_SKBS && !queue_empty(sk); i++) {
		off = 0;
		skb = __skb_recv_udp(sk, MSG_DONTWAIT, &off, &err);
		if (skb) {
			skb_orphan(skb);
			count_skb(udp->net, skb);
			if (!quic_sealed_keep(udp, skb, &owner))
				quic_udp_rcv(udp, skb, QUIC_RX_FRESH, &owner);
		} else if (err == -EAGAIN) {
			return false;	/* another CPU was faster */
		}			/* else an ICMP error, taken now */
	}
	return !queue_empty(sk);
}

/* Any context; @udp is alive. */
static void udp_defer(struct quic_udp *udp)
{
	if (!refcount_inc_not_zero(&udp->refs))
		return;
	if (!queue_work(quic_wq, &udp->rx_work))
		quic_udp_put(udp);
}

static void udp_rx_work(struct work_struct *work)
{
	struct quic_udp *udp = container_of(work, struct quic_udp, rx_work);
	bool more;

	do {
		local_bh_disable();
		more = udp_drain(udp, udp->sk);
		local_bh_enable();
		cond_resched();
		/* with the last reference there is nobody to drain for */
	} while (more && refcount_read(&udp->refs) > 1);
	quic_udp_put(udp);
}

/* Softirq, no lock held. */
static void udp_data_ready(struct sock *sk)
{
	struct quic_udp *udp;

	rcu_read_lock();
	udp = rcu_dereference_sk_user_data(sk);
	if (!udp)
		goto out;
	if (unlikely(!crypto_simd_usable())) {
		quic_mib_inc(udp->net, OpenDeferred);
		udp_defer(udp);
	} else if (udp_drain(udp, sk)) {
		udp_defer(udp);
	}
out:
	rcu_read_unlock();
}

/* ---- errors ---- */

/* Softirq, no lock held. The error queue must not fill up. */
static void udp_error_report(struct sock *sk)
{
	struct quic_udp *udp;
	struct sk_buff *skb;

	rcu_read_lock();
	udp = rcu_dereference_sk_user_data(sk);
	/* not sock_dequeue_err_skb(): it would call us again for each one */
	while ((skb = skb_dequeue(&sk->sk_error_queue))) {
		if (udp)
			quic_icmp(udp, skb);
		kfree_skb(skb);
	}
	WRITE_ONCE(sk->sk_err, 0);
	rcu_read_unlock();
}

/* ---- making and sharing sockets ---- */

static int udp_option(struct socket *sock, int level, int name)
{
	int one = 1;

	return sock->ops->setsockopt(sock, level, name, KERNEL_SOCKPTR(&one), sizeof(one));
}

/* The socket is bound already: what came before is drained by rx_work. */
static int udp_setup(struct quic_udp *udp)
{
	struct sock *sk = udp->sk;
	int err;

	/* v4 errors too where a v6 socket takes v4 packets */
	err = udp_option(udp->sock, SOL_UDP, UDP_GRO) ?:
	      udp_option(udp->sock, SOL_IP, IP_RECVERR);
	if (!err && udp->addr.sa.sa_family == AF_INET6)
		err = udp_option(udp->sock, SOL_IPV6, IPV6_RECVERR);
	if (err)
		return err;
	write_lock_bh(&sk->sk_callback_lock);
	WRITE_ONCE(sk->sk_rcvbuf, UDP_RCVBUF);
#ifdef CONFIG_NET_RX_BUSY_POLL
	WRITE_ONCE(sk->sk_ll_usec, 0);	/* __skb_recv_udp() in softirq must not poll */
#endif
	rcu_assign_sk_user_data(sk, udp);
	sk->sk_data_ready = udp_data_ready;
	sk->sk_error_report = udp_error_report;
	write_unlock_bh(&sk->sk_callback_lock);
	udp_defer(udp);
	return 0;
}

static int udp_create_sock(struct quic_udp *udp)
{
	struct udp_port_cfg cfg = {
		.family = udp->addr.sa.sa_family,
		.local_udp_port = udp->addr.v4.sin_port,
		.bind_ifindex = udp->dev,
		.use_udp_checksums = 1,
		.use_udp6_tx_checksums = 1,
		.use_udp6_rx_checksums = 1,
		.ipv6_v6only = udp->v6only,
	};
	int err;

	if (cfg.family == AF_INET6)
		cfg.local_ip6 = udp->addr.v6.sin6_addr;
	else
		cfg.local_ip = udp->addr.v4.sin_addr;
	err = quic_fail(QUIC_FAIL_SOCK) ? -ENOMEM :
		udp_sock_create(udp->net, &cfg, &udp->sock);
	if (err)
		return err;
	udp->sk = udp->sock->sk;
	udp->addr.v4.sin_port = inet_sk(udp->sk)->inet_sport;
	return 0;
}

/**
 * struct udp_birth - a UDP socket being made
 * @work: makes it
 * @udp: for whom
 * @err: result
 */
struct udp_birth {
	struct work_struct work;
	struct quic_udp *udp;
	int err;
};

static void udp_birth_fn(struct work_struct *work)
{
	struct udp_birth *b = container_of(work, struct udp_birth, work);

	b->err = udp_create_sock(b->udp);
}

/*
 * By a worker, since the kernel takes from the current task whose a socket is. What
 * belongs to the QUIC sockets that share it must not apply to it as well: cgroup
 * programs would run twice for each packet, and for the packets of others; bind
 * hooks would see an address that they have changed already; the memory cgroup of
 * who came first would be charged; and who may bind here was checked before.
 * Not by quic_wq, whose work may be waiting for the mutex that we hold.
 */
static int udp_birth(struct quic_udp *udp)
{
	struct udp_birth b = { .udp = udp };

	INIT_WORK_ONSTACK(&b.work, udp_birth_fn);
	schedule_work(&b.work);
	flush_work(&b.work);
	destroy_work_on_stack(&b.work);
	return b.err;
}

/* Under the mutex: nobody finds it any more, the address is free. */
static void udp_close(struct quic_udp *udp)
{
	struct sock *sk = udp->sk;

	write_lock_bh(&sk->sk_callback_lock);
	rcu_assign_sk_user_data(sk, NULL);
	write_unlock_bh(&sk->sk_callback_lock);
	sock_release(udp->sock);
}

/* After a grace period: no data_ready knows it any more. */
static void udp_free_rwork(struct work_struct *work)
{
	struct quic_udp *udp = container_of(to_rcu_work(work), struct quic_udp, free_rwork);

	skb_queue_purge(&udp->initials);
	skb_queue_purge(&udp->early.q);
	put_net(udp->net);
	kfree(udp);
}

static void udp_free_work(struct work_struct *work)
{
	struct quic_udp *udp = container_of(work, struct quic_udp, free_work);

	mutex_lock(&quic_udp_mutex);
	if (!refcount_dec_and_test(&udp->refs)) {
		mutex_unlock(&quic_udp_mutex);
		return;
	}
	list_del(&udp->node);
	udp_close(udp);
	mutex_unlock(&quic_udp_mutex);
	queue_rcu_work(quic_wq, &udp->free_rwork);
}

static struct quic_udp *udp_alloc(struct net *net, const union quic_addr *addr, int dev,
				  struct sock *sk)
{
	struct quic_udp *udp = quic_may_fail(QUIC_FAIL_SOCK, kzalloc(sizeof(*udp), GFP_KERNEL));

	if (!udp)
		return NULL;
	udp->net = get_net(net);
	udp->addr = *addr;
	udp->dev = dev;
	udp->v6only = addr->sa.sa_family == AF_INET6 && ipv6_only_sock(sk);
	udp->uid = sock_net_uid(net, sk);
	INIT_LIST_HEAD(&udp->node);
	refcount_set(&udp->refs, 1);
	spin_lock_init(&udp->lock);
	INIT_HLIST_HEAD(&udp->listeners);
	skb_queue_head_init(&udp->initials);
	INIT_WORK(&udp->rx_work, udp_rx_work);
	INIT_WORK(&udp->free_work, udp_free_work);
	INIT_RCU_WORK(&udp->free_rwork, udp_free_rwork);
	quic_listen_udp_init(udp);
	return udp;
}

/* Mutex held. */
static struct quic_udp *udp_make(struct net *net, const union quic_addr *addr, int dev,
				 struct sock *sk)
{
	struct quic_udp *udp = udp_alloc(net, addr, dev, sk);
	int err;

	if (!udp)
		return ERR_PTR(-ENOMEM);
	err = udp_birth(udp);
	if (err) {
		put_net(net);
		kfree(udp);
		return ERR_PTR(err);
	}
	err = udp_setup(udp);
	if (err) {
		quic_udp_put(udp);	/* free_work closes it when it gets the mutex */
		return ERR_PTR(err);
	}
	list_add(&udp->node, &quic_pernet(net)->udps);
	return udp;
}

static bool udp_matches(const struct quic_udp *udp, const union quic_addr *addr, int dev,
			const struct sock *sk)
{
	if (udp->addr.sa.sa_family != addr->sa.sa_family || udp->dev != dev ||
	    udp->addr.v4.sin_port != addr->v4.sin_port)
		return false;
	if (addr->sa.sa_family == AF_INET)
		return udp->addr.v4.sin_addr.s_addr == addr->v4.sin_addr.s_addr;
	return udp->v6only == ipv6_only_sock(sk) &&
	       udp->addr.v6.sin6_scope_id == addr->v6.sin6_scope_id &&
	       ipv6_addr_equal(&udp->addr.v6.sin6_addr, &addr->v6.sin6_addr);
}

/* Mutex held: no count is 0. */
static struct quic_udp *udp_join(struct net *net, const union quic_addr *addr, int dev,
				 struct sock *sk)
{
	struct quic_udp *udp;

	list_for_each_entry(udp, &quic_pernet(net)->udps, node) {
		if (!udp_matches(udp, addr, dev, sk))
			continue;
		/* what SO_REUSEPORT asks: nobody taps another user's port */
		if (!uid_eq(udp->uid, sock_net_uid(net, sk)))
			return ERR_PTR(-EADDRINUSE);
		quic_udp_hold(udp);
		return udp;
	}
	return NULL;
}

struct quic_udp *quic_udp_get(struct net *net, const union quic_addr *addr, int dev,
			      struct sock *sk, bool low_port)
{
	union quic_addr a = *addr;
	struct quic_udp *udp = NULL;
	u16 port;

	quic_addr_unmap(&a);
	port = ntohs(a.v4.sin_port);
	if (port && !low_port && inet_port_requires_bind_service(net, port) &&
	    !ns_capable(net->user_ns, CAP_NET_BIND_SERVICE))
		return ERR_PTR(-EACCES);
	mutex_lock(&quic_udp_mutex);
	if (port)
		udp = udp_join(net, &a, dev, sk);
	if (!udp)
		udp = udp_make(net, &a, dev, sk);
	mutex_unlock(&quic_udp_mutex);
	return udp;
}

/* The caller has a reference, or knows somebody who keeps one. */
void quic_udp_hold(struct quic_udp *udp)
{
	refcount_inc(&udp->refs);
}

void quic_udp_put(struct quic_udp *udp)
{
	if (!refcount_dec_not_one(&udp->refs))
		queue_work(quic_wq, &udp->free_work);
}

/**
 * quic_udp_init - nothing is needed before the first socket
 * Context: module init, after quic_wq_init(). Return: 0.
 */
int quic_udp_init(void)
{
	return 0;
}

/**
 * quic_udp_exit - wait until nothing of a socket is left
 * Context: module exit, all users are gone; before quic_wq_exit().
 */
void quic_udp_exit(void)
{
	flush_workqueue(quic_wq);	/* free_work */
	rcu_barrier();			/* free_rwork is queued */
	flush_workqueue(quic_wq);
	synchronize_net();		/* data_ready callbacks are out of our code */
}
