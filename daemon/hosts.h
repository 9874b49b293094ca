/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_HOSTS_H
#define QUICD_HOSTS_H

#include <stddef.h>
#include <stdint.h>

#include <linux/quic_hs.h>

/**
 * struct host - a server that programs know by its address
 * @ip: address in network byte order
 * @ip_len: 4 or 16
 * @name: what to ask it for and to verify
 */
struct host {
	uint8_t ip[16];
	size_t ip_len;
	char name[QUIC_HS_NAME_MAX + 1];
};

/**
 * struct hosts - the host lines of one profile
 * @v: in order of appearance
 * @n: how many
 */
struct hosts {
	struct host *v;
	unsigned int n;
};

int hosts_add(struct hosts *h, const char *line);
const char *hosts_find(const struct hosts *h, const char *ip);
void hosts_clear(struct hosts *h);

#endif /* QUICD_HOSTS_H */
