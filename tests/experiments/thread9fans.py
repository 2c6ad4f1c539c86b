# SPDX-License-Identifier: GPL-2.0-only
"""The experiments that answer the thread (docs/experiments.md). Each is a function that runs guests, asks their traces, says what
it found as tables and pictures, and claims what the document states."""
import re

from lab import GIB, KIB, MIB, PAGE, ms, size_name
import svg

POLICIES = ["eager", "deferred", "fragments-eager", "cached", "naive", "mmap-private", "mmap-shared"]
SOUND = POLICIES[:4]


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
    return (cost(lab, size, touched(size, share), "deferred", order, f"{disk} {options}") /
            cost(lab, size, touched(size, share), "eager", order, disk))


# ---- 1 ----

def percent(f):
    return f"{100 * f:.3g} %"


def sparse(lab):
    sizes = [64 * KIB, MIB] if lab.small else [16 * KIB, 64 * KIB, MIB, 4 * MIB, 32 * MIB]
    shares = [1 / 16, 1] if lab.small else [1 / 256, 1 / 64, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1]
    panels = [("scattered", "nvme", "20 us a request"), ("scattered", "ssd", "80 us a request"), ("scattered", "hdd", "8 ms a seek"), ("rising", "hdd", "8 ms a seek")]
    lab.command("tarry run --io POLICY --disk-model DISK --input f:/in/f sparse /in/f --touch N --scattered|--rising",
                "tarry query tarry.db experiment-cost")
    lab.say("Virtual time with `--io deferred`, with `--io eager` = 1, from the read to the end of the program. **Bold**: deferred lost. On nvme and ssd the order makes no "
            "difference: they do not seek.")
    lab.say()
    drawn = {}
    for order, model, what in panels:
        cells = {(s, f): ratio(lab, s, f, order, model) for s in sizes for f in shares}
        drawn[order, model] = cells
        bold = lambda r: f"**{svg.ratio_text(r)}**" if r > 1 else svg.ratio_text(r)
        lab.table([f"{model}, pages {order}"] + [percent(f) for f in shares], [[size_name(s)] + [bold(cells[s, f]) for f in shares] for s in sizes])
    lab.picture("experiments-sparse.svg", svg.heat_maps(
        "Where deferred reading loses", [(f"{model} ({what}), pages {order}", {(size_name(s), percent(f)): r for (s, f), r in drawn[order, model].items()})
                                         for order, model, what in panels],
        [size_name(s) for s in sizes], [percent(f) for f in shares], "size of the file", "share of the pages that are looked at",
        "virtual time deferred / eager: blue wins, framed orange loses"), "virtual time of deferred over eager, by size and share of pages touched")
    large = [s for s in sizes if s >= MIB]
    each = lambda f, models: [c[s, f] for (_, m), c in drawn.items() if m in models for s in large]
    lab.claim("Where the disk does not seek, deferred reading of which a sixteenth is used takes less than a third of the time of eager, from 1 MiB on.", all(r < 1 / 3 for r in each(1 / 16, ("nvme", "ssd"))))
    lab.claim("If everything is used it loses, at every size, on every disk, scattered: that is the right edge of the losing region.", all(c[s, 1] > 1 for (o, _), c in drawn.items() if o == "scattered" for s in sizes))
    lab.claim("Where the disk seeks it loses almost everywhere: with a sixteenth of the pages used it takes more than twice the time of eager. A seek costs as much as the transfer of 1.6 MB.",
              all(r > 2 for r in each(1 / 16, ("hdd",))))
    lab.claim("The size of the file matters little, from 1 MiB on, where the disk does not seek.",
              all(max(drawn["scattered", m][s, f] for s in large) < 1.2 * min(drawn["scattered", m][s, f] for s in large) for m in ("nvme", "ssd") for f in (1 / 16, 1)))
    border(lab)


def border(lab):
    """Table: from which share of touched pages on deferred loses, by disk, order and option."""
    size = MIB if lab.small else 2 * MIB
    models = ["nvme"] if lab.small else ["none", "nvme", "ssd", "hdd"]
    shares = [1 / 8, 1 / 4, 1 / 2, 3 / 4, 1] if lab.small else [1 / 256, 1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 5 / 8, 3 / 4, 1]
    options = ["", "--lend on", "--fill-around 16", "--fill-around 64", "--fill-around seq"]
    lost = {(order, m, o): next((f for f in shares if ratio(lab, size, f, order, m, o) > 1), None) for order in ("scattered", "rising") for m in models for o in options}
    lab.say(f"The border for {size_name(size)}: the least share, of {', '.join(percent(f) for f in shares)}, at which deferred lost to `eager`.")
    lab.say()
    lab.table(["disk, pages"] + [f"`{o}`" if o else "as it is" for o in options],
              [[f"{m}, {order}"] + ["never" if lost[order, m, o] is None else percent(lost[order, m, o]) for o in options] for m in models for order in ("scattered", "rising")])
    lab.claim("Guessing with `--fill-around seq` wins the loss back, within 15 % of eager, where all pages are used in rising order, on every disk; it changes nothing where they are scattered.",
              all(ratio(lab, size, 1, "rising", m, "--fill-around seq") < 1.15 and lost["scattered", m, "--fill-around seq"] == lost["scattered", m, ""] for m in models))
    few = max(1 / 64, shares[0])
    lab.claim("A fixed window helps where almost everything is used, and costs a multiple where little is: "
              f"`--fill-around 16` takes {ratio(lab, size, few, 'scattered', 'nvme', '--fill-around 16') / ratio(lab, size, few, 'scattered', 'nvme'):.1f} times as long as no window at {percent(few)} of the pages on nvme.",
              ratio(lab, size, few, "scattered", "nvme", "--fill-around 16") > 2 * ratio(lab, size, few, "scattered", "nvme") and
              ratio(lab, size, 1, "scattered", "nvme", "--fill-around 16") < ratio(lab, size, 1, "scattered", "nvme"))


# ---- 2 ----

def adjacent(lab):
    reads = 512 if lab.small else 4096 # whole pages: 125 of them, 1000
    size = reads * 1000
    lab.command(f"tarry run --io POLICY --input f:/in/f sparse /in/f --chunk 1000 [--poke] --touch {size // PAGE + 1} --rising",
                "tarry query tarry.db experiment-pieces", "tarry query tarry.db experiment-cost")
    rows, got = [], {}
    for poke in ("", "--poke"):
        for io in ("deferred", "fragments-eager", "eager"):
            t = lab.run(f"sparse /in/f --chunk 1000 {poke} --touch {(size + PAGE - 1) // PAGE} --rising", f"--io {io}", {"/in/f": lab.file(size)})
            p, c = t.one("experiment-pieces"), t.one("experiment-cost")
            got[poke, io] = p
            rows.append([f"`{io}`" + (", a write between" if poke else ""), p["snapshots"], p["deferred_bytes"], p["eager_bytes"], p["fills"],
                         p["mean_pieces"] or "-", p["most_pieces"] or "-", c["read_instructions"] // c["reads"], ms(c["ns"])])
    lab.say(f"{reads} reads of 1000 bytes, one behind the other, and then every page is looked at:")
    lab.say()
    lab.table(["policy", "snapshots", "bytes deferred", "bytes at the calls", "fills", "pieces, mean", "most", "instructions a read", "virtual ms"], rows)
    shares = []
    for n in (1000, 4000, 5000, 10000, 50000):
        t = lab.run(f"sparse /in/f --chunk {n} --touch 0", "--io fragments-eager", {"/in/f": lab.file(size)})
        p = t.one("experiment-pieces")
        shares.append((n, 100 * p["deferred_bytes"] // size))
    lab.say("What `fragments-eager` defers of the same file, by the length of the reads:")
    lab.say()
    lab.table(["bytes a read"] + [f"{n:,}" for n, _ in shares], [["deferred"] + [f"{s} %" for _, s in shares]])
    quiet, poked, fragments = got["", "deferred"], got["--poke", "deferred"], got["", "fragments-eager"]
    lab.claim("`fragments-eager` defers nothing of such reads, as the thread fears; reads must be several pages long before it defers most.",
              fragments["deferred_bytes"] == 0 and shares[0][1] == 0 and 90 > shares[3][1] > 0)
    lab.claim("Deferring fragments, the reads coalesce: one snapshot for all of them, every page is one piece, nothing is copied at the calls.",
              (quiet["snapshots"], quiet["most_pieces"], quiet["eager_bytes"]) == (1, 1, 0))
    lab.claim("A write to the file between the reads is the worst case: every read has its own snapshot (it must: R1). "
              "A page then is made of at most 6 pieces, and still nothing is copied at a call.",
              (poked["snapshots"], poked["eager_bytes"]) == (reads, 0) and 1 < poked["most_pieces"] <= 6)


# ---- 3 ----

def unaligned(lab):
    size = MIB if lab.small else 16 * MIB
    few = size // PAGE // 8
    lab.command("tarry run --input f:/in/f sparse /in/f --shift BYTES --touch N --scattered", "tarry query tarry.db experiment-blocks")
    rows, most, disk = [], {}, {}
    for order, touch in (("scattered", few), ("rising", size // PAGE)):
        for shift in (0, 1, 100, 2048, 4095):
            t = lab.run(f"sparse /in/f --shift {shift} --touch {touch} --{order}", "", {"/in/f": lab.file(size)})
            b, c = t.query("experiment-blocks"), t.one("experiment-cost")
            fills, blocks = sum(r["fills"] for r in b), sum(r["disk_blocks"] for r in b)
            most[order, shift], disk[order, shift] = max(r["blocks"] for r in b), blocks / fills
            rows.append([f"{order}, {touch:,} pages", shift, fills, max(r["blocks"] for r in b), f"{blocks / fills:.2f}", ms(c["ns"])])
    lab.table(["order", "shift, bytes", "fills", "blocks a fill, most", "from the disk a fill, mean", "virtual ms"], rows)
    lab.claim("A fault on a page of an unaligned read copies from 2 blocks of the file, never more; on one of an aligned read from 1.",
              all(n == (1 if shift == 0 else 2) for (_, shift), n in most.items()))
    lab.claim("Scattered, that is up to two blocks from the disk for a page; in order it is one, since the second block is in the cache when the next page needs it.",
              all(1.5 < disk["scattered", s] <= 2 and disk["rising", s] < 1.01 for s in (1, 100, 2048, 4095)))


# ---- 4 ----

def writeback(lab):
    size, dirty, rounds = (4 * MIB, 10, 5) if lab.small else (64 * MIB, 100, 20)
    lab.command(f"tarry run --io POLICY --input f:/in/f sparse /in/f --touch 0 --scattered --dirty {dirty} --rounds {rounds} --write-back",
                "tarry query tarry.db experiment-writeback")
    lab.say(f"{size_name(size)} are read with one read. Then, {rounds} times, {dirty} pages that were not changed before are changed, and everything is written "
            "with one write. Pages that a write writes:")
    lab.say()
    shown = [i for i in (1, 2, 5, 10, 20) if i <= rounds]
    wrote, cost_of, rows = {}, {}, []
    for io in ("deferred", "fragments-eager", "mmap-private", "eager"):
        t = lab.run(f"sparse /in/f --touch 0 --scattered --dirty {dirty} --rounds {rounds} --write-back", f"--io {io} --mem 512M", {"/in/f": lab.file(size)})
        w = t.query("experiment-writeback")
        wrote[io], cost_of[io] = [r["written_pages"] for r in w], [r["instructions"] for r in w]
        rows.append([f"`{io}`"] + [w[i - 1]["written_pages"] for i in shown])
    lab.table(["policy"] + [f"write {i}" for i in shown], rows)
    lab.say("Instructions of the write call:")
    lab.say()
    lab.table(["policy"] + [f"write {i}" for i in shown], [[f"`{io}`"] + [cost_of[io][i - 1] for i in shown] for io in wrote])
    lab.picture("experiments-writeback.svg", svg.lines(
        "Writing the whole buffer back, again and again", [(f"{size_name(size)}, {dirty} other pages changed before each write",
         [(io, list(enumerate(wrote[io], 1))) for io in ("mmap-private", "deferred", "fragments-eager")])], "write", "pages written"),
        "pages written by each write-back") if not lab.small else None
    lab.claim("A write-back costs what was changed since the last one (W4), not what was ever changed: every one of the writes writes as many pages as were changed.",
              wrote["deferred"] == wrote["fragments-eager"] == [dirty] * rounds)
    lab.claim("A policy that forgets to associate what it wrote with the file (here `mmap-private`, on purpose) writes all that was ever changed, each time.",
              wrote["mmap-private"] == [dirty * i for i in range(1, rounds + 1)])
    lab.claim("Conventional writing writes the whole image every time.", wrote["eager"] == [size // PAGE] * rounds)
    lab.claim("The instructions of a write-back do not grow with the number of writes before it by more than the file's tree grows: the last takes less than "
              "twice those of the second.", cost_of["deferred"][-1] < 2 * cost_of["deferred"][1])


# ---- 5 ----

def zeros(lab):
    size = MIB if lab.small else 16 * MIB
    lab.command("tarry run --io POLICY --input f:/in/f zeros HOW /in/f", "tarry query tarry.db experiment-phases      # phase 2")
    rows, filled, alive = [], {}, {}
    for io in ("deferred", "eager"):
        for how in ("loop", "memset", "calloc", "devzero", "segzero", "segfree"):
            t = lab.run(f"zeros {how} /in/f", f"--io {io}", {"/in/f": lab.file(size)})
            read, zero = t.query("experiment-phases")[1:3]
            filled[io, how], alive[io, how] = zero["filled"], zero["snapshots"]
            rows.append([f"{how}, `{io}`", zero["filled"], zero["detached"], zero["sectors_read"], zero["instructions"], ms(zero["ns"]), ms(read["ns"] + zero["ns"]), zero["snapshots"]])
    lab.say(f"A buffer of {size_name(size)} that was read and not looked at becomes zero:")
    lab.say()
    lab.table(["how, policy", "pages loaded", "dirtied", "sectors read", "instructions", "virtual ms", "with the read", "snapshots left"], rows)
    lab.claim("A loop of stores loads every page, only to lose it (\"albeit loading every page from the snapshot as it goes\").",
              filled["deferred", "loop"] >= size // PAGE)
    lab.claim("A read of /dev/zero, the call segzero, segfree, and the C library's memset and calloc, which use segzero for large ranges, load at most one page: that with malloc's own word.",
              all(filled["deferred", how] <= 1 for how in ("memset", "calloc", "devzero", "segzero", "segfree")))
    lab.claim("All of them let the snapshot go, but for a page at an edge whose other bytes are still wanted.", all(alive["deferred", how] <= 1 for how in ("loop", "memset", "calloc", "devzero", "segzero", "segfree")))


# ---- 6 ----

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
    lab.say(f"{size_name(size)} ({size // PAGE:,} pages) read into buffers from malloc, none of which is looked at. Pages that were loaded all the same:")
    lab.say()
    lab.table(["bytes a buffer", "buffers", "malloc and read", "free", "malloc again", "free, calloc", "of all pages"], rows)
    lab.claim("malloc's book-keeping does load pages, as the thread says: free writes its links next to the bytes that were read, and so does the malloc of the next buffer.",
              all(freed[n] > 0 for n in freed))
    lab.claim("At most two pages a buffer are loaded by freeing it: large buffers do not care, small ones are loaded whole.",
              all(freed[n] <= 2 * buffers[n] for n in freed) and share[1000] > 0.9 and share[max(share)] < 0.05)


# ---- 7 ----

def foreign(lab):
    lab.command("tarry run spooky " + " ".join(POLICIES), "tarry query tarry.db experiment-foreign")
    t = lab.run("spooky " + " ".join(POLICIES))
    line = re.compile(r"(\S+): touched before the write: (\w+); not touched: (\w+); behind the end: (\w+); stored: (\w+); the file's: (\w+)\n"
                      r"\S+ a store is seen by a read of the file: (\w+)")
    seen = {m[1]: m.groups()[1:] for m in line.finditer(t.out)}
    asked = {r["policy"]: r for r in t.query("experiment-foreign")}
    lab.table(["policy", "touched before", "not touched", "behind a short read", "stored into", "a store shows in the file", "pages come from", "pending", "filled later", "blocks preserved"],
              [[f"`{p}`"] + list(seen[p][:4]) + [seen[p][5]] + [asked[p][k] for k in ("kind", "pending", "late_fills", "preserved")] for p in POLICIES])
    right = ("old", "old", "kept", "kept", "NEW", "no")
    lab.claim("Under the sound policies the buffer is what was read, whoever writes the file.", all(seen[p] == right for p in SOUND))
    lab.claim("Without the snapshot the objection of the thread holds: `naive` shows the new bytes in pages that had not been touched.",
              seen["naive"] == ("old", "NEW", "kept", "kept", "NEW", "no"))
    lab.claim("Mappings are not reads: memory changes under the reader's feet, the bytes behind a short read are lost, and a shared one writes the file.",
              seen["mmap-private"][:3] == ("NEW", "NEW", "LOST") and seen["mmap-shared"] == ("NEW", "NEW", "LOST", "LOST", "NEW", "YES"))
    lab.claim("What makes the difference is paid by the writer: blocks are preserved under `deferred` while pages are pending, and none under `naive`, `eager` and the mappings.",
              asked["deferred"]["pending"] > 0 and asked["deferred"]["preserved"] > 0 and
              all(asked[p]["preserved"] == 0 for p in ("naive", "eager", "mmap-private", "mmap-shared")))


# ---- 8 ----

def preserve(lab):
    steps = [20, 40] if lab.small else [50, 100, 200, 500, 1000]
    half = 2 * max(steps) * PAGE
    lab.command("tarry run --snapshot SCOPE --input F:/in/f --input G:/in/g preserve /in/f /in/g --pages N [--rounds 3]",
                "tarry query tarry.db experiment-preserve")
    kept, spent = {}, {}
    inputs = {"/in/f": lab.file(2 * half), "/in/g": lab.file(half)}
    for scope in ("range", "file", "mount"):
        for n in steps:
            t = lab.run(f"preserve /in/f /in/g --pages {n}", f"--snapshot {scope}", inputs)
            kept[scope, n] = {r["place"]: r["preserved"] for r in t.query("experiment-preserve")}
            spent[scope, n] = t.number("select virtual_ns from run")
    last = max(steps)
    again = {s: {r["place"]: r["preserved"] for r in lab.run(f"preserve /in/f /in/g --pages {last} --rounds 3", f"--snapshot {s}", inputs).query("experiment-preserve")}
             for s in ("range", "file", "mount")}
    lab.say(f"The first half of a file of {size_name(2 * half) if 2 * half % MIB == 0 else f'{2 * half:,} bytes'} has been read and not been looked at. "
            f"{last:,} pages of each place are written; blocks that had to be preserved:")
    lab.say()
    lab.table(["`--snapshot`", "writes into what was read", "elsewhere in the file", "in another file", "the same, three times over", "virtual ms"],
              [[f"`{s}`", kept[s, last]["range"], kept[s, last]["file"], kept[s, last]["other"], sum(again[s].values()), ms(spent[s, last])] for s in ("range", "file", "mount")])
    lab.picture("experiments-preserve.svg", svg.lines("What a pending read costs those who write", [
        (name, [(s, [(0, 0)] + [(n, kept[s, n][place]) for n in steps]) for s in ("mount", "file", "range")])
        for place, name in (("range", "writes into what was read"), ("file", "writes elsewhere in the file: unrelated"), ("other", "writes to another file: unrelated"))],
        "pages written", "blocks preserved"), "blocks preserved over pages written, for each scope and place")
    lab.claim("What was read and is overwritten is preserved under every scope, once.", all(kept[s, n]["range"] == n for s, n in kept))
    lab.claim("With `range` unrelated writes preserve nothing.", all(kept["range", n]["file"] == kept["range", n]["other"] == 0 for n in steps))
    lab.claim("With `file` those to the same file cost, with `mount`, which is how the thread describes gefs, every write of the file system costs a block.",
              all((kept["file", n]["file"], kept["file", n]["other"], kept["mount", n]["file"], kept["mount", n]["other"]) == (n, 0, n, n) for n in steps))
    lab.claim("Writing the same pages again preserves nothing more: once per block and generation (W6).", all(again[s] == kept[s, last] for s in again))


# ---- 9 ----

def sleeper(lab):
    size, stride, mem = (GIB, 64, 16) if lab.small else (16 * GIB, 128, 64)
    pages = size // PAGE
    number = lambda p: p.to_bytes(8, "little")
    name = lab.sparse_file(size, ((p * PAGE, number(p) + bytes(PAGE - 16) + number(p ^ (1 << 64) - 1)) for p in range(0, pages, stride)))
    lab.command(f"tarry run --mem {mem}M --input f:/in/f sleeper /in/f {stride}", "tarry query tarry.db experiment-phases")
    t = lab.run(f"sleeper /in/f {stride}", f"--mem {mem}M", {"/in/f": name})
    lab.forget(name)
    told = {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", t.out)}
    phases = t.query("experiment-phases")
    data = len(range(0, pages, stride))
    lab.say(f"A file of {size_name(size)} with data on {data:,} of its pages and holes between, on a machine of {mem} MiB. One read; then another process overwrites the "
            f"{data:,} pages and {told['overwritten'] - data:,} holes, {size_name(told['overwritten'] * PAGE)} in all; then the reader looks at all of these.")
    lab.say()
    lab.table(["phase", "faults", "pages filled", "sectors read", "sectors written", "blocks preserved", "snapshots at its end", "instructions", "virtual ms"],
              [[n] + [p[k] for k in ("faults", "filled", "sectors_read", "sectors_written", "preserved", "snapshots", "instructions")] + [ms(p["ns"])]
               for n, p in zip(("the read", "overwritten meanwhile", "looked at", "detached"), phases[1:5])])
    lab.say(f"The program: `{t.out.strip()}`")
    lab.say()
    lab.claim("All pages are what was read, and the file is what was written.", told["wrong"] == told["stale"] == 0)
    lab.claim(f"What is overwritten is several times the memory, {told['overwritten'] * PAGE / (mem * MIB):.0f} times here: preserved blocks cost disk, not memory.",
              told["overwritten"] * PAGE >= 2 * mem * MIB)
    lab.claim("A block is preserved for every page of data and none for a hole, which needs none to stay a hole (R4).", phases[2]["preserved"] == data)
    lab.claim(f"The read itself is a few thousand instructions ({phases[1]['instructions']:,} here) and no I/O of the file's blocks.", phases[1]["instructions"] < 20000 and phases[1]["filled"] == 0)
    lab.claim("When the segment goes, so does the snapshot, and no block is pinned any more.", phases[4]["snapshots"] == 0 and told["pinned"] >= data and told["after"] == 0)


# ---- 10 ----

def forks(lab):
    size, children, touch = (4 * MIB, 4, 32) if lab.small else (64 * MIB, 32, 256)
    lab.command(f"tarry run --io POLICY --input f:/in/f forkread /in/f --children {children} --touch {touch} [--first] [--shared] [--store]",
                "tarry query tarry.db experiment-fork")
    variants = [("deferred", "", "", "deferred"), ("--first", "--first", "", "deferred: the parent looks first"), ("--shared", "--shared", "", "deferred: a shared segment"),
                ("lend", "", "--lend on", "deferred, `--lend on`"), ("store", "--store", "", "deferred: children store"),
                ("eager", "", "--io eager", "eager"), ("eager store", "--store", "--io eager", "eager: children store")]
    rows, sums, out = [], {}, set()
    for key, args, options, name in variants:
        t = lab.run(f"forkread /in/f --children {children} --touch {touch} {args}", f"--mem 512M {options}", {"/in/f": lab.file(size)})
        p = t.query("experiment-fork")
        s = {k: sum(r[k] for r in p[1:]) for k in ("faults", "filled", "remapped", "copied", "detached", "cache_hits", "disk_blocks")}
        s["snapshots"] = t.number("select count(distinct o.snapshot) from source o join segment s on s.id = o.segment where s.type = 4 and o.kind = 1")
        s["left"] = t.number("select count(*) from snapshot where dur is null")
        s["fork"], s["mine"] = p[0]["fork_instructions"], p[0]
        sums[key] = s
        out.add(re.sub(r"^.*sum=", "sum=", t.out))
        rows.append([name, s["snapshots"], s["fork"], s["filled"], s["disk_blocks"], s["cache_hits"], s["remapped"], s["copied"], ms(t.number("select virtual_ns from run"))])
    lab.say(f"A file of {size_name(size)} is read; {children} children look at the same {touch} pages each. Sums over all children:")
    lab.say()
    lab.table(["", "snapshots", "instructions of a fork", "pages filled", "from the disk", "from the cache", "remapped", "copied on write", "virtual ms, all"], rows)
    lengths = [MIB, 64 * MIB] if lab.small else [MIB, 64 * MIB, GIB, 16 * GIB]
    fork = {n: lab.run("forkread /in/f --children 4 --touch 1", "", {"/in/f": lab.sparse_file(n)}).query("experiment-fork")[0]["fork_instructions"] for n in lengths}
    lab.say("Instructions of a fork over the length of the pending read:")
    lab.say()
    lab.table([size_name(n) for n in lengths], [list(fork.values())])
    lab.claim("One snapshot serves all children (S4), and none is left at the end.", all(s["left"] == 0 for s in sums.values()) and
              all(sums[k]["snapshots"] == 1 for k in sums if not k.startswith("eager")))
    lab.claim("A block that all children want comes from the disk once; each child's fill copies it from the cache.",
              sums["deferred"]["disk_blocks"] == touch and sums["deferred"]["filled"] == children * touch)
    lab.claim("With a shared segment, or if the parent has looked first, there is one fill for all; with `--lend on` each child's fill copies nothing. Otherwise pages that "
              "children fill are not shared between them: that is what deferring before a fork costs, in memory, too.",
              sums["--shared"]["filled"] == touch and sums["--first"]["filled"] == 0 and sums["lend"]["filled"] == children * touch)
    lab.claim("A fork costs the same, within 2 %, whatever the length of the pending read; after an eager read it costs more the more was read, since every page is there.",
              max(fork.values()) < 1.02 * min(fork.values()) and sums["eager"]["fork"] > sums["deferred"]["fork"])
    lab.claim("All variants give the same sums.", len(out) == 1)


# ---- 11 ----

def everything(lab):
    size = 4 * MIB if lab.small else 64 * MIB
    pages = size // PAGE
    lab.command(f"tarry run --io POLICY [--lend on] [--fill-around N] --mem 512M --input f:/in/f sparse /in/f --touch {pages} --rising", "tarry query tarry.db experiment-cost")
    rows, took, out = [], {}, set()
    for order in ("rising", "scattered"):
        for io, options in [("eager", ""), ("deferred", ""), ("deferred", "--lend on"), ("deferred", "--fill-around 16"), ("deferred", "--fill-around 64"),
                            ("deferred", "--fill-around seq"), ("deferred", "--fill-around seq --lend on"), ("cached", ""), ("mmap-private", "")]:
            t = lab.run(f"sparse /in/f --touch {pages} --{order}", f"--io {io} {options} --mem 512M", {"/in/f": lab.file(size)})
            c = t.one("experiment-cost")
            took[order, io, options] = c
            out.add(t.out)
            base = took[order, "eager", ""]
            rows.append([f"{order}, `{io}`" + (f", `{options}`" if options else ""), c["faults"], c["requests"], c["instructions"], f"{c['instructions'] / base['instructions']:.2f}",
                         ms(c["ns"]), f"{c['ns'] / base['ns']:.2f}"])
    lab.say(f"All {pages:,} pages of {size_name(size)}:")
    lab.say()
    lab.table(["order, policy", "faults", "disk requests", "instructions", "of eager", "virtual ms", "of eager"], rows)
    plain, eager, seq = took["rising", "deferred", ""], took["rising", "eager", ""], took["rising", "deferred", "--fill-around seq"]
    lab.claim(f"Deferred reading of a file that is then used whole is slower, as expected: {plain['ns'] / eager['ns']:.2f} times the virtual time of eager, in order.", plain["ns"] > eager["ns"])
    lab.claim(f"It is the waiting: a request for every page where eager asks for 64 at a time. Its instructions are {plain['instructions'] / eager['instructions']:.2f} times those of eager.",
              plain["requests"] >= 30 * eager["requests"] and plain["ns"] - plain["instructions"] > 3 * (eager["ns"] - eager["instructions"]))
    lab.claim(f"With `--fill-around seq` most of the loss is won back: {seq['ns'] / eager['ns']:.2f} times eager.", seq["ns"] - eager["ns"] < (plain["ns"] - eager["ns"]) / 2)
    lab.claim("The order makes no difference to what is summed.", len({re.sub(r"touched.*", "", o) for o in out}) == 1)


EXPERIMENTS = {f.__name__: f for f in (sparse, adjacent, unaligned, writeback, zeros, mallocs, foreign, preserve, sleeper, forks, everything)}
