// SPDX-License-Identifier: GPL-2.0
/*
 * What a value that is to be announced (valsync.h) looks like as a frame.
 *
 * The value is not kept with the wish to say it: the frame is filled when it leaves, with
 * what is true then, so that a limit that has risen twice is said once.
 *
 * Not here: when (tx_frames.c), and again (recovery.c).
 */
#include "conn_int.h"
#include "stream.h"
#include "cid.h"

void quic_val_fill_frame(const struct quic_conn *conn, const struct quic_valsync *v,
			 struct quic_frame *f)
{
	f->type = v->frame;
	if (v->frame == QUIC_FRAME_NEW_CONNECTION_ID ||
	    v->frame == QUIC_FRAME_RETIRE_CONNECTION_ID)
		quic_cid_fill_frame(conn, v, f);
	else if (v->frame == QUIC_FRAME_NEW_TOKEN)
		f->u.blob = (typeof(f->u.blob)){ conn->new_token.data, conn->new_token.len };
	else if (v->frame != QUIC_FRAME_HANDSHAKE_DONE)
		quic_stream_fill_frame(conn, v, f);
}
