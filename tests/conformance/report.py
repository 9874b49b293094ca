#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""report.py [-t TABLES] [-r RFC_DIR] [-o REPORT] [-j JSONL] - the tables as a report.

Fails when a table is wrong: names code or a test that is not there, has an edit that
does not apply, or, given the texts of the RFCs, misses a MUST of theirs. Prints totals
by RFC; REPORT gets all rows, in Markdown; JSONL the figures.
"""

import argparse
import json
import os
import sys

sys.dont_write_bytecode = True	# the tree stays clean
import table

GOAL = 5	# percent of exceptions at most, see shares()

KINDS = {
    "app": "matters of applications",
    "tls": "matters of the TLS stack behind quicd",
    "else": "matters of others: authors of extensions, IANA, operators",
    "unused": "parts of QUIC that are not there, and so cannot be wrong",
    "open": "not enforced, or not proven",
}


def tally(rows):
    """{kind or "proven": how many}"""
    n = dict.fromkeys(("proven", *table.KINDS), 0)
    for r in rows:
        n[r.kind or "proven"] += 1
    return n


def shares(n):
    """What is excepted, in percent, in three ways. The second is the one with a goal: a
    part of QUIC that is not there is ours to make as much as what is not proven, while
    what others have to do no code of ours can."""
    ours = n["proven"] + n["unused"] + n["open"]
    every = sum(n.values())

    def percent(part, whole):
        return 100 * part / whole if whole else 0.0

    return (percent(n["open"], n["proven"] + n["open"]),
            percent(n["open"] + n["unused"], ours),
            percent(every - n["proven"], every))


def save(path, figures):
    """Put figures (name: value, unit) into a file of them, over older ones of that name."""
    old = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            old = [json.loads(line) for line in f]
    old = [o for o in old if o["name"] not in figures]
    new = [{"name": n, "value": v, "unit": u, "spread": 0} for n, (v, u) in figures.items()]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(json.dumps(o) + "\n" for o in old + new)


def cell(text):
    return text.replace("|", "\\|")


def write(path, rows):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write("# Requirements, and what proves them\n")
        section = None
        for r in rows:
            if (r.rfc, r.section) != section:
                section = (r.rfc, r.section)
                f.write(f"\n## RFC {r.rfc}, {r.section}\n\n"
                        "| | requirement | code | test |\n|---|---|---|---|\n")
            if r.kind:
                what = f"*{r.kind}*: {cell(r.reason)} | "
            else:
                what = f"{'<br>'.join(r.code)} | {'<br>'.join(r.test)}"
            f.write(f"| {r.name} | {cell(r.text)} | {what} |\n")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("-t", metavar="TABLES", default=table.HERE)
    p.add_argument("-r", metavar="RFC_DIR")
    p.add_argument("-o", metavar="REPORT")
    p.add_argument("-j", metavar="JSONL")
    a = p.parse_args()
    wrong = []
    rows = table.load(wrong, a.t)
    table.check(rows, wrong)
    if a.r:
        table.compare(rows, a.r, wrong)
    if wrong:
        print("\n".join(wrong))
        sys.exit(1)

    print(f"{'RFC':8} {'MUSTs':>5} {'proven':>6} " + " ".join(f"{k:>6}" for k in table.KINDS))
    for rfc in sorted({r.rfc for r in rows}) + ["all"]:
        n = tally(r for r in rows if rfc in (r.rfc, "all"))
        print(f"{rfc:8} {sum(n.values()):5} " + " ".join(f"{v:6}" for v in n.values()))
    for kind, text in KINDS.items():
        print(f"  {kind:7} {text}")
    n = tally(rows)
    edits = sum(1 for r in rows if r.edit)
    is_open, ours, every = shares(n)
    print(f"exceptions:\n"
          f"  {is_open:4.1f} %  open, of the {n['proven'] + n['open']} that concern the code that is there\n"
          f"  {ours:4.1f} %  open or unused, of the {n['proven'] + n['open'] + n['unused']} that a QUIC "
          f"implementation has to meet: the goal is {GOAL} %,\n"
          f"          for what is left out is as much ours as what is not proven\n"
          f"  {every:4.1f} %  of any kind, of all {len(rows)}: app, tls and else are rules for others "
          f"than this code\n"
          f"the goal is {'met' if ours <= GOAL else 'missed'}; "
          f"{edits} of {n['proven']} that are proven have an edit that breaks them")
    if a.o:
        write(a.o, rows)
        print(f"report: {os.path.relpath(a.o, table.TREE)}")
    if a.j:
        save(a.j, {"conformance.requirements": (len(rows), "count"),
                   "conformance.proven": (n["proven"], "count"),
                   "conformance.open": (n["open"], "count"),
                   "conformance.unused": (n["unused"], "count"),
                   "conformance.open_share": (round(is_open, 2), "%"),
                   "conformance.exceptions_share": (round(ours, 2), "%"),
                   "conformance.exceptions_all_share": (round(every, 2), "%")})


if __name__ == "__main__":
    main()
