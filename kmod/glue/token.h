/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stateless cryptography: address validation tokens (token.c), the integrity tag of
 * Retry and stateless reset tokens (stateless.c).
 */
#ifndef QUIC_GLUE_TOKEN_H
#define QUIC_GLUE_TOKEN_H

#include "glue.h"
#include "../core/stateless.h"

/**
 * enum quic_token_verdict - what a token in an Initial is worth
 * @QUIC_TOKEN_NONE: there is none, it is not ours, or one of NEW_TOKEN that is no
 *	good: the client is as one that has none (RFC 9000 8.1.3)
 * @QUIC_TOKEN_BAD: it claims to be of a Retry and is no good (8.1.2)
 * @QUIC_TOKEN_GOOD_RETRY: of a Retry to this address, a moment ago
 * @QUIC_TOKEN_GOOD_NEW: of an earlier connection from this address
 */
enum quic_token_verdict {
	QUIC_TOKEN_NONE,
	QUIC_TOKEN_BAD,
	QUIC_TOKEN_GOOD_RETRY,
	QUIC_TOKEN_GOOD_NEW,
};

/**
 * struct quic_admission - what is known of who sent an Initial
 * @verdict: enum quic_token_verdict
 * @odcid: GOOD_RETRY: destination of the client's very first Initial
 */
struct quic_admission {
	enum quic_token_verdict verdict;
	struct quic_cid odcid;
};

/* ---- sock.c ---- */

/**
 * quic_initial_keys - keys of Initial packets (RFC 9001 5.2)
 * @version: QUIC version
 * @server: role
 * @cid: the client's destination, or the SCID of a Retry
 * @rx: receives those that open
 * @tx: receives those that seal
 * Context: process. Return: 0 or -errno.
 */
int quic_initial_keys(u32 version, bool server, const struct quic_cid *cid,
		      struct quic_keys **rx, struct quic_keys **tx);

/* Use them from now on in place of those there are. Lock held. */
void quic_initial_keys_set(struct sock *sk, struct quic_keys *rx, struct quic_keys *tx);

/* ---- version.c ---- */

/**
 * quic_version_ask - a packet of another version waits for Initial keys
 * @sk: whose packet it is, a reference held; its lock is not
 * @version: of its header; nothing is done for the one in use, a server, or 0
 * Context: BH off.
 */
void quic_version_ask(struct sock *sk, u32 version);

/* Make the keys that were asked for: process, lock held; what waits is fed after. */
void quic_version_run(struct sock *sk);

/**
 * quic_version_select_other - a server goes on with another version (RFC 9368 2.3)
 * @sk: child that a listener was just selected for
 * @version: one of quic_versions, not the one in use
 * Context: process, lock held. Return: 0, or -errno and all is as before.
 */
int quic_version_select_other(struct sock *sk, u32 version);

/* After the core: a client seals with the version that it was told of. Lock held. */
void quic_version_sync(struct sock *sk);

/* Initial keys were replaced: those of a second version are of no use. Lock held. */
void quic_version_forget(struct sock *sk);

/* ---- sock.c ---- */

/* A connection ID of @len random bytes. Context: any. */
void quic_random_cid(struct quic_cid *cid, u8 len);

/* ---- token.c ---- */

int quic_tokens_init(void);
void quic_tokens_exit(void);

/**
 * struct quic_token_for - whom a token is for
 * @net: namespace
 * @peer: the client's address
 * @scid: Retry: SCID of the Retry, else NULL
 * @odcid: Retry: DCID of the Initial that it answers, else NULL
 * @version: of the connection: it is good in that version only (RFC 9369 5)
 * @kind: enum quic_token_kind
 */
struct quic_token_for {
	const struct net *net;
	const union quic_addr *peer;
	const struct quic_cid *scid;
	const struct quic_cid *odcid;
	u32 version;
	u8 kind;
};

/**
 * quic_token_make - a token for a client
 * @f: for whom
 * @token: QUIC_TOKEN_LEN_MAX bytes
 * Context: any; no lock. Return: bytes, 0 when it could not be made.
 */
u32 quic_token_make(const struct quic_token_for *f, u8 *token);

/**
 * quic_token_check - is the token of an Initial good?
 * @net: namespace
 * @peer: who sent it
 * @hdr: its header
 * @ad: receives the verdict
 *
 * Whether it was used before is not looked at: quic_token_use() does.
 * Context: any; no lock.
 */
void quic_token_check(const struct net *net, const union quic_addr *peer,
		      const struct quic_hdr *hdr, struct quic_admission *ad);

/**
 * quic_token_use - a good token is used, once
 * @hdr: header of an Initial whose token is good
 * Context: any; no lock. Return: false: it was used before, or that cannot be told.
 */
bool quic_token_use(const struct quic_hdr *hdr);

/*
 * The secret that seals changes; tokens sealed with the one before stay good. Context:
 * process, one at a time. Return: 0 or -errno: then the secret stays.
 */
int quic_token_rotate(void);

/* ---- stateless.c ---- */

int quic_stateless_init(void);
void quic_stateless_exit(void);

/**
 * quic_retry_tag - the integrity tag of a Retry (RFC 9001 5.8)
 * @version: of the packet
 * @odcid: DCID of the Initial that it answers
 * @pkt: the Retry without its tag
 * @len: its bytes
 * @tag: QUIC_RETRY_TAG_LEN bytes
 * Context: BH off, SIMD usable. Return: 0 or -errno.
 */
int quic_retry_tag(u32 version, const struct quic_cid *odcid, const u8 *pkt, u32 len, u8 *tag);

/* Is the tag at the end of a Retry of @len bytes right? Constant time. Context: same. */
bool quic_retry_tag_ok(u32 version, const struct quic_cid *odcid, const u8 *pkt, u32 len);

#define QUIC_RESET_KEY_LEN	32

/**
 * quic_reset_token - stateless reset token of a connection ID of ours (RFC 9000 10.3.2)
 * @net: namespace
 * @port: UDP port of the connection's socket: who has another one, perhaps another
 *	user, cannot make us tell the tokens of this one's connections (21.11)
 * @id: the ID's first QUIC_CID_KEY_LEN bytes; no two of ours begin alike
 * @token: QUIC_RESET_TOKEN_LEN bytes
 * Context: any; no lock.
 */
void quic_reset_token(const struct net *net, __be16 port, const u8 *id, u8 *token);

/* Use this key from now on. Context: process. Return: 0 or -errno. */
int quic_reset_key_set(const u8 *key);

#endif /* QUIC_GLUE_TOKEN_H */
