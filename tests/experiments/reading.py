# SPDX-License-Identifier: GPL-2.0-only
"""Experiments about reads: docs/experiments.md, 1, 2, 3, 11.

Each function runs guests, asks their traces, says what it found as tables and pictures, and claims what the document
states.
"""
import re

from lab import KIB, MIB, PAGE, ms, size_name
import svg


def cost(lab, size, touch, io, order, options=""):
    """Virtual ns of reading a file of `size` bytes into a deferred segment and looking at `touch` pages of it."""
    key = (size, touch, io, order, options.strip())
    if key not in lab.known:
        t = lab.run(f"sparse /in/f --touch {touch} --{order}", f"--io {io} {options}", {"/in/f": lab.file(size)})
        lab.known[key] = t.one("experiment-cost")["ns"]
    return lab.known[key]


def touched(size, share):
    return max(1, int(size // PAGE * share))


def ratio(lab, size, share, order, model, options=""):
    disk = "" if model == "nvme" else f"--disk-model {model}"
    return cost(lab, size, touched(size, share), "deferred", order, f"{disk} {options}") / cost(
        lab, size, touched(size, share), "eager", order, disk
    )


def percent(f):
    return f"{100 * f:.3g} %"


def sparse(lab):
    sizes = [64 * KIB, MIB] if lab.small else [64 * KIB, MIB, 16 * MIB]
    shares = [1 / 16, 1] if lab.small else [1 / 256, 1 / 64, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1]
    panels = [
        ("scattered", "nvme", "20 us a request"),
        ("scattered", "ssd", "80 us a request"),
        ("scattered", "hdd", "8 ms a seek"),
        ("rising", "hdd", "8 ms a seek"),
    ]
    lab.command(
        "tarry run --io POLICY --disk-model DISK --input f:/in/f sparse /in/f --touch N --scattered|--rising",
        "tarry query tarry.db experiment-cost",
    )
    lab.say(
        "Virtual time with `--io deferred`, with `--io eager` = 1, from the read to the end of the program. **Bold**:"
        " deferred lost. On nvme and ssd the order makes no difference: they do not seek."
    )
    lab.say()
    drawn = {}
    for order, model, what in panels:
        cells = {(s, f): ratio(lab, s, f, order, model) for s in sizes for f in shares}
        drawn[order, model] = cells
        bold = lambda r: f"**{svg.ratio_text(r)}**" if r > 1 else svg.ratio_text(r)
        lab.table(
            [f"{model}, pages {order}"] + [percent(f) for f in shares],
            [[size_name(s)] + [bold(cells[s, f]) for f in shares] for s in sizes],
        )
    lab.picture(
        "experiments-sparse.svg",
        svg.heat_maps(
            "Where deferred reading loses",
            [
                (
                    f"{model} ({what}), pages {order}",
                    {(size_name(s), percent(f)): r for (s, f), r in drawn[order, model].items()},
                )
                for order, model, what in panels
            ],
            [size_name(s) for s in sizes],
            [percent(f) for f in shares],
            "size of the file",
            "share of the pages that are looked at",
            "virtual time deferred / eager: blue wins, framed orange loses",
        ),
        "virtual time of deferred over eager, by size and share of pages touched",
    )
    large = [s for s in sizes if s >= MIB]
    each = lambda f, models: [c[s, f] for (_, m), c in drawn.items() if m in models for s in large]
    lab.claim(
        (
            "Where the disk does not seek, deferred reading of which a sixteenth is used takes less than half of the"
            " time of eager, from 1 MiB on."
        ),
        all(r < 1 / 2 for r in each(1 / 16, ("nvme", "ssd"))),
    )
    lab.claim(
        (
            "If everything is used it loses, at every size, on every disk, scattered: that is the right edge of the"
            " losing region."
        ),
        all(c[s, 1] > 1 for (o, _), c in drawn.items() if o == "scattered" for s in sizes),
    )
    lab.claim(
        (
            "Where the disk seeks it loses almost everywhere: with a sixteenth of the pages used it takes more than"
            " twice the time of eager. A seek costs as much as the transfer of 1.6 MB."
        ),
        all(r > 2 for r in each(1 / 16, ("hdd",))),
    )
    lab.claim(
        "The size of the file matters little, from 1 MiB on, where the disk does not seek.",
        all(
            max(drawn["scattered", m][s, f] for s in large) < 1.2 * min(drawn["scattered", m][s, f] for s in large)
            for m in ("nvme", "ssd")
            for f in (1 / 16, 1)
        ),
    )
    border(lab)


def border(lab):
    """Table: from which share of touched pages on deferred loses, by disk, order and option."""
    size = MIB
    models = ["nvme"] if lab.small else ["none", "nvme", "ssd", "hdd"]
    shares = (
        [1 / 8, 1 / 4, 1 / 2, 3 / 4, 1]
        if lab.small
        else [1 / 256, 1 / 64, 1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 5 / 8, 3 / 4, 1]
    )
    options = ["", "--fill-around 16", "--fill-around seq"]
    lost = {
        (order, m, o): next((f for f in shares if ratio(lab, size, f, order, m, o) > 1), None)
        for order in ("scattered", "rising")
        for m in models
        for o in options
    }
    lab.say(
        f"The border for {size_name(size)}: the least share, of {', '.join(percent(f) for f in shares)}, at which"
        " deferred lost to `eager`."
    )
    lab.say()
    lab.table(
        ["disk, pages"] + [f"`{o}`" if o else "as it is" for o in options],
        [
            [f"{m}, {order}"] + ["never" if lost[order, m, o] is None else percent(lost[order, m, o]) for o in options]
            for m in models
            for order in ("scattered", "rising")
        ],
    )
    where = lambda m: "never" if lost["scattered", m, ""] is None else f"from {percent(lost['scattered', m, ''])} on"
    price = lambda m: 2 if lost["scattered", m, ""] is None else lost["scattered", m, ""]
    borders = ", ".join(f"{where(m)} with {m}" for m in models)
    lab.claim(
        f"What moves the border is the price of a request: scattered, it lost {borders}.",
        all(price(a) >= price(b) for a, b in zip(models, models[1:])) and price("nvme") >= 1 / 4,
    )
    seq = {(o, m): ratio(lab, size, 1, o, m, "--fill-around seq") for o in ("scattered", "rising") for m in models}
    by_disk = ", ".join(f"{seq['rising', m]:.2f} of eager with {m}" for m in models)
    lab.claim(
        (
            "`--fill-around seq` wins most of the loss back where all pages are used in rising order:"
            f" {by_disk}; where they are scattered it does nothing."
        ),
        all(
            seq["rising", m] < max(1.1, ratio(lab, size, 1, "rising", m))
            and abs(seq["scattered", m] / ratio(lab, size, 1, "scattered", m) - 1) < 0.05
            for m in models
        ),
    )
    few = max(1 / 64, shares[0])
    plain = ratio(lab, size, few, "scattered", "nvme")
    window = ratio(lab, size, few, "scattered", "nvme", "--fill-around 16")
    lab.claim(
        (
            "A fixed window helps where almost everything is used, and costs a multiple where little is: with"
            f" `--fill-around 16` it takes {window / plain:.1f} times as long as without at {percent(few)} of the pages"
            " on nvme."
        ),
        window > 2 * plain
        and ratio(lab, size, 1, "scattered", "nvme", "--fill-around 16") < ratio(lab, size, 1, "scattered", "nvme"),
    )


def adjacent(lab):
    reads = 512 if lab.small else 4096  # whole pages: 125 of them, 1000
    size = reads * 1000
    lab.command(
        f"tarry run --io POLICY --input f:/in/f sparse /in/f --chunk 1000 [--poke] --touch {size // PAGE + 1} --rising",
        "tarry query tarry.db experiment-pieces",
        "tarry query tarry.db experiment-cost",
    )
    rows, got = [], {}
    for poke in ("", "--poke"):
        for io in ("deferred", "fragments-eager", "eager"):
            t = lab.run(
                f"sparse /in/f --chunk 1000 {poke} --touch {(size + PAGE - 1) // PAGE} --rising",
                f"--io {io}",
                {"/in/f": lab.file(size)},
            )
            p, c = t.one("experiment-pieces"), t.one("experiment-cost")
            got[poke, io] = p
            rows.append(
                [
                    f"`{io}`" + (", a write between" if poke else ""),
                    p["snapshots"],
                    p["deferred_bytes"],
                    p["eager_bytes"],
                    p["fills"],
                    p["mean_pieces"] or "-",
                    p["most_pieces"] or "-",
                    c["read_instructions"] // c["reads"],
                    ms(c["ns"]),
                ]
            )
    lab.say(f"{reads} reads of 1000 bytes, one behind the other, and then every page is looked at:")
    lab.say()
    lab.table(
        [
            "policy",
            "snapshots",
            "bytes deferred",
            "bytes at the calls",
            "fills",
            "pieces, mean",
            "most",
            "instructions a read",
            "virtual ms",
        ],
        rows,
    )
    shares = []
    for n in (1000, 4000, 5000, 10000, 50000):
        t = lab.run(f"sparse /in/f --chunk {n} --touch 0", "--io fragments-eager", {"/in/f": lab.file(size)})
        p = t.one("experiment-pieces")
        shares.append((n, 100 * p["deferred_bytes"] // size))
    lab.say("What `fragments-eager` defers of the same file, by the length of the reads:")
    lab.say()
    lab.table(["bytes a read"] + [f"{n:,}" for n, _ in shares], [["deferred"] + [f"{s} %" for _, s in shares]])
    quiet, poked, fragments = got["", "deferred"], got["--poke", "deferred"], got["", "fragments-eager"]
    lab.claim(
        (
            "`fragments-eager` defers nothing of such reads, as the thread fears; reads must be several pages long"
            " before it defers most."
        ),
        fragments["deferred_bytes"] == 0 and shares[0][1] == 0 and 90 > shares[3][1] > 0,
    )
    lab.claim(
        (
            "Deferring fragments, the reads coalesce: one snapshot for all of them, every page is one piece, nothing is"
            " copied at the calls."
        ),
        (quiet["snapshots"], quiet["most_pieces"], quiet["eager_bytes"]) == (1, 1, 0),
    )
    lab.claim(
        (
            "A write to the file between the reads is the worst case: every read has its own snapshot (it must: R1). "
            "A page then is made of at most 6 pieces, and still nothing is copied at a call."
        ),
        (poked["snapshots"], poked["eager_bytes"]) == (reads, 0) and 1 < poked["most_pieces"] <= 6,
    )


def unaligned(lab):
    size = MIB if lab.small else 16 * MIB
    few = size // PAGE // 8
    lab.command(
        "tarry run --input f:/in/f sparse /in/f --shift BYTES --touch N --scattered",
        "tarry query tarry.db experiment-blocks",
    )
    rows, most, disk = [], {}, {}
    for order, touch in (("scattered", few), ("rising", size // PAGE)):
        for shift in (0, 1, 100, 2048, 4095):
            t = lab.run(f"sparse /in/f --shift {shift} --touch {touch} --{order}", "", {"/in/f": lab.file(size)})
            b, c = t.query("experiment-blocks"), t.one("experiment-cost")
            fills, blocks = sum(r["fills"] for r in b), sum(r["disk_blocks"] for r in b)
            most[order, shift], disk[order, shift] = max(r["blocks"] for r in b), blocks / fills
            rows.append(
                [
                    f"{order}, {touch:,} pages",
                    shift,
                    fills,
                    max(r["blocks"] for r in b),
                    f"{blocks / fills:.2f}",
                    ms(c["ns"]),
                ]
            )
    lab.table(
        ["order", "shift, bytes", "fills", "blocks a fill, most", "from the disk a fill, mean", "virtual ms"], rows
    )
    lab.claim(
        (
            "A fault on a page of an unaligned read copies from 2 blocks of the file, never more; on one of an aligned"
            " read from 1."
        ),
        all(n == (1 if shift == 0 else 2) for (_, shift), n in most.items()),
    )
    lab.claim(
        (
            "Scattered, that is up to two blocks from the disk for a page; in order it is one, since the second block"
            " is in the cache when the next page needs it."
        ),
        all(1.5 < disk["scattered", s] <= 2 and disk["rising", s] < 1.01 for s in (1, 100, 2048, 4095)),
    )


def everything(lab):
    size = 4 * MIB if lab.small else 64 * MIB
    pages = size // PAGE
    lab.command(
        (
            "tarry run --io POLICY [--lend on] [--fill-around N] --mem 512M --input f:/in/f sparse /in/f --touch"
            f" {pages} --rising"
        ),
        "tarry query tarry.db experiment-cost",
    )
    rows, took, out = [], {}, set()
    for order in ("rising", "scattered"):
        for io, options in [
            ("eager", ""),
            ("deferred", ""),
            ("deferred", "--lend on"),
            ("deferred", "--fill-around 16"),
            ("deferred", "--fill-around 64"),
            ("deferred", "--fill-around seq"),
            ("deferred", "--fill-around seq --lend on"),
            ("cached", ""),
            ("mmap-private", ""),
        ]:
            t = lab.run(
                f"sparse /in/f --touch {pages} --{order}", f"--io {io} {options} --mem 512M", {"/in/f": lab.file(size)}
            )
            c = t.one("experiment-cost")
            took[order, io, options] = c
            out.add(t.out)
            base = took[order, "eager", ""]
            rows.append(
                [
                    f"{order}, `{io}`" + (f", `{options}`" if options else ""),
                    c["faults"],
                    c["requests"],
                    c["instructions"],
                    f"{c['instructions'] / base['instructions']:.2f}",
                    ms(c["ns"]),
                    f"{c['ns'] / base['ns']:.2f}",
                ]
            )
    lab.say(f"All {pages:,} pages of {size_name(size)}:")
    lab.say()
    lab.table(["order, policy", "faults", "disk requests", "instructions", "of eager", "virtual ms", "of eager"], rows)
    plain, eager, seq = (
        took["rising", "deferred", ""],
        took["rising", "eager", ""],
        took["rising", "deferred", "--fill-around seq"],
    )
    lab.claim(
        (
            "Deferred reading of a file that is then used whole is slower, as expected:"
            f" {plain['ns'] / eager['ns']:.2f} times the virtual time of eager, in order."
        ),
        plain["ns"] > eager["ns"],
    )
    lab.claim(
        (
            "It is the waiting: a request for every page where eager asks for 64 at a time. Its instructions are"
            f" {plain['instructions'] / eager['instructions']:.2f} times those of eager."
        ),
        plain["requests"] >= 30 * eager["requests"]
        and plain["ns"] - plain["instructions"] > 3 * (eager["ns"] - eager["instructions"]),
    )
    lab.claim(
        f"With `--fill-around seq` most of the loss is won back: {seq['ns'] / eager['ns']:.2f} times eager.",
        seq["ns"] - eager["ns"] < (plain["ns"] - eager["ns"]) / 2,
    )
    lab.claim("The order makes no difference to what is summed.", len({re.sub(r"touched.*", "", o) for o in out}) == 1)
