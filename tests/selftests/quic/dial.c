// SPDX-License-Identifier: GPL-2.0
/*
 * dial - connect(2) and say how it went, for the selftests in shell.
 *
 *	dial [-a ALPN] [-n NAME] [-p PROFILE] [-v VERIFY] [-t MS] [-H] HOST PORT
 *
 * One line: "ERRNO MS ORIGIN KIND: TEXT", the errno's name (OK for none), how
 * long connect() took, and what QUIC_SOCKOPT_REASON holds. With -H an
 * established connection is held: each line of stdin is sent on a stream of its
 * own and "N bytes" is said of the answer; ends at the end of stdin.
 *
 * Exit status: 0 connected, 1 not, 2 usage, 3 no socket or option refused.
 */
#include <err.h>
#include <netdb.h>
#include <stdlib.h>

#include "quic_sock.h"

static void usage(void)
{
	errx(2, "usage: dial [-a ALPN] [-n NAME] [-p PROFILE] [-v VERIFY] [-t MS] [-H] HOST PORT");
}

static void say(int fd, int error, int64_t ms)
{
	struct quic_reason r;

	quic_reason(fd, &r);
	printf("%s %lld %u %u: %s\n", error ? strerrorname_np(error) : "OK",
	       (long long)ms, r.origin, r.kind, r.text);
	fflush(stdout);
}

/* Send a line and count the answer. */
static int ask(int fd, const char *line, size_t len)
{
	static char buf[65536];
	unsigned long long total = 0;
	uint32_t flags = 0;
	ssize_t n;

	n = quic_send(fd, -1, NEW | FIN, line, len, 0);
	while (n >= 0 && !(flags & FIN)) {
		n = quic_recv(fd, buf, sizeof(buf), NULL, &flags, 0);
		total += n > 0 ? n : 0;
		if (!n && !(flags & FIN))
			break;
	}
	if (n < 0 || !(flags & FIN)) {
		say(fd, n < 0 ? errno : EPIPE, 0);
		return 1;
	}
	printf("%llu bytes\n", total);
	fflush(stdout);
	return 0;
}

static int hold(int fd)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&line, &size, stdin)) > 0)
		if (ask(fd, line, len))
			return 1;
	free(line);
	return 0;
}

static void option(const char *name, int ret)
{
	if (ret)
		err(3, "option %s", name);
}

int main(int argc, char **argv)
{
	const char *alpn = "hq-interop", *name = SERVER_NAME, *profile = NULL;
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *ai;
	int opt, fd, ret, error, verify = 0, timeout = 0, keep = 0;
	int64_t begin;

	while ((opt = getopt(argc, argv, "a:n:p:v:t:H")) != -1) {
		switch (opt) {
		case 'a': alpn = optarg; break;
		case 'n': name = optarg; break;
		case 'p': profile = optarg; break;
		case 'v': verify = atoi(optarg); break;
		case 't': timeout = atoi(optarg); break;
		case 'H': keep = 1; break;
		default: usage();
		}
	}
	if (argc - optind != 2)
		usage();
	ret = getaddrinfo(argv[optind], argv[optind + 1], &hints, &ai);
	if (ret)
		errx(3, "%s", gai_strerror(ret));
	fd = socket(ai->ai_family, SOCK_DGRAM, IPPROTO_QUIC);
	if (fd < 0)
		err(3, "socket");
	if (*alpn)
		option("alpn", set_string(fd, QUIC_SOCKOPT_ALPN, alpn));
	if (*name)
		option("name", set_string(fd, QUIC_SOCKOPT_SERVER_NAME, name));
	if (profile)
		option("profile", set_string(fd, QUIC_SOCKOPT_PROFILE, profile));
	if (verify)
		option("verify", set_u32(fd, QUIC_SOCKOPT_VERIFY, verify));
	/* a kernel without the knob takes its default time */
	if (timeout && set_knob(fd, QUIC_KNOB_HANDSHAKE_TIMEOUT, timeout * 1000) &&
	    errno != ENOPROTOOPT)
		err(3, "option timeout");
	begin = now_ms();
	error = connect(fd, ai->ai_addr, ai->ai_addrlen) ? errno : 0;
	say(fd, error, now_ms() - begin);
	freeaddrinfo(ai);
	ret = error ? 1 : keep ? hold(fd) : 0;
	close(fd);
	return ret;
}
