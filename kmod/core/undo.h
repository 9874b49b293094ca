/* SPDX-License-Identifier: GPL-2.0 */
/* Taking back a reduction of the window that no loss was behind (RFC 9438 4.9). */
#ifndef QUIC_CORE_UNDO_H
#define QUIC_CORE_UNDO_H

#include "conn.h"

/* The window is about to be reduced for a loss: remember it. */
void quic_undo_begin(struct quic_conn *conn);

/**
 * quic_undo_lost - a packet was declared lost that belongs to the latest reduction
 * @conn: connection
 * @space: where
 * @pn: its number, above those before
 */
void quic_undo_lost(struct quic_conn *conn, enum quic_space space, u64 pn);

/* There is another reason for the reduction: it stays. */
static inline void quic_undo_spoil(struct quic_conn *conn)
{
	conn->undo.n = 0;
	conn->undo.open = false;
}

/**
 * quic_undo_on_ack - strike out what an ACK frame of the 1-RTT space has
 * @conn: connection with undo.n above 0
 * @f: the frame
 *
 * When nothing is left of the losses the controller is as it was before them.
 */
void quic_undo_on_ack(struct quic_conn *conn, const struct quic_frame *f);

/* Forget the latest reduction: it stays. */
void quic_undo_free(struct quic_conn *conn);

#endif /* QUIC_CORE_UNDO_H */
