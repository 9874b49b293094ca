// SPDX-License-Identifier: GPL-2.0
/*
 * dgram_test - datagrams through the socket calls: boundaries, flags and errors;
 * full queues on both sides; a peer that takes none; a reader who does not read.
 *
 * Both ends live in the test. For queues that fill, a namespace of its own has a
 * loopback that delays: without that all is acknowledged before send() returns.
 *
 * Not here: what is on the wire (test_datagram.sh).
 */
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "quic_test.h"
#include "dgram.h"

#define ALPN	"test"
#define SOON_MS	10000	/* for what comes at once; TCG on a busy machine is slow */

static uint8_t buf[DGRAM_MAX];

FIXTURE(pair) {
	int listener;
	int client;
	int server;
};

FIXTURE_VARIANT(pair) {
	int family;
};

FIXTURE_VARIANT_ADD(pair, v4) { .family = AF_INET };
FIXTURE_VARIANT_ADD(pair, v6) { .family = AF_INET6 };

/* Two ends that take frames of so many bytes. Return: 0, or what failed. */
static const char *make_pair(int family, uint32_t client_max, uint32_t server_max,
			     int rcvbuf, int fd[3])
{
	socklen_t len = sizeof(union addr);
	union addr a;

	addr_loopback(&a, family);
	fd[2] = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_QUIC);
	if (fd[2] < 0 || set_string(fd[2], QUIC_SOCKOPT_ALPN, ALPN) ||
	    set_knob(fd[2], QUIC_KNOB_MAX_DATAGRAM, server_max))
		return "listener";
	if (rcvbuf && setsockopt(fd[2], SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf)))
		return "SO_RCVBUF";
	if (bind(fd[2], &a.sa, addr_len(&a)) || listen(fd[2], 16) ||
	    getsockname(fd[2], &a.sa, &len))
		return "listen";
	fd[0] = quic_client(family, ALPN);
	if (fd[0] < 0 || set_knob(fd[0], QUIC_KNOB_MAX_DATAGRAM, client_max))
		return "client";
	if (connect(fd[0], &a.sa, addr_len(&a)))
		return "connect";
	if (!wait_fd(fd[2], POLLIN, SOON_MS))
		return "nobody came";
	fd[1] = accept4(fd[2], NULL, NULL, SOCK_CLOEXEC);
	return fd[1] < 0 ? "accept" : NULL;
}

FIXTURE_SETUP(pair)
{
	const char *wrong;
	int fd[3];

	wrong = make_pair(variant->family, 65535, 65535, 0, fd);
	ASSERT_EQ(NULL, wrong) { TH_LOG("%s: %s", wrong, strerror(errno)); }
	self->client = fd[0];
	self->server = fd[1];
	self->listener = fd[2];
}

FIXTURE_TEARDOWN(pair)
{
	close(self->client);
	close(self->server);
	close(self->listener);
}

/* Wait until a counter is there. */
#define WAIT_INFO(fd, cond) ({						\
	int64_t __end = now_ms() + SOON_MS;				\
	struct quic_info i = dgram_info(fd);				\
									\
	while (!(cond) && now_ms() < __end) {				\
		breath(1);						\
		i = dgram_info(fd);					\
	}								\
	EXPECT_TRUE(cond);						\
	i; })

/* ---- boundaries and flags ---- */

TEST_F(pair, whole)
{
	uint32_t lens[] = { 4, 5, 191, 192, 193, 500, 1000, 1150, 0 };
	size_t i, n = sizeof(lens) / sizeof(lens[0]);
	int flags;

	lens[n - 1] = dgram_info(self->client).max_datagram;
	ASSERT_LT(1100, lens[n - 1]);
	for (i = 0; i < n; i++)
		ASSERT_EQ(0, dgram_send(self->client, i, lens[i], 0));
	for (i = 0; i < n; i++) {
		ASSERT_NE(0, wait_fd(self->server, POLLIN, SOON_MS));
		ASSERT_EQ(lens[i], dgram_recv(self->server, buf, sizeof(buf), 0, &flags));
		EXPECT_EQ(MSG_QUIC_DATAGRAM | MSG_EOR, flags);
		EXPECT_EQ(i, dgram_number(buf, lens[i]));
	}
	EXPECT_EQ(0, wait_fd(self->server, POLLIN, 0));
	EXPECT_EQ(-1, dgram_recv(self->server, buf, 1, MSG_DONTWAIT, &flags));
	EXPECT_EQ(EAGAIN, errno);
	/* and back */
	ASSERT_EQ(0, dgram_send(self->server, 77, 900, 0));
	ASSERT_EQ(900, dgram_recv(self->client, buf, sizeof(buf), 0, &flags));
	EXPECT_EQ(77, dgram_number(buf, 900));
}

TEST_F(pair, short_buffers)
{
	int flags, bytes = 0;

	ASSERT_EQ(0, dgram_send(self->client, 1, 600, 0));
	ASSERT_EQ(0, dgram_send(self->client, 2, 700, 0));
	ASSERT_EQ(0, dgram_send(self->client, 3, 800, 0));
	WAIT_INFO(self->server, i.received_datagrams == 3);
	EXPECT_EQ(0, ioctl(self->server, SIOCINQ, &bytes));
	EXPECT_EQ(2100, bytes);
	/* shown, not taken */
	EXPECT_EQ(600, dgram_recv(self->server, buf, sizeof(buf), MSG_PEEK, &flags));
	EXPECT_EQ(MSG_QUIC_DATAGRAM | MSG_EOR, flags);
	EXPECT_EQ(10, dgram_recv(self->server, buf, 10, MSG_PEEK, &flags));
	EXPECT_EQ(MSG_QUIC_DATAGRAM, flags);
	/* in two pieces, neither mixed with the next one */
	EXPECT_EQ(400, dgram_recv(self->server, buf, 400, 0, &flags));
	EXPECT_EQ(MSG_QUIC_DATAGRAM, flags);
	EXPECT_EQ(200, dgram_recv(self->server, buf + 400, 1000, 0, &flags));
	EXPECT_EQ(MSG_QUIC_DATAGRAM | MSG_EOR, flags);
	EXPECT_EQ(1, dgram_number(buf, 600));
	/* asked for as recvmsg(2) has it: the rest is gone */
	EXPECT_EQ(700, dgram_recv(self->server, buf, 50, MSG_TRUNC | MSG_PEEK, &flags));
	EXPECT_EQ(MSG_QUIC_DATAGRAM | MSG_EOR | MSG_TRUNC, flags);
	EXPECT_EQ(700, dgram_recv(self->server, buf, 50, MSG_TRUNC, &flags));
	EXPECT_EQ(MSG_QUIC_DATAGRAM | MSG_EOR | MSG_TRUNC, flags);
	EXPECT_EQ(800, dgram_recv(self->server, buf, 800, MSG_TRUNC, &flags));
	EXPECT_EQ(MSG_QUIC_DATAGRAM | MSG_EOR, flags);
	EXPECT_EQ(3, dgram_number(buf, 800));
	EXPECT_EQ(0, ioctl(self->server, SIOCINQ, &bytes));
	EXPECT_EQ(0, bytes);
}

TEST_F(pair, sizes_refused)
{
	uint32_t max = dgram_info(self->client).max_datagram;
	int small = 1;

	EXPECT_EQ(EMSGSIZE, dgram_send(self->client, 0, 0, 0));
	/* it may have grown since, but not beyond a packet */
	EXPECT_EQ(EMSGSIZE, dgram_send(self->client, 0, 17000, 0));
	EXPECT_EQ(EMSGSIZE, dgram_send(self->client, 0, DGRAM_MAX, 0));
	EXPECT_EQ(0, setsockopt(self->client, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)));
	EXPECT_EQ(0, dgram_send(self->client, 1, max < 1200 ? max : 1200, 0));
	EXPECT_EQ(QUIC_STATE_ESTABLISHED, quic_state(self->client));
}

TEST_F(pair, flags_refused)
{
	int flags;

	EXPECT_EQ(EINVAL, dgram_send(self->client, 0, 10, MSG_QUIC_STREAM_FIN));
	EXPECT_EQ(EINVAL, dgram_send(self->client, 0, 10, MSG_QUIC_STREAM_NEW));
	EXPECT_EQ(-1, quic_send(self->client, 0, 0, buf, 10, MSG_QUIC_DATAGRAM));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, send(self->client, (void *)8, 10, MSG_QUIC_DATAGRAM));
	EXPECT_EQ(EFAULT, errno);
	/* nothing of all that left */
	ASSERT_EQ(0, dgram_send(self->client, 9, 10, 0));
	ASSERT_EQ(10, dgram_recv(self->server, buf, sizeof(buf), 0, &flags));
	EXPECT_EQ(9, dgram_number(buf, 10));
	EXPECT_EQ(1, dgram_info(self->server).received_datagrams);
}

/* Streams and datagrams come by arrival, and each as what it is. */
TEST_F(pair, beside_streams)
{
	int64_t sid;
	int flags;

	ASSERT_EQ(0, dgram_send(self->client, 1, 300, 0));
	WAIT_INFO(self->server, i.received_datagrams == 1);
	ASSERT_EQ(0, pattern_send(self->client, 0, NEW, 5000, 3));
	WAIT_INFO(self->server, i.stream_received_bytes == 5000);
	ASSERT_EQ(0, dgram_send(self->client, 2, 300, 0));
	WAIT_INFO(self->server, i.received_datagrams == 2);
	EXPECT_EQ(300, dgram_recv(self->server, buf, sizeof(buf), 0, &flags));
	EXPECT_EQ(1, dgram_number(buf, 300));
	EXPECT_EQ(100, quic_recv(self->server, buf, 100, &sid, NULL, 0));
	EXPECT_EQ(0, sid);
	/* it came before that read, and is not kept waiting by the stream's rest */
	EXPECT_EQ(300, dgram_recv(self->server, buf, sizeof(buf), 0, &flags));
	EXPECT_EQ(2, dgram_number(buf, 300));
	EXPECT_EQ(4900, quic_recv(self->server, buf, sizeof(buf), &sid, NULL, 0));
	EXPECT_EQ(0, sid);
}

/* MSG_MORE keeps small ones for one packet. */
TEST_F(pair, bundled)
{
	struct quic_info before = dgram_info(self->client), after;
	int i, flags;

	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, dgram_send(self->client, i, 50, i < 9 ? MSG_MORE : 0));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(50, dgram_recv(self->server, buf, sizeof(buf), 0, &flags));
		EXPECT_EQ(i, dgram_number(buf, 50));
	}
	after = dgram_info(self->client);
	EXPECT_EQ(10, after.sent_datagrams);
	EXPECT_GT(5, after.sent_pkts - before.sent_pkts);
}

/* What came can be read when the connection is over; nothing can be sent. */
TEST_F(pair, after_the_end)
{
	int flags;

	ASSERT_EQ(0, dgram_send(self->client, 5, 1000, 0));
	ASSERT_EQ(0, shutdown(self->client, SHUT_RDWR));
	ASSERT_NE(0, wait_fd(self->server, POLLHUP, SOON_MS));
	EXPECT_EQ(1000, dgram_recv(self->server, buf, sizeof(buf), 0, &flags));
	EXPECT_EQ(5, dgram_number(buf, 1000));
	EXPECT_EQ(0, dgram_recv(self->server, buf, sizeof(buf), 0, &flags));
	EXPECT_EQ(EPIPE, dgram_send(self->server, 0, 10, 0));
	EXPECT_EQ(EPIPE, dgram_send(self->client, 0, 10, 0));
}

/* ---- who takes them ---- */

TEST(peer_that_takes_none)
{
	const char *wrong;
	int fd[3], flags;

	wrong = make_pair(AF_INET, 2000, 0, 0, fd);
	ASSERT_EQ(NULL, wrong) { TH_LOG("%s: %s", wrong, strerror(errno)); }
	EXPECT_EQ(0, dgram_info(fd[0]).max_datagram);
	EXPECT_EQ(EINVAL, dgram_send(fd[0], 0, 10, 0));
	EXPECT_EQ(EINVAL, dgram_send(fd[0], 0, 10, MSG_DONTWAIT));
	/* the other way they go, and streams both ways */
	EXPECT_LT(1000, dgram_info(fd[1]).max_datagram);
	ASSERT_EQ(0, dgram_send(fd[1], 3, 1000, 0));
	ASSERT_EQ(1000, dgram_recv(fd[0], buf, sizeof(buf), 0, &flags));
	ASSERT_EQ(0, pattern_send(fd[0], 0, NEW, 1000, 1));
	EXPECT_EQ(1000, pattern_recv(fd[1], 0, 1));
	EXPECT_EQ(QUIC_STATE_ESTABLISHED, quic_state(fd[0]));
}

TEST(peer_that_takes_short_ones)
{
	const char *wrong;
	int fd[3], flags;

	wrong = make_pair(AF_INET, 0, 100, 0, fd);
	ASSERT_EQ(NULL, wrong) { TH_LOG("%s: %s", wrong, strerror(errno)); }
	EXPECT_EQ(97, dgram_info(fd[0]).max_datagram);
	EXPECT_EQ(EMSGSIZE, dgram_send(fd[0], 0, 98, 0));
	ASSERT_EQ(0, dgram_send(fd[0], 1, 97, 0));
	ASSERT_EQ(97, dgram_recv(fd[1], buf, sizeof(buf), 0, &flags));
	EXPECT_EQ(QUIC_STATE_ESTABLISHED, quic_state(fd[1]));
}

TEST(options)
{
	struct quic_transport_param p = { .max_datagram_frame_size = 1199 };
	struct quic_knob k = { .knob = QUIC_KNOB_MAX_DATAGRAM };
	int one = socket(AF_INET, SOCK_STREAM, IPPROTO_QUIC);
	int fd = quic_client(AF_INET, ALPN);
	socklen_t len = sizeof(k);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_TRANSPORT_PARAM, &p, sizeof(p)));
	EXPECT_EQ(EINVAL, errno);
	p.max_datagram_frame_size = 1200;
	EXPECT_EQ(0, setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_TRANSPORT_PARAM, &p, sizeof(p)));
	EXPECT_EQ(0, getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_KNOB, &k, &len));
	EXPECT_EQ(1200, k.value);
	EXPECT_EQ(0, set_knob(fd, QUIC_KNOB_MAX_DATAGRAM, 0));
	EXPECT_EQ(-1, set_knob(fd, QUIC_KNOB_MAX_DATAGRAM, 65536));
	EXPECT_EQ(-1, set_knob(fd, QUIC_KNOB_DATAGRAM_SEND_QUEUE, 0));
	EXPECT_EQ(-1, set_knob(fd, QUIC_KNOB_DATAGRAM_RECV_QUEUE, 65537));
	EXPECT_EQ(-1, set_knob(fd, QUIC_KNOB_DATAGRAM_DROP, 4));
	EXPECT_EQ(0, set_knob(fd, QUIC_KNOB_DATAGRAM_DROP, 3));
	EXPECT_EQ(-1, set_knob(one, QUIC_KNOB_MAX_DATAGRAM, 1200));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, setsockopt(one, SOL_QUIC, QUIC_SOCKOPT_TRANSPORT_PARAM, &p, sizeof(p)));
	EXPECT_EQ(EOPNOTSUPP, errno);
}

/* ---- a reader who does not read ---- */

static void send_many(struct __test_metadata *_metadata, int fd, int n, size_t len)
{
	int i;

	for (i = 0; i < n; i++)
		ASSERT_EQ(0, dgram_send(fd, i, len, 0));
}

/* The numbers that can be read must be @n from @first on. */
static void expect_numbers(struct __test_metadata *_metadata, int fd, int first, int n)
{
	int flags, i;
	ssize_t len;

	for (i = 0; i < n; i++) {
		len = dgram_recv(fd, buf, sizeof(buf), MSG_DONTWAIT, &flags);
		ASSERT_LT(0, len);
		ASSERT_EQ(first + i, dgram_number(buf, len));
	}
	EXPECT_EQ(-1, dgram_recv(fd, buf, sizeof(buf), MSG_DONTWAIT, &flags));
}

TEST_F(pair, unread_by_number)
{
	struct quic_info info;

	ASSERT_EQ(0, set_knob(self->server, QUIC_KNOB_DATAGRAM_RECV_QUEUE, 16));
	send_many(_metadata, self->client, 100, 500);
	info = WAIT_INFO(self->server, i.received_datagrams == 100);
	EXPECT_EQ(84, info.recv_dropped_datagrams);
	/* the newest did not come in */
	expect_numbers(_metadata, self->server, 0, 16);
	ASSERT_EQ(0, set_knob(self->server, QUIC_KNOB_DATAGRAM_DROP, QUIC_DATAGRAM_RECV_OLDEST));
	send_many(_metadata, self->client, 100, 500);
	WAIT_INFO(self->server, i.received_datagrams == 200);
	expect_numbers(_metadata, self->server, 84, 16);
	/* the sender is told nothing of that */
	WAIT_INFO(self->client, i.acked_datagrams == 200);
}

static uint32_t rmem(int fd)
{
	uint32_t v[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(v);

	getsockopt(fd, SOL_SOCKET, SO_MEMINFO, v, &len);
	return v[SK_MEMINFO_RMEM_ALLOC];
}

/* 2 MiB that nobody reads keep a quarter of SO_RCVBUF, and streams still go. */
TEST(unread_by_memory)
{
	int rcvbuf = 0, fd[3];
	socklen_t len = sizeof(rcvbuf);
	struct quic_info info;
	const char *wrong;

	wrong = make_pair(AF_INET, 0, 65535, 256 << 10, fd);
	ASSERT_EQ(NULL, wrong) { TH_LOG("%s: %s", wrong, strerror(errno)); }
	ASSERT_EQ(0, getsockopt(fd[1], SOL_SOCKET, SO_RCVBUF, &rcvbuf, &len));
	ASSERT_EQ(0, set_knob(fd[1], QUIC_KNOB_DATAGRAM_RECV_QUEUE, 65536));
	send_many(_metadata, fd[0], 2000, 1100);
	info = WAIT_INFO(fd[0], i.acked_datagrams + i.lost_datagrams == 2000);
	info = dgram_info(fd[1]);
	EXPECT_LT(1000, info.recv_dropped_datagrams);
	EXPECT_GT(2000, info.recv_dropped_datagrams);
	EXPECT_GE(rcvbuf / 4, rmem(fd[1]));
	EXPECT_LT(1100, rmem(fd[1]));
	ASSERT_EQ(0, pattern_send(fd[0], 0, NEW, 20000, 1));
	WAIT_INFO(fd[1], i.stream_received_bytes == 20000);
	/* nobody will: the memory comes back */
	shutdown(fd[1], SHUT_RD);
	EXPECT_EQ(0, rmem(fd[1]));
}

/* ---- full queues ---- */

/* A namespace of our own whose loopback delays. */
static bool slow_loopback(void)
{
	return !unshare(CLONE_NEWNET) &&
	       !system("modprobe -q sch_netem; ip link set lo up mtu 1500 &&"
		       "tc qdisc add dev lo root netem delay 100ms limit 10000");
}

FIXTURE(slow) {
	int fd[3];
};

FIXTURE_SETUP(slow)
{
	const char *wrong;

	ASSERT_TRUE(slow_loopback());
	wrong = make_pair(AF_INET, 65535, 65535, 0, self->fd);
	ASSERT_EQ(NULL, wrong) { TH_LOG("%s: %s", wrong, strerror(errno)); }
}

FIXTURE_TEARDOWN(slow)
{
	close(self->fd[0]);
	close(self->fd[1]);
	close(self->fd[2]);
}

/* Send until it would wait. Return: how many went in, or -errno. */
static int fill(int fd, size_t len)
{
	int n = 0, e;

	while (!(e = dgram_send(fd, n, len, MSG_DONTWAIT)))
		n++;
	return e == EAGAIN ? n : -e;
}

static int drain(int fd, int n)
{
	int got = 0, flags;
	ssize_t len;

	while (got < n && wait_fd(fd, POLLIN, SOON_MS)) {
		len = dgram_recv(fd, buf, sizeof(buf), 0, &flags);
		if (len <= 0 || dgram_number(buf, len) == UINT32_MAX)
			break;
		got++;
	}
	return got;
}

TEST_F_TIMEOUT(slow, full_without_waiting, 60)
{
	int fd = self->fd[0], n, more;
	struct quic_info info;

	ASSERT_EQ(0, set_knob(fd, QUIC_KNOB_DATAGRAM_SEND_QUEUE, 8));
	EXPECT_NE(0, wait_fd(fd, POLLOUT, 0));
	n = fill(fd, 1000);
	/* a window and the queue */
	EXPECT_LT(8, n);
	EXPECT_GT(200, n);
	EXPECT_EQ(0, wait_fd(fd, POLLOUT, 0));
	info = dgram_info(fd);
	EXPECT_EQ(8, info.queued_datagrams);
	EXPECT_EQ(n - 8, info.sent_datagrams);
	/* room comes with the ACKs, and then for more than one */
	ASSERT_NE(0, wait_fd(fd, POLLOUT, SOON_MS));
	more = fill(fd, 1000);
	EXPECT_LE(4, more);
	EXPECT_EQ(n + more, drain(self->fd[1], n + more));
	info = WAIT_INFO(fd, i.acked_datagrams == n + more);
	EXPECT_EQ(0, info.send_dropped_datagrams);
	EXPECT_EQ(0, info.lost_datagrams);
}

TEST_F_TIMEOUT(slow, full_and_waiting, 60)
{
	struct timeval brief = { .tv_usec = 10000 };
	int fd = self->fd[0], n, i;

	ASSERT_EQ(0, set_knob(fd, QUIC_KNOB_DATAGRAM_SEND_QUEUE, 4));
	n = fill(fd, 1000);
	ASSERT_LT(0, n);
	/* no longer than SO_SNDTIMEO */
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &brief, sizeof(brief)));
	EXPECT_EQ(EAGAIN, dgram_send(fd, 0, 1000, 0));
	brief.tv_usec = 0;
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &brief, sizeof(brief)));
	for (i = 0; i < 50; i++)
		ASSERT_EQ(0, dgram_send(fd, n + i, 1000, 0));
	EXPECT_EQ(n + 50, drain(self->fd[1], n + 50));
	EXPECT_EQ(0, dgram_info(fd).send_dropped_datagrams);
}

/* Nobody waits, the oldest go. */
TEST_F_TIMEOUT(slow, full_and_oldest_dropped, 60)
{
	int fd = self->fd[0], i, flags;
	struct quic_info info;
	uint32_t last = 0;
	ssize_t len;

	ASSERT_EQ(0, set_knob(fd, QUIC_KNOB_DATAGRAM_SEND_QUEUE, 8));
	ASSERT_EQ(0, set_knob(fd, QUIC_KNOB_DATAGRAM_DROP, QUIC_DATAGRAM_SEND_OLDEST));
	for (i = 0; i < 300; i++)
		ASSERT_EQ(0, dgram_send(fd, i, 1000, MSG_DONTWAIT));
	info = WAIT_INFO(fd, i.acked_datagrams + i.send_dropped_datagrams == 300);
	EXPECT_LT(100, info.send_dropped_datagrams);
	for (i = 0; i < info.acked_datagrams; i++) {
		len = dgram_recv(self->fd[1], buf, sizeof(buf), MSG_DONTWAIT, &flags);
		ASSERT_EQ(1000, len);
		last = dgram_number(buf, len);
	}
	EXPECT_EQ(299, last);
}

struct bulk {
	int fd;
	volatile bool stop;
	uint64_t bytes;
};

/* Keeps the stream's buffer full. */
static void *bulk_main(void *arg)
{
	static uint8_t data[65536];
	struct bulk *b = arg;
	ssize_t n;

	while (!b->stop) {
		n = quic_send(b->fd, 0, b->bytes ? 0 : NEW, data, sizeof(data), 0);
		if (n <= 0)
			break;
		b->bytes += n;
	}
	return NULL;
}

/* A stream that has its buffer full does not stand in the way. */
TEST_F_TIMEOUT(slow, beside_a_bulk_transfer, 60)
{
	struct bulk b = { .fd = self->fd[0] };
	int i, flags, got = 0;
	int64_t end;
	pthread_t t;
	ssize_t n;

	ASSERT_EQ(0, pthread_create(&t, NULL, bulk_main, &b));
	WAIT_INFO(self->fd[1], i.stream_received_bytes > 100000);
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, dgram_send(self->fd[0], i, 1000, 0));
	end = now_ms() + 2 * SOON_MS;
	while (got < 100 && now_ms() < end && wait_fd(self->fd[1], POLLIN, SOON_MS)) {
		n = dgram_recv(self->fd[1], buf, sizeof(buf), 0, &flags);
		ASSERT_LT(0, n);
		got += !!(flags & MSG_QUIC_DATAGRAM);
	}
	EXPECT_EQ(100, got);
	b.stop = true;
	shutdown(self->fd[1], SHUT_RDWR);
	pthread_join(t, NULL);
	EXPECT_LT(100000, b.bytes);
}

QUIC_TEST_MAIN
