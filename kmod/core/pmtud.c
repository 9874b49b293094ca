// SPDX-License-Identifier: GPL-2.0
/*
 * Path MTU: from the 1200 bytes that every path carries (RFC 9000 14) to what
 * the path carries, but no more than the local route and the peer allow.
 *
 * The limit itself is probed first, since most paths carry it: then the search is
 * over after one round trip. Else the search (RFC 8899 5.3.2) halves the range
 * between the largest size known to get through and the smallest known not to,
 * until less than QUIC_PMTUD_STEP bytes are left to win. A probe is a PING padded
 * to its size, in a datagram of its own; it counts in flight, but its loss is no
 * sign of congestion. Three lost probes of a size say that it does not pass.
 *
 * After a search that ended below the limit another one begins QUIC_PMTUD_RAISE
 * later (PMTU_RAISE_TIMER), with the next ACK: a connection that sends nothing needs
 * no larger size, and no timer.
 *
 * Three rounds in a row in which packets above the base size were lost, or a PTO
 * found them unanswered, and none of them was acknowledged mean a black hole (RFC
 * 8899 4.3): back to the base size, and a search below the size that failed. What
 * gets through below the base size proves nothing. A route that changes its MTU does
 * the same with its new limit. A router that says how much passes (ICMP) has the size
 * fall, never rise, and is believed for one search (RFC 9000 14.2.1: a hint; the probe
 * decides).
 */
#include "core.h"
#include "keyphase.h"
#include "pmtud.h"

static u32 size_limit(const struct quic_conn *conn)
{
	return min_t(u64, conn->max_mtu, conn->remote.max_udp_payload_size);
}

static void probe(struct quic_conn *conn, u32 size)
{
	struct quic_pmtud *pm = &conn->pmtud;

	pm->target = size;
	pm->tries = 0;
	pm->wanted = true;
	conn->want |= QUIC_WANT_TX;
}

void quic_pmtud_start(struct quic_conn *conn)
{
	struct quic_pmtud *pm = &conn->pmtud;
	u32 limit = size_limit(conn);

	pm->started = true;
	pm->settled = false;
	pm->wanted = false;
	pm->failed = limit + 1;
	if (!pm->off && limit > conn->path.mtu)
		probe(conn, limit);
}

void quic_pmtud_leave(struct quic_conn *conn)
{
	struct quic_pmtud *pm = &conn->pmtud;

	*pm = (struct quic_pmtud){
		.off = pm->off, .raise_after = pm->raise_after, .target = conn->path.mtu,
	};
}

/* Half-way between what gets through and what does not, or the end. */
static void search_on(struct quic_conn *conn)
{
	struct quic_pmtud *pm = &conn->pmtud;
	u32 mtu = conn->path.mtu;

	pm->wanted = false;
	if (pm->failed > mtu + QUIC_PMTUD_STEP) {
		probe(conn, mtu + (pm->failed - mtu) / 2);
	} else if (mtu < size_limit(conn)) {
		pm->settled = true;
		pm->raise_at = 0;
	}
}

static void set_mtu(struct quic_conn *conn, u32 mtu)
{
	struct quic_path *path = &conn->path;

	path->mtu = mtu;
	quic_cc_set_mss(&path->cc, mtu);
	quic_pacer_update(&path->pacer, path->cc.cwnd, path->rtt.smoothed,
			  path->cc.cwnd < path->cc.ssthresh, mtu);
}

void quic_pmtud_acked(struct quic_conn *conn, u32 size)
{
	struct quic_pmtud *pm = &conn->pmtud;

	pm->flying = false;
	/* else of a search that is over */
	if (size != pm->target || size <= conn->path.mtu)
		return;
	set_mtu(conn, size);
	search_on(conn);
}

void quic_pmtud_lost(struct quic_conn *conn, u32 size)
{
	struct quic_pmtud *pm = &conn->pmtud;

	pm->flying = false;
	if (size != pm->target || size <= conn->path.mtu)
		return;
	if (pm->tries < QUIC_PMTUD_TRIES) {
		pm->wanted = true;
		conn->want |= QUIC_WANT_TX;
		return;
	}
	pm->failed = size;
	search_on(conn);
}

void quic_pmtud_settled(struct quic_conn *conn, u64 now)
{
	struct quic_pmtud *pm = &conn->pmtud;

	if (!pm->raise_at)
		pm->raise_at = now + pm->raise_after;
	else if (now >= pm->raise_at)
		quic_pmtud_start(conn);
}

void quic_pmtud_missed(struct quic_conn *conn, u64 sent, u64 now)
{
	struct quic_pmtud *pm = &conn->pmtud;
	u32 mtu = conn->path.mtu;

	if (mtu == QUIC_MIN_UDP_PAYLOAD || (pm->misses && sent < pm->missed_at))
		return;
	pm->missed_at = now;
	if (++pm->misses < QUIC_PMTUD_BLACK_HOLE)
		return;
	pm->misses = 0;
	set_mtu(conn, QUIC_MIN_UDP_PAYLOAD);
	pm->failed = mtu;
	search_on(conn);
}

void quic_conn_set_pmtud(struct quic_conn *conn, bool on, u64 raise)
{
	conn->pmtud.off = !on;
	conn->pmtud.raise_after = raise ?: QUIC_PMTUD_RAISE;
}

void quic_conn_mtu_hint(struct quic_conn *conn, u32 mtu)
{
	struct quic_pmtud *pm = &conn->pmtud;

	if (mtu < QUIC_MIN_UDP_PAYLOAD || !pm->started || pm->off || mtu >= pm->failed - 1)
		return;
	if (conn->path.mtu > mtu)
		set_mtu(conn, QUIC_MIN_UDP_PAYLOAD);
	pm->failed = mtu + 1;
	pm->settled = false;
	if (mtu > conn->path.mtu)
		probe(conn, mtu);
	else
		search_on(conn);
}

void quic_conn_set_max_mtu(struct quic_conn *conn, u32 mtu)
{
	mtu = quic_keyphase_bound_mtu(conn, max_t(u32, mtu, QUIC_MIN_UDP_PAYLOAD));
	if (mtu == conn->max_mtu)
		return;
	conn->max_mtu = mtu;
	if (conn->path.mtu > mtu)
		set_mtu(conn, QUIC_MIN_UDP_PAYLOAD);
	if (conn->pmtud.started)
		quic_pmtud_start(conn);
}
