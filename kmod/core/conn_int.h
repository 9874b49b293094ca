/* SPDX-License-Identifier: GPL-2.0 */
/* What the files that make up the connection (conn*.c) share among themselves. */
#ifndef QUIC_CORE_CONN_INT_H
#define QUIC_CORE_CONN_INT_H

#include "core.h"

/* conn->err was filled by a handler: start the closing state. */
void quic_conn_fatal(struct quic_conn *conn, u64 now);

/* Note how the connection ended, once; @reason is copied. */
void quic_conn_set_close(struct quic_conn *conn, enum quic_close_origin origin, bool app,
			 u64 code, u64 frame_type, const char *reason, u32 reason_len);

static inline void quic_conn_set_state(struct quic_conn *conn, enum quic_conn_state state)
{
	if (conn->state == state)
		return;
	conn->state = state;
	conn->want |= QUIC_WANT_STATE;
}

static inline bool quic_conn_is_open(const struct quic_conn *conn)
{
	return conn->state <= QUIC_CONN_ESTABLISHED;
}

/* Closing or draining for three PTOs (RFC 9000 10.2). */
void quic_conn_enter_closing(struct quic_conn *conn, enum quic_conn_state state, u64 now);

/* Closed at once, without a word to the peer; @why is kept for this end. */
void quic_conn_give_up(struct quic_conn *conn, enum quic_close_origin origin, u64 code,
		       const char *why);

/* Drop the keys of a level for good (RFC 9001 4.9). */
void quic_conn_discard(struct quic_conn *conn, u8 level, u64 now);

/* The handshake is confirmed (RFC 9001 4.1.2). */
void quic_conn_confirm(struct quic_conn *conn, u64 now);

/* The idle timer starts over (RFC 9000 10.1). */
void quic_conn_restart_idle(struct quic_conn *conn, u64 now);

/* quic_conn_shutdown() waits: is everything acknowledged? Then close. */
void quic_conn_check_shutdown(struct quic_conn *conn, u64 now);

/**
 * quic_val_fill_frame - the frame that announces a value (vals.c)
 * @conn: connection
 * @v: which value
 * @f: filled with what it is now
 */
void quic_val_fill_frame(const struct quic_conn *conn, const struct quic_valsync *v,
			 struct quic_frame *f);

/*
 * Bytes of a full datagram: in a train a multiple of 16, so that all of them lie well
 * (tx_frames.c). Not where a DATAGRAM frame may need the last byte.
 */
static inline u32 quic_path_full(const struct quic_path *path, bool train)
{
	return train ? round_down(path->mtu, QUIC_TX_ALIGN) : path->mtu;
}

#endif /* QUIC_CORE_CONN_INT_H */
