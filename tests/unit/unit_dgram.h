/* SPDX-License-Identifier: GPL-2.0 */
/* What tests of datagrams share: two cores that take them, and datagrams with names. */
#ifndef UNIT_DGRAM_H
#define UNIT_DGRAM_H

#include "unit_pair.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC
#define MB	(1ULL << 20)

static struct pair_cfg cfg;	/* of the next pair */
static u8 bytes[16384];	/* to send */

/* Both take frames of up to @max bytes. */
static inline void defaults(u64 max)
{
	u32 i;

	pair_defaults(&cfg);
	cfg.check_every = 1;
	for (i = 0; i < 2; i++)
		cfg.local[i].max_datagram_frame_size = max;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 11 + i / 256;
}

/* Nothing reads, so that a test can look at what came. */
static inline struct pair *quiet_pair(struct unit *t)
{
	struct pair *p = unit_connected(t, &cfg);

	p->end[0].reading = false;
	p->end[1].reading = false;
	return p;
}

static inline void finish(struct unit *t, struct pair *p)
{
	unit_no_errors(t, p);
	pair_free(p);
}

static inline struct quic_dgram_stats *stats(struct pair *p, enum pair_side side)
{
	return &p->end[side].conn->stats.dgram;
}

/* Numbers of the datagrams that can be read, each in one byte, as text. */
static inline const char *numbers(struct quic_conn *conn)
{
	static char text[64];
	const u8 *data;
	u32 n = 0, len;

	while (n < sizeof(text) - 1 && quic_conn_dgram_peek(conn, &data, &len)) {
		text[n++] = data[0];
		quic_conn_dgram_take(conn, U32_MAX);
	}
	text[n] = 0;
	return text;
}

/* Queue one datagram for each letter; what does not go in is left out. */
static inline void send_numbered(struct pair *p, const char *which, u32 len)
{
	for (; *which; which++) {
		bytes[0] = *which;
		pair_msg_send(p->end[PAIR_CLIENT].conn, bytes, len);
	}
}

#endif /* UNIT_DGRAM_H */
