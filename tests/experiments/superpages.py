# SPDX-License-Identifier: GPL-2.0-only
"""Experiment about superpages under deferred segments: docs/experiments.md, 17; like reading.py."""
import svg
from lab import MIB, PAGE
from protect import STEPS
from reach import ACCESSES, RANDOM, TRACE, phases

WALK, STRETCH = 20, 512
LARGE, NONE = "dtlb=64:64:fifo:8,itlb=32", "dtlb=64:64:fifo,itlb=32"
WITH, WITHOUT = "--superpages on", "--superpages off"


def superpages(lab):
    reached(lab)
    making(lab)
    breaking(lab)


def all_misses(r):
    return r["misses"] + r["kernel"] + r["fetches"]


def reached(lab):
    sizes = [512, 1024] if lab.small else [512, 1024, 2048, 3072, 4096, 6144]
    lab.command(
        (
            f"tarry run --mem 128M --superpages on|off {TRACE} --tlb dtlb=64:64:fifo:8,itlb=32,walk-ns={WALK} reach"
            " --random PAGES..."
        ),
        "tarry query tarry.db experiment-tlb       # phases 1, 3, 5, ...",
    )
    lab.say(
        f"{ACCESSES:,} accesses at random to PAGES pages of memory, 64 entries; 8 more for superpages, of which the"
        f" kernel needs two, or none: then each 4 KiB of a superpage takes an entry. {WALK} ns for an entry of a page"
        " table:"
    )
    lab.say()
    cases = {
        "off": f"{WITHOUT} --tlb {LARGE}",
        "on": f"{WITH} --tlb {LARGE}",
        "on, no entries for superpages": f"{WITH} --tlb {NONE}",
    }
    got = {c: phases(lab, sizes, RANDOM, f"{o},walk-ns={WALK} --mem 128M") for c, o in cases.items()}
    rows = []
    for c in cases:
        for n in sizes:
            r = got[c][n]
            rows.append([f"`--superpages` {c}; {n:,} pages", all_misses(r), r["refs"], f"{r['ns'] / ACCESSES:.1f}"])
    lab.table(["", "misses", "entries read", "virtual ns an access"], rows)
    off, on, small = (got[c] for c in cases)
    lab.claim(
        (
            "A superpage is one entry for 512 pages: nothing is missed up to 6 of them, 3,072 pages, where without"
            f" superpages {100 * all_misses(off[max(n for n in sizes if n <= 3072)]) / ACCESSES:.0f} of 100 accesses"
            " are."
        ),
        all(all_misses(on[n]) <= 10 for n in sizes if n <= 6 * STRETCH)
        and all(all_misses(off[n]) > 0.8 * ACCESSES for n in sizes),
    )
    lab.claim(
        (
            "On a hart that has no entries for superpages they save no miss, but each walk reads two entries where it"
            " read three."
        ),
        all(
            abs(all_misses(small[n]) - all_misses(off[n])) < 0.01 * ACCESSES
            and abs(small[n]["refs"] / all_misses(small[n]) - 2) < 0.01
            and abs(off[n]["refs"] / all_misses(off[n]) - 3) < 0.01
            for n in sizes
        ),
    )


def making(lab):
    """When do deferred pages become superpages?"""
    size = (4 if lab.small else 16) * MIB
    pages = size // PAGE
    total = pages // STRETCH
    lab.command(
        (
            "tarry run --mem 128M --superpages on [--io POLICY] --input f:/in/f sparse /in/f --touch"
            f" {pages} --rising|--scattered"
        ),
        "tarry query tarry.db experiment-superpages",
    )
    lab.say(
        f"A file of {size // MIB} MiB, read whole, all of whose {pages:,} pages are then looked at. Pages resident"
        " when:"
    )
    lab.say()
    cases = {
        "deferred, rising": ("--io deferred", f"{pages} --rising"),
        "deferred, scattered": ("--io deferred", f"{pages} --scattered"),
        "deferred, at random": ("--io deferred", f"{12 * pages}"),
        "around 64, scattered": ("--io deferred --fill-around 64", f"{pages} --scattered"),
        "eager, rising": ("--io eager", f"{pages} --rising"),
        "deferred, lent frames": ("--io deferred --lend on", f"{pages} --rising"),
    }
    rows, drawn = [], {}
    for c, (options, touch) in cases.items():
        t = lab.run(f"sparse /in/f --touch {touch}", f"--mem 128M {WITH} {options}", {"/in/f": lab.file(size)})
        made = t.query("experiment-superpages")
        drawn[c] = [r["resident"] for r in made]
        rows.append([c, len(made)] + ([f"{drawn[c][0]:,}", f"{drawn[c][-1]:,}"] if made else ["-", "-"]))
        rows[-1].append("; ".join(sorted({f"{'writable' if r['writable'] else 'read-only'}" for r in made})) or "-")
    lab.table(["", "superpages", "the first was made", "the last was made", "they are"], rows)
    lab.picture(
        "experiments-superpages.svg",
        svg.lines(
            "Deferred pages come in; when do they become superpages?",
            [
                (
                    f"a file of {size // MIB} MiB",
                    [(c, stairs(drawn[c], pages, total)) for c in cases if c in list(cases)[:4]],
                )
            ],
            "resident, % of the pages",
            "in superpages, % of the pages",
        ),
        "share of pages in superpages over share of pages resident, by the order of use",
    )
    half = lambda c: sum(n <= pages // 2 for n in drawn[c])
    lab.claim(
        (
            "In order, superpages come with the pages: half of them are there with half of the pages"
            f" ({half('deferred, rising')} of {total})."
        ),
        drawn["deferred, rising"] == [STRETCH * (i + 1) for i in range(total)],
    )
    least = min(drawn["deferred, scattered"][0], drawn["deferred, at random"][0])
    lab.claim(
        (
            f"In any other order none is made before {100 * least / pages:.1f} % of the pages are resident: a stretch"
            " of 512 is whole with the probability f^512, if a page is there with f. Who looks at half of a file,"
            " scattered, gets no superpage: deferral and superpages want opposite things."
        ),
        least > 0.98 * pages and half("deferred, scattered") == half("deferred, at random") == 0,
    )
    lab.claim(
        "Filling 64 pages around each fault brings them earlier, by making the stretch of 512 one of 8.",
        drawn["around 64, scattered"][0] < least and len(drawn["around 64, scattered"]) == total,
    )
    lab.claim(
        (
            "After an eager read all pages are resident at once, but a superpage is made only when the last page of its"
            " stretch has been touched: what is resident is not yet in the page table."
        ),
        set(drawn["eager, rising"]) == {pages} and len(drawn["eager, rising"]) == total,
    )
    lab.claim(
        "Frames that the block cache lends lie where they were read, so they never become one.",
        drawn["deferred, lent frames"] == [],
    )


def stairs(residents, pages, total):
    points = [(0, 0)]
    for i, n in enumerate(residents):
        x = 100 * n / pages
        points += [(x, 100 * i / total), (x, 100 * (i + 1) / total)]
    return points


def snapshots(lab, stores, fork, on, size):
    """Rows of experiment-tlb of the rounds from the second on, and the superpages of the run."""
    program = f"resnap /in/f --stores {stores} --rounds 3" + (" --fork" if fork else "")
    options = f"--mem 128M {WITH if on else WITHOUT} --trace default,translation --tlb {LARGE}"
    t = lab.run(program, options, {"/in/f": lab.file(size)})
    rows = t.query("experiment-tlb")
    return [{s: rows[6 * r + 1 + i] for i, s in enumerate(STEPS)} for r in range(3)], t.query("experiment-superpages")


def breaking(lab):
    """Write-backs and forks against superpages."""
    size = 2 * MIB if lab.small else 4 * MIB
    pages = size // PAGE
    counts = [1, 512] if lab.small else [1, 8, 64, 512]
    few = [n for n in counts if n < STRETCH]
    lab.command(
        (
            f"tarry run --mem 128M --superpages on|off --trace default,translation --tlb {LARGE} --input f:/in/f resnap"
            " /in/f --stores N [--fork]"
        ),
        "tarry query tarry.db experiment-tlb       # six phases a round",
    )
    lab.say(
        f"A buffer of {pages:,} pages, all of them stored into; a snapshot; then N of them are stored into again"
        " ([experiment 16](#16-a-snapshots-write-protection)). The third round:"
    )
    lab.say()
    rows, got, made = [], {}, {}
    for what, fork in (("written back", False), ("fork", True)):
        for n in counts:
            for on in (False, True):
                rounds, supers = snapshots(lab, n, fork, on, size)
                r = got[fork, n, on] = rounds[2]
                made[fork, n, on] = supers
                rows.append([f"{what}, N = {n}, superpages {'on' if on else 'off'}", r["load"]["misses"]])
                rows[-1] += [r["store"]["instructions"] - r["again"]["instructions"], r["store"]["misses"]]
                rows[-1] += [r["reload"]["misses"], len(supers), sum(s["ended"] != "unmap" for s in supers)]
    lab.table(
        [
            "",
            "misses of the loads behind the snapshot",
            "instructions of the stores",
            "walks of the stores",
            "misses of the loads behind the stores",
            "superpages made in all",
            "broken",
        ],
        rows,
    )
    first = counts[0]
    price = (
        lambda fork, on: got[fork, first, on]["store"]["instructions"] - got[fork, first, on]["again"]["instructions"]
    )
    broken = lambda fork, n: sum(s["ended"] != "unmap" for s in made[fork, n, True])
    lab.claim(
        (
            f"The first store behind a write-back breaks the superpage: {price(False, True):,} instructions for the"
            f" fault, where it is {price(False, False):,} without superpages, and its 512 pages are missed one by one"
            " from there on."
        ),
        price(False, True) > price(False, False) + 1000
        and all(got[False, n, True]["reload"]["misses"] >= STRETCH - n - 2 for n in few),
    )
    lab.claim(
        (
            "The next write-back makes it whole again: everything is clean then, so the loads behind it miss no more"
            " than the superpages. N stores break it once, whatever N."
        ),
        all(got[False, n, True]["load"]["misses"] <= 4 and broken(False, n) == 4 for n in counts),
    )
    lab.claim(
        (
            "After a fork it stays broken, since the pages that were copied lie elsewhere - unless all 512 are: they"
            " are copied into a run of frames of their own, and are a superpage again."
        ),
        all(
            got[True, n, True]["load"]["misses"] >= STRETCH
            and got[True, n, True]["reload"]["misses"] >= STRETCH - n - 2
            for n in few
        )
        and got[True, STRETCH, True]["reload"]["misses"] <= 4,
    )
    lab.claim(
        (
            f"That run is not free: the first store behind a fork is {price(True, True):,} instructions,"
            f" {price(True, False):,} without superpages. The run is set aside for one store as for all."
        ),
        price(True, True) > 3 * price(True, False),
    )
