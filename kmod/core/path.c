// SPDX-License-Identifier: GPL-2.0
/*
 * Network paths: is the peer where its packets come from, and where do ours go?
 *
 *   place  unknown --authentic packet--> used --challenge answered--> validated
 *             ^                           |                              |
 *             +----3 PTOs, no answer------+------ no longer needed ------+
 *
 * A server follows the newest packet that does more than probe. The path before, if it
 * was validated, stays as the one to fall back to until the new one is validated, too;
 * both are challenged, so that a packet that somebody copied from another address wins
 * for a round trip at most (RFC 9000 9.3.2, 9.3.3). A client's packets come from one
 * address; it moves when its application wants to, and only to what it has validated.
 *
 * What the path in use has learnt (RTT, window, ECN, MTU) begins anew on a new one,
 * unless only the peer's port is another (9.4), and is kept aside for a return. Packets
 * that left elsewhere are marked so (sent.h), each once: moving back and forth costs nothing
 * by the packets in flight.
 *
 * Challenges: each has random bytes of its own; the latest four count. They leave at
 * once and then at intervals that double from that time's PTO on, for three PTOs, of an initial
 * round trip at least. Their datagrams have 1200 bytes, but where what came this way is
 * not worth that yet: then a second validation follows that shows the size (8.2.1).
 *
 * Invariants: one of the places is in use, and conn->path has its state; a place that
 * is used and not in use ends by itself, but for the fallback; there is no fallback
 * once the path in use is validated for good.
 *
 * What a hostile peer can hold: the table, and one copy of struct quic_path. It, or who
 * repeats its packets from other addresses, makes us send no more challenges than there
 * are places in three PTOs: what comes from further addresses is taken, not followed.
 *
 * It does not look at addresses, nor choose a path by how good it is. What leaves, and
 * when there is credit for it, is path_tx.c.
 */
#include "path.h"
#include "conn_int.h"
#include "recovery.h"
#include "cid.h"
#include "pmtud.h"
#include "undo.h"
#include "plant.h"

/* ---- the table ---- */

static void place_init(struct quic_place *p)
{
	*p = (struct quic_place){
		.next_at = QUIC_TIME_NEVER,
		.until = QUIC_TIME_NEVER,
		.cid_seq = QUIC_CID_NONE,
	};
}

static struct quic_paths *table(struct quic_conn *conn)
{
	struct quic_paths *ps = conn->paths;
	u32 i;

	if (ps)
		return ps;
	ps = quic_host_alloc(QUIC_OBJ_VAR, sizeof(*ps));
	if (!ps)
		return NULL;
	for (i = 0; i < QUIC_PATHS; i++)
		place_init(&ps->place[i]);
	ps->place[0].used = true;
	ps->fallback = QUIC_PATH_NONE;
	ps->rx = conn->rx_elsewhere ? QUIC_PATH_NONE : 0;
	conn->paths = ps;
	return ps;
}

static void forget_fallback(struct quic_paths *ps)
{
	quic_host_free(QUIC_OBJ_VAR, ps->saved, sizeof(*ps->saved));
	ps->saved = NULL;
	ps->reset = false;
	ps->fallback = QUIC_PATH_NONE;
}

void quic_path_free(struct quic_conn *conn)
{
	if (!conn->paths)
		return;
	forget_fallback(conn->paths);
	quic_host_free(QUIC_OBJ_VAR, conn->paths, sizeof(*conn->paths));
	conn->paths = NULL;
}

/* Not the path in use. */
static void place_end(struct quic_conn *conn, u8 i)
{
	struct quic_paths *ps = conn->paths;

	quic_cid_give_back(conn, ps->place[i].cid_seq);
	place_init(&ps->place[i]);
	if (i == ps->fallback)
		forget_fallback(ps);
	conn->want |= QUIC_WANT_PATH | QUIC_WANT_TX;
}

/* One that served its time: it was proved, which takes the peer, and is not needed. */
static bool can_go(const struct quic_paths *ps, u8 i)
{
	return i != ps->active && i != ps->fallback && ps->place[i].validated &&
	       !ps->place[i].wanted;
}

u8 quic_conn_path_new(struct quic_conn *conn)
{
	struct quic_paths *ps;
	u8 i, best = QUIC_PATH_NONE;

	quic_host_assert_owned(conn);
	if (!quic_conn_is_open(conn) || !conn->handshake_confirmed)
		return QUIC_PATH_NONE;
	ps = table(conn);
	for (i = 0; ps && i < QUIC_PATHS; i++) {
		if (!ps->place[i].used)
			best = i;
		else if (best == QUIC_PATH_NONE && can_go(ps, i))
			best = i;
	}
	if (best != QUIC_PATH_NONE && ps->place[best].used)
		place_end(conn, best);
	if (best != QUIC_PATH_NONE)
		place_init(&ps->place[best]);
	return best;
}

bool quic_conn_path_used(const struct quic_conn *conn, u8 place)
{
	return conn->paths ? conn->paths->place[place].used : !place;
}

u8 quic_conn_path_active(const struct quic_conn *conn)
{
	return conn->paths ? conn->paths->active : 0;
}

void quic_conn_set_rx_path(struct quic_conn *conn, u8 place, bool port_only)
{
	conn->rx_elsewhere = place != quic_conn_path_active(conn);
	if (likely(!conn->paths))
		return;
	conn->paths->rx = place;
	conn->paths->rx_port_only = port_only;
}

void quic_path_count_rx(struct quic_conn *conn, u32 bytes)
{
	struct quic_paths *ps = conn->paths;

	if (ps && ps->rx != QUIC_PATH_NONE)
		ps->place[ps->rx].rx_bytes += bytes;
}

static bool is_validated(const struct quic_conn *conn, u8 i)
{
	return i == conn->paths->active ? conn->path.validated :
					  conn->paths->place[i].validated;
}

/* ---- from one path to another ---- */

/* RFC 9000 9.4: @saved, or as it was before the first packet. */
static void begin_anew(struct quic_conn *conn, const struct quic_path *saved, u64 now)
{
	struct quic_pnspace *s = &conn->space[QUIC_SPACE_APP];
	struct quic_path *path = &conn->path;
	u64 max_rate = path->pacer.max_rate;

	quic_sent_leave_path(&s->sent, conn->paths->first_pn);
	conn->paths->first_pn = s->tx_next;
	quic_undo_spoil(conn);
	if (saved) {
		*path = *saved;
	} else {
		/* one that never marked is not to mark: the host said so */
		if (path->ecn.state != QUIC_ECN_STATE_FAILED || path->ecn.tested)
			path->ecn = (struct quic_ecn){ .state = QUIC_ECN_STATE_TESTING };
		path->mtu = QUIC_MIN_UDP_PAYLOAD;
		quic_rtt_init(&path->rtt, QUIC_INITIAL_RTT);
		quic_cc_init(&path->cc, path->cc.ops, path->mtu);
		quic_pacer_init(&path->pacer, path->mtu, now);
		path->reorder = (struct quic_reorder){};
	}
	path->pacer.max_rate = max_rate;
	path->cc.bytes_in_flight = 0;
	path->app_limited = false;
	conn->paced = false;
	quic_pmtud_leave(conn);
	conn->pto_count = 0;
}

/* To what is no return the state is new; the first time the old one is kept. */
static void leave_state(struct quic_conn *conn, u64 now)
{
	struct quic_paths *ps = conn->paths;

	if (!ps->reset) {
		ps->saved = quic_host_alloc(QUIC_OBJ_VAR, sizeof(*ps->saved));
		if (ps->saved)
			*ps->saved = conn->path;
	}
	ps->reset = true;
	begin_anew(conn, NULL, now);
}

static u64 give_up_time(const struct quic_conn *conn, u64 now)
{
	struct quic_rtt initial;

	/* RFC 9000 8.2.4: the larger one */
	quic_rtt_init(&initial, QUIC_INITIAL_RTT);
	return now + QUIC_PATH_GIVE_UP * max(quic_recovery_pto(conn), quic_rtt_pto(&initial, 0));
}

static void path_switch(struct quic_conn *conn, u8 to, bool port_only, u64 now)
{
	struct quic_paths *ps = conn->paths;
	struct quic_place *old = &ps->place[ps->active], *new = &ps->place[to];
	struct quic_path *path = &conn->path;

	old->validated = path->validated;
	old->rx_bytes = path->rx_bytes;
	old->tx_bytes = path->tx_bytes;
	if (path->validated && ps->fallback == QUIC_PATH_NONE)
		ps->fallback = ps->active;
	else if (old->until == QUIC_TIME_NEVER)
		old->until = give_up_time(conn, now);
	if (to == ps->fallback) {
		if (ps->reset)
			begin_anew(conn, ps->saved, now);
		if (ps->reset)
			quic_pmtud_start(conn);
		forget_fallback(ps);
	} else if (!port_only) {
		leave_state(conn, now);
	}
	path->validated = new->validated;
	path->rx_bytes = new->rx_bytes;
	path->tx_bytes = new->tx_bytes;
	if (!quic_cid_of_seq(conn, new->cid_seq))
		new->cid_seq = quic_cid_take(conn);
	old->cid_seq = quic_cid_use(conn, new->cid_seq);
	ps->active = to;
	conn->rx_elsewhere = ps->rx != to;	/* for the rest of the batch */
	ps->moved++;
	if (!new->probing)
		new->until = QUIC_TIME_NEVER;
	conn->want |= QUIC_WANT_PATH | QUIC_WANT_TX;
}

/* ---- validation ---- */

static void probe(struct quic_conn *conn, u8 i, u64 now)
{
	struct quic_place *p = &conn->paths->place[i];

	p->probing = true;
	p->silent = false;
	p->due = true;
	p->tries = 0;
	p->full = 0;
	p->next_at = QUIC_TIME_NEVER;
	p->until = give_up_time(conn, now);
	conn->want |= QUIC_WANT_TX;
}

static void probe_end(struct quic_place *p)
{
	p->probing = false;
	p->due = false;
	p->next_at = QUIC_TIME_NEVER;
	p->until = QUIC_TIME_NEVER;
}

/* The path in use is validated, and carries 1200 bytes: there is no way back needed. */
static void settled(struct quic_conn *conn, u64 now)
{
	struct quic_paths *ps = conn->paths;
	u64 pto = quic_recovery_pto(conn);
	struct quic_place *back;

	probe_end(&ps->place[ps->active]);
	back = ps->fallback == QUIC_PATH_NONE ? NULL : &ps->place[ps->fallback];
	/* what is on its way there still arrives: by the time that it took there */
	if (ps->saved)
		pto = quic_rtt_pto(&ps->saved->rtt, conn->remote.max_ack_delay * QUIC_NS_PER_MS);
	if (back && back->until == QUIC_TIME_NEVER)
		back->until = now + QUIC_PATH_GIVE_UP * pto;
	if (ps->reset)
		quic_pmtud_start(conn);
	forget_fallback(ps);
	conn->want |= QUIC_WANT_TX;
	quic_recovery_set_timer(conn, now);
}

/* A server follows its client. */
static void follow(struct quic_conn *conn, u64 now)
{
	struct quic_paths *ps = conn->paths;
	u8 from = ps->active;

	path_switch(conn, ps->rx, ps->rx_port_only, now);
	/* one that is under way goes on: however often it comes by, it ends in time */
	if (!conn->path.validated && !ps->place[ps->active].probing)
		probe(conn, ps->active, now);
	else if (conn->path.validated && !ps->place[ps->active].probing)
		settled(conn, now);
	/* RFC 9000 9.3.3: if the old path is alive, let the peer say so. */
	if (ps->place[from].validated && !ps->place[from].probing)
		probe(conn, from, now);
	quic_recovery_set_timer(conn, now);
}

void quic_path_received(struct quic_conn *conn, bool non_probing, bool newest, u64 now)
{
	struct quic_paths *ps = conn->paths;
	struct quic_place *p;

	if (ps->rx == ps->active || ps->rx == QUIC_PATH_NONE || !quic_conn_is_open(conn))
		return;
	p = &ps->place[ps->rx];
	if (!p->used) {
		p->used = true;
		p->until = give_up_time(conn, now);
		p->cid_seq = quic_cid_take(conn);
		/* what asks whether we are there is asked the same */
		if (conn->server && !non_probing)
			probe(conn, ps->rx, now);
	}
	if (conn->server && non_probing && newest && !QUIC_PLANTED(34))
		follow(conn, now);
}

int quic_conn_path_probe(struct quic_conn *conn, u8 place, bool port_only, u64 now)
{
	struct quic_place *p;
	u32 i;

	quic_host_assert_owned(conn);
	if (conn->state != QUIC_CONN_ESTABLISHED)
		return -EPIPE;
	if (conn->remote.disable_active_migration)
		return -EPERM;
	if (!conn->handshake_confirmed || place >= QUIC_PATHS || !conn->paths)
		return -EAGAIN;
	for (i = 0; i < QUIC_PATHS; i++)
		if (conn->paths->place[i].wanted)
			return -EAGAIN;
	p = &conn->paths->place[place];
	/* RFC 9000 9.5: another ID for each address, both ways */
	p->cid_seq = quic_cid_peer_can_change(conn) ? quic_cid_take(conn) : QUIC_CID_NONE;
	if (p->cid_seq == QUIC_CID_NONE)
		return -EAGAIN;
	p->used = true;
	p->validated = true;	/* the server's address is the one that was proved */
	p->wanted = true;
	p->port_only = port_only;
	probe(conn, place, now);
	return 0;
}

/* The application wanted it: the first packet there tells the server (RFC 9000 9.2). */
static void move(struct quic_conn *conn, u8 i, u64 now)
{
	struct quic_pnspace *s = &conn->space[QUIC_SPACE_APP];
	struct quic_place *p = &conn->paths->place[i];

	p->wanted = false;
	path_switch(conn, i, p->port_only, now);
	s->probes = max_t(u8, s->probes, 1);
	settled(conn, now);
}

int quic_path_on_challenge(struct quic_conn *conn, const u8 *data)
{
	struct quic_paths *ps = table(conn);
	struct quic_path_response *r;

	if (!ps)
		return -ENOMEM;
	if (ps->rx == QUIC_PATH_NONE)
		return 0;
	if (ps->n_responses == QUIC_PATH_RESPONSES) {
		ps->n_responses--;
		memmove(ps->response, ps->response + 1, sizeof(*r) * ps->n_responses);
	}
	r = &ps->response[ps->n_responses++];
	memcpy(r->data, data, sizeof(r->data));
	r->place = ps->rx;
	conn->want |= QUIC_WANT_TX;
	return 0;
}

/* In constant time. Return: bit for each challenge that has these bytes. */
static u8 answers(const struct quic_place *p, const u8 *data)
{
	u8 match = 0, diff;
	u32 i, j;

	for (i = 0; i < QUIC_PATH_CHALLENGES; i++) {
		for (j = 0, diff = 0; j < QUIC_PATH_DATA; j++)
			diff |= p->challenge[i][j] ^ data[j];
		match |= (diff == 0 && i < p->tries) << i;
	}
	return match;
}

static void validated(struct quic_conn *conn, u8 i, bool full, u64 now)
{
	struct quic_paths *ps = conn->paths;
	struct quic_place *p = &ps->place[i];

	if (!is_validated(conn, i) || p->wanted)
		ps->n_validated++;
	p->validated = true;
	if (i == ps->active)
		conn->path.validated = true;
	conn->want |= QUIC_WANT_PATH;
	if (!full) {
		probe(conn, i, now);	/* RFC 9000 8.2.1 */
		quic_recovery_set_timer(conn, now);
	} else if (i == ps->active) {
		settled(conn, now);
	} else if (p->wanted) {
		move(conn, i, now);
	} else {
		probe_end(p);
		if (i != ps->fallback)
			p->until = give_up_time(conn, now);
	}
}

void quic_path_on_response(struct quic_conn *conn, const u8 *data, u64 now)
{
	struct quic_paths *ps = conn->paths;
	struct quic_place *p;
	u8 i, match;

	for (i = 0; ps && i < QUIC_PATHS; i++) {
		p = &ps->place[i];
		if (!p->used || !p->probing)
			continue;
		match = answers(p, data);
		if (!match)
			continue;
		validated(conn, i, match & p->full, now);
		return;
	}
}

/* ---- time ---- */

u64 quic_path_deadline(const struct quic_conn *conn)
{
	const struct quic_paths *ps = conn->paths;
	u64 t = QUIC_TIME_NEVER;
	u32 i;

	for (i = 0; ps && i < QUIC_PATHS; i++)
		if (ps->place[i].used)
			t = min3(t, ps->place[i].next_at, ps->place[i].until);
	return t;
}

/* The path in use was not validated in time: back to the one before (RFC 9000 9.3.2). */
static void fall_back(struct quic_conn *conn, u64 now)
{
	struct quic_paths *ps = conn->paths;
	u8 bad = ps->active;

	probe_end(&ps->place[bad]);
	if (ps->fallback == QUIC_PATH_NONE)
		return;		/* nowhere to go: the idle time-out ends it */
	path_switch(conn, ps->fallback, false, now);
	place_end(conn, bad);
	quic_recovery_set_timer(conn, now);
}

/*
 * The peer is at the path in use, only not shown to get 1200 bytes there, and where it
 * was before it does not answer: a client that moved and listens would be lost.
 */
static bool stays(const struct quic_conn *conn)
{
	const struct quic_paths *ps = conn->paths;

	return conn->path.validated && ps->fallback != QUIC_PATH_NONE &&
	       ps->place[ps->fallback].silent;
}

static void expired(struct quic_conn *conn, u8 i, u64 now)
{
	struct quic_paths *ps = conn->paths;
	struct quic_place *p = &ps->place[i];

	if (p->probing && (!is_validated(conn, i) || p->wanted))
		ps->n_failed++;
	if (i == ps->active && stays(conn)) {
		settled(conn, now);
	} else if (i == ps->active) {
		fall_back(conn, now);
	} else if (i == ps->fallback) {
		p->silent |= p->probing;	/* and still the best that there is */
		probe_end(p);
	} else {
		place_end(conn, i);
	}
}

void quic_path_on_timer(struct quic_conn *conn, u64 now)
{
	struct quic_paths *ps = conn->paths;
	struct quic_place *p;
	u8 i;

	for (i = 0; ps && i < QUIC_PATHS; i++) {
		p = &ps->place[i];
		if (p->used && p->next_at <= now) {
			p->next_at = QUIC_TIME_NEVER;
			p->due = true;
			conn->want |= QUIC_WANT_TX;
		}
		if (p->used && p->until <= now)
			expired(conn, i, now);
	}
}
