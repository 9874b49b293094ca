// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What quicd itself reads of the TLS hellos, and which listener it picks.
 *
 * GnuTLS hands over the raw ClientHello (server) or EncryptedExtensions
 * (client) before it acts on them. Three extensions matter: server_name (RFC
 * 6066 3), application_layer_protocol_negotiation (RFC 7301 3.1) and
 * quic_transport_parameters (RFC 9001 8.2). Reading them here, ahead of GnuTLS,
 * makes the order of our actions independent of the order of extensions.
 *
 * Choice of the listener: the client's ALPN names in its order of preference;
 * the first that any listener speaks decides, and among the listeners that
 * speak it an exact name beats a wildcard, which beats "any name". A listener
 * without ALPN serves only clients that offer none. Cost: names times
 * listeners, both bounded (a ClientHello of 128 KiB, 64 listeners).
 *
 * Of the transport parameters one is read, version_information (RFC 9368 3): whether a
 * client's first flight will do for another version decides which parameters it gets in
 * answer. All else of them, and whether that is well formed, is the kernel's.
 *
 * Not here: everything else in a hello; GnuTLS checks it.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <gnutls/gnutls.h>

#include "hello.h"

enum {
	EXT_SERVER_NAME = 0,
	EXT_ALPN = 16,
	TPARAM_VERSION_INFORMATION = 0x11,
};

static size_t be16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

/* server_name_list: u16 length, then type u8, u16 length, bytes; RFC 6066 3 */
static int parse_sni(struct hello *h, const uint8_t *p, size_t len)
{
	size_t n;

	if (!len)
		return 0;	/* a server's answer is empty */
	if (len < 5 || be16(p) != len - 2 || p[2] != 0)
		return GNUTLS_E_RECEIVED_ILLEGAL_PARAMETER;
	n = be16(p + 3);
	if (n > len - 5 || !n || n >= sizeof(h->sni) || memchr(p + 5, 0, n))
		return GNUTLS_E_RECEIVED_ILLEGAL_PARAMETER;
	for (size_t i = 0; i < n; i++)
		h->sni[i] = (char)tolower(p[5 + i]);
	return 0;
}

/* ProtocolNameList: u16 length, then names of 1 to 255 bytes; RFC 7301 3.1 */
static int parse_alpn(struct hello *h, const uint8_t *p, size_t len)
{
	struct blob rest, name;

	if (len < 2 || be16(p) != len - 2)
		return GNUTLS_E_RECEIVED_ILLEGAL_PARAMETER;
	h->alpn = (struct blob){ p + 2, len - 2 };
	rest = h->alpn;
	while (hello_next_alpn(&rest, &name))
		;
	return rest.len ? GNUTLS_E_RECEIVED_ILLEGAL_PARAMETER : 0;
}

static int on_extension(void *ctx, unsigned int id, const unsigned char *data,
			unsigned int len)
{
	struct hello *h = ctx;

	switch (id) {
	case EXT_SERVER_NAME:
		return parse_sni(h, data, len);
	case EXT_ALPN:
		return parse_alpn(h, data, len);
	case HELLO_TPARAMS_EXT:
		h->tparams = (struct blob){ data, len };
		h->has_tparams = true;
		return 0;
	default:
		return 0;
	}
}

/**
 * hello_parse - read the extensions that concern us
 * @msg: a handshake message without its header
 * @len: its length
 * @client_hello: ClientHello, else EncryptedExtensions
 * @h: receives the result, which points into @msg
 *
 * Return: 0 or a negative GNUTLS_E_*.
 */
int hello_parse(const void *msg, size_t len, bool client_hello,
		struct hello *h)
{
	gnutls_datum_t d = { (unsigned char *)msg, (unsigned int)len };
	int err;

	memset(h, 0, sizeof(*h));
	err = gnutls_ext_raw_parse(h, on_extension, &d, client_hello ?
				   GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO : 0);
	return err < 0 ? err : 0;
}

/**
 * hello_next_alpn - take the first name off a list
 * @list: names, each after its length in one byte; shortened
 * @name: receives the name
 *
 * Return: whether there was one. A malformed list leaves @list non-empty.
 */
bool hello_next_alpn(struct blob *list, struct blob *name)
{
	size_t n;

	if (!list->len)
		return false;
	n = list->data[0];
	if (!n || n > list->len - 1)
		return false;
	*name = (struct blob){ list->data + 1, n };
	list->data += n + 1;
	list->len -= n + 1;
	return true;
}

/* Take a variable-length integer (RFC 9000 16) off @b. Return: it was whole. */
static bool take_varint(struct blob *b, uint64_t *v)
{
	size_t n;

	if (!b->len)
		return false;
	n = 1U << (b->data[0] >> 6);
	if (n > b->len)
		return false;
	*v = b->data[0] & 0x3f;
	for (size_t i = 1; i < n; i++)
		*v = *v << 8 | b->data[i];
	b->data += n;
	b->len -= n;
	return true;
}

/**
 * hello_offers_version - is a client's first flight compatible with a QUIC version?
 * @h: ClientHello
 * @version: the version
 *
 * Return: whether it is among the Available Versions (RFC 9368 3).
 */
bool hello_offers_version(const struct hello *h, uint32_t version)
{
	struct blob rest = h->tparams;
	uint64_t id, len;

	while (take_varint(&rest, &id) && take_varint(&rest, &len) && len <= rest.len) {
		/* the first four bytes are the Chosen Version */
		for (size_t i = 4; id == TPARAM_VERSION_INFORMATION && i + 4 <= len; i += 4)
			if (((uint32_t)be16(rest.data + i) << 16 | be16(rest.data + i + 2)) ==
			    version)
				return true;
		rest.data += len;
		rest.len -= len;
	}
	return false;
}

/**
 * hello_list_has - look for a name in a comma separated list
 * @list: the list
 * @name: exact bytes, no comma
 *
 * Return: whether it is there.
 */
bool hello_list_has(const char *list, const struct blob *name)
{
	size_t n;

	for (;; list += n + 1) {
		n = strcspn(list, ",");
		if (n == name->len && !memcmp(list, name->data, n))
			return true;
		if (!list[n])
			return false;
	}
}

enum match {
	MATCH_NO,
	MATCH_ANY,
	MATCH_WILDCARD,
	MATCH_EXACT,
};

/* "*.example" stands for exactly one label before it, as RFC 6125 6.4.3 */
static enum match match_pattern(const char *pattern, size_t n,
				const char *name)
{
	const char *dot;

	if (n == strlen(name) && !strncasecmp(pattern, name, n))
		return MATCH_EXACT;
	if (n < 3 || pattern[0] != '*' || pattern[1] != '.')
		return MATCH_NO;
	dot = strchr(name, '.');
	if (!dot || dot == name || strlen(dot) != n - 1)
		return MATCH_NO;
	return strncasecmp(pattern + 1, dot, n - 1) ? MATCH_NO :
						      MATCH_WILDCARD;
}

static enum match match_name(const char *patterns, const char *name)
{
	enum match best = MATCH_NO;
	size_t n;

	if (!*patterns)
		return MATCH_ANY;
	for (;; patterns += n + 1) {
		enum match m;

		n = strcspn(patterns, ",");
		m = match_pattern(patterns, n, name);
		if (m > best && *name)
			best = m;
		if (!patterns[n])
			return best;
	}
}

/* The best listener for one ALPN name; @alpn NULL: for none offered. */
static const struct hs_listener *
best_for(const struct hello *h, const struct blob *alpn,
	 const struct hs_listener *listener, unsigned int n, bool *spoken)
{
	const struct hs_listener *best = NULL;
	enum match top = MATCH_NO;

	for (unsigned int i = 0; i < n; i++) {
		const struct hs_listener *l = &listener[i];
		enum match m;

		if (alpn ? !*l->alpn || !hello_list_has(l->alpn, alpn) :
			   *l->alpn != '\0')
			continue;
		*spoken = true;
		m = match_name(l->sni, h->sni);
		if (m > top) {
			top = m;
			best = l;
		}
	}
	return best;
}

/**
 * hello_choose - pick the listener for a ClientHello
 * @h: the ClientHello
 * @listener: candidates
 * @n: how many
 * @chosen: receives the listener
 * @alpn: receives the protocol, empty for none
 *
 * Return: REASON_NONE, REASON_NO_ALPN, or REASON_SNI when the protocol is
 * spoken but not for this name.
 */
enum reason hello_choose(const struct hello *h,
			 const struct hs_listener *listener, unsigned int n,
			 const struct hs_listener **chosen, struct blob *alpn)
{
	struct blob rest = h->alpn;
	bool spoken = false;

	*alpn = (struct blob){ NULL, 0 };
	if (!rest.len) {
		*chosen = best_for(h, NULL, listener, n, &spoken);
		goto out;
	}
	while (hello_next_alpn(&rest, alpn)) {
		*chosen = best_for(h, alpn, listener, n, &spoken);
		if (*chosen)
			return REASON_NONE;
	}
	*chosen = NULL;
out:
	if (*chosen)
		return REASON_NONE;
	return spoken ? REASON_SNI : REASON_NO_ALPN;
}
