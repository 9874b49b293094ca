/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bpf_asm.h - BPF programs put together by hand, and loaded with bpf(2): a few
 * instructions are less than a compiler and a library that a guest must have.
 */
#ifndef BPF_ASM_H
#define BPF_ASM_H

#include <fcntl.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INSN(c, d, s, o, i) \
	((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })

#define MOV_IMM(d, i)		INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define MOV_REG(d, s)		INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define ADD_IMM(d, i)		INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define LOAD(size, d, s, o)	INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STORE(size, d, s, o)	INSN(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define STORE_IMM(size, d, o, i) INSN(BPF_ST | BPF_MEM | (size), d, 0, o, i)
#define ATOMIC_ADD(d, s, o)	INSN(BPF_STX | BPF_ATOMIC | BPF_DW, d, s, o, BPF_ADD)
#define JEQ_IMM(d, i, o)	INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, i)
#define JNE_IMM(d, i, o)	INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, i)
#define CALL(f)			INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT()			INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define LOAD_MAP(d, fd) \
	INSN(BPF_LD | BPF_DW | BPF_IMM, d, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)

/* Add one to the counter @fd; r0 to r5 are lost. */
#define COUNT(fd) \
	STORE_IMM(BPF_W, 10, -4, 0), \
	MOV_REG(2, 10), ADD_IMM(2, -4), \
	LOAD_MAP(1, fd), CALL(BPF_FUNC_map_lookup_elem), \
	JEQ_IMM(0, 0, 2), MOV_IMM(1, 1), ATOMIC_ADD(0, 1, 0)

static inline long bpf_call(int cmd, union bpf_attr *attr)
{
	return syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

/* A map of one number. */
static inline int bpf_counter(void)
{
	union bpf_attr a = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1,
	};

	return bpf_call(BPF_MAP_CREATE, &a);
}

static inline uint64_t bpf_count(int fd)
{
	uint64_t value = 0;
	uint32_t key = 0;
	union bpf_attr a = { };

	a.map_fd = fd;
	a.key = (uintptr_t)&key;
	a.value = (uintptr_t)&value;
	bpf_call(BPF_MAP_LOOKUP_ELEM, &a);
	return value;
}

/* What the verifier says goes to stdout, as TAP comments may. */
static inline int bpf_load_btf(int type, int attach, uint32_t btf_id,
			       const struct bpf_insn *insns, size_t n)
{
	static char log[65536];
	union bpf_attr a = { };
	int fd;

	a.prog_type = type;
	a.expected_attach_type = attach;
	a.attach_btf_id = btf_id;
	a.insns = (uintptr_t)insns;
	a.insn_cnt = n;
	a.license = (uintptr_t)"GPL";
	a.log_buf = (uintptr_t)log;
	a.log_size = sizeof(log);
	a.log_level = 1;
	fd = bpf_call(BPF_PROG_LOAD, &a);
	if (fd < 0)
		printf("# bpf: %m: %.2000s\n", log);
	return fd;
}

#define BPF_LOAD(type, attach, insns) \
	bpf_load_btf(type, attach, 0, insns, sizeof(insns) / sizeof(*(insns)))

static inline int bpf_attach(int prog, int target, int type)
{
	union bpf_attr a = { };

	a.target_fd = target;
	a.attach_bpf_fd = prog;
	a.attach_type = type;
	a.attach_flags = BPF_F_ALLOW_MULTI;
	return bpf_call(BPF_PROG_ATTACH, &a);
}

static inline int bpf_detach(int prog, int target, int type)
{
	union bpf_attr a = { };

	a.target_fd = target;
	a.attach_bpf_fd = prog;
	a.attach_type = type;
	return bpf_call(BPF_PROG_DETACH, &a);
}

/* --- the kernel's types --- */

struct btf {
	uint8_t *data;
	uint32_t types, types_end;	/* offsets in @data */
	const char *strings;
};

struct btf_head {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len, type_off, type_len, str_off, str_len;
};

struct btf_rec {
	uint32_t name, info, size;
};

/* Return: 0, -1 this kernel has none. */
static inline int btf_open(struct btf *b)
{
	size_t room = 32 << 20, len = 0;
	const struct btf_head *h;
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	b->data = malloc(room);
	while ((n = read(fd, b->data + len, room - len)) > 0)
		len += n;
	close(fd);
	h = (const void *)b->data;
	if (len < sizeof(*h) || h->magic != 0xeb9f)
		return -1;
	b->types = h->hdr_len + h->type_off;
	b->types_end = b->types + h->type_len;
	b->strings = (const char *)b->data + h->hdr_len + h->str_off;
	return 0;
}

static inline uint32_t btf_extra(uint32_t kind, uint32_t vlen)
{
	switch (kind) {
	case 1: case 14: case 17:	/* INT, VAR, DECL_TAG */
		return 4;
	case 3:				/* ARRAY */
		return 12;
	case 4: case 5: case 15: case 19:	/* STRUCT, UNION, DATASEC, ENUM64 */
		return 12 * vlen;
	case 6: case 13:		/* ENUM, FUNC_PROTO */
		return 8 * vlen;
	}
	return 0;
}

/* The type of this kind (4 STRUCT, 12 FUNC) and name. Return: its number, 0 none. */
static inline uint32_t btf_find(const struct btf *b, uint32_t kind, const char *name,
				const struct btf_rec **rec)
{
	uint32_t off = b->types, id = 1, k;

	for (; off < b->types_end; id++) {
		*rec = (const void *)(b->data + off);
		k = (*rec)->info >> 24 & 0x1f;
		if (k == kind && !strcmp(b->strings + (*rec)->name, name))
			return id;
		off += sizeof(**rec) + btf_extra(k, (*rec)->info & 0xffff);
	}
	return 0;
}

/* Bytes to a member of a structure; -1 there is none. */
static inline int btf_member(const struct btf *b, const char *type, const char *member)
{
	const struct btf_rec *rec;
	const uint32_t *m;
	uint32_t i;

	if (!btf_find(b, 4, type, &rec))
		return -1;
	m = (const uint32_t *)(rec + 1);
	for (i = 0; i < (rec->info & 0xffff); i++, m += 3)
		if (!strcmp(b->strings + m[0], member))
			return (m[2] & 0xffffff) / 8;
	return -1;
}

#endif /* BPF_ASM_H */
