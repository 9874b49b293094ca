/* SPDX-License-Identifier: GPL-2.0 */
/*
 * quic_test.h - for QUIC selftests in C: harness, sockets, environment.
 *
 * A test ends with QUIC_TEST_MAIN: run without environment it starts itself
 * again under with_env.sh, which loads quicsock.ko and starts quicd.
 */
#ifndef QUIC_TEST_H
#define QUIC_TEST_H

#include "quic_sock.h"
#include "../kselftest_harness.h"

static inline void quic_env(char **argv)
{
	char *args[64] = { QUIC_DIR "/with_env.sh" };
	int i;

	if (getenv("QUIC_ENV"))
		return;
	for (i = 0; i < 62 && argv[i]; i++)
		args[i + 1] = argv[i];
	execv(args[0], args);
	perror(args[0]);
	exit(1);
}

#define QUIC_TEST_MAIN \
	int main(int argc, char **argv) \
	{ \
		quic_env(argv); \
		return test_harness_run(argc, argv); \
	}

#endif /* QUIC_TEST_H */
