// SPDX-License-Identifier: GPL-2.0
/*
 * stranger - somebody who sends what he likes with addresses that he likes:
 *
 *	stranger icmp FROM TO WHAT SOURCE SPORT DESTINATION DPORT [HEX]
 *	stranger udp FROM SPORT TO DPORT HEX
 *	stranger listen PORT
 *
 * icmp: an ICMP message about a UDP packet with these addresses and ports, of whose
 * payload HEX is quoted. WHAT is "unreach", port unreachable, or an MTU for "too big".
 * udp: a datagram from a port that somebody else may have bound. HEX may be followed by
 * "*LENGTH": zeros behind, up to there. Both IPv4 or IPv6, by FROM, which is ours.
 *
 * listen: a UDP port of every address that answers nothing. Of its first datagram
 * "PORT HEX" is said: where it came from, and 64 bytes of it; it runs until killed.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUOTE_MAX	1200
#define QUOTED_LEN	1228	/* what the quoted packet's header says of its payload */

/* An address of either family. */
struct host {
	int family;
	uint8_t b[16];
};

static struct host ip_of(const char *text)
{
	struct host ip = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	if (inet_pton(ip.family, text, ip.b) != 1)
		errx(2, "%s is no address", text);
	return ip;
}

static size_t hex_to(const char *hex, uint8_t *buf)
{
	size_t n = 0, len;
	unsigned int byte;

	memset(buf, 0, QUOTE_MAX);
	for (; n < QUOTE_MAX && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		buf[n++] = byte;
	len = *hex == '*' ? strtoul(hex + 1, NULL, 10) : 0;
	return len > n && len <= QUOTE_MAX ? len : n;
}

static uint16_t checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static size_t put_udp(uint8_t *p, const char *sport, const char *dport, size_t len)
{
	struct udphdr uh = {
		.source = htons(atoi(sport)), .dest = htons(atoi(dport)),
		.len = htons(sizeof(uh) + len),
	};

	memcpy(p, &uh, sizeof(uh));
	return sizeof(uh);
}

/* The header of an IP packet that never was. */
static size_t put_ip(uint8_t *p, const struct host *src, const struct host *dst)
{
	struct iphdr ip4 = {
		.version = 4, .ihl = 5, .tot_len = htons(sizeof(ip4) + 8 + QUOTED_LEN),
		.frag_off = htons(IP_DF), .ttl = 60, .protocol = IPPROTO_UDP,
	};
	struct ip6_hdr ip6 = { .ip6_flow = htonl(6U << 28) };

	if (src->family != dst->family)
		errx(2, "addresses of two families");
	if (src->family == AF_INET) {
		memcpy(&ip4.saddr, src->b, 4);
		memcpy(&ip4.daddr, dst->b, 4);
		ip4.check = checksum((uint8_t *)&ip4, sizeof(ip4));
		memcpy(p, &ip4, sizeof(ip4));
		return sizeof(ip4);
	}
	ip6.ip6_plen = htons(8 + QUOTED_LEN);
	ip6.ip6_nxt = IPPROTO_UDP;
	ip6.ip6_hlim = 60;
	memcpy(&ip6.ip6_src, src->b, 16);
	memcpy(&ip6.ip6_dst, dst->b, 16);
	memcpy(p, &ip6, sizeof(ip6));
	return sizeof(ip6);
}

static socklen_t sockaddr_of(struct sockaddr_storage *s, const struct host *ip)
{
	struct sockaddr_in *in = (void *)s;
	struct sockaddr_in6 *in6 = (void *)s;

	memset(s, 0, sizeof(*s));
	s->ss_family = ip->family;
	if (ip->family == AF_INET)
		memcpy(&in->sin_addr, ip->b, 4);
	else
		memcpy(&in6->sin6_addr, ip->b, 16);
	return ip->family == AF_INET ? sizeof(*in) : sizeof(*in6);
}

static void send_raw(int proto, const struct host *from, const struct host *to,
		     const uint8_t *p, size_t len)
{
	int fd = socket(from->family, SOCK_RAW, proto), sum_at = 6;
	struct sockaddr_storage a;

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sockaddr_of(&a, from)))
		err(1, "a raw socket");
	if (proto == IPPROTO_UDP && from->family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_CHECKSUM, &sum_at, sizeof(sum_at)))
		err(1, "IPV6_CHECKSUM");
	if (sendto(fd, p, len, 0, (struct sockaddr *)&a, sockaddr_of(&a, to)) != (ssize_t)len)
		err(1, "sendto");
	close(fd);
}

/* The message's own header: 8 bytes in both families, the MTU in its second half. */
static void put_icmp(uint8_t *p, int family, const char *what)
{
	uint32_t mtu = htonl(strtoul(what, NULL, 10));
	int big = strcmp(what, "unreach") != 0;

	if (family == AF_INET) {
		p[0] = ICMP_DEST_UNREACH;
		p[1] = big ? ICMP_FRAG_NEEDED : ICMP_PORT_UNREACH;
	} else {
		p[0] = big ? ICMP6_PACKET_TOO_BIG : ICMP6_DST_UNREACH;
		p[1] = big ? 0 : ICMP6_DST_UNREACH_NOPORT;
	}
	if (big)
		memcpy(p + 4, &mtu, sizeof(mtu));
}

static int icmp(char **a, const char *hex)
{
	struct host from = ip_of(a[0]), to = ip_of(a[1]), src = ip_of(a[3]), dst = ip_of(a[5]);
	uint8_t buf[8 + 40 + 8 + QUOTE_MAX] = {};
	size_t n = 8;
	uint16_t sum;

	put_icmp(buf, from.family, a[2]);
	n += put_ip(buf + n, &src, &dst);
	n += put_udp(buf + n, a[4], a[6], QUOTED_LEN);
	n += hex_to(hex, buf + n);
	if (from.family == AF_INET) {	/* else the kernel does it */
		sum = checksum(buf, n);
		memcpy(buf + 2, &sum, sizeof(sum));
	}
	send_raw(from.family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6, &from, &to, buf, n);
	return 0;
}

static int udp(char **a)
{
	struct host from = ip_of(a[0]), to = ip_of(a[2]);
	uint8_t buf[8 + QUOTE_MAX];
	size_t len = hex_to(a[4], buf + 8);

	put_udp(buf, a[1], a[3], len);
	send_raw(IPPROTO_UDP, &from, &to, buf, 8 + len);
	return 0;
}

static int be_silent(const char *port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(atoi(port)) };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	socklen_t len = sizeof(a);
	uint8_t buf[64];
	ssize_t n, i;

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)))
		err(1, "port %s", port);
	n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&a, &len);
	if (n < 0)
		err(1, "recvfrom");
	printf("%u ", ntohs(a.sin6_port));
	for (i = 0; i < n; i++)
		printf("%02x", buf[i]);
	printf("\n");
	fflush(stdout);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if ((argc == 9 || argc == 10) && !strcmp(argv[1], "icmp"))
		return icmp(argv + 2, argc == 10 ? argv[9] : "");
	if (argc == 7 && !strcmp(argv[1], "udp"))
		return udp(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "listen"))
		return be_silent(argv[2]);
	errx(2, "usage: see the beginning of stranger.c");
}
