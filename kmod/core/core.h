/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract of the core: one QUIC connection as a state machine over opened
 * packets. Everything that glue, the simulator and the tests call is here.
 *
 * Calls come in four kinds, all with the connection owned (socket lock held):
 *  - input from below: quic_conn_recv(), quic_conn_on_timer(), keys, TLS bytes;
 *  - the application: streams, close;
 *  - output: quic_conn_build() fills a batch of packets to seal and send;
 *  - getters.
 * None sleeps and none calls up. After any of them the caller takes the want
 * bits and acts on them: see enum quic_want. Time goes in as an argument, one
 * deadline comes out.
 */
#ifndef QUIC_CORE_CORE_H
#define QUIC_CORE_CORE_H

#include "types.h"
#include "host.h"
#include "tparam.h"
#include "conn.h"

/**
 * struct quic_conn_params - how to create a connection
 * @host: the host's pointer, found again with quic_conn_host()
 * @server: role
 * @version: QUIC_VERSION_V1
 * @local: transport parameters to declare; the connection ID ones and the
 *	reset token are filled in by the core
 * @scid: connection ID that the peer will use first; we chose it
 * @dcid: client: random, the first destination; server: the client's SCID
 * @odcid: server: DCID of the client's first Initial; client: ignored
 * @cc: controller
 * @initial_rtt: ns, 0 for the RFC's 333 ms
 * @max_mtu: UDP payload the local route allows, bytes, at least 1200
 * @handshake_timeout: ns
 * @addr_validated: server: the client's address is known to be its own
 */
struct quic_conn_params {
	void *host;
	bool server;
	u32 version;
	struct quic_tparams local;
	struct quic_cid scid;
	struct quic_cid dcid;
	struct quic_cid odcid;
	const struct quic_cc_ops *cc;
	u64 initial_rtt;
	u32 max_mtu;
	u64 handshake_timeout;
	bool addr_validated;
};

/**
 * struct quic_rx_pkt - one opened packet
 * @data: plaintext payload, contiguous
 * @len: its bytes
 * @dgram_len: bytes of the UDP datagram, on its first packet only, else 0
 * @level: QUIC_CRYPTO_INITIAL, _HANDSHAKE, _EARLY or _APP: whose keys opened it
 * @key_phase: of a 1-RTT packet
 * @ecn: the IP header's two bits
 * @pn: full packet number
 * @buf: what keeps @data alive
 * @scid: source connection ID of a long header
 */
struct quic_rx_pkt {
	const u8 *data;
	struct quic_rxbuf *buf;
	u64 pn;
	u16 len;
	u16 dgram_len;
	u8 level;
	u8 key_phase;
	u8 ecn;
	struct quic_cid scid;
};

#define QUIC_TX_PKTS_MAX	64
#define QUIC_TX_PIECES_MAX	3

/* Plaintext by reference. */
struct quic_tx_piece {
	const u8 *data;
	u32 len;
};

/**
 * struct quic_tx_pkt - one packet to seal
 * @buf: where it is to stand on the wire: header, then @prefix_len bytes of
 *	plaintext are there already; the ciphertext of the pieces follows, then
 *	the tag
 * @len: bytes on the wire, tag included
 * @hdr_len: associated data, packet number included
 * @prefix_len: plaintext in place; a multiple of 16 when pieces follow
 * @pn_off: offset of the packet number
 * @pn_len: its bytes
 * @level: QUIC_CRYPTO_*: whose keys seal it
 * @key_phase: of a 1-RTT packet
 * @n_pieces: plaintext by reference
 * @dgram_end: the datagram ends with this packet
 * @pn: packet number
 */
struct quic_tx_pkt {
	u8 *buf;
	u16 len;
	u16 hdr_len;
	u16 prefix_len;
	u16 pn_off;
	u8 pn_len;
	u8 level;
	u8 key_phase;
	u8 n_pieces;
	bool dgram_end;
	u64 pn;
	struct quic_tx_piece piece[QUIC_TX_PIECES_MAX];
};

/**
 * struct quic_tx_batch - packets for one train
 * @n: packets filled
 * @max_dgrams: datagrams wanted at most; the caller's limit
 * @n_dgrams: datagrams filled. All have the size of the first, except that the
 *	last may be shorter.
 * @host: the host's
 * @pkt: packets in order of the wire
 */
struct quic_tx_batch {
	u32 n;
	u32 max_dgrams;
	u32 n_dgrams;
	void *host;
	struct quic_tx_pkt pkt[QUIC_TX_PKTS_MAX];
};

/**
 * quic_conn_create - make a connection
 * @params: copied
 * @now: time
 *
 * Return: the connection, or NULL when memory is short.
 */
struct quic_conn *quic_conn_create(const struct quic_conn_params *params, u64 now);

/* Free a connection in whatever state, silently. */
void quic_conn_destroy(struct quic_conn *conn);

/**
 * quic_conn_take_want - read and clear the want bits
 */
static inline u32 quic_conn_take_want(struct quic_conn *conn)
{
	u32 want = conn->want;

	conn->want = 0;
	return want;
}

/**
 * quic_conn_key_ready - keys of a level and direction are installed
 * @conn: connection
 * @level: QUIC_CRYPTO_*
 * @tx: they seal what we send
 *
 * Initial keys are assumed from the start.
 */
void quic_conn_key_ready(struct quic_conn *conn, u8 level, bool tx);

/**
 * quic_conn_keys_discarded - levels whose keys are to be dropped
 * Return: mask of 1 << QUIC_CRYPTO_*; grows only (RFC 9001 4.9).
 */
static inline u32 quic_conn_keys_discarded(const struct quic_conn *conn)
{
	return conn->keys_discarded;
}

/**
 * quic_conn_crypto_send - queue TLS bytes
 * @conn: connection
 * @level: QUIC_CRYPTO_INITIAL, _HANDSHAKE or _APP
 * @data: bytes, copied
 * @len: how many
 * Return: 0, -ENOMEM, or -EINVAL when the level's keys are missing or gone.
 */
int quic_conn_crypto_send(struct quic_conn *conn, u8 level, const u8 *data, u32 len);

/**
 * quic_conn_crypto_read - take TLS bytes that arrived in order
 * @conn: connection
 * @level: as above
 * @buf: destination
 * @len: its room
 * Return: bytes taken, 0 when there are none.
 */
u32 quic_conn_crypto_read(struct quic_conn *conn, u8 level, u8 *buf, u32 len);

/**
 * quic_conn_local_tparams - encode our parameters for the TLS extension
 * Return: bytes or -ENOSPC.
 */
int quic_conn_local_tparams(const struct quic_conn *conn, u8 *buf, u32 len);

/**
 * quic_conn_encode_tparams - the same with other values than the connection's
 * @conn: server connection whose listener is not chosen yet
 * @local: a listener's parameters; connection IDs and token come from @conn
 * @buf: destination
 * @len: its room
 * Return: bytes or -ENOSPC.
 */
int quic_conn_encode_tparams(const struct quic_conn *conn, const struct quic_tparams *local,
			     u8 *buf, u32 len);

/**
 * quic_conn_set_local - replace what we declare, before it was encoded
 * @conn: server connection whose listener is known only now
 * @local: as in quic_conn_params
 */
void quic_conn_set_local(struct quic_conn *conn, const struct quic_tparams *local);

/**
 * quic_conn_set_path - replace what the path began with
 * @conn: server connection whose listener is known only now
 * @cc: controller
 * @initial_rtt: ns, 0 for the RFC's 333 ms; without effect after a sample
 */
void quic_conn_set_path(struct quic_conn *conn, const struct quic_cc_ops *cc,
			u64 initial_rtt);

/**
 * quic_conn_set_peer_tparams - parameters from the peer's TLS extension
 * Checks them against the connection IDs seen (RFC 9000 7.3). On failure the
 * connection starts to close. Return: 0 or -EPROTO.
 */
int quic_conn_set_peer_tparams(struct quic_conn *conn, const u8 *data, u32 len, u64 now);

/**
 * quic_conn_handshake_complete - TLS is complete (RFC 9001 4.1.1)
 * Needs peer parameters and both APP keys. The state becomes ESTABLISHED.
 * Return: 0 or -EINVAL.
 */
int quic_conn_handshake_complete(struct quic_conn *conn, u64 now);

/**
 * quic_conn_handshake_fail - TLS failed
 * @conn: connection
 * @alert: TLS alert to send as CRYPTO_ERROR, or -1 for none
 * @text: one line for a person, copied
 * @now: time
 */
void quic_conn_handshake_fail(struct quic_conn *conn, int alert, const char *text, u64 now);

/**
 * quic_conn_recv - packets that authenticated
 * @conn: connection
 * @pkts: packets in order of arrival; not changed
 * @n: how many
 * @now: time of arrival
 *
 * Frames are parsed completely before any acts. A violation starts the closing
 * state. Context: softirq or process.
 */
void quic_conn_recv(struct quic_conn *conn, const struct quic_rx_pkt *pkts, u32 n, u64 now);

/**
 * quic_conn_set_rx_full - is there memory to keep what the next packets carry?
 * @conn: connection
 * @full: packets with stream or TLS bytes are refused, as if lost, but for the
 *	next ones of a stream that has nothing to read; all others count as ever
 */
static inline void quic_conn_set_rx_full(struct quic_conn *conn, bool full)
{
	conn->rx_full = full;
}

/* A datagram that carried nothing we could open: counts for RFC 9000 8.1 only. */
void quic_conn_recv_undecryptable(struct quic_conn *conn, u32 dgram_len);

/**
 * quic_conn_recv_version_neg - a Version Negotiation packet (RFC 9000 6.2)
 * @versions: its list, encoded
 * @len: bytes
 */
void quic_conn_recv_version_neg(struct quic_conn *conn, const u8 *versions, u32 len, u64 now);

/**
 * quic_conn_recv_reset - does a packet that failed to open end in a stateless
 * reset token of ours to know? Compares in constant time (RFC 9000 10.3.1).
 * @token: last 16 bytes of the datagram
 * Return: true if it did, and the connection is draining now.
 */
bool quic_conn_recv_reset(struct quic_conn *conn, const u8 *token, u64 now);

/**
 * quic_conn_build - fill a batch of packets
 * @conn: connection
 * @batch: n and n_dgrams are 0, max_dgrams is set
 * @now: time of sending
 *
 * Packets count as sent when this returns: seal and transmit them. Call again
 * while it returns more than 0. Respects congestion window, pacing, flow
 * control and anti-amplification.
 *
 * Return: number of datagrams.
 */
u32 quic_conn_build(struct quic_conn *conn, struct quic_tx_batch *batch, u64 now);

/**
 * quic_conn_deadline - when quic_conn_on_timer() wants to run
 * Return: absolute ns, or QUIC_TIME_NEVER.
 */
u64 quic_conn_deadline(const struct quic_conn *conn);

/**
 * quic_conn_pacing_deadline - when building can go on, if pacing stopped it
 * Return: absolute ns, or QUIC_TIME_NEVER when pacing is not what we wait for.
 */
static inline u64 quic_conn_pacing_deadline(const struct quic_conn *conn)
{
	return conn->pacing_deadline;
}

/* Loss, PTO, ACK delay, idle, closing: whatever is due at @now. */
void quic_conn_on_timer(struct quic_conn *conn, u64 now);

/**
 * quic_conn_close - send CONNECTION_CLOSE now
 * @conn: connection; no effect when closing already
 * @app: @code is the application's
 * @code: at most 2^62 - 1
 * @reason: text, at most 127 bytes are sent
 * @now: time
 */
void quic_conn_close(struct quic_conn *conn, bool app, u64 code, const char *reason, u64 now);

/**
 * quic_conn_shutdown - close once everything queued is acknowledged
 * @conn: connection
 * @code: application code for the CONNECTION_CLOSE
 * @reason: text
 * @linger: ns to wait for the acknowledgements at most
 * @now: time
 *
 * Streams still open for sending that have no FIN are finished with one.
 */
void quic_conn_shutdown(struct quic_conn *conn, u64 code, const char *reason,
			u64 linger, u64 now);

static inline enum quic_conn_state quic_conn_state(const struct quic_conn *conn)
{
	return conn->state;
}

static inline void *quic_conn_host(const struct quic_conn *conn)
{
	return conn->host;
}

static inline const struct quic_close_info *quic_conn_close_info(const struct quic_conn *conn)
{
	return &conn->close;
}

/**
 * quic_conn_local_cid - one of our connection IDs in use
 * @conn: connection
 * @slot: 0 to QUIC_LOCAL_CIDS - 1
 * @seq: its sequence number
 * Return: the ID or NULL when the slot is empty.
 */
const struct quic_cid *quic_conn_local_cid(const struct quic_conn *conn, u32 slot, u64 *seq);

/* The connection ID packets to the peer carry now. */
const struct quic_cid *quic_conn_dcid(const struct quic_conn *conn);

/* Largest packet number received in a level's space, for quic_pn_decode(). */
static inline u64 quic_conn_largest_rx(const struct quic_conn *conn, u8 level, bool *none)
{
	const struct quic_pnspace *s = &conn->space[quic_level_space(level)];
	u64 v = READ_ONCE(s->rx_next);	/* largest + 1 */

	*none = !v;
	return v ? v - 1 : 0;
}

/**
 * quic_conn_stream_open - open a stream of ours
 * @conn: connection
 * @uni: unidirectional
 * @stream: result
 * Return: 0; -EAGAIN when the peer allows no more; -EPIPE when not established
 * or closing; -ENOMEM.
 */
int quic_conn_stream_open(struct quic_conn *conn, bool uni, struct quic_stream **stream);

/* A live stream by its ID, or NULL. */
struct quic_stream *quic_conn_stream_find(struct quic_conn *conn, u64 id);

/* Was a stream with this ID ever opened, by either side? */
bool quic_conn_stream_known(const struct quic_conn *conn, u64 id);

/**
 * quic_stream_append - queue bytes by reference
 * @conn: connection
 * @stream: can be written, see quic_stream_writable()
 * @data: bytes
 * @len: more than 0
 * @owner: keeps @data; see quic_sendbuf_append()
 * @merged: result
 * Return: 0, -EPIPE after FIN, reset or STOP_SENDING, -ENOMEM.
 */
int quic_stream_append(struct quic_conn *conn, struct quic_stream *stream,
		       const u8 *data, u32 len, struct quic_txbuf *owner, bool *merged);

/* End the sending half. Return: 0 or -EPIPE as above. */
int quic_stream_finish(struct quic_conn *conn, struct quic_stream *stream);

/* Abandon the sending half (RFC 9000 3.1). Return: 0 or -EINVAL. */
int quic_stream_reset(struct quic_conn *conn, struct quic_stream *stream, u64 code);

/* Ask the peer to stop (RFC 9000 3.5). Return: 0 or -EINVAL. */
int quic_stream_stop(struct quic_conn *conn, struct quic_stream *stream, u64 code);

/**
 * quic_conn_readable - the stream whose data arrived first
 * Return: a stream with readable bytes, an unread FIN or an unread reset; NULL.
 */
struct quic_stream *quic_conn_readable(struct quic_conn *conn);

/**
 * quic_stream_peek - next readable bytes of a stream
 * @stream: stream
 * @len: bytes
 * Return: pointer or NULL.
 */
const u8 *quic_stream_peek(const struct quic_stream *stream, u32 *len);

/**
 * quic_stream_consume - bytes were taken
 * @conn: connection
 * @stream: stream
 * @len: how many
 *
 * Opens flow control. Return: true when the end of the stream was reached: the
 * stream may be gone now.
 */
bool quic_stream_consume(struct quic_conn *conn, struct quic_stream *stream, u32 len);

/**
 * quic_stream_take_reset - has the peer reset its sending half?
 * @code: its application code
 * Return: true once; the stream may be gone now.
 */
bool quic_stream_take_reset(struct quic_conn *conn, struct quic_stream *stream, u64 *code);

/* Does the sending half still take bytes? Buffer limits are the host's. */
bool quic_stream_writable(const struct quic_stream *stream);

/* Bytes queued on all streams and not acknowledged yet. */
static inline u64 quic_conn_tx_queued(const struct quic_conn *conn)
{
	return conn->streams.tx_queued;
}

#endif /* QUIC_CORE_CORE_H */
