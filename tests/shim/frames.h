/* SPDX-License-Identifier: GPL-2.0 */
/* The direct decoders of frames beside the table: for unit tests and fuzzers. */
#ifndef SHIM_FRAMES_H
#define SHIM_FRAMES_H

#include "../../kmod/core/wire_frame.h"

/**
 * frames_differ - decode the first frame of some bytes in both ways
 * @p: bytes
 * @len: how many
 * @pkt: QUIC_F_*: the packet they stand in
 *
 * Return: NULL when answer, cursor, error and fields are the same, else what
 * is not.
 */
const char *frames_differ(const u8 *p, u32 len, u8 pkt);

#endif /* SHIM_FRAMES_H */
