// SPDX-License-Identifier: GPL-2.0
/*
 * Loss detection (RFC 9002): one end sends into the void, and ACKs are made by
 * hand.
 */
#include "unit.h"
#include "../shim/pair.h"
#include "../../kmod/core/recovery.h"
#include "../../kmod/core/undo.h"
#include "../../kmod/core/reorder.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC

static struct pair_cfg cfg;
static struct pair *p;
static struct quic_conn *conn;	/* the client's */
static u64 first;		/* packet number of the first test packet */

static bool drop_all(struct pair *unused, enum pair_side from, u64 n)
{
	return true;
}

/* An established client whose packets vanish from now on. */
static bool start(struct unit *t)
{
	pair_defaults(&cfg);
	p = pair_new(&cfg);
	if (!EXPECT(t, pair_run(p, pair_confirmed, p->now + 5 * SEC)))
		return false;
	pair_run(p, NULL, p->now + 2 * SEC);
	p->cfg.link[0].drop = drop_all;
	p->cfg.link[1].drop = drop_all;
	conn = p->end[PAIR_CLIENT].conn;
	first = conn->space[QUIC_SPACE_APP].tx_next;
	return true;
}

/* Send @n full packets, at once but for pacing. */
static void send_packets(struct unit *t, u32 n)
{
	u64 want = first + n;

	pair_flow(p, PAIR_CLIENT, 1 << 20);
	conn->path.pacer.rate = 0;
	conn->path.cc.cwnd = conn->path.cc.bytes_in_flight + (u64)n * conn->path.mtu;
	pair_pump(p);
	EXPECT_EQ(t, conn->space[QUIC_SPACE_APP].tx_next, want);
}

/* ACK [first + lo, first + hi] and, below a gap, [first + lo2, first + hi2]. */
static void ack2(u64 lo, u64 hi, u64 lo2, u64 hi2)
{
	u8 buf[64];
	struct quic_wcur w = quic_wcur_init(buf, sizeof(buf));

	quic_put_u8(&w, QUIC_FRAME_ACK);
	quic_put_varint(&w, first + hi);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, hi2 < lo ? 1 : 0);
	quic_put_varint(&w, hi - lo);
	if (hi2 < lo) {
		quic_put_varint(&w, lo - hi2 - 2);
		quic_put_varint(&w, hi2 - lo2);
	}
	pair_inject(p, PAIR_CLIENT, QUIC_CRYPTO_APP,
		    conn->space[QUIC_SPACE_APP].rx_next, buf, w.p - buf);
}

static void ack(u64 lo, u64 hi)
{
	ack2(lo, hi, 0, U64_MAX);
}

static void finish(struct unit *t)
{
	const char *wrong = pair_check(conn);

	if (!EXPECT(t, !wrong))
		unit_log("# %s", wrong);
	EXPECT_EQ(t, p->errors, 0);
	pair_free(p);
}

/* RFC 9002 6.1.1: three packets later. */
static void packet_threshold(struct unit *t)
{
	ASSERT(t, start(t));
	send_packets(t, 10);
	p->now += 20 * MS;
	ack(2, 2);
	EXPECT_EQ(t, conn->stats.pkts_lost, 0);
	ack(3, 3);
	EXPECT_EQ(t, conn->stats.pkts_lost, 1);		/* number 0 */
	ack(6, 7);
	EXPECT_EQ(t, conn->stats.pkts_lost, 3);		/* 1 and 4 */
	/* Once in a round trip. */
	EXPECT_EQ(t, conn->stats.congestion_events, 1);
	EXPECT_LT(t, conn->path.cc.ssthresh, QUIC_CC_NO_SSTHRESH);
	ack(0, 9);
	EXPECT_EQ(t, conn->stats.pkts_lost, 3);
	finish(t);
}

/* What was lost is sent again, before anything new. */
static void lost_is_sent_again(struct unit *t)
{
	const struct quic_stream *s;
	u64 retrans;

	ASSERT(t, start(t));
	send_packets(t, 10);
	p->now += 20 * MS;
	retrans = conn->stats.pkts_retrans;
	ack(3, 9);
	EXPECT_EQ(t, conn->stats.pkts_lost, 3);
	EXPECT_GE(t, conn->stats.pkts_retrans, retrans + 2);
	s = quic_conn_stream_find(conn, 0);
	ASSERT(t, s);
	EXPECT_EQ(t, s->tx.lost.n, 0);
	EXPECT_EQ(t, s->tx.base, 0);
	finish(t);
}

/* RFC 9002 6.1.2: 9/8 of a round trip after it was sent. */
static void time_threshold(struct unit *t)
{
	u64 sent;

	ASSERT(t, start(t));
	send_packets(t, 3);
	sent = p->now;
	p->now += 20 * MS;
	ack(2, 2);
	EXPECT_EQ(t, conn->stats.pkts_lost, 0);
	EXPECT_EQ(t, conn->loss_deadline,
		  sent + quic_rtt_loss_delay(&conn->path.rtt));
	pair_run(p, NULL, conn->loss_deadline - 1);
	EXPECT_EQ(t, conn->stats.pkts_lost, 0);
	pair_run(p, NULL, p->now + 1);
	EXPECT_EQ(t, conn->stats.pkts_lost, 2);
	finish(t);
}

/* An ACK of all cancels every timer but the idle one's. */
static void acked_is_quiet(struct unit *t)
{
	ASSERT(t, start(t));
	pair_flow(p, PAIR_CLIENT, 5000);
	conn->path.pacer.rate = 0;
	pair_pump(p);
	p->now += 20 * MS;
	ack(0, conn->space[QUIC_SPACE_APP].tx_next - 1 - first);
	EXPECT_EQ(t, conn->loss_deadline, QUIC_TIME_NEVER);
	EXPECT_EQ(t, conn->path.cc.bytes_in_flight, 0);
	EXPECT_EQ(t, conn->stats.pkts_lost, 0);
	EXPECT_EQ(t, quic_conn_tx_queued(conn), 0);
	finish(t);
}

/* RFC 9002 6.2: after a PTO two probes, then twice as long each time. */
static void pto_backoff(struct unit *t)
{
	u64 pto, last, sent;
	u32 i;

	ASSERT(t, start(t));
	pair_flow(p, PAIR_CLIENT, 1000);
	pair_pump(p);
	pto = quic_rtt_pto(&conn->path.rtt, 25 * MS);
	EXPECT_EQ(t, conn->loss_deadline, p->now + pto);
	for (i = 0; i < 6; i++) {
		last = p->now;
		sent = p->end[PAIR_CLIENT].sent;
		pair_run(p, NULL, conn->loss_deadline);
		EXPECT_EQ(t, p->now - last, pto << i);
		EXPECT_EQ(t, p->end[PAIR_CLIENT].sent - sent, 2);
		EXPECT_EQ(t, conn->pto_count, i + 1);
		EXPECT_EQ(t, conn->loss_deadline, p->now + (pto << (i + 1)));
	}
	/* A probe is no loss, and no sign of congestion. */
	EXPECT_EQ(t, conn->stats.pkts_lost, 0);
	EXPECT_EQ(t, conn->path.cc.ssthresh, QUIC_CC_NO_SSTHRESH);
	/* An ACK of a probe ends it. */
	p->now += 20 * MS;
	ack(conn->space[QUIC_SPACE_APP].tx_next - 1 - first,
	    conn->space[QUIC_SPACE_APP].tx_next - 1 - first);
	EXPECT_EQ(t, conn->pto_count, 0);
	finish(t);
}

/* A probe carries what waits for an ACK, not only a PING. */
static void probe_carries_data(struct unit *t)
{
	u64 retrans;

	ASSERT(t, start(t));
	pair_flow(p, PAIR_CLIENT, 1000);
	pair_pump(p);
	retrans = conn->stats.pkts_retrans;
	pair_run(p, NULL, conn->loss_deadline);
	EXPECT_GT(t, conn->stats.pkts_retrans, retrans);
	finish(t);
}

/* Probes leave although the window is full (RFC 9002 7.5). */
static void probe_ignores_window(struct unit *t)
{
	u64 sent;

	ASSERT(t, start(t));
	send_packets(t, 10);
	EXPECT_LT(t, quic_cc_room(&conn->path.cc), conn->path.mtu);
	sent = p->end[PAIR_CLIENT].sent;
	pair_run(p, NULL, conn->loss_deadline);
	EXPECT_EQ(t, p->end[PAIR_CLIENT].sent - sent, 2);
	EXPECT_GT(t, conn->path.cc.bytes_in_flight, conn->path.cc.cwnd);
	finish(t);
}

/* RFC 9002 7.6: nothing got through for three PTOs. */
static void persistent_congestion(struct unit *t)
{
	u64 last;
	u32 i;

	ASSERT(t, start(t));
	send_packets(t, 10);
	for (i = 0; i < 4; i++)
		pair_run(p, NULL, conn->loss_deadline);
	p->now += 20 * MS;
	last = conn->space[QUIC_SPACE_APP].tx_next - 1 - first;
	ack(last, last);
	EXPECT_GT(t, conn->stats.pkts_lost, 9);
	EXPECT_LE(t, conn->path.cc.cwnd, quic_cc_min_window(&conn->path.cc) + 1500);
	finish(t);
}

/*
 * The ACK that shows it may also cover a window that arrived before the silence:
 * no reason to open the window again at once.
 */
static void persistent_opens_nothing(struct unit *t)
{
	u64 last;
	u32 i;

	ASSERT(t, start(t));
	send_packets(t, 40);
	for (i = 0; i < 4; i++)
		pair_run(p, NULL, conn->loss_deadline);
	p->now += 20 * MS;
	last = conn->space[QUIC_SPACE_APP].tx_next - 1 - first;
	ack2(last, last, 0, 29);
	EXPECT_GT(t, conn->stats.pkts_lost, 9);
	EXPECT_EQ(t, conn->path.cc.cwnd, quic_cc_min_window(&conn->path.cc));
	finish(t);
}

/* RFC 9002 7.6.2: the first loss of the span elicited no ACK, so it shows nothing. */
static void persistent_wants_eliciting(struct unit *t)
{
	static const u8 pings[] = { QUIC_FRAME_PING, QUIC_FRAME_PING };
	u32 i;

	ASSERT(t, start(t));
	for (i = 0; i < 2; i++)
		pair_inject(p, PAIR_CLIENT, QUIC_CRYPTO_APP,
			    conn->space[QUIC_SPACE_APP].rx_next, pings, sizeof(pings));
	EXPECT_EQ(t, conn->space[QUIC_SPACE_APP].tx_next, first + 1);
	EXPECT_EQ(t, conn->space[QUIC_SPACE_APP].sent.n_eliciting, 0);
	first++;
	p->now += 5 * SEC;
	send_packets(t, 10);
	p->now += 20 * MS;
	ack(6, 9);
	EXPECT_EQ(t, conn->stats.pkts_lost, 7);		/* the ACK too */
	EXPECT_EQ(t, conn->stats.persistent, 0);
	finish(t);
}

/* The same span, with an acknowledged packet in its middle: not persistent. */
static void not_persistent(struct unit *t)
{
	u64 last, mid;
	u32 i;

	ASSERT(t, start(t));
	send_packets(t, 10);
	for (i = 0; i < 2; i++)
		pair_run(p, NULL, conn->loss_deadline);
	mid = conn->space[QUIC_SPACE_APP].tx_next - 1 - first;
	for (i = 0; i < 2; i++)
		pair_run(p, NULL, conn->loss_deadline);
	p->now += 20 * MS;
	last = conn->space[QUIC_SPACE_APP].tx_next - 1 - first;
	ack2(last, last, 9, mid);
	EXPECT_GT(t, conn->path.cc.cwnd, quic_cc_min_window(&conn->path.cc) + 1500);
	finish(t);
}

/* Declared lost too early, acknowledged later: counted, and nothing breaks. */
static void spurious_loss(struct unit *t)
{
	ASSERT(t, start(t));
	send_packets(t, 10);
	p->now += 20 * MS;
	ack2(7, 7, 0, 0);
	EXPECT_EQ(t, conn->stats.pkts_lost, 4);		/* 1 to 4 */
	ack(0, 9);
	EXPECT_EQ(t, conn->stats.pkts_lost, 4);
	EXPECT_LE(t, conn->stats.pkts_spurious, 4);
	finish(t);
}

/*
 * Losses that were none: the controller gets back all it had (RFC 9438 4.9.2), though
 * the records of the packets are gone when the ACK comes.
 */
static void undone_by(struct unit *t, const struct quic_cc_ops *ops)
{
	struct quic_cc before;

	ASSERT(t, start(t));
	quic_conn_set_path(conn, ops, 0);
	send_packets(t, 20);
	before = conn->path.cc;
	p->now += 20 * MS;
	ack(6, 6);
	EXPECT_EQ(t, conn->stats.pkts_lost, 4);		/* 0 to 3 */
	EXPECT_LT(t, conn->path.cc.cwnd, before.cwnd);
	EXPECT_EQ(t, conn->path.cc.ssthresh, conn->path.cc.cwnd);
	EXPECT_GT(t, conn->space[QUIC_SPACE_APP].sent.base, first + 3);
	EXPECT_EQ(t, conn->stats.congestion_events, 1);
	ack2(6, 6, 0, 1);
	EXPECT_LT(t, conn->path.cc.cwnd, before.cwnd);
	EXPECT_EQ(t, conn->stats.pkts_spurious, 2);
	EXPECT_EQ(t, conn->stats.undone, 0);
	ack(0, 3);
	EXPECT_EQ(t, conn->stats.pkts_spurious, 4);
	EXPECT_EQ(t, conn->stats.undone, 1);
	EXPECT_EQ(t, conn->path.cc.cwnd, before.cwnd);
	EXPECT_EQ(t, conn->path.cc.ssthresh, before.ssthresh);
	EXPECT_EQ(t, conn->path.cc.recovery_start, before.recovery_start);
	EXPECT(t, !memcmp(conn->path.cc.priv, before.priv, sizeof(before.priv)));
	/* Once. */
	ack(0, 3);
	EXPECT_EQ(t, conn->stats.undone, 1);
	EXPECT_EQ(t, conn->stats.pkts_spurious, 4);
	finish(t);
}

static void undo_cubic(struct unit *t)
{
	undone_by(t, &quic_cc_cubic);
}

static void undo_newreno(struct unit *t)
{
	undone_by(t, &quic_cc_newreno);
}

/* One of them was lost: the reduction was right. So it is for the next one's list. */
static void not_undone(struct unit *t)
{
	u64 reduced;

	ASSERT(t, start(t));
	send_packets(t, 20);
	p->now += 20 * MS;
	ack(6, 6);
	reduced = conn->path.cc.cwnd;
	ack2(6, 6, 1, 3);
	ack(9, 9);			/* 4 and 5 are lost too, in the same round trip */
	EXPECT_EQ(t, conn->stats.congestion_events, 1);
	ack2(9, 9, 1, 6);
	EXPECT_EQ(t, conn->stats.undone, 0);
	EXPECT_EQ(t, conn->path.cc.cwnd, reduced);
	EXPECT_EQ(t, conn->undo.n, 1);
	EXPECT_EQ(t, conn->undo.list->pn[0], first);
	finish(t);
}

/* A CE mark is a reason of its own (RFC 9002 7.1). */
static void ce_is_not_undone(struct unit *t)
{
	struct quic_pnspace *s;
	struct quic_wcur w;
	u8 buf[64];

	ASSERT(t, start(t));
	s = &conn->space[QUIC_SPACE_APP];
	send_packets(t, 20);
	p->now += 20 * MS;
	w = quic_wcur_init(buf, sizeof(buf));
	quic_put_u8(&w, QUIC_FRAME_ACK + 1);
	quic_put_varint(&w, first + 6);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, s->ecn_said[0]);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, 1);
	pair_inject(p, PAIR_CLIENT, QUIC_CRYPTO_APP, s->rx_next, buf, w.p - buf);
	EXPECT_EQ(t, conn->stats.pkts_lost, 4);
	EXPECT_EQ(t, conn->stats.congestion_events, 1);
	ack2(6, 6, 0, 3);
	EXPECT_EQ(t, conn->stats.undone, 0);
	EXPECT_LT(t, conn->path.cc.ssthresh, QUIC_CC_NO_SSTHRESH);
	finish(t);
}

/* More than the list takes, or no list at all. */
static void undo_is_bounded(struct unit *t)
{
	ASSERT(t, start(t));
	send_packets(t, 60);
	p->now += 20 * MS;
	ack(59, 59);
	EXPECT_EQ(t, conn->stats.pkts_lost, 57);
	EXPECT_EQ(t, conn->undo.n, 57);
	conn->undo.n = QUIC_UNDO_PKTS;
	quic_undo_lost(conn, QUIC_SPACE_APP, first + 57);
	EXPECT_EQ(t, conn->undo.n, 0);
	quic_undo_lost(conn, QUIC_SPACE_APP, first + 58);
	EXPECT_EQ(t, conn->undo.n, 0);
	quic_undo_free(conn);
	shim_host_fail_some(1000);
	quic_undo_begin(conn);
	shim_host_fail_some(0);
	quic_undo_lost(conn, QUIC_SPACE_APP, first + 58);
	EXPECT_EQ(t, conn->undo.n, 0);
	finish(t);
}

/* A spurious loss raises both thresholds, as far as the packet was overtaken. */
static void patience(struct unit *t)
{
	u64 delay;

	ASSERT(t, start(t));
	send_packets(t, 40);
	p->now += 20 * MS;
	ack(6, 6);
	EXPECT_EQ(t, conn->stats.pkts_lost, 4);		/* 0 to 3 */
	EXPECT_EQ(t, quic_reorder_threshold(&conn->path), QUIC_PACKET_THRESHOLD);
	delay = quic_reorder_delay(&conn->path);
	EXPECT_EQ(t, delay, quic_rtt_loss_delay(&conn->path.rtt));
	ack2(6, 6, 2, 3);
	EXPECT_EQ(t, quic_reorder_threshold(&conn->path), QUIC_PACKET_THRESHOLD + 5);
	ack2(6, 6, 0, 3);
	EXPECT_EQ(t, conn->stats.pkts_spurious, 4);
	EXPECT_EQ(t, conn->stats.undone, 1);
	EXPECT_EQ(t, quic_reorder_threshold(&conn->path), QUIC_PACKET_THRESHOLD + 7);
	/* More time once in a round trip. */
	EXPECT_EQ(t, quic_reorder_delay(&conn->path), delay + conn->path.rtt.min / 4);
	ack(20, 20);
	EXPECT_EQ(t, conn->stats.pkts_lost, 4 + 6);	/* 4, 5 and 7 to 10 */
	/* The others are when time is over, later than RFC 9002 has it. */
	delay = quic_rtt_loss_delay(&conn->path.rtt);
	pair_run(p, NULL, p->now - 20 * MS + delay + MS);
	EXPECT_EQ(t, conn->stats.pkts_lost, 4 + 6);
	pair_run(p, NULL, p->now + conn->path.rtt.min / 4);
	EXPECT_EQ(t, conn->stats.pkts_lost, 4 + 6 + 9);	/* 11 to 19 */
	finish(t);
}

/* Neither a peer's late ACKs nor time make it endless, and without them it wears off. */
static void patience_is_bounded(struct unit *t)
{
	struct quic_reorder *r;
	struct quic_pnspace *s;
	u64 most;
	u32 i;

	ASSERT(t, start(t));
	s = &conn->space[QUIC_SPACE_APP];
	r = &conn->path.reorder;
	most = quic_rtt_loss_delay(&conn->path.rtt) + conn->path.rtt.smoothed;
	for (i = 0; i < 1000; i++)
		quic_reorder_reduced(&conn->path);
	EXPECT_EQ(t, r->more + r->quarters + r->keep, 0);
	s->largest_acked += 1000000;
	for (i = 0; i < 100; i++) {
		quic_reorder_spurious(conn, s->tx_next - 1);
		quic_reorder_spurious(conn, s->tx_next - 1);
		EXPECT_LE(t, quic_reorder_delay(&conn->path), most);
		if (i < 3)
			EXPECT_EQ(t, r->quarters, i + 1);
		s->tx_next++;
	}
	EXPECT_EQ(t, quic_reorder_threshold(&conn->path), QUIC_REORDER_PKTS_MAX);
	EXPECT_EQ(t, quic_reorder_delay(&conn->path), most);
	for (i = 1; i < QUIC_REORDER_KEEP; i++)
		quic_reorder_reduced(&conn->path);
	EXPECT_EQ(t, quic_reorder_threshold(&conn->path), QUIC_REORDER_PKTS_MAX);
	/* One that proves spurious begins the count again. */
	quic_reorder_spurious(conn, 0);
	for (i = 0; i < QUIC_REORDER_KEEP; i++)
		quic_reorder_reduced(&conn->path);
	EXPECT_LT(t, quic_reorder_threshold(&conn->path), QUIC_REORDER_PKTS_MAX / 2 + 3);
	EXPECT_LT(t, quic_reorder_delay(&conn->path), most);
	for (i = 0; i < 12 * QUIC_REORDER_KEEP; i++)
		quic_reorder_reduced(&conn->path);
	EXPECT_EQ(t, quic_reorder_threshold(&conn->path), QUIC_PACKET_THRESHOLD);
	EXPECT_EQ(t, r->quarters + r->keep, 0);
	pair_free(p);
}

/* RFC 9002 5.1: an ACK of nothing but an ACK says nothing of the round trip. */
static void samples_of_what_elicits(struct unit *t)
{
	static const u8 pings[] = { QUIC_FRAME_PING, QUIC_FRAME_PING };
	u64 latest;
	u32 i;

	ASSERT(t, start(t));
	latest = conn->path.rtt.latest;
	for (i = 0; i < 2; i++)
		pair_inject(p, PAIR_CLIENT, QUIC_CRYPTO_APP,
			    conn->space[QUIC_SPACE_APP].rx_next, pings, sizeof(pings));
	p->now += 3 * SEC;
	ack(0, 0);
	EXPECT_EQ(t, conn->path.rtt.latest, latest);
	first++;
	send_packets(t, 2);
	p->now += 3 * SEC;
	ack(1, 1);
	EXPECT_EQ(t, conn->path.rtt.latest, 3 * SEC);
	finish(t);
}

/* RFC 9002 5.3: the peer's delay is taken off, up to its max_ack_delay. */
static void rtt_samples(struct unit *t)
{
	struct quic_rtt before;

	ASSERT(t, start(t));
	before = conn->path.rtt;
	send_packets(t, 4);
	p->now += 28 * MS;
	ack(3, 3);
	EXPECT_EQ(t, conn->path.rtt.latest, 28 * MS);
	EXPECT_EQ(t, conn->path.rtt.smoothed, (7 * before.smoothed + 28 * MS) / 8);
	/* Not again for what it says of older packets. */
	before = conn->path.rtt;
	p->now += 2 * MS;
	ack(2, 3);
	EXPECT_EQ(t, conn->path.rtt.latest, before.latest);
	EXPECT_EQ(t, conn->path.rtt.smoothed, before.smoothed);
	finish(t);
}

static const struct unit_case cases[] = {
	UNIT_CASE(packet_threshold),
	UNIT_CASE(lost_is_sent_again),
	UNIT_CASE(time_threshold),
	UNIT_CASE(acked_is_quiet),
	UNIT_CASE(pto_backoff),
	UNIT_CASE(probe_carries_data),
	UNIT_CASE(probe_ignores_window),
	UNIT_CASE(persistent_congestion),
	UNIT_CASE(persistent_opens_nothing),
	UNIT_CASE(persistent_wants_eliciting),
	UNIT_CASE(not_persistent),
	UNIT_CASE(spurious_loss),
	UNIT_CASE(undo_cubic),
	UNIT_CASE(undo_newreno),
	UNIT_CASE(not_undone),
	UNIT_CASE(ce_is_not_undone),
	UNIT_CASE(undo_is_bounded),
	UNIT_CASE(patience),
	UNIT_CASE(patience_is_bounded),
	UNIT_CASE(samples_of_what_elicits),
	UNIT_CASE(rtt_samples),
};

UNIT_SUITE(recovery, cases);
