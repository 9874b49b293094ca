// SPDX-License-Identifier: GPL-2.0
/*
 * flood - Initials from addresses that are not ours: flood [-b BITS] [-n POOL]
 *	[-c COUNT] [-r RATE] [-d CID] PREFIX HOST PORT
 *
 * Three kinds in turn, each from another source below PREFIX (its last BITS bits are
 * drawn, and the port) and with another connection ID, or this of 8 bytes, hexadecimal:
 *   - an Initial as RFC 9001 protects it, with a ClientHello that a server answers;
 *   - one as well protected, whose TLS bytes are noise;
 *   - one that looks like it and does not authenticate.
 * The first two cost five HMACs each, so POOL of them are made before the first is
 * sent, and come again, from other addresses, when they have been used up.
 *
 * Sends COUNT, or until SIGTERM, RATE a second or as fast as it can; then says "N sent
 * in S s". IPv4; wants CAP_NET_RAW.
 */
#include <arpa/inet.h>
#include <err.h>
#include <gnutls/gnutls.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DGRAM	1200
#define DCID	6		/* its place in a packet */
#define CID_LEN	8
#define HDR	26		/* up to the packet number */
#define PN_LEN	4
#define TAG	16

static volatile sig_atomic_t stop;
static uint8_t hello[1024];
static size_t hello_len;

static void on_term(int sig)
{
	stop = 1;
}

/* --- a ClientHello, as GnuTLS makes it --- */

static const uint8_t scid[CID_LEN] = "floodcid";
static uint8_t dcid[CID_LEN];
static int have_dcid;

static int hello_read(gnutls_session_t s, gnutls_record_encryption_level_t level,
		      gnutls_handshake_description_t type, const void *data, size_t len)
{
	if (len > sizeof(hello))
		errx(1, "a ClientHello of %zu bytes", len);
	memcpy(hello, data, len);
	hello_len = len;
	return 0;
}

static int params_recv(gnutls_session_t s, const unsigned char *data, size_t len)
{
	return 0;
}

/* initial_source_connection_id, and a window: RFC 9000 18.2 */
static int params_send(gnutls_session_t s, gnutls_buffer_t buf)
{
	static const uint8_t window[] = { 0x04, 0x02, 0x7f, 0xff }, head[] = { 0x0f, CID_LEN };

	gnutls_buffer_append_data(buf, head, sizeof(head));
	gnutls_buffer_append_data(buf, scid, sizeof(scid));
	gnutls_buffer_append_data(buf, window, sizeof(window));
	return sizeof(head) + sizeof(scid) + sizeof(window);
}

static void hello_make(void)
{
	gnutls_certificate_credentials_t cred;
	gnutls_datum_t alpn = { (uint8_t *)"hq-interop", 10 };
	static const char priority[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:%DISABLE_TLS13_COMPAT_MODE";
	gnutls_session_t s;

	if (gnutls_init(&s, GNUTLS_CLIENT | GNUTLS_NONBLOCK) ||
	    gnutls_priority_set_direct(s, priority, NULL) ||
	    gnutls_certificate_allocate_credentials(&cred) ||
	    gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, cred) ||
	    gnutls_alpn_set_protocols(s, &alpn, 1, 0) ||
	    gnutls_server_name_set(s, GNUTLS_NAME_DNS, "server.test", 11) ||
	    gnutls_session_ext_register(s, "quic", 0x39, GNUTLS_EXT_TLS, params_recv,
					params_send, NULL, NULL, NULL,
					GNUTLS_EXT_FLAG_TLS | GNUTLS_EXT_FLAG_CLIENT_HELLO |
					GNUTLS_EXT_FLAG_EE))
		errx(1, "GnuTLS");
	gnutls_handshake_set_read_function(s, hello_read);
	gnutls_handshake(s);		/* has nobody to talk to */
	if (!hello_len)
		errx(1, "no ClientHello");
	gnutls_deinit(s);
	gnutls_certificate_free_credentials(cred);
}

/* --- protection: RFC 9001 5 --- */

static void expand(const uint8_t *secret, const char *label, uint8_t *out, size_t len)
{
	uint8_t info[64] = { 0, len, 6 + strlen(label) };
	struct hmac_sha256_ctx h;

	memcpy(info + 3, "tls13 ", 6);
	memcpy(info + 9, label, strlen(label));
	hmac_sha256_set_key(&h, 32, secret);
	hkdf_expand(&h, (nettle_hash_update_func *)hmac_sha256_update,
		    (nettle_hash_digest_func *)hmac_sha256_digest, 32,
		    10 + strlen(label), info, len, out);
}

static void protect(uint8_t *p)
{
	static const uint8_t salt[20] = {
		0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
		0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a,
	};
	uint8_t secret[32], client[32], key[16], iv[12], hp[16], mask[16];
	struct hmac_sha256_ctx h;
	struct gcm_aes128_ctx gcm;
	struct aes128_ctx aes;
	size_t n = DGRAM - HDR - PN_LEN - TAG;
	int i;

	hmac_sha256_set_key(&h, sizeof(salt), salt);
	hkdf_extract(&h, (nettle_hash_update_func *)hmac_sha256_update,
		     (nettle_hash_digest_func *)hmac_sha256_digest, 32, CID_LEN, p + DCID,
		     secret);
	expand(secret, "client in", client, 32);
	expand(client, "quic key", key, 16);
	expand(client, "quic iv", iv, 12);
	expand(client, "quic hp", hp, 16);
	gcm_aes128_set_key(&gcm, key);
	gcm_aes128_set_iv(&gcm, sizeof(iv), iv);	/* packet number 0 */
	gcm_aes128_update(&gcm, HDR + PN_LEN, p);
	gcm_aes128_encrypt(&gcm, n, p + HDR + PN_LEN, p + HDR + PN_LEN);
	gcm_aes128_digest(&gcm, TAG, p + DGRAM - TAG);
	aes128_set_encrypt_key(&aes, hp);
	aes128_encrypt(&aes, 16, mask, p + HDR + 4);
	p[0] ^= mask[0] & 0x0f;
	for (i = 0; i < PN_LEN; i++)
		p[HDR + i] ^= mask[1 + i];
}

/* A datagram that is one Initial. @good: the TLS bytes are a ClientHello. */
static void make(uint8_t *p, int good)
{
	uint8_t *q = p + HDR;

	memset(p, 0, DGRAM);
	p[0] = 0xc0 | (PN_LEN - 1);
	p[4] = 1;
	p[5] = CID_LEN;
	if (have_dcid)
		memcpy(p + DCID, dcid, CID_LEN);
	else
		getrandom(p + DCID, CID_LEN, 0);
	p[14] = CID_LEN;
	memcpy(p + 15, scid, CID_LEN);
	p[24] = 0x40 | (DGRAM - HDR) >> 8;	/* p[23]: no token */
	p[25] = (DGRAM - HDR) & 0xff;
	q += PN_LEN;
	*q++ = 0x06;				/* CRYPTO at 0; the rest is PADDING */
	*q++ = 0;
	*q++ = 0x40 | hello_len >> 8;
	*q++ = hello_len;
	memcpy(q, hello, hello_len);
	if (good)
		getrandom(q + 6, 32, 0);	/* its random */
	else
		getrandom(q, hello_len, 0);
	protect(p);
}

/* --- sending --- */

static uint16_t sum16(const void *data, size_t len)
{
	const uint16_t *p = data;
	uint32_t sum = 0;

	for (; len; len -= 2)
		sum += *p++;
	sum = (sum >> 16) + (sum & 0xffff);
	return ~(sum + (sum >> 16));
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Until @at, or a signal. */
static void sleep_until(uint64_t at)
{
	struct timespec t = { .tv_sec = at / 1000000000, .tv_nsec = at % 1000000000 };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void usage(void)
{
	errx(2, "usage: flood [-b BITS] [-n POOL] [-c COUNT] [-r RATE] [-d CID] PREFIX HOST PORT");
}

/* Return: 1, or the end. */
static int parse_dcid(const char *hex)
{
	int i;

	for (i = 0; i < CID_LEN; i++, hex += 2)
		if (sscanf(hex, "%2hhx", &dcid[i]) != 1)
			usage();
	return 1;
}

int main(int argc, char **argv)
{
	unsigned long pool = 512, count = 0, rate = 0, i, sent = 0;
	struct sockaddr_in to = { .sin_family = AF_INET };
	uint8_t *packets, d[sizeof(struct iphdr) + sizeof(struct udphdr) + DGRAM] = { 0 };
	struct iphdr *ip = (void *)d;
	struct udphdr *udp = (void *)(ip + 1);
	uint8_t *payload = (void *)(udp + 1);
	uint32_t bits = 16, prefix, draw;
	uint64_t begin;
	int opt, fd;

	while ((opt = getopt(argc, argv, "b:n:c:r:d:")) != -1) {
		switch (opt) {
		case 'b':
			bits = atoi(optarg);
			break;
		case 'n':
			pool = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			count = strtoul(optarg, NULL, 0);
			break;
		case 'r':
			rate = strtoul(optarg, NULL, 0);
			break;
		case 'd':
			have_dcid = parse_dcid(optarg);
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 3)
		usage();
	prefix = ntohl(inet_addr(argv[optind]));
	to.sin_addr.s_addr = inet_addr(argv[optind + 1]);
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	packets = malloc(pool * DGRAM);
	if (fd < 0 || !packets)
		err(1, "flood");
	hello_make();
	for (i = 0; i < pool; i++)
		make(packets + i * DGRAM, i % 2);
	signal(SIGTERM, on_term);
	puts("ready");
	fflush(stdout);

	*ip = (struct iphdr){ .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
			      .tot_len = htons(sizeof(d)), .daddr = to.sin_addr.s_addr };
	*udp = (struct udphdr){ .dest = htons(atoi(argv[optind + 2])),
				.len = htons(sizeof(*udp) + DGRAM) };
	begin = now_ns();
	for (i = 0; !stop && (!count || i < count); i++) {
		if (rate)
			sleep_until(begin + i * 1000000000ULL / rate);
		getrandom(&draw, sizeof(draw), 0);
		ip->saddr = htonl(prefix | (draw & ((1ULL << bits) - 1)));
		udp->source = htons(1024 + (draw >> 17));
		ip->check = 0;
		ip->check = sum16(ip, sizeof(*ip));
		memcpy(payload, packets + i % pool * DGRAM, DGRAM);
		if (i % 3 == 2)
			getrandom(payload + DCID, CID_LEN, 0);
		if (sendto(fd, d, sizeof(d), 0, (struct sockaddr *)&to, sizeof(to)) > 0)
			sent++;
	}
	printf("%lu sent in %.2f s\n", sent, (now_ns() - begin) / 1e9);
	free(packets);
	return !sent;
}
