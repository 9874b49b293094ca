/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one list of transport parameters (RFC 9000 18.2, RFC 9221 3, RFC 9287 3).
 *
 * QUIC_TPARAMS_INT(X): X(field, id, default, min, max): a varint.
 * QUIC_TPARAMS_FLAG(X): X(field, id): present or absent, empty.
 * QUIC_TPARAMS_CID(X): X(field, id, server_only): a connection ID.
 * stateless_reset_token and preferred_address have their own code in tparam.c,
 * version_information (RFC 9368 3) has its in version.c.
 */
#ifndef QUIC_CORE_DEFS_TPARAM_H
#define QUIC_CORE_DEFS_TPARAM_H

#define QUIC_TPARAMS_INT(X) \
	X(max_idle_timeout,		0x01, 0, 0, QUIC_VARINT_MAX)	/* ms */ \
	X(max_udp_payload_size,		0x03, 65527, 1200, QUIC_VARINT_MAX) \
	X(initial_max_data,		0x04, 0, 0, QUIC_VARINT_MAX) \
	X(initial_max_stream_data_bidi_local,	0x05, 0, 0, QUIC_VARINT_MAX) \
	X(initial_max_stream_data_bidi_remote,	0x06, 0, 0, QUIC_VARINT_MAX) \
	X(initial_max_stream_data_uni,	0x07, 0, 0, QUIC_VARINT_MAX) \
	X(initial_max_streams_bidi,	0x08, 0, 0, QUIC_STREAMS_MAX) \
	X(initial_max_streams_uni,	0x09, 0, 0, QUIC_STREAMS_MAX) \
	X(ack_delay_exponent,		0x0a, 3, 0, 20) \
	X(max_ack_delay,		0x0b, 25, 0, 16383)		/* ms */ \
	X(active_connection_id_limit,	0x0e, 2, 2, QUIC_VARINT_MAX) \
	X(max_datagram_frame_size,	0x20, 0, 0, QUIC_VARINT_MAX)

#define QUIC_TPARAMS_FLAG(X) \
	X(disable_active_migration,	0x0c) \
	X(grease_quic_bit,		0x2ab2)

#define QUIC_TPARAMS_CID(X) \
	X(original_destination_connection_id,	0x00, true) \
	X(initial_source_connection_id,		0x0f, false) \
	X(retry_source_connection_id,		0x10, true)

#define QUIC_TPARAM_STATELESS_RESET_TOKEN	0x02
#define QUIC_TPARAM_PREFERRED_ADDRESS		0x0d
#define QUIC_TPARAM_VERSION_INFORMATION		0x11

#endif /* QUIC_CORE_DEFS_TPARAM_H */
