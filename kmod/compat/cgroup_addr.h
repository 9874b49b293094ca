/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cgroup BPF hooks that see, and may rewrite, the address of a bind(),
 * connect(), getsockname() or getpeername(): from 6.7 on they get its length too.
 *
 * QUIC_CGROUP_ADDR(sk, addr, len, type): @len points to the length, @type is an
 * enum cgroup_bpf_attach_type. Socket lock held where the hook may look at the
 * socket. Return: 0, or -errno of a program that refuses.
 */
#ifndef QUIC_COMPAT_CGROUP_ADDR_H
#define QUIC_COMPAT_CGROUP_ADDR_H

#include <linux/bpf-cgroup.h>

#include "proto_ops.h"

/*
 * QUIC_CGROUP_BIND(sk, addr, len, type, low_port): the same for bind(), whose
 * programs may also say that *@low_port needs no CAP_NET_BIND_SERVICE.
 */
#ifdef CONFIG_CGROUP_BPF
#ifdef HAVE_CGROUP_ADDR_LEN
#define QUIC_CGROUP_RUN(sk, addr, len, type, flags) \
	__cgroup_bpf_run_filter_sock_addr(sk, (quic_sockaddr *)(addr), len, type, NULL, flags)
#else
#define QUIC_CGROUP_RUN(sk, addr, len, type, flags) \
	__cgroup_bpf_run_filter_sock_addr(sk, addr, type, NULL, flags)
#endif
#define QUIC_CGROUP_BIND(sk, addr, len, type, low_port) ({ \
	u32 __flags = 0; \
	int __err = 0; \
	if (cgroup_bpf_enabled(type)) \
		__err = QUIC_CGROUP_RUN(sk, addr, len, type, &__flags); \
	*(low_port) = __flags & BPF_RET_BIND_NO_CAP_NET_BIND_SERVICE; \
	__err; \
})
#else
#define QUIC_CGROUP_BIND(sk, addr, len, type, low_port) (*(low_port) = false, 0)
#endif

#ifdef HAVE_CGROUP_ADDR_LEN
#define QUIC_CGROUP_ADDR(sk, addr, len, type) \
	BPF_CGROUP_RUN_SA_PROG(sk, addr, len, type)
#else
#define QUIC_CGROUP_ADDR(sk, addr, len, type) \
	((void)(len), BPF_CGROUP_RUN_SA_PROG(sk, addr, type))
#endif

#endif /* QUIC_COMPAT_CGROUP_ADDR_H */
