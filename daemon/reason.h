/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_REASON_H
#define QUICD_REASON_H

#include "flight.h"

/*
 * enum reason - why a handshake ends; reason.c has a row for each
 */
enum reason {
	REASON_NONE,
	/* the peer's certificate */
	REASON_CERT_NONE,
	REASON_CERT_BAD,
	REASON_CERT_REVOKED,
	REASON_CERT_UNTRUSTED,
	REASON_CERT_WEAK,
	REASON_CERT_EXPIRED,
	REASON_CERT_NOT_YET,
	REASON_CERT_PURPOSE,
	REASON_CERT_NAME,
	REASON_CERT_PIN,
	/* what this machine was asked to do */
	REASON_NO_NAME,
	REASON_NO_PIN,
	REASON_VERIFY_MODE,
	REASON_CIPHER,
	REASON_ALPN_LIST,
	REASON_CREDENTIAL,
	REASON_NO_PROFILE,
	REASON_NO_KEY,
	REASON_NOT_ALLOWED,
	REASON_TRUST_STORE,
	/* what the two sides could not agree on */
	REASON_NO_ALPN,
	REASON_ALPN_NOT_CHOSEN,
	REASON_ALPN_FOREIGN,
	REASON_SNI,
	REASON_NO_PARAMS,
	REASON_PARAMS_LONG,
	REASON_HELLO,
	REASON_TLS,
	/* quicd itself */
	REASON_TIMEOUT,
	REASON_MALFORMED,
	REASON_REJECTED,
	REASON_MEMORY,

	REASON_COUNT
};

int reason_errno(enum reason r);
int reason_alert(enum reason r);
enum reason reason_from_gnutls(int code);
void reason_format(enum reason r, int alert, const char *detail, char *text,
		   size_t len);
void reason_fail(struct flight *f, enum reason r, int alert,
		 const char *detail);

#endif /* QUICD_REASON_H */
