// SPDX-License-Identifier: GPL-2.0
// Do network sysctl tables have a size, not an empty last entry?
#include <linux/sysctl.h>
#include <net/net_namespace.h>

void *probe(struct net *net, struct ctl_table *t);

void *probe(struct net *net, struct ctl_table *t)
{
	return register_net_sysctl_sz(net, "net/probe", t, 1);
}
