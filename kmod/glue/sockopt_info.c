// SPDX-License-Identifier: GPL-2.0
/*
 * Options that tell what became of a connection: 73, why it ended, 74, its state and
 * counters, and 88, its paths. They answer in every state, and none changes anything:
 * they read under the socket lock what the core and the daemon left.
 */
#include "sockopt.h"
#include "path.h"

/* ---- 73: why it ended ---- */

/* The daemon said no, or there was none: its errno tells what about. */
static void reason_of_daemon(const struct quic_sock *quic, const struct quic_close_info *c,
			     struct quic_reason *r)
{
	r->code = quic->hs_errno;
	switch (quic->hs_errno) {
	case EHOSTDOWN:
		r->kind = QUIC_REASON_NO_DAEMON;
		r->code = 0;
		return;
	case ECONNABORTED:
		r->kind = QUIC_REASON_DAEMON_DIED;
		r->code = 0;
		return;
	case ENOKEY:
	case EACCES:
		r->kind = QUIC_REASON_CREDENTIAL;
		return;
	}
	r->kind = quic->hs_errno == EKEYREJECTED || quic->hs_errno == EKEYEXPIRED ?
		  QUIC_REASON_CERTIFICATE : QUIC_REASON_TLS;
	if (c->code >= QUIC_TRANSPORT_ERROR_CRYPTO)
		r->code = c->code & 0xff;	/* the alert */
}

static void reason_of_code(const struct quic_close_info *c, struct quic_reason *r)
{
	r->code = c->code;
	r->kind = c->app ? QUIC_REASON_APPLICATION : QUIC_REASON_TRANSPORT;
	if (c->app || c->code < QUIC_TRANSPORT_ERROR_CRYPTO ||
	    c->code > QUIC_TRANSPORT_ERROR_CRYPTO + 0xff)
		return;
	r->kind = QUIC_REASON_TLS;
	r->code = c->code & 0xff;
}

static void reason_of_close(const struct quic_sock *quic, const struct quic_close_info *c,
			    struct quic_reason *r)
{
	switch (c->origin) {
	case QUIC_CLOSE_NONE:
		return;
	case QUIC_CLOSE_LOCAL:
	case QUIC_CLOSE_PEER:
		reason_of_code(c, r);
		return;
	case QUIC_CLOSE_IDLE:
		r->kind = QUIC_REASON_IDLE_TIMEOUT;
		r->code = div_u64(quic->conn->idle_timeout, QUIC_NS_PER_US);
		return;
	case QUIC_CLOSE_HANDSHAKE:
		r->kind = QUIC_REASON_HANDSHAKE_TIMEOUT;
		r->code = quic->cfg.handshake_timeout_ms * 1000;
		return;
	case QUIC_CLOSE_RESET:
		r->kind = QUIC_REASON_STATELESS_RESET;
		return;
	case QUIC_CLOSE_VERSION:
		r->kind = QUIC_REASON_VERSION;
		r->code = c->code;
		return;
	case QUIC_CLOSE_TLS:
		reason_of_daemon(quic, c, r);
		return;
	}
}

void quic_sock_reason(const struct sock *sk, struct quic_reason *r)
{
	const struct quic_sock *quic = quic_sk(sk);

	memset(r, 0, sizeof(*r));
	r->origin = quic->reason_origin;
	strscpy(r->text, quic->reason, sizeof(r->text));
	if (quic->conn) {
		reason_of_close(quic, quic_conn_close_info(quic->conn), r);
	} else if (quic->connect_errno) {
		r->kind = QUIC_REASON_UNREACHABLE;
		r->code = quic->connect_errno;
	}
	if (quic->ended && r->kind == QUIC_REASON_NONE) {
		r->kind = QUIC_REASON_SYSTEM;
		r->code = quic->end_errno;
	}
}

int quic_get_reason(struct sock *sk, void *val)
{
	quic_sock_reason(sk, val);
	return sizeof(struct quic_reason);
}

/* ---- 74: state and counters ---- */

static u32 info_state(const struct sock *sk)
{
	const struct quic_conn *conn = quic_sk(sk)->conn;

	if (sk->sk_state == TCP_LISTEN)
		return QUIC_STATE_LISTENING;
	if (!conn)
		return QUIC_STATE_IDLE;
	switch (quic_conn_state(conn)) {
	case QUIC_CONN_HANDSHAKE:
		return QUIC_STATE_HANDSHAKING;
	case QUIC_CONN_ESTABLISHED:
		return conn->shutdown ? QUIC_STATE_FLUSHING : QUIC_STATE_ESTABLISHED;
	case QUIC_CONN_CLOSING:
		return QUIC_STATE_CLOSING;
	case QUIC_CONN_DRAINING:
		return QUIC_STATE_DRAINING;
	default:
		return QUIC_STATE_CLOSED;
	}
}

static u32 info_flags(const struct quic_conn *conn)
{
	u32 flags = 0;

	if (conn->server)
		flags |= QUIC_INFO_SERVER;
	if (conn->handshake_confirmed)
		flags |= QUIC_INFO_CONFIRMED;
	if (conn->path.validated)
		flags |= QUIC_INFO_ADDRESS_VALIDATED;
	if (conn->retried)
		flags |= QUIC_INFO_RETRIED;
	if (quic_conn_early(conn) == QUIC_EARLY_ACCEPTED)
		flags |= QUIC_INFO_EARLY_ACCEPTED;
	if (conn->stats.trains)
		flags |= QUIC_INFO_GSO;
	if (conn->path.ecn.state == QUIC_ECN_STATE_CAPABLE)
		flags |= QUIC_INFO_ECN;
	if (quic_conn_tx_queued(conn)) {
		if (!quic_cc_room(&conn->path.cc))
			flags |= QUIC_INFO_CWND_LIMITED;
		if (!quic_flow_tx_credit(&conn->flow_tx))
			flags |= QUIC_INFO_FLOW_BLOCKED;
	}
	return flags;
}

static u32 us(u64 ns)
{
	return min_t(u64, div_u64(ns, QUIC_NS_PER_US), U32_MAX);
}

static void info_path(struct quic_info *i, const struct quic_path *path)
{
	const struct quic_rtt *rtt = &path->rtt;

	if (rtt->has_sample) {
		i->min_rtt_us = us(rtt->min);
		i->smoothed_rtt_us = us(rtt->smoothed);
		i->rttvar_us = us(rtt->var);
		i->latest_rtt_us = us(rtt->latest);
	}
	i->mtu = path->mtu;
	i->cwnd = path->cc.cwnd;
	i->ssthresh = path->cc.ssthresh;
	i->bytes_in_flight = path->cc.bytes_in_flight;
	i->pacing_rate = path->pacer.rate;
}

static u32 info_paths(const struct quic_conn *conn)
{
	u32 n = 0;
	u8 p;

	for (p = 0; p < QUIC_PATHS; p++)
		n += quic_conn_path_used(conn, p);
	return n;
}

static void info_stats(struct quic_info *i, const struct quic_conn *conn)
{
	const struct quic_stats *s = &conn->stats;
	const struct quic_streams *st = &conn->streams;

	i->sent_pkts = s->pkts_sent;
	i->received_pkts = s->pkts_recv;
	i->lost_pkts = s->pkts_lost;
	i->spurious_lost_pkts = s->pkts_spurious;
	i->retransmitted_pkts = s->pkts_retrans;
	i->dropped_pkts = s->pkts_dropped + s->pkts_dup;
	i->sent_bytes = s->bytes_sent;
	i->received_bytes = s->bytes_recv;
	i->stream_sent_bytes = s->stream_bytes_sent;
	i->stream_received_bytes = s->stream_bytes_recv;
	i->stream_read_bytes = conn->flow_rx.consumed;
	i->sent_trains = s->trains;
	i->sent_acks = s->acks_sent;
	i->received_acks = s->acks_recv;
	i->probes = s->pto_total;
	i->congestion_events = s->congestion_events;
	i->persistent_congestions = s->persistent;
	i->ecn_ce_pkts = quic_conn_ce(conn);
	i->local_streams = st->next_local[0] + st->next_local[1];
	i->peer_streams = st->next_remote[0] + st->next_remote[1];
	i->max_data_local = conn->flow_rx.max;
	i->max_data_peer = conn->flow_tx.limit;
}

static void info_dgrams(struct quic_info *i, const struct quic_conn *conn)
{
	const struct quic_dgram_stats *s = &conn->stats.dgram;

	i->sent_datagrams = s->sent;
	i->received_datagrams = s->recv;
	i->lost_datagrams = s->lost;
	i->acked_datagrams = s->acked;
	i->send_dropped_datagrams = s->tx_dropped;
	i->recv_dropped_datagrams = s->rx_dropped;
	i->max_datagram = quic_conn_dgram_max(conn);
	i->queued_datagrams = conn->dgrams.tx.n;
}

/*
 * Members that nobody counts yet stay 0: retransmitted and acknowledged stream
 * bytes, received trains.
 */
int quic_get_info(struct sock *sk, void *val)
{
	const struct quic_sock *quic = quic_sk(sk);
	const struct quic_conn *conn = quic->conn;
	struct quic_info *i = val;

	i->state = info_state(sk);
	i->cipher = quic->cipher;
	if (!conn)
		return sizeof(*i);
	i->version = conn->version;
	i->flags = info_flags(conn);
	i->pto_count = conn->pto_count;
	i->key_updates = quic_conn_tx_gen(conn);
	info_path(i, &conn->path);
	i->paths = info_paths(conn);
	info_stats(i, conn);
	info_dgrams(i, conn);
	if (quic->established_at)
		i->handshake_us = div_u64(quic->established_at - conn->created,
					  QUIC_NS_PER_US);
	i->age_us = div_u64(quic_now() - conn->created, QUIC_NS_PER_US);
	return sizeof(*i);
}

/* ---- 88: paths ---- */

int quic_get_paths(struct sock *sk, void *val)
{
	return quic_path_info(sk, val);
}
