/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What engine.c and engine_setup.c share and nobody else sees.
 */
#ifndef QUICD_ENGINE_INT_H
#define QUICD_ENGINE_INT_H

#include "engine.h"
#include "verify.h"

/**
 * struct engine - a handshake
 * @start: what the kernel asked for
 * @cfg: the configuration it runs under, one reference
 * @session: GnuTLS's part
 * @own: credentials that START brought; unused if @own.cert is NULL
 * @creds: those in use: @own's or a profile's; NULL on a server before SELECT
 * @trust: who may sign the peer's certificate; NULL unless verified by chain
 * @listener: server: the one selected
 * @version: server: QUIC version to go on with, 0 for the client's
 * @tparams: ours, from START or from the listener
 * @out: where callbacks append; only valid during a call
 * @state: how far
 * @reason: why it fails, the first one found
 * @alert: overrides the row's alert, or FLIGHT_NO_ALERT
 * @detail: for @reason
 * @peer_params: PEER_PARAMS was emitted
 */
struct engine {
	struct hs_start start;
	struct config *cfg;
	gnutls_session_t session;
	struct creds own;
	const struct creds *creds;
	gnutls_x509_trust_list_t trust;
	const struct hs_listener *listener;
	uint32_t version;
	const struct tparams *tparams;
	struct flight *out;
	enum engine_state state;
	enum reason reason;
	int alert;
	char detail[VERIFY_DETAIL_MAX];
	bool peer_params;
};

static inline bool engine_is_server(const struct engine *e)
{
	return e->start.role == QUIC_HS_ROLE_SERVER;
}

int engine_note(struct engine *e, enum reason r, const char *detail);
int engine_setup_ciphers(struct engine *e, uint32_t number);
void engine_setup_defaults(struct engine *e);
int engine_setup_client(struct engine *e);
int engine_setup_listener(struct engine *e, const struct blob *alpn);

#endif /* QUICD_ENGINE_INT_H */
