// SPDX-License-Identifier: GPL-2.0
/*
 * The workers against a kernel played by this test, over socket pairs: two
 * workers, real handshakes between a client on one and a server on the other,
 * and everything the kernel may do to them in between.
 *
 * Nothing here sleeps: the test waits for a message or for a counter.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <netlink/msg.h>

#include "certs.h"
#include "config.h"
#include "peer.h"
#include "tap.h"
#include "worker.h"

#define WAIT_MS 20000

static struct pool *pool;
static int kernel[2];		/* our ends */
static struct link link_of[2];
static uint64_t next_id = 1000;
static struct flight got;
static uint32_t got_seq;
static _Alignas(8) uint8_t buffer[400000];

static struct config *load(const char *more)
{
	char error[CONFIG_ERROR_MAX], text[2048];
	struct config *c;

	snprintf(text, sizeof(text),
		 "[global]\nlog_level = error\n%s[profile default]\n"
		 "cert = %s/good.pem\nkey = %s/good.key\nca = %s/ca.pem\n",
		 more, certs_dir, certs_dir, certs_dir);
	certs_write("quicd.conf", text);
	c = config_load(certs_path("quicd.conf"), false, error);
	if (!c) {
		printf("Bail out! %s\n", error);
		exit(1);
	}
	return c;
}

/* One message of worker @w; NULL if none comes. */
static struct nlmsghdr *receive(int w)
{
	struct pollfd p = { .fd = kernel[w], .events = POLLIN };
	ssize_t n;

	if (poll(&p, 1, WAIT_MS) != 1)
		return NULL;
	n = recv(kernel[w], buffer, sizeof(buffer), 0);
	return n >= NLMSG_HDRLEN ? (struct nlmsghdr *)buffer : NULL;
}

static void acknowledge(int w, uint32_t seq, int error)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
	} m = { .e.error = error };

	m.h.nlmsg_len = sizeof(m);
	m.h.nlmsg_type = NLMSG_ERROR;
	m.h.nlmsg_flags = NLM_F_CAPPED;
	m.h.nlmsg_seq = seq;
	if (send(kernel[w], &m, sizeof(m), 0) != sizeof(m))
		tap_failed = true;
}

static void deliver(int w, struct nl_msg *m)
{
	struct nlmsghdr *hdr = nlmsg_hdr(m);

	if (send(kernel[w], hdr, hdr->nlmsg_len, 0) != hdr->nlmsg_len)
		tap_failed = true;
	nlmsg_free(m);
}

/* The next FLIGHT of @w, in @got. Return: its id, 0 if none comes. */
static uint64_t flight(int w)
{
	struct nlmsghdr *hdr = receive(w);
	uint64_t id = 0;

	flight_reset(&got);
	if (!hdr || peer_parse_flight(hdr, &id, &got))
		return 0;
	got_seq = hdr->nlmsg_seq;
	return id;
}

static const struct action *last(void)
{
	static const struct action none;

	return got.n ? &got.action[got.n - 1] : &none;
}

static bool failed_with(int error)
{
	if (last()->type == QUIC_HS_ACTION_FAIL &&
	    last()->error == (uint32_t)error)
		return true;
	printf("# type %u errno %u '%s'\n", last()->type, last()->error,
	       last()->text);
	return false;
}

/* Wait until a counter of the pool has the value. */
static bool counted(size_t offset, uint64_t value)
{
	struct worker_stats s;
	time_t end = time(NULL) + WAIT_MS / 1000;

	do {
		pool_stats(pool, &s);
		if (*(uint64_t *)((char *)&s + offset) == value)
			return true;
		sched_yield();
	} while (time(NULL) <= end);
	printf("# counter at %zu never became %llu\n", offset,
	       (unsigned long long)value);
	return false;
}

#define COUNTED(field, value) \
	CHECK(counted(offsetof(struct worker_stats, field), value))

static uint64_t counter(size_t offset)
{
	struct worker_stats s;

	pool_stats(pool, &s);
	return *(uint64_t *)((char *)&s + offset);
}

#define COUNTER(field) counter(offsetof(struct worker_stats, field))

static uint64_t start_client(int w, uint32_t timeout_ms)
{
	struct hs_start s = {
		.role = QUIC_HS_ROLE_CLIENT,
		.version = 1,
		.timeout_ms = timeout_ms,
		.ciphers = 0xb,
		.server_name = "server.test",
		.alpn = "h3",
		.tparams = { 3, "abc" },
	};

	deliver(w, peer_start(++next_id, &s));
	return next_id;
}

static uint64_t start_server(int w)
{
	struct hs_listener l = {
		.id = 3,
		.alpn = "h3",
		.tparams = { 3, "xyz" },
	};
	struct hs_start s = {
		.role = QUIC_HS_ROLE_SERVER,
		.version = 1,
		.timeout_ms = 10000,
		.ciphers = 0xb,
		.listener = &l,
		.n_listeners = 1,
	};

	deliver(w, peer_start(++next_id, &s));
	return next_id;
}

/* Carry the CRYPTO of @got to the other side. */
static void carry(int w, uint64_t id)
{
	for (unsigned int i = 0; i < got.n; i++) {
		struct action *a = &got.action[i];

		if (a->type == QUIC_HS_ACTION_CRYPTO)
			deliver(w, peer_crypto(id, a->level, a->data, a->len));
	}
}

static void registration(void)
{
	struct genlmsghdr *g;
	struct nlmsghdr *hdr;

	CHECK_INT(pool_status(pool), 0);
	for (int w = 0; w < 2; w++) {
		hdr = receive(w);
		CHECK(hdr);
		g = nlmsg_data(hdr);
		CHECK_INT(hdr->nlmsg_type, PEER_FAMILY);
		CHECK_INT(hdr->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
		CHECK_INT(g->cmd, QUIC_HS_CMD_REGISTER);
		CHECK_INT(hdr->nlmsg_len, NLMSG_HDRLEN + 4);
		acknowledge(w, hdr->nlmsg_seq, 0);
	}
	while (!pool_status(pool))
		sched_yield();
	CHECK_INT(pool_status(pool), 1);
}

/* Client on worker 0, server on worker 1. */
static void whole_handshake(void)
{
	uint64_t c = start_client(0, 10000), s;
	uint64_t done = COUNTER(done);

	CHECK(flight(0) == c);
	CHECK_INT(got.n, 1);
	s = start_server(1);
	carry(1, s);
	CHECK(flight(1) == s);
	CHECK_INT(got.action[0].type, QUIC_HS_ACTION_SELECT);
	CHECK_INT(got.action[0].listener, 3);
	carry(0, c);
	/* ServerHello and the rest are two messages, so two flights */
	CHECK(flight(0) == c);
	CHECK_INT(last()->type, QUIC_HS_ACTION_SECRET);
	CHECK(flight(0) == c);
	CHECK_INT(last()->type, QUIC_HS_ACTION_DONE);
	CHECK(!strcmp(last()->text, "h3"));
	carry(1, s);
	CHECK(flight(1) == s);
	CHECK_INT(last()->type, QUIC_HS_ACTION_DONE);
	COUNTED(done, done + 2);
}

static void abort_own(void)
{
	uint64_t aborted = COUNTER(aborted), unknown = COUNTER(unknown);
	uint64_t c = start_client(0, 10000);

	CHECK(flight(0) == c);
	deliver(0, peer_abort(c));
	COUNTED(aborted, aborted + 1);
	deliver(0, peer_crypto(c, QUIC_CRYPTO_INITIAL, "x", 1));
	deliver(0, peer_abort(c));
	COUNTED(unknown, unknown + 2);
}

static void abort_elsewhere(void)
{
	uint64_t aborted = COUNTER(aborted), unknown = COUNTER(unknown);
	uint64_t c = start_client(0, 10000);

	CHECK(flight(0) == c);
	/* CRYPTO on the wrong socket is not for us, ABORT is */
	deliver(1, peer_crypto(c, QUIC_CRYPTO_INITIAL, "x", 1));
	COUNTED(unknown, unknown + 1);
	deliver(1, peer_abort(c));
	COUNTED(aborted, aborted + 1);
	deliver(0, peer_crypto(c, QUIC_CRYPTO_INITIAL, "x", 1));
	COUNTED(unknown, unknown + 2);
}

static void time_outs(void)
{
	uint64_t timed_out = COUNTER(timed_out);
	uint64_t slow = start_client(0, 10000), mid, fast;

	CHECK(flight(0) == slow);
	mid = start_client(0, 60);
	CHECK(flight(0) == mid);
	fast = start_client(0, 30);
	CHECK(flight(0) == fast);
	CHECK(flight(0) == fast);
	CHECK(failed_with(ETIMEDOUT));
	CHECK(flight(0) == mid);
	CHECK(failed_with(ETIMEDOUT));
	COUNTED(timed_out, timed_out + 2);
	deliver(0, peer_abort(slow));
}

static void malformed(void)
{
	uint64_t malformed = COUNTER(malformed);
	struct hs_start s = { .role = 9 };
	struct {
		struct nlmsghdr h;
		uint32_t junk[2];
	} m = { { sizeof(m), PEER_FAMILY, 0, 0, 0 }, { 0xffffffff, 0 } };

	deliver(0, peer_start(++next_id, &s));
	CHECK(flight(0) == next_id);
	CHECK(failed_with(EPROTO));
	CHECK(send(kernel[0], &m, sizeof(m), 0) > 0);
	m.h.nlmsg_len = 4000000;
	CHECK(send(kernel[0], &m, sizeof(m), 0) > 0);
	CHECK(send(kernel[0], &m, 7, 0) > 0);
	m.h.nlmsg_len = sizeof(m.h);
	m.h.nlmsg_type = NLMSG_ERROR;
	CHECK(send(kernel[0], &m, sizeof(m.h), 0) > 0);
	COUNTED(malformed, malformed + 5);
}

static void same_id_twice(void)
{
	uint64_t malformed = COUNTER(malformed);
	uint64_t c = start_client(0, 10000);

	CHECK(flight(0) == c);
	next_id--;
	start_client(1, 10000);
	COUNTED(malformed, malformed + 1);
	deliver(0, peer_abort(c));
}

static void rejected(void)
{
	uint64_t rejected = COUNTER(rejected);
	uint64_t c = start_client(0, 10000);

	CHECK(flight(0) == c);
	acknowledge(0, got_seq, -EINVAL);
	CHECK(flight(0) == c);
	CHECK(failed_with(EPROTO));
	CHECK(strstr(last()->text, "Invalid argument"));
	/* a rejected FAIL is not answered with another one */
	acknowledge(0, got_seq, -EINVAL);
	COUNTED(rejected, rejected + 2);
	/* ENOENT: the connection went away meanwhile */
	c = start_client(0, 10000);
	CHECK(flight(0) == c);
	acknowledge(0, got_seq, -ENOENT);
	deliver(0, peer_crypto(c, QUIC_CRYPTO_INITIAL, "x", 1));
	c = start_client(0, 10000);
	CHECK(flight(0) == c);
	CHECK_INT(COUNTER(rejected), rejected + 2);
	deliver(0, peer_abort(c));
}

/* An error that means no flight, or one whose error was heard already. */
static void rejected_what(void)
{
	uint64_t rejected = COUNTER(rejected);
	uint64_t c = start_client(0, 10000);

	CHECK(flight(0) == c);
	acknowledge(0, 0, -EINVAL);
	acknowledge(0, got_seq, -EINVAL);
	acknowledge(0, got_seq, -EINVAL);
	CHECK(flight(0) == c);
	CHECK(failed_with(EPROTO));
	c = start_client(0, 10000);
	CHECK(flight(0) == c);
	CHECK(last()->type == QUIC_HS_ACTION_CRYPTO);
	CHECK_INT(COUNTER(rejected), rejected + 1);
	deliver(0, peer_abort(c));
}

static void garbage_from_peer(void)
{
	uint64_t c = start_client(0, 10000);

	CHECK(flight(0) == c);
	deliver(0, peer_crypto(c, QUIC_CRYPTO_INITIAL, "\377\0\0\1x", 5));
	CHECK(flight(0) == c);
	CHECK(failed_with(EPROTO));
	c = start_client(0, 10000);
	CHECK(flight(0) == c);
	deliver(0, peer_crypto(c, QUIC_CRYPTO_HANDSHAKE, "\10\0\0\1x", 5));
	CHECK(flight(0) == c);
	CHECK(failed_with(EPROTO));
}

/* The configuration changes between the client's two flights. */
static void reload_in_flight(void)
{
	unsigned int generation;
	struct config *cfg;
	uint64_t c, s;

	config_publish(load("ciphers = aes128-gcm\n"));
	c = start_client(0, 10000);
	CHECK(flight(0) == c);
	cfg = load("ciphers = aes256-gcm\n");
	generation = cfg->generation;
	config_publish(cfg);
	CHECK_INT(pool_count_old(pool, generation), 1);
	/* a new server offers only the new cipher: they cannot agree */
	s = start_server(1);
	carry(1, s);
	CHECK(flight(1) == s);
	CHECK(failed_with(EPROTO));
	deliver(0, peer_abort(c));
	/* both new */
	config_publish(load(""));
	whole_handshake();
}

static void many_at_once(void)
{
	enum { N = 40 };
	uint64_t aborted = COUNTER(aborted), first = next_id + 1;

	for (int i = 0; i < N; i++)
		start_client(i & 1, 10000);
	for (int i = 0; i < N; i++) {
		uint64_t id = flight(i & 1);

		CHECK(id >= first && id <= next_id);
	}
	pool_print(pool);
	for (int i = 0; i < N; i++)
		deliver(0, peer_abort(first + (uint64_t)i));
	COUNTED(aborted, aborted + N);
}

static void start_pool(void)
{
	for (int w = 0; w < 2; w++) {
		int fd[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
			exit(1);
		kernel[w] = fd[0];
		link_of[w] = (struct link){ fd[1], NULL };
	}
	pool = pool_start(2, PEER_FAMILY, link_of);
}

static void close_pool(void)
{
	pool_stop(pool);
	for (int w = 0; w < 2; w++) {
		close(kernel[w]);
		close(link_of[w].fd);
	}
}

/* Handshakes in flight when the daemon ends: nothing leaks. */
static void stop_in_flight(void)
{
	uint64_t c = start_client(0, 10000);

	CHECK(flight(0) == c);
	start_client(1, 10000);
	close_pool();
	start_pool();
}

static void registration_refused(void)
{
	struct nlmsghdr *hdr = receive(0);

	CHECK(hdr);
	acknowledge(0, hdr->nlmsg_seq, -EPERM);
	while (!pool_status(pool))
		sched_yield();
	CHECK_INT(pool_status(pool), -EPERM);
	close_pool();
	start_pool();
}

/* A real netlink socket; the real kernel knows no such family. */
static void real_socket(void)
{
	struct link link;
	struct pool *p;

	CHECK_INT(netlink_open_link(&link), 0);
	p = pool_start(1, 0x7ffe, &link);
	CHECK(p);
	while (!pool_status(p))
		sched_yield();
	CHECK_INT(pool_status(p), -ENOENT);
	pool_stop(p);
	netlink_close_link(&link);
}

static void socket_fails(void)
{
	close(kernel[1]);
	kernel[1] = -1;
	while (!pool_status(pool))
		sched_yield();
	CHECK(pool_status(pool) < 0);	/* EPIPE or ECONNRESET */
}

static void setup(void)
{
	rcu_register_thread();
	certs_make();
	config_publish(load(""));
	log_set_level(LOG_ERROR);
	start_pool();
}

static void teardown(void)
{
	flight_reset(&got);
	close_pool();
	config_publish(NULL);
	certs_remove();
	rcu_unregister_thread();
}

TAP_MAIN(setup, teardown,
	 TAP_TEST(registration),
	 TAP_TEST(whole_handshake),
	 TAP_TEST(abort_own),
	 TAP_TEST(abort_elsewhere),
	 TAP_TEST(time_outs),
	 TAP_TEST(malformed),
	 TAP_TEST(same_id_twice),
	 TAP_TEST(rejected),
	 TAP_TEST(rejected_what),
	 TAP_TEST(garbage_from_peer),
	 TAP_TEST(reload_in_flight),
	 TAP_TEST(many_at_once),
	 TAP_TEST(stop_in_flight),
	 TAP_TEST(registration_refused),
	 TAP_TEST(real_socket),
	 TAP_TEST(socket_fails))
