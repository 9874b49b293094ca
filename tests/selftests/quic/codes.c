// SPDX-License-Identifier: GPL-2.0
/*
 * codes - a connection whose codes need all 62 bits, for test_codes.sh:
 *
 *	codes server PORT
 *	codes client ADDRESS PORT RESET STOP CLOSE
 *
 * The client resets stream 0 and stops stream 4, whose first bytes the server has
 * sent back, then closes: with the codes given. The server says what it was told of
 * the last: "CODE CODE32 PHRASE", by options 73 and 5. Exit status 1 names the call
 * that failed.
 */
#include <err.h>
#include <stdbool.h>
#include <stdlib.h>

#include "quic_sock.h"

#define ALPN	"codes"
#define PHRASE	"all bits"

static void address(union addr *a, const char *text, const char *port)
{
	memset(a, 0, sizeof(*a));
	a->v4.sin_family = AF_INET;
	a->v4.sin_port = htons(atoi(port));
	if (inet_pton(AF_INET, text, &a->v4.sin_addr) != 1)
		errx(2, "%s: not an IPv4 address", text);
}

static void option(int fd, int name, const void *val, socklen_t len)
{
	if (setsockopt(fd, SOL_QUIC, name, val, len))
		err(1, "option %d", name);
}

/* What the options refuse: codes of more than 62 bits, half a structure. */
static void refused(int fd, int name, const void *val, socklen_t len)
{
	if (!setsockopt(fd, SOL_QUIC, name, val, len) || errno != EINVAL)
		errx(1, "option %d with %u bytes: no EINVAL", name, len);
}

static void end_stream(int fd, int name, int64_t id, uint64_t code)
{
	struct quic_errinfo64 e = { .stream_id = id, .errcode = 1ULL << 62 };

	refused(fd, name, &e, sizeof(e));
	e.errcode = code;
	refused(fd, name, &e, sizeof(e) - 1);
	option(fd, name, &e, sizeof(e));
}

static void exchange(int fd, int64_t id)
{
	char c;

	if (quic_send(fd, id, NEW, "x", 1, 0) != 1 ||
	    quic_recv(fd, &c, 1, NULL, NULL, 0) != 1)
		err(1, "stream %lld", (long long)id);
}

static void client(char **argv)
{
	struct quic_close64 c = { .errcode = 1ULL << 62, .phrase = PHRASE };
	int fd = quic_client(AF_INET, ALPN);
	union addr a;

	address(&a, argv[0], argv[1]);
	if (fd < 0 || connect(fd, &a.sa, sizeof(a.v4)))
		err(1, "connect");
	exchange(fd, 0);
	exchange(fd, 4);
	end_stream(fd, QUIC_SOCKOPT_STREAM_RESET64, 0, strtoull(argv[2], NULL, 0));
	end_stream(fd, QUIC_SOCKOPT_STREAM_STOP64, 4, strtoull(argv[3], NULL, 0));
	refused(fd, QUIC_SOCKOPT_CLOSE64, &c, sizeof(c));
	c.errcode = strtoull(argv[4], NULL, 0);
	option(fd, QUIC_SOCKOPT_CLOSE64, &c, sizeof(c));
	close(fd);
}

static void server(const char *port)
{
	struct quic_connection_close c = { .errcode = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_QUIC);
	socklen_t len = sizeof(c);
	struct quic_reason r;
	union addr a;
	int64_t sid;
	char buf[16];
	ssize_t n;

	address(&a, "0.0.0.0", port);
	if (fd < 0 || set_string(fd, QUIC_SOCKOPT_ALPN, ALPN) ||
	    bind(fd, &a.sa, sizeof(a.v4)) || listen(fd, 1))
		err(1, "listen");
	fd = accept(fd, NULL, NULL);
	if (fd < 0)
		err(1, "accept");
	/* a stream that was reset is an error of its own; the connection's ends it */
	do {
		n = quic_recv(fd, buf, sizeof(buf), &sid, NULL, 0);
		if (n > 0 && quic_send(fd, sid, 0, buf, n, 0) != n)
			err(1, "send");
	} while (n > 0 || quic_state(fd) == QUIC_STATE_ESTABLISHED);
	quic_reason(fd, &r);
	if (getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_CONNECTION_CLOSE, &c, &len))
		err(1, "option 5");
	printf("%llu %u %s\n", (unsigned long long)r.code, c.errcode, c.phrase);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "server"))
		server(argv[2]);
	else if (argc == 7 && !strcmp(argv[1], "client"))
		client(argv + 2);
	else
		errx(2, "usage: codes server PORT | client ADDRESS PORT RESET STOP CLOSE");
	return 0;
}
