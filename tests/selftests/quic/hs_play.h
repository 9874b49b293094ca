/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hs_play.h - both ends of a connection played by a selftest, without TLS.
 *
 * The test is the daemon of both: the kernel does not read TLS, so any bytes do for
 * it, and any secrets, if both ends have the same. And it is the network: the client
 * connects to a UDP socket of the test, which hands its datagrams on to the listener
 * from another one, or does not.
 *
 *   client --- front | test | back --- listener          worker: messages of both
 *
 * Time does not pass by sleeping: play() works off what comes until something holds.
 * A flight leaves when what it answers has come, unless it is held back.
 */
#ifndef HS_PLAY_H
#define HS_PLAY_H

#include <sched.h>
#include <stdbool.h>

#include "hs_msg.h"

#define ALPN		"test"
#define CIPHER		TLS_CIPHER_AES_GCM_128
#define DGRAM_MAX	2048
#define HELD_MAX	64

enum { CLIENT, SERVER };

/* Flights, in the order of a handshake. */
enum {
	HELLO,			/* client: ClientHello; perhaps 0-RTT */
	ANSWER,			/* server: ServerHello to Finished */
	CLIENT_KEYS,		/* client: keys of HANDSHAKE */
	FINISHED,		/* client: the rest */
	DONE,			/* server: the rest */
	FLIGHTS
};

enum { PASS, DROP, HOLD };

struct dgram {
	size_t len;
	uint8_t b[DGRAM_MAX];
};

static struct play {
	uint16_t family;
	int worker, listener, client, front, back;
	int type;			/* of both ends' sockets */
	bool validate;			/* the listener has addresses proved */
	uint32_t version;
	union addr to, from;		/* the listener; the client, once it has sent */
	uint64_t id[2];			/* of the handshakes, by end */
	uint32_t starts[2], has_version;
	uint32_t crypto[2];		/* levels of which TLS bytes came */
	uint8_t tparams[2][QUIC_HS_TPARAMS_MAX];
	size_t tparams_len[2];
	uint32_t listener_id;
	uint8_t remembered[64];
	size_t remembered_len;
	bool offers, takes;		/* 0-RTT, client and server */
	uint32_t hold, done;		/* flights */
	struct answer answer;		/* to the last one */
	int (*judge)(const uint8_t *p, size_t len, int from);
	int copies;			/* of each datagram to the server, besides */
	struct dgram held[HELD_MAX];
	int n_held;
	unsigned int early_seen;	/* datagrams that begin with 0-RTT */
	unsigned int together;		/* with 0-RTT behind an Initial */
} w;

/* --- datagrams --- */

/* Type of a long header as version 1 has it: 0 Initial, 1 0-RTT, 2 Handshake, 3 Retry. */
static inline int long_type(const uint8_t *p)
{
	return ((p[0] >> 4 & 3) - (w.version == QUIC_VERSION_V2)) & 3;
}

static inline bool is_long(const uint8_t *p, size_t len, int type)
{
	return len > 7 && p[0] & 0x80 && long_type(p) == type;
}

static inline bool is_short(const uint8_t *p, size_t len)
{
	return len && !(p[0] & 0x80);
}

static inline uint64_t varint(const uint8_t **p)
{
	int n = 1 << (**p >> 6);
	uint64_t v = *(*p)++ & 0x3f;

	while (--n)
		v = v << 8 | *(*p)++;
	return v;
}

/* Bytes of the packet with a long header at @p. */
static inline size_t packet_len(const uint8_t *p)
{
	const uint8_t *at = p + 5;
	uint64_t n;

	at += 1 + *at;
	at += 1 + *at;
	if (long_type(p) == 0) {
		n = varint(&at);
		at += n;
	}
	n = varint(&at);
	return at - p + n;
}

static inline void note(const uint8_t *p, size_t len)
{
	size_t n;

	w.early_seen += is_long(p, len, 1);
	if (!is_long(p, len, 0))
		return;
	n = packet_len(p);
	w.together += n < len && is_long(p + n, len - n, 1);
}

static inline void forward(const uint8_t *p, size_t len, int from)
{
	int i;

	if (from == SERVER) {
		sendto(w.front, p, len, 0, &w.from.sa, addr_len(&w.from));
		return;
	}
	for (i = 0; i <= w.copies; i++)
		sendto(w.back, p, len, 0, &w.to.sa, addr_len(&w.to));
}

static inline void relay(int from)
{
	struct dgram *d = &w.held[w.n_held];
	socklen_t alen = sizeof(w.from);
	static struct dgram spare;
	ssize_t n;

	if (w.n_held == HELD_MAX)
		d = &spare;
	n = from == CLIENT ?
	    recvfrom(w.front, d->b, sizeof(d->b), MSG_DONTWAIT, &w.from.sa, &alen) :
	    recv(w.back, d->b, sizeof(d->b), MSG_DONTWAIT);
	if (n <= 0)
		return;
	d->len = n;
	if (from == CLIENT)
		note(d->b, n);
	switch (w.judge ? w.judge(d->b, n, from) : PASS) {
	case PASS:
		forward(d->b, n, from);
		break;
	case HOLD:
		w.n_held += d != &spare;
	}
}

/* What was held, all of the client, goes on now. */
static inline void let_go(void)
{
	int i;

	for (i = 0; i < w.n_held; i++)
		forward(w.held[i].b, w.held[i].len, CLIENT);
	w.n_held = 0;
}

/* --- what the kernel says --- */

static inline const struct nlattr *in_nest(const struct nlattr *nest, uint16_t type)
{
	const uint8_t *p = (const uint8_t *)nest + NLA_HDRLEN;
	const uint8_t *end = (const uint8_t *)nest + nest->nla_len;
	const struct nlattr *a;

	for (; p + NLA_HDRLEN <= end; p += NLA_ALIGN(a->nla_len)) {
		a = (const struct nlattr *)p;
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
	}
	return NULL;
}

static inline void keep_tparams(int end, const struct nlattr *a)
{
	w.tparams_len[end] = a->nla_len - NLA_HDRLEN;
	memcpy(w.tparams[end], (const uint8_t *)a + NLA_HDRLEN, w.tparams_len[end]);
}

static inline void on_start(const uint8_t *buf, uint64_t id)
{
	const struct nlattr *l = start_attr(buf, QUIC_HS_A_LISTENER);
	int end = l ? SERVER : CLIENT;

	w.id[end] = id;
	w.starts[end]++;
	w.crypto[end] = 0;
	if (!l) {
		w.has_version = start_u32(buf, QUIC_HS_A_VERSION);
		keep_tparams(CLIENT, start_attr(buf, QUIC_HS_A_TPARAMS));
		return;
	}
	memcpy(&w.listener_id, (const uint8_t *)in_nest(l, QUIC_HS_L_ID) + NLA_HDRLEN, 4);
	keep_tparams(SERVER, in_nest(l, QUIC_HS_L_TPARAMS));
}

static inline void on_message(const uint8_t *buf)
{
	const struct genlmsghdr *g = (const void *)(buf + NLMSG_HDRLEN);
	const struct nlattr *a;
	uint64_t id = 0;

	if (((const struct nlmsghdr *)buf)->nlmsg_type < NLMSG_MIN_TYPE)
		return;
	a = start_attr(buf, QUIC_HS_A_ID);
	if (a)
		memcpy(&id, (const uint8_t *)a + NLA_HDRLEN, sizeof(id));
	if (g->cmd == QUIC_HS_CMD_START)
		on_start(buf, id);
	else if (g->cmd == QUIC_HS_CMD_CRYPTO)
		w.crypto[id == w.id[SERVER]] |= 1U << start_u32(buf, QUIC_HS_A_LEVEL);
}

/* --- flights --- */

/* The secret of who sends at a level. */
static inline void secret_of(struct msg *m, uint32_t level, int who, uint32_t send)
{
	uint8_t secret[32];

	memset(secret, 16 * (level + 1) + who, sizeof(secret));
	put_secret(m, level, send, CIPHER, secret, sizeof(secret));
}

/* Both secrets of a level, of end @who. */
static inline void secrets(struct msg *m, uint32_t level, int who)
{
	secret_of(m, level, who, 1);
	secret_of(m, level, !who, 0);
}

static inline void put_flag(struct msg *m, uint16_t type)
{
	put(m, type, NULL, 0);
}

/* Of the handshake; @level: EARLY remembered ones, 0 none said. */
static inline void params(struct msg *m, const uint8_t *p, size_t len, uint32_t level,
			  bool accepted)
{
	struct nlattr *n = act(m, QUIC_HS_ACTION_PEER_PARAMS);

	put(m, QUIC_HS_ACT_TPARAMS, p, len);
	if (level)
		put_u32(m, QUIC_HS_ACT_LEVEL, level);
	if (accepted)
		put_flag(m, QUIC_HS_ACT_EARLY_ACCEPTED);
	nest_end(m, n);
}

static inline void remembered(struct msg *m)
{
	params(m, w.remembered, w.remembered_len, QUIC_CRYPTO_EARLY, false);
}

static inline void tls_bytes(struct msg *m, uint32_t level, size_t len)
{
	static const uint8_t bytes[1000] = "TLS";

	put_crypto(m, level, bytes, len);
}

/* What a flight says, for the end that sends it. */
static inline void flight_of(struct msg *m, int f)
{
	flight(m, w.family, w.id[f == ANSWER || f == DONE]);
	switch (f) {
	case HELLO:
		if (w.offers) {
			remembered(m);
			secret_of(m, QUIC_CRYPTO_EARLY, CLIENT, 1);
		}
		tls_bytes(m, QUIC_CRYPTO_INITIAL, 300);
		break;
	case ANSWER:
		act_select(m, w.listener_id);
		if (w.takes)
			secret_of(m, QUIC_CRYPTO_EARLY, CLIENT, 0);
		tls_bytes(m, QUIC_CRYPTO_INITIAL, 90);
		secrets(m, QUIC_CRYPTO_HANDSHAKE, SERVER);
		tls_bytes(m, QUIC_CRYPTO_HANDSHAKE, 700);
		secret_of(m, QUIC_CRYPTO_APP, SERVER, 1);
		params(m, w.tparams[CLIENT], w.tparams_len[CLIENT], 0, false);
		break;
	case CLIENT_KEYS:
		secrets(m, QUIC_CRYPTO_HANDSHAKE, CLIENT);
		break;
	case FINISHED:
		params(m, w.tparams[SERVER], w.tparams_len[SERVER], 0, w.offers && w.takes);
		tls_bytes(m, QUIC_CRYPTO_HANDSHAKE, 52);
		secrets(m, QUIC_CRYPTO_APP, CLIENT);
		act_done(m, ALPN, sizeof(ALPN));
		break;
	case DONE:
		secret_of(m, QUIC_CRYPTO_APP, CLIENT, 0);
		act_done(m, ALPN, sizeof(ALPN));
	}
}

/* Has what @f answers come? */
static inline bool due(int f)
{
	switch (f) {
	case HELLO:
		return w.starts[CLIENT];
	case ANSWER:
		return w.starts[SERVER] && w.crypto[SERVER] & 1U << QUIC_CRYPTO_INITIAL;
	case CLIENT_KEYS:
		return w.crypto[CLIENT] & 1U << QUIC_CRYPTO_INITIAL;
	case FINISHED:
		return w.crypto[CLIENT] & 1U << QUIC_CRYPTO_HANDSHAKE;
	default:
		return w.crypto[SERVER] & 1U << QUIC_CRYPTO_HANDSHAKE;
	}
}

/* Send a message of the worker. Return: errno of its answer. */
static inline int say(struct msg *m)
{
	return talk(w.worker, m, &w.answer) ? -1 : w.answer.error;
}

static inline int fly(int f)
{
	static struct msg m;

	flight_of(&m, f);
	w.done |= 1U << f;
	return say(&m);
}

/* --- playing --- */

static inline bool play_once(int ms)
{
	static uint8_t buf[65536] __attribute__((aligned(8)));
	struct pollfd p[] = {
		{ .fd = w.worker, .events = POLLIN },
		{ .fd = w.front, .events = POLLIN },
		{ .fd = w.back, .events = POLLIN },
	};
	int f;

	poll(p, 3, ms);
	if (p[0].revents && recv(w.worker, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		on_message(buf);
	if (p[1].revents)
		relay(CLIENT);
	if (p[2].revents)
		relay(SERVER);
	for (f = 0; f < FLIGHTS; f++)
		if (!((w.done | w.hold) & 1U << f) && due(f) && fly(f)) {
			printf("# flight %d: %s, %s\n", f, strerror(w.answer.error), w.answer.text);
			return false;
		}
	return true;
}

/* Until it holds. Return: it did, in time. */
static inline bool play(bool (*holds)(void))
{
	int64_t end = now_ms() + SOON_MS;

	while (!holds())
		if (now_ms() > end || !play_once(10))
			return false;
	return true;
}

static inline bool all_done(void)
{
	return w.done == (1U << FLIGHTS) - 1 && quic_state(w.client) == QUIC_STATE_ESTABLISHED &&
	       wait_fd(w.listener, POLLIN, 0);
}

/* --- the world --- */

static inline void put_param(uint8_t id, uint32_t v)
{
	uint8_t *p = w.remembered + w.remembered_len;

	p[0] = id;
	p[1] = 4;
	p[2] = 0x80 | v >> 24;
	p[3] = v >> 16;
	p[4] = v >> 8;
	p[5] = v;
	w.remembered_len += 6;
}

/* What the client remembers of its server: RFC 9000 18.2, RFC 9221 3. */
static inline void remember(uint32_t bytes, uint32_t bidi, uint32_t uni, uint32_t dgram)
{
	w.remembered_len = 0;
	put_param(0x04, bytes);
	put_param(0x05, bytes);
	put_param(0x06, bytes);
	put_param(0x07, bytes);
	put_param(0x08, bidi);
	put_param(0x09, uni);
	if (dgram)
		put_param(0x20, dgram);
}

static inline int udp_socket(union addr *a)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*a);

	addr_loopback(a, AF_INET);
	if (fd < 0 || bind(fd, &a->sa, addr_len(a)) || getsockname(fd, &a->sa, &len))
		return -1;
	return fd;
}

static inline int quic_sock(uint32_t version)
{
	struct quic_config config = { .version = version, .validate_peer_address = w.validate };
	struct quic_transport_param tp = { .max_datagram_frame_size = 1500 };
	int fd = socket(AF_INET, w.type | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_QUIC);

	if (fd < 0 || set_string(fd, QUIC_SOCKOPT_ALPN, ALPN) ||
	    setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_CONFIG, &config, sizeof(config)) ||
	    (w.type == SOCK_DGRAM &&
	     setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_TRANSPORT_PARAM, &tp, sizeof(tp))))
		return -1;
	return fd;
}

/*
 * Client and listener, until START is there: w.type, w.version, w.validate say of what
 * kind. The first flight is the test's to send.
 */
static inline bool play_begin(void)
{
	union addr front, back;
	socklen_t len = sizeof(w.to);

	w.hold |= 1U << HELLO;
	w.family = family_id();
	if (!w.family || unshare(CLONE_NEWNET))
		return false;
	lo_up();
	talk_other = on_message;
	w.worker = nl_open();
	w.front = udp_socket(&front);
	w.back = udp_socket(&back);
	w.listener = quic_sock(0);
	addr_loopback(&w.to, AF_INET);
	if (enlist(w.worker, w.family) || w.listener < 0 ||
	    bind(w.listener, &w.to.sa, addr_len(&w.to)) || listen(w.listener, 16) ||
	    getsockname(w.listener, &w.to.sa, &len))
		return false;
	w.validate = false;
	w.client = quic_sock(w.version);
	if (w.client < 0 || set_string(w.client, QUIC_SOCKOPT_SERVER_NAME, SERVER_NAME) ||
	    !connect(w.client, &front.sa, addr_len(&front)) || errno != EINPROGRESS)
		return false;
	while (!w.starts[CLIENT])
		if (!wait_fd(w.worker, POLLIN, SOON_MS) || !play_once(0))
			return false;
	return true;
}

/* The network is gone: a client that waited for its peer would do so for long. */
static inline void play_end(void)
{
	struct linger at_once = { .l_onoff = 1 };

	setsockopt(w.client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(w.client);
	close(w.listener);
	close(w.worker);
	close(w.front);
	close(w.back);
}

/* A counter of this namespace; UINT64_MAX: there is none of that name. */
static inline uint64_t stat_of(const char *name)
{
	FILE *f = fopen("/proc/net/quic/stat", "r");
	unsigned long long v = 0;
	bool found = false;
	char key[64];

	while (f && !found && fscanf(f, "%63s %llu%*[^\n]", key, &v) >= 1)
		found = !strcmp(key, name);
	if (f)
		fclose(f);
	return found ? v : UINT64_MAX;
}

#endif /* HS_PLAY_H */
