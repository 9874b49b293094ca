/* SPDX-License-Identifier: GPL-2.0 */
/* Transport parameters: the body of TLS extension 0x39 (RFC 9000 18). */
#ifndef QUIC_CORE_TPARAM_H
#define QUIC_CORE_TPARAM_H

#include "types.h"
#include "varint.h"
#include "defs_tparam.h"
#include "version.h"

/*
 * struct quic_tparams - decoded parameters, fields named as in RFC 9000 18.2
 * @has_*: the parameter is present (connection IDs, reset token, preferred address,
 *	of which no more is kept, versions)
 * @one_version: ours, not on the wire: the connection keeps the version that it begins
 *	with
 */
struct quic_tparams {
#define X(field, id, def, min, max) u64 field;
	QUIC_TPARAMS_INT(X)
#undef X
#define X(field, id) bool field;
	QUIC_TPARAMS_FLAG(X)
#undef X
#define X(field, id, server) struct quic_cid field; bool has_##field;
	QUIC_TPARAMS_CID(X)
#undef X
	u8 stateless_reset_token[QUIC_RESET_TOKEN_LEN];
	bool has_stateless_reset_token;
	bool has_preferred_address;
	struct quic_version_info version_information;
	bool has_version_information;
	bool one_version;
};

/**
 * quic_tparams_init - set the defaults that absence means (RFC 9000 18.2)
 * @tp: parameters
 */
void quic_tparams_init(struct quic_tparams *tp);

/**
 * quic_tparams_encode - write the extension's body
 * @tp: parameters; integers that equal their default are left out
 * @server: also those that only a server sends
 * @grease: when not 0, also a reserved parameter 31 * N + 27 (RFC 9000 18.1)
 *	made from this value
 * @buf: destination
 * @len: its room
 *
 * Return: bytes written or -ENOSPC.
 */
int quic_tparams_encode(const struct quic_tparams *tp, bool server, u64 grease,
			u8 *buf, u32 len);

/**
 * quic_tparams_decode - parse what a peer sent
 * @tp: set to defaults first; complete on success only
 * @from_server: the peer is the server
 * @data: body of the extension
 * @len: its bytes
 * @err: TRANSPORT_PARAMETER_ERROR with the parameter's name on failure:
 *	truncated, repeated, out of range, server-only parameter from a client
 *	(RFC 9000 7.4, 18.2). Unknown ones are ignored.
 *
 * Return: 0 or -EPROTO.
 */
int quic_tparams_decode(struct quic_tparams *tp, bool from_server,
			const u8 *data, u32 len, struct quic_error *err);

#endif /* QUIC_CORE_TPARAM_H */
