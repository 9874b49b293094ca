// SPDX-License-Identifier: GPL-2.0
/*
 * quicd.conf: what is understood, and that each mistake is named with its line.
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <urcu.h>

#include "certs.h"
#include "config.h"
#include "tap.h"

static char error[CONFIG_ERROR_MAX];

/* "@" in @text stands for the directory of the certificates. */
static struct config *load(const char *text)
{
	char file[8192];
	size_t n = 0;

	for (; *text; text++) {
		if (*text == '@')
			n += (size_t)sprintf(file + n, "%s", certs_dir);
		else
			file[n++] = *text;
	}
	file[n] = '\0';
	certs_write("quicd.conf", file);
	error[0] = '\0';
	return config_load(certs_path("quicd.conf"), false, error);
}

static void complete(void)
{
	const struct profile *p;
	struct config *c;

	c = load("# comment\n; comment\n\n[global]\n  workers = 3\n"
		 "log_level=debug\nciphers = aes128-gcm, chacha20-poly1305\n"
		 "[profile default]\ncert = @/good.pem\nkey = @/good.key\n"
		 "cert = @/second.pem\nkey = @/second.key\n"
		 "ca = @/ca.pem\nca = @/other.pem\n"
		 "alpn = h3,http/1.1\n"
		 "host = 192.0.2.1 a.test\nhost=2001:db8::1\tb.test\n"
		 "[profile  smb]\nallow_uid = 0 1000-1999, nobody");
	if (!c)
		printf("# %s\n", error);
	CHECK(c);
	CHECK_INT(c->workers, 3);
	CHECK_INT(c->log_level, LOG_DEBUG);
	CHECK_INT(c->ciphers, 5);
	CHECK(c->priority[1] && c->priority[4] && c->priority[5]);
	CHECK(!c->priority[2] && !c->priority[3] && !c->priority[7]);
	CHECK_INT(c->keylog_fd, -1);
	p = config_profile(c, "");
	CHECK(p && p == config_profile(c, "default"));
	CHECK(p->creds.has_key && p->creds.trust);
	CHECK(config_allows(p, 12345));
	CHECK(!strcmp(p->alpn, "h3,http/1.1"));
	CHECK(!strcmp(hosts_find(&p->hosts, "192.0.2.1"), "a.test"));
	CHECK(!strcmp(hosts_find(&p->hosts, "2001:0db8::0:1"), "b.test"));
	CHECK(!hosts_find(&p->hosts, "192.0.2.2"));
	CHECK(!hosts_find(&p->hosts, "a.test"));
	CHECK(!hosts_find(&p->hosts, ""));
	p = config_profile(c, "smb");
	CHECK(!*p->alpn && !hosts_find(&p->hosts, "192.0.2.1"));
	CHECK(p && !p->creds.has_key && !p->creds.trust);
	CHECK(config_allows(p, 0));
	CHECK(!config_allows(p, 999));
	CHECK(config_allows(p, 1000));
	CHECK(config_allows(p, 1999));
	CHECK(!config_allows(p, 2000));
	CHECK(config_allows(p, 65534));
	CHECK(!config_profile(c, "other"));
	config_put(c);
}

static void defaults(void)
{
	struct config *c = config_load("/nonexistent/quicd.conf", true, error);

	CHECK(c);
	CHECK(c->workers >= 2);
	CHECK_INT(c->ciphers, 7);
	CHECK(config_profile(c, "default"));
	config_put(c);
	CHECK(!config_load("/nonexistent/quicd.conf", false, error));
	CHECK(strstr(error, "/nonexistent/quicd.conf:0: cannot open"));
	c = load("");
	CHECK(c);
	config_put(c);
}

static void mistakes(void)
{
	static const struct {
		const char *text;
		int line;
		const char *says;
	} rows[] = {
		{ "workers = 2\n", 1, "before any section" },
		{ "[global]\nworkers = 0\n", 2, "1 to 256" },
		{ "[global]\nworkers = 257\n", 2, "1 to 256" },
		{ "[global]\nworkers = -1\n", 2, "1 to 256" },
		{ "[global]\nworkers = 2x\n", 2, "1 to 256" },
		{ "[global]\nworkers =\n", 2, "no value" },
		{ "[global]\nlog_level = loud\n", 2, "unknown log level" },
		{ "[global]\nciphers = des\n", 2, "unknown cipher 'des'" },
		{ "[global]\nciphers = ,\n", 2, "ciphers is empty" },
		{ "[global]\ncolour = red\n", 2, "unknown key 'colour'" },
		{ "[global]\nnonsense\n", 2, "expected 'key = value'" },
		{ "[global]\ncert = x\n", 2, "[profile NAME]" },
		{ "[profile a]\nworkers = 2\n", 2, "[global]" },
		{ "[global]\nkeylog = /nonexistent/x\n", 2, "key log" },
		{ "\n[other]\n", 2, "unknown section" },
		{ "[global\n", 1, "a section is" },
		{ "[global] x\n", 1, "a section is" },
		{ "[profile ]\n", 1, "a profile's name" },
		{ "[profile a b]\n", 1, "a profile's name" },
		{ "[profile a]\n[profile a]\n", 2, "appears twice" },
		{ "[profile a]\n\ncert = @/good.pem\n", 1, "needs its key" },
		{ "[profile a]\nkey = @/good.key\n[global]\n", 1,
		  "needs its key" },
		{ "[profile a]\ncert = @/good.pem\nkey = @/second.key\n", 2,
		  "does not belong" },
		{ "[profile a]\ncert = @/none.pem\nkey = @/good.key\n", 2,
		  "No such file" },
		{ "[profile a]\ncert = @/good.pem\nkey = @/none.key\n", 2,
		  "No such file" },
		{ "[profile a]\ncert = @/good.key\nkey = @/good.key\n", 2,
		  "must be PEM" },
		{ "[profile a]\nca = @/none.pem\n", 2, "No such file" },
		{ "[profile a]\nca = @/good.key\n", 2, "cannot use CA" },
		{ "[profile a]\nallow_uid = \n", 2, "no value" },
		{ "[profile a]\nallow_uid = 5-3\n", 2, "no user here" },
		{ "[profile a]\nallow_uid = no_such_user\n", 2,
		  "no user here" },
		{ "[profile a]\nallow_uid = 4294967295\n", 2, "no user here" },
		{ "[profile a]\nallow_uid = ,\n", 2, "allow_uid is empty" },
		{ "[profile a]\nalpn = a,,b\n", 2, "single commas" },
		{ "[profile a]\nalpn = a, b\n", 2, "single commas" },
		{ "[profile a]\nalpn = ,\n", 2, "single commas" },
		{ "[global]\nalpn = a\n", 2, "[profile NAME]" },
		{ "[profile a]\nhost = a.test\n", 2, "not ADDRESS NAME" },
		{ "[profile a]\nhost = 192.0.2.1\n", 2, "not ADDRESS NAME" },
		{ "[profile a]\nhost = 192.0.2.1 a b\n", 2, "not ADDRESS NAME" },
		{ "[profile a]\nhost = a.test b.test\n", 2, "not ADDRESS NAME" },
		{ "[profile a]\nhost = ::1 a\nhost = 0::1 b\n", 3,
		  "has a name already" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char want[128];

		CHECK(!load(rows[i].text));
		snprintf(want, sizeof(want), "quicd.conf:%d: ", rows[i].line);
		if (!strstr(error, want) || !strstr(error, rows[i].says))
			printf("# row %zu: %s\n", i, error);
		CHECK(strstr(error, want));
		CHECK(strstr(error, rows[i].says));
		CHECK(!strchr(error, '\n'));
	}
}

static void long_line(void)
{
	static char text[6000];

	strcpy(text, "[global]\n");
	memset(text + 9, 'x', 5000);
	CHECK(!load(text));
	CHECK(strstr(error, ":2: line is too long"));
}

static int stop;

static void *reader(void *arg)
{
	unsigned int *last = arg;

	rcu_register_thread();
	while (!CMM_LOAD_SHARED(stop)) {
		struct config *c = config_get();

		/* never older than one already seen, never freed */
		if (!c || c->generation < *last) {
			*last = UINT32_MAX;
			break;
		}
		*last = c->generation;
		config_put(c);
	}
	rcu_unregister_thread();
	return NULL;
}

static void publish(void)
{
	unsigned int last[2] = { 0, 0 };
	struct config *held = NULL;
	pthread_t thread[2];

	config_publish(load("[global]\n"));
	for (int i = 0; i < 2; i++)
		CHECK(!pthread_create(&thread[i], NULL, reader, &last[i]));
	for (int i = 0; i < 200; i++) {
		struct config *c = load("[global]\nworkers = 2\n");

		CHECK(c);
		config_publish(c);
		if (i == 50)
			held = config_get();
	}
	CMM_STORE_SHARED(stop, 1);
	for (int i = 0; i < 2; i++) {
		pthread_join(thread[i], NULL);
		CHECK(last[i] && last[i] != UINT32_MAX);
	}
	CHECK_INT(held->workers, 2);	/* outlives its publication */
	config_put(held);
	config_publish(NULL);
	CHECK(!config_get());
}

static void setup(void)
{
	rcu_register_thread();
	certs_make();
	log_set_level(LOG_ERROR);
}

static void teardown(void)
{
	certs_remove();
	rcu_unregister_thread();
}

TAP_MAIN(setup, teardown,
	 TAP_TEST(complete),
	 TAP_TEST(defaults),
	 TAP_TEST(mistakes),
	 TAP_TEST(long_line),
	 TAP_TEST(publish))
