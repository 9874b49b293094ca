/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What handshake.c, hs_flight.c, hs_msg.c and netlink.c share: a handshake under
 * way, the workers of the daemon, and a flight of actions.
 */
#ifndef QUIC_GLUE_HANDSHAKE_H
#define QUIC_GLUE_HANDSHAKE_H

#include <linux/netlink.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>

#include "glue.h"
#include <linux/quic_hs.h>

#define QUIC_HS_ACTIONS_MAX	64	/* in one FLIGHT */

/**
 * struct quic_hs_worker - a netlink socket of the daemon that registered
 * @node: in the list of workers; quic_hs_lock
 * @net: its namespace; compared, and used to send only while the worker lives,
 *	which is as long as its socket holds the namespace
 * @portid: its address there
 * @dead: its socket was closed; quic_hs_lock
 * @refs: the list, and each handshake it runs
 */
struct quic_hs_worker {
	struct list_head node;
	struct net *net;
	u32 portid;
	bool dead;
	refcount_t refs;
};

/* Where a handshake stands. */
enum quic_hs_state {
	QUIC_HS_WAITING,	/* for a worker; its work is queued */
	QUIC_HS_RUNNING,	/* START was sent */
	QUIC_HS_OVER,		/* done or failed: no ABORT is due */
};

/**
 * struct quic_hs_progress - what flights have done so far
 * @selected: a listener was
 * @remembered: those of an earlier connection are: 0-RTT is offered
 * @params: the peer's parameters are set
 * @done: TLS is complete
 * @failed: FAIL was seen
 * @secrets: bit quic_hs_secret_bit() per secret installed
 */
struct quic_hs_progress {
	bool selected;
	bool remembered;
	bool params;
	bool done;
	bool failed;
	u32 secrets;
};

static inline u32 quic_hs_secret_bit(u32 level, bool send)
{
	return BIT(2 * level + send);
}

/**
 * struct quic_hs - a handshake that a worker runs, or is to run
 * @node: in the table by @id, while @sk's hs points here; quic_hs_lock
 * @id: never used twice
 * @sk: socket, a reference
 * @worker: who runs it, a reference; written with the socket's lock and
 *	quic_hs_lock, read with either
 * @state: enum quic_hs_state, socket lock
 * @wait_until: WAITING: when to give up, jiffies
 * @progress: socket lock
 * @start: clone of a START that has a private key at its end, or NULL; socket lock
 * @credential_len: bytes of that
 * @work: looks for a worker again, or ends a handshake whose worker died; holds
 *	a reference on this while queued
 * @refs: the socket's pointer, queued work, who looks it up
 */
struct quic_hs {
	struct hlist_node node;
	u64 id;
	struct sock *sk;
	struct quic_hs_worker *worker;
	u8 state;
	unsigned long wait_until;
	struct quic_hs_progress progress;
	struct sk_buff *start;
	u32 credential_len;
	struct delayed_work work;
	refcount_t refs;
};

/**
 * struct quic_hs_act - one action of a flight, parsed
 * @type: enum quic_hs_action
 * @level: CRYPTO, SECRET
 * @send: SECRET
 * @remembered: PEER_PARAMS: of an earlier connection
 * @early_accepted: PEER_PARAMS: the server takes 0-RTT
 * @listener: SELECT
 * @version: SELECT: to go on with, or 0
 * @error: FAIL: errno
 * @alert: FAIL: or -1
 * @cipher: SECRET
 * @data: CRYPTO, SECRET, PEER_PARAMS, DONE (chain); in the message
 * @len: its bytes
 * @text: FAIL: text, DONE: ALPN; attribute or NULL
 * @nest: the action in the message, for extended acks
 * @keys: SECRET: derived before the socket lock is taken; NULL once installed
 */
struct quic_hs_act {
	u32 type;
	u32 level;
	bool send;
	bool remembered;
	bool early_accepted;
	u32 listener;
	u32 version;
	int error;
	int alert;
	const struct quic_cipher *cipher;
	u8 *data;
	u32 len;
	const struct nlattr *text;
	const struct nlattr *nest;
	struct quic_keys *keys;
};

struct quic_hs_flight {
	u64 id;
	u32 n;
	struct quic_hs_act act[QUIC_HS_ACTIONS_MAX];
};

extern spinlock_t quic_hs_lock;		/* workers, table; taken last, BH off */

/* ---- handshake.c ---- */

/* The handshake with this ID if that sender runs it; with a reference. */
struct quic_hs *quic_hs_find(u64 id, const struct net *net, u32 portid);
void quic_hs_put(struct quic_hs *hs);

/**
 * quic_hs_fail - the connection cannot come up
 * @hs: may be gone afterwards
 * @err: errno for the user, positive
 * @alert: to send, or -1
 * @text: one line for a person, copied
 *
 * Context: socket lock held; settle follows.
 */
void quic_hs_fail(struct quic_hs *hs, int err, int alert, const char *text);

/* A worker was added: those that wait may find it now. */
void quic_hs_kick_waiting(void);
/* @w died: end what it was running. Under quic_hs_lock. */
void quic_hs_kick_orphans(const struct quic_hs_worker *w);

/* ---- hs_flight.c ---- */

/**
 * quic_hs_execute - carry a flight out
 * @flight: parsed
 * @net: namespace of the sender
 * @portid: its port
 * @extack: receives the reason of a failure
 *
 * Context: process, no lock held. Return: 0, or -errno and nothing was done:
 * -ENOENT not this sender's handshake, -EINVAL an action out of order, -ENOMEM;
 * or the handshake was under way and has failed with -ECONNREFUSED, -EPROTO.
 */
int quic_hs_execute(struct quic_hs_flight *flight, const struct net *net, u32 portid,
		    struct netlink_ext_ack *extack);

/* ---- netlink.c ---- */

/**
 * quic_hs_worker_pick - whose turn is it?
 * @hs: receives the worker, in place of the former one
 *
 * Workers of the socket's namespace in turn; without any, and if the sysctl
 * allows, those of the initial namespace.
 * Context: socket lock held. Return: false when there are none.
 */
bool quic_hs_worker_pick(struct quic_hs *hs);
void quic_hs_worker_put(struct quic_hs_worker *w);

int quic_hs_netlink_init(void);
void quic_hs_netlink_exit(void);

extern struct genl_family quic_hs_family;

/* ---- hs_msg.c: socket lock held ---- */

/*
 * Each sends one message to @hs's worker. Return: 0; -ENOMEM, -EMSGSIZE: it was
 * not made; -EAGAIN: its queue is full; -ECONNREFUSED: it is gone.
 */

/* Context: process, may sleep; takes listeners' locks. */
int quic_hs_send_start(struct quic_hs *hs);
/* START was read, or is not going to be: zeroise the key in it. Context: any. */
void quic_hs_forget_start(struct quic_hs *hs);
/*
 * Takes the level's bytes from the core. Context: any. Return: also 1 when there
 * were none; after -ENOMEM they are still there.
 */
int quic_hs_send_crypto(const struct quic_hs *hs, u8 level);
/* Context: any. Best effort. */
void quic_hs_send_abort(const struct quic_hs *hs);

#endif /* QUIC_GLUE_HANDSHAKE_H */
