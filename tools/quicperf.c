// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * quicperf - move bytes over QUIC, TCP or kTLS and say how fast
 *
 * The client sends, the server receives. One header announces length and, for
 * kTLS, keys; the bytes follow; the server answers with their number at once,
 * which stops the client's clock, and then with their SHA-256.
 *
 *	client: | header | (kTLS starts)           | data ...          |
 *	server:            (kTLS starts) | ready |         | count | hash |
 *	timed by the client:                       <-------------->
 *	timed by the server:                       <-------->
 *
 * Nothing but sending and receiving is inside the timed section: data is drawn
 * or mapped before it, and hashed and written after it. So the server keeps what
 * it received in memory when a hash or a file is wanted, and the length is
 * bounded by --max there.
 *
 * The server serves each connection in a thread of its own. Not a measure of
 * handshakes, of many streams or of many connections.
 *
 * Large because both ends keep the times and figures of one result.
 */
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <nettle/sha2.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "perf_link.h"

#define MAGIC		"qperf01"
#define DRAWN_MAX	(256u << 20)	/* random data repeats after this */
#define DEFAULT_BYTES	(64u << 20)
#define DEFAULT_MESSAGE	(128u << 10)
#define DEFAULT_MAX	(1024u << 20)
#define HEX_SIZE	(2 * SHA256_DIGEST_SIZE + 1)

enum {
	OPT_HASH = OPT_COMMON_END,
	OPT_KEY,
	OPT_COUNT,
	OPT_MAX,
};

static const char help[] =
	"usage: quicperf server [options]\n"
	"       quicperf client [options] HOST\n"
	"Move bytes from client to server and report the rate.\n"
	"  -M, --mode MODE     quic (default), tcp or ktls\n"
	"  -p, --port PORT     default 4433\n"
	"  -m, --message SIZE  bytes per send or receive call, default 128K\n"
	"      --no-hash       no SHA-256 (it is never inside the timed section)\n"
	"client:\n"
	"  -b, --bytes SIZE    random bytes to send, default 64M\n"
	"  -i, --input FILE    send this file instead\n"
	"      --key HEX       kTLS: 32 digits, AES key instead of a random one\n"
	"server:\n"
	"  -a, --address ADDR  listen here only, default everywhere\n"
	"  -o, --output FILE   write what was received\n"
	"      --count N       end after N connections\n"
	"      --max SIZE      most bytes of one connection kept in memory, default 1G\n"
	CLIENT_HELP COMMON_HELP
	"ktls: TLS 1.3 records with AES-128-GCM made by the kernel, with keys that\n"
	"the client sends in the clear first. No handshake, no authentication: a\n"
	"comparison of data paths only. Never use it for anything else.\n"
	"Sizes take K, M or G (powers of 1024); MB/s are millions of bytes.\n"
	"Exit status: 0 done, 1 failed or not equal, 2 usage, 3 no connection.\n";

/* First bytes of the client, all in network order. */
struct header {
	char		magic[8];
	uint64_t	bytes;
	uint8_t		key[2][PERF_KEY_SIZE];	/* client's, server's */
	uint8_t		hash;			/* the client wants one */
	uint8_t		reserved[7];
};

/**
 * struct perf - the run
 * @c: common options
 * @mode: transport
 * @server: role
 * @host: client: whom to call; server: local address or null
 * @port: --port
 * @input: --input
 * @output: --output
 * @bytes: to send; server: announced
 * @message: bytes per call
 * @max: --max
 * @count: --count
 * @no_hash: --no-hash
 * @key: --key, null random
 * @data: what is sent (its first @data_size bytes over and over) or received
 * @data_size: bytes of @data
 */
struct perf {
	struct common	c;
	enum perf_mode	mode;
	int		server;
	const char	*host;
	const char	*port;
	const char	*input;
	const char	*output;
	uint64_t	bytes;
	size_t		message;
	uint64_t	max;
	uint64_t	count;
	int		no_hash;
	const char	*key;
	uint8_t		*data;
	size_t		data_size;
};

/**
 * struct result - what is reported
 * @bytes: moved
 * @seconds: timed section
 * @cpu: seconds of CPU that this thread used in it
 * @hash: SHA-256 in hexadecimal, empty: none
 * @peer_hash: the server's, client only
 */
struct result {
	uint64_t	bytes;
	double		seconds;
	double		cpu;
	char		hash[HEX_SIZE];
	char		peer_hash[HEX_SIZE];
};

/**
 * struct session - one connection of the server
 * @p: the run, with what this connection announced
 * @l: the connection
 */
struct session {
	struct perf	p;
	struct link	l;
};

static struct {
	pthread_mutex_t	lock;
	pthread_cond_t	ended;
	unsigned int	running;	/* sessions; with @lock, as is @status */
	int		status;		/* of the server */
	pthread_mutex_t	output;		/* one session writes --output */
} sessions = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.ended = PTHREAD_COND_INITIALIZER,
	.output = PTHREAD_MUTEX_INITIALIZER,
};

static double cpu_s(void)
{
	struct rusage ru;

	getrusage(RUSAGE_THREAD, &ru);
	return (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
	       (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

static void hex(const uint8_t *digest, char *out)
{
	size_t i;

	for (i = 0; i < SHA256_DIGEST_SIZE; i++)
		sprintf(out + 2 * i, "%02x", digest[i]);
}

/* SHA-256 of @bytes bytes that repeat every @size. */
static void hash_data(const uint8_t *data, size_t size, uint64_t bytes,
		      uint8_t *digest)
{
	struct sha256_ctx ctx;
	size_t n;

	sha256_init(&ctx);
	for (; bytes; bytes -= n) {
		n = bytes < size ? (size_t)bytes : size;
		sha256_update(&ctx, n, data);
	}
	sha256_digest(&ctx, SHA256_DIGEST_SIZE, digest);
}

static void *get_memory(size_t size)
{
	void *p = mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		err(EXIT_FAILED, "%zu bytes of memory", size);
	return p;
}

static void draw(uint8_t *p, size_t size)
{
	ssize_t n;

	while (size) {
		n = getrandom(p, size, 0);
		if (n < 0 && errno != EINTR)
			err(EXIT_FAILED, "getrandom");
		if (n < 0)
			continue;
		p += n;
		size -= (size_t)n;
	}
}

static void map_input(struct perf *p)
{
	struct stat st;
	int fd;

	fd = open(p->input, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		err(EXIT_FAILED, "%s", p->input);
	if (!st.st_size)
		errx(EXIT_FAILED, "%s: empty", p->input);
	p->bytes = (uint64_t)st.st_size;
	p->data_size = (size_t)st.st_size;
	p->data = mmap(NULL, p->data_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE,
		       fd, 0);
	if (p->data == MAP_FAILED)
		err(EXIT_FAILED, "%s", p->input);
	close(fd);
}

static void get_source(struct perf *p)
{
	if (p->input) {
		map_input(p);
		return;
	}
	p->data_size = p->bytes < DRAWN_MAX ? (size_t)p->bytes : DRAWN_MAX;
	p->data = get_memory(p->data_size);
	draw(p->data, p->data_size);
}

static int send_data(struct perf *p, struct link *l)
{
	uint64_t left = p->bytes;
	size_t off = 0, n;

	while (left) {
		n = p->data_size - off;
		if (n > p->message)
			n = p->message;
		if (n > left)
			n = (size_t)left;
		left -= n;
		if (link_send(l, p->data + off, n, !left))
			return -1;
		off += n;
		if (off == p->data_size)
			off = 0;
	}
	return 0;
}

static void make_header(const struct perf *p, struct header *h)
{
	size_t i;

	memset(h, 0, sizeof(*h));
	memcpy(h->magic, MAGIC, sizeof(h->magic));
	h->bytes = htobe64(p->bytes);
	h->hash = !p->no_hash;
	if (p->mode != PERF_KTLS)
		return;
	draw(h->key[0], sizeof(h->key));
	for (i = 0; p->key && i < 16; i++) {
		h->key[0][i] = parse_hex_byte(p->key + 2 * i);
		h->key[1][i] = h->key[0][i];
	}
}

static int client_run(struct perf *p, struct link *l, struct result *r)
{
	static const uint8_t none[SHA256_DIGEST_SIZE];
	uint8_t digest[SHA256_DIGEST_SIZE], ready;
	struct header h;
	uint64_t count;
	double start, cpu;

	make_header(p, &h);
	if (link_send(l, &h, sizeof(h), 0))
		return -1;
	if (p->mode == PERF_KTLS && link_start_ktls(l, h.key[0], h.key[1]))
		return -1;
	if (link_recv_all(l, &ready, sizeof(ready)))
		return -1;
	cpu = cpu_s();
	start = now_s();
	if (send_data(p, l) || link_recv_all(l, &count, sizeof(count)))
		return -1;
	r->seconds = now_s() - start;
	r->cpu = cpu_s() - cpu;
	r->bytes = be64toh(count);
	if (link_recv_all(l, digest, sizeof(digest)))
		return -1;
	if (p->no_hash || !memcmp(digest, none, sizeof(none)))
		return 0;	/* one of the ends did not want it */
	hex(digest, r->peer_hash);
	hash_data(p->data, p->data_size, p->bytes, digest);
	hex(digest, r->hash);
	return 0;
}

/* Receive what was announced; with @keep all of it into p->data. */
static int recv_data(struct perf *p, struct link *l, int keep)
{
	uint64_t got = 0;
	size_t want;
	ssize_t n;

	while (got < p->bytes) {
		want = p->bytes - got < p->message ?
			(size_t)(p->bytes - got) : p->message;
		n = link_recv(l, p->data + (keep ? got : 0), want);
		if (n < 0)
			return -1;
		if (!n) {
			errno = EPROTO;
			return -1;
		}
		got += (uint64_t)n;
	}
	return 0;
}

static int write_file(const struct perf *p)
{
	uint64_t off = 0;
	ssize_t n;
	int fd;

	fd = open(p->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return -1;
	while (off < p->bytes) {
		n = write(fd, p->data + off, (size_t)(p->bytes - off));
		if (n < 0 && errno != EINTR)
			break;
		off += n > 0 ? (uint64_t)n : 0;
	}
	return close(fd) || off < p->bytes ? -1 : 0;
}

static int write_output(const struct perf *p)
{
	int ret;

	pthread_mutex_lock(&sessions.output);
	ret = write_file(p);
	pthread_mutex_unlock(&sessions.output);
	return ret;
}

static int server_begin(struct perf *p, struct link *l, struct header *h)
{
	if (link_recv_all(l, h, sizeof(*h)))
		return -1;
	p->bytes = be64toh(h->bytes);
	if (memcmp(h->magic, MAGIC, sizeof(h->magic)) || !p->bytes) {
		errno = EPROTO;
		return -1;
	}
	if (p->mode == PERF_KTLS)
		return link_start_ktls(l, h->key[1], h->key[0]);
	return 0;
}

static int server_run(struct perf *p, struct link *l, struct result *r)
{
	uint8_t digest[SHA256_DIGEST_SIZE] = { 0 };
	int keep, hash, failed;
	struct header h;
	uint64_t count;
	double start, cpu;

	if (server_begin(p, l, &h))
		return -1;
	hash = h.hash && !p->no_hash;
	keep = hash || p->output;
	if (keep && p->bytes > p->max) {
		errno = EFBIG;
		return -1;
	}
	p->data_size = keep ? (size_t)p->bytes : p->message;
	p->data = get_memory(p->data_size);
	failed = link_send(l, "r", 1, 0);
	cpu = cpu_s();
	start = now_s();
	failed = failed || recv_data(p, l, keep);
	r->seconds = now_s() - start;
	r->cpu = cpu_s() - cpu;
	r->bytes = p->bytes;
	count = htobe64(p->bytes);
	failed = failed || link_send(l, &count, sizeof(count), 0);
	if (!failed && hash) {
		hash_data(p->data, p->data_size, p->bytes, digest);
		hex(digest, r->hash);
	}
	failed = failed || link_send(l, digest, sizeof(digest), 1) ||
		 (p->output && write_output(p));
	munmap(p->data, p->data_size ? p->data_size : 1);
	return failed ? -1 : 0;
}

static void report(const struct perf *p, const struct link *l,
		   const struct result *r, int match)
{
	const char *role = p->server ? "server" : "client";
	struct json j;

	flockfile(stdout);
	if (p->c.json) {
		json_begin(&j);
		json_str(&j, "tool", "quicperf");
		json_str(&j, "event", "transfer");
		json_str(&j, "role", role);
		json_str(&j, "mode", perf_mode_names[p->mode]);
		json_u64(&j, "message", p->message);
		json_u64(&j, "bytes", r->bytes);
		json_dbl(&j, "seconds", r->seconds);
		json_dbl(&j, "mb_per_s", mb_per_s(r->bytes, r->seconds));
		json_dbl(&j, "cpu_seconds", r->cpu);
		json_str(&j, "sha256", *r->hash ? r->hash : NULL);
		if (!p->server) {
			json_str(&j, "peer_sha256",
				 *r->peer_hash ? r->peer_hash : NULL);
			json_bool(&j, "match", match);
		}
		if (p->mode == PERF_QUIC)
			json_connection(&j, l->fd);
		json_end(&j);
	} else if (!p->c.quiet) {
		printf("%s %s: %llu bytes in %.3f s, %.1f MB/s%s%s\n", role,
		       perf_mode_names[p->mode], (unsigned long long)r->bytes,
		       r->seconds, mb_per_s(r->bytes, r->seconds),
		       *r->hash ? ", SHA-256 " : "", r->hash);
		if (p->mode == PERF_QUIC)
			print_connection(stdout, l->fd);
		fflush(stdout);
	}
	funlockfile(stdout);
}

static int client_main(struct perf *p)
{
	char why[QUICSOCK_TEXT_SIZE];
	struct result r = { 0 };
	struct link l;
	int match;

	get_source(p);
	if (link_connect(&l, p->mode, p->host, p->port, &p->c))
		errx(EXIT_ENV, "%s port %s: %s", p->host, p->port, p->c.why);
	if (client_run(p, &l, &r))
		errx(EXIT_FAILED, "%s", link_explain(&l, errno, why,
						     sizeof(why)));
	match = r.bytes == p->bytes && !strcmp(r.hash, r.peer_hash);
	report(p, &l, &r, match);
	close(l.fd);
	if (!match)
		warnx("the server has other bytes");
	return match ? EXIT_OK : EXIT_FAILED;
}

static int serve(struct perf *p, struct link *l)
{
	char why[QUICSOCK_TEXT_SIZE];
	struct result r = { 0 };

	if (server_run(p, l, &r)) {
		warnx("%s", link_explain(l, errno, why, sizeof(why)));
		close(l->fd);
		return EXIT_FAILED;
	}
	/* The client has everything once it closes: the counters are final. */
	link_wait_close(l);
	report(p, l, &r, 1);
	close(l->fd);
	return EXIT_OK;
}

static void *session_main(void *arg)
{
	struct session *s = arg;
	int status = serve(&s->p, &s->l);

	free(s);
	pthread_mutex_lock(&sessions.lock);
	if (status != EXIT_OK)
		sessions.status = status;
	sessions.running--;
	pthread_cond_signal(&sessions.ended);
	pthread_mutex_unlock(&sessions.lock);
	return NULL;
}

static void session_start(const struct perf *p, const struct link *l)
{
	struct session *s = malloc(sizeof(*s));
	pthread_t thread;
	int ret;

	if (!s)
		err(EXIT_FAILED, "memory");
	s->p = *p;
	s->l = *l;
	pthread_mutex_lock(&sessions.lock);
	sessions.running++;
	pthread_mutex_unlock(&sessions.lock);
	ret = pthread_create(&thread, NULL, session_main, s);
	if (ret)
		errx(EXIT_FAILED, "thread: %s", strerror(ret));
	pthread_detach(thread);
}

/* Return: what the server exits with. */
static int sessions_wait(void)
{
	pthread_mutex_lock(&sessions.lock);
	while (sessions.running)
		pthread_cond_wait(&sessions.ended, &sessions.lock);
	pthread_mutex_unlock(&sessions.lock);
	return sessions.status;
}

static int server_main(struct perf *p)
{
	struct link l;
	int listener;
	uint64_t n;

	listener = link_listen(p->mode, p->host, p->port, &p->c);
	if (listener < 0)
		errx(EXIT_ENV, "port %s: %s", p->port, p->c.why);
	if (!p->c.quiet && !p->c.json)
		printf("quicperf: %s, listening on port %s\n",
		       perf_mode_names[p->mode], p->port);
	if (p->c.json)
		printf("{\"tool\":\"quicperf\",\"event\":\"listening\",\"port\":\"%s\"}\n",
		       p->port);
	fflush(stdout);
	for (n = 0; !p->count || n < p->count; n++) {
		while (link_accept(&l, p->mode, listener))
			if (errno != EINTR && errno != ECONNABORTED)
				err(EXIT_FAILED, "accept");
		session_start(p, &l);
	}
	return sessions_wait();
}

static enum perf_mode parse_mode(const char *text)
{
	unsigned int m;

	for (m = 0; m < PERF_MODES; m++)
		if (!strcmp(text, perf_mode_names[m]))
			return (enum perf_mode)m;
	errx(EXIT_USAGE, "--mode: quic, tcp or ktls");
}

static int perf_option(struct perf *p, int opt, const char *arg)
{
	switch (opt) {
	case 'M':
		p->mode = parse_mode(arg);
		return 1;
	case 'p':
		p->port = arg;
		return 1;
	case 'm':
		p->message = (size_t)parse_u64(arg, "--message", 1u << 30);
		return 1;
	case 'b':
		p->bytes = parse_u64(arg, "--bytes", UINT64_MAX);
		return 1;
	case 'i':
		p->input = arg;
		return 1;
	case 'a':
		p->host = arg;
		return 1;
	case 'o':
		p->output = arg;
		return 1;
	case OPT_HASH:
		p->no_hash = 1;
		return 1;
	case OPT_KEY:
		p->key = arg;
		return 1;
	case OPT_COUNT:
		p->count = parse_u64(arg, "--count", UINT64_MAX);
		return 1;
	case OPT_MAX:
		p->max = parse_u64(arg, "--max", SIZE_MAX / 2);
		return 1;
	default:
		return 0;
	}
}

static void parse(struct perf *p, int argc, char **argv)
{
	static const struct option options[] = {
		COMMON_OPTIONS,
		{ "mode", required_argument, NULL, 'M' },
		{ "port", required_argument, NULL, 'p' },
		{ "message", required_argument, NULL, 'm' },
		{ "bytes", required_argument, NULL, 'b' },
		{ "input", required_argument, NULL, 'i' },
		{ "address", required_argument, NULL, 'a' },
		{ "output", required_argument, NULL, 'o' },
		{ "no-hash", no_argument, NULL, OPT_HASH },
		{ "key", required_argument, NULL, OPT_KEY },
		{ "count", required_argument, NULL, OPT_COUNT },
		{ "max", required_argument, NULL, OPT_MAX },
		{ NULL, 0, NULL, 0 }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, COMMON_SHORT "M:p:m:b:i:a:o:",
				  options, NULL)) != -1)
		if (!perf_option(p, opt, optarg))
			common_option(&p->c, opt, optarg, help);
	if (optind == argc)
		errx(EXIT_USAGE, "server or client? try --help");
	p->server = !strcmp(argv[optind], "server");
	if (!p->server && strcmp(argv[optind], "client"))
		errx(EXIT_USAGE, "server or client, not %s", argv[optind]);
	if (argc - optind != (p->server ? 1 : 2))
		errx(EXIT_USAGE, "try --help");
	if (!p->server)
		p->host = argv[optind + 1];
	if (!p->message || !p->bytes)
		errx(EXIT_USAGE, "sizes start at 1");
	if (p->key && (strlen(p->key) != 32 ||
		       strspn(p->key, "0123456789abcdefABCDEF") != 32))
		errx(EXIT_USAGE, "--key: 32 hexadecimal digits");
}

int main(int argc, char **argv)
{
	static struct perf p = {
		.port = "4433",
		.bytes = DEFAULT_BYTES,
		.message = DEFAULT_MESSAGE,
		.max = DEFAULT_MAX,
	};

	common_init(&p.c, "perf");
	parse(&p, argc, argv);
	return p.server ? server_main(&p) : client_main(&p);
}
