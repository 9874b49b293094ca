/* SPDX-License-Identifier: GPL-2.0 */
/* Stand-in for <linux/bug.h>: what the kernel warns about, a test dies of. */
#ifndef SHIM_LINUX_BUG_H
#define SHIM_LINUX_BUG_H

#include <stdio.h>
#include <stdlib.h>
#include <linux/compiler.h>

#define __shim_warn(cond) ({						\
	int __w = !!(cond);						\
	if (unlikely(__w)) {						\
		fprintf(stderr, "%s:%d: WARN_ON(%s)\n",			\
			__FILE__, __LINE__, #cond);			\
		abort();						\
	}								\
	unlikely(__w); })

#define WARN_ON(cond)			__shim_warn(cond)
#define WARN_ON_ONCE(cond)		__shim_warn(cond)
#define WARN_ONCE(cond, ...)		__shim_warn(cond)
#define WARN(cond, ...)			__shim_warn(cond)
#define BUG_ON(cond)			((void)__shim_warn(cond))
#define BUG()				((void)__shim_warn(1))
#define VM_WARN_ON_ONCE(cond)		((void)__shim_warn(cond))

#endif /* SHIM_LINUX_BUG_H */
