// SPDX-License-Identifier: GPL-2.0
// Are the flags of a UDP socket bits with accessors?
#include <linux/udp.h>

bool probe(const struct sock *sk);

bool probe(const struct sock *sk)
{
	return udp_test_bit(GRO_ENABLED, sk);
}
