// SPDX-License-Identifier: GPL-2.0
/*
 * The part of the harness that is the same in userspace and in the kernel.
 *
 * Random numbers are xoshiro256** seeded from the names of suite and case: a
 * failure comes back in every run and on every machine.
 */
#include "unit.h"
#include "../shim/shim_host.h"

#define UNIT_MAX_LINES	20	/* of diagnostics per case */

static u64 unit_mix(u64 *x)
{
	u64 z = *x += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static u64 unit_hash(u64 h, const char *s)
{
	while (*s)
		h = (h ^ (u8)*s++) * 0x100000001b3ULL;
	return h;
}

static void unit_seed(struct unit *t)
{
	u64 x = unit_hash(unit_hash(0xcbf29ce484222325ULL, t->suite), t->name);
	u32 i;

	for (i = 0; i < 4; i++)
		t->rnd[i] = unit_mix(&x);
}

static u64 unit_rol(u64 v, u32 n)
{
	return v << n | v >> (64 - n);
}

u64 unit_rand(struct unit *t)
{
	u64 *s = t->rnd;
	u64 result = unit_rol(s[1] * 5, 7) * 9;
	u64 x = s[1] << 17;

	unit_breath();
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= x;
	s[3] = unit_rol(s[3], 45);
	return result;
}

u64 unit_below(struct unit *t, u64 n)
{
	u64 rem;

	div64_u64_rem(unit_rand(t), n, &rem);
	return rem;
}

u64 unit_rand_bits(struct unit *t, u32 bits)
{
	u32 n = unit_below(t, bits + 1);

	return n ? unit_rand(t) >> (64 - n) : 0;
}

void unit_bytes(struct unit *t, void *buf, size_t len)
{
	u8 *p = buf;

	while (len--)
		*p++ = unit_rand(t) >> 56;
}

static bool unit_note(struct unit *t)
{
	return ++t->failures <= UNIT_MAX_LINES;
}

void unit_fail(struct unit *t, const char *file, int line, const char *what)
{
	if (unit_note(t))
		unit_log("# %s:%d: expected %s", file, line, what);
}

void unit_fail_cmp(struct unit *t, const char *file, int line, const char *what,
		   u64 a, u64 b)
{
	if (unit_note(t))
		unit_log("# %s:%d: expected %s: %llu (%#llx), %llu (%#llx)",
			 file, line, what, a, a, b, b);
}

u32 unit_run(const struct unit_suite *suite, const struct unit_case *c)
{
	struct unit t = { .suite = suite->name, .name = c->name };
	u64 left;

	unit_seed(&t);
	shim_host_reset(unit_rand(&t));
	c->run(&t);
	left = shim_host_live();
	if (left && unit_note(&t))
		unit_log("# %llu objects of the core left behind", left);
	return t.failures;
}
