// SPDX-License-Identifier: GPL-2.0
/*
 * Socket options: one table, and the rules that all of its rows share.
 *
 * Values are copied between the user and a kernel buffer here, never by a row, so
 * that lengths are checked in one place and hardened usercopy never sees a struct
 * sock. Rows are in sockopt_config.c, sockopt_tls.c, sockopt_info.c and, where
 * they are about the connection or its streams, here.
 *
 * An option of the header that is not in the table is not there yet: ENOPROTOOPT.
 */
#include <linux/mm.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "sockopt.h"
#include "../core/stateless.h"

#define OPTLEN_MAX	4096	/* options of the draft, 0 to 15 */
#define OPTLEN_MAX_OWN	65536	/* ours, from 64 */
#define OWN_FIRST	64

/* ---- streams ---- */

static int get_stream_open(struct sock *sk, void *val)
{
	int err = quic_stream_open_wait(sk, val);

	return err ? err : (int)sizeof(struct quic_stream_info);
}

/* A stream to end a half of, or why not (SOCKET-API 4.3, 4.4). */
static struct quic_stream *stream_to_end(struct sock *sk, s64 id, u64 code)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	struct quic_stream *stream;

	if (sk->sk_state != TCP_ESTABLISHED || id < 0 || code > QUIC_VARINT_MAX)
		return ERR_PTR(-EINVAL);
	stream = quic_conn_stream_find(conn, id);
	if (stream)
		return stream;
	return ERR_PTR(quic_conn_stream_known(conn, id) ? -ENOSTR : -EINVAL);
}

static int stream_reset(struct sock *sk, s64 id, u64 code)
{
	struct quic_stream *stream = stream_to_end(sk, id, code);
	int err;

	if (IS_ERR(stream))
		return PTR_ERR(stream);
	err = quic_stream_reset(quic_sk(sk)->conn, stream, code);
	quic_settle(sk);
	return err;
}

static int stream_stop(struct sock *sk, s64 id, u64 code)
{
	struct quic_stream *stream = stream_to_end(sk, id, code);
	int err;

	if (IS_ERR(stream))
		return PTR_ERR(stream);
	if (stream->has_rx && stream->rx_discard)
		return -EAGAIN;		/* one is on its way */
	err = quic_stream_stop(quic_sk(sk)->conn, stream, code);
	quic_settle(sk);
	return err;
}

static int set_stream_reset(struct sock *sk, const void *val, u32 len)
{
	const struct quic_errinfo *e = val;

	return stream_reset(sk, e->stream_id, e->errcode);
}

static int set_stream_reset64(struct sock *sk, const void *val, u32 len)
{
	const struct quic_errinfo64 *e = val;

	return len < sizeof(*e) ? -EINVAL : stream_reset(sk, e->stream_id, e->errcode);
}

static int set_stream_stop(struct sock *sk, const void *val, u32 len)
{
	const struct quic_errinfo *e = val;

	return stream_stop(sk, e->stream_id, e->errcode);
}

static int set_stream_stop64(struct sock *sk, const void *val, u32 len)
{
	const struct quic_errinfo64 *e = val;

	return len < sizeof(*e) ? -EINVAL : stream_stop(sk, e->stream_id, e->errcode);
}

/* One that sends: the peer's unidirectional ones have no priority here. */
static struct quic_stream *priority_stream(struct sock *sk, s64 id)
{
	struct quic_stream *stream;

	if (sk->sk_state != TCP_ESTABLISHED || id < 0)
		return ERR_PTR(-EINVAL);
	stream = quic_conn_stream_find(quic_sk(sk)->conn, id);
	return stream && stream->has_tx ? stream : ERR_PTR(-EINVAL);
}

static int set_stream_priority(struct sock *sk, const void *val, u32 len)
{
	const struct quic_stream_priority *p = val;
	struct quic_stream *stream = priority_stream(sk, p->stream_id);
	int err;

	if (len < sizeof(*p) || p->incremental > 1 ||
	    memchr_inv(p->reserved, 0, sizeof(p->reserved)))
		return -EINVAL;
	if (IS_ERR(stream))
		return PTR_ERR(stream);
	err = quic_stream_set_priority(quic_sk(sk)->conn, stream, p->urgency,
				       p->incremental);
	quic_settle(sk);
	return err;
}

static int get_stream_priority(struct sock *sk, void *val)
{
	struct quic_stream_priority *p = val;
	struct quic_stream *stream = priority_stream(sk, p->stream_id);

	if (IS_ERR(stream))
		return PTR_ERR(stream);
	p->urgency = stream->urgency;
	p->incremental = stream->incremental;
	memset(p->reserved, 0, sizeof(p->reserved));
	return sizeof(*p);
}

/* ---- closing ---- */

static void close_with(struct sock *sk, u64 code, const u8 *phrase)
{
	struct quic_sock *quic = quic_sk(sk);

	quic->close_code = code;
	strscpy(quic->close_phrase, phrase, sizeof(quic->close_phrase));
}

static int set_close(struct sock *sk, const void *val, u32 len)
{
	const struct quic_connection_close *c = val;

	close_with(sk, c->errcode, c->phrase);
	return 0;
}

/* What the peer reported in 62 bits is in QUIC_SOCKOPT_REASON. */
static int set_close64(struct sock *sk, const void *val, u32 len)
{
	const struct quic_close64 *c = val;

	if (len < sizeof(c->errcode) || c->errcode > QUIC_VARINT_MAX)
		return -EINVAL;
	close_with(sk, c->errcode, c->phrase);
	return 0;
}

static int get_close(struct sock *sk, void *val)
{
	struct quic_conn *conn = quic_sk(sk)->conn;
	struct quic_connection_close *c = val;
	const struct quic_close_info *info;

	if (!conn)
		return sizeof(*c);
	info = quic_conn_close_info(conn);
	if (info->origin == QUIC_CLOSE_NONE)
		return sizeof(*c);
	c->errcode = min_t(u64, info->code, U32_MAX);
	c->frame = info->app ? 0x1d : min_t(u64, info->frame_type, U8_MAX);
	strscpy(c->phrase, info->reason, sizeof(c->phrase));
	return sizeof(*c);
}

/* ---- keys ---- */

static int set_key_update(struct sock *sk, const void *val, u32 len)
{
	int err;

	if (sk->sk_state != TCP_ESTABLISHED)
		return -EPIPE;
	err = quic_conn_update_keys(quic_sk(sk)->conn, quic_now());
	quic_settle(sk);
	return err;
}

/* ---- connection IDs ---- */

/* Which of ours is in use is for the peer to say. */
static int set_connection_id(struct sock *sk, const void *val, u32 len)
{
	const struct quic_connection_id_info *ids = val;
	int err;

	if (ids->dest > 1 || memchr_inv(ids->reserved, 0, sizeof(ids->reserved)) ||
	    (!ids->dest && ids->active))
		return -EINVAL;
	if (sk->sk_state != TCP_ESTABLISHED)
		return -EPIPE;
	if (ids->dest)
		err = quic_conn_use_remote(quic_sk(sk)->conn, ids->active, ids->prior_to);
	else
		err = quic_conn_retire_local(quic_sk(sk)->conn, ids->prior_to);
	quic_settle(sk);
	return err;
}

static int get_connection_id(struct sock *sk, void *val)
{
	struct quic_connection_id_info *ids = val;
	u64 active, first;

	if (ids->dest > 1)
		return -EINVAL;
	if (sk->sk_state != TCP_ESTABLISHED)
		return -EPIPE;
	quic_conn_cid_range(quic_sk(sk)->conn, ids->dest, &active, &first);
	memset(ids->reserved, 0, sizeof(ids->reserved));
	ids->active = active;
	ids->prior_to = first;
	return sizeof(*ids);
}

/* ---- the table ---- */

#define FIXED(type)	.set_min = 1, .set_max = sizeof(type), .fixed = true

static const struct quic_sockopt sockopts[] = {
	{ QUIC_SOCKOPT_STREAM_OPEN, .get = get_stream_open, .input = true, .many = true,
	  .get_max = sizeof(struct quic_stream_info) },
	{ QUIC_SOCKOPT_STREAM_RESET, .set = set_stream_reset, FIXED(struct quic_errinfo) },
	{ QUIC_SOCKOPT_STREAM_STOP_SENDING, .set = set_stream_stop,
	  FIXED(struct quic_errinfo) },
	{ QUIC_SOCKOPT_CONNECTION_CLOSE, .set = set_close, .get = get_close,
	  FIXED(struct quic_connection_close),
	  .get_max = sizeof(struct quic_connection_close) },
	{ QUIC_SOCKOPT_CONNECTION_MIGRATION, .set = quic_migrate,
	  .set_min = sizeof(sa_family_t), .set_max = sizeof(struct sockaddr_storage),
	  .fixed = true },
	{ QUIC_SOCKOPT_CONNECTION_ID, .set = set_connection_id, .get = get_connection_id,
	  FIXED(struct quic_connection_id_info), .input = true,
	  .get_max = sizeof(struct quic_connection_id_info) },
	{ QUIC_SOCKOPT_KEY_UPDATE, .set = set_key_update, .fixed = true },
	{ QUIC_SOCKOPT_TRANSPORT_PARAM, .set = quic_set_tparam, .get = quic_get_tparam,
	  FIXED(struct quic_transport_param), .input = true,
	  .get_max = sizeof(struct quic_transport_param) },
	{ QUIC_SOCKOPT_CONFIG, .set = quic_set_config, .get = quic_get_config,
	  FIXED(struct quic_config), .get_max = sizeof(struct quic_config) },
	{ QUIC_SOCKOPT_TOKEN, .set = quic_set_token, .get = quic_get_token,
	  .set_max = QUIC_TOKEN_MAX, .get_max = QUIC_PEER_TOKEN_MAX, .exact = true },
	{ QUIC_SOCKOPT_ALPN, .set = quic_set_alpn, .get = quic_get_alpn,
	  .set_min = 1, .set_max = QUIC_ALPN_MAX, .get_max = QUIC_ALPN_MAX },

	{ QUIC_SOCKOPT_HANDSHAKE, .set = quic_set_agent, .get = quic_get_agent,
	  .set_min = sizeof(u32), .set_max = sizeof(u32), .fixed = true,
	  .get_max = sizeof(u32) },
	{ QUIC_SOCKOPT_SERVER_NAME, .set = quic_set_server_name,
	  .get = quic_get_server_name, .set_max = QUIC_SERVER_NAME_MAX,
	  .get_max = QUIC_SERVER_NAME_MAX },
	{ QUIC_SOCKOPT_PROFILE, .set = quic_set_profile, .get = quic_get_profile,
	  .set_max = QUIC_PROFILE_MAX, .get_max = QUIC_PROFILE_MAX },
	{ QUIC_SOCKOPT_CREDENTIAL, .set = quic_set_credential, .set_min = 1,
	  .set_max = QUIC_CREDENTIAL_MAX },
	{ QUIC_SOCKOPT_VERIFY, .set = quic_set_verify, .get = quic_get_verify,
	  .set_min = sizeof(u32), .set_max = sizeof(u32), .fixed = true,
	  .get_max = sizeof(u32) },
	{ QUIC_SOCKOPT_PIN, .set = quic_set_pin, .set_min = QUIC_PIN_SIZE,
	  .set_max = QUIC_PIN_SIZE },
	{ QUIC_SOCKOPT_TLS_INFO, .get = quic_get_tls_info,
	  .get_max = sizeof(struct quic_tls_info) },
	{ QUIC_SOCKOPT_PEER_CERT, .get = quic_get_peer_cert,
	  .get_max = OPTLEN_MAX_OWN, .exact = true },
	{ QUIC_SOCKOPT_REASON, .get = quic_get_reason,
	  .get_max = sizeof(struct quic_reason) },
	{ QUIC_SOCKOPT_INFO, .get = quic_get_info, .get_max = sizeof(struct quic_info) },
	{ QUIC_SOCKOPT_KNOB, .set = quic_set_knob, .get = quic_get_knob,
	  FIXED(struct quic_knob), .input = true, .get_max = sizeof(struct quic_knob) },
	{ QUIC_SOCKOPT_CONGESTION, .set = quic_set_congestion, .get = quic_get_congestion,
	  .set_min = 1, .set_max = QUIC_CONGESTION_NAME_MAX - 1,
	  .get_max = QUIC_CONGESTION_NAME_MAX },
	{ QUIC_SOCKOPT_STREAM_PRIORITY, .set = set_stream_priority,
	  .get = get_stream_priority, FIXED(struct quic_stream_priority), .input = true,
	  .many = true, .get_max = sizeof(struct quic_stream_priority) },
	{ QUIC_SOCKOPT_STREAM_RESET64, .set = set_stream_reset64,
	  FIXED(struct quic_errinfo64) },
	{ QUIC_SOCKOPT_STREAM_STOP64, .set = set_stream_stop64,
	  FIXED(struct quic_errinfo64) },
	{ QUIC_SOCKOPT_CLOSE64, .set = set_close64, FIXED(struct quic_close64) },
	{ QUIC_SOCKOPT_PATHS, .get = quic_get_paths,
	  .get_max = QUIC_PATHS * sizeof(struct quic_path_info) },
};

static const struct quic_sockopt *find(int number)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sockopts); i++)
		if (sockopts[i].number == number)
			return &sockopts[i];
	return NULL;
}

/* ---- set ---- */

/*
 * Bytes to copy of a value, or -EINVAL. Strings may bring their NUL: one more than
 * the longest is read then, and has to be it.
 */
static int set_len(const struct quic_sockopt *o, u32 optlen)
{
	u32 limit = o->number < OWN_FIRST ? OPTLEN_MAX : OPTLEN_MAX_OWN;

	if (optlen > limit || optlen < o->set_min)
		return -EINVAL;
	if (o->fixed)
		return min(optlen, o->set_max);
	return optlen <= o->set_max + 1 ? (int)optlen : -EINVAL;
}

static int set_sol_quic(struct sock *sk, int name, sockptr_t optval, u32 optlen)
{
	const struct quic_sockopt *o = find(name);
	int len, err;
	size_t size;
	u8 *val;

	if (!o || !o->set)
		return -ENOPROTOOPT;
	if (o->many && quic_one(sk))
		return -EOPNOTSUPP;
	len = set_len(o, optlen);
	if (len < 0)
		return len;
	size = max_t(size_t, o->fixed ? o->set_max : 0, len) + 1;
	val = quic_may_fail(QUIC_FAIL_CONFIG, kvzalloc(size, GFP_KERNEL));
	if (!val)
		return -ENOMEM;
	err = -EFAULT;
	if (copy_from_sockptr(val, optval, len))
		goto out;
	err = -EINVAL;
	if (!o->fixed && len > o->set_max && val[--len])
		goto out;
	lock_sock(sk);
	err = o->set(sk, val, len);
	release_sock(sk);
out:
	kvfree_sensitive(val, size);	/* it may have been a key */
	return err;
}

/**
 * quic_setsockopt - sk_prot->setsockopt
 * @sk: socket
 * @level: SOL_QUIC, or IP and IPv6, which go to their own code
 * @optname: number
 * @optval: value
 * @optlen: its bytes
 * Context: process. Return: 0 or -errno, see the uapi header.
 */
int quic_setsockopt(struct sock *sk, int level, int optname, sockptr_t optval,
		    unsigned int optlen)
{
	switch (level) {
	case SOL_QUIC:
		return set_sol_quic(sk, optname, optval, optlen);
	case SOL_IP:
		return ip_setsockopt(sk, level, optname, optval, optlen);
#if IS_ENABLED(CONFIG_IPV6)
	case SOL_IPV6:
		if (sk->sk_family == AF_INET6)
			return ipv6_setsockopt(sk, level, optname, optval, optlen);
		break;
#endif
	}
	return -ENOPROTOOPT;
}

/* ---- get ---- */

static int get_locked(struct sock *sk, const struct quic_sockopt *o, u8 *val,
		      char __user *optval, int room)
{
	int n;

	if (o->input && copy_from_user(val, optval, min_t(u32, room, o->get_max)))
		return -EFAULT;
	lock_sock(sk);
	n = o->get(sk, val);
	release_sock(sk);
	return n;
}

static int get_sol_quic(struct sock *sk, int name, char __user *optval, int __user *optlen)
{
	const struct quic_sockopt *o = find(name);
	int room, n;
	u8 *val;

	if (!o || !o->get)
		return -ENOPROTOOPT;
	if (o->many && quic_one(sk))
		return -EOPNOTSUPP;
	if (get_user(room, optlen))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	val = quic_may_fail(QUIC_FAIL_CONFIG, kvzalloc(o->get_max, GFP_KERNEL));
	if (!val)
		return -ENOMEM;
	n = get_locked(sk, o, val, optval, room);
	if (n < 0)
		goto out;
	if (n > room && o->exact) {
		n = put_user(n, optlen) ? -EFAULT : -ERANGE;
		goto out;
	}
	n = min(n, room);
	if (put_user(n, optlen) || copy_to_user(optval, val, n))
		n = -EFAULT;
out:
	kvfree(val);
	return min(n, 0);
}

/**
 * quic_getsockopt - sk_prot->getsockopt
 * @sk: socket
 * @level: SOL_QUIC, or IP and IPv6, which go to their own code
 * @optname: number
 * @optval: buffer
 * @optlen: its room; then the bytes written
 * Context: process. Return: 0 or -errno, see the uapi header.
 */
int quic_getsockopt(struct sock *sk, int level, int optname, char __user *optval,
		    int __user *optlen)
{
	switch (level) {
	case SOL_QUIC:
		return get_sol_quic(sk, optname, optval, optlen);
	case SOL_IP:
		return ip_getsockopt(sk, level, optname, optval, optlen);
#if IS_ENABLED(CONFIG_IPV6)
	case SOL_IPV6:
		if (sk->sk_family == AF_INET6)
			return ipv6_getsockopt(sk, level, optname, optval, optlen);
		break;
#endif
	}
	return -ENOPROTOOPT;
}
