/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is said without a connection: Retry (RFC 9000 17.2.5), Version Negotiation
 * (6), stateless reset (10.3); and the form of our address validation tokens (8.1).
 */
#ifndef QUIC_CORE_STATELESS_H
#define QUIC_CORE_STATELESS_H

#include "wire_hdr.h"

#define QUIC_RESET_MIN_LEN	21	/* RFC 9000 10.3: 5 bytes and the token */
#define QUIC_RESET_MAX_LEN	64	/* of those that we send */
#define QUIC_VERSIONS_MAX	7	/* that a Version Negotiation packet of ours lists */

#define QUIC_PEER_TOKEN_MAX		512	/* of a peer's token that we keep */
#define QUIC_TOKEN_PREFIX_LEN	16	/* random: one key for each token */
#define QUIC_TOKEN_HEAD_LEN	(1 + QUIC_TOKEN_PREFIX_LEN)
#define QUIC_TOKEN_RETRY_BODY	(8 + 1 + QUIC_CID_MAX_LEN)
#define QUIC_TOKEN_NEW_BODY	8
#define QUIC_TOKEN_BODY_MAX	QUIC_TOKEN_RETRY_BODY
#define QUIC_TOKEN_LEN_MAX	(QUIC_TOKEN_HEAD_LEN + QUIC_TOKEN_BODY_MAX + QUIC_TAG_LEN)

/* The longest Retry that we send: header, our token, tag. */
#define QUIC_RETRY_LEN_MAX	(7 + 2 * QUIC_CID_MAX_LEN + QUIC_TOKEN_LEN_MAX + \
				 QUIC_RETRY_TAG_LEN)
/* What the integrity tag of the longest Retry that we take is computed over. */
#define QUIC_RETRY_PSEUDO_MAX	(1 + QUIC_CID_MAX_LEN + 7 + 2 * QUIC_CID_MAX_LEN + \
				 QUIC_PEER_TOKEN_MAX)

/* Where a token came from (RFC 9000 8.1.1). */
enum quic_token_kind {
	QUIC_TOKEN_RETRY,	/* a Retry packet */
	QUIC_TOKEN_NEW,		/* a NEW_TOKEN frame of an earlier connection */
};

/**
 * struct quic_token_head - the outside of a token of ours
 * @kind: enum quic_token_kind; not authentic before the body was opened
 * @slot: which of two secrets sealed it
 * @prefix: random bytes, points into the token
 * @body: sealed body and its tag, points into the token
 * @body_len: bytes of both
 */
struct quic_token_head {
	u8 kind;
	u8 slot;
	const u8 *prefix;
	const u8 *body;
	u32 body_len;
};

/**
 * struct quic_token_body - the inside
 * @issued: ms since the machine booted
 * @odcid: Retry: destination of the client's first Initial (RFC 9000 7.3)
 */
struct quic_token_body {
	u64 issued;
	struct quic_cid odcid;
};

/**
 * quic_token_parse - is this the form of a token of ours?
 * @data: a peer's bytes
 * @len: how many
 * @h: filled on success only
 *
 * Return: true if it is; whether we made it shows when the body is opened.
 */
bool quic_token_parse(const u8 *data, u32 len, struct quic_token_head *h);

/**
 * quic_token_put_head - write the outside
 * @kind: enum quic_token_kind
 * @slot: 0 or 1
 * @buf: QUIC_TOKEN_HEAD_LEN bytes; the prefix, all but the first, is there already
 */
void quic_token_put_head(u8 kind, u8 slot, u8 *buf);

/**
 * quic_token_put_body - write the inside, in the clear
 * @kind: enum quic_token_kind
 * @b: what it says
 * @buf: QUIC_TOKEN_BODY_MAX bytes
 *
 * Return: bytes; the same for all tokens of a kind.
 */
u32 quic_token_put_body(u8 kind, const struct quic_token_body *b, u8 *buf);

/**
 * quic_token_get_body - read the inside after it authenticated
 * @kind: enum quic_token_kind
 * @buf: bytes in the clear
 * @len: how many
 * @b: filled on success only
 */
bool quic_token_get_body(u8 kind, const u8 *buf, u32 len, struct quic_token_body *b);

/**
 * quic_stateless_put_retry - a Retry packet without its integrity tag
 * @c: cursor with QUIC_RETRY_LEN_MAX bytes
 * @version: of the packet answered
 * @dcid: its SCID
 * @scid: chosen by us, not its DCID
 * @token: RFC 9000 8.1.2
 * @len: bytes of @token
 * @unused: unpredictable, for the four unused bits
 */
void quic_stateless_put_retry(struct quic_wcur *c, u32 version, const struct quic_cid *dcid,
			      const struct quic_cid *scid, const u8 *token, u32 len,
			      u8 unused);

/**
 * quic_stateless_retry_pseudo - what the tag of a Retry is computed over (RFC 9001 5.8)
 * @odcid: destination of the Initial that it answers
 * @pkt: the Retry without its tag
 * @len: bytes of it
 * @buf: QUIC_RETRY_PSEUDO_MAX bytes
 *
 * Return: bytes, or 0 when it is longer than any that we take.
 */
u32 quic_stateless_retry_pseudo(const struct quic_cid *odcid, const u8 *pkt, u32 len, u8 *buf);

/* Bytes of a Version Negotiation packet with IDs of 255 bytes (RFC 8999 5.1). */
#define QUIC_VERSION_NEG_MAX	(7 + 2 * 255 + 4 * (QUIC_VERSIONS_MAX + 1))

/**
 * quic_stateless_put_version_neg - a Version Negotiation packet
 * @c: cursor with QUIC_VERSION_NEG_MAX bytes
 * @hdr: of the packet answered
 * @versions: ours
 * @n: how many, at most QUIC_VERSIONS_MAX
 * @random: unpredictable
 *
 * One reserved version is among them, and not the one that @hdr has: a client that
 * finds its own in the list has to ignore the answer (RFC 9000 6.2, 6.3).
 */
void quic_stateless_put_version_neg(struct quic_wcur *c, const struct quic_hdr *hdr,
				    const u32 *versions, u32 n, u32 random);

/**
 * quic_stateless_put_reset - a stateless reset (RFC 9000 10.3)
 * @buf: QUIC_RESET_MAX_LEN unpredictable bytes, most of which stay
 * @trigger_len: bytes of the datagram answered
 * @random: unpredictable
 * @token: QUIC_RESET_TOKEN_LEN bytes
 *
 * Shorter than what it answers, so that two ends that both lost their state come to
 * rest (10.3.3), and of no fixed length where there is a choice.
 *
 * Return: its bytes, or 0: what it would answer is too short.
 */
u32 quic_stateless_put_reset(u8 *buf, u32 trigger_len, u32 random, const u8 *token);

#endif /* QUIC_CORE_STATELESS_H */
