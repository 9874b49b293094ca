// SPDX-License-Identifier: LGPL-2.1-or-later
/* hello - say hello to an echo server over QUIC: hello HOST PORT */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <quicsock.h>

int main(int argc, char **argv)
{
	char why[QUICSOCK_TEXT_SIZE], buf[4096];
	struct quicsock_opts opts = { .size = sizeof(opts), .alpn = "echo",
		.reason = why, .reason_size = sizeof(why) };
	unsigned int flags = 0;
	ssize_t n;
	int fd;

	if (argc != 3)
		errx(2, "usage: hello HOST PORT");
	fd = quicsock_connect(argv[1], argv[2], &opts);
	if (fd < 0)
		errx(1, "%s", why);
	n = quicsock_send(fd, "hello, kernel\n", 14, -1,
			  MSG_QUIC_STREAM_NEW | MSG_QUIC_STREAM_FIN);
	while (n > 0 && !(flags & MSG_QUIC_STREAM_FIN)) {
		n = quicsock_recv(fd, buf, sizeof(buf), NULL, &flags);
		fwrite(buf, 1, n > 0 ? n : 0, stdout);
	}
	if (n < 0)
		errx(1, "%s", quicsock_explain(fd, errno, why, sizeof(why)));
	return quicsock_close(fd, 0, NULL);
}
