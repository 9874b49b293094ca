// SPDX-License-Identifier: GPL-2.0
/*
 * The module: what must be free before it loads, the order in which its parts come
 * up, what each network namespace gets.
 *
 * Loading is refused, with one line that names the reason and the cure, when there
 * is another QUIC in the kernel: inet_register_protosw() would silently put us in
 * its place for new sockets, and a second /proc/net/quic is a splat. It is found by
 * the names it shows in /proc. socket(2) cannot be asked: for a protocol that is
 * not there it loads the module of that alias, which is us, and modprobe would wait
 * for us to finish while we wait for it.
 *
 * Every socket holds a reference on the module (struct proto has an owner), so at
 * exit there are none, and no connection either; what may still be under way are
 * grace periods and work, which the exits and the rcu_barrier() wait for.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/net.h>
#include <linux/seq_file.h>
#include <linux/uio.h>
#include <net/genetlink.h>
#include <net/netns/generic.h>

#include "answer.h"
#include "blocks.h"
#include "spare.h"

#define CURE	"unload the other QUIC module (lsmod) and try again"

static unsigned int quic_net_id __read_mostly;

struct quic_net *quic_pernet(const struct net *net)
{
	return net_generic(net, quic_net_id);
}

/* ---- is the place free? ---- */

static bool path_exists(const char *name)
{
	struct path path;

	if (kern_path(name, LOOKUP_FOLLOW, &path))
		return false;
	path_put(&path);
	return true;
}

/* Does a line of the text begin with the word? */
static bool has_line(const char *text, const char *word)
{
	size_t len = strlen(word);
	const char *p;

	for (p = text; (p = strstr(p, word)); p += len)
		if ((p == text || p[-1] == '\n') && p[len] == ' ')
			return true;
	return false;
}

/*
 * Read a file of /proc/net. kernel_read() refuses these files, which only know
 * read(2); but behind every one of them is a seq_file, and that can be asked.
 * Return: bytes, or -errno when /proc is not there.
 */
static ssize_t read_proc_net(const char *name, char *buf, size_t size)
{
	struct file *file = filp_open(name, O_RDONLY, 0);
	struct kiocb kiocb;
	struct iov_iter iter;
	ssize_t n, total = 0;
	struct kvec vec;

	if (IS_ERR(file))
		return PTR_ERR(file);
	if (file_inode(file)->i_sb->s_magic != PROC_SUPER_MAGIC) {
		fput(file);
		return -ENOENT;
	}
	init_sync_kiocb(&kiocb, file);
	do {
		vec.iov_base = buf + total;
		vec.iov_len = size - total;
		iov_iter_kvec(&iter, ITER_DEST, &vec, 1, vec.iov_len);
		n = seq_read_iter(&kiocb, &iter);
		if (n > 0)
			total += n;
	} while (n > 0 && total < size);
	fput(file);
	return total;
}

static bool protocol_taken(void)
{
	size_t size = 16 * PAGE_SIZE;
	bool taken = false;
	ssize_t n;
	char *buf;

	buf = kvzalloc(size, GFP_KERNEL);
	if (!buf)
		return false;
	n = read_proc_net("/proc/net/protocols", buf, size - 1);
	if (n > 0)
		taken = has_line(buf, "QUIC") || has_line(buf, "QUICv6");
	kvfree(buf);
	return taken;
}

static int check_free(void)
{
	const char *what;

	if (protocol_taken())
		what = "protocol 261 (QUIC)";
	else if (path_exists("/proc/net/quic"))
		what = "/proc/net/quic";
	else if (path_exists("/proc/sys/net/quic"))
		what = "net.quic";
	else
		return 0;
	pr_err("quicsock: not loaded: %s is taken already: " CURE "\n", what);
	return -EEXIST;
}

/* ---- namespaces ---- */

static int __net_init quic_net_init(struct net *net)
{
	struct quic_net *qn = quic_pernet(net);
	int err;

	INIT_LIST_HEAD(&qn->udps);
	INIT_LIST_HEAD(&qn->socks);
	spin_lock_init(&qn->socks_lock);
	quic_answer_net_init(qn);
	err = quic_mib_net_init(qn);
	if (err)
		return err;
	err = quic_sysctl_net_init(net);
	if (err)
		goto exit_mib;
	err = quic_proc_net_init(net);
	if (err)
		goto exit_sysctl;
	return 0;

exit_sysctl:
	quic_sysctl_net_exit(net);
exit_mib:
	quic_mib_net_exit(qn);
	return err;
}

/*
 * Sockets of users, and all connections, hold their namespace, so none is left. A
 * kernel user's socket must be gone by now, as with any protocol.
 */
static void __net_exit quic_net_exit(struct net *net)
{
	struct quic_net *qn = quic_pernet(net);

	quic_proc_net_exit(net);
	quic_sysctl_net_exit(net);
	WARN_ON_ONCE(!list_empty(&qn->socks));
	quic_mib_net_exit(qn);
}

static struct pernet_operations quic_net_ops = {
	.init	= quic_net_init,
	.exit	= quic_net_exit,
	.id	= &quic_net_id,
	.size	= sizeof(struct quic_net),
};

/* ---- the parts, in the order in which they need each other ---- */

static int pernet_init(void)
{
	return register_pernet_subsys(&quic_net_ops);
}

static void pernet_exit(void)
{
	unregister_pernet_subsys(&quic_net_ops);
}

/* The family is registered here: -EEXIST says that somebody else has it. */
static int hs_init(void)
{
	int err = quic_hs_init();

	if (err == -EEXIST)
		pr_err("quicsock: not loaded: the netlink family quic_hs is taken already: "
		       CURE "\n");
	return err;
}

static const struct part {
	const char *name;
	int (*init)(void);
	void (*exit)(void);
} parts[] = {
	{ "failures", quic_fail_init, quic_fail_exit },
	{ "memory", quic_host_init, quic_host_exit },
	{ "spare objects", quic_spares_init, quic_spares_exit },
	{ "workqueue", quic_wq_init, quic_wq_exit },
	{ "crypto", quic_crypto_init, quic_crypto_exit },
	{ "stateless answers", quic_stateless_init, quic_stateless_exit },
	{ "tokens", quic_tokens_init, quic_tokens_exit },
	{ "lookup", quic_lookup_init, quic_lookup_exit },
	{ "transmission", quic_xmit_init, quic_xmit_exit },
	{ "blocks", quic_blocks_init, quic_blocks_exit },
	{ "namespaces", pernet_init, pernet_exit },
	{ "packet protection", quic_vectors_check, NULL },
	{ "UDP", quic_udp_init, quic_udp_exit },
	{ "handshakes", hs_init, quic_hs_exit },
	{ "protocol", quic_proto_init, quic_proto_exit },
};

static void exit_parts(u32 n)
{
	while (n--) {
		if (parts[n].exit)
			parts[n].exit();
		/* after sockets can no longer be made, before their caches go */
		if (parts[n].init == quic_proto_init || parts[n].init == pernet_init)
			rcu_barrier();
	}
}

static int __init quic_init(void)
{
	int err = check_free();
	u32 i;

	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		err = parts[i].init();
		if (err)
			goto failed;
	}
	return 0;

failed:
	if (err != -EEXIST)
		pr_err("quicsock: not loaded: %s: %pe\n", parts[i].name, ERR_PTR(err));
	exit_parts(i);
	return err;
}

static void __exit quic_exit(void)
{
	exit_parts(ARRAY_SIZE(parts));
}

module_init(quic_init);
module_exit(quic_exit);

MODULE_DESCRIPTION("QUIC sockets");
MODULE_AUTHOR("The quicsock authors");
MODULE_LICENSE("GPL");
/*
 * Numbers, since the macros make strings: PF_INET, PF_INET6; 261; SOCK_STREAM,
 * SOCK_DGRAM.
 */
MODULE_ALIAS_NET_PF_PROTO_TYPE(2, 261, 1);
MODULE_ALIAS_NET_PF_PROTO_TYPE(10, 261, 1);
MODULE_ALIAS_NET_PF_PROTO_TYPE(2, 261, 2);
MODULE_ALIAS_NET_PF_PROTO_TYPE(10, 261, 2);
MODULE_ALIAS_NET_PF_PROTO(2, 261);
MODULE_ALIAS_NET_PF_PROTO(10, 261);
MODULE_ALIAS_GENL_FAMILY("quic_hs");
