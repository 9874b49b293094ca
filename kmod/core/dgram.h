/* SPDX-License-Identifier: GPL-2.0 */
/* DATAGRAM frames: unreliable messages beside the streams (RFC 9221). */
#ifndef QUIC_CORE_DGRAM_H
#define QUIC_CORE_DGRAM_H

#include "types.h"
#include "host.h"

struct quic_conn;
struct quic_frame;
struct quic_wcur;
struct quic_tx_pkt;

#define QUIC_DGRAM_COPY_MAX	192	/* received: up to this many bytes are copied */
#define QUIC_DGRAM_QUEUE_N	256	/* in a queue, until the host says otherwise */
#define QUIC_DGRAM_QUEUE_BYTES	(256U << 10)	/* same */

/**
 * struct quic_dgram - one datagram that waits: to be sent, or to be read
 * @node: in its queue, or in quic_dgrams.built
 * @data: its bytes: in @txbuf, in @rxbuf, or in @copy
 * @txbuf: sending: who owns them
 * @rxbuf: receiving: the same; NULL when they were copied
 * @len: how many
 * @pin: receiving: bytes of memory that go when this one does
 * @seq: receiving: when it came, compared with quic_stream.rx_seq
 * @copy: QUIC_DGRAM_COPY_MAX bytes, in objects of QUIC_OBJ_DGRAM_SMALL only
 */
struct quic_dgram {
	struct list_head node;
	const u8 *data;
	union {
		struct quic_txbuf *txbuf;
		struct quic_rxbuf *rxbuf;
	};
	u32 len;
	u32 pin;
	u64 seq;
	u8 copy[];
};

#define QUIC_DGRAM_SMALL_SIZE	(sizeof(struct quic_dgram) + QUIC_DGRAM_COPY_MAX)

/**
 * struct quic_dgram_queue - one direction
 * @list: oldest first
 * @n: how many
 * @bytes: sending: of all; receiving: memory that they keep
 * @max_n: bound of @n
 * @max_bytes: bound of @bytes
 * @drop_oldest: when there is no room the oldest go; else the newest does not
 *	come in
 */
struct quic_dgram_queue {
	struct list_head list;
	u32 n;
	u32 bytes;
	u32 max_n;
	u32 max_bytes;
	bool drop_oldest;
};

/**
 * struct quic_dgrams - both directions
 * @tx: to be sent
 * @rx: to be read
 * @built: that the batch built last refers to
 * @rx_skip: bytes of the first of @rx that were read
 * @turn: the next packet is theirs first, and not the streams'
 */
struct quic_dgrams {
	struct quic_dgram_queue tx;
	struct quic_dgram_queue rx;
	struct list_head built;
	u32 rx_skip;
	bool turn;
};

/*
 * struct quic_dgram_stats - what became of them
 *
 * Queued by us, without those that wait: sent + tx_dropped. Of those sent each is
 * acked, lost or in flight. Received, without those that wait: read + rx_dropped.
 */
struct quic_dgram_stats {
	u64 sent;
	u64 acked;
	u64 lost;
	u64 tx_dropped;		/* never sent: no room, too long for a path that shrank, closed */
	u64 recv;
	u64 rx_dropped;		/* no room, no memory */
};

void quic_dgrams_init(struct quic_conn *conn);
void quic_dgrams_free(struct quic_conn *conn);

/* The batch built last is sealed: let go of what it referred to. */
void quic_dgrams_release(struct quic_conn *conn);

/* No packet will carry them: those that wait to be sent are dropped. */
void quic_dgrams_close(struct quic_conn *conn);

/**
 * quic_dgram_tx_next - the datagram to send next
 * @conn: connection
 *
 * Those that grew too long for the path meanwhile are dropped.
 * Return: the datagram, or NULL.
 */
struct quic_dgram *quic_dgram_tx_next(struct quic_conn *conn);

/**
 * quic_dgram_put_copy - write a frame with its bytes
 * @w: room for 1 + d->len bytes at least
 * @d: datagram
 */
void quic_dgram_put_copy(struct quic_wcur *w, const struct quic_dgram *d);

/**
 * quic_dgram_put_ref - write the last frame of a packet, its bytes by reference
 * @w: room for 1 + d->len bytes at least
 * @out: packet; gets one piece
 * @payload: where its plaintext begins
 * @align: of the plaintext in front of the piece
 * @d: datagram, longer than @align
 *
 * Instead of PADDING as many bytes as the alignment takes are copied.
 * Return: bytes of the piece.
 */
u32 quic_dgram_put_ref(struct quic_wcur *w, struct quic_tx_pkt *out, const u8 *payload,
		       u32 align, struct quic_dgram *d);

/* A packet has it: @ref by reference, until the batch is sealed. */
void quic_dgram_tx_sent(struct quic_conn *conn, struct quic_dgram *d, bool ref);

/**
 * quic_dgram_check - may the peer send this frame? (RFC 9221 3)
 * @conn: connection
 * @f: DATAGRAM frame
 * Return: 0, or -EPROTO with conn->err filled.
 */
int quic_dgram_check(struct quic_conn *conn, const struct quic_frame *f);

/**
 * quic_dgram_on_frame - a datagram came
 * @conn: connection
 * @f: DATAGRAM frame of a packet that is accepted as a whole
 * @buf: what keeps its bytes
 *
 * Never fails: what there is no room for is dropped, and counted. A packet that is
 * refused for another frame's sake may come again, so it must not get here.
 */
void quic_dgram_on_frame(struct quic_conn *conn, const struct quic_frame *f,
			 struct quic_rxbuf *buf);

/* @n datagrams were in a packet that is acknowledged, perhaps after it was lost. */
void quic_dgrams_acked(struct quic_conn *conn, u32 n, bool was_lost);

/* The packet is lost: nothing is sent again (RFC 9221 5). */
void quic_dgrams_lost(struct quic_conn *conn, u32 n);

#endif /* QUIC_CORE_DGRAM_H */
