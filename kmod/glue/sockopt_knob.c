// SPDX-License-Identifier: GPL-2.0
/*
 * Single values of a socket's configuration (option 75): what options 8 and 9
 * cannot say, since a zero there means "leave as is" and their limits are those
 * of an ABI older than ours.
 *
 * One table: which field, in what unit, between which limits. A knob of the
 * header that has no row is not there yet: ENOPROTOOPT.
 *
 * Invariant: the fields of a row are u64 and neighbours.
 */
#include "sockopt.h"

#define US_PER_MS	1000U

/**
 * struct knob_row - one knob
 * @off: of its first field in struct quic_sock_config
 * @fields: how many get the same value
 * @unit: of the knob's value per unit of the field
 * @min: least value
 * @max: largest value
 * @many: EOPNOTSUPP on a SOCK_STREAM socket, which has one stream
 * @apply: may be set at any time: the connection, if there is one, is to follow;
 *	NULL: before connect() or listen() only
 */
struct knob_row {
	u16 off;
	u8 fields;
	u32 unit;
	u64 min;
	u64 max;
	bool many;
	void (*apply)(struct sock *sk);
};

#define ROW_ANY(member, n, u, lo, hi, m, a) {				\
	.off = offsetof(struct quic_sock_config, member), .fields = (n),	\
	.unit = (u), .min = (lo), .max = (hi), .many = (m), .apply = (a) }
#define ROW(member, n, u, lo, hi)	ROW_ANY(member, n, u, lo, hi, false, NULL)
#define ROW_MANY(member, n, u, lo, hi)	ROW_ANY(member, n, u, lo, hi, true, NULL)
#define ROW_DGRAM(member, lo, hi)					\
	ROW_ANY(member, 1, 1, lo, hi, true, quic_dgram_configure)

static const struct knob_row rows[QUIC_KNOB_MAX] = {
	[QUIC_KNOB_HANDSHAKE_TIMEOUT] =
		ROW(handshake_timeout_ms, 1, US_PER_MS, 100000, 600000000),
	[QUIC_KNOB_IDLE_TIMEOUT] =
		ROW(tp.max_idle_timeout, 1, US_PER_MS, 0, QUIC_VARINT_MAX),
	[QUIC_KNOB_MAX_DATA] = ROW(tp.initial_max_data, 1, 1, 0, QUIC_VARINT_MAX),
	[QUIC_KNOB_MAX_STREAM_DATA] =
		ROW(tp.initial_max_stream_data_bidi_local, 3, 1, 0, QUIC_VARINT_MAX),
	[QUIC_KNOB_MAX_STREAMS_BIDI] =
		ROW_MANY(tp.initial_max_streams_bidi, 1, 1, 0, QUIC_STREAMS_MAX),
	[QUIC_KNOB_MAX_STREAMS_UNI] =
		ROW_MANY(tp.initial_max_streams_uni, 1, 1, 0, QUIC_STREAMS_MAX),
	[QUIC_KNOB_PMTUD] = ROW(pmtud, 1, 1, 0, 1),
	[QUIC_KNOB_MAX_DATAGRAM] =
		ROW_MANY(tp.max_datagram_frame_size, 1, 1, 0, U16_MAX),
	[QUIC_KNOB_DATAGRAM_SEND_QUEUE] = ROW_DGRAM(dgram_send_queue, 1, 65536),
	[QUIC_KNOB_DATAGRAM_RECV_QUEUE] = ROW_DGRAM(dgram_recv_queue, 1, 65536),
	[QUIC_KNOB_DATAGRAM_DROP] =
		ROW_DGRAM(dgram_drop, 0,
			  QUIC_DATAGRAM_SEND_OLDEST | QUIC_DATAGRAM_RECV_OLDEST),
	[QUIC_KNOB_CID_LEN] = ROW(cid_len, 1, 1, QUIC_CID_KEY_LEN, QUIC_CID_MAX_LEN),
};

static const struct knob_row *row_of(const struct quic_knob *k)
{
	return k->knob < QUIC_KNOB_MAX && rows[k->knob].fields ? &rows[k->knob] : NULL;
}

static u64 *field(struct sock *sk, const struct knob_row *row)
{
	return (u64 *)((u8 *)&quic_sk(sk)->cfg + row->off);
}

/**
 * quic_set_knob - set one value
 * @sk: socket, for most knobs not connected and not listening
 * @val: struct quic_knob
 * @len: its bytes
 *
 * A time is rounded up to what the protocol counts in; zero stays zero.
 * Context: process, socket lock held.
 * Return: 0; -ENOPROTOOPT; -EOPNOTSUPP; -EINVAL out of range, or too late.
 */
int quic_set_knob(struct sock *sk, const void *val, u32 len)
{
	const struct quic_knob *k = val;
	const struct knob_row *row = row_of(k);
	u64 v;
	u32 i;

	BUILD_BUG_ON(offsetof(struct quic_tparams, initial_max_stream_data_uni) !=
		     offsetof(struct quic_tparams, initial_max_stream_data_bidi_local) +
		     2 * sizeof(u64));
	if (!row)
		return -ENOPROTOOPT;
	if (row->many && quic_one(sk))
		return -EOPNOTSUPP;
	if (k->reserved || k->value < row->min || k->value > row->max)
		return -EINVAL;
	if (!row->apply && !quic_sock_is_fresh(sk))
		return -EINVAL;
	v = div_u64(k->value, row->unit) + !!(k->value % row->unit);
	for (i = 0; i < row->fields; i++)
		field(sk, row)[i] = v;
	if (row->apply && quic_sk(sk)->conn)
		row->apply(sk);
	return 0;
}

/**
 * quic_get_knob - read one value
 * @sk: socket
 * @val: struct quic_knob with its first two members filled in; the result
 *
 * Context: process, socket lock held. Return: bytes; -ENOPROTOOPT; -EINVAL.
 */
int quic_get_knob(struct sock *sk, void *val)
{
	struct quic_knob *k = val;
	const struct knob_row *row = row_of(k);

	if (!row)
		return -ENOPROTOOPT;
	if (k->reserved)
		return -EINVAL;
	k->value = *field(sk, row) * row->unit;
	return sizeof(*k);
}
