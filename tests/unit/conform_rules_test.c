// SPDX-License-Identifier: GPL-2.0
/*
 * More MUSTs that no other suite is about: such as show in what an end takes, or says
 * of itself, without a look at the wire (conform_test.c has one).
 */
#include "unit_pair.h"
#include "../../kmod/core/wire_hdr.h"
#include "../../kmod/core/recovery.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC

static struct pair_cfg cfg;

static bool drop_all(struct pair *p, enum pair_side from, u64 n)
{
	return true;
}

/* A pair at rest, of which nobody hears the client any more. */
static struct pair *mute(struct unit *t)
{
	struct pair *p;

	pair_defaults(&cfg);
	p = unit_connected(t, &cfg);
	p->cfg.link[PAIR_CLIENT].drop = drop_all;
	return p;
}

static void inject(struct pair *p, enum pair_side to, const u8 *frames, u32 len)
{
	pair_inject(p, to, QUIC_CRYPTO_APP,
		    p->end[to].conn->space[QUIC_SPACE_APP].rx_next, frames, len);
}

/* RFC 9000 17.1: complete until something was acknowledged. */
static void first_packet_numbers(struct unit *t)
{
	u64 pn;

	for (pn = 0; pn < 1 << 20; pn += 1 + pn / 7)
		EXPECT_EQ(t, pn >> 8 * quic_pn_len(pn, 0, true), 0);
}

/* RFC 9000 17.2.1, 17.2.5: bits that mean nothing. */
static void unused_bits(struct unit *t)
{
	u8 vn[] = { 0x80, 0, 0, 0, 0, 1, 'd', 1, 's', 0, 0, 0, 1 };
	struct quic_hdr h;
	u32 bits;

	for (bits = 0; bits < 0x80; bits++) {
		vn[0] = 0x80 | bits;
		EXPECT_EQ(t, quic_hdr_parse(vn, sizeof(vn), QUIC_LOCAL_CID_LEN, &h), 0);
		EXPECT_EQ(t, h.type, QUIC_PKT_VERSION_NEG);
	}
}

/* RFC 9000 18.2 */
static void two_ids_at_least(struct unit *t)
{
	static const u8 one[] = { 0x0e, 1, 1 }, two[] = { 0x0e, 1, 2 };
	struct quic_error err = {};
	struct quic_tparams tp;

	EXPECT_EQ(t, quic_tparams_decode(&tp, true, two, sizeof(two), &err), 0);
	EXPECT_EQ(t, quic_tparams_decode(&tp, true, one, sizeof(one), &err), -EPROTO);
	EXPECT_EQ(t, err.code, QUIC_TRANSPORT_ERROR_TRANSPORT_PARAM);
}

/* RFC 9000 19.7 */
static void who_gives_tokens(struct unit *t)
{
	struct pair *p = mute(t);

	EXPECT_EQ(t, quic_conn_send_new_token(p->end[PAIR_CLIENT].conn, (const u8 *)"t", 1),
		  -EINVAL);
	EXPECT_EQ(t, quic_conn_send_new_token(p->end[PAIR_SERVER].conn, (const u8 *)"", 0),
		  -EINVAL);
	EXPECT_EQ(t, quic_conn_send_new_token(p->end[PAIR_SERVER].conn, (const u8 *)"t", 1), 0);
	pair_free(p);
}

/* RFC 9000 19.15: as often as it likes to come. */
static void same_id_again(struct unit *t)
{
	static const u8 id[4 + 2 + 16] = { 0x18, 20, 0, 2, 'a', 'b' };
	struct pair *p = mute(t);
	u32 i;

	for (i = 0; i < 2 * QUIC_REMOTE_CIDS; i++)
		inject(p, PAIR_CLIENT, id, sizeof(id));
	EXPECT_EQ(t, quic_conn_state(p->end[PAIR_CLIENT].conn), QUIC_CONN_ESTABLISHED);
	pair_free(p);
}

/* RFC 9221 3 */
static void no_datagrams_unasked(struct unit *t)
{
	struct pair *p = mute(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;

	EXPECT_EQ(t, c->remote.max_datagram_frame_size, 0);
	EXPECT_EQ(t, quic_conn_dgram_max(c), 0);
	EXPECT_EQ(t, pair_msg_send(c, (const u8 *)"d", 1), -EINVAL);
	EXPECT_EQ(t, c->dgrams.tx.n, 0);
	pair_free(p);
}

/* RFC 9221 3: type and Length count. */
static void datagrams_as_large_as_allowed(struct unit *t)
{
	static const u8 data[100];
	struct quic_conn *c;
	struct pair *p;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].max_datagram_frame_size = 63;
	p = unit_connected(t, &cfg);
	c = p->end[PAIR_CLIENT].conn;
	EXPECT_EQ(t, quic_conn_dgram_max(c), 61);
	EXPECT_EQ(t, pair_msg_send(c, data, 62), -EMSGSIZE);
	EXPECT_EQ(t, c->dgrams.tx.n, 0);
	EXPECT_EQ(t, pair_msg_send(c, data, 61), 0);
	EXPECT_EQ(t, c->dgrams.tx.n, 1);
	pair_free(p);
}

/* RFC 9221 5.4: a full window holds them back. */
static void datagrams_wait_for_the_window(struct unit *t)
{
	struct quic_conn *c;
	struct pair *p;

	pair_defaults(&cfg);
	cfg.local[PAIR_SERVER].max_datagram_frame_size = 65535;
	p = unit_connected(t, &cfg);
	c = p->end[PAIR_CLIENT].conn;
	c->path.cc.cwnd = 1000;
	EXPECT_EQ(t, pair_msg_send(c, (const u8 *)"datagram", 8), 0);
	pair_pump(p);
	EXPECT_EQ(t, c->stats.dgram.sent, 0);
	EXPECT_EQ(t, c->dgrams.tx.n, 1);
	c->path.cc.cwnd = 20000;
	c->want |= QUIC_WANT_TX;
	pair_pump(p);
	EXPECT_EQ(t, c->stats.dgram.sent, 1);
	pair_free(p);
}

/* RFC 9000 13.1: what could not be processed is not acknowledged. */
static void no_ack_without_memory(struct unit *t)
{
	static const u8 data[] = { 0x08, 0, 'x' };
	struct pair *p = mute(t);
	struct quic_conn *s = p->end[PAIR_SERVER].conn;
	struct quic_pnspace *app = &s->space[QUIC_SPACE_APP];
	u64 pn = app->rx_next;

	shim_host_fail_at(1);
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, pn, data, sizeof(data));
	shim_host_fail_at(0);
	EXPECT(t, !quic_rangeset_contains(&app->rx, pn));
	EXPECT_EQ(t, app->ack_pending, 0);
	p->end[PAIR_SERVER].reading = false;
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, pn, data, sizeof(data));
	EXPECT(t, quic_rangeset_contains(&app->rx, pn));
	EXPECT_EQ(t, s->streams.rx_queued, 1);
	pair_free(p);
}

/* RFC 9000 13.4.2.1: an ACK that was overtaken says nothing of marks. */
static void ecn_of_older_acks(struct unit *t)
{
	struct pair *p = mute(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;
	struct quic_pnspace *s = &c->space[QUIC_SPACE_APP];
	u8 newer[32] = { 0x03 }, older[] = { 0x02, 0, 0, 0, 0 };
	u64 first = s->tx_next;
	struct quic_wcur w = quic_wcur_init(newer + 1, sizeof(newer) - 1);

	ASSERT_EQ(t, c->path.ecn.state, QUIC_ECN_STATE_CAPABLE);
	pair_flow(p, PAIR_CLIENT, 5000);
	pair_pump(p);
	ASSERT(t, s->tx_next >= first + 3 && first < 64);
	p->now += 10 * MS;
	quic_put_varint(&w, first + 2);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, s->ecn_said[0] + 3);
	quic_put_varint(&w, 0);
	quic_put_varint(&w, s->ecn_said[1]);
	inject(p, PAIR_CLIENT, newer, w.p - newer);
	EXPECT_EQ(t, c->path.ecn.state, QUIC_ECN_STATE_CAPABLE);
	older[1] = first + 1;
	inject(p, PAIR_CLIENT, older, sizeof(older));
	EXPECT_EQ(t, c->path.ecn.state, QUIC_ECN_STATE_CAPABLE);
	/* counts that are missing where they matter */
	older[1] = first + 3;
	inject(p, PAIR_CLIENT, older, sizeof(older));
	EXPECT_EQ(t, c->path.ecn.state, QUIC_ECN_STATE_FAILED);
	pair_free(p);
}

/* RFC 9002 5.3: not more than the peer promised, once the handshake is confirmed. */
static void ack_delay_is_bounded(struct unit *t)
{
	struct pair *p = mute(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;
	u8 ack[] = { 0x02, 0, 0x5d, 0x4c, 0, 0 };	/* 7500, by 8 us: 60 ms */
	struct quic_rtt before;
	u32 i;

	for (i = 0; i < 2; i++) {
		c->handshake_confirmed = !i;
		pair_flow(p, PAIR_CLIENT, 100);
		pair_pump(p);
		p->now += 200 * MS;
		before = c->path.rtt;
		EXPECT_LT(t, before.min, 100 * MS);
		ack[1] = c->space[QUIC_SPACE_APP].tx_next - 1;
		inject(p, PAIR_CLIENT, ack, sizeof(ack));
		EXPECT_EQ(t, c->path.rtt.latest, 200 * MS);
		EXPECT_EQ(t, c->path.rtt.smoothed,
			  (7 * before.smoothed + (i ? 140 : 175) * MS) / 8);
	}
	pair_free(p);
}

/* RFC 9002 6.2.1 */
static void pto_of_a_steady_path(struct unit *t)
{
	struct quic_rtt r = { .smoothed = 10 * MS };

	EXPECT_EQ(t, quic_rtt_pto(&r, 0), 11 * MS);
	EXPECT_EQ(t, quic_rtt_pto(&r, 25 * MS), 36 * MS);
}

/* RFC 9001 6.1: not though all else is there. */
static void no_update_unconfirmed(struct unit *t)
{
	struct pair *p = mute(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;

	EXPECT(t, c->keyphase.confirmed);
	c->handshake_confirmed = false;
	EXPECT_EQ(t, quic_conn_update_keys(c, p->now), 0);
	quic_conn_next_keys_ready(c, 1, p->now);
	EXPECT_EQ(t, c->keyphase.tx_gen, 0);
	c->handshake_confirmed = true;
	quic_conn_on_timer(c, p->now);
	EXPECT_EQ(t, c->keyphase.tx_gen, 1);
	pair_free(p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(first_packet_numbers),
	UNIT_CASE(unused_bits),
	UNIT_CASE(two_ids_at_least),
	UNIT_CASE(who_gives_tokens),
	UNIT_CASE(same_id_again),
	UNIT_CASE(no_datagrams_unasked),
	UNIT_CASE(datagrams_as_large_as_allowed),
	UNIT_CASE(datagrams_wait_for_the_window),
	UNIT_CASE(no_ack_without_memory),
	UNIT_CASE(ecn_of_older_acks),
	UNIT_CASE(ack_delay_is_bounded),
	UNIT_CASE(pto_of_a_steady_path),
	UNIT_CASE(no_update_unconfirmed),
};

UNIT_SUITE(conform_rules, cases);
