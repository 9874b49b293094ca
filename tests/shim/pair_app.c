// SPDX-License-Identifier: GPL-2.0
/*
 * The application of a pair: streams with bytes of a known pattern in one
 * direction each; who reads checks every byte, and that the end comes where the
 * writer put it.
 */
#include "pair_int.h"

#define CHUNK		16384		/* of a write */

const u8 *pair_pattern(u64 id, u64 off)
{
	static u8 pattern[2 * PAIR_PATTERN];
	u64 rnd = 0;
	u32 i;

	for (i = 0; i < PAIR_PATTERN && !pattern[PAIR_PATTERN]; i++) {
		rnd = rnd * 6364136223846793005ULL + 1442695040888963407ULL;
		pattern[i] = rnd >> 56;
	}
	if (!pattern[PAIR_PATTERN]) {
		pattern[0] = 1;
		memcpy(pattern + PAIR_PATTERN, pattern, PAIR_PATTERN);
	}
	div64_u64_rem(off + id * 7919, PAIR_PATTERN, &rnd);
	return pattern + rnd;
}

struct pair_flow *pair_flow(struct pair *p, enum pair_side from, u64 total)
{
	struct pair_flow *f = &p->flow[p->n_flows];

	if (WARN_ON(p->n_flows == p->cfg.max_flows))
		return NULL;
	p->n_flows++;
	memset(f, 0, sizeof(*f));
	f->from = from;
	f->total = total;
	list_add_tail(&f->writing, &p->end[from].writing);
	return f;
}

bool pair_append(struct quic_conn *conn, struct quic_stream *s, struct quic_txbuf *buf,
		 u32 off, u32 len)
{
	bool merged = false;
	int err;

	shim_txbuf_get(buf);
	err = quic_stream_append(conn, s, buf->data + off, len, buf, &merged);
	if (!err)
		buf->held += len;
	if (err || merged)
		quic_host_txbuf_put(conn, buf, 0);
	return !err;
}

/*
 * Write in two pieces of one buffer, which the core should join. Return: false
 * when nothing more can be queued now.
 */
static bool app_write(struct pair *p, struct pair_flow *f)
{
	struct quic_conn *conn = p->end[f->from].conn;
	struct quic_stream *s = quic_conn_stream_find(conn, f->id);
	u32 len = min_t(u64, f->total - f->queued, CHUNK), half = len / 2;
	struct quic_txbuf *buf;
	bool ok = true;

	if (!s || quic_conn_tx_queued(conn) >= p->cfg.tx_max)
		return false;
	if (!len) {
		if (!quic_stream_finish(conn, s))
			f->finished = true;
		return false;
	}
	buf = shim_txbuf_new(len);
	memcpy(buf->data, pair_pattern(f->id, f->queued), len);
	if (half) {
		ok = pair_append(conn, s, buf, 0, half);
		f->queued += ok ? half : 0;
	}
	if (ok) {
		ok = pair_append(conn, s, buf, half, len - half);
		f->queued += ok ? len - half : 0;
	}
	quic_host_txbuf_put(conn, buf, 0);
	return ok;
}

static bool app_open(struct pair *p, struct pair_end *e, struct pair_flow *f)
{
	struct quic_stream *s;

	if (quic_conn_stream_open(e->conn, f->uni, &s))
		return false;
	f->id = s->id;
	f->opened = true;
	if (s->id >> 2 < p->cfg.max_flows)
		p->by_id[s->id & 3][s->id >> 2] = f - p->flow + 1;
	return true;
}

void pair_app_write(struct pair *p, struct pair_end *e)
{
	struct pair_flow *f, *n;
	bool none[2] = {};	/* more streams of a type cannot be opened */

	if (e->mute)
		return;
	pair_msg_write(p, e);
	list_for_each_entry_safe(f, n, &e->writing, writing) {
		if (quic_conn_tx_queued(e->conn) >= p->cfg.tx_max)
			return;
		if (!f->opened && !none[f->uni])
			none[f->uni] = !app_open(p, e, f);
		while (f->opened && !f->finished && app_write(p, f))
			;
		if (f->finished)
			list_del_init(&f->writing);
	}
}

static struct pair_flow *app_flow(struct pair *p, u64 id)
{
	u32 i = id >> 2 < p->cfg.max_flows ? p->by_id[id & 3][id >> 2] : 0;

	return i ? &p->flow[i - 1] : NULL;
}

/* Bytes of a flow arrived: are they the right ones? */
static void app_check(struct pair *p, struct pair_end *e, struct pair_flow *f,
		      const u8 *data, u32 len)
{
	if (f->from == e->side) {
		pair_error(p, "bytes on a half that was ended without any");
		return;
	}
	if (memcmp(data, pair_pattern(f->id, f->received), len))
		pair_error(p, "stream bytes differ");
	f->received += len;
	if (f->received > f->total)
		pair_error(p, "more stream bytes than were sent");
}

static bool app_read_stream(struct pair *p, struct pair_end *e, struct quic_stream *s)
{
	struct pair_flow *f = app_flow(p, s->id);
	const u8 *data;
	u32 len = 0;

	if (!f) {
		pair_error(p, "a stream that nobody opened");
		return false;
	}
	/* Nothing to say on the way back. */
	if (f->from != e->side && s->has_tx && quic_stream_writable(s))
		quic_stream_finish(e->conn, s);
	if (quic_stream_take_reset(e->conn, s, &f->reset_code)) {
		f->reset = true;
		return true;
	}
	data = quic_stream_peek(s, &len);
	len = data ? min_t(u32, len, PAIR_PATTERN) : 0;
	if (data)
		app_check(p, e, f, data, len);
	if (quic_stream_consume(e->conn, s, len)) {
		if (f->from == e->side)
			return true;
		/* quic_conn_shutdown() ends what was not written to its end. */
		if (f->received != f->queued || (f->finished && f->received != f->total))
			pair_error(p, "a stream ended early");
		f->done = true;
	} else if (!data) {
		pair_error(p, "a readable stream had nothing to read");
		return false;
	}
	return true;
}

void pair_app_read(struct pair *p, struct pair_end *e)
{
	struct quic_stream *s;

	if (e->reading)
		pair_msg_read(p, e);
	while (e->reading && (s = quic_conn_readable(e->conn)))
		if (!app_read_stream(p, e, s))
			break;
	if (e->reading && p->cfg.reader_sleeps && !(pair_random(p) % p->cfg.reader_sleeps))
		quic_conn_reader_sleeps(e->conn);
}
