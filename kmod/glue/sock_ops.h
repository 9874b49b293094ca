/* SPDX-License-Identifier: GPL-2.0 */
/* The socket calls, shared by sock_calls.c, sock_poll.c, sock_send.c, sock_recv.c, proto.c. */
#ifndef QUIC_SOCK_OPS_H
#define QUIC_SOCK_OPS_H

#include <linux/poll.h>

#include "glue.h"
#include "../compat/proto_ops.h"

extern const struct proto_ops quic_ops;
extern const struct proto_ops quicv6_ops;

int quic_bind(struct socket *sock, quic_sockaddr *uaddr, int len);
int quic_connect(struct socket *sock, quic_sockaddr *uaddr, int len, int flags);
int quic_listen(struct socket *sock, int backlog);
int quic_accept(struct socket *sock, struct socket *newsock, QUIC_ACCEPT_ARGS);
int quic_getname(struct socket *sock, struct sockaddr *uaddr, int peer);
__poll_t quic_poll(struct file *file, struct socket *sock, poll_table *wait);
int quic_shutdown(struct socket *sock, int how);
int quic_ioctl(struct sock *sk, int cmd, quic_ioctl_arg arg);
void quic_close(struct sock *sk, long timeout);

/* QUIC_SOCKOPT_STREAM_OPEN: lock held, may wait; @info: in and out. */
int quic_stream_open_wait(struct sock *sk, struct quic_stream_info *info);

/* QUIC_SOCKOPT_CONNECTION_MIGRATION: lock held, may sleep; @val: a socket address. */
int quic_migrate(struct sock *sk, const void *val, u32 len);

/* sock_dgram.c: lock held. */
int quic_dgram_send(struct sock *sk, struct msghdr *msg);
int quic_dgram_recv(struct sock *sk, struct msghdr *msg, size_t room, int flags);
void quic_dgram_discard(struct sock *sk);
u64 quic_dgram_unread(const struct sock *sk);
void quic_dgram_forget_wish(struct sock *sk);
/* Without the lock too: is nobody waiting to send a datagram, or has he room? */
bool quic_dgram_writeable(const struct sock *sk);

/*
 * lend.c: queue a piece of @msg by reference, if it is in pages. Lock held, process. Return:
 * bytes; 0: they are to be copied; -ENOMEM; -EPIPE.
 */
ssize_t quic_lend_piece(struct sock *sk, struct quic_stream *stream, struct msghdr *msg);
ssize_t quic_sendpage(struct socket *sock, struct page *page, int offset, size_t size, int flags);

/* MSG_MORE held something back and nothing follows: send it. */
void quic_send_push(struct sock *sk);

#endif /* QUIC_SOCK_OPS_H */
