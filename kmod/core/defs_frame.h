/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one list of frames (RFC 9000 table 3, RFC 9221).
 *
 * QUIC_FRAMES(X) calls X(name, first, last, packets, attributes) per row:
 * types @first to @last; the packets that may carry it as the RFC's letters
 * I, H, 0, 1; attributes N (not ack-eliciting), C (does not count as in
 * flight), P (probing), R (retransmitted in some form when lost).
 */
#ifndef QUIC_CORE_DEFS_FRAME_H
#define QUIC_CORE_DEFS_FRAME_H

#define QUIC_F_I	0x01	/* may stand in Initial packets */
#define QUIC_F_H	0x02	/* Handshake */
#define QUIC_F_0	0x04	/* 0-RTT */
#define QUIC_F_1	0x08	/* 1-RTT */
#define QUIC_F_N	0x10	/* does not elicit an ACK */
#define QUIC_F_C	0x20	/* not counted in flight */
#define QUIC_F_P	0x40	/* probes a path */
#define QUIC_F_R	0x80	/* its content is sent again when lost */

#define QUIC_F_IH01	(QUIC_F_I | QUIC_F_H | QUIC_F_0 | QUIC_F_1)
#define QUIC_F_IH1	(QUIC_F_I | QUIC_F_H | QUIC_F_1)
#define QUIC_F_01	(QUIC_F_0 | QUIC_F_1)

#define QUIC_FRAMES(X) \
	X(PADDING,		0x00, 0x00, QUIC_F_IH01,	QUIC_F_N | QUIC_F_P) \
	X(PING,			0x01, 0x01, QUIC_F_IH01,	0) \
	X(ACK,			0x02, 0x03, QUIC_F_IH1,		QUIC_F_N | QUIC_F_C) \
	X(RESET_STREAM,		0x04, 0x04, QUIC_F_01,		QUIC_F_R) \
	X(STOP_SENDING,		0x05, 0x05, QUIC_F_01,		QUIC_F_R) \
	X(CRYPTO,		0x06, 0x06, QUIC_F_IH1,		QUIC_F_R) \
	X(NEW_TOKEN,		0x07, 0x07, QUIC_F_1,		QUIC_F_R) \
	X(STREAM,		0x08, 0x0f, QUIC_F_01,		QUIC_F_R) \
	X(MAX_DATA,		0x10, 0x10, QUIC_F_01,		QUIC_F_R) \
	X(MAX_STREAM_DATA,	0x11, 0x11, QUIC_F_01,		QUIC_F_R) \
	X(MAX_STREAMS,		0x12, 0x13, QUIC_F_01,		QUIC_F_R) \
	X(DATA_BLOCKED,		0x14, 0x14, QUIC_F_01,		QUIC_F_R) \
	X(STREAM_DATA_BLOCKED,	0x15, 0x15, QUIC_F_01,		QUIC_F_R) \
	X(STREAMS_BLOCKED,	0x16, 0x17, QUIC_F_01,		QUIC_F_R) \
	X(NEW_CONNECTION_ID,	0x18, 0x18, QUIC_F_01,		QUIC_F_P | QUIC_F_R) \
	X(RETIRE_CONNECTION_ID,	0x19, 0x19, QUIC_F_01,		QUIC_F_R) \
	X(PATH_CHALLENGE,	0x1a, 0x1a, QUIC_F_01,		QUIC_F_P) \
	X(PATH_RESPONSE,	0x1b, 0x1b, QUIC_F_1,		QUIC_F_P) \
	X(CONNECTION_CLOSE,	0x1c, 0x1c, QUIC_F_IH01,	QUIC_F_N) \
	X(CONNECTION_CLOSE_APP,	0x1d, 0x1d, QUIC_F_01,		QUIC_F_N) \
	X(HANDSHAKE_DONE,	0x1e, 0x1e, QUIC_F_1,		QUIC_F_R) \
	X(DATAGRAM,		0x30, 0x31, QUIC_F_01,		0)

#define QUIC_STREAM_F_FIN	0x01	/* bits of the STREAM type, RFC 9000 19.8 */
#define QUIC_STREAM_F_LEN	0x02
#define QUIC_STREAM_F_OFF	0x04

/* QUIC_FRAME_<name> is the first type of the row. */
enum quic_frame_type {
#define X(name, first, last, pkts, attrs) QUIC_FRAME_##name = first,
	QUIC_FRAMES(X)
#undef X
};

#endif /* QUIC_CORE_DEFS_FRAME_H */
