/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small objects that are used again and again: see spare.c.
 */
#ifndef QUIC_GLUE_SPARE_H
#define QUIC_GLUE_SPARE_H

#include <linux/types.h>

/* Nothing of a user's, and no key, lies in an object of these kinds. */
enum quic_spare {
	QUIC_SPARE_RXBUF,	/* struct quic_rxbuf */
	QUIC_SPARE_TX_CHUNK,	/* struct quic_txchunk */
	QUIC_SPARE_KINDS,
};

/**
 * quic_spare_alloc - an object, whatever is in it
 * @kind: what it is
 *
 * Context: any but hard interrupts; atomic. Return: the object, for quic_spare_free();
 * NULL when none is kept and memory is short.
 */
void *quic_spare_alloc(enum quic_spare kind);

/**
 * quic_spare_free - the object is not needed any more
 * @kind: as allocated
 * @p: object
 *
 * Kept for quic_spare_alloc(), or freed. Context: any but hard interrupts.
 */
void quic_spare_free(enum quic_spare kind, void *p);

/* For blocks.c: a part of what was not needed since the last call goes. Return: there is more. */
bool quic_spares_trim(void);

int quic_spares_init(void);
void quic_spares_exit(void);

#endif /* QUIC_GLUE_SPARE_H */
