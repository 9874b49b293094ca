// SPDX-License-Identifier: GPL-2.0
/*
 * A server that speaks one version only, and a client that is told so: what glue does
 * between the wire and the core for Version Negotiation.
 */
#include "pair_int.h"
#include "../../kmod/core/stateless.h"

bool pair_version_answer(struct pair *p, struct pair_end *e, const struct pair_dgram *d)
{
	u8 buf[QUIC_VERSION_NEG_MAX];
	struct quic_wcur c = quic_wcur_init(buf, sizeof(buf));
	struct quic_hdr asked = {
		.version = d->version,
		.ids = d->buf->data + 5,	/* of its first packet */
	};
	struct pair_dgram *r;

	if (!p->cfg.serves || e->side != PAIR_SERVER || !d->initial ||
	    d->version == p->cfg.serves)
		return false;
	if (d->damaged)
		return true;
	p->version_negs++;
	quic_stateless_put_version_neg(&c, &asked, &p->cfg.serves, 1, pair_random(p));
	r = pair_zalloc(sizeof(*r));
	r->len = c.p - buf;
	r->buf = shim_rxbuf_new(r->len);
	memcpy(r->buf->data, buf, r->len);
	r->dcid = d->scid;
	r->scid = d->dcid;
	r->version_neg = true;
	r->dst = d->src;
	p->amp[d->src].out += r->len;
	pair_link_send(p, e, r);
	return true;
}

void pair_version_neg(struct pair *p, const u8 *versions, u32 len)
{
	struct quic_cid dcid = { .len = QUIC_LOCAL_CID_LEN };
	struct pair_end *e = &p->end[PAIR_CLIENT];
	u32 version;

	version = quic_conn_recv_version_neg(e->conn, versions, len, p->now);
	if (!version)
		return;
	quic_host_random(dcid.id, dcid.len);
	if (!quic_conn_restart(e->conn, version, &dcid, p->now)) {
		pair_error(p, "the version that was chosen is refused");
		return;
	}
	p->restarts++;
	memset(&e->tls, 0, sizeof(e->tls));
	pair_tls_start(e);
}

void pair_version_take(struct pair *p, struct pair_end *e, const struct pair_dgram *d)
{
	struct quic_hdr h;

	if (d->damaged)
		return;
	if (quic_hdr_parse(d->buf->data, d->len, QUIC_LOCAL_CID_LEN, &h) ||
	    h.type != QUIC_PKT_VERSION_NEG)
		pair_error(p, "a Version Negotiation that cannot be parsed");
	else if (quic_cid_equal(&h.scid, quic_conn_dcid(e->conn)))
		pair_version_neg(p, h.token, h.token_len);
}
