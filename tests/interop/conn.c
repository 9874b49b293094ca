// SPDX-License-Identifier: GPL-2.0
/*
 * conn - one connection of h09peer: libngtcp2, its callbacks, its timers
 *
 * libngtcp2 runs the protocol; this file hands it datagrams and asks it for packets.
 * After CONNECTION_CLOSE, sent or received, a connection keeps its ids for three PTO
 * (RFC 9000 10.2), so that nothing late is taken for a new one; then it is dead, and
 * conn_reap() frees it.
 *
 * A packet with a short header whose ID leads nowhere may be a stateless reset: it goes
 * to whoever talks with its sender, and libngtcp2 knows the token; where nobody does,
 * reset.c answers.
 */
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "peer.h"

#define LONG_HEADER	0x80		/* the bit of a first byte */
#define UNI		2		/* the bit of a stream id */
#define WINDOW		(16u << 20)	/* bytes the other end may send ahead */
#define STREAMS		256		/* it may open at once */
#define IDLE_TIMEOUT	(30 * NSEC)
#define KEEP_ALIVE	(20 * NSEC / 1000)	/* while keys are to be updated */
#define STAY_ALIVE	(100 * NSEC / 1000)	/* with --stay */
#define SPARE_CIDS	7		/* the other end may give us */
#define HANDSHAKE_LIMIT	(20 * NSEC)

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC + (uint64_t)ts.tv_nsec;
}

static void draw(void *to, size_t len)
{
	if (gnutls_rnd(GNUTLS_RND_NONCE, to, len))
		errx(EXIT_FAILED, "no random numbers");
}

void draw_cid(ngtcp2_cid *cid, size_t len)
{
	cid->datalen = len;
	draw(cid->data, len);
}

/* --- callbacks --- */

static ngtcp2_conn *get_conn(ngtcp2_crypto_conn_ref *ref)
{
	return ((struct conn *)ref->user_data)->qc;
}

__attribute__((format(printf, 2, 3)))
static void on_log(void *user_data, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "%u: ", ((struct conn *)user_data)->number);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	putc('\n', stderr);
}

static void on_rand(uint8_t *to, size_t len, const ngtcp2_rand_ctx *ctx)
{
	(void)ctx;
	draw(to, len);
}

static int on_new_cid(ngtcp2_conn *qc, ngtcp2_cid *cid, uint8_t *token, size_t len, void *user_data)
{
	struct conn *c = user_data;

	(void)qc;
	draw_cid(cid, len);
	if (reset_token(c->peer, cid, token) || cid_add(c, cid))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	return 0;
}

static int on_remove_cid(ngtcp2_conn *qc, const ngtcp2_cid *cid, void *user_data)
{
	(void)qc;
	cid_remove(user_data, cid);
	return 0;
}

static int on_completed(ngtcp2_conn *qc, void *user_data)
{
	struct conn *c = user_data;

	(void)qc;
	c->connected = true;
	c->handshake_ns = now_ns() - c->began;
	if (c->peer->o.server)
		c->confirmed = true;	/* RFC 9001 4.1.2 */
	else
		h09_ask(c);
	greet_all(c);
	return 0;
}

static int on_confirmed(ngtcp2_conn *qc, void *user_data)
{
	(void)qc;
	((struct conn *)user_data)->confirmed = true;
	return 0;
}

static int on_more_streams(ngtcp2_conn *qc, uint64_t max, void *user_data)
{
	struct conn *c = user_data;

	(void)qc;
	(void)max;
	if (c->connected && !c->peer->o.server)
		h09_ask(c);
	return 0;
}

static int on_more_uni(ngtcp2_conn *qc, uint64_t max, void *user_data)
{
	struct conn *c = user_data;

	(void)qc;
	(void)max;
	if (c->connected)
		greet_all(c);
	return 0;
}

static int on_stream_open(ngtcp2_conn *qc, int64_t id, void *user_data)
{
	struct stream *s = id & UNI ? h09_add_stream(user_data, id) : h09_opened(user_data, id);

	if (!s)
		return NGTCP2_ERR_CALLBACK_FAILURE;
	ngtcp2_conn_set_stream_user_data(qc, id, s);
	return 0;
}

static int on_stream_data(ngtcp2_conn *qc, uint32_t flags, int64_t id, uint64_t offset,
			  const uint8_t *data, size_t len, void *user_data, void *stream)
{
	bool fin = flags & NGTCP2_STREAM_DATA_FLAG_FIN;
	struct conn *c = user_data;

	(void)offset;
	c->progress += len;
	if (stream && id & UNI)
		greet_data(c, stream, data, len, fin);
	else if (stream)
		h09_data(c, stream, data, len, fin);
	ngtcp2_conn_extend_max_stream_offset(qc, id, len);
	ngtcp2_conn_extend_max_offset(qc, len);
	return 0;
}

static int on_stream_acked(ngtcp2_conn *qc, int64_t id, uint64_t offset, uint64_t len,
			   void *user_data, void *stream)
{
	(void)qc;
	(void)id;
	((struct conn *)user_data)->progress += len;
	if (stream)
		h09_acked(stream, offset + len);
	return 0;
}

static void stream_over(struct conn *c, struct stream *s, int64_t code)
{
	if (s->id & UNI)
		greet_closed(c, s, code);
	else
		h09_closed(c, s, code);
}

static int on_stream_close(ngtcp2_conn *qc, uint32_t flags, int64_t id, uint64_t code,
			   void *user_data, void *stream)
{
	struct conn *c = user_data;

	if (stream)
		stream_over(c, stream, flags & NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET ?
				       (int64_t)code : -1);
	if (!(id & UNI) && !c->peer->o.server)
		h09_ask(c);
	if (ngtcp2_conn_is_local_stream(qc, id))
		return 0;
	if (id & UNI)
		ngtcp2_conn_extend_max_streams_uni(qc, 1);
	else
		ngtcp2_conn_extend_max_streams_bidi(qc, 1);
	return 0;
}

static int on_stream_reset(ngtcp2_conn *qc, int64_t id, uint64_t size, uint64_t code,
			   void *user_data, void *stream)
{
	struct conn *c = user_data;

	(void)qc;
	(void)size;
	if (!stream || id & UNI)
		return 0;
	report_early(c, stream, "reset by the peer", (int64_t)code);
	if (c->peer->o.server)
		h09_peer_reset(stream);
	return 0;
}

static int on_datagram(ngtcp2_conn *qc, uint32_t flags, const uint8_t *data, size_t len,
		       void *user_data)
{
	(void)qc;
	(void)flags;
	dgram_received(user_data, data, len);
	return 0;
}

static int on_datagram_lost(ngtcp2_conn *qc, uint64_t id, void *user_data)
{
	(void)qc;
	dgram_lost(user_data, id);
	return 0;
}

static int on_path(ngtcp2_conn *qc, uint32_t flags, const ngtcp2_path *path,
		   const ngtcp2_path *old, ngtcp2_path_validation_result result, void *user_data)
{
	bool good = result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS;
	struct conn *c = user_data;

	(void)qc;
	(void)flags;
	(void)old;
	c->paths += good;
	report_path(c, path, good);
	return 0;
}

static int on_stateless_reset(ngtcp2_conn *qc, const ngtcp2_pkt_stateless_reset *sr,
			      void *user_data)
{
	struct conn *c = user_data;

	(void)qc;
	(void)sr;
	snprintf(c->error, sizeof(c->error), "stateless reset");
	return 0;
}

static const ngtcp2_callbacks callbacks = {
	.client_initial = ngtcp2_crypto_client_initial_cb,
	.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
	.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
	.handshake_completed = on_completed,
	.handshake_confirmed = on_confirmed,
	.encrypt = ngtcp2_crypto_encrypt_cb,
	.decrypt = ngtcp2_crypto_decrypt_cb,
	.hp_mask = ngtcp2_crypto_hp_mask_cb,
	.recv_retry = ngtcp2_crypto_recv_retry_cb,
	.recv_stream_data = on_stream_data,
	.acked_stream_data_offset = on_stream_acked,
	.stream_open = on_stream_open,
	.stream_close = on_stream_close,
	.stream_reset = on_stream_reset,
	.recv_stateless_reset = on_stateless_reset,
	.recv_datagram = on_datagram,
	.lost_datagram = on_datagram_lost,
	.path_validation = on_path,
	.extend_max_local_streams_bidi = on_more_streams,
	.extend_max_local_streams_uni = on_more_uni,
	.rand = on_rand,
	.get_new_connection_id = on_new_cid,
	.remove_connection_id = on_remove_cid,
	.update_key = ngtcp2_crypto_update_key_cb,
	.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
	.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
	.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
	.version_negotiation = ngtcp2_crypto_version_negotiation_cb,
};

/* --- birth and death --- */

static void fill_settings(struct peer *p, ngtcp2_settings *s, ngtcp2_transport_params *t)
{
	ngtcp2_settings_default(s);
	s->initial_ts = now_ns();
	s->handshake_timeout = HANDSHAKE_LIMIT;
	if (p->o.log)
		s->log_printf = on_log;
	version_settings(&p->o, s);
	ngtcp2_transport_params_default(t);
	t->initial_max_data = WINDOW;
	t->initial_max_stream_data_bidi_local = WINDOW;
	t->initial_max_stream_data_bidi_remote = WINDOW;
	t->initial_max_streams_bidi = p->o.server ? STREAMS : 0;
	if (p->o.greetings) {
		t->initial_max_streams_uni = GREET_STREAMS;
		t->initial_max_stream_data_uni = WINDOW;
	}
	if (p->o.server || p->o.datagrams)
		t->max_datagram_frame_size = UINT16_MAX;
	t->active_connection_id_limit = SPARE_CIDS;
	t->max_idle_timeout = IDLE_TIMEOUT;
}

/* A connection without libngtcp2's part, and its session. Return: null, no memory. */
static struct conn *conn_new(struct peer *p)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->peer = p;
	c->began = now_ns();
	c->number = ++p->made;
	c->ref = (ngtcp2_crypto_conn_ref){ get_conn, c };
	c->tls = tls_session(&p->o, &c->ref);
	if (!c->tls) {
		free(c);
		return NULL;
	}
	return c;
}

static void conn_free(struct conn *c)
{
	while (c->streams)
		stream_over(c, c->streams, -1);
	dgram_free(c);
	cid_remove_all(c);
	ngtcp2_conn_del(c->qc);
	gnutls_deinit(c->tls);
	free(c);
}

/* Into the list, with its first ids. Return: @c, or null when it came to nothing. */
static struct conn *conn_begin(struct conn *c, int error, const ngtcp2_cid *scid,
			       const ngtcp2_cid *odcid)
{
	struct peer *p = c->peer;

	if (error || cid_add(c, scid) || (odcid && cid_add(c, odcid))) {
		warnx("connection %u: %s", c->number, error ? ngtcp2_strerror(error) : "memory");
		conn_free(c);
		return NULL;
	}
	ngtcp2_conn_set_tls_native_handle(c->qc, c->tls);
	if (p->o.stay)
		ngtcp2_conn_set_keep_alive_timeout(c->qc, STAY_ALIVE);
	if (p->o.key_updates)	/* something has to carry the news, and its ACK */
		ngtcp2_conn_set_keep_alive_timeout(c->qc, KEEP_ALIVE);
	c->next = p->conns;
	p->conns = c;
	p->alive++;
	return c;
}

struct conn *conn_dial(struct peer *p)
{
	ngtcp2_transport_params params;
	ngtcp2_settings settings;
	ngtcp2_path_storage ps;
	struct conn *c = conn_new(p);
	ngtcp2_cid dcid, scid;
	int e;

	if (!c)
		return NULL;
	draw_cid(&dcid, CID_LEN);
	draw_cid(&scid, p->o.cid_len);
	fill_settings(p, &settings, &params);
	ngtcp2_path_storage_init(&ps, (struct sockaddr *)&p->u.local, p->u.local_len,
				 (struct sockaddr *)&p->remote, p->remote_len, NULL);
	e = ngtcp2_conn_client_new(&c->qc, &dcid, &scid, &ps.path, version_first(&p->o),
				   &callbacks, &settings, &params, NULL, c);
	return conn_begin(c, e, &scid, NULL);
}

static struct conn *conn_accept(struct peer *p, const struct datagram *d,
				const ngtcp2_path *path)
{
	ngtcp2_transport_params params;
	ngtcp2_settings settings;
	struct conn *c;
	ngtcp2_pkt_hd hd;
	ngtcp2_cid scid;
	int e;

	if (ngtcp2_accept(&hd, d->data, d->len))
		return NULL;
	fill_settings(p, &settings, &params);
	params.original_dcid = hd.dcid;
	params.original_dcid_present = 1;
	if (!retry_done(p, d, &hd, &settings, &params))
		return NULL;
	c = conn_new(p);
	if (!c)
		return NULL;
	draw_cid(&scid, p->o.cid_len);
	if (p->o.reset_secret && !reset_token(p, &scid, params.stateless_reset_token))
		params.stateless_reset_token_present = 1;
	e = ngtcp2_conn_server_new(&c->qc, &hd.scid, &scid, path, hd.version, &callbacks, &settings,
				   &params, NULL, c);
	return conn_begin(c, e, &scid, &hd.dcid);
}

/* No more work: @state follows, for three PTO where that is not the end. */
static void conn_end(struct conn *c, enum conn_state state)
{
	c->state = state;
	c->deadline = now_ns() + 3 * ngtcp2_conn_get_pto(c->qc);
	c->peer->alive--;
	while (c->streams)
		stream_over(c, c->streams, -1);
	report_conn(c);
}

static void send_close(struct conn *c)
{
	const ngtcp2_path *path = ngtcp2_conn_get_path(c->qc);
	struct udp *u = udp_of(c->peer, &path->local);

	if (u->pending)
		return;		/* as if lost; the peer will ask again */
	memcpy(u->train, c->close, c->close_len);
	udp_send_one(u, path->remote.addr, path->remote.addrlen, c->close_len);
}

static void enter_closing(struct conn *c, const ngtcp2_ccerr *error)
{
	ngtcp2_path_storage ps;
	ngtcp2_pkt_info pi;
	ngtcp2_ssize n;

	ngtcp2_path_storage_zero(&ps);
	n = ngtcp2_conn_write_connection_close(c->qc, &ps.path, &pi, c->close, sizeof(c->close),
					       error, now_ns());
	if (n > 0) {
		c->close_len = (size_t)n;
		send_close(c);
	}
	/* a client whom nobody knows yet need not stay for late datagrams */
	if (n <= 0 || !(c->connected || c->peer->o.server))
		conn_end(c, CONN_DEAD);
	else
		conn_end(c, CONN_CLOSING);
}

void conn_close(struct conn *c, const char *error)
{
	ngtcp2_ccerr e;

	if (c->state != CONN_ACTIVE)
		return;
	if (error)
		snprintf(c->error, sizeof(c->error), "%s", error);
	ngtcp2_ccerr_default(&e);
	ngtcp2_ccerr_set_application_error(&e, 0, NULL, 0);
	enter_closing(c, &e);
}

/* The peer closed: its words, unless it did in good order. */
static void explain_close(struct conn *c)
{
	const ngtcp2_ccerr *e = ngtcp2_conn_get_ccerr(c->qc);

	if (!e->error_code)
		return;
	snprintf(c->error, sizeof(c->error), "closed by the peer: %s error 0x%llx %.*s",
		 e->type == NGTCP2_CCERR_TYPE_APPLICATION ? "application" : "transport",
		 (unsigned long long)e->error_code, e->reasonlen < 80 ? (int)e->reasonlen : 80,
		 e->reason ? (const char *)e->reason : "");
}

/* libngtcp2 said @error: end as it asks for. */
static void conn_fail(struct conn *c, int error)
{
	ngtcp2_ccerr e;

	if (c->state != CONN_ACTIVE)
		return;
	switch (error) {
	case NGTCP2_ERR_DRAINING:
		if (!*c->error)
			explain_close(c);
		conn_end(c, CONN_DRAINING);
		return;
	case NGTCP2_ERR_IDLE_CLOSE:
	case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
	case NGTCP2_ERR_DROP_CONN:
	case NGTCP2_ERR_RETRY:
		snprintf(c->error, sizeof(c->error), "%s", ngtcp2_strerror(error));
		conn_end(c, CONN_DEAD);
		return;
	}
	ngtcp2_ccerr_default(&e);
	if (error == NGTCP2_ERR_CRYPTO) {
		ngtcp2_ccerr_set_tls_alert(&e, ngtcp2_conn_get_tls_alert(c->qc), NULL, 0);
		snprintf(c->error, sizeof(c->error), "TLS alert: %s",
			 gnutls_alert_get_name(ngtcp2_conn_get_tls_alert(c->qc)));
	} else {
		ngtcp2_ccerr_set_liberr(&e, error, NULL, 0);
		snprintf(c->error, sizeof(c->error), "%s", ngtcp2_strerror(error));
	}
	enter_closing(c, &e);
}

void conn_reap(struct peer *p)
{
	struct conn **link = &p->conns, *c;

	while ((c = *link)) {
		if (c->state != CONN_DEAD) {
			link = &c->next;
			continue;
		}
		*link = c->next;
		conn_free(c);
	}
}

/* --- in --- */

static void conn_read(struct conn *c, const ngtcp2_path *path, const struct datagram *d)
{
	ngtcp2_pkt_info pi = { .ecn = (uint8_t)d->ecn };
	int e;

	if (c->state == CONN_CLOSING)
		send_close(c);
	if (c->state != CONN_ACTIVE)
		return;
	e = ngtcp2_conn_read_pkt(c->qc, path, &pi, d->data, d->len, now_ns());
	if (e)
		conn_fail(c, e);
}

/* Return: from @c on, the first connection with whoever sent that, or null. */
static struct conn *from_sender(struct conn *c, const struct datagram *d)
{
	const ngtcp2_addr *remote;

	for (; c; c = c->next) {
		remote = &ngtcp2_conn_get_path(c->qc)->remote;
		if (remote->addrlen == d->from_len &&
		    !memcmp(remote->addr, d->from, d->from_len))
			return c;
	}
	return NULL;
}

/* A short header with an ID that leads nowhere: one of us has lost its state. */
static void conn_stray(struct peer *p, const struct datagram *d, const ngtcp2_version_cid *v,
		       const ngtcp2_path *path)
{
	struct conn *c = from_sender(p->conns, d);

	if (!c)
		reset_answer(p, d, v);
	for (; c; c = from_sender(c->next, d))
		conn_read(c, path, d);
}

void conn_datagram(struct peer *p, const struct datagram *d)
{
	ngtcp2_version_cid v;
	ngtcp2_path_storage ps;
	struct conn *c;
	int e;

	e = ngtcp2_pkt_decode_version_cid(&v, d->data, d->len, p->o.cid_len);
	if (e && e != NGTCP2_ERR_VERSION_NEGOTIATION)
		return;
	ngtcp2_path_storage_init(&ps, (struct sockaddr *)&d->at->local, d->at->local_len,
				 (const struct sockaddr *)d->from, d->from_len, NULL);
	c = v.dcidlen || !p->o.server ? cid_find(p, v.dcid, v.dcidlen) : from_sender(p->conns, d);
	if (!c && !(d->data[0] & LONG_HEADER))
		conn_stray(p, d, &v, &ps.path);
	else if (!c && p->o.server && !p->stop && version_served(p, d, &v))
		c = conn_accept(p, d, &ps.path);
	if (c)
		conn_read(c, &ps.path, d);
}

/* --- out --- */

/* One packet with @v as a datagram, or not yet: NGTCP2_ERR_WRITE_MORE. */
static ngtcp2_ssize write_dgram(struct conn *c, ngtcp2_path *path, ngtcp2_pkt_info *pi,
				uint8_t *to, size_t max, const ngtcp2_vec *v, uint64_t now)
{
	int accepted = 0;
	ngtcp2_ssize n;

	n = ngtcp2_conn_writev_datagram(c->qc, path, pi, to, max, &accepted,
					NGTCP2_WRITE_DATAGRAM_FLAG_MORE, dgram_id(c), v, 1, now);
	/* the peer takes none, or none so long */
	if (n == NGTCP2_ERR_INVALID_STATE || n == NGTCP2_ERR_INVALID_ARGUMENT) {
		accepted = 1;
		n = NGTCP2_ERR_WRITE_MORE;
	}
	if (accepted)
		dgram_sent(c);
	return n;
}

/* One packet. Return: its bytes, 0 nothing can be sent now, or an error. */
static ngtcp2_ssize write_packet(struct conn *c, ngtcp2_path *path, ngtcp2_pkt_info *pi,
				 uint8_t *to, size_t max, uint64_t now)
{
	ngtcp2_ssize n, taken;
	struct stream *s;
	ngtcp2_vec v[2];
	uint32_t flags;
	size_t pieces;
	bool fin;

	while (dgram_next(c, v)) {
		n = write_dgram(c, path, pi, to, max, v, now);
		if (n != NGTCP2_ERR_WRITE_MORE)
			return n;
	}
	for (;;) {
		flags = NGTCP2_WRITE_STREAM_FLAG_NONE;
		fin = false;
		pieces = 0;
		s = h09_next(c);
		if (s) {
			pieces = h09_pieces(s, v, &fin);
			flags = NGTCP2_WRITE_STREAM_FLAG_MORE |
				(fin ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0);
		}
		n = ngtcp2_conn_writev_stream(c->qc, path, pi, to, max, &taken, flags,
					      s ? s->id : -1, v, pieces, now);
		if (s && taken >= 0)
			h09_advance(c, s, (size_t)taken, fin);
		if (n == NGTCP2_ERR_STREAM_DATA_BLOCKED)
			s->blocked = true;
		else if (n == NGTCP2_ERR_STREAM_SHUT_WR)
			s->stopped = true;
		else if (n == NGTCP2_ERR_STREAM_NOT_FOUND)
			s->sending = false;
		else if (n != NGTCP2_ERR_WRITE_MORE)
			return n;
		if (s)
			s->sending &= !s->stopped;
	}
}

/*
 * One packet for @u. What is for the other socket, to a path that is not the
 * connection's own, goes by itself.
 */
static ngtcp2_ssize next_packet(struct conn *c, struct udp *u, ngtcp2_path *path,
				ngtcp2_pkt_info *pi, uint8_t *to, size_t max, uint64_t now)
{
	struct udp *other;
	ngtcp2_ssize n;

	for (;;) {
		n = write_packet(c, path, pi, to, max, now);
		other = n > 0 ? udp_of(c->peer, &path->local) : u;
		if (other == u)
			return n;
		if (other->pending)
			continue;	/* as if lost */
		memcpy(other->train, to, (size_t)n);
		udp_send_one(other, path->remote.addr, path->remote.addrlen, (size_t)n);
	}
}

static bool same_target(const struct udp *u, const ngtcp2_path *path, const ngtcp2_pkt_info *pi)
{
	return pi->ecn == u->ecn && path->remote.addrlen == u->to_len &&
	       !memcmp(path->remote.addr, &u->to, u->to_len);
}

/*
 * As many packets as pacing lets go at once, a train of equal size for each target.
 * A packet that does not fit the train (a probe of the path's MTU is larger) follows
 * behind it; should the socket be full just then, that packet counts as lost.
 */
static void conn_write(struct conn *c, uint64_t now)
{
	size_t max = ngtcp2_conn_get_max_tx_udp_payload_size(c->qc), used = 0;
	size_t limit = ngtcp2_conn_get_send_quantum(c->qc);
	struct udp *u = udp_of(c->peer, &ngtcp2_conn_get_path(c->qc)->local);
	ngtcp2_path_storage ps;
	ngtcp2_pkt_info pi;
	ngtcp2_ssize n;

	if (limit > TRAIN_BYTES - max)
		limit = TRAIN_BYTES - max;
	ngtcp2_path_storage_zero(&ps);
	do {
		n = next_packet(c, u, &ps.path, &pi, u->train + used, max, now);
		if (n <= 0)
			break;
		if (used && ((size_t)n > u->segment || !same_target(u, &ps.path, &pi))) {
			u->pending = used;
			if (!udp_send(u))
				break;
			memmove(u->train, u->train + used, (size_t)n);
			used = 0;
		}
		if (!used) {
			u->segment = (size_t)n;
			u->ecn = pi.ecn;
			u->to_len = ps.path.remote.addrlen;
			memcpy(&u->to, ps.path.remote.addr, u->to_len);
		}
		used += (size_t)n;
	} while ((size_t)n == u->segment && used < limit);
	ngtcp2_conn_update_pkt_tx_time(c->qc, now);
	if (used && !u->pending) {
		u->pending = used;
		udp_send(u);
	}
	if (n < 0)
		conn_fail(c, (int)n);
}

void conn_run(struct conn *c, uint64_t now)
{
	struct stream *s;
	int e = 0;

	if (c->state == CONN_CLOSING || c->state == CONN_DRAINING) {
		if (c->deadline <= now)
			c->state = CONN_DEAD;
		return;
	}
	if (c->state == CONN_ACTIVE && ngtcp2_conn_get_expiry(c->qc) <= now)
		e = ngtcp2_conn_handle_expiry(c->qc, now);
	if (e)
		conn_fail(c, e);
	if (c->state != CONN_ACTIVE ||
	    udp_of(c->peer, &ngtcp2_conn_get_path(c->qc)->local)->pending)
		return;
	move_run(c, now);
	early_run(c);
	/* it says when that may be: RFC 9001 6.1, 6.5 */
	if (c->confirmed && c->key_updates < c->peer->o.key_updates &&
	    !ngtcp2_conn_initiate_key_update(c->qc, now))
		c->key_updates++;
	s = c->streams;
	if (s) {
		do
			s->blocked = false;
		while ((s = s->next) != c->streams);
	}
	conn_write(c, now);
}

uint64_t conn_deadline(struct conn *c)
{
	if (c->state == CONN_ACTIVE)
		return ngtcp2_conn_get_expiry(c->qc);
	return c->state == CONN_DEAD ? 0 : c->deadline;
}
