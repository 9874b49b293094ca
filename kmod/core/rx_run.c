// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of bulk data, many at once: the fast path of what comes in.
 *
 * A train of a bulk transfer brings packets with consecutive numbers, in each of which
 * PADDING, if any, is followed by one STREAM frame that reaches to the packet's end and
 * carries the next bytes of the same stream. What the general way (conn_rx.c) would find out
 * of each of them is found out once: that the stream takes them, and how many the windows
 * allow. Per packet, number and frame are compared with what they have to be, and the bytes
 * are appended; everything else is counted once for the whole run.
 *
 * The first packet that differs in any way ends the run, untouched. So a run is refused, or
 * fails, in no way of its own: what is wrong with a packet the general way says.
 *
 * Invariant: a connection is afterwards as if the general way had processed the packets.
 */
#include "rx_run.h"
#include "wire_frame.h"
#include "pnspace.h"
#include "stream.h"
#include "keyphase.h"
#include "ecn.h"

/* The STREAM frame that a packet consists of. */
struct rx_one {
	struct quic_rx_bulk bulk;
	const u8 *data;
	u32 len;
};

/* Where the zeros at the beginning end. */
static const u8 *skip_padding(const u8 *p, const u8 *end)
{
	u64 v;

	for (; end - p >= 8; p += 8) {
		v = get_unaligned_le64(p);
		if (v)
			return p + (__ffs64(v) >> 3);
	}
	while (p < end && !*p)
		p++;
	return p;
}

u32 quic_rx_bulk_head(const u8 *payload, u32 len, struct quic_rx_bulk *bulk)
{
	struct quic_rcur c = quic_rcur_init(payload, len);

	if (len < QUIC_RX_BULK_MIN)
		return 0;
	c.p = skip_padding(c.p, c.end);
	if (quic_get_u8(&c) != (QUIC_FRAME_STREAM | QUIC_STREAM_F_OFF))
		return 0;
	bulk->id = quic_get_varint(&c);
	bulk->offset = quic_get_varint(&c);
	return !c.bad && bulk->offset && quic_rcur_left(&c) >= QUIC_RX_BULK_MIN ? c.p - payload : 0;
}

/* Return: @pkt is PADDING and such a frame. */
static bool rx_one(const struct quic_rx_pkt *pkt, struct rx_one *one)
{
	u32 head = 0;

	if (likely(pkt->is_bulk)) {
		one->bulk = pkt->bulk;
	} else {
		head = quic_rx_bulk_head(pkt->data, pkt->len, &one->bulk);
		if (!head)
			return false;
	}
	one->data = pkt->data + head;
	one->len = pkt->len - head;
	return true;
}

/* What has nothing to do with the bytes: is it the same as of the packets before? */
static bool rx_like(const struct quic_conn *conn, const struct quic_rx_pkt *pkt,
		    const struct quic_rx_pkt *first)
{
	return pkt->level == QUIC_CRYPTO_APP && !pkt->reserved &&
	       pkt->key_gen == conn->keyphase.rx_gen && pkt->ecn == first->ecn;
}

/* May a run begin here? */
static bool rx_may(const struct quic_conn *conn, const struct quic_rx_pkt *first, u32 n)
{
	const struct quic_pnspace *s = &conn->space[QUIC_SPACE_APP];

	return conn->handshake_complete && quic_conn_is_open(conn) && !conn->paths &&
	       !conn->rx_elsewhere && first->pn == s->rx_next && first->ecn != QUIC_ECN_CE &&
	       quic_pnspace_in_order(s) && quic_keyphase_young(conn, first->pn, n);
}

/* Packets, their bytes, and all that counts them. */
static void rx_account(struct quic_conn *conn, const struct quic_rx_pkt *pkts, u32 n, u64 now)
{
	struct quic_pnspace *s = &conn->space[QUIC_SPACE_APP];
	u32 bytes = 0, i;

	for (i = 0; i < n; i++)
		bytes += pkts[i].dgram_len;
	conn->path.rx_bytes += bytes;
	conn->stats.bytes_recv += bytes;
	conn->stats.pkts_recv += n;
	s->ecn_rx[pkts->ecn & QUIC_ECN_CE] += n;
	quic_pnspace_received_run(s, n, &conn->ackwait,
				  conn->local.max_ack_delay * QUIC_NS_PER_MS, now);
	if (s->ack_now)
		conn->want |= QUIC_WANT_TX;
}

u32 quic_rx_run(struct quic_conn *conn, const struct quic_rx_pkt *pkts, u32 n, u64 now)
{
	struct quic_stream *st;
	struct rx_one first, one;
	u64 room, bytes = 0;
	u32 i;

	if (!rx_like(conn, pkts, pkts) || !rx_one(pkts, &first) || !rx_may(conn, pkts, n))
		return 0;
	st = quic_stream_rx_room(conn, first.bulk.id, first.bulk.offset, &room);
	if (!st)
		return 0;
	one = first;
	for (i = 0; i < n; i++) {
		if (i && (!rx_like(conn, &pkts[i], pkts) || !rx_one(&pkts[i], &one)))
			break;
		if (pkts[i].pn != pkts->pn + i || one.bulk.id != first.bulk.id ||
		    one.bulk.offset != first.bulk.offset + bytes || one.len > room - bytes ||
		    !quic_recvbuf_append(&st->rx, one.data, one.len, pkts[i].buf))
			break;
		bytes += one.len;
	}
	if (!i)
		return 0;
	quic_stream_rx_appended(conn, st, bytes);
	rx_account(conn, pkts, i, now);
	return i;
}
