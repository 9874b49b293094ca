// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netlink sockets: one per worker, and one that hears families come and go.
 *
 * libnl opens and binds the sockets and resolves the family's number. Workers
 * then read and write the descriptor themselves (worker.c): they need neither
 * libnl's callbacks nor its sequence checks, and in tests the descriptor is a
 * socket pair.
 *
 * Each worker's socket asks for capped acknowledgments: an error must not
 * carry a copy of the flight, with its secrets, back through the kernel.
 *
 * Not here: the contents of messages (wire.c).
 */
#include <errno.h>
#include <sys/socket.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/socket.h>

#include "log.h"
#include "netlink.h"

#define SOCKET_BYTES (4 << 20)	/* a burst of handshakes fits */

/**
 * netlink_open_link - make a worker's socket
 * @link: filled in; to be closed with netlink_close_link()
 *
 * Return: 0 or a negative errno.
 */
int netlink_open_link(struct link *link)
{
	const int one = 1, bytes = SOCKET_BYTES;
	struct nl_sock *sk = nl_socket_alloc();
	int fd;

	if (!sk)
		return -ENOMEM;
	if (genl_connect(sk)) {
		nl_socket_free(sk);
		return errno ? -errno : -EPROTONOSUPPORT;
	}
	fd = nl_socket_get_fd(sk);
	if (setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one))) {
		nl_socket_free(sk);
		return -EPROTONOSUPPORT;
	}
	/* wishes; without them texts are missing or bursts are smaller */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	link->fd = fd;
	link->sk = sk;
	return 0;
}

/**
 * netlink_close_link - end a worker's registration
 * @link: opened with netlink_open_link()
 */
void netlink_close_link(struct link *link)
{
	nl_socket_free(link->sk);
	link->sk = NULL;
	link->fd = -1;
}

/**
 * netlink_resolve - find the number of the quic_hs family
 *
 * The kernel tries to load the module if it has an alias for the family.
 *
 * Return: the number, or -ENOENT if there is no such family, or another
 * negative errno.
 */
int netlink_resolve(void)
{
	struct nl_sock *sk = nl_socket_alloc();
	int family;

	if (!sk)
		return -ENOMEM;
	family = genl_connect(sk);
	if (!family)
		family = genl_ctrl_resolve(sk, QUIC_HS_GENL_NAME);
	nl_socket_free(sk);
	if (family == -NLE_OBJ_NOTFOUND)
		return -ENOENT;
	return family < 0 ? -EPROTONOSUPPORT : family;
}

/**
 * netlink_open_events - listen to families that come and go
 *
 * To be opened before netlink_resolve(), so that nothing falls in between.
 *
 * Return: a non-blocking socket for netlink_read_events(), or NULL.
 */
struct nl_sock *netlink_open_events(void)
{
	struct nl_sock *sk = nl_socket_alloc();
	int group;

	if (!sk)
		return NULL;
	nl_socket_disable_seq_check(sk);
	if (genl_connect(sk))
		goto fail;
	group = genl_ctrl_resolve_grp(sk, "nlctrl", "notify");
	if (group < 0 || nl_socket_add_membership(sk, group) ||
	    nl_socket_set_nonblocking(sk))
		goto fail;
	return sk;
fail:
	nl_socket_free(sk);
	return NULL;
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	enum family_event *event = arg;
	struct genlmsghdr *genl;
	struct nlattr *name;

	if (hdr->nlmsg_type != GENL_ID_CTRL || !genlmsg_valid_hdr(hdr, 0))
		return NL_OK;
	genl = genlmsg_hdr(hdr);
	name = nla_find(genlmsg_attrdata(genl, 0), genlmsg_attrlen(genl, 0),
			CTRL_ATTR_FAMILY_NAME);
	if (!name || nla_strcmp(name, QUIC_HS_GENL_NAME))
		return NL_OK;
	if (genl->cmd == CTRL_CMD_NEWFAMILY)
		*event = FAMILY_CAME;
	else if (genl->cmd == CTRL_CMD_DELFAMILY)
		*event = FAMILY_WENT;
	return NL_OK;
}

/**
 * netlink_read_events - read what is queued
 * @sk: from netlink_open_events(), readable
 *
 * Return: the last thing that became of our family. When notices were lost,
 * FAMILY_WENT, which makes the caller look for itself.
 */
enum family_event netlink_read_events(struct nl_sock *sk)
{
	enum family_event event = FAMILY_SAME;
	int err;

	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, on_event, &event);
	do {
		err = nl_recvmsgs_default(sk);
	} while (!err);
	if (err == -NLE_NOMEM)
		return FAMILY_WENT;
	return event;
}
