/* SPDX-License-Identifier: GPL-2.0 */
/*
 * peer.h - what the parts of h09peer share
 *
 *	h09peer.c	the loop, the client's list of work, results
 *	cid.c		connection ids and where they lead
 *	conn.c		one connection: libngtcp2 and its callbacks
 *	dgram.c		datagrams, there and back
 *	early.c		streams that end early
 *	greet.c		unidirectional streams
 *	h09.c		HTTP/0.9 on the streams of a connection
 *	move.c		a client that goes to another address
 *	options.c	the command line
 *	reset.c		stateless resets
 *	retry.c		clients prove their addresses
 *	tls.c		GnuTLS: credentials, sessions, names
 *	udp.c		the socket: batches in, trains out
 *	version.c	QUIC versions: which, and telling who asks for another
 *
 * One thread, one UDP socket, any number of connections. Times are nanoseconds
 * of CLOCK_MONOTONIC, as libngtcp2 wants them.
 */
#ifndef H09PEER_H
#define H09PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <gnutls/gnutls.h>
#include <gnutls/crypto.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

#define CID_LEN		16		/* of those that we choose, without --cid-length */
#define GREET_STREAMS	3		/* unidirectional ones at once, with --greetings */
#define CID_BUCKETS	1024
#define LINE_MAX_BYTES	2048		/* a request line with its end */
#define TRAIN_BYTES	65000		/* what one send of many segments may hold */
#define SHA256_BYTES	32
#define NSEC		1000000000ull

/* Exit codes, those of the project's tools. */
enum {
	EXIT_OK		= 0,
	EXIT_FAILED	= 1,	/* a transfer failed */
	EXIT_USAGE	= 2,
	EXIT_ENV	= 3,	/* no connection, or no port */
};

/**
 * struct options - the command line
 * @server: serve; else fetch
 * @host: client: whom to ask; server: where to listen, null everywhere
 * @port: --port
 * @family: AF_INET, AF_INET6 or AF_UNSPEC
 * @alpn: --alpn, one name
 * @ciphers: --ciphers as a priority string of GnuTLS
 * @name: --server-name
 * @ca: --ca, null: verify nothing
 * @cert: --cert
 * @key: --key
 * @dir: --directory
 * @paths: client: what to fetch
 * @num_paths: their number
 * @repeat: --repeat, of each path
 * @connections: --connections to make (client) or to serve and end (server)
 * @parallel: --parallel connections at once
 * @streams: --streams at once on a connection
 * @bulk: --bulk, bytes to fetch and not to hash
 * @bulk_put: --bulk-put, bytes to send
 * @late_fin: --late-fin, the end of a request in a packet of its own
 * @no_gso: --no-gso
 * @key_updates: --key-updates, of each connection
 * @retry: --retry
 * @version: --version, 1 or 2; 0: 1, and a server takes both
 * @log: --log, libngtcp2's words on stderr
 * @cid_len: --cid-length
 * @reset_secret: --reset-secret, null: a random one, and no stateless resets
 * @datagrams: --datagrams
 * @greetings: --greetings
 * @stop_after: --stop-after, bytes, 0 never
 * @reset_after: --reset-after, bytes, 0 never
 * @move_to: --move-to, null: stay
 * @stay: --stay
 */
struct options {
	bool		server;
	const char	*host;
	const char	*port;
	int		family;
	const char	*alpn;
	const char	*ciphers;
	const char	*name;
	const char	*ca;
	const char	*cert;
	const char	*key;
	const char	*dir;
	char		**paths;
	unsigned int	num_paths;
	unsigned int	repeat;
	unsigned int	connections;
	unsigned int	parallel;
	unsigned int	streams;
	uint64_t	bulk;
	uint64_t	bulk_put;
	bool		late_fin;
	bool		no_gso;
	unsigned int	key_updates;
	bool		log;
	bool		retry;
	unsigned int	version;
	unsigned int	cid_len;
	const char	*reset_secret;
	unsigned int	datagrams;
	unsigned int	greetings;
	uint64_t	stop_after;
	uint64_t	reset_after;
	const char	*move_to;
	bool		stay;
};

/* --- options.c --- */

/* Digits, and perhaps one of K, M, G. Exits with EXIT_USAGE, naming @what. */
uint64_t options_number(const char *text, const char *what);

/* Fill @o. Exits after --help, and with EXIT_USAGE when something is wrong. */
void options_parse(struct options *o, int argc, char **argv);

/* --- udp.c --- */

/**
 * struct udp - the socket
 * @fd: non-blocking
 * @local: its address
 * @local_len: of @local
 * @gso: the kernel cuts trains
 * @pending: bytes of @train that a full socket did not take; they go first
 * @segment: size of the segments of @train, the last may be shorter
 * @ecn: of @train, NGTCP2_ECN_*
 * @to: where @train goes
 * @to_len: of @to
 * @train: datagrams, one after the other
 */
struct udp {
	int			fd;
	struct sockaddr_storage	local;
	socklen_t		local_len;
	bool			gso;
	size_t			pending;
	size_t			segment;
	unsigned int		ecn;
	struct sockaddr_storage	to;
	socklen_t		to_len;
	uint8_t			train[TRAIN_BYTES + 2048];
};

/**
 * struct datagram - one that came
 * @data: its bytes
 * @len: their number
 * @ecn: NGTCP2_ECN_*
 * @from: who sent it
 * @from_len: of @from
 * @at: the socket that it came to
 */
struct datagram {
	const uint8_t			*data;
	size_t				len;
	unsigned int			ecn;
	const struct sockaddr_storage	*from;
	socklen_t			from_len;
	struct udp			*at;
};

/* Bind (server) or connect (client); fills @remote for the client. Exits when it cannot. */
void udp_open(struct udp *u, const struct options *o, struct sockaddr_storage *remote,
	      socklen_t *remote_len);

/**
 * udp_receive() - take what has come, up to a bound
 * @u: the socket
 * @take: called for each datagram
 * @ctx: for @take
 *
 * Return: 0, or the errno that an ICMP message or the socket gave.
 */
int udp_receive(struct udp *u, void (*take)(void *ctx, const struct datagram *d), void *ctx);

/* A second socket to @remote, at o->move_to. Exits when it cannot. */
void udp_open_at(struct udp *u, const struct options *o, const struct sockaddr_storage *remote,
		 socklen_t remote_len);

/* The one datagram of @len bytes that is in @train, to @to; none may be pending. */
void udp_send_one(struct udp *u, const void *to, socklen_t to_len, size_t len);

/* Send what is in @train. Return: true when all of it went, false when it stays pending. */
bool udp_send(struct udp *u);

/* --- tls.c --- */

struct conn;

/* Credentials and priorities, once. Exits when files cannot be had. */
void tls_setup(const struct options *o);

/* The session of a connection. Return: null when GnuTLS refuses. */
gnutls_session_t tls_session(const struct options *o, ngtcp2_crypto_conn_ref *ref);

/* E.g. "AES-128-GCM". */
const char *tls_cipher(gnutls_session_t s);

/* --- cid.c --- */

struct peer;

/* Return: the connection, or null. */
struct conn *cid_find(struct peer *p, const uint8_t *data, size_t len);

/* Return: 0, or -1 when memory is short. */
int cid_add(struct conn *c, const ngtcp2_cid *cid);
void cid_remove(struct conn *c, const ngtcp2_cid *cid);
void cid_remove_all(struct conn *c);

/* Of the newest one. */
size_t cid_length(const struct conn *c);

/* --- retry.c --- */

/**
 * retry_done() - has this client proved its address?
 * @p: the server
 * @d: its Initial
 * @hd: the header of it
 * @settings: receive the token
 * @params: receive what the token says; original_dcid is set
 *
 * Return: true when it has, or need not; false when it was sent a Retry.
 */
bool retry_done(struct peer *p, const struct datagram *d, const ngtcp2_pkt_hd *hd,
		ngtcp2_settings *settings, ngtcp2_transport_params *params);

/* --- reset.c --- */

/* Draw the secret of stateless reset tokens, or make it from --reset-secret. */
void reset_secret(struct peer *p);

/* The token of a connection ID. Return: 0, or not. */
int reset_token(struct peer *p, const ngtcp2_cid *cid, uint8_t *token);

/* Nobody knows the connection of that packet with a short header. */
void reset_answer(struct peer *p, const struct datagram *d, const ngtcp2_version_cid *v);

/* --- move.c --- */

/* The socket with that local address. */
struct udp *udp_of(struct peer *p, const ngtcp2_addr *local);

/* Go, if it is time. */
void move_run(struct conn *c, uint64_t now);

/* It went, or need not. */
bool move_done(const struct conn *c);

/* --- version.c --- */

/* A client's first version. */
uint32_t version_first(const struct options *o);

/* What we say of versions in the transport parameters. */
void version_settings(const struct options *o, ngtcp2_settings *settings);

/* Return: @version is served; false: the client was told which are. */
bool version_served(struct peer *p, const struct datagram *d, const ngtcp2_version_cid *v);

/* --- conn.c --- */

/* A connection ID of random bytes. */
void draw_cid(ngtcp2_cid *cid, size_t len);

/**
 * enum conn_state - the life of a connection
 * @CONN_ACTIVE: libngtcp2 has it
 * @CONN_CLOSING: CONNECTION_CLOSE was sent, @close repeats it until @deadline
 * @CONN_DRAINING: the peer closed; silent until @deadline
 * @CONN_DEAD: to be freed
 */
enum conn_state {
	CONN_ACTIVE,
	CONN_CLOSING,
	CONN_DRAINING,
	CONN_DEAD,
};

/**
 * struct conn - a connection
 * @next: of all connections
 * @peer: whose it is
 * @number: from 1
 * @qc: libngtcp2's
 * @tls: its session
 * @ref: from @tls to @qc
 * @cids: the ids that lead here
 * @state: see there
 * @deadline: of CONN_CLOSING and CONN_DRAINING, ns
 * @close: the packet with CONNECTION_CLOSE
 * @close_len: its bytes
 * @counted: its end has been reported
 * @connected: the handshake completed
 * @confirmed: and was confirmed (HANDSHAKE_DONE, RFC 9001 4.1.2)
 * @error: why it ended badly, empty when well
 * @began: ns
 * @handshake_ns: from @began to completion
 * @streams: all of them, a ring of which the first is written next
 * @num_streams: open ones that this side opened
 * @next_fetch: client: the next request
 * @over: client: requests that have ended
 * @requests: server: requests seen
 * @key_updates: that this side initiated
 * @bytes: received (client) or sent (server) of files
 * @progress: bytes of streams that came, or of ours that arrived
 * @moved: client: it went to another address, or tried
 * @paths: validated
 * @greetings_out: unidirectional streams opened
 * @greetings_over: of these, those that arrived whole
 * @greetings_in: unidirectional streams of the peer that said what they had to
 * @dgrams: null: none yet
 */
struct conn {
	struct conn		*next;
	struct peer		*peer;
	unsigned int		number;
	ngtcp2_conn		*qc;
	gnutls_session_t	tls;
	ngtcp2_crypto_conn_ref	ref;
	struct cid_entry	*cids;
	enum conn_state		state;
	uint64_t		deadline;
	uint8_t			close[1280];
	size_t			close_len;
	bool			counted;
	bool			connected;
	bool			confirmed;
	char			error[160];
	uint64_t		began;
	uint64_t		handshake_ns;
	struct stream		*streams;
	unsigned int		num_streams;
	unsigned int		next_fetch;
	unsigned int		over;
	unsigned int		requests;
	unsigned int		key_updates;
	uint64_t		bytes;
	uint64_t		progress;
	bool			moved;
	unsigned int		paths;
	unsigned int		greetings_out;
	unsigned int		greetings_over;
	unsigned int		greetings_in;
	struct dgrams		*dgrams;
};

/**
 * struct peer - this process
 * @o: its options
 * @u: its socket
 * @moved: the second one, null: none
 * @remote: client: the server's address
 * @remote_len: of @remote
 * @conns: all connections
 * @alive: those that are CONN_ACTIVE
 * @made: connections begun so far
 * @ended: reported so far
 * @stop: make no more, end when all have ended
 * @cids: connection ids that lead to connections
 * @secret: of stateless reset tokens
 * @dirfd: server: --directory
 * @total: of the summary
 */
struct peer {
	struct options		o;
	struct udp		u;
	struct udp		*moved;
	struct sockaddr_storage	remote;
	socklen_t		remote_len;
	struct conn		*conns;
	unsigned int		alive;
	unsigned int		made;
	unsigned int		ended;
	bool			stop;
	struct cid_entry	*cids[CID_BUCKETS];
	uint8_t			secret[32];
	int			dirfd;
	struct {
		unsigned int	connected;
		unsigned int	confirmed;
		unsigned int	conn_errors;
		unsigned int	transfers;
		unsigned int	failed;
		uint64_t	bytes;
		uint64_t	handshake_ns;
		uint64_t	first_byte;
		uint64_t	last_byte;
		uint64_t	last_end;
		char		cipher[32];
	} total;
};

uint64_t now_ns(void);

/* A client's connection. Return: null, with the reason on stderr. */
struct conn *conn_dial(struct peer *p);

/* A datagram for the process: find its connection, or make one (server). */
void conn_datagram(struct peer *p, const struct datagram *d);

/* Timers that are due; afterwards whatever can be sent now. */
void conn_run(struct conn *c, uint64_t now);

/* When conn_run() must be called at the latest, ns; UINT64_MAX never. */
uint64_t conn_deadline(struct conn *c);

/* Close in good order, or with @error. */
void conn_close(struct conn *c, const char *error);

/* Free those that are dead. */
void conn_reap(struct peer *p);

/* --- h09.c --- */

/**
 * struct stream - a request and its answer on one bidirectional stream, or a greeting
 * @next: ring of the connection
 * @prev: ring of the connection
 * @id: stream id
 * @path: client: what was asked for
 * @line: the request line; for the server, as far as it came
 * @line_len: bytes of it
 * @put: a PUT
 * @head: what is sent first
 * @head_len: bytes of it
 * @body: what is sent then, @wrap bytes over and over
 * @body_len: bytes in all
 * @wrap: bytes at @body
 * @map_len: of the mapping at @body, 0 none
 * @sent: offset of what libngtcp2 has taken
 * @sending: there is something to send, or its end
 * @fin_held: client: the end waits for an acknowledgment
 * @fin_sent: the end was sent
 * @blocked: no credit, until the next round
 * @bytes: received, without a request line
 * @hash: of these
 * @began: ns
 * @over: reported
 * @early: ended by us before it was whole
 * @stopped: by the peer, while there was more to send
 */
struct stream {
	struct stream		*next, *prev;
	int64_t			id;
	const char		*path;
	char			line[LINE_MAX_BYTES];
	size_t			line_len;
	bool			put;
	char			head[LINE_MAX_BYTES];
	size_t			head_len;
	const uint8_t		*body;
	uint64_t		body_len;
	uint64_t		wrap;
	size_t			map_len;
	uint64_t		sent;
	bool			sending;
	bool			fin_held;
	bool			fin_sent;
	bool			blocked;
	uint64_t		bytes;
	gnutls_hash_hd_t	hash;
	uint64_t		began;
	bool			over;
	bool			early;
	bool			stopped;
};

/* A stream in the ring. Return: null, no memory. */
struct stream *h09_add_stream(struct conn *c, int64_t id);
void h09_free_stream(struct conn *c, struct stream *s);

/* Client: open streams for requests while the peer and --streams allow. */
void h09_ask(struct conn *c);

/* Client: all requests of the connection have ended. */
bool h09_done(const struct conn *c);

/* Server: a stream that the client opened. Return: null, no memory. */
struct stream *h09_opened(struct conn *c, int64_t id);

/* Bytes of a stream, perhaps its last. */
void h09_data(struct conn *c, struct stream *s, const uint8_t *data, size_t len, bool fin);

/* Bytes of ours up to the end of what was sent have arrived. */
void h09_acked(struct stream *s, uint64_t end);

/* The stream is gone; @code: of a reset, or -1. */
void h09_closed(struct conn *c, struct stream *s, int64_t code);

/* The next stream that can send, or null. */
struct stream *h09_next(struct conn *c);

/* What it has to send: up to two pieces. Return: their number. */
size_t h09_pieces(const struct stream *s, ngtcp2_vec v[2], bool *fin);

/* libngtcp2 took @len bytes, and the end when all was taken and @fin. */
void h09_advance(struct conn *c, struct stream *s, size_t len, bool fin);

/* Client: this request is over, and need not come to more. */
void h09_given_up(struct conn *c, struct stream *s);

/* The peer reset its half: ours ends here. */
void h09_peer_reset(struct stream *s);

/* --- greet.c --- */

/* Open unidirectional streams while the peer and --greetings allow. */
void greet_all(struct conn *c);

/* Bytes of one, perhaps its last. */
void greet_data(struct conn *c, struct stream *s, const uint8_t *data, size_t len, bool fin);

/* It is gone; @code: of a reset, or -1. */
void greet_closed(struct conn *c, struct stream *s, int64_t code);

/* All went and all came, or something was wrong. */
bool greet_done(const struct conn *c);

/* --- dgram.c --- */

void dgram_received(struct conn *c, const uint8_t *data, size_t len);

/* The one of that dgram_id(). */
void dgram_lost(struct conn *c, uint64_t id);

/* Return: @v is to be sent as a datagram. */
bool dgram_next(struct conn *c, ngtcp2_vec *v);

/* What libngtcp2 is to call the one that dgram_next() gave. */
uint64_t dgram_id(const struct conn *c);

/* libngtcp2 took it, or will never. */
void dgram_sent(struct conn *c);

/* Client: all came back, or did not. */
bool dgram_done(const struct conn *c);

/* @good: that came back (client) or were sent back (server); @bad: others that came. */
void dgram_counts(const struct conn *c, unsigned int *good, unsigned int *bad);

void dgram_free(struct conn *c);

/* --- early.c --- */

/* End a stream early, if it is time. */
void early_run(struct conn *c);

/* --- h09peer.c --- */

/* One line of JSON on stdout. */
void report_transfer(struct conn *c, const struct stream *s, const char *error);
void report_conn(struct conn *c);

/* A stream ended early: @how; @code -1: libngtcp2 does not say. */
void report_early(struct conn *c, const struct stream *s, const char *how, int64_t code);

/* A path was validated, or was not. */
void report_path(struct conn *c, const ngtcp2_path *path, bool good);

#endif /* H09PEER_H */
