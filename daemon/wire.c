// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages of the quic_hs family: bytes to structures and back.
 *
 * Parsing is driven by two tables, one row per attribute: its form, its
 * longest length and where it is stored. A message is accepted whole or not at
 * all: lengths are exact, strings hold no NUL but at their end, an attribute
 * appears once unless its row says otherwise, and each command has its set of
 * attributes that must be there. Attributes with unknown numbers are skipped,
 * so that a newer kernel may add some.
 *
 * Invariants: a parsed START owns all it holds (nothing points into the
 * message) and is released by wire_start_clear(); CRYPTO bytes do point into
 * it. Every byte read lies inside the length given: this function is what the
 * fuzzer feeds. Encoded flights hold secrets and are zeroised by wire_free().
 *
 * Not here: sockets, and any meaning of the values.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include <linux/tls.h>

#include "../kmod/core/plant.h"
#include "wire.h"

/* A nest carries its length in 16 bits: what else is in a DONE fits beside. */
#define CHAIN_SEND_MAX 60000

enum form {
	FORM_SKIP,		/* only the length is checked */
	FORM_U32,
	FORM_U64,
	FORM_STRING,		/* char [max + 1] */
	FORM_TPARAMS,		/* struct tparams */
	FORM_PEER,		/* sockaddr_in or sockaddr_in6 */
	FORM_VIEW,		/* struct blob into the message, not empty */
	FORM_CREDENTIAL,
	FORM_PIN,		/* repeatable */
	FORM_LISTENER,		/* nest, repeatable */
};

struct rule {
	enum form form;
	size_t max;		/* bytes, without a string's NUL */
	size_t offset;		/* where the value goes */
};

#define MSG(field) offsetof(struct hs_msg, field)
#define START(field) offsetof(struct hs_msg, start.field)
#define LISTENER(field) offsetof(struct hs_listener, field)

static const struct rule top_rules[QUIC_HS_A_MAX + 1] = {
	[QUIC_HS_A_PAD]		= { FORM_SKIP, 0, 0 },
	[QUIC_HS_A_ID]		= { FORM_U64, 8, MSG(id) },
	[QUIC_HS_A_ROLE]	= { FORM_U32, 4, START(role) },
	[QUIC_HS_A_VERSION]	= { FORM_U32, 4, START(version) },
	[QUIC_HS_A_TPARAMS]	= { FORM_TPARAMS, QUIC_HS_TPARAMS_MAX,
				    START(tparams) },
	[QUIC_HS_A_SERVER_NAME]	= { FORM_STRING, QUIC_HS_NAME_MAX,
				    START(server_name) },
	[QUIC_HS_A_ALPN]	= { FORM_STRING, QUIC_HS_ALPN_MAX,
				    START(alpn) },
	[QUIC_HS_A_PROFILE]	= { FORM_STRING, QUIC_HS_PROFILE_MAX,
				    START(profile) },
	[QUIC_HS_A_VERIFY]	= { FORM_U32, 4, START(verify) },
	[QUIC_HS_A_PIN]		= { FORM_PIN, WIRE_PIN_LEN, START(pin) },
	[QUIC_HS_A_CREDENTIAL]	= { FORM_CREDENTIAL, QUIC_HS_CHAIN_MAX,
				    START(credential) },
	[QUIC_HS_A_SESSION]	= { FORM_SKIP, 65535, 0 },
	[QUIC_HS_A_UID]		= { FORM_U32, 4, START(uid) },
	[QUIC_HS_A_GID]		= { FORM_U32, 4, START(gid) },
	[QUIC_HS_A_NETNS]	= { FORM_U64, 8, START(netns) },
	[QUIC_HS_A_TIMEOUT]	= { FORM_U32, 4, START(timeout_ms) },
	[QUIC_HS_A_CIPHER]	= { FORM_U32, 4, START(cipher) },
	[QUIC_HS_A_PEER]	= { FORM_PEER, sizeof(struct sockaddr_in6),
				    START(peer) },
	[QUIC_HS_A_LISTENER]	= { FORM_LISTENER, 65535, START(listener) },
	[QUIC_HS_A_LEVEL]	= { FORM_U32, 4, MSG(level) },
	[QUIC_HS_A_CRYPTO]	= { FORM_VIEW, QUIC_HS_CRYPTO_MAX,
				    MSG(crypto) },
	[QUIC_HS_A_ACTION]	= { FORM_SKIP, 0, 0 },
	[QUIC_HS_A_CIPHERS]	= { FORM_U32, 4, START(ciphers) },
};

static const struct rule listener_rules[QUIC_HS_L_MAX + 1] = {
	[QUIC_HS_L_ID]		= { FORM_U32, 4, LISTENER(id) },
	[QUIC_HS_L_ALPN]	= { FORM_STRING, QUIC_HS_ALPN_MAX,
				    LISTENER(alpn) },
	[QUIC_HS_L_SNI]		= { FORM_STRING, WIRE_SNI_MAX, LISTENER(sni) },
	[QUIC_HS_L_PROFILE]	= { FORM_STRING, QUIC_HS_PROFILE_MAX,
				    LISTENER(profile) },
	[QUIC_HS_L_TPARAMS]	= { FORM_TPARAMS, QUIC_HS_TPARAMS_MAX,
				    LISTENER(tparams) },
	[QUIC_HS_L_UID]		= { FORM_U32, 4, LISTENER(uid) },
	[QUIC_HS_L_CERT_REQUEST] = { FORM_U32, 4, LISTENER(cert_request) },
	[QUIC_HS_L_CIPHER]	= { FORM_U32, 4, LISTENER(cipher) },
	[QUIC_HS_L_VERSION]	= { FORM_U32, 4, LISTENER(version) },
	[QUIC_HS_L_VERSION_TPARAMS] = { FORM_TPARAMS, QUIC_HS_TPARAMS_MAX,
				    LISTENER(version_tparams) },
};

#define A(name) (1U << QUIC_HS_A_##name)
#define L(name) (1U << QUIC_HS_L_##name)

#define START_NEEDS (A(ID) | A(ROLE) | A(VERSION) | A(UID) | A(GID) | \
		     A(NETNS) | A(TIMEOUT))
#define LISTENER_NEEDS (L(ID) | L(TPARAMS))

static int put_string(char *to, const uint8_t *data, size_t len, size_t max)
{
	if (len && !data[len - 1])
		len--;
	if (len > max + QUIC_PLANTED(25) || memchr(data, 0, len))
		return -EINVAL;
	memcpy(to, data, len);
	to[len] = '\0';
	return 0;
}

static int put_tparams(struct tparams *to, const uint8_t *data, size_t len)
{
	if (len > sizeof(to->data))
		return -EINVAL;
	memcpy(to->data, data, len);
	to->len = len;
	return 0;
}

static int put_pin(struct hs_start *start, const uint8_t *data, size_t len)
{
	if (len != WIRE_PIN_LEN || start->n_pins == WIRE_PINS_MAX)
		return -EINVAL;
	memcpy(start->pin[start->n_pins++], data, len);
	return 0;
}

static int put_credential(struct hs_start *start, const uint8_t *data,
			  size_t len)
{
	if (!len)
		return -EINVAL;
	start->credential = malloc(len);
	if (!start->credential)
		return -ENOMEM;
	memcpy(start->credential, data, len);
	start->credential_len = len;
	return 0;
}

static int put_listener(struct hs_start *start, const struct nlattr *nest);

/* Store one attribute. @base is the hs_msg or hs_listener that rules mean. */
static int put(const struct rule *rule, const struct nlattr *nla, void *base)
{
	const uint8_t *data = nla_data(nla);
	size_t len = (size_t)nla_len(nla);
	void *to = (char *)base + rule->offset;
	struct hs_msg *msg = base;

	switch (rule->form) {
	case FORM_U32:
	case FORM_U64:
		if (len != rule->max)
			return -EINVAL;
		memcpy(to, data, len);
		return 0;
	case FORM_STRING:
		return put_string(to, data, len, rule->max);
	case FORM_TPARAMS:
		return put_tparams(to, data, len);
	case FORM_PEER:
		if (len != sizeof(struct sockaddr_in) && len != rule->max)
			return -EINVAL;
		memcpy(to, data, len);
		return 0;
	case FORM_VIEW:
		if (!len || len > rule->max)
			return -EINVAL;
		*(struct blob *)to = (struct blob){ data, len };
		return 0;
	case FORM_CREDENTIAL:
		return put_credential(&msg->start, data, len);
	case FORM_PIN:
		return put_pin(&msg->start, data, len);
	case FORM_LISTENER:
		return put_listener(&msg->start, nla);
	case FORM_SKIP:
		break;
	}
	return len > rule->max ? -EINVAL : 0;
}

/*
 * Walk the attributes of @len bytes at @head and store them by @rules.
 * Return: 0 with the set of attributes in @seen, or a negative errno.
 */
static int walk(const struct rule *rules, int max, const void *head,
		size_t len, void *base, uint32_t *seen)
{
	struct nlattr *nla = (struct nlattr *)head;
	int left = (int)len;
	int type, err;

	*seen = 0;
	for (; nla_ok(nla, left); nla = nla_next(nla, &left)) {
		type = nla_type(nla);
		if (type == 0)
			return -EINVAL;
		if (type > max)
			continue;
		if ((*seen & 1U << type) && rules[type].form != FORM_PIN &&
		    rules[type].form != FORM_LISTENER &&
		    rules[type].form != FORM_SKIP)
			return -EINVAL;
		err = put(&rules[type], nla, base);
		if (err)
			return err;
		*seen |= 1U << type;
	}
	return left > 0 ? -EINVAL : 0;
}

static int put_listener(struct hs_start *start, const struct nlattr *nest)
{
	struct hs_listener *l;
	uint32_t seen;
	int err;

	if (start->n_listeners == WIRE_LISTENERS_MAX)
		return -EINVAL;
	l = reallocarray(start->listener, start->n_listeners + 1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	start->listener = l;
	l += start->n_listeners;
	memset(l, 0, sizeof(*l));
	err = walk(listener_rules, QUIC_HS_L_MAX, nla_data(nest),
		   (size_t)nla_len(nest), l, &seen);
	if (err)
		return err;
	if ((seen & LISTENER_NEEDS) != LISTENER_NEEDS || l->cert_request > 2)
		return -EINVAL;
	start->n_listeners++;
	return 0;
}

static int check_start(struct hs_start *start, uint32_t seen)
{
	uint32_t needs = START_NEEDS;

	/* the one that QUIC cannot do without */
	if (!(seen & A(CIPHERS)))
		start->ciphers = QUIC_HS_CIPHER_BIT(TLS_CIPHER_AES_GCM_128);

	switch (start->role) {
	case QUIC_HS_ROLE_CLIENT:
		needs |= A(TPARAMS);
		break;
	case QUIC_HS_ROLE_SERVER:
		needs |= A(LISTENER);
		break;
	default:
		return -EINVAL;
	}
	return (seen & needs) == needs ? 0 : -EINVAL;
}

static int check(struct hs_msg *msg, uint32_t seen)
{
	const uint32_t crypto = A(ID) | A(LEVEL) | A(CRYPTO);

	if (!msg->id)
		return -EINVAL;
	switch (msg->cmd) {
	case QUIC_HS_CMD_START:
		return check_start(&msg->start, seen);
	case QUIC_HS_CMD_CRYPTO:
		if (msg->level >= QUIC_CRYPTO_EARLY)
			return -EINVAL;
		return (seen & crypto) == crypto ? 0 : -EINVAL;
	case QUIC_HS_CMD_ABORT:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * wire_parse - read one message of the kernel
 * @genl: its generic netlink header, aligned to 4 bytes
 * @len: bytes from there to the end of the message
 * @msg: receives the result; @msg->start is to be released with
 *	wire_start_clear() unless its owner changes
 *
 * Return: 0; -EINVAL when malformed, -EOPNOTSUPP for an unknown command,
 * -ENOMEM. On error @msg->start is empty and @msg->id is 0 unless it was read.
 */
int wire_parse(const void *genl, size_t len, struct hs_msg *msg)
{
	const struct genlmsghdr *hdr = genl;
	uint32_t seen;
	int err;

	memset(msg, 0, sizeof(*msg));
	if (len < GENL_HDRLEN || len > INT32_MAX)
		return -EINVAL;
	msg->cmd = hdr->cmd;
	err = walk(top_rules, QUIC_HS_A_MAX, (const char *)genl + GENL_HDRLEN,
		   len - GENL_HDRLEN, msg, &seen);
	if (!err && hdr->version != QUIC_HS_GENL_VERSION)
		err = -EINVAL;
	if (!err)
		err = check(msg, seen);
	if (err)
		wire_start_clear(&msg->start);
	return err;
}

/**
 * wire_start_clear - release what a START holds
 * @start: zeroised
 */
void wire_start_clear(struct hs_start *start)
{
	if (start->credential)
		explicit_bzero(start->credential, start->credential_len);
	free(start->credential);
	free(start->listener);
	memset(start, 0, sizeof(*start));
}

static struct nl_msg *message(uint16_t family, uint32_t seq, uint8_t cmd,
			      int flags, size_t room)
{
	struct nl_msg *msg = nlmsg_alloc_size(room + NLMSG_HDRLEN +
					      GENL_HDRLEN + 64);

	if (msg && !genlmsg_put(msg, NL_AUTO_PORT, seq, family, 0, flags, cmd,
				QUIC_HS_GENL_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/**
 * wire_encode_register - make a REGISTER
 * @family: number of the family
 * @seq: sequence number of its acknowledgment
 *
 * Return: the message, to be released with wire_free(), or NULL.
 */
struct nl_msg *wire_encode_register(uint16_t family, uint32_t seq)
{
	return message(family, seq, QUIC_HS_CMD_REGISTER,
		       NLM_F_REQUEST | NLM_F_ACK, 0);
}

static int encode_fail(struct nl_msg *msg, const struct action *a)
{
	if (nla_put_u32(msg, QUIC_HS_ACT_ERRNO, a->error) ||
	    nla_put_string(msg, QUIC_HS_ACT_TEXT, a->text))
		return -1;
	if (a->alert == FLIGHT_NO_ALERT)
		return 0;
	return nla_put_u32(msg, QUIC_HS_ACT_ALERT, (uint32_t)a->alert);
}

static int encode_secret(struct nl_msg *msg, const struct action *a)
{
	return nla_put_u32(msg, QUIC_HS_ACT_LEVEL, a->level) ||
	       nla_put_u32(msg, QUIC_HS_ACT_SEND, a->send) ||
	       nla_put_u32(msg, QUIC_HS_ACT_CIPHER, a->cipher) ||
	       nla_put(msg, QUIC_HS_ACT_SECRET, (int)a->len, a->data);
}

static int encode_done(struct nl_msg *msg, const struct action *a)
{
	if (*a->text && nla_put_string(msg, QUIC_HS_ACT_ALPN, a->text))
		return -1;
	if (!a->len || a->len > CHAIN_SEND_MAX)
		return 0;
	return nla_put(msg, QUIC_HS_ACT_CHAIN, (int)a->len, a->data);
}

static int encode_action(struct nl_msg *msg, const struct action *a)
{
	if (nla_put_u32(msg, QUIC_HS_ACT_TYPE, a->type))
		return -1;
	switch (a->type) {
	case QUIC_HS_ACTION_SELECT:
		return nla_put_u32(msg, QUIC_HS_ACT_LISTENER, a->listener) ||
		       (a->version && nla_put_u32(msg, QUIC_HS_ACT_VERSION, a->version));
	case QUIC_HS_ACTION_CRYPTO:
		return nla_put_u32(msg, QUIC_HS_ACT_LEVEL, a->level) ||
		       nla_put(msg, QUIC_HS_ACT_CRYPTO, (int)a->len, a->data);
	case QUIC_HS_ACTION_SECRET:
		return encode_secret(msg, a);
	case QUIC_HS_ACTION_PEER_PARAMS:
		return nla_put(msg, QUIC_HS_ACT_TPARAMS, (int)a->len, a->data);
	case QUIC_HS_ACTION_DONE:
		return encode_done(msg, a);
	case QUIC_HS_ACTION_FAIL:
		return encode_fail(msg, a);
	default:
		return -1;
	}
}

/**
 * wire_encode_flight - make a FLIGHT
 * @family: number of the family
 * @seq: sequence number, echoed if the kernel rejects it
 * @id: handshake
 * @f: actions, not broken
 *
 * Return: the message, to be released with wire_free(), or NULL when there is
 * no memory.
 */
struct nl_msg *wire_encode_flight(uint16_t family, uint32_t seq, uint64_t id,
				  const struct flight *f)
{
	struct nl_msg *msg;
	struct nlattr *nest;
	size_t room = 64;

	for (unsigned int i = 0; i < f->n; i++)
		room += 128 + f->action[i].len + strlen(f->action[i].text);
	msg = message(family, seq, QUIC_HS_CMD_FLIGHT, NLM_F_REQUEST, room);
	if (!msg)
		return NULL;
	if (nla_put_u64(msg, QUIC_HS_A_ID, id))
		goto fail;
	for (unsigned int i = 0; i < f->n; i++) {
		nest = nla_nest_start(msg, QUIC_HS_A_ACTION | NLA_F_NESTED);
		if (!nest || encode_action(msg, &f->action[i]))
			goto fail;
		nla_nest_end(msg, nest);
	}
	return msg;
fail:
	wire_free(msg);
	return NULL;
}

/**
 * wire_free - zeroise and release a message
 * @msg: made here
 */
void wire_free(struct nl_msg *msg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);

	explicit_bzero(nlmsg_data(hdr), (size_t)nlmsg_datalen(hdr));
	nlmsg_free(msg);
}
