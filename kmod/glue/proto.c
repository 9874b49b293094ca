// SPDX-License-Identifier: GPL-2.0
/*
 * IPPROTO_QUIC as socket(2) sees it: two protocols (IPv4, IPv6), each of type
 * SOCK_DGRAM and of type SOCK_STREAM (sock_one.c), their operations, which are the
 * same for both types, and the accounting of socket memory.
 *
 * Memory is accounted as for TCP and SCTP: bytes charged to sockets, in pages,
 * against quic_sysctl_mem, with a reserve on each CPU; above the pressure limit a
 * socket keeps its minimum only. /proc/net/protocols shows it under QUIC and
 * QUICv6, which are also the names of the slab caches of struct sock.
 *
 * Registered last and unregistered first: once it is known, user space can get at
 * everything else.
 */
#include <linux/percpu_counter.h>
#include <linux/swap.h>
#include <net/inet_common.h>
#include <net/ipv6.h>
#include <net/protocol.h>

#include "sock_ops.h"

struct percpu_counter quic_sockets_allocated;

static atomic_long_t memory_allocated;
static DEFINE_PER_CPU(int, memory_per_cpu_fw_alloc);
static unsigned long memory_pressure;

static void enter_memory_pressure(struct sock *sk)
{
	WRITE_ONCE(memory_pressure, 1);
}

/* sk_common_release() calls it when socket(2) fails: nothing is hashed. */
static void quic_unhash(struct sock *sk)
{
}

/*
 * Only bpf_bind() with a port comes here, inside the connect hook, where nothing may
 * sleep: the port is taken after it, and connect() fails when it is not free.
 */
static int quic_get_port(struct sock *sk, unsigned short port)
{
	inet_sk(sk)->inet_num = port;
	return 0;
}

#define QUIC_PROTO_COMMON \
	.owner			= THIS_MODULE, \
	.close			= quic_close, \
	.init			= quic_sock_init, \
	.ioctl			= quic_ioctl, \
	.setsockopt		= quic_setsockopt, \
	.getsockopt		= quic_getsockopt, \
	.unhash			= quic_unhash, \
	.get_port		= quic_get_port, \
	.release_cb		= quic_release_cb, \
	.enter_memory_pressure	= enter_memory_pressure, \
	.memory_pressure	= &memory_pressure, \
	.memory_allocated	= &memory_allocated, \
	.per_cpu_fw_alloc	= &memory_per_cpu_fw_alloc, \
	.sockets_allocated	= &quic_sockets_allocated, \
	.sysctl_mem		= quic_sysctl_mem, \
	.sysctl_rmem		= quic_sysctl_rmem, \
	.sysctl_wmem		= quic_sysctl_wmem, \
	.no_autobind		= true

struct proto quic_prot = {
	.name			= "QUIC",
	.obj_size		= sizeof(struct quic_sock),
	QUIC_PROTO_COMMON,
};

struct proto quicv6_prot = {
	.name			= "QUICv6",
	.obj_size		= sizeof(struct quic6_sock),
	QUIC_PROTO_IPV6_PINFO(struct quic6_sock, inet6)
	QUIC_PROTO_COMMON,
};

static int ops_sendmsg(struct socket *sock, struct msghdr *msg, size_t len)
{
	return quic_sendmsg(sock->sk, msg, len);
}

static int ops_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags)
{
	return quic_do_recvmsg(sock->sk, msg, len, flags);
}

static void __maybe_unused ops_splice_eof(struct socket *sock)
{
	quic_send_push(sock->sk);
}

#define QUIC_OPS_COMMON \
	.owner		= THIS_MODULE, \
	.bind		= quic_bind, \
	.connect	= quic_connect, \
	.socketpair	= sock_no_socketpair, \
	.accept		= quic_accept, \
	.getname	= quic_getname, \
	.poll		= quic_poll, \
	.gettstamp	= sock_gettstamp, \
	.listen		= quic_listen, \
	.shutdown	= quic_shutdown, \
	.setsockopt	= sock_common_setsockopt, \
	.getsockopt	= sock_common_getsockopt, \
	.sendmsg	= ops_sendmsg, \
	.recvmsg	= ops_recvmsg, \
	QUIC_OPS_SPLICE_EOF(ops_splice_eof) \
	QUIC_OPS_SENDPAGE(quic_sendpage) \
	.mmap		= sock_no_mmap

const struct proto_ops quic_ops = {
	.family		= PF_INET,
	.release	= inet_release,
	.ioctl		= inet_ioctl,
	QUIC_OPS_COMMON,
};

const struct proto_ops quicv6_ops = {
	.family		= PF_INET6,
#if IS_ENABLED(CONFIG_IPV6)
	.release	= inet6_release,
	.ioctl		= inet6_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl	= inet6_compat_ioctl,
#endif
#endif
	QUIC_OPS_COMMON,
};

#define QUIC_SW(t, p, o) \
	{ .type = (t), .protocol = IPPROTO_QUIC, .prot = (p), .ops = (o) }

static struct inet_protosw quic_sw[] = {
	QUIC_SW(SOCK_DGRAM, &quic_prot, &quic_ops),
	QUIC_SW(SOCK_STREAM, &quic_prot, &quic_ops),
};

static struct inet_protosw quicv6_sw[] = {
	QUIC_SW(SOCK_DGRAM, &quicv6_prot, &quicv6_ops),
	QUIC_SW(SOCK_STREAM, &quicv6_prot, &quicv6_ops),
};

/* As TCP and SCTP: an eighth of the memory that buffers can have. */
static void init_limits(void)
{
	unsigned long limit = max(nr_free_buffer_pages() / 8, 128UL);

	quic_sysctl_mem[0] = limit / 4 * 3;
	quic_sysctl_mem[1] = limit;
	quic_sysctl_mem[2] = quic_sysctl_mem[0] * 2;
}

/* The first @n of the rows for IPv6. */
static void exit_v6(u32 n)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (!ipv6_mod_enabled())
		return;
	while (n--)
		inet6_unregister_protosw(&quicv6_sw[n]);
#endif
}

static int init_v6(void)
{
	int err = 0;
#if IS_ENABLED(CONFIG_IPV6)
	u32 i;

	if (!ipv6_mod_enabled())
		return 0;
	for (i = 0; i < ARRAY_SIZE(quicv6_sw) && !err; i++) {
		err = inet6_register_protosw(&quicv6_sw[i]);
		if (err)
			exit_v6(i);
	}
	if (err)
		pr_err("quicsock: IPv6 does not take protocol %d: %pe\n", IPPROTO_QUIC,
		       ERR_PTR(err));
#endif
	return err;
}

/**
 * quic_proto_init - make IPPROTO_QUIC known
 * Context: module init, everything else is up. Return: 0 or -errno.
 */
int quic_proto_init(void)
{
	int err;
	u32 i;

	/* how 6.1 finds struct ipv6_pinfo */
	BUILD_BUG_ON(offsetof(struct quic6_sock, inet6) + sizeof(struct ipv6_pinfo) !=
		     sizeof(struct quic6_sock));
	BUILD_BUG_ON(offsetof(struct quic_sock, inet));
	init_limits();
	err = percpu_counter_init(&quic_sockets_allocated, 0, GFP_KERNEL);
	if (err)
		return err;
	err = proto_register(&quic_prot, 1);
	if (err)
		goto free_counter;
	err = proto_register(&quicv6_prot, 1);
	if (err)
		goto unregister_v4;
	err = init_v6();
	if (err)
		goto unregister_v6;
	for (i = 0; i < ARRAY_SIZE(quic_sw); i++)
		inet_register_protosw(&quic_sw[i]);
	return 0;

unregister_v6:
	proto_unregister(&quicv6_prot);
unregister_v4:
	proto_unregister(&quic_prot);
free_counter:
	percpu_counter_destroy(&quic_sockets_allocated);
	return err;
}

/**
 * quic_proto_exit - forget it: no new sockets; there are none, they hold us
 * Context: module exit.
 */
void quic_proto_exit(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(quic_sw); i++)
		inet_unregister_protosw(&quic_sw[i]);
	exit_v6(ARRAY_SIZE(quicv6_sw));
	proto_unregister(&quicv6_prot);
	proto_unregister(&quic_prot);
	percpu_counter_destroy(&quic_sockets_allocated);
}
