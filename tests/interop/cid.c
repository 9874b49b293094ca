// SPDX-License-Identifier: GPL-2.0
/*
 * cid - which connection of h09peer a connection id leads to
 *
 * A hash table over all ids that the other ends may use: those that we issued, and
 * the one that a client made up for its first packets. Each connection has a list of
 * its own, so that its end takes them all out.
 */
#include <stdlib.h>

#include "peer.h"

/**
 * struct cid_entry - a connection id that leads to a connection
 * @next: in the bucket
 * @of_conn: next one of the connection
 * @conn: the connection
 * @cid: the id
 */
struct cid_entry {
	struct cid_entry	*next;
	struct cid_entry	*of_conn;
	struct conn		*conn;
	ngtcp2_cid		cid;
};

static struct cid_entry **cid_bucket(struct peer *p, const ngtcp2_cid *cid)
{
	unsigned int h = 0;
	size_t i;

	for (i = 0; i < cid->datalen; i++)
		h = h * 31 + cid->data[i];
	return &p->cids[h % CID_BUCKETS];
}

struct conn *cid_find(struct peer *p, const uint8_t *data, size_t len)
{
	struct cid_entry *e;
	ngtcp2_cid cid;

	if (len > NGTCP2_MAX_CIDLEN)
		return NULL;
	ngtcp2_cid_init(&cid, data, len);
	for (e = *cid_bucket(p, &cid); e; e = e->next)
		if (ngtcp2_cid_eq(&e->cid, &cid))
			return e->conn;
	return NULL;
}

int cid_add(struct conn *c, const ngtcp2_cid *cid)
{
	struct cid_entry **b = cid_bucket(c->peer, cid), *e = calloc(1, sizeof(*e));

	if (!e)
		return -1;
	e->cid = *cid;
	e->conn = c;
	e->next = *b;
	*b = e;
	e->of_conn = c->cids;
	c->cids = e;
	return 0;
}

size_t cid_length(const struct conn *c)
{
	return c->cids ? c->cids->cid.datalen : 0;
}

void cid_remove(struct conn *c, const ngtcp2_cid *cid)
{
	struct cid_entry **b = cid_bucket(c->peer, cid), **own = &c->cids, *e;

	while (*own && !ngtcp2_cid_eq(&(*own)->cid, cid))
		own = &(*own)->of_conn;
	e = *own;
	if (!e)
		return;
	*own = e->of_conn;
	while (*b != e)
		b = &(*b)->next;
	*b = e->next;
	free(e);
}

void cid_remove_all(struct conn *c)
{
	while (c->cids)
		cid_remove(c, &c->cids->cid);
}
