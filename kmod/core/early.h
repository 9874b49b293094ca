/* SPDX-License-Identifier: GPL-2.0 */
/* 0-RTT: data that leaves with the ClientHello (RFC 9001 4.6). */
#ifndef QUIC_CORE_EARLY_H
#define QUIC_CORE_EARLY_H

#include "core.h"
#include "stream.h"
#include "wire_frame.h"

/* May packets of the 1-RTT space be built at @level now, as far as 0-RTT decides it? */
static inline bool quic_early_level_open(const struct quic_conn *conn, u8 level)
{
	if (level == QUIC_CRYPTO_EARLY)
		return conn->early == QUIC_EARLY_OFFERED;
	/* 0.5-RTT: a server's answer to what it took (RFC 9001 4.1.4) */
	return conn->handshake_complete ||
	       (conn->server && conn->early == QUIC_EARLY_ACCEPTED);
}

/* Some frames are not for 0-RTT packets (RFC 9000 12.4), some streams not for now. */
static inline bool quic_early_val_waits(const struct quic_conn *conn, u8 level,
					const struct quic_valsync *v)
{
	if (unlikely(level == QUIC_CRYPTO_EARLY) &&
	    !(quic_frame_info(v->frame)->flags & QUIC_F_0))
		return true;
	return unlikely(conn->streams.n_held) && quic_stream_val_held(v);
}

/*
 * Would a CONNECTION_CLOSE end the server's handshake, and with it what left as 0-RTT?
 * It is acknowledged before the server has heard the client's Finished.
 */
static inline bool quic_early_hangs(const struct quic_conn *conn)
{
	return !conn->server && !conn->handshake_confirmed &&
	       (conn->early == QUIC_EARLY_OFFERED || conn->early == QUIC_EARLY_ACCEPTED) &&
	       conn->space[QUIC_SPACE_APP].tx_next;
}

/**
 * quic_early_refuse - what was sent was sent in vain
 * @conn: client that offered 0-RTT
 * @now: time, ns
 *
 * All of it is offered again, and held back until the peer's parameters allow it.
 * Datagrams are not: they count as lost.
 */
void quic_early_refuse(struct quic_conn *conn, u64 now);

/**
 * quic_early_check - does a server keep to what it takes 0-RTT data under?
 * @conn: client
 * @tp: parameters of the handshake
 * RFC 9000 7.4.1. Return: 0, or -EPROTO with PROTOCOL_VIOLATION in the connection's error.
 */
int quic_early_check(struct quic_conn *conn, const struct quic_tparams *tp);

/* The handshake is complete: a client's 0-RTT keys go now, a server's in three PTOs. */
void quic_early_complete(struct quic_conn *conn, u64 now);

/* For quic_conn_on_timer(): drop the keys if it is time (RFC 9001 4.9.3). */
void quic_early_on_timer(struct quic_conn *conn, u64 now);

#endif /* QUIC_CORE_EARLY_H */
