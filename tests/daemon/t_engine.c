// SPDX-License-Identifier: GPL-2.0
/*
 * The engine against itself: a client and a server in memory, no kernel.
 *
 * pump() carries CRYPTO actions from one to the other and records secrets,
 * order and outcome, so a test is: fill two STARTs, pump, compare.
 *
 * Large because each kind of handshake is a test, and all need the same two ends.
 */
#include <errno.h>
#include <string.h>

#include <linux/tls.h>
#include <urcu.h>

#include "certs.h"
#include "engine.h"
#include "tap.h"

static struct config *cfg;

static const char config_text[] =
	"[global]\nlog_level = error\nkeylog = %1$s/keys.log\n%2$s"
	"[profile good]\ncert = %1$s/good.pem\nkey = %1$s/good.key\n"
	"ca = %1$s/ca.pem\n"
	"[profile second]\ncert = %1$s/second.pem\nkey = %1$s/second.key\n"
	"[profile expired]\ncert = %1$s/expired.pem\nkey = %1$s/expired.key\n"
	"[profile future]\ncert = %1$s/future.pem\nkey = %1$s/future.key\n"
	"[profile clientcert]\ncert = %1$s/client.pem\nkey = %1$s/client.key\n"
	"ca = %1$s/ca.pem\n"
	"[profile client]\nca = %1$s/ca.pem\n"
	"[profile distrusts]\nca = %1$s/other.pem\n"
	"[profile plain]\ncert = %1$s/good.pem\nkey = %1$s/good.key\n"
	"ca = %1$s/ca.pem\nalpn = plain,h3\nhost = 192.0.2.9 server.test\n"
	"host = 192.0.2.8 other.test\n"
	"[profile root]\ncert = %1$s/good.pem\nkey = %1$s/good.key\n"
	"ca = %1$s/ca.pem\nallow_uid = 0, 500-600\n";

static struct config *load(const char *more)
{
	char error[CONFIG_ERROR_MAX], text[2048];
	struct config *c;

	snprintf(text, sizeof(text), config_text, certs_dir, more);
	certs_write("quicd.conf", text);
	c = config_load(certs_path("quicd.conf"), false, error);
	if (!c) {
		printf("Bail out! %s\n", error);
		exit(1);
	}
	return c;
}

struct side {
	struct hs_start start;
	struct engine *e;
	enum engine_state state;
	char trace[512];	/* the actions in order, as letters */
	uint8_t secret[3][2][QUIC_HS_SECRET_MAX];	/* level, send */
	size_t secret_len[3][2];
	uint32_t listener;
	uint32_t version;
	char alpn[QUIC_HS_TEXT_MAX + 1];
	char text[QUIC_HS_TEXT_MAX + 1];
	uint8_t params[QUIC_HS_TPARAMS_MAX];
	size_t params_len;
	size_t chain_len;
	uint32_t cipher;
	int error;
	int alert;
};

struct pair {
	struct side c;
	struct side s;
	size_t chunk;		/* bytes per CRYPTO message, 0: all */
	struct flight cf;
	struct flight sf;
};

static const char level_letter[] = { 'a', 'i', 'h', 'e' };

static void note(struct side *x, const struct action *a)
{
	char *t = x->trace + strlen(x->trace);

	switch (a->type) {
	case QUIC_HS_ACTION_SELECT:
		strcpy(t, "L ");
		x->listener = a->listener;
		x->version = a->version;
		break;
	case QUIC_HS_ACTION_CRYPTO:
		sprintf(t, "C%c ", level_letter[a->level]);
		break;
	case QUIC_HS_ACTION_SECRET:
		sprintf(t, "S%c%c ", level_letter[a->level],
			a->send ? '>' : '<');
		memcpy(x->secret[a->level][a->send], a->data, a->len);
		x->secret_len[a->level][a->send] = a->len;
		x->cipher = a->cipher;
		break;
	case QUIC_HS_ACTION_PEER_PARAMS:
		strcpy(t, "P ");
		memcpy(x->params, a->data, a->len);
		x->params_len = a->len;
		break;
	case QUIC_HS_ACTION_DONE:
		strcpy(t, "D ");
		strcpy(x->alpn, a->text);
		x->chain_len = a->len;
		break;
	case QUIC_HS_ACTION_FAIL:
		strcpy(t, "F ");
		strcpy(x->text, a->text);
		x->error = (int)a->error;
		x->alert = a->alert;
		break;
	default:
		strcpy(t, "? ");
	}
}

/* Feed @from's CRYPTO actions to @to, whose answer lands in @answer. */
static void deliver(struct pair *p, struct flight *from, struct side *to,
		    struct flight *answer)
{
	static struct flight one;

	for (unsigned int i = 0; i < from->n; i++) {
		struct action *a = &from->action[i];
		size_t step = p->chunk ? p->chunk : a->len;

		if (a->type != QUIC_HS_ACTION_CRYPTO)
			continue;
		for (size_t at = 0; at < a->len; at += step) {
			size_t n = a->len - at < step ? a->len - at : step;

			to->state = engine_crypto(to->e, a->level,
						  a->data + at, n, &one);
			for (unsigned int k = 0; k < one.n; k++) {
				struct action *b = &one.action[k];

				note(to, b);
				if (b->type == QUIC_HS_ACTION_CRYPTO)
					flight_crypto(answer, b->level,
						      b->data, b->len);
			}
			flight_reset(&one);
		}
	}
	strcat(to->trace, "| ");
	flight_reset(from);
}

static void begin(struct side *x, struct flight *f)
{
	urcu_ref_get(&cfg->ref);
	x->e = engine_new(&x->start, cfg);
	x->state = engine_begin(x->e, f);
	for (unsigned int i = 0; i < f->n; i++)
		note(x, &f->action[i]);
	strcat(x->trace, "| ");
}

static void pump(struct pair *p)
{
	begin(&p->c, &p->cf);
	begin(&p->s, &p->sf);
	for (int round = 0; round < 8 && (p->cf.n || p->sf.n); round++) {
		deliver(p, &p->cf, &p->s, &p->sf);
		deliver(p, &p->sf, &p->c, &p->cf);
	}
}

static void end(struct pair *p)
{
	flight_reset(&p->cf);
	flight_reset(&p->sf);
	engine_free(p->c.e);
	engine_free(p->s.e);
	free(p);
}

static void set_tparams(struct tparams *t, const char *bytes)
{
	t->len = strlen(bytes);
	memcpy(t->data, bytes, t->len);
}

static struct hs_listener *add_listener(struct pair *p, uint32_t id,
					const char *alpn, const char *sni,
					const char *profile)
{
	struct hs_start *s = &p->s.start;
	struct hs_listener *l;

	s->listener = realloc(s->listener,
			      (s->n_listeners + 1) * sizeof(*l));
	l = &s->listener[s->n_listeners++];
	memset(l, 0, sizeof(*l));
	l->id = id;
	strcpy(l->alpn, alpn);
	strcpy(l->sni, sni);
	strcpy(l->profile, profile);
	set_tparams(&l->tparams, "server parameters");
	return l;
}

#define BIT_OF(cipher) QUIC_HS_CIPHER_BIT(TLS_CIPHER_##cipher)

static const uint32_t every = BIT_OF(AES_GCM_128) | BIT_OF(AES_GCM_256) |
			      BIT_OF(CHACHA20_POLY1305);

/* A pair that works: tests spoil what they are about. */
static struct pair *new_pair(const char *profile)
{
	struct pair *p = calloc(1, sizeof(*p));

	p->c.start.role = QUIC_HS_ROLE_CLIENT;
	p->c.start.version = 1;
	p->c.start.ciphers = every;
	strcpy(p->c.start.server_name, "server.test");
	strcpy(p->c.start.alpn, "hq-interop,h3");
	strcpy(p->c.start.profile, "client");
	set_tparams(&p->c.start.tparams, "client parameters");
	p->s.start.role = QUIC_HS_ROLE_SERVER;
	p->s.start.version = 1;
	p->s.start.ciphers = every;
	if (profile)
		add_listener(p, 7, "hq-interop", "", profile);
	return p;
}

#define EXPECT_FAIL(x, err, al) do {					\
	if ((x)->state != ENGINE_FAILED || (x)->error != (err) ||	\
	    (x)->alert != (al)) {					\
		printf("# %s:%d: state %d errno %d alert %d '%s'\n",	\
		       __FILE__, __LINE__, (x)->state, (x)->error,	\
		       (x)->alert, (x)->text);				\
		tap_failed = true;					\
	} else {							\
		printf("# %s\n", (x)->text);				\
	}								\
} while (0)

static bool same_secret(struct pair *p, int level, int send)
{
	size_t n = p->c.secret_len[level][send];

	return n == 32 && p->s.secret_len[level][!send] == n &&
	       !memcmp(p->c.secret[level][send], p->s.secret[level][!send], n);
}

static void check_complete(struct pair *p)
{
	CHECK_INT(p->c.state, ENGINE_DONE);
	CHECK_INT(p->s.state, ENGINE_DONE);
	for (int send = 0; send < 2; send++) {
		CHECK(same_secret(p, QUIC_CRYPTO_HANDSHAKE, send));
		CHECK(same_secret(p, QUIC_CRYPTO_APP, send));
	}
	CHECK_INT(p->c.params_len, strlen("server parameters"));
	CHECK(!memcmp(p->c.params, "server parameters", p->c.params_len));
	CHECK_INT(p->s.params_len, strlen("client parameters"));
	CHECK(!memcmp(p->s.params, "client parameters", p->s.params_len));
}

static void full_handshake(void)
{
	struct pair *p = new_pair("good");

	pump(p);
	printf("# client %s\n# server %s\n", p->c.trace, p->s.trace);
	if (*p->c.text || *p->s.text)
		printf("# %s %s\n", p->c.text, p->s.text);
	check_complete(p);
	CHECK_INT(p->s.listener, 7);
	CHECK(!strcmp(p->c.alpn, "hq-interop"));
	CHECK(!strcmp(p->s.alpn, "hq-interop"));
	CHECK(p->c.chain_len > 100);
	CHECK_INT(p->s.chain_len, 0);
	CHECK(memcmp(p->c.secret[0][0], p->c.secret[0][1], 32));
	end(p);
}

/* A listener's other version, if the client's flight will do for it (RFC 9368 2.3). */
static void one_version(const char *info, size_t len, uint32_t expect)
{
	struct pair *p = new_pair("good");
	struct hs_listener *l = p->s.start.listener;
	const char *params = expect ? "parameters of version 2" : "server parameters";

	l->version = 0x6b3343cf;
	set_tparams(&l->version_tparams, "parameters of version 2");
	p->c.start.tparams.len = len;
	memcpy(p->c.start.tparams.data, info, len);
	pump(p);
	CHECK_INT(p->c.state, ENGINE_DONE);
	CHECK_INT(p->s.state, ENGINE_DONE);
	CHECK_INT(p->s.version, expect);
	CHECK_INT(p->c.params_len, strlen(params));
	CHECK(!memcmp(p->c.params, params, p->c.params_len));
	end(p);
}

static void other_version(void)
{
#define ONE_VERSION(bytes, expect) one_version(bytes, sizeof(bytes) - 1, expect)
	ONE_VERSION("\1\2\3\4\x11\x0c\0\0\0\1\0\0\0\1\x6b\x33\x43\xcf", 0x6b3343cf);
	ONE_VERSION("\x40\x11\x40\x08\0\0\0\1\x6b\x33\x43\xcf", 0x6b3343cf);
	/* not offered, or only chosen; in another parameter; cut off; absent */
	ONE_VERSION("\x11\x08\0\0\0\1\0\0\0\1", 0);
	ONE_VERSION("\x11\x04\x6b\x33\x43\xcf", 0);
	ONE_VERSION("\x12\x08\0\0\0\1\x6b\x33\x43\xcf", 0);
	ONE_VERSION("\x11\x0c\0\0\0\1\x6b\x33\x43\xcf", 0);
	ONE_VERSION("\x11\x07\0\0\0\1\x6b\x33\x43", 0);
	ONE_VERSION("\x11", 0);
	ONE_VERSION("\xc0", 0);
#undef ONE_VERSION
}

/* engine.c's abstract promises this order; the kernel relies on it. */
static void action_order(void)
{
	struct pair *p = new_pair("good");

	pump(p);
	CHECK(!strcmp(p->c.trace, "Ci | Sh< Sh> P Ch Sa< Sa> D | | "));
	CHECK(!strcmp(p->s.trace, "| L P Sh< Sh> Ci Ch Sa> | Sa< D | "));
	end(p);
}

static void byte_by_byte(void)
{
	struct pair *p = new_pair("good");

	p->chunk = 1;
	pump(p);
	check_complete(p);
	end(p);
}

static void wrong_name(void)
{
	struct pair *p = new_pair("good");

	strcpy(p->c.start.server_name, "elsewhere.test");
	pump(p);
	EXPECT_FAIL(&p->c, EKEYREJECTED, 42);
	CHECK(strstr(p->c.text, "elsewhere.test"));
	end(p);
}

static void untrusted(void)
{
	struct pair *p = new_pair("good");

	strcpy(p->c.start.profile, "distrusts");
	pump(p);
	EXPECT_FAIL(&p->c, EKEYREJECTED, 48);
	end(p);
}

static void system_store(void)
{
	struct pair *p = new_pair("good");

	p->c.start.verify = QUIC_VERIFY_SYSTEM;
	pump(p);
	EXPECT_FAIL(&p->c, EKEYREJECTED, 48);
	end(p);
}

static void expired(void)
{
	struct pair *p = new_pair("expired");

	pump(p);
	EXPECT_FAIL(&p->c, EKEYEXPIRED, 45);
	end(p);
	p = new_pair("future");
	pump(p);
	EXPECT_FAIL(&p->c, EKEYEXPIRED, 45);
	end(p);
}

static void wrong_purpose(void)
{
	struct pair *p = new_pair("clientcert");

	strcpy(p->c.start.server_name, "client.test");
	pump(p);
	EXPECT_FAIL(&p->c, EKEYREJECTED, 43);
	end(p);
}

static void ip_address(void)
{
	static const struct {
		const char *name;
		bool good;
	} rows[] = {
		{ "192.0.2.1", true }, { "192.0.2.2", false },
		{ "2001:db8::1", true }, { "2001:db8::2", false },
		{ "sub.wild.test", true }, { "a.sub.wild.test", false },
		{ "server.test.", true }, { "SERVER.test", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pair *p = new_pair("good");

		strcpy(p->c.start.server_name, rows[i].name);
		pump(p);
		printf("# %s: %s\n", rows[i].name, p->c.text);
		CHECK_INT(p->c.state == ENGINE_DONE, rows[i].good);
		if (!rows[i].good)
			EXPECT_FAIL(&p->c, EKEYREJECTED, 42);
		end(p);
	}
}

static void no_name(void)
{
	struct pair *p = new_pair("good");

	p->c.start.server_name[0] = '\0';
	pump(p);
	EXPECT_FAIL(&p->c, EKEYREJECTED, FLIGHT_NO_ALERT);
	end(p);
	p = new_pair("good");
	p->c.start.server_name[0] = '\0';
	p->c.start.verify = QUIC_VERIFY_NONE;
	pump(p);
	check_complete(p);
	end(p);
}

static void verify_modes(void)
{
	struct pair *p = new_pair("good");

	p->c.start.verify = QUIC_VERIFY_TOFU;
	pump(p);
	EXPECT_FAIL(&p->c, EOPNOTSUPP, FLIGHT_NO_ALERT);
	end(p);
	p = new_pair("good");
	p->c.start.verify = 4000000000U;
	pump(p);
	EXPECT_FAIL(&p->c, EOPNOTSUPP, FLIGHT_NO_ALERT);
	end(p);
}

static void pinned(void)
{
	struct pair *p = new_pair("expired");

	p->c.start.verify = QUIC_VERIFY_PINNED;
	p->c.start.n_pins = 2;
	certs_spki("second", p->c.start.pin[0]);
	certs_spki("expired", p->c.start.pin[1]);
	pump(p);
	check_complete(p);
	end(p);
	p = new_pair("good");
	p->c.start.verify = QUIC_VERIFY_PINNED;
	p->c.start.n_pins = 1;
	certs_spki("second", p->c.start.pin[0]);
	pump(p);
	EXPECT_FAIL(&p->c, EKEYREJECTED, 42);
	end(p);
	p = new_pair("good");
	p->c.start.verify = QUIC_VERIFY_PINNED;
	pump(p);
	EXPECT_FAIL(&p->c, EINVAL, FLIGHT_NO_ALERT);
	end(p);
}

static void no_common_alpn(void)
{
	struct pair *p = new_pair(NULL);

	add_listener(p, 1, "smb,nfs", "", "good");
	add_listener(p, 2, "", "", "good");
	pump(p);
	EXPECT_FAIL(&p->s, EPROTONOSUPPORT, 120);
	CHECK(!strstr(p->s.trace, "L"));
	end(p);
}

static void no_alpn(void)
{
	struct pair *p = new_pair("good");

	strcpy(p->c.start.alpn, "");
	add_listener(p, 9, "", "", "good");
	pump(p);
	check_complete(p);
	CHECK_INT(p->s.listener, 9);
	CHECK(!*p->c.alpn);
	end(p);
}

/* A program made for TCP: no protocol, and an address for a name. */
static void nothing_set(void)
{
	struct pair *p = new_pair(NULL);

	add_listener(p, 3, "", "", "plain");
	add_listener(p, 4, "", "", "good");
	strcpy(p->c.start.alpn, "");
	strcpy(p->c.start.profile, "plain");
	strcpy(p->c.start.server_name, "192.0.2.9");
	pump(p);
	check_complete(p);
	CHECK_INT(p->s.listener, 3);
	CHECK(!strcmp(p->c.alpn, "plain"));
	end(p);
	/* the name is verified: this one is another's */
	p = new_pair(NULL);
	add_listener(p, 3, "", "", "plain");
	strcpy(p->c.start.alpn, "");
	strcpy(p->c.start.profile, "plain");
	strcpy(p->c.start.server_name, "192.0.2.8");
	pump(p);
	EXPECT_FAIL(&p->c, EKEYREJECTED, 42);
	end(p);
	/* and so is an address that has none */
	p = new_pair(NULL);
	add_listener(p, 3, "", "", "plain");
	strcpy(p->c.start.alpn, "");
	strcpy(p->c.start.profile, "plain");
	strcpy(p->c.start.server_name, "192.0.2.7");
	pump(p);
	EXPECT_FAIL(&p->c, EKEYREJECTED, 42);
	end(p);
}

/* What a socket says goes before what its profile says. */
static void profile_gives_way(void)
{
	struct pair *p = new_pair(NULL);

	add_listener(p, 3, "hq-interop", "", "plain");
	strcpy(p->c.start.profile, "plain");
	pump(p);
	check_complete(p);
	CHECK(!strcmp(p->c.alpn, "hq-interop"));
	end(p);
}

static void alpn_preference(void)
{
	struct pair *p = new_pair(NULL);

	add_listener(p, 1, "h3", "", "good");
	add_listener(p, 2, "x,hq-interop", "", "good");
	pump(p);
	check_complete(p);
	CHECK_INT(p->s.listener, 2);
	CHECK(!strcmp(p->c.alpn, "hq-interop"));
	end(p);
}

static void bad_alpn_list(void)
{
	static const char * const lists[] = { ",", "a,,b", "a,", ",a" };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct pair *p = new_pair("good");

		strcpy(p->c.start.alpn, lists[i]);
		pump(p);
		EXPECT_FAIL(&p->c, EINVAL, FLIGHT_NO_ALERT);
		end(p);
	}
}

static void sni_selects(void)
{
	static const struct {
		const char *name;
		uint32_t listener;
	} rows[] = {
		{ "server.test", 2 }, { "second.test", 4 },
		{ "sub.wild.test", 3 }, { "192.0.2.1", 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pair *p = new_pair(NULL);

		add_listener(p, 1, "h3", "", "good");
		add_listener(p, 2, "h3", "server.test", "good");
		add_listener(p, 3, "h3", "none.test,*.wild.test", "good");
		add_listener(p, 4, "h3", "SECOND.test", "second");
		strcpy(p->c.start.server_name, rows[i].name);
		pump(p);
		check_complete(p);
		CHECK_INT(p->s.listener, rows[i].listener);
		end(p);
	}
}

static void sni_unknown(void)
{
	struct pair *p = new_pair(NULL);

	add_listener(p, 1, "h3", "*.wild.test", "good");
	pump(p);
	EXPECT_FAIL(&p->s, ENOKEY, 112);
	end(p);
}

static void server_without_key(void)
{
	struct pair *p = new_pair("client");

	pump(p);
	EXPECT_FAIL(&p->s, ENOKEY, 80);
	end(p);
	p = new_pair("missing");
	pump(p);
	EXPECT_FAIL(&p->s, ENOKEY, 80);
	end(p);
}

static void profile_of_others(void)
{
	struct pair *p = new_pair("good");

	strcpy(p->c.start.profile, "root");
	p->c.start.uid = 1001;
	pump(p);
	EXPECT_FAIL(&p->c, EACCES, 49);
	end(p);
	p = new_pair("good");
	strcpy(p->c.start.profile, "root");
	p->c.start.uid = 505;
	pump(p);
	check_complete(p);
	end(p);
	p = new_pair("root");
	p->s.start.listener[0].uid = 7;
	pump(p);
	EXPECT_FAIL(&p->s, EACCES, 49);
	end(p);
}

static void client_certificates(void)
{
	struct pair *p;

	for (uint32_t want = 1; want <= 2; want++) {
		p = new_pair("good");
		strcpy(p->c.start.profile, "clientcert");
		p->s.start.listener[0].cert_request = want;
		pump(p);
		check_complete(p);
		CHECK(p->s.chain_len > 100);
		end(p);
	}
	p = new_pair("good");
	p->s.start.listener[0].cert_request = 1;
	pump(p);
	check_complete(p);
	CHECK_INT(p->s.chain_len, 0);
	end(p);
	p = new_pair("good");
	p->s.start.listener[0].cert_request = 2;
	pump(p);
	EXPECT_FAIL(&p->s, EKEYREJECTED, 116);
	end(p);
}

/* The credential "client" as one blob. */
static uint8_t *client_credential(bool der, size_t *len)
{
	static const char * const names[] = { "client.pem", "client.key" };
	uint8_t *all = NULL;

	*len = 0;
	for (int i = 0; i < 2; i++) {
		gnutls_datum_t pem, out;
		size_t n;

		pem.data = (unsigned char *)certs_read(names[i], &n);
		pem.size = (unsigned int)n;
		out = pem;
		if (der && gnutls_pem_base64_decode2(NULL, &pem, &out))
			abort();
		all = realloc(all, *len + out.size);
		memcpy(all + *len, out.data, out.size);
		*len += out.size;
		if (der)
			gnutls_free(out.data);
		free(pem.data);
	}
	return all;
}

static void own_credential(void)
{
	for (int der = 0; der < 2; der++) {
		struct pair *p = new_pair("good");
		struct hs_start *s = &p->c.start;

		s->credential = client_credential(der, &s->credential_len);
		p->s.start.listener[0].cert_request = 2;
		pump(p);
		check_complete(p);
		CHECK(p->s.chain_len > 100);
		end(p);
	}
}

static void bad_credential(void)
{
	struct hs_start *s;
	struct pair *p;
	size_t len;

	/* DER cut anywhere: never accepted, never read beyond its end */
	free(client_credential(true, &len));
	for (size_t cut = 1; cut < len; cut += 7) {
		p = new_pair("good");
		s = &p->c.start;
		s->credential = client_credential(true, &s->credential_len);
		s->credential = realloc(s->credential, len - cut);
		s->credential_len = len - cut;
		pump(p);
		CHECK_INT(p->c.state, ENGINE_FAILED);
		CHECK_INT(p->c.error, EINVAL);
		end(p);
	}
	p = new_pair("good");
	p->c.start.credential = (uint8_t *)strdup("nonsense");
	p->c.start.credential_len = 8;
	pump(p);
	EXPECT_FAIL(&p->c, EINVAL, FLIGHT_NO_ALERT);
	end(p);
}

static void check_cipher(struct pair *p, uint32_t cipher, size_t secret)
{
	CHECK_INT(p->c.state, ENGINE_DONE);
	CHECK_INT(p->s.state, ENGINE_DONE);
	CHECK_INT(p->c.cipher, cipher);
	CHECK_INT(p->s.cipher, cipher);
	for (int send = 0; send < 2; send++) {
		CHECK_INT(p->c.secret_len[QUIC_CRYPTO_APP][send], secret);
		CHECK_INT(p->s.secret_len[QUIC_CRYPTO_APP][send], secret);
	}
}

/* By the client's socket, by the listener; all are enabled. */
static void every_cipher(void)
{
	static const struct {
		uint32_t number;
		size_t secret;
	} rows[] = {
		{ TLS_CIPHER_AES_GCM_128, 32 },
		{ TLS_CIPHER_AES_GCM_256, 48 },
		{ TLS_CIPHER_CHACHA20_POLY1305, 32 },
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		struct pair *p = new_pair("good");
		size_t row = i / 2;

		if (i & 1)
			p->c.start.cipher = rows[row].number;
		else
			p->s.start.listener->cipher = rows[row].number;
		pump(p);
		check_cipher(p, rows[row].number, rows[row].secret);
		end(p);
	}
}

static void cipher_not_enabled(void)
{
	struct config *saved = cfg;
	struct pair *p;

	cfg = load("ciphers = aes128-gcm chacha20-poly1305\n");
	p = new_pair("good");
	p->c.start.cipher = TLS_CIPHER_AES_GCM_256;
	pump(p);
	EXPECT_FAIL(&p->c, EOPNOTSUPP, FLIGHT_NO_ALERT);
	end(p);
	p = new_pair("good");
	p->s.start.listener->cipher = TLS_CIPHER_AES_GCM_256;
	pump(p);
	EXPECT_FAIL(&p->s, EOPNOTSUPP, FLIGHT_NO_ALERT);
	end(p);
	config_put(cfg);
	cfg = saved;
}

/* The kernel's word: what it lacks is neither offered nor chosen. */
static void kernel_lacks_cipher(void)
{
	struct pair *p = new_pair("good");

	p->c.start.ciphers = BIT_OF(CHACHA20_POLY1305) | BIT_OF(AES_GCM_256);
	pump(p);
	check_cipher(p, TLS_CIPHER_AES_GCM_256, 48);
	end(p);
	p = new_pair("good");
	p->s.start.ciphers = BIT_OF(CHACHA20_POLY1305);
	pump(p);
	check_cipher(p, TLS_CIPHER_CHACHA20_POLY1305, 32);
	end(p);
	p = new_pair("good");
	p->c.start.ciphers = BIT_OF(AES_GCM_128);
	p->s.start.ciphers = BIT_OF(AES_GCM_256);
	pump(p);
	EXPECT_FAIL(&p->s, EPROTO, 40);
	end(p);
	p = new_pair("good");
	/* of no row */
	p->c.start.ciphers |= BIT_OF(AES_CCM_128);
	p->c.start.cipher = TLS_CIPHER_AES_CCM_128;
	pump(p);
	EXPECT_FAIL(&p->c, EOPNOTSUPP, FLIGHT_NO_ALERT);
	end(p);
}

static void missing_params(void)
{
	struct pair *p = new_pair("good");

	/* GnuTLS leaves an empty extension out, as if we had none */
	p->c.start.tparams.len = 0;
	pump(p);
	EXPECT_FAIL(&p->s, EPROTO, 109);
	end(p);
	p = new_pair("good");
	p->s.start.listener[0].tparams.len = 0;
	pump(p);
	EXPECT_FAIL(&p->c, EPROTO, 109);
	end(p);
}

/* xorshift: the same garbage in every run */
static uint64_t seed = 88172645463325252ULL;

static uint8_t random_byte(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint8_t)seed;
}

static void garbage(void)
{
	static struct flight f;
	uint8_t junk[600];

	for (int i = 0; i < 200; i++) {
		struct pair *p = new_pair("good");
		struct side *x = i & 1 ? &p->c : &p->s;
		uint32_t level = (uint32_t)i % 3;

		begin(&p->c, &p->cf);
		begin(&p->s, &p->sf);
		for (size_t k = 0; k < sizeof(junk); k++)
			junk[k] = random_byte();
		junk[0] = i & 1 ? 2 : 1;
		junk[1] = 0;
		for (int k = 0; k < 4 && x->state == ENGINE_RUNNING; k++) {
			x->state = engine_crypto(x->e, level, junk,
						 sizeof(junk), &f);
			for (unsigned int n = 0; n < f.n; n++)
				note(x, &f.action[n]);
			flight_reset(&f);
		}
		if (x->state == ENGINE_FAILED && x->error != EPROTO)
			printf("# %d '%s'\n", x->error, x->text);
		CHECK(level == QUIC_CRYPTO_APP ||
		      x->state != ENGINE_DONE);
		end(p);
	}
}

/* One byte of a real flight changed: fails, or is harmless; never crashes. */
static void mutated(void)
{
	for (int i = 0; i < 300; i++) {
		struct pair *p = new_pair("good");
		struct flight *f = i & 1 ? &p->cf : &p->sf;
		struct action *a;

		begin(&p->c, &p->cf);
		begin(&p->s, &p->sf);
		if (!(i & 1))
			deliver(p, &p->cf, &p->s, &p->sf);
		a = &f->action[i & 2 ? f->n - 1 : 0];
		a->data[(random_byte() << 8 | random_byte()) % a->len] ^=
			(uint8_t)(1 << (i % 8));
		for (int k = 0; k < 6 && (p->cf.n || p->sf.n); k++) {
			deliver(p, &p->cf, &p->s, &p->sf);
			deliver(p, &p->sf, &p->c, &p->cf);
		}
		CHECK(!(p->c.state == ENGINE_DONE &&
			p->s.state == ENGINE_DONE));
		end(p);
	}
}

static void late_input(void)
{
	static struct flight f;
	struct pair *p = new_pair("good");

	pump(p);
	CHECK_INT(engine_crypto(p->c.e, QUIC_CRYPTO_APP, "x", 1, &f),
		  ENGINE_DONE);
	CHECK_INT(engine_crypto(p->c.e, QUIC_CRYPTO_HANDSHAKE, "x", 1, &f),
		  ENGINE_DONE);
	CHECK_INT(f.n, 0);
	end(p);
}

static void keylog(void)
{
	struct pair *p = new_pair("good");
	size_t n = 0;
	char *log, want[80] = "";

	pump(p);
	log = certs_read("keys.log", &n);
	for (int i = 0; i < 32; i++)
		sprintf(want + 2 * i, "%02x",
			p->c.secret[QUIC_CRYPTO_APP][1][i]);
	CHECK(strstr(log, want));
	CHECK(strstr(log, "CLIENT_TRAFFIC_SECRET_0 "));
	CHECK(strstr(log, "SERVER_HANDSHAKE_TRAFFIC_SECRET "));
	free(log);
	end(p);
}

static void setup(void)
{
	rcu_register_thread();
	certs_make();
	cfg = load("");
}

static void teardown(void)
{
	config_put(cfg);
	certs_remove();
	rcu_unregister_thread();
}

TAP_MAIN(setup, teardown,
	 TAP_TEST(full_handshake),
	 TAP_TEST(other_version),
	 TAP_TEST(action_order),
	 TAP_TEST(byte_by_byte),
	 TAP_TEST(wrong_name),
	 TAP_TEST(untrusted),
	 TAP_TEST(system_store),
	 TAP_TEST(expired),
	 TAP_TEST(wrong_purpose),
	 TAP_TEST(ip_address),
	 TAP_TEST(no_name),
	 TAP_TEST(verify_modes),
	 TAP_TEST(pinned),
	 TAP_TEST(no_common_alpn),
	 TAP_TEST(no_alpn),
	 TAP_TEST(nothing_set),
	 TAP_TEST(profile_gives_way),
	 TAP_TEST(alpn_preference),
	 TAP_TEST(bad_alpn_list),
	 TAP_TEST(sni_selects),
	 TAP_TEST(sni_unknown),
	 TAP_TEST(server_without_key),
	 TAP_TEST(profile_of_others),
	 TAP_TEST(client_certificates),
	 TAP_TEST(own_credential),
	 TAP_TEST(bad_credential),
	 TAP_TEST(every_cipher),
	 TAP_TEST(cipher_not_enabled),
	 TAP_TEST(kernel_lacks_cipher),
	 TAP_TEST(missing_params),
	 TAP_TEST(garbage),
	 TAP_TEST(mutated),
	 TAP_TEST(late_input),
	 TAP_TEST(keylog))
