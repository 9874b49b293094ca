// SPDX-License-Identifier: GPL-2.0
/*
 * The part of the fuzz targets that knows neither the core nor the daemon.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/*
 * ASan keeps freed memory apart for a while. A run frees a few MiB at most; with
 * the usual 256, each finds cold pages and takes half as long again.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=4:thread_local_quarantine_size_kb=64:malloc_context_size=10";
}

void fuzz_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

uint64_t fuzz_random(struct fuzz_dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

uint64_t fuzz_number(struct fuzz_dice *d)
{
	uint64_t max = (1ULL << 62) - 1, v;

	switch (fuzz_below(d, 4)) {
	case 0:
		v = fuzz_below(d, 8);
		break;
	case 1:
		v = fuzz_below(d, 2000);
		break;
	case 2:
		v = (1ULL << fuzz_below(d, 63)) + fuzz_below(d, 5) - 2;
		break;
	default:
		v = fuzz_random(d) >> fuzz_below(d, 64);
		break;
	}
	return v & max;
}

size_t fuzz_insert(uint8_t *data, size_t size, size_t max, size_t at,
		   const uint8_t *what, size_t n)
{
	if (n > max || size > max - n || at > size)
		return size;
	memmove(data + at + n, data + at, size - at);
	memcpy(data + at, what, n);
	return size + n;
}

size_t fuzz_cut(uint8_t *data, size_t size, size_t from, size_t to)
{
	memmove(data + from, data + to, size - to);
	return size - (to - from);
}
