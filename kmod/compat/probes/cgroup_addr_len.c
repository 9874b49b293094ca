// SPDX-License-Identifier: GPL-2.0
// Do the cgroup hooks on addresses get, and change, their length?
#include <linux/bpf-cgroup.h>

int probe(struct sock *sk, void *addr, int *len,
	  enum cgroup_bpf_attach_type type);

int probe(struct sock *sk, void *addr, int *len,
	  enum cgroup_bpf_attach_type type)
{
	return __cgroup_bpf_run_filter_sock_addr(sk, addr, len, type, NULL, NULL);
}
