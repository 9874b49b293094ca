/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel around the core: sockets, UDP, crypto, netlink, timers.
 *
 * Rooms, from the wire up:
 *   udp.c      kernel UDP sockets: trains in, shared by the QUIC sockets of a port
 *   demux.c    what is in a train: datagrams, packets, whose they are; skb.c: headers
 *   lookup.c   connection ID -> QUIC socket, under RCU
 *   crypto.c   ciphers, keys; creq.c requests; kdf.c derives; open.c, seal.c use;
 *              phase.c generations of keys; rekey.c makes the next one
 *   xmit.c     a built batch -> one GSO skb -> ip_local_out
 *   host.c     what the core asks of its host (core/host.h)
 *   rx.c       opened packets -> socket lock or backlog -> core
 *   sealed.c   trains that who sleeps in a call opens on his own CPU; blocks.c: pages
 *   guard.c    what admins rely on: judges packets, guards children
 *   path.c     which addresses are behind the core's paths
 *   queue.c    how much of a connection may lie below it
 *   settle.c   acts on the core's want bits; timer.c: the two timers
 *   answer.c   Retry, Version Negotiation, stateless reset; stateless.c, token.c:
 *              their cryptography; retry.c: a client that gets a Retry
 *   listen_initial.c   Initials for a listener: bounded ring, worker, embryos;
 *              listen_early.c: 0-RTT that comes before them
 *   listen.c   listeners of a port, SELECT, accept queue
 *   sock.c proto.c sock_send.c sock_recv.c sockopt.c   the socket calls
 *   lend.c     bytes to send that stay in pages of a file
 *   sock_one.c what SOCK_STREAM adds: a socket that is one stream
 *   sock_dgram.c  datagrams (RFC 9221) through a socket
 *   handshake.c hs_flight.c hs_msg.c netlink.c   family quic_hs: a handshake, what the
 *              daemon has it do, what it is told, workers
 *   mib.c procfs.c sysctl.c main.c
 *
 * Locking (Documentation/locking.md): the QUIC socket's lock owns the connection
 * and everything in it. Softirq takes at most one socket lock. RCU protects the
 * connection ID table and the keys that open.c reads before that lock is held.
 *
 * Large because it is the private contract of glue, a section for each file; those on
 * the way of packets are in traffic.h.
 */
#ifndef QUIC_GLUE_H
#define QUIC_GLUE_H

#include <linux/types.h>
#include <linux/skbuff.h>
#include <linux/workqueue.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/percpu.h>
#include <net/sock.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "../core/core.h"
#include "crypto.h"
#include "fail.h"
#include "pernet.h"

#define QUIC_ALPN_MAX_LEN	128	/* QUIC_SOCKOPT_ALPN */
#define QUIC_EMBRYOS_MAX	1024	/* handshakes without a listener, per port */
#define QUIC_INITIALS_MAX	256	/* Initials waiting for the worker, per port */
#define QUIC_INITIALS_BYTES	(1U << 20)	/* truesize of those */
#define QUIC_EARLY_MAX		256	/* datagrams of 0-RTT before their Initial, per port */
#define QUIC_EARLY_BYTES	(1U << 20)	/* truesize of those */
#define QUIC_SHARES		64	/* source prefixes are counted in so many groups */
#define QUIC_PENDING_MAX	32	/* datagrams waiting for keys, per connection */
#define QUIC_PENDING_BYTES	(256U << 10)	/* truesize of those */
#define QUIC_PENDING_STRANGER	2	/* from a client whose address is not validated */
#define QUIC_PENDING_EARLY	10	/* the same, with 0-RTT: an initial window (RFC 9002 7.2) */
#define QUIC_EMBRYO_RCVBUF	(256 << 10)	/* until SELECT: a ClientHello in pieces */

struct quic_admission;
struct quic_ends;
struct quic_hdr;
struct quic_hs;
struct quic_first_answer;
struct quic_sock_paths;
struct quic_udp;

/* A socket address of either family. */
union quic_addr {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/**
 * struct quic_rxbuf - packets of one received skb that belong to one connection
 * @refs: held by the batch itself and by each stream chunk; socket lock
 * @skb: keeps the bytes opened in place, NULL when there are none; charged to the
 *	QUIC socket once delivered
 * @bounce: pages that hold what could not be opened in place, or NULL; blocks
 *	of pages are chained through their page_private() (open.c)
 * @bounce_bytes: memory of them all
 * @n: packets opened
 * @kept: @pkts is memory of this batch
 * @path: place of the core that it came from (path.c), unless
 * @from: it is another, looked for later; or NULL
 * @recv_time: when the skb was taken off the UDP socket, ns
 * @sk: once delivered: whose receive memory it is charged to. No reference: the
 *	connection that holds the batch ends before its socket does.
 * @charged: bytes charged, 0 before delivery (rx.c)
 * @node: in the socket's rx_backlog
 * @pkts: what the core is given: scratch of the CPU that opened them, until the batch
 *	has to wait (quic_rxbuf_keep()); then its own
 */
struct quic_rxbuf {
	u32 refs;
	u32 charged;
	struct list_head node;
	struct sock *sk;
	struct sk_buff *skb;
	struct page *bounce;
	u32 bounce_bytes;
	u16 n;
	bool kept;
	u8 path;
	struct quic_ends *from;
	u64 recv_time;
	struct quic_rx_pkt *pkts;
};

/**
 * struct quic_cid_entry - one connection ID in the lookup table
 * @sk: socket that packets with this ID go to; alive while the entry is hashed
 * @retired: none do any more
 */
struct quic_cid_entry {
	struct hlist_node node;		/* in its bucket */
	struct sock *sk;
	bool retired;
	possible_net_t net;		/* of @sk */
	struct quic_cid cid;		/* the ID */
	u64 seq;			/* the core's sequence number; U64_MAX: a client chose it */
	struct rcu_head rcu;		/* frees it */
};

/**
 * struct quic_token_entry - a reset token that the peer gave, in the lookup table
 * @node: in its bucket
 * @sk: socket that it would end, in which this is
 * @hash: of the token, keyed; 0: not hashed, there is none
 */
struct quic_token_entry {
	struct hlist_node node;
	struct sock *sk;
	u64 hash;
};

/**
 * struct quic_early_ring - 0-RTT packets that no connection owns yet (listen_early.c)
 * @q: copies of their datagrams, oldest first; its lock guards all of this
 * @bytes: truesize of them
 * @of: how many by group of source prefixes
 * @work: drops the old ones; holds a reference on the port while queued
 */
struct quic_early_ring {
	struct sk_buff_head q;
	u32 bytes;
	u16 of[QUIC_SHARES];
	struct delayed_work work;
};

/**
 * struct quic_udp - a kernel UDP socket and who uses it
 * @sock: bound, not connected, UDP_GRO on, sk_data_ready is ours
 * @sk: of @sock; readers under RCU may find it closed
 * @refs: QUIC sockets (listeners, clients, children) and embryos
 * @listeners: listening QUIC sockets of this address and port; RCU
 * @initials: ring of Initials that no connection owns yet
 * @initials_bytes: truesize of them; lock of @initials
 * @initials_of: places in the ring by group of source prefixes; lock of @initials
 * @early: 0-RTT before its Initial
 * @embryos_of: embryos by group; @lock
 * @embryo_list: embryos, oldest first; @lock
 * @v6only: takes no IPv4 packets
 * @validating: listeners that want addresses proved (answer.c); @lock
 * @rx_work: drains in process context when softirq may not use SIMD or has done
 *	its share; holds a reference while queued
 * @initial_work: makes connections out of @initials
 * @free_work: owns the last reference: closes unless somebody joined meanwhile
 * @free_rwork: frees after the readers that data_ready left behind
 */
struct quic_udp {
	struct list_head node;		/* in the namespace's list, quic_udp_mutex */
	struct socket *sock;
	struct sock *sk;
	struct net *net;		/* its namespace */
	union quic_addr addr;		/* bound to */
	int dev;			/* bound to this interface, or 0 */
	refcount_t refs;
	kuid_t uid;			/* who opened it: others may not join */
	spinlock_t lock;		/* @listeners (writers), embryos */
	struct hlist_head listeners;
	struct sk_buff_head initials;
	u32 initials_bytes;
	struct quic_early_ring early;
	atomic_t embryos;		/* children not established, bounded */
	u16 initials_of[QUIC_SHARES];
	u16 embryos_of[QUIC_SHARES];
	struct list_head embryo_list;
	bool v6only;
	u32 validating;
	struct work_struct rx_work;
	struct work_struct initial_work;
	struct work_struct free_work;
	struct rcu_work free_rwork;
};

/* Configuration that a listener hands to its children, see sockopt.c. */
struct quic_sock_config {
	struct quic_tparams tp;
	u32 version;
	u32 cipher;			/* TLS_CIPHER_* or 0 */
	u32 initial_rtt_us;
	u8 cc_algo;
	u8 validate_peer_address;
	u8 nodelay;
	u8 cert_request;
	u32 keepalive_us;
	u32 verify;
	u64 handshake_timeout_ms;
	u64 pmtud;			/* 0: stay at 1200 bytes */
	u64 cid_len;			/* bytes of the connection IDs that we issue */
	u32 pmtud_raise_us;		/* 0: the core's default */
	u64 dgram_send_queue;		/* datagrams */
	u64 dgram_recv_queue;		/* datagrams */
	u64 dgram_drop;			/* QUIC_DATAGRAM_* bits */
	u8 token[QUIC_TOKEN_MAX];	/* client: of an earlier connection */
	u8 token_len;
	char alpn[QUIC_ALPN_MAX_LEN + 1];
	char server_name[254];
	char profile[64];
	u8 *credential;			/* kvmalloc, zeroised on free */
	u32 credential_len;
	u8 (*pins)[32];
	u32 n_pins;
};

/*
 * Places of keys: one for each level, and one for Initial keys of a second version
 * (version.c): a server's for what its client is told of next, a client's for what the
 * server may go on with.
 */
enum {
	QUIC_KEYS_OTHER = QUIC_CRYPTO_LEVELS,
	QUIC_KEYS_MAX
};

#define QUIC_STATS_COUNTED	9	/* statistics that a namespace adds up: settle.c */

/**
 * struct quic_sock - a QUIC socket: one connection, or one listener
 * @inet: must be first
 * @conn: the core's connection; NULL for listeners and unconnected sockets
 * @udp: kernel UDP socket in use
 * @udp_other: client: that of the path it moves to, or has just left; or NULL
 * @paths: addresses of further paths, or NULL (path.c)
 * @path_active: place of the core that @peer and @local are those of
 * @keys_rx: by QUIC_CRYPTO_* level, and of QUIC_KEYS_OTHER; RCU for open.c, written
 *	under the lock
 * @keys_tx: likewise; under the lock
 * @version_asked: client: version of a packet that waits for QUIC_KEYS_OTHER; 0: none
 * @peer: address packets go to
 * @local: address they come from (wildcard until routed)
 * @cids: entries in the lookup table, one per local connection ID of the core
 *	plus the client's original destination on a server
 * @peer_node: in the table by @peer while it has connection IDs in the other one
 * @n_cids: how many it has (lookup.c)
 * @cids_gone: entries of the IDs retired last, a ring
 * @n_gone: IDs retired
 * @tokens: entries of the reset tokens of the peer's IDs in use
 * @pending: datagrams that came before their keys; bounded
 * @pending_bytes: truesize of them; lock of @pending
 * @rx_backlog: batches that met an owned lock (rx.c). Not sk_backlog: that one
 *	queues skbs, and a train shared by batches would have to be cloned.
 * @rx_backlog_bytes: of them, and of those being worked off; slock
 * @sealed: trains that were left to the lock's owner, or to who sleeps for it, unopened
 *	(sealed.c); added under the slock. Their memory is in @rx_backlog_bytes.
 * @sealed_since: when the first of them came, ns
 * @readers: asleep in recvmsg(); written under the lock
 * @tx_owed: transmission was left to who sleeps in sendmsg()
 * @fq_seen: fq is below, and holds trains until they may leave
 * @reset_token: end of a datagram that failed to open while the lock was owned
 * @forged: packets that failed to open meanwhile; slock
 * @credit: bytes of datagrams of which nothing opened, meanwhile; slock
 * @mtu_hint: what ICMP has said of the path's MTU, likewise
 * @first_answer: client: a Retry or Version Negotiation to be acted upon by @work, or NULL;
 *	atomically exchanged
 * @hs: handshake under way or NULL
 * @timer: coarse: the core's deadline, lazily re-armed; holds a reference
 * @pacing_timer: soft hrtimer: only while pacing or lack of memory stopped a build
 * @work: sends in process context when softirq may not use SIMD
 * @queue_tasklet: sends when what lies below has left (queue.c)
 * @queue_state: bits of queue.c, atomic
 * @queue_low: bytes below at which transmission goes on
 * @rekey_work: makes keys of the next generation
 * @key_updates: that are in the counters, ours and the peer's
 * @ecn_seen: enum quic_ecn_state that is in the counters
 * @stats_seen: of the connection's statistics, those that are (settle.c)
 * @listener: child: the listener selected, a reference; NULL before SELECT
 * @accept_q: listener: established children, by accept_node
 * @accept_lock: @accept_q, @accept_open and sk_ack_backlog of a listener; taken
 *	with a child's lock held, BH off; nothing is taken inside
 * @accept_open: children may still be selected and queued
 * @embryo: child: counted in udp->embryos, not established yet
 * @embryo_node: in udp->embryo_list while @embryo
 * @embryo_since: jiffies
 * @embryo_share: group of source prefixes that it is counted in
 * @backlogged: child: counted in @listener's sk_ack_backlog
 * @settling: quic_settle() is at work further up this stack
 * @cids_stale: @cids lags behind the core, memory was short
 * @over: closing, draining or closed; users have been told
 * @counted: in CurrEstab
 * @net_node: in the namespace's list of sockets until its user and its connection
 *	are gone
 * @one_ready: SOCK_STREAM: the stream has been there
 * @attached: @conn is live and holds a reference on the socket (sock.c)
 * @ended: quic_sock_failed() was called; @end_errno is what it was given
 * @established_at: when the handshake was done, ns; 0 not yet
 * @close_code: application code of our coming CONNECTION_CLOSE
 * @close_phrase: and its text
 * @reason: one line for QUIC_SOCKOPT_REASON
 */
struct quic_sock {
	struct inet_sock inet;		/* must be first */
	struct quic_conn *conn;
	struct quic_udp *udp;
	struct quic_udp *udp_other;
	struct quic_sock_paths *paths;
	u8 path_active;
	struct quic_keys __rcu *keys_rx[QUIC_KEYS_MAX];
	struct quic_keys *keys_tx[QUIC_KEYS_MAX];
	u32 version_asked;
	union quic_addr peer;
	union quic_addr local;
	struct quic_cid_entry *cids[QUIC_LOCAL_CIDS + 1];
	struct hlist_node peer_node;
	u32 n_cids;
	struct quic_cid_entry *cids_gone[QUIC_LOCAL_CIDS];
	u32 n_gone;
	struct quic_token_entry tokens[QUIC_PATHS];
	struct sk_buff_head pending;
	u32 pending_bytes;
	struct list_head rx_backlog;
	u32 rx_backlog_bytes;
	struct sk_buff_head sealed;
	u64 sealed_since;
	u32 readers;
	bool tx_owed;
	bool fq_seen;
	u8 reset_token[QUIC_RESET_TOKEN_LEN];
	u32 forged;
	u32 credit;
	u32 mtu_hint;
	struct quic_first_answer *first_answer;
	struct quic_hs *hs;
	struct timer_list timer;
	u64 timer_at;			/* what @timer is armed for, ns */
	struct hrtimer pacing_timer;
	struct work_struct work;
	struct tasklet_struct queue_tasklet;
	unsigned long queue_state;
	u32 queue_low;
	struct work_struct rekey_work;
	u32 key_updates[2];
	u8 ecn_seen;
	u64 stats_seen[QUIC_STATS_COUNTED];
	unsigned long deferred;		/* QUIC_DEFER_*, done in release_cb */
	struct sock *listener;
	spinlock_t accept_lock;		/* see above */
	struct list_head accept_q;
	bool accept_open;
	struct list_head accept_node;	/* in the listener's accept_q */
	bool embryo;
	u8 embryo_share;
	struct list_head embryo_node;
	unsigned long embryo_since;
	bool backlogged;
	bool settling;
	bool cids_stale;
	bool over;
	bool counted;
	struct hlist_node listen_node;	/* in udp->listeners */
	u32 listener_id;		/* as START names it */
	u64 tx_tail_stream;		/* stream opened last, for id -1 */
	bool has_tail_stream;		/* @tx_tail_stream is one */
	bool one_ready;
	bool established_once;		/* whatever came later */
	bool linger;			/* closed by its user, the connection lives on */
	bool orphan;			/* and is counted as such */
	int orphan_bytes;		/* what was to be delivered then */
	bool attached;
	bool ended;
	int end_errno;			/* why it ended, positive */
	u32 dgram_wish;			/* bytes of the datagram refused last, 0 none */
	struct quic_dgram_stats dgram_seen;	/* what the namespace has counted */
	u64 established_at;
	u64 close_code;
	char close_phrase[QUIC_CLOSE_PHRASE_BUFFER_SIZE];
	struct list_head net_node;
	int hs_errno;			/* why the handshake failed */
	int connect_errno;		/* no route: connect() did not begin */
	u32 reason_origin;		/* QUIC_ORIGIN_* of @reason */
	char reason[QUIC_REASON_TEXT_SIZE];
	char alpn_selected[QUIC_ALPN_MAX_LEN + 1];	/* by the handshake */
	u8 *peer_chain;			/* DER certificates, as DONE brought them */
	u32 peer_chain_len;		/* bytes */
	u32 cipher;			/* in use for APP */
	struct quic_sock_config cfg;	/* what options set */
};

/* IPv6 flavour: struct ipv6_pinfo must be last (inet6_sk_generic()). */
struct quic6_sock {
	struct quic_sock quic;
	struct ipv6_pinfo inet6;
};

static inline struct quic_sock *quic_sk(const struct sock *sk)
{
	return (struct quic_sock *)sk;
}

enum {
	QUIC_DEFER_TIMER,	/* run quic_conn_on_timer() */
	QUIC_DEFER_TX,		/* pacing timer fired, or trains have left (queue.c) */
	QUIC_DEFER_RESET,	/* look at reset_token and forged */
	QUIC_DEFER_UNPARK,	/* keys were installed: feed @pending again */
	QUIC_DEFER_EARLY,	/* packets of the next key phase came */
	QUIC_DEFER_CREDIT,	/* add @credit */
	QUIC_DEFER_MTU,		/* take @mtu_hint */
};

static inline u64 quic_now(void)
{
	return ktime_get_ns();
}

/* ---- guard.c ---- */

bool quic_guard_passes(struct sock *sk, struct sk_buff *skb);
struct sock *quic_guard_listener(struct quic_udp *udp, struct sk_buff *skb);
void quic_guard_inherit(struct sock *sk, const struct sock *listener);
void quic_guard_accepted(struct sock *sk);
/* Objects made by this task meanwhile are charged as @listener's socket memory is. */
struct mem_cgroup *quic_guard_charge_begin(const struct sock *listener);
void quic_guard_charge_end(struct mem_cgroup *old);

/* ---- sock_dgram.c ---- */

void quic_dgram_configure(struct sock *sk);
/* Counters of the core to those of the namespace. Lock held, any context. */
void quic_dgram_count(struct sock *sk);

/* May packets for @sk come in at @udp? Not at the port of another user or device. */
static inline bool quic_udp_is_of(const struct quic_udp *udp, const struct sock *sk)
{
	return READ_ONCE(quic_sk(sk)->udp) == udp || READ_ONCE(quic_sk(sk)->udp_other) == udp;
}

/* ---- lookup.c ---- */

int quic_lookup_init(void);
void quic_lookup_exit(void);

/**
 * quic_lookup_add - publish a connection ID
 * @sk: socket, lock held
 * @cid: ID; packets with it in @sk's namespace go to @sk
 * @seq: the core's sequence number (U64_MAX: the client's original one)
 * Context: process or BH. Return: entry, or ERR_PTR(-ENOMEM / -EEXIST).
 */
struct quic_cid_entry *quic_lookup_add(struct sock *sk, const struct quic_cid *cid, u64 seq);

/* Take it out; freed after a grace period. */
void quic_lookup_del(struct quic_cid_entry *e);

/*
 * Its packets come no more, but for late ones: it goes to cids_gone, and the oldest of
 * QUIC_LOCAL_CIDS there goes. Socket lock held.
 */
void quic_lookup_retire(struct quic_cid_entry *e);

/**
 * quic_lookup - whose packet with a long header is this?
 * @net: namespace it came in
 * @id: its destination connection ID
 * @len: bytes, which the header says
 *
 * Context: RCU read lock held. Return: socket with a reference, or NULL.
 */
struct sock *quic_lookup(const struct net *net, const u8 *id, u8 len);

/**
 * quic_lookup_short - whose packet with a short header is this?
 * @net: namespace it came in
 * @id: where its destination connection ID begins
 * @len: bytes from there to the datagram's end
 * @cid: receives the ID, with its length; only when there is one
 *
 * Context: RCU read lock held. Return: socket with a reference, or NULL.
 */
struct sock *quic_lookup_short(const struct net *net, const u8 *id, u32 len,
			       struct quic_cid *cid);

/*
 * Do the QUIC_CID_KEY_LEN bytes at @id begin an ID that is, or was lately, a connection's,
 * of any port? Reset tokens are made of no more. RCU read lock held.
 */
bool quic_lookup_known(const struct net *net, const u8 *id);

/**
 * quic_lookup_token - whom would this token end as a stateless reset?
 * @udp: where the datagram came in
 * @peer: who sent it: tokens are those of this address (RFC 9000 10.3.1)
 * @token: its last QUIC_RESET_TOKEN_LEN bytes
 * Context: RCU read lock held. Return: socket with a reference, or NULL.
 */
struct sock *quic_lookup_token(const struct quic_udp *udp, const union quic_addr *peer,
			       const u8 *token);

/* The core's tokens in use are others (QUIC_WANT_TOKENS), or none. Lock held. */
void quic_lookup_sync_tokens(struct sock *sk);
void quic_lookup_drop_tokens(struct sock *sk);

/**
 * quic_lookup_sender - who has sent this packet with a short header?
 * @udp: whence
 * @peer: whither
 * @id: where its destination connection ID, the peer's, begins
 * @len: bytes that are known from there
 * Context: RCU read lock held. Return: socket with a reference, or NULL.
 */
struct sock *quic_lookup_sender(const struct quic_udp *udp, const union quic_addr *peer,
				const u8 *id, u32 len);

bool quic_addr_equal(const union quic_addr *a, const union quic_addr *b);

/* The peer's address is another: packets without a connection ID, too. Lock held. */
void quic_lookup_set_peer(struct sock *sk, const union quic_addr *peer);

/* ---- vectors.c ---- */

#ifdef QUICSOCK_DEBUG
int quic_vectors_check(void);
#else
static inline int quic_vectors_check(void)
{
	return 0;
}
#endif

/* ---- rekey.c: key updates of 1-RTT keys (RFC 9001 6) ---- */

void quic_rekey_init(struct sock *sk);
/* The core wants keys of the next generation. Lock held, any context. */
void quic_rekey_want(struct sock *sk);
/* Follow the core's generations, drop keys that are over. Lock held, any context. */
void quic_rekey_sync(struct sock *sk);

/* ---- handshake.c and netlink.c ---- */

extern unsigned int quic_hs_fallback;	/* sysctl handshake_fallback */
extern unsigned int quic_hs_wait_ms;	/* sysctl handshake_wait_ms */

int quic_hs_init(void);
void quic_hs_exit(void);

/**
 * quic_hs_start - ask a worker of the daemon to run this connection's TLS
 * @sk: socket with a connection, lock held
 *
 * Client: START goes out at once, or waits for a worker within the bounded time.
 * Server (embryo): START lists the listeners of its port.
 * Context: process. Return: 0, -ENOMEM.
 */
int quic_hs_start(struct sock *sk);

/* TLS bytes wait in the core: forward them. Lock held; process or softirq. */
void quic_hs_crypto(struct sock *sk);

/* The connection no longer needs its handshake: ABORT unless it is done. Lock held. */
void quic_hs_end(struct sock *sk);

/* ---- listen.c ---- */

/**
 * quic_listen_start - start, or update the backlog of, a listener
 * @sk: bound (udp set), lock held
 * @backlog: from 1
 * Context: process. Return: 0, or -EADDRINUSE when another listener of this
 * address and port has one of its ALPN names. Sets TCP_LISTEN.
 */
int quic_listen_start(struct sock *sk, int backlog);

/* End a listener and the children nobody accepted. Lock held, process. */
void quic_listen_stop(struct sock *sk);

/*
 * A child ended before it was established: no longer counted, and nobody's: ready
 * to be freed with its connection. Lock held, before quic_sock_detach(); settle
 * does it. Does nothing to other sockets.
 */
void quic_listen_child_over(struct sock *sk);

/* A listener of this port by the number START gave it; with a reference. */
struct sock *quic_listen_find(struct quic_udp *udp, u32 id);

/* Listeners of a port, each with a reference, at most @max. Return: how many. */
u32 quic_listen_all(struct quic_udp *udp, struct sock **sks, u32 max);

/* SELECT chose a listener: the child inherits from it. Lock of @sk held. */
int quic_listen_select(struct sock *sk, struct sock *listener);

/* A child is established: to its listener's accept queue. Lock of @sk held. */
void quic_listen_established(struct sock *sk);

/* Take an established child; waits unless @nonblock. Listener locked by callee. */
struct sock *quic_listen_accept(struct sock *sk, bool nonblock, int *err);

/* ---- listen_initial.c ---- */

/* What is kept in a new kernel UDP socket: call before it can receive. */
void quic_listen_udp_init(struct quic_udp *udp);

/**
 * quic_listen_initial - an Initial that no connection owns
 * @udp: where it came in, with listeners
 * @skb: the datagram, owned by the listener that answers for it (guard.c);
 *	consumed: queued for the worker or dropped and counted
 * Context: BH off.
 */
void quic_listen_initial(struct quic_udp *udp, struct sk_buff *skb);

/* Has the ring room for a datagram of this skb? A hint. Context: BH off. */
bool quic_listen_room(const struct quic_udp *udp, const struct sk_buff *skb);

/* The child is no embryo any more: established or over. Lock of it held. */
void quic_listen_uncount(struct quic_sock *qs);

/* Has a connection of this port that ID? Any context. */
bool quic_listen_owned(const struct quic_udp *udp, const struct quic_cid *dcid);

/*
 * Shares: who floods from one network does not shut out the others. The group of a
 * packet's source, and may one more of it come when @mine of @all places of @max are
 * taken?
 */
u32 quic_share_of(const struct sk_buff *skb);
bool quic_share_left(u32 mine, u32 all, u32 max);

/* ---- listen_early.c ---- */

/* Before the port can receive. */
void quic_early_init(struct quic_udp *udp);

/* Is there a place for a datagram of this skb? A hint. Context: BH off. */
bool quic_early_room(const struct quic_udp *udp, const struct sk_buff *skb);

/**
 * quic_early_keep - 0-RTT that no connection owns
 * @udp: where it came in, with listeners, which have let it pass
 * @skb: copy of its datagram, linear; consumed
 * @dcid: its destination
 * Context: BH off, RCU read lock. Return: false: a connection has it, now: not kept.
 */
bool quic_early_keep(struct quic_udp *udp, struct sk_buff *skb, const struct quic_cid *dcid);

/* Those for @dcid to the end of @list, in order. Process context. */
void quic_early_take(struct quic_udp *udp, const struct quic_cid *dcid,
		     struct sk_buff_head *list);

/* The port has no listener any more: nobody will ask for them. Process context. */
void quic_early_purge(struct quic_udp *udp);

/* ---- sock.c ---- */

/* Fresh struct sock (made by a socket call, or a child): fields and defaults. */
int quic_sock_init(struct sock *sk);

/**
 * quic_sock_child - a socket for an incoming connection, without a struct socket
 * @udp: kernel UDP socket it lives on; a reference is taken
 * @peer: the client's address
 * @local: the address it sent to
 * Context: process. Return: socket with one reference, or NULL.
 */
struct sock *quic_sock_child(struct quic_udp *udp, const union quic_addr *peer,
			     const union quic_addr *local);

/**
 * quic_sock_attach_conn - create the core's connection, Initial keys, lookup
 * @sk: socket, lock held; udp, peer, local are set
 * @hdr: server: the client's first Initial; client: NULL
 * @ad: server: what its token is worth; client: NULL
 * Context: process. Return: 0 or -errno.
 */
int quic_sock_attach_conn(struct sock *sk, const struct quic_hdr *hdr,
			  const struct quic_admission *ad);

/**
 * quic_sock_failed - the connection ended or could not come up
 * @sk: socket, lock held
 * @err: positive errno for sk_err, 0: orderly end
 * @text: one line for QUIC_SOCKOPT_REASON or NULL to keep the one there
 * Wakes everybody.
 */
void quic_sock_failed(struct sock *sk, int err, const char *text);

/*
 * The connection is over: leave lookup, drop keys, timers, udp. Lock held, any
 * context; idempotent. Drops the reference that quic_sock_attach_conn() took, so
 * the caller needs one of its own. @conn itself stays, for what is unread and for
 * statistics, until the socket is freed.
 */
void quic_sock_detach(struct sock *sk);

/**
 * quic_sock_inherit - a child takes over what its listener's user has set
 * @sk: child, lock held
 * @listener: the listener; its lock is not needed
 *
 * Configuration, buffer sizes, time-outs, marks, TOS, user, cgroup; memory cgroup
 * unless memory was charged already. Context: process. Return: 0 or -ENOMEM.
 */
int quic_sock_inherit(struct sock *sk, const struct sock *listener);

/* SO_RCVBUF bounds the windows that @sk, or its children, will declare. Lock held. */
void quic_sock_limit_windows(struct sock *sk);

/* Publish peer and local in the places where inet code and BPF look. Lock held. */
void quic_sock_set_addrs(struct sock *sk);

/* Default configuration; copy for a child (deep); release. */
void quic_config_init(struct quic_sock_config *cfg);
bool quic_config_windows_tuned(const struct quic_sock_config *cfg);
int quic_config_copy(struct quic_sock_config *dst, const struct quic_sock_config *src);
void quic_config_free(struct quic_sock_config *cfg);

/* ---- sock_send.c, sock_recv.c, sockopt.c ---- */

int quic_sendmsg(struct sock *sk, struct msghdr *msg, size_t len);
int quic_do_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags);
int quic_setsockopt(struct sock *sk, int level, int optname, sockptr_t optval,
		    unsigned int optlen);
int quic_getsockopt(struct sock *sk, int level, int optname, char __user *optval,
		    int __user *optlen);

/* Would a writer find room? (poll, sk_stream_is_writeable) */
bool quic_sock_writeable(const struct sock *sk);

/* Is there something to read? A hint without the lock, exact with it. */
bool quic_sock_readable(const struct sock *sk);

/* SHUT_RD: forget what is readable now and let the peer go on. Lock held. */
void quic_recv_discard(struct sock *sk);

/* What QUIC_SOCKOPT_REASON says. Lock held. */
void quic_sock_reason(const struct sock *sk, struct quic_reason *r);

/* ---- sock_one.c: SOCK_STREAM ---- */

/* Is the socket one stream? Constant once the socket, or child, has its listener. */
static inline bool quic_one(const struct sock *sk)
{
	return sk->sk_type == SOCK_STREAM;
}

void quic_one_init(struct sock *sk);
void quic_one_attached(struct sock *sk);
void quic_one_sync(struct sock *sk);
int quic_one_over(struct sock *sk, int err);
void quic_one_shutdown(struct sock *sk, u8 how);
void quic_one_close(struct sock *sk, bool abort);

/* ---- procfs.c, sysctl.c ---- */

int quic_proc_net_init(struct net *net);
void quic_proc_net_exit(struct net *net);
int quic_sysctl_net_init(struct net *net);
void quic_sysctl_net_exit(struct net *net);

/* Limits of socket memory, as of TCP: sysctls mem (pages), rmem, wmem (bytes). */
extern long quic_sysctl_mem[3];
extern int quic_sysctl_rmem[3];
extern int quic_sysctl_wmem[3];

extern unsigned int quic_sysctl_ecn;	/* new connections mark what they send */

/* Bounds for a namespace's connections whose users are gone: number, bytes. */
extern long quic_sysctl_max_orphans;
extern long quic_sysctl_orphan_mem;

/* ---- sock_close.c ---- */

/* The connection of a closed socket is over: no longer counted. Lock held. */
void quic_sock_unorphan(struct sock *sk);

/* ---- proto.c ---- */
int quic_proto_init(void);
void quic_proto_exit(void);
extern struct percpu_counter quic_sockets_allocated;
extern struct proto quic_prot;
extern struct proto quicv6_prot;

#include "traffic.h"

#endif /* QUIC_GLUE_H */
