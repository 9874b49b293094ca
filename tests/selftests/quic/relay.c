// SPDX-License-Identifier: GPL-2.0
/*
 * relay - a bad network in between: relay LISTEN_PORT HOST PORT
 *
 * Forwards the datagrams of one client to a server and back, unchanged. Of what
 * it forwards it keeps a few: the first of each direction (Initials) and two
 * with a short header of each. Of these it sends, mixed with the going traffic
 * and to where the original went:
 *   - every prefix of each, from 0 bytes to all but the last;
 *   - each with one bit turned, at every byte;
 *   - each with bytes behind it, and each again as it was (a replay).
 * A changed packet for the server is also sent from the pages of a file, by
 * splice(2): whoever opens packets where they lie would write into that file.
 * Prints "mangled N" when all that is done, with "spliced N" and whether the file
 * changed, and goes on forwarding until it is killed; what it has done then is its
 * last line. IPv4 or IPv6 by HOST's family; it listens on every address.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define DGRAM_MAX	65536
#define KEPT		6
#define BURST		8	/* bad ones per good one */

struct kept {
	uint8_t *data;
	size_t len;
	int to_server;
	size_t step;
};

static struct kept kept[KEPT];
static unsigned int n_kept, seen_short[2], seen_any[2];
static unsigned long mangled;
static int client_side, server_side;
static struct sockaddr_storage client;
static socklen_t client_len;

static void forward(const uint8_t *p, size_t len, int to_server)
{
	if (to_server)
		send(server_side, p, len, 0);
	else if (client_len)
		sendto(client_side, p, len, 0, (struct sockaddr *)&client, client_len);
}

static void keep(const uint8_t *p, size_t len, int to_server)
{
	int is_short = len && !(p[0] & 0x80);
	struct kept *k = &kept[n_kept];

	if (n_kept == KEPT || !len)
		return;
	/* the first, and the 3rd and 6th of the short ones */
	if (is_short) {
		seen_short[to_server]++;
		if (seen_short[to_server] != 3 && seen_short[to_server] != 6)
			return;
	} else if (seen_any[to_server]++) {
		return;
	}
	k->data = malloc(len);
	if (!k->data)
		err(1, "malloc");
	memcpy(k->data, p, len);
	k->len = len;
	k->to_server = to_server;
	n_kept++;
}

/* Step 0 to len - 1: prefixes; to 2 len - 1: a bit turned; then two more. */
static int mangle_step(struct kept *k)
{
	uint8_t buf[DGRAM_MAX];
	size_t s = k->step, len = k->len;

	if (s >= 2 * len + 2)
		return 0;
	memcpy(buf, k->data, k->len);
	if (s < k->len) {
		len = s;
	} else if (s < 2 * k->len) {
		buf[s - k->len] ^= 1 << (s % 8);
	} else if (s == 2 * k->len) {
		memset(buf + len, 0x40, 100);
		len += 100;
	}
	forward(buf, len, k->to_server);
	k->step++;
	mangled++;
	return 1;
}

/* ---- a datagram that is a file ---- */

#define SPLICED_MAX	500

static uint8_t file_bytes[DGRAM_MAX];
static size_t file_len;
static int file_fd = -1, file_pipe[2], file_changed;
static unsigned long spliced;

static int make_file(void)
{
	unsigned int i;

	for (i = 0; i < n_kept; i++)
		if (kept[i].to_server && !(kept[i].data[0] & 0x80))
			break;
	if (i == n_kept)
		return 0;
	file_len = kept[i].len;
	memcpy(file_bytes, kept[i].data, file_len);
	file_bytes[file_len - 1] ^= 1;	/* it will not authenticate */
	file_fd = memfd_create("datagram", 0);
	if (file_fd < 0 || pipe(file_pipe) ||
	    write(file_fd, file_bytes, file_len) != (ssize_t)file_len)
		err(1, "a file to splice");
	return 1;
}

static void splice_one(void)
{
	static uint8_t now[DGRAM_MAX];
	loff_t off = 0;

	if (file_fd < 0 && !make_file())
		return;
	if (pread(file_fd, now, file_len, 0) != (ssize_t)file_len ||
	    memcmp(now, file_bytes, file_len))
		file_changed = 1;
	if (splice(file_fd, &off, file_pipe[1], NULL, file_len, 0) == (ssize_t)file_len &&
	    splice(file_pipe[0], NULL, server_side, NULL, file_len, 0) == (ssize_t)file_len)
		spliced++;
}

static void mangle(void)
{
	static int said;
	unsigned int i, n = 0;

	for (i = 0; i < n_kept; i++)
		while (n < BURST && mangle_step(&kept[i]))
			n++;
	if (spliced < SPLICED_MAX)
		splice_one();
	if (!n && n_kept == KEPT && !said) {
		printf("mangled %lu\nspliced %lu: the file %s\n", mangled, spliced,
		       file_changed ? "was written to" : "is as it was");
		fflush(stdout);
		said = 1;
	}
}

static void pass(int fd, int to_server)
{
	static uint8_t buf[DGRAM_MAX];
	ssize_t n;

	if (to_server) {
		client_len = sizeof(client);
		n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&client, &client_len);
	} else {
		n = recv(fd, buf, sizeof(buf), 0);
	}
	if (n < 0)
		return;
	keep(buf, n, to_server);
	forward(buf, n, to_server);
	mangle();
}

static void on_term(int sig)
{
	printf("kept %u, short ones seen %u and %u, mangled %lu\n", n_kept,
	       seen_short[0], seen_short[1], mangled);
	exit(0);
}

int main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *ai;
	struct sockaddr_in6 here = { .sin6_family = AF_INET6 };
	int off = 0, big = 4 << 20;
	struct pollfd p[2];

	if (argc != 4)
		errx(2, "usage: relay LISTEN_PORT HOST PORT");
	if (getaddrinfo(argv[2], argv[3], &hints, &ai))
		errx(2, "%s port %s", argv[2], argv[3]);
	here.sin6_port = htons(atoi(argv[1]));
	client_side = socket(AF_INET6, SOCK_DGRAM, 0);
	setsockopt(client_side, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	server_side = socket(ai->ai_family, SOCK_DGRAM, 0);
	setsockopt(client_side, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	setsockopt(server_side, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	if (bind(client_side, (struct sockaddr *)&here, sizeof(here)) ||
	    connect(server_side, ai->ai_addr, ai->ai_addrlen))
		err(1, "bind or connect");
	freeaddrinfo(ai);
	p[0] = (struct pollfd){ .fd = client_side, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = server_side, .events = POLLIN };
	signal(SIGTERM, on_term);
	for (;;) {
		/* a pause in the traffic does not end the mangling */
		if (!poll(p, 2, 10))
			mangle();
		if (p[0].revents)
			pass(client_side, 1);
		if (p[1].revents)
			pass(server_side, 0);
	}
}
