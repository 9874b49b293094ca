// SPDX-License-Identifier: GPL-2.0
/*
 * harness_test - does kselftest_harness.h tell good from bad?
 *
 * A harness that cannot fail proves nothing, so the tests here run this program
 * again, on tests that must fail ("bad" in their name, left out of a plain
 * run), and read what it says.
 */

#include "../kselftest_harness.h"

static char *program;

/* Run this program on @name; its output in @buf; returns the exit status. */
static int run_self(const char *name, char *buf, size_t size)
{
	char command[512];
	size_t n;
	FILE *p;

	snprintf(command, sizeof(command), "HARNESS_BAD=1 '%s' %s 2>&1", program, name);
	p = popen(command, "r");
	if (!p)
		return -1;
	n = fread(buf, 1, size - 1, p);
	buf[n] = 0;
	return WEXITSTATUS(pclose(p));
}

/* In a plain run, take the tests that must fail off the list. */
static void drop_bad(void)
{
	struct __test_metadata **p = &__test_list;

	while (*p) {
		if (strstr((*p)->name, "_bad"))
			*p = (*p)->next;
		else
			p = &(*p)->next;
	}
}

FIXTURE(fix)
{
	int value;
	int extra;
};

FIXTURE_VARIANT(fix)
{
	int value;
};

FIXTURE_VARIANT_ADD(fix, one) { .value = 1 };
FIXTURE_VARIANT_ADD(fix, two) { .value = 2 };

FIXTURE_SETUP(fix)
{
	self->value = variant->value * 10;
}

FIXTURE_TEARDOWN(fix)
{
	if (self->extra == 7)
		printf("# teardown saw it\n");
}

TEST(comparisons)
{
	int hits = 0;

	EXPECT_EQ(1, 1) hits++;
	EXPECT_NE(1u, 2) hits++;
	EXPECT_LT(1, 2) hits++;
	EXPECT_GE(2ULL, 2) hits++;
	EXPECT_TRUE(hits == 0);
	EXPECT_NULL(NULL);
	EXPECT_STREQ("a", "a");
	ASSERT_STRNE("a", "b") { hits++; }
	ASSERT_EQ(0, hits);
}

TEST_F(fix, variant_reaches_setup)
{
	ASSERT_EQ(variant->value * 10, self->value);
}

TEST_SIGNAL(signal_is_expected, SIGABRT)
{
	abort();
}

TEST(expect_bad)
{
	int hits = 0;

	EXPECT_EQ(1, 2) hits++;
	EXPECT_LT(2, 1) { hits++; }
	TH_LOG("hits %d", hits);
}

TEST(assert_bad)
{
	ASSERT_EQ(-1, 2) TH_LOG("block ran");
	TH_LOG("went on");
}

TEST_F(fix, teardown_bad)
{
	self->extra = 7;
	ASSERT_EQ(1, 2);
}

TEST(crash_bad)
{
	raise(SIGSEGV);
}

TEST(skip_bad)
{
	SKIP(return, "because of %d", 42);
}

TEST(failures_are_seen)
{
	char buf[8192];

	EXPECT_EQ(1, run_self("expect_bad", buf, sizeof(buf)));
	EXPECT_NE(NULL, strstr(buf, "not ok 1 global.expect_bad"));
	EXPECT_NE(NULL, strstr(buf, "hits 2")) TH_LOG("%s", buf);

	EXPECT_EQ(1, run_self("assert_bad", buf, sizeof(buf)));
	EXPECT_NE(NULL, strstr(buf, "block ran"));
	EXPECT_NE(NULL, strstr(buf, "expected -1 (-1) == 2 (2)"));
	EXPECT_EQ(NULL, strstr(buf, "went on"));

	EXPECT_EQ(1, run_self("teardown_bad", buf, sizeof(buf)));
	EXPECT_NE(NULL, strstr(buf, "teardown saw it"));
	EXPECT_NE(NULL, strstr(buf, "not ok 2 fix.two.teardown_bad"));

	EXPECT_EQ(1, run_self("crash_bad", buf, sizeof(buf)));
	EXPECT_NE(NULL, strstr(buf, "not ok 1 global.crash_bad"));

	EXPECT_EQ(0, run_self("skip_bad", buf, sizeof(buf)));
	EXPECT_NE(NULL, strstr(buf, "ok 1 global.skip_bad # SKIP because of 42"));
}

int main(int argc, char **argv)
{
	program = argv[0];
	if (!getenv("HARNESS_BAD"))
		drop_bad();
	return test_harness_run(argc, argv);
}
