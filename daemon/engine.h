/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_ENGINE_H
#define QUICD_ENGINE_H

#include "config.h"
#include "flight.h"
#include "reason.h"
#include "wire.h"

struct engine;

/**
 * enum engine_state - how far a handshake is
 * @ENGINE_RUNNING: wants CRYPTO
 * @ENGINE_DONE: a DONE was emitted
 * @ENGINE_FAILED: a FAIL was emitted
 */
enum engine_state {
	ENGINE_RUNNING,
	ENGINE_DONE,
	ENGINE_FAILED,
};

struct engine *engine_new(struct hs_start *start, struct config *cfg);
enum engine_state engine_begin(struct engine *e, struct flight *out);
enum engine_state engine_crypto(struct engine *e, uint32_t level,
				const void *data, size_t len,
				struct flight *out);
void engine_free(struct engine *e);

#endif /* QUICD_ENGINE_H */
