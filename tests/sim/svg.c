// SPDX-License-Identifier: GPL-2.0
/*
 * Line charts as SVG, without a library: what a report needs and no more.
 *
 * Axes begin at 0 and are divided by 1, 2 or 5 times a power of ten. Points of a
 * line that lie within half a pixel of the last are left out, so that a picture of
 * a hundred thousand samples stays small. Lines are drawn as steps: a value holds
 * until the next.
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include "svg.h"

#define NEAR	0.5	/* pixels */

FILE *svg_open(const char *dir, const char *name, const char *title, int w, int h)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f) {
		perror(path);
		return NULL;
	}
	fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
		"height=\"%d\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
		"<text x=\"70\" y=\"24\" font-size=\"16\" font-weight=\"bold\" fill=\"#222\">%s"
		"</text>\n", w, h, w, h, title);
	return f;
}

void svg_close(FILE *f)
{
	fputs("</svg>\n", f);
	fclose(f);
}

static double to_x(const struct svg_panel *p, double v)
{
	return p->x + p->w * fmin(v / p->x_max, 1);
}

static double to_y(const struct svg_panel *p, double v)
{
	return p->y + p->h * (1 - fmin(v / p->y_max, 1));
}

/* A round step that divides @max into about @n. */
static double step_of(double max, int n)
{
	double raw = max / n, unit = pow(10, floor(log10(raw))), m = raw / unit;

	return unit * (m <= 1 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10);
}

static void axis_x(FILE *f, const struct svg_panel *p)
{
	double step = step_of(p->x_max, 10), v;

	for (v = 0; v <= p->x_max * 1.0001; v += step) {
		fprintf(f, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
			"stroke=\"#eee\"/>\n", to_x(p, v), p->y, to_x(p, v), p->y + p->h);
		if (p->x_label)
			fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" "
				"fill=\"#444\">%g</text>\n", to_x(p, v), p->y + p->h + 16, v);
	}
	if (p->x_label)
		fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" fill=\"#222\">%s"
			"</text>\n", p->x + p->w / 2, p->y + p->h + 34, p->x_label);
}

static void axis_y(FILE *f, const struct svg_panel *p)
{
	double step = step_of(p->y_max, 5), v, mid = p->y + p->h / 2;

	for (v = 0; v <= p->y_max * 1.0001; v += step)
		fprintf(f, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
			"stroke=\"#e4e4e4\"/>\n<text x=\"%.1f\" y=\"%.1f\" "
			"text-anchor=\"end\" fill=\"#444\">%g</text>\n", p->x, to_y(p, v),
			p->x + p->w, to_y(p, v), p->x - 6, to_y(p, v) + 4, v);
	fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" fill=\"#222\" "
		"transform=\"rotate(-90 %.1f %.1f)\">%s</text>\n", p->x - 50, mid, p->x - 50, mid,
		p->y_label);
}

void svg_axes(FILE *f, struct svg_panel *p)
{
	axis_x(f, p);
	axis_y(f, p);
	fprintf(f, "<path d=\"M%.1f %.1fV%.1fH%.1f\" fill=\"none\" stroke=\"#444\"/>\n", p->x,
		p->y, p->y + p->h, p->x + p->w);
}

void svg_band(FILE *f, const struct svg_panel *p, double from, double to,
	      const char *colour, const char *text)
{
	fprintf(f, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n"
		"<text x=\"%.1f\" y=\"%.1f\" fill=\"#a33\" text-anchor=\"middle\">%s</text>\n",
		to_x(p, from), p->y, to_x(p, to) - to_x(p, from), p->h, colour,
		(to_x(p, from) + to_x(p, to)) / 2, p->y + 14, text);
}

void svg_line_begin(FILE *f, struct svg_panel *p, const char *colour, double width,
		    const char *dash)
{
	fprintf(f, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\" "
		"stroke-dasharray=\"%s\" stroke-linejoin=\"round\" d=\"", colour, width, dash);
	p->points = 0;
}

void svg_point(FILE *f, struct svg_panel *p, double x, double y)
{
	double px = to_x(p, x), py = to_y(p, y);

	bool first = !p->points++;

	if (!first && fabs(px - p->last_x) < NEAR && fabs(py - p->last_y) < NEAR)
		return;
	fprintf(f, first ? "M%.1f %.1f" : "H%.1fV%.1f", px, py);
	p->last_x = px;
	p->last_y = py;
}

void svg_legend(FILE *f, struct svg_panel *p, const char *colour, const char *dash,
		const char *name)
{
	double x = p->x + p->w + 14, y = p->y + 10 + 20 * p->legend++;

	fprintf(f, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" "
		"stroke-width=\"3\" stroke-dasharray=\"%s\"/>\n<text x=\"%.1f\" y=\"%.1f\" "
		"fill=\"#222\">%s</text>\n", x, y, x + 22, y, colour, dash, x + 28, y + 4, name);
}

void svg_line_end(FILE *f)
{
	fputs("\"/>\n", f);
}

void svg_tick(FILE *f, const struct svg_panel *p, double x, const char *colour)
{
	fprintf(f, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n",
		to_x(p, x), p->y + p->h - 10, to_x(p, x), p->y + p->h, colour);
}
