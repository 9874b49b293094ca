// SPDX-License-Identifier: GPL-2.0
/*
 * Paths (RFC 9000 8.2, 9): who is followed and when, what is proved, what a new path
 * begins with, how a false one ends; and how little a flood of addresses costs.
 */
#include "unit_pair.h"
#include "../../kmod/core/ecn.h"
#include "../../kmod/core/recovery.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC
#define NOBODY	5	/* an address of the NAT's that the client never has */

static struct pair_cfg cfg;

/* What went to each address of the client's, and what came from each. */
static struct seen {
	u32 challenges[PAIR_ADDRS];
	u32 responses[PAIR_ADDRS];
	u32 dgrams[PAIR_ADDRS];
	u32 bytes[PAIR_ADDRS];
	u32 challenge_len[2];	/* of the first two datagrams with one */
	u32 n_lens;
	u32 response_len;
	u32 pings;
	u8 response[QUIC_PATH_DATA];
	struct quic_cid dcid[PAIR_ADDRS];
} seen[2];

static void tap(struct pair *p, enum pair_side from, const struct pair_dgram *d)
{
	u8 addr = from == PAIR_SERVER ? d->dst : d->src;
	struct seen *s = &seen[from];
	struct quic_error err = {};
	struct quic_frame f;
	struct quic_rcur c;
	u32 i;

	s->dgrams[addr]++;
	s->bytes[addr] += d->len;
	s->dcid[addr] = d->dcid;
	for (i = 0; i < d->n; i++) {
		if (d->pkt[i].level != QUIC_CRYPTO_APP)
			continue;
		c = quic_rcur_init(d->pkt[i].data, d->pkt[i].len);
		while (quic_rcur_left(&c) && !quic_frame_parse(&c, QUIC_F_1, &f, &err)) {
			s->pings += f.type == QUIC_FRAME_PING;
			if (f.type == QUIC_FRAME_PATH_CHALLENGE) {
				s->challenges[addr]++;
				if (s->n_lens < 2)
					s->challenge_len[s->n_lens++] = d->len;
			} else if (f.type == QUIC_FRAME_PATH_RESPONSE) {
				s->responses[addr]++;
				s->response_len = d->len;
				memcpy(s->response, f.u.path.data, QUIC_PATH_DATA);
			}
		}
	}
}

static void begin(void)
{
	pair_defaults(&cfg);
	cfg.link[0].tap = tap;
	cfg.link[1].tap = tap;
}

static struct pair *connected(struct unit *t)
{
	struct pair *p = unit_connected(t, &cfg);

	memset(seen, 0, sizeof(seen));
	return p;
}

static void finish(struct unit *t, struct pair *p)
{
	unit_no_errors(t, p);
	pair_free(p);
}

static struct quic_conn *server(struct pair *p)
{
	return p->end[PAIR_SERVER].conn;
}

static u64 newest(struct pair *p)
{
	return server(p)->space[QUIC_SPACE_APP].rx_next;
}

static const u8 ping[] = { QUIC_FRAME_PING };
static const u8 challenge[] = { QUIC_FRAME_PATH_CHALLENGE, 1, 2, 3, 4, 5, 6, 7, 8 };

/* Data on the way to the client, so that the state of the path is not the first. */
static void some_data(struct unit *t, struct pair *p)
{
	pair_flow(p, PAIR_SERVER, 300000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 10 * SEC));
	pair_run(p, NULL, p->now + SEC);
	memset(seen, 0, sizeof(seen));
}

/* The NAT has just given the client another address: number 1. */
static struct pair *rebound(struct unit *t, bool data)
{
	struct pair *p;

	begin();
	cfg.rebind_at[0] = 10 * SEC;
	cfg.rebind_to[0] = 1;
	p = connected(t);
	if (data)
		some_data(t, p);
	pair_run(p, NULL, p->begin + 10 * SEC);
	return p;
}

/* Only the port is another: followed, proved, and nothing is learnt anew. */
static void another_port(struct unit *t)
{
	struct quic_path before;
	struct pair *p;

	begin();
	cfg.rebind_at[0] = 10 * SEC;
	cfg.rebind_to[0] = 1;
	cfg.rebind_port = true;
	p = connected(t);
	some_data(t, p);
	before = server(p)->path;
	pair_run(p, NULL, p->begin + 10 * SEC);
	pair_flow(p, PAIR_CLIENT, 100);
	pair_run(p, NULL, p->now + SEC);
	ASSERT(t, server(p)->paths);
	EXPECT_EQ(t, server(p)->paths->moved, 1);
	EXPECT_EQ(t, server(p)->paths->n_validated, 1);
	EXPECT(t, server(p)->path.validated);
	EXPECT_EQ(t, p->end[PAIR_SERVER].addr[server(p)->paths->active], 1);
	EXPECT_GE(t, seen[PAIR_SERVER].challenges[1], 1);
	EXPECT_GE(t, seen[PAIR_CLIENT].responses[1], 1);
	/* RFC 9000 9.3.3: the address before is asked as well */
	EXPECT_GE(t, seen[PAIR_SERVER].challenges[0], 1);
	EXPECT_EQ(t, server(p)->path.cc.cwnd, before.cc.cwnd);
	EXPECT_EQ(t, server(p)->path.mtu, before.mtu);
	EXPECT_EQ(t, server(p)->path.ecn.state, before.ecn.state);
	EXPECT_EQ(t, server(p)->path.rtt.min, before.rtt.min);
	/* RFC 9000 9.5 */
	EXPECT(t, !quic_cid_equal(&seen[PAIR_SERVER].dcid[0], &seen[PAIR_SERVER].dcid[1]));
	/* what is no longer needed goes */
	pair_run(p, NULL, p->now + 10 * SEC);
	EXPECT(t, !quic_conn_path_used(server(p), 0));
	finish(t, p);
}

/* Another address: it begins as a new connection does (RFC 9000 9.4). */
static void another_address(struct unit *t)
{
	struct quic_path before;
	struct quic_conn *conn;
	struct pair *p;

	begin();
	cfg.rebind_at[0] = 10 * SEC;
	cfg.rebind_to[0] = 1;
	p = connected(t);
	some_data(t, p);
	conn = server(p);
	before = conn->path;
	EXPECT_EQ(t, before.mtu, 1452);
	EXPECT_EQ(t, before.ecn.state, QUIC_ECN_STATE_CAPABLE);
	pair_run(p, NULL, p->begin + 10 * SEC);
	pair_inject_from(p, 1, newest(p), ping, sizeof(ping));
	EXPECT_EQ(t, conn->paths->moved, 1);
	EXPECT(t, !conn->path.validated);
	EXPECT(t, !conn->path.rtt.has_sample);
	EXPECT_EQ(t, conn->path.mtu, 1200);
	EXPECT_LT(t, conn->path.cc.cwnd, before.cc.cwnd);
	EXPECT_EQ(t, conn->path.ecn.state, QUIC_ECN_STATE_TESTING);
	EXPECT_EQ(t, conn->path.cc.mss, 1200);
	pair_run(p, NULL, p->now + 2 * SEC);
	EXPECT(t, conn->path.validated);
	EXPECT(t, conn->path.rtt.has_sample);
	EXPECT_EQ(t, conn->path.mtu, 1452);
	EXPECT(t, !conn->paths->saved);
	finish(t, p);
}

/* What left on the old path counts on the new one in nothing, and is sent again. */
static void old_packets(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;
	u64 events;

	begin();
	cfg.rebind_at[0] = 10 * SEC;
	cfg.rebind_to[0] = 1;
	p = connected(t);
	conn = server(p);
	pair_run(p, NULL, p->begin + 10 * SEC - 5 * MS);
	pair_flow(p, PAIR_SERVER, 10000);
	pair_pump(p);
	EXPECT_GE(t, conn->path.cc.bytes_in_flight, 10000);
	pair_run(p, NULL, p->begin + 10 * SEC);
	events = conn->stats.congestion_events;
	pair_inject_from(p, 1, newest(p), ping, sizeof(ping));
	EXPECT_LE(t, conn->path.cc.bytes_in_flight, 1200);
	EXPECT_GE(t, conn->space[QUIC_SPACE_APP].sent.n_eliciting, 7);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	EXPECT_EQ(t, conn->stats.congestion_events, events);
	finish(t, p);
}

/* RFC 9000 9.1: a packet that only probes is answered where it came from. */
static void probing(struct unit *t)
{
	struct pair *p;

	begin();
	p = connected(t);
	pair_inject_from(p, NOBODY, newest(p), challenge, sizeof(challenge));
	ASSERT(t, server(p)->paths);
	EXPECT_EQ(t, server(p)->paths->moved, 0);
	EXPECT_EQ(t, seen[PAIR_SERVER].responses[NOBODY], 1);
	EXPECT_EQ(t, seen[PAIR_SERVER].responses[0], 0);
	EXPECT_MEM_EQ(t, seen[PAIR_SERVER].response, challenge + 1, QUIC_PATH_DATA);
	/* three times 49 bytes */
	EXPECT_LE(t, seen[PAIR_SERVER].response_len, 147);
	EXPECT_EQ(t, seen[PAIR_SERVER].challenges[NOBODY], 1);
	EXPECT_EQ(t, seen[PAIR_SERVER].pings, 0);
	pair_run(p, NULL, p->now + 10 * SEC);
	EXPECT_EQ(t, server(p)->paths->moved, 0);
	EXPECT_EQ(t, server(p)->paths->n_failed, 1);
	finish(t, p);
}

/* On the path in use the answer does more than probe (RFC 9000 9.3.3). */
static void probing_in_use(struct unit *t)
{
	struct pair *p;

	begin();
	p = connected(t);
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, newest(p), challenge, sizeof(challenge));
	EXPECT_EQ(t, seen[PAIR_SERVER].responses[0], 1);
	EXPECT_EQ(t, seen[PAIR_SERVER].response_len, 1200);
	EXPECT_EQ(t, seen[PAIR_SERVER].pings, 1);
	EXPECT_EQ(t, seen[PAIR_SERVER].challenges[0], 0);
	finish(t, p);
}

/* RFC 9000 9.3: the highest number counts; late ones from elsewhere move nothing. */
static void late_packet(struct unit *t)
{
	struct pair *p;
	u64 pn;

	begin();
	p = connected(t);
	pn = newest(p);
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, pn + 1, ping, sizeof(ping));
	pair_inject_from(p, NOBODY, pn, ping, sizeof(ping));
	EXPECT_EQ(t, server(p)->paths->moved, 0);
	pair_inject_from(p, NOBODY, pn + 2, ping, sizeof(ping));
	EXPECT_EQ(t, server(p)->paths->moved, 1);
	pair_inject_from(p, 0, pn + 3, ping, sizeof(ping));
	EXPECT_EQ(t, server(p)->paths->moved, 2);
	EXPECT_EQ(t, server(p)->paths->active, 0);
	EXPECT(t, server(p)->path.validated);
	finish(t, p);
}

/* RFC 9000 9.3.2: nobody answers there: back, as if nothing had been. */
static void spurious(struct unit *t)
{
	struct quic_path before;
	struct pair *p;
	u64 pto;

	begin();
	p = connected(t);
	some_data(t, p);
	before = server(p)->path;
	pto = quic_recovery_pto(server(p));
	pair_inject_from(p, NOBODY, newest(p), ping, sizeof(ping));
	EXPECT_EQ(t, p->end[PAIR_SERVER].addr[server(p)->paths->active], NOBODY);
	EXPECT(t, server(p)->paths->saved);
	/* RFC 9000 8.2.4: three PTOs, at least those of a new path */
	EXPECT_LT(t, 3 * pto, 3 * 999 * MS);
	pair_run(p, NULL, p->now + 2990 * MS);
	EXPECT_EQ(t, server(p)->paths->n_failed, 0);
	pair_run(p, NULL, p->now + 200 * MS);
	EXPECT_EQ(t, server(p)->paths->n_failed, 1);
	EXPECT_EQ(t, server(p)->paths->active, 0);
	EXPECT(t, server(p)->path.validated);
	EXPECT_EQ(t, server(p)->path.cc.cwnd, before.cc.cwnd);
	EXPECT_EQ(t, server(p)->path.mtu, before.mtu);
	EXPECT_EQ(t, server(p)->path.rtt.min, before.rtt.min);
	EXPECT(t, !server(p)->paths->saved);
	EXPECT_LE(t, seen[PAIR_SERVER].challenges[NOBODY], 3);
	pair_flow(p, PAIR_SERVER, 100000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 10 * SEC));
	finish(t, p);
}

static bool silent(struct pair *p, enum pair_side from, u64 n)
{
	return true;
}

/* The same where the peer says nothing at all: what was proved last is what there is. */
static void spurious_and_silent(struct unit *t)
{
	struct quic_path before;
	struct pair *p;

	begin();
	p = connected(t);
	some_data(t, p);
	before = server(p)->path;
	p->cfg.link[PAIR_CLIENT].drop = silent;
	pair_inject_from(p, NOBODY, newest(p), ping, sizeof(ping));
	pair_run(p, NULL, p->now + 2990 * MS);
	EXPECT_EQ(t, p->end[PAIR_SERVER].addr[server(p)->paths->active], NOBODY);
	pair_run(p, NULL, p->now + 200 * MS);
	EXPECT_EQ(t, server(p)->paths->active, 0);
	EXPECT(t, server(p)->path.validated);
	EXPECT_EQ(t, server(p)->path.cc.cwnd, before.cc.cwnd);
	EXPECT_EQ(t, server(p)->path.mtu, before.mtu);
	p->cfg.link[PAIR_CLIENT].drop = NULL;
	pair_flow(p, PAIR_SERVER, 100000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 10 * SEC));
	finish(t, p);
}

/* RFC 9000 8.2.1: little credit, a small challenge; then one of full size. */
static void small_first(struct unit *t)
{
	struct pair *p;

	p = rebound(t, false);
	memset(seen, 0, sizeof(seen));
	pair_inject_from(p, 1, newest(p), ping, sizeof(ping));
	/* the one to the address before has all its bytes */
	EXPECT_EQ(t, seen[PAIR_SERVER].n_lens, 2);
	EXPECT_LE(t, min(seen[PAIR_SERVER].challenge_len[0],
			 seen[PAIR_SERVER].challenge_len[1]), 3 * 41);
	EXPECT_EQ(t, max(seen[PAIR_SERVER].challenge_len[0],
			 seen[PAIR_SERVER].challenge_len[1]), 1200);
	seen[PAIR_SERVER].n_lens = 0;
	pair_run(p, NULL, p->now + SEC);
	EXPECT_EQ(t, seen[PAIR_SERVER].challenges[1], 2);
	EXPECT_EQ(t, seen[PAIR_SERVER].challenge_len[0], 1200);
	EXPECT_EQ(t, server(p)->paths->fallback, QUIC_PATH_NONE);
	finish(t, p);
}

/* Nobody may guess: an answer with one wrong bit is none. */
static void wrong_response(struct unit *t)
{
	u8 response[] = { QUIC_FRAME_PATH_RESPONSE, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct quic_place *place;
	struct pair *p;
	u32 i;

	begin();
	p = connected(t);
	pair_inject_from(p, NOBODY, newest(p), ping, sizeof(ping));
	place = &server(p)->paths->place[server(p)->paths->active];
	/* the address before was asked something else */
	EXPECT_EQ(t, server(p)->paths->place[0].tries, 1);
	EXPECT_NE(t, memcmp(place->challenge[0], server(p)->paths->place[0].challenge[0],
			    QUIC_PATH_DATA), 0);
	/* not the challenges that were never sent either */
	pair_inject_from(p, NOBODY, newest(p), response, sizeof(response));
	EXPECT(t, !server(p)->path.validated);
	for (i = 0; i < 64; i++) {
		memcpy(response + 1, place->challenge[0], QUIC_PATH_DATA);
		response[1 + i / 8] ^= 1 << i % 8;
		pair_inject_from(p, NOBODY, newest(p), response, sizeof(response));
		EXPECT(t, !server(p)->path.validated);
	}
	memcpy(response + 1, place->challenge[0], QUIC_PATH_DATA);
	pair_inject_from(p, NOBODY, newest(p), response, sizeof(response));
	EXPECT(t, server(p)->path.validated);
	finish(t, p);
}

/* RFC 9000 8.2.2: the answer counts, whichever way it comes. */
static void response_from_elsewhere(struct unit *t)
{
	u8 response[1 + QUIC_PATH_DATA] = { QUIC_FRAME_PATH_RESPONSE };
	struct pair *p;
	u8 active;

	begin();
	p = connected(t);
	pair_inject_from(p, NOBODY, newest(p), ping, sizeof(ping));
	ASSERT(t, server(p)->paths);
	active = server(p)->paths->active;
	EXPECT_EQ(t, p->end[PAIR_SERVER].addr[active], NOBODY);
	memcpy(response + 1, server(p)->paths->place[active].challenge[0], QUIC_PATH_DATA);
	pair_inject_from(p, 0, newest(p), response, sizeof(response));
	EXPECT_EQ(t, server(p)->paths->active, active);
	EXPECT(t, server(p)->path.validated);
	finish(t, p);
}

/* RFC 9000 9.3: much to send, and little for an address that nobody answers from. */
static void little_until_proved(struct unit *t)
{
	struct pair *p;

	begin();
	p = connected(t);
	some_data(t, p);
	pair_flow(p, PAIR_SERVER, 300000);
	pair_inject_from(p, NOBODY, newest(p), ping, sizeof(ping));
	EXPECT_EQ(t, p->end[PAIR_SERVER].addr[server(p)->paths->active], NOBODY);
	pair_run(p, NULL, p->now + 2 * SEC);
	EXPECT_GE(t, seen[PAIR_SERVER].bytes[NOBODY], 1);
	/* three times 41 bytes */
	EXPECT_LE(t, seen[PAIR_SERVER].bytes[NOBODY], 123);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 20 * SEC));
	finish(t, p);
}

/* RFC 9000 9: a client that was told to stay and moves is asked as any other. */
static void moved_though_disabled(struct unit *t)
{
	struct pair *p;

	begin();
	cfg.local[PAIR_SERVER].disable_active_migration = true;
	p = connected(t);
	pair_inject_from(p, NOBODY, newest(p), ping, sizeof(ping));
	ASSERT(t, server(p)->paths);
	EXPECT_EQ(t, seen[PAIR_SERVER].challenges[NOBODY], 1);
	EXPECT(t, !server(p)->path.validated);
	pair_run(p, NULL, p->now + 10 * SEC);
	EXPECT_EQ(t, server(p)->paths->n_failed, 1);
	EXPECT_EQ(t, server(p)->paths->active, 0);
	finish(t, p);
}

/*
 * The client is there, but large datagrams do not come through for a while; where it was
 * before nobody answers. Then back is no way: it listens, and would never be heard again.
 */
static void small_proof_is_one(struct unit *t)
{
	struct pair *p;

	p = rebound(t, true);
	p->cfg.link[PAIR_SERVER].mtu = 1199;
	pair_flow(p, PAIR_CLIENT, 100);
	pair_run(p, NULL, p->now + 20 * SEC);
	EXPECT_GE(t, seen[PAIR_SERVER].challenges[0], 1);
	EXPECT_GE(t, seen[PAIR_SERVER].challenges[1], 2);
	EXPECT(t, server(p)->path.validated);
	EXPECT_EQ(t, server(p)->paths->moved, 1);
	EXPECT_EQ(t, p->end[PAIR_SERVER].addr[server(p)->paths->active], 1);
	EXPECT(t, !quic_conn_path_used(server(p), 0));
	p->cfg.link[PAIR_SERVER].mtu = 0;
	pair_flow(p, PAIR_SERVER, 10000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 10 * SEC));
	finish(t, p);
}

/* A thousand addresses cost what the table holds, and a few challenges. */
static void many_addresses(struct unit *t)
{
	u32 i, challenges = 0, was = 0;
	u64 live;
	struct pair *p;

	begin();
	p = connected(t);
	pair_inject_from(p, NOBODY, newest(p), ping, sizeof(ping));
	live = shim_host_live();
	for (i = 0; i < 1000; i++) {
		pair_inject_from(p, 1 + i % (PAIR_ADDRS - 1), newest(p), ping, sizeof(ping));
		if (i == 100)
			was = p->end[PAIR_SERVER].moved;
	}
	EXPECT_GT(t, p->end[PAIR_SERVER].moved, was);
	EXPECT_LE(t, shim_host_live(), live + 4);
	for (i = 0; i < PAIR_ADDRS; i++)
		challenges += seen[PAIR_SERVER].challenges[i];
	EXPECT_LE(t, challenges, QUIC_PATHS + 1);
	pair_run(p, NULL, p->now + 10 * SEC);
	pair_flow(p, PAIR_CLIENT, 10000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 10 * SEC));
	finish(t, p);
}

/* A packet full of challenges gets one datagram, with the latest few answers. */
static void many_challenges(struct unit *t)
{
	u8 frames[9 * 100];
	struct pair *p;
	u32 i;

	begin();
	p = connected(t);
	for (i = 0; i < 100; i++) {
		memset(frames + 9 * i, i, 9);
		frames[9 * i] = QUIC_FRAME_PATH_CHALLENGE;
	}
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, newest(p), frames, sizeof(frames));
	EXPECT_EQ(t, seen[PAIR_SERVER].responses[0], QUIC_PATH_RESPONSES);
	EXPECT_EQ(t, seen[PAIR_SERVER].dgrams[0], 1);
	EXPECT_EQ(t, seen[PAIR_SERVER].response[0], 99);
	finish(t, p);
}

/* Packets of one batch, the first of which moves the path: all are credit there. */
static void credit_of_a_batch(struct unit *t)
{
	struct quic_rx_pkt pkts[2];
	struct quic_rxbuf *buf;
	struct quic_conn *conn;
	struct pair *p;
	u32 i;

	begin();
	p = connected(t);
	conn = server(p);
	buf = shim_rxbuf_new(sizeof(ping));
	memcpy(buf->data, ping, sizeof(ping));
	for (i = 0; i < 2; i++)
		pkts[i] = (struct quic_rx_pkt){
			.data = buf->data, .buf = buf, .len = sizeof(ping), .dgram_len = 1000,
			.level = QUIC_CRYPTO_APP, .pn = newest(p) + i,
		};
	quic_conn_set_rx_path(conn, quic_conn_path_new(conn), false);
	quic_conn_recv(conn, pkts, 2, p->now);
	quic_host_rxbuf_put(buf);
	EXPECT_EQ(t, conn->paths->moved, 1);
	EXPECT_EQ(t, conn->path.rx_bytes, 2000);
	pair_free(p);
}

/* The challenge is lost: again after a PTO, then after two more. */
static bool lose_probes(struct pair *p, enum pair_side from, u64 n)
{
	return p->now < p->begin + 11 * SEC;
}

static void challenge_lost(struct unit *t)
{
	struct pair *p;

	p = rebound(t, false);
	p->cfg.link[PAIR_SERVER].drop = lose_probes;
	pair_inject_from(p, 1, newest(p), ping, sizeof(ping));
	EXPECT_EQ(t, seen[PAIR_SERVER].challenges[1], 1);
	pair_run(p, NULL, p->begin + 10 * SEC + 900 * MS);
	EXPECT_EQ(t, seen[PAIR_SERVER].challenges[1], 1);
	/* what came is worth no more than these; so comes more */
	pair_inject_from(p, 1, newest(p), ping, sizeof(ping));
	pair_run(p, NULL, p->begin + 11 * SEC + 100 * MS);
	EXPECT_GE(t, seen[PAIR_SERVER].challenges[1], 2);
	EXPECT(t, server(p)->path.validated);
	finish(t, p);
}

/* ---- the client moves ---- */

static void migrate(struct unit *t)
{
	struct quic_cid before;
	struct quic_conn *conn;
	struct pair *p;

	begin();
	p = connected(t);
	some_data(t, p);
	conn = p->end[PAIR_CLIENT].conn;
	before = *quic_conn_dcid(conn);
	EXPECT_EQ(t, pair_migrate(p), 0);
	EXPECT_EQ(t, pair_migrate(p), (u64)-EAGAIN);
	pair_run(p, NULL, p->now + 15 * MS);
	EXPECT_EQ(t, seen[PAIR_CLIENT].challenges[PAIR_OWN], 1);
	EXPECT_EQ(t, seen[PAIR_CLIENT].challenge_len[0], 1200);
	EXPECT_EQ(t, seen[PAIR_CLIENT].pings, 0);
	EXPECT_EQ(t, conn->paths->moved, 0);
	/* asked in the same datagram as answered */
	EXPECT_EQ(t, seen[PAIR_SERVER].responses[PAIR_OWN], 1);
	EXPECT_EQ(t, seen[PAIR_SERVER].challenges[PAIR_OWN], 1);
	EXPECT_EQ(t, seen[PAIR_SERVER].response_len, 1200);
	EXPECT_EQ(t, server(p)->paths->moved, 0);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_EQ(t, conn->paths->moved, 1);
	EXPECT_EQ(t, server(p)->paths->moved, 1);
	EXPECT(t, server(p)->path.validated);
	EXPECT_EQ(t, p->end[PAIR_SERVER].addr[server(p)->paths->active], PAIR_OWN);
	/* RFC 9000 9.5: others than before, both ways */
	EXPECT(t, !quic_cid_equal(quic_conn_dcid(conn), &before));
	EXPECT(t, !quic_cid_equal(&seen[PAIR_SERVER].dcid[0],
				  &seen[PAIR_SERVER].dcid[PAIR_OWN]));
	/* late packets arrive for three PTOs of the path before, about 200 ms */
	EXPECT(t, quic_conn_path_used(conn, 0));
	pair_run(p, NULL, p->now + 300 * MS);
	EXPECT(t, !quic_conn_path_used(conn, 0));
	pair_run(p, NULL, p->now + 10 * SEC);
	/* and again */
	EXPECT_EQ(t, pair_migrate(p), 0);
	pair_flow(p, PAIR_CLIENT, 100000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 10 * SEC));
	EXPECT_EQ(t, conn->paths->moved, 2);
	finish(t, p);
}

/* Those of the client's datagrams that answer a challenge at its new address. */
static bool lose_answers(struct pair *p, enum pair_side from, u64 n)
{
	static u32 before;
	bool more = seen[PAIR_CLIENT].responses[PAIR_OWN] > before;

	before = seen[PAIR_CLIENT].responses[PAIR_OWN];
	return more;
}

/*
 * The server asks as often as it began to, though with the move its round trip is unknown
 * again: nobody else would tell it where a client is that only listens.
 */
static void answers_lost(struct unit *t)
{
	struct pair *p;
	u32 asked;

	begin();
	p = connected(t);
	some_data(t, p);
	p->cfg.link[PAIR_CLIENT].drop = lose_answers;
	EXPECT_EQ(t, pair_migrate(p), 0);
	pair_run(p, NULL, p->now + 100 * MS);
	EXPECT_EQ(t, server(p)->paths->moved, 1);
	EXPECT(t, !server(p)->path.validated);
	asked = seen[PAIR_SERVER].challenges[PAIR_OWN];
	EXPECT_GE(t, asked, 1);
	pair_run(p, NULL, p->now + SEC);
	EXPECT_GE(t, seen[PAIR_SERVER].challenges[PAIR_OWN], asked + 3);
	EXPECT_LE(t, seen[PAIR_SERVER].challenges[PAIR_OWN], asked + 5);
	p->cfg.link[PAIR_CLIENT].drop = NULL;
	pair_run(p, NULL, p->now + SEC + 500 * MS);
	EXPECT(t, server(p)->path.validated);
	EXPECT_EQ(t, server(p)->paths->n_failed, 0);
	finish(t, p);
}

static bool lose_all(struct pair *p, enum pair_side from, u64 n)
{
	return p->end[PAIR_CLIENT].batch.path;
}

/* Nothing comes through there: it stays where it is. */
static void migrate_fails(struct unit *t)
{
	struct quic_conn *conn;
	struct pair *p;
	u64 pn;

	begin();
	p = connected(t);
	conn = p->end[PAIR_CLIENT].conn;
	p->cfg.link[PAIR_CLIENT].drop = lose_all;
	EXPECT_EQ(t, pair_migrate(p), 0);
	pair_run(p, NULL, p->now + 4 * SEC);
	EXPECT_EQ(t, conn->paths->n_failed, 1);
	EXPECT_EQ(t, conn->paths->moved, 0);
	EXPECT_EQ(t, conn->paths->active, 0);
	EXPECT_GE(t, seen[PAIR_CLIENT].challenges[PAIR_OWN], 3);
	EXPECT_LE(t, seen[PAIR_CLIENT].challenges[PAIR_OWN], 8);
	EXPECT_EQ(t, seen[PAIR_CLIENT].pings, 0);
	pn = conn->stats.congestion_events;
	pair_flow(p, PAIR_CLIENT, 100000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 10 * SEC));
	/* a lost challenge is no congestion */
	EXPECT_EQ(t, conn->stats.congestion_events, pn);
	finish(t, p);
}

/* What a client may not: before the handshake is confirmed, or where it is forbidden. */
static void migrate_refused(struct unit *t)
{
	struct pair *p;

	begin();
	cfg.local[PAIR_SERVER].disable_active_migration = true;
	p = pair_new(&cfg);
	EXPECT_EQ(t, pair_migrate(p), (u64)-EAGAIN);
	EXPECT(t, pair_run(p, pair_confirmed, p->now + 10 * SEC));
	EXPECT_EQ(t, pair_migrate(p), (u64)-EPERM);
	quic_conn_close(p->end[PAIR_CLIENT].conn, true, 0, "", p->now);
	EXPECT_NE(t, pair_migrate(p), 0);
	finish(t, p);
}

/* Memory is short: nobody is followed, and nothing breaks. */
static void no_memory(struct unit *t)
{
	struct pair *p;

	begin();
	p = connected(t);
	shim_host_fail_some(1000);
	pair_inject_from(p, NOBODY, newest(p), ping, sizeof(ping));
	pair_inject(p, PAIR_SERVER, QUIC_CRYPTO_APP, newest(p), challenge, sizeof(challenge));
	shim_host_fail_some(0);
	EXPECT(t, !server(p)->paths);
	EXPECT_EQ(t, seen[PAIR_SERVER].dgrams[NOBODY], 0);
	pair_flow(p, PAIR_CLIENT, 10000);
	EXPECT(t, pair_run(p, pair_all_done, p->now + 10 * SEC));
	finish(t, p);
}

static const struct unit_case cases[] = {
	UNIT_CASE(another_port),
	UNIT_CASE(another_address),
	UNIT_CASE(old_packets),
	UNIT_CASE(probing),
	UNIT_CASE(probing_in_use),
	UNIT_CASE(late_packet),
	UNIT_CASE(spurious),
	UNIT_CASE(spurious_and_silent),
	UNIT_CASE(small_first),
	UNIT_CASE(wrong_response),
	UNIT_CASE(response_from_elsewhere),
	UNIT_CASE(little_until_proved),
	UNIT_CASE(moved_though_disabled),
	UNIT_CASE(many_addresses),
	UNIT_CASE(many_challenges),
	UNIT_CASE(credit_of_a_batch),
	UNIT_CASE(challenge_lost),
	UNIT_CASE(migrate),
	UNIT_CASE(small_proof_is_one),
	UNIT_CASE(answers_lost),
	UNIT_CASE(migrate_fails),
	UNIT_CASE(migrate_refused),
	UNIT_CASE(no_memory),
};

UNIT_SUITE(path, cases);
