// SPDX-License-Identifier: GPL-2.0
/*
 * 0-RTT (RFC 9001 4.6, RFC 9000 7.4.1): what leaves with the ClientHello and what does
 * not, under which limits, and what becomes of it when the server takes it or does not.
 */
#include "unit_pair.h"
#include "../../kmod/core/early.h"
#include "../../kmod/core/recovery.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC

static struct pair_cfg cfg;
static bool passes[2];

/* What left at the levels of the 1-RTT space, by side. */
static struct seen {
	u32 early;		/* 0-RTT packets */
	u32 early_dgrams;	/* datagrams of them alone */
	u32 app;
	u64 frames;		/* types in 0-RTT packets, a bit for each */
	u32 first_early_len;	/* datagram that the first one was in */
	u64 last_early;		/* packet number */
	u64 first_app;
	u32 app_acks;		/* 1-RTT packets with an ACK */
} seen[2];

static bool drop(struct pair *p, enum pair_side from, u64 n)
{
	return !passes[from];
}

static void look(struct seen *s, const struct pair_dgram *d, const struct quic_rx_pkt *r)
{
	struct quic_rcur c = quic_rcur_init(r->data, r->len);
	bool early = r->level == QUIC_CRYPTO_EARLY;
	struct quic_error err = {};
	struct quic_frame f;
	bool ack = false;

	while (quic_rcur_left(&c) &&
	       !quic_frame_parse(&c, early ? QUIC_F_0 : QUIC_F_1, &f, &err)) {
		s->frames |= early ? 1ULL << min_t(u64, f.type, 63) : 0;
		ack |= (f.type & ~1ULL) == QUIC_FRAME_ACK;
	}
	if (quic_rcur_left(&c))
		unit_log("# a frame that must not be there");
	if (early) {
		if (!s->early++)
			s->first_early_len = d->len;
		s->last_early = r->pn;
	} else {
		s->app_acks += ack;
		if (!s->app++)
			s->first_app = r->pn;
	}
}

static void tap(struct pair *p, enum pair_side from, const struct pair_dgram *d)
{
	struct seen *s = &seen[from];
	u32 i;

	s->early_dgrams += d->n == 1 && d->pkt[0].level == QUIC_CRYPTO_EARLY;
	for (i = 0; i < d->n; i++)
		if (quic_level_space(d->pkt[i].level) == QUIC_SPACE_APP)
			look(s, d, &d->pkt[i]);
}

static void begin(u8 early)
{
	u32 i;

	pair_defaults(&cfg);
	cfg.early = early;
	for (i = 0; i < 2; i++) {
		cfg.link[i].drop = drop;
		cfg.link[i].tap = tap;
		passes[i] = true;
	}
	memset(seen, 0, sizeof(seen));
}

static void finish(struct unit *t, struct pair *p)
{
	unit_no_errors(t, p);
	pair_free(p);
}

static struct quic_conn *client(struct pair *p)
{
	return p->end[PAIR_CLIENT].conn;
}

static struct quic_conn *server(struct pair *p)
{
	return p->end[PAIR_SERVER].conn;
}

/* Little data goes into the datagram of the ClientHello; much follows it. */
static void with_the_hello(struct unit *t)
{
	struct pair *p;

	begin(PAIR_EARLY_ACCEPTED);
	p = pair_new(&cfg);
	pair_flow(p, PAIR_CLIENT, 200);
	pair_flow(p, PAIR_CLIENT, 3000);
	pair_pump(p);
	EXPECT_EQ(t, seen[PAIR_CLIENT].first_early_len, 1200);
	EXPECT_GE(t, seen[PAIR_CLIENT].early_dgrams, 2);
	EXPECT_EQ(t, seen[PAIR_CLIENT].app, 0);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 15 * MS));
	EXPECT_EQ(t, quic_conn_state(server(p)), QUIC_CONN_HANDSHAKE);
	EXPECT(t, pair_run(p, pair_confirmed, p->now + SEC));
	EXPECT_EQ(t, quic_conn_early(client(p)), QUIC_EARLY_ACCEPTED);
	EXPECT_EQ(t, quic_conn_early(server(p)), QUIC_EARLY_ACCEPTED);
	pair_run(p, NULL, p->now + SEC);
	/* RFC 9000 13.2.6: acknowledged in 1-RTT packets, of the same numbers */
	EXPECT_GE(t, seen[PAIR_SERVER].app_acks, 1);
	EXPECT_EQ(t, client(p)->space[QUIC_SPACE_APP].sent.n_eliciting, 0);
	EXPECT_GT(t, seen[PAIR_CLIENT].first_app, seen[PAIR_CLIENT].last_early);
	finish(t, p);
}

/* RFC 9000 12.5: neither ACK nor CRYPTO; RFC 9001 5.6: none once there are other keys. */
static void what_stays_out(struct unit *t)
{
	struct pair *p;

	begin(PAIR_EARLY_ACCEPTED);
	p = pair_new(&cfg);
	pair_flow(p, PAIR_CLIENT, 2000);
	pair_flow(p, PAIR_SERVER, 2000);
	pair_pump(p);
	EXPECT(t, pair_run(p, pair_confirmed, p->now + SEC));
	EXPECT_EQ(t, seen[PAIR_SERVER].early, 0);
	EXPECT_GT(t, seen[PAIR_CLIENT].early, 0);
	EXPECT_EQ(t, seen[PAIR_CLIENT].frames &
		  (1ULL << QUIC_FRAME_ACK | 1ULL << QUIC_FRAME_CRYPTO), 0);
	seen[PAIR_CLIENT].early = 0;
	EXPECT_EQ(t, client(p)->tx_keys & 1 << QUIC_CRYPTO_EARLY, 0);
	pair_flow(p, PAIR_CLIENT, 5000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + SEC));
	EXPECT_EQ(t, seen[PAIR_CLIENT].early, 0);
	finish(t, p);
}

/* A retirement waits for 1-RTT packets: the frame may not stand in 0-RTT ones. */
static void vals_that_wait(struct unit *t)
{
	struct quic_conn *c;
	struct pair *p;

	begin(PAIR_EARLY_ACCEPTED);
	p = pair_new(&cfg);
	c = client(p);
	quic_valsync_set(&c->vals, &c->handshake_done);
	quic_valsync_set(&c->vals, &c->max_data);
	c->want |= QUIC_WANT_TX;
	pair_pump(p);
	EXPECT_EQ(t, seen[PAIR_CLIENT].frames & ~1ULL, 1ULL << QUIC_FRAME_MAX_DATA);
	EXPECT_EQ(t, c->handshake_done.state, QUIC_VAL_WANTED);
	quic_valsync_stop(&c->handshake_done);
	EXPECT(t, pair_run(p, pair_confirmed, p->now + SEC));
	finish(t, p);
}

/* RFC 9000 7.4.1: bytes and streams as remembered, more once the handshake says so. */
static void remembered_limits(struct unit *t)
{
	struct quic_stream *s;
	struct quic_conn *c;
	struct pair *p;

	begin(PAIR_EARLY_ACCEPTED);
	cfg.local[PAIR_SERVER].initial_max_data = 10000;
	cfg.local[PAIR_SERVER].initial_max_stream_data_uni = 4000;
	cfg.local[PAIR_SERVER].initial_max_streams_uni = 10;
	cfg.local[PAIR_SERVER].max_ack_delay = 7;
	cfg.remembered = 50;
	p = pair_new(&cfg);
	p->end[PAIR_SERVER].reading = false;
	c = client(p);
	EXPECT_EQ(t, c->flow_tx.limit, 5000);
	EXPECT_EQ(t, c->streams.max_local[1], 5);
	EXPECT_EQ(t, c->remote.max_ack_delay, 25);
	EXPECT_EQ(t, c->remote.ack_delay_exponent, 3);
	EXPECT(t, !c->remote.has_initial_source_connection_id);
	EXPECT(t, !c->remote.has_stateless_reset_token);
	pair_flow(p, PAIR_CLIENT, 4000)->uni = true;
	pair_pump(p);
	s = quic_conn_stream_find(c, QUIC_STREAM_TYPE_UNI_MASK);
	ASSERT(t, s);
	EXPECT_EQ(t, s->flow_tx.limit, 2000);
	EXPECT_EQ(t, s->tx.next, 2000);
	passes[PAIR_CLIENT] = false;	/* what comes behind the handshake */
	pair_run(p, NULL, p->now + 25 * MS);
	EXPECT(t, c->peer_params_set);
	EXPECT_EQ(t, c->flow_tx.limit, 10000);
	EXPECT_EQ(t, c->streams.max_local[1], 10);
	EXPECT_EQ(t, c->remote.max_ack_delay, 7);
	EXPECT_EQ(t, s->flow_tx.limit, 4000);
	EXPECT_EQ(t, s->tx.next, 4000);
	finish(t, p);
}

/* A server that takes it may not take anything back. */
static void reduced_limits(struct unit *t)
{
	struct pair *p;

	begin(PAIR_EARLY_ACCEPTED);
	cfg.remembered = 200;
	p = pair_new(&cfg);
	pair_flow(p, PAIR_CLIENT, 200);
	pair_run(p, NULL, p->now + 25 * MS);
	EXPECT_EQ(t, client(p)->close.code, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION);
	EXPECT(t, strstr(client(p)->close.reason, "reduced"));
	pair_free(p);
}

/* Each limit by itself, and none of those that have nothing to do with it. */
static void each_limit(struct unit *t)
{
	static const struct {
		u32 off;
		bool counts;
	} row[] = {
#define L(field, counts)	{ offsetof(struct quic_tparams, field), counts }
		L(active_connection_id_limit, true),
		L(initial_max_data, true),
		L(initial_max_stream_data_bidi_local, true),
		L(initial_max_stream_data_bidi_remote, true),
		L(initial_max_stream_data_uni, true),
		L(initial_max_streams_bidi, true),
		L(initial_max_streams_uni, true),
		L(max_datagram_frame_size, true),
		L(max_idle_timeout, false),
		L(max_udp_payload_size, false),
		L(ack_delay_exponent, false),
		L(max_ack_delay, false),
#undef L
	};
	struct quic_tparams tp;
	struct quic_conn *c;
	struct pair *p;
	u32 i;

	begin(PAIR_EARLY_ACCEPTED);
	p = pair_new(&cfg);
	c = client(p);
	c->remote.max_datagram_frame_size = 100;
	EXPECT_EQ(t, quic_early_check(c, &c->remote), 0);
	c->early = QUIC_EARLY_ACCEPTED;
	EXPECT_EQ(t, quic_early_check(c, &c->remote), 0);
	for (i = 0; i < ARRAY_SIZE(row); i++) {
		u64 *v = (u64 *)((u8 *)&tp + row[i].off);

		tp = c->remote;
		++*v;
		EXPECT_EQ(t, quic_early_check(c, &tp), 0);
		*v -= 2;
		c->err.set = false;
		EXPECT_EQ(t, quic_early_check(c, &tp), row[i].counts ? (u64)-EPROTO : 0);
	}
	c->early = QUIC_EARLY_OFFERED;
	pair_free(p);
}

/* Refused: the server opened nothing, and all arrives after the handshake, once. */
static void refused(struct unit *t)
{
	struct quic_conn *c;
	struct pair *p;
	u64 early;

	begin(PAIR_EARLY_REFUSED);
	p = pair_new(&cfg);
	c = client(p);
	pair_flow(p, PAIR_CLIENT, 200);
	pair_flow(p, PAIR_CLIENT, 3000);
	pair_pump(p);
	early = seen[PAIR_CLIENT].last_early;
	EXPECT_GT(t, c->path.cc.bytes_in_flight, 3000);
	pair_run(p, NULL, p->now + 25 * MS);
	EXPECT_EQ(t, quic_conn_early(c), QUIC_EARLY_REFUSED);
	EXPECT_EQ(t, server(p)->stats.stream_bytes_recv, 0);
	EXPECT_EQ(t, quic_conn_early(server(p)), QUIC_EARLY_NONE);
	EXPECT_EQ(t, c->stats.pkts_lost, 0);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * MS));
	EXPECT_GT(t, seen[PAIR_CLIENT].first_app, early);
	EXPECT_EQ(t, c->flow_tx.used, 3200);
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, c->path.cc.bytes_in_flight, 0);
	EXPECT_EQ(t, c->stats.congestion_events, 0);
	/* the keys are not waited for any more */
	EXPECT(t, server(p)->keys_discarded & 1 << QUIC_CRYPTO_EARLY);
	finish(t, p);
}

/* More streams than the server lets us open now: they say nothing until it does. */
static void refused_above_the_limit(struct unit *t)
{
	static const u8 max_streams[] = { QUIC_FRAME_MAX_STREAMS, 3 };
	struct quic_stream *s[4], *more;
	struct quic_conn *c;
	struct pair *p;
	u32 i;

	begin(PAIR_EARLY_REFUSED);
	cfg.local[PAIR_SERVER].initial_max_streams_bidi = 1;
	cfg.remembered = 400;
	p = pair_new(&cfg);
	p->end[PAIR_SERVER].reading = false;
	c = client(p);
	for (i = 0; i < 4; i++) {
		ASSERT(t, !quic_conn_stream_open(c, false, &s[i]));
		EXPECT_EQ(t, unit_append(c, s[i], 100), 0);
	}
	EXPECT_EQ(t, quic_stream_finish(c, s[0]), 0);
	EXPECT_EQ(t, quic_stream_finish(c, s[1]), 0);
	EXPECT_EQ(t, quic_stream_reset(c, s[2], 5), 0);
	EXPECT_EQ(t, quic_conn_stream_open(c, false, &more), (u64)-EAGAIN);
	pair_pump(p);
	EXPECT_EQ(t, s[1]->send_state, QUIC_STREAM_SEND_STATE_SENT);
	EXPECT_EQ(t, s[2]->send_state, QUIC_STREAM_SEND_STATE_RESET_SENT);
	EXPECT(t, pair_run(p, pair_confirmed, p->now + SEC));
	EXPECT_EQ(t, c->streams.n_held, 3);
	EXPECT_EQ(t, s[1]->send_state, QUIC_STREAM_SEND_STATE_READY);
	EXPECT_EQ(t, s[2]->reset_final, 0);
	EXPECT_EQ(t, s[2]->reset_stream.state, QUIC_VAL_WANTED);
	EXPECT_EQ(t, server(p)->streams.next_remote[0], 1);
	/* what is written meanwhile waits along */
	EXPECT_EQ(t, unit_append(c, s[3], 100), 0);
	pair_pump(p);
	EXPECT_EQ(t, server(p)->streams.next_remote[0], 1);
	pair_inject(p, PAIR_CLIENT, QUIC_CRYPTO_APP, c->space[QUIC_SPACE_APP].rx_next,
		    max_streams, sizeof(max_streams));
	EXPECT_EQ(t, c->streams.n_held, 1);
	EXPECT_EQ(t, s[1]->tx.next, 100);
	EXPECT_EQ(t, s[2]->reset_stream.state, QUIC_VAL_FLYING);
	EXPECT_EQ(t, s[3]->tx.next, 0);
	pair_free(p);
}

/* The server's parameters come, whatever it says of 0-RTT. */
static int parameters_come(struct unit *t, struct pair *p)
{
	struct quic_tparams tp = cfg.local[PAIR_SERVER];
	struct quic_conn *c = client(p);
	u8 buf[256];
	int n;

	c->cids.have_peer_scid = true;
	tp.has_initial_source_connection_id = true;
	tp.initial_source_connection_id = c->cids.peer_scid;
	tp.has_original_destination_connection_id = true;
	tp.original_destination_connection_id = c->cids.odcid;
	n = quic_tparams_encode(&tp, true, 0, buf, sizeof(buf));
	EXPECT_GT(t, n, 0);
	return quic_conn_set_peer_tparams(c, buf, n, p->now);
}

/* Silence of the server counts as a refusal. */
static void no_answer(struct unit *t)
{
	struct quic_conn *c;
	struct pair *p;

	begin(PAIR_EARLY_ACCEPTED);
	p = pair_new(&cfg);
	c = client(p);
	pair_flow(p, PAIR_CLIENT, 200);
	pair_pump(p);
	EXPECT_EQ(t, parameters_come(t, p), 0);
	EXPECT_EQ(t, quic_conn_early(c), QUIC_EARLY_REFUSED);
	EXPECT_EQ(t, c->path.cc.bytes_in_flight, quic_sent_get(&c->space[0].sent, 0)->size);
	pair_free(p);
}

/* RFC 9000 7.4.1: what the handshake allows is for 1-RTT packets, which must be waited for. */
static void nothing_after_the_answer(struct unit *t)
{
	struct pair *p;
	u32 early;

	begin(PAIR_EARLY_ACCEPTED);
	cfg.remembered = 10;
	cfg.local[PAIR_SERVER].initial_max_stream_data_bidi_remote = 1000;
	p = pair_new(&cfg);
	pair_flow(p, PAIR_CLIENT, 500);
	pair_pump(p);
	early = seen[PAIR_CLIENT].early;
	EXPECT_GT(t, early, 0);
	EXPECT_EQ(t, client(p)->flow_tx.used, 100);
	quic_conn_early_result(client(p), true, p->now);
	EXPECT_EQ(t, parameters_come(t, p), 0);
	EXPECT_EQ(t, quic_conn_stream_find(client(p), 0)->flow_tx.limit, 1000);
	pair_pump(p);
	EXPECT_EQ(t, seen[PAIR_CLIENT].early, early);
	EXPECT_EQ(t, client(p)->flow_tx.used, 100);
	pair_free(p);
}

/* Only a client begins, once, before anything left, with parameters that parse. */
static void begin_when(struct unit *t)
{
	static const u8 none[1], bad[] = { 0x04, 2, 0x40 };
	struct pair *p;

	begin(PAIR_EARLY_NONE);
	p = pair_new(&cfg);
	EXPECT_EQ(t, quic_conn_early_begin(client(p), bad, sizeof(bad)), (u64)-EINVAL);
	EXPECT(t, !client(p)->err.set);
	EXPECT_EQ(t, quic_conn_early_begin(client(p), none, 0), 0);
	EXPECT_EQ(t, quic_conn_early_begin(client(p), none, 0), (u64)-EINVAL);
	pair_free(p);
	begin(PAIR_EARLY_NONE);
	p = pair_new(&cfg);
	pair_pump(p);
	EXPECT_EQ(t, quic_conn_early_begin(client(p), none, 0), (u64)-EINVAL);
	EXPECT(t, pair_run(p, pair_confirmed, p->now + SEC));
	EXPECT_EQ(t, quic_conn_early_begin(server(p), none, 0), (u64)-EINVAL);
	quic_conn_early_result(client(p), true, p->now);
	quic_conn_early_result(server(p), false, p->now);
	EXPECT_EQ(t, quic_conn_early(client(p)), QUIC_EARLY_NONE);
	finish(t, p);
}

/* RFC 9001 4.9.3: late 0-RTT packets open for three PTOs after the handshake. */
static void keys_of_a_server(struct unit *t)
{
	u32 bit = 1 << QUIC_CRYPTO_EARLY;
	struct pair *p;

	begin(PAIR_EARLY_ACCEPTED);
	p = pair_new(&cfg);
	pair_flow(p, PAIR_CLIENT, 200);
	EXPECT(t, pair_run(p, pair_confirmed, p->now + SEC));
	EXPECT(t, server(p)->rx_keys & bit);
	EXPECT_NE(t, server(p)->early_deadline, QUIC_TIME_NEVER);
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, server(p)->rx_keys & bit, 0);
	EXPECT(t, server(p)->keys_discarded & bit);
	EXPECT_EQ(t, server(p)->early_deadline, QUIC_TIME_NEVER);
	finish(t, p);
}

/* A client opens none, whoever made it. */
static void not_for_a_client(struct unit *t)
{
	static const u8 ping[] = { QUIC_FRAME_PING };
	struct pair *p;
	u64 recv;

	begin(PAIR_EARLY_ACCEPTED);
	p = pair_new(&cfg);
	pair_flow(p, PAIR_CLIENT, 200);
	EXPECT(t, pair_run(p, pair_confirmed, p->now + SEC));
	recv = client(p)->stats.pkts_recv;
	pair_inject(p, PAIR_CLIENT, QUIC_CRYPTO_EARLY, 100, ping, sizeof(ping));
	EXPECT_EQ(t, client(p)->stats.pkts_recv, recv);
	EXPECT_EQ(t, client(p)->stats.pkts_dropped, 1);
	finish(t, p);
}

/* RFC 9002 6.2.2.1: 0-RTT packets in flight do not keep the deadlock from being broken. */
static void deadlock_is_broken(struct unit *t)
{
	struct quic_conn *c;
	struct pair *p;

	begin(PAIR_EARLY_ACCEPTED);
	p = pair_new(&cfg);
	c = client(p);
	pair_flow(p, PAIR_CLIENT, 3000);
	pair_pump(p);
	/* the server's ACK came, and its flight did not */
	c->space[QUIC_SPACE_INITIAL].sent.n_eliciting = 0;
	quic_recovery_set_timer(c, p->now);
	EXPECT_GT(t, c->space[QUIC_SPACE_APP].sent.n_eliciting, 0);
	EXPECT_NE(t, c->loss_deadline, QUIC_TIME_NEVER);
	pair_free(p);
}

/* After a Retry all of it leaves once more, numbered on (RFC 9000 17.2.5.3). */
static void after_a_retry(struct unit *t)
{
	struct pair *p;
	u32 before;

	begin(PAIR_EARLY_ACCEPTED);
	cfg.retry = true;
	p = pair_new(&cfg);
	pair_flow(p, PAIR_CLIENT, 3000);
	pair_pump(p);
	before = seen[PAIR_CLIENT].early;
	pair_run(p, NULL, p->now + 25 * MS);
	EXPECT_EQ(t, p->retries_taken, 1);
	EXPECT_EQ(t, seen[PAIR_CLIENT].early, 2 * before);
	EXPECT_EQ(t, seen[PAIR_CLIENT].last_early, 2 * before - 1);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 10 * MS));
	EXPECT(t, pair_run(p, pair_confirmed, p->now + SEC));
	finish(t, p);
}

/* Version Negotiation: its keys were of another version. */
static void after_version_negotiation(struct unit *t)
{
	struct pair *p;

	begin(PAIR_EARLY_ACCEPTED);
	cfg.version = QUIC_VERSION_V2;
	cfg.serves = QUIC_VERSION_V1;
	p = pair_new(&cfg);
	pair_flow(p, PAIR_CLIENT, 3000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + SEC));
	EXPECT_EQ(t, p->restarts, 1);
	EXPECT_EQ(t, quic_conn_early(client(p)), QUIC_EARLY_REFUSED);
	EXPECT_EQ(t, client(p)->flow_tx.used, 3000);
	finish(t, p);
}

static bool client_is_through(struct pair *p)
{
	return quic_conn_state(client(p)) != QUIC_CONN_HANDSHAKE;
}

static bool client_closes(struct pair *p)
{
	return quic_conn_state(client(p)) > QUIC_CONN_ESTABLISHED;
}

/*
 * Who writes and is gone has written: acknowledgments come before the server is through
 * its handshake, and a CONNECTION_CLOSE then would end it unheard.
 */
static void closed_after_writing(struct unit *t)
{
	struct pair *p;

	begin(PAIR_EARLY_ACCEPTED);
	p = pair_new(&cfg);
	pair_flow(p, PAIR_CLIENT, 200);
	pair_pump(p);
	quic_conn_shutdown(client(p), 7, "done", 10 * SEC, p->now);
	EXPECT(t, pair_run(p, client_is_through, p->now + SEC));
	EXPECT_EQ(t, quic_conn_state(client(p)), QUIC_CONN_ESTABLISHED);
	EXPECT(t, pair_run(p, client_closes, p->now + SEC));
	EXPECT(t, client(p)->handshake_confirmed);
	EXPECT(t, pair_all_done(p));
	pair_free(p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(with_the_hello),
	UNIT_CASE(what_stays_out),
	UNIT_CASE(vals_that_wait),
	UNIT_CASE(remembered_limits),
	UNIT_CASE(reduced_limits),
	UNIT_CASE(each_limit),
	UNIT_CASE(refused),
	UNIT_CASE(refused_above_the_limit),
	UNIT_CASE(no_answer),
	UNIT_CASE(nothing_after_the_answer),
	UNIT_CASE(begin_when),
	UNIT_CASE(keys_of_a_server),
	UNIT_CASE(not_for_a_client),
	UNIT_CASE(deadlock_is_broken),
	UNIT_CASE(after_a_retry),
	UNIT_CASE(after_version_negotiation),
	UNIT_CASE(closed_after_writing),
};

UNIT_SUITE(early, cases);
