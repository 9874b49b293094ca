// SPDX-License-Identifier: GPL-2.0
// Does an inet_diag handler name its module?
#include <linux/inet_diag.h>

size_t probe = offsetof(struct inet_diag_handler, owner);
