/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every file of quicd shares: a view of bytes and the two ABI headers.
 */
#ifndef QUICD_COMMON_H
#define QUICD_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/quic.h>
#include <linux/quic_hs.h>

#define QUICD_VERSION "0.1"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/**
 * struct blob - bytes that somebody else owns
 * @data: first byte, undefined when @len is 0
 * @len: how many
 */
struct blob {
	const uint8_t *data;
	size_t len;
};

/**
 * copy_text - copy as much of a string as fits, as strscpy() of the kernel
 * @to: always NUL terminated
 * @size: of @to
 * @from: string
 */
static inline void copy_text(char *to, size_t size, const char *from)
{
	size_t i;

	for (i = 0; i + 1 < size && from[i]; i++)
		to[i] = from[i];
	to[i] = '\0';
}

#endif /* QUICD_COMMON_H */
