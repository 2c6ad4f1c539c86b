# SPDX-License-Identifier: GPL-2.0-only
"""Experiment about who refills the TLB, the hart or the kernel: docs/experiments.md, 13; like reading.py."""
import steps
import svg
from lab import MIB
from reach import ACCESSES, RANDOM, TRACE, phases

MODES = ["sv39", "sv48", "softtlb:segments", "softtlb:hash"]
SOFT = MODES[2:]
TLB = "--tlb tlb=64:64:fifo:4"  # one array, as softtlb has; the kernel's superpages apart


def all_misses(r):
    return r["misses"] + r["kernel"] + r["fetches"]


def found(lab, mode, sizes, extra=""):
    return phases(lab, sizes, RANDOM, f"--mmu {mode} {TLB}{extra}")


def refill(lab):
    sizes = [128, 512] if lab.small else [32, 128, 512, 1024]
    lab.command(
        f"tarry run --mem 64M {TRACE} --mmu MODE {TLB} reach --random PAGES...",
        "tarry query tarry.db experiment-tlb       # phases 1, 3, 5, ...",
    )
    got = {m: found(lab, m, sizes) for m in MODES}
    base = got["sv39"]
    price = {
        (m, n): (got[m][n]["instructions"] - base[n]["instructions"]) / all_misses(got[m][n])
        for m in SOFT
        for n in sizes
        if n > 64
    }
    lab.say(f"{ACCESSES:,} accesses to PAGES pages at random:")
    lab.say()
    rows = []
    for m in MODES:
        for n in sizes:
            r = got[m][n]
            misses = all_misses(r)
            rows.append([f"`{m}`, {n:,} pages", misses, r["refs"], r["traps"], r["faults"], r["instructions"]])
            rows[-1] += [
                f"{r['refs'] / misses:.2f}" if misses else "-",
                f"{price[m, n]:.1f}" if (m, n) in price else "-",
            ]
    lab.table(
        [
            "",
            "misses",
            "entries read",
            "traps",
            "of these faults",
            "instructions",
            "entries a miss",
            "instructions a miss",
        ],
        rows,
    )
    lab.claim(
        (
            "The program is the same, and so are its misses, within one: as many traps as misses where the kernel"
            " refills, and none where the hart walks."
        ),
        all(abs(all_misses(got[m][n]) - all_misses(base[n])) <= 1 for m in MODES for n in sizes)
        and all(got[m][n]["traps"] == all_misses(got[m][n]) for m in SOFT for n in sizes)
        and all(got[m][n]["traps"] == 0 for m in MODES[:2] for n in sizes),
    )
    lab.claim(
        "A walk reads three entries with sv39, four with sv48, and executes no instruction.",
        all(
            got[m][n]["refs"] == levels * all_misses(got[m][n]) and got[m][n]["instructions"] == base[n]["instructions"]
            for m, levels in (("sv39", 3), ("sv48", 4))
            for n in sizes
        ),
    )
    each = {m: [price[m, n] for n in sizes if n > 64] for m in SOFT}
    lab.claim(
        (
            f"A refill from what was used lately (`segments`) is {each[SOFT[0]][0]:.0f} instructions, a little more"
            f" where more ways of its sets are full; one from the hashed table {each[SOFT[1]][0]:.0f}, whatever the"
            " number of pages."
        ),
        max(each[SOFT[0]]) < 1.15 * min(each[SOFT[0]]) and max(each[SOFT[1]]) - min(each[SOFT[1]]) < 2,
    )
    breakeven(lab, got, 512, price)
    breakdown(lab)
    programs(lab, price[SOFT[0], 512], price[SOFT[1], 512])


def breakeven(lab, got, pages, price):
    """At which price of a memory access does the software win?"""
    even = {(m, h): price[m, pages] / levels for m in SOFT for h, levels in (("sv39", 3), ("sv48", 4))}
    lab.say(
        "Virtual time of a miss is then a matter of what the hart pays for an entry it reads. Both cost the same at:"
    )
    lab.say()
    lab.table(
        ["ns for an entry (`walk-ns`)", "against `sv39`", "against `sv48`"],
        [[f"`{m}`"] + [f"{even[m, h]:.1f}" for h in ("sv39", "sv48")] for m in SOFT],
    )
    took = lambda mode, ns: found(lab, mode, [pages], f",walk-ns={ns}")[pages]["ns"]
    soft = {m: got[m][pages]["ns"] for m in SOFT}
    lab.claim(
        "Runs at the whole numbers next to these lie on either side, for both forms, against both hardware walks.",
        all(took(h, int(e)) <= soft[m] < took(h, int(e) + 1) for (m, h), e in even.items()),
    )
    steps_ns = [0, 50, 120] if lab.small else [0, 25, 50, 75, 100, 125]
    lab.picture(
        "experiments-refill.svg",
        svg.lines(
            "Who should refill the TLB",
            [
                (
                    f"{pages} pages at random, 64 entries",
                    [(h, [(ns, took(h, ns) / ACCESSES) for ns in steps_ns]) for h in ("sv48", "sv39")]
                    + [(m, [(ns, soft[m] / ACCESSES) for ns in (steps_ns[0], steps_ns[-1])]) for m in reversed(SOFT)],
                )
            ],
            "ns for each entry of a page table that a walk reads",
            "virtual ns an access",
        ),
        "virtual time per access over the price of a page-table access, for four modes",
    )


def breakdown(lab):
    """One refill of each form, instruction by instruction."""
    kernel = lab.tarry[: -len("tarry")] + "kernel.elf"
    lab.say(
        "One refill, from the trap to the program's next instruction, by the file that each instruction comes from:"
    )
    lab.say()
    total = {}
    for mode in SOFT[:1] if lab.small else SOFT:
        t = lab.run("reach --random --accesses 100 256", f"--mem 64M {TRACE} --mmu {mode} {TLB}")
        event = t.number(
            "select x.id from trap x where x.code = 13 and not exists (select 1 from fault f where f.cause = x.id)"
            " and x.id > (select max(id) from syscall where number = (select id from enum_syscall where name = 'nsec')"
            " and id < (select max(id) from syscall where number = (select id from enum_syscall where name = 'nsec')))"
            " order by x.id limit 1 offset 20"
        )
        pcs = steps.trace_pcs(lab, t.db, event)
        total[mode] = len(pcs)
        parts = steps.by_part(kernel, pcs)
        lab.table(
            [f"`{mode}`: {len(pcs)} instructions", "", "%", "most of it in"],
            [[part, n, f"{100 * n / len(pcs):.1f}", functions] for part, n, functions in parts],
        )
        saving = next(n for part, n, _ in parts if part == "trap entry and return")
        lab.claim(
            (
                f"`{mode}`: {100 * saving / len(pcs):.0f} % of a refill is the trap itself, which saves and loads every"
                " register as for any trap. A handler in assembly that needs three registers would be a small part"
                " of it."
            ),
            saving > len(pcs) / 4,
        )
    return total


def programs(lab, segments, hashed):
    """Whole programs, from their start to the end of the run."""
    inputs = {"/in/f": lab.file(4 * MIB)}
    jobs = (
        ["true", "sum /in/f"]
        if lab.small
        else ["true", "spin 2", "sum /in/f", "sparse /in/f --touch 1000", "thrash 8000000"]
    )
    pages = 2048
    far = {m: found(lab, m, [pages])[pages] for m in MODES}["softtlb:segments"]
    lab.say(
        "Whole programs, 64 entries. Faults: those more than with `sv39`, of pages that are resident but no longer in"
        " the kernel's table:"
    )
    lab.say()
    walked = found(lab, "sv39", [pages])[pages]
    fault = (far["instructions"] - walked["instructions"] - segments * (far["traps"] - far["faults"])) / far["faults"]
    rows, scans, total = [], {}, {}
    for job in jobs:
        per = {m: lab.run(job, f"--mem 64M {TRACE} --mmu {m} {TLB}", inputs).query("experiment-tlb")[0] for m in MODES}
        base = per["sv39"]
        row = [f"`{job}`", base["instructions"], all_misses(base), base["refs"]]
        for m, price in ((SOFT[0], segments), (SOFT[1], hashed)):
            r = per[m]
            more, refills, faults = (
                r["instructions"] - base["instructions"],
                r["traps"] - r["faults"],
                r["faults"] - base["faults"],
            )
            row += [refills, faults, more]
            scans[m, job] = more - refills * price - faults * fault
            total[job] = base["instructions"]
        rows.append(row)
    lab.table(
        ["", "instructions, `sv39`", "misses", "entries read"]
        + [f"{c}, `{m[8:]}`" for m in SOFT for c in ("refills", "faults", "more instructions")],
        rows,
    )
    fixed, scan = scans[SOFT[0], "true"], scans[SOFT[1], "true"]
    lab.claim(
        (
            f"With `segments`, refills at {segments:.0f} instructions and faults at {fault:.0f} explain what whole"
            f" programs pay, within 2 % of their instructions, but for {-fixed:,.0f} that every program saves: there"
            " are no tables to make and to free."
        ),
        fixed < 0 and all(abs(scans[SOFT[0], job] - fixed) < 0.02 * total[job] for job in jobs),
    )
    lab.claim(
        (
            f"With `hash` there is a price for every program, {scan:,.0f} instructions at least: exec and exit look"
            " through all entries of the machine's table for those of one address space."
        ),
        all(0.99 * scan < scans[SOFT[1], job] < 2 * scan for job in jobs) and scan > 100000,
    )
