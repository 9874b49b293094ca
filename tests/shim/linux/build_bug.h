/* SPDX-License-Identifier: GPL-2.0 */
/* Stand-in for <linux/build_bug.h>. */
#ifndef SHIM_LINUX_BUILD_BUG_H
#define SHIM_LINUX_BUILD_BUG_H

#include <linux/compiler.h>

#define BUILD_BUG_ON_MSG(cond, msg)	do { _Static_assert(!(cond), msg); } while (0)
#define BUILD_BUG_ON(cond)		BUILD_BUG_ON_MSG(cond, #cond)
#define BUILD_BUG_ON_ZERO(e)		((int)sizeof(struct { int:(-!!(e)); }))

#endif /* SHIM_LINUX_BUILD_BUG_H */
