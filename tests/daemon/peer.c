// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's half of the netlink protocol, for tests: makes START, CRYPTO
 * and ABORT, reads FLIGHT as strictly as the kernel should.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "peer.h"

static struct nl_msg *message(uint8_t cmd, uint64_t id, size_t room)
{
	struct nl_msg *m = nlmsg_alloc_size(room + 512);

	assert(m);
	assert(genlmsg_put(m, 0, 0, PEER_FAMILY, 0, 0, cmd,
			   QUIC_HS_GENL_VERSION));
	assert(!nla_put_u64(m, QUIC_HS_A_ID, id));
	return m;
}

static void put_text(struct nl_msg *m, int attr, const char *text)
{
	if (*text)
		assert(!nla_put_string(m, attr, text));
}

static void put_listener(struct nl_msg *m, const struct hs_listener *l)
{
	struct nlattr *nest = nla_nest_start(m, QUIC_HS_A_LISTENER |
					     NLA_F_NESTED);

	assert(nest);
	assert(!nla_put_u32(m, QUIC_HS_L_ID, l->id));
	put_text(m, QUIC_HS_L_ALPN, l->alpn);
	put_text(m, QUIC_HS_L_SNI, l->sni);
	put_text(m, QUIC_HS_L_PROFILE, l->profile);
	assert(!nla_put(m, QUIC_HS_L_TPARAMS, (int)l->tparams.len,
			l->tparams.data));
	assert(!nla_put_u32(m, QUIC_HS_L_UID, l->uid));
	assert(!nla_put_u32(m, QUIC_HS_L_CERT_REQUEST, l->cert_request));
	if (l->cipher)
		assert(!nla_put_u32(m, QUIC_HS_L_CIPHER, l->cipher));
	if (l->version)
		assert(!nla_put_u32(m, QUIC_HS_L_VERSION, l->version) &&
		       !nla_put(m, QUIC_HS_L_VERSION_TPARAMS, (int)l->version_tparams.len,
				l->version_tparams.data));
	nla_nest_end(m, nest);
}

static void put_client(struct nl_msg *m, const struct hs_start *s)
{
	assert(!nla_put(m, QUIC_HS_A_TPARAMS, (int)s->tparams.len,
			s->tparams.data));
	put_text(m, QUIC_HS_A_SERVER_NAME, s->server_name);
	put_text(m, QUIC_HS_A_ALPN, s->alpn);
	put_text(m, QUIC_HS_A_PROFILE, s->profile);
	assert(!nla_put_u32(m, QUIC_HS_A_VERIFY, s->verify));
	for (unsigned int i = 0; i < s->n_pins; i++)
		assert(!nla_put(m, QUIC_HS_A_PIN, WIRE_PIN_LEN, s->pin[i]));
	if (s->credential)
		assert(!nla_put(m, QUIC_HS_A_CREDENTIAL,
				(int)s->credential_len, s->credential));
}

struct nl_msg *peer_start(uint64_t id, const struct hs_start *s)
{
	struct nl_msg *m = message(QUIC_HS_CMD_START, id, 4096 +
				   s->credential_len + s->n_listeners * 4096);

	assert(!nla_put_u32(m, QUIC_HS_A_ROLE, s->role));
	assert(!nla_put_u32(m, QUIC_HS_A_VERSION, s->version));
	assert(!nla_put_u32(m, QUIC_HS_A_UID, s->uid));
	assert(!nla_put_u32(m, QUIC_HS_A_GID, s->gid));
	assert(!nla_put_u64(m, QUIC_HS_A_NETNS, s->netns));
	assert(!nla_put_u32(m, QUIC_HS_A_TIMEOUT, s->timeout_ms));
	if (s->ciphers)
		assert(!nla_put_u32(m, QUIC_HS_A_CIPHERS, s->ciphers));
	if (s->cipher)
		assert(!nla_put_u32(m, QUIC_HS_A_CIPHER, s->cipher));
	if (s->role == QUIC_HS_ROLE_CLIENT)
		put_client(m, s);
	else
		assert(!nla_put(m, QUIC_HS_A_PEER, sizeof(s->peer), &s->peer));
	for (unsigned int i = 0; i < s->n_listeners; i++)
		put_listener(m, &s->listener[i]);
	return m;
}

struct nl_msg *peer_crypto(uint64_t id, uint32_t level, const void *data,
			   size_t len)
{
	struct nl_msg *m = message(QUIC_HS_CMD_CRYPTO, id, len);

	assert(!nla_put_u32(m, QUIC_HS_A_LEVEL, level));
	assert(!nla_put(m, QUIC_HS_A_CRYPTO, (int)len, data));
	return m;
}

struct nl_msg *peer_abort(uint64_t id)
{
	return message(QUIC_HS_CMD_ABORT, id, 0);
}

static uint32_t u32(struct nlattr **tb, int attr)
{
	return tb[attr] ? nla_get_u32(tb[attr]) : UINT32_MAX;
}

static const char *text(struct nlattr **tb, int attr)
{
	return tb[attr] ? nla_get_string(tb[attr]) : "";
}

static int parse_action(struct nlattr *nest, struct flight *f)
{
	static struct nla_policy policy[QUIC_HS_ACT_MAX + 1] = {
		[QUIC_HS_ACT_TYPE]	= { NLA_U32, 4, 4 },
		[QUIC_HS_ACT_LISTENER]	= { NLA_U32, 4, 4 },
		[QUIC_HS_ACT_VERSION]	= { NLA_U32, 4, 4 },
		[QUIC_HS_ACT_LEVEL]	= { NLA_U32, 4, 4 },
		[QUIC_HS_ACT_CRYPTO]	= { NLA_UNSPEC, 1, QUIC_HS_CRYPTO_MAX },
		[QUIC_HS_ACT_SEND]	= { NLA_U32, 4, 4 },
		[QUIC_HS_ACT_CIPHER]	= { NLA_U32, 4, 4 },
		[QUIC_HS_ACT_SECRET]	= { NLA_UNSPEC, 32,
					    QUIC_HS_SECRET_MAX },
		[QUIC_HS_ACT_TPARAMS]	= { NLA_UNSPEC, 0,
					    QUIC_HS_TPARAMS_MAX },
		[QUIC_HS_ACT_ALPN]	= { NLA_STRING, 2, 256 },
		[QUIC_HS_ACT_ERRNO]	= { NLA_U32, 4, 4 },
		[QUIC_HS_ACT_ALERT]	= { NLA_U32, 4, 4 },
		[QUIC_HS_ACT_TEXT]	= { NLA_STRING, 2,
					    QUIC_HS_TEXT_MAX + 1 },
	};
	struct nlattr *tb[QUIC_HS_ACT_MAX + 1], *a;

	if (nla_parse_nested(tb, QUIC_HS_ACT_MAX, nest, policy) ||
	    !(nest->nla_type & NLA_F_NESTED))
		return -EINVAL;
	switch (u32(tb, QUIC_HS_ACT_TYPE)) {
	case QUIC_HS_ACTION_SELECT:
		flight_select(f, u32(tb, QUIC_HS_ACT_LISTENER),
			      tb[QUIC_HS_ACT_VERSION] ? u32(tb, QUIC_HS_ACT_VERSION) : 0);
		return 0;
	case QUIC_HS_ACTION_CRYPTO:
		a = tb[QUIC_HS_ACT_CRYPTO];
		if (!a)
			return -EINVAL;
		flight_crypto(f, u32(tb, QUIC_HS_ACT_LEVEL), nla_data(a),
			      (size_t)nla_len(a));
		return 0;
	case QUIC_HS_ACTION_SECRET:
		a = tb[QUIC_HS_ACT_SECRET];
		if (!a || u32(tb, QUIC_HS_ACT_SEND) > 1)
			return -EINVAL;
		flight_secret(f, u32(tb, QUIC_HS_ACT_LEVEL),
			      u32(tb, QUIC_HS_ACT_SEND),
			      u32(tb, QUIC_HS_ACT_CIPHER), nla_data(a),
			      (size_t)nla_len(a));
		return 0;
	case QUIC_HS_ACTION_PEER_PARAMS:
		a = tb[QUIC_HS_ACT_TPARAMS];
		if (!a)
			return -EINVAL;
		flight_peer_params(f, nla_data(a), (size_t)nla_len(a));
		return 0;
	case QUIC_HS_ACTION_DONE:
		a = tb[QUIC_HS_ACT_CHAIN];
		flight_done(f, text(tb, QUIC_HS_ACT_ALPN),
			    a ? nla_data(a) : NULL,
			    a ? (size_t)nla_len(a) : 0);
		return 0;
	case QUIC_HS_ACTION_FAIL:
		flight_fail(f, (int)u32(tb, QUIC_HS_ACT_ERRNO),
			    tb[QUIC_HS_ACT_ALERT] ?
			    (int)u32(tb, QUIC_HS_ACT_ALERT) : FLIGHT_NO_ALERT,
			    text(tb, QUIC_HS_ACT_TEXT));
		return 0;
	default:
		return -EINVAL;
	}
}

/* Append the actions of a FLIGHT to @f. */
int peer_parse_flight(struct nlmsghdr *hdr, uint64_t *id, struct flight *f)
{
	struct genlmsghdr *g = nlmsg_data(hdr);
	struct nlattr *nla;
	int left, err;

	if (hdr->nlmsg_type != PEER_FAMILY || g->cmd != QUIC_HS_CMD_FLIGHT ||
	    g->version != QUIC_HS_GENL_VERSION)
		return -EINVAL;
	*id = 0;
	nla_for_each_attr(nla, genlmsg_attrdata(g, 0),
			  genlmsg_attrlen(g, 0), left) {
		switch (nla_type(nla)) {
		case QUIC_HS_A_ID:
			*id = nla_get_u64(nla);
			break;
		case QUIC_HS_A_ACTION:
			err = parse_action(nla, f);
			if (err)
				return err;
			break;
		default:
			return -EINVAL;
		}
	}
	return *id && left <= 0 ? 0 : -EINVAL;
}
