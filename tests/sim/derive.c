// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios from a seed: every parameter by dice, each often at rest, so that most
 * runs combine two or three kinds of trouble and some all of them.
 *
 * What is to move is cut to what link and windows can carry in a minute or so:
 * then one bound in time serves all, and a run costs milliseconds.
 */
#include "sim.h"

struct dice {
	u64 state;
};

/* One call per statement: the order within an expression is the compiler's. */
static u64 roll(struct dice *d, u64 below)
{
	u64 z = d->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	z ^= z >> 31;
	return below ? z % below : 0;
}

/* Small numbers are as frequent as big ones. */
static u64 roll_bits(struct dice *d, u32 bits)
{
	u64 n = roll(d, bits + 1);
	u64 v = roll(d, 1ULL << n);

	return v;
}

/* 0, but for one time in @n. */
static u64 seldom(struct dice *d, u32 n, u64 below)
{
	u64 is = roll(d, n);
	u64 v = roll(d, below);

	return is ? 0 : v;
}

static void derive_link(struct dice *d, struct pair_link *l)
{
	u64 v = seldom(d, 8, 300);

	l->delay = roll(d, 60) * MS + (v + 1) * MS;
	v = roll_bits(d, 12);
	l->rate = seldom(d, 2, 1) ? 0 : 20000 + v * 10000;
	if (roll(d, 3) == 0)
		l->rate = 0;
	v = roll_bits(d, 19);
	l->queue = 8000 + v;
	l->loss = seldom(d, 2, 100);
	l->dup = seldom(d, 4, 300);
	l->corrupt = seldom(d, 4, 50);
	l->reorder = seldom(d, 3, 300);
	l->reorder_delay = (1 + roll(d, 60)) * MS;
	l->jitter = seldom(d, 3, 30) * MS;
	l->burst = seldom(d, 5, 10);
	l->burst_len = 1 + roll(d, 20);
	l->ce = seldom(d, 4, 100);
	l->down_for = seldom(d, 6, 6000) * MS;
	l->down_at = roll(d, 2000) * MS;
	if (roll(d, 10) == 0) {
		l->mtu_at = (1 + roll(d, 2000)) * MS;
		l->mtu_then = 1200 + roll(d, 300);
	}
}

static void derive_limits(struct dice *d, struct sim_scenario *sc)
{
	u64 v = roll_bits(d, 21);

	sc->window = 2500 + v;
	v = roll_bits(d, 20);
	sc->stream_window = 1000 + v;
	sc->streams = 1 + roll(d, 40);
	sc->batch = 1 + roll(d, 48);
	v = roll_bits(d, 19);
	sc->tx_max = 3000 + v;
	sc->mtu = 1200 + seldom(d, 2, 3000);
	sc->flight = 400 + roll(d, 7000);
	sc->newreno = roll(d, 2);
	sc->no_ecn = !roll(d, 2);
}

/* Bytes that one direction may carry altogether. */
static u64 capacity(const struct sim_scenario *sc, u32 side)
{
	const struct pair_link *l = &sc->link[side];
	u64 rtt = sc->link[0].delay + sc->link[1].delay + 2 * MS;
	u64 most = 3 * MB;

	if (l->rate)
		most = min(most, l->rate * 10);
	/* Two hundred windows, and not longer than ten seconds with them. */
	return min(most, min(200ULL, 10 * SEC / rtt) * min(sc->window, sc->stream_window));
}

static void derive_load(struct dice *d, struct sim_scenario *sc)
{
	u64 v;
	u32 i;

	sc->load.uni = roll(d, 2);
	for (i = 0; i < 2; i++) {
		v = roll_bits(d, 6);
		sc->load.n[i] = v;
		v = roll_bits(d, 21);
		if (sc->load.n[i])
			sc->load.bytes[i] = min(v, capacity(sc, i) / sc->load.n[i]);
	}
	if (!sc->load.n[0] && !sc->load.n[1])
		sc->load.n[0] = 1;
}

static void derive_events(struct dice *d, struct sim_scenario *sc)
{
	static const enum sim_action any[] = {
		SIM_STOP_READING, SIM_RESET, SIM_RESET, SIM_STOP, SIM_STOP, SIM_MEMORY,
	};
	u64 at = 0, n = seldom(d, 2, 5);
	struct sim_event *ev;
	u32 i;

	for (i = 0; i < n; i++) {
		ev = &sc->event[i];
		at += roll_bits(d, 11) * MS;
		ev->at = at;
		ev->action = any[roll(d, ARRAY_SIZE(any))];
		ev->side = roll(d, 2);
		ev->arg = roll(d, 100);
	}
	/* Readers come back, memory too. */
	at += roll(d, 5000) * MS;
	for (; n && i < n + 3; i++) {
		ev = &sc->event[i];
		ev->at = at;
		ev->action = i == n + 2 ? SIM_MEMORY : SIM_READ;
		ev->side = i == n;
	}
	if (roll(d, 12) == 0) {
		sc->rebind_at[0] = (1 + roll(d, 2000)) * MS;
		sc->rebind_at[1] = sc->rebind_at[0] + roll(d, 5000) * MS + 1;
		sc->rebind_to[0] = 1;
	}
}

/* Behind the other events. */
static void derive_moves(struct dice *d, struct sim_scenario *sc)
{
	u32 i = 0;

	sc->rebind_port = roll(d, 2);
	sc->spoof = seldom(d, 10, 100);
	while (i < SIM_EVENTS && sc->event[i].action)
		i++;
	if (i == SIM_EVENTS || roll(d, 6))
		return;
	sc->event[i] = (struct sim_event){ .action = SIM_MIGRATE, .side = PAIR_CLIENT };
	sc->event[i].at = (i ? sc->event[i - 1].at : 0) + roll_bits(d, 11) * MS;
}

/* One in three offers 0-RTT; a server that takes it keeps to what is remembered. */
static void derive_early(struct dice *d, struct sim_scenario *sc)
{
	static const u8 what[] = { PAIR_EARLY_NONE, PAIR_EARLY_NONE, PAIR_EARLY_NONE,
				   PAIR_EARLY_NONE, PAIR_EARLY_ACCEPTED, PAIR_EARLY_REFUSED };

	sc->early = what[roll(d, ARRAY_SIZE(what))];
	sc->remembered = 1 + roll(d, sc->early == PAIR_EARLY_REFUSED ? 400 : 100);
	sc->retry = sc->early && !roll(d, 4);
	sc->selects = roll(d, 4) ? 0 : QUIC_VERSION_V2;
}

void sim_derive(struct sim_scenario *sc, u64 seed)
{
	struct dice d = { .state = seed * 0x2545f4914f6cdd1dULL };
	u32 i;

	*sc = (struct sim_scenario){
		.name = "seed",
		.what = "derived from its seed",
		.done_by = 600 * SEC,
	};
	for (i = 0; i < 2; i++)
		derive_link(&d, &sc->link[i]);
	derive_limits(&d, sc);
	derive_load(&d, sc);
	derive_events(&d, sc);
	sc->end = roll(&d, SIM_END_EVENT);
	for (i = 0; i < 2; i++) {
		sc->load.msgs[i] = seldom(&d, 3, 400);
		sc->update_every[i] = seldom(&d, 2, 60);
	}
	sc->load.msg_len = 4 + roll(&d, 1600);
	sc->hasty = roll(&d, 2);
	sc->keys_ms = seldom(&d, 3, 50);
	for (i = 0; i < 2; i++) {
		sc->link[i].bleach = seldom(&d, 8, 2) * 1000;
		sc->link[i].no_ect = seldom(&d, 12, 2);
		sc->link[i].mark_at = seldom(&d, 4, sc->link[i].queue);
	}
	sc->window_max = seldom(&d, 2, 8 * MB);
	sc->reader_sleeps = seldom(&d, 3, 8);
	derive_moves(&d, sc);
	derive_early(&d, sc);
}
