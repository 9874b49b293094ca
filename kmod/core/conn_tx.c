// SPDX-License-Identifier: GPL-2.0
/*
 * Sending: fills a batch of packets, one datagram after the other.
 *
 * A datagram holds up to one packet per level: Initial, 0-RTT, Handshake, 1-RTT
 * (RFC 9000 12.2). What is in them tx_frames.c decides. A full one that carries nothing but
 * bytes of a stream is followed by more of its kind without further ado (tx_run.c).
 *
 * Datagrams of a batch are equally long, except that the last may be shorter:
 * the first that is not full ends the batch, so a batch is one GSO train.
 *
 * Packets count as sent once built. What is built respects, in this order: the
 * keys that exist, anti-amplification, the congestion window and pacing (which
 * PTO probes and ACKs ignore), flow control.
 */
#include "tx.h"
#include "wire_hdr.h"
#include "pnspace.h"
#include "recovery.h"
#include "stream.h"
#include "stream_sched.h"
#include "cid.h"
#include "dgram.h"
#include "early.h"
#include "grease.h"
#include "hold.h"
#include "pmtud.h"
#include "keyphase.h"
#include "ecn.h"
#include "skip.h"
#include "trim.h"
#include "plant.h"

#define TX_ROOM_MIN	128	/* bytes of a datagram that it is worth while to build */
#define TX_NOMEM_RETRY	QUIC_NS_PER_MS	/* when memory was short, so much later */

static bool level_open(const struct quic_conn *conn, u8 level)
{
	if (!(conn->tx_keys & 1 << level))
		return false;
	return quic_level_space(level) != QUIC_SPACE_APP || quic_early_level_open(conn, level);
}

/* ---- one packet ---- */

static void put_header(struct tx_ctx *x, struct tx_pkt *p, u8 *buf, u32 room)
{
	static const u8 types[QUIC_CRYPTO_LEVELS] = {
		[QUIC_CRYPTO_INITIAL] = QUIC_PKT_INITIAL,
		[QUIC_CRYPTO_HANDSHAKE] = QUIC_PKT_HANDSHAKE,
		[QUIC_CRYPTO_EARLY] = QUIC_PKT_0RTT,
	};
	struct quic_conn *conn = x->conn;
	struct quic_tx_pkt *out = p->out;
	const struct quic_cid *dcid = x->dcid;
	u32 token_len = p->level == QUIC_CRYPTO_INITIAL ? conn->token.len : 0;

	out->buf = buf;
	out->pn = p->s->tx_next;
	out->pn_len = quic_tx_pn_len(p->s, p->level, out->pn);
	out->level = p->level;
	out->key_gen = p->level == QUIC_CRYPTO_APP ? conn->keyphase.tx_gen : 0;
	out->n_pieces = 0;
	out->dgram_end = false;
	p->w = quic_wcur_init(buf, room - QUIC_TAG_LEN);
	if (p->level == QUIC_CRYPTO_APP)
		quic_hdr_put_short(&p->w, dcid, out->pn, out->pn_len, out->key_gen & 1, 0);
	else
		p->length_off = quic_hdr_put_long(&p->w, types[p->level],
						  quic_version_of_level(conn, p->level),
						  dcid, &conn->cids.local[0].cid,
						  conn->token.data, token_len,
						  out->pn, out->pn_len);
	quic_grease_bit(conn, buf);
	out->hdr_len = p->w.p - buf;
	out->pn_off = out->hdr_len - out->pn_len;
	p->payload = p->w.p;
}

/* Set the lengths, after the payload is complete. Return: bytes on the wire. */
static u32 set_lengths(struct tx_pkt *p)
{
	struct quic_tx_pkt *out = p->out;

	out->prefix_len = p->w.p - p->payload;
	out->len = out->hdr_len + out->prefix_len + p->pieces_len + QUIC_TAG_LEN;
	if (p->level != QUIC_CRYPTO_APP)
		quic_hdr_set_length(out->buf, p->length_off,
				    out->len - out->hdr_len + out->pn_len);
	return out->len;
}

static void pad_to(struct tx_pkt *p, u32 payload_len)
{
	u32 have = p->w.p - p->payload + p->pieces_len;

	if (have >= payload_len)
		return;
	memset(p->w.p, 0, payload_len - have);
	p->w.p += payload_len - have;
}

/* Is there anything an ack-eliciting packet of this level would carry? */
static bool has_data(const struct tx_ctx *x, const struct quic_pnspace *s, u8 level)
{
	const struct quic_conn *conn = x->conn;

	if (quic_pnspace_crypto_ready(s) && level != QUIC_CRYPTO_EARLY)
		return true;
	return quic_level_space(level) == QUIC_SPACE_APP &&
	       (conn->dgrams.tx.n || !list_empty(&conn->vals.wanted) ||
		((!x->hold || quic_pnspace_ack_due(s, x->now)) && quic_streams_tx_ready(conn)));
}

/* May ack-eliciting frames leave? Notes what stops them. */
static bool eliciting_ok(struct tx_ctx *x, const struct quic_pnspace *s)
{
	struct quic_path *path = &x->conn->path;

	if (s->probes)
		return true;
	if (quic_cc_room(&path->cc) < path->mtu)
		return false;
	if (x->pace < (x->batch->n_dgrams ? path->mtu : quic_tx_quantum(x->conn))) {
		x->paced_out = true;
		return false;
	}
	return true;
}

static void account(struct tx_ctx *x, struct tx_pkt *p, enum quic_space space)
{
	struct quic_conn *conn = x->conn;
	struct quic_sent_pkt *rec = p->rec;

	if (rec->flags & QUIC_SENT_ACK_ELICITING) {
		rec->flags |= QUIC_SENT_IN_FLIGHT;
		/* a path MTU probe is in nobody's stead: its loss is not made good */
		if (p->s->probes && !(rec->flags & QUIC_SENT_PMTU))
			p->s->probes--;
		if (!conn->idle_tx_reset && conn->handshake_complete) {
			conn->idle_tx_reset = true;
			quic_conn_restart_idle(conn, x->now);
		}
	}
	if (rec->flags & QUIC_SENT_ACK) {
		quic_pnspace_ack_sent(p->s);
		if (p->level == QUIC_CRYPTO_APP)
			quic_keyphase_ack_sent(&conn->keyphase);
	}
	if (x->batch->ecn)
		rec->flags |= QUIC_SENT_ECT;
	if (p->retrans)
		conn->stats.pkts_retrans++;
	conn->stats.pkts_sent++;
	quic_recovery_on_sent(conn, space, rec, p->out->len, x->leaves);
	if (!(rec->flags & QUIC_SENT_IN_FLIGHT))
		return;		/* ACKs are not paced (RFC 9002 7.7) */
	quic_pacer_sent(&conn->path.pacer, p->out->len);
	x->pace -= min_t(u64, x->pace, p->out->len);
}

/*
 * Bytes that a packet has at least. A peer that lost its state may answer it with a
 * stateless reset, which is shorter (RFC 9000 10.3), and has to pass for a packet to us.
 */
static u32 whole_min(const struct quic_conn *conn, const struct tx_pkt *p)
{
	return p->level == QUIC_CRYPTO_APP && p->rec->flags & QUIC_SENT_ACK_ELICITING ?
	       QUIC_ANSWERED_MIN + conn->cids.local_len : 0;
}

/*
 * Has a level anything to send that may be sent now? Asked before there is room for it,
 * which costs more. @eliciting: may ack-eliciting frames be among it?
 */
static bool pkt_wanted(struct tx_ctx *x, u8 level, bool *eliciting)
{
	struct quic_pnspace *s = &x->conn->space[quic_level_space(level)];

	*eliciting = (has_data(x, s, level) || s->probes) && eliciting_ok(x, s);
	return *eliciting ||
	       (quic_pnspace_ack_due(s, x->now) && likely(!quic_sent_crowded(&s->sent)));
}

/*
 * Build the packet of one level, which is wanted, at @buf. Return: its bytes, 0 when there
 * is nothing to send after all; then nothing changed.
 */
static u32 build_pkt(struct tx_ctx *x, u8 level, bool eliciting, u8 *buf, u32 room,
		     struct tx_pkt *p)
{
	enum quic_space space = quic_level_space(level);
	struct quic_conn *conn = x->conn;
	struct quic_pnspace *s = &conn->space[space];
	bool probe = s->probes;

	*p = (struct tx_pkt){ .s = s, .level = level, .eliciting_ok = eliciting };
	if (space == QUIC_SPACE_APP && unlikely(quic_skip_due(conn)))
		quic_skip_next(conn);
	if (quic_sent_reserve(&s->sent, s->tx_next)) {
		x->nomem = true;
		return 0;
	}
	p->out = &x->batch->pkt[x->batch->n];
	put_header(x, p, buf, room);
	if (p->w.bad || quic_wcur_left(&p->w) < 32)
		return 0;
	p->rec = quic_sent_add(&s->sent, s->tx_next);
	p->expand = !conn->handshake_confirmed;
	quic_tx_put_frames(x, p);
	x->nomem |= p->nomem;
	if (p->eliciting_ok && probe && !(p->rec->flags & QUIC_SENT_ACK_ELICITING)) {
		quic_put_u8(&p->w, QUIC_FRAME_PING);
		p->rec->flags |= QUIC_SENT_ACK_ELICITING;
	}
	if (p->w.p == p->payload) {
		s->sent.next--;
		return 0;
	}
	pad_to(p, quic_hdr_payload_min(p->out->hdr_len, p->out->pn_len, whole_min(conn, p)));
	s->tx_next++;
	x->batch->n++;
	return set_lengths(p);
}

/* ---- one datagram ---- */

static void dgram_sent(struct tx_ctx *x, u32 len)
{
	struct quic_conn *conn = x->conn;

	x->batch->pkt[x->batch->n - 1].dgram_end = true;
	x->batch->n_dgrams++;
	quic_host_tx_commit(x->batch, len);
	if (x->batch->path == quic_conn_path_active(conn))
		conn->path.tx_bytes += len;
	conn->stats.bytes_sent += len;
}

/* RFC 9000 14.1: which datagrams must have 1200 bytes? */
static bool must_pad(const struct quic_conn *conn, const struct tx_pkt *initial)
{
	return !conn->server || initial->rec->flags & QUIC_SENT_ACK_ELICITING;
}

/*
 * A datagram of the handshake: Initial, 0-RTT, Handshake and 1-RTT packets together,
 * padded if it must be. Return: its bytes.
 */
static u32 build_coalesced(struct tx_ctx *x, u8 *buf, u32 room)
{
	static const u8 order[] = {
		QUIC_CRYPTO_INITIAL, QUIC_CRYPTO_EARLY, QUIC_CRYPTO_HANDSHAKE, QUIC_CRYPTO_APP
	};
	struct quic_conn *conn = x->conn;
	struct tx_pkt pkts[ARRAY_SIZE(order)];
	u32 used = 0, n = 0, i, len;
	bool pad = false, eliciting;

	for (i = 0; i < ARRAY_SIZE(order) && room - used > 64; i++) {
		if (!level_open(conn, order[i]) || !pkt_wanted(x, order[i], &eliciting))
			continue;
		len = build_pkt(x, order[i], eliciting, buf + used, room - used, &pkts[n]);
		if (!len)
			continue;
		if (order[i] == QUIC_CRYPTO_INITIAL)
			pad = must_pad(conn, &pkts[n]);
		used += len;
		n++;
	}
	if (!n)
		return 0;
	if (pad && used < QUIC_MIN_UDP_PAYLOAD && room >= QUIC_MIN_UDP_PAYLOAD &&
	    !pkts[n - 1].pieces_len) {
		struct tx_pkt *last = &pkts[n - 1];

		used -= last->out->len;
		pad_to(last, last->w.p - last->payload + QUIC_MIN_UDP_PAYLOAD - used -
			     last->out->len);
		last->rec->flags |= QUIC_SENT_IN_FLIGHT;
		used += set_lengths(last);
	}
	for (i = 0; i < n; i++)
		account(x, &pkts[i], quic_level_space(pkts[i].level));
	return used;
}

static u32 build_app(struct tx_ctx *x, bool eliciting, u8 *buf, u32 room)
{
	struct tx_pkt p;
	u32 len = build_pkt(x, QUIC_CRYPTO_APP, eliciting, buf, room, &p);

	if (len)
		account(x, &p, QUIC_SPACE_APP);
	return len;
}

static u32 build_dgram(struct tx_ctx *x)
{
	struct quic_conn *conn = x->conn;
	u64 amp = quic_path_amp_room(&conn->path);
	u32 room = min_t(u64, x->full, amp), len;
	bool eliciting = false;
	u8 *buf;

	/*
	 * A server that could not even send a full Initial waits for credit; later on
	 * what there is of it is good for an ACK.
	 */
	if (room < (conn->handshake_confirmed ? TX_ROOM_MIN : QUIC_MIN_UDP_PAYLOAD))
		return 0;
	if (likely(conn->handshake_confirmed) && !pkt_wanted(x, QUIC_CRYPTO_APP, &eliciting))
		return 0;
	buf = quic_host_tx_space(x->batch, room);
	if (!buf)
		return 0;
	len = likely(conn->handshake_confirmed) ? build_app(x, eliciting, buf, room) :
						  build_coalesced(x, buf, room);
	if (!len)
		return 0;
	dgram_sent(x, len);
	/* RFC 9001 4.9.1: a client drops Initial keys with its first Handshake. */
	if (!conn->server && conn->space[QUIC_SPACE_HANDSHAKE].tx_next)
		quic_conn_discard(conn, QUIC_CRYPTO_INITIAL, x->now);
	return len;
}

/* A path MTU probe has a datagram, and a batch, of its own. */
static bool build_pmtu_probe(struct tx_ctx *x)
{
	struct quic_conn *conn = x->conn;
	struct quic_pmtud *pm = &conn->pmtud;
	struct quic_pnspace *s = &conn->space[QUIC_SPACE_APP];
	struct tx_pkt p = { .s = s, .level = QUIC_CRYPTO_APP };
	u8 *buf;

	if (!pm->wanted || pm->flying || quic_cc_room(&conn->path.cc) < pm->target ||
	    quic_path_amp_room(&conn->path) < pm->target ||
	    quic_sent_reserve(&s->sent, s->tx_next))
		return false;
	buf = quic_host_tx_space(x->batch, pm->target);
	if (!buf)
		return false;
	p.out = &x->batch->pkt[0];
	put_header(x, &p, buf, pm->target);
	p.rec = quic_sent_add(&s->sent, s->tx_next++);
	quic_put_u8(&p.w, QUIC_FRAME_PING);
	pad_to(&p, quic_wcur_left(&p.w) + 1);
	p.rec->flags |= QUIC_SENT_ACK_ELICITING | QUIC_SENT_PMTU;
	x->batch->n++;
	set_lengths(&p);
	account(x, &p, QUIC_SPACE_APP);
	dgram_sent(x, p.out->len);
	pm->wanted = false;
	pm->flying = true;
	pm->tries++;
	return true;
}

/* RFC 9000 8.2; a packet to the path in use does more than probe (9.3.3). */
static void put_path_frames(struct tx_pkt *p, const struct quic_path_tx *tx)
{
	struct quic_frame f = { .type = QUIC_FRAME_PATH_RESPONSE };
	u32 i;

	for (i = 0; i < tx->n_responses; i++) {
		f.u.path.data = tx->response[i];
		quic_frame_put(&p->w, &f);
	}
	if (tx->challenge) {
		f.type = QUIC_FRAME_PATH_CHALLENGE;
		f.u.path.data = tx->challenge;
		quic_frame_put(&p->w, &f);
	}
	if (tx->active)
		quic_put_u8(&p->w, QUIC_FRAME_PING);
	if (tx->room >= QUIC_MIN_UDP_PAYLOAD)
		pad_to(p, p->w.p - p->payload + quic_wcur_left(&p->w));
}

/*
 * A datagram that probes a path has a batch of its own. As a probe of the PTO it does
 * not ask the window; on another path than the one in use it counts in none, and its
 * loss is the affair of the challenge's own timer.
 */
static bool build_path_probe(struct tx_ctx *x)
{
	struct quic_conn *conn = x->conn;
	struct quic_pnspace *s = &conn->space[QUIC_SPACE_APP];
	struct tx_pkt p = { .s = s, .level = QUIC_CRYPTO_APP };
	struct quic_path_tx tx;
	u8 *buf;

	if (!conn->handshake_complete || !quic_path_tx_next(conn, &tx))
		return false;
	buf = quic_sent_reserve(&s->sent, s->tx_next) ? NULL :
	      quic_host_tx_space(x->batch, tx.room);
	if (!buf) {
		x->nomem = true;
		return false;
	}
	x->batch->path = tx.place;
	x->batch->ecn = QUIC_ECN_NOT_ECT;
	x->dcid = quic_path_dcid(conn, tx.place);
	p.out = &x->batch->pkt[0];
	put_header(x, &p, buf, tx.room);
	p.rec = quic_sent_add(&s->sent, s->tx_next++);
	put_path_frames(&p, &tx);
	x->batch->n++;
	set_lengths(&p);
	p.rec->flags |= tx.active ? QUIC_SENT_ACK_ELICITING : QUIC_SENT_ELSEWHERE;
	account(x, &p, QUIC_SPACE_APP);
	dgram_sent(x, p.out->len);
	quic_path_tx_sent(conn, &tx, p.out->len, x->now);
	return true;
}

/* ---- closing ---- */

static u32 build_close_pkt(struct tx_ctx *x, u8 level, u8 *buf, u32 room, struct tx_pkt *p)
{
	struct quic_conn *conn = x->conn;
	const struct quic_close_info *info = &conn->close;
	struct quic_frame f = { .type = QUIC_FRAME_CONNECTION_CLOSE };

	*p = (struct tx_pkt){
		.s = &conn->space[quic_level_space(level)], .level = level,
		.out = &x->batch->pkt[x->batch->n],
	};
	f.u.close.code = info->code;
	f.u.close.frame_type = info->frame_type;
	f.u.close.reason = (const u8 *)info->reason;
	/* What the daemon says of certificates and profiles is for this end. */
	f.u.close.reason_len = info->origin == QUIC_CLOSE_TLS ? 0 : strlen(info->reason);
	if (info->app && level == QUIC_CRYPTO_APP) {
		f.type = QUIC_FRAME_CONNECTION_CLOSE_APP;
	} else if (info->app) {
		/* RFC 9000 10.2.3: nothing of the application's in the clear. */
		f.u.close.code = QUIC_TRANSPORT_ERROR_APPLICATION;
		f.u.close.reason_len = 0;
	}
	put_header(x, p, buf, room);
	if (p->w.bad || !quic_frame_put(&p->w, &f))
		return 0;
	pad_to(p, QUIC_PN_MAX_LEN - p->out->pn_len);
	p->s->tx_next++;
	x->batch->n++;
	conn->stats.pkts_sent++;
	return set_lengths(p);
}

/*
 * CONNECTION_CLOSE at every level that the peer may have keys for
 * (RFC 9000 10.2.3), in one datagram: datagrams of their own would differ in
 * length, and a batch is a train.
 */
static void build_close(struct tx_ctx *x)
{
	static const u8 order[] = {
		QUIC_CRYPTO_INITIAL, QUIC_CRYPTO_HANDSHAKE, QUIC_CRYPTO_APP
	};
	struct quic_conn *conn = x->conn;
	u32 room = min_t(u64, QUIC_MIN_UDP_PAYLOAD, quic_path_amp_room(&conn->path));
	u32 i, len, used = 0;
	struct tx_pkt p, last;
	u8 *buf;

	conn->closing_pending = false;
	buf = room < 128 ? NULL : quic_host_tx_space(x->batch, room);
	if (!buf)
		return;
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		if (!level_open(conn, order[i]) || room - used < 128)
			continue;
		len = build_close_pkt(x, order[i], buf + used, room - used, &p);
		if (!len)
			continue;
		used += len;
		last = p;
	}
	if (!used)
		return;
	if (x->batch->pkt[0].level == QUIC_CRYPTO_INITIAL) {
		used -= last.out->len;
		pad_to(&last, quic_wcur_left(&last.w) + (last.w.p - last.payload));
		used += set_lengths(&last);
	}
	dgram_sent(x, used);
	conn->close_sent++;
}

/*
 * RFC 9000 12.3: the end without a further packet, before a batch, with the numbers
 * that it leaves out, could pass the last one.
 */
static bool numbers_used_up(const struct quic_conn *conn)
{
	return conn->space[QUIC_SPACE_APP].tx_next > QUIC_PN_MAX - 2 * QUIC_TX_PKTS_MAX &&
	       conn->state != QUIC_CONN_CLOSED;
}

/*
 * RFC 9002 7.8: neither pacing nor the window stopped us, nor the batch's size. Pacing
 * that spreads what would not have filled the window did not stop us either; what is
 * queued includes stream bytes in flight, so that this is at most said too seldom.
 */
static bool app_limited(const struct tx_ctx *x)
{
	const struct quic_conn *conn = x->conn;
	const struct quic_cc *cc = &conn->path.cc;

	if (x->paced_out)
		return cc->bytes_in_flight + quic_conn_tx_queued(conn) < cc->cwnd;
	return x->batch->n_dgrams < x->batch->max_dgrams && quic_cc_room(cc) >= conn->path.mtu;
}

/* How much may leave at once? Streams that share have their turns by that. */
static void begin_train(const struct tx_ctx *x)
{
	u64 room = min(x->pace, quic_cc_room(&x->conn->path.cc));
	u32 pkts;

	if (x->conn->streams.sched.n < 2)
		return;
	pkts = min_t(u64, x->batch->max_dgrams, div_u64(room, x->full));
	quic_sched_train(&x->conn->streams.sched, pkts, x->full);
}

/* Up to the first one that is not full, and so has to be the last. */
static void build_dgrams(struct tx_ctx *x)
{
	struct quic_tx_batch *batch = x->batch;
	u32 first = 0, len;

	begin_train(x);
	while (batch->n_dgrams < batch->max_dgrams &&
	       batch->n + QUIC_CRYPTO_LEVELS <= QUIC_TX_PKTS_MAX) {
		len = build_dgram(x);
		if (!len)
			break;
		if (!first)
			first = len;
		if (len < x->full || len < first)
			break;
		quic_tx_run(x);
	}
}

u32 quic_conn_build(struct quic_conn *conn, struct quic_tx_batch *batch, u64 now)
{
	struct tx_ctx x = {
		.conn = conn, .batch = batch, .now = now, .dcid = quic_conn_dcid(conn),
		.leaves = max(now, conn->leaves),
	};
	s64 budget;

	quic_host_assert_owned(conn);
	quic_dgrams_release(conn);
	batch->ecn = QUIC_ECN_NOT_ECT;
	batch->lead = 0;
	batch->leaves = x.leaves;
	if (unlikely(numbers_used_up(conn)))
		quic_conn_give_up(conn, QUIC_CLOSE_LOCAL, QUIC_TRANSPORT_ERROR_INTERNAL,
				  "no packet numbers are left");
	batch->path = quic_conn_path_active(conn);
	if (quic_conn_is_open(conn))
		quic_keyphase_before_build(conn, now);
	if (!quic_conn_is_open(conn)) {
		if (conn->state == QUIC_CONN_CLOSING && conn->closing_pending)
			build_close(&x);
		return batch->n_dgrams;
	}
	batch->ecn = quic_ecn_mark(conn, now);
	batch->lead = 1 + x.dcid->len + QUIC_PN_APP_LEN;
	x.full = quic_path_full(&conn->path, batch->max_dgrams > 1 && !conn->dgrams.tx.n);
	x.hold = quic_hold_until(conn, batch->max_dgrams * x.full, now);
	quic_tx_pace(&x);
	budget = conn->path.pacer.budget;
	if ((unlikely(conn->paths) && build_path_probe(&x)) ||
	    (unlikely(conn->pmtud.wanted) && build_pmtu_probe(&x)))
		goto out;
	build_dgrams(&x);
	if (x.paced_out)
		quic_tx_paced_out(&x);
	if (!quic_streams_tx_ready(conn))
		quic_hold_done(conn);
	else if (x.hold)
		conn->pacing_deadline = min(conn->pacing_deadline, x.hold);
	/* Nothing need be in flight whose ACK or loss would try again. */
	if (unlikely(x.nomem))
		conn->pacing_deadline = min(conn->pacing_deadline, now + TX_NOMEM_RETRY);
	conn->path.app_limited = app_limited(&x);
	if (batch->n_dgrams > 1)
		conn->stats.trains++;
out:
	/* what is not paced, an ACK, only stays behind what was built before */
	if (conn->path.pacer.budget != budget)
		conn->leaves = x.leaves;
	batch->leaves = max(now, conn->leaves);
	if (batch->n_dgrams) {
		quic_recovery_set_timer(conn, now);
		quic_trim_note(conn, now);
	}
	return batch->n_dgrams;
}
