/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One connection whose peer is the fuzzer: packets go in as plaintext, what it
 * builds is taken apart, checked and thrown away.
 */
#ifndef FUZZ_SOLO_H
#define FUZZ_SOLO_H

#include "fuzz.h"
#include "../shim/pair.h"

/**
 * struct solo_cfg - how to make one
 * @server: role
 * @established: run through a handshake; else it has just begun
 * @peer_cid: what the peer calls itself
 * @cc: controller
 * @local: our transport parameters
 * @remote: the peer's, without connection IDs and token
 */
struct solo_cfg {
	bool server;
	bool established;
	struct quic_cid peer_cid;
	const struct quic_cc_ops *cc;
	struct quic_tparams local;
	struct quic_tparams remote;
};

/**
 * struct solo - the connection
 * @conn: NULL when memory was made short
 * @peer_cid: source connection ID of its packets
 * @now: time
 * @next_pn: by space, of the peer's next packet
 */
struct solo {
	struct quic_conn *conn;
	struct quic_cid peer_cid;
	u64 now;
	u64 next_pn[QUIC_SPACES];
};

void solo_defaults(struct solo_cfg *cfg);

/* Create and, if wanted, establish. */
void solo_open(struct solo *s, const struct solo_cfg *cfg);

/* Before the peer's parameters: its first packet, and all keys. */
void solo_hello(struct solo *s);

/**
 * solo_recv - one packet, alone in its datagram
 * @s: connection
 * @level: QUIC_CRYPTO_*
 * @pn: packet number
 * @data: payload, copied
 * @len: bytes
 */
void solo_recv(struct solo *s, u8 level, u64 pn, const u8 *data, u32 len);

/* Build all there is, let @s->now come to @until with all timers on the way. */
void solo_pump(struct solo *s);
void solo_run(struct solo *s, u64 until);

/* The invariants that hold between any two calls, and how it ended if it did. */
void solo_check(const struct solo *s);

/* Destroy. At the end of an input nothing may be left: shim_host_live(). */
void solo_close(struct solo *s);

/* QUIC_F_* of the packets of a level. */
u8 solo_pkt_flag(u8 level);

#endif /* FUZZ_SOLO_H */
