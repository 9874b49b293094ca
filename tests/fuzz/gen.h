/* SPDX-License-Identifier: GPL-2.0 */
/* Frames for the mutators. */
#ifndef FUZZ_GEN_H
#define FUZZ_GEN_H

#include "fuzz.h"
#include "../../kmod/core/wire_frame.h"

#define FUZZ_FRAME_MAX	160	/* bytes: more than any that is made */

/**
 * fuzz_frame - make a frame
 * @d: dice
 * @p: destination
 * @room: bytes, FUZZ_FRAME_MAX are enough
 * Return: bytes written, 0 when it does not fit.
 */
u32 fuzz_frame(struct fuzz_dice *d, u8 *p, u32 room);

#endif /* FUZZ_GEN_H */
