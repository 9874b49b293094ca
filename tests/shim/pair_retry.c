// SPDX-License-Identifier: GPL-2.0
/*
 * A server that wants addresses proved: what glue does between the wire and the core
 * for Retry and NEW_TOKEN, without its cryptography. A token is in the clear and its tag
 * zeros; the integrity tag is that no bit of the Retry was turned on the way.
 */
#include "pair_int.h"
#include "../../kmod/core/stateless.h"

/* The token in an Initial, if it is one of ours: its tag is right. */
static bool token_of(const struct pair_dgram *d, u8 *kind, struct quic_token_body *body)
{
	static const u8 tag[QUIC_TAG_LEN];
	struct quic_token_head head;
	struct quic_hdr h;

	if (quic_hdr_parse(d->buf->data, d->len, QUIC_LOCAL_CID_LEN, &h) ||
	    !quic_token_parse(h.token, h.token_len, &head))
		return false;
	*kind = head.kind;
	head.body_len -= QUIC_TAG_LEN;
	return !memcmp(head.body + head.body_len, tag, sizeof(tag)) &&
	       quic_token_get_body(head.kind, head.body, head.body_len, body);
}

static u32 token_put(u8 kind, const struct quic_token_body *body, u8 *token)
{
	u32 len = QUIC_TOKEN_HEAD_LEN;

	quic_host_random(token, len);
	quic_token_put_head(kind, 0, token);
	len += quic_token_put_body(kind, body, token + len);
	memset(token + len, 0, QUIC_TAG_LEN);
	return len + QUIC_TAG_LEN;
}

void pair_retry_accept(struct pair *p, const struct pair_dgram *d, struct quic_conn_params *cp)
{
	struct quic_token_body body;
	u8 kind;

	if (!token_of(d, &kind, &body))
		return;
	cp->addr_validated = true;
	if (kind == QUIC_TOKEN_NEW) {
		p->tokens_taken++;
		return;
	}
	cp->retried = true;
	cp->odcid = body.odcid;
	cp->retry_scid = d->dcid;
}

void pair_retry_give(struct pair *p, struct pair_end *e)
{
	const struct quic_token_body body = {};
	u8 token[QUIC_TOKEN_LEN_MAX];
	u32 len;

	if (!p->cfg.new_token || p->tokens || e->side == PAIR_CLIENT || !pair_confirmed(p))
		return;
	len = token_put(QUIC_TOKEN_NEW, &body, token);
	p->tokens += !quic_conn_send_new_token(e->conn, token, len);
}

bool pair_retry_answer(struct pair *p, struct pair_end *e, const struct pair_dgram *d)
{
	struct quic_cid scid = { .len = QUIC_LOCAL_CID_LEN };
	u8 token[QUIC_TOKEN_LEN_MAX], kind;
	struct quic_token_body body;
	struct pair_dgram *r;
	struct quic_wcur c;
	u32 len;

	if (token_of(d, &kind, &body))
		return false;
	p->retries++;
	body = (struct quic_token_body){ .odcid = d->dcid };
	len = token_put(QUIC_TOKEN_RETRY, &body, token);
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
