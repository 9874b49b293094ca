// SPDX-License-Identifier: GPL-2.0
/*
 * Many runs over a few processes.
 *
 * Results lie in shared memory. Each process takes the next run that nobody has
 * taken; the parent only waits. A process that dies leaves behind which run it
 * was at: that one counts as crashed, and another process goes on.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sim.h"

#define PROCS_MAX	64
#define RUN_SECONDS	30	/* of the processor, then a run is killed */

struct board {
	u32 next;
	u32 at[PROCS_MAX];	/* run + 1 of each process; 0: none */
};

struct sim_result *sim_results(u32 n)
{
	struct sim_result *r = mmap(NULL, n * sizeof(*r), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (r == MAP_FAILED) {
		perror("sim: mmap");
		exit(2);
	}
	return r;
}

void sim_results_free(struct sim_result *r, u32 n)
{
	munmap(r, n * sizeof(*r));
}

static void limit_time(void)
{
	struct itimerval t = { .it_value.tv_sec = RUN_SECONDS };

	setitimer(ITIMER_VIRTUAL, &t, NULL);	/* its signal kills */
}

static void enough(const struct sim_job *job, struct board *b)
{
	__atomic_store_n(&b->next, job->n, __ATOMIC_RELAXED);
}

static void work(const struct sim_job *job, struct board *b, u32 slot)
{
	u32 i;

	for (;;) {
		i = __atomic_fetch_add(&b->next, 1, __ATOMIC_RELAXED);
		if (i >= job->n)
			_exit(0);
		b->at[slot] = i + 1;
		limit_time();
		job->run(job->priv, i, &job->results[i]);
		b->at[slot] = 0;
		if (job->first && job->results[i].state != SIM_PASSED)
			enough(job, b);
	}
}

static pid_t spawn(const struct sim_job *job, struct board *b, u32 slot)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		perror("sim: fork");
		exit(2);
	}
	if (!pid)
		work(job, b, slot);
	return pid;
}

static void note_crash(const struct sim_job *job, u32 run, int status)
{
	struct sim_result *r = &job->results[run];

	r->state = SIM_CRASHED;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGVTALRM)
		snprintf(r->why, sizeof(r->why), "not done after %d s", RUN_SECONDS);
	else if (WIFSIGNALED(status))
		snprintf(r->why, sizeof(r->why), "died: %s", strsignal(WTERMSIG(status)));
	else
		snprintf(r->why, sizeof(r->why), "died, status %d", WEXITSTATUS(status));
}

void sim_pool(const struct sim_job *job, u32 procs)
{
	struct board *b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[PROCS_MAX], pid;
	u32 i, alive = 0;
	int status;

	if (b == MAP_FAILED) {
		perror("sim: mmap");
		exit(2);
	}
	procs = min(max(procs, 1U), (u32)PROCS_MAX);
	for (i = 0; i < procs; i++, alive++)
		pids[i] = spawn(job, b, i);
	while (alive && ((pid = wait(&status)) > 0 || errno == EINTR)) {
		for (i = 0; i < procs && pids[i] != pid; i++)
			;
		if (pid < 0 || i == procs)
			continue;
		alive--;
		if (!b->at[i])
			continue;
		note_crash(job, b->at[i] - 1, status);
		if (job->first)
			enough(job, b);
		b->at[i] = 0;
		pids[i] = spawn(job, b, i);
		alive++;
	}
	munmap(b, sizeof(*b));
}
