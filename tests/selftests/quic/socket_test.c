// SPDX-License-Identifier: GPL-2.0
/*
 * socket_test - the socket calls on an established connection.
 *
 * Both ends live in the test, on the loopback: connect() returns when the
 * handshake is done, and the listener's socket is accepted after it. What needs
 * both ends at once uses a thread.
 *
 * Not here: handshakes that fail (test_handshake.sh), links that lose or cannot
 * segment (test_transfer.sh), option values (sockopt_test.c).
 *
 * Large because each call is a test, and all need the same two ends.
 */
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "quic_test.h"

#define ALPN	"test"
#define MIB	(1 << 20)
/* Any wait for what comes at once; TCG on a busy machine is slow. */
#define SOON_MS	10000

FIXTURE(pair) {
	int listener;
	int client;
	int server;
	union addr addr;
};

FIXTURE_VARIANT(pair) {
	int family;
};

FIXTURE_VARIANT_ADD(pair, v4) { .family = AF_INET };
FIXTURE_VARIANT_ADD(pair, v6) { .family = AF_INET6 };

FIXTURE_SETUP(pair)
{
	struct quic_reason r;

	self->listener = quic_listener(variant->family, ALPN, &self->addr);
	ASSERT_LE(0, self->listener) { TH_LOG("listener: %s", strerror(errno)); }
	self->client = quic_client(variant->family, ALPN);
	ASSERT_LE(0, self->client);
	ASSERT_EQ(0, connect(self->client, &self->addr.sa, addr_len(&self->addr))) {
		quic_reason(self->client, &r);
		TH_LOG("connect: %s: %s", strerrorname_np(errno), r.text);
	}
	ASSERT_NE(0, wait_fd(self->listener, POLLIN, SOON_MS));
	self->server = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC);
	ASSERT_LE(0, self->server);
}

FIXTURE_TEARDOWN(pair)
{
	close(self->client);
	close(self->server);
	close(self->listener);
}

/* --- who talks to whom --- */

TEST_F(pair, names_and_states)
{
	union addr here, there;
	socklen_t len = sizeof(here);
	char alpn[QUIC_ALPN_MAX + 1] = "";

	EXPECT_EQ(QUIC_STATE_LISTENING, quic_state(self->listener));
	EXPECT_EQ(QUIC_STATE_ESTABLISHED, quic_state(self->client));
	EXPECT_EQ(QUIC_STATE_ESTABLISHED, quic_state(self->server));
	ASSERT_EQ(0, getsockname(self->client, &here.sa, &len));
	len = sizeof(there);
	ASSERT_EQ(0, getpeername(self->server, &there.sa, &len));
	EXPECT_EQ(0, memcmp(&here, &there, addr_len(&here)));
	len = sizeof(there);
	ASSERT_EQ(0, getpeername(self->client, &there.sa, &len));
	EXPECT_EQ(0, memcmp(&self->addr, &there, addr_len(&there)));
	len = sizeof(alpn) - 1;
	ASSERT_EQ(0, getsockopt(self->server, SOL_QUIC, QUIC_SOCKOPT_ALPN, alpn, &len));
	EXPECT_STREQ(ALPN, alpn);
	EXPECT_EQ(-1, connect(self->client, &self->addr.sa, addr_len(&self->addr)));
	EXPECT_EQ(EISCONN, errno);
	EXPECT_EQ(-1, listen(self->client, 1));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(pair, info_counts)
{
	struct quic_info info;
	socklen_t len = sizeof(info);

	ASSERT_EQ(0, pattern_send(self->client, 0, NEW, 100000, 1));
	ASSERT_EQ(100000, pattern_recv(self->server, 0, 1));
	memset(&info, 0, sizeof(info));
	ASSERT_EQ(0, getsockopt(self->server, SOL_QUIC, QUIC_SOCKOPT_INFO, &info, &len));
	EXPECT_EQ(QUIC_VERSION_V1, info.version);
	EXPECT_EQ(51, info.cipher);
	EXPECT_EQ(QUIC_INFO_SERVER, info.flags & QUIC_INFO_SERVER);
	EXPECT_EQ(100000, info.stream_received_bytes);
	EXPECT_EQ(100000, info.stream_read_bytes);
	EXPECT_LT(0, info.received_pkts);
	EXPECT_LT(0, info.handshake_us);
	EXPECT_EQ(1, info.peer_streams);
	EXPECT_LE(1200, info.mtu);
}

/* --- bytes --- */

TEST_F(pair, sizes_both_ways)
{
	static const uint32_t sizes[] = { 1, 1199, 1200, 1201, 65537, MIB };
	int64_t sid = 0;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++, sid += 4) {
		ASSERT_EQ(0, pattern_send(self->client, sid, NEW, sizes[i], i));
		ASSERT_EQ(sizes[i], pattern_recv(self->server, sid, i));
		ASSERT_EQ(0, pattern_send(self->server, sid, 0, sizes[i], i + 99));
		ASSERT_EQ(sizes[i], pattern_recv(self->client, sid, i + 99));
	}
}

/* Sends back what comes in, stream by stream, until the connection's end. */
struct echo {
	int fd;
	int err;
};

static void *echo_main(void *arg)
{
	static __thread char buf[65536];
	struct echo *e = arg;
	uint32_t flags;
	int64_t sid;
	ssize_t n, done, m;

	for (;;) {
		n = quic_recv(e->fd, buf, sizeof(buf), &sid, &flags, 0);
		if (n < 0 || sid < 0)
			break;
		for (done = 0; done < n || (flags & FIN); done += m) {
			m = quic_send(e->fd, sid, flags & FIN, buf + done, n - done, 0);
			if (m < 0 || m == n - done)
				break;
		}
		if (m < 0)
			break;
	}
	e->err = n < 0 ? errno : 0;
	return NULL;
}

struct sender {
	int fd;
	uint64_t len;
	int err;
};

static void *send_main(void *arg)
{
	struct sender *s = arg;

	s->err = pattern_send(s->fd, 0, NEW, s->len, 7);
	return NULL;
}

TEST_F_TIMEOUT(pair, echo_8_mib, 60)
{
	struct sender s = { .fd = self->client, .len = 8 * MIB };
	struct echo e = { .fd = self->server };
	pthread_t ts, te;

	ASSERT_EQ(0, pthread_create(&te, NULL, echo_main, &e));
	ASSERT_EQ(0, pthread_create(&ts, NULL, send_main, &s));
	EXPECT_EQ(8 * MIB, pattern_recv(self->client, 0, 7));
	pthread_join(ts, NULL);
	EXPECT_EQ(0, s.err);
	EXPECT_EQ(0, shutdown(self->client, SHUT_RDWR));
	pthread_join(te, NULL);
	EXPECT_EQ(0, e.err);
}

TEST_F(pair, many_streams)
{
	uint64_t got[100] = { 0 };
	uint8_t buf[4096];
	uint32_t flags;
	int64_t sid, i, done = 0;
	ssize_t n;

	/* as many as the peer allows, begun round after round */
	for (i = 0; i < 300; i++) {
		sid = 4 * (i % 100);
		flags = i < 100 ? NEW : i < 200 ? 0 : FIN;
		pattern_fill(buf, 1000, 1000 * (i / 100), sid);
		ASSERT_EQ(1000, quic_send(self->client, sid, flags, buf, 1000, 0));
	}
	while (done < 100) {
		n = quic_recv(self->server, buf, sizeof(buf), &sid, &flags, 0);
		ASSERT_LE(0, n);
		ASSERT_LE(0, sid);
		ASSERT_GT(400, sid);
		ASSERT_EQ(n, pattern_check(buf, n, got[sid / 4], sid));
		got[sid / 4] += n;
		done += !!(flags & FIN);
	}
	for (i = 0; i < 100; i++)
		EXPECT_EQ(3000, got[i]);
}

/* The limit of streams comes back as streams end. */
TEST_F_TIMEOUT(pair, more_streams_than_the_limit, 60)
{
	struct echo e = { .fd = self->server };
	uint32_t flags;
	int64_t sid, i;
	pthread_t te;
	char c;

	ASSERT_EQ(0, pthread_create(&te, NULL, echo_main, &e));
	for (i = 0; i < 500; i++) {
		ASSERT_EQ(1, quic_send(self->client, -1, NEW | FIN, "x", 1, 0)) {
			TH_LOG("stream %lld: %s", (long long)i, strerror(errno));
		}
		ASSERT_EQ(1, quic_recv(self->client, &c, 1, &sid, &flags, 0));
		ASSERT_EQ(4 * i, sid);
		ASSERT_EQ(FIN, flags & FIN);
	}
	shutdown(self->client, SHUT_RDWR);
	pthread_join(te, NULL);
}

TEST_F(pair, stream_limit_without_waiting)
{
	int i;

	for (i = 0; i < 100; i++)
		ASSERT_EQ(1, quic_send(self->client, -1, NEW, "x", 1, 0));
	EXPECT_EQ(-1, quic_send(self->client, -1, NEW | MSG_QUIC_STREAM_DONTWAIT, "x", 1, 0));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(-1, quic_send(self->client, -1, NEW, "x", 1, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(pair, stream_far_ahead)
{
	/* however many the peer allows: one call opens no million streams */
	EXPECT_EQ(-1, quic_send(self->client, 4 * 4096, NEW, "a", 1, MSG_DONTWAIT));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, quic_send(self->client, 4ULL << 59, NEW, "a", 1, MSG_DONTWAIT));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(1, quic_send(self->client, 0, NEW, "a", 1, 0));
}

TEST_F(pair, unidirectional)
{
	char buf[16];
	uint32_t flags;
	int64_t sid;

	ASSERT_EQ(5, quic_send(self->client, -1, NEW | UNI | FIN, "there", 5, 0));
	ASSERT_NE(0, wait_fd(self->server, POLLIN, SOON_MS));
	EXPECT_EQ(-1, quic_send(self->server, 2, 0, "back", 4, 0));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(5, quic_recv(self->server, buf, sizeof(buf), &sid, &flags, 0));
	EXPECT_EQ(2, sid);
	EXPECT_EQ(FIN, flags & FIN);
	ASSERT_EQ(5, quic_send(self->server, -1, NEW | UNI | FIN, "whose", 5, 0));
	ASSERT_EQ(5, quic_recv(self->client, buf, sizeof(buf), &sid, &flags, 0));
	EXPECT_EQ(3, sid);
}

TEST_F(pair, fin)
{
	char buf[16];
	uint32_t flags;
	int64_t sid;

	ASSERT_EQ(3, quic_send(self->client, -1, NEW, "abc", 3, 0));
	ASSERT_EQ(3, quic_recv(self->server, buf, sizeof(buf), &sid, &flags, 0));
	EXPECT_EQ(0, sid);
	EXPECT_EQ(0, flags & FIN);
	/* alone, in a message without bytes */
	ASSERT_EQ(0, quic_send(self->client, 0, FIN, "", 0, 0));
	ASSERT_NE(0, wait_fd(self->server, POLLIN, SOON_MS));
	ASSERT_EQ(0, quic_recv(self->server, buf, sizeof(buf), &sid, &flags, 0));
	EXPECT_EQ(0, sid);
	EXPECT_EQ(FIN, flags & FIN);
	EXPECT_EQ(-1, quic_send(self->client, 0, 0, "late", 4, 0));
	EXPECT_EQ(ENOSTR, errno);
	/* the other half goes on */
	ASSERT_EQ(2, quic_send(self->server, 0, FIN, "ok", 2, 0));
	ASSERT_EQ(2, quic_recv(self->client, buf, sizeof(buf), &sid, &flags, 0));
	EXPECT_EQ(FIN, flags & FIN);
	EXPECT_EQ(-1, quic_recv(self->client, buf, sizeof(buf), NULL, NULL, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(pair, bad_messages)
{
	char c = 0;

	EXPECT_EQ(-1, quic_send(self->client, -1, NEW, &c, 0, 0));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(-1, quic_send(self->client, -1, 0x80000000, &c, 1, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, quic_send(self->client, -2, 0, &c, 1, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, quic_send(self->client, 1LL << 62, NEW, &c, 1, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, quic_send(self->client, 1, NEW, &c, 1, 0));	/* the server's */
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, quic_send(self->client, -1, NEW, (void *)8, 100, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, quic_send(self->listener, -1, NEW, &c, 1, 0));
	EXPECT_EQ(EPIPE, errno);
	EXPECT_EQ(1, quic_send(self->client, -1, NEW, "x", 1, 0));
	EXPECT_EQ(-1, quic_recv(self->server, (void *)8, 100, NULL, NULL, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(1, quic_recv(self->server, &c, 1, NULL, NULL, 0));
	EXPECT_EQ('x', c);
}

TEST_F(pair, peek_and_partial_reads)
{
	uint8_t buf[3000], peeked[3000];
	uint32_t flags;
	int64_t sid;
	size_t off;
	ssize_t n;

	ASSERT_EQ(0, pattern_send(self->client, 0, NEW, sizeof(buf), 3));
	for (off = 0; off < sizeof(buf); off += n) {
		n = quic_recv(self->server, peeked, 700, &sid, &flags, MSG_PEEK);
		ASSERT_LT(0, n);
		n = quic_recv(self->server, buf + off, n, &sid, &flags, 0);
		ASSERT_LT(0, n);
		ASSERT_EQ(0, memcmp(buf + off, peeked, n));
		ASSERT_EQ(off + n == sizeof(buf), !!(flags & FIN));
	}
	EXPECT_EQ(sizeof(buf), pattern_check(buf, sizeof(buf), 0, 3));
}

TEST_F(pair, read_and_write)
{
	char buf[8] = "";

	ASSERT_EQ(4, write(self->client, "ping", 4));
	ASSERT_EQ(4, read(self->server, buf, sizeof(buf)));
	EXPECT_STREQ("ping", buf);
	ASSERT_EQ(2, send(self->server, "po", 2, MSG_QUIC_STREAM_NEW));
	ASSERT_EQ(2, recv(self->client, buf, sizeof(buf), 0));
}

TEST_F(pair, queue_sizes)
{
	int queued = -1;

	ASSERT_EQ(100, quic_send(self->client, -1, NEW, memset(alloca(100), 1, 100), 100, 0));
	ASSERT_NE(0, wait_fd(self->server, POLLIN, SOON_MS));
	EXPECT_EQ(0, ioctl(self->server, SIOCINQ, &queued));
	EXPECT_EQ(100, queued);
	EXPECT_EQ(-1, ioctl(self->listener, SIOCINQ, &queued));
	EXPECT_EQ(EINVAL, errno);
}

/* --- not waiting --- */

TEST_F(pair, nothing_to_read)
{
	struct timeval tv = { .tv_usec = 200000 };
	int64_t begin;
	char c;

	EXPECT_EQ(-1, quic_recv(self->client, &c, 1, NULL, NULL, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(0, wait_fd(self->client, POLLIN, 0));
	ASSERT_EQ(0, setsockopt(self->client, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	begin = now_ms();
	EXPECT_EQ(-1, quic_recv(self->client, &c, 1, NULL, NULL, 0));
	EXPECT_EQ(EAGAIN, errno);
	/* it did wait; jiffies of a busy guest lag by some ticks */
	EXPECT_LE(100, now_ms() - begin);
}

/*
 * A reader that stops: the sender is stopped by flow control and its own buffer,
 * both bounded; when the reader goes on nothing is missing.
 */
TEST_F_TIMEOUT(pair, slow_reader, 60)
{
	static uint8_t buf[65536];
	uint64_t sent = 0, got = 0;
	uint32_t flags;
	int64_t sid;
	ssize_t n;

	ASSERT_EQ(0, fcntl(self->client, F_SETFL, O_NONBLOCK));
	do {
		pattern_fill(buf, sizeof(buf), sent, 5);
		n = quic_send(self->client, 0, sent ? 0 : NEW, buf, sizeof(buf), 0);
		if (n > 0)
			sent += n;
		/* half a second without room: it has stopped */
	} while (sent < 64 * MIB && (n > 0 || wait_fd(self->client, POLLOUT, 500)));
	EXPECT_EQ(EAGAIN, n < 0 ? errno : 0);
	EXPECT_LT(MIB, sent);
	EXPECT_GT(32 * MIB, sent) { TH_LOG("the sender was never stopped"); }
	while (got < sent) {
		ASSERT_NE(0, wait_fd(self->server, POLLIN, SOON_MS)) {
			TH_LOG("%llu of %llu", (unsigned long long)got, (unsigned long long)sent);
		}
		n = quic_recv(self->server, buf, sizeof(buf), &sid, &flags, 0);
		ASSERT_LT(0, n);
		ASSERT_EQ(n, pattern_check(buf, n, got, 5));
		got += n;
	}
	/* and the sender may go on */
	EXPECT_NE(0, wait_fd(self->client, POLLOUT, SOON_MS) & POLLOUT);
	EXPECT_EQ(0, quic_send(self->client, 0, FIN, "", 0, 0));
	ASSERT_NE(0, wait_fd(self->server, POLLIN, SOON_MS));
	EXPECT_EQ(0, quic_recv(self->server, buf, sizeof(buf), &sid, &flags, 0));
	EXPECT_EQ(FIN, flags & FIN);
}

/* A counter of this namespace. */
static uint64_t stat_of(const char *name)
{
	FILE *f = fopen("/proc/net/quic/stat", "r");
	unsigned long long v = 0;
	char n[64];

	while (f && fscanf(f, "%63s %llu", n, &v) == 2 && strcmp(n, name))
		v = 0;
	if (f)
		fclose(f);
	return v;
}

static uint32_t rmem_of(int fd)
{
	uint32_t info[16] = { 0 };
	socklen_t len = sizeof(info);

	getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len);
	return info[0];		/* SK_MEMINFO_RMEM_ALLOC */
}

/* More than the receive buffer takes, which has become small, is as if lost. */
TEST_F_TIMEOUT(pair, full_receive_buffer, 60)
{
	uint64_t dropped = stat_of("DropRcvbuf");
	int small = 4096, large = 1 << 20;
	int64_t end = now_ms() + SOON_MS;
	static uint8_t buf[64 << 10];
	uint32_t most = 0;

	ASSERT_EQ(0, setsockopt(self->server, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)));
	pattern_fill(buf, sizeof(buf), 0, 7);
	ASSERT_EQ(sizeof(buf), quic_send(self->client, 0, NEW | FIN, buf, sizeof(buf), 0));
	while (stat_of("DropRcvbuf") == dropped && now_ms() < end) {
		if (rmem_of(self->server) > most)
			most = rmem_of(self->server);
		breath(5);
	}
	EXPECT_LT(dropped, stat_of("DropRcvbuf"));
	EXPECT_LE(most, 2 * small);	/* socket(7): the kernel doubles it */
	EXPECT_LE(rmem_of(self->server), 2 * small);
	ASSERT_EQ(0, setsockopt(self->server, SOL_SOCKET, SO_RCVBUF, &large, sizeof(large)));
	EXPECT_EQ(sizeof(buf), pattern_recv(self->server, 0, 7));
}

/*
 * A byte to send from a page that is not there: whoever copies it sleeps, with the lock
 * of the socket, until the page is given.
 */
struct absent {
	int fd;
	int sock;
	uint8_t *page;
	size_t size;
	ssize_t sent;
	pthread_t thread;
};

static void *absent_send(void *arg)
{
	struct absent *a = arg;

	a->sent = quic_send(a->sock, -1, NEW, a->page, 1, 0);
	return NULL;
}

/* Return: somebody waits for the page. */
static bool absent_begin(struct absent *a, int sock)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };

	a->sock = sock;
	a->size = sysconf(_SC_PAGESIZE);
	a->page = mmap(NULL, a->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	a->fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	reg.range.start = (uintptr_t)a->page;
	reg.range.len = a->size;
	return a->page != MAP_FAILED && a->fd >= 0 && !ioctl(a->fd, UFFDIO_API, &api) &&
	       !ioctl(a->fd, UFFDIO_REGISTER, &reg) &&
	       !pthread_create(&a->thread, NULL, absent_send, a) &&
	       wait_fd(a->fd, POLLIN, SOON_MS);
}

static void absent_end(struct absent *a)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)a->page, .len = a->size },
	};

	ioctl(a->fd, UFFDIO_ZEROPAGE, &zero);
	pthread_join(a->thread, NULL);
	close(a->fd);
	munmap(a->page, a->size);
}

static uint64_t packets_sent(int fd)
{
	struct quic_info info = { 0 };
	socklen_t len = sizeof(info);

	getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_INFO, &info, &len);
	return info.sent_pkts;
}

/*
 * A program sleeps in a page fault with the lock of its socket: of what comes meanwhile
 * so much is kept as the receive buffer takes, and what is dropped comes again.
 */
TEST_F_TIMEOUT(pair, locked_while_it_comes, 60)
{
	int small = 32768, large = MIB, room = 0;
	static uint8_t buf[256 << 10];
	socklen_t len = sizeof(room);
	uint64_t dropped, sent, before, sent_before;
	struct absent a;
	uint8_t byte = 1;
	int64_t end;

	/* a window that holds more than the buffer */
	ASSERT_EQ(0, setsockopt(self->client, SOL_SOCKET, SO_SNDBUF, &large, sizeof(large)));
	ASSERT_EQ(0, pattern_send(self->client, 0, NEW, MIB, 1));
	ASSERT_EQ(MIB, pattern_recv(self->server, 0, 1));
	ASSERT_EQ(0, setsockopt(self->server, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)));
	ASSERT_EQ(0, getsockopt(self->server, SOL_SOCKET, SO_RCVBUF, &room, &len));
	before = stat_of("DropBacklog");
	sent_before = packets_sent(self->client);
	ASSERT_TRUE(absent_begin(&a, self->server)) { TH_LOG("userfaultfd: %s", strerror(errno)); }
	/* whatever fails now, the lock is to be given back */
	pattern_fill(buf, sizeof(buf), 0, 7);
	EXPECT_EQ(sizeof(buf), quic_send(self->client, 4, NEW | FIN, buf, sizeof(buf),
					 MSG_DONTWAIT));
	end = now_ms() + SOON_MS;
	do {
		breath(5);
		sent = packets_sent(self->client) - sent_before;
		dropped = stat_of("DropBacklog") - before;
		/* packets have 1200 bytes and more */
	} while ((!dropped || sent - dropped > room / 1200) && now_ms() < end);
	absent_end(&a);
	EXPECT_LT(0, dropped);
	EXPECT_LT(0, sent - dropped);	/* not all of them */
	EXPECT_GE(room / 1200, sent - dropped);
	EXPECT_EQ(1, a.sent);
	EXPECT_EQ(sizeof(buf), pattern_recv(self->server, 4, 7));
	EXPECT_EQ(1, quic_recv(self->client, &byte, 1, NULL, NULL, 0));
	EXPECT_EQ(0, byte);
}

TEST_F(pair, send_timeout)
{
	struct timeval tv = { .tv_usec = 300000 };
	static uint8_t buf[MIB];
	uint64_t sent = 0;
	ssize_t n;

	ASSERT_EQ(0, setsockopt(self->client, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	do {
		n = quic_send(self->client, 0, sent ? 0 : NEW, buf, sizeof(buf), 0);
		sent += n > 0 ? n : 0;
	} while (n > 0 && sent < 64 * MIB);
	EXPECT_EQ(-1, n);
	EXPECT_EQ(EAGAIN, errno);
}

/* --- priority (RFC 9218) --- */

#define BULK	(256 * 1024)

/* A server that takes 64 KiB ahead of its reader: the rest waits with the client. */
static int narrow_listener(union addr *a)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_QUIC);
	socklen_t len = sizeof(*a);

	addr_loopback(a, AF_INET);
	if (fd < 0 || set_string(fd, QUIC_SOCKOPT_ALPN, ALPN) ||
	    set_knob(fd, QUIC_KNOB_MAX_DATA, 65536) || bind(fd, &a->sa, addr_len(a)) ||
	    listen(fd, 8) || getsockname(fd, &a->sa, &len))
		return -1;
	return fd;
}

static int set_priority(int fd, int64_t sid, int urgency, int incremental)
{
	struct quic_stream_priority p = {
		.stream_id = sid, .urgency = urgency, .incremental = incremental,
	};

	return setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_STREAM_PRIORITY, &p, sizeof(p)) ? errno : 0;
}

/* The next bidirectional stream, or -1. */
static int64_t open_stream(int fd)
{
	struct quic_stream_info info = { .stream_id = -1 };
	socklen_t len = sizeof(info);

	return getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_STREAM_OPEN, &info, &len) ? -1 :
									     info.stream_id;
}

/* What was written last and is urgent comes first, what was written second last. */
TEST(urgent_stream_overtakes)
{
	struct quic_stream_priority p = { .stream_id = 8 };
	static uint8_t buf[BULK];
	uint64_t got[3] = { 0 }, bulk_at[3] = { 0 };
	int room = 4 * MIB, listener, client, server;
	socklen_t len = sizeof(p);
	union addr a;
	int64_t sid;
	ssize_t n;
	int i;

	listener = narrow_listener(&a);
	ASSERT_LE(0, listener);
	client = quic_client(AF_INET, ALPN);
	ASSERT_LE(0, client);
	ASSERT_EQ(0, setsockopt(client, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)));
	ASSERT_EQ(0, connect(client, &a.sa, addr_len(&a)));
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ASSERT_LE(0, server);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(4 * i, open_stream(client));
	ASSERT_EQ(0, getsockopt(client, SOL_QUIC, QUIC_SOCKOPT_STREAM_PRIORITY, &p, &len));
	EXPECT_EQ(3, p.urgency);
	EXPECT_EQ(1, p.incremental);
	ASSERT_EQ(0, set_priority(client, 0, 3, 0));
	ASSERT_EQ(0, set_priority(client, 4, 3, 0));
	ASSERT_EQ(0, set_priority(client, 8, 0, 1));
	ASSERT_EQ(0, getsockopt(client, SOL_QUIC, QUIC_SOCKOPT_STREAM_PRIORITY, &p, &len));
	EXPECT_EQ(8, p.stream_id);
	EXPECT_EQ(0, p.urgency);
	EXPECT_EQ(1, p.incremental);
	/* the first fills the window, and waits before the others come */
	ASSERT_EQ(BULK, quic_send(client, 0, 0, buf, BULK, 0));
	ASSERT_EQ(4, quic_send(client, 4, 0, "four", 4, 0));
	ASSERT_EQ(5, quic_send(client, 8, 0, "eight", 5, 0));

	while (!got[1] || !got[2]) {
		ASSERT_NE(0, wait_fd(server, POLLIN, SOON_MS));
		/* all there is of it: while some is left, the same stream is read on */
		n = quic_recv(server, buf, sizeof(buf), &sid, NULL, 0);
		ASSERT_LT(0, n);
		ASSERT_TRUE(sid == 0 || sid == 4 || sid == 8);
		if (!got[sid / 4])
			bulk_at[sid / 4] = got[0];
		got[sid / 4] += n;
	}
	EXPECT_LT(bulk_at[2], BULK);	/* stream 8 before the end of stream 0 */
	EXPECT_EQ(BULK, bulk_at[1]);	/* stream 4 behind it */
	close(client);
	close(server);
	close(listener);
}

TEST_F(pair, priority_is_judged)
{
	struct quic_stream_priority p = { .stream_id = 0, .reserved = { 1 } };
	socklen_t len = sizeof(p);
	char buf[4];

	ASSERT_EQ(1, quic_send(self->client, 0, NEW, "a", 1, 0));
	ASSERT_EQ(1, quic_send(self->client, 2, NEW | UNI, "b", 1, 0));
	EXPECT_EQ(0, set_priority(self->client, 0, 7, 1));
	EXPECT_EQ(0, set_priority(self->client, 2, 0, 0));
	EXPECT_EQ(EINVAL, set_priority(self->client, 0, 8, 0));
	EXPECT_EQ(EINVAL, set_priority(self->client, 0, 3, 2));
	EXPECT_EQ(EINVAL, set_priority(self->client, 400, 3, 0));
	EXPECT_EQ(EINVAL, set_priority(self->client, -1, 3, 0));
	EXPECT_EQ(-1, setsockopt(self->client, SOL_QUIC, QUIC_SOCKOPT_STREAM_PRIORITY, &p, len));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, setsockopt(self->client, SOL_QUIC, QUIC_SOCKOPT_STREAM_PRIORITY, &p, 8));
	EXPECT_EQ(EINVAL, errno);
	/* the server sends on the one and not on the other */
	ASSERT_EQ(1, quic_recv(self->server, buf, sizeof(buf), NULL, NULL, 0));
	ASSERT_EQ(1, quic_recv(self->server, buf, sizeof(buf), NULL, NULL, 0));
	EXPECT_EQ(0, set_priority(self->server, 0, 1, 0));
	EXPECT_EQ(EINVAL, set_priority(self->server, 2, 1, 0));
}

/* --- ends --- */

TEST_F(pair, reset)
{
	struct quic_errinfo e = { .stream_id = 0, .errcode = 42 };
	struct quic_stream_status st = { .stream_id = 0 };
	socklen_t len = sizeof(st);
	char buf[16];

	ASSERT_EQ(3, quic_send(self->client, 0, NEW, "abc", 3, 0));
	ASSERT_EQ(3, quic_recv(self->server, buf, sizeof(buf), NULL, NULL, 0));
	ASSERT_EQ(0, setsockopt(self->client, SOL_QUIC, QUIC_SOCKOPT_STREAM_RESET, &e, sizeof(e)));
	ASSERT_NE(0, wait_fd(self->server, POLLIN, SOON_MS));
	if (!getsockopt(self->server, SOL_QUIC, QUIC_SOCKOPT_STREAM_STATUS, &st, &len))
		EXPECT_EQ(42, st.recv_code);
	else
		EXPECT_EQ(ENOPROTOOPT, errno);
	EXPECT_EQ(-1, quic_recv(self->server, buf, sizeof(buf), NULL, NULL, 0));
	EXPECT_EQ(ECONNRESET, errno);
	EXPECT_EQ(QUIC_STATE_ESTABLISHED, quic_state(self->server));
	/* the connection goes on */
	ASSERT_EQ(2, quic_send(self->client, 4, NEW, "de", 2, 0));
	EXPECT_EQ(2, quic_recv(self->server, buf, sizeof(buf), NULL, NULL, 0));
}

TEST_F(pair, stop_sending)
{
	struct quic_errinfo e = { .stream_id = 0, .errcode = 43 };
	int64_t end = now_ms() + SOON_MS;
	char buf[16];
	ssize_t n;

	ASSERT_EQ(3, quic_send(self->client, 0, NEW, "abc", 3, 0));
	ASSERT_EQ(3, quic_recv(self->server, buf, sizeof(buf), NULL, NULL, 0));
	ASSERT_EQ(0, setsockopt(self->server, SOL_QUIC, QUIC_SOCKOPT_STREAM_STOP_SENDING,
				&e, sizeof(e)));
	do {
		n = quic_send(self->client, 0, 0, "x", 1, 0);
	} while (n > 0 && now_ms() < end);
	EXPECT_EQ(-1, n);
	EXPECT_EQ(EPIPE, errno);
	EXPECT_EQ(QUIC_STATE_ESTABLISHED, quic_state(self->client));
}

/* When the stream is over, its RESET_STREAM acknowledged, the writer hears the same. */
TEST_F(pair, stopped_and_over)
{
	struct quic_errinfo e = { .stream_id = 2, .errcode = 43 };
	int64_t end = now_ms() + SOON_MS;
	char buf[16];

	ASSERT_EQ(3, quic_send(self->client, 2, NEW | UNI, "abc", 3, 0));
	ASSERT_EQ(3, quic_recv(self->server, buf, sizeof(buf), NULL, NULL, 0));
	ASSERT_EQ(0, setsockopt(self->server, SOL_QUIC, QUIC_SOCKOPT_STREAM_STOP_SENDING,
				&e, sizeof(e)));
	/* of no effect while it is being reset, and an error once it is gone */
	while (quic_state(self->client) == QUIC_STATE_ESTABLISHED && now_ms() < end) {
		if (quic_send(self->client, 2, 0, "x", 1, 0) < 0 &&
		    setsockopt(self->client, SOL_QUIC, QUIC_SOCKOPT_STREAM_RESET, &e,
			       sizeof(e)) && errno == ENOSTR)
			break;
		breath(5);
	}
	ASSERT_GT(end, now_ms()) { TH_LOG("the stream is never over"); }
	EXPECT_EQ(-1, quic_send(self->client, 2, 0, "y", 1, 0));
	EXPECT_EQ(EPIPE, errno);
	EXPECT_EQ(-1, quic_send(self->client, 2, FIN, "", 0, 0));
	EXPECT_EQ(EPIPE, errno);
	EXPECT_EQ(-1, quic_send(self->client, -1, 0, "y", 1, 0));
	EXPECT_EQ(EPIPE, errno);
	/* one that we have ended ourselves is another matter */
	ASSERT_EQ(1, quic_send(self->client, 6, NEW | UNI | FIN, "z", 1, 0));
	EXPECT_EQ(-1, quic_send(self->client, 6, 0, "y", 1, 0));
	EXPECT_EQ(ENOSTR, errno);
}

/* Connection-level ends: what the peer reads after the data that was sent. */
static void close_with(int fd, uint32_t code, const char *phrase)
{
	struct quic_connection_close c = { .errcode = code };

	strncpy((char *)c.phrase, phrase, sizeof(c.phrase) - 1);
	setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_CONNECTION_CLOSE, &c, sizeof(c));
	close(fd);
}

TEST_F(pair, close_in_good_order)
{
	char buf[16];
	uint32_t flags;
	int64_t sid;

	ASSERT_EQ(3, quic_send(self->client, 0, NEW | FIN, "abc", 3, 0));
	close(self->client);
	self->client = -1;
	ASSERT_EQ(3, quic_recv(self->server, buf, sizeof(buf), &sid, &flags, 0));
	EXPECT_EQ(FIN, flags & FIN);
	EXPECT_EQ(0, quic_recv(self->server, buf, sizeof(buf), &sid, &flags, 0));
	EXPECT_EQ(-1, sid);
	EXPECT_EQ(-1, quic_send(self->server, 0, 0, "x", 1, 0));
	EXPECT_EQ(EPIPE, errno);
	EXPECT_NE(0, wait_fd(self->server, POLLIN, 0) & POLLHUP);
}

TEST_F(pair, close_with_code_and_phrase)
{
	struct quic_connection_close c;
	struct quic_reason r;
	socklen_t len = sizeof(c);
	char buf[16];

	memset(&c, 0, sizeof(c));
	close_with(self->client, 77, "no more tea");
	self->client = -1;
	EXPECT_EQ(-1, quic_recv(self->server, buf, sizeof(buf), NULL, NULL, 0));
	EXPECT_EQ(ECONNRESET, errno);
	ASSERT_EQ(0, getsockopt(self->server, SOL_QUIC, QUIC_SOCKOPT_CONNECTION_CLOSE, &c, &len));
	EXPECT_EQ(77, c.errcode);
	EXPECT_STREQ("no more tea", (char *)c.phrase);
	quic_reason(self->server, &r);
	EXPECT_EQ(QUIC_ORIGIN_PEER, r.origin);
	EXPECT_EQ(QUIC_REASON_APPLICATION, r.kind);
	EXPECT_EQ(77, r.code);
	EXPECT_TRUE(strstr(r.text, "no more tea"));
}

TEST_F(pair, shutdown_wakes_and_ends)
{
	char buf[16];

	ASSERT_EQ(4, quic_send(self->client, 0, NEW, "last", 4, 0));
	ASSERT_EQ(0, shutdown(self->client, SHUT_WR));
	EXPECT_EQ(-1, quic_send(self->client, 0, 0, "x", 1, 0));
	EXPECT_EQ(EPIPE, errno);
	EXPECT_EQ(4, quic_recv(self->server, buf, sizeof(buf), NULL, NULL, 0));
	/* the stream's FIN may come as a message of its own; then the end */
	while (quic_recv(self->server, buf, sizeof(buf), NULL, NULL, 0) > 0)
		;
	EXPECT_NE(0, wait_fd(self->server, POLLIN, SOON_MS) & (POLLHUP | POLLRDHUP | POLLIN));
}

static void *recv_main(void *arg)
{
	char c;

	return (void *)(intptr_t)quic_recv(*(int *)arg, &c, 1, NULL, NULL, 0);
}

TEST_F(pair, shutdown_wakes_a_blocked_reader)
{
	pthread_t t;
	void *ret;

	ASSERT_EQ(0, pthread_create(&t, NULL, recv_main, &self->client));
	ASSERT_EQ(0, shutdown(self->client, SHUT_RDWR));
	ASSERT_EQ(0, pthread_join(t, &ret));
	EXPECT_GE(0, (intptr_t)ret);
}

TEST_F_TIMEOUT(pair, exit_with_data_queued, 60)
{
	int status;
	pid_t pid;

	/* the child is all of the client: the kernel delivers after it */
	pid = fork();
	if (!pid)
		_exit(pattern_send(self->client, 0, NEW, 2 * MIB, 9));
	close(self->client);
	self->client = -1;
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(2 * MIB, pattern_recv(self->server, 0, 9));
}

TEST_F(pair, close_the_listener)
{
	char buf[4] = "";

	/* established and accepted ones live on */
	close(self->listener);
	self->listener = -1;
	ASSERT_EQ(2, quic_send(self->client, 0, NEW, "hi", 2, 0));
	EXPECT_EQ(2, quic_recv(self->server, buf, sizeof(buf), NULL, NULL, 0));
}

TEST_F(pair, stop_listening)
{
	/* who waits in poll(2) must not wait on: accept(2) would not */
	ASSERT_EQ(0, wait_fd(self->listener, POLLIN, 0));
	ASSERT_EQ(0, shutdown(self->listener, SHUT_RDWR));
	EXPECT_NE(0, wait_fd(self->listener, POLLIN, SOON_MS) & POLLHUP);
	EXPECT_EQ(-1, accept(self->listener, NULL, NULL));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, listen(self->listener, 4));
	EXPECT_EQ(0, wait_fd(self->listener, POLLIN, 0));
}

TEST_F(pair, nobody_accepts)
{
	int fd = quic_client(variant->family, ALPN);
	char c;

	ASSERT_EQ(0, connect(fd, &self->addr.sa, addr_len(&self->addr)));
	ASSERT_NE(0, wait_fd(self->listener, POLLIN, SOON_MS));
	close(self->listener);
	self->listener = -1;
	EXPECT_EQ(-1, quic_recv(fd, &c, 1, NULL, NULL, 0));
	EXPECT_EQ(ECONNREFUSED, errno);
	close(fd);
}

/* --- without a pair --- */

FIXTURE(sock) {
	int listener;
	union addr addr;
};

FIXTURE_VARIANT(sock) {
	int family;
};

FIXTURE_VARIANT_ADD(sock, v4) { .family = AF_INET };
FIXTURE_VARIANT_ADD(sock, v6) { .family = AF_INET6 };

FIXTURE_SETUP(sock)
{
	self->listener = quic_listener(variant->family, ALPN, &self->addr);
	ASSERT_LE(0, self->listener);
}

FIXTURE_TEARDOWN(sock)
{
	close(self->listener);
}

TEST_F(sock, nonblocking_connect)
{
	socklen_t len = sizeof(int);
	int fd = quic_client(variant->family, ALPN), err = -1;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-1, connect(fd, &self->addr.sa, addr_len(&self->addr)));
	EXPECT_EQ(EINPROGRESS, errno);
	EXPECT_NE(0, wait_fd(fd, POLLOUT, SOON_MS) & POLLOUT);
	EXPECT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len));
	EXPECT_EQ(0, err);
	/* io_uring asks twice: 0 or EISCONN both say yes */
	err = connect(fd, &self->addr.sa, addr_len(&self->addr));
	EXPECT_TRUE(!err || errno == EISCONN);
	EXPECT_EQ(QUIC_STATE_ESTABLISHED, quic_state(fd));
	close(fd);
}

TEST_F(sock, nonblocking_accept)
{
	int fd = quic_client(variant->family, ALPN), server;

	ASSERT_EQ(0, fcntl(self->listener, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-1, accept(self->listener, NULL, NULL));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(0, wait_fd(self->listener, POLLIN, 0));
	ASSERT_EQ(0, connect(fd, &self->addr.sa, addr_len(&self->addr)));
	EXPECT_NE(0, wait_fd(self->listener, POLLIN, SOON_MS) & POLLIN);
	server = accept(self->listener, NULL, NULL);
	EXPECT_LE(0, server);
	close(server);
	close(fd);
}

TEST_F(sock, idle_timeout)
{
	struct quic_transport_param p = { .max_idle_timeout = 1000000 };
	int fd = quic_client(variant->family, ALPN);
	struct quic_reason r;
	int64_t begin;
	char c;

	ASSERT_EQ(0, setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_TRANSPORT_PARAM, &p, sizeof(p)));
	ASSERT_EQ(0, connect(fd, &self->addr.sa, addr_len(&self->addr)));
	begin = now_ms();
	EXPECT_EQ(-1, quic_recv(fd, &c, 1, NULL, NULL, 0));
	EXPECT_EQ(ETIMEDOUT, errno);
	EXPECT_LE(900, now_ms() - begin);
	quic_reason(fd, &r);
	EXPECT_EQ(QUIC_REASON_IDLE_TIMEOUT, r.kind);
	EXPECT_STRNE("", r.text);
	EXPECT_EQ(-1, quic_send(fd, -1, NEW, "x", 1, 0));
	close(fd);
}

TEST_F(sock, backlog_full)
{
	int fd[3], i, ok = 0;

	ASSERT_EQ(0, listen(self->listener, 1));
	for (i = 0; i < 3; i++) {
		fd[i] = quic_client(variant->family, ALPN);
		ok += !connect(fd[i], &self->addr.sa, addr_len(&self->addr));
	}
	/* as of TCP, a backlog of 1 holds two */
	EXPECT_EQ(2, ok);
	EXPECT_EQ(ECONNREFUSED, errno);
	for (i = 0; i < 3; i++)
		close(fd[i]);
}

TEST_F(sock, two_listeners_of_a_port)
{
	int other = socket(variant->family, SOCK_DGRAM, IPPROTO_QUIC);
	int a = quic_client(variant->family, "other,test");
	int b = quic_client(variant->family, ALPN);
	int same = socket(variant->family, SOCK_DGRAM, IPPROTO_QUIC);

	ASSERT_EQ(0, set_string(other, QUIC_SOCKOPT_ALPN, "other"));
	ASSERT_EQ(0, bind(other, &self->addr.sa, addr_len(&self->addr)));
	ASSERT_EQ(0, listen(other, 4));
	/* the client's first wish decides */
	ASSERT_EQ(0, connect(a, &self->addr.sa, addr_len(&self->addr)));
	EXPECT_NE(0, wait_fd(other, POLLIN, SOON_MS) & POLLIN);
	EXPECT_EQ(0, wait_fd(self->listener, POLLIN, 0));
	ASSERT_EQ(0, connect(b, &self->addr.sa, addr_len(&self->addr)));
	EXPECT_NE(0, wait_fd(self->listener, POLLIN, SOON_MS) & POLLIN);
	/* the same names may not listen twice */
	ASSERT_EQ(0, set_string(same, QUIC_SOCKOPT_ALPN, ALPN));
	EXPECT_TRUE(bind(same, &self->addr.sa, addr_len(&self->addr)) || listen(same, 4));
	EXPECT_EQ(EADDRINUSE, errno);
	close(same);
	close(other);
	close(a);
	close(b);
}

TEST_F(sock, bad_calls)
{
	int fd = socket(variant->family, SOCK_DGRAM, IPPROTO_QUIC);
	union addr a = self->addr;
	char c;

	EXPECT_EQ(-1, quic_send(fd, -1, NEW, "x", 1, 0));
	EXPECT_EQ(-1, quic_recv(fd, &c, 1, NULL, NULL, 0));
	EXPECT_EQ(ENOTCONN, errno);
	EXPECT_EQ(-1, accept(fd, NULL, NULL));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, shutdown(fd, SHUT_RDWR));
	EXPECT_EQ(ENOTCONN, errno);
	EXPECT_EQ(-1, connect(fd, &a.sa, 3));
	EXPECT_EQ(EINVAL, errno);
	a.v4.sin_port = 0;
	EXPECT_EQ(-1, connect(fd, &a.sa, addr_len(&a)));
	EXPECT_EQ(EINVAL, errno);
	a.sa.sa_family = AF_UNIX;
	EXPECT_EQ(-1, connect(fd, &a.sa, addr_len(&self->addr)));
	a = self->addr;
	a.v4.sin_port = 0;
	EXPECT_EQ(0, bind(fd, &a.sa, addr_len(&a)));
	EXPECT_EQ(-1, bind(fd, &a.sa, addr_len(&a)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, bind(self->listener, &a.sa, addr_len(&a)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, connect(self->listener, &a.sa, addr_len(&a)));
	EXPECT_EQ(EINVAL, errno);
	close(fd);
}

/* A closed port refuses each of two sockets that share theirs, and the earlier first. */
TEST_F(sock, refused_beside_another)
{
	union addr to, at;
	struct pollfd p[2];
	socklen_t len = sizeof(at), n = sizeof(int);
	int i, err;

	addr_loopback(&to, variant->family);
	to.v4.sin_port = htons(9);
	addr_loopback(&at, variant->family);
	for (i = 0; i < 2; i++) {
		p[i].fd = quic_client(variant->family, ALPN);
		p[i].events = POLLOUT;
		ASSERT_LE(0, p[i].fd);
		ASSERT_EQ(0, bind(p[i].fd, &at.sa, addr_len(&at)));
		ASSERT_EQ(0, getsockname(p[i].fd, &at.sa, &len));
		ASSERT_EQ(0, fcntl(p[i].fd, F_SETFL, O_NONBLOCK));
		ASSERT_EQ(-1, connect(p[i].fd, &to.sa, addr_len(&to)));
		ASSERT_EQ(EINPROGRESS, errno);
		breath(400);	/* below the first time-out, at which the answer is heard */
	}
	ASSERT_LT(0, poll(p, 2, SOON_MS));
	EXPECT_NE(0, p[0].revents);
	for (i = 0; i < 2; i++) {
		EXPECT_NE(0, wait_fd(p[i].fd, POLLOUT, SOON_MS));
		ASSERT_EQ(0, getsockopt(p[i].fd, SOL_SOCKET, SO_ERROR, &err, &n));
		EXPECT_EQ(ECONNREFUSED, err);
		close(p[i].fd);
	}
}

/* An IPv6 wildcard serves IPv4 as well, and shows the peer as IPv4. */
TEST(dual_stack)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, IPPROTO_QUIC), off = 0, c, s;
	union addr a = { .v6.sin6_family = AF_INET6 }, peer;
	socklen_t len = sizeof(a);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)));
	ASSERT_EQ(0, set_string(fd, QUIC_SOCKOPT_ALPN, ALPN));
	ASSERT_EQ(0, bind(fd, &a.sa, sizeof(a.v6)));
	ASSERT_EQ(0, listen(fd, 4));
	ASSERT_EQ(0, getsockname(fd, &a.sa, &len));
	addr_loopback(&peer, AF_INET);
	peer.v4.sin_port = a.v6.sin6_port;
	c = quic_client(AF_INET, ALPN);
	ASSERT_EQ(0, connect(c, &peer.sa, sizeof(peer.v4)));
	len = sizeof(peer);
	s = accept(fd, &peer.sa, &len);
	ASSERT_LE(0, s);
	EXPECT_EQ(AF_INET, peer.sa.sa_family);
	ASSERT_EQ(0, pattern_send(c, 0, NEW, 5000, 1));
	EXPECT_EQ(5000, pattern_recv(s, 0, 1));
	close(c);
	close(s);
	close(fd);
}

QUIC_TEST_MAIN
