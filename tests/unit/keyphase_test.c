// SPDX-License-Identifier: GPL-2.0
/*
 * Key update (RFC 9001 6): who may change keys and when, what a packet may be
 * sealed with, when old keys go, and what the AEAD's limit does.
 *
 * One end is the core under test; what the peer seals, and with which generation,
 * is injected where the peer of the pair would never do it.
 */
#include "unit_pair.h"
#include "../../kmod/core/keyphase.h"
#include "../../kmod/core/recovery.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC
#define MB	(1ULL << 20)

static struct pair_cfg cfg;

static struct pair *connected(struct unit *t)
{
	return unit_connected(t, &cfg);
}

static struct quic_keyphase *kp_of(struct pair *p, enum pair_side side)
{
	return &p->end[side].conn->keyphase;
}

static u64 next_rx(struct pair *p, enum pair_side to)
{
	return p->end[to].conn->space[QUIC_SPACE_APP].rx_next;
}

/* Give @to a packet of generation @gen with these frames. Nothing is sent in answer. */
static void deliver(struct pair *p, enum pair_side to, u32 gen, u64 pn, const u8 *frames,
		    u32 len)
{
	struct quic_rxbuf *buf = shim_rxbuf_new(len);
	struct quic_rx_pkt r = {
		.buf = buf, .data = buf->data, .len = len, .dgram_len = len + 40,
		.level = QUIC_CRYPTO_APP, .pn = pn, .key_gen = gen,
	};

	memcpy(buf->data, frames, len);
	quic_conn_recv(p->end[to].conn, &r, 1, p->now);
	quic_host_rxbuf_put(buf);
}

static void ping(struct pair *p, enum pair_side to, u32 gen, u64 pn)
{
	static const u8 frame[] = { QUIC_FRAME_PING };

	deliver(p, to, gen, pn, frame, sizeof(frame));
}

/* A server whose client went away: only what is delivered arrives. */
static struct quic_conn *alone(struct unit *t, struct pair **p)
{
	*p = connected(t);
	(*p)->cfg.link[PAIR_CLIENT].loss = 1000;
	(*p)->cfg.link[PAIR_SERVER].loss = 1000;
	return (*p)->end[PAIR_SERVER].conn;
}

/* For pair_run(): the client alone is, HANDSHAKE_DONE is to come. */
static bool client_established(struct pair *p)
{
	return quic_conn_state(p->end[PAIR_CLIENT].conn) == QUIC_CONN_ESTABLISHED;
}

/* The host has the next keys. */
static void make_keys(struct quic_conn *conn, u64 now)
{
	quic_conn_next_keys_ready(conn, quic_conn_rx_gen(conn) + 1, now);
}

static void expect_violation(struct unit *t, const struct quic_conn *conn)
{
	EXPECT_EQ(t, quic_conn_state(conn), QUIC_CONN_CLOSING);
	EXPECT_EQ(t, conn->close.code, QUIC_TRANSPORT_ERROR_KEY_UPDATE);
	EXPECT(t, !conn->close.app);
}

/* ---- which keys (6.5) ---- */

static void generation_of_packet(struct unit *t)
{
	u32 gen;

	for (gen = 1; gen < 5; gen++) {
		EXPECT_EQ(t, quic_key_gen_of(gen, 100, gen & 1, 50), gen);
		EXPECT_EQ(t, quic_key_gen_of(gen, 100, gen & 1, 100), gen);
		EXPECT_EQ(t, quic_key_gen_of(gen, 100, gen & 1, 150), gen);
		EXPECT_EQ(t, quic_key_gen_of(gen, 100, ~gen & 1, 99), gen - 1);
		EXPECT_EQ(t, quic_key_gen_of(gen, 100, ~gen & 1, 100), gen + 1);
		EXPECT_EQ(t, quic_key_gen_of(gen, 100, ~gen & 1, QUIC_PN_MAX), gen + 1);
	}
	/* before the first update there is no older generation */
	EXPECT_EQ(t, quic_key_gen_of(0, 0, 1, 0), 1);
}

/* ---- updates of ours (6.1) ---- */

/* Asked for, announced at once though there is nothing to say, and both are there. */
static void update_on_request(struct unit *t)
{
	struct quic_conn *c;
	struct pair *p;

	pair_defaults(&cfg);
	p = connected(t);
	c = p->end[PAIR_CLIENT].conn;
	EXPECT_EQ(t, quic_conn_update_keys(c, p->now), 0);
	EXPECT_EQ(t, quic_conn_update_keys(c, p->now), -EINVAL);
	EXPECT_EQ(t, quic_conn_tx_gen(c), 0);		/* no keys yet */
	pair_run(p, NULL, p->now + 15 * MS);
	EXPECT_EQ(t, quic_conn_tx_gen(c), 1);
	EXPECT_EQ(t, quic_conn_rx_gen(c), 0);
	EXPECT_EQ(t, quic_conn_update_keys(c, p->now), -EINVAL);	/* not answered */
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, quic_conn_rx_gen(c), 1);
	EXPECT_EQ(t, kp_of(p, PAIR_SERVER)->tx_gen, 1);
	EXPECT_EQ(t, kp_of(p, PAIR_SERVER)->rx_gen, 1);
	EXPECT_EQ(t, kp_of(p, PAIR_CLIENT)->updates_local, 1);
	EXPECT_EQ(t, kp_of(p, PAIR_CLIENT)->updates_peer, 0);
	EXPECT_EQ(t, kp_of(p, PAIR_SERVER)->updates_peer, 1);
	EXPECT_EQ(t, c->stats.pkts_lost, 0);
	unit_no_errors(t, p);
	pair_free(p);
}

/* Not before the handshake is confirmed (6.1): the server's is lost for a while. */
static void not_before_confirmed(struct unit *t)
{
	struct quic_conn *c;
	struct pair *p;

	pair_defaults(&cfg);
	p = pair_new(&cfg);
	c = p->end[PAIR_CLIENT].conn;
	EXPECT_EQ(t, quic_conn_update_keys(c, p->now), -EPIPE);
	pair_run(p, client_established, p->now + SEC);
	p->cfg.link[PAIR_SERVER].loss = 1000;
	ASSERT(t, quic_conn_state(c) == QUIC_CONN_ESTABLISHED && !c->handshake_confirmed);
	EXPECT_EQ(t, quic_conn_update_keys(c, p->now), 0);
	pair_run(p, NULL, p->now + 200 * MS);
	ASSERT(t, !c->handshake_confirmed);
	EXPECT_EQ(t, c->keyphase.ready_gen, 1);
	EXPECT_EQ(t, quic_conn_tx_gen(c), 0);
	p->cfg.link[PAIR_SERVER].loss = 0;
	pair_run(p, NULL, p->now + 5 * SEC);
	EXPECT(t, c->handshake_confirmed);
	EXPECT_EQ(t, quic_conn_tx_gen(c), 1);
	EXPECT_EQ(t, kp_of(p, PAIR_SERVER)->tx_gen, 1);
	unit_no_errors(t, p);
	pair_free(p);
}

/* Not a second one before a packet of this phase was acknowledged (6.1). */
static void not_before_acknowledged(struct unit *t)
{
	struct quic_conn *s;
	struct pair *p;
	u8 ack[] = { QUIC_FRAME_ACK, 0, 0, 0, 0 };

	pair_defaults(&cfg);
	cfg.hasty = true;
	s = alone(t, &p);
	make_keys(s, p->now);
	EXPECT_EQ(t, quic_conn_update_keys(s, p->now), 0);
	pair_pump(p);
	EXPECT_EQ(t, quic_conn_tx_gen(s), 1);
	/* the peer follows, with everything but the acknowledgment */
	ping(p, PAIR_SERVER, 1, next_rx(p, PAIR_SERVER));
	pair_pump(p);
	EXPECT_EQ(t, quic_conn_rx_gen(s), 1);
	make_keys(s, p->now);
	s->keyphase.ours = false;		/* let the request be taken */
	EXPECT_EQ(t, quic_conn_update_keys(s, p->now), 0);
	pair_pump(p);
	EXPECT_EQ(t, quic_conn_tx_gen(s), 1);
	ASSERT(t, s->keyphase.tx_first < 64);
	ack[1] = s->keyphase.tx_first - 1;
	deliver(p, PAIR_SERVER, 1, next_rx(p, PAIR_SERVER), ack, sizeof(ack));
	pair_pump(p);
	EXPECT_EQ(t, quic_conn_tx_gen(s), 1);
	ack[1] = s->keyphase.tx_first;
	deliver(p, PAIR_SERVER, 1, next_rx(p, PAIR_SERVER), ack, sizeof(ack));
	pair_pump(p);
	EXPECT_EQ(t, quic_conn_tx_gen(s), 2);
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	pair_free(p);
}

/* A client that has updated keys, which was acknowledged just now. */
static struct quic_conn *updated_once(struct unit *t, struct pair **p)
{
	struct quic_conn *c;

	pair_defaults(&cfg);
	*p = connected(t);
	c = (*p)->end[PAIR_CLIENT].conn;
	quic_conn_update_keys(c, (*p)->now);
	pair_run(*p, NULL, (*p)->now + 50 * MS);
	EXPECT(t, c->keyphase.confirmed && c->keyphase.tx_gen == 1);
	return c;
}

/* Three PTOs after the one before, to the nanosecond (6.5). */
static void waits_three_ptos(struct unit *t)
{
	struct quic_keyphase *kp;
	struct quic_conn *c;
	struct pair *p;

	c = updated_once(t, &p);
	kp = &c->keyphase;
	EXPECT_GT(t, kp->update_at, p->now);
	EXPECT_LE(t, kp->update_at, p->now + 3 * quic_recovery_pto(c));
	EXPECT_GT(t, kp->update_at + 50 * MS, p->now + 3 * quic_recovery_pto(c));
	EXPECT_EQ(t, quic_conn_update_keys(c, p->now), 0);
	pair_run(p, NULL, kp->update_at - 1);
	EXPECT_EQ(t, kp->ready_gen, 2);
	EXPECT_EQ(t, quic_conn_tx_gen(c), 1);
	EXPECT_EQ(t, quic_conn_deadline(c), kp->update_at);
	pair_run(p, NULL, kp->update_at);
	EXPECT_EQ(t, quic_conn_tx_gen(c), 2);
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, kp_of(p, PAIR_SERVER)->tx_gen, 2);
	unit_no_errors(t, p);
	pair_free(p);
}

/* Both at once: that is one update, which each of them initiated. */
static void both_at_once(struct unit *t)
{
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	p = connected(t);
	for (i = 0; i < 2; i++)
		make_keys(p->end[i].conn, p->now);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(t, quic_conn_update_keys(p->end[i].conn, p->now), 0);
	pair_run(p, NULL, p->now + SEC);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(t, kp_of(p, i)->tx_gen, 1);
		EXPECT_EQ(t, kp_of(p, i)->rx_gen, 1);
		EXPECT_EQ(t, kp_of(p, i)->updates_local, 1);
	}
	unit_no_errors(t, p);
	pair_free(p);
}

/* ---- updates of the peer (6.2) ---- */

/* Answered before anything else leaves, and with an ACK under the new keys. */
static void answered_with_new_keys(struct unit *t)
{
	static struct quic_tx_batch batch;	/* too large for a kernel's stack */
	struct shim_arena arena = {};
	struct quic_conn *s;
	struct pair *p;

	batch = (struct quic_tx_batch){ .max_dgrams = 1 };
	pair_defaults(&cfg);
	s = alone(t, &p);
	make_keys(s, p->now);
	quic_conn_take_want(s);
	ping(p, PAIR_SERVER, 1, next_rx(p, PAIR_SERVER));
	EXPECT(t, s->want & QUIC_WANT_KEYS);
	EXPECT_EQ(t, quic_conn_tx_gen(s), 1);
	EXPECT(t, s->keyphase.answer_due);
	arena = p->end[PAIR_SERVER].arena;
	arena.used = 0;
	batch.host = &arena;
	s->space[QUIC_SPACE_APP].ack_now = true;
	ASSERT_EQ(t, quic_conn_build(s, &batch, p->now), 1);
	EXPECT_EQ(t, batch.pkt[0].key_gen, 1);
	EXPECT_EQ(t, batch.pkt[0].buf[0] >> 2 & 1, 1);
	EXPECT(t, !s->keyphase.answer_due);
	pair_free(p);
}

/* A peer may be confirmed before us: its update is answered. */
static void peer_first_confirmed(struct unit *t)
{
	struct quic_conn *c;
	struct pair *p;

	pair_defaults(&cfg);
	p = pair_new(&cfg);
	c = p->end[PAIR_CLIENT].conn;
	pair_run(p, client_established, p->now + SEC);
	p->cfg.link[PAIR_SERVER].loss = 1000;
	ASSERT(t, quic_conn_state(c) == QUIC_CONN_ESTABLISHED && !c->handshake_confirmed);
	make_keys(c, p->now);
	ping(p, PAIR_CLIENT, 1, next_rx(p, PAIR_CLIENT));
	EXPECT_EQ(t, quic_conn_tx_gen(c), 1);
	EXPECT_EQ(t, quic_conn_state(c), QUIC_CONN_ESTABLISHED);
	pair_free(p);
}

/* Twice without an answer of ours in between: KEY_UPDATE_ERROR (6.2). */
static void updated_twice(struct unit *t)
{
	struct quic_conn *s;
	struct pair *p;

	pair_defaults(&cfg);
	s = alone(t, &p);
	make_keys(s, p->now);
	ping(p, PAIR_SERVER, 1, next_rx(p, PAIR_SERVER));
	make_keys(s, p->now);
	ping(p, PAIR_SERVER, 2, next_rx(p, PAIR_SERVER));
	expect_violation(t, s);
	EXPECT_EQ(t, quic_conn_tx_gen(s), 1);
	pair_free(p);
}

/* And with the answer it may. */
static void updated_again(struct unit *t)
{
	struct quic_conn *s;
	struct pair *p;

	pair_defaults(&cfg);
	s = alone(t, &p);
	make_keys(s, p->now);
	ping(p, PAIR_SERVER, 1, next_rx(p, PAIR_SERVER));
	s->space[QUIC_SPACE_APP].ack_now = true;
	pair_pump(p);
	make_keys(s, p->now);
	ping(p, PAIR_SERVER, 2, next_rx(p, PAIR_SERVER));
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	EXPECT_EQ(t, quic_conn_tx_gen(s), 2);
	EXPECT_EQ(t, s->keyphase.updates_peer, 2);
	pair_free(p);
}

/* The peer acknowledges our new key with its old one: KEY_UPDATE_ERROR (6.2). */
static void acknowledged_with_old_key(struct unit *t)
{
	u8 ack[] = { QUIC_FRAME_ACK, 0, 0, 0, 0 };
	struct quic_conn *s;
	struct pair *p;

	pair_defaults(&cfg);
	s = alone(t, &p);
	make_keys(s, p->now);
	quic_conn_update_keys(s, p->now);
	pair_pump(p);
	ASSERT(t, quic_conn_tx_gen(s) == 1 && s->keyphase.tx_first < 63);
	/* what came before the update may be acknowledged so */
	ack[1] = s->keyphase.tx_first - 1;
	deliver(p, PAIR_SERVER, 0, next_rx(p, PAIR_SERVER), ack, sizeof(ack));
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	ack[1] = s->keyphase.tx_first;
	deliver(p, PAIR_SERVER, 0, next_rx(p, PAIR_SERVER), ack, sizeof(ack));
	expect_violation(t, s);
	EXPECT_EQ(t, s->close.frame_type, QUIC_FRAME_ACK);
	pair_free(p);
}

/* The packet that begins the peer's update may acknowledge whatever we sent. */
static void acknowledged_with_next_key(struct unit *t)
{
	u8 ack[] = { QUIC_FRAME_ACK, 0, 0, 0, 0 };
	struct quic_conn *s;
	struct pair *p;

	pair_defaults(&cfg);
	s = alone(t, &p);
	make_keys(s, p->now);
	s->space[QUIC_SPACE_APP].probes = 1;
	pair_pump(p);
	ack[1] = s->space[QUIC_SPACE_APP].tx_next - 1;
	deliver(p, PAIR_SERVER, 1, next_rx(p, PAIR_SERVER), ack, sizeof(ack));
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	EXPECT_EQ(t, quic_conn_tx_gen(s), 1);
	EXPECT(t, !s->keyphase.confirmed);	/* what was acknowledged is of the old phase */
	pair_free(p);
}

/* ---- numbers and keys (6.4) ---- */

static void old_key_after_new(struct unit *t)
{
	struct quic_conn *s;
	struct pair *p;
	u64 pn;

	pair_defaults(&cfg);
	s = alone(t, &p);
	make_keys(s, p->now);
	pn = next_rx(p, PAIR_SERVER);
	ping(p, PAIR_SERVER, 1, pn + 10);
	/* reordered ones of both phases */
	ping(p, PAIR_SERVER, 0, pn + 4);
	ping(p, PAIR_SERVER, 1, pn + 7);
	ping(p, PAIR_SERVER, 0, pn + 5);
	EXPECT_EQ(t, quic_conn_rx_first(s, 1), pn + 7);
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	EXPECT_EQ(t, s->stats.pkts_dropped, 0);
	ping(p, PAIR_SERVER, 0, pn + 8);
	expect_violation(t, s);
	pair_free(p);
}

/*
 * The same, seen the other way round: a new key below what an old one sealed, that
 * old one having come first or late.
 */
static void new_key_before_old(struct unit *t)
{
	static const struct {
		int n;
		struct { u32 gen; u64 ahead; } pings[2], wrong;
	} rows[] = {
		{ 1, { { 0, 3 } }, { 1, 2 } },
		{ 2, { { 1, 10 }, { 0, 5 } }, { 1, 4 } },
	};
	struct quic_conn *s;
	struct pair *p;
	size_t i;
	u64 pn;
	int k;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		pair_defaults(&cfg);
		s = alone(t, &p);
		make_keys(s, p->now);
		pn = next_rx(p, PAIR_SERVER);
		for (k = 0; k < rows[i].n; k++)
			ping(p, PAIR_SERVER, rows[i].pings[k].gen, pn + rows[i].pings[k].ahead);
		EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
		ping(p, PAIR_SERVER, rows[i].wrong.gen, pn + rows[i].wrong.ahead);
		expect_violation(t, s);
		pair_free(p);
	}
}

/* Numbers never fall back to older keys, whatever is asked for. */
static void keys_never_there(struct unit *t)
{
	struct quic_conn *s;
	struct pair *p;

	pair_defaults(&cfg);
	s = alone(t, &p);
	ping(p, PAIR_SERVER, 1, next_rx(p, PAIR_SERVER));	/* not made */
	ping(p, PAIR_SERVER, 7, next_rx(p, PAIR_SERVER));
	ping(p, PAIR_SERVER, U32_MAX, next_rx(p, PAIR_SERVER) - 1);
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	EXPECT_EQ(t, quic_conn_rx_gen(s), 0);
	EXPECT_EQ(t, s->stats.pkts_dropped, 2);
	pair_free(p);
}

/* A packet that there is no memory for changes no keys. */
static void dropped_packet_changes_nothing(struct unit *t)
{
	static const u8 stream[] = { QUIC_FRAME_STREAM, 0, 'x' };
	struct quic_conn *s;
	struct pair *p;

	pair_defaults(&cfg);
	s = alone(t, &p);
	make_keys(s, p->now);
	shim_host_fail_some(1000);
	deliver(p, PAIR_SERVER, 1, next_rx(p, PAIR_SERVER), stream, sizeof(stream));
	shim_host_fail_some(0);
	EXPECT_EQ(t, s->stats.pkts_dropped, 1);
	EXPECT_EQ(t, quic_conn_rx_gen(s), 0);
	EXPECT_EQ(t, quic_conn_tx_gen(s), 0);
	pair_free(p);
}

/* ---- time (6.3, 6.5) ---- */

static void old_keys_for_three_ptos(struct unit *t)
{
	struct quic_conn *s;
	struct pair *p;
	u64 until;

	pair_defaults(&cfg);
	s = alone(t, &p);
	EXPECT(t, quic_conn_old_keys_over(s));
	make_keys(s, p->now);
	until = p->now + 3 * quic_recovery_pto(s);
	ping(p, PAIR_SERVER, 1, next_rx(p, PAIR_SERVER) + 5);
	EXPECT(t, !quic_conn_old_keys_over(s));
	EXPECT_EQ(t, s->keyphase.old_deadline, until);
	EXPECT_LE(t, quic_conn_deadline(s), until);
	pair_run(p, NULL, until - 1);
	EXPECT(t, !quic_conn_old_keys_over(s));
	p->end[PAIR_SERVER].want = 0;
	pair_run(p, NULL, until);
	EXPECT(t, quic_conn_old_keys_over(s));
	EXPECT(t, p->end[PAIR_SERVER].want & QUIC_WANT_KEYS);
	pair_free(p);
}

/* Next keys are made once per phase, and 25 ms after the last update at the earliest. */
static void bounded(struct unit *t)
{
	struct quic_conn *s;
	struct pair *p;
	u64 from;
	u32 i;

	pair_defaults(&cfg);
	s = alone(t, &p);
	quic_conn_take_want(s);
	quic_conn_next_phase_seen(s, p->now);
	EXPECT_EQ(t, quic_conn_take_want(s) & QUIC_WANT_NEXT_KEYS, QUIC_WANT_NEXT_KEYS);
	for (i = 0; i < 10; i++)
		quic_conn_next_phase_seen(s, p->now);
	EXPECT(t, !(quic_conn_take_want(s) & QUIC_WANT_NEXT_KEYS));
	make_keys(s, p->now);
	quic_conn_next_phase_seen(s, p->now);
	EXPECT(t, !(quic_conn_take_want(s) & QUIC_WANT_NEXT_KEYS));

	ping(p, PAIR_SERVER, 1, next_rx(p, PAIR_SERVER));
	from = p->now + QUIC_KEY_NEXT_WAIT;
	ASSERT_LE(t, QUIC_KEY_NEXT_WAIT, quic_recovery_pto(s));
	quic_conn_next_phase_seen(s, p->now);
	EXPECT(t, !(s->want & QUIC_WANT_NEXT_KEYS));
	EXPECT_LE(t, quic_conn_deadline(s), from);
	p->end[PAIR_SERVER].want = 0;
	pair_run(p, NULL, from - 1);
	EXPECT(t, !(p->end[PAIR_SERVER].want & QUIC_WANT_NEXT_KEYS));
	pair_run(p, NULL, from);
	EXPECT(t, p->end[PAIR_SERVER].want & QUIC_WANT_NEXT_KEYS);
	pair_free(p);
}

/* After an update the keys of the next one are there before the peer needs them. */
static void next_keys_by_themselves(struct unit *t)
{
	struct pair *p;

	pair_defaults(&cfg);
	p = connected(t);
	quic_conn_update_keys(p->end[PAIR_CLIENT].conn, p->now);
	pair_run(p, NULL, p->now + 80 * MS);
	EXPECT_EQ(t, kp_of(p, PAIR_SERVER)->rx_gen, 1);
	EXPECT_EQ(t, kp_of(p, PAIR_SERVER)->ready_gen, 2);
	EXPECT_EQ(t, kp_of(p, PAIR_CLIENT)->ready_gen, 2);
	pair_free(p);
}

/* Memory was short: asked again after a PTO. */
static void failed_keys_are_tried_again(struct unit *t)
{
	struct quic_conn *s;
	struct pair *p;

	pair_defaults(&cfg);
	cfg.keys_delay = 100 * SEC;
	s = alone(t, &p);
	quic_conn_next_phase_seen(s, p->now);
	quic_conn_take_want(s);
	quic_conn_next_keys_failed(s, p->now);
	EXPECT_EQ(t, quic_conn_deadline(s), p->now + quic_recovery_pto(s));
	pair_run(p, NULL, p->now + quic_recovery_pto(s));
	EXPECT(t, p->end[PAIR_SERVER].want & QUIC_WANT_NEXT_KEYS);
	EXPECT_EQ(t, s->keyphase.ready_gen, 0);
	pair_free(p);
}

/* A busy connection has the next keys before anybody needs them. */
static void made_ahead(struct unit *t)
{
	struct pair *p;

	pair_defaults(&cfg);
	p = connected(t);
	EXPECT_EQ(t, kp_of(p, PAIR_CLIENT)->ready_gen, 0);
	pair_flow(p, PAIR_CLIENT, 8 * MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 60 * SEC));
	EXPECT_EQ(t, kp_of(p, PAIR_CLIENT)->ready_gen, 1);
	EXPECT_EQ(t, kp_of(p, PAIR_SERVER)->ready_gen, 1);
	EXPECT_EQ(t, kp_of(p, PAIR_CLIENT)->tx_gen, 0);
	unit_no_errors(t, p);
	pair_free(p);
}

/* ---- limits (6.6) ---- */

static void limit_updates_ahead(struct unit *t)
{
	struct quic_keyphase *kp;
	u64 first = 0, most = 0;
	struct pair *p;
	u32 gen = 0;

	pair_defaults(&cfg);
	/* a window that is smaller than the limit: it can be acknowledged in time */
	cfg.link[PAIR_CLIENT].rate = 2500000;
	cfg.link[PAIR_CLIENT].queue = 65536;
	p = connected(t);
	kp = kp_of(p, PAIR_CLIENT);
	quic_conn_set_aead_limits(p->end[PAIR_CLIENT].conn, 1000, 1000, U64_MAX);
	pair_flow(p, PAIR_CLIENT, 8 * MB);
	while (!pair_all_done(p) && p->now < p->begin + 60 * SEC) {
		pair_run(p, pair_all_done, p->now + MS);
		if (kp->tx_gen != gen) {
			most = max(most, kp->tx_first - first);
			first = kp->tx_first;
			gen = kp->tx_gen;
		}
	}
	EXPECT(t, pair_all_done(p));
	EXPECT_GE(t, gen, 5);
	EXPECT_GT(t, most, 500);
	EXPECT_LE(t, most, 1000);
	EXPECT_EQ(t, kp->updates_local, gen);
	unit_no_errors(t, p);
	pair_free(p);
}

/* The peer never follows: the keys are not used beyond the limit. */
static void limit_closes(struct unit *t)
{
	struct quic_conn *c;
	struct pair *p;

	pair_defaults(&cfg);
	p = connected(t);
	c = p->end[PAIR_CLIENT].conn;
	quic_conn_set_aead_limits(c, 300, 300, U64_MAX);
	p->cfg.link[PAIR_SERVER].loss = 1000;
	pair_flow(p, PAIR_CLIENT, MB);
	make_keys(c, p->now);
	quic_conn_update_keys(c, p->now);
	c->path.cc.cwnd = 10 * MB;
	pair_run(p, NULL, p->now + 10 * SEC);
	EXPECT_EQ(t, c->close.code, QUIC_TRANSPORT_ERROR_AEAD_LIMIT_REACHED);
	EXPECT_EQ(t, c->keyphase.tx_gen, 1);
	EXPECT_LE(t, c->space[QUIC_SPACE_APP].tx_next, c->keyphase.tx_first + 300);
	pair_free(p);
}

/*
 * RFC 9001 B.1.1: a key may seal fewer packets where some are longer than 2^11 bytes, also
 * where the path takes these only later on; one that has sealed too many waits for the next.
 */
static void longer_packets(struct unit *t)
{
	struct quic_keyphase *kp;
	struct quic_conn *c;
	struct pair *p;

	pair_defaults(&cfg);
	p = connected(t);
	c = p->end[PAIR_CLIENT].conn;
	kp = &c->keyphase;
	quic_conn_set_aead_limits(c, 10000, 1000, U64_MAX);
	quic_conn_set_max_mtu(c, 2048);
	EXPECT_GT(t, kp->seal_limit, 9000);
	quic_conn_set_max_mtu(c, 2049);
	EXPECT_EQ(t, c->max_mtu, 2049);
	EXPECT_LT(t, kp->seal_limit, 1000);
	quic_conn_set_max_mtu(c, 1452);
	EXPECT_LT(t, kp->seal_limit, 1000);	/* it has sealed some */

	quic_conn_set_aead_limits(c, 10000, 1000, U64_MAX);
	pair_flow(p, PAIR_CLIENT, MB);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	EXPECT_GT(t, c->space[QUIC_SPACE_APP].tx_next, 500);
	quic_conn_set_max_mtu(c, 8952);
	EXPECT_EQ(t, c->max_mtu, 2048);
	EXPECT_GT(t, kp->seal_limit, 9000);
	EXPECT_EQ(t, quic_conn_update_keys(c, p->now), 0);
	pair_pump(p);
	pair_run(p, NULL, p->now + 5 * SEC);
	EXPECT_EQ(t, kp->tx_gen, 1);
	quic_conn_set_max_mtu(c, 8952);
	EXPECT_EQ(t, c->max_mtu, 8952);
	EXPECT_LT(t, kp->seal_limit, 1000);
	unit_no_errors(t, p);
	pair_free(p);
}

/* Close to the limit the wait of three PTOs is over: 6.6 is a MUST, 6.5 none. */
static void limit_does_not_wait(struct unit *t)
{
	struct quic_keyphase *kp;
	struct quic_conn *c;
	struct pair *p;

	c = updated_once(t, &p);
	kp = &c->keyphase;
	make_keys(c, p->now);
	kp->update_at = p->now + 1000 * SEC;
	quic_conn_set_aead_limits(c, 600, 600, U64_MAX);
	pair_flow(p, PAIR_CLIENT, 500000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 60 * SEC));
	EXPECT_EQ(t, kp->tx_gen, 1);			/* 3/4, not 7/8 */
	pair_flow(p, PAIR_CLIENT, 80000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 60 * SEC));
	EXPECT_EQ(t, kp->tx_gen, 2);
	unit_no_errors(t, p);
	pair_free(p);
}

/* Failures count over all keys. */
static void forged_over_all_keys(struct unit *t)
{
	struct quic_conn *c;
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	cfg.hasty = true;
	p = connected(t);
	c = p->end[PAIR_CLIENT].conn;
	quic_conn_set_aead_limits(c, 1 << 23, 1 << 23, 9);
	for (i = 0; i < 3; i++) {
		quic_conn_recv_forged(c, 3, p->now);
		EXPECT_EQ(t, quic_conn_update_keys(c, p->now), 0);
		pair_run(p, NULL, p->now + SEC);
		EXPECT_EQ(t, quic_conn_rx_gen(c), i + 1);
	}
	EXPECT_EQ(t, quic_conn_state(c), QUIC_CONN_ESTABLISHED);
	quic_conn_recv_forged(c, 1, p->now);
	EXPECT_EQ(t, c->close.code, QUIC_TRANSPORT_ERROR_AEAD_LIMIT_REACHED);
	pair_free(p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(generation_of_packet),
	UNIT_CASE(update_on_request),
	UNIT_CASE(not_before_confirmed),
	UNIT_CASE(not_before_acknowledged),
	UNIT_CASE(waits_three_ptos),
	UNIT_CASE(both_at_once),
	UNIT_CASE(answered_with_new_keys),
	UNIT_CASE(peer_first_confirmed),
	UNIT_CASE(updated_twice),
	UNIT_CASE(updated_again),
	UNIT_CASE(acknowledged_with_old_key),
	UNIT_CASE(acknowledged_with_next_key),
	UNIT_CASE(old_key_after_new),
	UNIT_CASE(new_key_before_old),
	UNIT_CASE(keys_never_there),
	UNIT_CASE(dropped_packet_changes_nothing),
	UNIT_CASE(old_keys_for_three_ptos),
	UNIT_CASE(bounded),
	UNIT_CASE(next_keys_by_themselves),
	UNIT_CASE(failed_keys_are_tried_again),
	UNIT_CASE(made_ahead),
	UNIT_CASE(limit_updates_ahead),
	UNIT_CASE(limit_closes),
	UNIT_CASE(longer_packets),
	UNIT_CASE(limit_does_not_wait),
	UNIT_CASE(forged_over_all_keys),
};

UNIT_SUITE(keyphase, cases);
