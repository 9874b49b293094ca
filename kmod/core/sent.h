/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets in flight of one packet number space: a ring indexed by packet
 * number (RFC 9002 A.1). A record holds ranges of streams, never data.
 */
#ifndef QUIC_CORE_SENT_H
#define QUIC_CORE_SENT_H

#include "types.h"
#include "host.h"

/* What a record says of its packet. */
enum quic_sent_flag {
	QUIC_SENT_OUTSTANDING	= 1 << 0,	/* neither acked nor lost */
	QUIC_SENT_LOST		= 1 << 1,	/* declared lost; an ACK may still come */
	QUIC_SENT_ACK_ELICITING	= 1 << 2,
	QUIC_SENT_IN_FLIGHT	= 1 << 3,	/* counted in bytes_in_flight */
	QUIC_SENT_CTRL		= 1 << 4,	/* carries a value of valsync.h */
	QUIC_SENT_ACK		= 1 << 5,	/* carries an ACK up to @largest_acked */
	QUIC_SENT_PMTU		= 1 << 6,	/* a path MTU probe: its loss says nothing */
	QUIC_SENT_ECT		= 1 << 7,	/* its datagram was marked ECT(0) */
	QUIC_SENT_ELSEWHERE	= 1 << 8,	/* not on the path in use: tells nothing of it */
};

/**
 * struct quic_sent_range - stream bytes of one packet
 * @next: more of the same packet
 * @id: stream; unused in the spaces where only CRYPTO is retransmitted
 * @offset: first byte
 * @len: bytes
 * @fin: the frame had FIN
 * @crypto: CRYPTO, not STREAM
 * @used: the inline one holds something
 */
struct quic_sent_range {
	struct quic_sent_range *next;
	u64 id;
	u64 offset;
	u32 len;
	bool fin;
	bool crypto;
	bool used;
};

/**
 * struct quic_sent_pkt - one packet
 * @time: when it left, ns
 * @largest_acked: of the ACK frame it carried
 * @size: bytes on the wire
 * @flags: enum quic_sent_flag; 0: this number was never sent
 * @dgrams: DATAGRAM frames in it
 * @range: first range, inline
 */
struct quic_sent_pkt {
	u64 time;
	u64 largest_acked;
	u16 size;
	u16 flags;
	u16 dgrams;
	struct quic_sent_range range;
};

/**
 * struct quic_sent - the ring
 * @base: lowest number whose record is kept
 * @next: one past the highest
 * @cap: records allocated, a power of two or 0
 * @n_eliciting: outstanding ack-eliciting packets
 * @ring: records
 */
struct quic_sent {
	u64 base;
	u64 next;
	u32 cap;
	u32 n_eliciting;
	struct quic_sent_pkt *ring;
};

#define QUIC_SENT_CAP_MIN	32
#define QUIC_SENT_CAP_MAX	(1U << 17)
#define QUIC_SENT_CAP_TRIM	256	/* ACKs at the base keep fewer than these */
#define QUIC_SENT_CROWD		16384	/* records, of which few elicit an ACK */

void quic_sent_free(struct quic_sent *s);

/**
 * quic_sent_reserve - make sure the next packet can be recorded
 * @s: ring
 * @pn: number it will get, at least s->next
 * Return: 0, or -ENOMEM / -ENOBUFS: do not send now.
 */
int quic_sent_reserve(struct quic_sent *s, u64 pn);

/**
 * quic_sent_crowded - do records of unacknowledged ACKs fill the ring?
 * @s: ring
 *
 * A peer need not acknowledge packets without ack-eliciting frames, and one that
 * does not acknowledge the others either would let the ring grow with each ACK
 * it makes us send.
 *
 * Return: true: send nothing that does not elicit an ACK.
 */
bool quic_sent_crowded(struct quic_sent *s);

/**
 * quic_sent_shrink - give back room that is not needed
 * @s: ring
 * @rest: no packet is about to be sent: free the ring if none is in flight
 *
 * Else a ring that is far larger than what it holds is made smaller, if there is memory.
 */
void quic_sent_shrink(struct quic_sent *s, bool rest);

/**
 * quic_sent_add - start the record of a packet
 * @s: ring with room reserved
 * @pn: its number, at least s->next
 * Return: cleared record.
 */
struct quic_sent_pkt *quic_sent_add(struct quic_sent *s, u64 pn);

/**
 * quic_sent_repeat - records of packets like the last one
 * @s: ring with room reserved
 * @pn: number of the last one, which carries one range
 * @n: how many follow; each carries the bytes behind those of the one before it
 */
void quic_sent_repeat(struct quic_sent *s, u64 pn, u32 n);

static inline struct quic_sent_pkt *quic_sent_get(const struct quic_sent *s, u64 pn)
{
	return &s->ring[pn & (s->cap - 1)];
}

/**
 * quic_sent_note_range - record that a packet carries stream bytes
 * @p: record
 * @id: stream
 * @offset: first byte
 * @len: bytes
 * @fin: FIN
 * @crypto: CRYPTO frame
 * Return: 0 or -ENOMEM (only when the packet carries one already).
 */
int quic_sent_note_range(struct quic_sent_pkt *p, u64 id, u64 offset, u32 len,
			 bool fin, bool crypto);

/* Free a record's extra ranges. */
void quic_sent_clear_ranges(struct quic_sent_pkt *p);

/* Mark a record never sent. */
static inline void quic_sent_clear(struct quic_sent_pkt *p)
{
	if (unlikely(p->range.next))
		quic_sent_clear_ranges(p);
	p->range.used = false;
	p->flags = 0;
}

/*
 * Packets from @pn on left on a path that is used no more: they say nothing of the
 * next one, and count in no window (RFC 9000 9.4). Data in them is still looked after.
 */
void quic_sent_leave_path(struct quic_sent *s, u64 pn);

/* Let base rise over records that are finished with. */
void quic_sent_advance(struct quic_sent *s);

#endif /* QUIC_CORE_SENT_H */
