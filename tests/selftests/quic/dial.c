// SPDX-License-Identifier: GPL-2.0
/*
 * dial - connect(2) and say how it went, for the selftests in shell.
 *
 *	dial [-a ALPN] [-n NAME] [-p PROFILE] [-v VERIFY] [-t MS] [-s SOURCE]
 *	     [-o SOURCE_PORT] [-c CID_LEN] [-k TOKEN] [-K] [-H] HOST PORT
 *
 * One line: "ERRNO MS ORIGIN KIND: TEXT", the errno's name (OK for none), how
 * long connect() took, and what QUIC_SOCKOPT_REASON holds. With -H an
 * established connection is held: each line of stdin is sent on a stream of its
 * own and "N bytes" is said of the answer; ends at the end of stdin.
 * -s is an address to connect from, -o its port, which several may share; -c the
 * length of the connection IDs that the server is to use. -k sets a token of an earlier
 * connection, in hexadecimal; -K waits for the server's and says it, "TOKEN hexadecimal".
 *
 * Exit status: 0 connected, 1 not, 2 usage, 3 no socket or option refused.
 */
#include <err.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>

#include "quic_sock.h"

static void usage(void)
{
	errx(2, "usage: dial [-anpvtsock VALUE]... [-K] [-H] HOST PORT");
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

static int set_token(int fd, const char *hex)
{
	uint8_t token[QUIC_TOKEN_MAX];
	unsigned int byte;
	size_t n = 0;

	while (n < sizeof(token) && sscanf(hex + 2 * n, "%2x", &byte) == 1)
		token[n++] = byte;
	return setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_TOKEN, token, n);
}

/* It comes after the handshake. */
static int say_token(int fd)
{
	uint8_t token[512];
	socklen_t len = 0, i;
	int tries;

	for (tries = 0; !len && tries < 2000; tries++) {
		len = sizeof(token);
		if (getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_TOKEN, token, &len))
			err(3, "option token");
		if (!len)
			breath(10);
	}
	printf("TOKEN ");
	for (i = 0; i < len; i++)
		printf("%02x", token[i]);
	printf("\n");
	fflush(stdout);
	return !len;
}

static void bind_to(int fd, const char *source, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST };
	struct addrinfo *ai;

	if (getaddrinfo(source, port, &hints, &ai) || bind(fd, ai->ai_addr, ai->ai_addrlen))
		err(3, "bind to %s", source);
	freeaddrinfo(ai);
}

/**
 * struct dial - the command line
 * @alpn: -a
 * @name: -n
 * @profile: -p
 * @source: -s
 * @port: -o
 * @cid_len: -c
 * @token: -k
 * @verify: -v
 * @timeout: -t, ms
 * @tell: -K
 * @keep: -H
 */
struct dial {
	const char *alpn;
	const char *name;
	const char *profile;
	const char *source;
	const char *port;
	const char *token;
	int cid_len;
	int verify;
	int timeout;
	bool tell;
	bool keep;
};

static void parse(struct dial *d, int argc, char **argv)
{
	int opt;

	*d = (struct dial){ .alpn = "hq-interop", .name = SERVER_NAME };
	while ((opt = getopt(argc, argv, "a:n:p:v:t:s:o:c:k:KH")) != -1) {
		switch (opt) {
		case 'a':
			d->alpn = optarg;
			break;
		case 'n':
			d->name = optarg;
			break;
		case 'p':
			d->profile = optarg;
			break;
		case 'v':
			d->verify = atoi(optarg);
			break;
		case 't':
			d->timeout = atoi(optarg);
			break;
		case 's':
			d->source = optarg;
			break;
		case 'o':
			d->port = optarg;
			break;
		case 'c':
			d->cid_len = atoi(optarg);
			break;
		case 'k':
			d->token = optarg;
			break;
		case 'K':
			d->tell = true;
			break;
		case 'H':
			d->keep = true;
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 2)
		usage();
}

static void set_options(int fd, const struct dial *d)
{
	if (*d->alpn)
		option("alpn", set_string(fd, QUIC_SOCKOPT_ALPN, d->alpn));
	if (*d->name)
		option("name", set_string(fd, QUIC_SOCKOPT_SERVER_NAME, d->name));
	if (d->profile)
		option("profile", set_string(fd, QUIC_SOCKOPT_PROFILE, d->profile));
	if (d->verify)
		option("verify", set_u32(fd, QUIC_SOCKOPT_VERIFY, d->verify));
	/* a kernel without the knob takes its default time */
	if (d->timeout && set_knob(fd, QUIC_KNOB_HANDSHAKE_TIMEOUT, d->timeout * 1000) &&
	    errno != ENOPROTOOPT)
		err(3, "option timeout");
	if (d->token)
		option("token", set_token(fd, d->token));
	if (d->source)
		bind_to(fd, d->source, d->port);
	if (d->cid_len)
		option("cid_len", set_knob(fd, QUIC_KNOB_CID_LEN, d->cid_len));
}

int main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *ai;
	struct dial d;
	int64_t begin;
	int fd, ret;

	parse(&d, argc, argv);
	ret = getaddrinfo(argv[optind], argv[optind + 1], &hints, &ai);
	if (ret)
		errx(3, "%s", gai_strerror(ret));
	fd = socket(ai->ai_family, SOCK_DGRAM, IPPROTO_QUIC);
	if (fd < 0)
		err(3, "socket");
	set_options(fd, &d);
	begin = now_ms();
	ret = connect(fd, ai->ai_addr, ai->ai_addrlen) ? errno : 0;
	say(fd, ret, now_ms() - begin);
	freeaddrinfo(ai);
	ret = !!ret;
	if (!ret && d.tell)
		ret = say_token(fd);
	if (!ret && d.keep)
		ret = hold(fd);
	close(fd);
	return ret;
}
