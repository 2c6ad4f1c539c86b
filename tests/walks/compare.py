#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Random walks on the machine and on a reference: digests must agree; the first case that differs is told in words."""
import argparse
import os
import subprocess
import struct
import sys
import tempfile
import time

BATCH = 1000  # cases: tests/walks/walks.h
CHUNK = 100  # batches of one run
OBJCOPY = "riscv64-unknown-elf-objcopy"


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("elf", help="build/tests/walks/walks.elf")
    p.add_argument("tarry", help="build/tarry")
    p.add_argument("-n", type=int, default=10000, metavar="CASES", help="how many (10000)")
    p.add_argument("-t", type=float, metavar="SECONDS", help="or for so long, if that ends earlier")
    p.add_argument("-s", dest="seed", type=lambda s: int(s, 0), default=int(os.environ.get("TARRY_SEED", "1"), 0),
                   metavar="SEED", help="seed (TARRY_SEED, 1)")
    p.add_argument("-r", default="qemu", metavar="REFERENCE",
                   help="qemu; or a command, with its options, that runs an ELF file; or a file that --save wrote")
    p.add_argument("--exact", action="store_true",
                   help="the reference does what the specification says: compare everything")
    p.add_argument("--open-bits", action="store_true", help="A and D after an access fault are not compared")
    p.add_argument("--options", default="", help="more options of tarry boot")
    p.add_argument("--limit", type=float, default=300, metavar="SECONDS", help="of one run of a hundred batches (300)")
    p.add_argument("--save", metavar="FILE", help="write the reference's digests there, and run nothing else")
    return p.parse_args()


class Side:
    def __init__(self, name, command):
        self.name, self.command = name, command

    def start(self, elf):
        self.process = subprocess.Popen(self.command + [elf], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, errors="replace")

    def lines(self, seconds):
        try:
            out, err = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            err += f"stopped after {seconds} seconds\n"
        lines = out.replace("\r", "").splitlines()
        if self.process.returncode not in (0, None):
            lines.append(f"{self.name} ended with status {self.process.returncode}: {err.strip()[-300:]}")
        return lines


class Run:
    """One program with parameters, on any number of machines at once."""

    def __init__(self, a, work):
        self.a, self.elf = a, os.path.join(work, "walks.elf")
        self.bytes = os.path.join(work, "parameters")

    def on(self, sides, first, batches, words=(0, 0)):
        with open(self.bytes, "wb") as f:
            rules = self.a.exact | self.a.open_bits << 1
            f.write(struct.pack("<6Q", self.a.seed & 2**64 - 1, first, batches, *words, rules).ljust(4096, b"\0"))
        subprocess.run([OBJCOPY, "--update-section", f".parameters={self.bytes}", self.a.elf, self.elf], check=True)
        for side in sides:
            side.start(self.elf)
        return [side.lines(self.a.limit) for side in sides]


def first_difference(one, other):
    for i in range(max(len(one), len(other))):
        left, right = (lines[i] if i < len(lines) else "(nothing)" for lines in (one, other))
        if left != right:
            return i, left, right
    return None


def explain(run, sides, batch):
    """The first case of this batch on which they differ."""
    found = first_difference(*run.on(sides, batch, 1, (0, BATCH)))
    if not found:
        return f"batch {batch} differs only in the company of others"
    return "\n".join(f"  {side.name}: {line}" for side, line in zip(sides, found[1:]))


def saved(name, first, batches):
    with open(name) as f:
        return f.read().splitlines()[first:first + batches]


def compare(a, run, tarry, reference):
    began, total, first = time.monotonic(), -(-a.n // BATCH), 0
    while first < total and not (a.t and time.monotonic() - began > a.t):
        batches = min(CHUNK, total - first)
        if reference:
            mine, theirs = run.on([tarry, reference], first, batches)
        else:
            mine, theirs = run.on([tarry], first, batches)[0], saved(a.r, first, batches)
        found = first_difference(mine, theirs)
        if found or len(mine) != batches:
            at = found[0] if found else len(mine)
            case = (first + at) * BATCH
            print(f"seed {a.seed:#x} differs in batch {first + at}, cases {case} to {case + BATCH - 1}:")
            print(explain(run, [tarry, reference], first + at) if reference and found else f"  {found}")
            return 1
        first += batches
        if sys.stderr.isatty():
            print(f"\r{first * BATCH} cases of {total * BATCH}", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    print(f"{first * BATCH} cases agree (seed {a.seed:#x})")
    return 0


def main():
    a = arguments()
    tarry = Side("tarry", [a.tarry, "boot", "-o", "none", "--mem", "128M"] + a.options.split())
    reference = Side("reference", a.r.split())
    if a.r == "qemu":
        reference = Side("QEMU", "qemu-system-riscv64 -M virt -m 128M -bios none -nographic -no-reboot -kernel".split())
    elif os.path.isfile(a.r):
        reference = None
    with tempfile.TemporaryDirectory() as work:
        run = Run(a, work)
        if a.save:
            with open(a.save, "w") as f:
                f.writelines(line + "\n" for line in run.on([reference], 0, -(-a.n // BATCH))[0])
            return 0
        return compare(a, run, tarry, reference)


if __name__ == "__main__":
    sys.exit(main())
