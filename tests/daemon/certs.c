// SPDX-License-Identifier: GPL-2.0
/*
 * Certificates for tests, made anew in a temporary directory.
 *
 *	ca.pem		a CA; other.pem: another one, that signed nothing
 *	good		server.test, *.wild.test, 192.0.2.1, 2001:db8::1
 *	second		second.test
 *	expired, future	server.test, dates in the past, in the future
 *	client		a client's, purpose "client authentication"
 *
 * each as NAME.pem and NAME.key.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>

#include "certs.h"

#define DAY 86400

char certs_dir[64] = "/tmp/quicd-test-XXXXXX";

static gnutls_x509_crt_t ca_crt;
static gnutls_x509_privkey_t ca_key;

static const struct {
	const char *name;
	const char *dns[2];
	const char *ip[2];
	const char *purpose;
	int from;			/* days from now */
	int until;
} leaves[] = {
	{ "good", { "server.test", "*.wild.test" },
	  { "192.0.2.1", "2001:db8::1" }, GNUTLS_KP_TLS_WWW_SERVER, -1, 30 },
	{ "second", { "second.test" }, { NULL }, NULL, -1, 30 },
	{ "expired", { "server.test" }, { NULL }, NULL, -20, -1 },
	{ "future", { "server.test" }, { NULL }, NULL, 10, 30 },
	{ "client", { "client.test" }, { NULL }, GNUTLS_KP_TLS_WWW_CLIENT,
	  -1, 30 },
};

const char *certs_path(const char *name)
{
	static char path[4][128];
	static unsigned int next;
	char *p = path[next++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", certs_dir, name);
	return p;
}

void certs_write(const char *name, const char *text)
{
	FILE *f = fopen(certs_path(name), "w");

	assert(f);
	fputs(text, f);
	fclose(f);
}

char *certs_read(const char *name, size_t *len)
{
	gnutls_datum_t d;
	char *copy;
	int err = gnutls_load_file(certs_path(name), &d);

	assert(!err);
	copy = malloc(d.size + 1);
	assert(copy);
	memcpy(copy, d.data, d.size);
	copy[d.size] = '\0';
	*len = d.size;
	gnutls_free(d.data);
	return copy;
}

static void store(const char *name, gnutls_x509_crt_t crt,
		  gnutls_x509_privkey_t key)
{
	gnutls_datum_t d;
	char file[64];

	assert(!gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &d));
	snprintf(file, sizeof(file), "%s.pem", name);
	certs_write(file, (char *)d.data);
	gnutls_free(d.data);
	assert(!gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &d));
	snprintf(file, sizeof(file), "%s.key", name);
	certs_write(file, (char *)d.data);
	assert(!chmod(certs_path(file), 0600));
	gnutls_free(d.data);
}

static gnutls_x509_privkey_t new_key(void)
{
	gnutls_x509_privkey_t key;

	assert(!gnutls_x509_privkey_init(&key));
	assert(!gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
					     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	return key;
}

static gnutls_x509_crt_t new_crt(const char *cn, gnutls_x509_privkey_t key,
				 int from, int until)
{
	gnutls_x509_crt_t crt;
	uint8_t serial[8];
	time_t now = time(NULL);

	assert(!gnutls_x509_crt_init(&crt));
	assert(!gnutls_x509_crt_set_version(crt, 3));
	assert(!gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial)));
	serial[0] &= 0x7f;
	assert(!gnutls_x509_crt_set_serial(crt, serial, sizeof(serial)));
	gnutls_x509_crt_set_activation_time(crt, now + from * DAY);
	gnutls_x509_crt_set_expiration_time(crt, now + until * DAY);
	assert(!gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME,
					      0, cn, (unsigned int)strlen(cn)));
	assert(!gnutls_x509_crt_set_key(crt, key));
	return crt;
}

static void make_ca(const char *name, gnutls_x509_crt_t *crt,
		    gnutls_x509_privkey_t *key)
{
	*key = new_key();
	*crt = new_crt(name, *key, -30, 300);
	assert(!gnutls_x509_crt_set_basic_constraints(*crt, 1, -1));
	assert(!gnutls_x509_crt_set_key_usage(*crt,
					      GNUTLS_KEY_KEY_CERT_SIGN));
	assert(!gnutls_x509_crt_sign2(*crt, *crt, *key, GNUTLS_DIG_SHA256, 0));
	store(name, *crt, *key);
}

static void add_name(gnutls_x509_crt_t crt, gnutls_x509_subject_alt_name_t type,
		     const void *name, unsigned int len)
{
	assert(!gnutls_x509_crt_set_subject_alt_name(crt, type, name, len, GNUTLS_FSAN_APPEND));
}

static void add_names(gnutls_x509_crt_t crt, size_t i)
{
	uint8_t ip[16];

	for (int j = 0; j < 2; j++) {
		const char *dns = leaves[i].dns[j], *a = leaves[i].ip[j];
		int len = a && strchr(a, ':') ? 16 : 4;

		if (dns)
			add_name(crt, GNUTLS_SAN_DNSNAME, dns, strlen(dns));
		if (!a)
			continue;
		assert(inet_pton(len == 16 ? AF_INET6 : AF_INET, a, ip) == 1);
		add_name(crt, GNUTLS_SAN_IPADDRESS, ip, len);
	}
}

void certs_make(void)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;

	assert(mkdtemp(certs_dir));
	make_ca("other", &crt, &key);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	make_ca("ca", &ca_crt, &ca_key);
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		key = new_key();
		crt = new_crt(leaves[i].name, key, leaves[i].from,
			      leaves[i].until);
		add_names(crt, i);
		if (leaves[i].purpose)
			assert(!gnutls_x509_crt_set_key_purpose_oid(crt, leaves[i].purpose, 0));
		assert(!gnutls_x509_crt_sign2(crt, ca_crt, ca_key,
					      GNUTLS_DIG_SHA256, 0));
		store(leaves[i].name, crt, key);
		gnutls_x509_crt_deinit(crt);
		gnutls_x509_privkey_deinit(key);
	}
	gnutls_x509_crt_deinit(ca_crt);
	gnutls_x509_privkey_deinit(ca_key);
}

void certs_spki(const char *name, uint8_t hash[32])
{
	gnutls_x509_crt_t crt;
	gnutls_pubkey_t key;
	gnutls_datum_t d, spki;
	char file[64];

	snprintf(file, sizeof(file), "%s.pem", name);
	assert(!gnutls_load_file(certs_path(file), &d));
	assert(!gnutls_x509_crt_init(&crt));
	assert(!gnutls_x509_crt_import(crt, &d, GNUTLS_X509_FMT_PEM));
	assert(!gnutls_pubkey_init(&key));
	assert(!gnutls_pubkey_import_x509(key, crt, 0));
	assert(!gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &spki));
	assert(!gnutls_hash_fast(GNUTLS_DIG_SHA256, spki.data, spki.size,
				 hash));
	gnutls_free(spki.data);
	gnutls_free(d.data);
	gnutls_pubkey_deinit(key);
	gnutls_x509_crt_deinit(crt);
}

void certs_remove(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", certs_dir);
	if (system(command))
		fprintf(stderr, "# %s failed\n", command);
}
