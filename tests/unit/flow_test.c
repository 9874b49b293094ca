// SPDX-License-Identifier: GPL-2.0
/*
 * Flow control credit (RFC 9000 4): limits only rise, windows are announced in
 * time, nothing overflows, and two ends that talk agree.
 */
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

/* Read @bytes, as they come, and announce. Return: the window grew. */
static bool rx_read(struct unit *t, struct quic_flow_rx *f, u64 bytes, u64 now, u64 ceiling)
{
	EXPECT(t, quic_flow_rx_add(f, bytes));
	if (!quic_flow_rx_consume(f, bytes))
		return false;
	f->max = quic_flow_rx_next(f);
	return quic_flow_rx_tune(f, now, 100, ceiling);
}

/* Half a window within two round trips doubles it, up to the ceiling. */
static void rx_grows(struct unit *t)
{
	struct quic_flow_rx f = { .max = 1000, .window = 1000 };

	EXPECT(t, !rx_read(t, &f, 600, 50, 3000));	/* the clock starts */
	EXPECT(t, rx_read(t, &f, 600, 249, 3000));
	EXPECT_EQ(t, f.window, 2000);
	EXPECT_EQ(t, f.max, 1200 + 2000);
	/* The same limit again, because it was lost, is no reading. */
	EXPECT(t, !quic_flow_rx_tune(&f, 250, 100, 3000));
	EXPECT(t, !rx_read(t, &f, 900, 260, 3000));
	EXPECT_EQ(t, f.window, 2000);
	EXPECT(t, rx_read(t, &f, 200, 300, 3000));
	EXPECT_EQ(t, f.window, 3000);
	EXPECT(t, !rx_read(t, &f, 3000, 310, 3000));
	EXPECT_EQ(t, f.window, 3000);
	/* A ceiling that falls takes nothing back. */
	EXPECT(t, !rx_read(t, &f, 3000, 320, 2000));
	EXPECT(t, !rx_read(t, &f, 3000, 330, 0));
	EXPECT_EQ(t, f.window, 3000);
	EXPECT_EQ(t, f.max, f.consumed + 3000);
}

/* Who takes longer, or of whom the path is not known, keeps what he has. */
static void rx_slow_reader(struct unit *t)
{
	struct quic_flow_rx f = { .max = 1000, .window = 1000 };
	u64 now = 1;
	u32 i;

	for (i = 0; i < 100; i++, now += 200) {
		EXPECT(t, !rx_read(t, &f, 500, now, 1 << 20));
		EXPECT_LE(t, f.max - f.consumed, 1000);
	}
	EXPECT_EQ(t, f.window, 1000);
	EXPECT(t, quic_flow_rx_add(&f, 500));
	quic_flow_rx_consume(&f, 500);
	EXPECT(t, !quic_flow_rx_tune(&f, now, 0, 1 << 20));
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
	UNIT_CASE(rx_grows),
	UNIT_CASE(rx_slow_reader),
	UNIT_CASE(both_ends),
};

UNIT_SUITE(flow, cases);
