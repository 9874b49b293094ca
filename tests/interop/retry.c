// SPDX-License-Identifier: GPL-2.0
/*
 * retry - h09peer --retry: clients prove their addresses first
 *
 * libngtcp2 makes the packet and the token, and opens it again; a token that is no
 * good is as none, so that a client which takes no second Retry never comes up.
 */
#include <string.h>

#include "peer.h"

#define TOKEN_LIFE	(30 * NGTCP2_SECONDS)

static void answer(struct peer *p, const struct datagram *d, const ngtcp2_pkt_hd *hd)
{
	uint8_t token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN];
	const ngtcp2_sockaddr *from = (const ngtcp2_sockaddr *)d->from;
	struct udp *u = &p->u;
	ngtcp2_ssize n;
	ngtcp2_cid scid;

	if (u->pending)
		return;		/* as if lost; the client asks again */
	draw_cid(&scid, p->o.cid_len);
	n = ngtcp2_crypto_generate_retry_token(token, p->secret, sizeof(p->secret), hd->version,
					       from, d->from_len, &scid, &hd->dcid, now_ns());
	if (n < 0)
		return;
	n = ngtcp2_crypto_write_retry(u->train, sizeof(u->train), hd->version, &hd->scid, &scid,
				      &hd->dcid, token, (size_t)n);
	if (n < 0)
		return;
	udp_send_one(u, d->from, d->from_len, (size_t)n);
}

bool retry_done(struct peer *p, const struct datagram *d, const ngtcp2_pkt_hd *hd,
		ngtcp2_settings *settings, ngtcp2_transport_params *params)
{
	ngtcp2_cid odcid;

	if (!p->o.retry)
		return true;
	if (!hd->tokenlen ||
	    ngtcp2_crypto_verify_retry_token(&odcid, hd->token, hd->tokenlen, p->secret,
					     sizeof(p->secret), hd->version,
					     (const ngtcp2_sockaddr *)d->from, d->from_len,
					     &hd->dcid, TOKEN_LIFE, now_ns())) {
		answer(p, d, hd);
		return false;
	}
	settings->token = hd->token;
	settings->tokenlen = hd->tokenlen;
	settings->token_type = NGTCP2_TOKEN_TYPE_RETRY;
	params->original_dcid = odcid;
	params->retry_scid = hd->dcid;
	params->retry_scid_present = 1;
	return true;
}
