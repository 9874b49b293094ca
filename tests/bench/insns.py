#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Exact instructions per packet, or per round trip, by group and by function.

  insns.py --run QUICPERF.json --symbols KALLSYMS [--only FUNCTION] COUNTS

COUNTS is what insns.c wrote. Start of programs and their idle time are in it, as "user" and
"the rest". --only shows where inside one function its instructions are: offsets of blocks.
"""
import argparse
import bisect
import collections
import json
import re
import sys

DATA_PER_PACKET = 1424
ROWS = 150
USER_END = 1 << 47

# The first that fits: where a function belongs.
GROUPS = (
    ("start of programs", r"chacha|random|clear_page|fault|unmap_page|^folio|_folio$|sha256|blake2|^do_exit|mmap|exec"),
    ("AES and GHASH", r"^_?aes_|^_?aesni_|gcm_(update|aad|final|precompute)|^_?(en|de)crypt[48_]|ghash"),
    ("crypto API", r"crypt|gcm|cipher|aead|scatterwalk|kernel_fpu|sg_next|sg_init|simd|fpregs"),
    ("quicsock", r"\[quicsock\]"),
    ("kTLS", r"\[tls\]|^tls_"),
    ("copies", r"copy_(to|from)_(iter|user)|_copy_|memcpy|memmove|rep_movs|memset|iov_iter|clear_page"),
    ("memory", r"alloc|free|slab|page|memcg|refill|folio|lru|vma|mmap|fault|pte"),
    ("UDP, TCP, IP, devices", r"^_*(udp|tcp|ip|inet|sock|sk|skb|net|veth|dev|napi|process_backlog|nf|fib|dst|qdisc"
     r"|validate|consume_skb|gso|gro|eth|xmit|csum|pskb|import|move_addr|ksys|sys_(send|recv)|__sys_(send|recv)"
     r"|lock_sock|release_sock)|\[veth\]"),
    ("the rest", r""),
)


def group_of(name):
    return next(g for g, pattern in GROUPS if re.search(pattern, name))


def read_symbols(path):
    addrs, names = [], []
    with open(path, encoding="utf-8") as f:
        rows = sorted((int(a[0], 16), a[2] + (" " + a[3] if len(a) > 3 else ""))
                      for a in map(str.split, f) if a[1] in "tTwW")
    for addr, name in rows:
        if addrs and addrs[-1] == addr:
            continue
        addrs.append(addr)
        names.append(name)
    return addrs, names


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("--run", required=True, help="quicperf's line about the transfer")
    p.add_argument("--symbols", required=True, help="the guest's /proc/kallsyms")
    p.add_argument("--only", help="blocks of this function")
    p.add_argument("counts")
    a = p.parse_args()
    with open(a.run, encoding="utf-8") as f:
        run = json.loads(f.read().strip().split("\n")[-1])
    if run["event"] == "round_trips":
        packets, unit = run["count"], "round trip"
    else:
        packets, unit = run.get("sent_pkts", run["bytes"] / DATA_PER_PACKET), "packet"
    addrs, names = read_symbols(a.symbols)
    if not addrs or not addrs[-1]:
        sys.exit("insns.py: addresses are hidden: kernel.kptr_restrict=0?")
    by_name, blocks = collections.Counter(), collections.Counter()
    with open(a.counts, encoding="utf-8") as f:
        for row in f:
            addr, n = row.split()
            addr, n = int(addr, 16), int(n)
            i = bisect.bisect_right(addrs, addr) - 1
            name = "user" if addr < USER_END else names[i] if i >= 0 else "?"
            by_name[name] += n
            if a.only and name.split()[0] == a.only:
                blocks[addr - addrs[i]] += n
    if a.only:
        for off, n in sorted(blocks.items()):
            print(f"{n / packets:9.1f}  +{off:#x}")
        return
    by_group = collections.Counter()
    for name, n in by_name.items():
        by_group["user" if name == "user" else group_of(name)] += n
    print(f"{packets:.0f} {unit}s, instructions per {unit}, both ends")
    for name, n in by_group.most_common():
        print(f"{n / packets:9.1f}  == {name}")
    for name, n in by_name.most_common(ROWS):
        print(f"{n / packets:9.1f}  {name}")


if __name__ == "__main__":
    main()
