/* SPDX-License-Identifier: GPL-2.0 */
/* When the 1-RTT keys change, and which a packet may use (RFC 9001 6). */
#ifndef QUIC_CORE_KEYPHASE_H
#define QUIC_CORE_KEYPHASE_H

#include "conn.h"

#define QUIC_KEY_UPDATE_PTOS	3	/* RFC 9001 6.5: between two updates, and of old keys */
#define QUIC_KEY_NEXT_WAIT	(25 * QUIC_NS_PER_MS)	/* or a PTO: update to next keys */
#define QUIC_KEY_PHASE_AGED	4096	/* packets of a phase, whose next keys are then made */

void quic_keyphase_init(struct quic_keyphase *kp);

/**
 * quic_keyphase_check - may a packet be sealed with the keys that opened it?
 * @conn: connection
 * @pkt: 1-RTT packet, not received before; nothing of it was looked at
 *
 * Changes nothing. Return: 0; -EPROTO and conn->err is filled (RFC 9001 6.2, 6.4);
 * -EINVAL: the host has no such keys: drop the packet.
 */
int quic_keyphase_check(struct quic_conn *conn, const struct quic_rx_pkt *pkt);

/* Would the next @n packets from number @pn on, all of this generation, change nothing here? */
static inline bool quic_keyphase_young(const struct quic_conn *conn, u64 pn, u32 n)
{
	const struct quic_keyphase *kp = &conn->keyphase;
	u64 first = kp->rx_first[kp->rx_gen & 1];

	return pn >= first && (kp->next_wanted || pn + n - first <= QUIC_KEY_PHASE_AGED);
}

/**
 * quic_keyphase_received - a packet was processed
 * @conn: connection
 * @pkt: as above, and quic_pnspace_received() was not called for it yet
 * @now: when it came
 *
 * The first one of a newer generation makes it ours, too (RFC 9001 6.2).
 */
void quic_keyphase_received(struct quic_conn *conn, const struct quic_rx_pkt *pkt, u64 now);

/**
 * quic_keyphase_check_ack - may this ACK have been sent with these keys?
 * @conn: connection
 * @key_gen: generation that opened its packet
 * @largest: largest number it acknowledges
 *
 * Return: 0, or -EPROTO with conn->err filled: who acknowledges a newer key has it,
 * and must use it (RFC 9001 6.2).
 */
int quic_keyphase_check_ack(struct quic_conn *conn, u32 key_gen, u64 largest);

/* An ACK frame of 1-RTT packets was processed. */
void quic_keyphase_acked(struct quic_conn *conn, u64 now);

/**
 * quic_keyphase_before_build - change keys if that is due and allowed
 * @conn: open connection, about to build a batch
 * @now: time
 *
 * Closes it with AEAD_LIMIT_REACHED when the keys may seal no more and cannot be
 * changed (RFC 9001 6.6).
 */
void quic_keyphase_before_build(struct quic_conn *conn, u64 now);

/**
 * quic_keyphase_bound_mtu - datagrams are to grow
 * @conn: connection
 * @mtu: up to so many bytes
 *
 * What leaves with long packets has the limit of these from now on. But a key that has
 * sealed half as many short ones, or more, seals no long ones.
 * Return: @mtu, or QUIC_SEAL_SHORT.
 */
u32 quic_keyphase_bound_mtu(struct quic_conn *conn, u32 mtu);

/* An ACK left in a 1-RTT packet: the peer's update is answered (RFC 9001 6.2). */
static inline void quic_keyphase_ack_sent(struct quic_keyphase *kp)
{
	kp->answer_due = false;
}

u64 quic_keyphase_deadline(const struct quic_conn *conn);
void quic_keyphase_on_timer(struct quic_conn *conn, u64 now);

#endif /* QUIC_CORE_KEYPHASE_H */
