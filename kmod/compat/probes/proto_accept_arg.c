// SPDX-License-Identifier: GPL-2.0
// Does accept() of a protocol take one struct of arguments?
#include <net/sock.h>

struct sock *probe_accept(struct sock *sk, struct proto_accept_arg *arg);
int probe_ops_accept(struct socket *a, struct socket *b,
		     struct proto_accept_arg *arg);

struct proto probe = { .accept = probe_accept };
struct proto_ops probe_ops = { .accept = probe_ops_accept };
