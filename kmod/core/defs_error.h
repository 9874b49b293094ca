/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one list of transport error codes (RFC 9000 20.1, RFC 9368 10.2), by the
 * suffix of their QUIC_TRANSPORT_ERROR_ name in the uapi header: X(name, text).
 */
#ifndef QUIC_CORE_DEFS_ERROR_H
#define QUIC_CORE_DEFS_ERROR_H

#define QUIC_ERRORS(X) \
	X(NONE,				"no error") \
	X(INTERNAL,			"internal error") \
	X(CONNECTION_REFUSED,		"connection refused") \
	X(FLOW_CONTROL,			"flow control limit exceeded") \
	X(STREAM_LIMIT,			"stream limit exceeded") \
	X(STREAM_STATE,			"frame in a wrong stream state") \
	X(FINAL_SIZE,			"final size changed") \
	X(FRAME_ENCODING,		"frame encoding error") \
	X(TRANSPORT_PARAM,		"transport parameter error") \
	X(CONNECTION_ID_LIMIT,		"too many connection IDs") \
	X(PROTOCOL_VIOLATION,		"protocol violation") \
	X(INVALID_TOKEN,		"invalid token") \
	X(APPLICATION,			"application error") \
	X(CRYPTO_BUF_EXCEEDED,		"CRYPTO buffer exceeded") \
	X(KEY_UPDATE,			"key update error") \
	X(AEAD_LIMIT_REACHED,		"AEAD limit reached") \
	X(NO_VIABLE_PATH,		"no viable path") \
	X(VERSION_NEGOTIATION,		"version negotiation error")

/* TLS alerts (RFC 8446 6.2): X(value, text); CRYPTO_ERROR is 0x100 + value. */
#define QUIC_TLS_ALERTS(X) \
	X(0,	"close notify") \
	X(10,	"unexpected message") \
	X(20,	"bad record MAC") \
	X(22,	"record overflow") \
	X(40,	"handshake failure") \
	X(42,	"bad certificate") \
	X(43,	"unsupported certificate") \
	X(44,	"certificate revoked") \
	X(45,	"certificate expired") \
	X(46,	"certificate unknown") \
	X(47,	"illegal parameter") \
	X(48,	"unknown CA") \
	X(49,	"access denied") \
	X(50,	"decode error") \
	X(51,	"decrypt error") \
	X(70,	"protocol version") \
	X(71,	"insufficient security") \
	X(80,	"internal error") \
	X(86,	"inappropriate fallback") \
	X(90,	"user canceled") \
	X(109,	"missing extension") \
	X(110,	"unsupported extension") \
	X(112,	"unrecognized name") \
	X(113,	"bad certificate status response") \
	X(115,	"unknown PSK identity") \
	X(116,	"certificate required") \
	X(120,	"no application protocol")

/**
 * quic_error_name - text for a transport error code
 * @code: any value; 0x100 to 0x1ff are TLS alerts
 *
 * Return: static text, never NULL.
 */
const char *quic_error_name(unsigned long long code);

#endif /* QUIC_CORE_DEFS_ERROR_H */
