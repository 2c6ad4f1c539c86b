# SPDX-License-Identifier: GPL-2.0-only
"""Experiment about two forms of a page table in software: docs/experiments.md, 15; like reading.py."""
import re

import svg
from lab import size_name
from reach import ACCESSES, RANDOM, TRACE, kernel_bytes, phases
from refill import SOFT, TLB, all_misses

FORMS = ["sv39"] + SOFT
SEGMENTS, HASH = SOFT
TABLE, WAYS, ENTRY, HEAD, PAGE = 1024, 4, 40, 4, 4096  # softcache.c; softhash.c: bytes of a node, of a bucket


def forms(lab):
    lab.command(
        f"tarry run --mem 64M {TRACE} --mmu MODE {TLB} reach --random [--apart S] PAGES...",
        "tarry query tarry.db experiment-tlb       # phases 1, 3, 5, ...",
    )
    larger(lab)
    apart(lab)
    machine(lab)


def cost(row, walked):
    """Instructions a miss."""
    return (row["instructions"] - walked["instructions"]) / all_misses(row)


def larger(lab):
    """Over the number of pages."""
    sizes = [512, 2048] if lab.small else [128, 512, 1024, 1536, 2048, 3072, 4096]
    got = {m: phases(lab, sizes, RANDOM, f"--mmu {m} {TLB}") for m in FORMS}
    price = {(m, n): cost(got[m][n], got["sv39"][n]) for m in SOFT for n in sizes}
    refill, far = price[SEGMENTS, 512], got[SEGMENTS][2048]
    refills = far["traps"] - far["faults"]
    fault = (far["instructions"] - got["sv39"][2048]["instructions"] - refill * refills) / far["faults"]
    # A page that the TLB misses is in the kernel's table, which holds all that the TLB does, with this probability.
    there = lambda n: min(1, (TABLE - 64) / (n - 64))
    theory = {n: refill * there(n) + fault * (1 - there(n)) for n in sizes}
    lab.say(f"Neighbouring pages, {ACCESSES:,} accesses at random; instructions of the kernel for a miss:")
    lab.say()
    lab.table(
        ["pages"] + [f"{n:,}" for n in sizes],
        [[f"`{m}`"] + [f"{price[m, n]:.0f}" for n in sizes] for m in SOFT]
        + [["`softtlb:segments`: theory"] + [f"{theory[n]:.0f}" for n in sizes]],
    )
    lab.claim(
        (
            f"A refill from the hashed table is {price[HASH, 512]:.0f} instructions at every size: its hash spreads"
            " neighbours over all buckets, so that hardly any chain is longer than one."
        ),
        max(price[HASH, n] for n in sizes) - min(price[HASH, n] for n in sizes) < 2,
    )
    lab.claim(
        (
            f"Behind `segments` stand {TABLE:,} entries. Beyond that a miss that is not there takes the way of a page"
            f" fault, {fault:.0f} instructions, and what a miss costs follows from how likely that is, within 6 %."
        ),
        all(abs(price[SEGMENTS, n] / theory[n] - 1) < 0.06 for n in sizes),
    )
    cheaper = [n for n in sizes if price[SEGMENTS, n] < price[HASH, n]]
    lab.claim(
        f"So `segments` is the cheaper form up to {max(cheaper):,} pages, and the dearer one from there on.",
        cheaper == [n for n in sizes if n <= TABLE],
    )
    lab.picture(
        "experiments-forms.svg",
        svg.lines(
            "Refills from two forms of a page table",
            [
                (
                    "neighbouring pages, 64 entries of the TLB",
                    [(m, [(n, price[m, n]) for n in sizes]) for m in SOFT]
                    + [("segments: theory", [(n, theory[n]) for n in sizes])],
                )
            ],
            "pages in use",
            "instructions a miss",
            x_log=2,
            x_name=str,
        ),
        "instructions per miss over the pages in use, for both forms",
    )


def apart(lab):
    """Dense and sparse address spaces."""
    pages = 256
    steps = [1, 512, 131072] if lab.small else [1, 16, 512, 4096, 131072]
    found = {
        (m, s): phases(lab, [pages], RANDOM, f"--mmu {m} {TLB}", f"--apart {s}")[pages] for m in FORMS for s in steps
    }
    tables = {
        s: (
            kernel_bytes(lab, [pages], RANDOM, f"--mmu sv39 {TLB}", f"--apart {s}")[pages]
            - kernel_bytes(lab, [pages], RANDOM, f"--mmu {SEGMENTS} {TLB}", f"--apart {s}")[pages]
        ) // PAGE
        for s in steps
    }
    lab.say(f"{pages} pages, so far apart:")
    lab.say()
    rows = []
    for s in steps:
        row = [size_name(s * PAGE), tables[s]]
        for m in SOFT:
            r = found[m, s]
            row += [all_misses(r), r["faults"], f"{cost(r, found['sv39', s]):.0f}"]
        rows.append(row)
    lab.table(
        ["apart", "page tables, `sv39`"]
        + [f"{c}, `{m[8:]}`" for m in SOFT for c in ("misses", "faults", "instructions a miss")],
        rows,
    )
    # leaf tables and those above
    need = lambda s: min(pages, -(-pages * s // 512)) + min(pages, -(-pages * s // 512**2))
    lab.claim(
        (
            f"Page tables for the hart are by the place: {tables[1]} for neighbours, {tables[512]} where each page is"
            f" alone in its 2 MiB, {tables[131072]} in half a GiB: one page of table for each of data, and more. Forms"
            " in software do not care."
        ),
        all(need(s) <= tables[s] <= need(s) + 2 for s in steps),
    )
    lab.claim(
        "The hashed table does not care for what is apart, either.",
        len({round(cost(found[HASH, s], found["sv39", s])) for s in steps}) == 1,
    )
    worst = found[SEGMENTS, 131072]
    lab.claim(
        (
            f"The table behind `segments` has sets of {WAYS}, and there are distances at which all pages fall into one:"
            " then every miss is a fault. What is more, the TLB must not hold what the kernel's table does not, so its"
            f" 64 entries are {WAYS}: 1 - {WAYS} / {pages} of all accesses miss."
        ),
        worst["faults"] == worst["traps"] and abs(worst["misses"] / ACCESSES - (1 - WAYS / pages)) < 0.01,
    )


def machine(lab):
    """What depends on the machine's memory."""
    sizes = [16, 64] if lab.small else [16, 64, 256]
    lab.say("What a form costs before anything runs, and what `true` costs, by the machine's memory:")
    lab.say()
    lab.command("tarry run --mem SIZE --mmu MODE cat /dev/swap", "tarry run --mem SIZE --mmu MODE true")
    kernel, insns = {}, {}
    for m in FORMS:
        for size in sizes:
            out = lab.run("cat /dev/swap", f"--mem {size}M --mmu {m}").out
            kernel[m, size] = int(re.search(r"(\d+) kernel", out)[1])
            insns[m, size] = lab.run("true", f"--mem {size}M --mmu {m}").number(
                "select r.instructions - p.insn from run r join process p order by p.id limit 1"
            )
    lab.table(
        ["memory"] + [f"{c}, `{m}`" for c in ("pages of the kernel", "instructions of `true`") for m in FORMS],
        [[f"{s} MiB"] + [kernel[m, s] for m in FORMS] + [insns[m, s] for m in FORMS] for s in sizes],
    )
    more = lambda s: kernel[HASH, s] - kernel[SEGMENTS, s]
    predicted = lambda s: -(-(s * 256 + 1) * ENTRY // PAGE) + s * 256 * HEAD // PAGE
    lab.claim(
        (
            f"The hashed table is an entry of {ENTRY} bytes and a bucket of {HEAD} for each frame of the machine, 1.1 %"
            f" of memory, used or not: {more(64)} pages of 64 MiB."
        ),
        all(abs(more(s) - predicted(s)) <= 0.03 * predicted(s) + 1 for s in sizes),
    )
    slope = lambda s: (insns[HASH, s] - insns[SEGMENTS, s]) / (s * 256)
    lab.claim(
        (
            f"A program's exec and exit look through all of it: {slope(64):.0f} instructions for each frame of the"
            " machine, however small the program. The other forms do not know how large the machine is."
        ),
        all(abs(slope(s) / slope(64) - 1) < 0.1 for s in sizes)
        and all(insns[m, s] == insns[m, 64] for m in FORMS[:2] for s in sizes),
    )
