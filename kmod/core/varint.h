/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cursors over wire bytes: bounds-checked reading and writing of the integers
 * of RFC 9000 16.
 *
 * A cursor that ran over its end stays failed: callers read a whole structure
 * and look once. Nothing beyond the end is ever touched.
 */
#ifndef QUIC_CORE_VARINT_H
#define QUIC_CORE_VARINT_H

#include "types.h"

/**
 * struct quic_rcur - reading cursor
 * @p: next byte
 * @end: one past the last
 * @bad: something was read past the end; every later read gives 0
 */
struct quic_rcur {
	const u8 *p;
	const u8 *end;
	bool bad;
};

/**
 * struct quic_wcur - writing cursor
 * @p: next free byte
 * @end: one past the last
 * @bad: something did not fit; nothing was written since
 */
struct quic_wcur {
	u8 *p;
	u8 *end;
	bool bad;
};

static inline struct quic_rcur quic_rcur_init(const void *p, size_t len)
{
	return (struct quic_rcur){ .p = p, .end = (const u8 *)p + len };
}

static inline struct quic_wcur quic_wcur_init(void *p, size_t len)
{
	return (struct quic_wcur){ .p = p, .end = (u8 *)p + len };
}

static inline size_t quic_rcur_left(const struct quic_rcur *c)
{
	return c->end - c->p;
}

static inline size_t quic_wcur_left(const struct quic_wcur *c)
{
	return c->end - c->p;
}

/**
 * quic_get_bytes - take bytes off a cursor without copying them
 * @c: cursor
 * @len: how many; any value, also one a peer chose
 *
 * Return: pointer to them or NULL when fewer are left (the cursor fails).
 */
static inline const u8 *quic_get_bytes(struct quic_rcur *c, u64 len)
{
	const u8 *p = c->p;

	if (unlikely(c->bad || len > quic_rcur_left(c))) {
		c->bad = true;
		return NULL;
	}
	c->p += len;
	return p;
}

static inline u8 quic_get_u8(struct quic_rcur *c)
{
	const u8 *p = quic_get_bytes(c, 1);

	return p ? *p : 0;
}

static inline u32 quic_get_be32(struct quic_rcur *c)
{
	const u8 *p = quic_get_bytes(c, 4);

	return p ? get_unaligned_be32(p) : 0;
}

/**
 * quic_get_varint - read a variable-length integer (RFC 9000 16)
 * @c: cursor
 *
 * Return: the value, at most QUIC_VARINT_MAX; 0 when the cursor fails.
 */
static inline u64 quic_get_varint(struct quic_rcur *c)
{
	const u8 *p = c->p;
	size_t left = quic_rcur_left(c);

	if (likely(!c->bad && left)) {
		switch (*p >> 6) {
		case 0:
			c->p += 1;
			return *p;
		case 1:
			if (unlikely(left < 2))
				break;
			c->p += 2;
			return get_unaligned_be16(p) & 0x3fff;
		case 2:
			if (unlikely(left < 4))
				break;
			c->p += 4;
			return get_unaligned_be32(p) & 0x3fffffff;
		default:
			if (unlikely(left < 8))
				break;
			c->p += 8;
			return get_unaligned_be64(p) & QUIC_VARINT_MAX;
		}
	}
	c->bad = true;
	return 0;
}

/**
 * quic_varint_len - bytes that the shortest encoding takes
 * @v: value, at most QUIC_VARINT_MAX
 *
 * Return: 1, 2, 4 or 8.
 */
static inline u32 quic_varint_len(u64 v)
{
	return v < 1 << 6 ? 1 : v < 1 << 14 ? 2 : v < 1 << 30 ? 4 : 8;
}

static inline u8 *quic_put_space(struct quic_wcur *c, size_t len)
{
	u8 *p = c->p;

	if (unlikely(c->bad || len > quic_wcur_left(c))) {
		c->bad = true;
		return NULL;
	}
	c->p += len;
	return p;
}

static inline void quic_put_bytes(struct quic_wcur *c, const void *src, size_t len)
{
	u8 *p = quic_put_space(c, len);

	if (p && len)
		memcpy(p, src, len);
}

static inline void quic_put_u8(struct quic_wcur *c, u8 v)
{
	u8 *p = quic_put_space(c, 1);

	if (p)
		*p = v;
}

static inline void quic_put_be32(struct quic_wcur *c, u32 v)
{
	u8 *p = quic_put_space(c, 4);

	if (p)
		put_unaligned_be32(v, p);
}

/**
 * quic_put_varint_len - write a varint in a chosen length
 * @c: cursor
 * @v: value that fits @len
 * @len: 1, 2, 4 or 8; longer than needed is legal (RFC 9000 16)
 */
static inline void quic_put_varint_len(struct quic_wcur *c, u64 v, u32 len)
{
	u8 *p = quic_put_space(c, len);

	if (!p)
		return;
	switch (len) {
	case 1:
		*p = v;
		break;
	case 2:
		put_unaligned_be16(v | 0x4000, p);
		break;
	case 4:
		put_unaligned_be32(v | 0x80000000, p);
		break;
	default:
		put_unaligned_be64(v | 0xc000000000000000ULL, p);
		break;
	}
}

static inline void quic_put_varint(struct quic_wcur *c, u64 v)
{
	quic_put_varint_len(c, v, quic_varint_len(v));
}

#endif /* QUIC_CORE_VARINT_H */
