// SPDX-License-Identifier: GPL-2.0
/*
 * taken - takes a name that quicsock.ko needs: what=proc|family|protocol
 *
 * For test_module.sh: while this is loaded quicsock.ko must refuse to load, with
 * the reason, and must not leave anything behind.
 */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>

static char *what = "proc";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "name to take: proc, family or protocol");

static struct genl_family taken_family __ro_after_init = {
	.name = "quic_hs",
	.version = 1,
	.module = THIS_MODULE,
};

static struct proto taken_proto = {
	.name = "QUIC",
	.owner = THIS_MODULE,
	.obj_size = sizeof(struct sock),
};

static int __init taken_init(void)
{
	if (!strcmp(what, "proc"))
		return proc_mkdir("quic", init_net.proc_net) ? 0 : -ENOMEM;
	if (!strcmp(what, "family"))
		return genl_register_family(&taken_family);
	if (!strcmp(what, "protocol"))
		return proto_register(&taken_proto, 0);
	return -EINVAL;
}

static void __exit taken_exit(void)
{
	if (!strcmp(what, "proc"))
		remove_proc_entry("quic", init_net.proc_net);
	else if (!strcmp(what, "family"))
		genl_unregister_family(&taken_family);
	else
		proto_unregister(&taken_proto);
}

module_init(taken_init);
module_exit(taken_exit);

MODULE_DESCRIPTION("takes a name that quicsock.ko needs");
MODULE_LICENSE("GPL");
