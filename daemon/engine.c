// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One TLS 1.3 handshake for QUIC (RFC 9001 4), run by GnuTLS.
 *
 * Pure: what goes in is a START and CRYPTO bytes, what comes out is a flight
 * of actions; no socket, no clock, no thread. GnuTLS is a state machine that
 * we feed with gnutls_handshake_write() and turn with gnutls_handshake(); its
 * callbacks append to the flight as things happen, so the order of actions is
 * the order of the key schedule:
 *
 *	server	ClientHello		SELECT, PEER_PARAMS,
 *					SECRET Handshake receive and send,
 *					CRYPTO Initial (ServerHello),
 *					CRYPTO Handshake (EE to Finished),
 *					SECRET APP send
 *		Finished		SECRET APP receive, DONE
 *
 *	client	begin			CRYPTO Initial (ClientHello)
 *		ServerHello		SECRET Handshake receive and send
 *		EE to Finished		PEER_PARAMS,
 *					CRYPTO Handshake (Finished),
 *					SECRET APP receive and send, DONE
 *
 * FAIL, if it comes, is the last action; those before it stand, because the
 * kernel needs the keys to tell the peer (RFC 9001 4.8).
 *
 * A HelloRetryRequest puts one more CRYPTO Initial before those.
 *
 * Invariants: the first reason recorded wins, so what our own check found is
 * not covered by what GnuTLS makes of it. After DONE or FAIL nothing more is
 * emitted. A secret lives in GnuTLS and in the flight, nowhere else.
 *
 * Not here: setting a session up (engine_setup.c); resumption, 0-RTT, tickets,
 * post-handshake messages; QUIC Retry, which is the kernel's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

#include "engine_int.h"
#include "hello.h"

#define CHAIN_BYTES_MAX 60000	/* what fits a DONE beside its other parts */

static const uint32_t levels[] = {
	[GNUTLS_ENCRYPTION_LEVEL_INITIAL]	= QUIC_CRYPTO_INITIAL,
	[GNUTLS_ENCRYPTION_LEVEL_EARLY]		= QUIC_CRYPTO_EARLY,
	[GNUTLS_ENCRYPTION_LEVEL_HANDSHAKE]	= QUIC_CRYPTO_HANDSHAKE,
	[GNUTLS_ENCRYPTION_LEVEL_APPLICATION]	= QUIC_CRYPTO_APP,
};

/**
 * engine_note - record why a handshake fails; the first reason stays
 * @e: engine
 * @r: reason
 * @detail: what is special about this case, NULL for nothing
 *
 * Return: an error for GnuTLS's callbacks, so that it stops.
 */
int engine_note(struct engine *e, enum reason r, const char *detail)
{
	if (e->reason == REASON_NONE) {
		e->reason = r;
		copy_text(e->detail, sizeof(e->detail), detail ? detail : "");
	}
	return GNUTLS_E_USER_ERROR;
}

/* ---- callbacks of GnuTLS ---- */

static int on_secret(gnutls_session_t session,
		     gnutls_record_encryption_level_t level,
		     const void *secret_read, const void *secret_write,
		     size_t len)
{
	struct engine *e = gnutls_session_get_ptr(session);
	uint32_t cipher = cipher_number(gnutls_cipher_get(session));

	if (level == GNUTLS_ENCRYPTION_LEVEL_EARLY)
		return 0;
	if (!cipher || len > QUIC_HS_SECRET_MAX)
		return GNUTLS_E_INTERNAL_ERROR;
	if (secret_read)
		flight_secret(e->out, levels[level], false, cipher,
			      secret_read, len);
	if (secret_write)
		flight_secret(e->out, levels[level], true, cipher,
			      secret_write, len);
	return 0;
}

/* GnuTLS "reads" what we are to send. */
static int on_crypto(gnutls_session_t session,
		     gnutls_record_encryption_level_t level,
		     gnutls_handshake_description_t type, const void *data,
		     size_t len)
{
	struct engine *e = gnutls_session_get_ptr(session);

	if (type == GNUTLS_HANDSHAKE_CHANGE_CIPHER_SPEC)
		return 0;	/* RFC 9001 8.4: not in QUIC */
	flight_crypto(e->out, levels[level], data, len);
	return 0;
}

static int on_alert(gnutls_session_t session,
		    gnutls_record_encryption_level_t level,
		    gnutls_alert_level_t alert_level,
		    gnutls_alert_description_t alert)
{
	struct engine *e = gnutls_session_get_ptr(session);

	(void)level;
	if (alert_level == GNUTLS_AL_FATAL && e->alert == FLIGHT_NO_ALERT)
		e->alert = (int)alert;
	return 0;
}

static int on_tparams_send(gnutls_session_t session, gnutls_buffer_t buffer)
{
	struct engine *e = gnutls_session_get_ptr(session);

	if (!e->tparams)
		return GNUTLS_E_INTERNAL_ERROR;
	return gnutls_buffer_append_data(buffer, e->tparams->data,
					 e->tparams->len);
}

/* on_message() has read it already; GnuTLS only has to know that we do. */
static int on_tparams_recv(gnutls_session_t session, const unsigned char *data,
			   size_t len)
{
	(void)session;
	(void)data;
	(void)len;
	return 0;
}

static ssize_t no_pull(gnutls_transport_ptr_t ptr, void *data, size_t len)
{
	(void)data;
	(void)len;
	gnutls_transport_set_errno(((struct engine *)ptr)->session, EAGAIN);
	return -1;
}

static int no_pull_timeout(gnutls_transport_ptr_t ptr, unsigned int ms)
{
	(void)ptr;
	(void)ms;
	return 0;
}

static ssize_t no_push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	(void)data;
	(void)len;
	gnutls_transport_set_errno(((struct engine *)ptr)->session, EIO);
	return -1;
}

/* One line of the NSS key log format, in one write so that lines never mix. */
static int on_keylog(gnutls_session_t session, const char *label,
		     const gnutls_datum_t *secret)
{
	struct engine *e = gnutls_session_get_ptr(session);
	char line[64 + 2 * 32 + 2 * QUIC_HS_SECRET_MAX + 4];
	gnutls_datum_t client, server;
	size_t n;

	gnutls_session_get_random(session, &client, &server);
	if (strlen(label) > 64 || client.size > 32 ||
	    secret->size > QUIC_HS_SECRET_MAX)
		return 0;
	n = (size_t)sprintf(line, "%s ", label);
	for (unsigned int i = 0; i < client.size; i++)
		n += (size_t)sprintf(line + n, "%02x", client.data[i]);
	line[n++] = ' ';
	for (unsigned int i = 0; i < secret->size; i++)
		n += (size_t)sprintf(line + n, "%02x", secret->data[i]);
	line[n++] = '\n';
	if (write(e->cfg->keylog_fd, line, n) < 0)
		log_warning("cannot write the key log: %s", strerror(errno));
	explicit_bzero(line, sizeof(line));
	return 0;
}

/* ---- hellos ---- */

static int take_params(struct engine *e, const struct hello *h)
{
	if (e->peer_params)
		return 0;
	if (!h->has_tparams)
		return engine_note(e, REASON_NO_PARAMS, NULL);
	if (h->tparams.len > QUIC_HS_TPARAMS_MAX)
		return engine_note(e, REASON_PARAMS_LONG, NULL);
	flight_peer_params(e->out, h->tparams.data, h->tparams.len);
	e->peer_params = true;
	return 0;
}

static int on_client_hello(struct engine *e, const struct hello *h)
{
	struct blob alpn;
	enum reason r;

	if (e->listener)
		return 0;	/* the second one, after a HelloRetryRequest */
	r = hello_choose(h, e->start.listener, e->start.n_listeners,
			 &e->listener, &alpn);
	if (r != REASON_NONE)
		return engine_note(e, r, r == REASON_SNI ? (*h->sni ? h->sni :
			    "it names none") : NULL);
	if (e->listener->version && e->listener->version_tparams.len &&
	    hello_offers_version(h, e->listener->version))
		e->version = e->listener->version;
	flight_select(e->out, e->listener->id, e->version);
	if (take_params(e, h))
		return GNUTLS_E_USER_ERROR;
	return engine_setup_listener(e, &alpn);
}

/* RFC 9001 8.1: ALPN is not optional once it was offered. */
static int on_encrypted_extensions(struct engine *e, const struct hello *h)
{
	struct blob rest = h->alpn, name;

	if (*e->start.alpn) {
		if (!hello_next_alpn(&rest, &name))
			return engine_note(e, REASON_ALPN_NOT_CHOSEN, e->start.alpn);
		if (rest.len || !hello_list_has(e->start.alpn, &name))
			return engine_note(e, REASON_ALPN_FOREIGN, NULL);
	}
	return take_params(e, h);
}

/* Called with each raw message before GnuTLS acts on it. */
static int on_message(gnutls_session_t session, unsigned int type,
		      unsigned int when, unsigned int incoming,
		      const gnutls_datum_t *msg)
{
	struct engine *e = gnutls_session_get_ptr(session);
	bool hello = type == GNUTLS_HANDSHAKE_CLIENT_HELLO && engine_is_server(e);
	struct hello h;

	(void)when;
	if (!incoming)
		return 0;
	if (!hello && (type != GNUTLS_HANDSHAKE_ENCRYPTED_EXTENSIONS || engine_is_server(e)))
		return 0;
	if (hello_parse(msg->data, msg->size, hello, &h))
		return engine_note(e, REASON_HELLO, NULL);
	return hello ? on_client_hello(e, &h) :
		       on_encrypted_extensions(e, &h);
}

/* ---- running ---- */

static int setup_session(struct engine *e)
{
	unsigned int flags = GNUTLS_NONBLOCK | GNUTLS_NO_END_OF_EARLY_DATA |
			     GNUTLS_NO_AUTO_SEND_TICKET | GNUTLS_NO_TICKETS;
	gnutls_session_t s;
	int err;

	err = gnutls_init(&s, flags | (engine_is_server(e) ? GNUTLS_SERVER :
						      GNUTLS_CLIENT));
	if (err)
		return err;
	e->session = s;
	gnutls_session_set_ptr(s, e);
	gnutls_transport_set_ptr(s, e);
	gnutls_transport_set_pull_function(s, no_pull);
	gnutls_transport_set_pull_timeout_function(s, no_pull_timeout);
	gnutls_transport_set_push_function(s, no_push);
	gnutls_handshake_set_timeout(s, GNUTLS_INDEFINITE_TIMEOUT);
	gnutls_handshake_set_secret_function(s, on_secret);
	gnutls_handshake_set_read_function(s, on_crypto);
	gnutls_alert_set_read_function(s, on_alert);
	gnutls_handshake_set_hook_function(s, GNUTLS_HANDSHAKE_ANY,
					   GNUTLS_HOOK_PRE, on_message);
	/* never GnuTLS's own, which obeys SSLKEYLOGFILE */
	gnutls_session_set_keylog_function(s, e->cfg->keylog_fd < 0 ? NULL :
					   on_keylog);
	err = gnutls_session_ext_register(s, "quic_transport_parameters",
					  HELLO_TPARAMS_EXT, GNUTLS_EXT_TLS,
					  on_tparams_recv, on_tparams_send,
					  NULL, NULL, NULL,
					  GNUTLS_EXT_FLAG_TLS |
					  GNUTLS_EXT_FLAG_CLIENT_HELLO |
					  GNUTLS_EXT_FLAG_EE);
	engine_setup_defaults(e);
	if (!err)
		err = engine_setup_ciphers(e, e->start.cipher);
	if (!err && !engine_is_server(e))
		err = engine_setup_client(e);
	return err;
}

/* Peer's chain as QUIC_HS_ACT_CHAIN: as many certificates as fit, leaf first */
static void emit_done(struct engine *e)
{
	static const uint8_t nothing;
	const gnutls_datum_t *der;
	gnutls_datum_t alpn = { NULL, 0 };
	char name[QUIC_HS_ALPN_MAX + 1] = "";
	unsigned int n = 0;
	uint8_t *chain;
	size_t len = 0;

	der = gnutls_certificate_get_peers(e->session, &n);
	chain = n ? malloc(CHAIN_BYTES_MAX) : NULL;
	for (unsigned int i = 0; chain && i < n; i++) {
		uint32_t size = der[i].size;

		if (size > CHAIN_BYTES_MAX - sizeof(size) - len)
			break;
		memcpy(chain + len, &size, sizeof(size));
		memcpy(chain + len + sizeof(size), der[i].data, size);
		len += sizeof(size) + size;
	}
	if (!gnutls_alpn_get_selected_protocol(e->session, &alpn) &&
	    alpn.size < sizeof(name))
		memcpy(name, alpn.data, alpn.size);
	flight_done(e->out, name, chain ? chain : &nothing, len);
	free(chain);
	e->state = ENGINE_DONE;
}

/* @err made the handshake end. */
static void emit_fail(struct engine *e, int err)
{
	int alert = FLIGHT_NO_ALERT;
	int level;

	if (e->reason == REASON_NONE)
		engine_note(e, reason_from_gnutls(err), gnutls_strerror(err));
	if (e->reason == REASON_TLS)
		alert = e->alert != FLIGHT_NO_ALERT ? e->alert :
			gnutls_error_to_alert(err, &level);
	reason_fail(e->out, e->reason, alert < 0 ? FLIGHT_NO_ALERT : alert,
		    e->detail);
	e->state = ENGINE_FAILED;
}

/* Memory or room ran out in mid-flight: the kernel gets a FAIL instead. */
static void check_flight(struct engine *e)
{
	if (!e->out->broken)
		return;
	flight_reset(e->out);
	reason_fail(e->out, REASON_MEMORY, FLIGHT_NO_ALERT, NULL);
	e->state = ENGINE_FAILED;
}

static void turn(struct engine *e)
{
	int err;

	do {
		err = gnutls_handshake(e->session);
	} while (err < 0 && !gnutls_error_is_fatal(err) &&
		 err != GNUTLS_E_AGAIN && e->reason == REASON_NONE);
	if (e->reason != REASON_NONE || (err < 0 && err != GNUTLS_E_AGAIN))
		emit_fail(e, err);
	else if (!err)
		emit_done(e);
}

/**
 * engine_new - make a handshake
 * @start: what the kernel asked for; its contents move into the engine
 * @cfg: a reference, which moves too
 *
 * Return: NULL without memory; then both still belong to the caller.
 */
struct engine *engine_new(struct hs_start *start, struct config *cfg)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->start = *start;
	memset(start, 0, sizeof(*start));
	e->cfg = cfg;
	e->alert = FLIGHT_NO_ALERT;
	return e;
}

/**
 * engine_begin - set up TLS; a client also makes its first flight
 * @e: new engine
 * @out: empty flight
 *
 * Return: whether it goes on.
 */
enum engine_state engine_begin(struct engine *e, struct flight *out)
{
	int err;

	e->out = out;
	err = setup_session(e);
	if (err)
		emit_fail(e, err);
	else if (!engine_is_server(e))
		turn(e);
	check_flight(e);
	e->out = NULL;
	return e->state;
}

static gnutls_record_encryption_level_t gnutls_level(uint32_t level)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(levels) - 1; i++) {
		if (levels[i] == level)
			break;
	}
	return (gnutls_record_encryption_level_t)i;
}

/**
 * engine_crypto - take bytes that the peer sent
 * @e: engine after engine_begin()
 * @level: INITIAL or HANDSHAKE; APP is ignored, there is nothing to say yet
 * @data: the bytes, in order per level
 * @len: how many
 * @out: empty flight
 *
 * Return: whether it goes on. Nothing is emitted once it has ended.
 */
enum engine_state engine_crypto(struct engine *e, uint32_t level,
				const void *data, size_t len,
				struct flight *out)
{
	int err;

	if (e->state != ENGINE_RUNNING || level == QUIC_CRYPTO_APP)
		return e->state;
	e->out = out;
	err = gnutls_handshake_write(e->session, gnutls_level(level), data,
				     len);
	if (err < 0 && gnutls_error_is_fatal(err))
		emit_fail(e, err);
	else
		turn(e);
	check_flight(e);
	e->out = NULL;
	return e->state;
}

/**
 * engine_free - forget a handshake
 * @e: NULL is fine
 */
void engine_free(struct engine *e)
{
	if (!e)
		return;
	if (e->session)
		gnutls_deinit(e->session);
	creds_clear(&e->own);
	wire_start_clear(&e->start);
	config_put(e->cfg);
	free(e);
}
