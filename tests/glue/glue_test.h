/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of tests/glue share. */
#ifndef GLUE_TEST_H
#define GLUE_TEST_H

#include "../../kmod/glue/packet.h"

/* Name of an algorithm that this "kernel" does not have. */
extern const char *glue_missing;

/* Chunks that lay in two pieces: each an allocation in the kernel. */
extern u32 glue_slow_walks;

/* AEAD passes, well or in vain. */
extern u32 glue_aead_runs;

/* Objects alive. */
extern u32 glue_tfms;
extern u32 glue_pages;
extern u32 glue_skbs;

/* Of slab caches: alive; ever allocated. */
extern u32 glue_objects;
extern u32 glue_object_allocs;

/* Bytes that quic_rx_credit() was told of. */
extern u32 glue_credit;

/* What quic_rx_unopened() was told. */
extern struct glue_unopened {
	u32 calls;
	u32 forged;
	u8 token[QUIC_RESET_TOKEN_LEN];
} glue_unopened;

#endif /* GLUE_TEST_H */
