#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Random programs in lockstep with QEMU; one that differs is made as short as it gets, and printed.

    hunt.py DRIVER [-n PROGRAMS] [-t SECONDS] [-r REGIONS] [-o DIRECTORY] [-s] [-f N:WORD:BIT]

DRIVER is build/tests/lockstep/lockstep. TARRY_SEED=N gives the first program (its seed is N, the next one's N + 1); else it
is fresh. Stops at the first difference (exit status 1), leaving DIRECTORY/seed-N.elf and .s.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time

import generate
import program

MOST = 60000  # instructions: a program that has no end


def run(driver, options, p, path):
    """(differs, the driver's report)"""
    try:
        image = program.elf(p.image())
    except ValueError:
        return False, ""  # too long, or a branch out of range
    with open(path, "wb") as f:
        f.write(image)
    done = subprocess.run([driver, "-l", str(MOST), *options, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    return done.returncode != 0, done.stdout


def kind(report):
    """What a report says, in a line: shrinking must not slip into another difference."""
    lines = report.splitlines()
    first = lines[0].split(": ")[-1].split(" after ")[0] if lines else ""
    return first, tuple(sorted(line.split()[0] for line in lines if " reference " in line and " tarry " in line))


class Shrinker:
    """Takes away regions, groups and items while the same difference stays; `most` trials."""

    def __init__(self, differs, p, most):
        self.differs, self.p, self.most, self.tried = differs, p, most, 0

    def lists(self):
        """The lists to shorten, coarse ones first."""
        yield self.p.regions
        for region in self.p.regions:
            yield region[1]
        for region in self.p.regions:
            yield from region[1]

    def shorten(self, things):
        """Chunks of half its length, then of a quarter, ... True: something went."""
        gone, size = False, max(1, len(things) // 2)
        while things and self.tried < self.most:
            at = 0
            while at < len(things) and self.tried < self.most:
                chunk = things[at:at + size]
                del things[at:at + size]
                self.tried += 1
                if self.differs(self.p):
                    gone = True
                else:
                    things[at:at] = chunk
                    at += size
            if size == 1:
                return gone
            size //= 2
        return gone

    def run(self):
        again = True
        while again and self.tried < self.most:
            again = False
            for things in self.lists():
                again |= self.shorten(things)


def listing(p, path):
    """The program's own part as assembly."""
    image = p.image()
    with open(path, "wb") as f:
        f.write(bytes(image.bytes[program.CODE:image.end]))
    out = subprocess.run(["riscv64-unknown-elf-objdump", "-D", "-b", "binary", "-m", "riscv:rv64", "-M", "no-aliases",
                          f"--adjust-vma={program.RAM + program.CODE:#x}", path], stdout=subprocess.PIPE, text=True, check=True)
    os.unlink(path)
    lines = [line for line in out.stdout.splitlines() if line[:1] == " "]
    contexts = [f"# context {i}: " + " ".join(f"{k}={c[k] & program.MASK64:#x}" for k in program.CONTEXT_FIELDS)
                for i, c in enumerate(p.contexts) if i == 0 or any(r[0] == i for r in p.regions)]
    return "\n".join(contexts + lines) + "\n"


def report_difference(p, text, options, arguments):
    print(f"seed {p.seed} differs:\n{text}", flush=True)
    name = os.path.join(arguments.output, f"seed-{p.seed}")
    wanted = kind(text)

    def differs(q):
        bad, report = run(arguments.driver, options, q, name + ".elf")
        return bad and kind(report) == wanted

    shrinker = Shrinker(differs, p, arguments.shrink)
    shrinker.run()
    _, text = run(arguments.driver, options, p, name + ".elf")
    assembly = listing(p, name + ".bin")
    with open(name + ".s", "w", encoding="ascii") as f:
        f.write(assembly)
    print(f"shrunk by {shrinker.tried} trials; {name}.elf, {name}.s:\n{assembly}{text}")
    print(f"repeat with: TARRY_SEED={p.seed} tests/lockstep/hunt.py {arguments.driver} -n 1 -r {arguments.regions}"
          + "".join(" " + o for o in options))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("driver")
    parser.add_argument("-n", "--programs", type=int, default=1 << 40, help="at most so many")
    parser.add_argument("-t", "--seconds", type=float, default=1e9, help="at most so long")
    parser.add_argument("-r", "--regions", type=int, default=8, help="regions of a program: its length")
    parser.add_argument("-o", "--output", help="where a failing program goes")
    parser.add_argument("--shrink", type=int, default=1000, help="trials to make it short")
    parser.add_argument("-s", "--step", action="store_true", help="one instruction at a time")
    parser.add_argument("-f", "--fault", help="N:WORD:BIT: a fault on purpose (see lockstep.c)")
    arguments = parser.parse_args()
    arguments.options = (["-s"] if arguments.step else []) + (["-f", arguments.fault] if arguments.fault else [])
    arguments.output = arguments.output or tempfile.mkdtemp(prefix="lockstep-")
    seed = int(os.environ.get("TARRY_SEED") or str(int.from_bytes(os.urandom(4), "little")), 0)
    print(f"# seeds from {seed}", flush=True)
    end, done = time.time() + arguments.seconds, 0
    path = os.path.join(arguments.output, f"program-{os.getpid()}.elf")
    while done < arguments.programs and time.time() < end:
        p = generate.Generator(seed + done, arguments.regions).program
        differs, text = run(arguments.driver, arguments.options, p, path)
        if differs:
            report_difference(p, text, arguments.options, arguments)
            return 1
        done += 1
    os.unlink(path)
    print(f"{done} programs, no difference")
    return 0


if __name__ == "__main__":
    sys.exit(main())
