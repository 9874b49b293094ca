// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * connect - from names to sockets
 *
 * Both ends look up their name, then try one address after the other. A client
 * goes on to the next address only after a failure that another address may
 * cure: silence, refusal, no route. A handshake that ended for a reason of its
 * own (certificate, ALPN, no daemon) would end so everywhere, and trying on
 * would hide the reason. A listener takes the first address that can be bound;
 * without a host that is the IPv6 wildcard, which also serves IPv4.
 *
 * Invariants: no descriptor is leaked on any path; errno at return is that of
 * the step that decided, and the caller's reason buffer holds its explanation.
 *
 * It does not race addresses against each other (RFC 8305): each attempt may
 * take the kernel's handshake time-out.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define DEFAULT_BACKLOG	128

typedef int (*attempt_fn)(int fd, const struct addrinfo *ai,
			  const struct quicsock_opts *o);

/* Options of any age as a complete structure. Return: 0, or -1 EINVAL. */
static int complete(struct quicsock_opts *o, const struct quicsock_opts *user)
{
	memset(o, 0, sizeof(*o));
	if (!user)
		return 0;
	if (user->size < offsetof(struct quicsock_opts, verify)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(o, user, user->size < sizeof(*o) ? user->size : sizeof(*o));
	return 0;
}

static void say(const struct quicsock_opts *o, const char *text)
{
	if (o->reason && o->reason_size)
		snprintf(o->reason, o->reason_size, "%s", text);
}

static void say_errno(const struct quicsock_opts *o, int fd, int err)
{
	char text[QUICSOCK_TEXT_SIZE];

	say(o, quicsock_explain(fd, err, text, sizeof(text)));
}

static void say_option(const struct quicsock_opts *o, const char *option, int err)
{
	char why[QUICSOCK_TEXT_SIZE], text[2 * QUICSOCK_TEXT_SIZE];

	quicsock_explain(-1, err, why, sizeof(why));
	snprintf(text, sizeof(text), "option %s refused: %s", option, why);
	say(o, text);
}

/* Errors of getaddrinfo(3) as errno, the words go to the reason. */
static int lookup_errno(int gai, const struct quicsock_opts *o, const char *host)
{
	char text[QUICSOCK_TEXT_SIZE];
	int err = errno;

	snprintf(text, sizeof(text), "look-up of %.128s: %s",
		 host ? host : "the local address",
		 gai == EAI_SYSTEM ? strerror(err) : gai_strerror(gai));
	say(o, text);
	switch (gai) {
	case EAI_SYSTEM:
		return err;
	case EAI_MEMORY:
		return ENOMEM;
	case EAI_SERVICE:
	case EAI_FAMILY:
	case EAI_BADFLAGS:
	case EAI_SOCKTYPE:
		return EINVAL;
	default:
		return EHOSTUNREACH;
	}
}

static int lookup(const char *host, const char *service, int flags,
		  const struct quicsock_opts *o, struct addrinfo **list)
{
	/* The protocol is ours: getaddrinfo() knows no number 261. */
	struct addrinfo hints = {
		.ai_flags = flags,
		.ai_family = o->family,
		.ai_socktype = SOCK_DGRAM,
	};
	int gai;

	if (!service) {
		say(o, "no port given");
		errno = EINVAL;
		return -1;
	}
	gai = getaddrinfo(host, service, &hints, list);
	if (!gai)
		return 0;
	errno = lookup_errno(gai, o, host);
	return -1;
}

/* May another address of the same host do better? */
static int worth_trying_on(int err)
{
	switch (err) {
	case EAFNOSUPPORT:
	case EADDRINUSE:
	case EADDRNOTAVAIL:
	case ECONNREFUSED:
	case EHOSTUNREACH:
	case ENETDOWN:
	case ENETUNREACH:
	case ETIMEDOUT:
		return 1;
	default:
		return 0;
	}
}

/* One address: a ready socket, or -1 with errno and the reason set. */
static int try_address(const struct addrinfo *ai, const struct quicsock_opts *o,
		       attempt_fn attempt)
{
	int type = SOCK_DGRAM | SOCK_CLOEXEC;
	const char *failed = NULL;
	int fd, err;

	if (o->flags & QUICSOCK_NONBLOCK)
		type |= SOCK_NONBLOCK;
	fd = socket(ai->ai_family, type, IPPROTO_QUIC);
	if (fd < 0) {
		err = errno;
		say_errno(o, -1, err);
	} else if (quicsock_apply_(fd, o, &failed)) {
		err = errno;
		say_option(o, failed, err);
	} else if (attempt(fd, ai, o)) {
		err = errno;
		say_errno(o, fd, err);
	} else {
		say(o, "");
		return fd;
	}
	if (fd >= 0)
		close(fd);
	errno = err;
	return -1;
}

static int try_list(const struct addrinfo *list, const struct quicsock_opts *o,
		    attempt_fn attempt)
{
	const struct addrinfo *ai;
	int fd = -1;

	for (ai = list; ai; ai = ai->ai_next) {
		fd = try_address(ai, o, attempt);
		if (fd >= 0 || !worth_trying_on(errno))
			break;
	}
	return fd;
}

static int do_connect(int fd, const struct addrinfo *ai,
		      const struct quicsock_opts *o)
{
	if (!connect(fd, ai->ai_addr, ai->ai_addrlen))
		return 0;
	return errno == EINPROGRESS && (o->flags & QUICSOCK_NONBLOCK) ? 0 : -1;
}

/* The name to verify: the host's, without the root's dot or an IPv6 scope. */
static void default_name(struct quicsock_opts *o, const char *host, char *buf,
			 size_t size)
{
	size_t len;

	if (o->server_name)
		return;
	snprintf(buf, size, "%s", host ? host : "localhost");
	len = strlen(buf);
	if (strchr(buf, ':'))
		buf[strcspn(buf, "%")] = '\0';
	else if (len > 1 && buf[len - 1] == '.')
		buf[len - 1] = '\0';
	o->server_name = buf;
}

int quicsock_connect(const char *host, const char *service,
		     const struct quicsock_opts *opts)
{
	char name[QUIC_SERVER_NAME_MAX + 2];
	struct addrinfo *list;
	struct quicsock_opts o;
	int fd, err;

	if (complete(&o, opts) || lookup(host, service, 0, &o, &list))
		return -1;
	default_name(&o, host, name, sizeof(name));
	if (o.flags & QUICSOCK_NONBLOCK)
		fd = try_address(list, &o, do_connect);
	else
		fd = try_list(list, &o, do_connect);
	err = errno;
	freeaddrinfo(list);
	errno = err;
	return fd;
}

int quicsock_connected(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int err = 0;

	switch (poll(&p, 1, 0)) {
	case 0:
		errno = EINPROGRESS;
		return -1;
	case -1:
		return -1;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len))
		return -1;
	if (!err)
		return 0;
	errno = err;
	return -1;
}

static int do_listen(int fd, const struct addrinfo *ai,
		     const struct quicsock_opts *o)
{
	const struct sockaddr_in6 *sin6 = (const void *)ai->ai_addr;
	int off = 0;

	/* The wildcard serves both families whatever the system's default. */
	if (ai->ai_family == AF_INET6 && o->family != AF_INET6 &&
	    IN6_IS_ADDR_UNSPECIFIED(&sin6->sin6_addr) &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)))
		return -1;
	if (bind(fd, ai->ai_addr, ai->ai_addrlen))
		return -1;
	return listen(fd, o->backlog > 0 ? o->backlog : DEFAULT_BACKLOG);
}

static int listen_on(const char *host, const char *service,
		     const struct quicsock_opts *o)
{
	struct addrinfo *list;
	int fd, err;

	if (lookup(host, service, AI_PASSIVE, o, &list))
		return -1;
	fd = try_list(list, o, do_listen);
	err = errno;
	freeaddrinfo(list);
	errno = err;
	return fd;
}

int quicsock_listen(const char *host, const char *service,
		    const struct quicsock_opts *opts)
{
	struct quicsock_opts o;
	int fd;

	if (complete(&o, opts))
		return -1;
	o.server_name = NULL;	/* a client's option */
	if (host || o.family)
		return listen_on(host, service, &o);
	fd = listen_on("::", service, &o);
	if (fd >= 0 || !worth_trying_on(errno) || errno == EADDRINUSE)
		return fd;
	return listen_on("0.0.0.0", service, &o);
}

int quicsock_accept(int fd, unsigned int flags)
{
	int type = SOCK_CLOEXEC;

	if (flags & QUICSOCK_NONBLOCK)
		type |= SOCK_NONBLOCK;
	return accept4(fd, NULL, NULL, type);
}
