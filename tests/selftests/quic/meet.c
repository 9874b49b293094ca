// SPDX-License-Identifier: GPL-2.0
/*
 * meet - our end of a talk with a stranger (h09peer of tests/interop): what quicget and
 * quicserve do not do.
 *
 *	meet greet PORT N		a server; N unidirectional streams each way
 *	meet greet HOST PORT N		a client, the same
 *	meet HOW PORT FILE		a server
 *	meet HOW HOST PORT FILE		a client
 *
 * greet: each side opens N streams, 3 at a time, with greetings that the other one
 * knows; "sent N, waited N" says how often the peer allowed no more streams at once.
 *
 * HOW is how the first request ends, after 64 KiB or more, and before it is whole: we
 * "stop" what comes or "reset" what we send; or the peer does, and we see "stopped" or
 * "broken". A client asks for /bulk/1000000000 or puts without an end; a server answers
 * without an end. Then the connection goes on: a client gets FILE, of that name, and
 * writes what comes into it, a server gives it. Says what happened, a line each.
 *
 * Exit status: 0; 1 with a reason on stderr.
 */
#include <err.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "quic_sock.h"

#define ENOUGH		65536
#define GREETINGS_MAX	200
#define GREETING_MAX	2048	/* bytes */
#define STREAMS_UNI	3
#define CODE		7	/* of our resets and stops */
#define LIMIT_S		30

static bool is_server;
static char buf[65536];

/* ---- a connection ---- */

static void set_options(int fd)
{
	struct timeval t = { .tv_sec = LIMIT_S };

	if (fd < 0 || set_string(fd, QUIC_SOCKOPT_ALPN, "hq-interop") ||
	    set_knob(fd, QUIC_KNOB_MAX_STREAMS_UNI, STREAMS_UNI) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)))
		err(1, "socket");
}

static int serve(const char *port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(atoi(port)) };
	struct timeval t = { .tv_sec = LIMIT_S };
	int l = socket(AF_INET6, SOCK_DGRAM, IPPROTO_QUIC), fd;

	set_options(l);
	if (bind(l, (struct sockaddr *)&a, sizeof(a)) || listen(l, 4))
		err(1, "listen");
	fd = accept(l, NULL, NULL);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)))
		err(1, "accept");
	return fd;
}

static int dial(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *ai;
	struct quic_reason r;
	int fd;

	if (getaddrinfo(host, port, &hints, &ai))
		errx(1, "%s: unknown", host);
	fd = socket(ai->ai_family, SOCK_DGRAM, IPPROTO_QUIC);
	set_options(fd);
	if (set_string(fd, QUIC_SOCKOPT_SERVER_NAME, SERVER_NAME))
		err(1, "server name");
	if (connect(fd, ai->ai_addr, ai->ai_addrlen)) {
		quic_reason(fd, &r);
		err(1, "connect: %s", r.text);
	}
	freeaddrinfo(ai);
	return fd;
}

static void say(const char *what, uint64_t bytes)
{
	printf("%s after %llu bytes\n", what, (unsigned long long)bytes);
	fflush(stdout);
}

/* ---- greetings ---- */

static struct {
	int fd;
	unsigned int n, sent, waited, came;
	struct {
		size_t len;
		char text[GREETING_MAX];
	} in[GREETINGS_MAX];
} greet;

/* As the stranger has it: see tests/interop/greet.c. */
static size_t words_of(char *to, unsigned int number, bool server)
{
	unsigned int i;
	size_t n = 0;

	for (i = 0; i <= number % 50; i++)
		n += sprintf(to + n, "greeting %u from %s\n", number,
			     server ? "server" : "client");
	return n;
}

static void *send_greetings(void *arg)
{
	char text[GREETING_MAX];
	ssize_t sent;
	int64_t sid;
	size_t len;

	for (; greet.sent < greet.n; greet.sent++) {
		sid = 4 * (int64_t)greet.sent + 2 + is_server;
		len = words_of(text, greet.sent + 1, is_server);
		sent = quic_send(greet.fd, sid, NEW | UNI | FIN | MSG_QUIC_STREAM_DONTWAIT,
				 text, len, 0);
		if (sent < 0 && errno == EAGAIN) {
			greet.waited++;
			sent = quic_send(greet.fd, sid, NEW | UNI | FIN, text, len, 0);
		}
		if (sent != (ssize_t)len)
			err(1, "greeting %u", greet.sent + 1);
	}
	return arg;
}

static void take_greeting(int64_t sid, const char *data, size_t len, bool fin)
{
	char want[GREETING_MAX];
	uint64_t i = sid >> 2;

	if (sid < 0 || (sid & 3) != (is_server ? 2 : 3) || i >= greet.n)
		errx(1, "bytes on stream %lld", (long long)sid);
	if (len > GREETING_MAX - greet.in[i].len)
		errx(1, "stream %lld is too long", (long long)sid);
	memcpy(greet.in[i].text + greet.in[i].len, data, len);
	greet.in[i].len += len;
	if (!fin)
		return;
	if (greet.in[i].len != words_of(want, i + 1, !is_server) ||
	    memcmp(greet.in[i].text, want, greet.in[i].len))
		errx(1, "the greeting on stream %lld is wrong", (long long)sid);
	greet.came++;
}

static void greet_each_other(int fd, const char *number)
{
	pthread_t sender;
	uint32_t flags;
	int64_t sid;
	ssize_t n;

	greet.fd = fd;
	greet.n = atoi(number);
	if (greet.n > GREETINGS_MAX)
		errx(1, "at most %u", GREETINGS_MAX);
	if (pthread_create(&sender, NULL, send_greetings, NULL))
		errx(1, "no thread");
	while (greet.came < greet.n) {
		n = quic_recv(fd, buf, sizeof(buf), &sid, &flags, 0);
		if (n < 0 || (!n && !(flags & FIN)))
			err(1, "after %u greetings", greet.came);
		take_greeting(sid, buf, n, flags & FIN);
	}
	pthread_join(sender, NULL);
	printf("sent %u, waited %u, came %u\n", greet.sent, greet.waited, greet.came);
	/* whoever called ends it, when all is there */
	if (is_server && quic_recv(fd, buf, sizeof(buf), &sid, &flags, 0))
		err(1, "the end");
}

/* ---- requests that end early ---- */

static void end_stream(int fd, int option, int64_t sid)
{
	struct quic_errinfo e = { .stream_id = sid, .errcode = CODE };

	if (setsockopt(fd, SOL_QUIC, option, &e, sizeof(e)))
		err(1, "%s", option == QUIC_SOCKOPT_STREAM_RESET ? "reset" : "stop");
}

/* A read that failed: the peer has reset stream 0, and the connection goes on. */
static bool was_broken(int fd, const char *how)
{
	return errno == ECONNRESET && !strcmp(how, "broken") &&
	       quic_state(fd) == QUIC_STATE_ESTABLISHED;
}

/* What comes on stream 0 ends early. */
static void reads(int fd, const char *how)
{
	uint64_t bytes = 0;
	int64_t sid;
	ssize_t n;

	do {
		n = quic_recv(fd, buf, sizeof(buf), &sid, NULL, 0);
		if (n < 0 && was_broken(fd, how)) {
			say("ECONNRESET", bytes);
			return;
		}
		if (n <= 0 || sid)
			err(1, "after %llu bytes", (unsigned long long)bytes);
		bytes += n;
	} while (strcmp(how, "stop") || bytes < ENOUGH);
	end_stream(fd, QUIC_SOCKOPT_STREAM_STOP_SENDING, 0);
	say("stopped", bytes);
}

/* What goes on stream 0 does. */
static void writes(int fd, const char *how)
{
	uint64_t bytes = 0;
	ssize_t n;

	do {
		pattern_fill((uint8_t *)buf, sizeof(buf), bytes, 0);
		n = quic_send(fd, 0, 0, buf, sizeof(buf), 0);
		if (n < 0 && errno == EPIPE && !strcmp(how, "stopped") &&
		    quic_state(fd) == QUIC_STATE_ESTABLISHED) {
			say("EPIPE", bytes);
			return;
		}
		if (n < 0)
			err(1, "after %llu bytes", (unsigned long long)bytes);
		bytes += n;
	} while (strcmp(how, "reset") || bytes < ENOUGH);
	end_stream(fd, QUIC_SOCKOPT_STREAM_RESET, 0);
	say("reset", bytes);
}

static bool is_reading(const char *how)
{
	return !strcmp(how, "stop") || !strcmp(how, "broken");
}

/* Bytes of a stream but 0, of which a reset or an end may be late. -1: the connection's end */
static ssize_t next_piece(int fd, int64_t *sid, uint32_t *flags)
{
	ssize_t n;

	do {
		n = quic_recv(fd, buf, sizeof(buf), sid, flags, 0);
		if (n < 0 && (errno != ECONNRESET || quic_state(fd) != QUIC_STATE_ESTABLISHED))
			err(1, "later");
		if (!n && !(*flags & FIN))
			return -1;
	} while (n < 0 || !*sid);
	return n;
}

static void get(int fd, const char *file)
{
	const char *slash = strrchr(file, '/');
	FILE *out = fopen(file, "w");
	char line[256];
	uint32_t flags;
	int64_t sid;
	ssize_t n;
	int len;

	len = snprintf(line, sizeof(line), "GET /%s\r\n", slash ? slash + 1 : file);
	if (!out || quic_send(fd, 4, NEW | FIN, line, len, 0) != len)
		err(1, "%s", file);
	do {
		n = next_piece(fd, &sid, &flags);
		if (n < 0 || sid != 4 || fwrite(buf, 1, n, out) != (size_t)n)
			err(1, "%s", file);
	} while (!(flags & FIN));
	fclose(out);
	printf("then %s\n", file);
}

static void early_client(int fd, const char *how, const char *file)
{
	const char *line = is_reading(how) ? "GET /bulk/1000000000\r\n" : "PUT /bulk\r\n";

	if (quic_send(fd, 0, NEW | (is_reading(how) ? FIN : 0), line, strlen(line), 0) < 0)
		err(1, "request");
	if (is_reading(how))
		reads(fd, how);
	else
		writes(fd, how);
	get(fd, file);
}

static void give(int fd, const char *file, int64_t sid)
{
	FILE *in = fopen(file, "r");
	size_t n;

	if (!in)
		err(1, "%s", file);
	do {
		n = fread(buf, 1, sizeof(buf), in);
		if (quic_send(fd, sid, feof(in) ? FIN : 0, buf, n, 0) != (ssize_t)n)
			err(1, "%s", file);
	} while (!feof(in));
	fclose(in);
	printf("then %s\n", file);
}

static void early_server(int fd, const char *how, const char *file)
{
	uint32_t flags = 0;
	int64_t sid;
	ssize_t n;

	/* the line, and perhaps more; or the reset was quicker than we, and has dropped it */
	n = quic_recv(fd, buf, sizeof(buf), &sid, &flags, 0);
	if (n < 0 ? !was_broken(fd, how) : !n || sid || !memchr(buf, '\n', n))
		err(1, "request");
	if (is_reading(how)) {
		if (n < 0)
			say("ECONNRESET", 0);
		else
			reads(fd, how);
		if (quic_send(fd, 0, FIN, NULL, 0, 0) < 0)
			err(1, "answer");
	} else {
		writes(fd, how);
	}
	while ((n = next_piece(fd, &sid, &flags)) >= 0)
		if (n && memchr(buf, '\n', n))
			give(fd, file, sid);
}

int main(int argc, char **argv)
{
	bool greets = argc > 1 && !strcmp(argv[1], "greet");
	int fd;

	if (argc < 4 || argc > 5)
		errx(1, "usage: meet greet|stop|reset|stopped|broken [HOST] PORT N|FILE");
	is_server = argc == 4;
	fd = is_server ? serve(argv[2]) : dial(argv[2], argv[3]);
	if (greets)
		greet_each_other(fd, argv[argc - 1]);
	else if (is_server)
		early_server(fd, argv[1], argv[3]);
	else
		early_client(fd, argv[1], argv[4]);
	close(fd);
	return 0;
}
