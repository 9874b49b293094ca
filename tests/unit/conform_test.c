// SPDX-License-Identifier: GPL-2.0
/*
 * MUSTs of RFC 9000, 9001 and 9002 that no other suite is about: handshakes, what
 * leaves in which packet, the end. tests/conformance says which.
 */
#include "unit_pair.h"
#include "../../kmod/core/recovery.h"
#include "../../kmod/core/wire_hdr.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC

static struct pair_cfg cfg;
static const struct quic_cid other = { .len = 5, .id = "other" };

/* What a tap saw of one side, and how many datagrams of it may still pass. */
static struct seen {
	u32 dgrams;
	u32 pkts[QUIC_CRYPTO_LEVELS];
	u32 frames[0x40];
	u32 wrong_frames;	/* that their packets must not have */
	u32 early_done;		/* HANDSHAKE_DONE of an end that is not done */
	u32 last_len;
	u32 spins;
	u32 tokens;
	u64 close_code;
	u32 close_reason;
	struct quic_frame reset;	/* the latest RESET_STREAM */
	u32 other_resets;		/* that were not like the one before */
} seen[2];
static u32 passes[2];

static bool drop(struct pair *p, enum pair_side from, u64 n)
{
	if (!passes[from])
		return true;
	passes[from]--;
	return false;
}

static u8 pkt_bit(u8 level)
{
	return level == QUIC_CRYPTO_APP ? QUIC_F_1 :
	       level == QUIC_CRYPTO_INITIAL ? QUIC_F_I : QUIC_F_H;
}

static void tap_frames(struct seen *s, const struct quic_conn *conn,
		       const struct quic_rx_pkt *r)
{
	struct quic_rcur c = quic_rcur_init(r->data, r->len);
	struct quic_error err = {};
	struct quic_frame f;

	while (quic_rcur_left(&c)) {
		if (quic_frame_parse(&c, pkt_bit(r->level), &f, &err)) {
			s->wrong_frames++;
			return;
		}
		s->frames[f.type & 0x3f]++;
		if ((f.type & ~1ULL) == QUIC_FRAME_CONNECTION_CLOSE) {
			s->close_code = f.u.close.code;
			s->close_reason += f.u.close.reason_len;
		}
		if (f.type == QUIC_FRAME_RESET_STREAM) {
			s->other_resets += s->reset.type && memcmp(&s->reset, &f, sizeof(f));
			s->reset = f;
		}
		if (f.type == QUIC_FRAME_HANDSHAKE_DONE && !conn->handshake_complete)
			s->early_done++;
	}
}

static void tap(struct pair *p, enum pair_side from, const struct pair_dgram *d)
{
	struct seen *s = &seen[from];
	struct quic_hdr h;
	u32 i;

	s->dgrams++;
	s->last_len = d->len;
	for (i = 0; i < d->n; i++) {
		s->pkts[d->pkt[i].level]++;
		tap_frames(s, p->end[from].conn, &d->pkt[i]);
	}
	if (d->n == 1 && d->pkt[0].level == QUIC_CRYPTO_APP)
		s->spins += d->buf->data[0] >> 5 & 1;
	if (d->initial && !quic_hdr_parse(d->buf->data, d->len, QUIC_LOCAL_CID_LEN, &h))
		s->tokens += !!h.token_len;
}

/* A pair as configured, watched, from whose sides so many datagrams arrive. */
static struct pair *watched(u32 from_client, u32 from_server)
{
	u32 i;

	memset(seen, 0, sizeof(seen));
	passes[PAIR_CLIENT] = from_client;
	passes[PAIR_SERVER] = from_server;
	for (i = 0; i < 2; i++) {
		cfg.link[i].tap = tap;
		cfg.link[i].drop = drop;
	}
	return pair_new(&cfg);
}

static struct pair *connected(struct unit *t)
{
	struct pair *p;

	pair_defaults(&cfg);
	p = watched(U32_MAX, U32_MAX);
	if (EXPECT(t, pair_run(p, pair_confirmed, p->now + 5 * SEC)))
		pair_run(p, NULL, p->now + SEC);
	memset(seen, 0, sizeof(seen));
	return p;
}

/*
 * A client in the middle of the handshake: of a long flight it has the first datagram,
 * and nobody hears anything any more.
 */
static struct pair *halfway(struct unit *t)
{
	struct pair *p;

	pair_defaults(&cfg);
	cfg.flight = 6000;
	p = watched(1, 1);
	pair_run(p, NULL, p->now + 30 * MS);
	EXPECT(t, p->end[PAIR_CLIENT].conn->stats.pkts_recv);
	EXPECT_EQ(t, quic_conn_state(p->end[PAIR_CLIENT].conn), QUIC_CONN_HANDSHAKE);
	return p;
}

static void finish(struct unit *t, struct pair *p)
{
	EXPECT_EQ(t, seen[0].wrong_frames + seen[1].wrong_frames, 0);
	unit_no_errors(t, p);
	pair_free(p);
}

static void inject(struct pair *p, enum pair_side to, const u8 *frames, u32 len)
{
	pair_inject(p, to, QUIC_CRYPTO_APP,
		    p->end[to].conn->space[QUIC_SPACE_APP].rx_next, frames, len);
}

static u64 code_of(const struct pair *p, enum pair_side side)
{
	const struct quic_close_info *info = quic_conn_close_info(p->end[side].conn);

	return info->origin == QUIC_CLOSE_LOCAL ? info->code : U64_MAX;
}

/* ---- limits ---- */

/* RFC 9000 4.1, 4.6: outdated limits. */
static void limits_never_fall(struct unit *t)
{
	static const u8 lower[] = { 0x12, 2, 0x13, 0, 0x10, 1, 0x11, 0, 1 };
	struct pair *p = connected(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;
	struct quic_stream *s;
	u64 limit, data, bidi, uni;

	ASSERT_EQ(t, quic_conn_stream_open(c, false, &s), 0);
	limit = s->flow_tx.limit;
	data = c->flow_tx.limit;
	bidi = c->streams.max_local[0];
	uni = c->streams.max_local[1];
	inject(p, PAIR_CLIENT, lower, sizeof(lower));
	EXPECT_EQ(t, s->flow_tx.limit, limit);
	EXPECT_EQ(t, c->flow_tx.limit, data);
	EXPECT_EQ(t, c->streams.max_local[0], bidi);
	EXPECT_EQ(t, c->streams.max_local[1], uni);
	finish(t, p);
}

/* RFC 9000 4.5: once the final size is said, or only decided. */
static void nothing_after_fin(struct unit *t)
{
	struct pair *p = connected(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;
	struct quic_stream *s;

	ASSERT_EQ(t, quic_conn_stream_open(c, false, &s), 0);
	EXPECT_EQ(t, unit_append(c, s, 5), 0);
	EXPECT_EQ(t, quic_stream_finish(c, s), 0);
	EXPECT_EQ(t, unit_append(c, s, 5), -EPIPE);
	EXPECT_EQ(t, s->tx.end, 5);
	pair_free(p);
}

/* RFC 9000 13.3: a reset that is lost is said again in the same words. */
static void reset_again_is_the_same(struct unit *t)
{
	struct pair *p = connected(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;
	struct pair_flow *f = pair_flow(p, PAIR_CLIENT, 1000);
	struct quic_stream *s;
	u64 final;

	passes[PAIR_CLIENT] = 0;
	pair_pump(p);
	s = quic_conn_stream_find(c, f->id);
	ASSERT(t, s);
	final = s->tx.next;
	EXPECT_EQ(t, final, 1000);
	EXPECT_EQ(t, quic_stream_reset(c, s, 7), 0);
	pair_run(p, NULL, p->now + SEC);
	EXPECT_GE(t, seen[PAIR_CLIENT].frames[QUIC_FRAME_RESET_STREAM], 2);
	EXPECT_EQ(t, seen[PAIR_CLIENT].other_resets, 0);
	EXPECT_EQ(t, seen[PAIR_CLIENT].reset.u.reset.code, 7);
	EXPECT_EQ(t, seen[PAIR_CLIENT].reset.u.reset.final_size, final);
	finish(t, p);
}

/* ---- connection IDs ---- */

/* RFC 9000 7.2: which IDs the ends send to, from the first packet on. */
static void first_ids(struct unit *t)
{
	static const u8 tok[] = "token";
	struct quic_cid dcid, scid;
	struct quic_conn *c, *s;
	struct pair *p;

	pair_defaults(&cfg);
	cfg.handshake_timeout = 100 * SEC;
	p = watched(U32_MAX, 0);
	c = p->end[PAIR_CLIENT].conn;
	dcid = *quic_conn_dcid(c);
	scid = c->cids.local[0].cid;
	EXPECT_GE(t, dcid.len, QUIC_INITIAL_DCID_MIN);
	pair_run(p, NULL, p->now + SEC);
	EXPECT_GT(t, seen[PAIR_CLIENT].dgrams, 1);
	EXPECT(t, quic_cid_equal(quic_conn_dcid(c), &dcid));
	s = p->end[PAIR_SERVER].conn;
	ASSERT(t, s);
	EXPECT(t, quic_cid_equal(quic_conn_dcid(s), &scid));
	passes[PAIR_SERVER] = U32_MAX;
	EXPECT(t, pair_run(p, pair_confirmed, p->now + 20 * SEC));
	EXPECT(t, quic_cid_equal(quic_conn_dcid(c), &s->cids.local[0].cid));
	finish(t, p);

	p = watched(U32_MAX, 0);
	c = p->end[PAIR_CLIENT].conn;
	scid = c->cids.local[0].cid;
	EXPECT(t, quic_conn_recv_retry(c, &other, tok, sizeof(tok), p->now));
	EXPECT(t, quic_cid_equal(quic_conn_dcid(c), &other));
	EXPECT(t, quic_cid_equal(&c->cids.local[0].cid, &scid));
	pair_free(p);
}

/* RFC 9000 7.2: an Initial or Handshake packet whose Source ID is another one. */
static void other_source_id(struct unit *t)
{
	struct pair *p = halfway(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;
	struct quic_rx_pkt r = {
		.level = QUIC_CRYPTO_HANDSHAKE, .pn = 50, .scid = other, .len = 1,
		.version = c->version,
	};
	struct quic_cid dcid = *quic_conn_dcid(c);
	u64 taken = c->stats.pkts_recv, dropped = c->stats.pkts_dropped;

	r.buf = shim_rxbuf_new(1);
	r.buf->data[0] = QUIC_FRAME_PING;
	r.data = r.buf->data;
	quic_conn_recv(c, &r, 1, p->now);
	EXPECT_EQ(t, c->stats.pkts_recv, taken);
	EXPECT_EQ(t, c->stats.pkts_dropped, dropped + 1);
	EXPECT(t, quic_cid_equal(quic_conn_dcid(c), &dcid));
	r.scid = c->cids.peer_scid;
	quic_conn_recv(c, &r, 1, p->now);
	EXPECT_EQ(t, c->stats.pkts_recv, taken + 1);
	quic_host_rxbuf_put(r.buf);
	pair_free(p);
}

/* ---- versions, Retry, roles ---- */

/* RFC 9000 6.2: a packet of the server was taken; or our version is in the list. */
static void late_version_negotiation(struct unit *t)
{
	static const u8 theirs[] = { 0x1a, 0x2a, 0x3a, 0x4a, 0, 0, 0, 9 };
	static const u8 both[] = { 0x6b, 0x33, 0x43, 0xcf, 0, 0, 0, 1 };
	struct pair *p = halfway(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;

	EXPECT_EQ(t, c->version, 1);
	EXPECT_EQ(t, quic_conn_recv_version_neg(c, both, sizeof(both), p->now), 0);
	EXPECT_EQ(t, quic_conn_recv_version_neg(c, theirs, sizeof(theirs), p->now), 0);
	EXPECT_EQ(t, quic_conn_state(c), QUIC_CONN_HANDSHAKE);
	/* too late for a Retry, too (17.2.5.2) */
	EXPECT(t, !quic_conn_recv_retry(c, &other, both, sizeof(both), p->now));
	pair_free(p);

	pair_defaults(&cfg);
	p = watched(0, 0);
	c = p->end[PAIR_CLIENT].conn;
	EXPECT_EQ(t, quic_conn_recv_version_neg(c, both, sizeof(both), p->now), 0);
	/* a server has nothing to choose */
	EXPECT_NE(t, quic_conn_recv_version_neg(c, both, 4, p->now), 0);
	c->server = true;
	EXPECT_EQ(t, quic_conn_recv_version_neg(c, both, 4, p->now), 0);
	c->server = false;
	pair_free(p);
}

/* RFC 9000 8.2.2 */
static void path_response_at_once(struct unit *t)
{
	static const u8 challenge[] = { 0x1a, 1, 2, 3, 4, 5, 6, 7, 8 };
	struct pair *p = connected(t);
	struct quic_conn *s = p->end[PAIR_SERVER].conn;
	struct quic_rx_pkt r = {
		.level = QUIC_CRYPTO_APP, .len = sizeof(challenge),
		.pn = s->space[QUIC_SPACE_APP].rx_next,
	};

	r.buf = shim_rxbuf_new(r.len);
	memcpy(r.buf->data, challenge, r.len);
	r.data = r.buf->data;
	quic_conn_take_want(s);
	quic_conn_recv(s, &r, 1, p->now);
	EXPECT(t, !s->space[QUIC_SPACE_APP].ack_now);
	EXPECT(t, quic_conn_take_want(s) & QUIC_WANT_TX);
	quic_host_rxbuf_put(r.buf);
	pair_free(p);
}

/* RFC 9000 8.1.3 */
static void retry_token_is_not_kept(struct unit *t)
{
	struct pair *p;
	u32 len = 1;

	pair_defaults(&cfg);
	cfg.retry = true;
	p = watched(U32_MAX, U32_MAX);
	EXPECT(t, pair_run(p, pair_confirmed, p->now + 5 * SEC));
	EXPECT_EQ(t, p->retries_taken, 1);
	quic_conn_new_token(p->end[PAIR_CLIENT].conn, &len);
	EXPECT_EQ(t, len, 0);
	finish(t, p);
}

/* RFC 9000 17.2.2 */
static void server_initials_have_no_token(struct unit *t)
{
	struct quic_conn_params params = {
		.server = true, .version = 1, .token = (const u8 *)"t", .token_len = 1,
		.cc = &quic_cc_newreno,
	};
	struct quic_conn *conn = quic_conn_create(&params, 1);
	struct pair *p;

	ASSERT(t, conn);
	EXPECT_EQ(t, conn->token.len, 0);
	quic_conn_destroy(conn);
	pair_defaults(&cfg);
	cfg.retry = true;
	p = watched(U32_MAX, U32_MAX);
	EXPECT(t, pair_run(p, pair_confirmed, p->now + 5 * SEC));
	EXPECT_GT(t, seen[PAIR_CLIENT].tokens, 0);
	EXPECT_EQ(t, seen[PAIR_SERVER].tokens, 0);
	finish(t, p);
}

/* RFC 9000 17.2.2, RFC 9001 5.6 */
static void packets_of_the_other_role(struct unit *t)
{
	struct quic_hdr h = { .type = QUIC_PKT_INITIAL };

	EXPECT(t, quic_hdr_is_for(&h, true));
	EXPECT(t, quic_hdr_is_for(&h, false));
	h.token_len = 1;
	EXPECT(t, quic_hdr_is_for(&h, true));
	EXPECT(t, !quic_hdr_is_for(&h, false));
	h = (struct quic_hdr){ .type = QUIC_PKT_0RTT };
	EXPECT(t, quic_hdr_is_for(&h, true));
	EXPECT(t, !quic_hdr_is_for(&h, false));
	h.type = QUIC_PKT_HANDSHAKE;
	EXPECT(t, quic_hdr_is_for(&h, true) && quic_hdr_is_for(&h, false));
}

/* RFC 9000 17.4 */
static void spin_bit_is_off(struct unit *t)
{
	struct pair *p = connected(t);

	pair_flow(p, PAIR_CLIENT, 100000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 10 * SEC));
	EXPECT_GT(t, seen[0].pkts[QUIC_CRYPTO_APP], 50);
	EXPECT_EQ(t, seen[0].spins + seen[1].spins, 0);
	finish(t, p);
}

/* ---- handshake ---- */

/* RFC 9000 8.1: a server whose client has gone silent after its first datagram. */
static void amplification(struct unit *t)
{
	struct quic_conn *s;
	struct pair *p;
	u64 before;

	pair_defaults(&cfg);
	cfg.flight = 6000;
	cfg.handshake_timeout = 100 * SEC;
	p = watched(1, U32_MAX);
	pair_run(p, NULL, p->now + 20 * SEC);
	s = p->end[PAIR_SERVER].conn;
	ASSERT(t, s);
	EXPECT_EQ(t, s->path.rx_bytes, 1200);
	EXPECT_LE(t, s->path.tx_bytes, 3600);
	EXPECT_GT(t, s->path.tx_bytes, 2400);
	unit_no_errors(t, p);
	/* little more, then enough; the pair has no record of these */
	quic_conn_recv_undecryptable(s, 100);
	pair_pump(p);
	EXPECT_LE(t, s->path.tx_bytes, 3900);
	before = s->path.tx_bytes;
	quic_conn_recv_undecryptable(s, 1000);
	pair_run(p, NULL, p->now + 20 * SEC);
	EXPECT_GT(t, s->path.tx_bytes, before);
	EXPECT_LE(t, s->path.tx_bytes, 3 * 2300);
	pair_free(p);
}

/* RFC 9000 8.1, RFC 9002 6.2.2.1: a client with nothing in flight still speaks. */
static void client_breaks_the_deadlock(struct unit *t)
{
	static const u8 ack[] = { 0x02, 0, 0, 0, 0 };
	struct quic_conn *c;
	struct pair *p;

	pair_defaults(&cfg);
	p = watched(0, 0);
	c = p->end[PAIR_CLIENT].conn;
	pair_pump(p);
	pair_inject(p, PAIR_CLIENT, QUIC_CRYPTO_INITIAL, 0, ack, sizeof(ack));
	EXPECT_EQ(t, c->path.cc.bytes_in_flight, 0);
	ASSERT(t, c->loss_deadline != QUIC_TIME_NEVER);
	memset(seen, 0, sizeof(seen));
	pair_run(p, NULL, c->loss_deadline);
	EXPECT_EQ(t, seen[PAIR_CLIENT].pkts[QUIC_CRYPTO_INITIAL], 1);
	EXPECT_GE(t, seen[PAIR_CLIENT].last_len, 1200);
	EXPECT_GT(t, c->path.cc.bytes_in_flight, 0);
	pair_free(p);

	p = halfway(t);
	c = p->end[PAIR_CLIENT].conn;
	EXPECT_EQ(t, c->space[QUIC_SPACE_HANDSHAKE].sent.n_eliciting, 0);
	ASSERT(t, c->loss_deadline != QUIC_TIME_NEVER);
	memset(seen, 0, sizeof(seen));
	pair_run(p, NULL, c->loss_deadline);
	EXPECT_EQ(t, seen[PAIR_CLIENT].pkts[QUIC_CRYPTO_HANDSHAKE], 1);
	EXPECT_EQ(t, seen[PAIR_CLIENT].frames[QUIC_FRAME_PING], 1);
	pair_free(p);
}

/* RFC 9000 13.2.1: Initial and Handshake packets are acknowledged at once. */
static void handshake_acks(struct unit *t)
{
	static const u8 ping[] = { QUIC_FRAME_PING };
	struct pair *p = halfway(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;
	struct quic_pnspace *s = &c->space[QUIC_SPACE_HANDSHAKE];
	u64 acks = c->stats.acks_sent;

	/* what came of the server's flight was, too */
	EXPECT_GT(t, s->rx_next, 0);
	EXPECT_EQ(t, s->ack_pending, 0);
	pair_inject(p, PAIR_CLIENT, QUIC_CRYPTO_HANDSHAKE, s->rx_next, ping, sizeof(ping));
	EXPECT_EQ(t, s->ack_pending, 0);
	EXPECT_EQ(t, c->stats.acks_sent, acks + 1);
	pair_free(p);
}

static bool drop_done(struct pair *p, enum pair_side from, u64 n)
{
	const struct quic_conn *s = p->end[PAIR_SERVER].conn;

	return from == PAIR_SERVER && s && s->handshake_complete &&
	       seen[PAIR_SERVER].frames[QUIC_FRAME_HANDSHAKE_DONE] < 2;
}

/* RFC 9000 13.3, RFC 9001 4.1.2: not before the end, at once then, until it is there. */
static void handshake_done_again(struct unit *t)
{
	struct pair *p;
	u64 end;

	pair_defaults(&cfg);
	p = watched(U32_MAX, U32_MAX);
	p->cfg.link[PAIR_SERVER].drop = drop_done;
	EXPECT(t, pair_run(p, pair_established, p->now + 5 * SEC));
	end = p->now;
	EXPECT_EQ(t, seen[PAIR_SERVER].frames[QUIC_FRAME_HANDSHAKE_DONE], 1);
	EXPECT(t, pair_run(p, pair_confirmed, end + 10 * SEC));
	EXPECT_GE(t, seen[PAIR_SERVER].frames[QUIC_FRAME_HANDSHAKE_DONE], 2);
	EXPECT_EQ(t, seen[PAIR_SERVER].early_done, 0);
	EXPECT_EQ(t, seen[PAIR_CLIENT].frames[QUIC_FRAME_HANDSHAKE_DONE], 0);
	finish(t, p);
}

/* RFC 9001 5.7: no 1-RTT packet is processed before the handshake is complete. */
static void early_data_waits(struct unit *t)
{
	static const u8 data[] = { 0x08, 1, 'x' };
	struct pair *p = halfway(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;
	u64 taken = c->stats.pkts_recv, dropped = c->stats.pkts_dropped;

	quic_conn_key_ready(c, QUIC_CRYPTO_APP, false, p->now);
	pair_inject(p, PAIR_CLIENT, QUIC_CRYPTO_APP, 0, data, sizeof(data));
	EXPECT_EQ(t, c->stats.pkts_recv, taken);
	EXPECT_EQ(t, c->stats.pkts_dropped, dropped + 1);
	EXPECT_EQ(t, quic_conn_state(c), QUIC_CONN_HANDSHAKE);
	pair_free(p);
}

/* RFC 9001 4.1.3: bytes of a level that TLS has left, and a repetition of such. */
static void crypto_of_a_level_left(struct unit *t)
{
	struct pair *p = halfway(t);
	struct quic_conn *s = p->end[PAIR_SERVER].conn;
	u64 end = s->space[QUIC_SPACE_INITIAL].crypto->rx.highest;
	u8 frame[] = { 0x06, 0x41, 0, 1, 'x' };

	ASSERT(t, end > 256 && end < 512);
	frame[2] = end - 257;
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_INITIAL, 50, frame, sizeof(frame));
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_HANDSHAKE);
	frame[2] = end - 256;
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_INITIAL, 51, frame, sizeof(frame));
	EXPECT_EQ(t, code_of(p, PAIR_SERVER), QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION);
	pair_free(p);
}

/* RFC 9001 4.1.3: bytes behind a gap, which TLS leaves unread when it goes on. */
static void unread_bytes_of_a_level_left(struct unit *t)
{
	static const u8 ahead[] = { 0x06, 0x40, 200, 1, 'x' };
	static const u8 far_ahead[] = { 0x06, 0x57, 0, 1, 'x' };
	struct quic_conn *c;
	struct pair *p;
	u32 tx, gap;

	for (gap = 0; gap < 2; gap++) {
		pair_defaults(&cfg);
		p = watched(U32_MAX, 0);
		c = p->end[PAIR_CLIENT].conn;
		if (gap)
			pair_inject(p, PAIR_CLIENT, QUIC_CRYPTO_INITIAL, 50, ahead,
				    sizeof(ahead));
		EXPECT_EQ(t, quic_conn_key_ready(c, QUIC_CRYPTO_HANDSHAKE, true, p->now), 0);
		EXPECT_EQ(t, quic_conn_key_ready(c, QUIC_CRYPTO_HANDSHAKE, false, p->now),
			  gap ? (u64)-EPROTO : 0);
		if (gap)
			EXPECT_EQ(t, code_of(p, PAIR_CLIENT),
				  QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION);
		pair_free(p);

		p = halfway(t);
		c = p->end[PAIR_CLIENT].conn;
		c->peer_params_set = true;
		if (gap)
			pair_inject(p, PAIR_CLIENT, QUIC_CRYPTO_HANDSHAKE, 50, far_ahead,
				    sizeof(far_ahead));
		for (tx = 0; tx < 2; tx++)
			EXPECT_EQ(t, quic_conn_key_ready(c, QUIC_CRYPTO_APP, tx, p->now), 0);
		EXPECT_EQ(t, quic_conn_handshake_complete(c, p->now), gap ? (u64)-EPROTO : 0);
		if (gap)
			EXPECT_EQ(t, code_of(p, PAIR_CLIENT),
				  QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION);
		pair_free(p);
	}
}

/* RFC 9001 4.9.1, RFC 9002 6.4: Initial keys, and all that was sent with them. */
static void initial_keys_go(struct unit *t)
{
	static const u8 ping[] = { QUIC_FRAME_PING };
	struct pair *p = halfway(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn, *s = p->end[PAIR_SERVER].conn;
	struct quic_pnspace *initial = &s->space[QUIC_SPACE_INITIAL];
	const char *wrong;

	/* the client's first Handshake packet has left, and did not arrive */
	EXPECT_GT(t, c->space[QUIC_SPACE_HANDSHAKE].tx_next, 0);
	EXPECT(t, !(c->tx_keys & 1 << QUIC_CRYPTO_INITIAL) &&
	       !(c->rx_keys & 1 << QUIC_CRYPTO_INITIAL));
	EXPECT(t, s->tx_keys & 1 << QUIC_CRYPTO_INITIAL);
	EXPECT_GT(t, initial->sent.n_eliciting, 0);
	memset(seen, 0, sizeof(seen));
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_HANDSHAKE, 0, ping, sizeof(ping));
	EXPECT(t, s->keys_discarded & 1 << QUIC_CRYPTO_INITIAL);
	EXPECT_EQ(t, initial->sent.next - initial->sent.base, 0);
	wrong = pair_check(s);
	if (!EXPECT(t, !wrong))
		unit_log("# %s", wrong);
	quic_conn_close(s, false, 1, "", p->now);
	pair_pump(p);
	EXPECT_GT(t, seen[PAIR_SERVER].pkts[QUIC_CRYPTO_HANDSHAKE], 0);
	EXPECT_EQ(t, seen[PAIR_SERVER].pkts[QUIC_CRYPTO_INITIAL], 0);
	pair_free(p);
}

/* A server that may send, with packets of both spaces in flight, times of its own. */
static struct pair *both_spaces(struct unit *t, u64 *pto)
{
	struct pair *p = halfway(t);
	struct quic_conn *s = p->end[PAIR_SERVER].conn;

	EXPECT(t, s->space[QUIC_SPACE_INITIAL].sent.n_eliciting);
	EXPECT(t, s->space[QUIC_SPACE_HANDSHAKE].sent.n_eliciting);
	s->path.validated = true;
	s->space[QUIC_SPACE_INITIAL].last_eliciting = p->now;
	s->space[QUIC_SPACE_HANDSHAKE].last_eliciting = p->now + 5 * MS;
	*pto = quic_rtt_pto(&s->path.rtt, 0);
	return p;
}

/* RFC 9002 6.2.1 */
static void pto_of_the_earlier_space(struct unit *t)
{
	u64 pto;
	struct pair *p = both_spaces(t, &pto);
	struct quic_conn *s = p->end[PAIR_SERVER].conn;

	quic_recovery_set_timer(s, p->now);
	EXPECT_EQ(t, s->loss_deadline, p->now + pto);
	s->space[QUIC_SPACE_INITIAL].last_eliciting += 10 * MS;
	quic_recovery_set_timer(s, p->now);
	EXPECT_EQ(t, s->loss_deadline, p->now + 5 * MS + pto);
	pair_free(p);
}

/* RFC 9002 6.2.2 */
static void timer_after_discarding(struct unit *t)
{
	u64 pto;
	struct pair *p = both_spaces(t, &pto);
	struct quic_conn *s = p->end[PAIR_SERVER].conn;

	s->pto_count = 3;
	quic_recovery_set_timer(s, p->now);
	EXPECT_EQ(t, s->loss_deadline, p->now + 8 * pto);
	quic_recovery_discard(s, QUIC_SPACE_INITIAL, p->now);
	EXPECT_EQ(t, s->loss_deadline, p->now + 5 * MS + pto);
	pair_free(p);
}

/* RFC 9002 6.2.1: the peer may be unable to open it yet. */
static void no_pto_of_early_data(struct unit *t)
{
	struct pair *p = connected(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;

	passes[PAIR_CLIENT] = 0;
	pair_flow(p, PAIR_CLIENT, 100);
	pair_pump(p);
	EXPECT_NE(t, c->loss_deadline, QUIC_TIME_NEVER);
	c->handshake_confirmed = false;
	/* nor is there a deadlock to break: the server has validated its address */
	c->space[QUIC_SPACE_HANDSHAKE].acked_any = true;
	quic_recovery_set_timer(c, p->now);
	EXPECT_EQ(t, c->loss_deadline, QUIC_TIME_NEVER);
	pair_free(p);
}

/* ---- the end ---- */

/* RFC 9000 10.2.2 */
static void draining_is_silent(struct unit *t)
{
	static const u8 close[] = { 0x1c, 0, 0, 0 }, ping[] = { 0x01 };
	struct pair *p = connected(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;
	u32 i;

	pair_flow(p, PAIR_CLIENT, 100);
	inject(p, PAIR_CLIENT, close, sizeof(close));
	EXPECT_EQ(t, quic_conn_state(c), QUIC_CONN_DRAINING);
	memset(seen, 0, sizeof(seen));
	for (i = 0; i < 10; i++)
		inject(p, PAIR_CLIENT, ping, sizeof(ping));
	pair_run(p, NULL, p->now + 10 * SEC);
	EXPECT_EQ(t, seen[PAIR_CLIENT].dgrams, 0);
	EXPECT_EQ(t, quic_conn_state(c), QUIC_CONN_CLOSED);
	pair_free(p);
}

/* RFC 9000 10.2.1: a peer that goes on sending hears of it ever less. */
static void closing_answers_get_rare(struct unit *t)
{
	static const u8 ping[] = { QUIC_FRAME_PING };
	struct pair *p = connected(t);
	u32 i;

	passes[PAIR_SERVER] = 0;
	quic_conn_close(p->end[PAIR_SERVER].conn, true, 1, "", p->now);
	pair_pump(p);
	EXPECT_EQ(t, seen[PAIR_SERVER].dgrams, 1);
	for (i = 0; i < 100; i++)
		inject(p, PAIR_SERVER, ping, sizeof(ping));
	EXPECT_GE(t, seen[PAIR_SERVER].dgrams, 4);
	EXPECT_LE(t, seen[PAIR_SERVER].dgrams, 9);
	pair_free(p);
}

/* RFC 9000 10.2.3: the application's close, in the handshake and after. */
static void close_by_level(struct unit *t)
{
	struct pair *p = halfway(t);
	struct seen *s = &seen[PAIR_SERVER];

	memset(seen, 0, sizeof(seen));
	quic_conn_close(p->end[PAIR_SERVER].conn, true, 77, "secret", p->now);
	p->end[PAIR_SERVER].conn->path.rx_bytes += 1200;	/* room for it */
	pair_pump(p);
	EXPECT_EQ(t, s->dgrams, 1);
	EXPECT_EQ(t, s->frames[QUIC_FRAME_CONNECTION_CLOSE], 2);
	EXPECT_EQ(t, s->frames[QUIC_FRAME_CONNECTION_CLOSE_APP], 0);
	EXPECT_EQ(t, s->close_code, QUIC_TRANSPORT_ERROR_APPLICATION);
	EXPECT_EQ(t, s->close_reason, 0);
	EXPECT_EQ(t, s->wrong_frames, 0);
	pair_free(p);

	p = connected(t);
	quic_conn_close(p->end[PAIR_SERVER].conn, true, 77, "secret", p->now);
	pair_pump(p);
	EXPECT_EQ(t, s->dgrams, 1);
	EXPECT_EQ(t, s->pkts[QUIC_CRYPTO_APP], 1);
	EXPECT_EQ(t, s->pkts[QUIC_CRYPTO_HANDSHAKE], 0);
	EXPECT_EQ(t, s->frames[QUIC_FRAME_CONNECTION_CLOSE_APP], 1);
	EXPECT_EQ(t, s->close_code, 77);
	EXPECT_EQ(t, s->close_reason, 6);
	finish(t, p);
}

/* RFC 9000 12.3: no number is left for anything, CONNECTION_CLOSE included. */
static void packet_numbers_end(struct unit *t)
{
	struct pair *p = connected(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;
	struct quic_pnspace *s = &c->space[QUIC_SPACE_APP];

	EXPECT_EQ(t, s->sent.n_eliciting, 0);
	quic_sent_free(&s->sent);
	s->tx_next = QUIC_PN_MAX - 2;
	s->sent.base = s->tx_next;
	s->sent.next = s->tx_next;
	pair_flow(p, PAIR_CLIENT, 100);
	pair_pump(p);
	EXPECT_EQ(t, seen[PAIR_CLIENT].dgrams, 0);
	EXPECT_EQ(t, quic_conn_state(c), QUIC_CONN_CLOSED);
	EXPECT_EQ(t, code_of(p, PAIR_CLIENT), QUIC_TRANSPORT_ERROR_INTERNAL);
	pair_free(p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(limits_never_fall),
	UNIT_CASE(nothing_after_fin),
	UNIT_CASE(reset_again_is_the_same),
	UNIT_CASE(first_ids),
	UNIT_CASE(other_source_id),
	UNIT_CASE(late_version_negotiation),
	UNIT_CASE(path_response_at_once),
	UNIT_CASE(retry_token_is_not_kept),
	UNIT_CASE(server_initials_have_no_token),
	UNIT_CASE(packets_of_the_other_role),
	UNIT_CASE(spin_bit_is_off),
	UNIT_CASE(amplification),
	UNIT_CASE(client_breaks_the_deadlock),
	UNIT_CASE(handshake_acks),
	UNIT_CASE(handshake_done_again),
	UNIT_CASE(early_data_waits),
	UNIT_CASE(crypto_of_a_level_left),
	UNIT_CASE(unread_bytes_of_a_level_left),
	UNIT_CASE(initial_keys_go),
	UNIT_CASE(pto_of_the_earlier_space),
	UNIT_CASE(timer_after_discarding),
	UNIT_CASE(no_pto_of_early_data),
	UNIT_CASE(draining_is_silent),
	UNIT_CASE(closing_answers_get_rare),
	UNIT_CASE(close_by_level),
	UNIT_CASE(packet_numbers_end),
};

UNIT_SUITE(conform, cases);
