# SPDX-License-Identifier: GPL-2.0-only
"""Experiments about those who write while a read is pending: docs/experiments.md, 7, 8, 9; like reading.py."""
import re

from lab import GIB, MIB, PAGE, POLICIES, SOUND, ms, size_name
import svg


def foreign(lab):
    lab.command("tarry run spooky " + " ".join(POLICIES), "tarry query tarry.db experiment-foreign")
    t = lab.run("spooky " + " ".join(POLICIES))
    line = re.compile(
        r"(\S+): touched before the write: (\w+); not touched: (\w+); behind the end: (\w+); stored: (\w+); the file's:"
        r" (\w+)\n"
        r"\S+ a store is seen by a read of the file: (\w+)"
    )
    seen = {m[1]: m.groups()[1:] for m in line.finditer(t.out)}
    asked = {r["policy"]: r for r in t.query("experiment-foreign")}
    lab.table(
        [
            "policy",
            "touched before",
            "not touched",
            "behind a short read",
            "stored into",
            "a store shows in the file",
            "pages come from",
            "pending",
            "filled later",
            "blocks preserved",
        ],
        [
            [f"`{p}`"]
            + list(seen[p][:4])
            + [seen[p][5]]
            + [asked[p][k] for k in ("kind", "pending", "late_fills", "preserved")]
            for p in POLICIES
        ],
    )
    right = ("old", "old", "kept", "kept", "NEW", "no")
    lab.claim(
        "Under the sound policies the buffer is what was read, whoever writes the file.",
        all(seen[p] == right for p in SOUND),
    )
    lab.claim(
        (
            "Without the snapshot the objection of the thread holds: `naive` shows the new bytes in pages that had not"
            " been touched."
        ),
        seen["naive"] == ("old", "NEW", "kept", "kept", "NEW", "no"),
    )
    lab.claim(
        (
            "Mappings are not reads: memory changes under the reader's feet, the bytes behind a short read are lost,"
            " and a shared one writes the file."
        ),
        seen["mmap-private"][:3] == ("NEW", "NEW", "LOST")
        and seen["mmap-shared"] == ("NEW", "NEW", "LOST", "LOST", "NEW", "YES"),
    )
    lab.claim(
        (
            "What makes the difference is paid by the writer: blocks are preserved under `deferred` while pages are"
            " pending, and none under `naive`, `eager` and the mappings."
        ),
        asked["deferred"]["pending"] > 0
        and asked["deferred"]["preserved"] > 0
        and all(asked[p]["preserved"] == 0 for p in ("naive", "eager", "mmap-private", "mmap-shared")),
    )


def preserve(lab):
    steps = [20, 40] if lab.small else [50, 100, 200, 500, 1000]
    half = 2 * max(steps) * PAGE
    lab.command(
        "tarry run --snapshot SCOPE --input F:/in/f --input G:/in/g preserve /in/f /in/g --pages N [--rounds 3]",
        "tarry query tarry.db experiment-preserve",
    )
    kept, spent = {}, {}
    inputs = {"/in/f": lab.file(2 * half), "/in/g": lab.file(half)}
    for scope in ("range", "file", "mount"):
        for n in steps:
            t = lab.run(f"preserve /in/f /in/g --pages {n}", f"--snapshot {scope}", inputs)
            kept[scope, n] = {r["place"]: r["preserved"] for r in t.query("experiment-preserve")}
            spent[scope, n] = t.number("select virtual_ns from run")
    last = max(steps)
    again = {
        s: {
            r["place"]: r["preserved"]
            for r in lab.run(f"preserve /in/f /in/g --pages {last} --rounds 3", f"--snapshot {s}", inputs).query(
                "experiment-preserve"
            )
        }
        for s in ("range", "file", "mount")
    }
    lab.say(
        f"The first half of a file of {size_name(2 * half) if 2 * half % MIB == 0 else f'{2 * half:,} bytes'} has been"
        f" read and not been looked at. {last:,} pages of each place are written; blocks that had to be preserved:"
    )
    lab.say()
    lab.table(
        [
            "`--snapshot`",
            "writes into what was read",
            "elsewhere in the file",
            "in another file",
            "the same, three times over",
            "virtual ms",
        ],
        [
            [
                f"`{s}`",
                kept[s, last]["range"],
                kept[s, last]["file"],
                kept[s, last]["other"],
                sum(again[s].values()),
                ms(spent[s, last]),
            ]
            for s in ("range", "file", "mount")
        ],
    )
    lab.picture(
        "experiments-preserve.svg",
        svg.lines(
            "What a pending read costs those who write",
            [
                (name, [(s, [(0, 0)] + [(n, kept[s, n][place]) for n in steps]) for s in ("mount", "file", "range")])
                for place, name in (
                    ("range", "writes into what was read"),
                    ("file", "writes elsewhere in the file: unrelated"),
                    ("other", "writes to another file: unrelated"),
                )
            ],
            "pages written",
            "blocks preserved",
        ),
        "blocks preserved over pages written, for each scope and place",
    )
    lab.claim(
        "What was read and is overwritten is preserved under every scope, once.",
        all(kept[s, n]["range"] == n for s, n in kept),
    )
    lab.claim(
        "With `range` unrelated writes preserve nothing.",
        all(kept["range", n]["file"] == kept["range", n]["other"] == 0 for n in steps),
    )
    lab.claim(
        (
            "With `file` those to the same file cost, with `mount`, which is how the thread describes gefs, every write"
            " of the file system costs a block."
        ),
        all(
            (kept["file", n]["file"], kept["file", n]["other"], kept["mount", n]["file"], kept["mount", n]["other"])
            == (n, 0, n, n)
            for n in steps
        ),
    )
    lab.claim(
        "Writing the same pages again preserves nothing more: once per block and generation (W6).",
        all(again[s] == kept[s, last] for s in again),
    )


def sleeper(lab):
    size, stride, mem = (GIB, 64, 16) if lab.small else (16 * GIB, 128, 64)
    pages = size // PAGE
    number = lambda p: p.to_bytes(8, "little")
    name = lab.sparse_file(
        size, ((p * PAGE, number(p) + bytes(PAGE - 16) + number(p ^ (1 << 64) - 1)) for p in range(0, pages, stride))
    )
    lab.command(
        f"tarry run --mem {mem}M --input f:/in/f sleeper /in/f {stride}", "tarry query tarry.db experiment-phases"
    )
    t = lab.run(f"sleeper /in/f {stride}", f"--mem {mem}M", {"/in/f": name})
    lab.forget(name)
    told = {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", t.out)}
    phases = t.query("experiment-phases")
    data = len(range(0, pages, stride))
    lab.say(
        f"A file of {size_name(size)} with data on {data:,} of its pages and holes between, on a machine of {mem} MiB."
        f" One read; then another process overwrites the {data:,} pages and {told['overwritten'] - data:,} holes,"
        f" {size_name(told['overwritten'] * PAGE)} in all; then the reader looks at all of these."
    )
    lab.say()
    lab.table(
        [
            "phase",
            "faults",
            "pages filled",
            "sectors read",
            "sectors written",
            "blocks preserved",
            "snapshots at its end",
            "instructions",
            "virtual ms",
        ],
        [
            [n]
            + [
                p[k]
                for k in (
                    "faults",
                    "filled",
                    "sectors_read",
                    "sectors_written",
                    "preserved",
                    "snapshots",
                    "instructions",
                )
            ]
            + [ms(p["ns"])]
            for n, p in zip(("the read", "overwritten meanwhile", "looked at", "detached"), phases[1:5])
        ],
    )
    lab.say(f"The program: `{t.out.strip()}`")
    lab.say()
    lab.claim("All pages are what was read, and the file is what was written.", told["wrong"] == told["stale"] == 0)
    lab.claim(
        (
            f"What is overwritten is several times the memory, {told['overwritten'] * PAGE / (mem * MIB):.0f} times"
            " here: preserved blocks cost disk, not memory."
        ),
        told["overwritten"] * PAGE >= 2 * mem * MIB,
    )
    lab.claim(
        "A block is preserved for every page of data and none for a hole, which needs none to stay a hole (R4).",
        phases[2]["preserved"] == data,
    )
    lab.claim(
        (
            f"The read itself is a few thousand instructions ({phases[1]['instructions']:,} here) and no I/O of the"
            " file's blocks."
        ),
        phases[1]["instructions"] < 20000 and phases[1]["filled"] == 0,
    )
    lab.claim(
        "When the segment goes, so does the snapshot, and no block is pinned any more.",
        phases[4]["snapshots"] == 0 and told["pinned"] >= data and told["after"] == 0,
    )
