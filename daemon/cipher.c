// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ciphers: their names in quicd.conf, in GnuTLS and in the kernel ABI.
 *
 * One row each, most wanted first. What is offered are the rows that ciphers= in
 * the configuration names (default: all), that the kernel says it has, and that
 * the socket asks for.
 */
#include <stdio.h>
#include <string.h>

#include <linux/quic_hs.h>
#include <linux/tls.h>

#include "cipher.h"

static const struct {
	const char *name;		/* in quicd.conf */
	const char *priority;		/* in a GnuTLS priority string */
	gnutls_cipher_algorithm_t algorithm;
	uint32_t number;		/* in the kernel ABI */
} rows[CIPHERS] = {
	{ "aes128-gcm", "AES-128-GCM", GNUTLS_CIPHER_AES_128_GCM,
	  TLS_CIPHER_AES_GCM_128 },
	{ "aes256-gcm", "AES-256-GCM", GNUTLS_CIPHER_AES_256_GCM,
	  TLS_CIPHER_AES_GCM_256 },
	{ "chacha20-poly1305", "CHACHA20-POLY1305",
	  GNUTLS_CIPHER_CHACHA20_POLY1305, TLS_CIPHER_CHACHA20_POLY1305 },
};

/**
 * cipher_by_name - find a cipher as quicd.conf names it
 * @name: not necessarily NUL terminated
 * @len: its length
 *
 * Return: row number or CIPHER_NONE.
 */
int cipher_by_name(const char *name, size_t len)
{
	for (int i = 0; i < CIPHERS; i++) {
		if (strlen(rows[i].name) == len &&
		    !memcmp(rows[i].name, name, len))
			return i;
	}
	return CIPHER_NONE;
}

/**
 * cipher_by_number - find a cipher as the kernel numbers it
 * @number: TLS_CIPHER_*
 *
 * Return: row number or CIPHER_NONE.
 */
int cipher_by_number(uint32_t number)
{
	for (int i = 0; i < CIPHERS; i++) {
		if (rows[i].number == number)
			return i;
	}
	return CIPHER_NONE;
}

/**
 * cipher_mask - the rows that the kernel has
 * @bits: QUIC_HS_A_CIPHERS
 *
 * Return: bit n for row n.
 */
unsigned int cipher_mask(uint32_t bits)
{
	unsigned int mask = 0;

	for (int i = 0; i < CIPHERS; i++) {
		if (bits & QUIC_HS_CIPHER_BIT(rows[i].number))
			mask |= 1U << i;
	}
	return mask;
}

/**
 * cipher_number - the kernel's number of a GnuTLS cipher
 * @algorithm: as GnuTLS has it
 *
 * Return: TLS_CIPHER_*, or 0 for one that we never offer.
 */
uint32_t cipher_number(gnutls_cipher_algorithm_t algorithm)
{
	for (int i = 0; i < CIPHERS; i++) {
		if (rows[i].algorithm == algorithm)
			return rows[i].number;
	}
	return 0;
}

/**
 * cipher_priority - make the GnuTLS priorities for a set of ciphers
 * @mask: bit n for row n, not empty
 * @priority: receives them; gnutls_priority_deinit() frees
 *
 * TLS 1.3 only (RFC 9001 4.2), without its middlebox compatibility mode, which
 * QUIC forbids (RFC 9001 8.4). Elliptic curves only, fast ones first: with
 * FFDHE8192 one Initial of a stranger would buy 100 ms of our CPU.
 *
 * Return: 0 or GNUTLS_E_*.
 */
int cipher_priority(unsigned int mask, gnutls_priority_t *priority)
{
	char s[320];
	int n;

	n = snprintf(s, sizeof(s), "NORMAL:-VERS-ALL:+VERS-TLS1.3:"
		     "%%DISABLE_TLS13_COMPAT_MODE:-GROUP-ALL:+GROUP-X25519:"
		     "+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1:"
		     "-CIPHER-ALL");
	for (int i = 0; i < CIPHERS; i++) {
		if (mask & 1U << i)
			n += snprintf(s + n, sizeof(s) - (size_t)n, ":+%s",
				      rows[i].priority);
	}
	return gnutls_priority_init(priority, s, NULL);
}
