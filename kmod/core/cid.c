// SPDX-License-Identifier: GPL-2.0
/*
 * Connection IDs: those we issue, and those the peer issued.
 *
 * Ours live in a few slots; each is announced with NEW_CONNECTION_ID until
 * acknowledged, and a retired one is replaced at once, so that the peer always
 * has as many as it may keep. The host publishes the slots in its lookup table
 * (QUIC_WANT_CIDS). Their length is the host's choice; their first QUIC_CID_KEY_LEN
 * bytes are random and tell them apart, so that the host need not know the length of
 * the ID in a short header before it has found whose it is. The peer's live in slots,
 * of which it fills as many as we declared in active_connection_id_limit; what it
 * retires, or what a packet loss makes it send again, is told by sequence number alone.
 *
 * A token is asked for once, with its ID: the host's key and port may be others when
 * the frame is sent again, and a number with two tokens is an error (RFC 9000 19.15).
 *
 * Invariants: remote[active] is in use; a sequence number in retired is not in
 * remote; local sequence numbers are below local_next.
 *
 * What a hostile peer can hold: the fixed arrays; that of numbers to retire is there
 * only while some are, since most connections never retire one. More RETIRE_CONNECTION_IDs
 * owed than there is room for ends the connection (RFC 9000 5.1.2 suggests a
 * limit of at least twice active_connection_id_limit: that is ours).
 */
#include "cid.h"
#include "core.h"

static void local_new(struct quic_conn *conn, struct quic_local_cid *l)
{
	struct quic_cids *c = &conn->cids;

	memset(&l->cid, 0, sizeof(l->cid));
	quic_host_random(l->cid.id, c->local_len);
	l->cid.len = c->local_len;
	l->seq = c->local_next++;
	l->used = true;
	quic_host_reset_token(conn, &l->cid, l->token);
	quic_valsync_init(&l->announce, QUIC_FRAME_NEW_CONNECTION_ID);
	quic_valsync_set(&conn->vals, &l->announce);
	conn->want |= QUIC_WANT_CIDS | QUIC_WANT_TX;
}

void quic_cid_init(struct quic_conn *conn, const struct quic_cid *scid,
		   const struct quic_cid *dcid, const struct quic_cid *odcid)
{
	struct quic_cids *c = &conn->cids;
	u32 i;

	for (i = 0; i < QUIC_LOCAL_CIDS; i++)
		quic_valsync_init(&c->local[i].announce, QUIC_FRAME_NEW_CONNECTION_ID);
	c->local[0].cid = *scid;
	c->local[0].used = true;
	c->local_len = scid->len;
	c->local_next = 1;
	c->remote[0].cid = *dcid;
	c->remote[0].used = true;
	c->came = 1;
	c->odcid = *odcid;
	if (conn->server) {
		c->peer_scid = *dcid;
		c->have_peer_scid = true;
	}
}

void quic_conn_set_cid_len(struct quic_conn *conn, u8 len)
{
	conn->cids.local_len = len;
}

void quic_cid_free(struct quic_conn *conn)
{
	struct quic_cids *c = &conn->cids;
	u32 i;

	for (i = 0; c->retired && i < QUIC_RETIRED_CIDS; i++)
		quic_valsync_stop(&c->retired[i].announce);
	quic_host_free(QUIC_OBJ_VAR, c->retired, sizeof(*c->retired) * QUIC_RETIRED_CIDS);
	c->retired = NULL;
}

void quic_cid_trim(struct quic_conn *conn)
{
	const struct quic_cids *c = &conn->cids;
	u32 i;

	for (i = 0; c->retired && i < QUIC_RETIRED_CIDS; i++)
		if (c->retired[i].announce.state != QUIC_VAL_IDLE)
			return;
	quic_cid_free(conn);
}

bool quic_cid_peer_scid(struct quic_conn *conn, const struct quic_cid *scid)
{
	struct quic_cids *c = &conn->cids;

	if (c->have_peer_scid)
		return quic_cid_equal(&c->peer_scid, scid);
	c->peer_scid = *scid;
	c->have_peer_scid = true;
	c->remote[0].cid = *scid;
	return true;
}

void quic_cid_issue(struct quic_conn *conn)
{
	struct quic_cids *c = &conn->cids;
	u64 limit = min_t(u64, conn->remote.active_connection_id_limit,
			  QUIC_LOCAL_CIDS);
	u32 i, used = 0;

	/* RFC 9000 19.15: who wants zero-length IDs issues no others */
	if (!c->local_len)
		return;
	/* A peer with zero-length IDs cannot use NEW_CONNECTION_ID's reply. */
	for (i = 0; i < QUIC_LOCAL_CIDS; i++)
		used += c->local[i].used;
	for (i = 0; i < QUIC_LOCAL_CIDS && used < limit; i++) {
		if (c->local[i].used)
			continue;
		local_new(conn, &c->local[i]);
		used++;
	}
}

static struct quic_remote_cid *remote_find(struct quic_cids *c, u64 seq)
{
	u32 i;

	for (i = 0; i < QUIC_REMOTE_CIDS; i++)
		if (c->remote[i].used && c->remote[i].seq == seq)
			return &c->remote[i];
	return NULL;
}

static bool retire_pending(const struct quic_cids *c, u64 seq)
{
	u32 i;

	for (i = 0; c->retired && i < QUIC_RETIRED_CIDS; i++)
		if (c->retired[i].announce.state != QUIC_VAL_IDLE &&
		    c->retired[i].seq == seq)
			return true;
	return false;
}

/* Room for numbers to retire, before anything changes. Return: 0 or -ENOMEM. */
static int retire_reserve(struct quic_cids *c)
{
	u32 i;

	if (c->retired)
		return 0;
	c->retired = quic_host_alloc(QUIC_OBJ_VAR, sizeof(*c->retired) * QUIC_RETIRED_CIDS);
	if (!c->retired)
		return -ENOMEM;
	for (i = 0; i < QUIC_RETIRED_CIDS; i++)
		quic_valsync_init(&c->retired[i].announce,
				  QUIC_FRAME_RETIRE_CONNECTION_ID);
	return 0;
}

static int retire_seq(struct quic_conn *conn, u64 seq)
{
	struct quic_cids *c = &conn->cids;
	u32 i;

	if (retire_pending(c, seq))
		return 0;
	if (retire_reserve(c))
		return -ENOMEM;
	for (i = 0; i < QUIC_RETIRED_CIDS; i++) {
		if (c->retired[i].announce.state != QUIC_VAL_IDLE)
			continue;
		c->retired[i].seq = seq;
		quic_valsync_set(&conn->vals, &c->retired[i].announce);
		conn->want |= QUIC_WANT_TX;
		return 0;
	}
	return quic_error_set(&conn->err, QUIC_TRANSPORT_ERROR_CONNECTION_ID_LIMIT,
			      QUIC_FRAME_NEW_CONNECTION_ID,
			      "too many RETIRE_CONNECTION_IDs unacknowledged");
}

/* One that no path uses; else any but the one in use; NULL: there is none. */
static struct quic_remote_cid *remote_spare(struct quic_cids *c)
{
	struct quic_remote_cid *any = NULL;
	u32 i;

	for (i = 0; i < QUIC_REMOTE_CIDS; i++) {
		if (!c->remote[i].used || i == c->active)
			continue;
		any = &c->remote[i];
		if (!any->taken)
			break;
	}
	return any;
}

/* Move on to a live ID when the one in use is retired. */
static void remote_reactivate(struct quic_cids *c)
{
	struct quic_remote_cid *r = remote_spare(c);

	if (!c->remote[c->active].used && r)
		c->active = r - c->remote;
}

/* A slot for one more ID. NULL: the peer has issued as many as we said (RFC 9000 5.1.1). */
static struct quic_remote_cid *remote_free(struct quic_conn *conn)
{
	struct quic_remote_cid *free = NULL, *r = conn->cids.remote;
	u32 used = 0;

	for (; r < conn->cids.remote + QUIC_REMOTE_CIDS; r++) {
		used += r->used;
		if (!r->used && !free)
			free = r;
	}
	return used < conn->local.active_connection_id_limit ? free : NULL;
}

static int remote_store(struct quic_conn *conn, const struct quic_frame *f)
{
	struct quic_remote_cid *r = remote_free(conn);

	if (!r)
		return quic_error_set(&conn->err, QUIC_TRANSPORT_ERROR_CONNECTION_ID_LIMIT,
				      QUIC_FRAME_NEW_CONNECTION_ID,
				      "NEW_CONNECTION_ID beyond active_connection_id_limit");
	r->cid = f->u.new_cid.cid;
	r->seq = f->u.new_cid.seq;
	memcpy(r->token, f->u.new_cid.token, QUIC_RESET_TOKEN_LEN);
	r->has_token = true;
	r->used = true;
	r->taken = false;
	return 0;
}

static int new_check(struct quic_conn *conn, const struct quic_frame *f)
{
	struct quic_cids *c = &conn->cids;
	struct quic_remote_cid *r = remote_find(c, f->u.new_cid.seq);
	u32 i;

	if (!c->peer_scid.len)
		return quic_error_set(&conn->err, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION,
				      QUIC_FRAME_NEW_CONNECTION_ID,
				      "NEW_CONNECTION_ID from a peer without connection IDs");
	if (r && !quic_cid_equal(&r->cid, &f->u.new_cid.cid))
		return quic_error_set(&conn->err, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION,
				      QUIC_FRAME_NEW_CONNECTION_ID,
				      "NEW_CONNECTION_ID repeats a number with another ID");
	for (i = 0; i < QUIC_REMOTE_CIDS; i++) {
		r = &c->remote[i];
		if (r->used && r->seq != f->u.new_cid.seq &&
		    quic_cid_equal(&r->cid, &f->u.new_cid.cid))
			return quic_error_set(&conn->err,
					      QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION,
					      QUIC_FRAME_NEW_CONNECTION_ID,
					      "NEW_CONNECTION_ID repeats an ID");
	}
	return 0;
}

#define CAME_BITS	64

/*
 * A frame that came before and is late, or a copy: its ID may have been retired, and the
 * peer may have heard that and forgotten it. So old that nobody knows counts as well.
 */
static bool came_before(const struct quic_cids *c, u64 seq)
{
	return seq <= c->came_top &&
	       (c->came_top - seq >= CAME_BITS || c->came >> (c->came_top - seq) & 1);
}

static void note_came(struct quic_cids *c, u64 seq)
{
	u64 up = seq > c->came_top ? seq - c->came_top : 0;

	c->came = up < CAME_BITS ? c->came << up : 0;
	c->came_top += up;
	if (c->came_top - seq < CAME_BITS)
		c->came |= 1ULL << (c->came_top - seq);
}

int quic_cid_on_new(struct quic_conn *conn, const struct quic_frame *f)
{
	struct quic_cids *c = &conn->cids;
	u64 prior = f->u.new_cid.retire_prior_to;
	int err = new_check(conn, f);
	u32 i;

	if (!err && (prior > c->retire_prior_to || f->u.new_cid.seq < c->retire_prior_to))
		err = retire_reserve(c);
	if (err)
		return err;
	if (prior > c->retire_prior_to) {
		c->retire_prior_to = prior;
		for (i = 0; i < QUIC_REMOTE_CIDS && !err; i++) {
			if (!c->remote[i].used || c->remote[i].seq >= prior)
				continue;
			c->remote[i].used = false;
			err = retire_seq(conn, c->remote[i].seq);
		}
		if (err)
			return err;
	}
	if (f->u.new_cid.seq < c->retire_prior_to)
		return retire_seq(conn, f->u.new_cid.seq);
	if (!came_before(c, f->u.new_cid.seq))
		err = remote_store(conn, f);
	else if (c->came_top - f->u.new_cid.seq >= CAME_BITS &&
		 !remote_find(c, f->u.new_cid.seq))
		err = retire_seq(conn, f->u.new_cid.seq);
	if (!err)
		note_came(c, f->u.new_cid.seq);
	remote_reactivate(c);
	conn->want |= QUIC_WANT_TOKENS;
	return err;
}

bool quic_cid_peer_can_change(const struct quic_conn *conn)
{
	const struct quic_cids *c = &conn->cids;
	u32 i, known = 0;

	/* the first one has never been announced, and is known */
	for (i = 0; i < QUIC_LOCAL_CIDS; i++)
		known += c->local[i].used && c->local[i].announce.state == QUIC_VAL_IDLE;
	return known > 1 || !c->local_len;
}

u64 quic_cid_take(struct quic_conn *conn)
{
	struct quic_remote_cid *r = remote_spare(&conn->cids);

	if (!r || r->taken)
		return QUIC_CID_NONE;
	r->taken = true;
	conn->want |= QUIC_WANT_TOKENS;
	return r->seq;
}

/* RETIRE_CONNECTION_IDs that are not acknowledged. */
static u32 retire_owed(const struct quic_cids *c)
{
	u32 i, owed = 0;

	for (i = 0; c->retired && i < QUIC_RETIRED_CIDS; i++)
		owed += c->retired[i].announce.state != QUIC_VAL_IDLE;
	return owed;
}

void quic_cid_give_back(struct quic_conn *conn, u64 seq)
{
	struct quic_cids *c = &conn->cids;
	struct quic_remote_cid *r = remote_find(c, seq);

	if (!r || r == &c->remote[c->active])
		return;
	/* the other half is for what the peer makes us retire */
	if (retire_owed(c) >= QUIC_RETIRED_CIDS / 2 || retire_seq(conn, seq))
		return;
	r->used = false;
	conn->want |= QUIC_WANT_TOKENS;
}

u64 quic_cid_use(struct quic_conn *conn, u64 seq)
{
	struct quic_cids *c = &conn->cids;
	struct quic_remote_cid *r = remote_find(c, seq), *old = &c->remote[c->active];

	if (!r || r == old)
		return old->seq;
	old->taken = true;
	r->taken = true;
	c->active = r - c->remote;
	conn->want |= QUIC_WANT_TOKENS;
	return old->seq;
}

const struct quic_cid *quic_cid_of_seq(const struct quic_conn *conn, u64 seq)
{
	const struct quic_cids *c = &conn->cids;
	u32 i;

	for (i = 0; i < QUIC_REMOTE_CIDS; i++)
		if (c->remote[i].used && c->remote[i].seq == seq)
			return &c->remote[i].cid;
	return NULL;
}

static int never_issued(struct quic_conn *conn)
{
	return quic_error_set(&conn->err, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION,
			      QUIC_FRAME_RETIRE_CONNECTION_ID,
			      "RETIRE_CONNECTION_ID of a number never issued");
}

int quic_cid_on_retire(struct quic_conn *conn, const struct quic_frame *f)
{
	struct quic_cids *c = &conn->cids;
	u32 i;

	if (!c->local_len)
		return quic_error_set(&conn->err, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION,
				      QUIC_FRAME_RETIRE_CONNECTION_ID,
				      "RETIRE_CONNECTION_ID to an end without connection IDs");
	if (f->u.retire_cid.seq >= c->local_next)
		return never_issued(conn);
	for (i = 0; i < QUIC_LOCAL_CIDS; i++) {
		if (!c->local[i].used || c->local[i].seq != f->u.retire_cid.seq)
			continue;
		/*
		 * It must have heard of it (RFC 9000 19.16), all but the first:
		 * else a packet full of guesses makes hundreds of new ones.
		 */
		if (c->local[i].seq && !c->local[i].announce.said)
			return never_issued(conn);
		quic_valsync_stop(&c->local[i].announce);
		c->local[i].used = false;
		conn->want |= QUIC_WANT_CIDS;
		quic_cid_issue(conn);
		break;
	}
	return 0;
}

void quic_cid_set_token(struct quic_conn *conn, const u8 *token)
{
	memcpy(conn->cids.remote[0].token, token, QUIC_RESET_TOKEN_LEN);
	conn->cids.remote[0].has_token = true;
	conn->want |= QUIC_WANT_TOKENS;
}

/* RFC 9000 10.3.1: not those of IDs that were never used, or are retired. */
static bool token_in_use(const struct quic_cids *c, u32 i)
{
	return ((i == c->active) | (c->remote[i].used & c->remote[i].taken)) &
	       c->remote[i].has_token;
}

const u8 *quic_conn_reset_token(const struct quic_conn *conn, u32 slot)
{
	return token_in_use(&conn->cids, slot) ? conn->cids.remote[slot].token : NULL;
}

bool quic_cid_match_token(const struct quic_conn *conn, const u8 *token)
{
	const struct quic_cids *c = &conn->cids;
	bool match = false;
	u32 i, j;

	for (i = 0; i < QUIC_REMOTE_CIDS; i++) {
		u8 diff = 0;

		for (j = 0; j < QUIC_RESET_TOKEN_LEN; j++)
			diff |= c->remote[i].token[j] ^ token[j];
		match |= token_in_use(c, i) & (diff == 0);
	}
	return match;
}

void quic_cid_fill_frame(const struct quic_conn *conn, const struct quic_valsync *v,
			 struct quic_frame *f)
{
	if (v->frame == QUIC_FRAME_RETIRE_CONNECTION_ID) {
		f->u.retire_cid.seq =
			container_of(v, struct quic_retired_cid, announce)->seq;
	} else {
		const struct quic_local_cid *l =
			container_of(v, struct quic_local_cid, announce);

		f->u.new_cid.seq = l->seq;
		/* one to be retired itself may still be announced */
		f->u.new_cid.retire_prior_to = min(conn->cids.local_prior, l->seq);
		f->u.new_cid.cid = l->cid;
		f->u.new_cid.token = l->token;
	}
}

/* ---- what the host asks for ---- */

static struct quic_local_cid *local_last(struct quic_cids *c)
{
	struct quic_local_cid *last = NULL;
	u32 i;

	for (i = 0; i < QUIC_LOCAL_CIDS; i++)
		if (c->local[i].used && (!last || c->local[i].seq > last->seq))
			last = &c->local[i];
	return last;
}

void quic_conn_cid_range(const struct quic_conn *conn, bool remote, u64 *active, u64 *first)
{
	const struct quic_cids *c = &conn->cids;
	u32 i;

	*active = c->remote[c->active].seq;
	*first = U64_MAX;
	for (i = 0; remote && i < QUIC_REMOTE_CIDS; i++)
		if (c->remote[i].used)
			*first = min(*first, c->remote[i].seq);
	if (remote)
		return;
	*active = 0;
	for (i = 0; i < QUIC_LOCAL_CIDS; i++) {
		if (!c->local[i].used)
			continue;
		*first = min(*first, c->local[i].seq);
		*active = max(*active, c->local[i].seq);
	}
}

/*
 * The newest ID is announced once more, now with Retire Prior To: there need be no slot
 * for another one until the peer has retired some.
 */
int quic_conn_retire_local(struct quic_conn *conn, u64 prior)
{
	struct quic_cids *c = &conn->cids;
	u64 last, first;

	quic_host_assert_owned(conn);
	if (conn->state != QUIC_CONN_ESTABLISHED)
		return -EPIPE;
	quic_conn_cid_range(conn, false, &last, &first);
	if (prior <= max(first, c->local_prior) || prior > last)
		return -EINVAL;
	c->local_prior = prior;
	quic_valsync_set(&conn->vals, &local_last(c)->announce);
	conn->want |= QUIC_WANT_TX;
	return 0;
}

/* Those of the peer's below @prior: how many. */
static u32 remote_below(const struct quic_cids *c, u64 prior)
{
	u32 i, n = 0;

	for (i = 0; i < QUIC_REMOTE_CIDS; i++)
		n += c->remote[i].used && c->remote[i].seq < prior;
	return n;
}

int quic_conn_use_remote(struct quic_conn *conn, u64 active, u64 prior)
{
	struct quic_cids *c = &conn->cids;
	u64 now = c->remote[c->active].seq, seq;
	u32 i;

	quic_host_assert_owned(conn);
	if (conn->state != QUIC_CONN_ESTABLISHED)
		return -EPIPE;
	if ((active && (active <= now || !remote_find(c, active))) ||
	    prior > (active ? active : now) || (prior && !remote_below(c, prior)))
		return -EINVAL;
	if (conn->paths ||
	    retire_owed(c) + remote_below(c, prior) > QUIC_RETIRED_CIDS / 2)
		return -EAGAIN;
	if (active)
		quic_cid_use(conn, active);
	for (i = 0; i < QUIC_REMOTE_CIDS; i++) {
		seq = c->remote[i].seq;
		if (c->remote[i].used && seq < prior)
			quic_cid_give_back(conn, seq);
	}
	return 0;
}

const struct quic_cid *quic_conn_local_cid(const struct quic_conn *conn, u32 slot, u64 *seq)
{
	const struct quic_local_cid *l = &conn->cids.local[slot];

	if (!l->used)
		return NULL;
	*seq = l->seq;
	return &l->cid;
}

const struct quic_cid *quic_conn_dcid(const struct quic_conn *conn)
{
	return &conn->cids.remote[conn->cids.active].cid;
}
