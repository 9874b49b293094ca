// SPDX-License-Identifier: GPL-2.0
/*
 * Which stream sends next (RFC 9218 4 and 10, RFC 9000 2.3).
 *
 * Streams with something to send wait at the level of their urgency, in one of
 * three places:
 *
 *   again    list     what takes no credit: sent again, bare FINs and announcements
 *   ordered  tree     new bytes of non-incremental streams, by stream ID
 *   turns    list     new bytes of incremental streams, round robin
 *
 * Two bitmaps say which levels have the first, and which any of the other two, so
 * that the choice is a bit scan whatever the number of streams. Without credit of the
 * connection only "again" is looked at: nothing moves when it runs out or comes.
 *
 * The rules, and where they are from:
 *  1. the lowest urgency first (RFC 9218 10);
 *  2. at one urgency what is sent again before new bytes (RFC 9000 13.3), but no more
 *     than every other packet while incremental streams have some: a stream all of
 *     whose packets are lost would have the whole window, which its losses make small;
 *  3. non-incremental streams one after the other, in the order of their IDs, each
 *     until it has nothing to send or no credit; incremental ones share, a packet
 *     each or, in long trains, some packets (RFC 9218 10);
 *  4. where a level has both, they take turns, packet by packet: the RFC leaves it
 *     open and recommends that neither starves.
 *
 * Packets of one stream in succession cost a fraction of what others do, here (tx_run.c)
 * and at the peer (rx_run.c). So a train of TRAIN_LONG packets or more is divided by the
 * streams that wait, and each has its share at a time. The packets of a train leave
 * together, so whose are in front makes no difference to speak of; and pacing allows long
 * ones only where they take a millisecond or so.
 *
 *   45 packets, 3 streams   aaaaaaaaaaaaaaabbbbbbbbbbbbbbbccccccccccccccc
 *   12 packets              abcabcabcabc
 *
 * Turns go round: what one has is settled when a round begins and is the same for all
 * whatever the trains do meanwhile, and a turn that a train's end interrupts goes on in the
 * next. So in any number of rounds those that always have bytes have sent the same number of
 * packets, and meanwhile none is ahead of another by more than one turn, a train's share. Who
 * comes, or comes again, does so behind all others, and has its turn with the next round.
 *
 * Who starves: a stream of a higher urgency, and a non-incremental one behind another
 * of its level, as long as those in front always have bytes and credit. The
 * application asked for that, and each stream's flow control bounds it in
 * practice. Streams are incremental until the application says otherwise.
 *
 * Most connections never have a stream of another urgency than the default one: the
 * other levels are allocated with the first that has.
 *
 * Invariants: a level's bit is set exactly while a list or the tree is not empty;
 * a stream is in one place; in "turns" those that have had their turn in this round are
 * behind all that have not, and only the first has begun one. It does not know what a
 * stream sends (stream_send.c).
 */
#include "stream_sched.h"

#define TRAIN_LONG	16	/* packets: more than a pacer that is slow lets go at once */

static void level_init(struct quic_sched_level *l)
{
	INIT_LIST_HEAD(&l->again);
	INIT_LIST_HEAD(&l->turns);
	l->ordered = RB_ROOT_CACHED;
}

void quic_sched_init(struct quic_sched *q)
{
	memset(q, 0, sizeof(*q));
	level_init(&q->usual);
}

void quic_sched_free(struct quic_sched *q)
{
	quic_host_free(QUIC_OBJ_VAR, q->levels, sizeof(*q->levels) * QUIC_URGENCIES);
	q->levels = NULL;
}

int quic_sched_reserve(struct quic_sched *q, u8 urgency)
{
	u32 i;

	if (urgency == QUIC_URGENCY_DEFAULT || q->levels)
		return 0;
	q->levels = quic_host_alloc(QUIC_OBJ_VAR, sizeof(*q->levels) * QUIC_URGENCIES);
	if (!q->levels)
		return -ENOMEM;
	for (i = 0; i < QUIC_URGENCIES; i++)
		level_init(&q->levels[i]);
	return 0;
}

static void level_bits(struct quic_sched *q, const struct quic_sched_level *l, u32 urgency)
{
	u8 bit = 1 << urgency;

	q->again = (q->again & ~bit) | (list_empty(&l->again) ? 0 : bit);
	q->fresh = (q->fresh & ~bit) |
		   (list_empty(&l->turns) && !rb_first_cached(&l->ordered) ? 0 : bit);
}

static void ordered_add(struct quic_sched_level *l, struct quic_stream *s)
{
	struct rb_node **p = &l->ordered.rb_root.rb_node, *parent = NULL;
	bool leftmost = true;

	while (*p) {
		parent = *p;
		if (s->id < rb_entry(parent, struct quic_stream, tx_order)->id) {
			p = &parent->rb_left;
		} else {
			p = &parent->rb_right;
			leftmost = false;
		}
	}
	rb_link_node(&s->tx_order, parent, p);
	rb_insert_color_cached(&s->tx_order, &l->ordered, leftmost);
}

void quic_sched_put(struct quic_sched *q, struct quic_stream *s, enum quic_sched_place place)
{
	struct quic_sched_level *l;

	if (likely(s->tx_place == place))
		return;
	l = quic_sched_level(q, s->urgency);
	q->n += !!place - !!s->tx_place;
	if (s->tx_place == QUIC_SCHED_ORDERED)
		rb_erase_cached(&s->tx_order, &l->ordered);
	else
		list_del_init(&s->tx_node);
	s->tx_place = place;
	s->tx_turn = 0;
	s->tx_round = l->round;
	if (place == QUIC_SCHED_ORDERED)
		ordered_add(l, s);
	else if (place != QUIC_SCHED_NONE)
		list_add_tail(&s->tx_node, place == QUIC_SCHED_AGAIN ? &l->again : &l->turns);
	level_bits(q, l, s->urgency);
}

struct quic_stream *quic_sched_pick(struct quic_sched *q, bool credit)
{
	u32 levels = q->again | (credit ? q->fresh : 0), urgency;
	const struct quic_sched_level *l;
	struct rb_node *first;
	bool shares;

	if (!levels)
		return NULL;
	urgency = ffs(levels) - 1;
	l = quic_sched_level(q, urgency);
	if (!list_empty(&l->again)) {
		shares = credit && l->again_went && !list_empty(&l->turns);
		return list_first_entry(shares ? &l->turns : &l->again, struct quic_stream,
					tx_node);
	}
	first = rb_first_cached(&l->ordered);
	if (first && (list_empty(&l->turns) || !l->turn))
		return rb_entry(first, struct quic_stream, tx_order);
	return list_first_entry(&l->turns, struct quic_stream, tx_node);
}

/* Alone it has no turns: there is nobody to wait for. */
static void turn_took(const struct quic_sched *q, struct quic_sched_level *l,
		      struct quic_stream *s, u32 fresh)
{
	bool alone = list_is_singular(&l->turns);

	if (!alone && !s->tx_turn && s->tx_round == l->round) {
		l->round = !l->round;
		l->most = q->most;
	}
	s->tx_turn += fresh;
	if (!alone && s->tx_turn <= l->most)
		return;
	s->tx_turn = 0;
	s->tx_round = l->round;
	list_move_tail(&s->tx_node, &l->turns);
}

void quic_sched_turn(struct quic_sched *q, struct quic_stream *s, u32 fresh)
{
	struct quic_sched_level *l = quic_sched_level(q, s->urgency);

	if (s->tx_place == QUIC_SCHED_AGAIN)
		list_move_tail(&s->tx_node, &l->again);
	else if (s->tx_place == QUIC_SCHED_TURNS && fresh)
		turn_took(q, l, s, fresh);
	l->again_went = !fresh;
	if (fresh)
		l->turn = !s->incremental;
}

/* One packet fewer, and what its head takes makes it exceed. */
void quic_sched_train(struct quic_sched *q, u32 pkts, u32 size)
{
	u32 each = pkts < TRAIN_LONG || !q->n ? 0 : pkts / q->n;

	q->most = each ? min_t(u32, (each - 1) * size, U16_MAX) : 0;
}

u32 quic_sched_keeps(struct quic_sched *q, const struct quic_stream *s, u32 size)
{
	const struct quic_sched_level *l = quic_sched_level(q, s->urgency);

	if (!list_empty(&l->again))
		return 0;
	if (s->tx_place == QUIC_SCHED_ORDERED)
		return list_empty(&l->turns) ? U32_MAX : 0;
	if (rb_first_cached(&l->ordered))
		return 0;
	return list_is_singular(&l->turns) ? U32_MAX : (l->most - s->tx_turn) / size + 1;
}
