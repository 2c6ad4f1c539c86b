# SPDX-License-Identifier: GPL-2.0-only
"""Experiment about address-space numbers at context switches: docs/experiments.md, 14; like reading.py."""
import svg
from reach import TRACE

WALK = 20
TLB = f"dtlb=64:64:fifo:4,itlb=32:32:fifo:2,walk-ns={WALK}"


def switching(lab, processes, pages, bits, rounds, extra=""):
    """The row of experiment-tlb for the rounds."""
    key = ("ring", processes, pages, bits, rounds, extra)
    if key not in lab.known:
        program = f"ring --processes {processes} --pages {pages} --rounds {rounds}"
        t = lab.run(program, f"{TRACE} --tlb {TLB},asid={bits}{extra}")
        lab.known[key] = t.query("experiment-tlb")[1]
    return lab.known[key]


def predicted(processes, pages, bits):
    """Misses of data at a turn: its pages and its stack's are there still, or not."""
    need = pages + 1
    return 0 if processes < 2**bits and processes * need <= 64 else need


def asids(lab):
    rounds = 50 if lab.small else 100
    widths = [16, 2, 1, 0] if lab.small else [16, 3, 2, 1, 0]
    crowds = [4] if lab.small else [2, 4, 8]
    sizes = [2, 15, 16] if lab.small else [1, 3, 7, 8, 15, 16, 31, 32]
    lab.command(
        f"tarry run {TRACE} --tlb {TLB},asid=BITS ring --processes N --pages N --rounds {rounds}",
        "tarry query tarry.db experiment-tlb       # phase 1",
    )
    drawn = (16, 2, 0)
    got = {
        (p, n, b): switching(lab, p, n, b, rounds) for p in crowds for n in sizes for b in (widths if p == 4 else drawn)
    }
    each = lambda key, column: got[key][column] / (rounds * key[0])
    crowd = 4
    for column, what in (("misses", "Misses of data"), ("instructions", "Instructions"), ("ns", "Virtual ns")):
        lab.say(f"{what} of a switch and the turn behind it, {crowd} processes, each with PAGES pages:")
        lab.say()
        form = "{:.2f}" if column == "misses" else "{:,.0f}"
        lab.table(
            ["bits of ASID (numbers)"] + [str(n) for n in sizes],
            [[f"{b} ({2**b - 1:,})"] + [form.format(each((crowd, n, b), column)) for n in sizes] for b in widths],
        )
    lab.picture(
        "experiments-asids.svg",
        svg.lines(
            "What a switch costs a TLB of 64 entries",
            [
                (
                    f"{p} processes in turn",
                    [(f"{b} bits of ASID", [(n, each((p, n, b), "misses")) for n in sizes]) for b in drawn],
                )
                for p in crowds
            ],
            "pages of each process",
            "misses of data a switch",
        ),
        "misses per switch over the working set, with 16, 2 and 0 bits of ASID",
    )
    claims(lab, got, rounds, widths, crowd, sizes)
    second_level(lab, rounds)


def claims(lab, got, rounds, widths, crowd, sizes):
    turns = lambda k: rounds * k[0]
    lab.claim(
        (
            "With numbers for all, nothing is missed as long as all working sets fit together, N (W + 1) <= 64 with the"
            " pages of the stacks; else a process finds nothing of its own at its turn: W + 1 misses, as without ASIDs."
            " Prediction and counts differ by less than 3 in 100 everywhere."
        ),
        all(abs(r["misses"] - predicted(*k) * turns(k)) <= 0.03 * turns(k) * (k[1] + 1) for k, r in got.items()),
    )
    few = {k: r for k, r in got.items() if 0 < k[2] and k[0] >= 2 ** k[2]}
    lab.claim(
        (
            "Too few numbers are no better than none: taken in turn, they have run out before the first process comes"
            " back. The TLB is emptied once for 2^bits - 1 switches only, but what a process had is gone all the same."
        ),
        len(few) > 0
        and all(abs(r["everything"] - turns(k) / (2 ** k[2] - 1)) < 0.05 * turns(k) for k, r in few.items())
        and all(r["misses"] >= 0.97 * got[k[0], k[1], 0]["misses"] for k, r in few.items()),
    )
    none = got[crowd, sizes[0], 0]
    more = [(got[crowd, n, 16]["instructions"] - got[crowd, n, 0]["instructions"]) / turns((crowd,)) for n in sizes]
    lab.claim(
        (
            f"To the kernel the numbers cost next to nothing, {max(more):.0f} instructions of"
            f" {none['instructions'] / turns((crowd,)):,.0f} a switch. It gains more: without them each switch empties the"
            " TLB of the kernel's own entries, too: another"
            f" {(none['kernel'] + none['fetches']) / turns((crowd,)):.1f} entries."
        ),
        max(more) < 50
        and all(got[crowd, n, 16]["kernel"] + got[crowd, n, 16]["fetches"] <= 2 for n in sizes)
        and all(got[crowd, n, 0]["kernel"] >= turns((crowd,)) for n in sizes),
    )
    saved = lambda n: 1 - got[crowd, n, 16]["ns"] / got[crowd, n, 0]["ns"]
    lab.claim(
        (
            f"With {WALK} ns for an entry of a page table, ASIDs save {100 * saved(sizes[0]):.0f} % of a switch's time"
            f" with {sizes[0]} pages a process, {100 * saved(15):.0f} % with 15, and {100 * saved(16):.0f} % with 16."
        ),
        saved(15) > saved(sizes[0]) > 0 and saved(16) < saved(15) / 2,
    )
    lab.claim(
        "Virtual time is instructions and entries read.",
        all(r["ns"] - r["instructions"] == WALK * r["refs"] for r in got.values()),
    )


def second_level(lab, rounds):
    """Where the first level is too small for all, a second one that keeps their entries apart is not."""
    sizes, extra = [16, 48] if lab.small else [8, 16, 48, 96, 160], ",l2=512:4:fifo:8,l2-ns=7"
    lab.say("With a second level of 512 entries in 4 ways (7 ns), 4 processes; walks and virtual ns of a switch:")
    lab.say()
    rows, walks = [], {}
    for b in (16, 0):
        for n in sizes:
            r = switching(lab, 4, n, b, rounds, extra)
            walks[b, n] = (r["misses"] + r["kernel"] + r["fetches"] - r["second"]) / (4 * rounds)
            rows.append([f"{b} bits, {n} pages", f"{r['misses'] / (4 * rounds):.1f}", f"{walks[b, n]:.1f}"])
            rows[-1].append(f"{r['ns'] / (4 * rounds):,.0f}")
    lab.table(["", "misses of the first level", "walks", "virtual ns"], rows)
    lab.claim(
        (
            "A second level is where ASIDs pay: it holds what all processes use, and a switch walks for none of it,"
            " where without ASIDs it walks for all."
        ),
        all(walks[16, n] < 0.1 * n and walks[0, n] > n for n in sizes if 4 * (n + 1) < 400),
    )
