// SPDX-License-Identifier: GPL-2.0
/*
 * early_test - 0-RTT through sockets, with a daemon and a network that the test plays
 * (hs_play.h): sent, kept until keys or Initial come, taken, refused and sent again.
 *
 * Where bytes shall be shown to have come as 0-RTT, the network lets none of the
 * client's 1-RTT packets through: there is no other way for them.
 */
#include <pthread.h>

#include "quic_test.h"
#include "hs_play.h"

#define BYTES	5000
#define SEED	7

FIXTURE(early) {
	int server;
};

FIXTURE_SETUP(early)
{
	self->server = -1;
	memset(&w, 0, sizeof(w));
	w.type = SOCK_DGRAM;
	w.version = QUIC_VERSION_V1;
	w.offers = true;
	w.takes = true;
	remember(1 << 20, 10, 10, 1500);
}

FIXTURE_TEARDOWN(early)
{
	close(self->server);
	play_end();
}

/* --- what the network does --- */

static int no_1rtt(const uint8_t *p, size_t len, int from)
{
	return from == CLIENT && is_short(p, len) ? DROP : PASS;
}

/* Initials wait for a word of the test. */
static int initials_late(const uint8_t *p, size_t len, int from)
{
	return from == CLIENT && is_long(p, len, 0) ? HOLD : no_1rtt(p, len, from);
}

/* --- what is waited for --- */

static uint64_t want;

static bool early_left(void)
{
	return w.early_seen >= want;
}

static bool early_kept(void)
{
	return stat_of("EarlyKept") >= want;
}

static bool early_dropped(void)
{
	return stat_of("DropEarly") >= want;
}

static bool hello_left(void)
{
	return w.starts[SERVER];
}

static struct {
	int fd;
	uint64_t off;
	bool fin, wrong;
} got;

/* Reads what is there of stream 0, without waiting. Return: all of it has come. */
static bool all_read(void)
{
	uint8_t buf[4096];
	uint32_t flags;
	int64_t id;
	ssize_t n;

	while (!got.fin) {
		n = quic_recv(got.fd, buf, sizeof(buf), &id, &flags, MSG_DONTWAIT);
		if (n < 0)
			return false;
		got.wrong |= id || pattern_check(buf, n, got.off, SEED) != (size_t)n;
		got.off += n;
		got.fin = flags & FIN;
	}
	return true;
}

/*
 * Accept: the @bytes that the client wrote are there at once, as nothing is handed on,
 * or come in time; each once.
 */
static bool arrived(int *server, uint64_t bytes)
{
	*server = accept(w.listener, NULL, NULL);
	got.fd = *server;
	return got.fd >= 0 && all_read() && got.off == bytes && !got.wrong;
}

static bool arrives(int *server, uint64_t bytes)
{
	return arrived(server, bytes) ||
	       (got.fd >= 0 && play(all_read) && got.off == bytes && !got.wrong);
}

/* The client says hello, and writes. */
static bool hello_and_bytes(void)
{
	return !fly(HELLO) && !pattern_send(w.client, 0, NEW, BYTES, SEED);
}

static uint32_t early_data(int fd)
{
	struct quic_tls_info info = { 0 };
	socklen_t len = sizeof(info);

	return getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_TLS_INFO, &info, &len) ? UINT32_MAX :
									     info.early_data;
}

static bool early_accepted(int fd)
{
	struct quic_info info = { 0 };
	socklen_t len = sizeof(info);

	return !getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_INFO, &info, &len) &&
	       info.flags & QUIC_INFO_EARLY_ACCEPTED;
}

/* --- sent and taken --- */

TEST_F(early, taken)
{
	w.judge = no_1rtt;
	ASSERT_TRUE(play_begin());
	ASSERT_TRUE(hello_and_bytes()) { TH_LOG("%s", w.answer.text); }
	/* connect() has not ended, and poll() does not say so */
	EXPECT_EQ(QUIC_STATE_HANDSHAKING, quic_state(w.client));
	EXPECT_EQ(0, wait_fd(w.client, POLLOUT, 0));
	ASSERT_TRUE(play(all_done));
	EXPECT_NE(0, wait_fd(w.client, POLLOUT, 0));
	EXPECT_TRUE(arrived(&self->server, BYTES));
	EXPECT_LE(BYTES / 1200 + 1, stat_of("OutEarlyPackets"));
	EXPECT_EQ(stat_of("OutEarlyPackets"), stat_of("InEarlyPackets"));
	EXPECT_LE(BYTES / 1200 + 1, w.early_seen);
	EXPECT_TRUE(early_accepted(w.client));
	EXPECT_TRUE(early_accepted(self->server));
	EXPECT_EQ(QUIC_EARLY_DATA_ACCEPTED, early_data(w.client));
}

TEST_F(early, version_2)
{
	w.version = QUIC_VERSION_V2;
	w.judge = no_1rtt;
	ASSERT_TRUE(play_begin());
	ASSERT_TRUE(hello_and_bytes()) { TH_LOG("%s", w.answer.text); }
	ASSERT_TRUE(play(all_done));
	EXPECT_TRUE(arrived(&self->server, BYTES));
	EXPECT_LE(BYTES / 1200 + 1, w.early_seen);
}

/* Written while the keys were not there yet: behind the Initial, in its datagram. */
TEST_F(early, with_the_hello)
{
	static struct msg m;

	w.judge = no_1rtt;
	ASSERT_TRUE(play_begin());
	EXPECT_EQ(-1, quic_send(w.client, 0, NEW, "x", 1, 0));
	EXPECT_EQ(EAGAIN, errno);
	flight(&m, w.family, w.id[CLIENT]);
	remembered(&m);
	ASSERT_EQ(0, say(&m)) { TH_LOG("%s", w.answer.text); }
	ASSERT_EQ(0, pattern_send(w.client, 0, NEW, 100, SEED));
	EXPECT_EQ(0, wait_fd(w.front, POLLIN, 0));
	flight(&m, w.family, w.id[CLIENT]);
	secret_of(&m, QUIC_CRYPTO_EARLY, CLIENT, 1);
	tls_bytes(&m, QUIC_CRYPTO_INITIAL, 300);
	w.done |= 1U << HELLO;
	ASSERT_EQ(0, say(&m)) { TH_LOG("%s", w.answer.text); }
	ASSERT_TRUE(play(all_done));
	EXPECT_EQ(1, w.together);
	EXPECT_TRUE(arrived(&self->server, 100));
}

static void *send_main(void *arg)
{
	return (void *)(intptr_t)pattern_send(w.client, 0, NEW, 100, SEED);
}

/* A send() that may wait does so until it may write, no longer. */
TEST_F(early, a_send_waits)
{
	void *err = (void *)-1;
	pthread_t t;

	w.judge = no_1rtt;
	ASSERT_TRUE(play_begin());
	ASSERT_EQ(0, fcntl(w.client, F_SETFL, 0));
	ASSERT_EQ(0, pthread_create(&t, NULL, send_main, NULL));
	ASSERT_EQ(0, fly(HELLO)) { TH_LOG("%s", w.answer.text); }
	ASSERT_EQ(0, pthread_join(t, &err));
	EXPECT_NULL(err);
	EXPECT_EQ(QUIC_STATE_HANDSHAKING, quic_state(w.client));
	ASSERT_TRUE(play(all_done));
	EXPECT_TRUE(arrived(&self->server, 100));
}

TEST_F(early, datagrams)
{
	char buf[16];

	w.judge = no_1rtt;
	ASSERT_TRUE(play_begin());
	ASSERT_EQ(0, fly(HELLO));
	ASSERT_EQ(5, send(w.client, "hello", 5, MSG_QUIC_DATAGRAM));
	ASSERT_TRUE(play(all_done));
	self->server = accept(w.listener, NULL, NULL);
	ASSERT_LE(0, self->server);
	EXPECT_EQ(5, recv(self->server, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));
}

/* Only as many streams as were remembered. */
TEST_F(early, remembered_limits)
{
	remember(1 << 20, 2, 2, 0);
	w.judge = no_1rtt;
	ASSERT_TRUE(play_begin());
	ASSERT_EQ(0, fly(HELLO));
	EXPECT_EQ(1, quic_send(w.client, -1, NEW, "a", 1, 0));
	EXPECT_EQ(1, quic_send(w.client, -1, NEW, "b", 1, 0));
	EXPECT_EQ(-1, quic_send(w.client, -1, NEW, "c", 1, 0));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(-1, send(w.client, "hello", 5, MSG_QUIC_DATAGRAM));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_TRUE(play(all_done));
	EXPECT_EQ(1, quic_send(w.client, -1, NEW, "c", 1, 0));
}

TEST_F(early, stream_socket)
{
	uint8_t buf[BYTES + 1];

	w.type = SOCK_STREAM;
	remember(1 << 20, 1, 0, 0);
	w.judge = no_1rtt;
	ASSERT_TRUE(play_begin());
	ASSERT_EQ(0, fly(HELLO));
	pattern_fill(buf, BYTES, 0, SEED);
	ASSERT_EQ(BYTES, send(w.client, buf, BYTES, 0));
	EXPECT_EQ(0, shutdown(w.client, SHUT_WR));
	ASSERT_TRUE(play(all_done));
	self->server = accept(w.listener, NULL, NULL);
	ASSERT_LE(0, self->server);
	memset(buf, 0, sizeof(buf));
	EXPECT_EQ(BYTES, recv(self->server, buf, sizeof(buf), MSG_WAITALL));
	EXPECT_EQ(BYTES, pattern_check(buf, BYTES, 0, SEED));
	EXPECT_EQ(0, recv(self->server, buf, sizeof(buf), MSG_DONTWAIT));
}

static bool to_accept(void)
{
	return wait_fd(w.listener, POLLIN, 0);
}

static bool hung_up(void)
{
	return wait_fd(got.fd, POLLIN, 0) & POLLHUP;
}

/* Who writes and closes has written. */
TEST_F(early, closed_after_writing)
{
	ASSERT_TRUE(play_begin());
	ASSERT_TRUE(hello_and_bytes()) { TH_LOG("%s", w.answer.text); }
	close(w.client);
	w.client = -1;
	ASSERT_TRUE(play(to_accept));
	EXPECT_TRUE(arrives(&self->server, BYTES));
	/* then the client goes, and does not wait for its time-out */
	EXPECT_TRUE(play(hung_up));
}

/* --- refused --- */

TEST_F(early, refused)
{
	w.takes = false;
	ASSERT_TRUE(play_begin());
	ASSERT_TRUE(hello_and_bytes()) { TH_LOG("%s", w.answer.text); }
	want = BYTES / 1200 + 1;
	ASSERT_TRUE(play(early_left));
	ASSERT_TRUE(play(all_done));
	EXPECT_TRUE(arrives(&self->server, BYTES));	/* once */
	EXPECT_EQ(0, stat_of("InEarlyPackets"));
	EXPECT_LE(want, stat_of("OutEarlyPackets"));
	EXPECT_LE(want, stat_of("DropNoKeys"));
	EXPECT_EQ(QUIC_EARLY_DATA_REFUSED, early_data(w.client));
	EXPECT_FALSE(early_accepted(self->server));
	EXPECT_EQ(QUIC_EARLY_DATA_NONE, early_data(self->server));
}

/* Hold back what is 0-RTT. */
static int early_late(const uint8_t *p, size_t len, int from)
{
	return from == CLIENT && is_long(p, len, 1) ? HOLD : PASS;
}

static bool keyless_dropped(void)
{
	return stat_of("DropNoKeys") >= want;
}

/* 0-RTT that comes when it was refused already does no harm, and is not kept. */
TEST_F(early, refused_and_late)
{
	w.takes = false;
	w.judge = early_late;
	ASSERT_TRUE(play_begin());
	ASSERT_TRUE(hello_and_bytes()) { TH_LOG("%s", w.answer.text); }
	want = BYTES / 1200 + 1;
	ASSERT_TRUE(play(early_left));
	ASSERT_TRUE(play(all_done));
	want += stat_of("DropNoKeys");
	let_go();
	EXPECT_TRUE(play(keyless_dropped));
	EXPECT_TRUE(arrives(&self->server, BYTES));
	EXPECT_EQ(0, stat_of("InEarlyPackets"));
}

/* --- kept --- */

/* The server's TLS takes its time. */
TEST_F(early, before_the_keys)
{
	w.hold = 1U << ANSWER;
	w.judge = no_1rtt;
	ASSERT_TRUE(play_begin());
	ASSERT_TRUE(hello_and_bytes()) { TH_LOG("%s", w.answer.text); }
	want = BYTES / 1200 + 1;
	ASSERT_TRUE(play(early_left));
	ASSERT_TRUE(play(hello_left));
	EXPECT_EQ(0, stat_of("InEarlyPackets"));
	w.hold = 0;
	ASSERT_TRUE(play(all_done));
	EXPECT_TRUE(arrived(&self->server, BYTES));
	EXPECT_EQ(0, stat_of("DropNoKeys"));
}

/* An initial window of them, and no more. */
TEST_F(early, before_the_keys_bounded)
{
	w.hold = 1U << ANSWER;
	ASSERT_TRUE(play_begin());
	ASSERT_EQ(0, fly(HELLO));
	ASSERT_TRUE(play(hello_left));
	w.copies = 19;
	ASSERT_EQ(0, pattern_send(w.client, 0, NEW, BYTES, SEED));
	want = BYTES / 1200 + 1;
	ASSERT_TRUE(play(early_left));
	w.copies = 0;
	want = 20 * w.early_seen - 10;
	ASSERT_TRUE(play(keyless_dropped));
	EXPECT_EQ(want, stat_of("DropNoKeys"));
	w.hold = 0;
	ASSERT_TRUE(play(all_done));
	EXPECT_TRUE(arrives(&self->server, BYTES));
}

/* The Initial was overtaken. */
TEST_F(early, before_the_initial)
{
	w.judge = initials_late;
	ASSERT_TRUE(play_begin());
	ASSERT_TRUE(hello_and_bytes()) { TH_LOG("%s", w.answer.text); }
	want = BYTES / 1200 + 1;
	ASSERT_TRUE(play(early_left));
	ASSERT_TRUE(play(early_kept));
	w.judge = no_1rtt;
	let_go();
	ASSERT_TRUE(play(all_done));
	EXPECT_TRUE(arrived(&self->server, BYTES));
	EXPECT_EQ(0, stat_of("DropEarly"));
	EXPECT_LE(want, stat_of("InEarlyPackets"));
}

/* 0-RTT for nobody: DCID and SCID of 8 bytes, the former with @n in it. */
static void for_nobody(int n)
{
	uint8_t p[1200] = { 0xd0, 0, 0, 0, 1, 8, [14] = 8, [23] = 0x44, [24] = 0x97 };

	memcpy(p + 6, &n, sizeof(n));
	forward(p, sizeof(p), CLIENT);
}

/* Half of the places for one network, each for a moment; then there is room again. */
TEST_F(early, before_the_initial_bounded)
{
	int i;

	w.judge = initials_late;
	ASSERT_TRUE(play_begin());
	for (i = 0; i < 400; i++)
		for_nobody(i);
	want = 400 - 128;
	ASSERT_TRUE(play(early_dropped));
	EXPECT_EQ(128, stat_of("EarlyKept"));
	want = 400;
	ASSERT_TRUE(play(early_dropped));
	EXPECT_EQ(400, stat_of("DropEarly"));
	EXPECT_EQ(128, stat_of("EarlyKept"));
	ASSERT_TRUE(hello_and_bytes()) { TH_LOG("%s", w.answer.text); }
	want = 128 + BYTES / 1200 + 1;
	ASSERT_TRUE(play(early_kept));
	w.judge = no_1rtt;
	let_go();
	ASSERT_TRUE(play(all_done));
	EXPECT_TRUE(arrived(&self->server, BYTES));
	/* a port whose listener goes keeps nothing */
	want = stat_of("EarlyKept") + 5;
	for (i = 0; i < 5; i++)
		for_nobody(i);
	ASSERT_TRUE(play(early_kept));
	close(w.listener);
	w.listener = -1;
	EXPECT_LE(405, stat_of("DropEarly"));
}

/* --- other beginnings --- */

TEST_F(early, retry)
{
	w.validate = true;
	w.judge = no_1rtt;
	ASSERT_TRUE(play_begin());
	ASSERT_TRUE(hello_and_bytes()) { TH_LOG("%s", w.answer.text); }
	ASSERT_TRUE(play(all_done));
	EXPECT_EQ(1, stat_of("RetryRecv"));
	EXPECT_TRUE(arrived(&self->server, BYTES));
	/* each left twice, and once it was for nobody */
	EXPECT_LE(2 * (BYTES / 1200 + 1), stat_of("OutEarlyPackets"));
	EXPECT_TRUE(early_accepted(self->server));
}

static unsigned int forged;

/* The client's first datagram gets Version Negotiation for its answer. */
static int negotiate(const uint8_t *p, size_t len, int from)
{
	uint8_t vn[27] = { 0xc0, [5] = 8, [14] = 8 };

	if (from != CLIENT)
		return PASS;
	if (forged++ || p[5] != 8 || p[14] != 8)
		return forged == 1 ? PASS : DROP;
	memcpy(vn + 6, p + 15, 8);
	memcpy(vn + 15, p + 6, 8);
	memcpy(vn + 23, "\x6b\x33\x43\xcf", 4);
	sendto(w.front, vn, sizeof(vn), 0, &w.from.sa, addr_len(&w.from));
	return DROP;
}

static bool began_anew(void)
{
	return w.starts[CLIENT] == 2;
}

static bool more_left(void)
{
	return forged >= want;
}

/* Keys and parameters were of the other version: what was written waits for 1-RTT. */
TEST_F(early, version_negotiation)
{
	static struct msg m;
	uint64_t sent;

	w.judge = negotiate;
	ASSERT_TRUE(play_begin());
	ASSERT_EQ(0, fly(HELLO));
	ASSERT_EQ(1, quic_send(w.client, 0, NEW, "x", 1, 0));
	ASSERT_TRUE(play(began_anew));
	EXPECT_EQ(QUIC_VERSION_V2, w.has_version);
	EXPECT_EQ(1, stat_of("VersionNegRecv"));
	sent = stat_of("OutEarlyPackets");
	EXPECT_EQ(EINVAL, fly(HELLO));
	EXPECT_STRNE("", w.answer.text);
	flight(&m, w.family, w.id[CLIENT]);
	secret_of(&m, QUIC_CRYPTO_EARLY, CLIENT, 1);
	EXPECT_EQ(EINVAL, say(&m));
	/* still to be written to */
	EXPECT_EQ(1, quic_send(w.client, 0, 0, "x", 1, 0));
	w.offers = false;
	w.version = QUIC_VERSION_V2;
	want = forged + 1;
	EXPECT_EQ(0, fly(HELLO)) { TH_LOG("%s", w.answer.text); }
	EXPECT_TRUE(play(more_left));
	EXPECT_EQ(sent, stat_of("OutEarlyPackets"));
	EXPECT_EQ(QUIC_STATE_HANDSHAKING, quic_state(w.client));
}

/* --- wrong flights --- */

/* Flights of a client that must be refused, by number. Return: its name, NULL: no more. */
static const char *bad_client(struct msg *m, int i)
{
	flight(m, w.family, w.id[CLIENT]);
	switch (i) {
	case 0:
		secret_of(m, QUIC_CRYPTO_EARLY, CLIENT, 1);
		return "a secret without parameters";
	case 1:
		remembered(m);
		secret_of(m, QUIC_CRYPTO_EARLY, CLIENT, 0);
		return "a client that receives 0-RTT";
	case 2:
		secret_of(m, QUIC_CRYPTO_EARLY, CLIENT, 1);
		remembered(m);
		return "the secret first";
	case 3:
		remembered(m);
		remembered(m);
		return "remembered parameters twice";
	case 4:
		remembered(m);
		secret_of(m, QUIC_CRYPTO_EARLY, CLIENT, 1);
		secret_of(m, QUIC_CRYPTO_EARLY, CLIENT, 1);
		return "the secret twice";
	case 5:
		remembered(m);
		secret_of(m, QUIC_CRYPTO_HANDSHAKE, CLIENT, 1);
		secret_of(m, QUIC_CRYPTO_EARLY, CLIENT, 1);
		return "after a secret of HANDSHAKE";
	case 6:
		secret_of(m, QUIC_CRYPTO_HANDSHAKE, CLIENT, 1);
		remembered(m);
		return "remembered parameters after a secret";
	case 7:
		params(m, w.remembered, w.remembered_len, QUIC_CRYPTO_HANDSHAKE, false);
		return "parameters of another level";
	case 8:
		params(m, w.remembered, w.remembered_len, QUIC_CRYPTO_EARLY, true);
		return "remembered parameters that accept";
	case 9:
		params(m, w.remembered, w.remembered_len - 1, QUIC_CRYPTO_EARLY, false);
		return "malformed parameters";
	case 10:
		params(m, w.tparams[CLIENT], w.tparams_len[CLIENT], 0, true);
		return "accepted what was not offered";
	case 11:
		remembered(m);
		params(m, w.tparams[CLIENT], w.tparams_len[CLIENT], 0, true);
		return "accepted what could not be sent";
	case 12:
		remembered(m);
		secret_of(m, QUIC_CRYPTO_EARLY, CLIENT, 1);
		tls_bytes(m, QUIC_CRYPTO_EARLY, 10);
		return "TLS bytes in 0-RTT";
	case 13:
		remembered(m);
		put_secret(m, QUIC_CRYPTO_EARLY, 1, CIPHER, w.tparams[CLIENT], 48);
		return "a secret too long for its cipher";
	default:
		return NULL;
	}
}

/* The same of a server. */
static const char *bad_server(struct msg *m, int i)
{
	flight(m, w.family, w.id[SERVER]);
	switch (i) {
	case 0:
		secret_of(m, QUIC_CRYPTO_EARLY, CLIENT, 0);
		act_select(m, w.listener_id);
		return "before SELECT";
	case 1:
		act_select(m, w.listener_id);
		secret_of(m, QUIC_CRYPTO_EARLY, CLIENT, 1);
		return "a server that sends 0-RTT";
	case 2:
		act_select(m, w.listener_id);
		secrets(m, QUIC_CRYPTO_HANDSHAKE, SERVER);
		secret_of(m, QUIC_CRYPTO_EARLY, CLIENT, 0);
		return "after the secrets of HANDSHAKE";
	case 3:
		act_select(m, w.listener_id);
		remembered(m);
		return "remembered parameters";
	case 4:
		act_select(m, w.listener_id);
		params(m, w.tparams[CLIENT], w.tparams_len[CLIENT], 0, true);
		return "a server that is told it was accepted";
	default:
		return NULL;
	}
}

TEST_F(early, wrong_flights)
{
	static struct msg m;
	const char *name;
	int i;

	w.hold = 1U << ANSWER;
	w.judge = no_1rtt;
	ASSERT_TRUE(play_begin());
	for (i = 0; (name = bad_client(&m, i)); i++) {
		EXPECT_EQ(EINVAL, say(&m)) { TH_LOG("client: %s", name); }
		EXPECT_STRNE("", w.answer.text) { TH_LOG("client: %s", name); }
		EXPECT_EQ(-1, quic_send(w.client, 0, NEW, "x", 1, 0));
		EXPECT_EQ(EAGAIN, errno) { TH_LOG("client: %s", name); }
		EXPECT_EQ(0, wait_fd(w.front, POLLIN, 0)) { TH_LOG("client: %s", name); }
	}
	ASSERT_TRUE(hello_and_bytes()) { TH_LOG("%s", w.answer.text); }
	ASSERT_TRUE(play(hello_left));
	for (i = 0; (name = bad_server(&m, i)); i++) {
		EXPECT_EQ(EINVAL, say(&m)) { TH_LOG("server: %s", name); }
		EXPECT_STRNE("", w.answer.text) { TH_LOG("server: %s", name); }
	}
	EXPECT_EQ(0, stat_of("InEarlyPackets"));
	w.hold = 0;
	ASSERT_TRUE(play(all_done));
	EXPECT_TRUE(arrived(&self->server, BYTES));
}

TEST_F(early, too_late)
{
	static struct msg m;

	w.offers = false;
	ASSERT_TRUE(play_begin());
	ASSERT_EQ(0, fly(HELLO));
	flight(&m, w.family, w.id[CLIENT]);
	remembered(&m);
	EXPECT_EQ(EINVAL, say(&m));
	EXPECT_STRNE("", w.answer.text);
	w.takes = false;
	EXPECT_TRUE(play(all_done));
}

QUIC_TEST_MAIN
