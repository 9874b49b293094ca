/* SPDX-License-Identifier: GPL-2.0 */
/*
 * guard.h - rules as an administrator sets them up, for the tests that QUIC sockets
 * do not get past them: cgroups, BPF programs, a look at the wire, one fixture.
 *
 * A socket belongs to the cgroup that its task is in when it is made: one process
 * can have a client and a server in two.
 *
 * What leaves is seen by a packet socket on the loopback, which no rule of a QUIC
 * socket touches, so that "not one datagram" is counted and not guessed.
 */
#ifndef GUARD_H
#define GUARD_H

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <sys/stat.h>

#include "bpf_asm.h"
#include "quic_test.h"

#define ALPN	"guard"
#define SOON_MS	10000
#define CGROUPS	"/sys/fs/cgroup"
#define DROP	0
#define PASS	1

/* --- cgroups --- */

struct cg {
	char path[128];
	int fd;
};

static inline int write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

static inline int cg_make(struct cg *cg, const char *name)
{
	snprintf(cg->path, sizeof(cg->path), CGROUPS "/guard.%d.%s", getpid(), name);
	if (mkdir(cg->path, 0755))
		return -1;
	cg->fd = open(cg->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return cg->fd < 0 ? -1 : 0;
}

/* The sockets made from here on are of @cg; NULL: of the root. */
static inline void cg_enter(const struct cg *cg)
{
	if (write_file(cg ? cg->path : CGROUPS, "cgroup.procs", "0"))
		perror("cgroup.procs");
}

static inline void cg_remove(struct cg *cg)
{
	close(cg->fd);
	rmdir(cg->path);
}

static inline int client_in(const struct cg *cg, int family)
{
	int fd, err;

	cg_enter(cg);
	fd = quic_client(family, ALPN);
	err = errno;
	cg_enter(NULL);
	if (fd >= 0)
		set_knob(fd, QUIC_KNOB_HANDSHAKE_TIMEOUT, 5000000);
	errno = err;
	return fd;
}

static inline int listener_in(const struct cg *cg, int family, union addr *a)
{
	int fd;

	cg_enter(cg);
	fd = quic_listener(family, ALPN, a);
	cg_enter(NULL);
	return fd;
}

/* A time in which nothing that is let through would fail to arrive. */
static inline void give_up_soon(int fd)
{
	set_knob(fd, QUIC_KNOB_HANDSHAKE_TIMEOUT, 1500000);
}

static inline int dial(int fd, const union addr *a)
{
	return connect(fd, &a->sa, addr_len(a)) ? errno : 0;
}

static inline uint16_t local_port(int fd)
{
	union addr a;
	socklen_t len = sizeof(a);

	return getsockname(fd, &a.sa, &len) ? 0 : ntohs(a.v4.sin_port);
}

/* --- programs --- */

/* A cgroup_skb program that counts and has one verdict. */
static inline int prog_skb(int attach, int counter, int verdict)
{
	struct bpf_insn insns[] = {
		COUNT(counter), MOV_IMM(0, verdict), EXIT(),
	};

	return BPF_LOAD(BPF_PROG_TYPE_CGROUP_SKB, attach, insns);
}

/* Passes IPv4 UDP to one port and nothing else. */
static inline int prog_dport(uint16_t port)
{
	struct bpf_insn insns[] = {
		MOV_IMM(2, 22), MOV_REG(3, 10), ADD_IMM(3, -2), MOV_IMM(4, 2),
		CALL(BPF_FUNC_skb_load_bytes),
		LOAD(BPF_H, 1, 10, -2),
		MOV_IMM(0, DROP),
		JNE_IMM(1, htons(port), 1),
		MOV_IMM(0, PASS),
		EXIT(),
	};

	/* where the helper fails the stack holds this */
	struct bpf_insn whole[] = {
		STORE_IMM(BPF_H, 10, -2, 0), insns[0], insns[1], insns[2], insns[3], insns[4],
		insns[5], insns[6], insns[7], insns[8], insns[9],
	};

	return BPF_LOAD(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, whole);
}

/* Passes what bears a mark. */
static inline int prog_mark(uint32_t mark)
{
	struct bpf_insn insns[] = {
		LOAD(BPF_W, 2, 1, offsetof(struct __sk_buff, mark)),
		MOV_IMM(0, DROP), JNE_IMM(2, mark, 1), MOV_IMM(0, PASS), EXIT(),
	};

	return BPF_LOAD(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, insns);
}

static inline int prog_addr_verdict(int attach, int verdict)
{
	struct bpf_insn insns[] = { MOV_IMM(0, verdict), EXIT() };

	return BPF_LOAD(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, attach, insns);
}

/* Puts an IPv4 address and a port in place of those given. */
static inline int prog_addr4(int attach, uint32_t ip, uint16_t port)
{
	struct bpf_insn insns[] = {
		MOV_IMM(2, htonl(ip)),
		STORE(BPF_W, 1, 2, offsetof(struct bpf_sock_addr, user_ip4)),
		MOV_IMM(2, htons(port)),
		STORE(BPF_W, 1, 2, offsetof(struct bpf_sock_addr, user_port)),
		MOV_IMM(0, PASS), EXIT(),
	};

	return BPF_LOAD(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, attach, insns);
}

static inline int prog_port(int attach, uint16_t port)
{
	struct bpf_insn insns[] = {
		MOV_IMM(2, htons(port)),
		STORE(BPF_W, 1, 2, offsetof(struct bpf_sock_addr, user_port)),
		MOV_IMM(0, PASS), EXIT(),
	};

	return BPF_LOAD(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, attach, insns);
}

/* A connect hook that binds the socket; fails where bpf_bind() does. */
static inline int prog_bpf_bind(uint32_t ip, uint16_t port)
{
	struct bpf_insn insns[] = {
		STORE_IMM(BPF_DW, 10, -8, 0),
		STORE_IMM(BPF_H, 10, -16, AF_INET),
		STORE_IMM(BPF_H, 10, -14, htons(port)),
		STORE_IMM(BPF_W, 10, -12, htonl(ip)),
		MOV_REG(2, 10), ADD_IMM(2, -16), MOV_IMM(3, 16),
		CALL(BPF_FUNC_bind),
		MOV_REG(1, 0), MOV_IMM(0, DROP), JNE_IMM(1, 0, 1), MOV_IMM(0, PASS), EXIT(),
	};

	return BPF_LOAD(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT, insns);
}

static inline int prog_sock(int attach, int verdict)
{
	struct bpf_insn insns[] = { MOV_IMM(0, verdict), EXIT() };

	return BPF_LOAD(BPF_PROG_TYPE_CGROUP_SOCK, attach, insns);
}

static inline bool reached(int counter, uint64_t n)
{
	int64_t end = now_ms() + SOON_MS;

	while (bpf_count(counter) < n && now_ms() < end)
		poll(NULL, 0, 5);
	return bpf_count(counter) >= n;
}

/* --- what is really on the wire --- */

static inline int sniff_open(void)
{
	struct sockaddr_ll a = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex("lo"),
	};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL)), room = 8 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return bind(fd, (struct sockaddr *)&a, sizeof(a)) ? -1 : fd;
}

/* How many skbs came since the last look that are UDP from, or to, a port. */
static inline int sniffed(int fd, uint16_t from, uint16_t to)
{
	struct sockaddr_ll a;
	const struct udphdr *uh;
	socklen_t len;
	uint8_t b[128];
	int n = 0;

	for (;;) {
		len = sizeof(a);
		if (recvfrom(fd, b, sizeof(b), MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&a,
			     &len) < 0)
			return n;
		if (a.sll_pkttype != PACKET_HOST)
			continue;	/* the same on its way out */
		uh = (const void *)(b + (a.sll_protocol == htons(ETH_P_IPV6) ? 40 : 20));
		if ((!from || uh->source == htons(from)) && (!to || uh->dest == htons(to)))
			n++;
	}
}

static inline unsigned long stat_of(const char *name)
{
	FILE *f = fopen("/proc/net/quic/stat", "r");
	unsigned long v = 0, found = 0;
	char line[128], key[64];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %lu", key, &v) == 2 && !strcmp(key, name))
			found = v;
	if (f)
		fclose(f);
	return found;
}

static inline bool stat_moves(const char *name, unsigned long from)
{
	int64_t end = now_ms() + SOON_MS;

	while (stat_of(name) <= from && now_ms() < end)
		poll(NULL, 0, 5);
	return stat_of(name) > from;
}

/* --- fixture --- */

FIXTURE(guard) {
	struct cg client, server;
	int counter;
	int sniff;
	int listener;
	union addr addr;
};

FIXTURE_SETUP(guard)
{
	/* stays on: nobody minds */
	ASSERT_EQ(0, write_file(CGROUPS, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, cg_make(&self->client, "client"));
	ASSERT_EQ(0, cg_make(&self->server, "server"));
	self->counter = bpf_counter();
	ASSERT_LE(0, self->counter);
	self->sniff = sniff_open();
	ASSERT_LE(0, self->sniff);
	self->listener = listener_in(&self->server, AF_INET, &self->addr);
	ASSERT_LE(0, self->listener);
}

FIXTURE_TEARDOWN(guard)
{
	cg_enter(NULL);
	cg_remove(&self->client);
	cg_remove(&self->server);
}

#endif /* GUARD_H */
