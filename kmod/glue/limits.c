// SPDX-License-Identifier: GPL-2.0
/*
 * How long 1-RTT keys may be used (RFC 9001 6.6): the cipher's limits, or less where a
 * test says so. The cipher's are 2^23 packets and more, which no test reaches.
 *
 * /sys/kernel/debug/quicsock/, for root:
 *
 *	seal_limit	packets that one key may seal
 *	forged_limit	packets that may fail to open
 *
 * 0, as at first: the cipher's. More than that is no more than that. Connections take
 * what there is when their 1-RTT keys come.
 */
#include <linux/debugfs.h>

#include "crypto.h"
#include "fail.h"

static u32 seal_limit, forged_limit;

static u64 at_most(u64 of_cipher, u32 said)
{
	return said ? min_t(u64, of_cipher, said) : of_cipher;
}

/**
 * quic_limit_seal - packets that one 1-RTT key may seal
 * @limit: the cipher's
 * Context: any. Return: packets, at least 1.
 */
u64 quic_limit_seal(u64 limit)
{
	return at_most(limit, READ_ONCE(seal_limit));
}

/**
 * quic_limit_forged - packets that may fail to open, with all 1-RTT keys together
 * @limit: the cipher's
 * Context: any. Return: packets, at least 1.
 */
u64 quic_limit_forged(u64 limit)
{
	return at_most(limit, READ_ONCE(forged_limit));
}

/**
 * quic_limits_files - make the two files
 * @dir: where; whoever removes it removes them
 *
 * Context: process.
 */
void quic_limits_files(struct dentry *dir)
{
	debugfs_create_u32("seal_limit", 0600, dir, &seal_limit);
	debugfs_create_u32("forged_limit", 0600, dir, &forged_limit);
}
