// SPDX-License-Identifier: GPL-2.0
/*
 * What a peer must not do, frame by frame, and what it may: packets handed to
 * one end of an established pair.
 */
#include "unit.h"
#include "../shim/pair.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC
#define MAX62	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
#define TOKEN	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16

enum {
	ERR_FLOW_CONTROL = QUIC_TRANSPORT_ERROR_FLOW_CONTROL,
	ERR_STREAM_LIMIT = QUIC_TRANSPORT_ERROR_STREAM_LIMIT,
	ERR_STREAM_STATE = QUIC_TRANSPORT_ERROR_STREAM_STATE,
	ERR_FINAL_SIZE = QUIC_TRANSPORT_ERROR_FINAL_SIZE,
	ERR_ENCODING = QUIC_TRANSPORT_ERROR_FRAME_ENCODING,
	ERR_CID_LIMIT = QUIC_TRANSPORT_ERROR_CONNECTION_ID_LIMIT,
	ERR_PROTOCOL = QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION,
	ERR_UNEXPECTED = QUIC_TRANSPORT_ERROR_CRYPTO + 10,
	ERR_CRYPTO_BUF = QUIC_TRANSPORT_ERROR_CRYPTO_BUF_EXCEEDED,
};

static struct pair_cfg cfg;

static struct pair *connected(struct unit *t)
{
	struct pair *p;

	pair_defaults(&cfg);
	p = pair_new(&cfg);
	if (EXPECT(t, pair_run(p, pair_confirmed, p->now + 5 * SEC)))
		pair_run(p, NULL, p->now + SEC);
	return p;
}

static u64 next_pn(const struct pair *p, enum pair_side to)
{
	return p->end[to].conn->space[QUIC_SPACE_APP].rx_next;
}

static void inject(struct pair *p, enum pair_side to, const u8 *frames, u32 len)
{
	pair_inject(p, to, QUIC_CRYPTO_APP, next_pn(p, to), frames, len);
}

/* Streams by their type: 0 client's, 1 server's, 2 client's uni, 3 server's. */
static const struct violation {
	enum pair_side to;
	u16 code;
	u8 type;		/* of the frame to blame */
	u8 len;
	u8 frames[48];
} violations[] = {
	/* ACK of a packet that was not sent */
	{ PAIR_SERVER, ERR_PROTOCOL, 0x02, 6, { 0x02, 0x7f, 0xff, 0, 0, 0 } },
	{ PAIR_SERVER, ERR_PROTOCOL, 0x02, 12, { 0x02, MAX62, 0, 0, 0 } },
	/* STREAM on a half that cannot receive, or of a stream never opened */
	{ PAIR_SERVER, ERR_STREAM_STATE, 0x08, 3, { 0x08, 3, 'x' } },
	{ PAIR_SERVER, ERR_STREAM_STATE, 0x08, 3, { 0x08, 1, 'x' } },
	{ PAIR_CLIENT, ERR_STREAM_STATE, 0x08, 3, { 0x08, 2, 'x' } },
	{ PAIR_CLIENT, ERR_STREAM_STATE, 0x08, 3, { 0x08, 0, 'x' } },
	/* beyond MAX_STREAMS: 16 of each */
	{ PAIR_SERVER, ERR_STREAM_LIMIT, 0x08, 4, { 0x08, 0x40, 0x40, 'x' } },
	{ PAIR_SERVER, ERR_STREAM_LIMIT, 0x08, 4, { 0x08, 0x40, 0x42, 'x' } },
	{ PAIR_CLIENT, ERR_STREAM_LIMIT, 0x08, 4, { 0x08, 0x40, 0x41, 'x' } },
	{ PAIR_SERVER, ERR_STREAM_LIMIT, 0x08, 10, {
		0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc, 'x' } },
	/* beyond MAX_STREAM_DATA: 2^20 */
	{ PAIR_SERVER, ERR_FLOW_CONTROL, 0x0c, 7, { 0x0c, 0, 0x80, 0x10, 0, 0, 'x' } },
	{ PAIR_SERVER, ERR_FLOW_CONTROL, 0x0d, 10, { 0x0d, 0, MAX62 } },
	{ PAIR_SERVER, ERR_FLOW_CONTROL, 0x04, 7, { 0x04, 0, 9, 0x80, 0x10, 0, 1 } },
	{ PAIR_SERVER, ERR_FLOW_CONTROL, 0x04, 11, {
		0x04, 0, 9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
	/* beyond MAX_DATA: four streams up to 2^20, which is all, and a byte */
	{ PAIR_SERVER, ERR_FLOW_CONTROL, 0x08, 35, {
		0x0e, 0, 0x80, 0x0f, 0xff, 0xff, 1, 'x', 0x0e, 4, 0x80, 0x0f, 0xff, 0xff, 1, 'x',
		0x0e, 8, 0x80, 0x0f, 0xff, 0xff, 1, 'x', 0x0e, 12, 0x80, 0x0f, 0xff, 0xff, 1, 'x',
		0x08, 16, 'x' } },
	{ PAIR_SERVER, ERR_FLOW_CONTROL, 0x04, 36, {
		0x0e, 0, 0x80, 0x0f, 0xff, 0xff, 1, 'x', 0x0e, 4, 0x80, 0x0f, 0xff, 0xff, 1, 'x',
		0x0e, 8, 0x80, 0x0f, 0xff, 0xff, 1, 'x', 0x0e, 12, 0x80, 0x0f, 0xff, 0xff, 1, 'x',
		0x04, 16, 9, 1 } },
	/* final sizes that change, or lie below data */
	{ PAIR_SERVER, ERR_FINAL_SIZE, 0x0f, 13, {
		0x0f, 0, 5, 1, 'x', 0x0f, 0, 9, 1, 'x', 0, 0, 0 } },
	{ PAIR_SERVER, ERR_FINAL_SIZE, 0x0e, 10, { 0x0f, 0, 5, 1, 'x', 0x0e, 0, 6, 1, 'x' } },
	{ PAIR_SERVER, ERR_FINAL_SIZE, 0x0f, 10, { 0x0e, 0, 9, 1, 'x', 0x0f, 0, 5, 1, 'x' } },
	{ PAIR_SERVER, ERR_FINAL_SIZE, 0x04, 9, { 0x0e, 0, 9, 1, 'x', 0x04, 0, 0, 9 } },
	{ PAIR_SERVER, ERR_FINAL_SIZE, 0x04, 9, { 0x0f, 0, 9, 1, 'x', 0x04, 0, 0, 11 } },
	{ PAIR_SERVER, ERR_FINAL_SIZE, 0x04, 8, { 0x04, 0, 0, 9, 0x04, 0, 0, 8 } },
	/* frames about halves that do not exist, or streams that do not */
	{ PAIR_SERVER, ERR_STREAM_STATE, 0x04, 4, { 0x04, 3, 0, 0 } },
	{ PAIR_SERVER, ERR_STREAM_STATE, 0x05, 3, { 0x05, 2, 0 } },
	{ PAIR_SERVER, ERR_STREAM_STATE, 0x05, 3, { 0x05, 1, 0 } },
	{ PAIR_SERVER, ERR_STREAM_STATE, 0x11, 3, { 0x11, 2, 9 } },
	{ PAIR_SERVER, ERR_STREAM_STATE, 0x11, 3, { 0x11, 1, 9 } },
	{ PAIR_SERVER, ERR_STREAM_STATE, 0x15, 3, { 0x15, 3, 9 } },
	{ PAIR_SERVER, ERR_STREAM_LIMIT, 0x11, 4, { 0x11, 0x40, 0x40, 9 } },
	{ PAIR_SERVER, ERR_STREAM_LIMIT, 0x05, 4, { 0x05, 0x40, 0x40, 9 } },
	{ PAIR_SERVER, ERR_STREAM_STATE, 0x04, 4, { 0x04, 1, 0, 0 } },
	{ PAIR_CLIENT, ERR_STREAM_STATE, 0x04, 4, { 0x04, 2, 0, 0 } },
	{ PAIR_CLIENT, ERR_STREAM_STATE, 0x05, 3, { 0x05, 3, 0 } },
	{ PAIR_CLIENT, ERR_STREAM_STATE, 0x11, 3, { 0x11, 3, 9 } },
	{ PAIR_SERVER, ERR_STREAM_STATE, 0x15, 3, { 0x15, 1, 9 } },
	{ PAIR_CLIENT, ERR_STREAM_STATE, 0x15, 3, { 0x15, 2, 9 } },
	{ PAIR_SERVER, ERR_STREAM_LIMIT, 0x04, 5, { 0x04, 0x40, 0x40, 9, 0 } },
	{ PAIR_SERVER, ERR_STREAM_LIMIT, 0x04, 5, { 0x04, 0x40, 0x42, 9, 0 } },
	{ PAIR_SERVER, ERR_STREAM_LIMIT, 0x15, 4, { 0x15, 0x40, 0x42, 9 } },
	/* frames of the other role */
	{ PAIR_SERVER, ERR_PROTOCOL, 0x1e, 1, { 0x1e } },
	{ PAIR_SERVER, ERR_PROTOCOL, 0x07, 3, { 0x07, 1, 'x' } },
	/* connection IDs */
	{ PAIR_SERVER, ERR_PROTOCOL, 0x18, 25, { 0x18, 0, 0, 5, 'o', 't', 'h', 'e', 'r', TOKEN } },
	{ PAIR_SERVER, ERR_PROTOCOL, 0x18, 44, {
		0x18, 20, 0, 2, 'a', 'b', TOKEN, 0x18, 21, 0, 2, 'a', 'b', TOKEN } },
	{ PAIR_SERVER, ERR_CID_LIMIT, 0x18, 46, {
		0x18, 20, 0, 2, 'a', 'b', TOKEN, 0x18, 21, 0, 2, 'c', 'd', TOKEN, 0, 0 } },
	{ PAIR_SERVER, ERR_PROTOCOL, 0x19, 3, { 0x19, 0x40, 0x40 } },
	/* what nobody negotiated, or knows */
	{ PAIR_SERVER, ERR_PROTOCOL, 0x30, 2, { 0x30, 'x' } },
	{ PAIR_CLIENT, ERR_PROTOCOL, 0x31, 3, { 0x31, 1, 'x' } },
	{ PAIR_SERVER, ERR_ENCODING, 0x21, 1, { 0x21 } },
	{ PAIR_SERVER, ERR_PROTOCOL, 0, 0, { 0 } },
	{ PAIR_SERVER, ERR_PROTOCOL, 0x01, 2, { 0x40, 0x01 } },	/* PING in two bytes */
	/* numbers beyond what a frame may have */
	{ PAIR_SERVER, ERR_ENCODING, 0x02, 5, { 0x02, 5, 0, 0, 6 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x02, 7, { 0x02, 5, 0, 1, 0, 4, 0 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x06, 11, { 0x06, MAX62, 1, 'x' } },
	{ PAIR_CLIENT, ERR_ENCODING, 0x07, 2, { 0x07, 0 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x0c, 11, { 0x0c, 0, MAX62, 'x' } },
	{ PAIR_SERVER, ERR_ENCODING, 0x12, 9, { 0x12, MAX62 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x13, 9, { 0x13, MAX62 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x16, 9, { 0x16, MAX62 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x17, 9, { 0x17, MAX62 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x18, 20, { 0x18, 20, 0, 0, TOKEN } },
	{ PAIR_SERVER, ERR_ENCODING, 0x18, 41, { 0x18, 20, 0, 21, 'a' } },
	{ PAIR_SERVER, ERR_ENCODING, 0x18, 22, { 0x18, 20, 21, 2, 'a', 'b', TOKEN } },
	/* frames that end too soon, one for each layout */
	{ PAIR_SERVER, ERR_ENCODING, 0x02, 4, { 0x02, 0, 0, 0 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x03, 7, { 0x03, 0, 0, 0, 0, 1, 1 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x04, 3, { 0x04, 0, 0 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x05, 2, { 0x05, 0 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x06, 4, { 0x06, 0, 2, 'x' } },
	{ PAIR_CLIENT, ERR_ENCODING, 0x07, 3, { 0x07, 2, 'x' } },
	{ PAIR_SERVER, ERR_ENCODING, 0x0a, 4, { 0x0a, 0, 2, 'x' } },
	{ PAIR_SERVER, ERR_ENCODING, 0x10, 1, { 0x10 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x11, 2, { 0x11, 0 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x12, 1, { 0x12 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x14, 1, { 0x14 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x15, 2, { 0x15, 0 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x16, 1, { 0x16 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x18, 21, { 0x18, 20, 0, 2, 'a', 'b', TOKEN } },
	{ PAIR_SERVER, ERR_ENCODING, 0x19, 1, { 0x19 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x1a, 8, { 0x1a, 1, 2, 3, 4, 5, 6, 7 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x1b, 8, { 0x1b, 1, 2, 3, 4, 5, 6, 7 } },
	{ PAIR_SERVER, ERR_ENCODING, 0x1c, 5, { 0x1c, 0, 0, 2, 'x' } },
	{ PAIR_SERVER, ERR_ENCODING, 0x1d, 4, { 0x1d, 0, 2, 'x' } },
	{ PAIR_SERVER, ERR_ENCODING, 0x31, 3, { 0x31, 2, 'x' } },
	/* TLS after the handshake: a message that may not come */
	{ PAIR_SERVER, ERR_UNEXPECTED, 0x06, 4, { 0x06, 0, 1, 4 } },
	{ PAIR_CLIENT, ERR_UNEXPECTED, 0x06, 4, { 0x06, 0, 1, 24 } },
	{ PAIR_CLIENT, ERR_PROTOCOL, 0x06, 4, { 0x06, 0, 1, 13 } },
	/* CRYPTO 64 KiB ahead of what was read */
	{ PAIR_SERVER, ERR_CRYPTO_BUF, 0x06, 7, { 0x06, 0x80, 0x01, 0, 0, 1, 'x' } },
};

/* Ids fill up to the limit with frames of their own first. */
static void fill_cids(struct pair *p, enum pair_side to)
{
	u8 f[] = { 0x18, 0, 0, 2, 'n', 0, TOKEN };
	u32 i;

	for (i = 4; i < QUIC_REMOTE_CIDS; i++) {
		f[1] = 30 + i;
		f[5] = i;
		inject(p, to, f, sizeof(f));
	}
}

/* The reason begins with the name of the frame, where we know one. */
static bool names_its_frame(const struct quic_close_info *info)
{
	const struct quic_frame_info *f = quic_frame_info(info->frame_type);

	if (!info->reason[0] || !info->frame_type || !f)
		return info->reason[0];
	return !strncmp(info->reason, f->name, strlen(f->name));
}

static void each_violation(struct unit *t)
{
	const struct quic_close_info *info;
	const struct violation *v = violations;
	struct pair *p;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(violations); i++, v++) {
		p = connected(t);
		p->end[v->to].reading = false;
		if (v->code == ERR_CID_LIMIT)
			fill_cids(p, v->to);
		EXPECT_EQ(t, quic_conn_state(p->end[v->to].conn), QUIC_CONN_ESTABLISHED);
		inject(p, v->to, v->frames, v->len);
		info = quic_conn_close_info(p->end[v->to].conn);
		if (!EXPECT_EQ(t, info->origin, QUIC_CLOSE_LOCAL) ||
		    !EXPECT_EQ(t, info->code, v->code) ||
		    !EXPECT_EQ(t, info->frame_type, v->type))
			unit_log("# row %u: %s", i, info->reason);
		EXPECT(t, names_its_frame(info));
		EXPECT(t, !info->app);
		/* The peer hears the same, if it did not hear of other packets first. */
		pair_run(p, pair_closed, p->now + 10 * SEC);
		if (v->code == ERR_CID_LIMIT) {
			pair_free(p);
			continue;
		}
		info = quic_conn_close_info(p->end[!v->to].conn);
		EXPECT_EQ(t, info->origin, QUIC_CLOSE_PEER);
		EXPECT_EQ(t, info->code, v->code);
		EXPECT_EQ(t, info->frame_type, v->type);
		EXPECT_EQ(t, p->errors, 0);
		pair_free(p);
	}
}

/* A server that has seen the client's first Initial, and nothing else. */
static struct pair *begun(void)
{
	struct pair *p;

	pair_defaults(&cfg);
	p = pair_new(&cfg);
	while (!p->end[PAIR_SERVER].conn)
		pair_run(p, NULL, p->now + MS);
	return p;
}

/* RFC 9000 12.4: which frames which packets may have. */
static void frames_in_wrong_packets(struct unit *t)
{
	static const u8 levels[] = { QUIC_CRYPTO_INITIAL, QUIC_CRYPTO_HANDSHAKE };
	const struct quic_close_info *info;
	const struct quic_frame_info *f;
	u32 i, type, n = 0;
	struct pair *p;

	for (i = 0; i < ARRAY_SIZE(levels); i++) {
		for (type = 0; type < 0x40; type++) {
			u8 frame[32] = { type };

			f = quic_frame_info(type);
			if (!f || f->flags & (i ? QUIC_F_H : QUIC_F_I))
				continue;
			p = begun();
			pair_inject(p, PAIR_SERVER, levels[i], 100, frame, sizeof(frame));
			info = quic_conn_close_info(p->end[PAIR_SERVER].conn);
			EXPECT_EQ(t, info->origin, QUIC_CLOSE_LOCAL);
			EXPECT_EQ(t, info->code, ERR_PROTOCOL);
			EXPECT_EQ(t, info->frame_type, type);
			EXPECT(t, names_its_frame(info));
			n++;
			pair_free(p);
		}
	}
	/* all 33 but PADDING, PING, ACK (2), CRYPTO, CONNECTION_CLOSE */
	EXPECT_EQ(t, n, 2 * (33 - 6));
}

/* TLS bytes too far ahead before there is a connection. */
static void early_crypto_too_far(struct unit *t)
{
	static const u8 far[] = { 0x06, 0x80, 0x02, 0, 0, 1, 'x' };
	const struct quic_close_info *info;
	struct pair *p;
	u32 i;

	for (i = 0; i < 2; i++) {
		p = begun();
		pair_inject(p, PAIR_SERVER, i ? QUIC_CRYPTO_HANDSHAKE : QUIC_CRYPTO_INITIAL,
			    100, far, sizeof(far));
		info = quic_conn_close_info(p->end[PAIR_SERVER].conn);
		EXPECT_EQ(t, info->origin, QUIC_CLOSE_LOCAL);
		EXPECT_EQ(t, info->code, ERR_CRYPTO_BUF);
		EXPECT_EQ(t, info->frame_type, QUIC_FRAME_CRYPTO);
		EXPECT(t, names_its_frame(info));
		pair_free(p);
	}
}

/* RFC 9000 17.2, 17.3.1: bits that are 0 in a header. */
static void reserved_bits(struct unit *t)
{
	struct quic_rx_pkt r = { .level = QUIC_CRYPTO_APP, .reserved = true };
	const struct quic_close_info *info;
	struct quic_conn *s;
	struct pair *p;

	p = connected(t);
	s = p->end[PAIR_SERVER].conn;
	r.buf = shim_rxbuf_new(1);
	r.buf->data[0] = QUIC_FRAME_PING;
	r.data = r.buf->data;
	r.len = 1;
	/* a number that came already is not looked at */
	quic_conn_recv(s, &r, 1, p->now);
	EXPECT_EQ(t, quic_conn_state(s), QUIC_CONN_ESTABLISHED);
	r.pn = next_pn(p, PAIR_SERVER);
	quic_conn_recv(s, &r, 1, p->now);
	info = quic_conn_close_info(s);
	EXPECT_EQ(t, info->origin, QUIC_CLOSE_LOCAL);
	EXPECT_EQ(t, info->code, ERR_PROTOCOL);
	EXPECT(t, info->reason[0]);
	quic_host_rxbuf_put(r.buf);
	pair_free(p);
}

/* Odd, and legal. */
static const struct violation legal[] = {
	{ PAIR_SERVER, 0, 0, 3, { 0x08, 0x3c, 'x' } },		/* the 16th stream */
	{ PAIR_SERVER, 0, 0, 3, { 0x08, 0x3e, 'x' } },
	{ PAIR_SERVER, 0, 0, 2, { 0x08, 0 } },			/* no data, no FIN */
	{ PAIR_SERVER, 0, 0, 7, { 0x0c, 0, 0x80, 0x0f, 0xff, 0xff, 'x' } },
	{ PAIR_SERVER, 0, 0, 12, { 0x0f, 0, 5, 1, 'x', 0x0f, 0, 5, 1, 'x', 0x01, 0x01 } },
	{ PAIR_SERVER, 0, 0, 9, { 0x0f, 0, 9, 1, 'x', 0x04, 0, 0, 10 } },
	{ PAIR_SERVER, 0, 0, 8, { 0x04, 0, 0, 9, 0x04, 0, 0, 9 } },
	{ PAIR_SERVER, 0, 0, 3, { 0x05, 0, 9 } },		/* opens the stream */
	{ PAIR_SERVER, 0, 0, 3, { 0x11, 4, 0 } },
	{ PAIR_SERVER, 0, 0, 3, { 0x15, 4, 0 } },
	{ PAIR_SERVER, 0, 0, 2, { 0x10, 0 } },			/* a lower limit */
	{ PAIR_SERVER, 0, 0, 2, { 0x12, 0 } },
	{ PAIR_SERVER, 0, 0, 9, { 0x14, MAX62 } },
	{ PAIR_SERVER, 0, 0, 9, { 0x1a, 1, 2, 3, 4, 5, 6, 7, 8 } },
	{ PAIR_SERVER, 0, 0, 9, { 0x1b, 1, 2, 3, 4, 5, 6, 7, 8 } },
	{ PAIR_CLIENT, 0, 0, 1, { 0x1e } },			/* once more */
	{ PAIR_CLIENT, 0, 0, 3, { 0x07, 1, 'x' } },
	{ PAIR_SERVER, 0, 0, 22, { 0x18, 20, 0, 2, 'a', 'b', TOKEN } },
	{ PAIR_SERVER, 0, 0, 44, {
		0x18, 20, 0, 2, 'a', 'b', TOKEN, 0x18, 20, 0, 2, 'a', 'b', TOKEN } },
	{ PAIR_SERVER, 0, 0, 44, {
		0x18, 20, 0, 2, 'a', 'b', TOKEN, 0x18, 25, 25, 2, 'c', 'd', TOKEN } },
	{ PAIR_SERVER, 0, 0, 2, { 0x19, 1 } },			/* one of ours */
	{ PAIR_CLIENT, 0, 0, 4, { 0x06, 0, 1, 4 } },		/* NewSessionTicket */
};

static void each_legal(struct unit *t)
{
	const struct violation *v = legal;
	const char *wrong;
	struct pair *p;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(legal); i++, v++) {
		p = connected(t);
		p->end[v->to].reading = false;
		inject(p, v->to, v->frames, v->len);
		if (!EXPECT_EQ(t, quic_conn_state(p->end[v->to].conn),
			       QUIC_CONN_ESTABLISHED))
			unit_log("# row %u: %s", i,
				 quic_conn_close_info(p->end[v->to].conn)->reason);
		wrong = pair_check(p->end[v->to].conn);
		if (!EXPECT(t, !wrong))
			unit_log("# row %u: %s", i, wrong);
		pair_free(p);
	}
}

/* A packet with a bad frame at its end changes nothing but the state. */
static void all_or_nothing(struct unit *t)
{
	static const u8 frames[] = { 0x0a, 0, 1, 'x', 0x10, MAX62, 0x21 };
	struct quic_conn *conn;
	struct pair *p;
	u64 limit;

	p = connected(t);
	conn = p->end[PAIR_SERVER].conn;
	limit = conn->flow_tx.limit;
	inject(p, PAIR_SERVER, frames, sizeof(frames));
	EXPECT_EQ(t, quic_conn_state(conn), QUIC_CONN_CLOSING);
	EXPECT_EQ(t, conn->streams.n_open, 0);
	EXPECT_EQ(t, conn->streams.next_remote[0], 0);
	EXPECT_EQ(t, conn->flow_tx.limit, limit);
	pair_free(p);
}

static void duplicates(struct unit *t)
{
	static const u8 frames[] = { 0x0a, 0, 1, 'x' };
	struct quic_conn *conn;
	struct pair *p;
	u64 pn;

	p = connected(t);
	p->end[PAIR_SERVER].reading = false;
	conn = p->end[PAIR_SERVER].conn;
	pn = next_pn(p, PAIR_SERVER);
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, pn + 5, frames, sizeof(frames));
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, pn + 5, frames, sizeof(frames));
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, pn, frames, sizeof(frames));
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, 0, frames, sizeof(frames));
	EXPECT_EQ(t, conn->stats.pkts_dup, 2);
	EXPECT_EQ(t, conn->streams.rx_queued, 1);
	EXPECT_EQ(t, conn->stats.stream_bytes_recv, 1);
	pair_free(p);
}

/* Largest packet number there is: no wrap, and life goes on. */
static void largest_packet_number(struct unit *t)
{
	static const u8 ping[] = { 0x01 };
	struct quic_conn *conn;
	struct pair *p;
	bool none;

	p = connected(t);
	conn = p->end[PAIR_SERVER].conn;
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, QUIC_PN_MAX, ping, 1);
	EXPECT_EQ(t, quic_conn_largest_rx(conn, QUIC_CRYPTO_APP, &none), QUIC_PN_MAX);
	EXPECT_EQ(t, quic_conn_state(conn), QUIC_CONN_ESTABLISHED);
	pair_free(p);
}

/* Random frames by the thousand: an answer to each, and no crash. */
static void random_frames(struct unit *t)
{
	static const u8 types[] = {
		0x02, 0x04, 0x05, 0x06, 0x08, 0x0a, 0x0b, 0x0c, 0x0e, 0x0f, 0x10,
		0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x18, 0x19, 0x1a, 0x1b,
	};
	struct pair *p = connected(t);
	enum pair_side to;
	const char *wrong;
	u32 i, len;
	u8 f[64];

	for (i = 0; i < UNIT_ROUNDS(20000); i++) {
		to = unit_below(t, 2);
		len = 1 + unit_below(t, sizeof(f) - 1);
		unit_bytes(t, f, len);
		f[0] = types[unit_below(t, ARRAY_SIZE(types))];
		if (len > 3) {		/* small numbers reach further */
			f[1] &= 0x3f >> unit_below(t, 6);
			f[2] &= 0x3f >> unit_below(t, 6);
			f[3] &= 0x3f >> unit_below(t, 6);
		}
		inject(p, to, f, len);
		p->now += MS / 10;
		wrong = pair_check(p->end[to].conn);
		if (!EXPECT(t, !wrong)) {
			unit_log("# %s", wrong);
			break;
		}
		if (quic_conn_state(p->end[to].conn) == QUIC_CONN_ESTABLISHED)
			continue;
		pair_free(p);
		p = connected(t);
		p->end[0].reading = unit_below(t, 2);
		p->end[1].reading = false;
		p->errors = 0;
	}
	pair_free(p);
}

/* ---- not packets of the connection ---- */

static void stateless_reset(struct unit *t)
{
	u8 token[QUIC_RESET_TOKEN_LEN];
	struct quic_conn *conn;
	struct pair *p;

	p = connected(t);
	conn = p->end[PAIR_CLIENT].conn;
	memset(token, 7, sizeof(token));
	EXPECT(t, !quic_conn_recv_reset(conn, token, p->now));
	EXPECT_EQ(t, quic_conn_state(conn), QUIC_CONN_ESTABLISHED);
	quic_host_reset_token(conn, &p->end[PAIR_SERVER].conn->cids.local[0].cid, token);
	token[15] ^= 1;
	EXPECT(t, !quic_conn_recv_reset(conn, token, p->now));
	token[15] ^= 1;
	EXPECT(t, quic_conn_recv_reset(conn, token, p->now));
	EXPECT_EQ(t, quic_conn_state(conn), QUIC_CONN_DRAINING);
	EXPECT_EQ(t, quic_conn_close_info(conn)->origin, QUIC_CLOSE_RESET);
	/* Nothing is sent any more. */
	conn->want |= QUIC_WANT_TX;
	p->end[PAIR_CLIENT].sent = 0;
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, p->end[PAIR_CLIENT].sent, 0);
	EXPECT_EQ(t, quic_conn_state(conn), QUIC_CONN_CLOSED);
	pair_free(p);
}

static void version_negotiation(struct unit *t)
{
	static const u8 ours[] = { 0x1a, 0x2a, 0x3a, 0x4a, 0, 0, 0, 1 };
	static const u8 theirs[] = { 0x1a, 0x2a, 0x3a, 0x4a, 0, 0, 0, 9 };
	struct quic_conn *conn;
	struct pair *p;

	pair_defaults(&cfg);
	p = pair_new(&cfg);
	conn = p->end[PAIR_CLIENT].conn;
	quic_conn_recv_version_neg(conn, ours, sizeof(ours), p->now);
	quic_conn_recv_version_neg(conn, theirs, 7, p->now);
	quic_conn_recv_version_neg(conn, theirs, 0, p->now);
	EXPECT_EQ(t, quic_conn_state(conn), QUIC_CONN_HANDSHAKE);
	quic_conn_recv_version_neg(conn, theirs, sizeof(theirs), p->now);
	EXPECT_EQ(t, quic_conn_state(conn), QUIC_CONN_CLOSED);
	EXPECT_EQ(t, quic_conn_close_info(conn)->origin, QUIC_CLOSE_VERSION);
	EXPECT_EQ(t, quic_conn_deadline(conn), QUIC_TIME_NEVER);
	pair_free(p);

	p = connected(t);		/* too late */
	conn = p->end[PAIR_CLIENT].conn;
	quic_conn_recv_version_neg(conn, theirs, sizeof(theirs), p->now);
	EXPECT_EQ(t, quic_conn_state(conn), QUIC_CONN_ESTABLISHED);
	pair_free(p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(each_violation),
	UNIT_CASE(frames_in_wrong_packets),
	UNIT_CASE(early_crypto_too_far),
	UNIT_CASE(reserved_bits),
	UNIT_CASE(each_legal),
	UNIT_CASE(all_or_nothing),
	UNIT_CASE(duplicates),
	UNIT_CASE(largest_packet_number),
	UNIT_CASE(random_frames),
	UNIT_CASE(stateless_reset),
	UNIT_CASE(version_negotiation),
};

UNIT_SUITE(conn_rx, cases);
