#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A flame graph and a table of stacks that were sampled during a transfer.

  flame.py --hz HZ --run QUICPERF.json [--title TEXT] -o OUT.svg STACKS

STACKS is what "perf script -F comm,ip,sym" says. Only stacks of sending, receiving and
softirqs are taken: not the start of programs, nor the random bytes they draw. A sample
stands for 10^9 / HZ instructions. With interrupts off no sample is taken: what ran then
is attributed to the function that lets them in again.
"""
import argparse
import collections
import html
import json
import re
import sys

WIDTH, ROW, TOP, LEFT = 1200, 17, 50, 10
NARROWEST = 0.6     # pixels
LETTER = 6.6        # width of a letter, for names that are cut
DATA_PER_PACKET = 1424
ROWS = 40

# A stack counts if it has one of these, and none of the others.
TAKEN = re.compile(r"sys_(sendto|sendmsg|sendfile64|recvfrom|recvmsg)$|softirq")
LEFT_OUT = re.compile(r"getrandom|execve|load_elf|do_exit|exit_mmap|do_mmap|vm_mmap|^perf_|ksys_(read|write)"
                      r"|sock_poll|pipe_(read|write)")

# The first that fits says a function's colour.
KINDS = (
    ("AEAD and header protection", "#e08a3c",
     r"aes|gcm|ghash|crypt|cipher|aead|scatterwalk|chacha|poly1305|gf128|kernel_fpu"),
    ("QUIC", "#4c8fc9", r"^quic_|\[quicsock\]"),
    ("kTLS", "#8a6fc0", r"^tls_|^tcp_bpf"),
    ("copies", "#c95f5f", r"copy_(to|from)_iter|memcpy|memmove|copy_user|rep_movs"),
    ("memory", "#b8a03c", r"alloc|free|slab|page|kfree|memcg|refill"),
    ("UDP, TCP, IP, devices", "#6aa86a", r"^(udp|tcp|ip|__ip|inet|sock|sk|__sk|skb|__skb|__udp|__tcp|net|__net|veth"
     r"|dev|__dev|napi|process_backlog|nf|fib|dst|qdisc|validate|consume_skb|gso|gro)"),
    ("the rest", "#b5b5b5", r""),
)


def colour_of(name):
    return next(c for _, c, pattern in KINDS if re.search(pattern, name))


def read_stacks(path):
    """Stacks, outermost first, with how often each was seen; and how many were left out."""
    stacks, left_out, frames = collections.Counter(), 0, []
    with open(path, encoding="utf-8", errors="replace") as f:
        for row in [*f, "\n"]:
            if row[:1] in " \t" and row.strip():
                frames.append((row.split(maxsplit=1) + ["?"])[1].strip())
                continue
            if not frames:
                continue
            if any(TAKEN.search(n) for n in frames) and not any(LEFT_OUT.search(n) for n in frames):
                stacks[tuple(reversed(frames))] += 1
            else:
                left_out += 1
            frames = []
    return stacks, left_out


def tree_of(stacks):
    """Nested: name: [samples, children]."""
    root = [0, {}]
    for frames, n in stacks.items():
        node = root
        node[0] += n
        for name in frames:
            node = node[1].setdefault(name, [0, {}])
            node[0] += n
    return root


def depth(node, least):
    return 1 + max((depth(c, least) for c in node[1].values() if c[0] >= least), default=0)


class Drawing:
    def __init__(self, root, per_sample):
        self.root, self.per_sample = root, per_sample
        self.scale = WIDTH / root[0]
        self.least = NARROWEST / self.scale
        self.bottom = TOP + depth(root, self.least) * ROW
        self.out = []

    def box(self, name, n, x, level):
        w, y = n * self.scale, self.bottom - (level + 1) * ROW
        label = name if len(name) * LETTER < w else name[:max(0, int(w / LETTER) - 2)] + ".."
        title = html.escape(f"{name}: {n * self.per_sample:.0f} instructions per packet, {n / self.root[0]:.1%}")
        self.out.append(f'<g><title>{title}</title><rect x="{x:.1f}" y="{y}" width="{max(w - 0.5, 0.3):.1f}" '
                        f'height="{ROW - 1}" fill="{colour_of(name)}"/>')
        if w > 4 * LETTER:
            self.out.append(f'<text x="{x + 3:.1f}" y="{y + 12}">{html.escape(label)}</text>')
        self.out.append("</g>")

    def children(self, node, x, level):
        for name, child in sorted(node[1].items()):
            if child[0] >= self.least:
                self.box(name, child[0], x, level)
                self.children(child, x, level + 1)
            x += child[0] * self.scale

    def write(self, path, title):
        self.box("all", self.root[0], LEFT, 0)
        self.children(self.root, LEFT, 1)
        x = LEFT
        for kind, colour, _ in KINDS:
            self.out.append(f'<rect x="{x}" y="28" width="10" height="10" fill="{colour}"/>'
                            f'<text x="{x + 14}" y="37">{kind}</text>')
            x += int(len(kind) * LETTER) + 34
        with open(path, "w", encoding="utf-8") as f:
            f.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 '
                    f'{WIDTH + 2 * LEFT} {self.bottom + 10}" font-family="monospace" font-size="11">\n'
                    '<rect width="100%" height="100%" fill="white"/>\n'
                    f'<text x="{LEFT}" y="18" font-size="14">{html.escape(title)}</text>\n'
                    + "\n".join(self.out) + "\n</svg>\n")


def print_table(stacks, per_sample):
    own, under = collections.Counter(), collections.Counter()
    for frames, n in stacks.items():
        own[frames[-1]] += n
        for name in set(frames):
            under[name] += n
    print(f"{'itself':>8}{'and below':>11}  function")
    for name, n in own.most_common(ROWS):
        print(f"{n * per_sample:8.0f}{under[name] * per_sample:11.0f}  {name}")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("--hz", type=int, required=True)
    p.add_argument("--run", required=True, help="quicperf's line about the transfer")
    p.add_argument("--title", default="")
    p.add_argument("-o", "--output", required=True)
    p.add_argument("stacks")
    a = p.parse_args()
    with open(a.run, encoding="utf-8") as f:
        run = json.loads(f.read().strip().split("\n")[-1])
    stacks, left_out = read_stacks(a.stacks)
    n = sum(stacks.values())
    if not n:
        sys.exit("flame.py: no stack of a transfer in " + a.stacks)
    if run["event"] == "round_trips":
        packets = run["count"]
    else:
        packets = run.get("sent_pkts", run["bytes"] / DATA_PER_PACKET)
    per_sample = 1e9 / a.hz / packets
    print(f"{packets:.0f} packets; {run['seconds'] * 1e9 / packets:.0f} instructions per packet were timed, "
          f"{n * per_sample:.0f} sampled, perf among them; {n} samples, {left_out} of other things left out")
    print_table(stacks, per_sample)
    Drawing(tree_of(stacks), per_sample).write(
        a.output, f"{a.title}: {n * per_sample:.0f} instructions per packet, both ends")


if __name__ == "__main__":
    main()
