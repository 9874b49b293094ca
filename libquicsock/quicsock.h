/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * quicsock.h - QUIC sockets of the kernel, with less typing
 *
 * A connection in one call, messages with their stream in one call, errors as
 * one line for a person. The descriptors are ordinary sockets: poll(2), read(2),
 * setsockopt(2) and everything else of quic(7) work on them beside this library.
 * TLS is run by the daemon quicd; no TLS library is linked or loaded.
 *
 * All functions may be called from any thread; there is no state beside the
 * sockets. None but quicsock_connect() and quicsock_listen() blocks on a
 * non-blocking socket, and these only to look up names that are not numeric.
 * Failure is -1 (or as said) with errno set.
 */
#ifndef QUICSOCK_H
#define QUICSOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/socket.h>

#include <linux/quic.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Enough for every text that this library writes, in bytes with the NUL. */
#define QUICSOCK_TEXT_SIZE	320

/* quicsock_opts.flags and quicsock_accept() */
#define QUICSOCK_NONBLOCK	0x1	/* do not wait, here and later */
#define QUICSOCK_REUSEPORT	0x2	/* share the port with other listeners */
#define QUICSOCK_NODELAY	0x4	/* every write may leave at once */
#define QUICSOCK_RETRY		0x8	/* listener: validate addresses first */

/**
 * struct quicsock_opts - what connect and listen may be told
 * @size: sizeof(struct quicsock_opts) as the program was compiled
 * @alpn: protocols, most wanted first, joined by commas; at most 128 bytes
 * @server_name: client: the name to ask for and to verify, if not the host's
 * @profile: credential profile of quicd; at most 63 bytes
 * @reason: buffer for one line that tells why the call failed; QUICSOCK_TEXT_SIZE
 *	is enough
 * @reason_size: its size in bytes
 * @verify: enum quic_verify; 0 as the profile says
 * @flags: QUICSOCK_* bits
 * @family: AF_INET or AF_INET6; 0 either
 * @backlog: listener: connections that wait for accept; 0 means 128
 * @cipher: TLS_CIPHER_* of <linux/tls.h>; 0 any
 * @handshake_timeout_ms: 0 the kernel's
 * @idle_timeout_ms: from 1000; 0 the kernel's
 * @keepalive_ms: from 1500; 0 none
 * @pins: with QUIC_VERIFY_PINNED: SHA-256 hashes of accepted public keys
 *	(SubjectPublicKeyInfo)
 * @num_pins: their number, 0 to 8
 * @max_datagram: bytes, largest DATAGRAM frame that the peer may send, its header
 *	included, at most 65535; 0 it may send none
 * @version: QUIC version that a client begins with, or that a listener prefers to that,
 *	QUIC_VERSION_V1 or _V2 of <linux/quic.h>; 0 the kernel's: version 1, or none
 *
 * Members that are zero mean the default; a null pointer instead of the
 * structure means all defaults. The structure grows at its end.
 */
struct quicsock_opts {
	size_t		size;
	const char	*alpn;
	const char	*server_name;
	const char	*profile;
	char		*reason;
	size_t		reason_size;
	unsigned int	verify;
	unsigned int	flags;
	int		family;
	int		backlog;
	unsigned int	cipher;
	unsigned int	handshake_timeout_ms;
	unsigned int	idle_timeout_ms;
	unsigned int	keepalive_ms;
	const uint8_t	(*pins)[QUIC_PIN_SIZE];
	size_t		num_pins;
	unsigned int	max_datagram;
	unsigned int	version;
};

/**
 * quicsock_connect() - connect to a server, handshake included
 * @host: name or address; null: this machine
 * @service: port or name of a service, e.g. "443"
 * @opts: options, or null
 *
 * Addresses are tried in turn while another one may help; a refused certificate
 * ends the search. The server's name to verify is @host unless @opts names one.
 * The descriptor is close-on-exec.
 *
 * With QUICSOCK_NONBLOCK only the first address is tried and the handshake goes
 * on after the call: wait for POLLOUT, then ask quicsock_connected().
 *
 * Return: a descriptor, or -1: EPROTONOSUPPORT no QUIC in this kernel, or no
 * common ALPN; EHOSTDOWN no daemon; EKEYREJECTED, EKEYEXPIRED certificate;
 * ENOKEY, EACCES profile; EHOSTUNREACH unknown host; ECONNREFUSED, ETIMEDOUT,
 * EPROTO, ECONNABORTED, EINVAL, EMFILE, ENOMEM. @opts->reason says it in words.
 */
int quicsock_connect(const char *host, const char *service,
		     const struct quicsock_opts *opts);

/**
 * quicsock_connected() - how a non-blocking connect went
 * @fd: from quicsock_connect() with QUICSOCK_NONBLOCK
 *
 * Return: 0 connected; -1: EINPROGRESS not yet, else as quicsock_connect();
 * quicsock_explain() says it in words.
 */
int quicsock_connected(int fd);

/**
 * quicsock_listen() - a listening socket
 * @host: local name or address; null: all, IPv6 and IPv4
 * @service: port or name of a service; "0" takes a free port
 * @opts: options, or null
 *
 * quicd's profile must hold the certificate and key.
 *
 * Return: a descriptor, or -1: EPROTONOSUPPORT no QUIC in this kernel;
 * EADDRINUSE, EADDRNOTAVAIL, EACCES, EHOSTUNREACH, EINVAL, EMFILE, ENOMEM.
 */
int quicsock_listen(const char *host, const char *service,
		    const struct quicsock_opts *opts);

/**
 * quicsock_accept() - next established connection
 * @fd: listener
 * @flags: 0 or QUICSOCK_NONBLOCK for the new descriptor
 *
 * Return: a descriptor (close-on-exec), or -1: EAGAIN none waits, EINTR,
 * EMFILE, ENOMEM, EINVAL not a listener.
 */
int quicsock_accept(int fd, unsigned int flags);

/**
 * quicsock_open_stream() - open a stream
 * @fd: connection
 * @flags: MSG_QUIC_STREAM_UNI unidirectional; MSG_QUIC_STREAM_DONTWAIT do not
 *	wait until the peer allows one more
 *
 * Nothing is sent until data is.
 *
 * Return: the stream's id, 0 to 2^62 - 1, or -1: EAGAIN, EINTR, EPIPE, EINVAL.
 */
int64_t quicsock_open_stream(int fd, unsigned int flags);

/**
 * quicsock_set_priority() - when is it a stream's turn to send (RFC 9218 4)
 * @fd: connection
 * @sid: a stream that can be sent on
 * @urgency: 0 first to 7 last; 3 at first
 * @incremental: share with other streams of this urgency, else be sent after those
 *	of a lower id; true at first
 *
 * Of what this end sends; the peer is not told.
 *
 * Return: 0, or -1: EINVAL.
 */
int quicsock_set_priority(int fd, int64_t sid, unsigned int urgency, bool incremental);

/**
 * quicsock_send() - send on a stream, or a datagram
 * @fd: connection
 * @buf: bytes; may be null when @len is 0
 * @len: their number; 0 only with MSG_QUIC_STREAM_FIN
 * @sid: the stream; -1 the one opened last
 * @flags: MSG_QUIC_STREAM_FIN this is the end of the stream;
 *	MSG_QUIC_STREAM_NEW open it first, _UNI as unidirectional one;
 *	MSG_QUIC_DATAGRAM an unreliable message, @sid unused; MSG_MORE,
 *	MSG_DONTWAIT as send(2)
 *
 * No SIGPIPE is raised.
 *
 * Return: bytes taken, which may be fewer than @len (the end is not marked
 * then), or -1: EAGAIN, EINTR, ENOSTR stream ended by us, EPIPE stopped or
 * closed by the peer, ECONNRESET, ETIMEDOUT, EINVAL, EMSGSIZE. Of datagrams see
 * quicsock_send_datagram().
 */
ssize_t quicsock_send(int fd, const void *buf, size_t len, int64_t sid,
		      unsigned int flags);

/**
 * quicsock_send_all() - send all of it
 * @fd: connection
 * @buf: bytes
 * @len: their number
 * @sid: the stream; -1 the one opened last
 * @flags: as quicsock_send(), no datagrams
 *
 * Goes on after short sends and signals, and waits with poll(2) if the socket
 * does not block.
 *
 * Return: 0, or -1 as quicsock_send() without EAGAIN and EINTR; some bytes may
 * have been sent.
 */
int quicsock_send_all(int fd, const void *buf, size_t len, int64_t sid,
		      unsigned int flags);

/**
 * quicsock_send_datagram() - send an unreliable message (RFC 9221)
 * @fd: connection
 * @buf: bytes, from 1
 * @len: their number, at most quicsock_max_datagram()
 * @flags: MSG_DONTWAIT, MSG_MORE as send(2)
 *
 * It arrives whole and once, or not at all, and nobody is told. While too many
 * wait to be sent the call waits; QUIC_KNOB_DATAGRAM_DROP lets the oldest go
 * instead.
 *
 * Return: 0, or -1: EAGAIN the queue is full, wait for POLLOUT; EMSGSIZE empty, or
 * too long now; EINVAL the peer takes none; EINTR, EPIPE, ECONNRESET, ETIMEDOUT.
 */
int quicsock_send_datagram(int fd, const void *buf, size_t len, unsigned int flags);

/**
 * quicsock_max_datagram() - the longest datagram that may be sent now
 * @fd: connection
 *
 * It grows when the path turns out to carry more, and may shrink again.
 *
 * Return: bytes, 0 the peer takes none; -1: EBADF, ENOPROTOOPT.
 */
ssize_t quicsock_max_datagram(int fd);

/**
 * quicsock_recv() - receive from any stream, or a datagram or event
 * @fd: connection
 * @buf: room
 * @len: its bytes
 * @sid: out: the stream, -1 when it was none; may be null
 * @flags: in: MSG_DONTWAIT, MSG_PEEK, MSG_WAITALL, which stay set; out:
 *	MSG_QUIC_STREAM_FIN these were the stream's last bytes,
 *	MSG_QUIC_DATAGRAM, MSG_QUIC_NOTIFICATION, MSG_EOR. Other bits are ignored
 *	and replaced, so a loop need not clear them. May be null
 *
 * A datagram is returned with MSG_QUIC_DATAGRAM, and MSG_EOR with its last byte: what
 * there was no room for comes with the next call.
 *
 * Return: bytes; 0 with MSG_QUIC_STREAM_FIN: that stream ended; 0 with
 * MSG_QUIC_DATAGRAM: one without bytes; 0 with neither: the peer closed the
 * connection in good order; -1: EAGAIN, EINTR, ETIMEDOUT, EPROTO, ECONNRESET. The
 * last is one stream that was reset while quic_info.state is
 * QUIC_STATE_ESTABLISHED (QUIC_SOCKOPT_STREAM_STATUS or the event
 * QUIC_EVENT_STREAM_UPDATE tells which), and the connection otherwise.
 */
ssize_t quicsock_recv(int fd, void *buf, size_t len, int64_t *sid,
		      unsigned int *flags);

/**
 * quicsock_reset() - give up sending on a stream (RFC 9000 19.4)
 * @fd: connection
 * @sid: the stream
 * @code: application error code, 0 to 2^62 - 1
 *
 * Return: 0, or -1: EINVAL, ENOSTR, EPIPE; ENOPROTOOPT a kernel whose codes have 32
 * bits, and @code has more.
 */
int quicsock_reset(int fd, int64_t sid, uint64_t code);

/**
 * quicsock_stop() - ask the peer to stop sending on a stream (RFC 9000 19.5)
 * @fd: connection
 * @sid: the stream
 * @code: application error code, 0 to 2^62 - 1
 *
 * Return: 0, or -1: EINVAL, ENOSTR, EAGAIN, EPIPE; ENOPROTOOPT as quicsock_reset().
 */
int quicsock_stop(int fd, int64_t sid, uint64_t code);

/**
 * quicsock_close() - end a connection and close the descriptor
 * @fd: connection or listener
 * @code: application error code for the peer, 0 to 2^62 - 1; 0: all is well
 * @reason: at most 63 bytes for the peer, or null
 *
 * What was sent is still delivered, by the kernel, after the call. The
 * descriptor is closed in every case but EBADF.
 *
 * Return: 0, or -1: EINVAL bad @code, the peer is told 0; ENOPROTOOPT a kernel whose
 * codes have 32 bits, the peer is told 2^32 - 1; EBADF.
 */
int quicsock_close(int fd, uint64_t code, const char *reason);

/**
 * quicsock_reason() - why the connection ended, as one line
 * @fd: connection
 * @buf: room for the text, always terminated
 * @len: its bytes, from 1; QUICSOCK_TEXT_SIZE is enough
 *
 * Return: length of the text, 0 while the connection lives; -1: EBADF, EINVAL,
 * ENOPROTOOPT not a QUIC socket.
 */
int quicsock_reason(int fd, char *buf, size_t len);

/**
 * quicsock_explain() - an errno of a QUIC socket as one line, with the cure
 * @fd: the socket, or -1 when there is none
 * @err: the errno
 * @buf: room for the text, always terminated
 * @len: its bytes, from 1; QUICSOCK_TEXT_SIZE is enough
 *
 * The kernel's own words where it has any, else what the errno means here.
 * errno is not changed.
 *
 * Return: @buf.
 */
const char *quicsock_explain(int fd, int err, char *buf, size_t len);

/**
 * quicsock_info() - state and counters of a connection
 * @fd: connection
 * @info: out; members that this kernel does not know are 0
 *
 * Return: 0, or -1: EBADF, ENOPROTOOPT not a QUIC socket.
 */
int quicsock_info(int fd, struct quic_info *info);

/**
 * quicsock_alpn() - the protocol that the handshake chose
 * @fd: connection
 * @buf: room for the name, always terminated
 * @len: its bytes, from 1; QUIC_ALPN_MAX + 1 is enough
 *
 * Return: length of the name, 0 none; -1: EBADF, EINVAL, ERANGE @buf too small,
 * ENOPROTOOPT not a QUIC socket.
 */
int quicsock_alpn(int fd, char *buf, size_t len);

/**
 * quicsock_cipher_name() - name of a cipher suite
 * @cipher: quic_info.cipher
 *
 * Return: e.g. "TLS_AES_128_GCM_SHA256"; "unknown" for others, "none" for 0.
 */
const char *quicsock_cipher_name(unsigned int cipher);

/**
 * quic_sendmsg() - one message, as libquic has it
 * @sd: connection
 * @msg: bytes
 * @len: their number
 * @sid: the stream, or -1
 * @flags: as quicsock_send()
 *
 * For programs written for libquic; SIGPIPE is raised unless MSG_NOSIGNAL.
 *
 * Return: as sendmsg(2).
 */
ssize_t quic_sendmsg(int sd, const void *msg, size_t len, int64_t sid,
		     uint32_t flags);

/**
 * quic_recvmsg() - one message, as libquic has it
 * @sd: connection
 * @msg: room
 * @len: its bytes
 * @sid: out: the stream, unchanged when it was none; may be null
 * @flags: in: flags of recvmsg(2), all; out: as quicsock_recv(), without what
 *	was set; may be null
 *
 * Return: as recvmsg(2).
 */
ssize_t quic_recvmsg(int sd, void *msg, size_t len, int64_t *sid,
		     uint32_t *flags);

#ifdef __cplusplus
}
#endif

#endif /* QUICSOCK_H */
