# SPDX-License-Identifier: GPL-2.0-only
"""What the experiments share: runs of tarry, their traces asked by canned queries, tables, claims."""
import json
import os
import random
import shlex
import subprocess
import sys
import tempfile

KIB, MIB, GIB, PAGE = 1 << 10, 1 << 20, 1 << 30, 4096
POLICIES = ["eager", "deferred", "fragments-eager", "cached", "naive", "mmap-private", "mmap-shared"]
SOUND = POLICIES[:4]


def size_name(n):
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if n % unit == 0 and n:
            return f"{n // unit} {name}"
    return f"{n} B"


def thousands(n):
    return f"{n:,}" if isinstance(n, int) else str(n)


def ms(ns):
    return f"{ns / 1e6:,.2f}" if ns < 1e8 else f"{ns / 1e6:,.0f}"


class Trace:
    """A run that has ended: what it printed and its database."""

    def __init__(self, lab, db, out):
        self.lab, self.db, self.out = lab, db, out

    def query(self, what, **params):
        args = [self.lab.tarry, "query", self.db, what, "--format", "json"]
        for name, value in params.items():
            args += [f"--{name}", str(value)]
        p = subprocess.run(args, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if p.returncode:
            sys.exit(f"experiments: query {what}: {p.stderr.strip()}")
        return json.loads(p.stdout)

    def one(self, what, **params):
        return self.query(what, **params)[0]

    def number(self, sql):
        return list(self.one(sql).values())[0]

    def study(self, frames, policy, window):
        """tarry study: misses of a memory of so many frames, and pages, in the instructions from..to."""
        args = [self.lab.tarry, "study", self.db, "--frames", str(frames), "--policy", policy, "--format", "json"]
        p = subprocess.run(
            args + ["--window", "%d-%d" % window], stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        if p.returncode:
            sys.exit(f"experiments: study: {p.stderr.strip()}")
        return json.loads(p.stdout)

    def metric(self, name):
        return {r["metric"]: r["value"] for r in self.query("summary")}[name]


class Lab:
    """A place for files and traces. `small`: the sizes of `make check`."""

    def __init__(self, build, small):
        self.small = small
        self.tarry = os.path.join(os.path.abspath(build), "tarry")
        if not os.access(self.tarry, os.X_OK):
            sys.exit(f"experiments: {self.tarry} is not there; make, or say with BUILD=... where it is")
        self.dir = tempfile.TemporaryDirectory(prefix="tarry-experiments.")
        self.files, self.known = {}, {}
        self.said, self.claimed, self.pictures = [], [], {}
        self.done = 0

    # ---- files ----

    def file(self, size):
        """A host file of random bytes, the same in every run."""
        if ("data", size) not in self.files:
            name = os.path.join(self.dir.name, f"data{size}")
            source = random.Random(size)
            with open(name, "wb") as f:
                for at in range(0, size, MIB):
                    f.write(source.randbytes(min(MIB, size - at)))
            self.files["data", size] = name
        return self.files["data", size]

    def sparse_file(self, size, write=None):
        """A host file of holes, with the (offset, bytes) of `write` in it."""
        name = os.path.join(self.dir.name, f"sparse{size}")
        with open(name, "wb") as f:
            f.truncate(size)
            for offset, data in write or ():
                f.seek(offset)
                f.write(data)
        return name

    def forget(self, name):
        os.remove(name)
        self.files = {k: v for k, v in self.files.items() if v != name}

    # ---- runs ----

    def run(self, program, options="", inputs=None):
        """tarry run OPTIONS --input ... PROGRAM; a failure of the guest ends the experiments."""
        db = os.path.join(self.dir.name, "t.db")
        args = [self.tarry, "run", "-o", db, *shlex.split(options)]
        for guest, host in (inputs or {}).items():
            args += ["--input", f"{host}:{guest}"]
        p = subprocess.run(args + shlex.split(program), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.done += 1
        if sys.stderr.isatty():
            print(f"\r{self.done} runs: {program[:60]:60}", end="", file=sys.stderr)
        if p.returncode:
            sys.exit(f"experiments: {' '.join(args)} {program}: status {p.returncode}: {p.stdout}{p.stderr}")
        return Trace(self, db, p.stdout)

    # ---- what comes of it ----

    def say(self, text=""):
        self.said.append(text)

    def command(self, *lines):
        self.say("\n".join("    " + line for line in lines))
        self.say()

    def table(self, head, rows):
        self.say("| " + " | ".join(head) + " |")
        self.say("|" + "---|" * len(head))
        for row in rows:
            self.say("| " + " | ".join(thousands(c) for c in row) + " |")
        self.say()

    def claim(self, text, holds):
        """A sentence of the document, with the comparison that makes it true."""
        self.claimed.append((text, bool(holds)))

    def picture(self, name, svg, caption):
        self.pictures[name] = svg
        self.say(f"![{caption}]({name})")
        self.say()

    def block(self):
        """What was said since the last call, as Markdown, and what was claimed."""
        text = "\n".join(self.said).strip("\n") + "\n"
        if self.claimed:
            text += "\n" + "\n".join(f"- {claim}" for claim, _ in self.claimed) + "\n"
        claimed, pictures = self.claimed, self.pictures
        self.said, self.claimed, self.pictures = [], [], {}
        return text, claimed, pictures
