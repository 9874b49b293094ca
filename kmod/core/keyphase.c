// SPDX-License-Identifier: GPL-2.0
/*
 * Key update (RFC 9001 6): when the 1-RTT keys change, and which keys a packet may
 * have used. The keys themselves are the host's; here they are numbers.
 *
 * Generation 0 comes from the handshake, each update makes the next one, and its
 * low bit is the key phase on the wire. Both directions change together:
 *
 *	tx_gen    rx_gen
 *	  n         n       at rest; one of both moves next:
 *	  n+1       n       we initiated; the peer's first packet of n+1 is to come
 *	  n+1       n+1     it came; or the peer initiated, and we followed at once
 *
 * We initiate when the application asks for it, and ahead of the confidentiality
 * limit (6.6): not before the handshake is confirmed and a packet of this phase
 * was acknowledged (6.1), and, unless the limit is close, three PTOs after that
 * (6.5). The host makes the next keys when it is told (QUIC_WANT_NEXT_KEYS): once a
 * phase has aged, an update is wanted, a packet of the next phase came, and soon after
 * each update; until they are there, nobody updates.
 *
 *	0           1/2            3/4           7/8         limit - reserve   limit
 *	| sealed     | next keys    | update      | without      | close         |
 *	|            | are made     | due         | the wait     |               |
 *
 * A peer that updates without end makes us derive keys: at most once per PTO or 25 ms,
 * whichever is less (6.3), since the next ones are not asked for earlier. What it
 * sends of them before waits with the host, within bounds, or is lost.
 *
 * Invariants: rx_gen <= tx_gen <= rx_gen + 1; tx_gen <= ready_gen <= rx_gen + 1; a
 * packet number is sealed with tx_gen, which never falls (6.4).
 *
 * Not here: keys, opening, which key to try (quic_key_gen_of() in core.h).
 */
#include "conn_int.h"
#include "keyphase.h"
#include "recovery.h"
#include "plant.h"

/* Packets under the confidentiality limit that are kept for closing. */
#define SEAL_RESERVE	(2 * QUIC_TX_PKTS_MAX)

void quic_keyphase_init(struct quic_keyphase *kp)
{
	memset(kp, 0, sizeof(*kp));
	kp->seal_limit = U64_MAX;
	kp->seal_long = U64_MAX;
	kp->forged_limit = U64_MAX;
	kp->old_deadline = QUIC_TIME_NEVER;
	kp->wait_ptos = QUIC_KEY_UPDATE_PTOS;
}

/* Packets sealed with the current key. Numbers that were skipped count. */
static u64 sealed(const struct quic_conn *conn)
{
	return conn->space[QUIC_SPACE_APP].tx_next - conn->keyphase.tx_first;
}

/*
 * A batch, and the CONNECTION_CLOSE with its repetitions, must fit under the limit:
 * packets are counted by their numbers, when a batch begins.
 */
static u64 less_reserve(u64 limit)
{
	return limit - min_t(u64, limit, SEAL_RESERVE);
}

void quic_conn_set_aead_limits(struct quic_conn *conn, u64 confidentiality, u64 of_long,
			       u64 integrity)
{
	struct quic_keyphase *kp = &conn->keyphase;

	quic_host_assert_owned(conn);
	kp->seal_long = less_reserve(of_long);
	kp->seal_limit = conn->max_mtu > QUIC_SEAL_SHORT ? kp->seal_long :
							   less_reserve(confidentiality);
	kp->forged_limit = integrity;
}

u32 quic_keyphase_bound_mtu(struct quic_conn *conn, u32 mtu)
{
	struct quic_keyphase *kp = &conn->keyphase;

	if (mtu <= QUIC_SEAL_SHORT || kp->seal_limit <= kp->seal_long)
		return mtu;
	if (sealed(conn) >= kp->seal_long / 2)
		return QUIC_SEAL_SHORT;
	kp->seal_limit = kp->seal_long;
	return mtu;
}

void quic_conn_recv_forged(struct quic_conn *conn, u32 n, u64 now)
{
	struct quic_keyphase *kp = &conn->keyphase;

	quic_host_assert_owned(conn);
	kp->forged += n;
	if (kp->forged > kp->forged_limit)
		quic_conn_close(conn, false, QUIC_TRANSPORT_ERROR_AEAD_LIMIT_REACHED,
				"too many packets did not open", now);
}

/* ---- the next keys ---- */

/* Are next keys wanted that the host was not asked for, and may be? */
static bool next_is_missing(const struct quic_keyphase *kp)
{
	return kp->next_wanted && !kp->next_asked && kp->tx_gen == kp->rx_gen &&
	       kp->ready_gen == kp->rx_gen;
}

static void ask_for_next(struct quic_conn *conn, u64 now)
{
	struct quic_keyphase *kp = &conn->keyphase;

	if (!next_is_missing(kp) || now < kp->next_at)
		return;
	kp->next_asked = true;
	conn->want |= QUIC_WANT_NEXT_KEYS;
}

static void want_next(struct quic_conn *conn, u64 now)
{
	conn->keyphase.next_wanted = true;
	ask_for_next(conn, now);
}

void quic_conn_next_phase_seen(struct quic_conn *conn, u64 now)
{
	quic_host_assert_owned(conn);
	if (quic_conn_is_open(conn) && conn->handshake_complete)
		want_next(conn, now);
}

void quic_conn_next_keys_failed(struct quic_conn *conn, u64 now)
{
	struct quic_keyphase *kp = &conn->keyphase;

	quic_host_assert_owned(conn);
	kp->next_asked = false;
	kp->next_at = now + quic_recovery_pto(conn);
}

/* ---- updates of ours ---- */

/* RFC 9001 6.6: soon, or too soon for manners? */
static bool limit_near(const struct quic_conn *conn, u32 eighths)
{
	return sealed(conn) >= conn->keyphase.seal_limit / 8 * eighths;
}

static bool update_due(const struct quic_conn *conn)
{
	return conn->keyphase.requested || limit_near(conn, 6);
}

/* RFC 9001 6.1, but for the wait of 6.5. */
static bool may_update(const struct quic_conn *conn)
{
	const struct quic_keyphase *kp = &conn->keyphase;

	return conn->handshake_confirmed && (kp->confirmed || QUIC_PLANTED(31)) &&
	       kp->tx_gen == kp->rx_gen && kp->ready_gen > kp->tx_gen;
}

/* The keys that seal from now on. */
static void enter_tx(struct quic_conn *conn, u32 gen, bool ours)
{
	struct quic_keyphase *kp = &conn->keyphase;

	kp->tx_gen = gen;
	kp->tx_first = conn->space[QUIC_SPACE_APP].tx_next;
	kp->confirmed = false;
	kp->ours = ours;
	/* Whoever did it, what was asked for has been done. */
	kp->requested = false;
	if (ours)
		kp->updates_local++;
	else
		kp->updates_peer++;
	conn->want |= QUIC_WANT_KEYS;
}

static void try_update(struct quic_conn *conn, u64 now)
{
	const struct quic_keyphase *kp = &conn->keyphase;

	if (!may_update(conn) || (now < kp->update_at && !limit_near(conn, 7)))
		return;
	/* The peer is to hear of it though there be nothing to say. */
	if (kp->requested)
		conn->space[QUIC_SPACE_APP].probes =
			max_t(u8, conn->space[QUIC_SPACE_APP].probes, 1);
	conn->want |= QUIC_WANT_TX;
	enter_tx(conn, kp->tx_gen + 1, true);
}

void quic_conn_next_keys_ready(struct quic_conn *conn, u32 gen, u64 now)
{
	struct quic_keyphase *kp = &conn->keyphase;

	quic_host_assert_owned(conn);
	if (WARN_ON_ONCE(gen != kp->rx_gen + 1 || kp->ready_gen != kp->rx_gen))
		return;
	kp->ready_gen = gen;
	if (quic_conn_is_open(conn) && update_due(conn))
		try_update(conn, now);
}

int quic_conn_update_keys(struct quic_conn *conn, u64 now)
{
	struct quic_keyphase *kp = &conn->keyphase;

	quic_host_assert_owned(conn);
	if (conn->state != QUIC_CONN_ESTABLISHED)
		return -EPIPE;
	if (kp->requested || (kp->ours && !kp->confirmed))
		return -EINVAL;
	kp->requested = true;
	want_next(conn, now);
	try_update(conn, now);
	return 0;
}

void quic_keyphase_before_build(struct quic_conn *conn, u64 now)
{
	struct quic_keyphase *kp = &conn->keyphase;

	if (unlikely(!kp->next_wanted &&
		     (sealed(conn) >= QUIC_KEY_PHASE_AGED || limit_near(conn, 4))))
		want_next(conn, now);
	if (unlikely(update_due(conn)))
		try_update(conn, now);
	if (unlikely(sealed(conn) >= kp->seal_limit))
		quic_conn_close(conn, false, QUIC_TRANSPORT_ERROR_AEAD_LIMIT_REACHED,
				"the key has sealed as many packets as it may", now);
}

void quic_keyphase_acked(struct quic_conn *conn, u64 now)
{
	const struct quic_pnspace *s = &conn->space[QUIC_SPACE_APP];
	struct quic_keyphase *kp = &conn->keyphase;

	if (likely(kp->confirmed) || !s->acked_any || s->largest_acked < kp->tx_first)
		return;
	kp->confirmed = true;
	if (kp->tx_gen)		/* nothing to wait for after the handshake */
		kp->update_at = now + kp->wait_ptos * quic_recovery_pto(conn);
}

int quic_keyphase_check_ack(struct quic_conn *conn, u32 key_gen, u64 largest)
{
	const struct quic_keyphase *kp = &conn->keyphase;

	if (likely(key_gen >= kp->tx_gen) || largest < kp->tx_first ||
	    largest >= conn->space[QUIC_SPACE_APP].tx_next)
		return 0;
	return quic_error_set(&conn->err, QUIC_TRANSPORT_ERROR_KEY_UPDATE, QUIC_FRAME_ACK,
			      "ACK of a new key's packet, sealed with the old key");
}

/* ---- packets of the peer ---- */

static int violation(struct quic_conn *conn, const char *why)
{
	return quic_error_set(&conn->err, QUIC_TRANSPORT_ERROR_KEY_UPDATE, 0, why);
}

int quic_keyphase_check(struct quic_conn *conn, const struct quic_rx_pkt *pkt)
{
	const struct quic_keyphase *kp = &conn->keyphase;
	u64 first = kp->rx_first[kp->rx_gen & 1];

	if (likely(pkt->key_gen == kp->rx_gen))
		return pkt->pn >= first || pkt->pn >= kp->rx_old_next ? 0 :
		       violation(conn, "a new key before the last packet of the old one");
	if (pkt->key_gen == kp->rx_gen - 1)
		return pkt->pn < first ? 0 :
		       violation(conn, "an old key after the first packet of the new one");
	if (pkt->key_gen != kp->rx_gen + 1 || pkt->key_gen > kp->ready_gen)
		return -EINVAL;
	if (pkt->pn < conn->space[QUIC_SPACE_APP].rx_next)
		return violation(conn, "a new key before the last packet of the old one");
	/* If it follows an update of ours, it need not know what we have received. */
	return kp->answer_due && pkt->key_gen != kp->tx_gen ?
	       violation(conn, "keys updated twice, the first unanswered") : 0;
}

/* The first packet that the next keys opened. */
static void enter_rx(struct quic_conn *conn, const struct quic_rx_pkt *pkt, u64 now)
{
	struct quic_keyphase *kp = &conn->keyphase;
	u64 pto = quic_recovery_pto(conn);

	/*
	 * Who updates once does so again. The peer waits by its own PTO, which may be
	 * far below ours when we send nothing that would measure it.
	 */
	kp->next_wanted = true;
	kp->next_at = now + min_t(u64, pto, QUIC_KEY_NEXT_WAIT);
	kp->rx_old_next = conn->space[QUIC_SPACE_APP].rx_next;
	WRITE_ONCE(kp->rx_first[pkt->key_gen & 1], pkt->pn);
	kp->rx_gen = pkt->key_gen;
	kp->old_deadline = now + QUIC_KEY_UPDATE_PTOS * pto;
	kp->next_asked = false;
	kp->answer_due = true;
	if (kp->tx_gen != kp->rx_gen && !QUIC_PLANTED(32))
		enter_tx(conn, kp->rx_gen, false);
	conn->want |= QUIC_WANT_KEYS;
}

void quic_keyphase_received(struct quic_conn *conn, const struct quic_rx_pkt *pkt, u64 now)
{
	struct quic_keyphase *kp = &conn->keyphase;
	u64 *first = &kp->rx_first[kp->rx_gen & 1];

	if (unlikely(pkt->key_gen != kp->rx_gen)) {
		if (pkt->key_gen == kp->rx_gen + 1)
			enter_rx(conn, pkt, now);
		else
			kp->rx_old_next = max(kp->rx_old_next, pkt->pn + 1);
		return;
	}
	if (unlikely(pkt->pn < *first))
		WRITE_ONCE(*first, pkt->pn);
	if (unlikely(!kp->next_wanted && pkt->pn - *first >= QUIC_KEY_PHASE_AGED))
		want_next(conn, now);
}

/* ---- time ---- */

/* When a request that waits for nothing but time is served. */
static u64 request_at(const struct quic_conn *conn)
{
	return conn->keyphase.requested && may_update(conn) ? conn->keyphase.update_at :
							      QUIC_TIME_NEVER;
}

u64 quic_keyphase_deadline(const struct quic_conn *conn)
{
	const struct quic_keyphase *kp = &conn->keyphase;
	u64 t = min(kp->old_deadline, request_at(conn));

	return next_is_missing(kp) ? min(t, kp->next_at) : t;
}

void quic_keyphase_on_timer(struct quic_conn *conn, u64 now)
{
	struct quic_keyphase *kp = &conn->keyphase;

	if (kp->old_deadline <= now) {
		kp->old_deadline = QUIC_TIME_NEVER;
		conn->want |= QUIC_WANT_KEYS;
	}
	ask_for_next(conn, now);
	if (request_at(conn) <= now)
		try_update(conn, now);
}
