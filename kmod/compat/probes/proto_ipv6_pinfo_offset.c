// SPDX-License-Identifier: GPL-2.0
// Does struct proto say where its sockets keep struct ipv6_pinfo?
#include <net/sock.h>

struct proto probe = { .ipv6_pinfo_offset = 1 };
