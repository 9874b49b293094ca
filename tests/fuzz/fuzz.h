/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the fuzz targets share: reading an input, saying what is wrong, and
 * mutating inputs that are lists of records.
 *
 * A target is a file with LLVMFuzzerTestOneInput(). It is linked to libFuzzer
 * by clang, and to plain.c by gcc, which only replays. The same input does the
 * same in every run and in both.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer's: mutate in place, any of its ways. Return: new size. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);

/**
 * struct fuzz_in - what is left of an input
 * @p: next byte
 * @end: one past the last
 */
struct fuzz_in {
	const uint8_t *p;
	const uint8_t *end;
};

static inline size_t fuzz_left(const struct fuzz_in *in)
{
	return in->end - in->p;
}

/* The next byte; 0 when there is none. */
static inline uint8_t fuzz_u8(struct fuzz_in *in)
{
	return in->p < in->end ? *in->p++ : 0;
}

/* The next @n bytes, big-endian, as if zeros followed the input. */
static inline uint64_t fuzz_be(struct fuzz_in *in, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | fuzz_u8(in);
	return v;
}

/* Up to @len bytes where they lie. Return: how many there are. */
static inline size_t fuzz_take(struct fuzz_in *in, size_t len, const uint8_t **p)
{
	size_t n = len < fuzz_left(in) ? len : fuzz_left(in);

	*p = in->p;
	in->p += n;
	return n;
}

/* Say what is wrong and die, which is how a fuzzer hears of it. */
__attribute__((noreturn))
void fuzz_fail(const char *file, int line, const char *what);

#define FUZZ_CHECK(cond) \
	((cond) ? (void)0 : fuzz_fail(__FILE__, __LINE__, "expected " #cond))

/* For functions that return NULL or the rule that is broken. */
#define FUZZ_NULL(call) do {						\
	const char *__wrong = (call);					\
	if (__wrong)							\
		fuzz_fail(__FILE__, __LINE__, __wrong);			\
} while (0)

/* Dice of a mutator, seeded by libFuzzer. */
struct fuzz_dice {
	uint64_t state;
};

uint64_t fuzz_random(struct fuzz_dice *d);

static inline unsigned int fuzz_below(struct fuzz_dice *d, unsigned int n)
{
	return fuzz_random(d) % n;
}

/* A number of up to 62 bits: small, or next to a power of two, or any. */
uint64_t fuzz_number(struct fuzz_dice *d);

/* Put @n bytes @what in at @at. Return: new size, @size when there is no room. */
size_t fuzz_insert(uint8_t *data, size_t size, size_t max, size_t at,
		   const uint8_t *what, size_t n);

/* Take bytes [@from, @to) out. Return: new size. */
size_t fuzz_cut(uint8_t *data, size_t size, size_t from, size_t to);

#endif /* FUZZ_H */
