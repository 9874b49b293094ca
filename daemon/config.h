/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_CONFIG_H
#define QUICD_CONFIG_H

#include <pthread.h>

#include <urcu/ref.h>

#include "cipher.h"
#include "creds.h"
#include "hosts.h"
#include "log.h"

#define CONFIG_FILE "/etc/quicd.conf"
#define CONFIG_ERROR_MAX 512
#define CONFIG_WORKERS_MAX 256

/**
 * struct uid_range - users first to last, both included
 * @first: lowest uid
 * @last: highest uid
 */
struct uid_range {
	uint32_t first;
	uint32_t last;
};

/**
 * struct profile - a [profile NAME] section
 * @next: another one
 * @name: NAME
 * @creds: its certificates, keys, CAs
 * @uid: who may use it
 * @n_uids: how many ranges; 0: everybody
 * @alpn: for sockets that name no protocol, comma separated; "" none
 * @hosts: for clients that name no server
 */
struct profile {
	struct profile *next;
	char name[QUIC_HS_PROFILE_MAX + 1];
	struct creds creds;
	struct uid_range *uid;
	unsigned int n_uids;
	char alpn[QUIC_HS_ALPN_MAX + 1];
	struct hosts hosts;
};

/**
 * struct config - one generation of quicd.conf, read-only but for @system
 * @ref: one for being current, one for each handshake that uses it
 * @generation: 1 for the first
 * @workers: how many threads; fixed at start
 * @log_level: what to print
 * @keylog_fd: NSS key log, -1 for none
 * @ciphers: enabled, bit n for row n of cipher.c
 * @priority: by set of ciphers, for all that are enabled in full
 * @profiles: all, "default" among them
 * @system_lock: guards the making of @system
 * @system: the system's trust store, NULL until first used
 */
struct config {
	struct urcu_ref ref;
	unsigned int generation;
	unsigned int workers;
	enum log_level log_level;
	int keylog_fd;
	unsigned int ciphers;
	gnutls_priority_t priority[CIPHER_ALL + 1];
	struct profile *profiles;
	pthread_mutex_t system_lock;
	gnutls_x509_trust_list_t system;
};

struct config *config_load(const char *path, bool optional, char *error);
void config_publish(struct config *cfg);
struct config *config_get(void);
void config_put(struct config *cfg);
const struct profile *config_profile(const struct config *cfg,
				     const char *name);
bool config_allows(const struct profile *p, uint32_t uid);
gnutls_x509_trust_list_t config_system_trust(struct config *cfg);

#endif /* QUICD_CONFIG_H */
