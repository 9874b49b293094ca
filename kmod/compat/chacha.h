/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One block of ChaCha20 (RFC 8439 2.3) from the kernel's library, which every
 * kernel has, for its random numbers. The state became a type of its own in 6.16;
 * before, chacha_init() may belong to a module that is not loaded, and
 * chacha_init_generic() does the same.
 */
#ifndef QUIC_COMPAT_CHACHA_H
#define QUIC_COMPAT_CHACHA_H

#include <linux/string.h>
#include <crypto/chacha.h>

/**
 * quic_chacha20_block - key stream
 * @key: eight words
 * @iv: 16 bytes: block counter (little endian), nonce
 * @out: CHACHA_BLOCK_SIZE bytes
 */
static inline void quic_chacha20_block(const u32 *key, const u8 *iv, u8 *out)
{
#ifdef HAVE_CHACHA_STATE
	struct chacha_state state;

	chacha_init(&state, key, iv);
	chacha20_block(&state, out);
#else
	u32 state[CHACHA_STATE_WORDS];

	chacha_init_generic(state, key, iv);
	chacha20_block(state, out);
#endif
	memzero_explicit(&state, sizeof(state));
}

#endif /* QUIC_COMPAT_CHACHA_H */
