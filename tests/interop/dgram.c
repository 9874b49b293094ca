// SPDX-License-Identifier: GPL-2.0
/*
 * dgram - h09peer --datagrams: DATAGRAM frames (RFC 9221), there and back
 *
 * A client sends N of them, each with its number and a pattern and of another length;
 * a server sends back whatever comes. The client compares, byte by byte, and knows
 * which ones it has had. No more than OUTSTANDING are on their way: what a link that
 * loses nothing could still lose is queues that are too short.
 *
 * What is lost is not sent again. A server's queue is bounded; what finds no room
 * there is dropped.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

#define OUTSTANDING	8
#define QUEUE		64
#define LONGEST		1100	/* bytes: they fit packets of 1200 */
#define SHORTEST	4	/* the number */

/**
 * struct dgrams - the datagrams of a connection
 * @next: client: the number of the next one to be sent
 * @back: client: those that came back as they were
 * @bad: came and were something else, or a second time
 * @echoed: server: sent back
 * @lost: client: libngtcp2 says so, and they have not come back all the same
 * @first: server: of the queue
 * @queued: server: number of them
 * @queue: server: what is to be sent back
 * @out: client: the one to be sent
 * @seen: client: which ones came back
 * @missing: client: which ones are in @lost
 */
struct dgrams {
	unsigned int	next;
	unsigned int	back;
	unsigned int	bad;
	unsigned int	echoed;
	unsigned int	lost;
	unsigned int	first;
	unsigned int	queued;
	struct {
		size_t	len;
		uint8_t	data[LONGEST];
	} queue[QUEUE];
	uint8_t		out[LONGEST];
	bool		*seen;
	bool		*missing;
};

/* Return: the length of the Nth. */
static size_t fill(uint8_t *to, unsigned int n)
{
	size_t len = SHORTEST + n * 97 % (LONGEST - SHORTEST + 1), i;

	for (i = 0; i < SHORTEST; i++)
		to[i] = (uint8_t)(n >> 8 * (SHORTEST - 1 - i));
	for (; i < len; i++)
		to[i] = (uint8_t)(n * 31 + i * 7);
	return len;
}

static struct dgrams *get(struct conn *c)
{
	if (!c->dgrams) {
		c->dgrams = calloc(1, sizeof(*c->dgrams));
		if (!c->dgrams)
			errx(EXIT_FAILED, "memory");
		c->dgrams->seen = calloc(c->peer->o.datagrams + 1, 1);
		c->dgrams->missing = calloc(c->peer->o.datagrams + 1, 1);
		if (!c->dgrams->seen || !c->dgrams->missing)
			errx(EXIT_FAILED, "memory");
	}
	return c->dgrams;
}

void dgram_free(struct conn *c)
{
	if (c->dgrams) {
		free(c->dgrams->seen);
		free(c->dgrams->missing);
	}
	free(c->dgrams);
}

/* --- in --- */

static void came_back(struct dgrams *d, const uint8_t *data, size_t len)
{
	uint8_t want[LONGEST];
	unsigned int n;

	n = len < SHORTEST ? d->next : (unsigned int)data[0] << 24 | data[1] << 16 |
				       data[2] << 8 | data[3];
	if (n >= d->next || d->seen[n] || len != fill(want, n) || memcmp(data, want, len)) {
		d->bad++;
		return;
	}
	d->seen[n] = true;
	d->lost -= d->missing[n];	/* it was only late */
	d->missing[n] = false;
	d->back++;
}

void dgram_received(struct conn *c, const uint8_t *data, size_t len)
{
	struct dgrams *d = get(c);
	unsigned int at = (d->first + d->queued) % QUEUE;

	if (!c->peer->o.server)
		return came_back(d, data, len);
	if (d->queued == QUEUE || len > LONGEST) {
		d->bad++;
		return;
	}
	memcpy(d->queue[at].data, data, len);
	d->queue[at].len = len;
	d->queued++;
}

void dgram_lost(struct conn *c, uint64_t n)
{
	struct dgrams *d = get(c);

	if (c->peer->o.server || n >= d->next || d->seen[n] || d->missing[n])
		return;
	d->missing[n] = true;
	d->lost++;
}

uint64_t dgram_id(const struct conn *c)
{
	return c->dgrams->next;
}

/* --- out --- */

bool dgram_next(struct conn *c, ngtcp2_vec *v)
{
	struct dgrams *d = c->dgrams;

	if (c->peer->o.server) {
		if (!d || !d->queued)
			return false;
		*v = (ngtcp2_vec){ d->queue[d->first].data, d->queue[d->first].len };
		return true;
	}
	if (!c->peer->o.datagrams || !c->connected)
		return false;
	d = get(c);
	if (d->next == c->peer->o.datagrams || d->next - d->back - d->lost >= OUTSTANDING)
		return false;
	*v = (ngtcp2_vec){ d->out, fill(d->out, d->next) };
	return true;
}

void dgram_sent(struct conn *c)
{
	struct dgrams *d = c->dgrams;

	if (!c->peer->o.server) {
		d->next++;
		return;
	}
	d->first = (d->first + 1) % QUEUE;
	d->queued--;
	d->echoed++;
}

/* --- both --- */

bool dgram_done(const struct conn *c)
{
	const struct dgrams *d = c->dgrams;

	return !c->peer->o.datagrams || *c->error ||
	       (d && d->next == c->peer->o.datagrams && d->back + d->bad + d->lost >= d->next);
}

void dgram_counts(const struct conn *c, unsigned int *good, unsigned int *bad)
{
	const struct dgrams *d = c->dgrams;

	*good = d ? c->peer->o.server ? d->echoed : d->back : 0;
	*bad = d ? d->bad : 0;
}
