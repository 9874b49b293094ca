/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hs_msg.h - for selftests that play the daemon: messages of the family quic_hs, put
 * together byte by byte, and a netlink socket to talk over. <linux/quic_hs.h> says
 * what they mean.
 */
#ifndef HS_MSG_H
#define HS_MSG_H

#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/quic_hs.h>
#include <linux/tls.h>
#include <sys/ioctl.h>

#include "quic_sock.h"

#define SOON_MS	10000

/* --- messages --- */

struct msg {
	size_t len;
	uint8_t b[80000] __attribute__((aligned(8)));
};

struct answer {
	int error;		/* positive errno */
	char text[256];		/* extended ack: its words, or what stands for them */
};

static inline struct nlmsghdr *msg_hdr(struct msg *m)
{
	return (struct nlmsghdr *)m->b;
}

static inline void msg_begin(struct msg *m, uint16_t type, uint8_t cmd)
{
	struct genlmsghdr g = { .cmd = cmd, .version = QUIC_HS_GENL_VERSION };

	memset(m->b, 0, NLMSG_HDRLEN);
	memcpy(m->b + NLMSG_HDRLEN, &g, sizeof(g));
	m->len = NLMSG_HDRLEN + GENL_HDRLEN;
	msg_hdr(m)->nlmsg_type = type;
	msg_hdr(m)->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
}

static inline struct nlattr *put(struct msg *m, uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = (struct nlattr *)(m->b + m->len);

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((uint8_t *)a + NLA_HDRLEN, data, len);
	memset((uint8_t *)a + NLA_HDRLEN + len, 0, NLA_ALIGN(len) - len);
	m->len += NLA_HDRLEN + NLA_ALIGN(len);
	return a;
}

static inline void put_u32(struct msg *m, uint16_t type, uint32_t v)
{
	put(m, type, &v, sizeof(v));
}

static inline void put_u64(struct msg *m, uint16_t type, uint64_t v)
{
	put(m, type, &v, sizeof(v));
}

static inline struct nlattr *nest(struct msg *m, uint16_t type)
{
	return put(m, NLA_F_NESTED | type, NULL, 0);
}

static inline void nest_end(struct msg *m, struct nlattr *a)
{
	a->nla_len = m->b + m->len - (uint8_t *)a;
}

/* --- a generic netlink socket --- */

static inline int nl_open(void)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC), on = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)))
		return -1;
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return fd;
}

static inline void ack_text(const struct nlmsghdr *h, struct answer *a)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);
	const uint8_t *p = (const uint8_t *)(e + 1);
	const uint8_t *end = (const uint8_t *)h + h->nlmsg_len;
	const struct nlattr *at;

	a->error = -e->error;
	a->text[0] = '\0';
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	for (; p + NLA_HDRLEN <= end; p += NLA_ALIGN(at->nla_len)) {
		at = (const struct nlattr *)p;
		if (at->nla_len < NLA_HDRLEN || p + at->nla_len > end)
			return;
		if ((at->nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_MISS_TYPE)
			snprintf(a->text, sizeof(a->text), "an attribute is missing");
		if ((at->nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_MSG)
			snprintf(a->text, sizeof(a->text), "%.255s",
				 (const char *)p + NLA_HDRLEN);
	}
}

/* Told of messages of the family that come while talk() waits; NULL: they are lost. */
static void (*talk_other)(const uint8_t *buf);

/* Send and wait for the acknowledgment. Return: 0, -1 none came. */
static inline int talk(int fd, struct msg *m, struct answer *a)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	static uint8_t buf[65536] __attribute__((aligned(8)));
	struct nlmsghdr *h = (struct nlmsghdr *)buf;

	msg_hdr(m)->nlmsg_len = m->len;
	msg_hdr(m)->nlmsg_seq++;
	a->error = -1;
	if (sendto(fd, m->b, m->len, 0, (struct sockaddr *)&to, sizeof(to)) != (ssize_t)m->len)
		return -1;
	while (wait_fd(fd, POLLIN, SOON_MS)) {
		if (recv(fd, buf, sizeof(buf), 0) < (ssize_t)NLMSG_HDRLEN)
			return -1;
		if (h->nlmsg_type != NLMSG_ERROR) {
			if (talk_other)
				talk_other(buf);
			continue;
		}
		ack_text(h, a);
		return 0;
	}
	return -1;
}

/* Return: number of the family, 0 none. */
static inline uint16_t family_id(void)
{
	static uint8_t buf[8192] __attribute__((aligned(8)));
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	struct nlmsghdr *h = (struct nlmsghdr *)buf;
	uint16_t id = 0, len;
	static struct msg m;
	struct nlattr *a;
	int fd = nl_open();

	msg_begin(&m, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	msg_hdr(&m)->nlmsg_flags = NLM_F_REQUEST;
	put(&m, CTRL_ATTR_FAMILY_NAME, QUIC_HS_GENL_NAME, sizeof(QUIC_HS_GENL_NAME));
	msg_hdr(&m)->nlmsg_len = m.len;
	sendto(fd, m.b, m.len, 0, (struct sockaddr *)&to, sizeof(to));
	if (recv(fd, buf, sizeof(buf), 0) < (ssize_t)(NLMSG_HDRLEN + GENL_HDRLEN) ||
	    h->nlmsg_type != GENL_ID_CTRL) {
		close(fd);
		return 0;
	}
	for (len = NLMSG_HDRLEN + GENL_HDRLEN; len + NLA_HDRLEN <= h->nlmsg_len;
	     len += NLA_ALIGN(a->nla_len)) {
		a = (struct nlattr *)(buf + len);
		if (a->nla_type == CTRL_ATTR_FAMILY_ID)
			memcpy(&id, (uint8_t *)a + NLA_HDRLEN, sizeof(id));
	}
	close(fd);
	return id;
}

/* Return: errno of REGISTER. */
static inline int enlist(int fd, uint16_t family)
{
	static struct msg m;
	struct answer a;

	msg_begin(&m, family, QUIC_HS_CMD_REGISTER);
	return talk(fd, &m, &a) ? -1 : a.error;
}

/* --- what the kernel says --- */

/* An attribute of START; NULL: absent. */
static inline const struct nlattr *start_attr(const uint8_t *msg, uint16_t type)
{
	const struct nlmsghdr *h = (const void *)msg;
	const struct nlattr *a;
	size_t off;

	for (off = NLMSG_HDRLEN + GENL_HDRLEN; off + NLA_HDRLEN <= h->nlmsg_len;
	     off += NLA_ALIGN(a->nla_len)) {
		a = (const void *)(msg + off);
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
	}
	return NULL;
}

static inline uint32_t start_u32(const uint8_t *msg, uint16_t type)
{
	const struct nlattr *a = start_attr(msg, type);

	return a ? *(const uint32_t *)((const uint8_t *)a + NLA_HDRLEN) : UINT32_MAX;
}

static inline const char *start_string(const uint8_t *msg, uint16_t type)
{
	const struct nlattr *a = start_attr(msg, type);

	return a ? (const char *)a + NLA_HDRLEN : "(absent)";
}

/* The next message of the family with this command. Return: 0, -1 none. */
static inline int next_cmd(int fd, uint8_t cmd, uint8_t *buf, size_t size)
{
	const struct genlmsghdr *g = (const void *)(buf + NLMSG_HDRLEN);

	while (wait_fd(fd, POLLIN, SOON_MS))
		if (recv(fd, buf, size, 0) > 0 &&
		    ((struct nlmsghdr *)buf)->nlmsg_type >= NLMSG_MIN_TYPE && g->cmd == cmd)
			return 0;
	return -1;
}

static inline void lo_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
}

/* --- flights --- */

static inline void flight(struct msg *m, uint16_t family, uint64_t id)
{
	msg_begin(m, family, QUIC_HS_CMD_FLIGHT);
	put_u64(m, QUIC_HS_A_ID, id);
}

static inline struct nlattr *act(struct msg *m, uint32_t type)
{
	struct nlattr *n = nest(m, QUIC_HS_A_ACTION);

	put_u32(m, QUIC_HS_ACT_TYPE, type);
	return n;
}

static inline void put_crypto(struct msg *m, uint32_t level, const void *bytes, size_t len)
{
	struct nlattr *n = act(m, QUIC_HS_ACTION_CRYPTO);

	put_u32(m, QUIC_HS_ACT_LEVEL, level);
	put(m, QUIC_HS_ACT_CRYPTO, bytes, len);
	nest_end(m, n);
}

static inline void put_secret(struct msg *m, uint32_t level, uint32_t send, uint32_t cipher,
			      const void *bytes, size_t len)
{
	struct nlattr *n = act(m, QUIC_HS_ACTION_SECRET);

	put_u32(m, QUIC_HS_ACT_LEVEL, level);
	put_u32(m, QUIC_HS_ACT_SEND, send);
	put_u32(m, QUIC_HS_ACT_CIPHER, cipher);
	put(m, QUIC_HS_ACT_SECRET, bytes, len);
	nest_end(m, n);
}

static inline void act_done(struct msg *m, const char *alpn, size_t len)
{
	struct nlattr *n = act(m, QUIC_HS_ACTION_DONE);

	put(m, QUIC_HS_ACT_ALPN, alpn, len);
	nest_end(m, n);
}

static inline void act_select(struct msg *m, uint32_t listener)
{
	struct nlattr *n = act(m, QUIC_HS_ACTION_SELECT);

	put_u32(m, QUIC_HS_ACT_LISTENER, listener);
	nest_end(m, n);
}

#endif /* HS_MSG_H */
