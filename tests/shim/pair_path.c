// SPDX-License-Identifier: GPL-2.0
/*
 * What a host knows of paths, and the core does not: which address is behind a place.
 *
 * An address is a small number: that of the client as the server sees it. Those below
 * PAIR_OWN are the NAT's, of which the client has one at a time; on the client they are
 * all the same local address, number 0. From PAIR_OWN on an address is the client's own,
 * without a NAT, and works from when it was first used.
 */
#include "pair_int.h"

static u8 local_addr(enum pair_side side, u8 addr)
{
	return side == PAIR_CLIENT && addr < PAIR_OWN ? 0 : addr;
}

u8 pair_path_addr(const struct pair_end *e, u8 place)
{
	return e->addr[place];
}

/* The place of an address, found or new; QUIC_PATH_NONE: none. */
static u8 path_place(struct pair_end *e, u8 addr)
{
	u8 i;

	for (i = 0; i < QUIC_PATHS; i++)
		if (quic_conn_path_used(e->conn, i) && e->addr[i] == addr)
			return i;
	if (e->side == PAIR_CLIENT)
		return QUIC_PATH_NONE;
	e->moved++;
	i = quic_conn_path_new(e->conn);
	if (i != QUIC_PATH_NONE)
		e->addr[i] = addr;
	return i;
}

bool pair_path_rx(struct pair_end *e, const struct pair_dgram *d)
{
	u8 addr = local_addr(e->side, e->side == PAIR_SERVER ? d->src : d->dst);
	u8 place = path_place(e, addr);

	/* a client has closed the socket that this was for */
	if (place == QUIC_PATH_NONE && e->side == PAIR_CLIENT)
		return false;
	quic_conn_set_rx_path(e->conn, place, e->pair->cfg.rebind_port && addr < PAIR_OWN &&
			      e->addr[quic_conn_path_active(e->conn)] < PAIR_OWN);
	return true;
}

static bool path_validated(const struct quic_conn *conn, u8 place)
{
	return place == quic_conn_path_active(conn) ? conn->path.validated :
						      conn->paths->place[place].validated;
}

/*
 * Three times what came from an address may go there until it is validated (RFC 9000
 * 8.1), counted here by address.
 */
void pair_path_sent(struct pair *p, struct pair_end *e, u8 place, u32 len)
{
	struct pair_amp *a = &p->amp[e->addr[place]];

	if (e->side == PAIR_CLIENT)
		return;
	if (path_validated(e->conn, place)) {
		a->in = 0;
		a->out = 0;
		return;
	}
	a->out += len;
	if (a->out > 3 * a->in)
		pair_error(p, "anti-amplification limit exceeded");
}

int pair_migrate(struct pair *p)
{
	struct pair_end *e = &p->end[PAIR_CLIENT];
	u8 place = quic_conn_path_new(e->conn);
	int err;

	if (place == QUIC_PATH_NONE)
		return -EAGAIN;
	e->addr[place] = PAIR_OWN + p->migrations % (PAIR_ADDRS - PAIR_OWN);
	err = quic_conn_path_probe(e->conn, place, false, p->now);
	p->migrations += !err;
	return err;
}
