// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that a test makes fail, on kernels without CONFIG_FAILSLAB too.
 *
 * /sys/kernel/debug/quicsock/fail, for root:
 *
 *	echo "at 17" >			the 17th from now fails
 *	echo "every 5 stream tx" >	each 5th of these kinds fails
 *	echo count >			none fails, all are counted
 *	echo off >			as before; the numbers stay
 *
 * Reading gives what is set, then how many were asked for of the kinds that are
 * meant, how many failed, and how many of each kind were asked for. The numbers
 * begin anew with each setting but "off". A number is one of all sockets together:
 * a test that walks N over a connection's life has the module to itself.
 *
 * Not here: what the network's own code allocates (sk_alloc() by socket(2), page
 * fragments, routes); CONFIG_FAILSLAB of a debug kernel reaches those.
 */
#include <linux/bitops.h>
#include <linux/debugfs.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "fail.h"

#define LINE_MAX	128

static const char *const kind_names[QUIC_FAIL_KINDS] = {
	[QUIC_OBJ_CONN]		= "conn",
	[QUIC_OBJ_STREAM]	= "stream",
	[QUIC_OBJ_RX_CHUNK]	= "rx_chunk",
	[QUIC_OBJ_RX_SMALL]	= "rx_small",
	[QUIC_OBJ_TX_CHUNK]	= "tx_chunk",
	[QUIC_OBJ_SENT_EXTRA]	= "sent_extra",
	[QUIC_OBJ_DGRAM]	= "dgram",
	[QUIC_OBJ_DGRAM_SMALL]	= "dgram_small",
	[QUIC_OBJ_VAR]		= "var",
	[QUIC_FAIL_KEYS]	= "keys",
	[QUIC_FAIL_SEND]	= "send",
	[QUIC_FAIL_TX]		= "tx",
	[QUIC_FAIL_RX]		= "rx",
	[QUIC_FAIL_HS]		= "hs",
	[QUIC_FAIL_SOCK]	= "sock",
	[QUIC_FAIL_CONFIG]	= "config",
};

enum fail_mode {
	FAIL_OFF,
	FAIL_COUNT,
	FAIL_AT,
	FAIL_EVERY,
};

static const char *const mode_names[] = {
	[FAIL_OFF]	= "off",
	[FAIL_COUNT]	= "count",
	[FAIL_AT]	= "at",
	[FAIL_EVERY]	= "every",
};

/**
 * struct fail_setting - what a line asks for
 * @mode: which
 * @n: FAIL_AT, FAIL_EVERY: at least 1
 * @kinds: bit mask of those meant
 */
struct fail_setting {
	enum fail_mode mode;
	unsigned long n;
	unsigned long kinds;
};

DEFINE_STATIC_KEY_FALSE(quic_fail_key);

static DEFINE_MUTEX(fail_mutex);	/* changes */
static struct fail_setting setting = { .n = 1 };
static atomic_long_t asked, failed, asked_of[QUIC_FAIL_KINDS];
static struct dentry *fail_dir;

/**
 * quic_fail_now - count an allocation that is about to be made
 * @kind: enum quic_obj or enum quic_fail
 *
 * Context: any; called while the key is on. Return: whether it must fail.
 */
bool quic_fail_now(unsigned int kind)
{
	const struct fail_setting *s = &setting;
	unsigned long n;

	atomic_long_inc(&asked_of[kind]);
	if (!(s->kinds & BIT(kind)))
		return false;
	n = atomic_long_inc_return(&asked);
	if (s->mode == FAIL_OFF || s->mode == FAIL_COUNT ||
	    (s->mode == FAIL_AT ? n != s->n : n % s->n != 0))
		return false;
	atomic_long_inc(&failed);
	return true;
}

/* Changes @line. */
static int fail_parse(char *line, struct fail_setting *s)
{
	char *word = strsep(&line, " ");
	int i, err;

	i = match_string(mode_names, ARRAY_SIZE(mode_names), word);
	if (i < 0)
		return -EINVAL;
	s->mode = i;
	if (s->mode == FAIL_AT || s->mode == FAIL_EVERY) {
		word = strsep(&line, " ");
		err = word ? kstrtoul(word, 10, &s->n) : -EINVAL;
		if (err || !s->n)
			return -EINVAL;
	}
	while ((word = strsep(&line, " "))) {
		i = match_string(kind_names, ARRAY_SIZE(kind_names), word);
		if (i < 0)
			return -EINVAL;
		s->kinds |= BIT(i);
	}
	if (!s->kinds)
		s->kinds = BIT(QUIC_FAIL_KINDS) - 1;
	return 0;
}

/*
 * The jumps are patched when failing begins and when it is off, not by each line: a
 * test writes hundreds, and patching interrupts every processor. Who counts at the
 * moment may do so for either setting; both have a mode, and a number that divides.
 */
static void fail_set(const struct fail_setting *s)
{
	u32 i;

	mutex_lock(&fail_mutex);
	setting = *s;
	if (s->mode == FAIL_OFF) {
		static_branch_disable(&quic_fail_key);
	} else {
		atomic_long_set(&asked, 0);
		atomic_long_set(&failed, 0);
		for (i = 0; i < QUIC_FAIL_KINDS; i++)
			atomic_long_set(&asked_of[i], 0);
		static_branch_enable(&quic_fail_key);
	}
	mutex_unlock(&fail_mutex);
}

static ssize_t fail_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct fail_setting s = { .n = 1 };
	char *line;
	int err;

	if (len >= LINE_MAX)
		return -EINVAL;
	line = memdup_user_nul(buf, len);
	if (IS_ERR(line))
		return PTR_ERR(line);
	err = fail_parse(strim(line), &s);
	kfree(line);
	if (err)
		return err;
	fail_set(&s);
	return len;
}

static int fail_show(struct seq_file *m, void *v)
{
	u32 i;

	mutex_lock(&fail_mutex);
	seq_printf(m, "mode %s %lu\nasked %ld\nfailed %ld\n", mode_names[setting.mode],
		   setting.n, atomic_long_read(&asked), atomic_long_read(&failed));
	for (i = 0; i < QUIC_FAIL_KINDS; i++)
		seq_printf(m, "%s %ld\n", kind_names[i], atomic_long_read(&asked_of[i]));
	mutex_unlock(&fail_mutex);
	return 0;
}

static int fail_open(struct inode *inode, struct file *file)
{
	return single_open(file, fail_show, NULL);
}

static const struct file_operations fail_fops = {
	.owner		= THIS_MODULE,
	.open		= fail_open,
	.read		= seq_read,
	.write		= fail_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

/* Without debugfs there is no file, and nothing fails. Return: 0. */
int quic_fail_init(void)
{
	fail_dir = debugfs_create_dir("quicsock", NULL);
	debugfs_create_file("fail", 0600, fail_dir, NULL, &fail_fops);
	quic_limits_files(fail_dir);
	return 0;
}

void quic_fail_exit(void)
{
	debugfs_remove_recursive(fail_dir);
}
