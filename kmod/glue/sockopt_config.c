// SPDX-License-Identifier: GPL-2.0
/*
 * Options that configure a connection before it exists: transport parameters (8),
 * behaviour (9), congestion control (76).
 *
 * Zero means "leave as is" in options 8 and 9. Members are checked all before any
 * is taken over. What this kernel cannot do yet is EOPNOTSUPP, not ignored:
 * 1-RTT without encryption, waiting for tickets.
 */
#include <linux/tls.h>

#include "sockopt.h"
#include "answer.h"

#define US_PER_MS	1000U

/* ---- 8: transport parameters ---- */

static bool window_ok(u64 v, u64 max)
{
	return !v || (v >= QUIC_MIN_UDP_PAYLOAD && v <= max);
}

/* Ranges of SOCKET-API 2.4. */
static bool tparam_ok(const struct quic_transport_param *p)
{
	u64 max = S32_MAX / 8;

	if (p->active_connection_id_limit &&
	    (p->active_connection_id_limit < 2 ||
	     p->active_connection_id_limit > QUIC_REMOTE_CIDS))
		return false;
	if (p->ack_delay_exponent > 20)
		return false;
	if (p->max_udp_payload_size && (p->max_udp_payload_size < QUIC_MIN_UDP_PAYLOAD ||
					p->max_udp_payload_size > QUIC_MAX_UDP_PAYLOAD))
		return false;
	if (p->max_datagram_frame_size && p->max_datagram_frame_size < QUIC_MIN_UDP_PAYLOAD)
		return false;
	if (p->max_idle_timeout && p->max_idle_timeout < USEC_PER_SEC)
		return false;
	if (p->max_ack_delay && (p->max_ack_delay < US_PER_MS || p->max_ack_delay >= 16384000))
		return false;
	if (p->max_streams_bidi > 4096 || p->max_streams_uni > 4096)
		return false;
	return window_ok(p->max_data, S32_MAX / 4) &&
	       window_ok(p->max_stream_data_bidi_local, max) &&
	       window_ok(p->max_stream_data_bidi_remote, max) &&
	       window_ok(p->max_stream_data_uni, max);
}

static void set_unless_zero(u64 *to, u64 v)
{
	if (v)
		*to = v;
}

int quic_set_tparam(struct sock *sk, const void *val, u32 len)
{
	struct quic_tparams *tp = &quic_sk(sk)->cfg.tp;
	const struct quic_transport_param *p = val;

	/* remembered ones of the peer are for 0-RTT, which is not there yet */
	if (!quic_sock_is_fresh(sk) || p->remote || !tparam_ok(p))
		return -EINVAL;
	if (p->disable_1rtt_encryption)
		return -EOPNOTSUPP;
	if (quic_one(sk) &&
	    (p->max_streams_bidi || p->max_streams_uni || p->max_datagram_frame_size))
		return -EOPNOTSUPP;
	if (p->disable_active_migration)
		tp->disable_active_migration = true;
	if (p->grease_quic_bit)
		tp->grease_quic_bit = true;
	if (p->disable_compatible_version)
		tp->one_version = true;
	set_unless_zero(&tp->active_connection_id_limit, p->active_connection_id_limit);
	set_unless_zero(&tp->ack_delay_exponent, p->ack_delay_exponent);
	set_unless_zero(&tp->max_udp_payload_size, p->max_udp_payload_size);
	set_unless_zero(&tp->max_datagram_frame_size, p->max_datagram_frame_size);
	set_unless_zero(&tp->max_idle_timeout, p->max_idle_timeout / US_PER_MS);
	set_unless_zero(&tp->max_ack_delay, p->max_ack_delay / US_PER_MS);
	set_unless_zero(&tp->initial_max_streams_bidi, p->max_streams_bidi);
	set_unless_zero(&tp->initial_max_streams_uni, p->max_streams_uni);
	set_unless_zero(&tp->initial_max_data, p->max_data);
	set_unless_zero(&tp->initial_max_stream_data_bidi_local,
			p->max_stream_data_bidi_local);
	set_unless_zero(&tp->initial_max_stream_data_bidi_remote,
			p->max_stream_data_bidi_remote);
	set_unless_zero(&tp->initial_max_stream_data_uni, p->max_stream_data_uni);
	return 0;
}

static u32 ms_to_us(u64 ms)
{
	return min_t(u64, ms, U32_MAX / US_PER_MS) * US_PER_MS;
}

/* The structure has less room than the wire: larger values are cut. */
static void tparam_export(struct quic_transport_param *p, const struct quic_tparams *tp)
{
	p->disable_active_migration = tp->disable_active_migration;
	p->grease_quic_bit = tp->grease_quic_bit;
	p->disable_compatible_version = tp->one_version;
	p->active_connection_id_limit = min_t(u64, tp->active_connection_id_limit, U8_MAX);
	p->ack_delay_exponent = tp->ack_delay_exponent;
	p->max_datagram_frame_size = min_t(u64, tp->max_datagram_frame_size, U16_MAX);
	p->max_udp_payload_size = min_t(u64, tp->max_udp_payload_size, U16_MAX);
	p->max_idle_timeout = ms_to_us(tp->max_idle_timeout);
	p->max_ack_delay = ms_to_us(tp->max_ack_delay);
	p->max_streams_bidi = min_t(u64, tp->initial_max_streams_bidi, U16_MAX);
	p->max_streams_uni = min_t(u64, tp->initial_max_streams_uni, U16_MAX);
	p->max_data = tp->initial_max_data;
	p->max_stream_data_bidi_local = tp->initial_max_stream_data_bidi_local;
	p->max_stream_data_bidi_remote = tp->initial_max_stream_data_bidi_remote;
	p->max_stream_data_uni = tp->initial_max_stream_data_uni;
}

/* Of a peer: no version but the one in use is said to do. */
static bool fits_one_version(const struct quic_tparams *tp)
{
	const struct quic_version_info *vi = &tp->version_information;

	return !tp->has_version_information || (vi->n == 1 && vi->available[0] == vi->chosen);
}

int quic_get_tparam(struct sock *sk, void *val)
{
	struct quic_transport_param *p = val;
	struct quic_sock *quic = quic_sk(sk);
	bool remote = p->remote;

	memset(p, 0, sizeof(*p));
	p->remote = remote;
	if (!remote) {
		tparam_export(p, &quic->cfg.tp);
		p->stateless_reset = 1;		/* always on: the core hands tokens out */
	} else if (quic->conn && quic->conn->peer_params_set) {
		tparam_export(p, &quic->conn->remote);
		p->stateless_reset = quic->conn->remote.has_stateless_reset_token;
		p->disable_compatible_version = fits_one_version(&quic->conn->remote);
	}
	return sizeof(*p);
}

/* ---- 9: behaviour ---- */

static bool in_range_or_zero(u32 v, u32 min, u32 max)
{
	return !v || (v >= min && v <= max);
}

/* Ranges of SOCKET-API 2.5. */
static bool config_ok(const struct quic_config *c)
{
	return (!c->version || quic_version_known(c->version)) &&
	       in_range_or_zero(c->plpmtud_probe_interval, 5000000, U32_MAX / 30) &&
	       in_range_or_zero(c->initial_smoothed_rtt, 1000, 6000000) &&
	       in_range_or_zero(c->payload_cipher_type, TLS_CIPHER_AES_GCM_128,
				TLS_CIPHER_CHACHA20_POLY1305) &&
	       c->congestion_control_algo < QUIC_CONG_ALG_MAX &&
	       c->validate_peer_address <= 1 && c->stream_data_nodelay <= 1 &&
	       c->certificate_request <= QUIC_CERT_REQUEST_NO_CHECK &&
	       in_range_or_zero(c->keepalive_probe_interval, 1500000, U32_MAX);
}

/* plpmtud_probe_interval: the search is on without it, too; how often it looks again. */
int quic_set_config(struct sock *sk, const void *val, u32 len)
{
	struct quic_sock_config *cfg = &quic_sk(sk)->cfg;
	const struct quic_config *c = val;

	if (!quic_sock_is_fresh(sk) || !config_ok(c))
		return -EINVAL;
	if (c->receive_session_ticket)
		return -EOPNOTSUPP;
	if (c->payload_cipher_type && !quic_cipher_find(c->payload_cipher_type))
		return -EOPNOTSUPP;
	if (c->version)
		cfg->version = c->version;
	if (c->plpmtud_probe_interval)
		cfg->pmtud_raise_us = c->plpmtud_probe_interval;
	if (c->initial_smoothed_rtt)
		cfg->initial_rtt_us = c->initial_smoothed_rtt;
	if (c->payload_cipher_type)
		cfg->cipher = c->payload_cipher_type;
	if (c->congestion_control_algo)
		cfg->cc_algo = c->congestion_control_algo;
	if (c->validate_peer_address)
		cfg->validate_peer_address = 1;
	if (c->stream_data_nodelay)
		cfg->nodelay = 1;
	if (c->keepalive_probe_interval)
		cfg->keepalive_us = c->keepalive_probe_interval;
	if (c->certificate_request == QUIC_CERT_REQUEST_NO_CHECK)
		cfg->verify = QUIC_VERIFY_NONE;
	else if (c->certificate_request)
		cfg->cert_request = c->certificate_request;
	return 0;
}

int quic_get_config(struct sock *sk, void *val)
{
	const struct quic_sock_config *cfg = &quic_sk(sk)->cfg;
	struct quic_config *c = val;

	c->version = cfg->version;
	c->plpmtud_probe_interval = cfg->pmtud_raise_us ? :
				    (u32)(QUIC_PMTUD_RAISE / QUIC_NS_PER_US);
	c->initial_smoothed_rtt = cfg->initial_rtt_us ? :
				  (u32)(QUIC_INITIAL_RTT / QUIC_NS_PER_US);
	c->payload_cipher_type = cfg->cipher;
	c->congestion_control_algo = cfg->cc_algo;
	c->validate_peer_address = cfg->validate_peer_address;
	c->stream_data_nodelay = cfg->nodelay;
	c->certificate_request = cfg->cert_request;
	c->keepalive_probe_interval = cfg->keepalive_us;
	return sizeof(*c);
}

/* ---- 10: tokens ---- */

/*
 * A client says which token its first Initials shall have; a server's program has a
 * fresh one sent. SOCKET-API 4.12.
 */
int quic_set_token(struct sock *sk, const void *val, u32 len)
{
	struct quic_sock *quic = quic_sk(sk);
	int err;

	if (quic->attached && quic->conn->server) {
		if (len || sk->sk_state != TCP_ESTABLISHED)
			return -EINVAL;
		err = quic_token_offer(sk);
		quic_settle(sk);
		return err;
	}
	if (!quic_sock_is_fresh(sk) || !len || len > QUIC_TOKEN_MAX)
		return -EINVAL;
	memcpy(quic->cfg.token, val, len);
	quic->cfg.token_len = len;
	return 0;
}

/* The token that the server gave last; a server has none, and programs know by that. */
int quic_get_token(struct sock *sk, void *val)
{
	const struct quic_conn *conn = quic_sk(sk)->conn;
	const u8 *token;
	u32 len;

	if (sk->sk_state == TCP_LISTEN || (conn && conn->server))
		return -EINVAL;
	if (!conn)
		return 0;
	token = quic_conn_new_token(conn, &len);
	if (len)
		memcpy(val, token, len);
	return len;
}

/* ---- 76: congestion control by name ---- */

static const struct quic_cc_ops *cc_by_name(const char *name)
{
	const struct quic_cc_ops *ops;
	u8 i;

	for (i = 0; i < QUIC_CONG_ALG_MAX; i++) {
		ops = quic_cc_find(i);
		if (ops && !strcmp(ops->name, name))
			return ops;
	}
	return NULL;
}

int quic_set_congestion(struct sock *sk, const void *val, u32 len)
{
	const struct quic_cc_ops *ops = cc_by_name(val);

	if (!ops)
		return -ENOENT;
	if (!quic_sock_is_fresh(sk))
		return -EINVAL;
	quic_sk(sk)->cfg.cc_algo = ops->algo;
	return 0;
}

int quic_get_congestion(struct sock *sk, void *val)
{
	const struct quic_conn *conn = quic_sk(sk)->conn;
	const struct quic_cc_ops *ops;

	ops = conn ? conn->path.cc.ops : quic_cc_find(quic_sk(sk)->cfg.cc_algo);
	strscpy(val, ops->name, QUIC_CONGESTION_NAME_MAX);
	return strlen(val);
}
