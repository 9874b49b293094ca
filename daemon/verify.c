// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is the peer who it should be?
 *
 * The chain that GnuTLS received is checked against a trust list, for dates,
 * for its purpose and for the name: a DNS name against the DNS names of the
 * certificate, an IP address only against its IP addresses (RFC 9525 6.3). Or,
 * in pinned mode, the leaf's public key is compared with a list of SHA-256
 * hashes, and then neither chain nor dates nor name matter.
 *
 * GnuTLS answers with a set of bits; the table below says which of them is
 * told to the person, the most fundamental first.
 *
 * Not here: revocation lists, OCSP, trust on first use.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>

#include "verify.h"

#define CHAIN_MAX 16		/* longer ones are refused */

static const struct {
	unsigned int bits;
	enum reason reason;
} rows[] = {
	{ GNUTLS_CERT_REVOKED,			REASON_CERT_REVOKED },
	{ GNUTLS_CERT_SIGNATURE_FAILURE,	REASON_CERT_BAD },
	{ GNUTLS_CERT_SIGNER_NOT_FOUND |
	  GNUTLS_CERT_SIGNER_NOT_CA |
	  GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, REASON_CERT_UNTRUSTED },
	{ GNUTLS_CERT_INSECURE_ALGORITHM,	REASON_CERT_WEAK },
	{ GNUTLS_CERT_EXPIRED,			REASON_CERT_EXPIRED },
	{ GNUTLS_CERT_NOT_ACTIVATED,		REASON_CERT_NOT_YET },
	{ GNUTLS_CERT_UNEXPECTED_OWNER,		REASON_CERT_NAME },
	{ GNUTLS_CERT_PURPOSE_MISMATCH,		REASON_CERT_PURPOSE },
};

struct chain {
	gnutls_x509_crt_t crt[CHAIN_MAX];
	unsigned int n;
};

static void chain_free(struct chain *c)
{
	for (unsigned int i = 0; i < c->n; i++)
		gnutls_x509_crt_deinit(c->crt[i]);
	c->n = 0;
}

static enum reason chain_get(gnutls_session_t session, struct chain *c)
{
	const gnutls_datum_t *der;
	unsigned int n = 0;

	c->n = 0;
	der = gnutls_certificate_get_peers(session, &n);
	if (!der || !n)
		return REASON_CERT_NONE;
	if (n > CHAIN_MAX)
		return REASON_CERT_BAD;
	while (c->n < n) {
		if (gnutls_x509_crt_init(&c->crt[c->n]))
			goto fail;
		if (gnutls_x509_crt_import(c->crt[c->n], &der[c->n],
					   GNUTLS_X509_FMT_DER)) {
			c->n++;
			goto fail;
		}
		c->n++;
	}
	return REASON_NONE;
fail:
	chain_free(c);
	return REASON_CERT_BAD;
}

static enum reason check_pin(gnutls_x509_crt_t leaf,
			     const struct verify_args *a)
{
	gnutls_datum_t spki = { NULL, 0 };
	enum reason r = REASON_CERT_PIN;
	uint8_t hash[WIRE_PIN_LEN];
	gnutls_pubkey_t key;

	if (gnutls_pubkey_init(&key))
		return REASON_MEMORY;
	if (gnutls_pubkey_import_x509(key, leaf, 0) ||
	    gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &spki) ||
	    gnutls_hash_fast(GNUTLS_DIG_SHA256, spki.data, spki.size, hash))
		r = REASON_CERT_BAD;
	for (unsigned int i = 0; i < a->n_pins && r == REASON_CERT_PIN; i++) {
		if (!memcmp(hash, a->pin[i], sizeof(hash)))
			r = REASON_NONE;
	}
	gnutls_free(spki.data);
	gnutls_pubkey_deinit(key);
	return r;
}

static void date(char *detail, const char *word, time_t t)
{
	char when[32] = "?";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm);
	snprintf(detail, VERIFY_DETAIL_MAX, "%s %s", word, when);
}

/* Name the thing that a person would look for next. */
static void explain(enum reason r, gnutls_x509_crt_t leaf,
		    const struct verify_args *a, char *detail)
{
	char name[64] = "?";
	size_t len = sizeof(name);

	switch (r) {
	case REASON_CERT_EXPIRED:
		date(detail, "until", gnutls_x509_crt_get_expiration_time(leaf));
		break;
	case REASON_CERT_NOT_YET:
		date(detail, "from", gnutls_x509_crt_get_activation_time(leaf));
		break;
	case REASON_CERT_NAME:
		snprintf(detail, VERIFY_DETAIL_MAX, "not for '%.80s'",
			 a->name);
		break;
	case REASON_CERT_UNTRUSTED:
		if (gnutls_x509_crt_get_issuer_dn(leaf, name, &len))
			snprintf(name, sizeof(name), "?");
		snprintf(detail, VERIFY_DETAIL_MAX, "issued by '%s'", name);
		break;
	default:
		break;
	}
}

static enum reason check_chain(struct chain *c, const struct verify_args *a,
			       unsigned int *status)
{
	gnutls_typed_vdata_st vdata[2];
	unsigned int n = 0;
	uint8_t ip[16];
	size_t ip_len;

	vdata[n].type = GNUTLS_DT_KEY_PURPOSE_OID;
	vdata[n].data = (unsigned char *)(a->client ?
			GNUTLS_KP_TLS_WWW_CLIENT : GNUTLS_KP_TLS_WWW_SERVER);
	vdata[n++].size = 0;
	if (a->name) {
		ip_len = verify_ip(a->name, ip);
		vdata[n].type = ip_len ? GNUTLS_DT_IP_ADDRESS :
					 GNUTLS_DT_DNS_HOSTNAME;
		vdata[n].data = ip_len ? ip : (unsigned char *)a->name;
		vdata[n++].size = (unsigned int)ip_len;
	}
	if (gnutls_x509_trust_list_verify_crt2(a->trust, c->crt, c->n, vdata, n,
					       0, status, NULL))
		return REASON_CERT_BAD;
	if (!*status)
		return REASON_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (*status & rows[i].bits)
			return rows[i].reason;
	}
	return REASON_CERT_BAD;
}

/**
 * verify_peer - check the chain that the peer presented
 * @session: past the peer's Certificate message
 * @a: what to check
 * @detail: VERIFY_DETAIL_MAX bytes, receives what is special about it
 *
 * Return: REASON_NONE if it is good.
 */
enum reason verify_peer(gnutls_session_t session, const struct verify_args *a,
			char *detail)
{
	unsigned int status = 0;
	struct chain chain;
	enum reason r;

	*detail = '\0';
	r = chain_get(session, &chain);
	if (r != REASON_NONE)
		return r;
	if (a->n_pins)
		r = check_pin(chain.crt[0], a);
	else
		r = check_chain(&chain, a, &status);
	explain(r, chain.crt[0], a, detail);
	chain_free(&chain);
	return r;
}

/**
 * verify_ip - is this name an IP address
 * @name: text
 * @ip: receives it in network byte order
 *
 * Return: 4, 16, or 0 if it is a DNS name.
 */
size_t verify_ip(const char *name, uint8_t ip[16])
{
	if (inet_pton(AF_INET, name, ip) == 1)
		return 4;
	return inet_pton(AF_INET6, name, ip) == 1 ? 16 : 0;
}
