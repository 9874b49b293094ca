// SPDX-License-Identifier: GPL-2.0
/*
 * The tables of a stream's halves, every cell of them, against the edges of RFC
 * 9000 3.1 (Figure 2) and 3.2 (Figure 3) written down a second time, as the figures
 * have them: a list of arrows. What is no arrow must have no next state, and the
 * reason has to be that of whose doing the event is.
 */
#include "unit.h"
#include "../../kmod/core/stream_sm.h"

struct edge {
	u8 from;
	u8 ev;
	u8 to;
};

#define S(name)	QUIC_STREAM_SEND_STATE_##name
#define R(name)	QUIC_STREAM_RECV_STATE_##name

/* Arrows of Figure 2, and what a state allows without leaving it. */
static const struct edge send_edges[] = {
	{ S(READY), QUIC_SEND_EV_FRAME, S(SEND) },
	{ S(READY), QUIC_SEND_EV_FRAME_FIN, S(SENT) },
	{ S(READY), QUIC_SEND_EV_RESET, S(RESET_SENT) },
	{ S(READY), QUIC_SEND_EV_STOPPED, S(RESET_SENT) },
	{ S(SEND), QUIC_SEND_EV_FRAME_FIN, S(SENT) },
	{ S(SEND), QUIC_SEND_EV_RESET, S(RESET_SENT) },
	{ S(SEND), QUIC_SEND_EV_STOPPED, S(RESET_SENT) },
	{ S(SENT), QUIC_SEND_EV_ALL_ACKED, S(RECVD) },
	{ S(SENT), QUIC_SEND_EV_RESET, S(RESET_SENT) },
	{ S(SENT), QUIC_SEND_EV_STOPPED, S(RESET_SENT) },
	{ S(RESET_SENT), QUIC_SEND_EV_RESET_ACKED, S(RESET_RECVD) },
	/* 0-RTT: as if nothing had been sent */
	{ S(SEND), QUIC_SEND_EV_REFUSED, S(READY) },
	{ S(SENT), QUIC_SEND_EV_REFUSED, S(READY) },
	/* loops */
	{ S(READY), QUIC_SEND_EV_REFUSED, S(READY) },
	{ S(RESET_SENT), QUIC_SEND_EV_REFUSED, S(RESET_SENT) },
	{ S(READY), QUIC_SEND_EV_WRITE, S(READY) },
	{ S(READY), QUIC_SEND_EV_CREDIT, S(READY) },
	{ S(SEND), QUIC_SEND_EV_WRITE, S(SEND) },
	{ S(SEND), QUIC_SEND_EV_FRAME, S(SEND) },
	{ S(SEND), QUIC_SEND_EV_CREDIT, S(SEND) },
	{ S(SEND), QUIC_SEND_EV_SETTLED, S(SEND) },
	{ S(SENT), QUIC_SEND_EV_FRAME, S(SENT) },	/* sent again */
	{ S(SENT), QUIC_SEND_EV_FRAME_FIN, S(SENT) },
	{ S(SENT), QUIC_SEND_EV_SETTLED, S(SENT) },
};

static const struct edge recv_edges[] = {
	{ R(RECV), QUIC_RECV_EV_FIN, R(SIZE_KNOWN) },
	{ R(RECV), QUIC_RECV_EV_RESET, R(RESET_RECVD) },
	{ R(SIZE_KNOWN), QUIC_RECV_EV_ALL_DATA, R(RECVD) },
	{ R(SIZE_KNOWN), QUIC_RECV_EV_DISCARDED, R(READ) },	/* ours */
	{ R(SIZE_KNOWN), QUIC_RECV_EV_RESET, R(RESET_RECVD) },
	{ R(RECVD), QUIC_RECV_EV_READ_END, R(READ) },
	{ R(RESET_RECVD), QUIC_RECV_EV_READ_RESET, R(RESET_READ) },
	/* loops */
	{ R(RECV), QUIC_RECV_EV_DATA, R(RECV) },
	{ R(RECV), QUIC_RECV_EV_STOP, R(RECV) },
	{ R(SIZE_KNOWN), QUIC_RECV_EV_DATA, R(SIZE_KNOWN) },
	{ R(SIZE_KNOWN), QUIC_RECV_EV_FIN, R(SIZE_KNOWN) },
	{ R(SIZE_KNOWN), QUIC_RECV_EV_STOP, R(SIZE_KNOWN) },
};

/* Whose doing is it? The application is refused, the peer is late, we do not do it. */
static const u8 send_reason[QUIC_SEND_EVENTS] = {
	[QUIC_SEND_EV_WRITE] = QUIC_SM_REFUSE,
	[QUIC_SEND_EV_FRAME] = QUIC_SM_NEVER,
	[QUIC_SEND_EV_FRAME_FIN] = QUIC_SM_NEVER,
	[QUIC_SEND_EV_CREDIT] = QUIC_SM_LATE,
	[QUIC_SEND_EV_SETTLED] = QUIC_SM_LATE,
	[QUIC_SEND_EV_ALL_ACKED] = QUIC_SM_NEVER,
	[QUIC_SEND_EV_RESET] = QUIC_SM_REFUSE,
	[QUIC_SEND_EV_STOPPED] = QUIC_SM_LATE,
	[QUIC_SEND_EV_RESET_ACKED] = QUIC_SM_NEVER,
	[QUIC_SEND_EV_REFUSED] = QUIC_SM_NEVER,
};

static const u8 recv_reason[QUIC_RECV_EVENTS] = {
	[QUIC_RECV_EV_DATA] = QUIC_SM_LATE,
	[QUIC_RECV_EV_FIN] = QUIC_SM_LATE,
	[QUIC_RECV_EV_ALL_DATA] = QUIC_SM_NEVER,
	[QUIC_RECV_EV_DISCARDED] = QUIC_SM_NEVER,
	[QUIC_RECV_EV_RESET] = QUIC_SM_LATE,
	[QUIC_RECV_EV_READ_END] = QUIC_SM_NEVER,
	[QUIC_RECV_EV_READ_RESET] = QUIC_SM_REFUSE,
	[QUIC_RECV_EV_STOP] = QUIC_SM_REFUSE,
};

/* The state that an arrow leads to, else @reason. */
static u8 follow(const struct edge *e, u32 n, u8 from, u8 ev, u8 reason)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (e[i].from == from && e[i].ev == ev)
			return e[i].to;
	return reason;
}

static void send_cells(struct unit *t)
{
	u8 s, ev, want, state;
	u32 arrows = 0;

	for (s = S(READY); s <= S(RESET_RECVD); s++) {
		for (ev = 0; ev < QUIC_SEND_EVENTS; ev++) {
			want = follow(send_edges, ARRAY_SIZE(send_edges), s, ev, send_reason[ev]);
			/* Nothing was sent that could be acknowledged. */
			if (s == S(READY) && ev == QUIC_SEND_EV_SETTLED)
				want = QUIC_SM_NEVER;
			if (!EXPECT_EQ(t, quic_send_table[ev][s], want))
				unit_log("# state %u, event %u", s, ev);
			EXPECT_EQ(t, quic_send_can(s, ev), want < QUIC_SM_LATE);
			arrows += want < QUIC_SM_LATE;
			if (want == QUIC_SM_NEVER)
				continue;	/* to do it warns */
			state = s;
			EXPECT_EQ(t, quic_send_move(&state, ev), want < QUIC_SM_LATE);
			EXPECT_EQ(t, state, want < QUIC_SM_LATE ? want : s);
		}
	}
	EXPECT_EQ(t, arrows, ARRAY_SIZE(send_edges));
}

static void recv_cells(struct unit *t)
{
	u8 s, ev, want, state;
	u32 arrows = 0;

	for (s = R(RECV); s <= R(RESET_READ); s++) {
		for (ev = 0; ev < QUIC_RECV_EVENTS; ev++) {
			want = follow(recv_edges, ARRAY_SIZE(recv_edges), s, ev, recv_reason[ev]);
			if (!EXPECT_EQ(t, quic_recv_table[ev][s - R(RECV)], want))
				unit_log("# state %u, event %u", s, ev);
			EXPECT_EQ(t, quic_recv_can(s, ev), want < QUIC_SM_LATE);
			arrows += want < QUIC_SM_LATE;
			if (want == QUIC_SM_NEVER)
				continue;
			state = s;
			EXPECT_EQ(t, quic_recv_move(&state, ev), want < QUIC_SM_LATE);
			EXPECT_EQ(t, state, want < QUIC_SM_LATE ? want : s);
		}
	}
	EXPECT_EQ(t, arrows, ARRAY_SIZE(recv_edges));
}

/* States from which @to can be reached, as a mask; going round until it is stable. */
static u32 reach(const struct edge *e, u32 n, u8 from)
{
	u32 mask = 1U << from, before, i;

	do {
		before = mask;
		for (i = 0; i < n; i++)
			if (mask & 1U << e[i].from)
				mask |= 1U << e[i].to;
	} while (mask != before);
	return mask;
}

/* Every state is reached; the terminal ones are left by nothing, the others can end. */
static void shape(struct unit *t)
{
	const u32 send_ends = 1U << S(RECVD) | 1U << S(RESET_RECVD);
	const u32 recv_ends = 1U << R(READ) | 1U << R(RESET_READ);
	u32 mask, s;

	EXPECT_EQ(t, reach(send_edges, ARRAY_SIZE(send_edges), S(READY)), 0x3f);
	EXPECT_EQ(t, reach(recv_edges, ARRAY_SIZE(recv_edges), R(RECV)), 0xfc0);
	for (s = S(READY); s <= S(RESET_RECVD); s++) {
		mask = reach(send_edges, ARRAY_SIZE(send_edges), s);
		EXPECT(t, mask & send_ends);
		EXPECT_EQ(t, quic_send_over(s), mask == 1U << s);
		/* back to READY leads refused 0-RTT alone: nothing of it was acknowledged */
		EXPECT_EQ(t, !!(mask & 1U << S(READY)), s <= S(SENT));
	}
	for (s = R(RECV); s <= R(RESET_READ); s++) {
		mask = reach(recv_edges, ARRAY_SIZE(recv_edges), s);
		EXPECT(t, mask & recv_ends);
		EXPECT_EQ(t, quic_recv_over(s), mask == 1U << s);
		EXPECT_EQ(t, !!(mask & 1U << R(RECV)), s == R(RECV));
	}
}

/* RFC 9000 2.1: who has which half. */
static void halves(struct unit *t)
{
	/* uni, local, sending half */
	EXPECT(t, quic_stream_has_half(false, false, false));
	EXPECT(t, quic_stream_has_half(false, false, true));
	EXPECT(t, quic_stream_has_half(false, true, false));
	EXPECT(t, quic_stream_has_half(false, true, true));
	EXPECT(t, quic_stream_has_half(true, true, true));
	EXPECT(t, !quic_stream_has_half(true, true, false));
	EXPECT(t, quic_stream_has_half(true, false, false));
	EXPECT(t, !quic_stream_has_half(true, false, true));
}

static const struct unit_case cases[] = {
	UNIT_CASE(send_cells),
	UNIT_CASE(recv_cells),
	UNIT_CASE(shape),
	UNIT_CASE(halves),
};

UNIT_SUITE(stream_sm, cases);
