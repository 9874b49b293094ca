// SPDX-License-Identifier: GPL-2.0
/*
 * h09 - HTTP/0.9 on the streams of one connection
 *
 * A request is a line on a bidirectional stream of its own: "GET /path" is answered
 * by the file and the end of the stream; "PUT /name" is followed by bytes, which are
 * counted and forgotten, and answered by "OK BYTES". What begins with /bulk/ is made
 * up: "GET /bulk/N" gives N bytes of a pattern; neither end hashes it, nor "PUT /bulk".
 *
 * What is sent lies still until the stream is gone: files are mapped, the rest is in
 * struct stream. So libngtcp2 may come back to any of it, and nothing is copied here.
 * Streams take turns, a packet each.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "peer.h"

#define BULK		"/bulk/"
#define BULK_PATTERN	65536
#define PUT_PATH	"put:"

/* Application error codes, as quicserve has them. */
enum { H09_NOT_FOUND = 1, H09_BAD_REQUEST = 2 };

static const uint8_t *bulk_pattern(void)
{
	static uint8_t pattern[BULK_PATTERN];
	unsigned int i;

	for (i = 0; !pattern[1] && i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 2654435761u >> 24 | 1);
	return pattern;
}

static bool is_bulk(const char *path)
{
	return !strncmp(path, BULK, strlen(BULK)) || !strcmp(path, "/bulk");
}

static void set_bulk(struct stream *s, uint64_t size)
{
	s->body = bulk_pattern();
	s->wrap = BULK_PATTERN;
	s->body_len = size;
}

/* --- the ring of streams --- */

struct stream *h09_add_stream(struct conn *c, int64_t id)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->id = id;
	s->began = now_ns();
	s->next = c->streams ? c->streams : s;
	s->prev = c->streams ? c->streams->prev : s;
	s->next->prev = s;
	s->prev->next = s;
	c->streams = s;
	return s;
}

void h09_free_stream(struct conn *c, struct stream *s)
{
	s->next->prev = s->prev;
	s->prev->next = s->next;
	if (c->streams == s)
		c->streams = s->next == s ? NULL : s->next;
	if (s->map_len)
		munmap((void *)(uintptr_t)s->body, s->map_len);
	if (s->hash)
		gnutls_hash_deinit(s->hash, NULL);
	free(s);
}

struct stream *h09_next(struct conn *c)
{
	struct stream *s = c->streams;

	if (!s)
		return NULL;
	do {
		if (s->sending && !s->blocked &&
		    (!s->fin_held || s->sent < s->head_len + s->body_len))
			return s;
		s = s->next;
	} while (s != c->streams);
	return NULL;
}

size_t h09_pieces(const struct stream *s, ngtcp2_vec v[2], bool *fin)
{
	uint64_t at = s->sent, left;
	size_t n = 0;

	if (at < s->head_len) {
		v[n].base = (uint8_t *)(uintptr_t)s->head + at;
		v[n++].len = s->head_len - at;
		at = s->head_len;
	}
	at -= s->head_len;
	for (; n < 2 && at < s->body_len; at += left) {
		left = s->wrap - at % s->wrap;
		if (left > s->body_len - at)
			left = s->body_len - at;
		v[n].base = (uint8_t *)(uintptr_t)s->body + at % s->wrap;
		v[n++].len = left;
	}
	*fin = at == s->body_len && !s->fin_held;
	return n;
}

void h09_advance(struct conn *c, struct stream *s, size_t len, bool fin)
{
	uint64_t before = s->sent > s->head_len ? s->sent - s->head_len : 0;
	uint64_t after;

	s->sent += len;
	after = s->sent > s->head_len ? s->sent - s->head_len : 0;
	if (c->peer->o.server)
		c->bytes += after - before;
	if (fin && s->sent == s->head_len + s->body_len) {
		s->fin_sent = true;
		s->sending = false;
	}
	c->streams = s->next;
}

void h09_acked(struct stream *s, uint64_t end)
{
	if (end >= s->head_len + s->body_len)
		s->fin_held = false;
}

/* --- the client --- */

static unsigned int wanted(const struct conn *c)
{
	return c->peer->o.num_paths * c->peer->o.repeat;
}

bool h09_done(const struct conn *c)
{
	return c->over == wanted(c);
}

static void ask(struct conn *c, struct stream *s, const char *path)
{
	const struct options *o = &c->peer->o;
	uint64_t size = o->bulk_put;
	int n;

	if (!strncmp(path, PUT_PATH, strlen(PUT_PATH))) {
		size = options_number(path + strlen(PUT_PATH), path);
		path = "bulk";	/* a plain name: quicserve stores it */
	}
	s->path = path;
	s->put = size;
	n = snprintf(s->head, sizeof(s->head), "%s %s%s\r\n", s->put ? "PUT" : "GET",
		     *path == '/' ? "" : "/", path);
	s->head_len = (size_t)n;
	if (s->put)
		set_bulk(s, size);
	else if (!is_bulk(path) && gnutls_hash_init(&s->hash, GNUTLS_DIG_SHA256))
		errx(EXIT_FAILED, "no SHA-256");
	s->fin_held = o->late_fin;
	s->sending = true;
}

void h09_ask(struct conn *c)
{
	const struct options *o = &c->peer->o;
	struct stream *s;
	int64_t id;

	while (c->next_fetch < wanted(c) && c->num_streams < o->streams) {
		if (ngtcp2_conn_open_bidi_stream(c->qc, &id, NULL))
			return;		/* the peer allows no more for now */
		s = h09_add_stream(c, id);
		if (!s)
			errx(EXIT_FAILED, "memory");
		ngtcp2_conn_set_stream_user_data(c->qc, id, s);
		ask(c, s, o->paths[c->next_fetch++ % o->num_paths]);
		c->num_streams++;
	}
}

static void fetch_over(struct conn *c, struct stream *s, const char *error)
{
	unsigned long long got;

	if (s->over)
		return;
	s->over = true;
	if (!error && s->put && (sscanf(s->line, "OK %llu", &got) != 1 || got != s->body_len))
		error = "the server did not take all";
	if (s->put)
		s->bytes = s->body_len;
	c->over++;
	c->bytes += s->bytes;
	report_transfer(c, s, error);
}

void h09_given_up(struct conn *c, struct stream *s)
{
	s->over = true;
	c->over++;
	c->bytes += s->bytes;
	h09_ask(c);
}

static void client_data(struct conn *c, struct stream *s, const uint8_t *data, size_t len, bool fin)
{
	size_t room = sizeof(s->line) - 1 - s->line_len;

	if (s->put) {
		memcpy(s->line + s->line_len, data, len < room ? len : room);
		s->line_len += len < room ? len : room;
	}
	s->bytes += len;
	if (s->hash)
		gnutls_hash(s->hash, data, len);
	if (fin && !s->stopped)
		fetch_over(c, s, NULL);
}

/* --- the server --- */

struct stream *h09_opened(struct conn *c, int64_t id)
{
	c->requests++;
	return h09_add_stream(c, id);
}

static void refuse(struct conn *c, struct stream *s, uint64_t code)
{
	s->over = true;
	ngtcp2_conn_shutdown_stream(c->qc, 0, s->id, code);
}

/* Map a file beneath the directory. Return: 0 or -1. */
static int map_file(struct stream *s, int dirfd, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	struct stat st;
	void *map = NULL;
	int fd;

	fd = (int)syscall(SYS_openat2, dirfd, path + strspn(path, "/"), &how, sizeof(how));
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		map = MAP_FAILED;
	else if (st.st_size)
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return -1;
	s->body = map;
	s->map_len = (size_t)st.st_size;
	s->wrap = s->map_len;
	s->body_len = s->map_len;
	return 0;
}

static void answer_get(struct conn *c, struct stream *s)
{
	s->over = true;
	if (is_bulk(s->path))
		set_bulk(s, strtoull(s->path + strlen(BULK) - 1 + (s->path[5] == '/'), NULL, 10));
	else if (map_file(s, c->peer->dirfd, s->path))
		return refuse(c, s, H09_NOT_FOUND);
	s->sending = true;
}

static void answer_put(struct conn *c, struct stream *s)
{
	int n = snprintf(s->head, sizeof(s->head), "OK %llu\r\n", (unsigned long long)s->bytes);

	s->head_len = (size_t)n;
	s->over = true;
	s->sending = true;
	report_transfer(c, s, NULL);
}

/* The line is complete. */
static void on_line(struct conn *c, struct stream *s)
{
	s->line[strcspn(s->line, "\r\n")] = '\0';
	if (strncmp(s->line, "GET /", 5) && strncmp(s->line, "PUT /", 5))
		return refuse(c, s, H09_BAD_REQUEST);
	s->path = s->line + 4;
	s->put = *s->line == 'P';
	if (!s->put)
		return answer_get(c, s);
	if (!is_bulk(s->path))
		gnutls_hash_init(&s->hash, GNUTLS_DIG_SHA256);
}

static void server_data(struct conn *c, struct stream *s, const uint8_t *data, size_t len, bool fin)
{
	const uint8_t *nl;
	size_t take;

	if (s->over)
		return;
	if (!s->path) {
		nl = len ? memchr(data, '\n', len) : NULL;
		take = nl ? (size_t)(nl - data) + 1 : len;
		if (take >= sizeof(s->line) - s->line_len)
			return refuse(c, s, H09_BAD_REQUEST);
		if (take)
			memcpy(s->line + s->line_len, data, take);
		s->line_len += take;
		if (nl || fin)
			on_line(c, s);
		data += take;
		len -= take;
	}
	if (!s->put || s->over)
		return;
	s->bytes += len;
	if (s->hash)
		gnutls_hash(s->hash, data, len);
	if (fin)
		answer_put(c, s);
}

void h09_peer_reset(struct stream *s)
{
	if (s->over)
		return;
	s->over = true;
	s->sending = true;	/* no answer, but its end */
}

/* --- both --- */

void h09_data(struct conn *c, struct stream *s, const uint8_t *data, size_t len, bool fin)
{
	if (c->peer->o.server)
		server_data(c, s, data, len, fin);
	else
		client_data(c, s, data, len, fin);
}

void h09_closed(struct conn *c, struct stream *s, int64_t code)
{
	char text[64] = "the stream ended early";

	if (s->stopped)
		report_early(c, s, "stopped by the peer", code);
	if (!c->peer->o.server) {
		if (code >= 0)
			snprintf(text, sizeof(text), "the server %s the stream, code %lld",
				 s->stopped ? "stopped" : "reset", (long long)code);
		fetch_over(c, s, text);
		c->num_streams--;
	}
	h09_free_stream(c, s);
}
