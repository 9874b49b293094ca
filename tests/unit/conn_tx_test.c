// SPDX-License-Identifier: GPL-2.0
/*
 * What stands in the datagrams that are built: a tap between two cores counts
 * frames and sizes of handshake flights, small data, bulk, probes and silence.
 */
#include "unit.h"
#include "../shim/pair.h"
#include "../../kmod/core/wire_hdr.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC
#define MB	(1ULL << 20)

static struct pair_cfg cfg;

/* What the tap saw of one direction. */
static struct seen {
	u64 dgrams;
	u64 bytes;
	u64 pkts[4];		/* by level */
	u64 frames[0x20];
	u64 acks_alone;
	u64 coalesced;
	u32 first_len;
	u32 max_len;
	u32 response_len;	/* of the datagram with PATH_RESPONSE */
	u8 response[8];
	u64 window_exceeded;
	u64 malformed;
	u64 fixed[4][2];	/* by level and value of the fixed bit */
} seen[2];

static u8 level_flag(u8 level)
{
	static const u8 flags[] = {
		[QUIC_CRYPTO_APP] = QUIC_F_1, [QUIC_CRYPTO_INITIAL] = QUIC_F_I,
		[QUIC_CRYPTO_HANDSHAKE] = QUIC_F_H, [QUIC_CRYPTO_EARLY] = QUIC_F_0,
	};

	return flags[level];
}

static void tap_pkt(struct seen *s, const struct quic_rx_pkt *r, u32 dgram_len)
{
	struct quic_rcur c = quic_rcur_init(r->data, r->len);
	struct quic_error err = {};
	struct quic_frame f;
	u32 n = 0, acks = 0;

	s->pkts[r->level]++;
	while (quic_rcur_left(&c)) {
		if (quic_frame_parse(&c, level_flag(r->level), &f, &err)) {
			s->malformed++;
			return;
		}
		if (f.type == QUIC_FRAME_PADDING)
			continue;
		n++;
		acks += (f.type & ~1ULL) == QUIC_FRAME_ACK;
		s->frames[f.type & 0x1f]++;
		if (f.type == QUIC_FRAME_PATH_RESPONSE) {
			memcpy(s->response, f.u.path.data, 8);
			s->response_len = dgram_len;
		}
	}
	s->acks_alone += n == 1 && acks;
}

static void tap(struct pair *p, enum pair_side from, const struct pair_dgram *d)
{
	struct seen *s = &seen[from];
	const struct quic_cc *cc = &p->end[from].conn->path.cc;
	u32 i;

	if (!s->dgrams++)
		s->first_len = d->len;
	s->bytes += d->len;
	s->max_len = max(s->max_len, d->len);
	s->coalesced += d->n > 1;
	for (i = 0; i < d->n; i++) {
		tap_pkt(s, &d->pkt[i], d->len);
		s->fixed[d->pkt[i].level][d->pkt[i].data[-d->hdr_len[i]] >> 6 & 1]++;
	}
	s->window_exceeded += cc->bytes_in_flight > cc->cwnd;
}

static void tapped(void)
{
	memset(seen, 0, sizeof(seen));
	cfg.link[0].tap = tap;
	cfg.link[1].tap = tap;
}

static struct pair *connected(struct unit *t)
{
	struct pair *p = pair_new(&cfg);

	if (EXPECT(t, pair_run(p, pair_confirmed, p->now + 20 * SEC)))
		pair_run(p, NULL, p->now + SEC);
	memset(seen, 0, sizeof(seen));
	return p;
}

static void finish(struct unit *t, struct pair *p)
{
	EXPECT_EQ(t, seen[0].malformed + seen[1].malformed, 0);
	if (!EXPECT_EQ(t, p->errors, 0))
		unit_log("# %s", p->error);
	pair_free(p);
}

/* The flights of a handshake: as few datagrams as they fit. */
static void handshake_flights(struct unit *t)
{
	struct pair *p;

	pair_defaults(&cfg);
	tapped();
	cfg.flight = 900;
	p = pair_new(&cfg);
	pair_run(p, NULL, p->now + 5 * MS);
	EXPECT_EQ(t, seen[PAIR_CLIENT].dgrams, 1);
	EXPECT_EQ(t, seen[PAIR_CLIENT].first_len, 1200);
	pair_run(p, NULL, p->now + 10 * MS);
	/* Initial and Handshake together. */
	EXPECT_EQ(t, seen[PAIR_SERVER].dgrams, 1);
	EXPECT_EQ(t, seen[PAIR_SERVER].coalesced, 1);
	EXPECT_EQ(t, seen[PAIR_SERVER].first_len, 1200);
	EXPECT(t, pair_run(p, pair_confirmed, p->now + SEC));
	EXPECT_LE(t, seen[PAIR_CLIENT].dgrams, 4);
	EXPECT_LE(t, seen[PAIR_SERVER].dgrams, 4);
	EXPECT_EQ(t, seen[PAIR_SERVER].frames[QUIC_FRAME_HANDSHAKE_DONE], 1);
	EXPECT_EQ(t, seen[PAIR_CLIENT].frames[QUIC_FRAME_HANDSHAKE_DONE], 0);
	finish(t, p);
}

/*
 * RFC 9000 10.3: whoever answers a lone PING with a stateless reset makes it one byte
 * shorter; that must be as long as a packet has to be to be looked at.
 */
static void ping_is_worth_a_reset(struct unit *t)
{
	u8 reset[64] = { 0x40 };
	struct quic_hdr h;
	struct pair *p;
	u32 cid, own;

	for (own = 0; own <= QUIC_CID_MAX_LEN; own++) {
		pair_defaults(&cfg);
		cfg.cid_len[PAIR_CLIENT] = own;
		tapped();
		p = connected(t);
		quic_conn_set_keepalive(p->end[PAIR_CLIENT].conn, SEC, p->now);
		pair_run(p, NULL, p->now + SEC);
		EXPECT_EQ(t, seen[PAIR_CLIENT].dgrams, 1);
		EXPECT_EQ(t, seen[PAIR_CLIENT].frames[QUIC_FRAME_PING], 1);
		EXPECT_EQ(t, seen[PAIR_CLIENT].first_len, max_t(u32, 22 + own, 1 + 8 + 20));
		EXPECT_EQ(t, quic_hdr_parse(reset, seen[PAIR_CLIENT].first_len - 1, own, &h), 0);
		finish(t, p);
		/* whatever length the peer's IDs have */
		for (cid = 0; cid <= QUIC_CID_MAX_LEN; cid++)
			EXPECT_GE(t, 1 + cid + 2 + quic_hdr_payload_min(1 + cid + 2, 2, 22 + own) +
				     QUIC_TAG_LEN, 22 + own);
	}
	/* an ACK alone is not padded */
	EXPECT_EQ(t, quic_hdr_payload_min(1 + 8 + 2, 2, 0), 2);
}

/* Packets of a whole connection; @grease: which sides say that they take both values. */
static void greased(struct unit *t, bool client, bool server, u64 seed)
{
	struct pair *p;

	pair_defaults(&cfg);
	tapped();
	cfg.seed = seed;
	cfg.early = seed & 1 ? PAIR_EARLY_ACCEPTED : PAIR_EARLY_NONE;
	cfg.local[PAIR_CLIENT].grease_quic_bit = client;
	cfg.local[PAIR_SERVER].grease_quic_bit = server;
	p = pair_new(&cfg);
	pair_flow(p, PAIR_CLIENT, MB);
	pair_flow(p, PAIR_SERVER, MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 60 * SEC));
	finish(t, p);
}

/*
 * RFC 9287 3.1: the QUIC bit is 0 in about half of the packets, to a peer whose
 * parameters have come and say that it may be; never to another one. That they came,
 * and not only what is remembered of them, is a rule of pair_wire.c.
 */
static void quic_bit(struct unit *t)
{
	u32 sides, i, level, zeros[4];

	for (sides = 0; sides < 4; sides++) {
		memset(zeros, 0, sizeof(zeros));
		for (i = 0; i < 40; i++) {
			greased(t, sides & 1, sides & 2, i);
			EXPECT_EQ(t, seen[PAIR_CLIENT].fixed[QUIC_CRYPTO_EARLY][0], 0);
			EXPECT_EQ(t, seen[PAIR_CLIENT].fixed[QUIC_CRYPTO_EARLY][1] > 0, i & 1);
			for (level = 0; level < 4; level++) {
				zeros[level] += seen[PAIR_SERVER].fixed[level][0];
				if (!(sides & 1))
					EXPECT_EQ(t, seen[PAIR_SERVER].fixed[level][0], 0);
				if (!(sides & 2))
					EXPECT_EQ(t, seen[PAIR_CLIENT].fixed[level][0], 0);
			}
			for (level = 0; level < 2; level++) {
				u64 *fixed = seen[level].fixed[QUIC_CRYPTO_APP];

				if (!(sides & (level ? 1 : 2)))
					continue;
				EXPECT_GE(t, fixed[0], (fixed[0] + fixed[1]) / 3);
				EXPECT_GE(t, fixed[1], (fixed[0] + fixed[1]) / 3);
			}
		}
		/* the server's handshake, too: the client's parameters are there */
		EXPECT_EQ(t, zeros[QUIC_CRYPTO_HANDSHAKE] > 0, sides & 1);
	}
}

/* Three streams with little to say share a packet. */
static void small_data_together(struct unit *t)
{
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	tapped();
	p = connected(t);
	for (i = 0; i < 3; i++)
		pair_flow(p, PAIR_CLIENT, 50)->uni = true;
	pair_pump(p);
	EXPECT_EQ(t, seen[PAIR_CLIENT].dgrams, 1);
	EXPECT_EQ(t, seen[PAIR_CLIENT].pkts[QUIC_CRYPTO_APP], 1);
	EXPECT_LE(t, seen[PAIR_CLIENT].bytes, 250);
	finish(t, p);
}

/* Bulk data: full datagrams in trains, few bytes that are not data. */
static void bulk_is_full(struct unit *t)
{
	struct quic_stats *st;
	struct pair *p;
	u64 trains;

	pair_defaults(&cfg);
	tapped();
	cfg.link[0].delay = MS;
	cfg.link[1].delay = MS;
	p = connected(t);
	st = &p->end[PAIR_CLIENT].conn->stats;
	trains = st->trains;
	pair_flow(p, PAIR_CLIENT, 4 * MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 60 * SEC));
	/* those of a train are a multiple of a block */
	EXPECT_EQ(t, seen[PAIR_CLIENT].max_len, round_down(1452, QUIC_TX_ALIGN));
	EXPECT_LE(t, seen[PAIR_CLIENT].bytes, 4 * MB * 106 / 100);
	EXPECT_GE(t, seen[PAIR_CLIENT].dgrams, 4 * (st->trains - trains));
	/* One ACK for two packets at most. */
	EXPECT_LE(t, seen[PAIR_SERVER].frames[QUIC_FRAME_ACK] +
		  seen[PAIR_SERVER].frames[QUIC_FRAME_ACK + 1],
		  seen[PAIR_CLIENT].dgrams / 2 + 10);
	EXPECT_EQ(t, seen[PAIR_CLIENT].window_exceeded, 0);
	finish(t, p);
}

/* RFC 9000 8.2.2: the same eight bytes, in a datagram of 1200 at least. */
static void path_response(struct unit *t)
{
	static const u8 challenge[] = { 0x1a, 1, 2, 3, 4, 5, 6, 7, 8 };
	struct pair *p;

	pair_defaults(&cfg);
	tapped();
	p = connected(t);
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP,
		    p->end[PAIR_SERVER].conn->space[QUIC_SPACE_APP].rx_next,
		    challenge, sizeof(challenge));
	EXPECT_EQ(t, seen[PAIR_SERVER].frames[QUIC_FRAME_PATH_RESPONSE], 1);
	EXPECT_MEM_EQ(t, seen[PAIR_SERVER].response, challenge + 1, 8);
	EXPECT_GE(t, seen[PAIR_SERVER].response_len, 1200);
	finish(t, p);
}

/* *_BLOCKED is said once per limit. */
static void blocked_frames(struct unit *t)
{
	struct pair *p;

	pair_defaults(&cfg);
	tapped();
	cfg.local[PAIR_SERVER].initial_max_data = 100000;
	cfg.local[PAIR_SERVER].initial_max_stream_data_bidi_remote = 70000;
	p = connected(t);
	p->end[PAIR_SERVER].reading = false;
	pair_flow(p, PAIR_CLIENT, 80000);
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, seen[PAIR_CLIENT].frames[QUIC_FRAME_STREAM_DATA_BLOCKED], 1);
	EXPECT_EQ(t, seen[PAIR_CLIENT].frames[QUIC_FRAME_DATA_BLOCKED], 0);
	pair_flow(p, PAIR_CLIENT, 80000);
	pair_run(p, NULL, p->now + 5 * SEC);
	EXPECT_EQ(t, seen[PAIR_CLIENT].frames[QUIC_FRAME_STREAM_DATA_BLOCKED], 1);
	EXPECT_EQ(t, seen[PAIR_CLIENT].frames[QUIC_FRAME_DATA_BLOCKED], 1);
	finish(t, p);
}

/* However often the application tries to open a stream. */
static void streams_blocked_frames(struct unit *t)
{
	struct quic_stream *st;
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	tapped();
	cfg.local[PAIR_SERVER].initial_max_streams_uni = 2;
	p = connected(t);
	for (i = 0; i < 50; i++) {
		quic_conn_stream_open(p->end[PAIR_CLIENT].conn, true, &st);
		pair_run(p, NULL, p->now + 50 * MS);
	}
	EXPECT_EQ(t, seen[PAIR_CLIENT].frames[QUIC_FRAME_STREAMS_BLOCKED + 1], 1);
	EXPECT_LE(t, seen[PAIR_CLIENT].dgrams, 2);
	finish(t, p);
}

/* A receiver whose ACKs would exhaust its own pacing still gives credit. */
static void acks_are_not_paced(struct unit *t)
{
	struct pair *p;

	pair_defaults(&cfg);
	tapped();
	cfg.cc = &quic_cc_newreno;
	p = connected(t);
	p->end[PAIR_SERVER].conn->path.pacer.max_rate = 1000;
	pair_flow(p, PAIR_SERVER, 1000);	/* so that it hears of an ACK */
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, p->end[PAIR_SERVER].conn->path.pacer.rate, 1000);
	pair_flow(p, PAIR_CLIENT, 20 * MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	EXPECT_GT(t, seen[PAIR_SERVER].acks_alone, 200);
	finish(t, p);
}

static u64 paced_from, paced_bytes, paced_over;

/* Never more than rate times time and a burst since @paced_from. */
static void pace_tap(struct pair *p, enum pair_side from, const struct pair_dgram *d)
{
	const struct quic_pacer *pacer = &p->end[from].conn->path.pacer;
	u64 allowed;

	paced_bytes += d->len;
	allowed = mul_u64_u64_div_u64(p->now - paced_from, pacer->max_rate, SEC) +
		  pacer->burst + 3000;
	paced_over += paced_bytes > allowed;
}

static void pacing_is_kept(struct unit *t)
{
	struct pair *p;
	u64 start;

	pair_defaults(&cfg);
	p = connected(t);
	p->end[PAIR_CLIENT].conn->path.pacer.max_rate = 500000;
	p->cfg.link[0].tap = pace_tap;
	start = p->now;
	paced_from = start;
	paced_bytes = 0;
	paced_over = 0;
	/* The rate is recomputed with the next ACK. */
	pair_flow(p, PAIR_CLIENT, 1000);
	pair_run(p, NULL, p->now + 100 * MS);
	pair_flow(p, PAIR_CLIENT, 2 * MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 60 * SEC));
	EXPECT_EQ(t, paced_over, 0);
	EXPECT_NEAR(t, p->now - start, 2 * MB * SEC / 500000 * 105 / 100, 100, 0);
	finish(t, p);
}

/* Once the bucket is empty, half a millisecond's worth is collected. */
static void paced_in_trains(struct unit *t)
{
	struct quic_conn *c;
	struct pair *p;
	u64 n, paced;

	pair_defaults(&cfg);
	tapped();
	cfg.batch = 44;
	p = connected(t);
	c = p->end[PAIR_CLIENT].conn;
	c->path.cc.cwnd = 64 * MB;
	c->path.pacer.max_rate = 100000000;
	quic_pacer_update(&c->path.pacer, c->path.cc.cwnd, c->path.rtt.smoothed, false,
			  c->path.mtu);
	pair_flow(p, PAIR_CLIENT, MB);
	pair_pump(p);
	n = seen[PAIR_CLIENT].dgrams;
	EXPECT_GE(t, n, 33);
	paced = c->stats.paced;
	EXPECT_GE(t, paced, 1);
	pair_run(p, NULL, quic_conn_pacing_deadline(c) - 1);
	EXPECT_EQ(t, seen[PAIR_CLIENT].dgrams, n);
	pair_run(p, NULL, quic_conn_pacing_deadline(c));
	EXPECT_GE(t, seen[PAIR_CLIENT].dgrams - n, 33);
	EXPECT_GE(t, c->stats.paced, paced + 1);
	EXPECT_LE(t, quic_conn_pacing_deadline(c) - p->now, MS / 2);
	finish(t, p);
}

/*
 * What pacing has stopped stays until its deadline, though an ACK lets more leave sooner by
 * then: hosts that were told so do not ask. A new limit counts at once.
 */
static void paced_until_then(struct unit *t)
{
	struct quic_conn *c;
	struct pair *p;
	u64 n, at;

	pair_defaults(&cfg);
	tapped();
	p = connected(t);
	c = p->end[PAIR_CLIENT].conn;
	c->path.cc.cwnd = 64 * MB;
	c->path.pacer.max_rate = 1000000;
	quic_pacer_update(&c->path.pacer, c->path.cc.cwnd, c->path.rtt.smoothed, false,
			  c->path.mtu);
	EXPECT(t, !quic_conn_tx_paced(c));
	pair_flow(p, PAIR_CLIENT, MB);
	pair_pump(p);
	at = quic_conn_pacing_deadline(c);
	EXPECT(t, quic_conn_tx_paced(c));
	EXPECT_GT(t, at, p->now + MS);
	c->path.pacer.budget = c->path.pacer.burst;
	n = seen[PAIR_CLIENT].dgrams;
	pair_pump(p);
	EXPECT_EQ(t, seen[PAIR_CLIENT].dgrams, n);
	EXPECT_EQ(t, quic_conn_pacing_deadline(c), at);
	c->space[QUIC_SPACE_APP].ack_now = true;
	EXPECT(t, !quic_conn_tx_paced(c));
	c->space[QUIC_SPACE_APP].ack_now = false;
	quic_conn_set_max_rate(c, 2000000);
	EXPECT(t, !quic_conn_tx_paced(c));
	pair_pump(p);
	EXPECT_GT(t, seen[PAIR_CLIENT].dgrams, n);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	finish(t, p);
}

/* A client whose pacing is at 10 MB/s, and who holds what it builds @ahead. */
static struct pair *holding(struct unit *t, u64 delay, u32 ahead)
{
	struct quic_conn *c;
	struct pair *p;

	pair_defaults(&cfg);
	tapped();
	cfg.batch = 44;
	cfg.link[0].delay = delay;
	cfg.link[1].delay = delay;
	p = connected(t);
	c = p->end[PAIR_CLIENT].conn;
	c->path.cc.cwnd = 64 * MB;
	quic_conn_set_max_rate(c, 10000000);
	quic_pacer_update(&c->path.pacer, c->path.cc.cwnd, c->path.rtt.smoothed, false,
			  c->path.mtu);
	quic_conn_set_pace_ahead(c, ahead);
	return p;
}

/*
 * Who holds trains gets those of 4 ms at once, each with its time, and is asked again when
 * half of them are left; the rate is kept, and round trips are measured from when they left.
 */
static void built_ahead(struct unit *t)
{
	u64 n, begin, rtt, at;
	struct quic_conn *c;
	struct pair *p;

	p = holding(t, 10 * MS, 4 * MS);
	c = p->end[PAIR_CLIENT].conn;
	rtt = c->path.rtt.smoothed;
	pair_flow(p, PAIR_CLIENT, 2 * MB);
	pair_pump(p);
	/* a burst, then 4 ms in trains of three quarters of one */
	n = seen[PAIR_CLIENT].dgrams;
	EXPECT_GE(t, n, 4 * 10000 / 1472);
	EXPECT_GE(t, c->leaves, p->now + 3 * MS);
	EXPECT_LE(t, c->leaves, p->now + 4 * MS);
	at = quic_conn_pacing_deadline(c);
	EXPECT_GE(t, at, p->now + 2 * MS);
	EXPECT_LE(t, at, c->leaves - MS / 2);
	begin = p->now;
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	EXPECT_NEAR(t, p->now - begin, 2 * MB * SEC / 10000000 + rtt, 30, 0);
	EXPECT_NEAR(t, c->path.rtt.smoothed, rtt, 50, 0);
	EXPECT_EQ(t, c->stats.pkts_lost, 0);
	EXPECT_EQ(t, c->pace_ahead, 4 * MS);
	finish(t, p);
}

/* What is not paced stays behind what was built ahead, and an ACK does not wait for more. */
static void ack_behind_trains(struct unit *t)
{
	struct quic_pnspace *s;
	struct quic_conn *c;
	struct pair *p;
	u64 leaves, n;

	p = holding(t, 10 * MS, 4 * MS);
	c = p->end[PAIR_CLIENT].conn;
	s = &c->space[QUIC_SPACE_APP];
	pair_flow(p, PAIR_CLIENT, 2 * MB);
	pair_pump(p);
	leaves = c->leaves;
	EXPECT_GE(t, leaves, p->now + 3 * MS);
	n = seen[PAIR_CLIENT].dgrams;
	s->ack_pending = true;
	s->ack_now = true;
	c->want |= QUIC_WANT_TX;
	pair_pump(p);
	EXPECT_EQ(t, seen[PAIR_CLIENT].dgrams, n + 1);
	EXPECT_EQ(t, c->leaves, leaves);
	EXPECT_EQ(t, quic_sent_get(&s->sent, s->sent.next - 1)->time, leaves);
	finish(t, p);
}

/* An ACK of what has not left: the host does not hold it, and nothing is built ahead. */
static void nobody_holds(struct unit *t)
{
	struct quic_conn *c;
	struct pair *p;
	u64 rtt;

	p = holding(t, MS, 4 * MS);
	p->cfg.unheld = true;
	c = p->end[PAIR_CLIENT].conn;
	rtt = c->path.rtt.smoothed;
	pair_flow(p, PAIR_CLIENT, MB);
	pair_pump(p);
	EXPECT_GE(t, c->leaves, p->now + 3 * MS);
	pair_run(p, NULL, p->now + 20 * MS);
	EXPECT_EQ(t, c->pace_ahead, 0);
	EXPECT_LE(t, c->leaves, p->now);
	EXPECT_LE(t, c->path.rtt.smoothed, 2 * rtt);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	finish(t, p);
}

/*
 * RFC 9002 7.8: what pacing spreads and would not have filled the window makes it no
 * larger. 40 KB are queued at most, in chunks of 16 KB, longer than the pacer's bucket.
 */
static void paced_but_limited(struct unit *t)
{
	const struct quic_cc *cc;
	struct pair *p;

	pair_defaults(&cfg);
	tapped();
	cfg.tx_max = 40 << 10;
	cfg.link[0].delay = 20 * MS;
	cfg.link[1].delay = 20 * MS;
	p = connected(t);
	cc = &p->end[PAIR_CLIENT].conn->path.cc;
	pair_flow(p, PAIR_CLIENT, 4 * MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	EXPECT(t, quic_cc_slow_start(cc));
	EXPECT_GE(t, cc->cwnd, 40 << 10);
	EXPECT_LE(t, cc->cwnd, 130 << 10);
	finish(t, p);
}

/* Idle: not a datagram. */
static void silence(struct unit *t)
{
	struct pair *p;

	pair_defaults(&cfg);
	tapped();
	p = connected(t);
	pair_run(p, NULL, p->now + 20 * SEC);
	EXPECT_EQ(t, seen[0].dgrams + seen[1].dgrams, 0);
	pair_pump(p);
	EXPECT_EQ(t, seen[0].dgrams + seen[1].dgrams, 0);
	finish(t, p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(handshake_flights),
	UNIT_CASE(ping_is_worth_a_reset),
	UNIT_CASE(quic_bit),
	UNIT_CASE(small_data_together),
	UNIT_CASE(bulk_is_full),
	UNIT_CASE(path_response),
	UNIT_CASE(blocked_frames),
	UNIT_CASE(streams_blocked_frames),
	UNIT_CASE(acks_are_not_paced),
	UNIT_CASE(pacing_is_kept),
	UNIT_CASE(paced_in_trains),
	UNIT_CASE(paced_until_then),
	UNIT_CASE(built_ahead),
	UNIT_CASE(ack_behind_trains),
	UNIT_CASE(nobody_holds),
	UNIT_CASE(paced_but_limited),
	UNIT_CASE(silence),
};

UNIT_SUITE(conn_tx, cases);
