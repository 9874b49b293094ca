// SPDX-License-Identifier: GPL-2.0
/*
 * The link of a pair, one direction at a time: what becomes of a datagram.
 *
 * Datagrams under way are a list by time of arrival; a rate makes them queue,
 * and what the queue cannot hold is lost.
 *
 * The client sits behind a NAT that forgets: from then on it has another
 * address, and what is sent to the one before finds nobody.
 *
 * A damaged datagram has one bit turned. Which packets that leaves whole is
 * decided where they are opened (pair_open.c).
 */
#include "pair_int.h"

#define MS		QUIC_NS_PER_MS
#define BURST_TIME	(300 * MS)

void pair_dgram_free(struct pair_dgram *d)
{
	quic_host_rxbuf_put(d->buf);
	shim_mem_free(d);
}

static void link_insert(struct pair_end *to, struct pair_dgram *d)
{
	struct list_head *at = to->arrivals.prev;

	while (at != &to->arrivals &&
	       list_entry(at, struct pair_dgram, node)->at > d->at)
		at = at->prev;
	list_add(&d->node, at);
}

/* Does the queue in front of the rate hold more than @most? */
static bool queue_above(const struct pair *p, const struct pair_end *from, u64 most)
{
	const struct pair_link *l = &p->cfg.link[from->side];
	u64 wait = from->queue->free > p->now ? from->queue->free - p->now : 0;

	return l->rate && most && wait / 1000 * (l->rate / 1000) / 1000 > most;
}

/* When a datagram of @len bytes that leaves as its batch says is there. */
static u64 link_arrival(struct pair *p, struct pair_end *from, u32 len)
{
	struct pair_link *l = &p->cfg.link[from->side];
	u64 at = p->cfg.unheld ? p->now : max(p->now, from->batch.leaves);

	if (l->rate) {
		at = max(at, from->queue->free) + len * QUIC_NS_PER_SEC / l->rate;
		from->queue->free = at;
	}
	at += l->delay;
	if (pair_dice(p, l->reorder))
		return at + pair_random(p) % (l->reorder_delay + 1);
	if (l->jitter) {
		at = max(at + pair_random(p) % l->jitter, from->last_at);
		from->last_at = at;
	}
	return at;
}

/* A burst is over after its datagrams or its time: else it would outlive probes. */
static bool burst_drops(struct pair *p, struct pair_end *from)
{
	struct pair_link *l = &p->cfg.link[from->side];

	if (!from->burst_left && pair_dice(p, l->burst)) {
		from->burst_left = 1 + pair_random(p) % (2 * l->burst_len);
		from->burst_end = p->now + BURST_TIME;
	}
	if (!from->burst_left || p->now > from->burst_end) {
		from->burst_left = 0;
		return false;
	}
	from->burst_left--;
	return true;
}

static u32 link_mtu(const struct pair *p, const struct pair_link *l)
{
	return l->mtu_at && p->now >= p->begin + l->mtu_at ? l->mtu_then : l->mtu;
}

/*
 * The client's address as the world sees it now. Until the server knows one there
 * is nothing to forget: it would take the second for the first.
 */
static u8 nat_address(const struct pair *p)
{
	u64 nth = 0;
	u8 addr = 0;
	u32 i;

	if (!p->end[PAIR_SERVER].conn)
		return 0;
	if (p->cfg.rebind_every) {
		nth = div64_u64(p->now - p->begin, p->cfg.rebind_every);
		return nth % PAIR_OWN;
	}
	for (i = 0; i < PAIR_REBINDS; i++) {
		if (p->cfg.rebind_at[i] && p->now >= p->begin + p->cfg.rebind_at[i])
			addr = p->cfg.rebind_to[i];
	}
	return addr;
}

static enum pair_fate link_fate(struct pair *p, struct pair_end *from,
				const struct pair_dgram *d)
{
	struct pair_link *l = &p->cfg.link[from->side];
	u32 mtu = link_mtu(p, l), len = d->len;
	u64 n = from->sent++;

	from->bytes += len;
	if (mtu && len > mtu) {
		from->pmtu_dropped++;
		return PAIR_TOO_BIG;
	}
	if (l->down_for && p->now - p->begin - l->down_at < l->down_for)
		return PAIR_DOWN;
	if (from->side == PAIR_SERVER && d->dst < PAIR_OWN && d->dst != nat_address(p))
		return PAIR_NO_MAPPING;
	if ((l->drop && l->drop(p, from->side, n)) || (l->no_ect && d->ecn))
		return PAIR_LOST;
	if (pair_dice(p, l->loss) || burst_drops(p, from))
		return PAIR_LOST;
	return queue_above(p, from, l->queue) ? PAIR_QUEUE_FULL : PAIR_DELIVERED;
}

/* What happens to a datagram on the way, its arrival apart. */
static void link_treat(struct pair *p, struct pair_end *from, struct pair_dgram *d)
{
	struct pair_link *l = &p->cfg.link[from->side];
	u64 bit;

	if (pair_dice(p, l->bleach))
		d->ecn = 0;
	if (d->ecn && (pair_dice(p, l->ce) || queue_above(p, from, l->mark_at)))
		d->ecn = 3;
	if (!pair_dice(p, l->corrupt))
		return;
	bit = pair_random(p) % (8 * d->len);
	d->damaged = bit / 8 + 1;
	d->buf->data[bit / 8] ^= 1 << bit % 8;
}

struct pair_dgram *pair_dgram_copy(const struct pair_dgram *d)
{
	struct pair_dgram *c = pair_zalloc(sizeof(*c));

	*c = *d;
	quic_host_rxbuf_get(c->buf);
	return c;
}

/* Somebody else's copy of a datagram overtakes it. */
static void link_spoof(struct pair *p, struct pair_end *to, struct pair_dgram *d)
{
	struct pair_dgram *copy = pair_dgram_copy(d);

	copy->src = pair_random(p) % PAIR_OWN;
	link_insert(to, copy);
	d->at++;
}

/* A copy of what is under way in which the tag of the last packet is another. */
static void link_forge(struct pair_end *to, const struct pair_dgram *d)
{
	struct pair_dgram *c = pair_zalloc(sizeof(*c));
	u32 i;

	*c = *d;
	c->buf = shim_rxbuf_new(d->len);
	memcpy(c->buf->data, d->buf->data, d->len);
	for (i = 0; i < d->n; i++) {
		c->pkt[i].buf = c->buf;
		c->pkt[i].data = c->buf->data + (d->pkt[i].data - d->buf->data);
	}
	c->buf->data[d->len - 1] ^= 1;
	c->damaged = d->len;
	c->at++;
	link_insert(to, c);
}

void pair_link_send(struct pair *p, struct pair_end *from, struct pair_dgram *d)
{
	struct pair_link *l = &p->cfg.link[from->side];
	struct pair_end *to = &p->end[!from->side];
	struct pair_dgram *copy = NULL;
	enum pair_fate fate;

	if (from->side == PAIR_CLIENT && d->src < PAIR_OWN)
		d->src = nat_address(p);

	if (l->tap)
		l->tap(p, from->side, d);
	fate = link_fate(p, from, d);
	if (p->cfg.hooks && p->cfg.hooks->sent)
		p->cfg.hooks->sent(p, from->side, d, fate);
	if (fate != PAIR_DELIVERED) {
		from->lost++;
		pair_dgram_free(d);
		return;
	}
	link_treat(p, from, d);
	d->at = link_arrival(p, from, d->len);
	if (pair_dice(p, l->dup))
		copy = pair_dgram_copy(d);
	if (from->side == PAIR_CLIENT && pair_confirmed(p) && pair_dice(p, p->cfg.spoof))
		link_spoof(p, to, d);
	link_insert(to, d);
	if (d->n && !d->version && pair_dice(p, l->forge))
		link_forge(to, d);
	if (copy) {
		copy->at += 1 + pair_random(p) % MS;
		link_insert(to, copy);
	}
}
