// SPDX-License-Identifier: GPL-2.0
/*
 * life - the life of a connection, again and again, while allocations fail.
 *
 *	life once
 *	life walk STEP [KIND...]	the 1st, 1+STEPth, ... allocation fails
 *	life every N [KIND...]		each Nth fails, three lives long
 *	life nth			CONFIG_FAILSLAB: each allocation that each of
 *					the life's calls makes, one at a time
 *
 * Both ends are here, on the loopback: sockets and their options, handshake, bytes
 * both ways, streams of every kind, one reset, one stopped, close. A life ends with
 * success or with the errno of a call that failed. It is wrong when it hangs, when
 * bytes are not those that were sent, and when an errno says that the caller erred.
 *
 * Walks use /sys/kernel/debug/quicsock/fail (kmod/glue/fail.c) and end with the
 * first life in which nothing was left to fail. What lives on when the sockets are
 * closed is waited for after each life, so that a walk counts from the same start.
 * The last line says how many lives there were and how they ended.
 */
#include <err.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include "quic_sock.h"

#define FAIL_FILE	"/sys/kernel/debug/quicsock/fail"
#define NTH_FILE	"/proc/thread-self/fail-nth"
#define CONNS_FILE	"/proc/net/quic/conns"
#define ALPN		"life"
#define BYTES		20000
#define WAIT_S		20	/* for anything that comes: later is a hang */
#define HANDSHAKE_US	5000000
#define IDLE_US		8000000	/* while failures go on */
#define ERRNOS		200

static struct {
	int listener, client, server;
	const char *at;		/* the call that failed */
} life;

static bool endless;		/* failures go on, also for what is sent again */
static int slow = 1;		/* SELFTEST_SLOW: as many times WAIT_S */
static unsigned int ends[ERRNOS];
static unsigned int wrong;

/* ---- one call's allocations ---- */

static struct {
	int fd;			/* -1: no call is meant */
	unsigned int call;	/* which, counted from 1 */
	unsigned int nth;	/* which of its allocations */
	unsigned int calls;	/* made so far in this life */
	bool hit;
} inject = { .fd = -1 };

static void nth_write(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	/* a shot that is left may hit this copy; then none is left */
	if (pwrite(inject.fd, text, len, 0) != len &&
	    (errno != EFAULT || pwrite(inject.fd, text, len, 0) != len))
		err(1, NTH_FILE);
}

static void call_begins(void)
{
	if (++inject.calls == inject.call)
		nth_write(inject.nth);
}

static void call_ends(void)
{
	char text[16] = "";
	int saved = errno;

	if (inject.calls == inject.call) {
		/* EFAULT: it hit the copy of the answer, the call had fewer */
		if (pread(inject.fd, text, sizeof(text) - 1, 0) >= 1)
			inject.hit = !atoi(text);
		else if (errno != EFAULT)
			err(1, NTH_FILE);
		nth_write(0);
	}
	errno = saved;
}

#define CALL(name, expr) ({						\
	long __r;							\
									\
	life.at = name;							\
	call_begins();							\
	__r = (expr);							\
	call_ends();							\
	__r; })

/* ---- a life ---- */

/*
 * Where failures go on, each third packet that is lost may be each ACK of two probes, so
 * that an end goes by its idle time-out, and the other one, which still heard it, by its
 * own, later: both together are to be shorter than what a connection may stay.
 * A life with one failure keeps the default, longer than WAIT_S: nothing there is to take
 * that long.
 */
static int set_idle(int fd)
{
	return endless ? set_knob(fd, QUIC_KNOB_IDLE_TIMEOUT, IDLE_US * slow) : 0;
}

static int set_times(int fd)
{
	struct timeval t = { .tv_sec = WAIT_S * slow };

	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) ||
	       setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

/* Each part returns 0 or an errno. */
static int born(union addr *a)
{
	socklen_t len = sizeof(*a);

	addr_loopback(a, AF_INET);
	life.listener = CALL("socket", socket(AF_INET, SOCK_DGRAM, IPPROTO_QUIC));
	if (life.listener < 0)
		return errno;
	life.client = CALL("socket", socket(AF_INET, SOCK_DGRAM, IPPROTO_QUIC));
	if (life.client < 0 || set_times(life.listener) || set_times(life.client) ||
	    set_knob(life.client, QUIC_KNOB_HANDSHAKE_TIMEOUT, HANDSHAKE_US * slow) ||
	    set_idle(life.listener) || set_idle(life.client))
		return errno;
	if (CALL("alpn", set_string(life.listener, QUIC_SOCKOPT_ALPN, ALPN)) ||
	    CALL("alpn", set_string(life.client, QUIC_SOCKOPT_ALPN, ALPN)) ||
	    CALL("name", set_string(life.client, QUIC_SOCKOPT_SERVER_NAME, SERVER_NAME)) ||
	    CALL("bind", bind(life.listener, &a->sa, addr_len(a))) ||
	    CALL("listen", listen(life.listener, 4)) ||
	    getsockname(life.listener, &a->sa, &len))
		return errno;
	return 0;
}

/*
 * The client is done one flight before the server: a server that dies in between has
 * nothing for accept() to return, and the client is told.
 * Return: 0 when accept() has somebody, or what the client was told.
 */
static int somebody_comes(void)
{
	struct pollfd p[] = {
		{ .fd = life.listener, .events = POLLIN },
		{ .fd = life.client },
	};
	socklen_t len = sizeof(int);
	int e = 0;

	life.at = "poll";
	if (poll(p, 2, 1000 * WAIT_S * slow) <= 0)
		e = EAGAIN;
	if (e || p[0].revents)
		return e;
	if (getsockopt(life.client, SOL_SOCKET, SO_ERROR, &e, &len))
		return errno;
	/* poll says that it has ended, and nothing says why */
	return e ?: EBADMSG;
}

static int meets(const union addr *a)
{
	int e;

	if (CALL("connect", connect(life.client, &a->sa, addr_len(a))))
		return errno;
	e = somebody_comes();
	if (e)
		return e;
	life.server = CALL("accept", accept(life.listener, NULL, NULL));
	if (life.server < 0 || set_times(life.server))
		return errno;
	return 0;
}

static int says(int from, int to, int64_t sid, uint32_t flags, uint64_t len)
{
	int e = CALL("send", pattern_send(from, sid, flags, len, sid));
	int64_t n;

	if (e)
		return e;
	n = CALL("receive", pattern_recv(to, sid, sid));
	if (n < 0)
		return -n;
	return (uint64_t)n == len ? 0 : EBADMSG;
}

/* A stream that one side resets and one that the other does not want. */
static int gives_up(void)
{
	struct quic_errinfo e = { .stream_id = 8, .errcode = 5 };
	char buf[100] = "";
	int64_t sid;

	if (CALL("send", quic_send(life.client, 8, NEW, buf, sizeof(buf), 0)) < 0 ||
	    CALL("send", quic_send(life.client, 12, NEW, buf, sizeof(buf), 0)) < 0 ||
	    CALL("reset", setsockopt(life.client, SOL_QUIC, QUIC_SOCKOPT_STREAM_RESET, &e,
				     sizeof(e))))
		return errno;
	/* of the other one there may be bytes, a reset, or both */
	do {
		if (CALL("receive", quic_recv(life.server, buf, sizeof(buf), &sid, NULL, 0)) < 0 &&
		    (errno != ECONNRESET || quic_state(life.server) != QUIC_STATE_ESTABLISHED))
			return errno;
	} while (sid != 12);
	e.stream_id = 12;
	return CALL("stop", setsockopt(life.server, SOL_QUIC,
				       QUIC_SOCKOPT_STREAM_STOP_SENDING, &e, sizeof(e))) ?
	       errno : 0;
}

static int lives(void)
{
	union addr a;
	int e;

	e = born(&a);
	e = e ?: meets(&a);
	e = e ?: says(life.client, life.server, 0, NEW, BYTES);
	e = e ?: says(life.server, life.client, 0, 0, BYTES);
	e = e ?: says(life.server, life.client, 3, NEW | UNI, BYTES / 4);
	e = e ?: says(life.client, life.server, 4, NEW, 10);
	return e ?: gives_up();
}

static void dies(void)
{
	int *const fds[] = { &life.client, &life.server, &life.listener };
	size_t i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

/* Lines of /proc/net/quic/conns but the first. */
static bool nobody_is_left(void)
{
	FILE *f = fopen(CONNS_FILE, "r");
	int c, lines = 0;

	if (!f)
		err(1, CONNS_FILE);
	while ((c = getc(f)) != EOF)
		lines += c == '\n';
	fclose(f);
	return lines <= 1;
}

static bool is_clear(int e)
{
	switch (e) {
	case EAGAIN:	/* a time-out of the socket's: it hung */
		return endless;
	case EINVAL:
	case EBADF:
	case EBADMSG:
	case ENOENT:
	case EOPNOTSUPP:
		return false;
	case EFAULT:	/* CONFIG_FAULT_INJECTION_USERCOPY */
		return inject.fd >= 0;
	}
	return true;
}

/* Return: errno of the call that failed, or 0. */
static int live(const char *what)
{
	int64_t begin = now_ms();
	int e;

	life.listener = -1;
	life.client = -1;
	life.server = -1;
	inject.calls = 0;
	inject.hit = false;
	alarm(6 * WAIT_S * slow);
	e = lives();
	dies();
	while (!nobody_is_left()) {
		if (now_ms() - begin > 3000 * WAIT_S * slow)
			errx(1, "%s: a connection stays: %s: %s", what, life.at,
			     strerrorname_np(e));
		breath(2);
	}
	alarm(0);
	if (!is_clear(e)) {
		printf("# %s: %s: %s\n", what, life.at, strerrorname_np(e));
		wrong++;
	}
	ends[e < ERRNOS ? e : ERRNOS - 1]++;
	return e;
}

/* ---- plans ---- */

/* Printf to the file. */
static void fail_set(const char *fmt, ...)
{
	int fd = open(FAIL_FILE, O_WRONLY);
	va_list ap;

	va_start(ap, fmt);
	if (fd < 0 || vdprintf(fd, fmt, ap) < 0)
		err(1, FAIL_FILE);
	va_end(ap);
	close(fd);
}

/* Whoever comes after a life that was given up is not to fail with it. */
static void fail_off(void)
{
	fail_set("off");
}

static unsigned long fail_get(const char *name)
{
	FILE *f = fopen(FAIL_FILE, "r");
	unsigned long v = 0, n;
	char word[32];

	if (!f)
		err(1, FAIL_FILE);
	while (fscanf(f, "%31s", word) == 1)
		if (!strcmp(word, name) && fscanf(f, "%lu", &n) == 1)
			v = n;
	fclose(f);
	return v;
}

static void join(char *out, size_t len, char **words)
{
	*out = '\0';
	for (; *words; words++) {
		strncat(out, " ", len - strlen(out) - 1);
		strncat(out, *words, len - strlen(out) - 1);
	}
}

static void walk(unsigned int step, char **kinds)
{
	char kind[64], what[96];
	unsigned int n;

	atexit(fail_off);
	join(kind, sizeof(kind), kinds);
	for (n = 1;; n += step) {
		snprintf(what, sizeof(what), "allocation %u%s", n, kind);
		fail_set("at %u%s", n, kind);
		live(what);
		if (!fail_get("failed"))
			break;
	}
}

static void every(unsigned int n, char **kinds)
{
	char kind[64], what[96];
	int i;

	atexit(fail_off);
	endless = true;
	join(kind, sizeof(kind), kinds);
	snprintf(what, sizeof(what), "every %u%s", n, kind);
	for (i = 0; i < 3; i++) {
		fail_set("every %u%s", n, kind);
		live(what);
	}
}

static void nth(void)
{
	char what[64];

	inject.fd = open(NTH_FILE, O_RDWR);
	if (inject.fd < 0)
		err(1, NTH_FILE);
	for (inject.call = 1;; inject.call++) {
		for (inject.nth = 1;; inject.nth++) {
			snprintf(what, sizeof(what), "call %u, allocation %u", inject.call,
				 inject.nth);
			live(what);
			if (!inject.hit)
				break;
		}
		if (inject.calls < inject.call)
			return;
	}
}

static int report(void)
{
	unsigned int i, all = 0;

	for (i = 0; i < ERRNOS; i++)
		all += ends[i];
	printf("%u lives, %u whole, %u wrong", all, ends[0], wrong);
	for (i = 1; i < ERRNOS; i++)
		if (ends[i])
			printf(", %s %u", strerrorname_np(i), ends[i]);
	printf("\n");
	return wrong != 0;
}

int main(int argc, char **argv)
{
	const char *s = getenv("SELFTEST_SLOW");

	if (s && atoi(s) > 0)
		slow = atoi(s);
	if (argc == 2 && !strcmp(argv[1], "once"))
		wrong += live("a life") != 0;
	else if (argc >= 3 && !strcmp(argv[1], "walk"))
		walk(atoi(argv[2]) ?: 1, argv + 3);
	else if (argc >= 3 && !strcmp(argv[1], "every"))
		every(atoi(argv[2]) ?: 1, argv + 3);
	else if (argc == 2 && !strcmp(argv[1], "nth"))
		nth();
	else
		errx(2, "usage: life once | walk STEP [KIND...] | every N [KIND...] | nth");
	return report();
}
