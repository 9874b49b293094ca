// SPDX-License-Identifier: GPL-2.0
/*
 * What an end builds becomes datagrams: assembled as they would stand on the
 * wire, with zeros for a tag, and taken apart again by the header parser.
 */
#include "pair_int.h"
#include "../../kmod/core/conn_int.h"
#include "../../kmod/core/wire_hdr.h"

/* Header, plaintext and a tag of zeros as they would stand in the datagram. */
static u32 wire_put(struct pair *p, const struct quic_tx_pkt *t, u8 *dst)
{
	u32 n = t->hdr_len + t->prefix_len, i;

	memcpy(dst, t->buf, n);
	for (i = 0; i < t->n_pieces; i++) {
		memcpy(dst + n, t->piece[i].data, t->piece[i].len);
		n += t->piece[i].len;
	}
	memset(dst + n, 0, QUIC_TAG_LEN);
	n += QUIC_TAG_LEN;
	if (n != t->len)
		pair_error(p, "a packet's lengths do not add up");
	if (t->n_pieces && t->prefix_len % 16)
		pair_error(p, "pieces join at a place not aligned to 16");
	return n;
}

static u8 level_of_type(enum quic_pkt_type type)
{
	return type == QUIC_PKT_INITIAL ? QUIC_CRYPTO_INITIAL :
	       type == QUIC_PKT_0RTT ? QUIC_CRYPTO_EARLY :
	       type == QUIC_PKT_HANDSHAKE ? QUIC_CRYPTO_HANDSHAKE :
	       QUIC_CRYPTO_APP;
}

static u64 wire_pn(const u8 *p, u8 len)
{
	u64 pn = 0;

	while (len--)
		pn = pn << 8 | *p++;
	return pn;
}

/* Take the packet of @e at @off apart as its peer's glue would. Return: its length or 0. */
static u32 wire_get(struct pair *p, const struct pair_end *e, struct pair_dgram *d, u32 off,
		    const struct quic_tx_pkt *t)
{
	struct quic_rx_pkt *r = &d->pkt[d->n];
	const u8 *data = d->buf->data + off;
	struct quic_hdr h;
	u8 pn_len;

	if (quic_hdr_parse(data, d->len - off, p->cfg.cid_len[!e->side], &h)) {
		pair_error(p, "a header that cannot be parsed");
		return 0;
	}
	pn_len = (data[0] & 3) + 1;
	if (h.pn_off != t->pn_off || pn_len != t->pn_len || h.len != t->len ||
	    level_of_type(h.type) != t->level)
		pair_error(p, "a header says other than the batch");
	if (wire_pn(data + h.pn_off, pn_len) != (t->pn & ((1ULL << 8 * pn_len) - 1)))
		pair_error(p, "a wrong packet number in a header");
	if (h.version && h.version != quic_version_of_level(e->conn, t->level))
		pair_error(p, "a long header of another version");
	if (!h.fixed && !(e->conn->peer_params_set && p->cfg.local[!e->side].grease_quic_bit))
		pair_error(p, "a fixed bit of 0 to a peer that has not asked for it");
	if (t->level == QUIC_CRYPTO_APP && (data[0] >> 2 & 1) != (t->key_gen & 1))
		pair_error(p, "a header's key phase is not that of its keys");
	if (!off) {
		d->dcid = h.dcid;
		d->scid = h.scid;
		d->version = h.version;
		d->initial = h.type == QUIC_PKT_INITIAL;
		r->dgram_len = d->len;
	} else if (!quic_cid_equal(&d->dcid, &h.dcid)) {
		pair_error(p, "coalesced packets for different connections");
	}
	d->hdr_len[d->n] = t->hdr_len;
	d->pn_len[d->n++] = pn_len;
	r->data = data + t->hdr_len;
	r->len = t->len - t->hdr_len - QUIC_TAG_LEN;
	r->buf = d->buf;
	r->level = t->level;
	r->key_gen = t->key_gen;
	r->pn = t->pn;
	r->scid = h.scid;
	r->version = h.version;
	return h.len;
}

/* Is it to an ID that the peer issued, and that was not retired? (RFC 9000 5.1.2) */
static bool dcid_ours_to_use(const struct quic_conn *conn, const struct quic_cid *dcid)
{
	u32 i;

	for (i = 0; i < QUIC_REMOTE_CIDS; i++)
		if (conn->cids.remote[i].used && quic_cid_equal(&conn->cids.remote[i].cid, dcid))
			return true;
	return false;
}

/* Packets [first, last] of a batch are one datagram: send it. */
static void wire_send(struct pair *p, struct pair_end *e, u32 first, u32 last)
{
	struct pair_dgram *d = pair_zalloc(sizeof(*d));
	u32 i, off = 0, len;

	for (i = first; i <= last; i++)
		d->len += e->batch.pkt[i].len;
	d->ecn = e->batch.ecn;
	d->buf = shim_rxbuf_new(d->len);
	for (i = first; i <= last; i++)
		off += wire_put(p, &e->batch.pkt[i], d->buf->data + off);
	for (i = first, off = 0; i <= last; i++, off += len) {
		len = wire_get(p, e, d, off, &e->batch.pkt[i]);
		if (!len)
			break;
	}
	if (quic_conn_is_open(e->conn) && !dcid_ours_to_use(e->conn, &d->dcid))
		pair_error(p, "a datagram to a connection ID that was retired");
	if (d->initial && d->len < QUIC_MIN_UDP_PAYLOAD && e->side == PAIR_CLIENT)
		pair_error(p, "a client Initial below 1200 bytes");
	if (e->side == PAIR_CLIENT)
		d->src = pair_path_addr(e, e->batch.path);
	else
		d->dst = pair_path_addr(e, e->batch.path);
	pair_path_sent(p, e, e->batch.path, d->len);
	pair_link_send(p, e, d);
}

/* Every datagram of a train as long as the first, save the last. */
static void check_train(struct pair *p, struct pair_end *e, u32 len, u32 *first,
			bool last)
{
	if (!*first)
		*first = len;
	else if (len > *first || (len < *first && !last))
		pair_error(p, "datagrams of a train differ in length");
}

bool pair_wire_build(struct pair *p, struct pair_end *e)
{
	struct quic_tx_batch *b = &e->batch;
	u32 i, start = 0, len = 0, first = 0, n;
	bool idle;

	b->n = 0;
	b->n_dgrams = 0;
	b->max_dgrams = p->cfg.batch;
	b->host = &e->arena;
	e->arena.used = 0;
	idle = (quic_conn_tx_idle(e->conn) ||
		(quic_conn_tx_paced(e->conn) && quic_conn_pacing_deadline(e->conn) > p->now)) &&
	       quic_conn_deadline(e->conn) > p->now;
	n = quic_conn_build(e->conn, b, p->now);
	if (idle && b->n)
		pair_error(p, "there was nothing to build, and something was built");
	if (n != b->n_dgrams || n > b->max_dgrams || b->n > QUIC_TX_PKTS_MAX)
		pair_error(p, "a batch does not count right");
	for (i = 0; i < b->n; i++) {
		len += b->pkt[i].len;
		if (!b->pkt[i].dgram_end)
			continue;
		check_train(p, e, len, &first, i + 1 == b->n);
		wire_send(p, e, start, i);
		start = i + 1;
		len = 0;
	}
	if (start != b->n)
		pair_error(p, "a batch ends inside a datagram");
	return n > 0;
}
