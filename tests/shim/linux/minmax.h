/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stand-in for <linux/minmax.h>. As strict as the oldest kernel we build on:
 * both sides of min() and max() must have one type, or the compiler says so.
 */
#ifndef SHIM_LINUX_MINMAX_H
#define SHIM_LINUX_MINMAX_H

#define __shim_cmp(x, y, op) ({			\
	__typeof__(x) __x = (x);		\
	__typeof__(y) __y = (y);		\
	(void)(&__x == &__y);			\
	__x op __y ? __x : __y; })

#define __shim_cmp_t(type, x, y, op) ({		\
	type __xt = (x);			\
	type __yt = (y);			\
	__xt op __yt ? __xt : __yt; })

#define min(x, y)		__shim_cmp(x, y, <)
#define max(x, y)		__shim_cmp(x, y, >)
#define min_t(type, x, y)	__shim_cmp_t(type, x, y, <)
#define max_t(type, x, y)	__shim_cmp_t(type, x, y, >)
#define min3(x, y, z)		min((__typeof__(x))min(x, y), z)
#define max3(x, y, z)		max((__typeof__(x))max(x, y), z)

#define clamp(v, lo, hi) ({			\
	__typeof__(v) __v = (v);		\
	__typeof__(lo) __lo = (lo);		\
	__typeof__(hi) __hi = (hi);		\
	(void)(&__v == &__lo);			\
	(void)(&__v == &__hi);			\
	__v < __lo ? __lo : __v > __hi ? __hi : __v; })

#define clamp_t(type, v, lo, hi)		\
	min_t(type, max_t(type, v, lo), hi)

#define swap(a, b) do {				\
	__typeof__(a) __tmp = (a);		\
	(a) = (b);				\
	(b) = __tmp;				\
} while (0)

#endif /* SHIM_LINUX_MINMAX_H */
