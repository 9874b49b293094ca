/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A slab cache that keeps its name in /proc/slabinfo: SLAB_NO_MERGE from 6.5 on;
 * before, SLAB_NOLEAKTRACE is a flag that also forbids merging.
 */
#ifndef QUIC_COMPAT_SLAB_H
#define QUIC_COMPAT_SLAB_H

#include <linux/slab.h>

#ifdef SLAB_NO_MERGE
#define QUIC_SLAB_NO_MERGE	SLAB_NO_MERGE
#else
#define QUIC_SLAB_NO_MERGE	SLAB_NOLEAKTRACE
#endif

#endif /* QUIC_COMPAT_SLAB_H */
