// SPDX-License-Identifier: GPL-2.0
// Do bind and connect take struct sockaddr_unsized?
#include <net/sock.h>

int probe_bind(struct socket *sock, struct sockaddr_unsized *addr, int len);

struct proto_ops probe = { .bind = probe_bind };
