/* SPDX-License-Identifier: GPL-2.0 */
/* Packet headers: long (RFC 9000 17.2), short (17.3), version negotiation. */
#ifndef QUIC_CORE_WIRE_HDR_H
#define QUIC_CORE_WIRE_HDR_H

#include "types.h"
#include "varint.h"

#define QUIC_RETRY_TAG_LEN	16	/* RFC 9001 5.8 */
#define QUIC_HDR_FIXED		0x40	/* of the first byte: the QUIC bit of RFC 9287 */

/**
 * struct quic_hdr - a header before header protection is removed
 * @type: packet type
 * @fixed: the fixed bit is as RFC 9000 17 has it, or its version knows of none
 * @version: of a long header, 0 for version negotiation and short headers
 * @dcid: destination connection ID; empty when it is longer than QUIC_CID_MAX_LEN, which
 *	only a version that is not ours may have
 * @scid: source connection ID, long headers only; the same
 * @ids: of a long header: both of them where they stand, the destination's first, each
 *	behind a byte with its length, which may be any (RFC 8999 5.1)
 * @token: Initial: token; Retry: retry token; Version Negotiation: the list of
 *	versions. Points into the packet.
 * @token_len: bytes of it
 * @pn_off: offset of the packet number from the packet's first byte; 0 when
 *	the type has none
 * @len: bytes of this packet in the datagram: the next coalesced one starts
 *	there (RFC 9000 12.2)
 */
struct quic_hdr {
	enum quic_pkt_type type;
	bool fixed;
	u32 version;
	struct quic_cid dcid;
	struct quic_cid scid;
	const u8 *ids;
	const u8 *token;
	u32 token_len;
	u32 pn_off;
	u32 len;
};

/**
 * quic_hdr_parse - parse one packet's header
 * @data: the packet's first byte
 * @len: bytes to the end of the datagram
 * @cid_len: length of connection IDs in short headers that we receive
 * @hdr: filled on success only
 *
 * Also decodes packets of unknown versions as far as RFC 8999 defines them
 * (type Initial, pn_off 0): the caller looks at @version. A packet number
 * field plus sample of 20 bytes is guaranteed to be inside @hdr->len for types
 * that have one (RFC 9001 5.4.2).
 *
 * Context: any. Return: 0, or -EBADMSG: drop the rest of the datagram.
 */
int quic_hdr_parse(const u8 *data, u32 len, u8 cid_len, struct quic_hdr *hdr);

/**
 * quic_hdr_put_long - write a long header up to the packet number, inclusive
 * @c: cursor
 * @type: Initial, 0-RTT or Handshake
 * @version: QUIC_VERSION_V1 or QUIC_VERSION_V2 (RFC 9369 3.2 type bits)
 * @dcid: destination
 * @scid: source
 * @token: Initial's token or NULL
 * @token_len: its bytes
 * @pn: packet number
 * @pn_len: 1 to 4
 *
 * The Length field takes two bytes and is filled by quic_hdr_set_length().
 *
 * Return: offset of the Length field from the header's first byte.
 */
u32 quic_hdr_put_long(struct quic_wcur *c, enum quic_pkt_type type, u32 version,
		      const struct quic_cid *dcid, const struct quic_cid *scid,
		      const u8 *token, u32 token_len, u64 pn, u8 pn_len);

/**
 * quic_hdr_is_for - may an end of this role get such a packet?
 * @hdr: as quic_hdr_parse() left it
 * @server: the end is a server
 *
 * A client gets no Initial with a token and no 0-RTT, and discards what looks like
 * it (RFC 9000 17.2.2, RFC 9001 5.6).
 *
 * Return: false: discard it.
 */
static inline bool quic_hdr_is_for(const struct quic_hdr *hdr, bool server)
{
	return server || (hdr->type != QUIC_PKT_0RTT &&
			  (hdr->type != QUIC_PKT_INITIAL || !hdr->token_len));
}

/**
 * quic_hdr_fixed_ok - may an end take a packet with such a fixed bit?
 * @hdr: as quic_hdr_parse() left it
 * @greases: the end declares grease_quic_bit
 *
 * RFC 9000 17.2, 17.3.1; RFC 9287 3. Return: false: discard it.
 */
static inline bool quic_hdr_fixed_ok(const struct quic_hdr *hdr, bool greases)
{
	return hdr->fixed || greases;
}

/**
 * quic_hdr_set_length - fill the two-byte Length field
 * @pkt: the packet's first byte
 * @length_off: as quic_hdr_put_long() returned
 * @length: packet number, payload and tag, at most 16383
 */
void quic_hdr_set_length(u8 *pkt, u32 length_off, u32 length);

/* Write the low @pn_len bytes of a packet number. */
static inline void quic_hdr_put_pn(u8 *p, u64 pn, u8 pn_len)
{
	u32 i;

	for (i = pn_len; i--; pn >>= 8)
		p[i] = pn;
}

/**
 * quic_hdr_put_short - write a short header (RFC 9000 17.3.1)
 * @c: cursor
 * @dcid: destination
 * @pn: packet number
 * @pn_len: 1 to 4
 * @key_phase: 0 or 1
 * @spin: 0 or 1
 */
static inline void quic_hdr_put_short(struct quic_wcur *c, const struct quic_cid *dcid,
				      u64 pn, u8 pn_len, u8 key_phase, u8 spin)
{
	u8 *p = quic_put_space(c, 1 + dcid->len + pn_len);

	if (!p)
		return;
	*p++ = QUIC_HDR_FIXED | spin << 5 | key_phase << 2 | (pn_len - 1);
	memcpy(p, dcid->id, dcid->len);
	quic_hdr_put_pn(p + dcid->len, pn, pn_len);
}

/**
 * quic_hdr_payload_min - payload bytes that a packet has at least, PADDING included
 * @hdr_len: its header, packet number included
 * @pn_len: bytes of the packet number
 * @whole: bytes that the packet has at least, its tag included; 0: what the sample of
 *	header protection needs (RFC 9001 5.4.2)
 */
static inline u32 quic_hdr_payload_min(u32 hdr_len, u8 pn_len, u32 whole)
{
	return max_t(int, QUIC_PN_MAX_LEN - pn_len, (int)whole - QUIC_TAG_LEN - (int)hdr_len);
}

/**
 * quic_hdr_put_version_neg - write a Version Negotiation packet (RFC 9000 17.2.1)
 * @c: cursor
 * @ids: of the packet answered, as in struct quic_hdr: they change places
 * @versions: list in host byte order
 * @n: entries
 * @grease: unpredictable byte for the unused bits
 */
void quic_hdr_put_version_neg(struct quic_wcur *c, const u8 *ids, const u32 *versions,
			      u32 n, u8 grease);

/**
 * quic_pn_decode - expand a truncated packet number (RFC 9000 A.3)
 * @largest: largest packet number received in the space
 * @none: nothing was received in the space yet (largest is ignored)
 * @truncated: value read
 * @pn_len: its bytes, 1 to 4
 *
 * Return: the full packet number.
 */
u64 quic_pn_decode(u64 largest, bool none, u64 truncated, u8 pn_len);

/**
 * quic_pn_len - bytes to encode a packet number in (RFC 9000 A.2)
 * @pn: number to send
 * @largest_acked: largest number the peer acknowledged in the space
 * @none: it acknowledged none yet
 *
 * Return: 1 to 4.
 */
u8 quic_pn_len(u64 pn, u64 largest_acked, bool none);

#endif /* QUIC_CORE_WIRE_HDR_H */
