/* SPDX-License-Identifier: GPL-2.0 */
/* Stand-in for <linux/overflow.h>. */
#ifndef SHIM_LINUX_OVERFLOW_H
#define SHIM_LINUX_OVERFLOW_H

#include <linux/types.h>
#include <linux/limits.h>

static inline bool __must_check __shim_must_check(bool overflow)
{
	return unlikely(overflow);
}

#define check_add_overflow(a, b, d)	\
	__shim_must_check(__builtin_add_overflow(a, b, d))
#define check_sub_overflow(a, b, d)	\
	__shim_must_check(__builtin_sub_overflow(a, b, d))
#define check_mul_overflow(a, b, d)	\
	__shim_must_check(__builtin_mul_overflow(a, b, d))

static inline size_t size_mul(size_t a, size_t b)
{
	size_t r;

	return check_mul_overflow(a, b, &r) ? SIZE_MAX : r;
}

static inline size_t size_add(size_t a, size_t b)
{
	size_t r;

	return check_add_overflow(a, b, &r) ? SIZE_MAX : r;
}

#define array_size(n, size)	size_mul(n, size)
#define flex_array_size(p, member, n) \
	size_mul(n, sizeof(*(p)->member))
#define struct_size(p, member, n) \
	size_add(sizeof(*(p)), flex_array_size(p, member, n))

#endif /* SHIM_LINUX_OVERFLOW_H */
