// SPDX-License-Identifier: GPL-2.0
/*
 * What the congestion controllers share: they are found by number, begin with the
 * window of RFC 9002 7.2 and follow a change of the datagram's size.
 */
#include "unit.h"
#include "../../kmod/core/cc.h"

static void find(struct unit *t)
{
	EXPECT(t, quic_cc_find(QUIC_CONG_ALG_RENO) == &quic_cc_newreno);
	EXPECT(t, quic_cc_find(QUIC_CONG_ALG_CUBIC) == &quic_cc_cubic);
	EXPECT(t, !quic_cc_find(QUIC_CONG_ALG_MAX));
	EXPECT(t, !quic_cc_find(255));
	EXPECT_STR_EQ(t, quic_cc_newreno.name, "reno");
	EXPECT_STR_EQ(t, quic_cc_cubic.name, "cubic");
}

/* RFC 9002 7.2 */
static void initial_window(struct unit *t)
{
	static const struct {
		u32 mss;
		u64 cwnd;
	} rows[] = {
		{ 1200, 12000 }, { 1452, 14520 }, { 1472, 14720 }, { 4000, 14720 },
		{ 8972, 17944 }, { 65527, 131054 },
	};
	struct quic_cc cc;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(&cc, 0x5a, sizeof(cc));
		quic_cc_init(&cc, &quic_cc_cubic, rows[i].mss);
		EXPECT_EQ(t, cc.cwnd, rows[i].cwnd);
		EXPECT_EQ(t, cc.mss, rows[i].mss);
		EXPECT_EQ(t, cc.ssthresh, QUIC_CC_NO_SSTHRESH);
		EXPECT_EQ(t, cc.bytes_in_flight, 0);
		EXPECT_EQ(t, quic_cc_room(&cc), cc.cwnd);
		EXPECT(t, quic_cc_slow_start(&cc));
	}
	cc.bytes_in_flight = cc.cwnd + 1;
	EXPECT_EQ(t, quic_cc_room(&cc), 0);
}

static void set_mss(struct unit *t)
{
	struct quic_cc cc;

	quic_cc_init(&cc, &quic_cc_newreno, 1200);
	quic_cc_set_mss(&cc, 1452);
	EXPECT_EQ(t, cc.cwnd, 14520);
	cc.cwnd = 50000;
	quic_cc_set_mss(&cc, 1200);
	EXPECT_EQ(t, cc.cwnd, 50000);
	quic_cc_set_mss(&cc, 30000);
	EXPECT_EQ(t, cc.cwnd, 60000);
	EXPECT_EQ(t, cc.mss, 30000);
}

static const struct unit_case cases[] = {
	UNIT_CASE(find),
	UNIT_CASE(initial_window),
	UNIT_CASE(set_mss),
};

UNIT_SUITE(cc, cases);
