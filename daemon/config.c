// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * quicd.conf: reading it, publishing it, holding on to it.
 *
 * A configuration is built from scratch, checked completely (certificates
 * parse, keys match) and only then published with an RCU pointer, so a reader
 * sees one generation or the next, never a mixture, and a bad file leaves the
 * old generation in force. A handshake takes a reference when it starts and
 * uses that generation to its end: a reload in mid-handshake changes nothing
 * for it. The old one goes when it is no longer current, a grace period has
 * passed (a reader may be between reading the pointer and taking its
 * reference) and the last handshake has let go.
 *
 * The file is INI: sections [global] and [profile NAME], lines "key = value",
 * comments after # or ; at the start of a line. Keys are rows of one table.
 * Every complaint is one line "FILE:LINE: what; cure".
 *
 * Context: load and publish belong to the main thread; get, put and lookups to
 * any thread registered with RCU.
 *
 * Not here: include files, environment variables.
 *
 * Large because keys, their parsers and their checks are one grammar.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <urcu.h>

#include "config.h"

#define PAIRS_MAX 16		/* certificate and key pairs in one profile */
#define LINE_MAX_BYTES 4096

static struct config *current;		/* RCU; written by the main thread */

/* What is only needed while the file is being read. */
struct parser {
	const char *path;
	unsigned int line;
	char *error;			/* CONFIG_ERROR_MAX bytes */
	struct config *cfg;
	struct profile *profile;	/* NULL in [global] */
	bool section;			/* one was opened */
	unsigned int profile_line;
	char *cert[PAIRS_MAX];
	char *key[PAIRS_MAX];
	unsigned int cert_line[PAIRS_MAX];
	unsigned int n_certs;
	unsigned int n_keys;
};

__attribute__((format(printf, 3, 4)))
static int complain(struct parser *p, unsigned int line, const char *fmt, ...)
{
	va_list ap;
	int n;

	n = snprintf(p->error, CONFIG_ERROR_MAX, "%s:%u: ", p->path, line);
	if (n > 0 && n < CONFIG_ERROR_MAX) {
		va_start(ap, fmt);
		vsnprintf(p->error + n, (size_t)(CONFIG_ERROR_MAX - n), fmt,
			  ap);
		va_end(ap);
	}
	return -1;
}

/* A decimal number without sign, at most @max. */
static int parse_number(const char *s, unsigned long max, uint32_t *number)
{
	unsigned long v;
	char *end;

	if (!isdigit((unsigned char)*s))
		return -1;
	errno = 0;
	v = strtoul(s, &end, 10);
	if (errno || *end || v > max)
		return -1;
	*number = (uint32_t)v;
	return 0;
}

static int set_workers(struct parser *p, const char *value)
{
	uint32_t n;

	if (parse_number(value, CONFIG_WORKERS_MAX, &n) || !n)
		return complain(p, p->line, "workers must be 1 to %d, not '%s'",
				CONFIG_WORKERS_MAX, value);
	p->cfg->workers = n;
	return 0;
}

static int set_log_level(struct parser *p, const char *value)
{
	if (!log_parse_level(value, &p->cfg->log_level))
		return complain(p, p->line, "unknown log level '%s'; use error,"
				" warning, info or debug", value);
	return 0;
}

static int set_keylog(struct parser *p, const char *value)
{
	int fd = open(value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
		      O_NOFOLLOW, 0600);

	if (fd < 0)
		return complain(p, p->line, "cannot open key log '%s': %s",
				value, strerror(errno));
	if (p->cfg->keylog_fd >= 0)
		close(p->cfg->keylog_fd);
	p->cfg->keylog_fd = fd;
	return 0;
}

static int set_ciphers(struct parser *p, const char *value)
{
	size_t n;
	int row;

	p->cfg->ciphers = 0;
	for (;; value += n) {
		value += strspn(value, ", \t");
		n = strcspn(value, ", \t");
		if (!n)
			break;
		row = cipher_by_name(value, n);
		if (row == CIPHER_NONE)
			return complain(p, p->line, "unknown cipher '%.*s'; use"
					" aes128-gcm, aes256-gcm or"
					" chacha20-poly1305", (int)n, value);
		p->cfg->ciphers |= 1U << row;
	}
	if (!p->cfg->ciphers)
		return complain(p, p->line,
				"ciphers is empty; leave it out for all");
	return 0;
}

static int remember(struct parser *p, char **list, unsigned int *n,
		    const char *value)
{
	if (*n == PAIRS_MAX)
		return complain(p, p->line, "more than %d pairs in a profile",
				PAIRS_MAX);
	list[*n] = strdup(value);
	if (!list[*n])
		return complain(p, p->line, "out of memory");
	(*n)++;
	return 0;
}

static int set_cert(struct parser *p, const char *value)
{
	if (p->n_certs < PAIRS_MAX)
		p->cert_line[p->n_certs] = p->line;
	return remember(p, p->cert, &p->n_certs, value);
}

static int set_key(struct parser *p, const char *value)
{
	struct stat st;

	if (!stat(value, &st) && st.st_mode & 0006)
		log_warning("%s:%u: key '%s' is open to everybody; chmod 600",
			    p->path, p->line, value);
	return remember(p, p->key, &p->n_keys, value);
}

static int set_ca(struct parser *p, const char *value)
{
	int err = creds_trust_file(&p->profile->creds, value);

	if (err < 0)
		return complain(p, p->line, "cannot use CA file '%s': %s",
				value, access(value, R_OK) ? strerror(errno) :
				gnutls_strerror(err));
	return 0;
}

/* "1000", "1000-1999" or a user's name */
static int parse_uids(const char *word, struct uid_range *r)
{
	char copy[64];
	struct passwd *pw;
	char *dash;

	if (!isdigit((unsigned char)*word)) {
		pw = getpwnam(word);
		if (!pw)
			return -1;
		r->first = pw->pw_uid;
		r->last = pw->pw_uid;
		return 0;
	}
	if (snprintf(copy, sizeof(copy), "%s", word) >= (int)sizeof(copy))
		return -1;
	dash = strchr(copy, '-');
	if (dash)
		*dash++ = '\0';
	if (parse_number(copy, UINT32_MAX - 1, &r->first))
		return -1;
	r->last = r->first;
	if (dash && parse_number(dash, UINT32_MAX - 1, &r->last))
		return -1;
	return r->last < r->first ? -1 : 0;
}

static int set_allow_uid(struct parser *p, const char *value)
{
	struct profile *pr = p->profile;
	struct uid_range *more, r;
	char *copy = strdup(value);
	char *save = NULL;
	int err = -1;

	if (!copy)
		return complain(p, p->line, "out of memory");
	for (char *w = strtok_r(copy, ", \t", &save); w;
	     w = strtok_r(NULL, ", \t", &save)) {
		if (parse_uids(w, &r)) {
			complain(p, p->line, "'%s' is no user here; use a"
				 " number, a range 1000-1999 or a name", w);
			goto out;
		}
		more = reallocarray(pr->uid, pr->n_uids + 1, sizeof(*more));
		if (!more) {
			complain(p, p->line, "out of memory");
			goto out;
		}
		pr->uid = more;
		pr->uid[pr->n_uids++] = r;
	}
	err = pr->n_uids ? 0 : complain(p, p->line, "allow_uid is empty;"
					" leave it out to allow everybody");
out:
	free(copy);
	return err;
}

/* RFC 7301 3.1: a name is not empty; one of more than 255 bytes does not fit. */
static int set_alpn(struct parser *p, const char *value)
{
	size_t len = strlen(value);

	if (len > QUIC_HS_ALPN_MAX || value[0] == ',' || value[len - 1] == ',' ||
	    strstr(value, ",,") || strpbrk(value, " \t"))
		return complain(p, p->line, "alpn is names with single commas"
				" between, %d characters at most",
				QUIC_HS_ALPN_MAX);
	copy_text(p->profile->alpn, sizeof(p->profile->alpn), value);
	return 0;
}

static int set_host(struct parser *p, const char *value)
{
	switch (hosts_add(&p->profile->hosts, value)) {
	case 0:
		return 0;
	case -ENOMEM:
		return complain(p, p->line, "out of memory");
	case -EEXIST:
		return complain(p, p->line, "this address has a name already:"
				" '%s'", value);
	}
	return complain(p, p->line, "'%s' is not ADDRESS NAME; use for example"
			" 192.0.2.1 www.example.org", value);
}

static const struct {
	bool global;
	const char *name;
	int (*set)(struct parser *p, const char *value);
} keys[] = {
	{ true,  "workers",	set_workers },
	{ true,  "log_level",	set_log_level },
	{ true,  "keylog",	set_keylog },
	{ true,  "ciphers",	set_ciphers },
	{ false, "cert",	set_cert },
	{ false, "key",		set_key },
	{ false, "ca",		set_ca },
	{ false, "allow_uid",	set_allow_uid },
	{ false, "alpn",	set_alpn },
	{ false, "host",	set_host },
};

static struct profile *find_profile(const struct config *cfg, const char *name)
{
	struct profile *p;

	for (p = cfg->profiles; p; p = p->next) {
		if (!strcmp(p->name, name))
			break;
	}
	return p;
}

static struct profile *add_profile(struct config *cfg, const char *name)
{
	struct profile *p = calloc(1, sizeof(*p));

	if (!p || creds_init(&p->creds)) {
		free(p);
		return NULL;
	}
	copy_text(p->name, sizeof(p->name), name);
	p->next = cfg->profiles;
	cfg->profiles = p;
	return p;
}

static int load_pair(struct parser *p, unsigned int i)
{
	const char *cert = p->cert[i], *key = p->key[i];
	int err;

	if (access(cert, R_OK))
		return complain(p, p->cert_line[i], "cannot read '%s': %s",
				cert, strerror(errno));
	if (access(key, R_OK))
		return complain(p, p->cert_line[i], "cannot read '%s': %s",
				key, strerror(errno));
	err = creds_add_files(&p->profile->creds, cert, key);
	if (err == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return complain(p, p->cert_line[i], "key '%s' does not belong"
				" to certificate '%s'", key, cert);
	if (err)
		return complain(p, p->cert_line[i], "cannot use '%s' with '%s':"
				" %s; both must be PEM", cert, key,
				gnutls_strerror(err));
	return 0;
}

/* At the end of a profile's section: pairs are complete only now. */
static int close_section(struct parser *p)
{
	int err = 0;

	if (p->n_certs != p->n_keys)
		err = complain(p, p->profile_line, "profile '%s' has %u cert"
			       " but %u key lines; each cert needs its key",
			       p->profile->name, p->n_certs, p->n_keys);
	for (unsigned int i = 0; i < p->n_certs && !err; i++)
		err = load_pair(p, i);
	for (unsigned int i = 0; i < PAIRS_MAX; i++) {
		free(p->cert[i]);
		free(p->key[i]);
		p->cert[i] = NULL;
		p->key[i] = NULL;
	}
	p->n_certs = 0;
	p->n_keys = 0;
	return err;
}

static int open_section(struct parser *p, char *s)
{
	char *end = strchr(s, ']');
	char *name;

	if (close_section(p))
		return -1;
	if (!end || end[1])
		return complain(p, p->line, "a section is [global] or"
				" [profile NAME]");
	*end = '\0';
	p->section = true;
	p->profile = NULL;
	if (!strcmp(s, "[global"))
		return 0;
	if (strncmp(s, "[profile ", 9))
		return complain(p, p->line, "unknown section %s]; use [global]"
				" or [profile NAME]", s);
	name = s + 9 + strspn(s + 9, " \t");
	if (!*name || strlen(name) > QUIC_HS_PROFILE_MAX ||
	    strpbrk(name, " \t"))
		return complain(p, p->line, "a profile's name has 1 to %d"
				" characters, no spaces", QUIC_HS_PROFILE_MAX);
	if (find_profile(p->cfg, name))
		return complain(p, p->line, "profile '%s' appears twice", name);
	p->profile = add_profile(p->cfg, name);
	p->profile_line = p->line;
	return p->profile ? 0 : complain(p, p->line, "out of memory");
}

static int set_value(struct parser *p, char *s)
{
	char *value = strchr(s, '=');
	size_t n;

	if (!value)
		return complain(p, p->line, "expected 'key = value', found"
				" '%s'", s);
	*value++ = '\0';
	value += strspn(value, " \t");
	for (n = strlen(s); n && isspace((unsigned char)s[n - 1]); n--)
		s[n - 1] = '\0';
	if (!p->section)
		return complain(p, p->line, "'%s' stands before any section;"
				" put [global] above it", s);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(keys[i].name, s))
			continue;
		if (keys[i].global != !p->profile)
			return complain(p, p->line, "'%s' belongs into a [%s]"
					" section", s, keys[i].global ?
					"global" : "profile NAME");
		if (!*value)
			return complain(p, p->line, "'%s' has no value", s);
		return keys[i].set(p, value);
	}
	return complain(p, p->line, "unknown key '%s'; see quicd.conf(5)", s);
}

static int parse_line(struct parser *p, char *s)
{
	size_t n;

	s += strspn(s, " \t");
	for (n = strlen(s); n && isspace((unsigned char)s[n - 1]); n--)
		s[n - 1] = '\0';
	if (!*s || *s == '#' || *s == ';')
		return 0;
	return *s == '[' ? open_section(p, s) : set_value(p, s);
}

static int parse_file(struct parser *p, FILE *f)
{
	char line[LINE_MAX_BYTES];
	int err = 0;

	while (!err && fgets(line, sizeof(line), f)) {
		p->line++;
		if (!strchr(line, '\n') && !feof(f))
			err = complain(p, p->line, "line is too long");
		else
			err = parse_line(p, line);
	}
	if (!err && ferror(f))
		err = complain(p, p->line, "cannot read: %s", strerror(errno));
	if (!err)
		return close_section(p);
	/* only frees what an unfinished section collected */
	for (unsigned int i = 0; i < PAIRS_MAX; i++) {
		free(p->cert[i]);
		free(p->key[i]);
	}
	return -1;
}

static int finish(struct parser *p)
{
	struct config *cfg = p->cfg;
	int err = 0;

	if (!find_profile(cfg, "default") && !add_profile(cfg, "default"))
		return complain(p, p->line, "out of memory");
	for (unsigned int mask = 1; mask <= CIPHER_ALL && !err; mask++) {
		if (!(mask & ~cfg->ciphers))
			err = cipher_priority(mask, &cfg->priority[mask]);
	}
	if (err)
		return complain(p, p->line, "GnuTLS refuses the ciphers: %s",
				gnutls_strerror(err));
	return 0;
}

static struct config *new_config(void)
{
	static unsigned int generation;
	struct config *cfg = calloc(1, sizeof(*cfg));
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (!cfg)
		return NULL;
	urcu_ref_init(&cfg->ref);
	pthread_mutex_init(&cfg->system_lock, NULL);
	cfg->generation = ++generation;
	cfg->workers = cpus < 2 ? 2 : (unsigned int)cpus;
	if (cfg->workers > CONFIG_WORKERS_MAX)
		cfg->workers = CONFIG_WORKERS_MAX;
	cfg->log_level = LOG_INFO;
	cfg->keylog_fd = -1;
	cfg->ciphers = CIPHER_ALL;
	return cfg;
}

/**
 * config_load - read a file
 * @path: its name
 * @optional: a missing file means defaults
 * @error: CONFIG_ERROR_MAX bytes, receives one line if it fails
 *
 * Return: a configuration with one reference, or NULL.
 */
struct config *config_load(const char *path, bool optional, char *error)
{
	struct parser p = { .path = path, .error = error };
	FILE *f;
	int err = 0;

	p.cfg = new_config();
	if (!p.cfg) {
		complain(&p, 0, "out of memory");
		return NULL;
	}
	f = fopen(path, "re");
	if (f) {
		err = parse_file(&p, f);
		fclose(f);
	} else if (errno != ENOENT || !optional) {
		err = complain(&p, 0, "cannot open: %s", strerror(errno));
	}
	if (!err)
		err = finish(&p);
	if (err) {
		config_put(p.cfg);
		return NULL;
	}
	return p.cfg;
}

static void config_free(struct urcu_ref *ref)
{
	struct config *cfg = caa_container_of(ref, struct config, ref);
	struct profile *p, *next;

	for (p = cfg->profiles; p; p = next) {
		next = p->next;
		creds_clear(&p->creds);
		hosts_clear(&p->hosts);
		free(p->uid);
		free(p);
	}
	for (unsigned int mask = 1; mask <= CIPHER_ALL; mask++) {
		if (cfg->priority[mask])
			gnutls_priority_deinit(cfg->priority[mask]);
	}
	if (cfg->system)
		gnutls_x509_trust_list_deinit(cfg->system, 1);
	if (cfg->keylog_fd >= 0)
		close(cfg->keylog_fd);
	pthread_mutex_destroy(&cfg->system_lock);
	free(cfg);
}

/**
 * config_publish - make a configuration the current one
 * @cfg: takes the caller's reference; NULL at exit
 *
 * Context: main thread, registered with RCU, outside read sections: waits for
 * a grace period before it drops the reference of the former one.
 */
void config_publish(struct config *cfg)
{
	struct config *old = rcu_xchg_pointer(&current, cfg);

	if (!old)
		return;
	synchronize_rcu();
	config_put(old);
}

/**
 * config_get - take a reference on the current configuration
 *
 * Context: any thread registered with RCU. Return: never NULL while one is
 * published: config_publish() drops the old one only after a grace period, so
 * its count cannot reach 0 inside our read section.
 */
struct config *config_get(void)
{
	struct config *cfg;

	rcu_read_lock();
	cfg = rcu_dereference(current);
	if (cfg && !urcu_ref_get_unless_zero(&cfg->ref))
		cfg = NULL;
	rcu_read_unlock();
	return cfg;
}

/**
 * config_put - let go of a configuration
 * @cfg: freed with its last reference
 */
void config_put(struct config *cfg)
{
	urcu_ref_put(&cfg->ref, config_free);
}

/**
 * config_profile - find a profile
 * @cfg: held by the caller
 * @name: "" means "default"
 *
 * Return: lives as long as @cfg; NULL if there is none of that name.
 */
const struct profile *config_profile(const struct config *cfg,
				     const char *name)
{
	return find_profile(cfg, *name ? name : "default");
}

/**
 * config_allows - may this user use this profile
 * @p: profile
 * @uid: as the initial user namespace sees it
 *
 * Return: true for everybody unless the profile lists users.
 */
bool config_allows(const struct profile *p, uint32_t uid)
{
	for (unsigned int i = 0; i < p->n_uids; i++) {
		if (uid >= p->uid[i].first && uid <= p->uid[i].last)
			return true;
	}
	return !p->n_uids;
}

/**
 * config_system_trust - the system's trust store, loaded at first use
 * @cfg: held by the caller
 *
 * Context: any thread; others wait while one loads it. A reload of quicd
 * reads it anew. Return: lives as long as @cfg; NULL if it cannot be read.
 */
gnutls_x509_trust_list_t config_system_trust(struct config *cfg)
{
	gnutls_x509_trust_list_t trust;
	int n;

	pthread_mutex_lock(&cfg->system_lock);
	if (!cfg->system) {
		n = creds_system_trust(&cfg->system);
		if (n < 0) {
			cfg->system = NULL;
			log_warning("cannot read the system trust store: %s",
				    gnutls_strerror(n));
		}
	}
	trust = cfg->system;
	pthread_mutex_unlock(&cfg->system_lock);
	return trust;
}
