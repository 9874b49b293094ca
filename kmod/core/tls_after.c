// SPDX-License-Identifier: GPL-2.0
/*
 * TLS messages after the handshake, which the daemon does not hear of any more.
 *
 * Of all there are QUIC has left one: a server's NewSessionTicket (RFC 8446 4.6.1). It
 * is read through and forgotten, but for what RFC 9001 4.6.1 has a client look at, the
 * max_early_data_size in it. Any other message ends the connection, as does a ticket
 * that is none.
 *
 *   type 1 | length 3 | lifetime, age_add 8 | nonce <1> | ticket <2> |
 *   length of extensions 2 | type 2, length 2, extension | ...
 *
 * Nothing is kept: a message is read byte by byte as it comes, and what is remembered
 * of it is the field at hand. Every length is judged by what is left of the message, so
 * that none is longer than its fields are, TICKET_MAX at most.
 *
 * Invariant: left is not 0 between two calls, or the message would not go on.
 *
 * Not here: Initial and Handshake bytes, which are the daemon's; what is too far ahead
 * (conn_rx.c); keeping tickets.
 */
#include "conn_int.h"
#include "tls_after.h"

enum tls_message {
	NEW_SESSION_TICKET	= 4,
	CERTIFICATE_REQUEST	= 13,
	KEY_UPDATE		= 24,
};

#define UNEXPECTED_MESSAGE	(QUIC_TRANSPORT_ERROR_CRYPTO + 10)	/* alerts */
#define DECODE_ERROR		(QUIC_TRANSPORT_ERROR_CRYPTO + 50)
#define EXT_EARLY_DATA		42
#define TICKET_MAX		(8 + 1 + 255 + 2 + 65535 + 2 + 65534)

enum tls_field {
	FIELD_TYPE,
	FIELD_LEN,
	FIELD_TIMES,		/* ticket_lifetime, ticket_age_add */
	FIELD_NONCE_LEN,
	FIELD_NONCE,
	FIELD_TICKET_LEN,
	FIELD_TICKET,
	FIELD_EXTS_LEN,
	FIELD_EXT,		/* type and length of one */
	FIELD_EARLY,		/* max_early_data_size */
	FIELD_OTHER,		/* an extension's body */
};

#define NUMBERS	(1 << FIELD_TYPE | 1 << FIELD_LEN | 1 << FIELD_NONCE_LEN | \
		 1 << FIELD_TICKET_LEN | 1 << FIELD_EXTS_LEN | 1 << FIELD_EXT | 1 << FIELD_EARLY)

static int wrong(struct quic_conn *conn, u64 code, const char *why)
{
	return quic_error_set(&conn->err, code, QUIC_FRAME_CRYPTO, why);
}

/* May a message of this type come? */
static int check_type(struct quic_conn *conn, u32 type)
{
	if (type == NEW_SESSION_TICKET && !conn->server)
		return 0;
	if (type == CERTIFICATE_REQUEST && !conn->server)
		return wrong(conn, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION,
			     "a CertificateRequest after the handshake");
	if (type == KEY_UPDATE)
		return wrong(conn, UNEXPECTED_MESSAGE,
			     "a KeyUpdate of TLS: QUIC has key updates of its own");
	return wrong(conn, UNEXPECTED_MESSAGE, conn->server ?
		     "a TLS message of a client that is done with its handshake" :
		     "a TLS message after the handshake other than NewSessionTicket");
}

/* @n bytes of the message are @field. */
static int begin(struct quic_conn *conn, enum tls_field field, u32 n)
{
	struct quic_tls_after *t = &conn->tls_after;

	if (n > t->msg)
		return wrong(conn, DECODE_ERROR,
			     "a field of a NewSessionTicket is longer than what is left of it");
	t->msg -= n;
	t->left = n;
	t->field = field;
	t->value = 0;
	return 0;
}

static int next_ext(struct quic_conn *conn)
{
	struct quic_tls_after *t = &conn->tls_after;

	if (t->msg)
		return begin(conn, FIELD_EXT, 4);
	quic_tls_after_init(t);
	return 0;
}

static int on_exts_len(struct quic_conn *conn, u32 len)
{
	if (len != conn->tls_after.msg)
		return wrong(conn, DECODE_ERROR,
			     "a NewSessionTicket does not end with its extensions");
	return next_ext(conn);
}

static int on_ext(struct quic_conn *conn, u32 type, u32 len)
{
	if (type != EXT_EARLY_DATA)
		return begin(conn, FIELD_OTHER, len);
	if (len != 4)
		return wrong(conn, DECODE_ERROR,
			     "early_data of a NewSessionTicket has not 4 bytes");
	return begin(conn, FIELD_EARLY, len);
}

/* The field at hand is complete: what follows it? */
static int on_field(struct quic_conn *conn)
{
	struct quic_tls_after *t = &conn->tls_after;
	u32 v = t->value;

	switch (t->field) {
	case FIELD_TYPE:
		t->msg = 3;
		return check_type(conn, v) ?: begin(conn, FIELD_LEN, 3);
	case FIELD_LEN:
		if (v > TICKET_MAX)
			return wrong(conn, DECODE_ERROR, "a NewSessionTicket is too long");
		t->msg = v;
		return begin(conn, FIELD_TIMES, 8);
	case FIELD_TIMES:
		return begin(conn, FIELD_NONCE_LEN, 1);
	case FIELD_NONCE_LEN:
		return begin(conn, FIELD_NONCE, v);
	case FIELD_NONCE:
		return begin(conn, FIELD_TICKET_LEN, 2);
	case FIELD_TICKET_LEN:
		return v ? begin(conn, FIELD_TICKET, v) :
			   wrong(conn, DECODE_ERROR, "a NewSessionTicket without a ticket");
	case FIELD_TICKET:
		return begin(conn, FIELD_EXTS_LEN, 2);
	case FIELD_EXTS_LEN:
		return on_exts_len(conn, v);
	case FIELD_EXT:
		return on_ext(conn, v >> 16, v & 0xffff);
	case FIELD_EARLY:
		if (v != U32_MAX)
			return wrong(conn, QUIC_TRANSPORT_ERROR_PROTOCOL_VIOLATION,
				     "max_early_data_size is not 0xffffffff");
		return next_ext(conn);
	}
	return next_ext(conn);		/* FIELD_OTHER */
}

static int take(struct quic_conn *conn, const u8 *p, u32 len)
{
	struct quic_tls_after *t = &conn->tls_after;
	int err = 0;
	u32 i, n;

	while (len && !err) {
		n = min_t(u32, len, t->left);
		for (i = 0; i < n && NUMBERS & 1 << t->field; i++)
			t->value = t->value << 8 | p[i];
		p += n;
		len -= n;
		t->left -= n;
		while (!t->left && !err)	/* a field may be empty */
			err = on_field(conn);
	}
	return err;
}

int quic_tls_after_read(struct quic_conn *conn, struct quic_recvbuf *rb)
{
	const u8 *p;
	int err = 0;
	u32 n;

	while (!err) {
		p = quic_recvbuf_peek(rb, &n);
		if (!p)
			break;
		err = take(conn, p, n);
		quic_recvbuf_consume(rb, n);
	}
	return err;
}
