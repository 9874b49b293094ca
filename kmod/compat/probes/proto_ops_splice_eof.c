// SPDX-License-Identifier: GPL-2.0
// Is the end of a splice told to the socket?
#include <linux/net.h>

size_t probe = offsetof(struct proto_ops, splice_eof);
