/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_HELLO_H
#define QUICD_HELLO_H

#include "reason.h"
#include "wire.h"

#define HELLO_TPARAMS_EXT 0x39		/* RFC 9001 8.2 */

/**
 * struct hello - what a ClientHello or EncryptedExtensions says to us
 * @sni: host name asked for, lower case, "" for none
 * @alpn: protocol names, each after its length in one byte
 * @tparams: body of extension 0x39
 * @has_tparams: whether it was there
 *
 * @alpn and @tparams point into the message parsed.
 */
struct hello {
	char sni[QUIC_HS_NAME_MAX + 1];
	struct blob alpn;
	struct blob tparams;
	bool has_tparams;
};

int hello_parse(const void *msg, size_t len, bool client_hello,
		struct hello *h);
bool hello_next_alpn(struct blob *list, struct blob *name);
bool hello_offers_version(const struct hello *h, uint32_t version);
bool hello_list_has(const char *list, const struct blob *name);
enum reason hello_choose(const struct hello *h,
			 const struct hs_listener *listener, unsigned int n,
			 const struct hs_listener **chosen, struct blob *alpn);

#endif /* QUICD_HELLO_H */
