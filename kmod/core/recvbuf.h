/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one stream, or one level of the CRYPTO stream, has received: chunks in
 * offset order that reference received packets or, when small, hold a copy.
 *
 *     read                 contiguous                highest
 *      |  readable now      |   gaps and chunks        |
 */
#ifndef QUIC_CORE_RECVBUF_H
#define QUIC_CORE_RECVBUF_H

#include "types.h"
#include "host.h"

#define QUIC_RX_COPY_MAX	192	/* up to this many bytes are copied */
#define QUIC_RX_CHUNKS_MAX	8192	/* per buffer; more: the packet is dropped */

/**
 * struct quic_recvbuf - receiving half's bytes
 * @chunks: rb tree of chunks by offset, disjoint
 * @last: the chunk with the highest offset, for O(1) in-order arrival
 * @read: next byte the application takes
 * @contig: end of the bytes contiguous from @read
 * @highest: end of the highest byte seen
 * @final_size: known once @fin
 * @n_chunks: chunks held
 */
struct quic_recvbuf {
	struct rb_root chunks;
	struct quic_rxchunk *last;
	u64 read;
	u64 contig;
	u64 highest;
	u64 final_size;
	u32 n_chunks;
	bool fin;
};

void quic_recvbuf_init(struct quic_recvbuf *rb);
void quic_recvbuf_free(struct quic_recvbuf *rb);

/**
 * quic_recvbuf_add - bytes arrived
 * @rb: buffer
 * @off: offset of the first
 * @data: bytes, inside @buf
 * @len: how many, may be 0
 * @buf: what keeps @data alive; the chunk takes its own reference
 *
 * Bytes that are there already, or were read, are ignored. Flow control and
 * final size were checked by the caller.
 *
 * Return: 0; -ENOMEM or -ENOBUFS: nothing new is promised to be kept, do not
 * acknowledge the packet.
 */
int quic_recvbuf_add(struct quic_recvbuf *rb, u64 off, const u8 *data, u32 len,
		     struct quic_rxbuf *buf);

/**
 * quic_recvbuf_peek - the next readable bytes
 * @rb: buffer
 * @len: how many are contiguous in memory
 * Return: pointer or NULL when nothing is readable.
 */
const u8 *quic_recvbuf_peek(const struct quic_recvbuf *rb, u32 *len);

/**
 * quic_recvbuf_consume - the application took bytes
 * @rb: buffer
 * @len: at most what peek gave
 */
void quic_recvbuf_consume(struct quic_recvbuf *rb, u32 len);

static inline bool quic_recvbuf_readable(const struct quic_recvbuf *rb)
{
	return rb->contig > rb->read;
}

/* Every byte up to the final size was read. */
static inline bool quic_recvbuf_at_fin(const struct quic_recvbuf *rb)
{
	return rb->fin && rb->read == rb->final_size;
}

#endif /* QUIC_CORE_RECVBUF_H */
