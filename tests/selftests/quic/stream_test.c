// SPDX-License-Identifier: GPL-2.0
/*
 * stream_test - SOCK_STREAM: what a TCP program finds when its socket() call asks
 * for QUIC.
 *
 * The same bodies run over TCP and over QUIC on IPv4 and IPv6; the protocol is an
 * argument of socket(2), and nothing else is set: name, credentials and protocol
 * are what quicd and the kernel make of nothing. Where the two differ on purpose
 * the test says so with quic(). What has no counterpart in TCP, peers of type
 * SOCK_DGRAM above all, is in the second half.
 *
 * Waits are for events; the long ones would only ever be used up by a failure.
 *
 * Large because TCP and every kind of QUIC socket run the same bodies.
 */
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "quic_test.h"

#define MIB	(1 << 20)
#define SOON_MS	10000	/* for what comes at once; TCG on a busy machine is slow */
#define SHORT_MS	300	/* for what must not come */

static int stream_socket(int family, int protocol)
{
	return socket(family, SOCK_STREAM | SOCK_CLOEXEC, protocol);
}

static int stream_listener(int family, int protocol, union addr *a)
{
	socklen_t len = sizeof(*a);
	int fd = stream_socket(family, protocol);

	addr_loopback(a, family);
	if (fd < 0 || bind(fd, &a->sa, addr_len(a)) || listen(fd, 8) ||
	    getsockname(fd, &a->sa, &len))
		return -1;
	return fd;
}

/* Read until EOF. Return: bytes of the pattern, -errno, -EBADMSG. */
static int64_t read_pattern(int fd, uint32_t seed)
{
	static __thread uint8_t buf[65536];
	uint64_t off = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		if (pattern_check(buf, n, off, seed) != (size_t)n)
			return -EBADMSG;
		off += n;
	}
	return n < 0 ? -errno : (int64_t)off;
}

/* Return: 0 or errno. */
static int write_pattern(int fd, uint64_t len, uint32_t seed)
{
	static __thread uint8_t buf[65536];
	uint64_t off = 0;
	size_t want;
	ssize_t n;

	while (off < len) {
		want = len - off < sizeof(buf) ? len - off : sizeof(buf);
		pattern_fill(buf, want, off, seed);
		n = send(fd, buf, want, MSG_NOSIGNAL);
		if (n < 0)
			return errno;
		off += n;
	}
	return 0;
}

/* Poll an ioctl until it answers @want. */
static bool wait_ioctl(int fd, unsigned long cmd, int want)
{
	int64_t end = now_ms() + SOON_MS;
	int v = -1;

	do {
		if (ioctl(fd, cmd, &v))
			return false;
		if (v != want)
			breath(1);
	} while (v != want && now_ms() < end);
	return v == want;
}

/* Poll until all of @events show. Return: what shows. */
static int wait_all(int fd, int events)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t end = now_ms() + SOON_MS;

	while (poll(&p, 1, 0) >= 0 && (p.revents & events) != events && now_ms() < end)
		breath(1);
	return p.revents;
}

static int so_int(int fd, int name)
{
	socklen_t len = sizeof(int);
	int v = -1;

	return getsockopt(fd, SOL_SOCKET, name, &v, &len) ? -1 : v;
}

FIXTURE(stream) {
	int listener;
	int client;
	int server;
	union addr addr;
};

FIXTURE_VARIANT(stream) {
	int family;
	int protocol;
};

FIXTURE_VARIANT_ADD(stream, tcp4) { .family = AF_INET, .protocol = IPPROTO_TCP };
FIXTURE_VARIANT_ADD(stream, quic4) { .family = AF_INET, .protocol = IPPROTO_QUIC };
FIXTURE_VARIANT_ADD(stream, quic6) { .family = AF_INET6, .protocol = IPPROTO_QUIC };

#define quic()	(variant->protocol == IPPROTO_QUIC)

FIXTURE_SETUP(stream)
{
	struct quic_reason r;

	self->listener = stream_listener(variant->family, variant->protocol, &self->addr);
	ASSERT_LE(0, self->listener) { TH_LOG("listener: %s", strerror(errno)); }
	self->client = stream_socket(variant->family, variant->protocol);
	ASSERT_LE(0, self->client);
	ASSERT_EQ(0, connect(self->client, &self->addr.sa, addr_len(&self->addr))) {
		quic_reason(self->client, &r);
		TH_LOG("connect: %s: %s", strerrorname_np(errno), r.text);
	}
	self->server = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC);
	ASSERT_LE(0, self->server);
}

FIXTURE_TEARDOWN(stream)
{
	close(self->client);
	close(self->server);
	close(self->listener);
}

/* --- what it is --- */

TEST_F(stream, names)
{
	union addr a, b;
	socklen_t len = sizeof(a);

	EXPECT_EQ(SOCK_STREAM, so_int(self->client, SO_TYPE));
	EXPECT_EQ(SOCK_STREAM, so_int(self->server, SO_TYPE));
	EXPECT_EQ(SOCK_STREAM, so_int(self->listener, SO_TYPE));
	EXPECT_EQ(variant->protocol, so_int(self->client, SO_PROTOCOL));
	EXPECT_EQ(variant->protocol, so_int(self->server, SO_PROTOCOL));
	EXPECT_EQ(variant->family, so_int(self->server, SO_DOMAIN));
	EXPECT_EQ(1, so_int(self->listener, SO_ACCEPTCONN));
	EXPECT_EQ(0, so_int(self->client, SO_ERROR));
	ASSERT_EQ(0, getsockname(self->client, &a.sa, &len));
	len = sizeof(b);
	ASSERT_EQ(0, getpeername(self->server, &b.sa, &len));
	EXPECT_EQ(0, memcmp(&a, &b, addr_len(&a)));
	len = sizeof(b);
	ASSERT_EQ(0, getpeername(self->client, &b.sa, &len));
	EXPECT_EQ(0, memcmp(&self->addr, &b, addr_len(&b)));
	EXPECT_EQ(-1, getpeername(self->listener, &b.sa, &len));
	EXPECT_EQ(ENOTCONN, errno);
}

TEST_F(stream, ping_pong)
{
	char buf[16];
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(4, write(self->client, "ping", 4));
		ASSERT_EQ(4, recv(self->server, buf, 4, MSG_WAITALL));
		ASSERT_EQ(0, memcmp(buf, "ping", 4));
		ASSERT_EQ(4, write(self->server, "pong", 4));
		ASSERT_EQ(4, recv(self->client, buf, 4, MSG_WAITALL));
		ASSERT_EQ(0, memcmp(buf, "pong", 4));
	}
}

/* As a mail server does: the client has written nothing. */
TEST_F(stream, server_speaks_first)
{
	char buf[16] = "";

	ASSERT_EQ(5, write(self->server, "hello", 5));
	ASSERT_EQ(5, recv(self->client, buf, 5, MSG_WAITALL));
	EXPECT_STREQ("hello", buf);
}

TEST_F(stream, server_hangs_up_at_once)
{
	char c;

	close(self->server);
	self->server = -1;
	EXPECT_EQ(0, read(self->client, &c, 1));
	EXPECT_EQ(0, read(self->client, &c, 1));
	EXPECT_EQ(0, so_int(self->client, SO_ERROR));
}

struct pump {
	int fd;
	uint64_t len;
	uint32_t seed;
	int err;
};

static void *pump_main(void *arg)
{
	struct pump *p = arg;

	p->err = write_pattern(p->fd, p->len, p->seed);
	if (!p->err && shutdown(p->fd, SHUT_WR))
		p->err = errno;
	return NULL;
}

TEST_F_TIMEOUT(stream, both_ways_at_once, 90)
{
	struct pump up = { .fd = self->client, .len = 4 * MIB, .seed = 1 };
	struct pump down = { .fd = self->server, .len = 3 * MIB + 1, .seed = 2 };
	pthread_t t[2];
	int64_t got;

	ASSERT_EQ(0, pthread_create(&t[0], NULL, pump_main, &up));
	ASSERT_EQ(0, pthread_create(&t[1], NULL, pump_main, &down));
	got = read_pattern(self->client, 2);
	EXPECT_EQ(3 * MIB + 1, got);
	got = read_pattern(self->server, 1);
	EXPECT_EQ(4 * MIB, got);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	EXPECT_EQ(0, up.err);
	EXPECT_EQ(0, down.err);
}

/* --- flags of send and recv --- */

TEST_F(stream, peek)
{
	char buf[64];
	int i;

	for (i = 0; i < 6; i++)
		ASSERT_EQ(3, send(self->client, i % 2 ? "def" : "abc", 3, 0));
	/* several packets, shown as one piece */
	ASSERT_TRUE(wait_ioctl(self->server, FIONREAD, 18));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(18, recv(self->server, buf, sizeof(buf), MSG_PEEK));
		ASSERT_EQ(0, memcmp(buf, "abcdefabcdefabcdef", 18));
	}
	ASSERT_EQ(7, recv(self->server, buf, 7, MSG_PEEK));
	ASSERT_EQ(7, recv(self->server, buf, 7, 0));
	ASSERT_EQ(11, recv(self->server, buf, sizeof(buf), MSG_PEEK | MSG_DONTWAIT));
	EXPECT_EQ(0, memcmp(buf, "bcdefabcdef", 11));
	ASSERT_EQ(11, recv(self->server, buf, 11, MSG_WAITALL));
	EXPECT_EQ(-1, recv(self->server, buf, 1, MSG_PEEK | MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
}

static void *drip_main(void *arg)
{
	struct pump *p = arg;
	uint8_t b;
	uint64_t i;

	for (i = 0; i < p->len; i++) {
		b = pattern_at(i, p->seed);
		if (send(p->fd, &b, 1, MSG_NOSIGNAL) != 1)
			p->err = errno;
		breath(2);
	}
	return NULL;
}

TEST_F(stream, waitall)
{
	struct pump p = { .fd = self->client, .len = 50, .seed = 3 };
	uint8_t buf[64];
	pthread_t t;

	ASSERT_EQ(0, pthread_create(&t, NULL, drip_main, &p));
	/* shown in full, taken in full */
	EXPECT_EQ(20, recv(self->server, buf, 20, MSG_WAITALL | MSG_PEEK));
	EXPECT_EQ(20, pattern_check(buf, 20, 0, 3));
	EXPECT_EQ(50, recv(self->server, buf, 50, MSG_WAITALL));
	EXPECT_EQ(50, pattern_check(buf, 50, 0, 3));
	pthread_join(t, NULL);
	EXPECT_EQ(0, p.err);
	/* the end of the file ends it */
	ASSERT_EQ(3, write(self->client, "end", 3));
	ASSERT_EQ(0, shutdown(self->client, SHUT_WR));
	EXPECT_EQ(3, recv(self->server, buf, 50, MSG_WAITALL | MSG_PEEK));
	EXPECT_EQ(3, recv(self->server, buf, 50, MSG_WAITALL));
	EXPECT_EQ(0, recv(self->server, buf, 50, MSG_WAITALL));
}

TEST_F(stream, waitall_without_waiting)
{
	char buf[64];

	ASSERT_EQ(5, write(self->client, "abcde", 5));
	ASSERT_TRUE(wait_ioctl(self->server, FIONREAD, 5));
	EXPECT_EQ(5, recv(self->server, buf, 50, MSG_WAITALL | MSG_DONTWAIT));
	EXPECT_EQ(-1, recv(self->server, buf, 50, MSG_WAITALL | MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(stream, low_water_mark)
{
	struct pump p = { .fd = self->client, .len = 10, .seed = 3 };
	int low = 10;
	char buf[64];
	pthread_t t;

	/* a reader of TCP that took some and waits for the rest may sleep for ever */
	if (!quic())
		return;
	ASSERT_EQ(0, setsockopt(self->server, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low)));
	ASSERT_EQ(0, pthread_create(&t, NULL, drip_main, &p));
	EXPECT_EQ(10, recv(self->server, buf, sizeof(buf), 0));
	pthread_join(t, NULL);
}

TEST_F(stream, trunc_throws_away)
{
	char buf[8] = "";

	ASSERT_EQ(8, write(self->client, "abcdefgh", 8));
	ASSERT_TRUE(wait_ioctl(self->server, FIONREAD, 8));
	EXPECT_EQ(5, recv(self->server, NULL, 5, MSG_TRUNC));
	EXPECT_EQ(3, recv(self->server, buf, sizeof(buf), 0));
	EXPECT_STREQ("fgh", buf);
}

TEST_F(stream, more)
{
	char buf[16];

	ASSERT_EQ(3, send(self->client, "abc", 3, MSG_MORE));
	ASSERT_EQ(3, send(self->client, "def", 3, 0));
	ASSERT_EQ(6, recv(self->server, buf, 6, MSG_WAITALL));
	/* nothing follows: it leaves all the same, soon */
	ASSERT_EQ(3, send(self->client, "ghi", 3, MSG_MORE));
	EXPECT_NE(0, wait_fd(self->server, POLLIN, SOON_MS));
	EXPECT_EQ(3, recv(self->server, buf, 16, MSG_DONTWAIT));
	/* and when its writer turns to reading */
	ASSERT_EQ(3, send(self->client, "jkl", 3, MSG_MORE));
	ASSERT_EQ(-1, recv(self->client, buf, 1, MSG_DONTWAIT));
	EXPECT_NE(0, wait_fd(self->server, POLLIN, SOON_MS));
}

TEST_F(stream, odd_flags_and_sizes)
{
	char buf[16];

	EXPECT_EQ(0, send(self->client, buf, 0, 0));
	EXPECT_EQ(0, write(self->client, buf, 0));
	/* no protocol knows all of them: TCP ignores what it does not know */
	EXPECT_EQ(1, send(self->client, "a", 1, MSG_CONFIRM | MSG_EOR | MSG_DONTROUTE));
	EXPECT_EQ(1, recv(self->server, buf, sizeof(buf), MSG_CMSG_CLOEXEC));
	EXPECT_EQ(-1, recv(self->server, buf, 1, MSG_OOB | MSG_DONTWAIT));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, recv(self->server, buf, 1, MSG_ERRQUEUE));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(0, read(self->server, buf, 0));
	EXPECT_EQ(1, send(self->client, "b", 1, 0));
	ASSERT_NE(0, wait_fd(self->server, POLLIN, SOON_MS));
	EXPECT_EQ(0, recv(self->server, buf, 0, 0));
	EXPECT_EQ(-1, recv(self->server, (void *)8, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(1, recv(self->server, buf, sizeof(buf), 0));
	EXPECT_EQ(-1, send(self->client, (void *)8, 100, 0));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(stream, vectors)
{
	char a[3], b[5], c[4];
	struct iovec out[] = { { "one", 3 }, { "", 0 }, { "three", 5 }, { "four", 4 } };
	struct iovec in[] = { { a, 3 }, { b, 5 }, { c, 4 } };

	ASSERT_EQ(12, writev(self->client, out, 4));
	ASSERT_TRUE(wait_ioctl(self->server, FIONREAD, 12));
	ASSERT_EQ(12, readv(self->server, in, 3));
	EXPECT_EQ(0, memcmp(a, "one", 3));
	EXPECT_EQ(0, memcmp(b, "three", 5));
	EXPECT_EQ(0, memcmp(c, "four", 4));
}

static int pattern_file(uint64_t len, uint32_t seed)
{
	int fd = memfd_create("pattern", MFD_CLOEXEC);
	static uint8_t buf[65536];
	uint64_t off;
	size_t n;

	for (off = 0; fd >= 0 && off < len; off += n) {
		n = len - off < sizeof(buf) ? len - off : sizeof(buf);
		pattern_fill(buf, n, off, seed);
		if (write(fd, buf, n) != (ssize_t)n)
			return -1;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void *read_main(void *arg)
{
	struct pump *p = arg;

	p->len = read_pattern(p->fd, p->seed);
	return NULL;
}

TEST_F_TIMEOUT(stream, sendfile_and_splice, 60)
{
	struct pump p = { .fd = self->server, .seed = 5 };
	int file = pattern_file(MIB + 1, 5), pipes[2];
	uint64_t sent = 0;
	pthread_t t;
	ssize_t n;

	ASSERT_LE(0, file);
	ASSERT_EQ(0, pthread_create(&t, NULL, read_main, &p));
	while (sent < MIB / 2) {
		n = sendfile(self->client, file, NULL, MIB / 2 - sent);
		ASSERT_LT(0, n);
		sent += n;
	}
	ASSERT_EQ(0, pipe(pipes));
	while (sent < MIB + 1) {
		n = splice(file, NULL, pipes[1], NULL, 65536, 0);
		ASSERT_LT(0, n);
		ASSERT_EQ(n, splice(pipes[0], NULL, self->client, NULL, n, 0));
		sent += n;
	}
	ASSERT_EQ(0, shutdown(self->client, SHUT_WR));
	pthread_join(t, NULL);
	EXPECT_EQ(MIB + 1, p.len);
	/* and from the socket into a pipe */
	ASSERT_EQ(5, write(self->server, "hello", 5));
	ASSERT_EQ(5, splice(self->client, NULL, pipes[1], NULL, 100, 0));
	close(pipes[0]);
	close(pipes[1]);
	close(file);
}

TEST_F(stream, queue_sizes)
{
	char buf[1000] = "";

	EXPECT_TRUE(wait_ioctl(self->client, SIOCOUTQ, 0));
	ASSERT_EQ(1000, write(self->client, buf, sizeof(buf)));
	EXPECT_TRUE(wait_ioctl(self->server, FIONREAD, 1000));
	EXPECT_TRUE(wait_ioctl(self->server, SIOCINQ, 1000));
	/* acknowledged, though unread */
	EXPECT_TRUE(wait_ioctl(self->client, SIOCOUTQ, 0));
	EXPECT_TRUE(wait_ioctl(self->client, SIOCOUTQNSD, 0));
	ASSERT_EQ(400, read(self->server, buf, 400));
	EXPECT_TRUE(wait_ioctl(self->server, FIONREAD, 600));
}

/* --- ends --- */

TEST_F(stream, half_close)
{
	char buf[16];

	ASSERT_EQ(7, write(self->client, "request", 7));
	ASSERT_EQ(0, shutdown(self->client, SHUT_WR));
	ASSERT_EQ(7, recv(self->server, buf, 7, MSG_WAITALL));
	EXPECT_EQ(0, read(self->server, buf, 1));
	EXPECT_EQ(0, read(self->server, buf, 1));
	EXPECT_EQ(-1, send(self->client, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(EPIPE, errno);
	EXPECT_EQ(0, shutdown(self->client, SHUT_WR));
	/* the other direction lives */
	EXPECT_EQ(-1, recv(self->client, buf, 1, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_EQ(6, write(self->server, "answer", 6));
	ASSERT_EQ(6, recv(self->client, buf, 6, MSG_WAITALL));
	ASSERT_EQ(0, shutdown(self->server, SHUT_WR));
	EXPECT_EQ(0, read(self->client, buf, 1));
	EXPECT_EQ(0, read(self->client, buf, 1));
	EXPECT_EQ(0, so_int(self->client, SO_ERROR));
	EXPECT_EQ(0, so_int(self->server, SO_ERROR));
	/* nothing is left of it */
	EXPECT_EQ(POLLHUP, wait_all(self->client, POLLHUP) & (POLLHUP | POLLERR));
	EXPECT_EQ(POLLHUP, wait_all(self->server, POLLHUP) & (POLLHUP | POLLERR));
	EXPECT_EQ(0, read(self->server, buf, 1));
}

TEST_F(stream, shutdown_rdwr)
{
	char c;

	ASSERT_EQ(3, write(self->client, "bye", 3));
	ASSERT_EQ(0, shutdown(self->client, SHUT_RDWR));
	EXPECT_EQ(0, read(self->client, &c, 1));
	EXPECT_EQ(-1, send(self->client, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(EPIPE, errno);
	EXPECT_NE(0, wait_fd(self->client, 0, 0) & POLLHUP);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(1, read(self->server, &c, 1));
	EXPECT_EQ(0, read(self->server, &c, 1));
	EXPECT_EQ(0, so_int(self->server, SO_ERROR));
}

TEST_F(stream, shutdown_rd)
{
	int64_t end = now_ms() + SOON_MS;
	char c;
	ssize_t n;

	ASSERT_EQ(0, shutdown(self->client, SHUT_RD));
	EXPECT_EQ(0, read(self->client, &c, 1));
	EXPECT_NE(0, wait_fd(self->client, POLLIN | POLLRDHUP, 0) & POLLRDHUP);
	/* writing goes on */
	ASSERT_EQ(1, write(self->client, "x", 1));
	EXPECT_EQ(1, read(self->server, &c, 1));
	if (!quic())
		return;
	/* TCP keeps it a secret; STOP_SENDING tells the peer */
	do {
		n = send(self->server, "y", 1, MSG_NOSIGNAL);
	} while (n == 1 && now_ms() < end);
	EXPECT_EQ(-1, n);
	EXPECT_EQ(EPIPE, errno);
	EXPECT_EQ(1, write(self->client, "x", 1));
	EXPECT_EQ(1, read(self->server, &c, 1));
	EXPECT_EQ(0, so_int(self->server, SO_ERROR));
}

static void *read_one_main(void *arg)
{
	char c;

	return (void *)(intptr_t)read(*(int *)arg, &c, 1);
}

TEST_F(stream, shutdown_wakes_a_reader)
{
	pthread_t t;
	void *ret;

	ASSERT_EQ(0, pthread_create(&t, NULL, read_one_main, &self->client));
	ASSERT_EQ(0, shutdown(self->client, SHUT_RD));
	pthread_join(t, &ret);
	EXPECT_EQ(0, (intptr_t)ret);
}

TEST_F_TIMEOUT(stream, exit_delivers, 60)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(write_pattern(self->client, 2 * MIB, 9));
	close(self->client);
	self->client = -1;
	ASSERT_EQ(2 * MIB, read_pattern(self->server, 9));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, so_int(self->server, SO_ERROR));
}

/* All of it was sent before the reader takes the first byte. */
TEST_F_TIMEOUT(stream, read_after_close, 60)
{
	char c;

	ASSERT_EQ(0, write_pattern(self->client, 60000, 9));
	close(self->client);
	self->client = -1;
	EXPECT_NE(0, wait_all(self->server, POLLRDHUP) & POLLRDHUP);
	/* a QUIC connection has no half that could still be written on */
	EXPECT_NE(0, wait_all(self->server, quic() ? POLLHUP : POLLIN));
	ASSERT_EQ(60000, read_pattern(self->server, 9));
	EXPECT_EQ(0, read(self->server, &c, 1));
	EXPECT_EQ(0, so_int(self->server, SO_ERROR));
}

/* Send until it fails. Return: errno. */
static int send_fails(int fd)
{
	int64_t end = now_ms() + SOON_MS;

	while (send(fd, "x", 1, MSG_NOSIGNAL) == 1)
		if (now_ms() > end)
			return 0;
	return errno;
}

TEST_F(stream, peer_is_gone)
{
	int err;

	close(self->server);
	self->server = -1;
	/* TCP says EPIPE when it read the FIN first, else ECONNRESET */
	err = send_fails(self->client);
	EXPECT_TRUE(err == EPIPE || err == ECONNRESET) { TH_LOG("%s", strerror(err)); }
	EXPECT_EQ(EPIPE, send_fails(self->client));
}

TEST_F(stream, sigpipe)
{
	int status;
	pid_t pid;

	close(self->server);
	self->server = -1;
	send_fails(self->client);
	pid = fork();
	if (!pid) {
		signal(SIGPIPE, SIG_DFL);
		_exit(write(self->client, "x", 1) == -1);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGPIPE, WTERMSIG(status));
}

/* Closed with bytes unread: the peer is told that they were not. */
TEST_F(stream, close_with_unread_bytes)
{
	char buf[16];
	ssize_t n;
	int err;

	ASSERT_EQ(3, write(self->client, "out", 3));
	ASSERT_EQ(2, write(self->server, "in", 2));
	ASSERT_TRUE(wait_ioctl(self->client, FIONREAD, 2));
	close(self->client);
	self->client = -1;
	if (quic()) {
		/* unlike TCP, what was written before arrives, whatever the order */
		EXPECT_NE(0, wait_all(self->server, POLLERR) & POLLERR);
		ASSERT_EQ(3, recv(self->server, buf, sizeof(buf), 0));
		EXPECT_EQ(0, recv(self->server, buf, sizeof(buf), 0));
		EXPECT_EQ(ECONNRESET, so_int(self->server, SO_ERROR));
		EXPECT_EQ(EPIPE, send_fails(self->server));
		return;
	}
	while ((n = read(self->server, buf, sizeof(buf))) > 0)
		;
	EXPECT_EQ(-1, n);
	EXPECT_EQ(ECONNRESET, errno);
	err = send_fails(self->server);
	EXPECT_EQ(EPIPE, err);
}

TEST_F(stream, linger_zero_aborts)
{
	struct linger l = { .l_onoff = 1, .l_linger = 0 };
	char buf[16];

	ASSERT_EQ(0, setsockopt(self->client, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	close(self->client);
	self->client = -1;
	EXPECT_EQ(-1, read(self->server, buf, sizeof(buf)));
	EXPECT_EQ(ECONNRESET, errno);
	EXPECT_EQ(0, so_int(self->server, SO_ERROR)) { TH_LOG("told twice"); }
	EXPECT_EQ(EPIPE, send_fails(self->server));
}

TEST_F(stream, linger_waits)
{
	struct linger l = { .l_onoff = 1, .l_linger = 10 };
	char buf[16];

	ASSERT_EQ(0, setsockopt(self->client, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	ASSERT_EQ(4, write(self->client, "last", 4));
	ASSERT_EQ(0, close(self->client));
	self->client = -1;
	/* no wait: it was acknowledged */
	EXPECT_EQ(4, recv(self->server, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ(0, recv(self->server, buf, sizeof(buf), MSG_DONTWAIT));
}

/* --- waiting and not waiting --- */

TEST_F(stream, poll_bits)
{
	int all = POLLIN | POLLOUT | POLLRDHUP;
	char buf[16];

	EXPECT_EQ(POLLOUT, wait_fd(self->client, all, SOON_MS));
	EXPECT_EQ(POLLOUT, wait_fd(self->server, all, SOON_MS));
	ASSERT_EQ(1, write(self->client, "x", 1));
	EXPECT_EQ(POLLIN, wait_fd(self->server, POLLIN | POLLRDHUP, SOON_MS));
	ASSERT_EQ(0, shutdown(self->client, SHUT_WR));
	/* seen behind the byte that is still there */
	EXPECT_EQ(all, wait_all(self->server, all));
	EXPECT_EQ(1, read(self->server, buf, sizeof(buf)));
	EXPECT_EQ(0, read(self->server, buf, sizeof(buf)));
	EXPECT_EQ(all, wait_fd(self->server, all, 0));
	/* its writer can still read, and learns at once that it cannot write */
	EXPECT_EQ(POLLOUT, wait_fd(self->client, all, 0));
	ASSERT_EQ(0, shutdown(self->server, SHUT_WR));
	EXPECT_EQ(all | POLLHUP, wait_all(self->client, all | POLLHUP));
	EXPECT_EQ(all | POLLHUP, wait_all(self->server, all | POLLHUP));
}

static int epoll_of(int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) ? -1 : ep;
}

/* Return: events within the time, 0 none. */
static uint32_t epoll_next(int ep, int ms)
{
	struct epoll_event ev = { 0 };

	return epoll_wait(ep, &ev, 1, ms) == 1 ? ev.events : 0;
}

TEST_F(stream, epoll_edges)
{
	int ep = epoll_of(self->server, EPOLLIN | EPOLLRDHUP | EPOLLET);
	char buf[16];

	ASSERT_LE(0, ep);
	EXPECT_EQ(0, epoll_next(ep, 0));
	ASSERT_EQ(1, write(self->client, "a", 1));
	EXPECT_EQ(EPOLLIN, epoll_next(ep, SOON_MS));
	EXPECT_EQ(0, epoll_next(ep, 0));
	/* unread bytes are no reason to miss the next edge */
	ASSERT_EQ(1, write(self->client, "b", 1));
	EXPECT_EQ(EPOLLIN, epoll_next(ep, SOON_MS));
	ASSERT_EQ(0, shutdown(self->client, SHUT_WR));
	EXPECT_EQ(EPOLLIN | EPOLLRDHUP, epoll_next(ep, SOON_MS));
	EXPECT_EQ(2, read(self->server, buf, sizeof(buf)));
	close(ep);
}

TEST_F(stream, epoll_rdhup_alone)
{
	int ep = epoll_of(self->server, EPOLLRDHUP);

	ASSERT_LE(0, ep);
	ASSERT_EQ(1, write(self->client, "a", 1));
	EXPECT_EQ(0, epoll_next(ep, SHORT_MS));
	ASSERT_EQ(0, shutdown(self->client, SHUT_WR));
	EXPECT_EQ(EPOLLRDHUP, epoll_next(ep, SOON_MS));
	close(ep);
}

TEST_F_TIMEOUT(stream, full_buffer, 60)
{
	static uint8_t buf[65536];
	uint64_t sent = 0, got = 0;
	ssize_t n;

	ASSERT_EQ(0, fcntl(self->client, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(0, fcntl(self->server, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-1, read(self->client, buf, 1));
	EXPECT_EQ(EAGAIN, errno);
	do {
		pattern_fill(buf, sizeof(buf), sent, 5);
		n = write(self->client, buf, sizeof(buf));
		if (n > 0)
			sent += n;
		/* half a second without room: it has stopped */
	} while (sent < 64 * MIB && (n > 0 || wait_fd(self->client, POLLOUT, 500)));
	EXPECT_EQ(EAGAIN, n < 0 ? errno : 0);
	EXPECT_GT(64 * MIB, sent);
	while (got < sent) {
		ASSERT_NE(0, wait_fd(self->server, POLLIN, SOON_MS)) {
			TH_LOG("%llu of %llu", (unsigned long long)got, (unsigned long long)sent);
		}
		n = read(self->server, buf, sizeof(buf));
		ASSERT_LT(0, n);
		ASSERT_EQ(n, pattern_check(buf, n, got, 5));
		got += n;
	}
	EXPECT_EQ(POLLOUT, wait_fd(self->client, POLLOUT, SOON_MS));
}

TEST_F(stream, timeouts)
{
	struct timeval tv = { .tv_usec = 200000 };
	static uint8_t buf[MIB];
	uint64_t sent = 0;
	ssize_t n;
	char c;

	ASSERT_EQ(0, setsockopt(self->client, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	ASSERT_EQ(0, setsockopt(self->client, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	EXPECT_EQ(-1, read(self->client, &c, 1));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_EQ(1, write(self->server, "x", 1));
	ASSERT_TRUE(wait_ioctl(self->client, FIONREAD, 1));
	/* what came counts */
	EXPECT_EQ(1, recv(self->client, buf, 10, MSG_WAITALL));
	do {
		n = write(self->client, buf, sizeof(buf));
		sent += n > 0 ? n : 0;
	} while (n > 0 && sent < 64 * MIB);
	EXPECT_EQ(-1, n);
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(stream, nonblocking_connect_and_accept)
{
	int fd = socket(variant->family, SOCK_STREAM | SOCK_NONBLOCK, variant->protocol), s;
	union addr a;
	socklen_t len = sizeof(a);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fcntl(self->listener, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-1, accept(self->listener, NULL, NULL));
	EXPECT_EQ(EAGAIN, errno);
	s = connect(fd, &self->addr.sa, addr_len(&self->addr));
	EXPECT_TRUE(!s || errno == EINPROGRESS);
	EXPECT_EQ(POLLOUT, wait_fd(fd, POLLOUT, SOON_MS));
	EXPECT_EQ(0, so_int(fd, SO_ERROR));
	EXPECT_EQ(POLLIN, wait_fd(self->listener, POLLIN, SOON_MS));
	s = accept4(self->listener, &a.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ASSERT_LE(0, s);
	EXPECT_EQ(addr_len(&self->addr), len);
	EXPECT_EQ(variant->family, a.sa.sa_family);
	EXPECT_EQ(O_NONBLOCK, fcntl(s, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(FD_CLOEXEC, fcntl(s, F_GETFD));
	close(s);
	close(fd);
}

TEST_F(stream, not_connected)
{
	int fd = stream_socket(variant->family, variant->protocol);
	char c;

	EXPECT_EQ(-1, recv(fd, &c, 1, 0));
	EXPECT_EQ(ENOTCONN, errno);
	EXPECT_EQ(-1, send(fd, &c, 1, MSG_NOSIGNAL));
	EXPECT_EQ(quic() ? ENOTCONN : EPIPE, errno);
	EXPECT_EQ(-1, shutdown(fd, SHUT_WR));
	EXPECT_EQ(ENOTCONN, errno);
	EXPECT_EQ(-1, recv(self->listener, &c, 1, 0));
	EXPECT_EQ(ENOTCONN, errno);
	EXPECT_EQ(-1, send(self->listener, &c, 1, MSG_NOSIGNAL));
	EXPECT_EQ(EPIPE, errno);
	/* TCP takes it for one */
	EXPECT_EQ(0, listen(fd, 0));
	EXPECT_EQ(1, so_int(fd, SO_ACCEPTCONN));
	close(fd);
}

/* An IPv6 program is shown IPv6 addresses, also of IPv4 peers. */
TEST_F(stream, dual_stack)
{
	int fd = stream_socket(AF_INET6, variant->protocol), off = 0, c, s;
	union addr a = { .v6.sin6_family = AF_INET6 }, peer;
	socklen_t len = sizeof(a);

	ASSERT_EQ(0, setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)));
	ASSERT_EQ(0, bind(fd, &a.sa, sizeof(a.v6)));
	ASSERT_EQ(0, listen(fd, 4));
	ASSERT_EQ(0, getsockname(fd, &a.sa, &len));
	addr_loopback(&peer, AF_INET);
	peer.v4.sin_port = a.v6.sin6_port;
	c = stream_socket(AF_INET, variant->protocol);
	ASSERT_EQ(0, connect(c, &peer.sa, sizeof(peer.v4)));
	len = sizeof(peer);
	s = accept(fd, &peer.sa, &len);
	ASSERT_LE(0, s);
	EXPECT_EQ(sizeof(peer.v6), len);
	ASSERT_EQ(AF_INET6, peer.sa.sa_family);
	EXPECT_TRUE(IN6_IS_ADDR_V4MAPPED(&peer.v6.sin6_addr));
	len = sizeof(a);
	ASSERT_EQ(0, getsockname(s, &a.sa, &len));
	EXPECT_TRUE(IN6_IS_ADDR_V4MAPPED(&a.v6.sin6_addr));
	close(c);
	/* and calls with one */
	c = stream_socket(AF_INET6, variant->protocol);
	memset(&peer.v6, 0, sizeof(peer.v6));
	peer.v6.sin6_family = AF_INET6;
	peer.v6.sin6_port = a.v6.sin6_port;
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &peer.v6.sin6_addr);
	EXPECT_EQ(0, connect(c, &peer.sa, sizeof(peer.v6)));
	close(c);
	close(s);
	close(fd);
}

/* --- QUIC only --- */

FIXTURE(mixed) {
	int listener;
	int client;
	int server;
	union addr addr;
};

/* type of the client's, type of the server's socket */
FIXTURE_VARIANT(mixed) {
	int client;
	int server;
};

FIXTURE_VARIANT_ADD(mixed, stream_to_dgram) { .client = SOCK_STREAM, .server = SOCK_DGRAM };
FIXTURE_VARIANT_ADD(mixed, dgram_to_stream) { .client = SOCK_DGRAM, .server = SOCK_STREAM };

FIXTURE_SETUP(mixed)
{
	socklen_t len = sizeof(self->addr);

	addr_loopback(&self->addr, AF_INET);
	self->listener = socket(AF_INET, variant->server | SOCK_CLOEXEC, IPPROTO_QUIC);
	ASSERT_LE(0, self->listener);
	ASSERT_EQ(0, bind(self->listener, &self->addr.sa, sizeof(self->addr.v4)));
	ASSERT_EQ(0, listen(self->listener, 8));
	ASSERT_EQ(0, getsockname(self->listener, &self->addr.sa, &len));
	self->client = socket(AF_INET, variant->client | SOCK_CLOEXEC, IPPROTO_QUIC);
	ASSERT_LE(0, self->client);
	ASSERT_EQ(0, connect(self->client, &self->addr.sa, sizeof(self->addr.v4)));
	self->server = accept(self->listener, NULL, NULL);
	ASSERT_LE(0, self->server);
}

FIXTURE_TEARDOWN(mixed)
{
	close(self->client);
	close(self->server);
	close(self->listener);
}

/* The end that is one stream, and the one that could have many. */
#define ONE	(variant->client == SOCK_STREAM ? self->client : self->server)
#define MANY	(variant->client == SOCK_STREAM ? self->server : self->client)

/* Bytes from the many to the one: a client opens the stream, a server finds it. */
#define to_one(flags, buf, len) \
	quic_send(MANY, 0, (flags) | (variant->client == SOCK_DGRAM ? NEW : 0), buf, len, 0)

/* A SOCK_STREAM client has announced the stream: its server may begin. */
#define wait_stream() do { \
	struct quic_info info_ = { 0 }; \
	int64_t end_ = now_ms() + SOON_MS; \
	socklen_t len_; \
	while (variant->client == SOCK_STREAM && !info_.peer_streams && now_ms() < end_) { \
		len_ = sizeof(info_); \
		getsockopt(MANY, SOL_QUIC, QUIC_SOCKOPT_INFO, &info_, &len_); \
	} \
} while (0)

TEST_F(mixed, bytes_and_ends)
{
	char buf[16];
	uint32_t flags;
	int64_t sid;

	wait_stream();
	ASSERT_EQ(5, to_one(0, "hello", 5));
	ASSERT_EQ(5, recv(ONE, buf, 5, MSG_WAITALL));
	ASSERT_EQ(5, write(ONE, "world", 5));
	ASSERT_EQ(5, quic_recv(MANY, buf, sizeof(buf), &sid, &flags, 0));
	EXPECT_EQ(0, sid);
	ASSERT_EQ(0, quic_send(MANY, 0, FIN, "", 0, 0));
	EXPECT_EQ(0, read(ONE, buf, 1));
	ASSERT_EQ(0, shutdown(ONE, SHUT_WR));
	ASSERT_EQ(0, quic_recv(MANY, buf, sizeof(buf), &sid, &flags, 0));
	EXPECT_EQ(FIN, flags & FIN);
	EXPECT_NE(0, wait_all(MANY, POLLHUP) & POLLHUP);
	EXPECT_EQ(0, so_int(MANY, SO_ERROR));
}

TEST_F(mixed, no_other_stream)
{
	char c;

	wait_stream();
	ASSERT_EQ(1, to_one(FIN, "x", 1));
	EXPECT_EQ(1, read(ONE, &c, 1));
	EXPECT_EQ(0, read(ONE, &c, 1));
	EXPECT_EQ(-1, quic_send(MANY, -1, NEW, "x", 1, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(-1, quic_send(MANY, -1, NEW | UNI, "x", 1, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(mixed, reset)
{
	struct quic_errinfo e = { .stream_id = 0, .errcode = 42 };
	char c;
	int i;

	wait_stream();
	ASSERT_EQ(1, to_one(0, "x", 1));
	EXPECT_EQ(1, read(ONE, &c, 1));
	ASSERT_EQ(0, setsockopt(MANY, SOL_QUIC, QUIC_SOCKOPT_STREAM_RESET, &e, sizeof(e)));
	/* each time: who missed it once must not take the rest for the whole */
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-1, read(ONE, &c, 1));
		EXPECT_EQ(ECONNRESET, errno);
	}
	EXPECT_NE(0, wait_fd(ONE, POLLIN | POLLRDHUP, 0) & POLLRDHUP);
	/* the other half does not mind */
	ASSERT_EQ(1, write(ONE, "y", 1));
	EXPECT_EQ(1, quic_recv(MANY, &c, 1, NULL, NULL, 0));
}

static void close_code(int fd, uint32_t code)
{
	struct quic_connection_close c = { .errcode = code };

	setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_CONNECTION_CLOSE, &c, sizeof(c));
	shutdown(fd, SHUT_RDWR);
}

/* An error of the connection is not the end of a file. */
TEST_F(mixed, connection_error)
{
	char c;

	wait_stream();
	ASSERT_EQ(1, to_one(0, "x", 1));
	close_code(MANY, 7);
	ASSERT_EQ(1, read(ONE, &c, 1));
	/* shutdown() finished the stream first */
	EXPECT_NE(0, wait_all(ONE, POLLHUP) & POLLHUP);
	EXPECT_EQ(0, read(ONE, &c, 1));
	EXPECT_EQ(ECONNRESET, so_int(ONE, SO_ERROR));
}

TEST_F(mixed, closed_without_a_byte)
{
	char c;

	wait_stream();
	close_code(MANY, 0);
	EXPECT_EQ(0, read(ONE, &c, 1));
	EXPECT_EQ(0, so_int(ONE, SO_ERROR));
}

TEST_F(mixed, killed_without_a_byte)
{
	char c;

	wait_stream();
	close_code(MANY, 7);
	EXPECT_EQ(-1, read(ONE, &c, 1));
	EXPECT_EQ(ECONNRESET, errno);
	EXPECT_EQ(-1, read(ONE, &c, 1));
	EXPECT_EQ(ECONNRESET, errno);
}

/* Options and messages about streams, of which there is one. */
TEST_F(mixed, what_makes_no_sense)
{
	struct quic_transport_param p = { .max_streams_bidi = 5 };
	struct quic_stream_info info = { .stream_id = -1 };
	int fd = stream_socket(AF_INET, IPPROTO_QUIC);
	socklen_t len = sizeof(info);

	EXPECT_EQ(-1, setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_TRANSPORT_PARAM, &p, sizeof(p)));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, set_knob(fd, QUIC_KNOB_MAX_STREAMS_UNI, 3));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(0, set_knob(fd, QUIC_KNOB_MAX_DATA, 1 << 20));
	EXPECT_EQ(-1, getsockopt(ONE, SOL_QUIC, QUIC_SOCKOPT_STREAM_OPEN, &info, &len));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, quic_send(ONE, 0, 0, "x", 1, 0));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, send(ONE, "x", 1, MSG_OOB));
	EXPECT_EQ(EOPNOTSUPP, errno);
	close(fd);
}

/* A reader of bytes gets no control messages. */
TEST_F(mixed, no_control_messages)
{
	uint32_t flags;
	int64_t sid;
	char c;

	wait_stream();
	ASSERT_EQ(1, to_one(0, "x", 1));
	ASSERT_EQ(1, quic_recv(ONE, &c, 1, &sid, &flags, 0));
	EXPECT_EQ(-1, sid);
}

/* A TCP program that is silent for long keeps its connection. */
TEST(outlives_the_idle_timeout)
{
	union addr a;
	int listener = stream_listener(AF_INET, IPPROTO_QUIC, &a);
	int client = stream_socket(AF_INET, IPPROTO_QUIC), server;
	char c;

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, set_knob(client, QUIC_KNOB_IDLE_TIMEOUT, 1000000));
	ASSERT_EQ(0, connect(client, &a.sa, sizeof(a.v4)));
	server = accept(listener, NULL, NULL);
	ASSERT_LE(0, server);
	EXPECT_EQ(0, wait_fd(client, POLLIN, 3500));
	ASSERT_EQ(1, write(server, "x", 1));
	EXPECT_EQ(1, read(client, &c, 1));
	close(client);
	close(server);
	close(listener);
}

/* Option 9 does the same for messages. */
TEST(keepalive_of_messages)
{
	struct quic_config conf = { .keepalive_probe_interval = 1500000 };
	int client = quic_client(AF_INET, "test"), listener, server;
	union addr a;
	char c;

	listener = quic_listener(AF_INET, "test", &a);
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, setsockopt(client, SOL_QUIC, QUIC_SOCKOPT_CONFIG, &conf, sizeof(conf)));
	ASSERT_EQ(0, set_knob(client, QUIC_KNOB_IDLE_TIMEOUT, 2500000));
	ASSERT_EQ(0, connect(client, &a.sa, sizeof(a.v4)));
	server = accept(listener, NULL, NULL);
	ASSERT_LE(0, server);
	EXPECT_EQ(0, wait_fd(client, POLLIN, 6000));
	ASSERT_EQ(1, quic_send(server, -1, NEW, "x", 1, 0));
	EXPECT_EQ(1, quic_recv(client, &c, 1, NULL, NULL, 0));
	close(client);
	close(server);
	close(listener);
}

/* Nobody checks a name that nobody gave, so it is the address that is checked. */
TEST(address_is_verified)
{
	struct quic_reason r;
	union addr a;
	int listener = stream_listener(AF_INET, IPPROTO_QUIC, &a);
	int client = stream_socket(AF_INET, IPPROTO_QUIC);

	ASSERT_LE(0, listener);
	/* an address of the loopback that the certificate does not have */
	close(listener);
	a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 8);
	a.v4.sin_port = 0;
	listener = stream_socket(AF_INET, IPPROTO_QUIC);
	ASSERT_EQ(0, bind(listener, &a.sa, sizeof(a.v4)));
	ASSERT_EQ(0, listen(listener, 1));
	getsockname(listener, &a.sa, &(socklen_t){ sizeof(a) });
	EXPECT_EQ(-1, connect(client, &a.sa, sizeof(a.v4)));
	EXPECT_EQ(EKEYREJECTED, errno);
	quic_reason(client, &r);
	EXPECT_EQ(QUIC_REASON_CERTIFICATE, r.kind) { TH_LOG("%s", r.text); }
	close(listener);
	close(client);
}

/* TCP's own options are not ours: programs check for ENOPROTOOPT. */
TEST(tcp_options)
{
	int fd = stream_socket(AF_INET, IPPROTO_QUIC), on = 1;
	socklen_t len = sizeof(on);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
	EXPECT_EQ(ENOPROTOOPT, errno);
	EXPECT_EQ(-1, getsockopt(fd, IPPROTO_TCP, TCP_INFO, &on, &len));
	EXPECT_EQ(ENOPROTOOPT, errno);
	EXPECT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
	EXPECT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	close(fd);
}

QUIC_TEST_MAIN
