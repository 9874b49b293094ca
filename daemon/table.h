/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_TABLE_H
#define QUICD_TABLE_H

#include <urcu.h>
#include <urcu/list.h>
#include <urcu/rculfhash.h>

#include "common.h"

struct engine;
struct worker;

/**
 * struct handshake - one handshake in flight
 * @id: the kernel's name for it; never changes
 * @role: enum quic_hs_role; never changes
 * @uid: whose it is; never changes
 * @generation: of the configuration it runs under; never changes
 * @started_ms: CLOCK_MONOTONIC; never changes
 * @worker: who owns it; never changes, outlives it
 * @aborted: any thread may set it, the owner obeys
 * @engine: owner only
 * @deadline_ms: CLOCK_MONOTONIC; owner only
 * @timer: in the owner's list, by deadline; owner only
 * @node: in the table
 * @rcu: for the grace period before it is freed
 */
struct handshake {
	uint64_t id;
	uint32_t role;
	uint32_t uid;
	unsigned int generation;
	uint64_t started_ms;
	struct worker *worker;
	int aborted;
	struct engine *engine;
	uint64_t deadline_ms;
	struct cds_list_head timer;
	struct cds_lfht_node node;
	struct rcu_head rcu;
};

struct table;

struct table *table_new(void);
void table_free(struct table *t);
int table_add(struct table *t, struct handshake *hs);
struct handshake *table_find(struct table *t, uint64_t id);
void table_del(struct table *t, struct handshake *hs);
void table_for_each(struct table *t,
		    void (*fn)(const struct handshake *hs, void *ctx),
		    void *ctx);

#endif /* QUICD_TABLE_H */
