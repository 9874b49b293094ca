// SPDX-License-Identifier: GPL-2.0
/*
 * Path MTU: from the 1200 bytes that every path carries (RFC 9000 14) to what
 * the local route and the peer allow.
 *
 * One candidate is probed: the smaller of the route's MTU and the peer's
 * max_udp_payload_size. A probe is a PING padded to that size, in a datagram of
 * its own; it counts in flight, but its loss is no sign of congestion. After
 * three lost probes the base size stays. Three rounds in a row in which packets
 * above the base size were lost, or a PTO found them unanswered, and none of them
 * was acknowledged mean a black hole (RFC 8899 4.3): back to the base size, for
 * good. What gets through below the base size proves nothing.
 *
 * It does not search between the two sizes and does not listen to ICMP.
 */
#include "pmtud.h"

void quic_pmtud_start(struct quic_conn *conn)
{
	struct quic_pmtud *pm = &conn->pmtud;

	pm->target = min_t(u64, conn->max_mtu, conn->remote.max_udp_payload_size);
	pm->tries = 0;
	pm->wanted = pm->target > conn->path.mtu;
	if (pm->wanted)
		conn->want |= QUIC_WANT_TX;
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
	conn->pmtud.flying = false;
	conn->pmtud.wanted = false;
	if (size > conn->path.mtu && size <= conn->pmtud.target)
		set_mtu(conn, size);
}

void quic_pmtud_lost(struct quic_conn *conn, u32 size)
{
	struct quic_pmtud *pm = &conn->pmtud;

	pm->flying = false;
	if (size == pm->target && pm->tries < QUIC_PMTUD_TRIES) {
		pm->wanted = true;
		conn->want |= QUIC_WANT_TX;
	}
}

void quic_pmtud_missed(struct quic_conn *conn, u64 sent, u64 now)
{
	struct quic_pmtud *pm = &conn->pmtud;

	if (conn->path.mtu == QUIC_MIN_UDP_PAYLOAD || (pm->misses && sent < pm->missed_at))
		return;
	pm->missed_at = now;
	if (++pm->misses < QUIC_PMTUD_BLACK_HOLE)
		return;
	pm->wanted = false;
	pm->tries = QUIC_PMTUD_TRIES;
	set_mtu(conn, QUIC_MIN_UDP_PAYLOAD);
}
