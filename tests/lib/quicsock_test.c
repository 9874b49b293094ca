// SPDX-License-Identifier: GPL-2.0
/*
 * quicsock_test - the library's functions, without the module
 *
 * Run with fakequic.so preloaded and FAKEQUIC_RUN set (see run): connections are
 * UNIX sockets within this process, so what is tested is what the library does
 * to sockets and control messages, not QUIC. Look-ups use numeric addresses: no
 * name server is asked.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>

#include <quicsock.h>

#include "../selftests/kselftest_harness.h"

#define PORT	"4433"

static const int all_errnos[] = {
	EPROTONOSUPPORT, ESOCKTNOSUPPORT, EHOSTDOWN, ECONNABORTED, EKEYREJECTED,
	EKEYEXPIRED, ENOKEY, EACCES, EPROTO, ECONNREFUSED, ETIMEDOUT,
	ECONNRESET, EPIPE, ENOSTR, EADDRINUSE, ENOPROTOOPT, EINVAL, ENOMEM,
	EMFILE, EAGAIN, 0, 9999, -1,
};

TEST(explain_is_one_line)
{
	char text[QUICSOCK_TEXT_SIZE];
	size_t i;

	for (i = 0; i < sizeof(all_errnos) / sizeof(int); i++) {
		errno = ENOTTY;
		EXPECT_EQ(text, (char *)quicsock_explain(-1, all_errnos[i], text, sizeof(text)));
		EXPECT_EQ(ENOTTY, errno);
		EXPECT_LT(3, (int)strlen(text));
		EXPECT_EQ(NULL, strchr(text, '\n'));
	}
}

TEST(explain_names_the_cure)
{
	char text[QUICSOCK_TEXT_SIZE];

	quicsock_explain(-1, EPROTONOSUPPORT, text, sizeof(text));
	EXPECT_NE(NULL, strstr(text, "modprobe quicsock"));
	quicsock_explain(-1, EHOSTDOWN, text, sizeof(text));
	EXPECT_NE(NULL, strstr(text, "start quicd"));
}

TEST(explain_fits_any_buffer)
{
	char text[8] = "xxxxxxx";

	quicsock_explain(-1, EHOSTDOWN, text, 4);
	EXPECT_EQ(3, (int)strlen(text));
	EXPECT_EQ('x', text[4]);
	quicsock_explain(-1, EHOSTDOWN, text, 1);
	EXPECT_EQ('\0', text[0]);
	quicsock_explain(-1, EHOSTDOWN, NULL, 0);
}

TEST(bad_options)
{
	struct quicsock_opts opts = { .size = 0 };
	char why[QUICSOCK_TEXT_SIZE] = "";

	EXPECT_EQ(-1, quicsock_connect("127.0.0.1", PORT, &opts));
	EXPECT_EQ(EINVAL, errno);
	opts.size = sizeof(opts);
	opts.reason = why;
	opts.reason_size = sizeof(why);
	EXPECT_EQ(-1, quicsock_connect("127.0.0.1", NULL, &opts));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_LT(0, (int)strlen(why));
	EXPECT_EQ(-1, quicsock_connect("127.0.0.1", "no-such-service", &opts));
	EXPECT_EQ(EINVAL, errno);
	opts.keepalive_ms = 0xffffffffu;
	EXPECT_EQ(-1, quicsock_connect("127.0.0.1", PORT, &opts));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_NE(NULL, strstr(why, "timeout"));
}

/* The structure as an old program knew it: what it does not have is default. */
TEST(short_options)
{
	struct quicsock_opts opts = { .alpn = "echo", .family = 12345 };
	char why[QUICSOCK_TEXT_SIZE] = "";

	opts.size = offsetof(struct quicsock_opts, verify);
	opts.reason = why;
	opts.reason_size = sizeof(why);
	EXPECT_EQ(-1, quicsock_connect("127.0.0.1", PORT, &opts));
	EXPECT_EQ(ECONNREFUSED, errno);
}

TEST(refused_option_is_named)
{
	char alpn[200], why[QUICSOCK_TEXT_SIZE] = "";
	struct quicsock_opts opts = {
		.size = sizeof(opts), .alpn = alpn,
		.reason = why, .reason_size = sizeof(why),
	};

	memset(alpn, 'a', sizeof(alpn) - 1);
	alpn[sizeof(alpn) - 1] = '\0';
	EXPECT_EQ(-1, quicsock_connect("127.0.0.1", PORT, &opts));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_NE(NULL, strstr(why, "alpn"));
	opts.alpn = "echo";
	opts.handshake_timeout_ms = 5;	/* a knob that fakequic has not */
	EXPECT_EQ(-1, quicsock_connect("127.0.0.1", PORT, &opts));
	EXPECT_EQ(ENOPROTOOPT, errno);
	EXPECT_NE(NULL, strstr(why, "handshake timeout"));
}

TEST(unknown_host)
{
	char why[QUICSOCK_TEXT_SIZE] = "";
	struct quicsock_opts opts = {
		.size = sizeof(opts), .family = AF_INET,
		.reason = why, .reason_size = sizeof(why),
	};

	EXPECT_EQ(-1, quicsock_connect("::1", PORT, &opts));
	EXPECT_EQ(EHOSTUNREACH, errno);
	EXPECT_NE(NULL, strstr(why, "look-up of ::1"));
}

TEST(the_kernels_reason_is_preferred)
{
	char why[QUICSOCK_TEXT_SIZE] = "";
	struct quicsock_opts opts = {
		.size = sizeof(opts), .server_name = "wrong.example",
		.reason = why, .reason_size = sizeof(why),
	};

	EXPECT_EQ(-1, quicsock_connect("127.0.0.1", PORT, &opts));
	EXPECT_EQ(EKEYREJECTED, errno);
	EXPECT_EQ(0, strcmp(why, "certificate is not for wrong.example"));
	opts.server_name = "nodaemon.example";
	EXPECT_EQ(-1, quicsock_connect("127.0.0.1", PORT, &opts));
	EXPECT_EQ(EHOSTDOWN, errno);
	EXPECT_NE(NULL, strstr(why, "start quicd"));
}

TEST(wrong_descriptors)
{
	char text[QUICSOCK_TEXT_SIZE];
	struct quic_info info;
	int fd;

	EXPECT_EQ(-1, quicsock_reason(-1, text, sizeof(text)));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, quicsock_close(-1, 0, NULL));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, quicsock_accept(-1, 0));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, quicsock_info(fd, &info));
	EXPECT_EQ(-1, quicsock_alpn(fd, text, sizeof(text)));
	EXPECT_EQ(-1, (int)quicsock_open_stream(fd, 0));
	EXPECT_EQ(0, quicsock_close(fd, 5, "no connection to tell"));
}

FIXTURE(pair) {
	int listener;
	int client;
	int server;
};

FIXTURE_SETUP(pair)
{
	struct quicsock_opts opts = { .size = sizeof(opts), .alpn = "echo" };

	self->listener = quicsock_listen(NULL, PORT, &opts);
	ASSERT_LE(0, self->listener);
	self->client = quicsock_connect("127.0.0.1", PORT, &opts);
	ASSERT_LE(0, self->client);
	self->server = quicsock_accept(self->listener, 0);
	ASSERT_LE(0, self->server);
}

FIXTURE_TEARDOWN(pair)
{
	close(self->listener);
	close(self->client);
	close(self->server);
}

TEST_F(pair, descriptors_are_close_on_exec)
{
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->listener, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->client, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->server, F_GETFD));
}

TEST_F(pair, streams_and_ends)
{
	unsigned int flags = 0;
	char buf[100];
	int64_t sid;

	EXPECT_EQ(0, quicsock_open_stream(self->client, 0));
	EXPECT_EQ(2, quicsock_open_stream(self->client, MSG_QUIC_STREAM_UNI));
	EXPECT_EQ(0, quicsock_set_priority(self->client, 0, 1, true));
	EXPECT_EQ(-1, quicsock_set_priority(self->client, 0, 8, false));
	EXPECT_EQ(-1, quicsock_set_priority(self->client, 40, 1, false));
	EXPECT_EQ(3, quicsock_send(self->client, "one", 3, 0, 0));
	EXPECT_EQ(3, quicsock_send(self->client, "two", 3, 2,
				   MSG_QUIC_STREAM_FIN));
	EXPECT_EQ(0, quicsock_send(self->client, NULL, 0, 0,
				   MSG_QUIC_STREAM_FIN));

	EXPECT_EQ(3, quicsock_recv(self->server, buf, sizeof(buf), &sid, &flags));
	EXPECT_EQ(0, sid);
	EXPECT_EQ(0, (int)flags);
	EXPECT_EQ(3, quicsock_recv(self->server, buf, sizeof(buf), &sid, &flags));
	EXPECT_EQ(2, sid);
	EXPECT_EQ(MSG_QUIC_STREAM_FIN, (int)flags);
	EXPECT_EQ(0, quicsock_recv(self->server, buf, sizeof(buf), &sid, &flags));
	EXPECT_EQ(0, sid);
	EXPECT_EQ(MSG_QUIC_STREAM_FIN, (int)flags);
	EXPECT_EQ(-1, quicsock_send(self->client, "", 0, 0, 0));
	EXPECT_EQ(EMSGSIZE, errno);
}

TEST_F(pair, end_of_the_connection)
{
	unsigned int flags = 0;
	int64_t sid = 99;
	char c;

	EXPECT_EQ(0, quicsock_close(self->client, 0, NULL));
	self->client = -1;
	EXPECT_EQ(0, quicsock_recv(self->server, &c, 1, &sid, &flags));
	EXPECT_EQ(-1, sid);
	EXPECT_EQ(0, (int)flags);
}

TEST_F(pair, close_tells_code_and_reason)
{
	char c, why[QUICSOCK_TEXT_SIZE];

	EXPECT_EQ(0, quicsock_reason(self->server, why, sizeof(why)));
	EXPECT_EQ(0, quicsock_close(self->client, 7, "enough"));
	self->client = -1;
	EXPECT_EQ(-1, quicsock_recv(self->server, &c, 1, NULL, NULL));
	EXPECT_EQ(ECONNRESET, errno);
	quicsock_explain(self->server, ECONNRESET, why, sizeof(why));
	EXPECT_EQ(0, strcmp(why, "the peer closed with code 7: enough"));
	EXPECT_EQ(4, quicsock_reason(self->server, why, 5));
	EXPECT_EQ(0, strcmp(why, "the "));
}

static void told_code(struct __test_metadata *_metadata, int fd, uint64_t code)
{
	struct quic_reason r = { 0 };
	socklen_t len = sizeof(r);
	char c;

	EXPECT_EQ(-1, quicsock_recv(fd, &c, 1, NULL, NULL));
	EXPECT_EQ(ECONNRESET, errno);
	EXPECT_EQ(0, getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_REASON, &r, &len));
	EXPECT_EQ(code, r.code);
}

TEST_F(pair, close_with_all_bits_of_the_code)
{
	EXPECT_EQ(0, quicsock_close(self->client, (1ULL << 62) - 1, NULL));
	self->client = -1;
	told_code(_metadata, self->server, (1ULL << 62) - 1);
}

/* Where the code does not fit the peer is told of an error all the same, and so are we. */
TEST_F(pair, close_falls_back)
{
	setenv("FAKEQUIC_OLD", "1", 1);
	EXPECT_EQ(-1, quicsock_close(self->client, 1ULL << 40, "large"));
	EXPECT_EQ(ENOPROTOOPT, errno);
	EXPECT_EQ(-1, fcntl(self->client, F_GETFD));
	self->client = -1;
	unsetenv("FAKEQUIC_OLD");
	told_code(_metadata, self->server, UINT32_MAX);
}

TEST_F(pair, close_falls_back_to_what_fits)
{
	setenv("FAKEQUIC_OLD", "1", 1);
	EXPECT_EQ(0, quicsock_close(self->client, UINT32_MAX - 1, "fits"));
	self->client = -1;
	unsetenv("FAKEQUIC_OLD");
	told_code(_metadata, self->server, UINT32_MAX - 1);
}

TEST_F(pair, close_with_a_bad_code_still_closes)
{
	EXPECT_EQ(-1, quicsock_close(self->client, UINT64_MAX, NULL));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, fcntl(self->client, F_GETFD));
}

TEST_F(pair, flags_that_were_asked_for_stay)
{
	unsigned int flags = MSG_DONTWAIT | MSG_QUIC_STREAM_FIN | MSG_EOR;
	char c;

	EXPECT_EQ(-1, quicsock_recv(self->server, &c, 1, NULL, &flags));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(MSG_DONTWAIT, (int)flags);
	EXPECT_EQ(1, quicsock_send(self->client, "x", 1, -1, 0));
	EXPECT_EQ(1, quicsock_recv(self->server, &c, 1, NULL, &flags));
	EXPECT_EQ(MSG_DONTWAIT, (int)flags);
}

TEST_F(pair, send_all_ends_the_stream_once)
{
	static char big[100000], buf[100000];
	unsigned int flags = 0;
	int64_t sid = -1;
	size_t got = 0;
	ssize_t n;

	memset(big, 'b', sizeof(big));
	EXPECT_EQ(0, quicsock_send_all(self->client, big, sizeof(big), -1,
				       MSG_QUIC_STREAM_NEW |
				       MSG_QUIC_STREAM_FIN));
	while (!(flags & MSG_QUIC_STREAM_FIN)) {
		n = quicsock_recv(self->server, buf + got, sizeof(buf) - got,
				  &sid, &flags);
		ASSERT_LT(0, n);
		ASSERT_EQ(0, sid);
		got += (size_t)n;
	}
	EXPECT_EQ(sizeof(big), got);
	EXPECT_EQ(0, memcmp(big, buf, sizeof(big)));
	EXPECT_EQ(-1, quicsock_send_all(self->client, big, 5, -1,
					MSG_QUIC_DATAGRAM));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(pair, datagrams_are_whole)
{
	unsigned int flags = 0;
	char buf[2000] = "";
	int64_t sid = 7;

	ASSERT_EQ(1000, quicsock_max_datagram(self->client));
	EXPECT_EQ(-1, quicsock_max_datagram(-1));
	EXPECT_EQ(-1, quicsock_send_datagram(self->client, buf, 1001, 0));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(-1, quicsock_send_datagram(self->client, buf, 0, 0));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(0, quicsock_send_datagram(self->client, "hello", 5, 0));
	EXPECT_EQ(0, quicsock_send_datagram(self->client, "you", 3, MSG_DONTWAIT));
	EXPECT_EQ(5, quicsock_recv(self->server, buf, sizeof(buf), &sid, &flags));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));
	EXPECT_EQ(-1, sid);
	EXPECT_EQ(MSG_QUIC_DATAGRAM | MSG_EOR, (int)flags);
	EXPECT_EQ(2, quicsock_recv(self->server, buf, 2, &sid, &flags));
	EXPECT_EQ(MSG_QUIC_DATAGRAM, (int)flags);
	EXPECT_EQ(1, quicsock_recv(self->server, buf, 2, &sid, &flags));
	EXPECT_EQ('u', buf[0]);
	EXPECT_EQ(MSG_QUIC_DATAGRAM | MSG_EOR, (int)flags);
}

TEST_F(pair, reset_with_all_bits_of_the_code)
{
	struct quic_stream_status st = { .stream_id = 0 };
	socklen_t len = sizeof(st);
	char c;

	EXPECT_EQ(1, quicsock_send(self->client, "x", 1, 0, 0));
	EXPECT_EQ(1, quicsock_recv(self->server, &c, 1, NULL, NULL));
	EXPECT_EQ(0, quicsock_reset(self->client, 0, 1ULL << 40));
	EXPECT_EQ(-1, quicsock_recv(self->server, &c, 1, NULL, NULL));
	EXPECT_EQ(0, getsockopt(self->server, SOL_QUIC, QUIC_SOCKOPT_STREAM_STATUS, &st, &len));
	EXPECT_EQ(1ULL << 40, st.recv_code);
	EXPECT_EQ(0, quicsock_stop(self->client, 0, 1ULL << 40));
}

/* Kernels without the 64-bit options get the draft's, where the code fits. */
TEST_F(pair, reset_falls_back)
{
	char c;

	setenv("FAKEQUIC_OLD", "1", 1);
	EXPECT_EQ(1, quicsock_send(self->client, "x", 1, 0, 0));
	EXPECT_EQ(1, quicsock_recv(self->server, &c, 1, NULL, NULL));
	EXPECT_EQ(0, quicsock_reset(self->client, 0, 9));
	EXPECT_EQ(-1, quicsock_recv(self->server, &c, 1, NULL, NULL));
	EXPECT_EQ(ECONNRESET, errno);
	EXPECT_EQ(-1, quicsock_reset(self->client, 0, 1ULL << 40));
	EXPECT_EQ(ENOPROTOOPT, errno);
	EXPECT_EQ(0, quicsock_stop(self->client, 0, 9));
	EXPECT_EQ(-1, quicsock_stop(self->client, 0, 1ULL << 40));
	EXPECT_EQ(ENOPROTOOPT, errno);
	unsetenv("FAKEQUIC_OLD");
}

TEST_F(pair, what_was_agreed)
{
	struct quic_info info;
	char alpn[5];

	EXPECT_EQ(4, quicsock_alpn(self->server, alpn, sizeof(alpn)));
	EXPECT_EQ(0, strcmp(alpn, "echo"));
	EXPECT_EQ(-1, quicsock_alpn(self->server, alpn, 4));
	EXPECT_EQ(ERANGE, errno);
	EXPECT_EQ(0, quicsock_info(self->client, &info));
	EXPECT_EQ(QUIC_STATE_ESTABLISHED, (int)info.state);
	EXPECT_EQ(0, strcmp(quicsock_cipher_name(info.cipher),
			    "TLS_AES_128_GCM_SHA256"));
	EXPECT_EQ(0, strcmp(quicsock_cipher_name(4711), "unknown"));
}

/* Names and rules of libquic: everything is handed on and back. */
TEST_F(pair, libquic_names)
{
	uint32_t flags = 0;
	int64_t sid = 99;
	char c;

	EXPECT_EQ(1, quic_sendmsg(self->client, "x", 1, 4,
				  MSG_QUIC_STREAM_FIN));
	EXPECT_EQ(1, quic_recvmsg(self->server, &c, 1, &sid, &flags));
	EXPECT_EQ(4, sid);
	EXPECT_EQ(MSG_QUIC_STREAM_FIN, (int)flags);
	close(self->client);
	self->client = -1;
	sid = 99;
	EXPECT_EQ(0, quic_recvmsg(self->server, &c, 1, &sid, NULL));
	EXPECT_EQ(99, sid);
}

TEST_F(pair, non_blocking)
{
	struct quicsock_opts opts = {
		.size = sizeof(opts), .flags = QUICSOCK_NONBLOCK,
	};
	struct pollfd p = { .events = POLLOUT };
	char c;
	int fd;

	fd = quicsock_connect("127.0.0.1", PORT, &opts);
	ASSERT_LE(0, fd);
	p.fd = fd;
	EXPECT_EQ(1, poll(&p, 1, 5000));
	EXPECT_EQ(0, quicsock_connected(fd));
	EXPECT_EQ(-1, quicsock_recv(fd, &c, 1, NULL, NULL));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(-1, quicsock_connected(-1));
	close(fd);
}

TEST_HARNESS_MAIN
