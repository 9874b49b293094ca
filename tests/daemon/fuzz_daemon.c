// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target (libFuzzer): one input is first a message of the kernel, then,
 * cut at its first byte, CRYPTO bytes for a fresh server engine.
 *
 *	make -C daemon fuzz O=... && $O/fuzz_daemon -max_total_time=60
 */
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <urcu.h>

#include "engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config *cfg;

static void fuzz_wire(const uint8_t *data, size_t size)
{
	struct hs_msg *msg = calloc(1, sizeof(*msg));
	void *copy = malloc(size + 1);	/* aligned, as from the socket */

	memcpy(copy, data, size);
	if (!wire_parse(copy, size, msg) && !msg->id)
		abort();
	wire_start_clear(&msg->start);
	free(copy);
	free(msg);
}

static void fuzz_engine(const uint8_t *data, size_t size)
{
	static struct flight out;
	struct hs_start s = { .role = QUIC_HS_ROLE_SERVER, .n_listeners = 1 };
	size_t first = data[0] < size - 1 ? data[0] : size - 1;
	enum engine_state state;
	struct engine *e;

	s.listener = calloc(1, sizeof(*s.listener));
	strcpy(s.listener->alpn, "h3");
	urcu_ref_get(&cfg->ref);
	e = engine_new(&s, cfg);
	state = engine_begin(e, &out);
	flight_reset(&out);
	if (state == ENGINE_RUNNING && first)
		state = engine_crypto(e, QUIC_CRYPTO_INITIAL, data + 1, first,
				      &out);
	flight_reset(&out);
	if (state == ENGINE_RUNNING && size - 1 > first)
		state = engine_crypto(e, QUIC_CRYPTO_INITIAL, data + 1 + first,
				      size - 1 - first, &out);
	if (state == ENGINE_DONE)
		abort();
	flight_reset(&out);
	engine_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[CONFIG_ERROR_MAX];

	if (!cfg) {
		rcu_register_thread();
		cfg = config_load("/nonexistent", true, error);
	}
	if (!size)
		return 0;
	fuzz_wire(data, size);
	fuzz_engine(data, size);
	return 0;
}
