/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_VERIFY_H
#define QUICD_VERIFY_H

#include "config.h"
#include "reason.h"
#include "wire.h"

#define VERIFY_DETAIL_MAX 96

/**
 * struct verify_args - what to hold against the peer's chain
 * @trust: CAs
 * @name: DNS name or IP address it must be for, NULL: any
 * @pin: if @n_pins, the leaf's key must be one of these and nothing else counts
 * @n_pins: how many
 * @client: the chain is a client's
 */
struct verify_args {
	gnutls_x509_trust_list_t trust;
	const char *name;
	const uint8_t (*pin)[WIRE_PIN_LEN];
	unsigned int n_pins;
	bool client;
};

enum reason verify_peer(gnutls_session_t session, const struct verify_args *a,
			char *detail);
size_t verify_ip(const char *name, uint8_t ip[16]);

#endif /* QUICD_VERIFY_H */
