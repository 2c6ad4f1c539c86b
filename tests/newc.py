# SPDX-License-Identifier: GPL-2.0-only
# Writes a directory as a cpio archive of format newc, an initramfs, to standard output: the same bytes for the same
# files, all owned by root, with /dev/console in it.   newc.py DIRECTORY
import os, stat, sys

out = sys.stdout.buffer
inode = 0


def pad(n):
    out.write(b"\0" * (-n % 4))


def entry(name, mode, data=b"", rdev=(0, 0)):
    global inode
    inode += 1
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(name) + 1, 0)
    out.write(b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0")
    pad(110 + len(name) + 1)
    out.write(data)
    pad(len(data))


top = sys.argv[1]
for where, dirs, files in os.walk(top):
    dirs.sort()
    for name in sorted(dirs + files):
        path = os.path.join(where, name)
        mode = os.lstat(path).st_mode
        data = open(path, "rb").read() if stat.S_ISREG(mode) else b""
        entry(os.path.relpath(path, top), mode, data)
entry("dev/console", stat.S_IFCHR | 0o600, rdev=(5, 1))
entry("TRAILER!!!", 0)
