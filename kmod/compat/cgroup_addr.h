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

#ifdef HAVE_CGROUP_ADDR_LEN
#define QUIC_CGROUP_ADDR(sk, addr, len, type) \
	BPF_CGROUP_RUN_SA_PROG(sk, addr, len, type)
#else
#define QUIC_CGROUP_ADDR(sk, addr, len, type) \
	((void)(len), BPF_CGROUP_RUN_SA_PROG(sk, addr, type))
#endif

#endif /* QUIC_COMPAT_CGROUP_ADDR_H */
