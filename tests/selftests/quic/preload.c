// SPDX-License-Identifier: GPL-2.0
/*
 * preload.so - a program's TCP sockets become QUIC sockets: LD_PRELOAD=preload.so
 * PROGRAM. The protocol in socket(2) is all that changes; what the program makes
 * of the socket it makes of QUIC. See quic(7), SOCK_STREAM.
 */
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/quic.h>

int socket(int domain, int type, int protocol)
{
	int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);

	if ((domain == AF_INET || domain == AF_INET6) && kind == SOCK_STREAM &&
	    (!protocol || protocol == IPPROTO_TCP))
		protocol = IPPROTO_QUIC;
	return (int)syscall(SYS_socket, domain, type, protocol);
}
