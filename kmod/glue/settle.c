// SPDX-License-Identifier: GPL-2.0
/*
 * After the core: act on what it wants.
 *
 * The core never calls up. It leaves bits in its want mask, and whoever called it
 * calls quic_settle() next, still with the socket lock, which turns them into
 * transmissions, wake-ups, TLS bytes for the daemon, entries of the lookup table,
 * freed keys, and changes of the socket's state.
 *
 *   core state               socket
 *   HANDSHAKE
 *   ESTABLISHED              TCP_ESTABLISHED; connect() returns, or the child
 *                            goes to its listener's accept queue
 *   CLOSING, DRAINING        users are told: errno of the table below, reason
 *   CLOSED                   detached: no timers, no keys, no lookup entries
 *
 * Invariants: acting on one bit may set others (sending may close), so it loops,
 * bounded; what is left then goes to the work item. It does not recurse: a call
 * from something it called returns at once, the outer loop sees the bits. Each
 * state is acted on once. The caller holds a reference of its own, since
 * quic_sock_detach() drops the connection's.
 *
 * Order of the bits: new connection IDs are published before packets announce
 * them; state before TLS and transmission, so that a handshake that ended is not
 * served any more; wake-ups last, when all is as the woken shall find it.
 */
#include "answer.h"
#include "path.h"
#include "../core/defs_error.h"

#define SETTLE_ROUNDS	8
#define HOLD_NS		(500 * 1000)	/* small writes wait no longer for each other */

/* ---- connection IDs, keys ---- */

static void sync_cid(struct sock *sk, u32 slot)
{
	struct quic_sock *qs = quic_sk(sk);
	struct quic_cid_entry *e = qs->cids[slot];
	const struct quic_cid *cid;
	u64 seq;

	cid = quic_conn_local_cid(qs->conn, slot, &seq);
	if (e && (!cid || e->seq != seq)) {
		quic_lookup_retire(e);
		qs->cids[slot] = NULL;
		e = NULL;
	}
	if (!cid || e)
		return;
	e = quic_lookup_add(sk, cid, seq);
	if (!IS_ERR(e))
		qs->cids[slot] = e;
	else
		qs->cids_stale = true;	/* tried again with the next packets */
}

static void sync_cids(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	u32 i;

	qs->cids_stale = false;
	for (i = 0; i < QUIC_LOCAL_CIDS; i++)
		sync_cid(sk, i);
}

/*
 * RFC 9001 4.9; those of a second version go with the Initial keys. The receive side's
 * readers are under RCU, quic_keys_free() knows.
 * A server's entry for the client's first destination stays for the connection's
 * life: an Initial that comes late, or twice, is to find this connection, and be
 * dropped for want of keys, and not to look like a new one.
 */
static void drop_keys(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	u32 gone = quic_conn_keys_discarded(qs->conn);
	struct quic_keys *rx;
	u32 i;

	for (i = 0; i < QUIC_KEYS_MAX; i++) {
		if (!(gone & BIT(i == QUIC_KEYS_OTHER ? QUIC_CRYPTO_INITIAL : i)))
			continue;
		rx = rcu_replace_pointer(qs->keys_rx[i], NULL, true);
		quic_phase_free(rx);
		quic_phase_free(qs->keys_tx[i]);
		qs->keys_tx[i] = NULL;
	}
}

/* ---- why it ended ---- */

/* RFC 8446 6.2 alerts that mean more to a program than "TLS failed". */
static int alert_errno(u64 alert)
{
	switch (alert) {
	case 42:	/* bad_certificate */
	case 43:	/* unsupported_certificate */
	case 44:	/* certificate_revoked */
	case 46:	/* certificate_unknown */
	case 48:	/* unknown_ca */
		return EKEYREJECTED;
	case 45:	/* certificate_expired */
		return EKEYEXPIRED;
	case 112:	/* unrecognized_name */
		return ENOKEY;
	case 120:	/* no_application_protocol */
		return EPROTONOSUPPORT;
	}
	return EPROTO;
}

static int peer_errno(const struct quic_close_info *c, bool established)
{
	if (c->app)
		return c->code ? ECONNRESET : 0;
	if (c->code >= QUIC_TRANSPORT_ERROR_CRYPTO &&
	    c->code < QUIC_TRANSPORT_ERROR_CRYPTO + 0x100)
		return alert_errno(c->code - QUIC_TRANSPORT_ERROR_CRYPTO);
	switch (c->code) {
	case QUIC_TRANSPORT_ERROR_NONE:
		return established ? 0 : ECONNREFUSED;
	case QUIC_TRANSPORT_ERROR_CONNECTION_REFUSED:
		return ECONNREFUSED;
	case QUIC_TRANSPORT_ERROR_VERSION_NEGOTIATION:
		return EPROTONOSUPPORT;
	case QUIC_TRANSPORT_ERROR_NO_VIABLE_PATH:
		return EHOSTUNREACH;
	}
	return EPROTO;
}

static int local_errno(const struct quic_close_info *c)
{
	if (c->app)
		return 0;
	switch (c->code) {
	case QUIC_TRANSPORT_ERROR_NONE:
		return 0;
	case QUIC_TRANSPORT_ERROR_CONNECTION_REFUSED:
		return ECONNABORTED;
	case QUIC_TRANSPORT_ERROR_VERSION_NEGOTIATION:
		return EPROTONOSUPPORT;
	case QUIC_TRANSPORT_ERROR_NO_VIABLE_PATH:
		return EHOSTUNREACH;
	}
	return EPROTO;
}

/* The errno table: SO_ERROR and what connect(), send() and recv() return. */
static int close_errno(const struct quic_sock *qs, const struct quic_close_info *c)
{
	switch (c->origin) {
	case QUIC_CLOSE_NONE:
		return 0;
	case QUIC_CLOSE_LOCAL:
		return local_errno(c);
	case QUIC_CLOSE_PEER:
		return peer_errno(c, qs->established_once);
	case QUIC_CLOSE_IDLE:
	case QUIC_CLOSE_HANDSHAKE:
		return ETIMEDOUT;
	case QUIC_CLOSE_RESET:
		return ECONNRESET;
	case QUIC_CLOSE_VERSION:
		return EPROTONOSUPPORT;
	case QUIC_CLOSE_TLS:
		return qs->hs_errno ? qs->hs_errno : EPROTO;
	}
	return EPROTO;
}

static void code_text(char *text, size_t size, const char *who,
		      const struct quic_close_info *c)
{
	const char *colon = c->reason[0] ? ": " : "";

	if (c->app)
		snprintf(text, size, "%s closed with application code %llu%s%s",
			 who, c->code, colon, c->reason);
	else
		snprintf(text, size, "%s: %s (0x%llx)%s%s", who,
			 quic_error_name(c->code), c->code, colon, c->reason);
}

/* One line for a person: what failed, where, and the cure when there is one. */
static void close_text(struct quic_sock *qs, const struct quic_close_info *c,
		       char *text, size_t size)
{
	switch (c->origin) {
	case QUIC_CLOSE_LOCAL:
		code_text(text, size, "this end", c);
		return;
	case QUIC_CLOSE_PEER:
		code_text(text, size, "the peer", c);
		return;
	case QUIC_CLOSE_IDLE:
		strscpy(text, "nothing was heard from the peer within the idle time-out",
			size);
		return;
	case QUIC_CLOSE_HANDSHAKE:
		snprintf(text, size,
			 "the handshake was not done in time (%llu packets came from the peer): is a QUIC server at that address and port, and UDP let through?",
			 qs->conn->stats.pkts_recv);
		return;
	default:
		strscpy(text, c->reason, size);
	}
}

static u32 close_origin(const struct quic_close_info *c)
{
	switch (c->origin) {
	case QUIC_CLOSE_NONE:
		return QUIC_ORIGIN_NONE;
	case QUIC_CLOSE_PEER:
	case QUIC_CLOSE_RESET:
	case QUIC_CLOSE_VERSION:
		return QUIC_ORIGIN_PEER;
	case QUIC_CLOSE_TLS:
		return QUIC_ORIGIN_DAEMON;
	default:
		return QUIC_ORIGIN_LOCAL;
	}
}

/* ---- states ---- */

void quic_settle_uncount(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);

	if (qs->counted)
		quic_mib_add(sock_net(sk), CurrEstab, -1L);
	qs->counted = false;
}

/* As option 9 says; and TCP programs do not know of idle time-outs. */
static void keep_alive(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	u64 interval = qs->cfg.keepalive_us * QUIC_NS_PER_US;

	if (!interval && quic_one(sk) && qs->conn->idle_timeout != QUIC_TIME_NEVER)
		interval = qs->conn->idle_timeout / 2;
	if (interval)
		quic_conn_set_keepalive(qs->conn, interval, quic_now());
}

static void on_established(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);

	qs->established_once = true;
	qs->established_at = quic_now();
	qs->counted = true;
	quic_mib_inc(sock_net(sk), CurrEstab);
	inet_sk_set_state(sk, TCP_ESTABLISHED);
	keep_alive(sk);
	quic_conn_set_hold(qs->conn, qs->cfg.nodelay ? 0 : HOLD_NS);
	quic_dgram_configure(sk);
	if (qs->conn->server) {
		quic_token_offer(sk);	/* a courtesy: whether it works or not */
		quic_listen_established(sk);
	} else {
		sk->sk_state_change(sk);
	}
}

/* Closing, draining or closed: tell the users. */
static void on_over(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	const struct quic_close_info *c = quic_conn_close_info(qs->conn);
	char text[QUIC_REASON_TEXT_SIZE];
	int err = close_errno(qs, c);

	qs->over = true;
	quic_settle_uncount(sk);
	if (!qs->established_once)
		quic_mib_inc(sock_net(sk), HandshakeFails);
	quic_hs_end(sk);
	if (quic_one(sk))
		err = quic_one_over(sk, err);
	if (qs->reason_origin == QUIC_ORIGIN_NONE) {
		qs->reason_origin = close_origin(c);
		close_text(qs, c, text, sizeof(text));
		quic_sock_failed(sk, err, text);
	} else {
		quic_sock_failed(sk, err, NULL);
	}
}

static void on_state(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	enum quic_conn_state state = quic_conn_state(qs->conn);

	if (state == QUIC_CONN_ESTABLISHED && !qs->established_once)
		on_established(sk);
	if (state >= QUIC_CONN_CLOSING && !qs->over)
		on_over(sk);
	if (state == QUIC_CONN_CLOSED) {
		quic_listen_child_over(sk);
		quic_sock_detach(sk);
	}
}

/* ---- waking ---- */

/**
 * quic_write_space - wake writers
 * @sk: socket; also called without its lock, by the kernel when skbs were sent
 *
 * Only when somebody found no room, and there is some now: a bulk sender sleeps
 * until a good part of its buffer is free and not until the next ACK. The kernel's word
 * is what transmission waits for that found too much below (queue.c).
 */
void quic_write_space(struct sock *sk)
{
	struct socket_wq *wq;
	struct socket *sock;

	quic_queue_room(sk);
	rcu_read_lock();
	sock = READ_ONCE(sk->sk_socket);
	wq = rcu_dereference(sk->sk_wq);
	/* EPOLLOUT may be about datagrams, who sleeps in send() wait for streams */
	if (sock && wq && test_bit(SOCK_NOSPACE, &sock->flags) &&
	    (quic_sock_writeable(sk) ||
	     (READ_ONCE(sk->sk_write_pending) && sk_stream_is_writeable(sk)))) {
		clear_bit(SOCK_NOSPACE, &sock->flags);
		if (skwq_has_sleeper(wq))
			wake_up_interruptible_poll(&wq->wait, EPOLLOUT | EPOLLWRNORM |
						   EPOLLWRBAND);
		if (wq->fasync_list && !(sk->sk_shutdown & SEND_SHUTDOWN))
			sock_wake_async(wq, SOCK_WAKE_SPACE, POLL_OUT);
	}
	rcu_read_unlock();
}

/* ---- the loop ---- */

/* What may have changed the one stream of a SOCK_STREAM socket. */
#define ONE_WANTS	(QUIC_WANT_STATE | QUIC_WANT_READABLE | QUIC_WANT_WRITABLE)

static void act(struct sock *sk, u32 want)
{
	struct quic_sock *qs = quic_sk(sk);

	if ((want & QUIC_WANT_CIDS) || qs->cids_stale)
		sync_cids(sk);
	if (want & QUIC_WANT_TOKENS)
		quic_lookup_sync_tokens(sk);
	if (want & QUIC_WANT_KEYS) {
		quic_version_sync(sk);
		drop_keys(sk);
		quic_rekey_sync(sk);
	}
	if (want & QUIC_WANT_NEXT_KEYS)
		quic_rekey_want(sk);
	if (want & QUIC_WANT_PATH)
		quic_path_settle(sk);
	if (want & QUIC_WANT_STATE)
		on_state(sk);
	if (quic_one(sk) && qs->attached && (want & ONE_WANTS))
		quic_one_sync(sk);
	if ((want & QUIC_WANT_CRYPTO) && qs->attached)
		quic_hs_crypto(sk);
	if ((want & QUIC_WANT_TX) && qs->attached && !quic_sealed_leave_tx(sk)) {
		qs->tx_owed = false;
		quic_xmit(sk);
	}
	if (want & QUIC_WANT_READABLE)
		sk->sk_data_ready(sk);
	if (want & QUIC_WANT_WRITABLE)
		sk->sk_write_space(sk);
}

#define STAT(name, member) { QUIC_MIB_##name, offsetof(struct quic_stats, member) }

/* A connection's statistics that a namespace adds up. */
static const struct {
	u16 mib;
	u16 offset;
} counted[QUIC_STATS_COUNTED] = {
	STAT(Probes, pto_total),
	STAT(LossesSpurious, pkts_spurious),
	STAT(CongestionEvents, congestion_events),
	STAT(ReductionsUndone, undone),
	STAT(PersistentCongestion, persistent),
	STAT(PacingStops, paced),
	STAT(WindowsGrown, windows_grown),
	STAT(DropDuplicate, pkts_dup),
	STAT(OutBytesJoined, bytes_copied),
};

/* What became of the path since the last look goes to the namespace's counters. */
static void count_path(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	const struct quic_conn *conn = qs->conn;
	u64 now;
	u32 i;

	if (unlikely(conn->path.ecn.state != qs->ecn_seen)) {
		qs->ecn_seen = conn->path.ecn.state;
		if (qs->ecn_seen == QUIC_ECN_STATE_CAPABLE)
			quic_mib_inc(sock_net(sk), EcnCapable);
		else if (qs->ecn_seen == QUIC_ECN_STATE_FAILED)
			quic_mib_inc(sock_net(sk), EcnFailed);
	}
	for (i = 0; i < QUIC_STATS_COUNTED; i++) {
		now = *(const u64 *)((const char *)&conn->stats + counted[i].offset);
		if (likely(now == qs->stats_seen[i]))
			continue;
		quic_mib_add_at(sock_net(sk), counted[i].mib, now - qs->stats_seen[i]);
		qs->stats_seen[i] = now;
	}
}

void quic_settle(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	u32 want, rounds = 0;

	if (!qs->attached || qs->settling)
		return;
	qs->settling = true;
	while (qs->attached) {
		want = quic_conn_take_want(qs->conn);
		if (unlikely(qs->tx_owed) && !in_serving_softirq())
			want |= QUIC_WANT_TX;
		if (!want)
			break;
		act(sk, want);
		if (++rounds == SETTLE_ROUNDS) {
			quic_work_queue(sk);
			break;
		}
	}
	qs->settling = false;
	if (rounds) {		/* else nothing has happened that is counted */
		quic_dgram_count(sk);
		quic_path_count(sk);
		count_path(sk);
	}
	quic_timers_update(sk);
}
