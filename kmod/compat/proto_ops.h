/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls of struct proto and struct proto_ops whose arguments differ:
 *  - accept() takes flags and a result in one struct from 6.10 on;
 *  - ioctl() of a protocol gets kernel memory from 6.5 on, and the generic code
 *    copies the result out;
 *  - sendpage() went in 6.5, and one of the flags that it gets;
 *  - splice_eof() came in 6.5; Debian's 6.1 has it beside sendpage();
 *  - later than 6.1 struct proto tells where a socket's IPv6 part is;
 *  - bind() and connect() take struct sockaddr_unsized in 7.x.
 */
#ifndef QUIC_COMPAT_PROTO_OPS_H
#define QUIC_COMPAT_PROTO_OPS_H

#include <linux/net.h>
#include <linux/uaccess.h>
#include <net/sock.h>

#ifdef HAVE_PROTO_ACCEPT_ARG
#define QUIC_ACCEPT_ARGS	struct proto_accept_arg *arg
#define quic_accept_flags()	(arg->flags)
#else
#define QUIC_ACCEPT_ARGS	int flags, bool kern
#define quic_accept_flags()	(flags)
#endif

#ifdef HAVE_PROTO_IOCTL_KARG
typedef int *quic_ioctl_arg;
static inline int quic_ioctl_answer(quic_ioctl_arg arg, int value)
{
	*arg = value;
	return 0;
}
#else
typedef unsigned long quic_ioctl_arg;
static inline int quic_ioctl_answer(quic_ioctl_arg arg, int value)
{
	return put_user(value, (int __user *)arg);
}
#endif

#ifdef HAVE_SENDPAGE
#define QUIC_OPS_SENDPAGE(fn)	.sendpage = fn,
#else
#define QUIC_OPS_SENDPAGE(fn)
#endif

#ifndef MSG_SENDPAGE_NOTLAST
#define MSG_SENDPAGE_NOTLAST	0x20000
#endif

#ifdef HAVE_PROTO_OPS_SPLICE_EOF
#define QUIC_OPS_SPLICE_EOF(fn)	.splice_eof = fn,
#else
#define QUIC_OPS_SPLICE_EOF(fn)
#endif

#ifdef HAVE_PROTO_IPV6_PINFO_OFFSET
#define QUIC_PROTO_IPV6_PINFO(type, member) .ipv6_pinfo_offset = offsetof(type, member),
#else
#define QUIC_PROTO_IPV6_PINFO(type, member)
#endif

#ifdef HAVE_SOCKADDR_UNSIZED
typedef struct sockaddr_unsized quic_sockaddr;
#else
typedef struct sockaddr quic_sockaddr;
#endif

#endif /* QUIC_COMPAT_PROTO_OPS_H */
