// SPDX-License-Identifier: GPL-2.0
// Does generic netlink have split operations?
#include <net/genetlink.h>

size_t probe = offsetof(struct genl_family, split_ops);
