// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target: what quicd hears from the kernel's socket.
 *
 * An input is a list of records that put datagrams together:
 *
 *	0 START of a client, 1 START of a server, 2 ABORT: id (client: bit 7: it
 *	  gets a real session)
 *	3 CRYPTO: id, level, length (2 bytes), bytes
 *	4 any command: number; 5 a message of another kind: type (2), flags, seq
 *	6 attribute: type, length (2), bytes		of the message begun last
 *	7 the same attribute again: how often
 *	8 nest: type, up to 9 end of nest
 *	10 bytes as they are: length, bytes
 *	11 end of datagram
 *	12 damage: offset (2), byte			of the datagram so far
 *	13 length of the message begun last is off by: signed byte
 *
 * Every message is parsed by itself, in memory of exactly its size: what is
 * accepted keeps all the promises of wire.h. Then the datagrams are what a
 * worker finds on its socket, whose other end reads the answers as strictly as
 * the kernel does. The handshakes behind are real, without certificates: START
 * of a client makes a ClientHello, CRYPTO for a server has one parsed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <urcu.h>

#include "config.h"
#include "fuzz.h"
#include "peer.h"
#include "worker_int.h"

#define DGRAM_MAX	8192
#define DGRAMS_MAX	8
#define MESSAGES_MAX	24
#define SOCKET_BYTES	(1 << 20)

/**
 * struct dgram - a datagram in the making
 * @len: bytes so far
 * @msg: offset of the message begun last, if @open
 * @nest: offset of the nest begun in it, 0: none
 * @attr: offset of the attribute put last, 0: none
 * @open: a message was begun
 * @data: aligned as in a receive buffer
 */
struct dgram {
	size_t len;
	size_t msg;
	size_t nest;
	size_t attr;
	bool open;
	_Alignas(8) uint8_t data[DGRAM_MAX];
};

static struct dgram dgram;
static struct worker worker;
static struct pool pool;
static struct worker *workers[1] = { &worker };
static struct flight answer;
static _Alignas(8) uint8_t reply[1 << 18];
static unsigned int dgrams, messages;

/* ---- what is not the point here ---- */

void log_print(enum log_level level, const char *fmt, ...)
{
}

void log_set_level(enum log_level level)
{
}

bool log_parse_level(const char *name, enum log_level *level)
{
	return false;
}

/* There is one thread, between two read sections: a grace period is over. */
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	func(head);
}

/* ---- building datagrams ---- */

static void append(const void *data, size_t len)
{
	if (len > DGRAM_MAX - dgram.len)
		len = DGRAM_MAX - dgram.len;
	if (len)
		memcpy(dgram.data + dgram.len, data, len);
	dgram.len += len;
}

static void align(void)
{
	while (dgram.len % NLMSG_ALIGNTO && dgram.len < DGRAM_MAX)
		dgram.data[dgram.len++] = 0;
}

/* The message and the nest grow with what is appended to them. */
static void fix_lengths(void)
{
	struct nlattr *nest = (struct nlattr *)(dgram.data + dgram.nest);
	struct nlmsghdr *hdr = (struct nlmsghdr *)(dgram.data + dgram.msg);

	if (!dgram.open || dgram.len - dgram.msg < sizeof(*hdr))
		return;
	hdr->nlmsg_len = dgram.len - dgram.msg;
	if (dgram.nest && dgram.len - dgram.nest >= sizeof(*nest))
		nest->nla_len = dgram.len - dgram.nest;
}

static void begin_message(void)
{
	align();
	dgram.msg = dgram.len;
	dgram.nest = 0;
	dgram.attr = 0;
	dgram.open = dgram.len + NLMSG_HDRLEN <= DGRAM_MAX && messages++ < MESSAGES_MAX;
}

static void put_message(struct nl_msg *m)
{
	const struct nlmsghdr *hdr = nlmsg_hdr(m);

	begin_message();
	if (dgram.open)
		append(hdr, hdr->nlmsg_len);
	nlmsg_free(m);
}

static void put_header(uint16_t type, uint16_t flags, uint32_t seq)
{
	struct nlmsghdr hdr = {
		.nlmsg_len = sizeof(hdr), .nlmsg_type = type, .nlmsg_flags = flags,
		.nlmsg_seq = seq,
	};

	begin_message();
	if (dgram.open)
		append(&hdr, sizeof(hdr));
}

static void put_command(uint8_t cmd)
{
	struct genlmsghdr genl = { .cmd = cmd, .version = QUIC_HS_GENL_VERSION };

	put_header(PEER_FAMILY, 0, 0);
	append(&genl, sizeof(genl));
}

static void put_attr(uint16_t type, const void *data, size_t len)
{
	struct nlattr nla = { .nla_type = type, .nla_len = NLA_HDRLEN + len };

	align();
	dgram.attr = dgram.len;
	append(&nla, sizeof(nla));
	append(data, len);
	align();
	fix_lengths();
}

/*
 * A client that is to have no keys made for it, which takes longer than all the
 * rest, names a profile that does not exist.
 */
static void put_start(uint8_t id, bool server)
{
	struct hs_listener listener = { .id = 1, .alpn = "h3" };
	struct hs_start s = {
		.role = server ? QUIC_HS_ROLE_SERVER : QUIC_HS_ROLE_CLIENT,
		.version = 1,
		.timeout_ms = 60000,
		.verify = QUIC_VERIFY_NONE,
		.alpn = "h3",
	};

	if (server) {
		s.listener = &listener;
		s.n_listeners = 1;
		s.alpn[0] = '\0';
	} else if (!(id & 0x80)) {
		strcpy(s.profile, "nobody");
	}
	put_message(peer_start(id, &s));
}

static void put_crypto(struct fuzz_in *in)
{
	uint8_t id = fuzz_u8(in), level = fuzz_u8(in);
	const uint8_t *data;
	size_t len = fuzz_be(in, 2);

	len = fuzz_take(in, len, &data);
	put_message(peer_crypto(id, level, data, len));
}

static void repeat_attr(unsigned int n)
{
	uint8_t copy[DGRAM_MAX];
	struct nlattr nla;
	size_t len;

	if (!dgram.attr || dgram.len - dgram.attr < sizeof(nla))
		return;
	memcpy(&nla, dgram.data + dgram.attr, sizeof(nla));
	len = nla.nla_len;
	if (len < sizeof(nla) || len > dgram.len - dgram.attr)
		return;
	memcpy(copy, dgram.data + dgram.attr, len);
	while (n--)
		put_attr(nla.nla_type, copy + sizeof(nla), len - sizeof(nla));
}

static void damage(size_t at, uint8_t value)
{
	if (at < dgram.len)
		dgram.data[at] = value;
}

static void wrong_length(int8_t by)
{
	struct nlmsghdr *hdr = (struct nlmsghdr *)(dgram.data + dgram.msg);

	if (dgram.open && dgram.len - dgram.msg >= sizeof(*hdr))
		hdr->nlmsg_len += by;
	dgram.open = false;
}

/* ---- the parser alone ---- */

static bool ends_within(const char *text, size_t size)
{
	return memchr(text, 0, size);
}

static void check_listener(const struct hs_listener *l)
{
	FUZZ_CHECK(ends_within(l->alpn, sizeof(l->alpn)));
	FUZZ_CHECK(ends_within(l->sni, sizeof(l->sni)));
	FUZZ_CHECK(ends_within(l->profile, sizeof(l->profile)));
	FUZZ_CHECK(l->tparams.len <= sizeof(l->tparams.data) && l->cert_request <= 2);
}

static void check_start(const struct hs_start *s)
{
	FUZZ_CHECK(s->role == QUIC_HS_ROLE_CLIENT || s->role == QUIC_HS_ROLE_SERVER);
	FUZZ_CHECK(ends_within(s->server_name, sizeof(s->server_name)));
	FUZZ_CHECK(ends_within(s->alpn, sizeof(s->alpn)));
	FUZZ_CHECK(ends_within(s->profile, sizeof(s->profile)));
	FUZZ_CHECK(s->tparams.len <= sizeof(s->tparams.data));
	FUZZ_CHECK(s->n_pins <= WIRE_PINS_MAX);
	FUZZ_CHECK(s->n_listeners <= WIRE_LISTENERS_MAX);
	FUZZ_CHECK(!s->credential == !s->credential_len);
	FUZZ_CHECK(s->role == QUIC_HS_ROLE_CLIENT || s->n_listeners);
	for (unsigned int i = 0; i < s->n_listeners; i++)
		check_listener(&s->listener[i]);
}

static void check_message(const struct hs_msg *msg, const uint8_t *p, size_t len)
{
	FUZZ_CHECK(msg->id);
	switch (msg->cmd) {
	case QUIC_HS_CMD_START:
		check_start(&msg->start);
		break;
	case QUIC_HS_CMD_CRYPTO:
		FUZZ_CHECK(msg->level < QUIC_CRYPTO_EARLY);
		FUZZ_CHECK(msg->crypto.len >= 1 && msg->crypto.len <= QUIC_HS_CRYPTO_MAX);
		FUZZ_CHECK(msg->crypto.data >= p &&
			   msg->crypto.len <= (size_t)(p + len - msg->crypto.data));
		break;
	default:
		FUZZ_CHECK(msg->cmd == QUIC_HS_CMD_ABORT);
	}
}

static void parse_one(const uint8_t *p, size_t len)
{
	static struct hs_msg msg;
	uint8_t *copy = malloc(len ? len : 1);
	int err;

	memcpy(copy, p, len);
	err = wire_parse(copy, len, &msg);
	FUZZ_CHECK(err == 0 || err == -EINVAL || err == -EOPNOTSUPP);
	if (!err)
		check_message(&msg, copy, len);
	else
		FUZZ_CHECK(!msg.start.credential && !msg.start.listener);
	wire_start_clear(&msg.start);
	free(copy);
}

static void parse_all(void)
{
	struct nlmsghdr *hdr = (struct nlmsghdr *)dgram.data;
	int left = (int)dgram.len;

	for (; nlmsg_ok(hdr, left); hdr = nlmsg_next(hdr, &left))
		if (hdr->nlmsg_type == PEER_FAMILY)
			parse_one(nlmsg_data(hdr), (size_t)nlmsg_datalen(hdr));
}

/* ---- the worker ---- */

static void end_datagram(int fd)
{
	if (dgram.len && dgrams++ < DGRAMS_MAX) {
		parse_all();
		FUZZ_CHECK(send(fd, dgram.data, dgram.len, 0) == (ssize_t)dgram.len);
	}
	dgram.len = 0;
	dgram.open = false;
	dgram.nest = 0;
	dgram.attr = 0;
}

/* The kernel's reading of what the worker sent. */
static void check_answers(int fd)
{
	struct nlmsghdr *hdr = (struct nlmsghdr *)reply;
	const struct genlmsghdr *genl;
	uint64_t id;
	ssize_t n;

	while ((n = recv(fd, reply, sizeof(reply), MSG_DONTWAIT)) > 0) {
		FUZZ_CHECK(nlmsg_ok(hdr, (int)n) && hdr->nlmsg_len == n);
		genl = nlmsg_data(hdr);
		if (genl->cmd == QUIC_HS_CMD_REGISTER)
			continue;
		FUZZ_CHECK(!peer_parse_flight(hdr, &id, &answer));
		FUZZ_CHECK(answer.n && !answer.broken);
		/* nobody here has a certificate, or a peer that has */
		for (unsigned int i = 0; i < answer.n; i++)
			FUZZ_CHECK(answer.action[i].type != QUIC_HS_ACTION_DONE);
		flight_reset(&answer);
	}
}

static void run_worker(int kernel, int link)
{
	worker.link = (struct link){ link, NULL };
	worker.status = WORKER_STARTING;
	worker.seq = 0;
	memset(worker.sent, 0, sizeof(worker.sent));
	memset(&worker.stats, 0, sizeof(worker.stats));
	CDS_INIT_LIST_HEAD(&worker.timers);
	worker_run(&worker);
	FUZZ_CHECK(cds_list_empty(&worker.timers));
	FUZZ_CHECK(worker.status < 0);
	FUZZ_CHECK(worker.stats.done == 0);
	check_answers(kernel);
}

static void begin(void)
{
	char error[CONFIG_ERROR_MAX];
	struct config *cfg = config_load("/nonexistent", true, error);

	FUZZ_CHECK(cfg);
	rcu_register_thread();
	config_publish(cfg);
	rcu_unregister_thread();
	pool.family = PEER_FAMILY;
	pool.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pool.table = table_new();
	pool.n = 1;
	pool.worker = workers;
	worker.pool = &pool;
	worker.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	FUZZ_CHECK(pool.table && pool.event_fd >= 0 && worker.wake_fd >= 0);
}

static void put_any_attr(struct fuzz_in *in)
{
	uint16_t type = fuzz_u8(in);
	const uint8_t *data;
	size_t len = fuzz_be(in, 2);

	len = fuzz_take(in, len, &data);
	put_attr(type, data, len);
}

static void one_record(struct fuzz_in *in, int fd)
{
	uint8_t kind = fuzz_u8(in) % 14;
	const uint8_t *data;
	uint16_t a, b;

	switch (kind) {
	case 0:
	case 1:
		put_start(fuzz_u8(in), kind);
		break;
	case 2:
		put_message(peer_abort(fuzz_u8(in)));
		break;
	case 3:
		put_crypto(in);
		break;
	case 4:
		put_command(fuzz_u8(in));
		break;
	case 5:
		a = fuzz_be(in, 2);
		b = fuzz_be(in, 2);
		put_header(a, b, fuzz_u8(in));
		break;
	case 6:
		put_any_attr(in);
		break;
	case 7:
		repeat_attr(fuzz_u8(in) % 80);
		break;
	case 8:
		put_attr(fuzz_u8(in) | NLA_F_NESTED, NULL, 0);
		dgram.nest = dgram.attr;
		break;
	case 9:
		dgram.nest = 0;
		break;
	case 10:
		a = fuzz_u8(in);
		a = fuzz_take(in, a, &data);
		append(data, a);
		fix_lengths();
		break;
	case 11:
		end_datagram(fd);
		break;
	case 12:
		a = fuzz_be(in, 2);
		damage(a, fuzz_u8(in));
		break;
	default:
		wrong_length(fuzz_u8(in));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, data + size };
	int fd[2], bytes = SOCKET_BYTES;

	if (!worker.pool)
		begin();
	FUZZ_CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd));
	setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	memset(&dgram, 0, offsetof(struct dgram, data));
	dgrams = 0;
	messages = 0;
	while (fuzz_left(&in))
		one_record(&in, fd[0]);
	end_datagram(fd[0]);
	shutdown(fd[0], SHUT_WR);
	run_worker(fd[0], fd[1]);
	close(fd[0]);
	close(fd[1]);
	return 0;
}

/* ---- mutation: by whole records ---- */

/* Attributes, at the top and of a listener, and how long they may be. */
static const struct {
	uint8_t type;
	uint16_t max;
} attrs[] = {
	{ QUIC_HS_A_TPARAMS, QUIC_HS_TPARAMS_MAX }, { QUIC_HS_A_SERVER_NAME, QUIC_HS_NAME_MAX },
	{ QUIC_HS_A_ALPN, QUIC_HS_ALPN_MAX }, { QUIC_HS_A_PROFILE, QUIC_HS_PROFILE_MAX },
	{ QUIC_HS_A_PIN, WIRE_PIN_LEN }, { QUIC_HS_A_CREDENTIAL, 40 },
	{ QUIC_HS_A_SESSION, 40 }, { QUIC_HS_A_PEER, sizeof(struct sockaddr_in6) },
	{ QUIC_HS_A_CIPHER, 4 }, { QUIC_HS_A_VERIFY, 4 }, { QUIC_HS_A_NETNS, 8 },
	{ QUIC_HS_L_ID, 4 }, { QUIC_HS_L_ALPN, QUIC_HS_ALPN_MAX },
	{ QUIC_HS_L_SNI, QUIC_HS_SNI_MAX }, { QUIC_HS_L_PROFILE, QUIC_HS_PROFILE_MAX },
	{ QUIC_HS_L_TPARAMS, QUIC_HS_TPARAMS_MAX },
};

/* An attribute with text in it, often at the edge of its longest length. */
static size_t random_attr(struct fuzz_dice *d, uint8_t *rec)
{
	unsigned int i = fuzz_below(d, ARRAY_SIZE(attrs)), len = fuzz_below(d, 40);

	if (fuzz_below(d, 2))
		len = attrs[i].max + fuzz_below(d, 3) - 1;
	rec[0] = 6;
	rec[1] = fuzz_below(d, 8) ? attrs[i].type : fuzz_below(d, 24);
	rec[2] = len >> 8;
	rec[3] = len;
	memset(rec + 4, fuzz_below(d, 8) ? 'a' + fuzz_below(d, 3) : 0, len);
	return 4 + len;
}

static size_t random_record(struct fuzz_dice *d, uint8_t *rec)
{
	if (fuzz_below(d, 2))
		return random_attr(d, rec);
	rec[0] = fuzz_below(d, 14);
	rec[1] = fuzz_below(d, 8);
	rec[2] = fuzz_below(d, 4);
	return 2 + fuzz_below(d, 2);
}

/* Where the record after the one at @at begins. */
static size_t record_end(const uint8_t *data, size_t size, size_t at)
{
	static const uint8_t sizes[] = { 2, 2, 2, 5, 2, 6, 4, 2, 2, 1, 2, 1, 4, 2 };
	size_t end, body = 0;
	uint8_t kind;

	if (at >= size)
		return size;
	kind = data[at] % 14;
	end = at + sizes[kind];
	if (end > size)
		return size;
	if (kind == 3 || kind == 6)
		body = data[end - 2] << 8 | data[end - 1];
	if (kind == 10)
		body = data[end - 1];
	return body < size - end ? end + body : size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	struct fuzz_dice d = { seed };
	uint8_t rec[4 + 1100];
	size_t at = 0, len;

	if (!fuzz_below(&d, 3))
		return LLVMFuzzerMutate(data, size, max);
	for (unsigned int n = fuzz_below(&d, 8); n && at < size; n--)
		at = record_end(data, size, at);
	if (!fuzz_below(&d, 4))
		return fuzz_cut(data, size, at, record_end(data, size, at));
	len = random_record(&d, rec);
	return fuzz_insert(data, size, max, at, rec, len);
}
