// SPDX-License-Identifier: GPL-2.0
/*
 * How many packets have one ACK, where a reader keeps up with his peer.
 *
 * An ACK costs both ends a packet, sealed, sent, opened and processed: of a transfer over
 * loopback a tenth. RFC 9000 13.2.2 recommends one for each second packet, for the sake of a
 * sender that waits for it, and leaves it to the receiver to know better. It does while a
 * reader is at work: he says when he has nothing to do and sleeps, and then all ACKs
 * that are owed leave. Before that, the sender has more under way, or it would have arrived.
 *
 *   reader    sleeps | opens, copies | opens, copies | opens, copies | sleeps
 *   packets          ^ train         ^ train         ^ train
 *   ACKs                                                             ^ of all three
 *
 * So packets wait for each other, @every of them at most. It begins with two, doubles
 * with each ACK that left since there were enough, and is halved when the reader sleeps
 * first: a sender whose window is small gets its ACKs in time although he never sleeps.
 * Nothing waits behind a gap or a mark of congestion, which also begin anew with two.
 *
 * A reader who does not come back is found out by the deadline of the ACK, which is
 * QUIC_ACK_MANY_NS for more than one packet: from then on each second packet has its ACK
 * again, until somebody sleeps.
 *
 * Invariants: QUIC_ACK_EVERY <= every <= most; none but packets of the application space
 * wait; no ACK is later than max_ack_delay (RFC 9000 13.2.1).
 *
 * Not here: what an ACK says, and that one is due (pnspace.c).
 */
#include "ackwait.h"
#include "core.h"

void quic_conn_reader_sleeps(struct quic_conn *conn)
{
	struct quic_pnspace *s = &conn->space[QUIC_SPACE_APP];
	struct quic_ackwait *w = &conn->ackwait;

	w->most = max_t(u32, QUIC_ACK_TOGETHER / conn->path.mtu, QUIC_ACK_EVERY);
	if (s->ack_pending < QUIC_ACK_EVERY || s->ack_now)
		return;
	w->every = clamp_t(u32, w->every / 2, QUIC_ACK_EVERY, w->most);
	s->ack_now = true;
	conn->want |= QUIC_WANT_TX;
}
