// SPDX-License-Identifier: GPL-2.0
/*
 * quic_train_test - do UDP trains cross this kernel whole?
 *
 * The module stands on two facts that no interface promises: a GSO skb built
 * by hand (SKB_GSO_UDP_L4 with its checksum fields set) and sent with
 * ip_local_out() or ip6_local_out() arrives as all of its datagrams, and a
 * kernel UDP socket without encap_rcv that takes its skbs in sk_data_ready
 * gets a train as one skb.  This module does both, and test_train.sh counts.
 *
 * /proc/quic_train_tx   write "4|6 SADDR DADDR PORT TRAINS SEGS SIZE [nocsum]":
 *                       send trains from the writer's network namespace; a
 *                       failed write says why; read: what was sent
 * /proc/quic_train_rx   write "open 4|6 PORT [encap]" or "close": one receiver
 *                       in the writer's network namespace; read: what came
 *
 * Every datagram carries its train, its number and a pattern made from both,
 * so that a lost, doubled or damaged one is told apart.
 *
 * Contexts: the files work in process context under one mutex; data_ready runs
 * with BH off, perhaps on several CPUs, under the receiver's spinlock.
 *
 * Not here: encap_rcv, the QUIC socket as the owner of the skb, devices that
 * segment in hardware.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/inet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/route.h>
#include <net/udp.h>
#include <net/udp_tunnel.h>

#define TRAIN_MAGIC	0x51545241	/* "QTRA" */
#define TRAIN_MAX	256		/* trains of one run */
#define TRAIN_SEGS	128		/* datagrams of one train */
#define TRAIN_CHUNK	(PAGE_SIZE << PAGE_ALLOC_COSTLY_ORDER)
#define TRAIN_SCRATCH	65536

/* What each datagram begins with. */
struct train_hdr {
	__be32 magic;
	__be32 train;
	__be32 seg;
};

/* One run of the sender, as it was written to the tx file. */
struct train_run {
	struct net *net;
	int family;
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} saddr, daddr;
	__be16 port;
	unsigned int trains, segs, size;
	bool csum;
};

struct train_tx_stats {
	unsigned int sent;	/* trains the stack took */
	unsigned int failed;	/* trains it answered with an error or a drop */
	int err;		/* the last such answer */
};

struct train_rx_stats {
	unsigned int skbs;		/* skbs taken off the socket */
	unsigned int gso_skbs;		/* of these, trains */
	unsigned int frag_lists;	/* of these, made by GRO from skbs */
	unsigned int min_segs, max_segs;
	unsigned int datagrams;
	unsigned long long bytes;
	unsigned int bad_csum;		/* wrong UDP checksum */
	unsigned int bad_content;	/* damaged, strange or too short */
	unsigned int doubled;
};

struct train_rx {
	struct socket *sock;
	struct net *net;
	spinlock_t lock;	/* the rest: data_ready against readers */
	struct train_rx_stats stats;
	u8 *scratch;
	DECLARE_BITMAP(seen, TRAIN_MAX * TRAIN_SEGS);
};

static DEFINE_MUTEX(train_mutex);	/* one reader or writer at a time */
static struct train_tx_stats tx_stats;
static struct train_rx *rx;

static u8 train_pattern(u32 train, u32 seg, unsigned int i)
{
	return train * 7 + seg * 13 + i + (i >> 8) * 31;
}

static void train_fill(u8 *p, u32 train, u32 seg, unsigned int size)
{
	struct train_hdr h = {
		.magic = htonl(TRAIN_MAGIC),
		.train = htonl(train),
		.seg = htonl(seg),
	};
	unsigned int i;

	memcpy(p, &h, sizeof(h));
	for (i = sizeof(h); i < size; i++)
		p[i] = train_pattern(train, seg, i);
}

/* --- sender --- */

/* The payload, in page fragments as the stream buffers will be. */
static int train_add_payload(struct sk_buff *skb, const u8 *data, size_t len)
{
	while (len) {
		size_t n = min_t(size_t, len, TRAIN_CHUNK);
		struct page *page;

		page = alloc_pages(GFP_KERNEL | __GFP_COMP, PAGE_ALLOC_COSTLY_ORDER);
		if (!page)
			return -ENOMEM;
		memcpy(page_address(page), data, n);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0, n, TRAIN_CHUNK);
		data += n;
		len -= n;
	}
	return 0;
}

static struct dst_entry *train_route(const struct train_run *r)
{
	struct flowi6 fl6 = {};
	struct flowi4 fl4 = {};
	struct rtable *rt;

	if (r->family == 6) {
		fl6.flowi6_proto = IPPROTO_UDP;
		fl6.saddr = r->saddr.v6;
		fl6.daddr = r->daddr.v6;
		fl6.fl6_sport = r->port;
		fl6.fl6_dport = r->port;
		return ip6_dst_lookup_flow(r->net, NULL, &fl6, NULL);
	}
	fl4.flowi4_proto = IPPROTO_UDP;
	fl4.saddr = r->saddr.v4.s_addr;
	fl4.daddr = r->daddr.v4.s_addr;
	fl4.fl4_sport = r->port;
	fl4.fl4_dport = r->port;
	rt = ip_route_output_flow(r->net, &fl4, NULL);
	return IS_ERR(rt) ? ERR_CAST(rt) : &rt->dst;
}

static void train_push_udp(struct sk_buff *skb, const struct train_run *r)
{
	unsigned int len = skb->len + sizeof(struct udphdr);
	struct udphdr *uh = skb_push(skb, sizeof(*uh));
	__sum16 sum;

	skb_reset_transport_header(skb);
	uh->source = r->port;
	uh->dest = r->port;
	uh->len = htons(len);
	if (r->family == 6)
		sum = csum_ipv6_magic(&r->saddr.v6, &r->daddr.v6, len, IPPROTO_UDP, 0);
	else
		sum = csum_tcpudp_magic(r->saddr.v4.s_addr, r->daddr.v4.s_addr, len,
					IPPROTO_UDP, 0);
	uh->check = ~sum;
	if (!r->csum)
		return;
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct udphdr, check);
}

static void train_push_ip4(struct sk_buff *skb, const struct train_run *r)
{
	struct iphdr *iph = skb_push(skb, sizeof(*iph));

	skb_reset_network_header(skb);
	memset(iph, 0, sizeof(*iph));
	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->frag_off = htons(IP_DF);
	iph->ttl = 64;
	iph->protocol = IPPROTO_UDP;
	iph->saddr = r->saddr.v4.s_addr;
	iph->daddr = r->daddr.v4.s_addr;
	ip_select_ident_segs(r->net, skb, NULL, r->segs);
	skb->protocol = htons(ETH_P_IP);
}

static void train_push_ip6(struct sk_buff *skb, const struct train_run *r)
{
	struct ipv6hdr *ip6 = skb_push(skb, sizeof(*ip6));

	skb_reset_network_header(skb);
	memset(ip6, 0, sizeof(*ip6));
	ip6->version = 6;
	ip6->nexthdr = IPPROTO_UDP;
	ip6->hop_limit = 64;
	ip6->saddr = r->saddr.v6;
	ip6->daddr = r->daddr.v6;
	skb->protocol = htons(ETH_P_IPV6);
}

/* Send one train; takes its own reference to @dst. */
static int train_send(const struct train_run *r, struct dst_entry *dst, const u8 *data)
{
	struct sk_buff *skb;
	int err;

	skb = alloc_skb(LL_MAX_HEADER + sizeof(struct ipv6hdr) + sizeof(struct udphdr), GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	skb_reserve(skb, LL_MAX_HEADER + sizeof(struct ipv6hdr) + sizeof(struct udphdr));
	err = train_add_payload(skb, data, r->segs * r->size);
	if (err) {
		kfree_skb(skb);
		return err;
	}
	skb_dst_set(skb, dst_clone(dst));
	train_push_udp(skb, r);
	if (r->segs > 1) {
		skb_shinfo(skb)->gso_size = r->size;
		skb_shinfo(skb)->gso_segs = r->segs;
		skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	}
	if (r->family == 6) {
		train_push_ip6(skb, r);
		return ip6_local_out(r->net, NULL, skb);
	}
	train_push_ip4(skb, r);
	return ip_local_out(r->net, NULL, skb);
}

static int train_run(const struct train_run *r)
{
	struct dst_entry *dst = train_route(r);
	unsigned int train, seg;
	u8 *data;
	int err;

	if (IS_ERR(dst))
		return PTR_ERR(dst);
	data = kvmalloc(TRAIN_SCRATCH, GFP_KERNEL);
	if (!data) {
		dst_release(dst);
		return -ENOMEM;
	}
	memset(&tx_stats, 0, sizeof(tx_stats));
	for (train = 0; train < r->trains; train++) {
		for (seg = 0; seg < r->segs; seg++)
			train_fill(data + seg * r->size, train, seg, r->size);
		err = train_send(r, dst, data);
		if (err) {
			tx_stats.failed++;
			tx_stats.err = err;
		} else {
			tx_stats.sent++;
		}
		cond_resched();
	}
	kvfree(data);
	dst_release(dst);
	return 0;
}

static int train_parse_addr(int family, const char *text, void *addr)
{
	if (family == 6)
		return in6_pton(text, -1, addr, -1, NULL) ? 0 : -EINVAL;
	return in4_pton(text, -1, addr, -1, NULL) ? 0 : -EINVAL;
}

static int train_parse_run(struct train_run *r, const char *text)
{
	char saddr[48], daddr[48], word[16] = "";
	unsigned short port;
	int n;

	n = sscanf(text, "%d %47s %47s %hu %u %u %u %15s", &r->family, saddr, daddr, &port,
		   &r->trains, &r->segs, &r->size, word);
	if (n < 7 || (r->family != 4 && r->family != 6))
		return -EINVAL;
	if (r->trains > TRAIN_MAX || !r->segs || r->segs > TRAIN_SEGS ||
	    r->size < sizeof(struct train_hdr) || r->size > 65507 / r->segs)
		return -ERANGE;
	r->port = htons(port);
	r->csum = strcmp(word, "nocsum");
	r->net = current->nsproxy->net_ns;
	return train_parse_addr(r->family, saddr, &r->saddr) ?:
	       train_parse_addr(r->family, daddr, &r->daddr);
}

/* --- receiver --- */

static void train_check(struct train_rx *t, const u8 *p, unsigned int len)
{
	struct train_hdr h;
	unsigned int i;
	u32 train, seg;

	t->stats.datagrams++;
	t->stats.bytes += len;
	if (len < sizeof(h))
		goto bad;
	memcpy(&h, p, sizeof(h));
	train = ntohl(h.train);
	seg = ntohl(h.seg);
	if (h.magic != htonl(TRAIN_MAGIC) || train >= TRAIN_MAX || seg >= TRAIN_SEGS)
		goto bad;
	for (i = sizeof(h); i < len; i++)
		if (p[i] != train_pattern(train, seg, i))
			goto bad;
	if (test_and_set_bit(train * TRAIN_SEGS + seg, t->seen))
		t->stats.doubled++;
	return;
bad:
	t->stats.bad_content++;
}

/* One skb: a datagram or a train.  skb->data is at the UDP payload, of which
 * nothing need be linear.
 */
static void train_take(struct train_rx *t, struct sk_buff *skb)
{
	unsigned int size = skb->len, segs = 1, off;

	if (skb_is_gso(skb)) {
		size = skb_shinfo(skb)->gso_size;
		segs = DIV_ROUND_UP(skb->len, size);
		t->stats.gso_skbs++;
		t->stats.frag_lists += skb_has_frag_list(skb);
	}
	t->stats.skbs++;
	t->stats.min_segs = t->stats.min_segs ? min(t->stats.min_segs, segs) : segs;
	t->stats.max_segs = max(t->stats.max_segs, segs);
	if (!skb_csum_unnecessary(skb) && __skb_checksum_complete(skb)) {
		t->stats.bad_csum++;
		return;
	}
	if (skb->len > TRAIN_SCRATCH || skb_copy_bits(skb, 0, t->scratch, skb->len)) {
		t->stats.bad_content++;
		return;
	}
	for (off = 0; off < skb->len; off += size)
		train_check(t, t->scratch + off, min(size, skb->len - off));
}

static void train_data_ready(struct sock *sk)
{
	struct train_rx *t;
	struct sk_buff *skb;
	int off = 0, err;

	rcu_read_lock();
	t = rcu_dereference_sk_user_data(sk);
	while (t) {
		skb = __skb_recv_udp(sk, MSG_DONTWAIT, &off, &err);
		if (!skb)
			break;
		spin_lock_bh(&t->lock);
		train_take(t, skb);
		spin_unlock_bh(&t->lock);
		consume_skb(skb);
	}
	rcu_read_unlock();
}

static void train_close(void)
{
	struct sock *sk;

	if (!rx)
		return;
	sk = rx->sock->sk;
	write_lock_bh(&sk->sk_callback_lock);
	rcu_assign_sk_user_data(sk, NULL);
	write_unlock_bh(&sk->sk_callback_lock);
	kernel_sock_shutdown(rx->sock, SHUT_RDWR);
	/* data_ready is in this module and uses rx: let it end everywhere */
	synchronize_net();
	sock_release(rx->sock);
	put_net(rx->net);
	kvfree(rx->scratch);
	kvfree(rx);
	rx = NULL;
}

static int train_setup(struct train_rx *t, bool encap)
{
	struct sock *sk = t->sock->sk;
	int one = 1, err;

	err = t->sock->ops->setsockopt(t->sock, SOL_UDP, UDP_GRO,
					KERNEL_SOCKPTR(&one), sizeof(one));
	if (err)
		return err;
	if (encap)
		udp_sk(sk)->encap_type = 1;
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_rcvbuf = 8 << 20;
	rcu_assign_sk_user_data(sk, t);
	sk->sk_data_ready = train_data_ready;
	write_unlock_bh(&sk->sk_callback_lock);
	return 0;
}

static int train_open(int family, unsigned short port, bool encap)
{
	struct udp_port_cfg cfg = {
		.family = family == 6 ? AF_INET6 : AF_INET,
		.local_udp_port = htons(port),
		.use_udp_checksums = 1,
		.use_udp6_tx_checksums = 1,
		.use_udp6_rx_checksums = 1,
	};
	struct train_rx *t;
	int err = -ENOMEM;

	if (rx)
		return -EBUSY;
	t = kvzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return err;
	spin_lock_init(&t->lock);
	t->scratch = kvmalloc(TRAIN_SCRATCH, GFP_KERNEL);
	if (!t->scratch)
		goto free;
	/* the kernel's socket holds no reference to its namespace */
	t->net = get_net(current->nsproxy->net_ns);
	err = udp_sock_create(t->net, &cfg, &t->sock);
	if (err)
		goto put;
	rx = t;
	err = train_setup(t, encap);
	if (err)
		train_close();
	return err;
put:
	put_net(t->net);
free:
	kvfree(t->scratch);
	kvfree(t);
	return err;
}

/* --- the two files --- */

static char *train_command(const char __user *buf, size_t len)
{
	char *text;

	if (len > 255)
		return ERR_PTR(-E2BIG);
	text = memdup_user_nul(buf, len);
	return IS_ERR(text) ? text : strim(text);
}

static ssize_t tx_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	char *text = train_command(buf, len);
	struct train_run r = {};
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	mutex_lock(&train_mutex);
	err = train_parse_run(&r, text) ?: train_run(&r);
	mutex_unlock(&train_mutex);
	kfree(text);
	return err ?: len;
}

static int tx_show(struct seq_file *m, void *v)
{
	mutex_lock(&train_mutex);
	seq_printf(m, "sent %u\nfailed %u\nerr %d\n", tx_stats.sent, tx_stats.failed, tx_stats.err);
	mutex_unlock(&train_mutex);
	return 0;
}

static ssize_t rx_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	char *text = train_command(buf, len), word[16] = "";
	unsigned short port;
	int family, err = 0;

	if (IS_ERR(text))
		return PTR_ERR(text);
	mutex_lock(&train_mutex);
	if (!strcmp(text, "close"))
		train_close();
	else if (sscanf(text, "open %d %hu %15s", &family, &port, word) >= 2)
		err = train_open(family, port, !strcmp(word, "encap"));
	else
		err = -EINVAL;
	mutex_unlock(&train_mutex);
	kfree(text);
	return err ?: len;
}

static int rx_show(struct seq_file *m, void *v)
{
	struct train_rx_stats s = {};

	mutex_lock(&train_mutex);
	if (rx) {
		spin_lock_bh(&rx->lock);
		s = rx->stats;
		spin_unlock_bh(&rx->lock);
		seq_printf(m, "sk_drops %d\n", atomic_read(&rx->sock->sk->sk_drops));
	}
	mutex_unlock(&train_mutex);
	seq_printf(m, "skbs %u\ngso_skbs %u\nfrag_lists %u\nmin_segs %u\nmax_segs %u\n",
		   s.skbs, s.gso_skbs, s.frag_lists, s.min_segs, s.max_segs);
	seq_printf(m, "datagrams %u\nbytes %llu\nbad_csum %u\nbad_content %u\ndoubled %u\n",
		   s.datagrams, s.bytes, s.bad_csum, s.bad_content, s.doubled);
	return 0;
}

static int tx_open(struct inode *inode, struct file *file)
{
	return single_open(file, tx_show, NULL);
}

static int rx_open(struct inode *inode, struct file *file)
{
	return single_open(file, rx_show, NULL);
}

static const struct proc_ops tx_ops = {
	.proc_open = tx_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
	.proc_write = tx_write,
};

static const struct proc_ops rx_ops = {
	.proc_open = rx_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
	.proc_write = rx_write,
};

static int __init train_init(void)
{
	if (!proc_create("quic_train_tx", 0600, NULL, &tx_ops))
		return -ENOMEM;
	if (!proc_create("quic_train_rx", 0600, NULL, &rx_ops)) {
		remove_proc_entry("quic_train_tx", NULL);
		return -ENOMEM;
	}
	return 0;
}

static void __exit train_exit(void)
{
	remove_proc_entry("quic_train_tx", NULL);
	remove_proc_entry("quic_train_rx", NULL);
	train_close();
}

module_init(train_init);
module_exit(train_exit);
MODULE_DESCRIPTION("Do UDP trains cross this kernel whole?");
MODULE_LICENSE("GPL");
