// SPDX-License-Identifier: GPL-2.0
/*
 * reset - h09peer --reset-secret: stateless reset (RFC 9000 10.3)
 *
 * Tokens are made from the secret and the connection ID, so that a process that was
 * killed and begun again with the same secret can tell whoever still sends to the old
 * one that it knows of nothing. It answers packets with a short header whose ID leads
 * nowhere, each by a shorter one, so that two of its kind fall silent in the end.
 *
 * It limits no rate: it is a test's peer.
 */
#include <err.h>
#include <string.h>

#include "peer.h"

#define LONGEST		64	/* bytes: room enough to look like any packet */
#define SHORTEST	(NGTCP2_MIN_STATELESS_RESET_RANDLEN + NGTCP2_STATELESS_RESET_TOKENLEN)

void reset_secret(struct peer *p)
{
	const char *text = p->o.reset_secret;
	int e = text ? gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), p->secret) :
		       gnutls_rnd(GNUTLS_RND_KEY, p->secret, sizeof(p->secret));

	if (e)
		errx(EXIT_FAILED, "a secret: %s", gnutls_strerror(e));
}

int reset_token(struct peer *p, const ngtcp2_cid *cid, uint8_t *token)
{
	return ngtcp2_crypto_generate_stateless_reset_token(token, p->secret, sizeof(p->secret),
							    cid);
}

void reset_answer(struct peer *p, const struct datagram *d, const ngtcp2_version_cid *v)
{
	uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN], random[LONGEST];
	size_t len = d->len - 1 < LONGEST ? d->len - 1 : LONGEST;
	struct udp *u = d->at;
	ngtcp2_ssize n;
	ngtcp2_cid cid;

	if (!p->o.reset_secret || len < SHORTEST || u->pending)
		return;
	ngtcp2_cid_init(&cid, v->dcid, v->dcidlen);
	if (reset_token(p, &cid, token) || gnutls_rnd(GNUTLS_RND_NONCE, random, sizeof(random)))
		return;
	n = ngtcp2_pkt_write_stateless_reset(u->train, len, token, random, len - sizeof(token));
	if (n > 0)
		udp_send_one(u, d->from, d->from_len, (size_t)n);
}
