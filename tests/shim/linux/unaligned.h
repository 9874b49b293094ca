/* SPDX-License-Identifier: GPL-2.0 */
/* Stand-in for <linux/unaligned.h>. */
#ifndef SHIM_LINUX_UNALIGNED_H
#define SHIM_LINUX_UNALIGNED_H

#include <string.h>
#include <linux/types.h>

#define __SHIM_UNALIGNED(bits, swap)					\
static inline u##bits get_unaligned_##swap##bits(const void *p)		\
{									\
	u##bits v;							\
									\
	memcpy(&v, p, sizeof(v));					\
	return __shim_##swap##bits(v);					\
}									\
									\
static inline void put_unaligned_##swap##bits(u##bits v, void *p)	\
{									\
	v = __shim_##swap##bits(v);					\
	memcpy(p, &v, sizeof(v));					\
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define __shim_be16(v)	__builtin_bswap16(v)
#define __shim_be32(v)	__builtin_bswap32(v)
#define __shim_be64(v)	__builtin_bswap64(v)
#define __shim_le16(v)	(v)
#define __shim_le32(v)	(v)
#define __shim_le64(v)	(v)
#else
#define __shim_be16(v)	(v)
#define __shim_be32(v)	(v)
#define __shim_be64(v)	(v)
#define __shim_le16(v)	__builtin_bswap16(v)
#define __shim_le32(v)	__builtin_bswap32(v)
#define __shim_le64(v)	__builtin_bswap64(v)
#endif

__SHIM_UNALIGNED(16, be)
__SHIM_UNALIGNED(32, be)
__SHIM_UNALIGNED(64, be)
__SHIM_UNALIGNED(16, le)
__SHIM_UNALIGNED(32, le)
__SHIM_UNALIGNED(64, le)

#endif /* SHIM_LINUX_UNALIGNED_H */
