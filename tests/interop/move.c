// SPDX-License-Identifier: GPL-2.0
/*
 * move - h09peer --move-to: a client goes to another address (RFC 9000 9)
 *
 * When MOVE_AFTER bytes of a connection have come or arrived, the client opens a
 * second socket, at another address or only another port, and has libngtcp2 validate
 * that path and go there. Both sockets stay open: what is still under way to the first
 * one arrives. All connections of the process share the second one.
 *
 * A client moves once. A server moves never; it follows, which libngtcp2 does by itself.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

#define MOVE_AFTER	(256u << 10)

struct udp *udp_of(struct peer *p, const ngtcp2_addr *local)
{
	if (p->moved && local->addrlen == p->moved->local_len &&
	    !memcmp(local->addr, &p->moved->local, local->addrlen))
		return p->moved;
	return &p->u;
}

void move_run(struct conn *c, uint64_t now)
{
	struct peer *p = c->peer;
	ngtcp2_path_storage ps;
	int e;

	if (!p->o.move_to || c->moved || !c->confirmed || c->progress < MOVE_AFTER)
		return;
	if (!p->moved) {
		p->moved = calloc(1, sizeof(*p->moved));
		if (!p->moved)
			errx(EXIT_FAILED, "memory");
		udp_open_at(p->moved, &p->o, &p->remote, p->remote_len);
	}
	ngtcp2_path_storage_init(&ps, (struct sockaddr *)&p->moved->local, p->moved->local_len,
				 (struct sockaddr *)&p->remote, p->remote_len, NULL);
	e = ngtcp2_conn_initiate_migration(c->qc, &ps.path, now);
	if (e == NGTCP2_ERR_CONN_ID_BLOCKED)
		return;		/* a spare connection ID will come */
	c->moved = true;
	if (e)
		conn_close(c, ngtcp2_strerror(e));
}

bool move_done(const struct conn *c)
{
	return !c->peer->o.move_to || (c->moved && (c->paths || *c->error));
}
