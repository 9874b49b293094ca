#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Medians, ratios and plots of the runs of tests/bench/run.

  report.py -o OUT.jsonl -s PLOTS RUNS.jsonl

Prints tables for people, ratios first; writes a figure a line, and PLOTS-NAME.svg for
each kind of figure that there is.
"""
import argparse
import json
import sys

sys.dont_write_bytecode = True     # nothing is made beside the sources

import figures
import plot

NAME, CELL = 30, 11     # widths of columns


def print_table(title, head, rows):
    print(f"\n{title}")
    for row in [head, *rows]:
        print(f"{row[0]:{NAME}}" + "".join(f"{c:>{CELL}}" for c in row[1:]))


def cell(table, name, form):
    return format(table[name]["value"], form) if name in table else "-"


def rows_of(runs, table, parts, icount, unit):
    """A row for each case: ratios, then what they are made of."""
    rows = []
    for key in runs:
        if key[0] != icount or key[1] not in parts:
            continue
        name = figures.name_of(key)
        own = name + ".quic" + (".p50" if unit == "us" else "")
        row = [name] + [cell(table, f"{name}.over_{r}", ".2f") for r in figures.RIVALS]
        if icount and "bulk" in parts:
            row.append(cell(table, f"{name}.over_ktls_besides_aead", ".2f"))
        row.append(f"{table[own]['spread']:.0%}" if own in table else "-")
        row += [cell(table, f"{name}.{m}" + (".p50" if unit == "us" else ""), ".1f")
                for m in figures.MODES]
        rows.append(row)
    return rows


def print_all(runs, table):
    over = ["/ ktls", "/ tcp", "/ ngtcp2"]
    modes = ["spread", "QUIC", "kTLS", "TCP", "ngtcp2"]
    kinds = (("throughput, MB/s", figures.RATES, False, "MB/s"),
             ("round trip, median, us; less is better", ("rr",), False, "us"),
             ("connections per second", ("handshakes",), False, "1/s"),
             ("instructions counted: throughput, MB in 10^9 instructions", figures.RATES, True, "MB/s"),
             ("instructions counted: round trip, thousands; less is better", ("rr",), True, "us"),
             ("instructions counted: connections in 10^9", ("handshakes",), True, "1/s"))
    for title, parts, icount, unit in kinds:
        rows = rows_of(runs, table, parts, icount, unit)
        if rows:
            more = ["no AEAD"] if icount and "bulk" in parts else []
            print_table(title, ["", *over, *more, *modes], rows)


def print_counts(table):
    names = [n for n, f in table.items() if n == "icount.insn_per_packet_side" or "packet" in n
             or "per_byte" in n or "endpoint" in n]
    if names:
        print("\ncounted")
    for n in dict.fromkeys(names):
        f = table[n]
        print(f"{n:34}{f['value']:>12g} {f['unit']}; {f.get('note', '')}")


def print_context(table):
    said = {}
    for f in table.values():
        said.setdefault(f["link"], f)
    print()
    for link, f in said.items():
        print(f"{link}: MTU {f['mtu']}, datagrams of {f.get('datagram', '-')} bytes, {f['offloads']}")
    print(f"{f['kernel']}, AES-128-GCM by {f['driver']}, asynchronous completions: "
          f"{max(f['async'] for f in table.values())}")
    print("emulated CPU: only ratios within one boot mean something")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("-o", "--output", required=True, help="JSON lines of figures")
    p.add_argument("-s", "--svg", required=True, help="plots: how their names begin")
    p.add_argument("runs", help="JSON lines of runs")
    a = p.parse_args()
    runs, counts = figures.read_runs(a.runs)
    if not runs and not counts:
        sys.exit("report.py: no run in " + a.runs)
    table = {f["name"]: f for f in figures.figures(runs, counts)}
    with open(a.output, "w", encoding="utf-8") as out:
        for f in table.values():
            out.write(json.dumps(f) + "\n")
    print_all(runs, table)
    print_counts(table)
    print_context(table)
    plot.all_plots(a.svg, runs, table)


if __name__ == "__main__":
    main()
