// SPDX-License-Identifier: GPL-2.0
// Are the flags of an inet socket bits with accessors?
#include <net/inet_sock.h>

bool probe(const struct sock *sk);

bool probe(const struct sock *sk)
{
	return inet_test_bit(FREEBIND, sk);
}
