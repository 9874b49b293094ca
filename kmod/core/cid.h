/* SPDX-License-Identifier: GPL-2.0 */
/* Connection IDs of both sides (RFC 9000 5.1). */
#ifndef QUIC_CORE_CID_H
#define QUIC_CORE_CID_H

#include "conn.h"

/**
 * quic_cid_init - the IDs of the first flight
 * @conn: connection
 * @scid: ours, sequence number 0
 * @dcid: where our packets go first; replaced by the peer's SCID
 * @odcid: the client's first destination
 */
void quic_cid_init(struct quic_conn *conn, const struct quic_cid *scid,
		   const struct quic_cid *dcid, const struct quic_cid *odcid);

/**
 * quic_cid_peer_scid - SCID of a long header packet
 * @conn: connection
 * @scid: as received
 * Return: false when it differs from an earlier one: drop the packet
 * (RFC 9000 7.2).
 */
bool quic_cid_peer_scid(struct quic_conn *conn, const struct quic_cid *scid);

/* Forget those to retire. */
void quic_cid_free(struct quic_conn *conn);

/* The same if the peer knows of all of them. */
void quic_cid_trim(struct quic_conn *conn);

/* Issue IDs up to the peer's active_connection_id_limit and ours. */
void quic_cid_issue(struct quic_conn *conn);

/* NEW_CONNECTION_ID arrived. Return: 0, -EPROTO or -ENOMEM. */
int quic_cid_on_new(struct quic_conn *conn, const struct quic_frame *f);

/* RETIRE_CONNECTION_ID arrived. Return: 0 or -EPROTO. */
int quic_cid_on_retire(struct quic_conn *conn, const struct quic_frame *f);

#define QUIC_CID_NONE	U64_MAX		/* no sequence number */

/**
 * quic_cid_take - an ID of the peer's that no path uses (RFC 9000 9.5)
 * @conn: connection
 * Return: its sequence number, or QUIC_CID_NONE: there is no other.
 */
u64 quic_cid_take(struct quic_conn *conn);

/* Has the peer heard of an ID of ours beside the one that it uses? (RFC 9000 9.5) */
bool quic_cid_peer_can_change(const struct quic_conn *conn);

/*
 * The path that used @seq is over: retire it. Does nothing to the one in use; where
 * too many retirements are unacknowledged it is kept, and used no more.
 */
void quic_cid_give_back(struct quic_conn *conn, u64 seq);

/* Packets go to @seq from now on, if the peer has not retired it. Return: the one before. */
u64 quic_cid_use(struct quic_conn *conn, u64 seq);

/* ID @seq of the peer's; NULL: it has retired it. */
const struct quic_cid *quic_cid_of_seq(const struct quic_conn *conn, u64 seq);

/* The reset token that the server's transport parameters gave for its first ID. */
void quic_cid_set_token(struct quic_conn *conn, const u8 *token);

/* Does @token belong to a connection ID that packets go to? Constant time. */
bool quic_cid_match_token(const struct quic_conn *conn, const u8 *token);

/* Fill the frame that announces a value of this module. */
void quic_cid_fill_frame(const struct quic_conn *conn, const struct quic_valsync *v,
			 struct quic_frame *f);

#endif /* QUIC_CORE_CID_H */
