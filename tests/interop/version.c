// SPDX-License-Identifier: GPL-2.0
/*
 * version - h09peer --version: QUIC version 1 or 2
 *
 * A client begins with it. A server takes no other, and tells who comes with another
 * one, of ours or not, by Version Negotiation.
 */
#include <string.h>

#include "peer.h"

#define MIN_ANSWERED	1200		/* bytes; less was no client's first datagram */

static const uint32_t numbers[] = { NGTCP2_PROTO_VER_V1, NGTCP2_PROTO_VER_V2 };

/* Return: how many versions; the first of them at @first. */
static size_t ours(const struct options *o, const uint32_t **first)
{
	*first = numbers + (o->version == 2);
	return o->version ? 1 : 2;
}

uint32_t version_first(const struct options *o)
{
	const uint32_t *first;

	ours(o, &first);
	return *first;
}

void version_settings(const struct options *o, ngtcp2_settings *settings)
{
	if (o->server)
		settings->available_versionslen = ours(o, &settings->available_versions);
}

bool version_served(struct peer *p, const struct datagram *d, const ngtcp2_version_cid *v)
{
	const uint32_t *first;
	size_t i, n = ours(&p->o, &first);
	struct udp *u = &p->u;
	ngtcp2_ssize len;

	for (i = 0; i < n; i++)
		if (first[i] == v->version)
			return true;
	if (!v->version || d->len < MIN_ANSWERED || u->pending)
		return false;
	len = ngtcp2_pkt_write_version_negotiation(u->train, sizeof(u->train), 0xff, v->scid,
						   v->scidlen, v->dcid, v->dcidlen, first, n);
	if (len < 0)
		return false;
	udp_send_one(u, d->from, d->from_len, (size_t)len);
	return false;
}
