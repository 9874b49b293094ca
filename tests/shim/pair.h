/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two connections back to back: virtual time, a link that delays, limits,
 * loses, repeats and reorders datagrams, fake TLS, and an application that
 * moves bytes of a known pattern and checks each.
 *
 * What one end builds is assembled as it would stand on the wire, with zeros
 * for a tag, and taken apart again by the header parser: only the encryption is
 * missing. Everything is deterministic, from the seed.
 */
#ifndef SHIM_PAIR_H
#define SHIM_PAIR_H

#include "shim_host.h"
#include "../../kmod/core/core.h"

#define PAIR_FLOWS	64
#define PAIR_DGRAM_PKTS	4
#define PAIR_PARKED	16	/* datagrams that wait for keys, per end */

enum pair_side {
	PAIR_CLIENT,
	PAIR_SERVER,
};

struct pair;
struct pair_dgram;

/**
 * struct pair_link - one direction
 * @delay: propagation, ns
 * @rate: bytes per second, 0: no limit
 * @queue: bytes that may wait for the rate, 0: no limit
 * @mtu: datagrams above vanish, 0: none do
 * @loss: datagrams lost, permille
 * @dup: datagrams repeated, permille
 * @reorder: datagrams delayed by up to @reorder_delay more, permille
 * @reorder_delay: ns
 * @drop: extra decision; @n counts the datagrams of this direction from 0
 * @tap: shown each datagram before its fate is decided
 */
struct pair_link {
	u64 delay;
	u64 rate;
	u64 queue;
	u32 mtu;
	u32 loss;
	u32 dup;
	u32 reorder;
	u64 reorder_delay;
	bool (*drop)(struct pair *p, enum pair_side from, u64 n);
	void (*tap)(struct pair *p, enum pair_side from, const struct pair_dgram *d);
};

/**
 * struct pair_cfg - set by the test before pair_new(), from pair_defaults()
 * @seed: of the link's dice
 * @cc: controller of both
 * @local: transport parameters of each side
 * @mtu: local route's UDP payload
 * @link: [side that sends]
 * @flight: bytes of the server's fake Handshake messages
 * @handshake_timeout: ns
 * @addr_validated: for the server
 * @batch: datagrams per build
 * @tx_max: bytes an application keeps queued at most
 * @check_every: steps between two checks of all invariants; 0: never
 */
struct pair_cfg {
	u64 seed;
	const struct quic_cc_ops *cc;
	struct quic_tparams local[2];
	u32 mtu;
	struct pair_link link[2];
	u32 flight;
	u64 handshake_timeout;
	bool addr_validated;
	u32 batch;
	u64 tx_max;
	u32 check_every;
};

/* A datagram under way. */
struct pair_dgram {
	struct list_head node;		/* by arrival */
	u64 at;
	u32 n;
	struct quic_rxbuf *buf;
	struct quic_rx_pkt pkt[PAIR_DGRAM_PKTS];
	u8 pn_len[PAIR_DGRAM_PKTS];
	struct quic_cid dcid;
	struct quic_cid scid;
	u32 len;
	bool initial;
};

/**
 * struct pair_flow - a stream of the application
 * @from: who writes
 * @id: stream ID, once opened
 * @total: bytes to move
 * @queued: bytes given to the sender's core
 * @received: bytes the receiver read
 * @finished: the FIN was given to the sender's core
 * @done: the receiver read the end
 * @reset: the receiver saw a reset
 */
struct pair_flow {
	enum pair_side from;
	u64 id;
	u64 total;
	u64 queued;
	u64 received;
	u64 reset_code;
	bool opened;
	bool finished;
	bool done;
	bool reset;
	bool uni;
};

struct pair_tls {
	u8 in[4][8192];		/* by level: bytes of the message so far */
	u32 have[4];
	bool failed;
};

/**
 * struct pair_end - one side
 * @conn: NULL: not created yet, or gone
 * @want: bits taken and not yet acted upon by a test
 * @reading: the application reads
 * @pmtu_dropped: datagrams above the link's MTU
 */
struct pair_end {
	struct pair *pair;
	enum pair_side side;
	struct quic_conn *conn;
	struct shim_arena arena;
	struct quic_tx_batch batch;
	struct pair_tls tls;
	struct list_head arrivals;	/* datagrams for this end */
	struct list_head parked;	/* that wait for keys */
	u32 n_parked;
	u64 link_free;			/* when its outgoing link is idle */
	u64 sent;			/* datagrams */
	u64 bytes;
	u64 lost;
	u64 pmtu_dropped;
	u64 to_amp;			/* received before validation */
	u64 from_amp;
	u32 want;
	bool reading;
};

struct pair {
	struct pair_cfg cfg;
	struct pair_end end[2];
	struct pair_flow flow[PAIR_FLOWS];
	u32 n_flows;
	u64 now;
	u64 steps;
	u64 rnd;
	u32 errors;
	const char *error;		/* first rule that was broken */
	u8 *pattern;
};

void pair_defaults(struct pair_cfg *cfg);

/**
 * pair_new - create both ends
 * @cfg: copied
 *
 * The server's connection is made by the client's first Initial to arrive.
 *
 * Return: the pair; its client may be NULL when memory was made short.
 */
struct pair *pair_new(const struct pair_cfg *cfg);
void pair_free(struct pair *p);

/* Let @from write @total bytes on a new stream when it can. Return: the flow. */
struct pair_flow *pair_flow(struct pair *p, enum pair_side from, u64 total);

/**
 * pair_run - let time pass
 * @p: pair
 * @done: ends the run early; NULL: none
 * @until: absolute ns
 *
 * Return: @done said so. False also when nothing is left to happen.
 */
bool pair_run(struct pair *p, bool (*done)(struct pair *p), u64 until);

/* For pair_run(). */
bool pair_established(struct pair *p);
bool pair_confirmed(struct pair *p);
bool pair_all_done(struct pair *p);
bool pair_closed(struct pair *p);

/* After a test touched an end: act on its want bits, send what it has. */
void pair_pump(struct pair *p);

/* Hand an end one packet with these frames, outside the link. */
void pair_inject(struct pair *p, enum pair_side to, u8 level, u64 pn,
		 const u8 *frames, u32 len);

/**
 * pair_check - invariants of a connection that hold between any two calls
 * Return: NULL or what is wrong.
 */
const char *pair_check(const struct quic_conn *conn);

u64 pair_random(struct pair *p);

#endif /* SHIM_PAIR_H */
