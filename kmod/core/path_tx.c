// SPDX-License-Identifier: GPL-2.0
/*
 * What probes a path on its way out: PATH_CHALLENGE and PATH_RESPONSE frames, which
 * go where they are about and not where the rest goes (RFC 9000 8.2).
 *
 * A datagram takes all that waits for its path. It has 1200 bytes, or as many as
 * amplification allows to an address that is not validated; a response leaves once.
 *
 * Invariant: what a peer makes us send by challenges is no more datagrams than it sent,
 * and no more than places at a time. Not here: the packet around (conn_tx.c).
 */
#include "path.h"
#include "conn.h"
#include "cid.h"
#include "core.h"
#include "recovery.h"

#define ROOM_MIN	64	/* of a datagram that holds a challenge and one response */
#define ROOM_FRAME	(1 + QUIC_PATH_DATA)
#define ROOM_REST	(ROOM_MIN - 2 * ROOM_FRAME)	/* header, tag, PING */
#define BACKOFF_MAX	10

/* Bytes that may go there (RFC 9000 8.1, 9.3.1). */
static u64 amp_room(const struct quic_conn *conn, u8 i)
{
	const struct quic_place *p = &conn->paths->place[i];

	if (i == conn->paths->active)
		return quic_path_amp_room(&conn->path);
	if (p->validated)
		return U64_MAX;
	return 3 * p->rx_bytes > p->tx_bytes ? 3 * p->rx_bytes - p->tx_bytes : 0;
}

const struct quic_cid *quic_path_dcid(const struct quic_conn *conn, u8 place)
{
	const struct quic_cid *cid = NULL;

	if (place != quic_conn_path_active(conn))
		cid = quic_cid_of_seq(conn, conn->paths->place[place].cid_seq);
	return cid ? cid : quic_conn_dcid(conn);
}

/* Up to @max answers to what came from @tx->place. */
static void collect_responses(const struct quic_paths *ps, struct quic_path_tx *tx, u32 max)
{
	u32 i;

	tx->n_responses = 0;
	for (i = 0; i < ps->n_responses && tx->n_responses < max; i++)
		if (ps->response[i].place == tx->place)
			memcpy(tx->response[tx->n_responses++], ps->response[i].data,
			       QUIC_PATH_DATA);
}

bool quic_path_tx_next(struct quic_conn *conn, struct quic_path_tx *tx)
{
	struct quic_paths *ps = conn->paths;
	struct quic_place *p;
	u8 *data;

	for (tx->place = 0; tx->place < QUIC_PATHS; tx->place++) {
		p = &ps->place[tx->place];
		if (!p->used || (!p->due && !ps->n_responses))
			continue;
		tx->room = min_t(u64, QUIC_MIN_UDP_PAYLOAD, amp_room(conn, tx->place));
		if (tx->room < ROOM_MIN)
			continue;
		collect_responses(ps, tx, (tx->room - ROOM_REST) / ROOM_FRAME - 1);
		if (!p->due && !tx->n_responses)
			continue;
		tx->active = tx->place == ps->active;
		data = p->challenge[p->tries % QUIC_PATH_CHALLENGES];
		if (p->due)
			quic_host_random(data, QUIC_PATH_DATA);
		tx->challenge = p->due ? data : NULL;
		return true;
	}
	return false;
}

void quic_path_tx_sent(struct quic_conn *conn, const struct quic_path_tx *tx, u32 len, u64 now)
{
	struct quic_paths *ps = conn->paths;
	struct quic_place *p = &ps->place[tx->place];
	u32 i, n = 0, gone = 0, k = p->tries % QUIC_PATH_CHALLENGES;

	for (i = 0; i < ps->n_responses; i++) {
		if (ps->response[i].place == tx->place && gone < tx->n_responses)
			gone++;
		else
			ps->response[n++] = ps->response[i];
	}
	ps->n_responses = n;
	if (!tx->active)
		p->tx_bytes += len;
	if (!tx->challenge)
		return;
	p->due = false;
	p->full &= ~(1 << k);
	p->full |= (len >= QUIC_MIN_UDP_PAYLOAD) << k;
	/* of the first one's PTO: to move begins with the initial round trip again */
	if (!p->tries)
		p->wait = quic_recovery_pto(conn);
	else if (p->tries <= BACKOFF_MAX)
		p->wait *= 2;
	p->next_at = now + p->wait;
	p->tries += p->tries < U8_MAX;
}
