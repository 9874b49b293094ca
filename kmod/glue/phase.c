// SPDX-License-Identifier: GPL-2.0
/*
 * Generations of the 1-RTT keys of one direction (RFC 9001 6): a chain whose current
 * link a socket points to.
 *
 *	receiving	prev <-- current --> next	the socket's keys_rx
 *	sending		         current --> next	keys_tx
 *
 * A key update moves the socket's pointer to next: that is all, so it can be done in
 * softirq. Next is made and attached in process context before (rekey.c); prev stays
 * until the core gives it up. Who opens packets reads the socket's pointer once under
 * RCU and finds all three of that moment hanging on it: next, once published as
 * current, has had its prev from when it was attached.
 *
 * Invariants: links are changed with the socket lock held; a generation is freed,
 * and with it zeroised, a grace period after no link and no pointer leads to it; the
 * secret of a generation exists once, in the one before it until it is attached.
 *
 * Not here: when (core/keyphase.c), by whom (rekey.c), which one (open.c, seal.c).
 */
#include "packet.h"

/* Under the socket lock, or before and after all readers. */
#define link_of(p)	rcu_dereference_protected(p, true)

void quic_phase_seed(const struct quic_keys *keys, struct quic_keys_seed *seed)
{
	seed->cipher = keys->cipher;
	seed->version = keys->version;
	seed->gen = keys->gen + 1;
	seed->hp = keys->hp;
	refcount_inc(&keys->hp->refs);
	memcpy(seed->secret, keys->next_secret, sizeof(seed->secret));
}

void quic_phase_attach(struct quic_keys *cur, struct quic_keys *next)
{
	RCU_INIT_POINTER(next->prev, cur);
	rcu_assign_pointer(cur->next, next);
	memzero_explicit(cur->next_secret, sizeof(cur->next_secret));
}

void quic_phase_drop_old(struct quic_keys *cur)
{
	struct quic_keys *old = link_of(cur->prev);

	RCU_INIT_POINTER(cur->prev, NULL);
	quic_keys_free(old);
}

bool quic_phase_switch_rx(struct quic_keys __rcu **slot)
{
	struct quic_keys *cur = link_of(*slot), *next = link_of(cur->next);

	if (!next)
		return false;
	quic_phase_drop_old(cur);
	rcu_assign_pointer(*slot, next);
	return true;
}

bool quic_phase_switch_tx(struct quic_keys **slot)
{
	struct quic_keys *cur = *slot, *next = link_of(cur->next);

	if (!next)
		return false;
	RCU_INIT_POINTER(next->prev, NULL);
	*slot = next;
	quic_keys_free(cur);
	return true;
}

void quic_phase_free(struct quic_keys *keys)
{
	if (!keys)
		return;
	quic_keys_free(link_of(keys->prev));
	quic_keys_free(link_of(keys->next));
	quic_keys_free(keys);
}

const struct quic_keys *quic_phase_pick(const struct quic_keys *cur, u32 gen)
{
	const struct quic_keys *of[3] = {
		rcu_dereference(cur->prev), cur, rcu_dereference(cur->next),
	};

	/* an index and not a branch: which one it is may not show in time */
	return of[gen - cur->gen + 1];
}
