// SPDX-License-Identifier: GPL-2.0
/*
 * nat - a NAT that forgets: nat LISTEN_PORT HOST PORT EVERY [ADDRESS]...
 *
 * Forwards the datagrams of one client to a server and back, unchanged. After EVERY
 * datagrams of the client it maps him anew: to another port, of the next ADDRESS if
 * there are some. What the server sends to a mapping before is lost, as its socket is
 * closed. One in fifty datagrams reaches the client from another port as well, after
 * the real one: he does not talk to whoever that is.
 *
 * Prints "mapped N" for each mapping but the first. IPv4 or IPv6 by HOST's family; it
 * listens on every address, until it is killed.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define DGRAM_MAX	65536
#define STRAY		50

static struct addrinfo *server;
static struct sockaddr_storage client;
static socklen_t client_len;
static int client_side, server_side = -1, stray;
static char **sources;
static int n_sources;
static unsigned long every, from_client, from_server, maps;

static int big_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM, 0), big = 4 << 20;

	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	return fd;
}

static void map(void)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST }, *ai;

	/* the new one first: else it could get the port of the old one */
	int fd = big_socket(server->ai_family);

	if (n_sources) {
		if (getaddrinfo(sources[maps % n_sources], NULL, &hints, &ai))
			errx(2, "%s", sources[maps % n_sources]);
		if (bind(fd, ai->ai_addr, ai->ai_addrlen))
			err(1, "%s", sources[maps % n_sources]);
		freeaddrinfo(ai);
	}
	if (connect(fd, server->ai_addr, server->ai_addrlen))
		err(1, "connect");
	if (server_side >= 0) {
		close(server_side);
		printf("mapped %lu\n", maps);
		fflush(stdout);
	}
	maps++;
	server_side = fd;
}

static void from_the_client(void)
{
	static uint8_t buf[DGRAM_MAX];
	ssize_t n;

	client_len = sizeof(client);
	n = recvfrom(client_side, buf, sizeof(buf), 0, (struct sockaddr *)&client, &client_len);
	if (n < 0)
		return;
	if (++from_client % every == 0)
		map();
	send(server_side, buf, n, 0);
}

static void from_the_server(void)
{
	static uint8_t buf[DGRAM_MAX];
	ssize_t n = recv(server_side, buf, sizeof(buf), 0);

	if (n < 0 || !client_len)
		return;
	sendto(client_side, buf, n, 0, (struct sockaddr *)&client, client_len);
	if (++from_server % STRAY == 0)
		sendto(stray, buf, n, 0, (struct sockaddr *)&client, client_len);
}

int main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	struct sockaddr_in6 here = { .sin6_family = AF_INET6 };
	struct pollfd p[2];
	int off = 0;

	every = argc < 5 ? 0 : strtoul(argv[4], NULL, 0);
	if (!every)
		errx(2, "usage: nat LISTEN_PORT HOST PORT EVERY [ADDRESS]...");
	if (getaddrinfo(argv[2], argv[3], &hints, &server))
		errx(2, "%s port %s", argv[2], argv[3]);
	sources = argv + 5;
	n_sources = argc - 5;
	here.sin6_port = htons(atoi(argv[1]));
	client_side = big_socket(AF_INET6);
	stray = big_socket(AF_INET6);
	setsockopt(client_side, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	setsockopt(stray, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(client_side, (struct sockaddr *)&here, sizeof(here)))
		err(1, "bind");
	map();
	for (;;) {
		p[0] = (struct pollfd){ .fd = client_side, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = server_side, .events = POLLIN };
		poll(p, 2, -1);
		if (p[1].revents)
			from_the_server();
		if (p[0].revents)
			from_the_client();
	}
}
