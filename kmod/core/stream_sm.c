// SPDX-License-Identifier: GPL-2.0
/*
 * What may happen to a stream, and what becomes of it (RFC 9000 3.1, 3.2).
 *
 * A half is in one state; a row per event says for each state the next one, or
 * why there is none. Sending, and receiving:
 *
 *   READY ---> SEND ---> SENT ---> RECVD       RECV ---> SIZE_KNOWN ---> RECVD ---> READ
 *      \         |        |                      |           |   \
 *       \        v        v                      v           v    '--> READ, unread
 *        '---> RESET_SENT ---> RESET_RECVD      RESET_RECVD ---> RESET_READ
 *
 * Where the RFC leaves a choice:
 *  - STOP_SENDING is answered with RESET_STREAM in SENT too (3.5: "MAY" wait for
 *    acknowledgments instead): the peer throws the bytes away anyhow;
 *  - RESET_STREAM that comes once all bytes are there is ignored (3.2), nor do
 *    bytes after RESET_STREAM lead to RECVD;
 *  - a half that we stopped ends as read as soon as its size is known: whatever is
 *    still missing would be thrown away. That edge is ours alone.
 *
 * Invariants: a terminal state has no way out; no STREAM frame leaves after
 * RESET_STREAM, which is NEVER here and warns.
 *
 * A FIN that is queued and not sent yet is no state but the send buffer's matter,
 * as it is in the RFC. Final sizes and credit are checked by stream_recv.c.
 */
#include "stream_sm.h"

#define LATE	QUIC_SM_LATE
#define REFUSE	QUIC_SM_REFUSE
#define NEVER	QUIC_SM_NEVER

#define READY	QUIC_STREAM_SEND_STATE_READY
#define SEND	QUIC_STREAM_SEND_STATE_SEND
#define SENT	QUIC_STREAM_SEND_STATE_SENT
#define ACKED	QUIC_STREAM_SEND_STATE_RECVD
#define R_SENT	QUIC_STREAM_SEND_STATE_RESET_SENT
#define R_ACKED	QUIC_STREAM_SEND_STATE_RESET_RECVD

/* Columns: the state now. Frames that leave in SENT are sent again. */
const u8 quic_send_table[QUIC_SEND_EVENTS][QUIC_SEND_STATES] = {
				  /* READY   SEND    SENT    RECVD   RESET_SENT RESET_RECVD */
	[QUIC_SEND_EV_WRITE]	   = { READY,  SEND,   REFUSE, REFUSE, REFUSE,  REFUSE },
	[QUIC_SEND_EV_FRAME]	   = { SEND,   SEND,   SENT,   NEVER,  NEVER,   NEVER },
	[QUIC_SEND_EV_FRAME_FIN]   = { SENT,   SENT,   SENT,   NEVER,  NEVER,   NEVER },
	[QUIC_SEND_EV_CREDIT]	   = { READY,  SEND,   LATE,   LATE,   LATE,    LATE },
	[QUIC_SEND_EV_SETTLED]	   = { NEVER,  SEND,   SENT,   LATE,   LATE,    LATE },
	[QUIC_SEND_EV_ALL_ACKED]   = { NEVER,  NEVER,  ACKED,  NEVER,  NEVER,   NEVER },
	[QUIC_SEND_EV_RESET]	   = { R_SENT, R_SENT, R_SENT, REFUSE, REFUSE,  REFUSE },
	[QUIC_SEND_EV_STOPPED]	   = { R_SENT, R_SENT, R_SENT, LATE,   LATE,    LATE },
	[QUIC_SEND_EV_RESET_ACKED] = { NEVER,  NEVER,  NEVER,  NEVER,  R_ACKED, NEVER },
	[QUIC_SEND_EV_REFUSED]	   = { READY,  READY,  READY,  NEVER,  R_SENT,  NEVER },
};

#define RECV	QUIC_STREAM_RECV_STATE_RECV
#define SIZED	QUIC_STREAM_RECV_STATE_SIZE_KNOWN
#define RECVD	QUIC_STREAM_RECV_STATE_RECVD
#define DONE	QUIC_STREAM_RECV_STATE_READ
#define R_RECVD	QUIC_STREAM_RECV_STATE_RESET_RECVD
#define R_READ	QUIC_STREAM_RECV_STATE_RESET_READ

const u8 quic_recv_table[QUIC_RECV_EVENTS][QUIC_RECV_STATES] = {
				  /* RECV     SIZE_KNOWN RECVD   READ    RESET_RECVD RESET_READ */
	[QUIC_RECV_EV_DATA]	   = { RECV,    SIZED,   LATE,   LATE,   LATE,    LATE },
	[QUIC_RECV_EV_FIN]	   = { SIZED,   SIZED,   LATE,   LATE,   LATE,    LATE },
	[QUIC_RECV_EV_ALL_DATA]	   = { NEVER,   RECVD,   NEVER,  NEVER,  NEVER,   NEVER },
	[QUIC_RECV_EV_DISCARDED]   = { NEVER,   DONE,    NEVER,  NEVER,  NEVER,   NEVER },
	[QUIC_RECV_EV_RESET]	   = { R_RECVD, R_RECVD, LATE,   LATE,   LATE,    LATE },
	[QUIC_RECV_EV_READ_END]	   = { NEVER,   NEVER,   DONE,   NEVER,  NEVER,   NEVER },
	[QUIC_RECV_EV_READ_RESET]  = { REFUSE,  REFUSE,  REFUSE, REFUSE, R_READ,  REFUSE },
	[QUIC_RECV_EV_STOP]	   = { RECV,    SIZED,   REFUSE, REFUSE, REFUSE,  REFUSE },
};
