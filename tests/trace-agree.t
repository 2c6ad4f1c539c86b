#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The canned queries agree with one another and with what plain Python counts in the rows, on runs of real programs."""
import collections, os, random, sqlite3, subprocess, sys, tempfile

TARRY = os.path.join(os.path.abspath(os.environ.get("BUILD", "build")), "tarry")
count = failed = 0

RUNS = {  # name: options, command of the guest's shell
    "deferred": ([], "sparse /in/big --touch 300 --dirty 60 --write-back; cat /in/big | wc"),
    "lent": (["--lend", "on"], "sparse /in/big --touch 300 --dirty 60 --write-back & forkread /in/big --children 2 --store & wait"),
    "mapped": (["--io", "mmap-private"], "sparse /in/big --touch 200 --dirty 40"),
    "naive": (["--io", "naive"], "sparse /in/big --touch 200 --dirty 40 --write-back"),
    "eager": (["--io", "eager"], "sparse /in/big --touch 200 --dirty 40 --write-back"),
    "paging": (["--mem", "16M"], "thrash 20000000 1 & preserve /in/big /in/big --pages 60 & wait"),
    "tlb": (["--tlb", "tlb=32", "--trace", "all"], "faultloop 300 64"),
    "softtlb": (["--mmu", "softtlb", "--trace", "all"], "sparse /in/big --touch 200 --dirty 10"),
    "cut short": (["--max-insns", "6000000"], "sparse /in/big --touch 5000"),
}


def is_(what, got, expected):
    global count, failed
    count += 1
    if got == expected:
        print(f"ok {count} - {what}")
        return
    failed += 1
    print(f"not ok {count} - {what}\n# got:      {got}\n# expected: {expected}")


class Trace:
    def __init__(self, path):
        self.db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self.db.row_factory = sqlite3.Row

    def ask(self, name, **values):
        sql, = self.db.execute("SELECT sql FROM canned_query WHERE name = ?", (name,)).fetchone()
        return self.db.execute(sql, collections.defaultdict(lambda: None, values)).fetchall()

    def rows(self, sql):
        return [tuple(r) for r in self.db.execute(sql)]

    def total(self, sql):
        return self.rows(sql)[0][0] or 0

    def metrics(self, name):
        return {r[0]: r[1] for r in self.ask(name)}


def add(rows, column):
    return sum(r[column] or 0 for r in rows)


def faults(t, summary):
    all_faults = t.total("SELECT count(*) FROM fault")
    ended = t.total("SELECT count(*) FROM fault WHERE dur IS NOT NULL")
    yield "summary: faults", summary["faults"], all_faults
    yield "faults", add(t.ask("faults"), "faults"), all_faults
    yield "faults-by-line", add(t.ask("faults-by-line", limit=10**6), "faults"), all_faults
    yield "processes: faults", add(t.ask("processes"), "faults"), t.total("SELECT count(*) FROM fault WHERE proc <> 0")
    yield "segments: faults", add(t.ask("segments"), "faults"), t.total("SELECT count(*) FROM fault WHERE segment <> 0")
    yield "segments: fills", add(t.ask("segments"), "fills"), summary["fills"]
    yield "fault-histogram", add(t.ask("fault-histogram"), "faults"), ended
    kinds = {(r["kind"], r["faults"]) for r in t.ask("fault-phases", type="all")}
    yield "fault-phases", sum(n for _, n in kinds), ended
    counters = t.metrics("os161")
    yield "os161: faults", counters["faults that were resolved"], t.total("SELECT count(*) FROM fault WHERE resolution BETWEEN 1 AND 7")
    if t.total("SELECT complete FROM run"):
        yield "os161: identities", {k: v for k, v in counters.items() if k.startswith("identity") and v}, {}
    if t.total("SELECT count(*) FROM tlb_array"):
        yield "os161: free + replace", counters["TLB Faults with Free"] + counters["TLB Faults with Replace"], counters["TLB Faults"]
        if t.total("SELECT count(*) FROM stlb_write"):
            yield "os161: TLB faults", counters["TLB Faults"], t.total(
                "SELECT (SELECT sum(misses - refused) FROM tlb_total) + (SELECT count(*) FROM stlb_write WHERE replaced = 0)")
            yield "os161: ... and their identity is there", "identity: TLB faults - misses and writes of entries" in counters, True
    dirty = t.ask("dirty-pages", limit=10**6)
    yield "dirty-pages", len(dirty), t.total('SELECT count(*) FROM page WHERE "new" = 3 AND old <> 3')
    yield "dirty-pages, segments", len(dirty), add(t.ask("segments"), "stored_pages")


def bytes_moved(t, summary):
    moved, calls, files = t.ask("transfers"), t.ask("syscall-transfers"), t.ask("files")
    [policy] = t.ask("policies")

    def of(boundary, direction=None):
        return sum(r["bytes"] for r in moved if r["boundary"] == boundary and direction in (None, r["direction"]))
    for column, boundary, direction in (("disk_read", "disk", "in"), ("disk_written", "disk", "out"), ("cache", "cache", None),
                                        ("copied", "copy", None), ("lent", "lend", None), ("eager", "eager", None),
                                        ("written", "write", None), ("skipped", "skip", None), ("preserved", "preserve", None),
                                        ("swapped_in", "swap", "in"), ("swapped_out", "swap", "out")):
        yield f"syscall-transfers: {column}", add(calls, column), of(boundary, direction)
    yield "files: disk", add(files, "disk_bytes"), of("disk", "in")
    yield "files: cache", add(files, "cache_bytes"), of("cache")
    for column, boundary in ("eager", "eager"), ("written", "write"), ("skipped", "skip"), ("preserved", "preserve"):
        yield f"files: {column}", add(files, column + "_bytes"), of(boundary)
    touched = {(f, o // 4096) for f, o in t.rows("SELECT file, offset FROM transfer WHERE boundary IN (2, 8, 11)")}
    yield "files: touched", add(files, "touched_bytes"), 4096 * len(touched)
    yield "files: asked", add(files, "asked_bytes"), summary["bytes_asked"]
    yield "policies: asked", policy["asked"], summary["bytes_asked"]
    yield "policies: copied", policy["copied"], summary["bytes_copied"]
    yield "policies: preserved", policy["preserved"], summary["blocks_preserved"]
    yield "snapshots: pinned", add(t.ask("snapshots"), "pinned_blocks") >= summary["blocks_preserved"], True
    yield "transfers: rows", add(moved, "transfers"), t.total("SELECT count(*) FROM transfer")


def disk_and_calls(t, summary):
    disk, calls = t.ask("disk"), t.ask("syscalls")
    yield "disk: requests", add(disk, "requests"), summary["disk_requests"]
    yield "disk: sectors", add(disk, "sectors"), t.total("SELECT sum(sectors) FROM disk_request")
    yield "disk: read", sum(r["sectors"] for r in disk if r["op"] == "read"), summary["disk_sectors_read"]
    yield "disk: busy", add(disk, "busy_ns"), t.total("SELECT sum(service_ns) FROM disk_request WHERE dur IS NOT NULL")
    yield "why-block: rows", len(t.ask("why-block", limit=10**6)), summary["disk_requests"]
    yield "syscalls", add(calls, "calls"), summary["syscalls"]
    yield "syscalls: errors", add(calls, "errors"), t.total("SELECT count(*) FROM syscall WHERE result < 0")
    yield "processes: syscalls", add(t.ask("processes"), "syscalls"), summary["syscalls"]
    yield "processes", len(t.ask("processes")), summary["processes"]
    lives = collections.Counter()
    known = dict(t.rows("""SELECT id, coalesce((SELECT ts FROM sched WHERE proc = p.id AND reason = 3), -- it works for its end, too
        (SELECT p.ts + p.dur WHERE NOT EXISTS (SELECT 1 FROM sched WHERE p.id IN (proc, next) AND ts > p.ts + p.dur)),
        (SELECT virtual_ns FROM run)) - ts FROM process AS p"""))
    for r in t.ask("waits"):
        lives[r["proc"]] += r["total_ns"]
    yield "waits: each nanosecond of each life", dict(lives), known
    yield "processes: switches", {r["id"]: r["switches"] for r in t.ask("processes") if r["switches"]}, dict(
        t.rows("SELECT proc, count(*) FROM sched WHERE proc <> 0 GROUP BY proc"))
    newest = t.rows("SELECT hits + meta_hits, misses, evicted, written FROM cache ORDER BY id DESC LIMIT 1") or [(0, 0, 0, 0)]
    for window in None, 1000, 10**6:
        cache = t.ask("cache", window=window)
        yield f"cache, window {window}", tuple(add(cache, c) for c in ("hits", "misses", "evicted", "written")), newest[0]


def naive_distances(pages):
    """For each reference how many other pages came since the last one of the same page; None: the first."""
    last, result = {}, []
    for n, page in enumerate(pages):
        result.append(len(set(pages[last[page] + 1:n])) if page in last else None)
        last[page] = n
    return result


def memory(t, _):
    found = t.rows("SELECT ts, segment, va >> 12, proc, dur, resolution FROM fault ORDER BY id")
    resolved = [f for f in found if f[5] is not None and 1 <= f[5] <= 7]
    if len(resolved) > 2500:
        return
    for proc in (None, random.choice(found)[3]):
        mine = [f for f in resolved if proc in (None, f[3])]
        distances = naive_distances([f[1:3] for f in mine])
        expected = collections.Counter(-1 if d is None else d.bit_length() for d in distances)
        got = {(-1 if r["pages"] == "(first)" else int(str(r["pages"]).split("-")[0]).bit_length()): r["faults"]
               for r in t.ask("reuse-distance", proc=proc, sample=1) if r["faults"]}
        yield f"reuse-distance, process {proc}", got, dict(expected)
        for r in t.ask("miss-ratio", proc=proc, sample=1):
            misses = sum(d is None or d >= r["pages"] for d in distances)
            yield f"miss-ratio, {r['pages']} pages", (r["references"], r["misses"]), (len(mine), misses)
        window, seen = random.randrange(10000, 3000000), set()
        stretches = collections.defaultdict(lambda: [0, set(), 0])
        for f in mine:
            s = stretches[f[0] // window * window]
            s[0], s[2] = s[0] + 1, s[2] + (f[1:3] not in seen)
            s[1].add(f[1:3])
            seen.add(f[1:3])
        yield f"working-set, process {proc}, window {window}", {
            r["from_ns"]: (r["faults"], r["pages"], r["new_pages"]) for r in t.ask("working-set", proc=proc, window=window, sample=1)
            if r["faults"]}, {k: (n, len(p), new) for k, (n, p, new) in stretches.items()}
        for r in t.ask("fault-latency", proc=proc):
            names = dict(t.rows("SELECT name, id FROM enum_resolution"))
            d = sorted(f[4] for f in found if f[4] is not None and proc in (None, f[3]) and r[0] in ("(all)", next(
                k for k, v in names.items() if v == f[5])))
            rank = lambda p: d[max(0, -(-len(d) * p // 1000) - 1)]
            yield f"fault-latency, process {proc}, {r[0]}", tuple(r)[1:], (
                len(d), sum(d), sum(d) // len(d), d[0], rank(500), rank(900), rank(990), rank(999), d[-1])


def resident(t, _):
    """Pages that hold something, and pages of their own, at the end of each stretch: by playing the states."""
    window = random.randrange(10000, 3000000)
    ends = dict(t.rows("SELECT id, ts + dur FROM segment WHERE dur IS NOT NULL"))
    state, at = {}, {}
    changes = [(ts // window, 0, s, va, new) for ts, s, va, new in t.rows('SELECT ts, segment, va, "new" FROM page ORDER BY id')]
    changes += [(end // window, 1, s, None, 0) for s, end in ends.items()]
    for n, gone, segment, va, new in sorted(changes, key=lambda c: c[:2]):
        if gone:
            state = {k: v for k, v in state.items() if k[0] != segment}
        else:
            state[segment, va] = new
        at[n] = (sum(v in (2, 3) for v in state.values()), sum(v == 3 for v in state.values()))
    got = {r["from_ns"] // window: (r["resident_pages"], r["dirty_pages"]) for r in t.ask("working-set", window=window, sample=1)}
    yield f"working-set: resident and dirty pages, window {window}", {n: got[n] for n in at if n in got}, {n: at[n] for n in at if n in got}


def main():
    seed = int(os.environ.get("TARRY_SEED", random.randrange(2**32)))
    print(f"# TARRY_SEED={seed}")
    random.seed(seed)
    with tempfile.TemporaryDirectory() as directory:
        big, db = os.path.join(directory, "big"), os.path.join(directory, "t.db")
        with open(big, "wb") as f:
            f.write(random.randbytes(4000000))
        for name, (options, command) in RUNS.items():
            ran = subprocess.run([TARRY, "run", "-o", db, *options, "--input", f"{big}:/in/big", "sh", "-c", command],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            is_(f"{name}: it ran", ran.returncode in (0, 124), True)
            t = Trace(db)
            summary = t.metrics("summary")
            for about in faults, bytes_moved, disk_and_calls, memory, resident:
                for what, got, expected in about(t, summary):
                    is_(f"{name}: {what}", got, expected)
            is_(f"{name}: checks", [r["check"] for r in t.ask("checks") if r["violations"]], [])
            t.db.close()
    print(f"1..{count}")
    sys.exit(failed > 0)


main()
