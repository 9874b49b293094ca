// SPDX-License-Identifier: GPL-2.0
/*
 * The simulator.
 *
 *	sim [-j N] --check			what make test runs: TAP
 *	sim [-j N] --seeds A-B			random scenarios
 *	sim [-j N] --scenario NAME|all [--seed N|A-B]
 *	sim [-j N] --sweep NAME|all [--every N | --at I]
 *	sim --list
 *	sim --report DIR			draw
 *
 *	-v		a line for each run
 *	-f DIR		evidence of failures: DIR/sim-WHAT/ (build/failures)
 *	-n		no evidence
 *	--first		stop at the first failure, and say how many runs that took
 *
 * A run is decided by what is played and its seed alone. Prints digests, and for
 * each failure the command that repeats it. Exit status 1 when a run failed.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "sim.h"

#define EVIDENCE_MAX	5	/* failures that evidence is written of, per group */
#define CHECK_SEEDS	50
#define SCENARIO_SEEDS	5	/* of each scenario */
#define CHECK_EVERY	16	/* of the masks */

static struct {
	u32 procs;
	bool verbose;
	bool first;
	const char *failures;	/* directory or NULL */
	u64 seed;		/* of a scenario, the first */
	u32 seeds;
	u32 every;
	s64 at;			/* one run of a sweep; -1: all */
} opt = { .procs = 1, .failures = "build/failures", .seed = 1, .seeds = 1, .every = 1, .at = -1 };

/**
 * struct group - runs that are counted together
 * @name: for people
 * @n: runs
 * @play: one of them
 * @command: how it is repeated
 * @priv: for both
 */
struct group {
	const char *name;
	u32 n;
	void (*play)(const struct group *g, u32 i, struct sim_result *r,
		     struct sim_record *rec);
	void (*command)(const struct group *g, u32 i, char *buf, size_t len, bool dir);
	const void *priv;
	u64 first;			/* number of the first run */
	u64 step;			/* between two runs */
};

/* ---- seeds ---- */

static void play_seed(const struct group *g, u32 i, struct sim_result *r,
		      struct sim_record *rec)
{
	struct sim_scenario sc;

	sim_derive(&sc, g->first + i);
	sim_run(&sc, g->first + i, r, rec);
}

static void command_seed(const struct group *g, u32 i, char *buf, size_t len, bool dir)
{
	u64 seed = g->first + i;

	if (dir)
		snprintf(buf, len, "sim-%llu", seed);
	else
		snprintf(buf, len, "--seeds %llu-%llu", seed, seed);
}

/* ---- scenarios, each with all its seeds ---- */

static const struct sim_scenario *scenario_of_run(const struct group *g, u32 i, u64 *seed)
{
	*seed = opt.seed + i % opt.seeds;
	return sim_nth_scenario(g->first + i / opt.seeds);
}

static void play_scenario(const struct group *g, u32 i, struct sim_result *r,
			  struct sim_record *rec)
{
	u64 seed;
	const struct sim_scenario *sc = scenario_of_run(g, i, &seed);

	sim_run(sc, seed, r, rec);
}

static void command_scenario(const struct group *g, u32 i, char *buf, size_t len, bool dir)
{
	u64 seed;
	const struct sim_scenario *sc = scenario_of_run(g, i, &seed);

	snprintf(buf, len, dir ? "sim-%s-%llu" : "--scenario %s --seed %llu", sc->name, seed);
}

/* ---- sweeps ---- */

static void play_sweep(const struct group *g, u32 i, struct sim_result *r,
		       struct sim_record *rec)
{
	const struct sim_sweep *sw = g->priv;

	sw->run(g->first + i * g->step, r, rec);
}

static void command_sweep(const struct group *g, u32 i, char *buf, size_t len, bool dir)
{
	const struct sim_sweep *sw = g->priv;

	snprintf(buf, len, dir ? "sim-%s-%llu" : "--sweep %s --at %llu", sw->name,
		 g->first + i * g->step);
}

/* ---- running a group ---- */

static void run_one(void *priv, u32 i, struct sim_result *r)
{
	const struct group *g = priv;

	g->play(g, i, r, NULL);
}

struct replay {
	const struct group *g;
	u32 i;
	const char *dir;
};

static void run_again(void *priv, u32 unused, struct sim_result *r)
{
	const struct replay *a = priv;
	struct sim_record *rec = sim_record_new(a->dir);

	if (!rec)
		return;
	a->g->play(a->g, a->i, r, rec);
	sim_record_free(rec);
}

static void write_command(const char *dir, const char *what, const struct sim_result *r)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/command", dir);
	f = fopen(path, "w");
	if (!f)
		return;
	fprintf(f, "# %s\nmake -C tests/sim one ARGS='%s'\n", r->why, what);
	fclose(f);
}

static void make_dirs(const char *path)
{
	char part[512];
	char *p;

	snprintf(part, sizeof(part), "%s", path);
	for (p = strchr(part + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = 0;
		mkdir(part, 0777);
		*p = '/';
	}
	mkdir(part, 0777);
}

/* Play it once more and write down what happens; in a process that may die. */
static void keep_evidence(const struct group *g, u32 i, const struct sim_result *r)
{
	char dir[400], name[200], what[200];
	struct sim_result *again = sim_results(1);
	struct replay a = { .g = g, .i = i, .dir = dir };
	struct sim_job job = { .n = 1, .results = again, .run = run_again, .priv = &a };

	g->command(g, i, name, sizeof(name), true);
	g->command(g, i, what, sizeof(what), false);
	snprintf(dir, sizeof(dir), "%s/%s", opt.failures, name);
	make_dirs(dir);
	sim_pool(&job, 1);
	write_command(dir, what, r);
	printf("#   evidence: %s\n", dir);
	if (r->state == SIM_FAILED && again->digest != r->digest)
		printf("#   the repetition differs: %016llx\n", again->digest);
	sim_results_free(again, 1);
}

static void tell(const struct group *g, u32 i, const struct sim_result *r)
{
	char what[200];

	g->command(g, i, what, sizeof(what), false);
	printf("%s %-34s %016llx  done %7llu ms  %6llu dgrams  %5llu lost  %6llu steps  %s\n",
	       r->state == SIM_PASSED ? "passed" : "FAILED", what, r->digest,
	       div_u64(r->done_ns, MS), r->dgrams, r->lost, r->steps, r->why);
}

static void tell_failure(const struct group *g, u32 i, const struct sim_result *r, u32 nth)
{
	char what[200];

	g->command(g, i, what, sizeof(what), false);
	if (nth > 4 * EVIDENCE_MAX)
		return;
	printf("# %s\n#   again: make -C tests/sim one ARGS='%s'\n", r->why, what);
	if (opt.failures && nth <= EVIDENCE_MAX)
		keep_evidence(g, i, r);
}

/* A run that passed, and has something to say. */
static void tell_figures(const struct group *g, u32 i, const struct sim_result *r)
{
	char what[200];

	g->command(g, i, what, sizeof(what), false);
	printf("# %s: %s\n", what, r->why);
}

static u64 seconds_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

/* Return: failures. */
static u32 run_group(const struct group *g)
{
	struct sim_job job = {
		.n = g->n, .results = sim_results(g->n), .run = run_one, .priv = (void *)g,
		.first = opt.first,
	};
	u64 digest = 0, began = seconds_ms();
	u32 i, failed = 0;

	sim_pool(&job, opt.procs);
	for (i = 0; i < g->n; i++) {
		const struct sim_result *r = &job.results[i];

		digest = (digest ^ r->digest) * 0x9fb21c651e98df25ULL;
		if (opt.verbose)
			tell(g, i, r);
		if (r->state == SIM_PASSED && *r->why && !opt.verbose)
			tell_figures(g, i, r);
		if (r->state == SIM_PASSED)
			continue;
		tell_failure(g, i, r, ++failed);
		if (opt.first) {
			printf("first failure: %s, run %u: %s\n", g->name, i + 1, r->why);
			break;
		}
	}
	printf("# %s: %u runs, %u failed, %llu ms, digest %016llx\n", g->name, g->n, failed,
	       seconds_ms() - began, digest);
	sim_results_free(job.results, g->n);
	return failed;
}

static struct group seeds_group(u64 a, u64 b)
{
	return (struct group){
		.name = "seeds", .n = b - a + 1, .play = play_seed,
		.command = command_seed, .first = a,
	};
}

static struct group scenario_group(u32 first, u32 n)
{
	return (struct group){
		.name = n == 1 ? sim_nth_scenario(first)->name : "scenarios",
		.n = n * opt.seeds,
		.play = play_scenario, .command = command_scenario, .first = first,
	};
}

static struct group sweep_group(const struct sim_sweep *sw)
{
	bool masks = sw->n > 1000;
	u32 every = masks || opt.every == 1 ? opt.every : max(opt.every / 8, 1U);

	if (opt.at >= 0)
		return (struct group){
			.name = sw->name, .n = 1, .play = play_sweep,
			.command = command_sweep, .priv = sw, .first = opt.at,
		};
	return (struct group){
		.name = sw->name, .n = (sw->n + every - 1) / every, .play = play_sweep,
		.command = command_sweep, .priv = sw, .step = every,
	};
}

/* ---- modes ---- */

static u32 tap_n;

static u32 tap(const struct group *g, const char *what)
{
	u32 failed = run_group(g);

	printf("%sok %u - %s: %s\n", failed ? "not " : "", ++tap_n, g->name, what);
	fflush(stdout);
	return failed;
}

static u32 run_check(void)
{
	struct group g;
	u32 i, failed = 0;

	opt.seeds = SCENARIO_SEEDS;
	for (i = 0; i < sim_n_scenarios(); i++) {
		g = scenario_group(i, 1);
		failed += tap(&g, sim_nth_scenario(i)->what);
	}
	g = seeds_group(1, CHECK_SEEDS);
	failed += tap(&g, "50 random scenarios");
	opt.every = CHECK_EVERY;
	for (i = 0; i < sim_n_sweeps; i++) {
		g = sweep_group(&sim_sweeps[i]);
		failed += tap(&g, sim_sweeps[i].what);
	}
	printf("1..%u\n", tap_n);
	return failed;
}

static u32 run_scenarios(const char *name)
{
	s32 at = sim_find(name);
	struct group g;

	if (strcmp(name, "all") && at < 0) {
		fprintf(stderr, "sim: no scenario %s; cure: sim --list\n", name);
		exit(2);
	}
	opt.verbose = true;
	g = at < 0 ? scenario_group(0, sim_n_scenarios()) : scenario_group(at, 1);
	return run_group(&g);
}

static u32 run_sweeps(const char *name)
{
	u32 i, failed = 0, known = 0;
	struct group g;

	for (i = 0; i < sim_n_sweeps; i++) {
		if (strcmp(name, "all") && strcmp(name, sim_sweeps[i].name))
			continue;
		known++;
		g = sweep_group(&sim_sweeps[i]);
		opt.verbose |= g.n == 1;
		failed += run_group(&g);
		if (failed && opt.first)
			break;
	}
	if (!known) {
		fprintf(stderr, "sim: no sweep %s; cure: sim --list\n", name);
		exit(2);
	}
	return failed;
}

static u32 run_seeds(const char *range)
{
	unsigned long long a, b;
	struct group g;

	if (sscanf(range, "%llu-%llu", &a, &b) != 2 || b < a || b - a > 10000000) {
		fprintf(stderr, "sim: --seeds takes A-B\n");
		exit(2);
	}
	g = seeds_group(a, b);
	opt.verbose |= g.n == 1;
	return run_group(&g);
}

static u32 run_list(void)
{
	u32 i;

	for (i = 0; i < sim_n_scenarios(); i++)
		printf("scenario %-20s %s\n", sim_nth_scenario(i)->name,
		       sim_nth_scenario(i)->what);
	for (i = 0; i < sim_n_sweeps; i++)
		printf("sweep    %-20s %s (%u)\n", sim_sweeps[i].name, sim_sweeps[i].what,
		       sim_sweeps[i].n);
	return 0;
}

enum { O_CHECK = 256, O_SEEDS, O_SCENARIO, O_SEED, O_SWEEP, O_EVERY, O_AT, O_LIST, O_REPORT,
	O_FIRST };

static const struct option options[] = {
	{ "check", no_argument, NULL, O_CHECK },
	{ "seeds", required_argument, NULL, O_SEEDS },
	{ "scenario", required_argument, NULL, O_SCENARIO },
	{ "seed", required_argument, NULL, O_SEED },
	{ "sweep", required_argument, NULL, O_SWEEP },
	{ "every", required_argument, NULL, O_EVERY },
	{ "at", required_argument, NULL, O_AT },
	{ "list", no_argument, NULL, O_LIST },
	{ "report", required_argument, NULL, O_REPORT },
	{ "first", no_argument, NULL, O_FIRST },
	{ }
};

/* A seed, or A-B. */
static void set_seeds(const char *range)
{
	char *end;
	u64 last;

	opt.seed = strtoull(range, &end, 0);
	last = *end == '-' ? strtoull(end + 1, &end, 0) : opt.seed;
	if (*end || last < opt.seed || last - opt.seed > 1000000) {
		fprintf(stderr, "sim: --seed takes N or A-B\n");
		exit(2);
	}
	opt.seeds = last - opt.seed + 1;
}

static bool set_option(int o)
{
	switch (o) {
	case 'j':
		opt.procs = atoi(optarg);
		return true;
	case 'v':
		opt.verbose = true;
		return true;
	case 'f':
		opt.failures = optarg;
		return true;
	case 'n':
		opt.failures = NULL;
		return true;
	case O_FIRST:
		opt.first = true;
		return true;
	case O_SEED:
		set_seeds(optarg);
		return true;
	case O_EVERY:
		opt.every = max(atoi(optarg), 1);
		return true;
	case O_AT:
		opt.at = atoll(optarg);
		return true;
	}
	return false;
}

static u32 run_mode(int mode, const char *arg)
{
	switch (mode) {
	case O_CHECK:
		return run_check();
	case O_SEEDS:
		return run_seeds(arg);
	case O_SCENARIO:
		return run_scenarios(arg);
	case O_SWEEP:
		return run_sweeps(arg);
	case O_LIST:
		return run_list();
	case O_REPORT:
		return sim_report(arg);
	}
	fprintf(stderr, "usage: sim [-j N] [-v] [-n] [-f DIR] --check | --seeds A-B | "
		"--scenario NAME [--seed A-B] | --sweep NAME [--at I] | --list | --report DIR\n");
	exit(2);
}

int main(int argc, char **argv)
{
	const char *arg = NULL;
	int o, mode = 0;

	while ((o = getopt_long(argc, argv, "j:vf:n", options, NULL)) != -1) {
		if (set_option(o))
			continue;
		mode = o;
		arg = optarg;
	}
	return run_mode(mode, arg) ? 1 : 0;
}
