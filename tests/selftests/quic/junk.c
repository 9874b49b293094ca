// SPDX-License-Identifier: GPL-2.0
/*
 * junk - datagrams that no QUIC endpoint would send: junk [-l] HOST PORT COUNT [SEED]
 *
 * Random bytes of all sizes, many behind a first byte, version and connection ID
 * lengths that look right, so that they get as far into the parser as bytes
 * without keys can. The same seed sends the same bytes.
 *
 * With -l most of them bear a connection ID that is alive: the one of the next packet
 * with a short header, to that port, which leaves this network namespace (IPv4).
 */
#include <arpa/inet.h>
#include <err.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DGRAM_MAX	65507

#define CID_LEN		8	/* of quicsock's own */
#define LIVE_MS		20000

static uint64_t state;
static uint8_t live[CID_LEN];
static int have_live;

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

/* A connection's ID on a packet that is not its own. */
static void dress_live(uint8_t *p, size_t len)
{
	if (len < 1 + CID_LEN + 32)
		return;
	if (draw() % 2) {
		p[0] = 0x40 | (p[0] & 0x3f);
		memcpy(p + 1, live, CID_LEN);
		return;
	}
	p[0] = 0xc0 | (p[0] & 0x3f);
	memcpy(p + 1, "\0\0\0\1", 4);
	p[5] = CID_LEN;
	memcpy(p + 6, live, CID_LEN);
	p[14] = draw() % 21;
}

/* Wait for a packet to @port and take its ID. */
static void learn_live(uint16_t port)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct sockaddr_ll a;
	uint8_t b[2048];
	socklen_t len;
	ssize_t n;

	if (fd < 0)
		err(1, "packet socket");
	while (!have_live) {
		len = sizeof(a);
		if (poll(&pfd, 1, LIVE_MS) <= 0)
			errx(1, "no packet of a connection within %d s", LIVE_MS / 1000);
		n = recvfrom(fd, b, sizeof(b), 0, (struct sockaddr *)&a, &len);
		/* IPv4, UDP, to that port, fixed bit and no long header */
		if (a.sll_protocol != htons(ETH_P_IP) || n < 29 + CID_LEN || b[9] != 17 ||
		    (b[22] << 8 | b[23]) != port || (b[28] & 0xc0) != 0x40)
			continue;
		memcpy(live, b + 29, CID_LEN);
		have_live = 1;
	}
	close(fd);
}

static void make(uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = draw() >> 13;
	if (!len)
		return;
	if (have_live && draw() % 4) {
		dress_live(p, len);
		return;
	}
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

	if (argc > 1 && !strcmp(argv[1], "-l")) {
		argc--;
		argv++;
		if (argc > 2)
			learn_live(atoi(argv[2]));
	}
	if (argc < 4)
		errx(2, "usage: junk [-l] HOST PORT COUNT [SEED]");
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
