#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What the module allocates and copies per packet, counted by the kernel's tracing.

  counts.py -m QUICSOCK.KO -b BYTES -l LOG -- CLIENT...

Runs CLIENT with "-b BYTES", then with twice as many, and takes the difference: what a
connection needs once is not in it. Then copies are counted again, with "--sendfile".
QUICSOCK.KO is the module that is loaded, with its debug information. Prints NAME, VALUE, UNIT and NOTE, tabs between them; who allocated
and copied how much goes to LOG.

Allocations are those of kmem:kmalloc* and kmem:kmem_cache_alloc* whose caller is in the
module or in the kernel's cryptography, and kmem:mm_page_alloc below one of its functions.
An skb's own are __alloc_skb's, so not among them.

Copies: a kprobe on every call of a copying function in the module's text reads the
length. What the compiler has put in line, a few bytes of a constant number, is not seen,
nor is what the crypto pass moves. A function belongs to sending or receiving by its
source file; one that belongs to neither counts on both sides.
"""
import argparse
import json
import os
import re
import subprocess
import sys

TRACING = "/sys/kernel/tracing"
SECTIONS = (".text", ".text.unlikely")
# where the length is, when it is called
LENGTH_IN = {"memcpy": "dx", "__memcpy": "dx", "memmove": "dx", "_copy_from_iter": "si",
             "_copy_to_iter": "si", "skb_copy_bits": "cx", "scatterwalk_map_and_copy": "cx",
             "csum_partial_copy_nocheck": "dx"}
# cannot be followed by a register: their presence is to be known
OTHERS = ("skb_copy_datagram_iter", "skb_copy_and_csum_datagram_msg", "__skb_linearize", "skb_copy",
          "pskb_copy_fclone", "__pskb_copy_fclone", "skb_cow_data", "pskb_expand_head", "__pskb_pull_tail")
CRYPTO = re.compile(r"crypt|cipher|aead|gcm|gf128|scatterwalk|chacha|poly1305")
SENDING = ("seal", "xmit", "sock_send", "lend", "conn_tx", "tx_frames", "tx_run", "sendbuf", "stream_send", "sent",
           "path_tx")
RECEIVING = ("open", "sock_recv", "recvbuf", "stream_recv", "conn_rx", "rx", "rx_run", "udp", "skb", "walk",
             "demux", "reorder")


def write(path, text, how=os.O_TRUNC):
    # not open(): it seeks to the end to append, which these files refuse
    fd = os.open(os.path.join(TRACING, path), os.O_WRONLY | how)
    os.write(fd, text.encode())
    os.close(fd)


def read(path):
    with open(os.path.join(TRACING, path), encoding="ascii", errors="replace") as f:
        return f.read()


def section_base(name):
    with open(f"/sys/module/quicsock/sections/{name}", encoding="ascii") as f:
        return int(f.read(), 16)


def calls(module, section):
    """(offset, function, callee) of each call in a section that goes out of the module."""
    out = subprocess.run(["objdump", "-dr", "--no-show-raw-insn", "-j", section, module],
                         capture_output=True, text=True, check=True).stdout
    function, at = None, None
    for line in out.split("\n"):
        if m := re.match(r"[0-9a-f]+ <(.+)>:$", line):
            function = m.group(1)
        elif m := re.match(r"\s*([0-9a-f]+):\s+(call|jmp)\b", line):
            at = int(m.group(1), 16)
        elif m := re.match(r"\s+[0-9a-f]+: R_X86_64_P(?:LT|C)32\s+([\w.]+)-0x4$", line):
            if at is not None:
                yield at, function, m.group(1)
            at = None
        elif line.strip():
            at = None


def sources(module, section, offsets):
    """The source file's stem at each offset, that of the outermost function."""
    asked = "".join(f"{o:#x}\n" for o in offsets)
    out = subprocess.run(["addr2line", "-j", section, "-i", "-a", "-e", module], input=asked,
                         capture_output=True, text=True, check=True).stdout
    found, last = [], None
    for line in out.split("\n"):
        if line.startswith("0x"):
            if last is not None:
                found.append(last)
            last = "?"
        elif line:
            last = os.path.splitext(os.path.basename(line.split(":")[0]))[0]
    found.append(last)
    return found


def copy_sites(module):
    """Address: (register, function, source, callee) of each call that copies."""
    sites = {}
    for section in SECTIONS:
        if not os.path.exists(f"/sys/module/quicsock/sections/{section}"):
            continue
        base = section_base(section)
        all_calls = list(calls(module, section))
        for _, function, callee in all_calls:
            if callee in OTHERS:
                print(f"counts.py: {function}() calls {callee}(), whose bytes are not counted",
                      file=sys.stderr)
        found = [c for c in all_calls if c[2] in LENGTH_IN]
        if not found:
            continue
        for (at, function, callee), source in zip(found, sources(module, section, [c[0] for c in found])):
            sites[base + at] = (LENGTH_IN[callee], function, source, callee)
    return sites


def set_probes(sites):
    """An event for each: several probes of one event may not be told by addresses alone."""
    events = []
    for i, (address, (register, function, source, callee)) in enumerate(sites.items()):
        try:
            write("kprobe_events", f"p:bench/copy{i} {address:#x} n=%{register}:u64\n", os.O_APPEND)
        except OSError as e:
            sys.exit(f"no probe at {callee}() in {function}() ({source}.c): {e}\n" + read("error_log"))
        events.append(f"bench/copy{i}")
    return events


def alloc_events():
    return [f"kmem/{e}" for e in os.listdir(f"{TRACING}/events/kmem")
            if re.fullmatch(r"(kmalloc|kmem_cache_alloc)(_node)?", e)]


def symbols():
    """Addresses of the kernel's functions, sorted, with their names."""
    with open("/proc/kallsyms", encoding="ascii") as f:
        rows = [line.split() for line in f]
    return sorted((int(r[0], 16), r[2] + (" " + r[3] if len(r) > 3 else "")) for r in rows
                  if r[1] in "tTwW")


class Names:
    def __init__(self):
        self.rows = symbols()

    def of(self, address):
        low, high = 0, len(self.rows)
        while high - low > 1:
            mid = (low + high) // 2
            if self.rows[mid][0] <= address:
                low = mid
            else:
                high = mid
        return self.rows[low][1]


def table(event):
    """Of a histogram: key: (hits, n)."""
    out = {}
    for m in re.finditer(r"\{ \w+:\s+([0-9a-fx]+)\s*\} hitcount:\s+(\d+)(?:\s+n:\s+(\d+))?",
                         read(f"events/{event}/hist")):
        out[int(m.group(1), 16)] = (int(m.group(2)), int(m.group(3) or 0))
    return out


def stacks():
    """Of pages: functions of a stack, innermost first, and how often."""
    out = {}
    for m in re.finditer(r"\{ \w*stacktrace:(.*?)\} hitcount:\s+(\d+)",
                         read("events/kmem/mm_page_alloc/hist"), re.S):
        frames = tuple(re.sub(r"\+0x\S+", "", line.strip()) for line in m.group(1).split("\n")
                       if line.strip())
        out[frames] = out.get(frames, 0) + int(m.group(2))
    return out


def snapshot(copies, allocs):
    return ({e: table(e) for e in copies}, {e: table(e) for e in allocs}, stacks())


def run(client, bytes_):
    """Packets that the client has sent."""
    out = subprocess.run([*client[:-1], "-b", str(bytes_), client[-1]], capture_output=True,
                         text=True, check=False)
    if out.returncode:
        sys.exit(f"{client[0]}: {out.stdout}{out.stderr}")
    return json.loads(out.stdout)["sent_pkts"]


def grown(zero, one, two, i):
    """What the second run had more than the first, of a snapshot's part."""
    if i == 2:
        return {k: (two[2].get(k, 0) - 2 * one[2].get(k, 0) + zero[2].get(k, 0), 0) for k in two[2]}
    out = {}
    for event, rows in two[i].items():
        for key, row in rows.items():
            a, b = zero[i][event].get(key, (0, 0)), one[i][event].get(key, (0, 0))
            out[key] = tuple(x + row[j] - 2 * b[j] + a[j]
                             for j, x in enumerate(out.get(key, (0, 0))))
    return out


def is_ours(name):
    return "[quicsock]" in name or CRYPTO.search(name)


def count_allocs(rows, pages, names, log):
    """Allocations in @rows and pages: the module's, and those of cryptography for it."""
    own = crypto = 0
    for address, (hits, _) in sorted(rows.items(), key=lambda r: -r[1][0]):
        name = names.of(address)
        mark = "*" if is_ours(name) else " "
        if hits:
            log.write(f"{mark} {hits:8} {name}\n")
        own += hits if "[quicsock]" in name else 0
        crypto += hits if is_ours(name) and "[quicsock]" not in name else 0
    log.write("\npages, below a function of the module, skbs left out\n")
    for frames, (hits, _) in pages.items():
        if hits and any("[quicsock]" in f for f in frames) and \
                not any(re.search(r"alloc_skb|skb_clone|build_skb", f) for f in frames):
            log.write(f"* {hits:8} {' < '.join(frames)}\n")
            own += hits
    return own, crypto


def count_copies(rows, sites, log):
    """Bytes copied on the way out, and in."""
    out = into = 0
    for address, (hits, n) in sorted(rows.items(), key=lambda r: -r[1][1]):
        _, function, source, callee = sites[address]
        side = "tx" if source in SENDING else "rx" if source in RECEIVING else "both"
        if hits:
            log.write(f"{side:5} {n:10} bytes {hits:8} times {callee} in {function} ({source}.c)\n")
        out += n if side != "rx" else 0
        into += n if side != "tx" else 0
    return out, into


def watch(copies, allocs):
    for e in copies:
        write(f"events/{e}/trigger", "hist:keys=__probe_ip.hex:vals=n:size=4096\n")
    for e in allocs:
        write(f"events/{e}/trigger", "hist:keys=call_site.hex:size=4096\n")
    write("events/kmem/mm_page_alloc/trigger", "hist:keys=stacktrace:size=4096\n")


def unwatch(copies, allocs):
    """What is opened to be truncated is emptied: nothing that comes later pays for probes."""
    for e in [*copies, *allocs, "kmem/mm_page_alloc"]:
        write(f"events/{e}/trigger", "")
    write("kprobe_events", "")


def transfers(client, bytes_, copies, allocs):
    """Packets of @bytes_, and the snapshots around one and two times as many."""
    run(client, bytes_)         # caches and windows are warm
    zero = snapshot(copies, allocs)
    first = run(client, bytes_)
    one = snapshot(copies, allocs)
    second = run(client, 2 * bytes_)
    return second - first, (zero, one, snapshot(copies, allocs))


def copied(way, value, bytes_, sites):
    print(f"copied_bytes_per_byte_{way}", f"{value / bytes_:.4f}", "bytes",
          f"{len(sites)} calls of copying functions probed; what is in line is not seen", sep="\t")


def measure(a, log):
    sites = copy_sites(a.module)
    copies, allocs = set_probes(sites), alloc_events()
    watch(copies, allocs)
    packets, snaps = transfers(a.client, a.bytes, copies, allocs)
    log.write(f"{packets} packets, {a.bytes} bytes more\n\nallocations, * ours\n")
    own, crypto = count_allocs(grown(*snaps, 1), grown(*snaps, 2), Names(), log)
    log.write("\ncopies\n")
    out, into = count_copies(grown(*snaps, 0), sites, log)
    print("allocs_per_packet", f"{(own + crypto) / packets:.5f}", "allocations",
          f"besides skbs, both ends together: {own / packets:.3f} of the module, "
          f"{crypto / packets:.3f} of cryptography", sep="\t")
    copied("tx", out, a.bytes, sites)
    copied("rx", into, a.bytes, sites)
    packets, snaps = transfers([*a.client[:-1], "--sendfile", a.client[-1]], a.bytes, copies, allocs)
    log.write(f"\ncopies by sendfile(2), {packets} packets\n")
    copied("tx_splice", count_copies(grown(*snaps, 0), sites, log)[0], a.bytes, sites)
    unwatch(copies, allocs)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("-m", "--module", required=True)
    p.add_argument("-b", "--bytes", type=int, required=True)
    p.add_argument("-l", "--log", required=True)
    p.add_argument("client", nargs="+")
    a = p.parse_args()
    with open("/proc/sys/kernel/kptr_restrict", "w", encoding="ascii") as f:
        f.write("0")
    with open(a.log, "w", encoding="utf-8") as log:
        measure(a, log)


if __name__ == "__main__":
    main()
