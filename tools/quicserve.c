// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * quicserve - serve the files of a directory over QUIC, and take some
 *
 * hq-interop: "GET /path" on a bidirectional stream is answered by the file and
 * the end of the stream; a file that cannot be had is a RESET_STREAM. With
 * --upload "PUT /name" stores what follows on the stream and answers "OK BYTES".
 *
 * One thread per connection. Pieces of requests of several streams may arrive
 * mixed, so each stream has an entry until its request is done; answers are sent
 * one after the other, in the order in which requests are complete. The number
 * of entries is bounded by the streams that the kernel lets the client open.
 *
 * No path leaves the directory: openat2(2) resolves beneath it and follows no
 * magic links. An upload replaces a file only when it is complete.
 *
 * It knows no indexes, ranges or types.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/openat2.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util.h"

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

/**
 * struct request - a stream whose request is not complete
 * @next: in the list of its connection
 * @sid: the stream
 * @line: request line so far, then its path
 * @len: bytes of it
 * @out: PUT: file being written, -1 none yet
 * @bytes: PUT: written
 */
struct request {
	struct request	*next;
	int64_t		sid;
	char		line[HQ_LINE_MAX];
	size_t		len;
	int		out;
	uint64_t	bytes;
};

/**
 * struct server - what all threads share; read-only but for the counter
 * @c: common options
 * @dirfd: the directory
 * @upload: --upload
 * @lock: guards @running
 * @idle: signalled when @running falls to 0
 * @running: connections being served
 */
struct server {
	struct common	c;
	int		dirfd;
	int		upload;
	pthread_mutex_t	lock;
	pthread_cond_t	idle;
	unsigned int	running;
};

/**
 * struct conn - one connection, owned by its thread
 * @srv: the server
 * @fd: connection
 * @list: requests under way
 * @peer: address of the client as text
 * @requests: seen
 * @failed: of these, refused or broken off
 * @bytes_out: of files sent
 * @bytes_in: of files stored
 * @first: now_s() at the first request, 0 none
 * @last: now_s() when the last piece had been sent or stored
 * @buf: HQ_PIECE bytes
 */
struct conn {
	struct server	*srv;
	int		fd;
	struct request	*list;
	char		peer[NI_MAXHOST + NI_MAXSERV + 4];
	unsigned int	requests;
	unsigned int	failed;
	uint64_t	bytes_out;
	uint64_t	bytes_in;
	double		first;
	double		last;
	char		buf[HQ_PIECE];
};

static volatile sig_atomic_t stopping;

static void on_signal(int sig)
{
	(void)sig;
	stopping = 1;
}

static int open_beneath(int dirfd, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.mode = flags & O_CREAT ? 0666 : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};

	path += strspn(path, "/");
	return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

static struct request *get_request(struct conn *c, int64_t sid)
{
	struct request *r;

	for (r = c->list; r; r = r->next)
		if (r->sid == sid)
			return r;
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->sid = sid;
	r->out = -1;
	r->next = c->list;
	c->list = r;
	c->requests++;
	return r;
}

static void part_path(const struct request *r, char *buf, size_t size)
{
	const char *path = r->line + strspn(r->line, "/");

	snprintf(buf, size, "%s.part", path);
}

static void drop_request(struct conn *c, struct request *r)
{
	char part[HQ_LINE_MAX + 8];
	struct request **p;

	for (p = &c->list; *p != r; p = &(*p)->next)
		;
	*p = r->next;
	if (r->out >= 0) {	/* incomplete */
		close(r->out);
		part_path(r, part, sizeof(part));
		unlinkat(c->srv->dirfd, part, 0);
	}
	free(r);
}

static void refuse(struct conn *c, struct request *r, uint64_t code)
{
	c->failed++;
	quicsock_reset(c->fd, r->sid, code);
	quicsock_stop(c->fd, r->sid, code);
	drop_request(c, r);
}

/* Return: 0, or -1 when the file or the stream ended early. */
static int send_file(struct conn *c, int in, uint64_t size, int64_t sid)
{
	uint64_t left = size;
	ssize_t n;

	if (!size)
		return quicsock_send_all(c->fd, NULL, 0, sid,
					 MSG_QUIC_STREAM_FIN);
	while (left) {
		n = read(in, c->buf, left < HQ_PIECE ? left : HQ_PIECE);
		if (n <= 0)
			return -1;	/* it shrank */
		left -= (uint64_t)n;
		if (quicsock_send_all(c->fd, c->buf, (size_t)n, sid,
				      left ? 0 : MSG_QUIC_STREAM_FIN))
			return -1;
		c->bytes_out += (uint64_t)n;
	}
	return 0;
}

static void answer_get(struct conn *c, struct request *r)
{
	struct stat st;
	int in, bad;

	in = open_beneath(c->srv->dirfd, r->line, O_RDONLY | O_NONBLOCK);
	if (in < 0) {
		refuse(c, r, HQ_NOT_FOUND);
		return;
	}
	if (fstat(in, &st) || !S_ISREG(st.st_mode)) {
		close(in);
		refuse(c, r, HQ_DENIED);
		return;
	}
	bad = send_file(c, in, (uint64_t)st.st_size, r->sid);
	close(in);
	c->last = now_s();
	if (bad)
		refuse(c, r, HQ_STORAGE);
	else
		drop_request(c, r);
}

static int store(struct conn *c, struct request *r, const char *buf, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(r->out, buf, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		buf += n;
		len -= (size_t)n;
		r->bytes += (uint64_t)n;
		c->bytes_in += (uint64_t)n;
	}
	c->last = now_s();
	return 0;
}

static void finish_put(struct conn *c, struct request *r)
{
	const char *path = r->line + strspn(r->line, "/");
	char part[HQ_LINE_MAX + 8], line[64];
	int n;

	part_path(r, part, sizeof(part));
	if (close(r->out) ||
	    renameat(c->srv->dirfd, part, c->srv->dirfd, path)) {
		r->out = -1;
		unlinkat(c->srv->dirfd, part, 0);
		refuse(c, r, HQ_STORAGE);
		return;
	}
	r->out = -1;
	n = snprintf(line, sizeof(line), "OK %llu\r\n",
		     (unsigned long long)r->bytes);
	if (quicsock_send_all(c->fd, line, (size_t)n, r->sid,
			      MSG_QUIC_STREAM_FIN))
		c->failed++;
	drop_request(c, r);
}

/* Begin a PUT: only plain names, so that rename stays in the directory. */
static int begin_put(struct conn *c, struct request *r)
{
	const char *path = r->line + strspn(r->line, "/");
	char part[HQ_LINE_MAX + 8];

	if (!c->srv->upload || !*path || strchr(path, '/') ||
	    !strcmp(path, ".") || !strcmp(path, ".."))
		return -1;
	part_path(r, part, sizeof(part));
	r->out = open_beneath(c->srv->dirfd, part,
			      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
	return r->out < 0 ? -1 : 0;
}

/* A complete line: the verb decides. What follows it belongs to a PUT. */
static void on_line(struct conn *c, struct request *r, char *rest, size_t len,
		    int end)
{
	char verb = r->line[0];

	r->line[strcspn(r->line, "\r\n")] = '\0';
	if (strncmp(r->line, "GET /", 5) && strncmp(r->line, "PUT /", 5)) {
		refuse(c, r, HQ_BAD_REQUEST);
		return;
	}
	memmove(r->line, r->line + 4, strlen(r->line + 4) + 1);
	if (verb == 'G') {
		answer_get(c, r);
		return;
	}
	if (begin_put(c, r) || store(c, r, rest, len))
		refuse(c, r, HQ_DENIED);
	else if (end)
		finish_put(c, r);
}

static void on_piece(struct conn *c, int64_t sid, size_t n, int end)
{
	struct request *r = get_request(c, sid);
	size_t take;
	char *nl;

	if (!r) {
		quicsock_reset(c->fd, sid, HQ_STORAGE);
		return;
	}
	if (r->out >= 0) {	/* the body of a PUT */
		if (store(c, r, c->buf, n))
			refuse(c, r, HQ_STORAGE);
		else if (end)
			finish_put(c, r);
		return;
	}
	nl = memchr(c->buf, '\n', n);
	take = nl ? (size_t)(nl - c->buf) + 1 : n;
	if (take >= sizeof(r->line) - r->len) {
		refuse(c, r, HQ_BAD_REQUEST);
		return;
	}
	memcpy(r->line + r->len, c->buf, take);
	r->len += take;
	r->line[r->len] = '\0';
	if (nl || end)
		on_line(c, r, c->buf + take, n - take, end);
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
		on_piece(c, sid, (size_t)n, !!(flags & MSG_QUIC_STREAM_FIN));
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

	while (c->list) {
		c->failed++;
		drop_request(c, c->list);
	}
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
