# SPDX-License-Identifier: GPL-2.0-only
"""The rest of experiment 12 of docs/experiments.md: strides, real programs, and what is known of a working set."""
import tlbmodels
from lab import KIB, PAGE, size_name
from reach import ACCESSES, CYCLIC, TRACE, phases


def workingsets(lab):
    strides(lab)
    programs(lab)
    blind(lab)


def strides(lab):
    pages = 24
    steps = [1, 4, 16] if lab.small else [1, 2, 4, 8, 16, 512]
    ways = [64, 4, 1] if lab.small else [64, 8, 4, 1]
    lab.say(f"Misses per 100 accesses to {pages} pages in turn, so far apart; in brackets what theory says:")
    lab.say()
    lab.command(f"tarry run {TRACE} --tlb dtlb=64:WAYS:fifo:2 reach --cyclic --apart S {pages}")
    got = {}
    for w in ways:
        for s in steps:
            r = phases(lab, [pages], CYCLIC, f"--tlb dtlb=64:{w}:fifo:2", f"--apart {s}")[pages]
            got[w, s] = r["misses"] / ACCESSES, tlbmodels.cyclic(pages, 64, w, s)
    lab.table(
        ["64 entries in sets of"] + [size_name(s * PAGE) for s in steps],
        [[str(w)] + ["{:.1f} ({:.1f})".format(*(100 * x for x in got[w, s])) for s in steps] for w in ways],
    )
    lab.claim(
        (
            "With sets, strides of powers of two use few of them: pages that would fit four times over miss every time."
            " Full associativity does not care."
        ),
        all(abs(found - theory) < 0.03 for found, theory in got.values())
        and got[4, 16][0] > 0.97
        and all(got[64, s][0] == 0 for s in steps),
    )


def programs(lab):
    """Real programs: misses over entries."""
    entries = [4, 16, 64] if lab.small else [4, 8, 16, 32, 64]
    inputs = {"/in/f": lab.file(256 * KIB)}
    jobs = ["grep -c x /in/f"] if lab.small else ["grep -c x /in/f", "sum /in/f", "thrash 2000000"]
    jobs.append("sparse /in/f --touch 2000")
    lab.say("Whole programs with the kernel's work for them: misses of data per 1,000 instructions, LRU:")
    lab.say()
    lab.command(f"tarry run {TRACE} --tlb dtlb=ENTRIES:ENTRIES:lru PROGRAM", "tarry query tarry.db experiment-tlb")
    rows, got = [], {}
    for job in jobs:
        pages = 0
        for n in entries:
            r = lab.run(job, f"{TRACE} --tlb dtlb={n}:{n}:lru", inputs).query("experiment-tlb")
            got[job, n] = sum(p["misses"] + p["kernel"] for p in r), sum(p["instructions"] for p in r)
            pages = pages or sum(p["pages"] for p in r)
        rows.append([f"`{job}`", pages] + [f"{1000 * m / i:.3f}" for m, i in (got[job, n] for n in entries)])
    lab.table(["", "pages of the program"] + [f"{n} entries" for n in entries], rows)
    lab.claim(
        "LRU is a stack algorithm: with more entries no program misses more (Mattson et al., 1970).",
        all(got[j, a][0] >= got[j, b][0] for j in jobs for a, b in zip(entries, entries[1:])),
    )
    first, last = entries[0], entries[-1]
    share = {j: got[j, last][0] / got[j, first][0] for j in jobs}
    lab.claim(
        (
            f"Ordinary programs use few pages at a time: {last} entries leave {100 * min(share.values()):.0f} to"
            f" {100 * max(share.values()):.0f} % of the misses of {first}."
        ),
        max(share.values()) < 0.25,
    )


def blind(lab):
    """What traces of faults, of misses and of accesses know of a working set."""
    sizes = [32, 128] if lab.small else [32, 60, 128, 512]
    program = f"reach --random --accesses {ACCESSES} {' '.join(map(str, sizes))}"
    options = f"--mem 64M {TRACE},access --tlb tlb=64:64:lru:2"
    lab.say("What can be known of a working set from faults, from misses, and from accesses, during those at random:")
    lab.say()
    lab.command(
        f"tarry run {options} reach --random PAGES...",
        "tarry query tarry.db experiment-tlb",
        "tarry study tarry.db --frames 64 --policy lru --window FROM-TO      # the instructions of a phase",
    )
    t = lab.run(program, options)
    rows = t.query("experiment-tlb")
    starts = [
        r["insn"]
        for r in t.query(
            "select insn from syscall where number = (select id from enum_syscall where name = 'nsec') order by id"
        )
    ]
    found = {}
    for i, n in enumerate(sizes):
        begin, end = starts[2 * i : 2 * i + 2]
        lru = [t.study(64, "lru", (0, at))["sizes"][0]["misses"]["lru"] for at in (begin, end)]
        pages = t.study(64, "lru", (begin, end))["pages"]
        found[n] = rows[1 + 2 * i] | {"accessed": pages, "lru": lru[1] - lru[0]}
    lab.table(
        [
            "pages",
            "page faults",
            "misses",
            "different pages among them",
            "different pages of all accesses",
            "LRU of 64 frames",
        ],
        [[n, r["faults"], r["misses"] + r["fetches"], r["pages"], r["accessed"], r["lru"]] for n, r in found.items()],
    )
    lab.claim(
        (
            "A trace of faults knows nothing of a working set that is resident (query `working-set` says so of itself),"
            " and one of misses nothing of one that the TLB reaches. Beyond that the misses show nearly each of its"
            " pages; the accesses (`tarry study`) show all, and the program's own two besides."
        ),
        all(
            r["faults"] == 0 and r["accessed"] == n + 2 and (r["pages"] > 0.9 * n if n > 64 else r["misses"] == 0)
            for n, r in found.items()
        ),
    )
    lab.claim(
        (
            "A memory of 64 frames with LRU, worked out from the accesses, misses exactly as often as the TLB of 64"
            " entries that was counted while the program ran."
        ),
        all(r["lru"] == r["misses"] + r["fetches"] for r in found.values()),
    )
