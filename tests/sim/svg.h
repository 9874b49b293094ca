/* SPDX-License-Identifier: GPL-2.0 */
/* Line charts as SVG: panels with axes, lines, marks and a legend. */
#ifndef SIM_SVG_H
#define SIM_SVG_H

#include <stdio.h>

/**
 * struct svg_panel - one pair of axes
 * @x: left end on the picture, pixels
 * @y: upper end
 * @w: width
 * @h: height
 * @x_max: right end of the axis of x, which begins at 0
 * @y_max: upper end of the axis of y, which begins at 0
 * @x_label: under the axis, with its unit; NULL: no numbers either
 * @y_label: left of it
 * @last_x: the line that is being drawn: its last point, pixels
 * @last_y: the same
 * @points: how many it has
 * @legend: rows that the legend has
 */
struct svg_panel {
	double x, y, w, h;
	double x_max, y_max;
	const char *x_label;
	const char *y_label;
	double last_x, last_y;
	int points;
	int legend;
};

FILE *svg_open(const char *dir, const char *name, const char *title, int w, int h);
void svg_close(FILE *f);

/* Axes, grid, numbers. */
void svg_axes(FILE *f, struct svg_panel *p);

/* A shaded part of the axis of x, with a word at its top. */
void svg_band(FILE *f, const struct svg_panel *p, double from, double to,
	      const char *colour, const char *text);

/* A line: begin, points in order of x, end. */
void svg_line_begin(FILE *f, struct svg_panel *p, const char *colour, double width,
		    const char *dash);
void svg_point(FILE *f, struct svg_panel *p, double x, double y);
void svg_line_end(FILE *f);

/* A mark at the bottom of the panel. */
void svg_tick(FILE *f, const struct svg_panel *p, double x, const char *colour);

/* A row of the legend, right of the panel. */
void svg_legend(FILE *f, struct svg_panel *p, const char *colour, const char *dash,
		const char *name);

#endif /* SIM_SVG_H */
