// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * serve_request.c - requests of one connection of quicserve, and their files
 *
 * Pieces of requests of several streams may arrive mixed, so each stream has an
 * entry until its request is done; answers are sent one after the other, in the
 * order in which requests are complete. The number of entries is bounded by the
 * streams that the kernel lets the client open.
 *
 * No path leaves the directory: openat2(2) resolves beneath it and follows no
 * magic links. An upload replaces a file only when it is complete.
 *
 * It knows no indexes, ranges or types.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "serve_request.h"

/**
 * struct request - a stream whose request is not complete
 * @next: in the list of its connection
 * @sid: the stream
 * @line: request line so far, then its path
 * @len: bytes of it
 * @answered: GET: the file was sent; what is missing is the request's end
 * @out: PUT: file being written, -1 none yet
 * @bytes: PUT: written
 */
struct request {
	struct request	*next;
	int64_t		sid;
	char		line[HQ_LINE_MAX];
	size_t		len;
	int		answered;
	int		out;
	uint64_t	bytes;
};

static int open_beneath(int dirfd, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.mode = flags & O_CREAT ? 0666 : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};

	path += strspn(path, "/");
	return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

static struct request *get_request(struct conn *c, int64_t sid)
{
	struct request *r;

	for (r = c->list; r; r = r->next)
		if (r->sid == sid)
			return r;
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->sid = sid;
	r->out = -1;
	r->next = c->list;
	c->list = r;
	c->requests++;
	return r;
}

static void part_path(const struct request *r, char *buf, size_t size)
{
	const char *path = r->line + strspn(r->line, "/");

	snprintf(buf, size, "%s.part", path);
}

static void drop_request(struct conn *c, struct request *r)
{
	char part[HQ_LINE_MAX + 8];
	struct request **p;

	for (p = &c->list; *p != r; p = &(*p)->next)
		;
	*p = r->next;
	if (r->out >= 0) {	/* incomplete */
		close(r->out);
		part_path(r, part, sizeof(part));
		unlinkat(c->srv->dirfd, part, 0);
	}
	free(r);
}

static void refuse(struct conn *c, struct request *r, uint64_t code)
{
	c->failed++;
	quicsock_reset(c->fd, r->sid, code);
	quicsock_stop(c->fd, r->sid, code);
	drop_request(c, r);
}

/* Return: 0, or -1 when the file or the stream ended early. */
static int send_file(struct conn *c, int in, uint64_t size, int64_t sid)
{
	uint64_t left = size;
	ssize_t n;

	if (!size)
		return quicsock_send_all(c->fd, NULL, 0, sid,
					 MSG_QUIC_STREAM_FIN);
	while (left) {
		n = read(in, c->buf, left < HQ_PIECE ? left : HQ_PIECE);
		if (n <= 0)
			return -1;	/* it shrank */
		left -= (uint64_t)n;
		if (quicsock_send_all(c->fd, c->buf, (size_t)n, sid,
				      left ? 0 : MSG_QUIC_STREAM_FIN))
			return -1;
		c->bytes_out += (uint64_t)n;
	}
	return 0;
}

static void answer_get(struct conn *c, struct request *r, int end)
{
	struct stat st;
	int in, bad;

	in = open_beneath(c->srv->dirfd, r->line, O_RDONLY | O_NONBLOCK);
	if (in < 0) {
		refuse(c, r, HQ_NOT_FOUND);
		return;
	}
	if (fstat(in, &st) || !S_ISREG(st.st_mode)) {
		close(in);
		refuse(c, r, HQ_DENIED);
		return;
	}
	bad = send_file(c, in, (uint64_t)st.st_size, r->sid);
	close(in);
	c->last = now_s();
	if (bad)
		refuse(c, r, HQ_STORAGE);
	else if (end)
		drop_request(c, r);
	else
		r->answered = 1;
}

static int store(struct conn *c, struct request *r, const char *buf, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(r->out, buf, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		buf += n;
		len -= (size_t)n;
		r->bytes += (uint64_t)n;
		c->bytes_in += (uint64_t)n;
	}
	c->last = now_s();
	return 0;
}

static void finish_put(struct conn *c, struct request *r)
{
	const char *path = r->line + strspn(r->line, "/");
	char part[HQ_LINE_MAX + 8], line[64];
	int n;

	part_path(r, part, sizeof(part));
	if (close(r->out) ||
	    renameat(c->srv->dirfd, part, c->srv->dirfd, path)) {
		r->out = -1;
		unlinkat(c->srv->dirfd, part, 0);
		refuse(c, r, HQ_STORAGE);
		return;
	}
	r->out = -1;
	n = snprintf(line, sizeof(line), "OK %llu\r\n",
		     (unsigned long long)r->bytes);
	if (quicsock_send_all(c->fd, line, (size_t)n, r->sid,
			      MSG_QUIC_STREAM_FIN))
		c->failed++;
	drop_request(c, r);
}

/* Begin a PUT: only plain names, so that rename stays in the directory. */
static int begin_put(struct conn *c, struct request *r)
{
	const char *path = r->line + strspn(r->line, "/");
	char part[HQ_LINE_MAX + 8];

	if (!c->srv->upload || !*path || strchr(path, '/') ||
	    !strcmp(path, ".") || !strcmp(path, ".."))
		return -1;
	part_path(r, part, sizeof(part));
	r->out = open_beneath(c->srv->dirfd, part,
			      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
	return r->out < 0 ? -1 : 0;
}

/* A complete line: the verb decides. What follows it belongs to a PUT. */
static void on_line(struct conn *c, struct request *r, char *rest, size_t len,
		    int end)
{
	char verb = r->line[0];

	r->line[strcspn(r->line, "\r\n")] = '\0';
	if (strncmp(r->line, "GET /", 5) && strncmp(r->line, "PUT /", 5)) {
		refuse(c, r, HQ_BAD_REQUEST);
		return;
	}
	memmove(r->line, r->line + 4, strlen(r->line + 4) + 1);
	if (verb == 'G') {
		answer_get(c, r, end);
		return;
	}
	if (begin_put(c, r) || store(c, r, rest, len))
		refuse(c, r, HQ_DENIED);
	else if (end)
		finish_put(c, r);
}

void request_piece(struct conn *c, int64_t sid, size_t n, int end)
{
	struct request *r = get_request(c, sid);
	size_t take;
	char *nl;

	if (!r) {
		quicsock_reset(c->fd, sid, HQ_STORAGE);
		return;
	}
	if (r->answered) {	/* its end comes in a packet of its own */
		if (end)
			drop_request(c, r);
		return;
	}
	if (r->out >= 0) {	/* the body of a PUT */
		if (store(c, r, c->buf, n))
			refuse(c, r, HQ_STORAGE);
		else if (end)
			finish_put(c, r);
		return;
	}
	nl = memchr(c->buf, '\n', n);
	take = nl ? (size_t)(nl - c->buf) + 1 : n;
	if (take >= sizeof(r->line) - r->len) {
		refuse(c, r, HQ_BAD_REQUEST);
		return;
	}
	memcpy(r->line + r->len, c->buf, take);
	r->len += take;
	r->line[r->len] = '\0';
	if (nl || end)
		on_line(c, r, c->buf + take, n - take, end);
}

void request_drop_all(struct conn *c)
{
	while (c->list) {
		c->failed += !c->list->answered;
		drop_request(c, c->list);
	}
}
