/* SPDX-License-Identifier: GPL-2.0 */
/*
 * get_unaligned() and friends moved from asm/ to linux/ in 6.12. Userspace has
 * the header of the new name in tests/shim.
 */
#ifndef QUIC_COMPAT_UNALIGNED_H
#define QUIC_COMPAT_UNALIGNED_H

#if defined(__KERNEL__) && !defined(HAVE_UNALIGNED_LINUX)
#include <asm/unaligned.h>
#else
#include <linux/unaligned.h>
#endif

#endif /* QUIC_COMPAT_UNALIGNED_H */
