// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target: sequences of operations on two connected cores.
 *
 *	byte 0		bits 0 to 2: limits; bit 3: controller; bit 4: jumbo MTU;
 *			bit 5: begin before the handshake; bit 6: fail from the start;
 *			bit 7: time out when idle
 *	records		operation, argument, and what the operation takes besides
 *
 *	operation	bits 0 to 4: row of the table, bits 5 to 7: time that passes after
 *	argument	bit 0: the side that acts; the rest is the operation's
 *
 * Streams are opened, written, read, ended, reset and stopped; messages (DATAGRAM
 * frames) sent and read, their queues bounded anew; datagrams lost, repeated, held
 * back, cut and damaged; the client is somewhere else; memory fails; time passes. A
 * model remembers what each side wrote and in which way it ended, so that every byte
 * read is compared, every end, and that no message comes twice.
 *
 * At the end links and memory heal. Then all that nobody gave up arrives, both
 * connections close, and nothing is left. A connection between two cores of ours
 * never ends with a protocol violation, whatever the network and the memory do.
 *
 * Two operations break the rules, as a hostile peer or host could: frames that
 * nobody sent, in any key phase, and keys out of turn. After them only the invariants of each
 * connection count, and that it ends.
 *
 * Large because the model and the operations on it are one thing, a row each.
 */
#include "gen.h"
#include "../shim/pair.h"
#include "../../kmod/core/recovery.h"

#define MS		QUIC_NS_PER_MS
#define SEC		QUIC_NS_PER_SEC
#define STREAMS_MAX	64
#define OPS_MAX		100
#define QUIET_MAX	(8000 * SEC)	/* longer than all ops last: so is no backoff */
#define QUEUE_MAX	60000		/* bytes that a side keeps unacknowledged */
#define MSGS_MAX	512		/* messages that a side sends */
#define MSG_MAX		4000		/* bytes of one */

/**
 * struct half - one direction of a stream
 * @written: bytes given to the sender's core
 * @read: bytes that the reader took
 * @code: of the reset
 * @finished: the writer gave a FIN
 * @reset: the writer gave it up
 * @stopped: the reader did
 * @ended: the reader saw the end, or the reset
 */
struct half {
	u64 written;
	u64 read;
	u64 code;
	bool finished;
	bool reset;
	bool stopped;
	bool ended;
};

/* A stream as its users know it; [side that writes]. */
struct model {
	u64 id;
	struct half half[2];
};

/**
 * struct msgs - messages of one side
 * @n: sent, or tried: each has a number, its first two bytes
 * @len: of each, 0 it was not taken
 * @seen: the other side has read it
 * @part: the one that is being read
 * @read: bytes of that so far
 * @given: taken by the sender's core
 * @taken: read from the other one
 */
struct msgs {
	u32 n;
	u16 len[MSGS_MAX];
	bool seen[MSGS_MAX];
	u8 part[MSG_MAX];
	u32 read;
	u64 given;
	u64 taken;
};

/**
 * struct ops - one run
 * @p: the pair
 * @in: the rest of the input
 * @st: streams opened
 * @n_streams: how many
 * @msgs: by who sends
 * @lose: by direction: the fate of the datagrams to come, bit 0 first
 * @rebound: the NAT has given the client another address
 * @shut: by side: it ended its streams with quic_conn_shutdown()
 * @ending: somebody closes
 * @tainted: frames or keys came from nowhere
 */
struct ops {
	struct pair *p;
	struct fuzz_in in;
	struct model st[STREAMS_MAX];
	u32 n_streams;
	struct msgs msgs[2];
	u8 lose[2];
	bool rebound;
	bool shut[2];
	bool ending;
	bool tainted;
};

static struct ops ops;

static bool lose(struct pair *p, enum pair_side from, u64 n)
{
	bool gone = ops.lose[from] & 1;

	ops.lose[from] >>= 1;
	return gone;
}

static struct quic_conn *conn_of(u8 arg)
{
	return ops.p->end[arg & 1].conn;
}

/* ---- what the runs of the pair may complain about ---- */

/* Rules between the two ends, which frames from nowhere break: IDs, for one. */
static bool excused(const char *error)
{
	static const char *const texts[] = {
		"a datagram for an unknown connection ID",
		"a header that cannot be parsed",
		"a header says other than the batch",
		"a wrong packet number in a header",
		"a packet number cannot be expanded",
		"keys that do not open a packet are tried before those that do",
		"CRYPTO bytes differ",
		"CRYPTO bytes that were never sent",
		"the handshake could not be completed",
		"more credit than the peer gave",
		"more streams than the peer allowed",
		"more credit for a stream than the peer gave",
		"bytes arrived that were not sent",
	};
	u32 i;

	for (i = 0; ops.tainted && i < ARRAY_SIZE(texts); i++)
		if (!strcmp(error, texts[i]))
			return true;
	return false;
}

static void check_errors(void)
{
	struct pair *p = ops.p;

	if (p->errors && !excused(p->error))
		FUZZ_NULL(p->error);
	p->errors = 0;
	p->error = NULL;
}

/* Only what memory, time or the application did ends a connection of ours. */
static void check_close(const struct quic_conn *conn)
{
	const struct quic_close_info *info = quic_conn_close_info(conn);

	if (ops.tainted || info->origin == QUIC_CLOSE_NONE || info->app)
		return;
	FUZZ_NULL(conn->err.set ? conn->err.reason : NULL);
	FUZZ_CHECK(info->origin == QUIC_CLOSE_IDLE || info->origin == QUIC_CLOSE_HANDSHAKE ||
		   info->origin == QUIC_CLOSE_TLS ||
		   (info->origin == QUIC_CLOSE_PEER &&
		    (info->code == QUIC_TRANSPORT_ERROR_APPLICATION ||
		     info->code >= QUIC_TRANSPORT_ERROR_CRYPTO)));
}

/* Messages do not vanish without being counted. */
static void check_msgs(u8 side)
{
	const struct quic_conn *conn = conn_of(side);
	const struct quic_dgram_stats *s = &conn->stats.dgram;

	FUZZ_CHECK(ops.msgs[side].given == s->sent + s->tx_dropped + conn->dgrams.tx.n);
	FUZZ_CHECK(s->recv == ops.msgs[!side].taken + s->rx_dropped + conn->dgrams.rx.n);
	if (!ops.tainted && conn_of(!side))
		FUZZ_CHECK(s->acked <= conn_of(!side)->stats.dgram.recv);
}

static void check_all(void)
{
	u32 i;

	check_errors();
	for (i = 0; i < 2; i++) {
		if (!conn_of(i))
			continue;
		FUZZ_NULL(pair_check(conn_of(i)));
		check_close(conn_of(i));
		check_msgs(i);
	}
	if (!ops.tainted)
		FUZZ_NULL(pair_check_both(ops.p));
}

static void run_for(u64 ns)
{
	u64 until = ops.p->now + ns;
	u32 i;

	/* a rule that is excused ends a run early */
	for (i = 0; i < 100; i++) {
		pair_run(ops.p, NULL, until);
		if (!ops.p->errors)
			break;
		check_errors();
	}
	check_all();
}

/* ---- streams ---- */

static struct model *model_find(u64 id)
{
	u32 i;

	for (i = 0; i < ops.n_streams; i++)
		if (ops.st[i].id == id)
			return &ops.st[i];
	return NULL;
}

/* The stream that an argument names, if @side's core still knows it. */
static struct quic_stream *stream_of(u8 arg, struct model **m)
{
	struct quic_conn *conn = conn_of(arg);

	if (!conn || !ops.n_streams)
		return NULL;
	*m = &ops.st[(arg >> 1) % ops.n_streams];
	return quic_conn_stream_find(conn, (*m)->id);
}

static void op_open(u8 arg)
{
	struct quic_conn *conn = conn_of(arg);
	struct quic_stream *s;
	int err;

	if (!conn || ops.n_streams == STREAMS_MAX)
		return;
	err = quic_conn_stream_open(conn, arg >> 1 & 1, &s);
	FUZZ_CHECK(!err || err == -EAGAIN || err == -EPIPE || err == -ENOMEM);
	if (err)
		return;
	FUZZ_CHECK(!model_find(s->id));
	memset(&ops.st[ops.n_streams], 0, sizeof(ops.st[0]));
	ops.st[ops.n_streams++].id = s->id;
}

static void op_write(u8 arg)
{
	static const u32 sizes[] = { 1, 20, 100, 700, 1300, 3000, 8000, 20000 };
	u8 how = fuzz_u8(&ops.in);
	u32 len = sizes[how & 7], first = how & 8 ? len / 2 : 0;
	struct quic_conn *conn = conn_of(arg);
	struct quic_txbuf *buf;
	struct quic_stream *s;
	struct model *m;
	struct half *h;

	s = stream_of(arg, &m);
	if (!s || !s->has_tx || quic_conn_tx_queued(conn) > QUEUE_MAX)
		return;
	h = &m->half[arg & 1];
	buf = shim_txbuf_new(len);
	memcpy(buf->data, pair_pattern(m->id, h->written), len);
	if (first && pair_append(conn, s, buf, 0, first))
		h->written += first;
	else if (first)
		len = first;		/* nothing may follow a hole */
	if (len != first && pair_append(conn, s, buf, first, len - first))
		h->written += len - first;
	quic_host_txbuf_put(conn, buf, 0);
}

static void op_finish(u8 arg)
{
	struct quic_stream *s;
	struct model *m;

	s = stream_of(arg, &m);
	if (s && s->has_tx && !quic_stream_finish(conn_of(arg), s))
		m->half[arg & 1].finished = true;
}

static void op_reset(u8 arg)
{
	u64 code = fuzz_u8(&ops.in);
	struct quic_stream *s;
	struct model *m;

	s = stream_of(arg, &m);
	if (!s || quic_stream_reset(conn_of(arg), s, code))
		return;
	m->half[arg & 1].reset = true;
	m->half[arg & 1].code = code;
}

static void op_stop(u8 arg)
{
	struct quic_stream *s;
	struct model *m;

	s = stream_of(arg, &m);
	if (s && !quic_stream_stop(conn_of(arg), s, arg))
		m->half[!(arg & 1)].stopped = true;
}

/* The reader's view of an end, beside what the writer did. */
static void check_end(const struct half *h, bool writer_shut)
{
	if (ops.tainted)
		return;
	FUZZ_CHECK(!h->ended && !h->stopped);
	FUZZ_CHECK(h->finished || writer_shut);
	FUZZ_CHECK(h->read == h->written);
}

static void check_bytes(struct model *m, struct half *h, const u8 *data, u32 len)
{
	if (ops.tainted || !len)
		return;
	FUZZ_CHECK(h->read + len <= h->written);
	FUZZ_CHECK(!h->stopped && !h->ended);
	FUZZ_CHECK(!memcmp(data, pair_pattern(m->id, h->read), len));
}

/* Read up to @room bytes of the stream that is next. Return: one was readable. */
static bool read_one(u8 side, u32 room)
{
	struct quic_conn *conn = conn_of(side);
	struct quic_stream *s = quic_conn_readable(conn);
	struct model stray = {}, *m;
	const u8 *data;
	u32 len = 0;
	struct half *h;
	u64 code;

	if (!s)
		return false;
	m = model_find(s->id);
	FUZZ_CHECK(m || ops.tainted);
	if (!m)
		m = &stray;
	h = &m->half[!side];
	if (quic_stream_take_reset(conn, s, &code)) {
		FUZZ_CHECK(ops.tainted || (h->reset && h->code == code));
		h->ended = true;
		return true;
	}
	data = quic_stream_peek(s, &len);
	len = data ? min_t(u32, len, min_t(u32, room, PAIR_PATTERN)) : 0;
	check_bytes(m, h, data, len);
	h->read += len;
	if (quic_stream_consume(conn, s, len)) {
		check_end(h, ops.shut[!side]);
		h->ended = true;
	} else {
		FUZZ_CHECK(len);	/* readable means that there is something */
	}
	return true;
}

static void op_read(u8 arg)
{
	u32 n = 1 + (arg >> 1) % 16, room = 1 + 16 * fuzz_u8(&ops.in);

	while (conn_of(arg) && n-- && read_one(arg & 1, room))
		;
}

static void read_all(u8 side)
{
	while (conn_of(side) && read_one(side, PAIR_PATTERN))
		;
}

static void op_read_all(u8 arg)
{
	read_all(arg & 1);
}

/* ---- messages ---- */

static void msg_fill(u8 *data, u32 n, u32 len)
{
	memcpy(data, pair_pattern(n, 0), len);
	data[0] = n >> 8;
	data[1] = n;
}

static void op_msg(u8 arg)
{
	static const u32 sizes[] = { 2, 3, 60, 200, 700, 1150, 1400, MSG_MAX };
	struct msgs *m = &ops.msgs[arg & 1];
	struct quic_conn *conn = conn_of(arg);
	u32 i, len = sizes[arg >> 1 & 7] - (arg >> 6 & 1), count = 1 + (arg >> 4 & 3);
	u8 data[MSG_MAX];
	int err;

	len = max(len, 2U);
	for (i = 0; conn && i < count && m->n < MSGS_MAX; i++, m->n++) {
		msg_fill(data, m->n, len);
		err = pair_msg_send(conn, data, len);
		FUZZ_CHECK(!err || err == -EINVAL || err == -EMSGSIZE || err == -EAGAIN ||
			   err == -EPIPE || err == -ENOMEM);
		m->len[m->n] = err ? 0 : len;
		m->given += !err;
	}
}

/* All of it is there: is it one that was sent, and new? */
static void msg_done(struct msgs *m)
{
	u8 want[MSG_MAX];
	u32 n;

	if (ops.tainted)
		return;
	FUZZ_CHECK(m->read >= 2);
	n = m->part[0] << 8 | m->part[1];
	FUZZ_CHECK(n < m->n && m->len[n] == m->read && !m->seen[n]);
	msg_fill(want, n, m->read);
	FUZZ_CHECK(!memcmp(want, m->part, m->read));
	m->seen[n] = true;
}

/* Up to @room bytes of the first message. Return: there was one. */
static bool msg_read(u8 side, u32 room)
{
	struct msgs *m = &ops.msgs[!side];
	struct quic_conn *conn = conn_of(side);
	const u8 *data;
	u32 len, n;

	if (!conn || !quic_conn_dgram_peek(conn, &data, &len))
		return false;
	n = min(len, room);
	FUZZ_CHECK(ops.tainted || m->read + n <= MSG_MAX);
	if (m->read + n <= MSG_MAX)
		memcpy(m->part + m->read, data, n);
	m->read = min_t(u32, m->read + n, MSG_MAX);
	FUZZ_CHECK(quic_conn_dgram_take(conn, n) == (n == len));
	if (n == len) {
		m->taken++;
		msg_done(m);
		m->read = 0;
	}
	return true;
}

static void op_msg_read(u8 arg)
{
	msg_read(arg & 1, arg & 2 ? MSG_MAX : arg);
}

/* Queues of other bounds; what is in them stays, so wait until that fits. */
static void op_msg_bound(u8 arg)
{
	struct quic_dgram_queue *q;
	u32 n = 1 + (arg >> 3 & 7) * 4, bytes = 1000 << (arg >> 6);

	if (!conn_of(arg))
		return;
	q = arg & 2 ? &conn_of(arg)->dgrams.rx : &conn_of(arg)->dgrams.tx;
	q->drop_oldest = arg & 4;
	q->max_n = max(n, q->n);
	q->max_bytes = max(bytes * (arg & 2 ? 8 : 2), q->bytes);
}

static void msg_read_all(u8 side)
{
	while (msg_read(side, MSG_MAX))
		;
}

/* ---- the connection ---- */

static void op_close(u8 arg)
{
	if (!conn_of(arg))
		return;
	ops.ending = true;
	quic_conn_close(conn_of(arg), true, fuzz_u8(&ops.in), "closed", ops.p->now);
}

static void op_shutdown(u8 arg)
{
	if (!conn_of(arg))
		return;
	ops.ending = true;
	if (quic_conn_takes_data(conn_of(arg)))
		ops.shut[arg & 1] = true;
	quic_conn_shutdown(conn_of(arg), 7, "done", fuzz_u8(&ops.in) * 100 * MS, ops.p->now);
}

/* In good order, or as soon as the RFC's MUSTs let it. */
static void op_update_keys(u8 arg)
{
	struct quic_conn *conn = conn_of(arg);
	int err;

	if (!conn)
		return;
	if (arg & 2)
		conn->keyphase.wait_ptos = 0;
	err = quic_conn_update_keys(conn, ops.p->now);
	FUZZ_CHECK(!err || err == -EINVAL || err == -EPIPE);
}

static void op_tls_fail(u8 arg)
{
	if (!conn_of(arg))
		return;
	ops.ending = true;
	quic_conn_handshake_fail(conn_of(arg), arg >> 1, "no", ops.p->now);
}

static void op_key(u8 arg)
{
	u8 level = arg >> 2 & 3;

	if (!conn_of(arg))
		return;
	ops.tainted = true;
	quic_conn_key_ready(conn_of(arg), level, arg >> 1 & 1, ops.p->now);
}

static void op_inject(u8 arg)
{
	static const u8 levels[] = {
		QUIC_CRYPTO_APP, QUIC_CRYPTO_APP, QUIC_CRYPTO_INITIAL, QUIC_CRYPTO_HANDSHAKE,
	};
	struct quic_conn *conn = conn_of(arg);
	u8 level = levels[arg >> 1 & 3];
	u32 len = fuzz_u8(&ops.in) % 128;
	const u8 *frames;
	u64 pn;

	len = fuzz_take(&ops.in, len, &frames);
	if (!conn || !(conn->rx_keys & 1 << level))
		return;
	ops.tainted = true;
	pn = conn->space[quic_level_space(level)].rx_next + (arg >> 3 & 3);
	ops.p->inject_ahead = arg >> 5 == 7 ? -1 : arg >> 5 & 1;
	pair_inject(ops.p, arg & 1, level, pn, frames, len);
}

static void op_rx_full(u8 arg)
{
	if (conn_of(arg))
		quic_conn_set_rx_full(conn_of(arg), arg & 2);
}

/* ---- network, memory ---- */

static void op_lose(u8 arg)
{
	ops.lose[arg & 1] = fuzz_u8(&ops.in);
}

static void op_link(u8 arg)
{
	struct pair_link *l = &ops.p->cfg.link[arg & 1];
	u32 v = fuzz_u8(&ops.in);

	switch (arg >> 1 & 7) {
	case 0:
		l->loss = 4 * v;
		break;
	case 1:
		l->dup = 4 * v;
		break;
	case 2:
		l->reorder = 4 * v;
		l->reorder_delay = 40 * MS;
		break;
	case 3:
		l->corrupt = 4 * v;
		break;
	case 4:
		l->delay = v * MS;
		break;
	case 5:
		l->rate = v * 10000;
		l->queue = 30000;
		break;
	case 6:
		l->mtu = v ? 1200 + 2 * v : 0;
		break;
	default:
		l->jitter = v * MS;
		break;
	}
}

/*
 * The NAT gives the client another address, somebody repeats what it sends, or it
 * moves. Not before the handshake is confirmed: who is not where he was is lost then.
 */
static void op_path(u8 arg)
{
	struct pair_cfg *cfg = &ops.p->cfg;
	u32 v = fuzz_u8(&ops.in);

	if (!pair_confirmed(ops.p))
		return;
	switch (arg & 3) {
	case 0:
		cfg->rebind_at[0] = 1;
		cfg->rebind_to[0] = v % PAIR_OWN;
		ops.rebound = true;
		break;
	case 1:
		cfg->rebind_port = v & 1;
		break;
	case 2:
		cfg->spoof = 4 * v;
		break;
	default:
		pair_migrate(ops.p);
		break;
	}
}

static struct pair_dgram *first_arrival(u8 arg)
{
	return list_first_entry_or_null(&ops.p->end[arg & 1].arrivals, struct pair_dgram,
					node);
}

/* The next datagram arrives after all the others. */
static void op_hold(u8 arg)
{
	struct list_head *list = &ops.p->end[arg & 1].arrivals;
	struct pair_dgram *d = first_arrival(arg);

	if (!d)
		return;
	d->at = max(d->at, list_last_entry(list, struct pair_dgram, node)->at) +
		(arg >> 1) * MS;
	list_move_tail(&d->node, list);
}

/* The last packet of the next datagram is cut off, and does not open. */
static void op_cut(u8 arg)
{
	struct pair_dgram *d = first_arrival(arg);

	if (d && d->n)
		d->n--;
}

static void op_fail_at(u8 arg)
{
	shim_host_fail_at(arg);
}

static void op_fail_some(u8 arg)
{
	shim_host_fail_some(4 * arg);
}

static void op_heal(u8 arg)
{
	shim_host_fail_at(0);
	shim_host_fail_some(0);
}

static void op_wait(u8 arg)
{
	run_for((u64)arg * arg * MS);	/* up to 65 s */
}

static void (*const op_table[])(u8 arg) = {
	op_open, op_write, op_write, op_finish, op_read, op_read_all, op_reset, op_stop,
	op_lose, op_link, op_hold, op_cut, op_fail_at, op_fail_some, op_heal, op_wait,
	op_rx_full, op_msg, op_write, op_msg, op_path, op_fail_at, op_msg_read, op_update_keys,
	op_close, op_shutdown, op_tls_fail, op_key, op_inject, op_inject, op_msg_bound, op_read,
};

/* ---- a run ---- */

static void configure(struct pair_cfg *cfg, u8 how)
{
	u32 small = how & 7, i;

	pair_defaults(cfg);
	cfg->cc = how & 8 ? &quic_cc_cubic : &quic_cc_newreno;
	cfg->mtu = how & 16 ? 4000 : 1452;
	cfg->flight = 400 + 300 * small;
	cfg->check_every = 8;
	/* what happens while the handshake runs, with 0-RTT as well */
	if ((how & 48) == 48)
		cfg->early = how & 8 ? PAIR_EARLY_ACCEPTED : PAIR_EARLY_REFUSED;
	cfg->remembered = how & 8 ? 50 : 200;
	for (i = 0; i < 2; i++) {
		struct quic_tparams *tp = &cfg->local[i];

		cfg->link[i].drop = lose;
		tp->max_idle_timeout = how & 128 ? 5000 : 40000000;
		tp->max_datagram_frame_size = small == 7 ? 0 : 300 << small;
		if (!small)
			continue;
		tp->initial_max_data = 1000 << small;
		tp->initial_max_stream_data_bidi_local = 300 << small;
		tp->initial_max_stream_data_bidi_remote = 400 << small;
		tp->initial_max_stream_data_uni = 350 << small;
		tp->initial_max_streams_bidi = small;
		tp->initial_max_streams_uni = small / 2;
	}
}

static void one_op(void)
{
	static const u32 ms[] = { 0, 0, 1, 10, 12, 30, 200, 1500 };
	u8 code = fuzz_u8(&ops.in), arg = fuzz_u8(&ops.in);

	op_table[code & 31](arg);
	pair_pump(ops.p);
	check_all();
	if (ms[code >> 5])
		run_for(ms[code >> 5] * MS);
}

static void heal(void)
{
	u32 i;

	op_heal(0);
	for (i = 0; i < 2; i++) {
		struct pair_link *l = &ops.p->cfg.link[i];

		*l = (struct pair_link){ .delay = 10 * MS };
		if (conn_of(i))
			quic_conn_set_rx_full(conn_of(i), false);
	}
	ops.p->cfg.spoof = 0;
	/* a server finds a client that only listens when that says something */
	if ((ops.rebound || ops.p->migrations) && pair_confirmed(ops.p))
		quic_conn_set_keepalive(conn_of(PAIR_CLIENT), SEC, ops.p->now);
	pair_pump(ops.p);
	check_all();
}

static bool alive(void)
{
	return conn_of(0) && conn_of(1) &&
	       quic_conn_state(conn_of(0)) <= QUIC_CONN_ESTABLISHED &&
	       quic_conn_state(conn_of(1)) <= QUIC_CONN_ESTABLISHED;
}

/* Has the reader everything, or did somebody give it up? */
static bool settled(const struct half *h, bool writer_shut)
{
	if (h->reset || h->stopped || h->ended)
		return true;
	return h->read == h->written && !h->finished && !(writer_shut && h->written);
}

/* Opened in 0-RTT that was refused, and the server allows fewer: it may wait for ever. */
static bool is_held(u32 i)
{
	struct quic_stream *s = quic_conn_stream_find(conn_of(PAIR_CLIENT), ops.st[i].id);

	return s && s->held;
}

static bool all_settled(void)
{
	u32 i;

	for (i = 0; i < ops.n_streams; i++) {
		if (is_held(i))
			continue;
		if (!settled(&ops.st[i].half[0], ops.shut[0]) ||
		    !settled(&ops.st[i].half[1], ops.shut[1]))
			return false;
	}
	return true;
}

static u64 total_read(void)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < ops.n_streams; i++)
		sum += ops.st[i].half[0].read + ops.st[i].half[1].read;
	return sum;
}

/*
 * Now nothing is in the way: everything arrives. While it does, small windows
 * are opened often; when nothing moves, time-outs pass, for as long as backoff
 * can make them.
 */
static void settle(void)
{
	u64 step = 50 * MS, quiet = 0, before;

	if (ops.tainted)
		return;
	while (quiet < QUIET_MAX && alive() && !(all_settled() && pair_confirmed(ops.p))) {
		before = total_read();
		run_for(step);
		read_all(0);
		read_all(1);
		msg_read_all(0);
		msg_read_all(1);
		pair_pump(ops.p);
		check_all();
		quiet = total_read() == before ? quiet + step : 0;
		step = quiet ? min(2 * step, 400 * SEC) : 50 * MS;
	}
	if (!ops.ending && alive()) {
		FUZZ_CHECK(all_settled());
		FUZZ_CHECK(pair_confirmed(ops.p));
	}
}

static void end(void)
{
	u64 wait = 1000 * SEC;
	u32 i;

	for (i = 0; i < 2; i++)
		if (conn_of(i))
			quic_conn_close(conn_of(i), true, 0, "", ops.p->now);
	/* three PTOs; of a path that held datagrams for minutes these are long */
	for (i = 0; i < 2; i++)
		if (conn_of(i))
			wait = max(wait, 4 * quic_recovery_pto(conn_of(i)));
	run_for(wait);
	FUZZ_CHECK(pair_closed(ops.p));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct pair_cfg cfg;
	u32 i;
	u8 how;

	memset(&ops, 0, sizeof(ops));
	ops.in = (struct fuzz_in){ data, data + size };
	how = fuzz_u8(&ops.in);
	shim_host_reset(1);
	configure(&cfg, how);
	if (how & 64)
		shim_host_fail_some(50);
	ops.p = pair_new(&cfg);
	ops.p->end[0].reading = false;
	ops.p->end[1].reading = false;
	if (!(how & 32))
		pair_run(ops.p, pair_confirmed, ops.p->now + 5 * SEC);
	for (i = 0; i < OPS_MAX && fuzz_left(&ops.in) && conn_of(0); i++)
		one_op();
	if (conn_of(0)) {
		heal();
		settle();
		end();
	}
	pair_free(ops.p);
	FUZZ_CHECK(!shim_host_live());
	return 0;
}

/* ---- mutation: by whole records ---- */

enum { BARE, WITH_BYTE, WITH_FRAMES };

static u32 record_kind(u8 code)
{
	void (*fn)(u8 arg) = op_table[code & 31];

	if (fn == op_inject)
		return WITH_FRAMES;
	return fn == op_write || fn == op_reset || fn == op_read || fn == op_close ||
	       fn == op_shutdown || fn == op_lose || fn == op_link ? WITH_BYTE : BARE;
}

static size_t record_end(const u8 *data, size_t size, size_t at)
{
	size_t end = at + 2;

	if (at >= size)
		return size;
	switch (record_kind(data[at])) {
	case WITH_BYTE:
		end++;
		break;
	case WITH_FRAMES:
		end += 1 + (end < size ? data[end] % 128 : 0);
		break;
	}
	return min(end, size);
}

static u32 random_record(struct fuzz_dice *d, u8 *rec, u32 room)
{
	u32 n = 2;

	rec[0] = fuzz_random(d);
	if (fuzz_below(d, 4))		/* the rules are kept, mostly */
		rec[0] = (rec[0] & 0xe0) | fuzz_below(d, 24);
	rec[1] = fuzz_below(d, 2) ? fuzz_below(d, 12) : fuzz_random(d);
	switch (record_kind(rec[0])) {
	case WITH_BYTE:
		rec[n++] = fuzz_random(d);
		break;
	case WITH_FRAMES:
		rec[n] = fuzz_frame(d, rec + n + 1, 127);
		n += 1 + rec[n];
		break;
	}
	return n;
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max, unsigned int seed)
{
	struct fuzz_dice d = { seed };
	u8 rec[3 + FUZZ_FRAME_MAX];
	size_t at = 1, end;
	u32 n;

	if (size < 1 || !fuzz_below(&d, 4))
		return LLVMFuzzerMutate(data, size, max);
	for (n = fuzz_below(&d, 30); n && at < size; n--)
		at = record_end(data, size, at);
	end = record_end(data, size, at);
	switch (fuzz_below(&d, 8)) {
	case 0:
		return fuzz_cut(data, size, at, end);
	case 1:		/* the same once more */
		n = min_t(size_t, end - at, sizeof(rec));
		memcpy(rec, data + at, n);
		return fuzz_insert(data, size, max, at, rec, n);
	case 2:		/* another argument */
		if (at + 1 < size)
			data[at + 1] = fuzz_random(&d);
		return size;
	default:
		n = random_record(&d, rec, sizeof(rec));
		return fuzz_insert(data, size, max, at, rec, n);
	}
}
