# SPDX-License-Identifier: GPL-2.0-only
"""Experiments about what a TLB reaches: docs/experiments.md, 12; like reading.py."""
import re

import svg
import tlbmodels

TRACE = "--trace fault,syscall,translation"
ACCESSES = 10000
CYCLIC, RANDOM, ZIPF = "--cyclic", "--random", "--zipf"
# The kernel's two superpages have entries of their own (":2"), so that its interrupts take none from the program.
GEOMETRIES = {
    "64, fifo": "dtlb=64:64:fifo:2",
    "64, lru": "dtlb=64:64:lru:2",
    "64, plru": "dtlb=64:64:plru:2",
    "64, random": "dtlb=64:64:random:2",
    "64 in 4 ways, fifo": "dtlb=64:4:fifo:2",
    "128, fifo": "dtlb=128:128:fifo:2",
}


def phases(lab, sizes, order, options, extra=""):
    """{pages: its row of experiment-tlb}; the measured phases of a run of `reach` are the odd ones."""
    key = ("reach", tuple(sizes), order, options, extra)
    if key not in lab.known:
        program = f"reach {order} --accesses {ACCESSES} {extra} {' '.join(map(str, sizes))}"
        t = lab.run(program, f"--mem 64M {TRACE} {options}")
        rows = t.query("experiment-tlb")
        lab.known[key] = {n: rows[1 + 2 * i] for i, n in enumerate(sizes)}, t.out
    return lab.known[key][0]


def kernel_bytes(lab, sizes, order, options, extra=""):
    """{pages: what the kernel needed for them, its own page tables and maps}: the same run."""
    phases(lab, sizes, order, options, extra)
    out = lab.known["reach", tuple(sizes), order, options, extra][1]
    return {int(n): int(k) for n, k in re.findall(r"pages=(\d+) .*kernel=(\d+)", out)}


def predicted(order, geometry, pages):
    """Misses per access, or None: theory says nothing simple."""
    entries, ways = (128, 128) if geometry.startswith("128") else (64, 4 if "4 ways" in geometry else 64)
    if order == CYCLIC:
        if "plru" in geometry and pages > entries:
            return None
        return (
            tlbmodels.cyclic_random(pages, entries) if "random" in geometry else tlbmodels.cyclic(pages, entries, ways)
        )
    if order == RANDOM:
        return tlbmodels.uniform(pages, entries, ways)
    p = tlbmodels.zipf_classes(pages)
    if "ways" in geometry or "plru" in geometry:
        return None
    return tlbmodels.lru(p, entries) if "lru" in geometry else tlbmodels.fifo(p, entries)


def per_cent(x):
    return f"{100 * x:.1f}"


def reach(lab):
    sizes = [32, 60, 64, 66, 72, 80, 128, 512] if lab.small else [16, 48, 60, 64, 66, 72, 80, 96, 128, 256, 4096]
    powers = [32, 64, 128, 512] if lab.small else [16, 32, 64, 128, 256, 512, 1024, 4096]
    used = ["64, fifo", "64, lru", "64, random", "64 in 4 ways, fifo"] if lab.small else list(GEOMETRIES)
    lab.command(
        f"tarry run --mem 64M {TRACE} --tlb dtlb=ENTRIES:WAYS:POLICY:2 reach --cyclic|--random|--zipf PAGES...",
        "tarry query tarry.db experiment-tlb       # phases 1, 3, 5, ...",
    )
    got = {}
    for order, ns, what in (
        (CYCLIC, sizes, "one after the other, again and again"),
        (RANDOM, powers, "each equally likely"),
        (ZIPF, powers, "page 0, [1,2), [2,4), [4,8) ... equally likely"),
    ):
        lab.say(f"Misses per 100 accesses, {ACCESSES:,} accesses to PAGES pages, {what}; in brackets what theory says:")
        lab.say()
        rows = []
        for g in used:
            found = phases(lab, ns, order, f"--tlb {GEOMETRIES[g]}")
            cells = []
            for n in ns:
                got[order, g, n] = found[n]["misses"] / ACCESSES
                theory = predicted(order, g, n)
                cells.append(per_cent(got[order, g, n]) + (f" ({per_cent(theory)})" if theory is not None else ""))
            rows.append([g] + cells)
        lab.table([f"`{order}`"] + [str(n) for n in ns], rows)
    drawing(lab, got, used, sizes, powers)
    claims(lab, got, used)
    seconds(lab, sizes if lab.small else [32, 128, 256, 512, 1024, 4096])


def drawing(lab, got, used, sizes, powers):
    line = lambda order, g, ns: (g, [(n, min(100, 100 * got[order, g, n])) for n in ns])
    panels = [("in turn: a cliff", [line(CYCLIC, g, sizes) for g in used if "128" not in g])]
    for order, name in ((RANDOM, "at random, equally likely"), (ZIPF, "at random, some much more likely")):
        shown = [g for g in used if g in ("64, fifo", "64, lru", "64 in 4 ways, fifo", "128, fifo")]
        panels.append((name, [line(order, g, powers) for g in shown]))
    lab.picture(
        "experiments-reach.svg",
        svg.lines(
            "Misses of a TLB over the pages in use",
            panels,
            "pages in use",
            "misses per 100 accesses",
            x_log=2,
            x_name=str,
        ),
        "misses per access over the working set, for three orders and several geometries",
    )


def claims(lab, got, used):
    full = [(o, g, n) for o, g, n in got if o == CYCLIC and g in ("64, fifo", "64, lru", "128, fifo")]
    reached = lambda g: 128 if "128" in g else 64
    lab.claim(
        (
            "In turn, a fully associative TLB with LRU or FIFO misses nothing as long as the pages fit, and every"
            " single access as soon as they do not: a cliff."
        ),
        all(got[k] == 0 if k[2] < reached(k[1]) else got[k] > 0.99 if k[2] > reached(k[1]) else True for k in full),
    )
    brim = {g: round(got[CYCLIC, g, 64] * ACCESSES) for g in ("64, fifo", "64, lru")}
    lab.claim(
        (
            "64 pages just fit into 64 entries, but one use of another page - the stack - costs"
            f" {brim['64, lru']} misses: each one throws out the page that is needed next, all around."
        ),
        all(64 <= n <= 66 for n in brim.values()),
    )
    off = [abs(got[k] - predicted(*k)) for k in got if k[0] == CYCLIC and predicted(*k) is not None]
    lab.claim(
        (
            "Sets make the cliff a slope, since some overflow before others: with 4 ways, of 72 pages the 40 that lie"
            f" in sets of 5 miss each time, {per_cent(got[CYCLIC, '64 in 4 ways, fifo', 72])} % of the accesses. Random"
            " replacement makes it one, too, and is the better policy there:"
            f" {per_cent(got[CYCLIC, '64, random', 80])} % at 80 pages where LRU has"
            f" {per_cent(got[CYCLIC, '64, lru', 80])}. Theory and counts differ by less than 3 in 100."
        ),
        max(off) < 0.03,
    )
    lab.claim(
        (
            "At random, each page equally likely, 1 - entries / pages of the accesses miss, within 2 in 100, whatever"
            " the policy and the ways."
        ),
        all(abs(got[o, g, n] - predicted(o, g, n)) < 0.02 for o, g, n in got if o == RANDOM),
    )
    zipf = [k for k in got if k[0] == ZIPF and predicted(*k) is not None]
    lab.claim(
        (
            "Where some pages are likelier, LRU is better than FIFO, and FIFO and random replacement are equally good,"
            " as Gelenbe proved: what the fixed points say, within 2 in 100."
        ),
        all(abs(got[k] - predicted(*k)) < 0.02 for k in zipf)
        and all(got[ZIPF, "64, lru", n] < got[ZIPF, "64, fifo", n] for o, g, n in zipf if n >= 256),
    )


def seconds(lab, sizes):
    """Second level, walk cache, virtual time."""
    walk, second = 20, 7
    options = {
        "sv39": "--tlb dtlb=64:64:fifo:2,",
        "sv48": "--mmu sv48 --tlb dtlb=64:64:fifo:2,",
        "sv39, second level of 512": "--tlb dtlb=64:64:fifo:2,l2=512:4:fifo:4,",
        "sv39, walk cache of 16": "--tlb dtlb=64:64:fifo:2,walk=16,",
    }
    lab.say(
        f"The same at random, equally likely, with time: {walk} ns for each entry of a page table that a walk reads,"
        f" {second} ns for a hit of the second level. Virtual ns that the TLB adds to an access:"
    )
    lab.say()
    lab.command(f"tarry run {TRACE} --tlb dtlb=64:64:fifo:2,walk-ns={walk},l2-ns={second} reach --random PAGES...")
    rows, found = [], {}
    for name, o in options.items():
        found[name] = phases(lab, sizes, RANDOM, f"{o}walk-ns={walk},l2-ns={second}")
        rows.append([name] + [f"{(r['ns'] - r['instructions']) / ACCESSES:.1f}" for r in found[name].values()])
    lab.table([""] + [f"{n:,} pages" for n in sizes], rows)
    everything = [r for f in found.values() for r in f.values()]
    lab.claim(
        "Virtual time is instructions, and what was read and found at those prices, to the nanosecond.",
        all(r["ns"] - r["instructions"] == walk * r["refs"] + second * r["second"] for r in everything),
    )
    two = {n: r for n, r in found["sv39, second level of 512"].items() if n > 576}
    lab.claim(
        (
            "A second level adds its reach: between 1 - (64 + 512) / pages and 1 - 512 / pages of the accesses are"
            " walked, the more the less both levels hold the same."
        ),
        all(
            1 - 576 / n - 0.02
            < (r["misses"] + r["kernel"] + r["fetches"] - r["second"]) / ACCESSES
            < 1 - 512 / n + 0.02
            for n, r in two.items()
        )
        and all(r["refs"] <= 3 * 512 for n, r in found["sv39, second level of 512"].items() if n < 512),
    )
    far = {
        (name, apart): phases(lab, [256], CYCLIC, o + "asid=16", f"--apart {apart}")[256]
        for name, o in options.items()
        for apart in (1, 512)
    }
    each = {
        k: r["refs"] / (r["misses"] + r["kernel"] + r["fetches"] - r["second"]) for k, r in far.items() if r["refs"]
    }
    lab.say("Entries of page tables that a walk reads; 256 pages in turn, neighbours or one from each 2 MiB:")
    lab.say()
    lab.table(
        ["", "neighbours", "2 MiB apart"],
        [[n] + [f"{each[n, a]:.2f}" if (n, a) in each else "-" for a in (1, 512)] for n in options],
    )
    lab.claim(
        (
            "A walk cache leaves one entry to be read of three where pages are neighbours, and two where each has a"
            " table of its own and there are more of these than the cache holds."
        ),
        each["sv39", 1] == 3
        and each["sv48", 1] == 4
        and each["sv39, walk cache of 16", 1] < 1.01
        and 1.99 < each["sv39, walk cache of 16", 512] < 2.01,
    )
