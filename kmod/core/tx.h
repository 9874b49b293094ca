/* SPDX-License-Identifier: GPL-2.0 */
/* What the files that build packets (conn_tx.c, tx_*.c) share among themselves. */
#ifndef QUIC_CORE_TX_H
#define QUIC_CORE_TX_H

#include "conn_int.h"
#include "varint.h"
#include "wire_hdr.h"

/**
 * struct tx_ctx - one call of quic_conn_build()
 * @conn: connection
 * @batch: being filled
 * @now: time
 * @leaves: when what is built leaves: @now, or later where the host holds it until then
 * @dcid: destination connection ID of its packets
 * @pace: bytes that pacing allows
 * @ahead: ns that they may be built before they leave
 * @full: bytes of a full datagram
 * @hold: until when what streams have is to wait, 0: it is not
 * @paced_until: what pacing stopped goes on then, whatever has come since; 0: now
 * @paced_out: pacing stopped something
 * @nomem: want of memory did
 */
struct tx_ctx {
	struct quic_conn *conn;
	struct quic_tx_batch *batch;
	const struct quic_cid *dcid;
	u64 now;
	u64 leaves;
	u64 pace;
	u32 full;
	u64 hold;
	u64 paced_until;
	u32 ahead;
	bool paced_out;
	bool nomem;
};

/**
 * struct tx_pkt - the packet being written
 * @out: its entry in the batch
 * @rec: its record among the packets in flight
 * @s: packet number space
 * @level: QUIC_CRYPTO_*
 * @length_off: of the Length field of a long header
 * @pieces_len: bytes of data by reference
 * @w: where the payload goes on; ends before the tag
 * @payload: its first byte
 * @eliciting_ok: congestion control lets ack-eliciting frames out
 * @retrans: it carries bytes sent before
 * @full: nothing can follow: data by reference ends the packet
 * @expand: the datagram may have to be padded to 1200 bytes: copy all data
 * @copy: something by reference will follow: copy all data
 * @nomem: memory to note a range was short
 */
struct tx_pkt {
	struct quic_tx_pkt *out;
	struct quic_sent_pkt *rec;
	struct quic_pnspace *s;
	struct quic_wcur w;
	u8 *payload;
	u8 level;
	bool eliciting_ok;
	bool retrans;
	bool full;
	bool expand;
	bool copy;
	bool nomem;
	u32 length_off;
	u32 pieces_len;
};

/*
 * RFC 9000 17.1: enough for a packet that arrives after others that were sent after it.
 * What is in flight says nothing of how late one comes whose address had to be resolved
 * first, or that took the path from which the peer moves away: then one byte expands to
 * another number, and a packet that arrived is lost. Two allow for 32,000 that overtake.
 */
static inline u8 quic_tx_pn_len(const struct quic_pnspace *s, u8 level, u64 pn)
{
	u8 len = quic_pn_len(pn, s->largest_acked, !s->acked_any);

	return quic_level_space(level) == QUIC_SPACE_APP ? max_t(u8, len, QUIC_PN_APP_LEN) : len;
}

/**
 * quic_tx_put_frames - all that a packet may carry, as much as there is room for
 * @x: build
 * @p: packet whose header is written
 */
void quic_tx_put_frames(struct tx_ctx *x, struct tx_pkt *p);

/**
 * quic_tx_run - more packets like the last one of the batch (tx_run.c)
 * @x: build; its last datagram is full, and one packet
 *
 * None where anything but the next bytes of the same stream might have to leave.
 */
void quic_tx_run(struct tx_ctx *x);

/* Bytes that pacing lets go at a time, or fewer where no more are ready. */
u32 quic_tx_quantum(const struct quic_conn *conn);

/**
 * quic_tx_pace - what may leave now? (ahead.c)
 * @x: build, before its first datagram; @now and @leaves are set
 *
 * Sets @pace and @paced_until; where pacing allows too little for a batch now, and the host
 * holds one until it does, @ahead and @leaves.
 */
void quic_tx_pace(struct tx_ctx *x);

/**
 * quic_tx_paced_out - pacing has stopped something: note when we go on
 * @x: build, after its last datagram
 *
 * When a quantum may leave; or when half of what may be built ahead is left to leave.
 */
void quic_tx_paced_out(const struct tx_ctx *x);

#endif /* QUIC_CORE_TX_H */
