// SPDX-License-Identifier: GPL-2.0
// Does a generic netlink family say where strict checks begin?
#include <net/genetlink.h>

size_t probe = offsetof(struct genl_family, resv_start_op);
