// SPDX-License-Identifier: GPL-2.0
/*
 * h09peer - HTTP/0.9 over QUIC on libngtcp2: a stranger for quicsock to talk to
 *
 * Client and server in one program, in userspace on a plain UDP socket. It shares no
 * line with quicsock, so what the two agree on is the RFCs and not a common mistake.
 * The same program is the userspace rival of the benchmarks.
 *
 * One loop: take what has come, run the timers that are due, let each connection
 * write, sleep until the next deadline. The client keeps --parallel connections at
 * work until --connections have been made; each fetches all paths and is closed when
 * they are here, whatever else was to come has, and the handshake is confirmed.
 *
 * Results are lines of JSON on stdout: "listening", "transfer", "early" (a stream that
 * ended before it was whole), "path" (one was validated), "connection", "summary".
 * Reasons of failures are in them, and on stderr what ends the program.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"

static struct peer peer;
static volatile sig_atomic_t stopping;

static void on_signal(int sig)
{
	(void)sig;
	stopping = 1;
}

/* --- results --- */

static void print_string(const char *key, const char *value)
{
	printf(",\"%s\":\"", key);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			putchar('\\');
		putchar((unsigned char)*value < 0x20 ? '?' : *value);
	}
	putchar('"');
}

static double seconds(uint64_t ns)
{
	return (double)ns / NSEC;
}

void report_transfer(struct conn *c, const struct stream *s, const char *error)
{
	uint8_t digest[SHA256_BYTES];
	uint64_t now = now_ns();
	unsigned int i;

	peer.total.transfers++;
	peer.total.failed += !!error;
	peer.total.bytes += s->bytes;
	if (!peer.total.first_byte)
		peer.total.first_byte = s->began;
	peer.total.last_byte = now;
	printf("{\"event\":\"transfer\",\"connection\":%u,\"bytes\":%llu,\"seconds\":%.6f",
	       c->number, (unsigned long long)s->bytes, seconds(now - s->began));
	print_string("verb", s->put ? "PUT" : "GET");
	print_string("path", s->path);
	if (s->hash) {
		gnutls_hash_output(s->hash, digest);
		printf(",\"sha256\":\"");
		for (i = 0; i < sizeof(digest); i++)
			printf("%02x", digest[i]);
		putchar('"');
	}
	print_string("error", error ? error : "");
	puts("}");
}

void report_early(struct conn *c, const struct stream *s, const char *how, int64_t code)
{
	printf("{\"event\":\"early\",\"connection\":%u,\"stream\":%lld,\"received\":%llu"
	       ",\"sent\":%llu,\"code\":%lld", c->number, (long long)s->id,
	       (unsigned long long)s->bytes, (unsigned long long)s->sent,
	       (long long)code);
	print_string("how", how);
	puts("}");
}

static unsigned int port_of(const ngtcp2_addr *a)
{
	/* where IPv6 has it, too */
	return ntohs(((const struct sockaddr_in *)(const void *)a->addr)->sin_port);
}

void report_path(struct conn *c, const ngtcp2_path *path, bool good)
{
	printf("{\"event\":\"path\",\"connection\":%u,\"validated\":%u,\"local\":%u"
	       ",\"remote\":%u}\n",
	       c->number, good, port_of(&path->local), port_of(&path->remote));
}

/* What only some options ask for. */
static void print_parts(struct conn *c)
{
	const ngtcp2_transport_params *t = ngtcp2_conn_get_remote_transport_params(c->qc);
	unsigned int good, bad;

	dgram_counts(c, &good, &bad);
	printf(",\"datagrams\":%u,\"datagrams_bad\":%u,\"greetings\":%u,\"greeted\":%u"
	       ",\"uni_limit\":%llu,\"paths\":%u,\"cid_length\":%zu"
	       ",\"peer_cid_length\":%zu", good, bad,
	       c->greetings_in, c->greetings_over,
	       (unsigned long long)(t ? t->initial_max_streams_uni : 0), c->paths,
	       cid_length(c), ngtcp2_conn_get_dcid(c->qc)->datalen);
}

void report_conn(struct conn *c)
{
	const struct options *o = &peer.o;
	ngtcp2_conn_info info;

	if (c->counted)
		return;
	c->counted = true;
	peer.ended++;
	peer.total.last_end = now_ns();
	ngtcp2_conn_get_conn_info(c->qc, &info);
	if (c->connected) {
		snprintf(peer.total.cipher, sizeof(peer.total.cipher), "%s", tls_cipher(c->tls));
		peer.total.connected++;
	}
	peer.total.confirmed += c->confirmed;
	peer.total.handshake_ns += c->handshake_ns;
	peer.total.conn_errors += !!*c->error;
	if (!o->server)		/* what was never asked for */
		peer.total.failed += o->num_paths * o->repeat - c->over;
	printf("{\"event\":\"connection\",\"connection\":%u,\"connected\":%u,\"confirmed\":%u"
	       ",\"handshake_ms\":%.3f,\"bytes\":%llu,\"requests\":%u,\"key_updates\":%u"
	       ",\"rtt_ms\":%.3f,\"cwnd\":%llu,\"version\":%u",
	       c->number, c->connected, c->confirmed, seconds(c->handshake_ns) * 1e3,
	       (unsigned long long)c->bytes, o->server ? c->requests : c->over, c->key_updates,
	       seconds(info.smoothed_rtt) * 1e3, (unsigned long long)info.cwnd,
	       ngtcp2_conn_get_negotiated_version(c->qc));
	print_parts(c);
	print_string("cipher", c->connected ? tls_cipher(c->tls) : "");
	print_string("error", c->error);
	puts("}");
}

static void report_summary(uint64_t began)
{
	double all = seconds(peer.total.last_end - began);
	double data = seconds(peer.total.last_byte - peer.total.first_byte);

	printf("{\"event\":\"summary\",\"connections\":%u,\"connected\":%u,\"confirmed\":%u"
	       ",\"transfers\":%u,\"failed\":%u,\"bytes\":%llu,\"seconds\":%.6f,\"mb_per_s\":%.3f"
	       ",\"handshake_ms\":%.3f,\"connections_per_s\":%.1f",
	       peer.made, peer.total.connected, peer.total.confirmed, peer.total.transfers,
	       peer.total.failed, (unsigned long long)peer.total.bytes, all,
	       data > 0 ? (double)peer.total.bytes / 1e6 / data : 0,
	       peer.total.connected ?
			seconds(peer.total.handshake_ns) * 1e3 / peer.total.connected : 0,
	       all > 0 ? peer.total.connected / all : 0);
	print_string("cipher", peer.total.cipher);
	puts("}");
}

/* --- the loop --- */

static void take(void *ctx, const struct datagram *d)
{
	conn_datagram(ctx, d);
}

/* The client's list of work: close what is done, begin what is left. */
static void client_step(struct peer *p)
{
	struct conn *c;

	for (c = p->conns; c; c = c->next)
		if (c->state == CONN_ACTIVE && c->confirmed && h09_done(c) && greet_done(c) &&
		    dgram_done(c) && move_done(c) &&
		    c->key_updates == p->o.key_updates && !p->o.stay)
			conn_close(c, NULL);
	while (!p->stop && p->made < p->o.connections && p->alive < p->o.parallel)
		if (!conn_dial(p))
			p->stop = true;
	if (p->made == p->o.connections)
		p->stop = true;
}

static void close_all(struct peer *p, const char *error)
{
	struct conn *c;

	for (c = p->conns; c; c = c->next)
		conn_close(c, error);
}

/* An ICMP message, which anybody can make up, ends nothing that has begun. */
static void icmp_refusal(struct peer *p)
{
	struct conn *c;

	for (c = p->conns; c; c = c->next)
		if (!c->connected)
			conn_close(c, "refused: nothing listens at that address and port");
}

static uint64_t next_deadline(struct peer *p)
{
	uint64_t first = UINT64_MAX, t;
	struct conn *c;

	for (c = p->conns; c; c = c->next) {
		t = conn_deadline(c);
		if (t < first)
			first = t;
	}
	return first;
}

static struct pollfd to_poll(const struct udp *u)
{
	return (struct pollfd){ .fd = u->fd, .events = POLLIN | (u->pending ? POLLOUT : 0) };
}

/* Sleep until something comes, a timer is due, or a signal. */
static void wait_for_work(struct peer *p, const sigset_t *waiting)
{
	struct pollfd pfd[2] = { to_poll(&p->u) };
	uint64_t deadline = next_deadline(p), now = now_ns(), left;
	struct timespec ts, *limit = NULL;

	if (deadline != UINT64_MAX) {
		left = deadline > now ? deadline - now : 0;
		ts = (struct timespec){ (time_t)(left / NSEC), (long)(left % NSEC) };
		limit = &ts;
	}
	if (p->moved)
		pfd[1] = to_poll(p->moved);
	ppoll(pfd, p->moved ? 2 : 1, limit, waiting);
}

static void loop(struct peer *p, const sigset_t *waiting)
{
	struct conn *c;
	uint64_t now;
	int e;

	for (;;) {
		if (!p->o.server)
			client_step(p);
		else if (p->o.connections && p->ended >= p->o.connections)
			p->stop = true;
		if (stopping && !p->stop)
			p->stop = true;
		if (stopping)
			close_all(p, p->o.server ? NULL : "interrupted");
		udp_send(&p->u);
		if (p->moved)
			udp_send(p->moved);
		now = now_ns();
		for (c = p->conns; c; c = c->next)
			conn_run(c, now);
		conn_reap(p);
		if (p->stop && !p->conns)
			return;
		wait_for_work(p, waiting);
		e = udp_receive(&p->u, take, p);
		if (e == ECONNREFUSED && !p->o.server)
			icmp_refusal(p);
		if (p->moved)
			udp_receive(p->moved, take, p);
	}
}

/* Signals come only while ppoll(2) waits, so none is missed. */
static void catch_signals(sigset_t *waiting)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t held;

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigemptyset(&held);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGINT);
	sigprocmask(SIG_BLOCK, &held, waiting);
}

int main(int argc, char **argv)
{
	uint64_t began;
	sigset_t waiting;

	options_parse(&peer.o, argc, argv);
	tls_setup(&peer.o);
	catch_signals(&waiting);
	reset_secret(&peer);
	setvbuf(stdout, NULL, _IOLBF, 0);	/* who reads it waits for a line */
	if (peer.o.server) {
		peer.dirfd = open(peer.o.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (peer.dirfd < 0)
			err(EXIT_ENV, "%s", peer.o.dir);
	}
	udp_open(&peer.u, &peer.o, &peer.remote, &peer.remote_len);
	if (peer.o.server)
		puts("{\"event\":\"listening\"}");
	began = now_ns();
	loop(&peer, &waiting);
	report_summary(began);
	if (!peer.o.server && peer.total.connected < peer.o.connections)
		return EXIT_ENV;
	if (peer.total.failed || (!peer.o.server && peer.total.conn_errors))
		return EXIT_FAILED;
	return EXIT_OK;
}
