// SPDX-License-Identifier: GPL-2.0
/*
 * hold - sockets that stay until the process is killed: hold idle|pair [BYTES]
 *
 * idle: an unbound socket, a bound one and a listener, of both families. pair: a
 * connection over the loopback, both ends here; BYTES are on their way from one
 * to the other and nobody reads them. Says "ready" when they are there.
 */
#include <err.h>
#include <stdlib.h>

#include "quic_sock.h"

static void idle(int family)
{
	union addr a;

	addr_loopback(&a, family);
	if (socket(family, SOCK_DGRAM, IPPROTO_QUIC) < 0 ||
	    bind(socket(family, SOCK_DGRAM, IPPROTO_QUIC), &a.sa, addr_len(&a)) ||
	    quic_listener(family, "hold", &a) < 0)
		err(1, "family %d", family);
}

static void pair(int family, size_t bytes)
{
	int listener, client;
	struct quic_reason r;
	union addr a;
	char *buf;

	listener = quic_listener(family, "hold", &a);
	client = quic_client(family, "hold");
	if (listener < 0 || client < 0)
		err(1, "family %d", family);
	if (connect(client, &a.sa, addr_len(&a))) {
		quic_reason(client, &r);
		err(1, "connect: %s", r.text);
	}
	if (accept(listener, NULL, NULL) < 0)
		err(1, "accept");
	buf = calloc(1, bytes + 1);
	if (bytes && quic_send(client, -1, NEW, buf, bytes, MSG_DONTWAIT) < 0)
		err(1, "send");
	free(buf);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		errx(2, "usage: hold idle|pair [BYTES]");
	if (!strcmp(argv[1], "idle")) {
		idle(AF_INET);
		idle(AF_INET6);
	} else {
		pair(AF_INET, argc > 2 ? atoi(argv[2]) : 0);
		pair(AF_INET6, argc > 2 ? atoi(argv[2]) : 0);
	}
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
