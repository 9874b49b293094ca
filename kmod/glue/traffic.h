/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way of packets: UDP sockets, opening, sealing, trains out, receiving, and what the
 * core wants done. Read as a part of glue.h, which has the objects and the rooms.
 */
#ifndef QUIC_GLUE_TRAFFIC_H
#define QUIC_GLUE_TRAFFIC_H

#include "glue.h"

/* ---- udp.c ---- */

int quic_udp_init(void);
void quic_udp_exit(void);

/**
 * quic_udp_get - the kernel UDP socket of an address, made on first use
 * @net: namespace
 * @addr: address and port; port 0 picks a free one
 * @dev: bound device or 0
 * @sk: QUIC socket asking: its uid, reuse flags and (v6) V6ONLY apply
 * @low_port: a low port is allowed to who has not CAP_NET_BIND_SERVICE, too
 *
 * Context: process, may sleep. Permission for low ports and the same-uid rule of
 * joining are checked here, since the UDP socket itself is made by a worker, for
 * no user, memory cgroup or cgroup. Return: with a reference; or ERR_PTR: -EADDRINUSE,
 * -EACCES, -EADDRNOTAVAIL, ...
 */
struct quic_udp *quic_udp_get(struct net *net, const union quic_addr *addr, int dev,
			      struct sock *sk, bool low_port);
void quic_udp_hold(struct quic_udp *udp);
/* Any context; the last reference releases the socket from a work item. */
void quic_udp_put(struct quic_udp *udp);

/**
 * enum quic_rx_past - what has happened to a skb
 * @QUIC_RX_FRESH: nothing
 * @QUIC_RX_JUDGED: hooks have let it pass when it came in (guard.c)
 * @QUIC_RX_PARKED: that, and its connection has counted its bytes (quic_rx_park())
 */
enum quic_rx_past {
	QUIC_RX_FRESH,
	QUIC_RX_JUDGED,
	QUIC_RX_PARKED,
};

/* Whom a short header's ID was found to belong to. */
struct quic_rx_owner {
	struct sock *sk;	/* a reference; or NULL: unknown */
	struct quic_cid dcid;	/* that ID */
};

/**
 * quic_udp_rcv - take one skb apart and deliver its packets
 * @udp: where it came from
 * @skb: data at the UDP payload; maybe a train; consumed
 * @past: has it been here before?
 * @owner: of its first datagram, a socket of @udp; consumed; or NULL
 *
 * Also used to feed a skb again: embryo's first Initial, packets that waited
 * for keys. Context: BH off, no socket lock held, SIMD usable.
 */
void quic_udp_rcv(struct quic_udp *udp, struct sk_buff *skb, enum quic_rx_past past,
		  const struct quic_rx_owner *owner);

/* Addresses of a datagram; an IPv4 one gives AF_INET on dual-stack sockets too. */
void quic_udp_addrs(const struct sk_buff *skb, union quic_addr *peer,
		    union quic_addr *local);

/* An IPv4-mapped IPv6 address becomes the IPv4 one; others stay. */
void quic_addr_unmap(union quic_addr *addr);

/* ---- open.c ---- */

/**
 * struct quic_rx_slice - one packet inside an skb
 * @off: from skb->data
 * @len: bytes of the packet
 * @dgram_len: of its datagram, on the datagram's first packet, else 0
 * @pn_off: offset of the packet number in the packet
 * @level: QUIC_CRYPTO_*
 * @keys: place of the keys that open it: @level, or QUIC_KEYS_OTHER
 * @early: result: only keys of the next generation can open it, which are not there
 * @scid: of a long header
 */
struct quic_rx_slice {
	u32 off;
	u16 len;
	u16 dgram_len;
	u16 pn_off;
	u8 level;
	u8 keys;
	bool early;
	struct quic_cid scid;
};

/**
 * quic_open - open packets of one skb for one socket
 * @sk: socket, a reference held; its lock is not
 * @skb: shared by all slices; a reference is taken for the result. @sk's is not
 *	taken over.
 * @slices: packets, all for @sk, in order of their offsets; those that are early are
 *	marked, and their bytes left as they were
 * @n: how many, at most QUIC_RX_SLICES
 * @ecn: IP header's ECN bits
 *
 * Context: BH off, RCU read lock, SIMD usable. Header protection of slices that
 * share a key is removed with one gathered request; payloads are decrypted in
 * place in the linear part of an skb that is not cloned, else into bounce pages.
 * What does not authenticate is counted and left
 * out; the end of such a 1-RTT packet goes to quic_rx_unopened().
 *
 * Return: batch with at least one packet, or NULL.
 */
struct quic_rxbuf *quic_open(struct sock *sk, struct sk_buff *skb,
			     struct quic_rx_slice *slices, u32 n, u8 ecn);

/*
 * The batch has to wait: let it have a copy of what lies in scratch. BH off, on the CPU that
 * opened it. Return: false: no memory.
 */
bool quic_rxbuf_keep(struct quic_rxbuf *buf);

/*
 * Free a batch that was not delivered, or whose last reference went. Calls
 * quic_rx_uncharge() first.
 */
void quic_rxbuf_free(struct quic_rxbuf *buf);

/* ---- seal.c ---- */

/**
 * quic_seal - encrypt a built batch where it stands
 * @sk: socket, lock held
 * @batch: as quic_conn_build() left it
 *
 * Context: BH off, SIMD usable. Return: 0 or an error of the crypto API; the
 * batch is not to be sent then.
 */
int quic_seal(struct sock *sk, struct quic_tx_batch *batch);

/* ---- route.c ---- */

/* Bytes of the IP and UDP header of a datagram to @a. */
u32 quic_headers_len(const union quic_addr *a);

/**
 * quic_route - choose route, source address and offloads
 * @sk: socket with peer set; fills local's address when it is a wildcard
 * Context: any, socket locked. Return: 0 or -errno. Sets sk_dst_cache.
 */
int quic_route(struct sock *sk);

/**
 * quic_route_between - a route of its own
 * @sk: socket, for its marks and device
 * @peer: to there
 * @local: from here
 * Context: any. Return: it, a reference, or an error pointer.
 */
struct dst_entry *quic_route_between(struct sock *sk, const union quic_addr *peer,
				     const union quic_addr *local);

/* Does a route between these carry QUIC? Any context. Return: 0, -EHOSTUNREACH, -errno. */
int quic_route_fits(struct sock *sk, const struct quic_ends *ends);

/**
 * quic_route_dst - the route of the path in use, looked for again when it is stale
 * @sk: socket, lock held
 *
 * What became of its MTU goes to the connection, which closes where it is too small.
 * Return: it, no reference; NULL: there is none.
 */
struct dst_entry *quic_route_dst(struct sock *sk);

/* UDP payload that it carries, bytes; 0: there is none. */
u32 quic_route_mtu(struct sock *sk);

/* ---- xmit.c ---- */

int quic_xmit_init(void);
void quic_xmit_exit(void);

/**
 * quic_xmit - build, seal and send until the core has nothing more to send
 * @sk: socket, lock held
 *
 * Batches become one GSO skb each where the device takes them, single datagrams
 * elsewhere. When SIMD is not usable here it queues the socket's work instead.
 * Context: process or softirq.
 */
void quic_xmit(struct sock *sk);

/**
 * quic_xmit_stateless - answer a packet without a connection
 * @sk: listener that answers for it, a reference held; its lock is not needed
 * @in: the packet (addresses are taken from it)
 * @data: UDP payload, at most 1200 bytes
 * @len: its bytes
 * Context: BH off.
 */
void quic_xmit_stateless(struct sock *sk, struct sk_buff *in, const u8 *data, u32 len);

/* ---- host.c ---- */

int quic_host_init(void);
void quic_host_exit(void);
/* Arrays that the core holds now; its other objects are counted by slabinfo. */
long quic_host_var_objects(void);

/* ---- rx.c ---- */

/**
 * quic_rx_deliver - give opened packets to their connection
 * @sk: socket with a reference, dropped here
 * @buf: batch, consumed
 *
 * Takes the socket lock, or queues on the backlog, or drops when the socket's
 * receive memory is full. Context: BH off, RCU not needed.
 */
void quic_rx_deliver(struct sock *sk, struct quic_rxbuf *buf);

/* Give back what quic_rx_deliver() charged. Lock held, or last user. */
void quic_rx_uncharge(struct quic_rxbuf *buf);

/*
 * Has the backlog room for a batch of @bytes? Any context, a hint. Receive memory
 * itself is not looked at: a batch that only acknowledges must always get in, or
 * a reader that stopped would stall what it sends.
 */
static inline bool quic_rx_room(const struct sock *sk, u32 bytes)
{
	return READ_ONCE(quic_sk(sk)->rx_backlog_bytes) + bytes <= READ_ONCE(sk->sk_rcvbuf);
}

/* ---- sealed.c ---- */

/**
 * quic_sealed_keep - leave a train to who will open it on another CPU
 * @udp: where it came from
 * @skb: data at the UDP payload; taken over if the answer is yes
 * @owner: filled if the answer is no, for quic_udp_rcv()
 *
 * Context: softirq, RCU, no socket lock held. Return: it was kept, or dropped and counted.
 */
bool quic_sealed_keep(struct quic_udp *udp, struct sk_buff *skb, struct quic_rx_owner *owner);

/* Is there one? Also without the lock. */
static inline bool quic_sealed_any(const struct sock *sk)
{
	return !skb_queue_empty_lockless(&quic_sk(sk)->sealed);
}

/**
 * quic_sealed_run - open them
 * @sk: socket, lock owned in process context, spinlock free. The caller settles.
 */
void quic_sealed_run(struct sock *sk);

/* Is this CPU opening @sk's, with the lock owned by whom it does it for? BH off. */
bool quic_sealed_running(const struct sock *sk);

/**
 * quic_sealed_timer - has nobody come for them in time?
 * @sk: socket, spinlock of the lock held, the lock not owned. Then the work does it.
 */
void quic_sealed_timer(struct sock *sk);

/* Forget them: the connection is over. Lock held, any context. */
void quic_sealed_purge(struct sock *sk);

/**
 * quic_sealed_leave_tx - may transmission wait for who sleeps in sendmsg()?
 * @sk: socket, lock held
 *
 * He is woken then, and settles; after a millisecond the pacing timer sends.
 */
bool quic_sealed_leave_tx(struct sock *sk);

/**
 * quic_rx_park - keep a datagram whose keys are not there yet, bounded
 * @sk: socket; its lock is taken here
 * @udp: where it came from
 * @skb: reference taken over
 * @dgram_len: of its datagram when nothing of it counted yet, else 0
 * @level: of its first packet
 * Context: BH off.
 */
void quic_rx_park(struct sock *sk, struct quic_udp *udp, struct sk_buff *skb, u32 dgram_len,
		  u8 level);

/*
 * Datagrams of @bytes came in @skb of which nothing opens: a server whose client has
 * not shown that its address is its own may answer so much the more, if they came from
 * there (RFC 9000 8.1). The lock is taken here. Context: BH off.
 */
void quic_rx_credit(struct sock *sk, const struct sk_buff *skb, u32 bytes);

/**
 * quic_rx_park_early - keep a datagram of a key phase whose keys are not made yet
 * @sk: socket; its lock is taken here
 * @udp: where it came from
 * @skb: reference taken over
 *
 * Has them made (rekey.c), and is bounded like quic_rx_park(). Context: BH off.
 */
void quic_rx_park_early(struct sock *sk, struct quic_udp *udp, struct sk_buff *skb);

/**
 * quic_rx_unpark - feed parked datagrams again, after keys were installed
 * @sk: socket, lock owned in process context. They go through quic_udp_rcv()
 * when the lock is released, or from quic_rx_flush().
 */
void quic_rx_unpark(struct sock *sk);

/*
 * 1-RTT packets that did not open: the end of the last one, a stateless reset?
 * (RFC 9000 10.3.1) And how many had a wrong tag (RFC 9001 6.6).
 */
void quic_rx_unopened(struct sock *sk, const u8 *token, u32 forged);

/* sk->sk_prot->release_cb: what met the lock as owned, timers included. */
void quic_release_cb(struct sock *sk);

/* Forget parked datagrams: the connection is over. Lock held, any context. */
void quic_rx_purge(struct sock *sk);

/*
 * Work off what met the lock as owned, as release_sock() does, and keep the lock:
 * for loops that hold it long (in place of sk_flush_backlog(), as sk_backlog is
 * not used and sk_prot->backlog_rcv stays NULL). Process context, lock owned.
 */
void quic_rx_flush(struct sock *sk);

/* ---- queue.c ---- */

/**
 * quic_queue_full - does enough of this connection, which does not end, lie below already?
 * @sk: socket with a connection, lock held
 *
 * Context: any. Return: yes: build nothing; quic_xmit() is called again when some has left.
 */
bool quic_queue_full(struct sock *sk);

/* Has that stopped transmission? Any context. */
bool quic_queue_stopped(const struct sock *sk);

/**
 * quic_queue_pacing - tell the core who paces, and what the user wants of it
 * @sk: socket with a connection, lock held
 *
 * For quic_xmit(), ahead of each batch: SO_MAX_PACING_RATE may have changed, and fq may have
 * seen this socket's skbs. Context: any.
 */
void quic_queue_pacing(struct sock *sk);

/**
 * quic_queue_room - memory of skbs may have been given back
 * @sk: socket; its lock is not needed
 * Context: any, with any locks held.
 */
void quic_queue_room(struct sock *sk);

/* Its fields of a new socket. */
void quic_queue_init(struct sock *sk);

/* ---- settle.c and timer.c ---- */

/**
 * quic_settle - act on the core's want bits, then set timers
 * @sk: socket, lock held
 *
 * Every call into the core from glue is followed by one of these: sends, wakes,
 * forwards TLS bytes, syncs connection IDs, drops keys, reacts to state changes.
 * Context: process or softirq.
 */
void quic_settle(struct sock *sk);

/*
 * The connection no longer counts as established. Lock held; idempotent. settle
 * does it when closing begins, quic_sock_detach() when there was no closing.
 */
void quic_settle_uncount(struct sock *sk);

/* sk->sk_write_space: wakes writers that set SOCK_NOSPACE, once there is room. */
void quic_write_space(struct sock *sk);

/* MSG_MORE holds bytes back: have them sent soon though nothing follows. Lock held. */
void quic_timers_hold(struct sock *sk);
/* Have the pacing timer send @wait ns later: memory was short, or a sleeper may. Lock held. */
void quic_timers_retry(struct sock *sk, u64 wait);
/* Have the coarse timer run at @at, ns, though the core asks for no such thing. Lock held. */
void quic_timers_look(struct sock *sk, u64 at);
/*
 * Send: now, or when the lock's owner gives it up. Softirq, the lock free, a reference held.
 */
void quic_timers_send(struct sock *sk);
/* Set both timers to what the core asks for. */
void quic_timers_update(struct sock *sk);
/* The coarse timer's work: the core, if its deadline has come, and settle. */
void quic_timer_run(struct sock *sk);
/*
 * Timers, work and backlog of a new socket; and their end, when its connection is
 * over: lock held, any context, also from inside one of the timers.
 */
void quic_timers_init(struct sock *sk);
void quic_timers_stop(struct sock *sk);

/*
 * Have @sk's work send from process context. Lock held, any context. The work
 * holds a reference while queued.
 */
void quic_work_queue(struct sock *sk);

/* For everything that this module queues; destroyed, hence flushed, at exit. */
extern struct workqueue_struct *quic_wq;
int quic_wq_init(void);
void quic_wq_exit(void);

#endif /* QUIC_GLUE_TRAFFIC_H */
