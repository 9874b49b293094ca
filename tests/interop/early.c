// SPDX-License-Identifier: GPL-2.0
/*
 * early - h09peer --stop-after, --reset-after: streams that end before they are whole
 *
 * It is the first request of a connection, on stream 0: what comes there is stopped
 * (STOP_SENDING), or what goes there is reset (RESET_STREAM), after so many bytes. To
 * a client that request is over then, and no failure. What the other end does of the
 * kind, on any stream, is said as well. The connection goes on.
 */
#include "peer.h"

/* Application error codes: to be seen at the other end. */
enum { EARLY_STOPPED = 0x51, EARLY_RESET = 0x52 };

static struct stream *first_request(struct conn *c)
{
	struct stream *s = c->streams;

	if (!s)
		return NULL;
	do {
		if (!s->id)
			return s;
		s = s->next;
	} while (s != c->streams);
	return NULL;
}

/* Bytes of a body are still to come. */
static bool receives(const struct conn *c, const struct stream *s)
{
	return !s->over && s->put == c->peer->o.server;
}

void early_run(struct conn *c)
{
	const struct options *o = &c->peer->o;
	struct stream *s;

	if (!o->stop_after && !o->reset_after)
		return;
	s = first_request(c);
	if (!s || s->early)
		return;
	if (o->stop_after && receives(c, s) && s->bytes >= o->stop_after) {
		s->early = true;
		report_early(c, s, "stopped", EARLY_STOPPED);
		ngtcp2_conn_shutdown_stream_read(c->qc, 0, s->id, EARLY_STOPPED);
	} else if (o->reset_after && s->sending && s->sent >= o->reset_after) {
		s->early = true;
		s->sending = false;
		report_early(c, s, "reset", EARLY_RESET);
		ngtcp2_conn_shutdown_stream_write(c->qc, 0, s->id, EARLY_RESET);
	}
	if (s->early && !o->server)
		h09_given_up(c, s);
}
