#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Figures of two revisions beside each other; is one worse than before?

  judge.py -n BOOTS [--wall] --old NAME DIR

DIR has old-CLOCK-N and new-CLOCK-N, each with a bench.jsonl. A figure is worse if its
median has changed in the bad direction by more than the noise: the larger spread of both
sides' boots, but half a per cent at least, by wall clock and of the slowest requests ten.
Only our own figures are judged: what kTLS or libngtcp2 do is no merit of a revision. Ends
with 1 if one is worse.
"""
import argparse
import json
import os
import statistics
import sys

LEAST = {"icount": 0.005, "wall": 0.10}
LEAST_P99 = 0.10    # of 500 requests it is the fifth from the top, which timers decide
LESS_IS_BETTER = ("us", "instructions", "allocations", "bytes")


def is_ours(name, unit):
    return unit != "ratio" and not any(f".{m}" in name for m in ("ktls", "tcp", "ngtcp2"))


def read(root, side, clock, boots):
    """Name: (unit, [value of each boot]); and which modules ran, one if all is well."""
    found, modules = {}, set()
    for n in range(1, boots + 1):
        path = os.path.join(root, f"{side}-{clock}-{n}", "bench.jsonl")
        with open(path, encoding="utf-8") as f:
            for r in map(json.loads, f):
                modules.add(r["module"])
                if is_ours(r["name"], r["unit"]):
                    found.setdefault(r["name"], (r["unit"], []))[1].append(r["value"])
    return found, modules


def spread(values):
    mid = statistics.median(values)
    return (max(values) - min(values)) / abs(mid) if mid else 0.0


def compare(old, new, least):
    """(name, unit, before, after, change, noise, worse) of each figure both have."""
    for name, (unit, before) in old.items():
        if name not in new:
            continue
        after = new[name][1]
        a, b = statistics.median(before), statistics.median(after)
        if not a and not b:
            change = 0.0
        else:
            change = (b - a) / abs(a) if a else float("inf")
        noise = max(least, spread(before), spread(after), LEAST_P99 if name.endswith(".p99") else 0)
        bad = change if unit in LESS_IS_BETTER else -change
        yield name, unit, a, b, change, noise, bad > noise


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("-n", "--boots", type=int, required=True)
    p.add_argument("--wall", action="store_true")
    p.add_argument("--old", required=True, help="what the other revision is called")
    p.add_argument("root")
    a = p.parse_args()
    print(f"{'':34}{a.old:>14}{'this tree':>14}{'change':>9}{'noise':>8}")
    worse = seen = 0
    for clock in ["icount"] + (["wall"] if a.wall else []):
        (old, before), (new, after) = (read(a.root, s, clock, a.boots) for s in ("old", "new"))
        if len(before) > 1 or len(after) > 1:
            sys.exit(f"judge.py: a side's boots had several modules: {before} {after}")
        if before == after:
            print(f"the module is the same, {before.pop()}: what differs is noise")
        for name, unit, x, y, change, noise, bad in compare(old, new, LEAST[clock]):
            seen += 1
            worse += bad
            print(f"{name:34}{x:14.5g}{y:14.5g}{change:+9.1%}{noise:8.1%}  {unit}{'  WORSE' if bad else ''}")
    if not seen:
        sys.exit("judge.py: nothing that both have")
    print(f"{seen} figures, {worse} worse")
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
