/* SPDX-License-Identifier: GPL-2.0 */
/* Stand-in for <linux/lockdep.h>: one thread, nothing to check. */
#ifndef SHIM_LINUX_LOCKDEP_H
#define SHIM_LINUX_LOCKDEP_H

#define lockdep_assert_held(l)		((void)(l))
#define lockdep_assert_once(c)		((void)0)
#define lockdep_sock_is_held(sk)	((void)(sk), 1)

#endif /* SHIM_LINUX_LOCKDEP_H */
