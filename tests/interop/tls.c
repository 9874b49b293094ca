// SPDX-License-Identifier: GPL-2.0
/*
 * tls - GnuTLS for h09peer: credentials, priorities, sessions
 *
 * TLS 1.3 only, the ciphers that --ciphers names in their order, one ALPN name that
 * both ends must want. The client verifies the chain and the name when --ca gives it
 * an authority, and nothing otherwise: it is a test's peer. GnuTLS itself writes a key
 * log where the environment's SSLKEYLOGFILE says. No tickets, no early data.
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <string.h>

#include <ngtcp2/ngtcp2_crypto_gnutls.h>

#include "peer.h"

static gnutls_certificate_credentials_t credentials;
static gnutls_priority_t priority;

void tls_setup(const struct options *o)
{
	char text[512];
	int e;

	snprintf(text, sizeof(text), "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL%s"
		 ":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:%%DISABLE_TLS13_COMPAT_MODE",
		 o->ciphers);
	e = gnutls_priority_init(&priority, text, NULL);
	if (!e)
		e = gnutls_certificate_allocate_credentials(&credentials);
	if (e)
		errx(EXIT_ENV, "GnuTLS: %s", gnutls_strerror(e));
	if (o->ca) {
		e = gnutls_certificate_set_x509_trust_file(credentials, o->ca,
							   GNUTLS_X509_FMT_PEM);
		if (e <= 0)
			errx(EXIT_ENV, "%s: %s", o->ca, e ? gnutls_strerror(e) : "no certificate");
	}
	if (!o->server)
		return;
	e = gnutls_certificate_set_x509_key_file(credentials, o->cert, o->key, GNUTLS_X509_FMT_PEM);
	if (e)
		errx(EXIT_ENV, "%s, %s: %s", o->cert, o->key, gnutls_strerror(e));
}

static bool is_address(const char *name)
{
	unsigned char room[16];

	return inet_pton(AF_INET, name, room) == 1 || inet_pton(AF_INET6, name, room) == 1;
}

static int set_name(gnutls_session_t s, const struct options *o)
{
	const char *name = o->name ? o->name : o->host;

	if (o->ca)
		gnutls_session_set_verify_cert(s, name, 0);
	if (is_address(name))
		return 0;
	return gnutls_server_name_set(s, GNUTLS_NAME_DNS, name, strlen(name));
}

gnutls_session_t tls_session(const struct options *o, ngtcp2_crypto_conn_ref *ref)
{
	gnutls_datum_t alpn = { (unsigned char *)(uintptr_t)o->alpn,
				(unsigned int)strlen(o->alpn) };
	gnutls_session_t s;
	int e;

	e = gnutls_init(&s, o->server ? GNUTLS_SERVER : GNUTLS_CLIENT);
	if (e)
		return NULL;
	e = gnutls_priority_set(s, priority);
	if (!e)
		e = gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, credentials);
	if (!e)
		e = gnutls_alpn_set_protocols(s, &alpn, 1, GNUTLS_ALPN_MANDATORY);
	if (!e && !o->server)
		e = set_name(s, o);
	gnutls_session_set_ptr(s, ref);
	if (!e)
		e = o->server ? ngtcp2_crypto_gnutls_configure_server_session(s) :
				ngtcp2_crypto_gnutls_configure_client_session(s);
	if (!e)
		return s;
	warnx("GnuTLS: %s", gnutls_strerror(e));
	gnutls_deinit(s);
	return NULL;
}

const char *tls_cipher(gnutls_session_t s)
{
	return gnutls_cipher_get_name(gnutls_cipher_get(s));
}
