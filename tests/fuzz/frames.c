// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target: payloads of packets that opened.
 *
 *	byte 0		bit 0: we are the server
 *			bit 1: the handshake has just begun
 *			bit 2: we have streams with data to send
 *			bit 3: small limits
 *	records		control, length, payload: one packet each
 *
 *	control		bits 0, 1: level: 1-RTT (0, 1), Initial, Handshake
 *			bits 2, 3: packet number: next (0, 1), leave one out, again
 *			bit 4: nothing is sent after it
 *			bit 5: the application reads after it
 *			bits 6, 7: time that passes after it
 *
 * Each frame is decoded by the direct decoders and by the table, and written
 * again by the builders. Then the packet goes into a connection: its invariants
 * hold, what it sends can be parsed, and if it ends, it ends with an error code
 * of the RFC and is gone three PTOs later.
 */
#include "gen.h"
#include "solo.h"
#include "../shim/frames.h"
#include "../../kmod/core/rangeset.h"

#define PKT_MAX		255	/* payload of a record */
#define RECORDS_MAX	64
#define QUEUED		4000	/* bytes that a stream of ours has to send */

enum {
	CTL_LEVEL	= 0x03,
	CTL_PN		= 0x0c,
	CTL_QUIET	= 0x10,
	CTL_READ	= 0x20,
	CTL_TIME	= 0xc0,
};

/* ---- frames by themselves ---- */

/* What the encoder writes is decoded to the same fields, and is no longer. */
static void again_by_table(const struct quic_frame *f, u8 pkt, u32 len)
{
	u8 buf[2 * PKT_MAX], second[2 * PKT_MAX];
	struct quic_wcur w = quic_wcur_init(buf, sizeof(buf));
	struct quic_wcur w2 = quic_wcur_init(second, sizeof(second));
	struct quic_error err = {};
	struct quic_frame again;
	struct quic_rcur r;
	u32 n = quic_frame_put(&w, f);

	FUZZ_CHECK(n && n <= len && !w.bad);
	r = quic_rcur_init(buf, n);
	FUZZ_CHECK(!quic_frame_parse(&r, pkt, &again, &err));
	FUZZ_CHECK(again.type == f->type && r.p == r.end);
	FUZZ_CHECK(quic_frame_put(&w2, &again) == n && !memcmp(buf, second, n));
	/* one byte too little: nothing is written */
	w = quic_wcur_init(second, n - 1);
	FUZZ_CHECK(!quic_frame_put(&w, f) && w.p == second);
}

static void again_as_stream(const struct quic_frame *f, bool with_len)
{
	u8 buf[2 * PKT_MAX];
	struct quic_wcur w = quic_wcur_init(buf, sizeof(buf));
	struct quic_error err = {};
	struct quic_frame again;
	struct quic_rcur r;
	u32 hdr;

	quic_frame_put_stream_hdr(&w, f->u.stream.id, f->u.stream.offset,
				  f->u.stream.len, with_len, f->u.stream.fin);
	hdr = w.p - buf;
	FUZZ_CHECK(hdr == quic_frame_stream_hdr_len(f->u.stream.id, f->u.stream.offset,
						    f->u.stream.len, with_len));
	quic_put_bytes(&w, f->u.stream.data, f->u.stream.len);
	FUZZ_CHECK(!w.bad);
	r = quic_rcur_init(buf, w.p - buf);
	FUZZ_CHECK(!quic_frame_parse(&r, QUIC_F_1, &again, &err) && r.p == r.end);
	FUZZ_CHECK(again.u.stream.id == f->u.stream.id &&
		   again.u.stream.offset == f->u.stream.offset &&
		   again.u.stream.len == f->u.stream.len &&
		   again.u.stream.fin == f->u.stream.fin &&
		   again.u.stream.data == buf + hdr);
}

/* Ranges fall, do not touch, and are as many as announced. */
static void check_ack(const struct quic_frame *f, struct quic_rangeset *s)
{
	struct quic_ack_iter it;
	u64 lo, hi, below = U64_MAX, n = 0;

	s->n = 0;
	s->floor = 0;
	quic_ack_iter_init(&it, f);
	while (quic_ack_iter_next(&it, &lo, &hi)) {
		FUZZ_CHECK(lo <= hi && hi <= QUIC_VARINT_MAX);
		FUZZ_CHECK(n ? hi + 1 < below : hi == f->u.ack.largest);
		below = lo;
		if (n++ < QUIC_RANGES_MAX)
			s->r[s->n++] = (struct quic_range){ .lo = lo, .hi = hi };
	}
	FUZZ_CHECK(n == f->u.ack.range_count + 1);
}

static void again_as_ack(const struct quic_frame *f)
{
	u64 ecn[] = { f->u.ack.ect0, f->u.ack.ect1, f->u.ack.ce };
	struct quic_range ranges[QUIC_RANGES_MAX];
	struct quic_rangeset s = { .r = ranges };
	struct quic_error err = {};
	struct quic_frame again;
	struct quic_rcur r;
	struct quic_wcur w;
	u8 buf[1024];
	u32 n;

	check_ack(f, &s);
	w = quic_wcur_init(buf, sizeof(buf));
	n = quic_rangeset_put_ack(&s, &w, f->u.ack.delay, f->type & 1 ? ecn : NULL,
				  sizeof(buf));
	FUZZ_CHECK(n && n == w.p - buf);
	r = quic_rcur_init(buf, n);
	FUZZ_CHECK(!quic_frame_parse(&r, QUIC_F_1, &again, &err) && r.p == r.end);
	FUZZ_CHECK(again.type == f->type && again.u.ack.largest == f->u.ack.largest &&
		   again.u.ack.delay == f->u.ack.delay &&
		   again.u.ack.first_range == f->u.ack.first_range &&
		   again.u.ack.range_count == s.n - 1 &&
		   again.u.ack.ect0 == f->u.ack.ect0 &&
		   again.u.ack.ect1 == f->u.ack.ect1 && again.u.ack.ce == f->u.ack.ce);
}

/* What RFC 9000 19 asks of values; written out once more. */
static void check_values(const struct quic_frame *f)
{
	switch (f->type) {
	case QUIC_FRAME_STREAM ... QUIC_FRAME_STREAM + 7:
	case QUIC_FRAME_CRYPTO:
		FUZZ_CHECK(f->u.stream.offset + f->u.stream.len <= QUIC_VARINT_MAX);
		break;
	case QUIC_FRAME_MAX_STREAMS ... QUIC_FRAME_MAX_STREAMS + 1:
	case QUIC_FRAME_STREAMS_BLOCKED ... QUIC_FRAME_STREAMS_BLOCKED + 1:
		FUZZ_CHECK(f->u.max.limit <= 1ULL << 60);
		break;
	case QUIC_FRAME_NEW_CONNECTION_ID:
		FUZZ_CHECK(f->u.new_cid.retire_prior_to <= f->u.new_cid.seq);
		FUZZ_CHECK(f->u.new_cid.cid.len >= 1 && f->u.new_cid.cid.len <= 20);
		break;
	case QUIC_FRAME_NEW_TOKEN:
		FUZZ_CHECK(f->u.blob.len);
		break;
	}
}

static void check_frame(const struct quic_frame *f, u8 pkt, u32 len)
{
	check_values(f);
	again_by_table(f, pkt, len);
	if ((f->type & ~7ULL) == QUIC_FRAME_STREAM) {
		again_as_stream(f, true);
		again_as_stream(f, false);
	}
	if ((f->type & ~1ULL) == QUIC_FRAME_ACK)
		again_as_ack(f);
}

/* A payload as a whole, and frame by frame: PADDING in front is not counted. */
static void check_payload(const u8 *p, u32 len, u8 pkt)
{
	struct quic_rcur c = quic_rcur_init(p, len), before;
	struct quic_error err = {}, sum_err = {};
	struct quic_frames_sum sum;
	struct quic_frame f;
	u32 n = 0;
	int rc;

	rc = quic_frames_check(p, len, pkt, &sum, &sum_err);
	FUZZ_CHECK(rc == 0 || (rc == -EPROTO && sum_err.set));
	while (quic_rcur_left(&c)) {
		FUZZ_NULL(frames_differ(c.p, quic_rcur_left(&c), pkt));
		before = c;
		if (quic_frame_parse(&c, pkt, &f, &err)) {
			FUZZ_CHECK(rc && err.code == sum_err.code &&
				   err.reason == sum_err.reason && c.p == before.p);
			return;
		}
		FUZZ_CHECK(c.p > before.p && !err.set);
		check_frame(&f, pkt, c.p - before.p);
		n++;
	}
	FUZZ_CHECK(n ? !rc && sum.n == n - !*p : rc);
}

/* ---- frames in a connection ---- */

static void write_some(struct solo *s)
{
	struct quic_txbuf *buf;
	struct quic_stream *st;
	bool merged;
	u32 i;

	for (i = 0; i < 4; i++) {
		if (quic_conn_stream_open(s->conn, i & 1, &st))
			continue;
		buf = shim_txbuf_new(QUEUED);
		memset(buf->data, 'd', QUEUED);
		FUZZ_CHECK(!quic_stream_append(s->conn, st, buf->data, QUEUED, buf, &merged));
		buf->held += QUEUED;
		if (i & 2)
			FUZZ_CHECK(!quic_stream_finish(s->conn, st));
	}
}

static void read_all(struct solo *s)
{
	struct quic_stream *st;
	u64 code;
	u8 byte;
	u32 len;

	while ((st = quic_conn_readable(s->conn))) {
		if (quic_stream_take_reset(s->conn, st, &code))
			continue;
		len = 0;
		if (!quic_stream_peek(st, &len))
			len = 0;
		if (st->has_tx && quic_stream_writable(st))
			FUZZ_CHECK(!quic_stream_finish(s->conn, st));
		quic_stream_consume(s->conn, st, len);
	}
	/* the core takes them all, up to one that ends the connection */
	if (quic_conn_state(s->conn) <= QUIC_CONN_ESTABLISHED)
		FUZZ_CHECK(!quic_conn_crypto_read(s->conn, QUIC_CRYPTO_APP, &byte, 1));
}

static void open_solo(struct solo *s, u8 flags)
{
	struct solo_cfg cfg;

	solo_defaults(&cfg);
	cfg.server = flags & 1;
	cfg.established = !(flags & 2);
	if (flags & 8) {
		cfg.local.initial_max_data = 300;
		cfg.local.initial_max_streams_bidi = 2;
		cfg.local.initial_max_stream_data_bidi_remote = 100;
		cfg.remote.initial_max_data = 5000;
		cfg.remote.initial_max_stream_data_uni = 1000;
	}
	solo_open(s, &cfg);
	if (!cfg.established)
		solo_hello(s);
	if (flags & 4)
		write_some(s);
	solo_pump(s);
	solo_check(s);
}

static void one_packet(struct solo *s, u8 ctl, const u8 *p, u32 len)
{
	static const u8 levels[] = {
		QUIC_CRYPTO_APP, QUIC_CRYPTO_APP, QUIC_CRYPTO_INITIAL, QUIC_CRYPTO_HANDSHAKE,
	};
	static const u64 steps[] = { 0, 1, 30, 2000 };
	u8 level = levels[ctl & CTL_LEVEL];
	u64 pn = s->next_pn[quic_level_space(level)];
	u8 *copy = malloc(len ? len : 1);

	memcpy(copy, p, len);
	check_payload(copy, len, solo_pkt_flag(level));
	free(copy);
	if ((ctl & CTL_PN) == 8)
		pn++;
	else if ((ctl & CTL_PN) == 12 && pn)
		pn--;
	if (s->conn->rx_keys & 1 << level) {
		solo_recv(s, level, pn, p, len);
		solo_check(s);
	}
	if (ctl & CTL_READ) {
		read_all(s);
		solo_check(s);
	}
	if (!(ctl & CTL_QUIET)) {
		solo_run(s, s->now + steps[ctl >> 6] * QUIC_NS_PER_MS);
		solo_check(s);
	}
}

/* It lives, or closes in good order: three PTOs, of seconds at the most here. */
static void end(struct solo *s)
{
	bool open = quic_conn_state(s->conn) <= QUIC_CONN_ESTABLISHED;

	read_all(s);
	solo_pump(s);
	solo_check(s);
	if (open)
		quic_conn_close(s->conn, true, 0, "", s->now);
	solo_run(s, s->now + 1000 * QUIC_NS_PER_SEC);
	solo_check(s);
	FUZZ_CHECK(quic_conn_state(s->conn) == QUIC_CONN_CLOSED);
	solo_close(s);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_in in = { data, data + size };
	struct solo s;
	const u8 *p;
	u32 i, len;
	u8 ctl;

	if (!size)
		return 0;
	shim_host_reset(1);
	open_solo(&s, fuzz_u8(&in));
	for (i = 0; i < RECORDS_MAX && fuzz_left(&in); i++) {
		ctl = fuzz_u8(&in);
		len = fuzz_u8(&in);
		len = fuzz_take(&in, len, &p);
		one_packet(&s, ctl, p, len);
	}
	end(&s);
	FUZZ_CHECK(!shim_host_live());
	return 0;
}

/* ---- mutation: by whole packets and frames ---- */

/* Where the record after the one at @at begins. */
static size_t record_end(const u8 *data, size_t size, size_t at)
{
	return at + 1 < size ? min_t(size_t, size, at + 2 + data[at + 1]) : size;
}

/* A place between two frames of the record at @at. */
static size_t frame_start(struct fuzz_dice *d, const u8 *data, size_t size, size_t at)
{
	size_t end = record_end(data, size, at);
	struct quic_rcur c = quic_rcur_init(data + at + 2, end - at - 2);
	struct quic_error err = {};
	struct quic_frame f;
	u32 n = fuzz_below(d, 4);

	while (n-- && quic_rcur_left(&c))
		if (quic_frame_parse(&c, QUIC_F_1, &f, &err))
			break;
	return c.p - data;
}

/* A new packet with one frame in front of the record at @at. */
static size_t new_packet(struct fuzz_dice *d, u8 *data, size_t size, size_t max, size_t at)
{
	u8 rec[2 + FUZZ_FRAME_MAX];
	u32 n = fuzz_frame(d, rec + 2, sizeof(rec) - 2);

	rec[0] = fuzz_below(d, 4) ? fuzz_random(d) & ~CTL_LEVEL : fuzz_random(d);
	rec[1] = n;
	return fuzz_insert(data, size, max, at, rec, 2 + n);
}

/* One frame more in the record at @at. */
static size_t new_frame(struct fuzz_dice *d, u8 *data, size_t size, size_t max, size_t at)
{
	u8 frame[FUZZ_FRAME_MAX];
	u32 n = fuzz_frame(d, frame, sizeof(frame));
	size_t where;

	if (at + 2 > size || data[at + 1] + n > PKT_MAX || size + n > max)
		return new_packet(d, data, size, max, at);
	where = frame_start(d, data, size, at);
	data[at + 1] += n;
	return fuzz_insert(data, size, max, where, frame, n);
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max, unsigned int seed)
{
	struct fuzz_dice d = { seed };
	size_t at = 1;
	u32 n;

	if (size < 1 || !fuzz_below(&d, 4))
		return LLVMFuzzerMutate(data, size, max);
	for (n = fuzz_below(&d, 10); n && at < size; n--)
		at = record_end(data, size, at);
	switch (fuzz_below(&d, 6)) {
	case 0:
		return fuzz_cut(data, size, at, record_end(data, size, at));
	case 1:
	case 2:
		return new_packet(&d, data, size, max, at);
	default:
		return new_frame(&d, data, size, max, at);
	}
}
