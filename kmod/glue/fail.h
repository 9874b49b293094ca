/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocations that a test makes fail: /sys/kernel/debug/quicsock/fail (fail.c).
 *
 * Each allocation of a connection's life goes through quic_may_fail(), which costs
 * a patched jump while nobody asks for failures.
 */
#ifndef QUIC_GLUE_FAIL_H
#define QUIC_GLUE_FAIL_H

#include <linux/jump_label.h>

#include "../core/host.h"

/* The first are the core's: enum quic_obj. */
enum quic_fail {
	QUIC_FAIL_KEYS = QUIC_OBJ_KINDS, /* keys, cipher requests */
	QUIC_FAIL_SEND,		/* what a program sends: the call says ENOMEM */
	QUIC_FAIL_TX,		/* packets to send: built later */
	QUIC_FAIL_RX,		/* packets received: batches, copies, bounce pages */
	QUIC_FAIL_HS,		/* handshakes, their flights, messages to the daemon */
	QUIC_FAIL_SOCK,		/* accepted sockets, endpoints, connection IDs */
	QUIC_FAIL_CONFIG,	/* names, credentials, option values */
	QUIC_FAIL_KINDS,
};

DECLARE_STATIC_KEY_FALSE(quic_fail_key);

bool quic_fail_now(unsigned int kind);

static inline bool quic_fail(unsigned int kind)
{
	return static_branch_unlikely(&quic_fail_key) && quic_fail_now(kind);
}

/* @alloc, or NULL without asking for it. */
#define quic_may_fail(kind, alloc)	(quic_fail(kind) ? NULL : (alloc))

struct dentry;

/* limits.c: beside the file that says what fails */
void quic_limits_files(struct dentry *dir);

int quic_fail_init(void);
void quic_fail_exit(void);

#endif /* QUIC_GLUE_FAIL_H */
