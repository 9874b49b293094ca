// SPDX-License-Identifier: GPL-2.0
/*
 * Names for transport error codes.
 *
 * Both tables, RFC 9000's errors and TLS's alerts, are lists in defs_error.h;
 * here they only become two switches. Nothing in the core acts on a name.
 */
#include "types.h"
#include "defs_error.h"

static const char *quic_alert_name(u8 alert)
{
	switch (alert) {
#define X(value, text) case value: return "TLS alert: " text;
	QUIC_TLS_ALERTS(X)
#undef X
	default:
		return "TLS alert";
	}
}

const char *quic_error_name(unsigned long long code)
{
	if (code >> 8 == QUIC_TRANSPORT_ERROR_CRYPTO >> 8)
		return quic_alert_name(code & 0xff);
	switch (code) {
#define X(name, text) case QUIC_TRANSPORT_ERROR_##name: return text;
	QUIC_ERRORS(X)
#undef X
	default:
		return "unknown error";
	}
}
