// SPDX-License-Identifier: GPL-2.0
// Does struct proto_ops have getsockopt_iter?
#include <linux/net.h>

size_t probe = offsetof(struct proto_ops, getsockopt_iter);
