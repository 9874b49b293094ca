// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the suites in userspace and prints TAP without numbers: run.sh numbers
 * the streams of several binaries as one.
 *
 *	unit [-p PREFIX] [-l] [PATTERN]
 *
 * PATTERN is a part of "suite.case"; -l lists; PREFIX stands before each name.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "unit.h"

void unit_log(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static int run_case(const struct unit_suite *s, const struct unit_case *c,
		    const char *prefix, const char *pattern, int list)
{
	char name[256];
	u32 failures;

	snprintf(name, sizeof(name), "%s.%s", s->name, c->name);
	if (pattern && !strstr(name, pattern))
		return 0;
	if (list) {
		puts(name);
		return 0;
	}
	failures = unit_run(s, c);
	printf("%sok - %s%s\n", failures ? "not " : "", prefix, name);
	fflush(stdout);
	return failures != 0;
}

int main(int argc, char **argv)
{
	const struct unit_suite *const *s;
	const char *prefix = "";
	int list = 0, failed = 0, opt;
	u32 i;

	while ((opt = getopt(argc, argv, "p:l")) != -1) {
		if (opt == 'p')
			prefix = optarg;
		else if (opt == 'l')
			list = 1;
		else
			return 2;
	}
	for (s = unit_suites; *s; s++) {
		for (i = 0; i < (*s)->n; i++)
			failed += run_case(*s, &(*s)->cases[i], prefix,
					   argv[optind], list);
	}
	return failed ? 1 : 0;
}
