// SPDX-License-Identifier: GPL-2.0
/*
 * A server that wants addresses proved: what glue does between the wire and the core
 * for Retry, without its cryptography. A token is in the clear and its tag zeros;
 * the integrity tag is that no bit of the Retry was turned on the way.
 */
#include "pair_int.h"
#include "../../kmod/core/stateless.h"

/* Its token in an Initial, if it is one of ours. */
static bool token_of(const struct pair_dgram *d, struct quic_token_body *body)
{
	struct quic_token_head head;
	struct quic_hdr h;

	return !quic_hdr_parse(d->buf->data, d->len, QUIC_LOCAL_CID_LEN, &h) &&
	       quic_token_parse(h.token, h.token_len, &head) &&
	       quic_token_get_body(head.kind, head.body, head.body_len - QUIC_TAG_LEN, body);
}

static u32 token_put(const struct quic_cid *odcid, u8 *token)
{
	struct quic_token_body body = { .odcid = *odcid };
	u32 len;

	quic_host_random(token, QUIC_TOKEN_HEAD_LEN);
	quic_token_put_head(QUIC_TOKEN_RETRY, 0, token);
	len = QUIC_TOKEN_HEAD_LEN;
	len += quic_token_put_body(QUIC_TOKEN_RETRY, &body, token + len);
	memset(token + len, 0, QUIC_TAG_LEN);
	return len + QUIC_TAG_LEN;
}

bool pair_retry_accept(const struct pair_dgram *d, struct quic_conn_params *cp)
{
	struct quic_token_body body;

	if (!token_of(d, &body))
		return false;
	cp->retried = true;
	cp->addr_validated = true;
	cp->odcid = body.odcid;
	cp->retry_scid = d->dcid;
	return true;
}

bool pair_retry_answer(struct pair *p, struct pair_end *e, const struct pair_dgram *d)
{
	struct quic_cid scid = { .len = QUIC_LOCAL_CID_LEN };
	u8 token[QUIC_TOKEN_LEN_MAX];
	struct quic_token_body body;
	struct pair_dgram *r;
	struct quic_wcur c;
	u32 len;

	if (token_of(d, &body))
		return false;
	p->retries++;
	len = token_put(&d->dcid, token);
	quic_host_random(scid.id, scid.len);
	r = pair_zalloc(sizeof(*r));
	r->buf = shim_rxbuf_new(QUIC_RETRY_LEN_MAX);
	c = quic_wcur_init(r->buf->data, QUIC_RETRY_LEN_MAX);
	quic_stateless_put_retry(&c, d->version, &d->scid, &scid, token, len, 0);
	memset(quic_put_space(&c, QUIC_RETRY_TAG_LEN), 0, QUIC_RETRY_TAG_LEN);
	r->len = c.p - r->buf->data;
	r->dcid = d->scid;
	r->scid = scid;
	r->retry = true;
	r->dst = d->src;
	p->amp[d->src].out += r->len;
	pair_link_send(p, e, r);
	return true;
}

void pair_retry_take(struct pair *p, struct pair_end *e, const struct pair_dgram *d)
{
	struct quic_hdr h;

	if (d->damaged)
		return;
	if (quic_hdr_parse(d->buf->data, d->len, QUIC_LOCAL_CID_LEN, &h) ||
	    h.type != QUIC_PKT_RETRY)
		pair_error(p, "a Retry that cannot be parsed");
	else if (quic_conn_recv_retry(e->conn, &h.scid, h.token, h.token_len, p->now))
		p->retries_taken++;
}
