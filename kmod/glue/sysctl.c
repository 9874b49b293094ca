// SPDX-License-Identifier: GPL-2.0
/*
 * net.quic.*: limits of socket memory and how handshakes find a daemon.
 *
 *   mem                 pages: no pressure below, pressure above, hard limit
 *   rmem, wmem          bytes: least, default, most of a socket's buffers
 *   handshake_fallback  1: a namespace without workers uses those of the first
 *   max_orphans         connections of a namespace whose programs have closed them
 *   orphan_mem          bytes that these had still to deliver
 *   handshake_wait_ms   how long a handshake waits for a worker to turn up
 *   retry               0, 1, 2: clients prove their addresses (RFC 9000 8.1) where a
 *                       listener wants it, also under load, always
 *   ecn                 1: new connections mark what they send (RFC 9000 13.4); marks
 *                       that come are reported whatever it says
 *   reset_key           64 hexadecimal digits; written only: key of stateless reset
 *                       tokens, so that it is the same when the module comes back
 *
 * These are the module's, not a namespace's, and are seen in the first one only:
 * another's root must not write them. Each namespace has its own
 *
 *   cid_len             bytes of the connection IDs that its sockets issue, unless their
 *                       programs say otherwise (QUIC_KNOB_CID_LEN); sockets made later
 */
#include <linux/limits.h>
#include <linux/slab.h>

#include "answer.h"
#include "../compat/hex.h"
#include "../compat/sysctl_net.h"

#define MIN_BUF		4096
#define WAIT_MS_MAX	60000

long quic_sysctl_mem[3];	/* quic_proto_init() */
int quic_sysctl_rmem[3] = { MIN_BUF, 16 << 20, 64 << 20 };
int quic_sysctl_wmem[3] = { MIN_BUF, 1 << 20, 8 << 20 };
long quic_sysctl_max_orphans = 8192;
long quic_sysctl_orphan_mem = 64 << 20;
unsigned int quic_sysctl_retry = QUIC_RETRY_AUTO;
unsigned int quic_sysctl_ecn = 1;

#ifdef CONFIG_SYSCTL
static int min_buf = MIN_BUF;
static int max_buf = 1 << 30;
static unsigned int wait_ms_max = WAIT_MS_MAX;
static unsigned long orphans_max = LONG_MAX;
static unsigned int retry_max = QUIC_RETRY_ALWAYS;
static bool reset_key_is_set;
static unsigned int cid_len_min = QUIC_CID_KEY_LEN;
static unsigned int cid_len_max = QUIC_CID_MAX_LEN;

/* What is read says whether it was set, and never the key. */
static int reset_key_handler(QUIC_CTL_TABLE *table, int write, void *buf, size_t *len,
			     loff_t *pos)
{
	char text[2 * QUIC_RESET_KEY_LEN + 2];	/* a newline and the NUL */
	struct ctl_table one = { .data = text, .maxlen = sizeof(text) };
	u8 key[QUIC_RESET_KEY_LEN];
	int err;

	strscpy(text, READ_ONCE(reset_key_is_set) ? "set" : "random", sizeof(text));
	err = proc_dostring(&one, write, buf, len, pos);
	if (err || !write)
		return err;
	err = -EINVAL;
	if (strlen(strim(text)) == 2 * sizeof(key) && !hex2bin(key, text, sizeof(key)))
		err = quic_reset_key_set(key);
	if (!err)
		WRITE_ONCE(reset_key_is_set, true);
	memzero_explicit(text, sizeof(text));
	memzero_explicit(key, sizeof(key));
	return err;
}

static struct ctl_table quic_table[] = {
	{
		.procname	= "mem",
		.data		= quic_sysctl_mem,
		.maxlen		= sizeof(quic_sysctl_mem),
		.mode		= 0644,
		.proc_handler	= proc_doulongvec_minmax,
	},
	{
		.procname	= "rmem",
		.data		= quic_sysctl_rmem,
		.maxlen		= sizeof(quic_sysctl_rmem),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= &min_buf,
		.extra2		= &max_buf,
	},
	{
		.procname	= "wmem",
		.data		= quic_sysctl_wmem,
		.maxlen		= sizeof(quic_sysctl_wmem),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= &min_buf,
		.extra2		= &max_buf,
	},
	{
		.procname	= "max_orphans",
		.data		= &quic_sysctl_max_orphans,
		.maxlen		= sizeof(quic_sysctl_max_orphans),
		.mode		= 0644,
		.proc_handler	= proc_doulongvec_minmax,
		.extra2		= &orphans_max,
	},
	{
		.procname	= "orphan_mem",
		.data		= &quic_sysctl_orphan_mem,
		.maxlen		= sizeof(quic_sysctl_orphan_mem),
		.mode		= 0644,
		.proc_handler	= proc_doulongvec_minmax,
		.extra2		= &orphans_max,
	},
	{
		.procname	= "handshake_fallback",
		.data		= &quic_hs_fallback,
		.maxlen		= sizeof(quic_hs_fallback),
		.mode		= 0644,
		.proc_handler	= proc_douintvec_minmax,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_ONE,
	},
	{
		.procname	= "handshake_wait_ms",
		.data		= &quic_hs_wait_ms,
		.maxlen		= sizeof(quic_hs_wait_ms),
		.mode		= 0644,
		.proc_handler	= proc_douintvec_minmax,
		.extra2		= &wait_ms_max,
	},
	{
		.procname	= "retry",
		.data		= &quic_sysctl_retry,
		.maxlen		= sizeof(quic_sysctl_retry),
		.mode		= 0644,
		.proc_handler	= proc_douintvec_minmax,
		.extra2		= &retry_max,
	},
	{
		.procname	= "ecn",
		.data		= &quic_sysctl_ecn,
		.maxlen		= sizeof(quic_sysctl_ecn),
		.mode		= 0644,
		.proc_handler	= proc_douintvec_minmax,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_ONE,
	},
	{
		.procname	= "reset_key",
		.mode		= 0600,
		.proc_handler	= reset_key_handler,
	},
	QUIC_SYSCTL_END
};

/* What each namespace has of its own, see own_init(). */
static const struct ctl_table own_table[] = {
	{
		.procname	= "cid_len",
		.maxlen		= sizeof(unsigned int),
		.mode		= 0644,
		.proc_handler	= proc_douintvec_minmax,
		.extra1		= &cid_len_min,
		.extra2		= &cid_len_max,
	},
	QUIC_SYSCTL_END
};

static int own_init(struct net *net)
{
	struct quic_net *qn = quic_pernet(net);

	qn->sysctl_table = kmemdup(own_table, sizeof(own_table), GFP_KERNEL);
	if (!qn->sysctl_table)
		return -ENOMEM;
	qn->sysctl_table[0].data = &qn->cid_len;
	qn->sysctl_own = quic_register_sysctl(net, "net/quic", qn->sysctl_table,
					      ARRAY_SIZE(own_table));
	return qn->sysctl_own ? 0 : -ENOMEM;
}

/**
 * quic_sysctl_net_init - net.quic: a namespace's own, and the module's in the first one
 * @net: namespace
 * Context: process. Return: 0 or -ENOMEM, then nothing is left behind.
 */
int quic_sysctl_net_init(struct net *net)
{
	struct quic_net *qn = quic_pernet(net);
	int err;

	qn->cid_len = QUIC_LOCAL_CID_LEN;
	err = own_init(net);
	if (!err && net_eq(net, &init_net)) {
		qn->sysctl = quic_register_sysctl(net, "net/quic", quic_table,
						  ARRAY_SIZE(quic_table));
		err = qn->sysctl ? 0 : -ENOMEM;
	}
	if (err)
		quic_sysctl_net_exit(net);
	return err;
}

/**
 * quic_sysctl_net_exit - take them away
 * @net: namespace
 * Context: process.
 */
void quic_sysctl_net_exit(struct net *net)
{
	struct quic_net *qn = quic_pernet(net);

	if (qn->sysctl)
		unregister_net_sysctl_table(qn->sysctl);
	qn->sysctl = NULL;
	if (qn->sysctl_own)
		unregister_net_sysctl_table(qn->sysctl_own);
	qn->sysctl_own = NULL;
	kfree(qn->sysctl_table);
	qn->sysctl_table = NULL;
}
#else
int quic_sysctl_net_init(struct net *net)
{
	quic_pernet(net)->cid_len = QUIC_LOCAL_CID_LEN;
	return 0;
}

void quic_sysctl_net_exit(struct net *net)
{
}
#endif
