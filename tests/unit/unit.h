/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small harness for tests that run in userspace and, unchanged, in a kernel
 * module: everything a test may use is what kmod/core uses, and this.
 *
 * A file x_test.c ends with UNIT_SUITE(x, cases): the build makes the list of
 * suites from the file names. Big buffers are static, not on the stack: tests
 * run one at a time and a kernel stack is small.
 */
#ifndef UNIT_H
#define UNIT_H

#include "../../kmod/core/types.h"

/*
 * UNIT_ROUNDS() - how often a long case goes round: the kernel that runs it may be
 * under an emulator, and userspace does them all.
 * unit_breath() - every loop comes by: where nobody else would run until the test
 * is over, let them.
 */
#ifdef __KERNEL__
#include <linux/kconfig.h>
#include <linux/sched.h>
#define UNIT_ROUNDS(n)	DIV_ROUND_UP(n, IS_ENABLED(CONFIG_KASAN) ? 50 : 10)
#define unit_breath()	cond_resched()
#else
#define UNIT_ROUNDS(n)	(n)
#define unit_breath()	do {} while (0)
#endif

/**
 * struct unit - a test while it runs
 * @suite: name
 * @name: name of the case
 * @failures: failed expectations so far
 * @rnd: state of unit_rand(), seeded by the names: the same in every run
 */
struct unit {
	const char *suite;
	const char *name;
	u32 failures;
	u64 rnd[4];
};

struct unit_case {
	const char *name;
	void (*run)(struct unit *t);
};

struct unit_suite {
	const char *name;
	const struct unit_case *cases;
	u32 n;
};

#define UNIT_CASE(fn)	{ #fn, fn }
#define UNIT_SUITE(suite, list)						\
	extern const struct unit_suite unit_suite_##suite;		\
	const struct unit_suite unit_suite_##suite = {			\
		#suite, list, ARRAY_SIZE(list),				\
	}

/* Filled by the build: every suite, then NULL. */
extern const struct unit_suite *const unit_suites[];

/**
 * unit_run - run one case
 * @suite: its suite
 * @c: the case
 *
 * Also fails when objects of the core are left behind.
 *
 * Return: number of failures.
 */
u32 unit_run(const struct unit_suite *suite, const struct unit_case *c);

/* Pseudo-random numbers: any, below @n (not 0), @len bytes. */
u64 unit_rand(struct unit *t);
u64 unit_below(struct unit *t, u64 n);
void unit_bytes(struct unit *t, void *buf, size_t len);

/* A number with a random count of bits, 0 to @bits: small ones are as frequent. */
u64 unit_rand_bits(struct unit *t, u32 bits);

/* Provided by the host: one line of output. */
__attribute__((__format__(__printf__, 1, 2)))
void unit_log(const char *fmt, ...);

void unit_fail(struct unit *t, const char *file, int line, const char *what);
void unit_fail_cmp(struct unit *t, const char *file, int line, const char *what,
		   u64 a, u64 b);

#define EXPECT(t, cond) ({						\
	bool __ok = !!(cond);						\
	if (unlikely(!__ok))						\
		unit_fail(t, __FILE__, __LINE__, #cond);		\
	__ok; })

#define __UNIT_CMP(t, a, op, b) ({					\
	__typeof__(a) __va = (a);					\
	__typeof__(b) __vb = (b);					\
	bool __ok = __va op __vb;					\
	if (unlikely(!__ok))						\
		unit_fail_cmp(t, __FILE__, __LINE__,			\
			      #a " " #op " " #b, __va, __vb);		\
	__ok; })

/* Values are shown as u64: cast what is signed and of another size. */
#define EXPECT_EQ(t, a, b)	__UNIT_CMP(t, (u64)(a), ==, (u64)(b))
#define EXPECT_NE(t, a, b)	__UNIT_CMP(t, (u64)(a), !=, (u64)(b))
#define EXPECT_LE(t, a, b)	__UNIT_CMP(t, (u64)(a), <=, (u64)(b))
#define EXPECT_LT(t, a, b)	__UNIT_CMP(t, (u64)(a), <, (u64)(b))
#define EXPECT_GE(t, a, b)	__UNIT_CMP(t, (u64)(a), >=, (u64)(b))
#define EXPECT_GT(t, a, b)	__UNIT_CMP(t, (u64)(a), >, (u64)(b))
#define EXPECT_MEM_EQ(t, a, b, len) EXPECT(t, !memcmp(a, b, len))
#define EXPECT_STR_EQ(t, a, b)	EXPECT(t, !strcmp(a, b))

/* a within b plus or minus permille thousandths of b, and at least slack */
#define EXPECT_NEAR(t, a, b, permille, slack) ({			\
	u64 __na = (a), __nb = (b);					\
	u64 __tol = __nb / 1000 * (permille) +				\
		    __nb % 1000 * (permille) / 1000 + (slack);		\
	bool __ok = (__na > __nb ? __na - __nb : __nb - __na) <= __tol;	\
	if (unlikely(!__ok))						\
		unit_fail_cmp(t, __FILE__, __LINE__, #a " near " #b, __na, __nb); \
	__ok; })

/* The same, but end the test (a void function) when it does not hold. */
#define ASSERT(t, cond)		do { if (!EXPECT(t, cond)) return; } while (0)
#define ASSERT_EQ(t, a, b)	do { if (!EXPECT_EQ(t, a, b)) return; } while (0)
#define ASSERT_NE(t, a, b)	do { if (!EXPECT_NE(t, a, b)) return; } while (0)
#define ASSERT_LE(t, a, b)	do { if (!EXPECT_LE(t, a, b)) return; } while (0)
#define ASSERT_GE(t, a, b)	do { if (!EXPECT_GE(t, a, b)) return; } while (0)

#endif /* UNIT_H */
