/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_WIRE_H
#define QUICD_WIRE_H

#include <netinet/in.h>

#include "common.h"
#include "flight.h"

struct nl_msg;

#define WIRE_LISTENERS_MAX	64	/* in one START; more are an error */
#define WIRE_PINS_MAX		32
#define WIRE_PIN_LEN		32	/* SHA-256 */
#define WIRE_SNI_MAX		1024	/* of one listener's pattern list */

/**
 * struct tparams - encoded transport parameters
 * @len: bytes in use
 * @data: body of TLS extension 0x39
 */
struct tparams {
	size_t len;
	uint8_t data[QUIC_HS_TPARAMS_MAX];
};

/**
 * struct hs_listener - a listener that may serve a new connection
 * @id: QUIC_HS_L_ID
 * @uid: whose it is
 * @cert_request: 0 no client certificate, 1 asked, 2 required
 * @cipher: the only one allowed, 0 for any
 * @alpn: comma separated, "" serves clients that offer none
 * @sni: comma separated patterns, "" serves any name
 * @profile: credential profile, "" for the default
 * @tparams: to be sent if it is selected
 * @version: that it would rather go on with, 0 for none
 * @version_tparams: to be sent then
 */
struct hs_listener {
	uint32_t id;
	uint32_t uid;
	uint32_t cert_request;
	uint32_t cipher;
	char alpn[QUIC_HS_ALPN_MAX + 1];
	char sni[WIRE_SNI_MAX + 1];
	char profile[QUIC_HS_PROFILE_MAX + 1];
	struct tparams tparams;
	uint32_t version;
	struct tparams version_tparams;
};

/**
 * struct hs_start - what START says; self-contained, outlives the message
 * @role: enum quic_hs_role
 * @version: QUIC version
 * @uid: user of the socket
 * @gid: its group
 * @netns: cookie of its network namespace
 * @timeout_ms: when the kernel gives up
 * @ciphers: those the kernel has, QUIC_HS_CIPHER_BIT()
 * @cipher: client: the only one allowed, 0 for any
 * @verify: enum quic_verify
 * @server_name: client: "" for none
 * @alpn: client: "" for none
 * @profile: client: "" for the default
 * @tparams: client: ours
 * @pin: client: accepted keys, SHA-256 of their SPKI
 * @n_pins: how many
 * @credential: client: chain and key, owned, zeroised; NULL for none
 * @credential_len: its length
 * @peer: server: the client's address, for the log
 * @listener: server: candidates, owned
 * @n_listeners: how many
 */
struct hs_start {
	uint32_t role;
	uint32_t version;
	uint32_t uid;
	uint32_t gid;
	uint64_t netns;
	uint32_t timeout_ms;
	uint32_t ciphers;
	uint32_t cipher;
	uint32_t verify;
	char server_name[QUIC_HS_NAME_MAX + 1];
	char alpn[QUIC_HS_ALPN_MAX + 1];
	char profile[QUIC_HS_PROFILE_MAX + 1];
	struct tparams tparams;
	uint8_t pin[WIRE_PINS_MAX][WIRE_PIN_LEN];
	unsigned int n_pins;
	uint8_t *credential;
	size_t credential_len;
	struct sockaddr_in6 peer;	/* or a struct sockaddr_in */
	struct hs_listener *listener;
	unsigned int n_listeners;
};

/**
 * struct hs_msg - one message of the kernel
 * @cmd: enum quic_hs_cmd
 * @id: which handshake; 0 if the message did not say, even when malformed
 * @level: CRYPTO: enum quic_crypto_level
 * @crypto: CRYPTO: bytes, inside the message parsed
 * @start: START
 */
struct hs_msg {
	uint8_t cmd;
	uint64_t id;
	uint32_t level;
	struct blob crypto;
	struct hs_start start;
};

int wire_parse(const void *genl, size_t len, struct hs_msg *msg);
void wire_start_clear(struct hs_start *start);

struct nl_msg *wire_encode_register(uint16_t family, uint32_t seq);
struct nl_msg *wire_encode_flight(uint16_t family, uint32_t seq, uint64_t id,
				  const struct flight *f);
void wire_free(struct nl_msg *msg);

#endif /* QUICD_WIRE_H */
