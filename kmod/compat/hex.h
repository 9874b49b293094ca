/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hex2bin() has a header of its own; linux/kernel.h brought that along for a while, and
 * older ones declare it themselves.
 */
#ifndef QUIC_COMPAT_HEX_H
#define QUIC_COMPAT_HEX_H

#include <linux/kernel.h>
#ifdef HAVE_HEX_HEADER
#include <linux/hex.h>
#endif

#endif /* QUIC_COMPAT_HEX_H */
