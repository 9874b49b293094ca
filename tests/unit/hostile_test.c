// SPDX-License-Identifier: GPL-2.0
/*
 * What a hostile peer, or one with bad luck, makes of the corners: sizes that
 * just do not fit, memory that runs out half way, floods, and ACKs that never
 * come.
 */
#include "unit.h"
#include "../shim/pair.h"
#include "../../kmod/core/recovery.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC

static struct pair_cfg cfg;

static struct pair *connected(struct unit *t)
{
	struct pair *p = pair_new(&cfg);

	if (EXPECT(t, pair_run(p, pair_confirmed, p->now + 5 * SEC)))
		pair_run(p, NULL, p->now + SEC);
	return p;
}

static void __maybe_unused inject(struct pair *p, enum pair_side to, const u8 *frames, u32 len)
{
	struct quic_conn *conn = p->end[to].conn;

	pair_inject(p, to, QUIC_CRYPTO_APP, conn->space[QUIC_SPACE_APP].rx_next,
		    frames, len);
}

static void finish(struct unit *t, struct pair *p)
{
	const char *wrong;
	u32 i;

	if (!EXPECT_EQ(t, p->errors, 0))
		unit_log("# %s", p->error);
	for (i = 0; i < 2; i++) {
		wrong = p->end[i].conn ? pair_check(p->end[i].conn) : NULL;
		if (!EXPECT(t, !wrong))
			unit_log("# %s", wrong);
	}
	pair_free(p);
}

/* ---- sending ---- */


/* CONNECTION_CLOSE at two levels, the second in less room than it needs. */
static void close_in_little_room(struct unit *t)
{
	static char why[128];
	struct pair_end *e;
	struct quic_conn *s;
	struct pair *p;
	u32 room, i, sum;

	memset(why, 'w', sizeof(why) - 1);
	for (room = 100; room < 900; room += 7) {
		pair_defaults(&cfg);
		p = pair_new(&cfg);
		e = &p->end[PAIR_SERVER];
		while (!e->conn || !(e->conn->tx_keys & 1 << QUIC_CRYPTO_HANDSHAKE))
			pair_run(p, NULL, p->now + MS);
		s = e->conn;
		ASSERT(t, !s->path.validated);
		s->path.rx_bytes = s->path.tx_bytes;
		s->path.tx_bytes = 3 * s->path.rx_bytes - room;
		quic_conn_handshake_fail(s, 40, why, p->now);
		memset(&e->batch, 0xff, sizeof(e->batch));
		e->batch.n = 0;
		e->batch.n_dgrams = 0;
		e->batch.max_dgrams = 4;
		e->batch.host = &e->arena;
		e->arena.used = 0;
		EXPECT_LE(t, quic_conn_build(s, &e->batch, p->now), 1);
		for (i = 0, sum = 0; i < e->batch.n; i++)
			sum += e->batch.pkt[i].len;
		EXPECT_EQ(t, sum, e->arena.used);
		EXPECT_LE(t, sum, room);
		pair_free(p);
	}
}

/* Data in more pieces than a packet maps, in packets beyond 2^14 bytes. */
static void jumbo_copies(struct unit *t)
{
	struct pair *p;
	u32 i;

	pair_defaults(&cfg);
	cfg.mtu = 65527;
	cfg.link[0].mtu = cfg.mtu;
	p = connected(t);
	p->end[PAIR_CLIENT].conn->path.cc.cwnd = 1 << 20;
	pair_flow(p, PAIR_CLIENT, 1);
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, p->end[PAIR_CLIENT].conn->path.mtu, cfg.mtu);
	for (i = 0; i < 4; i++)
		pair_flow(p, PAIR_CLIENT, 500000 + i);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	EXPECT_EQ(t, p->end[PAIR_CLIENT].pmtu_dropped, 0);
	finish(t, p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(close_in_little_room),
	UNIT_CASE(jumbo_copies),
};
UNIT_SUITE(hostile, cases);
