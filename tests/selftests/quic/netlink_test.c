// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_test - what the family quic_hs does not let through.
 *
 * The test plays the daemon, with messages put together byte by byte, in a
 * network namespace of its own: it registers as a worker, a socket begins to
 * connect to a UDP socket that only listens, and START comes. Then the answers are
 * wrong in every way, and after each nothing has changed: the connection still
 * waits, no datagram has left, and a right answer is still taken.
 *
 * One test runs beside the real quicd in the initial namespace.
 *
 * Large because each wrong message is written out; all need the same worker.
 */
#include <pthread.h>
#include <sched.h>

#include "quic_test.h"
#include "hs_msg.h"

#define ALPN	"test"

/* --- who may register --- */

TEST(family_exists)
{
	EXPECT_NE(0, family_id());
}

TEST(register_needs_cap_net_admin)
{
	uint16_t family = family_id();
	int fd;

	ASSERT_EQ(0, setresgid(65534, 65534, 65534));
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
	fd = nl_open();
	ASSERT_LE(0, fd);
	EXPECT_EQ(EPERM, enlist(fd, family));
}

TEST(capability_of_another_user_namespace)
{
	uint16_t family = family_id();
	int fd;

	if (unshare(CLONE_NEWUSER))
		SKIP(return, "no user namespaces");
	/* all capabilities, but not where this network namespace belongs to */
	fd = nl_open();
	ASSERT_LE(0, fd);
	EXPECT_EQ(EPERM, enlist(fd, family));
	close(fd);
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	fd = nl_open();
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, enlist(fd, family));
}

TEST(register_twice)
{
	uint16_t family = family_id();
	int fd;

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	fd = nl_open();
	EXPECT_EQ(0, enlist(fd, family));
	EXPECT_EQ(EBUSY, enlist(fd, family));
}

/* --- a handshake in which we are the daemon --- */

FIXTURE(hs) {
	uint16_t family;
	int worker;
	int sink;		/* where the client's datagrams go */
	int client;
	union addr addr;
	uint64_t id;
	uint8_t start[65536];	/* the message */
};

FIXTURE_SETUP(hs)
{
	socklen_t len = sizeof(self->addr);

	self->family = family_id();
	ASSERT_NE(0, self->family);
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	lo_up();
	self->worker = nl_open();
	ASSERT_EQ(0, enlist(self->worker, self->family));
	addr_loopback(&self->addr, AF_INET);
	self->sink = socket(AF_INET, SOCK_DGRAM, 0);
	ASSERT_EQ(0, bind(self->sink, &self->addr.sa, sizeof(self->addr.v4)));
	ASSERT_EQ(0, getsockname(self->sink, &self->addr.sa, &len));
	self->client = quic_client(AF_INET, ALPN);
	ASSERT_LE(0, self->client);
	ASSERT_EQ(0, fcntl(self->client, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(-1, connect(self->client, &self->addr.sa, sizeof(self->addr.v4)));
	ASSERT_EQ(EINPROGRESS, errno);
	ASSERT_EQ(0, next_cmd(self->worker, QUIC_HS_CMD_START, self->start, sizeof(self->start)));
	ASSERT_TRUE(start_attr(self->start, QUIC_HS_A_ID));
	memcpy(&self->id, (uint8_t *)start_attr(self->start, QUIC_HS_A_ID) + NLA_HDRLEN,
	       sizeof(self->id));
	ASSERT_NE(0, self->id);
}

FIXTURE_TEARDOWN(hs)
{
	close(self->client);
	close(self->sink);
	close(self->worker);
}

/* How connect() ended, waited for. */
static int outcome(int fd)
{
	socklen_t len = sizeof(int);
	int err = -1;

	if (!wait_fd(fd, POLLOUT, SOON_MS))
		return -1;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	return err;
}

/* --- flights --- */

static void act_crypto(struct msg *m, uint32_t level, size_t len)
{
	static const uint8_t bytes[QUIC_HS_CRYPTO_MAX + 1];

	put_crypto(m, level, bytes, len);
}

static void act_secret(struct msg *m, uint32_t level, uint32_t send, uint32_t cipher, size_t len)
{
	static const uint8_t bytes[64] = { 1, 2, 3 };

	put_secret(m, level, send, cipher, bytes, len);
}

static void act_params(struct msg *m, size_t len)
{
	static const uint8_t bytes[QUIC_HS_TPARAMS_MAX + 1];
	struct nlattr *n = act(m, QUIC_HS_ACTION_PEER_PARAMS);

	put(m, QUIC_HS_ACT_TPARAMS, bytes, len);
	nest_end(m, n);
}

static void act_fail(struct msg *m, uint32_t error, uint32_t alert, const char *text, size_t len)
{
	struct nlattr *n = act(m, QUIC_HS_ACTION_FAIL);

	put_u32(m, QUIC_HS_ACT_ERRNO, error);
	put_u32(m, QUIC_HS_ACT_ALERT, alert);
	put(m, QUIC_HS_ACT_TEXT, text, len);
	nest_end(m, n);
}

/* What stands around the actions. */
static const char *bad_outside(struct msg *m, uint16_t family, uint64_t id, int i)
{
	switch (i) {
	case 0:
		msg_begin(m, family, QUIC_HS_CMD_FLIGHT);
		return "no ID";
	case 1:
		msg_begin(m, family, QUIC_HS_CMD_FLIGHT);
		put(m, QUIC_HS_A_ID, &id, 4);
		return "an ID of 4 bytes";
	case 2:
		msg_begin(m, family, QUIC_HS_CMD_FLIGHT);
		put(m, QUIC_HS_A_ID, "123456789012", 12);
		return "an ID of 12 bytes";
	case 3:
		flight(m, family, 0);
		act_crypto(m, QUIC_CRYPTO_INITIAL, 10);
		return "ID 0";
	case 4:
		flight(m, family, id + 1);
		act_crypto(m, QUIC_CRYPTO_INITIAL, 10);
		return "another's ID";
	case 5:
		flight(m, family, ~0ULL);
		act_crypto(m, QUIC_CRYPTO_INITIAL, 10);
		return "the last ID";
	case 6:
		put_u32(m, QUIC_HS_A_MAX + 1, 1);
		return "an unknown attribute";
	case 7:
		put_u32(m, 4000, 1);
		return "a far unknown attribute";
	case 8:
		put_u32(m, QUIC_HS_A_ROLE, 1);
		return "an attribute that flights do not have";
	default:
		return NULL;
	}
}

/* The nest of an action. */
static const char *bad_action(struct msg *m, int i)
{
	struct nlattr *n;

	switch (i) {
	case 9:
		put(m, QUIC_HS_A_ACTION, "", 0);
		return "an empty action that is no nest";
	case 10:
		nest_end(m, nest(m, QUIC_HS_A_ACTION));
		return "an empty action";
	case 11:
		n = nest(m, QUIC_HS_A_ACTION);
		put_u32(m, QUIC_HS_ACT_LEVEL, QUIC_CRYPTO_INITIAL);
		nest_end(m, n);
		return "an action without type";
	case 12:
		n = nest(m, QUIC_HS_A_ACTION);
		put_u32(m, QUIC_HS_ACT_TYPE, 0);
		nest_end(m, n);
		return "action 0";
	case 13:
		n = nest(m, QUIC_HS_A_ACTION);
		put_u32(m, QUIC_HS_ACT_TYPE, QUIC_HS_ACTION_MAX + 1);
		nest_end(m, n);
		return "an unknown action";
	case 14:
		n = nest(m, QUIC_HS_A_ACTION);
		put(m, QUIC_HS_ACT_TYPE, "\2\0", 2);
		nest_end(m, n);
		return "an action type of 2 bytes";
	case 15:
		n = act(m, QUIC_HS_ACTION_CRYPTO);
		put_u32(m, QUIC_HS_ACT_MAX + 1, 1);
		nest_end(m, n);
		return "an unknown attribute in an action";
	case 16:
		n = act(m, QUIC_HS_ACTION_CRYPTO);
		nest_end(m, n);
		return "CRYPTO without anything";
	default:
		return NULL;
	}
}

/* TLS bytes and secrets. */
static const char *bad_crypto(struct msg *m, int i)
{
	switch (i) {
	case 17:
		act_crypto(m, QUIC_CRYPTO_INITIAL, 0);
		return "CRYPTO without bytes";
	case 18:
		act_crypto(m, QUIC_CRYPTO_INITIAL, QUIC_HS_CRYPTO_MAX + 1);
		return "CRYPTO too long";
	case 19:
		act_crypto(m, QUIC_CRYPTO_HANDSHAKE, 10);
		return "CRYPTO at a level without keys";
	case 20:
		act_crypto(m, QUIC_CRYPTO_EARLY, 10);
		return "CRYPTO at the early level";
	case 21:
		act_crypto(m, 77, 10);
		return "CRYPTO at no level";
	case 22:
		act_secret(m, QUIC_CRYPTO_HANDSHAKE, 1, TLS_CIPHER_AES_GCM_128, 31);
		return "a secret of 31 bytes";
	case 23:
		act_secret(m, QUIC_CRYPTO_HANDSHAKE, 1, TLS_CIPHER_AES_GCM_128, 48);
		return "a secret of 48 bytes for AES-128";
	case 24:
		act_secret(m, QUIC_CRYPTO_HANDSHAKE, 1, TLS_CIPHER_AES_GCM_128, 0);
		return "a secret of 0 bytes";
	case 25:
		act_secret(m, QUIC_CRYPTO_HANDSHAKE, 1, TLS_CIPHER_AES_GCM_128, 49);
		return "a secret of 49 bytes";
	case 26:
		act_secret(m, QUIC_CRYPTO_HANDSHAKE, 1, 99, 32);
		return "a secret of no cipher";
	case 27:
		act_secret(m, QUIC_CRYPTO_INITIAL, 1, TLS_CIPHER_AES_GCM_128, 32);
		return "an Initial secret";
	case 28:
		act_secret(m, 5, 1, TLS_CIPHER_AES_GCM_128, 32);
		return "a secret of no level";
	case 29:
		act_secret(m, QUIC_CRYPTO_HANDSHAKE, 2, TLS_CIPHER_AES_GCM_128, 32);
		return "a secret of a third direction";
	case 30:
		act_secret(m, QUIC_CRYPTO_HANDSHAKE, 1, TLS_CIPHER_AES_GCM_128, 32);
		act_secret(m, QUIC_CRYPTO_HANDSHAKE, 1, TLS_CIPHER_AES_GCM_128, 32);
		return "the same secret twice";
	default:
		return NULL;
	}
}

/* What ends a handshake, or comes too soon; too much of it. */
static const char *bad_end(struct msg *m, int i)
{
	static char text[QUIC_HS_TEXT_MAX + 2];
	static uint8_t ticket[QUIC_HS_CHAIN_MAX > 60000 ? 60000 : QUIC_HS_CHAIN_MAX];
	struct nlattr *n;
	int k;

	switch (i) {
	case 31:
		act_done(m, ALPN, sizeof(ALPN));
		return "DONE first";
	case 32:
		act_secret(m, QUIC_CRYPTO_APP, 1, TLS_CIPHER_AES_GCM_128, 32);
		act_secret(m, QUIC_CRYPTO_APP, 0, TLS_CIPHER_AES_GCM_128, 32);
		act_done(m, ALPN, sizeof(ALPN));
		return "DONE without the peer's parameters";
	case 33:
		act_params(m, QUIC_HS_TPARAMS_MAX + 1);
		return "parameters too long";
	case 34:
		act_select(m, 1);
		return "SELECT for a client";
	case 35:
		act_fail(m, 0, 40, "text", 5);
		return "FAIL without an error";
	case 36:
		act_fail(m, 0x7fffffff, 40, "text", 5);
		return "FAIL with an errno that is none";
	case 37:
		act_fail(m, EPROTO, 256, "text", 5);
		return "FAIL with alert 256";
	case 38:
		memset(text, 'x', sizeof(text) - 1);
		act_fail(m, EPROTO, 40, text, sizeof(text));
		return "FAIL with too many words";
	case 39:
		act_fail(m, EPROTO, 40, "", 0);
		return "FAIL with a text of no bytes at all";
	case 40:
		act_crypto(m, QUIC_CRYPTO_INITIAL, 300);
		act_secret(m, QUIC_CRYPTO_HANDSHAKE, 1, TLS_CIPHER_AES_GCM_128, 31);
		return "a good action before a bad one";
	case 41:
		for (k = 0; k < 200; k++)
			act_crypto(m, QUIC_CRYPTO_INITIAL, 1);
		return "200 actions";
	case 42:
		n = nest(m, QUIC_HS_A_ACTION);
		put_u32(m, QUIC_HS_ACT_TYPE, QUIC_HS_ACTION_TICKET);
		put(m, QUIC_HS_ACT_TICKET, ticket, sizeof(ticket));
		nest_end(m, n);
		return "a ticket of 60,000 bytes";
	default:
		return NULL;
	}
}

/* Lengths and commands that lie. */
static const char *bad_bytes(struct msg *m, uint16_t family, uint64_t id, int i)
{
	struct nlattr *n;

	switch (i) {
	case 43:
		act_crypto(m, QUIC_CRYPTO_INITIAL, 10);
		m->len -= 4;	/* the last attribute goes past the end */
		return "a message cut short";
	case 44:
		n = act(m, QUIC_HS_ACTION_CRYPTO);
		nest_end(m, n);
		n->nla_len += 400;
		return "a nest longer than its message";
	case 45:
		n = act(m, QUIC_HS_ACTION_CRYPTO);
		((struct nlattr *)((uint8_t *)n + NLA_HDRLEN))->nla_len = 3;
		nest_end(m, n);
		return "an attribute shorter than its header";
	case 46:
		msg_begin(m, family, 0);
		put_u64(m, QUIC_HS_A_ID, id);
		return "command 0";
	case 47:
		msg_begin(m, family, QUIC_HS_CMD_START);
		put_u64(m, QUIC_HS_A_ID, id);
		return "a command that only the kernel gives";
	case 48:
		msg_begin(m, family, 200);
		return "an unknown command";
	case 49:
		msg_begin(m, family, QUIC_HS_CMD_FLIGHT);
		m->len = NLMSG_HDRLEN + 2;
		return "half a generic header";
	default:
		return NULL;
	}
}

/* Every flight that must be refused, by number. Return: its name, NULL: no more. */
static const char *bad_flight(struct msg *m, uint16_t family, uint64_t id, int i)
{
	flight(m, family, id);
	if (i <= 8)
		return bad_outside(m, family, id, i);
	if (i <= 16)
		return bad_action(m, i);
	if (i <= 30)
		return bad_crypto(m, i);
	if (i <= 42)
		return bad_end(m, i);
	return bad_bytes(m, family, id, i);
}

/* Nothing has happened to the connection. */
static bool untouched(int client, int sink)
{
	return quic_state(client) == QUIC_STATE_HANDSHAKING &&
	       !wait_fd(sink, POLLIN, 0) && !(wait_fd(client, POLLOUT, 0) & POLLOUT);
}

TEST_F_TIMEOUT(hs, bad_flights_change_nothing, 60)
{
	static struct msg m;
	struct answer a;
	const char *name;
	int i;

	for (i = 0; (name = bad_flight(&m, self->family, self->id, i)); i++) {
		ASSERT_EQ(0, talk(self->worker, &m, &a)) { TH_LOG("%s: no answer", name); }
		EXPECT_NE(0, a.error) { TH_LOG("%s: taken", name); }
		/* the plain netlink and generic netlink code below us has no words */
		if (i < 46 && i != 43) {
			EXPECT_STRNE("", a.text) {
				TH_LOG("%s: %s and no words", name, strerrorname_np(a.error));
			}
		}
		ASSERT_TRUE(untouched(self->client, self->sink)) {
			TH_LOG("%s: something happened, state %u", name,
			       quic_state(self->client));
		}
	}
	/* a right one is still taken: the bytes leave as an Initial */
	flight(&m, self->family, self->id);
	act_crypto(&m, QUIC_CRYPTO_INITIAL, 300);
	ASSERT_EQ(0, talk(self->worker, &m, &a));
	EXPECT_EQ(0, a.error) { TH_LOG("%s", a.text); }
	EXPECT_NE(0, wait_fd(self->sink, POLLIN, SOON_MS));
}

TEST_F(hs, start_tells_all)
{
	const struct nlattr *a;

	EXPECT_EQ(QUIC_HS_ROLE_CLIENT, start_u32(self->start, QUIC_HS_A_ROLE));
	EXPECT_EQ(QUIC_VERSION_V1, start_u32(self->start, QUIC_HS_A_VERSION));
	EXPECT_EQ(getuid(), start_u32(self->start, QUIC_HS_A_UID));
	EXPECT_EQ(getgid(), start_u32(self->start, QUIC_HS_A_GID));
	EXPECT_STREQ(SERVER_NAME, start_string(self->start, QUIC_HS_A_SERVER_NAME));
	EXPECT_STREQ(ALPN, start_string(self->start, QUIC_HS_A_ALPN));
	EXPECT_LT(0, start_u32(self->start, QUIC_HS_A_TIMEOUT));
	EXPECT_TRUE(start_attr(self->start, QUIC_HS_A_NETNS));
	a = start_attr(self->start, QUIC_HS_A_TPARAMS);
	ASSERT_TRUE(a);
	EXPECT_LT(NLA_HDRLEN + 20, a->nla_len);
}

TEST_F(hs, first_flight_is_padded)
{
	uint8_t dgram[2048];
	static struct msg m;
	struct answer a;
	ssize_t n;

	flight(&m, self->family, self->id);
	act_crypto(&m, QUIC_CRYPTO_INITIAL, 300);
	ASSERT_EQ(0, talk(self->worker, &m, &a));
	ASSERT_EQ(0, a.error);
	ASSERT_NE(0, wait_fd(self->sink, POLLIN, SOON_MS));
	n = recv(self->sink, dgram, sizeof(dgram), 0);
	EXPECT_LE(1200, n);
	EXPECT_EQ(0xc0, dgram[0] & 0xf0);	/* long header, fixed bit, Initial */
	EXPECT_EQ(0, memcmp(dgram + 1, "\0\0\0\1", 4));
}

TEST_F(hs, failure_reaches_connect)
{
	struct quic_reason r;
	static struct msg m;
	struct answer a;

	flight(&m, self->family, self->id);
	act_fail(&m, EKEYEXPIRED, 45, "gone off last week", sizeof("gone off last week"));
	ASSERT_EQ(0, talk(self->worker, &m, &a));
	EXPECT_EQ(0, a.error) { TH_LOG("%s", a.text); }
	EXPECT_EQ(EKEYEXPIRED, outcome(self->client));
	quic_reason(self->client, &r);
	EXPECT_TRUE(strstr(r.text, "gone off last week")) { TH_LOG("reason: %s", r.text); }
	EXPECT_EQ(QUIC_ORIGIN_DAEMON, r.origin);
	/* it is over: no second word */
	ASSERT_EQ(0, talk(self->worker, &m, &a));
	EXPECT_EQ(ENOENT, a.error);
}

TEST_F(hs, another_worker_may_not)
{
	int other = nl_open(), stranger = nl_open();
	static struct msg m;
	struct answer a;

	ASSERT_EQ(0, enlist(other, self->family));
	flight(&m, self->family, self->id);
	act_fail(&m, EPROTO, 40, "not yours", sizeof("not yours"));
	ASSERT_EQ(0, talk(other, &m, &a));
	EXPECT_EQ(ENOENT, a.error);
	ASSERT_EQ(0, talk(stranger, &m, &a));
	EXPECT_NE(0, a.error);
	EXPECT_TRUE(untouched(self->client, self->sink));
}

TEST_F(hs, without_capability)
{
	static struct msg m;
	struct answer a;
	int fd;

	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
	fd = nl_open();
	flight(&m, self->family, self->id);
	act_fail(&m, EPROTO, 40, "not allowed", sizeof("not allowed"));
	ASSERT_EQ(0, talk(fd, &m, &a));
	EXPECT_EQ(ENOENT, a.error);
	EXPECT_EQ(EPERM, enlist(fd, self->family));
	EXPECT_TRUE(untouched(self->client, self->sink));
}

TEST_F(hs, dead_worker)
{
	struct quic_reason r;

	close(self->worker);
	EXPECT_EQ(ECONNABORTED, outcome(self->client));
	quic_reason(self->client, &r);
	EXPECT_EQ(QUIC_REASON_DAEMON_DIED, r.kind);
	EXPECT_STRNE("", r.text);
}

TEST_F(hs, closing_aborts)
{
	static uint8_t buf[65536];
	static struct msg m;
	struct answer a;

	close(self->client);
	self->client = -1;
	ASSERT_EQ(0, next_cmd(self->worker, QUIC_HS_CMD_ABORT, buf, sizeof(buf)));
	ASSERT_TRUE(start_attr(buf, QUIC_HS_A_ID));
	EXPECT_EQ(0, memcmp((uint8_t *)start_attr(buf, QUIC_HS_A_ID) + NLA_HDRLEN, &self->id, 8));
	flight(&m, self->family, self->id);
	act_crypto(&m, QUIC_CRYPTO_INITIAL, 300);
	ASSERT_EQ(0, talk(self->worker, &m, &a));
	EXPECT_EQ(ENOENT, a.error);
}

TEST_F(hs, bad_peer_parameters_end_it)
{
	static struct msg m;
	struct answer a;

	/* well formed for netlink, nonsense for RFC 9000: the connection's end */
	flight(&m, self->family, self->id);
	act_params(&m, 3);
	ASSERT_EQ(0, talk(self->worker, &m, &a));
	EXPECT_EQ(EPROTO, outcome(self->client));
}

/* --- cut, again, in any order --- */

#define SECRET_BYTE	0xa7

/* One good action of each kind, by number. Return: its name, NULL: no more. */
static const char *one_act(struct msg *m, int i)
{
	switch (i) {
	case 0:
		act_crypto(m, QUIC_CRYPTO_INITIAL, 20);
		return "CRYPTO";
	case 1:
		act_secret(m, QUIC_CRYPTO_HANDSHAKE, 1, TLS_CIPHER_AES_GCM_128, 32);
		return "SECRET";
	case 2:
		act_params(m, 40);
		return "PEER_PARAMS";
	case 3:
		act_done(m, ALPN, sizeof(ALPN));
		return "DONE";
	case 4:
		act_fail(m, EPROTO, 40, "text", sizeof("text"));
		return "FAIL";
	case 5:
		act_select(m, 1);
		return "SELECT";
	}
	return NULL;
}

/*
 * Send @len bytes of a message, with that length in its header. An answer need not
 * come for what is no message at all: the next one shows that this one is over.
 */
static void push(int fd, struct msg *m, size_t len, uint32_t claimed)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };

	msg_hdr(m)->nlmsg_len = claimed;
	sendto(fd, m->b, len, 0, (struct sockaddr *)&to, sizeof(to));
}

/* Every message, cut at every length, with and without a header that knows. */
TEST_F_TIMEOUT(hs, cut_at_every_length, 100)
{
	static struct msg m, probe;
	struct answer a;
	const char *name;
	int i, taken = 0;
	size_t len, n;

	for (i = -1; i < 0 || one_act(&m, i); i++) {
		flight(&m, self->family, self->id);
		name = i < 0 ? "REGISTER" : one_act(&m, i);
		if (i < 0)
			msg_begin(&m, self->family, QUIC_HS_CMD_REGISTER);
		n = m.len;
		for (len = 0; len < n; len++) {
			push(self->worker, &m, len, n);
			if (len < NLMSG_HDRLEN)
				continue;
			m.len = len;
			/* shorter than the header of the family: may go without answer */
			if (talk(self->worker, &m, &a))
				continue;
			taken += !a.error;
			EXPECT_NE(0, a.error) { TH_LOG("%s cut at %zu: taken", name, len); }
		}
		m.len = n;
		ASSERT_TRUE(untouched(self->client, self->sink)) { TH_LOG("%s", name); }
	}
	EXPECT_EQ(0, taken);
	flight(&probe, self->family, self->id);
	act_crypto(&probe, QUIC_CRYPTO_INITIAL, 300);
	ASSERT_EQ(0, talk(self->worker, &probe, &a));
	EXPECT_EQ(0, a.error);
}

/*
 * All orders of three actions, the same ones too. Each either changes nothing or is
 * one that a handshake can have: the first and last of a good one, or its failure.
 */
TEST_F_TIMEOUT(hs, every_order_of_three, 100)
{
	static struct msg m;
	struct answer a;
	int i, j, k, fine;

	for (i = 0; i < 6; i++)
		for (j = 0; j < 6; j++)
			for (k = 0; k < 6; k++) {
				/* at the client of a connection that waits: */
				fine = i != 3 && i != 5 && j != 3 && j != 5 && k != 3 && k != 5;
				if (fine)
					continue;	/* these are other tests' */
				flight(&m, self->family, self->id);
				one_act(&m, i);
				one_act(&m, j);
				one_act(&m, k);
				ASSERT_EQ(0, talk(self->worker, &m, &a));
				EXPECT_NE(0, a.error) { TH_LOG("order %d %d %d taken", i, j, k); }
				ASSERT_TRUE(untouched(self->client, self->sink)) {
					TH_LOG("order %d %d %d", i, j, k);
				}
			}
}

/* What may be said once is refused when it is said again. */
TEST_F(hs, repeated)
{
	static struct msg m;
	struct answer a;
	int i;

	flight(&m, self->family, self->id);
	one_act(&m, 1);
	ASSERT_EQ(0, talk(self->worker, &m, &a));
	EXPECT_EQ(0, a.error) { TH_LOG("%s", a.text); }
	ASSERT_EQ(0, talk(self->worker, &m, &a));
	EXPECT_EQ(EINVAL, a.error);
	flight(&m, self->family, self->id);
	one_act(&m, 4);
	ASSERT_EQ(0, talk(self->worker, &m, &a));
	EXPECT_EQ(0, a.error);
	for (i = 0; i < 6; i++) {
		flight(&m, self->family, self->id);
		one_act(&m, i);
		ASSERT_EQ(0, talk(self->worker, &m, &a));
		EXPECT_NE(0, a.error) { TH_LOG("after FAIL: action %d", i); }
	}
}

/* A socket that gets the number of a worker that died gets nothing else. */
TEST_F(hs, number_of_a_dead_worker)
{
	struct sockaddr_nl was = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(was);
	static struct msg m;
	struct answer a;
	int fd;

	ASSERT_EQ(0, getsockname(self->worker, (struct sockaddr *)&was, &len));
	close(self->worker);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&was, sizeof(was)));
	flight(&m, self->family, self->id);
	act_crypto(&m, QUIC_CRYPTO_INITIAL, 300);
	ASSERT_EQ(0, talk(fd, &m, &a));
	EXPECT_EQ(ENOENT, a.error);
	EXPECT_EQ(ECONNABORTED, outcome(self->client));
	self->worker = fd;
}

/* The kernel quotes what it refuses: not the secrets in it. */
TEST_F(hs, refused_secrets_are_forgotten)
{
	static uint8_t secret[QUIC_HS_SECRET_MAX], buf[8192] __attribute__((aligned(8)));
	const struct nlmsghdr *h = (const void *)buf;
	static struct msg m;
	struct nlattr *n;
	int off = 0, i, bytes;
	ssize_t got;

	memset(secret, SECRET_BYTE, sizeof(secret));
	ASSERT_EQ(0, setsockopt(self->worker, SOL_NETLINK, NETLINK_CAP_ACK, &off, sizeof(off)));
	for (i = 0; i < 3; i++) {
		flight(&m, self->family, self->id);
		n = nest(&m, QUIC_HS_A_ACTION);
		put_u32(&m, QUIC_HS_ACT_TYPE, QUIC_HS_ACTION_SECRET);
		put_u32(&m, QUIC_HS_ACT_LEVEL, QUIC_CRYPTO_HANDSHAKE);
		put_u32(&m, QUIC_HS_ACT_SEND, 1);
		put_u32(&m, QUIC_HS_ACT_CIPHER, i == 0 ? 99 : TLS_CIPHER_AES_GCM_128);
		put(&m, QUIC_HS_ACT_SECRET, secret, i == 1 ? 31 : 32);
		nest_end(&m, n);
		if (i == 2)
			put_u32(&m, 4000, 1);	/* a policy refuses it */
		push(self->worker, &m, m.len, m.len);
		do {
			ASSERT_NE(0, wait_fd(self->worker, POLLIN, SOON_MS));
			got = recv(self->worker, buf, sizeof(buf), 0);
			ASSERT_LT(0, got);
		} while (h->nlmsg_type != NLMSG_ERROR);
		EXPECT_LT((ssize_t)m.len, got);
		for (bytes = 0; got > 0; got--)
			bytes += buf[got - 1] == SECRET_BYTE;
		EXPECT_GT(4, bytes) { TH_LOG("case %d: %d bytes of it", i, bytes); }
	}
	EXPECT_TRUE(untouched(self->client, self->sink));
}

/* A client whose daemon never answers. */
TEST(silent_worker)
{
	uint16_t family = family_id();
	struct quic_reason r;
	union addr a;
	int64_t begin, limit = 500;
	int worker, fd;

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	lo_up();
	worker = nl_open();
	ASSERT_EQ(0, enlist(worker, family));
	addr_loopback(&a, AF_INET);
	a.v4.sin_port = htons(4433);
	fd = quic_client(AF_INET, ALPN);
	/* a kernel without the knob has its default of 10 s */
	if (set_knob(fd, QUIC_KNOB_HANDSHAKE_TIMEOUT, limit * 1000)) {
		ASSERT_EQ(ENOPROTOOPT, errno);
		limit = 10000;
	}
	begin = now_ms();
	EXPECT_EQ(-1, connect(fd, &a.sa, sizeof(a.v4)));
	EXPECT_EQ(ETIMEDOUT, errno);
	EXPECT_LE(limit - 50, now_ms() - begin);
	EXPECT_GT(limit + 4000, now_ms() - begin);
	quic_reason(fd, &r);
	EXPECT_EQ(QUIC_REASON_HANDSHAKE_TIMEOUT, r.kind);
	EXPECT_STRNE("", r.text);
}

/* --- beside the real daemon --- */

struct flood {
	uint16_t family;
	volatile bool stop;
	unsigned long refused, taken;
};

static void *flood_main(void *arg)
{
	static struct msg m;
	struct flood *f = arg;
	struct answer a;
	uint64_t id;
	int fd = nl_open(), i;

	for (id = 1; !f->stop; id++) {
		for (i = 0; !f->stop && bad_flight(&m, f->family, id % 64, i); i++) {
			if (talk(fd, &m, &a))
				break;
			a.error ? f->refused++ : f->taken++;
		}
		flight(&m, f->family, id % 64);
		act_fail(&m, EPROTO, 40, "not yours", sizeof("not yours"));
		if (!talk(fd, &m, &a))
			a.error ? f->refused++ : f->taken++;
	}
	close(fd);
	return NULL;
}

TEST(real_daemon_goes_on)
{
	struct flood f = { .family = family_id() };
	union addr addr;
	int listener = quic_listener(AF_INET, ALPN, &addr), fd, s, i;
	pthread_t t;

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, pthread_create(&t, NULL, flood_main, &f));
	for (i = 0; i < 10; i++) {
		fd = quic_client(AF_INET, ALPN);
		EXPECT_EQ(0, connect(fd, &addr.sa, addr_len(&addr))) {
			TH_LOG("connect %d: %s", i, strerror(errno));
		}
		s = accept(listener, NULL, NULL);
		EXPECT_EQ(0, pattern_send(fd, 0, NEW, 1000, i));
		EXPECT_EQ(1000, pattern_recv(s, 0, i));
		close(fd);
		close(s);
	}
	f.stop = true;
	pthread_join(t, NULL);
	EXPECT_LT(10, f.refused);
	EXPECT_EQ(0, f.taken);
}

QUIC_TEST_MAIN
