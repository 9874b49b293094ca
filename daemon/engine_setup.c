// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Turning what a socket asks for and what quicd.conf says into a GnuTLS
 * session: ciphers, credentials, names, protocols, and who is to be believed.
 *
 * A client is set up before its ClientHello; a server in two steps, the second
 * when the ClientHello has shown which listener it is for. Whatever is wrong is
 * recorded with engine_note() and makes the handshake end.
 *
 * Invariant: a session that verifies its peer has on_certificate() as its
 * verification function; only QUIC_VERIFY_NONE, and a server that asks for no
 * client certificate, go without.
 *
 * Not here: the run of the handshake (engine.c), how a chain is judged
 * (verify.c).
 */
#include <stdio.h>
#include <string.h>

#include <gnutls/gnutls.h>

#include "engine_int.h"

#define ALPN_NAMES_MAX (QUIC_HS_ALPN_MAX / 2 + 1)

static int on_certificate(gnutls_session_t session)
{
	struct engine *e = gnutls_session_get_ptr(session);
	struct verify_args args = { .client = engine_is_server(e) };
	char detail[VERIFY_DETAIL_MAX];
	enum reason r;

	args.trust = e->trust;
	if (!engine_is_server(e)) {
		args.name = e->start.server_name;
		if (e->start.verify == QUIC_VERIFY_PINNED) {
			args.pin = e->start.pin;
			args.n_pins = e->start.n_pins;
		}
	}
	r = verify_peer(session, &args, detail);
	if (r == REASON_CERT_NONE && engine_is_server(e) &&
	    e->listener->cert_request < 2)
		return 0;	/* asked for, not required */
	return r == REASON_NONE ? 0 : engine_note(e, r, detail);
}

static void default_alpn(const struct engine *e, const char *profile, char *alpn)
{
	const struct profile *p = config_profile(e->cfg, profile);

	if (p && !*alpn)
		copy_text(alpn, QUIC_HS_ALPN_MAX + 1, p->alpn);
}

/**
 * engine_setup_defaults - what quicd.conf says for a socket that said nothing
 * @e: engine; its START is changed
 *
 * A TCP program whose socket() call was changed names neither a protocol nor a
 * server. A profile that is not there is complained about later.
 */
void engine_setup_defaults(struct engine *e)
{
	struct hs_start *s = &e->start;
	const struct profile *p;
	const char *name;

	for (unsigned int i = 0; i < s->n_listeners; i++)
		default_alpn(e, s->listener[i].profile, s->listener[i].alpn);
	if (engine_is_server(e))
		return;
	default_alpn(e, s->profile, s->alpn);
	p = config_profile(e->cfg, s->profile);
	name = p ? hosts_find(&p->hosts, s->server_name) : NULL;
	if (name)
		copy_text(s->server_name, sizeof(s->server_name), name);
}

/**
 * engine_setup_ciphers - offer what the socket asks for, the kernel has and
 * quicd.conf allows
 * @e: engine
 * @number: the only cipher that the socket wants (TLS_CIPHER_*), 0 for any
 *
 * Return: 0 or GNUTLS_E_*.
 */
int engine_setup_ciphers(struct engine *e, uint32_t number)
{
	unsigned int mask = e->cfg->ciphers & cipher_mask(e->start.ciphers);
	int row = cipher_by_number(number);

	if (number)
		mask &= row == CIPHER_NONE ? 0 : 1U << row;
	if (!mask)
		return engine_note(e, REASON_CIPHER, NULL);
	return gnutls_priority_set(e->session, e->cfg->priority[mask]);
}

/* Find the profile, check that @uid may use it. NULL: failed. */
static const struct profile *use_profile(struct engine *e, const char *name,
					 uint32_t uid)
{
	const struct profile *p = config_profile(e->cfg, name);
	char detail[VERIFY_DETAIL_MAX];

	if (!p) {
		engine_note(e, REASON_NO_PROFILE, name);
		return NULL;
	}
	if (!config_allows(p, uid)) {
		snprintf(detail, sizeof(detail), "profile '%s', uid %u",
			 p->name, uid);
		engine_note(e, REASON_NOT_ALLOWED, detail);
		return NULL;
	}
	return p;
}

static int use_creds(struct engine *e, const struct creds *creds)
{
	e->creds = creds;
	return gnutls_credentials_set(e->session, GNUTLS_CRD_CERTIFICATE,
				      creds->cert);
}

static int use_trust(struct engine *e, gnutls_x509_trust_list_t trust)
{
	e->trust = trust ? trust : config_system_trust(e->cfg);
	if (!e->trust)
		return engine_note(e, REASON_TRUST_STORE, NULL);
	gnutls_session_set_verify_function(e->session, on_certificate);
	return 0;
}

static int use_verification(struct engine *e, const struct profile *profile)
{
	const struct hs_start *s = &e->start;
	char mode[16];

	switch (s->verify) {
	case QUIC_VERIFY_NONE:
		return 0;
	case QUIC_VERIFY_PINNED:
		if (!s->n_pins)
			return engine_note(e, REASON_NO_PIN, NULL);
		gnutls_session_set_verify_function(e->session, on_certificate);
		return 0;
	case QUIC_VERIFY_PROFILE:
	case QUIC_VERIFY_SYSTEM:
		if (!*s->server_name)
			return engine_note(e, REASON_NO_NAME, NULL);
		return use_trust(e, s->verify == QUIC_VERIFY_SYSTEM ? NULL :
				 profile->creds.trust);
	default:
		snprintf(mode, sizeof(mode), "mode %u", s->verify);
		return engine_note(e, REASON_VERIFY_MODE, mode);
	}
}

static int use_alpn_list(struct engine *e, const char *list)
{
	gnutls_datum_t name[ALPN_NAMES_MAX];
	unsigned int n = 0;
	size_t len;

	for (; *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		if (!len || len > 255 || n == ALPN_NAMES_MAX ||
		    (list[len] && !list[len + 1]))
			return engine_note(e, REASON_ALPN_LIST, NULL);
		name[n].data = (unsigned char *)list;
		name[n++].size = (unsigned int)len;
	}
	return n ? gnutls_alpn_set_protocols(e->session, name, n, 0) : 0;
}

static int use_own_creds(struct engine *e)
{
	int err = creds_init(&e->own);

	if (!err)
		err = creds_add_memory(&e->own, e->start.credential,
				       e->start.credential_len);
	if (err == GNUTLS_E_MEMORY_ERROR)
		return err;
	if (err)
		return engine_note(e, REASON_CREDENTIAL, gnutls_strerror(err));
	return use_creds(e, &e->own);
}

static int use_server_name(struct engine *e)
{
	char *name = e->start.server_name;
	size_t len = strlen(name);
	uint8_t ip[16];

	if (len > 1 && name[len - 1] == '.')
		name[--len] = '\0';	/* RFC 6066 3: no trailing dot */
	if (!len || verify_ip(name, ip))
		return 0;		/* RFC 6066 3: no literal addresses */
	return gnutls_server_name_set(e->session, GNUTLS_NAME_DNS, name, len);
}

/**
 * engine_setup_client - profile, verification, name, protocols, credentials
 * @e: engine of a client
 *
 * Return: 0 or GNUTLS_E_*.
 */
int engine_setup_client(struct engine *e)
{
	const struct hs_start *s = &e->start;
	const struct profile *p = use_profile(e, s->profile, s->uid);
	int err;

	if (!p)
		return GNUTLS_E_USER_ERROR;
	e->tparams = &s->tparams;
	err = use_verification(e, p);
	if (!err)
		err = use_server_name(e);
	if (!err)
		err = use_alpn_list(e, s->alpn);
	if (err)
		return err;
	return s->credential ? use_own_creds(e) : use_creds(e, &p->creds);
}

/* Client certificates: 0 none, 1 asked, 2 required. */
static int use_cert_request(struct engine *e, const struct profile *p)
{
	static const gnutls_certificate_request_t request[] = {
		GNUTLS_CERT_IGNORE, GNUTLS_CERT_REQUEST, GNUTLS_CERT_REQUIRE,
	};
	uint32_t want = e->listener->cert_request;

	gnutls_certificate_server_set_request(e->session, request[want]);
	return want ? use_trust(e, p->creds.trust) : 0;
}

/**
 * engine_setup_listener - profile, protocol, parameters of the listener
 * @e: engine of a server whose @listener is known
 * @alpn: the protocol chosen, empty for none
 *
 * Return: 0 or GNUTLS_E_*.
 */
int engine_setup_listener(struct engine *e, const struct blob *alpn)
{
	const struct hs_listener *l = e->listener;
	gnutls_datum_t name = { (unsigned char *)alpn->data,
				(unsigned int)alpn->len };
	const struct profile *p = use_profile(e, l->profile, l->uid);
	int err;

	if (!p)
		return GNUTLS_E_USER_ERROR;
	if (!p->creds.has_key)
		return engine_note(e, REASON_NO_KEY, p->name);
	e->tparams = e->version ? &l->version_tparams : &l->tparams;
	err = l->cipher ? engine_setup_ciphers(e, l->cipher) : 0;
	if (!err)
		err = use_creds(e, &p->creds);
	if (!err)
		err = use_cert_request(e, p);
	if (!err && name.size)
		err = gnutls_alpn_set_protocols(e->session, &name, 1,
						GNUTLS_ALPN_MANDATORY);
	return err;
}
