// SPDX-License-Identifier: GPL-2.0
/*
 * pcap_scan - is any of a file in the clear in a capture?
 *
 *	pcap_scan FILE CAPTURE
 *
 * Looks in CAPTURE, all of its bytes whatever its format is, for every block of
 * 16 bytes at a multiple of 16 of FILE, at any offset: a filter of 2^24 bits over
 * the first 8 bytes of the blocks, and a hash table behind it. FILE should be
 * random; blocks of one repeated byte are left out, as padding would match them.
 *
 * Exit status: 0 nothing found, 1 found (it says where), 2 cannot say.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define BLOCK		16
#define FILTER_BITS	24

static uint8_t filter[1 << (FILTER_BITS - 3)];
static uint32_t *table;		/* block number + 1, 0 free */
static uint64_t table_mask;

static const uint8_t *map(const char *path, size_t *len)
{
	struct stat st;
	void *p;
	int fd;

	fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		err(2, "%s", path);
	*len = st.st_size;
	if (*len < BLOCK)
		errx(2, "%s: too short", path);
	p = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		err(2, "%s", path);
	return p;
}

static uint64_t hash(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	x *= 0x9e3779b97f4a7c15ULL;
	return x ^ x >> 32;
}

static int boring(const uint8_t *p)
{
	return !memcmp(p, p + 1, BLOCK - 1);
}

static void learn(const uint8_t *file, size_t blocks)
{
	uint64_t i, h, slot;

	for (table_mask = 1024; table_mask < 2 * blocks; table_mask *= 2)
		;
	table = calloc(table_mask, sizeof(*table));
	if (!table)
		err(2, "memory");
	table_mask--;
	for (i = 0; i < blocks; i++) {
		if (boring(file + i * BLOCK))
			continue;
		h = hash(file + i * BLOCK);
		filter[(h >> 3) & (sizeof(filter) - 1)] |= 1 << (h & 7);
		for (slot = h >> 7 & table_mask; table[slot]; slot = (slot + 1) & table_mask)
			;
		table[slot] = i + 1;
	}
}

/* Return: number of the block that stands at @p, or -1. */
static int64_t find(const uint8_t *file, const uint8_t *p)
{
	uint64_t h = hash(p), slot;

	if (!(filter[(h >> 3) & (sizeof(filter) - 1)] & 1 << (h & 7)))
		return -1;
	for (slot = h >> 7 & table_mask; table[slot]; slot = (slot + 1) & table_mask)
		if (!memcmp(file + (uint64_t)(table[slot] - 1) * BLOCK, p, BLOCK))
			return table[slot] - 1;
	return -1;
}

int main(int argc, char **argv)
{
	size_t file_len, cap_len, i;
	const uint8_t *file, *cap;
	int64_t block;

	if (argc != 3)
		errx(2, "usage: pcap_scan FILE CAPTURE");
	file = map(argv[1], &file_len);
	cap = map(argv[2], &cap_len);
	learn(file, file_len / BLOCK);
	for (i = 0; i + BLOCK <= cap_len; i++) {
		block = find(file, cap + i);
		if (block < 0)
			continue;
		printf("block %lld of %s stands in the clear at offset %zu of %s\n",
		       (long long)block, argv[1], i, argv[2]);
		return 1;
	}
	printf("%zu blocks of %s looked for at %zu offsets of %s: none\n",
	       file_len / BLOCK, argv[1], i, argv[2]);
	return 0;
}
