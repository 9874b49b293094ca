/* SPDX-License-Identifier: GPL-2.0 */
/* Stand-in for <linux/prefetch.h>; all of it is in compiler.h. */
#include <linux/compiler.h>
