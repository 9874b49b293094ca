// SPDX-License-Identifier: GPL-2.0
/*
 * net.quic.*: limits of socket memory and how handshakes find a daemon.
 *
 *   mem                 pages: no pressure below, pressure above, hard limit
 *   rmem, wmem          bytes: least, default, most of a socket's buffers
 *   handshake_fallback  1: a namespace without workers uses those of the first
 *   handshake_wait_ms   how long a handshake waits for a worker to turn up
 *
 * All are the module's, not a namespace's, and are seen in the first one only:
 * another's root must not write them.
 */
#include <linux/limits.h>

#include "glue.h"
#include "../compat/sysctl_net.h"

#define MIN_BUF		4096
#define WAIT_MS_MAX	60000

long quic_sysctl_mem[3];	/* quic_proto_init() */
int quic_sysctl_rmem[3] = { MIN_BUF, 16 << 20, 64 << 20 };
int quic_sysctl_wmem[3] = { MIN_BUF, 1 << 20, 8 << 20 };

#ifdef CONFIG_SYSCTL
static int min_buf = MIN_BUF;
static int max_buf = 1 << 30;
static unsigned int wait_ms_max = WAIT_MS_MAX;

static struct ctl_table quic_table[] = {
	{
		.procname	= "mem",
		.data		= quic_sysctl_mem,
		.maxlen		= sizeof(quic_sysctl_mem),
		.mode		= 0644,
		.proc_handler	= proc_doulongvec_minmax,
	},
	{
		.procname	= "rmem",
		.data		= quic_sysctl_rmem,
		.maxlen		= sizeof(quic_sysctl_rmem),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= &min_buf,
		.extra2		= &max_buf,
	},
	{
		.procname	= "wmem",
		.data		= quic_sysctl_wmem,
		.maxlen		= sizeof(quic_sysctl_wmem),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= &min_buf,
		.extra2		= &max_buf,
	},
	{
		.procname	= "handshake_fallback",
		.data		= &quic_hs_fallback,
		.maxlen		= sizeof(quic_hs_fallback),
		.mode		= 0644,
		.proc_handler	= proc_douintvec_minmax,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_ONE,
	},
	{
		.procname	= "handshake_wait_ms",
		.data		= &quic_hs_wait_ms,
		.maxlen		= sizeof(quic_hs_wait_ms),
		.mode		= 0644,
		.proc_handler	= proc_douintvec_minmax,
		.extra2		= &wait_ms_max,
	},
	QUIC_SYSCTL_END
};

/**
 * quic_sysctl_net_init - net.quic, in the first namespace
 * @net: namespace
 * Context: process. Return: 0 or -ENOMEM.
 */
int quic_sysctl_net_init(struct net *net)
{
	struct quic_net *qn = quic_pernet(net);

	if (!net_eq(net, &init_net))
		return 0;
	qn->sysctl = quic_register_sysctl(net, "net/quic", quic_table,
					  ARRAY_SIZE(quic_table));
	return qn->sysctl ? 0 : -ENOMEM;
}

/**
 * quic_sysctl_net_exit - take them away
 * @net: namespace
 * Context: process.
 */
void quic_sysctl_net_exit(struct net *net)
{
	struct quic_net *qn = quic_pernet(net);

	if (qn->sysctl)
		unregister_net_sysctl_table(qn->sysctl);
	qn->sysctl = NULL;
}
#else
int quic_sysctl_net_init(struct net *net)
{
	return 0;
}

void quic_sysctl_net_exit(struct net *net)
{
}
#endif
