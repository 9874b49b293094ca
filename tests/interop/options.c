// SPDX-License-Identifier: GPL-2.0
/*
 * options - the command line of h09peer
 *
 * One table: an option's name, what it does, and where in struct options. Whatever is
 * wrong there ends the program, before it has opened anything.
 */
#include <ctype.h>
#include <err.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	"      --cid-length N   of our connection IDs, 0 to 20 bytes, default 16; a server with\n"
	"                       0 tells its clients apart by their addresses\n"
	"      --reset-secret TEXT  of stateless reset tokens; answer what leads nowhere by\n"
	"                       stateless resets\n"
	"      --datagrams N    client: send N datagrams and want them back; a server always\n"
	"                       sends back those that come\n"
	"      --greetings N    open N unidirectional streams and want N, 3 at a time\n"
	"      --stop-after BYTES   of the first request of each connection, when so much of it\n"
	"                       has come: STOP_SENDING\n"
	"      --reset-after BYTES  when so much of it has gone: RESET_STREAM\n"
	"      --log            everything that libngtcp2 has to say, on stderr\n"
	"  -h, --help           this text\n"
	"client:\n"
	"      --ca FILE        verify the server; default: do not\n"
	"      --server-name NAME  ask for and verify this name, default HOST\n"
	"      --repeat N       fetch each PATH N times\n"
	"      --parallel N     connections at a time, default 1\n"
	"      --streams N      requests at a time on a connection, default 8\n"
	"      --late-fin       end a request only when its line was acknowledged\n"
	"      --move-to ADDR   go there when 256 KiB have come or arrived; end none before\n"
	"      --stay           when all is done wait, with a PING each 100 ms, until the\n"
	"                       connection ends; it has not failed if it ends well\n"
	"      --bulk BYTES     fetch BYTES that the server (h09peer) makes up\n"
	"      --bulk-put BYTES send BYTES (PUT); K, M, G may follow a number\n"
	"      a PATH put:BYTES does the same beside others\n"
	"server:\n"
	"  -a, --address ADDR   listen here only, default everywhere\n"
	"  -d, --directory DIR  what to serve, default .\n"
	"      --retry          clients have to prove their addresses\n"
	"Lines of JSON on stdout. SSLKEYLOGFILE in the environment names a key log.\n"
	"Exit status: 0 done, 1 a transfer failed, 2 usage, 3 no connection.\n";

/* Digits, and perhaps one of K, M, G. */
uint64_t options_number(const char *text, const char *what)
{
	static const char units[] = "KMG";
	unsigned long long n;
	char unit, rest;
	int words = isdigit((unsigned char)*text) ?
			sscanf(text, "%12llu%c%c", &n, &unit, &rest) : 0;
	const char *at = words == 2 ? strchr(units, unit) : NULL;

	if (words < 1 || words > 2 || (words == 2 && !at))
		errx(EXIT_USAGE, "%s: not a number: %s", what, text);
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
	{ "cid-length", 0, KIND_COUNT, offsetof(struct options, cid_len) },
	{ "reset-secret", 0, KIND_TEXT, offsetof(struct options, reset_secret) },
	{ "datagrams", 0, KIND_COUNT, offsetof(struct options, datagrams) },
	{ "greetings", 0, KIND_COUNT, offsetof(struct options, greetings) },
	{ "stop-after", 0, KIND_BYTES, offsetof(struct options, stop_after) },
	{ "reset-after", 0, KIND_BYTES, offsetof(struct options, reset_after) },
	{ "move-to", 0, KIND_TEXT, offsetof(struct options, move_to) },
	{ "stay", 0, KIND_FLAG, offsetof(struct options, stay) },
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
		*(unsigned int *)to = (unsigned int)options_number(arg, row->name);
		break;
	case KIND_BYTES:
		*(uint64_t *)to = options_number(arg, row->name);
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

void options_parse(struct options *o, int argc, char **argv)
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
	o->cid_len = CID_LEN;
	done = all_options(o, argc - 1, argv + 1);
	if (o->cid_len > NGTCP2_MAX_CIDLEN)
		errx(EXIT_USAGE, "--cid-length: 0 to 20");
	operands(o, argc - 1 - done, argv + 1 + done);
}
