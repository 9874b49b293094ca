// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * status - how a connection is, and why it ended
 *
 * Every failure becomes one line for a person. The kernel's own text (option
 * QUIC_SOCKOPT_REASON) knows most and is preferred; without a socket, or while
 * the kernel has nothing to say, a table tells what an errno means on a QUIC
 * socket and what to do about it.
 *
 * It does not translate, and does not print.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/tls.h>

#include "internal.h"

#define MAX_CODE	((UINT64_C(1) << 62) - 1)	/* RFC 9000 16 */

static const struct meaning {
	int		err;
	const char	*text;
} meanings[] = {
	{ EHOSTDOWN,
	  "nobody runs handshakes: start quicd" },
	{ ECONNABORTED,
	  "the daemon died in this handshake: look at quicd's log and try again" },
	{ EKEYREJECTED,
	  "the peer's certificate was refused: check the name and that its CA is trusted" },
	{ EKEYEXPIRED,
	  "the peer's certificate is expired or not yet valid: renew it, or set the clock" },
	{ ENOKEY,
	  "no credentials for this name or profile: give quicd a certificate and key" },
	{ EPROTO,
	  "the peer and we disagree about TLS or QUIC" },
	{ ECONNREFUSED,
	  "refused: nobody listens at this address and port, or the server is full" },
	{ ETIMEDOUT,
	  "no answer in time: check the address, and that UDP gets through" },
	{ ECONNRESET,
	  "the peer ended the connection or stream with an error" },
	{ EPIPE,
	  "the connection or stream is closed" },
	{ EMSGSIZE,
	  "the message is empty, or longer than the peer or the path takes: see max_datagram" },
	{ ENOSTR,
	  "this stream was already finished" },
	{ EADDRINUSE,
	  "another socket listens at this address, port and ALPN" },
	{ ENOPROTOOPT,
	  "this kernel's QUIC does not have the option: update quicsock.ko" },
};

static const char no_module[] =
	"this kernel has no QUIC sockets: modprobe quicsock";
static const char no_common[] =
	"no common application protocol (ALPN) or QUIC version: ask for one that the server offers";
static const char not_allowed[] =
	"not permitted: the profile is not for this user, or the port is privileged";

static const char *meaning_of(int fd, int err)
{
	size_t i;

	/* The same errno from socket(2) and from connect(2). */
	if (err == EPROTONOSUPPORT || err == ESOCKTNOSUPPORT)
		return fd < 0 ? no_module : no_common;
	if (err == EACCES)
		return not_allowed;
	for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].err == err)
			return meanings[i].text;
	return NULL;
}

int quicsock_reason(int fd, char *buf, size_t len)
{
	struct quic_reason r;
	socklen_t optlen = sizeof(r);
	int n;

	if (!buf || !len) {
		errno = EINVAL;
		return -1;
	}
	buf[0] = '\0';
	memset(&r, 0, sizeof(r));
	if (getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_REASON, &r, &optlen))
		return -1;
	r.text[sizeof(r.text) - 1] = '\0';
	n = snprintf(buf, len, "%s", r.text);
	return (size_t)n < len ? n : (int)len - 1;
}

/* strerror_r(3) exists twice; only one has a name of its own. */
static const char *errno_words(int err)
{
	const char *s = strerrordesc_np(err);

	return s ? s : "unknown error";
}

const char *quicsock_explain(int fd, int err, char *buf, size_t len)
{
	int saved = errno;
	const char *text;

	if (!buf || !len)
		return buf;
	if (fd < 0 || quicsock_reason(fd, buf, len) <= 0) {
		text = meaning_of(fd, err);
		if (text)
			snprintf(buf, len, "%s", text);
		else
			snprintf(buf, len, "%s", errno_words(err));
	}
	errno = saved;
	return buf;
}

int quicsock_info(int fd, struct quic_info *info)
{
	socklen_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_INFO, info, &len);
}

int quicsock_alpn(int fd, char *buf, size_t len)
{
	char alpn[QUIC_ALPN_MAX + 1];
	socklen_t optlen = QUIC_ALPN_MAX;
	size_t n;

	if (!buf || !len) {
		errno = EINVAL;
		return -1;
	}
	buf[0] = '\0';
	if (getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_ALPN, alpn, &optlen))
		return -1;
	alpn[optlen] = '\0';
	n = strlen(alpn);
	if (n >= len) {
		errno = ERANGE;
		return -1;
	}
	memcpy(buf, alpn, n + 1);
	return (int)n;
}

const char *quicsock_cipher_name(unsigned int cipher)
{
	switch (cipher) {
	case 0:
		return "none";
	case TLS_CIPHER_AES_GCM_128:
		return "TLS_AES_128_GCM_SHA256";
	case TLS_CIPHER_AES_GCM_256:
		return "TLS_AES_256_GCM_SHA384";
	case TLS_CIPHER_AES_CCM_128:
		return "TLS_AES_128_CCM_SHA256";
	case TLS_CIPHER_CHACHA20_POLY1305:
		return "TLS_CHACHA20_POLY1305_SHA256";
	default:
		return "unknown";
	}
}

/*
 * Code and phrase of the coming close, in the draft's form if need be: a code that
 * does not fit becomes its largest one, since 0 would say that all is well. A
 * connection that is closed already takes no code, which is no error of ours.
 * Return: did the peer's code have to be another?
 */
static int set_close(int fd, uint64_t code, const char *reason)
{
	struct quic_close64 c64 = { .errcode = code };
	struct quic_connection_close c32 = {
		.errcode = code > UINT32_MAX ? UINT32_MAX : (uint32_t)code,
	};

	if (reason) {
		snprintf((char *)c64.phrase, sizeof(c64.phrase), "%s", reason);
		memcpy(c32.phrase, c64.phrase, sizeof(c32.phrase));
	}
	if (!setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_CLOSE64, &c64, sizeof(c64)))
		return 0;
	if (errno != ENOPROTOOPT)
		return 0;
	return !setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_CONNECTION_CLOSE, &c32,
			   sizeof(c32)) && code > UINT32_MAX;
}

int quicsock_close(int fd, uint64_t code, const char *reason)
{
	int err = code > MAX_CODE ? EINVAL : 0;

	if (!err && (code || reason) && set_close(fd, code, reason))
		err = ENOPROTOOPT;
	if (close(fd) && errno == EBADF)
		return -1;
	if (!err)
		return 0;
	errno = err;
	return -1;
}
