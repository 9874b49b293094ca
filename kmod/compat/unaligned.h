/* SPDX-License-Identifier: GPL-2.0 */
/*
 * get_unaligned_*() and put_unaligned_*(): <asm/unaligned.h> up to 6.11,
 * <linux/unaligned.h> since, also where a distribution backported it.
 */
#ifndef QUIC_COMPAT_UNALIGNED_H
#define QUIC_COMPAT_UNALIGNED_H

#if __has_include(<linux/unaligned.h>)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#endif /* QUIC_COMPAT_UNALIGNED_H */
