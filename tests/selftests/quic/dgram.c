// SPDX-License-Identifier: GPL-2.0
/*
 * dgram - datagrams across a network, for the selftests in shell.
 *
 *	dgram serve PORT
 *	dgram send [-c COUNT] [-m MTU] HOST PORT SIZE...
 *	dgram echo PORT
 *	dgram ask [-c COUNT] HOST PORT SIZE...
 *
 * serve takes one connection and prints a line for each datagram, "NUMBER LENGTH",
 * or "bad LENGTH" for one that is not as it was sent. At the end of the connection
 * it says "received N dropped N".
 *
 * send sends each SIZE, COUNT times (1), "max" being the longest that fits once the
 * path's MTU is MTU. It waits until all are acknowledged or lost, and says
 * "max N", then "sent N acked N lost N dropped N".
 *
 * echo sends back what comes, and says "echoed N" at the end of the connection; ask
 * sends one after the other, each when the one before has come back as it was, and says
 * "back N". For links that lose nothing.
 *
 * Exit status: 0; 1 with a reason on stderr.
 */
#include <err.h>
#include <netdb.h>
#include <stdlib.h>

#include "dgram.h"

#define LONG_MS	20000
#define LIMIT_S	20

static const char usage[] =
	"usage: dgram serve|echo PORT | dgram send|ask [-c COUNT] [-m MTU] HOST PORT SIZE...";

static int options(int fd)
{
	return set_string(fd, QUIC_SOCKOPT_ALPN, "dgram") ||
	       set_knob(fd, QUIC_KNOB_MAX_DATAGRAM, 65535);
}

static int take_one(const char *port)
{
	struct sockaddr_in6 a = {
		.sin6_family = AF_INET6, .sin6_port = htons(atoi(port)),
	};
	int l = socket(AF_INET6, SOCK_DGRAM, IPPROTO_QUIC), fd;

	if (l < 0 || options(l) || bind(l, (struct sockaddr *)&a, sizeof(a)) || listen(l, 4))
		err(1, "listen");
	fd = accept(l, NULL, NULL);
	if (fd < 0)
		err(1, "accept");
	return fd;
}

static int serve(const char *port)
{
	static uint8_t buf[DGRAM_MAX];
	int fd = take_one(port), flags;
	struct quic_info info;
	uint32_t number;
	ssize_t n;

	while ((n = dgram_recv(fd, buf, sizeof(buf), 0, &flags)) > 0) {
		number = dgram_number(buf, n);
		if (number == UINT32_MAX || flags != (MSG_QUIC_DATAGRAM | MSG_EOR))
			printf("bad %zd\n", n);
		else
			printf("%u %zd\n", number, n);
	}
	info = dgram_info(fd);
	printf("received %llu dropped %llu\n", (unsigned long long)info.received_datagrams,
	       (unsigned long long)info.recv_dropped_datagrams);
	return 0;
}

static int echo(const char *port)
{
	static uint8_t buf[DGRAM_MAX];
	int fd = take_one(port), flags;
	unsigned int echoed = 0;
	ssize_t n;

	while ((n = dgram_recv(fd, buf, sizeof(buf), 0, &flags)) > 0) {
		if (!(flags & MSG_QUIC_DATAGRAM) ||
		    send(fd, buf, n, MSG_QUIC_DATAGRAM | MSG_NOSIGNAL) < 0)
			err(1, "after %u", echoed);
		echoed++;
	}
	printf("echoed %u\n", echoed);
	return n < 0;
}

static int dial(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *ai;
	struct quic_reason r;
	int fd;

	if (getaddrinfo(host, port, &hints, &ai))
		errx(1, "%s: unknown", host);
	fd = socket(ai->ai_family, SOCK_DGRAM, IPPROTO_QUIC);
	if (fd < 0 || options(fd) || set_string(fd, QUIC_SOCKOPT_SERVER_NAME, SERVER_NAME))
		err(1, "socket");
	if (connect(fd, ai->ai_addr, ai->ai_addrlen)) {
		quic_reason(fd, &r);
		err(1, "connect: %s", r.text);
	}
	freeaddrinfo(ai);
	return fd;
}

/* A path MTU probe needs a round trip, or its time-out. */
static uint32_t longest(int fd, uint32_t mtu)
{
	int64_t end = now_ms() + LONG_MS;
	struct quic_info info = dgram_info(fd);

	while (info.mtu < mtu && now_ms() < end) {
		breath(5);
		info = dgram_info(fd);
	}
	if (info.mtu < mtu)
		errx(1, "the path's MTU is %u", info.mtu);
	return info.max_datagram;
}

static void report(int fd, uint32_t max)
{
	int64_t end = now_ms() + LONG_MS;
	struct quic_info i = dgram_info(fd);

	while ((i.queued_datagrams || i.acked_datagrams + i.lost_datagrams < i.sent_datagrams) &&
	       now_ms() < end) {
		breath(5);
		i = dgram_info(fd);
	}
	printf("max %u\nsent %llu acked %llu lost %llu dropped %llu\n", max,
	       (unsigned long long)i.sent_datagrams, (unsigned long long)i.acked_datagrams,
	       (unsigned long long)i.lost_datagrams,
	       (unsigned long long)i.send_dropped_datagrams);
}

/* Send one and have it back. */
static void ask(int fd, uint32_t number, size_t len)
{
	struct timeval t = { .tv_sec = LIMIT_S };
	static uint8_t buf[DGRAM_MAX];
	int flags, e;
	ssize_t n;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)))
		err(1, "time-out");
	e = dgram_send(fd, number, len, 0);
	if (e)
		errx(1, "send of %zu: %s", len, strerror(e));
	n = dgram_recv(fd, buf, sizeof(buf), 0, &flags);
	if (n < 0)
		err(1, "number %u", number);
	if (!(flags & MSG_QUIC_DATAGRAM) || (size_t)n != len || dgram_number(buf, n) != number)
		errx(1, "number %u came back as something else", number);
}

static int ask_all(int fd, int count, char **sizes)
{
	uint32_t number = 0;
	int i;

	while (count--)
		for (i = 0; sizes[i]; i++)
			ask(fd, number++, atoi(sizes[i]));
	printf("back %u\n", number);
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	uint32_t n = 0, mtu = 0, max;
	int opt, fd, i, e, count = 1;
	size_t len;

	while ((opt = getopt(argc, argv, "c:m:")) != -1) {
		if (opt == 'c')
			count = atoi(optarg);
		else if (opt == 'm')
			mtu = atoi(optarg);
		else
			errx(1, "%s", usage);
	}
	argv += optind;
	argc -= optind;
	if (argc == 2 && !strcmp(argv[0], "serve"))
		return serve(argv[1]);
	if (argc == 2 && !strcmp(argv[0], "echo"))
		return echo(argv[1]);
	if (argc < 4 || (strcmp(argv[0], "send") && strcmp(argv[0], "ask")))
		errx(1, "%s", usage);
	fd = dial(argv[1], argv[2]);
	if (*argv[0] == 'a')
		return ask_all(fd, count, argv + 3);
	max = longest(fd, mtu);
	while (count--) {
		for (i = 3; i < argc; i++) {
			len = strcmp(argv[i], "max") ? (size_t)atoi(argv[i]) : max;
			e = dgram_send(fd, n++, len, 0);
			if (e)
				errx(1, "send of %zu: %s", len, strerror(e));
		}
	}
	report(fd, max);
	close(fd);
	return 0;
}
