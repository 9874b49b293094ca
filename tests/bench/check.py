#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""check - are the benchmark's figures computed right? TAP.

Made-up runs whose ratios are known go through figures, judge and flame; nothing is
measured here.
"""
import contextlib
import io
import json
import os
import sys
import tempfile

sys.dont_write_bytecode = True     # nothing is made beside the sources

import counts
import figures
import flame
import judge
import plot
import report

results = []


def check(what, want, got):
    results.append(want == got)
    print(f"{'' if want == got else 'not '}ok {len(results)} - {what}")
    if want != got:
        print(f"# wanted {want!r}\n# found  {got!r}")


def a_run(part, case, mode, round_, **run):
    return {"part": part, "case": case, "mode": mode, "round": round_, "link": "veth1500", "kernel": "6", "module": "m",
            "driver": "d", "mtu": 1500, "offloads": "", "async": 0, "icount": run.pop("icount", False),
            "run": run}


def a_bulk(mode, round_, rate, **more):
    return a_run("bulk", "64k", mode, round_, mb_per_s=rate, **more)


def write_lines(path, rows):
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(json.dumps(r) + "\n" for r in rows)
    return path


def check_figures(work):
    rows = [a_bulk("quic", n, q, mtu=1452) for n, q in ((1, 10.0), (2, 12.0), (3, 30.0))]
    rows += [a_bulk("ktls", n, k) for n, k in ((1, 20.0), (2, 20.0), (3, 20.0))]
    rows += [a_run("bulk", "any", "ngtcp2", n, mb_per_s=5.0) for n in (1, 2)]
    rows += [a_run("rr", "1k", m, 1, p50_us=u, p90_us=u, p99_us=u) for m, u in (("quic", 30.0), ("ktls", 20.0))]
    rows.append({**a_run("count", "", "", 1), "name": "c", "value": 3, "unit": "bytes", "note": "n"})
    rows.append({**a_run("count", "", "", 1, icount=True), "name": "c", "value": 4, "unit": "bytes", "note": "n"})
    rows += [a_run("sendfile", "64k", m, 1, mb_per_s=v) for m, v in (("quic", 9.0), ("ktls", 6.0))]
    runs, counted = figures.read_runs(write_lines(f"{work}/runs", rows))
    table = {f["name"]: f for f in figures.figures(runs, counted)}
    value = {n: f["value"] for n, f in table.items()}
    check("a ratio is the median of those of each round", 0.6, value["bulk.veth1500.64k.over_ktls"])
    check("its spread is from the lowest to the highest", 1.6667, table["bulk.veth1500.64k.over_ktls"]["spread"])
    check("libngtcp2 stands beside each message, in its rounds", 2.2, value["bulk.veth1500.64k.over_ngtcp2"])
    check("of round trips less is better, the ratio is ours by theirs", 1.5, value["rr.1k.over_ktls"])
    check("sendfile(2) is beside kTLS's own", 1.5, value["sendfile.veth1500.64k.over_ktls"])
    check("a count of counted instructions comes first", 4, value["c"])
    check("the datagram's size is said", 1452, table["bulk.veth1500.64k.over_ktls"]["datagram"])
    with contextlib.redirect_stdout(io.StringIO()) as said:
        report.print_all(runs, table)
    check("a table has the ratio", True, " 0.60 " in said.getvalue())
    plot.all_plots(f"{work}/plot", runs, table)
    with open(f"{work}/plot-throughput.svg", encoding="utf-8") as f:
        check("and so has the plot", True, "0.60 of kTLS" in f.read())


def check_aead(work):
    # 1,000 packets of 1,424 bytes, 20,000 instructions each; kTLS 10 a byte
    bytes_ = 1424000
    rows = [a_bulk("quic", 1, bytes_ / 20e-3 / 1e6, seconds=20e-3, bytes=bytes_, sent_pkts=1000, mtu=1452, icount=True),
            a_bulk("ktls", 1, 100.0, seconds=bytes_ * 10e-9, bytes=bytes_, icount=True)]
    runs, counted = figures.read_runs(write_lines(f"{work}/runs", rows))
    value = {f["name"]: f["value"] for f in figures.figures(runs, counted)}
    check("instructions of a packet and side", 20000 / 2 - 4119, value["icount.insn_per_packet_side"])
    theirs = 10 - 2 * (924 + 2.2436 * 16384) / 16384
    ours = (20000 - 2 * (924 + 2.2436 * 1424)) / 1424
    check("a ratio without the AEAD", round(theirs / ours, 5), value["icount.veth1500.64k.over_ktls_besides_aead"])


def judged(work, *pairs):
    """What judge says of figures (name, unit, [before], [after])."""
    for side, at in (("old", 2), ("new", 3)):
        for n in (1, 2):
            os.makedirs(f"{work}/{side}-icount-{n}", exist_ok=True)
            write_lines(f"{work}/{side}-icount-{n}/bench.jsonl",
                        [{"name": p[0], "unit": p[1], "value": p[at][n - 1],
                          "module": side} for p in pairs])
    old, new = (judge.read(work, s, "icount", 2)[0] for s in ("old", "new"))
    return [row[-1] for row in judge.compare(old, new, judge.LEAST["icount"])]


def check_judge(work):
    check("a rate that fell by a per cent is worse", [True],
          judged(work, ("icount.x.quic", "MB/s", [100, 100], [99, 99])))
    check("one that rose is not", [False], judged(work, ("icount.x.quic", "MB/s", [100, 100], [101, 101])))
    check("nor one that fell by less than the boots differ", [False],
          judged(work, ("icount.x.quic", "MB/s", [100, 103], [99, 101])))
    check("a time that rose is", [True], judged(work, ("icount.rr.1.quic.p50", "us", [50, 50], [51, 51])))
    check("the slowest requests may differ by more", [False],
          judged(work, ("icount.rr.1.quic.p99", "us", [50, 50], [54, 54])))
    check("rivals and ratios are not judged", [], judged(
        work, ("icount.x.ktls", "MB/s", [2, 2], [1, 1]), ("icount.x.over_ktls", "ratio", [2, 2], [1, 1])))


STACKS = """quicperf
\tffff1 aes_gcm_enc
\tffff2 quic_seal
\tffff3 __sys_sendmsg

quicperf
\tffff2 quic_seal
\tffff3 __sys_sendmsg

quicperf
\tffff4 __do_sys_getrandom
\tffff3 __sys_sendmsg

"""


def check_flame(work):
    with open(f"{work}/stacks", "w", encoding="utf-8") as f:
        f.write(STACKS)
    stacks, left_out = flame.read_stacks(f"{work}/stacks")
    check("stacks are of the transfer, outermost first", {("__sys_sendmsg", "quic_seal"): 1, (
        "__sys_sendmsg", "quic_seal", "aes_gcm_enc"): 1}, dict(stacks))
    check("others are counted", 1, left_out)
    flame.Drawing(flame.tree_of(stacks), 10).write(f"{work}/flame.svg", "title")
    with open(f"{work}/flame.svg", encoding="utf-8") as f:
        check("a box says what is below it", True, "quic_seal: 20 instructions per packet, 100.0%" in f.read())


def check_counts():
    snap = [({"e": {1: (0, 0)}}, {}, {}), ({"e": {1: (5, 500)}}, {}, {}), ({"e": {1: (13, 1300), 2: (1, 7)}}, {}, {})]
    check("what a connection needs once is not counted per packet", {1: (3, 300), 2: (1, 7)},
          counts.grown(*snap, 0))


def main():
    with tempfile.TemporaryDirectory() as work:
        check_figures(work)
        check_aead(work)
        check_judge(work)
        check_flame(work)
    check_counts()
    print(f"1..{len(results)}")
    sys.exit(not all(results))


main()
