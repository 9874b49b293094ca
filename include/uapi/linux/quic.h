/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * QUIC sockets: what an application and the kernel say to each other.
 *
 *	fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_QUIC);
 *	setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_ALPN, "echo", 4);
 *	connect(fd, addr, addrlen);
 *	send(fd, "hello", 5, MSG_QUIC_STREAM_NEW | MSG_QUIC_STREAM_FIN);
 *
 * One socket is one connection, or one listener. With SOCK_STREAM it is one stream
 * of bytes and has the calls of a TCP socket, see quic(7). Everything up to option 15
 * follows draft-lxin-quic-socket-apis and the numbers that its implementation
 * uses; options from 64 are ours and listed below, which is their registry: take
 * the next free number, never use one twice.
 *
 * Rules for every option, unless its comment says otherwise:
 *  - native byte order, natural alignment, all padding explicit; reserved
 *    members are written as zero and ignored when read.
 *  - structures grow at their tail. A shorter one is legal: set takes the
 *    missing members as zero ("leave as is"), get writes as many bytes as fit
 *    and stores their number in optlen.
 *  - strings are not terminated; one trailing NUL is accepted on set and not
 *    counted. get returns no NUL.
 *  - ENOPROTOOPT: unknown number, or get of a set-only option and the reverse;
 *    EINVAL: bad length, value or state; EFAULT: bad pointer; EPIPE: needs a
 *    connection that is not closed. Lengths above 4096 (options 0 to 15) or
 *    65536 (from 64) are EINVAL.
 *  - times are microseconds, sizes bytes, rates bytes per second.
 *
 * This header needs nothing but <linux/types.h> and may be included before or
 * after <sys/socket.h> and <netinet/in.h>.
 */
#ifndef _UAPI_LINUX_QUIC_H
#define _UAPI_LINUX_QUIC_H

#include <linux/types.h>

#ifndef IPPROTO_QUIC
#define IPPROTO_QUIC	261	/* only an argument of socket(2) */
#endif
#ifndef SOL_QUIC
#define SOL_QUIC	288	/* level of options and of control messages */
#endif

#define QUIC_VERSION_V1	0x00000001U	/* RFC 9000 */
#define QUIC_VERSION_V2	0x6b3343cfU	/* RFC 9369 */

/* Low bits of a stream identifier (RFC 9000 2.1). */
#define QUIC_STREAM_TYPE_SERVER_MASK	0x01
#define QUIC_STREAM_TYPE_UNI_MASK	0x02
#define QUIC_STREAM_TYPE_MASK		0x03

/* Lengths in bytes, without a terminating NUL unless said. */
#define QUIC_CRYPTO_SECRET_BUFFER_SIZE	48	/* SHA-384 */
#define QUIC_CLOSE_PHRASE_BUFFER_SIZE	64	/* with the NUL */
#define QUIC_ALPN_MAX			128	/* the whole list */
#define QUIC_TOKEN_MAX			120
#define QUIC_TPARAM_EXT_MAX		512
#define QUIC_SESSION_TICKET_MIN		64
#define QUIC_SESSION_TICKET_MAX		4096
#define QUIC_SERVER_NAME_MAX		253	/* a DNS name */
#define QUIC_PROFILE_MAX		63
#define QUIC_CREDENTIAL_MAX		65536
#define QUIC_PIN_SIZE			32	/* SHA-256 */
#define QUIC_CONGESTION_NAME_MAX	16	/* with the NUL, as TCP's */
#define QUIC_REASON_TEXT_SIZE		240	/* with the NUL */

/*
 * Application codes with which a SOCK_STREAM socket closes on its own, unless
 * QUIC_SOCKOPT_CONNECTION_CLOSE set another one.
 */
#define QUIC_CODE_UNREAD		1	/* closed, bytes that had come were not read */
#define QUIC_CODE_ABORTED		2	/* closed with SO_LINGER and time 0 */

/*
 * Messages
 */

/**
 * enum quic_cmsg_type - control messages of level SOL_QUIC
 * @QUIC_STREAM_INFO: struct quic_stream_info, send and receive
 * @QUIC_HANDSHAKE_INFO: struct quic_handshake_info, send and receive; the data
 *	is TLS handshake bytes (application agent only)
 * @QUIC_CHUNK_INFO: struct quic_chunk_info, receive, with
 *	QUIC_SOCKOPT_RECV_UNORDERED
 *
 * At most one of the first two per sendmsg(2); both, or a wrong length: EINVAL.
 */
enum quic_cmsg_type {
	QUIC_STREAM_INFO	= 0,
	QUIC_HANDSHAKE_INFO	= 1,
	QUIC_CHUNK_INFO		= 64,
};

/*
 * Message flags. They reuse MSG_ bits that have no other meaning on such a
 * socket and are written as numbers, so that this header works without
 * <sys/socket.h>; tests/abi compares them.
 *
 * In quic_stream_info.stream_flags, or in the flags of sendmsg(2) when no
 * QUIC_STREAM_INFO is given:
 */
#define MSG_QUIC_STREAM_NEW		0x400	/* MSG_SYN: open a stream */
#define MSG_QUIC_STREAM_FIN		0x200	/* MSG_FIN: last byte; recv too */
#define MSG_QUIC_STREAM_UNI		0x800	/* MSG_CONFIRM: open: unidir. */
#define MSG_QUIC_STREAM_DONTWAIT	0x10000	/* MSG_WAITFORONE: EAGAIN when the
						 * peer allows no more streams
						 */
#define MSG_QUIC_STREAM_SNDBLOCK	0x2000	/* MSG_ERRQUEUE: send BLOCKED
						 * frames when limits bite
						 */
/*
 * In the flags of sendmsg(2), and in msg_flags after recvmsg(2): a datagram
 * (RFC 9221). send: the whole message is one; EINVAL the peer takes none; EMSGSIZE
 * empty, above SO_SNDBUF, or longer than quic_info.max_datagram; EAGAIN the queue
 * is full. receive: MSG_EOR comes with its last byte; what has no room is returned
 * by the next call or, with MSG_TRUNC given, thrown away as recvmsg(2) says.
 */
#define MSG_QUIC_DATAGRAM		0x1000	/* MSG_RST */
/* Only in msg_flags after recvmsg(2): */
#define MSG_QUIC_NOTIFICATION		0x8000	/* MSG_MORE: an event */

/**
 * struct quic_stream_info - which stream a message belongs to
 * @stream_id: send: 0 to 2^62 - 1, or -1 for the stream opened last and, if
 *	there is none, the next bidirectional one (next unidirectional with
 *	MSG_QUIC_STREAM_UNI). receive: the stream
 * @stream_flags: MSG_QUIC_STREAM_* bits; receive: MSG_QUIC_STREAM_FIN when the
 *	last byte of the stream was returned, or with no bytes at all
 * @reserved: zero
 *
 * Also the value of QUIC_SOCKOPT_STREAM_OPEN. Errors of sendmsg: EINVAL unknown
 * flag, not our stream, or NEW on a stream in use; ENOSTR finished by us; EPIPE
 * stopped by the peer, or connection closed; EAGAIN would block.
 */
struct quic_stream_info {
	__s64	stream_id;
	__u32	stream_flags;
	__u32	reserved;
};

/**
 * enum quic_crypto_level - encryption levels
 * @QUIC_CRYPTO_APP: 1-RTT
 * @QUIC_CRYPTO_INITIAL: Initial
 * @QUIC_CRYPTO_HANDSHAKE: Handshake
 * @QUIC_CRYPTO_EARLY: 0-RTT
 * @QUIC_CRYPTO_MAX: number of levels
 */
enum quic_crypto_level {
	QUIC_CRYPTO_APP,
	QUIC_CRYPTO_INITIAL,
	QUIC_CRYPTO_HANDSHAKE,
	QUIC_CRYPTO_EARLY,
	QUIC_CRYPTO_MAX,
};

/**
 * struct quic_handshake_info - level of a TLS message
 * @crypto_level: QUIC_CRYPTO_INITIAL, _HANDSHAKE, or _APP for messages after
 *	the handshake; EINVAL: others, or no keys at that level
 *
 * Any cmsg length from 1 is accepted.
 */
struct quic_handshake_info {
	__u8	crypto_level;
};

/**
 * struct quic_chunk_info - where an unordered chunk belongs
 * @stream_id: the stream
 * @offset: of the first byte returned, 0 to 2^62 - 1
 */
struct quic_chunk_info {
	__s64	stream_id;
	__u64	offset;
};

/*
 * Options of the draft, 0 to 15
 */
#define QUIC_SOCKOPT_EVENT			0  /* gs quic_event_option */
#define QUIC_SOCKOPT_STREAM_OPEN		1  /* g  quic_stream_info */
#define QUIC_SOCKOPT_STREAM_RESET		2  /* s  quic_errinfo */
#define QUIC_SOCKOPT_STREAM_STOP_SENDING	3  /* s  quic_errinfo */
#define QUIC_SOCKOPT_CONNECTION_ID		4  /* gs quic_connection_id_info */
#define QUIC_SOCKOPT_CONNECTION_CLOSE		5  /* gs quic_connection_close */
#define QUIC_SOCKOPT_CONNECTION_MIGRATION	6  /* s  sockaddr_in, _in6 */
#define QUIC_SOCKOPT_KEY_UPDATE			7  /* s  no value */
#define QUIC_SOCKOPT_TRANSPORT_PARAM		8  /* gs quic_transport_param */
#define QUIC_SOCKOPT_CONFIG			9  /* gs quic_config */
#define QUIC_SOCKOPT_TOKEN			10 /* gs bytes; set by a server: none */
#define QUIC_SOCKOPT_ALPN			11 /* gs names joined by commas */
#define QUIC_SOCKOPT_SESSION_TICKET		12 /* gs bytes */
#define QUIC_SOCKOPT_CRYPTO_SECRET		13 /* s  quic_crypto_secret */
#define QUIC_SOCKOPT_TRANSPORT_PARAM_EXT	14 /* gs bytes (RFC 9001 8.2) */
#define QUIC_SOCKOPT_STREAM_PEELOFF		15 /* g  quic_stream_peeloff */

/**
 * struct quic_event_option - switch one kind of event
 * @type: enum quic_event_type, QUIC_EVENT_NONE excluded (EINVAL)
 * @on: 0 or 1; all are off at first; a listener passes its own on
 */
struct quic_event_option {
	__u8	type;
	__u8	on;
};

/**
 * struct quic_errinfo - end one half of a stream (options 2 and 3)
 * @stream_id: the stream
 * @errcode: application error code; QUIC_SOCKOPT_STREAM_RESET64 and _STOP64
 *	carry the 62 bits of the wire
 * @reserved: zero
 *
 * RFC 9000 19.4 and 19.5. EINVAL: not established, wrong direction, or that
 * half is already over; ENOSTR: stream closed; EAGAIN: a STOP_SENDING is in
 * flight.
 */
struct quic_errinfo {
	__s64	stream_id;
	__u32	errcode;
	__u32	reserved;
};

/**
 * struct quic_connection_id_info - connection IDs, and their event
 * @dest: 0: ours (source), 1: the peer's (destination)
 * @reserved: zero
 * @active: the peer's: sequence number in use; set: switch to a higher one, 0 not.
 *	Ours: the highest; set: 0, it is the peer that chooses
 * @prior_to: lowest live sequence number; set: retire those below, of the peer's 0 none
 *
 * RFC 9000 5.1. Ours below @prior_to, at most the highest, are gone when the peer says
 * so. EINVAL: out of range; EPIPE: not established; EAGAIN: a migration holds IDs.
 */
struct quic_connection_id_info {
	__u8	dest;
	__u8	reserved[3];
	__u32	active;
	__u32	prior_to;
};

/**
 * struct quic_connection_close - why a connection ends, and its event
 * @errcode: error code (application code when @frame is 0x1d or set by us); get: one
 *	above U32_MAX is cut to that, QUIC_SOCKOPT_REASON has all bits
 * @frame: type of the offending frame, transport errors only; ignored on set
 * @reserved: zero
 * @phrase: reason phrase with a NUL; longer ones from a peer are cut
 *
 * set: code and phrase that the coming close will carry. get: what the peer or
 * the local stack reported, all zero before. RFC 9000 19.19.
 */
struct quic_connection_close {
	__u32	errcode;
	__u8	frame;
	__u8	reserved[3];
	__u8	phrase[QUIC_CLOSE_PHRASE_BUFFER_SIZE];
};

/**
 * struct quic_transport_param - transport parameters (RFC 9000 18.2)
 * @remote: 0 ours, 1 the peer's
 * @disable_active_migration: 0 or 1
 * @grease_quic_bit: 0 or 1: packets may come whose QUIC bit is 0 (RFC 9287); 1 at
 *	first
 * @stateless_reset: 0 or 1: hand out a reset token
 * @disable_1rtt_encryption: 0 or 1; effective when both sides set it
 * @disable_compatible_version: 0 or 1: a handshake ends in the version that it began
 *	with (RFC 9368 2.3); of a peer: it names no other version as compatible
 * @active_connection_id_limit: 2 to 8
 * @ack_delay_exponent: 1 to 20
 * @max_datagram_frame_size: from 1200, 0 none (RFC 9221)
 * @max_udp_payload_size: 1200 to 65527
 * @max_idle_timeout: us, from 1000000 (milliseconds on the wire)
 * @max_ack_delay: us, below 16384000
 * @max_streams_bidi: at most 4096 when local
 * @max_streams_uni: same
 * @max_data: bytes, from 1200, at most S32_MAX / 4 when local
 * @max_stream_data_bidi_local: bytes, from 1200, at most S32_MAX / 8 when local
 * @max_stream_data_bidi_remote: same
 * @max_stream_data_uni: same
 *
 * Before establishment only (EINVAL after). On set a zero leaves the value as
 * it is; QUIC_SOCKOPT_KNOB sets a zero and goes to the limits of the RFC.
 */
struct quic_transport_param {
	__u8	remote;
	__u8	disable_active_migration;
	__u8	grease_quic_bit;
	__u8	stateless_reset;
	__u8	disable_1rtt_encryption;
	__u8	disable_compatible_version;
	__u8	active_connection_id_limit;
	__u8	ack_delay_exponent;
	__u16	max_datagram_frame_size;
	__u16	max_udp_payload_size;
	__u32	max_idle_timeout;
	__u32	max_ack_delay;
	__u16	max_streams_bidi;
	__u16	max_streams_uni;
	__u64	max_data;
	__u64	max_stream_data_bidi_local;
	__u64	max_stream_data_bidi_remote;
	__u64	max_stream_data_uni;
};

/**
 * enum quic_cong_algo - quic_config.congestion_control_algo
 * @QUIC_CONG_ALG_RENO: RFC 9002 7; as the zero of an unset field it means the
 *	default, which is CUBIC: ask for it with QUIC_SOCKOPT_CONGESTION
 * @QUIC_CONG_ALG_CUBIC: RFC 9438
 * @QUIC_CONG_ALG_MAX: number of algorithms
 */
enum quic_cong_algo {
	QUIC_CONG_ALG_RENO,
	QUIC_CONG_ALG_CUBIC,
	QUIC_CONG_ALG_MAX,
};

/**
 * enum quic_certificate_request - quic_config.certificate_request
 * @QUIC_CERT_REQUEST_IGNORE: server: ask for none
 * @QUIC_CERT_REQUEST_REQUEST: server: ask, accept a client without
 * @QUIC_CERT_REQUEST_REQUIRE: server: ask and insist
 * @QUIC_CERT_REQUEST_NO_CHECK: client: do not verify the server, as
 *	QUIC_VERIFY_NONE
 */
enum quic_certificate_request {
	QUIC_CERT_REQUEST_IGNORE,
	QUIC_CERT_REQUEST_REQUEST,
	QUIC_CERT_REQUEST_REQUIRE,
	QUIC_CERT_REQUEST_NO_CHECK,
};

/**
 * struct quic_config - behaviour that the peer is not told about
 * @version: QUIC_VERSION_V1 or _V2; client: of its first flight, another one may
 *	follow when the server does not speak it, or prefers another. Listener:
 *	QUIC_VERSION_V2 is preferred to what a client begins with, where its flight will
 *	do (RFC 9368 2.3); QUIC_VERSION_V1, the default, prefers none
 * @plpmtud_probe_interval: us, 5000000 to U32_MAX / 30: from a search for the path's
 *	MTU that ended below the route's to the next, 600 s at first (RFC 8899 5.1.1);
 *	QUIC_KNOB_PMTUD turns the search off
 * @initial_smoothed_rtt: us, 1000 to 6000000 (RFC 9002 6.2.2)
 * @payload_cipher_type: TLS_CIPHER_* of <linux/tls.h>, 51 to 54; 0 any
 * @congestion_control_algo: enum quic_cong_algo
 * @validate_peer_address: server: 1 always sends Retry (RFC 9000 8.1)
 * @stream_data_nodelay: 1: every write may leave at once
 * @receive_session_ticket: s, kernel clients: how long to wait for a ticket
 * @certificate_request: enum quic_certificate_request
 * @reserved: zero
 * @keepalive_probe_interval: us, from 1500000; 0 none: send PING when idle
 *
 * Before establishment only (EINVAL after). On set a zero leaves the value as
 * it is.
 */
struct quic_config {
	__u32	version;
	__u32	plpmtud_probe_interval;
	__u32	initial_smoothed_rtt;
	__u32	payload_cipher_type;
	__u8	congestion_control_algo;
	__u8	validate_peer_address;
	__u8	stream_data_nodelay;
	__u8	receive_session_ticket;
	__u8	certificate_request;
	__u8	reserved[3];
	__u32	keepalive_probe_interval;
};

/**
 * struct quic_crypto_secret - a traffic secret (application agent)
 * @send: 1 for what we send, 0 for what we receive
 * @level: QUIC_CRYPTO_HANDSHAKE, _APP or _EARLY
 * @reserved: zero
 * @type: cipher, TLS_CIPHER_* of <linux/tls.h>, 51 to 54
 * @secret: 32 bytes, 48 for AES-256-GCM
 *
 * While handshaking only (EINVAL). Both APP secrets establish the connection.
 */
struct quic_crypto_secret {
	__u8	send;
	__u8	level;
	__u16	reserved;
	__u32	type;
	__u8	secret[QUIC_CRYPTO_SECRET_BUFFER_SIZE];
};

/**
 * struct quic_stream_peeloff - make a stream a descriptor of its own
 * @stream_id: in: the stream
 * @flags: in: O_NONBLOCK, O_CLOEXEC
 * @sd: out: the descriptor, also the return value of getsockopt(2)
 */
struct quic_stream_peeloff {
	__s64	stream_id;
	__u32	flags;
	__s32	sd;
};

/*
 * Events: a message with MSG_QUIC_NOTIFICATION whose first byte is the type;
 * the payload follows at byte 1, unaligned (copy it out).
 */

/**
 * enum quic_event_type - kinds of events
 * @QUIC_EVENT_NONE: never sent
 * @QUIC_EVENT_STREAM_UPDATE: struct quic_stream_update
 * @QUIC_EVENT_STREAM_MAX_DATA: struct quic_stream_max_data
 * @QUIC_EVENT_STREAM_MAX_STREAM: u64, highest stream id that may be opened
 * @QUIC_EVENT_CONNECTION_ID: struct quic_connection_id_info, one was retired
 * @QUIC_EVENT_CONNECTION_CLOSE: struct quic_connection_close
 * @QUIC_EVENT_CONNECTION_MIGRATION: u8, 1 our address moved, 0 the peer's
 * @QUIC_EVENT_KEY_UPDATE: u8, the new phase, both directions use it
 * @QUIC_EVENT_NEW_TOKEN: token bytes (RFC 9000 19.7)
 * @QUIC_EVENT_NEW_SESSION_TICKET: TLS NewSessionTicket
 * @QUIC_EVENT_MAX: number of types
 */
enum quic_event_type {
	QUIC_EVENT_NONE,
	QUIC_EVENT_STREAM_UPDATE,
	QUIC_EVENT_STREAM_MAX_DATA,
	QUIC_EVENT_STREAM_MAX_STREAM,
	QUIC_EVENT_CONNECTION_ID,
	QUIC_EVENT_CONNECTION_CLOSE,
	QUIC_EVENT_CONNECTION_MIGRATION,
	QUIC_EVENT_KEY_UPDATE,
	QUIC_EVENT_NEW_TOKEN,
	QUIC_EVENT_NEW_SESSION_TICKET,
	QUIC_EVENT_MAX,
};

/**
 * enum quic_stream_state - states of the halves (RFC 9000 3.1 and 3.2)
 * @QUIC_STREAM_SEND_STATE_READY: nothing sent
 * @QUIC_STREAM_SEND_STATE_SEND: open
 * @QUIC_STREAM_SEND_STATE_SENT: FIN sent
 * @QUIC_STREAM_SEND_STATE_RECVD: everything acknowledged
 * @QUIC_STREAM_SEND_STATE_RESET_SENT: RESET_STREAM sent
 * @QUIC_STREAM_SEND_STATE_RESET_RECVD: RESET_STREAM acknowledged
 * @QUIC_STREAM_RECV_STATE_RECV: open
 * @QUIC_STREAM_RECV_STATE_SIZE_KNOWN: FIN seen, bytes missing
 * @QUIC_STREAM_RECV_STATE_RECVD: everything arrived
 * @QUIC_STREAM_RECV_STATE_READ: everything read
 * @QUIC_STREAM_RECV_STATE_RESET_RECVD: the peer reset the stream
 * @QUIC_STREAM_RECV_STATE_RESET_READ: and the application knows
 */
enum quic_stream_state {
	QUIC_STREAM_SEND_STATE_READY,
	QUIC_STREAM_SEND_STATE_SEND,
	QUIC_STREAM_SEND_STATE_SENT,
	QUIC_STREAM_SEND_STATE_RECVD,
	QUIC_STREAM_SEND_STATE_RESET_SENT,
	QUIC_STREAM_SEND_STATE_RESET_RECVD,

	QUIC_STREAM_RECV_STATE_RECV,
	QUIC_STREAM_RECV_STATE_SIZE_KNOWN,
	QUIC_STREAM_RECV_STATE_RECVD,
	QUIC_STREAM_RECV_STATE_READ,
	QUIC_STREAM_RECV_STATE_RESET_RECVD,
	QUIC_STREAM_RECV_STATE_RESET_READ,
};

/**
 * struct quic_stream_update - a stream changed its state
 * @id: the stream
 * @state: enum quic_stream_state
 * @reserved: zero
 * @errcode: application code of a reset or stop; larger ones are cut to
 *	U32_MAX, QUIC_SOCKOPT_STREAM_STATUS has all bits
 * @finalsz: final size in bytes, when known
 */
struct quic_stream_update {
	__s64	id;
	__u8	state;
	__u8	reserved[3];
	__u32	errcode;
	__u64	finalsz;
};

/**
 * struct quic_stream_max_data - the peer allows more on a stream
 * @id: the stream
 * @max_data: highest offset allowed, bytes
 */
struct quic_stream_max_data {
	__s64	id;
	__u64	max_data;
};

/**
 * union quic_event - payload of an event, by type
 * @update: QUIC_EVENT_STREAM_UPDATE
 * @max_data: QUIC_EVENT_STREAM_MAX_DATA
 * @close: QUIC_EVENT_CONNECTION_CLOSE
 * @info: QUIC_EVENT_CONNECTION_ID
 * @max_stream: QUIC_EVENT_STREAM_MAX_STREAM
 * @local_migration: QUIC_EVENT_CONNECTION_MIGRATION
 * @key_update_phase: QUIC_EVENT_KEY_UPDATE
 */
union quic_event {
	struct quic_stream_update	update;
	struct quic_stream_max_data	max_data;
	struct quic_connection_close	close;
	struct quic_connection_id_info	info;
	__u64				max_stream;
	__u8				local_migration;
	__u8				key_update_phase;
};

/* Transport error codes (RFC 9000 20.1, RFC 9368 10.2). */
enum {
	QUIC_TRANSPORT_ERROR_NONE			= 0x00,
	QUIC_TRANSPORT_ERROR_INTERNAL			= 0x01,
	QUIC_TRANSPORT_ERROR_CONNECTION_REFUSED		= 0x02,
	QUIC_TRANSPORT_ERROR_FLOW_CONTROL		= 0x03,
	QUIC_TRANSPORT_ERROR_STREAM_LIMIT		= 0x04,
	QUIC_TRANSPORT_ERROR_STREAM_STATE		= 0x05,
	QUIC_TRANSPORT_ERROR_FINAL_SIZE			= 0x06,
	QUIC_TRANSPORT_ERROR_FRAME_ENCODING		= 0x07,
	QUIC_TRANSPORT_ERROR_TRANSPORT_PARAM		= 0x08,
	QUIC_TRANSPORT_ERROR_CONNECTION_ID_LIMIT	= 0x09,
	QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION		= 0x0a,
	QUIC_TRANSPORT_ERROR_INVALID_TOKEN		= 0x0b,
	QUIC_TRANSPORT_ERROR_APPLICATION		= 0x0c,
	QUIC_TRANSPORT_ERROR_CRYPTO_BUF_EXCEEDED	= 0x0d,
	QUIC_TRANSPORT_ERROR_KEY_UPDATE			= 0x0e,
	QUIC_TRANSPORT_ERROR_AEAD_LIMIT_REACHED		= 0x0f,
	QUIC_TRANSPORT_ERROR_NO_VIABLE_PATH		= 0x10,
	QUIC_TRANSPORT_ERROR_VERSION_NEGOTIATION	= 0x11,
	QUIC_TRANSPORT_ERROR_CRYPTO			= 0x0100, /* + TLS alert */
};

/*
 * Our own options, from 64: the registry. g get, s set.
 *
 * "before" means before connect(2) or listen(2), else EINVAL; an accepted
 * socket takes its listener's value.
 */
#define QUIC_SOCKOPT_HANDSHAKE		64 /* gs u32 enum quic_handshake_agent,
					    *    before
					    */
#define QUIC_SOCKOPT_SERVER_NAME	65 /* gs string, at most 253; client,
					    *    before: the name to ask for (SNI)
					    *    and to verify; an IP address is
					    *    verified as one. Accepted socket,
					    *    get: what the client asked for
					    */
#define QUIC_SOCKOPT_PROFILE		66 /* gs string, at most 63, before:
					    *    credential profile of the daemon.
					    *    Judged in the handshake: ENOKEY
					    *    unknown, EACCES not for this user
					    */
#define QUIC_SOCKOPT_CREDENTIAL		67 /* s  bytes, 1 to 65536, before: chain
					    *    and key, PEM or DER
					    */
#define QUIC_SOCKOPT_VERIFY		68 /* gs u32 enum quic_verify, before */
#define QUIC_SOCKOPT_PIN		69 /* s  32 bytes, before, at most 8 times
					    *    (ENOSPC): SHA-256 of an accepted
					    *    SubjectPublicKeyInfo
					    */
#define QUIC_SOCKOPT_TLS_INFO		70 /* g  quic_tls_info; ENOTCONN before
					    *    establishment
					    */
#define QUIC_SOCKOPT_PEER_CERT		71 /* g  each certificate in DER after a
					    *    u32 length, leaf first; ENODATA
					    *    none; ERANGE buffer too small,
					    *    optlen says the need
					    */
#define QUIC_SOCKOPT_EXPORTER		72 /* g  quic_exporter (RFC 8446 7.5) */
#define QUIC_SOCKOPT_REASON		73 /* g  quic_reason; any time */
#define QUIC_SOCKOPT_INFO		74 /* g  quic_info; any time */
#define QUIC_SOCKOPT_KNOB		75 /* gs quic_knob */
#define QUIC_SOCKOPT_CONGESTION		76 /* gs string as TCP_CONGESTION: "cubic",
					    *    "reno"; ENOENT unknown
					    */
#define QUIC_SOCKOPT_STREAM_ACCEPT	77 /* g  quic_stream_accept */
#define QUIC_SOCKOPT_STREAM_PRIORITY	78 /* gs quic_stream_priority */
#define QUIC_SOCKOPT_STREAM_STATUS	79 /* g  quic_stream_status */
#define QUIC_SOCKOPT_STREAM_RESET64	80 /* s  quic_errinfo64 */
#define QUIC_SOCKOPT_STREAM_STOP64	81 /* s  quic_errinfo64 */
#define QUIC_SOCKOPT_CLOSE64		82 /* s  quic_close64 */
#define QUIC_SOCKOPT_RECV_STREAM	83 /* gs s64: receive only from this
					    *    stream, -1 from any
					    */
#define QUIC_SOCKOPT_RECV_UNORDERED	84 /* gs u32, 0 or 1: chunks as they come,
					    *    each with QUIC_CHUNK_INFO
					    */
#define QUIC_SOCKOPT_EARLY_DATA		85 /* gs u32 enum quic_early_data_mode,
					    *    before
					    */
#define QUIC_SOCKOPT_ADMISSION		86 /* gs array of quic_admission_rule,
					    *    listener; replaces the former
					    */
#define QUIC_SOCKOPT_ADOPT_UDP		87 /* s  s32, before: descriptor of a bound
					    *    UDP socket to use; ENOTSOCK,
					    *    EPROTOTYPE not UDP, EDESTADDRREQ
					    *    not bound
					    */
#define QUIC_SOCKOPT_PATHS		88 /* g  array of quic_path_info */
#define QUIC_SOCKOPT_SESSION		89 /* gs bytes, opaque: ticket, parameters
					    *    and token for a later connection;
					    *    get: ENODATA none yet; set: client,
					    *    before
					    */

/**
 * enum quic_handshake_agent - who runs TLS (QUIC_SOCKOPT_HANDSHAKE)
 * @QUIC_AGENT_DEFAULT: what the sysctl net.quic.handshake_agent says
 * @QUIC_AGENT_DAEMON: quicd; connect(2) returns when the handshake is done
 * @QUIC_AGENT_APPLICATION: the program, by QUIC_HANDSHAKE_INFO messages
 */
enum quic_handshake_agent {
	QUIC_AGENT_DEFAULT,
	QUIC_AGENT_DAEMON,
	QUIC_AGENT_APPLICATION,
};

/**
 * enum quic_verify - how the peer's certificate is judged
 * @QUIC_VERIFY_PROFILE: as the credential profile says
 * @QUIC_VERIFY_SYSTEM: name and chain against the system's trust store
 * @QUIC_VERIFY_NONE: not at all
 * @QUIC_VERIFY_PINNED: the key is one of QUIC_SOCKOPT_PIN
 * @QUIC_VERIFY_TOFU: trust on first use, kept by the daemon
 * @QUIC_VERIFY_APPLICATION: the program reads QUIC_SOCKOPT_PEER_CERT
 */
enum quic_verify {
	QUIC_VERIFY_PROFILE,
	QUIC_VERIFY_SYSTEM,
	QUIC_VERIFY_NONE,
	QUIC_VERIFY_PINNED,
	QUIC_VERIFY_TOFU,
	QUIC_VERIFY_APPLICATION,
};

/**
 * enum quic_early_data_mode - QUIC_SOCKOPT_EARLY_DATA (RFC 9001 4.6)
 * @QUIC_EARLY_DATA_OFF: none
 * @QUIC_EARLY_DATA_ALLOW: refused bytes are sent again after the handshake
 * @QUIC_EARLY_DATA_REPORT: refusal is reported, nothing is sent again
 */
enum quic_early_data_mode {
	QUIC_EARLY_DATA_OFF,
	QUIC_EARLY_DATA_ALLOW,
	QUIC_EARLY_DATA_REPORT,
};

/**
 * enum quic_early_data_state - quic_tls_info.early_data
 * @QUIC_EARLY_DATA_NONE: not tried
 * @QUIC_EARLY_DATA_ACCEPTED: the server took it
 * @QUIC_EARLY_DATA_REFUSED: it did not; see early_data_reason
 */
enum quic_early_data_state {
	QUIC_EARLY_DATA_NONE,
	QUIC_EARLY_DATA_ACCEPTED,
	QUIC_EARLY_DATA_REFUSED,
};

/**
 * struct quic_tls_info - the handshake, once it is done
 * @tls_version: 0x0304
 * @cipher: TLS_CIPHER_* of <linux/tls.h>, 51 to 54
 * @group: TLS named group (RFC 8446 4.2.7), 0 none
 * @signature: TLS signature scheme (RFC 8446 4.2.3), 0 none (resumed)
 * @resumed: 1 when a ticket was used
 * @early_data: enum quic_early_data_state
 * @early_data_reason: daemon's number for a refusal, 0 none
 * @verify: enum quic_verify that was applied
 * @verify_status: daemon's flags of what failed, 0 verified; may be non-zero
 *	with QUIC_VERIFY_NONE and QUIC_VERIFY_APPLICATION
 * @reserved: zero
 * @handshake_us: from first packet to completion
 * @daemon_us: part of it that waited for the daemon
 * @not_before: s since 1970, of the peer's certificate, 0 none
 * @not_after: s since 1970, of the peer's certificate, 0 none
 */
struct quic_tls_info {
	__u32	tls_version;
	__u32	cipher;
	__u32	group;
	__u32	signature;
	__u32	resumed;
	__u32	early_data;
	__u32	early_data_reason;
	__u32	verify;
	__u32	verify_status;
	__u32	reserved;
	__u64	handshake_us;
	__u64	daemon_us;
	__s64	not_before;
	__s64	not_after;
};

/**
 * struct quic_exporter - keying material for a protocol above
 * @label_len: in: 1 to 249
 * @context_len: in: 0 to 4096
 * @out_len: in: wanted bytes, 1 to 1024, at most optlen
 * @reserved: zero
 *
 * The label and then the context follow the structure. The material replaces
 * the buffer from its start. ENOTCONN: not established; EOPNOTSUPP: application
 * agent.
 */
struct quic_exporter {
	__u32	label_len;
	__u32	context_len;
	__u32	out_len;
	__u32	reserved;
};

/**
 * enum quic_reason_origin - who ended the connection
 * @QUIC_ORIGIN_NONE: it has not ended
 * @QUIC_ORIGIN_LOCAL: this kernel or this program
 * @QUIC_ORIGIN_PEER: the other end
 * @QUIC_ORIGIN_DAEMON: quicd, e.g. it refused the certificate
 * @QUIC_ORIGIN_NETWORK: an ICMP message or a missing route
 */
enum quic_reason_origin {
	QUIC_ORIGIN_NONE,
	QUIC_ORIGIN_LOCAL,
	QUIC_ORIGIN_PEER,
	QUIC_ORIGIN_DAEMON,
	QUIC_ORIGIN_NETWORK,
};

/**
 * enum quic_reason_kind - what quic_reason.code is
 * @QUIC_REASON_NONE: it has not ended; code 0
 * @QUIC_REASON_TRANSPORT: QUIC_TRANSPORT_ERROR_* (RFC 9000 20.1)
 * @QUIC_REASON_APPLICATION: application code, 0 to 2^62 - 1 (RFC 9000 20.2)
 * @QUIC_REASON_TLS: TLS alert, 0 to 255 (RFC 8446 6)
 * @QUIC_REASON_CERTIFICATE: peer's certificate refused; code is the TLS alert
 * @QUIC_REASON_CREDENTIAL: no usable credential of our own; code is the errno
 * @QUIC_REASON_IDLE_TIMEOUT: silence; code is the limit in us
 * @QUIC_REASON_HANDSHAKE_TIMEOUT: unfinished handshake; code is the limit in us
 * @QUIC_REASON_USER_TIMEOUT: QUIC_KNOB_USER_TIMEOUT; code is the limit in us
 * @QUIC_REASON_STATELESS_RESET: RFC 9000 10.3; code 0
 * @QUIC_REASON_VERSION: no common version; code is one that the peer offered
 * @QUIC_REASON_NO_DAEMON: nobody serves handshakes; code 0
 * @QUIC_REASON_DAEMON_DIED: quicd went away in this handshake; code 0
 * @QUIC_REASON_UNREACHABLE: code is the errno
 * @QUIC_REASON_SYSTEM: local failure, e.g. memory; code is the errno
 */
enum quic_reason_kind {
	QUIC_REASON_NONE,
	QUIC_REASON_TRANSPORT,
	QUIC_REASON_APPLICATION,
	QUIC_REASON_TLS,
	QUIC_REASON_CERTIFICATE,
	QUIC_REASON_CREDENTIAL,
	QUIC_REASON_IDLE_TIMEOUT,
	QUIC_REASON_HANDSHAKE_TIMEOUT,
	QUIC_REASON_USER_TIMEOUT,
	QUIC_REASON_STATELESS_RESET,
	QUIC_REASON_VERSION,
	QUIC_REASON_NO_DAEMON,
	QUIC_REASON_DAEMON_DIED,
	QUIC_REASON_UNREACHABLE,
	QUIC_REASON_SYSTEM,
};

/**
 * struct quic_reason - why the connection or the handshake ended
 * @code: by @kind
 * @origin: enum quic_reason_origin
 * @kind: enum quic_reason_kind
 * @text: one line for a person, UTF-8 with a NUL: what failed, where, the code,
 *	and the cure when there is one; empty while the connection lives
 *
 * Stays readable until the socket is closed, also after a failed connect(2).
 */
struct quic_reason {
	__u64	code;
	__u32	origin;
	__u32	kind;
	char	text[QUIC_REASON_TEXT_SIZE];
};

/**
 * enum quic_state - quic_info.state
 * @QUIC_STATE_IDLE: neither connected nor listening
 * @QUIC_STATE_LISTENING: a listener
 * @QUIC_STATE_HANDSHAKING: TLS is running
 * @QUIC_STATE_ESTABLISHED: data may flow
 * @QUIC_STATE_FLUSHING: closed by us, queued data still on its way
 * @QUIC_STATE_CLOSING: RFC 9000 10.2.1
 * @QUIC_STATE_DRAINING: RFC 9000 10.2.2
 * @QUIC_STATE_CLOSED: over
 */
enum quic_state {
	QUIC_STATE_IDLE,
	QUIC_STATE_LISTENING,
	QUIC_STATE_HANDSHAKING,
	QUIC_STATE_ESTABLISHED,
	QUIC_STATE_FLUSHING,
	QUIC_STATE_CLOSING,
	QUIC_STATE_DRAINING,
	QUIC_STATE_CLOSED,
};

/* quic_info.flags */
#define QUIC_INFO_SERVER		0x00000001U /* we accepted */
#define QUIC_INFO_CONFIRMED		0x00000002U /* RFC 9001 4.1.2 */
#define QUIC_INFO_ADDRESS_VALIDATED	0x00000004U /* RFC 9000 8 */
#define QUIC_INFO_RETRIED		0x00000008U /* a Retry was exchanged */
#define QUIC_INFO_RESUMED		0x00000010U /* a ticket was used */
#define QUIC_INFO_EARLY_ACCEPTED	0x00000020U /* 0-RTT was accepted */
#define QUIC_INFO_ECN			0x00000040U /* ECN validated */
#define QUIC_INFO_GSO			0x00000080U /* sends trains */
#define QUIC_INFO_ASYNC_CRYPTO		0x00000100U /* an AEAD answered late */
#define QUIC_INFO_CWND_LIMITED		0x00000200U /* the window holds us now */
#define QUIC_INFO_FLOW_BLOCKED		0x00000400U /* MAX_DATA holds us now */

/**
 * struct quic_info - the state and the counters of a connection
 * @state: enum quic_state
 * @version: QUIC version in use, 0 none yet
 * @cipher: of 1-RTT, TLS_CIPHER_* of <linux/tls.h>, 0 none yet
 * @flags: QUIC_INFO_* bits
 * @min_rtt_us: RFC 9002 5.2; all RTTs are of the active path, 0 no sample
 * @smoothed_rtt_us: RFC 9002 5.3
 * @rttvar_us: RFC 9002 5.3
 * @latest_rtt_us: RFC 9002 5.1
 * @mtu: bytes, UDP payload that we send at most now
 * @pto_count: probe time-outs in a row, 0 after progress (RFC 9002 6.2)
 * @key_updates: 1-RTT key updates so far; its low bit is the key phase
 * @paths: number of paths, see QUIC_SOCKOPT_PATHS
 * @cwnd: bytes, congestion window
 * @ssthresh: bytes, U64_MAX in the first slow start
 * @bytes_in_flight: bytes, sent and neither acknowledged nor lost
 * @pacing_rate: bytes/s, 0 not paced
 * @sent_pkts: QUIC packets sent
 * @received_pkts: QUIC packets received, authentic and no duplicates
 * @lost_pkts: declared lost (RFC 9002 6.1)
 * @spurious_lost_pkts: of @lost_pkts, those acknowledged later
 * @retransmitted_pkts: packets sent that carried bytes or a frame again
 * @dropped_pkts: received and dropped: undecryptable, duplicate, malformed
 * @sent_bytes: UDP payload sent
 * @received_bytes: UDP payload received
 * @stream_sent_bytes: stream bytes sent for the first time
 * @stream_retransmitted_bytes: stream bytes sent again
 * @stream_acked_bytes: stream bytes acknowledged
 * @stream_received_bytes: stream bytes received, each once
 * @stream_read_bytes: of these, read by the application
 * @sent_datagrams: DATAGRAM frames sent (RFC 9221)
 * @received_datagrams: DATAGRAM frames received
 * @lost_datagrams: DATAGRAM frames in lost packets
 * @sent_trains: handed to the device: GSO batches, and single datagrams
 * @received_trains: taken from the UDP socket: GRO batches, and single ones
 * @sent_acks: ACK frames sent
 * @received_acks: ACK frames received
 * @probes: probe time-outs in all (RFC 9002 6.2)
 * @congestion_events: reductions of the window (RFC 9002 7.3.2)
 * @persistent_congestions: RFC 9002 7.6
 * @local_streams: streams that we opened
 * @peer_streams: streams that the peer opened
 * @max_data_local: bytes that we allow in all (RFC 9000 4.1)
 * @max_data_peer: bytes that the peer allows in all
 * @ecn_ce_pkts: packets that arrived marked CE
 * @handshake_us: duration of the handshake, 0 unfinished
 * @age_us: since connect(2), or since the first Initial
 * @acked_datagrams: of @sent_datagrams, in packets that were acknowledged; the peer
 *	may have dropped them all the same
 * @send_dropped_datagrams: accepted from the application and never sent
 * @recv_dropped_datagrams: of @received_datagrams, those there was no room for
 * @max_datagram: bytes, longest datagram that may be sent now, 0: the peer takes
 *	none, or is not known yet; changes with the path
 * @queued_datagrams: waiting to be sent now
 *
 * The structure grows at its tail; look at optlen. Never fails for a state:
 * members that have no meaning yet are zero.
 */
struct quic_info {
	__u32	state;
	__u32	version;
	__u32	cipher;
	__u32	flags;

	__u32	min_rtt_us;
	__u32	smoothed_rtt_us;
	__u32	rttvar_us;
	__u32	latest_rtt_us;

	__u32	mtu;
	__u32	pto_count;
	__u32	key_updates;
	__u32	paths;

	__u64	cwnd;
	__u64	ssthresh;
	__u64	bytes_in_flight;
	__u64	pacing_rate;

	__u64	sent_pkts;
	__u64	received_pkts;
	__u64	lost_pkts;
	__u64	spurious_lost_pkts;
	__u64	retransmitted_pkts;
	__u64	dropped_pkts;
	__u64	sent_bytes;
	__u64	received_bytes;

	__u64	stream_sent_bytes;
	__u64	stream_retransmitted_bytes;
	__u64	stream_acked_bytes;
	__u64	stream_received_bytes;
	__u64	stream_read_bytes;
	__u64	sent_datagrams;
	__u64	received_datagrams;
	__u64	lost_datagrams;

	__u64	sent_trains;
	__u64	received_trains;
	__u64	sent_acks;
	__u64	received_acks;
	__u64	probes;
	__u64	congestion_events;
	__u64	persistent_congestions;

	__u64	local_streams;
	__u64	peer_streams;
	__u64	max_data_local;
	__u64	max_data_peer;
	__u64	ecn_ce_pkts;

	__u64	handshake_us;
	__u64	age_us;

	__u64	acked_datagrams;
	__u64	send_dropped_datagrams;
	__u64	recv_dropped_datagrams;
	__u32	max_datagram;
	__u32	queued_datagrams;
};

/* Value of QUIC_KNOB_DATAGRAM_DROP: who goes when a queue of datagrams is full */
#define QUIC_DATAGRAM_SEND_OLDEST	0x1 /* sending: the oldest is dropped; else
					     * send(2) waits, or is EAGAIN
					     */
#define QUIC_DATAGRAM_RECV_OLDEST	0x2 /* receiving: the oldest unread is dropped;
					     * else the one that comes
					     */

/**
 * enum quic_knob_id - single values (QUIC_SOCKOPT_KNOB)
 * @QUIC_KNOB_NONE: no knob
 * @QUIC_KNOB_HANDSHAKE_TIMEOUT: us, 100000 to 600000000; before
 * @QUIC_KNOB_IDLE_TIMEOUT: us, 0 none; before (RFC 9000 10.1)
 * @QUIC_KNOB_USER_TIMEOUT: us without an acknowledgment while data waits,
 *	0 none; any time
 * @QUIC_KNOB_KEEPALIVE: us of silence before a PING, 0 none; any time
 * @QUIC_KNOB_LINGER: us that a closed connection may still deliver; any time
 * @QUIC_KNOB_MAX_DATA: bytes, 0 to 2^62 - 1; before
 * @QUIC_KNOB_MAX_STREAM_DATA: bytes, every kind of stream; before
 * @QUIC_KNOB_MAX_STREAMS_BIDI: 0 to 2^60, of which 65536 are given; before
 * @QUIC_KNOB_MAX_STREAMS_UNI: 0 to 2^60; before
 * @QUIC_KNOB_PMTUD: 0 off, 1 on (RFC 8899); before
 * @QUIC_KNOB_MAX_PAYLOAD: bytes, 1200 to 65527, largest UDP payload sent;
 *	any time
 * @QUIC_KNOB_GSO: segments of a train at most, 1 none, 0 default; any time
 * @QUIC_KNOB_PACING: 0 off, 1 on; any time
 * @QUIC_KNOB_INITIAL_CWND: bytes (RFC 9002 7.2), 0 default; before
 * @QUIC_KNOB_MAX_DATAGRAM: bytes, 0 to 65535, largest DATAGRAM frame that the peer
 *	may send, its header included; 0 none at all; before (RFC 9221 3)
 * @QUIC_KNOB_DATAGRAM_SEND_QUEUE: datagrams, 1 to 65536, that may wait to be sent,
 *	within SO_SNDBUF bytes; any time
 * @QUIC_KNOB_DATAGRAM_RECV_QUEUE: datagrams, 1 to 65536, that may wait to be read,
 *	with a quarter of SO_RCVBUF of memory; any time
 * @QUIC_KNOB_DATAGRAM_DROP: QUIC_DATAGRAM_* bits, 0 at first; any time
 * @QUIC_KNOB_CID_LEN: bytes, 8 to 20, of the connection IDs that are issued; at first
 *	the sysctl net.quic.cid_len; before. Where listeners share a port, the first ID of
 *	a child may have the length that another one of them chose.
 * @QUIC_KNOB_MAX: number of knobs
 *
 * A kernel may know fewer: ENOPROTOOPT.
 */
enum quic_knob_id {
	QUIC_KNOB_NONE,
	QUIC_KNOB_HANDSHAKE_TIMEOUT,
	QUIC_KNOB_IDLE_TIMEOUT,
	QUIC_KNOB_USER_TIMEOUT,
	QUIC_KNOB_KEEPALIVE,
	QUIC_KNOB_LINGER,
	QUIC_KNOB_MAX_DATA,
	QUIC_KNOB_MAX_STREAM_DATA,
	QUIC_KNOB_MAX_STREAMS_BIDI,
	QUIC_KNOB_MAX_STREAMS_UNI,
	QUIC_KNOB_PMTUD,
	QUIC_KNOB_MAX_PAYLOAD,
	QUIC_KNOB_GSO,
	QUIC_KNOB_PACING,
	QUIC_KNOB_INITIAL_CWND,
	QUIC_KNOB_MAX_DATAGRAM,
	QUIC_KNOB_DATAGRAM_SEND_QUEUE,
	QUIC_KNOB_DATAGRAM_RECV_QUEUE,
	QUIC_KNOB_DATAGRAM_DROP,
	QUIC_KNOB_CID_LEN,
	QUIC_KNOB_MAX,
};

/**
 * struct quic_knob - one knob and its value
 * @knob: in: enum quic_knob_id; ENOPROTOOPT unknown here
 * @reserved: zero, else EINVAL
 * @value: set: in, zero is a value; get: out
 */
struct quic_knob {
	__u32	knob;
	__u32	reserved;
	__u64	value;
};

/* quic_stream_accept.flags, beside O_NONBLOCK and O_CLOEXEC; 0: either kind */
#define QUIC_STREAM_ACCEPT_BIDI	0x1
#define QUIC_STREAM_ACCEPT_UNI	0x2

/**
 * struct quic_stream_accept - next stream of the peer as a descriptor
 * @stream_id: out: its id
 * @flags: in: QUIC_STREAM_ACCEPT_*, O_NONBLOCK, O_CLOEXEC
 * @sd: out: the descriptor, also the return value of getsockopt(2)
 *
 * Blocks as accept(2) does (EAGAIN, EINTR). EMFILE, ENFILE.
 */
struct quic_stream_accept {
	__s64	stream_id;
	__u32	flags;
	__s32	sd;
};

/**
 * struct quic_stream_priority - RFC 9218 4
 * @stream_id: in: the stream; EINVAL not open, or receive-only
 * @urgency: 0 first to 7 last, 3 at first
 * @incremental: 1, at first, shares with others of its urgency; 0: those of a lower
 *	id are sent first
 * @reserved: zero
 *
 * Of what this end sends. The peer is not told.
 */
struct quic_stream_priority {
	__s64	stream_id;
	__u8	urgency;
	__u8	incremental;
	__u8	reserved[6];
};

/* quic_stream_status.flags */
#define QUIC_STREAM_HAS_SEND	0x1 /* we may send on it */
#define QUIC_STREAM_HAS_RECV	0x2 /* the peer may send on it */
#define QUIC_STREAM_FINAL_SIZE	0x4 /* final_size is known */

/**
 * struct quic_stream_status - both halves of a stream
 * @stream_id: in: the stream; EINVAL never opened, ENOSTR forgotten
 * @flags: QUIC_STREAM_HAS_SEND, _HAS_RECV, _FINAL_SIZE
 * @reserved: zero
 * @send_state: QUIC_STREAM_SEND_STATE_*
 * @recv_state: QUIC_STREAM_RECV_STATE_*
 * @unsent: bytes queued and never sent
 * @unacked: bytes sent and not acknowledged
 * @send_limit: offset up to which the peer lets us send
 * @readable: bytes that can be read now
 * @recv_limit: offset up to which we let the peer send
 * @send_code: application code of our RESET_STREAM, or of the peer's
 *	STOP_SENDING
 * @recv_code: application code of the peer's RESET_STREAM
 * @final_size: bytes, of the receiving half
 */
struct quic_stream_status {
	__s64	stream_id;
	__u32	flags;
	__u32	reserved;
	__u32	send_state;
	__u32	recv_state;
	__u64	unsent;
	__u64	unacked;
	__u64	send_limit;
	__u64	readable;
	__u64	recv_limit;
	__u64	send_code;
	__u64	recv_code;
	__u64	final_size;
};

/**
 * struct quic_errinfo64 - quic_errinfo with all bits of the code
 * @stream_id: the stream
 * @errcode: 0 to 2^62 - 1
 *
 * As there, and EINVAL: a code that is larger, or a structure that is shorter.
 */
struct quic_errinfo64 {
	__s64	stream_id;
	__u64	errcode;
};

/**
 * struct quic_close64 - quic_connection_close with all bits of the code
 * @errcode: application code, 0 to 2^62 - 1
 * @phrase: reason phrase with a NUL
 *
 * set only: what was reported, with all bits, is in QUIC_SOCKOPT_REASON. EINVAL: a
 * code that is larger.
 */
struct quic_close64 {
	__u64	errcode;
	__u8	phrase[QUIC_CLOSE_PHRASE_BUFFER_SIZE];
};

/**
 * enum quic_admission_action - what happens to an Initial that matches
 * @QUIC_ADMISSION_ACCEPT: handshake
 * @QUIC_ADMISSION_REFUSE: CONNECTION_REFUSED
 * @QUIC_ADMISSION_RETRY: address validation first
 * @QUIC_ADMISSION_IGNORE: no answer
 */
enum quic_admission_action {
	QUIC_ADMISSION_ACCEPT,
	QUIC_ADMISSION_REFUSE,
	QUIC_ADMISSION_RETRY,
	QUIC_ADMISSION_IGNORE,
};

/**
 * struct quic_admission_rule - one rule; the first that matches decides
 * @action: enum quic_admission_action
 * @prefix_len: bits of @prefix that count, 0 to 128; 0 any address
 * @prefix: address in network order, IPv4 as ::ffff:a.b.c.d (prefix_len + 96)
 * @server_name: with a NUL; empty: any; "*.example" for all names below
 * @alpn: with a NUL; empty: any
 */
struct quic_admission_rule {
	__u32	action;
	__u32	prefix_len;
	__u8	prefix[16];
	char	server_name[256];
	char	alpn[QUIC_ALPN_MAX];
};

/* quic_path_info.flags */
#define QUIC_PATH_ACTIVE	0x1 /* data goes this way */
#define QUIC_PATH_VALIDATED	0x2 /* RFC 9000 8.2 */
#define QUIC_PATH_PROBING	0x4 /* PATH_CHALLENGE outstanding */
#define QUIC_PATH_ECN		0x8 /* ECN validated */

/**
 * struct quic_path_info - one path
 * @family: AF_INET or AF_INET6, of both addresses
 * @local_port: network order
 * @peer_port: network order
 * @reserved: zero
 * @local_addr: network order, an IPv4 address in the first 4 bytes
 * @peer_addr: same
 * @ifindex: device that the path is bound to, 0 none
 * @flags: QUIC_PATH_* bits
 * @mtu: bytes, UDP payload
 * @min_rtt_us: 0 no sample
 * @smoothed_rtt_us: 0 no sample
 * @rttvar_us: 0 no sample
 * @cwnd: bytes
 * @bytes_in_flight: bytes
 * @sent_bytes: UDP payload
 * @received_bytes: UDP payload
 */
struct quic_path_info {
	__u16	family;
	__be16	local_port;
	__be16	peer_port;
	__u16	reserved;
	__u8	local_addr[16];
	__u8	peer_addr[16];
	__u32	ifindex;
	__u32	flags;
	__u32	mtu;
	__u32	min_rtt_us;
	__u32	smoothed_rtt_us;
	__u32	rttvar_us;
	__u64	cwnd;
	__u64	bytes_in_flight;
	__u64	sent_bytes;
	__u64	received_bytes;
};

#endif /* _UAPI_LINUX_QUIC_H */
