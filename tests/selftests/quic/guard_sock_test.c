// SPDX-License-Identifier: GPL-2.0
/*
 * guard_sock_test - other rules that hold for QUIC sockets: capabilities, users,
 * marks, socket filters, LSM, memory cgroups, and what closed ones may leave behind.
 */
#include <linux/capability.h>
#include <linux/filter.h>
#include <sys/syscall.h>

#include "guard.h"

#define NOBODY	65534

/* --- low ports --- */

/* Effective capabilities of this process, one taken out. */
static int lose_cap(int cap)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	if (syscall(SYS_capget, &h, d))
		return -1;
	d[cap / 32].effective &= ~(1U << cap % 32);
	return syscall(SYS_capset, &h, d);
}

static int try_bind(int fd, uint16_t port)
{
	union addr a;

	addr_loopback(&a, AF_INET);
	a.v4.sin_port = htons(port);
	return bind(fd, &a.sa, sizeof(a.v4)) ? errno : 0;
}

TEST_F(guard, low_ports)
{
	int first = client_in(NULL, AF_INET), fd = client_in(NULL, AF_INET);
	int waive = prog_addr_verdict(BPF_CGROUP_INET4_BIND, PASS | 2);

	ASSERT_EQ(0, try_bind(first, 445));
	ASSERT_EQ(0, lose_cap(CAP_NET_BIND_SERVICE));
	EXPECT_EQ(EACCES, try_bind(fd, 446));
	/* nor one that is open already, by the same user */
	EXPECT_EQ(EACCES, try_bind(fd, 445));
	/* a cgroup program may say otherwise */
	fd = client_in(&self->client, AF_INET);
	ASSERT_EQ(0, bpf_attach(waive, self->client.fd, BPF_CGROUP_INET4_BIND));
	EXPECT_EQ(0, try_bind(fd, 446));
	/* so may the administrator */
	fd = client_in(NULL, AF_INET);
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4", "ip_unprivileged_port_start", "447"));
	EXPECT_EQ(EACCES, try_bind(fd, 445));
	EXPECT_EQ(0, try_bind(fd, 447));
	EXPECT_EQ(0, write_file("/proc/sys/net/ipv4", "ip_unprivileged_port_start", "1024"));
}

/* --- ports of others --- */

static int udp_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return fd;
}

static int quic_reuse(void)
{
	int fd = quic_client(AF_INET, ALPN), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return fd;
}

TEST_F(guard, ports_of_other_users)
{
	int ours = quic_reuse(), same = quic_reuse(), held = udp_socket();
	union addr any = { .v4 = { .sin_family = AF_INET, .sin_port = htons(24440) } };
	int theirs, udp;

	ASSERT_EQ(0, try_bind(ours, 24440));
	EXPECT_EQ(0, try_bind(same, 24440));
	ASSERT_EQ(0, try_bind(held, 24441));
	ASSERT_EQ(0, setegid(NOBODY));
	ASSERT_EQ(0, seteuid(NOBODY));
	theirs = quic_reuse();
	udp = udp_socket();
	EXPECT_EQ(EADDRINUSE, try_bind(theirs, 24440));
	EXPECT_EQ(EADDRINUSE, try_bind(udp, 24440));
	EXPECT_EQ(EADDRINUSE, try_bind(theirs, 24441));
	EXPECT_EQ(-1, bind(theirs, &any.sa, sizeof(any.v4)));
	EXPECT_EQ(EADDRINUSE, errno);
	EXPECT_EQ(-1, bind(udp, &any.sa, sizeof(any.v4)));
	EXPECT_EQ(EADDRINUSE, errno);
	/* the user's own UDP socket is no better */
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(EADDRINUSE, try_bind(udp_socket(), 24440));
}

TEST_F(guard, options_of_the_privileged)
{
	int fd, one = 1;
	union addr a;

	ASSERT_EQ(0, seteuid(NOBODY));
	fd = client_in(NULL, AF_INET);
	EXPECT_EQ(-1, setsockopt(fd, SOL_SOCKET, SO_MARK, &one, sizeof(one)));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, setsockopt(fd, SOL_IP, IP_TRANSPARENT, &one, sizeof(one)));
	EXPECT_EQ(EPERM, errno);
	addr_loopback(&a, AF_INET);
	a.v4.sin_addr.s_addr = htonl(0xc6336401);
	EXPECT_EQ(-1, bind(fd, &a.sa, sizeof(a.v4)));
	EXPECT_EQ(EADDRNOTAVAIL, errno);
	ASSERT_EQ(0, seteuid(0));
}

/* Every packet of a connection bears its listener's mark, the first ones as well. */
TEST_F(guard, mark)
{
	int prog = prog_mark(42), mark = 42, fd = client_in(NULL, AF_INET), s;

	ASSERT_EQ(0, bpf_attach(prog, self->server.fd, BPF_CGROUP_INET_EGRESS));
	give_up_soon(fd);
	EXPECT_EQ(ETIMEDOUT, dial(fd, &self->addr));
	ASSERT_EQ(0, setsockopt(self->listener, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)));
	fd = client_in(NULL, AF_INET);
	ASSERT_EQ(0, dial(fd, &self->addr));
	s = accept(self->listener, NULL, NULL);
	EXPECT_EQ(0, pattern_send(fd, 0, NEW, 1000, 1));
	EXPECT_EQ(1000, pattern_recv(s, 0, 1));
}

/* --- socket filters --- */

static int attach_classic(int fd, struct sock_filter *f, int n)
{
	struct sock_fprog p = { .len = n, .filter = f };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p));
}

TEST_F(guard, filters)
{
	struct sock_filter none[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct bpf_insn insns[] = { MOV_IMM(0, 0), EXIT() };
	int fd = client_in(NULL, AF_INET), s, prog, one = 1;
	unsigned long before = stat_of("DropFilter");

	ASSERT_EQ(0, dial(fd, &self->addr));
	s = accept(self->listener, NULL, NULL);
	EXPECT_EQ(0, pattern_send(fd, 0, NEW, 10, 1));
	EXPECT_EQ(10, pattern_recv(s, 0, 1));
	ASSERT_EQ(0, attach_classic(fd, none, 1));
	EXPECT_EQ(0, pattern_send(s, 0, 0, 1000, 2));
	EXPECT_TRUE(stat_moves("DropFilter", before));
	EXPECT_EQ(0, wait_fd(fd, POLLIN, 0) & POLLIN);
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &one, sizeof(one)));
	EXPECT_EQ(1000, pattern_recv(fd, 0, 2));

	prog = BPF_LOAD(BPF_PROG_TYPE_SOCKET_FILTER, 0, insns);
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &prog, sizeof(prog)));
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof(one)));
	before = stat_of("DropFilter");
	EXPECT_EQ(0, pattern_send(s, 1, NEW, 1000, 3));
	EXPECT_TRUE(stat_moves("DropFilter", before));
	EXPECT_EQ(0, wait_fd(fd, POLLIN, 0) & POLLIN);
	EXPECT_EQ(-1, setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &one, sizeof(one)));
	EXPECT_EQ(EPERM, errno);
}

/* A listener's filter is its children's: this one takes handshakes, no short headers. */
TEST_F(guard, filter_of_a_listener)
{
	struct sock_filter lng[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, sizeof(struct udphdr)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x80, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, ~0U),
		BPF_STMT(BPF_RET | BPF_K, 0),
	}, got[8], none[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	int fd = client_in(NULL, AF_INET), s, one = 1;
	unsigned long before = stat_of("DropFilter");
	socklen_t n = 8;

	ASSERT_EQ(0, attach_classic(self->listener, none, 1));
	give_up_soon(fd);
	EXPECT_EQ(ETIMEDOUT, dial(fd, &self->addr));
	EXPECT_LT(before, stat_of("DropFilter"));

	ASSERT_EQ(0, attach_classic(self->listener, lng, 4));
	ASSERT_EQ(0, setsockopt(self->listener, SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof(one)));
	fd = client_in(NULL, AF_INET);
	ASSERT_EQ(0, dial(fd, &self->addr));
	s = accept(self->listener, NULL, NULL);
	ASSERT_LE(0, s);
	ASSERT_EQ(0, getsockopt(s, SOL_SOCKET, SO_GET_FILTER, got, &n));
	EXPECT_EQ(4, n);
	EXPECT_EQ(0, memcmp(got, lng, sizeof(lng)));
	EXPECT_EQ(-1, setsockopt(s, SOL_SOCKET, SO_DETACH_FILTER, &one, sizeof(one)));
	EXPECT_EQ(EPERM, errno);
	before = stat_of("DropFilter");
	EXPECT_EQ(0, pattern_send(fd, 0, NEW, 1000, 1));
	EXPECT_TRUE(stat_moves("DropFilter", before));
	EXPECT_EQ(0, wait_fd(s, POLLIN, 0) & POLLIN);
}

/* --- LSM --- */

static int lsm_attach(int prog)
{
	union bpf_attr a = { };

	a.raw_tracepoint.prog_fd = prog;
	return bpf_call(BPF_RAW_TRACEPOINT_OPEN, &a);
}

/* Counts calls of a hook for sockets of protocol 261, argument @arg; a verdict. */
static int prog_lsm(const struct btf *b, const char *hook, int arg, int counter, int verdict)
{
	int off = btf_member(b, "sock", "sk_protocol");
	const struct btf_rec *rec;
	struct bpf_insn insns[] = {
		LOAD(BPF_DW, 2, 1, 8 * arg),
		LOAD(BPF_H, 3, 2, off),
		MOV_IMM(0, 0),
		JNE_IMM(3, IPPROTO_QUIC, 10),
		COUNT(counter),
		MOV_IMM(0, verdict),
		EXIT(),
	};

	return bpf_load_btf(BPF_PROG_TYPE_LSM, BPF_LSM_MAC, btf_find(b, 12, hook, &rec),
			    insns, sizeof(insns) / sizeof(*insns));
}

TEST_F(guard, lsm)
{
	int deny, clone, made = bpf_counter(), fd, link, s;
	uint16_t port = ntohs(self->addr.v4.sin_port);
	struct btf b;

	if (btf_open(&b))
		SKIP(return, "LSM programs need a kernel with BTF");
	clone = lsm_attach(prog_lsm(&b, "bpf_lsm_sk_clone_security", 1, made, 0));
	ASSERT_LE(0, clone);
	fd = client_in(NULL, AF_INET);
	ASSERT_EQ(0, dial(fd, &self->addr));
	s = accept(self->listener, NULL, NULL);
	EXPECT_LT(0, bpf_count(made));	/* the child has its listener's label */

	deny = prog_lsm(&b, "bpf_lsm_socket_sock_rcv_skb", 0, self->counter, -EPERM);
	link = lsm_attach(deny);
	ASSERT_LE(0, link);
	EXPECT_EQ(0, pattern_send(fd, 0, NEW, 1000, 1));
	EXPECT_TRUE(reached(self->counter, 1));
	EXPECT_EQ(0, wait_fd(s, POLLIN, 0) & POLLIN);
	close(link);
	EXPECT_EQ(1000, pattern_recv(s, 0, 1));

	/* no packet of a connection that does not exist yet, either */
	link = lsm_attach(deny);
	ASSERT_LE(0, link);
	sniffed(self->sniff, 0, 0);
	fd = client_in(NULL, AF_INET);
	give_up_soon(fd);
	EXPECT_EQ(ETIMEDOUT, dial(fd, &self->addr));
	close(s);
	EXPECT_EQ(0, sniffed(self->sniff, port, local_port(fd)));
	close(link);
}

/* --- memory cgroups --- */

static int64_t cg_sock(const struct cg *cg)
{
	char path[192], key[32];
	long long v, sock = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/memory.stat", cg->path);
	f = fopen(path, "r");
	while (f && fscanf(f, "%31s %lld", key, &v) == 2)
		if (!strcmp(key, "sock"))
			sock = v;
	if (f)
		fclose(f);
	return sock;
}

/* memory.stat is flushed now and then: wait for it. */
static bool cg_sock_is(const struct cg *cg, int64_t least, int64_t most)
{
	int64_t end = now_ms() + SOON_MS, v;

	do {
		v = cg_sock(cg);
		if (v >= least && v <= most)
			return true;
		poll(NULL, 0, 50);
	} while (now_ms() < end);
	printf("# %s: sock %lld\n", cg->path, (long long)v);
	return false;
}

/* Fill @fd until it takes no more. Return: bytes. */
static size_t stuff(int fd)
{
	static uint8_t b[65536];
	size_t sum = 0;
	ssize_t n = 0;

	for (;;) {
		n = quic_send(fd, 0, sum ? 0 : NEW, b, sizeof(b), MSG_DONTWAIT);
		if (n <= 0)
			return sum;
		sum += n;
	}
}

#define MIB	(1 << 20)

TEST_F_TIMEOUT(guard, memory_is_charged, 60)
{
	int fd, s, first = 3 * MIB, i;
	struct cg other;

	ASSERT_EQ(0, cg_make(&other, "acceptor"));
	cg_enter(&self->client);
	fd = client_in(&self->client, AF_INET);
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &first, sizeof(first)));
	ASSERT_EQ(0, dial(fd, &self->addr));
	EXPECT_LT(0, stuff(fd));
	/* nobody has accepted it yet: it is the listener's */
	EXPECT_TRUE(cg_sock_is(&self->server, MIB, 1LL << 40));
	cg_enter(&other);
	s = accept(self->listener, NULL, NULL);
	cg_enter(NULL);
	ASSERT_LE(0, s);
	/* and now of who did: what it holds has moved with it */
	EXPECT_TRUE(cg_sock_is(&other, MIB, 1LL << 40));
	EXPECT_TRUE(cg_sock_is(&self->server, 0, MIB / 2));
	EXPECT_TRUE(cg_sock_is(&self->client, 1, 1LL << 40));
	printf("# sock bytes: client %lld, listener %lld, acceptor %lld\n",
	       (long long)cg_sock(&self->client), (long long)cg_sock(&self->server),
	       (long long)cg_sock(&other));
	for (i = 0; i < 2; i++)
		close(i ? fd : s);
	EXPECT_TRUE(cg_sock_is(&other, 0, 0));
	EXPECT_TRUE(cg_sock_is(&self->client, 0, 0));
	cg_remove(&other);
}

/* "max" of memory.events: how often the limit was met. */
static int64_t cg_hit(const struct cg *cg)
{
	char path[192], key[32];
	long long v, hit = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/memory.events", cg->path);
	f = fopen(path, "r");
	while (f && fscanf(f, "%31s %lld", key, &v) == 2)
		if (!strcmp(key, "max"))
			hit = v;
	if (f)
		fclose(f);
	return hit;
}

/* Whether @cg meets its limit: what was sent may still be on its way when send() has returned. */
static bool cg_hits(const struct cg *cg)
{
	int64_t end = now_ms() + SOON_MS;

	while (cg_hit(cg) <= 0 && now_ms() < end)
		poll(NULL, 0, 50);
	return cg_hit(cg) > 0;
}

/*
 * What arrives for a reader who does not read meets the limit of his cgroup. The
 * kernel lets softirq go above it, up to the socket's own buffer, rather than fail.
 * (A sender meets it as well, and the kernel then looks for somebody in the cgroup
 * to kill, at the top of its voice: not shown here.)
 */
TEST_F_TIMEOUT(guard, memory_limit_is_met, 60)
{
	int fd, s, free_fd, free_s, room = 4 * MIB;
	static uint8_t b[65536];
	size_t n, i;
	ssize_t got;

	fd = client_in(NULL, AF_INET);
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)));
	ASSERT_EQ(0, dial(fd, &self->addr));
	s = accept(self->listener, NULL, NULL);
	ASSERT_LE(0, s);
	ASSERT_EQ(0, write_file(self->server.path, "memory.max", "1048576"));
	n = stuff(fd);
	EXPECT_TRUE(cg_sock_is(&self->server, 512 << 10, 64 * MIB));
	EXPECT_TRUE(cg_hits(&self->server));
	printf("# %zu bytes for a reader limited to 1 MiB: charged %lld, limit met %lld times\n", n,
	       (long long)cg_sock(&self->server), (long long)cg_hit(&self->server));
	ASSERT_EQ(0, write_file(self->server.path, "memory.max", "max"));
	/* others do not notice, nor is the connection broken */
	free_fd = client_in(NULL, AF_INET);
	ASSERT_EQ(0, dial(free_fd, &self->addr));
	free_s = accept(self->listener, NULL, NULL);
	EXPECT_EQ(0, pattern_send(free_fd, 0, NEW, 500000, 1));
	EXPECT_EQ(500000, pattern_recv(free_s, 0, 1));
	for (i = 0; i < n; i += got) {
		got = quic_recv(s, b, sizeof(b), NULL, NULL, 0);
		ASSERT_LT(0, got);
	}
	EXPECT_EQ(n, i);
}

/* --- connections without a program --- */

TEST_F_TIMEOUT(guard, orphans, 90)
{
	int prog = prog_skb(BPF_CGROUP_INET_EGRESS, self->counter, DROP), fd[6], i;
	unsigned long refused = stat_of("OrphansRefused");
	int64_t end = now_ms() + 3 * SOON_MS;

	/* those of other tests */
	while (stat_of("CurrOrphans") && now_ms() < end)
		poll(NULL, 0, 50);
	ASSERT_EQ(0, stat_of("CurrOrphans"));
	for (i = 0; i < 6; i++) {
		fd[i] = client_in(&self->client, AF_INET);
		ASSERT_EQ(0, dial(fd[i], &self->addr));
	}
	ASSERT_EQ(0, write_file("/proc/sys/net/quic", "max_orphans", "2"));
	/* nothing that they say is heard: they would go on trying */
	ASSERT_EQ(0, bpf_attach(prog, self->client.fd, BPF_CGROUP_INET_EGRESS));
	for (i = 0; i < 6; i++) {
		EXPECT_EQ(0, pattern_send(fd[i], 0, NEW, 10000, i));
		close(fd[i]);
	}
	EXPECT_GE(2, stat_of("CurrOrphans"));
	EXPECT_LE(refused + 4, stat_of("OrphansRefused"));
	ASSERT_EQ(0, write_file("/proc/sys/net/quic", "max_orphans", "8192"));
	/* by what they would still deliver */
	ASSERT_EQ(0, write_file("/proc/sys/net/quic", "orphan_mem", "5000"));
	ASSERT_EQ(0, bpf_detach(prog, self->client.fd, BPF_CGROUP_INET_EGRESS));
	fd[0] = client_in(&self->client, AF_INET);
	ASSERT_EQ(0, dial(fd[0], &self->addr));
	ASSERT_EQ(0, bpf_attach(prog, self->client.fd, BPF_CGROUP_INET_EGRESS));
	refused = stat_of("OrphansRefused");
	EXPECT_EQ(0, pattern_send(fd[0], 0, NEW, 10000, 9));
	close(fd[0]);
	EXPECT_EQ(refused + 1, stat_of("OrphansRefused"));
	ASSERT_EQ(0, write_file("/proc/sys/net/quic", "orphan_mem", "67108864"));
}

QUIC_TEST_MAIN
