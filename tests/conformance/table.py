# SPDX-License-Identifier: GPL-2.0
"""table.py - the requirements of the RFCs, and what we say of each.

A file rfcN of this directory has the MUSTs of one RFC, in its order:

    9000-4.1-2  The receiver ends the connection with FLOW_CONTROL_ERROR when ...
        code    stream_recv.c:rx_account
        test    conn_rx.each_violation
        break   fresh > s->flow_rx.max - s->flow_rx.received => false

The identifier is RFC, section, and which MUST of the section it is. Then, indented,
what proves it:

    code    FILE:NAME of kmod/core or kmod/glue, blank, another one: who enforces it;
            glue/FILE where both have one
    test    SUITE.CASE of tests/unit; glue:SUITE.CASE of tests/glue; or a file of
            tests/selftests, with :NAME for a case in it. Several, with blanks
    break   OLD => NEW: with this edit in the first of "code" the first of "test" has
            to fail. A blank of OLD is any white space; OLD stands there once
    as      IDENTIFIER: the three of another row
    except  KIND: reason, instead

KIND is app (a matter of applications), tls (of the TLS stack behind quicd), else (of
other parties: authors of extensions, IANA, operators), unused (of a part of QUIC that
is not there, and so cannot be wrong), or open: ours, and not enforced or not proven.
"""

import os
import re

HERE = os.path.dirname(os.path.realpath(__file__))
TREE = os.environ.get("CONFORM_TREE") or os.path.realpath(os.path.join(HERE, "../.."))
KINDS = ("app", "tls", "else", "unused", "open")
KEYS = ("code", "test", "break", "as", "except")


class Row:
    """One requirement. @kind: of an exception, else None."""

    def __init__(self, name, text, at):
        self.name, self.text, self.at = name, text, at
        self.rfc, self.section = name.split("-")[:2]
        self.code, self.test = [], []
        self.edit = self.like = self.kind = self.reason = None

    def put(self, key, value):
        """Return: what is wrong, or None."""
        if key in ("code", "test"):
            setattr(self, key, value.split())
        elif key == "break":
            old, arrow, new = value.partition(" =>")
            if not arrow:
                return "break without =>"
            self.edit = (old.strip(), new.strip())
        elif key == "as":
            self.like = value
        else:
            self.kind, _, reason = value.partition(":")
            self.reason = reason.strip()
            if self.kind not in KINDS or not self.reason:
                return f"except wants one of {', '.join(KINDS)}, a colon and a reason"
        return None


def parse(path, wrong):
    """The rows of a file; complaints go to @wrong."""
    rows = []
    with open(path, encoding="utf-8") as f:
        for n, line in enumerate(f, 1):
            at = f"{os.path.relpath(path, TREE)}:{n}"
            if line.startswith("#") or not line.strip():
                continue
            head = re.match(r"(\d+-[\dA-Z.]+-\d+)  (\S.*)$", line)
            more = re.match(r"\s+(\S+)\s+(\S.*)$", line)
            if head:
                rows.append(Row(head.group(1), head.group(2), at))
            elif more and rows and more.group(1) in KEYS:
                why = rows[-1].put(*more.groups())
                if why:
                    wrong.append(f"{at}: {why}")
            elif more and rows:
                rows[-1].text += " " + line.strip()
            else:
                wrong.append(f"{at}: neither a requirement nor a line about one")
    return rows


def load(wrong, directory=HERE):
    """All rows, in order, those with "as" filled in."""
    rows = []
    for name in sorted(os.listdir(directory)):
        if re.fullmatch(r"rfc\d+", name):
            rows += parse(os.path.join(directory, name), wrong)
    by_name = {}
    for r in rows:
        if r.name in by_name:
            wrong.append(f"{r.at}: {r.name} a second time")
        by_name[r.name] = r
    for r in rows:
        other = by_name.get(r.like)
        if r.like and (not other or other.like):
            wrong.append(f"{r.at}: no row {r.like} with entries of its own")
        elif r.like:
            r.code, r.test, r.edit = other.code, other.test, other.edit
            r.kind, r.reason = other.kind, other.reason
        if not r.kind and not (r.code and r.test):
            wrong.append(f"{r.at}: {r.name} has neither code and test nor an exception")
    return rows


# ---- what rows name ----

def source(name):
    """Path below the tree of a file that "code" names, or None."""
    for d in ("kmod/core", "kmod/glue", "kmod"):
        if os.path.isfile(os.path.join(TREE, d, name)):
            return f"{d}/{name}"
    return None


def read(path):
    with open(os.path.join(TREE, path), encoding="utf-8") as f:
        return f.read()


def body(text, name):
    """(begin, end) in @text of what defines @name: a function, a table, a macro."""
    for m in re.finditer(rf"^[^\s*/}}].*\b{re.escape(name)}\b", text, re.M):
        if text[m.start():].startswith("#define"):
            end = re.compile(r"[^\\]\n").search(text, m.end() - 1)
            return m.start(), end.end() if end else len(text)
        stop = re.compile(r"[;{]").search(text, m.end())
        if not stop or (text[stop.start()] == ";" and "=" not in text[m.end():stop.start()]):
            continue		# a declaration
        end = re.compile(r"^}", re.M).search(text, m.end())
        return m.start(), end.end() if end else len(text)
    return None


def edited(code, edit):
    """(path, text with the edit); (None, why not)."""
    name, _, func = code.partition(":")
    path = source(name)
    text = read(path) if path else ""
    where = body(text, func)
    if not where:
        return None, f"no {code}"
    old = re.compile(r"\s+".join(re.escape(w) for w in edit[0].split()))
    part = text[where[0]:where[1]]
    found = len(old.findall(part))
    if found != 1:
        return None, f"{found} times in {code}: {edit[0]}"
    return path, text[:where[0]] + old.sub(lambda m: edit[1], part) + text[where[1]:]


def test_is_there(test):
    kind, _, name = test.rpartition(":") if test.startswith("glue:") else ("unit", "", test)
    m = re.fullmatch(r"([a-z0-9_]+)\.([a-z0-9_]+)", name)
    if m:
        path = f"tests/{kind}/{m.group(1)}_test.c"
        return os.path.isfile(os.path.join(TREE, path)) and f"UNIT_CASE({m.group(2)})" in read(path)
    path, _, case = test.partition(":")
    path = f"tests/selftests/{path}"
    return os.path.isfile(os.path.join(TREE, path)) and case in read(path)


def check(rows, wrong):
    """Does what rows name exist?"""
    for r in rows:
        for c in r.code:
            name, _, func = c.partition(":")
            path = source(name)
            if not path or not body(read(path), func):
                wrong.append(f"{r.at}: no code {c}")
        for t in r.test:
            if not test_is_there(t):
                wrong.append(f"{r.at}: no test {t}")
        if r.edit and not r.like and r.code:
            path, why = edited(r.code[0], r.edit)
            if not path:
                wrong.append(f"{r.at}: break: {why}")


# ---- the RFCs' own words ----

RFC_FILES = {
    "9287": ("rfc9287.txt", "rfc9287-draft.md"),
    "9368": ("rfc9368.txt", "rfc9368-draft.md"),
    "9369": ("rfc9369.txt", "rfc9369.md"),
}


def sections_text(text):
    """(number, text) of each section of an RFC as plain text."""
    at = [(m.start(), m.group(1)) for m in re.finditer(r"^(\d+(?:\.\d+)*)\.  \S", text, re.M)]
    end = re.compile(r"^(Acknowledg|Contributors|Authors' Addresses|Appendix A\.  )", re.M)
    for i, (start, number) in enumerate(at):
        part = text[start:at[i + 1][0] if i + 1 < len(at) else len(text)]
        stop = end.search(part)
        yield number, part[:stop.start()] if stop else part


def sections_markdown(text):
    """The same of its source, where headings are not numbered."""
    text = text.split("--- middle", 1)[-1].split("--- back", 1)[0]
    count = []
    for part in re.split(r"^(?=#+ )", text, flags=re.M)[1:]:
        depth = len(re.match(r"#+", part).group())
        count = (count + [0] * depth)[:depth]
        count[-1] += 1
        yield ".".join(map(str, count)), part


def musts(rfc, directory):
    """{section: number of MUSTs}, or None where the RFC's text is not there."""
    for name in RFC_FILES.get(rfc, (f"rfc{rfc}.txt",)):
        path = os.path.join(directory, name)
        if not os.path.isfile(path):
            continue
        with open(path, encoding="utf-8") as f:
            text = f.read()
        found = {}
        for number, part in (sections_markdown if name.endswith(".md") else sections_text)(text):
            # not the paragraph that says what the words mean
            part = re.sub(r"\n\s*The key words(.|\n)*?\n\s*\n", "\n\n", part)
            n = len(re.findall(r"\b(?:MUST|SHALL|REQUIRED)\b", part))
            if n:
                found[number] = found.get(number, 0) + n
        return found
    return None


def compare(rows, directory, wrong):
    """Are the rows of each section as many as its MUSTs, and numbered from 1?"""
    for rfc in sorted({r.rfc for r in rows}):
        found = musts(rfc, directory)
        if found is None:
            wrong.append(f"{directory}: no text of RFC {rfc}")
            continue
        mine = {}
        for r in rows:
            if r.rfc == rfc:
                mine.setdefault(r.section, []).append(r.name)
        for s in sorted(set(mine) | set(found)):
            want = [f"{rfc}-{s}-{i}" for i in range(1, found.get(s, 0) + 1)]
            if mine.get(s, []) != want:
                wrong.append(f"rfc{rfc}: section {s} has {len(want)} MUSTs, the table "
                             f"{', '.join(mine.get(s, [])) or 'none'}")
