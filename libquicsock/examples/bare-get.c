// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bare-get - fetch a file with nothing but socket calls
 *
 * usage: bare-get IPV4 PORT NAME PATH > FILE
 *
 * The request is "GET PATH", the answer the file and the end of the stream
 * (hq-interop). NAME is the name in the server's certificate. A control message
 * tells with which bytes the stream ends; the connection stays open.
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/quic.h>

static void fail(int fd, const char *what)
{
	struct quic_reason r = { .kind = QUIC_REASON_NONE };
	socklen_t len = sizeof(r);

	warn("%s", what);
	if (!getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_REASON, &r, &len) && *r.text)
		warnx("%s", r.text);
	exit(1);
}

static void set_string(int fd, int name, const char *value)
{
	if (setsockopt(fd, SOL_QUIC, name, value, strlen(value)))
		fail(fd, "setsockopt");
}

/* Like recv(2), and whether the stream ends with these bytes. */
static ssize_t receive(int fd, void *buf, size_t len, int *end)
{
	char control[CMSG_SPACE(sizeof(struct quic_stream_info))]
		__attribute__((aligned(8)));
	struct iovec iov = { buf, len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &msg, 0);
	struct quic_stream_info *info;

	if (n < 0)
		fail(fd, "recvmsg");
	if (!CMSG_FIRSTHDR(&msg))
		errx(1, "the server closed too early");
	info = (void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
	*end = !!(info->stream_flags & MSG_QUIC_STREAM_FIN);
	return n;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	char buf[65536];
	ssize_t n;
	int fd, end;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
		errx(2, "usage: bare-get IPV4 PORT NAME PATH > FILE");
	to.sin_port = htons(atoi(argv[2]));

	fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_QUIC);
	if (fd < 0)
		err(1, "socket (is quicsock.ko loaded?)");
	set_string(fd, QUIC_SOCKOPT_ALPN, "hq-interop");
	set_string(fd, QUIC_SOCKOPT_SERVER_NAME, argv[3]);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		fail(fd, "connect");

	n = snprintf(buf, sizeof(buf), "GET %s\r\n", argv[4]);
	if (send(fd, buf, n, MSG_QUIC_STREAM_NEW | MSG_QUIC_STREAM_FIN) != n)
		fail(fd, "send");
	do {
		n = receive(fd, buf, sizeof(buf), &end);
		if (write(STDOUT_FILENO, buf, n) != n)
			err(1, "write");
	} while (!end);
	return close(fd);
}
