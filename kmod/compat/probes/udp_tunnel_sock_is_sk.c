// SPDX-License-Identifier: GPL-2.0
// Do the UDP tunnel helpers take a struct sock, not a socket?
#include <net/udp_tunnel.h>

static_assert(__builtin_types_compatible_p(typeof(&setup_udp_tunnel_sock),
					   void (*)(struct net *, struct sock *,
						    struct udp_tunnel_sock_cfg *)));
