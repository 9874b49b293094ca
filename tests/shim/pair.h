/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two cores back to back: a virtual clock, a link with delay and a hook that
 * drops, no cryptography, and a make-believe TLS of a few messages.
 */
#ifndef SHIM_PAIR_H
#define SHIM_PAIR_H

#include "shim_host.h"
#include "../../kmod/core/core.h"

#define PAIR_CLIENT	0
#define PAIR_SERVER	1

struct pair;

/**
 * struct pair_dgram - a datagram on its way
 * @node: in pair.flying or pair.parked
 * @at: when it arrives
 * @to: PAIR_*
 * @len: bytes of UDP payload
 * @index: its number in its direction, from 0
 * @n: packets
 * @pkt: as the receiver gets them
 */
struct pair_dgram {
	struct list_head node;
	u64 at;
	u8 to;
	u32 len;
	u64 index;
	u32 n;
	struct quic_rx_pkt pkt[4];
};

/**
 * struct pair - both ends
 * @conn: PAIR_CLIENT and PAIR_SERVER
 * @now: the clock, ns
 * @delay: one way, ns
 * @rate: bytes per second of the link, 0 unlimited
 * @fate: asked for each datagram: negative: drop it; else more delay, ns. A
 *	second call with @copy true: deliver a copy too? NULL: all arrive.
 * @priv: the hook's
 * @sent: datagrams sent, per direction of the receiver
 * @failed: memory was short in the pair itself
 */
struct pair {
	struct quic_conn *conn[2];
	u64 now;
	u64 delay;
	u64 rate;
	u64 busy_until[2];
	s64 (*fate)(struct pair *p, const struct pair_dgram *d, bool copy);
	void *priv;
	u64 sent[2];
	u32 want[2];		/* QUIC_WANT_* the test may look at and clear */
	struct list_head flying;
	struct list_head parked;
	struct quic_tx_batch batch;
	struct shim_arena arena;
	u8 space[65536];
	u32 tls_in[2][QUIC_CRYPTO_LEVELS];
	u8 tls_step[2];
};

/**
 * pair_init - two fresh connections, nothing sent yet
 * @p: pair; static, it is big
 * @tp: both sides' parameters, or NULL for generous ones
 * Return: 0 or -ENOMEM.
 */
int pair_init(struct pair *p, const struct quic_tparams *tp);

/* Generous transport parameters to change and hand to pair_init(). */
void pair_tparams(struct quic_tparams *tp);

/* Free everything, also what is in flight. */
void pair_free(struct pair *p);

/* Let both ends send what they want to send. */
void pair_flush(struct pair *p);

/**
 * pair_step - go to the next event: an arrival or a deadline
 * @p: pair
 * @until: but not past this time
 * Return: false when nothing happens before @until; the clock stands there then.
 */
bool pair_step(struct pair *p, u64 until);

/**
 * pair_run - step until a condition holds
 * @p: pair
 * @ns: at most this long
 * @done: condition, or NULL for "until idle"
 * Return: whether it held.
 */
bool pair_run(struct pair *p, u64 ns, bool (*done)(struct pair *p));

/* Both ends are ESTABLISHED and the client knows the handshake is confirmed. */
bool pair_confirmed(struct pair *p);

#endif /* SHIM_PAIR_H */
