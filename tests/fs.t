#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `tarry fs` as a user types it.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1

run "$TARRY" fs --help
is "help" "$status" 0
matches "help names the commands" "$out" "create.*put.*get.*ls.*stat.*check"

run "$TARRY" fs create disk.img 16G
is "create" "$status$out$err" "0"
is "an image is sparse" "$(($(stat -c %b disk.img) < 200))" 1
is "and of that size" "$(stat -c %s disk.img)" 17179869184
run "$TARRY" fs check disk.img
is "a fresh one is clean" "$status $out" "0 disk.img: clean"

head -c 3M /dev/urandom >random
mkdir -p tree/sub
echo one >tree/one
echo "words of two" >tree/sub/two
chmod 755 tree/one
run "$TARRY" fs put disk.img random /in/random
is "put a file" "$status$err" "0"
run "$TARRY" fs put disk.img tree /tree
is "put a tree" "$status$err" "0"
run "$TARRY" fs put disk.img random tree/one /in
is "put several into a directory" "$status$err" "0"
run "$TARRY" fs ls disk.img
is "ls" "$out" "$(printf 'in/\ntree/')"
run "$TARRY" fs ls disk.img /tree -l
matches "ls -l" "$out" "^-rwxr-xr-x +[0-9]+ +4 one"
run "$TARRY" fs ls disk.img /in
is "ls of a directory" "$out" "$(printf 'one\nrandom')"
run "$TARRY" fs get disk.img /in/random back
is "get" "$status$err" "0"
ok "get gives the same" cmp random back
is "get to standard output" "$("$TARRY" fs get disk.img /tree/sub/two -)" "words of two"
run "$TARRY" fs get disk.img /tree out
ok "get a tree" diff -r tree out
truncate -s 32768 holes && echo -n x >>holes # as many whole blocks of hole as the file has, then a part of one
"$TARRY" fs put disk.img holes /in/holes && "$TARRY" fs get disk.img /in/holes holes.back
ok "get a file whose last bytes lie behind a hole" cmp holes holes.back
run "$TARRY" fs stat disk.img /in/random
matches "stat of a file" "$out" "length 3145728"
run "$TARRY" fs stat disk.img
matches "stat of the file system" "$out" "blocks 4194304"
contents() { tar -cS --mtime=@0 "$1" | sha256sum; } # of a sparse file, without reading its holes
before=$(contents disk.img)
run "$TARRY" fs ls disk.img
run "$TARRY" fs check disk.img
is "check after all that" "$status $out" "0 disk.img: clean"
is "looking changes nothing" "$(contents disk.img)" "$before"
"$TARRY" fs create a.img 64M && "$TARRY" fs put a.img tree random /t
"$TARRY" fs create b.img 64M && "$TARRY" fs put b.img tree random /t
ok "the same files make the same image" cmp a.img b.img

# Progress on a terminal: files, bytes, rate, the file at hand. The program is held up for a second, so that it is a long one.
mkdir long && head -c 60M /dev/zero >long/zeros
for i in $(seq 200); do head -c 100k /dev/zero >long/$i; done
python3 - "$TARRY" >progress <<'END'
import os, pty, signal, subprocess, sys, time
for delay in (0.02, 0.05, 0.1, 0.2, 0.4):
    subprocess.run([sys.argv[1], "fs", "create", "--force", "long.img", "256M"], check=True)
    master, slave = pty.openpty()
    p = subprocess.Popen([sys.argv[1], "fs", "put", "long.img", "long", "/long"], stderr=slave)
    os.close(slave)
    time.sleep(delay)
    p.send_signal(signal.SIGSTOP)
    time.sleep(0.8)
    p.send_signal(signal.SIGCONT)
    text = b""
    try:
        while chunk := os.read(master, 4096):
            text += chunk
    except OSError:
        pass
    if p.wait() == 0 and text:
        print(text.decode())
        break
END
matches "progress on a terminal" "$(cat progress)" "[0-9]+ files?, [0-9.]+ [kM]B, [0-9.]+ [kMG]?B/s: long/[0-9z]"
run "$TARRY" fs put long.img long /again
is "and none elsewhere" "$status$out$err" "0"
run "$TARRY" fs get long.img /again long.back
ok "the tree comes back" diff -r long long.back
rm -rf long long.back long.img

# named snapshots
cp --sparse=always b.img s.img
free() { "$TARRY" fs stat s.img | sed -n 's/^free_blocks //p'; }
"$TARRY" fs put s.img "$BUILD/guest/bin" /bin
run "$TARRY" fs snap ls s.img
is "no snapshots" "$status$out" "0"
whole=$(free)
run "$TARRY" fs snap create s.img monday
is "snap create" "$status$err" "0"
echo changed >tree/one
echo more >tree/more
"$TARRY" fs put s.img tree /t/tree
run "$TARRY" fs snap create s.img tuesday
run "$TARRY" fs snap diff s.img monday
is "snap diff to now" "$status $out" "1 $(printf '+ /t/tree/more\nM /t/tree/one\nM /t/tree/sub/two')"
run "$TARRY" fs snap diff s.img tuesday
is "no difference" "$status$out" "0"
run "$TARRY" fs snap diff s.img tuesday monday
is "the other way round" "$out" "$(printf -- '- /t/tree/more\nM /t/tree/one\nM /t/tree/sub/two')"
is "get from a snapshot" "$("$TARRY" fs get s.img /snap/monday/t/tree/one -)" one
is "and what is there now" "$("$TARRY" fs get s.img /t/tree/one -)" changed
run "$TARRY" fs ls s.img /snap/monday/t/tree
is "ls in a snapshot" "$out" "$(printf 'one\nsub/')"
run "$TARRY" fs snap ls s.img
matches "snap ls" "$out" "^tuesday .*monday .* blocks, [0-9]+ of them kept for it alone"
run "$TARRY" fs check s.img
is "check with snapshots" "$status $out" "0 s.img: clean"
guest() { run "$TARRY" run --image s.img --trace none sh -c "$1"; }
guest "cat /snap/monday/t/tree/one /t/tree/one"
is "a snapshot in the guest" "$status $out" "0 $(printf 'one\nchanged')"
guest "ls /snap"
is "ls /snap" "$out" "$(printf 'monday\ntuesday')"
guest "rm /snap/monday/t/tree/one"
matches "it cannot be changed" "$status $err$out" "^[1-9].*read-only"
run "$TARRY" fs snap rm s.img monday
is "snap rm" "$status$err" "0"
is "the other one is still there" "$("$TARRY" fs get s.img /snap/tuesday/t/tree/more -)" more
run "$TARRY" fs snap rm s.img tuesday
run "$TARRY" fs check s.img
is "clean without them" "$status $out" "0 s.img: clean"
ok "their blocks are free again" [ $((whole - $(free))) -le 2 ] # but for /t/tree/more
rm tree/more
echo one >tree/one

# damage: one byte of the contents of a file
where=$(grep -abo -m1 -F "words of two" a.img | head -1 | cut -d: -f1)
printf 'X' | dd of=a.img bs=1 seek="$where" conv=notrunc 2>/dev/null
run "$TARRY" fs check a.img
is "check finds a changed byte" "$status" 1
matches "and says where" "$out" "contents differ from their checksum in block"
run "$TARRY" fs get a.img /t/tree/sub/two -
is "it is not served" "$status$out" "2"
matches "but named" "$err" "/t/tree/sub/two: .*damaged"
run "$TARRY" fs check a.img
matches "check says which bytes of which file" "$out" "file [0-9]+ \\(/t/tree/sub/two\\): contents .* block [0-9]+, bytes 0 to 12 of the file"
cp --sparse=always a.img repaired.img
run "$TARRY" fs check repaired.img --repair
is "repair" "$status" 1
matches "repair says what it does" "$out" "has lost contents; it is in /lost.found now"
run "$TARRY" fs check repaired.img
is "then it is clean" "$status $out" "0 repaired.img: clean"
run "$TARRY" fs ls repaired.img /lost+found
matches "the damaged file has left its place" "$out" "^[0-9]+-two$"
run "$TARRY" fs ls repaired.img /t/tree/sub
is "so that nobody takes zeros for its contents" "$out" ""
run "$TARRY" fs get repaired.img /t/random back2
ok "the others are whole" cmp random back2
run "$TARRY" fs check repaired.img --repair
is "repairing what is sound" "$status $out" "0 repaired.img: clean"
dd if=/dev/zero of=repaired.img bs=4096 count=2 conv=notrunc 2>/dev/null
bad_repair() { run "$TARRY" fs check repaired.img --repair; is "no superblock" "$status" 2; matches "is beyond repair" "$err" "beyond repair"; }
bad_repair

# bad NAME PATTERN ARGUMENT...: exit 2, one line that matches
bad() { refuses "$1" "$2" "$TARRY" fs "${@:3}"; } # NAME PATTERN ARGUMENT...
bad "no command" "--help"
bad "unknown command" "frobnicate" frobnicate x
bad "create without size" "SIZE" create x.img
bad "create with a bad size" "SIZE" create x.img 12Q
bad "create too small" "256 KiB" create x.img 8K
is "nothing is left of it" "$(ls x.img* 2>/dev/null)" ""
bad "create over a file" "random: exists" create random 1M
ok "which is still there" cmp random back
bad "create in no directory" "nowhere" create nowhere/x.img 1M
bad "missing image" "none.img: No such file" ls none.img
bad "not an image" "random: no sound Tarry file system" ls random
python3 - b.img old.img <<'END' # an image of another version: both superblocks say so, and their checksums agree
import sys
b = bytearray(open(sys.argv[1], "rb").read())
def crc32c(data):
    c = 0xffffffff
    for x in data:
        c ^= x
        for _ in range(8):
            c = c >> 1 ^ (0x82f63b78 if c & 1 else 0)
    return c ^ 0xffffffff
for s in (0, 4096):
    b[s + 32:s + 36] = (1).to_bytes(4, "little")
    b[s + 4:s + 8] = bytes(4)
    b[s + 4:s + 8] = crc32c(b[s:s + 4096]).to_bytes(4, "little")
open(sys.argv[2], "wb").write(b)
END
bad "another version" "old.img: .*its format is version 1; this program knows versions 3 and [0-9]+ only" ls old.img
bad "snap without more" "snap: wants" snap
bad "a snapshot that is not there" "none: does not exist" snap rm b.img none
bad "diff with one that is not there" "none: does not exist" snap diff b.img none
bad "a name for a snapshot" "at most 63 bytes" snap create b.img a/b
bad "a path in no snapshot" "/snap/none/x: does not exist" ls b.img /snap/none/x
bad "missing path" "/none: does not exist" ls b.img /none
bad "missing host file" "none: No such file" put b.img none /x
bad "relative guest path" "begins with /" put b.img random x
bad "get into nowhere" "nowhere" get b.img /t/random nowhere/x
bad "get of a missing file" "/none" get b.img /none x
head -c 70M /dev/zero | tr '\0' x >large
bad "put more than fits" "large: .*full" put b.img large /large
run "$TARRY" fs check b.img
is "which leaves it clean" "$status $out" "0 b.img: clean"
truncate -s 1M b.img
bad "truncated image" "b.img: .*truncated" check b.img
run "$TARRY" fs create random 1M --force
is "create --force" "$status" 0
(ulimit -f 1000; trap '' XFSZ; "$TARRY" fs create limited.img 64M) 2>"$work/limit"
matches "no room on the host" "$(cat "$work/limit")" "limited.img.*File too large"
is "leaves nothing" "$(ls limited.img* 2>/dev/null)" ""

done_testing
