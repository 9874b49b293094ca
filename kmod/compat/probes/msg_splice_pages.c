// SPDX-License-Identifier: GPL-2.0
// Can sendmsg take pages without copying?
#include <linux/socket.h>

int probe = MSG_SPLICE_PAGES;
