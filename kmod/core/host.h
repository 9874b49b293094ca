/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the core needs of its host: a link seam, not a table of pointers.
 *
 * kmod/glue/host.c defines these functions in the kernel, tests/shim/host.c in
 * userspace. All of them may be called with the socket lock held in softirq:
 * none sleeps, none calls back into the core.
 */
#ifndef QUIC_CORE_HOST_H
#define QUIC_CORE_HOST_H

#include "types.h"

struct quic_conn;
struct quic_rxbuf;	/* host's: keeps received bytes alive */
struct quic_txbuf;	/* host's: keeps the user's unacknowledged bytes alive */
struct quic_tx_batch;

/*
 * A bit of an owner: what it keeps is memory of somebody else's, who may change it at any time.
 * Nothing is written there, nor to what lies near.
 */
#define QUIC_TXBUF_LENT	1UL

static inline bool quic_txbuf_lent(const struct quic_txbuf *buf)
{
	return (unsigned long)buf & QUIC_TXBUF_LENT;
}

static inline struct quic_txbuf *quic_txbuf_lend(struct quic_txbuf *buf)
{
	return (struct quic_txbuf *)((unsigned long)buf | QUIC_TXBUF_LENT);
}

static inline struct quic_txbuf *quic_txbuf_plain(struct quic_txbuf *buf)
{
	return (struct quic_txbuf *)((unsigned long)buf & ~QUIC_TXBUF_LENT);
}

/* Kinds of objects; the host has one slab cache for each of fixed size. */
enum quic_obj {
	QUIC_OBJ_CONN,
	QUIC_OBJ_STREAM,
	QUIC_OBJ_RX_CHUNK,	/* reference to received stream bytes */
	QUIC_OBJ_RX_SMALL,	/* the same with room for a copy */
	QUIC_OBJ_TX_CHUNK,	/* reference to bytes to send */
	QUIC_OBJ_SENT_EXTRA,	/* further ranges of one sent packet */
	QUIC_OBJ_DGRAM,		/* a datagram that waits, by reference */
	QUIC_OBJ_DGRAM_SMALL,	/* the same with room for a copy */
	QUIC_OBJ_VAR,		/* arrays that grow: sizes differ */
	QUIC_OBJ_KINDS,
};

/**
 * quic_host_alloc - allocate an object, zeroed
 * @kind: what it is
 * @size: bytes; always the same for one kind, except QUIC_OBJ_VAR
 *
 * Context: any, socket lock held; atomic. The test host makes any of these fail.
 * Return: the object or NULL.
 */
void *quic_host_alloc(enum quic_obj kind, size_t size);

/**
 * quic_host_free - free what quic_host_alloc() gave
 * @kind: as allocated
 * @p: object or NULL
 * @size: as allocated
 */
void quic_host_free(enum quic_obj kind, void *p, size_t size);

/**
 * quic_host_random - fill with unpredictable bytes
 * @buf: destination
 * @len: bytes
 */
void quic_host_random(void *buf, size_t len);

/**
 * quic_host_reset_token - derive the stateless reset token of one of our IDs
 * @conn: whose ID
 * @cid: connection ID that we issue
 * @token: QUIC_RESET_TOKEN_LEN bytes (RFC 9000 10.3.2)
 *
 * From its first QUIC_CID_KEY_LEN bytes: who has to tell a peer that its connection is
 * gone knows no more of the ID in a short header, not its length either.
 */
void quic_host_reset_token(const struct quic_conn *conn, const struct quic_cid *cid,
			   u8 *token);

/* References on received bytes; the host frees them with the last one. */
void quic_host_rxbuf_get(struct quic_rxbuf *buf);
void quic_host_rxbuf_put(struct quic_rxbuf *buf);

/* Bytes of memory that a reference keeps, those of others' packets included. */
u32 quic_host_rxbuf_bytes(const struct quic_rxbuf *buf);

/**
 * quic_host_txbuf_put - drop the reference a TX chunk holds
 * @conn: connection that held it
 * @buf: owner given to quic_stream_append() or quic_conn_dgram_send(), QUIC_TXBUF_LENT
 *	included
 * @len: bytes of it that are acknowledged or abandoned with this call; over the
 *	life of a chunk their sum is what was appended
 */
void quic_host_txbuf_put(struct quic_conn *conn, struct quic_txbuf *buf, u32 len);

/**
 * quic_host_tx_space - where the next packet of a batch is to be written
 * @batch: batch being filled
 * @len: bytes wanted, contiguous
 *
 * Asking again without quic_host_tx_commit() gives the same place.
 *
 * Return: the place or NULL: the batch is full, build no more.
 */
u8 *quic_host_tx_space(struct quic_tx_batch *batch, u32 len);

/**
 * quic_host_tx_more - how many datagrams the host has room for right behind the last one
 * @batch: batch with a datagram
 * @len: bytes of each
 *
 * Return: 0 or more; there may be room elsewhere.
 */
u32 quic_host_tx_more(struct quic_tx_batch *batch, u32 len);

/**
 * quic_host_tx_commit - packets now occupy the place given last
 * @batch: batch being filled
 * @len: bytes of one, or of all that quic_host_tx_more() allowed; tags included
 */
void quic_host_tx_commit(struct quic_tx_batch *batch, u32 len);

/**
 * quic_host_assert_owned - complain unless the caller may change the connection
 * @conn: the connection
 */
void quic_host_assert_owned(const struct quic_conn *conn);

#endif /* QUIC_CORE_HOST_H */
