// SPDX-License-Identifier: GPL-2.0
/*
 * The table under load: owners add and delete, readers find and walk. ASan
 * reports a handshake that is freed while a reader holds it.
 */
#include <errno.h>
#include <pthread.h>

#include "table.h"
#include "tap.h"

#define OWNERS 3
#define READERS 2
#define ROUNDS 4000		/* at least, and until readers met something */
#define ROUNDS_MAX 500000
#define HITS 2000
#define LIVE 64			/* handshakes of one owner at a time */

static struct table *table;
static int stop;
static unsigned long wrong, hits;

static struct handshake *new_handshake(uint64_t id)
{
	struct handshake *hs = calloc(1, sizeof(*hs));

	hs->id = id;
	hs->started_ms = ~id;	/* what readers check */
	return hs;
}

static void add_find_delete(void)
{
	struct handshake *a = new_handshake(1), *b = new_handshake(1);

	CHECK_INT(table_add(table, a), 0);
	CHECK_INT(table_add(table, b), -EEXIST);
	free(b);
	rcu_read_lock();
	CHECK(table_find(table, 1) == a);
	CHECK(!table_find(table, 2));
	rcu_read_unlock();
	table_del(table, a);
	rcu_read_lock();
	CHECK(!table_find(table, 1));
	rcu_read_unlock();
}

static void *owner(void *arg)
{
	uint64_t base = (uint64_t)(uintptr_t)arg << 32;
	struct handshake *live[LIVE] = { NULL };

	rcu_register_thread();
	for (uint64_t i = 0;
	     i < ROUNDS || (i < ROUNDS_MAX && uatomic_read(&hits) < HITS); i++) {
		struct handshake **slot = &live[i % LIVE];

		if (*slot)
			table_del(table, *slot);
		*slot = new_handshake(base + i % (LIVE * 2) + 1);
		if (table_add(table, *slot)) {
			uatomic_inc(&wrong);
			free(*slot);
			*slot = NULL;
		}
	}
	for (int i = 0; i < LIVE; i++) {
		if (live[i])
			table_del(table, live[i]);
	}
	rcu_unregister_thread();
	return NULL;
}

static void visit(const struct handshake *hs, void *ctx)
{
	(void)ctx;
	if (hs->started_ms != ~hs->id)
		uatomic_inc(&wrong);
}

static void *reader(void *arg)
{
	uint64_t id = 1;

	(void)arg;
	rcu_register_thread();
	while (!CMM_LOAD_SHARED(stop)) {
		struct handshake *hs;

		rcu_read_lock();
		id = (id + 1) % (LIVE * 2) + 1 + (1ULL << 32);
		hs = table_find(table, id);
		if (hs) {
			visit(hs, NULL);
			__atomic_store_n(&hs->aborted, 1, __ATOMIC_RELAXED);
			uatomic_inc(&hits);
		}
		rcu_read_unlock();
		if (id % 32 == 0)
			table_for_each(table, visit, NULL);
	}
	rcu_unregister_thread();
	return NULL;
}

static void concurrent(void)
{
	pthread_t owners[OWNERS], readers[READERS];

	for (long i = 0; i < READERS; i++)
		CHECK(!pthread_create(&readers[i], NULL, reader, NULL));
	for (uintptr_t i = 0; i < OWNERS; i++)
		CHECK(!pthread_create(&owners[i], NULL, owner,
				      (void *)(i + 1)));
	for (int i = 0; i < OWNERS; i++)
		pthread_join(owners[i], NULL);
	CMM_STORE_SHARED(stop, 1);
	for (int i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	printf("# %lu hits\n", uatomic_read(&hits));
	CHECK_INT(uatomic_read(&wrong), 0);
	CHECK(uatomic_read(&hits) >= HITS);
}

static void count_one(const struct handshake *hs, void *ctx)
{
	(void)hs;
	(*(int *)ctx)++;
}

static void ends_empty(void)
{
	int n = 0;

	table_for_each(table, count_one, &n);
	CHECK_INT(n, 0);
}

static void setup(void)
{
	rcu_register_thread();
	table = table_new();
}

static void teardown(void)
{
	table_free(table);
	rcu_unregister_thread();
}

TAP_MAIN(setup, teardown,
	 TAP_TEST(add_find_delete),
	 TAP_TEST(concurrent),
	 TAP_TEST(ends_empty))
