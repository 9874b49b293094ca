// SPDX-License-Identifier: GPL-2.0
/*
 * greet - h09peer --greetings: unidirectional streams, opened by both ends
 *
 * Each side opens N of them. The Kth, from 1, carries the line "greeting K from client"
 * (or "server") K % 50 + 1 times, and its end; the other side knows what has to come.
 * The peer may open GREET_STREAMS at once, one more for each that is gone, so that
 * more of them need MAX_STREAMS.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "peer.h"

#define REPEATED	50

static size_t words_of(char *to, size_t size, int64_t id)
{
	unsigned int k = (unsigned int)(id >> 2) + 1, i;
	size_t n = 0;

	for (i = 0; i <= k % REPEATED && n < size; i++)
		n += (size_t)snprintf(to + n, size - n, "greeting %u from %s\n", k,
				      id & 1 ? "server" : "client");
	return n < size ? n : size;
}

void greet_all(struct conn *c)
{
	struct stream *s;
	int64_t id;

	while (c->greetings_out < c->peer->o.greetings) {
		if (ngtcp2_conn_open_uni_stream(c->qc, &id, NULL))
			return;		/* the peer allows no more for now */
		s = h09_add_stream(c, id);
		if (!s)
			errx(EXIT_FAILED, "memory");
		ngtcp2_conn_set_stream_user_data(c->qc, id, s);
		s->head_len = words_of(s->head, sizeof(s->head), id);
		s->sending = true;
		c->greetings_out++;
	}
}

void greet_data(struct conn *c, struct stream *s, const uint8_t *data, size_t len, bool fin)
{
	char want[LINE_MAX_BYTES];

	if (len > sizeof(s->line) - s->line_len)
		len = sizeof(s->line) - s->line_len;	/* longer than any; not equal to one */
	if (len)
		memcpy(s->line + s->line_len, data, len);
	s->line_len += len;
	if (!fin || s->over)
		return;
	s->over = true;
	if (s->line_len == words_of(want, sizeof(want), s->id) &&
	    !memcmp(s->line, want, s->line_len))
		c->greetings_in++;
	else
		snprintf(c->error, sizeof(c->error), "the greeting on stream %lld is wrong",
			 (long long)s->id);
}

void greet_closed(struct conn *c, struct stream *s, int64_t code)
{
	bool ours = ngtcp2_conn_is_local_stream(c->qc, s->id);

	c->greetings_over += ours && code < 0 && s->fin_sent;
	if (!*c->error && c->state == CONN_ACTIVE && (code >= 0 || (!ours && !s->over)))
		snprintf(c->error, sizeof(c->error), "the greeting on stream %lld ended early",
			 (long long)s->id);
	h09_free_stream(c, s);
}

bool greet_done(const struct conn *c)
{
	unsigned int n = c->peer->o.greetings;

	return *c->error || (c->greetings_over == n && c->greetings_in == n);
}
