// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Certificates, keys and CAs.
 *
 * A struct creds is filled once, while nobody else knows it, and is read-only
 * from then on: workers share it without a lock, and whoever holds a reference
 * on the configuration (or owns the handshake that brought its own
 * credentials) keeps it alive. Errors are GnuTLS codes, for the caller to
 * word, since only the caller knows the line of the file.
 *
 * Not here: PKCS#11, passwords, OCSP staples.
 */
#include <string.h>

#include <gnutls/abstract.h>

#include "creds.h"

#define DER_CHAIN_MAX 16

/**
 * creds_init - make empty credentials
 * @c: to be released with creds_clear()
 *
 * Return: 0 or GNUTLS_E_*.
 */
int creds_init(struct creds *c)
{
	memset(c, 0, sizeof(*c));
	return gnutls_certificate_allocate_credentials(&c->cert);
}

/**
 * creds_add_files - add a chain and its key; GnuTLS picks a pair by name
 * @c: credentials
 * @cert: PEM chain, leaf first
 * @key: PEM private key
 *
 * Return: 0 or GNUTLS_E_*.
 */
int creds_add_files(struct creds *c, const char *cert, const char *key)
{
	int err = gnutls_certificate_set_x509_key_file(c->cert, cert, key,
						       GNUTLS_X509_FMT_PEM);

	if (err < 0)
		return err;
	c->has_key = true;
	return 0;
}

/* Bytes of the DER element at @p, 0 if it is none or does not fit. */
static size_t der_element(const uint8_t *p, size_t left)
{
	size_t head = 2, n;

	if (left < head || p[0] != 0x30)
		return 0;
	n = p[1];
	if (n & 0x80) {
		size_t octets = n & 0x7f;

		if (!octets || octets > 3 || left < head + octets)
			return 0;
		for (n = 0; octets; octets--)
			n = n << 8 | p[head++];
	}
	return n > left - head ? 0 : head + n;
}

/* One element: a certificate, or else the key. */
static int import_der(const gnutls_datum_t *d, gnutls_x509_crt_t *chain,
		      unsigned int *n, gnutls_x509_privkey_t key)
{
	int err;

	if (*n == DER_CHAIN_MAX)
		return GNUTLS_E_INVALID_REQUEST;
	err = gnutls_x509_crt_init(&chain[*n]);
	if (err)
		return err;
	if (!gnutls_x509_crt_import(chain[*n], d, GNUTLS_X509_FMT_DER)) {
		(*n)++;
		return 0;
	}
	gnutls_x509_crt_deinit(chain[*n]);
	return gnutls_x509_privkey_import2(key, d, GNUTLS_X509_FMT_DER, NULL,
					   0);
}

/* Certificates and key one after the other, each as it is. */
static int add_der(struct creds *c, const uint8_t *p, size_t len)
{
	gnutls_x509_crt_t chain[DER_CHAIN_MAX];
	gnutls_x509_privkey_t key;
	unsigned int n = 0;
	int err = gnutls_x509_privkey_init(&key);

	if (err)
		return err;
	while (len && !err) {
		gnutls_datum_t d = { (unsigned char *)p,
				     (unsigned int)der_element(p, len) };

		err = d.size ? import_der(&d, chain, &n, key) :
			       GNUTLS_E_ASN1_DER_ERROR;
		p += d.size;
		len -= d.size;
	}
	if (!err)
		err = n ? gnutls_certificate_set_x509_key(c->cert, chain,
							  (int)n, key) :
			  GNUTLS_E_NO_CERTIFICATE_FOUND;
	while (n)
		gnutls_x509_crt_deinit(chain[--n]);
	gnutls_x509_privkey_deinit(key);
	return err;
}

/**
 * creds_add_memory - add a chain and key that a program brought
 * @c: credentials
 * @data: chain (leaf first) and private key: PEM in any order, or DER
 *	elements one after the other
 * @len: its length
 *
 * Return: 0 or GNUTLS_E_*.
 */
int creds_add_memory(struct creds *c, const void *data, size_t len)
{
	gnutls_datum_t d = { (unsigned char *)data, (unsigned int)len };
	int err;

	if (der_element(data, len))
		err = add_der(c, data, len);
	else
		err = gnutls_certificate_set_x509_key_mem(c->cert, &d, &d, GNUTLS_X509_FMT_PEM);
	if (err < 0)
		return err;
	c->has_key = true;
	return 0;
}

/**
 * creds_trust_file - trust the CAs of a file, instead of the system's
 * @c: credentials
 * @path: PEM certificates
 *
 * Return: 0 or GNUTLS_E_*; GNUTLS_E_NO_CERTIFICATE_FOUND if it holds none.
 */
int creds_trust_file(struct creds *c, const char *path)
{
	int n;

	if (!c->trust) {
		n = gnutls_x509_trust_list_init(&c->trust, 0);
		if (n < 0)
			return n;
	}
	n = gnutls_x509_trust_list_add_trust_file(c->trust, path, NULL,
						  GNUTLS_X509_FMT_PEM, 0, 0);
	if (n < 0)
		return n;
	return n ? 0 : GNUTLS_E_NO_CERTIFICATE_FOUND;
}

/**
 * creds_clear - release what creds_init() and its sisters made
 * @c: credentials; nobody else may use them any more
 */
void creds_clear(struct creds *c)
{
	if (c->cert)
		gnutls_certificate_free_credentials(c->cert);
	if (c->trust)
		gnutls_x509_trust_list_deinit(c->trust, 1);
	memset(c, 0, sizeof(*c));
}

/**
 * creds_system_trust - load the system's trust store
 * @trust: receives the list; gnutls_x509_trust_list_deinit(trust, 1) frees it
 *
 * Takes tens of milliseconds. Return: number of CAs or GNUTLS_E_*.
 */
int creds_system_trust(gnutls_x509_trust_list_t *trust)
{
	int n = gnutls_x509_trust_list_init(trust, 0);

	if (n < 0)
		return n;
	n = gnutls_x509_trust_list_add_system_trust(*trust, 0, 0);
	if (n < 0)
		gnutls_x509_trust_list_deinit(*trust, 1);
	return n;
}
