// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * opts - quicsock_opts to socket options
 *
 * Every member that is not zero becomes one setsockopt(2) before connect(2) or
 * listen(2). Two of them share a structure of the ABI, in which a zero means
 * "leave as is"; so nothing has to be read back first.
 *
 * No checks of values that the kernel makes anyway: its errno is handed on, with
 * the name of the option that it refused.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "internal.h"

#define US_PER_MS	1000u

static int set(int fd, int name, const void *value, size_t len)
{
	return setsockopt(fd, SOL_QUIC, name, value, (socklen_t)len);
}

static int set_string(int fd, int name, const char *s)
{
	return s && *s ? set(fd, name, s, strlen(s)) : 0;
}

static int set_verify(int fd, const struct quicsock_opts *o)
{
	uint32_t verify = o->verify;
	size_t i;

	for (i = 0; i < o->num_pins; i++)
		if (set(fd, QUIC_SOCKOPT_PIN, o->pins[i], QUIC_PIN_SIZE))
			return -1;
	if (!verify)
		return 0;
	return set(fd, QUIC_SOCKOPT_VERIFY, &verify, sizeof(verify));
}

static int set_config(int fd, const struct quicsock_opts *o)
{
	struct quic_config c = {
		.version = o->version,
		.payload_cipher_type = o->cipher,
		.stream_data_nodelay = !!(o->flags & QUICSOCK_NODELAY),
		.validate_peer_address = !!(o->flags & QUICSOCK_RETRY),
		.keepalive_probe_interval = o->keepalive_ms * US_PER_MS,
	};

	if (!o->version && !o->cipher && !o->keepalive_ms &&
	    !(o->flags & (QUICSOCK_NODELAY | QUICSOCK_RETRY)))
		return 0;
	return set(fd, QUIC_SOCKOPT_CONFIG, &c, sizeof(c));
}

static int set_idle_timeout(int fd, const struct quicsock_opts *o)
{
	struct quic_transport_param p = {
		.max_idle_timeout = o->idle_timeout_ms * US_PER_MS,
	};

	if (!o->idle_timeout_ms)
		return 0;
	return set(fd, QUIC_SOCKOPT_TRANSPORT_PARAM, &p, sizeof(p));
}

static int set_handshake_timeout(int fd, const struct quicsock_opts *o)
{
	struct quic_knob k = {
		.knob = QUIC_KNOB_HANDSHAKE_TIMEOUT,
		.value = (uint64_t)o->handshake_timeout_ms * US_PER_MS,
	};

	if (!o->handshake_timeout_ms)
		return 0;
	return set(fd, QUIC_SOCKOPT_KNOB, &k, sizeof(k));
}

static int set_max_datagram(int fd, const struct quicsock_opts *o)
{
	struct quic_knob k = {
		.knob = QUIC_KNOB_MAX_DATAGRAM,
		.value = o->max_datagram,
	};

	if (!o->max_datagram)
		return 0;
	return set(fd, QUIC_SOCKOPT_KNOB, &k, sizeof(k));
}

static int set_reuseport(int fd, const struct quicsock_opts *o)
{
	int on = 1;

	if (!(o->flags & QUICSOCK_REUSEPORT))
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
}

int quicsock_apply_(int fd, const struct quicsock_opts *o, const char **failed)
{
	*failed = "timeout";
	if (o->idle_timeout_ms > UINT_MAX / US_PER_MS ||
	    o->keepalive_ms > UINT_MAX / US_PER_MS) {
		errno = EINVAL;
		return -1;
	}
	*failed = "alpn";
	if (set_string(fd, QUIC_SOCKOPT_ALPN, o->alpn))
		return -1;
	*failed = "server name";
	if (set_string(fd, QUIC_SOCKOPT_SERVER_NAME, o->server_name))
		return -1;
	*failed = "profile";
	if (set_string(fd, QUIC_SOCKOPT_PROFILE, o->profile))
		return -1;
	*failed = "verify";
	if (set_verify(fd, o))
		return -1;
	*failed = "version, cipher, keepalive, nodelay or retry";
	if (set_config(fd, o))
		return -1;
	*failed = "idle timeout";
	if (set_idle_timeout(fd, o))
		return -1;
	*failed = "handshake timeout";
	if (set_handshake_timeout(fd, o))
		return -1;
	*failed = "datagrams";
	if (set_max_datagram(fd, o))
		return -1;
	*failed = "reuseport";
	return set_reuseport(fd, o);
}
