/* SPDX-License-Identifier: GPL-2.0 */
/* Stand-in for <linux/bits.h>. */
#ifndef SHIM_LINUX_BITS_H
#define SHIM_LINUX_BITS_H

#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define BITS_PER_LONG		64
#define BITS_PER_LONG_LONG	64
#define BITS_PER_BYTE		8
#define GENMASK_ULL(h, l)	((~0ULL << (l)) & (~0ULL >> (63 - (h))))
#define GENMASK(h, l)		((~0UL << (l)) & (~0UL >> (63 - (h))))

#endif /* SHIM_LINUX_BITS_H */
