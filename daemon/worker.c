// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Workers: threads that run handshakes for the kernel.
 *
 * Each worker has a socket of its own, registers it, and from then on is a
 * loop: wait for a message, the wake-up descriptor or the next deadline; let
 * the engine act; send what it made as one FLIGHT. A handshake belongs to the
 * worker whose socket got its START, from START to DONE, FAIL, ABORT or
 * time-out; only that worker touches its engine, so engines need no lock.
 *
 *	START ---> engine_begin ---+
 *	CRYPTO --> engine_crypto --+--> FLIGHT; DONE or FAIL: forgotten
 *	ABORT, deadline -----------+--> forgotten
 *
 * What threads share: the table (table.c says why that is safe), the
 * configuration (config.c), counters (one writer, word-sized), the flags
 * @stop and @aborted (set, then the eventfd is written; the loop reads the
 * eventfd, then the flags), and @status (worker writes, then wakes the main
 * thread).
 *
 * Deadlines are a list in order. START's time-out is nearly always the same,
 * so insertion from the far end is one step; worst case, with deadlines
 * falling, linear in the handshakes of one worker, whose number the kernel
 * bounds.
 *
 * A flight that the kernel rejects is answered with FAIL, once: a version
 * mismatch must end in an errno for connect(), not in a time-out.
 *
 * Not here: how messages look (wire.c), how sockets are made (netlink.c), how
 * workers are started and stopped (pool.c).
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <netlink/msg.h>

#include "engine.h"
#include "worker_int.h"

#define TIMEOUT_DEFAULT_MS 10000	/* if the kernel names none */
#define REGISTER_SEQ 1

static void count(uint64_t *counter)
{
	/* one writer: no need for an atomic addition */
	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

/**
 * worker_now_ms - the clock of deadlines
 *
 * Return: CLOCK_MONOTONIC in milliseconds.
 */
uint64_t worker_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/**
 * worker_poke - wake whoever reads this eventfd
 * @fd: eventfd
 */
void worker_poke(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		return;		/* full: it will wake up anyway */
}

static void set_status(struct worker *w, int status)
{
	__atomic_store_n(&w->status, status, __ATOMIC_RELEASE);
	worker_poke(w->pool->event_fd);
}

/* ---- sending ---- */

static int transmit(struct worker *w, struct nl_msg *msg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	ssize_t n;

	do {
		n = send(w->link.fd, hdr, hdr->nlmsg_len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static int send_flight(struct worker *w, uint64_t id, bool fail)
{
	struct nl_msg *msg;
	uint32_t seq;
	int err;

	seq = ++w->seq;
	msg = wire_encode_flight(w->pool->family, seq, id, &w->flight);
	if (!msg)
		return -ENOMEM;
	w->sent[seq % SENT_MAX].seq = seq;
	w->sent[seq % SENT_MAX].fail = fail;
	w->sent[seq % SENT_MAX].id = id;
	err = transmit(w, msg);
	wire_free(msg);
	return err;
}

/* Send a FAIL for a handshake that has no engine (any more). */
static void send_fail(struct worker *w, uint64_t id, enum reason r,
		      const char *detail)
{
	int err;

	flight_reset(&w->flight);
	reason_fail(&w->flight, r, FLIGHT_NO_ALERT, detail);
	err = send_flight(w, id, true);
	if (err)
		log_warning("cannot tell the kernel of a failure: %s",
			    strerror(-err));
	flight_reset(&w->flight);
	count(&w->stats.failed);
}

/* ---- handshakes ---- */

static void forget(struct worker *w, struct handshake *hs)
{
	cds_list_del(&hs->timer);
	engine_free(hs->engine);
	hs->engine = NULL;
	table_del(w->pool->table, hs);
}

static void add_timer(struct worker *w, struct handshake *hs)
{
	struct cds_list_head *at = w->timers.prev;

	while (at != &w->timers &&
	       cds_list_entry(at, struct handshake, timer)->deadline_ms >
	       hs->deadline_ms)
		at = at->prev;
	cds_list_add(&hs->timer, at);
}

static const char *last_text(const struct flight *f)
{
	return f->n ? f->action[f->n - 1].text : "";
}

/* The engine has acted: send, count, and forget what has ended. */
static void conclude(struct worker *w, struct handshake *hs,
		     enum engine_state state)
{
	int err = 0;

	if (w->flight.n)
		err = send_flight(w, hs->id, state == ENGINE_FAILED);
	if (state == ENGINE_DONE) {
		log_debug("%016" PRIx64 ": done, %" PRIu64 " ms, ALPN '%s'",
			  hs->id, worker_now_ms() - hs->started_ms,
			  last_text(&w->flight));
		count(&w->stats.done);
	} else if (state == ENGINE_FAILED) {
		log_debug("%016" PRIx64 ": %s", hs->id, last_text(&w->flight));
		count(&w->stats.failed);
	}
	flight_reset(&w->flight);
	if (err) {
		log_error("cannot send a flight: %s", strerror(-err));
		send_fail(w, hs->id, err == -ENOMEM ? REASON_MEMORY :
			  REASON_REJECTED, strerror(-err));
	}
	if (err || state != ENGINE_RUNNING)
		forget(w, hs);
}

static struct handshake *new_handshake(struct worker *w, struct hs_msg *msg)
{
	struct handshake *hs = calloc(1, sizeof(*hs));
	uint32_t ms = msg->start.timeout_ms;
	struct config *cfg;

	if (!hs)
		return NULL;
	hs->id = msg->id;
	hs->role = msg->start.role;
	hs->uid = msg->start.role == QUIC_HS_ROLE_CLIENT ?
		  msg->start.uid : msg->start.listener[0].uid;
	hs->worker = w;
	hs->started_ms = worker_now_ms();
	hs->deadline_ms = hs->started_ms + (ms ? ms : TIMEOUT_DEFAULT_MS);
	cfg = config_get();
	if (!cfg)
		goto fail;
	hs->generation = cfg->generation;
	hs->engine = engine_new(&msg->start, cfg);
	if (hs->engine)
		return hs;
	config_put(cfg);
fail:
	free(hs);
	return NULL;
}

static void on_start(struct worker *w, struct hs_msg *msg)
{
	struct handshake *hs = new_handshake(w, msg);

	count(&w->stats.started);
	if (!hs) {
		send_fail(w, msg->id, REASON_MEMORY, NULL);
		return;
	}
	if (table_add(w->pool->table, hs)) {
		count(&w->stats.malformed);	/* ids are never used twice */
		engine_free(hs->engine);
		free(hs);
		return;
	}
	add_timer(w, hs);
	log_debug("%016" PRIx64 ": %s, uid %u", hs->id,
		  hs->role == QUIC_HS_ROLE_CLIENT ? "client" : "server",
		  hs->uid);
	conclude(w, hs, engine_begin(hs->engine, &w->flight));
}

static void on_crypto(struct worker *w, const struct hs_msg *msg)
{
	struct handshake *hs;

	rcu_read_lock();
	hs = table_find(w->pool->table, msg->id);
	rcu_read_unlock();
	/* ours cannot vanish: only we delete it; another's we do not touch */
	if (!hs || hs->worker != w) {
		count(&w->stats.unknown);
		return;
	}
	conclude(w, hs, engine_crypto(hs->engine, msg->level,
				      msg->crypto.data, msg->crypto.len,
				      &w->flight));
}

static void on_abort(struct worker *w, const struct hs_msg *msg)
{
	struct handshake *hs;
	bool ours = false;

	rcu_read_lock();
	hs = table_find(w->pool->table, msg->id);
	if (!hs) {
		count(&w->stats.unknown);
	} else if (hs->worker == w) {
		ours = true;
	} else {
		__atomic_store_n(&hs->aborted, 1, __ATOMIC_RELAXED);
		worker_poke(hs->worker->wake_fd);
	}
	rcu_read_unlock();
	if (!ours)
		return;
	count(&w->stats.aborted);
	forget(w, hs);
}

/* Somebody set @aborted on handshakes of ours. */
static void sweep(struct worker *w)
{
	struct handshake *hs, *next;

	cds_list_for_each_entry_safe(hs, next, &w->timers, timer) {
		if (!__atomic_load_n(&hs->aborted, __ATOMIC_RELAXED))
			continue;
		count(&w->stats.aborted);
		forget(w, hs);
	}
}

static void expire(struct worker *w)
{
	struct handshake *hs, *next;
	uint64_t now = worker_now_ms();

	cds_list_for_each_entry_safe(hs, next, &w->timers, timer) {
		if (hs->deadline_ms > now)
			break;
		count(&w->stats.timed_out);
		send_fail(w, hs->id, REASON_TIMEOUT, NULL);
		forget(w, hs);
	}
}

/* ---- receiving ---- */

static void on_message(struct worker *w, const struct nlmsghdr *hdr)
{
	struct hs_msg *msg = &w->msg;
	int err;

	err = wire_parse(nlmsg_data(hdr), (size_t)nlmsg_datalen(hdr), msg);
	if (err) {
		count(&w->stats.malformed);
		log_warning("message %u of the kernel is malformed", msg->cmd);
		if (msg->cmd == QUIC_HS_CMD_START && msg->id)
			send_fail(w, msg->id, err == -ENOMEM ? REASON_MEMORY :
				  REASON_MALFORMED, NULL);
		return;
	}
	switch (msg->cmd) {
	case QUIC_HS_CMD_START:
		on_start(w, msg);
		break;
	case QUIC_HS_CMD_CRYPTO:
		on_crypto(w, msg);
		break;
	case QUIC_HS_CMD_ABORT:
		on_abort(w, msg);
		break;
	}
	wire_start_clear(&msg->start);
}

/* The text of an extended acknowledgment. */
static void extack_text(const struct nlmsghdr *hdr, char *text, size_t len)
{
	const struct nlmsgerr *e = nlmsg_data(hdr);
	struct nlattr *msg;
	int skip = (int)sizeof(*e);

	text[0] = '\0';
	if (!(hdr->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(hdr->nlmsg_flags & NLM_F_CAPPED)) {
		if (e->msg.nlmsg_len < NLMSG_HDRLEN ||
		    e->msg.nlmsg_len > (uint32_t)nlmsg_datalen(hdr))
			return;
		skip += (int)NLMSG_ALIGN(e->msg.nlmsg_len) - NLMSG_HDRLEN;
	}
	if (skip >= nlmsg_datalen(hdr))
		return;
	msg = nla_find((struct nlattr *)((char *)e + skip),
		       nlmsg_datalen(hdr) - skip, NLMSGERR_ATTR_MSG);
	if (msg)
		nla_strlcpy(text, msg, len);
}

/* The kernel refused a flight; what it says of the same one again is old. */
static void on_rejected(struct worker *w, uint32_t seq, int error,
			const char *text)
{
	struct handshake *hs;
	uint64_t id = w->sent[seq % SENT_MAX].id;
	char detail[128];

	if (!id || w->sent[seq % SENT_MAX].seq != seq)
		return;
	w->sent[seq % SENT_MAX].id = 0;
	rcu_read_lock();
	hs = table_find(w->pool->table, id);
	rcu_read_unlock();
	if (hs && hs->worker == w)
		forget(w, hs);
	if (error == -ENOENT)
		return;		/* it went away first, as it may */
	count(&w->stats.rejected);
	snprintf(detail, sizeof(detail), "%s%s%s", strerror(-error),
		 *text ? ", " : "", text);
	log_error("%016" PRIx64 ": the kernel rejects a flight: %s", id,
		  detail);
	if (!w->sent[seq % SENT_MAX].fail)
		send_fail(w, id, REASON_REJECTED, detail);
}

static void on_error(struct worker *w, const struct nlmsghdr *hdr)
{
	const struct nlmsgerr *e = nlmsg_data(hdr);
	char text[96];

	if (nlmsg_datalen(hdr) < (int)sizeof(*e)) {
		count(&w->stats.malformed);
		return;
	}
	if (hdr->nlmsg_seq == REGISTER_SEQ) {
		if (w->status == WORKER_STARTING)
			set_status(w, e->error ? e->error : WORKER_READY);
		return;
	}
	if (!e->error)
		return;
	extack_text(hdr, text, sizeof(text));
	on_rejected(w, hdr->nlmsg_seq, e->error, text);
}

static void on_datagram(struct worker *w, int len)
{
	struct nlmsghdr *hdr = (struct nlmsghdr *)w->buffer;

	for (; nlmsg_ok(hdr, len); hdr = nlmsg_next(hdr, &len)) {
		if (hdr->nlmsg_type == NLMSG_ERROR)
			on_error(w, hdr);
		else if (hdr->nlmsg_type == w->pool->family)
			on_message(w, hdr);
	}
	if (len > 0)
		count(&w->stats.malformed);
}

/* Return: 1 after a datagram, 0 if none is there, or a negative errno. */
static int receive(struct worker *w)
{
	struct sockaddr_nl from = { .nl_family = AF_UNSPEC };
	struct iovec iov = { w->buffer, sizeof(w->buffer) };
	struct msghdr m = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t n = recvmsg(w->link.fd, &m, MSG_DONTWAIT);

	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return 0;
		if (errno != ENOBUFS)
			return -errno;
		count(&w->stats.overruns);
		return 1;
	}
	if (!n && !w->link.sk)
		return -EPIPE;	/* the other end of the socket pair is gone */
	if (m.msg_flags & MSG_TRUNC)
		count(&w->stats.malformed);
	else if (!w->link.sk || from.nl_pid == 0)	/* 0: the kernel */
		on_datagram(w, (int)n);
	explicit_bzero(w->buffer, (size_t)n);		/* a credential? */
	return 1;
}

/* ---- the thread ---- */

static int next_timeout(struct worker *w)
{
	uint64_t now, at;

	if (cds_list_empty(&w->timers))
		return -1;
	at = cds_list_first_entry(&w->timers, struct handshake,
				  timer)->deadline_ms;
	now = worker_now_ms();
	if (at <= now)
		return 0;
	return at - now > 60000 ? 60000 : (int)(at - now);
}

static int register_worker(struct worker *w)
{
	struct nl_msg *msg = wire_encode_register(w->pool->family,
						  REGISTER_SEQ);
	int err;

	if (!msg)
		return -ENOMEM;
	w->seq = REGISTER_SEQ;
	err = transmit(w, msg);
	wire_free(msg);
	return err;
}

static int loop(struct worker *w)
{
	struct pollfd fds[2] = {
		{ .fd = w->link.fd, .events = POLLIN },
		{ .fd = w->wake_fd, .events = POLLIN },
	};
	uint64_t n;
	int err;

	while (w->status >= 0) {
		if (poll(fds, 2, next_timeout(w)) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents & POLLIN &&
		    read(w->wake_fd, &n, sizeof(n)) == sizeof(n)) {
			if (__atomic_load_n(&w->stop, __ATOMIC_RELAXED))
				return 0;
			sweep(w);
		}
		if (fds[0].revents) {
			err = receive(w);
			if (err < 0)
				return err;
		}
		expire(w);
	}
	return 0;
}

/**
 * worker_run - the body of a worker's thread
 * @arg: the worker
 *
 * Return: NULL, when stopped or failed; @status says which.
 */
void *worker_run(void *arg)
{
	struct worker *w = arg;
	struct handshake *hs, *next;
	char name[16];
	int err;

	snprintf(name, sizeof(name), "quicd/%u", w->index);
	prctl(PR_SET_NAME, name);
	rcu_register_thread();
	err = register_worker(w);
	if (!err)
		err = loop(w);
	cds_list_for_each_entry_safe(hs, next, &w->timers, timer)
		forget(w, hs);
	flight_reset(&w->flight);
	rcu_unregister_thread();
	if (err)
		set_status(w, err);
	return NULL;
}
