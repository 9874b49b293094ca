// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of servers for programs that know only addresses.
 *
 * A program whose TCP socket became a QUIC socket names no server; the kernel then
 * sends the address it connects to, and a certificate must bear that address.
 * Where it bears a name instead, the administrator says which: "host = ADDRESS
 * NAME". It is the administrator's word and not that of DNS, which an attacker may
 * speak for, so verification loses nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "hosts.h"
#include "verify.h"

/**
 * hosts_add - take in a line
 * @h: zeroed, or used before
 * @line: "ADDRESS NAME"
 *
 * Return: 0, -EINVAL for a malformed line, -EEXIST for an address that was there
 * before, -ENOMEM.
 */
int hosts_add(struct hosts *h, const char *line)
{
	struct host new = { .ip_len = 0 }, *more;
	size_t len = strcspn(line, " \t");
	const char *name = line + len + strspn(line + len, " \t");
	char ip[64];

	if (len >= sizeof(ip) || !*name || strpbrk(name, " \t,*") ||
	    strlen(name) > QUIC_HS_NAME_MAX)
		return -EINVAL;
	memcpy(ip, line, len);
	ip[len] = '\0';
	if (hosts_find(h, ip))
		return -EEXIST;
	new.ip_len = verify_ip(ip, new.ip);
	if (!new.ip_len)
		return -EINVAL;
	copy_text(new.name, sizeof(new.name), name);
	more = reallocarray(h->v, h->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	h->v = more;
	h->v[h->n++] = new;
	return 0;
}

/**
 * hosts_find - the name of an address
 * @h: hosts
 * @ip: address as text, or anything else
 *
 * Return: lives as long as @h; NULL if it has none.
 */
const char *hosts_find(const struct hosts *h, const char *ip)
{
	uint8_t bytes[16];
	size_t len = verify_ip(ip, bytes);

	for (unsigned int i = 0; len && i < h->n; i++) {
		if (h->v[i].ip_len == len && !memcmp(h->v[i].ip, bytes, len))
			return h->v[i].name;
	}
	return NULL;
}

void hosts_clear(struct hosts *h)
{
	free(h->v);
	h->v = NULL;
	h->n = 0;
}
