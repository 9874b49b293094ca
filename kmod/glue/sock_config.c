// SPDX-License-Identifier: GPL-2.0
/*
 * What a socket's user configures before there is a connection: defaults, the
 * copy that a listener's child gets, and the end of it.
 *
 * Credentials are secrets: they are zeroised when freed and never read back.
 */
#include <linux/mm.h>

#include "glue.h"

/* Windows until autotuning decides: 10 Gbit/s over 3 ms, 1 Gbit/s over 30 ms. */
#define DEFAULT_STREAM_WINDOW	(4U << 20)
#define DEFAULT_CONN_WINDOW	(6U << 20)
#define DEFAULT_STREAMS		100
#define DEFAULT_IDLE_MS		30000
#define DEFAULT_HANDSHAKE_MS	10000
#define DEFAULT_DGRAM_SEND	256	/* a sender in real time wants no long queue */
#define DEFAULT_DGRAM_RECV	1024	/* 1 ms of 10 Gbit/s */

/**
 * quic_config_init - defaults (SOCKET-API 2.4, 2.5 and 11.1)
 * @cfg: to be filled
 */
void quic_config_init(struct quic_sock_config *cfg)
{
	struct quic_tparams *tp = &cfg->tp;

	memset(cfg, 0, sizeof(*cfg));
	quic_tparams_init(tp);
	tp->max_idle_timeout = DEFAULT_IDLE_MS;
	tp->initial_max_data = DEFAULT_CONN_WINDOW;
	tp->initial_max_stream_data_bidi_local = DEFAULT_STREAM_WINDOW;
	tp->initial_max_stream_data_bidi_remote = DEFAULT_STREAM_WINDOW;
	tp->initial_max_stream_data_uni = DEFAULT_STREAM_WINDOW;
	tp->initial_max_streams_bidi = DEFAULT_STREAMS;
	tp->initial_max_streams_uni = DEFAULT_STREAMS;
	tp->active_connection_id_limit = QUIC_REMOTE_CIDS;
	tp->grease_quic_bit = true;
	cfg->version = QUIC_VERSION_V1;
	cfg->cc_algo = QUIC_CONG_ALG_CUBIC;
	cfg->handshake_timeout_ms = DEFAULT_HANDSHAKE_MS;
	cfg->pmtud = 1;
	cfg->dgram_send_queue = DEFAULT_DGRAM_SEND;
	cfg->dgram_recv_queue = DEFAULT_DGRAM_RECV;
}

/**
 * quic_config_windows_tuned - may receive windows grow by themselves?
 * @cfg: configuration
 * Return: yes: the user has not chosen their sizes.
 */
bool quic_config_windows_tuned(const struct quic_sock_config *cfg)
{
	const struct quic_tparams *tp = &cfg->tp;

	return tp->initial_max_data == DEFAULT_CONN_WINDOW &&
	       tp->initial_max_stream_data_bidi_local == DEFAULT_STREAM_WINDOW &&
	       tp->initial_max_stream_data_bidi_remote == DEFAULT_STREAM_WINDOW &&
	       tp->initial_max_stream_data_uni == DEFAULT_STREAM_WINDOW;
}

static void *config_dup(const void *src, size_t len)
{
	void *p = quic_may_fail(QUIC_FAIL_CONFIG, kvmalloc(len, GFP_KERNEL));

	return p ? memcpy(p, src, len) : NULL;
}

/**
 * quic_config_copy - a copy that owns its memory
 * @dst: empty: fresh from quic_config_init()
 * @src: not changing meanwhile: a listener's never does
 * Context: process, may sleep. Return: 0 or -ENOMEM, then @dst is as before.
 */
int quic_config_copy(struct quic_sock_config *dst, const struct quic_sock_config *src)
{
	u8 (*pins)[QUIC_PIN_SIZE] = NULL;
	u8 *cred = NULL;

	if (src->credential_len) {
		cred = config_dup(src->credential, src->credential_len);
		if (!cred)
			return -ENOMEM;
	}
	if (src->n_pins) {
		pins = config_dup(src->pins, src->n_pins * sizeof(*pins));
		if (!pins) {
			kvfree_sensitive(cred, src->credential_len);
			return -ENOMEM;
		}
	}
	*dst = *src;
	dst->credential = cred;
	dst->pins = pins;
	return 0;
}

/**
 * quic_config_free - release what a configuration owns
 * @cfg: afterwards without credential and pins
 * Context: any.
 */
void quic_config_free(struct quic_sock_config *cfg)
{
	kvfree_sensitive(cfg->credential, cfg->credential_len);
	cfg->credential = NULL;
	cfg->credential_len = 0;
	kvfree(cfg->pins);
	cfg->pins = NULL;
	cfg->n_pins = 0;
}
