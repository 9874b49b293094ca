/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks of pages that are used again and again: see blocks.c.
 */
#ifndef QUIC_GLUE_BLOCKS_H
#define QUIC_GLUE_BLOCKS_H

#include <linux/mm.h>

#define QUIC_BLOCK_ORDER	3	/* to be had from atomic context as a rule */
#define QUIC_BLOCK_SIZE		(PAGE_SIZE << QUIC_BLOCK_ORDER)
#define QUIC_BLOCK_ORDER_MAX	5	/* kept up to here: the longest datagram, not aligned */

/**
 * quic_block_get - a block that nobody else has
 * @order: of its size in pages: QUIC_BLOCK_ORDER, or what one datagram needs
 * @gfp: how to allocate one if this CPU keeps none
 *
 * What is in it is anything. Context: as @gfp says, not hard interrupts. Return: its head
 * page, for quic_block_put(); NULL when memory is short.
 */
struct page *quic_block_get(u32 order, gfp_t gfp);

/**
 * quic_block_put - drop a reference on a block, or on any page
 * @page: head page
 *
 * Kept for quic_block_get() if it was a block's last one. Context: any but hard interrupts.
 */
void quic_block_put(struct page *page);

/**
 * quic_block_refill - make room for bytes that stay together
 * @f: block in use; one that nobody else refers to is used from its beginning
 * @len: bytes wanted, contiguous
 * @gfp: how to allocate
 *
 * Context: as @gfp says. Return: there is room for @len bytes at @f->offset.
 */
bool quic_block_refill(struct page_frag *f, u32 len, gfp_t gfp);

/* Something is kept that may have to be given back: in a second. Context: any. */
void quic_blocks_look_later(void);

/* xmit.c: half of what its rings did not need lately goes. Return: there is more. */
bool quic_xmit_trim(void);

int quic_blocks_init(void);
void quic_blocks_exit(void);

#endif /* QUIC_GLUE_BLOCKS_H */
