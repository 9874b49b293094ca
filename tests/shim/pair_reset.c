// SPDX-License-Identifier: GPL-2.0
/*
 * A server that lost its state, and the stateless resets that it answers with: what glue
 * does for those (RFC 9000 10.3), but for their rate. The tokens are those of
 * quic_host_reset_token(), which needs nothing but the connection ID.
 *
 * It makes no new connection either: none of a pair begins twice.
 */
#include "pair_int.h"
#include "../../kmod/core/stateless.h"

void pair_forget(struct pair *p)
{
	struct pair_end *e = &p->end[PAIR_SERVER];
	struct pair_dgram *d, *n;

	list_for_each_entry_safe(d, n, &e->parked, node) {
		list_del(&d->node);
		pair_dgram_free(d);
	}
	e->n_parked = 0;
	if (e->conn)
		quic_conn_destroy(e->conn);
	e->conn = NULL;
	e->forgot = true;
}

void pair_reset_answer(struct pair *p, struct pair_end *e, const struct pair_dgram *d)
{
	u8 token[QUIC_RESET_TOKEN_LEN];
	struct pair_dgram *r;
	u32 random;

	if (!d->n || d->version)
		return;
	r = pair_zalloc(sizeof(*r));
	r->buf = shim_rxbuf_new(QUIC_RESET_MAX_LEN);
	quic_host_random(r->buf->data, QUIC_RESET_MAX_LEN);
	quic_host_random(&random, sizeof(random));
	quic_host_reset_token(NULL, &d->dcid, token);
	r->len = quic_stateless_put_reset(r->buf->data, d->len, random, token);
	if (!r->len) {
		pair_dgram_free(r);
		return;
	}
	r->reset = true;
	r->dst = d->src;
	p->resets++;
	pair_link_send(p, e, r);
}

/* It looks like a packet that does not open, and the end of it is compared. */
void pair_reset_take(struct pair *p, struct pair_end *e, const struct pair_dgram *d)
{
	const u8 *token = d->buf->data + d->len - QUIC_RESET_TOKEN_LEN;

	if (quic_conn_recv_reset(e->conn, token, p->now))
		p->resets_taken++;
	else if (!d->damaged && quic_conn_state(e->conn) < QUIC_CONN_CLOSING)
		pair_error(p, "a stateless reset is not known for one");
}
