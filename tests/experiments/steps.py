# SPDX-License-Identifier: GPL-2.0-only
"""One fault of a recorded run, executed again instruction by instruction under the debugger stub (tarry goto), and
which source file and function of the kernel each instruction belongs to.
"""
import collections
import os
import signal
import socket
import subprocess
import sys
import time

# What an instruction is for, by the file it was written in; a function that was inlined counts for its own.
PARTS = [
    ("trap entry and return", {"trap.S", "trap.c", "riscv.h", "io.h"}),
    ("trace port", {"trace.c", "trace.h", "sbi.c", "sbi.h", "transfers.c"}),
    (
        "state machine of the fault",
        {"fault.c", "fill.c", "fault.h", "around.c", "around.h", "policy.c", "policy.h", "segment.c", "segment.h"},
    ),
    ("source map", {"sourcemap.c", "want.c"}),
    ("page map", {"pagemap.c", "pagemap.h"}),
    ("file tree: where the block is", {"fileio.c", "libgcc2.c"}),
    ("block cache", {"cache.c", "buf.c", "bufio.c", "cachefs.c", "writeback.c"}),
    ("checksum", {"crc32c.c"}),
    ("copy, move, zero", {"memory.c", "memmove.S", "memcmp.c"}),
    ("disk driver, interrupts", {"virtio.c", "plic.c", "timer.c"}),
    ("page table (putmmu)", {"mmu.c", "mmuops.h", "mmusv.c", "mmusuper.c", "mmusuper.h", "asid.c"}),
    ("refill of a software-managed TLB", {"mmusoft.c", "softmap.h", "softcache.c", "softhash.c"}),
    ("scheduling, locks", {"proc.c", "lock.c", "lock.h", "proc.h", "switch.S", "note.c", "main.c"}),
    ("memory for pages", {"page.c", "page.h", "reserve.c", "reserve.h", "kalloc.c", "clock.c", "swap.c", "pageout.c"}),
]


def part_of(path):
    name = os.path.basename(path)
    for part, files in PARTS:
        if name in files:
            return part
    return "file tree: where the block is" if os.path.basename(os.path.dirname(path)) == "fs" else name


class Remote:
    """The GDB remote protocol, as far as single steps need it."""

    def __init__(self, path):
        self.socket, self.rest = socket.socket(socket.AF_UNIX), b""
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.ask("qSupported:swbreak+")
        self.ask("QStartNoAckMode")
        self.socket.sendall(b"+")

    def ask(self, packet):
        data = packet.encode()
        self.socket.sendall(b"$%s#%02x" % (data, sum(data) & 255))
        while True:
            begin = self.rest.find(b"$")
            end = self.rest.find(b"#", begin)
            if 0 <= begin < end and len(self.rest) >= end + 3:
                answer, self.rest = self.rest[begin + 1 : end], self.rest[end + 3 :]
                return answer.decode("latin-1")
            more = self.socket.recv(65536)
            if not more:
                sys.exit("experiments: the debugger stub hung up")
            self.rest += more

    def pc(self):
        return int.from_bytes(bytes.fromhex(self.ask("p20")), "little")


def trace_pcs(lab, db, event, limit=200000):
    """The pcs of the kernel from the trap `event` of a recorded run until the process runs on."""
    path = os.path.join(lab.dir.name, "gdb")
    if os.path.exists(path):
        os.remove(path)
    p = subprocess.Popen(
        [lab.tarry, "goto", db, str(event), "--gdb", path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        for line in p.stderr:  # it says when it waits
            if "waiting for a debugger" in line or "gdb-multiarch" in line:
                break
        else:
            sys.exit("experiments: tarry goto ended")
        for _ in range(200):
            if os.path.exists(path):
                break
            time.sleep(0.05)
        gdb = Remote(path)
        user, pcs = gdb.pc(), []
        for _ in range(limit):
            gdb.ask("vCont;s")
            pc = gdb.pc()
            if pc == user:
                return pcs
            pcs.append(pc)
        sys.exit(f"experiments: event {event}: the program did not go on")
    finally:
        os.killpg(p.pid, signal.SIGKILL)  # its copies for going back, too
        p.wait()
        p.stderr.close()


def functions(kernel, pcs):
    """{pc: (function, file)}, of the innermost inlined function."""
    unique = sorted(set(pcs))
    out = subprocess.run(
        ["riscv64-unknown-elf-addr2line", "-f", "-i", "-a", "-e", kernel],
        input="\n".join(map(hex, unique)),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    found, at = {}, 0
    while at < len(out) and out[at].startswith("0x"):
        pc = int(out[at], 16)
        found[pc] = (out[at + 1], out[at + 2].rsplit(":", 1)[0])
        at += 3
        while at < len(out) and out[at] and not out[at].startswith("0x"):
            at += 2  # the callers that it was inlined into
    return found


def by_part(kernel, pcs):
    """[(part, instructions, the functions that have most of them)], the largest first."""
    where = functions(kernel, pcs)
    parts, inside = collections.Counter(), collections.defaultdict(collections.Counter)
    for pc in pcs:
        function, path = where.get(pc, ("?", "?"))
        parts[part_of(path)] += 1
        inside[part_of(path)][function] += 1
    return [
        (part, n, ", ".join(f"`{f}` {k:,}" for f, k in inside[part].most_common(3))) for part, n in parts.most_common()
    ]
