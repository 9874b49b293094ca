// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bare-serve - serve one file with nothing but socket calls
 *
 * usage: bare-serve PORT FILE
 *
 * Whatever a stream asks for, it gets the file and the end of the stream
 * (hq-interop). Shows the control message that names the stream. One client at a
 * time; quicd holds the certificate.
 */
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/quic.h>

#define CONTROL	CMSG_SPACE(sizeof(struct quic_stream_info))

static void serve(int fd, void *file, size_t size)
{
	char line[2048], control[CONTROL] __attribute__((aligned(8)));
	struct iovec in = { line, sizeof(line) }, out = { file, size };
	struct quic_stream_info *info;
	struct msghdr msg;
	ssize_t n;

	for (;;) {
		msg = (struct msghdr){
			.msg_iov = &in, .msg_iovlen = 1,
			.msg_control = control, .msg_controllen = CONTROL,
		};
		n = recvmsg(fd, &msg, 0);
		if (n < 0 || !CMSG_FIRSTHDR(&msg))
			return;		/* closed */
		info = (void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
		if (!(info->stream_flags & MSG_QUIC_STREAM_FIN))
			continue;	/* the answer follows the request's end */

		/* Same control message back: same stream, and FIN. */
		msg.msg_iov = &out;
		msg.msg_flags = 0;
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
		if (n != (ssize_t)size)
			warn("sent %zd of %zu bytes", n, size);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct stat st;
	void *map;
	int fd, listener;

	if (argc != 3)
		errx(2, "usage: bare-serve PORT FILE");
	fd = open(argv[2], O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", argv[2]);
	map = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		err(1, "%s", argv[2]);
	at.sin_port = htons(atoi(argv[1]));

	listener = socket(AF_INET, SOCK_DGRAM, IPPROTO_QUIC);
	if (listener < 0)
		err(1, "socket (is quicsock.ko loaded?)");
	if (setsockopt(listener, SOL_QUIC, QUIC_SOCKOPT_ALPN, "hq-interop", 10) ||
	    bind(listener, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(listener, 16))
		err(1, "listen");
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		serve(fd, map, st.st_size);
		close(fd);
	}
	err(1, "accept");
}
