// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * quicperf - move bytes over QUIC, TCP or kTLS and say how fast
 *
 * Options and reports; what a client and a server do is in perf_client.c (one
 * connection), perf_many.c (several) and perf_server.c, the three transports in
 * perf_link.c.
 *
 * Nothing but sending and receiving is inside the timed sections: data is drawn or
 * mapped before them, and hashed and written after them. Both ends report; the
 * client's figures include the answer that all has come, and so are those to compare.
 */
#include <err.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>

#include "perf.h"

#define DEFAULT_BYTES	(64u << 20)
#define DEFAULT_MESSAGE	(128u << 10)
#define DEFAULT_MAX	(1024u << 20)
#define DEFAULT_COUNT	1000
#define COUNT_MAX	100000000

enum {
	OPT_HASH = OPT_COMMON_END,
	OPT_KEY,
	OPT_COUNT,
	OPT_MAX,
	OPT_STREAMS,
	OPT_CONNECTIONS,
	OPT_RR,
	OPT_HANDSHAKES,
	OPT_HOLD,
	OPT_NODELAY,
	OPT_SENDFILE,
};

static const char help[] =
	"usage: quicperf server [options]\n"
	"       quicperf client [options] HOST\n"
	"Move bytes from client to server and report the rate.\n"
	"  -M, --mode MODE     quic (default), tcp or ktls\n"
	"  -p, --port PORT     default 4433\n"
	"  -m, --message SIZE  bytes per send or receive call, default 128K\n"
	"      --no-hash       no SHA-256 (it is never inside the timed section)\n"
	"      --nodelay       every write may leave at once, at this end\n"
	"client:\n"
	"  -b, --bytes SIZE    random bytes to send, default 64M\n"
	"  -i, --input FILE    send this file instead\n"
	"      --sendfile      by sendfile(2), --message bytes a call, out of the file or,\n"
	"                      random ones, out of a file in memory\n"
	"      --streams N     quic: spread the bytes over N streams, 1 to 256\n"
	"      --connections N spread the bytes over N connections at once\n"
	"      --rr SIZE       instead: SIZE bytes there and back, --count N times\n"
	"      --count N       default 1000\n"
	"      --handshakes N  instead: connect, a byte each way, close, N times in all,\n"
	"                      on --connections at once; quic and tcp\n"
	"      --hold N        instead: N idle connections until standard input ends;\n"
	"                      quic and tcp\n"
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
	"TCP has one stream in a connection: instead of --streams it takes\n"
	"--connections. kTLS here has no handshake to measure.\n"
	"Sizes take K, M or G (powers of 1024); MB/s are millions of bytes.\n"
	"Exit status: 0 done, 1 failed or not equal, 2 usage, 3 no connection.\n";

static const char * const events[] = {
	[PERF_BULK] = "transfer",
	[PERF_RR] = "round_trips",
	[PERF_SHAKE] = "handshakes",
	[PERF_HOLD] = "holding",
};

static double per_s(uint64_t n, double seconds)
{
	return seconds > 0 ? (double)n / seconds : 0;
}

static void json_bulk(struct json *j, const struct perf *p,
		      const struct perf_result *r, int match)
{
	json_u64(j, "message", p->message);
	json_u64(j, "bytes", r->bytes);
	json_u64(j, "streams", p->streams);
	if (!p->server) {
		json_u64(j, "connections", p->connections);
		json_bool(j, "sendfile", p->sendfile);
	}
	json_dbl(j, "seconds", r->seconds);
	json_dbl(j, "mb_per_s", mb_per_s(r->bytes, r->seconds));
	json_dbl(j, "cpu_seconds", r->cpu);
	if (!p->server && p->connections > 1) {
		json_bool(j, "match", match);
		return;
	}
	json_str(j, "sha256", *r->hash ? r->hash : NULL);
	if (!p->server) {
		json_str(j, "peer_sha256", *r->peer_hash ? r->peer_hash : NULL);
		json_bool(j, "match", match);
	}
}

static void json_counted(struct json *j, const struct perf *p,
			 const struct perf_result *r)
{
	if (p->kind == PERF_RR)
		json_u64(j, "size", p->bytes);
	json_u64(j, "count", p->count);
	if (p->kind == PERF_SHAKE)
		json_u64(j, "connections", p->connections);
	json_dbl(j, "seconds", r->seconds);
	json_dbl(j, "per_s", per_s(p->count, r->seconds));
	if (p->kind != PERF_HOLD)
		json_dbl(j, "cpu_seconds", r->cpu);
	if (p->server || p->kind == PERF_HOLD)
		return;
	json_dbl(j, "p50_us", r->p50);
	json_dbl(j, "p90_us", r->p90);
	json_dbl(j, "p99_us", r->p99);
}

static void report_json(const struct perf *p, const struct link *l,
			const struct perf_result *r, int match)
{
	struct json j;

	json_begin(&j);
	json_str(&j, "tool", "quicperf");
	json_str(&j, "event", events[p->kind]);
	json_str(&j, "role", p->server ? "server" : "client");
	json_str(&j, "mode", perf_mode_names[p->mode]);
	json_bool(&j, "nodelay", !!(p->c.opts.flags & QUICSOCK_NODELAY));
	if (p->kind == PERF_BULK)
		json_bulk(&j, p, r, match);
	else
		json_counted(&j, p, r);
	if (r->busy >= 0)
		json_dbl(&j, "cpu_busy", r->busy);
	if (l && p->mode == PERF_QUIC)
		json_connection(&j, l->fd);
	json_end(&j);
}

static void report_text(const struct perf *p, const struct link *l,
			const struct perf_result *r)
{
	printf("%s %s: ", p->server ? "server" : "client", perf_mode_names[p->mode]);
	if (p->kind == PERF_BULK)
		printf("%llu bytes in %.3f s, %.1f MB/s%s%s\n",
		       (unsigned long long)r->bytes, r->seconds,
		       mb_per_s(r->bytes, r->seconds),
		       *r->hash ? ", SHA-256 " : "", r->hash);
	else
		printf("%llu %s in %.3f s, %.1f/s\n", (unsigned long long)p->count,
		       p->kind == PERF_RR ? "round trips" : "connections",
		       r->seconds, per_s(p->count, r->seconds));
	if (r->p99 > 0)
		printf("  50 %% within %.1f us, 90 %% %.1f us, 99 %% %.1f us\n",
		       r->p50, r->p90, r->p99);
	if (l && p->mode == PERF_QUIC)
		print_connection(stdout, l->fd);
	fflush(stdout);
}

void perf_report(const struct perf *p, const struct link *l,
		 const struct perf_result *r, int match)
{
	flockfile(stdout);
	if (p->c.json)
		report_json(p, l, r, match);
	else if (!p->c.quiet)
		report_text(p, l, r);
	funlockfile(stdout);
}

static enum perf_mode parse_mode(const char *text)
{
	unsigned int m;

	for (m = 0; m < PERF_MODES; m++)
		if (!strcmp(text, perf_mode_names[m]))
			return (enum perf_mode)m;
	errx(EXIT_USAGE, "--mode: quic, tcp or ktls");
}

/* What is done instead of bytes in bulk. */
static void set_kind(struct perf *p, enum perf_kind kind)
{
	if (p->kind != PERF_BULK)
		errx(EXIT_USAGE, "--rr, --handshakes, --hold: one of them");
	p->kind = kind;
}

/* Options that say what is measured. Return: 1 taken, 0 it is another one. */
static int kind_option(struct perf *p, int opt, const char *arg)
{
	switch (opt) {
	case OPT_STREAMS:
		p->streams = (unsigned int)parse_u64(arg, "--streams", PERF_STREAMS);
		return 1;
	case OPT_CONNECTIONS:
		p->connections = (unsigned int)parse_u64(arg, "--connections",
							 PERF_CONNECTIONS);
		return 1;
	case OPT_RR:
		set_kind(p, PERF_RR);
		p->bytes = parse_u64(arg, "--rr", PERF_RR_MAX);
		return 1;
	case OPT_HANDSHAKES:
		set_kind(p, PERF_SHAKE);
		p->count = parse_u64(arg, "--handshakes", COUNT_MAX);
		return 1;
	case OPT_HOLD:
		set_kind(p, PERF_HOLD);
		p->count = parse_u64(arg, "--hold", COUNT_MAX);
		return 1;
	case OPT_NODELAY:
		p->c.opts.flags |= QUICSOCK_NODELAY;
		return 1;
	case OPT_SENDFILE:
		p->sendfile = 1;
		return 1;
	default:
		return 0;
	}
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
		return kind_option(p, opt, arg);
	}
}

static void check_client(struct perf *p)
{
	if (!p->count && p->kind == PERF_RR)
		p->count = DEFAULT_COUNT;
	if (!p->streams || !p->connections)
		errx(EXIT_USAGE, "--streams, --connections: from 1");
	if (p->kind != PERF_BULK && !p->count)
		errx(EXIT_USAGE, "--handshakes, --hold: from 1");
	if (p->streams > 1 && p->mode != PERF_QUIC)
		errx(EXIT_USAGE, "--streams: TCP has one in a connection, take --connections");
	if (p->streams > 1 && p->kind != PERF_BULK)
		errx(EXIT_USAGE, "--streams: of bytes in bulk only");
	if (p->sendfile && p->kind != PERF_BULK)
		errx(EXIT_USAGE, "--sendfile: of bytes in bulk only");
	if (p->sendfile && p->streams > 1)
		errx(EXIT_USAGE, "--sendfile: sendfile(2) names no stream, so one only");
	if (p->connections > 1 && p->kind != PERF_BULK && p->kind != PERF_SHAKE)
		errx(EXIT_USAGE, "--connections: of bytes in bulk and --handshakes only");
	if (p->connections > 1 && p->input)
		errx(EXIT_USAGE, "--input: on one connection only");
	if (p->kind == PERF_BULK && p->bytes / p->connections < p->streams)
		errx(EXIT_USAGE, "--bytes: at least one for each connection and stream");
	if (p->kind == PERF_SHAKE && p->count < p->connections)
		errx(EXIT_USAGE, "--handshakes: at least one for each connection");
	if (p->mode == PERF_KTLS && (p->kind == PERF_SHAKE || p->kind == PERF_HOLD))
		errx(EXIT_USAGE, "ktls has no handshake here: its keys come in the clear");
}

static int run_client(struct perf *p)
{
	if (p->sendfile)	/* it knows no MSG_NOSIGNAL */
		signal(SIGPIPE, SIG_IGN);
	switch (p->kind) {
	case PERF_SHAKE:
		return perf_shake(p);
	case PERF_HOLD:
		return perf_hold(p);
	default:
		return p->connections > 1 ? perf_many(p) : perf_client(p);
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
		{ "streams", required_argument, NULL, OPT_STREAMS },
		{ "connections", required_argument, NULL, OPT_CONNECTIONS },
		{ "rr", required_argument, NULL, OPT_RR },
		{ "handshakes", required_argument, NULL, OPT_HANDSHAKES },
		{ "hold", required_argument, NULL, OPT_HOLD },
		{ "nodelay", no_argument, NULL, OPT_NODELAY },
		{ "sendfile", no_argument, NULL, OPT_SENDFILE },
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
	if (!p->server)
		check_client(p);
}

int main(int argc, char **argv)
{
	static struct perf p = {
		.port = "4433",
		.bytes = DEFAULT_BYTES,
		.message = DEFAULT_MESSAGE,
		.max = DEFAULT_MAX,
		.streams = 1,
		.connections = 1,
	};

	common_init(&p.c, "perf");
	parse(&p, argc, argv);
	return p.server ? perf_server(&p) : run_client(&p);
}
