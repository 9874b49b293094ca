// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * util - options, numbers, JSON and progress of the tools
 *
 * One object of JSON is one line: it is put together in memory and written with
 * one call, so that lines of several threads do not mix. Names of members are
 * those of struct quic_info; scripts read them.
 *
 * No terminal control beyond carriage return and erase to end of line.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/tls.h>

#include "util.h"

#define PROGRESS_PERIOD	0.2	/* s */

static const char * const verify_names[] = {
	[QUIC_VERIFY_PROFILE] = "profile",
	[QUIC_VERIFY_SYSTEM] = "system",
	[QUIC_VERIFY_NONE] = "none",
	[QUIC_VERIFY_PINNED] = "pinned",
	[QUIC_VERIFY_TOFU] = "tofu",
};

void common_init(struct common *c, const char *alpn)
{
	memset(c, 0, sizeof(*c));
	c->opts.size = sizeof(c->opts);
	c->opts.alpn = alpn;
	c->opts.reason = c->why;
	c->opts.reason_size = sizeof(c->why);
	c->opts.pins = (const uint8_t (*)[QUIC_PIN_SIZE])c->pins;
}

static unsigned int parse_verify(const char *text)
{
	unsigned int i;

	for (i = 0; i < sizeof(verify_names) / sizeof(verify_names[0]); i++)
		if (!strcmp(verify_names[i], text))
			return i;
	errx(EXIT_USAGE, "--verify: profile, system, none, pinned or tofu");
}

/* Names as in quicd.conf. */
static const struct {
	const char	*name;
	unsigned int	number;
} ciphers[] = {
	{ "aes128-gcm", TLS_CIPHER_AES_GCM_128 },
	{ "aes256-gcm", TLS_CIPHER_AES_GCM_256 },
	{ "chacha20-poly1305", TLS_CIPHER_CHACHA20_POLY1305 },
};

static unsigned int parse_cipher(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		if (!strcmp(ciphers[i].name, text))
			return ciphers[i].number;
	errx(EXIT_USAGE, "--cipher: aes128-gcm, aes256-gcm or chacha20-poly1305");
}

static unsigned int parse_version(const char *text)
{
	if (!strcmp(text, "1"))
		return QUIC_VERSION_V1;
	if (!strcmp(text, "2"))
		return QUIC_VERSION_V2;
	errx(EXIT_USAGE, "--quic-version: 1 or 2");
}

uint8_t parse_hex_byte(const char *digits)
{
	char two[3] = { digits[0], digits[1] };

	return strtoul(two, NULL, 16);
}

static void add_pin(struct common *c, const char *hex)
{
	uint8_t *pin;
	size_t i;

	if (c->opts.num_pins == MAX_PINS)
		errx(EXIT_USAGE, "--pin: at most %d", MAX_PINS);
	if (strlen(hex) != 2 * QUIC_PIN_SIZE ||
	    strspn(hex, "0123456789abcdefABCDEF") != 2 * QUIC_PIN_SIZE)
		errx(EXIT_USAGE, "--pin: %d hexadecimal digits", 2 * QUIC_PIN_SIZE);
	pin = c->pins[c->opts.num_pins++];
	for (i = 0; i < QUIC_PIN_SIZE; i++)
		pin[i] = parse_hex_byte(hex + 2 * i);
	if (!c->opts.verify)
		c->opts.verify = QUIC_VERIFY_PINNED;
}

void common_option(struct common *c, int opt, const char *arg, const char *help)
{
	switch (opt) {
	case OPT_ALPN:
		c->opts.alpn = arg;
		break;
	case OPT_SERVER_NAME:
		c->opts.server_name = arg;
		break;
	case OPT_PROFILE:
		c->opts.profile = arg;
		break;
	case OPT_VERIFY:
		c->opts.verify = parse_verify(arg);
		break;
	case OPT_PIN:
		add_pin(c, arg);
		break;
	case OPT_TIMEOUT:
		c->opts.handshake_timeout_ms =
			(unsigned int)parse_u64(arg, "--timeout", 600000);
		break;
	case OPT_CIPHER:
		c->opts.cipher = parse_cipher(arg);
		break;
	case OPT_VERSION:
		c->opts.version = parse_version(arg);
		break;
	case OPT_JSON:
		c->json = 1;
		break;
	case 'q':
		c->quiet = 1;
		break;
	case '4':
		c->opts.family = AF_INET;
		break;
	case '6':
		c->opts.family = AF_INET6;
		break;
	case 'h':
		fputs(help, stdout);
		exit(EXIT_OK);
	default:
		errx(EXIT_USAGE, "try --help");
	}
}

uint64_t parse_u64(const char *text, const char *what, uint64_t max)
{
	static const char suffixes[] = "KMG";
	unsigned long long n;
	const char *suffix;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || end == text || *text == '-')
		errx(EXIT_USAGE, "%s: not a number: %s", what, text);
	suffix = *end ? strchr(suffixes, *end & ~0x20) : NULL;
	if (suffix && *suffix) {
		unsigned int shift = 10 * (unsigned int)(suffix - suffixes + 1);

		if (n > UINT64_MAX >> shift)
			errx(EXIT_USAGE, "%s: too large: %s", what, text);
		n <<= shift;
		end++;
	}
	if (*end)
		errx(EXIT_USAGE, "%s: not a number: %s", what, text);
	if (n > max)
		errx(EXIT_USAGE, "%s: at most %llu", what,
		     (unsigned long long)max);
	return n;
}

double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

double mb_per_s(uint64_t bytes, double seconds)
{
	return seconds > 0 ? (double)bytes / 1e6 / seconds : 0;
}

void json_begin(struct json *j)
{
	memset(j, 0, sizeof(*j));
	j->f = open_memstream(&j->text, &j->size);
	if (!j->f)
		err(EXIT_FAILED, "memory");
	putc('{', j->f);
}

static void json_key(struct json *j, const char *key)
{
	if (ftell(j->f) > 1)
		putc(',', j->f);
	fprintf(j->f, "\"%s\":", key);
}

void json_str(struct json *j, const char *key, const char *value)
{
	const unsigned char *p;

	json_key(j, key);
	if (!value) {
		fputs("null", j->f);
		return;
	}
	putc('"', j->f);
	for (p = (const unsigned char *)value; *p; p++) {
		if (*p == '"' || *p == '\\')
			fprintf(j->f, "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			fprintf(j->f, "\\u%04x", *p);
		else
			putc(*p, j->f);
	}
	putc('"', j->f);
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
	json_key(j, key);
	fprintf(j->f, "%llu", (unsigned long long)value);
}

void json_dbl(struct json *j, const char *key, double value)
{
	json_key(j, key);
	fprintf(j->f, "%.6f", value);
}

void json_bool(struct json *j, const char *key, int value)
{
	json_key(j, key);
	fputs(value ? "true" : "false", j->f);
}

void json_end(struct json *j)
{
	fputs("}\n", j->f);
	fclose(j->f);
	fputs(j->text, stdout);
	fflush(stdout);
	free(j->text);
}

#define INFO(member) { #member, offsetof(struct quic_info, member),	\
		       sizeof(((struct quic_info *)0)->member) }

static const struct info_member {
	const char	*name;
	size_t		offset;
	size_t		size;
} info_members[] = {
	INFO(state), INFO(flags),
	INFO(min_rtt_us), INFO(smoothed_rtt_us),
	INFO(rttvar_us), INFO(latest_rtt_us),
	INFO(mtu), INFO(pto_count), INFO(key_updates), INFO(paths),
	INFO(cwnd), INFO(ssthresh), INFO(bytes_in_flight), INFO(pacing_rate),
	INFO(sent_pkts), INFO(received_pkts),
	INFO(lost_pkts), INFO(spurious_lost_pkts),
	INFO(retransmitted_pkts), INFO(dropped_pkts),
	INFO(sent_bytes), INFO(received_bytes),
	INFO(stream_sent_bytes), INFO(stream_retransmitted_bytes),
	INFO(stream_acked_bytes), INFO(stream_received_bytes),
	INFO(stream_read_bytes),
	INFO(sent_datagrams), INFO(received_datagrams), INFO(lost_datagrams),
	INFO(acked_datagrams), INFO(send_dropped_datagrams), INFO(recv_dropped_datagrams),
	INFO(sent_trains), INFO(received_trains),
	INFO(sent_acks), INFO(received_acks),
	INFO(probes), INFO(congestion_events), INFO(persistent_congestions),
	INFO(local_streams), INFO(peer_streams),
	INFO(max_data_local), INFO(max_data_peer),
	INFO(ecn_ce_pkts), INFO(handshake_us), INFO(age_us),
};

static uint64_t info_value(const struct quic_info *info,
			   const struct info_member *m)
{
	const char *p = (const char *)info + m->offset;
	uint64_t u64;
	uint32_t u32;

	if (m->size == sizeof(u32)) {
		memcpy(&u32, p, sizeof(u32));
		return u32;
	}
	memcpy(&u64, p, sizeof(u64));
	return u64;
}

void json_connection(struct json *j, int fd)
{
	char alpn[QUIC_ALPN_MAX + 1] = "", why[QUICSOCK_TEXT_SIZE] = "";
	struct quic_info info;
	size_t i;

	quicsock_alpn(fd, alpn, sizeof(alpn));
	quicsock_reason(fd, why, sizeof(why));
	json_str(j, "alpn", alpn);
	json_str(j, "reason", why);
	if (quicsock_info(fd, &info))
		return;
	json_str(j, "cipher", quicsock_cipher_name(info.cipher));
	json_u64(j, "version", info.version);
	for (i = 0; i < sizeof(info_members) / sizeof(info_members[0]); i++)
		json_u64(j, info_members[i].name,
			 info_value(&info, &info_members[i]));
}

void print_connection(FILE *f, int fd)
{
	char alpn[QUIC_ALPN_MAX + 1] = "";
	struct quic_info i;

	if (quicsock_info(fd, &i))
		return;
	quicsock_alpn(fd, alpn, sizeof(alpn));
	fprintf(f, "  %s, ALPN %s, RTT %.3f ms (min %.3f), MTU %u\n",
		quicsock_cipher_name(i.cipher), *alpn ? alpn : "none",
		i.smoothed_rtt_us / 1e3, i.min_rtt_us / 1e3, i.mtu);
	fprintf(f, "  packets: %llu sent, %llu received, %llu lost, %llu retransmitted\n",
		(unsigned long long)i.sent_pkts,
		(unsigned long long)i.received_pkts,
		(unsigned long long)i.lost_pkts,
		(unsigned long long)i.retransmitted_pkts);
}

void progress_show(struct progress *p, const char *name, uint64_t bytes)
{
	double now;

	if (!p->on)
		return;
	now = now_s();
	if (now - p->last < PROGRESS_PERIOD)
		return;
	p->last = now;
	p->shown = 1;
	fprintf(stderr, "\r%-24.24s %9.1f MB %8.1f MB/s %6.1f s", name,
		(double)bytes / 1e6, mb_per_s(bytes, now - p->start),
		now - p->start);
	if (p->total)
		fprintf(stderr, " %3.0f %%", 100.0 * (double)bytes /
			(double)p->total);
	fputs("\033[K", stderr);
	fflush(stderr);
}

void progress_clear(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = 0;
}
