// SPDX-License-Identifier: GPL-2.0
/*
 * Plugin of QEMU: how many instructions ran at each address, exactly.
 *
 *	-plugin insns.so,out=FILE
 *
 * A translated block has one counter; all its instructions count for its first address,
 * which is right to the function since a block ends with the first jump or call. A program
 * whose only block is at MARK (mark.S) begins the count, another at MARK + 4096 ends it and
 * writes FILE: address and instructions, a line each, in hexadecimal and decimal.
 *
 * One processor only: counters are not atomic.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_plugin.h"

#define MARK	0x51530000ULL
#define MARK_END	(MARK + 4096)
#define BUCKETS	(1 << 16)

/* Blocks at one address and of one length share an entry, however often translated. */
struct block {
	struct block *next;
	uint64_t addr;
	uint64_t insns;
	uint64_t runs;
};

static struct block *blocks[BUCKETS];
static const char *out_path;
static int counting;

static struct block *block_of(uint64_t addr, uint64_t insns)
{
	struct block **head = &blocks[(addr * 0x9e3779b97f4a7c15ULL) >> 48], *b;

	for (b = *head; b; b = b->next)
		if (b->addr == addr && b->insns == insns)
			return b;
	b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	b->addr = addr;
	b->insns = insns;
	b->next = *head;
	*head = b;
	return b;
}

static void begin(void)
{
	struct block *b;
	int i;

	for (i = 0; i < BUCKETS; i++)
		for (b = blocks[i]; b; b = b->next)
			b->runs = 0;
	counting = 1;
}

static void end(void)
{
	FILE *f = counting ? fopen(out_path, "w") : NULL;
	struct block *b;
	int i;

	counting = 0;
	if (!f)
		return;
	for (i = 0; i < BUCKETS; i++)
		for (b = blocks[i]; b; b = b->next)
			if (b->runs)
				fprintf(f, "%" PRIx64 " %" PRIu64 "\n", b->addr,
					b->insns * b->runs);
	fclose(f);
}

static void ran(unsigned int cpu, void *data)
{
	struct block *b = data;

	(void)cpu;
	b->runs++;
	if (b->addr == MARK)
		begin();
	else if (b->addr == MARK_END)
		end();
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, ran, 0,
					     block_of(qemu_plugin_tb_vaddr(tb),
						      qemu_plugin_tb_n_insns(tb)));
}

int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "insns: -plugin insns.so,out=FILE\n");
		return -1;
	}
	out_path = argv[0] + 4;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
