// SPDX-License-Identifier: GPL-2.0
/*
 * h09peer - HTTP/0.9 over QUIC on libngtcp2: a stranger for quicsock to talk to
 *
 * Client and server in one program, in userspace on a plain UDP socket. It shares no
 * line with quicsock, so what the two agree on is the RFCs and not a common mistake.
 * The same program is the userspace rival of the benchmarks.
 *
 * One loop: take what has come, run the timers that are due, let each connection
 * write, sleep until the next deadline. The client keeps --parallel connections at
 * work until --connections have been made; each fetches all paths and is closed when
 * they are here and the handshake is confirmed.
 *
 * Results are lines of JSON on stdout: "listening", "transfer", "connection",
 * "summary". Reasons of failures are in them, and on stderr what ends the program.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"

static const char help[] =
	"usage: h09peer client [options] HOST [PATH]...\n"
	"       h09peer server --cert FILE --key FILE [options]\n"
	"HTTP/0.9 over QUIC by libngtcp2 and GnuTLS, in userspace.\n"
	"  -p, --port PORT      default 443\n"
	"  -4, -6               only this address family\n"
	"      --alpn NAME      default hq-interop\n"
	"      --ciphers LIST   of aes128, aes256, chacha20, best first, joined by commas\n"
	"      --connections N  client: make N, default 1; server: end after N\n"
	"      --no-gso         send every datagram by itself\n"
	"      --key-updates N  update keys N times on each connection, as soon as one may;\n"
	"                       a client ends none before\n"
	"      --version N      1 or 2; client: to begin with, default 1; server: only this,\n"
	"                       default both\n"
	"      --log            everything that libngtcp2 has to say, on stderr\n"
	"  -h, --help           this text\n"
	"client:\n"
	"      --ca FILE        verify the server; default: do not\n"
	"      --server-name NAME  ask for and verify this name, default HOST\n"
	"      --repeat N       fetch each PATH N times\n"
	"      --parallel N     connections at a time, default 1\n"
	"      --streams N      requests at a time on a connection, default 8\n"
	"      --late-fin       end a request only when its line was acknowledged\n"
	"      --bulk BYTES     fetch BYTES that the server (h09peer) makes up\n"
	"      --bulk-put BYTES send BYTES (PUT); K, M, G may follow a number\n"
	"server:\n"
	"  -a, --address ADDR   listen here only, default everywhere\n"
	"  -d, --directory DIR  what to serve, default .\n"
	"      --retry          clients have to prove their addresses\n"
	"Lines of JSON on stdout. SSLKEYLOGFILE in the environment names a key log.\n"
	"Exit status: 0 done, 1 a transfer failed, 2 usage, 3 no connection.\n";

static struct peer peer;
static volatile sig_atomic_t stopping;

static void on_signal(int sig)
{
	(void)sig;
	stopping = 1;
}

/* --- results --- */

static void print_string(const char *key, const char *value)
{
	printf(",\"%s\":\"", key);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			putchar('\\');
		putchar((unsigned char)*value < 0x20 ? '?' : *value);
	}
	putchar('"');
}

static double seconds(uint64_t ns)
{
	return (double)ns / NSEC;
}

void report_transfer(struct conn *c, const struct stream *s, const char *error)
{
	uint8_t digest[SHA256_BYTES];
	uint64_t now = now_ns();
	unsigned int i;

	peer.total.transfers++;
	peer.total.failed += !!error;
	peer.total.bytes += s->bytes;
	if (!peer.total.first_byte)
		peer.total.first_byte = s->began;
	peer.total.last_byte = now;
	printf("{\"event\":\"transfer\",\"connection\":%u,\"bytes\":%llu,\"seconds\":%.6f",
	       c->number, (unsigned long long)s->bytes, seconds(now - s->began));
	print_string("verb", s->put ? "PUT" : "GET");
	print_string("path", s->path);
	if (s->hash) {
		gnutls_hash_output(s->hash, digest);
		printf(",\"sha256\":\"");
		for (i = 0; i < sizeof(digest); i++)
			printf("%02x", digest[i]);
		putchar('"');
	}
	print_string("error", error ? error : "");
	puts("}");
}

void report_conn(struct conn *c)
{
	const struct options *o = &peer.o;
	ngtcp2_conn_info info;

	if (c->counted)
		return;
	c->counted = true;
	peer.ended++;
	peer.total.last_end = now_ns();
	ngtcp2_conn_get_conn_info(c->qc, &info);
	if (c->connected) {
		snprintf(peer.total.cipher, sizeof(peer.total.cipher), "%s", tls_cipher(c->tls));
		peer.total.connected++;
	}
	peer.total.confirmed += c->confirmed;
	peer.total.handshake_ns += c->handshake_ns;
	peer.total.conn_errors += !!*c->error;
	if (!o->server)		/* what was never asked for */
		peer.total.failed += o->num_paths * o->repeat - c->over;
	printf("{\"event\":\"connection\",\"connection\":%u,\"connected\":%u,\"confirmed\":%u"
	       ",\"handshake_ms\":%.3f,\"bytes\":%llu,\"requests\":%u,\"key_updates\":%u"
	       ",\"rtt_ms\":%.3f,\"cwnd\":%llu,\"version\":%u",
	       c->number, c->connected, c->confirmed, seconds(c->handshake_ns) * 1e3,
	       (unsigned long long)c->bytes, o->server ? c->requests : c->over, c->key_updates,
	       seconds(info.smoothed_rtt) * 1e3, (unsigned long long)info.cwnd,
	       ngtcp2_conn_get_negotiated_version(c->qc));
	print_string("cipher", c->connected ? tls_cipher(c->tls) : "");
	print_string("error", c->error);
	puts("}");
	fflush(stdout);
}

static void report_summary(uint64_t began)
{
	double all = seconds(peer.total.last_end - began);
	double data = seconds(peer.total.last_byte - peer.total.first_byte);

	printf("{\"event\":\"summary\",\"connections\":%u,\"connected\":%u,\"confirmed\":%u"
	       ",\"transfers\":%u,\"failed\":%u,\"bytes\":%llu,\"seconds\":%.6f,\"mb_per_s\":%.3f"
	       ",\"handshake_ms\":%.3f,\"connections_per_s\":%.1f",
	       peer.made, peer.total.connected, peer.total.confirmed, peer.total.transfers,
	       peer.total.failed, (unsigned long long)peer.total.bytes, all,
	       data > 0 ? (double)peer.total.bytes / 1e6 / data : 0,
	       peer.total.connected ?
			seconds(peer.total.handshake_ns) * 1e3 / peer.total.connected : 0,
	       all > 0 ? peer.total.connected / all : 0);
	print_string("cipher", peer.total.cipher);
	puts("}");
	fflush(stdout);
}

/* --- the loop --- */

static void take(void *ctx, const struct datagram *d)
{
	conn_datagram(ctx, d);
}

/* The client's list of work: close what is done, begin what is left. */
static void client_step(struct peer *p)
{
	struct conn *c;

	for (c = p->conns; c; c = c->next)
		if (c->state == CONN_ACTIVE && c->confirmed && h09_done(c) &&
		    c->key_updates == p->o.key_updates)
			conn_close(c, NULL);
	while (!p->stop && p->made < p->o.connections && p->alive < p->o.parallel)
		if (!conn_dial(p))
			p->stop = true;
	if (p->made == p->o.connections)
		p->stop = true;
}

static void close_all(struct peer *p, const char *error)
{
	struct conn *c;

	for (c = p->conns; c; c = c->next)
		conn_close(c, error);
}

static uint64_t next_deadline(struct peer *p)
{
	uint64_t first = UINT64_MAX, t;
	struct conn *c;

	for (c = p->conns; c; c = c->next) {
		t = conn_deadline(c);
		if (t < first)
			first = t;
	}
	return first;
}

/* Sleep until something comes, a timer is due, or a signal. */
static void wait_for_work(struct peer *p, const sigset_t *waiting)
{
	short events = POLLIN | (p->u.pending ? POLLOUT : 0);
	struct pollfd pfd = { .fd = p->u.fd, .events = events };
	uint64_t deadline = next_deadline(p), now = now_ns(), left;
	struct timespec ts, *limit = NULL;

	if (deadline != UINT64_MAX) {
		left = deadline > now ? deadline - now : 0;
		ts = (struct timespec){ (time_t)(left / NSEC), (long)(left % NSEC) };
		limit = &ts;
	}
	ppoll(&pfd, 1, limit, waiting);
}

static void loop(struct peer *p, const sigset_t *waiting)
{
	struct conn *c;
	uint64_t now;
	int e;

	for (;;) {
		if (!p->o.server)
			client_step(p);
		else if (p->o.connections && p->ended >= p->o.connections)
			p->stop = true;
		if (stopping && !p->stop)
			p->stop = true;
		if (stopping)
			close_all(p, p->o.server ? NULL : "interrupted");
		udp_send(&p->u);
		now = now_ns();
		for (c = p->conns; c; c = c->next)
			conn_run(c, now);
		conn_reap(p);
		if (p->stop && !p->conns)
			return;
		wait_for_work(p, waiting);
		e = udp_receive(&p->u, take, p);
		if (e == ECONNREFUSED && !p->o.server)
			close_all(p, "refused: nothing listens at that address and port");
	}
}

/* --- the command line --- */

/* Digits, and perhaps one of K, M, G. */
static uint64_t parse_number(const char *text, const char *what)
{
	static const char units[] = "KMG";
	unsigned long long n;
	char unit, rest;
	int words = isdigit((unsigned char)*text) ?
			sscanf(text, "%12llu%c%c", &n, &unit, &rest) : 0;
	const char *at = words == 2 ? strchr(units, unit) : NULL;

	if (words < 1 || words > 2 || (words == 2 && !at))
		errx(EXIT_USAGE, "--%s: not a number: %s", what, text);
	return at ? n << 10 * (at - units + 1) : n;
}

static const char *parse_ciphers(char *list)
{
	static const char * const names[][2] = {
		{ "aes128", ":+AES-128-GCM" },
		{ "aes256", ":+AES-256-GCM" },
		{ "chacha20", ":+CHACHA20-POLY1305" },
	};
	static char text[64];
	char *word, *rest = list;
	unsigned int i;

	while ((word = strsep(&rest, ","))) {
		for (i = 0; i < 3 && strcmp(word, names[i][0]); i++)
			;
		if (i == 3 || strstr(text, names[i][1]))
			errx(EXIT_USAGE, "--ciphers: aes128, aes256, chacha20, each once");
		strcat(text, names[i][1]);	/* once each: they fit */
	}
	return text;
}

/* What an option does with its member of struct options. */
enum option_kind {
	KIND_TEXT,
	KIND_COUNT,	/* unsigned int */
	KIND_BYTES,	/* uint64_t */
	KIND_CIPHERS,
	KIND_FLAG,	/* from here on without an argument */
	KIND_IPV4,
	KIND_IPV6,
	KIND_HELP,
};

/**
 * struct option_row - an option
 * @name: after "--", NULL: it has a letter only
 * @letter: after "-", 0: it has a name only
 * @kind: what it does
 * @at: offset of its member
 */
struct option_row {
	const char		*name;
	char			letter;
	enum option_kind	kind;
	size_t			at;
};

static const struct option_row option_rows[] = {
	{ "port", 'p', KIND_TEXT, offsetof(struct options, port) },
	{ "address", 'a', KIND_TEXT, offsetof(struct options, host) },
	{ "directory", 'd', KIND_TEXT, offsetof(struct options, dir) },
	{ NULL, '4', KIND_IPV4, offsetof(struct options, family) },
	{ NULL, '6', KIND_IPV6, offsetof(struct options, family) },
	{ "alpn", 0, KIND_TEXT, offsetof(struct options, alpn) },
	{ "ciphers", 0, KIND_CIPHERS, offsetof(struct options, ciphers) },
	{ "connections", 0, KIND_COUNT, offsetof(struct options, connections) },
	{ "no-gso", 0, KIND_FLAG, offsetof(struct options, no_gso) },
	{ "key-updates", 0, KIND_COUNT, offsetof(struct options, key_updates) },
	{ "version", 0, KIND_COUNT, offsetof(struct options, version) },
	{ "log", 0, KIND_FLAG, offsetof(struct options, log) },
	{ "retry", 0, KIND_FLAG, offsetof(struct options, retry) },
	{ "ca", 0, KIND_TEXT, offsetof(struct options, ca) },
	{ "server-name", 0, KIND_TEXT, offsetof(struct options, name) },
	{ "repeat", 0, KIND_COUNT, offsetof(struct options, repeat) },
	{ "parallel", 0, KIND_COUNT, offsetof(struct options, parallel) },
	{ "streams", 0, KIND_COUNT, offsetof(struct options, streams) },
	{ "late-fin", 0, KIND_FLAG, offsetof(struct options, late_fin) },
	{ "bulk", 0, KIND_BYTES, offsetof(struct options, bulk) },
	{ "bulk-put", 0, KIND_BYTES, offsetof(struct options, bulk_put) },
	{ "cert", 0, KIND_TEXT, offsetof(struct options, cert) },
	{ "key", 0, KIND_TEXT, offsetof(struct options, key) },
	{ "help", 'h', KIND_HELP, 0 },
};

#define OPTIONS		(sizeof(option_rows) / sizeof(option_rows[0]))
#define OPT_LONG	256	/* and a row's number: what getopt_long(3) returns */

static void one_option(struct options *o, const struct option_row *row, char *arg)
{
	void *to = (char *)o + row->at;

	switch (row->kind) {
	case KIND_TEXT:
		*(const char **)to = arg;
		break;
	case KIND_COUNT:
		*(unsigned int *)to = (unsigned int)parse_number(arg, row->name);
		break;
	case KIND_BYTES:
		*(uint64_t *)to = parse_number(arg, row->name);
		break;
	case KIND_CIPHERS:
		*(const char **)to = parse_ciphers(arg);
		break;
	case KIND_FLAG:
		*(bool *)to = true;
		break;
	case KIND_IPV4:
		*(int *)to = AF_INET;
		break;
	case KIND_IPV6:
		*(int *)to = AF_INET6;
		break;
	case KIND_HELP:
		fputs(help, stdout);
		exit(EXIT_OK);
	}
}

/* The options before the first other word. Return: where that is. */
static int all_options(struct options *o, int argc, char **argv)
{
	struct option names[OPTIONS + 1] = { 0 };
	size_t i, n = 0;
	int opt;

	for (i = 0; i < OPTIONS; i++)
		if (option_rows[i].name)
			names[n++] = (struct option){
				.name = option_rows[i].name,
				.has_arg = option_rows[i].kind < KIND_FLAG,
				.val = OPT_LONG + (int)i,
			};
	while ((opt = getopt_long(argc, argv, "p:a:d:46h", names, NULL)) != -1) {
		for (i = 0; i < OPTIONS; i++)
			if (opt == OPT_LONG + (int)i || opt == option_rows[i].letter)
				break;
		if (i == OPTIONS)
			errx(EXIT_USAGE, "try --help");
		one_option(o, &option_rows[i], optarg);
	}
	return optind;
}

/* What the words after the options mean. */
static void operands(struct options *o, int argc, char **argv)
{
	static char bulk_path[32], *bulk_paths[] = { bulk_path };
	int i;

	if (o->server) {
		if (argc)
			errx(EXIT_USAGE, "a server takes options only; try --help");
		if (!o->cert || !o->key)
			errx(EXIT_USAGE, "a server needs --cert and --key");
		return;
	}
	if (!argc)
		errx(EXIT_USAGE, "which host? try --help");
	if (!o->repeat || !o->parallel || !o->streams || !o->connections)
		errx(EXIT_USAGE, "numbers are from 1");
	o->host = argv[0];
	o->paths = argv + 1;
	o->num_paths = (unsigned int)argc - 1;
	for (i = 1; i < argc; i++)
		if (strlen(argv[i]) > LINE_MAX_BYTES - sizeof("GET /\r\n"))
			errx(EXIT_USAGE, "a path is too long");
	if (!o->bulk && !o->bulk_put)
		return;
	if (o->num_paths || (o->bulk && o->bulk_put))
		errx(EXIT_USAGE, "--bulk, --bulk-put or paths: one of them");
	if (o->bulk_put)	/* a plain name: quicserve stores it */
		snprintf(bulk_path, sizeof(bulk_path), "bulk");
	else
		snprintf(bulk_path, sizeof(bulk_path), "/bulk/%llu", (unsigned long long)o->bulk);
	o->paths = bulk_paths;
	o->num_paths = 1;
}

static void parse(struct options *o, int argc, char **argv)
{
	const char *role = argc > 1 ? argv[1] : "";
	int done;

	if (!strcmp(role, "-h") || !strcmp(role, "--help")) {
		fputs(help, stdout);
		exit(EXIT_OK);
	}
	o->server = !strcmp(role, "server");
	if (!o->server && strcmp(role, "client"))
		errx(EXIT_USAGE, "client or server? try --help");
	o->port = "443";
	o->alpn = "hq-interop";
	o->ciphers = ":+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305";
	o->dir = ".";
	o->repeat = 1;
	o->parallel = 1;
	o->connections = !o->server;
	o->streams = 8;
	done = all_options(o, argc - 1, argv + 1);
	operands(o, argc - 1 - done, argv + 1 + done);
}

/* Signals come only while ppoll(2) waits, so none is missed. */
static void catch_signals(sigset_t *waiting)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t held;

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigemptyset(&held);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGINT);
	sigprocmask(SIG_BLOCK, &held, waiting);
}

int main(int argc, char **argv)
{
	uint64_t began;
	sigset_t waiting;

	parse(&peer.o, argc, argv);
	tls_setup(&peer.o);
	catch_signals(&waiting);
	if (gnutls_rnd(GNUTLS_RND_KEY, peer.secret, sizeof(peer.secret)))
		errx(EXIT_FAILED, "no random numbers");
	if (peer.o.server) {
		peer.dirfd = open(peer.o.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (peer.dirfd < 0)
			err(EXIT_ENV, "%s", peer.o.dir);
	}
	udp_open(&peer.u, &peer.o, &peer.remote, &peer.remote_len);
	if (peer.o.server) {
		puts("{\"event\":\"listening\"}");
		fflush(stdout);
	}
	began = now_ns();
	loop(&peer, &waiting);
	report_summary(began);
	if (!peer.o.server && peer.total.connected < peer.o.connections)
		return EXIT_ENV;
	if (peer.total.failed || (!peer.o.server && peer.total.conn_errors))
		return EXIT_FAILED;
	return EXIT_OK;
}
