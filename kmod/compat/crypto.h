/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Completion of an asynchronous crypto request: called with the data that was
 * given with it since 6.3, with the request before.
 */
#ifndef QUIC_COMPAT_CRYPTO_H
#define QUIC_COMPAT_CRYPTO_H

#include <linux/crypto.h>

#ifdef HAVE_CRYPTO_COMPLETION_VOID
typedef void quic_completion_arg;
#define quic_completion_data(arg)	(arg)
#else
typedef struct crypto_async_request quic_completion_arg;
#define quic_completion_data(arg)	((arg)->data)
#endif

#endif /* QUIC_COMPAT_CRYPTO_H */
