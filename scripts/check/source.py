# SPDX-License-Identifier: GPL-2.0
"""source.py - what the checkers know about a tree and about C.

A checker is a program that reads the tree it stands in, or the one named by
CHECK_TREE, prints FILE:LINE: what is wrong and what to do, and exits with 1
when it printed anything.
"""

import os
import re
import subprocess
import sys

TREE = os.environ.get("CHECK_TREE") or os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))

# Read by no checker: texts of licences, and what is made.
NOT_OURS = ("LICENSES/", "build/")


def files(*endings):
    """Names of the tree's files with one of the endings; all without any.

    In a git checkout those that git tracks or would; elsewhere all.
    """
    if os.path.exists(os.path.join(TREE, ".git")):
        out = subprocess.run(["git", "-C", TREE, "ls-files", "-co", "--exclude-standard"],
                             check=True, capture_output=True, text=True).stdout.splitlines()
    else:
        out = [os.path.relpath(os.path.join(d, f), TREE) for d, _, fs in os.walk(TREE) for f in fs]
    return sorted(f for f in set(out) if (not endings or f.endswith(endings)) and
                  not f.startswith(NOT_OURS) and os.path.isfile(os.path.join(TREE, f)))


def read(name):
    """The text of a file, "" where it is not text."""
    with open(os.path.join(TREE, name), "rb") as f:
        data = f.read()
    return "" if b"\0" in data else data.decode(errors="replace")


def c_files(*rooms):
    """C files below the rooms named; all without any."""
    return [f for f in files(".c", ".h") if not rooms or f.startswith(rooms)]


class Findings:
    """What a checker found; done() prints it and exits."""

    def __init__(self):
        self.lines = []

    def add(self, name, line, text):
        self.lines.append((name, line, text))

    def done(self):
        for name, line, text in sorted(self.lines):
            print(f"{name}:{line}: {text}")
        sys.exit(1 if self.lines else 0)


_LEX = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def _blank(m):
    s = m.group(0)
    keep = s[0] if s[0] in "\"'" else ""
    return keep + re.sub(r"[^\n]", " ", s[len(keep):len(s) - len(keep)]) + keep


def bare(text):
    """C without the contents of comments and strings; every line stays where it is."""
    return _LEX.sub(_blank, text)


def comments(text):
    """(line, comment) of each comment."""
    for m in _LEX.finditer(text):
        if m.group(0)[0] == "/":
            yield text.count("\n", 0, m.start()) + 1, m.group(0)


class Function:
    """A function: its name, first and last line of the body, and its body's text.

    above is the comment right before it, depth how deep control statements nest
    in it, params how many it takes.
    """

    def __init__(self, name, first, last, body, above, params):
        self.name, self.first, self.last = name, first, last
        self.body, self.above, self.params = body, above, params
        self.lines = last - first - 1
        self.depth, self.deepest = _nesting(body)
        self.deepest += first


_TOKEN = re.compile(r"[A-Za-z_]\w*|\n|[{}();]|->|[^\s\w{}();]")
_LOOP = re.compile(r"(if|for|while|switch|\w*for_each\w*)$")


def _nesting(body):
    """The depth of nested control statements, and the line of the deepest."""
    tokens = []
    line = 0
    for t in _TOKEN.findall(body):
        if t == "\n":
            line += 1
        else:
            tokens.append((t, line))
    tokens.append((";", line))
    worst = [0, 0]
    pos = 0

    def paren():
        nonlocal pos
        level = 0
        while pos < len(tokens):
            level += {"(": 1, ")": -1}.get(tokens[pos][0], 0)
            pos += 1
            if not level:
                return

    def plain():
        nonlocal pos
        level = 0
        while pos < len(tokens):
            t = tokens[pos][0]
            if t == ":" and not level and (pos + 1 >= len(tokens) or tokens[pos + 1][0] != ":"):
                # a label or a case; or a conditional, whose rest does not matter
                pos += 1
                return
            level += {"(": 1, "{": 1, ")": -1, "}": -1}.get(t, 0)
            if level < 0:
                return
            pos += 1
            if t == ";" and not level:
                return

    def statement(depth):
        nonlocal pos
        t, at = tokens[pos]
        if t == "{":
            pos += 1
            while pos < len(tokens) and tokens[pos][0] != "}":
                statement(depth)
            pos += 1
            return
        control = _LOOP.match(t) and pos + 1 < len(tokens) and tokens[pos + 1][0] == "("
        if not control and t not in ("do", "else"):
            if t == "}":
                return
            plain()
            return
        pos += 1
        if t == "else" and pos < len(tokens) and tokens[pos][0] == "if":
            statement(depth)
            return
        if depth + 1 > worst[0]:
            worst[:] = [depth + 1, at]
        if control:
            paren()
        if pos < len(tokens):
            statement(depth + 1)
        if t == "do":
            plain()

    while pos < len(tokens):
        before = pos
        statement(0)
        pos = max(pos, before + 1)
    return worst


_HEAD = re.compile(r"([A-Za-z_]\w*)\s*\(")


def _close(text, i, pair):
    """Index behind the bracket that closes the one at i."""
    level = 0
    while i < len(text):
        level += (text[i] == pair[0]) - (text[i] == pair[1])
        i += 1
        if not level:
            break
    return i


def _drop_preprocessor(code):
    """Blank the lines of the preprocessor, continuations included."""
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), code, flags=re.M)


def functions(text):
    """Each function that the C text defines."""
    code = _drop_preprocessor(bare(text))
    i = 0
    level_start = 0
    while i < len(code):
        c = code[i]
        if c in ";}":
            level_start = i + 1
        elif c == "{":
            end = _close(code, i, "{}")
            head = code[level_start:i]
            m = _HEAD.search(head)
            if m and "=" not in head and not re.match(r"\s*(typedef|struct \w+\s*$|union|enum)", head):
                yield _function(text, code, level_start, m, i, end)
            i = end - 1
            level_start = end
        i += 1


def _function(text, code, start, m, opened, end):
    head_at = start + m.start()
    first = code.count("\n", 0, opened) + 1
    last = code.count("\n", 0, end) + 1
    params = code[start + m.end() - 1:_close(code, start + m.end() - 1, "()")][1:-1]
    n = 0 if params.strip() in ("", "void") else _commas(params) + 1
    return Function(m.group(1), first, last, code[opened + 1:end - 1],
                    text[start:head_at].strip(), n)


def _commas(params):
    n = level = 0
    for c in params:
        level += (c == "(") - (c == ")")
        n += c == "," and not level
    return n
