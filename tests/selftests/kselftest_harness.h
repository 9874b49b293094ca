/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kselftest_harness.h - tests in C for what runs inside a booted kernel.
 *
 * The interface is that of the header of this name in a kernel tree, so that a
 * test written here can be dropped there; the code is our own and small.
 *
 *	TEST(name) { ... }
 *	TEST_SIGNAL(name, SIGSEGV) { ... }
 *
 *	FIXTURE(fix) { int fd; };
 *	FIXTURE_VARIANT(fix) { int family; };
 *	FIXTURE_VARIANT_ADD(fix, v4) { .family = AF_INET };
 *	FIXTURE_SETUP(fix) { self->fd = socket(variant->family, ...); }
 *	FIXTURE_TEARDOWN(fix) { close(self->fd); }
 *	TEST_F(fix, name) { ASSERT_LE(0, self->fd); }
 *	TEST_F_TIMEOUT(fix, name, seconds) { ... }
 *
 *	TEST_HARNESS_MAIN
 *
 * EXPECT_xx(expected, seen) notes a failure and goes on, ASSERT_xx ends the
 * test; both take a block that runs on failure: ASSERT_EQ(0, ret) { TH_LOG(..); }
 * SKIP(return, "why %s", ...) skips.  A fixture without FIXTURE_VARIANT_ADD runs
 * once; without FIXTURE_SETUP or FIXTURE_TEARDOWN it does not compile.
 *
 * How it works: constructors put each test on a list; main() forks a child for
 * every test and variant, under a time limit, with a page shared for the result.
 * An ASSERT that fails jumps out of the body; teardown runs in the child whenever
 * setup got to its end.
 *
 * Results are TAP: the plan first, then one line per test.  Arguments of the
 * program choose tests by a part of their name; -l lists them.
 */
#ifndef KSELFTEST_HARNESS_H
#define KSELFTEST_HARNESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEST_TIMEOUT_DEFAULT 30

struct __test_results {
	bool failed;
	bool skip;
	char reason[256];
};

struct __fixture_variant_metadata {
	const char *name;
	const void *data;
	struct __fixture_variant_metadata *next;
};

struct __fixture_metadata {
	const char *name;
	struct __fixture_variant_metadata *variants;	/* in the order added */
};

struct __test_metadata {
	const char *name;
	struct __fixture_metadata *fixture;
	void (*fn)(struct __test_metadata *t, const void *variant);
	int termsig;			/* the signal that must end it, or 0 */
	unsigned int timeout;		/* seconds */
	struct __test_results *results;	/* shared with the child */
	jmp_buf env;			/* where a failed ASSERT goes */
	bool setup_completed;
	struct __test_metadata *next;
};

static struct __fixture_metadata __fixture_global __attribute__((unused)) = { .name = "global" };
static struct __test_metadata *__test_list;
static struct __test_metadata **__test_tail = &__test_list;

static inline void __register_test(struct __test_metadata *t)
{
	*__test_tail = t;
	__test_tail = &t->next;
}

static inline void __register_fixture_variant(struct __fixture_metadata *f,
					      struct __fixture_variant_metadata *v)
{
	struct __fixture_variant_metadata **p = &f->variants;

	while (*p)
		p = &(*p)->next;
	*p = v;
}

#define TH_LOG(fmt, ...) \
	fprintf(stdout, "# %s:%d:%s: " fmt "\n", __FILE__, __LINE__, _metadata->name, ##__VA_ARGS__)

#define SKIP(statement, fmt, ...) do { \
	snprintf(_metadata->results->reason, sizeof(_metadata->results->reason), \
		 fmt, ##__VA_ARGS__); \
	_metadata->results->skip = true; \
	statement; \
} while (0)

/* --- tests --- */

#define TEST(test_name) __TEST_IMPL(test_name, 0)
#define TEST_SIGNAL(test_name, signal) __TEST_IMPL(test_name, signal)

#define __TEST_IMPL(test_name, signal) \
	static void test_name(struct __test_metadata *_metadata); \
	static void __wrap_##test_name(struct __test_metadata *_metadata, const void *variant) \
	{ \
		(void)variant; \
		if (!setjmp(_metadata->env)) \
			test_name(_metadata); \
	} \
	static struct __test_metadata __object_##test_name = { \
		.name = #test_name, \
		.fixture = &__fixture_global, \
		.fn = __wrap_##test_name, \
		.termsig = signal, \
		.timeout = TEST_TIMEOUT_DEFAULT, \
	}; \
	__attribute__((constructor)) static void __register_##test_name(void) \
	{ \
		__register_test(&__object_##test_name); \
	} \
	static void test_name(struct __test_metadata *_metadata __attribute__((unused)))

/* --- fixtures --- */

#define FIXTURE(fixture_name) \
	FIXTURE_VARIANT(fixture_name); \
	static struct __fixture_metadata __fixture_##fixture_name = { .name = #fixture_name }; \
	FIXTURE_DATA(fixture_name)

#define FIXTURE_DATA(fixture_name) struct __data_##fixture_name

#define FIXTURE_VARIANT(fixture_name) struct __variant_##fixture_name

#define FIXTURE_VARIANT_ADD(fixture_name, variant_name) \
	static const struct __variant_##fixture_name __data_##fixture_name##_##variant_name; \
	static struct __fixture_variant_metadata __var_##fixture_name##_##variant_name = { \
		.name = #variant_name, \
		.data = &__data_##fixture_name##_##variant_name, \
	}; \
	__attribute__((constructor)) static void \
	__register_##fixture_name##_##variant_name(void) \
	{ \
		__register_fixture_variant(&__fixture_##fixture_name, \
					   &__var_##fixture_name##_##variant_name); \
	} \
	static const struct __variant_##fixture_name __data_##fixture_name##_##variant_name =

#define FIXTURE_SETUP(fixture_name) \
	static void fixture_name##_setup( \
		struct __test_metadata *_metadata __attribute__((unused)), \
		FIXTURE_DATA(fixture_name) *self __attribute__((unused)), \
		const FIXTURE_VARIANT(fixture_name) *variant __attribute__((unused)))

#define FIXTURE_TEARDOWN(fixture_name) \
	static void fixture_name##_teardown( \
		struct __test_metadata *_metadata __attribute__((unused)), \
		FIXTURE_DATA(fixture_name) *self __attribute__((unused)), \
		const FIXTURE_VARIANT(fixture_name) *variant __attribute__((unused)))

#define TEST_F(fixture_name, test_name) \
	__TEST_F_IMPL(fixture_name, test_name, 0, TEST_TIMEOUT_DEFAULT)
#define TEST_F_SIGNAL(fixture_name, test_name, signal) \
	__TEST_F_IMPL(fixture_name, test_name, signal, TEST_TIMEOUT_DEFAULT)
#define TEST_F_TIMEOUT(fixture_name, test_name, seconds) \
	__TEST_F_IMPL(fixture_name, test_name, 0, seconds)

#define __TEST_F_IMPL(fixture_name, test_name, signal, seconds) \
	static void fixture_name##_##test_name( \
		struct __test_metadata *_metadata, FIXTURE_DATA(fixture_name) *self, \
		const FIXTURE_VARIANT(fixture_name) *variant); \
	static void __wrap_##fixture_name##_##test_name( \
		struct __test_metadata *_metadata, const void *variant) \
	{ \
		/* static: the values must outlive the jump */ \
		static FIXTURE_DATA(fixture_name) self; \
		\
		memset(&self, 0, sizeof(self)); \
		_metadata->setup_completed = false; \
		if (!setjmp(_metadata->env)) { \
			fixture_name##_setup(_metadata, &self, variant); \
			if (_metadata->results->failed || _metadata->results->skip) \
				return; \
			_metadata->setup_completed = true; \
			fixture_name##_##test_name(_metadata, &self, variant); \
		} \
		if (_metadata->setup_completed && !setjmp(_metadata->env)) \
			fixture_name##_teardown(_metadata, &self, variant); \
	} \
	static struct __test_metadata __object_##fixture_name##_##test_name = { \
		.name = #test_name, \
		.fixture = &__fixture_##fixture_name, \
		.fn = __wrap_##fixture_name##_##test_name, \
		.termsig = signal, \
		.timeout = seconds, \
	}; \
	__attribute__((constructor)) static void \
	__register_##fixture_name##_##test_name(void) \
	{ \
		__register_test(&__object_##fixture_name##_##test_name); \
	} \
	static void fixture_name##_##test_name( \
		struct __test_metadata *_metadata __attribute__((unused)), \
		FIXTURE_DATA(fixture_name) *self __attribute__((unused)), \
		const FIXTURE_VARIANT(fixture_name) *variant __attribute__((unused)))

/* --- comparisons --- */

static inline void __test_fail(struct __test_metadata *t)
{
	fflush(stdout);
	t->results->failed = true;
}

static inline int __test_bail(struct __test_metadata *t)
{
	longjmp(t->env, 1);
	return 0;
}

/* The user's block is the body of the loop, which runs once, on failure. */
#define __ON_FAILURE(assert) \
	for (int __trip = 1; __trip; \
	     __trip = (assert) ? __test_bail(_metadata) : 0)

#define __IS_SIGNED(x) ((__typeof__(x))-1 < (__typeof__(x))1)
#define __PRINT_VALUE(text, x, end) do { \
	if (__IS_SIGNED(x)) \
		printf("%s (%lld)" end, text, (long long)(intptr_t)(x)); \
	else \
		printf("%s (%llu)" end, text, (unsigned long long)(uintptr_t)(x)); \
} while (0)

/* An if without an else that swallows the user's block: failures fall through
 * to it, success takes the empty branch.
 */
#define __EXPECT(expected, seen, op, assert) \
	if (({ \
		__auto_type __exp = (expected); \
		__auto_type __seen = (seen); \
		bool __good = __exp op __seen; \
		if (!__good) { \
			printf("# %s:%d:%s: expected ", __FILE__, __LINE__, _metadata->name); \
			__PRINT_VALUE(#expected, __exp, " " #op " "); \
			__PRINT_VALUE(#seen, __seen, "\n"); \
			__test_fail(_metadata); \
		} \
		__good; \
	})) { } else __ON_FAILURE(assert)

#define __EXPECT_STR(expected, seen, op, assert) \
	if (({ \
		const char *__exp = (expected), *__seen = (seen); \
		bool __good = strcmp(__exp, __seen) op 0; \
		if (!__good) { \
			printf("# %s:%d:%s: expected '%s' " #op " '%s'\n", __FILE__, __LINE__, \
			       _metadata->name, __exp, __seen); \
			__test_fail(_metadata); \
		} \
		__good; \
	})) { } else __ON_FAILURE(assert)

#define EXPECT_EQ(e, s) __EXPECT(e, s, ==, 0)
#define EXPECT_NE(e, s) __EXPECT(e, s, !=, 0)
#define EXPECT_LT(e, s) __EXPECT(e, s, <, 0)
#define EXPECT_LE(e, s) __EXPECT(e, s, <=, 0)
#define EXPECT_GT(e, s) __EXPECT(e, s, >, 0)
#define EXPECT_GE(e, s) __EXPECT(e, s, >=, 0)
#define EXPECT_NULL(s) __EXPECT((const void *)NULL, (const void *)(s), ==, 0)
#define EXPECT_TRUE(s) __EXPECT(0, (s) ? 1 : 0, !=, 0)
#define EXPECT_FALSE(s) __EXPECT(0, (s) ? 1 : 0, ==, 0)
#define EXPECT_STREQ(e, s) __EXPECT_STR(e, s, ==, 0)
#define EXPECT_STRNE(e, s) __EXPECT_STR(e, s, !=, 0)

#define ASSERT_EQ(e, s) __EXPECT(e, s, ==, 1)
#define ASSERT_NE(e, s) __EXPECT(e, s, !=, 1)
#define ASSERT_LT(e, s) __EXPECT(e, s, <, 1)
#define ASSERT_LE(e, s) __EXPECT(e, s, <=, 1)
#define ASSERT_GT(e, s) __EXPECT(e, s, >, 1)
#define ASSERT_GE(e, s) __EXPECT(e, s, >=, 1)
#define ASSERT_NULL(s) __EXPECT((const void *)NULL, (const void *)(s), ==, 1)
#define ASSERT_TRUE(s) __EXPECT(0, (s) ? 1 : 0, !=, 1)
#define ASSERT_FALSE(s) __EXPECT(0, (s) ? 1 : 0, ==, 1)
#define ASSERT_STREQ(e, s) __EXPECT_STR(e, s, ==, 1)
#define ASSERT_STRNE(e, s) __EXPECT_STR(e, s, !=, 1)

/* --- the runner --- */

static inline void __test_full_name(char *buf, size_t size, const struct __test_metadata *t,
				    const struct __fixture_variant_metadata *v)
{
	snprintf(buf, size, "%s%s%s.%s", t->fixture->name, v->name ? "." : "",
		 v->name ? v->name : "", t->name);
}

static inline bool __test_wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return argc < 2;
}

/* The child could not say how it ended, so its status does. */
static inline void __test_judge(struct __test_metadata *t, const char *name, int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) != t->termsig) {
		printf("# %s: %s\n", name, WTERMSIG(status) == SIGALRM ? "time is over" :
		       strsignal(WTERMSIG(status)));
		t->results->failed = true;
	} else if (t->termsig && !t->results->skip && !WIFSIGNALED(status)) {
		printf("# %s: not ended by a signal\n", name);
		t->results->failed = true;
	} else if (WIFEXITED(status) && WEXITSTATUS(status)) {
		printf("# %s: exit status %d\n", name, WEXITSTATUS(status));
		t->results->failed = true;
	}
}

/* SELFTEST_SLOW: how many times as long a kernel takes that checks itself. */
static unsigned int __test_slow(void)
{
	const char *s = getenv("SELFTEST_SLOW");
	int n = s ? atoi(s) : 1;

	return n > 0 ? n : 1;
}

static inline bool __test_run(struct __test_metadata *t, unsigned int n,
			      const struct __fixture_variant_metadata *v)
{
	char name[256];
	int status = 0;
	pid_t pid;

	__test_full_name(name, sizeof(name), t, v);
	memset(t->results, 0, sizeof(*t->results));
	printf("#  RUN           %s ...\n", name);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		/* a group of its own, so that what it leaves behind goes too */
		setpgid(0, 0);
		alarm(t->timeout * __test_slow());
		t->fn(t, v->data);
		fflush(stdout);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		t->results->failed = true;
	else
		__test_judge(t, name, status);
	if (pid > 0)
		kill(-pid, SIGKILL);
	printf("%sok %u %s%s%s\n", t->results->failed ? "not " : "", n, name,
	       t->results->skip && !t->results->failed ? " # SKIP " : "",
	       t->results->skip && !t->results->failed ? t->results->reason : "");
	fflush(stdout);
	return !t->results->failed;
}

/* Call @each for what the arguments choose; returns how many. */
static inline unsigned int __test_each(int argc, char **argv, unsigned int *failed, bool run)
{
	static const struct __fixture_variant_metadata none;
	const struct __fixture_variant_metadata *v;
	struct __test_metadata *t;
	unsigned int n = 0;
	char name[256];

	for (t = __test_list; t; t = t->next) {
		for (v = t->fixture->variants ? t->fixture->variants : &none; v; v = v->next) {
			__test_full_name(name, sizeof(name), t, v);
			if (!__test_wanted(name, argc, argv))
				continue;
			n++;
			if (run)
				*failed += !__test_run(t, n, v);
			else if (failed)
				printf("%s\n", name);
		}
	}
	return n;
}

static inline int test_harness_run(int argc, char **argv)
{
	struct __test_results *shared;
	struct __test_metadata *t;
	unsigned int failed = 0;

	if (argc == 2 && !strcmp(argv[1], "-l"))
		return !__test_each(1, argv, &failed, false);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	for (t = __test_list; t; t = t->next)
		t->results = shared;
	printf("TAP version 13\n1..%u\n", __test_each(argc, argv, NULL, false));
	__test_each(argc, argv, &failed, true);
	munmap(shared, sizeof(*shared));
	return failed ? 1 : 0;
}

#define TEST_HARNESS_MAIN \
	int main(int argc, char **argv) \
	{ \
		return test_harness_run(argc, argv); \
	}

#endif /* KSELFTEST_HARNESS_H */
