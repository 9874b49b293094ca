// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The handshakes in flight, by id: a lock-free hash table of liburcu.
 *
 * One table for all workers, because an ABORT may arrive on any socket and
 * because reload and statistics look at everything. Adding and deleting is the
 * owner's: the worker that got START. Any thread registered with RCU may find
 * and walk.
 *
 * Why a reader is safe: what it may read of a handshake never changes after
 * table_add(), save @aborted, a flag. table_del() unlinks first and frees after
 * a grace period; until then a reader that found it holds plain memory. It
 * never touches the engine, which its owner frees at once, so secrets do not
 * wait for a grace period.
 *
 * Worst case: ids come from the kernel, not from a peer; a multiplicative hash
 * of a counter spreads evenly, and the table grows by itself.
 */
#include <errno.h>
#include <stdlib.h>

#include "table.h"

struct table {
	struct cds_lfht *ht;
};

static unsigned long hash(uint64_t id)
{
	return (unsigned long)((id * 0x9e3779b97f4a7c15ULL) >> 16);
}

static int match(struct cds_lfht_node *node, const void *key)
{
	const struct handshake *hs =
		caa_container_of(node, struct handshake, node);

	return hs->id == *(const uint64_t *)key;
}

/**
 * table_new - make an empty table
 *
 * Return: the table or NULL.
 */
struct table *table_new(void)
{
	struct table *t = malloc(sizeof(*t));

	if (!t)
		return NULL;
	t->ht = cds_lfht_new(64, 64, 0, CDS_LFHT_AUTO_RESIZE, NULL);
	if (!t->ht) {
		free(t);
		return NULL;
	}
	return t;
}

/**
 * table_free - release an empty table
 * @t: table; every handshake was deleted
 *
 * Context: outside read sections; waits for handshakes still to be freed.
 */
void table_free(struct table *t)
{
	rcu_barrier();
	cds_lfht_destroy(t->ht, NULL);
	free(t);
}

/**
 * table_add - make a handshake known
 * @t: table
 * @hs: complete; visible to other threads from now on
 *
 * Context: the owner. Return: 0, or -EEXIST if the id is taken.
 */
int table_add(struct table *t, struct handshake *hs)
{
	struct cds_lfht_node *node;

	cds_lfht_node_init(&hs->node);
	rcu_read_lock();
	node = cds_lfht_add_unique(t->ht, hash(hs->id), match, &hs->id,
				   &hs->node);
	rcu_read_unlock();
	return node == &hs->node ? 0 : -EEXIST;
}

/**
 * table_find - look up a handshake
 * @t: table
 * @id: its name
 *
 * Context: inside an RCU read section, which must last as long as the result
 * is used, unless the caller is its owner. Return: it or NULL.
 */
struct handshake *table_find(struct table *t, uint64_t id)
{
	struct cds_lfht_iter iter;
	struct cds_lfht_node *node;

	cds_lfht_lookup(t->ht, hash(id), match, &id, &iter);
	node = cds_lfht_iter_get_node(&iter);
	return node ? caa_container_of(node, struct handshake, node) : NULL;
}

static void free_rcu(struct rcu_head *head)
{
	free(caa_container_of(head, struct handshake, rcu));
}

/**
 * table_del - forget a handshake
 * @t: table
 * @hs: was added; freed after a grace period
 *
 * Context: the owner, once; it has freed the engine.
 */
void table_del(struct table *t, struct handshake *hs)
{
	rcu_read_lock();
	cds_lfht_del(t->ht, &hs->node);
	rcu_read_unlock();
	call_rcu(&hs->rcu, free_rcu);
}

/**
 * table_for_each - visit every handshake
 * @t: table
 * @fn: called inside a read section: must not block for long
 * @ctx: handed to @fn
 *
 * Those added or deleted meanwhile may or may not be visited.
 */
void table_for_each(struct table *t,
		    void (*fn)(const struct handshake *hs, void *ctx),
		    void *ctx)
{
	struct cds_lfht_node *node;
	struct cds_lfht_iter iter;

	rcu_read_lock();
	cds_lfht_for_each(t->ht, &iter, node)
		fn(caa_container_of(node, struct handshake, node), ctx);
	rcu_read_unlock();
}
