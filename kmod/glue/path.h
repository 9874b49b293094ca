/* SPDX-License-Identifier: GPL-2.0 */
/* Which addresses are behind the core's paths (path.c). */
#ifndef QUIC_GLUE_PATH_H
#define QUIC_GLUE_PATH_H

#include "glue.h"

/**
 * struct quic_ends - the two addresses of a path
 * @peer: of the other end
 * @local: of ours
 */
struct quic_ends {
	union quic_addr peer;
	union quic_addr local;
};

/**
 * struct quic_sock_paths - paths of a socket that has had a second one; its lock
 * @ends: by place of the core (core/path.h)
 * @hash: of each, for IPv6 flow labels and queues: one says nothing of another (RFC
 *	9000 9.7)
 * @other: place that the socket's udp_other is for
 * @offered: paths validated when the client got its latest token
 * @seen: how often the path changed, one was validated, one failed: in the counters
 */
struct quic_sock_paths {
	struct quic_ends ends[QUIC_PATHS];
	u32 hash[QUIC_PATHS];
	u8 other;
	u32 offered;
	u32 seen[3];
};

/**
 * quic_path_note - where does a batch come from?
 * @sk: socket, a reference held; its lock is not
 * @skb: that its packets came in
 * @buf: the batch: noted there
 *
 * One comparison where they come from where we send to.
 * Context: BH off. Return: false: from elsewhere, and no memory to say so.
 */
bool quic_path_note(const struct sock *sk, const struct sk_buff *skb, struct quic_rxbuf *buf);

/* Was it sent from where we send to? A hint without the lock. */
bool quic_path_is_peer(const struct sock *sk, const struct sk_buff *skb);

/**
 * quic_path_rx - tell the core where the packets that it is about to get come from
 * @sk: socket, lock held
 * @buf: their batch
 *
 * Context: any. Return: false: from a server that we do not talk to (RFC 9000 9): to
 * be dropped.
 */
bool quic_path_rx(struct sock *sk, const struct quic_rxbuf *buf);

/* Follow the core: addresses, route, UDP socket of the path in use. Lock held, any context. */
void quic_path_sync(struct sock *sk);

/* The same when the core asks for it; and what it has proved is worth a token. */
void quic_path_settle(struct sock *sk);

/* Addresses of a place that is not the one in use; NULL: none. Lock held. */
const struct quic_ends *quic_path_ends(const struct sock *sk, u8 place);

/* Counters of the core to those of the namespace. Lock held, any context. */
void quic_path_count(struct sock *sk);

/* The connection is over. Lock held, any context. */
void quic_path_release(struct sock *sk);

/**
 * quic_path_move - move a client to another address of its own (RFC 9000 9.2)
 * @sk: socket, lock held
 * @to: address and port, of the family in use
 * @low_port: see quic_udp_get()
 *
 * Context: process, may sleep. Return: 0: begun; -EPIPE not established; -EINVAL a
 * server, another family, no or the same address; -EPERM the server forbids it; -EAGAIN
 * one is under way, or was a few round trips ago, too early, or no connection ID for it;
 * -ENOMEM; no route; as quic_udp_get().
 */
int quic_path_move(struct sock *sk, const union quic_addr *to, bool low_port);

/* QUIC_SOCKOPT_PATHS; lock held. Return: bytes filled of @info, room for QUIC_PATHS. */
int quic_path_info(const struct sock *sk, struct quic_path_info *info);

#endif /* QUIC_GLUE_PATH_H */
