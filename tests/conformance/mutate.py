#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""mutate.py -d DIR [-s SEED] [-n N|all] [-g GOAL] [-j JSONL] [ID...]

Does the test of a requirement fail when the code that enforces it is gone? Draws N
requirements that have an edit (table.py), by SEED, or takes those named. The edit is
made in a copy of the tree below DIR, the tests are built there, and the first test of
the row runs alone: it has to fail, or to end in a way that no test ends. TAP; a last
line has the share, which has to be GOAL per cent.

Building is make's affair, so that an edit costs one object or, in a header, a few.
What does not compile proves nothing and counts as not found.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True	# the tree stays clean
import report
import table

SECONDS = 120		# of one test: then it hangs, which no test does
COPIED = ("kmod", "include", "tests/shim", "tests/unit", "tests/glue")


class Copy:
    """The tree's copy, with a program for each kind of test."""

    def __init__(self, directory):
        self.tree = os.path.join(directory, "tree")
        self.out = os.path.join(directory, "out")
        for d in COPIED:
            self.update(d)

    def update(self, sub):
        """Files that differ are copied, so that make builds no more than these."""
        have = os.path.join(self.tree, sub)
        want = os.path.join(table.TREE, sub)
        for d, _, names in os.walk(want):
            to = os.path.join(have, os.path.relpath(d, want))
            os.makedirs(to, exist_ok=True)
            for gone in set(os.listdir(to)) - set(os.listdir(d)):
                gone = os.path.join(to, gone)
                shutil.rmtree(gone) if os.path.isdir(gone) else os.remove(gone)
            for name in names:
                with open(os.path.join(d, name), "rb") as f:
                    self.put(os.path.join(to, name), f.read())

    @staticmethod
    def put(path, data):
        if os.path.exists(path):
            with open(path, "rb") as f:
                if f.read() == data:
                    return
        with open(path, "wb") as f:
            f.write(data)

    def build(self, kind):
        """Return: it built."""
        with open(os.path.join(self.out, f"{kind}.log"), "ab") as log:
            return subprocess.run(
                ["make", "-s", "-C", f"{self.tree}/tests/{kind}", f"O={self.out}/{kind}",
                 "FLAVOURS=gcc", "FLAGS_gcc=-O0 -w", "all"],
                stdout=log, stderr=log, check=False).returncode == 0

    def run(self, kind, case):
        """How a case ends: "ok", "not ok", or what else happened."""
        try:
            done = subprocess.run([f"{self.out}/{kind}/gcc/unit", case], capture_output=True,
                                  timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return "hangs"
        out = done.stdout.decode(errors="replace")
        said = re.search(rf"^((?:not )?ok) - {re.escape(case)}$", out, re.M)
        return said.group(1) if said else f"dies, status {done.returncode}"

    def edited(self, row):
        """(path, text before, text with the row's edit)"""
        path, text = table.edited(row.code[0], row.edit)
        return os.path.join(self.tree, path), table.read(path).encode(), text.encode()


def program(test):
    """(kind, case) of an entry of "test" that runs here."""
    return ("glue", test[5:]) if test.startswith("glue:") else ("unit", test)


def drawn(rows, a):
    able = [r for r in rows if r.edit and not r.kind]
    if a.names:
        chosen = [r for r in able if r.name in a.names]
    elif a.n == "all":
        chosen = able
    else:
        chosen = random.Random(a.s).sample(able, min(int(a.n), len(able)))
    print(f"# seed {a.s}: {len(chosen)} of {len(able)} requirements with an edit")
    return sorted(chosen, key=rows.index)


def found(copy, row):
    """(found, what happened)"""
    kind, case = program(row.test[0])
    path, before, after = copy.edited(row)
    copy.put(path, after)
    try:
        if not copy.build(kind):
            return False, "does not compile"
        how = copy.run(kind, case)
    finally:
        copy.put(path, before)
    return how != "ok", f"{case}: {how}"


def baseline(copy, rows):
    """Without an edit the tests have to pass."""
    for kind, case in sorted({program(r.test[0]) for r in rows}):
        how = copy.run(kind, case)
        if how != "ok":
            sys.exit(f"mutate.py: {case} without an edit: {how}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("-d", required=True, metavar="DIR")
    p.add_argument("-s", type=int, default=1, metavar="SEED")
    p.add_argument("-n", default="50", metavar="N|all")
    p.add_argument("-g", type=float, default=0, metavar="GOAL")
    p.add_argument("-j", metavar="JSONL")
    p.add_argument("names", nargs="*", metavar="ID")
    a = p.parse_args()
    wrong = []
    rows = table.load(wrong)
    table.check(rows, wrong)
    if wrong:
        sys.exit("\n".join(wrong))
    chosen = drawn(rows, a)
    copy = Copy(a.d)
    os.makedirs(copy.out, exist_ok=True)
    for kind in sorted({program(r.test[0])[0] for r in chosen}):
        if not copy.build(kind):
            sys.exit(f"mutate.py: tests/{kind} does not build: {copy.out}/{kind}.log")
    baseline(copy, chosen)
    results = {}	# rows that share an edit and a test share the result
    good = 0
    for i, r in enumerate(chosen, 1):
        key = (r.code[0], r.edit, r.test[0])
        if key not in results:
            results[key] = found(copy, r)
        ok, how = results[key]
        good += ok
        print(f"{'ok' if ok else 'not ok'} {i} - {r.name} {r.code[0]}: {how}", flush=True)
    print(f"1..{len(chosen)}")
    share = 100 * good / len(chosen) if chosen else 0
    print(f"# {good} of {len(chosen)} missing checks were found, {share:.1f} %")
    if a.j:
        report.save(a.j, {"conformance.mutants_found": (round(share, 2), "%"),
                          "conformance.mutants": (len(chosen), "count"),
                          "conformance.mutants_seed": (a.s, "seed")})
    if share < a.g:
        sys.exit(1)


if __name__ == "__main__":
    main()
