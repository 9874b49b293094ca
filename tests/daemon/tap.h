/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TAP in one header: a test program is a list of functions; each prints one
 * "ok" or "not ok" line. CHECK() reports the place, fails the test it is in
 * and returns from the function.
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct tap_test {
	const char *name;
	void (*run)(void);
};

extern bool tap_failed;

#define TAP_TEST(fn) { #fn, fn }

#define CHECK(cond) do {						\
	if (!(cond)) {							\
		printf("# %s:%d: CHECK(%s)\n", __FILE__, __LINE__,	\
		       #cond);						\
		tap_failed = true;					\
		return;							\
	}								\
} while (0)

#define CHECK_INT(a, b) do {						\
	long long tap_a = (long long)(a), tap_b = (long long)(b);	\
	if (tap_a != tap_b) {						\
		printf("# %s:%d: %s is %lld, expected %lld\n",		\
		       __FILE__, __LINE__, #a, tap_a, tap_b);		\
		tap_failed = true;					\
		return;							\
	}								\
} while (0)

#define TAP_MAIN(setup, teardown, ...)					\
bool tap_failed;							\
int main(void)								\
{									\
	static const struct tap_test tests[] = { __VA_ARGS__ };		\
	const size_t n = sizeof(tests) / sizeof(tests[0]);		\
	int failures = 0;						\
									\
	setvbuf(stdout, NULL, _IOLBF, 0);				\
	printf("TAP version 13\n1..%zu\n", n);				\
	setup();							\
	for (size_t i = 0; i < n; i++) {				\
		tap_failed = false;					\
		tests[i].run();						\
		failures += tap_failed;					\
		printf("%sok %zu %s\n", tap_failed ? "not " : "",	\
		       i + 1, tests[i].name);				\
	}								\
	teardown();							\
	return failures ? 1 : 0;					\
}

#endif /* TAP_H */
