// SPDX-License-Identifier: GPL-2.0
/*
 * play - one end of a connection, step by step as it is told: play STEP...
 *
 * A step is a word, its arguments behind colons; "did STEP" is said when it is done.
 * Streams are named by their IDs, below 64; N bytes of one are its next ones, of the
 * pattern that quic_sock.h checks. Before there is a connection:
 *
 *	max_data:N  max_stream_data:N  max_bidi:N  max_uni:N  pmtud:N  max_datagram:N
 *				QUIC_SOCKOPT_KNOB
 *	congestion:NAME		QUIC_SOCKOPT_CONGESTION
 *	ackdelay:US		max_ack_delay
 *	raise:US		plpmtud_probe_interval
 *	sndbuf:BYTES
 *	maxrate:BYTES		SO_MAX_PACING_RATE
 *	connect:HOST:PORT	IPv4
 *	accept:PORT		the first who comes; nobody after him
 * Then:
 *	open:bidi  open:uni	waits for the peer's limit
 *	full:bidi  full:uni	the peer allows no more now
 *	send:ID:N[:fin]		waits for room
 *	sendfile:ID:N[:fin]	the same with sendfile(2); ID is the stream opened last
 *	intact			those files are as they were
 *	recv:ID:N		reads all that comes until N bytes of ID have; N 0: its end
 *	reset:ID:CODE  stop:ID:CODE
 *	isreset			reads all that comes until a stream was reset
 *	isstopped:ID		waits until the peer wants no more of it
 *	urgency:ID:N		not incremental
 *	line			waits for a line of stdin
 *	lines:ID:N		N bytes for each line of stdin, until one is "end"
 *	datagrams:N		the same with datagrams
 *	tell			says the congestion controller
 *	paced:BYTES		pacing goes at some rate, and at BYTES per second at most
 *	hear			reads until the connection is over, and says why
 *	close:CODE:PHRASE	ends here; what was not delivered still may be
 *
 * Exit status: 0 all steps done, 1 one failed and is named, 2 usage.
 */
#include <err.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#include "quic_sock.h"

#define ALPN		"play"
#define STREAMS		64
#define ARGS		4
#define CHUNK		16384

static int fd = -1;
static struct {
	uint64_t sent, got;
	bool fin;
} streams[STREAMS];
static const char *step;

#define FILES		8
static struct {
	int fd;
	int64_t id;
	uint64_t at;
} files[FILES];
static int n_files;

static void fail(const char *what)
{
	struct quic_reason r;

	quic_reason(fd, &r);
	err(1, "%s: %s (%s)", step, what, r.text);
}

static void need(bool ok, const char *what)
{
	if (!ok)
		fail(what);
}

static int64_t stream_of(const char *arg)
{
	long id = strtol(arg ?: "-1", NULL, 0);

	if (id < 0 || id >= STREAMS)
		errx(2, "%s: which stream?", step);
	return id;
}

static uint64_t number(const char *arg)
{
	if (!arg)
		errx(2, "%s: a number is missing", step);
	return strtoull(arg, NULL, 0);
}

/* ---- before the connection ---- */

static const struct {
	const char *name;
	uint32_t id;
} knobs[] = {
	{ "max_data", QUIC_KNOB_MAX_DATA },
	{ "max_stream_data", QUIC_KNOB_MAX_STREAM_DATA },
	{ "max_bidi", QUIC_KNOB_MAX_STREAMS_BIDI },
	{ "max_uni", QUIC_KNOB_MAX_STREAMS_UNI },
	{ "pmtud", QUIC_KNOB_PMTUD },
	{ "max_datagram", QUIC_KNOB_MAX_DATAGRAM },
};

/* Return: whether it is one. */
static bool do_knob(char **arg)
{
	size_t i;

	for (i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
		if (strcmp(arg[0], knobs[i].name))
			continue;
		need(!set_knob(fd, knobs[i].id, number(arg[1])), "knob");
		return true;
	}
	return false;
}

static void do_congestion(char **arg)
{
	need(!set_string(fd, QUIC_SOCKOPT_CONGESTION, arg[0]), "congestion");
}

static void do_ackdelay(char **arg)
{
	struct quic_transport_param p = { .max_ack_delay = number(arg[0]) };

	need(!setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_TRANSPORT_PARAM, &p, sizeof(p)), "param");
}

static void do_raise(char **arg)
{
	struct quic_config c = { .plpmtud_probe_interval = number(arg[0]) };

	need(!setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_CONFIG, &c, sizeof(c)), "config");
}

static void do_sndbuf(char **arg)
{
	int n = number(arg[0]);

	need(!setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &n, sizeof(n)), "buffer");
}

static void do_maxrate(char **arg)
{
	uint64_t n = number(arg[0]);

	need(!setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &n, sizeof(n)), "rate");
}

static void do_connect(char **arg)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(number(arg[1])) };

	need(inet_pton(AF_INET, arg[0], &a.sin_addr) == 1, "address");
	need(!set_string(fd, QUIC_SOCKOPT_SERVER_NAME, SERVER_NAME), "name");
	need(!connect(fd, (struct sockaddr *)&a, sizeof(a)), "connect");
}

static void do_accept(char **arg)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(number(arg[0])) };
	int listener = fd;

	need(!bind(fd, (struct sockaddr *)&a, sizeof(a)) && !listen(fd, 1), "listen");
	fd = accept(listener, NULL, NULL);
	need(fd >= 0, "accept");
	close(listener);
}

/* ---- streams ---- */

static int open_stream(const char *kind, uint32_t flags)
{
	struct quic_stream_info info = { .stream_id = -1, .stream_flags = flags };
	socklen_t len = sizeof(info);

	if (!strcmp(kind, "uni"))
		info.stream_flags |= UNI;
	if (getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_STREAM_OPEN, &info, &len))
		return -1;
	printf("opened %lld\n", (long long)info.stream_id);
	return 0;
}

static void do_open(char **arg)
{
	need(!open_stream(arg[0], 0), "open");
}

static void do_full(char **arg)
{
	need(open_stream(arg[0], MSG_QUIC_STREAM_DONTWAIT) && errno == EAGAIN,
	     "one more could be opened");
}

static void send_bytes(int64_t id, uint64_t n, uint32_t last)
{
	static uint8_t buf[CHUNK];
	size_t len;
	ssize_t r;

	while (n) {
		len = n < sizeof(buf) ? n : sizeof(buf);
		pattern_fill(buf, len, streams[id].sent, id);
		r = quic_send(fd, id, len == n ? last : 0, buf, len, 0);
		need(r > 0, "send");
		streams[id].sent += r;
		n -= r;
	}
}

static void do_send(char **arg)
{
	send_bytes(stream_of(arg[0]), number(arg[1]), arg[2] ? FIN : 0);
}

/* Return: bytes, as recvmsg(2). */
static ssize_t read_some(void)
{
	static uint8_t buf[CHUNK];
	int64_t id = -1;
	uint32_t flags;
	ssize_t n;

	n = quic_recv(fd, buf, sizeof(buf), &id, &flags, 0);
	if (n < 0)
		return n;
	if (id < 0) {
		errno = EPIPE;	/* the connection is over */
		return -1;
	}
	if (id >= STREAMS ||
	    pattern_check(buf, n, streams[id].got, id) != (size_t)n)
		errx(1, "%s: stream %lld: not what was sent", step, (long long)id);
	streams[id].got += n;
	streams[id].fin |= !!(flags & FIN);
	return n;
}

/* A file of the next @n bytes of the pattern of stream @id, which stays. */
static int pattern_file(int64_t id, uint64_t n)
{
	static uint8_t buf[CHUNK];
	uint64_t done = 0;
	size_t part;
	int file;

	need(n_files < FILES, "too many files");
	file = memfd_create("pattern", MFD_CLOEXEC);
	need(file >= 0, "a file");
	for (; done < n; done += part) {
		part = n - done < CHUNK ? n - done : CHUNK;
		pattern_fill(buf, part, streams[id].sent + done, id);
		need(write(file, buf, part) == (ssize_t)part, "a file");
	}
	files[n_files].fd = file;
	files[n_files].id = id;
	files[n_files++].at = streams[id].sent;
	return file;
}

static void do_sendfile(char **arg)
{
	int64_t id = stream_of(arg[0]);
	uint64_t n = number(arg[1]);
	int file = pattern_file(id, n);
	off_t off = 0;
	ssize_t part;

	while ((uint64_t)off < n) {
		part = sendfile(fd, file, &off, n - off);
		need(part > 0, "sendfile");
	}
	streams[id].sent += n;
	if (arg[2])
		need(!quic_send(fd, id, FIN, NULL, 0, 0), "FIN");
}

static void do_intact(char **arg)
{
	static uint8_t buf[CHUNK];
	uint64_t off;
	ssize_t n;
	int i;

	for (i = 0; i < n_files; i++) {
		for (off = 0; (n = pread(files[i].fd, buf, CHUNK, off)) > 0; off += n)
			if (pattern_check(buf, n, files[i].at + off, files[i].id) != (size_t)n)
				errx(1, "%s: somebody wrote to file %d", step, i);
		need(!n && off, "a file");
	}
}

static void do_recv(char **arg)
{
	int64_t id = stream_of(arg[0]);
	uint64_t n = number(arg[1]);

	while (n ? streams[id].got < n : !streams[id].fin)
		need(read_some() >= 0, "receive");
}

static void end_half(int option, char **arg)
{
	struct quic_errinfo e = {
		.stream_id = stream_of(arg[0]), .errcode = number(arg[1]),
	};

	need(!setsockopt(fd, SOL_QUIC, option, &e, sizeof(e)), "option");
}

static void do_reset(char **arg)
{
	end_half(QUIC_SOCKOPT_STREAM_RESET, arg);
}

static void do_stop(char **arg)
{
	end_half(QUIC_SOCKOPT_STREAM_STOP_SENDING, arg);
}

static void do_isreset(char **arg)
{
	while (read_some() >= 0)
		;
	need(errno == ECONNRESET && quic_state(fd) == QUIC_STATE_ESTABLISHED, "receive");
}

/* Nothing tells a program that sends nothing. */
static void do_isstopped(char **arg)
{
	int64_t id = stream_of(arg[0]);
	uint8_t byte;
	ssize_t n;

	for (;;) {
		pattern_fill(&byte, 1, streams[id].sent, id);
		n = quic_send(fd, id, 0, &byte, 1, MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN)
			break;
		streams[id].sent += n > 0 ? n : 0;
		breath(20);
	}
	need(errno == EPIPE && quic_state(fd) == QUIC_STATE_ESTABLISHED, "send");
}

static void do_urgency(char **arg)
{
	struct quic_stream_priority p = {
		.stream_id = stream_of(arg[0]), .urgency = number(arg[1]),
	};

	need(!setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_STREAM_PRIORITY, &p, sizeof(p)), "option");
}

/* ---- others ---- */

static bool one_more_line(void)
{
	char line[80];

	need(fgets(line, sizeof(line), stdin), "stdin");
	return strcmp(line, "end\n");
}

static void do_line(char **arg)
{
	one_more_line();
}

static void do_lines(char **arg)
{
	int64_t id = stream_of(arg[0]);

	while (one_more_line())
		send_bytes(id, number(arg[1]), 0);
}

static void do_datagrams(char **arg)
{
	static uint8_t buf[CHUNK];
	size_t n = number(arg[0]);

	while (n <= sizeof(buf) && one_more_line())
		need(send(fd, buf, n, MSG_QUIC_DATAGRAM | MSG_NOSIGNAL) > 0, "send");
}

static void do_tell(char **arg)
{
	char name[QUIC_CONGESTION_NAME_MAX] = "";
	socklen_t len = sizeof(name) - 1;

	need(!getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_CONGESTION, name, &len), "option");
	printf("congestion %s\n", name);
}

static void do_paced(char **arg)
{
	struct quic_info info = { };
	socklen_t len = sizeof(info);

	need(!getsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_INFO, &info, &len), "option");
	if (!info.pacing_rate || info.pacing_rate > number(arg[0]))
		errx(1, "%s: it is %llu bytes/s", step, (unsigned long long)info.pacing_rate);
}

static void do_hear(char **arg)
{
	struct quic_reason r;

	while (quic_state(fd) == QUIC_STATE_ESTABLISHED)
		read_some();
	quic_reason(fd, &r);
	printf("over %s\n", r.text);
}

static void do_close(char **arg)
{
	struct quic_connection_close c = { .errcode = number(arg[0]) };

	strncpy((char *)c.phrase, arg[1] ?: "", sizeof(c.phrase) - 1);
	need(!setsockopt(fd, SOL_QUIC, QUIC_SOCKOPT_CONNECTION_CLOSE, &c, sizeof(c)), "option");
	close(fd);
}

static const struct {
	const char *name;
	void (*run)(char **arg);
} steps[] = {
	{ "congestion", do_congestion }, { "ackdelay", do_ackdelay }, { "raise", do_raise },
	{ "sndbuf", do_sndbuf }, { "maxrate", do_maxrate },
	{ "connect", do_connect }, { "accept", do_accept },
	{ "open", do_open }, { "full", do_full },
	{ "send", do_send }, { "recv", do_recv },
	{ "sendfile", do_sendfile }, { "intact", do_intact },
	{ "reset", do_reset }, { "stop", do_stop },
	{ "isreset", do_isreset }, { "isstopped", do_isstopped },
	{ "urgency", do_urgency }, { "line", do_line }, { "lines", do_lines },
	{ "datagrams", do_datagrams },
	{ "tell", do_tell }, { "paced", do_paced }, { "hear", do_hear }, { "close", do_close },
};

static void play(const char *word)
{
	char copy[256], *arg[ARGS + 1] = { }, *rest = copy;
	size_t i;

	step = word;
	snprintf(copy, sizeof(copy), "%s", word);
	for (i = 0; rest && i < ARGS; i++)
		arg[i] = strsep(&rest, ":");
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (!strcmp(arg[0], steps[i].name))
			break;
	if (i < sizeof(steps) / sizeof(steps[0]))
		steps[i].run(arg + 1);
	else if (!do_knob(arg))
		errx(2, "%s: no such step", word);
	printf("did %s\n", word);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_QUIC);
	if (fd < 0 || set_string(fd, QUIC_SOCKOPT_ALPN, ALPN))
		err(1, "socket");
	while (*++argv)
		play(*argv);
	return 0;
}
