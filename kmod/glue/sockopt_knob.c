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
 * struct knob_row - one knob, to be set before connect() or listen()
 * @off: of its first field in struct quic_sock_config
 * @fields: how many get the same value
 * @unit: of the knob's value per unit of the field
 * @min: least value
 * @max: largest value
 */
struct knob_row {
	u16 off;
	u8 fields;
	u32 unit;
	u64 min;
	u64 max;
};

#define ROW(member, n, u, lo, hi) {					\
	.off = offsetof(struct quic_sock_config, member), .fields = (n),	\
	.unit = (u), .min = (lo), .max = (hi) }

static const struct knob_row rows[QUIC_KNOB_MAX] = {
	[QUIC_KNOB_HANDSHAKE_TIMEOUT] =
		ROW(handshake_timeout_ms, 1, US_PER_MS, 100000, 600000000),
	[QUIC_KNOB_IDLE_TIMEOUT] =
		ROW(tp.max_idle_timeout, 1, US_PER_MS, 0, QUIC_VARINT_MAX),
	[QUIC_KNOB_MAX_DATA] = ROW(tp.initial_max_data, 1, 1, 0, QUIC_VARINT_MAX),
	[QUIC_KNOB_MAX_STREAM_DATA] =
		ROW(tp.initial_max_stream_data_bidi_local, 3, 1, 0, QUIC_VARINT_MAX),
	[QUIC_KNOB_MAX_STREAMS_BIDI] =
		ROW(tp.initial_max_streams_bidi, 1, 1, 0, QUIC_STREAMS_MAX),
	[QUIC_KNOB_MAX_STREAMS_UNI] =
		ROW(tp.initial_max_streams_uni, 1, 1, 0, QUIC_STREAMS_MAX),
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
 * @sk: socket, not connected and not listening
 * @val: struct quic_knob
 * @len: its bytes
 *
 * A time is rounded up to what the protocol counts in; zero stays zero.
 * Context: process, socket lock held.
 * Return: 0; -ENOPROTOOPT; -EINVAL out of range, or too late.
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
	if (k->reserved || k->value < row->min || k->value > row->max)
		return -EINVAL;
	if (!quic_sock_is_fresh(sk))
		return -EINVAL;
	v = div_u64(k->value, row->unit) + !!(k->value % row->unit);
	for (i = 0; i < row->fields; i++)
		field(sk, row)[i] = v;
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
