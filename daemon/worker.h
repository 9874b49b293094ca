/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_WORKER_H
#define QUICD_WORKER_H

#include "netlink.h"
#include "table.h"

/**
 * struct worker_stats - what a worker has seen; it writes, anybody reads
 * @started: START
 * @done: DONE sent
 * @failed: FAIL sent, for whatever reason
 * @aborted: ended by ABORT
 * @timed_out: ended by the clock, also counted as failed
 * @unknown: messages for a handshake that is not here (any more)
 * @malformed: messages that could not be understood
 * @rejected: flights that the kernel refused
 * @overruns: times that the socket's buffer overflowed
 */
struct worker_stats {
	uint64_t started;
	uint64_t done;
	uint64_t failed;
	uint64_t aborted;
	uint64_t timed_out;
	uint64_t unknown;
	uint64_t malformed;
	uint64_t rejected;
	uint64_t overruns;
};

struct pool;

struct pool *pool_start(unsigned int n, uint16_t family,
			const struct link *links);
int pool_event_fd(const struct pool *p);
int pool_status(struct pool *p);
void pool_stats(struct pool *p, struct worker_stats *sum);
void pool_print(struct pool *p);
unsigned int pool_count_old(struct pool *p, unsigned int generation);
void pool_stop(struct pool *p);

#endif /* QUICD_WORKER_H */
