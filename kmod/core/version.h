/* SPDX-License-Identifier: GPL-2.0 */
/* QUIC versions: which are spoken, and which of a list is taken (RFC 9368, 9369). */
#ifndef QUIC_CORE_VERSION_H
#define QUIC_CORE_VERSION_H

#include "types.h"
#include "varint.h"

struct quic_conn;
struct quic_tparams;

#define QUIC_VERSIONS	2

/* All that we speak, best first. */
extern const u32 quic_versions[QUIC_VERSIONS];

/**
 * struct quic_version_info - the parameter version_information (RFC 9368 3)
 * @chosen: Chosen Version
 * @n: versions in @available
 * @listed: how many Available Versions stood on the wire
 * @available: to be sent; of a peer: those that are ours or @chosen, each once, in
 *	its order, so that no list is too long to keep
 */
struct quic_version_info {
	u32 chosen;
	u32 n;
	u32 listed;
	u32 available[QUIC_VERSIONS + 1];
};

/**
 * quic_version_known - is it one of ours?
 * @version: as in a long header, host byte order
 * Context: any.
 */
bool quic_version_known(u32 version);

/**
 * quic_version_select - which of a server's versions a client takes
 * @first: that the client would rather have than any other of ours
 * @list: the server's
 * @n: how many
 * Context: any. Return: one of ours, or 0: none is.
 */
u32 quic_version_select(u32 first, const u32 *list, u32 n);

/**
 * quic_version_info_get - parse what a peer says of versions
 * @c: the parameter's value; read to its end on success
 * @from_server: the peer is the server
 * @vi: filled on success
 *
 * RFC 9368 4: too short, not a multiple of four bytes, a version of zero, a client's
 * Chosen Version that is not among its Available Versions: all are parsing failures.
 * Return: it is well formed.
 */
bool quic_version_info_get(struct quic_rcur *c, bool from_server,
			   struct quic_version_info *vi);

/* Write the parameter's value: 4 * (1 + @vi->n) bytes. */
void quic_version_info_put(struct quic_wcur *c, const struct quic_version_info *vi);

/**
 * quic_version_local - what this end says of versions
 * @conn: connection
 * @version: to be called the Chosen Version
 * @random: of which a reserved version is made (RFC 9000 15)
 * @tp: this end's parameters; a client's say whether its flight fits one version only;
 *	the Available Versions that a server's has are kept as far as they are ours,
 *	without any it is all of ours
 */
void quic_version_local(const struct quic_conn *conn, u32 version, u32 random,
			struct quic_tparams *tp);

/**
 * quic_version_check - is the version in use the one that both ends would choose?
 * @conn: connection; VERSION_NEGOTIATION_ERROR goes into its error
 * @tp: the peer's transport parameters
 * RFC 9368 4. Return: 0 or -EPROTO.
 */
int quic_version_check(struct quic_conn *conn, const struct quic_tparams *tp);

/**
 * quic_conn_select_version - go on with another version than the client began with
 * @conn: server connection, before quic_conn_set_peer_tparams() and any TLS bytes
 * @version: one of quic_versions
 *
 * RFC 9368 2.3. From now on what is sent is of @version: Initial packets are to be
 * sealed with its keys, and opened with these as well as with those of the client's
 * Chosen Version. That the client's flight is compatible with it is checked when its
 * parameters come.
 * Return: 0; -EINVAL: too late, not a server, or not one of ours.
 */
int quic_conn_select_version(struct quic_conn *conn, u32 version);

/**
 * quic_conn_initial_dcid - the connection ID that Initial keys are derived from
 * @conn: connection
 * Return: the client's first destination (RFC 9001 5.2), or that of a Retry.
 */
const struct quic_cid *quic_conn_initial_dcid(const struct quic_conn *conn);

/**
 * quic_version_of_level - what stands in the long headers of a level
 * @conn: connection
 * @level: QUIC_CRYPTO_INITIAL, _HANDSHAKE or _EARLY
 * RFC 9369 4.1: 0-RTT packets keep the version that the client began with.
 */
u32 quic_version_of_level(const struct quic_conn *conn, u8 level);

/**
 * quic_version_fits - can packets with a long header of this version be a connection's?
 * @conn: connection; without its lock the answer is one of a moment ago
 * @version: of the header
 * @level: QUIC_CRYPTO_INITIAL, _HANDSHAKE or _EARLY
 *
 * RFC 9369 4.1: a server takes Initial packets of the version that the client began
 * with as well. A client does not know at first which one the server goes on with.
 * Context: any.
 */
bool quic_version_fits(const struct quic_conn *conn, u32 version, u8 level);

/**
 * quic_version_received - an Initial or Handshake packet was opened
 * @conn: connection
 * @version: of its header, one that fits
 *
 * The first of another version tells a client that the server goes on with that one;
 * then QUIC_WANT_KEYS: Initial packets are to be sealed with its keys.
 */
void quic_version_received(struct quic_conn *conn, u32 version);

/* TLS bytes in the Initial packet of a server: it has chosen (RFC 9369 4.1). */
void quic_version_tls_came(struct quic_conn *conn);

#endif /* QUIC_CORE_VERSION_H */
