// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * echo-server - send back what comes, stream by stream: echo-server PORT
 *
 * One process per connection. Streams need no table here: every piece goes back
 * on the stream that it came from, with its FIN. quicd holds the certificate.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <quicsock.h>

static int echo(int fd)
{
	char buf[65536];
	unsigned int flags;
	int64_t sid;
	ssize_t n;

	for (;;) {
		flags = 0;
		n = quicsock_recv(fd, buf, sizeof(buf), &sid, &flags);
		if (n < 0)
			return -1;
		flags &= MSG_QUIC_STREAM_FIN;
		if (!n && !flags)
			return 0;	/* the client closed */
		if (sid < 0 || (sid & QUIC_STREAM_TYPE_UNI_MASK))
			continue;	/* no way back */
		if (quicsock_send_all(fd, buf, n, sid, flags))
			return -1;
	}
}

int main(int argc, char **argv)
{
	char why[QUICSOCK_TEXT_SIZE];
	struct quicsock_opts opts = {
		.size = sizeof(opts), .alpn = "echo",
		.reason = why, .reason_size = sizeof(why),
	};
	int listener, fd;

	if (argc != 2)
		errx(2, "usage: echo-server PORT");
	signal(SIGCHLD, SIG_IGN);	/* children leave no zombies */
	listener = quicsock_listen(NULL, argv[1], &opts);
	if (listener < 0)
		errx(1, "%s", why);
	for (;;) {
		fd = quicsock_accept(listener, 0);
		if (fd < 0 && errno != EINTR)
			err(1, "accept");
		if (fd < 0)
			continue;
		if (fork() == 0) {
			close(listener);
			if (echo(fd))
				warnx("%s", quicsock_explain(fd, errno, why,
							     sizeof(why)));
			exit(quicsock_close(fd, 0, NULL));
		}
		close(fd);
	}
}
