// SPDX-License-Identifier: GPL-2.0
/*
 * A server's answers that leave nothing behind: Retry, Version Negotiation, stateless
 * reset; and what an Initial's token is worth.
 *
 *   softirq  quic_admit()          no token, where one is wanted: Retry, and gone
 *   worker   quic_admit_finally()  a good token is used up; one that was used before,
 *                                  or a Retry's that is no good: INVALID_TOKEN
 *
 * Addresses are to be proved where a listener of the port says so (option 9), where
 * the administrator does (sysctl retry 2), or, with 1, while the ring of Initials or
 * the table of embryos of the port is half full: before those who have no address to
 * prove shut out the others. A token is looked at twice, and used up only when the
 * connection is about to be made: what a client sends again meanwhile has it, too.
 *
 * A bad token of Retry is answered through an embryo, which knows how to seal, and
 * not under load: then it is dropped, or it would be a way around Retry.
 *
 * All answers are limited by a token bucket for each kind and namespace, and none is
 * longer than what it answers.
 *
 * Not here: bytes (core/stateless.c), cryptography (token.c, stateless.c), sending
 * (quic_xmit_stateless()).
 */
#include <linux/random.h>

#include "answer.h"

/* How many answers of a kind a namespace gives: in a second, and at once. */
static const struct {
	u32 rate;
	u32 burst;
} rates[QUIC_ANSWERS] = {
	[QUIC_ANSWER_RETRY] = { 50000, 1000 },
	[QUIC_ANSWER_VERSION] = { 1000, 100 },
	[QUIC_ANSWER_RESET] = { 1000, 100 },
	[QUIC_ANSWER_REFUSAL] = { 100, 20 },
};

/**
 * quic_answer_net_init - full buckets of a new namespace
 * @qn: namespace
 */
void quic_answer_net_init(struct quic_net *qn)
{
	u32 i;

	for (i = 0; i < QUIC_ANSWERS; i++) {
		spin_lock_init(&qn->answers[i].lock);
		qn->answers[i].filled = quic_now();
		qn->answers[i].left = rates[i].burst;
	}
}

/* Take one. Any context. */
static bool allowed(struct net *net, enum quic_answer kind)
{
	struct quic_bucket *b = &quic_pernet(net)->answers[kind];
	u64 now, passed, add;
	bool ok;

	spin_lock_bh(&b->lock);
	now = quic_now();
	passed = min(now - b->filled, QUIC_NS_PER_SEC);
	add = div_u64(passed * rates[kind].rate, QUIC_NS_PER_SEC);
	if (add) {
		b->left = min_t(u64, b->left + add, rates[kind].burst);
		b->filled = now;
	}
	ok = b->left;
	b->left -= ok;
	spin_unlock_bh(&b->lock);
	if (!ok)
		quic_mib_inc(net, AnswersLimited);
	return ok;
}

/* ---- Version Negotiation, stateless reset ---- */

void quic_answer_version(struct sock *listener, struct sk_buff *skb,
			 const struct quic_hdr *hdr, const u32 *versions, u32 n)
{
	u8 out[QUIC_VERSION_NEG_MAX];
	struct quic_wcur c = quic_wcur_init(out, sizeof(out));

	if (!allowed(sock_net(listener), QUIC_ANSWER_VERSION))
		return;
	quic_stateless_put_version_neg(&c, hdr, versions, n, get_random_u32());
	quic_xmit_stateless(listener, skb, out, c.p - out);
	quic_mib_inc(sock_net(listener), VersionNegSent);
}

void quic_answer_reset(struct sock *listener, struct sk_buff *skb,
		       const struct quic_cid *cid, u32 len)
{
	u8 out[QUIC_RESET_MAX_LEN], token[QUIC_RESET_TOKEN_LEN];
	union quic_addr peer, local;
	u32 n;

	if (len <= QUIC_RESET_MIN_LEN || !allowed(sock_net(listener), QUIC_ANSWER_RESET))
		return;
	quic_udp_addrs(skb, &peer, &local);
	quic_reset_token(sock_net(listener), local.v4.sin_port, cid->id, token);
	get_random_bytes(out, sizeof(out));
	n = quic_stateless_put_reset(out, len, get_random_u32(), token);
	quic_xmit_stateless(listener, skb, out, n);
	quic_mib_inc(sock_net(listener), ResetSent);
}

/* ---- Retry ---- */

/* RFC 9000 17.2.5.1: an ID of our own, not the client's. */
static void retry_scid(struct quic_cid *scid, const struct quic_cid *dcid, u8 len)
{
	quic_random_cid(scid, len);
	if (quic_cid_equal(scid, dcid))
		scid->id[0] ^= 1;
}

/* BH off, SIMD usable. */
static void answer_retry(struct sock *listener, struct sk_buff *skb,
			 const struct quic_hdr *hdr)
{
	u8 out[QUIC_RETRY_LEN_MAX], token[QUIC_TOKEN_LEN_MAX];
	struct quic_wcur c = quic_wcur_init(out, sizeof(out));
	struct net *net = sock_net(listener);
	union quic_addr peer, local;
	struct quic_cid scid;
	struct quic_token_for f = {
		.net = net, .peer = &peer, .scid = &scid, .odcid = &hdr->dcid,
		.version = hdr->version, .kind = QUIC_TOKEN_RETRY,
	};
	u8 *tag;
	u32 len;

	if (!allowed(net, QUIC_ANSWER_RETRY))
		return;
	quic_udp_addrs(skb, &peer, &local);
	retry_scid(&scid, &hdr->dcid, quic_sk(listener)->cfg.cid_len);
	len = quic_token_make(&f, token);
	if (!len)
		return;
	quic_stateless_put_retry(&c, hdr->version, &hdr->scid, &scid, token, len,
				 get_random_u32());
	len = c.p - out;
	tag = quic_put_space(&c, QUIC_RETRY_TAG_LEN);
	if (!tag || quic_retry_tag(hdr->version, &hdr->dcid, out, len, tag))
		return;
	quic_xmit_stateless(listener, skb, out, c.p - out);
	quic_mib_inc(net, RetrySent);
}

static bool loaded(const struct quic_udp *udp)
{
	return skb_queue_len_lockless(&udp->initials) >= QUIC_INITIALS_MAX / 2 ||
	       atomic_read(&udp->embryos) >= QUIC_EMBRYOS_MAX / 2;
}

bool quic_retry_wanted(const struct quic_udp *udp)
{
	unsigned int mode = READ_ONCE(quic_sysctl_retry);

	if (READ_ONCE(udp->validating) || mode == QUIC_RETRY_ALWAYS)
		return true;
	return mode == QUIC_RETRY_AUTO && loaded(udp);
}

bool quic_admit(struct quic_udp *udp, struct sock *listener, struct sk_buff *skb,
		const struct quic_hdr *hdr)
{
	union quic_addr peer, local;
	struct quic_admission ad;

	if (!quic_retry_wanted(udp))
		return true;
	quic_udp_addrs(skb, &peer, &local);
	quic_token_check(udp->net, &peer, hdr, &ad);
	switch (ad.verdict) {
	case QUIC_TOKEN_NONE:
		answer_retry(listener, skb, hdr);
		return false;
	case QUIC_TOKEN_BAD:
		if (!loaded(udp))
			return true;
		quic_mib_inc(udp->net, TokensRefused);
		return false;
	default:
		return true;
	}
}

static void use_up(struct quic_udp *udp, const struct quic_hdr *hdr,
		   struct quic_admission *ad)
{
	if (ad->verdict != QUIC_TOKEN_GOOD_RETRY && ad->verdict != QUIC_TOKEN_GOOD_NEW)
		return;
	if (quic_token_use(hdr)) {
		quic_mib_inc(udp->net, TokensAccepted);
		return;
	}
	quic_mib_inc(udp->net, TokensReplayed);
	ad->verdict = ad->verdict == QUIC_TOKEN_GOOD_RETRY ? QUIC_TOKEN_BAD : QUIC_TOKEN_NONE;
}

bool quic_admit_finally(struct quic_udp *udp, struct sk_buff *skb,
			const struct quic_hdr *hdr, struct quic_admission *ad)
{
	union quic_addr peer, local;

	quic_udp_addrs(skb, &peer, &local);
	quic_token_check(udp->net, &peer, hdr, ad);
	use_up(udp, hdr, ad);
	if (ad->verdict == QUIC_TOKEN_BAD) {
		quic_mib_inc(udp->net, TokensRefused);
		return !loaded(udp) && allowed(udp->net, QUIC_ANSWER_REFUSAL);
	}
	if (ad->verdict != QUIC_TOKEN_NONE || !quic_retry_wanted(udp))
		return true;
	local_bh_disable();
	rcu_read_lock();
	answer_retry(skb->sk, skb, hdr);
	rcu_read_unlock();
	local_bh_enable();
	return false;
}

/* ---- for a next time ---- */

int quic_token_offer(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	struct quic_token_for f = {
		.net = sock_net(sk), .peer = &qs->peer,
		.version = qs->conn->version, .kind = QUIC_TOKEN_NEW,
	};
	u8 token[QUIC_TOKEN_LEN_MAX];
	int err;
	u32 len;

	len = quic_token_make(&f, token);
	err = len ? quic_conn_send_new_token(qs->conn, token, len) : -ENOMEM;
	if (!err)
		quic_mib_inc(sock_net(sk), NewTokensSent);
	return err;
}
