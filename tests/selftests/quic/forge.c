// SPDX-License-Identifier: GPL-2.0
/*
 * forge - somebody on the path: forge LISTEN_PORT HOST PORT VERSION...
 *
 * Takes the first datagram of a client for itself and answers it with a Version
 * Negotiation packet that lists these versions (hexadecimal), as if the server had.
 * Everything else it forwards, both ways, until it is killed. One client; IPv4 or IPv6
 * by HOST's family; it listens on every address.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DGRAM_MAX	65536
#define CID_MAX		20
#define LIST_MAX	16
#define FIXED		5	/* bytes before the connection IDs */

static uint32_t list[LIST_MAX];
static int n_list, client_side, server_side;
static struct sockaddr_storage client;
static socklen_t client_len;

/* A connection ID with its length at @p, of @left bytes. Return: its bytes, or 0. */
static size_t cid_at(const uint8_t *p, size_t left)
{
	return left && p[0] <= CID_MAX && left > p[0] ? p[0] + 1u : 0;
}

/* The answer to @p. Return: it was one that can be answered. */
static int answer(const uint8_t *p, size_t len)
{
	uint8_t out[FIXED + 2 * (CID_MAX + 1) + 4 * LIST_MAX] = { 0xc0 };
	size_t dcid, scid, n = FIXED;
	uint32_t v;
	int i;

	if (len < FIXED || !(p[0] & 0x80))
		return 0;
	dcid = cid_at(p + FIXED, len - FIXED);
	scid = dcid ? cid_at(p + FIXED + dcid, len - FIXED - dcid) : 0;
	if (!scid)
		return 0;
	memcpy(out + n, p + FIXED + dcid, scid);
	n += scid;
	memcpy(out + n, p + FIXED, dcid);
	n += dcid;
	for (i = 0; i < n_list; i++, n += 4) {
		v = htonl(list[i]);
		memcpy(out + n, &v, 4);
	}
	sendto(client_side, out, n, 0, (struct sockaddr *)&client, client_len);
	printf("forged\n");
	fflush(stdout);
	return 1;
}

static void from_client(void)
{
	static uint8_t buf[DGRAM_MAX];
	static int answered;
	ssize_t n;

	client_len = sizeof(client);
	n = recvfrom(client_side, buf, sizeof(buf), 0, (struct sockaddr *)&client, &client_len);
	if (n < 0)
		return;
	if (answered)
		send(server_side, buf, n, 0);
	else
		answered = answer(buf, n);
}

static void from_server(void)
{
	static uint8_t buf[DGRAM_MAX];
	ssize_t n = recv(server_side, buf, sizeof(buf), 0);

	if (n >= 0 && client_len)
		sendto(client_side, buf, n, 0, (struct sockaddr *)&client, client_len);
}

static void open_sockets(const char *listen_port, const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *ai;
	struct sockaddr_in6 here = { .sin6_family = AF_INET6 };
	int off = 0;

	if (getaddrinfo(host, port, &hints, &ai))
		errx(2, "%s %s: no such address", host, port);
	here.sin6_port = htons(atoi(listen_port));
	client_side = socket(AF_INET6, SOCK_DGRAM, 0);
	server_side = socket(ai->ai_family, SOCK_DGRAM, 0);
	if (client_side < 0 || server_side < 0 ||
	    setsockopt(client_side, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) ||
	    bind(client_side, (struct sockaddr *)&here, sizeof(here)) ||
	    connect(server_side, ai->ai_addr, ai->ai_addrlen))
		err(1, "sockets");
	freeaddrinfo(ai);
}

int main(int argc, char **argv)
{
	struct pollfd p[2];
	int i;

	if (argc < 5 || argc - 4 > LIST_MAX)
		errx(2, "usage: forge LISTEN_PORT HOST PORT VERSION...");
	for (i = 4; i < argc; i++)
		list[n_list++] = strtoul(argv[i], NULL, 16);
	open_sockets(argv[1], argv[2], argv[3]);
	p[0] = (struct pollfd){ .fd = client_side, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = server_side, .events = POLLIN };
	while (poll(p, 2, -1) > 0) {
		if (p[0].revents)
			from_client();
		if (p[1].revents)
			from_server();
	}
	return 1;
}
