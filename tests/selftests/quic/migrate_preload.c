// SPDX-License-Identifier: GPL-2.0
/*
 * migrate_preload.so - a program moves to other addresses as it goes: LD_PRELOAD=
 * migrate_preload.so QUIC_MOVE_TO="ADDRESS PORT [ADDRESS PORT]..." PROGRAM. After each
 * QUIC_MOVE_EVERY messages (20) that it sends or receives on a QUIC socket it wants to
 * be at the next of these addresses. Says "asked: ERRNO" on stderr for each, and
 * "moved to ADDRESS" when getsockname() says so.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/quic.h>

static union {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
} to, at;
static int asked;

/* The next address of the list. Return: there is one. */
static int next_address(void)
{
	static const char *list;
	char host[64];
	unsigned int port;
	int n;

	if (!list)
		list = getenv("QUIC_MOVE_TO");
	if (!list || sscanf(list, "%63s %u%n", host, &port, &n) != 2)
		return 0;
	list += n;
	memset(&to, 0, sizeof(to));
	to.v4.sin_port = htons(port);
	if (inet_pton(AF_INET, host, &to.v4.sin_addr) == 1)
		to.sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, host, &to.v6.sin6_addr) == 1)
		to.sa.sa_family = AF_INET6;
	return to.sa.sa_family != 0;
}

static void look_where(int fd)
{
	socklen_t len = sizeof(at);
	char text[64];

	if (!to.sa.sa_family || getsockname(fd, &at.sa, &len) ||
	    at.v4.sin_port != to.v4.sin_port)
		return;
	inet_ntop(at.sa.sa_family, at.sa.sa_family == AF_INET ? (void *)&at.v4.sin_addr :
		  (void *)&at.v6.sin6_addr, text, sizeof(text));
	fprintf(stderr, "moved to %s\n", text);
	to.sa.sa_family = 0;
	asked = 0;
}

static void move(int fd)
{
	static unsigned int calls;
	const char *every = getenv("QUIC_MOVE_EVERY");
	int saved = errno, proto = 0;
	socklen_t len = sizeof(proto);

	if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &proto, &len) || proto != IPPROTO_QUIC)
		goto out;
	look_where(fd);
	if (++calls % (every ? atoi(every) : 20) || asked ||
	    (!to.sa.sa_family && !next_address()))
		goto out;
	errno = 0;
	setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_CONNECTION_MIGRATION, &to,
		   to.sa.sa_family == AF_INET ? sizeof(to.v4) : sizeof(to.v6));
	if (errno == EAGAIN)	/* the move before is not over */
		goto out;
	fprintf(stderr, "asked: %d\n", errno);
	asked = !errno;
	if (errno)
		to.sa.sa_family = 0;
out:
	errno = saved;
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	static ssize_t (*real)(int, const struct msghdr *, int);

	if (!real)
		real = (ssize_t (*)(int, const struct msghdr *, int))dlsym(RTLD_NEXT, "sendmsg");
	move(fd);
	return real(fd, msg, flags);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	static ssize_t (*real)(int, struct msghdr *, int);

	if (!real)
		real = (ssize_t (*)(int, struct msghdr *, int))dlsym(RTLD_NEXT, "recvmsg");
	move(fd);
	return real(fd, msg, flags);
}
