# SPDX-License-Identifier: GPL-2.0-only
"""Experiment about what a snapshot's write-protection costs in the TLB: docs/experiments.md, 16; like reading.py."""
import svg
from lab import PAGE
from reach import TRACE

PAGES, ROUNDS, WALK = 40, 4, 20
TLB = f"--tlb dtlb=64:64:fifo:4,itlb=32:32:fifo:2,walk-ns={WALK}"
SOFT = "--tlb tlb=128:128:fifo:4"
STEPS = ("snapshot", "load", "store", "again", "reload")


def rounds_of(lab, stores, apart, fork, options=TLB):
    """For each round but the first: {step: its row of experiment-tlb}."""
    key = ("resnap", stores, apart, fork, options)
    if key not in lab.known:
        program = f"resnap /in/f --stores {stores} --apart {apart} --rounds {ROUNDS}" + (" --fork" if fork else "")
        t = lab.run(program, f"{TRACE} {options}", {"/in/f": lab.file(PAGES * PAGE)})
        rows = t.query("experiment-tlb")
        lab.known[key] = [{s: rows[6 * r + 1 + i] for i, s in enumerate(STEPS)} for r in range(1, ROUNDS)]
    return lab.known[key]


def protect(lab):
    counts = [1, 8, 20] if lab.small else [0, 1, 2, 4, 8, 16, 20]
    lab.command(
        f"tarry run {TRACE} {TLB} --input f:/in/f resnap /in/f --stores N --apart 1|2 [--fork]",
        "tarry query tarry.db experiment-tlb       # six phases a round",
    )
    lab.say(
        f"A buffer of {PAGES} pages, all in a TLB of 64 entries. N pages have been stored into when the snapshot is"
        " made, and are stored into again behind it; between that, every page is loaded from. One round of several:"
    )
    lab.say()
    cases = [
        ("neighbours, written back", 1, False),
        ("every second, written back", 2, False),
        ("neighbours, fork", 1, True),
    ]
    got = {(what, n): rounds_of(lab, n, apart, fork) for what, apart, fork in cases for n in counts}
    rows = []
    for (what, n), rounds in got.items():
        r = rounds[0]
        per = (r["store"]["instructions"] - r["again"]["instructions"]) / n if n else 0
        rows.append(
            [
                f"{what}, N = {n}",
                r["snapshot"]["fences"],
                r["load"]["misses"],
                r["store"]["faults"],
                r["store"]["misses"],
            ]
            + [r["store"]["fences"], r["again"]["misses"], f"{per:,.0f}" if n else "-"]
        )
    lab.table(
        [
            "",
            "fences of the snapshot",
            "misses of the loads",
            "faults of the stores",
            "walks of the stores",
            "fences",
            "misses of the same again",
            "instructions a fault",
        ],
        rows,
    )
    lab.picture(
        "experiments-protect.svg",
        svg.lines(
            "What a snapshot costs those who go on",
            [
                (
                    f"{PAGES} pages in use, all in the TLB before",
                    [
                        (
                            what,
                            [
                                (n, got[what, n][0]["load"]["misses"] + got[what, n][0]["store"]["misses"])
                                for n in counts
                            ],
                        )
                        for what, _, _ in cases
                    ],
                )
            ],
            "pages stored into before the snapshot and behind it",
            "misses, and walks for a right",
        ),
        "misses behind a snapshot over the pages that are stored into",
    )
    claims(lab, got, cases)
    modes(lab)


def claims(lab, got, cases):
    near, apart, fork = (what for what, _, _ in cases)
    loads = lambda what, n: 0 if n == 0 and what != fork else n if what == apart or n == 1 and what != fork else PAGES
    lab.claim(
        (
            "Pages by themselves are fenced one by one, and only they are missed. A run of several is fenced with all"
            f" of the address space, since a fence names one page or all: then all {PAGES} pages are missed, though two"
            " were protected. A fork protects, and fences, everything."
        ),
        all(r["load"]["misses"] == loads(what, n) for (what, n), rounds in got.items() for r in rounds)
        and all(rounds[0]["snapshot"]["fences"] == n for (what, n), rounds in got.items() if what == apart),
    )
    lab.claim(
        (
            "A store into a protected page is one fault and two walks: one that finds that W is 0, and one behind the"
            " fault, for the entry that still has no right to write. Nobody needs a fence for that, but a page that was"
            " copied (fork) has another frame, and one."
        ),
        all(
            (r["store"]["faults"], r["store"]["misses"], r["store"]["fences"]) == (n, 2 * n, n if what == fork else 0)
            for (what, n), rounds in got.items()
            for r in rounds
        ),
    )
    lab.claim(
        "The second store into a page costs nothing, and all pages are in the TLB again.",
        all(
            r[s]["misses"] == r[s]["faults"] == 0
            for rounds in got.values()
            for r in rounds
            for s in ("again", "reload")
        ),
    )
    lab.claim(
        "Each further snapshot costs the same again, however many there were.",
        all(
            all(r[s][k] == rounds[0][s][k] for s in ("load", "store", "again") for k in ("misses", "faults", "refs"))
            for rounds in got.values()
            for r in rounds
        ),
    )
    shares = {}
    for what, n in ((near, 8), (apart, 8), (fork, 8)):
        r = got[what, n][0]
        refs = r["load"]["refs"] + r["store"]["refs"]
        shares[what] = WALK * refs / (WALK * refs + r["store"]["instructions"] - r["again"]["instructions"])
    lab.claim(
        (
            f"It is the faults that cost, not the TLB: with {WALK} ns for an entry of a page table and 8 stores the"
            f" walks are {100 * shares[near]:.0f} % of what the snapshot costs afterwards, {100 * shares[apart]:.0f} %"
            f" for pages apart, {100 * shares[fork]:.0f} % with fork."
        ),
        all(0 < s < 0.25 for s in shares.values()),
    )


def modes(lab):
    lab.say("The same under other translations, 8 stores into every second page, one TLB of 128 entries:")
    lab.say()
    names = ["sv39", "softtlb:hash"] if lab.small else ["sv39", "sv48", "softtlb:segments", "softtlb:hash"]
    rows, found = [], {}
    for how, fork in (("written back", False), ("fork", True)):
        for m in names:
            r = found[m, fork] = rounds_of(lab, 8, 2, fork, f"--mmu {m} {SOFT}")[0]
            traps = r["load"]["traps"] - r["load"]["faults"] + r["store"]["traps"] - r["store"]["faults"]
            per = (r["store"]["instructions"] - r["again"]["instructions"]) / 8
            rows.append(
                [
                    f"`{m}`, {how}",
                    r["load"]["misses"],
                    r["store"]["misses"],
                    r["load"]["refs"] + r["store"]["refs"],
                    traps,
                ]
                + [r["store"]["faults"], f"{per:,.0f}"]
            )
    lab.table(
        [
            "",
            "misses of the loads",
            "walks of the stores",
            "entries read",
            "refills",
            "faults",
            "instructions a fault",
        ],
        rows,
    )
    lab.claim(
        (
            "With a TLB that the kernel fills, the stores walk for nothing: a store into an entry without W traps at"
            " once, and the fault's end writes the entry anew."
        ),
        all(r["store"]["misses"] == (0 if m.startswith("soft") else 16) for (m, _), r in found.items()),
    )
