/* SPDX-License-Identifier: GPL-2.0 */
/* Stand-in for <linux/stddef.h>; the uapi part as it is, the rest is elsewhere. */
#ifndef SHIM_LINUX_STDDEF_H
#define SHIM_LINUX_STDDEF_H

#include_next <linux/stddef.h>
#include <linux/compiler.h>

#endif /* SHIM_LINUX_STDDEF_H */
