/* SPDX-License-Identifier: GPL-2.0 */
/* Packets as they pass between core and host: opened ones, and ones to be sealed. */
#ifndef QUIC_CORE_PKT_H
#define QUIC_CORE_PKT_H

#include "types.h"

/* A STREAM frame that reaches to the end of its packet, without Length and FIN. */
struct quic_rx_bulk {
	u64 id;
	u64 offset;		/* not 0 */
};

#define QUIC_RX_BULK_MIN	512	/* bytes of data that it is worth while for */

/**
 * quic_rx_bulk_head - is a payload one such frame, with nothing but PADDING in front?
 * @payload: of a 1-RTT packet
 * @len: its bytes
 * @bulk: filled if so
 *
 * Return: bytes in front of the data, of which there are QUIC_RX_BULK_MIN or more; or 0.
 */
u32 quic_rx_bulk_head(const u8 *payload, u32 len, struct quic_rx_bulk *bulk);

/**
 * struct quic_rx_pkt - one opened packet
 * @data: plaintext payload, contiguous; @is_bulk: only its frame's data
 * @len: its bytes
 * @dgram_len: bytes of the UDP datagram, on its first packet only, else 0
 * @level: QUIC_CRYPTO_INITIAL, _HANDSHAKE, _EARLY or _APP: whose keys opened it
 * @key_gen: of a 1-RTT packet: generation of the keys that opened it
 * @ecn: the IP header's two bits
 * @reserved: a reserved bit of its header is set
 * @is_bulk: the payload was what quic_rx_bulk_head() says
 * @pn: full packet number
 * @buf: what keeps @data alive
 * @version: of a long header, whose keys opened it; not looked at in a short one
 * @scid: source connection ID of a long header
 * @bulk: what quic_rx_bulk_head() has found in it
 */
struct quic_rx_pkt {
	const u8 *data;
	struct quic_rxbuf *buf;
	u64 pn;
	u16 len;
	u16 dgram_len;
	u8 level;
	u8 ecn;
	bool reserved;
	bool is_bulk;
	u32 key_gen;
	u32 version;
	union {
		struct quic_cid scid;
		struct quic_rx_bulk bulk;
	};
};

#define QUIC_TX_PKTS_MAX	64
#define QUIC_TX_PIECES_MAX	18	/* pages of a datagram of 64 KiB, and an end before them */
/* A cipher's block: text that begins at a multiple of it in memory is worked on faster. */
#define QUIC_TX_ALIGN		16

/**
 * struct quic_tx_piece - plaintext by reference
 * @data: first byte
 * @len: bytes
 * @before: bytes in front of @data that the host may write to while it seals, and must
 *	restore: they are the connection's own, and no packet being sealed has them; 0 where
 *	they lie in memory of somebody else's (QUIC_TXBUF_LENT)
 */
struct quic_tx_piece {
	const u8 *data;
	u32 len;
	u32 before;
};

/**
 * struct quic_tx_pkt - one packet to seal
 * @buf: where it is to stand on the wire: header, then @prefix_len bytes of
 *	plaintext are there already; the ciphertext of the pieces follows, then
 *	the tag
 * @len: bytes on the wire, tag included
 * @hdr_len: associated data, packet number included
 * @prefix_len: plaintext in place; a multiple of QUIC_TX_ALIGN when pieces follow, as
 *	is the address of the first piece
 * @pn_off: offset of the packet number
 * @pn_len: its bytes
 * @level: QUIC_CRYPTO_*: whose keys seal it
 * @key_gen: of a 1-RTT packet: generation of the keys that seal it; its low bit is
 *	in the header already
 * @n_pieces: plaintext by reference
 * @dgram_end: the datagram ends with this packet
 * @pn: packet number
 * @piece: the plaintext that @buf does not have
 */
struct quic_tx_pkt {
	u8 *buf;
	u16 len;
	u16 hdr_len;
	u16 prefix_len;
	u16 pn_off;
	u8 pn_len;
	u8 level;
	u8 n_pieces;
	bool dgram_end;
	u32 key_gen;
	u64 pn;
	struct quic_tx_piece piece[QUIC_TX_PIECES_MAX];
};

/**
 * struct quic_tx_batch - packets for one train
 * @n: packets filled
 * @max_dgrams: datagrams wanted at most; the caller's limit
 * @n_dgrams: datagrams filled. All have the size of the first, except that the
 *	last may be shorter.
 * @lead: bytes of a 1-RTT packet in front of its ciphertext, which is best put at a
 *	multiple of QUIC_TX_ALIGN
 * @ecn: the two bits of their IP headers
 * @path: where they go: number of a place (path.h)
 * @leaves: when they may leave, ns: after @now only for a host that has said that it holds
 *	trains until then (quic_conn_set_pace_ahead()); never before the batch before
 * @host: the host's
 * @pkt: packets in order of the wire
 */
struct quic_tx_batch {
	u32 n;
	u32 max_dgrams;
	u32 n_dgrams;
	u8 lead;
	u8 ecn;
	u8 path;
	u64 leaves;
	void *host;
	struct quic_tx_pkt pkt[QUIC_TX_PKTS_MAX];
};

#endif /* QUIC_CORE_PKT_H */
