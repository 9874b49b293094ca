/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What worker.c and pool.c share and nobody else sees.
 */
#ifndef QUICD_WORKER_INT_H
#define QUICD_WORKER_INT_H

#include <pthread.h>

#include "wire.h"
#include "worker.h"

#define BUFFER_BYTES (384 << 10)	/* the longest START */
#define SENT_MAX 256			/* flights remembered for their error */

/* values of @status; below 0: a negative errno */
enum {
	WORKER_STARTING,
	WORKER_READY,
};

/**
 * struct worker - a thread that runs handshakes
 * @pool: the others
 * @thread: joined by pool_stop()
 * @running: @thread is to be joined; main thread
 * @index: its number
 * @link: its socket
 * @wake_fd: eventfd; anybody writes, it reads
 * @stop: main thread sets it, then writes @wake_fd
 * @status: it writes, then pokes the pool's @event_fd
 * @seq: of the last message sent
 * @sent: flights by sequence number, to find the one that an error means
 * @timers: its handshakes, all of them, by deadline
 * @stats: counters; it writes, anybody reads
 * @flight: scratch
 * @msg: scratch
 * @buffer: scratch
 */
struct worker {
	struct pool *pool;
	pthread_t thread;
	bool running;
	unsigned int index;
	struct link link;
	int wake_fd;
	int stop;
	int status;
	uint32_t seq;
	struct {
		uint32_t seq;
		bool fail;
		uint64_t id;
	} sent[SENT_MAX];
	struct cds_list_head timers;
	struct worker_stats stats;
	struct flight flight;
	struct hs_msg msg;
	_Alignas(8) uint8_t buffer[BUFFER_BYTES];
};

/**
 * struct pool - all workers
 * @table: handshakes of all of them
 * @event_fd: eventfd; workers write, the main thread reads
 * @family: number of the quic_hs family
 * @n: how many are made
 * @worker: they
 */
struct pool {
	struct table *table;
	int event_fd;
	uint16_t family;
	unsigned int n;
	struct worker **worker;
};

uint64_t worker_now_ms(void);
void worker_poke(int fd);
void *worker_run(void *arg);

#endif /* QUICD_WORKER_INT_H */
