// SPDX-License-Identifier: GPL-2.0
// Does ioctl() of a protocol get its argument in kernel memory?
#include <net/sock.h>

int probe_ioctl(struct sock *sk, int cmd, int *karg);

struct proto probe = { .ioctl = probe_ioctl };
