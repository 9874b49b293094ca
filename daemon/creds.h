/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_CREDS_H
#define QUICD_CREDS_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "common.h"

/**
 * struct creds - what one side presents and whom it trusts
 * @cert: chains and keys; read by any thread once loaded
 * @trust: CAs for the peer; NULL: the system store
 * @has_key: whether @cert holds a pair
 */
struct creds {
	gnutls_certificate_credentials_t cert;
	gnutls_x509_trust_list_t trust;
	bool has_key;
};

int creds_init(struct creds *c);
int creds_add_files(struct creds *c, const char *cert, const char *key);
int creds_add_memory(struct creds *c, const void *data, size_t len);
int creds_trust_file(struct creds *c, const char *path);
void creds_clear(struct creds *c);
int creds_system_trust(gnutls_x509_trust_list_t *trust);

#endif /* QUICD_CREDS_H */
