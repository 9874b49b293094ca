/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_FLIGHT_H
#define QUICD_FLIGHT_H

#include "common.h"

#define FLIGHT_ACTIONS 48	/* a 255 KiB chain fits, split in CRYPTO_MAX */
#define FLIGHT_NO_ALERT (-1)

/**
 * struct action - one step that the kernel is to carry out
 * @type: enum quic_hs_action; says which of the others are meaningful
 * @level: CRYPTO, SECRET: enum quic_crypto_level
 * @send: SECRET: 1 for what we send
 * @cipher: SECRET: TLS_CIPHER_*
 * @listener: SELECT: QUIC_HS_L_ID
 * @version: SELECT: QUIC version to go on with, 0 for the client's
 * @error: FAIL: a positive errno
 * @alert: FAIL: TLS alert or FLIGHT_NO_ALERT
 * @data: CRYPTO, SECRET, PEER_PARAMS (TPARAMS), DONE (CHAIN); owned, zeroised
 * @len: bytes used of @data
 * @cap: bytes allocated at @data
 * @text: DONE: the ALPN; FAIL: a line for a person
 */
struct action {
	uint32_t type;
	uint32_t level;
	uint32_t send;
	uint32_t cipher;
	uint32_t listener;
	uint32_t version;
	uint32_t error;
	int alert;
	uint8_t *data;
	size_t len;
	size_t cap;
	char text[QUIC_HS_TEXT_MAX + 1];
};

/**
 * struct flight - the actions that one input caused, in order
 * @action: the first @n are in use
 * @n: how many
 * @broken: an action was lost (no memory, no room): must not be sent as it is
 */
struct flight {
	struct action action[FLIGHT_ACTIONS];
	unsigned int n;
	bool broken;
};

void flight_select(struct flight *f, uint32_t listener, uint32_t version);
void flight_crypto(struct flight *f, uint32_t level, const void *data,
		   size_t len);
void flight_secret(struct flight *f, uint32_t level, bool send,
		   uint32_t cipher, const void *secret, size_t len);
void flight_peer_params(struct flight *f, const void *data, size_t len);
void flight_done(struct flight *f, const char *alpn, const void *chain,
		 size_t len);
void flight_fail(struct flight *f, int error, int alert, const char *text);
void flight_reset(struct flight *f);

#endif /* QUICD_FLIGHT_H */
