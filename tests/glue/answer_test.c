// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/glue/answer.c in userspace: of answers without a connection no more leave than
 * their buckets hold, of each kind, at once and in a second, whatever comes; each kind
 * has its own; none is longer than what it answers.
 */
#include "../unit/unit.h"
#include "glue_test.h"
#include "../../kmod/glue/answer.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC
#define ASKED	1200		/* bytes of each datagram that asks */

/* What Documentation/threat-model.md says of each. */
static const struct {
	u32 rate, burst;
} bounds[QUIC_ANSWERS] = {
	[QUIC_ANSWER_RETRY] = { 50000, 1000 },
	[QUIC_ANSWER_VERSION] = { 1000, 100 },
	[QUIC_ANSWER_RESET] = { 1000, 100 },
	[QUIC_ANSWER_REFUSAL] = { 100, 20 },
};

static struct quic_sock at = {
	.inet.sk.sk_net.net = &init_net, .cfg.cid_len = QUIC_LOCAL_CID_LEN,
};

static struct sock *const listener = &at.inet.sk;
static struct sk_buff asking = { .sk = &at.inet.sk, .len = ASKED };
static struct quic_udp udp = { .net = &init_net };
static u32 sent, longest;

/* ---- what answer.c calls ---- */

unsigned int quic_sysctl_retry;

void quic_xmit_stateless(struct sock *sk, struct sk_buff *in, const u8 *data, u32 len)
{
	sent++;
	longest = max(longest, len);
}

void quic_udp_addrs(const struct sk_buff *skb, union quic_addr *peer,
		    union quic_addr *local)
{
	memset(peer, 0, sizeof(*peer));
	peer->v4.sin_family = AF_INET;
	peer->v4.sin_port = htons(5000);
	*local = *peer;
}

void quic_random_cid(struct quic_cid *cid, u8 len)
{
	*cid = (struct quic_cid){ .len = len };
}

/* ---- one that asks ---- */

/* Return: an answer left, or, of refusals, may be made. */
static bool ask(enum quic_answer kind)
{
	static const u32 ours[] = { QUIC_VERSION_V1, QUIC_VERSION_V2 };
	/* the form of a Retry's token, with nothing behind it */
	static const u8 made_up[QUIC_TOKEN_LEN_MAX] = { 0xa0 };
	static const u8 ids[] = { 8, 1, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0 };
	struct quic_hdr hdr = {
		.ids = ids, .version = QUIC_VERSION_V1, .type = QUIC_PKT_INITIAL,
		.dcid = { .len = 8, .id = { 1 } }, .scid = { .len = 8, .id = { 2 } },
	};
	struct quic_admission ad;
	u32 before = sent;

	quic_sysctl_retry = kind == QUIC_ANSWER_RETRY ? QUIC_RETRY_ALWAYS : QUIC_RETRY_OFF;
	switch (kind) {
	case QUIC_ANSWER_RETRY:
		quic_admit(&udp, listener, &asking, &hdr);
		break;
	case QUIC_ANSWER_VERSION:
		quic_answer_version(listener, &asking, &hdr, ours, ARRAY_SIZE(ours));
		break;
	case QUIC_ANSWER_RESET:
		quic_answer_reset(listener, &asking, &hdr.dcid, ASKED);
		break;
	default:
		hdr.token = made_up;
		hdr.token_len = 62;
		return quic_admit_finally(&udp, &asking, &hdr, &ad);
	}
	return sent != before;
}

static u64 limited(void)
{
	return quic_pernet(&init_net)->mib->v[QUIC_MIB_AnswersLimited];
}

/* Ask @n times, now. Return: answers. */
static u32 flood(enum quic_answer kind, u32 n)
{
	u32 answers = 0;

	while (n--)
		answers += ask(kind);
	return answers;
}

static void begin(struct unit *t)
{
	glue_missing = "";
	glue_now = 1000 * SEC;
	sent = 0;
	longest = 0;
	EXPECT_EQ(t, quic_crypto_init(), 0);
	EXPECT_EQ(t, quic_stateless_init(), 0);
	EXPECT_EQ(t, quic_tokens_init(), 0);
	quic_answer_net_init(quic_pernet(&init_net));
}

static void end(struct unit *t)
{
	quic_tokens_exit();
	quic_stateless_exit();
	quic_crypto_exit();
	EXPECT_EQ(t, glue_tfms, 0);
}

/* ---- tests ---- */

/* All at once, one kind after the other: what is left for one is not for another. */
static void at_once(struct unit *t)
{
	u32 kind;
	u64 seen;

	begin(t);
	for (kind = 0; kind < QUIC_ANSWERS; kind++) {
		seen = limited();
		EXPECT_EQ(t, flood(kind, bounds[kind].burst + 500), bounds[kind].burst);
		EXPECT_EQ(t, limited() - seen, 500);
	}
	EXPECT_LE(t, longest, ASKED);
	EXPECT_LT(t, 0, longest);
	end(t);
}

/* As many as in a second, and no more, however the second is cut. */
static void in_a_second(struct unit *t)
{
	static const u64 steps[] = { 7, 100, 1999, 10 };	/* of it */
	u32 kind, answers, i;
	u64 to;

	begin(t);
	for (kind = 0; kind < QUIC_ANSWERS; kind++) {
		flood(kind, bounds[kind].burst + 1);
		answers = 0;
		to = glue_now + SEC;
		for (i = 0; i < steps[kind]; i++) {
			glue_now += SEC / steps[kind];
			answers += flood(kind, bounds[kind].rate / steps[kind] + 50);
		}
		EXPECT_LE(t, glue_now, to);
		EXPECT_LE(t, answers, bounds[kind].rate);
		/* a step may bring more than the bucket holds */
		EXPECT_GE(t, answers, min_t(u64, bounds[kind].rate,
					    bounds[kind].burst * steps[kind]) * 9 / 10);
	}
	end(t);
}

/* A bucket that was not asked for long holds no more than at first. */
static void after_silence(struct unit *t)
{
	u32 kind;

	begin(t);
	for (kind = 0; kind < QUIC_ANSWERS; kind++)
		flood(kind, bounds[kind].burst + 1);
	glue_now += 3600 * SEC;
	for (kind = 0; kind < QUIC_ANSWERS; kind++)
		EXPECT_EQ(t, flood(kind, bounds[kind].burst + 500), bounds[kind].burst);
	end(t);
}

static const struct unit_case cases[] = {
	UNIT_CASE(at_once),
	UNIT_CASE(in_a_second),
	UNIT_CASE(after_silence),
};

UNIT_SUITE(answer, cases);
