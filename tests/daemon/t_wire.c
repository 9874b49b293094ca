// SPDX-License-Identifier: GPL-2.0
/*
 * Messages: round trips, and everything that can be wrong with one. Each
 * message parsed sits in an allocation of exactly its length, so that ASan
 * sees a read beyond it.
 */
#include <errno.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "peer.h"
#include "tap.h"

static struct hs_msg parsed;

static int parse_bytes(const void *genl, size_t len)
{
	void *copy = malloc(len ? len : 1);
	int err;

	memcpy(copy, genl, len);
	wire_start_clear(&parsed.start);
	err = wire_parse(copy, len, &parsed);
	free(copy);
	return err;
}

static int parse(struct nl_msg *m)
{
	struct nlmsghdr *hdr = nlmsg_hdr(m);

	return parse_bytes(nlmsg_data(hdr), (size_t)nlmsg_datalen(hdr));
}

static int parse_free(struct nl_msg *m)
{
	int err = parse(m);

	nlmsg_free(m);
	return err;
}

static struct hs_start client(void)
{
	struct hs_start s = {
		.role = QUIC_HS_ROLE_CLIENT,
		.version = 1,
		.uid = 1000,
		.gid = 100,
		.netns = 0x1122334455667788ULL,
		.timeout_ms = 5000,
		.ciphers = 0xb,
		.cipher = 51,
		.verify = QUIC_VERIFY_PINNED,
		.n_pins = 2,
	};

	memset(s.server_name, 'n', QUIC_HS_NAME_MAX);
	memset(s.alpn, 'a', QUIC_HS_ALPN_MAX);
	memset(s.profile, 'p', QUIC_HS_PROFILE_MAX);
	s.tparams.len = QUIC_HS_TPARAMS_MAX;
	memset(s.pin[1], 7, WIRE_PIN_LEN);
	s.credential = (uint8_t *)"secret";
	s.credential_len = 6;
	return s;
}

static struct hs_listener two[2];

static struct hs_start server(void)
{
	struct hs_start s = {
		.role = QUIC_HS_ROLE_SERVER,
		.version = 1,
		.timeout_ms = 5000,
		.listener = two,
		.n_listeners = 2,
	};

	memset(two, 0, sizeof(two));
	two[0].id = 5;
	two[0].uid = 33;
	two[0].cert_request = 2;
	two[0].cipher = 54;
	strcpy(two[0].alpn, "h3,hq-interop");
	strcpy(two[0].sni, "a.test,*.b.test");
	strcpy(two[0].profile, "web");
	two[0].tparams.len = 3;
	memcpy(two[0].tparams.data, "abc", 3);
	two[0].version = 0x6b3343cf;
	two[0].version_tparams.len = 4;
	memcpy(two[0].version_tparams.data, "defg", 4);
	two[1].id = 6;
	return s;
}

static void start_client(void)
{
	struct hs_start s = client(), *p = &parsed.start;

	CHECK_INT(parse_free(peer_start(77, &s)), 0);
	CHECK_INT(parsed.cmd, QUIC_HS_CMD_START);
	CHECK_INT(parsed.id, 77);
	CHECK_INT(p->role, s.role);
	CHECK_INT(p->version, 1);
	CHECK_INT(p->uid, 1000);
	CHECK_INT(p->gid, 100);
	CHECK(p->netns == s.netns);
	CHECK_INT(p->timeout_ms, 5000);
	CHECK_INT(p->ciphers, 0xb);
	CHECK_INT(p->cipher, 51);
	CHECK_INT(p->verify, QUIC_VERIFY_PINNED);
	CHECK_INT(p->n_pins, 2);
	CHECK(!memcmp(p->pin, s.pin, 2 * sizeof(s.pin[0])));
	CHECK(!strcmp(p->server_name, s.server_name));
	CHECK(!strcmp(p->alpn, s.alpn));
	CHECK(!strcmp(p->profile, s.profile));
	CHECK_INT(p->tparams.len, QUIC_HS_TPARAMS_MAX);
	CHECK_INT(p->credential_len, 6);
	CHECK(!memcmp(p->credential, "secret", 6));
}

static void start_server(void)
{
	struct hs_start s = server();
	struct hs_listener *l;

	CHECK_INT(parse_free(peer_start(78, &s)), 0);
	CHECK_INT(parsed.start.n_listeners, 2);
	/* a kernel that does not say has the one that all have */
	CHECK_INT(parsed.start.ciphers, 1);
	l = parsed.start.listener;
	CHECK(!memcmp(l, two, sizeof(two)));
}

static void crypto_and_abort(void)
{
	char big[QUIC_HS_CRYPTO_MAX + 1] = "";
	struct nl_msg *m = peer_crypto(9, QUIC_CRYPTO_HANDSHAKE, "xyz", 3);

	wire_start_clear(&parsed.start);
	CHECK_INT(wire_parse(nlmsg_data(nlmsg_hdr(m)),
			     (size_t)nlmsg_datalen(nlmsg_hdr(m)), &parsed), 0);
	CHECK_INT(parsed.level, QUIC_CRYPTO_HANDSHAKE);
	CHECK_INT(parsed.crypto.len, 3);
	CHECK(!memcmp(parsed.crypto.data, "xyz", 3));
	nlmsg_free(m);
	CHECK_INT(parse_free(peer_crypto(9, 1, big, QUIC_HS_CRYPTO_MAX)), 0);
	CHECK_INT(parse_free(peer_crypto(9, 1, big, sizeof(big))), -EINVAL);
	CHECK_INT(parse_free(peer_crypto(9, 1, big, 0)), -EINVAL);
	CHECK_INT(parse_free(peer_crypto(9, QUIC_CRYPTO_EARLY, big, 1)),
		  -EINVAL);
	CHECK_INT(parse_free(peer_crypto(0, 1, big, 1)), -EINVAL);
	CHECK_INT(parse_free(peer_abort(9)), 0);
	CHECK_INT(parsed.cmd, QUIC_HS_CMD_ABORT);
}

/* Is @n bytes after the header the end of an attribute or of its padding? */
static bool between_attributes(struct nlmsghdr *hdr, size_t n)
{
	struct genlmsghdr *g = nlmsg_data(hdr);
	struct nlattr *nla;
	int left;

	nla_for_each_attr(nla, genlmsg_attrdata(g, 0),
			  genlmsg_attrlen(g, 0), left) {
		size_t end = (size_t)((char *)nla - (char *)g) + nla->nla_len;

		if (n >= end && n <= NLA_ALIGN(end))
			return true;
	}
	return false;
}

/* Cut at each byte: never accepted unless the cut is between attributes. */
static void truncated(void)
{
	struct hs_start c = client(), s = server();
	struct nl_msg *m[2] = { peer_start(1, &c), peer_start(2, &s) };

	for (int k = 0; k < 2; k++) {
		struct nlmsghdr *hdr = nlmsg_hdr(m[k]);
		size_t len = (size_t)nlmsg_datalen(hdr);

		for (size_t n = 0; n < len; n++) {
			int err = parse_bytes(nlmsg_data(hdr), n);

			CHECK(err || between_attributes(hdr, n));
			CHECK(!err || !parsed.start.credential);
			CHECK(!err || !parsed.start.listener);
		}
		nlmsg_free(m[k]);
	}
}

/* Every byte replaced: accepted or not, it must not read elsewhere. */
static void mutated(void)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
	struct hs_start c = client(), s = server();
	struct nl_msg *m[2] = { peer_start(1, &c), peer_start(2, &s) };
	unsigned int accepted = 0, refused = 0;

	for (int k = 0; k < 2; k++) {
		struct nlmsghdr *hdr = nlmsg_hdr(m[k]);
		uint8_t *p = nlmsg_data(hdr);

		for (int i = 0; i < nlmsg_datalen(hdr); i++) {
			uint8_t was = p[i];

			for (size_t v = 0; v < sizeof(values); v++) {
				p[i] = values[v];
				if (parse(m[k]))
					refused++;
				else
					accepted++;
			}
			p[i] = was;
		}
		nlmsg_free(m[k]);
	}
	printf("# %u accepted, %u refused\n", accepted, refused);
	CHECK(refused > 100);
}

/* xorshift: the same bytes in every run */
static uint64_t random64(void)
{
	static uint64_t x = 0x2545f4914f6cdd1dULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static void random_bytes(void)
{
	uint8_t junk[256];

	for (int i = 0; i < 20000; i++) {
		size_t n = random64() % sizeof(junk);

		for (size_t k = 0; k < n; k++)
			junk[k] = (uint8_t)random64();
		if (n > 8) {
			junk[0] = 1 + i % 5;
			junk[1] = QUIC_HS_GENL_VERSION;
			junk[5] = 0;
			junk[4] = (uint8_t)(n - 4);
			junk[6] = (uint8_t)(random64() % QUIC_HS_A_MAX);
			junk[7] = 0;
		}
		parse_bytes(junk, n);
	}
}

/* Take a good START, add one attribute, see whether it is still good. */
static int with(int attr, const void *data, int len)
{
	struct hs_start s = client();
	struct nl_msg *m;

	s.n_pins = 0;
	s.cipher = 0;
	s.credential = NULL;
	s.credential_len = 0;
	s.server_name[0] = '\0';
	s.profile[0] = '\0';
	m = peer_start(3, &s);
	if (nla_put(m, attr, len, data))
		return 1;
	return parse_free(m);
}

static void wrong_attributes(void)
{
	char big[1024];

	memset(big, 'x', sizeof(big));
	CHECK_INT(with(QUIC_HS_A_CIPHER, big, 4), 0);
	CHECK_INT(with(QUIC_HS_A_CIPHER, big, 3), -EINVAL);
	CHECK_INT(with(QUIC_HS_A_CIPHER, big, 5), -EINVAL);
	CHECK_INT(with(QUIC_HS_A_CIPHER, big, 0), -EINVAL);
	CHECK_INT(with(QUIC_HS_A_CIPHERS, big, 4), -EINVAL);	/* twice */
	CHECK_INT(with(QUIC_HS_A_UID, big, 4), -EINVAL);
	CHECK_INT(with(QUIC_HS_A_ID, big, 8), -EINVAL);
	CHECK_INT(with(QUIC_HS_A_PIN, big, 32), 0);
	CHECK_INT(with(QUIC_HS_A_PIN, big, 31), -EINVAL);
	CHECK_INT(with(QUIC_HS_A_PIN, big, 33), -EINVAL);
	CHECK_INT(with(QUIC_HS_A_PROFILE, big, 63), 0);
	CHECK_INT(with(QUIC_HS_A_PROFILE, big, 64), -EINVAL);
	CHECK_INT(with(QUIC_HS_A_PROFILE, "a\0b", 4), -EINVAL);
	CHECK_INT(with(QUIC_HS_A_PROFILE, "a", 2), 0);
	CHECK(!strcmp(parsed.start.profile, "a"));
	CHECK_INT(with(QUIC_HS_A_PROFILE, "ab", 2), 0);
	CHECK(!strcmp(parsed.start.profile, "ab"));
	CHECK_INT(with(QUIC_HS_A_PROFILE, "", 0), 0);
	CHECK_INT(with(QUIC_HS_A_SERVER_NAME, big, 254), -EINVAL);
	CHECK_INT(with(QUIC_HS_A_TPARAMS, big, 8), -EINVAL);	/* twice */
	CHECK_INT(with(QUIC_HS_A_CREDENTIAL, big, 0), -EINVAL);
	CHECK_INT(with(QUIC_HS_A_PEER, big, 16), 0);
	CHECK_INT(with(QUIC_HS_A_PEER, big, 28), 0);
	CHECK_INT(with(QUIC_HS_A_PEER, big, 20), -EINVAL);
	CHECK_INT(with(QUIC_HS_A_LISTENER, big, 0), -EINVAL);
	CHECK_INT(with(QUIC_HS_A_LISTENER, big, 100), -EINVAL);
	CHECK_INT(with(0, big, 4), -EINVAL);
	CHECK_INT(with(1000, big, 4), 0);	/* of a newer kernel */
}

static void too_many(void)
{
	struct hs_listener many[WIRE_LISTENERS_MAX + 1];
	struct hs_start s = server();

	memset(many, 0, sizeof(many));
	s.listener = many;
	s.n_listeners = WIRE_LISTENERS_MAX;
	CHECK_INT(parse_free(peer_start(1, &s)), 0);
	s.n_listeners++;
	CHECK_INT(parse_free(peer_start(1, &s)), -EINVAL);
	CHECK_INT(parsed.id, 1);	/* known, so that FAIL can be sent */
	s.n_listeners = 1;
	many[0].cert_request = 3;
	CHECK_INT(parse_free(peer_start(1, &s)), -EINVAL);
	s.n_listeners = 0;
	CHECK_INT(parse_free(peer_start(1, &s)), -EINVAL);
	s.role = 2;
	CHECK_INT(parse_free(peer_start(1, &s)), -EINVAL);
}

static void unknown_command(void)
{
	struct genlmsghdr g = { .cmd = QUIC_HS_CMD_MAX + 1, .version = 1 };
	struct nl_msg *m = peer_abort(5);

	((struct genlmsghdr *)nlmsg_data(nlmsg_hdr(m)))->cmd = 99;
	CHECK_INT(parse_free(m), -EOPNOTSUPP);
	m = peer_abort(5);
	((struct genlmsghdr *)nlmsg_data(nlmsg_hdr(m)))->version = 2;
	CHECK_INT(parse_free(m), -EINVAL);
	CHECK_INT(parse_bytes(&g, sizeof(g)), -EINVAL);
	CHECK_INT(parse_bytes(&g, 0), -EINVAL);
}

static bool same(const struct action *a, const struct action *b)
{
	return a->type == b->type && a->level == b->level &&
	       a->send == b->send && a->cipher == b->cipher &&
	       a->listener == b->listener && a->version == b->version && a->error == b->error &&
	       a->alert == b->alert && a->len == b->len &&
	       (!a->len || !memcmp(a->data, b->data, a->len)) &&
	       !strcmp(a->text, b->text);
}

static struct flight out, in;

static void flight_round_trip(void)
{
	static uint8_t bytes[60000];
	struct nl_msg *m;
	uint64_t id;

	memset(bytes, 0x5a, sizeof(bytes));
	flight_select(&out, 4, 0);
	flight_select(&out, 5, 0x6b3343cf);
	flight_peer_params(&out, "params", 6);
	flight_peer_params(&out, NULL, 0);
	flight_crypto(&out, QUIC_CRYPTO_INITIAL, "hello", 5);
	flight_crypto(&out, QUIC_CRYPTO_INITIAL, "there", 5);
	flight_secret(&out, QUIC_CRYPTO_HANDSHAKE, true, 51, bytes, 32);
	flight_secret(&out, QUIC_CRYPTO_APP, false, 52, bytes, 48);
	flight_crypto(&out, QUIC_CRYPTO_HANDSHAKE, bytes, 40000);
	flight_done(&out, "h3", bytes, sizeof(bytes));
	flight_fail(&out, EPROTO, 0, "no alert is not alert 0");
	flight_fail(&out, EPROTO, FLIGHT_NO_ALERT, "x");
	CHECK(!out.broken);
	CHECK_INT(out.action[4].len, 10);
	m = wire_encode_flight(PEER_FAMILY, 9, 1234567890123ULL, &out);
	CHECK(m);
	CHECK_INT(nlmsg_hdr(m)->nlmsg_seq, 9);
	CHECK_INT(peer_parse_flight(nlmsg_hdr(m), &id, &in), 0);
	CHECK(id == 1234567890123ULL);
	CHECK_INT(in.n, out.n);
	for (unsigned int i = 0; i < in.n; i++)
		CHECK(same(&in.action[i], &out.action[i]));
	wire_free(m);
	flight_reset(&in);
	flight_reset(&out);
}

static void flight_overflows(void)
{
	for (int i = 0; i < FLIGHT_ACTIONS + 1; i++)
		flight_select(&out, (uint32_t)i, 0);
	CHECK(out.broken);
	CHECK_INT(out.n, FLIGHT_ACTIONS);
	flight_reset(&out);
	CHECK(!out.broken);
	flight_fail(&out, ENOMEM, 80, "");
	CHECK_INT(out.n, 1);
	flight_reset(&out);
}

static void setup(void)
{
}

static void teardown(void)
{
	wire_start_clear(&parsed.start);
}

TAP_MAIN(setup, teardown,
	 TAP_TEST(start_client),
	 TAP_TEST(start_server),
	 TAP_TEST(crypto_and_abort),
	 TAP_TEST(truncated),
	 TAP_TEST(mutated),
	 TAP_TEST(random_bytes),
	 TAP_TEST(wrong_attributes),
	 TAP_TEST(too_many),
	 TAP_TEST(unknown_command),
	 TAP_TEST(flight_round_trip),
	 TAP_TEST(flight_overflows))
