// SPDX-License-Identifier: GPL-2.0
/*
 * Invariants of a connection that hold between any two calls, once the host did
 * what it was asked for; and between the two ends.
 *
 * They are written from the RFCs and from what the structures promise in their
 * headers, not from the code that keeps them.
 */
#include "pair.h"
#include "../../kmod/core/conn_int.h"
#include "../../kmod/core/pnspace.h"
#include "../../kmod/core/stream.h"

static const char *check_sent(const struct quic_conn *conn, u64 *in_flight)
{
	u32 i;
	u64 pn;

	for (i = 0; i < QUIC_SPACES; i++) {
		const struct quic_sent *s = &conn->space[i].sent;
		u32 eliciting = 0;

		if (s->next - s->base > s->cap)
			return "more packets in flight than the ring holds";
		for (pn = s->base; pn < s->next; pn++) {
			const struct quic_sent_pkt *r = quic_sent_get(s, pn);

			if (!(r->flags & QUIC_SENT_OUTSTANDING))
				continue;
			if (r->flags & QUIC_SENT_IN_FLIGHT)
				*in_flight += r->size;
			eliciting += !!(r->flags & QUIC_SENT_ACK_ELICITING);
		}
		if (eliciting != s->n_eliciting)
			return "ack-eliciting packets are miscounted";
	}
	return NULL;
}

static const char *check_sendbuf(const struct quic_sendbuf *sb)
{
	const struct quic_rangelist *l = &sb->lost;
	const struct quic_span *r = l->cap ? l->r : &l->one;
	u32 i;

	if (sb->base > sb->next || sb->next > sb->end)
		return "sendbuf: not base <= next <= end";
	for (i = 0; i < l->n; i++) {
		if (r[i].lo >= r[i].hi || (i && r[i].lo <= r[i - 1].hi))
			return "sendbuf: lost ranges out of order";
		if (r[i].lo < sb->base || r[i].hi > sb->next)
			return "sendbuf: lost range outside base and next";
	}
	l = &sb->acked;
	r = l->cap ? l->r : &l->one;
	for (i = 0; i < l->n; i++) {
		if (r[i].lo >= r[i].hi || (i && r[i].lo <= r[i - 1].hi))
			return "sendbuf: acked ranges out of order";
		if (r[i].lo <= sb->base || r[i].hi > sb->next)
			return "sendbuf: acked range outside base and next";
	}
	return NULL;
}

static const char *check_send_state(const struct quic_stream *s)
{
	const struct quic_sendbuf *sb = &s->tx;

	switch (s->send_state) {
	case QUIC_STREAM_SEND_STATE_READY:
		return sb->next || sb->fin_sent ? "READY, yet it was sent on" : NULL;
	case QUIC_STREAM_SEND_STATE_SEND:
		return sb->fin_sent ? "SEND, yet its FIN was sent" : NULL;
	case QUIC_STREAM_SEND_STATE_SENT:
		return !sb->fin_sent || sb->next != sb->end ? "SENT, yet not all was" : NULL;
	case QUIC_STREAM_SEND_STATE_RECVD:
		return !sb->fin_acked || sb->base != sb->end ? "RECVD, yet not all is" : NULL;
	case QUIC_STREAM_SEND_STATE_RESET_SENT:
		if (s->reset_stream.state == QUIC_VAL_IDLE)
			return "RESET_SENT, yet the reset is not under way";
		return !s->tx_place ? NULL : "RESET_SENT, yet it has data to send";
	case QUIC_STREAM_SEND_STATE_RESET_RECVD:
		return !s->tx_place ? NULL : "RESET_RECVD, yet it has data to send";
	}
	return "a send state that does not exist";
}

static const char *check_recv_state(const struct quic_stream *s)
{
	const struct quic_recvbuf *rb = &s->rx;
	bool readable = !list_empty(&s->rx_node);

	if (rb->fin && s->flow_rx.received > rb->final_size)
		return "bytes were received beyond the final size";
	switch (s->recv_state) {
	case QUIC_STREAM_RECV_STATE_RECV:
		return rb->fin ? "RECV, yet the final size is known" : NULL;
	case QUIC_STREAM_RECV_STATE_SIZE_KNOWN:
		return rb->fin ? NULL : "SIZE_KNOWN, yet it is not";
	case QUIC_STREAM_RECV_STATE_RECVD:
		if (!rb->fin || rb->contig != rb->final_size)
			return "RECVD, yet not all was received";
		return readable ? NULL : "RECVD, and nobody is told";
	case QUIC_STREAM_RECV_STATE_READ:
		return readable ? "READ, yet readable" : NULL;
	case QUIC_STREAM_RECV_STATE_RESET_RECVD:
		return readable ? NULL : "RESET_RECVD, and nobody is told";
	case QUIC_STREAM_RECV_STATE_RESET_READ:
		return readable ? "RESET_READ, yet to be read" : NULL;
	}
	return "a receive state that does not exist";
}

/* Waits for a turn exactly while there is something to send (stream.c). */
static const char *check_turn(const struct quic_stream *s)
{
	u64 off, len;
	bool has = s->has_tx && !s->held && s->send_state <= QUIC_STREAM_SEND_STATE_SENT &&
		   quic_sendbuf_next(&s->tx, quic_flow_tx_credit(&s->flow_tx), &off, &len);

	if (has && !s->tx_place)
		return "a stream with bytes to send waits for nothing";
	return NULL;
}

static const char *check_stream(const struct quic_stream *s)
{
	const char *wrong = check_sendbuf(&s->tx);

	if (!wrong && s->has_tx)
		wrong = check_send_state(s);
	if (!wrong && s->has_rx)
		wrong = check_recv_state(s);
	if (!wrong)
		wrong = check_turn(s);
	if (!wrong && s->flow_tx.used > s->flow_tx.limit)
		wrong = "a stream's credit is overdrawn";
	if (!wrong && (s->flow_rx.received > s->flow_rx.max ||
		       s->flow_rx.consumed > s->flow_rx.received))
		wrong = "a stream's receive window is inconsistent";
	if (!wrong && s->flow_rx.max > s->flow_rx.consumed + s->flow_rx.window)
		wrong = "a stream's reader is owed more than the window";
	return wrong;
}

static const char *check_streams(const struct quic_conn *conn)
{
	const struct quic_streams *st = &conn->streams;
	u64 tx = 0, rx = 0, n = 0, held = 0, silent = 0;
	struct rb_node *node;
	const char *wrong;

	for (node = rb_first(&st->tree); node; node = rb_next(node), n++) {
		const struct quic_stream *s = rb_entry(node, struct quic_stream, node);

		tx += s->tx.end - s->tx.base;
		rx += quic_recvbuf_queued(&s->rx);
		silent += s->held;
		held += s->flow_rx.received - s->flow_rx.consumed;
		wrong = check_stream(s);
		if (wrong)
			return wrong;
	}
	if (tx != st->tx_queued)
		return "tx_queued is not what the streams hold";
	if (rx != st->rx_queued)
		return "rx_queued is not what the streams hold";
	if (held != conn->flow_rx.received - conn->flow_rx.consumed)
		return "the connection's window lacks what no stream holds";
	if (silent != st->n_held)
		return "streams that are held back are miscounted";
	return n == st->n_open ? NULL : "open streams are miscounted";
}

static const char *check_dgram_tx(const struct quic_dgram_queue *q)
{
	const struct quic_dgram *d;
	u64 bytes = 0, n = 0;

	list_for_each_entry(d, &q->list, node) {
		bytes += d->len;
		n++;
	}
	if (n != q->n || bytes != q->bytes)
		return "datagrams to send are miscounted";
	return n > q->max_n || bytes > q->max_bytes ? "too many datagrams to send" : NULL;
}

/* What the queue keeps: each buffer once, where neighbours share it. */
static const char *check_dgram_rx(const struct quic_dgram_queue *q, u32 skip)
{
	const struct quic_rxbuf *last = NULL;
	const struct quic_dgram *d;
	u64 bytes = 0, n = 0;

	list_for_each_entry(d, &q->list, node) {
		if (!d->rxbuf)
			bytes += QUIC_DGRAM_SMALL_SIZE;
		else if (d->rxbuf != last)
			bytes += quic_host_rxbuf_bytes(d->rxbuf);
		last = d->rxbuf;
		if (!n++ && skip && skip >= d->len)
			return "more of a datagram was read than it has";
	}
	if (n != q->n || bytes != q->bytes)
		return "datagrams to read are miscounted";
	return n > q->max_n || bytes > q->max_bytes ? "too many datagrams to read" : NULL;
}

static const char *check_dgrams(const struct quic_conn *conn)
{
	const struct quic_sent *s = &conn->space[QUIC_SPACE_APP].sent;
	const struct quic_dgram_stats *st = &conn->stats.dgram;
	const char *wrong = check_dgram_tx(&conn->dgrams.tx);
	u64 flying = 0, pn;

	if (!wrong)
		wrong = check_dgram_rx(&conn->dgrams.rx, conn->dgrams.rx_skip);
	if (wrong)
		return wrong;
	for (pn = s->base; pn < s->next; pn++) {
		const struct quic_sent_pkt *r = quic_sent_get(s, pn);

		if (r->flags & QUIC_SENT_OUTSTANDING)
			flying += r->dgrams;
	}
	if (st->sent != st->acked + st->lost + flying)
		return "a datagram was sent, and is neither acknowledged, nor lost, nor in flight";
	return NULL;
}

static const char *check_vals(const struct quic_valsyncs *vals)
{
	const struct quic_valsync *v;

	list_for_each_entry(v, &vals->wanted, node) {
		if (v->state != QUIC_VAL_WANTED)
			return "a value in the wanted list is not wanted";
	}
	list_for_each_entry(v, &vals->flying, node) {
		if (v->state != QUIC_VAL_FLYING)
			return "a value in the flying list is not flying";
	}
	return NULL;
}

/* What keyphase.c promises (RFC 9001 6). */
static const char *check_keyphase(const struct quic_conn *conn)
{
	const struct quic_keyphase *kp = &conn->keyphase;

	if (kp->tx_gen - kp->rx_gen > 1)
		return "generations of sending and receiving are apart";
	if (kp->ready_gen < kp->tx_gen || kp->ready_gen - kp->rx_gen > 1)
		return "keys that the host does not have, or too many";
	if (kp->updates_local + kp->updates_peer != kp->tx_gen)
		return "key updates are miscounted";
	if (kp->tx_first > conn->space[QUIC_SPACE_APP].tx_next)
		return "a key phase begins with a packet to come";
	return NULL;
}

/* What path.c promises. */
static const char *check_paths(const struct quic_conn *conn)
{
	const struct quic_paths *ps = conn->paths;
	const struct quic_place *p;
	u32 i;

	if (!ps)
		return NULL;
	if (!ps->place[ps->active].used)
		return "the path in use has no place";
	if (ps->fallback == ps->active)
		return "the path to fall back to is the one in use";
	if (ps->fallback == QUIC_PATH_NONE && conn->handshake_confirmed &&
	    !conn->path.validated)
		return "no path to fall back to, and the one in use was not validated";
	if (ps->fallback != QUIC_PATH_NONE && !ps->place[ps->fallback].validated)
		return "a path to fall back to that was not validated";
	if (ps->fallback != QUIC_PATH_NONE && conn->path.validated &&
	    !ps->place[ps->active].probing)
		return "a path to fall back to, and no need of it";
	if (ps->saved && !ps->reset)
		return "the state of a path is kept twice";
	for (i = 0; i < QUIC_PATHS; i++) {
		p = &ps->place[i];
		if (p->used && i != ps->active && i != ps->fallback &&
		    p->until == QUIC_TIME_NEVER)
			return "a path that nobody needs, for ever";
		if (p->probing && p->until == QUIC_TIME_NEVER)
			return "a validation that never ends";
		if (p->probing && !p->due && p->next_at == QUIC_TIME_NEVER)
			return "a challenge that is never repeated";
	}
	return NULL;
}

static const char *check_conn_flow(const struct quic_conn *conn)
{
	if (conn->flow_tx.used > conn->flow_tx.limit)
		return "the connection's credit is overdrawn";
	if (conn->flow_rx.received > conn->flow_rx.max ||
	    conn->flow_rx.consumed > conn->flow_rx.received)
		return "the connection's receive window is inconsistent";
	if (conn->flow_rx.max > conn->flow_rx.consumed + conn->flow_rx.window)
		return "the connection's readers are owed more than the window";
	if (conn->path.cc.cwnd < quic_cc_min_window(&conn->path.cc))
		return "the congestion window is below its minimum";
	return NULL;
}

/* ---- does it go on by itself? ---- */

static bool amp_blocked(const struct quic_conn *conn)
{
	return quic_path_amp_room(&conn->path) < QUIC_MIN_UDP_PAYLOAD;
}

/* Are there keys for stream frames? */
static bool app_open(const struct quic_conn *conn)
{
	return conn->tx_keys & (1 << QUIC_CRYPTO_APP | 1 << QUIC_CRYPTO_EARLY) &&
	       (conn->handshake_complete || conn->early == QUIC_EARLY_OFFERED ||
		(conn->server && conn->early));
}

/* Is there a value to announce, but for those of streams that are held back? */
static bool vals_ready(const struct quic_conn *conn)
{
	const struct quic_valsync *v;

	list_for_each_entry(v, &conn->vals.wanted, node) {
		if (!quic_stream_val_held(v))
			return true;
	}
	return false;
}

/* Frames that could leave, were it only for this end. */
static bool has_work(const struct quic_conn *conn)
{
	u32 i;

	for (i = 0; i < QUIC_SPACES; i++) {
		const struct quic_pnspace *s = &conn->space[i];

		if (s->gone || (i == QUIC_SPACE_APP && !app_open(conn)))
			continue;
		if (s->probes || quic_pnspace_crypto_ready(s))
			return true;
	}
	return app_open(conn) &&
	       (quic_streams_tx_ready(conn) || vals_ready(conn) || conn->dgrams.tx.n);
}

static bool waits_for_acks(const struct quic_conn *conn)
{
	u32 i;

	for (i = 0; i < QUIC_SPACES; i++) {
		/* RFC 9002 6.2.1: no PTO for 1-RTT before the handshake is confirmed. */
		if (i == QUIC_SPACE_APP && !conn->handshake_confirmed)
			continue;
		if (conn->space[i].sent.n_eliciting)
			return true;
	}
	return false;
}

/*
 * A window full of 0-RTT or 1-RTT packets, which arm no PTO before the handshake is
 * confirmed: the other end repeats its flight, or HANDSHAKE_DONE, until it is
 * acknowledged. No excuse for what it waits for itself.
 */
static bool waits_for_done(const struct quic_conn *conn)
{
	return (conn->handshake_complete || conn->early) && !conn->handshake_confirmed &&
	       !quic_pnspace_crypto_ready(&conn->space[QUIC_SPACE_HANDSHAKE]) &&
	       quic_cc_room(&conn->path.cc) < conn->path.mtu;
}

/*
 * The host builds until nothing comes. What is left then waits for an ACK, for
 * pacing, for the peer's address to be proven, or for HANDSHAKE_DONE, and each of
 * these has a timer, but for the last two, where the peer's has to run. The idle
 * timer does not count.
 */
static const char *check_goes_on(const struct quic_conn *conn)
{
	bool timer = conn->loss_deadline != QUIC_TIME_NEVER ||
		     conn->pacing_deadline != QUIC_TIME_NEVER;
	u32 i;

	if (!quic_conn_is_open(conn))
		return conn->state != QUIC_CONN_CLOSED &&
		       conn->close_deadline == QUIC_TIME_NEVER ? "closes for ever" : NULL;
	for (i = 0; i < QUIC_SPACES; i++) {
		const struct quic_pnspace *s = &conn->space[i];

		if (s->ack_pending && !s->gone && !s->ack_now &&
		    s->ack_deadline == QUIC_TIME_NEVER)
			return "an ACK is owed and no timer will send it";
	}
	if (amp_blocked(conn) || timer || waits_for_done(conn))
		return NULL;
	if (has_work(conn))
		return "hung: something to send, and no timer";
	return waits_for_acks(conn) ? "hung: unacknowledged packets, and no timer" : NULL;
}

const char *pair_check(const struct quic_conn *conn)
{
	const char *wrong;
	u64 in_flight = 0;

	wrong = check_sent(conn, &in_flight);
	if (!wrong && in_flight != conn->path.cc.bytes_in_flight)
		wrong = "bytes_in_flight is not what is in flight";
	if (!wrong)
		wrong = check_streams(conn);
	if (!wrong)
		wrong = check_dgrams(conn);
	if (!wrong)
		wrong = check_vals(&conn->vals);
	if (!wrong)
		wrong = check_keyphase(conn);
	if (!wrong)
		wrong = check_paths(conn);
	if (!wrong)
		wrong = check_conn_flow(conn);
	if (!wrong)
		wrong = check_goes_on(conn);
	return wrong;
}

/* ---- between the ends ---- */

/* What @a believes it may send @b lets it. */
static const char *check_limits(const struct quic_conn *a, const struct quic_conn *b)
{
	struct rb_node *node;
	u32 t;

	if (a->flow_tx.limit > b->flow_rx.max)
		return "more credit than the peer gave";
	for (t = 0; t < 2; t++) {
		if (a->streams.max_local[t] > b->streams.max_remote[t])
			return "more streams than the peer allowed";
	}
	for (node = rb_first(&a->streams.tree); node; node = rb_next(node)) {
		const struct quic_stream *s = rb_entry(node, struct quic_stream, node), *o;

		if (!s->has_tx)
			continue;
		o = quic_conn_stream_find((struct quic_conn *)b, s->id);
		if (o && s->flow_tx.limit > o->flow_rx.max)
			return "more credit for a stream than the peer gave";
		if (o && o->flow_rx.received > s->flow_tx.used && s->tx.next)
			return "bytes arrived that were not sent";
	}
	return NULL;
}

/* RFC 9000 5.1.2: an ID that @a may use, @b must know. */
static const char *check_ids(const struct quic_conn *a, const struct quic_conn *b)
{
	u32 i, j;

	for (i = 0; i < QUIC_REMOTE_CIDS; i++) {
		const struct quic_remote_cid *r = &a->cids.remote[i];

		for (j = 0; j < QUIC_LOCAL_CIDS && r->used; j++) {
			const struct quic_local_cid *l = &b->cids.local[j];

			if (l->used && l->seq == r->seq && quic_cid_equal(&l->cid, &r->cid))
				break;
		}
		if (j == QUIC_LOCAL_CIDS)
			return "a connection ID to use that its issuer has forgotten";
	}
	return NULL;
}

const char *pair_check_both(const struct pair *p)
{
	const struct quic_conn *a = p->end[0].conn, *b = p->end[1].conn;
	const char *wrong;

	if (!a || !b || !a->peer_params_set || !b->peer_params_set)
		return NULL;
	wrong = check_limits(a, b);
	if (!wrong)
		wrong = check_limits(b, a);
	/* what was injected no peer has issued */
	if (!wrong && !p->injected)
		wrong = check_ids(a, b);
	if (!wrong && !p->injected)
		wrong = check_ids(b, a);
	return wrong;
}
