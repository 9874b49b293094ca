/* SPDX-License-Identifier: GPL-2.0 */
/* Connection IDs of both sides, as the host asks for them (RFC 9000 5.1). Part of core.h. */
#ifndef QUIC_CORE_IDS_H
#define QUIC_CORE_IDS_H

#include "types.h"

struct quic_conn;

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

/**
 * quic_conn_cid_range - the numbers that quic_conn_retire_local() and
 *	quic_conn_use_remote() take
 * @conn: connection
 * @remote: of the peer's IDs, else of ours
 * @active: of the peer's: in use; of ours: the highest
 * @first: the lowest that is not retired
 */
void quic_conn_cid_range(const struct quic_conn *conn, bool remote, u64 *active, u64 *first);

/**
 * quic_conn_retire_local - have the peer retire connection IDs of ours (RFC 9000 5.1.2)
 * @conn: established connection
 * @prior: sequence number; IDs below are to be retired. Above what was asked before,
 *	at most the highest number.
 *
 * They are accepted until the peer says that it has retired them, and replaced then.
 * Return: 0; -EPIPE: not established; -EINVAL.
 */
int quic_conn_retire_local(struct quic_conn *conn, u64 prior);

/**
 * quic_conn_use_remote - send to another of the peer's connection IDs, and retire some
 * @conn: established connection
 * @active: sequence number of the one to use from now on, above the one in use; 0: that
 * @prior: IDs below are retired, at most the number of the one then in use; 0: none
 *
 * Return: 0; -EPIPE: not established; -EAGAIN: IDs are tied to paths that are probed, or
 * too many retirements are unacknowledged; -EINVAL: out of range. Nothing changed then.
 */
int quic_conn_use_remote(struct quic_conn *conn, u64 active, u64 prior);

#endif /* QUIC_CORE_IDS_H */
