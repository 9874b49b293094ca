// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pool: starting and stopping workers, and looking at them from outside.
 *
 * Everything here is the main thread's. It reads what workers publish (status
 * and counters, C11 atomics; handshakes through the table, inside an RCU read
 * section) and takes no lock, so a statistics printer never delays a
 * handshake.
 *
 * Invariant: workers are all made before any runs and all joined before any is
 * freed, so that one may poke another at any time.
 *
 * Not here: what a worker does (worker.c).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"
#include "worker_int.h"

static struct worker *new_worker(struct pool *p, unsigned int index,
				 const struct link *link)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->pool = p;
	w->index = index;
	w->link = *link;
	CDS_INIT_LIST_HEAD(&w->timers);
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake_fd < 0) {
		free(w);
		return NULL;
	}
	return w;
}

/**
 * pool_start - start the workers; each registers its socket
 * @n: how many
 * @family: number of the quic_hs family
 * @links: their sockets, which stay the caller's
 *
 * Context: main thread; a configuration is published. Return: NULL if there
 * is no memory or no thread. Registration shows in pool_status().
 */
struct pool *pool_start(unsigned int n, uint16_t family,
			const struct link *links)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->family = family;
	p->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->table = table_new();
	p->worker = calloc(n, sizeof(struct worker *));
	if (p->event_fd < 0 || !p->table || !p->worker)
		goto fail;
	/* all of them first: a worker may look for another one's wake_fd */
	for (; p->n < n; p->n++) {
		p->worker[p->n] = new_worker(p, p->n, &links[p->n]);
		if (!p->worker[p->n])
			goto fail;
	}
	for (unsigned int i = 0; i < n; i++) {
		if (pthread_create(&p->worker[i]->thread, NULL, worker_run,
				   p->worker[i]))
			goto fail;
		p->worker[i]->running = true;
	}
	return p;
fail:
	pool_stop(p);
	return NULL;
}

/**
 * pool_event_fd - becomes readable when pool_status() may have changed
 * @p: pool
 *
 * Return: a descriptor that belongs to the pool, to be read by the caller.
 */
int pool_event_fd(const struct pool *p)
{
	return p->event_fd;
}

/**
 * pool_status - are the workers registered
 * @p: pool
 *
 * Return: 1 when all are, 0 while some are not yet, or the negative errno
 * with which the first one failed.
 */
int pool_status(struct pool *p)
{
	int status = 1;

	for (unsigned int i = 0; i < p->n; i++) {
		int one = __atomic_load_n(&p->worker[i]->status,
					  __ATOMIC_ACQUIRE);

		if (one < 0)
			return one;
		if (one == WORKER_STARTING)
			status = 0;
	}
	return status;
}

/**
 * pool_stats - add up the counters of all workers
 * @p: pool
 * @sum: receives them
 */
void pool_stats(struct pool *p, struct worker_stats *sum)
{
	uint64_t *to = (uint64_t *)sum;

	memset(sum, 0, sizeof(*sum));
	for (unsigned int i = 0; i < p->n; i++) {
		uint64_t *from = (uint64_t *)&p->worker[i]->stats;

		for (size_t k = 0; k < sizeof(*sum) / sizeof(*to); k++)
			to[k] += __atomic_load_n(&from[k], __ATOMIC_RELAXED);
	}
}

static void print_one(const struct handshake *hs, void *ctx)
{
	uint64_t *now = ctx;

	log_info("  %016" PRIx64 " %s uid %u worker %u configuration %u"
		 " since %" PRIu64 " ms", hs->id,
		 hs->role == QUIC_HS_ROLE_CLIENT ? "client" : "server",
		 hs->uid, hs->worker->index, hs->generation,
		 *now - hs->started_ms);
}

/**
 * pool_print - log the counters and every handshake in flight
 * @p: pool
 *
 * Context: any thread registered with RCU; takes no lock.
 */
void pool_print(struct pool *p)
{
	struct worker_stats s;
	uint64_t now = worker_now_ms();

	pool_stats(p, &s);
	log_info("started %" PRIu64 " done %" PRIu64 " failed %" PRIu64
		 " (timed out %" PRIu64 ") aborted %" PRIu64 " unknown %" PRIu64
		 " malformed %" PRIu64 " rejected %" PRIu64 " overruns %" PRIu64,
		 s.started, s.done, s.failed, s.timed_out, s.aborted,
		 s.unknown, s.malformed, s.rejected, s.overruns);
	table_for_each(p->table, print_one, &now);
}

struct old_count {
	unsigned int generation;
	unsigned int n;
};

static void count_old(const struct handshake *hs, void *ctx)
{
	struct old_count *c = ctx;

	c->n += hs->generation < c->generation;
}

/**
 * pool_count_old - how many handshakes run under an older configuration
 * @p: pool
 * @generation: the current one
 *
 * Context: any thread registered with RCU; takes no lock.
 */
unsigned int pool_count_old(struct pool *p, unsigned int generation)
{
	struct old_count c = { generation, 0 };

	table_for_each(p->table, count_old, &c);
	return c.n;
}

/**
 * pool_stop - end the workers and forget their handshakes
 * @p: pool; freed
 *
 * Context: main thread, outside read sections. Every worker is joined before
 * any is freed, since a worker may still poke another one.
 */
void pool_stop(struct pool *p)
{
	for (unsigned int i = 0; i < p->n; i++) {
		__atomic_store_n(&p->worker[i]->stop, 1, __ATOMIC_RELAXED);
		worker_poke(p->worker[i]->wake_fd);
	}
	for (unsigned int i = 0; i < p->n; i++) {
		if (p->worker[i]->running)
			pthread_join(p->worker[i]->thread, NULL);
	}
	for (unsigned int i = 0; i < p->n; i++) {
		close(p->worker[i]->wake_fd);
		free(p->worker[i]);
	}
	if (p->table)
		table_free(p->table);
	if (p->event_fd >= 0)
		close(p->event_fd);
	free(p->worker);
	free(p);
}
