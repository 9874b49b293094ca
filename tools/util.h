/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * util.h - what quicget, quicserve and quicperf share
 */
#ifndef QUIC_TOOLS_UTIL_H
#define QUIC_TOOLS_UTIL_H

#include <stdint.h>
#include <stdio.h>

#include <quicsock.h>

/* Exit codes of all tools. */
enum {
	EXIT_OK		= 0,	/* done */
	EXIT_FAILED	= 1,	/* a transfer failed or was not equal */
	EXIT_USAGE	= 2,	/* wrong arguments */
	EXIT_ENV	= 3,	/* no connection: module, daemon, network, name */
};

/* Application error codes on streams of quicget and quicserve. */
enum {
	HQ_NO_ERROR	= 0,
	HQ_NOT_FOUND	= 1,
	HQ_BAD_REQUEST	= 2,
	HQ_DENIED	= 3,
	HQ_STORAGE	= 4,
};

/* A request line with its end, and one piece of a file, in bytes. */
#define HQ_LINE_MAX	2048
#define HQ_PIECE	(256 * 1024)

/*
 * Options that all tools have. OPT_COMMON_END is the first number that is free
 * for a tool's own long options.
 */
enum {
	OPT_ALPN = 256,
	OPT_SERVER_NAME,
	OPT_PROFILE,
	OPT_VERIFY,
	OPT_PIN,
	OPT_TIMEOUT,
	OPT_CIPHER,
	OPT_VERSION,
	OPT_JSON,
	OPT_COMMON_END,
};

#define COMMON_OPTIONS							\
	{ "alpn", required_argument, NULL, OPT_ALPN },			\
	{ "server-name", required_argument, NULL, OPT_SERVER_NAME },	\
	{ "profile", required_argument, NULL, OPT_PROFILE },		\
	{ "verify", required_argument, NULL, OPT_VERIFY },		\
	{ "pin", required_argument, NULL, OPT_PIN },			\
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },		\
	{ "cipher", required_argument, NULL, OPT_CIPHER },		\
	{ "quic-version", required_argument, NULL, OPT_VERSION },	\
	{ "json", no_argument, NULL, OPT_JSON },			\
	{ "quiet", no_argument, NULL, 'q' },				\
	{ "help", no_argument, NULL, 'h' }

#define COMMON_SHORT	"46qh"

#define COMMON_HELP							\
	"  -4, -6              only this address family\n"		\
	"      --alpn LIST     application protocols, joined by commas\n" \
	"      --profile NAME  credential profile of quicd\n"		\
	"      --cipher NAME   the only one allowed: aes128-gcm, aes256-gcm\n" \
	"                      or chacha20-poly1305\n"			\
	"      --json          one line of JSON per result on stdout\n"	\
	"  -q, --quiet         say only what went wrong\n"		\
	"  -h, --help          this text\n"

#define CLIENT_HELP							\
	"      --server-name NAME  name to ask for and to verify\n"	\
	"      --verify HOW    profile, system, none, pinned or tofu\n"	\
	"      --pin HEX       SHA-256 of the server's public key; repeatable\n" \
	"      --timeout MS    limit of the handshake\n" \
	"      --quic-version N    to begin with, or that a server prefers: 1 or 2\n"

#define MAX_PINS	8

/**
 * struct common - values of the options that all tools have
 * @opts: for quicsock_connect() and quicsock_listen(); reason points to @why
 * @why: the reason when these fail
 * @pins: room for --pin
 * @json: --json
 * @quiet: --quiet
 */
struct common {
	struct quicsock_opts	opts;
	char			why[QUICSOCK_TEXT_SIZE];
	uint8_t			pins[MAX_PINS][QUIC_PIN_SIZE];
	int			json;
	int			quiet;
};

/**
 * common_init() - defaults
 * @c: to fill; must not move afterwards
 * @alpn: default of --alpn
 */
void common_init(struct common *c, const char *alpn);

/**
 * common_option() - take one option of getopt_long(3)
 * @c: values
 * @opt: its return value
 * @arg: optarg
 * @help: text of --help, printed on 'h'
 *
 * Exits after --help, and with EXIT_USAGE for a bad value or option.
 */
void common_option(struct common *c, int opt, const char *arg, const char *help);

/**
 * parse_u64() - a number with an optional suffix K, M, G (powers of 1024)
 * @text: the number
 * @what: its name for the message
 * @max: largest value allowed
 *
 * Return: the value; exits with EXIT_USAGE when it is none.
 */
uint64_t parse_u64(const char *text, const char *what, uint64_t max);

/* The byte that two hexadecimal digits say; the caller has checked them. */
uint8_t parse_hex_byte(const char *digits);

/* Seconds of CLOCK_MONOTONIC. */
double now_s(void);

/* Millions of bytes per second; 0 when no time has passed. */
double mb_per_s(uint64_t bytes, double seconds);

/**
 * struct json - one object on one line, written at once
 * @f: memory stream
 * @text: what it holds
 * @size: its bytes
 */
struct json {
	FILE	*f;
	char	*text;
	size_t	size;
};

/* Begin an object. Exits when memory is short. */
void json_begin(struct json *j);
/* Members; a string is escaped and may be null. */
void json_str(struct json *j, const char *key, const char *value);
void json_u64(struct json *j, const char *key, uint64_t value);
void json_dbl(struct json *j, const char *key, double value);
void json_bool(struct json *j, const char *key, int value);
/* Print the line to stdout, whole even with several threads, and flush. */
void json_end(struct json *j);

/**
 * json_connection() - members about a QUIC connection
 * @j: object
 * @fd: connection, open or ended
 *
 * alpn, cipher, version, reason, and the members of struct quic_info; those of
 * quic_info are left out when the kernel has no such option.
 */
void json_connection(struct json *j, int fd);

/**
 * print_connection() - the same for a person, two lines
 * @f: where to
 * @fd: connection, open or ended
 */
void print_connection(FILE *f, int fd);

/**
 * struct progress - a line that is written over and over
 * @on: show it at all
 * @total: bytes expected, 0 unknown
 * @start: now_s() at the first byte
 * @last: now_s() when it was shown
 * @shown: it is on the screen now
 */
struct progress {
	int		on;
	uint64_t	total;
	double		start;
	double		last;
	int		shown;
};

/* Show at most five times a second. */
void progress_show(struct progress *p, const char *name, uint64_t bytes);
/* Remove it before other output. */
void progress_clear(struct progress *p);

#endif /* QUIC_TOOLS_UTIL_H */
