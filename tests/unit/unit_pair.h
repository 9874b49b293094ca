/* SPDX-License-Identifier: GPL-2.0 */
/* What tests of two connected cores share. */
#ifndef UNIT_PAIR_H
#define UNIT_PAIR_H

#include "unit.h"
#include "../shim/pair.h"

/* A pair that is connected and has come to rest. */
static inline struct pair *unit_connected(struct unit *t, const struct pair_cfg *cfg)
{
	struct pair *p = pair_new(cfg);

	if (EXPECT(t, pair_run(p, pair_confirmed, p->now + 20 * QUIC_NS_PER_SEC)))
		pair_run(p, NULL, p->now + QUIC_NS_PER_SEC);
	return p;
}

/* Queue @len bytes on a stream. Return: what the core says. */
static inline int unit_append(struct quic_conn *conn, struct quic_stream *st, u32 len)
{
	struct quic_txbuf *buf = shim_txbuf_new(len);
	bool merged;
	int err;

	memset(buf->data, 'x', len);
	buf->held = len;
	err = quic_stream_append(conn, st, buf->data, len, buf, &merged);
	if (err) {
		buf->held = 0;
		quic_host_txbuf_put(conn, buf, 0);
	}
	return err;
}

/* No rule was broken on the way, and none is now. */
static inline void unit_no_errors(struct unit *t, struct pair *p)
{
	const char *wrong;
	u32 i;

	if (!EXPECT_EQ(t, p->errors, 0))
		unit_log("# %s", p->error);
	for (i = 0; i < 2; i++) {
		wrong = p->end[i].conn ? pair_check(p->end[i].conn) : NULL;
		if (!EXPECT(t, !wrong))
			unit_log("# side %u: %s", i, wrong);
	}
}

#endif /* UNIT_PAIR_H */
