/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables of sysctls: before 6.6 an empty entry ends them, since then their size
 * is told and an empty entry is an error; since 6.11 handlers see them const.
 */
#ifndef QUIC_COMPAT_SYSCTL_NET_H
#define QUIC_COMPAT_SYSCTL_NET_H

#include <linux/sysctl.h>
#include <net/net_namespace.h>

#ifdef HAVE_REGISTER_NET_SYSCTL_SZ
#define QUIC_SYSCTL_END
#define quic_register_sysctl(net, path, table, n) \
	register_net_sysctl_sz(net, path, table, n)
#else
#define QUIC_SYSCTL_END		{ }
#define quic_register_sysctl(net, path, table, n) \
	register_net_sysctl(net, path, table)
#endif

#ifdef HAVE_CTL_TABLE_CONST
#define QUIC_CTL_TABLE		const struct ctl_table
#else
#define QUIC_CTL_TABLE		struct ctl_table
#endif

#endif /* QUIC_COMPAT_SYSCTL_NET_H */
