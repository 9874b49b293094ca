/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PEER_H
#define PEER_H

#include "wire.h"

struct nlmsghdr;

#define PEER_FAMILY 0x21

struct nl_msg *peer_start(uint64_t id, const struct hs_start *s);
struct nl_msg *peer_crypto(uint64_t id, uint32_t level, const void *data,
			   size_t len);
struct nl_msg *peer_abort(uint64_t id);
int peer_parse_flight(struct nlmsghdr *hdr, uint64_t *id, struct flight *f);

#endif /* PEER_H */
