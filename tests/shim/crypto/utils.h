/* SPDX-License-Identifier: GPL-2.0 */
/* Stand-in for <crypto/utils.h>: comparison in constant time. */
#ifndef SHIM_CRYPTO_MEMNEQ
#define SHIM_CRYPTO_MEMNEQ

#include <linux/types.h>

static inline unsigned long crypto_memneq(const void *a, const void *b,
					  size_t len)
{
	const volatile u8 *x = a, *y = b;
	unsigned long diff = 0;

	while (len--)
		diff |= *x++ ^ *y++;
	return diff;
}

#endif
