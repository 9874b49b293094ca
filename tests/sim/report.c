// SPDX-License-Identifier: GPL-2.0
/*
 * Pictures of simulated transfers, for somebody who wants to see how the transport
 * behaves: window, round trip and losses over time for some paths and both
 * controllers, and that a stream which loses its packets holds up no other.
 *
 * The last is judged too: a picture that does not show what its title says is a
 * failure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "sim.h"
#include "svg.h"
#include "../../kmod/core/wire_frame.h"

#define WIDTH	1000
#define LEFT	70
#define PLOT_W	760

static const struct view {
	const char *file;
	const char *title;
	const char *text;
	struct sim_scenario sc;
} views[] = {
	{
		"cubic.svg", "CUBIC, 20 Mbit/s, 40 ms, a queue of 100 KB",
		"Slow start overruns the queue once; then the curve of RFC 9438: concave to the "
		"window of the last loss, convex beyond. The round trip grows with the queue.",
		{
			.link = {
				{ .delay = 20 * MS, .rate = MBIT(20), .queue = 100 * KB },
				{ .delay = 20 * MS, .rate = MBIT(20), .queue = 100 * KB },
			},
			.load = { .n = { 1, 0 }, .bytes = { 40 * MB } },
		},
	}, {
		"newreno.svg", "NewReno, the same path",
		"Half the window after each loss, then one datagram per round trip.",
		{
			.link = {
				{ .delay = 20 * MS, .rate = MBIT(20), .queue = 100 * KB },
				{ .delay = 20 * MS, .rate = MBIT(20), .queue = 100 * KB },
			},
			.load = { .n = { 1, 0 }, .bytes = { 40 * MB } },
			.newreno = true,
		},
	}, {
		"loss.svg", "CUBIC, 20 Mbit/s, 40 ms, 0.5 % of the datagrams lost",
		"Losses that are no sign of a full queue keep the window down.",
		{
			.link = {
				{ .delay = 20 * MS, .rate = MBIT(20), .queue = 100 * KB,
				  .loss = 5 },
				{ .delay = 20 * MS, .rate = MBIT(20), .queue = 100 * KB,
				  .loss = 5 },
			},
			.load = { .n = { 1, 0 }, .bytes = { 15 * MB } },
		},
	}, {
		"blackout.svg", "CUBIC, 20 Mbit/s, 40 ms, nothing passes from 3 s to 5 s",
		"Probes at doubling distances, persistent congestion, slow start.",
		{
			.link = {
				{ .delay = 20 * MS, .rate = MBIT(20), .queue = 100 * KB,
				  .down_at = 3 * SEC, .down_for = 2 * SEC },
				{ .delay = 20 * MS, .rate = MBIT(20), .queue = 100 * KB,
				  .down_at = 3 * SEC, .down_for = 2 * SEC },
			},
			.load = { .n = { 1, 0 }, .bytes = { 16 * MB } },
		},
	}, {
		"satellite.svg", "CUBIC, 50 Mbit/s, 600 ms, a queue of 1 MB",
		"A window of four megabytes is a while in the making.",
		{
			.link = {
				{ .delay = 300 * MS, .rate = MBIT(50), .queue = MB },
				{ .delay = 300 * MS, .rate = MBIT(50), .queue = MB },
			},
			.load = { .n = { 1, 0 }, .bytes = { 80 * MB } },
			.window = 32 * MB, .stream_window = 32 * MB, .tx_max = 32 * MB,
		},
	},
};

static double secs(u64 ns)
{
	return ns / 1e9;
}

static double kib(u64 bytes)
{
	return bytes / 1024.0;
}

static double ms(u64 ns)
{
	return ns / 1e6;
}

static double cwnd_of(const struct sim_sample *m)
{
	return kib(m->cwnd);
}

static double in_flight_of(const struct sim_sample *m)
{
	return kib(m->in_flight);
}

static double latest_of(const struct sim_sample *m)
{
	return ms(m->latest_rtt);
}

static double smoothed_of(const struct sim_sample *m)
{
	return ms(m->smoothed_rtt);
}

static double min_of(const struct sim_sample *m)
{
	return ms(m->min_rtt);
}

/* The largest, with a little air above. */
static double top_of(const struct sim_record *rec, double (*of)(const struct sim_sample *m))
{
	double top = 1;
	u32 i;

	for (i = 0; i < rec->n_samples[0]; i++)
		top = max(top, of(&rec->samples[0][i]));
	return top * 1.08;
}

static void line(FILE *f, struct svg_panel *p, const struct sim_record *rec,
		 double (*of)(const struct sim_sample *m), const char *colour, double width,
		 const char *name)
{
	u32 i;

	svg_line_begin(f, p, colour, width, "");
	for (i = 0; i < rec->n_samples[0]; i++)
		svg_point(f, p, secs(rec->samples[0][i].at), of(&rec->samples[0][i]));
	svg_line_end(f);
	svg_legend(f, p, colour, "", name);
}

static void losses(FILE *f, struct svg_panel *p, const struct sim_record *rec)
{
	u32 i;

	for (i = 0; i < rec->n_samples[0]; i++) {
		if (rec->samples[0][i].lost)
			svg_tick(f, p, secs(rec->samples[0][i].at), "#d62728");
	}
	svg_legend(f, p, "#d62728", "2 3", "packets lost");
}

static void draw_view(const char *dir, const struct view *v, const struct sim_record *rec)
{
	double end = secs(rec->samples[0][rec->n_samples[0] - 1].at);
	struct svg_panel window = {
		.x = LEFT, .y = 40, .w = PLOT_W, .h = 280, .x_max = end,
		.y_max = max(top_of(rec, cwnd_of), top_of(rec, in_flight_of)),
		.y_label = "KiB",
	}, rtt = {
		.x = LEFT, .y = 345, .w = PLOT_W, .h = 150, .x_max = end,
		.y_max = top_of(rec, latest_of), .x_label = "time, s", .y_label = "RTT, ms",
	};
	FILE *f = svg_open(dir, v->file, v->title, WIDTH, 545);

	if (!f)
		return;
	svg_axes(f, &window);
	svg_axes(f, &rtt);
	line(f, &window, rec, in_flight_of, "#9ecae1", 1, "bytes in flight");
	line(f, &window, rec, cwnd_of, "#08519c", 1.8, "congestion window");
	losses(f, &window, rec);
	line(f, &rtt, rec, latest_of, "#fdbe85", 1, "latest");
	line(f, &rtt, rec, smoothed_of, "#d94701", 1.8, "smoothed");
	line(f, &rtt, rec, min_of, "#636363", 1, "minimum");
	svg_close(f);
}

static int view(const char *dir, const struct view *v, FILE *index)
{
	struct sim_record *rec = sim_record_new(NULL);
	struct sim_result r = {};

	sim_run(&v->sc, 1, &r, rec);
	if (r.state == SIM_PASSED)
		draw_view(dir, v, rec);
	else
		printf("sim: %s: %s\n", v->file, r.why);
	fprintf(index, "<h2>%s</h2><p>%s %.1f MiB in %.2f s; %llu packets lost of %llu.</p>\n"
		"<img src=\"%s\" alt=\"%s\">\n", v->title, v->text,
		v->sc.load.bytes[0] / 1048576.0, secs(r.done_ns), r.lost, r.dgrams, v->file,
		v->title);
	sim_record_free(rec);
	return r.state != SIM_PASSED;
}

/* ---- one stream lost ---- */

#define VICTIM	8		/* third stream of the client */
#define FROM	(600 * MS)
#define FOR	(800 * MS)

static bool carries_victim;

/* Does a datagram carry bytes of the stream that is to suffer? */
static void look(struct pair *p, enum pair_side from, const struct pair_dgram *d)
{
	struct quic_error err = {};
	struct quic_frame f;
	struct quic_rcur c;

	carries_victim = false;
	if (p->now - p->begin - FROM >= FOR || d->pkt[0].level != QUIC_CRYPTO_APP)
		return;
	c = quic_rcur_init(d->pkt[0].data, d->pkt[0].len);
	while (quic_rcur_left(&c) && !quic_frame_parse(&c, QUIC_F_1, &f, &err))
		if ((f.type & ~7ULL) == QUIC_FRAME_STREAM && f.u.stream.id == VICTIM)
			carries_victim = true;
}

static bool victim_dropped(struct pair *p, enum pair_side from, u64 n)
{
	return carries_victim;
}

static const struct sim_scenario one_stream = {
	.name = "one stream lost",
	.link = {
		{ .delay = 20 * MS, .rate = MBIT(20), .queue = 200 * KB, .tap = look,
		  .drop = victim_dropped },
		{ .delay = 20 * MS, .rate = MBIT(20), .queue = 200 * KB },
	},
	.load = { .n = { 4, 0 }, .bytes = { 1500 * KB } },
	.window = 8 * MB, .stream_window = 2 * MB, .tx_max = 8 * MB,
};

/* Bytes of a flow that had been read by @at. */
static u64 received_by(const struct sim_record *rec, u32 flow, u64 at)
{
	u64 n = 0;
	u32 i;

	for (i = 0; i < rec->n_deliveries && rec->deliveries[i].at <= at; i++) {
		if (rec->deliveries[i].flow == flow)
			n = rec->deliveries[i].received;
	}
	return n;
}

static void draw_streams(const char *dir, const struct sim_record *rec)
{
	static const char *const colours[] = { "#1b9e77", "#7570b3", "#d62728", "#e6ab02" };
	struct svg_panel p = {
		.x = LEFT, .y = 40, .w = PLOT_W, .h = 380, .y_max = 1600,
		.x_max = secs(rec->deliveries[rec->n_deliveries - 1].at) * 1.02,
		.x_label = "time, s", .y_label = "delivered in order, KiB",
	};
	FILE *f = svg_open(dir, "streams.svg", "One stream lost, the others flow", WIDTH, 470);
	char name[40];
	u32 flow, i;

	if (!f)
		return;
	svg_band(f, &p, secs(FROM), secs(FROM + FOR), "#fbeaea", "stream 8 is lost");
	svg_axes(f, &p);
	for (flow = 0; flow < 4; flow++) {
		svg_line_begin(f, &p, colours[flow], 2, "");
		svg_point(f, &p, 0, 0);
		for (i = 0; i < rec->n_deliveries; i++) {
			if (rec->deliveries[i].flow == flow)
				svg_point(f, &p, secs(rec->deliveries[i].at),
					  kib(rec->deliveries[i].received));
		}
		svg_line_end(f);
		snprintf(name, sizeof(name), "stream %u%s", 4 * flow,
			 4 * flow == VICTIM ? ": loses" : "");
		svg_legend(f, &p, colours[flow], "", name);
	}
	svg_close(f);
}

/*
 * While one stands still the others move, in every tenth of a second; what left
 * before has arrived by then.
 */
static const char *others_stall(const struct sim_record *rec)
{
	u64 at, before;
	u32 flow;

	for (at = FROM + 200 * MS; at + 100 * MS <= FROM + FOR; at += 100 * MS) {
		for (flow = 0; flow < 4; flow++) {
			before = received_by(rec, flow, at);
			if (before == one_stream.load.bytes[0])
				continue;
			if ((received_by(rec, flow, at + 100 * MS) == before) !=
			    (4 * flow == VICTIM))
				return 4 * flow == VICTIM ? "the lost stream moves" :
							    "a stream stalls with the lost one";
		}
	}
	return NULL;
}

static int streams(const char *dir, FILE *index)
{
	struct sim_record *rec = sim_record_new(NULL);
	struct sim_result r = {};
	const char *bad;

	sim_run(&one_stream, 1, &r, rec);
	bad = r.state == SIM_PASSED ? others_stall(rec) : r.why;
	if (rec->n_deliveries)
		draw_streams(dir, rec);
	fprintf(index, "<h2>One stream lost, the others flow</h2><p>Four streams share a "
		"connection of 20 Mbit/s and 40 ms. From %.1f s to %.1f s every datagram with "
		"bytes of stream 8 is lost: it stands still, the other three go on, and "
		"afterwards it gets what it missed.</p>\n<img src=\"streams.svg\" "
		"alt=\"offsets of four streams over time\">\n", secs(FROM), secs(FROM + FOR));
	sim_record_free(rec);
	if (bad)
		printf("sim: one stream lost: %s\n", bad);
	return !!bad;
}

int sim_report(const char *dir)
{
	char path[512];
	int bad = 0;
	FILE *f;
	u32 i;

	mkdir(dir, 0777);
	snprintf(path, sizeof(path), "%s/index.html", dir);
	f = fopen(path, "w");
	if (!f) {
		perror(path);
		return 1;
	}
	fputs("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"
	      "<title>quicsock, simulated</title><style>body{font-family:Helvetica,Arial,"
	      "sans-serif;max-width:1020px;margin:2em auto;color:#222;line-height:1.4}"
	      "img{max-width:100%;border:1px solid #ddd}h2{margin-top:2em}</style></head><body>\n"
	      "<h1>quicsock, simulated</h1><p>The kernel's protocol core in userspace, two of them "
	      "on a virtual clock (tests/sim). Everything here is the same in every run.</p>\n", f);
	bad |= streams(dir, f);
	for (i = 0; i < ARRAY_SIZE(views); i++)
		bad |= view(dir, &views[i], f);
	fputs("</body></html>\n", f);
	fclose(f);
	printf("%s\n", path);
	return bad;
}
