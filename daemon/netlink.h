/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_NETLINK_H
#define QUICD_NETLINK_H

#include "common.h"

struct nl_sock;

/**
 * struct link - what a worker talks to
 * @fd: a netlink socket, or in tests one end of a socket pair that preserves
 *	message boundaries
 * @sk: libnl's part, NULL in tests
 */
struct link {
	int fd;
	struct nl_sock *sk;
};

/**
 * enum family_event - what became of the family
 * @FAMILY_SAME: nothing
 * @FAMILY_CAME: the module was loaded
 * @FAMILY_WENT: the module was unloaded
 */
enum family_event {
	FAMILY_SAME,
	FAMILY_CAME,
	FAMILY_WENT,
};

int netlink_open_link(struct link *link);
void netlink_close_link(struct link *link);
int netlink_resolve(void);
struct nl_sock *netlink_open_events(void);
enum family_event netlink_read_events(struct nl_sock *sk);

#endif /* QUICD_NETLINK_H */
