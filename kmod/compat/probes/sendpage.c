// SPDX-License-Identifier: GPL-2.0
// Does struct proto_ops still have sendpage?
#include <linux/net.h>

size_t probe = offsetof(struct proto_ops, sendpage);
