/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one stream, or one level of the CRYPTO stream, has received: chunks in
 * offset order that reference received packets or, when small, hold a copy.
 *
 *     read                 contiguous                highest
 *      |  readable now      |   gaps and chunks        |
 *      |  list "ready"      |   tree "ahead"           |
 */
#ifndef QUIC_CORE_RECVBUF_H
#define QUIC_CORE_RECVBUF_H

#include "types.h"
#include "host.h"

#define QUIC_RX_COPY_MAX	192	/* up to this many bytes are copied */
#define QUIC_RX_CHUNKS_MAX	8192	/* copies when more arrives behind a gap */
#define QUIC_RX_CRYPTO_CHUNKS_MAX 256	/* the same, of a level's CRYPTO bytes */
#define QUIC_RX_SPARE_MAX	512	/* objects kept for what arrives next */
#define QUIC_RX_MARKS_MAX	4096	/* of bytes taken out of order */

/**
 * struct quic_rxpool - what several receiving halves share
 * @copies: chunks that hold copies
 * @marks: of bytes that were taken out of order
 * @n_spare: in @spare
 * @spare: objects for chunks that reference packets
 */
struct quic_rxpool {
	u32 copies;
	u32 marks;
	u32 n_spare;
	struct list_head spare;
};

/**
 * struct quic_recvbuf - receiving half's bytes
 * @ready: chunks from @read to @contig, in order
 * @ahead: rb tree of chunks behind a gap, by offset, disjoint
 * @last: the chunk with the highest offset in @ahead, or NULL: look
 * @pool: shared with others, that its copies count in; NULL: only @n_copies counts,
 *	and no object is kept
 * @read: next byte the application takes
 * @contig: end of the bytes contiguous from @read
 * @highest: end of the highest byte seen
 * @final_size: known once @fin
 * @taken: bytes from @read to @contig that were taken out of order
 * @n_chunks: chunks held
 * @n_copies: those of them that hold copies
 * @n_marks: and those whose bytes were taken
 * @copies_max: bound of the copies for what arrives behind a gap
 * @fin: the end is known
 */
struct quic_recvbuf {
	struct list_head ready;
	struct rb_root ahead;
	struct quic_rxchunk *last;
	struct quic_rxpool *pool;
	u64 read;
	u64 contig;
	u64 highest;
	u64 final_size;
	u64 taken;
	u32 n_chunks;
	u32 n_copies;
	u32 n_marks;
	u32 copies_max;
	bool fin;
};

void quic_recvbuf_init(struct quic_recvbuf *rb);
void quic_recvbuf_free(struct quic_recvbuf *rb);

void quic_rxpool_init(struct quic_rxpool *pool);

/* Give spare objects back. */
void quic_rxpool_trim(struct quic_rxpool *pool);

/**
 * quic_recvbuf_append - bytes arrived right behind all others, and more than are copied
 * @rb: buffer without anything behind a gap
 * @data: in @buf
 * @len: above QUIC_RX_COPY_MAX
 * @buf: referenced
 *
 * Return: false: no memory.
 */
bool quic_recvbuf_append(struct quic_recvbuf *rb, const u8 *data, u32 len,
			 struct quic_rxbuf *buf);

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
 * Return: 0; -ENOMEM or -ENOBUFS: not all of it is kept, do not acknowledge the
 * packet.
 */
int quic_recvbuf_add(struct quic_recvbuf *rb, u64 off, const u8 *data, u32 len,
		     struct quic_rxbuf *buf);

/**
 * quic_recvbuf_peek_at - readable bytes
 * @rb: buffer
 * @skip: bytes from the next one to read
 * @len: how many are contiguous in memory there
 * Return: pointer or NULL when nothing is readable there.
 */
const u8 *quic_recvbuf_peek_at(const struct quic_recvbuf *rb, u64 skip, u32 *len);

static inline const u8 *quic_recvbuf_peek(const struct quic_recvbuf *rb, u32 *len)
{
	return quic_recvbuf_peek_at(rb, 0, len);
}

/**
 * quic_recvbuf_consume - the application took bytes
 * @rb: buffer
 * @len: at most what peek gave
 */
void quic_recvbuf_consume(struct quic_recvbuf *rb, u32 len);

/**
 * quic_recvbuf_peek_any - bytes that are there, whatever is missing before them
 * @rb: buffer
 * @from: offset; only chunks that begin there or above are looked at
 * @off: receives the offset of the first byte
 * @len: receives how many there are in memory
 *
 * Cost: below contig it grows with the chunks that are skipped, above it is logarithmic.
 * Return: pointer, or NULL: there are none; or with very many gaps between what was
 * taken none that could be taken now.
 */
const u8 *quic_recvbuf_peek_any(struct quic_recvbuf *rb, u64 from, u64 *off, u32 *len);

/**
 * quic_recvbuf_take - the application took bytes that quic_recvbuf_peek_any() gave
 * @rb: buffer
 * @off: as it said
 * @len: at most as many as it said
 *
 * Reading in order leaves them out. Return: 0; -ENOMEM: not now, unless all of the
 * chunk is taken; -EINVAL: there is no such chunk.
 */
int quic_recvbuf_take(struct quic_recvbuf *rb, u64 off, u32 len);

/* Bytes that can be read in order. */
static inline u64 quic_recvbuf_queued(const struct quic_recvbuf *rb)
{
	return rb->contig - rb->read - rb->taken;
}

static inline bool quic_recvbuf_readable(const struct quic_recvbuf *rb)
{
	return rb->contig > rb->read;
}

/*
 * Bytes at @off are to be kept even when memory is full: they are what the
 * reader waits for. Refused, the chunks behind the gap would stay for ever, and
 * with them the memory full. One frame per buffer, since then it is readable.
 */
static inline bool quic_recvbuf_must_take(const struct quic_recvbuf *rb, u64 off)
{
	return off <= rb->contig && !quic_recvbuf_readable(rb);
}

/* Every byte up to the final size was read. */
static inline bool quic_recvbuf_at_fin(const struct quic_recvbuf *rb)
{
	return rb->fin && rb->read == rb->final_size;
}

#endif /* QUIC_CORE_RECVBUF_H */
