// SPDX-License-Identifier: GPL-2.0
/*
 * The unit tests of kmod/core as suites of KUnit: quicsock_test.ko on a kernel
 * that has it. Elsewhere ktap.c takes this file's place; it says what the module is
 * made of.
 *
 * Loading the module runs them; the results are in the kernel's log and in
 * /sys/kernel/debug/kunit/quicsock_SUITE/results. KUnit wants a table of cases
 * that ends with an empty one for each suite: they are filled in from
 * unit_suites before it looks, which is when the module is live.
 */
#include <linux/kconfig.h>
#if IS_ENABLED(CONFIG_KUNIT)

#include <kunit/test.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "../../tests/unit/unit.h"

static const struct unit_suite *kunit_suite_now;
static struct kunit *kunit_now;

void unit_log(const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list ap;

	va_start(ap, fmt);
	vaf.va = &ap;
	kunit_info(kunit_now, "%pV", &vaf);
	va_end(ap);
}

/* KUnit runs one suite at a time and tells which, but not a case its suite. */
static int kunit_enter(struct kunit_suite *suite)
{
	const char *name = strchr(suite->name, '_') + 1;
	u32 i;

	for (i = 0; unit_suites[i]; i++) {
		if (strcmp(unit_suites[i]->name, name))
			continue;
		kunit_suite_now = unit_suites[i];
		return 0;
	}
	return -ENOENT;
}

static void kunit_case_run(struct kunit *test)
{
	const struct unit_suite *s = kunit_suite_now;
	u32 i;

	for (i = 0; i < s->n && strcmp(s->cases[i].name, test->name); i++)
		;
	KUNIT_ASSERT_LT(test, i, s->n);
	kunit_now = test;
	KUNIT_EXPECT_EQ(test, unit_run(s, &s->cases[i]), 0);
	kunit_now = NULL;
}

#define UNIT_EACH(suite)						\
	static struct kunit_suite kunit_suite_##suite = {		\
		.name = "quicsock_" #suite,				\
		.suite_init = kunit_enter,				\
	};
UNIT_SUITES
#undef UNIT_EACH

/* In the order of unit_suites: both come from one list. */
#define UNIT_EACH(suite)	&kunit_suite_##suite,
static struct kunit_suite *const kunit_list[] = { UNIT_SUITES };
kunit_test_suites(UNIT_SUITES);
#undef UNIT_EACH

static void kunit_free(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(kunit_list); i++)
		kfree(kunit_list[i]->test_cases);
}

static int __init kunit_fill(void)
{
	const struct unit_suite *s;
	struct kunit_case *cases;
	u32 i, j;

	for (i = 0; i < ARRAY_SIZE(kunit_list); i++) {
		s = unit_suites[i];
		cases = kcalloc(s->n + 1, sizeof(*cases), GFP_KERNEL);
		if (!cases) {
			kunit_free();
			return -ENOMEM;
		}
		for (j = 0; j < s->n; j++) {
			cases[j].run_case = kunit_case_run;
			cases[j].name = s->cases[j].name;
		}
		kunit_list[i]->test_cases = cases;
	}
	return 0;
}

module_init(kunit_fill);
module_exit(kunit_free);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Unit tests of quicsock's protocol core");

#endif /* KUNIT */
