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

#define PAIR_FLOWS	64	/* by default */
#define PAIR_DGRAM_PKTS	4
#define PAIR_PARKED	16	/* datagrams that wait for keys, per end */
#define PAIR_ADDRS	16	/* of the client */
#define PAIR_OWN	8	/* from here on not behind the NAT */
#define PAIR_PATTERN	65521	/* bytes; prime: offsets do not line up */

enum pair_side {
	PAIR_CLIENT,
	PAIR_SERVER,
};

/* pair_cfg.early */
enum pair_early {
	PAIR_EARLY_NONE,
	PAIR_EARLY_ACCEPTED,
	PAIR_EARLY_REFUSED,
};

struct pair;
struct pair_dgram;

/* What the link did with a datagram. */
enum pair_fate {
	PAIR_DELIVERED,
	PAIR_LOST,		/* by dice, burst or decision */
	PAIR_QUEUE_FULL,
	PAIR_TOO_BIG,
	PAIR_DOWN,
	PAIR_NO_MAPPING,	/* to an address the NAT has forgotten */
};

/**
 * struct pair_link - one direction
 * @delay: propagation, ns
 * @rate: bytes per second, 0: no limit
 * @queue: bytes that may wait for the rate, 0: no limit
 * @mtu: datagrams above vanish, 0: none do
 * @mtu_at: ns of the run from which @mtu is @mtu_then; 0: never
 * @mtu_then: as @mtu
 * @loss: datagrams lost, permille
 * @burst: datagrams that begin a burst of losses, permille
 * @burst_len: datagrams of a burst, on average
 * @dup: datagrams repeated, permille
 * @corrupt: datagrams one bit of which is turned, permille
 * @forge: 1-RTT datagrams that somebody's forged copy follows, permille
 * @ce: ECN-capable datagrams marked CE, permille
 * @mark_at: bytes that wait for the rate, from which ECN-capable ones are marked CE,
 *	0: none are
 * @bleach: ECN bits are cleared, permille
 * @no_ect: ECN-capable datagrams vanish
 * @reorder: datagrams delayed by up to @reorder_delay more, permille
 * @reorder_delay: ns
 * @jitter: each datagram is delayed by up to this more, ns; order is kept
 * @down_at: ns of the run from which all is lost
 * @down_for: for how long, ns; 0: never
 * @drop: extra decision; @n counts the datagrams of this direction from 0
 * @tap: shown each datagram before its fate is decided
 */
struct pair_link {
	u64 delay;
	u64 rate;
	u64 queue;
	u32 mtu;
	u64 mtu_at;
	u32 mtu_then;
	u32 loss;
	u32 burst;
	u32 burst_len;
	u32 dup;
	u32 corrupt;
	u32 forge;
	u32 ce;
	u64 mark_at;
	u32 bleach;
	bool no_ect;
	u32 reorder;
	u64 reorder_delay;
	u64 jitter;
	u64 down_at;
	u64 down_for;
	bool (*drop)(struct pair *p, enum pair_side from, u64 n);
	void (*tap)(struct pair *p, enum pair_side from, const struct pair_dgram *d);
};

/**
 * struct pair_queue - what waits for the rate of a link
 * @free: when all of it has left
 */
struct pair_queue {
	u64 free;
};

/**
 * struct pair_hooks - for one who watches
 * @sent: a datagram left, and this became of it
 * @opened: the core is about to get these packets of a datagram
 * @stepped: both ends did what was due at p->now
 */
struct pair_hooks {
	void (*sent)(struct pair *p, enum pair_side from, const struct pair_dgram *d,
		     enum pair_fate fate);
	void (*opened)(struct pair *p, enum pair_side to, const struct quic_rx_pkt *pkts,
		       u32 n);
	void (*stepped)(struct pair *p);
};

#define PAIR_REBINDS	4

/**
 * struct pair_cfg - set by the test before pair_new(), from pair_defaults()
 * @seed: of the link's dice
 * @late: its clock begins with so much more than another pair's, ns
 * @cc: controller of both
 * @local: transport parameters of each side
 * @cid_len: bytes of the connection IDs that each side issues
 * @mtu: local route's UDP payload
 * @link: [side that sends]
 * @shared: [side that sends] goes through a queue with other pairs, whose links have
 *	the same rate and queue; NULL: its own
 * @version: QUIC version of the client
 * @serves: the only one that the server speaks, others are answered with Version
 *	Negotiation; 0: all of ours
 * @selects: version that the server goes on with, whatever the client began with; 0: that
 * @flight: bytes of the server's fake Handshake messages
 * @handshake_timeout: ns
 * @addr_validated: for the server
 * @retry: the server answers Initials without a token with Retry
 * @early: 0-RTT is offered by the client, and accepted or refused
 * @new_token: the server gives a token for a next time
 * @token: of an earlier connection, for the client's first Initials; NULL: none
 * @token_len: its bytes
 * @remembered: initial_max_data, stream data and streams that the client remembers
 *	are this part of @local[PAIR_SERVER]'s, percent; 0: all
 * @no_ecn: [side] marks nothing
 * @unheld: what is built ahead of its time leaves at once
 * @reader_sleeps: one in so many times a reader who has read all sleeps and says so
 *	(quic_conn_reader_sleeps()); else he is at work. 0: he never says so
 * @window_max: receive windows of both grow up to it; 0: they do not
 * @rebind_at: ns of the run when the NAT in front of the client gives it the
 *	address @rebind_to; 0: never
 * @rebind_to: below PAIR_OWN; 0 is the address it begins with
 * @rebind_every: the NAT gives one address after the other, each for so long, ns; 0: not
 * @rebind_port: its addresses differ by the port alone
 * @spoof: datagrams of the client, once it is connected, that somebody copies, permille:
 *	the copy comes first, from one of the NAT's addresses
 * @keepalive: silence after which the client sends a PING while there is something to
 *	move, ns; 0: never. A NAT that forgets one who only listens cuts him off.
 * @update_every: datagrams that [side] sends between two requests for a key update;
 *	0: none
 * @seal_limit: packets that a 1-RTT key may seal; 0: any number
 * @forged_limit: packets that may fail to open; 0: any number
 * @hasty: no end waits with an update of its own for longer than the RFC's MUSTs say
 * @keys_delay: how long hosts take to make keys of the next generation, ns
 * @batch: datagrams per build
 * @tx_max: bytes an application keeps queued at most
 * @max_flows: room for so many
 * @check_every: steps between two checks of all invariants; 0: never
 * @hooks: or NULL
 * @priv: the watcher's
 */
struct pair_cfg {
	u64 seed;
	u64 late;
	const struct quic_cc_ops *cc;
	struct quic_tparams local[2];
	u8 cid_len[2];
	u32 mtu;
	struct pair_link link[2];
	struct pair_queue *shared[2];
	u32 version;
	u32 serves;
	u32 selects;
	u32 flight;
	u64 handshake_timeout;
	bool addr_validated;
	bool retry;
	bool new_token;
	const u8 *token;
	u32 token_len;
	u8 early;
	u32 remembered;
	bool no_ecn[2];
	bool unheld;
	u64 window_max;
	u32 reader_sleeps;
	u64 rebind_at[PAIR_REBINDS];
	u8 rebind_to[PAIR_REBINDS];
	u64 rebind_every;
	bool rebind_port;
	u32 spoof;
	u64 keepalive;
	u32 update_every[2];
	u64 seal_limit;
	u64 forged_limit;
	bool hasty;
	u64 keys_delay;
	u32 batch;
	u64 tx_max;
	u32 max_flows;
	u32 check_every;
	const struct pair_hooks *hooks;
	void *priv;
};

/*
 * struct pair_dgram - a datagram under way
 * @at: when it arrives
 * @version: of its first long header
 * @retry: it is a Retry
 * @version_neg: it is a Version Negotiation
 * @reset: it is a stateless reset
 * @forged: 1-RTT packets in it that did not open
 * @damaged: offset of a byte that is not as it was sent, plus 1; 0: none
 * @src: the client's address as the server sees it, of what it sends
 * @dst: the same, of what goes to it
 * @ecn: of its IP header
 */
struct pair_dgram {
	struct list_head node;		/* by arrival */
	u64 at;
	u32 n;
	u32 version;
	struct quic_rxbuf *buf;
	struct quic_rx_pkt pkt[PAIR_DGRAM_PKTS];
	u8 pn_len[PAIR_DGRAM_PKTS];
	u16 hdr_len[PAIR_DGRAM_PKTS];
	struct quic_cid dcid;
	struct quic_cid scid;
	u32 len;
	u32 damaged;
	u8 src;
	u8 dst;
	u8 ecn;
	bool initial;
	bool retry;
	bool version_neg;
	bool reset;
	u32 forged;
};

/*
 * struct pair_flow - a stream of the application
 * @from: who writes
 * @id: stream ID, once opened
 * @total: bytes to move
 * @queued: bytes given to the sender's core
 * @received: bytes the receiver read
 * @finished: the FIN was given to the sender's core
 * @done: the receiver read the end
 * @reset: the receiver saw a reset
 * @writing: in pair_end.writing until all was queued
 */
struct pair_flow {
	struct list_head writing;
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

/*
 * struct pair_msgs - datagrams of the application, by who writes
 * @total: to be sent, as fast as the queue takes them
 * @len_max: lengths go from 4 bytes to this many
 * @queued: given to the sender's core
 * @read: taken by the reader
 * @bytes: of those
 * @seen: by number
 */
struct pair_msgs {
	u32 total;
	u32 len_max;
	u32 queued;
	u64 read;
	u64 bytes;
	u8 *seen;
};

struct pair_tls {
	u8 in[4][8192];		/* by level: bytes of the message so far */
	u32 have[4];
	bool failed;
};

/*
 * struct pair_end - one side
 * @conn: NULL: not created yet, or gone
 * @want: bits taken and not yet acted upon by a test
 * @reading: the application reads
 * @mute: it writes nothing
 * @forgot: all that it knew of the connection is lost
 * @pmtu_dropped: datagrams above the link's MTU
 * @writing: flows with bytes or a FIN to queue
 * @burst_left: datagrams that the burst of losses still takes
 * @burst_end: or until then
 * @last_at: latest arrival of those that keep their order
 * @addr: the client's address behind each place of the core, see pair_path.c
 * @moved: server: datagrams from addresses without a place
 * @keys_at: when the keys of the next generation are made; QUIC_TIME_NEVER: not asked
 * @update_at: datagrams sent when the next update is requested
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
	struct pair_queue *queue;	/* in front of its outgoing link's rate */
	struct pair_queue own_queue;
	u64 sent;			/* datagrams */
	u64 bytes;
	u64 lost;
	u64 pmtu_dropped;
	struct list_head writing;
	u32 burst_left;
	u64 burst_end;
	u64 last_at;
	u64 moved;
	u64 keys_at;
	u64 update_at;
	u8 addr[QUIC_PATHS];
	u32 want;
	bool reading;
	bool mute;
	bool forgot;
};

/* Bytes of datagrams from and to an address of the client's, while it is not validated. */
struct pair_amp {
	u64 in;
	u64 out;
};

struct pair {
	struct pair_cfg cfg;
	struct pair_end end[2];
	struct pair_flow *flow;		/* cfg.max_flows of them */
	u32 n_flows;
	u32 *by_id[4];			/* flow + 1 of the nth stream, by type */
	struct pair_msgs msgs[2];
	u64 begin;
	u64 now;
	u64 steps;
	u32 stuck;			/* of them, since time passed */
	u64 rnd;
	bool injected;			/* by pair_inject(): not all is the peer's */
	int inject_ahead;		/* of pair_inject(): generations of keys */
	u32 retries;			/* Retry packets sent, and taken */
	u32 retries_taken;
	u32 resets;			/* stateless ones that were sent, and taken */
	u32 resets_taken;
	u32 tokens;			/* for a next time, given, and taken from the time before */
	u32 tokens_taken;
	u32 version_negs;		/* sent, and acted upon */
	u32 restarts;
	struct pair_amp amp[PAIR_ADDRS];
	u32 migrations;			/* that were begun */
	u32 errors;
	const char *error;		/* first rule that was broken */
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

/* The client gets Version Negotiation with this list, encoded; and acts upon it. */
void pair_version_neg(struct pair *p, const u8 *versions, u32 len);

/* Let @from write @total bytes on a new stream when it can. Return: the flow. */
struct pair_flow *pair_flow(struct pair *p, enum pair_side from, u64 total);

/* Queue bytes of a buffer on a stream, as a host does. Return: they were taken. */
bool pair_append(struct quic_conn *conn, struct quic_stream *s, struct quic_txbuf *buf,
		 u32 off, u32 len);

/* Let @from send datagrams; once per side and pair. Return: what becomes of them. */
struct pair_msgs *pair_msgs(struct pair *p, enum pair_side from, u32 total, u32 len_max);

/* Queue one datagram, as a host does. Return: as quic_conn_dgram_send(). */
int pair_msg_send(struct quic_conn *conn, const u8 *data, u32 len);

/* Does what both ends count of the datagrams of @from add up? NULL or what does not. */
const char *pair_msgs_sum(const struct pair *p, enum pair_side from);

/**
 * pair_run - let time pass
 * @p: pair
 * @done: ends the run early; NULL: none
 * @until: absolute ns
 *
 * Return: @done said so. False also when nothing is left to happen.
 */
bool pair_run(struct pair *p, bool (*done)(struct pair *p), u64 until);

/**
 * pair_next - when something is to happen
 * @p: pair; it was pumped
 * Return: absolute ns, perhaps past, or QUIC_TIME_NEVER.
 */
u64 pair_next(const struct pair *p);

/**
 * pair_step - do what is due: for several pairs on one clock, by turns
 * @p: pair
 * @at: its clock goes on to this time; not beyond pair_next()
 */
void pair_step(struct pair *p, u64 at);

/* For pair_run(). */
bool pair_established(struct pair *p);
bool pair_confirmed(struct pair *p);
bool pair_all_done(struct pair *p);
bool pair_closed(struct pair *p);

/* The client moves to an address of its own. Return: as quic_conn_path_probe(). */
int pair_migrate(struct pair *p);

/* The server loses its state: what comes for the connection is answered with resets. */
void pair_forget(struct pair *p);

/* After a test touched an end: act on its want bits, send what it has. */
void pair_pump(struct pair *p);

/* Hand an end one packet with these frames, outside the link. */
void pair_inject(struct pair *p, enum pair_side to, u8 level, u64 pn,
		 const u8 *frames, u32 len);

/* The same for the server, 1-RTT, from an address of the client's. */
void pair_inject_from(struct pair *p, u8 addr, u64 pn, const u8 *frames, u32 len);

/**
 * pair_check - invariants of a connection that hold between any two calls
 * @conn: connection
 *
 * Return: NULL or what is wrong.
 */
const char *pair_check(const struct quic_conn *conn);

/* The same for what one end knows of the other. */
const char *pair_check_both(const struct pair *p);

/* What the client of @cfg remembers of the server, where it offers 0-RTT. */
void pair_remembered(const struct pair_cfg *cfg, struct quic_tparams *tp);

/* A rule is broken: the run ends with @what, unless it has an error already. */
void pair_error(struct pair *p, const char *what);

/* Byte @off of every stream @id; as many as PAIR_PATTERN may be read there. */
const u8 *pair_pattern(u64 id, u64 off);

u64 pair_random(struct pair *p);

#endif /* SHIM_PAIR_H */
