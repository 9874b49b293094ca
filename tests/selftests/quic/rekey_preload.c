// SPDX-License-Identifier: GPL-2.0
/*
 * rekey_preload.so - a program asks for key updates as it goes: LD_PRELOAD=
 * rekey_preload.so PROGRAM. Before each message that it sends or receives on a QUIC
 * socket the keys are to be updated; the kernel refuses while an update is under way
 * and waits as the RFC says, so that they are as often as they may.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <linux/quic.h>

static void update_keys(int fd)
{
	int saved = errno;

	/* other sockets, and an update under way, say what they have to say */
	setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_KEY_UPDATE, NULL, 0);
	errno = saved;
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	static ssize_t (*real)(int, const struct msghdr *, int);

	if (!real)
		real = (ssize_t (*)(int, const struct msghdr *, int))dlsym(RTLD_NEXT, "sendmsg");
	update_keys(fd);
	return real(fd, msg, flags);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	static ssize_t (*real)(int, struct msghdr *, int);

	if (!real)
		real = (ssize_t (*)(int, struct msghdr *, int))dlsym(RTLD_NEXT, "recvmsg");
	update_keys(fd);
	return real(fd, msg, flags);
}
