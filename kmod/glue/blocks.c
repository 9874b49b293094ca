// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks of pages that are used again and again.
 *
 * Bytes to send, ciphertext on its way out and plaintext that came in each lie in blocks of
 * eight pages for a short while; a single datagram that came in, in a block of its size:
 * whom it waits for is charged for all of a block. From the page allocator a block costs
 * more than a packet's headers do, above all where the kernel clears what it hands out
 * (init_on_alloc, as Debian has it): twice 60 ns for each kilobyte sent. So each CPU keeps
 * those that were given back, as many as a transfer with windows of some megabytes has
 * under way. They are of this module only: what a user gets to see of one was written
 * there for that user.
 *
 * Once a second a work item looks at all CPUs and gives half of those back that were not
 * needed since it looked last, so that a machine at rest keeps none, and next to none in
 * the rings of xmit.c.
 *
 * Invariants: a block that is kept has one reference, ours; a page that came from a
 * memory reserve, or lies on another node than this CPU, is not kept.
 *
 * Not here: who holds references (open.c, xmit.c, sock_send.c).
 */
#include <linux/percpu.h>
#include <linux/topology.h>
#include <linux/workqueue.h>

#include "glue.h"
#include "blocks.h"
#include "spare.h"

#define ORDERS		(QUIC_BLOCK_ORDER_MAX + 1)
#define PAGES_KEPT	2048	/* of a CPU: eight megabytes */

/**
 * struct block_pile - blocks of one order
 * @first: head page of the one on top; page_private() is the next below it
 * @n: how many
 * @low: the least that @n was since the work item looked last
 */
struct block_pile {
	struct page *first;
	u32 n;
	u32 low;
};

/**
 * struct blocks - what a CPU keeps
 * @lock: for the work item, which comes from elsewhere; taken with BH off
 * @pages: in all piles
 * @pile: by order
 */
struct blocks {
	spinlock_t lock;	/* of all here */
	u32 pages;
	struct block_pile pile[ORDERS];
};

static struct blocks __percpu *blocks;	/* a module's static ones have to be few bytes */
static struct delayed_work blocks_work;
static bool blocks_armed;	/* the work item is going to look */

/* Lock held. Return: a block, or NULL: there is none. */
static struct page *pile_pop(struct blocks *b, u32 order)
{
	struct block_pile *p = &b->pile[order];
	struct page *page = p->first;

	if (unlikely(!page))
		return NULL;
	p->first = (struct page *)page_private(page);
	set_page_private(page, 0);
	p->n--;
	p->low = min(p->low, p->n);
	b->pages -= 1U << order;
	return page;
}

struct page *quic_block_get(u32 order, gfp_t gfp)
{
	struct blocks *b = raw_cpu_ptr(blocks);	/* another CPU's would do as well */
	struct page *page = NULL;

	if (likely(order < ORDERS)) {
		spin_lock_bh(&b->lock);
		page = pile_pop(b, order);
		spin_unlock_bh(&b->lock);
	}
	if (likely(page))
		return page;
	gfp |= __GFP_NOWARN | __GFP_COMP;
	return alloc_pages(order == QUIC_BLOCK_ORDER ? gfp | __GFP_NORETRY : gfp, order);
}

void quic_blocks_look_later(void)
{
	if (likely(READ_ONCE(blocks_armed)))
		return;
	WRITE_ONCE(blocks_armed, true);
	queue_delayed_work(system_power_efficient_wq, &blocks_work, HZ);
}

/* Return: it is kept. */
static bool block_keep(struct page *page, u32 order)
{
	struct blocks *b = raw_cpu_ptr(blocks);
	struct block_pile *p = &b->pile[order];
	bool kept;

	spin_lock_bh(&b->lock);
	kept = b->pages + (1U << order) <= PAGES_KEPT;
	if (likely(kept)) {
		set_page_private(page, (unsigned long)p->first);
		p->first = page;
		p->n++;
		b->pages += 1U << order;
	}
	spin_unlock_bh(&b->lock);
	if (likely(kept))
		quic_blocks_look_later();
	return kept;
}

/* Give half of what was not needed of an order back. */
static void pile_trim(struct blocks *b, u32 order)
{
	struct page *page;
	u32 n;

	spin_lock_bh(&b->lock);
	n = (b->pile[order].low + 1) / 2;
	spin_unlock_bh(&b->lock);
	while (n--) {
		spin_lock_bh(&b->lock);
		page = pile_pop(b, order);
		spin_unlock_bh(&b->lock);
		if (page)
			put_page(page);
	}
	spin_lock_bh(&b->lock);
	b->pile[order].low = b->pile[order].n;
	spin_unlock_bh(&b->lock);
}

/* Return: some are left. */
static bool blocks_trim(struct blocks *b)
{
	u32 order;

	for (order = 0; order < ORDERS; order++)
		pile_trim(b, order);
	return READ_ONCE(b->pages);
}

static void blocks_look(struct work_struct *work)
{
	bool more;
	int cpu;

	/* who keeps one meanwhile is either seen, or sees this and has us look again */
	smp_store_mb(blocks_armed, false);
	more = quic_xmit_trim();
	more |= quic_spares_trim();
	for_each_possible_cpu(cpu)
		more |= blocks_trim(per_cpu_ptr(blocks, cpu));
	if (more)
		quic_blocks_look_later();
}

static bool keepable(struct page *page)
{
	return page_ref_count(page) == 1 && compound_order(page) < ORDERS &&
	       !page_is_pfmemalloc(page) && page_to_nid(page) == numa_mem_id();
}

void quic_block_put(struct page *page)
{
	if (!likely(keepable(page)) || !block_keep(page, compound_order(page)))
		put_page(page);
}

bool quic_block_refill(struct page_frag *f, u32 len, gfp_t gfp)
{
	if (f->page) {
		if (page_ref_count(f->page) == 1)
			f->offset = 0;
		if (likely(f->offset + len <= f->size))
			return true;
		quic_block_put(f->page);
	}
	f->page = quic_block_get(QUIC_BLOCK_ORDER, gfp);
	f->size = QUIC_BLOCK_SIZE;
	if (unlikely(!f->page)) {
		f->page = alloc_page(gfp);
		f->size = PAGE_SIZE;
	}
	f->offset = 0;
	return f->page && len <= f->size;
}

/**
 * quic_blocks_init - nothing is kept at first
 * Context: module init. Return: 0 or -ENOMEM.
 */
int quic_blocks_init(void)
{
	int cpu;

	blocks = alloc_percpu(struct blocks);
	if (!blocks)
		return -ENOMEM;
	INIT_DELAYED_WORK(&blocks_work, blocks_look);
	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(blocks, cpu)->lock);
	return 0;
}

/**
 * quic_blocks_exit - give back what is kept
 * Context: module exit, nobody gets or puts a block any more; may sleep.
 */
void quic_blocks_exit(void)
{
	struct page *page;
	u32 order;
	int cpu;

	cancel_delayed_work_sync(&blocks_work);
	for_each_possible_cpu(cpu)
		for (order = 0; order < ORDERS; order++)
			while ((page = pile_pop(per_cpu_ptr(blocks, cpu), order)))
				put_page(page);
	free_percpu(blocks);
}
