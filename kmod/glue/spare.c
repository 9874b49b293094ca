// SPDX-License-Identifier: GPL-2.0
/*
 * Small objects that are used again and again.
 *
 * A train that comes in has a record of what it holds, a block of bytes to send has a
 * chunk. They live for a round trip, or until somebody reads, and as many begin as end:
 * data that flows is to allocate nothing. So each CPU keeps what was given back, in two
 * piles, and whole piles go from CPU to CPU over a common store, since who allocates is
 * seldom who frees: a program sends on one CPU, the ACK comes on another.
 *
 *   alloc --> pile <-> other pile <--full ones--> store, of all CPUs
 *   free  -->
 *
 * The slab allocator has the like, but counts: each time it is a call into it, and where
 * the kernel clears what it hands out (init_on_alloc, as Debian has it) the object is
 * cleared for a reader who writes all of it anyhow.
 *
 * Once a second blocks.c's work item has something given back: both piles of a CPU that
 * neither took nor gave any since it looked last, and half of the store's piles that were
 * not needed since then. A machine at rest keeps none a few seconds later.
 *
 * Invariants: only the first of a pile says which pile is next, and only in the store; a
 * CPU's lock is taken before the store's. Whose piles those are that a caller uses does not
 * matter: he may be moved to another CPU before he has the lock.
 *
 * Worst case: STORE_MAX + 2 piles per CPU, of each kind. With KASAN none, so that it sees
 * who uses an object that is gone.
 * Not here: what the objects are, who charges for what they refer to (rx.c, sock_send.c).
 */
#include <linux/percpu.h>

#include "blocks.h"
#include "spare.h"
#include "traffic.h"
#include "../compat/slab.h"

#define PILE_MAX	(IS_ENABLED(CONFIG_KASAN) ? 0 : 32)
#define STORE_MAX	32	/* piles: with blocks of 32 KiB to send, a window of 32 MiB */

/**
 * struct spare - an object that nobody uses
 * @next: below it in the pile
 * @pile: in the first of a pile in the store: the first of the next pile
 */
struct spare {
	struct spare *next;
	struct spare *pile;
};

/**
 * struct pile - up to PILE_MAX objects
 * @first: on top
 * @n: how many
 */
struct pile {
	struct spare *first;
	u32 n;
};

/**
 * struct spare_cpu - what a CPU keeps of a kind
 * @lock: of all here; taken with BH off
 * @pile: taken from and added to
 * @other: full or empty
 * @used: since the trim looked last
 */
struct spare_cpu {
	spinlock_t lock;	/* of all here */
	struct pile pile;
	struct pile other;
	bool used;
};

/**
 * struct spare_kind - one kind of object
 * @name: of its cache, which is not merged with another: tests count them
 * @size: bytes, at least those of struct spare
 * @cache: where they come from
 * @cpu: what each CPU keeps
 * @lock: of the store
 * @store: first object of its first pile; all are full
 * @n: piles in it
 * @low: the least that @n was since the trim looked last
 */
struct spare_kind {
	const char *name;
	u32 size;
	struct kmem_cache *cache;
	struct spare_cpu __percpu *cpu;
	spinlock_t lock;	/* of the store */
	struct spare *store;
	u32 n;
	u32 low;
};

static struct spare_kind kinds[QUIC_SPARE_KINDS] = {
	[QUIC_SPARE_RXBUF] = { .name = "quic_rxbuf", .size = sizeof(struct quic_rxbuf) },
	[QUIC_SPARE_TX_CHUNK] = { .name = "quic_tx_chunk", .size = sizeof(struct quic_txchunk) },
};

/* ---- piles and the store ---- */

static void pile_free(const struct spare_kind *k, struct pile *p)
{
	struct spare *s;

	while ((s = p->first)) {
		p->first = s->next;
		kmem_cache_free(k->cache, s);
	}
	p->n = 0;
}

/* BH off. Return: the store has taken it. */
static bool store_add(struct spare_kind *k, const struct pile *p)
{
	bool room;

	spin_lock(&k->lock);
	room = k->n < STORE_MAX;
	if (room) {
		p->first->pile = k->store;
		k->store = p->first;
		WRITE_ONCE(k->n, k->n + 1);
	}
	spin_unlock(&k->lock);
	return room;
}

/* BH off. Return: a pile, empty if there is none. */
static struct pile store_take(struct spare_kind *k)
{
	struct pile p = { };

	if (!READ_ONCE(k->n))
		return p;
	spin_lock(&k->lock);
	if (k->n) {
		p.first = k->store;
		p.n = PILE_MAX;
		k->store = p.first->pile;
		WRITE_ONCE(k->n, k->n - 1);
		WRITE_ONCE(k->low, min(k->low, k->n));
	}
	spin_unlock(&k->lock);
	return p;
}

/* ---- one object ---- */

/* Lock held. Return: there is one. */
static bool refill(struct spare_kind *k, struct spare_cpu *c)
{
	c->pile = c->other;
	c->other = (struct pile){ };
	if (!c->pile.n)
		c->pile = store_take(k);
	return c->pile.n;
}

void *quic_spare_alloc(enum quic_spare kind)
{
	struct spare_kind *k = &kinds[kind];
	struct spare_cpu *c = raw_cpu_ptr(k->cpu);
	struct spare *s = NULL;

	spin_lock_bh(&c->lock);
	if (likely(c->pile.n || refill(k, c))) {
		s = c->pile.first;
		c->pile.first = s->next;
		c->pile.n--;
		c->used = true;
	}
	spin_unlock_bh(&c->lock);
	return likely(s) ? s : kmem_cache_alloc(k->cache, GFP_ATOMIC | __GFP_NOWARN);
}

/* The pile is full; lock held. Return: there is an empty one in its place. */
static bool make_room(struct spare_kind *k, struct spare_cpu *c)
{
	if (!PILE_MAX || (c->other.n && !store_add(k, &c->other)))
		return false;
	c->other = c->pile;
	c->pile = (struct pile){ };
	return true;
}

void quic_spare_free(enum quic_spare kind, void *p)
{
	struct spare_kind *k = &kinds[kind];
	struct spare_cpu *c = raw_cpu_ptr(k->cpu);
	struct spare *s = p;
	bool kept;

	spin_lock_bh(&c->lock);
	kept = c->pile.n < PILE_MAX || make_room(k, c);
	if (likely(kept)) {
		s->next = c->pile.first;
		c->pile.first = s;
		c->pile.n++;
		c->used = true;
	}
	spin_unlock_bh(&c->lock);
	if (likely(kept))
		quic_blocks_look_later();
	else
		kmem_cache_free(k->cache, s);
}

/* ---- what was not needed ---- */

/* Return: it keeps some. */
static bool cpu_trim(const struct spare_kind *k, struct spare_cpu *c)
{
	struct pile pile = { }, other = { };
	bool left;

	spin_lock_bh(&c->lock);
	if (!c->used) {
		swap(pile, c->pile);
		swap(other, c->other);
	}
	c->used = false;
	left = c->pile.n || c->other.n;
	spin_unlock_bh(&c->lock);
	pile_free(k, &pile);
	pile_free(k, &other);
	return left;
}

/* At most @n piles go. Return: there are more. */
static bool store_trim(struct spare_kind *k, u32 n)
{
	struct pile p;
	bool left;

	while (n--) {
		local_bh_disable();
		p = store_take(k);
		local_bh_enable();
		pile_free(k, &p);
	}
	spin_lock_bh(&k->lock);
	k->low = k->n;
	left = k->n;
	spin_unlock_bh(&k->lock);
	return left;
}

bool quic_spares_trim(void)
{
	struct spare_kind *k;
	bool more = false;
	int cpu;

	for (k = kinds; k < kinds + QUIC_SPARE_KINDS; k++) {
		for_each_possible_cpu(cpu)
			more |= cpu_trim(k, per_cpu_ptr(k->cpu, cpu));
		more |= store_trim(k, (READ_ONCE(k->low) + 1) / 2);
	}
	return more;
}

/* ---- module init and exit ---- */

static int kind_init(struct spare_kind *k)
{
	int cpu;

	BUILD_BUG_ON(sizeof(struct quic_rxbuf) < sizeof(struct spare) ||
		     sizeof(struct quic_txchunk) < sizeof(struct spare));
	spin_lock_init(&k->lock);
	k->cpu = alloc_percpu(struct spare_cpu);
	if (!k->cpu)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(k->cpu, cpu)->lock);
	k->cache = kmem_cache_create(k->name, k->size, 0, QUIC_SLAB_NO_MERGE, NULL);
	return k->cache ? 0 : -ENOMEM;
}

/**
 * quic_spares_init - make the caches; nothing is kept at first
 * Context: module init. Return: 0 or -ENOMEM.
 */
int quic_spares_init(void)
{
	int err = 0;
	u32 i;

	for (i = 0; !err && i < QUIC_SPARE_KINDS; i++)
		err = kind_init(&kinds[i]);
	if (err)
		quic_spares_exit();
	return err;
}

/**
 * quic_spares_exit - give back what is kept
 *
 * Also after a part of quic_spares_init(). Context: module exit, every socket is gone and
 * nobody trims any more; may sleep.
 */
void quic_spares_exit(void)
{
	struct spare_kind *k;
	int cpu;

	for (k = kinds; k < kinds + QUIC_SPARE_KINDS; k++) {
		if (!k->cpu)
			continue;
		for_each_possible_cpu(cpu) {
			per_cpu_ptr(k->cpu, cpu)->used = false;
			cpu_trim(k, per_cpu_ptr(k->cpu, cpu));
		}
		store_trim(k, k->n);
		kmem_cache_destroy(k->cache);
		free_percpu(k->cpu);
		k->cache = NULL;
		k->cpu = NULL;
	}
}
