// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * quicserve - serve the files of a directory over QUIC, and take some
 *
 * hq-interop: "GET /path" on a bidirectional stream is answered by the file and
 * the end of the stream; a file that cannot be had is a RESET_STREAM. With
 * --upload "PUT /name" stores what follows on the stream and answers "OK BYTES".
 *
 * One thread per connection. Requests and files are in serve_request.c.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve_request.h"

enum {
	OPT_UPLOAD = OPT_COMMON_END,
	OPT_COUNT,
	OPT_RETRY,
};

static const char help[] =
	"usage: quicserve [options]\n"
	"Serve a directory over QUIC sockets of the kernel (hq-interop).\n"
	"quicd must run and have a certificate and key.\n"
	"  -a, --address ADDR  listen here only, default everywhere\n"
	"  -p, --port PORT     default 443; 0 takes a free one\n"
	"  -d, --directory DIR files to serve, default .\n"
	"      --upload        take files as well (PUT)\n"
	"      --count N       end after N connections\n"
	"      --retry         validate client addresses first (Retry)\n"
	COMMON_HELP
	"Prints a line when it listens, and one for each finished connection.\n"
	"Exit status: 0 done, 1 failed, 2 usage, 3 cannot listen.\n";

static volatile sig_atomic_t stopping;

static void on_signal(int sig)
{
	(void)sig;
	stopping = 1;
}

/* Return: 0 closed in good order, else an errno. */
static int serve(struct conn *c)
{
	struct quic_info info;
	unsigned int flags;
	int64_t sid;
	ssize_t n;

	for (;;) {
		flags = 0;
		n = quicsock_recv(c->fd, c->buf, sizeof(c->buf), &sid, &flags);
		if (n < 0 && errno == EINTR)
			continue;
		/* A stream that the client reset: the others live on. */
		if (n < 0 && errno == ECONNRESET &&
		    !quicsock_info(c->fd, &info) &&
		    info.state == QUIC_STATE_ESTABLISHED)
			continue;
		if (n < 0)
			return errno;
		if (!n && !(flags & MSG_QUIC_STREAM_FIN))
			return 0;
		if (sid < 0 || (sid & QUIC_STREAM_TYPE_UNI_MASK))
			continue;
		if (!c->first)
			c->first = now_s();
		request_piece(c, sid, (size_t)n, !!(flags & MSG_QUIC_STREAM_FIN));
	}
}

static void report(struct conn *c, int error)
{
	uint64_t bytes = c->bytes_out + c->bytes_in;
	double seconds = c->last > c->first ? c->last - c->first : 0;
	char why[QUICSOCK_TEXT_SIZE] = "closed";
	struct json j;

	if (error)
		quicsock_explain(c->fd, error, why, sizeof(why));
	if (c->srv->c.json) {
		json_begin(&j);
		json_str(&j, "tool", "quicserve");
		json_str(&j, "event", "connection");
		json_str(&j, "role", "server");
		json_str(&j, "peer", c->peer);
		json_u64(&j, "requests", c->requests);
		json_u64(&j, "failed", c->failed);
		json_u64(&j, "bytes", bytes);
		json_u64(&j, "bytes_out", c->bytes_out);
		json_u64(&j, "bytes_in", c->bytes_in);
		json_dbl(&j, "seconds", seconds);
		json_dbl(&j, "mb_per_s", mb_per_s(bytes, seconds));
		json_str(&j, "end", why);
		json_connection(&j, c->fd);
		json_end(&j);
	} else if (!c->srv->c.quiet) {
		flockfile(stdout);
		printf("%s: %u requests, %u failed, %llu bytes in %.3f s, %.1f MB/s, %s\n",
		       c->peer, c->requests, c->failed,
		       (unsigned long long)bytes, seconds,
		       mb_per_s(bytes, seconds), why);
		print_connection(stdout, c->fd);
		fflush(stdout);
		funlockfile(stdout);
	}
}

static void *conn_main(void *arg)
{
	struct conn *c = arg;
	struct server *srv = c->srv;
	int error = serve(c);

	request_drop_all(c);
	report(c, error);
	quicsock_close(c->fd, HQ_NO_ERROR, NULL);
	free(c);
	pthread_mutex_lock(&srv->lock);
	if (!--srv->running)
		pthread_cond_signal(&srv->idle);
	pthread_mutex_unlock(&srv->lock);
	return NULL;
}

static void address_text(const struct sockaddr *sa, socklen_t len, char *buf,
			 size_t size)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getnameinfo(sa, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		snprintf(buf, size, "unknown");
	else
		snprintf(buf, size, strchr(host, ':') ? "[%s]:%s" : "%s:%s",
			 host, port);
}

static void start_conn(struct server *srv, int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	pthread_attr_t attr;
	struct conn *c;
	pthread_t t;
	int e;

	c = calloc(1, sizeof(*c));
	if (!c) {
		warn("connection refused");
		close(fd);
		return;
	}
	c->srv = srv;
	c->fd = fd;
	if (getpeername(fd, (struct sockaddr *)&ss, &len))
		snprintf(c->peer, sizeof(c->peer), "unknown");
	else
		address_text((struct sockaddr *)&ss, len, c->peer,
			     sizeof(c->peer));
	pthread_mutex_lock(&srv->lock);
	srv->running++;
	pthread_mutex_unlock(&srv->lock);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	e = pthread_create(&t, &attr, conn_main, c);
	pthread_attr_destroy(&attr);
	if (!e)
		return;
	warnx("connection refused: %s", strerror(e));
	close(fd);
	free(c);
	pthread_mutex_lock(&srv->lock);
	srv->running--;
	pthread_mutex_unlock(&srv->lock);
}

static void announce(const struct server *srv, int fd)
{
	char text[NI_MAXHOST + NI_MAXSERV + 4] = "unknown";
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct json j;

	if (!getsockname(fd, (struct sockaddr *)&ss, &len))
		address_text((struct sockaddr *)&ss, len, text, sizeof(text));
	if (srv->c.json) {
		json_begin(&j);
		json_str(&j, "tool", "quicserve");
		json_str(&j, "event", "listening");
		json_str(&j, "address", text);
		json_end(&j);
	} else if (!srv->c.quiet) {
		printf("quicserve: listening on %s\n", text);
		fflush(stdout);
	}
}

/*
 * Signals are blocked but inside ppoll(2), here and in all threads, so that none
 * falls between a look at @stopping and the wait. Return: exit status.
 */
static int accept_loop(struct server *srv, int listener, uint64_t count,
		       const sigset_t *waiting)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	char why[QUICSOCK_TEXT_SIZE];
	uint64_t n = 0;
	int fd;

	while (!stopping && (!count || n < count)) {
		if (ppoll(&p, 1, NULL, waiting) < 0)
			continue;
		fd = quicsock_accept(listener, 0);
		if (fd >= 0) {
			n++;
			start_conn(srv, fd);
			continue;
		}
		if (errno == EINTR || errno == EAGAIN || errno == ECONNABORTED)
			continue;
		warnx("accept: %s", quicsock_explain(listener, errno, why,
						     sizeof(why)));
		return EXIT_FAILED;
	}
	if (stopping)
		return EXIT_OK;
	pthread_mutex_lock(&srv->lock);
	while (srv->running)
		pthread_cond_wait(&srv->idle, &srv->lock);
	pthread_mutex_unlock(&srv->lock);
	return EXIT_OK;
}

/* @waiting: the mask to wait with. */
static void catch_signals(sigset_t *waiting)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t block;

	sigemptyset(&block);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, waiting);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		COMMON_OPTIONS,
		{ "address", required_argument, NULL, 'a' },
		{ "port", required_argument, NULL, 'p' },
		{ "directory", required_argument, NULL, 'd' },
		{ "upload", no_argument, NULL, OPT_UPLOAD },
		{ "count", required_argument, NULL, OPT_COUNT },
		{ "retry", no_argument, NULL, OPT_RETRY },
		{ NULL, 0, NULL, 0 }
	};
	const char *address = NULL, *port = "443", *dir = ".";
	static struct server srv = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.idle = PTHREAD_COND_INITIALIZER,
	};
	uint64_t count = 0;
	sigset_t waiting;
	int opt, fd;

	common_init(&srv.c, "hq-interop");
	while ((opt = getopt_long(argc, argv, COMMON_SHORT "a:p:d:", options,
				  NULL)) != -1) {
		switch (opt) {
		case 'a':
			address = optarg;
			break;
		case 'p':
			port = optarg;
			break;
		case 'd':
			dir = optarg;
			break;
		case OPT_UPLOAD:
			srv.upload = 1;
			break;
		case OPT_COUNT:
			count = parse_u64(optarg, "--count", UINT64_MAX);
			break;
		case OPT_RETRY:
			srv.c.opts.flags |= QUICSOCK_RETRY;
			break;
		default:
			common_option(&srv.c, opt, optarg, help);
		}
	}
	if (optind != argc)
		errx(EXIT_USAGE, "try --help");
	srv.dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (srv.dirfd < 0)
		err(EXIT_ENV, "%s", dir);
	catch_signals(&waiting);
	fd = quicsock_listen(address, port, &srv.c.opts);
	if (fd < 0)
		errx(EXIT_ENV, "port %s: %s", port, srv.c.why);
	announce(&srv, fd);
	return accept_loop(&srv, fd, count, &waiting);
}
