// SPDX-License-Identifier: GPL-2.0
/*
 * guard_test - programs of cgroups hold for QUIC sockets: what comes in and leaves,
 * bind, connect, names.
 *
 * Nothing is waited for but events: a program that has counted, a time-out of
 * connect(2) that the test itself has set.
 */
#include "guard.h"

/* --- ingress and egress --- */

TEST_F(guard, ingress_of_the_client)
{
	int fd = client_in(&self->client, AF_INET);
	int prog = prog_skb(BPF_CGROUP_INET_INGRESS, self->counter, DROP);

	ASSERT_EQ(0, bpf_attach(prog, self->client.fd, BPF_CGROUP_INET_INGRESS));
	give_up_soon(fd);
	EXPECT_EQ(ETIMEDOUT, dial(fd, &self->addr));
	EXPECT_LT(0, bpf_count(self->counter));
	EXPECT_LT(0, sniffed(self->sniff, ntohs(self->addr.v4.sin_port), 0));
	/* with the rule gone it works: nothing else stood in the way */
	ASSERT_EQ(0, bpf_detach(prog, self->client.fd, BPF_CGROUP_INET_INGRESS));
	fd = client_in(&self->client, AF_INET);
	EXPECT_EQ(0, dial(fd, &self->addr));
}

TEST_F(guard, egress_of_the_client)
{
	int fd = client_in(&self->client, AF_INET);
	int prog = prog_skb(BPF_CGROUP_INET_EGRESS, self->counter, DROP);

	ASSERT_EQ(0, bpf_attach(prog, self->client.fd, BPF_CGROUP_INET_EGRESS));
	give_up_soon(fd);
	EXPECT_EQ(ETIMEDOUT, dial(fd, &self->addr));
	close(fd);
	EXPECT_LT(0, bpf_count(self->counter));
	EXPECT_EQ(0, sniffed(self->sniff, 0, ntohs(self->addr.v4.sin_port)));
}

TEST_F(guard, ingress_of_the_server)
{
	unsigned long before = stat_of("DropFilter");
	int fd = client_in(NULL, AF_INET);
	int prog = prog_skb(BPF_CGROUP_INET_INGRESS, self->counter, DROP);

	ASSERT_EQ(0, bpf_attach(prog, self->server.fd, BPF_CGROUP_INET_INGRESS));
	give_up_soon(fd);
	EXPECT_EQ(ETIMEDOUT, dial(fd, &self->addr));
	EXPECT_LT(0, bpf_count(self->counter));
	EXPECT_LT(before, stat_of("DropFilter"));
	EXPECT_EQ(0, sniffed(self->sniff, ntohs(self->addr.v4.sin_port), 0));
}

TEST_F(guard, egress_of_the_server)
{
	int fd = client_in(NULL, AF_INET);
	int prog = prog_skb(BPF_CGROUP_INET_EGRESS, self->counter, DROP);

	/* the handshake is a worker's, a softirq's and timers' work: all of it is held */
	ASSERT_EQ(0, bpf_attach(prog, self->server.fd, BPF_CGROUP_INET_EGRESS));
	give_up_soon(fd);
	EXPECT_EQ(ETIMEDOUT, dial(fd, &self->addr));
	EXPECT_LT(0, bpf_count(self->counter));
	EXPECT_EQ(0, sniffed(self->sniff, ntohs(self->addr.v4.sin_port), 0));
}

/* What a server answers with Version Negotiation. */
static void send_unknown_version(int fd, const union addr *a)
{
	uint8_t d[1200] = { 0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, [14] = 8 };

	sendto(fd, d, sizeof(d), 0, &a->sa, addr_len(a));
}

TEST_F(guard, stateless_answers)
{
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	int in = prog_skb(BPF_CGROUP_INET_INGRESS, self->counter, DROP);
	int out = prog_skb(BPF_CGROUP_INET_EGRESS, self->counter, DROP);
	unsigned long before;
	char b[2000];

	send_unknown_version(udp, &self->addr);
	ASSERT_NE(0, wait_fd(udp, POLLIN, SOON_MS));
	ASSERT_LT(0, recv(udp, b, sizeof(b), 0));

	ASSERT_EQ(0, bpf_attach(out, self->server.fd, BPF_CGROUP_INET_EGRESS));
	send_unknown_version(udp, &self->addr);
	ASSERT_TRUE(reached(self->counter, 1));
	EXPECT_EQ(0, wait_fd(udp, POLLIN, 0));
	ASSERT_EQ(0, bpf_detach(out, self->server.fd, BPF_CGROUP_INET_EGRESS));

	ASSERT_EQ(0, bpf_attach(in, self->server.fd, BPF_CGROUP_INET_INGRESS));
	before = stat_of("VersionNegSent");
	send_unknown_version(udp, &self->addr);
	ASSERT_TRUE(reached(self->counter, 2));
	EXPECT_EQ(before, stat_of("VersionNegSent"));
	EXPECT_EQ(0, wait_fd(udp, POLLIN, 0));
}

/* RFC 9000 17.2.1, RFC 8999 6: the IDs of another version may have 255 bytes. */
TEST_F(guard, unknown_version_with_long_ids)
{
	uint8_t d[1200] = { 0x80, 0x1a, 0x2a, 0x3a, 0x4a, 255 }, b[2000];
	int udp = socket(AF_INET, SOCK_DGRAM, 0);

	memset(d + 6, 0xd1, 255);
	d[261] = 200;
	memset(d + 262, 0x5c, 200);
	ASSERT_EQ(sizeof(d), sendto(udp, d, sizeof(d), 0, &self->addr.sa, addr_len(&self->addr)));
	ASSERT_NE(0, wait_fd(udp, POLLIN, SOON_MS));
	/* two versions of ours, and one that greases */
	ASSERT_EQ(7 + 255 + 200 + 3 * 4, recv(udp, b, sizeof(b), 0));
	EXPECT_EQ(0x80, b[0] & 0x80);
	EXPECT_EQ(200, b[5]);
	EXPECT_EQ(0, memcmp(b + 6, d + 262, 200));
	EXPECT_EQ(255, b[206]);
	EXPECT_EQ(0, memcmp(b + 207, d + 6, 255));
	close(udp);
}

TEST_F(guard, what_timers_and_softirq_send)
{
	int fd = client_in(&self->client, AF_INET), s;
	int prog = prog_skb(BPF_CGROUP_INET_EGRESS, self->counter, DROP);
	uint16_t port = ntohs(self->addr.v4.sin_port);
	uint64_t n;

	ASSERT_EQ(0, dial(fd, &self->addr));
	s = accept(self->listener, NULL, NULL);
	ASSERT_LE(0, s);
	EXPECT_EQ(0, pattern_send(fd, 0, NEW, 1000, 1));
	EXPECT_EQ(1000, pattern_recv(s, 0, 1));
	ASSERT_EQ(0, bpf_attach(prog, self->client.fd, BPF_CGROUP_INET_EGRESS));
	sniffed(self->sniff, 0, 0);
	/* a call sends, then the probes of a timer */
	EXPECT_EQ(0, pattern_send(fd, 4, NEW, 1000, 2));
	EXPECT_TRUE(reached(self->counter, 3));
	/* and what acknowledges in softirq */
	n = bpf_count(self->counter);
	EXPECT_EQ(0, pattern_send(s, 0, 0, 3000, 3));
	EXPECT_TRUE(reached(self->counter, n + 1));
	EXPECT_EQ(0, sniffed(self->sniff, 0, port));
	/* nothing was lost for good */
	ASSERT_EQ(0, bpf_detach(prog, self->client.fd, BPF_CGROUP_INET_EGRESS));
	EXPECT_EQ(1000, pattern_recv(s, 4, 2));
	EXPECT_EQ(3000, pattern_recv(fd, 0, 3));
	/* a connection whose program has gone says good-bye by the same rule */
	ASSERT_EQ(0, bpf_attach(prog, self->client.fd, BPF_CGROUP_INET_EGRESS));
	sniffed(self->sniff, 0, 0);
	n = bpf_count(self->counter);
	close(fd);
	EXPECT_TRUE(reached(self->counter, n + 1));
	EXPECT_EQ(0, sniffed(self->sniff, 0, port));
}

TEST_F(guard, one_port_only)
{
	union addr other;
	int fd = client_in(&self->client, AF_INET), prog;

	ASSERT_LE(0, listener_in(NULL, AF_INET, &other));
	prog = prog_dport(ntohs(self->addr.v4.sin_port));
	ASSERT_EQ(0, bpf_attach(prog, self->client.fd, BPF_CGROUP_INET_EGRESS));
	EXPECT_EQ(0, dial(fd, &self->addr));
	fd = client_in(&self->client, AF_INET);
	give_up_soon(fd);
	EXPECT_EQ(ETIMEDOUT, dial(fd, &other));
	EXPECT_EQ(0, sniffed(self->sniff, 0, ntohs(other.v4.sin_port)));
}

/* As IPAccounting= of systemd: what is counted twice is wrong as well. */
TEST_F(guard, packets_are_judged_once)
{
	int prog = prog_skb(BPF_CGROUP_INET_INGRESS, self->counter, PASS), fd, s;
	uint64_t judged;

	ASSERT_EQ(0, bpf_attach(prog, self->server.fd, BPF_CGROUP_INET_INGRESS));
	fd = client_in(NULL, AF_INET);
	ASSERT_EQ(0, dial(fd, &self->addr));
	s = accept(self->listener, NULL, NULL);
	EXPECT_EQ(0, pattern_send(fd, 0, NEW, 100000, 1));
	EXPECT_EQ(100000, pattern_recv(s, 0, 1));
	judged = bpf_count(self->counter);
	EXPECT_LT(0, judged);
	EXPECT_GE(sniffed(self->sniff, 0, ntohs(self->addr.v4.sin_port)), judged);
}

/* Two services of one user share a port, not their rules. */
TEST_F(guard, listeners_of_a_port_have_their_own)
{
	int prog = prog_skb(BPF_CGROUP_INET_EGRESS, self->counter, DROP), other, fd;

	cg_enter(&self->client);
	other = socket(AF_INET, SOCK_DGRAM, IPPROTO_QUIC);
	cg_enter(NULL);
	ASSERT_EQ(0, set_string(other, QUIC_SOCKOPT_ALPN, "held"));
	ASSERT_EQ(0, bind(other, &self->addr.sa, addr_len(&self->addr)));
	ASSERT_EQ(0, listen(other, 4));
	ASSERT_EQ(0, bpf_attach(prog, self->client.fd, BPF_CGROUP_INET_EGRESS));
	fd = client_in(NULL, AF_INET);
	EXPECT_EQ(0, dial(fd, &self->addr));
	fd = quic_client(AF_INET, "held");
	give_up_soon(fd);
	EXPECT_EQ(ETIMEDOUT, dial(fd, &self->addr));
}

/* --- bind --- */

TEST_F(guard, bind4)
{
	int fd = client_in(&self->client, AF_INET);
	int deny = prog_addr_verdict(BPF_CGROUP_INET4_BIND, DROP);
	int move = prog_addr4(BPF_CGROUP_INET4_BIND, 0x7f000002, 24433);
	union addr a, got;
	socklen_t len = sizeof(got);

	addr_loopback(&a, AF_INET);
	ASSERT_EQ(0, bpf_attach(deny, self->client.fd, BPF_CGROUP_INET4_BIND));
	EXPECT_EQ(-1, bind(fd, &a.sa, sizeof(a.v4)));
	EXPECT_EQ(EPERM, errno);
	ASSERT_EQ(0, bpf_detach(deny, self->client.fd, BPF_CGROUP_INET4_BIND));
	ASSERT_EQ(0, bpf_attach(move, self->client.fd, BPF_CGROUP_INET4_BIND));
	ASSERT_EQ(0, bind(fd, &a.sa, sizeof(a.v4)));
	ASSERT_EQ(0, getsockname(fd, &got.sa, &len));
	EXPECT_EQ(htonl(0x7f000002), got.v4.sin_addr.s_addr);
	EXPECT_EQ(htons(24433), got.v4.sin_port);
}

TEST_F(guard, bind6)
{
	int fd = client_in(&self->client, AF_INET6);
	int deny = prog_addr_verdict(BPF_CGROUP_INET6_BIND, DROP);
	int move = prog_port(BPF_CGROUP_INET6_BIND, 24436);
	union addr a;

	addr_loopback(&a, AF_INET6);
	ASSERT_EQ(0, bpf_attach(deny, self->client.fd, BPF_CGROUP_INET6_BIND));
	EXPECT_EQ(-1, bind(fd, &a.sa, sizeof(a.v6)));
	EXPECT_EQ(EPERM, errno);
	ASSERT_EQ(0, bpf_detach(deny, self->client.fd, BPF_CGROUP_INET6_BIND));
	ASSERT_EQ(0, bpf_attach(move, self->client.fd, BPF_CGROUP_INET6_BIND));
	ASSERT_EQ(0, bind(fd, &a.sa, sizeof(a.v6)));
	EXPECT_EQ(24436, local_port(fd));
}

TEST_F(guard, post_bind)
{
	int fd = client_in(&self->client, AF_INET);
	int deny = prog_sock(BPF_CGROUP_INET4_POST_BIND, DROP);
	union addr a;

	addr_loopback(&a, AF_INET);
	a.v4.sin_port = htons(24437);
	ASSERT_EQ(0, bpf_attach(deny, self->client.fd, BPF_CGROUP_INET4_POST_BIND));
	EXPECT_EQ(-1, bind(fd, &a.sa, sizeof(a.v4)));
	EXPECT_EQ(EPERM, errno);
	ASSERT_EQ(0, bpf_detach(deny, self->client.fd, BPF_CGROUP_INET4_POST_BIND));
	EXPECT_EQ(0, bind(fd, &a.sa, sizeof(a.v4)));
}

TEST_F(guard, sock_create)
{
	int deny = prog_sock(BPF_CGROUP_INET_SOCK_CREATE, DROP);

	ASSERT_EQ(0, bpf_attach(deny, self->client.fd, BPF_CGROUP_INET_SOCK_CREATE));
	EXPECT_EQ(-1, client_in(&self->client, AF_INET));
	EXPECT_EQ(EPERM, errno);
}

/* --- connect --- */

TEST_F(guard, connect4)
{
	int deny = prog_addr_verdict(BPF_CGROUP_INET4_CONNECT, DROP);
	int move = prog_addr4(BPF_CGROUP_INET4_CONNECT, 0x7f000001,
			      ntohs(self->addr.v4.sin_port));
	int fd = client_in(&self->client, AF_INET);
	union addr a = self->addr, got;
	socklen_t len = sizeof(got);

	ASSERT_EQ(0, bpf_attach(deny, self->client.fd, BPF_CGROUP_INET4_CONNECT));
	EXPECT_EQ(EPERM, dial(fd, &self->addr));
	ASSERT_EQ(0, bpf_detach(deny, self->client.fd, BPF_CGROUP_INET4_CONNECT));
	/* nobody lives there: the program knows better */
	a.v4.sin_addr.s_addr = htonl(0x7f010203);
	a.v4.sin_port = htons(9);
	ASSERT_EQ(0, bpf_attach(move, self->client.fd, BPF_CGROUP_INET4_CONNECT));
	EXPECT_EQ(0, dial(fd, &a));
	ASSERT_EQ(0, getpeername(fd, &got.sa, &len));
	EXPECT_EQ(self->addr.v4.sin_port, got.v4.sin_port);
	EXPECT_EQ(self->addr.v4.sin_addr.s_addr, got.v4.sin_addr.s_addr);
}

TEST_F(guard, connect6)
{
	int deny = prog_addr_verdict(BPF_CGROUP_INET6_CONNECT, DROP), move;
	int fd = client_in(&self->client, AF_INET6);
	union addr there, a;

	ASSERT_LE(0, listener_in(NULL, AF_INET6, &there));
	ASSERT_EQ(0, bpf_attach(deny, self->client.fd, BPF_CGROUP_INET6_CONNECT));
	EXPECT_EQ(EPERM, dial(fd, &there));
	ASSERT_EQ(0, bpf_detach(deny, self->client.fd, BPF_CGROUP_INET6_CONNECT));
	move = prog_port(BPF_CGROUP_INET6_CONNECT, ntohs(there.v6.sin6_port));
	ASSERT_EQ(0, bpf_attach(move, self->client.fd, BPF_CGROUP_INET6_CONNECT));
	a = there;
	a.v6.sin6_port = htons(9);
	EXPECT_EQ(0, dial(fd, &a));
}

TEST_F(guard, bpf_bind_in_connect)
{
	int addr = prog_bpf_bind(0x7f000005, 0), both = prog_bpf_bind(0x7f000006, 24438);
	int fd = client_in(&self->client, AF_INET), s;
	socklen_t len = sizeof(union addr);
	union addr a;

	ASSERT_EQ(0, bpf_attach(addr, self->client.fd, BPF_CGROUP_INET4_CONNECT));
	ASSERT_EQ(0, dial(fd, &self->addr));
	s = accept(self->listener, &a.sa, &len);
	ASSERT_LE(0, s);
	EXPECT_EQ(htonl(0x7f000005), a.v4.sin_addr.s_addr);
	EXPECT_EQ(htons(local_port(fd)), a.v4.sin_port);
	ASSERT_EQ(0, bpf_detach(addr, self->client.fd, BPF_CGROUP_INET4_CONNECT));

	ASSERT_EQ(0, bpf_attach(both, self->client.fd, BPF_CGROUP_INET4_CONNECT));
	fd = client_in(&self->client, AF_INET);
	ASSERT_EQ(0, dial(fd, &self->addr));
	len = sizeof(a);
	s = accept(self->listener, &a.sa, &len);
	EXPECT_EQ(htonl(0x7f000006), a.v4.sin_addr.s_addr);
	EXPECT_EQ(htons(24438), a.v4.sin_port);
}

TEST_F(guard, names)
{
	int sock = prog_addr4(BPF_CGROUP_INET4_GETSOCKNAME, 0x01020304, 5);
	int peer = prog_addr4(BPF_CGROUP_INET4_GETPEERNAME, 0x05060708, 9);
	int fd = client_in(&self->client, AF_INET);
	socklen_t len = sizeof(union addr);
	union addr a;

	ASSERT_EQ(0, dial(fd, &self->addr));
	ASSERT_EQ(0, bpf_attach(sock, self->client.fd, BPF_CGROUP_INET4_GETSOCKNAME));
	ASSERT_EQ(0, bpf_attach(peer, self->client.fd, BPF_CGROUP_INET4_GETPEERNAME));
	ASSERT_EQ(0, getsockname(fd, &a.sa, &len));
	EXPECT_EQ(htonl(0x01020304), a.v4.sin_addr.s_addr);
	ASSERT_EQ(0, getpeername(fd, &a.sa, &len));
	EXPECT_EQ(htonl(0x05060708), a.v4.sin_addr.s_addr);
}

QUIC_TEST_MAIN
