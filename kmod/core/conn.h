/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct quic_conn: composition of the modules' structures. Private to the core
 * except for the getters in core.h; each member names the file that owns it.
 *
 * Large because what a connection consists of stands in one place.
 */
#ifndef QUIC_CORE_CONN_H
#define QUIC_CORE_CONN_H

#include "types.h"
#include "host.h"
#include "varint.h"
#include "wire_frame.h"
#include "rangeset.h"
#include "rtt.h"
#include "cc.h"
#include "pacer.h"
#include "flow.h"
#include "tparam.h"
#include "sent.h"
#include "valsync.h"
#include "sendbuf.h"
#include "recvbuf.h"
#include "dgram.h"
#include "path.h"
#include "plant.h"

#define QUIC_LOCAL_CIDS		4	/* that we keep issued to the peer */
#define QUIC_REMOTE_CIDS	8	/* that we keep of the peer's: our
					 * active_connection_id_limit at most
					 */
#define QUIC_RETIRED_CIDS	(2 * QUIC_REMOTE_CIDS)	/* of them that we may owe word of */
#define QUIC_SEAL_SHORT		2048	/* bytes; longer packets: fewer with a key */
#define QUIC_CRYPTO_WINDOW	65536	/* bytes a peer may send ahead, per level */
#define QUIC_REMOTE_STREAMS_MAX	65536	/* streams a peer has open at a time, of each kind */
#define QUIC_RX_COPIES_MAX	65536	/* copies of received bytes, in order or not */
#define QUIC_CRYPTO_LEVELS	4	/* QUIC_CRYPTO_* of the uapi header */

/* What the caller should do after a call; level-triggered, taken in one go. */
enum quic_want {
	QUIC_WANT_TX		= 1 << 0,	/* call quic_conn_build() */
	QUIC_WANT_READABLE	= 1 << 1,	/* wake readers */
	QUIC_WANT_WRITABLE	= 1 << 2,	/* wake writers */
	QUIC_WANT_CRYPTO	= 1 << 3,	/* TLS bytes to read, see quic_conn_crypto_read() */
	QUIC_WANT_CIDS		= 1 << 4,	/* our set of connection IDs changed */
	QUIC_WANT_STATE		= 1 << 5,	/* quic_conn_state() changed */
	QUIC_WANT_KEYS		= 1 << 6,	/* keys are to be dropped, or of a new generation */
	QUIC_WANT_NEXT_KEYS	= 1 << 7,	/* make them: see quic_conn_next_keys_ready() */
	QUIC_WANT_PATH		= 1 << 8,	/* another path is in use, validated, or over */
	QUIC_WANT_TOKENS	= 1 << 9,	/* see quic_conn_reset_token() */
};

/**
 * enum quic_conn_state - life of a connection
 * @QUIC_CONN_HANDSHAKE: until TLS is complete
 * @QUIC_CONN_ESTABLISHED: application data flows
 * @QUIC_CONN_CLOSING: we sent CONNECTION_CLOSE (RFC 9000 10.2.1)
 * @QUIC_CONN_DRAINING: the peer did (10.2.2)
 * @QUIC_CONN_CLOSED: nothing more will happen: destroy it
 */
enum quic_conn_state {
	QUIC_CONN_HANDSHAKE,
	QUIC_CONN_ESTABLISHED,
	QUIC_CONN_CLOSING,
	QUIC_CONN_DRAINING,
	QUIC_CONN_CLOSED,
};

/* What became of 0-RTT (early.c). */
enum quic_early {
	QUIC_EARLY_NONE,
	QUIC_EARLY_OFFERED,	/* client: it leaves, what the server says is not known */
	QUIC_EARLY_ACCEPTED,
	QUIC_EARLY_REFUSED,	/* client: what left is to be sent again */
};

/* Why a connection ended: who said so. */
enum quic_close_origin {
	QUIC_CLOSE_NONE,
	QUIC_CLOSE_LOCAL,	/* we found an error or the application closed */
	QUIC_CLOSE_PEER,	/* CONNECTION_CLOSE arrived */
	QUIC_CLOSE_IDLE,	/* idle time-out */
	QUIC_CLOSE_HANDSHAKE,	/* handshake time-out */
	QUIC_CLOSE_RESET,	/* stateless reset */
	QUIC_CLOSE_VERSION,	/* the peer speaks none of our versions */
	QUIC_CLOSE_TLS,		/* the daemon failed the handshake */
};

/**
 * struct quic_close_info - how a connection ended
 * @origin: who ended it
 * @app: @code is the application's (frame 0x1d)
 * @code: transport or application code
 * @frame_type: as in frame 0x1c
 * @reason: text, NUL-terminated; what the peer sent is cut to fit, and bytes
 *	outside printable ASCII are shown as '?'
 */
struct quic_close_info {
	enum quic_close_origin origin;
	bool app;
	u64 code;
	u64 frame_type;
	char reason[128];
};

/**
 * struct quic_crypto - TLS bytes of one level that are under way (pnspace.c)
 * @tx: out
 * @rx: in
 */
struct quic_crypto {
	struct quic_sendbuf tx;
	struct quic_recvbuf rx;
};

/**
 * struct quic_pnspace - one packet number space (pnspace.c, recovery.c)
 * @rx: numbers received
 * @rx_next: largest received + 1, read without the lock for a hint
 * @rx_largest_time: when the largest arrived
 * @rx_eliciting_next: largest ack-eliciting one received + 1
 * @ack_deadline: when an ACK must leave; QUIC_TIME_NEVER: none is owed
 * @ack_pending: ack-eliciting packets received since the last ACK left
 * @ack_now: send it without delay
 * @tx_next: next packet number
 * @largest_acked: valid when @acked_any
 * @loss_time: when the next packet is lost by time, or QUIC_TIME_NEVER
 * @last_eliciting: when an ack-eliciting packet left last
 * @sent: packets in flight
 * @crypto: TLS bytes, or NULL: none are under way (quic_pnspace_crypto())
 * @crypto_sent: offset that they go on at then, out
 * @crypto_read: same, in
 * @ecn_rx: packets received, by the two bits of their IP header (ecn.c)
 * @ect_sent: packets sent that were marked ECT(0)
 * @ecn_said: the peer's latest counts of ECT(0) and CE that were looked at
 * @probes: PTO probes to send in this space
 * @gone: keys discarded (RFC 9001 4.9)
 */
struct quic_pnspace {
	struct quic_rangeset rx;
	u64 rx_next;
	u64 rx_largest_time;
	u64 rx_eliciting_next;
	u64 ack_deadline;
	u32 ack_pending;
	bool ack_now;
	bool acked_any;			/* anything was acknowledged */
	bool gone;
	u8 probes;
	u64 tx_next;
	u64 largest_acked;
	u64 loss_time;
	u64 last_eliciting;
	struct quic_sent sent;
	struct quic_crypto *crypto;
	u64 crypto_sent;
	u64 crypto_read;
	u64 ecn_rx[4];
	u64 ect_sent;
	u64 ecn_said[2];
};

/**
 * struct quic_ackwait - how many packets have one ACK (ackwait.c)
 * @every: ack-eliciting packets that one leaves for
 * @most: that @every grows to
 */
struct quic_ackwait {
	u16 every;
	u16 most;
};

enum quic_ecn_state {
	QUIC_ECN_STATE_TESTING,
	QUIC_ECN_STATE_UNKNOWN,		/* tested; no answer yet */
	QUIC_ECN_STATE_CAPABLE,
	QUIC_ECN_STATE_FAILED,
};

/**
 * struct quic_ecn - may packets of a path be marked? (ecn.c)
 * @state: enum quic_ecn_state
 * @tested: packets marked while testing
 * @lost: of these, declared lost
 * @test_end: when testing ends at the latest, once @tested
 */
struct quic_ecn {
	u8 state;
	u32 tested;
	u32 lost;
	u64 test_end;
};

/**
 * struct quic_reorder - how late packets may be on a path (reorder.c)
 * @more: packets above the RFC's packet threshold
 * @quarters: of min_rtt above its time threshold
 * @keep: reductions of the window until both become less
 * @round: losses of packets below this number do not raise @quarters again
 */
struct quic_reorder {
	u32 more;
	u8 quarters;
	u8 keep;
	u64 round;
};

/**
 * struct quic_path - the network path in use (path.c has others)
 * @rtt: its round trip
 * @cc: its congestion controller
 * @pacer: its pacer
 * @ecn: are packets marked?
 * @reorder: is loss detection to be patient?
 * @mtu: UDP payload bytes of a full packet
 * @validated: the peer's address is its own
 * @app_limited: the last build left room in the window (RFC 9002 7.8)
 * @rx_bytes: received before the peer's address was validated
 * @tx_bytes: sent meanwhile (RFC 9000 8.1: at most three times @rx_bytes)
 */
struct quic_path {
	struct quic_rtt rtt;
	struct quic_cc cc;
	struct quic_pacer pacer;
	struct quic_ecn ecn;
	struct quic_reorder reorder;
	u32 mtu;
	bool validated;
	bool app_limited;
	u64 rx_bytes;
	u64 tx_bytes;
};

/**
 * struct quic_pmtud - search for the largest datagram (pmtud.c)
 * @target: size to probe
 * @failed: smallest size that is known not to get through, else above the limit
 * @tries: probes sent of @target
 * @flying: one is in flight
 * @wanted: send one
 * @misses: rounds in a row that lost packets above the base size and got none
 *	of them through
 * @started: the peer's limit is known
 * @settled: the search is over and ended below the limit
 * @off: never search
 * @missed_at: when the latest miss was counted
 * @raise_at: when to search again once settled; 0: not set yet
 * @raise_after: ns between a search and the next
 */
struct quic_pmtud {
	u32 target;
	u32 failed;
	u8 tries;
	u8 misses;
	bool flying;
	bool wanted;
	bool started;
	bool settled;
	bool off;
	u64 missed_at;
	u64 raise_at;
	u64 raise_after;
};

/**
 * struct quic_keyphase - generations of the 1-RTT keys (keyphase.c)
 * @tx_gen: seals what we send
 * @rx_gen: newest that opened a packet
 * @ready_gen: newest that the host has keys of
 * @requested: the application wants an update
 * @ours: @tx_gen began with us, not with the peer
 * @confirmed: a packet sealed with @tx_gen was acknowledged
 * @answer_due: no ACK left since @rx_gen began
 * @next_wanted: keys of the generation after @rx_gen are, or are going to be, needed
 * @next_asked: the host was told
 * @wait_ptos: PTOs that we wait from @confirmed to an update of ours
 * @tx_first: lowest packet number sealed with @tx_gen
 * @rx_first: lowest opened with the newest generation of this low bit; read without
 *	the lock
 * @rx_old_next: largest opened with a generation before @rx_gen, plus 1; 0 none
 * @update_at: when the wait is over
 * @next_at: when the host may be told
 * @old_deadline: when receive keys before @rx_gen are dropped; QUIC_TIME_NEVER: there
 *	are none
 * @seal_limit: packets that one key may seal
 * @seal_long: the same when some are longer than QUIC_SEAL_SHORT
 * @forged_limit: packets that may fail to open, with all keys together
 * @forged: that did
 * @updates_local: that we initiated
 * @updates_peer: that the peer did
 */
struct quic_keyphase {
	u32 tx_gen;
	u32 rx_gen;
	u32 ready_gen;
	bool requested;
	bool ours;
	bool confirmed;
	bool answer_due;
	bool next_wanted;
	bool next_asked;
	u8 wait_ptos;
	u64 tx_first;
	u64 rx_first[2];
	u64 rx_old_next;
	u64 update_at;
	u64 next_at;
	u64 old_deadline;
	u64 seal_limit;
	u64 seal_long;
	u64 forged_limit;
	u64 forged;
	u32 updates_local;
	u32 updates_peer;
};

/**
 * struct quic_tls_after - a TLS message after the handshake (tls_after.c)
 * @value: of the field at hand, as far as it came, where it is a number
 * @msg: bytes of the message behind that field
 * @left: bytes of the field that are still to come
 * @field: which it is
 */
struct quic_tls_after {
	u32 value;
	u32 msg;
	u16 left;
	u8 field;
};

#define QUIC_SKIPS	8

/**
 * struct quic_skips - 1-RTT packet numbers left out on purpose (skip.c)
 * @next: will be
 * @pn: the latest that were, rising
 * @n: how many of them
 */
struct quic_skips {
	u64 next;
	u64 pn[QUIC_SKIPS];
	u32 n;
};

/* declared lost in one round trip; more are no reordering */
#define QUIC_UNDO_PKTS	((1024 - sizeof(struct quic_cc)) / sizeof(u64))

/**
 * struct quic_undo_list - what a reduction of the window was for
 * @before: the controller before it
 * @pn: 1-RTT packets declared lost, rising
 */
struct quic_undo_list {
	struct quic_cc before;
	u64 pn[QUIC_UNDO_PKTS];
};

/**
 * struct quic_undo - the latest reduction of the window (undo.c)
 * @list: allocated with the first loss
 * @n: packets in it
 * @open: further ones belong to it
 */
struct quic_undo {
	struct quic_undo_list *list;
	u32 n;
	bool open;
};

/**
 * struct quic_local_cid - a connection ID that we issued (cid.c)
 */
struct quic_local_cid {
	struct quic_cid cid;		/* the ID */
	bool used;			/* the slot is */
	u64 seq;			/* its sequence number */
	u8 token[QUIC_RESET_TOKEN_LEN];	/* of all but the first: as it was issued */
	struct quic_valsync announce;	/* NEW_CONNECTION_ID */
};

/**
 * struct quic_remote_cid - one that the peer issued (cid.c)
 */
struct quic_remote_cid {
	struct quic_cid cid;		/* the ID */
	u8 token[QUIC_RESET_TOKEN_LEN];	/* its stateless reset token */
	bool has_token;			/* @token is known */
	bool used;			/* the slot is */
	bool taken;			/* packets of some path carry it, or did */
	u64 seq;			/* its sequence number */
};

/* A RETIRE_CONNECTION_ID still to be acknowledged. */
struct quic_retired_cid {
	u64 seq;
	struct quic_valsync announce;
};

/**
 * struct quic_cids - both sets (RFC 9000 5.1)
 * @local: ours; slot order means nothing
 * @local_len: bytes of those that are issued from now on
 * @local_next: next sequence number
 * @local_prior: the peer is to retire those of ours below
 * @remote: the peer's
 * @active: slot of @remote in use
 * @retire_prior_to: largest the peer asked for
 * @came: bit n: the ID numbered @came_top - n came, and may have been retired since
 * @came_top: highest number that came
 * @retired: sequence numbers to retire, announced until acknowledged:
 *	QUIC_RETIRED_CIDS of them, or NULL: there are none
 * @odcid: the client's first destination (RFC 9000 7.3)
 * @retry_scid: SCID of the Retry, once conn->retried
 * @peer_scid: SCID of the peer's first packet, once @have_peer_scid
 */
struct quic_cids {
	struct quic_local_cid local[QUIC_LOCAL_CIDS];
	u64 local_next;
	u64 local_prior;
	struct quic_remote_cid remote[QUIC_REMOTE_CIDS];
	u8 active;
	u64 retire_prior_to;
	u64 came;
	u64 came_top;
	struct quic_retired_cid *retired;
	struct quic_cid odcid;
	struct quic_cid retry_scid;
	struct quic_cid peer_scid;
	bool have_peer_scid;		/* the first packet came */
	u8 local_len;			/* QUIC_CID_KEY_LEN to QUIC_CID_MAX_LEN, or 0 */
};

/* Bytes of our own. */
struct quic_blob {
	u8 *data;
	u16 len;
};

/* Sending and receiving halves: names of RFC 9000 3.1 and 3.2, uapi values. */

/**
 * struct quic_stream - one stream (stream.c)
 * @node: in streams.tree, by @id
 * @tx_node: in a list of streams.sched, or
 * @tx_order: in a tree of it, while it has something to send
 * @rx_node: in streams.readable while it has something to read
 * @rx_seq: when it came into streams.readable, or was read last
 * @id: stream ID
 * @send_state: QUIC_STREAM_SEND_STATE_*; has_tx says whether the half exists
 * @recv_state: QUIC_STREAM_RECV_STATE_*
 * @tx: bytes out
 * @rx: bytes in
 * @flow_tx: the peer's credit
 * @flow_rx: ours
 * @max_stream_data: announces flow_rx.max
 * @reset_stream: announces @reset_code
 * @stop_sending: announces @stop_code
 * @blocked: announces STREAM_DATA_BLOCKED
 */
struct quic_stream {
	struct rb_node node;
	struct list_head tx_node;
	struct rb_node tx_order;
	struct list_head rx_node;
	u64 rx_seq;
	u64 id;
	u8 send_state;
	u8 recv_state;
	u8 tx_place;			/* enum quic_sched_place (stream_sched.c) */
	u8 urgency;			/* 0 first to 7 last (RFC 9218 4.1) */
	bool incremental;		/* shares its level (4.2) */
	bool has_tx;			/* we may send */
	bool has_rx;			/* the peer may */
	bool stopped;			/* peer sent STOP_SENDING */
	bool rx_discard;		/* we sent STOP_SENDING: throw data away */
	bool held;			/* opened in 0-RTT that was refused: see n_held */
	bool tx_round;			/* of its latest turn (stream_sched.c) */
	u32 tx_turn;			/* new bytes sent in the turn that it has; 0: it has none */
	struct quic_sendbuf tx;
	struct quic_recvbuf rx;
	struct quic_flow_tx flow_tx;
	struct quic_flow_rx flow_rx;
	struct quic_valsync max_stream_data;
	struct quic_valsync reset_stream;
	struct quic_valsync stop_sending;
	struct quic_valsync blocked;
	u64 reset_code;			/* that we send */
	u64 reset_final;		/* final size that we declared with it */
	u64 stop_code;			/* that we send */
	u64 peer_reset_code;		/* of its RESET_STREAM */
	u64 peer_stop_code;		/* of its STOP_SENDING */
};

#define QUIC_RECENT_BITS_MIN	5	/* of places for streams found lately: with the first */
#define QUIC_RECENT_BITS_MAX	15	/* with very many */
#define QUIC_URGENCIES		8
#define QUIC_URGENCY_DEFAULT	3

/**
 * struct quic_sched_level - streams of one urgency that have something to send
 * @again: those whose next frame takes no credit of the connection
 * @ordered: others that are not incremental, by ID
 * @turns: others that are
 * @most: a turn of this round goes on until so many new bytes were exceeded
 * @round: changes with each round; whose latest turn was in it waits for the next
 * @turn: it is the turn of those in @turns
 * @again_went: the last frame was one of @again
 */
struct quic_sched_level {
	struct list_head again;
	struct rb_root_cached ordered;
	struct list_head turns;
	u32 most;
	bool round;
	bool turn;
	bool again_went;
};

/**
 * struct quic_sched - streams with something to send (stream_sched.c)
 * @again: levels with streams whose next frame takes no credit of the connection
 * @fresh: levels with others
 * @most: of the rounds that begin with the train at hand, see struct quic_sched_level
 * @n: streams, of all
 * @usual: level of streams of the default urgency
 * @levels: of all the others, by urgency; NULL until a stream has one
 */
struct quic_sched {
	u8 again;
	u8 fresh;
	u16 most;
	u32 n;
	struct quic_sched_level usual;
	struct quic_sched_level *levels;
};

#define QUIC_STOPPED_IDS	32

/**
 * struct quic_stopped - streams that ended because the peer stopped them, the latest
 * @n: so many have been; only the last QUIC_STOPPED_IDS are known
 * @id: theirs, the one of number n at n % QUIC_STOPPED_IDS
 */
struct quic_stopped {
	u64 n;
	u64 id[QUIC_STOPPED_IDS];
};

/**
 * struct quic_streams - all streams (stream.c)
 * Arrays of two: [0] bidirectional, [1] unidirectional.
 * @sched: that have something to send
 * @readable: that have something to read
 * @next_local: next stream of ours, as a count
 * @max_local: the peer lets us open this many
 * @blocked_at: max_local when STREAMS_BLOCKED was last wanted, plus 1; 0 never
 * @next_remote: streams the peer opened, as a count
 * @max_remote: we let it open this many
 * @window_remote: how many at a time; 0: no more than the first ones
 * @n_held: streams of ours that say nothing yet, as the peer's limit is below them
 * @stopped: which of them the peer stopped, of those that are gone; NULL: none
 * @rx_pool: what their received bytes share
 * @rx_seq: counts what can be read, streams and datagrams
 */
struct quic_streams {
	struct rb_root tree;		/* live ones, by ID */
	struct quic_sched sched;
	struct list_head readable;
	struct quic_stream **recent;	/* found lately, by ID; NULL: not remembered */
	u8 recent_bits;			/* log2 of places in @recent */
	u32 n_open;			/* live ones */
	u32 n_held;
	u64 next_local[2];
	u64 max_local[2];
	u64 blocked_at[2];
	u64 next_remote[2];
	u64 max_remote[2];
	u64 closed_remote[2];		/* of the peer's, finished */
	u64 window_remote[2];
	struct quic_valsync max_streams[2];	/* announces max_remote */
	struct quic_valsync streams_blocked[2];	/* announces blocked_at */
	u64 tx_queued;			/* bytes not acknowledged, of all */
	u64 tx_appended;		/* bytes ever, but for those given up before they left */
	u64 rx_queued;			/* bytes not read, of all */
	struct quic_stopped *stopped;
	struct quic_rxpool rx_pool;
	u64 rx_seq;
};

/*
 * struct quic_stats - counters, for QUIC_SOCKOPT_INFO
 */
struct quic_stats {
	u64 pkts_sent;
	u64 pkts_recv;
	u64 pkts_lost;
	u64 pkts_retrans;	/* that carried bytes sent before */
	u64 pkts_spurious;	/* declared lost, acknowledged later */
	u64 pkts_dup;
	u64 bytes_sent;
	u64 bytes_recv;
	u64 stream_bytes_sent;	/* first time */
	u64 stream_bytes_recv;	/* new ones */
	u64 acks_sent;
	u64 acks_recv;
	u64 pto_total;
	u64 congestion_events;	/* reductions of the window (RFC 9002 7.3.2) */
	u64 undone;		/* of them, taken back (RFC 9438 4.9) */
	u64 persistent;		/* persistent congestions (RFC 9002 7.6) */
	u64 windows_grown;	/* receive windows: flow.c */
	u64 bytes_copied;	/* of streams, into packets: ends, small writes, what aligns */
	u64 paced;		/* batches that pacing ended (RFC 9002 7.7) */
	u64 trains;		/* batches of more than one datagram built */
	u64 pkts_dropped;	/* authenticated, yet dropped: memory, order */
	struct quic_dgram_stats dgram;	/* DATAGRAM frames */
};

/**
 * struct quic_hold - small writes that wait for each other (hold.c)
 * @sent: when stream bytes left last that had not left before, ns
 * @most: longest to wait, ns; 0: never
 * @took: that sending few packets took last, us
 * @off: what is queued now does not wait
 * @heard: stream bytes came since
 */
struct quic_hold {
	u64 sent;
	u32 most;
	u16 took;
	bool off;
	bool heard;
};

/*
 * struct quic_conn - the connection (conn.c)
 */
struct quic_conn {
	void *host;
	u8 state;			/* enum quic_conn_state */
	bool server;
	u8 early;			/* enum quic_early */
	bool handshake_complete;
	bool handshake_confirmed;	/* RFC 9001 4.1.2 */
	bool peer_params_set;
	bool closing_pending;		/* a CONNECTION_CLOSE is to be sent */
	bool shutdown;			/* close when everything is acknowledged */
	bool retried;			/* a Retry was taken, or sent (token.c) */
	bool rx_full;			/* the host has no memory for received bytes */
	bool rx_elsewhere;		/* what is received is not from where we send to */
	bool version_settled;		/* client: the server goes on with @version */
	u32 version;			/* in use; written with WRITE_ONCE() */
	u32 chosen_version;		/* of this connection's first flight (RFC 9368 1.2) */
	u32 original_version;		/* of the very first packet */
	u32 want;			/* enum quic_want */
	u32 rx_keys;			/* mask of 1 << level */
	u32 tx_keys;
	u32 keys_discarded;
	u64 grease;			/* dice for the QUIC bit (grease.c) */
	u64 created;
	u64 handshake_deadline;
	u64 early_deadline;		/* when a server drops its 0-RTT keys */
	struct quic_tls_after tls_after;
	u32 pace_ahead;			/* ns that the host holds trains for; 0: it does not */

	struct quic_pnspace space[QUIC_SPACES];
	struct quic_path path;
	struct quic_pmtud pmtud;
	struct quic_keyphase keyphase;
	struct quic_skips skips;
	struct quic_undo undo;
	u32 max_mtu;
	u32 pto_count;
	u64 loss_deadline;		/* loss time or PTO (recovery.c) */
	u64 pacing_deadline;
	u64 leaves;			/* what was built last, ns: at once, or then */
	struct quic_hold hold;

	struct quic_cids cids;
	struct quic_tparams local;
	struct quic_tparams remote;
	struct quic_valsyncs vals;
	struct quic_valsync handshake_done;
	struct quic_valsync new_token_sync;	/* announces new_token */
	struct quic_blob token;		/* client: that its Initials carry */
	struct quic_blob new_token;	/* of the latest NEW_TOKEN, either way */
	struct quic_valsync max_data;
	struct quic_valsync data_blocked;
	struct quic_flow_tx flow_tx;
	struct quic_flow_rx flow_rx;
	u64 rx_window_max;		/* windows grow up to it, bytes; 0 they do not */
	struct quic_streams streams;
	struct quic_dgrams dgrams;

	u64 idle_timeout;		/* effective, ns; QUIC_TIME_NEVER none */
	u64 idle_deadline;
	u64 keepalive;			/* silence before a PING, ns; 0 none */
	u64 keepalive_deadline;
	bool idle_tx_reset;		/* restarted by sending since the last receipt */
	struct quic_ackwait ackwait;	/* of the application space */
	bool trim_busy;			/* packets were built since the latest look (trim.c) */
	bool paced;			/* @pacing_deadline is pacing's, or earlier */
	u64 trim_deadline;		/* the next one */
	u64 close_deadline;		/* end of closing or draining */
	u64 shutdown_deadline;
	u64 shutdown_linger;		/* from the last progress */
	u64 shutdown_queued;		/* bytes queued then */
	u64 shutdown_code;		/* the reason waits in @close */
	u64 close_sent;			/* CONNECTION_CLOSEs sent */
	u64 close_rx;			/* packets received since the latest, its rate limit */

	struct quic_paths *paths;	/* NULL: there is but one path */

	struct quic_error err;
	struct quic_close_info close;
	struct quic_stats stats;
};

/*
 * Bytes that may go to an address that is not validated yet (RFC 9000 8.1). A
 * datagram is built only when QUIC_MIN_UDP_PAYLOAD of them are left.
 */
static inline u64 quic_path_amp_room(const struct quic_path *path)
{
	if (path->validated)
		return U64_MAX;
	return (3 + QUIC_PLANTED(19)) * path->rx_bytes > path->tx_bytes ?
	       (3 + QUIC_PLANTED(19)) * path->rx_bytes - path->tx_bytes : 0;
}

/* Space that packets of a crypto level are numbered in. */
static inline enum quic_space quic_level_space(u8 level)
{
	return level == QUIC_CRYPTO_INITIAL ? QUIC_SPACE_INITIAL :
	       level == QUIC_CRYPTO_HANDSHAKE ? QUIC_SPACE_HANDSHAKE :
	       QUIC_SPACE_APP;
}

#endif /* QUIC_CORE_CONN_H */
