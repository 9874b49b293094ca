/* SPDX-License-Identifier: GPL-2.0 */
/*
 * "Keep announcing this value until it is acknowledged": one mechanism behind
 * MAX_DATA, MAX_STREAM_DATA, MAX_STREAMS, RESET_STREAM, STOP_SENDING,
 * NEW_CONNECTION_ID, RETIRE_CONNECTION_ID, HANDSHAKE_DONE and the rest.
 *
 *           set                 sent(pn)               acked(pn)
 *   IDLE ----------> WANTED ---------------> FLYING --------------> IDLE
 *                      ^                        |
 *                      +---- lost(pn), set -----+
 *
 * Wanted ones wait in a list of the connection, flying ones in another, so that
 * neither building a packet nor an ACK looks at values at rest.
 */
#ifndef QUIC_CORE_VALSYNC_H
#define QUIC_CORE_VALSYNC_H

#include "types.h"

enum quic_valsync_state {
	QUIC_VAL_IDLE,
	QUIC_VAL_WANTED,
	QUIC_VAL_FLYING,
};

/**
 * struct quic_valsync - one value to announce
 * @node: in the connection's wanted or flying list, else empty
 * @frame: QUIC_FRAME_*: what announces it
 * @state: enum quic_valsync_state
 * @said: it was in a packet once
 * @pn: packet that carried it last, when flying
 */
struct quic_valsync {
	struct list_head node;
	u8 frame;
	u8 state;
	bool said;
	u64 pn;
};

/**
 * struct quic_valsyncs - a connection's values that are not at rest
 */
struct quic_valsyncs {
	struct list_head wanted;	/* to be put into a packet */
	struct list_head flying;	/* in packets not acknowledged */
};

static inline void quic_valsyncs_init(struct quic_valsyncs *vs)
{
	INIT_LIST_HEAD(&vs->wanted);
	INIT_LIST_HEAD(&vs->flying);
}

static inline void quic_valsync_init(struct quic_valsync *v, u8 frame)
{
	INIT_LIST_HEAD(&v->node);
	v->frame = frame;
	v->state = QUIC_VAL_IDLE;
	v->said = false;
	v->pn = 0;
}

/* The value changed, or must be said at all: announce it. */
static inline void quic_valsync_set(struct quic_valsyncs *vs, struct quic_valsync *v)
{
	if (v->state == QUIC_VAL_WANTED)
		return;
	v->state = QUIC_VAL_WANTED;
	list_move_tail(&v->node, &vs->wanted);
}

/* Nobody needs it any more. */
static inline void quic_valsync_stop(struct quic_valsync *v)
{
	v->state = QUIC_VAL_IDLE;
	list_del_init(&v->node);
}

static inline void quic_valsync_sent(struct quic_valsyncs *vs, struct quic_valsync *v,
				     u64 pn)
{
	v->state = QUIC_VAL_FLYING;
	v->said = true;
	v->pn = pn;
	list_move_tail(&v->node, &vs->flying);
}

#endif /* QUIC_CORE_VALSYNC_H */
