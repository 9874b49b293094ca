// SPDX-License-Identifier: GPL-2.0
// Are proc handlers given a const table?
#include <linux/sysctl.h>

int probe_handler(const struct ctl_table *t, int write, void *buf, size_t *len,
		  loff_t *pos);

struct ctl_table probe = { .proc_handler = probe_handler };
