// SPDX-License-Identifier: GPL-2.0
/* Flow control credit (RFC 9000 4). */
#include "unit.h"
#include "../../kmod/core/flow.h"

static void tx_raise(struct unit *t)
{
	struct quic_flow_tx f = { .limit = 100, .used = 60 };

	EXPECT_EQ(t, quic_flow_tx_credit(&f), 40);
	EXPECT(t, !quic_flow_tx_raise(&f, 100));
	EXPECT(t, !quic_flow_tx_raise(&f, 0));
	EXPECT_EQ(t, f.limit, 100);
	EXPECT(t, quic_flow_tx_raise(&f, 101));
	EXPECT_EQ(t, quic_flow_tx_credit(&f), 41);
	EXPECT(t, quic_flow_tx_raise(&f, QUIC_VARINT_MAX));
	EXPECT_EQ(t, quic_flow_tx_credit(&f), QUIC_VARINT_MAX - 60);
}

static void rx_limit(struct unit *t)
{
	struct quic_flow_rx f = { .max = 1000, .window = 1000 };

	EXPECT(t, quic_flow_rx_add(&f, 0));
	EXPECT(t, quic_flow_rx_add(&f, 999));
	EXPECT(t, !quic_flow_rx_add(&f, 2));
	EXPECT_EQ(t, f.received, 999);
	EXPECT(t, !quic_flow_rx_add(&f, U64_MAX));
	EXPECT(t, !quic_flow_rx_add(&f, QUIC_VARINT_MAX));
	EXPECT(t, quic_flow_rx_add(&f, 1));
	EXPECT(t, !quic_flow_rx_add(&f, 1));
	EXPECT_EQ(t, f.received, 1000);
}

/* An update is worth it once half the window is used, not before. */
static void rx_update(struct unit *t)
{
	struct quic_flow_rx f = { .max = 1000, .window = 1000 };

	EXPECT(t, quic_flow_rx_add(&f, 1000));
	EXPECT(t, !quic_flow_rx_consume(&f, 499));
	EXPECT(t, quic_flow_rx_consume(&f, 1));
	EXPECT_EQ(t, quic_flow_rx_next(&f), 1500);
	f.max = quic_flow_rx_next(&f);
	EXPECT(t, !quic_flow_rx_consume(&f, 1));
	EXPECT(t, quic_flow_rx_consume(&f, 499));
	EXPECT_EQ(t, quic_flow_rx_next(&f), 2000);
}

/* Near the end of offsets, and with a window that shrank. */
static void rx_bounds(struct unit *t)
{
	struct quic_flow_rx f = {
		.max = QUIC_VARINT_MAX - 10,
		.received = QUIC_VARINT_MAX - 10,
		.consumed = QUIC_VARINT_MAX - 20,
		.window = 1000,
	};

	EXPECT_EQ(t, quic_flow_rx_next(&f), QUIC_VARINT_MAX);
	EXPECT(t, quic_flow_rx_consume(&f, 10));
	f.max = quic_flow_rx_next(&f);
	EXPECT(t, quic_flow_rx_add(&f, 10));
	EXPECT(t, !quic_flow_rx_consume(&f, 10));	/* nothing higher exists */
	f.window = U64_MAX;
	EXPECT_EQ(t, quic_flow_rx_next(&f), QUIC_VARINT_MAX);

	f = (struct quic_flow_rx){ .max = 1000, .window = 100 };
	EXPECT_EQ(t, quic_flow_rx_next(&f), 1000);
	EXPECT(t, quic_flow_rx_add(&f, 950));
	EXPECT(t, !quic_flow_rx_consume(&f, 900));
	EXPECT(t, quic_flow_rx_consume(&f, 50));
	EXPECT_EQ(t, quic_flow_rx_next(&f), 1050);
}

/* Sender and receiver over a lossless wire: never over the limit, never stuck. */
static void both_ends(struct unit *t)
{
	struct quic_flow_rx rx = { .max = 4096, .window = 4096 };
	struct quic_flow_tx tx = { .limit = 4096 };
	u64 n, unread = 0;
	u32 i, updates = 0;

	for (i = 0; i < 20000; i++) {
		n = min(quic_flow_tx_credit(&tx), unit_below(t, 1500));
		tx.used += n;
		unread += n;
		ASSERT(t, quic_flow_rx_add(&rx, n));
		n = min(unread, unit_below(t, 1600));
		unread -= n;
		if (!quic_flow_rx_consume(&rx, n))
			continue;
		rx.max = quic_flow_rx_next(&rx);
		EXPECT(t, quic_flow_tx_raise(&tx, rx.max));
		updates++;
	}
	EXPECT_GT(t, tx.used, 10000000);
	EXPECT_LE(t, updates, tx.used / 2048 + 1);
}

static const struct unit_case cases[] = {
	UNIT_CASE(tx_raise),
	UNIT_CASE(rx_limit),
	UNIT_CASE(rx_update),
	UNIT_CASE(rx_bounds),
	UNIT_CASE(both_ends),
};
UNIT_SUITE(flow, cases);
