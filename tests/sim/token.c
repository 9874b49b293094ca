// SPDX-License-Identifier: GPL-2.0
/*
 * A token for a next time (RFC 9000 8.1.3), from the connection that gives it to the one
 * that uses it.
 *
 * A client meets the same server three times, which wants addresses proved: without a
 * token it is sent a Retry; with the one that came in a NEW_TOKEN frame it is not, and
 * the round trip is saved; with one in which a bit was turned it is as without. Every
 * other run loses a tenth of the datagrams; then there is no bound in time, and the
 * NEW_TOKEN frame may come after the end, or never.
 */
#include "sim.h"
#include "../../kmod/core/stateless.h"

/**
 * struct visit - one of them
 * @retry: it is sent a Retry
 * @round_trips: to the last byte, where nothing is lost
 */
struct visit {
	bool retry;
	u32 round_trips;
};

struct keep {
	u8 data[QUIC_PEER_TOKEN_MAX];
	u32 len;
};

#define DELAY	(20 * MS)

/* Return: no rule was broken, and there is a token for the next. */
static bool visit(const struct visit *v, u32 i, struct keep *token, struct sim_result *r,
		  struct sim_record *rec)
{
	struct sim_scenario sc = {
		.name = "next time",
		.link = BOTH(.delay = DELAY, .loss = i % 2 ? 100 : 0),
		.load = { .n = { 1, 1 }, .bytes = { 2 * KB, 2 * KB } },
		.retry = true, .new_token = true, .token = token->data, .token_len = token->len,
		.done_by = i % 2 ? 60 * SEC : v->round_trips * 2 * DELAY + 2 * MS,
		.closed_by = 60 * SEC,
	};
	struct sim_run s = { .sc = &sc, .r = r, .rec = rec };
	const u8 *data;
	u64 digest = r->digest;
	bool lossy = i % 2;
	u32 len;

	sim_begin(&s, i);
	sim_play(&s);
	if (!s.p->retries != !v->retry || s.p->tokens_taken != !v->retry)
		sim_fail(&s, "%u Retry packets, %u tokens of an earlier time were taken",
			 s.p->retries, s.p->tokens_taken);
	data = quic_conn_new_token(s.p->end[PAIR_CLIENT].conn, &len);
	if ((!len && !lossy) || len > sizeof(token->data))
		sim_fail(&s, "%u tokens were given, and %u bytes of one have come", s.p->tokens,
			 len);
	else
		memcpy(token->data, data, len);
	token->len = len;
	sim_finish(&s);
	r->digest ^= digest * 0x9fb21c651e98df25ULL;
	return r->state == SIM_PASSED && len;
}

void sim_next_time(u32 i, struct sim_result *r, struct sim_record *rec)
{
	static const struct visit without = { true, 3 }, with = { false, 2 };
	struct keep token = { .len = 0 };

	if (!visit(&without, i, &token, r, rec) || !visit(&with, i, &token, r, rec))
		return;
	token.data[token.len - 1] ^= 1;
	visit(&without, i, &token, r, rec);
}
