// SPDX-License-Identifier: GPL-2.0
// Has recvmsg of a protocol lost its addr_len?
#include <net/sock.h>

int probe_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags);

struct proto probe = { .recvmsg = probe_recvmsg };
