// SPDX-License-Identifier: GPL-2.0
/*
 * 0-RTT: a client's data that leaves with its ClientHello, under keys and limits of an
 * earlier connection (RFC 9001 4.6, RFC 9000 7.4.1).
 *
 *   client:  NONE --parameters--> OFFERED --+--> ACCEPTED
 *                                           +--> REFUSED
 *   server:  NONE --keys--> ACCEPTED
 *
 * 0-RTT packets are numbered with 1-RTT ones, hold frames of the same streams, and are
 * acknowledged in 1-RTT packets. So a server that takes them has nothing to do but to
 * open them. A server that does not take them never sees them: for a client then all
 * is as if it had not been sent, under the limits of this handshake instead of the
 * remembered ones. They may be lower: streams above them are held back until
 * MAX_STREAMS lets them out (stream_send.c).
 *
 * Invariants: nothing leaves at this level once the server's parameters are known, so
 * that none of them is used here (7.4.1); the keys are dropped when the handshake is
 * complete, by a server three PTOs later.
 *
 * Which ticket allows it, and why a server refuses, is the daemon's; how many datagrams
 * wait for the keys is the host's.
 */
#include "early.h"
#include "recovery.h"

static void drop_keys(struct quic_conn *conn)
{
	u32 bit = 1 << QUIC_CRYPTO_EARLY;

	conn->early_deadline = QUIC_TIME_NEVER;
	conn->keys_discarded |= bit;
	if (!((conn->rx_keys | conn->tx_keys) & bit))
		return;
	conn->rx_keys &= ~bit;
	conn->tx_keys &= ~bit;
	conn->want |= QUIC_WANT_KEYS;
}

/* What a server says anew in each handshake, or the default holds (RFC 9000 7.4.1). */
static void keep_remembered(struct quic_tparams *tp)
{
	struct quic_tparams none;

	quic_tparams_init(&none);
	tp->ack_delay_exponent = none.ack_delay_exponent;
	tp->max_ack_delay = none.max_ack_delay;
	tp->has_initial_source_connection_id = false;
	tp->has_original_destination_connection_id = false;
	tp->has_retry_source_connection_id = false;
	tp->has_preferred_address = false;
	tp->has_stateless_reset_token = false;
	tp->has_version_information = false;
}

int quic_conn_early_begin(struct quic_conn *conn, const u8 *tparams, u32 len)
{
	struct quic_error wrong = {};
	struct quic_tparams tp;

	quic_host_assert_owned(conn);
	if (conn->server || conn->early || conn->peer_params_set ||
	    conn->state != QUIC_CONN_HANDSHAKE || conn->stats.pkts_sent)
		return -EINVAL;
	if (quic_tparams_decode(&tp, true, tparams, len, &wrong))
		return -EINVAL;
	keep_remembered(&tp);
	conn->remote = tp;
	conn->early = QUIC_EARLY_OFFERED;
	quic_streams_set_limits(conn);
	conn->want |= QUIC_WANT_TX | QUIC_WANT_WRITABLE;
	return 0;
}

void quic_early_refuse(struct quic_conn *conn, u64 now)
{
	conn->early = QUIC_EARLY_REFUSED;
	drop_keys(conn);
	quic_tparams_init(&conn->remote);
	quic_recovery_forget(conn, QUIC_SPACE_APP, now);
	quic_streams_rewind(conn);
}

void quic_conn_early_result(struct quic_conn *conn, bool accepted, u64 now)
{
	quic_host_assert_owned(conn);
	if (conn->early != QUIC_EARLY_OFFERED || conn->server)
		return;
	if (accepted)
		conn->early = QUIC_EARLY_ACCEPTED;
	else
		quic_early_refuse(conn, now);
}

int quic_early_check(struct quic_conn *conn, const struct quic_tparams *tp)
{
	const struct quic_tparams *was = &conn->remote;

	if (conn->server || conn->early != QUIC_EARLY_ACCEPTED)
		return 0;
	if (tp->active_connection_id_limit >= was->active_connection_id_limit &&
	    tp->initial_max_data >= was->initial_max_data &&
	    tp->initial_max_stream_data_bidi_local >= was->initial_max_stream_data_bidi_local &&
	    tp->initial_max_stream_data_bidi_remote >= was->initial_max_stream_data_bidi_remote &&
	    tp->initial_max_stream_data_uni >= was->initial_max_stream_data_uni &&
	    tp->initial_max_streams_bidi >= was->initial_max_streams_bidi &&
	    tp->initial_max_streams_uni >= was->initial_max_streams_uni &&
	    tp->max_datagram_frame_size >= was->max_datagram_frame_size)	/* RFC 9221 3 */
		return 0;
	return quic_error_set(&conn->err, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION, 0,
			      "0-RTT was accepted, and a limit that it was sent under reduced");
}

void quic_early_complete(struct quic_conn *conn, u64 now)
{
	if (conn->server && conn->early == QUIC_EARLY_ACCEPTED)
		conn->early_deadline = now + 3 * quic_recovery_pto(conn);
	else
		drop_keys(conn);
}

void quic_early_on_timer(struct quic_conn *conn, u64 now)
{
	if (conn->early_deadline <= now)
		drop_keys(conn);
}
