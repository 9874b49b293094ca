// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A flight: the list of actions that one input caused.
 *
 * The engine appends, the encoder (wire.c) reads, nobody reorders: the order
 * of the calls is the order in which the kernel acts. Adjacent CRYPTO bytes of
 * one level join in one action up to QUIC_HS_CRYPTO_MAX and then continue in
 * the next, so that a flight of handshake messages costs one attribute.
 *
 * Invariants: bytes are copies, owned by the flight and zeroised before they
 * are freed or moved. Appending never fails visibly; what could not be kept
 * sets @broken, and the owner then sends a FAIL in place of the flight.
 * flight_fail() after flight_reset() needs no memory, hence always works.
 *
 * Not here: netlink, and any judgement of whether the order makes sense.
 */
#include <stdlib.h>
#include <string.h>

#include "flight.h"

static struct action *append(struct flight *f, uint32_t type)
{
	struct action *a;

	if (f->n == FLIGHT_ACTIONS) {
		f->broken = true;
		return NULL;
	}
	a = &f->action[f->n++];
	memset(a, 0, sizeof(*a));
	a->type = type;
	a->alert = FLIGHT_NO_ALERT;
	return a;
}

/* realloc() would leave the old bytes, perhaps secret, in freed memory. */
static bool grow(struct action *a, size_t cap)
{
	uint8_t *data = malloc(cap);

	if (!data)
		return false;
	if (a->len)
		memcpy(data, a->data, a->len);
	if (a->data)
		explicit_bzero(a->data, a->cap);
	free(a->data);
	a->data = data;
	a->cap = cap;
	return true;
}

static void put(struct flight *f, struct action *a, const void *data,
		size_t len)
{
	if (!len)
		return;
	if (a->len + len > a->cap && !grow(a, (a->len + len) * 2)) {
		f->broken = true;
		return;
	}
	memcpy(a->data + a->len, data, len);
	a->len += len;
}

/**
 * flight_select - say which listener serves this handshake
 * @f: flight
 * @listener: QUIC_HS_L_ID
 * @version: QUIC version to go on with, 0: the client's
 */
void flight_select(struct flight *f, uint32_t listener, uint32_t version)
{
	struct action *a = append(f, QUIC_HS_ACTION_SELECT);

	if (a) {
		a->listener = listener;
		a->version = version;
	}
}

/**
 * flight_crypto - send TLS bytes
 * @f: flight
 * @level: enum quic_crypto_level
 * @data: bytes, copied
 * @len: how many; more than QUIC_HS_CRYPTO_MAX make several actions
 */
void flight_crypto(struct flight *f, uint32_t level, const void *data,
		   size_t len)
{
	const uint8_t *p = data;

	while (len && !f->broken) {
		struct action *a = f->n ? &f->action[f->n - 1] : NULL;
		size_t room;

		if (!a || a->type != QUIC_HS_ACTION_CRYPTO ||
		    a->level != level || a->len == QUIC_HS_CRYPTO_MAX) {
			a = append(f, QUIC_HS_ACTION_CRYPTO);
			if (!a)
				return;
			a->level = level;
		}
		room = QUIC_HS_CRYPTO_MAX - a->len;
		if (room > len)
			room = len;
		put(f, a, p, room);
		p += room;
		len -= room;
	}
}

/**
 * flight_secret - install a traffic secret
 * @f: flight
 * @level: HANDSHAKE or APP
 * @send: it protects what we send
 * @cipher: TLS_CIPHER_*
 * @secret: bytes, copied
 * @len: of the cipher's hash
 */
void flight_secret(struct flight *f, uint32_t level, bool send,
		   uint32_t cipher, const void *secret, size_t len)
{
	struct action *a = append(f, QUIC_HS_ACTION_SECRET);

	if (!a)
		return;
	a->level = level;
	a->send = send;
	a->cipher = cipher;
	put(f, a, secret, len);
}

/**
 * flight_peer_params - report the peer's transport parameters
 * @f: flight
 * @data: body of TLS extension 0x39 (RFC 9001 8.2), copied
 * @len: its length, 0 is legal
 */
void flight_peer_params(struct flight *f, const void *data, size_t len)
{
	struct action *a = append(f, QUIC_HS_ACTION_PEER_PARAMS);

	if (a)
		put(f, a, data, len);
}

/**
 * flight_done - TLS is complete (RFC 9001 4.1.1)
 * @f: flight
 * @alpn: the protocol agreed on, "" for none
 * @chain: QUIC_HS_ACT_CHAIN, may be empty
 * @len: its length
 */
void flight_done(struct flight *f, const char *alpn, const void *chain,
		 size_t len)
{
	struct action *a = append(f, QUIC_HS_ACTION_DONE);

	if (!a)
		return;
	copy_text(a->text, sizeof(a->text), alpn);
	put(f, a, chain, len);
}

/**
 * flight_fail - the handshake ends here
 * @f: flight
 * @error: positive errno
 * @alert: TLS alert to send, or FLIGHT_NO_ALERT
 * @text: a line for a person, cut at QUIC_HS_TEXT_MAX
 */
void flight_fail(struct flight *f, int error, int alert, const char *text)
{
	struct action *a = append(f, QUIC_HS_ACTION_FAIL);

	if (!a)
		return;
	a->error = (uint32_t)error;
	a->alert = alert;
	copy_text(a->text, sizeof(a->text), text);
}

/**
 * flight_reset - zeroise, free and empty
 * @f: flight, may be used again
 */
void flight_reset(struct flight *f)
{
	for (unsigned int i = 0; i < f->n; i++) {
		struct action *a = &f->action[i];

		if (a->data)
			explicit_bzero(a->data, a->cap);
		free(a->data);
	}
	f->n = 0;
	f->broken = false;
}
