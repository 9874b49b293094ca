/* SPDX-License-Identifier: GPL-2.0 */
/* The table of socket options and what its rows are made of. */
#ifndef QUIC_SOCKOPT_H
#define QUIC_SOCKOPT_H

#include "sock_ops.h"

/**
 * struct quic_sockopt - one option of level SOL_QUIC
 * @number: QUIC_SOCKOPT_*
 * @set_min: shortest value that set takes, bytes
 * @set_max: of a string or of bytes, the longest; a structure that is longer is
 *	cut, as those of other layouts are (SOCKET-API 2)
 * @get_max: bytes that get can give
 * @fixed: a structure of @set_max bytes; shorter ones are filled up with zeros
 * @input: get reads the user's buffer first: a structure of @get_max bytes
 * @many: about streams in the plural: EOPNOTSUPP on a SOCK_STREAM socket
 * @exact: get fails with ERANGE instead of cutting the value
 * @set: @val holds @len bytes and a NUL behind them (a structure: all of it)
 * @get: fill @val, of @get_max zeroed bytes; return how many, or -errno
 *
 * Both run in process context, socket lock held.
 */
struct quic_sockopt {
	u16 number;
	u16 set_min;
	u32 set_max;
	u32 get_max;
	bool fixed;
	bool input;
	bool exact;
	bool many;
	int (*set)(struct sock *sk, const void *val, u32 len);
	int (*get)(struct sock *sk, void *val);
};

/* Neither connected nor listening, now or ever: what "before" asks for. */
static inline bool quic_sock_is_fresh(const struct sock *sk)
{
	return sk->sk_state == TCP_CLOSE && !quic_sk(sk)->conn;
}

/* sockopt_config.c */
int quic_set_tparam(struct sock *sk, const void *val, u32 len);
int quic_get_tparam(struct sock *sk, void *val);
int quic_set_config(struct sock *sk, const void *val, u32 len);
int quic_get_config(struct sock *sk, void *val);
int quic_set_token(struct sock *sk, const void *val, u32 len);
int quic_get_token(struct sock *sk, void *val);
int quic_set_congestion(struct sock *sk, const void *val, u32 len);
int quic_get_congestion(struct sock *sk, void *val);

/* sockopt_tls.c */
int quic_set_alpn(struct sock *sk, const void *val, u32 len);
int quic_get_alpn(struct sock *sk, void *val);
int quic_set_agent(struct sock *sk, const void *val, u32 len);
int quic_get_agent(struct sock *sk, void *val);
int quic_set_server_name(struct sock *sk, const void *val, u32 len);
int quic_get_server_name(struct sock *sk, void *val);
int quic_set_profile(struct sock *sk, const void *val, u32 len);
int quic_get_profile(struct sock *sk, void *val);
int quic_set_credential(struct sock *sk, const void *val, u32 len);
int quic_set_verify(struct sock *sk, const void *val, u32 len);
int quic_get_verify(struct sock *sk, void *val);
int quic_set_pin(struct sock *sk, const void *val, u32 len);
int quic_get_tls_info(struct sock *sk, void *val);
int quic_get_peer_cert(struct sock *sk, void *val);

/* sockopt_knob.c */
int quic_set_knob(struct sock *sk, const void *val, u32 len);
int quic_get_knob(struct sock *sk, void *val);

/* sockopt_info.c */
int quic_get_info(struct sock *sk, void *val);
int quic_get_reason(struct sock *sk, void *val);
int quic_get_paths(struct sock *sk, void *val);

#endif /* QUIC_SOCKOPT_H */
