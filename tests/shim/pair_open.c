// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams that arrive at an end: whose they are, which packets its keys open,
 * which wait for keys. The rules are those of kmod/glue/open.c and rx.c.
 *
 * Damage is found as an AEAD finds it: the headers are parsed again from the
 * bytes that came, and a packet is whole if it stands where it stood, is as long
 * as it was, and the turned bit is not in it. So a packet before the damage in
 * the same datagram survives, one behind a damaged Length does not.
 */
#include "pair_int.h"
#include "../../kmod/core/wire_hdr.h"

static bool dcid_known(const struct quic_conn *conn, const struct pair_dgram *d)
{
	const struct quic_cid *cid;
	u64 seq;
	u32 i;

	if (conn->server && quic_cid_equal(&d->dcid, conn->retried ? &conn->cids.retry_scid :
					   &conn->cids.odcid))
		return true;
	for (i = 0; i < QUIC_LOCAL_CIDS; i++) {
		cid = quic_conn_local_cid(conn, i, &seq);
		if (cid && quic_cid_equal(cid, &d->dcid))
			return true;
	}
	return false;
}

/*
 * Can the receiver expand the number? Not that of a packet which very many
 * others overtook: then it does not authenticate, and is as good as lost.
 * Of 1-RTT packets, two bytes of the number at least (RFC 9000 17.1) bear 32,000.
 */
static bool pn_expands(struct pair *p, struct pair_end *e,
		       const struct quic_rx_pkt *r, u8 len)
{
	bool none;
	u64 largest = quic_conn_largest_rx(e->conn, r->level, &none);

	if (quic_pn_decode(largest, none, r->pn & ((1ULL << 8 * len) - 1), len) == r->pn)
		return true;
	if (none || r->pn > largest || (r->level == QUIC_CRYPTO_APP && largest - r->pn < 32000))
		pair_error(p, "a packet number cannot be expanded");
	return false;
}

/* The generation whose keys glue would try on a 1-RTT packet. */
static u32 gen_to_try(const struct quic_conn *conn, const struct quic_rx_pkt *r)
{
	u32 gen = quic_conn_rx_gen(conn);

	return quic_key_gen_of(gen, quic_conn_rx_first(conn, gen), r->key_gen & 1, r->pn);
}

/*
 * Keys: a packet can be opened only once its level's are there, with the very
 * generation that sealed it, and that only until it is dropped.
 */
static bool can_open(struct pair *p, const struct quic_conn *conn, const struct quic_rx_pkt *r)
{
	u32 ahead = r->key_gen - quic_conn_rx_gen(conn);

	if (!(conn->rx_keys & 1 << r->level))
		return false;
	if (r->level != QUIC_CRYPTO_APP)
		return true;
	if (ahead + 1 > 2 || (ahead == U32_MAX && quic_conn_old_keys_over(conn)))
		return false;
	if (r->key_gen != gen_to_try(conn, r))
		pair_error(p, "keys that do not open a packet are tried before those that do");
	return r->key_gen == gen_to_try(conn, r);
}

/* Is it of a phase that the host has no keys of yet? */
static bool next_is_needed(const struct quic_conn *conn, const struct quic_rx_pkt *r)
{
	return gen_to_try(conn, r) == quic_conn_rx_gen(conn) + 1 &&
	       conn->keyphase.ready_gen == quic_conn_rx_gen(conn);
}

/* A packet whose keys are not there yet waits for them, as glue makes it. */
static bool must_park(const struct quic_conn *conn, const struct quic_rx_pkt *r)
{
	u32 bit = 1 << r->level;

	if (conn->keys_discarded & bit)
		return false;
	if (!(conn->rx_keys & bit))
		return true;
	return r->level == QUIC_CRYPTO_APP &&
	       (!conn->handshake_complete || next_is_needed(conn, r));
}

static void end_park(struct pair_end *e, const struct pair_dgram *d, u32 first)
{
	struct pair_dgram *copy;

	if (e->n_parked == PAIR_PARKED)
		return;
	copy = pair_dgram_copy(d);
	copy->n = 0;
	for (; first < d->n; first++) {
		copy->pn_len[copy->n] = d->pn_len[first];
		copy->hdr_len[copy->n] = d->hdr_len[first];
		copy->pkt[copy->n] = d->pkt[first];
		copy->pkt[copy->n++].dgram_len = 0;
	}
	list_add_tail(&copy->node, &e->parked);
	e->n_parked++;
}

/* Is byte @at in a packet that is @len long and begins at @off? */
static bool within(u32 at, u32 off, u32 len)
{
	return at >= off && at - off < len;
}

/* Keep the packets of a damaged datagram that still authenticate. */
static void keep_whole(struct pair_dgram *d, u8 cid_len)
{
	u32 i, n = 0, off = 0, start;
	struct quic_hdr h;

	for (i = 0; i < d->n; i++) {
		start = d->pkt[i].data - d->buf->data - d->hdr_len[i];
		while (off < start && !quic_hdr_parse(d->buf->data + off, d->len - off,
						      cid_len, &h))
			off += h.len;
		if (off != start ||
		    quic_hdr_parse(d->buf->data + off, d->len - off, cid_len, &h))
			break;
		if (h.len != (u32)d->hdr_len[i] + d->pkt[i].len + QUIC_TAG_LEN ||
		    within(d->damaged - 1, off, h.len)) {
			d->forged += h.type == QUIC_PKT_1RTT;
			continue;
		}
		d->pn_len[n] = d->pn_len[i];
		d->hdr_len[n] = d->hdr_len[i];
		d->pkt[n++] = d->pkt[i];
	}
	d->n = n;
	if (n)
		d->pkt[0].dgram_len = d->len;
	d->damaged = 0;
}

/* Give the core what can be opened of a datagram, park the rest. */
static void end_open(struct pair *p, struct pair_end *e, struct pair_dgram *d)
{
	struct quic_rx_pkt pkts[PAIR_DGRAM_PKTS];
	u32 i, n = 0, rest = d->n ? d->pkt[0].dgram_len : d->len;

	if (!pair_path_rx(e, d))
		return;
	for (i = 0; i < d->n; i++) {
		if (d->pkt[i].version &&
		    !quic_version_fits(e->conn, d->pkt[i].version, d->pkt[i].level))
			continue;
		if (must_park(e->conn, &d->pkt[i])) {
			if (e->conn->handshake_complete)
				quic_conn_next_phase_seen(e->conn, p->now);
			end_park(e, d, i);
			break;
		}
		if (!can_open(p, e->conn, &d->pkt[i]) ||
		    !pn_expands(p, e, &d->pkt[i], d->pn_len[i]))
			continue;
		pkts[n] = d->pkt[i];
		pkts[n].dgram_len = rest;
		pkts[n].ecn = d->ecn;
		rest = 0;
		n++;
	}
	if (n && p->cfg.hooks && p->cfg.hooks->opened)
		p->cfg.hooks->opened(p, e->side, pkts, n);
	if (n)
		quic_conn_recv(e->conn, pkts, n, p->now);
	else if (rest)
		quic_conn_recv_undecryptable(e->conn, rest);
}

/* Keys may have come: try what is parked again. */
void pair_open_parked(struct pair *p, struct pair_end *e)
{
	struct pair_dgram *d, *n;
	LIST_HEAD(again);

	list_splice_init(&e->parked, &again);
	e->n_parked = 0;
	list_for_each_entry_safe(d, n, &again, node) {
		list_del(&d->node);
		end_open(p, e, d);
		pair_dgram_free(d);
	}
}

/* Damage may hide whose datagram it is; then no connection hears of it. */
static bool damage_hides(struct pair *p, struct pair_end *e, struct pair_dgram *d)
{
	u8 cid_len = p->cfg.cid_len[e->side];
	struct quic_hdr h;

	if (quic_hdr_parse(d->buf->data, d->len, cid_len, &h) ||
	    !quic_cid_equal(&h.dcid, &d->dcid) || !e->conn)
		return true;
	keep_whole(d, cid_len);
	/* The end of a packet that did not open may be a stateless reset. */
	return !d->n && h.type == QUIC_PKT_1RTT &&
	       quic_conn_recv_reset(e->conn, d->buf->data + d->len - QUIC_TAG_LEN,
				    p->now);
}

/* A client's Initial that belongs to no connection: is it done with, by a Retry? */
static bool end_retries(struct pair *p, struct pair_end *e, struct pair_dgram *d)
{
	if (!p->cfg.retry || e->side != PAIR_SERVER || !d->initial)
		return false;
	return d->damaged || pair_retry_answer(p, e, d);
}

/* What keys failed to open counts (RFC 9001 6.6); without keys nothing was tried. */
static void count_forged(struct pair *p, struct pair_end *e, const struct pair_dgram *d)
{
	if (d->forged && e->conn->handshake_complete)
		quic_conn_recv_forged(e->conn, d->forged, p->now);
}

static void end_receive(struct pair *p, struct pair_end *e, struct pair_dgram *d)
{
	if (e->forgot) {
		pair_reset_answer(p, e, d);
		return;
	}
	if (d->reset) {
		pair_reset_take(p, e, d);
		return;
	}
	if (d->retry || d->version_neg) {
		if (e->conn && d->retry)
			pair_retry_take(p, e, d);
		else if (e->conn)
			pair_version_take(p, e, d);
		return;
	}
	if (!(e->conn && dcid_known(e->conn, d)) &&
	    (pair_version_answer(p, e, d) || end_retries(p, e, d))) {
		if (e->side == PAIR_SERVER)
			p->amp[d->src].in += d->len;
		return;
	}
	if (d->damaged && damage_hides(p, e, d))
		return;
	if (!e->conn && e->side == PAIR_SERVER && d->initial)
		pair_end_accept(p, d);
	if (!e->conn)
		return;
	if (e->side == PAIR_SERVER)
		p->amp[d->src].in += d->len;
	/* what left before the Retry is for nobody */
	if (e->conn->retried && quic_cid_equal(&d->dcid, &e->conn->cids.odcid))
		return;
	if (!dcid_known(e->conn, d) && quic_conn_state(e->conn) < QUIC_CONN_CLOSING) {
		/* overtaken, on another path, by the retirement of its ID */
		if (e->conn->paths)
			return;
		pair_error(p, "a datagram for an unknown connection ID");
	}
	end_open(p, e, d);
	count_forged(p, e, d);
}

void pair_open_arrivals(struct pair *p, struct pair_end *e)
{
	struct pair_dgram *d;

	while (!list_empty(&e->arrivals)) {
		d = list_first_entry(&e->arrivals, struct pair_dgram, node);
		if (d->at > p->now)
			break;
		list_del(&d->node);
		end_receive(p, e, d);
		pair_dgram_free(d);
	}
}
