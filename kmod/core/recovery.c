// SPDX-License-Identifier: GPL-2.0
/*
 * Loss detection, RFC 9002 with the names of its appendix A.
 *
 * An ACK frame is applied range by range to the ring of sent packets; whatever
 * lies three packets or 9/8 of a round trip below the largest acknowledged is
 * lost (more, on a path that reorders: reorder.c); when nothing is heard, the PTO sends
 * probes. What a packet carried is told to its owners: ranges to the streams, values
 * (valsync.h) to their list. A range is walked upwards, the order in which its packets
 * were filled: so base of a stream's sendbuf rises step by step, and values are found at
 * the front.
 * The congestion controller hears one summary per ACK frame, not per packet.
 *
 * Invariant: path.cc.bytes_in_flight is the sum of the sizes of outstanding
 * packets with QUIC_SENT_IN_FLIGHT in all spaces.
 *
 * Worst case: an ACK costs its overlap with [base, next) of the ring; base rises
 * over everything settled, so over a connection's life that is linear.
 *
 * It does not decide what goes into a probe (conn_tx.c) nor when the connection
 * is given up (the idle timer, conn_timer.c).
 *
 * Large because ACKs, losses and the timer work on the same records and summaries.
 */
#include "recovery.h"
#include "stream.h"
#include "cid.h"
#include "dgram.h"
#include "pmtud.h"
#include "pnspace.h"
#include "ecn.h"
#include "skip.h"
#include "undo.h"
#include "reorder.h"
#include "plant.h"

#define RUN_MAX		(1U << 30)	/* bytes: one packet's more fit the length */

/*
 * Summary of one ACK frame. Bytes of one stream that packets in a row carried are told
 * to it together: @run, valid if it has bytes or FIN.
 */
struct ack_sum {
	struct quic_sent_range run;
	u64 bytes;		/* newly acknowledged that were in flight */
	u64 newest_sent;	/* time the newest of them left */
	u64 largest_newly;	/* valid if @any */
	u64 largest_time;
	u32 marked;		/* ECT(0) */
	bool any;
	bool eliciting;
	bool elsewhere;		/* the largest one left on another path */
	bool large;		/* one was above the base size */
};

/* Summary of one look for losses. */
struct loss_sum {
	u64 newest_sent;
	u64 large_sent;		/* of those above the base size; 0: none */
	u64 oldest_sent;	/* ack-eliciting, of the last contiguous run */
	u64 run_end;		/* number that would continue the run */
	bool any;
	bool opens;		/* a new round of losses */
	bool run;
	bool persistent;
};

static u64 peer_max_ack_delay(const struct quic_conn *conn)
{
	return conn->remote.max_ack_delay * QUIC_NS_PER_MS;
}

static void settle_crypto(struct quic_conn *conn, enum quic_space space,
			  const struct quic_sent_range *r, bool acked)
{
	struct quic_crypto *crypto = conn->space[space].crypto;

	if (crypto && acked)
		quic_sendbuf_acked(&crypto->tx, conn, r->offset, r->len, false);
	else if (crypto)
		quic_sendbuf_lost(&crypto->tx, r->offset, r->len, false);
}

/* The bytes that a packet carried: lost, or offered for sending again. */
static void ranges_lost(struct quic_conn *conn, enum quic_space space,
			struct quic_sent_pkt *p)
{
	struct quic_sent_range *r;

	if (!p->range.used)
		return;
	for (r = &p->range; r; r = r->next) {
		if (r->crypto)
			settle_crypto(conn, space, r, false);
		else
			quic_stream_on_lost(conn, r->id, r->offset, r->len, r->fin);
	}
}

/* Tell the stream of @sum->run. */
static void run_acked(struct quic_conn *conn, struct ack_sum *sum)
{
	const struct quic_sent_range *r = &sum->run;

	if (r->used)
		quic_stream_on_acked(conn, r->id, r->offset, r->len, r->fin);
	sum->run.used = false;
}

/* The bytes that a packet carried: acknowledged. */
static void ranges_acked(struct quic_conn *conn, enum quic_space space,
			 struct quic_sent_pkt *p, struct ack_sum *sum)
{
	struct quic_sent_range *r, *run = &sum->run;

	if (!p->range.used)
		return;
	for (r = &p->range; r; r = r->next) {
		if (unlikely(r->crypto)) {
			settle_crypto(conn, space, r, true);
		} else if (run->used && run->id == r->id && !run->fin &&
			   run->offset + run->len == r->offset &&
			   run->len <= RUN_MAX) {
			run->len += r->len;
			run->fin = r->fin;
		} else {
			run_acked(conn, sum);
			*run = *r;
		}
	}
}

/*
 * Values that packet @pn carried: acknowledged, or to be said again. The list is
 * in order of packet numbers, and they are settled from the lowest: what stands
 * in front was sent before and is still under way.
 */
static void vals_settle(struct quic_conn *conn, u64 pn, bool acked)
{
	struct quic_valsync *v, *n;

again:
	list_for_each_entry_safe(v, n, &conn->vals.flying, node) {
		if (v->pn > pn)
			break;
		if (v->pn < pn)
			continue;
		if (!acked && !QUIC_PLANTED(18)) {
			quic_valsync_set(&conn->vals, v);
			continue;
		}
		quic_valsync_stop(v);
		if (v->frame != QUIC_FRAME_RESET_STREAM)
			continue;
		quic_stream_reset_acked(conn, container_of(v, struct quic_stream,
							   reset_stream));
		goto again;	/* the stream, and with it @n, may be gone */
	}
}

static void pkt_acked(struct quic_conn *conn, enum quic_space space, u64 pn,
		      struct quic_sent_pkt *p, struct ack_sum *sum)
{
	struct quic_pnspace *s = &conn->space[space];

	if (p->flags & QUIC_SENT_LOST) {
		conn->stats.pkts_spurious++;
		if (space == QUIC_SPACE_APP)
			quic_reorder_spurious(conn, pn);
	} else {
		if (p->flags & QUIC_SENT_IN_FLIGHT) {
			conn->path.cc.bytes_in_flight -= p->size;
			sum->bytes += p->size;
			sum->newest_sent = max(sum->newest_sent, p->time);
		}
		if (p->flags & QUIC_SENT_ACK_ELICITING) {
			s->sent.n_eliciting--;
			sum->eliciting = true;
		}
	}
	if (p->flags & QUIC_SENT_ECT)
		sum->marked++;
	sum->large |= p->size > QUIC_MIN_UDP_PAYLOAD;
	if (!sum->any || pn > sum->largest_newly) {
		sum->any = true;
		sum->largest_newly = pn;
		sum->largest_time = p->time;
		sum->elsewhere = p->flags & QUIC_SENT_ELSEWHERE;
	}
	ranges_acked(conn, space, p, sum);
	if (p->dgrams)
		quic_dgrams_acked(conn, p->dgrams, p->flags & QUIC_SENT_LOST);
	if (p->flags & QUIC_SENT_CTRL)
		vals_settle(conn, pn, true);
	if (p->flags & QUIC_SENT_ACK)
		quic_rangeset_drop_below(&s->rx, p->largest_acked);
	if (p->flags & QUIC_SENT_PMTU)
		quic_pmtud_acked(conn, p->size);
	quic_sent_clear(p);
}

static void apply_ranges(struct quic_conn *conn, enum quic_space space,
			 const struct quic_frame *f, struct ack_sum *sum)
{
	struct quic_sent *sent = &conn->space[space].sent;
	struct quic_ack_iter it;
	struct quic_sent_pkt *p;
	u64 lo, hi, pn;

	quic_ack_iter_init(&it, f);
	while (quic_ack_iter_next(&it, &lo, &hi)) {
		if (hi < sent->base)
			break;
		lo = max(lo, sent->base);
		hi = min(hi, sent->next - 1);
		for (pn = lo; pn <= hi; pn++) {
			p = quic_sent_get(sent, pn);
			if (p->flags & (QUIC_SENT_OUTSTANDING | QUIC_SENT_LOST))
				pkt_acked(conn, space, pn, p, sum);
		}
	}
	run_acked(conn, sum);
	if (sum->large)
		quic_pmtud_alive(conn);
}

/*
 * Persistent congestion (RFC 9002 7.6): two ack-eliciting packets lost, nothing
 * between them acknowledged, further apart than the duration. Lost packets that
 * are no evidence themselves, ACKs and path MTU probes, do not end the run.
 */
static void loss_note_run(struct quic_conn *conn, struct loss_sum *sum,
			  const struct quic_sent_pkt *p, u64 pn)
{
	const struct quic_rtt *rtt = &conn->path.rtt;
	u64 duration;

	if (sum->run && sum->run_end != pn)
		sum->run = false;
	sum->run_end = pn + 1;
	if (!(p->flags & QUIC_SENT_ACK_ELICITING) ||
	    p->flags & (QUIC_SENT_PMTU | QUIC_SENT_ELSEWHERE) ||
	    !rtt->has_sample || p->time < rtt->first_sample_time)
		return;
	if (!sum->run) {
		sum->run = true;
		sum->oldest_sent = p->time;
		return;
	}
	duration = quic_rtt_pto(rtt, peer_max_ack_delay(conn)) *
		   QUIC_PERSISTENT_THRESHOLD;
	if (p->time - sum->oldest_sent > duration)
		sum->persistent = true;
}

static void pkt_lost(struct quic_conn *conn, enum quic_space space, u64 pn,
		     struct quic_sent_pkt *p, struct loss_sum *sum)
{
	struct quic_pnspace *s = &conn->space[space];

	p->flags &= ~QUIC_SENT_OUTSTANDING;
	p->flags |= QUIC_SENT_LOST;
	if (p->flags & QUIC_SENT_IN_FLIGHT && !QUIC_PLANTED(5))
		conn->path.cc.bytes_in_flight -= p->size;
	if (p->flags & QUIC_SENT_ACK_ELICITING)
		s->sent.n_eliciting--;
	if (p->flags & QUIC_SENT_CTRL)
		vals_settle(conn, pn, false);
	loss_note_run(conn, sum, p, pn);
	if (p->flags & QUIC_SENT_PMTU) {
		/* RFC 9000 14.4: no sign of congestion. */
		quic_pmtud_lost(conn, p->size);
		return;
	}
	conn->stats.pkts_lost++;
	if (p->flags & QUIC_SENT_ECT)
		quic_ecn_on_lost(conn);
	if (p->dgrams)
		quic_dgrams_lost(conn, p->dgrams);
	ranges_lost(conn, space, p);
	conn->want |= QUIC_WANT_TX;
	if (!(p->flags & QUIC_SENT_IN_FLIGHT))
		return;
	sum->any = true;
	if (!sum->opens && !quic_cc_in_recovery(&conn->path.cc, p->time)) {
		sum->opens = true;
		quic_reorder_reduced(&conn->path);
		quic_undo_begin(conn);
	}
	quic_undo_lost(conn, space, pn);
	sum->newest_sent = max(sum->newest_sent, p->time);
	if (p->size > QUIC_MIN_UDP_PAYLOAD)
		sum->large_sent = max(sum->large_sent, p->time);
}

/* DetectAndRemoveLostPackets(). */
static void detect_lost(struct quic_conn *conn, enum quic_space space, u64 now,
			struct loss_sum *sum)
{
	struct quic_pnspace *s = &conn->space[space];
	u64 delay = quic_rtt_loss_delay(&conn->path.rtt), pn, skip = 0;
	u32 threshold = QUIC_PACKET_THRESHOLD, later;
	struct quic_sent_pkt *p;

	s->loss_time = QUIC_TIME_NEVER;
	if (!s->acked_any)
		return;
	if (space == QUIC_SPACE_APP) {
		skip = quic_skip_below(&conn->skips, s->largest_acked);
		threshold = quic_reorder_threshold(&conn->path);
		delay = quic_reorder_delay(&conn->path);
	}
	for (pn = s->sent.base; pn < s->sent.next && pn <= s->largest_acked; pn++) {
		p = quic_sent_get(&s->sent, pn);
		if (pn == skip && sum->run && sum->run_end == pn)
			sum->run_end++;
		if (!(p->flags & QUIC_SENT_OUTSTANDING))
			continue;
		/* A number that was skipped is no packet sent later. */
		later = QUIC_PLANTED(16) ? 1 : threshold;
		later += skip > pn && skip <= pn + later;
		if (s->largest_acked >= pn + later ||
		    p->time + delay <= now)
			pkt_lost(conn, space, pn, p, sum);
		else
			s->loss_time = min(s->loss_time, p->time + delay);
	}
}

/* A loss, or a CE mark, of a packet sent @sent: at most once a round trip. */
static void on_congestion(struct quic_conn *conn, u64 sent, u64 now)
{
	struct quic_cc *cc = &conn->path.cc;

	if (!quic_cc_in_recovery(cc, sent))
		conn->stats.congestion_events++;
	cc->ops->on_congestion(cc, sent, now);
}

static void on_losses(struct quic_conn *conn, const struct loss_sum *sum, u64 now)
{
	struct quic_path *path = &conn->path;

	if (!sum->any)
		return;
	on_congestion(conn, sum->newest_sent, now);
	if (sum->persistent) {
		conn->stats.persistent++;
		quic_undo_spoil(conn);
		path->cc.ops->on_persistent(&path->cc);
	}
	if (sum->large_sent)
		quic_pmtud_missed(conn, sum->large_sent, now);
}

static void sample_rtt(struct quic_conn *conn, enum quic_space space,
		       const struct quic_frame *f, const struct ack_sum *sum, u64 now)
{
	u64 delay = 0;

	/* RFC 9002 5.1: only when the largest is newly acked, and elicits. */
	if (!sum->eliciting || sum->elsewhere || sum->largest_newly != f->u.ack.largest)
		return;
	/* It has not left yet: nobody holds what is built ahead. */
	if (unlikely(sum->largest_time > now)) {
		conn->pace_ahead = 0;
		return;
	}
	if (space == QUIC_SPACE_APP) {
		delay = QUIC_VARINT_MAX >> conn->remote.ack_delay_exponent;
		delay = min(f->u.ack.delay, delay) << conn->remote.ack_delay_exponent;
		delay = min(delay, QUIC_VARINT_MAX / QUIC_NS_PER_US) * QUIC_NS_PER_US;
		if (conn->handshake_confirmed)
			delay = min(delay, peer_max_ack_delay(conn));
	}
	quic_rtt_sample(&conn->path.rtt, now - sum->largest_time, delay, now);
}

static void on_acked_sum(struct quic_conn *conn, const struct ack_sum *sum, u64 now)
{
	struct quic_path *path = &conn->path;
	struct quic_cc *cc = &path->cc;

	if (sum->bytes)
		cc->ops->on_ack(cc, sum->bytes, sum->newest_sent, path->app_limited,
				&path->rtt, now);
	quic_pacer_set_near(&path->pacer, path->rtt.min);
	quic_pacer_update(&path->pacer, cc->cwnd, path->rtt.smoothed,
			  cc->cwnd < cc->ssthresh, path->mtu);
}

int quic_recovery_on_ack(struct quic_conn *conn, enum quic_space space,
			 const struct quic_frame *f, u64 now)
{
	struct quic_pnspace *s = &conn->space[space];
	struct ack_sum acked = {};
	struct loss_sum lost = {};
	bool newest;

	if (f->u.ack.largest >= s->tx_next)
		return quic_error_set(&conn->err,
				      QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION,
				      f->type, "ACK of a packet that was not sent");
	if (space == QUIC_SPACE_APP && unlikely(quic_skip_claimed(&conn->skips, f)))
		return quic_error_set(&conn->err,
				      QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION,
				      f->type, "ACK of a packet number that was skipped");
	conn->stats.acks_recv++;
	newest = !s->acked_any || f->u.ack.largest > s->largest_acked;
	if (newest) {
		s->acked_any = true;
		s->largest_acked = f->u.ack.largest;
	}
	if (s->sent.base < s->sent.next)
		apply_ranges(conn, space, f, &acked);
	if (space == QUIC_SPACE_APP && unlikely(conn->undo.n))
		quic_undo_on_ack(conn, f);
	if (!acked.any)
		return 0;
	sample_rtt(conn, space, f, &acked, now);
	if (newest && quic_ecn_on_ack(conn, s, f, acked.marked) && !acked.elsewhere) {
		quic_undo_spoil(conn);
		on_congestion(conn, acked.largest_time, now);
	}
	detect_lost(conn, space, now, &lost);
	on_losses(conn, &lost, now);
	/* What arrived before the silence says nothing of the path now. */
	if (lost.persistent)
		acked.bytes = 0;
	on_acked_sum(conn, &acked, now);
	quic_pmtud_tick(conn, now);
	quic_sent_advance(&s->sent);
	/*
	 * RFC 9002 6.2.1: a client keeps its backoff until it knows that the
	 * server has validated its address.
	 */
	if ((conn->server || conn->handshake_complete || space != QUIC_SPACE_INITIAL) &&
	    !QUIC_PLANTED(12))
		conn->pto_count = 0;
	conn->want |= QUIC_WANT_TX;
	quic_recovery_set_timer(conn, now);
	return 0;
}

void quic_recovery_on_sent(struct quic_conn *conn, enum quic_space space,
			   struct quic_sent_pkt *rec, u32 size, u64 now)
{
	struct quic_pnspace *s = &conn->space[space];

	rec->time = now;
	rec->size = size;
	rec->flags |= QUIC_SENT_OUTSTANDING;
	if (rec->flags & QUIC_SENT_ACK_ELICITING) {
		s->sent.n_eliciting++;
		s->last_eliciting = now;
	}
	if (rec->flags & QUIC_SENT_IN_FLIGHT)
		conn->path.cc.bytes_in_flight += size;
	if (rec->flags & QUIC_SENT_ECT)
		quic_ecn_on_sent(conn, s, 1, now);
}

void quic_recovery_on_run(struct quic_conn *conn, enum quic_space space, u64 pn, u32 n,
			  u64 now)
{
	struct quic_pnspace *s = &conn->space[space];
	const struct quic_sent_pkt *rec = quic_sent_get(&s->sent, pn);

	quic_sent_repeat(&s->sent, pn, n);
	s->sent.n_eliciting += n;
	s->last_eliciting = now;
	conn->path.cc.bytes_in_flight += n * rec->size;
	if (rec->flags & QUIC_SENT_ECT)
		quic_ecn_on_sent(conn, s, n, now);
}

/* ---- timer ---- */

static u64 backoff(const struct quic_conn *conn, u64 pto)
{
	if (QUIC_PLANTED(1))
		return pto;
	return pto << min_t(u32, conn->pto_count, QUIC_PTO_BACKOFF_MAX);
}

u64 quic_recovery_pto(const struct quic_conn *conn)
{
	return quic_rtt_pto(&conn->path.rtt, peer_max_ack_delay(conn));
}

static bool peer_completed_validation(const struct quic_conn *conn)
{
	return conn->server || conn->handshake_confirmed ||
	       conn->space[QUIC_SPACE_HANDSHAKE].acked_any;
}

/*
 * May a space need a probe? Besides for what is in flight, also for TLS bytes
 * that a full window holds back: full of 1-RTT packets, which the peer cannot
 * open before it has these bytes, and which arm no PTO before the handshake is
 * confirmed.
 */
static bool space_waits(const struct quic_conn *conn, int i)
{
	const struct quic_pnspace *s = &conn->space[i];

	if (s->sent.n_eliciting)
		return true;
	return i != QUIC_SPACE_APP && !s->gone && s->last_eliciting &&
	       quic_cc_room(&conn->path.cc) < conn->path.mtu &&
	       quic_pnspace_crypto_ready(s);
}

/* GetPtoTimeAndSpace(); QUIC_TIME_NEVER when no probe is due ever. */
static u64 pto_time(const struct quic_conn *conn, u64 now, enum quic_space *space)
{
	/* 0-RTT and 1-RTT packets arm none before the handshake is confirmed. */
	int i, n = conn->handshake_confirmed ? QUIC_SPACES : QUIC_SPACE_APP;
	u64 best = QUIC_TIME_NEVER, t;
	bool any = false;

	for (i = 0; i < n; i++)
		any |= space_waits(conn, i);
	if (!any) {
		if (peer_completed_validation(conn))
			return QUIC_TIME_NEVER;
		/* RFC 9002 6.2.2.1: break the server's amplification deadlock. */
		*space = conn->tx_keys & 1 << QUIC_CRYPTO_HANDSHAKE ?
			 QUIC_SPACE_HANDSHAKE : QUIC_SPACE_INITIAL;
		return now + backoff(conn, quic_rtt_pto(&conn->path.rtt, 0));
	}
	for (i = 0; i < n; i++) {
		const struct quic_pnspace *s = &conn->space[i];

		if (!space_waits(conn, i))
			continue;
		t = quic_rtt_pto(&conn->path.rtt,
				 i == QUIC_SPACE_APP ? peer_max_ack_delay(conn) : 0);
		t = s->last_eliciting + backoff(conn, t);
		if (t < best) {
			best = t;
			*space = i;
		}
	}
	return best;
}

static u64 earliest_loss(const struct quic_conn *conn, enum quic_space *space)
{
	u64 best = QUIC_TIME_NEVER;
	int i;

	for (i = 0; i < QUIC_SPACES; i++)
		if (conn->space[i].loss_time < best) {
			best = conn->space[i].loss_time;
			*space = i;
		}
	return best;
}

void quic_recovery_set_timer(struct quic_conn *conn, u64 now)
{
	enum quic_space space;
	u64 t = earliest_loss(conn, &space);

	if (t == QUIC_TIME_NEVER) {
		/* RFC 9002 6.2.2.1: blocked by amplification: no timer. */
		if (quic_path_amp_room(&conn->path) < QUIC_MIN_UDP_PAYLOAD)
			t = QUIC_TIME_NEVER;
		else
			t = pto_time(conn, now, &space);
	}
	conn->loss_deadline = t;
}

/*
 * When the newest packet above the base size left that nobody has answered, 0: there is
 * none. The PTO answers for what left since the one before, its own probes included;
 * probes of the path MTU do for themselves. The oldest packets need not be large.
 */
static u64 large_unanswered(struct quic_sent *sent)
{
	const struct quic_sent_pkt *p;
	u64 pn;

	for (pn = sent->next; pn-- > sent->base;) {
		p = quic_sent_get(sent, pn);
		if (p->size > QUIC_MIN_UDP_PAYLOAD && p->flags & QUIC_SENT_OUTSTANDING &&
		    !(p->flags & QUIC_SENT_PMTU))
			return p->time;
	}
	return 0;
}

/*
 * Offer what the oldest packets in flight carried for sending again, without
 * declaring them lost (RFC 9002 6.2.4). Packets that find nothing to carry then
 * hold a PING.
 *
 * Return: number of probes: two, or one against the amplification deadlock.
 */
static u8 probe_again(struct quic_conn *conn, enum quic_space space, u64 now)
{
	struct quic_sent *sent = &conn->space[space].sent;
	struct quic_sent_pkt *p;
	u64 pn, large;
	u8 n = 0;

	for (pn = sent->base; pn < sent->next && n < QUIC_PTO_PROBES; pn++) {
		p = quic_sent_get(sent, pn);
		if (!(p->flags & QUIC_SENT_OUTSTANDING) ||
		    !(p->flags & QUIC_SENT_ACK_ELICITING))
			continue;
		ranges_lost(conn, space, p);
		if (p->flags & QUIC_SENT_CTRL)
			vals_settle(conn, pn, false);
		n++;
	}
	large = large_unanswered(sent);
	if (large)
		quic_pmtud_missed(conn, large, now);
	return sent->n_eliciting ? QUIC_PTO_PROBES : 1;
}

/*
 * During the handshake the other spaces probe along (RFC 9002 6.2.4): a client
 * that missed the ServerHello can open nothing of a Handshake flight, which is
 * in flight for ever, fills the window, and keeps the ServerHello from being
 * sent again.
 */
static void probe_others(struct quic_conn *conn, enum quic_space space, u64 now)
{
	u32 i;

	for (i = 0; i < QUIC_SPACE_APP; i++) {
		struct quic_pnspace *s = &conn->space[i];

		if (i == space || s->gone)
			continue;
		probe_again(conn, i, now);
		if (s->sent.n_eliciting || quic_pnspace_crypto_ready(s))
			s->probes = 1;
	}
}

void quic_recovery_on_timeout(struct quic_conn *conn, u64 now)
{
	enum quic_space space = QUIC_SPACE_INITIAL;
	struct loss_sum lost = {};

	if (earliest_loss(conn, &space) <= now) {
		detect_lost(conn, space, now, &lost);
		on_losses(conn, &lost, now);
		quic_sent_advance(&conn->space[space].sent);
		quic_recovery_set_timer(conn, now);
		if (QUIC_PLANTED(8))
			conn->loss_deadline = QUIC_TIME_NEVER;
		return;
	}
	if (pto_time(conn, now, &space) == QUIC_TIME_NEVER) {
		quic_recovery_set_timer(conn, now);
		return;
	}
	conn->space[space].probes = probe_again(conn, space, now);
	probe_others(conn, space, now);
	conn->pto_count++;
	conn->stats.pto_total++;
	conn->want |= QUIC_WANT_TX;
	quic_recovery_set_timer(conn, now);
}

void quic_recovery_discard(struct quic_conn *conn, enum quic_space space, u64 now)
{
	struct quic_pnspace *s = &conn->space[space];
	struct quic_sent_pkt *p;
	u64 pn;

	for (pn = s->sent.base; pn < s->sent.next; pn++) {
		p = quic_sent_get(&s->sent, pn);
		if (p->flags & QUIC_SENT_OUTSTANDING && p->flags & QUIC_SENT_IN_FLIGHT)
			conn->path.cc.bytes_in_flight -= p->size;
	}
	quic_sent_free(&s->sent);
	s->loss_time = QUIC_TIME_NEVER;
	s->probes = 0;
	quic_pnspace_ack_sent(s);
	conn->pto_count = 0;
	quic_recovery_set_timer(conn, now);
}

void quic_recovery_forget(struct quic_conn *conn, enum quic_space space, u64 now)
{
	struct quic_pnspace *s = &conn->space[space];
	struct quic_sent_pkt *p;
	u64 pn;

	for (pn = s->sent.base; pn < s->sent.next; pn++) {
		p = quic_sent_get(&s->sent, pn);
		if (!(p->flags & QUIC_SENT_OUTSTANDING))
			continue;
		if (p->flags & QUIC_SENT_IN_FLIGHT)
			conn->path.cc.bytes_in_flight -= p->size;
		ranges_lost(conn, space, p);
		if (p->flags & QUIC_SENT_CTRL)
			vals_settle(conn, pn, false);
		if (p->dgrams)
			quic_dgrams_lost(conn, p->dgrams);
	}
	quic_sent_free(&s->sent);
	s->sent.base = s->tx_next;
	s->sent.next = s->tx_next;
	s->loss_time = QUIC_TIME_NEVER;
	s->probes = 0;
	quic_recovery_set_timer(conn, now);
}

void quic_recovery_retry(struct quic_conn *conn, u64 now)
{
	struct quic_path *path = &conn->path;

	quic_recovery_forget(conn, QUIC_SPACE_INITIAL, now);
	/* RFC 9000 17.2.3: 0-RTT packets were most likely dropped as well. */
	quic_recovery_forget(conn, QUIC_SPACE_APP, now);
	conn->pto_count = 0;
	quic_cc_init(&path->cc, path->cc.ops, path->mtu);
	quic_pacer_init(&path->pacer, path->mtu, now);
	conn->paced = false;
	quic_recovery_set_timer(conn, now);
}
