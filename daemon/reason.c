// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why a handshake fails: errno, TLS alert, words and cure, once each.
 *
 * One table holds what SOCKET-API.md 11.2 decides. Code elsewhere names a row
 * and may add a detail (a name, a date); the text that a person reads from
 * QUIC_SOCKOPT_REASON is put together here and nowhere else:
 *
 *	what: detail (checked by quicd, TLS alert 42 bad_certificate); cure
 *
 * Failures that arise inside GnuTLS are mapped by a second table; what that
 * one does not know is REASON_TLS with GnuTLS's own words and alert.
 *
 * Not here: the peer's alerts. They reach the kernel as CONNECTION_CLOSE.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <gnutls/gnutls.h>

#include "reason.h"

/* GnuTLS has names only for the alerts it knew when it was built. */
#define ALERT_NONE FLIGHT_NO_ALERT

static const struct {
	int error;
	int alert;
	const char *what;
	const char *cure;	/* NULL: nothing that a person could do here */
} rows[REASON_COUNT] = {
	[REASON_NONE] = { EPROTO, GNUTLS_A_INTERNAL_ERROR,
		"no reason given", NULL },

	[REASON_CERT_NONE] = { EKEYREJECTED, GNUTLS_A_CERTIFICATE_REQUIRED,
		"the peer presented no certificate", NULL },
	[REASON_CERT_BAD] = { EKEYREJECTED, GNUTLS_A_BAD_CERTIFICATE,
		"the peer's certificate cannot be used", NULL },
	[REASON_CERT_REVOKED] = { EKEYREJECTED, GNUTLS_A_CERTIFICATE_REVOKED,
		"the peer's certificate was revoked", NULL },
	[REASON_CERT_UNTRUSTED] = { EKEYREJECTED, GNUTLS_A_UNKNOWN_CA,
		"the peer's certificate leads to no trusted CA",
		"if you trust it, name its CA with ca= in quicd.conf" },
	[REASON_CERT_WEAK] = { EKEYREJECTED, GNUTLS_A_INSUFFICIENT_SECURITY,
		"the peer's certificate uses a weak algorithm", NULL },
	[REASON_CERT_EXPIRED] = { EKEYEXPIRED, GNUTLS_A_CERTIFICATE_EXPIRED,
		"the peer's certificate has expired",
		"the peer must renew it, or this machine's clock is wrong" },
	[REASON_CERT_NOT_YET] = { EKEYEXPIRED, GNUTLS_A_CERTIFICATE_EXPIRED,
		"the peer's certificate is not valid yet",
		"check this machine's clock" },
	[REASON_CERT_PURPOSE] = { EKEYREJECTED,
		GNUTLS_A_UNSUPPORTED_CERTIFICATE,
		"the peer's certificate was issued for another purpose", NULL },
	[REASON_CERT_NAME] = { EKEYREJECTED, GNUTLS_A_BAD_CERTIFICATE,
		"the peer's certificate is for another name",
		"ask for a name it holds (QUIC_SOCKOPT_SERVER_NAME)" },
	[REASON_CERT_PIN] = { EKEYREJECTED, GNUTLS_A_BAD_CERTIFICATE,
		"the peer's key is none of those pinned",
		"if it was renewed, pin it (QUIC_SOCKOPT_PIN)" },

	[REASON_NO_NAME] = { EKEYREJECTED, ALERT_NONE,
		"no server name to verify",
		"set QUIC_SOCKOPT_SERVER_NAME, or QUIC_VERIFY_NONE" },
	[REASON_NO_PIN] = { EINVAL, ALERT_NONE,
		"verification is by pin, but none is set",
		"set QUIC_SOCKOPT_PIN" },
	[REASON_VERIFY_MODE] = { EOPNOTSUPP, ALERT_NONE,
		"this verification mode is not supported by this quicd",
		"use QUIC_VERIFY_PROFILE, _SYSTEM, _PINNED or _NONE" },
	[REASON_CIPHER] = { EOPNOTSUPP, ALERT_NONE,
		"the cipher asked for is not enabled, or the kernel lacks it",
		"see ciphers= in quicd.conf, and dmesg" },
	[REASON_ALPN_LIST] = { EINVAL, ALERT_NONE,
		"the ALPN list is malformed",
		"separate names by single commas (QUIC_SOCKOPT_ALPN)" },
	[REASON_CREDENTIAL] = { EINVAL, ALERT_NONE,
		"the certificate and key given cannot be used",
		"QUIC_SOCKOPT_CREDENTIAL takes a chain and its key" },
	[REASON_NO_PROFILE] = { ENOKEY, GNUTLS_A_INTERNAL_ERROR,
		"no such credential profile",
		"add its section to quicd.conf and reload quicd" },
	[REASON_NO_KEY] = { ENOKEY, GNUTLS_A_INTERNAL_ERROR,
		"this server has no certificate in its profile",
		"set cert= and key= in quicd.conf and reload quicd" },
	[REASON_NOT_ALLOWED] = { EACCES, GNUTLS_A_ACCESS_DENIED,
		"this user may not use the credential profile",
		"see allow_uid= in quicd.conf" },
	[REASON_TRUST_STORE] = { ENOKEY, ALERT_NONE,
		"the system trust store cannot be read",
		"install ca-certificates, or set ca= in quicd.conf" },

	[REASON_NO_ALPN] = { EPROTONOSUPPORT,
		GNUTLS_A_NO_APPLICATION_PROTOCOL,
		"no listener speaks an ALPN that the client offers", NULL },
	[REASON_ALPN_NOT_CHOSEN] = { EPROTONOSUPPORT,
		GNUTLS_A_NO_APPLICATION_PROTOCOL,
		"the server chose none of the ALPNs offered", NULL },
	[REASON_ALPN_FOREIGN] = { EPROTO, GNUTLS_A_ILLEGAL_PARAMETER,
		"the server chose an ALPN that was not offered", NULL },
	[REASON_SNI] = { ENOKEY, GNUTLS_A_UNRECOGNIZED_NAME,
		"no listener serves the name that the client asks for", NULL },
	[REASON_NO_PARAMS] = { EPROTO, GNUTLS_A_MISSING_EXTENSION,
		"the peer sent no QUIC transport parameters", NULL },
	[REASON_PARAMS_LONG] = { EPROTO, GNUTLS_A_ILLEGAL_PARAMETER,
		"the peer's QUIC transport parameters are too long", NULL },
	[REASON_HELLO] = { EPROTO, GNUTLS_A_DECODE_ERROR,
		"the peer's hello is malformed", NULL },
	[REASON_TLS] = { EPROTO, GNUTLS_A_INTERNAL_ERROR,
		"the TLS handshake failed", NULL },

	[REASON_TIMEOUT] = { ETIMEDOUT, ALERT_NONE,
		"the handshake took too long", NULL },
	[REASON_MALFORMED] = { EPROTO, ALERT_NONE,
		"quicd does not understand the kernel's request",
		"install the quicd that came with this quicsock.ko" },
	[REASON_REJECTED] = { EPROTO, GNUTLS_A_INTERNAL_ERROR,
		"the kernel rejected quicd's answer",
		"install the quicd that came with this quicsock.ko" },
	[REASON_MEMORY] = { ENOMEM, GNUTLS_A_INTERNAL_ERROR,
		"quicd has no memory for this handshake", NULL },
};

static const struct {
	int code;
	enum reason reason;
} gnutls_rows[] = {
	{ GNUTLS_E_NO_APPLICATION_PROTOCOL,	REASON_NO_ALPN },
	{ GNUTLS_E_CERTIFICATE_REQUIRED,	REASON_CERT_NONE },
	{ GNUTLS_E_NO_CERTIFICATE_FOUND,	REASON_CERT_NONE },
	{ GNUTLS_E_CERTIFICATE_ERROR,		REASON_CERT_BAD },
	{ GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR, REASON_CERT_BAD },
	{ GNUTLS_E_MEMORY_ERROR,		REASON_MEMORY },
	{ GNUTLS_E_INSUFFICIENT_CREDENTIALS,	REASON_NO_KEY },
};

/**
 * reason_errno - the errno of a row
 * @r: row
 *
 * Return: a positive errno.
 */
int reason_errno(enum reason r)
{
	return rows[r].error;
}

/**
 * reason_alert - the alert of a row
 * @r: row
 *
 * Return: TLS alert, or FLIGHT_NO_ALERT if nothing is to be sent.
 */
int reason_alert(enum reason r)
{
	return rows[r].alert;
}

/**
 * reason_from_gnutls - the row for an error of gnutls_handshake()
 * @code: GNUTLS_E_*
 *
 * Return: a row; REASON_TLS for whatever the table does not know.
 */
enum reason reason_from_gnutls(int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(gnutls_rows); i++) {
		if (gnutls_rows[i].code == code)
			return gnutls_rows[i].reason;
	}
	return REASON_TLS;
}

/**
 * reason_format - put the line for a person together
 * @r: row
 * @alert: the alert that is sent, or FLIGHT_NO_ALERT
 * @detail: what is special about this case, "" or NULL for nothing
 * @text: receives the line
 * @len: its size
 */
void reason_format(enum reason r, int alert, const char *detail, char *text,
		   size_t len)
{
	const char *name = NULL;
	char sent[64] = "";

	if (alert != FLIGHT_NO_ALERT) {
		name = gnutls_alert_get_strname((gnutls_alert_description_t)alert);
		snprintf(sent, sizeof(sent), ", TLS alert %d%s%s", alert,
			 name ? " " : "", name ? name + strlen("GNUTLS_A_") : "");
	}
	snprintf(text, len, "%s%s%s (checked by quicd%s)%s%s", rows[r].what,
		 detail && *detail ? ": " : "", detail ? detail : "", sent,
		 rows[r].cure ? "; " : "", rows[r].cure ? rows[r].cure : "");
	/* names in it may be the peer's: no control characters, no newlines */
	for (; *text; text++) {
		if (*text < ' ' || *text > '~')
			*text = '?';
	}
}

/**
 * reason_fail - append the FAIL action of a row
 * @f: flight
 * @r: row
 * @alert: overrides the row's alert unless FLIGHT_NO_ALERT
 * @detail: what is special about this case, "" or NULL for nothing
 */
void reason_fail(struct flight *f, enum reason r, int alert,
		 const char *detail)
{
	char text[QUIC_HS_TEXT_MAX + 1];

	if (alert == FLIGHT_NO_ALERT)
		alert = rows[r].alert;
	reason_format(r, alert, detail, text, sizeof(text));
	flight_fail(f, rows[r].error, alert, text);
}
