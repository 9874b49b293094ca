/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct quic_conn: composition of the modules' structures. Private to the core
 * except for the getters in core.h; each member names the file that owns it.
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

#define QUIC_LOCAL_CIDS		4	/* that we keep issued to the peer */
#define QUIC_REMOTE_CIDS	8	/* that we keep of the peer's: our
					 * active_connection_id_limit
					 */
#define QUIC_CRYPTO_WINDOW	65536	/* bytes a peer may send ahead, per level */
#define QUIC_CRYPTO_LEVELS	4	/* QUIC_CRYPTO_* of the uapi header */

/* What the caller should do after a call; level-triggered, taken in one go. */
enum quic_want {
	QUIC_WANT_TX		= 1 << 0,	/* call quic_conn_build() */
	QUIC_WANT_READABLE	= 1 << 1,	/* wake readers */
	QUIC_WANT_WRITABLE	= 1 << 2,	/* wake writers */
	QUIC_WANT_CRYPTO	= 1 << 3,	/* TLS bytes to read, see quic_conn_crypto_read() */
	QUIC_WANT_CIDS		= 1 << 4,	/* our set of connection IDs changed */
	QUIC_WANT_STATE		= 1 << 5,	/* quic_conn_state() changed */
	QUIC_WANT_KEYS		= 1 << 6,	/* keys of some level are to be dropped */
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
 * struct quic_pnspace - one packet number space (pnspace.c, recovery.c)
 * @rx: numbers received
 * @rx_next: largest received + 1, read without the lock for a hint
 * @rx_largest_time: when the largest arrived
 * @ack_deadline: when an ACK must leave; QUIC_TIME_NEVER: none is owed
 * @ack_pending: ack-eliciting packets received since the last ACK left
 * @ack_now: send it without delay
 * @tx_next: next packet number
 * @largest_acked: valid when @acked_any
 * @loss_time: when the next packet is lost by time, or QUIC_TIME_NEVER
 * @last_eliciting: when an ack-eliciting packet left last
 * @sent: packets in flight
 * @crypto_tx: TLS bytes out
 * @crypto_rx: TLS bytes in
 * @probes: PTO probes to send in this space
 * @gone: keys discarded (RFC 9001 4.9)
 */
struct quic_pnspace {
	struct quic_rangeset rx;
	u64 rx_next;
	u64 rx_largest_time;
	u64 ack_deadline;
	u32 ack_pending;
	bool ack_now;
	u64 tx_next;
	u64 largest_acked;
	bool acked_any;
	u64 loss_time;
	u64 last_eliciting;
	struct quic_sent sent;
	struct quic_sendbuf crypto_tx;
	struct quic_recvbuf crypto_rx;
	u8 probes;
	bool gone;
};

/**
 * struct quic_path - the network path in use (path.c)
 * @rtt: its round trip
 * @cc: its congestion controller
 * @pacer: its pacer
 * @mtu: UDP payload bytes of a full packet
 * @rx_bytes: received before the peer's address was validated
 * @tx_bytes: sent meanwhile (RFC 9000 8.1: at most three times @rx_bytes)
 * @validated: the peer's address is its own
 * @app_limited: the last build left room in the window (RFC 9002 7.8)
 */
struct quic_path {
	struct quic_rtt rtt;
	struct quic_cc cc;
	struct quic_pacer pacer;
	u32 mtu;
	u64 rx_bytes;
	u64 tx_bytes;
	bool validated;
	bool app_limited;
};

/**
 * struct quic_pmtud - search for the largest datagram (pmtud.c)
 * @target: size to probe
 * @tries: probes sent of it
 * @flying: one is in flight
 * @wanted: send one
 * @ptos: PTOs in a row since anything was acknowledged
 */
struct quic_pmtud {
	u32 target;
	u8 tries;
	u8 ptos;
	bool flying;
	bool wanted;
};

/**
 * struct quic_local_cid - a connection ID that we issued (cid.c)
 */
struct quic_local_cid {
	struct quic_cid cid;
	u64 seq;
	bool used;
	struct quic_valsync announce;	/* NEW_CONNECTION_ID */
};

/**
 * struct quic_remote_cid - one that the peer issued (cid.c)
 */
struct quic_remote_cid {
	struct quic_cid cid;
	u64 seq;
	u8 token[QUIC_RESET_TOKEN_LEN];
	bool has_token;
	bool used;
};

/* A RETIRE_CONNECTION_ID still to be acknowledged. */
struct quic_retired_cid {
	u64 seq;
	struct quic_valsync announce;
};

/**
 * struct quic_cids - both sets (RFC 9000 5.1)
 * @local: ours; slot order means nothing
 * @local_next: next sequence number
 * @remote: the peer's
 * @active: slot of @remote in use
 * @retire_prior_to: largest the peer asked for
 * @retired: sequence numbers to retire, announced until acknowledged
 * @odcid: the client's first destination (RFC 9000 7.3)
 * @peer_scid: SCID of the peer's first packet, once @have_peer_scid
 */
struct quic_cids {
	struct quic_local_cid local[QUIC_LOCAL_CIDS];
	u64 local_next;
	struct quic_remote_cid remote[QUIC_REMOTE_CIDS];
	u8 active;
	u64 retire_prior_to;
	struct quic_retired_cid retired[2 * QUIC_REMOTE_CIDS];
	struct quic_cid odcid;
	struct quic_cid peer_scid;
	bool have_peer_scid;
};

/* Sending and receiving halves: names of RFC 9000 3.1 and 3.2, uapi values. */

/**
 * struct quic_stream - one stream (stream.c)
 * @node: in streams.tree, by @id
 * @tx_node: in streams.sendable or .waiting while it has something to send
 * @rx_node: in streams.readable while it has something to read
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
	struct list_head rx_node;
	u64 id;
	u8 send_state;
	u8 recv_state;
	bool has_tx;
	bool has_rx;
	bool reset_unread;
	bool stopped;			/* peer sent STOP_SENDING */
	bool rx_discard;		/* we sent STOP_SENDING: throw data away */
	struct quic_sendbuf tx;
	struct quic_recvbuf rx;
	struct quic_flow_tx flow_tx;
	struct quic_flow_rx flow_rx;
	struct quic_valsync max_stream_data;
	struct quic_valsync reset_stream;
	struct quic_valsync stop_sending;
	struct quic_valsync blocked;
	u64 reset_code;			/* that we send */
	u64 reset_final;
	u64 stop_code;			/* that we send */
	u64 peer_reset_code;
	u64 peer_stop_code;
};

/**
 * struct quic_streams - all streams (stream.c)
 * Arrays of two: [0] bidirectional, [1] unidirectional.
 * @sendable: that have something to send
 * @waiting: that would, had the peer given the connection more credit
 * @readable: that have something to read
 * @next_local: next stream of ours, as a count
 * @max_local: the peer lets us open this many
 * @blocked_at: max_local when STREAMS_BLOCKED was last wanted, plus 1; 0 never
 * @next_remote: streams the peer opened, as a count
 * @max_remote: we let it open this many
 * @window_remote: how many at a time
 * @open_remote: of the peer's, not yet finished
 * @rx_copies: chunks of received bytes that are copies (recvbuf.h)
 */
struct quic_streams {
	struct rb_root tree;
	struct list_head sendable;
	struct list_head waiting;
	struct list_head readable;
	struct quic_stream *last;	/* found last */
	u32 n_open;
	u64 next_local[2];
	u64 max_local[2];
	u64 blocked_at[2];
	u64 next_remote[2];
	u64 max_remote[2];
	u64 closed_remote[2];
	u64 window_remote[2];
	struct quic_valsync max_streams[2];
	struct quic_valsync streams_blocked[2];
	u64 tx_queued;
	u64 rx_queued;
	u32 rx_copies;
};

/**
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
	u64 trains;		/* batches of more than one datagram built */
	u64 pkts_dropped;	/* authenticated, yet dropped: memory, order */
};

/**
 * struct quic_conn - the connection (conn.c)
 */
struct quic_conn {
	void *host;
	u8 state;			/* enum quic_conn_state */
	bool server;
	bool handshake_complete;
	bool handshake_confirmed;	/* RFC 9001 4.1.2 */
	bool peer_params_set;
	bool closing_pending;		/* a CONNECTION_CLOSE is to be sent */
	bool shutdown;			/* close when everything is acknowledged */
	bool rx_full;			/* the host has no memory for received bytes */
	u32 version;
	u32 want;			/* enum quic_want */
	u32 rx_keys;			/* mask of 1 << level */
	u32 tx_keys;
	u32 keys_discarded;
	u64 created;
	u64 handshake_deadline;

	struct quic_pnspace space[QUIC_SPACES];
	struct quic_path path;
	struct quic_pmtud pmtud;
	u32 max_mtu;
	u32 pto_count;
	u64 loss_deadline;		/* loss time or PTO (recovery.c) */
	u64 pacing_deadline;

	struct quic_cids cids;
	struct quic_tparams local;
	struct quic_tparams remote;
	struct quic_valsyncs vals;
	struct quic_valsync handshake_done;
	struct quic_valsync max_data;
	struct quic_valsync data_blocked;
	struct quic_flow_tx flow_tx;
	struct quic_flow_rx flow_rx;
	struct quic_streams streams;

	u64 idle_timeout;		/* effective, ns; QUIC_TIME_NEVER none */
	u64 idle_deadline;
	bool idle_tx_reset;		/* restarted by sending since the last receipt */
	u64 close_deadline;		/* end of closing or draining */
	u64 shutdown_deadline;
	u64 shutdown_code;
	char shutdown_reason[64];
	u64 close_sent;			/* CONNECTION_CLOSEs sent */
	u64 close_rx;			/* packets received since the latest, its rate limit */

	u8 path_response[8];
	bool path_response_wanted;

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
	return 3 * path->rx_bytes > path->tx_bytes ?
	       3 * path->rx_bytes - path->tx_bytes : 0;
}

/* Space that packets of a crypto level are numbered in. */
static inline enum quic_space quic_level_space(u8 level)
{
	return level == QUIC_CRYPTO_INITIAL ? QUIC_SPACE_INITIAL :
	       level == QUIC_CRYPTO_HANDSHAKE ? QUIC_SPACE_HANDSHAKE :
	       QUIC_SPACE_APP;
}

#endif /* QUIC_CORE_CONN_H */
