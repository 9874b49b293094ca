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
 *
 * Large because it is the whole contract, each call with what it promises.
 */
#ifndef QUIC_CORE_CORE_H
#define QUIC_CORE_CORE_H

#include "types.h"
#include "pkt.h"
#include "host.h"
#include "tparam.h"
#include "version.h"
#include "conn.h"
#include "ids.h"
#include "path.h"
#include "pmtud.h"
#include "recv_any.h"

/**
 * struct quic_conn_params - how to create a connection
 * @host: the host's pointer, found again with quic_conn_host()
 * @server: role
 * @version: one of quic_versions: client: to begin with; server: of the Initial
 * @local: transport parameters to declare; the connection ID ones and the
 *	reset token are filled in by the core, and so is version_information: see
 *	quic_version_local()
 * @scid: connection ID that the peer will use first; we chose it, of QUIC_CID_KEY_LEN
 *	to QUIC_CID_MAX_LEN random bytes; those issued later have as many. Of none where
 *	the host tells connections apart by something else: then no others are issued
 * @dcid: client: random, the first destination; server: the client's SCID
 * @odcid: server: DCID of the client's first Initial; client: ignored
 * @cc: controller
 * @initial_rtt: ns, 0 for the RFC's 333 ms
 * @max_mtu: UDP payload the local route allows, bytes, at least 1200
 * @handshake_timeout: ns
 * @no_ecn: mark no packets; marks that come are reported all the same
 * @addr_validated: server: the client's address is known to be its own
 * @retried: server: the client comes with the token of a Retry; @odcid is then the
 *	one that the token had
 * @retry_scid: server: with @retried: SCID of that Retry, DCID of the Initial at hand
 * @token: client: of an earlier connection, for the first Initials; NULL: none
 * @token_len: its bytes, at most QUIC_PEER_TOKEN_MAX
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
	bool no_ecn;
	bool addr_validated;
	bool retried;
	struct quic_cid retry_scid;
	const u8 *token;
	u32 token_len;
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
 * @conn: connection
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
 * @now: time, ns
 *
 * Initial keys are assumed from the start. TLS bytes of an earlier level that were not
 * read by then close the connection (RFC 9001 4.1.3). Return: 0 or -EPROTO.
 */
int quic_conn_key_ready(struct quic_conn *conn, u8 level, bool tx, u64 now);

/**
 * quic_conn_set_aead_limits - how long the 1-RTT keys may be used (RFC 9001 6.6)
 * @conn: connection; as long as nobody says it there are no limits
 * @confidentiality: packets that one key may seal, none above QUIC_SEAL_SHORT bytes
 * @of_long: the same where there may be longer ones (RFC 9001 B.1.1)
 * @integrity: packets that may fail to open, with all keys together
 *
 * Ahead of the first the keys are updated; where that cannot be, and at the second,
 * the connection is closed with AEAD_LIMIT_REACHED.
 */
void quic_conn_set_aead_limits(struct quic_conn *conn, u64 confidentiality, u64 of_long,
			       u64 integrity);

/**
 * quic_conn_update_keys - initiate a key update (RFC 9001 6.1)
 * @conn: connection
 * @now: time
 *
 * It is remembered until it is allowed: the handshake confirmed, the update before
 * acknowledged and three PTOs old. An update of the peer's fulfils it as well.
 * Return: 0; -EPIPE: not established; -EINVAL: one is under way.
 */
int quic_conn_update_keys(struct quic_conn *conn, u64 now);

/**
 * quic_conn_next_phase_seen - packets came that only keys of the next generation open
 * @conn: connection; the host does not have these keys, and keeps the packets
 * @now: time
 *
 * Nothing in them is authentic. The core asks for the keys, now or as soon as the
 * bound on how often it does allows.
 */
void quic_conn_next_phase_seen(struct quic_conn *conn, u64 now);

/**
 * quic_conn_next_keys_ready - keys of the next generation are there, both directions
 * @conn: connection that wanted QUIC_WANT_NEXT_KEYS
 * @gen: quic_conn_rx_gen() + 1
 * @now: time
 */
void quic_conn_next_keys_ready(struct quic_conn *conn, u32 gen, u64 now);

/* They could not be made. The core asks again, a PTO later, if they are still wanted. */
void quic_conn_next_keys_failed(struct quic_conn *conn, u64 now);

/* Generation that seals what is built next; rises by one at a time. */
static inline u32 quic_conn_tx_gen(const struct quic_conn *conn)
{
	return conn->keyphase.tx_gen;
}

/* Newest generation that opened a packet: the current one of the receiver. */
static inline u32 quic_conn_rx_gen(const struct quic_conn *conn)
{
	return conn->keyphase.rx_gen;
}

/* Are receive keys before quic_conn_rx_gen() to be dropped? */
static inline bool quic_conn_old_keys_over(const struct quic_conn *conn)
{
	return conn->keyphase.old_deadline == QUIC_TIME_NEVER;
}

/* Lowest packet number that keys of @gen opened; without the lock, for below. */
static inline u64 quic_conn_rx_first(const struct quic_conn *conn, u32 gen)
{
	return READ_ONCE(conn->keyphase.rx_first[gen & 1]);
}

/**
 * quic_key_gen_of - the generation whose keys open a packet (RFC 9001 6.5)
 * @gen: current one of the receiver
 * @first: quic_conn_rx_first() of it
 * @phase: low bit: key phase in the packet's header
 * @pn: its number
 *
 * The generations before and after have the same phase: the former's numbers are
 * lower than any of the current one, the latter's are not. Without branches: which
 * it is may not show in time (RFC 9001 6.3).
 * Return: @gen, @gen - 1 or @gen + 1.
 */
static inline u32 quic_key_gen_of(u32 gen, u64 first, u8 phase, u64 pn)
{
	u32 differs = (gen ^ phase) & 1, older = pn < first && !QUIC_PLANTED(33);

	return gen + differs - 2 * (differs & older);
}

/**
 * quic_conn_keys_discarded - levels whose keys are to be dropped
 * @conn: connection
 *
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

/* TLS bytes of a level that were queued and are not acknowledged. */
static inline u64 quic_conn_crypto_queued(const struct quic_conn *conn, u8 level)
{
	const struct quic_crypto *c = conn->space[quic_level_space(level)].crypto;

	return c ? c->tx.end - c->tx.base : 0;
}

/**
 * quic_conn_crypto_read - take TLS bytes that arrived in order
 * @conn: connection
 * @level: QUIC_CRYPTO_INITIAL or _HANDSHAKE; those of _APP are judged as they arrive
 *	(tls_after.c), and nobody gets them
 * @buf: destination
 * @len: its room
 * Return: bytes taken, 0 when there are none.
 */
u32 quic_conn_crypto_read(struct quic_conn *conn, u8 level, u8 *buf, u32 len);

/**
 * quic_conn_local_tparams - encode our parameters for the TLS extension
 * @conn: connection
 * @buf: destination
 * @len: its room
 *
 * Return: bytes or -ENOSPC.
 */
int quic_conn_local_tparams(const struct quic_conn *conn, u8 *buf, u32 len);

/**
 * quic_conn_encode_tparams - the same with other values than the connection's
 * @conn: server connection whose listener is not chosen yet
 * @local: a listener's parameters; connection IDs and token come from @conn
 * @version: that the connection is to go on with if they are sent
 * @buf: destination
 * @len: its room
 * Return: bytes or -ENOSPC.
 */
int quic_conn_encode_tparams(const struct quic_conn *conn, const struct quic_tparams *local,
			     u32 version, u8 *buf, u32 len);

/**
 * quic_conn_set_local - replace what we declare, before it was encoded
 * @conn: server connection whose listener is known only now
 * @local: as in quic_conn_params
 */
void quic_conn_set_local(struct quic_conn *conn, const struct quic_tparams *local);

/**
 * quic_conn_fix_streams - the peer may open the streams declared, and no more
 * @conn: connection, after its parameters were set
 *
 * Streams that end make no room for others: MAX_STREAMS is never sent.
 */
void quic_conn_fix_streams(struct quic_conn *conn);

/**
 * quic_conn_set_keepalive - do not let the connection fall idle
 * @conn: established connection
 * @interval: ns of silence after which a PING is sent; 0: never
 * @now: time
 * RFC 9000 10.1.2. When the peer does not answer the idle time-out ends it.
 */
void quic_conn_set_keepalive(struct quic_conn *conn, u64 interval, u64 now);

/**
 * quic_conn_set_cid_len - bytes of the connection IDs that are issued from now on
 * @conn: connection
 * @len: QUIC_CID_KEY_LEN to QUIC_CID_MAX_LEN; the first one has some, too
 *
 * For a server that learns late whose connection it is: the first ID is out by then.
 */
void quic_conn_set_cid_len(struct quic_conn *conn, u8 len);

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
 * @conn: connection
 * @data: the extension's body
 * @len: bytes
 * @now: time, ns
 *
 * Checks them against the connection IDs seen (RFC 9000 7.3). On failure the
 * connection starts to close. Return: 0 or -EPROTO.
 */
int quic_conn_set_peer_tparams(struct quic_conn *conn, const u8 *data, u32 len, u64 now);

/**
 * quic_conn_early_begin - a client is about to send 0-RTT data
 * @conn: client connection of which nothing was sent
 * @tparams: the server's parameters, as they came with the connection that the ticket is of
 * @len: bytes
 *
 * Streams may be opened and written from now on, within these limits; what is written
 * leaves as soon as QUIC_CRYPTO_EARLY keys are ready. Not remembered is what RFC 9000
 * 7.4.1 says. Return: 0; -EINVAL: too late, no client, or not well formed.
 */
int quic_conn_early_begin(struct quic_conn *conn, const u8 *tparams, u32 len);

/**
 * quic_conn_early_result - the server's EncryptedExtensions say whether it takes 0-RTT
 * @conn: client that offered it
 * @accepted: it does
 * @now: time, ns
 *
 * Before quic_conn_set_peer_tparams(), which takes silence for a refusal. Refused data
 * is sent again in 1-RTT packets.
 */
void quic_conn_early_result(struct quic_conn *conn, bool accepted, u64 now);

/* enum quic_early: what became of 0-RTT. */
static inline u8 quic_conn_early(const struct quic_conn *conn)
{
	return conn->early;
}

/* May the application write? Before the handshake only where there is 0-RTT. */
static inline bool quic_conn_takes_data(const struct quic_conn *conn)
{
	return conn->state == QUIC_CONN_ESTABLISHED ||
	       (conn->state == QUIC_CONN_HANDSHAKE && conn->early);
}

/**
 * quic_conn_handshake_complete - TLS is complete (RFC 9001 4.1.1)
 * @conn: connection
 * @now: time, ns
 *
 * Needs peer parameters and both APP keys. The state becomes ESTABLISHED.
 * Return: 0; -EINVAL; -EPROTO, and the connection closes: unread TLS bytes are left of
 * the Handshake level (4.1.3).
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

/**
 * quic_conn_set_rx_window_max - how far may receive windows grow by themselves?
 * @conn: connection
 * @bytes: of each, the connection's and a stream's; 0: not at all. Windows that are
 *	larger already stay.
 */
static inline void quic_conn_set_rx_window_max(struct quic_conn *conn, u64 bytes)
{
	conn->rx_window_max = bytes;
}

/**
 * quic_conn_recv_forged - 1-RTT packets came whose tags were wrong (RFC 9001 6.6)
 * @conn: connection
 * @n: how many
 * @now: time
 */
void quic_conn_recv_forged(struct quic_conn *conn, u32 n, u64 now);

/* A datagram that carried nothing we could open: counts for RFC 9000 8.1 only. */
void quic_conn_recv_undecryptable(struct quic_conn *conn, u32 dgram_len);

/**
 * quic_conn_recv_version_neg - a Version Negotiation packet (RFC 9000 6.2, RFC 9368 2.1)
 * @conn: connection
 * @versions: its list, encoded
 * @len: bytes
 * @now: time, ns
 *
 * A client ignores it but as the answer to its very first flight, or where it lists
 * the version of that. Where it lists none of ours the connection ends.
 * Return: the version to go on with, by quic_conn_restart(); 0: nothing is to be done.
 */
u32 quic_conn_recv_version_neg(struct quic_conn *conn, const u8 *versions, u32 len, u64 now);

/**
 * quic_conn_restart - a client begins anew with another version (RFC 9368 2.1)
 * @conn: connection that quic_conn_recv_version_neg() returned @version for
 * @version: one of quic_versions
 * @dcid: random, the first destination again
 * @now: time, ns
 *
 * From now on Initial packets are to be sealed and opened with the keys of @version
 * and @dcid. TLS has to begin anew: nothing that it sent is left, and its transport
 * parameters are others. Return: false: too late, and nothing has changed.
 */
bool quic_conn_restart(struct quic_conn *conn, u32 version, const struct quic_cid *dcid,
		       u64 now);

/**
 * quic_conn_recv_retry - a Retry packet whose integrity tag was right
 * @conn: connection
 * @scid: its source connection ID
 * @token: its token, copied
 * @len: bytes of it
 * @now: time, ns
 *
 * RFC 9000 17.2.5.2. Return: true if the client goes on with it: from now on Initial
 * packets are to be sealed and opened with the keys of @scid. False: ignored.
 */
bool quic_conn_recv_retry(struct quic_conn *conn, const struct quic_cid *scid,
			  const u8 *token, u32 len, u64 now);

/**
 * quic_conn_send_new_token - give the client a token for a next time
 * @conn: established server connection
 * @token: copied
 * @len: its bytes, 1 to QUIC_PEER_TOKEN_MAX
 * RFC 9000 8.1.3. Return: 0; -EAGAIN while one is under way; -EINVAL; -ENOMEM.
 */
int quic_conn_send_new_token(struct quic_conn *conn, const u8 *token, u32 len);

/**
 * quic_conn_new_token - the token that the server gave last
 * @conn: client
 * @len: receives its bytes, 0: none
 * Return: the bytes.
 */
const u8 *quic_conn_new_token(const struct quic_conn *conn, u32 *len);

/**
 * quic_conn_recv_reset - is a datagram that failed to open a stateless reset?
 * @conn: connection
 * @token: last 16 bytes of the datagram
 * @now: time, ns
 *
 * Compares with the tokens that the peer gave, in constant time (RFC 9000 10.3.1).
 * Return: true if it did, and the connection is draining now.
 */
bool quic_conn_recv_reset(struct quic_conn *conn, const u8 *token, u64 now);

/*
 * A token that would end it, or NULL, by @slot, below QUIC_REMOTE_CIDS; QUIC_WANT_TOKENS:
 * some changed. Who looks for it by its bytes hashes them with a key first.
 */
const u8 *quic_conn_reset_token(const struct quic_conn *conn, u32 slot);

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
 * quic_conn_tx_idle - is there nothing to build?
 * @conn: connection
 *
 * For hosts, before they make ready for a batch: an answer that came often opens a window
 * that nobody wants. What a deadline brings that has passed, quic_conn_on_timer() brings.
 *
 * Return: true: quic_conn_build() would build nothing, and need not be called; false: it
 * has to be.
 */
bool quic_conn_tx_idle(struct quic_conn *conn);

/**
 * quic_conn_tx_paced - is there nothing to build before the pacing deadline?
 * @conn: connection
 *
 * For hosts, likewise: while a bucket fills, ACKs come and programs write. Who believes it
 * has the timer of quic_conn_pacing_deadline() set.
 *
 * Return: true: until then quic_conn_build() would build nothing.
 */
bool quic_conn_tx_paced(const struct quic_conn *conn);

/**
 * quic_conn_set_hold - may small writes wait a moment for others, to share packets?
 * @conn: connection
 * @most: so long at most, ns; 0: each leaves at once, as at first
 */
void quic_conn_set_hold(struct quic_conn *conn, u32 most);

/**
 * quic_conn_tx_took - stream bytes that were built last are on their way
 * @conn: connection
 * @pkts: packets that the host built for that
 * @now: time, ns
 *
 * Hosts whose writers wait for that say so, where small writes may wait for others: what a
 * packet costs, whoever takes it from there included, says how many should share one.
 */
void quic_conn_tx_took(struct quic_conn *conn, u64 pkts, u64 now);

/**
 * quic_conn_reader_sleeps - who reads has nothing to read, and is going to sleep
 * @conn: connection
 *
 * ACKs that are owed leave; and those of what comes may wait for each other until he says
 * so again (ackwait.c). A host whose readers do not sleep never calls it.
 */
void quic_conn_reader_sleeps(struct quic_conn *conn);

/* Nothing that is queued waits for more: its writer waits for what the peer says to it. */
void quic_conn_push(struct quic_conn *conn);

/**
 * quic_conn_deadline - when quic_conn_on_timer() wants to run
 * @conn: connection
 *
 * Return: absolute ns, or QUIC_TIME_NEVER.
 */
u64 quic_conn_deadline(const struct quic_conn *conn);

/**
 * quic_conn_pacing_deadline - when building can go on, if pacing, want of memory, or
 * @conn: connection
 *
 * hope for more (hold.c) stopped it
 * Return: absolute ns, or QUIC_TIME_NEVER when neither is what we wait for.
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
 * @linger: ns to wait for one more byte to be acknowledged
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

/* Does it declare grease_quic_bit? Also without the lock: that is settled before any key. */
static inline bool quic_conn_greases(const struct quic_conn *conn)
{
	return READ_ONCE(conn->local.grease_quic_bit);
}

static inline void *quic_conn_host(const struct quic_conn *conn)
{
	return conn->host;
}

static inline const struct quic_close_info *quic_conn_close_info(const struct quic_conn *conn)
{
	return &conn->close;
}

/* Packets that came marked CE (RFC 9000 13.4). */
static inline u64 quic_conn_ce(const struct quic_conn *conn)
{
	u64 n = 0;
	u32 i;

	for (i = 0; i < QUIC_SPACES; i++)
		n += conn->space[i].ecn_rx[3];
	return n;
}

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
 * Return: 0; -EAGAIN when the peer allows no more; -EPIPE when it may not write, see
 * quic_conn_takes_data(), or is closing; -ENOMEM.
 */
int quic_conn_stream_open(struct quic_conn *conn, bool uni, struct quic_stream **stream);

/* A live stream by its ID, or NULL. */
struct quic_stream *quic_conn_stream_find(struct quic_conn *conn, u64 id);

/* Was a stream with this ID ever opened, by either side? */
bool quic_conn_stream_known(const struct quic_conn *conn, u64 id);

/*
 * A stream that is gone: did it end because the peer sent STOP_SENDING? So its writer is
 * told no matter when it tries. Of the last QUIC_STOPPED_IDS only; false for others.
 */
bool quic_conn_stream_was_stopped(const struct quic_conn *conn, u64 id);

/**
 * quic_stream_append - queue bytes by reference
 * @conn: connection
 * @stream: can be written, see quic_stream_writable()
 * @data: bytes
 * @len: more than 0
 * @owner: keeps @data, perhaps with QUIC_TXBUF_LENT; see quic_sendbuf_append()
 * @merged: result
 * Return: 0, -EPIPE after FIN, reset or STOP_SENDING, -ENOMEM.
 */
int quic_stream_append(struct quic_conn *conn, struct quic_stream *stream,
		       const u8 *data, u32 len, struct quic_txbuf *owner, bool *merged);

/**
 * quic_stream_announce - tell the peer that a stream is open
 * @conn: connection
 * @stream: of ours, nothing was sent on it
 *
 * The next packet carries a STREAM frame of it, empty if there are no bytes, again
 * if that is lost. For protocols in which the peer speaks first: it can only
 * write on a stream that it knows (RFC 9000 3.2).
 * Return: 0 or -EPIPE as above.
 */
int quic_stream_announce(struct quic_conn *conn, struct quic_stream *stream);

/**
 * quic_stream_set_priority - when is it a stream's turn to send? (RFC 9218 4)
 * @conn: connection
 * @stream: stream
 * @urgency: 0 first to 7 last; 3 at first
 * @incremental: it shares with others of its urgency; else those of a lower ID are
 *	served before it. True at first.
 * stream_sched.c has the rules. Return: 0; -EINVAL: out of range, or receive-only; -ENOMEM.
 */
int quic_stream_set_priority(struct quic_conn *conn, struct quic_stream *stream,
			     u8 urgency, bool incremental);

/* End the sending half. Return: 0 or -EPIPE as above. */
int quic_stream_finish(struct quic_conn *conn, struct quic_stream *stream);

/* Abandon the sending half (RFC 9000 3.1). Return: 0 or -EINVAL. */
int quic_stream_reset(struct quic_conn *conn, struct quic_stream *stream, u64 code);

/* Ask the peer to stop (RFC 9000 3.5). Return: 0 or -EINVAL. */
int quic_stream_stop(struct quic_conn *conn, struct quic_stream *stream, u64 code);

/**
 * quic_conn_readable - the stream whose data arrived first
 * @conn: connection
 *
 * Return: a stream with readable bytes, an unread FIN or an unread reset; NULL.
 */
struct quic_stream *quic_conn_readable(struct quic_conn *conn);

/**
 * quic_stream_peek_at - readable bytes of a stream
 * @stream: stream
 * @skip: bytes from the next one to read
 * @len: how many are contiguous in memory there
 * Return: pointer or NULL. Cost: grows with the chunks that are skipped.
 */
const u8 *quic_stream_peek_at(const struct quic_stream *stream, u64 skip, u32 *len);

/* The next ones. */
static inline const u8 *quic_stream_peek(const struct quic_stream *stream, u32 *len)
{
	return quic_stream_peek_at(stream, 0, len);
}

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
 * @conn: connection
 * @stream: stream
 * @code: its application code
 *
 * Return: true once; the stream may be gone now.
 */
bool quic_stream_take_reset(struct quic_conn *conn, struct quic_stream *stream, u64 *code);

/* Has the stream's end come, with every byte before it? They may be unread. */
static inline bool quic_stream_end_received(const struct quic_stream *stream)
{
	return stream->recv_state == QUIC_STREAM_RECV_STATE_RECVD ||
	       stream->recv_state == QUIC_STREAM_RECV_STATE_READ;
}

/* Has the peer reset it, and nobody heard of it yet? */
static inline bool quic_stream_reset_received(const struct quic_stream *stream)
{
	return stream->recv_state == QUIC_STREAM_RECV_STATE_RESET_RECVD;
}

/* Does the sending half still take bytes? Buffer limits are the host's. */
bool quic_stream_writable(const struct quic_stream *stream);

/* Bytes queued on all streams and not acknowledged, and datagrams not sent yet. */
static inline u64 quic_conn_tx_queued(const struct quic_conn *conn)
{
	return conn->streams.tx_queued + conn->dgrams.tx.bytes;
}

/* Bytes that could leave now, about: the window's room, if so much is queued. */
u64 quic_conn_tx_ready(const struct quic_conn *conn);

/* ---- datagrams (RFC 9221), dgram.c ---- */

/**
 * quic_conn_dgram_max - longest datagram that may be sent now
 * @conn: connection
 *
 * What a packet of the path's MTU has room for besides its header, with the
 * connection ID in use and the longest packet number, and what the peer takes.
 *
 * Return: bytes; 0: the peer takes none.
 */
u32 quic_conn_dgram_max(const struct quic_conn *conn);

/* Is there room for @len bytes in the queue? A hint when the lock is not held. */
static inline bool quic_conn_dgram_fits(const struct quic_conn *conn, u32 len)
{
	const struct quic_dgram_queue *q = &conn->dgrams.tx;

	return READ_ONCE(q->n) < q->max_n &&
	       (u64)READ_ONCE(q->bytes) + len <= q->max_bytes;
}

/**
 * quic_conn_dgram_room - could a datagram be queued?
 * @conn: connection
 * @len: its bytes
 *
 * Return: 0; -EPIPE not established and without 0-RTT, closing; -EINVAL the peer takes none;
 * -EMSGSIZE empty, longer than the queue or quic_conn_dgram_max(); -EAGAIN the
 * queue is full.
 */
int quic_conn_dgram_room(const struct quic_conn *conn, u32 len);

/**
 * quic_conn_dgram_send - queue a datagram by reference
 * @conn: connection
 * @data: bytes
 * @len: how many
 * @owner: keeps them; on success the reference is the core's, which gives it back
 *	with one quic_host_txbuf_put() of @len
 *
 * With drop_oldest a full queue makes room.
 *
 * Return: 0; as quic_conn_dgram_room(); -ENOMEM.
 */
int quic_conn_dgram_send(struct quic_conn *conn, const u8 *data, u32 len,
			 struct quic_txbuf *owner);

/**
 * quic_conn_dgram_peek - bytes of the datagram that came first
 * @conn: connection
 * @data: its first byte not taken yet
 * @len: how many follow, may be 0
 *
 * Return: false: there is none.
 */
bool quic_conn_dgram_peek(struct quic_conn *conn, const u8 **data, u32 *len);

/* Is a datagram next to be read, before quic_conn_readable()? By arrival, about. */
bool quic_conn_dgram_is_next(struct quic_conn *conn);

/**
 * quic_conn_dgram_take - bytes of the first datagram were taken
 * @conn: connection that has one
 * @len: how many; U32_MAX: throw away what is left of it
 *
 * Return: true when it is gone.
 */
bool quic_conn_dgram_take(struct quic_conn *conn, u32 len);

#endif /* QUIC_CORE_CORE_H */
