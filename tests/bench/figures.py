# SPDX-License-Identifier: GPL-2.0
"""Figures out of the runs of tests/bench/run.

Ratios are taken within a round, where all modes ran one after another, and their median
is the figure: what slows the machine for a while slows both sides of it. The spread is
that from the lowest to the highest, over the median. Ratios of rates are ours by theirs;
those of round trips, too: there less is better.
"""
import json
import statistics

MODES = ("quic", "ktls", "tcp", "ngtcp2")
RIVALS = MODES[1:]
CONTEXT = ("link", "kernel", "module", "driver", "mtu", "offloads", "async", "icount")

# What a part's figures are named, its value and unit. {prefix} is bulk or icount.
PARTS = {
    "bulk": ("{prefix}.{link}.{case}", "mb_per_s", "MB/s"),
    "sendfile": ("sendfile.{link}.{case}", "mb_per_s", "MB/s"),
    "streams8": ("streams8.{link}.{case}", "mb_per_s", "MB/s"),
    "conns64": ("conns64.{link}.{case}", "mb_per_s", "MB/s"),
    "rr": ("rr.{case}", "p50_us", "us"),
    "handshakes": ("handshakes", "per_s", "1/s"),
}
RATES = ("bulk", "sendfile", "streams8", "conns64")     # that stand in one table, one plot
NOTES = {
    "sendfile": "a file in memory, by sendfile(2)",
    "streams8": "TCP and kTLS: a connection for each",
    "rr": "less is better; no Nagle in any mode",
    "handshakes": "connect, a byte each way, close; TCP has no keys to agree on",
}

# Instructions of gcm(aes) for n bytes on 6.12: 4,119 for a packet of 1,424 bytes in
# place, and 2.3 per byte in records of 16 KiB. Both were known before and are not measured
# in the same boot; a line through the two stands for all other sizes.
AEAD_FIXED, AEAD_PER_BYTE = 924, 2.2436
AEAD_PACKET = 4119
RECORD = 16384
MESSAGE_BYTES = {"1k": 1024, "1k_nodelay": 1024, "16k": 16384, "64k": 65536}
HEADERS = 28    # of a datagram, QUIC's and STREAM's with the tag: 1452 bytes carry 1424


def read_runs(path):
    """Runs in their order, and counts: {key: {mode: {round: run}}}, [count]."""
    runs, counts = {}, []
    with open(path, encoding="utf-8") as f:
        for line in f:
            r = json.loads(line)
            if r["part"] == "count":
                counts.append(r)
                continue
            key = (r["icount"], r["part"], r["link"], r["case"])
            runs.setdefault(key, {}).setdefault(r["mode"], {})[r["round"]] = r
    share_ngtcp2(runs)
    return runs, counts


def share_ngtcp2(runs):
    """libngtcp2 has no messages: its run of a link stands beside all of them."""
    for icount, part, link, case in [k for k in runs if k[3] == "any"]:
        theirs = runs.pop((icount, part, link, case))
        for key, modes in runs.items():
            if key[:3] == (icount, part, link):
                modes.update(theirs)


def summary(values):
    """Median and spread of at least one value."""
    mid = statistics.median(values)
    return mid, (max(values) - min(values)) / mid if mid else 0.0


def name_of(key):
    icount, part, link, case = key
    name = PARTS[part][0].format(prefix="icount" if icount else "bulk", link=link, case=case)
    return name if part == "bulk" or not icount else "icount." + name


def ratios(modes, rival, value):
    """Ours by theirs, of each round that has both."""
    both = sorted(set(modes.get("quic", {})) & set(modes.get(rival, {})))
    return [value(modes["quic"][n]) / value(modes[rival][n]) for n in both]


def aead(n):
    return AEAD_FIXED + AEAD_PER_BYTE * n


def besides_aead(run, case):
    """Instructions per byte of a counted transfer without the AEAD's, at both ends."""
    q, message = run["run"], MESSAGE_BYTES[case]
    insn = q["seconds"] * 1e9 / q["bytes"]
    if run["mode"] == "quic":
        per = min(q["mtu"] - HEADERS, q["bytes"] / q["sent_pkts"])
    else:
        per = min(RECORD, message)
    return insn - 2 * aead(per) / per


def line(name, value, spread, unit, run, **more):
    out = {"name": name, "value": round(value, 5), "unit": unit, "spread": round(spread, 4)}
    out.update({k: run[k] for k in CONTEXT})
    if "mtu" in run.get("run", {}):
        out["datagram"] = run["run"]["mtu"]
    if "cpu_busy" in run.get("run", {}):
        out["cpu_busy"] = round(run["run"]["cpu_busy"], 3)
    out.update({k: v for k, v in more.items() if v})
    return out


def ratio_lines(runs):
    for key, modes in runs.items():
        _, part, _, case = key
        field, note = PARTS[part][1], NOTES.get(part)
        for rival in RIVALS:
            found = ratios(modes, rival, lambda r, f=field: r["run"][f])
            if not found:
                continue
            run = next(iter(modes["quic"].values()))
            yield line(f"{name_of(key)}.over_{rival}", *summary(found), "ratio", run, note=note)
            if key[0] and part in ("bulk", "sendfile") and rival == "ktls":
                found = [1 / r for r in ratios(modes, rival, lambda r, c=case: besides_aead(r, c))]
                yield line(f"{name_of(key)}.over_ktls_besides_aead", *summary(found), "ratio", run,
                           note=f"the AEAD's own cost taken off both: {AEAD_FIXED} instructions "
                           f"and {AEAD_PER_BYTE} per byte for each packet and record, "
                           "a line through two known sizes, not measured in this boot")


def value_lines(runs):
    for key, modes in runs.items():
        _, field, unit = PARTS[key[1]]
        for mode in MODES:
            if mode not in modes:
                continue
            all_runs = list(modes[mode].values())
            fields = [field] if field == "mb_per_s" else ["p50_us", "p90_us", "p99_us"]
            if key[1] == "handshakes":
                fields.insert(0, field)
            for f in fields:
                name = f"{name_of(key)}.{mode}" + (f".{f[:3]}" if f[0] == "p" and f != "per_s" else "")
                yield line(name, *summary([r["run"][f] for r in all_runs]),
                           "us" if f.endswith("_us") else unit, all_runs[0])


def packet_lines(runs):
    """Where instructions were counted: those per packet and side besides the AEAD."""
    modes = runs.get((True, "bulk", "veth1500", "64k"), {})
    for run in list(modes.get("quic", {}).values())[:1]:
        q = run["run"]
        both = q["seconds"] * 1e9 / q["sent_pkts"]
        yield line("icount.insn_per_packet_side", both / 2 - AEAD_PACKET, 0, "instructions", run,
                   note=f"of {both:.0f} at both ends, without {AEAD_PACKET} of AEAD at each: "
                   "one full packet in place in gcm(aes) on 6.12, not measured in this boot")


def count_lines(counts):
    """A count stands once: that of the boot that counts instructions, if there was one."""
    by_name = {}
    for r in counts:
        if r["name"] not in by_name or r["icount"]:
            by_name[r["name"]] = r
    for r in by_name.values():
        yield line(r["name"], r["value"], 0, r["unit"], r, note=r["note"])


def figures(runs, counts):
    """All that is to be known, ratios first, as dictionaries."""
    yield from ratio_lines(runs)
    yield from packet_lines(runs)
    yield from count_lines(counts)
    yield from value_lines(runs)
