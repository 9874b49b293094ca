/* SPDX-License-Identifier: GPL-2.0 */
/* <linux/errno.h>: libc's <errno.h> comes by here too, so only pass it on. */
#ifndef SHIM_LINUX_ERRNO_H
#define SHIM_LINUX_ERRNO_H

#include_next <linux/errno.h>

#endif /* SHIM_LINUX_ERRNO_H */
