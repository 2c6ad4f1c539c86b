# SPDX-License-Identifier: GPL-2.0-only
"""The rest of experiment 12 of docs/experiments.md: strides, real programs, and what is known of a working set."""
import tlbmodels
from lab import KIB, PAGE, size_name
from reach import ACCESSES, CYCLIC, RANDOM, TRACE, phases


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
        "With sets, strides of powers of two use few of them: pages that would fit four times over miss every time. Full"
        " associativity does not care.",
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
        f"Ordinary programs use few pages at a time: {last} entries leave {100 * min(share.values()):.0f} to"
        f" {100 * max(share.values()):.0f} % of the misses of {first}.",
        max(share.values()) < 0.25,
    )


def blind(lab):
    """What a trace of faults, and one of misses, can know of a working set."""
    sizes = [32, 128] if lab.small else [32, 60, 128, 512]
    found = phases(lab, sizes, RANDOM, "--tlb dtlb=64:64:fifo:2")
    lab.say("What can be known of a working set from faults, and from misses, during those accesses:")
    lab.say()
    lab.table(
        ["pages in use", "page faults", "misses", "different pages among them"],
        [[n, r["faults"], r["misses"], r["pages"]] for n, r in found.items()],
    )
    lab.claim(
        "A trace of faults knows nothing of a working set that is resident (query `working-set` says so of itself), and one"
        " of misses nothing of one that the TLB reaches. Beyond that the misses show each of its pages.",
        all(r["faults"] == 0 and (r["pages"] >= n if n > 64 else r["misses"] == 0) for n, r in found.items()),
    )
