// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * quicget - fetch files over QUIC, or store one
 *
 * The protocol is hq-interop: a request "GET /path" on a bidirectional stream of
 * its own, answered by the bytes of the file and the end of the stream. --put
 * sends "PUT /name" and the bytes instead and reads one line back.
 *
 * All streams share the one socket, so one loop receives for all of them: each
 * piece tells its stream, the table finds the file. Up to --parallel requests
 * are under way. A file is written as NAME.part and gets its name when its last
 * byte is there: what is called NAME is whole.
 *
 * It does not resume, and knows no sizes in advance: hq-interop tells none.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

#define DEFAULT_PORT	"443"
#define MAX_PARALLEL	100

enum {
	OPT_SIZE = OPT_COMMON_END,
	OPT_PROGRESS,
	OPT_PUT,
	OPT_DISCARD,
};

static const char help[] =
	"usage: quicget [options] HOST PATH...\n"
	"       quicget [options] --put FILE HOST [NAME]\n"
	"Fetch files over a QUIC socket of the kernel (hq-interop).\n"
	"  -p, --port PORT     default 443\n"
	"  -o, --output DIR    where to write, default .\n"
	"  -j, --parallel N    requests under way at once, default 8\n"
	"      --put FILE      send FILE instead, as NAME\n"
	"      --discard       receive and write nothing\n"
	"      --size BYTES    expected in all, for the percentage\n"
	"      --progress      show progress even when stderr is no terminal\n"
	CLIENT_HELP COMMON_HELP
	"Exit status: 0 done, 1 a transfer failed, 2 usage, 3 no connection.\n";

/**
 * struct fetch - one requested file
 * @path: as given
 * @name: last part of @path, the file to write
 * @sid: its stream; -1 not asked yet
 * @out: NAME.part; -1 none
 * @bytes: received
 * @over: complete, or given up
 * @failed: given up
 */
struct fetch {
	const char	*path;
	const char	*name;
	int64_t		sid;
	int		out;
	uint64_t	bytes;
	int		over;
	int		failed;
};

/**
 * struct get - the whole run
 * @c: common options
 * @port: --port
 * @dir: --output
 * @dirfd: the same, open
 * @put: --put
 * @discard: --discard
 * @parallel: --parallel
 * @fd: connection
 * @list: requests
 * @count: their number
 * @next: first one not asked yet
 * @active: under way
 * @failed: given up
 * @bytes: received, or sent with --put
 * @connect_s: duration of connect and handshake
 * @progress: the line on the screen
 */
struct get {
	struct common	c;
	const char	*port;
	const char	*dir;
	int		dirfd;
	const char	*put;
	int		discard;
	unsigned int	parallel;
	int		fd;
	struct fetch	*list;
	unsigned int	count;
	unsigned int	next;
	unsigned int	active;
	unsigned int	failed;
	uint64_t	bytes;
	double		connect_s;
	struct progress	progress;
};

static char piece[HQ_PIECE];

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void part_name(const struct fetch *f, char *buf, size_t size)
{
	snprintf(buf, size, "%s.part", f->name);
}

static void finish(struct get *g, struct fetch *f, const char *why)
{
	char part[HQ_LINE_MAX + 8];

	part_name(f, part, sizeof(part));
	if (f->out >= 0) {
		if (close(f->out) && !why)
			why = strerror(errno);
		f->out = -1;
		if (why)
			unlinkat(g->dirfd, part, 0);
		else if (renameat(g->dirfd, part, g->dirfd, f->name))
			why = strerror(errno);
	}
	f->over = 1;
	g->active--;
	if (!why)
		return;
	f->failed = 1;
	g->failed++;
	progress_clear(&g->progress);
	warnx("%s: %s", f->path, why);
}

/*
 * Open the stream, then the file; the request is the stream's first and last
 * message. Waits for the peer to allow another stream only when no answer is due,
 * for that would leave answers unread. Return: 0, 1 ask later, -1 connection lost.
 */
static int ask(struct get *g, struct fetch *f)
{
	char line[HQ_LINE_MAX], part[HQ_LINE_MAX + 8], why[QUICSOCK_TEXT_SIZE];
	int n;

	f->sid = quicsock_open_stream(g->fd, g->active ?
				      MSG_QUIC_STREAM_DONTWAIT : 0);
	if (f->sid < 0 && errno == EAGAIN)
		return 1;
	g->active++;
	if (f->sid < 0) {
		finish(g, f, quicsock_explain(g->fd, errno, why, sizeof(why)));
		return -1;
	}
	if (!g->discard) {
		part_name(f, part, sizeof(part));
		f->out = openat(g->dirfd, part, O_WRONLY | O_CREAT | O_TRUNC |
				O_CLOEXEC, 0666);
		if (f->out < 0) {
			finish(g, f, strerror(errno));
			quicsock_reset(g->fd, f->sid, HQ_STORAGE);
			return 0;
		}
	}
	n = snprintf(line, sizeof(line), "GET %s%s\r\n",
		     *f->path == '/' ? "" : "/", f->path);
	if (quicsock_send_all(g->fd, line, (size_t)n, f->sid,
			      MSG_QUIC_STREAM_FIN)) {
		finish(g, f, quicsock_explain(g->fd, errno, why, sizeof(why)));
		return -1;
	}
	return 0;
}

/*
 * Keep as many requests under way as are allowed. @room: how many that is;
 * shrinks while the peer allows no more streams. Return: 0 or -1, connection lost.
 */
static int ask_more(struct get *g, unsigned int *room)
{
	int later;

	while (g->next < g->count && g->active < *room) {
		later = ask(g, &g->list[g->next]);
		*room = later > 0 ? g->active : g->parallel;
		if (later > 0)
			return 0;
		g->next++;
		if (later < 0)
			return -1;
	}
	return 0;
}

static struct fetch *find(struct get *g, int64_t sid)
{
	unsigned int i;

	for (i = 0; i < g->next; i++)
		if (g->list[i].sid == sid && !g->list[i].over)
			return &g->list[i];
	return NULL;
}

static const char *store(int fd, const char *buf, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, buf, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return strerror(errno);
		buf += n;
		len -= (size_t)n;
	}
	return NULL;
}

static void take(struct get *g, int64_t sid, size_t n, unsigned int flags)
{
	struct fetch *f = find(g, sid);
	const char *why;

	if (!f)
		return;		/* of a request given up */
	f->bytes += n;
	g->bytes += n;
	why = f->out >= 0 ? store(f->out, piece, n) : NULL;
	if (why)
		quicsock_stop(g->fd, sid, HQ_STORAGE);
	if (why || (flags & MSG_QUIC_STREAM_FIN))
		finish(g, f, why);
}

static int is_reset(const struct get *g, const struct fetch *f)
{
	struct quic_stream_status st = { .stream_id = f->sid };
	socklen_t len = sizeof(st);

	if (getsockopt(g->fd, SOL_QUIC, QUIC_SOCKOPT_STREAM_STATUS, &st, &len))
		return 0;
	return st.recv_state == QUIC_STREAM_RECV_STATE_RESET_RECVD ||
	       st.recv_state == QUIC_STREAM_RECV_STATE_RESET_READ;
}

/*
 * ECONNRESET is one stream or the connection, and a failed recvmsg(2) cannot
 * tell which stream: ask about each. Return: 0 when the connection lives on.
 */
static int after_reset(struct get *g)
{
	unsigned int i, found = 0, only = g->active == 1;
	struct quic_info info;

	if (quicsock_info(g->fd, &info) || info.state != QUIC_STATE_ESTABLISHED)
		return -1;
	for (i = 0; i < g->next; i++) {
		struct fetch *f = &g->list[i];

		if (f->over || (!only && !is_reset(g, f)))
			continue;
		finish(g, f, "the server refused: no such file, or not readable");
		found++;
	}
	return found ? 0 : -1;
}

/* Everything still under way failed for the same reason. */
static void give_up(struct get *g, const char *why)
{
	unsigned int i;

	for (i = 0; i < g->count; i++) {
		if (g->list[i].over)
			continue;
		if (i >= g->next)
			g->active++;
		finish(g, &g->list[i], why);
	}
	g->next = g->count;
}

static void fetch_all(struct get *g)
{
	unsigned int flags, room = g->parallel;
	char why[QUICSOCK_TEXT_SIZE];
	int64_t sid;
	ssize_t n;

	while (g->next < g->count || g->active) {
		if (ask_more(g, &room)) {
			give_up(g, "not asked for");
			return;
		}
		if (!g->active)
			continue;
		flags = 0;
		n = quicsock_recv(g->fd, piece, sizeof(piece), &sid, &flags);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ECONNRESET && !after_reset(g))
			continue;
		if (n < 0) {
			give_up(g, quicsock_explain(g->fd, errno, why,
						    sizeof(why)));
			return;
		}
		if (!n && !(flags & MSG_QUIC_STREAM_FIN)) {
			give_up(g, "the server closed the connection");
			return;
		}
		take(g, sid, (size_t)n, flags);
		progress_show(&g->progress, g->list[0].name, g->bytes);
	}
}

/* Request line and file on one stream. Return: null, or what went wrong. */
static const char *send_file(struct get *g, int in, int64_t sid, const char *name,
			     char *why, size_t size)
{
	char line[HQ_LINE_MAX];
	ssize_t n;
	int len;

	len = snprintf(line, sizeof(line), "PUT /%s\r\n", name);
	if (len >= (int)sizeof(line))
		return "name too long";
	if (quicsock_send_all(g->fd, line, (size_t)len, sid, MSG_MORE))
		return quicsock_explain(g->fd, errno, why, size);
	while ((n = read(in, piece, sizeof(piece))) > 0) {
		if (quicsock_send_all(g->fd, piece, (size_t)n, sid, 0))
			return quicsock_explain(g->fd, errno, why, size);
		g->bytes += (uint64_t)n;
		progress_show(&g->progress, name, g->bytes);
	}
	if (n < 0)
		return strerror(errno);
	if (quicsock_send_all(g->fd, NULL, 0, sid, MSG_QUIC_STREAM_FIN))
		return quicsock_explain(g->fd, errno, why, size);
	return NULL;
}

/* The server's line: "OK BYTES". */
static const char *read_answer(struct get *g, char *why, size_t size)
{
	char line[64] = "";
	unsigned int flags = 0;
	unsigned long long got;
	size_t len = 0;
	ssize_t n;

	while (!(flags & MSG_QUIC_STREAM_FIN) && len < sizeof(line) - 1) {
		n = quicsock_recv(g->fd, line + len, sizeof(line) - 1 - len,
				  NULL, &flags);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return quicsock_explain(g->fd, errno, why, size);
		if (!n && !(flags & MSG_QUIC_STREAM_FIN))
			return "the server closed the connection";
		len += (size_t)n;
	}
	if (sscanf(line, "OK %llu", &got) != 1)
		return "the server did not take it";
	return got == g->bytes ? NULL : "the server has another length";
}

static void put_file(struct get *g, const char *name)
{
	char text[QUICSOCK_TEXT_SIZE];
	const char *why;
	int64_t sid;
	int in;

	in = open(g->put, O_RDONLY | O_CLOEXEC);
	if (in < 0) {
		warn("%s", g->put);
		g->failed++;
		return;
	}
	sid = quicsock_open_stream(g->fd, 0);
	if (sid < 0)
		why = quicsock_explain(g->fd, errno, text, sizeof(text));
	else
		why = send_file(g, in, sid, name, text, sizeof(text));
	if (!why)
		why = read_answer(g, text, sizeof(text));
	close(in);
	if (!why)
		return;
	progress_clear(&g->progress);
	warnx("%s: %s", g->put, why);
	g->failed++;
}

static void report(struct get *g, const char *host, double seconds)
{
	unsigned int files = g->put ? 1 : g->count;
	struct json j;

	progress_clear(&g->progress);
	if (g->c.json) {
		json_begin(&j);
		json_str(&j, "tool", "quicget");
		json_str(&j, "event", "transfer");
		json_str(&j, "role", "client");
		json_str(&j, "direction", g->put ? "put" : "get");
		json_str(&j, "host", host);
		json_str(&j, "port", g->port);
		json_u64(&j, "files", files);
		json_u64(&j, "failed", g->failed);
		json_u64(&j, "bytes", g->bytes);
		json_dbl(&j, "seconds", seconds);
		json_dbl(&j, "mb_per_s", mb_per_s(g->bytes, seconds));
		json_dbl(&j, "connect_seconds", g->connect_s);
		json_connection(&j, g->fd);
		json_end(&j);
	} else if (!g->c.quiet) {
		printf("%u of %u files, %llu bytes in %.3f s, %.1f MB/s\n",
		       files - g->failed, files, (unsigned long long)g->bytes,
		       seconds, mb_per_s(g->bytes, seconds));
		print_connection(stdout, g->fd);
	}
}

static void parse(struct get *g, int argc, char **argv)
{
	static const struct option options[] = {
		COMMON_OPTIONS,
		{ "port", required_argument, NULL, 'p' },
		{ "output", required_argument, NULL, 'o' },
		{ "parallel", required_argument, NULL, 'j' },
		{ "size", required_argument, NULL, OPT_SIZE },
		{ "progress", no_argument, NULL, OPT_PROGRESS },
		{ "put", required_argument, NULL, OPT_PUT },
		{ "discard", no_argument, NULL, OPT_DISCARD },
		{ NULL, 0, NULL, 0 }
	};
	int opt, progress = isatty(STDERR_FILENO);

	while ((opt = getopt_long(argc, argv, COMMON_SHORT "p:o:j:", options,
				  NULL)) != -1) {
		switch (opt) {
		case 'p':
			g->port = optarg;
			break;
		case 'o':
			g->dir = optarg;
			break;
		case 'j':
			g->parallel = (unsigned int)parse_u64(optarg,
							      "--parallel",
							      MAX_PARALLEL);
			break;
		case OPT_SIZE:
			g->progress.total = parse_u64(optarg, "--size",
						      UINT64_MAX);
			break;
		case OPT_PROGRESS:
			progress = 2;
			break;
		case OPT_PUT:
			g->put = optarg;
			break;
		case OPT_DISCARD:
			g->discard = 1;
			break;
		default:
			common_option(&g->c, opt, optarg, help);
		}
	}
	g->progress.on = progress == 2 || (progress && !g->c.quiet);
	if (!g->parallel)
		g->parallel = 1;
}

static void prepare(struct get *g, int argc, char **argv)
{
	unsigned int i, k;

	g->count = (unsigned int)argc;
	g->list = calloc(g->count + 1, sizeof(*g->list));
	if (!g->list)
		err(EXIT_FAILED, "memory");
	for (i = 0; i < g->count; i++) {
		struct fetch *f = &g->list[i];

		*f = (struct fetch){ .path = argv[i], .sid = -1, .out = -1 };
		if (strlen(f->path) > HQ_LINE_MAX - sizeof("GET /\r\n"))
			errx(EXIT_USAGE, "%s: too long", f->path);
		f->name = last_part(f->path);
		if (!g->discard && !*f->name)
			errx(EXIT_USAGE, "%s: ends in /, which file?", f->path);
		for (k = 0; k < i && !g->discard; k++)
			if (!strcmp(g->list[k].name, f->name))
				errx(EXIT_USAGE, "%s and %s would be one file",
				     g->list[k].path, f->path);
	}
	g->dirfd = open(g->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (g->dirfd < 0)
		err(EXIT_FAILED, "%s", g->dir);
}

int main(int argc, char **argv)
{
	struct get g = { .port = DEFAULT_PORT, .dir = ".", .parallel = 8 };
	const char *host, *name;
	double start;

	common_init(&g.c, "hq-interop");
	parse(&g, argc, argv);
	argc -= optind;
	argv += optind;
	if (argc < 1 || (g.put ? argc > 2 : argc < 2))
		errx(EXIT_USAGE, "try --help");
	host = argv[0];
	name = argc > 1 ? argv[1] : last_part(g.put ? g.put : "");
	if (!g.put)
		prepare(&g, argc - 1, argv + 1);

	start = now_s();
	g.fd = quicsock_connect(host, g.port, &g.c.opts);
	if (g.fd < 0)
		errx(EXIT_ENV, "%s port %s: %s", host, g.port, g.c.why);
	g.progress.start = now_s();
	g.connect_s = g.progress.start - start;
	if (g.put)
		put_file(&g, name);
	else
		fetch_all(&g);
	report(&g, host, now_s() - g.progress.start);
	quicsock_close(g.fd, HQ_NO_ERROR, NULL);
	free(g.list);
	return g.failed ? EXIT_FAILED : EXIT_OK;
}
