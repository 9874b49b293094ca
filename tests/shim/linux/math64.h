/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stand-in for <linux/math64.h>.
 *
 * mul_u64_u64_div_u64() is one mulq and one divq on x86: a quotient above 64
 * bits is a divide error there, an oops. Here it is an abort, so that a test
 * finds it first.
 */
#ifndef SHIM_LINUX_MATH64_H
#define SHIM_LINUX_MATH64_H

#include <linux/types.h>
#include <linux/bug.h>

static inline u64 div_u64(u64 a, u32 b)
{
	return a / b;
}

static inline u64 div_u64_rem(u64 a, u32 b, u32 *rem)
{
	*rem = a % b;
	return a / b;
}

static inline s64 div_s64(s64 a, s32 b)
{
	return a / b;
}

static inline u64 div64_u64(u64 a, u64 b)
{
	return a / b;
}

static inline u64 div64_u64_rem(u64 a, u64 b, u64 *rem)
{
	*rem = a % b;
	return a / b;
}

static inline s64 div64_s64(s64 a, s64 b)
{
	return a / b;
}

#define DIV64_U64_ROUND_UP(a, b) ({		\
	u64 __d = (b);				\
	div64_u64((a) + __d - 1, __d); })

static inline u64 mul_u32_u32(u32 a, u32 b)
{
	return (u64)a * b;
}

static inline u64 mul_u64_u32_shr(u64 a, u32 mul, unsigned int shift)
{
	return (u64)(((unsigned __int128)a * mul) >> shift);
}

static inline u64 mul_u64_u64_shr(u64 a, u64 mul, unsigned int shift)
{
	return (u64)(((unsigned __int128)a * mul) >> shift);
}

/* Two instructions as in the kernel, so that a benchmark weighs the same. */
static inline u64 mul_u64_u64_div_u64(u64 a, u64 mul, u64 div)
{
#ifdef __x86_64__
	u64 hi, q, rem;

	__asm__ ("mulq %3" : "=a" (q), "=d" (hi) : "0" (a), "rm" (mul) : "cc");
	WARN_ON(hi >= div);
	__asm__ ("divq %4" : "=a" (q), "=d" (rem)
		 : "0" (q), "1" (hi), "rm" (div) : "cc");
	return q;
#else
	unsigned __int128 q = (unsigned __int128)a * mul / div;

	WARN_ON(q >> 64);
	return (u64)q;
#endif
}

static inline u64 mul_u64_u32_div(u64 a, u32 mul, u32 div)
{
	return mul_u64_u64_div_u64(a, mul, div);
}

#endif /* SHIM_LINUX_MATH64_H */
