# SPDX-License-Identifier: GPL-2.0-only
"""Experiments about what becomes of a buffer that was read: docs/experiments.md, 4, 5, 6, 10; like reading.py."""
import re

from lab import GIB, MIB, PAGE, ms, size_name
import svg


def writeback(lab):
    size, dirty, rounds = (4 * MIB, 10, 5) if lab.small else (64 * MIB, 100, 20)
    lab.command(
        (
            f"tarry run --io POLICY --input f:/in/f sparse /in/f --touch 0 --scattered --dirty {dirty} --rounds"
            f" {rounds} --write-back"
        ),
        "tarry query tarry.db experiment-writeback",
    )
    lab.say(
        f"{size_name(size)} are read with one read. Then, {rounds} times, {dirty} pages that were not changed before"
        " are changed, and everything is written with one write. Pages that a write writes:"
    )
    lab.say()
    shown = [i for i in (1, 2, 5, 10, 20) if i <= rounds]
    wrote, cost_of, rows = {}, {}, []
    for io in ("deferred", "fragments-eager", "mmap-private", "eager"):
        t = lab.run(
            f"sparse /in/f --touch 0 --scattered --dirty {dirty} --rounds {rounds} --write-back",
            f"--io {io} --mem 512M",
            {"/in/f": lab.file(size)},
        )
        w = t.query("experiment-writeback")
        wrote[io], cost_of[io] = [r["written_pages"] for r in w], [r["instructions"] for r in w]
        rows.append([f"`{io}`"] + [w[i - 1]["written_pages"] for i in shown])
    lab.table(["policy"] + [f"write {i}" for i in shown], rows)
    lab.say("Instructions of the write call:")
    lab.say()
    lab.table(
        ["policy"] + [f"write {i}" for i in shown], [[f"`{io}`"] + [cost_of[io][i - 1] for i in shown] for io in wrote]
    )
    lab.picture(
        "experiments-writeback.svg",
        svg.lines(
            "Writing the whole buffer back, again and again",
            [
                (
                    f"{size_name(size)}, {dirty} other pages changed before each write",
                    [(io, list(enumerate(wrote[io], 1))) for io in ("mmap-private", "deferred", "fragments-eager")],
                )
            ],
            "write",
            "pages written",
        ),
        "pages written by each write-back",
    )
    lab.claim(
        (
            "A write-back costs what was changed since the last one (W4), not what was ever changed: every one of the"
            " writes writes as many pages as were changed."
        ),
        wrote["deferred"] == wrote["fragments-eager"] == [dirty] * rounds,
    )
    lab.claim(
        (
            "A policy that forgets to associate what it wrote with the file (here `mmap-private`, on purpose) writes"
            " all that was ever changed, each time."
        ),
        wrote["mmap-private"] == [dirty * i for i in range(1, rounds + 1)],
    )
    lab.claim("Conventional writing writes the whole image every time.", wrote["eager"] == [size // PAGE] * rounds)
    lab.claim(
        (
            "The instructions of a write-back do not grow with the number of writes before it by more than the file's"
            " tree grows: the last takes less than twice those of the second."
        ),
        cost_of["deferred"][-1] < 2 * cost_of["deferred"][1],
    )


def zeros(lab):
    size = MIB if lab.small else 16 * MIB
    lab.command(
        "tarry run --io POLICY --input f:/in/f zeros HOW /in/f", "tarry query tarry.db experiment-phases      # phase 2"
    )
    rows, filled, alive = [], {}, {}
    for io in ("deferred", "eager"):
        for how in ("loop", "memset", "calloc", "devzero", "segzero", "segfree"):
            t = lab.run(f"zeros {how} /in/f", f"--io {io}", {"/in/f": lab.file(size)})
            read, zero = t.query("experiment-phases")[1:3]
            filled[io, how], alive[io, how] = zero["filled"], zero["snapshots"]
            rows.append(
                [
                    f"{how}, `{io}`",
                    zero["filled"],
                    zero["detached"],
                    zero["sectors_read"],
                    zero["instructions"],
                    ms(zero["ns"]),
                    ms(read["ns"] + zero["ns"]),
                    zero["snapshots"],
                ]
            )
    lab.say(f"A buffer of {size_name(size)} that was read and not looked at becomes zero:")
    lab.say()
    lab.table(
        [
            "how, policy",
            "pages loaded",
            "dirtied",
            "sectors read",
            "instructions",
            "virtual ms",
            "with the read",
            "snapshots left",
        ],
        rows,
    )
    lab.claim(
        (
            'A loop of stores loads every page, only to lose it ("albeit loading every page from the snapshot as it'
            ' goes").'
        ),
        filled["deferred", "loop"] >= size // PAGE,
    )
    lab.claim(
        (
            "A read of /dev/zero, the call segzero, segfree, and the C library's memset and calloc, which use segzero"
            " for large ranges, load at most one page: that with malloc's own word."
        ),
        all(filled["deferred", how] <= 1 for how in ("memset", "calloc", "devzero", "segzero", "segfree")),
    )
    lab.claim(
        "All of them let the snapshot go, but for a page at an edge whose other bytes are still wanted.",
        all(alive["deferred", how] <= 1 for how in ("loop", "memset", "calloc", "devzero", "segzero", "segfree")),
    )


def mallocs(lab):
    size = MIB if lab.small else 8 * MIB
    lab.command("tarry run --input f:/in/f mallocs /in/f BYTES", "tarry query tarry.db experiment-phases")
    rows, share, freed, buffers = [], {}, {}, {}
    for n in (1000, 4096, 10000, 65536, 1 << 18) if lab.small else (1000, 4096, 10000, 65536, 1 << 20):
        t = lab.run(f"mallocs /in/f {n}", "", {"/in/f": lab.file(size)})
        phases = t.query("experiment-phases")
        buffers[n] = size // n
        loads = [p["filled"] for p in phases]
        share[n], freed[n] = sum(loads[1:3]) / (size // PAGE), loads[2]
        rows.append([f"{n:,}", buffers[n]] + loads[1:5] + [f"{100 * sum(loads[1:5]) / (size // PAGE):.0f} %"])
    lab.say(
        f"{size_name(size)} ({size // PAGE:,} pages) read into buffers from malloc, none of which is looked at. Pages"
        " that were loaded all the same:"
    )
    lab.say()
    lab.table(
        ["bytes a buffer", "buffers", "malloc and read", "free", "malloc again", "free, calloc", "of all pages"], rows
    )
    lab.claim(
        (
            "malloc's book-keeping does load pages, as the thread says: free writes its links next to the bytes that"
            " were read, and so does the malloc of the next buffer."
        ),
        all(freed[n] > 0 for n in freed),
    )
    lab.claim(
        "At most two pages a buffer are loaded by freeing it: large buffers do not care, small ones are loaded whole.",
        all(freed[n] <= 2 * buffers[n] for n in freed) and share[1000] > 0.9 and share[max(share)] < 0.05,
    )


def forks(lab):
    size, children, touch = (4 * MIB, 4, 32) if lab.small else (64 * MIB, 32, 256)
    lab.command(
        (
            f"tarry run --io POLICY --input f:/in/f forkread /in/f --children {children} --touch {touch} [--first]"
            " [--shared] [--store]"
        ),
        "tarry query tarry.db experiment-fork",
    )
    variants = [
        ("deferred", "", "", "deferred"),
        ("--first", "--first", "", "deferred: the parent looks first"),
        ("--shared", "--shared", "", "deferred: a shared segment"),
        ("lend", "", "--lend on", "deferred, `--lend on`"),
        ("store", "--store", "", "deferred: children store"),
        ("eager", "", "--io eager", "eager"),
        ("eager store", "--store", "--io eager", "eager: children store"),
    ]
    rows, sums, out = [], {}, set()
    for key, args, options, name in variants:
        t = lab.run(
            f"forkread /in/f --children {children} --touch {touch} {args}",
            f"--mem 512M {options}",
            {"/in/f": lab.file(size)},
        )
        p = t.query("experiment-fork")
        s = {
            k: sum(r[k] for r in p[1:])
            for k in ("faults", "filled", "remapped", "copied", "detached", "cache_hits", "disk_blocks")
        }
        s["snapshots"] = t.number(
            "select count(distinct o.snapshot) from source o join segment s on s.id = o.segment where s.type = 4 and"
            " o.kind = 1"
        )
        s["left"] = t.number("select count(*) from snapshot where dur is null")
        s["fork"], s["mine"] = p[0]["fork_instructions"], p[0]
        sums[key] = s
        out.add(re.sub(r"^.*sum=", "sum=", t.out))
        rows.append(
            [
                name,
                s["snapshots"],
                s["fork"],
                s["filled"],
                s["disk_blocks"],
                s["cache_hits"],
                s["remapped"],
                s["copied"],
                ms(t.number("select virtual_ns from run")),
            ]
        )
    lab.say(
        f"A file of {size_name(size)} is read; {children} children look at the same {touch} pages each. Sums over all"
        " children:"
    )
    lab.say()
    lab.table(
        [
            "",
            "snapshots",
            "instructions of a fork",
            "pages filled",
            "from the disk",
            "from the cache",
            "remapped",
            "copied on write",
            "virtual ms, all",
        ],
        rows,
    )
    lengths = [MIB, 64 * MIB] if lab.small else [MIB, 64 * MIB, GIB, 16 * GIB]
    fork = {
        n: lab.run("forkread /in/f --children 4 --touch 1", "", {"/in/f": lab.sparse_file(n)}).query("experiment-fork")[
            0
        ]["fork_instructions"]
        for n in lengths
    }
    lab.say("Instructions of a fork over the length of the pending read:")
    lab.say()
    lab.table([size_name(n) for n in lengths], [list(fork.values())])
    lab.claim(
        "One snapshot serves all children (S4), and none is left at the end.",
        all(s["left"] == 0 for s in sums.values())
        and all(sums[k]["snapshots"] == 1 for k in sums if not k.startswith("eager")),
    )
    lab.claim(
        "A block that all children want comes from the disk once; each child's fill copies it from the cache.",
        sums["deferred"]["disk_blocks"] == touch and sums["deferred"]["filled"] == children * touch,
    )
    lab.claim(
        (
            "With a shared segment, or if the parent has looked first, there is one fill for all; with `--lend on` each"
            " child's fill copies nothing. Otherwise pages that children fill are not shared between them: that is what"
            " deferring before a fork costs, in memory, too."
        ),
        sums["--shared"]["filled"] == touch
        and sums["--first"]["filled"] == 0
        and sums["lend"]["filled"] == children * touch,
    )
    lab.claim(
        (
            "A fork costs the same, within 2 %, whatever the length of the pending read; after an eager read it costs"
            " more the more was read, since every page is there."
        ),
        max(fork.values()) < 1.02 * min(fork.values()) and sums["eager"]["fork"] > sums["deferred"]["fork"],
    )
    lab.claim("All variants give the same sums.", len(out) == 1)
