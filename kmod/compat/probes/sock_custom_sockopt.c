// SPDX-License-Identifier: GPL-2.0
// Can a protocol take SOL_SOCKET options itself?
#include <linux/net.h>

int probe = SOCK_CUSTOM_SOCKOPT;
