/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * quic_hs: the generic netlink family between quicsock.ko and the handshake
 * daemon.
 *
 * The kernel owns the QUIC connection; a daemon runs TLS 1.3 for it. A worker
 * of the daemon opens a generic netlink socket and registers it. From then on
 * the kernel sends that socket START, CRYPTO and ABORT messages, and the worker
 * answers with FLIGHT messages, each a list of actions that the kernel carries
 * out in their order, all or none: a malformed action rejects the whole message
 * with an extended-ack text before any of it takes effect.
 *
 *      kernel                          worker
 *        | <------ REGISTER ------------ |   CAP_NET_ADMIN in the namespace
 *        | ------- START --------------> |   a client wants to connect, or an
 *        | ------- CRYPTO -------------> |   Initial reached a listener
 *        | <------ FLIGHT -------------- |   SELECT, CRYPTO, SECRET, ...
 *        | ------- CRYPTO -------------> |
 *        | <------ FLIGHT -------------- |   ..., PEER_PARAMS, DONE or FAIL
 *        | ------- ABORT --------------> |   the connection went away first
 *
 * Closing the worker's socket ends its registration; handshakes that it had not
 * finished fail with ECONNABORTED, established connections do not notice.
 *
 * All integers are in host byte order. TLS bytes travel as they appear in
 * CRYPTO frames (RFC 9001 4.1.3), never in TLS records. Strings may or may not
 * end with a NUL. Nests carry NLA_F_NESTED.
 */
#ifndef _UAPI_LINUX_QUIC_HS_H
#define _UAPI_LINUX_QUIC_HS_H

#define QUIC_HS_GENL_NAME	"quic_hs"
#define QUIC_HS_GENL_VERSION	1

/* Longest values, in bytes; longer ones are rejected with ERANGE. */
#define QUIC_HS_SECRET_MAX	48	/* SHA-384 */
#define QUIC_HS_CRYPTO_MAX	16384	/* of one CRYPTO attribute */
#define QUIC_HS_TPARAMS_MAX	512
#define QUIC_HS_NAME_MAX	253	/* a DNS name, without the NUL */
#define QUIC_HS_ALPN_MAX	128	/* as a comma separated list */
#define QUIC_HS_PROFILE_MAX	63
#define QUIC_HS_TEXT_MAX	255
#define QUIC_HS_SNI_MAX		1024	/* of a listener, as a comma separated list */
#define QUIC_HS_CHAIN_MAX	60000	/* an attribute's length has 16 bits */
#define QUIC_HS_CREDENTIAL_MAX	60000
#define QUIC_HS_LISTENERS_MAX	64	/* in one START */
#define QUIC_HS_PINS_MAX	32	/* likewise */

/* Of a cipher in QUIC_HS_A_CIPHERS: @id is 51 to 82, TLS_CIPHER_* of linux/tls.h. */
#define QUIC_HS_CIPHER_BIT(id)	(1U << ((id) - 51))

/**
 * enum quic_hs_cmd - messages of the family
 * @QUIC_HS_CMD_UNSPEC: never sent
 * @QUIC_HS_CMD_REGISTER: daemon to kernel: this socket serves handshakes of its
 *	network namespace. No attributes. EBUSY when it already does, EPERM
 *	without CAP_NET_ADMIN in the user namespace that owns the namespace.
 * @QUIC_HS_CMD_START: kernel to daemon: a new handshake. A client answers it
 *	with its first flight; for a server CRYPTO follows. Attributes: ID, ROLE,
 *	VERSION, UID, GID, NETNS, TIMEOUT, CIPHERS always; CIPHER when a client's
 *	socket asks for one; TPARAMS, SERVER_NAME, ALPN, PROFILE, VERIFY, PIN, CREDENTIAL,
 *	SESSION for a client; LISTENER (at least one) and PEER for a server.
 * @QUIC_HS_CMD_CRYPTO: kernel to daemon: bytes that the peer sent. Attributes:
 *	ID, LEVEL, CRYPTO. In order, without holes, per level.
 * @QUIC_HS_CMD_ABORT: kernel to daemon: forget this handshake. Attribute: ID.
 *	Nothing is answered; a FLIGHT already under way gets ENOENT.
 * @QUIC_HS_CMD_FLIGHT: daemon to kernel: ID and any number of ACTION, carried
 *	out in order. ENOENT: no such handshake, or not this worker's.
 */
enum quic_hs_cmd {
	QUIC_HS_CMD_UNSPEC,
	QUIC_HS_CMD_REGISTER,
	QUIC_HS_CMD_START,
	QUIC_HS_CMD_CRYPTO,
	QUIC_HS_CMD_ABORT,
	QUIC_HS_CMD_FLIGHT,

	/* private: */
	__QUIC_HS_CMD_MAX,
	QUIC_HS_CMD_MAX = __QUIC_HS_CMD_MAX - 1
};

/**
 * enum quic_hs_attr - attributes at the top of a message
 * @QUIC_HS_A_UNSPEC: never sent
 * @QUIC_HS_A_PAD: 64-bit alignment
 * @QUIC_HS_A_ID: u64, names the handshake; never 0, never used twice
 * @QUIC_HS_A_ROLE: u32, enum quic_hs_role
 * @QUIC_HS_A_VERSION: u32, the QUIC version in use
 * @QUIC_HS_A_TPARAMS: binary, our transport parameters encoded as the body of
 *	TLS extension 0x39 (RFC 9001 8.2)
 * @QUIC_HS_A_SERVER_NAME: string, at most QUIC_HS_NAME_MAX: the name to ask for
 *	and to verify; an IP address is verified as such and not sent as SNI
 * @QUIC_HS_A_ALPN: string, at most QUIC_HS_ALPN_MAX: names offered, most wanted
 *	first, separated by commas
 * @QUIC_HS_A_PROFILE: string, at most QUIC_HS_PROFILE_MAX: the daemon's
 *	credential profile; absent means its default
 * @QUIC_HS_A_VERIFY: u32, the value of socket option QUIC_SOCKOPT_VERIFY
 * @QUIC_HS_A_PIN: binary, 32 bytes, repeatable: SHA-256 of an accepted SPKI
 * @QUIC_HS_A_CREDENTIAL: binary, at most QUIC_HS_CREDENTIAL_MAX: chain and key,
 *	PEM or DER
 * @QUIC_HS_A_SESSION: binary: a session to resume
 * @QUIC_HS_A_UID: u32, user of the socket as the initial user namespace sees it
 * @QUIC_HS_A_GID: u32, likewise its group
 * @QUIC_HS_A_NETNS: u64, cookie of the socket's network namespace
 * @QUIC_HS_A_TIMEOUT: u32, milliseconds until the kernel gives up
 * @QUIC_HS_A_CIPHER: u32, the only cipher allowed (TLS_CIPHER_* of linux/tls.h)
 * @QUIC_HS_A_PEER: binary, struct sockaddr_in or sockaddr_in6: for the log
 * @QUIC_HS_A_LISTENER: nest of enum quic_hs_listener_attr, repeatable
 * @QUIC_HS_A_LEVEL: u32, QUIC_CRYPTO_INITIAL, _HANDSHAKE or _APP
 * @QUIC_HS_A_CRYPTO: binary, 1 to QUIC_HS_CRYPTO_MAX TLS bytes
 * @QUIC_HS_A_ACTION: nest of enum quic_hs_action_attr, repeatable
 * @QUIC_HS_A_CIPHERS: u32, QUIC_HS_CIPHER_BIT() of each cipher that this kernel
 *	has: no other may be offered or chosen; absent: only AES-128-GCM
 */
enum quic_hs_attr {
	QUIC_HS_A_UNSPEC,
	QUIC_HS_A_PAD,
	QUIC_HS_A_ID,
	QUIC_HS_A_ROLE,
	QUIC_HS_A_VERSION,
	QUIC_HS_A_TPARAMS,
	QUIC_HS_A_SERVER_NAME,
	QUIC_HS_A_ALPN,
	QUIC_HS_A_PROFILE,
	QUIC_HS_A_VERIFY,
	QUIC_HS_A_PIN,
	QUIC_HS_A_CREDENTIAL,
	QUIC_HS_A_SESSION,
	QUIC_HS_A_UID,
	QUIC_HS_A_GID,
	QUIC_HS_A_NETNS,
	QUIC_HS_A_TIMEOUT,
	QUIC_HS_A_CIPHER,
	QUIC_HS_A_PEER,
	QUIC_HS_A_LISTENER,
	QUIC_HS_A_LEVEL,
	QUIC_HS_A_CRYPTO,
	QUIC_HS_A_ACTION,
	QUIC_HS_A_CIPHERS,

	/* private: */
	__QUIC_HS_A_MAX,
	QUIC_HS_A_MAX = __QUIC_HS_A_MAX - 1
};

/**
 * enum quic_hs_role - values of QUIC_HS_A_ROLE
 * @QUIC_HS_ROLE_CLIENT: we connect
 * @QUIC_HS_ROLE_SERVER: we accept
 */
enum quic_hs_role {
	QUIC_HS_ROLE_CLIENT,
	QUIC_HS_ROLE_SERVER,
};

/**
 * enum quic_hs_listener_attr - what a listener offers (START, server)
 * @QUIC_HS_L_UNSPEC: never sent
 * @QUIC_HS_L_ID: u32, names the listener in SELECT; always there
 * @QUIC_HS_L_ALPN: string, comma separated, absent: serves clients that offer
 *	no ALPN
 * @QUIC_HS_L_SNI: string, at most QUIC_HS_SNI_MAX: comma separated patterns;
 *	absent: any name
 * @QUIC_HS_L_PROFILE: string: credential profile; absent: the default
 * @QUIC_HS_L_TPARAMS: binary: transport parameters to send if it is selected;
 *	always there
 * @QUIC_HS_L_UID: u32, the listener's user, as the initial user namespace sees it
 * @QUIC_HS_L_CERT_REQUEST: u32, 0 no client certificate, 1 asked, 2 required
 * @QUIC_HS_L_CIPHER: u32, the only cipher allowed, when the listener asks for one
 * @QUIC_HS_L_VERSION: u32, QUIC version that the listener would rather go on with than
 *	VERSION; absent: none. To be said in SELECT if the client's
 *	version_information has it among its Available Versions (RFC 9368 2.3)
 * @QUIC_HS_L_VERSION_TPARAMS: binary: transport parameters to send in that case, instead
 *	of TPARAMS; there with VERSION
 */
enum quic_hs_listener_attr {
	QUIC_HS_L_UNSPEC,
	QUIC_HS_L_ID,
	QUIC_HS_L_ALPN,
	QUIC_HS_L_SNI,
	QUIC_HS_L_PROFILE,
	QUIC_HS_L_TPARAMS,
	QUIC_HS_L_UID,
	QUIC_HS_L_CERT_REQUEST,
	QUIC_HS_L_CIPHER,
	QUIC_HS_L_VERSION,
	QUIC_HS_L_VERSION_TPARAMS,

	/* private: */
	__QUIC_HS_L_MAX,
	QUIC_HS_L_MAX = __QUIC_HS_L_MAX - 1
};

/**
 * enum quic_hs_action - values of QUIC_HS_ACT_TYPE
 * @QUIC_HS_ACTION_UNSPEC: never sent
 * @QUIC_HS_ACTION_SELECT: server: LISTENER, and VERSION to go on with that one; keys of
 *	secrets that follow are derived for it. Once, before CRYPTO.
 * @QUIC_HS_ACTION_CRYPTO: LEVEL and CRYPTO: send these bytes
 * @QUIC_HS_ACTION_SECRET: LEVEL, SEND, CIPHER, SECRET: install a traffic secret.
 *	Level HANDSHAKE, APP or EARLY; each level and direction once. EARLY (0-RTT,
 *	see below): before those of HANDSHAKE; a client's with SEND 1, a server's with
 *	SEND 0.
 * @QUIC_HS_ACTION_PEER_PARAMS: TPARAMS: what the peer's extension 0x39 held.
 *	Once, before DONE. EARLY_ACCEPTED: a client's server takes its 0-RTT. With
 *	LEVEL QUIC_CRYPTO_EARLY: what the extension held in the connection that the
 *	ticket is of.
 * @QUIC_HS_ACTION_DONE: TLS is complete (RFC 9001 4.1.1): ALPN, and if they
 *	apply CHAIN and RESUMED; without ALPN none was chosen. Needs
 *	PEER_PARAMS and both APP secrets.
 * @QUIC_HS_ACTION_FAIL: ERRNO, ALERT (if one is to be sent), TEXT. The last
 *	action; may come without SELECT.
 * @QUIC_HS_ACTION_TICKET: TICKET: a session that the application may keep
 *
 * 0-RTT (RFC 9001 4.6). A client that offers it says so before anything else is sent,
 * in the flight of its ClientHello or before: PEER_PARAMS with LEVEL QUIC_CRYPTO_EARLY,
 * then SECRET of that level. From the former on the program may write, from the latter
 * on what it wrote leaves. Not in a handshake that begins anew after Version
 * Negotiation: its ticket is of another version. When the server has answered,
 * PEER_PARAMS says whether it takes it; without EARLY_ACCEPTED all of it is sent again
 * in 1-RTT packets. A server that takes it installs SECRET behind SELECT, in the flight
 * that answers the ClientHello: packets wait for it until the secrets of HANDSHAKE come.
 */
enum quic_hs_action {
	QUIC_HS_ACTION_UNSPEC,
	QUIC_HS_ACTION_SELECT,
	QUIC_HS_ACTION_CRYPTO,
	QUIC_HS_ACTION_SECRET,
	QUIC_HS_ACTION_PEER_PARAMS,
	QUIC_HS_ACTION_DONE,
	QUIC_HS_ACTION_FAIL,
	QUIC_HS_ACTION_TICKET,

	/* private: */
	__QUIC_HS_ACTION_MAX,
	QUIC_HS_ACTION_MAX = __QUIC_HS_ACTION_MAX - 1
};

/**
 * enum quic_hs_action_attr - attributes of one ACTION nest
 * @QUIC_HS_ACT_UNSPEC: never sent
 * @QUIC_HS_ACT_TYPE: u32, enum quic_hs_action; in every nest
 * @QUIC_HS_ACT_LISTENER: u32, QUIC_HS_L_ID of one of START's listeners
 * @QUIC_HS_ACT_LEVEL: u32, QUIC_CRYPTO_*
 * @QUIC_HS_ACT_CRYPTO: binary, 1 to QUIC_HS_CRYPTO_MAX
 * @QUIC_HS_ACT_SEND: u32, 1: the secret protects what we send, 0: what the peer
 *	sends
 * @QUIC_HS_ACT_CIPHER: u32, TLS_CIPHER_* of linux/tls.h
 * @QUIC_HS_ACT_SECRET: binary, exactly as long as the cipher's hash (32 or 48)
 * @QUIC_HS_ACT_TPARAMS: binary, at most QUIC_HS_TPARAMS_MAX
 * @QUIC_HS_ACT_ALPN: string: the protocol chosen
 * @QUIC_HS_ACT_CHAIN: binary: the peer's DER certificates, each after its length
 *	in a u32 of host byte order
 * @QUIC_HS_ACT_RESUMED: flag
 * @QUIC_HS_ACT_ERRNO: u32, a positive errno for connect() or SO_ERROR
 * @QUIC_HS_ACT_ALERT: u32, 0 to 255: TLS alert to send as CRYPTO_ERROR
 *	0x100 + alert (RFC 9001 4.8)
 * @QUIC_HS_ACT_TEXT: string, at most QUIC_HS_TEXT_MAX: one line for a person
 * @QUIC_HS_ACT_TICKET: binary
 * @QUIC_HS_ACT_VERSION: u32, a QUIC version; EOPNOTSUPP where the kernel has not got it
 * @QUIC_HS_ACT_EARLY_ACCEPTED: flag
 */
enum quic_hs_action_attr {
	QUIC_HS_ACT_UNSPEC,
	QUIC_HS_ACT_TYPE,
	QUIC_HS_ACT_LISTENER,
	QUIC_HS_ACT_LEVEL,
	QUIC_HS_ACT_CRYPTO,
	QUIC_HS_ACT_SEND,
	QUIC_HS_ACT_CIPHER,
	QUIC_HS_ACT_SECRET,
	QUIC_HS_ACT_TPARAMS,
	QUIC_HS_ACT_ALPN,
	QUIC_HS_ACT_CHAIN,
	QUIC_HS_ACT_RESUMED,
	QUIC_HS_ACT_ERRNO,
	QUIC_HS_ACT_ALERT,
	QUIC_HS_ACT_TEXT,
	QUIC_HS_ACT_TICKET,
	QUIC_HS_ACT_VERSION,
	QUIC_HS_ACT_EARLY_ACCEPTED,

	/* private: */
	__QUIC_HS_ACT_MAX,
	QUIC_HS_ACT_MAX = __QUIC_HS_ACT_MAX - 1
};

#endif /* _UAPI_LINUX_QUIC_HS_H */
