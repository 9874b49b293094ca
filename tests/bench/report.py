#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Medians, ratios and a plot of the runs of tests/bench/run.

  report.py [--icount] -o OUT.jsonl -s PLOT.svg RUNS.jsonl

Ratios are taken within a round, where all modes ran one after another, and their
median is the figure: what slows the machine for a while slows both sides of it. The
spread is that from the lowest to the highest, over the median.
"""
import argparse
import html
import json
import statistics
import sys

MODES = ("quic", "ktls", "tcp", "ngtcp2")
COLOURS = {"quic": "#1f6fb4", "ktls": "#d1702a", "tcp": "#8a8a8a", "ngtcp2": "#5a9e5a"}
RIVALS = MODES[1:]


def read_runs(path):
    """The runs, by link and message in their order, mode and round."""
    runs = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            r = json.loads(line)
            modes = runs.setdefault((r["link"], r["message"]), {})
            modes.setdefault(r["mode"], {})[r["round"]] = r
    return runs


def summary(values):
    """Median and spread of at least one value."""
    mid = statistics.median(values)
    return mid, (max(values) - min(values)) / mid if mid else 0.0


def figures(runs, prefix):
    """What is to be known, as (name, value, unit, spread, note)."""
    for (link, message), modes in runs.items():
        for rival in RIVALS:
            both = sorted(set(modes.get("quic", {})) & set(modes.get(rival, {})))
            if not both:
                continue
            ratios = [modes["quic"][n]["mb_per_s"] / modes[rival][n]["mb_per_s"] for n in both]
            yield (f"{prefix}.{link}.{message}.over_{rival}", *summary(ratios), "ratio",
                   modes["quic"][both[0]])
    for (link, message), modes in runs.items():
        for mode in MODES:
            if mode in modes:
                rates = [r["mb_per_s"] for r in modes[mode].values()]
                yield (f"{prefix}.{link}.{message}.{mode}", *summary(rates), "MB/s",
                       next(iter(modes[mode].values())))


def write_figures(out, found):
    with open(out, "w", encoding="utf-8") as f:
        for name, value, spread, unit, run in found:
            line = {"name": name, "value": round(value, 4), "unit": unit,
                    "spread": round(spread, 4), "kernel": run["kernel"],
                    "driver": run["driver"], "mtu": run["mtu"], "async": run["async"]}
            f.write(json.dumps(line) + "\n")


def print_table(runs, icount):
    """For people: ratios first."""
    print(f"{'link':10}{'bytes':>7}{'/ ktls':>9}{'/ tcp':>8}{'/ ngtcp2':>10}"
          f"{'QUIC MB/s':>12}{'spread':>9}{'kTLS':>8}{'TCP':>9}{'ngtcp2':>8}")
    for (link, message), modes in runs.items():
        mid = {m: summary([r["mb_per_s"] for r in modes[m].values()]) for m in modes}
        ratio = {}
        for rival in RIVALS:
            both = set(modes.get("quic", {})) & set(modes.get(rival, {}))
            if both:
                ratio[rival] = statistics.median(
                    modes["quic"][n]["mb_per_s"] / modes[rival][n]["mb_per_s"] for n in both)

        def show(table, mode, form, at=None):
            if mode not in table:
                return "-"
            return format(table[mode] if at is None else table[mode][at], form)

        print(f"{link:10}{message:>7}{show(ratio, 'ktls', '.2f'):>9}"
              f"{show(ratio, 'tcp', '.2f'):>8}{show(ratio, 'ngtcp2', '.2f'):>10}"
              f"{show(mid, 'quic', '.1f', 0):>12}{show(mid, 'quic', '.0%', 1):>9}"
              f"{show(mid, 'ktls', '.1f', 0):>8}{show(mid, 'tcp', '.1f', 0):>9}"
              f"{show(mid, 'ngtcp2', '.1f', 0):>8}")
    what = "instructions executed" if icount else "emulated CPU"
    print(f"{what}: only ratios within one boot mean something")


def plot(path, runs, title):
    """One group of bars for each link and message, whiskers from lowest to highest."""
    bar, gap, left, top, height = 18, 26, 60, 50, 260
    group = bar * len(MODES) + gap
    width = left + group * len(runs) + 20
    most = max(r["mb_per_s"] for m in runs.values() for rounds in m.values()
               for r in rounds.values()) * 1.05
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top + height + 60}" '
           'font-family="Helvetica, Arial, sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="white"/>',
           f'<text x="{left}" y="20" font-size="15" font-weight="bold">{html.escape(title)}</text>']
    for i, mode in enumerate(MODES):
        x = left + 90 * i
        out.append(f'<rect x="{x}" y="30" width="10" height="10" fill="{COLOURS[mode]}"/>'
                   f'<text x="{x + 14}" y="39">{mode}</text>')
    for i in range(6):
        y = top + height * (1 - i / 5)
        out.append(f'<line x1="{left}" y1="{y:.1f}" x2="{width - 10}" y2="{y:.1f}" '
                   f'stroke="#ddd"/><text x="{left - 6}" y="{y + 4:.1f}" '
                   f'text-anchor="end">{most * i / 5:.0f}</text>')
    for g, ((link, message), modes) in enumerate(runs.items()):
        x0 = left + group * g + gap / 2
        for i, mode in enumerate(MODES):
            rates = [r["mb_per_s"] for r in modes.get(mode, {}).values()]
            if not rates:
                continue
            x, mid = x0 + bar * i, statistics.median(rates)
            y, lo, hi = (top + height * (1 - v / most) for v in (mid, min(rates), max(rates)))
            out.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{bar - 3}" '
                       f'height="{top + height - y:.1f}" fill="{COLOURS[mode]}"/>'
                       f'<line x1="{x + 7:.1f}" x2="{x + 7:.1f}" y1="{lo:.1f}" y2="{hi:.1f}" '
                       'stroke="#222"/>')
        out.append(f'<text x="{x0 + bar * 2:.1f}" y="{top + height + 18}" '
                   f'text-anchor="middle">{link}</text>'
                   f'<text x="{x0 + bar * 2:.1f}" y="{top + height + 34}" '
                   f'text-anchor="middle">{message}</text>')
    out.append(f'<text x="12" y="{top + height / 2}" transform="rotate(-90 12 '
               f'{top + height / 2})" text-anchor="middle">MB/s</text></svg>')
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(out) + "\n")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("--icount", action="store_true", help="the runs counted instructions")
    p.add_argument("-o", "--output", required=True, help="JSON lines of figures")
    p.add_argument("-s", "--svg", required=True, help="plot")
    p.add_argument("runs", help="JSON lines of runs")
    a = p.parse_args()
    runs = read_runs(a.runs)
    if not runs:
        sys.exit("report.py: no run in " + a.runs)
    found = list(figures(runs, "icount" if a.icount else "bulk"))
    write_figures(a.output, found)
    print_table(runs, a.icount)
    one = found[0][4]
    plot(a.svg, runs, f"One stream, {one['kernel']}, {one['driver']}, "
         + ("instructions counted" if a.icount else "emulated CPU"))


if __name__ == "__main__":
    main()
