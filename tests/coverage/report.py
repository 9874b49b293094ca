#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""report.py [-g GOAL] [-s N|all] [-o JSONL] DIR... - line coverage of kmod/core.

DIR holds the objects of a program that gcc --coverage built and that has run. A
line counts as run when any copy of it was: in any program, and for a function of
a header in any object. Prints a table by file and the total; -s also the lines
that nothing runs, of the N files that have most of them, or of all. -o writes
the figures, one JSON object a line. Ends with 1 when the total is below GOAL per
cent.
"""

import argparse
import json
import os
import subprocess
import sys

TREE = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
CORE = "kmod/core/"


def counts(directories):
    """{file: {line: times run}} of all that the directories' objects say."""
    lines = {}
    for d in directories:
        notes = sorted(os.path.join(p, f) for p, _, fs in os.walk(os.path.join(d, CORE))
                       for f in fs if f.endswith(".gcda"))
        if not notes:
            sys.exit(f"report.py: {d} has no counts")
        out = subprocess.run(["gcov", "--json-format", "--stdout", *notes], check=True,
                             capture_output=True, text=True).stdout
        for f in (f for unit in out.splitlines() for f in json.loads(unit)["files"]):
            name = os.path.relpath(os.path.join(TREE, f["file"]), TREE)
            if not name.startswith(CORE):
                continue
            mine = lines.setdefault(name, {})
            for l in f["lines"]:
                n = l["line_number"]
                mine[n] = mine.get(n, 0) + l["count"]
    return lines


def missed(lines):
    """Line numbers that were never run, in order."""
    return sorted(n for n, times in lines.items() if not times)


def per_cent(run, all_):
    return 100 * run / all_ if all_ else 100.0


def show(name, lines):
    """The lines that nothing runs, as the source has them."""
    with open(os.path.join(TREE, name), encoding="utf-8") as f:
        text = f.read().splitlines()
    for n in missed(lines):
        print(f"{name}:{n}: {text[n - 1].strip()}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("-g", type=float, default=0, metavar="GOAL")
    p.add_argument("-s", default="0", metavar="N|all")
    p.add_argument("-o", metavar="JSONL")
    p.add_argument("directories", nargs="+")
    a = p.parse_args()

    files = counts(a.directories)
    rows = [(name[len(CORE):], len(l) - len(missed(l)), len(l)) for name, l in sorted(files.items())]
    rows.append(("all", sum(r[1] for r in rows), sum(r[2] for r in rows)))
    print(f"{'kmod/core/':18} {'lines':>6} {'run':>6} {'not':>5}      %")
    for name, run, all_ in rows:
        print(f"{name:18} {all_:6} {run:6} {all_ - run:5} {per_cent(run, all_):6.1f}")

    worst = sorted(files, key=lambda f: -len(missed(files[f])))
    for name in worst if a.s == "all" else worst[:int(a.s)]:
        show(name, files[name])

    total = per_cent(*rows[-1][1:])
    if a.o:
        # a count of the same runs: it does not spread
        with open(a.o, "w", encoding="utf-8") as f:
            for name, run, all_ in rows[:-1] + [("line_coverage", *rows[-1][1:])]:
                f.write(json.dumps({"name": "core." + name, "value": round(per_cent(run, all_), 2),
                                    "unit": "%", "spread": 0}) + "\n")
    if total < a.g:
        sys.exit(f"report.py: {total:.1f} % is below the goal of {a.g:g} %")


if __name__ == "__main__":
    main()
