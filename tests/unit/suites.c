// SPDX-License-Identifier: GPL-2.0
/*
 * The list of suites, for whatever runs them: the build gives UNIT_SUITES, a
 * UNIT_EACH(name) for each file name_test.c.
 */
#include "unit.h"

#define UNIT_EACH(suite)	extern const struct unit_suite unit_suite_##suite;
UNIT_SUITES
#undef UNIT_EACH

#define UNIT_EACH(suite)	&unit_suite_##suite,
const struct unit_suite *const unit_suites[] = { UNIT_SUITES NULL };
