// SPDX-License-Identifier: GPL-2.0
/*
 * resend - datagrams as they are given: resend [-r N] SOURCE SPORT HOST PORT
 *
 * Each line of stdin is a datagram in hexadecimal, "HEX" or "HEX*LENGTH": with zeros
 * behind up to LENGTH bytes. It leaves from SOURCE and SPORT (0: any). Then N answers
 * are waited for, and printed in hexadecimal. IPv4.
 *
 * Exit status: 0 all sent and N came, 1 not, 2 usage.
 */
#include <arpa/inet.h>
#include <err.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE	20000	/* ms for an answer */

static struct sockaddr_in address(const char *host, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };

	if (inet_pton(AF_INET, host, &a.sin_addr) != 1)
		errx(2, "%s is no IPv4 address", host);
	return a;
}

static size_t parse(const char *line, uint8_t *buf, size_t room)
{
	size_t n = 0, len;
	unsigned int byte;

	memset(buf, 0, room);
	while (n < room && sscanf(line, "%2x", &byte) == 1) {
		buf[n++] = byte;
		line += 2;
	}
	if (*line != '*')
		return n;
	len = strtoul(line + 1, NULL, 10);
	return len > n && len <= room ? len : n;
}

static int answer(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint8_t buf[2048];
	ssize_t n, i;

	if (poll(&p, 1, PATIENCE) != 1)
		return -1;
	n = recv(fd, buf, sizeof(buf), 0);
	if (n < 0)
		return -1;
	for (i = 0; i < n; i++)
		printf("%02x", buf[i]);
	printf("\n");
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in from, to;
	uint8_t buf[16384];
	char *line = NULL;
	size_t size = 0, n;
	int fd, opt, answers = 0;

	while ((opt = getopt(argc, argv, "r:")) != -1) {
		if (opt != 'r')
			errx(2, "usage: resend [-r N] SOURCE SPORT HOST PORT");
		answers = atoi(optarg);
	}
	if (argc - optind != 4)
		errx(2, "usage: resend [-r N] SOURCE SPORT HOST PORT");
	from = address(argv[optind], argv[optind + 1]);
	to = address(argv[optind + 2], argv[optind + 3]);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)))
		err(1, "socket");
	while (getline(&line, &size, stdin) > 0) {
		n = parse(line, buf, sizeof(buf));
		if (send(fd, buf, n, 0) != (ssize_t)n)
			err(1, "send");
	}
	free(line);
	while (answers--)
		if (answer(fd))
			errx(1, "no answer");
	close(fd);
	return 0;
}
