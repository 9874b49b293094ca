// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * quicd: the handshake daemon of quicsock.
 *
 *	quicsock.ko <--- generic netlink "quic_hs" ---> workers (worker.c)
 *	                                                   |  wire.c
 *	   main thread: signals, reload, family      engine.c: GnuTLS
 *	   config.c                                  hello.c verify.c reason.c
 *
 * The main thread reads the configuration, starts one pool of workers and then
 * waits: for signals (SIGHUP reload, SIGUSR1 statistics, SIGTERM and SIGINT
 * end), for the pool (all registered, or one failed) and for news of the
 * family. Signals are blocked in every thread and read from a signalfd, so
 * there is no signal handler and no async-signal-safe code.
 *
 * The module may be unloaded and loaded again under a running daemon: the pool
 * is stopped when the family goes and started when it is back.
 *
 * Exit status: 0 asked to end; 1 cannot serve, the last line says why and what
 * to do; 2 wrong usage or configuration.
 *
 * Not here: daemonising. Whoever starts quicd keeps it in the foreground.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <netlink/socket.h>
#include <urcu.h>

#include "config.h"
#include "netlink.h"
#include "notify.h"
#include "worker.h"

enum {
	EXIT_OK,
	EXIT_FAIL,
	EXIT_USAGE,
	RUN_ON = -1,
};

/**
 * struct daemon - what the main thread holds
 * @config_path: quicd.conf
 * @config_given: by -c: it must exist
 * @check_only: -t
 * @wait: -w
 * @ready_fd: --ready-fd, -1 for none
 * @signal_fd: SIGHUP, SIGUSR1, SIGTERM, SIGINT
 * @events: news of families
 * @workers: how many; fixed at start
 * @links: their sockets
 * @pool: NULL while the family is absent
 * @announced: "ready" was said for this pool
 */
struct daemon {
	const char *config_path;
	bool config_given;
	bool check_only;
	bool wait;
	int ready_fd;
	int signal_fd;
	struct nl_sock *events;
	unsigned int workers;
	struct link *links;
	struct pool *pool;
	bool announced;
};

static const char usage[] =
"Usage: quicd [OPTION]...\n"
"Runs the TLS handshakes of QUIC sockets for the kernel module quicsock.\n"
"\n"
"  -c, --config FILE   configuration, default " CONFIG_FILE "\n"
"  -t, --test          check the configuration and exit\n"
"  -w, --wait          wait until quicsock is loaded instead of giving up\n"
"  -f, --foreground    accepted for compatibility; quicd never detaches\n"
"      --ready-fd N    write a newline to descriptor N once registered\n"
"  -h, --help          this text\n"
"  -V, --version       the version\n"
"\n"
"SIGHUP reloads the configuration, SIGUSR1 logs statistics.\n"
"See quicd(8) and quicd.conf(5).\n";

/* Return: RUN_ON or an exit status. */
static int parse_options(struct daemon *d, int argc, char **argv)
{
	static const struct option options[] = {
		{ "config",	required_argument, NULL, 'c' },
		{ "test",	no_argument,	   NULL, 't' },
		{ "wait",	no_argument,	   NULL, 'w' },
		{ "foreground",	no_argument,	   NULL, 'f' },
		{ "ready-fd",	required_argument, NULL, 'r' },
		{ "help",	no_argument,	   NULL, 'h' },
		{ "version",	no_argument,	   NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "c:twfhV", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			d->config_path = optarg;
			d->config_given = true;
			break;
		case 't':
			d->check_only = true;
			break;
		case 'w':
			d->wait = true;
			break;
		case 'f':
			break;
		case 'r':
			d->ready_fd = (int)strtol(optarg, &end, 10);
			if (!*optarg || *end || d->ready_fd < 0) {
				log_error("--ready-fd wants a number");
				return EXIT_USAGE;
			}
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_OK;
		case 'V':
			puts("quicd " QUICD_VERSION);
			return EXIT_OK;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return RUN_ON;
	log_error("unexpected argument '%s'; see quicd --help", argv[optind]);
	return EXIT_USAGE;
}

/* Keys in memory: no core dumps, no ptrace by others of our uid. */
static void protect_memory(void)
{
	const struct rlimit none = { 0, 0 };

	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ---- the pool ---- */

static void close_links(struct daemon *d)
{
	for (unsigned int i = 0; i < d->workers; i++) {
		if (d->links[i].sk)
			netlink_close_link(&d->links[i]);
	}
}

static void stop_pool(struct daemon *d)
{
	if (d->pool)
		pool_stop(d->pool);
	d->pool = NULL;
	close_links(d);
}

/* Return: RUN_ON, also when there is nothing to serve yet, or exit status. */
static int start_pool(struct daemon *d)
{
	int family = netlink_resolve();
	int err;

	if (family == -ENOENT && d->wait) {
		log_info("waiting for quicsock to be loaded");
		notify_systemd("READY=1\nSTATUS=waiting for quicsock");
		return RUN_ON;
	}
	if (family == -ENOENT) {
		log_error("the kernel has no quic_hs: load the module (modprobe"
			  " quicsock), or start quicd with --wait");
		return EXIT_FAIL;
	}
	if (family < 0) {
		log_error("cannot use generic netlink: %s", strerror(-family));
		return EXIT_FAIL;
	}
	for (unsigned int i = 0; i < d->workers; i++) {
		err = netlink_open_link(&d->links[i]);
		if (err) {
			log_error("cannot open a netlink socket: %s",
				  strerror(-err));
			close_links(d);
			return EXIT_FAIL;
		}
	}
	d->announced = false;
	d->pool = pool_start(d->workers, (uint16_t)family, d->links);
	if (d->pool)
		return RUN_ON;
	log_error("cannot start %u workers; set fewer in %s", d->workers,
		  d->config_path);
	close_links(d);
	return EXIT_FAIL;
}

static void announce(struct daemon *d)
{
	char state[64];

	if (d->announced)
		return;
	d->announced = true;
	printf("quicd: %u workers ready\n", d->workers);
	fflush(stdout);
	snprintf(state, sizeof(state), "READY=1\nSTATUS=%u workers ready",
		 d->workers);
	notify_systemd(state);
	if (d->ready_fd < 0)
		return;
	if (write(d->ready_fd, "\n", 1) != 1)
		log_warning("cannot write to descriptor %d", d->ready_fd);
	close(d->ready_fd);
	d->ready_fd = -1;
}

/* A worker cannot go on. Return: RUN_ON or an exit status. */
static int pool_failed(struct daemon *d, int err)
{
	stop_pool(d);
	if (err == -ENOENT) {		/* the family went just now */
		d->wait |= d->announced;
		return start_pool(d);
	}
	if (err == -EPERM)
		log_error("the kernel refuses to register us: quicd needs"
			  " CAP_NET_ADMIN in this network namespace; run it as"
			  " root");
	else
		log_error("a worker failed: %s", strerror(-err));
	return EXIT_FAIL;
}

static int on_pool(struct daemon *d)
{
	uint64_t n;
	int status;

	if (read(pool_event_fd(d->pool), &n, sizeof(n)) < 0)
		return RUN_ON;
	status = pool_status(d->pool);
	if (status < 0)
		return pool_failed(d, status);
	if (status)
		announce(d);
	return RUN_ON;
}

static int on_family(struct daemon *d)
{
	switch (netlink_read_events(d->events)) {
	case FAMILY_CAME:
		return d->pool ? RUN_ON : start_pool(d);
	case FAMILY_WENT:
		log_info("quicsock was unloaded");
		stop_pool(d);
		d->wait = true;		/* it was there: it may come back */
		return start_pool(d);
	case FAMILY_SAME:
		break;
	}
	return RUN_ON;
}

/* ---- configuration ---- */

static void apply(struct config *cfg)
{
	log_set_level(cfg->log_level);
	if (cfg->keylog_fd >= 0)
		log_warning("session keys are being logged; whoever reads the"
			    " key log reads the traffic");
	config_publish(cfg);
}

static void reload(struct daemon *d)
{
	char error[CONFIG_ERROR_MAX];
	struct config *cfg;
	unsigned int generation, old;

	notify_systemd("RELOADING=1");
	cfg = config_load(d->config_path, !d->config_given, error);
	if (!cfg) {
		log_error("%s", error);
		log_error("the old configuration stays in force");
		notify_systemd("READY=1\nSTATUS=reload failed, see the log");
		return;
	}
	if (cfg->workers != d->workers)
		log_warning("workers stays %u until quicd is restarted",
			    d->workers);
	generation = cfg->generation;
	apply(cfg);
	old = d->pool ? pool_count_old(d->pool, generation) : 0;
	log_info("reloaded %s; %u handshakes finish under the old one",
		 d->config_path, old);
	notify_systemd("READY=1\nSTATUS=reloaded");
}

static int on_signal(struct daemon *d)
{
	struct signalfd_siginfo info;

	if (read(d->signal_fd, &info, sizeof(info)) != sizeof(info))
		return RUN_ON;
	switch (info.ssi_signo) {
	case SIGHUP:
		reload(d);
		return RUN_ON;
	case SIGUSR1:
		if (d->pool)
			pool_print(d->pool);
		else
			log_info("waiting for quicsock to be loaded");
		return RUN_ON;
	default:
		return EXIT_OK;
	}
}

static int serve(struct daemon *d)
{
	struct pollfd fds[3] = {
		{ .fd = d->signal_fd, .events = POLLIN },
		{ .fd = nl_socket_get_fd(d->events), .events = POLLIN },
		{ .events = POLLIN },
	};
	int status = start_pool(d);

	while (status == RUN_ON) {
		fds[2].fd = d->pool ? pool_event_fd(d->pool) : -1;
		if (poll(fds, 3, -1) < 0) {
			if (errno != EINTR)
				return EXIT_FAIL;
			continue;
		}
		if (fds[0].revents)
			status = on_signal(d);
		if (status == RUN_ON && fds[2].revents)
			status = on_pool(d);
		if (status == RUN_ON && fds[1].revents)
			status = on_family(d);
	}
	notify_systemd("STOPPING=1");
	stop_pool(d);
	return status;
}

static int start(struct daemon *d)
{
	char error[CONFIG_ERROR_MAX];
	struct config *cfg;
	int status;

	cfg = config_load(d->config_path, !d->config_given, error);
	if (!cfg) {
		log_error("%s", error);
		return EXIT_USAGE;
	}
	if (d->check_only) {
		config_put(cfg);
		return EXIT_OK;
	}
	d->workers = cfg->workers;
	apply(cfg);
	d->links = calloc(d->workers, sizeof(*d->links));
	d->signal_fd = open_signals();
	d->events = netlink_open_events();
	if (d->links && d->signal_fd >= 0 && d->events) {
		status = serve(d);
	} else {
		log_error("cannot start: %s", strerror(errno));
		status = EXIT_FAIL;
	}
	if (d->events)
		nl_socket_free(d->events);
	free(d->links);
	config_publish(NULL);
	return status;
}

/**
 * main - entry point
 * @argc: number of arguments
 * @argv: arguments, see quicd(8)
 *
 * Return: exit status, see the top of this file.
 */
int main(int argc, char **argv)
{
	struct daemon d = { .config_path = CONFIG_FILE, .ready_fd = -1 };
	int status = parse_options(&d, argc, argv);

	if (status != RUN_ON)
		return status;
	protect_memory();
	rcu_register_thread();
	status = start(&d);
	rcu_unregister_thread();
	return status;
}
