// SPDX-License-Identifier: GPL-2.0
// Does encap_err_rcv get the port, the info and the payload as well?
#include <net/udp_tunnel.h>

void probe_err(struct sock *sk, struct sk_buff *skb, int err, __be16 port,
	       u32 info, u8 *payload);

udp_tunnel_encap_err_rcv_t probe = probe_err;
