/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The simulator's parts: scenarios, one run of one, what watches it, what
 * records it, and the processes that many runs are spread over.
 */
#ifndef SIM_H
#define SIM_H

#include <stdio.h>
#include "../shim/pair.h"

#define MS	QUIC_NS_PER_MS
#define SEC	QUIC_NS_PER_SEC
#define KB	1024ULL
#define MB	(1024 * KB)
#define MBIT(n)	((n) * 125000ULL)	/* bytes per second */

/* What an application does at some time of a run. */
enum sim_action {
	SIM_NOTHING,
	SIM_STOP_READING,
	SIM_READ,
	SIM_STOP_WRITING,
	SIM_WRITE,
	SIM_RESET,		/* the sending half of flow @arg */
	SIM_STOP,		/* the receiving half of flow @arg */
	SIM_CLOSE,		/* at once */
	SIM_SHUTDOWN,		/* once all is acknowledged, @arg ms at most */
	SIM_OPTIMIST,		/* its core is told that all it sent has arrived */
	SIM_MIGRATE,		/* the client moves to an address of its own */
	SIM_FORGET,		/* the server has lost its state */
	SIM_MEMORY,		/* @arg permille of allocations fail from now on */
	SIM_URGENT,		/* writes @arg KB on another stream, of urgency 0 */
	SIM_OVERTOOK,		/* a look: that one has arrived, no other of @side has */
	SIM_ALIVE,		/* a look: the connection is open */
	SIM_OVER,		/* a look: it is not */
	SIM_EVEN,		/* a look: all of @side have moved, @arg KB apart at most */
};

/**
 * struct sim_event - one of them
 * @at: ns of the run
 * @side: whose application
 */
struct sim_event {
	u64 at;
	enum sim_action action;		/* what */
	enum pair_side side;
	u32 arg;			/* see the action */
};

/* Codes of the application: all 62 bits of them count (RFC 9000 20.2). */
#define SIM_CODE_RESET	(QUIC_VARINT_MAX - 5)
#define SIM_CODE_STOP	(QUIC_VARINT_MAX - 6)
#define SIM_CODE_CLOSE	(QUIC_VARINT_MAX - 7)

/* How a run ends when all was moved. */
enum sim_end {
	SIM_END_SHUTDOWN,	/* the client ends it in good order */
	SIM_END_CLOSE,		/* the client closes at once */
	SIM_END_SERVER,		/* the server does */
	SIM_END_IDLE,		/* nobody says anything */
	SIM_END_EVENT,		/* an event closes it; what arrived till then did */
};

#define SIM_EVENTS	8
#define SIM_IDLE_MS	30000	/* idle time-out where a scenario has no other */

/**
 * struct sim_load - what moves
 * @n: streams that [client, server] writes
 * @bytes: on each
 * @msgs: DATAGRAM frames that [client, server] sends, as fast as it may
 * @msg_len: their length at most
 * @uni: unidirectional streams
 */
struct sim_load {
	u32 n[2];
	u64 bytes[2];
	u32 msgs[2];
	u32 msg_len;
	bool uni;
};

/**
 * struct sim_scenario - a row of the table, or derived from a seed
 * @name: for the command line
 * @what: for people
 * @link: [side that sends]
 * @load: what moves
 * @event: what happens besides
 * @newreno: controller; else CUBIC
 * @retry: the server wants addresses proved
 * @new_token: see struct pair_cfg
 * @token: see struct pair_cfg
 * @token_len: its bytes
 * @serves: see struct pair_cfg
 * @selects: see struct pair_cfg
 * @early: enum pair_early
 * @remembered: see struct pair_cfg
 * @no_ecn: the hosts mark nothing
 * @ecn: state that ECN must have at the end, [client, server], plus 1; 0: any
 * @ce_min: packets that have come marked CE, to both, at least
 * @mtu: local routes' UDP payload; 0: 1452
 * @flight: server's TLS bytes; 0: 2500
 * @window: connection's flow control window; 0: 4 MiB
 * @stream_window: each stream's; 0: a quarter of @window
 * @window_max: see struct pair_cfg
 * @reader_sleeps: see struct pair_cfg
 * @streams: open at a time; 0: 16
 * @batch: datagrams per build; 0: 16
 * @tx_max: bytes an application keeps queued; 0: 1 MiB
 * @idle_ms: idle time-out; 0: 30 s
 * @handshake_ms: handshake time-out; 0: 1000 s
 * @rebind_at: see struct pair_cfg
 * @rebind_to: see struct pair_cfg
 * @rebind_every: see struct pair_cfg
 * @rebind_port: see struct pair_cfg
 * @spoof: see struct pair_cfg
 * @keepalive_ms: silence after which the client sends a PING while something is to be
 *	moved; 0: 1 s where addresses change, else never
 * @moves_min: times that the server has followed, at least
 * @moves_max: at most; 0: any
 * @failed_min: paths that it could not validate, at least
 * @update_every: see struct pair_cfg
 * @hasty: see struct pair_cfg
 * @keys_ms: how long hosts take to make next keys; 0: 100 us
 * @seal_limit: see struct pair_cfg
 * @forged_limit: see struct pair_cfg
 * @updates_min: key updates that each end has seen at the end, at least
 * @check_every: 0: after each step
 * @end: how it ends
 * @code: with which both ends end, plus 1; 0: any
 * @origin: how they end, [client, server], QUIC_CLOSE_* plus 1; 0: anyhow
 * @done_by: all arrived, ns of the run; 0: nothing has to
 * @closed_by: both ends are done with it, ns after the end began; 0: 200 s. Where
 *	packets are lost the CONNECTION_CLOSE may be: then within an idle time-out more
 * @lost_max: packets declared lost by both, plus 1; 0: any number
 * @dgrams_max: datagrams of both; 0: any number
 * @persistent_min: persistent congestions that were found, at least
 * @undone_min: reductions of the window that were taken back, at least
 * @cwnd_max: either window at the end, bytes; 0: any
 */
struct sim_scenario {
	const char *name;
	const char *what;
	struct pair_link link[2];
	struct sim_load load;
	struct sim_event event[SIM_EVENTS];
	bool newreno;
	bool retry;
	bool new_token;
	const u8 *token;
	u32 token_len;
	u32 serves;
	u32 selects;
	u8 early;
	u32 remembered;
	bool no_ecn;
	u8 ecn[2];
	u32 ce_min;
	u32 mtu;
	u32 flight;
	u64 window;
	u64 stream_window;
	u64 window_max;
	u32 reader_sleeps;
	u32 streams;
	u32 batch;
	u64 tx_max;
	u32 idle_ms;
	u32 handshake_ms;
	u64 rebind_at[PAIR_REBINDS];
	u8 rebind_to[PAIR_REBINDS];
	u64 rebind_every;
	bool rebind_port;
	u32 spoof;
	u32 keepalive_ms;
	u32 moves_min;
	u32 moves_max;
	u32 failed_min;
	u32 update_every[2];
	bool hasty;
	u32 keys_ms;
	u64 seal_limit;
	u64 forged_limit;
	u32 updates_min;
	u32 check_every;
	enum sim_end end;
	u64 code;
	u8 origin[2];
	u64 done_by;
	u64 closed_by;
	u32 lost_max;
	u64 dgrams_max;
	u32 persistent_min;
	u32 undone_min;
	u64 cwnd_max;
};

/* Its links: the same both ways. */
#define BOTH(...)	{ { __VA_ARGS__ }, { __VA_ARGS__ } }

/* Those of one subject: the table in scenario_SUBJECT.c. */
struct sim_set {
	const struct sim_scenario *row;
	u32 n;
};

extern const struct sim_set sim_set_link, sim_set_cc, sim_set_path, sim_set_load,
			    sim_set_begin, sim_set_life;

/* All of them, in one row. */
u32 sim_n_scenarios(void);
const struct sim_scenario *sim_nth_scenario(u32 nth);

/* Place of a scenario in that row, or -1. */
s32 sim_find(const char *name);

/* Random parameters, the same for the same @seed. */
void sim_derive(struct sim_scenario *sc, u64 seed);

/**
 * struct sim_result - of one run; fixed size, in memory shared by processes
 * @digest: of all datagrams and events
 * @done_ns: when all had arrived, of the run
 * @closed_ns: when both ends were closed
 * @dgrams: sent by both
 * @lost: packets declared lost by both
 * @steps: of the loop
 * @state: what became of it
 * @why: rule that was broken, when @state is SIM_FAILED
 */
struct sim_result {
	u64 digest;
	u64 done_ns;
	u64 closed_ns;
	u64 dgrams;
	u64 lost;
	u64 steps;
	enum sim_state {
		SIM_NOT_RUN,
		SIM_PASSED,
		SIM_FAILED,
		SIM_CRASHED,
	} state;
	char why[168];
};

struct sim_watch;
struct sim_record;

/**
 * struct sim_run - one run
 * @p: the pair
 * @sc: what is played
 * @r: result
 * @w: watcher
 * @rec: recorder or NULL
 * @queue: see pair_cfg.shared
 * @late: see struct pair_cfg
 */
struct sim_run {
	struct pair *p;
	const struct sim_scenario *sc;
	struct sim_result *r;
	struct sim_watch *w;
	struct sim_record *rec;
	struct pair_queue *queue[2];
	u64 late;
};

/**
 * sim_begin - create a pair that plays a scenario
 * @s: run; @sc, @r and @rec are set
 * @seed: of all dice
 */
void sim_begin(struct sim_run *s, u64 seed);

/* The same beside runs that have begun: all of a process share one host. */
void sim_join(struct sim_run *s, u64 seed);

/* Free it, where sim_finish() is another's to call. */
void sim_leave(struct sim_run *s);

/* Play it to its end and judge. */
void sim_play(struct sim_run *s);

/* End the connection as @sc says, wait for both, and judge. */
void sim_close(struct sim_run *s);

/* Free everything and see that nothing is left. */
void sim_finish(struct sim_run *s);

/* The first reason counts. */
__attribute__((__format__(__printf__, 2, 3)))
void sim_fail(struct sim_run *s, const char *fmt, ...);

/* All of it. */
void sim_run(const struct sim_scenario *sc, u64 seed, struct sim_result *r,
	     struct sim_record *rec);

/* ---- sweep.c: the same run many times, with one thing different ---- */

/**
 * struct sim_sweep - a row
 * @n: runs
 * @run: one of them
 */
struct sim_sweep {
	const char *name;		/* for the command line */
	const char *what;		/* for a person */
	u32 n;
	void (*run)(u32 i, struct sim_result *r, struct sim_record *rec);
};

extern const struct sim_sweep sim_sweeps[];
extern const u32 sim_n_sweeps;

/* Of those, in rivals.c and token.c. */
void sim_rivals_cubic(u32 i, struct sim_result *r, struct sim_record *rec);
void sim_rivals_cubic_late(u32 i, struct sim_result *r, struct sim_record *rec);
void sim_rivals_cubic_far(u32 i, struct sim_result *r, struct sim_record *rec);
void sim_rivals_newreno(u32 i, struct sim_result *r, struct sim_record *rec);
void sim_rivals_newreno_late(u32 i, struct sim_result *r, struct sim_record *rec);
void sim_rivals_mixed(u32 i, struct sim_result *r, struct sim_record *rec);
void sim_next_time(u32 i, struct sim_result *r, struct sim_record *rec);

/* ---- watch.c: rules seen from outside ---- */

struct sim_watch *sim_watch_new(struct sim_run *s);
void sim_watch_free(struct sim_watch *w);
extern const struct pair_hooks sim_watch_hooks;

/* DATAGRAM frames of @from in packets that reached the other core. */
u64 sim_watch_msgs(const struct sim_watch *w, enum pair_side from);

/* A packet's record; @lost is for the recorder. */
struct sim_pkt {
	u64 sent;
	u64 opened;		/* 0: not yet */
	u16 size;
	u32 gen;		/* of its keys, 1-RTT */
	bool eliciting;
	bool acked;
	bool lost;
	u16 msgs;		/* DATAGRAM frames in it */
};

/* What the watcher knows of packet @pn that @from sent, or NULL. */
struct sim_pkt *sim_watch_pkt(struct sim_watch *w, enum pair_side from,
			      enum quic_space space, u64 pn);
u64 sim_watch_digest(const struct sim_watch *w);
void sim_watch_mix(struct sim_watch *w, u64 v);

/* ---- record.c: evidence, and what pictures are drawn from ---- */

/**
 * struct sim_sample - one end after a step
 * @at: ns of the run
 * @lost: packets declared lost since the sample before
 */
struct sim_sample {
	u64 at;
	u64 cwnd;			/* bytes */
	u64 ssthresh;			/* bytes */
	u64 in_flight;			/* bytes */
	u64 latest_rtt;			/* ns */
	u64 smoothed_rtt;		/* ns */
	u64 min_rtt;			/* ns */
	u32 lost;
};

/* @received bytes of flow @flow had been read @at. */
struct sim_delivery {
	u64 at;
	u32 flow;
	u64 received;
};

/**
 * struct sim_record - of one run
 * @qlog: [client, server], or NULL
 * @pcap: or NULL
 * @samples: [client, server], when @keep
 * @deliveries: when @keep
 * @settled: packets below are acknowledged or reported as lost
 */
struct sim_record {
	FILE *qlog[2];
	FILE *pcap;
	bool keep;			/* fill the arrays */
	struct sim_sample *samples[2];
	u32 n_samples[2];		/* filled */
	struct sim_delivery *deliveries;
	u32 n_deliveries;		/* filled */
	u64 *received;		/* of each flow, as noted last */
	u64 settled[2][QUIC_SPACES];
	struct sim_sample last[2];	/* sample of each end */
};

/**
 * sim_record_new - begin one
 * @dir: gets client.sqlog, server.sqlog and sim.pcap; NULL: keep samples instead
 */
struct sim_record *sim_record_new(const char *dir);
void sim_record_free(struct sim_record *rec);
void sim_record_sent(struct sim_record *rec, struct sim_run *s, enum pair_side from,
		     const struct pair_dgram *d);
void sim_record_opened(struct sim_record *rec, struct sim_run *s, enum pair_side to,
		       const struct quic_rx_pkt *pkts, u32 n);
void sim_record_step(struct sim_record *rec, struct sim_run *s);

/* ---- qlog.c: one line each; @at in ns of the run ---- */

void qlog_begin(FILE *f, enum pair_side side);
void qlog_packet(FILE *f, u64 at, bool sent, const struct quic_rx_pkt *pkt, u8 exponent);
void qlog_lost(FILE *f, u64 at, enum quic_space space, u64 pn);
void qlog_metrics(FILE *f, const struct sim_sample *m, u32 pto_count);

/* ---- pool.c: processes ---- */

/**
 * struct sim_job - runs to spread
 * @n: how many
 * @first: take no more once one failed: all before that are done then
 * @results: n of them, from sim_results()
 * @run: does one
 * @priv: for @run
 */
struct sim_job {
	u32 n;
	bool first;
	struct sim_result *results;
	void (*run)(void *priv, u32 i, struct sim_result *r);
	void *priv;
};

/* Results in memory that processes share. */
struct sim_result *sim_results(u32 n);
void sim_results_free(struct sim_result *r, u32 n);

/**
 * sim_pool - run them all
 * @job: what
 * @procs: processes
 *
 * A run that kills its process, or takes more than 30 s of its time, is
 * SIM_CRASHED, and a new process goes on behind it.
 */
void sim_pool(const struct sim_job *job, u32 procs);

/* ---- report.c ---- */

/* Draw into @dir. Return: 0 or 1. */
int sim_report(const char *dir);

#endif /* SIM_H */
