# SPDX-License-Identifier: GPL-2.0-only
"""The figures of deferred I/O in docs/figures.md, in the form of reading.py."""
from lab import GIB, KIB, MIB, PAGE, POLICIES, ms, size_name
import steps
import svg

MAIN = "sparse /in/big --touch"


def main_row(lab, t, name):
    c = t.one("experiment-cost")
    written = t.query("experiment-writeback")
    return (
        [name, c["faults"], c["data_sectors"], c["meta_sectors"]]
        + (
            [written[0]["written_pages"], t.metric("disk_sectors_written"), written[0]["instructions"]]
            if written
            else []
        )
        + [c["read_instructions"], ms(c["ns"]), t.number("select host_ns / 1000000 from run")]
    )


def policies(lab):
    """The main job's case under every policy and option, beside what is known of Linux."""
    size, touch, mem = (16 * MIB, 100, "128M") if lab.small else (512 * MIB, 1000, "1G")
    inputs = {"/in/big": lab.file(size)}
    lab.command(
        f"tarry run --io POLICY --mem {mem} --input big:/in/big {MAIN} {touch}", "tarry query tarry.db experiment-cost"
    )
    lab.say(
        f"{size_name(size)} read whole, {touch:,} random pages looked at. From the read to the end of the program (the"
        " program's own start is left out); all but host time is exact:"
    )
    lab.say()
    rows, sectors, out = [], {}, set()
    for io, options in [(p, "") for p in POLICIES] + [
        ("deferred", o)
        for o in ("--lend on", "--fill-around 4", "--fill-around 16", "--fill-around 64", "--fill-around seq")
    ]:
        t = lab.run(f"{MAIN} {touch}", f"--io {io} --mem {mem} {options}", inputs)
        out.add(t.out)
        c = t.one("experiment-cost")
        sectors[io, options] = c["data_sectors"]
        rows.append(main_row(lab, t, f"`{io}`" + (f", `{options}`" if options else "")))
    if not lab.small:
        rows += [
            [f"Linux, {name} (*)", "-", n, "-", "-", "-", "-"]
            for name, n in (("`mmap` + `MADV_RANDOM`", 7968), ("`mmap`", 220448), ("`read`", 1048600))
        ]
    lab.table(
        [
            "",
            "faults",
            "sectors of data read",
            "of metadata",
            "instructions of the read",
            "virtual ms",
            "host ms, whole run",
        ],
        rows,
    )
    lab.say(
        "(*) Reported elsewhere of a current Linux on riscv64, for the same touches of the same file: **not measured"
        " here**. Sectors of data."
    )
    lab.say()
    back = []
    for io in POLICIES:
        t = lab.run(f"{MAIN} {touch} --dirty 100 --write-back", f"--io {io} --mem {mem}", inputs)
        out.add(t.out.split(" dirtied")[0] + "\n")
        back.append(main_row(lab, t, f"`{io}`"))
    lab.say("The same, and then 100 more random pages are changed and everything is written back with one write:")
    lab.say()
    lab.command(
        f"tarry run --io POLICY --mem {mem} --input big:/in/big {MAIN} {touch} --dirty 100 --write-back",
        "tarry query tarry.db experiment-writeback",
    )
    lab.table(
        [
            "`--io`",
            "faults",
            "sectors of data read",
            "of metadata",
            "pages written",
            "sectors written",
            "instructions of the write",
            "instructions of the read",
            "virtual ms",
            "host ms, whole run",
        ],
        back,
    )
    lab.claim("Every policy gives the program the same sum.", len(out) == 1)
    lab.claim(
        (
            "The sectors of data that deferred reading moves are those of the pages looked at, no more: as many as"
            " `mmap` + `MADV_RANDOM` (7,968 with the program's own page), less than a hundredth of `read`'s."
        ),
        sectors["deferred", ""] <= 8 * touch
        and sectors["deferred", ""] * (10 if lab.small else 100) < sectors["eager", ""]
        and (lab.small or sectors["deferred", ""] == 7960),
    )


def readcall(lab):
    """What the read call costs over its length."""
    real = [4 * KIB, 64 * KIB, MIB] if lab.small else [4 * KIB, 64 * KIB, MIB, 16 * MIB, 64 * MIB]
    holes = [GIB, 64 * GIB]
    lab.command("tarry run --mem 64M --input f:/in/f sparse /in/f --touch 1", "tarry query tarry.db experiment-cost")
    rows, calls = [], {}
    for size in real + holes:
        inputs = {"/in/f": lab.file(size) if size in real else lab.sparse_file(size)}
        t = lab.run("sparse /in/f --touch 1", "--mem 64M", inputs)
        calls[size] = t.one("experiment-cost")["read_instructions"]
        eager = "-"
        if size in real:
            eager = lab.run("sparse /in/f --touch 1", "--io eager --mem 256M", inputs).one("experiment-cost")[
                "read_instructions"
            ]
        rows.append([size_name(size) + (" (sparse)" if size in holes else ""), calls[size], eager])
    lab.table(["length of the read", "instructions, `deferred`", "`eager`"], rows)
    lab.claim(
        (
            f"The call costs {calls[MIB]:,} instructions, whatever its length, up to 64 GiB (R6); one page, whose head"
            " is its tail, differs by less than 20."
        ),
        len({calls[n] for n in calls if n > PAGE}) == 1 and abs(calls[PAGE] - calls[MIB]) < 20,
    )


def written(lab, inputs, dirty, mem):
    t = lab.run(f"sparse /in/f --touch 0 --scattered --dirty {dirty} --write-back", f"--mem {mem}", inputs)
    w = t.one("experiment-writeback")
    w["meta"] = t.metric("disk_sectors_written_meta")
    w["data"] = t.metric("disk_sectors_written") - w["meta"]
    w["commit"] = t.number('select coalesce(sum(dur), 0) from "commit"')
    return w


WRITE_HEAD = [
    "pages written",
    "instructions of the call",
    "virtual ms of the call",
    "ms of commits",
    "sectors of data",
    "sectors of metadata",
]


def write_row(w):
    return [w["written_pages"], w["instructions"], ms(w["ns"]), ms(w["commit"]), w["data"], w["meta"]]


def writepages(lab):
    """What a write-back costs over the pages that were dirtied: linear."""
    size, steps = (16 * MIB, [0, 10, 100, 1000]) if lab.small else (512 * MIB, [0, 1, 10, 100, 1000, 10000, 30000])
    lab.command(
        "tarry run --mem 512M --input f:/in/f sparse /in/f --touch 0 --scattered --dirty N --write-back",
        "tarry query tarry.db experiment-writeback",
    )
    lab.say(f"One write of a buffer of {size_name(size)}:")
    lab.say()
    got = {n: written(lab, {"/in/f": lab.file(size)}, n, "512M") for n in steps}
    each = lambda n: (got[n]["instructions"] - got[0]["instructions"]) / n
    lab.table(
        ["dirtied"] + WRITE_HEAD + ["instructions a page"],
        [[f"{n:,}"] + write_row(got[n]) + [f"{each(n):,.0f}" if n else "-"] for n in steps],
    )
    lab.picture(
        "figures-writepages.svg",
        svg.lines(
            "Writing back: cost over the pages that were changed",
            [
                (
                    f"one write of {size_name(size)}",
                    [("million instructions", [(n, got[n]["instructions"] / 1e6) for n in steps])],
                )
            ],
            "pages changed",
            "million instructions",
        ),
        "instructions of a write-back over dirtied pages",
    )
    lab.claim(
        "As many pages are written as were changed, and their sectors of data.",
        all(got[n]["written_pages"] == n and got[n]["data"] == 8 * n for n in steps),
    )
    big = steps[-2:] if lab.small else steps[-3:]
    lab.claim(
        (
            f"It is linear: a page costs the same number of instructions within a factor of 1.5, be there {big[0]:,} or"
            f" {big[-1]:,} of them."
        ),
        max(map(each, big)) < 1.5 * min(map(each, big)),
    )


def writesize(lab):
    """What a write-back costs over the size of the file: flat."""
    dirty = 20 if lab.small else 100
    real = [MIB, 16 * MIB] if lab.small else [MIB, 16 * MIB, 64 * MIB, 512 * MIB]
    lab.command(
        f"tarry run --mem 64M --input f:/in/f sparse /in/f --touch 0 --scattered --dirty {dirty} --write-back",
        "tarry query tarry.db experiment-writeback",
    )
    lab.say(f"One write of the whole buffer, {dirty} pages of which were changed:")
    lab.say()
    got = {n: written(lab, {"/in/f": lab.file(n)}, dirty, "64M") for n in real}
    holes = [GIB] if lab.small else [GIB, 64 * GIB]
    lab.table(
        ["file"] + WRITE_HEAD,
        [[size_name(n)] + write_row(got[n]) for n in real]
        + [
            [f"{size_name(n)} (sparse)"] + write_row(written(lab, {"/in/f": lab.sparse_file(n)}, dirty, "64M"))
            for n in holes
        ],
    )
    lab.picture(
        "figures-writesize.svg",
        svg.lines(
            "Writing back: cost over the size of the file",
            [
                (
                    f"one write, {dirty} pages changed",
                    [("million instructions", [(n / MIB, got[n]["instructions"] / 1e6) for n in real])],
                )
            ],
            "MiB",
            "million instructions",
            x_log=True,
        ),
        "instructions of a write-back over the size of the file",
    )
    costs = [got[n]["instructions"] for n in real]
    lab.claim(
        (
            f"It is nearly flat: a file of {size_name(real[-1])} costs less than twice what one of {size_name(real[0])} does,"
            f" which is {real[-1] // real[0]} times smaller. What grows is the number of leaves of the file's tree that"
            " the pages lie in: each is read, checked and written once."
        ),
        max(costs) < 2 * min(costs),
    )


def faultphases(lab):
    """The instructions of faults by phase: from the trace, and one of each kind instruction by instruction."""
    size, touch = (MIB, 32) if lab.small else (64 * MIB, 256)
    program = f"forkread /in/f --children 2 --touch {touch} --store --in-turn"
    lab.command(f"tarry run --input f:/in/f {program}", "tarry query tarry.db fault-phases")
    lab.say(
        "The first of the children brings the pages from the disk, the second finds them in the cache; both store into"
        " them. Means over all faults of a kind:"
    )
    lab.say()
    t = lab.run(program, "", {"/in/f": lab.file(size)})
    rows = t.query("fault-phases")
    kinds = [k for k in dict.fromkeys(r["kind"] for r in rows) if not k.endswith("system call")]
    total = {k: sum(r["instructions"] for r in rows if r["kind"] == k) for k in kinds}
    for kind in kinds:
        lab.table(
            [f"{kind} ({next(r['faults'] for r in rows if r['kind'] == kind):,} faults)", "times", "instructions", "%"],
            [[r["phase"], r["times"], r["instructions"], r["percent"]] for r in rows if r["kind"] == kind]
            + [["**all**", "", total[kind], 100]],
        )
    disk, cache, detached = "filled, block from the disk", "filled, block from the cache", "detached"
    part = lambda kind, phase: sum(r["percent"] for r in rows if r["kind"] == kind and phase in r["phase"])
    lab.claim(
        (
            f"Of a fault that reads a block from the disk, {part(disk, 'data block came'):.0f} % of the instructions"
            " are those that check its checksum and copy it."
        ),
        part(disk, "data block came") > 25,
    )
    lab.claim(
        (
            f"A fault whose block is in the cache, and has been checked, costs {100 * total[cache] / total[disk]:.0f} %"
            f" of one that reads it; a store that detaches a page {100 * total[detached] / total[disk]:.0f} %."
        ),
        total[cache] < total[disk] and total[detached] < total[disk] / 2,
    )
    stepped(lab, t, ["detached"] if lab.small else [disk, cache, detached])


def stepped(lab, t, kinds):
    kernel = lab.tarry[: -len("tarry")] + "kernel.elf"
    lab.say(
        "One fault of each kind, executed again instruction by instruction from the trap to the program's next"
        " instruction (`tarry goto`, single steps), by the source file that each instruction comes from:"
    )
    lab.say()
    pcs, took = {}, {}
    for kind in kinds:
        event = t.number(
            "select f.cause from fault f join segment s on s.id = f.segment where s.type = 4 and f.in_kernel = 0 and "
            + {
                "filled, block from the disk": (
                    "f.resolution = 2 and (select count(*) from fill i join transfer x on x.cause = i.id join"
                    " disk_request d on d.cause = x.id where i.cause = f.id) = 1"
                ),
                "filled, block from the cache": (
                    "f.resolution = 2 and exists (select 1 from fill i join transfer x on x.cause = i.id and x.boundary"
                    " = 1 where i.cause = f.id)"
                ),
                "detached": "f.resolution = 6",
            }[kind]
            + " order by f.id limit 1 offset 5"
        )
        took[kind] = t.number(
            f"select f.ts + f.dur - x.ts from fault f join trap x on x.id = f.cause where x.id = {event}"
        )
        pcs[kind] = steps.trace_pcs(lab, t.db, event)
        lab.table(
            [f"{kind}: {len(pcs[kind]):,} instructions", "", "%", "most of it in"],
            [
                [name, n, f"{100 * n / len(pcs[kind]):.1f}", functions]
                for name, n, functions in steps.by_part(kernel, pcs[kind])
            ],
        )
    lab.claim(
        "Both ways of counting agree, but for the way back into the program, which the trace does not see.",
        all(0 < len(pcs[k]) - took[k] < 200 for k in kinds if "disk" not in k),
    )


FIGURES = (policies, readcall, writepages, writesize, faultphases)
