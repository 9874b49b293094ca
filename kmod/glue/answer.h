/* SPDX-License-Identifier: GPL-2.0 */
/* Answers without a connection, and whether an Initial may become one (answer.c). */
#ifndef QUIC_GLUE_ANSWER_H
#define QUIC_GLUE_ANSWER_H

#include "token.h"

/* Values of sysctl retry: when clients have to prove their addresses (answer.c). */
enum {
	QUIC_RETRY_OFF,			/* only where a listener says so */
	QUIC_RETRY_AUTO,		/* where a port is under load */
	QUIC_RETRY_ALWAYS,
};

extern unsigned int quic_sysctl_retry;

void quic_answer_net_init(struct quic_net *qn);

/**
 * quic_answer_version - Version Negotiation (RFC 9000 6.1)
 * @listener: who answers, a reference held
 * @skb: the packet, of at least 1200 bytes
 * @hdr: its header; not of a Version Negotiation packet
 * @versions: ours
 * @n: how many, at most QUIC_VERSIONS_MAX
 * Context: BH off, RCU read lock.
 */
void quic_answer_version(struct sock *listener, struct sk_buff *skb,
			 const struct quic_hdr *hdr, const u32 *versions, u32 n);

/**
 * quic_answer_reset - stateless reset (RFC 9000 10.3)
 * @listener: who answers, a reference held
 * @skb: a packet with a short header whose connection ID nobody has
 * @cid: that ID
 * @len: bytes of its datagram
 * Context: BH off, RCU read lock.
 */
void quic_answer_reset(struct sock *listener, struct sk_buff *skb,
		       const struct quic_cid *cid, u32 len);

/* Must clients of this port prove their addresses, now? */
bool quic_retry_wanted(const struct quic_udp *udp);

/**
 * quic_admit - may an Initial go on to the worker?
 * @udp: where it came in
 * @listener: who answers, a reference held
 * @skb: the packet
 * @hdr: its header
 *
 * Where addresses are to be proved, one without a token gets a Retry and is done with.
 * Context: BH off, RCU read lock, SIMD usable. Return: yes or no.
 */
bool quic_admit(struct quic_udp *udp, struct sock *listener, struct sk_buff *skb,
		const struct quic_hdr *hdr);

/**
 * quic_admit_finally - what is an Initial to become?
 * @udp: where it came in
 * @skb: the packet, owned by the listener that answers
 * @hdr: its header
 * @ad: receives what its token is worth; the token is used up
 *
 * Context: process. Return: an embryo, or nothing: it was answered, or is dropped.
 * With QUIC_TOKEN_BAD the embryo is to be closed with INVALID_TOKEN.
 */
bool quic_admit_finally(struct quic_udp *udp, struct sk_buff *skb,
			const struct quic_hdr *hdr, struct quic_admission *ad);

/**
 * quic_token_offer - an established connection gives its client a token for a next time
 * @sk: server's socket, lock held; settle follows
 * Context: process or softirq. Return: 0; -EAGAIN while one is under way; -ENOMEM.
 */
int quic_token_offer(struct sock *sk);

/* ---- retry.c: the client ---- */

/**
 * quic_retry_rx - a Retry came
 * @sk: whose connection ID it has, a reference held; its lock is not
 * @hdr: its header
 * @pkt: all of it
 * @len: bytes
 * Context: BH off, RCU read lock, SIMD usable.
 */
void quic_retry_rx(struct sock *sk, const struct quic_hdr *hdr, const u8 *pkt, u32 len);

void quic_version_neg_rx(struct sock *sk, const struct quic_hdr *hdr);

/* Go on with a Retry or Version Negotiation that came: process, lock held; settle follows. */
void quic_first_answer_run(struct sock *sk);

#endif /* QUIC_GLUE_ANSWER_H */
