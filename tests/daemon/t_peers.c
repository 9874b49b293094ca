// SPDX-License-Identifier: GPL-2.0
/*
 * The engine against plain GnuTLS sessions that behave as ours never would:
 * no ALPN, no transport parameters, too long ones, other groups, TLS 1.2.
 */
#include <errno.h>
#include <string.h>

#include <urcu.h>

#include "certs.h"
#include "engine.h"
#include "hello.h"
#include "tap.h"

#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:%DISABLE_TLS13_COMPAT_MODE"

static struct config *cfg;
static gnutls_certificate_credentials_t cred;

/* The plain side. */
struct plain {
	gnutls_session_t s;
	struct flight out;
	size_t params;		/* bytes of extension 0x39, 0: none */
	int err;		/* of gnutls_handshake() */
};

/* Our side, and what it said last. */
struct ours {
	struct engine *e;
	enum engine_state state;
	struct flight out;
	struct action last;
	unsigned int selects;
};

static int plain_crypto(gnutls_session_t s,
			gnutls_record_encryption_level_t level,
			gnutls_handshake_description_t type, const void *data,
			size_t len)
{
	static const uint32_t levels[] = { 1, 3, 2, 0 };
	struct plain *p = gnutls_session_get_ptr(s);

	if (type != GNUTLS_HANDSHAKE_CHANGE_CIPHER_SPEC)
		flight_crypto(&p->out, levels[level], data, len);
	return 0;
}

static int plain_secret(gnutls_session_t s,
			gnutls_record_encryption_level_t level, const void *r,
			const void *w, size_t len)
{
	(void)s;
	(void)level;
	(void)r;
	(void)w;
	(void)len;
	return 0;
}

static int plain_alert(gnutls_session_t s,
		       gnutls_record_encryption_level_t level,
		       gnutls_alert_level_t al, gnutls_alert_description_t a)
{
	(void)s;
	(void)level;
	(void)al;
	(void)a;
	return 0;
}

static int plain_params(gnutls_session_t s, gnutls_buffer_t buffer)
{
	struct plain *p = gnutls_session_get_ptr(s);
	uint8_t bytes[1024] = { 0 };

	return gnutls_buffer_append_data(buffer, bytes, p->params);
}

static int plain_ignore(gnutls_session_t s, const unsigned char *data,
			size_t len)
{
	(void)s;
	(void)data;
	(void)len;
	return 0;
}

static ssize_t plain_pull(gnutls_transport_ptr_t s, void *data, size_t len)
{
	(void)data;
	(void)len;
	gnutls_transport_set_errno(s, EAGAIN);
	return -1;
}

static int plain_wait(gnutls_transport_ptr_t s, unsigned int ms)
{
	(void)s;
	(void)ms;
	return 0;
}

static ssize_t plain_push(gnutls_transport_ptr_t s, const void *data,
			  size_t len)
{
	(void)s;
	(void)data;
	return (ssize_t)len;
}

static struct plain *plain_new(unsigned int flags, const char *priority,
			       const char *alpn, size_t params)
{
	gnutls_datum_t d = { (unsigned char *)alpn,
			     alpn ? (unsigned int)strlen(alpn) : 0 };
	struct plain *p = calloc(1, sizeof(*p));

	if (gnutls_init(&p->s, flags | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS) ||
	    gnutls_priority_set_direct(p->s, priority, NULL) ||
	    gnutls_credentials_set(p->s, GNUTLS_CRD_CERTIFICATE, cred))
		abort();
	p->params = params;
	gnutls_session_set_ptr(p->s, p);
	gnutls_transport_set_ptr(p->s, p->s);
	gnutls_transport_set_pull_function(p->s, plain_pull);
	gnutls_transport_set_pull_timeout_function(p->s, plain_wait);
	gnutls_transport_set_push_function(p->s, plain_push);
	gnutls_handshake_set_read_function(p->s, plain_crypto);
	gnutls_handshake_set_secret_function(p->s, plain_secret);
	gnutls_alert_set_read_function(p->s, plain_alert);
	if (alpn)
		gnutls_alpn_set_protocols(p->s, &d, 1, 0);
	if (params)
		gnutls_session_ext_register(p->s, "params", HELLO_TPARAMS_EXT,
					    GNUTLS_EXT_TLS, plain_ignore,
					    plain_params, NULL, NULL, NULL,
					    GNUTLS_EXT_FLAG_TLS |
					    GNUTLS_EXT_FLAG_CLIENT_HELLO |
					    GNUTLS_EXT_FLAG_EE);
	p->err = GNUTLS_E_AGAIN;
	return p;
}

static void plain_turn(struct plain *p)
{
	do {
		p->err = gnutls_handshake(p->s);
	} while (p->err < 0 && p->err != GNUTLS_E_AGAIN &&
		 !gnutls_error_is_fatal(p->err));
}

static void to_plain(struct ours *o, struct plain *p)
{
	static const gnutls_record_encryption_level_t levels[] = {
		[QUIC_CRYPTO_APP] = GNUTLS_ENCRYPTION_LEVEL_APPLICATION,
		[QUIC_CRYPTO_INITIAL] = GNUTLS_ENCRYPTION_LEVEL_INITIAL,
		[QUIC_CRYPTO_HANDSHAKE] = GNUTLS_ENCRYPTION_LEVEL_HANDSHAKE,
	};

	for (unsigned int i = 0; i < o->out.n; i++) {
		struct action *a = &o->out.action[i];

		o->last = *a;
		o->selects += a->type == QUIC_HS_ACTION_SELECT;
		if (a->type != QUIC_HS_ACTION_CRYPTO || p->err != GNUTLS_E_AGAIN)
			continue;
		gnutls_handshake_write(p->s, levels[a->level], a->data, a->len);
		plain_turn(p);
	}
	flight_reset(&o->out);
}

static void to_ours(struct plain *p, struct ours *o)
{
	static struct flight one;

	for (unsigned int i = 0; i < p->out.n; i++) {
		struct action *a = &p->out.action[i];

		o->state = engine_crypto(o->e, a->level, a->data, a->len,
					 &one);
		for (unsigned int k = 0; k < one.n; k++) {
			struct action *b = &one.action[k];

			o->last = *b;
			o->selects += b->type == QUIC_HS_ACTION_SELECT;
			if (b->type == QUIC_HS_ACTION_CRYPTO)
				flight_crypto(&o->out, b->level, b->data,
					      b->len);
		}
		flight_reset(&one);
	}
	flight_reset(&p->out);
}

static void pump(struct ours *o, struct plain *p)
{
	for (int i = 0; i < 10 && (o->out.n || p->out.n); i++) {
		to_plain(o, p);
		to_ours(p, o);
	}
}

static struct ours *ours_new(uint32_t role, const char *alpn)
{
	struct ours *o = calloc(1, sizeof(*o));
	struct hs_start s = { .role = role, .server_name = "server.test",
			      .ciphers = 0xb };

	s.tparams.len = 3;
	strcpy(s.alpn, role == QUIC_HS_ROLE_CLIENT ? alpn : "");
	if (role == QUIC_HS_ROLE_SERVER) {
		s.listener = calloc(1, sizeof(*s.listener));
		s.n_listeners = 1;
		s.listener->tparams.len = 3;
		strcpy(s.listener->alpn, alpn);
	}
	urcu_ref_get(&cfg->ref);
	o->e = engine_new(&s, cfg);
	o->state = engine_begin(o->e, &o->out);
	return o;
}

static void end(struct ours *o, struct plain *p)
{
	flight_reset(&o->out);
	flight_reset(&p->out);
	engine_free(o->e);
	gnutls_deinit(p->s);
	free(o);
	free(p);
}

static bool fails(struct ours *o, int error, int alert)
{
	printf("# %s\n", o->last.text);
	if (o->state == ENGINE_FAILED && o->last.error == (uint32_t)error &&
	    o->last.alert == alert)
		return true;
	printf("# state %d errno %u alert %d\n", o->state, o->last.error,
	       o->last.alert);
	return false;
}

static void server_ignores_alpn(void)
{
	struct ours *o = ours_new(QUIC_HS_ROLE_CLIENT, "h3");
	struct plain *p = plain_new(GNUTLS_SERVER, PRIORITY, NULL, 10);

	pump(o, p);
	CHECK(fails(o, EPROTONOSUPPORT, 120));
	end(o, p);
}

static void server_without_params(void)
{
	struct ours *o = ours_new(QUIC_HS_ROLE_CLIENT, "h3");
	struct plain *p = plain_new(GNUTLS_SERVER, PRIORITY, "h3", 0);

	pump(o, p);
	CHECK(fails(o, EPROTO, 109));
	end(o, p);
}

static void long_params(void)
{
	struct ours *o = ours_new(QUIC_HS_ROLE_CLIENT, "h3");
	struct plain *p = plain_new(GNUTLS_SERVER, PRIORITY, "h3",
				    QUIC_HS_TPARAMS_MAX + 1);

	pump(o, p);
	CHECK(fails(o, EPROTO, 47));
	end(o, p);
	o = ours_new(QUIC_HS_ROLE_SERVER, "h3");
	p = plain_new(GNUTLS_CLIENT, PRIORITY, "h3", QUIC_HS_TPARAMS_MAX + 1);
	plain_turn(p);
	pump(o, p);
	CHECK(fails(o, EPROTO, 47));
	end(o, p);
	o = ours_new(QUIC_HS_ROLE_SERVER, "h3");
	p = plain_new(GNUTLS_CLIENT, PRIORITY, "h3", QUIC_HS_TPARAMS_MAX);
	plain_turn(p);
	pump(o, p);
	CHECK_INT(o->state, ENGINE_DONE);
	end(o, p);
}

static void retry_for_client(void)
{
	struct ours *o = ours_new(QUIC_HS_ROLE_CLIENT, "h3");
	struct plain *p = plain_new(GNUTLS_SERVER, PRIORITY
				    ":-GROUP-ALL:+GROUP-SECP521R1", "h3", 10);

	pump(o, p);
	if (o->state != ENGINE_DONE)
		printf("# %s\n", o->last.text);
	CHECK_INT(o->state, ENGINE_DONE);
	CHECK_INT(p->err, 0);
	end(o, p);
}

/* A HelloRetryRequest: the second ClientHello must not SELECT again. */
static void retry_by_server(void)
{
	struct ours *o = ours_new(QUIC_HS_ROLE_SERVER, "h3");
	struct plain *p = plain_new(GNUTLS_CLIENT | GNUTLS_KEY_SHARE_TOP,
				    PRIORITY ":-GROUP-ALL:+GROUP-FFDHE2048:"
				    "+GROUP-SECP384R1", "h3", 10);

	plain_turn(p);
	pump(o, p);
	if (o->state != ENGINE_DONE)
		printf("# %s\n", o->last.text);
	CHECK_INT(o->state, ENGINE_DONE);
	CHECK_INT(o->selects, 1);
	CHECK_INT(p->err, 0);
	end(o, p);
}

static void slow_groups_only(void)
{
	struct ours *o = ours_new(QUIC_HS_ROLE_SERVER, "h3");
	struct plain *p = plain_new(GNUTLS_CLIENT, PRIORITY
				    ":-GROUP-ALL:+GROUP-FFDHE2048", "h3", 10);

	plain_turn(p);
	pump(o, p);
	CHECK_INT(o->state, ENGINE_FAILED);
	CHECK_INT(o->last.error, EPROTO);
	printf("# %s\n", o->last.text);
	end(o, p);
}

static void old_tls(void)
{
	struct ours *o = ours_new(QUIC_HS_ROLE_SERVER, "h3");
	struct plain *p = plain_new(GNUTLS_CLIENT,
				    "NORMAL:-VERS-ALL:+VERS-TLS1.2", "h3", 10);

	plain_turn(p);
	pump(o, p);
	CHECK(fails(o, EPROTO, 40));
	end(o, p);
}

static void other_cipher(void)
{
	struct ours *o = ours_new(QUIC_HS_ROLE_SERVER, "h3");
	struct plain *p = plain_new(GNUTLS_CLIENT, PRIORITY
				    ":-CIPHER-ALL:+AES-128-CCM", "h3",
				    10);

	plain_turn(p);
	pump(o, p);
	CHECK(fails(o, EPROTO, 40));
	end(o, p);
}

/* Extensions as bytes, for what no GnuTLS would send. */
static int parse_ee(const void *ext, size_t len, struct hello *h)
{
	uint8_t *msg = malloc(len + 2);
	int err;

	msg[0] = (uint8_t)(len >> 8);
	msg[1] = (uint8_t)len;
	memcpy(msg + 2, ext, len);
	err = hello_parse(msg, len + 2, false, h);
	free(msg);
	return err;
}

#define EE(bytes) parse_ee(bytes, sizeof(bytes) - 1, &h)

static void hello_bytes(void)
{
	struct hello h;

	CHECK(!EE(""));
	CHECK(!EE("\0\x10\0\5\0\3\2h3"));
	CHECK_INT(h.alpn.len, 3);
	CHECK(EE("\0\x10\0\5\0\3\3h3"));	/* name longer than its list */
	CHECK(EE("\0\x10\0\5\0\4\2h3"));	/* list longer than the extension */
	CHECK(EE("\0\x10\0\1\0"));
	CHECK(EE("\0\x10\0\0"));
	CHECK(EE("\0\x10\0\3\0\1\0"));		/* empty name */
	CHECK(EE("\0\x10\0\x9\0\3\2h3"));	/* extension longer than all */
	CHECK(!EE("\0\x39\0\0"));
	CHECK(h.has_tparams && !h.tparams.len);
	CHECK(!EE("\0\0\0\0"));
	CHECK(!EE("\0\0\0\6\0\4\0\0\1A"));
	CHECK(!strcmp(h.sni, "a"));
	CHECK(EE("\0\0\0\6\0\4\1\0\1A"));	/* not a host name */
	CHECK(EE("\0\0\0\6\0\4\0\0\2A"));
	CHECK(EE("\0\0\0\6\0\4\0\0\0A"));
	CHECK(EE("\0\0\0\6\0\4\0\0\1\0"));	/* NUL */
	CHECK(EE("\0\0\0\3\0\1\0"));
}

static void setup(void)
{
	char error[CONFIG_ERROR_MAX], text[512];

	rcu_register_thread();
	certs_make();
	snprintf(text, sizeof(text), "[global]\nlog_level = error\n"
		 "[profile default]\ncert = %s/good.pem\nkey = %s/good.key\n"
		 "ca = %s/ca.pem\n", certs_dir, certs_dir, certs_dir);
	certs_write("quicd.conf", text);
	cfg = config_load(certs_path("quicd.conf"), false, error);
	if (!cfg || gnutls_certificate_allocate_credentials(&cred) ||
	    gnutls_certificate_set_x509_key_file(cred, certs_path("good.pem"),
						 certs_path("good.key"),
						 GNUTLS_X509_FMT_PEM)) {
		printf("Bail out! %s\n", error);
		exit(1);
	}
}

static void teardown(void)
{
	gnutls_certificate_free_credentials(cred);
	config_put(cfg);
	certs_remove();
	rcu_unregister_thread();
}

TAP_MAIN(setup, teardown,
	 TAP_TEST(server_ignores_alpn),
	 TAP_TEST(server_without_params),
	 TAP_TEST(long_params),
	 TAP_TEST(retry_for_client),
	 TAP_TEST(retry_by_server),
	 TAP_TEST(slow_groups_only),
	 TAP_TEST(old_tls),
	 TAP_TEST(other_cipher),
	 TAP_TEST(hello_bytes))
