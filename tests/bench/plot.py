# SPDX-License-Identifier: GPL-2.0
"""Bars as SVG: one plot for each unit that tests/bench/report.py has.

A row for each case and a bar for each mode, to the right, so that names of any length can
be read; a whisker from the lowest to the highest round. Values stand at the bars' ends, and
the ratio to kTLS, which is the figure, beside the case's name.
"""
import html

import figures

COLOURS = {"quic": "#1f6fb4", "ktls": "#d1702a", "tcp": "#8a8a8a", "ngtcp2": "#5a9e5a"}
LABELS = {"quic": "QUIC, kernel", "ktls": "kTLS", "tcp": "TCP", "ngtcp2": "libngtcp2"}
LEFT, WIDTH, BAR, GAP, TOP = 240, 460, 14, 16, 64
KINDS = (
    ("throughput", figures.RATES, False, "MB/s"),
    ("round-trip", ("rr",), False, "us, median; less is better"),
    ("handshakes", ("handshakes",), False, "connections per second"),
    ("icount", figures.RATES, True, "MB in 10^9 instructions"),
    ("icount-round-trip", ("rr",), True, "thousands of instructions; less is better"),
)


def text(x, y, s, anchor="start", size=12, weight="normal", fill="#222"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
            f'font-weight="{weight}" fill="{fill}">{html.escape(s)}</text>')


def rect(x, y, w, h, fill):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" fill="{fill}"/>'


def bars(key, modes, table, y, scale):
    """A case's group. Return: its elements and where the next one begins."""
    name, field = figures.name_of(key), figures.PARTS[key[1]][1]
    out = [text(LEFT - 10, y + BAR, name, "end", weight="bold")]
    if f"{name}.over_ktls" in table:
        out.append(text(LEFT - 10, y + 2 * BAR + 2, f"{table[f'{name}.over_ktls']['value']:.2f} of kTLS", "end"))
    for mode in figures.MODES:
        if mode not in modes:
            continue
        values = [r["run"][field] for r in modes[mode].values()]
        mid, low, high = figures.summary(values)[0] * scale, min(values) * scale, max(values) * scale
        out.append(rect(LEFT, y, mid, BAR - 2, COLOURS[mode]))
        if high > low:
            out.append(f'<path d="M{LEFT + low:.1f} {y + BAR / 2 - 1:.1f}H{LEFT + high:.1f}" stroke="#222"/>')
        out.append(text(LEFT + high + 6, y + BAR - 3, f"{mid / scale:.4g}", size=11))
        y += BAR
    return out, y + GAP


def plot(path, runs, table, title, unit):
    most = max(r["run"][figures.PARTS[k[1]][1]] for k, modes in runs.items()
               for rounds in modes.values() for r in rounds.values())
    out, y, x = [], TOP, LEFT
    for mode in figures.MODES:
        if any(mode in m for m in runs.values()):
            out += [rect(x, 34, 10, 10, COLOURS[mode]), text(x + 14, 44, LABELS[mode])]
            x += 110
    for key, modes in runs.items():
        group, y = bars(key, modes, table, y, WIDTH / most)
        out += group
    one = next(iter(table.values()))
    out += [text(16, 22, title, size=15, weight="bold"),
            text(16, y + 6, f"{unit}; {one['kernel']}, {one['driver']}, emulated CPU", fill="#555")]
    with open(path, "w", encoding="utf-8") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 90} {y + 20}" '
                'font-family="Helvetica, Arial, sans-serif">\n<rect width="100%" height="100%" fill="white"/>\n'
                + "\n".join(out) + "\n</svg>\n")


def all_plots(prefix, runs, table):
    for name, parts, icount, unit in KINDS:
        chosen = {k: m for k, m in runs.items() if k[0] == icount and k[1] in parts}
        if chosen:
            plot(f"{prefix}-{name}.svg", chosen, table, "QUIC in the kernel beside TCP, kTLS, libngtcp2: "
                 + name.replace("-", " "), unit)
