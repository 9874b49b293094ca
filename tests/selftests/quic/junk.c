// SPDX-License-Identifier: GPL-2.0
/*
 * junk - datagrams that no QUIC endpoint would send: junk HOST PORT COUNT [SEED]
 *
 * Random bytes of all sizes, many behind a first byte, version and connection ID
 * lengths that look right, so that they get as far into the parser as bytes
 * without keys can. The same seed sends the same bytes.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DGRAM_MAX	65507

static uint64_t state;

static uint32_t draw(void)
{
	/* xorshift64* */
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)(state * 0x2545f4914f6cdd1dULL >> 32);
}

static size_t draw_size(unsigned int i)
{
	if (i % 500 == 0)
		return DGRAM_MAX - draw() % 100;	/* in fragments */
	switch (draw() % 4) {
	case 0:
		return draw() % 40;
	case 1:
		return 1200;
	default:
		return draw() % 1473;
	}
}

/* Long header: first byte, version, connection IDs, token and length. */
static void dress_long(uint8_t *p, size_t len)
{
	static const uint8_t versions[][4] = {
		{ 0, 0, 0, 1 }, { 0, 0, 0, 1 }, { 0, 0, 0, 0 },
		{ 0x6b, 0x33, 0x43, 0xcf }, { 0xff, 0, 0, 29 },
	};
	size_t dcid = draw() % 22, scid = draw() % 22;

	if (len < 64)
		return;
	p[0] = 0xc0 | (p[0] & 0x3f);
	memcpy(p + 1, versions[draw() % 5], 4);
	p[5] = dcid;
	p[6 + dcid] = scid;
	if (draw() % 2)
		p[7 + dcid + scid] = draw() % 4 ? 0 : draw();	/* token length */
	if (draw() % 2) {
		p[8 + dcid + scid] = 0x40 | (len >> 8 & 0x3f);
		p[9 + dcid + scid] = len;
	}
}

static void make(uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = draw() >> 13;
	if (!len)
		return;
	switch (draw() % 4) {
	case 0:
		break;
	case 1:
		p[0] = 0x40 | (p[0] & 0x3f);	/* short header */
		break;
	default:
		dress_long(p, len);
	}
}

int main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *ai;
	static uint8_t buf[DGRAM_MAX];
	unsigned int i, count, sent = 0;
	size_t len;
	int fd;

	if (argc < 4)
		errx(2, "usage: junk HOST PORT COUNT [SEED]");
	count = atoi(argv[3]);
	state = argc > 4 ? strtoull(argv[4], NULL, 0) : 1;
	if (getaddrinfo(argv[1], argv[2], &hints, &ai))
		errx(2, "%s port %s", argv[1], argv[2]);
	fd = socket(ai->ai_family, SOCK_DGRAM, 0);
	if (fd < 0)
		err(1, "socket");
	for (i = 0; i < count; i++) {
		len = draw_size(i);
		make(buf, len);
		/* a refusal by ICMP is no reason to stop */
		if (sendto(fd, buf, len, 0, ai->ai_addr, ai->ai_addrlen) == (ssize_t)len)
			sent++;
	}
	printf("%u of %u sent\n", sent, count);
	freeaddrinfo(ai);
	return sent < count / 2;
}
