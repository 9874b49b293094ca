// SPDX-License-Identifier: GPL-2.0
/*
 * A fuzz target without a fuzzer: replays inputs, or writes a stored corpus out
 * as files for one.
 *
 *	NAME FILE...		run each file as one input; FILE.hex: each line
 *	NAME -d DIR FILE.hex	write each line as a file of DIR
 *
 * A corpus is text, one input per line in hexadecimal, "#" starts a comment.
 */
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define MAX_INPUT	65536

static uint8_t input[MAX_INPUT];
static char line[2 * MAX_INPUT + 2];
static const char *at_file;
static unsigned int at_line;

/* A mutator needs it, and nobody mutates here. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
	return size;
}

static void on_signal(int sig)
{
	fprintf(stderr, "%s:%u: the input that did it\n", at_file, at_line);
	signal(sig, SIG_DFL);
	raise(sig);
}

/* An input in memory of exactly its size, so that a sanitizer sees its ends. */
static void run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		exit(2);
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void store(const char *dir, const uint8_t *data, size_t size)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%04u", dir, at_line);
	f = fopen(path, "wb");
	if (!f || fwrite(data, 1, size, f) != size || fclose(f)) {
		perror(path);
		exit(2);
	}
}

static unsigned int digit(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* Return: bytes in @input, or -1: a line without an input. */
static int parse_line(void)
{
	int n = 0;
	char *p;

	line[strcspn(line, "#\n")] = '\0';
	for (p = line; isxdigit(p[0]) && isxdigit(p[1]); p += 2)
		input[n++] = digit(p[0]) << 4 | digit(p[1]);
	p += strspn(p, " \t");
	if (*p) {
		fprintf(stderr, "%s:%u: not hexadecimal\n", at_file, at_line);
		exit(2);
	}
	return n ? n : -1;
}

static unsigned int each_line(FILE *f, const char *dir)
{
	unsigned int inputs = 0;
	int n;

	for (at_line = 1; fgets(line, sizeof(line), f); at_line++) {
		n = parse_line();
		if (n < 0)
			continue;
		inputs++;
		if (dir)
			store(dir, input, n);
		else
			run(input, n);
	}
	return inputs;
}

static unsigned int each(const char *name, const char *dir)
{
	size_t len = strlen(name);
	unsigned int n = 1;
	FILE *f = fopen(name, "rb");

	if (!f) {
		perror(name);
		exit(2);
	}
	at_file = name;
	at_line = 0;
	if (len > 4 && !strcmp(name + len - 4, ".hex"))
		n = each_line(f, dir);
	else
		run(input, fread(input, 1, sizeof(input), f));
	fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	const char *dir = NULL;
	unsigned int inputs = 0;
	int opt;

	while ((opt = getopt(argc, argv, "d:")) != -1) {
		if (opt != 'd')
			return 2;
		dir = optarg;
	}
	signal(SIGABRT, on_signal);
	signal(SIGSEGV, on_signal);
	signal(SIGFPE, on_signal);
	signal(SIGILL, on_signal);
	for (; optind < argc; optind++)
		inputs += each(argv[optind], dir);
	printf("%u inputs\n", inputs);
	return inputs ? 0 : 2;
}
