/* SPDX-License-Identifier: GPL-2.0 */
/*
 * More than one network path: validation, moving from one to another (RFC 9000 8.2, 9).
 *
 * A path is a place in a small table. The host knows which two addresses are behind a
 * place, the core which of them is in use and whether an address was proved; the two
 * meet by its number. The table is made when a second path shows, or the first
 * PATH_CHALLENGE: most connections never have it.
 */
#ifndef QUIC_CORE_PATH_H
#define QUIC_CORE_PATH_H

#include "types.h"

struct quic_conn;
struct quic_path;

#define QUIC_PATHS		4	/* places: in use, the one before, two more */
#define QUIC_PATH_NONE		0xff	/* no place */
#define QUIC_PATH_DATA		8	/* bytes of a PATH_CHALLENGE */
#define QUIC_PATH_CHALLENGES	4	/* the latest ones, whose answer counts */
#define QUIC_PATH_RESPONSES	4	/* the peer's challenges that wait for an answer */
#define QUIC_PATH_GIVE_UP	3	/* PTOs (RFC 9000 8.2.4) */

/**
 * struct quic_place - one path
 * @challenge: data of the latest challenges, by number
 * @next_at: when the next one is due; QUIC_TIME_NEVER: none is
 * @wait: from the latest challenge to the next one
 * @until: when the validation is given up, or the place forgotten
 * @rx_bytes: of datagrams that came this way; not of the path in use
 * @tx_bytes: that left; the same
 * @tries: challenges of this validation
 * @full: bit for each of @challenge: its datagram had 1200 bytes
 * @cid_seq: number of the connection ID that packets of this path carry, or
 *	QUIC_CID_NONE; not of the path in use
 * @used: a packet of the peer's came this way, or we probe it
 * @validated: the peer is there; not of the path in use
 * @probing: a validation is under way
 * @due: a challenge is to leave
 * @silent: the latest validation was in vain
 * @wanted: the host wants to move here
 * @port_only: from where it is now by ports alone
 */
struct quic_place {
	u8 challenge[QUIC_PATH_CHALLENGES][QUIC_PATH_DATA];
	u64 next_at;
	u64 wait;
	u64 until;
	u64 rx_bytes;
	u64 tx_bytes;
	u64 cid_seq;
	u8 tries;
	u8 full;
	bool used;
	bool validated;
	bool probing;
	bool due;
	bool silent;
	bool wanted;
	bool port_only;
};

/* A challenge of the peer's, and the place it came from. */
struct quic_path_response {
	u8 data[QUIC_PATH_DATA];
	u8 place;
};

/**
 * struct quic_paths - all of them
 * @place: by number
 * @response: oldest first
 * @n_responses: how many
 * @active: place in use: conn->path has its state
 * @rx: place that the packets at hand came from, or QUIC_PATH_NONE
 * @rx_port_only: it differs from the one in use by no more than the peer's port
 * @fallback: last validated one while @active is not, or QUIC_PATH_NONE
 * @reset: state of the path in use is not that which @fallback had
 * @saved: the latter, allocated; NULL: lost, or not @reset
 * @first_pn: 1-RTT packets below left on another path
 * @moved: times that the path in use changed
 * @n_validated: paths that were proved
 * @n_failed: that were not
 */
struct quic_paths {
	struct quic_place place[QUIC_PATHS];
	struct quic_path_response response[QUIC_PATH_RESPONSES];
	u8 n_responses;
	u8 active;
	u8 rx;
	bool rx_port_only;
	u8 fallback;
	bool reset;
	struct quic_path *saved;
	u64 first_pn;
	u32 moved;
	u32 n_validated;
	u32 n_failed;
};

/**
 * struct quic_path_tx - a datagram that probes
 * @place: where it goes
 * @active: that is the path in use
 * @n_responses: PATH_RESPONSE frames
 * @room: bytes that it may have: 1200, or what amplification leaves
 * @response: their data
 * @challenge: data of a PATH_CHALLENGE, or NULL
 */
struct quic_path_tx {
	u8 place;
	bool active;
	u8 n_responses;
	u32 room;
	u8 response[QUIC_PATH_RESPONSES][QUIC_PATH_DATA];
	const u8 *challenge;
};

/* ---- for the host ---- */

/**
 * quic_conn_path_new - a place for a pair of addresses that none is known of
 * @conn: connection
 *
 * Nothing is remembered by it: the same place is given again until an authentic packet
 * has come from there, or quic_conn_path_probe() was called.
 * Return: the place, or QUIC_PATH_NONE: all are taken, no memory, or the handshake is
 * not confirmed (RFC 9000 9): what comes from there is opened, and not followed.
 */
u8 quic_conn_path_new(struct quic_conn *conn);

/**
 * quic_conn_path_used - does a place stand for a path?
 * @conn: connection
 * @place: below QUIC_PATHS
 * What the host knows of others is void.
 */
bool quic_conn_path_used(const struct quic_conn *conn, u8 place);

/* The place in use: where packets of a batch go unless the batch says otherwise. */
u8 quic_conn_path_active(const struct quic_conn *conn);

/**
 * quic_conn_path_probe - move to another local address once it works (RFC 9000 9.1)
 * @conn: client
 * @place: of quic_conn_path_new(), with the addresses that the host has set
 * @port_only: the addresses differ from those in use by ports at most
 * @now: time, ns
 *
 * Completion is told by QUIC_WANT_PATH: quic_conn_path_active() is @place, or the
 * place is not used any more.
 * Return: 0; -EPIPE not established; -EPERM the server forbids it (18.2); -EAGAIN not
 * confirmed yet, one is under way, or an end is not known to have a further connection ID
 * of the other's (9.5).
 */
int quic_conn_path_probe(struct quic_conn *conn, u8 place, bool port_only, u64 now);

/**
 * quic_conn_set_rx_path - where the packets given next came from
 * @conn: connection
 * @place: or QUIC_PATH_NONE
 * @port_only: that is where we send to, but for the peer's port
 */
void quic_conn_set_rx_path(struct quic_conn *conn, u8 place, bool port_only);

/* ---- for the core ---- */

/**
 * quic_path_count_rx - bytes of a datagram came from elsewhere than we send to
 * @conn: connection
 * @bytes: of it
 */
void quic_path_count_rx(struct quic_conn *conn, u32 bytes);

/**
 * quic_path_received - a packet was accepted that came from elsewhere
 * @conn: connection with conn->paths
 * @non_probing: it has frames that probe nothing (RFC 9000 9.1)
 * @newest: it has the largest number so far
 * @now: time, ns
 * A server follows (9.3).
 */
void quic_path_received(struct quic_conn *conn, bool non_probing, bool newest, u64 now);

/**
 * quic_path_on_challenge - PATH_CHALLENGE came
 * @conn: connection
 * @data: 8 bytes
 * The oldest of too many is forgotten. Return: 0 or -ENOMEM.
 */
int quic_path_on_challenge(struct quic_conn *conn, const u8 *data);

/* PATH_RESPONSE came; one that answers nothing is ignored (RFC 9000 8.2.3). */
void quic_path_on_response(struct quic_conn *conn, const u8 *data, u64 now);

/**
 * quic_path_tx_next - is there a probe to send?
 * @conn: connection with conn->paths
 * @tx: filled
 * Nothing changes but that a challenge is drawn. Return: yes.
 */
bool quic_path_tx_next(struct quic_conn *conn, struct quic_path_tx *tx);

/* @tx has left in a datagram of @len bytes. */
void quic_path_tx_sent(struct quic_conn *conn, const struct quic_path_tx *tx, u32 len, u64 now);

/* Connection ID that packets to a place carry. */
const struct quic_cid *quic_path_dcid(const struct quic_conn *conn, u8 place);

/* When quic_path_on_timer() wants to run. */
u64 quic_path_deadline(const struct quic_conn *conn);
void quic_path_on_timer(struct quic_conn *conn, u64 now);

void quic_path_free(struct quic_conn *conn);

#endif /* QUIC_CORE_PATH_H */
