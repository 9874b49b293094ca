// SPDX-License-Identifier: GPL-2.0
/*
 * TLS messages after the handshake: NewSessionTicket is read through, however it is cut
 * and whatever its length; every other message, and what is no ticket, ends the
 * connection with the code of RFC 9001 4.4, 4.6.1 or 6, or the alert of RFC 8446.
 */
#include "unit_pair.h"
#include "../../kmod/core/pnspace.h"

#define SEC		QUIC_NS_PER_SEC
#define UNEXPECTED	(QUIC_TRANSPORT_ERROR_CRYPTO + 10)
#define DECODE		(QUIC_TRANSPORT_ERROR_CRYPTO + 50)
#define PROTOCOL	QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION

/* Lifetime, age_add; a nonce of two bytes; a ticket of three. */
#define TIMES	0, 0, 0x1c, 0x20, 1, 2, 3, 4
#define BEGIN	TIMES, 2, 0, 1, 0, 3, 't', 'k', 't'
#define EARLY_AT	30	/* in @ticket */

static struct pair_cfg cfg;
static u64 fed[2];	/* bytes of the side's 1-RTT CRYPTO stream so far */

/* An early_data of all there is, between two that nobody knows. */
static const u8 ticket[] = {
	4, 0, 0, 36, BEGIN, 0, 18, 0xfa, 0xfa, 0, 0,
	0, 42, 0, 4, 0xff, 0xff, 0xff, 0xff, 0, 99, 0, 2, 'x', 'y',
};

static struct pair *connected(struct unit *t)
{
	pair_defaults(&cfg);
	fed[0] = 0;
	fed[1] = 0;
	return unit_connected(t, &cfg);
}

/* One CRYPTO frame. */
static void frame(struct pair *p, enum pair_side to, u64 off, const u8 *data, u32 len)
{
	static u8 buf[2048];
	struct quic_wcur w = quic_wcur_init(buf, sizeof(buf));

	quic_put_u8(&w, QUIC_FRAME_CRYPTO);
	quic_put_varint(&w, off);
	quic_put_varint(&w, len);
	quic_put_bytes(&w, data, len);
	pair_inject(p, to, QUIC_CRYPTO_APP, p->end[to].conn->space[QUIC_SPACE_APP].rx_next,
		    buf, w.p - buf);
}

static void feed(struct pair *p, enum pair_side to, const u8 *data, u32 len, u32 cut)
{
	u32 n;

	for (; len; len -= n, data += n, fed[to] += n) {
		n = min(len, cut);
		frame(p, to, fed[to], data, n);
	}
}

static bool is_open(const struct pair *p, enum pair_side side)
{
	return quic_conn_state(p->end[side].conn) == QUIC_CONN_ESTABLISHED;
}

/* It goes on, and has nothing of what came. */
static void finish(struct unit *t, struct pair *p, enum pair_side side)
{
	struct quic_crypto *c = p->end[side].conn->space[QUIC_SPACE_APP].crypto;

	EXPECT(t, is_open(p, side));
	EXPECT(t, !c || (!c->rx.n_chunks && c->rx.read == fed[side]));
	pair_run(p, NULL, p->now + SEC);
	unit_no_errors(t, p);
	pair_free(p);
}

static void refused(struct unit *t, struct pair *p, enum pair_side side, u64 code)
{
	const struct quic_close_info *info = quic_conn_close_info(p->end[side].conn);

	if (!EXPECT_EQ(t, info->origin, QUIC_CLOSE_LOCAL) ||
	    !EXPECT_EQ(t, info->code, code))
		unit_log("# %s", info->reason);
	EXPECT_EQ(t, info->frame_type, QUIC_FRAME_CRYPTO);
	EXPECT(t, !strncmp(info->reason, "CRYPTO: ", 8) && strlen(info->reason) > 20);
	pair_free(p);
}

static void tickets_are_skipped(struct unit *t)
{
	u8 two[2 * sizeof(ticket)];
	struct pair *p;
	u32 cut;

	memcpy(two, ticket, sizeof(ticket));
	memcpy(two + sizeof(ticket), ticket, sizeof(ticket));
	for (cut = 1; cut <= sizeof(two); cut++) {
		p = connected(t);
		feed(p, PAIR_CLIENT, two, sizeof(two), cut);
		finish(t, p, PAIR_CLIENT);
	}
}

/* The end first, and everything twice. */
static void out_of_order(struct unit *t)
{
	struct pair *p = connected(t);
	u32 i;

	for (i = sizeof(ticket); i--;) {
		frame(p, PAIR_CLIENT, i, ticket + i, 1);
		frame(p, PAIR_CLIENT, i, ticket + i, 1);
	}
	frame(p, PAIR_CLIENT, 0, ticket, sizeof(ticket));
	fed[PAIR_CLIENT] = sizeof(ticket);
	finish(t, p, PAIR_CLIENT);
}

/* What is at hand outlives the buffer, which a connection at rest gives back. */
static void half_a_ticket_at_rest(struct unit *t)
{
	static const u8 key_update[] = { 24, 0, 0, 1, 0 };
	struct pair *p = connected(t);
	struct quic_conn *c = p->end[PAIR_CLIENT].conn;

	feed(p, PAIR_CLIENT, ticket, 30, 30);
	EXPECT(t, c->space[QUIC_SPACE_APP].crypto);
	pair_run(p, NULL, p->now + 5 * SEC);
	EXPECT(t, !c->space[QUIC_SPACE_APP].crypto);
	feed(p, PAIR_CLIENT, ticket + 30, sizeof(ticket) - 30, 3);
	EXPECT(t, is_open(p, PAIR_CLIENT));
	feed(p, PAIR_CLIENT, key_update, sizeof(key_update), 1);
	refused(t, p, PAIR_CLIENT, UNEXPECTED);
}

/* One bit less, in each byte of it. */
static void early_data_size(struct unit *t)
{
	u8 other[sizeof(ticket)];
	struct pair *p;
	u32 i;

	for (i = 0; i < 4; i++) {
		p = connected(t);
		memcpy(other, ticket, sizeof(ticket));
		EXPECT_EQ(t, other[EARLY_AT + i], 0xff);
		other[EARLY_AT + i] ^= 1 << 2 * i;
		feed(p, PAIR_CLIENT, other, sizeof(other), 7);
		refused(t, p, PAIR_CLIENT, PROTOCOL);
	}
}

static void certificate_request(struct unit *t)
{
	static const u8 req[] = { 13, 0, 0, 3, 0, 0, 0 };
	struct pair *p = connected(t);

	feed(p, PAIR_CLIENT, req, sizeof(req), sizeof(req));
	refused(t, p, PAIR_CLIENT, PROTOCOL);
}

static void key_update(struct unit *t)
{
	static const u8 update[] = { 24, 0, 0, 1, 1 };
	struct pair *p;
	u32 side;

	for (side = 0; side < 2; side++) {
		p = connected(t);
		feed(p, side, update, sizeof(update), 1);
		EXPECT(t, strstr(quic_conn_close_info(p->end[side].conn)->reason, "KeyUpdate"));
		refused(t, p, side, UNEXPECTED);
	}
}

/* Of all types there are a client may get one, and a server none. The first byte tells. */
static void other_messages(struct unit *t)
{
	struct pair *p;
	u32 type, side;
	u8 byte;

	for (type = 0; type < 256; type++) {
		for (side = 0; side < 2; side++) {
			p = connected(t);
			byte = type;
			feed(p, side, &byte, 1, 1);
			if (side == PAIR_CLIENT && type == 4)
				finish(t, p, side);
			else
				refused(t, p, side, side == PAIR_CLIENT && type == 13 ?
					PROTOCOL : UNEXPECTED);
		}
	}
}

static const struct bad {
	u32 len;
	u8 msg[48];
} bad[] = {
	{ 4, { 4, 0xff, 0xff, 0xff } },
	{ 4, { 4, 0, 0, 0 } },				/* each field by a byte too long */
	{ 4, { 4, 0, 0, 7 } },
	{ 12, { 4, 0, 0, 8, TIMES } },
	{ 13, { 4, 0, 0, 10, TIMES, 2 } },
	{ 15, { 4, 0, 0, 12, TIMES, 2, 0, 1 } },
	{ 17, { 4, 0, 0, 15, TIMES, 2, 0, 1, 0, 3 } },
	{ 20, { 4, 0, 0, 17, BEGIN } },
	{ 17, { 4, 0, 0, 30, TIMES, 2, 0, 1, 0, 0 } },	/* no ticket */
	{ 22, { 4, 0, 0, 18, BEGIN, 0, 1 } },		/* extensions: a byte above the rest */
	{ 22, { 4, 0, 0, 19, BEGIN, 0, 0 } },		/* or below it */
	{ 22, { 4, 0, 0, 21, BEGIN, 0, 3 } },		/* no room for one */
	{ 26, { 4, 0, 0, 22, BEGIN, 0, 4, 0, 99, 0, 1 } },
	{ 27, { 4, 0, 0, 24, BEGIN, 0, 6, 0, 99, 0, 1, 'x' } },
	{ 26, { 4, 0, 0, 25, BEGIN, 0, 7, 0, 42, 0, 3 } },
	{ 26, { 4, 0, 0, 27, BEGIN, 0, 9, 0, 42, 0, 5 } },
	{ 26, { 4, 0, 0, 24, BEGIN, 0, 6, 0, 42, 0, 4 } },
};

static void bad_tickets(struct unit *t)
{
	struct pair *p;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		p = connected(t);
		feed(p, PAIR_CLIENT, bad[i].msg, bad[i].len - 1, 5);
		if (!EXPECT(t, is_open(p, PAIR_CLIENT)))
			unit_log("# row %u: before its end", i);
		feed(p, PAIR_CLIENT, bad[i].msg + bad[i].len - 1, 1, 1);
		if (!EXPECT(t, !is_open(p, PAIR_CLIENT)))
			unit_log("# row %u", i);
		refused(t, p, PAIR_CLIENT, DECODE);
	}
}

static void zeros(struct pair *p, u32 n)
{
	static const u8 none[1000];

	for (; n > sizeof(none); n -= sizeof(none))
		feed(p, PAIR_CLIENT, none, sizeof(none), sizeof(none));
	feed(p, PAIR_CLIENT, none, n, n);
}

/* The longest that TLS can write: two windows of CRYPTO bytes, twice. */
static void longest_ticket(struct unit *t)
{
	/* 131337 bytes: 8, 1 and 255, 2 and 65535, 2 and 65534 */
	static const u8 head[] = { 4, 2, 1, 9, TIMES, 255 };
	static const u8 max[] = { 0xff, 0xff }, exts[] = { 0xff, 0xfe };
	static const u8 ext[] = { 0, 99, 0xff, 0xfa }, above[] = { 4, 2, 1, 10 };
	struct pair *p = connected(t);
	u32 i;

	for (i = 0; i < 2; i++) {
		feed(p, PAIR_CLIENT, head, sizeof(head), sizeof(head));
		zeros(p, 255);
		feed(p, PAIR_CLIENT, max, sizeof(max), 1);
		zeros(p, 65535);
		feed(p, PAIR_CLIENT, exts, sizeof(exts), 1);
		feed(p, PAIR_CLIENT, ext, sizeof(ext), 3);
		zeros(p, 65530);
		EXPECT(t, is_open(p, PAIR_CLIENT));
		EXPECT_EQ(t, p->end[PAIR_CLIENT].conn->tls_after.field, 0);
	}
	feed(p, PAIR_CLIENT, above, sizeof(above), sizeof(above));
	refused(t, p, PAIR_CLIENT, DECODE);
}

/* Of a server of ours, on a path that loses and reorders. */
static void over_a_bad_path(struct unit *t)
{
	struct quic_conn *c, *s;
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	cfg.link[PAIR_SERVER].loss = 100;
	cfg.link[PAIR_SERVER].reorder = 200;
	cfg.link[PAIR_SERVER].reorder_delay = 30 * QUIC_NS_PER_MS;
	p = unit_connected(t, &cfg);
	c = p->end[PAIR_CLIENT].conn;
	s = p->end[PAIR_SERVER].conn;
	for (i = 0; i < 2000; i++)
		EXPECT_EQ(t, quic_conn_crypto_send(s, QUIC_CRYPTO_APP, ticket,
						   sizeof(ticket)), 0);
	pair_pump(p);
	pair_run(p, NULL, p->now + 20 * SEC);
	EXPECT_EQ(t, quic_conn_crypto_queued(s, QUIC_CRYPTO_APP), 0);
	EXPECT_GT(t, s->stats.pkts_lost, 0);
	EXPECT(t, !c->space[QUIC_SPACE_APP].crypto);
	EXPECT_EQ(t, c->space[QUIC_SPACE_APP].crypto_read, 2000 * sizeof(ticket));
	EXPECT(t, is_open(p, PAIR_CLIENT));
	unit_no_errors(t, p);
	pair_free(p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(tickets_are_skipped),
	UNIT_CASE(out_of_order),
	UNIT_CASE(half_a_ticket_at_rest),
	UNIT_CASE(early_data_size),
	UNIT_CASE(certificate_request),
	UNIT_CASE(key_update),
	UNIT_CASE(other_messages),
	UNIT_CASE(bad_tickets),
	UNIT_CASE(longest_ticket),
	UNIT_CASE(over_a_bad_path),
};

UNIT_SUITE(tls_after, cases);
