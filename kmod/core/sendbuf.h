/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one stream, or one level of the CRYPTO stream, has to send: references
 * to bytes in order, and which of them are unsent, in flight, lost or acked.
 *
 *       base            next                 end
 *  acked |  in flight,   |   never sent yet   |
 *        |  some lost,   |                    |
 *        |  some acked   |                    |
 *
 * Bytes are never copied and never moved: a range is mapped to pieces when a
 * packet is built, again when it is retransmitted.
 */
#ifndef QUIC_CORE_SENDBUF_H
#define QUIC_CORE_SENDBUF_H

#include "types.h"
#include "host.h"

/**
 * struct quic_rangelist - sorted disjoint half-open ranges, first inline
 * @n: in use
 * @cap: room in @r
 * @r: ascending
 * @one: room for one without allocating
 */
struct quic_rangelist {
	u32 n;
	u32 cap;
	struct quic_span {
		u64 lo;
		u64 hi;		/* exclusive */
	} *r, one;
};

/**
 * struct quic_txchunk - contiguous bytes to send
 */
struct quic_txchunk {
	struct list_head node;		/* in chunks, by @offset */
	u64 offset;			/* of the first byte */
	const u8 *data;			/* the bytes */
	u32 len;			/* how many */
	struct quic_txbuf *owner;	/* NULL: the core allocated @data; QUIC_TXBUF_LENT */
};

/**
 * struct quic_sendbuf - sending half's bytes
 * @announce: a frame is to leave even without bytes: it opens the stream
 * @fin: the stream ends at @end
 * @fin_sent: a frame with FIN is in flight
 * @fin_acked: the peer has the FIN
 */
struct quic_sendbuf {
	u64 base;			/* all below are acknowledged */
	u64 next;			/* first byte never sent */
	u64 end;			/* behind the last byte queued */
	struct list_head chunks;	/* the bytes from @base to @end */
	struct quic_txchunk *cursor;	/* chunk that holds @next, or NULL */
	struct quic_rangelist acked;	/* above base */
	struct quic_rangelist lost;	/* to send again */
	bool announce;
	bool fin;
	bool fin_sent;
	bool fin_acked;
	bool fin_lost;			/* the FIN is to be sent again */
};

struct quic_tx_piece;

void quic_sendbuf_init(struct quic_sendbuf *sb);

/**
 * quic_sendbuf_free - drop everything
 * @sb: buffer, unusable for sending afterwards
 * @conn: for quic_host_txbuf_put()
 */
void quic_sendbuf_free(struct quic_sendbuf *sb, struct quic_conn *conn);

/**
 * quic_sendbuf_append - add bytes at the end
 * @sb: buffer
 * @data: bytes that stay valid while @owner is referenced, and unchanged unless it is
 *	lent (QUIC_TXBUF_LENT)
 * @len: more than 0
 * @owner: reference handed over on success; merged into the last chunk when
 *	@data continues it (then @merged is true and the caller keeps its own)
 * @merged: result
 *
 * Return: 0 or -ENOMEM.
 */
int quic_sendbuf_append(struct quic_sendbuf *sb, const u8 *data, u32 len,
			struct quic_txbuf *owner, bool *merged);

/* The same with a copy that the core owns: for CRYPTO. */
int quic_sendbuf_append_copy(struct quic_sendbuf *sb, const u8 *data, u32 len);

/**
 * quic_sendbuf_next - what should be sent next
 * @sb: buffer
 * @credit: bytes never sent before that flow control allows
 * @off: first byte
 * @len: bytes available from it, may be 0 for a FIN or an announcement alone
 *
 * Lost ranges come first. Return: false when there is nothing to send.
 */
bool quic_sendbuf_next(const struct quic_sendbuf *sb, u64 credit, u64 *off, u64 *len);

/**
 * quic_sendbuf_sent - a frame with this range left
 * @sb: buffer
 * @off: first byte
 * @len: bytes
 * @fin: the frame had the FIN
 *
 * Return: bytes of it that were sent for the first time.
 */
u64 quic_sendbuf_sent(struct quic_sendbuf *sb, u64 off, u32 len, bool fin);

/**
 * quic_sendbuf_acked - the peer has this range
 * @sb: buffer
 * @conn: for quic_host_txbuf_put()
 * @off: first byte
 * @len: bytes
 * @fin: the frame had the FIN
 *
 * Return: bytes released, all below the new @base.
 */
u64 quic_sendbuf_acked(struct quic_sendbuf *sb, struct quic_conn *conn,
		       u64 off, u32 len, bool fin);

/* A packet with this range was declared lost. Never fails. */
void quic_sendbuf_lost(struct quic_sendbuf *sb, u64 off, u32 len, bool fin);

/* All that was sent was not: the next byte to send is the first. Nothing was acknowledged. */
void quic_sendbuf_rewind(struct quic_sendbuf *sb);

/* Would a frame that ends at @end carry the FIN? */
static inline bool quic_sendbuf_fin_at(const struct quic_sendbuf *sb, u64 end)
{
	return sb->fin && end == sb->end;
}

/* Everything, FIN included, is acknowledged. */
static inline bool quic_sendbuf_done(const struct quic_sendbuf *sb)
{
	return sb->fin_acked && sb->base == sb->end;
}

/**
 * quic_sendbuf_at - where a byte is
 * @sb: buffer
 * @off: a byte of it that is not acknowledged
 * @piece: all that lie there in one piece
 */
void quic_sendbuf_at(struct quic_sendbuf *sb, u64 off, struct quic_tx_piece *piece);

/**
 * quic_sendbuf_misalign - bytes from @off on up to an address that is a multiple of 16
 * @sb: buffer
 * @off: a byte of it that is not acknowledged
 *
 * Return: 0 to QUIC_TX_ALIGN - 1. The bytes may lie in several chunks, and may be
 * fewer than that.
 */
u32 quic_sendbuf_misalign(struct quic_sendbuf *sb, u64 off);

/**
 * quic_sendbuf_map - pieces of memory that hold a range
 * @sb: buffer
 * @off: first byte, at least base
 * @len: bytes, off + len at most end
 * @pieces: result
 * @max: room in it
 * Return: pieces used; 0 when more than @max would be needed.
 */
u32 quic_sendbuf_map(struct quic_sendbuf *sb, u64 off, u32 len,
		     struct quic_tx_piece *pieces, u32 max);

/* Copy a range out; for small frames. */
void quic_sendbuf_copy(struct quic_sendbuf *sb, u64 off, u32 len, u8 *dst);

/* Half-open range lists, also used by tests. */
void quic_rangelist_free(struct quic_rangelist *l);
int quic_rangelist_add(struct quic_rangelist *l, u64 lo, u64 hi);
int quic_rangelist_del(struct quic_rangelist *l, u64 lo, u64 hi);

#endif /* QUIC_CORE_SENDBUF_H */
