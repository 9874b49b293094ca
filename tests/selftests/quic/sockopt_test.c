// SPDX-License-Identifier: GPL-2.0
/*
 * sockopt_test - options: every number with every wrong length and pointer, and
 * the values that do round trips.
 *
 * The first half asks only for errnos that the header documents and for a kernel
 * that stays whole, on sockets of four kinds; a value that reaches past its length
 * is seen by a page without access behind it. The second half is about values.
 */
#include <sys/mman.h>

#include "quic_test.h"

#define ALPN		"test"
#define OPTIONS		100
#define BUF_SIZE	(128 << 10)
#define SOON_MS		10000

/* --- every number, every length --- */

FIXTURE(any) {
	int fd[4];		/* fresh, listening, client, server */
	uint8_t *buf;		/* ends where access ends */
	uint8_t *end;
};

FIXTURE_SETUP(any)
{
	/* the test is busy, the connection is not */
	struct quic_transport_param p = { .max_idle_timeout = 600000000 };
	union addr a;
	int i;

	self->fd[0] = socket(AF_INET, SOCK_DGRAM, IPPROTO_QUIC);
	self->fd[1] = quic_listener(AF_INET6, ALPN, &a);
	self->fd[2] = quic_client(AF_INET6, ALPN);
	ASSERT_EQ(0, listen(self->fd[1], 0));
	ASSERT_EQ(0, setsockopt(self->fd[1], SOL_QUIC, QUIC_SOCKOPT_TRANSPORT_PARAM, &p,
				sizeof(p)));
	ASSERT_EQ(0, listen(self->fd[1], 4));
	ASSERT_EQ(0, setsockopt(self->fd[2], SOL_QUIC, QUIC_SOCKOPT_TRANSPORT_PARAM, &p,
				sizeof(p)));
	ASSERT_EQ(0, connect(self->fd[2], &a.sa, addr_len(&a)));
	ASSERT_NE(0, wait_fd(self->fd[1], POLLIN, SOON_MS));
	self->fd[3] = accept(self->fd[1], NULL, NULL);
	for (i = 0; i < 4; i++) {
		ASSERT_LE(0, self->fd[i]);
		/* some options wait */
		ASSERT_EQ(0, fcntl(self->fd[i], F_SETFL, O_NONBLOCK));
	}
	self->buf = mmap(NULL, BUF_SIZE + 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->buf);
	self->end = self->buf + BUF_SIZE;
	ASSERT_EQ(0, mprotect(self->end, 4096, PROT_NONE));
}

FIXTURE_TEARDOWN(any)
{
	int i;

	for (i = 0; i < 4; i++)
		close(self->fd[i]);
}

/* What the header allows an option to say. */
static bool documented(int err)
{
	static const int errnos[] = {
		0, ENOPROTOOPT, EINVAL, EFAULT, EPIPE, ENOTCONN, ENOSPC, ENODATA,
		ERANGE, ENOENT, ENOTSOCK, EPROTOTYPE, EDESTADDRREQ, EOPNOTSUPP,
		ENOSTR, EAGAIN, EBADF, EACCES, ENOKEY, EMFILE,
	};
	size_t i;

	for (i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++)
		if (errnos[i] == err)
			return true;
	return false;
}

/* The option's own size, 0 when it has none. */
static size_t size_of(int opt)
{
	switch (opt) {
	case QUIC_SOCKOPT_EVENT: return sizeof(struct quic_event_option);
	case QUIC_SOCKOPT_STREAM_OPEN: return sizeof(struct quic_stream_info);
	case QUIC_SOCKOPT_STREAM_RESET:
	case QUIC_SOCKOPT_STREAM_STOP_SENDING: return sizeof(struct quic_errinfo);
	case QUIC_SOCKOPT_CONNECTION_ID: return sizeof(struct quic_connection_id_info);
	case QUIC_SOCKOPT_CONNECTION_CLOSE: return sizeof(struct quic_connection_close);
	case QUIC_SOCKOPT_CONNECTION_MIGRATION: return sizeof(struct sockaddr_in6);
	case QUIC_SOCKOPT_TRANSPORT_PARAM: return sizeof(struct quic_transport_param);
	case QUIC_SOCKOPT_CONFIG: return sizeof(struct quic_config);
	case QUIC_SOCKOPT_TOKEN: return QUIC_TOKEN_MAX;
	case QUIC_SOCKOPT_ALPN: return QUIC_ALPN_MAX;
	case QUIC_SOCKOPT_SESSION_TICKET: return QUIC_SESSION_TICKET_MIN;
	case QUIC_SOCKOPT_CRYPTO_SECRET: return sizeof(struct quic_crypto_secret);
	case QUIC_SOCKOPT_TRANSPORT_PARAM_EXT: return QUIC_TPARAM_EXT_MAX;
	case QUIC_SOCKOPT_STREAM_PEELOFF: return sizeof(struct quic_stream_peeloff);
	case QUIC_SOCKOPT_SERVER_NAME: return QUIC_SERVER_NAME_MAX;
	case QUIC_SOCKOPT_PROFILE: return QUIC_PROFILE_MAX;
	case QUIC_SOCKOPT_CREDENTIAL: return QUIC_CREDENTIAL_MAX;
	case QUIC_SOCKOPT_PIN: return QUIC_PIN_SIZE;
	case QUIC_SOCKOPT_TLS_INFO: return sizeof(struct quic_tls_info);
	case QUIC_SOCKOPT_EXPORTER: return sizeof(struct quic_exporter);
	case QUIC_SOCKOPT_REASON: return sizeof(struct quic_reason);
	case QUIC_SOCKOPT_INFO: return sizeof(struct quic_info);
	case QUIC_SOCKOPT_KNOB: return sizeof(struct quic_knob);
	case QUIC_SOCKOPT_CONGESTION: return QUIC_CONGESTION_NAME_MAX;
	case QUIC_SOCKOPT_STREAM_ACCEPT: return sizeof(struct quic_stream_accept);
	case QUIC_SOCKOPT_STREAM_PRIORITY: return sizeof(struct quic_stream_priority);
	case QUIC_SOCKOPT_STREAM_STATUS: return sizeof(struct quic_stream_status);
	case QUIC_SOCKOPT_STREAM_RESET64:
	case QUIC_SOCKOPT_STREAM_STOP64: return sizeof(struct quic_errinfo64);
	case QUIC_SOCKOPT_CLOSE64: return sizeof(struct quic_close64);
	case QUIC_SOCKOPT_RECV_STREAM: return sizeof(__s64);
	case QUIC_SOCKOPT_ADMISSION: return sizeof(struct quic_admission_rule);
	case QUIC_SOCKOPT_PATHS: return sizeof(struct quic_path_info);
	default: return sizeof(__u32);
	}
}

/* Length number @i of an option. Return: false when there are no more. */
static bool length_of(int opt, int i, socklen_t *len)
{
	size_t n = size_of(opt);
	const socklen_t lens[] = { 0, 1, 3, n - 1, n, n + 1, 4096, 4097, 65536, 65537,
				   0x80000000, 0xffffffff };

	if (i >= (int)(sizeof(lens) / sizeof(lens[0])))
		return false;
	*len = lens[i];
	return true;
}

/* A value of @len bytes whose end is the end of access; long ones need not be there. */
static uint8_t *value(uint8_t *end, socklen_t len, int fill)
{
	size_t n = len <= BUF_SIZE ? len : 0;

	memset(end - n, fill, n);
	return end - n;
}

static const char * const kinds[] = { "fresh", "listening", "client", "server" };
static const int fills[] = { 0, 0xff };
#define FILLS	2

static unsigned int try_set(struct __test_metadata *_metadata, int fd, const char *kind,
			    int opt, uint8_t *end)
{
	unsigned int calls = 0;
	socklen_t len;
	int i, f, err;

	for (i = 0; length_of(opt, i, &len); i++) {
		for (f = 0; f < FILLS; f++, calls++) {
			err = setsockopt(fd, SOL_QUIC, opt, value(end, len, fills[f]), len);
			err = err ? errno : 0;
			EXPECT_TRUE(documented(err)) {
				TH_LOG("%s: set %d, %u bytes of %d: %s", kind, opt, len,
				       fills[f], strerrorname_np(err));
			}
			/* beyond all limits, or beyond the memory that is there */
			EXPECT_TRUE(err || len <= 65536) {
				TH_LOG("%s: set %d took %u bytes", kind, opt, len);
			}
		}
		err = setsockopt(fd, SOL_QUIC, opt, NULL, len) ? errno : 0;
		EXPECT_TRUE(documented(err) && (err || !len || opt == QUIC_SOCKOPT_KEY_UPDATE)) {
			TH_LOG("%s: set %d from NULL, %u: %s", kind, opt, len,
			       err ? strerrorname_np(err) : "taken");
		}
	}
	return calls;
}

static unsigned int try_get(struct __test_metadata *_metadata, int fd, const char *kind,
			    int opt, uint8_t *end)
{
	socklen_t len, room;
	unsigned int calls = 0;
	uint8_t *p;
	int i, f, err;

	for (i = 0; length_of(opt, i, &room); i++) {
		for (f = 0; f < FILLS; f++, calls++) {
			p = value(end, room, fills[f]);
			if (p > end - 8)
				memset(end - 8, 0x5a, 8);
			len = room;
			err = getsockopt(fd, SOL_QUIC, opt, p, &len);
			/* 15 and 77 return a descriptor */
			if (err > 0)
				close(err);
			err = err < 0 ? errno : 0;
			EXPECT_TRUE(documented(err)) {
				TH_LOG("%s: get %d, %u bytes of %d: %s", kind, opt, room,
				       fills[f], strerrorname_np(err));
			}
			EXPECT_TRUE(err || len <= room) {
				TH_LOG("%s: get %d: %u bytes into %u", kind, opt, len, room);
			}
			EXPECT_TRUE(err || room <= INT32_MAX) {
				TH_LOG("%s: get %d: negative room", kind, opt);
			}
		}
		len = room;
		err = getsockopt(fd, SOL_QUIC, opt, NULL, &len) < 0 ? errno : 0;
		EXPECT_TRUE(documented(err)) {
			TH_LOG("%s: get %d into NULL: %s", kind, opt, strerrorname_np(err));
		}
		err = getsockopt(fd, SOL_QUIC, opt, p, NULL) < 0 ? errno : 0;
		EXPECT_TRUE(err == EFAULT || err == ENOPROTOOPT) {
			TH_LOG("%s: get %d without length: %s", kind, opt, strerrorname_np(err));
		}
	}
	return calls;
}

TEST_F_TIMEOUT(any, every_number_and_length, 60)
{
	unsigned int calls = 0;
	int64_t begin;
	int k, opt;

	for (k = 0; k < 4; k++) {
		begin = now_ms();
		for (opt = -1; opt <= OPTIONS; opt++) {
			calls += try_set(_metadata, self->fd[k], kinds[k], opt, self->end);
			calls += try_get(_metadata, self->fd[k], kinds[k], opt, self->end);
		}
		TH_LOG("%s: %u calls so far, %lld ms", kinds[k], calls,
		       (long long)(now_ms() - begin));
	}
	/* none of these ends a connection or a listener */
	EXPECT_EQ(QUIC_STATE_LISTENING, quic_state(self->fd[1]));
	EXPECT_EQ(QUIC_STATE_ESTABLISHED, quic_state(self->fd[2]));
	EXPECT_EQ(QUIC_STATE_ESTABLISHED, quic_state(self->fd[3]));
}

TEST_F(any, other_levels)
{
	int v = 0x10;
	socklen_t len = sizeof(v);

	EXPECT_EQ(0, setsockopt(self->fd[0], IPPROTO_IP, IP_TOS, &v, sizeof(v)));
	EXPECT_EQ(0, getsockopt(self->fd[0], IPPROTO_IP, IP_TOS, &v, &len));
	EXPECT_EQ(0x10, v);
	EXPECT_EQ(0, setsockopt(self->fd[2], IPPROTO_IPV6, IPV6_TCLASS, &v, sizeof(v)));
	EXPECT_EQ(-1, setsockopt(self->fd[2], IPPROTO_TCP, 1, &v, sizeof(v)));
	EXPECT_EQ(ENOPROTOOPT, errno);
	len = sizeof(v);
	ASSERT_EQ(0, getsockopt(self->fd[2], SOL_SOCKET, SO_PROTOCOL, &v, &len));
	EXPECT_EQ(IPPROTO_QUIC, v);
}

/* One path, from here to there. */
TEST_F(any, paths)
{
	struct quic_path_info info[4];
	socklen_t len = sizeof(info), n = sizeof(union addr);
	union addr at;
	int i;

	for (i = 2; i < 4; i++) {
		len = sizeof(info);
		ASSERT_EQ(0, getsockopt(self->fd[i], SOL_QUIC, QUIC_SOCKOPT_PATHS, info, &len));
		ASSERT_EQ(sizeof(info[0]), len);
		n = sizeof(at);
		ASSERT_EQ(0, getsockname(self->fd[i], &at.sa, &n));
		EXPECT_EQ(at.sa.sa_family, info[0].family);
		EXPECT_EQ(at.v6.sin6_port, info[0].local_port);
		EXPECT_EQ(0, memcmp(&at.v6.sin6_addr, info[0].local_addr, 16));
		n = sizeof(at);
		ASSERT_EQ(0, getpeername(self->fd[i], &at.sa, &n));
		EXPECT_EQ(at.v6.sin6_port, info[0].peer_port);
		EXPECT_EQ(0, memcmp(&at.v6.sin6_addr, info[0].peer_addr, 16));
		EXPECT_EQ(QUIC_PATH_ACTIVE | QUIC_PATH_VALIDATED, info[0].flags & ~QUIC_PATH_ECN);
		EXPECT_LE(1200, info[0].mtu);
		EXPECT_LT(0, info[0].smoothed_rtt_us);
	}
	len = sizeof(info);
	ASSERT_EQ(0, getsockopt(self->fd[0], SOL_QUIC, QUIC_SOCKOPT_PATHS, info, &len));
	EXPECT_EQ(0, len);
}

static int move_to(int fd, const union addr *a)
{
	return setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_CONNECTION_MIGRATION, a, addr_len(a)) ?
	       errno : 0;
}

/* Where a connection cannot move, and who cannot. */
TEST_F(any, moves_refused)
{
	socklen_t n = sizeof(union addr);
	union addr at, a;

	ASSERT_EQ(0, getsockname(self->fd[2], &at.sa, &n));
	EXPECT_EQ(EINVAL, move_to(self->fd[2], &at));
	a = at;
	a.v6.sin6_port = 0;
	EXPECT_EQ(EINVAL, move_to(self->fd[2], &a));
	a = at;
	a.v6.sin6_addr = in6addr_any;
	EXPECT_EQ(EINVAL, move_to(self->fd[2], &a));
	a = (union addr){ .v4 = { .sin_family = AF_INET, .sin_port = htons(5555) } };
	a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	EXPECT_EQ(EINVAL, move_to(self->fd[2], &a));
	a = at;
	a.v6.sin6_port = htons(5555);
	EXPECT_EQ(EINVAL, move_to(self->fd[3], &a));
	EXPECT_EQ(EPIPE, move_to(self->fd[1], &a));
	EXPECT_EQ(EPIPE, move_to(self->fd[0], &a));
	a.v6.sin6_addr.s6_addr[0] = 0x20;
	EXPECT_EQ(EADDRNOTAVAIL, move_to(self->fd[2], &a));
	EXPECT_EQ(QUIC_STATE_ESTABLISHED, quic_state(self->fd[2]));
}

/* Opening a stream waits for the peer's leave, but not on such a socket. */
TEST_F(any, open_without_waiting)
{
	struct quic_stream_info info;
	int i, err = 0;

	for (i = 0; i <= 100 && !err; i++) {
		socklen_t len = sizeof(info);

		info = (struct quic_stream_info){ .stream_id = -1 };
		err = getsockopt(self->fd[2], SOL_QUIC, QUIC_SOCKOPT_STREAM_OPEN, &info, &len) ?
		      errno : 0;
	}
	EXPECT_EQ(101, i);
	EXPECT_EQ(EAGAIN, err);
}

/* --- values --- */

FIXTURE(opt) {
	int fd;
};

FIXTURE_SETUP(opt)
{
	self->fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_QUIC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(opt)
{
	close(self->fd);
}

static int get(int fd, int name, void *p, socklen_t *len)
{
	return getsockopt(fd, SOL_QUIC, name, p, len) ? errno : 0;
}

static int set(int fd, int name, const void *p, socklen_t len)
{
	return setsockopt(fd, SOL_QUIC, name, p, len) ? errno : 0;
}

/* A string goes in, with and without its NUL, and comes back without. */
static void string_round_trip(struct __test_metadata *_metadata, int fd, int name,
			      const char *text)
{
	char back[300] = "";
	socklen_t len = sizeof(back);

	ASSERT_EQ(0, set(fd, name, text, strlen(text)));
	ASSERT_EQ(0, get(fd, name, back, &len));
	EXPECT_EQ(strlen(text), len);
	EXPECT_EQ(0, memcmp(back, text, len));
	ASSERT_EQ(0, set(fd, name, text, strlen(text) + 1));
	len = sizeof(back);
	ASSERT_EQ(0, get(fd, name, back, &len));
	EXPECT_EQ(strlen(text), len);
}

TEST_F(opt, strings)
{
	char longest[300];

	string_round_trip(_metadata, self->fd, QUIC_SOCKOPT_ALPN, "h3,hq-interop");
	string_round_trip(_metadata, self->fd, QUIC_SOCKOPT_SERVER_NAME, "www.example.org");
	string_round_trip(_metadata, self->fd, QUIC_SOCKOPT_SERVER_NAME, "2001:db8::1");
	string_round_trip(_metadata, self->fd, QUIC_SOCKOPT_PROFILE, "special");
	memset(longest, 'x', sizeof(longest));
	EXPECT_EQ(0, set(self->fd, QUIC_SOCKOPT_SERVER_NAME, longest, QUIC_SERVER_NAME_MAX));
	EXPECT_EQ(EINVAL, set(self->fd, QUIC_SOCKOPT_SERVER_NAME, longest,
			      QUIC_SERVER_NAME_MAX + 1));
	EXPECT_EQ(0, set(self->fd, QUIC_SOCKOPT_PROFILE, longest, QUIC_PROFILE_MAX));
	EXPECT_EQ(EINVAL, set(self->fd, QUIC_SOCKOPT_PROFILE, longest, QUIC_PROFILE_MAX + 1));
	EXPECT_EQ(0, set(self->fd, QUIC_SOCKOPT_ALPN, longest, QUIC_ALPN_MAX));
	EXPECT_EQ(EINVAL, set(self->fd, QUIC_SOCKOPT_ALPN, longest, QUIC_ALPN_MAX + 1));
	EXPECT_EQ(EINVAL, set(self->fd, QUIC_SOCKOPT_ALPN, "", 0));
	/* a NUL inside would hide what is behind it */
	EXPECT_EQ(EINVAL, set(self->fd, QUIC_SOCKOPT_SERVER_NAME, "good\0evil", 9));
	EXPECT_EQ(EINVAL, set(self->fd, QUIC_SOCKOPT_ALPN, "h3\0h4", 5));
}

TEST_F(opt, malformed_alpn_lists)
{
	EXPECT_EQ(EINVAL, set(self->fd, QUIC_SOCKOPT_ALPN, ",", 1));
	EXPECT_EQ(EINVAL, set(self->fd, QUIC_SOCKOPT_ALPN, "a,,b", 4));
	EXPECT_EQ(EINVAL, set(self->fd, QUIC_SOCKOPT_ALPN, "a,", 2));
}

TEST_F(opt, congestion)
{
	char name[QUIC_CONGESTION_NAME_MAX + 1] = "";
	socklen_t len = sizeof(name) - 1;

	ASSERT_EQ(0, get(self->fd, QUIC_SOCKOPT_CONGESTION, name, &len));
	EXPECT_STREQ("cubic", name);
	ASSERT_EQ(0, set(self->fd, QUIC_SOCKOPT_CONGESTION, "reno", 4));
	memset(name, 0, sizeof(name));
	len = sizeof(name) - 1;
	ASSERT_EQ(0, get(self->fd, QUIC_SOCKOPT_CONGESTION, name, &len));
	EXPECT_STREQ("reno", name);
	EXPECT_EQ(ENOENT, set(self->fd, QUIC_SOCKOPT_CONGESTION, "bbr9", 4));
}

TEST_F(opt, verify)
{
	socklen_t len = sizeof(uint32_t);
	uint32_t v = QUIC_VERIFY_NONE;

	ASSERT_EQ(0, set(self->fd, QUIC_SOCKOPT_VERIFY, &v, sizeof(v)));
	v = 99;
	ASSERT_EQ(0, get(self->fd, QUIC_SOCKOPT_VERIFY, &v, &len));
	EXPECT_EQ(QUIC_VERIFY_NONE, v);
	v = QUIC_VERIFY_APPLICATION + 1;
	EXPECT_EQ(EINVAL, set(self->fd, QUIC_SOCKOPT_VERIFY, &v, sizeof(v)));
	/* a number cannot be half there */
	EXPECT_EQ(EINVAL, set(self->fd, QUIC_SOCKOPT_VERIFY, &v, 3));
}

static int get_knob(int fd, uint32_t knob, uint64_t *value)
{
	struct quic_knob k = { .knob = knob, .value = 99 };
	socklen_t len = sizeof(k);
	int err = get(fd, QUIC_SOCKOPT_KNOB, &k, &len);

	*value = k.value;
	return err;
}

/* A knob says what options 8 and 9 cannot: zero, and more than their limits. */
TEST_F(opt, knobs)
{
	static const struct {
		uint32_t knob;
		uint64_t good;
		uint64_t bad;
	} t[] = {
		{ QUIC_KNOB_HANDSHAKE_TIMEOUT, 2000000, 99999 },
		{ QUIC_KNOB_IDLE_TIMEOUT, 0, UINT64_MAX },
		{ QUIC_KNOB_MAX_DATA, 1ULL << 40, 1ULL << 62 },
		{ QUIC_KNOB_MAX_STREAM_DATA, 0, 1ULL << 62 },
		{ QUIC_KNOB_MAX_STREAMS_BIDI, 0, (1ULL << 60) + 1 },
		{ QUIC_KNOB_MAX_STREAMS_UNI, 100000, (1ULL << 60) + 1 },
		{ QUIC_KNOB_PMTUD, 0, 2 },
		{ QUIC_KNOB_MAX_DATAGRAM, 65535, 65536 },
		{ QUIC_KNOB_DATAGRAM_SEND_QUEUE, 1, 0 },
		{ QUIC_KNOB_DATAGRAM_RECV_QUEUE, 65536, 65537 },
		{ QUIC_KNOB_DATAGRAM_DROP, 3, 4 },
		{ QUIC_KNOB_CID_LEN, 8, 7 },
		{ QUIC_KNOB_CID_LEN, 20, 21 },
	};
	struct quic_knob k = { .knob = QUIC_KNOB_MAX_DATA, .reserved = 1 };
	uint64_t v;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		EXPECT_EQ(0, set_knob(self->fd, t[i].knob, t[i].good));
		EXPECT_EQ(-1, set_knob(self->fd, t[i].knob, t[i].bad));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(0, get_knob(self->fd, t[i].knob, &v));
		EXPECT_EQ(t[i].good, v);
	}
	EXPECT_EQ(EINVAL, set(self->fd, QUIC_SOCKOPT_KNOB, &k, sizeof(k)));
	EXPECT_EQ(ENOPROTOOPT, get_knob(self->fd, QUIC_KNOB_NONE, &v));
	EXPECT_EQ(ENOPROTOOPT, get_knob(self->fd, QUIC_KNOB_MAX, &v));
	EXPECT_EQ(-1, set_knob(self->fd, QUIC_KNOB_GSO, 1));
	EXPECT_EQ(ENOPROTOOPT, errno);
}

/* The three layouts in the wild, by their length: all in, B out. */
TEST_F(opt, transport_parameter_layouts)
{
	static const socklen_t lens[] = { 64, 56, 88, 20 };	/* A, B, C, a short one */
	struct quic_transport_param p, back;
	uint8_t buf[88];
	socklen_t len;
	size_t i;

	for (i = 0; i < 4; i++) {
		memset(&p, 0, sizeof(p));
		p.max_idle_timeout = 5000000 + i * 1000;
		p.max_data = 1000000 + i;
		memset(buf, 0, sizeof(buf));
		memcpy(buf, &p, sizeof(p));
		ASSERT_EQ(0, set(self->fd, QUIC_SOCKOPT_TRANSPORT_PARAM, buf, lens[i])) {
			TH_LOG("length %u", lens[i]);
		}
		memset(buf, 0, sizeof(buf));
		len = lens[i];
		ASSERT_EQ(0, get(self->fd, QUIC_SOCKOPT_TRANSPORT_PARAM, buf, &len));
		EXPECT_EQ(lens[i] < 56 ? lens[i] : 56, len);
		memset(&back, 0, sizeof(back));
		memcpy(&back, buf, len);
		EXPECT_EQ(5000000 + i * 1000, back.max_idle_timeout);
		/* the short one had no max_data: as before */
		if (len == 56) {
			EXPECT_EQ(1000000 + i, back.max_data);
		}
	}
	len = sizeof(back);
	memset(&back, 0, sizeof(back));
	ASSERT_EQ(0, get(self->fd, QUIC_SOCKOPT_TRANSPORT_PARAM, &back, &len));
	EXPECT_EQ(1000002, back.max_data);
	EXPECT_EQ(1, back.grease_quic_bit);	/* there already: it may be said */
	EXPECT_EQ(0, back.disable_compatible_version);
	back.disable_compatible_version = 1;
	ASSERT_EQ(0, set(self->fd, QUIC_SOCKOPT_TRANSPORT_PARAM, &back, sizeof(back)));
	len = sizeof(back);
	memset(&back, 0, sizeof(back));
	ASSERT_EQ(0, get(self->fd, QUIC_SOCKOPT_TRANSPORT_PARAM, &back, &len));
	EXPECT_EQ(1, back.disable_compatible_version);
}

TEST_F(opt, transport_parameter_limits)
{
	static const struct quic_transport_param bad[] = {
		{ .max_idle_timeout = 999999 },
		{ .active_connection_id_limit = 1 },
		{ .active_connection_id_limit = 9 },
		{ .ack_delay_exponent = 21 },
		{ .max_udp_payload_size = 1199 },
		{ .max_udp_payload_size = 65528 },
		{ .max_ack_delay = 16384000 },
		{ .max_streams_bidi = 4097 },
		{ .max_streams_uni = 4097 },
		{ .max_data = 1199 },
		{ .max_data = (1U << 31) / 4 + 1 },
		{ .max_stream_data_uni = ~0ULL },
		{ .max_stream_data_bidi_local = 1 },
		{ .max_stream_data_bidi_remote = 1ULL << 62 },
		{ .remote = 1, .max_data = 100000 },
	};
	struct quic_transport_param before, after;
	socklen_t len = sizeof(before);
	size_t i;

	ASSERT_EQ(0, (memset(&before, 0, sizeof(before)),
		      get(self->fd, QUIC_SOCKOPT_TRANSPORT_PARAM, &before, &len)));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT_EQ(EINVAL, set(self->fd, QUIC_SOCKOPT_TRANSPORT_PARAM, &bad[i],
				      sizeof(bad[i]))) {
			TH_LOG("number %zu", i);
		}
	memset(&after, 0, sizeof(after));
	ASSERT_EQ(0, get(self->fd, QUIC_SOCKOPT_TRANSPORT_PARAM, &after, &len));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
}

TEST_F(opt, config_layouts)
{
	static const socklen_t lens[] = { 24, 28, 64, 12 };
	struct quic_config c, back;
	uint8_t buf[64];
	socklen_t len;
	size_t i;

	for (i = 0; i < 4; i++) {
		memset(&c, 0, sizeof(c));
		c.initial_smoothed_rtt = 50000 + i;
		c.payload_cipher_type = 51;
		c.stream_data_nodelay = 1;
		memset(buf, 0, sizeof(buf));
		memcpy(buf, &c, sizeof(c));
		ASSERT_EQ(0, set(self->fd, QUIC_SOCKOPT_CONFIG, buf, lens[i]));
		len = lens[i];
		memset(buf, 0, sizeof(buf));
		ASSERT_EQ(0, get(self->fd, QUIC_SOCKOPT_CONFIG, buf, &len));
		EXPECT_EQ(lens[i] < 28 ? lens[i] : 28, len);
		memcpy(&back, buf, sizeof(back));
		EXPECT_EQ(50000 + i, back.initial_smoothed_rtt);
		EXPECT_EQ(QUIC_VERSION_V1, back.version);
	}
}

TEST_F(opt, config_limits)
{
	static const struct quic_config bad[] = {
		{ .version = 0xff00001d },
		{ .version = 0x1a2a3a4a },
		{ .plpmtud_probe_interval = 4999999 },
		{ .initial_smoothed_rtt = 999 },
		{ .initial_smoothed_rtt = 6000001 },
		{ .payload_cipher_type = 50 },
		{ .payload_cipher_type = 55 },
		{ .congestion_control_algo = QUIC_CONG_ALG_MAX },
		{ .validate_peer_address = 2 },
		{ .certificate_request = 4 },
		{ .keepalive_probe_interval = 1499999 },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT_EQ(EINVAL, set(self->fd, QUIC_SOCKOPT_CONFIG, &bad[i], sizeof(bad[i]))) {
			TH_LOG("number %zu", i);
		}
}

/* What counts before a connection only is refused after. */
/* RFC 9001 6: asked for, refused while under way, seen in the counter. */
TEST_F(any, key_update)
{
	struct quic_info info = {};
	socklen_t len = sizeof(info);
	int i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-1, setsockopt(self->fd[i], SOL_QUIC, QUIC_SOCKOPT_KEY_UPDATE, NULL, 0));
		EXPECT_EQ(EPIPE, errno);
	}
	EXPECT_EQ(-1, getsockopt(self->fd[2], SOL_QUIC, QUIC_SOCKOPT_KEY_UPDATE, &info, &len));
	EXPECT_EQ(ENOPROTOOPT, errno);
	EXPECT_EQ(0, setsockopt(self->fd[2], SOL_QUIC, QUIC_SOCKOPT_KEY_UPDATE, NULL, 0));
	EXPECT_EQ(-1, setsockopt(self->fd[2], SOL_QUIC, QUIC_SOCKOPT_KEY_UPDATE, NULL, 0));
	EXPECT_EQ(EINVAL, errno);
	/* at the peer, which has not been told anything else */
	for (i = 0; i < SOON_MS && !info.key_updates; i++) {
		poll(NULL, 0, 1);
		len = sizeof(info);
		ASSERT_EQ(0, getsockopt(self->fd[3], SOL_QUIC, QUIC_SOCKOPT_INFO, &info, &len));
	}
	EXPECT_EQ(1, info.key_updates);
}

/* @first of the set @dest, and @active, of a socket; waits until the former is @first. */
static struct quic_connection_id_info ids_from(int fd, int dest, unsigned int first)
{
	struct quic_connection_id_info ids;
	socklen_t len;
	int i;

	for (i = 0; i < SOON_MS; i++) {
		memset(&ids, 0, sizeof(ids));
		ids.dest = dest;
		len = sizeof(ids);
		if (getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_CONNECTION_ID, &ids, &len) ||
		    ids.prior_to == first)
			break;
		poll(NULL, 0, 1);
	}
	return ids;
}

/* RFC 9000 5.1.2: what one end retires the other gives up, of either set. */
TEST_F(any, connection_ids)
{
	struct quic_connection_id_info ids = {}, peer;
	int client = self->fd[2], server = self->fd[3], i;
	socklen_t len = sizeof(ids);

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(EPIPE, set(self->fd[i], QUIC_SOCKOPT_CONNECTION_ID, &ids, len));
		EXPECT_EQ(EPIPE, get(self->fd[i], QUIC_SOCKOPT_CONNECTION_ID, &ids, &len));
	}
	ids = ids_from(server, 0, 0);
	EXPECT_EQ(0, ids.prior_to);
	ASSERT_LT(1, ids.active);
	peer = ids_from(client, 1, 0);
	EXPECT_EQ(0, peer.active);
	EXPECT_EQ(0, peer.prior_to);

	/* the server's own: the client moves on, and the server learns of it */
	ids.prior_to = ids.active;
	EXPECT_EQ(EINVAL, set(server, QUIC_SOCKOPT_CONNECTION_ID, &ids, sizeof(ids)));
	ids.active = 0;
	ids.prior_to++;
	EXPECT_EQ(EINVAL, set(server, QUIC_SOCKOPT_CONNECTION_ID, &ids, sizeof(ids)));
	ids.prior_to = 2;
	ASSERT_EQ(0, set(server, QUIC_SOCKOPT_CONNECTION_ID, &ids, sizeof(ids)));
	EXPECT_EQ(2, ids_from(server, 0, 2).prior_to);
	peer = ids_from(client, 1, 2);
	EXPECT_EQ(2, peer.prior_to);
	EXPECT_LE(2, peer.active);

	/* the peer's: the client chooses another one by itself */
	peer.active++;
	peer.prior_to = peer.active;
	ASSERT_EQ(0, set(client, QUIC_SOCKOPT_CONNECTION_ID, &peer, sizeof(peer)));
	EXPECT_EQ(peer.active, ids_from(client, 1, peer.active).active);
	EXPECT_EQ(peer.active, ids_from(server, 0, peer.active).prior_to);
	EXPECT_EQ(EINVAL, set(client, QUIC_SOCKOPT_CONNECTION_ID, &peer, sizeof(peer)));
	EXPECT_EQ(QUIC_STATE_ESTABLISHED, quic_state(server));
	EXPECT_EQ(QUIC_STATE_ESTABLISHED, quic_state(client));
}

TEST_F(any, too_late)
{
	struct quic_transport_param p = { .max_data = 100000 };
	struct quic_config c = { .initial_smoothed_rtt = 100000 };
	uint32_t v = QUIC_VERIFY_NONE;
	int k;

	for (k = 1; k < 4; k++) {
		EXPECT_EQ(EINVAL, set(self->fd[k], QUIC_SOCKOPT_ALPN, "late", 4)) {
			TH_LOG("%s", kinds[k]);
		}
		EXPECT_EQ(EINVAL, set(self->fd[k], QUIC_SOCKOPT_SERVER_NAME, "late", 4));
		EXPECT_EQ(EINVAL, set(self->fd[k], QUIC_SOCKOPT_PROFILE, "late", 4));
		EXPECT_EQ(EINVAL, set(self->fd[k], QUIC_SOCKOPT_VERIFY, &v, sizeof(v)));
		EXPECT_EQ(EINVAL, set(self->fd[k], QUIC_SOCKOPT_TRANSPORT_PARAM, &p, sizeof(p)));
		EXPECT_EQ(EINVAL, set(self->fd[k], QUIC_SOCKOPT_CONFIG, &c, sizeof(c)));
		EXPECT_EQ(-1, set_knob(self->fd[k], QUIC_KNOB_MAX_DATA, 100000));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(-1, set_knob(self->fd[k], QUIC_KNOB_CID_LEN, 12));
		EXPECT_EQ(EINVAL, errno);
	}
}

/* What one end declares is what the other sees. */
TEST(parameters_reach_the_peer)
{
	struct quic_transport_param p = {
		.max_idle_timeout = 7000000, .max_data = 300000,
		.max_stream_data_bidi_remote = 200000, .max_streams_bidi = 7,
		.max_streams_uni = 3, .max_ack_delay = 20000,
		.active_connection_id_limit = 3,
	}, seen = { .remote = 1 };
	socklen_t len = sizeof(seen);
	union addr a;
	int l = quic_listener(AF_INET, ALPN, &a), c = quic_client(AF_INET, ALPN), s;

	ASSERT_EQ(0, set(c, QUIC_SOCKOPT_TRANSPORT_PARAM, &p, sizeof(p)));
	ASSERT_EQ(0, connect(c, &a.sa, addr_len(&a)));
	s = accept(l, NULL, NULL);
	ASSERT_LE(0, s);
	ASSERT_EQ(0, get(s, QUIC_SOCKOPT_TRANSPORT_PARAM, &seen, &len));
	EXPECT_EQ(7000000, seen.max_idle_timeout);
	EXPECT_EQ(300000, seen.max_data);
	EXPECT_EQ(200000, seen.max_stream_data_bidi_remote);
	EXPECT_EQ(7, seen.max_streams_bidi);
	EXPECT_EQ(3, seen.max_streams_uni);
	EXPECT_EQ(20000, seen.max_ack_delay);
	EXPECT_EQ(1, seen.grease_quic_bit);
	EXPECT_EQ(3, seen.active_connection_id_limit);
	seen.remote = 1;
	ASSERT_EQ(0, get(c, QUIC_SOCKOPT_TRANSPORT_PARAM, &seen, &len));
	EXPECT_EQ(8, seen.active_connection_id_limit);
	close(c);
	close(s);
	close(l);
}

/* The server's certificate can be read and is DER. */
TEST_F(any, peer_certificate)
{
	socklen_t len = 4;
	uint32_t first;

	EXPECT_EQ(ERANGE, get(self->fd[2], QUIC_SOCKOPT_PEER_CERT, self->buf, &len));
	EXPECT_LT(100, len);
	len = BUF_SIZE;
	ASSERT_EQ(0, get(self->fd[2], QUIC_SOCKOPT_PEER_CERT, self->buf, &len));
	memcpy(&first, self->buf, sizeof(first));
	EXPECT_LE(first + 4, len);
	EXPECT_EQ(0x30, self->buf[4]);
	len = BUF_SIZE;
	EXPECT_EQ(ENODATA, get(self->fd[3], QUIC_SOCKOPT_PEER_CERT, self->buf, &len));
}

QUIC_TEST_MAIN
