/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Types and constants shared by every module of the core.
 *
 * The core builds in the kernel and, unchanged, in userspace: these few kernel
 * headers are all it includes; tests/shim provides them there. One unit per
 * quantity: times are u64 nanoseconds of a monotonic clock, sizes are bytes.
 */
#ifndef QUIC_CORE_TYPES_H
#define QUIC_CORE_TYPES_H

#include <linux/types.h>
#include <linux/kernel.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/math64.h>
#include <linux/overflow.h>
#include "../compat/unaligned.h"
#include <linux/quic.h>

#define QUIC_NS_PER_US		1000ULL
#define QUIC_NS_PER_MS		1000000ULL
#define QUIC_NS_PER_SEC		1000000000ULL
#define QUIC_TIME_NEVER		U64_MAX		/* a deadline that never comes */

#define QUIC_VARINT_MAX		((1ULL << 62) - 1)	/* RFC 9000 16 */
#define QUIC_PN_MAX		QUIC_VARINT_MAX		/* RFC 9000 12.3 */
#define QUIC_STREAMS_MAX	(1ULL << 60)		/* RFC 9000 4.6 */

#define QUIC_CID_MAX_LEN	20	/* RFC 9000 17.2 */
#define QUIC_CID_KEY_LEN	8	/* first bytes of an ID we issued: what it is found by */
#define QUIC_LOCAL_CID_LEN	QUIC_CID_KEY_LEN /* of those we issue: by default, and at least */
#define QUIC_INITIAL_DCID_MIN	8	/* RFC 9000 7.2 */
#define QUIC_RESET_TOKEN_LEN	16	/* RFC 9000 10.3 */
#define QUIC_ANSWERED_MIN	22	/* the same: beside an ID of ours */
#define QUIC_TAG_LEN		16	/* of every AEAD of RFC 9001 5.3 */
#define QUIC_HP_SAMPLE_LEN	16	/* RFC 9001 5.4.2 */
#define QUIC_PN_MAX_LEN		4
#define QUIC_PN_APP_LEN		2	/* bytes at least of our 0-RTT and 1-RTT packet numbers */
#define QUIC_MIN_UDP_PAYLOAD	1200	/* RFC 9000 14 */
#define QUIC_MAX_UDP_PAYLOAD	65527

/* Packet number spaces (RFC 9000 12.3). */
enum quic_space {
	QUIC_SPACE_INITIAL,
	QUIC_SPACE_HANDSHAKE,
	QUIC_SPACE_APP,
	QUIC_SPACES,
};

/* Packet types, in the order of RFC 9000 table 5, then the short header. */
enum quic_pkt_type {
	QUIC_PKT_INITIAL,
	QUIC_PKT_0RTT,
	QUIC_PKT_HANDSHAKE,
	QUIC_PKT_RETRY,
	QUIC_PKT_VERSION_NEG,
	QUIC_PKT_1RTT,
	QUIC_PKT_TYPES,
};

/**
 * struct quic_cid - a connection ID
 * @len: 0 to QUIC_CID_MAX_LEN bytes
 * @id: the bytes; those past @len are zero
 */
struct quic_cid {
	u8 len;
	u8 id[QUIC_CID_MAX_LEN];
};

static inline bool quic_cid_equal(const struct quic_cid *a,
				  const struct quic_cid *b)
{
	return a->len == b->len && !memcmp(a->id, b->id, a->len);
}

/**
 * quic_cid_set - fill a connection ID
 * @cid: destination
 * @id: bytes
 * @len: at most QUIC_CID_MAX_LEN, checked by the caller
 */
static inline void quic_cid_set(struct quic_cid *cid, const u8 *id, u8 len)
{
	memset(cid, 0, sizeof(*cid));
	memcpy(cid->id, id, len);
	cid->len = len;
}

/**
 * struct quic_error - why a connection ends, in the RFC's terms
 * @code: transport error code (RFC 9000 20.1), CRYPTO_ERROR included, or the
 *	application's code
 * @frame_type: frame that caused it, 0 if none or unknown
 * @reason: static text for a person, never NULL once @set
 * @set: an error is present; the first one wins
 * @app: @code is the application's
 */
struct quic_error {
	u64 code;
	u64 frame_type;
	const char *reason;
	bool set;
	bool app;
};

/**
 * quic_error_set - note a protocol violation
 * @err: error object; an error already in it stays
 * @code: RFC 9000 20.1 code
 * @frame_type: type of the offending frame or 0
 * @reason: static text that names the frame and the rule
 *
 * Return: -EPROTO, so that callers can write "return quic_error_set(...)".
 */
static inline int quic_error_set(struct quic_error *err, u64 code,
				 u64 frame_type, const char *reason)
{
	if (!err->set) {
		err->code = code;
		err->frame_type = frame_type;
		err->reason = reason;
		err->app = false;
		err->set = true;
	}
	return -EPROTO;
}

#endif /* QUIC_CORE_TYPES_H */
