/* SPDX-License-Identifier: GPL-2.0 */
/* Address validation by tokens, inside a connection (RFC 9000 8.1, 17.2.5). */
#ifndef QUIC_CORE_TOKEN_H
#define QUIC_CORE_TOKEN_H

#include "conn.h"

struct quic_conn_params;

/**
 * quic_token_init - tokens and connection IDs of a new connection's parameters
 * @conn: connection
 * @p: its parameters
 * Return: 0 or -ENOMEM.
 */
int quic_token_init(struct quic_conn *conn, const struct quic_conn_params *p);

void quic_token_free(struct quic_conn *conn);

/* A server's NEW_TOKEN that arrived is needed no more. */
void quic_token_trim(struct quic_conn *conn);

/*
 * There will be no more Initials, or the token of the next ones is good in another
 * version only (RFC 9369 5).
 */
void quic_token_forget(struct quic_conn *conn);

/* NEW_TOKEN arrived at a client (RFC 9000 19.7). Return: 0 or -ENOMEM. */
int quic_token_on_new(struct quic_conn *conn, const struct quic_frame *f);

/**
 * quic_token_check_retry - does the server vouch for the Retry? (RFC 9000 7.3)
 * @conn: client
 * @tp: the server's transport parameters
 * Return: NULL, or what is wrong: static text.
 */
const char *quic_token_check_retry(const struct quic_conn *conn,
				   const struct quic_tparams *tp);

#endif /* QUIC_CORE_TOKEN_H */
